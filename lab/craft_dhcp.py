# SPDX-License-Identifier: Apache-2.0
"""DHCP with the options that relays, Windows and network boot use (RFC 2132, 3046, 3442, 4702)."""
import struct

from craft import address, ether, udp
from packets import ETHERNET

MAC = bytes.fromhex("02000a1e0110")


def message(op, yours, options, name=b"", boot=b""):
    head = struct.pack(">BBBBIHH", op, 1, 6, 1, 0x1234abcd, 0, 0) + address("0.0.0.0") + address(yours) + address("10.30.1.1")
    head += address("10.30.1.254") + MAC.ljust(16, b"\0") + name.ljust(64, b"\0") + boot.ljust(128, b"\0") + b"\x63\x82\x53\x63"
    return head + b"".join(bytes([code, len(value)]) + value for code, value in options) + b"\xff"


def both(asked, told, **more):
    return ETHERNET, [
        ether(udp("0.0.0.0", "255.255.255.255", 68, 67, message(1, "0.0.0.0", asked))),
        ether(udp("10.30.1.1", "10.30.1.10", 67, 68, message(2, "10.30.1.10", told, **more)))]


def case_options():
    relay = b"\1\4\0\x0a\0\2" + b"\2\6" + MAC
    routes = b"\x18\x0a\x14\1\x0a\x1e\1\1" + b"\0\x0a\x1e\1\xfe"
    return both(
        [(53, b"\1"), (61, b"\1" + MAC), (12, b"pc10"), (81, b"\4\0\0\4pc10\4city\7example\0"), (77, b"kiosk"), (60, b"PXEClient"),
         (82, relay), (55, bytes([1, 3, 6, 15, 66, 67, 121, 252]))],
        [(53, b"\2"), (54, address("10.30.1.1")), (51, struct.pack(">I", 3600)), (1, address("255.255.255.0")), (121, routes),
         (66, b"boot.city.example"), (67, b"pxe/start.efi"), (252, b"http://wpad.city.example/wpad.dat"), (82, relay)])


def case_boot_in_header():
    """Server name and boot file in the fields before the options, as BOOTP has them."""
    return both([(53, b"\1")], [(53, b"\2"), (54, address("10.30.1.1"))], name=b"boot.city.example", boot=b"pxe/start.efi")
