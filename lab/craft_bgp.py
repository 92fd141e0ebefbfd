# SPDX-License-Identifier: Apache-2.0
"""BGP: a session with updates and a shutdown, odd capabilities, damage, endless notifications."""
import struct

from craft import Talk, address, ether
from packets import ETHERNET

MARKER = b"\xff" * 16


def message(kind, body=b"", length=None):
    return MARKER + struct.pack(">HB", 19 + len(body) if length is None else length, kind) + body


def open_message(system, router, *capabilities, extended=False):
    each = b"".join(bytes([code, len(value)]) + value for code, value in capabilities)
    options = (struct.pack(">BH", 2, len(each)) if extended else bytes([2, len(each)])) + each if capabilities else b""
    size = b"\xff\xff" + struct.pack(">H", len(options)) if extended else bytes([len(options)])
    return message(1, struct.pack(">BHH", 4, min(system, 23456), 180) + address(router) + size + options)


def update(announced=(), withdrawn=(), attributes=b"\x40\x01\x01\0"):
    def prefixes(some):
        return b"".join(bytes([bits]) + address(net)[:(bits + 7) // 8] for net, bits in some)
    gone = prefixes(withdrawn)
    return message(2, struct.pack(">H", len(gone)) + gone + struct.pack(">H", len(attributes)) + attributes + prefixes(announced))


USUAL = ((1, b"\0\1\0\1"), (2, b""), (64, b"\0\x78"), (65, struct.pack(">I", 4200000001)), (73, b"\2r1\0"), (200, b""))


def frames(*talks):
    return ETHERNET, [ether(p) for talk in talks for p in talk.packets]


def case_session():
    talk = Talk(sport=50040, dport=179)
    talk.data(0, open_message(4200000001, "10.255.0.1", *USUAL), 20)
    talk.data(1, open_message(64501, "10.255.0.2") + message(4))
    talk.data(0, message(4) + update([("10.7.0.0", 16), ("192.0.2.128", 25)]) + message(4))
    talk.data(1, update(withdrawn=[("10.7.0.0", 16)], attributes=b"\x90\x0e\0\5\0\2\1\0\0\x80\x0f\3\0\2\1") + message(5, b"\0\1\0\1"))
    talk.data(0, message(3, b"\6\2\x10Router replaced!"))
    talk.close()
    return frames(talk)


def case_odd():
    many, bad, old = Talk(sport=50041, dport=179), Talk(sport=50042, dport=179), Talk(sport=50043, dport=50044)
    many.data(0, open_message(1, "10.255.0.1", *[(at, b"") for at in range(1, 41)], extended=True) + message(3, b"\x63\1") + message(3, b"\6\4\0") + message(3, b"\2\6"))
    many.data(1, message(3, b"\6\4\x50x") + message(1, b"\4\0") + update(attributes=b"\x40\x01\x09\0") + message(9) + message(1, b"\4\0\1\0\xb4\1\2\3\4\x05\2\3\x01\x09\0"))
    bad.data(0, message(4) + b"\0" * 30)
    bad.data(1, message(4, length=3))
    old.data(0, message(4) + b"".join(message(3, b"\6\1") for _ in range(80)))
    for talk in (many, bad, old):
        talk.close()
    return frames(many, bad, old)
