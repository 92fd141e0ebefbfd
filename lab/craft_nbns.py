# SPDX-License-Identifier: Apache-2.0
"""NetBIOS messages Samba does not send (RFC 1002 section 4.2), and damaged ones."""
import struct

from craft import CLIENT, SERVER, address, ether, udp
from packets import ETHERNET


def name(text, suffix, scope=b""):
    raw = text.ljust(15)[:15] + bytes([suffix])
    letters = b"".join(bytes([65 + (byte >> 4), 65 + (byte & 15)]) for byte in raw)
    return b"\x20" + letters + b"".join(bytes([len(part)]) + part for part in scope.split(b".") if part) + b"\0"


def message(flags, questions=(), answers=(), additionals=(), ident=0x1234):
    return struct.pack(">HHHHHH", ident, flags, len(questions), len(answers), 0, len(additionals)) + b"".join((*questions, *answers, *additionals))


def question(text, suffix, kind=0x20, scope=b""):
    return name(text, suffix, scope) + struct.pack(">HH", kind, 1)


def record(owner, data, kind=0x20, ttl=300000):
    return owner + struct.pack(">HHIH", kind, 1, ttl, len(data)) + data


def hosts(*addresses, flags=0):
    return b"".join(struct.pack(">H", flags) + address(host) for host in addresses)


def frames(*turns, port=137):
    return ETHERNET, [ether(udp(*((CLIENT, SERVER) if who == 0 else (SERVER, CLIENT)), port, port, data),
                            src=CLIENT if who == 0 else SERVER, dst=SERVER if who == 0 else CLIENT) for who, data in turns]


def case_name_server():
    """With a WINS server: registration of two addresses that waits and is refused, release, refresh; a group of many; a scope."""
    pointer = b"\xc0\x0c"
    return frames(
        (0, message(0x7900, [question(b"DESK7", 0)], (), [record(pointer, hosts(CLIENT, flags=0x6000))])),
        (1, message(0xbc00, (), [record(name(b"DESK7", 0), b"\x79\0", ttl=60)])),
        (1, message(0xad86, (), [record(name(b"DESK7", 0), hosts("10.30.1.99"))])),
        (0, message(0x3010, [question(b"DESK7", 0)], (), [record(pointer, hosts(CLIENT))], ident=2)),
        (0, message(0x4000, [question(b"DESK7", 3)], (), [record(pointer, hosts(CLIENT))], ident=3)),
        (0, message(0x0100, [question(b"TOWN", 0x1c, scope=b"HALL.EXAMPLE")], ident=4)),
        (1, message(0x8580, (), [record(name(b"TOWN", 0x1c, b"HALL.EXAMPLE"), hosts("10.30.1.1", "10.30.1.2", flags=0xe000))], ident=4)),
        (1, message(0x8583, (), [record(name(b"NOBODY", 0x20), b"", 10, 0)], ident=5)))


def case_limits():
    """More addresses, names and records than are kept."""
    status = bytes([200]) + b"".join(b"HOST%-11d" % i + b"\0" + b"\4\0" for i in range(200)) + bytes.fromhex("02000a1e0180") + bytes(40)
    more = struct.pack(">HHHHHH", 8, 0x2810, 1, 0, 0, 20) + question(b"A", 0) + record(b"\xc0\x0c", hosts(CLIENT)) * 20
    return frames((0, message(0x0000, [question(b"*" + bytes(14), 0, 0x21)])),
                  (1, message(0x8400, (), [record(name(b"*" + bytes(14), 0), status, 0x21, 0)])),
                  (1, message(0x8580, (), [record(name(b"TOWN", 0x1c), hosts(*["10.30.1.%d" % i for i in range(60)]))])), (0, more))


def case_damaged():
    """Cut inside a name, a pointer that loops, a long scope, letters that are none."""
    good = message(0x0110, [question(b"FILES", 0x20)])
    long_scope = message(0x0110, [question(b"FILES", 0x20, scope=b".".join([b"x" * 60] * 8))])
    loop = message(0x0110, [question(b"FILES", 0x20)]) + b""
    loop = loop[:11] + b"\1" + loop[12:] + record(b"\xc0\x32", hosts(CLIENT))
    return frames((0, good), (0, good[:30]), (0, long_scope), (0, loop), (0, good.replace(b"EGEJ", b"egej")))
