# SPDX-License-Identifier: Apache-2.0
"""S7 controllers: variables, blocks, start and stop, status lists, the newer protocol, refusals and damage."""
import struct

from craft import Talk, ether
from packets import ETHERNET

PORT = 102
CALL = bytes.fromhex("11e00000000100c0010ac1020100c2020102")
ACCEPT = bytes.fromhex("11d00001000200c0010ac1020100c2020102")


def tpkt(cotp):
    return struct.pack(">BBH", 3, 0, 4 + len(cotp)) + cotp


def dt(payload, last=True):
    return tpkt(b"\2\xf0" + (b"\x80" if last else b"\0") + payload)


def job(reference, parameters, data=b"", rosctr=1):
    return dt(struct.pack(">BBHHHH", 0x32, rosctr, 0, reference, len(parameters), len(data)) + parameters + data)


def ack(reference, parameters=b"", data=b"", error=b"\0\0", rosctr=3):
    return dt(struct.pack(">BBHHHH", 0x32, rosctr, 0, reference, len(parameters), len(data)) + error + parameters + data)


def item(area, db, address, kind=2, count=1):
    return struct.pack(">BBBBHHB", 0x12, 10, 0x10, kind, count, db, area) + struct.pack(">I", address)[1:]


def value(data, kind=4, result=0):
    bits = len(data) * 8 if kind in (3, 4, 5) else len(data)
    return struct.pack(">BBH", result, kind, bits) + data


def talk(*sent, connect=True):
    conversation = Talk(dport=PORT)
    if connect:
        sent = ((0, tpkt(CALL)), (1, tpkt(ACCEPT))) + sent
    for who, data in sent:
        conversation.data(who, data, size=1400)
    conversation.close()
    return ETHERNET, [ether(p) for p in conversation.packets]


SETUP = b"\xf0\0\0\1\0\1\1\xe0"


def case_variables():
    """Setup, reads and writes of every area; outcomes of each kind."""
    reads = (item(0x84, 10, 0, 2, 4), item(0x81, 0, 13, 1), item(0x82, 0, 8, 4), item(0x83, 0, 160, 6, 2), item(0x1c, 0, 3, 28), item(0x1d, 0, 4, 29), item(0x77, 0, 0, 99),
             b"\x12\x0e\xb2\xff\0\0\0\1\0\0\0\0\0\0\0\0")
    answers = (value(b"\1\2\3\4", result=255), value(b"\1", 3, 255), b"\x0a\0\0\0", value(b"12345678", result=255), b"\x03\0\0\0", b"\x05\0\0\0", value(b"abc", 9, 255), b"\x63\0\0\0")
    return talk((0, job(1, SETUP)), (1, ack(1, b"\xf0\0\0\1\0\1\0\xf0")),
                (0, job(2, b"\4\x08" + b"".join(reads))), (1, ack(2, b"\4\x08", b"".join(answers))),
                (0, job(3, b"\5\2" + item(0x84, 10, 16, 4) + item(0x85, 2, 3, 1), value(b"\1\xc2") + value(b"\1", 3))), (1, ack(3, b"\5\2", b"\xff\x03")),
                (0, job(4, b"\4\1" + item(0x84, 99, 0))), (1, ack(4, error=b"\x81\4")), (0, job(5, b"\4\1" + item(0x84, 1, 0))), (0, job(6, b"\4\x28" + item(0x83, 0, 0) * 40)),
                (1, ack(6, b"\4\x28", value(b"\1", 4, 255) * 40)), (0, job(7, b"\5\1" + item(0x84, 1, 0, 2, 80), value(b"x" * 80))), (1, ack(7, rosctr=2)))


def case_program():
    """A block is loaded, another read back; the controller is stopped, a block inserted, started again."""
    block = b"\0\1\0\0\0\0\0\0\x09_0A00001P"
    return talk((0, job(1, b"\x1a" + block[1:2] + b"\0\0\0\0\0\0" + block[8:] + b"\x0d1000226000150")), (1, ack(1, b"\x1a")),
                (1, job(2, b"\x1b\0\0\0\0\0\0\0" + block[8:])), (0, ack(2, b"\x1b\0", b"\0\x10\0\xfb" + b"MC7" * 5)), (1, job(3, b"\x1c\0\0\0\0\0\0\0" + block[8:])), (0, ack(3, b"\x1c")),
                (0, job(4, b"\x28\0\0\0\0\0\0\xfd\0\x0a\1\x000A00001P\5_INSE")), (1, ack(4, b"\x28")),
                (0, job(5, b"\x1d\0\0\0\0\0\0\0\x09_0800001A")), (1, ack(5, b"\x1d\0\1\0\0\0\0\7\x070000120")), (0, job(6, b"\x1e\0\0\0\0\0\0\7")), (1, ack(6, b"\x1e\0", b"\0\x08\0\xfb" + b"datadata")),
                (0, job(7, b"\x1f\0\0\0\0\0\0\7")), (1, ack(7, b"\x1f")), (0, job(8, b"\x29\0\0\0\0\0\x09P_PROGRAM")), (1, ack(8, b"\x29", error=b"\x82\4")),
                (0, job(9, b"\x28\0\0\0\0\0\0\xfd\0\2C \x09P_PROGRAM")), (1, ack(9, b"\x28")), (0, job(10, b"\x1d\0\0\0\0\0\0\0\x09_zz0000xB")), (1, ack(10, error=b"\xd2\x09")), (0, job(11, b"\x66")), (1, ack(11, b"\x66")))


def userdata(kind, sub, method=0x11, more=b""):
    return b"\0\1\x12" + bytes([4 + len(more), method, kind, sub, 1]) + more


def szl(identity, index, length, *records):
    body = struct.pack(">HHHH", identity, index, length, len(records)) + b"".join(r.ljust(length, b"\0") for r in records)
    return struct.pack(">BBH", 255, 9, len(body)) + body


def case_status():
    """Status lists: who the device is; clock, password, blocks; what the controller sends by itself."""
    names = [struct.pack(">H", i) + t for i, t in ((1, b"Pump Station East"), (2, b"CPU 315-2 PN/DP"), (3, b"Shirakawa"), (4, b"Original"), (5, b"S C-X4U42130"), (7, b"CPU 315-2"))]
    return talk((0, job(1, userdata(0x44, 1), b"\xff\x09\0\4\0\x1c\0\0", 7)), (1, job(1, userdata(0x84, 1, 0x12, b"\0\0\0\0"), szl(0x1c, 0, 34, *names), 7)),
                (0, job(2, userdata(0x44, 1), b"\xff\x09\0\4\1\x11\0\1", 7)), (1, job(2, userdata(0x84, 1, 0x12, b"\0\0\0\0"), szl(0x111, 1, 28, b"\0\x016ES7 315-2EH14-0AB0 \0\xc0\0\4"), 7)),
                (0, job(3, userdata(0x45, 1), b"\xff\x09\0\x08secret!!", 7)), (1, job(3, userdata(0x85, 1, 0x12, b"\0\0\xd6\2"), b"\x0a\0\0\0", 7)), (0, job(4, userdata(0x47, 2), b"\xff\x09\0\0", 7)),
                (1, job(4, userdata(0x87, 2, 0x12, b"\0\0\0\0"), b"", 7)), (1, job(0, userdata(0x04, 3, 0x11), b"\xff\x09\0\0", 7)), (0, job(5, userdata(0x4e, 9), b"", 7)), (0, job(6, b"\0\1", b"", 7)))


def case_refused():
    """The connection is refused; in another the caller has no S7 selector and speaks something else."""
    first = talk((0, tpkt(CALL)), (1, tpkt(b"\6\x80\0\1\0\0\x88")), connect=False)
    other = Talk(dport=PORT, sport=50001)
    other.data(0, tpkt(b"\x0d\xe0\0\0\0\1\0\xc1\1\1\xc2\2ab\0"[:12]))
    other.data(0, tpkt(b"\x0d\xe0\0\0\0\1\0\xc1\1\1\xc2\2ab"))
    other.data(1, tpkt(b"\x0d\xd0\0\0\0\1\0\xc1\1\1\xc2\2ab"))
    other.data(0, dt(b"\x99hello"))
    return ETHERNET, first[1] + [ether(p) for p in other.packets]


def case_odd():
    """Messages in several frames, lengths that are not, answers nobody asked for, then no frames at all."""
    long = job(1, b"\5\1" + item(0x84, 1, 0, 2, 200), value(b"y" * 200))[7:]
    return talk((0, dt(long[:50], False) + dt(long[50:100], False) + dt(long[100:])), (1, ack(9, b"\4\1", value(b"\1", 4, 255))), (0, job(2, b"\4\1\x12\x0a\x10\2")), (0, job(3, b"\5\1" + item(0x84, 1, 0), b"\0\4\xff")),
                (0, dt(b"\x32\1\0\0\0\4\0\xff\0\0abc")), (1, ack(3, b"")), (1, ack(2, b"\4\1", b"\xff\4\xff\xff")), (0, job(4, b"")), (0, dt(b"\x32" + bytes(1000), False) * 17), (0, b"\3\0\0\2garbage garbage"))


def case_lost():
    """A segment is missing on both sides."""
    conversation = Talk(dport=PORT)
    for i in range(6):
        conversation.data(0, job(i, b"\4\1" + item(0x83, 0, 8 * i)))
        conversation.data(1, ack(i, b"\4\1", value(b"\1", 4, 255)))
    del conversation.packets[11:15]
    return ETHERNET, [ether(p) for p in conversation.packets]


def plus(version, opcode, function, session=0, data=b"\0" * 8):
    body = bytes([opcode]) + struct.pack(">HHHHI", 0, function, 0, 1, session) + data
    if version == 3:
        body = b"\x20" + bytes(32) + body
    return dt(bytes([0x72, version]) + struct.pack(">H", len(body)) + body + bytes([0x72, version, 0, 0]))


def case_plus():
    """The newer protocol: a session, variables read and set, a notification; from the middle in another flow."""
    call = tpkt(b"\x1a\xe0\0\0\0\1\0\xc0\1\x0a\xc1\2\6\0\xc2\x0fSIMATIC-ROOT-ES"[:27])
    first = talk((0, call), (1, tpkt(ACCEPT)), (0, plus(1, 0x31, 0x4ca, 288)), (1, plus(1, 0x32, 0x4ca, 0)), (0, plus(2, 0x31, 0x54c, 0x3a1)), (1, plus(2, 0x32, 0x54c)), (0, plus(2, 0x31, 0x54c, 0x3a1)),
                 (0, plus(3, 0x31, 0x542, 0x3a1)), (1, plus(3, 0x32, 0x542)), (1, plus(3, 0x33, 0)), (0, plus(2, 0x31, 0x999)), (0, dt(b"\x72\xfe\0\0")), (0, plus(2, 0x44, 1)), (0, b"\3\0\0\1"), connect=False)
    middle = Talk(dport=PORT, sport=50001, handshake=False)
    middle.data(0, plus(2, 0x31, 0x586, 7))
    both = Talk(dport=PORT, sport=50002)
    for who, data in ((0, tpkt(CALL)), (1, tpkt(ACCEPT)), (0, job(1, SETUP)), (1, plus(1, 0x32, 0x4ca)), (0, plus(1, 0x31, 0x4bb))):
        both.data(who, data)
    return ETHERNET, first[1] + [ether(p) for p in middle.packets + both.packets]


def tlv(kind, content):
    return bytes([kind]) + (bytes([len(content)]) if len(content) < 128 else b"\x81" + bytes([len(content)])) + content


def mms(pdu, invoke=None, service=b""):
    body = tlv(pdu, (tlv(2, bytes([invoke])) if invoke is not None else b"") + service)
    return dt(b"\1\0\1\0" + tlv(0x61, tlv(0x30, tlv(2, b"\3") + tlv(0xa0, body))))


def named(domain, name):
    return tlv(0xa0, tlv(0x30, tlv(0xa0, tlv(0xa1, tlv(0x1a, domain) + tlv(0x1a, name)))))


def case_mms():
    """IEC 61850: a session, names, a breaker opened by a write, a program stopped, a file removed; damage."""
    connect = b"\x0d\x20\5\6\x13\1\0\x16\1\2\x14\2\0\2" + b"\x31\x10\xa0\3\x80\1\1\6\5\x28\xca\x22\2\1\xa8\3\x80\1\1"
    first = talk((0, dt(connect)), (1, dt(b"\x0e" + connect[1:])), (0, mms(0xa0, 1, tlv(0xa1, tlv(0xa0, tlv(0x80, b"\x09"))))), (1, mms(0xa1, 1, tlv(0xa1, b""))),
                 (0, mms(0xa0, 2, tlv(0xa4, named(b"IED1LD0", b"XCBR1$ST$Pos")))), (1, mms(0xa1, 2, tlv(0xa4, b""))), (0, mms(0xa0, 3, tlv(0xa4, named(b"IED1LD0", b"MMXU1")))),
                 (0, mms(0xa0, 4, tlv(0xa5, named(b"IED1LD0", b"CSWI1$CO$Pos$Oper")))), (1, mms(0xa1, 4, tlv(0xa5, b""))), (0, mms(0xa0, 5, tlv(0xa5, named(b"IED1LD0", b"CSWI1$CO$Pos$Oper")))), (1, mms(0xa2, 5, b"")),
                 (0, mms(0xa0, 6, b"\xbf\x29" + tlv(0, tlv(0x80, b"PUMP"))[1:])), (0, mms(0xa0, 7, b"\xbf\x4c" + tlv(0, tlv(0x30, tlv(0x19, b"COMTRADE/a.cfg")))[1:])), (0, mms(0xa0, 8, b"\xbf\x7f\0")),
                 (1, mms(0xa3)), (0, mms(0xa0, 9, tlv(0x9a, b"x"))), (0, mms(0xaf)), (0, dt(b"\1\0\1\0\x61\x90")), (0, mms(0xab)), (0, b"\3\0\0\3\0\0\0"), (0, dt(b"\1")))
    middle = Talk(dport=PORT, sport=50001, handshake=False)
    middle.data(0, mms(0xa0, 1, tlv(0x82, b"")))
    return ETHERNET, first[1] + [ether(p) for p in middle.packets]
