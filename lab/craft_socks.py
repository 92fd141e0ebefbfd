# SPDX-License-Identifier: Apache-2.0
"""SOCKS as few clients speak it: BIND, a UDP relay, GSSAPI, from the server's end, and what is none."""
from craft import CLIENT, SERVER, REQUEST, RESPONSE, Talk, address, ether, udp
from packets import ETHERNET

HELLO, NONE = b"\5\1\0", b"\5\0"
WEB = b"\1" + address("192.0.2.7") + b"\0\x50"
NAME = b"\3\x10www.city.example\0\x50"


def session(*turns, sport=50000, first=0, **how):
    """Turns of the client and the server, the client's first."""
    talk = Talk(sport=sport, dport=1080)
    for at, text in enumerate(turns):
        if text:
            talk.data((at + first) % 2, text, size=1400, **how)
    talk.close()
    return [ether(p) for p in talk.packets]


def sessions(*several):
    return ETHERNET, [frame for at, turns in enumerate(several) for frame in session(*turns, sport=50000 + at)]


def case_bind():
    return sessions(
        (HELLO, NONE, b"\5\2\0" + WEB, b"\5\0\0\1" + address(SERVER) + b"\x9c\x40"
         + b"\5\0\0\1" + address("192.0.2.7") + b"\0\x14", b"", b"SSH-2.0-odd\r\n"),
        (b"\4\2\0\x14" + address("192.0.2.7") + b"hanako\0", b"\0\x5a\x9c\x40" + address(SERVER) + b"\0\x5b\0\0\0\0\0\0"))


def case_udp():
    frames = session(HELLO, NONE, b"\5\3\0\1\0\0\0\0\0\0", b"\5\0\0\1" + address(SERVER) + b"\x9c\x40")
    for at in range(20):
        frames.append(ether(udp(CLIENT, SERVER, 41000, 40000, b"\0\0\0\1" + address(f"192.0.2.{at + 1}") + b"\0\x35hello")))
    frames.append(ether(udp(SERVER, CLIENT, 40000, 41000, b"\0\0\0\3\x10www.city.example\0\x35hello", ), src=SERVER, dst=CLIENT))
    frames.append(ether(udp(CLIENT, SERVER, 41000, 40000, b"\0\1\0\1")))
    return ETHERNET, frames


def case_refused():
    return sessions(
        (b"\5\2\0\1", b"\5\1", b"\1\1\0\4abcd"),
        (HELLO, b"\5\xff"),
        (HELLO, NONE, b"\5\1\0" + NAME, b"\5\3\0\1\0\0\0\0\0\0"),
        (HELLO, NONE, b"\5\1\0" + NAME, b"\5\x63\0\1\0\0\0\0\0\0"),
        (HELLO, NONE, b"\5\1\0\4" + address("2001:db8::7") + b"\0\x50"),
        (b"\4\1\0\x50" + address("192.0.2.7") + b"\0", b"\0\x5d\0\0\0\0\0\0"),
        (b"\4\1\0\x50" + address("192.0.2.7") + b"\0", b"\0\x01\0\0\0\0\0\0"))


def case_impatient():
    """Everything at once; the answers come together too."""
    return sessions(
        (HELLO + b"\5\1\0" + NAME + REQUEST, NONE + b"\5\0\0\1\0\0\0\0\0\0" + RESPONSE),
        (b"\5\1\2\1\4taro\2pw\5\1\0" + NAME, b"\5\2\1\0\5\0\0\4" + bytes(16) + b"\0\0", REQUEST, RESPONSE),
        (b"\5\2\0\2", b"\5\2", b"\1\4taro\2pw", b"\1\1"))


def case_reverse():
    """The host that was connected to asks."""
    return ETHERNET, session(HELLO, NONE, b"\5\1\0" + WEB, b"\5\0\0\1" + address(SERVER) + b"\0\x50", REQUEST, RESPONSE, first=1)


def case_malformed():
    return sessions(
        (HELLO, b"\6\0"),
        (HELLO, NONE, b"\5\x09\0" + NAME),
        (HELLO, NONE, b"\5\1\0\7abc"),
        (HELLO, NONE, b"\5\1\0" + NAME, b"\5\0\0\2abc"),
        (b"\5\1\0", b"", b"hello"))
