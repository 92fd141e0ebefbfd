# SPDX-License-Identifier: Apache-2.0
"""MongoDB between a made-up server and its clients: log-on, commands, old operations, damage."""
import struct

from craft import ACK, PSH, Talk, ether
from packets import ETHERNET


def element(name, value):
    key = name.encode() + b"\0"
    if isinstance(value, bool):
        return b"\x08" + key + bytes([value])
    if isinstance(value, float):
        return b"\1" + key + struct.pack("<d", value)
    if isinstance(value, int):
        return (b"\x10" + key + struct.pack("<i", value)) if abs(value) < 1 << 31 else b"\x12" + key + struct.pack("<q", value)
    if isinstance(value, str):
        data = value.encode() + b"\0"
        return b"\2" + key + struct.pack("<I", len(data)) + data
    if isinstance(value, bytes):
        return b"\5" + key + struct.pack("<IB", len(value), 0) + value
    if isinstance(value, dict):
        return b"\3" + key + document(value)
    if isinstance(value, list):
        return b"\4" + key + document({str(i): v for i, v in enumerate(value)})
    return b"\x0a" + key


def document(values, extra=b""):
    body = b"".join(element(k, v) for k, v in values.items()) + extra
    return struct.pack("<I", len(body) + 5) + body + b"\0"


def message(opcode, body, ident=1, answers=0):
    return struct.pack("<IIII", len(body) + 16, ident, answers, opcode) + body


def ask(values, ident, flags=0, sections=b"", extra=b""):
    return message(2013, struct.pack("<I", flags) + b"\0" + document(values, extra) + sections, ident)


def say(values, answers, extra=b""):
    return message(2013, struct.pack("<I", 0) + b"\0" + document(values, extra), answers + 1000, answers)


def listing(name, *documents):
    body = name.encode() + b"\0" + b"".join(map(document, documents))
    return b"\1" + struct.pack("<I", len(body) + 4) + body


def sessions(*several):
    frames = []
    for at, turns in enumerate(several):
        talk = Talk(sport=50000 + at, dport=27017)
        for who, data in turns:
            talk.data(who, data, size=1400)
        talk.close()
        frames += [ether(p) for p in talk.packets]
    return ETHERNET, frames


CLIENT = {"application": {"name": "ledger"}, "driver": {"name": "PyMongo", "version": "4.6"}, "os": {"type": "Linux", "name": "Debian", "architecture": "x"}}
ODD = b"\x09at\0" + b"\0" * 8 + b"\x07id\0" + b"\0" * 12 + b"\x0bre\0a\0i\0" + b"\x11ts\0" + b"\0" * 8 + b"\x13de\0" + b"\0" * 16 + b"\x0djs\0" + \
    struct.pack("<I", 2) + b"x\0" + b"\x7fmax\0" + b"\x01pi\0" + struct.pack("<d", 3.5)


def case_commands():
    sasl = b"n,,n=clerk,r=abcdef"
    return sessions([
        (0, message(2004, struct.pack("<I", 0) + b"admin.$cmd\0" + struct.pack("<ii", 0, -1) + document(
            {"ismaster": 1, "helloOk": True, "client": CLIENT, "speculativeAuthenticate": {"saslStart": 1, "mechanism": "SCRAM-SHA-256", "payload": sasl}}), 1)),
        (1, message(1, struct.pack("<IQII", 8, 0, 0, 1) + document({"ismaster": True, "maxWireVersion": 17, "ok": 1.0}), 9, 1)),
        (0, ask({"saslStart": 1, "mechanism": "SCRAM-SHA-256", "payload": sasl, "$db": "admin"}, 2)), (1, say({"conversationId": 1, "payload": b"r=x", "ok": 1.0}, 2)),
        (0, ask({"saslContinue": 1, "conversationId": 1, "payload": b"c=biws,p=proof", "$db": "admin"}, 3)),
        (1, say({"ok": 0.0, "errmsg": "Authentication failed.", "code": 18, "codeName": "AuthenticationFailed"}, 3)),
        (0, ask({"find": "people", "filter": {"name": "花子"}, "$db": "city"}, 4)),
        (1, say({"cursor": {"firstBatch": [{"n": 1}, {"n": 2}, {"n": 3}], "id": 5_000_000_000, "ns": "city.people"}, "ok": 1.0}, 4)),
        (0, ask({"getMore": 5_000_000_000, "collection": "people", "$db": "city"}, 5)), (1, say({"cursor": {"nextBatch": []}, "ok": 1}, 5)),
        (0, ask({"insert": "people", "ordered": True, "$db": "city"}, 6, sections=listing("documents", {"n": 4}, {"n": 5}))), (1, say({"n": 2, "ok": 1.0}, 6, ODD)),
        (0, ask({"update": "people", "$db": "city"}, 7)), (1, say({"n": 2, "nModified": 1, "writeErrors": [{"index": 0, "code": 11000, "errmsg": "duplicate"}], "ok": True}, 7)),
        (0, ask({"buildInfo": 1, "$db": "admin"}, 8)), (1, say({"version": "6.0.99", "ok": 1.0}, 8)),
        (0, ask({"insert": "log", "$db": "city"}, 9, 2)), (0, ask({"saslStart": 1, "mechanism": "PLAIN", "payload": b"\0clerk\0secret", "$db": "$external"}, 10)),
        (0, ask({"authenticate": 1, "mechanism": "MONGODB-X509", "user": "CN=pc10", "$db": "$external"}, 11))])


def case_old():
    name = b"city.people\0"
    return sessions([
        (0, message(2004, struct.pack("<I", 0) + name + struct.pack("<ii", 0, 0) + document({"name": "x"}), 1)),
        (1, message(1, struct.pack("<IQII", 0, 0, 0, 2) + document({"n": 1}) + document({"n": 2}), 9, 1)),
        (0, message(2005, struct.pack("<I", 0) + name + struct.pack("<iq", 0, 7), 2)), (1, message(1, struct.pack("<IQII", 1, 0, 0, 0), 10, 2)),
        (0, message(2002, struct.pack("<I", 0) + name + document({"n": 3}), 3)), (0, message(2001, struct.pack("<I", 0) + name, 4)),
        (0, message(2006, struct.pack("<I", 0) + name, 5)), (0, message(2007, struct.pack("<IIq", 0, 1, 7), 6)),
        (0, message(2004, struct.pack("<I", 0) + b"city.$cmd\0" + struct.pack("<ii", 0, -1) + document({"$query": {"count": "people"}, "$readPreference": {}}), 7)),
        (1, message(1, struct.pack("<IQII", 8, 0, 0, 1) + document({"n": 3.0, "ok": 1.0}), 11, 7)),
        *[turn for kind in (0, 1, 2, 3, 9) for turn in ((0, message(2012, struct.pack("<IIB", 2013, 90, kind) + b"zzzz", 20 + kind)),
                                                        (1, message(2012, struct.pack("<IIB", 2013, 90, kind) + b"zzzz", 99, 20 + kind)))]],
        [(1, say({"ok": 1.0}, 5))], [(1, message(1, struct.pack("<IQII", 0, 0, 0, 0), 10, 2))])


def case_limits():
    return sessions([(0, b"".join(ask({"ping": 1, "$db": "admin"}, i) for i in range(1, 45)))],
                    [(0, ask({"insert": "photos", "$db": "city"}, 1, sections=listing("documents", {"data": b"p" * 70000}))), (1, say({"n": 1, "ok": 1.0}, 1))])


def case_wrong():
    good = ask({"ping": 1, "$db": "admin"}, 1)
    return sessions([(0, good + message(4242, b"x" * 20))], [(0, good + b"\1\0\0\0" + b"\0" * 20)], [(0, good), (1, say({"ok": 1.0}, 1, b"\x55bad\0"))],
                    [(0, good[:-20] + b"\xff" * 20)], [(0, message(2013, b"\0\0\0\0\0\4\0\0\0\0\0\0\0", 1))], [(0, good[:18])],
                    [(0, message(2013, b"\0\0\0\0\1\xff\xff\xff\xffabcd", 1))])


def case_lost():
    """Bytes of a long document are missing, then a whole reply."""
    talk = Talk(sport=50000, dport=27017)
    talk.data(0, ask({"find": "photos", "$db": "city"}, 1))
    answer = say({"cursor": {"firstBatch": [{"data": b"p" * 70000}]}, "ok": 1.0}, 1)
    talk.data(1, answer[:66000], size=1400)
    talk.seq[1] += 2000
    talk.send(1, PSH | ACK, answer[68000:69000])
    talk.send(1, PSH | ACK, answer[69000:])
    talk.data(0, ask({"ping": 1, "$db": "city"}, 2))
    talk.data(1, say({"ok": 1.0}, 2))
    return ETHERNET, [ether(p) for p in talk.packets]
