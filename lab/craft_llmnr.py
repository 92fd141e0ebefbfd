# SPDX-License-Identifier: Apache-2.0
"""LLMNR (RFC 4795): a question to all, answers of its owner and of somebody else; over TCP; damaged."""
import struct

from craft import CLIENT, CLIENT6, SERVER, SERVER6, Talk, address, ether, udp
from packets import ETHERNET

ALL, ALL6 = "224.0.0.252", "ff02::1:3"


def question(name, kind=1, flags=0, ident=0x4d2):
    labels = b"".join(bytes([len(part)]) + part for part in name.split(b"."))
    return struct.pack(">HHHHHH", ident, flags, 1, 0, 0, 0) + labels + struct.pack(">BHH", 0, kind, 1)


def answer(name, data, kind=1, flags=0x8000, ident=0x4d2):
    ask = question(name, kind, 0, ident)
    return struct.pack(">HHHHHH", ident, flags, 1, 1, 0, 0) + ask[12:] + struct.pack(">HHHIH", 0xc00c, kind, 1, 30, len(data)) + data


def to(src, dst, sport, dport, data):
    return ether(udp(src, dst, sport, dport, data), src=src, dst=dst)


def case_lookup():
    """The printer answers; a name nobody has; IPv6."""
    return ETHERNET, [
        to(CLIENT, ALL, 50355, 5355, question(b"printer")), to(SERVER, CLIENT, 5355, 50355, answer(b"printer", address(SERVER))),
        to(CLIENT, ALL, 50356, 5355, question("窓口".encode())),
        to(CLIENT6, ALL6, 50357, 5355, question(b"printer", 28)), to(SERVER6, CLIENT6, 5355, 50357, answer(b"printer", address(SERVER6), 28))]


def case_poisoned():
    """Two hosts answer for a name that was mistyped; the asker says so (C), and another is not sure yet (T)."""
    return ETHERNET, [
        to(CLIENT, ALL, 50355, 5355, question(b"flies")), to("10.30.1.66", CLIENT, 5355, 50355, answer(b"flies", address("10.30.1.66"))),
        to(SERVER, CLIENT, 5355, 50355, answer(b"flies", address(SERVER), flags=0x8100)),
        to(CLIENT, SERVER, 50358, 5355, question(b"flies", flags=0x400)), to(SERVER, CLIENT, 5355, 50358, answer(b"flies", b"", flags=0x8200)[:-12])]


def case_tcp():
    stream = Talk(dport=5355)
    for who, data in ((0, question(b"printer", 255)), (1, answer(b"printer", address(SERVER)))):
        stream.data(who, struct.pack(">H", len(data)) + data, 9)
    stream.close()
    other = Talk(sport=50001, dport=5355)
    ask = question(b"printer")
    other.data(0, struct.pack(">H", len(ask)) + ask + struct.pack(">H", 3) + b"abc")
    return ETHERNET, [ether(packet) for talk in (stream, other) for packet in talk.packets]


def case_damaged():
    cut = answer(b"printer", address(SERVER))[:-6]
    return ETHERNET, [to(CLIENT, SERVER, 50355, 5355, question(b"printer")), to(SERVER, CLIENT, 5355, 50355, cut), to(CLIENT, SERVER, 50355, 5355, b"abc")]
