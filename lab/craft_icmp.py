# SPDX-License-Identifier: Apache-2.0
"""ICMP errors and router messages (RFC 792, 1191, 4443, 4861)."""
import struct

from craft import CLIENT, CLIENT6, SERVER, address, checksum, ether, ip, pseudo, udp
from packets import ETHERNET

ROUTER, ROUTER6, ALL6 = "10.30.1.1", "fe80::1", "ff02::1"
LOST = udp(CLIENT, SERVER, 40000, 9999, b"x" * 64)[:28]


def message(kind, code, rest, src=ROUTER, dst=CLIENT):
    text = struct.pack(">BBH", kind, code, 0) + rest
    proto = 58 if ":" in src else 1
    total = checksum((pseudo(src, dst, 58, len(text)) if proto == 58 else b"") + text)
    return ip(src, dst, proto, text[:2] + struct.pack(">H", total) + text[4:], ttl=255)


def case_errors():
    return ETHERNET, [ether(p) for p in (
        message(3, 4, struct.pack(">HH", 0, 1400) + LOST),
        message(5, 1, address("10.30.1.2") + LOST),
        message(12, 0, struct.pack(">BBH", 20, 0, 0) + LOST),
        message(11, 0, bytes(4) + LOST))]


def case_errors6():
    lost = udp(CLIENT6, "2001:db8:99::1", 40000, 9999, b"x" * 64)[:48]
    return ETHERNET, [ether(p) for p in (
        message(2, 0, struct.pack(">I", 1280) + lost, ROUTER6, CLIENT6),
        message(4, 1, struct.pack(">I", 6) + lost, ROUTER6, CLIENT6))]


def case_routers6():
    prefix = struct.pack(">BBBBIII", 3, 4, 64, 0xc0, 86400, 14400, 0) + address("2001:db8:30::0")
    link = struct.pack(">BB", 1, 1) + bytes.fromhex("02000a1e0101")
    mtu = struct.pack(">BBHI", 5, 1, 0, 1480)
    return ETHERNET, [ether(p) for p in (
        message(133, 0, bytes(4) + link, "fe80::10", "ff02::2"),
        message(134, 0, struct.pack(">BBHII", 64, 0xc0, 1800, 0, 0) + prefix + link + mtu, ROUTER6, ALL6),
        message(137, 0, bytes(4) + address("fe80::2") + address("2001:db8:99::1"), ROUTER6, CLIENT6))]


def case_router4():
    return ETHERNET, [ether(message(9, 0, struct.pack(">BBH", 1, 2, 1800) + address(ROUTER) + bytes(4), ROUTER, "224.0.0.1"))]
