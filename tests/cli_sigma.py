# SPDX-License-Identifier: Apache-2.0
"""Command-line tests of Sigma rules: what loads, what fires, and where."""
import json
import os
import tempfile

from cli_tools import GET, call, expect
from goldens import HERE

RULES = os.path.join(HERE, "sigma")
EVENTS = os.path.join(HERE, "sigma/events.json")
TWO_LOOKUPS = os.path.join(HERE, "pcap/dns/tcp_two/in.pcap")
ID = "6d0c1c0e-6f55-4a9a-8f7e-6f2f6b6c0a0"


def findings(yagura, folder, path, *options):
    """Rule (its last digit) → how often, or what went wrong."""
    done = call(yagura, "read", "-q", "--sigma", RULES, "-o", folder, *options, path)
    if problem := expect(done, 0):
        return problem
    with open(os.path.join(folder, "findings.jsonl"), encoding="utf-8") as f:
        found = [json.loads(line) for line in f]
    times = {}
    for finding in found:
        rule = finding["rule"].removeprefix(ID)
        times[rule] = times.get(rule, 0) + finding["count"]
    return times


def sigma_events(yagura):
    """Host events as JSON in three shapes: rule, filter, null, 4688 for process creation, a chain of correlations."""
    with tempfile.TemporaryDirectory() as folder:
        times = findings(yagura, folder, EVENTS)
        if times != {"6": 2, "7": 1}:
            return f"findings: {times}"
        with open(os.path.join(folder, "findings.jsonl"), encoding="utf-8") as f:
            found = {json.loads(line)["subject"]["name"]: json.loads(line) for line in f}
        first = found["pc1.example"]
        if (first["severity"], first["certainty"], first["techniques"]) != ("high", 90, ["T1059.003"]):
            return f"{first}"
        if first["sources"] != [{"name": "host.yml", "says": "Yagura maintainers"}]:
            return f"the author is not named: {first['sources']}"
        where = {match["where"]: match["text"] for match in first["matches"]}
        return "" if where.get("Image") == "C:\\Windows\\System32\\cmd.exe" else f"{where}"


def sigma_traffic(yagura):
    """Requests and look-ups on the wire, for any number of workers; a correlation counts the look-ups."""
    with tempfile.TemporaryDirectory() as folder:
        seen = [findings(yagura, os.path.join(folder, w), TWO_LOOKUPS, "--workers", w) for w in "123"]
        texts = [open(os.path.join(folder, w, "events.jsonl"), encoding="utf-8").read() for w in "123"]
        if not isinstance(seen[0], dict) or set(seen[0]) != {"3", "4", "5"} or seen[1:] != seen[:2]:
            return f"findings: {seen}"
        return "" if texts[0] == texts[1] == texts[2] else "workers give different records"


def sigma_check(yagura):
    """What loads and what waits; one bad rule beside good ones; what is hostile or missing."""
    problem = expect(call(yagura, "sigma", "check", RULES), 0, "11 documents: 7 rules, 3 correlations and 1 filters load, 0 do not")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "bad.yml")

        def check(text, *options):
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)
            return call(yagura, "sigma", "check", *options, folder)
        bad = "title: B\nlogsource: {category: dns}\ndetection:\n  s: {query|nonsense: x}\n  condition: s\n"
        good = "title: G\nlogsource: {product: okta, service: okta}\ndetection: {s: {a: 1}, condition: s}\n"
        problem = problem or expect(check(bad + "---\n" + good), 1, f'{path}:4: s.query|nonsense: unknown modifier "nonsense"')
        problem = problem or expect(check(bad, "--lang", "ja"), 1, "未知の修飾子")
        done = check(bad + "---\n" + good, "--json")
        said = json.loads(done.stdout)
        if (said["rules"], said["refused"], said["waiting"]) != (1, 1, [{"what": "okta/okta", "rules": 1}]) or \
                said["problems"][0]["line"] != 4:
            return f"{said}"
        problem = problem or expect(check("a: " + "[" * 100000), 1, "nested too deeply")
        problem = problem or expect(check("title: " + "x" * 20_000_000), 1, None, "longer than 16 MiB")
        problem = problem or expect(check("title: \0\n"), 1, f"{path}:1: no valid YAML")
        problem = problem or expect(call(yagura, "sigma", "check", path + "x"), 2, None, "cannot be read")
        problem = problem or expect(call(yagura, "read", "-q", "--sigma", path + "x", GET), 2, None, path)
        problem = problem or expect(call(yagura, "sigma"), 2, "", "check")
    return problem or expect(call(yagura, "sigma", "--help"), 0, "--json")


TESTS = (sigma_events, sigma_traffic, sigma_check)
