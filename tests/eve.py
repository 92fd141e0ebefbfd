# SPDX-License-Identifier: Apache-2.0
"""What our records share with Suricata's EVE JSON is of the types its consumers know: tests/eve.yaml as a JSON
Schema, and every golden's records held to it. A field named there that no golden has fails as well: nothing is
said of EVE that has not been seen."""
import glob
import json
import os

import jsonschema
import yaml

HERE = os.path.dirname(os.path.abspath(__file__))
SIMPLE = {
    "string": {"type": "string"},
    "integer": {"type": "integer"},
    "boolean": {"type": "boolean"},
    "number": {"type": "number"},
    "time": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}[+-]\d{4}$"},
    "address": {"type": "string", "pattern": r"^(\d{1,3}(\.\d{1,3}){3}|[0-9a-f:.]*:[0-9a-f:.]*)$"},
}


def schema_of(shape):
    if isinstance(shape, list):
        return {"type": "array", "items": schema_of(shape[0])}
    if isinstance(shape, dict):
        return {"type": "object", "properties": {key: schema_of(inner) for key, inner in shape.items()}}
    return SIMPLE[shape]


def paths(shape, before):
    if isinstance(shape, list):
        yield from paths(shape[0], before)
    elif isinstance(shape, dict):
        for key, inner in shape.items():
            yield from paths(inner, (*before, key))
    else:
        yield before


def seen_in(value, before):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from seen_in(inner, (*before, key))
    elif isinstance(value, list):
        for inner in value:
            yield from seen_in(inner, before)
    else:
        yield before


def validators(described):
    for name, shape in described["types"].items():
        whole = schema_of({**described["common"], name: shape})
        whole["required"] = described["required"]
        jsonschema.Draft7Validator.check_schema(whole)
        yield name, jsonschema.Draft7Validator(whole)


def check():
    """"" when all is well, else what is not."""
    with open(os.path.join(HERE, "eve.yaml"), encoding="utf-8") as f:
        described = yaml.safe_load(f)
    schemas, problems, seen = dict(validators(described)), [], set()
    for path in sorted(glob.glob(os.path.join(HERE, "pcap", "*", "*", "expected.jsonl"))):
        with open(path, encoding="utf-8") as f:
            for number, record in enumerate(map(json.loads, f), 1):
                seen.update(seen_in(record, ()))
                schema = schemas.get(record["event_type"])
                for error in schema.iter_errors(record) if schema else ():
                    where = ".".join(map(str, error.absolute_path))
                    problems.append(f"{os.path.relpath(path, HERE)}:{number}: {where}: {error.message[:200]}")
    wanted = {(key,) for key in described["common"]}
    for name, shape in described["types"].items():
        wanted.update(paths(shape, (name,)))
    problems += [f"eve.yaml: no golden has {'.'.join(path)}" for path in sorted(wanted - seen)]
    return "\n".join(problems[:40])


if __name__ == "__main__":
    print(check() or "ok")
