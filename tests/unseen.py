# SPDX-License-Identifier: Apache-2.0
"""What records can hold and no test has ever seen: fields and anomalies of schema/ that are in no golden's
expected.jsonl and in no unit test (x_test.c, as "field" or as the anomaly's name or constant).

The file tests/unseen holds those we know of, one a line. The check fails when something else is unseen, and
when a line of it has been seen: the list only gets shorter.
"""
import glob
import json
import os
import re

import yaml

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(HERE)
LIST = os.path.join(HERE, "unseen")


def schema():
    """records.yaml, anomalies.yaml and protocols/*.yaml as one."""
    whole = {}
    for name in ("records.yaml", "anomalies.yaml", "protocols/*.yaml"):
        for path in sorted(glob.glob(os.path.join(TOP, "schema", name))):
            with open(path, encoding="utf-8") as f:
                for section, content in yaml.safe_load(f).items():
                    if section in ("head", "also"):
                        whole[section] = content
                    else:
                        whole.setdefault(section, {}).update(content)
    return whole


def field_paths(fields, types, before):
    """Every path of JSON keys that fields can make; lists add no step."""
    for field in fields:
        if field["type"] in ("pairs", "pair_lists"):
            continue  # they stand under names nobody knows beforehand
        path = (*before, field.get("key", field["name"]))
        if field.get("top"):
            path = (path[-1],)
        inner = field.get("fields") or types.get(field.get("of"), {}).get("fields")
        yield from field_paths(inner, types, path) if inner else [path]


def described():
    """All that can be written, as "dns.queries.rrname" or "anomaly stream.overlap_different"."""
    records = schema()
    types = records.get("types", {})
    for name, record in records["records"].items():
        if name != "stats":
            yield from (".".join(p) for p in field_paths(record.get("fields", []), types, (name,)))
    yield from ("." + field.get("key", field["name"]) for field in records["head"])
    yield from ("anomaly " + name for name in records["anomalies"])


def keys_of(value, before):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from keys_of(inner, (*before, key))
    elif isinstance(value, list):
        for inner in value:
            yield from keys_of(inner, before)
    else:
        yield ".".join(before)


def in_goldens():
    seen = set()
    for path in glob.glob(os.path.join(HERE, "pcap", "*", "*", "expected.jsonl")):
        with open(path, encoding="utf-8") as f:
            for record in map(json.loads, f):
                seen.update(keys_of(record, ()))
                seen.update("." + key for key in record)
                if "anomaly" in record:
                    seen.add("anomaly " + record["anomaly"]["event"].removeprefix("decoder."))
    return seen


def never_raised():
    """Anomalies that no code knows."""
    code = ""
    for path in glob.glob(os.path.join(TOP, "src", "*", "*.c")):
        with open(path, encoding="utf-8") as f:
            code += "" if path.endswith("_test.c") else f.read()
    known = set(re.findall(r"\bANOMALY_[A-Z0-9_]+", code))
    for name in schema()["anomalies"]:
        if "ANOMALY_" + re.sub(r"[^A-Z0-9]", "_", name.upper()) not in known:
            yield name


def unseen():
    tests = ""
    for path in glob.glob(os.path.join(TOP, "src", "*", "*_test.c")) + glob.glob(os.path.join(TOP, "src", "*", "*_test.h")):
        with open(path, encoding="utf-8") as f:
            tests += f.read()
    words = set(re.findall(r"[A-Za-z0-9_.]+", tests))
    keys = set(re.findall(r'\\"([A-Za-z0-9_]+)\\":', tests))
    goldens = in_goldens()
    for thing in described():
        kind, _, name = thing.rpartition(" ")
        constant = "ANOMALY_" + re.sub(r"[^A-Z0-9]", "_", name.upper())
        in_unit = name in words or constant in words if kind else name.split(".")[-1] in keys
        if thing not in goldens and not in_unit:
            yield thing


def check():
    with open(LIST, encoding="utf-8") as f:
        known = {line.strip() for line in f if line.strip() and not line.startswith("#")}
    now = set(unseen())
    said = [f"in no test: {thing}" for thing in sorted(now - known)]
    said += [f"tested or gone, take it off tests/unseen: {thing}" for thing in sorted(known - now)]
    said += [f"described, but raised nowhere: {name}" for name in never_raised()]
    return "\n".join(said)


def jobs():
    yield "every field and anomaly in a test", check


if __name__ == "__main__":
    print("\n".join(unseen()))
