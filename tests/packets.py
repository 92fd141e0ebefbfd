# SPDX-License-Identifier: Apache-2.0
"""Captures for tests: read pcap and pcapng, write pcap, find TCP and UDP payloads, rewrite them.

Standard library only. Meant for our own small captures, not for hostile ones.
"""
import gzip
import struct
from dataclasses import dataclass, replace

ETHERNET, RAW, SLL, SLL2 = 1, 101, 113, 276


@dataclass
class Packet:
    time_ns: int
    wire_len: int
    data: bytes


@dataclass
class Segment:
    """Where the innermost plain IP payload of a packet lies (no tunnels, no fragments)."""
    ip_at: int
    l4_at: int
    payload_at: int
    end: int
    proto: int
    version: int


def read_capture(path):
    """(link type, [Packet]) of a pcap or pcapng file with one link type."""
    opener = gzip.open if str(path).endswith(".gz") else open
    with opener(path, "rb") as f:
        raw = f.read()
    if raw[:4] == b"\x0a\x0d\x0d\x0a":
        return _read_pcapng(raw)
    order, scale = {b"\xd4\xc3\xb2\xa1": ("<", 1000), b"\xa1\xb2\xc3\xd4": (">", 1000),
                    b"\x4d\x3c\xb2\xa1": ("<", 1), b"\xa1\xb2\x3c\x4d": (">", 1)}[raw[:4]]
    link, at, packets = struct.unpack_from(order + "I", raw, 20)[0] & 0xffff, 24, []
    while at + 16 <= len(raw):
        sec, part, cap, wire = struct.unpack_from(order + "IIII", raw, at)
        if at + 16 + cap > len(raw):
            break  # the file ends inside a packet
        packets.append(Packet(sec * 10**9 + part * scale, wire, raw[at + 16:at + 16 + cap]))
        at += 16 + cap
    return link, packets


def _read_pcapng(raw):
    at, order, links, scales, packets = 0, "<", [], [], []
    while at + 12 <= len(raw):
        if raw[at:at + 4] == b"\x0a\x0d\x0d\x0a":
            order, scales = "<" if raw[at + 8:at + 12] == b"\x4d\x3c\x2b\x1a" else ">", []
        kind, size = struct.unpack_from(order + "II", raw, at)
        if kind == 1:  # the only option we write is if_tsresol, and it comes first
            links.append(struct.unpack_from(order + "H", raw, at + 8)[0])
            nano = size > 20 and struct.unpack_from(order + "HHB", raw, at + 16) == (9, 1, 9)
            scales.append(1 if nano else 1000)
        elif kind == 6:
            which, high, low, cap, wire = struct.unpack_from(order + "IIIII", raw, at + 8)
            packets.append(Packet((high << 32 | low) * scales[which], wire, raw[at + 28:at + 28 + cap]))
        at += size
    return (links or [ETHERNET])[0], packets


def write_capture(path, link, packets):
    """A little-endian pcap with nanosecond time stamps."""
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xa1b23c4d, 2, 4, 0, 0, 262144, link))
        for p in packets:
            f.write(struct.pack("<IIII", p.time_ns // 10**9, p.time_ns % 10**9, len(p.data),
                                max(p.wire_len, len(p.data))))
            f.write(p.data)


def find_segment(link, data):
    """The Segment of a TCP or UDP packet that carries payload, else None."""
    if link == ETHERNET:
        at, kind = 14, data[12:14]
        while kind in (b"\x81\x00", b"\x88\xa8"):
            at, kind = at + 4, data[at + 2:at + 4]
        if kind not in (b"\x08\x00", b"\x86\xdd"):
            return None
    elif link in (RAW, SLL, SLL2):
        at = {RAW: 0, SLL: 16, SLL2: 20}[link]
    else:
        return None
    return _find_in_ip(data, at)


def _find_in_ip(data, at):
    if len(data) < at + 20:
        return None
    version = data[at] >> 4
    if version == 4:
        l4, proto = at + (data[at] & 15) * 4, data[at + 9]
        end = at + struct.unpack_from(">H", data, at + 2)[0]
        if struct.unpack_from(">H", data, at + 6)[0] & 0x3fff:
            return None
    elif version == 6 and len(data) >= at + 40:
        l4, proto, end = at + 40, data[at + 6], at + 40 + struct.unpack_from(">H", data, at + 4)[0]
    else:
        return None
    if end > len(data) or proto not in (6, 17) or l4 + (20 if proto == 6 else 8) > end:
        return None
    payload = l4 + ((data[l4 + 12] >> 4) * 4 if proto == 6 else 8)
    return Segment(at, l4, payload, end, proto, version) if payload < end else None


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def fix_lengths(data, seg):
    """Set IP length and the IP and TCP checksums of `data` (bytearray that ends with the packet)."""
    ip, l4, size = seg.ip_at, seg.l4_at, len(data) - seg.ip_at
    if seg.version == 4:
        struct.pack_into(">H", data, ip + 2, size)
        struct.pack_into(">H", data, ip + 10, 0)
        struct.pack_into(">H", data, ip + 10, checksum(bytes(data[ip:l4])))
        pseudo = bytes(data[ip + 12:ip + 20]) + struct.pack(">BBH", 0, 6, len(data) - l4)
    else:
        struct.pack_into(">H", data, ip + 4, size - 40)
        pseudo = bytes(data[ip + 8:ip + 40]) + struct.pack(">IHBB", len(data) - l4, 0, 0, 6)
    struct.pack_into(">H", data, l4 + 16, 0)
    struct.pack_into(">H", data, l4 + 16, checksum(pseudo + bytes(data[l4:])))


def split_packet(link, packet, next_size):
    """The TCP segment as several smaller ones; next_size() gives the length of each piece."""
    seg = find_segment(link, packet.data)
    if not seg or seg.proto != 6 or seg.end - seg.payload_at < 2:
        return [packet]
    payload, flags = packet.data[seg.payload_at:seg.end], packet.data[seg.l4_at + 13]
    if flags & 0x02:  # data in a SYN (Fast Open) counts from another number: leave it
        return [packet]
    sequence = struct.unpack_from(">I", packet.data, seg.l4_at + 4)[0]
    pieces, at = [], 0
    while at < len(payload):
        size = min(next_size(), len(payload) - at)
        data = bytearray(packet.data[:seg.payload_at] + payload[at:at + size])
        struct.pack_into(">I", data, seg.l4_at + 4, (sequence + at) & 0xffffffff)
        if at + size < len(payload):
            data[seg.l4_at + 13] = flags & ~0x0d  # FIN, RST, PSH belong to the last piece
        fix_lengths(data, seg)
        pieces.append(replace(packet, data=bytes(data), wire_len=len(data)))
        at += size
    return pieces
