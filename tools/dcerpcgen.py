#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""dcerpcgen.py IN.yaml OUT.c: the table of DCE/RPC's interfaces as C, sorted by UUID."""
import sys

import yaml


def c_text(text):
    return "NULL" if text is None else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def uuid_bytes(text):
    raw = bytes.fromhex(text.replace("-", ""))
    assert len(raw) == 16, f"{text} is not a UUID"
    return raw


def numbered(interface):
    """Operations by their number; `5: [A, B]` in the list goes on at number 5."""
    out = []
    for item in interface.get("operations", []):
        for at, names in item.items() if isinstance(item, dict) else ((len(out), [item]),):
            assert at >= len(out), f"{interface['name']}: operation {at} is there twice"
            out += [None] * (at - len(out)) + names
    return out


def table(interfaces):
    lists, rows = [], []
    for interface in sorted(interfaces, key=lambda i: uuid_bytes(i["uuid"])):
        names = numbered(interface)
        uuid = uuid_bytes(interface["uuid"])
        label = "operations_" + uuid.hex()
        if names:
            lists.append(f"static const char *const {label}[] = {{{', '.join(map(c_text, names))}}};")
        rows.append(f"    {{{{{', '.join(map(hex, uuid))}}}, {c_text(interface['name'])}, "
                    f"{c_text(interface.get('endpoint'))}, {label if names else 'NULL'}, {len(names)}}},")
    assert len({r.split("}")[0] for r in rows}) == len(rows), "an interface is there twice"
    return lists, rows


def main(source, target):
    with open(source, encoding="utf-8") as f:
        lists, rows = table(yaml.safe_load(f))
    with open(target, "w", encoding="utf-8") as f:
        f.write("\n".join([
            "// Generated from content/dcerpc/interfaces.yaml.", '#include "proto/dcerpc_table.h"', "", *lists, "",
            "const struct dcerpc_interface dcerpc_interfaces[] = {", *rows, "};",
            f"const size_t dcerpc_interface_count = {len(rows)};", ""]))


main(*sys.argv[1:])
