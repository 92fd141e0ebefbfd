# SPDX-License-Identifier: Apache-2.0
"""The keywords of rules, from src/rules/keywords.c and content/rules/buffers.yaml → doc/manual/reference-rules.md."""
import re

from schemalib import model

ENTRY = re.compile(r'^    (?:\{\.name = |(NONE|VALUE|NUMBER|OF|TEXT_OF|NOT)\()("(?:.*?))(?=^    (?:\{\.name|[A-Z_]+\(|//)|^\};)', re.M | re.S)
SIDES = {"server": "to the server", "client": "to the client", "either": "either"}


def texts(entry):
    return [re.sub(r'\\(.)', r"\1", t) for t in re.findall(r'"((?:[^"\\]|\\.)*)"', entry)]


def read_keywords():
    path = model.ROOT / "src/rules/keywords.c"
    if not path.exists():  # the generator's own test has a tree without C
        return
    table = path.read_text(encoding="utf-8").split("const struct keyword rule_keywords[]", 1)[1]
    for kind, entry in ENTRY.findall(table):
        found = texts(entry)
        if kind == "NOT":
            yield found[0], f"not supported: {found[1]}"
        else:
            yield found[0], found[-1]


def escaped(text):
    return text.replace("|", "\\|")


def buffer_rows(table):
    for name, entry in table["buffers"].items():
        others = entry.get("also", []) + entry.get("modifier", [])
        proto = entry.get("proto", "any")
        yield (f"| `{name}` | {' '.join(f'`{o}`' for o in others)} | {proto if isinstance(proto, str) else ', '.join(proto)} "
               f"| {SIDES[entry['to']]} |")


def manual():
    buffers = model.load(model.ROOT / "content/rules/buffers.yaml")
    lines = ["# Keywords of rules", "", "Generated from `src/rules/keywords.c` and `content/rules/buffers.yaml`. What rules are for, and how they",
             "are checked, is in [rules.md](rules.md).", "", "## Keywords", "", "| keyword | what it says |", "|---|---|"]
    lines += [f"| `{name}` | {escaped(what)} |" for name, what in sorted(read_keywords())]
    lines += ["", "## Buffers", "", "Each is a sticky buffer. Names that stand behind a content in older rules (`http_uri`) are among the others.", "",
              "| buffer | other names | protocol | side |", "|---|---|---|---|", *buffer_rows(buffers), ""]
    return "\n".join(lines)
