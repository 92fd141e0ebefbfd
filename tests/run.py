#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Everything `make test` does, in the order in which a failure is easiest to understand.

run.py [--only PART]... [--update] [--case SUBSTRING]
Parts: build lint unit golden laws cli fuzz. --update rewrites expected.jsonl of the goldens (look at the
difference before committing it); --case limits goldens and laws. The last line is "N passed, N failed".
"""
import argparse
import json
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(HERE)
sys.path[:0] = [HERE, os.path.join(HERE, "fuzz")]
import cli  # noqa: E402
import eve  # noqa: E402
import goldens  # noqa: E402
import laws  # noqa: E402
import lint_test  # noqa: E402
import unseen  # noqa: E402
from fuzz_run import fuzz_all  # noqa: E402

PARTS = ("build", "lint", "unit", "golden", "laws", "cli", "fuzz")
SANITIZER = {"ASAN_OPTIONS": "detect_leaks=1:allocator_may_return_null=1:abort_on_error=0",
             "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1"}


class Tally:
    """Prints one line a test as it ends; repeats the failures at the end."""

    def __init__(self):
        self.passed, self.failures, self.begun = 0, [], time.time()

    def result(self, name, ok, seconds, why=""):
        if ok:
            self.passed += 1
        else:
            self.failures.append((name, why))
        print(f"{'ok    ' if ok else 'FAILED'} {name} ({seconds:.1f} s)", flush=True)
        if not ok and why:
            print("       " + why.strip()[-3000:].replace("\n", "\n       "), flush=True)

    def run(self, jobs):
        """jobs: (name, function giving '' or what went wrong), as many at once as there are cores."""
        def timed(job):
            start = time.time()
            try:
                why = job[1]()
            except Exception as e:  # a broken test is a failed test
                why = f"{type(e).__name__}: {e}"
            return job[0], why, time.time() - start
        with ThreadPoolExecutor(os.cpu_count() or 2) as pool:
            for name, why, seconds in pool.map(timed, jobs):
                self.result(name, not why, seconds, why or "")

    def finish(self):
        if self.failures:
            print("\nFailed:")
            for name, _ in self.failures:
                print(f"  {name}")
        print(f"({time.time() - self.begun:.0f} s)")
        print(f"{self.passed} passed, {len(self.failures)} failed", flush=True)
        return 1 if self.failures else 0


def command(args, **more):
    def run():
        done = subprocess.run(args, cwd=TOP, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              errors="replace", **more)
        return "" if done.returncode == 0 else done.stdout[-4000:] or f"exit status {done.returncode}"
    return run


def unit_tests(tally, folder):
    """Every TAP program of a build; each of its lines is a test of its own."""
    listed = subprocess.run(["meson", "introspect", "--tests", folder], cwd=TOP, capture_output=True, text=True)
    label = os.path.basename(folder)
    for test in json.loads(listed.stdout or "[]"):
        start = time.time()
        try:
            done = subprocess.run(test["cmd"], cwd=test.get("workdir") or TOP, capture_output=True, text=True, timeout=120,
                                  errors="replace", env={**os.environ, **SANITIZER, **test.get("env", {})})
        except subprocess.TimeoutExpired:
            tally.result(f"unit {label} {test['name']}", False, time.time() - start, "no end after 120 s")
            continue
        lines = re.findall(r"^(ok|not ok) \d+(?: - (.*))?$", done.stdout, re.M)
        said = "\n".join(line for line in done.stdout.split("\n") if line.startswith("#"))
        if not lines or (done.returncode and all(state == "ok" for state, _ in lines)):
            tally.result(f"unit {label} {test['name']}", done.returncode == 0, time.time() - start,
                         done.stdout[-1000:] + done.stderr[-3000:])
            continue
        for state, name in lines:
            tally.result(f"unit {label} {test['name']}: {name}", state == "ok", (time.time() - start) / len(lines), said)


def main():
    ask = argparse.ArgumentParser(usage=__doc__)
    ask.add_argument("--build", default="build")
    ask.add_argument("--check", default="build-check")
    ask.add_argument("--fuzz", default="build-fuzz")
    ask.add_argument("--only", action="append", choices=PARTS)
    ask.add_argument("--case", default="")
    ask.add_argument("--update", action="store_true")
    ask.add_argument("--fuzz-seconds", type=int, default=3)
    args = ask.parse_args()
    parts = args.only or PARTS
    yagura = [os.path.join(TOP, args.build, "yagura"), os.path.join(TOP, args.check, "yagura")]
    os.environ.update(SANITIZER)
    if args.update:
        return goldens.update(yagura[0], args.case)
    tally = Tally()
    if "build" in parts:
        for name, target in (("gcc, release", args.build), ("clang, sanitizers", args.check), ("fuzzers", args.fuzz)):
            tally.run([(f"build {name}", command(["make", "--no-print-directory", "built-" + target]))])
    if "lint" in parts:
        tally.run(lint_test.jobs())
        tally.run(unseen.jobs())
        tally.run([("EVE schema", eve.check)])
        tally.run([("lint", command([sys.executable, "tools/lint.py"]))])
    if "unit" in parts:
        for folder in (args.build, args.check):
            unit_tests(tally, os.path.join(TOP, folder))
    if "golden" in parts:
        tally.run(goldens.jobs(yagura, args.case))
    if "laws" in parts:
        tally.run(laws.jobs(yagura, args.case))
    if "cli" in parts:
        tally.run(cli.jobs(yagura[1]))
    if "fuzz" in parts:
        tally.run(fuzz_all(os.path.join(TOP, args.fuzz), args.fuzz_seconds))
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
