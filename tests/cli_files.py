# SPDX-License-Identifier: Apache-2.0
"""Files that cross the wire, looked at by YARA rules and by a real clamd with a signature of its own."""
import contextlib
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time

from cli_tools import GET, call, expect
from goldens import HERE

DOWNLOAD = os.path.join(HERE, "pcap/http/download/in.pcap")
CLAMD_SECONDS = 30


def write(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path


def records(folder, kind):
    with open(os.path.join(folder, "events.jsonl"), encoding="utf-8") as f:
        return [r for r in map(json.loads, f) if r["event_type"] == kind]


def yara_broken(yagura):
    """What does not compile is named with file, line and reason, and the rest is used; by `yara check`, too."""
    with tempfile.TemporaryDirectory() as folder:
        path = write(folder, "own.yar", 'rule html { strings: $a = "<html" condition: $a }\n'
                                        "rule bad {\n condition:\n  nowhere }\n")
        out = os.path.join(folder, "out")
        said = expect(call(yagura, "read", "-q", "--lang", "en", "--yara", path, "-o", out, GET), 0,
                      stderr=f"{path}:4: YARA rule bad is left out: undefined identifier") or \
            expect(call(yagura, "read", "-q", "--lang", "ja", "--yara", folder, GET), 0, stderr="使えません") or \
            expect(call(yagura, "yara", "check", "--lang", "en", folder), 1, "1 files, 2 rules: 1 load, 1 problems") or \
            expect(call(yagura, "yara", "check", path), 1, f"{path}:4: bad: undefined identifier")
        alerts = [] if said else records(out, "alert")
        return said or ("" if [a["finding"]["rule"] for a in alerts] == ["own/html"] else f"alerts: {alerts}")


def yara_unreadable(yagura):
    with tempfile.TemporaryDirectory() as folder:
        empty = os.path.join(folder, "empty")
        os.mkdir(empty)
        long = write(folder, "long.yar", "rule a {\n" + "a" * (2 << 20))
        return expect(call(yagura, "read", "--yara", "/no/such.yar", GET), 2, stderr="/no/such.yar") or \
            expect(call(yagura, "read", "--lang", "en", "--yara", long, GET), 2, stderr=f"{long}:2: no YARA rules") or \
            expect(call(yagura, "read", "--lang", "en", "--yara", empty, GET), 2, stderr=empty) or \
            expect(call(yagura, "yara", "check", "/no/such.yar"), 2, stderr="/no/such.yar") or \
            expect(call(yagura, "yara"), 2, stderr="check") or expect(call(yagura, "yara", "check"), 2) or \
            expect(call(yagura, "yara", "--help"), 0, "yagura yara check")


def yara_runaway(yagura):
    """It is named and switched off before the first packet; what the others find stays."""
    with tempfile.TemporaryDirectory() as folder:
        path = write(folder, "slow.yar",
                     "rule slow { condition: for all i in (0..filesize) : ( for all j in (0..filesize) : "
                     "( uint8(i) < 256 or uint8(j) < 256 ) ) }\n"
                     'rule html { strings: $a = "<html" condition: $a }\n')
        said = expect(call(yagura, "read", "-q", "--lang", "en", "--yara", path, "-o", folder, GET), 0,
                      stderr=f"{path}:1: YARA rule slow/slow is switched off")
        alerts = [] if said else records(folder, "alert")
        return said or ("" if [a["finding"]["rule"] for a in alerts] == ["slow/html"] else f"alerts: {alerts}")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@contextlib.contextmanager
def clamd(folder, port):
    """A daemon whose only signature is a text in index.html of the captures; yields its socket."""
    data = os.path.join(folder, "db")
    os.mkdir(data)
    write(data, "own.ndb", "Yagura.Test.Marker:0:*:" + b"<html".hex() + "\n")
    path = os.path.join(folder, "clamd.sock")
    conf = write(folder, "clamd.conf", f"LocalSocket {path}\nTCPSocket {port}\nTCPAddr 127.0.0.1\n"
                                       f"DatabaseDirectory {data}\nForeground yes\nStreamMaxLength 1M\n"
                                       f"LogFile {folder}/log\n")
    # The test may run as a user who could not write to the system's folders; nothing of them is used.
    process = subprocess.Popen(["/usr/sbin/clamd", "-c", conf], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(CLAMD_SECONDS * 10):
            if os.path.exists(path) or process.poll() is not None:
                break
            time.sleep(0.1)
        yield path
    finally:
        process.terminate()
        process.wait(timeout=30)


def clamd_run(yagura, folder, name, where, capture=GET, more=""):
    conf = write(folder, f"{name}.yaml", f"clamd:\n  socket: \"{where}\"\n  timeout: 20s\n{more}")
    out = os.path.join(folder, name)
    done = call(yagura, "read", "-q", "-c", conf, "-o", out, "--lang", "en", capture)
    return done, out


def clamd_verdicts(out):
    alerts = [a["finding"] for a in records(out, "alert")]
    return [a["rule"] for a in alerts if a["detector"] == "file.clamd"], \
        [f["fileinfo"]["scan"] for f in records(out, "fileinfo")], records(out, "stats")[0]["stats"]["file"]


def clamd_finds(yagura, folder, path, port):
    for name, where in (("unix", path), ("tcp", f"127.0.0.1:{port}")):
        done, out = clamd_run(yagura, folder, name, where)
        problem = expect(done, 0)
        found, scans, stats = clamd_verdicts(out) if not problem else ([], [], {})
        want = {"state": "complete", "clamd": "found", "signature": "Yagura.Test.Marker.UNOFFICIAL"}
        if problem or found != ["Yagura.Test.Marker.UNOFFICIAL"] or scans != [want] or stats["clamd_scanned"] != 1:
            return problem or f"{name}: {found} {scans} {stats}"
    return ""


def clamd_real(yagura):
    if not os.path.exists("/usr/sbin/clamd"):
        return "clamd is not here; run tools/install-deps.sh test"
    folder = tempfile.mkdtemp()
    try:
        with clamd(folder, free_port()) as path:
            with open(os.path.join(folder, "clamd.conf"), encoding="utf-8") as f:
                port = [line.split()[1] for line in f if line.startswith("TCPSocket")][0]
            problem = clamd_finds(yagura, folder, path, port)
        done, out = clamd_run(yagura, folder, "gone", path, DOWNLOAD)
        problem = problem or expect(done, 0, stderr="clamd does not scan")
        found, scans, stats = clamd_verdicts(out) if not problem else ([], [], {})
        good = all(s["clamd"] == "failed" for s in scans) and scans and not found
        return problem or ("" if good and stats["clamd_unscanned"] == stats["scanned"] else f"{found} {scans} {stats}")
    finally:
        shutil.rmtree(folder)


TESTS = (yara_broken, yara_unreadable, yara_runaway, clamd_real)
