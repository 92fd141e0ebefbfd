# SPDX-License-Identifier: Apache-2.0
"""HTTP/1.x that breaks RFC 9112: heads, framing and codings, one connection for each thing said wrongly."""
import base64
import gzip

from craft import Talk, ether
from craft_http2 import dns
from craft_smtp import WELCOME, session
from packets import ETHERNET

GET = b"GET / HTTP/1.1\r\nHost: www.city.example\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\n"
HELLO = b"Content-Length: 5\r\n\r\nhello"


def conversations(*talks):
    """Each (what the client says, what the server says, ...) in turn is a connection of its own."""
    frames = []
    for at, said in enumerate(talks):
        talk = Talk(sport=50000 + at)
        for turn, text in enumerate(said):
            if text:
                talk.data(turn % 2, text, size=1400)
        talk.close()
        frames += [ether(p) for p in talk.packets]
    return ETHERNET, frames


def asked(*fields, line=b"GET / HTTP/1.1", body=b""):
    return b"\r\n".join([line, b"Host: www.city.example", *fields, b"", body])


def case_odd_requests():
    return conversations(
        (asked(b"No colon here"), OK + HELLO),
        (asked(b"Two words: x"), OK + HELLO),
        (b"GET / HTTP/1.1\r\n folded: first\r\nHost: www.city.example\r\n\r\n", OK + HELLO),
        (b"GET / HTTP/1.1\r\nHost: www.city.example:port\r\n\r\n", OK + HELLO),
        (GET, OK + HELLO, b"  " + GET, OK + HELLO),
        (GET, OK + HELLO, b"\x01\x02\x03 not a request\r\n\r\n"),
        (asked(line=b"POST /%2527 HTTP/1.1", body=b"login=taro&password=x"), OK + HELLO, GET, OK + HELLO))


def case_odd_responses():
    return conversations(
        (GET, OK + b"No colon here\r\n" + HELLO),
        (GET, OK + b"Two words: x\r\n" + HELLO),
        (GET, OK + b" folded: first\r\n" + HELLO),
        (GET, OK + HELLO + OK + HELLO),
        (GET, OK + HELLO + b"and more\r\n"),
        (asked(b"Range: bytes=0-4"), b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 9-4/10\r\n" + HELLO))


def case_other_answers():
    """Sides that do not speak the same, or in another order. The first two overlap: neither is told of the other."""
    asks, gets, turned = (Talk(sport=50000 + at) for at in range(3))
    asks.data(0, GET)
    asks.data(1, b"SSH-2.0-OpenSSH_9.2\r\n")
    first = len(asks.packets)
    gets.data(0, GET)
    gets.data(1, OK + HELLO)
    gets.close()
    asks.close()
    turned.data(0, OK + HELLO)
    turned.close()
    ready = (WELCOME, b"EHLO pc\r\n", b"250 STARTTLS\r\n", b"STARTTLS\r\n", b"220 go on\r\n", b"NOOP in clear\r\n", b"250 OK\r\n")
    packets = asks.packets[:first] + gets.packets + asks.packets[first:] + turned.packets
    return ETHERNET, [ether(p) for p in packets] + session(*ready, sport=50003)


def case_odd_framing():
    """What request smuggling and response splitting are made of."""
    chunked = b"Transfer-Encoding: chunked"
    post = b"POST /form HTTP/1.1"
    return conversations(
        (asked(chunked, line=post, body=b"zz\r\nhello\r\n0\r\n\r\n"), OK + HELLO),
        (asked(chunked, line=post, body=b"5;name=value\r\nhello\r\n0\r\n\r\n"), OK + HELLO),
        (asked(chunked, line=b"POST /form HTTP/1.0", body=b"5\r\nhello\r\n0\r\n\r\n"), OK + HELLO),
        (GET, OK + b"Transfer-Encoding: gzip, x\r\n" + HELLO),
        (GET, OK + b"Content-Length: five\r\n\r\nhello"),
        (GET, OK + b"Content-Length: 5\r\n" + HELLO),
        (GET, OK + b"Content-Length: 6\r\n" + HELLO),
        (GET, OK + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
        (GET, b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"))


def case_evasions():
    """What strict readers take for another body than clients do."""
    chunks = b"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"
    close = OK + b"Connection: close\r\n"
    packed = gzip.compress(b"hello", mtime=0)
    checked = packed[:3] + b"\x02" + packed[4:10] + bytes(2) + packed[10:]
    coded = b"Content-Length: %d\r\n\r\n" % len(packed) + packed
    return conversations(
        (GET, OK + b"Transfer-Encoding: xchunked;\r\n\r\n" + chunks),
        (GET, OK + b"Transfer\0-Encoding\x0b:\r\n \r\n chun\0ked\r\n\r\n" + chunks),
        (GET, OK + b"Transfer-Encoding\r\n :\r\n chunked\r\n\r\n" + chunks),
        (GET, OK + b"X: y\r\n\tTransfer-Encoding: chunked\r\n\r\n" + chunks),
        (GET, close + b"Content-Length: 2( 5)\r\n\r\nhello"),
        (GET, b"HTTP/1.1 304 Not Modified\r\nConnection: close\r\n" + HELLO),
        (GET, OK + b"Content-Encoding:: x-gzip\r\n" + coded),
        (GET, OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(checked) + checked))


def case_doh():
    """DNS in a path and in a body."""
    kind = b"Content-Type: application/dns-message"
    text = base64.urlsafe_b64encode(dns()).rstrip(b"=")
    answer = OK + kind + b"\r\nContent-Length: %d\r\n\r\n" % len(dns(True)) + dns(True)
    return conversations(
        (asked(b"Accept: application/dns-message", line=b"GET /dns-query?dns=" + text + b" HTTP/1.1"), answer),
        (asked(kind, b"Content-Length: %d" % len(dns()), line=b"POST /dns-query HTTP/1.1", body=dns()), answer))


def case_odd_codings():
    return conversations(
        (GET, OK + b"Content-Encoding: gzip, gzip, gzip, gzip, gzip\r\n" + HELLO),
        (GET, OK + b"Content-Encoding: xyzzy\r\n" + HELLO),
        (asked(b"Content-Type: multipart/form-data", b"Content-Length: 5", line=b"POST /form HTTP/1.1", body=b"hello"),
         OK + HELLO))


def case_who_asks():
    """What a request says of the one who sends it."""
    return conversations(
        (asked(b"Referer: http://portal.city.example/a", b"X-Forwarded-For: 192.0.2.7, 198.51.100.9", b"Via: 1.1 proxy",
               b"Authorization: Bearer abc.def", b"User-Agent: craft", b"Cookie: a=1"), OK + HELLO),
        (asked(b'Authorization: Digest username="hanako", realm="city"'), b"HTTP/1.1 401 Unauthorized\r\n"
         b'WWW-Authenticate: Digest realm="city"\r\n' + HELLO))


def case_endless_heads():
    """More header fields than are looked at, and longer ones."""
    many = b"".join(b"x%d: y\r\n" % at for at in range(1100))
    return conversations(
        (b"GET / HTTP/1.1\r\nHost: www.city.example\r\n" + many + b"\r\n", OK + many + HELLO),
        (GET, OK + b"x: " + b"y" * 33000 + b"\r\n" + HELLO))
