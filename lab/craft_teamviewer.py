# SPDX-License-Identifier: Apache-2.0
"""TeamViewer's marks over TCP and UDP."""
import struct

from craft import CLIENT, SERVER, Talk, ether, udp
from packets import ETHERNET


def case_marks():
    first, second, third = Talk(sport=50070, dport=5938), Talk(sport=50071, dport=5938), Talk(sport=50072, dport=8443)
    first.data(0, b"\x17\x24\x0a\x20\0" + bytes(32))
    second.data(0, b"\x11\x30\x1c\0" + struct.pack("<I", 8) + bytes(8))
    third.data(0, b"\x17\x24\x0a\x20\0" + bytes(20))
    frames = [ether(p) for talk in (first, second, third) for p in talk.packets]
    return ETHERNET, frames + [ether(udp(CLIENT, SERVER, 48000, 5938, bytes(11) + b"\x17\x24" + bytes(20)))]
