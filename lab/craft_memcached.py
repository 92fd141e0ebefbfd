# SPDX-License-Identifier: Apache-2.0
"""Memcached: the binary protocol, a flood with a forged sender, limits and damage."""
import struct

from craft import CLIENT, SERVER, Talk, ether, udp
from packets import ETHERNET


def binary(magic, opcode, key=b"", extras=b"", value=b"", status=0, opaque=0):
    body = extras + key + value
    return struct.pack(">BBHBBHIIQ", magic, opcode, len(key), len(extras), 0, status, len(body), opaque, 0) + body


def ask(opcode, key=b"", extras=b"", value=b"", opaque=0):
    return binary(0x80, opcode, key, extras, value, 0, opaque)


def say(opcode, key=b"", extras=b"", value=b"", status=0, opaque=0):
    return binary(0x81, opcode, key, extras, value, status, opaque)


def sessions(*several, port=11211):
    frames = []
    for at, turns in enumerate(several):
        talk = Talk(sport=50000 + at, dport=port)
        for who, data in turns:
            talk.data(who, data, size=1400)
        talk.close()
        frames += [ether(p) for p in talk.packets]
    return ETHERNET, frames


def case_binary():
    return sessions([
        (0, ask(0x20)), (1, say(0x20, value=b"PLAIN")), (0, ask(0x21, b"PLAIN", value=b"\0clerk\0secret")), (1, say(0x21, status=0x20)),
        (0, ask(1, b"mayor", struct.pack(">II", 7, 60), b"Hanako" * 600, 1) + ask(0, b"mayor", opaque=2)),
        (1, say(1, opaque=1) + say(0, extras=b"\0\0\0\7", value=b"Hanako" * 600, opaque=2)),
        (0, ask(9, b"quiet") + ask(10)), (1, say(10)), (0, ask(4, b"nobody")), (1, say(4, status=1)),
        (0, ask(0x10)), (1, say(0x10, b"pid", value=b"1") + say(0x10, b"uptime", value=b"9") + say(0x10)),
        *[turn for status in (2, 3, 4, 5, 6, 0x21, 0x81, 0x82, 0x90) for turn in ((0, ask(2, b"k")), (1, say(2, status=status)))],
        (0, ask(0x1f)), (1, say(0x1f, status=0x81)), (0, ask(7)), (1, say(7))], port=9999)


def case_flood():
    """Datagrams nobody asked for, and a small request with a long answer."""
    frames = [ether(udp(SERVER, CLIENT, 11211, 40001, struct.pack(">HHHH", 5, i, 3, 0) + b"VALUE a 0 900000\r\n" + b"x" * 900), src=SERVER, dst=CLIENT)
              for i in range(3)]
    frames.append(ether(udp(CLIENT, SERVER, 40000, 11211, struct.pack(">HHHH", 7, 0, 1, 0) + b"get a\r\n")))
    frames += [ether(udp(SERVER, CLIENT, 11211, 40000, struct.pack(">HHHH", 7, i, 4, 0) + (b"VALUE a 0 4000\r\n" if i == 0 else b"") + b"y" * 1000),
                     src=SERVER, dst=CLIENT) for i in range(4)]
    frames.append(ether(udp(CLIENT, SERVER, 40000, 11211, struct.pack(">HHHH", 8, 0, 1, 0) + b"get never")))
    frames.append(ether(udp(CLIENT, SERVER, 40000, 11211, struct.pack(">HHHH", 9, 0, 1, 0) + b"quit\r\n")))
    return ETHERNET, frames


def case_odd():
    return sessions([
        (0, b"gats 10 " + b" ".join(b"k%d" % i for i in range(12)) + b"\r\n"), (1, b"VALUE k1 0 3000 77\r\n" + b"v" * 3000 + b"\r\nEND\r\n"),
        (0, b"cas k1 1 -1 2 77\r\nxx\r\nflush_all noreply\r\nstats reset\r\ntouch k1 60\r\nmg k1 v\r\n"),
        (1, b"EXISTS\r\nRESET\r\nNOT_FOUND\r\nVA 3 t\r\nabc\r\n"), (0, b"stats items\r\n"), (1, b"ERROR\r\n"), (0, b"get a\r\n"), (1, b"SERVER_ERROR out of memory\r\n")],
        [(0, b"version\r\n" * 40)], [(1, b"VERSION 1.6\r\n")])


def case_wrong():
    return sessions([(0, b"version\r\n\0\1\r\n")], [(0, b"get " + b"k" * 20000)], [(0, ask(10)), (1, b"\x82" + b"\0" * 30)],
                    [(0, ask(10) + b"\x80\0\0\xff\xff" + b"\0" * 30)], [(0, b"set k 0 0 x\r\n"), (1, b"CLIENT_ERROR bad\r\n")],
                    [(0, b"get k\r\n"), (1, b"VALUE k 0 x\r\n")])
