# SPDX-License-Identifier: Apache-2.0
"""Packets that lie about themselves, and capture files that end too soon."""
import struct

from craft import CLIENT, SERVER, Talk, ether, ip, lookup, tcp, udp
from packets import ETHERNET, write_capture


def broken(*packets):
    """Damaged packets between a healthy question and its answer, which must be read all the same."""
    question, reply = lookup()
    return ETHERNET, [ether(question)] + [ether(p, 0x0800) for p in packets] + [ether(reply)]


def patched(packet, at, value):
    return packet[:at] + value + packet[at + len(value):]


def case_ip_header_too_short():
    return broken(patched(lookup()[0], 0, b"\x43"))


def case_ip_length_too_large():
    return broken(patched(lookup()[0], 2, b"\x40\x00"))


def case_ip_length_too_small():
    return broken(patched(lookup()[0], 2, b"\0\x0a"))


def case_ip_wrong_version():
    return broken(patched(lookup()[0], 0, b"\x75"))


def case_tcp_offset_too_small():
    return broken(patched(tcp(CLIENT, SERVER, 50000, 80, 1, 0, 2), 32, b"\x40"))


def case_tcp_offset_too_large():
    return broken(patched(tcp(CLIENT, SERVER, 50000, 80, 1, 0, 2), 32, b"\xf0"))


def case_udp_length_wrong():
    good = udp(CLIENT, SERVER, 40001, 53, b"12345678")
    return broken(patched(good, 24, b"\0\x04"), patched(good, 24, b"\0\x60"))


def case_short_frames():
    return ETHERNET, [b"", b"\0", bytes(13), bytes(14), bytes(12) + b"\x08\0\x45", bytes(12) + b"\x81\0\0"] + \
        [ether(p) for p in lookup()]


def case_land():
    return broken(tcp(SERVER, SERVER, 80, 80, 1, 0, 2))


def case_port_zero():
    return broken(udp(CLIENT, SERVER, 0, 0, b"x"))


def case_no_payload_protocols():
    return broken(ip(CLIENT, SERVER, 50, bytes(24)), ip(CLIENT, "224.0.0.1", 2, b"\x11\x64\xee\x9b\0\0\0\0"),
                  ip(CLIENT, SERVER, 89, bytes(24)), ip(CLIENT, SERVER, 253, b"?"))


def cut_file(path, link, packets):
    write_capture(path, link, packets)
    with open(path, "r+b") as f:
        f.truncate(f.seek(0, 2) - 20)


def case_file_ends_in_packet():
    return ETHERNET, [ether(p) for p in Talk().whole()], {"write": cut_file}


def snap_file(path, link, packets):
    for p in packets:
        p.data = p.data[:68]
    write_capture(path, link, packets)


def case_snap_length():
    return ETHERNET, [ether(p) for p in Talk().whole()], {"write": snap_file}


def pcapng_file(path, _link, packets):
    """Two sections; the second has two interfaces, of which one counts nanoseconds."""
    def block(kind, body):
        body += bytes(-len(body) % 4)
        return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)
    section = block(0x0a0d0d0a, struct.pack("<IHHq", 0x1a2b3c4d, 1, 0, -1))
    micro = block(1, struct.pack("<HHI", 1, 0, 0))
    nano = block(1, struct.pack("<HHI", 1, 0, 0) + struct.pack("<HHB3x", 9, 1, 9) + bytes(4))
    half, out = len(packets) // 2, section + micro
    for i, p in enumerate(packets):
        if i == half:
            out += section + micro + nano
        which = 1 if i > half and i % 2 else 0
        ticks = p.time_ns if which else p.time_ns // 1000
        out += block(6, struct.pack("<IIIII", which, ticks >> 32, ticks & 0xffffffff, len(p.data), len(p.data)) + p.data)
    with open(path, "wb") as f:
        f.write(out)


def case_pcapng():
    return ETHERNET, [ether(p) for p in Talk().whole()], {"name": "in.pcapng", "write": pcapng_file}
