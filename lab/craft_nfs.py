# SPDX-License-Identifier: Apache-2.0
"""ONC RPC, portmapper, mount and NFS 2 to 4, put together message by message (RFC 5531, 1813, 7530)."""
import struct

from craft import CLIENT, SERVER, Talk, ether, udp
from packets import ETHERNET

ROOT, DOCS, FILE = b"root-handle", b"docs-handle", b"file-handle"
ATTRIBUTES3 = struct.pack(">I", 1) + b"\0" * 84
NONE3 = struct.pack(">I", 0)


def word(*values):
    return struct.pack(f">{len(values)}I", *values)


def opaque(data):
    return word(len(data)) + data + b"\0" * (-len(data) % 4)


def unix(machine=b"pc10", uid=1000, gid=100):
    return word(1) + opaque(word(0) + opaque(machine) + word(uid, gid, 0))


def call(xid, program, version, procedure, body=b"", auth=None):
    return word(xid, 0, 2, program, version, procedure) + (unix() if auth is None else auth) + word(0, 0) + body


def reply(xid, body=b"", accept=0):
    return word(xid, 1, 0, 0, 0, accept) + body


def record(message, size=None):
    """With record marks; in fragments of `size` bytes."""
    size = size or len(message)
    parts = [message[at:at + size] for at in range(0, len(message), size)]
    return b"".join(word(len(p) | (1 << 31 if i == len(parts) - 1 else 0)) + p for i, p in enumerate(parts))


def over_udp(turns, port=2049):
    return [ether(udp(CLIENT, SERVER, 800, port, m) if who == 0 else udp(SERVER, CLIENT, port, 800, m)) for who, m in turns]


def over_tcp(turns, port=2049, size=None, sport=800):
    talk = Talk(sport=sport, dport=port)
    for who, message in turns:
        talk.data(who, record(message, size), size=1400)
    talk.close()
    return [ether(p) for p in talk.packets]


def nfs3(xid, procedure, body=b""):
    return call(xid, 100003, 3, procedure, body)


def case_portmap_mount():
    turns = [(0, call(1, 100000, 2, 3, word(100005, 3, 17, 0), word(0, 0))), (1, reply(1, word(635))),
             (0, call(2, 100000, 2, 1, word(100003, 3, 6, 2049))), (1, reply(2, word(1))),
             (0, call(3, 100000, 4, 3, word(100024, 1) + opaque(b"tcp") + opaque(b"") + opaque(b"rpcbind"))), (1, reply(3, opaque(b"10.30.1.80.8.1"))),
             (0, call(4, 100000, 2, 4)), (1, reply(4, word(0))), (0, call(5, 100000, 9, 0)), (1, reply(5, word(2, 4), accept=2)),
             (0, call(6, 100000, 2, 3, word(400000, 1, 132, 0), word(2) + opaque(b"x"))), (1, reply(6, word(0)))]
    mount = [(0, call(9, 100005, 3, 1, opaque(b"/srv/docs"))), (1, reply(9, word(0) + opaque(ROOT) + word(1, 1))),
             (0, call(10, 100005, 3, 1, opaque(b"/root"))), (1, reply(10, word(13))),
             (0, call(11, 100005, 3, 5)), (1, reply(11, word(1) + opaque(b"/srv/docs") + word(1) + opaque(b"10.30.1.0/24") + word(0, 0))),
             (0, call(12, 100005, 1, 1, opaque(b"/old"))), (1, reply(12, word(0) + b"h" * 32)), (0, call(13, 100005, 3, 3, opaque(b"/srv/docs"))), (1, reply(13)),
             (0, call(14, 100021, 4, 7)), (1, word(14, 1, 1, 1, 5)), (0, call(15, 100005, 3, 1, opaque(b"/x"))), (1, reply(15, word(777)))]
    return ETHERNET, over_udp(turns, 111) + over_udp(mount, 635)


def v3_session():
    look = word(0) + opaque(FILE) + ATTRIBUTES3 + ATTRIBUTES3
    made = word(0, 1) + opaque(DOCS) + ATTRIBUTES3 + NONE3 + NONE3
    sattr = word(1, 0o644, 0, 0, 0, 0, 0)
    turns = [(0, nfs3(1, 0)), (1, reply(1)), (0, nfs3(2, 1, opaque(ROOT))), (1, reply(2, word(0) + b"\0" * 84)),
             (0, nfs3(3, 3, opaque(ROOT) + opaque(b"a.txt"))), (1, reply(3, look)), (0, nfs3(4, 4, opaque(FILE) + word(1))), (1, reply(4, word(0) + NONE3 + word(1))),
             (0, nfs3(5, 6, opaque(FILE) + word(0, 0, 4096))), (1, reply(5, word(0) + ATTRIBUTES3 + word(4096, 0) + opaque(b"x" * 4096))),
             (0, nfs3(6, 6, opaque(FILE) + word(0, 4096, 4096))), (1, reply(6, word(0) + ATTRIBUTES3 + word(11, 1) + opaque(b"end of file"))),
             (0, nfs3(7, 9, opaque(ROOT) + opaque(b"docs") + sattr)), (1, reply(7, made)),
             (0, nfs3(8, 8, opaque(DOCS) + opaque(b"new.bin") + word(0) + sattr)), (1, reply(8, made.replace(DOCS, b"made-handle"))),
             (0, nfs3(9, 7, opaque(b"made-handle") + word(0, 0, 20000, 0) + opaque(b"w" * 20000))), (1, reply(9, word(0) + NONE3 + NONE3 + word(20000, 0, 0, 0))),
             (0, nfs3(10, 21, opaque(b"made-handle") + word(0, 0, 0))), (1, reply(10, word(0) + NONE3 + NONE3 + word(0, 0))),
             (0, nfs3(11, 14, opaque(DOCS) + opaque(b"new.bin") + opaque(ROOT) + opaque(b"old.bin"))), (1, reply(11, word(0) + NONE3 * 4)),
             (0, nfs3(12, 10, opaque(ROOT) + opaque(b"link") + word(0, 0, 0, 0, 0, 0) + opaque(b"/etc/passwd"))), (1, reply(12, made.replace(DOCS, b"link-handle"))),
             (0, nfs3(13, 5, opaque(b"link-handle"))), (1, reply(13, word(0) + NONE3 + opaque(b"/etc/passwd"))),
             (0, nfs3(14, 15, opaque(FILE) + opaque(DOCS) + opaque(b"hard"))), (1, reply(14, word(0) + NONE3 * 3)),
             (0, nfs3(15, 16, opaque(ROOT) + b"\0" * 16 + word(4096))),
             (1, reply(15, word(0) + ATTRIBUTES3 + b"\0" * 8 + word(1, 0, 7) + opaque(b"a.txt") + word(0, 1, 0, 1))),
             (0, nfs3(16, 17, opaque(ROOT) + b"\0" * 16 + word(4096, 8192))),
             (1, reply(16, word(0) + NONE3 + b"\0" * 8 + word(1, 0, 7) + opaque(b"b.txt") + word(0, 1) + ATTRIBUTES3 + word(1) + opaque(b"b-handle") + word(0, 1))),
             (0, nfs3(17, 12, opaque(ROOT) + opaque(b"gone"))), (1, reply(17, word(2) + NONE3 * 2)), (0, nfs3(18, 2, opaque(b"b-handle") + word(0))), (1, reply(18, word(9999))),
             (0, nfs3(19, 19, opaque(ROOT))), (1, word(19, 1, 1, 1, 5)), (0, nfs3(20, 12, opaque(ROOT) + opaque(b"unanswered")))]
    return turns


def case_v3_tcp():
    return ETHERNET, over_tcp(v3_session())


def case_v3_udp():
    return ETHERNET, over_udp([t for t in v3_session() if len(t[1]) < 1400])


def case_fragments():
    return ETHERNET, over_tcp(v3_session()[6:24], size=9000)


def case_v2():
    def nfs2(xid, procedure, body=b""):
        return call(xid, 100003, 2, procedure, body)
    root, item = ROOT.ljust(32, b"\0"), FILE.ljust(32, b"\0")
    attributes = b"\0" * 20 + word(5) + b"\0" * 44
    turns = [(0, nfs2(1, 4, root + opaque(b"a.txt"))), (1, reply(1, word(0) + item + attributes)), (0, nfs2(2, 6, item + word(0, 8192, 0))),
             (1, reply(2, word(0) + attributes + opaque(b"hello"))), (0, nfs2(3, 9, root + opaque(b"b.txt") + b"\0" * 32)), (1, reply(3, word(0) + item[::-1] + attributes)),
             (0, nfs2(4, 8, item[::-1] + word(0, 0, 5) + opaque(b"world"))), (1, reply(4, word(0) + attributes)), (0, nfs2(5, 13, root + opaque(b"l") + opaque(b"to") + b"\0" * 32)),
             (1, reply(5, word(0))), (0, nfs2(6, 16, root + word(0, 512))), (1, reply(6, word(0, 1, 7) + opaque(b"a.txt") + word(1, 0, 1))), (0, nfs2(7, 17, root)), (1, reply(7, word(0) + b"\0" * 20)),
             (0, nfs2(8, 3)), (0, nfs2(9, 5, item)), (1, reply(9, word(0) + opaque(b"to")))]
    return ETHERNET, over_udp(turns)


def compound(xid, *ops, minor=0):
    return call(xid, 100003, 4, 1, opaque(b"") + word(minor, len(ops)) + b"".join(ops))


def results(xid, *ops, status=0):
    return reply(xid, word(status) + opaque(b"") + word(len(ops)) + b"".join(ops))


def case_v4():
    put, fattr, change, state = word(22) + opaque(ROOT), word(1, 1) + opaque(b"\0" * 8), b"\0" * 20, b"s" * 16
    item = word(22) + opaque(FILE)
    opened = word(18) + word(0, 1, 0, 0, 1) + opaque(b"owner") + word(1, 0) + fattr + word(0) + opaque(b"report.txt")
    turns = [(0, call(1, 100003, 4, 0)), (1, reply(1)),
             (0, compound(2, word(24), word(10), word(9, 1, 1))), (1, results(2, word(24, 0), word(10, 0) + opaque(ROOT), word(9, 0) + fattr)),
             (0, compound(3, word(53) + b"\0" * 32, put, word(15) + opaque(b"docs"), word(10), minor=1)),
             (1, results(3, word(53, 0) + b"\0" * 36, word(22, 0), word(15, 0), word(10, 0) + opaque(DOCS))),
             (0, compound(4, put, opened, word(10), word(3, 63))),
             (1, results(4, word(22, 0), word(18, 0) + state + change + word(0, 0) + word(2) + state + word(0, 1, 0, 0) + word(0, 0, 0) + opaque(b"EVERYONE@"), word(10, 0) + opaque(FILE), word(3, 0, 63, 63))),
             (0, compound(5, item, word(38) + state + word(0, 0, 0) + opaque(b"written by version 4\n"), word(9, 1, 1))), (1, results(5, word(22, 0), word(38, 0, 21, 0) + b"\0" * 8, word(9, 0) + fattr)),
             (0, compound(6, item, word(5, 0, 0, 0), word(4, 0) + state)), (1, results(6, word(22, 0), word(5, 0) + b"\0" * 8, word(4, 0) + state)),
             (0, compound(7, item, word(25) + state + word(0, 0, 4096))), (1, results(7, word(22, 0), word(25, 0, 1) + opaque(b"read by version 4\n"))),
             (0, compound(8, put, word(26) + b"\0" * 24 + word(1, 1))),
             (1, results(8, word(22, 0), word(26, 0) + b"\0" * 8 + word(1, 0, 1) + opaque(b"docs") + fattr + word(0, 1))),
             (0, compound(9, put, word(29) + opaque(b"a") + opaque(b"b"), word(32), word(31))), (1, results(9, word(22, 0), word(29, 0) + change * 2, word(32, 0), word(31, 0))),
             (0, compound(10, put, word(6, 5) + opaque(b"/etc") + opaque(b"sym") + fattr)), (1, results(10, word(22, 0), word(6, 0) + change + word(0))),
             (0, compound(11, put, word(28) + opaque(b"gone"))), (1, results(11, word(22, 0), word(28, 2), status=2)),
             (0, compound(12, put, word(11) + opaque(b"hard"), word(27), word(16), word(23), word(30, 0, 0), word(34) + state + fattr)),
             (1, results(12, word(22, 0), word(11, 0) + change, word(27, 0) + opaque(b"to"), word(16, 0), word(23, 0), word(30, 0), word(34, 0, 0))),
             (0, compound(13, put, word(18) + word(0, 1, 0, 0, 1) + opaque(b"o") + word(1, 3) + b"v" * 8 + fattr + word(5) + state)),
             (1, results(13, word(22, 0), word(18, 0) + state + change + word(0, 0) + word(3, 1, 0))),
             (0, compound(14, word(20) + state + word(0), word(36) + b"\0" * 16, word(33) + opaque(b"sec"))), (1, results(14, word(20, 0) + state, word(36, 0), word(33, 10025), status=12345)),
             (0, compound(15, word(35) + b"v" * 8 + opaque(b"id"))), (1, results(15, word(35, 0)))]
    return ETHERNET, over_tcp(turns)


def case_odd():
    gss = word(6) + opaque(word(1, 0, 1, 3) + opaque(b"ctx"))
    wrapped = word(6) + opaque(word(1, 0, 1, 2) + opaque(b"ctx"))
    turns = [(0, call(1, 100003, 3, 3, b"encrypted", gss)), (1, reply(1, b"secret")), (0, call(2, 100003, 3, 1, word(20, 1) + opaque(ROOT), wrapped)), (1, reply(2, word(8, 1) + word(2))),
             (0, nfs3(3, 3, opaque(ROOT) + word(500))), (1, reply(3, b"")), (0, nfs3(4, 99)), (1, reply(4, b"", accept=3)), (1, reply(77)), (1, nfs3(5, 3, opaque(ROOT) + opaque(b"x"))),
             (0, b"\0" * 8), (0, word(6, 7)), (0, nfs3(7, 3, opaque(ROOT) + opaque(b"x"), ))]
    files = []
    for i in range(18):
        files += [(0, nfs3(100 + i, 7, opaque(b"handle-%d" % i) + word(0, 64, 3, 0) + opaque(b"abc")))]
    flood = [(0, call(200 + i, 100005, 3, 0)) for i in range(131)]
    return ETHERNET, over_udp(turns) + over_tcp(files, sport=801) + over_tcp(flood, port=635, sport=802)


def case_broken():
    talk = Talk(sport=803, dport=2049)
    talk.data(0, record(nfs3(1, 3, opaque(ROOT) + opaque(b"a"))))
    talk.data(0, b"\xff\xff\xff\xff" + b"x" * 40)
    frames = [ether(p) for p in talk.packets]
    second = Talk(sport=804, dport=635)
    second.data(0, record(call(1, 100005, 3, 1, word(90) + b"/cut")))
    second.data(0, record(word(1, 3)))
    second.data(0, b"\xff\xff\xff\xff" + b"x" * 40)
    return ETHERNET, frames + [ether(p) for p in second.packets]
