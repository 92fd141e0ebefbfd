# SPDX-License-Identifier: Apache-2.0
"""Fragments: in order, out of order, overlapping, missing (RFC 791, RFC 8200, RFC 5722)."""
import struct

from craft import CLIENT, CLIENT6, SERVER, SERVER6, address, dns_answer, dns_query, ether, ip, udp
from packets import ETHERNET

NAME = b"a-rather-long-name-for-a-host-of-the-hall.city.example"
MORE = 0x2000


def pieces(size=24, ident=7):
    """(offset, IPv4 fragment) of one DNS query."""
    body = udp(CLIENT, SERVER, 40000, 53, dns_query(NAME))[20:]
    return [(at, ip(CLIENT, SERVER, 17, body[at:at + size], ident, (MORE if at + size < len(body) else 0) | at // 8))
            for at in range(0, len(body), size)]


def answer():
    return udp(SERVER, CLIENT, 53, 40000, dns_answer(NAME))


def frames(packets):
    return ETHERNET, [ether(p) for p in packets]


def case_in_order():
    return frames([p for _, p in pieces()] + [answer()])


def case_backwards():
    return frames([p for _, p in reversed(pieces())] + [answer()])


def case_duplicate():
    return frames([p for _, p in pieces() for _ in (1, 2)] + [answer()])


def case_missing():
    return frames([p for at, p in pieces() if at != 24])


def case_overlap_same():
    body = udp(CLIENT, SERVER, 40000, 53, dns_query(NAME))[20:]
    parts = [(0, 32, MORE), (24, 32, MORE), (56, 400, 0)]
    return frames([ip(CLIENT, SERVER, 17, body[at:at + n], 7, more | at // 8) for at, n, more in parts] + [answer()])


def case_overlap_different():
    """The second fragment says otherwise about eight bytes: the first bytes win, an anomaly says so."""
    body = udp(CLIENT, SERVER, 40000, 53, dns_query(NAME))[20:]
    other = b"otherwise"[:8] + body[32:56]
    return frames([ip(CLIENT, SERVER, 17, body[:32], 7, MORE), ip(CLIENT, SERVER, 17, other, 7, MORE | 3),
                   ip(CLIENT, SERVER, 17, body[56:], 7, 7), answer()])


def case_too_large():
    """Ends past 65,535 bytes, the ping of death."""
    return frames([ip(CLIENT, SERVER, 1, b"\x08\0" + bytes(1398), 9, MORE), ip(CLIENT, SERVER, 1, bytes(400), 9, 0x1fff)])


def case_tiny_first():
    """The transport header itself is cut in two."""
    return frames([p for _, p in pieces(8)] + [answer()])


def case_two_at_once():
    a, b = pieces(24, 7), pieces(24, 8)
    return frames([p for pair in zip(a, b) for _, p in pair] + [answer()])


def case_ipv6():
    body = udp(CLIENT6, SERVER6, 40000, 53, dns_query(NAME))[40:]
    out = []
    for at in range(0, len(body), 32):
        more = 1 if at + 32 < len(body) else 0
        out.append(ip(CLIENT6, SERVER6, 44, struct.pack(">BBHI", 17, 0, at | more, 0xabcd) + body[at:at + 32]))
    return frames(out)


def case_ipv6_atomic():
    body = udp(CLIENT6, SERVER6, 40000, 53, dns_query(NAME))[40:]
    return frames([ip(CLIENT6, SERVER6, 44, struct.pack(">BBHI", 17, 0, 0, 1) + body)])


def case_ipv6_extensions():
    """Hop-by-hop, routing and destination options before UDP."""
    body = udp(CLIENT6, SERVER6, 40000, 53, dns_query(NAME))[40:]
    chain = b"\x2b\0\x05\x02\0\0\1\0" + b"\x3c\x02\0\0" + bytes(4) + address(SERVER6) + b"\x11\0\1\4\0\0\0\0"
    return frames([ip(CLIENT6, SERVER6, 0, chain + body)])
