# SPDX-License-Identifier: Apache-2.0
"""Traffic with what the lists beside the captures call evil (tests/pcap/intel/CASE/args): look-ups, requests,
a mail, connections both ways. Addresses are of RFC 5737, names below .test (RFC 6761)."""
from craft import CLIENT, SYN, ACK, FIN, PSH, dns_answer, dns_query, ether, tcp, udp
from packets import ETHERNET

RESOLVER, EVIL, HOSTER, SCANNER = "10.30.1.53", "203.0.113.66", "198.51.100.20", "192.0.2.200"
MAIL_SERVER = "10.30.1.25"


def out(frame_of, src, dst, *args):
    return ether(frame_of(src, dst, *args), src=src, dst=dst)


def talk(client, server, port, *turns, sport=40000):
    """A TCP connection: turns are sent in turn, the client's first."""
    sides = [(client, server, sport, port), (server, client, port, sport)]
    numbers = [1000, 5000]
    frames = [out(tcp, *sides[0], 999, 0, SYN), out(tcp, *sides[1], 4999, 1000, SYN | ACK),
              out(tcp, *sides[0], 1000, 5000, ACK)]
    for at, payload in enumerate(turns):
        side = at % 2
        if payload:
            frames.append(out(tcp, *sides[side], numbers[side], numbers[1 - side], PSH | ACK, payload))
            numbers[side] += len(payload)
    for side in (0, 1):
        frames.append(out(tcp, *sides[side], numbers[side], numbers[1 - side], FIN | ACK))
        numbers[side] += 1
    return frames + [out(tcp, *sides[0], numbers[0], numbers[1], ACK)]


def look_up(name, answer, sport):
    return [out(udp, CLIENT, RESOLVER, sport, 53, dns_query(name)),
            out(udp, RESOLVER, CLIENT, 53, sport, dns_answer(name, to=answer))]


def request(host, target, body=b"hello", agent=b"Mozilla/5.0"):
    return (b"GET " + target + b" HTTP/1.1\r\nHost: " + host + b"\r\nUser-Agent: " + agent + b"\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


def case_match():
    """Each kind of indicator once, and beside it what must stay silent: expired, warned of, own, unsure."""
    frames = look_up(b"www.evil.test", EVIL, 41001) + look_up(b"fine.test", HOSTER, 41002)
    frames += look_up(b"expired.test", "203.0.113.70", 41003) + look_up(b"unsure.test", "203.0.113.71", 41004)
    frames += talk(CLIENT, EVIL, 80, *request(b"www.evil.test", b"/kit/a.js?id=1"), sport=40001)
    frames += talk(CLIENT, HOSTER, 80, *request(b"files.test", b"/gate.php"), sport=40002)
    frames += talk(CLIENT, HOSTER, 80, *request(b"files.test", b"/doc", b"X5-not-really-malware"), sport=40003)
    frames += talk(CLIENT, HOSTER, 80, *request(b"files.test", b"/", agent=b"EvilBot/1.0"), sport=40004)
    frames += talk(SCANNER, CLIENT, 22, b"SSH-2.0-scan\r\n", b"SSH-2.0-OpenSSH_9.2\r\n", sport=40005)
    frames += talk(CLIENT, "203.0.113.99", 8443, b"\0\1\2\3hello", sport=40006)
    frames += talk(CLIENT, MAIL_SERVER, 25, None, b"220 mail.test ESMTP\r\n", b"EHLO pc.test\r\n", b"250 mail.test\r\n",
                   b"MAIL FROM:<boss@evil-mail.test>\r\n", b"250 ok\r\n", b"RCPT TO:<a@city.test>\r\n", b"250 ok\r\n",
                   b"DATA\r\n", b"354 go\r\n",
                   b"From: Boss <boss@evil-mail.test>\r\nTo: a@city.test\r\nSubject: Urgent payment\r\n\r\n"
                   b"See http://files.test/gate.php now.\r\n.\r\n", b"250 ok\r\n", b"QUIT\r\n", b"221 bye\r\n", sport=40007)
    return ETHERNET, frames
