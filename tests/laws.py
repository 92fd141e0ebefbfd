# SPDX-License-Identifier: Apache-2.0
"""The three laws, over every golden capture (STYLE 13).

1. Truncate anywhere: the file cut after any byte, or every packet cut after any byte, gives exit
   status 0 or 1 and a silent sanitizer.
2. Split the stream anywhere: with TCP segments cut into smaller ones the records are the same,
   but for what counts packets: see SPLIT_DROPPED. Of flow records only FLOW_KEPT is compared, of
   anomalies only those of type applayer (lower layers see other packets), of alerts ALERT_KEPT.
3. Drop a segment: never a wrong record. Of each record of the shorter run, a record of the full run
   with the same type, addresses and ports must say everything it says: every key the same value,
   lists a subsequence of its lists. What tells of the loss itself and times may differ (DROP_FREE,
   and the values in DROP_SAYS: "not seen" is true), what counts may be less (DROP_LESS). Records may
   be missing; anomalies, statistics and alerts (a rule may ask for what is not there) are not compared; a flow's app_proto is one that the full run has
   between the same ends, or one that no parser of ours gave, and then its direction is a guess.

A case that cannot keep a law says so in a file `laws` beside its capture: "drop: reason", or "split 1: reason"
for pieces of one byte only.
"""
import json
import os
import random
import re
import tempfile
from dataclasses import replace

from goldens import Broken, cases, difference, given, read, run
from packets import find_segment, read_capture, split_packet, write_capture

HERE = os.path.dirname(os.path.abspath(__file__))
CUTS, SNAPS, DROPS = 3, 1, 4  # a case; there are hundreds of cases
SPLIT_DROPPED = {"pcap_cnt", "flow_id", "timestamp", "stored"}
FLOW_KEPT = ("src_ip", "src_port", "dest_ip", "dest_port", "proto", "community_id", "first_toserver", "first_toclient")
ALERT_KEPT = ("detector", "rule", "severity", "phase", "signature")
DROP_FREE = {"timestamp", "pcap_cnt", "flow_id", "tx_id", "state", "gaps", "end", "last_seen", "latency_us", "rtt_us", "rtt"}
DROP_SAYS = {"no", "unanswered", "unknown", "UNREPLIED", "REQUEST_LOST", "BODY_STARTED", "HEADER_STARTED", "TRUNCATED"}
DROP_LESS = {"length", "size", "decoded_length", "request_length", "message_length", "request_fields", "response_fields",
             "requests", "files_opened", "bytes_read", "bytes_written", "result_count", "responses_omitted", "encrypted_messages", "encrypted_bytes"}
DROP_OWN = {"smb": ("id",), "modbus": ("id",), "smb_session": ("start",), "ntlm": ("flags",)}  # what depends on how much was seen
WHO = ("event_type", "src_ip", "src_port", "dest_ip", "dest_port", "proto")


def own_protocols():
    with open(os.path.join(HERE, "..", "src/proto/proto.def")) as f:
        return set(re.findall(r"^PROTO\((\w+)\)", f.read(), re.M))


OWN = own_protocols()


def exempt(capture):
    """Laws this case says it cannot keep."""
    try:
        with open(os.path.join(os.path.dirname(capture), "laws")) as f:
            return {line.split(":")[0] for line in f if ":" in line}
    except FileNotFoundError:
        return set()


def without(value, dropped):
    if isinstance(value, dict):
        return {k: without(v, dropped) for k, v in value.items() if k not in dropped}
    return [without(v, dropped) for v in value] if isinstance(value, list) else value


def comparable(lines):
    """Records as text without what splitting may change, sorted."""
    out = []
    for record in map(json.loads, lines):
        kind = record["event_type"]
        if kind == "stats" or kind == "anomaly" and record["anomaly"]["type"] != "applayer":
            continue
        if kind == "flow":
            app = record.get("app_proto") if record.get("app_proto") in OWN else None
            record = {k: record.get(k) for k in FLOW_KEPT} | {"event_type": "flow", "app_proto": app}
        if kind == "alert":
            record = {k: record.get(k) for k in WHO} | {k: (record["alert"] | record["finding"]).get(k) for k in ALERT_KEPT}
        out.append(json.dumps(without(record, SPLIT_DROPPED), sort_keys=True, ensure_ascii=False))
    return sorted(out)


def truncate(yagura, name, capture):
    chance = random.Random(name)
    with open(capture, "rb") as f:
        raw = f.read()
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(CUTS):
            path = os.path.join(folder, "cut" + os.path.splitext(capture)[1])
            size = chance.randrange(len(raw))
            with open(path, "wb") as f:
                f.write(raw[:size])
            try:
                read(yagura, path, *given(capture))
            except Broken as e:
                return f"cut after {size} bytes: {e}"
        link, packets = read_capture(capture)
        for _ in range(SNAPS):
            snap = chance.randrange(1, 200)
            path = os.path.join(folder, "snap.pcap")
            write_capture(path, link, [replace(p, data=p.data[:snap]) for p in packets])
            try:
                read(yagura, path, *given(capture))
            except Broken as e:
                return f"packets cut after {snap} bytes: {e}"
    return ""


def split(yagura, name, capture):
    link, packets = read_capture(capture)
    wanted = comparable(run(yagura, capture, *given(capture)))
    chance = random.Random(name)
    payload = sum(len(p.data) for p in packets)
    for most in (1, 40, 600) if payload < 20000 else (40, 600):
        if f"split {most}" in exempt(capture):
            continue
        smaller = [q for p in packets for q in split_packet(link, p, lambda: chance.randint(1, most))]
        if len(smaller) == len(packets):
            return ""
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "split.pcap")
            write_capture(path, link, smaller)
            problem = difference(wanted, comparable(run(yagura, path, *given(capture))))
            if problem:
                return f"segments of 1 to {most} bytes:\n{problem}"
    return ""


def supported(part, whole, key=""):
    """Does `whole` say everything that `part` says?"""
    if key in DROP_FREE or isinstance(part, str) and part in DROP_SAYS:
        return True
    if isinstance(part, dict) and isinstance(whole, dict):
        return all(k in DROP_FREE or k in whole and supported(v, whole[k], k) for k, v in part.items())
    if isinstance(part, list) and isinstance(whole, list):
        rest = iter(whole)
        return all(any(supported(p, w) for w in rest) for p in part)
    if key in DROP_LESS and isinstance(part, (int, float)) and isinstance(whole, (int, float)):
        return part <= whole
    return part == whole


def wrong_record(full, fewer):
    """The first record of `fewer` that no record of `full` supports, or None."""
    known, spoken = {}, {}
    for record in full + fewer:
        for key in DROP_OWN.get(record["event_type"], ()):
            record[record["event_type"]].pop(key, None)
    for record in full:
        known.setdefault(tuple(record.get(k) for k in WHO), []).append(record)
        spoken.setdefault(record.get("community_id"), set()).update((record["event_type"], record.get("app_proto")))
    for record in fewer:
        if record["event_type"] in ("anomaly", "stats", "alert"):
            continue
        if record["event_type"] == "flow":
            said = spoken.get(record["community_id"], set())
            if not said or record.get("app_proto") in OWN - said:
                return record
        elif not any(supported(record, r) for r in known.get(tuple(record.get(k) for k in WHO), [])):
            return record
    return None


def drop(yagura, name, capture):
    link, packets = read_capture(capture)
    full = list(map(json.loads, run(yagura, capture, *given(capture))))
    with_payload = [i for i, p in enumerate(packets) if find_segment(link, p.data)]
    chance = random.Random(name)
    for i in sorted(chance.sample(with_payload, min(DROPS, len(with_payload)))):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "drop.pcap")
            write_capture(path, link, packets[:i] + packets[i + 1:])
            wrong = wrong_record(full, list(map(json.loads, run(yagura, path, *given(capture)))))
            if wrong:
                return f"without packet {i + 1}, no record of the full run supports:\n{json.dumps(wrong, ensure_ascii=False)[:1500]}"
    return ""


def jobs(builds, wanted):
    for law, function, build in (("truncate", truncate, 1), ("split", split, 0), ("drop", drop, 0)):
        for name, capture, _ in cases(wanted):
            if law in exempt(capture):
                continue

            def job(function=function, build=build, name=name, capture=capture):
                return function(builds[build], name, capture)
            yield f"law {law} {name}", job
