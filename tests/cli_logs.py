# SPDX-License-Identifier: Apache-2.0
"""Command-line tests of other products' logs, as input and as output."""
import gzip
import json
import os
import tempfile

from cli_tools import DAY, call, expect
from goldens import run


def zeek_rows(path):
    """Columns and rows of one of Zeek's logs."""
    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "rt", encoding="utf-8") as f:
        lines = f.read().splitlines()
    columns = next(line for line in lines if line.startswith("#fields")).split("\t")[1:]
    return columns, [dict(zip(columns, line.split("\t"))) for line in lines if not line.startswith("#")]


def format_zeek(yagura):
    """DAY as Zeek's logs: heads, a row for each record, the same with two workers."""
    with tempfile.TemporaryDirectory() as folder:
        for workers in "1", "2":
            done = call(yagura, "read", "-q", "--workers", workers, "--format", "zeek", "-o", os.path.join(folder, workers), DAY)
            if problem := expect(done, 0):
                return problem
        names = sorted(set(os.listdir(os.path.join(folder, "1"))) - {"findings.jsonl", "incidents.jsonl"})
        if not {"conn.log", "dns.log", "http.log", "ssl.log", "files.log"} <= set(names) or any("part" in n for n in names):
            return f"logs: {names}"
        for name in names:
            texts = [open(os.path.join(folder, w, name), encoding="utf-8").read() for w in "12"]
            if texts[0] != texts[1] or not texts[0].startswith("#separator \\x09\n") or "\n#close\t" not in texts[0]:
                return f"{name}: {texts[0][:400]}"
        columns, rows = zeek_rows(os.path.join(folder, "1", "conn.log"))
        flows = [json.loads(line) for line in run(yagura, DAY) if '"event_type":"flow"' in line]
        if columns[:6] != ["ts", "uid", "id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p"] or len(rows) != len(flows):
            return f"conn.log: {len(rows)} rows of {len(flows)} flows, {columns}"
        if [row["id.resp_h"] for row in rows] != [flow["dest_ip"] for flow in flows] or any(len(row) != len(columns) for row in rows):
            return f"conn.log: {rows[0]}"
    return expect(call(yagura, "read", "--format", "csv", "-o", "x", DAY), 2, stderr="csv") or \
        expect(call(yagura, "read", "--format", "zeek", DAY), 2, stderr="-o")


def logs_as_input(yagura):
    """Zeek's logs, packed too, and EVE JSON give a summary and records like a capture."""
    with tempfile.TemporaryDirectory() as folder:
        if problem := expect(call(yagura, "read", "-q", "--format", "zeek", "-o", folder, DAY), 0):
            return problem
        with open(os.path.join(folder, "conn.log"), "rb") as f, gzip.open(os.path.join(folder, "conn.2026.log.gz"), "wb") as packed:
            packed.write(f.read())
        flows = [json.loads(line) for line in run(yagura, DAY) if '"event_type":"flow"' in line]
        done = call(yagura, "read", "--lang", "en", "-o", os.path.join(folder, "again"), os.path.join(folder, "conn.2026.log.gz"),
                    os.path.join(folder, "dns.log"))
        again = list(map(json.loads, open_lines(os.path.join(folder, "again", "events.jsonl"))))
        problem = expect(done, 0, "flows") or ("" if b"records read" in done.stdout else f"{done.stdout!r}")
        read = [r for r in again if r["event_type"] == "flow"]
        same = [(f["src_ip"], f["dest_ip"], f["flow"]["pkts_toserver"], f.get("app_proto", "failed")) for f in flows] == \
            [(f["src_ip"], f["dest_ip"], f["flow"]["pkts_toserver"], f.get("app_proto", "failed")) for f in read]
        return problem or ("" if same and any(r["event_type"] == "dns" for r in again) else f"flows differ: {read[:1]}")


def open_lines(path):
    with open(path, encoding="utf-8") as f:
        return f.read().splitlines()


def damaged_log(yagura):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "eve.json")
        with open(path, "w", encoding="utf-8") as f:
            f.write('{"timestamp":"2026-11-21T08:00:00.0+0900","event_type":"dns","src_ip":"10.0.0.1","dns":{"id":1}}\n'
                    'not json\n{"timestamp":"2026-11-21T08:00:00.0+0900","event_type":"alert"}\n')
        return expect(call(yagura, "read", "--lang", "en", path), 0, stderr="line 2 could not be read") or \
            expect(call(yagura, "read", "--lang", "ja", "-q", path), 0, stderr="2 行目")


def flows_as_input(yagura):
    """Argus' flows of a host that tries port 23 of twenty others, of which none answers."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "day.binetflow")
        with open(path, "w", encoding="utf-8") as f:
            f.write("StartTime,Dur,Proto,SrcAddr,Sport,Dir,DstAddr,Dport,State,sTos,dTos,TotPkts,TotBytes,SrcBytes,Label\n")
            f.writelines(f"2026/11/21 08:00:{at:02}.5,0.0,tcp,10.30.1.10,{50000 + at},   ->,10.30.2.{at + 1},23,REQ,0,,1,70,70,\n"
                         for at in range(20))
        return expect(call(yagura, "read", "--lang", "en", path), 0, stdout="10.30.1.10 tried 15 hosts at port 23")


TESTS = (format_zeek, logs_as_input, flows_as_input, damaged_log)
