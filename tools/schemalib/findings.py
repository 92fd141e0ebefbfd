# SPDX-License-Identifier: Apache-2.0
"""schema/findings.yaml → struct finding, its JSON writer, SQL, TypeScript, the manual's table."""
import re

from schemalib import model
from schemalib.c_records import struct, write_fields, write_type
from schemalib.c_text import indent
from schemalib.documents import STAMP, camel, columns, record_rows, table, ts_members
from schemalib.model import need, take


def read_findings():
    path = model.ROOT / "schema/findings.yaml"
    raw = take(model.load(path), path.name, ("findings",), ("types",))
    types = model.in_order({n: model.read_group(n, t, "types") for n, t in raw.get("types", {}).items()})
    groups = {n: model.read_group(n, t, "findings") for n, t in raw["findings"].items()}
    for name in types:
        need(name.startswith(("finding_", "incident_")), f"{path.name}: {name}", "types are called finding_NAME or incident_NAME")
    return types, groups


def own_names(lines):
    """What records are called record_NAME are called NAME here."""
    types, groups = read_findings()
    names = re.compile(r"struct record_(?=" + "|".join([*types, *groups]) + r")")
    return [names.sub("struct ", line) for line in lines]


def findings_h():
    types, groups = read_findings()
    lines = ["#pragma once", '#include "base/addr.h"', '#include "base/json.h"', ""]
    for group in [*types.values(), *groups.values()]:
        lines += struct("record_" + group.name, group.help, group.fields)
    lines += ["// One JSON object, no newline."]
    lines += [f"void {name}_write_json(struct json *j, const struct {name} *r);" for name in groups]
    return own_names(lines)


def findings_c():
    types, groups = read_findings()
    lines = ['#include "schema/findings.h"', '#include "schema/write.h"', ""]
    for group in types.values():
        lines += write_type(group)
    for name, group in groups.items():
        lines += [f"void {name}_write_json(struct json *j, const struct {name} *r)", "{", "    json_open(j, '{');",
                  *indent(write_fields(group.fields, "r->")), "    json_close(j, '}');", "}", ""]
    return own_names(lines)


def sql():
    types, groups = read_findings()
    lines = []
    for name, group in groups.items():
        rows = [*columns(group.fields, types, "")]
        lines += [f'CREATE TABLE "{name}" (', ",\n".join(f'    "{n}" {kind}' for n, kind in rows), ");", ""]
    return "\n".join(lines)


def typescript():
    types, groups = read_findings()
    lines = []
    for group in [*types.values(), *groups.values()]:
        lines += [f"/** {group.help} */", f"export interface {camel(group.name, '')} {{", *ts_members(group.fields), "}", ""]
    return "\n".join(lines)


def manual():
    types, groups = read_findings()
    lines = ["# Findings", "", "`findings.jsonl`, `incidents.jsonl` and `separation.jsonl` hold one JSON object a line for each; [findings.md](findings.md) says how to read one.",
             "A field without a value is left out.", "", STAMP.format("findings", ""), ""]
    for name, group in groups.items():
        lines += [f"## {name}", "", group.help, ""]
        lines += table(("field", "type", "since", "meaning"), record_rows(group.fields, types, group.since))
    return "\n".join(lines)
