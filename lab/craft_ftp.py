# SPDX-License-Identifier: Apache-2.0
"""FTP past its limits, and sessions no ordinary client has."""
from craft import ACK, PSH, Talk, ether
from packets import ETHERNET

WELCOME = b"220 files.city.example ready\r\n"
LOGIN = ((0, b"USER clerk\r\n"), (1, b"331 Password please\r\n"), (0, b"PASS secret\r\n"), (1, b"230 Welcome\r\n"))


def talk_of(turns, sport=50000, dport=21, close=True):
    talk = Talk(sport=sport, dport=dport)
    for who, text in turns:
        talk.data(who, text, size=1400)
    if close:
        talk.close()
    return [ether(p) for p in talk.packets]


def sessions(*several):
    return ETHERNET, [f for at, turns in enumerate(several) for f in talk_of([(1, WELCOME), *turns], sport=50000 + at)]


def case_long_lines():
    return sessions(
        [*LOGIN, (0, b"RETR " + b"a" * 5000 + b"\r\n"), (1, b"550 no\r\n"), (0, b"RETR b\r\n"), (1, b"550 no\r\n")],
        [*LOGIN, (0, b"PASV\r\n"), (1, b"227 " + b"b" * 5000 + b"\r\n"), (0, b"QUIT\r\n"), (1, b"221 bye\r\n")])


def case_too_many():
    lines = b"".join(b" line %d\r\n" % i for i in range(300))
    return sessions(
        [*LOGIN, (0, b"STAT\r\n"), (1, b"211-Status\r\n" + lines + b"211 end\r\n")],
        [*LOGIN, (0, b"NOOP\r\n" * 66), (1, b"200 ok\r\n" * 66)])


def case_odd_replies():
    return sessions(
        [*LOGIN, (0, b"PASV\r\n"), (1, b"227 somewhere\r\n"), (0, b"EPSV\r\n"), (1, b"229 (|||x|)\r\n"), (0, b"PORT 1,2,3\r\n"),
         (1, b"501 no\r\n"), (0, b"PWD\r\n"), (1, b"99 what\r\n"), (1, b"421 timeout\r\n"), (0, b"QUIT\r\n")],
        [(0, b"ACCT secret\r\n\xff\xf4\xffABOR\r\n\r\n"), (1, b"332-go\r\n332 on\r\n"), (1, b"226 ok\r\n"), (0, b"STOU\r\n"),
         (1, b"150 FILE: x1\r\n"), (1, b"226 done\r\n"), (0, b"LIST\r\n"), (1, b"150 here\r\n")])


def case_auth_refused():
    return sessions(
        [(0, b"AUTH TLS\r\n"), (1, b"534 no\r\n"), (0, b"AUTH SSL\r\nUSER clerk\r\n"), (1, b"234 go\r\n")],
        [(0, b"AUTH TLS\r\n"), (0, b"\x16\x03\x01\0\x05hello")])


def case_folders():
    turns = [(0, b"USER clerk\r\n"), (1, b"230 Welcome\r\n")]
    for command, reply in ((b"CWD docs/2026/", b"250 ok"), (b"CWD ..", b"250 ok"), (b"DELE a.txt", b"250 gone"), (b"PWD", b'257 "/docs" is it'),
                           (b"SIZE a.txt", b"213 1234"), (b"CDUP", b"250 ok"), (b"RETR b.txt", b"550 none"), (b"CWD /", b"250 ok"),
                           (b"MKD new", b'257 "/new" made'), (b"CWD none", b"550 none"), (b"REIN", b"220 again"), (b"CWD ..", b"250 ok")):
        turns += [(0, command + b"\r\n"), (1, reply + b"\r\n")]
    return sessions(turns)


def case_lost_reply():
    """One of the server's segments is not in the capture."""
    turns = [(1, WELCOME), *LOGIN, (0, b"CWD docs\r\n"), (1, b"250 ok\r\n"), (0, b"CWD more\r\n"), (1, b"250 ok\r\n"), (0, b"RETR a\r\n"),
             (1, b"550 none\r\n"), (0, b"RETR /b\r\n"), (1, b"550 none\r\n"), (0, b"QUIT\r\n"), (1, b"221 bye\r\n")]
    frames = talk_of(turns)
    lost = next(i for i, f in enumerate(frames) if f.endswith(b"250 ok\r\n"))
    return ETHERNET, frames[:lost] + frames[lost + 1:]


def case_lost_command():
    turns = [(1, WELCOME), *LOGIN, (0, b"TYPE A\r\n"), (1, b"200 ok\r\n"), (0, b"TYPE I\r\n"), (1, b"200 ok\r\n"), (0, b"SYST\r\n"),
             (1, b"215 UNIX\r\n"), (0, b"QUIT\r\n"), (1, b"221 bye\r\n")]
    frames = talk_of(turns)
    lost = next(i for i, f in enumerate(frames) if b"TYPE A" in f)
    return ETHERNET, frames[:lost] + frames[lost + 1:]


def case_data_cut():
    """The data channel loses a segment and never ends."""
    control = [(1, WELCOME), *LOGIN, (0, b"PASV\r\n"), (1, b"227 Entering Passive Mode (10,30,1,80,156,64)\r\n"), (0, b"STOR day.txt\r\n"),
               (1, b"150 go\r\n")]
    frames = talk_of(control, close=False)
    data = Talk(sport=50001, dport=40000)
    for part in (b"first,", b"second,", b"third"):
        data.send(0, PSH | ACK, part)
    packets = [p for p in data.packets if not p.endswith(b"second,")]
    return ETHERNET, frames + [ether(p) for p in packets]
