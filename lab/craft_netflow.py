# SPDX-License-Identifier: Apache-2.0
"""Exports of flows in every version: NetFlow 1, 5, 7, 9, IPFIX, sFlow 4 and 5; damage."""
import struct

from craft import CLIENT, SERVER, address, ether, udp
from packets import ETHERNET


def to(data, port=2055, source=47000):
    return ether(udp(CLIENT, SERVER, source, port, data))


def fixed(version, count=2, sequence=100, size=None):
    head = struct.pack(">HHIII", version, count, 3600000, 1795248000, 0) + (struct.pack(">IBBH", sequence, 0, 3, 0) if version != 1 else b"")
    return head + bytes((48 if version == 5 else 52) * (count if size is None else size))


def part(ident, body, length=None):
    return struct.pack(">HH", ident, 4 + len(body) if length is None else length) + body


def v9(*sets, sequence=1, source=7):
    return struct.pack(">HHIIII", 9, len(sets), 3600000, 1795248000, sequence, source) + b"".join(sets)


def ipfix(*sets, sequence=1, domain=9):
    body = b"".join(sets)
    return struct.pack(">HHIII", 10, 16 + len(body), 1795248000, sequence, domain) + body


TEMPLATE = struct.pack(">HHHH", 256, 1, 1, 4)


def sflow(version=5, samples=2, agent=CLIENT, cut=0):
    raw = address(agent)
    body = struct.pack(">II", version, 1 if len(raw) == 4 else 2) + raw + (struct.pack(">I", 3) if version == 5 else b"") + struct.pack(">III", 55, 3600000, samples)
    return (body + struct.pack(">II8s", 1, 8, b"sample..") * samples)[:None if not cut else -cut]


def case_versions():
    frames = [to(fixed(5)), to(fixed(5, 3, 102)), to(fixed(1), source=47001), to(fixed(7), source=47002)]
    frames += [to(v9(part(0, TEMPLATE), part(256, b"\0\0\0\5")), source=47003), to(v9(part(256, b"\0\0\0\6"), sequence=2), source=47003), to(v9(part(1, bytes(8)), source=8), source=47003)]
    frames += [to(ipfix(part(2, TEMPLATE), part(256, b"\0\0\0\5")), 4739, 47004), to(ipfix(part(256, b"\0\0\0\6"), sequence=3), 4739, 47004), to(ipfix(part(3, bytes(8)), domain=10), 4739, 47004)]
    return ETHERNET, frames + [to(sflow(), 6343, 47005), to(sflow(samples=5), 6343, 47005), to(sflow(agent="2001:db8:30::10"), 6343, 47006), to(sflow(4), 6343, 47007)]


def case_odd():
    frames = [to(fixed(5)), to(fixed(5, 9, size=1)), to(v9(part(256, b"x", 3))), to(v9(part(100, b"xxxx"))), to(b"\0\x20" + bytes(30)), to(b"\0"), to(sflow(cut=3)), to(sflow(samples=0)), to(ipfix(part(256, b"")) + b"more")]
    return ETHERNET, frames + [to(v9(part(256, b"\0"), source=at)) for at in range(20)]
