# SPDX-License-Identifier: Apache-2.0
"""Command-line tests of rules in Suricata's language: what loads, what does not and why."""
import json
import os
import tempfile

from cli_tools import DAY, GET, call, expect

GOOD = 'alert http any any -> any any (msg:"a path"; http.uri; content:"/"; sid:1; rev:1;)\n'
BAD = 'alert http any any -> any any (http.uri; content:"a"; http_uri; sid:2;)\n'


def rules_check(yagura):
    """Counts, place and reason of what fails, exit statuses; from the configuration; what is hostile or missing."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "local.rules")

        def check(text, *options):
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)
            return call(yagura, "rules", "check", *options, path)

        problem = expect(check(GOOD + "# " + BAD), 0, "1 load, 0 do not, 0 are for other versions, 1 are commented out")
        problem = problem or expect(check(GOOD + BAD), 1, f"{path}:2:55: rule 2: http_uri: cannot stand behind a sticky buffer")
        problem = problem or expect(check(GOOD + "#" + BAD, "--disabled"), 1, "1 load, 1 do not")
        said = json.loads(check(GOOD + BAD, "--json").stdout)
        first = said["failures"][0]
        if not problem and (said["loaded"], first["line"], first["sid"], first["keyword"], said["costly"][0]["sid"]) != (1, 2, 2, "http_uri", 1):
            return f"{said}"
        problem = problem or expect(check("alert tcp any any -> any any (msg:\"" + "a" * 5_000_000), 1, "longer than 65536 bytes")
        problem = problem or expect(check("alert tcp $MINE any -> any any (sid:3;)\n"), 1, "$MINE: there is no such variable")
        config = os.path.join(folder, "a.yaml")
        with open(config, "w", encoding="utf-8") as f:
            f.write('rules: {variables: [{name: MINE, value: "[192.0.2.0/24,!192.0.2.7]"}]}\n')
        problem = problem or expect(check("alert tcp $MINE any -> any any (sid:3;)\n", "-c", config), 0, "1 load")
        problem = problem or expect(call(yagura, "rules", "check", path + "x"), 2, None, "cannot be read")
        problem = problem or expect(call(yagura, "rules", "check", os.path.dirname(GET)), 2, None, "no file of rules")
        problem = problem or expect(call(yagura, "read", "-q", "--rules", path + "x", GET), 2, None, path)
        problem = problem or expect(call(yagura, "rules", "weigh"), 2, None, "rules check")
        problem = problem or expect(call(yagura, "rules", "check", "--loud", path), 2, None, "--loud")
    return problem or expect(call(yagura, "rules", "--help"), 0, "--json")


def rules_alert(yagura):
    """A rule that matches is an alert and a finding; one that does not load is told, and the others work."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "local.rules")
        with open(path, "w", encoding="utf-8") as f:
            f.write(GOOD + BAD)
        done = call(yagura, "read", "-q", "--rules", path, "-o", folder, GET)
        if problem := expect(done, 0, None, "local.rules:2"):
            return problem
        with open(os.path.join(folder, "events.jsonl"), encoding="utf-8") as f:
            alerts = [record["alert"] for record in map(json.loads, f) if record["event_type"] == "alert"]
        return "" if {a["signature_id"] for a in alerts} == {1} and alerts[0]["signature"] == "a path" else f"{alerts}"


COSTLY = r"""
alert http any any -> any any (msg:"any path"; http.uri; pcre:"/^(a+)+.*$/"; sid:1;)
alert tcp any any -> any any (msg:"two bytes"; content:"GE"; sid:2;)
alert tcp any any -> any any (msg:"every packet"; flags:A; sid:3;)
alert http any any -> any any (msg:"in all of them"; http.protocol; content:"HTTP/1.1"; sid:4;)
alert http any any -> any any (msg:"cheap"; http.uri; content:"/a-long-one-of-its-own"; pcre:"/[0-9]{4}/"; sid:5;)
alert tcp any any -> any 4444 (msg:"padding"; content:"|00 00 00 00 00 00|"; sid:6;)
"""


def costly_rules(yagura):
    """Which rules are costly and why, from their texts and measured; nothing of it for a cheap one."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "local.rules")
        with open(path, "w", encoding="utf-8") as f:
            f.write(COSTLY)
        done = call(yagura, "rules", "check", path)
        problem = expect(done, 0, f"{path}:4: rule 3: every packet\n      1000 × 2 = 2000: ")
        problem = problem or expect(call(yagura, "rules", "check", "--lang", "ja", path), 0, "負荷の高いルール: 6 件中 5 件")
        said = json.loads(call(yagura, "rules", "check", "--json", "--capture", GET, path).stdout)
        why = {rule["sid"]: set(rule["why"]) for rule in said["costly"]}
        wanted = {1: {"no_pattern", "pcre", "pcre_wide", "pcre_nested"}, 2: {"short_pattern", "everywhere"}, 3: {"everywhere", "every_packet"},
                  4: {"common"}, 6: {"padding"}}
        tried = {rule["sid"]: (rule["tried"] > 0, rule["matched"]) for rule in said["measured"]["rules"]}
        if not problem and (why != wanted or 5 in tried or tried[2] != (True, 1) or tried[4] != (True, 2) or said["measured"]["packets"] == 0):
            return f"{why} {tried}"
        problem = problem or expect(call(yagura, "rules", "check", "--capture", GET + "x", path), 1, None, "x")
    return problem


HEAVY = 'alert tcp any any -> any any (content:"e"; fast_pattern; content:"e"; distance:0; content:"e"; distance:0; pcre:"/zqz/R"; sid:1;)\n'


def limits_told(yagura):
    """A rule that takes more work than the configuration allows is counted, in the summary too."""
    with tempfile.TemporaryDirectory() as folder:
        path, config = os.path.join(folder, "local.rules"), os.path.join(folder, "a.yaml")
        for name, text in ((path, HEAVY), (config, "rules: {steps: 100}\n")):
            with open(name, "w", encoding="utf-8") as f:
                f.write(text)
        if problem := expect(call(yagura, "read", "-c", config, "--rules", path, "-o", folder, DAY), 0, "a rule gave up on "):
            return problem
        with open(os.path.join(folder, "events.jsonl"), encoding="utf-8") as f:
            rules = json.loads(f.readlines()[-1])["stats"]["rules"]
        return "" if rules["loaded"] == 1 and rules["budget"] > 0 and rules["candidates"] > rules["budget"] else f"{rules}"


UNSEEN = """
alert http any any -> any any (app-layer-event:http.no_such_event; sid:1;)
alert tcp any any -> any any (stream-event:nonsense; sid:2;)
alert smb any any -> any any (frame:smb.nope; content:"a"; sid:3;)
"""


def names_unknown(yagura):
    """Events nobody sees are told with their place, in read as well; frames that do not exist do not load."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "local.rules")
        with open(path, "w", encoding="utf-8") as f:
            f.write(UNSEEN)
        done = call(yagura, "rules", "check", path)
        problem = expect(done, 1, f"{path}:2:48: rule 1: http.no_such_event: is an event that is never seen here")
        problem = problem or expect(done, 1, f"{path}:4:31: rule 3: frame: there is no such frame")
        return problem or expect(call(yagura, "read", "-q", "--rules", path, GET), 0, None, "local.rules:3: nonsense: is an event")


SETS = """
alert http any any -> any any (http.user_agent; dataset:set,agents,type string; sid:1;)
alert http any any -> any any (http.user_agent; dataset:isset,agents; sid:2;)
alert http any any -> any any (http.host; dataset:unset,hosts,type string; sid:3;)
alert http any any -> any any (noalert; http.host; dataset:set,hosts,type string; sid:4;)
alert http any any -> any any (http.host; dataset:isnotset,agents; sid:5;)
"""


def alerts_of(folder):
    with open(os.path.join(folder, "events.jsonl"), encoding="utf-8") as f:
        return [record for record in map(json.loads, f) if record["event_type"] == "alert"]


def data_sets(yagura):
    """What rules write into sets is settled in the order of packets, whatever the number of workers; full sets are counted."""
    captures = [os.path.join(os.path.dirname(GET), "..", case, "in.pcap") for case in ("get", "keep_alive", "not_found", "get_ipv6")]
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "sets.rules")
        with open(path, "w", encoding="utf-8") as f:
            f.write(SETS)
        lines = []
        for workers in "123":
            done = call(yagura, "read", "-q", "--workers", workers, "--rules", path, "-o", os.path.join(folder, workers), *captures)
            if problem := expect(done, 0):
                return problem
            lines.append(alerts_of(os.path.join(folder, workers)))
        if not lines[0] == lines[1] == lines[2]:
            return f"workers differ: {[len(x) for x in lines]}"
        sids = [record["alert"]["signature_id"] for record in lines[0]]
        with open(os.path.join(folder, "1", "events.jsonl"), encoding="utf-8") as f:
            agents = [record["http"]["http_user_agent"] for record in map(json.loads, f) if record["event_type"] == "http"]
        if sids.count(1) != len(set(agents)) or sids.count(2) != len(agents) or sids.count(3) < 2 or 4 in sids:
            return f"{sids} {agents}"
    return ""


TESTS = (rules_check, rules_alert, costly_rules, limits_told, names_unknown, data_sets)
