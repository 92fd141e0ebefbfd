# SPDX-License-Identifier: Apache-2.0
"""WireGuard: handshakes answered and not, cookies, data alone, damage. And IPsec ESP and AH."""
import struct

from craft import CLIENT, SERVER, ether, udp
from packets import ETHERNET

PORT = 51820


def to(data, back=False, port=45000):
    return ether(udp(SERVER, CLIENT, PORT, port, data) if back else udp(CLIENT, SERVER, port, PORT, data))


def start(sender, mac2=bytes(16), key=b"E"):
    return b"\1\0\0\0" + sender + key * 32 + b"s" * 48 + b"t" * 28 + b"m" * 16 + mac2


def answer(sender, receiver):
    return b"\2\0\0\0" + sender + receiver + b"e" * 32 + b"n" * 16 + b"m" * 16 + bytes(16)


def data(receiver, counter, size=32):
    return b"\4\0\0\0" + receiver + struct.pack("<Q", counter) + b"d" * size


def case_handshake():
    return ETHERNET, [to(start(b"AAAA")), to(answer(b"BBBB", b"AAAA"), True), to(data(b"BBBB", 0)), to(data(b"AAAA", 0, 96), True),
                      to(start(b"CCCC", key=b"F"), True), to(answer(b"DDDD", b"CCCC"))]


def case_cookie():
    return ETHERNET, [to(start(b"AAAA")), to(b"\3\0\0\0AAAA" + b"c" * 56, True), to(start(b"EEEE", b"c" * 16)), to(answer(b"FFFF", b"XXXX"), True),
                      to(start(b"GGGG")), to(b"\5\0\0\0junk")]


def case_data_only():
    return ETHERNET, [to(data(b"BBBB", 77)), to(data(b"AAAA", 78), True), to(answer(b"BBBB", b"AAAA"), True, 45001)]
