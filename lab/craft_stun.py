# SPDX-License-Identifier: Apache-2.0
"""STUN that coturn does not send: RFC 3489's form, ICE, DTLS on the same ports, damage, floods."""
import struct

from craft import CLIENT, SERVER, Talk, address, ether, udp
from packets import ETHERNET

COOKIE = bytes.fromhex("2112a442")


def attribute(kind, value):
    return struct.pack(">HH", kind, len(value)) + value + bytes(-len(value) % 4)


def message(kind, *attributes, ident=1, cookie=COOKIE, length=None):
    body = b"".join(attributes)
    return struct.pack(">HH", kind, len(body) if length is None else length) + cookie + struct.pack(">III", 7, 7, ident) + body


def xored(host, port, ident=1):
    key = COOKIE + struct.pack(">III", 7, 7, ident)
    raw = address(host)
    return bytes([0, 1 if len(raw) == 4 else 2]) + struct.pack(">H", port ^ 0x2112) + bytes(a ^ b for a, b in zip(raw, key))


def plain(host, port):
    return struct.pack(">BBH", 0, 1, port) + address(host)


def to(data, back=False, port=43000):
    return ether(udp(SERVER, CLIENT, 3478, port, data) if back else udp(CLIENT, SERVER, port, 3478, data))


def case_ice():
    check = [attribute(6, b"abcd:efgh"), attribute(0x24, b"\0\0\0\1"), attribute(8, bytes(20)), attribute(0x8028, bytes(4))]
    frames = []
    for at in range(4):
        extra = [attribute(0x802a, bytes(8))] + ([attribute(0x25, b"")] if at > 2 else [])
        frames += [to(message(1, *check, *extra, ident=at)), to(message(0x101, attribute(0x20, xored(CLIENT, 43000, at)), ident=at), True)]
    frames += [to(message(1, attribute(6, b"efgh:abcd"), attribute(0x8029, bytes(8)), ident=9), True), to(message(1, attribute(6, b"efgh:abcd"), attribute(0x8029, bytes(8)), ident=9), True),
               to(message(0x111, attribute(9, b"\0\0\4\x57Role Conflict"), ident=9)),
               to(b"\x80\x60" + bytes(30)), to(b"\x40\0\0\4abcd"), to(b"\1\2"), to(b"\0\1\0\3" + bytes(20))]
    hello = bytes.fromhex("16feff000000000000000000360100002a000000000000002afefd") + bytes(32) + bytes.fromhex("00000002c02b0100")
    return ETHERNET, frames + [to(hello)]


def case_classic():
    one = struct.pack(">III", 1, 2, 3)[:4]
    changed = attribute(3, struct.pack(">I", 6))
    return ETHERNET, [to(message(1, changed, cookie=one)), to(message(0x101, attribute(1, plain(CLIENT, 43000)), attribute(5, plain(SERVER, 3479)), attribute(0x8022, b"old server"), cookie=one), True),
                      to(message(1, changed, cookie=one, ident=2))]


def case_turn():
    frames = [to(message(3, attribute(0x19, b"\x11\0\0\0"))), to(message(0x113, attribute(9, b"\0\0\4\1Unauthorized"), attribute(0x14, b"city.example"), attribute(0x802c, plain(SERVER, 3479))), True),
              to(message(3, attribute(0x19, b"\x06\0\0\0"), attribute(0x19, b"\x63\0\0\0"), attribute(6, b"clerk"), attribute(0x802f, b"https://meet.city.example"), ident=2)),
              to(message(0x103, attribute(0x16, xored("2001:db8:30::99", 50000, 2)), attribute(0x0d, struct.pack(">I", 600)), attribute(0x20, xored("2001:db8:30::10", 43000, 2)), ident=2), True),
              to(message(9, attribute(0x0c, b"\x40\1\0\0"), attribute(0x12, xored("10.30.1.99", 5004, 3)), ident=3)), to(message(0x109, ident=3), True),
              to(message(0x16, attribute(0x12, xored("10.30.1.99", 5004, 4)), attribute(0x13, b"data"), ident=4)),
              to(message(0x0080, ident=5)), to(message(0x0fff & 0x3eef, ident=6))]
    return ETHERNET, frames


def case_malformed():
    return ETHERNET, [to(message(1)), to(message(1, ident=2, length=40)), to(message(0x101, struct.pack(">HH", 0x20, 99), ident=1), True),
                      to(message(0x101, attribute(0x20, b"\0\7\0\0"), attribute(0x16, b"\0"), attribute(0x802c, b""), attribute(9, b"\0"), ident=2), True), to(message(0x101, ident=77), True)]


def case_flood():
    return ETHERNET, [to(message(1, attribute(6, b"user%d" % at), ident=at)) for at in range(300)] + [to(message(1, attribute(6, b"u"), ident=at + 1000)) for at in range(3)]


def case_tcp():
    talk, broken, classic = Talk(sport=50020, dport=3478), Talk(sport=50021, dport=3478), Talk(sport=50022, dport=3478)
    talk.data(0, message(3, attribute(0x19, b"\x06\0\0\0")) + b"\x40\1\0\5abcde\0\0\0" + message(4, ident=2), 30)
    talk.data(1, message(0x103, attribute(0x20, xored(CLIENT, 50020))) + message(0x104, attribute(0x0d, bytes(4)), ident=2), 17)
    talk.close()
    broken.data(0, message(1) + b"\xff\xff\0\0junk")
    broken.close()
    classic.data(0, message(1) + message(1, cookie=b"1234"))
    classic.close()
    framed = Talk(sport=50023, dport=42000)
    one, two = message(1, attribute(6, b"abcd:efgh")), message(0x101, attribute(0x20, xored(CLIENT, 50023)))
    framed.data(0, struct.pack(">H", len(one)) + one + b"\0\4\x80abc", 9)
    framed.data(1, struct.pack(">H", len(two)) + two)
    framed.close()
    return ETHERNET, [ether(p) for p in talk.packets + broken.packets + classic.packets + framed.packets]
