# SPDX-License-Identifier: Apache-2.0
"""Input for the program where the data are names or requests: logs and captures made of them, each with a host of its own."""
import base64
import datetime
import json
import struct

START = 1_780_272_000  # 2026-06-01 00:00:00 UTC
SERVER = "198.51.100.80"


def host(n):
    return f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}"


# ---- names


def dns_log(path, groups):
    """EVE lines: a host for each group, which asks for its names; none exists. Returns the hosts."""
    hosts = [host(i + 1) for i in range(len(groups))]
    with open(path, "w", encoding="utf-8") as f:
        for i, (asker, names) in enumerate(zip(hosts, groups)):
            for k, name in enumerate(names):
                when = datetime.datetime.fromtimestamp(START + i + k / 16, datetime.timezone.utc)
                json.dump({"timestamp": when.strftime("%Y-%m-%dT%H:%M:%S.%f+0000"), "event_type": "dns", "flow_id": i + 1, "proto": "UDP",
                           "src_ip": asker, "src_port": 40000 + k, "dest_ip": "192.0.2.53", "dest_port": 53,
                           "dns": {"version": 3, "type": "response", "tx_id": k, "id": k, "qr": True, "rcode": "NXDOMAIN",
                                   "queries": [{"rrname": name, "rrtype": "A"}]}}, f)
                f.write("\n")
    return hosts


# ---- connections

HEAD = ("ts", "uid", "id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p", "proto", "service", "duration", "orig_bytes", "resp_bytes",
        "conn_state", "orig_pkts", "resp_pkts")
HOURS, HOSTS, SITES = 72, 40, 300
CALLS_S = 300  # between two calls of the beacon


def connection(ts, source, place, port, chance, sent=None):
    sent = sent or (chance.randint(300, 4000), chance.randint(500, 200_000))
    return (ts, source, chance.randint(1025, 65000), place, port, "tcp", "ssl" if port == 443 else "http",
            round(chance.uniform(0.1, 20), 3), *sent, "SF", 2 + sent[0] // 1200, 2 + sent[1] // 1400)


def office_hours(hour):
    return 3 if hour % 24 in range(8, 19) else 0.2


def browsing(chance):
    """People: visits by chance, several connections each, to sites of which few are visited often."""
    for source in range(HOSTS):
        for hour in range(HOURS):
            for _ in range(int(chance.expovariate(1 / office_hours(hour)))):
                begin, site = START + hour * 3600 + chance.uniform(0, 3600), int(SITES * chance.random() ** 3)
                for _ in range(chance.randint(1, 6)):
                    yield connection(begin + chance.expovariate(0.3), host(source + 10), f"203.0.113.{site % 250}", 443 if site % 5 else 80, chance)


def updates(chance):
    """Software of every host that asks its maker for news, each hour or so."""
    for source in range(HOSTS):
        at = START + chance.uniform(0, 3600)
        while at < START + HOURS * 3600:
            yield connection(at, host(source + 10), "198.51.100.7", 443, chance)
            at += 3600 + chance.uniform(-120, 120)


def calls(chance, jitter, source, place):
    at = START + chance.uniform(0, CALLS_S)
    while at < START + HOURS * 3600:
        yield connection(at, source, place, 443, chance, (chance.randint(610, 640), chance.randint(380, 400)))
        at += CALLS_S * (1 + chance.uniform(-jitter, jitter) / 100)


def beacon_logs(path, chance, jitter):
    """Zeek's conn.log of three days of an office with one beacon in it. Returns who calls, and where."""
    source, place = host(10 + HOSTS // 2), "192.0.2.66"
    rows = sorted([*browsing(chance), *updates(chance), *calls(chance, jitter, source, place)])
    with open(path, "w", encoding="utf-8") as f:
        f.write("#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n#fields\t" + "\t".join(HEAD) + "\n")
        for i, (ts, *rest) in enumerate(rows):
            f.write("\t".join([f"{ts:.6f}", f"C{i:06}", *map(str, rest)]) + "\n")
    return source, place


# ---- requests


def request_bytes(request):
    """A request as it goes over the wire."""
    if request.get("encoded_request"):
        return base64.b64decode(request["encoded_request"])
    headers, body = dict(request.get("headers") or {}), (request.get("data") or "").encode("utf-8", "surrogateescape")
    names = {name.lower() for name in headers}
    if body and not names & {"content-length", "transfer-encoding"}:
        headers["Content-Length"] = str(len(body))
    if body and "content-type" not in names:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    head = f"{request.get('method') or 'GET'} {request.get('uri') or '/'} {request.get('version') or 'HTTP/1.1'}\r\n"
    return (head + "".join(f"{k}: {v}\r\n" for k, v in headers.items()) + "\r\n").encode("utf-8", "surrogateescape") + body


def packet(source, dest, ports, flags, seq, ack, payload=b""):
    """Raw IPv4 with TCP; checksums are left out, as where a network card makes them."""
    tcp = struct.pack(">HHIIBBHHH", *ports, seq, ack, 5 << 4, flags, 65535, 0, 0) + payload
    addresses = b"".join(bytes(map(int, a.split("."))) for a in (source, dest))
    return struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0x4000, 64, 6, 0) + addresses + tcp


def conversation(client, request):
    """A connection for one request, which is answered with 200."""
    up, down, pieces = (client, SERVER, (40000, 80)), (SERVER, client, (80, 40000)), [request[i:i + 1400] for i in range(0, len(request), 1400)]
    yield packet(*up, 0x02, 1, 0)
    yield packet(*down, 0x12, 1, 2)
    seq = 2
    for piece in pieces:
        yield packet(*up, 0x18, seq, 2, piece)
        seq += len(piece)
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: text/plain\r\n\r\nok"
    yield packet(*down, 0x18, 2, seq, answer)
    yield packet(*up, 0x11, seq, 2 + len(answer))
    yield packet(*down, 0x11, 2 + len(answer), seq + 1)


def web_capture(path, requests):
    """A pcap in which each request comes from a host of its own. Returns the hosts."""
    hosts = [host(i + 1) for i in range(len(requests))]
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, 101))
        for i, (client, request) in enumerate(zip(hosts, requests)):
            for k, data in enumerate(conversation(client, request_bytes(request))):
                f.write(struct.pack("<IIII", START + i, 1000 * k, len(data), len(data)) + data)
    return hosts
