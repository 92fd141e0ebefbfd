#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""fuzz_run.py --build FOLDER --seconds N [TARGET]...: run the fuzzers, seeded from the golden captures.

Seeds and what the fuzzer learns lie in FOLDER/corpus/TARGET; inputs that break something in
FOLDER/broken/TARGET-*. Run one again with FOLDER/tests/fuzz/fuzz_TARGET FILE.
"""
import argparse
import glob
import gzip
import hashlib
import os
import struct
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
from packets import ETHERNET, find_segment, read_capture  # noqa: E402

LINKS = {1: 0, 101: 1, 113: 2, 276: 3, 0: 4, 108: 5, 9: 6, 127: 7, 105: 8, 229: 9, 50: 10, 51: 11}
SEED_BYTES = 60_000


def operation(side, data):
    return struct.pack(">BH", side << 3, len(data)) + data


def icmp_body(link, data):
    if link == ETHERNET and data[12:14] == b"\x08\x00" and data[23] == 1:
        return data[14 + (data[14] & 15) * 4:]
    return None


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
            first, seed = flows.setdefault((seg.proto,) + tuple(sorted(ends)), (ends[0], [bytes([seg.proto == 17])]))
            for at in range(seg.payload_at, seg.end, 4000):
                seed.append(operation(ends[0] != first, p.data[at:min(at + 4000, seg.end)]))
        elif link == ETHERNET and p.data[12:14] == b"\x08\x06":
            flows.setdefault(("arp", len(flows)), (None, [b"\0"]))[1].append(operation(0, p.data[14:]))
        elif icmp_body(link, p.data):
            flows.setdefault("icmp", (None, [b"\0"]))[1].append(operation(0, icmp_body(link, p.data)))
    return [b"".join(seed)[:SEED_BYTES] for _, seed in flows.values()]


def packet_seed(link, packets):
    return b"".join(struct.pack(">BH", LINKS.get(link, 0), len(p.data)) + p.data for p in packets if len(p.data) < 2048)[:SEED_BYTES]


def config_seed():
    """The example configuration with every key taken out of its comment."""
    with open(os.path.join(HERE, "../../packaging/yagura.yaml"), "rb") as f:
        return b"".join(line.removeprefix(b"# ") for line in f)


def capture_seeds():
    """Small captures as they are, each also packed."""
    for path in glob.glob(os.path.join(HERE, "..", "pcap", "*", "*", "in.*")):
        if os.path.getsize(path) <= SEED_BYTES:
            with open(path, "rb") as f:
                data = f.read()
            yield data
            yield gzip.compress(data)


def make_seeds(target, folder):
    os.makedirs(folder, exist_ok=True)
    if target == "capture":
        for seed in capture_seeds():
            with open(os.path.join(folder, "seed-" + hashlib.sha1(seed).hexdigest()[:12]), "wb") as f:
                f.write(seed)
    if target == "config":
        with open(os.path.join(folder, "seed-example"), "wb") as f:
            f.write(config_seed())
    which = "*" if target == "packet" else target
    for path in glob.glob(os.path.join(HERE, "..", "pcap", which, "*", "in.*")):
        link, packets = read_capture(path)
        for seed in [packet_seed(link, packets)] if target == "packet" else flow_seeds(link, packets):
            with open(os.path.join(folder, "seed-" + hashlib.sha1(seed).hexdigest()[:12]), "wb") as f:
                f.write(seed)


def fuzz(build, target, seconds):
    """'' or what the fuzzer found."""
    corpus, broken = os.path.join(build, "corpus", target), os.path.join(build, "broken")
    os.makedirs(broken, exist_ok=True)
    make_seeds(target, corpus)
    args = [os.path.join(build, "tests/fuzz/fuzz_" + target), f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=2048",
            "-max_len=65536", "-print_final_stats=1", "-verbosity=0", f"-artifact_prefix={broken}/{target}-", corpus]
    # Leaks are looked for when the fuzzer ends, not after each input: that would cost most of the time.
    env = {"UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1", **os.environ}
    done = subprocess.run(args, capture_output=True, text=True, errors="replace", timeout=seconds + 120, env=env)
    return "" if done.returncode == 0 else done.stderr[-6000:]


def targets(build):
    found = sorted(glob.glob(os.path.join(build, "tests/fuzz/fuzz_*")))
    return [os.path.basename(p)[5:] for p in found if os.access(p, os.X_OK) and os.path.isfile(p)]


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
