# SPDX-License-Identifier: Apache-2.0
"""DNS that no resolver sends: odd headers, extended errors (RFC 8914), records in odd places."""
import struct

from craft import CLIENT, SERVER, address, dns_answer, dns_query, ether, udp
from packets import ETHERNET

QUESTION = dns_query()[12:]
NAME = b"\xc0\x0c"


def header(ident, flags, *counts):
    return struct.pack(">HHHHHH", ident, flags, *(counts + (0,) * 4)[:4])


def record(kind, data, ttl=300, name=NAME):
    return name + struct.pack(">HHIH", kind, 1, ttl, len(data)) + data


def exchange(*messages, port=40000):
    """Messages in turn from client and server; None: that side says nothing."""
    ends = ((CLIENT, SERVER, port, 53), (SERVER, CLIENT, 53, port))
    return [ether(udp(*ends[at % 2], text)) for at, text in enumerate(messages) if text]


def case_odd_headers():
    frames = exchange(header(1, 0x0140, 1) + QUESTION, header(1, 0x81c0, 1) + QUESTION, port=40001)
    frames += exchange(header(2, 0x3900, 1) + QUESTION, header(2, 0xb984, 1) + QUESTION, port=40002)
    frames += exchange(dns_query() + b"more", dns_answer() + b"\0" * 9, port=40003)
    frames += exchange(dns_query(), dns_answer(), None, dns_answer(ident=7), port=40004)
    return ETHERNET, frames


def case_extended_error():
    opt = b"\0" + struct.pack(">HHIH", 41, 1232, 0, 4 + 2 + 7) + struct.pack(">HHH", 15, 9, 18) + b"blocked"
    return ETHERNET, exchange(header(1, 0x0120, 1, 0, 0, 1) + QUESTION + b"\0\0\x29\x04\xd0\0\0\0\0\0\0",
                              header(1, 0x8183, 1, 0, 0, 1) + QUESTION + opt)


def case_odd_places():
    """A zone's beginning and a key's fingerprint beside the answer instead of in it; a very long text."""
    soa = record(6, b"\2ns\xc0\x10\4root\xc0\x10" + struct.pack(">5I", 2026112101, 3600, 600, 86400, 60))
    print_of_key = record(44, struct.pack(">BB", 4, 2) + bytes(range(32)))
    text = record(16, (b"\xff" + b"t" * 255) * 18)
    a = record(1, address("10.30.1.80"))
    return ETHERNET, exchange(
        dns_query(), header(0x1234, 0x8180, 1, 1, 1, 2) + QUESTION + a + print_of_key + soa + print_of_key,
        header(2, 0x0100, 1) + QUESTION, header(2, 0x8180, 1, 1) + QUESTION + text)


def case_many_records():
    return ETHERNET, exchange(dns_query(), header(0x1234, 0x8180, 1, 300) + QUESTION + record(1, address("10.30.1.80")) * 300)
