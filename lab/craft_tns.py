# SPDX-License-Identifier: Apache-2.0
"""Oracle TNS between a made-up listener and its clients."""
import struct

from craft import ACK, PSH, Talk, ether
from packets import ETHERNET

ASK = b"(DESCRIPTION=(CONNECT_DATA=(SERVICE_NAME=CITY.example)(CID=(PROGRAM=C:\\ledger.exe)(HOST=PC10)(USER=yamada)))" \
      b"(ADDRESS=(PROTOCOL=TCP)(HOST=10.30.1.80)(PORT=1521)))"


def packet(kind, body=b"", large=False):
    size = len(body) + 8
    return (struct.pack(">I", size) if large else struct.pack(">HH", size, 0)) + bytes([kind, 0, 0, 0]) + body


def connect(text=ASK, version=312, inside=True):
    body = struct.pack(">HHHHHHHHHHI", version, 300, 0xc41, 8192, 65535, 0x4f98, 0, 1, len(text), 58, 2048) + b"\x41\x41" + b"\0" * 24
    return packet(1, body[:50] + (text if inside else b"")) + (b"" if inside else packet(6, b"\0\0" + text))


def accept(version=312):
    return packet(2, struct.pack(">HHHHHHH", version, 0x801, 8192, 32767, 1, 0, 32) + b"\0" * 10)


def sessions(*several):
    frames = []
    for at, turns in enumerate(several):
        talk = Talk(sport=50000 + at, dport=1521)
        for who, data in turns:
            talk.data(who, data, size=1400)
        talk.close()
        frames += [ether(p) for p in talk.packets]
    return ETHERNET, frames


def call(text, large=False):
    return packet(6, b"\0\0\3\x5e\x07\2\x80\x61" + b"\0\1\1" + bytes([len(text) & 0xff]) + text + b"\1\1\0\0", large)


def case_statements():
    turns = [(0, call(b"SELECT name FROM people WHERE id = :1")), (1, packet(6, b"\0\0\x10\x17rows")),
             (0, call(b"select * from nothing")), (1, packet(6, b"\0\0\4\1\1ORA-00942: table or view does not exist\n\0")),
             (0, packet(6, b"\0\0\3\x05\x01")), (0, call(b"BEGIN " + b"x := 1; " * 700 + b"END;")), (1, packet(6, b"\0\0\x08\1"))]
    big = [(0, connect(version=318)), (1, accept(318)), (0, call(b"DROP TABLE people", True)), (1, packet(6, b"\0\0\x08\1", True))]
    return sessions([(0, connect()), (1, accept()), (0, packet(6, b"\0\0\xde\xad\xbe\xef\0\x20")), (1, packet(6, b"\0\0\xde\xad\xbe\xef"))] + turns, big,
                    [(0, connect()), (1, accept()), (0, call(b"DELETE FROM people"))])


def case_answers():
    refusal = b"(DESCRIPTION=(TMP=)(VSNNUM=318767104)(ERR=12514)(ERROR_STACK=(ERROR=(CODE=12514)(EMFI=4))))"
    moved = b"(ADDRESS=(PROTOCOL=tcp)(HOST=db2.city.example)(PORT=1526))"
    return sessions(
        [(0, connect(ASK.replace(b"SERVICE_NAME=CITY.example", b"SID=ORCL"))), (1, packet(4, b"\x22\0" + struct.pack(">H", len(refusal)) + refusal))],
        [(0, connect(ASK + b" " * 300, inside=False)), (1, packet(5, struct.pack(">H", len(moved)) + moved))],
        [(0, connect()), (1, packet(5, struct.pack(">H", len(moved)))), (1, packet(6, b"\0\0" + moved))],
        [(0, connect()), (1, packet(11)), (0, connect()), (1, accept())],
        [(0, connect(b"(CONNECT_DATA=(COMMAND=status))")), (1, packet(12, b"\1\0\2"))])


def case_wrong():
    return sessions(
        [(0, connect()), (1, accept()), (0, b"\0\4\0\0\6\0\0\0")], [(0, connect()), (1, b"\0\x20\0\0\x63\0\0\0" + b"x" * 30)],
        [(0, connect(b"(" * 40 + b"A=(B=" * 30 + b")" * 99))], [(0, connect(b"(DESCRIPTION"))], [(0, connect()[:20])], [(0, connect())])


def case_lost():
    talk = Talk(sport=50000, dport=1521)
    for who, data in ((0, connect()), (1, accept()), (0, call(b"SELECT photo FROM people"))):
        talk.data(who, data)
    answer = packet(6, b"\0\0" + b"p" * 9000)
    talk.data(1, answer[:5000])
    talk.seq[1] += 1000
    talk.send(1, PSH | ACK, answer[6000:7400])
    talk.send(1, PSH | ACK, answer[7400:])
    talk.data(0, call(b"COMMIT "))
    talk.seq[1] += 30
    talk.send(1, PSH | ACK, b"?" * 20)
    return ETHERNET, [ether(p) for p in talk.packets]
