#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How well behaviours find what they are for: recall and false alarms over a folder of labelled data.

    tests/score/score.py --yagura build/yagura --data FOLDER [--verbose] [PART]...

FOLDER is laid out as its README.md says; only its index files are read beside the data. Rules and indicators are not loaded.
What a part needs and FOLDER does not have is said, and the part left out. doc/score.md holds the table as it was measured.
"""
import argparse
import csv
import json
import random
import re
import statistics
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import unquote_plus

from feeds import beacon_logs, dns_log, web_capture

AT_ONCE = 2         # runs of the program
RUN_SECONDS = 300
DANGER = 60         # score from which on an incident is worth a look at once
SEED = 5            # of the samples: the same names every time
NAMES = 3000        # of each kind, made up and legitimate
TOGETHER = 10       # names one host asks for
WEB_ATTACKS = ("930", "931", "932", "933", "934", "941", "942", "944")  # categories of requests that attack an application
POPULAR = ("tranco10k", "majestic_million", "cisco_top10k", "cloudflare-top10k", "university_domains", "bank-website")


class Missing(Exception):
    """Data that FOLDER does not have."""


class Run:
    """What one run of the program found."""

    def __init__(self, yagura, *inputs):
        with tempfile.TemporaryDirectory() as out:
            done = subprocess.run([yagura, "read", "-q", "-o", out, *map(str, inputs)], capture_output=True, timeout=RUN_SECONDS, check=False)
            self.readable = done.returncode == 0
            self.findings, self.incidents = (lines(Path(out, name)) for name in ("findings.jsonl", "incidents.jsonl"))

    @property
    def score(self):
        return max((i["score"] for i in self.incidents), default=0)


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def need(path):
    if not path.exists():
        raise Missing(path.name)
    return path


def index(data, name):
    """Rows of an index whose files are there."""
    with open(need(data / name), encoding="utf-8") as f:
        rows = [row for row in csv.DictReader(f) if (data / row["path"]).is_file()]
    if not rows:
        raise Missing(f"every file of {name}")
    return rows


def each(job, things):
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(job, things))


def share(part, whole):
    return f"{part} of {whole} ({100 * part / whole:.1f} %)" if whole else "none there"


def parents(things):
    return {t.split(".")[0] for thing in things for t in thing.get("techniques", [])}


# ---- captures


def right(labels, things):
    """Whether one of the techniques of a capture, or its parent, is among those found; without a label anything is right."""
    wanted = {t.split(".")[0] for t in labels.split(";") if t}
    return bool(wanted & parents(things) if wanted else things)


def attack(o):
    rows = [row for row in index(o.data, "ATTACK-INDEX.csv") if not row["path"].endswith(".zip")]
    runs = each(lambda row: Run(o.yagura, o.data / row["path"]), rows)
    found = [right(row["attack_techniques"], run.findings) for row, run in zip(rows, runs)]
    named = [right(row["attack_techniques"], [i for i in run.incidents if i["score"] >= DANGER]) for row, run in zip(rows, runs)]
    tunnels = [f for row, f in zip(rows, found) if "tunnel" in row["kind"]]
    for row, run, *good in zip(rows, runs, found, named):
        if not all(good):
            o.say(f"{'not found' if not good[0] else 'low      '} {run.score:3} {row['path']} {row['attack_techniques']} found: {sorted(parents(run.findings))}")
    yield "attack captures: the right technique found", share(sum(found), len(rows)), "≥ 85 %"
    yield "… named in one incident of score ≥ 60", share(sum(named), len(rows)), "≥ 80 %"
    yield "… of them tunnels found", share(sum(tunnels), len(tunnels)), "all"
    yield "… of them in a format that cannot be read", str(sum(not run.readable for run in runs)), ""


def benign(o):
    rows = index(o.data, "BENIGN-INDEX.csv")
    runs = each(lambda row: Run(o.yagura, o.data / row["path"]), rows)
    for row, run in zip(rows, runs):
        if run.findings:
            o.say(f"benign    {run.score:3} {row['path']} {sorted({f['detector'] for f in run.findings})}")
    yield "benign captures: no incident of score ≥ 60", share(sum(run.score < DANGER for run in runs), len(rows)), "≥ 99 %"
    yield "… findings in one, median", f"{statistics.median(len(run.findings) for run in runs):g}", "0"
    yield "… with any finding", share(sum(bool(run.findings) for run in runs), len(rows)), ""


# ---- names


def made_up(data):
    """Names of every family, as evenly as there are."""
    chance, families = random.Random(SEED), {}
    for path in sorted(need(data / "lists/dga").glob("*.csv")):
        with open(path, encoding="utf-8") as f:
            for row in csv.DictReader(f):
                families.setdefault(row["family"], []).append(row["domain"])
    if not families:
        raise Missing("lists/dga/*.csv")
    for names in families.values():
        chance.shuffle(names)
    return {family: names[:NAMES // len(families) + 1] for family, names in sorted(families.items())}


def legitimate(data):
    names = set()
    for name in POPULAR:
        path = data / f"lists/misp-warninglists/{name}.json"
        if path.exists():
            names.update(n.strip(".").lower() for n in json.loads(path.read_text(encoding="utf-8"))["list"])
    names = sorted(n for n in names if "." in n)
    if not names:
        raise Missing("lists/misp-warninglists")
    return random.Random(SEED).sample(names, min(NAMES, len(names)))


def hosts_found(o, groups):
    """Of groups of names, each asked for by a host of its own, none of which exists: those for which dga.names speaks."""
    with tempfile.TemporaryDirectory() as folder:
        hosts = dns_log(Path(folder, "eve.json"), groups)
        run = Run(o.yagura, Path(folder, "eve.json"))
    named = {f["subject"].get("address") for f in run.findings if f["detector"] == "dga.names"}
    return [host in named for host in hosts]


def in_tens(names):
    return [names[i:i + TOGETHER] for i in range(0, len(names) - TOGETHER + 1, TOGETHER)]


def dga(o):
    families, real = made_up(o.data), legitimate(o.data)
    for what, split in (("one name a host", lambda names: [[n] for n in names]), (f"{TOGETHER} names a host", in_tens)):
        bad = [(family, group) for family, names in families.items() for group in split(names)]
        good = split(real)
        found, wrong = hosts_found(o, [group for _, group in bad]), hosts_found(o, good)
        hits, alarms = sum(found), sum(wrong)
        for family in families:
            of = [f for (name, _), f in zip(bad, found) if name == family]
            o.say(f"dga, {what}: {family} {share(sum(of), len(of))}")
        for group, alarm in zip(good, wrong):
            if alarm:
                o.say(f"dga, {what}: false alarm {' '.join(group)}")
        balanced = (hits / len(bad) + 1 - alarms / len(good)) / 2
        yield f"made-up names, {what}: found", share(hits, len(bad)), ""
        yield "… false alarms on legitimate names", share(alarms, len(good)), "≤ 1 %"
        yield "… accuracy (both kinds weighing the same)", f"{balanced:.3f}", "≥ 0.90"
        yield "… precision", f"{hits / (hits + alarms):.3f}" if hits + alarms else "nothing found", "≥ 0.95"


# ---- beacons


def is_place(finding, place):
    facts = json.dumps([finding.get("facts"), finding.get("peer"), finding.get("matches")])
    return place.split(":")[0] in facts


def ranked(run):
    """Beacons, surest first."""
    return sorted((f for f in run.findings if f["detector"].startswith("beacon.")), key=lambda f: -int(f.get("facts", {}).get("score", f["certainty"])))


def place_of(beacons, host, place):
    at = [i + 1 for i, f in enumerate(beacons) if f["subject"].get("address") == host and is_place(f, place)]
    return f"{at[0]}, {len(beacons) - 1} others" if at else f"not found, {len(beacons)} others"


def beacon(o):
    with tempfile.TemporaryDirectory() as folder:
        for jitter in 0, 20, 50:
            host, place = beacon_logs(Path(folder, "conn.log"), random.Random(SEED + jitter), jitter)
            run = Run(o.yagura, Path(folder, "conn.log"))
            yield f"made-up 72 hours, a beacon with {jitter} % jitter: rank", place_of(ranked(run), host, place), "1, ≤ 3 others"
    truth = need(o.data / "beacon/rita/truth.json")
    for row in json.loads(truth.read_text(encoding="utf-8")):
        run = Run(o.yagura, *sorted((truth.parent / row["data"]).glob("*.log*")))
        for f in ranked(run):
            o.say(f"beacon, {row['data']}: {f['certainty']} {f['title']['en']}")
        yield f"logs {row['data']}, {' → '.join(row['pair'])}: rank", place_of(ranked(run), *row["pair"]), ""


# ---- requests


def is_attack(row):
    """True, False, or None where neither is said."""
    if not row["category"].startswith("REQUEST-") or row["category"].split("-")[1] not in WEB_ATTACKS:
        return None
    return True if row["expect_ids"] else False if row["no_expect_ids"] else None


def content(request):
    """What a request brings, whatever its parameters are called and wherever they stand: their values as they are read."""
    def read(value):
        for _ in range(3):
            value = unquote_plus(value)
        return re.sub(r"\s", "", value).lower()
    raw = [request.get("uri", "").partition("?")[2], request.get("data") or ""]
    values = [one.partition("=")[2] or one for part in raw for one in part.split("&")]
    values += [v.partition("=")[2] or v for name, v in (request.get("headers") or {}).items() if name.lower() in ("cookie", "referer")]
    return frozenset(filter(None, map(read, values)))


def caught_elsewhere(rows):
    """The contents that a test of the suite expects to be caught."""
    return {content(row["request"]) for row in rows if row["expect_ids"]} - {frozenset()}


def web(o):
    path = need(o.data / "web/crs-tests/requests.jsonl")
    rows = [row for row in lines(path) if is_attack(row) is not None]
    with tempfile.TemporaryDirectory() as folder:
        hosts = web_capture(Path(folder, "in.pcap"), [row["request"] for row in rows])
        run = Run(o.yagura, Path(folder, "in.pcap"))
    named = {end.get("address") for f in run.findings if f["detector"].startswith("web.") for end in (f["subject"], f.get("peer", {}))}
    evil = caught_elsewhere(lines(path))
    for levels in (1,), (1, 2, 3, 4):
        of = [(row, host in named) for row, host in zip(rows, hosts) if row["paranoia"] in levels]
        attacks = [found for row, found in of if is_attack(row)]
        others = [(found, content(row["request"]) in evil) for row, found in of if not is_attack(row)]
        honest = [found for found, elsewhere in others if not elsewhere]
        which = "paranoia level 1" if len(levels) == 1 else "all levels"
        yield f"web attack requests, {which}: found", share(sum(attacks), len(attacks)), "≥ 80 %"
        yield "… false alarms where one rule must stay silent", share(sum(found for found, _ in others), len(others)), ""
        yield "… of them on content no other test expects to be caught", share(sum(honest), len(honest)), "≤ 3 %"
    for row, host in zip(rows, hosts):
        if (host in named) != is_attack(row):
            what = "missed" if is_attack(row) else "found, and to be caught elsewhere" if content(row["request"]) in evil else "false alarm"
            o.say(f"web, level {row['paranoia']}: {what} {row['rule_id']}-{row['test_id']} {json.dumps(row['request'])[:300]}")


PARTS = {"attack": attack, "benign": benign, "dga": dga, "beacon": beacon, "web": web}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--yagura", required=True, help="the program")
    parser.add_argument("--data", required=True, type=Path, help="the folder of labelled data")
    parser.add_argument("--verbose", action="store_true", help="what was missed, on standard error")
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    o = parser.parse_args()
    o.say = lambda text: print(text, file=sys.stderr) if o.verbose else None
    if unknown := [part for part in o.parts if part not in PARTS]:
        parser.error(f"no such part: {' '.join(unknown)}")
    print("| measure | result | wanted |\n|---|---|---|")
    for part in o.parts or PARTS:
        try:
            for row in PARTS[part](o):
                print("| " + " | ".join(row) + " |", flush=True)
        except Missing as what:
            print(f"| {part} | not measured: the folder has no {what} | |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
