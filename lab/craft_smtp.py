# SPDX-License-Identifier: Apache-2.0
"""SMTP past its limits, and mail that is not as RFC 2045 has it."""
from base64 import b64encode

from craft import Talk, ether
from packets import ETHERNET
from tokens import authenticate, challenge, negotiate

WELCOME = b"220 mail.city.example ESMTP\r\n"
ENVELOPE = b"MAIL FROM:<hanako@city.example>\r\n"
RCPT = b"RCPT TO:<taro@town.example>\r\n"
OK, GO = b"250 OK\r\n", b"354 go on\r\n"


def session(*turns, sport=50000):
    """Turns of the server and the client, the server's first."""
    talk = Talk(sport=sport, dport=25)
    for at, text in enumerate(turns):
        if text:
            talk.data(1 - at % 2, text, size=1400)
    talk.close()
    return [ether(p) for p in talk.packets]


def sessions(*several):
    return ETHERNET, [frame for at, turns in enumerate(several) for frame in session(*turns, sport=50000 + at)]


def mail(text):
    return (WELCOME, b"EHLO pc.city.example\r\n", OK, ENVELOPE, OK, RCPT, OK, b"DATA\r\n", GO, text + b"\r\n.\r\n", OK, b"QUIT\r\n",
            b"221 bye\r\n")


def multipart(*parts, boundary=b"=b="):
    head = b'From: hanako@city.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="' + boundary + b'"\r\n\r\n'
    return head + b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in parts) + b"--" + boundary + b"--"


def case_long_lines():
    return sessions(
        (WELCOME, b"EHLO " + b"x" * 5000 + b"\r\n", OK, b"QUIT\r\n", b"221 bye\r\n"),
        (WELCOME, b"EHLO pc\r\n", b"250 " + b"y" * 5000 + b"\r\n", b"QUIT\r\n", b"221 bye\r\n"))


def case_too_many():
    return sessions(
        (WELCOME, b"EHLO pc\r\n", OK, ENVELOPE, OK, RCPT * 100, OK * 100, RCPT * 100, OK * 100, RCPT * 100, OK * 100),
        (WELCOME, b"EHLO pc\r\n", OK, b"NOOP\r\n" * 200, OK * 200, b"QUIT\r\n", b"221 bye\r\n"),
        (WELCOME, b"EHLO pc\r\n", OK, ENVELOPE, OK, ENVELOPE, b"503 nested\r\n", b"QUIT\r\n", b"221 bye\r\n"))


def case_impatient():
    """The client speaks before it may."""
    return sessions(
        (b"", b"EHLO pc\r\n" + ENVELOPE + RCPT, WELCOME + OK * 3, b"QUIT\r\n", b"221 bye\r\n"),
        (WELCOME, b"EHLO pc\r\n", OK, ENVELOPE, OK, RCPT, OK, b"DATA\r\nSubject: now\r\n\r\nhi\r\n.\r\n", GO + OK, b"QUIT\r\n", b"221 bye\r\n"))


def case_mime():
    long_name = b"b" * 90
    return sessions(
        mail(b"From: hanako@city.example\r\nReply-To: desk@city.example\r\nReceived: from pc by mail\r\n"
             b"Subject: " + b"long " * 4000 + b"\r\n\r\nx"),
        mail(b"Subject: line\r\n\r\n" + b"z" * 1200),
        mail(multipart(b"Content-Transfer-Encoding: base64\r\n\r\n" + b"QUJD" * 300)),
        mail(multipart(b"\r\nx", boundary=long_name)),
        mail(multipart(*[b"\r\nx"] * 300)),
        mail(multipart(b"Content-Transfer-Encoding: base64\r\n\r\nQU!?C\x01", b"Content-Transfer-Encoding: quoted-printable\r\n\r\na=ZZb")))


def case_ntlm():
    one, two, three = (b64encode(token) + b"\r\n" for token in (negotiate(), challenge(), authenticate()))
    return sessions((WELCOME, b"EHLO pc\r\n", OK, b"AUTH NTLM " + one, b"334 " + two, three, b"235 welcome\r\n", b"QUIT\r\n", b"221 bye\r\n"))
