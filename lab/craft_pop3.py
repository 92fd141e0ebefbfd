# SPDX-License-Identifier: Apache-2.0
"""POP3 out of order, past its limits and as it should not be."""
from base64 import b64encode

from craft import Talk, ether
from packets import ETHERNET
from tokens import authenticate, challenge, negotiate

WELCOME = b"+OK POP3 ready\r\n"
OK, NO = b"+OK\r\n", b"-ERR no\r\n"


def session(*turns, sport=50000):
    """Turns of the server and the client, the server's first."""
    talk = Talk(sport=sport, dport=110)
    for at, text in enumerate(turns):
        if text:
            talk.data(1 - at % 2, text, size=1400)
    talk.close()
    return [ether(p) for p in talk.packets]


def sessions(*several):
    return ETHERNET, [frame for at, turns in enumerate(several) for frame in session(*turns, sport=50000 + at)]


def case_pipelined():
    mail = b"+OK\r\nFrom: hanako@city.example\r\nSubject: dots\r\n\r\n..one\r\n.\r\n"
    return sessions(
        (WELCOME, b"USER taro\r\nPASS pw\r\nSTAT\r\nRETR 1\r\nQUIT\r\n", OK * 2 + b"+OK 1 70\r\n" + mail + OK),
        (b"", b"CAPA\r\n", WELCOME + b"+OK\r\nSTLS\r\n..x\r\n.\r\n", b"quit\r\n", OK),
        (b"", b"APOP hanako c4c9334bac560ecc979e58001b3e22fb\r\n", OK, b"\r\nLIST 1 2 3 4 5 6 7 8 9\r\n", NO),
        (b"", b"CAPA\r\nSTAT\r\nRETR 1\r\n", b""))


def case_limits():
    listing = b"+OK\r\n" + b"".join(b"%d 100\r\n" % i for i in range(300)) + b".\r\n"
    return sessions(
        (WELCOME, b"NOOP\r\n" * 80, OK * 80),
        (WELCOME, b"LIST\r\n", listing, b"QUIT " + b"x" * 3000 + b"\r\n", b"+OK " + b"y" * 3000 + b"\r\n"),
        (WELCOME + OK + b"hello\r\n", b"QUIT\r\n", OK))


def case_stls():
    hello = bytes.fromhex("160301002f0100002b0303") + b"r" * 32 + bytes.fromhex("00000400ff00350100")
    return sessions(
        (WELCOME, b"STLS\r\nSTAT\r\n", OK, hello),
        (WELCOME, b"STLS\r\n", NO, b"QUIT\r\n", OK),
        (b"", b"STLS\r\n" + hello, b""))


def case_sasl():
    return sessions(
        (WELCOME, b"AUTH PLAIN AHRhcm8AcHc=\r\n", OK, b"QUIT\r\n", OK),
        (WELCOME, b"AUTH XOAUTH2\r\n", b"+ \r\n", b"dXNlcj10YXJvAWF1dGg9QmVhcmVyIHgBAQ==\r\n", OK),
        (WELCOME, b"AUTH SCRAM-SHA-1\r\n", b"+ \r\n", b"bixhPXRhcm8sbj10YXJvLHI9YWJj\r\n", b"+ cj1hYmM=\r\n", b"*\r\n", NO),
        (WELCOME, b"AUTH OAUTHBEARER bixhPWhhbmFrb0BjaXR5LmV4YW1wbGUsAWF1dGg9QmVhcmVyIHgBAQ==\r\n", OK),
        (WELCOME, b"AUTH GSSAPI YIIB\r\n", NO))


def case_ntlm():
    one, two, three = (b64encode(token) + b"\r\n" for token in (negotiate(), challenge(), authenticate()))
    return sessions(
        (WELCOME, b"AUTH NTLM\r\n", b"+ \r\n", one, b"+ " + two, three, OK, b"QUIT\r\n", OK),
        (WELCOME, b"AUTH NTLM " + one, b"+ " + two, three, NO))
