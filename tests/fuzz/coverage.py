#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""coverage.py [--build FOLDER] [--seconds N] [TARGET]...: lines of each parser its own fuzzer reaches.

Builds FOLDER, fuzzes each target N seconds from its seeds and what FOLDER/corpus/TARGET already holds (0: only
replays that), and prints one line a protocol: lines of src/proto/TARGET*.c, covered per cent. Needs llvm-14.
"""
import argparse
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import fuzz_run

TOP = os.path.dirname(os.path.dirname(fuzz_run.HERE))
PROTO = os.path.join(TOP, "src", "proto")
STEMS = {"krb5": "krb"}  # whose shared files start otherwise
INSTRUMENT = "-fprofile-instr-generate"
WANTED_PERCENT = 85


def protocols():
    with open(os.path.join(PROTO, "proto.def"), encoding="utf-8") as f:
        return [line[len("PROTO("):].split(")")[0] for line in f if line.startswith("PROTO(")]


def build_fuzzers(build):
    if not os.path.exists(os.path.join(build, "build.ninja")):
        setup = ["meson", "setup", build, TOP, "-Dfuzzing=true", "-Db_lundef=false", "--buildtype=debug", "-Doptimization=1",
                 f"-Dc_args={INSTRUMENT} -fcoverage-mapping", f"-Dc_link_args={INSTRUMENT}"]
        subprocess.run(setup, check=True, stdout=subprocess.DEVNULL, env={"CC": "clang-14", **os.environ})
    subprocess.run(["ninja", "-C", build, "tests/fuzz/fuzz"], check=True, stdout=subprocess.DEVNULL)


def sources(target, names):
    """Names of files that start with the target's name, but not with another's that is longer."""
    def owner(file):
        return max((n for n in names if file.startswith(STEMS.get(n, n))), key=lambda n: len(STEMS.get(n, n)), default=None)
    files = [f for f in sorted(os.listdir(PROTO)) if f.endswith(".c") and not f.endswith("_test.c")]
    return [f for f in files if owner(f) == target]


def run_fuzzer(build, target, limit, profile):
    corpus = os.path.join(build, "corpus", target)
    args = [fuzz_run.program(build), "--target=" + target, limit, "-max_len=65536", "-rss_limit_mb=2048",
            f"-artifact_prefix={corpus}-", corpus]
    done = subprocess.run(args, capture_output=True, text=True, errors="replace", env={**os.environ, "LLVM_PROFILE_FILE": profile})
    if done.returncode != 0:
        raise SystemExit(f"fuzzing {target} failed; the rest is of no use before that is mended\n{done.stderr[-3000:]}")


def measure(build, target, seconds, names):
    """(lines, covered) of one target."""
    fuzz_run.make_seeds(target, os.path.join(build, "corpus", target))
    if seconds:
        run_fuzzer(build, target, f"-max_total_time={seconds}", os.devnull)
    base = os.path.join(build, "corpus", target)
    run_fuzzer(build, target, "-runs=0", base + ".profraw")
    subprocess.run(["llvm-profdata-14", "merge", "-sparse", base + ".profraw", "-o", base + ".profdata"], check=True)
    export = ["llvm-cov-14", "export", "-summary-only", "-instr-profile", base + ".profdata", fuzz_run.program(build)]
    told = json.loads(subprocess.run(export, check=True, capture_output=True, text=True).stdout)
    own = ["proto/" + file for file in sources(target, names)]
    lines = [f["summary"]["lines"] for f in told["data"][0]["files"] if f["filename"].endswith(tuple(own))]
    return sum(n["count"] for n in lines), sum(n["covered"] for n in lines)


def main():
    ask = argparse.ArgumentParser(usage=__doc__)
    ask.add_argument("--build", default="build-coverage")
    ask.add_argument("--seconds", type=int, default=20)
    ask.add_argument("target", nargs="*")
    args = ask.parse_args()
    build, names, low = os.path.abspath(args.build), protocols(), []
    wanted = args.target or names
    build_fuzzers(build)
    with ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        for name, (lines, covered) in zip(wanted, pool.map(lambda n: measure(build, n, args.seconds, names), wanted)):
            percent = 100 * covered / lines if lines else 100
            print(f"{name:<16} {lines:>6} {percent:>6.1f} %", flush=True)
            if percent < WANTED_PERCENT:
                low.append(name)
    print(f"under {WANTED_PERCENT} %: {' '.join(low) or 'none'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
