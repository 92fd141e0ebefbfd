# SPDX-License-Identifier: Apache-2.0
"""Kerberos messages a KDC of Debian does not send: errors of Windows, delegation, limits, damage (RFC 4120)."""
import struct

from craft import CLIENT, SERVER, Talk, ether, udp
from packets import ETHERNET
from tokens import der

TILL = b"20370913024805Z"


def member(number, *parts):
    return der(0xa0 + number, *parts)


def integer(value):
    return der(2, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def text(value):
    return der(0x1b, value)


def name(kind, *parts):
    return der(0x30, member(0, integer(kind)), member(1, der(0x30, *(text(part) for part in parts))))


def encrypted(etype=18, size=60):
    return der(0x30, member(0, integer(etype)), member(1, integer(2)), member(2, der(4, b"\xcc" * size)))


def ticket(*service, etype=18, realm=b"CITY.EXAMPLE"):
    return der(0x61, der(0x30, member(0, integer(5)), member(1, text(realm)), member(2, name(2, *service)), member(3, encrypted(etype))))


def padata(kind, value):
    return der(0x30, member(1, integer(kind)), member(2, der(4, value)))


def request(kind, body, *pre):
    return der(0x60 + kind, der(0x30, member(1, integer(5)), member(2, integer(kind)), *([member(3, der(0x30, *pre))] if pre else []),
                                member(4, body)))


def body(options=0x40810010, client=(b"clerk",), service=(b"krbtgt", b"CITY.EXAMPLE"), etypes=(18, 17, 23), addresses=b"", extra=b"",
         realm=b"CITY.EXAMPLE"):
    return der(0x30, member(0, der(3, b"\0" + struct.pack(">I", options))), member(1, name(1, *client)) if client else b"",
               member(2, text(realm)), member(3, name(2, *service)), member(5, der(0x18, TILL)), member(7, integer(77)),
               member(8, der(0x30, *(integer(etype) for etype in etypes))), addresses, extra)


def error(code, *more, service=(b"krbtgt", b"CITY.EXAMPLE")):
    return der(0x7e, der(0x30, member(0, integer(5)), member(1, integer(30)), member(4, der(0x18, b"20261121080000Z")),
                         member(5, integer(0)), member(6, integer(code)), member(9, text(b"CITY.EXAMPLE")), member(10, name(2, *service)), *more))


def ap_req(shown):
    return der(0x6e, der(0x30, member(0, integer(5)), member(1, integer(14)), member(2, der(3, b"\0\x20\0\0\0")), member(3, shown),
                         member(4, encrypted())))


def netbios(host):
    return der(0x30, member(0, integer(20)), member(1, der(4, host.ljust(16))))


def exchange(question, answer):
    return [ether(udp(CLIENT, SERVER, 50088, 88, question)), ether(udp(SERVER, CLIENT, 88, 50088, answer), src=SERVER, dst=CLIENT)]


def case_locked_out():
    """Windows says why in an NTSTATUS; the client asks for its NetBIOS name and an IPv6 address."""
    addresses = member(9, der(0x30, netbios(b"DESK7"), der(0x30, member(0, integer(24)), member(1, der(4, bytes(15) + b"\1"))),
                              der(0x30, member(0, integer(99)), member(1, der(4, b"\xab\xcd")))))
    reason = der(0x30, member(1, integer(3)), member(2, der(4, struct.pack("<III", 0xc0000234, 0, 1))))
    return ETHERNET, exchange(request(10, body(addresses=addresses, etypes=(18, -133, 99)), padata(2, encrypted()), padata(255, b"?")),
                              error(18, member(12, der(4, reason))))


def case_delegation():
    """S4U2Proxy: a service uses a user's ticket to itself to get one to another service."""
    proxy = body(options=0x40830000, client=(), service=(b"cifs", b"files.city.example"),
                 extra=member(11, der(0x30, ticket(b"http", b"www.city.example"))))
    ask = request(12, proxy, padata(1, ap_req(ticket(b"krbtgt", b"CITY.EXAMPLE"))), padata(167, b"0\7\xa0\5\3\3\0\x10\0\0"[:10]))
    return ETHERNET, exchange(ask, error(13, member(11, text(b"not for you"))))


def case_referral():
    """Another realm's ticket, and an answer that nobody here asked for."""
    reply = der(0x6d, der(0x30, member(0, integer(5)), member(1, integer(13)), member(3, text(b"CITY.EXAMPLE")), member(4, name(1, b"clerk")),
                          member(5, ticket(b"krbtgt", b"PREF.EXAMPLE", etype=23)), member(6, encrypted(23))))
    return ETHERNET, exchange(request(12, body(client=()), padata(1, ap_req(ticket(b"krbtgt", b"CITY.EXAMPLE")))), reply) + \
        [ether(udp(SERVER, CLIENT, 88, 50099, reply), src=SERVER, dst=CLIENT)]


def case_limits():
    """More of everything than is kept, and a very long name."""
    many = member(9, der(0x30, *[netbios(b"DESK%d" % i) for i in range(40)]))
    long_name = body(client=tuple(b"%d" % i for i in range(30)), service=(b"x" * 700,), etypes=range(1, 60), addresses=many)
    return ETHERNET, exchange(request(10, long_name, *[padata(i, b"") for i in range(20, 80)]), error(200))


def case_damaged():
    """Cut inside, a length that lies, and no Kerberos at all, over UDP and TCP."""
    good = request(10, body(), padata(128, b"0\5\xa0\3\1\1\xff"))
    bad = bytearray(good)
    bad[60] ^= 0x55
    frames = [ether(udp(CLIENT, SERVER, 50088, 88, data)) for data in (good, bytes(bad), good[:-9], b"not Kerberos")]
    stream = Talk(dport=88)
    stream.data(0, struct.pack(">I", len(good)) + good)
    stream.data(1, struct.pack(">I", 0x7fffffff) + error(60))
    other = Talk(sport=50001, dport=88)
    other.data(0, struct.pack(">I", len(good)) + good + struct.pack(">I", 4) + b"HELO")
    return ETHERNET, frames + [ether(packet) for talk in (stream, other) for packet in talk.packets]


def case_password_refused():
    """kpasswd (RFC 3244): a change of somebody else's password, refused by an error."""
    shown = ap_req(ticket(b"kadmin", b"changepw"))
    ask = struct.pack(">HHH", 6 + len(shown) + 9, 0xff80, len(shown)) + shown + b"encrypted"
    refusal = error(60, service=(b"kadmin", b"changepw"))
    return ETHERNET, [ether(udp(CLIENT, SERVER, 50464, 464, ask)),
                      ether(udp(SERVER, CLIENT, 464, 50464, struct.pack(">HHH", 6 + len(refusal), 1, 0) + refusal), src=SERVER, dst=CLIENT)]
