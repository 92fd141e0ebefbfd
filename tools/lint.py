#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The house rules a compiler does not check; see STYLE in CONTRIBUTING.md.

lint.py [--no-format] [PATH...]: prints one line a breach (file:line: what) and our row of
measurements; exit status 1 when there was a breach. Paths limit what is looked at. A line may break a pointer or lock rule when it, or the line
before it, carries a comment `lint: REASON`.
"""
import os
import re
import shutil
import statistics
import subprocess
import sys

sys.dont_write_bytecode = True  # the source tree stays as it was

from schemalib import config, model  # noqa: E402

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FUNCTION_LINES = 60
TWIN_LINES = 5
NESTING_WARN, NESTING = 3, 4
FILE_LINES = 600
TOOLBOXES = ("base", "schema")
POINTER_ROOMS = ("base", "capture", "decode")
LOCK_ROOMS = ("base",)

# Written in parts, so that this file does not hold them.
PROMISES = re.compile(r"TO" "DO|FIX" r"ME|\bX" r"XX\b|not impl" "emented|place" "holder")
MACHINE = re.compile("/(?:wo" "rk|fa" "rm|ro" "ot)/|/tmp/" r"d\b|/tmp/mi" "xed")
SPDX = "SPDX-License-Identifier: Apache-2.0"

POINTER_RULES = (
    (re.compile(r"(?:->|\.)(?:data|at|end|payload|l3)\s*[+]\s*[\w(]"), "pointer arithmetic"),
    (re.compile(r"(?<![\w)\]])\*\w+(?:->\w+|\.\w+)*\+\+"), "*p++ on raw bytes"),
    (re.compile(r"\((?:const\s+)?struct\s+\w+\s*\*\)\s*[\w(&]"), "cast to a struct pointer"),
    (re.compile(r"\bmem(?:cpy|move)\([^;]*(?:->|\.)data\s*\+"), "memcpy with pointer arithmetic"),
)
LOCK_RULES = (
    (re.compile(r"^\s*#\s*(?:if|ifdef|ifndef|elif)\b"), "#if"),
    (re.compile(r"\b(?:_Atomic|atomic_\w+|__atomic_\w+|__sync_\w+)\b"), "atomic"),
    (re.compile(r"\b(?:pthread_(?:mutex|rwlock|cond|spin|barrier)\w*|sem_(?:init|wait|post)|mtx_\w+)\b"),
     "lock"),
)
CONTROL = re.compile(r"(?:\}\s*)?(?:else\s+)?(if|for|while|switch|else|do)\b")
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)")
PRINTED = re.compile(r"\b(?:f?printf|f?puts|log_(?:debug|info|warning|error))\s*\([^;]*;")
STRING = re.compile(r'"((?:\\.|[^"\\\n])*)"')
NO_WORDS = re.compile(r"%[-+ #0-9.*]*[hljzt]*[a-zA-Z]|\\.|\byagura\b")
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')


class Lint:
    def __init__(self):
        self.breaches, self.warnings = [], []
        self.function_lines, self.nesting = [], []
        self.promises = 0
        self.bodies = {}  # (head, body) of static functions: where first

    def breach(self, path, line, text):
        self.breaches.append(f"{path}:{line}: {text}")


def strip_code(text):
    """Comments, strings and characters blanked out, line numbers kept."""
    def blank(m):
        s = m.group(0)
        if s[0] in "\"'":
            return s[0] + " " * (len(s) - 2) + s[-1]
        return re.sub(r"[^\n]", " ", s)
    return re.sub(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])+\'',
                  blank, text, flags=re.S)


def body_nesting(body):
    """Deepest control statement in a function body given without its outer braces."""
    deepest, stack, since, parens = 0, [], [], 0
    for ch in body:
        if ch == "(":
            parens += 1
        elif ch == ")":
            parens -= 1
        if parens == 0 and ch in "{};":
            text = "".join(since).strip()
            loose = braceless(text)
            if ch == "{":
                stack.append(loose)
            depth = sum(stack) + (loose if ch == ";" else 0)
            deepest = max(deepest, depth)
            if ch == "}" and stack:
                stack.pop()
            since = []
        else:
            since.append(ch)
    return deepest


def braceless(text):
    """How many control statements open `text` one inside the other."""
    text = re.sub(r"^(?:case[^:]*:|default\s*:|\w+:(?!:))\s*", "", text)
    count = 0
    while True:
        m = CONTROL.match(text)
        if not m:
            return count
        count += 1
        text = text[m.end():].lstrip()
        if text.startswith("("):
            depth = 0
            for i, ch in enumerate(text):
                depth += (ch == "(") - (ch == ")")
                if depth == 0:
                    text = text[i + 1:].lstrip()
                    break


def functions(code):
    """(first line, last line, body) of each function; braces stand in column 0 (clang-format)."""
    lines = code.split("\n")
    start = None
    for i, line in enumerate(lines):
        if line == "{" and i and lines[i - 1].rstrip().endswith(")"):
            start = i
        elif line.startswith("}") and start is not None:
            first = start - 1
            while first > 0 and lines[first][:1] in (" ", "\t"):
                first -= 1
            yield first + 1, i + 1, "\n".join(lines[start + 1:i])
            start = None


def excused(lines, i):
    return any(re.search(r"lint: \S", lines[k]) for k in (i, i - 1) if k >= 0)


def rooms_in_order():
    with open(os.path.join(TOP, "src/meson.build")) as f:
        return re.findall(r"^(\w+)_files = ", f.read(), re.M)


def check_includes(lint, path, room, lines, order):
    for i, line in enumerate(lines):
        m = INCLUDE.match(line)
        if not m or "/" not in m.group(1):
            continue
        other, header = m.group(1).split("/", 1)
        if other == room or other in TOOLBOXES:
            if other in order and room in order and order.index(other) > order.index(room):
                lint.breach(path, i + 1, f"{room}/ opens a door to {other}/, a later room")
        elif other not in order:
            lint.breach(path, i + 1, f"no room is called {other}/")
        elif order.index(other) > order.index(room):
            lint.breach(path, i + 1, f"{room}/ opens a door to {other}/, a later room")
        elif header != other + ".h":
            lint.breach(path, i + 1, f"from {other}/ only {other}/{other}.h may be included")


def check_lines(lint, path, room, lines, code_lines):
    for i, code in enumerate(code_lines):
        found = []
        if room not in POINTER_ROOMS:
            found += [what for rule, what in POINTER_RULES if rule.search(code)]
        if room not in LOCK_ROOMS:
            found += [what + " outside base/" for rule, what in LOCK_RULES if rule.search(code)]
        if found and not excused(lines, i):
            lint.breach(path, i + 1, ", ".join(dict.fromkeys(found)))


def check_printed(lint, path, text, lines):
    """What cmd/ prints are texts of content/text, in the language of the reader."""
    for call in PRINTED.finditer(text):
        for string in STRING.finditer(call.group(0)):
            line = text.count("\n", 0, call.start() + string.start())
            if re.search(r"[A-Za-z]{2,}", NO_WORDS.sub(" ", string.group(1))) and not excused(lines, line):
                lint.breach(path, line + 1, f"prints {string.group(0)}, which content/text does not know")


def check_functions(lint, path, code):
    for first, last, body in functions(code):
        length = last - first + 1
        lint.function_lines.append(length)
        if length > FUNCTION_LINES:
            lint.breach(path, first, f"function of {length} lines; {FUNCTION_LINES} at the most")
        depth = body_nesting(body)
        lint.nesting.append(depth)
        if depth > NESTING:
            lint.breach(path, first, f"nesting {depth}; {NESTING} at the most")
        elif depth > NESTING_WARN:
            lint.warnings.append(f"{path}:{first}: nesting {depth}; {NESTING_WARN} is the aim")


def check_twins(lint, path, code):
    """The same function in two files, name and all, wants to be one."""
    lines = code.split("\n")
    for first, _, body in functions(code):
        head = " ".join(lines[first - 1:first + 2])
        if body.count("\n") + 1 < TWIN_LINES or not head.startswith("static "):
            continue
        place = lint.bodies.setdefault((" ".join(head.split()), " ".join(body.split())), f"{path}:{first}")
        if place != f"{path}:{first}":
            lint.breach(path, first, f"the same function as at {place}")


def check_c(lint, path, text, order):
    parts = path.split("/")
    room = parts[1] if parts[0] == "src" and len(parts) > 2 else None
    lines = text.split("\n")
    code = strip_code(text)
    if room:
        if room in order:
            check_includes(lint, path, room, lines, order)
        if not path.endswith("_test.c"):
            check_lines(lint, path, room, lines, code.split("\n"))
            check_twins(lint, path, code)
        if room == "cmd" and not path.endswith("_test.c"):
            check_printed(lint, path, text, lines)
    check_functions(lint, path, code)


def check_text(lint, path, text):
    lines = text.split("\n")
    ours = not path.startswith("packaging/")  # what is there goes to users, who make it theirs
    if ours and path.endswith((".c", ".h", ".py", ".sh", ".yaml")) or lines[0].startswith("#!"):
        if not any(SPDX in line for line in lines[:3]):
            lint.breach(path, 1, "no SPDX line")
    if path.endswith((".c", ".h", ".py", ".def")) and len(lines) - 1 > FILE_LINES:
        lint.breach(path, len(lines) - 1, f"file of {len(lines) - 1} lines; {FILE_LINES} at the most")
    for i, line in enumerate(lines):
        for link in LINK.findall(line) if path.endswith(".md") else ():
            if not os.path.exists(os.path.join(TOP, os.path.dirname(path), link)):
                lint.breach(path, i + 1, f"a link to {link}, which is not there")
        if PROMISES.search(line):
            lint.promises += 1
            lint.breach(path, i + 1, "a promise instead of work: " + PROMISES.search(line).group(0))
        if MACHINE.search(line):
            lint.breach(path, i + 1, "path of somebody's machine: " + MACHINE.search(line).group(0))


def schema_names():
    """(what it is, its name, a pattern of C that uses it) of everything schema/ and content/text/ describe."""
    for name in model.read_texts():
        if name.startswith(("reason.", "rule_reason.")):
            continue  # found by what was said: src/schema/reason.c
        one = model.upper("TEXT_", name)
        twin = one.removesuffix("_ONE")  # of which cmd/'s macros make the text for one
        yield "text", name, rf"\b(?:{one}|{twin})\b" if twin != one else rf"\b{one}\b"
    for anomaly in model.read_anomalies():
        yield "anomaly", anomaly.name, rf"\b{model.upper('ANOMALY_', anomaly.name)}\b"
    for metric in model.read_metrics():
        yield "metric", metric.name, rf"(?:\.|->){metric.name.replace('.', '_')}\b"
    for path, key in config_keys(config.read_config()):
        section = rf"\b{path[-1].removesuffix('s')}s?\b(?:\[\w+\])?" if path else ""  # or one element of a list
        yield "configuration key", ".".join([*path, key.name]), rf"{section}(?:\.|->){key.name}(?:_bytes|_us|_count)?\b"


def config_keys(keys, path=()):
    for key in keys:
        if key.type != "section":
            yield path, key
        yield from config_keys(key.fields, (*path, key.name))


def check_used(lint, names, code):
    """What is described and nobody uses is a promise to the reader of the manual."""
    for what, name, pattern in names:
        if not re.search(pattern, code):
            lint.breach("schema", 1, f"no C file uses the {what} {name}")


def tracked():
    out = subprocess.run(["git", "ls-files", "-z"], cwd=TOP, capture_output=True)
    if out.returncode == 0 and out.stdout:
        return sorted(p for p in out.stdout.decode().split("\0") if p)
    found = []
    for folder, dirs, names in os.walk(TOP):
        dirs[:] = [d for d in dirs if d != ".git" and not d.startswith("build")]
        found += [os.path.relpath(os.path.join(folder, n), TOP) for n in names]
    return sorted(found)


def check_format(lint, paths):
    tool = shutil.which("clang-format-14") or shutil.which("clang-format")
    if not tool:
        lint.breach("tools/lint.py", 1, "clang-format-14 is not installed")
        return
    halves = [paths[0::2], paths[1::2]]
    runs = [subprocess.Popen([tool, "--dry-run", "-Werror", "--ferror-limit=1"] + half, cwd=TOP,
                             stderr=subprocess.PIPE, text=True) for half in halves if half]
    for run in runs:
        for line in run.communicate()[1].split("\n"):
            m = re.match(r"(\S+?):(\d+):\d+: error: (.*)", line)
            if m:
                lint.breach(os.path.relpath(m.group(1), TOP) if m.group(1)[0] == "/" else m.group(1),
                            m.group(2), m.group(3))


def row(lint, sources):
    """Our row beside the models named in doc/decisions."""
    lines = sum(text.count("\n") for text in sources.values())
    sizes = sorted(lint.function_lines) or [0]
    p95 = sizes[min(len(sizes) - 1, int(len(sizes) * 0.95))]
    print(f"lint: {len(sources)} C files, {lines} lines, {len(lint.function_lines)} functions, "
          f"length median {statistics.median_low(sizes)} / 95th percentile {p95} / longest {sizes[-1]}, "
          f"nesting deepest {max(lint.nesting or [0])}, {lint.promises} promises, "
          f"{len(lint.warnings)} warnings, {len(lint.breaches)} breaches")


def main():
    lint, order, sources, used = Lint(), rooms_in_order(), {}, []
    named = [os.path.relpath(a, TOP) for a in sys.argv[1:] if not a.startswith("-")]
    for path in named or tracked():
        full = os.path.join(TOP, path)
        if path.endswith((".jsonl", ".pcap", ".pcapng", ".gz", ".zst")) or not os.path.isfile(full):
            continue
        with open(full, "rb") as f:
            raw = f.read()
        if b"\0" in raw:
            continue
        text = raw.decode("utf-8", "replace")
        check_text(lint, path, text)
        if path.startswith("src/") and path.endswith((".c", ".h", ".def")) and not path.endswith("_test.c"):
            used.append(strip_code(text))
        if path.endswith((".c", ".h")):
            sources[path] = text
            check_c(lint, path, text, order)
    if not named:
        check_used(lint, schema_names(), "\n".join(used))
    if "--no-format" not in sys.argv:
        check_format(lint, sorted(sources))
    for text in lint.breaches:
        print(text)
    for text in lint.warnings:
        print("warning:", text)
    row(lint, sources)
    return 1 if lint.breaches else 0


if __name__ == "__main__":
    sys.exit(main())
