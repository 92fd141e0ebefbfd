# SPDX-License-Identifier: Apache-2.0
"""HTTP/2 past its limits, cancelled, damaged; gRPC, and bodies with content codings."""
import base64
import gzip
import struct

from craft import Talk, ether
from packets import ETHERNET

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION = range(10)
END_STREAM, END_HEADERS, PADDED, PRIORITIZED = 1, 4, 8, 32


def frame(kind, flags=0, stream=0, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def literal(text):
    return (bytes([len(text)]) if len(text) < 127 else b"\x7f" + integer(len(text) - 127)) + text


def integer(value):
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def fields(**pairs):
    """Literal fields without indexing; __x is :x, a_b is a-b."""
    return b"".join(b"\0" + literal(name.replace("__", ":").replace("_", "-").encode()) + literal(value.encode())
                    for name, value in pairs.items())


ASK = {"__method": "GET", "__scheme": "http", "__authority": "www.city.example", "__path": "/"}
SET = frame(SETTINGS)
HELLO = PREFACE + SET


def ask(stream, flags=END_HEADERS | END_STREAM, **more):
    return frame(HEADERS, flags, stream, fields(**{**ASK, **more}))


def answer(stream, flags=END_HEADERS, **more):
    return frame(HEADERS, flags, stream, fields(__status="200", **more))


def session(*turns, sport=50000):
    """Turns of the client and the server, the client's first."""
    talk = Talk(sport=sport)
    for at, text in enumerate(turns):
        if text:
            talk.data(at % 2, text, size=1400)
    talk.close()
    return [ether(p) for p in talk.packets]


def sessions(*several):
    return ETHERNET, [frame for at, turns in enumerate(several) for frame in session(*turns, sport=50000 + at)]


def case_coded():
    page = gzip.compress(b"<html>the page of the city hall</html>" * 20, mtime=0)
    return sessions(
        (HELLO + ask(1), SET + answer(1, content_encoding="gzip", content_type="text/html", content_length=str(len(page)))
         + frame(DATA, PADDED, 1, b"\3" + page[:40] + b"\0\0\0") + frame(DATA, END_STREAM, 1, page[40:])),
        (HELLO + frame(HEADERS, PADDED | PRIORITIZED | END_HEADERS | END_STREAM, 1, b"\2" + b"\0\0\0\0\x0f" + fields(**ASK) + b"\0\0")
         + frame(PRIORITY, 0, 1, b"\0\0\0\0\x1f"), SET + frame(HEADERS, END_HEADERS, 1, fields(__status="103", link="</a.css>"))
         + answer(1) + frame(DATA, 0, 1, b"page") + frame(HEADERS, END_HEADERS | END_STREAM, 1, fields(checked="yes"))
         + frame(PING, 0, 0, b"pingpong") + frame(WINDOW, 0, 0, b"\0\1\0\0") + frame(GOAWAY, 0, 0, b"\0\0\0\1\0\0\0\0bye")),
        (HELLO + ask(1, __authority="www.city.example:8080", host="other.example"), SET + answer(1, flags=5)))


def case_grpc():
    call = {"__method": "POST", "__path": "/city.Desk/Ask", "content_type": "application/grpc", "te": "trailers", "user_agent": "grpc-lab"}
    message = b"\0\0\0\0\5\n\3who"
    return sessions(
        (HELLO + ask(1, END_HEADERS, **call) + frame(DATA, END_STREAM, 1, message), SET + answer(1, content_type="application/grpc")
         + frame(DATA, 0, 1, message) + frame(HEADERS, 5, 1, fields(grpc_status="0"))),
        (HELLO + ask(1, END_HEADERS, **call) + frame(DATA, END_STREAM, 1, message), SET + frame(HEADERS, 5, 1,
         fields(__status="200", content_type="application/grpc", grpc_status="5", grpc_message="nobody"))))


def case_resets():
    rapid = b"".join(ask(1 + 2 * i) + frame(RST, 0, 1 + 2 * i, b"\0\0\0\x08") for i in range(120))
    return sessions(
        (HELLO + rapid, SET),
        (HELLO + ask(1), SET + frame(RST, 0, 1, b"\0\0\0\7") + frame(GOAWAY, 0, 0, b"\0\0\0\1\0\0\0\x0b")),
        (HELLO + ask(1) + frame(RST, 0, 1, b"\0\0\1\0") + frame(DATA, 0, 1, b"late") + ask(1), SET + answer(1)))


def case_limits():
    many = b"\0" + literal(b"x" * 20) + literal(b"y")
    return sessions(
        (HELLO + frame(HEADERS, 0, 1, fields(**ASK)) + frame(CONTINUATION, 0, 1, b"") * 40, SET),
        (HELLO + b"".join(ask(1 + 2 * i) for i in range(260)), SET),
        (HELLO + frame(HEADERS, 5, 1, fields(**ASK) + many * 300), SET + answer(1, 5)),
        (PREFACE + frame(SETTINGS, 0, 0, b"\0\1\x7f\xff\xff\xff" + b"\0\x99\0\0\0\1" * 40) + frame(SETTINGS, 0, 0, b"\0\3\0\0\0\1") * 70, SET),
        (HELLO + frame(HEADERS, 4, 1, fields(**ASK) + b"a" * 70000), SET))


def case_malformed():
    return sessions(
        (PREFACE + frame(SETTINGS, 0, 0, b"\0\1\0"), SET),
        (HELLO + frame(HEADERS, END_HEADERS | PADDED, 1, b"\xff"), SET),
        (HELLO + frame(HEADERS, 5, 1, b"\xff\xff\xff\xff\xff\xff"), SET),
        (HELLO + frame(CONTINUATION, 4, 1, b""), SET),
        (HELLO + frame(HEADERS, 0, 1, fields(**ASK)) + frame(PING, 0, 0, b"pingpong"), SET),
        (HELLO + ask(1, END_HEADERS) + frame(DATA, PADDED, 1, b"\xffabc"), SET),
        (HELLO + frame(PUSH, 4, 1, b"\0\0\0\2"), SET),
        (HELLO + frame(RST, 0, 1, b"\0"), SET),
        (HELLO + frame(GOAWAY, 0, 0, b"\0"), SET + frame(PUSH, 4, 1, b"\0\0\0\3" + fields(**ASK)) + frame(PUSH, 4, 1, b"\0\0\0\4" + fields(**ASK))
         + answer(4, 5)))


def case_table():
    """The header table grows, shrinks and is used."""
    indexed = b"\x40" + literal(b"x-desk") + literal(b"3")
    return sessions(
        (HELLO + frame(HEADERS, 5, 1, b"\x3f\xe1\x1f" + fields(**ASK) + indexed) + frame(HEADERS, 5, 3, fields(**ASK) + b"\xbe")
         + frame(HEADERS, 5, 5, b"\x20" + b"\x3f\xe1\x1f" + fields(**ASK)), frame(SETTINGS, 0, 0, b"\0\1\0\0\x20\0")
         + answer(1, 5) + answer(3, 5) + frame(HEADERS, 5, 5, b"\x20\x3f\xe1\x1f" + fields(__status="200"))),)


def case_upgrade():
    """From HTTP/1.1 (RFC 7540 section 3.2), as curl asks for it."""
    first = b"GET /a?b HTTP/1.1\r\nHost: www.city.example:81\r\nUser-Agent: craft\r\nConnection: Upgrade, HTTP2-Settings\r\n" \
            b"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n"
    switch = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
    return sessions((first, switch + SET + answer(1) + frame(DATA, 1, 1, b"one"), HELLO + ask(3), answer(3) + frame(DATA, 1, 3, b"three")))


def dns(answered=False, name=b"\3www\4city\7example\0"):
    """A question for an A record, and its answer."""
    head = struct.pack(">HHHHHH", 0, 0x8180 if answered else 0x0100, 1, answered, 0, 0)
    found = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 60, 4) + bytes([192, 0, 2, 80])
    return head + name + struct.pack(">HH", 1, 1) + (found if answered else b"")


def case_doh():
    """DNS in bodies and in a path; a question that is too long; numbers of frames."""
    kind = {"content_type": "application/dns-message"}
    text = base64.urlsafe_b64encode(dns()).decode().rstrip("=")
    long = gzip.compress(bytes(66000), mtime=0)
    asks = (ask(1, END_HEADERS, **{**kind, "__method": "POST", "__path": "/dns-query"}) + frame(DATA, END_STREAM, 1, dns()) +
            ask(3, accept="application/dns-message", __path="/dns-query?dns=" + text, __authority="user@www.city.example"))
    answers = b"".join(answer(at, **kind) + frame(DATA, END_STREAM, at, dns(True)) for at in (1, 3))
    size = struct.pack(">I", 1000)
    return sessions(
        (PREFACE + frame(SETTINGS, 0, 0, struct.pack(">HI", 2, 0)) + asks, SET + answers + frame(PING, 0, 0, bytes(8)),
         frame(WINDOW, 0, 0, size) + ask(5) + frame(PRIORITY, 0, 5, bytes(4) + b"\xfe") + frame(RST, 0, 5, struct.pack(">I", 8)),
         frame(GOAWAY, 0, 0, struct.pack(">II", 5, 11))),
        (HELLO + ask(1, END_HEADERS, content_encoding="gzip", **{**kind, "__method": "POST"}) + frame(DATA, END_STREAM, 1, long),
         SET + answer(1, content_encoding="gzip", **kind) + frame(DATA, END_STREAM, 1, long)))
