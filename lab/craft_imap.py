# SPDX-License-Identifier: Apache-2.0
"""IMAP out of order, past its limits and as it should not be."""
from base64 import b64encode

from craft import Talk, ether
from packets import ETHERNET
from tokens import authenticate, challenge, negotiate

WELCOME = b"* OK [CAPABILITY IMAP4rev1 STARTTLS] ready\r\n"
MAIL = b"From: hanako@city.example\r\nSubject: test\r\n\r\nhello\r\n"


def session(*turns, sport=50000):
    """Turns of the server and the client, the server's first."""
    talk = Talk(sport=sport, dport=143)
    for at, text in enumerate(turns):
        if text:
            talk.data(1 - at % 2, text, size=1400)
    talk.close()
    return [ether(p) for p in talk.packets]


def sessions(*several):
    return ETHERNET, [frame for at, turns in enumerate(several) for frame in session(*turns, sport=50000 + at)]


def case_literals():
    size = b"{%d+}\r\n" % len(MAIL)
    return sessions(
        (WELCOME, b"1 LOGIN {4+}\r\ntaro {3+}\r\np\"w\r\n2 APPEND {4+}\r\nSent (\\Seen) " + size + MAIL + b"\r\n3 LOGOUT\r\n",
         b"1 OK in\r\n2 OK [APPENDUID 1 2] done\r\n* BYE\r\n3 OK bye\r\n"),
        (b"* PREAUTH [CAPABILITY IMAP4rev1] hello\r\n", b"1 FETCH 1:2 (BODY[] BODY[1])\r\n",
         b"* 1 FETCH (BODY[] {%d}\r\n" % len(MAIL) + MAIL + b" BODY[1] {7}\r\nhel\"\\lo)\r\n* 2 FETCH (BODY[] {0}\r\n FLAGS ())\r\n1 OK done\r\n"),
        (WELCOME, b"1 FETCH 7 (BODY[]<0.10>)\r\n", b"* 7 FETCH (BODY[]<0> {10}\r\n" + MAIL[:10] + b")\r\n1 OK\r\n", b"2 FETCH 7 (BODY[]<10.10>)\r\n",
         b"* 7 FETCH (BODY[]<10> {10}\r\n" + MAIL[10:20] + b")\r\n2 OK\r\n", b"3 FETCH 7 (BODY[]<30.10>)\r\n",
         b"* 7 FETCH (BODY[]<30> {10}\r\n" + MAIL[30:40] + b")\r\n3 OK\r\n"))


def case_limits():
    return sessions(
        (WELCOME, b"".join(b"%d NOOP\r\n" % i for i in range(70)), b"".join(b"%d OK\r\n" % i for i in range(70))),
        (WELCOME, b"1 SEARCH " + b"x" * 9000 + b"\r\n", b"* SEARCH " + b"1 " * 5000 + b"\r\n1 OK\r\n"),
        (WELCOME, b"nonsense\r\n", b"9 OK what\r\n", b"1 NOOP\r\n", b"1 WHAT\r\n"))


def case_starttls_odd():
    hello = bytes.fromhex("160301002f0100002b0303") + b"r" * 32 + bytes.fromhex("00000400ff00350100")
    return sessions(
        (WELCOME, b"1 STARTTLS\r\n2 NOOP\r\n", b"1 OK go\r\n", hello),
        (WELCOME, b"1 STARTTLS\r\n", b"1 NO\r\n", b"2 LOGOUT\r\n", b"2 OK\r\n"),
        (b"", b"1 CAPABILITY\r\n2 STARTTLS\r\n" + hello, b""),
        (WELCOME, b"1 COMPRESS DEFLATE\r\n", b"1 OK go\r\n", b"\x00\x01\x02"))


def case_sasl():
    return sessions(
        (WELCOME, b"1 AUTHENTICATE LOGIN\r\n", b"+ VXNlcm5hbWU6\r\n", b"dGFybw==\r\n", b"+ UGFzc3dvcmQ6\r\n", b"cHc=\r\n", b"1 OK\r\n", b"2 NOOP\r\n", b"2 OK\r\n"),
        (WELCOME, b"1 AUTHENTICATE XOAUTH2 dXNlcj10YXJvAWF1dGg9QmVhcmVyIHgBAQ==\r\n", b"1 NO [AUTHENTICATIONFAILED] no\r\n"),
        (b"", b"1 AUTHENTICATE PLAIN\r\nAHRhcm8AcHc=\r\n2 LIST \"\" *\r\n", b""))


def case_ntlm():
    one, two, three = (b64encode(token) + b"\r\n" for token in (negotiate(), challenge(), authenticate()))
    return sessions((WELCOME, b"1 AUTHENTICATE NTLM\r\n", b"+ \r\n", one, b"+ " + two, three, b"1 OK\r\n", b"2 SELECT INBOX\r\n", b"2 OK\r\n"))
