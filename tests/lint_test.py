# SPDX-License-Identifier: Apache-2.0
"""tools/lint.py must find what it is for: each rule is shown a breach and the same thing done right."""
import os
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(TOP, "tools"))
import lint as tool  # noqa: E402

ORDER = ["base", "capture", "decode", "flow", "file", "proto", "cmd"]
HEAD = "// " + tool.SPDX + "\n"


def found(path, text):
    """Breaches of a file with this text, as one string."""
    lint = tool.Lint()
    tool.check_text(lint, path, text)
    tool.check_c(lint, path, text, ORDER)
    return "\n".join(lint.breaches)


def function(body):
    return HEAD + "static void f(void)\n{\n" + body + "}\n"


BREACHES = (
    ("a later room", "src/flow/x.c", HEAD + '#include "proto/proto.h"\n'),
    ("only flow/flow.h", "src/proto/x.c", HEAD + '#include "flow/internal.h"\n'),
    ("pointer arithmetic", "src/proto/x.c", function("    g(b.data + 4);\n")),
    ("*p++", "src/proto/x.c", function("    c = *p++;\n")),
    ("cast to a struct", "src/proto/x.c", function("    h = (const struct head *)bytes;\n")),
    ("#if outside", "src/flow/x.c", HEAD + "#ifdef DEBUG\n#endif\n"),
    ("atomic outside", "src/flow/x.c", HEAD + "static _Atomic int n;\n"),
    ("lock outside", "src/cmd/x.c", function("    pthread_mutex_lock(&m);\n")),
    ("content/text does not know", "src/cmd/x.c", function('    fputs("nothing found", stderr);\n')),
    ("content/text does not know", "src/cmd/x.c", function('    printf("%s: %zu %s\\n", a, n,\n        n == 1 ? "file" : "files");\n')),
    ("no SPDX line", "src/flow/x.c", "int n;\n"),
    ("function of 64 lines", "src/flow/x.c", function("    g();\n" * 61)),
    ("nesting 5", "src/flow/x.c", function("    if (a)\n        for (;;) {\n            while (b)\n                if (c)\n"
                                          "                    do {\n                        g();\n                    } while (d);\n        }\n")),
    ("a promise", "src/flow/x.c", HEAD + "// TO" + "DO: later\n"),
    ("somebody's machine", "doc/x.md", "see /ro" + "ot/notes\n"),
)
FINE = (
    ("src/proto/x.c", HEAD + '#include "proto/engine.h"\n#include "flow/flow.h"\n#include "base/arena.h"\n'),
    ("src/decode/x.c", function("    g(b.data + 4);\n")),
    ("src/proto/x.c", function("    g(b.data + 4); // lint: the table is ours\n")),
    ("src/proto/x.c", function('    g("*p++ and b.data + 4"); // *p++\n')),
    ("src/flow/x.c", function("    for (int i = 0; i < 3; i++)\n        if (a)\n            while (b)\n                g();\n")),
    ("src/cmd/x.c", function('    fprintf(stderr, "\\r\\033[K%-*s yagura: %5.1f %llu\\n", 3, a, b, c);\n    g("text");\n')),
    ("src/flow/x_test.c", function("    h = (struct head *)bytes;\n")),
)


def run():
    """'' or what lint overlooked or made up."""
    for what, path, text in BREACHES:
        if what not in found(path, text):
            return f"lint overlooks '{what}'; it says: {found(path, text) or 'nothing'}"
    for path, text in FINE:
        if found(path, text):
            return f"lint finds a breach where there is none: {found(path, text)}"
    lint = tool.Lint()
    for path in "src/flow/x.c", "src/flow/y.c":
        tool.check_c(lint, path, function("    g();\n" * 6), ORDER)
    if lint.breaches != ["src/flow/y.c:2: the same function as at src/flow/x.c:2"]:
        return f"lint overlooks twins: {lint.breaches}"
    lint = tool.Lint()
    tool.check_used(lint, [("text", "a.b", r"\bTEXT_A_B\b"), ("text", "a.c", r"\bTEXT_A_C\b")], "put(TEXT_A_B);")
    if lint.breaches != ["schema:1: no C file uses the text a.c"]:
        return f"lint does not tell what is unused: {lint.breaches}"
    return ""


def jobs():
    yield "lint finds what it is for", run
