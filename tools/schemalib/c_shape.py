# SPDX-License-Identifier: Apache-2.0
"""Records as tables of offsets (src/schema/shape.h), for code that goes by names."""
from schemalib.c_text import c_text
from schemalib.model import SCALARS, need, upper

ELEMENTS = ["static const uint16_t text_texts[] = {0};",
            "static const uint16_t pair_texts[] = {offsetof(struct json_pair, name), offsetof(struct json_pair, value)};",
            "static const struct shape shape_text = {NULL, 0, sizeof(struct bytes), text_texts, 1, NULL, 0};",
            "static const struct shape shape_pair = {NULL, 0, sizeof(struct json_pair), pair_texts, 2, NULL, 0};"]
UNITS = {"us": 1_000_000, "ms": 1000, "s": 1}


def kind(name):
    return f"SHAPE_{name.upper()}" if name in SCALARS else "SHAPE_OBJECT"


def held(fields, model, base=""):
    """Members that point elsewhere, as (path, field), also those of objects within."""
    for field in fields:
        if field.type == "object":
            yield from held(model.types[field.of].fields if field.of else field.fields, model, f"{base}{field.name}.")
        elif field.type in ("text", "hex", "mac", "list", "pairs", "pair_lists"):
            yield base + field.name, field


class Shapes:
    """Tables of one struct after another, inner ones first."""

    def __init__(self, model):
        self.model, self.lines = model, []

    def field(self, field, owner, base, prefix):
        """An initialiser; owner: the C struct, base: the member path of the object it is in."""
        member = base + field.name

        def at(name):
            return f"offsetof({owner}, {base}{name})" + (f" - offsetof({owner}, {base[:-1]})" if base else "")
        if not field.scalar and field.type not in ("list", "object", "pairs", "pair_lists"):
            return f"    {{.key = {c_text(field.key)}, .present = SHAPE_NONE, .kind = SHAPE_OTHER}},"
        parts = [f".key = {c_text(field.key)}", f".offset = {at(field.name)}",
                 f".present = {at(field.flag) if field.flag else 'SHAPE_NONE'}"]
        parts += [".top = true"] * field.top
        if field.type == "list":
            parts += [".kind = SHAPE_LIST", f".of = {kind(field.of)}", f".count = {at(field.name + '_count')}"]
            parts += [] if field.of in SCALARS else [f".inside = &shape_{field.of}"]
        elif field.type in ("pairs", "pair_lists"):
            parts += [f".kind = SHAPE_{field.type.upper()}", f".count = {at(field.name + '_count')}"]
        elif field.type == "object":
            inside = field.of or self.fields(field.fields, owner, member + ".", f"{prefix}_{field.name}")
            parts += [".kind = SHAPE_OBJECT", f".inside = &shape_{inside}"]
        else:
            parts.append(f".kind = {kind(field.type)}")
        return "    {" + ", ".join(parts) + "},"

    def fields(self, fields, owner, base, name):
        body = [self.field(f, owner, base, name) for f in fields]
        self.lines += [f"[[maybe_unused]] static const struct shape_field shape_{name}_fields[] = {{", *body, "};"]
        held_ = "" if base else self.held(fields, owner, name)
        self.lines += [f"{'' if name == 'head' else '[[maybe_unused]] static '}const struct shape shape_{name} = {{.fields = shape_{name}_fields, .count = {len(body)}, "
                       f".size = sizeof({owner}){held_}}};", ""]
        return name

    def held(self, fields, owner, name):
        """Initialisers of a shape's texts and lists."""
        every = list(held(fields, self.model))
        lists = [(at, f) for at, f in every if f.type in ("list", "pairs", "pair_lists")]
        texts = [f"offsetof({owner}, {at})" for at, f in every if (at, f) not in lists]
        rows = [f"    {{offsetof({owner}, {at}), offsetof({owner}, {at}_count), sizeof *(({owner} *)0)->{at}, {self.element(f)}}}," for at, f in lists]
        self.lines += [f"[[maybe_unused]] static const uint16_t shape_{name}_texts[] = {{", *[f"    {t}," for t in texts], "};"] * bool(texts)
        self.lines += [f"[[maybe_unused]] static const struct shape_list shape_{name}_lists[] = {{", *rows, "};"] * bool(rows)
        return "".join(f", .{what} = shape_{name}_{what}, .{what}_count = {n}" for what, n in (("texts", len(texts)), ("lists", len(rows))) if n)

    @staticmethod
    def element(field):
        if field.type != "list":
            return "&shape_pair"
        if field.of in SCALARS:
            return "&shape_text" if field.of in ("text", "hex", "mac") else "NULL"
        return f"&shape_{field.of}"

    def text(self):
        for group in [*self.model.types.values(), *self.model.records.values()]:
            self.fields(group.fields, f"struct record_{group.name}", "", group.name)
        self.fields(self.model.head, "struct record_head", "", "head")
        names = [f"    [{upper('RECORD_', n)}] = &shape_{n}," for n in self.model.records]
        return ['#include "schema/shape.h"', "#include <stddef.h>", "", *ELEMENTS, "", *self.lines,
                "const struct shape *const shape_of_record[RECORD_TYPES] = {", *names, "};"]


def find(fields, name, where):
    for field in fields:
        if field.name == name:
            return field
    need(False, where, f"no field {name!r}")


def path(model, record, text, where):
    """A struct shape_path for "email.from", "queries[0].rrname", "answers.ttl" or "head.proto"."""
    steps = text.split(".")
    head = steps[0] == "head"
    owner = "struct record_head" if head else f"struct record_{record}"
    fields = model.head if head else model.records[record].fields
    members, parts = [], []
    for step in steps[1:] if head else steps:
        name, _, index = step.partition("[")
        need(index in ("", "0]"), where, f"{step!r}: only [0] or no index")
        field = find(fields, name, where)
        members.append(name)
        if field.type == "list":
            need(not parts, where, "goes through two lists")
            at = f"{owner}, {'.'.join(members)}"
            element = SCALARS[field.of].c if field.of in SCALARS else f"struct record_{field.of}"
            parts = [f".list = offsetof({at})", f".list_count = offsetof({at}_count)", f".element = sizeof({element})"]
            parts += [".all = true"] * (not index)
            owner, members = element, []
            fields = model.types[field.of].fields if field.of in model.types else []
        elif field.type == "object":
            fields = model.types[field.of].fields if field.of else field.fields
    type_ = field.of if field.type == "list" else field.type
    need(type_ in SCALARS, where, f"{text!r} is no single value")
    flag = ".".join([*members[:-1], field.flag]) if field.flag else ""
    parts = parts or [".list = SHAPE_NONE"]
    parts += [f".offset = {f'offsetof({owner}, ' + '.'.join(members) + ')' if members else '0'}",
              f".present = {f'offsetof({owner}, {flag})' if flag else 'SHAPE_NONE'}",
              f".kind = {kind(type_)}", f".a_second = {UNITS.get(field.unit, 0)}"] + [".head = true"] * head
    return "{" + ", ".join(parts) + "}"
