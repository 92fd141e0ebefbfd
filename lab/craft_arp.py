# SPDX-License-Identifier: Apache-2.0
"""ARP that hosts send rarely (RFC 826, 5227)."""
import struct

from craft import address, ether
from packets import ETHERNET

MAC = bytes.fromhex("02000a1e0110")


def message(opcode, sender, target, target_mac=bytes(6)):
    return ether(struct.pack(">HHBBH", 1, 0x0800, 6, 4, opcode) + MAC + address(sender) + target_mac + address(target), 0x0806)


def case_probe():
    """Is the address free? Then: it is mine."""
    return ETHERNET, [message(1, "0.0.0.0", "10.30.1.10")] * 3 + [message(1, "10.30.1.10", "10.30.1.10")] * 2


def case_odd_operation():
    return ETHERNET, [message(99, "10.30.1.10", "10.30.1.80")]
