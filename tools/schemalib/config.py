# SPDX-License-Identifier: Apache-2.0
"""Configuration: the model, struct config with its defaults and key table, the example file."""
import ipaddress
import re
from dataclasses import dataclass, field as member_default

from schemalib import model
from schemalib.c_text import c_text, indent, initialised
from schemalib.model import identifier, load, need, one_line, take, upper

UNITS = {
    "count": {"": 1, "k": 1000, "M": 1000 ** 2, "G": 1000 ** 3},
    "bytes": {"": 1, "k": 1 << 10, "M": 1 << 20, "G": 1 << 30},
    "duration": {"ms": 1000, "s": 10 ** 6, "m": 60 * 10 ** 6, "h": 3600 * 10 ** 6, "d": 86400 * 10 ** 6},
}
C_TYPES = {"count": "uint64_t", "bytes": "uint64_t", "duration": "int64_t", "date": "int64_t", "bool": "bool",
           "text": "const char *", "network": "struct addr_range"}
SUFFIX = {"bytes": "_bytes", "duration": "_us", "date": "_us"}  # the unit stands in the member's name


@dataclass
class Key:
    name: str
    type: str
    help: str
    path: str = ""
    since: str = "0.1"
    of: str = ""
    default: object = None
    min: object = 0
    max: object = 0
    required: bool = False
    unique: bool = False
    segment: bool = False
    one_of: bool = False
    words: list = member_default(default_factory=list)
    fields: list = member_default(default_factory=list)

    @property
    def member(self):
        return self.name + SUFFIX.get(self.type, "")

    @property
    def spelling(self):
        return self.path.replace(".", "_")

    @property
    def enum(self):
        return f"enum config_{self.spelling}"

    @property
    def element(self):
        """C type of a list's elements."""
        if self.of == "text":
            return "char *const"  # behind "const"
        return C_TYPES.get(self.of) or f"struct config_{self.of}"


def to_number(type_, value, where):
    found = re.fullmatch(r"(\d+)([a-zA-Z]*)", str(value))
    need(found and found[2] in UNITS[type_], where, f"{value!r} is no {type_}")
    return int(found[1]) * UNITS[type_][found[2]]


def check_number(key):
    low, high, value = (to_number(key.type, v, key.path) for v in (key.min, key.max, key.default))
    need(low <= value <= high < 1 << 62, key.path, "the default is out of range, or the range is")


def check_key(key):
    if key.type in UNITS:
        check_number(key)
    elif key.type == "bool":
        need(isinstance(key.default, bool), key.path, "default is true or false")
    elif key.type == "date":
        need(key.default is None, key.path, "stands in elements of a list only, without a default")
    elif key.type == "enum":
        need(key.default in key.words, key.path, "default is not one of the words")
    elif key.type == "text":
        need(key.required or isinstance(key.default, str), key.path, "has no default")
        need(key.max, key.path, "has no max (length)")
        need(key.required or not key.unique, key.path, "what is unique must be required")
    elif key.type == "list":
        need(key.of in ("text", "network") or key.fields, key.path, "a list of what?")
        need(key.max, key.path, "has no max (elements)")
    else:
        need(key.type == "section" and key.fields, key.path, f"unknown type {key.type!r}")


def read_key(table, inside):
    take(table, f"config.yaml: {inside}", ("name", "type", "help"),
         ("since", "of", "default", "min", "max", "required", "unique", "segment", "one_of", "words", "fields"))
    path = inside + identifier(table["name"], inside)
    fields = [read_key(f, path + ".") for f in table.get("fields", [])]
    key = Key(**dict(table, path=path, fields=fields, help=one_line(table["help"], path)))
    key.since = str(key.since)
    check_key(key)
    return key


def read_config():
    path = model.ROOT / "schema/config.yaml"
    return [read_key(table, "") for table in take(load(path), path.name, ("config",))["config"]]


def walk(keys):
    """Every key, those inside before the one that holds them."""
    for key in keys:
        yield from walk(key.fields)
        yield key


# C: struct config


def enum_value(key, word):
    return upper("CONFIG_", f"{key.path}_{word}")


def members(keys):
    for key in keys:
        note = f" // {key.help}"
        if key.type == "section":
            yield f"struct {{{note}"
            yield from indent(members(key.fields))
            yield f"}} {key.name};"
        elif key.type == "list":
            constant = f"{key.element}const *" if key.element.endswith("*") else f"const {key.element} *"
            yield f"{constant}{key.name};{note}"
            yield f"size_t {key.name}_count;"
        elif key.type == "enum":
            yield f"{key.enum} {key.name};{note}"
        else:
            yield f"{C_TYPES[key.type]} {key.member};{note}".replace("* ", "*")


def config_h(keys):
    lines = ["#pragma once", '#include "base/addr.h"', '#include "schema/text.h"', ""]
    for key in walk(keys):
        if key.type == "enum":
            lines += [f"{key.enum} {{ {', '.join(enum_value(key, w) for w in key.words)} }};", ""]
        if key.type == "list" and key.fields:
            lines += [f"// {key.help}", f"struct config_{key.of} {{", *indent(members(key.fields)), "};", ""]
    return lines + [
        "struct config {", *indent(members(keys)),
        "    struct config_block *memory; // what the loader allocated; NULL for the defaults", "};", "",
        "// What holds where the file says nothing.", "extern const struct config config_defaults;", "",
        "// Read a file over the defaults. False: *out is the defaults and `error` one line of text,",
        '// "FILE:LINE: KEY: what is wrong; allowed: ...". True: give *out back with config_finish.',
        "[[nodiscard]] bool config_load(struct config *out, const char *path, enum lang lang, char *error,",
        "    size_t error_size);",
        "void config_finish(struct config *config);", "",
        "// packaging/yagura.yaml: every key with its default.", "extern const char config_example[];"]


# C: defaults


def c_network(text, where):
    try:
        network = ipaddress.ip_network(text)
    except ValueError as problem:
        need(False, where, str(problem))
    raw = ", ".join(str(b) for b in network.network_address.packed)
    return f"{{.base = {{.bytes = {{{raw}}}, .version = {network.version}}}, .bits = {network.prefixlen}}}"


def c_value(key, value, tables, prefix):
    """Initialiser of one key as (member, text) pairs; tables of lists are added to `tables`."""
    if key.type == "section":
        return [(f"{key.name}.{m}", v) for f in key.fields for m, v in c_value(f, f.default, tables, prefix)]
    if key.type == "list":
        name = f"{prefix}_{key.name}"
        elements = [c_element(key, v, tables, f"{name}_{i}") for i, v in enumerate(value or [])]
        if not elements:
            return []
        tables += initialised(name, key.element, elements)
        return [(key.name, name), (key.name + "_count", str(len(elements)))]
    if key.type == "enum":
        return [(key.name, enum_value(key, value))]
    if key.type in UNITS:
        return [(key.member, str(to_number(key.type, value, key.path)))]
    return [(key.name, str(value).lower() if key.type == "bool" else c_text(value))]


def c_element(key, value, tables, prefix):
    if key.of == "network":
        return c_network(value, key.path)
    if key.of == "text":
        return c_text(value)
    pairs = [pair for f in key.fields for pair in c_value(f, value.get(f.name, f.default), tables, prefix)]
    return "{" + ", ".join(f".{member} = {text}" for member, text in pairs) + "}"


def defaults(keys):
    tables = []
    pairs = [pair for key in keys for pair in c_value(key, key.default, tables, "default")]
    return tables + ["const struct config config_defaults = {",
                     *(f"    .{member} = {text}," for member, text in pairs), "};", ""]


# C: the loader's table


def key_row(key, owner, inside):
    """One struct config_key; `inside` is the member path of the section the key stands in."""
    parts = [f'.name = "{key.name}"', f'.path = "{key.path}"', f".type = CONFIG_{key.type.upper()}"]
    parts.append(f".offset = offsetof({owner}, {inside}{key.member})")
    parts += [f".{flag} = true" for flag in ("required", "unique", "segment", "one_of") if getattr(key, flag)]
    if key.type in UNITS:
        low, high = (to_number(key.type, v, key.path) for v in (key.min, key.max))
        parts += [f".min = {low}", f".max = {high}", f'.min_text = "{key.min}"', f'.max_text = "{key.max}"']
    if key.type in ("text", "list"):
        low = key.min or (key.type == "text" and key.default != "")
        parts += [f".min = {int(low)}", f".max = {key.max}", f'.min_text = "{int(low)}"', f'.max_text = "{key.max}"']
    if key.type == "enum":
        parts += [f".words = words_{key.spelling}", f".words_count = {len(key.words)}"]
    if key.type == "list":
        parts += [f".of = CONFIG_{'SECTION' if key.fields else key.of.upper()}",
                  f".count_offset = offsetof({owner}, {inside}{key.name}_count)",
                  f".element_bytes = sizeof({key.element})"]
    if key.fields:
        parts += [f".keys = keys_{key.spelling}", f".keys_count = {len(key.fields)}"]
    return "{" + ", ".join(parts) + "}"


def key_tables(keys, name, owner, inside):
    lines = []
    for key in keys:
        if key.type == "enum":
            lines += initialised(f"words_{key.spelling}", "char *const", [f'"{w}"' for w in key.words])
        if key.type == "list" and key.fields:
            lines += key_tables(key.fields, f"keys_{key.spelling}", key.element, "")
        elif key.fields:
            lines += key_tables(key.fields, f"keys_{key.spelling}", owner, f"{inside}{key.name}.")
    return lines + initialised(name, "struct config_key", [key_row(key, owner, inside) for key in keys])


def config_c(keys):
    return ['#include "schema/config_key.h"', "", *defaults(keys), *key_tables(keys, "keys", "struct config", ""),
            'const struct config_key config_root = {.name = "", .type = CONFIG_SECTION, .keys = keys,',
            f"    .keys_count = {len(keys)}}};"]


# the example file


def yaml_value(value):
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if value == "" or isinstance(value, str) and ":" in value else str(value)


def allowed(key):
    if key.type in UNITS:
        return f"{key.min} to {key.max}"
    return {"enum": ", ".join(key.words), "bool": "true, false"}.get(key.type, "")


def example_list(key, by):
    for element in key.default or []:
        if not key.fields:
            yield f"# {by}- {yaml_value(element)}"
            continue
        for i, field in enumerate(key.fields):
            value = element.get(field.name, field.default)
            shown = "[" + ", ".join(map(yaml_value, value)) + "]" if isinstance(value, list) else yaml_value(value)
            yield f"# {by}{'- ' if i == 0 else '  '}{field.name}: {shown}"


def example_keys(keys, by=""):
    for key in keys:
        if not by:
            yield ""
        range_ = f" [{allowed(key)}]" if allowed(key) else ""
        yield f"## {by}{key.help}{range_}"
        if key.type in ("section", "list"):
            empty = key.type == "list" and not key.default
            yield f"# {by}{key.name}:{' []' if empty else ''}"
            yield from example_keys(key.fields, by + "  ") if key.type == "section" else example_list(key, by + "  ")
        else:
            yield f"# {by}{key.name}: {yaml_value(key.default)}"


def example(keys):
    return "\n".join([
        "## Configuration of Yagura. Every key stands here with the value that holds without it: take the",
        '## "# " away from a line (and from the section it stands in) and change it.',
        "## `yagura check-config FILE` says what is wrong with a file. Written by tools/schemagen.py.",
        *example_keys(keys)]) + "\n"


def example_c(keys):
    """The example as a C string, one line of it a line."""
    return ["", "const char config_example[] =", *("    " + c_text(line) for line in example(keys).splitlines(True)), "    ;"]
