# SPDX-License-Identifier: Apache-2.0
"""Command-line tests of findings: what to look for, the list, one of them whole, what detectors there are."""
import json
import os
import tempfile

from cli_tools import GET, HERE, call, expect

RULES = os.path.join(HERE, "pcap/alerts/rules/sample.rules")
FEED = os.path.join(HERE, "pcap/alerts/intel/feed.csv")
EVE = ('{"timestamp":"2026-11-21T08:00:00.123456+0000","flow_id":5,"event_type":"alert","src_ip":"10.0.0.5","src_port":5555,'
       '"dest_ip":"203.0.113.9","dest_port":80,"proto":"TCP","alert":{"action":"allowed","gid":1,"signature_id":7,"rev":1,'
       '"signature":"SAMPLE of another product","category":"A Network Trojan was detected","severity":1}}\n')


def paths_that_are_not_there(yagura):
    """Exit 2 and the path, for each of the options; nothing is written."""
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "out")
        for option in "--rules", "--intel", "--sigma", "--yara":
            missing = os.path.join(folder, "missing" + option)
            problem = expect(call(yagura, "read", "-o", out, option, missing, GET), 2, stderr=missing) or \
                expect(call(yagura, "read", "--lang", "ja", option, missing, GET), 2, stderr="読み込めません")
            if problem or os.path.exists(out):
                return problem or f"{option}: {out} was made"
    many = [word for n in range(65) for word in ("--rules", RULES)]
    return expect(call(yagura, "read", *many, GET), 2, stderr="too many paths") or \
        expect(call(yagura, "read", GET, "--rules"), 2, stderr="--rules")


def nothing_to_look_for(yagura):
    """Where nothing at all loads the run does not begin; what broken files hold does not drive the terminal."""
    junk = b"\x1b[2J\x07 alert \xff(\r(\n" * 3
    with tempfile.TemporaryDirectory() as folder:
        for option, suffix in (("--rules", ".rules"), ("--intel", ".json"), ("--sigma", ".yml"), ("--yara", ".yar")):
            for name, raw in (("empty", b""), ("junk", junk), ("deep", b"[" * 200_000), ("folder", None)):
                path = os.path.join(folder, name + suffix)
                if raw is None:
                    os.mkdir(path)
                else:
                    with open(path, "wb") as f:
                        f.write(raw)
                done = call(yagura, "read", "-q", option, path, GET)
                if problem := expect(done, 2, None, name + suffix if raw is not None else "no"):
                    return problem
                if any(byte < 0x20 and byte != 10 for byte in done.stderr):
                    return f"control characters: {done.stderr[:300]!r}"
    return ""


def explain_usage(yagura):
    for word in "0", "x", "-1", "99999999999999999999":
        if problem := expect(call(yagura, "read", "--explain", word, GET), 2, stderr=word):
            return problem
    return expect(call(yagura, "read", "--explain", "1", "-q", GET), 2, stderr="--quiet") or \
        expect(call(yagura, "read", "--explain", "1", "--format", "zeek", "-o", "x", GET), 2, stderr="zeek") or \
        expect(call(yagura, "read", "--lang", "en", "--explain", "1", GET), 2, stderr="no such finding; this run has 0") or \
        expect(call(yagura, "read", "--lang", "en", "--explain", "0123456789abcdef", GET), 2, stderr="neither a finding nor an incident")


def list_of_findings(yagura):
    """Worst first, with hosts and count, in both languages; nothing looked for and nothing found are told apart."""
    done = call(yagura, "read", "--lang", "en", "--rules", RULES, GET)
    ja = call(yagura, "read", "--lang", "ja", "--rules", RULES, GET).stdout.decode()
    text = done.stdout.decode()
    problem = expect(done, 0, "Findings            3 (high 1, low 1, info 1)") or expect(done, 0, "3 rules")
    order = [text.find(w) for w in ("SAMPLE connection begun", "SAMPLE page asked for", "SAMPLE page delivered")]
    if not problem and (order != sorted(order) or order[0] < 0 or "10.30.1.10 · C&C Communication · once" not in text):
        problem = text
    if not problem and ("検知                3 (高 1, 低 1, 情報 1)" not in ja.replace("、", ", ") or "マルウェアの通信の疑い" not in ja):
        problem = ja
    with tempfile.TemporaryDirectory() as folder:
        other = os.path.join(folder, "other.rules")
        with open(other, "w", encoding="utf-8") as f:
            f.write('alert tcp any any -> any 9 (msg:"never"; sid:1;)\n')
        problem = problem or expect(call(yagura, "read", "--lang", "en", "--rules", other, GET), 0, "none: nothing that was looked for")
    return problem or expect(call(yagura, "read", "--lang", "en", GET), 0, "nothing known to be evil was looked for")


def one_explained(yagura):
    """All words, the bytes with the match marked, the records; with -o and without."""
    with tempfile.TemporaryDirectory() as folder:
        for more in [], ["-o", folder], ["--workers", "3"]:
            done = call(yagura, "read", "--lang", "en", "--intel", FEED, "--explain", "2", *more, GET)
            for words in ("What it means", "What to do first", "Known innocent causes", "confidence 80", "77 77 77 2e 63", "^^ ^^ ^^",
                          '"hostname": "www.city.example"', '"alerted": true'):
                if problem := expect(done, 0, words):
                    return problem
        ja = call(yagura, "read", "--lang", "ja", "--intel", FEED, "--explain", "2", GET).stdout.decode()
    wide = [line for line in ja.split("記録\n")[0].splitlines() if len(line.encode("utf-16-le")) > 2 * 90]
    return "" if "まず行うこと" in ja and not wide else f"{ja[:600]} {wide}"


def explained_by_id(yagura):
    """An incident whole with the findings behind it, and one of these alone; by the ids that were written."""
    with tempfile.TemporaryDirectory() as folder:
        if problem := expect(call(yagura, "read", "-q", "--rules", RULES, "-o", folder, GET), 0):
            return problem
        with open(os.path.join(folder, "incidents.jsonl"), encoding="utf-8") as f:
            incident = json.loads(f.readline())
    done = call(yagura, "read", "--lang", "en", "--rules", RULES, "--explain", incident["id"], GET)
    for words in (incident["title"]["en"], "Why this score", "+" + str(incident["reasons"][0]["points"]), f"{incident['hosts'][0]['severity']}/10",
                  "What happened, in order", incident["story"]["en"][:40], "What to do first", f"finding 1 of {len(incident['findings'])}",
                  "What it means", '"event_type": "alert"', *incident["findings"]):
        if problem := expect(done, 0, words):
            return problem
    ja = call(yagura, "read", "--lang", "ja", "--rules", RULES, "--explain", incident["id"], GET)
    one = call(yagura, "read", "--lang", "en", "--rules", RULES, "--explain", incident["findings"][-1], GET)
    alone = incident["findings"][0].encode() in one.stdout or b"Why this score" in one.stdout
    return expect(ja, 0, "スコアの根拠") or expect(one, 0, incident["findings"][-1]) or ("not alone" if alone else "")


def alerts_of_others(yagura):
    """Suricata's own alerts are findings too, and records as they came."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "eve.json")
        with open(path, "w", encoding="utf-8") as f:
            f.write(EVE * 3)
        done = call(yagura, "read", "--lang", "en", "-o", folder, path)
        if problem := expect(done, 0, "SAMPLE of another product") or expect(done, 0, "nothing known to be evil was looked for"):
            return problem
        with open(os.path.join(folder, "findings.jsonl"), encoding="utf-8") as f:
            findings = [json.loads(line) for line in f]
    one = findings[0] if len(findings) == 1 else {}
    good = one.get("count") == 3 and one["phase"] == "command_and_control" and one["severity"] == "high" and one["rule"] == "1:7"
    return "" if good else f"{findings}"


def notices(yagura):
    """With --format zeek an alert is a line of notice.log, and findings.jsonl is written all the same."""
    with tempfile.TemporaryDirectory() as folder:
        if problem := expect(call(yagura, "read", "-q", "--intel", FEED, "--format", "zeek", "-o", folder, GET), 0):
            return problem
        with open(os.path.join(folder, "notice.log"), encoding="utf-8") as f:
            rows = [line.split("\t") for line in f if not line.startswith("#")]
        with open(os.path.join(folder, "findings.jsonl"), encoding="utf-8") as f:
            findings = f.read().splitlines()
    return "" if len(rows) == 2 and len(findings) == 2 and {r[10] for r in rows} == {"Yagura::intel_domain", "Yagura::intel_file"} else f"{rows}"


EXCEPTIONS = """exceptions:
  - {reason: 住民向け試験 (case 12), until: 2026-12-31, subject: [10.30.1.0/24], rule: "1:1000001"}
  - {reason: over, until: 2026-11-20, detector: rules.suricata}
  - {reason: elsewhere, peer: [192.0.2.0/24]}
"""


def rules_with(yagura, folder, exceptions):
    path = os.path.join(folder, "yagura.yaml")
    with open(path, "w", encoding="utf-8") as f:
        f.write(exceptions)
    done = call(yagura, "read", "--lang", "en", "-c", path, "--rules", RULES, "-o", folder, GET)
    with open(os.path.join(folder, "findings.jsonl"), encoding="utf-8") as f:
        return done, [json.loads(line) for line in f]


def exceptions(yagura):
    """What an exception fits stays a finding with its reason and is in no incident; one that has ended does nothing."""
    with tempfile.TemporaryDirectory() as folder:
        done, findings = rules_with(yagura, folder, "")
        rule = next(f["rule"] for f in findings if f["severity"] == "high")
        done, findings = rules_with(yagura, folder, EXCEPTIONS.replace("1:1000001", rule))
        with open(os.path.join(folder, "incidents.jsonl"), encoding="utf-8") as f:
            behind = [id_ for line in f for id_ in json.loads(line)["findings"]]
    problem = expect(done, 0, "1 finding judged harmless: 住民向け試験 (case 12)") or \
        expect(done, 0, "ended on 2026-11-20, 2 findings since then count: over") or expect(done, 0, "Findings            2 (low 1, info 1)")
    judged = {f["rule"]: f.get("exception") for f in findings}
    right = judged.pop(rule) == "住民向け試験 (case 12)" and not any(judged.values()) and \
        not any(f["id"] in behind for f in findings if "exception" in f)
    return problem or ("" if right and len(findings) == 3 else f"{findings} {behind}")


def detectors_listed(yagura):
    done = call(yagura, "detectors", "--lang", "en")
    listed = json.loads(call(yagura, "detectors", "--json").stdout)
    layer = json.loads(call(yagura, "detectors", "--navigator").stdout)
    problem = expect(done, 0, "rules.suricata") or expect(done, 0, "ATT&CK Enterprise") or \
        expect(call(yagura, "detectors", "--lang", "ja"), 0, "C&C通信") or expect(call(yagura, "detectors", "x"), 2, stderr="x")
    texts = ("name", "title", "seen", "means", "sure", "do", "innocent")
    whole = all(d[t][lang] for d in listed for t in texts for lang in ("ja", "en"))
    if not problem and not (whole and layer["versions"]["layer"] == "4.5" and layer["domain"] == "enterprise-attack" and layer["techniques"]):
        problem = f"{layer.get('versions')} {len(listed)}"
    return problem


TESTS = (paths_that_are_not_there, nothing_to_look_for, explain_usage, list_of_findings, one_explained, explained_by_id, alerts_of_others, notices, exceptions,
         detectors_listed)
