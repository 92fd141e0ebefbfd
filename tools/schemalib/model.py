# SPDX-License-Identifier: Apache-2.0
"""What the schema says, read strictly: a mistake ends the run with its place."""
import functools
import re
from dataclasses import dataclass, field as member_default
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent.parent


class Mistake(Exception):
    """The schema is wrong; the text says where."""


class StrictLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # libyaml, where PyYAML has it: ten times as fast
    """Refuses a key that stands twice: PyYAML would keep the last one in silence."""

    def construct_mapping(self, node, deep=False):
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                line = key.start_mark.line + 1
                raise Mistake(f"{key.start_mark.name}:{line}: {key.value} stands twice")
            seen.add(key.value)
        return super().construct_mapping(node, deep)


# Only true and false are truth values: a field may be called `yes`, a word `off`.
StrictLoader.yaml_implicit_resolvers = {
    first: [(tag, rule) for tag, rule in rules if tag != "tag:yaml.org,2002:bool"]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()}
StrictLoader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("(?:true|false)$"), list("tf"))

sources = set()  # every file read: the build's dependencies


@functools.cache
def load(path):
    """What a file says; read once, so nobody changes what this returns."""
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


KEYWORDS = set("auto break case char const continue default do double else enum extern float for goto if "
               "inline int long register restrict return short signed sizeof static struct switch typedef "
               "union unsigned void volatile while bool true false asm typeof".split())


def identifier(text, where):
    need(isinstance(text, str) and re.fullmatch(r"[a-z][a-z0-9_]*", text) and text not in KEYWORDS, where,
         f"{text!r} is not a lower-case C identifier (use `key:` for the JSON name)")
    return text


def one_line(text, where):
    need("\n" not in text.strip() and not text.endswith("\\"), where, "help is one line")
    return text.strip()


def upper(prefix, name):
    """ipv4.trunc_pkt → ANOMALY_IPV4_TRUNC_PKT"""
    return prefix + re.sub(r"[^A-Z0-9]", "_", name.upper())


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
    "bool": Scalar("bool", "json_bool(j, $)", "$", "SMALLINT", "boolean", "true/false"),
    "double": number("double", "json_double(j, $)", sql="DOUBLE"),
    "i64": number("int64_t", "json_i64(j, $)"),
    "u8": number("uint8_t"),
    "u16": number("uint16_t"),
    "u32": number("uint32_t"),
    "u64": number("uint64_t"),
    "u8_hex": number("uint8_t", "write_hex8(j, $)", "string", "hex", "TEXT"),
    "u16_hex": number("uint16_t", "write_hex16(j, $)", "string", "hex", "TEXT"),
}
SPECIAL = {"list", "object", "pairs", "pair_lists", "metrics", "record_type"}


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
    column: str = ""
    indicator: str = ""                                       # what indicators it is held against (indicators.py)
    indicators: dict = member_default(default_factory=dict)   # of an object: those of its members
    fields: list = member_default(default_factory=list)

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
         ("since", "of", "unit", "key", "optional", "always", "top", "column", "fields",
          "indicator", "indicators"))
    where = f"{where}.{table['name']}"
    identifier(table["name"], where)
    need(table["type"] in SCALARS or table["type"] in SPECIAL, where,
         f"unknown type {table['type']!r}; allowed: {', '.join(sorted(SPECIAL | set(SCALARS)))}")
    values = dict(table, since=str(table.get("since", "0.1")), help=one_line(table["help"], where))
    if "fields" in values:
        values["fields"] = read_fields(values["fields"], where)
    field = Field(**values)
    field.key = field.key or field.name
    need(field.type != "list" or field.of, where, "a list needs `of`")
    need(field.type != "object" or field.of or field.fields, where, "an object needs `fields` or `of`")
    need(not field.always or field.type in ("bool", "list"), where, "only bools and lists can be `always`")
    need(not field.optional or field.type == "object" or field.scalar, where, "this type cannot be `optional`")
    need(not field.optional or field.type in ("object", "bool") or not field.scalar.present, where,
         "only numbers, bool and objects can be `optional`; the others are left out by their value")
    return field


def read_fields(tables, where):
    need(isinstance(tables, list), where, "fields should be a list")
    fields = [read_field(table, where) for table in tables]
    names = [f.name for f in fields] + [f.flag for f in fields if f.flag]
    for name in names:
        need(names.count(name) == 1, where, f"{name} stands twice")
    keys = [(f.key, f.top) for f in fields]  # one beside the object may have the name of one in it
    for key in keys:
        need(keys.count(key) == 1, where, f"{key[0]} stands twice")
    return fields


def read_group(name, table, where):
    where = f"{where}.{name}"
    identifier(name, where)
    take(table, where, ("help", "fields"), ("since",))
    return Group(name, one_line(table["help"], where), read_fields(table["fields"], where), str(table.get("since", "0.1")))


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


def gather(section):
    """A section of schema/SECTION.yaml and of every schema/protocols/NAME.yaml: (where, name, table)."""
    folder = ROOT / "schema/protocols"
    sources.add(folder)
    seen = set()
    for path in (ROOT / f"schema/{'anomalies' if section == 'anomalies' else 'records'}.yaml", *sorted(folder.glob("*.yaml"))):
        raw = load(path)
        if path.parent == folder:
            take(raw, path.name, (), ("records", "types", "anomalies", "also"))
        for name, table in (raw.get(section) or {}).items():
            need(name not in seen, f"{path.name}: {name}", "stands in another file too")
            seen.add(name)
            yield path.name, name, table


def read_protocols():
    """Protocol → types of its records: those of its file, and of files that name it under `also`."""
    found = {}
    for path in sorted((ROOT / "schema/protocols").glob("*.yaml")):
        raw = load(path)
        for name in [path.stem, *raw.get("also", [])]:
            found.setdefault(name, []).extend(raw.get("records") or [])
    return found


def read_records():
    path = ROOT / "schema/records.yaml"
    raw = take(load(path), path.name, ("head", "records"), ("types",))
    types = {name: read_group(name, table, "types") for _, name, table in gather("types")}
    records = {name: read_group(name, table, "records") for _, name, table in gather("records")}
    for record in records.values():
        need(record.name not in types and record.name != "head", f"records.{record.name}",
             "a type has the same name")
        for name in uses(record.fields):
            need(name in types, f"records.{record.name}", f"unknown type {name!r}")
    return Records(read_fields(raw["head"], "head"), in_order(types), records)


@dataclass
class Entry:
    name: str
    help: str
    layer: str = ""
    unit: str = ""
    since: str = "0.1"
    peak: bool = False
    rules_only: bool = False


def read_entries(found, required, optional):
    """Anomalies or metrics: found yields (file, name, table)."""
    entries, files = [], {}
    for file, name, table in found:
        where = f"{file}: {name}"
        files[name] = file
        need(re.fullmatch(r"[a-z0-9_]+(\.[a-z0-9_]+)+", name), where, "names are dotted and lower-case")
        entries.append(Entry(name, **take(table, where, required, optional)))
        entries[-1].since, entries[-1].help = str(entries[-1].since), one_line(entries[-1].help, where)
    spelt = [upper("", e.name) for e in entries]
    for entry, c_name in zip(entries, spelt):
        need(spelt.count(c_name) == 1, f"{files[entry.name]}: {entry.name}", "another name has the same spelling in C")
    return entries


def read_anomalies():
    path = ROOT / "schema/anomalies.yaml"
    take(load(path), path.name, ("anomalies",))
    entries = read_entries(gather("anomalies"), ("layer", "help"), ("since", "rules_only"))
    for entry in entries:
        need(entry.layer in ("decode", "stream", "applayer"), f"anomalies.yaml: {entry.name}",
             "layer is decode, stream or applayer")
    return entries


def read_metrics():
    path = ROOT / "schema/metrics.yaml"
    tables = take(load(path), path.name, ("metrics",))["metrics"]
    return read_entries([(path.name, *entry) for entry in tables.items()], ("help",), ("unit", "since", "peak"))


def blanks(text, where):
    rest = re.sub(r"\{[a-z_]+\}", "", text)
    need("{" not in rest and "}" not in rest, where, "a brace that is no {blank}")
    return set(re.findall(r"\{([a-z_]+)\}", text))


def read_texts():
    """Both languages of every text, with the same blanks."""
    folder = ROOT / "content/text"
    sources.add(folder)
    texts = {}
    for path in sorted(folder.glob("*.yaml")):
        for name, table in load(path).items():
            where = f"{path.name}: {name}"
            need(re.fullmatch(r"[a-z0-9_]+(\.[a-z0-9_]+)+", name), where, "ids are dotted and lower-case")
            need(upper("", name) not in {upper("", other) for other in texts}, where, "stands twice")
            take(table, where, ("en", "ja"))
            need(blanks(table["en"], where) == blanks(table["ja"], where), where,
                 "the languages have different blanks")
            texts[name] = table
    return texts
