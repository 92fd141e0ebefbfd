# SPDX-License-Identifier: Apache-2.0
"""Modbus over TCP and UDP: reads, writes, refusals, programming, and what is not as it should be."""
import struct

from craft import CLIENT, SERVER, Talk, ether, udp
from packets import ETHERNET

PORT = 502


def adu(transaction, pdu, unit=1, protocol=0):
    return struct.pack(">HHHB", transaction, protocol, len(pdu) + 1, unit) + pdu


def talk(*pdus, close=True):
    """Requests and responses in turn; None: no answer."""
    conversation = Talk(dport=PORT)
    for i, pdu in enumerate(pdus):
        if pdu is not None:
            conversation.data(i % 2, adu(i // 2 + 1, pdu))
    if close:
        conversation.close()
    return ETHERNET, [ether(p) for p in conversation.packets]


def words(*values):
    return struct.pack(f">{len(values)}H", *values)


def registers(*values):
    return bytes([2 * len(values)]) + words(*values)


def case_waterworks():
    """Polling of a pump station: levels are read, a pump is started, a set point is written."""
    return talk(
        b"\1" + words(0, 10), b"\1\2\x05\x02",
        b"\2" + words(100, 3), b"\2\1\5",
        b"\3" + words(200, 4), b"\3" + registers(421, 65000, 0, 7),
        b"\4" + words(300, 2), b"\4" + registers(1013, 22),
        b"\5" + words(17, 0xff00), b"\5" + words(17, 0xff00),
        b"\6" + words(201, 450), b"\6" + words(201, 450),
        b"\x0f" + words(20, 10) + b"\2\xcd\1", b"\x0f" + words(20, 10),
        b"\x10" + words(210, 2) + registers(10, 258), b"\x10" + words(210, 2),
        b"\x16" + words(220, 0xf2, 0x25), b"\x16" + words(220, 0xf2, 0x25),
        b"\x17" + words(3, 2, 14, 1) + registers(255), b"\x17" + registers(254, 3245))


def case_identity():
    """Who is there: device identification, server id, diagnostics, event counter."""
    objects = b"".join(bytes([i, len(v)]) + v for i, v in enumerate(
        (b"Kasumi Controls", b"KC-200", b"V2.11", b"http://kc.example", b"Pump Station", b"KC-200E", b"Shirakawa East")))
    return talk(
        b"\x2b\x0e\1\0", b"\x2b\x0e\1\x83\0\0\7" + objects,
        b"\x2b\x0d\0\0", b"\xab\1",
        b"\x2b\x0e\1\0", b"\x2b\x0e\1\x83\0\0\2\0\x30x",
        b"\x11", b"\x11\3KC\xff",
        b"\7", b"\7\x6d",
        b"\x08" + words(0, 0xa537), b"\x08" + words(0, 0xa537),
        b"\x08" + words(4, 0), None,
        b"\x08" + words(1, 0x1234), b"\x88\3",
        b"\x08" + words(5, 0), b"\x08" + words(5, 0),
        b"\x0b", b"\x0b" + words(0xffff, 264),
        b"\x18" + words(1246), b"\x18" + words(6, 2, 440, 4740),
        b"\x14\7\6" + words(4, 1, 2), b"\x14\6\5\6" + words(13, 14))


def case_refused():
    """Every kind of refusal, among them those that make no sense for their function."""
    requests = [b"\3" + words(9000, 1), b"\7", b"\x10" + words(1, 1) + registers(1), b"\5" + words(1, 0xff00), b"\x63ab", b"\x41\1"]
    pdus = []
    for i, code in enumerate((2, 2, 3, 4, 1, 11)):
        pdus += [requests[i], bytes([requests[i][0] | 128, code])]
    return talk(*pdus, b"\3" + words(1, 1), b"\x83\x63", b"\3" + words(1, 1), b"\x83\x08", b"\x7f", b"\xff\1")


def case_programming():
    """UMAS, with which Schneider controllers are programmed: stopped, a block written, started."""
    return talk(b"\x5a\0\2", b"\x5a\0\xfe\0\1", b"\x5a\0\x10\0\0", b"\x5a\0\xfe\x3b", b"\x5a\x3b\x41\xff", b"\x5a\x3b\xfe",
                b"\x5a\x3b\x34\0\1data", b"\x5a\x3b\xfd\x83", b"\x5a\x3b\x40\xff", b"\x5a\x3b\xfe", b"\x5a\x3b\xee", b"\x5a\x3b\xfd")


def case_odd():
    """Answers nobody asked for, another protocol identifier, values that contradict lengths, a length that cannot be."""
    conversation = Talk(dport=PORT)
    conversation.data(0, adu(1, b"\3" + words(0, 0)) + adu(2, b"\1" + words(0, 2001)) + adu(3, b"\3" + words(0, 1) + b"x"))
    conversation.data(1, adu(1, b"\3\4\0") + adu(2, b"\2\1\0") + adu(9, b"\3" + registers(1)))
    conversation.data(0, adu(4, b"\x10" + words(0, 3) + registers(1)) + adu(5, b"\x0f" + words(0, 0) + b"\0"))
    conversation.data(1, adu(4, b"\x10" + words(0, 0) + b"x") + adu(5, b"\x0f\0"))
    conversation.data(0, adu(6, b"\5" + words(0, 1)) + adu(6, b"\6" + words(0, 1) + b"!") + adu(7, b"\7?", protocol=7))
    conversation.data(1, adu(6, b"\7"))
    conversation.data(0, adu(8, b"\x18") + adu(9, b"\x14") + adu(10, b"\x08\0") + adu(11, b"\x2b") + adu(12, b"\x16" + words(1, 2, 3) + b"x"))
    conversation.data(1, adu(12, b"\x0b\0"))
    conversation.data(0, b"\0\1\0\0\0\0\0\0")
    return ETHERNET, [ether(p) for p in conversation.packets]


def case_lost():
    """Segments are missing on both sides; messages go on with the next packet."""
    conversation = Talk(dport=PORT)
    for i in range(6):
        conversation.data(0, adu(i, b"\3" + words(i, 1)))
        conversation.data(1, adu(i, b"\3" + registers(i)))
    del conversation.packets[11:15]
    return ETHERNET, [ether(p) for p in conversation.packets]


def case_no_port():
    """Another port, seen from the middle: content alone tells."""
    conversation = Talk(dport=10502, handshake=False)
    for pdu in (b"\x10" + words(1, 1) + registers(1), b"\3" + words(1, 1)):
        conversation.data(0, adu(1, pdu))
    return ETHERNET, [ether(p) for p in conversation.packets]


def case_many_waiting():
    """More requests wait than are kept; the oldest are written without their answers."""
    conversation = Talk(dport=PORT)
    conversation.data(0, b"".join(adu(i, b"\4" + words(i, 1)) for i in range(20)))
    conversation.data(1, b"".join(adu(i, b"\4" + registers(i)) for i in (19, 10)))
    return ETHERNET, [ether(p) for p in conversation.packets]


def case_udp():
    frames = []
    for i in range(2):
        frames += [ether(udp(CLIENT, SERVER, 40000, PORT, adu(i, b"\4" + words(8, 1)))),
                   ether(udp(SERVER, CLIENT, PORT, 40000, adu(i, b"\4" + registers(8))))]
    frames.append(ether(udp(CLIENT, SERVER, 40000, PORT, adu(7, b"\4" + words(8, 1)) + b"\0\0")))
    return ETHERNET, frames


def case_backward():
    """The client says what only a server may: refusals come as requests, and a request as an answer."""
    return talk(b"\x83\2", b"\x83\2", b"\x2b\x0e\1\0", b"\x2b\x0e\1\0", b"\x5a\0\2\0", b"\x5a\0\2\0")
