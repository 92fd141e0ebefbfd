# SPDX-License-Identifier: Apache-2.0
"""OPC UA: a session in clear with reads, writes and refusals; an encrypted one; errors; damage."""
import struct

from craft import Talk, ether
from packets import ETHERNET

PORT = 4840
POLICY = b"http://opcfoundation.org/UA/SecurityPolicy#"


def text(value):
    return struct.pack("<i", -1) if value is None else struct.pack("<I", len(value)) + value


def message(kind, body, chunk=b"F"):
    return kind + chunk + struct.pack("<I", 8 + len(body)) + body


def hello(url=b"opc.tcp://plc.city.example:4840"):
    return message(b"HEL", struct.pack("<IIIII", 0, 65536, 65536, 0, 0) + text(url))


ACK = message(b"ACK", struct.pack("<IIIII", 0, 65536, 65536, 0, 0))


def node(number):
    return b"\1\0" + struct.pack("<H", number)


def asks(token=b"\2\0\0\1\0\0\0"):
    return token + bytes(8) + struct.pack("<II", 7, 0) + text(b"audit") + struct.pack("<I", 1000) + b"\0\0\0"


def tells(status=0):
    return bytes(8) + struct.pack("<II", 7, status) + b"\0" + struct.pack("<i", -1) + b"\0\0\0"


def channel(number, policy=b"None", mode=1, kind=0, certificate=None, request=True, secure=5, body=None):
    if body is None:
        body = node(446) + asks(b"\0\0") + struct.pack("<III", 0, kind, mode) + text(None) + struct.pack("<I", 3600000) if request else node(449) + tells()
    return message(b"OPN", struct.pack("<I", secure if not request else 0) + text(POLICY + policy) + text(certificate) + text(None) + struct.pack("<II", number, number) + body)


def service(number, kind, body=b"", chunk=b"F", header=None, answer=False, status=0):
    head = struct.pack("<IIII", 5, 1, number, number) + node(kind)
    return message(b"MSG", head + (tells(status) if answer else asks() if header is None else header) + body, chunk)


def talk(*sent, **more):
    conversation = Talk(dport=PORT, **more)
    for who, data in sent:
        conversation.data(who, data, size=1400)
    conversation.close()
    return ETHERNET, [ether(p) for p in conversation.packets]


def activate(kind, *parts):
    token = b"".join(text(p) for p in parts)
    return text(None) + text(None) + struct.pack("<I", 1) + text(b"c") + text(b"s") + struct.pack("<I", 1) + text(b"ja") + node(kind) + b"\1" + struct.pack("<I", len(token)) + token + text(None)


CREATE = text(b"urn:hmi.city.example:scada") + text(b"urn:product") + b"\3" + text(b"ja") + text(b"HMI") + struct.pack("<I", 1) + text(None) + text(None) + \
    struct.pack("<I", 1) + text(b"opc.tcp://a") + text(None) + text(b"opc.tcp://plc.city.example:4840") + text(b"HMI session") + text(b"n" * 32) + text(None)


def case_session():
    """In clear: a session of a named user; reads twice, a write, a call that is refused, a fault."""
    sent = [(0, hello()), (1, ACK), (0, channel(1)), (1, channel(1, request=False))]
    for number, (kind, body, status) in enumerate(((461, CREATE, 0), (467, activate(324, b"0", b"operator", b"secret", None), 0), (631, bytes(20), 0), (631, bytes(20), 0), (673, bytes(30), 0),
                                                   (673, bytes(30), 0x803b0000), (712, bytes(9), 0x801f0000), (631, bytes(20), 0x80340000), (826, b"\0", 0), (527, b"\0", 0x812345 << 8), (631, b"", 0x00a20000),
                                                   (467, activate(321, b"anonymous"), 0), (467, activate(327, b"x", b"cert"), 0x80200000), (467, activate(77), 0), (9999, b"", 0), (473, b"\1", 0)), 2):
        sent += [(0, service(number, kind, body)), (1, service(number, 397 if status >> 31 else kind + 3, answer=True, status=status))]
    nodes = (b"\0\x55" + bytes(16) + text(b"") + bytes(7), b"\3\0\0" + text(b"tok") + bytes(16) + text(None) + bytes(4) + b"\0\0\1" + text(b"ext"), b"\4" + bytes(18) + bytes(16) + text(None) + bytes(7), b"\x3f")
    for number, token in enumerate(nodes, 50):
        sent.append((0, service(number, 461, CREATE, header=token)))
    return talk(*sent, (0, service(60, 826)), (0, service(61, 826)), (0, message(b"CLO", bytes(16))))


def case_encrypted():
    """A channel that signs and encrypts: certificate's length, policy; services can't be read. It is renewed."""
    return talk((0, hello()), (1, ACK), (0, channel(1, b"Basic256Sha256", certificate=b"c" * 800, body=bytes(range(200)))), (1, channel(1, b"Basic256Sha256", certificate=b"s" * 700, request=False, body=bytes(200))),
                (0, message(b"MSG", struct.pack("<II", 5, 1) + bytes(range(100, 200)))), (1, message(b"MSG", struct.pack("<II", 5, 1) + bytes(5000))), (1, message(b"MSG", struct.pack("<II", 5, 1) + bytes(90))),
                (0, channel(2, kind=1, mode=9)))


def case_errors():
    """Refused at once; a server that calls; bytes that are no message."""
    first = talk((0, hello(b"opc.tcp://nobody:1")), (1, message(b"ERR", struct.pack("<I", 0x80830000) + text(b"no such endpoint"))))
    second = Talk(dport=PORT, sport=50001)
    second.data(1, message(b"RHE", text(b"urn:plc") + text(b"opc.tcp://plc.city.example:4840")))
    second.data(0, hello())
    second.data(1, ACK)
    second.data(0, message(b"OPN", struct.pack("<II", 0, 99)))
    second.data(0, b"GARBAGE!")
    return ETHERNET, first[1] + [ether(p) for p in second.packets]


def case_lost():
    """A segment inside a long answer is missing, then one that holds a head."""
    conversation = Talk(dport=PORT, handshake=False)
    conversation.data(0, service(1, 631))
    conversation.data(1, service(1, 634, bytes(9000), answer=True), size=1000)
    conversation.data(0, service(2, 673))
    conversation.data(1, service(2, 676, answer=True))
    conversation.data(0, service(3, 712))
    conversation.data(1, service(3, 715, answer=True))
    del conversation.packets[14:16]
    return ETHERNET, [ether(p) for p in conversation.packets]
