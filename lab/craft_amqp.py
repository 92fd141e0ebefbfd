# SPDX-License-Identifier: Apache-2.0
"""AMQP 0-9-1 and 1.0 between a made-up broker and its clients."""
import struct

from craft import ACK, PSH, Talk, ether
from packets import ETHERNET


def short(text):
    return bytes([len(text)]) + text


def long(text):
    return struct.pack(">I", len(text)) + text


def table(**fields):
    return long(b"".join(short(k.encode()) + (b"S" + long(v) if isinstance(v, bytes) else v[0] + v[1]) for k, v in fields.items()))


def frame(kind, channel, payload):
    return struct.pack(">BHI", kind, channel, len(payload)) + payload + b"\xce"


def method(channel, klass, number, body=b""):
    return frame(1, channel, struct.pack(">HH", klass, number) + body)


def content(channel, size, kind=b"application/json"):
    return frame(2, channel, struct.pack(">HHQH", 60, 0, size, 0x8000) + short(kind)) + frame(3, channel, b"m" * size)


HEADER = b"AMQP\0\0\x09\x01"
START = method(0, 10, 10, b"\0\x09" + table(product=b"RabbitMQ", version=b"3.10.8", cluster_name=b"rabbit@db", capabilities=(b"F", table(x=(b"t", b"\1"))),
                                            n=(b"I", b"\0\0\0\1"), u=(b"s", b"\0\1"), d=(b"D", b"\0" * 5), l=(b"l", b"\0" * 8), v=(b"V", b""))
               + long(b"PLAIN AMQPLAIN") + long(b"en_US"))
ME = table(product=b"ledger", version=b"2.1", platform=b"Python")
TUNE = method(0, 10, 30, struct.pack(">HIH", 2047, 131072, 60)) + b""
OPEN = method(0, 10, 31, struct.pack(">HIH", 2047, 131072, 60)) + method(0, 10, 40, short(b"/city") + b"\0\0")
LOG_ON = [(0, HEADER), (1, START), (0, method(0, 10, 11, ME + short(b"PLAIN") + long(b"\0clerk\0secret") + short(b"en_US"))), (1, TUNE), (0, OPEN),
          (1, method(0, 10, 41, b"\0")), (0, method(1, 20, 10, b"\0")), (1, method(1, 20, 11, b"\0\0\0\0"))]


def sessions(*several):
    frames = []
    for at, turns in enumerate(several):
        talk = Talk(sport=50000 + at, dport=5672)
        for who, data in turns:
            talk.data(who, data, size=1400)
        talk.close()
        frames += [ether(p) for p in talk.packets]
    return ETHERNET, frames


def case_messages():
    return sessions(LOG_ON + [
        (0, method(1, 50, 10, b"\0\0" + short(b"water") + b"\2" + table())), (1, method(1, 50, 11, short(b"water") + struct.pack(">II", 3, 1))),
        (0, method(1, 40, 10, b"\0\0" + short(b"city") + short(b"topic") + b"\2" + table())), (1, method(1, 40, 11)),
        (0, method(1, 50, 20, b"\0\0" + short(b"water") + short(b"city") + short(b"pump.#") + b"\0" + table())), (1, method(1, 50, 21)),
        (0, method(1, 60, 40, b"\0\0" + short(b"city") + short(b"pump.7") + b"\0") + content(1, 3000)),
        (0, method(1, 60, 20, b"\0\0" + short(b"water") + b"\0\0" + table())), (1, method(1, 60, 21, short(b"ctag-1"))),
        (1, method(1, 60, 60, short(b"ctag-1") + b"\0" * 9 + short(b"city") + short(b"pump.7")) + content(1, 30)), (0, method(1, 60, 80, b"\0" * 9)),
        (0, method(1, 60, 70, b"\0\0" + short(b"water") + b"\0")), (1, method(1, 60, 71, b"\0" * 9 + short(b"city") + short(b"pump.7") + b"\0\0\0\0") + content(1, 9)),
        (0, method(1, 60, 70, b"\0\0" + short(b"water") + b"\0")), (1, method(1, 60, 72, b"\0")), (0, frame(8, 0, b"")),
        (0, method(1, 60, 40, b"\0\0" + short(b"") + short(b"nobody") + b"\1") + content(1, 5)),
        (1, method(1, 60, 50, struct.pack(">H", 312) + short(b"NO_ROUTE") + b"\0" + short(b"nobody")) + content(1, 5)),
        (0, method(1, 60, 30, short(b"ctag-1") + b"\0")), (1, method(1, 60, 31, short(b"ctag-1"))),
        (0, method(1, 50, 10, b"\0\0" + short(b"other") + b"\1" + table())), (1, method(1, 20, 40, struct.pack(">H", 404) + short(b"NOT_FOUND") + b"\0" * 4)),
        (0, method(1, 20, 41)), (0, method(2, 20, 40, struct.pack(">H", 200) + short(b"bye") + b"\0" * 4)),
        (0, method(0, 10, 50, struct.pack(">H", 200) + short(b"Goodbye") + b"\0" * 4)), (1, method(0, 10, 51))])


def case_log_on():
    plain = table(LOGIN=b"clerk", PASSWORD=b"secret")
    return sessions(
        [(0, HEADER), (1, START), (0, method(0, 10, 11, ME + short(b"AMQPLAIN") + plain + short(b"en_US"))), (1, method(0, 10, 20, long(b"?"))),
         (0, method(0, 10, 21, long(b"!"))), (1, method(0, 10, 50, struct.pack(">H", 403) + short(b"ACCESS_REFUSED - Login was refused") + b"\0" * 4))],
        [(0, HEADER), (1, START)], [(0, b"AMQP\0\0\x09\0"), (1, HEADER)], [(1, START)], [(0, method(5, 60, 40, b"\0\0" + short(b"e") + short(b"k") + b"\0"))],
        [(1, method(5, 60, 60, short(b"t") + b"\0" * 9 + short(b"e") + short(b"k")))], [(0, method(1, 50, 10, b"\0\0" + short(b"q") + b"\0" + table()))])


def described(code, *fields):
    body = b"".join(fields)
    return b"\0\x53" + bytes([code]) + b"\xc0" + bytes([len(body) + 1, len(fields)]) + body


def text(value, code=0xa1):
    return bytes([code, len(value)]) + value


def frame10(payload, kind=0, channel=0):
    return struct.pack(">IBBH", len(payload) + 8, 2, kind, channel) + payload


def case_modern():
    sasl, amqp = b"AMQP\3\1\0\0", b"AMQP\0\1\0\0"
    mechanisms = frame10(described(0x40, text(b"PLAIN", 0xa3)), 1)
    big = b"\0\x53\x10\xd0" + struct.pack(">II", 310, 2) + text(b"pump7") + b"\xb1" + struct.pack(">I", 294) + b"h" * 294
    return sessions([
        (0, sasl), (1, sasl + mechanisms), (0, frame10(described(0x41, text(b"PLAIN", 0xa3), text(b"\0clerk\0secret", 0xa0), text(b"mq.city.example")), 1)),
        (1, frame10(described(0x44, b"\x50\0"), 1)), (0, amqp + frame10(described(0x10, text(b"pump7"), text(b"mq.city.example")))),
        (1, amqp + frame10(described(0x10, text(b"broker")))), (0, frame10(described(0x11, b"\x40", b"\x43", b"\x70\0\0\1\0"))),
        (0, frame10(described(0x12, text(b"link-1"), b"\x43", b"\x42", b"\x40", b"\x40", described(0x28, text(b"city.water")), described(0x29, b"\x40")))),
        (0, frame10(described(0x12, text(b"link-2"), b"\x43", b"\x41", b"\x40", b"\x40", described(0x28, text(b"city.gas")), described(0x29, text(b"me"))))),
        (0, frame10(b"")), (0, frame10(big)), (0, frame10(described(0x18, described(0x1d, text(b"amqp:resource-limit-exceeded", 0xa3)))))],
        [(0, sasl), (1, sasl), (1, frame10(described(0x44, b"\x50\1"), 1))],
        [(0, b"AMQP\2\1\0\0"), (1, b"AMQP\2\1\0\0"), (0, b"\x16\3\1\0\5hello")],
        [(0, amqp), (0, frame10(b"\0\0\0")), (0, frame10(b"\0\x53\x10\x99"))], [(0, amqp), (0, b"\0\0\0\4" + b"\0" * 8)])


def case_limits():
    many = b"".join(method(1, 50, 10, b"\0\0" + short(b"q%d" % i) + b"\0" + table()) for i in range(20))
    return sessions(LOG_ON + [(0, many)], LOG_ON + [(0, frame(1, 1, struct.pack(">HH", 50, 10) + b"\0\0" + short(b"q") + b"\0" + b"x" * 9000))])


def case_wrong():
    return sessions(LOG_ON + [(0, b"\x09" + b"\0" * 20)], LOG_ON + [(0, method(1, 50, 10, b"\0\0\1q")[:-1] + b"\0")], LOG_ON + [(1, frame(1, 1, b"\0"))],
                    [(0, HEADER), (1, method(0, 10, 10, b"\0\x09" + long(short(b"bad") + b"?")))])


def case_lost():
    """Bytes of a message are missing, then a whole frame."""
    talk = Talk(sport=50000, dport=5672)
    for who, data in LOG_ON:
        talk.data(who, data)
    message = method(1, 60, 40, b"\0\0" + short(b"city") + short(b"photo") + b"\0") + content(1, 5000)
    talk.data(0, message[:2000])
    talk.seq[0] += 1000
    talk.send(0, PSH | ACK, message[3000:4000])
    talk.send(0, PSH | ACK, message[4000:] + method(1, 60, 40, b"\0\0" + short(b"city") + short(b"next") + b"\0"))
    talk.close()
    return ETHERNET, [ether(p) for p in talk.packets]
