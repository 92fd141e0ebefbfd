# SPDX-License-Identifier: Apache-2.0
"""MySQL: commands few clients send, servers of other ages, limits and damage."""
import struct

from craft import ACK, PSH, Talk, ether
from packets import ETHERNET

CAPS = 0x803ff7df  # without SSL, compression and an end of results by OK


def packet(body, sequence=0):
    return struct.pack("<I", len(body))[:3] + bytes([sequence]) + body


def number(value):
    return bytes([value]) if value < 251 else b"\xfc" + struct.pack("<H", value)


def text(value):
    return number(len(value)) + value


def greeting(caps=CAPS, version=b"8.0.99-city", plugin=b"mysql_native_password"):
    body = b"\x0a" + version + b"\0" + struct.pack("<I", 7) + b"abcdefgh\0" + struct.pack("<H", caps & 0xffff) + b"\xff\2\0" + \
        struct.pack("<H", caps >> 16) + b"\x15" + b"\0" * 10 + b"ijklmnopqrst\0" + plugin + b"\0"
    return packet(body)


def login(caps=CAPS, user=b"clerk", attributes=()):
    body = struct.pack("<IIB", caps, 1 << 24, 0xff) + b"\0" * 23 + user + b"\0" + text(b"0123456789abcdefghij") + b"city\0mysql_native_password\0"
    pairs = b"".join(text(n) + text(v) for n, v in attributes)
    return packet(body + number(len(pairs)) + pairs, 1)


def ok(sequence=1, rows=0, ident=0, status=2, warnings=0, info=b""):
    return packet(b"\0" + number(rows) + number(ident) + struct.pack("<HH", status, warnings) + info, sequence)


def error(code, state, message, sequence=1):
    return packet(b"\xff" + struct.pack("<H", code) + (b"#" + state if state else b"") + message, sequence)


EOF = packet(b"\xfe\0\0\2\0", 9)
COLUMN = packet(text(b"def") * 6 + b"\x0c" + b"\0" * 12, 2)
START = [(1, greeting()), (0, login()), (1, ok(2))]


def sessions(*several, port=3306):
    frames = []
    for at, turns in enumerate(several):
        talk = Talk(sport=50000 + at, dport=port)
        for who, data in turns:
            talk.data(who, data, size=1400)
        talk.close()
        frames += [ether(p) for p in talk.packets]
    return ETHERNET, frames


def ask(code, body=b"", *answers):
    return [(0, packet(bytes([code]) + body))] + ([(1, b"".join(answers))] if answers else [])


def case_commands():
    prepared = packet(b"\0" + struct.pack("<IHHBH", 5, 1, 1, 0, 0), 1) + COLUMN + EOF + COLUMN + EOF
    result = packet(b"\1", 1) + COLUMN + EOF + packet(b"\0\0\1a", 3) + packet(b"\0\0\1b", 4) + EOF
    return sessions(START + ask(22, b"SELECT name FROM people WHERE id = ?", prepared) + ask(24, struct.pack("<IH", 5, 0) + b"long")
                    + ask(23, struct.pack("<IBI", 5, 0, 1) + b"\0\1\3\0\1\0\0\0", result)
                    + ask(28, struct.pack("<II", 5, 10), error(1243, b"HY000", b"Unknown prepared statement handler"))
                    + ask(26, struct.pack("<I", 5), ok()) + ask(25, struct.pack("<I", 5))
                    + ask(22, b"DO 1", packet(b"\0" + struct.pack("<IHHBH", 6, 0, 0, 0, 0), 1)) + ask(22, b"bad", packet(b"\0\1", 1))
                    + ask(9, b"", packet(b"Uptime: 42  Threads: 1", 1)) + ask(10, b"", result) + ask(12, struct.pack("<I", 8), ok())
                    + ask(5, b"annex", ok()) + ask(6, b"annex", ok()) + ask(2, b"annex", error(1049, b"42000", b"Unknown database 'annex'"))
                    + ask(4, b"people\0%", COLUMN, COLUMN, EOF) + ask(27, b"\0\0", packet(b"\xfe\0\0\2\0", 1))
                    + ask(0xfa, b"x", ok()) + ask(0x70, b"", error(1047, b"08S01", b"Unknown command"))
                    + ask(17, b"root\0\3abccity\0\xff\0mysql_native_password\0" + number(9) + text(b"_os") + text(b"Plan9")[:5],
                          packet(b"\xfecaching_sha2_password\0abc", 1))
                    + [(0, packet(b"hidden", 2)), (1, packet(b"\1\3", 3) + ok(4))] + ask(14, b"", ok()) + ask(1))


def case_results():
    """Several results to one query; rows that stop with an error; an end of results by OK; columns known already; progress."""
    head = packet(b"\1", 1) + COLUMN + EOF
    short = CAPS | 0x01000000
    return sessions(
        START + ask(3, b"CALL report()", head, packet(b"\1a", 3), packet(b"\xfe\0\0\x0a\0", 4), head, packet(b"\1b", 5), EOF)
        + ask(3, b"CALL change()", ok(1, 3, 9, 0x0a, 1), ok(2, 2, 0, 2, 0, b"Rows matched: 2"))
        + ask(3, b"SELECT slow()", head, packet(b"\1a", 3), error(1317, b"70100", b"Query execution was interrupted", 4))
        + ask(3, b"ALTER TABLE people", error(0xffff, b"", b"\1\1\2\0\0\0\5steps"), ok(2)),
        [(1, greeting(short)), (0, login(short)), (1, ok(2))]
        + ask(3, b"SELECT 1", packet(b"\1\1", 1), COLUMN, packet(b"\1a", 3), packet(b"\xfe\0\0\2\0\1\0", 4))
        + ask(3, b"SELECT 1", packet(b"\1\0", 1), packet(b"\1a", 3), packet(b"\xfe\0\0\2\0\0\0", 4)))


def case_attributes():
    caps = CAPS | 0x08000000
    query = number(3) + number(1) + b"\1" + b"\1" + b"\xfe\0" + text(b"none") + b"\xfe\0" + text(b"who") + b"\x08\0" + text(b"n") + \
        text(b"batch") + b"\0" * 8 + b"SELECT 1 -- after attributes"
    kinds = b"".join(struct.pack("<H", k) + text(b"k") for k in (1, 2, 3, 5, 6, 7, 13, 9))
    values = b"\0" + b"\0" * 2 + b"\0" * 4 + b"\0" * 8 + b"" + b"\4\0\0\0\0" + b"\0" * 2 + b"\0" * 4
    return sessions(
        [(1, greeting(caps)), (0, login(caps, attributes=((b"program_name", b"ledger"), (b"_os", b"Linux"), (b"_os", b"again")))), (1, ok(2))]
        + ask(3, query, ok()) + ask(3, number(0) + number(1) + b"SELECT 2", ok())
        + ask(3, number(8) + number(1) + b"\0\1" + kinds + values + b"SELECT 3", ok()) + ask(3, number(200) + number(1) + b"SELECT 4", ok()))


def case_old():
    old = b"\x0a4.0.30\0" + struct.pack("<I", 3) + b"abcdefgh\0" + struct.pack("<H", 0x2c)
    return sessions(
        [(1, packet(old)), (0, packet(struct.pack("<HBH", 0x2c, 0, 1) + b"clerk\0hashhash\0city\0", 1)), (1, packet(b"\xfe", 2)), (0, packet(b"x", 3)), (1, ok(4))]
        + ask(3, b"SELECT 1", ok()),
        [(1, error(1130, b"", b"Host '10.30.1.10' is not allowed to connect to this MySQL server", 0))],
        [(1, greeting())],
        [(0, login()), (0, packet(b"\x03SELECT alone"))],
        START + [(1, error(4031, b"HY000", b"The client was disconnected by the server because of inactivity.", 0))])


def case_rogue():
    return sessions(
        START + ask(3, b"SELECT 1", packet(b"\xfb/etc/passwd", 1)) + [(0, packet(b"root:x:0:0\n" * 900, 2) + packet(b"clerk:x:1:1\n", 3)
                                                                    + packet(b"", 4)), (1, ok(5, 901))],
        START + ask(3, b"SELECT 2", packet(b"\xfb/etc/shadow", 1)) + [(0, packet(b"x" * 5000, 2)[:2000])])


def case_limits():
    many = [(b"k%d" % i, b"v") for i in range(40)]
    turns = START[:1] + [(0, login(attributes=many)), (1, ok(2))]
    for i in range(34):
        turns += ask(22, b"SELECT %d" % i, packet(b"\0" + struct.pack("<IHHBH", i, 0, 0, 0, 0), 1))
    long_query = packet(b"\3SELECT '" + "市".encode() * 5000 + b"'")
    return sessions(turns + [(0, long_query), (1, ok())] + ask(18, b"\4\0\0\0\0\0\2\0\0\0log.1") + [(1, packet(b"\0event", 1))])


def case_wrong():
    return sessions(
        [(1, greeting()), (0, packet(b"\xff\xff\xff\xff\0\0\0\1\x21" + b"\0" * 23 + b"clerk\0\xfa", 1))],
        [(1, greeting()), (0, packet(struct.pack("<I", CAPS | 0x800) + b"\0\0", 1))],
        START + [(0, packet(b""))], START + ask(17, b"root\0\xffab", ok()),
        START + ask(3, b"SELECT 1", packet(b"\2", 1), COLUMN))


def case_lost():
    """Bytes of a long row are missing, then a whole packet."""
    talk = Talk(sport=50000, dport=3306)
    for who, data in START + ask(3, b"SELECT photo FROM people"):
        talk.data(who, data)
    talk.data(1, packet(b"\1", 1) + COLUMN + EOF + packet(b"\xfd" + struct.pack("<I", 4000)[:3] + b"p" * 300, 3)[:60])
    talk.data(1, packet(b"\1" + b"p" * 4000, 4)[:1000])
    talk.seq[1] += 1000
    for _ in range(4):
        talk.send(1, PSH | ACK, b"p" * 500)
    return ETHERNET, [ether(p) for p in talk.packets]
