# SPDX-License-Identifier: Apache-2.0
"""Control systems' protocols that are only named, and phasor measurement."""
import struct

from craft import CLIENT, SERVER, Talk, ether, udp
from packets import ETHERNET


def talk(port, *sent, **more):
    conversation = Talk(dport=port, **more)
    for who, data in sent:
        conversation.data(who, data, size=1400)
    conversation.close()
    return [ether(p) for p in conversation.packets]


def fins(code, control=0x80):
    return bytes([control, 0, 2, 0, 10, 0, 0, 99, 0, 7]) + struct.pack(">H", code) + b"\x82\0\0\0\0\1"


def fins_tcp(command, body):
    return b"FINS" + struct.pack(">III", 8 + len(body), command, 0) + body


def case_fins():
    """Over UDP, and over TCP after node addresses are agreed on; one answer alone; one that ends early."""
    return ETHERNET, [ether(udp(CLIENT, SERVER, 9600, 9600, fins(0x0402))), ether(udp(SERVER, CLIENT, 9600, 40000, fins(0x0101, 0xc0)))] + \
        talk(9600, (0, fins_tcp(0, bytes(4))), (1, fins_tcp(1, bytes(8))), (0, fins_tcp(2, fins(0x0102)))) + talk(9600, (0, fins_tcp(2, bytes(12))), sport=50001)


def case_hart():
    def message(kind, number, body, status=0):
        return struct.pack(">BBBBHH", 1, kind, number, status, 1, 8 + len(body)) + body
    return ETHERNET, talk(5094, (0, message(0, 0, b"\1\0\0\xea\x60")), (1, message(1, 0, b"\1\0\0\xea\x60"))) + \
        [ether(udp(CLIENT, SERVER, 40000, 5094, message(0, 3, b"\x02\x80\0\0\x82\0"))), ether(udp(SERVER, CLIENT, 5094, 40001, message(1, 2, b"")))]


def case_fox():
    hello = b"fox a 1 -1 fox hello\n{\nfox.version=s:1.0.1\nid=i:1\nhostName=s:hmi01\nhostAddress=s:10.30.1.10\napp.name=s:Workbench\napp.version=s:3.8.38\nstation.name=s:East\nnothing\n};;\n"
    return ETHERNET, talk(1911, (0, hello), (1, hello)) + talk(1911, (0, hello[:60]), sport=50001)


def case_ads():
    def ams(command, flags, data=b""):
        return struct.pack("<HI", 0, 32 + len(data)) + bytes([10, 30, 1, 80, 1, 1]) + struct.pack("<H", 851) + bytes([10, 30, 1, 10, 1, 1]) + struct.pack("<HHHIII", 32905, command, flags, len(data), 0, 7) + data
    return ETHERNET, talk(48898, (0, ams(5, 4, b"\5\0\0\0\0\0\0\0")), (1, ams(5, 5, bytes(4)))) + talk(48898, (1, ams(4, 5, bytes(8))), sport=50001)


def case_melsec():
    def body(command):
        return struct.pack("<HHH", 16, command, 0) + b"\1\0\1\0"
    three = b"\x50\0\0\xff\xff\3\0" + struct.pack("<H", 10) + body(0x1002)
    four = b"\x54\0\x12\x34\0\0\0\xff\xff\3\0" + struct.pack("<H", 10) + body(0x0101)
    return ETHERNET, talk(5007, (0, three), (1, b"\xd0\0")) + [ether(udp(CLIENT, SERVER, 40000, 5006, four)), ether(udp(CLIENT, SERVER, 40001, 5006, b"\x54\0\x12\x34\1\1" + four[6:]))]


def case_srtp():
    request = bytearray(56)
    request[0], request[31], request[42] = 2, 0xc0, 0x23
    return ETHERNET, talk(18245, (0, bytes(56)), (1, b"\1" + bytes(55)), (0, bytes(request)), (1, b"\3" + bytes(55)))


def crc(data):
    value = 0xffff
    for octet in data:
        value ^= octet << 8
        for _ in range(8):
            value = (value << 1 ^ (0x1021 if value & 0x8000 else 0)) & 0xffff
    return struct.pack(">H", value)


def phasor(kind, body, ident=7, version=1):
    head = struct.pack(">BBHHII", 0xaa, kind << 4 | version, 16 + len(body), ident, 1795248000, 0) + body
    return head + crc(head)


def unit(name):
    return name.ljust(16) + struct.pack(">HHHHH", 7, 0, 1, 1, 1) + b"x" * 16 * 18 + bytes(12) + struct.pack(">HH", 0, 1)


def unit3(name):
    return bytes([len(name)]) + name + struct.pack(">H", 7) + bytes(16) + struct.pack(">HHHH", 0, 1, 0, 0) + b"\2VA" + bytes(12) + bytes(21) + struct.pack(">HH", 0, 1)


def case_phasors():
    """A concentrator asks for configurations and data; measurements follow over UDP; damage."""
    second = struct.pack(">IH", 1000000, 2) + unit(b"East") + unit(b"West") + struct.pack(">h", 50)
    third = struct.pack(">HIH", 0, 1000000, 2) + unit3(b"East station") + unit3(b"") + struct.pack(">h", -2)
    sent = [(0, phasor(4, struct.pack(">H", 5))), (1, phasor(3, second)), (1, phasor(2, second, version=2)), (0, phasor(4, struct.pack(">H", 3))), (1, phasor(1, b"Pump station east")), (0, phasor(4, struct.pack(">H", 6))), (1, phasor(5, third)),
            (0, phasor(4, struct.pack(">H", 77))), (1, phasor(0, bytes(20)) * 3), (1, phasor(3, second)[:-1] + b"!"), (1, phasor(3, struct.pack(">IH", 0, 9) + unit(b"cut")[:20] + b"\0\1")), (1, b"garbage, no frame")]
    data = phasor(0, bytes(8))
    return ETHERNET, talk(4712, *sent) + [ether(udp(SERVER, CLIENT, 4713, 4713, data)), ether(udp(SERVER, CLIENT, 4713, 4713, data[:10])), ether(udp(SERVER, CLIENT, 4713, 4713, data))]
