#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""dgagen.py IN.yaml OUT.c: the model of names made by an algorithm as C."""
import sys

import yaml


def main(source, target):
    with open(source, encoding="utf-8") as f:
        model = yaml.safe_load(f)
    weights = bytes.fromhex("".join(model["weights"]))
    rows = [", ".join(str(w - 256 if w > 127 else w) for w in weights[i:i + 32]) for i in range(0, len(weights), 32)]
    with open(target, "w", encoding="utf-8") as f:
        f.write("// Generated from content/dga/model.yaml.\n#include \"behaviour/dga_model.h\"\n\n"
                f"const double dga_limit = {model['limit']};\n"
                f"const int8_t dga_weights[{len(weights)}] = {{\n    " + ",\n    ".join(rows) + "};\n")


main(*sys.argv[1:])
