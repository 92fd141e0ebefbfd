# SPDX-License-Identifier: Apache-2.0
"""TLS records and handshakes that RFC 8446 does not allow, and offers that ordinary clients do not make."""
import struct

from craft import Talk, ether
from packets import ETHERNET


def record(kind, content, version=0x0303):
    return struct.pack(">BHH", kind, version, len(content)) + content


def handshake(kind, body):
    return bytes([kind]) + len(body).to_bytes(3, "big") + body


def extension(kind, body=b""):
    return struct.pack(">HH", kind, len(body)) + body


def client_hello(*more):
    name = b"www.city.example"
    sni = extension(0, struct.pack(">HBH", len(name) + 3, 0, len(name)) + name)
    extensions = sni + extension(10, b"\0\2\0\x1d") + b"".join(more)
    return handshake(1, b"\3\3" + b"C" * 32 + b"\0" + b"\0\4\xc0\x2f\0\x9c" + b"\1\0" + struct.pack(">H", len(extensions)) + extensions)


SERVER_HELLO = handshake(2, b"\3\3" + b"S" * 32 + b"\0\xc0\x2f\0\0\0")
ALERT = record(21, b"\1\x5a")


def certificates(*several):
    chain = b"".join(len(c).to_bytes(3, "big") + c for c in several)
    return handshake(11, len(chain).to_bytes(3, "big") + chain)


def conversations(*talks):
    """Each (client, server, client...) is a connection of its own."""
    frames = []
    for at, said in enumerate(talks):
        talk = Talk(sport=50000 + at, dport=443)
        for turn, text in enumerate(said):
            talk.data(turn % 2, text, size=1400)
        talk.close()
        frames += [ether(p) for p in talk.packets]
    return ETHERNET, frames


def case_odd_records():
    hello = record(22, client_hello(), 0x0301)
    return conversations(
        (hello, record(22, SERVER_HELLO, 0x0909)),
        (hello, struct.pack(">BHH", 22, 0x0303, 20000) + b"x" * 100),
        (hello, record(22, SERVER_HELLO), ALERT * 6))


def case_odd_handshakes():
    hello = record(22, client_hello(), 0x0301)
    return conversations(
        (hello, record(22, handshake(2, b"\3\3short"))),
        (hello, record(22, SERVER_HELLO + handshake(11, b"\0\1\0"))),
        (hello, record(22, SERVER_HELLO + certificates(b"this is no certificate"))),
        (hello, record(22, SERVER_HELLO + certificates(*[b"0\0"] * 20))))


def case_early_data():
    """A client that resumes, sends data at once and hides its name (RFC 8446, RFC 9849)."""
    outer = b"\0\0\1\0\1\7\0\x20" + b"K" * 32 + b"\0\x10" + b"P" * 16
    return conversations((record(22, client_hello(extension(0xfe0d, outer), extension(42)), 0x0301),
                          record(22, SERVER_HELLO), ALERT))
