# SPDX-License-Identifier: Apache-2.0
"""MQTT no client sends: limits, packets in the wrong order, damage; every property of version 5."""
import struct

from craft import Talk, ether
from packets import ETHERNET


def text(value):
    return struct.pack(">H", len(value)) + value


def number(value):
    out = b""
    while True:
        value, low = value >> 7, value & 127
        out += bytes([low | (128 if value else 0)])
        if not value:
            return out


def packet(kind, body=b"", flags=0):
    return bytes([kind << 4 | flags]) + number(len(body)) + body


def connect(version=4, flags=2, rest=b"", properties=b"", client=b"pump7"):
    name = b"MQIsdp" if version == 3 else b"MQTT"
    props = number(len(properties)) + properties if version == 5 else b""
    return packet(1, text(name) + bytes([version, flags]) + b"\0\x3c" + props + text(client) + rest)


CONNACK, CONNACK5 = packet(2, b"\0\0"), packet(2, b"\0\0\0")


def sessions(*several):
    """Each a list of (who, bytes), or a bytes: the client alone."""
    frames = []
    for at, turns in enumerate(several):
        talk = Talk(sport=50000 + at, dport=1883)
        for who, data in turns:
            talk.data(who, data, size=1400)
        talk.close()
        frames += [ether(p) for p in talk.packets]
    return ETHERNET, frames


def case_properties():
    connection = b"\x11\0\0\2\x2b\x21\0\xde\x27\0\0\x2b\x67\x22\2\x9a\x17\1\x19\1\x15" + text(b"SCRAM") + b"\x16" + text(b"hidden") + \
        b"\x26" + text(b"room") + text(b"7") + b"\x26" + text(b"room") + text(b"8") + b"\x26" + text(b"topic_alias") + text(b"x")
    will = b"\x18\0\0\0\xc8\1\1\2\0\0\0\x85\3" + text(b"text/plain") + b"\x08" + text(b"city/answers") + b"\x09" + text(b"\xff\0\1")
    accepted = b"\x12" + text(b"auto-1") + b"\x13\0\x1e\x1a" + text(b"city/") + b"\x1c" + text(b"other.city.example") + \
        b"\x1f" + text(b"welcome") + b"\x24\1\x25\1\x28\1\x29\1\x2a\0"
    return sessions([
        (0, connect(5, 0xf6, number(len(will)) + will + text(b"lost") + text(b"gone") + text(b"clerk") + text(b"secret"), connection)),
        (1, packet(2, b"\0\0" + number(len(accepted)) + accepted)),
        (0, packet(15, b"\x18" + number(14) + b"\x15" + text(b"SCRAM") + b"\x16" + text(b"abc"))),
        (0, packet(3, text(b"a/b") + b"\0\1" + number(3) + b"\x23\0\1" + b"hello", 2)),
        (1, packet(4, b"\0\1\x10" + number(8) + b"\x1f" + text(b"alone"))),
        (0, packet(8, b"\0\2" + number(2) + b"\x0b\x05" + text(b"a/#") + b"\1", 2)),
        (1, packet(9, b"\0\2\0\1")),
        (0, packet(10, b"\0\3\0" + text(b"a/#"), 2)),
        (1, packet(11, b"\0\3\0\x11")),
        (1, packet(14, b"\x8b\0"))])


def case_exchanges():
    return sessions([
        (0, connect() + packet(12)), (1, CONNACK + packet(13)),
        (0, packet(3, text(b"t/2") + b"\0\5" + b"x" * 40, 5)), (1, packet(5, b"\0\5")), (0, packet(6, b"\0\5", 2)), (1, packet(7, b"\0\5")),
        (1, packet(3, text(b"from/server") + b"\0\5down", 2)), (0, packet(4, b"\0\5")),
        (0, packet(3, text(b"never/answered") + b"\0\6", 2)), (0, packet(14))],
        [(0, connect(5)), (1, CONNACK5), (0, packet(3, text(b"refused") + b"\0\7\0no", 4)), (1, packet(5, b"\0\7\x97"))])


def case_limits():
    many = b"".join(text(b"t/%d" % i) + b"\0" for i in range(100))
    topics = b"".join(text(b"t/%d" % i) for i in range(100))
    users = b"".join(b"\x26" + text(b"k%d" % i) + text(b"v") for i in range(80))
    return sessions(
        [(0, connect()), (1, CONNACK), (0, packet(8, b"\0\1" + many, 2)), (1, packet(9, b"\0\1" + b"\0" * 100)), (0, packet(10, b"\0\2" + topics, 2)),
         (1, packet(11, b"\0\2"))],
        [(0, connect()), (1, CONNACK)] + [(0, b"".join(packet(3, text(b"t") + struct.pack(">H", i), 2) for i in range(1, 80)))],
        [(0, connect(5, properties=users)), (1, CONNACK5)],
        [(0, connect()), (1, CONNACK), (0, b"\x82" + number(70000) + b"\0\1" + text(b"x" * 800) + b"\0" * 300)],
        [(0, b"\x10" + number(70000) + text(b"MQTT") + b"\4\2")],
        [(0, connect()), (0, b"\xa2" + number(80000) + b"x")],
        [(0, connect()), (0, b"\x40" + number(70000) + b"x" * 100)],
        [(0, connect()), (0, packet(3, text(b"t" * 1500) + b"long topic"))])


def case_long_properties():
    return sessions([(0, connect(5)), (0, b"\x30" + number(900000) + text(b"t") + number(500000) + b"x")])


def case_wrong():
    return sessions(
        [(1, packet(2, b"\0\0"))],
        [(0, connect()), (0, connect()), (1, packet(2, b"\0\5")), (1, packet(2, b"\0\x63"))],
        [(0, connect()), (1, packet(4, b"\0\x09") + packet(9, b"\0\x09\0") + packet(11, b"\0\x09"))],
        [(0, packet(3, text(b"early") + b"x"))],
        [(0, connect()), (0, packet(3, text(b"t") + b"\0\1x", 6))],
        [(0, connect()), (0, packet(3, text(b"t") + b"\0\0x", 2) + packet(8, b"\0\0" + text(b"t") + b"\3", 2))],
        [(0, connect()), (0, b"\0\0")],
        [(0, connect()), (0, b"\x30\xff\xff\xff\xff\xff")],
        [(0, connect()), (0, packet(3, b"\0\x40short"))],
        [(0, connect(4, 0xc2, b"\0\x09short"))],
        [(0, connect(5)), (0, packet(3, text(b"t") + number(2) + b"\x7f\0" + b"x"))],
        [(0, connect(5)), (1, packet(2, b"\0\x87\0")), (0, packet(14, b"\4"))],
        [(0, connect(5)), (1, packet(2, b"\0\x84\0"))], [(0, connect(5)), (1, packet(2, b"\0\x85\0"))], [(0, connect(5)), (1, packet(2, b"\0\x86\0"))],
        [(0, connect(5)), (1, packet(2, b"\0\x88\0"))], [(0, connect(5)), (1, packet(2, b"\0\x89\0"))], [(0, connect(5)), (1, packet(2, b"\0\x8a\0"))])


def case_cut():
    """A large message that stops; a connection whose beginning is missing."""
    late = Talk(sport=50001, dport=1883, handshake=False)
    late.data(0, packet(3, text(b"city/late") + b"seen"))
    late.data(1, packet(13))
    _, frames = sessions([(0, connect()), (1, CONNACK), (0, packet(3, text(b"big") + "水位".encode() * 1000)[:2500])])
    return ETHERNET, frames + [ether(p) for p in late.packets]
