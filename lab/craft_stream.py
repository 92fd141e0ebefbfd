# SPDX-License-Identifier: Apache-2.0
"""TCP streams: out of order, overlapping, lying, without a beginning, with holes (RFC 9293)."""
import struct

from craft import ACK, CLIENT, FIN, PSH, REQUEST, RESPONSE, RST, SERVER, SYN, Talk, ether, ip, tcp
from packets import ETHERNET


def done(talk):
    return ETHERNET, [ether(p) for p in talk.packets]


def parts(talk, pieces):
    """Server data as (offset, bytes) in the order given; the stream then stands past the response."""
    for at, data in pieces:
        talk.packets.append(talk.segment(1, PSH | ACK, data, at))
    talk.seq[1] += len(RESPONSE)
    talk.send(0, ACK)
    talk.close()
    return done(talk)


def asked():
    talk = Talk()
    talk.data(0, REQUEST)
    return talk


def cut(size=300):
    return [(at, RESPONSE[at:at + size]) for at in range(0, len(RESPONSE), size)]


def case_in_order():
    return parts(asked(), cut())


def case_out_of_order():
    return parts(asked(), [cut()[i] for i in (0, 3, 1, 2, 4)])


def case_backwards():
    return parts(asked(), cut()[::-1])


def case_retransmission():
    return parts(asked(), [p for piece in cut() for p in (piece, piece)])


def case_overlap_same():
    return parts(asked(), [(at, RESPONSE[at:at + 450]) for at in range(0, len(RESPONSE), 300)])


def case_overlap_different():
    """A retransmission with other content while the hole before it is open: first-arrived bytes win."""
    pieces = cut()
    return parts(asked(), [pieces[0], pieces[2], (600, b"#" * 300), pieces[1]] + pieces[3:])


def case_retransmission_different():
    """Delivered data is sent again with other content: too late to matter, but it says something."""
    pieces = cut()
    return parts(asked(), [pieces[0], pieces[1], (300, b"#" * 300)] + pieces[2:])


def case_gap():
    """A segment the capture missed; the acknowledgement proves that the client had it."""
    return parts(asked(), [p for p in cut() if p[0] != 600])


def case_gap_in_head():
    return parts(asked(), [(0, RESPONSE[:20]), (40, RESPONSE[40:340]), (340, RESPONSE[340:])])


def case_midstream():
    talk = Talk(handshake=False)
    talk.data(0, REQUEST)
    talk.data(1, RESPONSE)
    talk.close()
    return done(talk)


def case_midstream_from_server():
    """The capture starts in the middle of an answer; then comes a whole exchange."""
    talk = Talk(handshake=False)
    talk.data(1, b"tail of something\n")
    talk.data(0, REQUEST)
    talk.data(1, RESPONSE)
    talk.close()
    return done(talk)


def case_syn_ack_first():
    talk = Talk()
    talk.data(0, REQUEST)
    talk.data(1, RESPONSE)
    talk.packets = talk.packets[1:]
    return done(talk)


def case_server_only():
    """One direction only, as a mirror port with a lost half shows it."""
    talk = Talk()
    talk.whole()
    talk.packets = [p for p in talk.packets if p[12:16] == bytes((10, 30, 1, 80))]
    return done(talk)


def case_reset():
    talk = asked()
    talk.send(1, RST | ACK)
    return done(talk)


def case_refused():
    talk = Talk(handshake=False)
    talk.seq = list(talk.start)
    talk.send(0, SYN)
    talk.seq[1] = 0
    talk.send(1, RST | ACK)
    return done(talk)


def case_no_answer():
    talk = Talk(handshake=False)
    talk.seq = list(talk.start)
    syn = talk.segment(0, SYN)
    talk.packets = [syn, syn, syn]
    return done(talk) + ({"step_us": 1_000_000},)


def case_port_reused():
    """The same ports again with new numbers after both sides closed: two flows."""
    first, second = Talk(), Talk()
    first.whole()
    second.packets, second.start = [], [5_000_000, 9_000_000]
    second.seq = list(second.start)
    second.send(0, SYN)
    second.send(1, SYN | ACK)
    second.send(0, ACK)
    second.whole()
    first.packets += second.packets
    return done(first)


def case_sequence_wraps():
    talk = Talk(handshake=False)
    talk.start = [0xffffffd0, 0xfffffe00]
    talk.seq = list(talk.start)
    talk.send(0, SYN)
    talk.send(1, SYN | ACK)
    talk.send(0, ACK)
    talk.whole()
    return done(talk)


def case_keep_alive():
    """One byte before the window, already acknowledged: not data, not an anomaly worth a word."""
    talk = asked()
    talk.packets.append(talk.segment(0, ACK, b"\0", len(REQUEST) - 1))
    talk.data(1, RESPONSE)
    talk.close()
    return done(talk)


def case_half_closed():
    talk = asked()
    talk.send(0, FIN | ACK)
    talk.data(1, RESPONSE)
    talk.send(1, FIN | ACK)
    talk.send(0, ACK)
    return done(talk)


def case_data_in_syn():
    """TCP Fast Open (RFC 7413): the request rides in the SYN."""
    talk = Talk(handshake=False)
    talk.seq = list(talk.start)
    talk.send(0, SYN, REQUEST)
    talk.send(1, SYN | ACK)
    talk.send(0, ACK)
    talk.data(1, RESPONSE)
    talk.close()
    return done(talk)


def case_congestion():
    """Explicit congestion notification (RFC 3168) is agreed on and used; one byte is urgent."""
    ece, cwr, urg = 0x40, 0x80, 0x20
    talk = Talk(handshake=False)
    talk.seq = list(talk.start)
    talk.send(0, SYN | ece | cwr)
    talk.send(1, SYN | ACK | ece)
    talk.send(0, ACK)
    talk.send(0, PSH | ACK | cwr | urg, REQUEST)
    talk.send(1, ACK | ece)
    talk.data(1, RESPONSE)
    talk.close()
    return done(talk)


def stamped(value, echo):
    return b"\x08\x0a" + struct.pack(">II", value, echo) + b"\1\1"


def case_forged():
    """A reset that does not know the SYN's time stamp, SYN after SYN, and a client that goes on after "its" reset."""
    talk = Talk(handshake=False)
    (client, server), (sport, dport) = talk.hosts, talk.ports
    talk.packets = [tcp(client, server, sport, dport, 7, 0, SYN, options=stamped(7000, 0)),
                    tcp(server, client, dport, sport, 0, 8, RST | ACK, options=stamped(1, 6999))]
    talk.packets += [tcp(client, server, sport, dport, 100 * i, 0, SYN) for i in range(1, 12)]
    talk.packets += [tcp(client, server, sport, dport, 1000, 0, SYN), tcp(server, client, dport, sport, 900000, 1001, SYN | ACK)]
    talk.send(0, ACK)
    talk.packets.append(talk.segment(0, RST | ACK))
    talk.data(0, REQUEST)
    talk.data(1, RESPONSE)
    return done(talk)


def case_odd_handshakes():
    """A server that answers another SYN, a SYN in an open connection, a reset of nothing, bytes twice and bytes lost."""
    wrong = Talk(handshake=False)
    wrong.seq = list(wrong.start)
    wrong.send(0, SYN)
    wrong.seq[0] += 7
    wrong.send(1, SYN | ACK)
    again = Talk(sport=50001)
    again.packets.append(again.segment(0, SYN, seq=-1))
    again.data(0, REQUEST)
    again.packets.append(again.segment(0, PSH | ACK, REQUEST[:20], 0))
    again.seq[0] += 100
    again.send(0, PSH | ACK, b"after a hole")
    again.send(1, ACK)
    again.send(0, PSH | ACK, b" and more")
    again.send(1, ACK)
    again.close()
    nobody = Talk(sport=50002, handshake=False)
    nobody.send(1, RST)
    unknown = ip(CLIENT, SERVER, 1, struct.pack(">BBHI", 8, 7, 0xf7f8, 0))
    return ETHERNET, [ether(p) for p in wrong.packets + again.packets + nobody.packets + [unknown]]
