# SPDX-License-Identifier: Apache-2.0
"""TACACS+: a hidden session, sessions in the clear on one connection, damage."""
import struct

from craft import Talk, ether
from packets import ETHERNET


def packet(kind, sequence, body, session=b"\1\2\3\4", flags=0, version=0xc0):
    return struct.pack(">BBBB", version, kind, sequence, flags) + session + struct.pack(">I", len(body)) + body


def frames(*talks):
    for talk in talks:
        talk.close()
    return ETHERNET, [ether(p) for talk in talks for p in talk.packets]


def start(user=b"tanaka", data=b"sakura"):
    return struct.pack(">BBBBBBBB", 1, 1, 2, 1, len(user), 4, 10, len(data)) + user + b"tty0" + b"10.30.1.10" + data


def case_hidden():
    talk = Talk(sport=50050, dport=49)
    for at in range(10):
        talk.data(0, packet(1, 2 * at + 1, b"x" * (20 + at), version=0xc1))
        talk.data(1, packet(1, 2 * at + 2, b"y" * 30, version=0xc1), 13)
    return frames(talk)


def ask(kind, arguments=(b"service=shell", b"cmd=show"), user=b"tanaka"):
    head = b"\2" if kind == 3 else b""
    return head + struct.pack(">BBBBBBBB", 6, 1, 1, 1, len(user), 4, 10, len(arguments)) + bytes(map(len, arguments)) + user + b"tty0" + b"10.30.1.10" + b"".join(arguments)


def case_clear():
    talk = Talk(sport=50051, dport=49)
    talk.data(0, packet(1, 1, start(), flags=5))
    talk.data(1, packet(1, 2, struct.pack(">BBHH", 5, 1, 9, 0) + b"Password:", flags=5))
    talk.data(0, packet(1, 3, struct.pack(">HHB", 6, 0, 0) + b"sakura", flags=5))
    talk.data(1, packet(1, 4, struct.pack(">BBHH", 1, 0, 0, 0), flags=5))
    for at, status in enumerate((1, 2, 16, 17, 33, 99)):
        talk.data(0, packet(2, 1, ask(2), b"zzz" + bytes([at]), 5))
        talk.data(1, packet(2, 2, struct.pack(">BBHH", status, 1, 2, 0) + b"\3" + b"no" + b"a=b", b"zzz" + bytes([at]), 5))
    for at, status in enumerate((1, 2, 33, 7)):
        talk.data(0, packet(3, 1, ask(3), b"acc" + bytes([at]), 1))
        talk.data(1, packet(3, 2, struct.pack(">HHB", 2, 0, status) + b"ok", b"acc" + bytes([at]), 1))
    return frames(talk)


def case_odd():
    many, cut, junk = (Talk(sport=50052 + at, dport=49) for at in range(3))
    many.data(0, packet(2, 1, ask(2, [b"a=%d" % at for at in range(40)]), flags=1))
    cut.data(0, packet(1, 1, b"\1\1\2\1\xff\xff\xff\xff", flags=1) + packet(3, 1, b"\2", b"next", 1))
    cut.data(1, packet(1, 2, b"\1", flags=1))
    junk.data(0, packet(1, 1, b"hidden..") + b"\xff" * 20)
    return frames(many, cut, junk)
