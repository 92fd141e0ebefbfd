#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""webgen.py IN.yaml OUT.c: patterns of attacks on web applications (src/behaviour/web_patterns.h).

Beside each expression stand its literals: one of them is in all that it matches, so that a scan for literals alone tells
which few expressions are worth a try."""
import base64
import re
import sys
import warnings

import yaml

warnings.simplefilter("ignore", DeprecationWarning)
from re import _constants as op, _parser as parser  # noqa: E402  the only parser of expressions that Python comes with

PLACES = ("path", "query", "body", "agent", "referer", "cookie", "header", "shell")


def rarity(literal):
    """How seldom a literal is met in what browsers send."""
    if len(literal) == 1:
        return 0 if literal.isalnum() else 6 if literal in "<>'\"`|\\{}$^" else 1
    return len(literal) + 2 * sum(not c.isalnum() and c != " " for c in literal)


def quality(literals):
    return min(map(rarity, literals))


def of_item(code, value):
    """Literals one of which is in whatever this part of an expression matches; None: nothing is certain."""
    if code == op.SUBPATTERN:
        return literals_of(value[3])
    if code == op.BRANCH:
        branches = [literals_of(branch) for branch in value[1]]
        return None if None in branches else set().union(*branches)
    if code in (op.MAX_REPEAT, op.MIN_REPEAT):
        return literals_of(value[2]) if value[0] else None
    if code == op.IN and all(kind == op.LITERAL for kind, _ in value):
        return {chr(c).lower() for _, c in value}
    return None


def literals_of(sequence):
    choices, run = [], ""
    for code, value in [*sequence, (None, None)]:
        if code == op.LITERAL:
            run += chr(value).lower()
            continue
        choices += [{run}] if run else []
        run = ""
        found = of_item(code, value)
        choices += [found] if found else []
    return max(choices, key=quality, default=None)


def in_base64(word):
    """What is certain of a word's base64, for each of three places where it may begin."""
    for shift, skip in ((0, 0), (1, 2), (2, 3)):
        coded = base64.b64encode(b"\0" * shift + word.encode()).decode()
        yield coded[skip:(shift + len(word)) * 8 // 6]


def c_text(text):
    out = "".join(c if 32 <= ord(c) < 127 and c not in '"\\?' else "\\%03o" % ord(c) for c in text)
    return f'"{out}"'


def read(cases):
    for kind, patterns in cases.items():
        for entry in patterns:
            words = [piece for word in entry.get("words64", ()) for piece in in_base64(word)]
            text = entry.get("text") or "|".join(map(re.escape, words))
            literals = set(words) or literals_of(parser.parse(text, re.I | re.M))
            if not literals or not quality(literals):
                sys.exit(f"{kind}: no literal stands in all that {text} matches: {literals}")
            places = sum(1 << PLACES.index(p) for p in entry.get("where", PLACES[:7])) | entry.get("shell", False) << 7
            yield kind, text, entry["score"], places, bool(words), literals


def main(source, target):
    with open(source, encoding="utf-8") as f:
        cases = yaml.safe_load(f)["cases"]
    patterns, literals = [], []
    for number, (kind, text, score, places, cased, needs) in enumerate(read(cases)):
        patterns.append(f"    {{{c_text(kind)}, {c_text(text)}, {score}, {places}, {'true' if cased else 'false'}}},")
        literals += [f"    {{{c_text(n)}, {len(n)}, {number}, {'true' if cased else 'false'}}}," for n in sorted(needs)]
    with open(target, "w", encoding="utf-8") as f:
        f.write("\n".join([
            "// Generated from content/web_attacks.yaml.", '#include "behaviour/web_patterns.h"', "",
            "const struct web_pattern web_patterns[] = {", *patterns, "};", f"const size_t web_pattern_count = {len(patterns)};",
            "const struct web_literal web_literals[] = {", *literals, "};", f"const size_t web_literal_count = {len(literals)};",
            "const char *const web_kinds[] = {", *(f"    {c_text(kind)}," for kind in cases), "};",
            f"const size_t web_kind_count = {len(cases)};", ""]))


main(*sys.argv[1:])
