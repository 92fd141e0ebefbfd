# SPDX-License-Identifier: Apache-2.0
"""PPTP's control connection: a whole call, an incoming one, replies nobody asked for, damage."""
import struct

from craft import Talk, ether
from packets import ETHERNET


def message(kind, body=b"", cookie=0x1a2b3c4d, length=None):
    return struct.pack(">HHIHH", 12 + len(body) if length is None else length, 1, cookie, kind, 0) + body


def start(kind, host=b"pc10", vendor=b"Sample vendor", result=0):
    return message(kind, struct.pack(">BBBBIIHH", 1, 0, result, 0, 1, 1, 0, 0x120) + host.ljust(64, b"\0") + vendor.ljust(64, b"\0"))


def out_call(call=7):
    return message(7, struct.pack(">HHIIIIHHHH", call, 1, 300, 100000000, 3, 3, 64, 0, 4, 0) + b"5501".ljust(64, b"\0") + bytes(64))


def frames(*talks):
    for talk in talks:
        talk.close()
    return ETHERNET, [ether(p) for talk in talks for p in talk.packets]


def case_call():
    talk = Talk(sport=50060, dport=1723)
    talk.data(0, start(1), 50)
    talk.data(1, start(2, b"gw", b"", 1))
    talk.data(0, out_call())
    talk.data(1, message(8, struct.pack(">HHBBHIHHI", 99, 7, 1, 0, 0, 100000000, 64, 0, 0)))
    talk.data(0, message(5, b"\0\0\0\1") + message(15, bytes(12)))
    talk.data(0, message(12, struct.pack(">HH", 7, 0)))
    talk.data(1, message(13, struct.pack(">HBBHH", 99, 4, 0, 0, 0) + bytes(128)))
    talk.data(0, message(3, b"\1\0\0\0"))
    talk.data(1, message(4, b"\1\0\0\0") + message(14, struct.pack(">HHIIIIII", 9, 0, 1, 1, 1, 1, 1, 1)))
    return frames(talk)


def case_odd():
    late, cut, junk = (Talk(sport=50061 + at, dport=1723) for at in range(3))
    late.data(0, start(1, b"x" * 64))
    late.data(0, message(9, struct.pack(">HHIIHH", 8, 1, 3, 3, 4, 4) + b"5502".ljust(64, b"\0") + b"5503".ljust(64, b"\0") + bytes(64)))
    late.data(1, message(10, struct.pack(">HHBBHHH", 5, 8, 2, 1, 64, 0, 0)) + message(2, b"\1"))
    late.data(0, out_call())
    cut.data(0, start(1)[:-1] + b"")
    junk.data(0, start(1) + message(1, b"x" * 20, cookie=5))
    return frames(late, cut, junk)
