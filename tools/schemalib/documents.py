# SPDX-License-Identifier: Apache-2.0
"""What others read: SQL columns, TypeScript types, the manual's tables."""
from schemalib.config import allowed, yaml_value
from schemalib.model import SCALARS, need

# ---------------------------------------------------------------- SQL


def columns(fields, types, prefix):
    """(name, type) pairs. Lists are one column of JSON text; objects one for each field in them."""
    for field in fields:
        name = prefix + field.key
        if field.flag and field.type != "object":
            yield field.column or name, f"{field.scalar.sql} DEFAULT -1"
        elif field.scalar:
            yield field.column or name, field.scalar.sql + (" DEFAULT ''" if field.scalar.sql == "TEXT" else " DEFAULT 0")
        elif field.type in ("list", "metrics", "pairs", "pair_lists"):
            yield name, "TEXT DEFAULT ''"
        elif field.type == "object":
            inside = types[field.of].fields if field.of else field.fields
            yield from columns(inside, types, ("" if field.top else prefix) + field.key + "_")


def sql(model):
    lines = ["-- Written by tools/schemagen.py from schema/records.yaml and schema/protocols; edit that.",
             "-- One table a record type, for DuckDB, SQLite and ClickHouse (which adds its ENGINE). Times are",
             "-- microseconds since 1970, addresses text, lists JSON text. Nothing is NULL: a missing text is '',",
             "-- a missing number -1 where the record may leave it out.", ""]
    for record in model.records.values():
        rows = [*columns(model.head, model.types, ""), *columns(record.fields, model.types, record.name + "_")]
        names = [name for name, _ in rows]
        for name in names:
            need(names.count(name) == 1, f"records.{record.name}", f"SQL column {name} stands twice; use `column:`")
        lines += [f'CREATE TABLE "{record.name}" (', ",\n".join(f'    "{n}" {kind}' for n, kind in rows), ");", ""]
    return "\n".join(lines)


# ---------------------------------------------------------------- TypeScript


def always_there(fields):
    return any(always(f) for f in fields)


def always(field):
    if field.type == "metrics":
        return True
    if field.type in ("pairs", "pair_lists"):
        return False
    if field.scalar:
        return field.always or not (field.flag or field.scalar.present)
    return field.type == "object" and not field.of and not field.flag and always_there(field.fields)


def camel(name, suffix):
    return "".join(part.capitalize() for part in name.split("_")) + suffix


def ts_type(field, by):
    if field.type == "list":
        inner = SCALARS[field.of].ts if field.of in SCALARS else camel(field.of, "")
        return inner + "[]"
    if field.type == "object":
        return camel(field.of, "") if field.of else "\n".join(["{", *ts_members(field.fields, by + "  "), by + "}"])
    if field.type == "record_type":
        return "RecordType"
    return field.scalar.ts


def ts_members(fields, by="  "):
    for field in fields:
        yield f"{by}/** {field.help} */"
        if field.type in ("metrics", "pairs", "pair_lists"):
            yield f"{by}[group: string]: unknown;"
        else:
            mark = "" if always(field) or field.type == "record_type" else "?"
            yield f"{by}{field.key}{mark}: {ts_type(field, by)};"


def ts_record(record):
    own = [f for f in record.fields if not f.top]
    mark = "" if always_there(own) else "?"
    return [f"/** {record.help} */", f"export interface {camel(record.name, 'Record')} extends RecordHead {{",
            f'  event_type: "{record.name}";', f"  {record.name}{mark}: {{", *ts_members(own, "    "), "  };",
            *ts_members([f for f in record.fields if f.top]), "}", ""]


def typescript(model):
    lines = ["// Written by tools/schemagen.py from schema/records.yaml and schema/protocols; edit that.", "",
             "export type RecordType = " + " | ".join(f'"{name}"' for name in model.records) + ";", "",
             "/** Fields of every record. */", "export interface RecordHead {", *ts_members(model.head), "}", ""]
    for group in model.types.values():
        lines += [f"/** {group.help} */", f"export interface {camel(group.name, '')} {{",
                  *ts_members(group.fields), "}", ""]
    for record in model.records.values():
        lines += ts_record(record)
    union = " | ".join(camel(name, "Record") for name in model.records)
    return "\n".join([*lines, f"export type YaguraRecord = {union};", ""])


# ---------------------------------------------------------------- manual

PROTOCOLS = " and schema/protocols"
STAMP = "<!-- Written by tools/schemagen.py from schema/{}.yaml{}; edit that and run `tools/schemagen.py --manual`. -->"


def cell(text):
    return str(text).replace("|", "\\|").replace("<", "&lt;")


def table(head, rows):
    return [" | ".join(["", *head, ""]).strip(), "|---" * len(head) + "|",
            *("| " + " | ".join(cell(c) for c in row) + " |" for row in rows), ""]


def shape(field):
    if field.type == "list":
        return "list of " + (SCALARS[field.of].shape if field.of in SCALARS else "objects")
    return field.scalar.shape if field.scalar else {"record_type": "text", "pairs": "names and texts", "pair_lists": "names and lists of texts"}.get(field.type, "object")


def record_rows(fields, types, since, prefix=""):
    for field in fields:
        name = ("" if field.top else prefix) + field.key
        unit = f" ({field.unit})" if field.unit else ""
        yield f"`{name}`", shape(field), max(field.since, since), field.help + unit
        inside = types[field.of].fields if field.of in types else field.fields
        yield from record_rows(inside, types, since, name + ("[]." if field.type == "list" else "."))


RECORDS_TOP = """# Records

`events.jsonl` holds one JSON object a line. Each has the fields of every record, `event_type` among
them, and an object of that name with what follows below. Names and habits are those of Suricata's
EVE. A field without a value is left out: a text that was not there, a number the protocol did not
give, a list without elements, `false` where nothing else is said. Times are UTC with microseconds,
bytes that are no valid UTF-8 are written as `\\u00XX` of their value.
"""


def manual_records(model):
    head = ("field", "type", "since", "meaning")
    lines = [RECORDS_TOP, STAMP.format("records", PROTOCOLS), "", "## Every record", "",
             *table(head, record_rows(model.head, model.types, "0.1"))]
    for record in model.records.values():
        rows = record_rows(record.fields, model.types, record.since, record.name + ".")
        lines += [f"## {record.name}", "", record.help, "", *table(head, rows)]
    return "\n".join(lines)


def manual_anomalies(entries):
    lines = ["# Anomalies", "", "Each is written as an `anomaly` record (`anomaly.event`) and counted in `stats.event`.",
             "Those of packets have `decoder.` before their name in the record, as in EVE. What happens all the time is",
             "seen by rules only, and said so.",
             "", STAMP.format("anomalies", PROTOCOLS), ""]
    for layer, title in (("decode", "Packets"), ("stream", "TCP streams"), ("applayer", "Application protocols")):
        rows = [(f"`{e.name}`", e.since, e.help + " Rules only." * e.rules_only) for e in entries if e.layer == layer]
        lines += [f"## {title} (`{layer}`)", "", *table(("event", "since", "meaning"), rows)]
    return "\n".join(lines)


def manual_metrics(entries):
    rows = [(f"`{e.name}`", e.unit, e.since, e.help + (" The largest of all workers." if e.peak else ""))
            for e in entries]
    return "\n".join(["# Metrics", "", "Written as one `stats` record at the end of a run, nested by the dots. Under `event` stands how often",
                      "each anomaly occurred (reference-anomalies.md), for those that did.", "",
                      STAMP.format("metrics", ""), "", *table(("metric", "unit", "since", "meaning"), rows)])


def config_rows(keys, prefix=""):
    for key in keys:
        path = prefix + key.name
        value = "" if key.type in ("section", "list") or key.required or key.default is None else f"`{yaml_value(key.default)}`"
        kind = f"list of {key.of}s" if key.type == "list" else key.type
        yield f"`{path}`", kind, value, allowed(key), key.since, key.help
        yield from config_rows(key.fields, path + ("[]." if key.type == "list" else "."))


def manual_config(keys):
    head = ("key", "type", "default", "allowed", "since", "meaning")
    return "\n".join([
        "# Configuration", "", "A YAML file given with `-c`. `packaging/yagura.yaml` shows every key with its default.",
        "A wrong key, type or value is refused with file, line, key and what is allowed;",
        "`yagura check-config FILE` says so without starting anything.", "", STAMP.format("config", ""), "",
        *table(head, config_rows(keys))])
