#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""fuzz_run.py --build FOLDER --seconds N [TARGET]...: run the fuzzers, seeded from the golden captures.

Seeds and what the fuzzer learns lie in FOLDER/corpus/TARGET; inputs that break something in
FOLDER/broken/TARGET-*. Run one again with FOLDER/tests/fuzz/fuzz --target=TARGET FILE.
"""
import argparse
import glob
import gzip
import hashlib
import os
import re
import struct
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
from packets import ETHERNET, find_segment, read_capture  # noqa: E402

LINKS = {1: 0, 101: 1, 113: 2, 276: 3, 0: 4, 108: 5, 9: 6, 127: 7, 105: 8, 229: 9, 50: 10, 51: 11}
IP_PROTOS = [89, 88, 112, 50, 51]  # as in proto_fuzz.c
PORTS = [443, 53, 5355, 18245]  # likewise
SEED_BYTES = 60_000


def operation(side, data):
    return struct.pack(">BH", side << 3, len(data)) + data


def ip_body(link, data):
    """(IP's version, protocol, payload) of IP protocols other than TCP and UDP, else None."""
    if link == ETHERNET and data[12:14] == b"\x08\x00" and data[23] not in (6, 17):
        return 4, data[23], data[14 + (data[14] & 15) * 4:]
    if link == ETHERNET and data[12:14] == b"\x86\xdd" and data[20] not in (6, 17):
        return 6, data[20], data[54:]
    return None


def choice(version, proto, port=0):
    """The first byte of a seed, as proto_fuzz.c reads it."""
    which = IP_PROTOS.index(proto) if proto in IP_PROTOS else 0
    hint = PORTS.index(port) if port in PORTS else 0
    return bytes([(proto == 17) | (hint & 1) << 1 | (version == 6) << 2 | which << 3 | (hint & 2) << 5])


def client_of(seg, ends):
    """Over TCP the end with the higher port: in many protocols the server speaks first."""
    return max(ends, key=lambda end: end[-2:]) if seg.proto == 6 else ends[0]


def flow_seeds(link, packets):
    """One seed for each flow: its payloads as operations of proto_fuzz.c."""
    flows = {}
    for p in packets:
        seg = find_segment(link, p.data)
        if seg:
            ports = p.data[seg.l4_at:seg.l4_at + 4]
            hosts = p.data[seg.ip_at + (12 if seg.version == 4 else 8):seg.l4_at]
            half = len(hosts) // 2
            ends = (hosts[:half] + ports[:2], hosts[half:2 * half] + ports[2:])
            head = choice(seg.version, seg.proto, min(struct.unpack(">HH", ports)))
            first, seed = flows.setdefault((seg.proto,) + tuple(sorted(ends)), (client_of(seg, ends), [head]))
            for at in range(seg.payload_at, seg.end, 4000):
                seed.append(operation(ends[0] != first, p.data[at:min(at + 4000, seg.end)]))
        elif link == ETHERNET and p.data[12:14] == b"\x08\x06":
            flows.setdefault(("arp", len(flows)), (None, [b"\0"]))[1].append(operation(0, p.data[14:]))
        elif ip_body(link, p.data):
            version, proto, body = ip_body(link, p.data)
            flows.setdefault((version, proto), (None, [choice(version, proto)]))[1].append(operation(0, body))
    return [b"".join(seed)[:SEED_BYTES] for _, seed in flows.values()]


def packet_seed(link, packets):
    return b"".join(struct.pack(">BH", LINKS.get(link, 0), len(p.data)) + p.data for p in packets if len(p.data) < 2048)[:SEED_BYTES]


def config_seed():
    """The example configuration with every key taken out of its comment."""
    with open(os.path.join(HERE, "../../packaging/yagura.yaml"), "rb") as f:
        return b"".join(line.removeprefix(b"# ") for line in f)


def rule_seeds():
    """Each rule of the parser's unit test, with the header it stands behind there."""
    with open(os.path.join(os.path.dirname(os.path.dirname(HERE)), "src/rules/parse_test.c"), encoding="utf-8") as f:
        cases = re.findall(r'^    \{"((?:[^"\\]|\\.)*)",', f.read(), re.M)
    for number, case in enumerate(cases):
        text = case.encode().decode("unicode_escape")
        yield (text if "alert " in text else f"alert tcp any any -> any any ({text} sid:{number + 1};)").encode()


def capture_seeds():
    """Small captures as they are, each also packed."""
    for path in glob.glob(os.path.join(HERE, "..", "pcap", "*", "*", "in.*")):
        if os.path.getsize(path) <= SEED_BYTES:
            with open(path, "rb") as f:
                data = f.read()
            yield data
            yield gzip.compress(data)


def intel_list_seeds():
    """Lists beside captures; the first byte says what they are, as intel_list_fuzz.c reads it."""
    for path in glob.glob(os.path.join(HERE, "..", "pcap", "intel", "*", "*.*")):
        kind = {".txt": b"\0", ".csv": b"\1", ".json": b"\2"}.get(os.path.splitext(path)[1])
        if kind:
            with open(path, "rb") as f:
                yield kind + f.read()


def captures_of(target):
    """Captures of the protocol's own folder; of those which have none, where a flow of it is expected."""
    own = glob.glob(os.path.join(HERE, "..", "pcap", "*" if target in ("packet", "path") else target, "*", "in.*"))
    return own or [path for path in glob.glob(os.path.join(HERE, "..", "pcap", "*", "*", "in.*")) if expects(path, target)]


def expects(path, target):
    try:
        with open(os.path.join(os.path.dirname(path), "expected.jsonl"), encoding="utf-8") as f:
            text = f.read()
    except FileNotFoundError:
        return False
    return any(f'"app_proto":"{name}"' in text for name in (target, target.replace("_", "-")))


def intel_seeds(target):
    """Files of indicators as they are; patterns one a seed."""
    names = {"stix": "bundle.json", "misp": "event.json", "openioc": "example.ioc", "pattern": "patterns.txt"}
    if target not in names:
        return []
    with open(os.path.join(HERE, "../intel", names[target]), "rb") as f:
        return f.read().splitlines() if target == "pattern" else [f.read()]


def sigma_seeds(target):
    """Sigma rules; other products' logs."""
    suffix = {"sigma": "*.yml", "log": "*.json"}.get(target)
    for path in glob.glob(os.path.join(HERE, "..", "sigma", suffix)) if suffix else ():
        with open(path, "rb") as f:
            yield f.read()


def log_seeds():
    """A file of flows; JSON comes from tests/sigma."""
    return [b"StartTime,Dur,Proto,SrcAddr,Sport,Dir,DstAddr,Dport,State,sTos,dTos,TotPkts,TotBytes,SrcBytes,Label\n"
            b"2026/11/21 08:00:00.25,2.5,tcp,10.30.1.10,50001,   ->,203.0.113.7,443,CON,0,0,20,9000,1500,\n"]


def match_seeds():
    """Cases of the matcher's unit test: a rule's options, then the bytes they are held against."""
    with open(os.path.join(HERE, "../../src/rules/match_test.c"), encoding="utf-8") as f:
        cases = re.findall(r'^ +(?:YES|NO)\(((?:\s*"(?:[^"\\]|\\.)*")+),\s*((?:\s*"(?:[^"\\]|\\.)*")+)\)', f.read(), re.M)
    for case in cases:
        options, data = ("".join(re.findall(r'"((?:[^"\\]|\\.)*)"', part)).encode().decode("unicode_escape") for part in case)
        yield options.encode() + b"\n" + data.encode("latin-1")


def file_seeds():
    """What files begin with that YARA's rules ask for."""
    return [b"<html><body a=b>", b"MZ" + bytes(62), b"%PDF-1.7\nabcdef=ghij"]


def yara_seed():
    with open(os.path.join(HERE, "../pcap/files/yara/own.yar"), "rb") as f:
        return f.read()


def seeds_of(target):
    yield from sigma_seeds(target)
    yield from intel_seeds(target)
    made = {"capture": capture_seeds, "rules": rule_seeds, "intel_list": intel_list_seeds, "match": match_seeds, "log": log_seeds, "scan": file_seeds,
            "config": lambda: [config_seed()], "yara": lambda: [yara_seed()]}
    yield from made.get(target, list)()
    for path in captures_of(target):
        link, packets = read_capture(path)
        yield from [packet_seed(link, packets)] if target in ("packet", "path") else flow_seeds(link, packets)


def make_seeds(target, folder):
    os.makedirs(folder, exist_ok=True)
    for seed in seeds_of(target):
        with open(os.path.join(folder, "seed-" + hashlib.sha1(seed).hexdigest()[:12]), "wb") as f:
            f.write(seed)


def program(build):
    return os.path.join(build, "tests/fuzz/fuzz")


def fuzz(build, target, seconds):
    """'' or what the fuzzer found."""
    corpus, broken = os.path.join(build, "corpus", target), os.path.join(build, "broken")
    os.makedirs(broken, exist_ok=True)
    make_seeds(target, corpus)
    args = [program(build), "--target=" + target, f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=2048",
            "-max_len=65536", "-print_final_stats=1", "-verbosity=0", "-entropic=0", f"-artifact_prefix={broken}/{target}-", corpus]
    # Without the entropic schedule: with many seeds and this much code it costs nine tenths of the time.
    # Leaks are looked for when the fuzzer ends, not after each input: that would cost most of the time.
    env = {"UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1", **os.environ}
    done = subprocess.run(args, capture_output=True, text=True, errors="replace", timeout=seconds + 120, env=env)
    return "" if done.returncode == 0 else done.stderr[-6000:]


def targets(build):
    """[] when there is no program."""
    if not os.access(program(build), os.X_OK):
        return []
    return sorted(subprocess.run([program(build), "--list"], check=True, capture_output=True, text=True).stdout.split())


def fuzz_all(build, seconds):
    """Jobs for tests/run.py."""
    names = targets(build)
    if not names:
        yield "fuzz", lambda: f"no fuzzers in {build}"
    for name in names:
        yield f"fuzz {name}, {seconds} s", lambda name=name: fuzz(build, name, seconds)


def main():
    ask = argparse.ArgumentParser(usage=__doc__)
    ask.add_argument("--build", default="build-fuzz")
    ask.add_argument("--seconds", type=int, default=60)
    ask.add_argument("target", nargs="*")
    args = ask.parse_args()
    build, failed = os.path.abspath(args.build), 0

    def one(name):
        start = time.time()
        return name, fuzz(build, name, args.seconds), time.time() - start
    with ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        for name, why, seconds in pool.map(one, args.target or targets(build)):
            print(f"{'FAILED' if why else 'ok    '} fuzz {name} ({seconds:.0f} s)", flush=True)
            if why:
                failed += 1
                print(why)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
