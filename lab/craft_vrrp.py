# SPDX-License-Identifier: Apache-2.0
"""VRRP 2 and 3: a master, a change, its end; CARP, damage, floods."""
import struct

from craft import CLIENT, SERVER, address, ether, ip
from packets import ETHERNET

ALL, ALL6 = "224.0.0.18", "ff02::12"


def v2(priority=100, hosts=("10.30.1.1",), auth=0, group=5, count=None):
    return struct.pack(">BBBBBBH", 0x21, group, priority, len(hosts) if count is None else count, auth, 1, 7) + \
        b"".join(map(address, hosts)) + (b"vrrppass" if auth else bytes(8))


def v3(priority=100, hosts=("10.30.1.1",)):
    return struct.pack(">BBBBHH", 0x31, 6, priority, len(hosts), 100, 7) + b"".join(map(address, hosts))


def to(data, src=CLIENT, dst=ALL):
    return ether(ip(src, dst, 112, data, ttl=255))


def case_master():
    return ETHERNET, [to(v2()), to(v2()), to(v2(auth=1)), to(v2(auth=2)), to(v2(auth=9)), to(v2(0)), to(v3(), SERVER), to(v3(255, ("10.30.1.1", "10.30.1.2")), SERVER),
                      to(v3(hosts=("fe80::1", "2001:db8:30::1")), "fe80::2", ALL6)]


def case_odd():
    carp = struct.pack(">BBBBBBH", 0x21, 5, 0, 7, 0, 1, 7) + bytes(28)
    return ETHERNET, [to(carp), to(v2(), SERVER), to(v2(count=200), SERVER), to(struct.pack(">BBBBHH", 0x31, 6, 1, 1, 100, 7) + b"\0\0\0\0", "fe80::2", ALL6)] + \
        [to(v2(1 + at % 250, group=at % 2), "10.30.1.99") for at in range(300)]
