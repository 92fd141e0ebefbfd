# SPDX-License-Identifier: Apache-2.0
"""EtherNet/IP with CIP: identities, tags read and written, a controller stopped, refusals, and broken messages."""
import struct

from craft import CLIENT, SERVER, Talk, address, ether, udp
from packets import ETHERNET

PORT = 44818


def header(command, data=b"", session=0x11, status=0, context=b"\0" * 8, options=0):
    return struct.pack("<HHII", command, len(data), session, status) + context + struct.pack("<I", options) + data


def rr(cip, number=1, session=0x11):
    items = struct.pack("<IHHHHHH", 0, 5, 2, 0, 0, 0xb2, len(cip)) + cip
    return header(0x6f, items, session, context=struct.pack("<Q", number))


def unit(cip, sequence, connection=0x8001):
    items = struct.pack("<IHHHHIHHH", 0, 0, 2, 0xa1, 4, connection, 0xb1, len(cip) + 2, sequence) + cip
    return header(0x70, items)


def path(class_=None, instance=None, attribute=None):
    parts = b"".join(bytes([kind, value]) for kind, value in ((0x20, class_), (0x24, instance), (0x30, attribute)) if value is not None)
    return bytes([len(parts) // 2]) + parts


def symbol(*names):
    parts = b"".join(b"\x91" + bytes([len(n)]) + n + (b"\0" if len(n) & 1 else b"") for n in names)
    return bytes([len(parts) // 2]) + parts


def ok(service, data=b"", status=0, extended=b""):
    return bytes([service | 0x80, 0, status, len(extended) // 2]) + extended + data


def multiple(*messages):
    offset, offsets = 2 + 2 * len(messages), b""
    for message in messages:
        offsets += struct.pack("<H", offset)
        offset += len(message)
    return struct.pack("<H", len(messages)) + offsets + b"".join(messages)


IDENTITY = struct.pack("<HHHBBHI", 1, 14, 54, 20, 11, 0x3160, 0x006c061a) + b"\x0a1756-L61/B"


def identity_item(name=b"1756-EN2T/B"):
    body = struct.pack("<H", 1) + struct.pack(">HH", 2, PORT) + address(SERVER) + bytes(8) + \
        struct.pack("<HHHBBHI", 1, 12, 166, 5, 8, 0x30, 0x524d8e) + bytes([len(name)]) + name + b"\3"
    return struct.pack("<HHH", 1, 0x0c, len(body)) + body


def talk(*sent):
    conversation = Talk(dport=PORT)
    for who, data in sent:
        conversation.data(who, data, size=1400)
    conversation.close()
    return ETHERNET, [ether(p) for p in conversation.packets]


def case_tags():
    """A session: who is there, identity, tags read and written over a connection, several services at once."""
    services = struct.pack("<HHHHH", 1, 0x100, 20, 1, 0x120) + b"Communications\0\0"
    opened = b"\6\x28" + struct.pack("<IIHHIB", 0x80000002, 0x80000001, 0x71, 0x4d, 4321, 3) + bytes(3) + struct.pack("<IHIHB", 2000000, 0x43f4, 2000000, 0x43f4, 0xa3) + \
        b"\3\1\0\x20\2\x24\1"
    both = multiple(b"\x4c" + symbol(b"Level", b"East") + b"\1\0", b"\x4d" + symbol(b"Pump1") + b"\xc1\0\1\0\1", b"\x0e" + path(1, 1, 7))
    return talk(
        (0, header(4, session=0)), (1, header(4, services, session=0)),
        (0, header(0x63, session=0)), (1, header(0x63, identity_item(), session=0)),
        (0, header(0x65, b"\1\0\0\0", session=0)), (1, header(0x65, b"\1\0\0\0")),
        (0, rr(b"\1" + path(1, 1), 1)), (1, rr(ok(1, IDENTITY), 1)),
        (0, rr(b"\x54" + path(6, 1) + opened, 2)), (1, rr(ok(0x54, struct.pack("<IIHHI", 1, 2, 0x71, 0x4d, 4321)), 2)),
        (0, unit(b"\x4c" + symbol(b"Level") + b"\1\0", 1)), (1, unit(ok(0x4c, b"\xc4\0\x10\0\0\0"), 1)),
        (0, unit(b"\x4d" + symbol(b"SetPoint") + b"\xc4\0\1\0" + bytes(80), 2)), (1, unit(ok(0x4d), 2)),
        (0, unit(b"\x0a" + path(2, 1) + both, 3)), (1, unit(ok(0x0a, multiple(ok(0x4c, b"\xc4\0\1\0\0\0"), ok(0x4d, status=0xf), ok(0x0e, b"x"))), 3)),
        (0, unit(b"\x10" + path(4, 100, 3) + b"\1\2\3", 4)), (1, unit(ok(0x10, status=0x0e), 4)),
        (0, rr(b"\x4e" + path(6, 1) + b"\6\x28\x71\0\x4d\0\0\0\0\0", 5)), (1, rr(ok(0x4e), 5)),
        (0, header(0)), (0, header(0x66)))


def case_control():
    """Through a route: the controller is stopped, restarted; an older one is put in another mode; refusals."""
    def routed(message):
        return b"\x52" + path(6, 1) + b"\6\x9c" + struct.pack("<H", len(message)) + message + (b"\0" if len(message) & 1 else b"") + b"\1\0\1\0"

    def pccc(command, function, data=b""):
        return b"\x4b" + path(0x67, 1) + b"\7\1\0\x11\x22\x33\x44" + bytes([command, 0, 1, 0, function]) + data
    steps = (routed(b"\7" + path(0x8e, 1)), routed(b"\6" + path(0x8e, 1)), b"\5" + path(1, 1) + b"\0", routed(pccc(0x0f, 0x80, b"\1")), pccc(0x0f, 0xaa, b"abc"),
             pccc(6, 3), pccc(8, 0), pccc(0x0f, 0xee), b"\x54" + path(6, 1) + bytes(36), b"\x4c\x07\x21\0\x6b\0\x25\0\2\1\x28\7\x2c\1\x3c\1",
             b"\x0e\x0b\x34\4\1\0\2\0\3\0\4\5\x11\2ab\x80\1\0\0\x26\0\1\0\0\0", b"\x0e\2\x91\1a\0" + b"\0\0", b"\x0e\1\xe0\0", b"\x66" + path(0x99, 1), b"\x0e\2\x0f\7\0\1")
    errors = (ok(7), ok(6, status=0x10), ok(5), ok(0x52, status=1, extended=b"\4\2"), ok(0x4b), ok(0x4b), ok(0x4b), ok(0x4b), ok(0x54, status=1, extended=b"\0\1"),
              ok(0x4c, status=5, extended=b"\0\0"), ok(0x0e, status=8), ok(0x0e, status=4, extended=b"\1\2\3\4"), ok(0x0e, status=0x77), ok(0x66, status=0xff), ok(0x0e, status=0x26))
    sent = []
    for i, step in enumerate(steps):
        sent += [(0, rr(step, i)), (1, rr(errors[i], i))]
    return talk(*sent, (0, header(0x65, b"\2\0\0\0", session=0, options=0)), (1, header(0x65, b"\1\0\0\0", session=0, status=0x69)),
                (0, header(0x64)), (1, header(0x64, b"\0\0")), (0, header(0x73, options=4)), (1, header(0x73, status=0x1234, options=9)))


def case_odd():
    """Answers nobody asked for, offsets that run backward, paths that end early, a header that is none."""
    offsets = struct.pack("<HHH", 2, 6, 5)
    return talk((0, rr(b"\x0a" + path(2, 1) + offsets + b"\x0e\0", 1)), (1, rr(ok(0x0a, b"\xff\0\0\0"), 1)),
                (0, rr(b"\x0a" + path(2, 1) + multiple(*[b"\x0e" + path(1, 1)] * 70), 2)), (1, rr(ok(0x0e), 9)),
                (0, rr(b"\x0e\x09\x20\1", 3)), (1, rr(b"\x8e\0", 3)), (0, rr(b"\x0e\x28" + b"\x20\1" * 40, 4)), (1, header(0x6f, b"\0" * 6 + b"\2\0\0\0", context=struct.pack("<Q", 4))),
                (0, rr(b"\x52" + path(6, 1) + b"\6\x9c\xff\0\1", 5)), (0, rr(b"\x4b" + path(0x67, 1) + b"\0", 6)), (0, header(0x63)), (1, header(0x63, b"\1\0\x0c\0\2\0\1\0")),
                (0, header(4)), (1, header(4, b"\1\0\0\1\1\0\1")), (0, b"GET / HTTP/1.0\r\n\r\n" + bytes(20)))


def case_lost():
    """A segment is missing on both sides; messages go on with the next packet."""
    conversation = Talk(dport=PORT)
    for i in range(6):
        conversation.data(0, rr(b"\x0e" + path(1, 1, i), i))
        conversation.data(1, rr(ok(0x0e, b"\0\0"), i))
    del conversation.packets[11:15]
    return ETHERNET, [ether(p) for p in conversation.packets]


def case_discovery():
    """ListIdentity to everybody; two devices answer."""
    ask = header(0x63, session=0, context=b"ask\0\0\0\0\0")
    frames = [ether(udp(CLIENT, "10.30.1.255", 50100, PORT, ask))]
    for host, name in (("10.30.1.80", b"1756-EN2T/B"), ("10.30.1.81", b"PowerFlex 525")):
        frames.append(ether(udp(host, CLIENT, PORT, 50100, header(0x63, identity_item(name), session=0))))
    frames.append(ether(udp(CLIENT, "10.30.1.255", 50100, PORT, ask + b"x")))
    return ETHERNET, frames


def case_other_port():
    """Content alone tells, also from the middle."""
    conversation = Talk(dport=50000, handshake=False)
    conversation.data(0, rr(b"\x0e" + path(1, 1, 7), 1))
    conversation.data(1, rr(ok(0x0e, b"\0\0"), 1))
    return ETHERNET, [ether(p) for p in conversation.packets]
