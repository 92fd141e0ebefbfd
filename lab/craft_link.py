# SPDX-License-Identifier: Apache-2.0
"""Link layers: what carries the first IP header."""
import struct

from craft import CLIENT, SERVER, Talk, ether, lookup
from packets import ETHERNET, RAW, SLL, SLL2

LOOP_NULL, PPP, LOOP, RADIOTAP, IEEE802_11, PPP_HDLC = 0, 9, 108, 127, 105, 50


def case_ethernet():
    return ETHERNET, [ether(p) for p in lookup() + Talk().whole()]


def case_vlan():
    return ETHERNET, [ether(p, tags=[(0x8100, 120)]) for p in lookup()]


def case_qinq():
    return ETHERNET, [ether(p, tags=[(0x88a8, 10), (0x8100, 0x6000 | 120)]) for p in lookup()]


def case_vlan_three_deep():
    return ETHERNET, [ether(p, tags=[(0x88a8, 1), (0x8100, 2), (0x8100, 3)]) for p in lookup()]


def case_mpls():
    stack = struct.pack(">II", 100 << 12 | 64, 200 << 12 | 0x100 | 64)
    return ETHERNET, [ether(stack + p, 0x8847) for p in lookup()]


def case_pppoe():
    return ETHERNET, [ether(struct.pack(">BBHHH", 0x11, 0, 7, len(p) + 2, 0x21) + p, 0x8864) for p in lookup()]


def case_llc_snap():
    return ETHERNET, [ether(b"\xaa\xaa\x03\0\0\0\x08\0" + p, len(p) + 8) for p in lookup()]


def case_raw():
    return RAW, lookup() + lookup("2001:db8:30::10", "2001:db8:30::80")


def case_null():
    return LOOP_NULL, [struct.pack("<I", 2) + p for p in lookup()]


def case_loop():
    return LOOP, [struct.pack(">I", 2) + p for p in lookup()]


def case_ppp():
    return PPP, [b"\xff\x03\0\x21" + p for p in lookup()] + [b"\x21" + p for p in lookup(CLIENT, "10.30.1.81")]


def case_ppp_hdlc():
    return PPP_HDLC, [b"\xff\x03\0\x21" + p for p in lookup()]


def case_sll():
    head = struct.pack(">HHH8sH", 0, 1, 6, bytes.fromhex("02000a1e0110"), 0x0800)
    return SLL, [head + p for p in lookup()]


def case_sll2():
    head = struct.pack(">HHIHBB8s", 0x0800, 0, 2, 1, 0, 6, bytes.fromhex("02000a1e0110"))
    return SLL2, [head + p for p in lookup()]


def wireless(packet, flags=0x01, qos=True):
    a, b = bytes.fromhex("02000a1e0110"), bytes.fromhex("02000a1e0180")
    head = struct.pack("<BBH", 0x88 if qos else 0x08, flags, 0) + b + a + b + b"\x10\0" + (b"\0\0" if qos else b"")
    return head + b"\xaa\xaa\x03\0\0\0\x08\0" + packet


def case_radiotap():
    return RADIOTAP, [b"\0\0\x08\0\0\0\0\0" + wireless(p) for p in lookup()]


def case_radiotap_fcs():
    """Flags field says that a frame check sequence follows."""
    return RADIOTAP, [b"\0\0\x09\0\x02\0\0\0\x10" + wireless(p, qos=False) + b"\1\2\3\4" for p in lookup()]


def case_wireless():
    return IEEE802_11, [wireless(p) for p in lookup()]


def case_wireless_protected():
    """Encrypted frames: nothing to read, nothing to complain about."""
    return IEEE802_11, [wireless(p, flags=0x41) for p in lookup(SERVER, CLIENT)]
