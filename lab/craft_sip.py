# SPDX-License-Identifier: Apache-2.0
"""SIP with what a test tool leaves out: registration, streams, folded fields, several parts, damage."""
import struct

from craft import CLIENT, SERVER, Talk, ether, udp
from packets import ETHERNET

SDP = (b"v=0\r\no=clerk 1 2 IN IP4 10.30.1.10\r\ns=Desk call\r\ni=About a permit\r\nu=https://www.city.example/\r\ne=desk@city.example\r\n"
       b"p=+81-3-5555-0100\r\nc=IN IP4 10.30.1.10\r\nb=CT:128\r\nt=0 0\r\nr=7d 1h 0 25h\r\nz=0 -1h\r\nk=prompt\r\na=sendrecv\r\n"
       b"m=audio 40002 RTP/AVP 0 8\r\ni=Voice\r\nc=IN IP4 10.30.1.10/127\r\nb=AS:64\r\na=rtpmap:0 PCMU/8000\r\na=ptime:20\r\n"
       b"m=video 0 RTP/AVP 31\r\nm=application 9 UDP/DTLS webrtc\r\nm=audio\r\n")


def message(first, body=b"", kind=b"application/sdp", extra=b"", length=None):
    head = first + b"\r\nVia: SIP/2.0/UDP 10.30.1.10:5060;branch=z9hG4bK1\r\nFrom: <sip:clerk@city.example>;tag=1\r\n" \
        b"To: <sip:mayor@city.example>\r\nCall-ID: 77@10.30.1.10\r\nCSeq: 1 " + first.split(b" ")[0] + b"\r\n" + extra
    if body:
        head += b"Content-Type: " + kind + b"\r\n"
    return head + b"Content-Length: %d\r\n\r\n" % (len(body) if length is None else length) + body


INVITE = message(b"INVITE sip:mayor@city.example SIP/2.0", SDP)
OK = message(b"SIP/2.0 200 OK", SDP.replace(b"10.30.1.10", b"10.30.1.80").replace(b"40002", b"40102"))


def to(payload, back=False, port=5060):
    return ether(udp(SERVER, CLIENT, 5060, port, payload) if back else udp(CLIENT, SERVER, port, 5060, payload))


def rtp(at, ssrc=0x1234, kind=0):
    return struct.pack(">BBHII", 0x80, kind, at & 0xffff, 160 * at, ssrc) + b"\xd5" * 160


def case_register():
    who = b'Contact: <sip:clerk@10.30.1.10>\r\nExpires: 3600\r\nUser-Agent: Desk phone 7\r\nSubject: none\r\nDate: Sat, 21 Nov 2026 08:00:00 GMT\r\n'
    line = b"REGISTER sip:city.example SIP/2.0"
    return ETHERNET, [to(b"\r\n\r\n"), to(message(line, extra=who)),
                      to(message(b"SIP/2.0 401 Unauthorized", extra=b'WWW-Authenticate: Digest realm="city.example", nonce="abc"\r\nServer: PBX 3\r\n'), True),
                      to(message(line, extra=who + b'Authorization: Digest username="clerk",\r\n realm="city.example", nonce="abc", response="00"\r\n')),
                      to(message(b"SIP/2.0 403 ", extra=b'Warning: 399 pbx "no"\r\nReply-To: <sip:desk@city.example>\r\n'), True),
                      to(b"OPTIONS sip:x SIP/2.0\nv: a\nf: b\nt: c\ni: d\nm: e\ns: f\nc: text/plain\nl: 2\n\nhi")]


def case_streams():
    frames = [to(INVITE), to(OK, True), to(message(b"ACK sip:mayor@city.example SIP/2.0"))]
    for at in range(6):
        frames.append(ether(udp(CLIENT, SERVER, 40002, 40102, rtp(at + (at > 3)))))
        frames.append(ether(udp(SERVER, CLIENT, 40102, 40002, rtp(at, 0x99 + at // 3, 8))))
    frames.append(ether(udp(CLIENT, SERVER, 40002, 40102, b"\x80\xc8\0\6" + bytes(24))))
    stun = b"\0\1\0\0\x21\x12\xa4\x42" + b"T" * 12
    again = INVITE.replace(b"40002", b"40004")
    return ETHERNET, frames + [to(again), ether(udp(SERVER, CLIENT, 40104, 40004, stun)), ether(udp(CLIENT, SERVER, 40004, 40104, b"\0"))]


def case_parts():
    parts = b"--x\r\nContent-Type: application/sdp\r\n\r\n" + SDP + b"\r\n--x\r\nContent-Type: text/plain\r\n\r\nhello\r\n--x--\r\n"
    return ETHERNET, [to(message(b"INVITE sip:mayor@city.example SIP/2.0", parts, b"multipart/mixed;boundary=x")),
                      to(message(b"INVITE sip:mayor@city.example SIP/2.0", b"none", b"multipart/mixed;boundary=x")),
                      to(message(b"MESSAGE sip:mayor@city.example SIP/2.0", b"hello", b"text/plain")),
                      to(message(b"INVITE sip:mayor@city.example SIP/2.0", SDP, length=5000)),
                      to(b"\x00\x01garbage"), to(b"NONSENSE\r\n\r\n"), to(b"SIP/2.0 20x OK\r\n\r\n"), to(b"SIP/2.0 200 OK")]


def case_many():
    lines = b"".join(b"a=%d\r\nb=X:%d\r\n" % (at, at) for at in range(520))
    media = b"".join(b"m=audio %d RTP/AVP 0\r\n" % (2 * at) for at in range(40))
    return ETHERNET, [to(message(b"INVITE sip:mayor@city.example SIP/2.0", b"v=0\r\n" + b"t=0 0\r\n" * 10 + media)),
                      to(message(b"INVITE sip:mayor@city.example SIP/2.0", b"v=0\r\nm=audio 8 RTP/AVP 0\r\n" + lines)),
                      to(message(b"INVITE sip:mayor@city.example SIP/2.0", extra=b"Via: x\r\n" * 40)),
                      to(message(b"INVITE sip:mayor@city.example SIP/2.0", extra=b"X: x\r\n" * 300))]


def case_tcp():
    talk = Talk(sport=50010, dport=5060)
    large = message(b"MESSAGE sip:mayor@city.example SIP/2.0", b"x" * 66000, b"text/plain")
    talk.data(0, b"\r\n\r\n" + INVITE + message(b"ACK sip:mayor@city.example SIP/2.0"), 300)
    talk.data(1, OK, 200)
    talk.data(0, large, 4000)
    talk.data(0, message(b"BYE sip:mayor@city.example SIP/2.0"))
    talk.data(1, message(b"SIP/2.0 200 OK", SDP, length=9000))
    talk.close()
    long_head, junk = Talk(sport=50011, dport=5060), Talk(sport=50012, dport=5060)
    long_head.data(0, message(b"BYE sip:mayor@city.example SIP/2.0", extra=b"X: " + b"x" * 33000), 4000)
    long_head.close()
    junk.data(0, message(b"BYE sip:mayor@city.example SIP/2.0") + b"JUNK\r\n\r\n")
    junk.data(1, b"SIP/2.0 100 Trying\r\nVia: unfinished")
    junk.close()
    return ETHERNET, [ether(p) for p in talk.packets + long_head.packets + junk.packets]
