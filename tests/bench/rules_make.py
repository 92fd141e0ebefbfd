#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""rules_make.py OUT [--rules N] [--seed S]: N made-up rules (24,000 unless told) in the shape of a large public set.

Nothing in them is anybody's signature: names and paths are syllables drawn by a seeded generator. What is like the
real thing is what costs time: which buffers, how long the patterns, how many contents, which ports and protocols, how
often pcre, how many lists of addresses.
"""
import argparse
import random

SYLLABLES = "ka ki ku ko sa shi su se ta chi te to na ni no ha hi fu ho ma mi mu mo ya yu yo ra ri ru re ro wa an en in".split()
WORDS = "update check gate panel login index config data image upload report stat task ping beacon load view admin file get".split()
TLDS = "com net org info biz xyz top site online ru cn tk pw club".split()
AGENTS = "Mozilla/4.0 (compatible|3b| MSIE 6.0|3b| Windows NT 5.1)!Opera/9!curl/!Wget/!python-requests/!Go-http-client/!Java/1.".split("!")


class Maker:
    def __init__(self, seed):
        self.r = random.Random(seed)

    def name(self, low=2, high=5):
        return "".join(self.r.choice(SYLLABLES) for _ in range(self.r.randint(low, high)))

    def domain(self):
        parts = [self.name()] + ([self.name(1, 3)] if self.r.random() < 0.3 else [])
        return ".".join(parts + [self.r.choice(TLDS)])

    def path(self):
        kind = self.r.random()
        if kind < 0.35:
            return f"/{self.name()}/{self.r.choice(WORDS)}.{self.r.choice(['php', 'asp', 'jsp', 'cgi', 'exe', 'html'])}"
        if kind < 0.6:
            return f"/{self.name()}.php?{self.name(1, 2)}="
        if kind < 0.8:
            return f"{self.r.choice(WORDS)}.php?{self.name(1, 3)}="
        return f"&{self.name(1, 2)}={self.name(1, 3)}"

    def raw(self, low=4, high=16):
        """Bytes of a protocol: half of them hexadecimal."""
        out, n = "", self.r.randint(low, high)
        while n > 0:
            part = self.r.randint(1, min(n, 6))
            if self.r.random() < 0.5:
                out += "|" + " ".join(f"{self.r.choice([0, 0, 1, 2, 255, self.r.randint(0, 255)]):02x}" for _ in range(part)) + "|"
            else:
                out += "".join(self.r.choice("abcdefghijklmnopqrstuvwxyzABCDEFGHIJ0123456789") for _ in range(part))
            n -= part
        return out

    def nocase(self):
        return " nocase;" if self.r.random() < 0.4 else ""

    # Each returns (header, options).
    def uri(self):
        options = "flow:established,to_server; "
        if self.r.random() < 0.5:
            options += f'http.method; content:"{self.r.choice(["GET", "GET", "POST"])}"; '
        path = self.path()
        options += f'http.uri; content:"{path}";{self.nocase()} '
        if self.r.random() < 0.5:
            options += f'content:"{self.name(1, 3)}=";{" distance:0;" if self.r.random() < 0.4 else ""} '
        if self.r.random() < 0.25:
            options += f'pcre:"/{self.name(1, 2)}=[a-f0-9]{{{self.r.randint(4, 32)}}}/{self.r.choice(["", "i", "R"])}"; '
        if self.r.random() < 0.25:
            options += f'http.header; content:!"Referer|3a|"; '
        if self.r.random() < 0.2:
            options += f'http.user_agent; content:"{self.r.choice(AGENTS)}"; '
        return "http $HOME_NET any -> $EXTERNAL_NET any", options

    def old_uri(self):
        first = "/" + self.name()
        return ("http $HOME_NET any -> $EXTERNAL_NET any",
                f'flow:established,to_server; content:"{first}/"; http_uri; content:"{self.path()}"; http_uri; fast_pattern; ')

    def header(self):
        return ("http $HOME_NET any -> $EXTERNAL_NET any",
                f'flow:established,to_server; http.header; content:"{self.name(1, 2).title()}|3a 20|{self.name()}";{self.nocase()} fast_pattern; '
                f'http.method; content:"{self.r.choice(["GET", "POST"])}"; ')

    def agent(self):
        return ("http $HOME_NET any -> $EXTERNAL_NET any",
                f'flow:established,to_server; http.user_agent; content:"{self.name(2, 4)}{self.r.choice([" ", "/", ""])}{self.name(1, 2)}"; '
                + self.r.choice(["depth:20; ", "startswith; ", "bsize:>4; ", ""]))

    def host(self):
        return ("http $HOME_NET any -> $EXTERNAL_NET any",
                f'flow:established,to_server; http.host; content:"{self.domain()}"; ' + self.r.choice(["endswith; ", "bsize:<40; ", ""]))

    def request_body(self):
        return ("http any any -> any any",
                f'flow:established,to_server; http.method; content:"POST"; http.request_body; content:"{self.name(1, 3)}="; startswith; '
                f'content:"&{self.name(2, 4)}="; fast_pattern; distance:0; ')

    def file_data(self):
        options = f'flow:established,to_client; file.data; content:"{self.name(2, 6)}{self.r.choice(["(", "=", "|3b 20|", ".", "<"])}";{self.nocase()} '
        for _ in range(self.r.randint(0, 3)):
            options += f'content:"{self.name(1, 4)}";{self.nocase()} {self.r.choice(["", "distance:0; ", "within:100; "])}'
        return "http $EXTERNAL_NET any -> $HOME_NET any", options

    def dns(self):
        name = self.domain()
        if self.r.random() < 0.5:
            return "dns $HOME_NET any -> any any", f'dns.query; dotprefix; content:".{name}"; nocase; endswith; '
        return "dns $HOME_NET any -> any any", f'dns.query; content:"{name}"; nocase; bsize:{len(name)}; '

    def sni(self):
        name = self.domain()
        if self.r.random() < 0.4:
            return "tls $HOME_NET any -> $EXTERNAL_NET any", f'flow:established,to_server; tls.sni; dotprefix; content:".{name}"; endswith; '
        return ("tls $HOME_NET any -> $EXTERNAL_NET any",
                f'flow:established,to_server; tls.sni; content:"{name}"; bsize:{len(name)}; fast_pattern; ')

    def cert(self):
        return ("tls $EXTERNAL_NET any -> $HOME_NET any",
                f'flow:established,to_client; tls.cert_subject; content:"CN={self.domain()}"; nocase; ')

    def port_payload(self):
        port = self.r.choice([445] * 6 + [139] * 6 + [21] * 4 + [25, 110, 143, 135, 1433, 3306, 3389, 5060, 8080, 6667, 23, 22])
        start = '"|ff|SMB"; offset:4; depth:4; ' if port in (139, 445) else f'"{self.raw(3, 6)}"; depth:{self.r.randint(8, 20)}; '
        return (f"tcp {self.r.choice(['any', '$EXTERNAL_NET'])} any -> $HOME_NET {port}",
                f'flow:to_server,established; content:{start}content:"{self.raw(6, 16)}"; distance:{self.r.randint(0, 20)}; '
                + (f"byte_test:2,>,{self.r.randint(16, 2000)},{self.r.randint(0, 8)},relative,little; " if self.r.random() < 0.3 else "")
                + (f"isdataat:{self.r.randint(40, 400)},relative; " if self.r.random() < 0.2 else ""))

    def any_payload(self):
        client = self.r.random() < 0.5
        header = "tcp $EXTERNAL_NET any -> $HOME_NET any" if client else "tcp $HOME_NET any -> $EXTERNAL_NET any"
        return header, (f'flow:established,{"to_client" if client else "to_server"}; content:"{self.raw(6, 14)}"; '
                        + self.r.choice(["depth:16; ", "offset:4; depth:40; ", "", f'content:"{self.raw(3, 8)}"; distance:0; ']))

    def http_port_payload(self):
        return ("tcp $EXTERNAL_NET $HTTP_PORTS -> $HOME_NET any",
                f'flow:established,to_client; content:"{self.raw(6, 14)}"; content:"{self.name(1, 3)}"; distance:0; ')

    def udp(self):
        port = self.r.choice(["any", "any", "53", "161", "1900", "5060", "1434", "123", "1024:"])
        return f"udp any any -> any {port}", f'content:"{self.raw(6, 16)}"; ' + self.r.choice(["depth:20; ", "", "offset:2; depth:30; "])

    def http_payload(self):
        return ("http $EXTERNAL_NET any -> $HOME_NET any", f'flow:established,to_client; content:"{self.name(3, 6)}"; content:"{self.raw(3, 8)}"; ')

    def ftp(self):
        return "ftp any any -> any any", f'flow:established,to_server; content:"{self.r.choice(["SITE", "STOR", "RETR", "USER"])} {self.name(1, 3)}"; nocase; '

    def flags(self):
        return (f"tcp any any -> $HOME_NET {self.r.randint(1, 10000)}",
                "flags:S,12; threshold: type both, track by_src, count 70, seconds 60; ")

    def icmp(self):
        return "icmp any any -> any any", f'itype:8; content:"{self.raw(6, 16)}"; depth:32; '

    def addresses(self):
        listed = ",".join(f"{self.r.randint(1, 223)}.{self.r.randint(0, 255)}.{self.r.randint(0, 255)}.{self.r.randint(1, 254)}"
                          for _ in range(self.r.choice([10] * 8 + [50, 100])))
        proto = self.r.choice(["ip", "tcp", "tcp"])
        return (f"{proto} [{listed}] any -> $HOME_NET any",
                "threshold: type limit, track by_src, seconds 3600, count 1; flowbits:set,BENCH.bad; ")


# Thousandths of the set.
SHARES = {
    "uri": 190, "old_uri": 60, "header": 50, "agent": 45, "host": 30, "request_body": 35, "file_data": 110, "dns": 179,
    "sni": 110, "cert": 15, "port_payload": 60, "any_payload": 6, "http_port_payload": 8, "udp": 15, "http_payload": 20,
    "ftp": 5, "flags": 4, "icmp": 3, "addresses": 55,
}


def rules(count, seed):
    make = Maker(seed)
    kinds, weights = list(SHARES), list(SHARES.values())
    for i in range(count):
        kind = make.r.choices(kinds, weights)[0]
        header, options = getattr(make, kind)()
        yield (f'alert {header} (msg:"BENCH {kind} {i}"; {options}classtype:misc-activity; sid:{9000000 + i}; rev:1; '
               f"metadata:created_at 2026_01_01;)")


def main():
    ask = argparse.ArgumentParser(usage=__doc__)
    ask.add_argument("out")
    ask.add_argument("--rules", type=int, default=24_000)
    ask.add_argument("--seed", type=int, default=1)
    args = ask.parse_args()
    with open(args.out, "w", encoding="ascii") as f:
        for rule in rules(args.rules, args.seed):
            print(rule, file=f)


if __name__ == "__main__":
    main()
