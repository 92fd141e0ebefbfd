# SPDX-License-Identifier: Apache-2.0
"""The generator: what it refuses, and that what it writes can be read by others."""
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
SCHEMAGEN = HERE.parent.parent / "tools/schemagen.py"
SAMPLES = {"records": "schema/records.yaml", "anomalies": "schema/anomalies.yaml",
           "metrics": "schema/metrics.yaml", "config": "schema/config.yaml", "text": "content/text/sample.yaml",
           "signatures": "content/signatures.yaml", "buffers": "content/rules/buffers.yaml",
           "detector": "content/detectors/sample.one.yaml"}

# file, what is replaced, by what, what stderr must say
MISTAKES = [
    ("records", "type: hex,", "type: hexx,", "records.all.raw: unknown type 'hexx'; allowed: "),
    ("records", "{name: raw, type: hex, help: Bytes.}", "{name: raw, type: hex}", "records.all: has no help"),
    ("records", "{name: raw,", "{name: raw, colour: red,", "records.all: unknown attribute 'colour'"),
    ("records", "{name: raw,", "{name: words,", "records.all: words stands twice"),
    ("records", "{name: raw,", "{name: raw, key: words,", "records.all: words stands twice"),
    ("records", "{name: raw,", "{name: register,", "is not a lower-case C identifier"),
    ("records", "{name: raw,", "{name: Raw,", "is not a lower-case C identifier"),
    ("records", "{name: raw,", "{name: has_n16,", "records.all: has_n16 stands twice"),
    ("records", "{name: raw,", "{name: raw, optional: true,", "only numbers, bool and objects can be `optional`"),
    ("records", "{name: raw,", "{name: raw, always: true,", "only bools and lists can be `always`"),
    ("records", "of: outer,", "of: nobody,", "records.all: unknown type 'nobody'"),
    ("records", "- {name: label, type: text, help: A text.}", "- {name: o, type: list, of: outer, help: A loop.}",
     "holds itself"),
    ("records", "  inner:\n    help", "  iner:\n    help", "unknown type 'inner'"),
    ("records", "  inner:\n    help", "  empty:\n    help", "records.empty: a type has the same name"),
    ("records", "  empty:\n", "  all:\n", "all stands twice"),
    ("records", "{name: raw,", "{name: nest_label,", "SQL column all_nest_label stands twice; use `column:`"),
    ("anomalies", "layer: stream", "layer: steam", "anomalies.yaml: stream.gap: layer is decode, stream or applayer"),
    ("anomalies", "stream.gap", "ipv4.trunc.pkt", "another name has the same spelling in C"),
    ("anomalies", "stream.gap", "Stream.gap", "names are dotted and lower-case"),
    ("metrics", "tcp.memory", "capture.packets.lost", "is a value already"),
    ("metrics", "tcp.memory", "capture.queue", "is"),
    ("config", "default: 0", "default: 5", "workers: the default is out of range"),
    ("config", "default: 0", "default: 5s", "workers: '5s' is no count"),
    ("config", "type: count", "type: number", "workers: unknown type 'number'"),
    ("signatures", "0:4142??", "0:4142?", "sample: tcp 0:4142? 4:be16=size-6: '4142?' are no hexadecimal bytes"),
    ("signatures", "4:be16=size-6", "4:be17=size-6", "'be17=size-6' are no hexadecimal bytes"),
    ("signatures", "4:be16=size-6", "4:be16=len", "'len' is no number and no size±N"),
    ("signatures", "tcp 0:", "tpc 0:", "begins with 'tpc'; allowed: tcp, udp, ip"),
    ("signatures", '"udp port=7 0:41"', '"udp port=7"', "a port or a size alone proves nothing"),
    ("signatures", 'find:\\"word\\"', "find:4?", "find takes whole bytes"),
    ("buffers", "all.words,", "all.word,", "buffers.yaml: all.words: no field 'word'"),
    ("buffers", "all.outers.inners.label", "all.outers.inners", "'all.outers.inners' is no single value"),
    ("buffers", "to: server", "to: sever", "to: server, client, either"),
    ("buffers", "[words]", "[pkt_data]", "pkt_data stands twice"),
    ("buffers", "shown: shown,", "shown: shown, from: all.words,", "either `from` or `shown`"),
    ("buffers", "[empty]", "[emty]", "messages: no record 'emty'"),
    ("detector", ", ja: 意味はありません。", "", "sample.one.yaml: means: has no ja"),
    ("detector", "sure: {en: Not at all., ja: 不確かです。}\n", "", "sample.one.yaml: has no sure"),
    ("detector", "({peer})", "({pear})", "unknown blank {pear}"),
    ("detector", "({peer})", "", "the languages have different blanks"),
    ("detector", "{peer}]].", "{peer}.", "[[ without ]]"),
    ("detector", "phase: entry", "phase: entrance", "unknown phase 'entrance'"),
    ("detector", "severity: low", "severity: worst", "severity is one of"),
    ("detector", "[T0001]", "[T0002]", "no technique 'T0002' in content/attack"),
    ("detector", "id: sample.one", "id: sample.two", "is not the file's name"),
    ("detector", "[other]", "[kind]", "two cases are called 'kind'"),
    ("text", ', ja: "{name}さん、こんにちは"', "", "sample.yaml: sample.greeting: has no ja"),
    ("text", "{name}さん", "{nmae}さん", "sample.greeting: the languages have different blanks"),
    ("text", "Hello, {name}", "Hello, {name} {", "sample.greeting: a brace that is no {blank}"),
    ("text", "sample.greeting", "sample.greeting: {en: a, ja: b}\nsample.greeting", "sample.greeting stands twice"),
]


def run(*arguments):
    return subprocess.run([sys.executable, SCHEMAGEN, *map(str, arguments)], capture_output=True, text=True)


class Generator(unittest.TestCase):
    def setUp(self):
        self.root = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.root)
        for folder in ("schema", "content"):
            shutil.copytree(HERE / folder, self.root / folder)
        self.out = self.root / "out"

    def change(self, name, old, new):
        path = self.root / SAMPLES[name]
        text = path.read_text(encoding="utf-8")
        self.assertIn(old, text)
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    def test_mistakes_are_named(self):
        for name, old, new, said in MISTAKES:
            original = (self.root / SAMPLES[name]).read_text(encoding="utf-8")
            self.change(name, old, new)
            done = run("--root", self.root, "--out", self.out)
            with self.subTest(new=new):
                self.assertEqual(done.returncode, 1)
                self.assertIn(said, done.stderr)
                self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
            (self.root / SAMPLES[name]).write_text(original, encoding="utf-8")

    def test_unchanged_files_keep_their_time(self):
        self.assertEqual(run("--root", self.root, "--out", self.out).returncode, 0)
        before = {path.name: path.stat().st_mtime_ns for path in self.out.glob("*.[ch]")}
        self.change("records", "help: Bytes.", "help: Some bytes.")
        self.assertEqual(run("--root", self.root, "--out", self.out).returncode, 0)
        changed = {name for name, time in before.items() if (self.out / name).stat().st_mtime_ns != time}
        self.assertEqual(changed, {"records.h"})

    def test_manual_goes_stale(self):
        self.assertEqual(run("--root", self.root, "--manual").returncode, 0)
        self.assertEqual(run("--root", self.root, "--check").returncode, 0)
        self.change("metrics", "help: Sum.", "help: The sum.")
        done = run("--root", self.root, "--check")
        self.assertEqual(done.returncode, 1)
        self.assertIn("stale: doc/manual/reference-metrics.md;", done.stderr)

    def test_sql_is_read_by_sqlite(self):
        for root in (self.root, SCHEMAGEN.parent.parent):
            self.assertEqual(run("--root", root, "--out", self.out).returncode, 0)
            base = sqlite3.connect(":memory:")
            base.executescript((self.out / "schema.sql").read_text(encoding="utf-8"))
            tables = [name for name, in base.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
            for table in tables:
                base.execute(f'INSERT INTO "{table}" DEFAULT VALUES')
                self.assertNotIn(None, base.execute(f'SELECT * FROM "{table}"').fetchone())
        self.assertIn("flow", tables)

    def test_typescript_marks_what_may_be_missing(self):
        self.assertEqual(run("--root", self.root, "--out", self.out).returncode, 0)
        types = (self.out / "records.d.ts").read_text(encoding="utf-8")
        for line in ("n8: number;", "n16?: number;", "words?: string;", "either: boolean;", "outers?: Outer[];",
                     '  event_type: "all";', "  all: {", "  empty?: {", "  beside?: {", "  default?: number;",
                     "export type YaguraRecord = AllRecord | EmptyRecord | StatsRecord;"):
            self.assertIn(line + "\n", types)


if __name__ == "__main__":
    unittest.main()
