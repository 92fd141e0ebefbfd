# SPDX-License-Identifier: Apache-2.0
"""Redis: secrets in every place, silence, kinds of RESP3, limits and damage."""
from craft import ACK, PSH, Talk, ether
from packets import ETHERNET


def command(*words):
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words)


def sessions(*several):
    frames = []
    for at, turns in enumerate(several):
        talk = Talk(sport=50000 + at, dport=6379)
        for who, data in turns:
            talk.data(who, data, size=1400)
        talk.close()
        frames += [ether(p) for p in talk.packets]
    return ETHERNET, frames


OK = b"+OK\r\n"


def case_secrets():
    return sessions([
        (0, command(b"HELLO", b"3", b"AUTH", b"clerk", b"secret", b"SETNAME", b"pc")), (1, b"%1\r\n+server\r\n+redis\r\n"),
        (0, command(b"CONFIG", b"SET", b"requirepass", b"secret", b"masterauth", b"secret", b"maxmemory", b"1")), (1, OK),
        (0, command(b"ACL", b"SETUSER", b"taro", b"on", b">secret", b"~*")), (1, OK),
        (0, command(b"MIGRATE", b"h", b"6379", b"k", b"0", b"9", b"AUTH", b"secret")), (1, b"+NOKEY\r\n"),
        (0, b"auth clerk secret\r\nHELLO 3 AUTH clerk secret\r\n"), (1, OK + b"-WRONGPASS invalid\r\n")])


def case_silence():
    return sessions([
        (0, command(b"client", b"reply", b"OFF") + command(b"PING") + command(b"CLIENT", b"REPLY", b"ON")), (1, OK),
        (0, command(b"CLIENT", b"REPLY", b"SKIP") + command(b"SET", b"a", b"1") + command(b"GET", b"a")), (1, b"$1\r\n1\r\n")])


def case_kinds():
    ask = command(b"EVAL", b"return", b"0")
    answers = b"_\r\n", b"#t\r\n", b",1.5\r\n", b"(12345678901234567890\r\n", b"=7\r\ntxt:abc\r\n", b"~2\r\n:1\r\n:2\r\n", b"!3\r\nERR\r\n", b"$-1\r\n", \
        b"*-1\r\n", b"*0\r\n", b"|1\r\n+ttl\r\n:3\r\n$2\r\nhi\r\n", b"*2\r\n*2\r\n:1\r\n$1\r\nx\r\n$3\r\nend\r\n", b"$600\r\n" + b"long " * 120 + b"\r\n", \
        b">2\r\n+invalidate\r\n*1\r\n$1\r\nk\r\n:7\r\n"
    return sessions([turn for answer in answers for turn in ((0, ask), (1, answer))],
                    [(0, command(b"SUBSCRIBE", b"a")), (1, b"*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n"), (0, command(b"PING")),
                     (1, b"*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$5\r\nhello\r\n*2\r\n$4\r\npong\r\n$0\r\n\r\n")])


def case_limits():
    return sessions(
        [(0, command(b"GET", b"k") * 140), (1, b"$1\r\n1\r\n" * 140)],
        [(0, command(b"EVAL", b"x", b"0")), (1, b"*1\r\n" * 20 + b":1\r\n")],
        [(0, command(b"MSET", *[b"k%d" % i for i in range(40)])), (1, OK)],
        [(0, b"PING\r\n" + b"x" * 70000)])


def case_wrong():
    return sessions([(0, command(b"PING")), (1, b"?what\r\n")], [(0, command(b"PING") + b"*x\r\n")], [(0, command(b"PING") + b"*1\r\n$x\r\n")],
                    [(0, command(b"PING")), (1, b"$99999999999\r\n")], [(0, b"PING\r\n\0\1\2\r\n")], [(1, b"-DENIED Redis is running in protected mode\r\n")],
                    [(1, b":1\r\n")], [(0, b"*1\r\n$4\r\nPI")])


def case_lost():
    """Bytes of a long value are missing, then a whole reply."""
    talk = Talk(sport=50000, dport=6379)
    talk.data(0, command(b"GET", b"photo") + command(b"GET", b"other"))
    talk.data(1, (b"$4000\r\n" + b"p" * 4000)[:1000])
    talk.seq[1] += 500
    talk.send(1, PSH | ACK, b"p" * 1400)
    talk.send(1, PSH | ACK, b"p" * 1107 + b"\r\n$1\r\nx\r\n")
    talk.close()
    return ETHERNET, [ether(p) for p in talk.packets]
