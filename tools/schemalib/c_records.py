# SPDX-License-Identifier: Apache-2.0
"""C structs and JSON writers of records."""
import re

from schemalib.c_text import c_text, guarded, indent
from schemalib.model import SCALARS, upper


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
        elif field.type in ("pairs", "pair_lists"):
            yield f"const struct json_pair *{field.name};{note}"
            yield f"size_t {field.name}_count;"
        elif field.type == "object" and field.of:
            yield f"struct record_{field.of} {field.name};{note}"
        elif field.type == "object":
            yield f"struct {{{note}"
            yield from indent(members(field.fields))
            yield f"}} {field.name};"
        elif field.scalar:
            yield f"{field.scalar.c} {field.name};{note}"


def write_value(type_, expression):
    if type_ in SCALARS:
        return SCALARS[type_].write.replace("$", expression) + ";"
    return f"write_{type_}(j, &{expression});"


def write_list(field, member):
    return guarded("" if field.always else f"{member}_count", [
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
    if field.type == "pairs":
        return [f"json_pairs(j, {member}, {member}_count);"]
    if field.type == "pair_lists":
        return [f"json_pair_lists(j, {member}, {member}_count);"]
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


def copy_head(fields):
    """What a head's members point to, copied; it has no objects."""
    for field in fields:
        member = f"to->{field.name}"
        if field.type == "list":
            yield f"if ({member}_count)"
            yield f"    {member} = (const void *)arena_copy(arena, bytes_make({member}, {member}_count * sizeof *{member})).data;"
            yield f"{member}_count = {member} ? {member}_count : 0;"
        elif field.scalar and field.scalar.c == "struct bytes":
            yield f"{member} = {member}.data ? arena_copy(arena, {member}) : {member};"


def records_h(model):
    lines = ["#pragma once", '#include "base/addr.h"', '#include "base/json.h"',
             '#include "schema/metrics.h"', "", "enum record_type {", "    RECORD_NONE,",
             *indent(upper("RECORD_", name) + "," for name in model.records), "    RECORD_TYPES", "};", ""]
    lines += struct("record_head", "Fields of every record.", model.head)
    for group in [*model.types.values(), *model.records.values()]:
        lines += struct("record_" + group.name, group.help, group.fields)
    return lines + [
        "struct record {", "    struct record_head head;", "    enum record_type type;",
        "    const void *body; // struct record_TYPE",
        "    struct bytes aside; // looked at, never written: of an http request other header fields, a line each,",
        "                        // then an empty line and the beginning of its body", "};", "",
        "// Name of a record type as event_type has it.", "const char *record_type_name(enum record_type type);", "",
        "// One JSON object in EVE's shape, no newline.",
        "void record_write_json(struct json *j, const struct record *r);", "",
        "// Its own members alone, without those of the head.",
        "void record_write_body(struct json *j, const struct record *r);", "",
        "// *to points into the arena. What no longer fits there is left out.", "struct arena;",
        "void record_head_copy(struct arena *arena, const struct record_head *from, struct record_head *to);"]


def records_c(model):
    lines = ['#include "schema/records.h"', '#include "base/arena.h"', '#include "schema/write.h"', "#include <assert.h>", "",
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
    lines += ["void record_head_copy(struct arena *arena, const struct record_head *from, struct record_head *to)",
              "{", "    *to = *from;", *indent(copy_head(model.head)), "}", ""]
    lines += ["void record_write_body(struct json *j, const struct record *r)", "{", "    switch (r->type) {"]
    for name in model.records:
        lines += [f"    case {upper('RECORD_', name)}:", f"        write_{name}(j, r->body);", "        break;"]
    return lines + ["    case RECORD_NONE:", "    case RECORD_TYPES:", "        break;", "    }",
                    "}", "", "void record_write_json(struct json *j, const struct record *r)", "{",
                    "    assert(r->type > RECORD_NONE && r->type < RECORD_TYPES);", "    json_open(j, '{');",
                    *indent(write_fields(model.head, "r->head.")), "    record_write_body(j, r);",
                    "    json_close(j, '}');", "}"]
