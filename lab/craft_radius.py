# SPDX-License-Identifier: Apache-2.0
"""RADIUS that a laboratory's server does not send: changes of authorization, EAP methods, damage."""
import struct

from craft import CLIENT, SERVER, address, ether, udp
from packets import ETHERNET


def attribute(kind, value):
    return bytes([kind, 2 + len(value)]) + value


def number(kind, value):
    return attribute(kind, struct.pack(">I", value))


def packet(code, ident, *attributes, length=None, authenticator=b"A" * 16):
    body = b"".join(attributes)
    return struct.pack(">BBH", code, ident, 20 + len(body) if length is None else length) + authenticator + body


def to(payload, port=1812, back=False, source=42000):
    return ether(udp(SERVER, CLIENT, port, source, payload) if back else udp(CLIENT, SERVER, source, port, payload))


NAS = attribute(4, address(CLIENT)) + attribute(1, b"tanaka")


def case_changes():
    session = NAS + attribute(44, b"5F3A01")
    return ETHERNET, [to(packet(40, 1, session), 3799), to(packet(41, 1), 3799, True),
                      to(packet(43, 2, session, attribute(11, b"quarantine")), 3799), to(packet(45, 2, number(101, 503)), 3799, True),
                      to(packet(43, 3, session), 3799), to(packet(44, 3), 3799, True), to(packet(40, 4, session), 3799)]


def case_eap():
    def eap(code, ident, kind=None, data=b""):
        body = (bytes([kind]) if kind is not None else b"") + data
        return attribute(79, struct.pack(">BBH", code, ident, 4 + len(body)) + body)
    state = attribute(24, b"\1\2\3\4")
    mark = attribute(80, bytes(16))
    frames = [to(packet(1, 1, NAS, eap(2, 1, 1, b"tanaka@city.example"), mark)), to(packet(11, 1, eap(1, 2, 25, b"\x20"), state, mark), back=True),
              to(packet(1, 2, NAS, eap(2, 2, 3, b"\x0d"), state)), to(packet(11, 2, eap(1, 3, 13, b"\x20"), state), back=True),
              to(packet(1, 3, NAS, eap(2, 3, 99, b"")[:2] + b"\2\3\0\5\x63", state)), to(packet(3, 3, eap(4, 3), attribute(18, b"no "), attribute(18, b"entry")), back=True),
              to(packet(1, 4, NAS, eap(2, 4, 1)), ), to(packet(2, 4, eap(3, 4)), back=True),
              to(packet(1, 5, NAS, attribute(79, b"\2"))), to(packet(1, 6, NAS, attribute(79, b"\2\0\0\6")))]
    return ETHERNET, frames


def case_granted():
    gets = [attribute(8, address("10.30.7.9")), attribute(168, address("2001:db8:7::9")), attribute(97, b"\0\x40" + address("2001:db8:7::")[:8]),
            attribute(123, b"\0\x38"), attribute(66, b"\0" + b"198.51.100.7"), attribute(67, b"203.0.113.9"), attribute(81, b"\1" + b"30"),
            attribute(97, b"\0\xff"), attribute(97, b"\0"), number(27, 60), attribute(18, b"x" * 253), attribute(18, b"y" * 253), attribute(18, b"z" * 253),
            attribute(18, b"x" * 253), attribute(18, b"w" * 253)]
    asks = [number(6, 6), number(6, 99), number(61, 99), attribute(31, b"0200.0a1e.0233"), attribute(103, b"f" * 32), attribute(4, b"\1\2")]
    phone = [attribute(31, b"+81-3-5555-0100"), attribute(31, b"\0\0:"), attribute(26, struct.pack(">IBB", 311, 1, 52) + b"m" * 50),
             attribute(26, struct.pack(">I", 9) + b"\1\3x")] + [attribute(26, struct.pack(">I", 20000 + at) + b"\1\2") for at in range(20)]
    return ETHERNET, [to(packet(1, 1, NAS, *asks)), to(packet(2, 1, *gets), back=True), to(packet(1, 2, NAS, *phone))]


def case_malformed():
    good = packet(1, 1, NAS)
    return ETHERNET, [to(good), to(packet(2, 1, b"\x01\x01")), to(packet(2, 9, b"\x05\x06\0"), back=True), to(packet(1, 3, NAS, length=400)),
                      to(packet(1, 4, NAS, length=5)), to(b"\1\2"), to(packet(99, 4, NAS)), to(packet(1, 1, NAS)),
                      to(packet(1, 1, NAS, authenticator=b"B" * 16)), to(packet(1, 5, b"\x01\x02" + NAS))]


def case_many_pending():
    return ETHERNET, [to(packet(1, at, NAS)) for at in range(70)] + [to(packet(2, 69), back=True), to(packet(3, 0), back=True)]
