# SPDX-License-Identifier: Apache-2.0
"""SNMP no agent sends: every type of value, endless lists, lengths and numbers that do not fit."""
from craft import CLIENT, SERVER, ether, udp
from packets import ETHERNET


def ber(tag, *parts):
    body = b"".join(parts)
    if len(body) < 128:
        return bytes([tag, len(body)]) + body
    size = (len(body).bit_length() + 7) // 8
    return bytes([tag, 0x80 | size]) + len(body).to_bytes(size, "big") + body


def number(value, tag=2):
    return ber(tag, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


DESCRIPTION = bytes((0x2b, 6, 1, 2, 1, 1, 1, 0))


def pair(value, oid=DESCRIPTION):
    return ber(0x30, ber(6, oid), value)


def pdu(tag, *pairs, request=7, first=0, second=0):
    return ber(tag, number(request), number(first), number(second), ber(0x30, *pairs))


def message(body, version=1, community=b"public"):
    return ber(0x30, number(version), ber(4, community), body)


def flows(*pairs):
    """Each a question and an answer, either may be None, from a port of its own."""
    frames = []
    for at, (question, answer) in enumerate(pairs):
        if question:
            frames.append(ether(udp(CLIENT, SERVER, 41000 + at, 161, question)))
        if answer:
            frames.append(ether(udp(SERVER, CLIENT, 161, 41000 + at, answer)))
    return ETHERNET, frames


GET = message(pdu(0xa0, pair(ber(5))))


def case_values():
    values = [number(-129), ber(4, b"\x00\xff\x10"), ber(6, DESCRIPTION), ber(0x40, b"\x0a\x1e\x01\x50"), ber(0x41, b"\xff" * 4),
              ber(0x42, b"\x05"), ber(0x43, b"\x01\x00"), ber(0x44, b"\x9f\x78"), ber(0x46, b"\xff" * 8), ber(0x80), ber(0x81),
              ber(0x82), ber(5), ber(4, b"x" * 1500), ber(4, b""), ber(0x40, b"\x0a"), ber(0x45, b"\x01")]
    return flows((GET, message(pdu(0xa2, *map(pair, values)))),
                 (message(pdu(0xa3, pair(number(2**62)))), message(pdu(0xa2, pair(ber(5)), first=17, second=1))),
                 (message(pdu(0xa0, pair(ber(5), bytes((0x80 | 0x51, 0x34, 3)))), 0), message(pdu(0xa8, pair(ber(0x41, b"\x09"))))))


def case_many_variables():
    return flows((GET, message(pdu(0xa2, *[pair(number(at)) for at in range(300)]))))


def case_malformed():
    whole = message(pdu(0xa2, pair(number(5)), pair(number(6))))
    return flows((GET, whole[:20] + b"\x84" + whole[21:]), (GET, message(pdu(0xa2, pair(number(5), b"\x2b\xff\xff\xff\xff\xff\x7f")))),
                 (GET, message(pdu(0xa2, pair(number(5), b"\x2b" + b"\x01" * 130)))), (GET, message(pdu(0xa2, b"\x30\x20\x06"))),
                 (GET, message(ber(0xa2, number(7)))), (GET, message(ber(0xa9, number(7)))), (GET, ber(0x30, number(2), ber(4, b"x"))),
                 (GET, ber(0x30, number(3), ber(0x30, number(1), number(2), ber(4, b"\x04"), number(3)), ber(4, b"\x30\x05"))),
                 (GET, message(pdu(0xa2, pair(number(5), b"\x2b\x81")))), (GET, whole[:-1]))


def case_v3_odd():
    user = ber(0x30, ber(4, b"\x80\x00\x1f\x88\x04city"), number(3), number(99), ber(4, b"admin"), ber(4), ber(4))

    def v3(flags, rest, model=3, parameters=user):
        return ber(0x30, number(3), ber(0x30, number(1), number(1500), ber(4, bytes([flags])), number(model)), ber(4, parameters), rest)
    scoped = ber(0x30, ber(4, b"\x80\x00\x1f\x88\x04city"), ber(4, b"vlan-5"), pdu(0xa5, pair(ber(5)), first=0, second=2000))
    short = bytearray(v3(4, scoped))
    short[short.index(b"admin") - 2 - 8 - 10] += 9
    return flows((v3(4, scoped), v3(3, ber(4, b"\x55" * 40))), (v3(7, ber(4, b"\x66" * 30)), None), (v3(0, scoped, 1, b""), None),
                 (bytes(short), None))
