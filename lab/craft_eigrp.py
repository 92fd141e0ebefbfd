# SPDX-License-Identifier: Apache-2.0
"""EIGRP: hellos that change, the other messages, damage, floods."""
import struct

from craft import CLIENT, SERVER, ether, ip
from packets import ETHERNET


def message(opcode, *parts, system=100):
    return struct.pack(">BBHIIIHH", 2, opcode, 7, 0, 1, 0, 0, system) + b"".join(parts)


def part(kind, body, length=None):
    return struct.pack(">HH", kind, 4 + len(body) if length is None else length) + body


def hello(hold=15, k=b"\1\0\1\0\0\0"):
    return part(1, k + struct.pack(">H", hold))


def to(data, src=CLIENT):
    return ether(ip(src, "224.0.0.10", 88, data, ttl=2))


def case_all():
    frames = [to(message(5, hello())), to(message(5, hello())), to(message(5, hello(30))), to(message(5, part(2, b"m" * 36), hello(30))), to(message(5)),
              to(message(1, part(0x102, b"r" * 25))), to(message(3)), to(message(4)), to(message(9)), to(message(5, part(1, b"\1\0"))),
              to(message(5, part(1, b"", 2))), to(message(5, part(1, b"x", 90))), to(b"\2\5")]
    return ETHERNET, frames + [to(message(5, hello(at + 1)), SERVER) for at in range(260)]
