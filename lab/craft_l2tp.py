# SPDX-License-Identifier: Apache-2.0
"""L2TP control messages: a tunnel and a call, version 3, hidden and broken parts, floods."""
import struct

from craft import CLIENT, SERVER, ether, udp
from packets import ETHERNET


def avp(kind, value, vendor=0, bits=0x8000, size=None):
    return struct.pack(">HHH", bits | (6 + len(value) if size is None else size), vendor, kind) + value


def message(kind, *parts, tunnel=0, session=0, version=2, length=None):
    body = (avp(0, struct.pack(">H", kind)) if kind else b"") + b"".join(parts)
    ids = struct.pack(">I", tunnel) if version == 3 else struct.pack(">HH", tunnel, session)
    return struct.pack(">BBH", 0xc8, version, 12 + len(body) if length is None else length) + ids + struct.pack(">HH", 0, 0) + body


def to(data, back=False, port=1701):
    return ether(udp(SERVER, CLIENT, 1701, port, data) if back else udp(CLIENT, SERVER, port, 1701, data))


def case_tunnel():
    who = [avp(2, b"\1\0"), avp(7, b"pc10"), avp(8, b"Sample vendor"), avp(9, b"\0\x11")]
    return ETHERNET, [to(message(1, *who, avp(11, b"c" * 16))), to(message(2, avp(7, b"gw.city.example"), avp(9, b"\0\x22"), tunnel=0x11), True), to(message(3, tunnel=0x22)),
                      to(message(10, avp(14, b"\0\5"), avp(21, b"5501"), avp(22, b"5502"), tunnel=0x22)), to(message(11, avp(14, b"\0\6"), tunnel=0x11, session=5), True),
                      to(message(12, avp(30, b"tanaka"), avp(33, b"secret", bits=0xc000), avp(1, b"x", 9), tunnel=0x22, session=6)), to(message(6, tunnel=0x22)), to(message(0, tunnel=0x11), True),
                      to(message(14, avp(1, b"\0\2\0\6Bye"), tunnel=0x22, session=6)), to(message(4, avp(1, b"\0\1"), avp(9, b"\0\x11"), tunnel=0x22)), to(message(99, tunnel=0x22))]


def case_version3():
    return ETHERNET, [to(message(1, avp(7, b"r1"), avp(61, struct.pack(">I", 0xaabbccdd)), version=3), port=1702), to(message(10, avp(63, struct.pack(">I", 77)), tunnel=5, version=3), True, 1702)]


def case_odd():
    return ETHERNET, [to(message(1, avp(7, b"x"))), to(message(1, avp(7, b"x", size=3))), to(message(1, avp(9, b"x"))), to(message(1, length=900)), to(b"\xc8\x09\0\x0c" + bytes(8)), to(b"\x80\2")] + \
        [to(message(1, avp(7, b"h%d" % at))) for at in range(260)]
