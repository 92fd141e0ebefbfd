# SPDX-License-Identifier: Apache-2.0
"""DNP3: polls, events, commands, files, attributes of the device, and frames that are not as they should be."""
import struct

from craft import CLIENT, SERVER, Talk, ether, udp
from packets import ETHERNET

PORT = 20000


def crc(data):
    value = 0
    for octet in data:
        value ^= octet
        for _ in range(8):
            value = value >> 1 ^ (0xa6bc if value & 1 else 0)
    return struct.pack("<H", ~value & 0xffff)


def frame(octets, master=True, control=0x44, src=1, dst=10):
    if not master:
        src, dst = dst, src
    head = b"\x05\x64" + struct.pack("<BBHH", 5 + len(octets), control | (0x80 if master else 0), dst, src)
    blocks = [octets[at:at + 16] for at in range(0, len(octets), 16)]
    return head + crc(head) + b"".join(block + crc(block) for block in blocks)


def segments(message, master=True, size=249, first=0):
    parts = [message[at:at + size] for at in range(0, len(message), size)]
    return b"".join(frame(bytes([(0x40 if i == 0 else 0) | (0x80 if i == len(parts) - 1 else 0) | (first + i) & 63]) + part, master)
                    for i, part in enumerate(parts))


def request(function, objects=b"", sequence=0, control=0xc0):
    return segments(bytes([control | sequence, function]) + objects)


def response(objects=b"", sequence=0, iin=0, function=129, control=0xc0):
    return segments(bytes([control | sequence, function]) + struct.pack(">H", iin) + objects, master=False)


def talk(*exchanges):
    conversation = Talk(dport=PORT)
    for i, (who, data) in enumerate(exchanges):
        conversation.data(who, data, size=1400)
    conversation.close()
    return ETHERNET, [ether(p) for p in conversation.packets]


def time(ms=1_795_248_000_000):
    return struct.pack("<Q", ms)[:6]


CLASSES = b"\x3c\2\6\x3c\3\6\x3c\4\6\x3c\1\6"


def case_poll():
    """An integrity poll that is answered in two segments, then events nobody asked for, confirmed."""
    binaries = b"\1\1\0\0\x0b\xa5\x0c" + b"\1\2\0\0\2\1\x81\x41" + b"\3\1\0\0\4\x1b\1" + b"\3\2\0\0\0\x41" + b"\x0a\1\0\0\7\5" + b"\x0a\2\0\0\1\1\x81"
    counters = b"\x14\1\0\0\0\1\xe8\3\0\0" + b"\x14\2\0\0\0\x61\7\0" + b"\x14\5\0\1\1\1\0\0\0" + b"\x14\6\0\1\1\2\0" + b"\x15\5\0\0\0\1\5\0\0\0" + time() + \
        b"\x15\6\0\0\0\1\6\0" + time() + b"\x15\x0a\0\0\0\6\0"
    analogs = b"\x1e\1\1\0\0\1\0\1" + struct.pack("<i", -421) + b"\1" + struct.pack("<i", 70000) + b"\x1e\2\0\0\0\x21" + struct.pack("<h", -5) + \
        b"\x1e\3\0\0\0" + struct.pack("<i", 9) + b"\x1e\4\0\0\0" + struct.pack("<h", 9) + b"\x1e\5\0\0\0\1" + struct.pack("<f", 2.5) + \
        b"\x1e\6\0\0\0\x41" + struct.pack("<d", 0.125) + b"\x22\1\0\0\0\5\0" + b"\x22\2\0\0\0\5\0\0\0" + b"\x28\2\0\0\0\1\7\0"
    events = b"\2\1\x17\1\3\x81" + b"\2\2\x28\1\0\4\0\x81" + time() + b"\x33\1\7\1" + time() + b"\2\3\x17\1\5\1\x10\0" + b"\4\2\x17\1\1\x81" + time() + b"\4\3\x17\1\1\x41\x20\0" + \
        b"\x16\5\x17\1\2\1\7\0\0\0" + time() + b"\x20\3\x17\1\0\1" + struct.pack("<i", 12) + time() + b"\x20\7\x17\1\0\1" + struct.pack("<f", 1.5) + time() + \
        b"\x2a\2\x17\1\0\1\3\0" + b"\x0b\2\x17\1\0\x81" + time() + b"\x0d\2\x17\1\0\x80" + time() + b"\x2b\3\x17\1\0\0" + struct.pack("<i", 3) + time()
    return talk((0, request(1, CLASSES, 1)), (1, response(binaries + counters + analogs, 1, 0x9000, control=0xe0)), (0, request(0, b"", 1)),
                (1, response(events, 0, 0x0200, 130, 0xf0)), (0, request(0, b"", 0, 0xd0)))


def case_command():
    """Select and operate a breaker, a set point, one that fails, and one that wants no answer."""
    close = b"\x0c\1\x28\1\0\4\0\x41\1" + struct.pack("<II", 250, 500) + b"\0"
    trip = b"\x0c\1\x17\1\5\xb1\2" + struct.pack("<II", 1, 0) + b"\x84"
    point = b"\x29\2\x28\1\0\1\0" + struct.pack("<h", 450) + b"\0" + b"\x29\3\x17\1\2" + struct.pack("<f", 0.5) + b"\0" + b"\x29\4\x17\1\2" + struct.pack("<d", 0.5) + b"\6"
    return talk((0, request(3, close, 2)), (1, response(close, 2)), (0, request(4, close, 3)), (1, response(close, 3)),
                (0, request(5, point, 4)), (1, response(point, 4, 4)), (0, request(6, trip, 5)), (0, request(13, b"", 6)), (1, response(b"\x34\1\7\1\x1e\0", 6, 0x80)),
                (0, request(23, b"", 7)), (1, response(b"\x34\2\7\1\x0a\0", 7)), (0, request(2, b"\x32\1\7\1" + time() + b"\x50\1\0\7\7\0", 8)), (1, response(b"", 8)),
                (0, request(2, b"\x32\4\7\1" + time() + b"\x3c\0\0\0\3", 9)), (1, response(b"", 9, 0x00ff)), (0, request(20, b"\x3c\2\6", 10)), (1, response(b"", 10, 0x6f00)),
                (0, request(18, b"", 11)), (1, response(b"", 11, 1)), (0, request(99, b"", 12)), (0, request(7, b"\x14\0\0\0\3", 13)))


def case_file():
    """A file is opened, read and closed; its directory entry; a name given whole; an authentication."""
    def sized(variation, body):
        return b"\x46" + bytes([variation]) + b"\x5b\1" + struct.pack("<H", len(body)) + body
    name = b"./pumps.cfg"
    opened = struct.pack("<HH", 26, len(name)) + b"\0" * 6 + struct.pack("<HIIHHH", 0o644, 0, 0, 1, 1024, 7) + name
    entry = struct.pack("<HHHI", 20, len(name), 1, 44) + time() + struct.pack("<HH", 0o644, 8) + name
    login = struct.pack("<HHHHI", 12, 3, 15, 4, 0) + b"opssafe"
    return talk((0, request(29, sized(2, login), 0)), (1, response(sized(2, struct.pack("<HHHHI", 12, 0, 12, 0, 77)), 0)),
                (0, request(25, sized(3, opened), 1)), (1, response(sized(4, struct.pack("<IIHHB", 42, 44, 1024, 7, 0)), 1)),
                (0, request(1, sized(5, struct.pack("<II", 42, 0)), 2)), (1, response(sized(5, struct.pack("<II", 42, 1 << 31) + b"pump 1 on\n" * 30), 2)),
                (0, request(2, sized(5, struct.pack("<II", 42, 1)), 3)), (1, response(sized(6, struct.pack("<IIB", 42, 1, 3) + b"read only"), 3)),
                (0, request(26, sized(4, struct.pack("<IIHHB", 42, 0, 0, 8, 0)), 4)), (1, response(sized(4, struct.pack("<IIHHB", 42, 0, 0, 8, 0) + b"ok"), 4)),
                (0, request(28, sized(7, entry), 5)), (1, response(sized(7, entry) + sized(8, b"whole name"), 5)))


def case_device():
    """Attributes of group 0, octet strings, authentication."""
    def attribute(variation, text):
        return b"\0" + bytes([variation]) + b"\0\0\0\1" + bytes([len(text)]) + text
    return talk((0, request(1, b"\0\xfe\6", 1)),
                (1, response(b"".join(attribute(v, t) for v, t in ((252, b"Kasumi Controls"), (250, b"RTU-7"), (248, b"0815"), (242, b"3.1"), (243, b"B"),
                                                                   (245, b"Shirakawa East"), (247, b"pump house"), (246, b"x"))), 1)),
                (0, request(1, b"\x6e\0\0\0\1", 2)), (1, response(b"\x6e\5\0\0\1helloworld" + b"\x3c\1\6", 2)),
                (0, request(32, b"\x78\2\x5b\1\6\0abcdef", 3)), (1, response(b"\x78\1\x5b\1\4\0zzzz", 3, function=131)))


def case_odd():
    """Wrong checksums, segments that do not follow, unknown objects, ranges that run backward, ends too early, many points."""
    good = request(1, CLASSES, 1)
    bad_head = bytearray(good)
    bad_head[9] ^= 1
    bad_block = bytearray(good)
    bad_block[-1] ^= 1
    return talk((0, frame(b"", control=0x49) + bytes(bad_head) + good), (0, bytes(bad_block) + b"\x05\x64\x03\x00garbage\x05" + good),
                (1, frame(b"\x42\xc1\x81\0\0\1\1", master=False)), (1, frame(b"\x05late", master=False)),
                (1, response(b"\xc8\1\0\0\1ab", 1)), (1, response(b"\1\2\0\5\1ab", 1)), (1, response(b"\1\2\x0a", 1)),
                (1, response(b"\1\2\0\0\3\1", 1)), (1, response(b"\1\1\1\0\0\xff\1" + bytes(64), 2)), (1, response(b"\1\1\2" + b"\0\0\0\0\xff\xff\xff\xff", 2)),
                (0, request(1, b"\x3c\2\6" * 70, 3)), (1, frame(b"\xc0\xc1\x81", master=False)), (1, segments(b"\xc1\x81\0\0" + bytes(16400), master=False)))


def case_lost():
    """A segment of the answer is missing."""
    conversation = Talk(dport=PORT)
    for i in range(4):
        conversation.data(0, request(1, CLASSES, i))
        conversation.data(1, response(b"\1\1\0\0\7\x55", i))
    del conversation.packets[9:11]
    return ETHERNET, [ether(p) for p in conversation.packets]


def case_udp():
    """Over UDP; a datagram is cut."""
    return ETHERNET, [ether(udp(CLIENT, SERVER, PORT, PORT, request(1, CLASSES, 1))), ether(udp(SERVER, CLIENT, PORT, PORT, response(b"", 1, 0x8000))),
                      ether(udp(CLIENT, SERVER, PORT, PORT, request(1, CLASSES, 2)[:15])), ether(udp(CLIENT, SERVER, PORT, PORT, request(24, b"", 3)))]
