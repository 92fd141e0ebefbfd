# SPDX-License-Identifier: Apache-2.0
"""HSRP 1 and 2: hellos that change, coup and resign, authentication, damage, floods."""
import struct

from craft import CLIENT, SERVER, address, ether, udp
from packets import ETHERNET


def v1(kind=0, state=16, priority=110, group=1, auth=b"cisco"):
    return struct.pack(">BBBBBBBB8s", 0, kind, state, 3, 10, priority, group, 0, auth) + address("10.30.1.1")


def v2(kind=0, state=6, priority=110, group=300, auth=b"", version=4):
    virtual = address("10.30.1.1").ljust(16, b"\0") if version == 4 else address("fe80::5:73ff:fea0:12c")
    return bytes([1, 40, 2, kind, state, version]) + struct.pack(">H6sIII", group, bytes.fromhex("02000a1e0110"), priority, 3000, 10000) + virtual + auth


def to(data, src=CLIENT, dst="224.0.0.2", port=1985):
    return ether(udp(src, dst, port, port, data))


def case_routers():
    md5 = bytes([4, 28, 1, 0]) + bytes(26)
    return ETHERNET, [to(v1()), to(v1()), to(v1(state=8)), to(v1(2)), to(v1(1, auth=b"city1234")), to(v1(auth=b"")), to(v1(state=3)), to(v1(3)),
                      to(v2(), SERVER, "224.0.0.102"), to(v2(auth=bytes([3, 8]) + b"cisco\0\0\0"), SERVER, "224.0.0.102"), to(v2(5, 9, auth=md5), SERVER, "224.0.0.102"),
                      to(v2(version=6), "fe80::1", "ff02::66", 2029)]


def case_odd():
    return ETHERNET, [to(v1()), to(v1()[:18]), to(v2()[:20]), to(b"\1\x04abcd"), to(b"\1\0\x03\0"), to(b"\0")] + [to(v1(priority=at % 250 + 1), SERVER) for at in range(300)]
