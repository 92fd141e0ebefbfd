# SPDX-License-Identifier: Apache-2.0
"""OSPF 2 and 3: hellos that change, other messages, damage, floods."""
import struct

from craft import CLIENT, SERVER, address, ether, ip
from packets import ETHERNET

ALL, ALL6 = "224.0.0.5", "ff02::5"


def v2(kind, body, router="10.255.0.1", area="0.0.0.0", auth=0, check=7, length=None):
    return struct.pack(">BBH", 2, kind, 24 + len(body) if length is None else length) + address(router) + address(area) + \
        struct.pack(">HH8s", check, auth, b"secretpw" if auth else b"") + body


def v3(kind, body, router="10.255.0.1", instance=0):
    return struct.pack(">BBH", 3, kind, 16 + len(body)) + address(router) + address("0.0.0.0") + struct.pack(">HBB", 7, instance, 0) + body


def hello(interval=10, priority=1, dr="10.30.1.10", bdr="0.0.0.0", neighbors=()):
    return address("255.255.255.0") + struct.pack(">HBBI", interval, 2, priority, 40) + address(dr) + address(bdr) + b"".join(map(address, neighbors))


def hello3(priority=1):
    return struct.pack(">IB3sHH", 5, priority, b"\0\0\x13", 10, 40) + address("10.255.0.1") + address("0.0.0.0") + address("10.255.0.2")


def to(data, src=CLIENT, dst=ALL):
    return ether(ip(src, dst, 89, data, ttl=1))


def case_hellos():
    return ETHERNET, [to(v2(1, hello())), to(v2(1, hello(), check=9)), to(v2(1, hello(neighbors=["10.255.0.2"]))), to(v2(1, hello(5), auth=1)),
                      to(v2(1, hello(), auth=2)), to(v2(1, hello(), auth=9, area="0.0.0.7")), to(v2(1, hello(10, 100, SERVER, CLIENT, ["10.255.0.2"]), "10.255.0.2"), SERVER),
                      to(v2(2, b"d" * 8), dst=SERVER), to(v2(2, b"e" * 8), dst=SERVER), to(v2(3, b"r" * 12), dst=SERVER), to(v2(4, b"u" * 40)), to(v2(5, b"a" * 20)),
                      to(v3(1, hello3()), "fe80::1", ALL6), to(v3(1, hello3()), "fe80::1", ALL6), to(v3(1, hello3(9), instance=3), "fe80::1", ALL6), to(v3(4, b"u" * 40), "fe80::1", ALL6)]


def case_odd():
    return ETHERNET, [to(v2(1, hello(neighbors=["10.255.1.%d" % at for at in range(70)]))), to(v2(1, hello()[:9])), to(v2(9, b"")), to(v2(1, hello(), length=9)),
                      to(v2(1, hello(), length=900)), to(b"\x02")] + [to(v2(1, hello(at)), SERVER) for at in range(260)]
