# SPDX-License-Identifier: Apache-2.0
"""Indicators from the command line: what is checked, what is told, what ends a run."""
import json
import os
import select
import signal
import subprocess
import tempfile

from cli_tools import GET, HERE, call, expect

CASE = os.path.join(HERE, "pcap/intel/match")


def written(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path


def head(capture):
    with open(capture, "rb") as f:
        return f.read(24)


def body(capture):
    with open(capture, "rb") as f:
        return f.read()[24:]


def intel_check(yagura):
    lists = [os.path.join(CASE, name) for name in ("evil.txt", "feed.csv", "harmless.json")]
    done = call(yagura, "intel", "check", *lists, "--json")
    told = json.loads(done.stdout)
    by_name = {os.path.basename(f["path"]): f for f in told["files"]}
    right = by_name["evil.txt"]["added"] == 4 and by_name["feed.csv"]["expired"] == 1 and told["on_warning_lists"] == 1 \
        and told["own_or_reserved"] == 1 and told["kinds"]["domain"] == 4 and "fine.test" in told["remarks"][-1]["ja"]
    return expect(done, 0) or ("" if right else f"not as the lists are: {told}") \
        or expect(call(yagura, "intel", "check", *lists), 0, "harmless names") \
        or expect(call(yagura, "intel", "check", *lists, "--lang", "ja"), 0, "警告リスト")


def intel_check_wrong(yagura):
    with tempfile.TemporaryDirectory() as folder:
        bad = written(folder, "bad.csv", 'domain,description\nevil.test,"never closed\n')
        return expect(call(yagura, "intel", "check", bad), 1, "bad.csv:2: a quote") \
            or expect(call(yagura, "intel", "check", folder + "/nowhere"), 2) \
            or expect(call(yagura, "intel", "check"), 2, stderr="no file or folder") \
            or expect(call(yagura, "intel", "eat"), 2, stderr="check") \
            or expect(call(yagura, "intel", "check", "--eat"), 2, stderr="--eat") \
            or expect(call(yagura, "intel", "--help"), 0, "warning-lists")


def intel_read(yagura):
    with tempfile.TemporaryDirectory() as folder:
        listed = written(folder, "list.txt", "www.city.example # somebody\nthis is nothing\n")
        done = call(yagura, "read", "-q", "--intel", listed, GET, "-o", folder)
        with open(os.path.join(folder, "events.jsonl"), encoding="utf-8") as f:
            alerts = [json.loads(line)["finding"] for line in f if '"event_type":"alert"' in line]
        right = alerts and all(a["detector"] == "intel.domain" and a["sources"][0]["says"] == "somebody" for a in alerts)
        return expect(done, 0, stderr="list.txt:2") or ("" if right else f"alerts: {alerts}") \
            or expect(call(yagura, "read", "-q", "--intel", folder + "/nowhere", GET), 2, stderr="nowhere")


def intel_silent(yagura):
    """What an indicator names but is no finding is counted: by reason, in the summary and before that in the check."""
    with tempfile.TemporaryDirectory() as folder:
        listed = written(folder, "feed.csv", "domain,valid_until,confidence\nwww.city.example,2001-01-01,90\n"
                         "city.example,,1\n")
        config = written(folder, "y.yaml", "intel:\n  min_confidence: 50\n")
        return expect(call(yagura, "read", "-c", config, "--intel", listed, GET, "--lang", "en"), 0, "1 expired or not yet valid") \
            or expect(call(yagura, "read", "-c", config, "--intel", listed, GET, "--lang", "ja"), 0, "信頼度不足") \
            or expect(call(yagura, "intel", "check", "-c", config, listed, "--lang", "en"), 0, "Silent: 1 expired, 0 on warning lists, 1 of low")


def intel_reload(yagura):
    """SIGHUP: packets go on meanwhile, and what was loaded anew finds what comes later. A list that has become empty is not taken."""
    packets, answer = body(GET), body(os.path.join(os.path.dirname(GET), "../../dns/a/in.pcap"))
    with tempfile.TemporaryDirectory() as folder:
        listed = written(folder, "list.txt", "elsewhere.example\nthis is nothing\n")  # a remark about it says that it has been read
        run = subprocess.Popen([yagura, "read", "--lang", "en", "--workers", "2", "--intel", listed, "-o", folder, "-"],
                               stdin=subprocess.PIPE, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, bufsize=0)
        run.stderr.readline()
        for text, said in (("", "stays"), ("www.city.example\n", "loaded anew: 0 rules, 1 indicators")):
            written(folder, "list.txt", text)
            run.stdin.write((head(GET) if not text else b"") + packets * 300)
            run.send_signal(signal.SIGHUP)
            line = " "
            while said not in line:
                run.stdin.write(packets * 100)  # between two batches it is looked after
                if not select.select([run.stderr], [], [], 0.1)[0]:
                    continue
                line = run.stderr.readline().decode()
                if not line:
                    return f"{said!r} was never said"
        run.communicate(packets * 300 + answer)
        with open(os.path.join(folder, "events.jsonl"), encoding="utf-8") as f:
            events = [json.loads(line) for line in f]
        names = [e["flow_id"] for e in events if e["event_type"] == "alert"]
        return "" if names and run.returncode == 0 else f"exit status {run.returncode}, {len(events)} records, {len(names)} alerts"


def intel_revoked(yagura):
    """What its source takes back in one file is silent in every other, whichever is read first."""
    said = {"type": "indicator", "id": "indicator--11111111-1111-4111-8111-111111111111", "pattern_type": "stix",
            "pattern": "[domain-name:value = 'www.city.example']", "valid_from": "2020-01-01T00:00:00Z"}
    with tempfile.TemporaryDirectory() as folder:
        first = written(folder, "a.json", json.dumps({"type": "bundle", "objects": [said | {"modified": "2020-01-01T00:00:00Z"}]}))
        second = written(folder, "b.json", json.dumps({"type": "bundle", "objects": [
            said | {"modified": "2020-02-01T00:00:00Z", "revoked": True}]}))
        done = call(yagura, "read", "--lang", "en", "--intel", first, GET)
        if b"Seen but silent" in done.stdout:
            return f"silent without being revoked: {done.stdout}"
        for order in ((first, second), (second, first)):
            done = call(yagura, "read", "--lang", "en", "--intel", order[0], "--intel", order[1], GET)
            if expect(done, 0, "not for detection"):
                return expect(done, 0, "not for detection")
    return ""


TESTS = (intel_check, intel_check_wrong, intel_read, intel_silent, intel_reload, intel_revoked)
