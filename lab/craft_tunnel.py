# SPDX-License-Identifier: Apache-2.0
"""Tunnels: IP inside IP, UDP and GRE, and deeper than anyone should."""
import struct

from craft import CLIENT6, SERVER6, Talk, ether, ip, lookup, udp
from packets import ETHERNET

OUTER, OUTER_END = "198.51.100.1", "198.51.100.2"


def inside(proto, head=b"", packets=None):
    return ETHERNET, [ether(ip(OUTER, OUTER_END, proto, head + p)) for p in packets or lookup() + Talk().whole()]


def over_udp(port, wrap, packets=None):
    return ETHERNET, [ether(udp(OUTER, OUTER_END, 50123, port, wrap(p))) for p in packets or lookup()]


def case_ipip():
    return inside(4)


def case_6in4():
    return inside(41, packets=lookup(CLIENT6, SERVER6))


def case_ip6_in_ip6():
    return ETHERNET, [ether(ip("2001:db8::1", "2001:db8::2", 41, p)) for p in lookup(CLIENT6, SERVER6)]


def case_gre():
    return inside(47, struct.pack(">HH", 0, 0x0800))


def case_gre_key_sequence():
    return inside(47, struct.pack(">HHII", 0x3000, 0x0800, 77, 1))


def case_gre_ethernet():
    return ETHERNET, [ether(ip(OUTER, OUTER_END, 47, struct.pack(">HH", 0, 0x6558) + ether(p))) for p in lookup()]


def case_vxlan():
    return over_udp(4789, lambda p: struct.pack(">II", 0x08000000, 5001 << 8) + ether(p))


def case_geneve():
    return over_udp(6081, lambda p: struct.pack(">BBHI", 1, 0, 0x6558, 5002 << 8) + b"\1\2\0\0" + ether(p))


def case_gtpu():
    return over_udp(2152, lambda p: struct.pack(">BBHI", 0x30, 255, len(p), 0x99) + p)


def case_gtpu_extension():
    return over_udp(2152, lambda p: struct.pack(">BBHIHBB", 0x34, 255, len(p) + 8, 0x99, 0, 0, 0x85) +
                    b"\1\0\x09\0" + p)


def case_teredo():
    return over_udp(3544, lambda p: p, lookup("2001:0:53aa:64c::10", SERVER6))


def deep(packet, levels):
    for level in range(levels):
        packet = ip(f"198.51.100.{level + 10}", OUTER_END, 4, packet)
    return packet


def case_four_deep():
    return ETHERNET, [ether(deep(p, 4)) for p in lookup()]


def case_five_deep():
    """One more than is opened: an anomaly, and the packet is counted where the opening ended."""
    return ETHERNET, [ether(deep(p, 5)) for p in lookup()]
