#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""frameworkgen.py IN.yaml OUT.c: shapes of attackers' tools (src/behaviour/framework_shapes.h)."""
import sys

import yaml

FIELDS = {
    "http": ("url", "agent", "method", "server", "type", "request_type", "websocket"),
    "tcp": ("client", "server"),
    "shell": ("client", "server"),
    "mail": ("subject",),
    "ftp": ("stored",),
    "certificate": ("subject", "issuer"),
}
CONDITIONS = 6


def c_text(text):
    return '"' + "".join(c if 32 <= ord(c) < 127 and c not in '"\\?' else "\\%03o" % ord(c) for c in text) + '"'


def condition(kind, field, patterns):
    if field not in FIELDS[kind]:
        sys.exit(f"{kind}: no field is called {field}; there are {', '.join(FIELDS[kind])}")
    patterns = [patterns] if isinstance(patterns, str) else patterns
    name = f"FRAMEWORK_{'tcp' if kind == 'shell' else kind}_{field}".upper()
    texts = ", ".join(f"{{(const uint8_t *){c_text(p)}, {len(p)}}}" for p in patterns)
    return f"{{{name}, (const struct bytes[]){{{texts}}}, {len(patterns)}}}"


def shape(tool, kind, fields):
    if kind not in FIELDS or not 0 < len(fields) <= CONDITIONS:
        sys.exit(f"{tool}: {kind} is no kind of shape, or has no fields or more than {CONDITIONS}")
    conditions = ", ".join(condition(kind, field, patterns) for field, patterns in fields.items())
    return f"    {{{c_text(tool)}, {c_text(kind)}, {{{conditions}}}, {len(fields)}}},"


def main(source, target):
    with open(source, encoding="utf-8") as f:
        tools = yaml.safe_load(f)["tools"]
    shapes = [shape(tool, kind, fields) for tool, of_tool in tools.items() for one in of_tool for kind, fields in one.items()]
    with open(target, "w", encoding="utf-8") as f:
        f.write("\n".join(["// Generated from content/frameworks.yaml.", '#include "behaviour/framework_shapes.h"', "",
                           "const struct framework_shape framework_shapes[] = {", *shapes, "};",
                           f"const size_t framework_shape_count = {len(shapes)};", ""]))


main(*sys.argv[1:])
