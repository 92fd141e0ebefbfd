# SPDX-License-Identifier: Apache-2.0
"""Goldens: for each tests/pcap/PROTO/CASE the records of in.pcap equal expected.jsonl, byte by byte.

Time stamps and flow ids come from the packets, so records are the same in every run, with every
number of workers and in every build. The statistics at the end are left out of expected.jsonl, so that
a new metric changes no golden; they too are the same for every number of workers.
"""
import difflib
import glob
import json
import os
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
WORKERS = (1, 2, 3)
ALERT_OBJECTS = ("alert", "finding", "flow", "ether", "tunnel", "packet_info", "verdict", "metadata", "traffic")
ALERT_FLOW = ("pkts_toserver", "pkts_toclient", "bytes_toserver", "bytes_toclient", "start")


def cases(wanted=""):
    """(name, capture, expected) of every golden case."""
    for folder in sorted(glob.glob(os.path.join(HERE, "pcap", "*", "*"))):
        name = os.path.relpath(folder, os.path.join(HERE, "pcap"))
        captures = sorted(glob.glob(os.path.join(folder, "in.*")))
        if captures and wanted in name:
            yield name, captures[0], os.path.join(folder, "expected.jsonl")


def given(capture):
    """Options of a case, out of the file `args` beside its capture: one a line, files of its folder by name."""
    folder = os.path.dirname(os.path.abspath(capture))
    try:
        with open(os.path.join(folder, "args"), encoding="utf-8") as f:
            words = f.read().splitlines()
    except FileNotFoundError:
        return []
    return [w if w.startswith("-") else os.path.join(folder, w) for w in words]


class Broken(Exception):
    """The program ended in a way no input may cause."""


def lines_of(path):
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as f:
        return f.read().splitlines()


def read_all(yagura, capture, *options, timeout=60):
    """(exit status, records as lines, findings as lines) of one run; Broken for a signal or a sanitizer's report."""
    with tempfile.TemporaryDirectory() as out:  # run beside the capture: its name may appear in records
        args = [yagura, "read", "-q", "-o", out, *options, os.path.basename(capture)]
        try:
            done = subprocess.run(args, cwd=os.path.dirname(capture), capture_output=True, timeout=timeout)
        except subprocess.TimeoutExpired as e:
            raise Broken(f"{os.path.basename(capture)}: no end after {timeout} s") from e
        said = done.stderr.decode("utf-8", "replace")
        if done.returncode not in (0, 1) or "Sanitizer" in said or "runtime error" in said:
            raise Broken(f"{os.path.basename(capture)} {' '.join(options)}: exit status {done.returncode}\n{said[-3000:]}")
        return done.returncode, lines_of(os.path.join(out, "events.jsonl")), lines_of(os.path.join(out, "findings.jsonl"))


def read(yagura, capture, *options, timeout=60):
    return read_all(yagura, capture, *options, timeout=timeout)[:2]


def run(yagura, capture, *options):
    return read(yagura, capture, *options)[1]


def findings_path(expected):
    return os.path.join(os.path.dirname(expected), "expected-findings.jsonl")


def check_findings(builds, capture, expected):
    """Of cases that look for something: findings.jsonl too, for one worker and for several."""
    wanted = lines_of(findings_path(expected))
    if not wanted:
        return ""
    runs = [(builds[0], "1"), (builds[1], "2"), (builds[0], "3")]
    return next(filter(None, (difference(wanted, read_all(b, capture, "--workers", n, *given(capture))[2]) for b, n in runs)), "")


def difference(expected, got):
    lines = list(difflib.unified_diff(expected, got, "expected", "got", lineterm="", n=0))
    return "\n".join(line[:600] for line in lines[:12])


def records(lines):
    return [line for line in lines if '"event_type":"stats"' not in line]


def read_back(yagura, expected):
    """Records are input too: what EVE JSON tells comes out again as it went in."""
    with open(expected, encoding="utf-8") as f:
        return own(records(run(yagura, expected))) if f.read(1) else []


def own(lines):
    """An alert shows the record it is about; as input it is the alert alone that counts."""
    for line in lines:
        record = json.loads(line) if '"event_type":"alert"' in line else None
        if record and "flow" in record:  # it has some members of its own, a flow record's are more
            record["flow"] = {k: v for k, v in record["flow"].items() if k in ALERT_FLOW}
        yield line if record is None else json.dumps({k: v for k, v in record.items() if k in ALERT_OBJECTS or not (k == "files" or isinstance(v, dict))}, sort_keys=True)


def check(builds, capture, expected):
    if not os.path.exists(expected):
        return "no expected.jsonl; make it with tests/run.py --update and read it before committing"
    with open(expected, encoding="utf-8") as f:
        wanted = f.read().splitlines()
    options = given(capture)
    problem = difference(wanted, records(run(builds[1], capture, *options)))
    problem = problem or difference(list(own(wanted)), list(read_back(builds[0], expected)))
    one, *more = (run(builds[0], capture, "--workers", str(n), *options) for n in WORKERS)
    problem = problem or difference(wanted, records(one))
    for n, lines in zip(WORKERS[1:], more):
        problem = problem or difference(one, lines) and f"{n} workers:\n{difference(one, lines)}"
    return problem or check_findings(builds, capture, expected)


def jobs(builds, wanted):
    """Each golden with the release build, with the sanitizers, and with several workers."""
    for name, capture, expected in cases(wanted):
        def job(capture=capture, expected=expected):
            return check(builds, capture, expected)
        yield f"golden {name}", job


def update(yagura, wanted):
    for name, capture, expected in cases(wanted):
        _, lines, found = read_all(yagura, capture, *given(capture))
        lines = records(lines)
        if found or os.path.exists(findings_path(expected)):
            with open(findings_path(expected), "w", encoding="utf-8") as f:
                f.writelines(line + "\n" for line in found)
        old = open(expected, encoding="utf-8").read() if os.path.exists(expected) else None
        text = "".join(line + "\n" for line in lines)
        if text != old:
            with open(expected, "w", encoding="utf-8") as f:
                f.write(text)
            print(f"{name}: {len(lines)} records{' (new)' if old is None else ' (changed)'}")
    return 0
