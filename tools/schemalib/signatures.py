# SPDX-License-Identifier: Apache-2.0
"""content/signatures.yaml → the table src/proto/signature.c goes through."""
import re

from schemalib import model
from schemalib.c_text import c_text
from schemalib.model import need, take

CARRIERS = {"tcp": "OVER_TCP", "udp": "OVER_UDP", "ip": "OVER_IP"}
COMPARE = {"=": "EQUAL", "<=": "AT_MOST", ">=": "AT_LEAST"}
TOKEN = re.compile(r'[a-z0-9]+:"(?:\\.|[^"\\])*"|\S+')
BYTES_MOST = 32


def text_bytes(text):
    """What stands between quotes; backslash escapes as in C."""
    return text.encode("latin-1").decode("unicode_escape").encode("latin-1")


def hex_bytes(text, where):
    need(len(text) % 2 == 0 and re.fullmatch(r"[0-9a-f?]+", text), where, f"{text!r} are no hexadecimal bytes")
    pairs = [text[i:i + 2] for i in range(0, len(text), 2)]
    value = bytes(int(p.replace("?", "0"), 16) for p in pairs)
    mask = bytes((p[0] != "?") * 0xf0 | (p[1] != "?") * 0x0f for p in pairs)
    return value, mask


def escaped(raw):
    return '"' + "".join(f"\\x{b:02x}" for b in raw) + '"'


def number(text, where):
    """"size-4" → (relative to the size, -4); "12" → (absolute, 12)."""
    found = re.fullmatch(r"size([+-]\d+)?", text)
    if found:
        return "true", found.group(1) or "0"
    need(re.fullmatch(r"\d+", text), where, f"{text!r} is no number and no size±N")
    return "false", text


def condition(token, where):
    if found := re.fullmatch(r"(proto|port)=(\d+)", token):
        return f"{{.kind = SIGNATURE_{found.group(1).upper()}, .value = {found.group(2)}}}"
    if found := re.fullmatch(r"(?:(\d+):(be|le|)(8|16|24|32)|size)(<=|>=|=)(\S+)", token):
        at, order, bits, compare, right = found.groups()
        relative, value = number(right, where)
        kind = "SIZE" if at is None else "NUMBER"
        return (f"{{.kind = SIGNATURE_{kind}, .at = {at or 0}, .width = {int(bits or 0) // 8}, "
                f".little = {'true' if order == 'le' else 'false'}, .compare = SIGNATURE_{COMPARE[compare]}, "
                f".relative = {relative}, .value = {value}}}")
    found = re.fullmatch(r"(\d+|find):(.*)", token, re.S)
    need(found, where, f"{token!r} is no condition")
    at, what = found.groups()
    quoted = re.fullmatch(r'"(.*)"', what, re.S)
    value, mask = (text_bytes(quoted.group(1)), None) if quoted else hex_bytes(what, where)
    need(0 < len(value) <= BYTES_MOST, where, f"{token!r}: 1 to {BYTES_MOST} bytes")
    masked = mask is not None and set(mask) != {255}
    need(not (masked and at == "find"), where, f"{token!r}: find takes whole bytes")
    kind = "FIND" if at == "find" else "MASKED" if masked else "BYTES"
    mask_text = f", .mask = {escaped(mask)}" if masked else ""
    return (f"{{.kind = SIGNATURE_{kind}, .at = {0 if at == 'find' else at}, .len = {len(value)}, "
            f".bytes = {escaped(value)}{mask_text}}}")


def first_bytes(tokens, where):
    """Which first bytes the way allows: those its conditions at offset 0 leave."""
    allowed = set(range(256))
    for token in tokens:
        found = re.fullmatch(r"0:(?![bl]e|8|16|24|32)(.*)", token, re.S)
        if not found or re.fullmatch(r"0:(be|le|)(8|16|24|32)(<=|>=|=)\S+", token):
            continue
        quoted = re.fullmatch(r'"(.*)"', found.group(1), re.S)
        value, mask = (text_bytes(quoted.group(1)), b"\xff") if quoted else hex_bytes(found.group(1), where)
        allowed &= {b for b in range(256) if (b ^ value[0]) & mask[0] == 0}
    return allowed


def index(ways):
    """For each carrier and first byte the ways that may hold, in order, one list after another."""
    lists, starts = [], []
    for carrier in CARRIERS.values():
        for byte in range(256):
            starts.append(len(lists))
            lists += [i for i, (c, _, allowed) in enumerate(ways) if c == carrier and byte in allowed]
    return starts + [len(lists)], lists


def cost(test):
    """All tests of a way must hold: what decides most for least comes first, a search last."""
    return next(i for i, kind in enumerate(("PORT", "SIZE", "NUMBER", "PROTO", "BYTES", "MASKED", "FIND")) if f"SIGNATURE_{kind}" in test)


def way(text, where):
    carrier, *tokens = TOKEN.findall(text)
    need(carrier in CARRIERS, where, f"begins with {carrier!r}; allowed: {', '.join(CARRIERS)}")
    need(tokens, where, "has no condition")
    tests = sorted((condition(token, where) for token in tokens), key=cost)
    need(any("PORT" not in t and "SIGNATURE_SIZE" not in t for t in tests) or len(tests) > 1, where,
         "a port or a size alone proves nothing")
    return CARRIERS[carrier], tests, first_bytes(tokens, where)


def read_signatures():
    path = model.ROOT / "content/signatures.yaml"
    table = take(model.load(path), path.name, ("signatures",))["signatures"]
    for name, entry in table.items():
        where = f"{path.name}: {name}"
        need(re.fullmatch(r"[a-z0-9][a-z0-9._/+-]*", name), where, "names are lower-case")
        take(entry, where, ("title", "like"))
        yield name, entry["title"], [way(text, f"{where}: {text}") for text in entry["like"]]


def signatures_c(signatures):
    tests, ways, names, all_ways = [], [], [], []
    for name, title, alternatives in signatures:
        names.append(f"{{{c_text(name)}, {c_text(title)}}},")
        for carrier, conditions, allowed in alternatives:
            all_ways.append((carrier, conditions, allowed))
            ways.append(f"{{{len(conditions)}, {len(tests)}, {len(names) - 1}}},")
            tests += [c + "," for c in conditions]
    starts, lists = index(all_ways)
    return ['#include "proto/signature.h"', "", "const struct signature_test signature_tests[] = {", *tests, "};", "",
            "const struct signature_way signature_ways[] = {", *ways, "};", "",
            "const uint16_t signature_starts[3 * 256 + 1] = {", ", ".join(map(str, starts)), "};", "",
            "const uint16_t signature_lists[] = {", ", ".join(map(str, lists)), "};", "",
            "const struct signature_name signature_names[] = {", *names, "};", "",
            "const size_t signature_name_count = sizeof signature_names / sizeof *signature_names;"]
