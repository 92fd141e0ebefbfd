# SPDX-License-Identifier: Apache-2.0
"""DCE/RPC: what attackers call and a lab's server does not have, other machines' byte order, damage."""
import struct
import uuid

from craft import Talk, ether, udp, CLIENT, SERVER
from packets import ETHERNET

NDR = ("8a885d04-1ceb-11c9-9fe8-08002b104860", 2)
NDR64 = ("71710533-beba-4937-8319-b5dbef9ccc36", 1)
SVCCTL = ("367abb81-9844-35f1-ad32-98f038001003", 2)
ATSVC = ("1ff70682-0a51-30e8-076d-740be8cee98b", 1)
TASKS = ("86d35949-83c9-4044-b424-db363231fd0c", 1)
SAMR = ("12345778-1234-abcd-ef00-0123456789ac", 1)
NETLOGON = ("12345678-1234-abcd-ef00-01234567cffb", 1)
EFSRPC = ("c681d488-d850-11d0-8c52-00c04fd90f7e", 1)
WINREG = ("338cd001-2244-31f1-aaaa-900038001003", 1)
SPOOLSS = ("12345678-1234-abcd-ef00-0123456789ab", 1)
WMI = ("9556dc99-828c-11cf-a37e-00aa003240c7", 0)
LOGIN = ("f309ad18-d86a-11d0-a075-00c04fb68820", 0)
ACTIVATION = ("4d9f4ab8-7d1c-11cf-861e-0020af6e7c57", 0)
EPMAPPER = ("e1af8308-5d1f-11c9-91a4-08002b14a0fa", 3)
DNSSERVER = ("50abc2a4-574d-40b3-9d66-ee4fd5fba076", 5)
PNIO = ("dea00001-6c97-11d1-8271-00a02442df7d", 1)
REQUEST, PING, RESPONSE, FAULT, WORKING, NOCALL, REJECT, ACK = range(8)
BIND, BINDACK, BINDNAK, ALTER, ALTER_RESP, AUTH3, SHUTDOWN, CANCEL, ORPHANED, RTS = range(11, 21)
HANDLE = b"\0" * 4 + bytes(range(16))


def syntax(which, order="<"):
    raw = uuid.UUID(which[0])
    return (raw.bytes_le if order == "<" else raw.bytes) + struct.pack(order + "I", which[1])


def pdu(kind, body, call=1, flags=3, auth=None, order="<", minor=0):
    trailer = b""
    if auth:
        pad = -len(body) % 4
        trailer = b"\0" * pad + struct.pack("BBBBI", auth[0], auth[1], pad, 0, 0) + auth[2]
    drep = b"\x10\0\0\0" if order == "<" else b"\0\0\0\0"
    return struct.pack("BBBB", 5, minor, kind, flags) + drep + struct.pack(
        order + "HHI", 16 + len(body) + len(trailer), len(auth[2]) if auth else 0, call) + body + trailer


def bind(*interfaces, call=1, kind=BIND, order="<", transfer=NDR, first=0, **more):
    body = struct.pack(order + "HHIBBH", 4280, 4280, 0, len(interfaces), 0, 0)
    for number, interface in enumerate(interfaces, first):
        body += struct.pack(order + "HBB", number, 1, 0) + syntax(interface, order) + syntax(transfer, order)
    return pdu(kind, body, call, order=order, **more)


def bind_ack(*results, call=1, kind=BINDACK, order="<", transfer=NDR, address=b"135\0", **more):
    body = struct.pack(order + "HHI", 4280, 4280, 0x1234) + struct.pack(order + "H", len(address)) + address
    body += b"\0" * (-len(body) % 4) + struct.pack("BBBB", len(results), 0, 0, 0)
    for result, reason in results:
        body += struct.pack(order + "HH", result, reason) + syntax(transfer, order)
    return pdu(kind, body, call, order=order, **more)


def request(opnum, stub, call=2, context=0, order="<", obj=None, flags=3, **more):
    body = struct.pack(order + "IHH", len(stub), context, opnum) + (uuid.UUID(obj).bytes_le if obj else b"") + stub
    return pdu(REQUEST, body, call, flags | (0x80 if obj else 0), order=order, **more)


def response(stub, call=2, context=0, order="<", **more):
    return pdu(RESPONSE, struct.pack(order + "IHBB", len(stub), context, 0, 0) + stub, call, order=order, **more)


def fault(status, call=2, **more):
    return pdu(FAULT, struct.pack("<IHBBII", 32, 0, 0, 0, status, 0), call, **more)


class Stub:
    """NDR, or NDR64 with wide."""

    def __init__(self, order="<", wide=False):
        self.raw, self.order, self.size = b"", order, 8 if wide else 4

    def number(self, value, size=4):
        self.raw += b"\0" * (-len(self.raw) % size) + struct.pack(self.order + {1: "B", 2: "H", 4: "I", 8: "Q"}[size], value)
        return self

    def count(self, value):
        return self.number(value, self.size)

    def text(self, value, end="\0"):
        units = (value + end).encode("utf-16-le" if self.order == "<" else "utf-16-be")
        for n in (len(units) // 2, 0, len(units) // 2):
            self.count(n)
        self.raw += units
        return self

    def ansi(self, value):
        for n in (len(value) + 1, 0, len(value) + 1):
            self.count(n)
        self.raw += value + b"\0"
        return self

    def pointer(self, value=None, what="text"):
        if value is None:
            return self.count(0)
        return getattr(self.count(0x20000), what)(value)

    def unicode(self, value):
        self.raw += b"\0" * (-len(self.raw) % self.size)
        self.number(2 * len(value), 2).number(2 * len(value), 2).count(0x20004)
        return self.text(value, end="")

    def bstr(self, value):
        raw = value.encode("utf-16-le")
        self.count(0x72657355).count(len(value)).number(len(raw)).number(len(value))
        self.raw += raw
        return self

    def bytes(self, value):
        self.raw += value
        return self


def talk(*turns, sport=50000, dport=49664, size=1460):
    """turns: (who, bytes)"""
    t = Talk(sport=sport, dport=dport)
    for who, data in turns:
        t.data(who, data, size)
    t.close()
    return [ether(p) for p in t.packets]


def calls(interface, *several, sport=50000, **more):
    """Bind, then (opnum, stub) calls, each answered."""
    turns = [(0, bind(interface, **more)), (1, bind_ack((0, 0), **more))]
    for number, (opnum, stub) in enumerate(several, 2):
        turns += [(0, request(opnum, stub.raw, number)), (1, response(b"\0" * 4, number))]
    return talk(*turns, sport=sport)


def case_service():
    """A service is made, started and removed; its creation comes in three fragments."""
    create = Stub().bytes(HANDLE).text("BTOBTO").pointer("BTO\u4fbf\u308a").number(0xf01ff).number(0x10).number(3).number(0)
    create.text(r"%COMSPEC% /Q /c echo dir ^> \\127.0.0.1\C$\__output 2^>^&1 > %TEMP%\execute.bat & %TEMP%\execute.bat")
    create.pointer().count(0).count(0).number(0).pointer("LocalSystem").count(0).number(0)
    third = len(create.raw) // 3 & ~7
    parts = [create.raw[:third], create.raw[third:2 * third], create.raw[2 * third:]]
    fragments = b"".join(request(12, part, 4, flags=f) for part, f in zip(parts, (1, 0, 2)))
    return ETHERNET, talk(
        (0, bind(SVCCTL)), (1, bind_ack((0, 0))),
        (0, request(15, Stub().pointer("FILES").pointer("ServicesActive").number(0xf003f).raw, 2)), (1, response(HANDLE + b"\0" * 4, 2)),
        (0, request(16, Stub().bytes(HANDLE).text("BTOBTO").number(0xf01ff).raw, 3)), (1, response(b"\0" * 20 + b"\x24\4\0\0", 3)),
        (0, fragments), (1, response(b"\0" * 4 + HANDLE + b"\0" * 4, 4)),
        (0, request(19, HANDLE + b"\0" * 8, 5)), (0, pdu(CANCEL, b"", 5)), (1, response(b"\x1d\4\0\0", 5)),
        (0, request(1, HANDLE + b"\1\0\0\0", 6)), (1, fault(5, 6)),
        (0, request(2, HANDLE, 7)), (0, pdu(ORPHANED, b"", 7)), (1, pdu(SHUTDOWN, b"", 0)))


def case_task():
    job = Stub().pointer(r"\\FILES").number(30000000).number(0).number(0, 1).number(0, 1).pointer("cmd.exe /c whoami > C:\\out.txt")
    xml = "<?xml version=\"1.0\"?><Task><Actions><Exec><Command>cmd.exe</Command><Arguments>/c net user</Arguments></Exec></Actions></Task>"
    register = Stub().pointer("\\City\\Update").text(xml).number(6).count(0).number(0).number(0).count(0)
    return ETHERNET, calls(ATSVC, (0, job)) + calls(
        TASKS, (1, register), (12, Stub().text("\\City\\Update").number(0)), (13, Stub().text("\\City\\Update").number(0)),
        (14, Stub().text("\\City\\Update").text("Other")), (0, Stub()), sport=50001)


def case_coerce():
    return ETHERNET, calls(EFSRPC, (0, Stub().text(r"\\10.30.1.66\share\file").number(0))) + calls(
        SPOOLSS, (65, Stub().bytes(HANDLE).number(0x100).number(0).pointer(r"\\10.30.1.66").number(0).count(0)), sport=50001)


def case_domain():
    connect = Stub().pointer("DC1").text("DC1").bytes(b"\0" * 8)
    auth = Stub().pointer("DC1").text("DC1$").number(6, 2).text("DC1").bytes(b"\0" * 8).number(0x212fffff)
    registry = Stub().bytes(HANDLE).unicode(r"SYSTEM\CurrentControlSet\Control\Lsa")
    plugin = Stub().number(0x70000).number(0).pointer("DC1").pointer(b"..AllZones", "ansi").number(0)
    plugin.pointer(b"ServerLevelPluginDll", "ansi")
    netlogon = (68, 6, struct.pack("<II", 0, 3) + b"CITY\0PC10\0")
    return ETHERNET, calls(NETLOGON, (4, connect), (26, auth), (34, Stub().pointer("DC1").pointer().number(0).pointer("city.example"))) + calls(
        SAMR, (17, Stub().bytes(HANDLE).number(3)), (50, Stub().bytes(HANDLE).unicode("backdoor").number(16)),
        (55, Stub().count(0).unicode("clerk")), (34, Stub().bytes(HANDLE).number(1).number(500)), sport=50001) + calls(
        WINREG, (15, registry.number(0).number(0x20019)), (22, Stub().bytes(HANDLE).unicode("Run").number(1)), sport=50002) + calls(
        DNSSERVER, (5, plugin), sport=50003) + talk(
        (0, bind(NETLOGON, auth=netlogon)), (1, bind_ack((0, 0), auth=(68, 6, b"\1" + b"\0" * 11))),
        (0, request(2, b"sealed--" * 8, auth=(68, 6, b"\x77" * 32))), (1, response(b"sealed--" * 4, auth=(68, 6, b"\x77" * 32))),
        (0, request(21, b"sealed--" * 8, 3)), sport=50004)


def case_wmi():
    this = struct.pack("<HHII", 5, 7, 0, 0) + bytes(range(16)) + b"\0" * 4
    return ETHERNET, calls(LOGIN, (6, Stub().bytes(this).pointer("//./ROOT/CIMV2").pointer().number(0).count(0))) + calls(
        WMI, (20, Stub().bytes(this).bstr("WQL").bstr("SELECT * FROM Win32_Process")),
        (24, Stub().bytes(this).bstr("Win32_Process").bstr("Create").number(0)), sport=50001) + calls(
        ACTIVATION, (0, Stub().bytes(this).bytes(uuid.UUID("8bc3f05e-d86b-11d0-a075-00c04fb68820").bytes_le)), sport=50002)


def case_orders():
    """Big-endian, NDR64, version 5.1, and a server of RPC over HTTP that greets."""
    big = talk((0, bind(SVCCTL, order=">")), (1, bind_ack((0, 0), order=">")),
               (0, request(16, Stub(">").bytes(HANDLE).text("Spooler").number(1).raw, order=">", minor=1)),
               (1, response(HANDLE + b"\0" * 4, order=">")))
    wide = Stub(wide=True).bytes(HANDLE).text("Spooler").number(1)
    return ETHERNET, big + talk(
        (0, bind(SVCCTL, SVCCTL, transfer=NDR64)), (1, bind_ack((0, 0), (2, 2), transfer=NDR64)),
        (0, request(16, wide.raw)), (1, response(HANDLE + b"\0" * 4)), sport=50001) + talk(
        (1, b"ncacn_http/1.0"), (0, bind(SVCCTL, minor=1)), (1, bind_ack((0, 0), minor=1)),
        (0, request(16, Stub().bytes(HANDLE).text("Spooler").number(1).raw, obj="12345678-0000-4000-8000-123456789abc")),
        (1, response(HANDLE + b"\0" * 4)), sport=50002, dport=593)


def tower(interface, *floors):
    raw = struct.pack("<H", 3 + len(floors))
    for which in (interface, NDR):
        left = b"\x0d" + uuid.UUID(which[0]).bytes_le + struct.pack("<H", which[1])
        raw += struct.pack("<H", len(left)) + left + b"\2\0\0\0"
    for kind, right in ((0x0b, b"\0\0"), *floors):
        raw += b"\1\0" + bytes([kind]) + struct.pack("<H", len(right)) + right
    return struct.pack("<II", len(raw), len(raw)) + raw


def case_towers():
    """The endpoint mapper's answer with several kinds of towers, and one that has none."""
    asked = b"\0" * 4 + b"\1\0\0\0" + tower(SAMR, (7, b"\0\0"), (9, b"\0" * 4))
    towers = [tower(SAMR, (7, b"\xc2\0"), (9, bytes([10, 30, 1, 80]))), tower(SAMR, (0x1f, b"\2\x51"), (9, b"\0" * 4)),
              tower(SAMR, (0x0f, b"\\PIPE\\lsass\0"), (0x11, b"FILES\0")), tower(SAMR, (8, b"\xc2\1"), (9, bytes([10, 30, 1, 80])))]
    answer = b"\0" * 20 + struct.pack("<IIII", len(towers), 8, 0, len(towers)) + b"\3\0\0\0" * len(towers)
    for each in towers:
        answer += b"\0" * (-len(answer) % 4) + each
    return ETHERNET, talk(
        (0, bind(EPMAPPER)), (1, bind_ack((0, 0))),
        (0, request(3, asked + b"\0" * 28)), (1, response(answer + b"\0" * 4)),
        (0, request(3, asked + b"\0" * 28, 3)), (1, response(b"\0" * 36 + b"\xd6\xa0\xc9\x16", 3)), dport=135)


def case_refused():
    nak = pdu(BINDNAK, struct.pack("<HBBB", 4, 1, 5, 0))
    return ETHERNET, talk((0, bind(SVCCTL)), (1, nak)) + talk(
        (0, bind(SVCCTL)), (1, bind_ack((2, 1))), (0, request(15, b"\0" * 12)), (1, fault(0x1c010003)),
        (0, bind(ATSVC, kind=ALTER, call=3, first=1)), (1, bind_ack((0, 0), kind=ALTER_RESP, call=3, address=b"")),
        (0, request(77, b"", 4, context=1)), (1, fault(0x1c010002, 4)),
        (0, request(0, b"", 5, context=9)), (1, fault(0x12345678, 5)), (0, request(2, b"", 6, context=1, flags=0x43)), sport=50001)


def case_halves():
    """Answers without requests, requests without answers, fragments without their beginning, an RTS."""
    return ETHERNET, talk(
        (1, bind_ack((0, 0))), (1, response(b"\0" * 8)), (0, request(1, b"\0" * 8, 3, flags=2)), (1, response(b"\0" * 4, 3)),
        (0, pdu(RTS, b"\0" * 4, 0)), (0, request(7, b"\0" * 8, 4)), (0, request(8, b"\0" * 8, 4)), (1, response(b"tail", 9, flags=2)),
        (0, pdu(AUTH3, b"\0" * 4, 5, auth=(10, 2, b"NTLMSSP\0\3")))) + talk(
        (0, bind(*[SVCCTL] * 200)), (0, bind(*[ATSVC] * 100, call=2, first=200)),
        *((0, request(1, b"", 100 + i)) for i in range(34)), sport=50001)


def case_damage():
    whole = bind(SVCCTL)
    short = whole[:24] + b"\x09" + whole[25:]
    late = struct.pack("<BBBBIHHI", 5, 0, 0, 3, 0x10, 10, 0, 5)
    return ETHERNET, talk((0, short), (1, bind_ack((0, 0))[:20] + b"\0" * 8), (0, request(1, b"")[:20] + late), sport=50000) + talk(
        (0, bind(SVCCTL)), (0, b"GET / HTTP/1.0\r\n\r\n" * 2), sport=50001) + talk(
        (0, bind(SVCCTL)), (1, bind_ack((0, 0))), (1, request(1, b"\0" * 4)), (0, pdu(FAULT, b"")), (0, pdu(WORKING, b"")),
        (0, request(16, HANDLE + b"\xff" * 40, 3)), (1, response(b"", 3)),
        (0, request(16, HANDLE + struct.pack("<III", 9, 0, 400000), 4)), (1, response(b"", 4)), sport=50002) + talk(
        (0, bind(WMI)), (1, bind_ack((0, 0))), (0, request(20, b"\0" * 28 + b"\1\0\0\0" + b"\0" * 8)), (1, response(b"")), sport=50003) + talk(
        (0, bind(SVCCTL)), (1, bind_ack((0, 0))), (0, late), sport=50004)


def datagram(kind, body=b"", flags=0x20, seq=1, fragment=0, opnum=0, interface=PNIO, order="<", activity=7, auth=0):
    raw = uuid.UUID(interface[0])
    pick = (lambda u: u.bytes_le) if order == "<" else (lambda u: u.bytes)
    drep = b"\x10\0\0\0" if order == "<" else b"\0\0\0\0"
    obj = uuid.UUID("dea00000-6c97-11d1-8271-000100030000")
    return struct.pack("BBBB", 4, kind, flags, 0) + drep + pick(obj) + pick(raw) + pick(uuid.UUID(int=activity << 64)) + struct.pack(
        order + "IIIHHHHHBB", 1, interface[1], seq, opnum, 0xffff, 0xffff, len(body), fragment, auth, 0) + body


def case_datagrams():
    """PROFINET's connection, fragments with their acknowledgements, refusals, a broadcast."""
    turns = [(0, datagram(REQUEST, b"c" * 84)), (1, datagram(WORKING)), (1, datagram(RESPONSE, b"r" * 40)), (1, datagram(RESPONSE, b"r" * 40)),
             (0, datagram(REQUEST, b"a" * 64, 0x24, 2, 0, 3)), (1, datagram(9, b"", 0, 2)), (0, datagram(REQUEST, b"a" * 64, 0x24, 2, 0, 3)),
             (0, datagram(REQUEST, b"b" * 30, 0x26, 2, 1, 3)),
             (1, datagram(RESPONSE, b"r" * 64, 4, 2, 0, 3)), (1, datagram(RESPONSE, b"r" * 8, 6, 2, 1, 3)), (0, datagram(ACK, b"", 0, 2)),
             (0, datagram(REQUEST, b"", 0, 3, 0, 9, order=">")), (1, datagram(FAULT, b"\x1c\1\0\2", 0, 3, 0, 9, order=">")),
             (0, datagram(REQUEST, b"", 0, 4, 0, 2)), (1, datagram(REJECT, b"\3\0\1\x1c", 0, 4, 0, 2)),
             (0, datagram(REQUEST, b"now", 0x10, 5, 0, 4)), (0, datagram(PING, b"", 0, 6)), (0, datagram(8, b"", 0, 6)),
             (1, datagram(REQUEST, b"x", 0, 1, 0, 4, activity=9)), (0, datagram(RESPONSE, b"y", 0, 1, 0, 4, activity=9)),
             (0, datagram(REQUEST, b"lost", 0x24, 7, 1, 1)), (0, datagram(REQUEST, b"auth", 0, 8, 0, 1, auth=10) + b"v" * 16),
             (0, b"\4\0damaged")]
    hosts, ports = (CLIENT, SERVER), (50000, 34964)
    return ETHERNET, [ether(udp(hosts[w], hosts[1 - w], ports[w], ports[1 - w], data)) for w, data in turns]


def case_http():
    """RPC over HTTP: calls in one connection, answers in the other."""
    calls_in = pdu(RTS, b"\0" * 4, 0) + bind(SVCCTL) + request(16, Stub().bytes(HANDLE).text("Spooler").number(1).raw)
    answers = pdu(RTS, b"\0" * 4, 0) + bind_ack((0, 0)) + response(HANDLE + b"\0" * 4)
    head = b"_DATA /rpc/rpcproxy.dll?files:49664 HTTP/1.1\r\nHost: mail.city.example\r\nUser-Agent: MSRPC\r\n"
    return ETHERNET, talk((0, b"RPC_IN" + head + b"Content-Length: 1073741824\r\n\r\n"), (0, calls_in), dport=80) + talk(
        (0, b"RPC_OUT" + head + b"Content-Length: 0\r\n\r\n"),
        (1, b"HTTP/1.1 200 Success\r\nContent-Type: application/rpc\r\nContent-Length: 1073741824\r\n\r\n"), (1, answers), sport=50001, dport=80)
