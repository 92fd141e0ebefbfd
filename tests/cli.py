# SPDX-License-Identifier: Apache-2.0
"""The command line: exit statuses, help, several ways of giving input. `make test` runs it with sanitizers."""
import fcntl
import glob
import gzip
import hashlib
import json
import os
import pty
import re
import resource
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

import cli_files
import cli_findings
import cli_intel
import cli_logs
import cli_reload
import cli_rules
import cli_sigma
import cli_stix
import cli_web
from cli_tools import DAY, GET, call, expect
from goldens import HERE, run
from packets import Packet, read_capture, write_capture


def help_teaches(yagura):
    return expect(call(yagura, "--help"), 0, "yagura read") or expect(call(yagura, "read", "--help"), 0, "yagura read")


def wrong_usage(yagura):
    return expect(call(yagura), 2) or expect(call(yagura, "reed"), 2, stderr="reed") or \
        expect(call(yagura, "read", "--no-such-option", GET), 2) or expect(call(yagura, "read"), 2)


def missing_file(yagura):
    return expect(call(yagura, "read", "/no/such/file.pcap"), 1, stderr="/no/such/file.pcap")


def one_missing_of_two(yagura):
    return expect(call(yagura, "read", "/no/such/file.pcap", GET), 0)


def not_a_capture(yagura):
    with tempfile.NamedTemporaryFile(suffix=".pcap") as f:
        f.write(b"this is not a capture, however long it goes on\n" * 20)
        f.flush()
        return expect(call(yagura, "read", f.name), 1, stderr=f.name)


def empty_file(yagura):
    return expect(call(yagura, "read", "/dev/null"), 1)


def output_not_writable(yagura):
    return expect(call(yagura, "read", "-q", "-o", "/proc/no/such/folder", GET), 1, stderr="/proc/no")


def disk_full(yagura):
    with tempfile.TemporaryDirectory() as folder:
        os.symlink("/dev/full", os.path.join(folder, "events.jsonl"))
        done = call(yagura, "read", "-q", "-o", folder, DAY)
        return "" if done.returncode == 1 else expect(done, 1)


def records_whole(folder, name="events.jsonl"):
    """'' when each line of the records is one."""
    with open(os.path.join(folder, name), "rb") as f:
        for line in f:
            if not line.endswith(b"}\n") or "event_type" not in json.loads(line):
                return f"half a record: {line[-200:]!r}"
    return ""


def disk_full_half_way(yagura):
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
    for workers in "12":
        with tempfile.TemporaryDirectory() as folder:
            done = call(yagura, "read", "-q", "--workers", workers, "-o", folder, DAY, preexec_fn=limit)
            problem = expect(done, 1, stderr="events.jsonl") or records_whole(folder, "events.jsonl.part")
            if problem or os.path.getsize(os.path.join(folder, "events.jsonl.part")) < 40_000:
                return problem or "hardly anything was written"
    return ""


def standard_streams_closed(yagura):
    with tempfile.TemporaryDirectory() as folder:
        cut = os.path.join(folder, "cut.pcap")
        with open(GET, "rb") as whole, open(cut, "wb") as f:
            f.write(whole.read()[:1000])
        done = subprocess.run([yagura, "read", "-q", "-o", folder, cut], timeout=60, preexec_fn=lambda: os.closerange(0, 3))
        return records_whole(folder) or ("" if done.returncode == 0 else f"exit status {done.returncode}")


def many_end_at_once(yagura):
    """More records of one batch than are held at once: the same for any number of workers."""
    def frame(n):
        ip = struct.pack(">BBHHHBBHII", 0x45, 0, 32, 0, 0, 64, 17, 0, 0x0a000000 + n, 0xc0000201)
        return b"\2\0\0\0\0\2\2\0\0\0\0\1\x08\0" + ip + struct.pack(">HHHH4s", 1024 + n % 50000, 7, 12, 0, b"\1\2\3\4")
    with tempfile.TemporaryDirectory() as folder:
        path, given = os.path.join(folder, "in.pcap"), []
        with open(path, "wb") as f:
            f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
            for n in range(40_001):
                data = frame(n)
                f.write(struct.pack("<IIII", 1_700_000_000 + n // 40_000 * 86_400, n, len(data), len(data)) + data)
        for workers in "123":
            problem = expect(call(yagura, "read", "-q", "--workers", workers, "-o", folder, path), 0)
            with open(os.path.join(folder, "events.jsonl"), "rb") as f:
                given.append(f.read())
            if problem or given[-1] != given[0] or given[0].count(b'"event_type":"flow"') != 40_001:
                return problem or f"other records with {workers} workers"
    return ""


def stdout_full(yagura):
    with open("/dev/full", "wb") as full:
        done = subprocess.run([yagura, "read", GET], stdout=full, stderr=subprocess.PIPE, timeout=60)
    return "" if done.returncode == 1 else f"exit status {done.returncode}, should be 1"


def standard_input(yagura):
    with open(GET, "rb") as f:
        raw = f.read()
    with tempfile.TemporaryDirectory() as folder:
        problem = expect(call(yagura, "read", "-q", "-o", folder, "-", stdin=raw), 0)
        with open(os.path.join(folder, "events.jsonl")) as f:
            return problem or ("" if '"event_type":"http"' in f.read() else "no http record from standard input")


def named_pipe(yagura):
    """A capture through a pipe that has a name loses none of its bytes to whoever looks what it is."""
    with tempfile.TemporaryDirectory() as folder:
        pipe = os.path.join(folder, "pipe")
        os.mkfifo(pipe)
        with subprocess.Popen(["cp", GET, pipe]):
            problem = expect(call(yagura, "read", "-q", "-o", folder, pipe), 0)
        with open(os.path.join(folder, "events.jsonl")) as f:
            return problem or ("" if '"event_type":"http"' in f.read() else "no http record from a pipe")


def interrupted(yagura, workers):
    """A signal ends the wait for more of the input; the records are whole lines, flows and statistics among them."""
    with open(DAY, "rb") as f:
        raw = f.read()
    with tempfile.TemporaryDirectory() as folder:
        args = [yagura, "read", "-q", "--workers", workers, "-o", folder, "-"]
        child = subprocess.Popen(args, stdin=subprocess.PIPE, stderr=subprocess.PIPE,
                                 preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))  # who runs tests behind a shell ignores it
        child.stdin.write(raw)
        child.stdin.flush()
        time.sleep(0.5)
        child.send_signal(signal.SIGINT)
        said = child.stderr.read()
        status = child.wait(timeout=30)
        child.stdin.close()
        with open(os.path.join(folder, "events.jsonl")) as f:
            kinds = [json.loads(line)["event_type"] for line in f]
    good = status == 1 and b"interrupted" in said and "flow" in kinds and kinds[-1] == "stats"
    return "" if good else f"exit status {status}, {said!r}, {len(kinds)} records, {kinds[-3:]}"


def interrupted_alone(yagura):
    return interrupted(yagura, "1")


def interrupted_together(yagura):
    return interrupted(yagura, "2")


def compressed(yagura):
    want = [line for line in run(yagura, GET) if '"event_type":"stats"' not in line]
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "in.pcap")
        with open(GET, "rb") as f, gzip.open(path + ".gz", "wb") as out:
            shutil.copyfileobj(f, out)
        got = [line for line in run(yagura, path + ".gz") if '"event_type":"stats"' not in line]
    return "" if [x.replace(".gz", "") for x in got] == want else "other records than from the plain file"


def many_files(yagura):
    files = [os.path.join(HERE, "pcap", p, "in.pcap") for p in ("dns/a", "tls/v13", "ssh/command")]
    with tempfile.TemporaryDirectory() as folder:
        problem = expect(call(yagura, "read", "-q", "-o", folder, *files), 0)
        with open(os.path.join(folder, "events.jsonl")) as f:
            text = f.read()
    for kind in ("dns", "tls", "ssh"):
        if f'"event_type":"{kind}"' not in text:
            problem = problem or f"no {kind} record of three files"
    return problem


def kept_files(yagura):
    with tempfile.TemporaryDirectory() as folder:
        problem = expect(call(yagura, "read", "-q", "-o", folder, "--files", DAY), 0)
        names = os.listdir(os.path.join(folder, "files"))
        for name in names:
            path = os.path.join(folder, "files", name)
            with open(path, "rb") as f:
                if hashlib.sha256(f.read()).hexdigest() != name:
                    return f"{name} is not its SHA-256"
            if os.stat(path).st_mode & 0o777 != 0o400:
                return f"{name} has mode {os.stat(path).st_mode & 0o777:o}, not 400"
        with open(os.path.join(folder, "events.jsonl")) as f:
            known = set(re.findall(r'"sha256":"([0-9a-f]{64})"', f.read()))
    if not names or not set(names) <= known:
        return f"{len(names)} files, of which the records know {len(known & set(names))}"
    return problem or expect(call(yagura, "read", "--files", DAY), 2)


def segments(yagura):
    """Each record names the segment of its src_ip, else of its dest_ip."""
    known = {"10.10.1.11": "desk", "10.10.1.53": "resolver"}
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as f:
        f.write("segments:\n" + "".join(f"  - {{name: {n}, networks: [{a}/32]}}\n" for a, n in known.items()))
        f.flush()
        lines = [json.loads(line) for line in run(yagura, DAY, "-c", f.name)]
    seen = set()
    for record in lines:
        want = known.get(record.get("src_ip")) or known.get(record.get("dest_ip"))
        seen.add(want)
        if record.get("segment") != want:
            return f"segment should be {want}: {json.dumps(record)[:500]}"
    return "" if seen == {None, *known.values()} else f"the capture shows only {seen}"


def packet_numbers(yagura):
    """pcap_cnt counts over all files of a run, and stands in no flow record."""
    with tempfile.TemporaryDirectory() as folder:
        once, twice = ([json.loads(line) for line in open_records(yagura, folder, [GET] * n)] for n in (1, 2))
    if any("pcap_cnt" in r for r in once + twice if r["event_type"] in ("flow", "stats")):
        return "pcap_cnt in a flow record"
    one, two = ([r["pcap_cnt"] for r in lines if "pcap_cnt" in r] for lines in (once, twice))
    packets = len(read_capture(GET)[1])
    return "" if one and max(one) <= packets < max(two) <= 2 * packets else f"{one}, {two} of {packets} packets"


def open_records(yagura, folder, files):
    out = os.path.join(folder, str(len(files)))
    call(yagura, "read", "-q", "-o", out, *files)
    with open(os.path.join(out, "events.jsonl")) as f:
        return f.read().splitlines()


def summary(yagura):
    env = {**os.environ, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}
    return expect(call(yagura, "read", DAY, env=env), 0, "http")


def summary_japanese(yagura):
    env = {**os.environ, "LANG": "ja_JP.UTF-8", "LC_ALL": "ja_JP.UTF-8"}
    return expect(call(yagura, "read", DAY, env=env), 0, "パケット")


def quiet(yagura):
    done = call(yagura, "read", "-q", GET)
    return expect(done, 0) or ("" if done.stdout == b"" else "-q should print nothing")


def wrong_configuration(yagura):
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as f:
        f.write("flow:\n  no_such_key: 1\n")
        f.flush()
        done = call(yagura, "read", "-c", f.name, GET)
        return "" if done.returncode in (1, 2) and b":2" in done.stderr and b"no_such_key" in done.stderr else expect(done, 2)


def statistics(yagura):
    """The last record counts what the capture holds."""
    packets = read_capture(DAY)[1]
    want = {"packets": len(packets), "bytes": sum(len(p.data) for p in packets)}
    *_, last = map(json.loads, run(yagura, DAY))
    got = {k: last.get("stats", {}).get("capture", {}).get(k) for k in want}
    return "" if got == want else f"{got} instead of {want}"


def english_in(said, *names):
    """'' or the first word of Latin letters in a Japanese message; names of files and the like may stand there."""
    text = said.decode()
    for name in ("yagura", *names):
        text = text.replace(name, "")
    word = re.search(r"[A-Za-z]{3,}", text)
    return f"an English word, {word.group(0)!r}, in {said.decode()!r}" if word else ""


def messages_japanese(yagura):
    with tempfile.TemporaryDirectory() as folder:
        text, cut, config = (os.path.join(folder, n) for n in ("1.pcap", "2.pcap", "3.yaml"))
        with open(text, "w") as f:
            f.write("no capture\n")
        with open(GET, "rb") as whole, open(cut, "wb") as f:
            f.write(whole.read()[:600])
        with open(config, "w") as f:
            f.write("flow:\n  memory: 4T\n")
        wants = (((text,), 1, "テキストファイルです"), (("/no/such",), 1, "ファイルまたはフォルダがありません"),
                 ((folder,), 1, "フォルダです"), ((cut, "-q"), 0, "途中で切れています"),
                 ((GET, "-o", "/proc/no"), 1, "フォルダを作成できません"),
                 ((GET, "-c", config), 2, "「4T」は指定できません"), ((GET, "-c", "/no/such"), 2, "読み取れません"))
        for args, status, want in wants:
            done = call(yagura, "read", "--lang", "ja", *args)
            problem = expect(done, status, stderr=want) or english_in(done.stderr, *args, "flow.memory")
            if problem:
                return problem
    return ""


def messages_as_json(yagura):
    with tempfile.NamedTemporaryFile(suffix=".pcap") as f:
        f.write(b"no capture\n")
        f.flush()
        done = call(yagura, "read", "--log-json", "--lang", "ja", f.name)
        first, last = map(json.loads, done.stderr.splitlines())
        good = first["file"] == f.name and first["level"] == "warning" and "text file" in first["cause"] and last["level"] == "error"
        return expect(done, 1) or ("" if good else expect(done, 0))


def made(folder, name, link, packets):
    path = os.path.join(folder, name)
    write_capture(path, link, [Packet(10**18 + i * 10**6, len(data), data) for i, data in enumerate(packets)])
    return path


def anomalies_only_counted(yagura):
    """Of 5,000 packets damaged alike few become records; the summary counts them all."""
    with tempfile.TemporaryDirectory() as folder:
        path = made(folder, "bad.pcap", 1, [bytes(12) + b"\x08\x00\x45\x00"] * 5000)
        done = call(yagura, "read", "--lang", "en", path)
    row = re.search(rb"ipv4\.pkt_too_small +([\d,]+)\n  ([\d,]+) of them were only counted", done.stdout)
    problem = expect(done, 0, "5,000 packets too damaged")
    if not problem and (not row or row.group(1) != b"5,000" or b"nothing: every packet" in done.stdout):
        problem = "the summary does not own up to 5,000 anomalies: " + done.stdout.decode()
    return problem


def earlier_results_stay(yagura):
    """A run that comes to nothing leaves events.jsonl as it was; one cannot read what it replaces."""
    with tempfile.TemporaryDirectory() as folder:
        events = os.path.join(folder, "events.jsonl")
        problem = expect(call(yagura, "read", "-q", "-o", folder, GET), 0)
        with open(events) as f:
            before = f.read()
        for args, status in (("/no/such/file.pcap",), 1), ((events,), 2), ((GET, events), 2), (("/dev/null",), 1):
            problem = problem or expect(call(yagura, "read", "-q", "-o", folder, *args), status)
            with open(events) as f:
                if f.read() != before or sorted(os.listdir(folder)) != ["events.jsonl", "findings.jsonl", "incidents.jsonl"]:
                    return f"reading {args} changes what was there: {os.listdir(folder)}"
        problem = problem or expect(call(yagura, "read", "-q", "-o", folder, DAY), 0)
        with open(events) as f:
            return problem or ("" if f.read() != before else "a second run does not replace the records")


def output_is_a_file(yagura):
    with tempfile.NamedTemporaryFile() as f:
        return expect(call(yagura, "read", "--lang", "en", "-q", "-o", f.name, GET), 1, stderr="this is a file")


def link_nobody_decodes(yagura):
    with tempfile.TemporaryDirectory() as folder:
        path = made(folder, "odd.pcap", 999, [b"x" * 60] * 5)
        return expect(call(yagura, "read", "--lang", "en", path), 1, "link type 999 is not decoded", "nothing could be analysed") or \
            expect(call(yagura, "read", "--lang", "en", "-q", path), 1, stderr=path + ": link type 999 is not decoded") or \
            expect(call(yagura, "read", "--lang", "en", made(folder, "usb.pcap", 220, [b"x" * 64])), 1, "link type 220 (USB)") or \
            expect(call(yagura, "read", "--lang", "en", path, GET), 0, "5 packets of link types that are not decoded")


def hosts_are_hosts(yagura):
    """0.0.0.0, 255.255.255.255, :: and groups are nobody's address."""
    with tempfile.TemporaryDirectory() as folder:
        def udp(src, dst):
            return b"\x45\0\0\x1c" + bytes(4) + b"\x40\x11\0\0" + bytes(src) + bytes(dst) + b"\x27\x10\x27\x10\0\x08\0\0"
        pairs = [((0,) * 4, (255,) * 4), ((10, 0, 0, 1), (239, 1, 1, 1)), ((192, 0, 2, 1), (224, 0, 0, 1)), ((10, 0, 0, 2), (198, 51, 100, 9))]
        pairs += [((10, 1, n // 256, n % 256), (10, 0, 0, 1)) for n in range(3000)]
        done = call(yagura, "read", "--lang", "en", made(folder, "hosts.pcap", 101, [udp(*p) for p in pairs]))
    said = re.search(rb"Inside +([\d,]+) hosts \(inside\)\nOutside +([\d,]+) hosts", done.stdout)
    return "" if said and said.groups() == (b"3,002", b"2") else "wrong counts of hosts: " + done.stdout.decode()


def period_has_a_zone(yagura):
    for zone, want in ("UTC", "20:57:34 – 20:57:43 UTC ("), ("JST-9", "2026-11-22 05:57:34 – 05:57:43 JST ("):
        problem = expect(call(yagura, "read", "--lang", "en", DAY, env={**os.environ, "TZ": zone}), 0, want)
        if problem:
            return problem
    return ""


def usage_in_plain_words(yagura):
    for args, want in (("protocols", "extra"), "unexpected argument"), (("read", "-", "-"), "only once"), (("read", "--lang"), "needs a value"), \
            (("hunt", "x"), "later version"), (("report",), "later version"), (("protocols", "--extra"), "no option"):
        problem = expect(call(yagura, *args, env={**os.environ, "LC_ALL": "C.UTF-8"}), 2, stderr=want)
        if problem:
            return problem
    return ""


def example_configuration(yagura):
    with tempfile.NamedTemporaryFile(suffix=".yaml") as f:
        done = call(yagura, "check-config", "--example")
        with open(os.path.join(HERE, "../packaging/yagura.yaml"), "rb") as packed:
            if packed.read() != done.stdout:
                return "not packaging/yagura.yaml"
        f.write(done.stdout)
        f.flush()
        return expect(done, 0) or expect(call(yagura, "check-config", f.name), 0)


def installed(yagura):
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(["meson", "install", "-C", os.path.dirname(yagura), "--no-rebuild", "--quiet", "--destdir", folder],
                              capture_output=True, timeout=60)
        found = {name for _, _, names in os.walk(folder) for name in names}
    missing = {"yagura", "yagura.yaml", "README.md", "README.ja.md", "LICENSE", "reading-captures.md", "picture.svg"} - found
    return expect(done, 0) or (f"not installed: {missing}" if missing else "")


def on_terminal(yagura, args, columns, stop_at):
    """What a run writes to a terminal. It is held for a moment once `stop_at` is open, so that it lasts long enough to tell."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    child = subprocess.Popen([yagura, "read", "--lang", "en", "--workers", "1", *args], stdout=subprocess.DEVNULL, stderr=theirs)
    os.close(theirs)
    while child.poll() is None and stop_at not in map(open_file, glob.glob(f"/proc/{child.pid}/fd/*")):
        time.sleep(0.0005)
    child.send_signal(signal.SIGSTOP)
    time.sleep(2.1)
    child.send_signal(signal.SIGCONT)
    said = b""
    try:
        while piece := os.read(ours, 65536):
            said += piece
    except OSError:  # Linux's way of saying that the other end is closed
        pass
    os.close(ours)
    return child.wait(timeout=60), said.decode()


def open_file(link):
    try:
        return os.readlink(link)
    except OSError:
        return ""


def progress_bar(yagura):
    with tempfile.TemporaryDirectory() as folder:
        path = made(folder, "long.pcap", 1, [bytes(12) + b"\x88\xcc" + bytes(400)] * 60000)
        for columns, want in (100, r"\[█*░*\] +\d+ %  [\d,]+ packets  [\d,]+/s  \d+:\d\d left"), (30, r"\d+ %  [\d,]+ packets"):
            _, said = on_terminal(yagura, [path], columns, path)
            shown = said.split("yagura:")[0]
            lines = shown.split("\r\033[K")
            if not re.search(want, lines[1] if len(lines) > 2 else ""):
                return f"no progress on {columns} columns: {said!r}"
            if lines[-1] or any(len(line) >= columns or "\n" in line for line in lines):
                return f"the line wraps or stays on {columns} columns: {said!r}"
    return ""


def progress_of_a_pipe(yagura):
    """No bar where nobody knows the end."""
    with tempfile.TemporaryDirectory() as folder:
        with open(made(folder, "in.pcap", 1, [bytes(12) + b"\x88\xcc" + bytes(400)] * 20000), "rb") as f:
            raw = f.read()
        ours, theirs = pty.openpty()
        child = subprocess.Popen([yagura, "read", "--lang", "en", "-"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=theirs)
        os.close(theirs)
        for piece, pause in (raw[:len(raw) // 2], 2.1), (raw[len(raw) // 2:], 0):
            child.stdin.write(piece)
            child.stdin.flush()
            time.sleep(pause)
        child.stdin.close()
        said = b""
        try:
            while piece := os.read(ours, 65536):
                said += piece
        except OSError:
            pass
        os.close(ours)
        child.wait(timeout=60)
    good = re.search(rb"\r\x1b\[K[\d,]+ packets  [\d,]+/s\r", said) and b"[\xe2" not in said
    return "" if good else f"no progress of a pipe: {said!r}"


def readme_picture(yagura):
    done = subprocess.run([sys.executable, os.path.join(HERE, "../tools/picture.py"), "--check"], capture_output=True, text=True,
                          timeout=60, env={**os.environ, "YAGURA": yagura})
    return "" if done.returncode == 0 else done.stdout + done.stderr


def every_protocol_listed(yagura):
    done = call(yagura, "protocols", "--json")
    listed = json.loads(done.stdout)
    with open(os.path.join(HERE, "../src/proto/proto.def"), encoding="utf-8") as f:
        lines = f.read().count("PROTO(")
    parsed = [entry for entry in listed if entry["how"] == "parsed"]
    if len(parsed) != lines or len(listed) < 250 or len({e["name"] for e in listed}) != len(listed):
        return f"{len(parsed)} parsed of {lines}, {len(listed)} in all"
    return expect(call(yagura, "protocols", "--lang", "ja"), 0, "先頭バイト")


def secrets_damaged(yagura):
    """A key log or private key that cannot be used ends the run before it begins, and says where and why."""
    line = "CLIENT_RANDOM " + "00" * 32 + " "
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "secrets")
        for text, said in ((line + "11" * 48 + "\n" + line + "1\n", f"{path}:2: "), (line, f"{path}:1: ")):
            with open(path, "w") as f:
                f.write(text)
            problem = expect(call(yagura, "read", "--key-log", path, GET), 2, "", said)
            problem = problem or expect(call(yagura, "read", "--private-key", path, GET), 2, "", "openssl rsa")
            if problem:
                return problem
        said = expect(call(yagura, "read", "--private-key", path + "x", "--lang", "ja", GET), 2, "", "権限を確認")
    return (said or expect(call(yagura, "read", *["--private-key", path] * 17, GET), 2, "", "16")
            or expect(call(yagura, "read", "--help"), 0, "--key-log"))


def jobs(yagura):
    for test in (help_teaches, wrong_usage, missing_file, one_missing_of_two, not_a_capture, empty_file,
                 output_not_writable, disk_full, disk_full_half_way, standard_streams_closed, many_end_at_once,
                 stdout_full, standard_input, interrupted_alone, interrupted_together, compressed, many_files,
                 kept_files, segments, packet_numbers, summary, summary_japanese, quiet, wrong_configuration,
                 *cli_findings.TESTS,
                 messages_japanese, messages_as_json, statistics, readme_picture,
                 anomalies_only_counted, earlier_results_stay, output_is_a_file, link_nobody_decodes, hosts_are_hosts,
                 period_has_a_zone, usage_in_plain_words, example_configuration, installed, progress_bar,
                 named_pipe, progress_of_a_pipe, every_protocol_listed, secrets_damaged) + cli_logs.TESTS + cli_rules.TESTS + cli_reload.TESTS + cli_sigma.TESTS + cli_files.TESTS + cli_stix.TESTS + cli_intel.TESTS + cli_web.TESTS:
        yield "cli " + test.__name__.replace("_", " "), lambda test=test: test(yagura)
