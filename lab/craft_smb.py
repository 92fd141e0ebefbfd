# SPDX-License-Identifier: Apache-2.0
"""SMB that a lab's server and client do not speak: Kerberos, contexts, compounds, old SMB1, pipes in pieces, damage."""
import struct

from craft import Talk, ether
from craft_dcerpc import BIND, BINDACK, REQUEST, RESPONSE, SVCCTL, bind, bind_ack, pdu
from craft_krb5 import ap_req, ticket
from packets import ETHERNET
from tokens import KRB5, NTLMSSP, authenticate, challenge, gss, negotiate, spnego_init, spnego_response, utf16

MORE, NOT_FOUND, PENDING, DENIED, BAD_UID = 0xc0000016, 0xc0000034, 0x103, 0xc0000022, 0x005b0002
TIME = struct.pack("<4Q", *[133_700_000_000_000_000 + i * 10**7 for i in range(4)])
SESSION, TREE, PIPES = 0x40000000011, 5, 6
GUID = bytes(range(16))
FID, OTHER, BEFORE = b"\x21" + bytes(15), b"\x22" + bytes(15), b"\xff" * 16


def frame(*messages, kind=0):
    body = b"".join(messages)
    return struct.pack(">I", kind << 24 | len(body)) + body


def smb2(command, body, mid=0, status=0, answer=False, session=SESSION, tree=TREE, flags=0, more=0):
    return b"\xfeSMB" + struct.pack("<HHIHHIIQIIQ16x", 64, 1, status, command, 1, flags | answer, more, mid, 0xfeff, tree, session) + body


def compound(*parts):
    """Messages of one frame, each at a multiple of 8 with the next one's place in it."""
    out = b""
    for at, part in enumerate(parts):
        if at + 1 < len(parts):
            part += b"\0" * (-len(part) % 8)
            part = part[:20] + struct.pack("<I", len(part)) + part[24:]
        out += part
    return frame(out)


def ask(command, body, mid, **more):
    return 0, frame(smb2(command, body, mid, **more))


def tell(command, body, mid, status=0, **more):
    return 1, frame(smb2(command, body, mid, status, True, **more))


ERROR = struct.pack("<HHIB", 9, 0, 0, 0)
PLAIN = struct.pack("<HH", 4, 0)


def context(kind, data):
    return struct.pack("<HHI", kind, len(data), 0) + data + b"\0" * (-len(data) % 8)


def negotiate_request(dialects, contexts=()):
    body = struct.pack("<HHHHI16sIHH", 36, len(dialects), 3, 0, 0x7f, GUID, 0, len(contexts), 0) + struct.pack("<%dH" % len(dialects), *dialects)
    body += b"\0" * (-len(body) % 8)
    if contexts:
        body = body[:28] + struct.pack("<I", 64 + len(body)) + body[32:] + b"".join(contexts)
    return body


def negotiate_response(dialect, contexts=(), token=b"", mode=3, capabilities=0x7f):
    at = 64 + 64
    room = token + b"\0" * (-len(token) % 8)
    return struct.pack("<HHHH16sIIIIQQHHI", 65, mode, dialect, len(contexts), GUID[::-1], capabilities, 1 << 20, 1 << 20, 1 << 20,
                       133_700_000_000_000_000, 133_600_000_000_000_000, at, len(token), at + len(room)) + room + b"".join(contexts)


def setup_request(token):
    return struct.pack("<HBBIIHHQ", 25, 0, 1, 0, 0, 88, len(token), 0) + token


def setup_response(token=b"", flags=0):
    return struct.pack("<HHHH", 9, flags, 72, len(token)) + token


def tree_request(path):
    return struct.pack("<HHHH", 9, 0, 72, 2 * len(path)) + utf16(path)


def tree_response(kind=1, flags=0):
    return struct.pack("<HBBIII", 16, kind, 0, flags, 0, 0x1f01ff)


def create_request(name, disposition=1, options=0, access=0x120089):
    name = utf16(name)
    return struct.pack("<HBBIQQIIIIIHHII", 57, 0, 0, 2, 0, 0, access, 0, 7, disposition, options, 120, len(name), 0, 0) + (name or b"\0")


def create_response(fid=FID, size=0, action=1, attributes=0x20, times=TIME):
    return struct.pack("<HBBI", 89, 0, 0, action) + times + struct.pack("<QQII", size, size, attributes, 0) + fid + bytes(8)


def close_request(fid=FID):
    return struct.pack("<HHI", 24, 0, 0) + fid


CLOSED = struct.pack("<HHI", 60, 0, 0) + bytes(52)


def read_request(offset, size, fid=FID):
    return struct.pack("<HBBIQ", 49, 80, 0, size, offset) + fid + bytes(17)


def read_response(data):
    return struct.pack("<HBBIII", 17, 80, 0, len(data), 0, 0) + data


def write_request(offset, data, fid=FID):
    return struct.pack("<HHIQ", 49, 112, len(data), offset) + fid + bytes(16) + data


def written(size):
    return struct.pack("<HHIII", 17, 0, size, 0, 0)


def ioctl_request(code, data, fid=FID):
    return struct.pack("<HHI", 57, 0, code) + fid + struct.pack("<IIIIIIII", 120, len(data), 0, 0, 0, 4280, 1, 0) + data


def ioctl_response(code, data, fid=FID):
    return struct.pack("<HHI", 49, 0, code) + fid + struct.pack("<IIIIII", 112, 0, 112, len(data), 0, 0) + data


def set_info(kind, data, fid=FID):
    return struct.pack("<HBBIHHI", 33, 1, kind, len(data), 96, 0, 0) + fid + data


def rename(name):
    return struct.pack("<B7xQI", 0, 0, 2 * len(name)) + utf16(name)


def find_request(pattern, fid=FID):
    return struct.pack("<HBBI", 33, 37, 0, 0) + fid + struct.pack("<HHI", 96, 2 * len(pattern), 65536) + utf16(pattern)


def start(dialect=0x0302, kind=1, share="\\\\files\\public"):
    """Everything up to a tree connect; mids 0 to 2."""
    token = spnego_init(gss(KRB5, b"\1\0" + ap_req(ticket(b"cifs", b"files.city.example"))), [KRB5])
    return [ask(0, negotiate_request([0x0202, dialect]), 0, session=0, tree=0), tell(0, negotiate_response(dialect), 0, session=0, tree=0),
            ask(1, setup_request(token), 1, session=0, tree=0), tell(1, setup_response(spnego_response(0)), 1, tree=0),
            ask(3, tree_request(share), 2, tree=0), tell(3, tree_response(kind), 2)]


def talk(turns, sport=50000, dport=445, size=1400, end=True):
    t = Talk(sport=sport, dport=dport)
    for who, data in turns:
        t.data(who, data, size)
    if end:
        t.close()
    return [ether(p) for p in t.packets]


def talks(*several, **more):
    return ETHERNET, [f for at, turns in enumerate(several) for f in talk(turns, sport=50000 + at, **more)]


def case_smb2_setup():
    """3.11 with its contexts, Kerberos, guest and null sessions, an encrypted share, a second NEGOTIATE, logging off."""
    contexts = [context(1, struct.pack("<HHH", 1, 32, 1) + bytes(32)), context(2, struct.pack("<HHHHH", 4, 2, 1, 4, 3)),
                context(3, struct.pack("<HHIHHH", 3, 0, 1, 1, 2, 4)), context(8, struct.pack("<HH", 1, 2))]
    chosen = [context(1, struct.pack("<HHH", 1, 32, 1) + bytes(32)), context(2, struct.pack("<HH", 1, 2)),
              context(3, struct.pack("<HHIHH", 2, 0, 1, 2, 3))]
    first = [ask(0, negotiate_request([0x0210, 0x0300, 0x0311], contexts), 0, session=0, tree=0),
             tell(0, negotiate_response(0x0311, chosen, spnego_init(b"", [KRB5, NTLMSSP])), 0, session=0, tree=0)]
    kerberos = start()[2:4]
    guest = [ask(1, setup_request(spnego_init(negotiate(), [NTLMSSP])), 1, session=0, tree=0),
             tell(1, setup_response(spnego_response(1, NTLMSSP, challenge())), 1, MORE, tree=0),
             ask(1, setup_request(spnego_response(None, None, authenticate())), 2, tree=0), tell(1, setup_response(b"", 1), 2, tree=0)]
    nobody = [ask(1, setup_request(negotiate()), 1, session=0, tree=0), tell(1, setup_response(challenge()), 1, MORE, tree=0),
              ask(1, setup_request(authenticate("", "", "")), 2, tree=0), tell(1, setup_response(b"", 2), 2, tree=0)]
    share = [ask(3, tree_request("\\\\files\\secret"), 3, tree=0), tell(3, tree_response(1, 0x8000), 3),
             ask(3, tree_request("\\\\files\\nothing"), 4, tree=0), tell(3, ERROR, 4, 0xc00000cc, tree=0),
             ask(3, tree_request("\\\\files\\printer"), 5, tree=0), tell(3, tree_response(3), 5, tree=9)]
    leave = [ask(13, PLAIN, 6), tell(13, PLAIN, 6), ask(4, PLAIN, 7), tell(4, PLAIN, 7), ask(2, PLAIN, 8, tree=0), tell(2, PLAIN, 8, tree=0)]
    again = [ask(0, negotiate_request([0x0202]), 9, session=0, tree=0)]
    both = [(0, frame(smb1(0x72, data=b"\2NT LM 0.12\0\2SMB 2.???\0"))), tell(0, negotiate_response(0x02ff), 0, session=0, tree=0)]
    return talks(first + kerberos + share + leave, both + first + guest + leave + again, first + nobody + share[:2])


def case_smb2_files():
    """Reads and writes out of order and once more, compounds, answers that wait, names changed, files never opened here."""
    text = b"".join(b"line %04d\n" % i for i in range(300))
    parts = [text[at:at + 1000] for at in range(0, 3000, 1000)]
    read = [ask(5, create_request("minutes\\may.txt"), 3), tell(5, create_response(size=3000), 3),
            (0, b"".join(frame(smb2(8, read_request(1000 * i, 1000), 4 + i)) for i in range(3))),
            tell(8, ERROR, 6, PENDING, flags=2), tell(8, read_response(parts[2]), 6), tell(8, read_response(parts[0]), 4),
            tell(8, read_response(parts[1]), 5), tell(8, ERROR, 99), ask(6, close_request(), 7), tell(6, CLOSED, 7)]
    write = [ask(5, create_request("new.txt", 5, access=0x12019f), 8), tell(5, create_response(action=2), 8),
             ask(9, write_request(2000, parts[2]), 9), tell(9, written(1000), 9), ask(9, write_request(0, parts[0]), 10), tell(9, written(1000), 10),
             ask(9, write_request(1000, parts[1]), 11), tell(9, written(1000), 11),
             ask(17, set_info(65, rename("newer.txt")), 12), tell(17, b"\2\0", 12), ask(6, close_request(), 13), tell(6, CLOSED, 13)]
    twice = [ask(5, create_request("book.xls", 5, access=0x12019f), 14), tell(5, create_response(action=3), 14),
             ask(9, write_request(0, parts[0]), 15), tell(9, written(1000), 15), ask(9, write_request(500, parts[1]), 16), tell(9, written(1000), 16),
             ask(9, write_request(5000, parts[2]), 17), tell(9, written(1000), 17), ask(6, close_request(), 18), tell(6, CLOSED, 18)]
    related = dict(flags=4, session=2**64 - 1, tree=2**32 - 1)
    delete = [(0, compound(smb2(5, create_request("old.txt", 1, access=0x10000), 20), smb2(17, set_info(64, b"\1\0\0\0", BEFORE), 21, **related),
                           smb2(6, close_request(BEFORE), 22, **related))),
              (1, compound(smb2(5, create_response(OTHER, 10), 20, 0, True), smb2(17, b"\2\0", 21, 0, True, flags=4), smb2(6, CLOSED, 22, 0, True, flags=4)))]
    folder = [ask(5, create_request("", 1, 1), 23), tell(5, create_response(attributes=0x10), 23), ask(14, find_request("*.txt"), 24),
              tell(14, ERROR, 24, 0x80000006), ask(15, struct.pack("<HHI", 32, 1, 4096) + FID + bytes(8), 25), tell(15, ERROR, 25, PENDING, flags=2),
              ask(12, PLAIN, 25), tell(15, ERROR, 25, 0xc0000120), tell(18, bytes(24), 2**64 - 1, session=0, tree=0), ask(17, set_info(13, b"\1"), 26),
              tell(17, ERROR, 26, DENIED), ask(17, set_info(10, b"short"), 27), ask(17, set_info(20, bytes(8)), 28), tell(17, b"\2\0", 28)]
    unseen = [ask(8, read_request(0, 20, OTHER), 30), tell(8, read_response(text[:20]), 30), ask(9, write_request(0, text[:30], GUID), 31),
              tell(9, ERROR, 31, DENIED), ask(5, create_request("x" * 1100), 32)]
    many = [(0, b"".join(frame(smb2(9, write_request(2 * i + 2, b"x", GUID), 40 + i)) for i in range(90)))]
    return talks(start() + read + write + twice + delete + folder, start() + unseen + many, start()[:4] + read[:2] + write[2:6], size=900)


def case_smb2_pipe():
    """DCE/RPC over a pipe whose tree connect is known or not; a pipe that carries something else; control codes."""
    call = pdu(REQUEST, struct.pack("<IHH", 24, 0, 15) + bytes(24), call=2)
    answer = pdu(RESPONSE, struct.pack("<IHH", 24, 0, 0) + bytes(24), call=2)
    opened = [ask(5, create_request("svcctl"), 3), tell(5, create_response(times=bytes(32)), 3)]
    hello = [ask(9, write_request(0, bind(SVCCTL)), 4), tell(9, written(72), 4), ask(8, read_request(0, 1024), 5), tell(8, read_response(bind_ack((0, 0))), 5)]
    ask_it = [ask(11, ioctl_request(0x11c017, call), 6), tell(11, ERROR, 6, PENDING, flags=2), tell(11, ioctl_response(0x11c017, answer), 6),
              ask(6, close_request(), 7), tell(6, CLOSED, 7)]
    other = [ask(5, create_request("psexesvc"), 8), tell(5, create_response(OTHER, times=bytes(32)), 8),
             ask(11, ioctl_request(0x11c017, b"whoami", OTHER), 9), tell(11, ioctl_response(0x11c017, b"root", OTHER), 9),
             ask(9, write_request(0, b"\r\n", OTHER), 10), tell(9, written(2), 10), ask(8, read_request(0, 100, OTHER), 11),
             tell(8, read_response(b"C:\\>"), 11)]
    name = utf16("atsvc")
    codes = [ask(11, ioctl_request(0x110018, struct.pack("<QIBB", 0, len(name), 0, 0) + name, BEFORE), 12), tell(11, ERROR, 12, NOT_FOUND),
             ask(11, ioctl_request(0x140204, bytes(26), BEFORE), 13), tell(11, ioctl_response(0x140204, bytes(24), BEFORE), 13),
             ask(11, ioctl_request(0xdeadbeef, b"", BEFORE), 14), tell(11, ERROR, 14, 0xc0000010)]
    return talks(start(kind=2, share="\\\\files\\IPC$") + opened + hello + ask_it + other + codes, opened + hello + ask_it, hello + ask_it)


def case_smb2_damage():
    """Places that point outside, messages that end early, both directions mixed up, what is compressed, what is no SMB."""
    short = smb2(5, create_request("x"), 3)
    bad = [(0, frame(short[:20] + struct.pack("<I", 9999) + short[24:])), (0, frame(short[:40])), (0, frame(b"\xfeSM")), (0, frame(b"none of it all")),
           (0, frame(b"\xfcSMB" + bytes(40))), (0, frame(b"\xfdSMB" + bytes(20))), (0, frame(b"\xfdSMB" + bytes(40) + struct.pack("<Q", SESSION) + bytes(30))),
           (1, frame(smb2(5, create_request("x"), 4))), (0, frame(smb2(5, create_response(), 5, 0, True))),
           ask(0, struct.pack("<HHHHI16sQ", 36, 9, 1, 0, 0, GUID, 0), 6, session=0), ask(0, negotiate_request([0x0202] * 40), 7, session=0),
           ask(1, struct.pack("<HBBIIHHQ", 25, 0, 1, 0, 0, 9000, 500, 0), 8), ask(3, struct.pack("<HHHH", 9, 0, 9000, 40), 9),
           ask(5, create_request("x")[:20], 10), ask(8, b"", 11), ask(9, struct.pack("<HHIQ", 49, 112, 1 << 30, 0) + FID + bytes(16), 12),
           ask(11, b"\x39\0", 13), ask(17, b"\x21\0\1\x0a", 14), ask(14, b"\x21\0", 15), (0, frame(b"")), (0, frame(b"", kind=0x85))]
    answers = start() + [ask(5, create_request("x"), 3), tell(5, create_response()[:40], 3), ask(5, create_request("y"), 4), tell(5, create_response(), 4),
                         ask(8, read_request(0, 100), 5), tell(8, struct.pack("<HBBIII", 17, 200, 0, 1 << 20, 0, 0), 5), ask(3, tree_request("z"), 6),
                         tell(3, b"\x10\0", 6), ask(0, negotiate_request([0x0202]), 7), tell(0, b"\x41\0", 7), ask(1, setup_request(b"x"), 8),
                         tell(1, b"\x09\0", 8)]
    long = start() + [ask(5, create_request("x") + bytes(74000), 3), ask(13, PLAIN, 4), tell(13, PLAIN, 4)]
    lost = start() + [(0, b"\x77garbage " * 9 + frame(smb2(13, PLAIN, 3)) + b"\0\0"), tell(13, PLAIN, 3)]
    return talks(bad, answers, long, lost)


def smb1(command, words=b"", data=b"", status=0, answer=False, uid=7, tid=3, mid=1, flags2=0x4001, pid=44):
    return b"\xffSMB" + struct.pack("<BIBHH8xHHHHHB", command, status, 0x80 if answer else 0x18, flags2, 0, 0, tid, pid, uid, mid, len(words) // 2) + words + \
        struct.pack("<H", len(data)) + data


def ask1(command, words=b"", data=b"", mid=1, **more):
    return 0, frame(smb1(command, words, data, mid=mid, **more))


def tell1(command, words=b"", data=b"", mid=1, status=0, **more):
    return 1, frame(smb1(command, words, data, status, True, mid=mid, **more))


def chain(*parts):
    """Commands of one message: (command, words behind AndX, data); the head's command is the first."""
    out, at = b"", 32
    blocks = []
    for _, words, data in parts:
        size = 1 + 4 + len(words) + 2 + len(data)
        blocks.append((at, size))
        at += size
    for i, (_, words, data) in enumerate(parts):
        last = i + 1 == len(parts)
        andx = struct.pack("<BBH", 255, 0, 0) if last else struct.pack("<BBH", parts[i + 1][0], 0, blocks[i + 1][0])
        out += bytes([(4 + len(words)) // 2]) + andx + words + struct.pack("<H", len(data)) + data
    return out


def ask_chain(*parts, mid=1, **more):
    return 0, frame(smb1(parts[0][0], mid=mid, **more)[:32] + chain(*parts))


def tell_chain(*parts, mid=1, status=0, **more):
    return 1, frame(smb1(parts[0][0], status=status, answer=True, mid=mid, **more)[:32] + chain(*parts))


def logon(user=b"MAYOR"):
    return struct.pack("<HHHIHHII", 4356, 2, 1, 0, 24, 24, 0, 0xd4), b"L" * 24 + b"N" * 24 + user + b"\0TOWN\0Windows 2000 2195\0Windows 2000 5.0\0"


def connect(path=b"\\\\FILES\\DOCS", service=b"?????"):
    return struct.pack("<HH", 0, 1), b"\0" + path + b"\0" + service + b"\0"


NT = struct.pack("<BHHIIIIQhB", 15, 50, 1, 4356, 65536, 0, 0xe3fd, 133_700_000_000_000_000, -540, 8), b"C" * 8 + b"TOWN\0FILES\0"
ANDX = struct.pack("<BBH", 255, 0, 0)


def start1(path=b"\\\\FILES\\DOCS", service=b"A:"):
    words, data = logon()
    return [ask1(0x72, data=b"\2PC NETWORK PROGRAM 1.0\0\2LANMAN1.0\0\2NT LM 0.12\0", tid=0xffff, uid=0), tell1(0x72, struct.pack("<H", 2) + NT[0], NT[1], tid=0xffff, uid=0),
            ask_chain((0x73, words, data), (0x75, *connect(path)), mid=2, uid=0, tid=0xffff),
            tell_chain((0x73, struct.pack("<H", 1), b"Windows 5.0\0Windows 2000 LAN Manager\0TOWN\0"), (0x75, struct.pack("<H", 1), service + b"\0FAT\0"), mid=2)]


def trans(name, setup, data, params=b"", secondary=0):
    at = 32 + 1 + 28 + len(setup) + 2 + len(name)
    pad = -at % 4
    words = struct.pack("<HHHHBBHIHHHHHBB", len(params), len(data) + secondary, 0, 4280, 0, 0, 0, 0, 0, len(params), at + pad, len(data), at + pad + len(params),
                        len(setup) // 2, 0) + setup
    return words, name + bytes(pad) + params + data


def trans_answer(data, total=None, shift=0):
    at = 32 + 1 + 20 + 2
    pad = -at % 4
    return struct.pack("<HHHHHHHHHBB", 0, len(data) if total is None else total, 0, 0, at + pad, 0, len(data), at + pad, shift, 0, 0), bytes(pad) + data


def case_smb1_files():
    """SMB1 as Windows 98 and NT spoke it: commands chained, the old ways to open, read, write, rename and delete."""
    text = b"The council met on Monday.\n" * 3
    old = [ask1(0x2, struct.pack("<HH", 2, 0), b"\4\\A.TXT\0", 3), tell1(0x2, struct.pack("<HHIIH", 9, 32, 1_700_000_000, len(text), 2), b"", 3),
           ask1(0xa, struct.pack("<HHIH", 9, 100, 0, 0), b"", 4), tell1(0xa, struct.pack("<H8x", len(text)), b"\1" + struct.pack("<H", len(text)) + text, 4),
           ask1(0x4, struct.pack("<HI", 9, 0), b"", 5), tell1(0x4, mid=5),
           ask1(0x3, struct.pack("<HI", 0, 0), b"\4\\B.TXT\0", 6), tell1(0x3, struct.pack("<H", 10), b"", 6),
           ask1(0xb, struct.pack("<HHIH", 10, 10, 0, 0), b"\1\x0a\0" + text[:10], 7), tell1(0xb, struct.pack("<H", 10), b"", 7),
           ask1(0x2c, struct.pack("<HHII", 10, 17, 10, 0), b"\0" + text[10:27], 8), tell1(0x2c, struct.pack("<H", 17), b"", 8),
           ask1(0x7, struct.pack("<H", 6), b"\4\\B.TXT\0\4\\C.TXT\0", 9), tell1(0x7, mid=9), ask1(0x6, struct.pack("<H", 6), b"\4\\C.TXT\0", 10),
           tell1(0x6, mid=10, status=0x00020001, flags2=1), ask1(0x0, data=b"\4\\NEW\0", mid=11), tell1(0x0, mid=11), ask1(0x8, data=b"\4\\A.TXT\0", mid=12),
           tell1(0x8, bytes(20), b"", 12)]
    name = utf16("\\paper.doc") + b"\0\0"
    create = struct.pack("<BHIIIQIIIIIB", 0, len(name), 0, 0, 0x12019f, 0, 0, 7, 5, 0x1000, 2, 0)
    created = struct.pack("<BHI", 0, 11, 2) + TIME + struct.pack("<IQQHHB", 0x20, 0, 0, 0, 0, 0)
    body = b"W" * 3000
    write = struct.pack("<HIIHHHHHI", 11, 0, 0, 0, 0, 0, len(body), 64, 0)
    read = struct.pack("<HIHHIHI", 11, 0, 3000, 0, 0, 0, 0)
    nt = [ask1(0xa2, ANDX + create, b"\0" + name, 20, flags2=0xc001), tell1(0xa2, ANDX + created, b"", 20),
          ask1(0x2f, ANDX + write, b"\0" + body, 21), tell1(0x2f, ANDX + struct.pack("<HHI", 3000, 0, 0), b"", 21), ask1(0x2e, ANDX + read, b"", 22),
          tell1(0x2e, ANDX + struct.pack("<HHHHHH8x", 0, 0, 0, 3000, 60, 0)[:20], b"\0" + body, 22),
          ask1(0x32, *trans(b"\0", struct.pack("<H", 8), b"\1", struct.pack("<HHH", 11, 0x102, 0)), 23), tell1(0x32, *trans_answer(b""), 23),
          ask1(0x32, *trans(b"\0", struct.pack("<H", 6), struct.pack("<III", 0, 0, 8) + utf16("next"), struct.pack("<HI", 1010, 0) + b"\\paper.doc\0"), 24),
          tell1(0x32, *trans_answer(b""), 24),
          ask1(0x32, *trans(b"\0", struct.pack("<H", 8), struct.pack("<III", 0, 0, 8) + utf16("last"), struct.pack("<HHH", 11, 1010, 0)), 25), tell1(0x32, *trans_answer(b""), 25),
          ask1(0x32, *trans(b"\0", struct.pack("<H", 14), b"\0" * 12, b"\0" * 12), 34),
          tell1(0x32, mid=34, status=0xc0000002), ask1(0x4, struct.pack("<HI", 11, 0), b"", 26), tell1(0x4, mid=26),
          ask1(0xa0, struct.pack("<BHIIIIIIIIBH", 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4), b"", 27), tell1(0xa0, status=DENIED, mid=27),
          (1, frame(smb1(0x24, ANDX + bytes(12), mid=0xffff, pid=0xffff))), ask1(0x74, ANDX, b"", 28), tell1(0x74, ANDX, b"", 28, status=BAD_UID)]
    opened = [ask_chain((0x2d, struct.pack("<HHHHIHIII", 0, 2, 0, 0, 0, 1, 0, 0, 0), b"\\D.TXT\0"), (0x2e, read[:20], b""), mid=30),
              tell_chain((0x2d, struct.pack("<HHIIHHHHIH", 11, 32, 1_700_000_000, len(text), 2, 0, 0, 1, 0, 0), b""),
                         (0x2e, struct.pack("<HHHHHH8x", 0, 0, 0, len(text), 92, 0), text), mid=30),
              ask1(0x74, ANDX, b"", 31), tell1(0x74, ANDX, b"", 31), ask1(0x71, mid=32), tell1(0x71, mid=32), ask1(0xa4, mid=33)]
    ancient = [ask1(0x72, data=b"\2PC NETWORK PROGRAM 1.0\0\2LANMAN1.0\0"), tell1(0x72, struct.pack("<H", 1) + bytes(24), b""),
               ask1(0x73, ANDX + struct.pack("<HHHIHI", 4356, 2, 1, 0, 6, 0), b"secretCLERK\0TOWN\0DOS\0LM\0", 2, uid=0), tell1(0x73, ANDX + struct.pack("<H", 0), b"", 2),
               ask1(0x70, data=b"\4\\\\FILES\\C\0\4\0\4A:\0", mid=3), tell1(0x70, struct.pack("<HH", 4356, 3), b"", 3)]
    refused = start1()[:3] + [(1, frame(smb1(0x73, status=0xc000006d, answer=True, mid=2)))]
    token = negotiate()
    refused += [ask1(0x73, ANDX + struct.pack("<HHHIHII", 4356, 2, 1, 0, len(token), 0, 0xd4), token + b"Windows XP\0Windows 2002 5.1\0TOWN\0", 3, uid=0)]
    return talks(start1() + old + nt, start1() + opened, ancient, refused)


def case_smb1_pipe():
    """DCE/RPC through SMB1: written and read, transacted, its answer in two parts, its request too."""
    call = pdu(REQUEST, struct.pack("<IHH", 24, 0, 15) + bytes(24), call=2)
    answer = pdu(RESPONSE, struct.pack("<IHH", 24, 0, 0) + bytes(24), call=2)
    again = pdu(REQUEST, struct.pack("<IHH", 24, 0, 0) + bytes(24), call=3)
    replied = pdu(RESPONSE, struct.pack("<IHH", 24, 0, 0) + bytes(24), call=3)
    hello, ack = bind(SVCCTL), bind_ack((0, 0))
    create = struct.pack("<BHIIIQIIIIIB", 0, 8, 0, 0, 0x12019f, 0, 0, 7, 1, 0, 2, 0)
    created = struct.pack("<BHI", 0, 12, 1) + bytes(32) + struct.pack("<IQQHHB", 0x80, 0, 0, 2, 0x5ff, 0)
    write = struct.pack("<HIIHHHHHI", 12, 0, 0, 8, len(hello), 0, len(hello), 64, 0)
    first = struct.pack("<HIIHHHHHI", 12, 0, 0, 12, len(again), 0, len(again) + 2, 64, 0)
    read = struct.pack("<HIHHIHI", 12, 0, 1024, 1024, 0, 1024, 0)

    def got(data):
        return ANDX + struct.pack("<HHHHHH8x", 0, 0, 0, len(data), 60, 0), b"\0" + data

    turns = [ask1(0xa2, ANDX + create, b"\\svcctl\0", 3), tell1(0xa2, ANDX + created, b"", 3), ask1(0x2f, ANDX + write, b"\0" + hello, 4),
             tell1(0x2f, ANDX + struct.pack("<HHI", len(hello), 0, 0), b"", 4), ask1(0x2e, ANDX + read, b"", 5), tell1(0x2e, *got(ack), 5),
             ask1(0x25, *trans(b"\\PIPE\\\0", struct.pack("<HH", 0x26, 12), call[:20], secondary=len(call) - 20), 6), tell1(0x25, mid=6),
             ask1(0x26, struct.pack("<HHHHHHHH", 0, len(call), 0, 0, 0, len(call) - 20, 51, 20), call[20:], 6),
             tell1(0x25, *trans_answer(answer[:16], len(answer)), 6), tell1(0x25, *trans_answer(answer[16:], len(answer), 16), 6),
             ask1(0x2f, ANDX + first, b"\0" + struct.pack("<H", len(again)) + again, 7), tell1(0x2f, ANDX + struct.pack("<HHI", 42, 0, 0), b"", 7),
             ask1(0x2e, ANDX + read, b"", 8), tell1(0x2e, *got(replied), 8), ask1(0x4, struct.pack("<HI", 12, 0), b"", 9), tell1(0x4, mid=9)]
    return talks(start1(b"\\\\FILES\\IPC$", b"IPC") + turns, turns[2:])


def case_smb1_damage():
    loop = smb1(0x24, ANDX + bytes(12))
    again = loop[:33] + b"\x24\0" + struct.pack("<H", 32) + loop[37:]
    many = chain(*[(0x24, bytes(12), b"")] * 12)
    bad = [(0, frame(again)), (0, frame(loop[:32] + many)), (0, frame(loop[:30])), (0, frame(loop[:40])),
           ask1(0x72, data=b"\2NT LM 0.12"), ask1(0x72, data=b"\2X\0" * 40, mid=2), ask1(0x73, ANDX, b"", 3), ask1(0x73, ANDX + bytes(22), b"", 4),
           ask1(0xa2, ANDX, b"", 5), ask1(0x2f, ANDX + bytes(24), b"", 6), ask1(0x2f, ANDX + struct.pack("<HIIHHHHHI", 1, 0, 0, 0, 0, 9, 9, 64, 0), b"", 7),
           ask1(0x7, b"", b"\4\\A\0\1", 8), ask1(0x25, bytes(4), b"", 9), ask1(0x25, *trans(b"\\PIPE\\\0", struct.pack("<HH", 0x26, 12), b"")[:1], b"", 10),
           ask1(0x26, bytes(4), b"", 10), ask1(0xa0, b"", b"", 11), ask1(0x32, *trans(b"\0", struct.pack("<H", 8), b"", b""), 12), (1, frame(smb1(0x2b, b"\1\0"))),
           (0, frame(smb1(0x2b, answer=True)))]
    answers = start1() + [ask1(0x72, data=b"\2X\0", mid=3), tell1(0x72, struct.pack("<H", 9), b"", 3), ask1(0xa2, ANDX + bytes(44), b"\\x\0", 4),
                          tell1(0xa2, ANDX, b"", 4), ask1(0x2e, ANDX + bytes(20), b"", 5), tell1(0x2e, ANDX + struct.pack("<HHHHHH8x", 0, 0, 0, 900, 60, 0), b"", 5),
                          ask1(0x2, bytes(4), b"\4x\0", 6), tell1(0x2, b"", b"", 6), ask1(0x25, *trans(b"\\PIPE\\\0", struct.pack("<HH", 0x26, 12), b"x"), 7),
                          tell1(0x25, bytes(4), b"", 7), ask1(0x72, data=b"\2X\0", mid=8), ask1(0x2e, ANDX + bytes(20), b"", 9)]
    return talks(bad, answers)


def case_netbios():
    """A session request that is refused, one that is sent elsewhere, and one without a name."""
    def name(text, kind):
        raw = text.ljust(15).encode() + bytes([kind])
        return b"\x20" + bytes(65 + n for c in raw for n in (c >> 4, c & 15)) + b"\0"
    request = frame(name("FILES", 0x20) + name("DESK7", 0), kind=0x81)
    refused = [(0, request), (1, b"\x83\0\0\1\x82")]
    odd = [(0, request), (1, b"\x83\0\0\1\x8f")]
    moved = [(0, request), (1, b"\x84\0\0\6\x0a\x1e\x01\x51\0\x8b")]
    taken = [(0, request), (1, b"\x82\0\0\0"), (0, frame(b"", kind=0x85) + b"\x99\0\0\0")]
    return talks(refused, odd, moved, taken, dport=139)
