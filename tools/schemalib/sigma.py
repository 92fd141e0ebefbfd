# SPDX-License-Identifier: Apache-2.0
"""content/sigma/logsources.yaml → the tables of src/sigma/source.h."""
from schemalib import model
from schemalib.c_shape import path
from schemalib.c_text import c_text
from schemalib.model import need, take, upper


def array(lines, type_, name, items):
    """A static array; returns how an initialiser names it and its count."""
    if not items:
        return "NULL, 0"
    lines.append(f"static const {type_} {name}[] = {{{', '.join(items)}}};")
    return f"{name}, {len(items)}"


def field(records, record, text, where):
    words = text.split()
    need(len(words) == 2, where, f"{text!r}: a name and what it means")
    name, means = words
    if means.startswith("!"):
        return f"{{.name = {c_text(name)}, .derive = sigma_derive_{means[1:]}}}"
    return f"{{.name = {c_text(name)}, .has_path = true, .path = {path(records, record, means, where)}}}"


class Tables:
    def __init__(self, records):
        self.records, self.lines, self.maps, self.sources = records, [], [], []
        self.numbers = {}

    def map(self, name, record, fields, where, zeek=None, product=None, channels=(), ids=(), rename=None, part=False):
        need(record in self.records.records, where, f"no record {record!r}")
        need(name not in self.numbers, where, f"{name!r} stands there twice")
        at = f"map{len(self.maps)}"
        texts = [t for t in fields.strip().split("\n") if t.strip()]
        parts = [array(self.lines, "struct sigma_field", at + "_fields", [field(self.records, record, t, where) for t in texts])]
        events = [array(self.lines, "char *const", at + "_channels", [c_text(c) for c in channels]),
                  array(self.lines, "uint32_t", at + "_ids", [str(i) for i in ids]),
                  array(self.lines, "struct sigma_rename", at + "_renames",
                        [f"{{{c_text(a)}, {c_text(b)}}}" for a, b in (rename or {}).items()])]
        self.numbers[name] = len(self.maps)
        self.maps.append(f"    {{{c_text(name)}, {upper('RECORD_', record)}, {c_text(zeek) if zeek else 'NULL'}, "
                         f"{parts[0]}, {c_text(product) if product else 'NULL'}, {', '.join(events)}, {str(part).lower()}}},")

    def source(self, maps, where, category=None, product=None, service=None):
        for name in maps:
            need(name in self.numbers, where, f"no map {name!r}")
        texts = [c_text(word) if word else "NULL" for word in (category, product, service)]
        at = array(self.lines, "uint16_t", f"source{len(self.sources)}_maps", [str(self.numbers[m]) for m in maps])
        self.sources.append(f"    {{{', '.join(texts)}, {at}}},")

    def events(self, group, where):
        take(group, where, ("product", "any", "fields", "services", "sysmon", "categories", "more"), ())
        product, fields, by_category = group["product"], group["fields"], {}
        if group["any"]:
            self.map(product, "log_event", fields, where, product=product)
            self.source([product], where, product=product)
        for service, channels in group["services"].items():
            name = f"{product}/{service}"
            self.map(name, "log_event", fields, where, product=product, channels=channels)
            self.source([name], where, product=product, service=service)
        sysmon = [{"category": c, "channels": [group["sysmon"]], "ids": ids} for c, ids in group["categories"].items()]
        for n, more in enumerate(sysmon + group["more"]):
            take(more, where, ("category", "channels", "ids"), ("rename",))
            name = f"{product}/{more['category']}/{n}"
            self.map(name, "log_event", fields, where, product=product, channels=more["channels"], ids=more["ids"],
                     rename=more.get("rename"))
            by_category.setdefault(more["category"], []).append(name)
        for category, maps in by_category.items():
            self.source(maps, where, category=category, product=product)

    def zeek(self, logs):
        for name, log in logs.items():
            at = "zeek_" + name
            if at not in self.numbers:
                self.map(at, log["record"], "", "schema/zeek.yaml", zeek=name)
            self.source([at], "schema/zeek.yaml", product="zeek", service=name)


def sigma_c(records):
    file = model.ROOT / "content/sigma/logsources.yaml"
    content = take(model.load(file), file.name, ("maps", "logsources", "events"))
    tables = Tables(records)
    for name, entry in content["maps"].items():
        where = f"{file.name}: {name}"
        take(entry, where, ("record", "fields"), ("zeek", "part"))
        tables.map(name, entry["record"], entry["fields"], where, zeek=entry.get("zeek"),
                   part=entry.get("part", False))
    tables.zeek(model.load(model.ROOT / "schema/zeek.yaml")["logs"])
    for entry in content["logsources"]:
        take(entry, file.name, ("maps",), ("category", "product", "service"))
        tables.source(entry["maps"], file.name, entry.get("category"), entry.get("product"), entry.get("service"))
    for group in content["events"]:
        tables.events(group, file.name)
    return ['#include "sigma/source.h"', "#include <stddef.h>", "", *tables.lines, "",
            "const struct sigma_map sigma_maps[] = {", *tables.maps, "};", "",
            "const size_t sigma_maps_count = sizeof sigma_maps / sizeof *sigma_maps;",
            f'_Static_assert({len(tables.maps)} <= SIGMA_MAPS_MOST, "more maps than a record is held against");', "",
            "const struct sigma_source sigma_sources[] = {", *tables.sources, "};", "",
            "const size_t sigma_sources_count = sizeof sigma_sources / sizeof *sigma_sources;"]
