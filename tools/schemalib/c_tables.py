# SPDX-License-Identifier: Apache-2.0
"""C of what are plain tables: anomalies, metrics, texts."""
from schemalib.c_text import c_text, guarded, indent
from schemalib.model import need, upper


def anomalies_h(entries):
    return ["#pragma once", "", "enum anomaly {", "    ANOMALY_NONE,",
            *(f"    {upper('ANOMALY_', e.name)}, // {e.help}" for e in entries), "    ANOMALIES", "};", "",
            '// "ipv4.trunc_pkt"', "const char *anomaly_name(enum anomaly anomaly);", "",
            '// "decode", "stream" or "applayer"', "const char *anomaly_layer(enum anomaly anomaly);"]


def anomalies_c(entries):
    lines = ['#include "schema/anomalies.h"', "#include <assert.h>", "",
             "static const struct {", "    const char *name;", "    const char *layer;", "} table[ANOMALIES] = {",
             '    [ANOMALY_NONE] = {"none", "none"},']
    lines += [f'    [{upper("ANOMALY_", e.name)}] = {{"{e.name}", "{e.layer}"}},' for e in entries]
    lines.append("};")
    for what in ("name", "layer"):
        lines += ["", f"const char *anomaly_{what}(enum anomaly anomaly)", "{",
                  "    assert(anomaly < ANOMALIES);", f"    return table[anomaly].{what};", "}"]
    return lines


def protocols_c(found):
    rows = [f"    {{{c_text(name)}, {c_text(', '.join(records))}}}," for name, records in sorted(found.items())]
    return ['#include "proto/proto.h"', "#include <string.h>", "", "static const struct {", "    const char *name;",
            "    const char *records;", "} table[] = {", *rows, "};", "",
            "const char *proto_records(const char *name)", "{",
            "    for (size_t i = 0; i < sizeof table / sizeof *table; i++)",
            "        if (strcmp(table[i].name, name) == 0)", "            return table[i].records;", '    return "";', "}"]


def tree(entries):
    """Dotted names as nested dicts, for the JSON writers."""
    root = {}
    for entry in entries:
        *path, leaf = entry.name.split(".")
        at = root
        for step in path:
            at = at.setdefault(step, {})
            need(isinstance(at, dict), entry.name, f"{step} is a value already")
        need(leaf not in at, entry.name, "is the beginning of another name")
        at[leaf] = entry
    return root


def metrics_h(entries):
    lines = ["#pragma once", '#include "base/json.h"', '#include "schema/anomalies.h"', "",
             "// Counters of one worker. Plain numbers: a worker owns its own, they are added at the end.",
             "struct metrics {"]
    for e in entries:
        notes = " ".join(["//", e.help] + [f"[{e.unit}]"] * bool(e.unit) + ["(largest)"] * e.peak)
        lines.append(f"    uint64_t {e.name.replace('.', '_')}; {notes}")
    return lines + [
        "    uint64_t anomalies[ANOMALIES]; // how often each was noticed", "};", "",
        f"enum {{ METRICS = {len(entries)} }}; // without the anomalies", "",
        '// "capture.packets" and its value; i < METRICS.', "const char *metric_name(size_t i);",
        "uint64_t metric_value(const struct metrics *m, size_t i);", "bool metric_is_peak(size_t i);", "",
        "// Sum that stops at UINT64_MAX; peaks take the larger.",
        "void metrics_add(struct metrics *to, const struct metrics *from);", "",
        "// Members nested by the dots of their names, without braces around them all; anomalies that",
        '// occurred stand under "event".', "void metrics_write_members(struct json *j, const struct metrics *m);",
        "// The same as one JSON object.", "void metrics_write_json(struct json *j, const struct metrics *m);"]


def write_tree(branch, leaf, depth=0):
    for key, value in branch.items():
        if isinstance(value, dict):
            yield f'struct write_mark mark_{depth}_{key} = WRITE_BEGIN(j, "{key}");'
            yield from write_tree(value, leaf, depth + 1)
            yield f"write_end(j, mark_{depth}_{key});"
        else:
            yield from leaf(key, value)


def write_metric(key, entry):
    return [f'JSON_KEY(j, "{key}");', f"json_u64(j, m->{entry.name.replace('.', '_')});"]


def write_anomaly(key, entry):
    count = f"m->anomalies[{upper('ANOMALY_', entry.name)}]"
    return guarded(count, [f'JSON_KEY(j, "{key}");', f"json_u64(j, {count});"])


def blocks(lines):
    """Names of marks repeat in different branches: each top branch gets a scope of its own."""
    scoped = []
    for line in lines:
        if line.startswith("struct write_mark mark_0_"):
            scoped.append("{")
        scoped.append(line)
        if line.startswith("write_end(j, mark_0_"):
            scoped.append("}")
    return scoped


def metrics_c(entries, anomalies):
    lines = ['#include "schema/metrics.h"', '#include "schema/write.h"', "#include <assert.h>", "",
             "static const struct {", "    const char *name;", "    bool peak;", "} table[METRICS] = {"]
    lines += [f'    {{"{e.name}", {str(e.peak).lower()}}},' for e in entries]
    lines += ["};", "", "_Static_assert(offsetof(struct metrics, anomalies) == METRICS * sizeof(uint64_t),",
              '    "metrics are read as an array");', "",
              "static void write_anomalies(struct json *j, const struct metrics *m)", "{",
              *indent(blocks(write_tree(tree(anomalies), write_anomaly))), "}", "",
              "void metrics_write_members(struct json *j, const struct metrics *m)", "{",
              *indent(blocks(write_tree(tree(entries), write_metric))),
              '    struct write_mark mark = WRITE_BEGIN(j, "event");', "    write_anomalies(j, m);",
              "    write_end(j, mark);", "}", ""]
    return lines + [
        "const char *metric_name(size_t i)", "{", "    assert(i < METRICS);", "    return table[i].name;", "}", "",
        "bool metric_is_peak(size_t i)", "{", "    assert(i < METRICS);", "    return table[i].peak;", "}"]


def text_h(texts):
    return ["#pragma once", '#include "base/bytes.h"', "",
            "enum lang { LANG_EN, LANG_JA, LANGS };", "", "enum text_id {",
            *(f"    {upper('TEXT_', name)}," for name in texts), "    TEXTS", "};", "",
            "// A text as it is written in content/text, blanks in braces.",
            "const char *text(enum text_id id, enum lang lang);", "",
            "// What stands for {name}.", "struct text_arg {", "    const char *name;", "    struct bytes value;",
            "};", "",
            "// The text with its blanks filled, ended by NUL and cut between characters to fit `room`.",
            "// Returns its length without NUL. A blank nobody gives a value for is a bug.",
            "size_t text_format(char *out, size_t room, enum text_id id, enum lang lang,",
            "    const struct text_arg *args, size_t count);"]


def text_c(texts):
    lines = ['#include "schema/text.h"', "#include <assert.h>", "",
             "static const char *const table[TEXTS][LANGS] = {"]
    for name, languages in texts.items():
        lines += [f"    [{upper('TEXT_', name)}] = {{", f"        {c_text(languages['en'])},",
                  f"        {c_text(languages['ja'])}", "    },"]
    return lines + ["};", "", "const char *text(enum text_id id, enum lang lang)", "{",
                    "    assert(id < TEXTS && lang < LANGS);", "    return table[id][lang];", "}"]
