# SPDX-License-Identifier: Apache-2.0
"""RDP: refusals, tokens, clients of other ages, certificates, the UDP transport, damage."""
import struct

from craft import CLIENT, SERVER, Talk, ether, udp
from packets import ETHERNET


def tpkt(body, length=None):
    return struct.pack(">BBH", 3, 0, 4 + len(body) if length is None else length) + body


def request(rest=b"", protocols=None, flags=0):
    if protocols is not None:
        rest += struct.pack("<BBHI", 1, flags, 8, protocols)
    return tpkt(struct.pack(">BBHHB", 6 + len(rest), 0xe0, 0, 0, 0) + rest)


def confirm(kind=None, value=0, flags=0):
    rest = b"" if kind is None else struct.pack("<BBHI", kind, flags, 8, value)
    return tpkt(struct.pack(">BBHHB", 6 + len(rest), 0xd0, 0, 0x1234, 0) + rest)


def ber(tag, value):
    length = bytes([len(value)]) if len(value) < 128 else b"\x82" + struct.pack(">H", len(value))
    return tag + length + value


def per(value):
    return struct.pack(">H", 0x8000 | len(value)) + value


def block(kind, body):
    return struct.pack("<HH", kind, 4 + len(body)) + body


def wide(text, size):
    return text.encode("utf-16-le").ljust(size, b"\0")


def core(version=0x80011, layout=0x409, build=17763, later=True, early=0x1ef, depth=0xca01):
    body = struct.pack("<IHHHHII", version, 1920, 1080, depth, 0xaa03, layout, build) + wide("\u5e02\u5f79\u6240-PC10", 32) + \
        struct.pack("<III", 7, 2, 12) + wide("imjp.ime", 64)
    if later:
        body += struct.pack("<HHIHHH", 0xca03, 1, 77, 24, 15, early) + wide("00331-10000-00001-AA123", 64) + \
            struct.pack("<BBIIIHII", 6, 0, 1, 520, 290, 90, 125, 100)
    return block(0xc001, body)


def net(*names):
    return block(0xc003, struct.pack("<I", len(names)) + b"".join(n.ljust(8, b"\0") + b"\0\0\0\x80" for n in names))


def connect(*settings, key=b"Duca"):
    gcc = b"\0\5\0\x14\x7c\0\1" + per(b"\0\x08\0\x10\0\1\xc0\0" + key + per(b"".join(settings)))
    domain = ber(b"\x30", ber(b"\2", b"\x22") * 4)
    body = ber(b"\4", b"\1") * 2 + ber(b"\1", b"\xff") + domain * 3 + ber(b"\4", gcc)
    return tpkt(b"\2\xf0\x80" + ber(b"\x7f\x65", body))


def connected(*settings, result=0):
    gcc = b"\0\5\0\x14\x7c\0\1" + per(b"\x14\x76\x0a\1\1" + bytes([result << 4]) + b"\1\xc0\0McDn" + per(b"".join(settings)))
    body = ber(b"\x0a", b"\0") + ber(b"\2", b"\0") + ber(b"\x30", b"") + ber(b"\4", gcc)
    return tpkt(b"\2\xf0\x80" + ber(b"\x7f\x66", body))


def name(text):
    return ber(b"\x30", ber(b"\x31", ber(b"\x30", ber(b"\6", b"\x55\4\3") + ber(b"\x0c", text))))


def certificate(subject, issuer, serial):
    """Nobody can check it: key and signature are empty."""
    algorithm = ber(b"\x30", ber(b"\6", bytes.fromhex("2a864886f70d01010b")) + b"\5\0")
    key = ber(b"\x30", ber(b"\x30", ber(b"\6", bytes.fromhex("2a864886f70d010101")) + b"\5\0") +
              ber(b"\3", b"\0" + ber(b"\x30", ber(b"\2", b"\0" + b"\xc5" * 64) + ber(b"\2", b"\1\0\1"))))
    validity = ber(b"\x30", ber(b"\x17", b"260101000000Z") + ber(b"\x17", b"360101000000Z"))
    tbs = ber(b"\x30", b"\xa0\3\2\1\2" + ber(b"\2", serial) + algorithm + name(issuer) + validity + name(subject) + key)
    return ber(b"\x30", tbs + algorithm + ber(b"\3", b"\0" + b"\1" * 64))


def security(method, level, cert=b""):
    tail = struct.pack("<II", 32, len(cert)) + b"r" * 32 + cert if cert else b""
    return block(0x0c02, struct.pack("<II", method, level) + tail)


def talk(*turns, sport=50000, dport=3389):
    t = Talk(sport=sport, dport=dport)
    for who, data in turns:
        t.data(who, data, 1460)
    t.close()
    return [ether(p) for p in t.packets]


HELLO = core(), net(b"rdpdr", b"cliprdr", b"rdpsnd", b"drdynvc")


def case_failures():
    frames = []
    for code in range(1, 8):
        frames += talk((0, request(b"Cookie: mstshash=clerk\r\n", 0 if code < 5 else 3)), (1, confirm(3, code)), sport=50000 + code)
    return ETHERNET, frames + talk((0, request(protocols=0x1f, flags=3)), (1, confirm(2, 0x10, 0x1b)), sport=50100)


def case_tokens():
    token = b"Cookie: msts=3640205228.15629.0000\r\n" + struct.pack("<BBHI", 1, 8, 8, 11) + struct.pack("<BBH", 6, 0, 36) + b"c" * 32
    return ETHERNET, talk((0, request(token)), (1, confirm(2, 0))) + talk(
        (0, request(b"tsv://MS Terminal Services Plugin.1.Farm\r\n")), (1, confirm()), sport=50001) + talk(
        (0, request()), (1, confirm()), (0, connect(core(0x80001, 0x42, 419, False), net())),
        (1, connected(security(0, 0), result=2)), sport=50002)


def case_certificate():
    chain = struct.pack("<II", 0x80000002, 2)
    for each in (certificate(b"licence", b"licence", b"\0\xfe\1"), certificate(b"files.city.example", b"licence", b"\5")):
        chain += struct.pack("<I", len(each)) + each
    return ETHERNET, talk((0, request(b"Cookie: mstshash=clerk\r\n")), (1, confirm()), (0, connect(*HELLO)),
                          (1, connected(block(0x0c01, struct.pack("<I", 0x80004)), security(2, 3, chain), block(0x0c03, b"\xeb\3\0\0")))) + talk(
        (0, connect(core(0x80006, 0x1040c, 7601, early=3, depth=0xca00))), (1, connected(security(16, 4, struct.pack("<I", 1) + b"k" * 40))),
        sport=50001)


def case_damage():
    cut = connect(*HELLO)
    wrong = connect(*HELLO, key=b"Ouch")
    return ETHERNET, talk((0, request(protocols=0)), (1, confirm(2, 0)), (0, tpkt(cut[4:90]))) + talk(
        (0, request(protocols=0)), (1, confirm(9, 0)), (0, wrong), (1, connected(block(0x0c02, b"\0" * 3))), sport=50001) + talk(
        (0, request(protocols=0)), (1, b"HTTP/1.0 200 OK\r\n\r\n"), sport=50002) + talk(
        (0, request(protocols=0)), (1, confirm(2, 0)), (0, connect(core(), net(*[b"c%d" % i for i in range(40)]))), (0, tpkt(b"\2\xf0\x80\4\1")),
        sport=50003) + talk((0, request(b"", 0)), (1, confirm(2, 0)), (0, connect(core(), block(0xc004, b"")[:3])), (0, tpkt(b"\2\x70\x80")), sport=50004)


def case_not_rdp():
    """S7 and MMS begin with the same request, but have parameters; nobody's is on another port without any."""
    s7 = tpkt(bytes.fromhex("11e00000000100c1020100c2020102c0010a"))
    return ETHERNET, talk((0, s7), (1, tpkt(bytes.fromhex("11d00001000100c0010ac1020100c2020102"))), dport=102) + talk(
        (0, request()), (1, confirm()), sport=50001, dport=10102)


def syn(flags, ack=0xffffffff, version=None, lossy=0):
    raw = struct.pack(">IHHIHH", ack, 64, flags | lossy, 0x1234, 1232, 1200)
    if flags & 0x800:
        raw += b"c" * 16 + b"\0" * 16
    if version is not None:
        raw += struct.pack(">HH", 1, version)
    return raw.ljust(1232, b"\0")


def case_udp():
    hello = b"\x16\x03\x03\0\x04\1\0\0\0"
    data = struct.pack(">IHHHBBII", 0x1234, 64, 0xc, 1, 0, 0, 7, 7) + hello
    hosts = (CLIENT, SERVER)
    turns = [(0, 50000, syn(0x1801, version=0x101)), (1, 50000, syn(0x1005, 0x1234, version=2)), (0, 50000, data),
             (0, 50001, syn(1, lossy=0x200)), (1, 50001, syn(0x1005, 0x1234, 0x777)), (0, 50002, data), (0, 50003, b"\xff" * 1200)]
    return ETHERNET, [ether(udp(hosts[w], hosts[1 - w], p if w == 0 else 3389, 3389 if w == 0 else p, d)) for w, p, d in turns]
