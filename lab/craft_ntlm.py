# SPDX-License-Identifier: Apache-2.0
"""NTLM and Kerberos log-ons inside HTTP (RFC 4559, MS-NTHT), SMTP (MS-SMTPNTLM) and POP3 (MS-POP3)."""
from base64 import b64encode

from craft import Talk, ether
from craft_krb5 import ap_req, ticket
from packets import ETHERNET
from tokens import KRB5, NTLMSSP, authenticate, challenge, gss, negotiate, spnego_init, spnego_response


def talk(port, *turns):
    stream = Talk(dport=port)
    for who, data in turns:
        stream.data(who, data)
    stream.close()
    return ETHERNET, [ether(packet) for packet in stream.packets]


def get(scheme=None, token=None, field=b"Authorization", target=b"/"):
    more = field + b": " + scheme + b" " + b64encode(token) + b"\r\n" if token else b""
    return b"GET " + target + b" HTTP/1.1\r\nHost: intra.city.example\r\n" + more + b"\r\n"


def answer(status, *lines):
    return b"HTTP/1.1 " + status + b"\r\n" + b"".join(line + b"\r\n" for line in lines) + b"Content-Length: 0\r\n\r\n"


def case_http():
    """Refused once, then let in; the challenge stands behind others."""
    offer = b"WWW-Authenticate: Negotiate", b"WWW-Authenticate: NTLM", b'WWW-Authenticate: Basic realm="a, b"'
    turns = [(0, get()), (1, answer(b"401 Unauthorized", *offer))]
    for last in (answer(b"401 Unauthorized", *offer), answer(b"200 OK")):
        turns += [(0, get(b"NTLM", negotiate())), (1, answer(b"401 Unauthorized", b"WWW-Authenticate: NTLM " + b64encode(challenge()))),
                  (0, get(b"NTLM", authenticate(user="市長"))), (1, last)]
    return talk(80, *turns)


def case_http_spnego():
    """SPNEGO with NTLM through a proxy; the answer is not captured."""
    return talk(3128, (0, get(b"Negotiate", spnego_init(negotiate()), b"Proxy-Authorization", b"http://www.city.example/")),
                (1, answer(b"407 Proxy Authentication Required",
                           b"Proxy-Authenticate: Negotiate " + b64encode(spnego_response(1, NTLMSSP, challenge())))),
                (0, get(b"Negotiate", spnego_response(None, None, authenticate(nt=b"\x22" * 24, lm=b"\x33" * 8 + bytes(16), mic=b"")),
                        b"Proxy-Authorization", b"http://www.city.example/")))


def case_http_kerberos():
    """A ticket for the web server, and a token that is none."""
    shown = spnego_init(gss(KRB5, b"\1\0" + ap_req(ticket(b"HTTP", b"intra.city.example", etype=23))))
    return talk(80, (0, get(b"Negotiate", shown)), (1, answer(b"200 OK", b"WWW-Authenticate: Negotiate " + b64encode(spnego_response(0, KRB5)))),
                (0, get(b"Negotiate", b"nonsense")), (1, answer(b"400 Bad Request")))


def case_smtp():
    def line(text, token=b""):
        return text + (b64encode(token) if token else b"") + b"\r\n"
    return talk(25, (1, line(b"220 mail.city.example ESMTP")), (0, line(b"EHLO pc10.city.example")),
                (1, line(b"250-mail.city.example") + line(b"250 AUTH NTLM LOGIN")),
                (0, line(b"AUTH NTLM")), (1, line(b"334 ntlm supported")), (0, line(b"", negotiate())), (1, line(b"334 ", challenge())),
                (0, line(b"", authenticate(nt=b"\x22" * 24, lm=b"\x33" * 24, mic=b"", flags=0x2000201))), (1, line(b"535 5.7.8 no")),
                (0, line(b"AUTH NTLM ", negotiate())), (1, line(b"334 ", challenge())), (0, line(b"", authenticate())), (1, line(b"235 2.7.0 welcome")),
                (0, line(b"QUIT")), (1, line(b"221 bye")))


def case_pop3():
    def line(text, token=b""):
        return text + (b64encode(token) if token else b"") + b"\r\n"
    return talk(110, (1, line(b"+OK POP3 ready")), (0, line(b"AUTH NTLM")), (1, line(b"+ ")), (0, line(b"", negotiate())),
                (1, line(b"+ ", challenge())), (0, line(b"", authenticate(nt=b"", lm=b"\0", user="", domain=""))), (1, line(b"-ERR no anonymous log-on")),
                (0, line(b"QUIT")), (1, line(b"+OK")))


def case_damaged():
    """Fields that point outside, a type that does not exist, more mechanisms than are kept, DER that ends early."""
    far = bytearray(authenticate())
    far[32:36] = b"\xff\xff\xff\x7f"
    odd = bytearray(negotiate())
    odd[8] = 9
    many = spnego_init(negotiate(), [NTLMSSP] * 20)
    return talk(80, *((0, get(b"Negotiate", token)) for token in (bytes(far), bytes(odd), many, many[:-9], challenge(target="T" * 900))))
