# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL as few clients speak it: pipelines, GSSAPI, function calls, limits, damage."""
import struct

from craft import Talk, ether
from packets import ETHERNET


def message(kind, body=b""):
    return kind + struct.pack(">I", len(body) + 4) + body


def start(code=0x30000, **parameters):
    body = b"".join(k.encode() + b"\0" + v + b"\0" for k, v in parameters.items())
    return struct.pack(">II", len(body) + (9 if code == 0x30000 else 8), code) + body + (b"\0" if code == 0x30000 else b"")


def sessions(*several):
    frames = []
    for at, turns in enumerate(several):
        talk = Talk(sport=50000 + at, dport=5432)
        for who, data in turns:
            talk.data(who, data, size=1400)
        talk.close()
        frames += [ether(p) for p in talk.packets]
    return ETHERNET, frames


SSL, GSS = start(80877103), start(80877104)
HELLO = start(user=b"clerk", database=b"city")
READY, OK = message(b"Z", b"I"), message(b"R", b"\0\0\0\0")
LOG_ON = [(0, HELLO), (1, OK + message(b"K", b"\0\0\0\7\0\0\0\x09") + READY)]


def parse(text, name=b""):
    return message(b"P", name + b"\0" + text + b"\0\0\0")


def bind(name=b"", parameters=0):
    return message(b"B", b"\0" + name + b"\0\0\0" + struct.pack(">H", parameters) + b"\0\0\0\1x" * parameters + b"\0\0")


EXECUTE, SYNC = message(b"E", b"\0\0\0\0\0"), message(b"S")
ROW = message(b"D", b"\0\1\0\0\0\3abc")


def case_pipeline():
    done = message(b"1") + message(b"2") + message(b"n") + ROW * 3 + message(b"C", b"SELECT 3\0") + READY
    return sessions(LOG_ON + [
        (0, parse(b"SELECT $1", b"s1") + message(b"D", b"Ss1\0") + bind(b"s1", 1) + EXECUTE + EXECUTE + SYNC + bind(b"s1", 1) + EXECUTE + SYNC
         + message(b"C", b"Ss1\0") + message(b"H") + SYNC + message(b"Q", b"SELECT 2\0")),
        (1, done), (1, message(b"2") + message(b"s") + READY + message(b"3") + READY + message(b"I") + READY),
        (0, message(b"F", b"\0\0\0\1\0\0\0\0\0\0")), (1, message(b"V", b"\0\0\0\0") + READY), (0, message(b"X"))])


def case_copy():
    return sessions(LOG_ON + [
        (0, message(b"Q", b"COPY people FROM STDIN\0")), (1, message(b"G", b"\0\0\2\0\0\0\0")), (0, message(b"d", b"1\tx\n") * 5 + message(b"c")),
        (1, message(b"C", b"COPY 5\0") + READY),
        (0, message(b"Q", b"COPY people FROM STDIN\0")), (1, message(b"G", b"\0\0\2\0\0\0\0")), (0, message(b"f", b"no more\0")),
        (1, message(b"E", b"SERROR\0C57014\0MCOPY from stdin failed\0DDetail\0HHint\0P7\0WCOPY people\0spublic\0tpeople\0cname\0nkey\0Zother\0\0") + READY),
        (0, message(b"Q", b"START_REPLICATION\0")), (1, message(b"W", b"\0\0\0") + message(b"d", b"w" * 3000) + message(b"c") + READY)])


def case_encrypt():
    return sessions(
        [(0, GSS), (1, b"N"), (0, SSL), (1, b"N"), (0, HELLO), (1, message(b"R", b"\0\0\0\x07"))], [(0, GSS), (1, b"G"), (0, b"x" * 40)],
        [(0, SSL), (1, b"E" + struct.pack(">I", 40) + b"SFATAL\0C0A000\0Munsupported frontend protocol"[:36])],
        [(0, SSL), (0, b"\x16\3\1\0\5")], [(1, OK + message(b"S", b"TimeZone\0UTC\0") + READY)],
        [(0, HELLO), (1, message(b"R", b"\0\0\0\x0aSCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0")),
         (0, message(b"p", b"SCRAM-SHA-256-PLUS\0\0\0\0\4p=tl")), (1, message(b"R", b"\0\0\0\x0br=a")), (0, message(b"p", b"c=b")),
         (1, message(b"R", b"\0\0\0\x0a" + b"OAUTHBEARER\0\0")), (0, message(b"p", b"OAUTHBEARER\0\xff\xff\xff\xff"))],
        LOG_ON + [(1, message(b"N", b"SNOTICE\0\0") + message(b"E", b"SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0\0"))])


def case_limits():
    many = {f"option{i}": b"x" for i in range(80)}
    text = "市".encode() * 3000
    prepared = b"".join(parse(b"SELECT %d" % i, b"s%d" % i) + SYNC for i in range(20))
    return sessions(
        [(0, start(user=b"clerk", **many)), (1, OK + b"".join(message(b"S", b"p%d\0v\0" % i) for i in range(80)) + READY)],
        LOG_ON + [(0, message(b"Q", text + b"\0") + parse(text) + SYNC), (1, READY * 2), (0, prepared), (1, READY * 20),
                  (0, message(b"Q", b"SELECT 1\0") * 40)])


def case_wrong():
    return sessions(
        LOG_ON + [(0, message(b"y"))], LOG_ON + [(1, b"?\0\0\0\4")], LOG_ON + [(0, b"Q\0\0\0\1")], LOG_ON + [(1, b"Z\xff\xff\xff\xff")],
        [(0, HELLO), (1, message(b"R", b"\0\0\0\x63"))], [(0, SSL), (1, b"N"), (0, b"\0\0\0\2xx")], [(0, SSL), (1, b"N"), (0, b"\0\0\0\x08\0\1\0\0")],
        LOG_ON + [(0, message(b"Q", b"SELECT 1\0")), (1, message(b"K", b"\0"))], [(0, start(0xff00ff)), (1, b"N")])
