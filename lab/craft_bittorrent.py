# SPDX-License-Identifier: Apache-2.0
"""BitTorrent: handshakes of peers and messages of the DHT (BEP 3, 5, 20, 32), whole and damaged."""
from craft import CLIENT, SERVER, Talk, ether, udp
from packets import ETHERNET

A, B, HASH = b"abcdefghij0123456789", b"mnopqrstuvwxyz123456", bytes(range(20))


def ben(value):
    if isinstance(value, dict):
        return b"d" + b"".join(ben(k) + ben(v) for k, v in sorted(value.items())) + b"e"
    if isinstance(value, list):
        return b"l" + b"".join(ben(v) for v in value) + b"e"
    return b"i%de" % value if isinstance(value, int) else b"%d:" % len(value) + value


def frames(*messages):
    out = []
    for who, message in messages:
        data = ben(message) if isinstance(message, dict) else message
        out.append(ether(udp(CLIENT, SERVER, 6881, 6882, data) if who == 0 else udp(SERVER, CLIENT, 6882, 6881, data)))
    return ETHERNET, out


def ask(kind, **args):
    return {b"t": b"aa", b"y": b"q", b"q": kind, b"v": b"UT01", b"a": {b"id": A, **{k.encode(): v for k, v in args.items()}}}


def answer(**args):
    return {b"t": b"aa", b"y": b"r", b"r": {b"id": B, **{k.encode(): v for k, v in args.items()}}}


def case_dht():
    node, node6 = B + bytes([192, 0, 2, 1, 26, 225]), B + bytes(15) + b"\1\x1a\xe1"
    return frames((0, ask(b"ping")), (1, answer()), (0, ask(b"find_node", target=B)), (1, answer(nodes=node * 2, nodes6=node6)),
                  (0, ask(b"get_peers", info_hash=HASH)), (1, answer(token=b"tok", values=[b"\xc0\0\2\1\x1a\xe1", bytes(15) + b"\1\x1a\xe1"])),
                  (0, ask(b"announce_peer", info_hash=HASH, token=b"tok", port=6881, implied_port=1, name=b"x")), (1, {b"t": b"aa", b"y": b"e", b"e": [203, b"Bad token"]}))


def case_dht_odd():
    deep = b"d1:ad2:id20:" + A + b"1:x" + b"l" * 20 + b"e1:q4:ping1:t2:aa1:y1:qe"
    return frames((0, ask(b"ping", more=[1, [-2, {b"a": 3}]])), (1, answer(nodes=(B + bytes(6)) * 70, values=[bytes(6)] * 70)), (0, deep), (0, b"d1:ad2:id20:" + A),
                  (1, answer(values=[b"bad"])), (1, {b"t": b"aa", b"y": b"e", b"e": [b"x"]}), (0, b"d1:ad2:id99999999999:"), (0, b"x"), (1, b"d1:rd2:id20:" + B + b"e1:y1:re"))


def case_handshake():
    hello = b"\x13BitTorrent protocol" + b"\0\0\0\0\0\x10\0\5" + HASH
    whole, half = Talk(sport=50000, dport=6881), Talk(sport=50001, dport=6881)
    whole.data(0, hello + b"-UT3450-\xc1\1%567890123")
    whole.data(1, hello + b"M7-4-3--abcdefghijkl")
    whole.data(0, b"\0\0\0\1\2")
    whole.close()
    half.data(0, hello + b"-TR2940-abcdefghijkl" + b"\0\0\0\1\2")
    half.data(0, b"\0\0\0\1\2")
    half.close()
    return ETHERNET, [ether(p) for p in whole.packets + half.packets]
