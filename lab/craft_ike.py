# SPDX-License-Identifier: Apache-2.0
"""IKE: main and aggressive mode, SA_INIT with its errors, port 4500, lengths that do not fit."""
import struct

from craft import CLIENT, SERVER, ether, udp
from packets import ETHERNET

ISPI, RSPI = bytes(range(1, 9)), bytes(range(0x11, 0x19))


def payload(following, body):
    return struct.pack(">BBH", following, 0, 4 + len(body)) + body


def chain(*pairs):
    """(first type, bytes) of payloads (type, body)."""
    kinds = [kind for kind, _ in pairs] + [0]
    return kinds[0], b"".join(payload(kinds[at + 1], body) for at, (_, body) in enumerate(pairs))


def message(exchange, pairs, rspi=bytes(8), version=0x10, flags=0, ident=0, raw=None, ispi=ISPI):
    first, body = chain(*pairs) if raw is None else raw
    return ispi + rspi + struct.pack(">BBBBII", first, version, exchange, flags, ident, 28 + len(body)) + body


def to(data, back=False, port=500, marker=False, source=None):
    data = (b"\0\0\0\0" if marker else b"") + data
    return ether(udp(SERVER, CLIENT, port, source or port, data) if back else udp(CLIENT, SERVER, source or port, port, data))


def attribute(kind, value):
    return struct.pack(">HH", 0x8000 | kind, value) if value < 65536 else struct.pack(">HHI", kind, 4, value)


def transform(last, *attributes):
    return payload(0 if last else 3, b"\1\1\0\0" + b"".join(attributes))


def sa(*transforms, spi=b""):
    proposal = struct.pack(">BBBB", 1, 1, len(spi), len(transforms)) + spi + b"".join(transforms)
    return struct.pack(">II", 1, 1) + payload(0, proposal)


def suite(enc=7, hashed=4, auth=1, group=14, last=True):
    return transform(last, attribute(1, enc), attribute(14, 256), attribute(2, hashed), attribute(3, auth), attribute(4, group),
                     attribute(11, 1), attribute(12, 86400))


DPD = bytes.fromhex("afcad71368a1f1c96b8696fc77570100")


def case_main_mode():
    offer = sa(suite(last=False), suite(5, 1, 3, 2))
    return ETHERNET, [to(message(2, [(1, offer), (13, DPD), (13, b"City gateway 3")])),
                      to(message(2, [(1, sa(suite())), (13, DPD)], RSPI), True),
                      to(message(2, [(4, b"K" * 256), (10, b"N" * 20), (20, b"h" * 20), (99, b"")], RSPI)),
                      to(message(2, [(4, b"k" * 256), (10, b"n" * 20)], RSPI), True),
                      to(message(2, [], RSPI, flags=1, raw=(5, b"\x77" * 60)), marker=True, port=4500),
                      to(message(32, [], RSPI, flags=1, ident=9, raw=(8, b"\x77" * 60)), True, marker=True, port=4500),
                      to(b"\xff", port=4500), to(struct.pack(">II", 0xc0000001, 1) + b"e" * 64, port=4500)]


def case_aggressive():
    frames = []
    for at, (kind, value) in enumerate(((2, b"vpn.city.example"), (3, b"clerk@city.example"), (1, b"\x0a\x1e\x01\x0a"), (9, b"\x30\0"), (11, b"group"))):
        spi = bytes([at + 1]) * 8
        frames.append(to(message(4, [(1, sa(suite(1, 1, 65001 if at else 64221, 1))), (4, b"K" * 96), (10, b"N"), (5, bytes([kind, 17, 1, 244]) + value)], ispi=spi)))
        frames.append(to(message(4, [(1, sa(suite(1, 1, 1 if at else 65005, 1), spi=b"1234"))], RSPI, ispi=spi), True))
    long_sa = sa(*[suite(enc=at % 12, hashed=at % 8, auth=at % 13, group=at % 33, last=at == 69) for at in range(70)])
    frames.append(to(message(2, [(1, long_sa)], ispi=b"L" * 8)))
    frames.append(to(message(2, [(1, sa(transform(True, *[attribute(k, 5) for k in range(1, 30)], *[attribute(1, 7)] * 20)))], ispi=b"M" * 8)))
    return ETHERNET, frames


def t2(last, kind, ident, bits=None):
    return payload(0 if last else 3, struct.pack(">BBH", kind, 0, ident) + (struct.pack(">HH", 0x800e, bits) if bits else b""))


def sa2(*transforms):
    return payload(0, struct.pack(">BBBB", 1, 1, 0, len(transforms)) + b"".join(transforms))


STRONG = sa2(t2(False, 1, 20, 256), t2(False, 2, 5), t2(False, 3, 12), t2(False, 4, 31), t2(True, 5, 0))
WEAK = sa2(t2(False, 1, 2), t2(False, 2, 1), t2(False, 3, 1), t2(False, 4, 2), t2(False, 5, 1), t2(True, 9, 9))


def notify(kind, data=b""):
    return struct.pack(">BBH", 0, 0, kind) + data


def case_v2():
    init = message(34, [(33, STRONG), (34, b"\0\x1f\0\0" + b"K" * 32), (40, b"N" * 32), (41, notify(16388, b"x" * 20)), (41, notify(16389)), (41, notify(16430)), (43, b"x" * 80)], version=0x20, flags=8)
    reply = message(34, [(33, STRONG), (34, b"\0\x1f\0\0" + b"k" * 32), (40, b"n" * 32)], RSPI, 0x20, 32)
    auth = message(35, [(46, b"e" * 80)], RSPI, 0x20, 8, 1)
    weak = message(34, [(33, WEAK)], RSPI, 0x20, 32, ispi=b"W" * 8)
    refused = message(34, [(41, notify(14)), (41, notify(17, b"\0\x0e")), (41, notify(12345)), (41, notify(20000))], RSPI, 0x20, 32, ispi=b"R" * 8)
    return ETHERNET, [to(init), to(reply, True), to(auth, port=4500, marker=True), to(message(37, [(53, b"e" * 40)], RSPI, 0x20, 0, 2), True, port=4500, marker=True),
                      to(weak, True, source=501), to(refused, True, source=502)]


def case_null():
    """Integrity without encryption, chosen."""
    chosen = sa2(t2(False, 1, 11), t2(False, 2, 5), t2(False, 3, 12), t2(True, 4, 14))
    return ETHERNET, [to(message(34, [(33, chosen)], RSPI, 0x20, 32), True)]


def case_malformed():
    good = message(2, [(1, sa(suite()))])
    odd = [message(2, [], raw=(1, b"\0\0\0\3")), message(2, [], raw=(13, b"\0\0\1\0xx")), message(2, [(1, b"\0\0\0\1\0")]), message(2, [(1, b"\0\0\0\2")]),
           message(2, [(1, struct.pack(">II", 1, 1) + payload(0, b"\1\1\xff\1"))]), message(2, [(1, sa(payload(0, b"\1\1\0\0\0\1\0\x50")))]),
           message(34, [(33, payload(0, b"\1\1\0\1" + payload(0, b"\1")))], version=0x20, flags=8), message(34, [(41, b"\0")], version=0x20, flags=8),
           message(34, [(33, payload(0, b"\1\1\x50\1"))], version=0x20), good[:-4], b"\1" * 10,
           message(2, [(13, bytes([at])) for at in range(70)]), message(34, [(41, notify(7))] * 70, version=0x20)]
    return ETHERNET, [to(good)] + [to(data) for data in odd]
