# SPDX-License-Identifier: Apache-2.0
"""TFTP with lost, repeated and damaged packets."""
import struct

from craft import CLIENT, SERVER, ether, udp
from packets import ETHERNET


def packet(who, opcode, rest, client=2000, server=3000):
    body = struct.pack(">H", opcode) + rest
    return ether(udp(CLIENT, SERVER, client, server, body)) if who == 0 else ether(udp(SERVER, CLIENT, server, client, body))


def block(who, number, data, **ports):
    return packet(who, 3, struct.pack(">H", number) + data, **ports)


def request(name, opcode=1, mode=b"octet", rest=b"", client=2000):
    return packet(0, opcode, name + b"\0" + mode + b"\0" + rest, client=client, server=69)


def case_lost():
    """Block 2 is missing, block 3 comes twice."""
    return ETHERNET, [request(b"boot.img"), block(1, 1, b"a" * 512), block(1, 3, b"c" * 512), block(1, 3, b"c" * 512), block(1, 4, b"end")]


def case_same_port():
    """The server answers from the port it was asked at; the client goes away."""
    return ETHERNET, [request(b"boot.img", 2), packet(1, 4, b"\0\0", server=69), block(0, 1, b"a" * 512, server=69), block(1, 1, b"wrong side", server=69)]


def case_odd():
    many = b"".join(b"opt%d\0%d\0" % (i, i) for i in range(20))
    return ETHERNET, [request(b"many", rest=many), packet(1, 6, b"blksize"), packet(1, 6, b"blksize\0" b"8\0"), block(1, 1, b"12345678"), packet(1, 3, b"\0"),
                      packet(1, 5, b"\0"), packet(1, 9, b""), packet(1, 5, b"\0\2denied\0"), block(1, 2, b"1"),
                      request(b"second", client=2001), packet(0, 1, b"broken", client=2001, server=69), request(b"", client=2002)]
