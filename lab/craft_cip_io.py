# SPDX-License-Identifier: Apache-2.0
"""Implicit messages of CIP: cyclic input and output over UDP."""
import struct

from craft import CLIENT, SERVER, ether, udp
from packets import ETHERNET


def message(connection, sequence, data=b"\1\0\0\0\7\0"):
    return struct.pack("<HHHIIHH", 2, 0x8002, 8, connection, sequence, 0xb1, len(data)) + data


def case_cyclic():
    """Both directions; some messages are missing, one datagram is none."""
    frames = []
    for i in (1, 2, 3, 7, 8):
        frames += [ether(udp(CLIENT, SERVER, 2222, 2222, message(0x8001, i))), ether(udp(SERVER, CLIENT, 2222, 2222, message(0x4002, i, b"\0" * 32)))]
    return ETHERNET, frames + [ether(udp(CLIENT, SERVER, 2222, 2222, b"\2\0\2\x80"))]


def case_many():
    """More connections than are kept."""
    return ETHERNET, [ether(udp(CLIENT, SERVER, 2222, 2222, message(i, 1))) for i in range(18)]
