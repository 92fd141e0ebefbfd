#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""picture.py [--check]: doc/picture.svg and doc/picture.ja.svg, the summary of `make run` as it stands on a terminal.

Made from the real output of build/yagura (or of $YAGURA), so that the README cannot promise what the program does not
print; --check says whether the pictures are still true.
"""
import html
import os
import subprocess
import sys
import unicodedata

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ARGS = ["-c", "lab/cityhall.yaml", "--rules", "lab/known-evil", "--intel", "lab/known-evil/sample.csv", "tests/pcap/cityhall/day/in.pcap"]
YAGURA = os.environ.get("YAGURA", "build/yagura")
CELL, LINE, EDGE = 7.7, 17, 18  # width of a character, height of a line, margin
FONT = "'DejaVu Sans Mono','Noto Sans Mono CJK JP','MS Gothic',Menlo,Consolas,monospace"


def wide(ch):
    return unicodedata.east_asian_width(ch) in "WF"


def spans(line):
    """(column, text, columns): runs of narrow and of wide characters, each placed by its column."""
    column, start, run = 0, 0, ""
    for ch in line:
        if run and wide(ch) != wide(run[-1]):
            yield start, run, column - start
            start, run = column, ""
        run += ch
        column += 2 if wide(ch) else 1
    if run:
        yield start, run, column - start


def text_line(y, line, colour):
    parts = "".join(f'<tspan x="{EDGE + start * CELL:.1f}" textLength="{columns * CELL:.1f}" lengthAdjust="spacingAndGlyphs">'
                    f"{html.escape(run)}</tspan>" for start, run, columns in spans(line) if run.strip())
    return f'<text y="{y}" fill="{colour}" xml:space="preserve">{parts}</text>'


def picture(lines, title):
    width = max(sum(n for _, _, n in spans(line)) for line in lines) * CELL + 2 * EDGE
    height = len(lines) * LINE + 2 * EDGE
    body = "\n".join(text_line(EDGE + (i + 1) * LINE - 4, line, "#8fd18f" if line.startswith("$") else "#e6e6e6")
                     for i, line in enumerate(lines))
    return (f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{html.escape(title)}" viewBox="0 0 {width:.0f} {height}" '
            f'width="{width:.0f}" height="{height}" font-family="{FONT}" font-size="12.8">\n'
            f"<title>{html.escape(title)}</title>\n"
            f'<rect width="100%" height="100%" rx="8" fill="#16202b"/>\n{body}\n</svg>\n')


def main():
    stale = []
    for lang, name in (("en", "picture.svg"), ("ja", "picture.ja.svg")):
        done = subprocess.run([YAGURA, "read", "--lang", lang] + ARGS, cwd=TOP, capture_output=True,
                              text=True, check=True, env={**os.environ, "TZ": "UTC"})
        lines = ["$ build/yagura read " + " ".join(ARGS)] + done.stdout.rstrip("\n").split("\n")
        drawn = picture(lines, "Yagura's summary of a morning in a pretend city hall")
        path = os.path.join(TOP, "doc", name)
        if "--check" not in sys.argv:
            with open(path, "w", encoding="utf-8") as f:
                f.write(drawn)
        elif open(path, encoding="utf-8").read() != drawn:
            stale.append("doc/" + name)
    if stale:
        print(f"{', '.join(stale)}: no longer what the program prints; run tools/picture.py")
    return 1 if stale else 0


sys.exit(main())
