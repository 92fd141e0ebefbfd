#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""craft.py [GROUP[:CASE]]...: captures no ordinary host would send, packet by packet.

Writes tests/pcap/GROUP/CASE/in.pcap (or in.pcapng) and cmd. Each case is one function of
lab/craft_GROUP.py; the same bytes each time. Standard library only.
"""
import importlib
import os
import struct
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(HERE)
sys.path[:0] = [HERE, os.path.join(TOP, "tests")]
from packets import Packet, checksum, write_capture  # noqa: E402

GROUPS = sorted(name[6:-3] for name in os.listdir(HERE) if name.startswith("craft_"))
START_NS = 1_795_248_000 * 10**9  # 2026-11-21 08:00:00 UTC
CLIENT, SERVER = "10.30.1.10", "10.30.1.80"
CLIENT6, SERVER6 = "2001:db8:30::10", "2001:db8:30::80"
MACS = {CLIENT: "02000a1e0110", SERVER: "02000a1e0180"}
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


def address(text):
    if ":" not in text:
        return bytes(int(part) for part in text.split("."))
    head, _, tail = text.partition("::")
    words = [[int(w, 16) for w in side.split(":") if w] for side in (head, tail)]
    middle = [0] * (8 - len(words[0]) - len(words[1]))
    return struct.pack(">8H", *(words[0] + middle + words[1]))


def ip(src, dst, proto, payload, ident=1, flags=0, ttl=64):
    """An IPv4 or IPv6 packet; flags as in bytes 6 and 7 of IPv4 (0x2000: more fragments)."""
    if ":" in src:
        return struct.pack(">IHBB", 6 << 28, len(payload), proto, ttl) + address(src) + address(dst) + payload
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), ident, flags, ttl, proto, 0)
    head += address(src) + address(dst)
    return head[:10] + struct.pack(">H", checksum(head)) + head[12:] + payload


def pseudo(src, dst, proto, size):
    return address(src) + address(dst) + struct.pack(">IHBB", size, 0, 0, proto) if ":" in src \
        else address(src) + address(dst) + struct.pack(">BBH", 0, proto, size)


def udp(src, dst, sport, dport, payload):
    head = struct.pack(">HHHH", sport, dport, 8 + len(payload), 0)
    total = checksum(pseudo(src, dst, 17, 8 + len(payload)) + head + payload) or 0xffff
    return ip(src, dst, 17, head[:6] + struct.pack(">H", total) + payload)


def tcp(src, dst, sport, dport, seq, ack, flags, payload=b"", options=b""):
    head = struct.pack(">HHIIBBHHH", sport, dport, seq & 0xffffffff, ack & 0xffffffff,
                       (5 + len(options) // 4) << 4, flags, 64240, 0, 0) + options
    total = checksum(pseudo(src, dst, 6, len(head) + len(payload)) + head + payload)
    return ip(src, dst, 6, head[:16] + struct.pack(">H", total) + head[18:] + payload)


def ether(payload, kind=None, src=CLIENT, dst=SERVER, tags=()):
    """An Ethernet frame; tags are (type, value) pairs of 16 bits each, outermost first."""
    if kind is None:
        kind = 0x0800 if payload[0] >> 4 == 4 else 0x86dd
    head = bytes.fromhex(MACS.get(dst, MACS[SERVER]) + MACS.get(src, MACS[CLIENT]))
    for tag_kind, value in tags:
        head += struct.pack(">HH", tag_kind, value)
    return (head + struct.pack(">H", kind) + payload).ljust(60, b"\0")


def dns_query(name=b"www.city.example", ident=0x1234):
    labels = b"".join(bytes([len(part)]) + part for part in name.split(b"."))
    return struct.pack(">HHHHHH", ident, 0x0100, 1, 0, 0, 0) + labels + b"\0\0\1\0\1"


def dns_answer(name=b"www.city.example", ident=0x1234, to="10.30.1.80"):
    question = dns_query(name, ident)[12:]
    return struct.pack(">HHHHHH", ident, 0x8180, 1, 1, 0, 0) + question + \
        b"\xc0\x0c\0\1\0\1\0\0\1\x2c\0\4" + address(to)


def lookup(src=CLIENT, dst=SERVER, name=b"www.city.example"):
    """IP packets of one DNS question and its answer."""
    return [udp(src, dst, 40000, 53, dns_query(name)), udp(dst, src, 53, 40000, dns_answer(name))]


REQUEST = b"GET /index.html HTTP/1.1\r\nHost: www.city.example\r\nUser-Agent: craft\r\n\r\n"
BODY = b"".join(b"line %04d of the page\n" % i for i in range(64))
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY


class Talk:
    """One TCP connection as a list of (who, IP packet); sequence numbers can be set by hand."""

    def __init__(self, client=CLIENT, server=SERVER, sport=50000, dport=80, handshake=True):
        self.hosts, self.ports = (client, server), (sport, dport)
        self.start = [1000, 900000]
        self.seq, self.packets = list(self.start), []
        if handshake:
            self.send(0, SYN)
            self.send(1, SYN | ACK)
            self.send(0, ACK)
        else:
            self.seq = [1001, 900001]

    def segment(self, who, flags, payload=b"", seq=None):
        """A segment that moves nothing; seq counts from the first byte of data."""
        at = self.seq[who] if seq is None else self.start[who] + 1 + seq
        ack = self.seq[1 - who] if flags & ACK else 0
        return tcp(self.hosts[who], self.hosts[1 - who], self.ports[who], self.ports[1 - who], at, ack, flags, payload)

    def send(self, who, flags, payload=b""):
        self.packets.append(self.segment(who, flags, payload))
        self.seq[who] += len(payload) + (1 if flags & (SYN | FIN) else 0)

    def data(self, who, payload, size=500):
        for at in range(0, len(payload), size):
            self.send(who, PSH | ACK, payload[at:at + size])
            self.send(1 - who, ACK)

    def close(self):
        self.send(0, FIN | ACK)
        self.send(1, FIN | ACK)
        self.send(0, ACK)

    def whole(self):
        self.data(0, REQUEST)
        self.data(1, RESPONSE)
        self.close()
        return self.packets


def save(group, case, link, frames, step_us=1000, name="in.pcap", write=write_capture):
    folder = os.path.join(TOP, "tests/pcap", group, case)
    os.makedirs(folder, exist_ok=True)
    packets = [Packet(START_NS + i * step_us * 1000, len(f), f) for i, f in enumerate(frames)]
    write(os.path.join(folder, name), link, packets)
    with open(os.path.join(folder, "cmd"), "w") as f:
        f.write(f"lab/craft.py {group}:{case}\n")


def main():
    for wanted in sys.argv[1:] or GROUPS:
        group, _, only = wanted.partition(":")
        module = importlib.import_module("craft_" + group)
        for name, make in vars(module).items():
            if name.startswith("case_") and only in ("", name[5:]):
                result = make()
                link, frames, *rest = result
                save(group, name[5:], link, frames, **(rest[0] if rest else {}))


if __name__ == "__main__":
    main()
