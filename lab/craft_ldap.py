# SPDX-License-Identifier: Apache-2.0
"""LDAP of Windows domains, limits and damage (RFC 4511, MS-ADTS)."""
import struct

from craft import CLIENT, SERVER, Talk, ether, udp
from packets import ETHERNET
from craft_krb5 import ap_req, ticket
from tokens import KRB5, NTLMSSP, authenticate, challenge, der, gss, negotiate, spnego_init, spnego_response


def integer(value, tag=2):
    return der(tag, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def octets(value, tag=4):
    return der(tag, value)


def message(number, operation, *controls):
    more = der(0xa0, *(der(0x30, octets(control)) for control in controls)) if controls else b""
    return der(0x30, integer(number), operation, more)


def result(tag, code=0, matched=b"", text=b"", *more):
    return der(tag, integer(code, 10), octets(matched), octets(text), *more)


def bind(number, choice, name=b""):
    return message(number, der(0x60, integer(3), octets(name), choice))


def sasl(mechanism, token):
    return der(0xa3, octets(mechanism), octets(token))


def bound(number, code=0, token=None, matched=b""):
    return message(number, result(0x61, code, matched, b"", *([octets(token, 0x87)] if token else [])))


def search(number, filter_, base=b"dc=city,dc=example", scope=2, attributes=(), controls=()):
    return message(number, der(0x63, octets(base), integer(scope, 10), integer(0, 10), integer(0), integer(0), der(1, b"\0"), filter_,
                               der(0x30, *(octets(attribute) for attribute in attributes))), *controls)


def entry(number, name, **attributes):
    return message(number, der(0x64, octets(name), der(0x30, *(
        der(0x30, octets(kind.encode()), der(0x31, *(octets(value) for value in values))) for kind, values in attributes.items()))))


def done(number, code=0):
    return message(number, result(0x65, code))


def equal(kind, value, tag=0xa3):
    return der(tag, octets(kind), octets(value))


PRESENT = octets(b"objectClass", 0x87)


def talk(*turns, finish=True):
    """Frames of a connection; turns are (who, bytes)."""
    stream = Talk(dport=389)
    for who, data in turns:
        stream.data(who, data)
    if finish:
        stream.close()
    return ETHERNET, [ether(packet) for packet in stream.packets]


def case_netlogon():
    """CLDAP: where is a domain controller (MS-ADTS 6.3)? And one that nobody answers."""
    ping = der(0xa0, equal(b"DnsDomain", b"city.example"), equal(b"Host", b"PC10"), equal(b"NtVer", b"\x16\0\0\0"))
    names = b"\4city\7example\0" + b"\xc0\x18" + b"\3dc1\xc0\x18" + b"\4CITY\0" + b"\3DC1\0" + b"\0" + b"\4Hall\0" + b"\xc0\x38"
    answer = struct.pack("<HHI", 23, 0, 0x3f1fd) + bytes(range(16)) + names + b"\5\0\0\0\xff\xff\xff\xff"
    ask = search(7, ping, b"", 0, [b"Netlogon"])
    reply = entry(7, b"", Netlogon=[answer]) + done(7)
    return ETHERNET, [ether(udp(CLIENT, SERVER, 50389, 389, ask)), ether(udp(SERVER, CLIENT, 389, 50389, reply), src=SERVER, dst=CLIENT),
                      ether(udp(CLIENT, SERVER, 50390, 389, search(8, ping, b"", 0, [b"Netlogon"]))),
                      ether(udp(CLIENT, SERVER, 50390, 389, b"0\5\2\1\1B\1"))]


def case_sicily():
    """Windows' log-on before SASL: NTLM in the bind itself, the challenge in matchedDN."""
    return talk((0, bind(1, octets(b"", 0x89))), (1, bound(1, matched=b"NTLM")),
                (0, bind(2, octets(negotiate(b"TOWN", b"DESK7"), 0x8a), b"NTLM")), (1, bound(2, matched=challenge())),
                (0, bind(3, octets(authenticate(), 0x8b))), (1, bound(3)), (0, message(4, der(0x42))))


def case_spnego_ntlm():
    """Refused, then accepted; what follows is signed by NTLM and can be read, then encrypted."""
    turns = []
    for number, code in ((1, 49), (3, 0)):
        turns += [(0, bind(number, sasl(b"GSS-SPNEGO", spnego_init(negotiate())))),
                  (1, bound(number, 14, spnego_response(1, NTLMSSP, challenge()))),
                  (0, bind(number + 1, sasl(b"GSS-SPNEGO", spnego_response(None, None, authenticate())))),
                  (1, bound(number + 1, code, spnego_response(2 if code else 0)))]
    signature = b"\1\0\0\0" + bytes(12)

    def wrapped(data):
        return struct.pack(">I", len(data) + 16) + signature + data
    turns += [(0, wrapped(search(5, equal(b"objectSid", bytes(4) + b"(*)\\\xff"), attributes=[b"objectSid", b"objectGUID"]))),
              (1, wrapped(entry(5, b"cn=mayor,dc=city,dc=example", objectSid=[bytes.fromhex("010500000000000515000000010000000200000003000000f4010000")],
                                objectGUID=[bytes(range(16))], unicodePwd=[b"secret"]) + done(5))),
              (0, wrapped(b"\x99" * 40))]
    return talk(*turns)


def case_kerberos():
    """SASL GSS-SPNEGO with Kerberos; signed messages of RFC 4121 with the checksum behind and before, then an encrypted one."""
    token = spnego_init(gss(KRB5, b"\1\0" + ap_req(ticket(b"ldap", b"dc1.city.example"))))
    what, sum_ = search(2, PRESENT), b"\xee" * 12

    def cfx(flags, rotation, data):
        return struct.pack(">I", len(data) + 16) + b"\5\4" + bytes([flags]) + b"\xff" + struct.pack(">HHQ", 12, rotation, 1) + data
    return talk((0, bind(1, sasl(b"GSS-SPNEGO", token))), (1, bound(1, 0, spnego_response(0, KRB5))),
                (0, cfx(0, 0, what + sum_)), (1, cfx(1, 12, sum_ + done(2))), (0, cfx(0, 0, b"garbage" + sum_)), (1, cfx(3, 28, b"\x77" * 60)))


def case_filters():
    """Every kind of filter, characters to escape, brackets too deep, and an unknown kind."""
    substrings = der(0xa4, octets(b"cn"), der(0x30, octets(b"a", 0x80), octets(b"b", 0x81), octets(b"c", 0x82)))
    extensible = der(0xa9, octets(b"1.2.840.113556.1.4.803", 0x81), octets(b"userAccountControl", 0x82), octets(b"8192", 0x83))
    dn = der(0xa9, octets(b"ou", 0x82), octets(b"x", 0x83), der(0x84, b"\xff"))
    kinds = der(0xa1, equal(b"a", b"1", 0xa5), equal(b"a", b"1", 0xa6), equal(b"a", b"1", 0xa8), substrings,
                der(0xa4, octets(b"cn"), der(0x30, octets(b"m", 0x81))), extensible, dn, der(0xa2, PRESENT),
                equal(b"cn", "山(田)*\\\0".encode() + b"\xff"), der(0xab, b"?"))
    deep = PRESENT
    for _ in range(40):
        deep = der(0xa2, deep)
    return talk((0, search(1, kinds)), (1, done(1)), (0, search(2, deep, scope=3)), (1, done(2, 4444)))


def case_limits():
    """More answers, requests, changes, attributes, values and controls than are kept; names too long; no memory for it all."""
    entries = b"".join(entry(1, b"cn=%d" % i, cn=[b"%d" % i]) for i in range(50))
    many = entry(2, b"cn=group", member=[b"cn=%d" % i for i in range(100)], **{"a%d" % i: [] for i in range(300)})
    changes = der(0x30, *(der(0x30, integer(i % 5, 10), der(0x30, octets(b"cn"), der(0x31, octets(b"x")))) for i in range(80)))
    added = der(0x30, *(der(0x30, octets(b"a%d" % i), der(0x31)) for i in range(300)))
    waiting = b"".join(search(100 + i, PRESENT) for i in range(70))
    references = message(3, der(0x73, *(octets(b"ldap://%d" % i) for i in range(20))))
    return talk((0, search(1, octets(b"x" * 5000, 0x87), b"o=" + b"y" * 3000, attributes=[b"%d" % i for i in range(300)],
                           controls=[b"1.2.%d" % i for i in range(20)])),
                (1, entries + message(1, der(0x79, octets(b"1.3.6.1.4.1.4203.1.9.1.4", 0x80), octets(b"cookie", 0x81))) + done(1)),
                (0, search(2, PRESENT)), (1, many + done(2)), (0, search(3, PRESENT)), (1, references + done(3)),
                (0, message(4, der(0x66, octets(b"cn=a"), changes))), (1, message(4, result(0x67, 53, b"", b"", der(0xa3, octets(b"ldap://a"))))),
                (0, message(5, der(0x68, octets(b"cn=a"), added))), (1, message(5, result(0x69))), (0, waiting),
                (0, message(6, der(0x50, b"\x67"))))


def case_notice():
    """The server goes down (RFC 4511 section 4.4.1); entries of a search that began before the capture."""
    notice = message(0, result(0x78, 52, b"", b"The Directory Server is shutting down", octets(b"1.3.6.1.4.1.1466.20036", 0x8a)))
    return talk((1, entry(9, b"cn=a", cn=[b"a"]) + done(9) + notice))


def case_damaged():
    """A length that lies inside a message; then no LDAP at all."""
    return talk((0, search(1, PRESENT)), (0, b"\x30\x0c\2\1\2\x63\7\4\1x\x0a\1\2\x0a" + bytes(2)), (0, b"HELO you\r\n"))


def case_too_long():
    """A message of more than a megabyte is passed over."""
    head = b"\x30\x84\0\x20\0\0\2\1\1\x64\x84\0\x1f\xff\xf7\4\1x"
    stream = Talk(dport=389, handshake=True)
    stream.data(1, head)
    stream.send(1, 0x18, b"\0" * 1000)
    return ETHERNET, [ether(packet) for packet in stream.packets]


def case_starttls_early():
    """Clear text between StartTLS and its answer; the second time the answer was not captured."""
    ask = message(1, der(0x77, octets(b"1.3.6.1.4.1.1466.20037", 0x80)))
    refused = message(1, result(0x78, 53))
    return talk((0, ask), (0, search(2, PRESENT)), (1, refused), (1, done(2)), (0, ask), (0, b"\x16\3\1\0\x05hello"))
