# SPDX-License-Identifier: Apache-2.0
"""BACnet/IP: discovery, properties read and written, changes of value, restarts, routing, segments, refusals, damage."""
import struct

from craft import CLIENT, SERVER, address, ether, udp
from packets import ETHERNET

PORT, EVERYBODY = 47808, "10.30.1.255"


def bvlc(function, body=b""):
    return struct.pack(">BBH", 0x81, function, 4 + len(body)) + body


def tag(number, content, context=True):
    size = len(content)
    head = bytes([number << 4 | (8 if context else 0) | (size if size < 5 else 5)])
    return head + (b"" if size < 5 else bytes([size]) if size < 254 else b"\xfe" + struct.pack(">H", size)) + content


def app(number, content):
    return tag(number, content, False)


def object_id(kind, instance):
    return struct.pack(">I", kind << 22 | instance)


def inside(number, content):
    return bytes([number << 4 | 14]) + content + bytes([number << 4 | 15])


def text(value, charset=0):
    return app(7, bytes([charset]) + value)


def ask(service, invoke, body=b"", head=0):
    return bvlc(10, b"\1\4" + bytes([head, 4, invoke, service]) + body)


def tell(service, body=b"", function=11, network=b"\1\0"):
    return bvlc(function, network + bytes([0x10, service]) + body)


def ack(service, invoke, body=b""):
    return bvlc(10, b"\1\0" + bytes([0x30, invoke, service]) + body)


def simple(service, invoke):
    return bvlc(10, b"\1\0" + bytes([0x20, invoke, service]))


def error(service, invoke, kind, code):
    return bvlc(10, b"\1\0" + bytes([0x50, invoke, service]) + app(9, bytes([kind])) + app(9, bytes([code])))


def frames(*sent):
    out = []
    for who, data in sent:
        ends = ((CLIENT, SERVER), (SERVER, CLIENT), (CLIENT, EVERYBODY), (SERVER, EVERYBODY))[who]
        out.append(ether(udp(*ends, PORT, PORT, data)))
    return ETHERNET, out


def reference(kind, instance, prop, index=None):
    return tag(0, object_id(kind, instance)) + tag(1, bytes([prop])) + (tag(2, bytes([index])) if index is not None else b"")


def case_discovery():
    """Who is there: devices, objects by name, time, text, routers, foreign devices."""
    i_am = app(12, object_id(8, 4711)) + app(2, b"\x05\xc4") + app(9, b"\3") + app(2, b"\7")
    routed = b"\1\x28\xff\xff\0" + struct.pack(">H", 5) + b"\1\x21\xfe"
    return frames(
        (2, tell(8)), (3, tell(0, i_am)), (2, tell(8, tag(0, b"\1") + tag(1, b"\xff\xff"))), (3, tell(0, i_am, 11, routed)),
        (2, tell(7, tag(2, object_id(0, 5)))), (2, tell(7, tag(0, b"\1") + tag(1, b"\2") + tag(3, b"\0Pump"))),
        (3, tell(1, app(12, object_id(8, 4711)) + app(12, object_id(0, 5)) + text(b"Pump"))),
        (2, tell(6, app(10, b"\x7e\x0b\x15\6") + app(11, b"\x08\0\x05\0"))), (2, tell(9, app(10, b"\x7e\x0b\x15\6") + app(11, b"\x08\0\x0f\x32"))),
        (2, tell(5, tag(0, object_id(8, 1)) + inside(1, app(2, b"\1")) + tag(2, b"\0") + tag(3, b"\0level is high"))),
        (2, tell(4, tag(0, b"\7") + tag(1, b"\x2a"))), (2, tell(10)), (2, tell(99)),
        (2, tell(8, b"", 10, b"\1\x20\0\5\1\x0c\xff")), (2, bvlc(11, b"\1\x80\0\0\5")), (3, bvlc(11, b"\1\x80\1\0\5")), (2, bvlc(11, b"\1\x80\x99\0\7")),
        (0, bvlc(5, struct.pack(">H", 600))), (1, bvlc(0, b"\0\x30")), (0, bvlc(2)), (1, bvlc(3, bytes(10))),
        (1, bvlc(4, address("10.30.2.9") + b"\xba\xc0\1\0\x10\x08")), (0, bvlc(9, b"\1\0\x10\x08")))


def case_values():
    """Properties of every kind read, one by one and several at once; errors among them."""
    values = ((77, text(b"Pump 1")), (77, text("水".encode("utf-16-be"), 4)), (85, app(4, struct.pack(">f", 42.5))), (85, app(5, struct.pack(">d", -0.25))), (111, app(8, b"\4\x50")),
              (36, app(9, b"\2")), (117, app(9, b"\x3e")), (81, b"\x11"), (87, b"\0"), (85, app(2, b"\1\0")), (85, app(3, b"\xff\x38")), (112, app(9, b"\1")), (103, app(9, b"\4")),
              (56, app(10, b"\x7e\x0b\x15\6")), (57, app(11, b"\x08\x0a\x1e\0")), (155, app(6, b"\1\2\3")), (85, app(9, b"\1")), (28, text(b"")), (255, app(13, b"?")), (107, app(9, b"\x63")))
    sent = []
    for i, (prop, value) in enumerate(values):
        kind = 4 if value == app(9, b"\1") and prop == 85 else 0
        sent += [(0, ask(12, i, reference(kind, 5, prop, 3 if i == 4 else None))), (1, ack(12, i, reference(kind, 5, prop, 3 if i == 4 else None) + inside(3, value)))]
    several = tag(0, object_id(8, 4711)) + inside(1, tag(0, b"\x4d") + tag(0, b"\x79") + tag(0, b"\x57") + tag(1, b"\1")) + tag(0, object_id(2, 9)) + inside(1, tag(0, b"\x55"))
    answer = tag(0, object_id(8, 4711)) + inside(1, tag(2, b"\x4d") + inside(4, text(b"Station East")) + tag(2, b"\x79") + inside(4, text(b"Kasumi")) + tag(2, b"\x57") + tag(3, b"\1") +
                                                 inside(5, app(9, b"\2") + app(9, b"\x20"))) + tag(0, object_id(2, 9)) + inside(1, tag(2, b"\x55") + inside(4, app(4, bytes(4))))
    sent += [(0, ask(14, 100, several)), (1, ack(14, 100, answer)), (0, ask(26, 101, reference(20, 1, 131))), (1, ack(26, 101, b"\0"))]
    log = reference(8, 1, 76) + inside(3, b"".join(app(12, object_id(0, i)) for i in range(520)))
    return frames(*sent, (0, ask(12, 102, reference(8, 1, 76))), (1, ack(12, 102, log)))


def case_control():
    """What changes a building: writes, restarts, silence, subscriptions, files; refusals of each kind."""
    write = reference(1, 2, 85) + inside(3, app(4, struct.pack(">f", 100))) + tag(4, b"\x08")
    writes = tag(0, object_id(1, 2)) + inside(1, tag(0, b"\x55") + inside(2, b"\0") + tag(3, b"\x08")) + tag(0, object_id(4, 1)) + inside(1, tag(0, b"\x55") + tag(1, b"\2") + inside(2, app(9, b"\1")))
    change = tag(0, b"\1") + tag(1, object_id(8, 4711)) + tag(2, object_id(0, 5)) + tag(3, b"\x3c") + inside(4, tag(0, b"\x55") + inside(2, app(4, bytes(4))) + tag(0, b"\x6f") + inside(2, app(8, b"\4\0")))
    return frames(
        (0, ask(15, 1, write)), (1, simple(15, 1)), (0, ask(15, 2, write)), (1, error(15, 2, 2, 40)), (0, ask(16, 3, writes)), (1, simple(16, 3)),
        (0, ask(20, 4, tag(0, b"\0") + tag(1, b"\0secret"))), (1, error(20, 4, 4, 26)), (0, ask(20, 5, tag(0, b"\1"))), (1, simple(20, 5)),
        (0, ask(17, 6, tag(0, b"\5") + tag(1, b"\1") + tag(2, b"\0secret"))), (1, bvlc(10, b"\1\0\x60\6\x09")), (0, ask(17, 7, tag(1, b"\x09"))), (1, bvlc(10, b"\1\0\x71\7\x04")),
        (0, ask(5, 8, tag(0, b"\1") + tag(1, object_id(0, 5)) + tag(2, b"\1") + tag(3, b"\x78"))), (1, simple(5, 8)), (1, ask(1, 9, change)), (0, simple(1, 9)), (1, tell(2, change, 10)),
        (0, ask(7, 10, app(12, object_id(10, 1)) + inside(0, app(3, b"\0") + app(6, b"config")))), (1, ack(7, 10, tag(0, b"\0"))), (0, ask(11, 11, app(12, object_id(6, 1)))), (1, bvlc(10, b"\1\0\x60\x0b\x77")),
        (0, ask(18, 12, tag(0, b"\x0a") + tag(1, b"\2"))), (1, bvlc(10, b"\1\0\x50\x0c\x12" + inside(0, app(9, b"\5") + app(9, b"\x99")) + tag(1, b"\x0a"))),
        (0, ask(19, 13, tag(0, object_id(8, 2)) + tag(2, b"\1") + tag(3, b"\0go home"))), (1, bvlc(10, b"\1\0\x71\x0d\x99")), (0, ask(29, 14)), (1, error(29, 14, 99, 250)), (0, ask(12, 15, reference(0, 1, 85))))


def case_segments():
    """An answer in three segments, one of them sent twice; one that loses a segment; an acknowledgement."""
    body = reference(8, 254, 76) + inside(3, b"".join(app(12, object_id(0, i)) for i in range(60)))

    def segment(invoke, number, data, more=True):
        return bvlc(10, b"\1\0" + bytes([0x38 | (4 if more else 0), invoke, number, 4, 12]) + data)
    return frames((0, ask(12, 1, reference(8, 254, 76), 2)), (1, segment(1, 0, body[:100])), (0, bvlc(10, b"\1\0\x40\1\0\4")), (1, segment(1, 1, body[100:200])), (1, segment(1, 1, body[100:200])),
                  (1, segment(1, 2, body[200:], False)), (0, ask(12, 2, reference(8, 254, 76))), (1, segment(2, 0, body[:100])), (1, segment(2, 2, body[200:], False)),
                  (0, ask(12, 3, b"", 8) + b""), *[(1, segment(4, i & 255, bytes(1400))) for i in range(50)])


def case_damage():
    """Lengths that are not, tags that end early, answers nobody asked for, an unknown version."""
    return frames((2, tell(8)), (1, ack(12, 9, reference(0, 1, 85) + inside(3, app(4, bytes(4))))), (0, ask(12, 1, b"\x0c\0")), (1, bvlc(10, b"\1\0\x30")), (0, ask(15, 2, reference(0, 1, 85) + b"\x3e\x44\0")),
                  (0, bvlc(10, b"\2\0\x10\x08")), (0, b"\x81\x0a\0\x09" + b"\1\4\0\4\3\x14" + tag(0, b"\1")), (0, bvlc(10, b"\1\0\xf0")), (0, b"\x82\x0a\0\4"), (2, tell(0, app(12, b"\0"))),
                  (0, bvlc(10, b"\1\0\0\4\7")), (0, ask(14, 8, tag(0, object_id(0, 1)) + inside(1, tag(0, b"\x55") * 70))), (0, b"\x81"), (1, b"\x81\5\0\4"))
