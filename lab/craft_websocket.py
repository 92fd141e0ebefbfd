# SPDX-License-Identifier: Apache-2.0
"""WebSocket frames no library sends."""
import struct
import zlib

from craft import Talk, ether
from packets import ETHERNET

ASK = b"GET /chat HTTP/1.1\r\nHost: www.city.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" \
      b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
GO = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
RIGHT, WRONG = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n", b"AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n"


def frame(opcode, payload, key=b"\1\2\3\4", first=0x80):
    head = bytes([first | opcode])
    bit = 0x80 if key else 0
    if len(payload) > 65535:
        head += bytes([127 | bit]) + struct.pack(">Q", len(payload))
    elif len(payload) > 125:
        head += bytes([126 | bit]) + struct.pack(">H", len(payload))
    else:
        head += bytes([len(payload) | bit])
    if key:
        payload = bytes(b ^ key[i % 4] for i, b in enumerate(payload))
    return head + (key or b"") + payload


def deflate(data, level=9):
    squeeze = zlib.compressobj(level, zlib.DEFLATED, -15)
    return (squeeze.compress(data) + squeeze.flush(zlib.Z_SYNC_FLUSH))[:-4]


def session(client, server, answer=RIGHT, sport=50000):
    talk = Talk(sport=sport)
    talk.data(0, ASK)
    talk.data(1, GO + answer)
    for who, text in ((0, client), (1, server)):
        talk.data(who, text, size=1400)
    talk.close()
    return [ether(p) for p in talk.packets]


def sessions(*several):
    return ETHERNET, [frame for at, how in enumerate(several) for frame in session(*how, sport=50000 + at)]


def case_odd():
    return sessions(
        (frame(1, b"no mask", key=None), frame(1, b"mask")),
        (frame(9, b"p" * 200) + frame(9, b"half", first=0) + frame(9, b"small", first=0xc0), b""),
        (frame(3, b"what") + frame(11, b"control") + frame(2, b"bits", first=0xb0), frame(15, b"", key=None)),
        (frame(8, b"") + frame(8, b"\x03"), frame(8, b"\x03\xea" + "またね".encode(), key=None)),
        (frame(1, b"early"), b"", WRONG),
        (frame(1, b"x" * 70000), b""))


def case_deflate_odd():
    return sessions(
        (frame(1, deflate(b"hello hello hello"), first=0xc0) + frame(9, b"!") + frame(1, deflate(b"hello again") + b"\0\0\xff\xff", first=0x40)
         + frame(0, deflate(b", and again"), first=0x80), frame(1, deflate(b"y" * 60000), key=None, first=0xc0)),
        (frame(1, b"\xff\xff\xff\xff", first=0xc0) + frame(1, deflate(b"unread"), first=0xc0), b""),
        (frame(1, deflate(b"0" * 4_000_000), first=0xc0), b""))
