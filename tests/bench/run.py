#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""run.py --yagura PROGRAM [--capture FILE] [--rules FILE] [--runs N]: what a packet costs, beside other programs.

CPU is user + system time of one process with all its threads, the median of interleaved runs; every
run reads the same capture, in page cache. Ratios are to `tcpdump -r X -w /dev/null` of the same run.
tshark is far slower: it reads a slice from the middle, and its figures are per packet of that slice.
A program that breaks down on the whole capture (argus 3.0 does on the shared mix) is tried on the slice too.
Rules are --rules FILE, else 24,000 that rules_make.py makes; what loading them costs is measured on a capture without packets.
Without --capture the mix of ../shared/bench is made when that folder is there, else the captures under
tests/pcap are multiplied with changed addresses to 1 GB.
"""
import argparse
import glob
import os
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
SHARED = os.path.join(os.path.dirname(TOP), "shared")
SLICE_PACKETS = 40_000
SLOW_RUNS = 1


def make_capture(folder):
    mixed = os.path.join(folder, "mixed.pcap")
    if os.path.exists(mixed):
        return mixed
    os.makedirs(folder, exist_ok=True)
    part = mixed + ".part"
    if os.path.exists(os.path.join(SHARED, "bench/mix.sh")) and os.path.exists(os.path.join(SHARED, "data/unpack.sh")):
        data = os.path.join(folder, "data")
        print("making the mixed capture from the shared data ...", flush=True)
        if not os.path.isdir(os.path.join(data, "pcap")):
            subprocess.run(["sh", os.path.join(SHARED, "data/unpack.sh"), data], check=True, stdout=subprocess.DEVNULL)
        subprocess.run([os.path.join(SHARED, "bench/mix.sh"), data, part], check=True)
    else:
        print("making the mixed capture from tests/pcap ...", flush=True)
        program = os.path.join(folder, "multiply")
        subprocess.run(["cc", "-std=gnu2x", "-O2", "-o", program, os.path.join(HERE, "multiply.c"), "-lpcap"], check=True)
        captures = sorted(glob.glob(os.path.join(TOP, "tests/pcap/*/*/in.pcap")))
        subprocess.run([program, part, str(10**9)] + captures, check=True)
    os.rename(part, mixed)
    return mixed


def count_packets(path):
    packets = data = 0
    with open(path, "rb", buffering=1 << 20) as f:
        order = "<" if f.read(24)[:1] in (b"\xd4", b"\x4d") else ">"
        head = struct.Struct(order + "8xII")
        while len(raw := f.read(16)) == 16:
            cap, wire = head.unpack(raw)
            f.seek(cap, 1)
            packets, data = packets + 1, data + wire
    return packets, data


def peak_kib(pid):
    """Most memory so far. (ru_maxrss would count what this program held when it started the other.)"""
    try:
        with open(f"/proc/{pid}/status") as f:
            return next((int(line.split()[1]) for line in f if line.startswith("VmHWM")), 0)
    except OSError:
        return 0


def measure(args, folder):
    """(CPU seconds, wall seconds, peak KiB) of one run; None when the program failed."""
    out = os.path.join(folder, "out")
    shutil.rmtree(out, ignore_errors=True)
    os.makedirs(out)
    start = time.monotonic()
    child = subprocess.Popen([a.replace("OUT", out) for a in args], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    done = peak = 0
    while not done:
        time.sleep(0.01)
        peak = max(peak, peak_kib(child.pid))
        done, status, used = os.wait4(child.pid, os.WNOHANG)
    child.returncode = os.waitstatus_to_exitcode(status)
    wall = time.monotonic() - start
    if child.returncode != 0:
        print(f"{' '.join(args)}: exit status {child.returncode}", file=sys.stderr)
        return None
    return used.ru_utime + used.ru_stime, wall, peak


def instructions(args, folder):
    """Instructions of one run as perf counts them, or None."""
    if not shutil.which("perf"):
        return None
    out = os.path.join(folder, "out")
    done = subprocess.run(["perf", "stat", "-x,", "-e", "instructions:u"] + [a.replace("OUT", out) for a in args],
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    for line in done.stderr.split("\n"):
        parts = line.split(",")
        if len(parts) > 2 and parts[2].startswith("instructions") and parts[0].isdigit():
            return int(parts[0])
    return None


def make_rules(folder):
    path = os.path.join(folder, "made.rules")
    if not os.path.exists(path):
        subprocess.run([sys.executable, os.path.join(HERE, "rules_make.py"), path], check=True)
    return path


def load_row(yagura, rules, capture, scratch, runs):
    """What loading costs: a capture of no packets."""
    empty = os.path.join(scratch, "empty.pcap")
    with open(capture, "rb") as f, open(empty, "wb") as out:
        out.write(f.read(24))
    command = [yagura, "read", "-q", "-o", "OUT", "--rules", rules, "--workers", "1", empty]
    done = [run for run in (measure(command, scratch) for _ in range(runs)) if run]
    if done:
        cpu, wall = statistics.median(r[0] for r in done), statistics.median(r[1] for r in done)
        with open(rules, "rb") as f:
            count = sum(line.lstrip().startswith(b"alert ") for line in f)
        print(f"loading {count:,} rules: {wall:.2f} s (CPU {cpu:.2f} s), {max(r[2] for r in done) / 1024:,.0f} MiB at most")


def programs(yagura, capture, part, rules):
    cores = str(os.cpu_count() or 1)
    yield "tcpdump -w /dev/null", ["tcpdump", "-r", capture, "-w", "/dev/null"], False
    yield "yagura, 1 thread", [yagura, "read", "-q", "-o", "OUT", "--workers", "1", capture], False
    if cores != "1":
        yield f"yagura, {cores} threads", [yagura, "read", "-q", "-o", "OUT", "--workers", cores, capture], False
    yield "yagura --rules, 1 thread", [yagura, "read", "-q", "-o", "OUT", "--rules", rules, "--workers", "1", capture], False
    if cores != "1":
        yield f"yagura --rules, {cores} threads", [yagura, "read", "-q", "-o", "OUT", "--rules", rules, "--workers", cores, capture], False
    if shutil.which("argus"):
        yield "argus -w /dev/null", ["argus", "-X", "-r", capture, "-w", "/dev/null"], False
    if shutil.which("tshark"):
        yield "tshark -q -z io,phs", ["tshark", "-n", "-r", part, "-q", "-z", "io,phs"], True


def cut_slice(capture, packets, folder):
    part = os.path.join(folder, "slice.pcap")
    with open(capture, "rb") as f, open(part, "wb") as out:
        out.write(f.read(24))
        skip, taken = max(0, packets // 2 - SLICE_PACKETS // 2), 0
        for i in range(skip + SLICE_PACKETS):
            raw = f.read(16)
            if len(raw) < 16:
                break
            data = f.read(struct.unpack("<8xI4x", raw)[0])
            if i >= skip:
                out.write(raw + data)
                taken += 1
    return part, taken


def row(name, packets, data, runs, count, floor):
    cpu = statistics.median(r[0] for r in runs)
    wall = statistics.median(r[1] for r in runs)
    print(f"{name:28} {packets / wall:12,.0f} {data * 8 / wall / 1e6:9,.0f} {cpu / packets * 1e9:9,.0f} "
          f"{f'{count / packets:,.0f}' if count else '-':>9} {max(r[2] for r in runs) / 1024:8,.0f} "
          f"{cpu / packets / floor:7.2f} {wall:8.2f}", flush=True)


def main():
    ask = argparse.ArgumentParser(usage=__doc__)
    ask.add_argument("--yagura", default=os.path.join(TOP, "build/yagura"))
    ask.add_argument("--capture")
    ask.add_argument("--rules")
    ask.add_argument("--runs", type=int, default=5)
    args = ask.parse_args()
    folder = os.path.join(TOP, "build", "bench")
    os.makedirs(folder, exist_ok=True)
    capture = args.capture or make_capture(folder)
    rules = args.rules or make_rules(folder)
    packets, data = count_packets(capture)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        part, part_packets = cut_slice(capture, packets, scratch)
        part_data = count_packets(part)[1]
        listed = list(programs(args.yagura, capture, part, rules))
        with open(capture, "rb") as f:
            while f.read(1 << 24):
                pass
        print(f"{os.path.basename(capture)}: {packets:,} packets, {data / 1e6:,.0f} MB on the wire, {os.cpu_count()} cores; "
              f"median of {args.runs} interleaved runs (tshark: {SLOW_RUNS}, on {part_packets:,} packets)")
        runs = {name: [] for name, _, _ in listed}
        for turn in range(args.runs):
            for i, (name, command, slow) in enumerate(listed):
                if slow and turn >= SLOW_RUNS:
                    continue
                run = measure(command, scratch)
                if not run and not slow and i and not name.startswith("yagura"):  # once more on the slice
                    command = [part if a == capture else a for a in command]
                    listed[i] = (name, command, True)
                    run = measure(command, scratch)
                if run:
                    runs[name].append(run)
        load_row(args.yagura, rules, capture, scratch, args.runs)
        floor = statistics.median(r[0] for r in runs[listed[0][0]]) / packets
        print(f"{'':28} {'packets/s':>12} {'Mbit/s':>9} {'ns/packet':>9} {'instr':>9} {'peak MiB':>8} {'tcpdump':>7} {'wall s':>8}")
        for name, command, slow in listed:
            if not runs[name]:
                print(f"{name:28} failed")
                continue
            n, size = (part_packets, part_data) if slow else (packets, data)
            row(name + (" *" if slow else ""), n, size, runs[name], instructions(command, scratch), floor)
        print("* on the slice. ns, instr: CPU of all threads a packet. tcpdump: how many times the CPU of tcpdump -w /dev/null.")


if __name__ == "__main__":
    main()
