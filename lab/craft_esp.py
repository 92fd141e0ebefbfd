# SPDX-License-Identifier: Apache-2.0
"""IPsec ESP and AH, bare and in UDP."""
import struct

from craft import CLIENT, SERVER, ether, ip, udp
from packets import ETHERNET


def case_all():
    esp = [struct.pack(">II", 0xc0ffee01, at + 1) + b"e" * 56 for at in range(2)]
    return ETHERNET, [ether(ip(CLIENT, SERVER, 50, esp[0])), ether(ip(SERVER, CLIENT, 50, esp[1])), ether(udp(CLIENT, SERVER, 4500, 4500, esp[0])),
                      ether(udp(CLIENT, SERVER, 4501, 4500, b"\xff"))]
