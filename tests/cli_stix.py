# SPDX-License-Identifier: Apache-2.0
"""Command-line tests of indicators from STIX, MISP and OpenIOC."""
import json
import os
import tempfile

from cli_tools import call, expect
from goldens import HERE
from packets import Packet, write_capture

BUNDLE, EVENT, IOC = (os.path.join(HERE, "intel", name) for name in ("bundle.json", "event.json", "example.ioc"))
START_NS = 1_700_000_000 * 10**9


def question(host, name, ident):
    """A DNS question of 10.0.0.HOST, as an IP packet."""
    labels = b"".join(bytes([len(part)]) + part for part in name.encode().split(b"."))
    dns = ident.to_bytes(2, "big") + b"\1\0\0\1\0\0\0\0\0\0" + labels + b"\0\0\1\0\1"
    udp = (40000 + ident).to_bytes(2, "big") + b"\0\x35" + (8 + len(dns)).to_bytes(2, "big") + b"\0\0" + dns
    head = b"\x45\0" + (20 + len(udp)).to_bytes(2, "big") + bytes(4) + b"\x40\x11\0\0" + bytes([10, 0, 0, host]) + bytes([10, 0, 0, 53])
    return head + udp


def asked(folder, questions):
    """A capture of (host, second, name)."""
    path = os.path.join(folder, "dns.pcap")
    packets = [question(host, name, i + 1) for i, (host, _, name) in enumerate(questions)]
    write_capture(path, 101, [Packet(START_NS + second * 10**9, len(data), data) for (_, second, _), data in zip(questions, packets)])
    return path


def alerts(yagura, folder, capture, *intel, workers="1"):
    """(what the run ended with, its alerts)."""
    out = os.path.join(folder, "out" + workers)
    given = [arg for path in intel for arg in ("--intel", path)]
    done = call(yagura, "read", "--lang", "en", "-q", "--workers", workers, "-o", out, *given, capture)
    try:
        with open(os.path.join(out, "events.jsonl"), encoding="utf-8") as f:
            return done, [record for record in map(json.loads, f) if record["event_type"] == "alert"]
    except FileNotFoundError:
        return done, []


def stix_bundle(yagura):
    """Versions, revocation, validity, a FOLLOWEDBY in order and time, the same for any number of workers."""
    questions = [(5, 0, "crane.example"), (6, 1, "revoked.example"), (6, 2, "expired.example"), (6, 3, "innocent.example"),
                 (7, 4, "stage.example"), (8, 5, "stage.example"), (7, 6, "crane.example"), (8, 700, "crane.example"),
                 (9, 800, "crane.example"), (9, 801, "stage.example")]
    with tempfile.TemporaryDirectory() as folder:
        capture = asked(folder, questions)
        runs = [alerts(yagura, folder, capture, BUNDLE, workers=n) for n in "123"]
    done, found = runs[0]
    if problem := expect(done, 0, stderr="bundle.json:37: cannot be seen in traffic: process:name"):
        return problem
    single = {(a["src_ip"], a["finding"]["rule"]) for a in found if a["finding"]["detector"] == "intel.domain"}
    if single != {(f"10.0.0.{host}", "crane.example") for host in (5, 7, 8, 9)}:
        return f"single values: {single}"
    whole = [a for a in found if a["finding"]["detector"] == "intel.pattern"]
    if [(a["src_ip"], a["finding"]["rule"]) for a in whole] != [("10.0.0.7", "indicator--aaaaaaaa-0000-4000-8000-000000000004")]:
        return f"patterns: {whole}"
    source = found[0]["finding"]["sources"][0]
    if source != {"name": "Example CERT (bundle.json)", "says": source["says"], "confidence": 85, "tlp": "amber"} or \
            "PaperCrane" not in source["says"] or "T1071.001" not in json.dumps(found[0]):
        return f"source: {found[0]}"
    return "" if runs[0][1] == runs[1][1] == runs[2][1] else "other alerts with other workers"


def misp_event(yagura):
    """to_ids, deleted, sightings that expire, proposals; who said it."""
    names = ["www.heron.example", "contextonly.example", "deleted.example", "over.example", "proposed.example"]
    with tempfile.TemporaryDirectory() as folder:
        done, found = alerts(yagura, folder, asked(folder, [(5, i, name) for i, name in enumerate(names)]), EVENT)
    if problem := expect(done, 0, stderr='event.json:14: "not an address" is no value'):
        return problem
    if {a["finding"]["rule"] for a in found} != {"heron.example"}:
        return f"alerts: {found}"
    source = found[0]["finding"]["sources"][0]
    good = source["name"] == "MISP event 42: 鷺の攻撃 (Example CERT)" and source["tlp"] == "amber" and source["confidence"] == 95 and \
        "HeronRAT" in source["says"]
    return "" if good else f"source: {source}"


def openioc_terms(yagura):
    with tempfile.TemporaryDirectory() as folder:
        done, found = alerts(yagura, folder, asked(folder, [(5, 0, "egret.example"), (5, 1, "other.example")]), IOC)
    if problem := expect(done, 0, stderr="example.ioc:16: cannot be seen in traffic: RegistryItem/Path"):
        return problem
    rules = {(a["finding"]["rule"], a["finding"]["sources"][0]["says"]) for a in found}
    return "" if rules == {("egret.example", "Egret; EgretRAT")} else f"alerts: {rules}"


def broken_intelligence(yagura):
    """Cut anywhere, huge or nested: a message with the file, no crash, nothing half loaded."""
    with open(BUNDLE, "rb") as f:
        whole = f.read()
    shapes = {"cut.json": (whole[:len(whole) * 3 // 4], "ends before it is complete"), "tail.json": (whole + b"}", "not valid JSON"),
              "deep.json": (b'{"objects":' + b"[" * 1_000_000, "64 brackets"),
              "line.json": (b'{"objects":["' + b"a" * 100_000_000 + b'"]}', "larger than 64 MiB"),
              "bomb.ioc": (b'<!DOCTYPE ioc [<!ENTITY a "aa">]><ioc>&a;</ioc>', "declares entities"),
              "deep.ioc": (b"<ioc>" + b"<Indicator>" * 100_000, "64 elements")}
    with tempfile.TemporaryDirectory() as folder:
        capture = asked(folder, [(5, 0, "crane.example")])
        for name, (content, said) in shapes.items():
            path = os.path.join(folder, name)
            with open(path, "wb") as f:
                f.write(content)
            done, found = alerts(yagura, folder, capture, path)
            if done.returncode < 0 or f"{path}" not in done.stderr.decode() or said not in done.stderr.decode():
                return expect(done, 0, stderr=said) or f"{name}: not told"
            if found:
                return f"{name}: half loaded: {found}"
            os.remove(path)
    return ""


TESTS = (stix_bundle, misp_event, openioc_terms, broken_intelligence)
