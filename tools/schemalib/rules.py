# SPDX-License-Identifier: Apache-2.0
"""content/rules: where the bytes and numbers rules ask for come from → buffers.h, buffers.c, numbers.c."""
import re

from schemalib import model
from schemalib.c_shape import find, kind
from schemalib.c_text import c_text
from schemalib.model import SCALARS, need, take, upper

HOPS_MOST = 2
SIDES = {"server": "BUFFER_TO_SERVER", "client": "BUFFER_TO_CLIENT", "either": "BUFFER_TO_SERVER | BUFFER_TO_CLIENT"}
SOURCES = {"shown": "BUFFER_SHOWN", "packet": "BUFFER_OF_PACKET", "file": "BUFFER_OF_FILE", "tests": "BUFFER_OF_TESTS",
           "numbers": "BUFFER_OF_NUMBERS"}


def as_list(value):
    return value if isinstance(value, list) else [value] if value else []


class Walk:
    """One field of a record, through lists and objects, as offsets (struct record_path)."""

    def __init__(self, records, text, side, where):
        record, *steps = text.split(".")
        need(record in records.records, where, f"no record {record!r}")
        self.types, self.where, self.record, self.side = records.types, where, record, SIDES[side]
        self.owner, self.fields = f"struct record_{record}", records.records[record].fields
        self.members, self.hops, self.guard, self.field = [], [], "", None
        for step in steps:
            self.step(step)
        type_ = self.field.of if self.field.type == "list" else self.field.type
        need(type_ in SCALARS, where, f"{text!r} is no single value")
        self.kind = kind(type_)

    def step(self, name):
        field = self.field = find(self.fields, name, self.where)
        if field.flag:
            self.guard = f"offsetof({self.owner}, {'.'.join([*self.members, field.flag])})"
        self.members.append(name)
        if field.type == "list":
            need(len(self.hops) < HOPS_MOST, self.where, f"goes through more than {HOPS_MOST} lists")
            at = f"{self.owner}, {'.'.join(self.members)}"
            element = SCALARS[field.of].c if field.of in SCALARS else f"struct record_{field.of}"
            self.hops.append(f"{{offsetof({at}), offsetof({at}_count), sizeof({element}), {self.guard or 'SHAPE_NONE'}}}")
            self.owner, self.members, self.guard = element, [], ""
            self.fields = self.types[field.of].fields if field.of in self.types else []
        elif field.type == "object":
            self.fields = self.types[field.of].fields if field.of else field.fields

    def text(self):
        offset = f"offsetof({self.owner}, {'.'.join(self.members)})" if self.members else "0"
        return (f"{{{upper('RECORD_', self.record)}, {self.kind}, {self.side}, {len(self.hops)}, {{{', '.join(self.hops)}}}, "
                f"{offset}, {self.guard or 'SHAPE_NONE'}}}")


def walks(records, table, where):
    """The fields of `from`; by the side whose they are, where that matters."""
    from_ = table.get("from")
    by_side = take(from_, where, (), ("server", "client")) if isinstance(from_, dict) else {"either": from_}
    return [Walk(records, path, side, where) for side, paths in by_side.items() for path in as_list(paths)]


def names(name, values):
    """A static, NULL-ended list of texts, and how to point at it."""
    if not values:
        return [], "NULL"
    return [f"static const char *const {name}[] = {{{', '.join(map(c_text, values))}, NULL}};"], name


class Buffer:
    def __init__(self, name, table, records, where):
        take(table, where, ("to", "proto") if table.get("proto") else ("to",),
             ("proto", "also", "modifier", "from", "shown", "many", "lower"))
        need(re.fullmatch(r"[a-z0-9_.]+", name), where, "names are lower-case")
        need(table["to"] in SIDES, where, f"to: {', '.join(SIDES)}")
        need(("from" in table) != ("shown" in table), where, "either `from` or `shown`")
        need(table.get("shown", "shown") in SOURCES, where, f"shown: {', '.join(SOURCES)}")
        self.name, self.c = name, upper("", name)
        self.to, self.protos = SIDES[table["to"]], as_list(table.get("proto"))
        self.also, self.modifier = as_list(table.get("also")), as_list(table.get("modifier"))
        self.source = SOURCES[table["shown"]] if "shown" in table else "BUFFER_OF_RECORD"
        self.many, self.lower = table.get("many", False), table.get("lower", False)
        self.walks = walks(records, table, where)
        self.many = self.many or len(self.walks) > len({(w.record, w.side) for w in self.walks}) or any(w.hops for w in self.walks)

    def definition(self):
        lines, parts = [], [f".name = {c_text(self.name)}", f".to = {self.to}", f".source = {self.source}"]
        for member, values in (("protos", self.protos), ("also", self.also), ("modifiers", self.modifier)):
            made, pointer = names(f"{member}_{self.c}", values)
            lines += made
            parts += [f".{member} = {pointer}"] * bool(values)
        if self.walks:
            lines += [f"static const struct record_path paths_{self.c}[] = {{", *(f"    {w.text()}," for w in self.walks), "};"]
            parts += [f".paths = paths_{self.c}", f".paths_count = {len(self.walks)}"]
        parts += [".many = true"] * self.many + [".lower = true"] * self.lower
        return lines, f"    [BUFFER_{self.c}] = {{{', '.join(parts)}}},"


def read_buffers(records):
    path = model.ROOT / "content/rules/buffers.yaml"
    table = take(model.load(path), path.name, ("messages", "buffers", "frames"))
    for name in table["messages"]:
        need(name in records.records, f"{path.name}: messages", f"no record {name!r}")
    buffers = [Buffer(name, entry, records, f"{path.name}: {name}") for name, entry in table["buffers"].items()]
    spelt = [n for b in buffers for n in (b.name, *b.also, *b.modifier)]
    for name in spelt:
        need(spelt.count(name) == 1, path.name, f"{name} stands twice")
    frames = [f"{proto}.{name}" for proto, entries in table["frames"].items() for name in entries]
    return table["messages"], buffers, frames


def read_numbers():
    path = model.ROOT / "content/rules/numbers.yaml"
    return take(model.load(path), path.name, ("numbers",))["numbers"]


def buffers_h(buffers, frames):
    shown = [name for name, entry in read_numbers().items() if "shown" in entry]
    return ["#pragma once", '#include "schema/buffer_path.h"', "",
            "// Sticky buffers of rules. BUFFER_PAYLOAD: no buffer was named.", "enum rule_buffer {",
            *(f"    BUFFER_{b.c}," for b in buffers), "    RULE_BUFFERS", "};", "",
            "// Numbers that parsers show.", "enum rule_shown {", "    SHOWN_NONE,",
            *(f"    {upper('SHOWN_', name)}," for name in shown), "};", "",
            "// What BUFFER_FRAME is an instance of.", "enum rule_frame {",
            *(f"    {upper('FRAME_', f)}," for f in frames), "    RULE_FRAMES", "};", "",
            "extern const char *const rule_frame_names[RULE_FRAMES]; // \"smb.smb2.hdr\"",
            "extern const struct rule_buffer_info rule_buffer_infos[RULE_BUFFERS];"]


def buffers_c(messages, buffers, frames):
    definitions = [b.definition() for b in buffers]
    return ['#include "schema/buffers.h"', "#include <stddef.h>", "",
            *(line for lines, _ in definitions for line in lines), "",
            "const struct rule_buffer_info rule_buffer_infos[RULE_BUFFERS] = {", *(entry for _, entry in definitions), "};", "",
            "const char *const rule_frame_names[RULE_FRAMES] = {", *(f"    {c_text(f)}," for f in frames), "};", "",
            "const bool record_is_message[RECORD_TYPES] = {", *(f"    [{upper('RECORD_', m)}] = true," for m in messages), "};"]


def words_in(name, where):
    """{word: number} of a .def file of src/proto."""
    path = model.ROOT / "src/proto" / name
    need(path.exists(), where, f"no file {path}")
    model.sources.add(path)
    return {word: int(number) for number, word in re.findall(r'\((\d+), "([^"]+)"', path.read_text(encoding="utf-8"))}


def number_definition(name, table, records, where):
    take(table, where, ("to", "proto"), ("from", "shown", "words", "words_in"))
    need(("from" in table) != ("shown" in table), where, "either `from` or `shown`")
    need(table["to"] in SIDES, where, f"to: {', '.join(SIDES)}")
    paths = walks(records, table, where)
    words = {str(w): n for w, n in table.get("words", {}).items()} or words_in(table["words_in"], where) if {"words", "words_in"} & set(table) else {}
    lines, pointer = names(f"protos_{name}", as_list(table["proto"]))
    parts = [f".to = {SIDES[table['to']]}", f".protos = {pointer}"]
    if paths:
        lines += [f"static const struct record_path paths_{name}[] = {{", *(f"    {w.text()}," for w in paths), "};"]
        parts += [f".paths = paths_{name}", f".paths_count = {len(paths)}"]
    else:
        parts += [f".shown = {upper('SHOWN_', name)}"]
    if words:
        lines += [f"static const struct rule_word words_{name}[] = {{",
                  *(f"    {{{c_text(word)}, {number}}}," for word, number in words.items()), "};"]
        parts += [f".words = words_{name}", f".words_count = {len(words)}"]
    return lines, f"    [RULE_ON_{name}] = {{{', '.join(parts)}}},"


def numbers_c(records):
    made = [number_definition(name, entry, records, f"numbers.yaml: {name}") for name, entry in read_numbers().items()]
    return ['#include "rules/rule.h"', '#include "rules/record_number.h"', '#include "schema/buffers.h"',
            "#include <stddef.h>", "",
            *(line for lines, _ in made for line in lines), "",
            "const struct rule_number_source rule_number_sources[RULE_ON_COUNT] = {", *(entry for _, entry in made), "};"]


def events_c(anomalies):
    path = model.ROOT / "content/rules/events.yaml"
    table = take(model.load(path), path.name, ("events",))["events"]
    known = {entry.name for entry in anomalies}
    lines = []
    for event, meant in (table or {}).items():
        for anomaly in as_list(meant):
            need(anomaly in known, f"{path.name}: {event}", f"no anomaly {anomaly!r}")
            lines.append(f"    {{{c_text(event)}, {upper('ANOMALY_', anomaly)}}},")
    return ['#include "rules/record_number.h"', "", "const struct rule_event_name rule_event_names[] = {", *lines,
            "    {NULL, ANOMALY_NONE},", "};"]
