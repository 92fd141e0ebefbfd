# SPDX-License-Identifier: Apache-2.0
"""schema/zeek.yaml → the tables of src/logs/zeek.h."""
import re

from schemalib import model
from schemalib.c_shape import path
from schemalib.c_text import c_text
from schemalib.model import need, take, upper

TYPES = ("time", "interval", "addr", "port", "count", "int", "double", "bool", "string", "enum")
IDS = ["uid string !uid", "id.orig_h addr head.src_ip!orig_h", "id.orig_p port head.src_port!orig_p",
       "id.resp_h addr head.dest_ip!resp_h", "id.resp_p port head.dest_port!resp_p"]


def column(records, record, text, where):
    words = text.split()
    need(len(words) == 3, where, f"{text!r}: name, type and source")
    name, type_, source = words
    where = f"{where}.{name}"
    found = re.fullmatch(r"(?:(set|vector)\[(\w+)\]|(\w+))", type_)
    need(found and (found.group(2) or found.group(3)) in TYPES, where, f"unknown type {type_!r}")
    parsed = re.fullmatch(r"(-|[\w.\[\]]*)(?:!(\w+))?(?:\|(lower|upper))?", source)
    need(parsed, where, f"{source!r} is no source")
    field, special, case = parsed.groups()
    parts = [f".name = {c_text(name)}", f".type_name = {c_text(type_)}",
             f".type = ZEEK_{(found.group(2) or found.group(3)).upper()}"]
    parts += [".many = true"] * bool(found.group(1))
    if field not in ("", "-"):
        parts.append(f".has_path = true, .path = {path(records, record, field, where)}")
    if special:
        parts.append(f".special = &zeek_special_{special}")
    if case:
        parts.append(f".fold = ZEEK_{case.upper()}")
    return "    {" + ", ".join(parts) + "},"


def zeek_c(records):
    file = model.ROOT / "schema/zeek.yaml"
    table = take(model.load(file), file.name, ("logs",))["logs"]
    lines, logs = ['#include "logs/zeek.h"', "#include <stddef.h>", ""], []
    for name, log in table.items():
        where = f"{file.name}: {name}"
        take(log, where, ("record", "columns"), ("when",))
        need(log["record"] in records.records, where, f"no record {log['record']!r}")
        texts = [t for line in log["columns"].strip().split("\n") for t in (IDS if line.strip() == "ids" else [line])]
        lines += [f"static const struct zeek_column {name}_columns[] = {{",
                  *(column(records, log["record"], t, where) for t in texts), "};", ""]
        when = f", true, {path(records, log['record'], log['when'], where)}" if "when" in log else ", false, {}"
        logs.append(f"    {{{c_text(name)}, {upper('RECORD_', log['record'])}, {name}_columns, {len(texts)}{when}}},")
    return [*lines, "const struct zeek_log zeek_logs[] = {", *logs, "};", "",
            "const size_t zeek_log_count = sizeof zeek_logs / sizeof *zeek_logs;"]
