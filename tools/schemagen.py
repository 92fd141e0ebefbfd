#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Say it once: everything schema/ and content/text/ describe is written from there.

  schemagen.py --out DIR    C (records, anomalies, metrics, config, text), schema.sql, records.d.ts
  schemagen.py --manual     doc/manual/reference-*.md and packaging/yagura.yaml
  schemagen.py --check      exit 1 when one of those is stale

What the YAML may say stands at the head of each schema file. A mistake there ends in one line on
stderr that names file, place and what is wrong.
"""
import argparse
import ipaddress
import re
import sys
from dataclasses import dataclass, field as default
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
GENERATED = "// SPDX-License-Identifier: Apache-2.0\n// Written by tools/schemagen.py from {source}; edit that.\n"


class Mistake(Exception):
    """The schema is wrong; the text says where."""


# ---------------------------------------------------------------- reading YAML strictly


class StrictLoader(yaml.SafeLoader):
    """Refuses a key that stands twice: PyYAML would keep the last one in silence."""

    def construct_mapping(self, node, deep=False):
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                line = key.start_mark.line + 1
                raise Mistake(f"{self.name}:{line}: {key.value} stands twice")
            seen.add(key.value)
        return super().construct_mapping(node, deep)


sources = set()  # every file read: the build's dependencies


def load(path):
    sources.add(path)
    with open(path, encoding="utf-8") as stream:
        try:
            return yaml.load(stream, StrictLoader) or {}
        except yaml.YAMLError as problem:
            raise Mistake(f"{path}: {problem}") from None


def need(condition, where, problem):
    if not condition:
        raise Mistake(f"{where}: {problem}")


def take(table, where, required, optional=()):
    """A mapping with exactly these keys."""
    need(isinstance(table, dict), where, "should be a mapping")
    for key in table:
        need(key in required or key in optional, where, f"unknown attribute {key!r}")
    for key in required:
        need(table.get(key) not in (None, ""), where, f"has no {key}")
    return table


def identifier(text, where):
    need(isinstance(text, str) and re.fullmatch(r"[a-z][a-z0-9_]*", text), where,
         f"{text!r} is not a lower-case C identifier")
    return text


def upper(prefix, name):
    return prefix + re.sub(r"[^A-Z0-9]", "_", name.upper())


def c_text(text):
    """A C string constant; other bytes than ASCII as octal, which cannot swallow what follows."""
    plain = {ord('"'): '\\"', ord("\\"): "\\\\", 10: "\\n"}
    return '"' + "".join(plain.get(b) or (chr(b) if 32 <= b < 127 else f"\\{b:03o}")
                         for b in text.encode()) + '"'


def indent(lines, by=4):
    return [" " * by + line if line else line for line in lines]


# ---------------------------------------------------------------- records: the model


@dataclass(frozen=True)
class Scalar:
    c: str        # C type
    write: str    # C statement that writes the value $ to j
    present: str  # C condition under which it is written; "" for always
    sql: str
    ts: str
    shape: str    # for the manual


def number(c, write="json_u64(j, $)", ts="number", shape="number", sql="BIGINT"):
    return Scalar(c, write, "", sql, ts, shape)


SCALARS = {
    "text": Scalar("struct bytes", "json_text(j, $)", "$.data", "TEXT", "string", "text"),
    "hex": Scalar("struct bytes", "json_hex(j, $)", "$.data", "TEXT", "string", "hex"),
    "mac": Scalar("struct bytes", "json_mac(j, $)", "$.data", "TEXT", "string", "MAC address"),
    "addr": Scalar("struct addr", "json_addr(j, &$)", "$.version", "TEXT", "string", "address"),
    "time": Scalar("int64_t", "json_time(j, $)", "$", "BIGINT", "string", "time"),
    "bool": Scalar("bool", "json_bool(j, $)", "$", "BOOLEAN", "boolean", "true/false"),
    "double": number("double", "json_double(j, $)", sql="DOUBLE"),
    "i64": number("int64_t", "json_i64(j, $)"),
    "u8": number("uint8_t"),
    "u16": number("uint16_t"),
    "u32": number("uint32_t"),
    "u64": number("uint64_t"),
    "u8_hex": number("uint8_t", "write_hex8(j, $)", "string", "hex", "TEXT"),
    "u16_hex": number("uint16_t", "write_hex16(j, $)", "string", "hex", "TEXT"),
}
SPECIAL = {"list", "object", "metrics", "record_type"}


@dataclass
class Field:
    name: str
    type: str
    help: str
    since: str = "0.1"
    of: str = ""
    unit: str = ""
    key: str = ""
    optional: bool = False
    always: bool = False
    top: bool = False
    fields: list = default(default_factory=list)

    @property
    def scalar(self):
        return SCALARS.get(self.type)

    @property
    def flag(self):
        """The member that says whether an optional value is there."""
        return "has_" + self.name if self.optional else ""


@dataclass
class Group:
    """The fields of a record, or of a type that lists hold."""
    name: str
    help: str
    fields: list
    since: str = "0.1"


@dataclass
class Records:
    head: list
    types: dict
    records: dict


def read_field(table, where):
    take(table, where, ("name", "type", "help"),
         ("since", "of", "unit", "key", "optional", "always", "top", "fields"))
    where = f"{where}.{table['name']}"
    identifier(table["name"], where)
    need(table["type"] in SCALARS or table["type"] in SPECIAL, where,
         f"unknown type {table['type']!r}; allowed: {', '.join(sorted(SPECIAL | set(SCALARS)))}")
    values = dict(table, since=str(table.get("since", "0.1")))
    if "fields" in values:
        values["fields"] = read_fields(values["fields"], where)
    field = Field(**values)
    field.key = field.key or field.name
    need(field.type != "list" or field.of, where, "a list needs `of`")
    need(field.type != "object" or field.of or field.fields, where, "an object needs `fields` or `of`")
    need(not field.optional or field.type == "object" or not field.scalar.present, where,
         "only numbers and objects can be `optional`; the others are left out by their value")
    return field


def read_fields(tables, where):
    need(isinstance(tables, list), where, "fields should be a list")
    fields = [read_field(table, where) for table in tables]
    names = [f.name for f in fields] + [f.flag for f in fields if f.flag]
    for name in names:
        need(names.count(name) == 1, where, f"{name} stands twice")
    return fields


def read_group(name, table, where):
    where = f"{where}.{name}"
    identifier(name, where)
    take(table, where, ("help", "fields"), ("since",))
    return Group(name, table["help"], read_fields(table["fields"], where), str(table.get("since", "0.1")))


def uses(fields):
    """Names of the types these fields hold."""
    for field in fields:
        if field.of and field.of not in SCALARS:
            yield field.of
        yield from uses(field.fields)


def in_order(types):
    """Types with those they use before them, as C wants them."""
    done, open_ = {}, []

    def visit(name, where):
        need(name in types, where, f"unknown type {name!r}")
        need(name not in open_, where, f"type {name} holds itself")
        if name not in done:
            open_.append(name)
            for other in uses(types[name].fields):
                visit(other, f"types.{name}")
            done[open_.pop()] = types[name]
    for name in types:
        visit(name, "types")
    return done


def read_records():
    path = ROOT / "schema/records.yaml"
    raw = take(load(path), path.name, ("head", "records"), ("types",))
    types = {name: read_group(name, table, "types") for name, table in (raw.get("types") or {}).items()}
    records = {name: read_group(name, table, "records") for name, table in raw["records"].items()}
    for record in records.values():
        need(record.name not in types and record.name != "head", f"records.{record.name}",
             "a type has the same name")
        for name in uses(record.fields):
            need(name in types, f"records.{record.name}", f"unknown type {name!r}")
    return Records(read_fields(raw["head"], "head"), in_order(types), records)


# ---------------------------------------------------------------- records: C


def c_type(name):
    return SCALARS[name].c if name in SCALARS else f"struct record_{name}"


def members(fields):
    """C members, one line each, help as comment."""
    for field in fields:
        note = f" // {field.help}" + (f" [{field.unit}]" if field.unit else "")
        if field.flag:
            yield f"bool {field.flag};"
        if field.type == "list":
            yield f"const {c_type(field.of)} *{field.name};{note}"
            yield f"size_t {field.name}_count;"
        elif field.type == "metrics":
            yield f"const struct metrics *{field.name};{note}"
        elif field.type == "object" and field.of:
            yield f"struct record_{field.of} {field.name};{note}"
        elif field.type == "object":
            yield f"struct {{{note}"
            yield from indent(members(field.fields))
            yield f"}} {field.name};"
        elif field.scalar:
            yield f"{field.scalar.c} {field.name};{note}"


def guarded(condition, lines):
    return [f"if ({condition}) {{", *indent(lines), "}"] if condition else lines


def write_value(type_, expression):
    if type_ in SCALARS:
        return SCALARS[type_].write.replace("$", expression) + ";"
    return f"write_{type_}(j, &{expression});"


def write_list(field, member):
    return guarded(f"{member}_count", [
        f'JSON_KEY(j, "{field.key}");',
        "json_open(j, '[');",
        f"for (size_t i = 0; i < {member}_count; i++) {{",
        "    json_next(j);",
        "    json_open(j, '{');" if field.of not in SCALARS else "",
        "    " + write_value(field.of, f"{member}[i]"),
        "    json_close(j, '}');" if field.of not in SCALARS else "",
        "}",
        "json_close(j, ']');"])


def write_object(field, member, flag):
    mark = re.sub(r"\W+", "_", member)
    inner = [f"write_{field.of}(j, &{member});"] if field.of else write_fields(field.fields, member + ".")
    return guarded(flag, [
        f'struct write_mark {mark} = WRITE_BEGIN(j, "{field.key}");',
        *inner,
        f"write_end(j, {mark});"])


def write_field(field, base):
    member = base + field.name
    flag = base + field.flag if field.flag else ""
    if field.type == "list":
        return write_list(field, member)
    if field.type == "object":
        return write_object(field, member, flag)
    if field.type == "metrics":
        return [f"metrics_write_members(j, {member});"]
    if field.type == "record_type":
        return ["json_key(j, type_members[r->type].text, type_members[r->type].len);"]
    condition = "" if field.always else flag or field.scalar.present.replace("$", member)
    return guarded(condition, [f'JSON_KEY(j, "{field.key}");', write_value(field.type, member)])


def write_fields(fields, base):
    return [line for field in fields for line in write_field(field, base) if line]


def write_record(record):
    inside = write_fields([f for f in record.fields if not f.top], "r->")
    beside = write_fields([f for f in record.fields if f.top], "r->")
    return [f"static void write_{record.name}(struct json *j, const struct record_{record.name} *r)", "{",
            f'    struct write_mark mark = WRITE_BEGIN(j, "{record.name}");',
            *indent(inside), "    write_end(j, mark);", *indent(beside), "}", ""]


def write_type(group):
    return [f"[[maybe_unused]] static void write_{group.name}(struct json *j, const struct record_{group.name} *r)", "{",
            *indent(write_fields(group.fields, "r->")), "}", ""]


def struct(name, help_, fields):
    return [f"// {help_}", f"struct {name} {{", *indent(members(fields)), "};", ""]


def records_h(model):
    lines = ["#pragma once", '#include "base/addr.h"', '#include "base/json.h"',
             '#include "schema/metrics.h"', "", "enum record_type {", "    RECORD_NONE,",
             *indent(upper("RECORD_", name) + "," for name in model.records), "    RECORD_TYPES", "};", ""]
    lines += struct("record_head", "Fields of every record.", model.head)
    for group in [*model.types.values(), *model.records.values()]:
        lines += struct("record_" + group.name, group.help, group.fields)
    return lines + [
        "struct record {", "    struct record_head head;", "    enum record_type type;",
        "    const void *body; // struct record_TYPE", "};", "",
        "// Name of a record type as event_type has it.", "const char *record_type_name(enum record_type type);", "",
        "// One JSON object in EVE's shape, no newline.",
        "void record_write_json(struct json *j, const struct record *r);"]


def records_c(model):
    lines = ['#include "schema/records.h"', '#include "schema/write.h"', "#include <assert.h>", "",
             "static const struct {", "    const char *text;", "    size_t len;", "} type_members[RECORD_TYPES] = {"]
    for name in model.records:
        member = c_text(f'"event_type":"{name}"')
        lines.append(f"    [{upper('RECORD_', name)}] = {{{member}, sizeof({member}) - 1}},")
    lines += ["};", "", "const char *record_type_name(enum record_type type)", "{",
              "    static const char *const names[RECORD_TYPES] = {", '        [RECORD_NONE] = "none",']
    lines += [f'        [{upper("RECORD_", name)}] = "{name}",' for name in model.records]
    lines += ["    };", "    assert(type < RECORD_TYPES);", "    return names[type];", "}", ""]
    for group in model.types.values():
        lines += write_type(group)
    for record in model.records.values():
        lines += write_record(record)
    lines += ["void record_write_json(struct json *j, const struct record *r)", "{",
              "    assert(r->type > RECORD_NONE && r->type < RECORD_TYPES);", "    json_open(j, '{');",
              *indent(write_fields(model.head, "r->head.")), "    switch (r->type) {"]
    for name in model.records:
        lines += [f"    case {upper('RECORD_', name)}:", f"        write_{name}(j, r->body);", "        break;"]
    return lines + ["    case RECORD_NONE:", "    case RECORD_TYPES:", "        break;", "    }",
                    "    json_close(j, '}');", "}"]


# ---------------------------------------------------------------- anomalies and metrics: C


@dataclass
class Entry:
    name: str
    help: str
    layer: str = ""
    unit: str = ""
    since: str = "0.1"
    peak: bool = False


def read_entries(section, required, optional):
    path = ROOT / f"schema/{section}.yaml"
    tables = take(load(path), path.name, (section,))[section]
    entries = []
    for name, table in tables.items():
        where = f"{path.name}: {name}"
        need(re.fullmatch(r"[a-z0-9_]+(\.[a-z0-9_]+)+", name), where, "names are dotted and lower-case")
        entries.append(Entry(name, **take(table, where, required, optional)))
        entries[-1].since = str(entries[-1].since)
    spelt = [upper("", e.name) for e in entries]
    for entry, c_name in zip(entries, spelt):
        need(spelt.count(c_name) == 1, f"{path.name}: {entry.name}", "another name has the same spelling in C")
    return entries


def read_anomalies():
    entries = read_entries("anomalies", ("layer", "help"), ("since",))
    for entry in entries:
        need(entry.layer in ("decode", "stream", "applayer"), f"anomalies.yaml: {entry.name}",
             "layer is decode, stream or applayer")
    return entries


def anomalies_h(entries):
    return ["#pragma once", "", "enum anomaly {", "    ANOMALY_NONE,",
            *(f"    {upper('ANOMALY_', e.name)}, // {e.help}" for e in entries), "    ANOMALIES", "};", "",
            '// "ipv4.trunc_pkt"', "const char *anomaly_name(enum anomaly anomaly);", "",
            '// "decode", "stream" or "applayer"', "const char *anomaly_layer(enum anomaly anomaly);"]


def anomalies_c(entries):
    lines = ['#include "schema/anomalies.h"', "#include <assert.h>", "",
             "static const struct {", "    const char *name;", "    const char *layer;", "} table[ANOMALIES] = {",
             '    [ANOMALY_NONE] = {"none", "none"},']
    lines += [f'    [{upper("ANOMALY_", e.name)}] = {{"{e.name}", "{e.layer}"}},' for e in entries]
    lines.append("};")
    for what in ("name", "layer"):
        lines += ["", f"const char *anomaly_{what}(enum anomaly anomaly)", "{",
                  "    assert(anomaly < ANOMALIES);", f"    return table[anomaly].{what};", "}"]
    return lines


def tree(entries):
    """Dotted names as nested dicts, for the JSON writers."""
    root = {}
    for entry in entries:
        *path, leaf = entry.name.split(".")
        at = root
        for step in path:
            at = at.setdefault(step, {})
            need(isinstance(at, dict), entry.name, f"{step} is a value already")
        need(leaf not in at, entry.name, "is the beginning of another name")
        at[leaf] = entry
    return root


def metrics_h(entries):
    lines = ["#pragma once", '#include "base/json.h"', '#include "schema/anomalies.h"', "",
             "// Counters of one worker. Plain numbers: a worker owns its own, they are added at the end.",
             "struct metrics {"]
    for e in entries:
        notes = " ".join(["//", e.help] + [f"[{e.unit}]"] * bool(e.unit) + ["(largest)"] * e.peak)
        lines.append(f"    uint64_t {e.name.replace('.', '_')}; {notes}")
    return lines + [
        "    uint64_t anomalies[ANOMALIES]; // how often each was noticed", "};", "",
        f"enum {{ METRICS = {len(entries)} }}; // without the anomalies", "",
        '// "capture.packets" and its value; i < METRICS.', "const char *metric_name(size_t i);",
        "uint64_t metric_value(const struct metrics *m, size_t i);", "bool metric_is_peak(size_t i);", "",
        "// Sum that stops at UINT64_MAX; peaks take the larger.",
        "void metrics_add(struct metrics *to, const struct metrics *from);", "",
        "// Members nested by the dots of their names, without braces around them all; anomalies that",
        '// occurred stand under "event".', "void metrics_write_members(struct json *j, const struct metrics *m);",
        "// The same as one JSON object.", "void metrics_write_json(struct json *j, const struct metrics *m);"]


def write_tree(branch, leaf, depth=0):
    for key, value in branch.items():
        if isinstance(value, dict):
            yield f'struct write_mark mark_{depth}_{key} = WRITE_BEGIN(j, "{key}");'
            yield from write_tree(value, leaf, depth + 1)
            yield f"write_end(j, mark_{depth}_{key});"
        else:
            yield from leaf(key, value)


def write_metric(key, entry):
    return [f'JSON_KEY(j, "{key}");', f"json_u64(j, m->{entry.name.replace('.', '_')});"]


def write_anomaly(key, entry):
    count = f"m->anomalies[{upper('ANOMALY_', entry.name)}]"
    return guarded(count, [f'JSON_KEY(j, "{key}");', f"json_u64(j, {count});"])


def blocks(lines):
    """Names of marks repeat in different branches: each top branch gets a scope of its own."""
    scoped = []
    for line in lines:
        if line.startswith("struct write_mark mark_0_"):
            scoped.append("{")
        scoped.append(line)
        if line.startswith("write_end(j, mark_0_"):
            scoped.append("}")
    return scoped


def metrics_c(entries, anomalies):
    lines = ['#include "schema/metrics.h"', '#include "schema/write.h"', "#include <assert.h>", "",
             "static const struct {", "    const char *name;", "    bool peak;", "} table[METRICS] = {"]
    lines += [f'    {{"{e.name}", {str(e.peak).lower()}}},' for e in entries]
    lines += ["};", "", "_Static_assert(offsetof(struct metrics, anomalies) == METRICS * sizeof(uint64_t),",
              '    "metrics are read as an array");', "",
              "static void write_anomalies(struct json *j, const struct metrics *m)", "{",
              *indent(blocks(write_tree(tree(anomalies), write_anomaly))), "}", "",
              "void metrics_write_members(struct json *j, const struct metrics *m)", "{",
              *indent(blocks(write_tree(tree(entries), write_metric))),
              '    struct write_mark mark = WRITE_BEGIN(j, "event");', "    write_anomalies(j, m);",
              "    write_end(j, mark);", "}", ""]
    return lines + [
        "const char *metric_name(size_t i)", "{", "    assert(i < METRICS);", "    return table[i].name;", "}", "",
        "bool metric_is_peak(size_t i)", "{", "    assert(i < METRICS);", "    return table[i].peak;", "}"]


# ---------------------------------------------------------------- main


def write_if_changed(path, text):
    """Leaves the time of an unchanged file alone, so that nothing is built again for it."""
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def c_file(source, lines):
    return GENERATED.format(source=source) + "\n".join(lines) + "\n"


def build_files():
    model, anomalies = read_records(), read_anomalies()
    metrics = read_entries("metrics", ("help",), ("unit", "since", "peak"))
    return {
        "records.h": c_file("schema/records.yaml", records_h(model)),
        "records.c": c_file("schema/records.yaml", records_c(model)),
        "anomalies.h": c_file("schema/anomalies.yaml", anomalies_h(anomalies)),
        "anomalies.c": c_file("schema/anomalies.yaml", anomalies_c(anomalies)),
        "metrics.h": c_file("schema/metrics.yaml", metrics_h(metrics)),
        "metrics.c": c_file("schema/metrics.yaml", metrics_c(metrics, anomalies)),
    }


def write_build(out):
    files = build_files()
    for name, text in files.items():
        write_if_changed(out / name, text)
    inputs = " ".join(sorted(str(path) for path in sources))
    (out / "schema.d").write_text(f"{' '.join(str(out / name) for name in files)}: {inputs}\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    try:
        if arguments.out:
            write_build(arguments.out)
    except Mistake as mistake:
        sys.exit(f"schemagen: {mistake}")


if __name__ == "__main__":
    main()
