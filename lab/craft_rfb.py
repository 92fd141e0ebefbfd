# SPDX-License-Identifier: Apache-2.0
"""RFB servers that refuse, and messages past their limits."""
import struct

from craft import Talk, ether
from packets import ETHERNET

V38, V33, V37 = b"RFB 003.008\n", b"RFB 003.003\n", b"RFB 003.007\n"
SCREEN = struct.pack(">HHBBBBHHHBBBxxx", 640, 480, 32, 24, 1, 1, 255, 255, 255, 16, 8, 0)


def text(value):
    return struct.pack(">I", len(value)) + value


def sessions(*several):
    frames = []
    for at, turns in enumerate(several):
        talk = Talk(sport=50000 + at, dport=5900)
        for who, data in turns:
            talk.data(who, data, size=1400)
        talk.close()
        frames += [ether(p) for p in talk.packets]
    return ETHERNET, frames


def case_refused():
    return sessions(
        [(1, V38), (0, V38), (1, b"\0" + text(b"Too many log-ons"))],
        [(1, V33), (0, V33), (1, struct.pack(">I", 0) + text(b"No"))],
        [(1, V38), (0, V38), (1, b"\1\2"), (0, b"\2"), (1, b"c" * 16), (0, b"r" * 16), (1, struct.pack(">I", 2) + text(b"later"))],
        [(1, V37), (0, V37), (1, b"\1\2"), (0, b"\2"), (1, b"c" * 16), (0, b"r" * 16), (1, struct.pack(">I", 1))])


def case_types():
    frames = [[(1, V38), (0, V38), (1, b"\1" + bytes([kind])), (0, bytes([kind])), (1, b"more")] for kind in (5, 6, 16, 17, 18, 19, 20, 21, 22, 30, 77)]
    return sessions(*frames)


def case_odd():
    ok = [(1, V38), (0, b"RFB 003.889\n"), (1, b"\1\1"), (0, b"\1"), (1, struct.pack(">I", 0)), (0, b"\0")]
    return sessions(
        [*ok, (1, SCREEN + text(b"n" * 2000))],
        [(1, V38), (0, b"HELLO WORLD\n"), (1, b"\1\1")],
        [(1, V38), (0, V38), (1, b"\1\1"), (0, b"\1"), (1, struct.pack(">I", 9))])
