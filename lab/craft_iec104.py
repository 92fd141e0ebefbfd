# SPDX-License-Identifier: Apache-2.0
"""IEC 60870-5-104: transfer started, a general interrogation, values, commands of each kind, refusals, damage."""
import struct

from craft import Talk, ether
from packets import ETHERNET

PORT = 2404


def control(octet):
    return bytes([0x68, 4, octet, 0, 0, 0])


def frame(kind, cause, objects, common=12, count=1, originator=0, sequence=False):
    asdu = struct.pack("<BBBBH", kind, count | (0x80 if sequence else 0), cause, originator, common) + objects
    return bytes([0x68, 4 + len(asdu), 2, 0, 4, 0]) + asdu


def at(address, element=b""):
    return struct.pack("<I", address)[:3] + element


def talk(*sent, **more):
    conversation = Talk(dport=PORT, **more)
    for who, data in sent:
        conversation.data(who, data, size=1400)
    conversation.close()
    return ETHERNET, [ether(p) for p in conversation.packets]


TIME = bytes.fromhex("00001008150b1a")


def case_station():
    """A control centre takes over a station: interrogation, values, spontaneous changes; the link is tested, transfer stopped."""
    values = frame(1, 20, at(100, b"\1\0\1\0"), count=4, sequence=True) + frame(13, 20, at(700, struct.pack("<f", 4.2) + b"\0") + at(701, struct.pack("<f", 1.5) + b"\0"), count=2) + \
        frame(15, 37, at(900, b"\1\0\0\0\1"))
    spontaneous = b"".join(frame(36, 3, at(700, struct.pack("<f", i) + b"\0" + TIME)) for i in range(9)) + frame(30, 3, at(101, b"\1" + TIME), common=13)
    return talk((0, control(0x07)), (1, control(0x0b)), (1, frame(70, 4, at(0, b"\0"))), (0, frame(100, 6, at(0, b"\x14"), originator=3)), (1, frame(100, 7, at(0, b"\x14"), originator=3)), (1, values),
                (1, frame(100, 10, at(0, b"\x14"))), (0, b"\x68\4\1\0\x0a\0"), (1, spontaneous), (0, frame(101, 6, at(0, b"\5"))), (1, frame(101, 7, at(0, b"\5"))), (0, frame(103, 6, at(0, TIME))), (1, frame(103, 7, at(0, TIME))),
                (0, control(0x43)), (1, control(0x83)), (0, control(0x13)), (1, control(0x23)))


def case_commands():
    """Select and execute, double and step commands, set points, refusals of each kind, tests, one without answer."""
    steps = ((45, at(5, b"\x81"), 7), (45, at(5, b"\1"), 7), (46, at(6, b"\2"), 7), (47, at(7, b"\5"), 7), (48, at(8, struct.pack("<h", 16384) + b"\0"), 7), (49, at(8, struct.pack("<h", -7) + b"\x80"), 7),
             (50, at(8, struct.pack("<f", 50.5) + b"\0"), 7), (51, at(9, b"\xff\0\0\0"), 7), (58, at(5, b"\1" + TIME), 7), (59, at(6, b"\1" + TIME), 7 | 64), (63, at(8, struct.pack("<f", 1) + b"\0" + TIME), 7),
             (64, at(9, b"\1\0\0\0" + TIME), 7), (105, at(0, b"\1"), 7), (45, at(99, b"\1"), 47 | 64), (45, at(5, b"\1"), 46 | 64), (107, at(0, b"\1\0" + TIME), 7), (110, at(700, b"\0\0\1"), 7), (102, at(700), 7), (119, at(1, b"\1"), 44))
    sent = []
    for kind, objects, answer in steps:
        sent += [(0, frame(kind, 6, objects)), (1, frame(kind, answer, objects)), (1, frame(kind, 10, objects))]
    return talk(*sent, (0, frame(45, 6 | 128, at(5, b"\1"))), (0, frame(45, 8, at(5, b"\1"))), (1, frame(45, 9, at(5, b"\1"))), (0, frame(46, 6, at(1))), (0, control(0x07)))


def case_odd():
    """Confirmations nobody waits for, ASDUs that end early, many kinds, a frame that is none."""
    many = b"".join(frame(1, 3, at(1, b"\0"), common=i) for i in range(70))
    return talk((0, control(0x07)), (1, control(0x0b)), (1, control(0x23)), (1, frame(45, 7 | 64, at(5, b"\1"))), (1, b"\x68\7\2\0\4\0\1\1\3"), (1, frame(9, 1, at(7), count=5)), (1, frame(42, 43, at(7, b"x"))), (1, many), (1, b"\x69\4\0\0"))


def case_lost():
    """Seen from the middle, on another port; a segment is missing."""
    conversation = Talk(dport=12404, handshake=False)
    for i in range(6):
        conversation.data(0, frame(45, 6, at(i, b"\1")))
        conversation.data(1, frame(45, 7, at(i, b"\1")))
    del conversation.packets[10:13]
    return ETHERNET, [ether(p) for p in conversation.packets]
