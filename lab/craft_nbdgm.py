# SPDX-License-Identifier: Apache-2.0
"""NetBIOS datagrams (RFC 1002 section 4.4): browser messages (MS-BRWS) and old domain log-ons."""
import struct

from craft import CLIENT, address
from craft_nbns import frames, name


def mailslot(slot, data):
    text = slot + b"\0"
    at = 32 + 1 + 34 + 2 + len(text)
    parameters = struct.pack("<HHHHBBHIHHHHHBBHHH", 0, len(data), 0, 0, 0, 0, 0, 1000, 0, 0, 0, len(data), at, 3, 0, 1, 1, 2)
    return b"\xffSMB\x25" + bytes(27) + bytes([17]) + parameters + struct.pack("<H", len(text) + len(data)) + text + data


def datagram(kind, smb, source=(b"FILES", 0x20), to=(b"TOWN", 0x1d)):
    body = name(*source) + name(*to) + smb
    return struct.pack(">BBH", kind, 2, 77) + address(CLIENT) + struct.pack(">HHH", 138, len(body), 0) + body


def announcement(command, who, types, comment=b""):
    return bytes([command, 0]) + struct.pack("<I", 720000) + who.ljust(16, b"\0") + struct.pack("<BBIBBH", 6, 1, types, 15, 1, 0xaa55) + comment + b"\0"


BROWSE = b"\\MAILSLOT\\BROWSE"


def case_browser():
    """Announcements of a host, a master browser and a domain; an election; who else is there?"""
    return frames(*[(0, datagram(0x11, mailslot(BROWSE, data))) for data in (
        announcement(1, b"FILES", 0x809a03, b"files of the town"), announcement(15, b"FILES", 0x849a03, b"master"),
        announcement(12, b"TOWN", 0x80001000, b"FILES"), bytes([8]) + bytes(13) + b"FILES\0", b"\2\0FILES\0", b"\x0dFILES\0", b"\x09\1\0\0\0\0", b"\x0a\1",
        b"\x0bFILES\0", b"\x0e\1", b"\x63")], port=138)


def case_log_on():
    """Where is the domain controller, and does it know the user?"""
    host, user = "DESK7".encode("utf-16-le") + b"\0\0", "mayor".encode("utf-16-le") + b"\0\0"
    sam = struct.pack("<HH", 18, 0) + host + user + b"\\MAILSLOT\\NET\\GETDC000\0" + bytes(8)
    return frames((0, datagram(0x10, mailslot(b"\\MAILSLOT\\NET\\NETLOGON", struct.pack("<H", 7) + b"DESK7\0\\MAILSLOT\\NET\\GETDC001\0"), to=(b"TOWN", 0x1c))),
                  (0, datagram(0x11, mailslot(b"\\MAILSLOT\\NET\\NTLOGON", sam), to=(b"TOWN", 0x1c))), port=138)


def case_others():
    """An error, a query to a distribution server, text for people, and damage."""
    query = struct.pack(">BBH", 0x14, 0, 9) + address(CLIENT) + struct.pack(">H", 138) + name(b"FILES", 0x20)
    error = struct.pack(">BBH", 0x13, 0, 9) + address(CLIENT) + struct.pack(">H", 138) + b"\x82"
    return frames((0, query), (1, error), (0, datagram(0x12, b"hello", to=(b"*" + bytes(14), 0))), (0, b"\x99rubbish"),
                  (0, datagram(0x11, mailslot(BROWSE, announcement(1, b"FILES", 3))[:80])), (0, query[:20]), port=138)
