# SPDX-License-Identifier: Apache-2.0
"""Telnet, X11, IRC and rsync past their limits, and what their programs seldom say."""
import struct

from craft import Talk, ether
from packets import ETHERNET


def sessions(port, *several):
    frames = []
    for at, turns in enumerate(several):
        talk = Talk(sport=50000 + at, dport=port)
        for who, data in turns:
            talk.data(who, data, size=1400)
        talk.close()
        frames += [ether(p) for p in talk.packets]
    return ETHERNET, frames


def case_telnet():
    sub = b"\xff\xfa"
    environment = sub + b"\x27\0\0USER\1-f root\3X\1y" + b"\xff\xf0" + sub + b"\x18\0vt100\xff\xf0"
    return sessions(
        23, [(1, b"\xff\xfd\x18\xff\xfd\x27"), (0, b"\xff\xfb\x18\xff\xfb\x27" + environment), (1, b"\r\nrouter Username: "), (0, b"clerkk\x08\r\n"),
             (1, b"clerk\r\nPassword: "), (0, b"se\xff\xffcret\r\0"), (1, b"\r\n% Login invalid\r\n\r\nUsername: "), (0, b"clerk\r\n"), (1, b"Password:"), (0, b"other\r\n"), (1, b"\r\nrouter>")],
        [(1, b"\xff\xfd\x26"), (0, b"\xff\xfb\x26" + sub + b"\x26\3\1\xff\xf0" + b"encrypted"), (1, sub + b"\x26\3\1\xff\xf0" + b"encrypted")],
        [(1, b"\xff\xfd\x18" + b"\xff\xfb\xc8" * 60), (0, b"\xff\xfb\x18" + sub + b"\x18\0" + b"x" * 600 + b"\xff\xf0\xff\xf1")],
        [(1, b"Linux\r\nlogin: "), (0, b"root\r\n"), (1, b"Password: "), (0, b"x\r\n"), (1, b"Last login: Monday\r\n")])


def setup(order, name, data):
    return struct.pack(order + "BxHHHHxx", 0x42 if order == ">" else 0x6c, 11, 0, len(name), len(data)) + name + b"\0" * (-len(name) % 4) + data


def case_x11():
    vendor = b"V" * 300
    body = struct.pack(">IIIIHHBBBBBBBBI", 7, 0, 0, 0, len(vendor), 0, 2, 0, 0, 0, 0, 0, 0, 0, 0)[:32] + vendor
    return sessions(
        6000, [(0, setup(">", b"MIT-MAGIC-COOKIE-1", b"c" * 16)), (1, struct.pack(">BxHHH", 1, 11, 0, len(body) // 4) + body)],
        [(0, setup("<", b"", b"")), (1, struct.pack("<BBHHH", 2, 0, 0, 0, 1) + b"ask\n")],
        [(0, setup("<", b"", b"")), (1, struct.pack("<BBHHH", 9, 0, 0, 0, 0))], [(0, setup("<", b"", b""))])


def case_irc():
    return sessions(
        6667, [(0, b"PASS secret\r\nNICK taro\r\nUSER taro 0 * :Taro\r\n"), (1, b"@time=1 :irc.city.example 001 taro :Hello\r\n"),
               (0, b'PRIVMSG hanako :\1DCC SEND "my plan.zip" 169738506 5000 1234\1\r\nPRIVMSG hanako :\1DCC CHAT chat 2001:db8::1 5001\1\r\n'),
               (0, b"PRIVMSG #a :" + b"x" * 2000 + b"\r\nPRIVMSG #b :after\r\n"), (1, b":irc.city.example 433 * taro :In use\r\nERROR :Closing\r\n")],
        [(0, b"CAP LS 302\r\n"), (1, b":irc.city.example CAP * LS :tls\r\n"), (0, b"STARTTLS\r\n"), (1, b":irc.city.example 670 * :Go\r\n"), (0, b"\x16\x03\x01\0\1\1")],
        [(1, b"NOTICE AUTH :*** Looking up\r\n"), (0, b"NICK a\r\n")])


def case_rsync():
    hello = b"@RSYNCD: 31.0\n"
    return sessions(
        873, [(1, hello), (0, hello), (0, b"#list\n"), (1, b"".join(b"module%d\n" % i for i in range(70)) + b"@RSYNCD: EXIT\n")],
        [(1, hello), (0, hello), (0, b"m" * 2000 + b"\n"), (1, b"@RSYNCD: AUTHREQD abc\n"), (0, b"clerk hash\nbinary")])
