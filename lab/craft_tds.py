# SPDX-License-Identifier: Apache-2.0
"""TDS between a made-up SQL Server and its clients: log-on, batches, calls, encryption, damage."""
import struct

from craft import ACK, PSH, Talk, ether
from packets import ETHERNET


def packet(kind, body, status=1):
    return struct.pack(">BBHHBB", kind, status, len(body) + 8, 0, 1, 0) + body


def wide(text):
    return text.encode("utf-16-le")


def short(text):
    return bytes([len(text)]) + wide(text)


def prelogin(encryption, version=b"\x10\0\x03\xe8\0\0", instance=b"CITY\0"):
    options = ((0, version), (1, bytes([encryption])), (2, instance), (3, b"\0\0\1\2"), (4, b"\0"))
    head, data = b"", b""
    for token, value in options:
        head += struct.pack(">BHH", token, 5 * len(options) + 1 + len(data), len(value))
        data += value
    return head + b"\xff" + data


def login(user="clerk", password="secret", version=0x74000004, sspi=b""):
    texts = ["PC10", user, password, "ledger", "db.city.example", "", "ODBC", "", "city"]
    at, fixed, data = 94, b"", b""
    for text in texts:
        fixed += struct.pack("<HH", at + len(data), len(text))
        data += wide(text) if text != password else bytes((b << 4 | b >> 4) & 0xff ^ 0xa5 for b in wide(text))
    fixed += b"\2\0\x0a\x1e\1\x10" + struct.pack("<HH", at + len(data), len(sspi)) + struct.pack("<HHHHI", 0, 0, 0, 0, 0)
    data += sspi
    head = struct.pack("<IIIII", version, 4096, 7, 4711, 0) + bytes([0xe0, 0x83 if sspi else 3, 0, 0]) + struct.pack("<iI", 0, 0x411)
    return struct.pack("<I", len(head + fixed + data) + 4) + head + fixed + data


def token(kind, body):
    return bytes([kind]) + struct.pack("<H", len(body)) + body


def error(number, text, kind=0xaa, procedure=""):
    return token(kind, struct.pack("<iBB", number, 1, 14) + struct.pack("<H", len(text)) + wide(text) + short("DB1") + short(procedure)
                 + struct.pack("<I", 1))


def done(status=0, rows=0, kind=0xfd, old=False):
    return bytes([kind]) + struct.pack("<HH", status, 193) + (struct.pack("<I", rows) if old else struct.pack("<Q", rows))


CHANGE = token(0xe3, b"\1" + short("city") + short("master"))
ACK_LOGIN = token(0xad, b"\1\x74\0\0\4" + short("Microsoft SQL Server") + b"\x10\0\x03\xe8")
START = [(0, packet(18, prelogin(2))), (1, packet(4, prelogin(2))), (0, packet(16, login())), (1, packet(4, CHANGE + error(5701, "Changed database", 0xab)
                                                                                                    + ACK_LOGIN + done()))]
HEADERS = struct.pack("<IIHQI", 22, 18, 2, 0, 1)
ROWS = b"\x81\1\0" + b"\0" * 9 + b"\x38\1n" + b"\xd1\1\0\0\0" * 3


def batch(text):
    return packet(1, HEADERS + wide(text))


def sessions(*several):
    frames = []
    for at, turns in enumerate(several):
        talk = Talk(sport=50000 + at, dport=1433)
        for who, data in turns:
            talk.data(who, data, size=1400)
        talk.close()
        frames += [ether(p) for p in talk.packets]
    return ETHERNET, frames


def nvarchar(text, name="", most=8000):
    data = wide(text)
    if most == 0xffff:
        value = struct.pack("<QI", len(data), len(data)) + data + b"\0\0\0\0"
    else:
        value = struct.pack("<H", len(data)) + data
    return short(name) + b"\0\xe7" + struct.pack("<H", most) + b"\x09\4\xd0\0\x34" + value


INTN = b"\0\1\x26\4\0"
NTEXT = b"\0\0\x63" + struct.pack("<I", 100) + b"\x09\4\xd0\0\x34" + struct.pack("<I", 18) + wide("DELETE 市x")


def rpc(which, *parameters):
    name = struct.pack("<HH", 0xffff, which) if isinstance(which, int) else struct.pack("<H", len(which)) + wide(which)
    return packet(3, HEADERS + name + b"\0\0" + b"".join(parameters))


def case_batches():
    long = "SELECT '" + "市" * 3000 + "'"
    return sessions(START + [
        (0, batch("SELECT n FROM people")), (1, packet(4, ROWS, 0) + packet(4, b"\xd1\2\0\0\0" + done(0x10, 4))),
        (0, batch("SELEC 1")), (1, packet(4, error(156, "Incorrect syntax near 'SELEC'.") + done(2))),
        (0, batch("UPDATE people SET n = 1")), (1, packet(4, done(0x10, 7))), (0, batch("USE annex")),
        (1, packet(4, token(0xe3, b"\1" + short("annex") + short("city")) + done())),
        (0, packet(1, HEADERS + wide(long)[:4000], 0) + packet(1, wide(long)[4000:])), (1, packet(4, done(0x10, 1))),
        (0, packet(14, HEADERS + b"\5\0\0\0")), (1, packet(4, token(0xe3, b"\x08\1\1\0") + done())),
        (0, packet(7, ROWS)), (1, packet(4, done(0x10, 3))), (0, batch("WAITFOR DELAY '1:00'")), (0, packet(6, b"")), (1, packet(4, done(0x20)))])


def case_calls():
    return sessions(START + [
        (0, rpc(10, nvarchar("SELECT @n"), nvarchar("@n int"), INTN)), (1, packet(4, ROWS + b"\xff\x11\0\xc1\0" + struct.pack("<Q", 3)
                                                                             + b"\x79\0\0\0\0" + done(0, 0, 0xfe))),
        (0, rpc(13, INTN, nvarchar("@n int"), nvarchar("INSERT INTO people VALUES (@n)", most=0xffff))), (1, packet(4, done(0, 0, 0xfe))),
        (0, rpc(11, INTN, b"\0\0\x63" + NTEXT[3:], NTEXT)), (1, packet(4, b"\x79\xff\xff\xff\xff" + done(0, 0, 0xfe))),
        (0, rpc("xp_cmdshell", nvarchar("whoami"))), (1, packet(4, error(15281, "SQL Server blocked access", procedure="xp_cmdshell") + done(2, 0, 0xfe))),
        (0, rpc("sp_cursoropen", INTN, nvarchar("SELECT 2"))), (1, packet(4, token(0xa9, b"\1\0") + b"\xe4\4\0\0\0abcd" + done(0, 0, 0xfe))),
        (0, rpc(99)), (1, packet(4, done(2, 0, 0xfe))), (0, rpc(10, b"\0\0\x38\1\2\3\4")), (1, packet(4, done(2, 0, 0xfe)))])


def case_old():
    """Versions 7.0 and 7.1: no headers, short counts."""
    return sessions(
        [(0, packet(16, login(version=0x71000001))), (1, packet(4, error(18456, "Login failed for user 'clerk'.") + done(2, 0, 0xfd, True)))],
        [(0, packet(16, login(version=0x70000000))), (1, packet(4, token(0xad, b"\1\x71\0\0\1" + short("SQL") + b"\x08\0\7\xf7") + done(old=True))),
         (0, packet(1, wide("SELECT 1"))), (1, packet(4, ROWS + done(0x10, 3, 0xfd, True)))],
        *[[(0, packet(16, login(version=v)))] for v in (0x72090002, 0x730b0003, 0x08000000)])


def case_encrypted():
    hello = b"\x16\3\1\0\x20" + b"h" * 32
    return sessions(
        [(0, packet(18, prelogin(0))), (1, packet(4, prelogin(0))), (0, packet(18, hello)), (1, packet(18, hello)), (0, b"\x17\3\3\0\x30" + b"x" * 48),
         (1, packet(4, ACK_LOGIN + done())), (0, batch("SELECT 1")), (1, packet(4, done(0x10, 1)))],
        [(0, packet(18, prelogin(1))), (1, packet(4, prelogin(3))), (0, packet(18, hello)), (1, packet(18, hello)), (0, b"\x17\3\3\0\x30" + b"x" * 48),
         (1, b"\x17\3\3\x05\0" + b"x" * 1280)],
        [(0, packet(18, prelogin(0x80))), (1, packet(4, prelogin(1)))])


def ntlm(kind, *names):
    if kind == 1:
        return b"NTLMSSP\0" + struct.pack("<II", 1, 0x207) + b"\0" * 16
    if kind == 2:
        return b"NTLMSSP\0" + struct.pack("<I", 2) + struct.pack("<HHI", 8, 8, 48) + struct.pack("<I", 0x201) + b"challeng" + b"\0" * 16 + wide("CITY")
    data, heads = b"", b""
    for value in (b"\0" * 24, b"\0" * 24, *map(wide, names), b""):
        heads += struct.pack("<HHI", len(value), len(value), 64 + len(data))
        data += value
    return b"NTLMSSP\0" + struct.pack("<I", 3) + heads + struct.pack("<I", 0x201) + data


def case_integrated():
    return sessions([
        (0, packet(16, login("", "", sspi=ntlm(1)))), (1, packet(4, token(0xed, ntlm(2)))), (0, packet(17, ntlm(3, "CITY", "yamada", "PC10"))),
        (1, packet(4, CHANGE + ACK_LOGIN + done())), (0, batch("SELECT 1")), (1, packet(4, done(0x10, 1)))],
        [(0, packet(16, login("", "", sspi=ntlm(1)))), (1, packet(4, token(0xed, ntlm(2)))), (0, packet(17, ntlm(3, "CITY", "yamada", "PC10"))),
         (1, packet(4, error(18452, "Login failed.") + done(2)))])


def case_wrong():
    return sessions(
        START + [(0, b"\x63" * 12)], START + [(0, batch("SELECT 1")), (1, b"\7\1\0\x0a" + b"\0" * 6)], START + [(0, b"\1\1\0\4\0\0\0\0")],
        [(0, packet(18, prelogin(2)[:26].ljust(40, b"\0")))], [(0, packet(16, login())[:60])], START + [(0, batch("SELECT 1"))],
        [(0, packet(16, login(version=0x74000004)[:40].ljust(120, b"\xff")))])


def case_lost():
    """Bytes of rows are missing."""
    talk = Talk(sport=50000, dport=1433)
    for who, data in START + [(0, batch("SELECT photo FROM people"))]:
        talk.data(who, data)
    answer = packet(4, ROWS + b"\xd1" * 9000 + done(0x10, 3))
    talk.data(1, answer[:5000])
    talk.seq[1] += 1000
    talk.send(1, PSH | ACK, answer[6000:7400])
    talk.send(1, PSH | ACK, answer[7400:])
    talk.close()
    return ETHERNET, [ether(p) for p in talk.packets]
