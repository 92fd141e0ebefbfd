# SPDX-License-Identifier: Apache-2.0
"""Small pieces of C text."""


def c_text(text):
    """A C string constant; other bytes than ASCII as octal, which cannot swallow what follows."""
    plain = {ord('"'): '\\"', ord("\\"): "\\\\", 10: "\\n"}
    return '"' + "".join(plain.get(b) or (chr(b) if 32 <= b < 127 else f"\\{b:03o}")
                         for b in text.encode()) + '"'


def indent(lines, by=4):
    return [" " * by + line if line else line for line in lines]


def guarded(condition, lines):
    return [f"if ({condition}) {{", *indent(lines), "}"] if condition else lines


def initialised(name, type_, values):
    """A static table, one value a line."""
    return [f"static const {type_} {name}[] = {{", *indent(value + "," for value in values), "};", ""]
