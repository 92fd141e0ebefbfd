#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Say it once: everything schema/ and content/text/ describe is written from there.

  schemagen.py --out DIR    C (records, anomalies, metrics, config, text), schema.sql, records.d.ts
  schemagen.py --manual     doc/manual/reference-*.md and packaging/yagura.yaml
  schemagen.py --check      exit 1 when one of those is stale
  --root DIR                read DIR/schema and DIR/content instead of the repository's (tests)

What the YAML may say stands at the head of each schema file. A mistake there ends in one line on
stderr that names file, place and what is wrong.
"""
import argparse
import sys
from pathlib import Path

sys.dont_write_bytecode = True  # the source tree stays as it was

from schemalib import c_records, c_shape, c_tables, config, detectors, documents, findings, indicators, keywords, model, rules, services, sigma, signatures, zeek  # noqa: E402


def c_file(source, lines):
    head = f"// SPDX-License-Identifier: Apache-2.0\n// Written by tools/schemagen.py from {source}; edit that.\n"
    return head + "\n".join(lines) + "\n"


def build_files():
    records, anomalies = model.read_records(), model.read_anomalies()
    metrics, texts, keys = model.read_metrics(), model.read_texts(), config.read_config()
    messages, buffers, frames = rules.read_buffers(records)
    return {
        "records.h": c_file("schema/records.yaml and schema/protocols", c_records.records_h(records)),
        "records.c": c_file("schema/records.yaml and schema/protocols", c_records.records_c(records)),
        "anomalies.h": c_file("schema/anomalies.yaml and schema/protocols", c_tables.anomalies_h(anomalies)),
        "anomalies.c": c_file("schema/anomalies.yaml and schema/protocols", c_tables.anomalies_c(anomalies)),
        "metrics.h": c_file("schema/metrics.yaml", c_tables.metrics_h(metrics)),
        "metrics.c": c_file("schema/metrics.yaml", c_tables.metrics_c(metrics, anomalies)),
        "config.h": c_file("schema/config.yaml", config.config_h(keys)),
        "config.c": c_file("schema/config.yaml", config.config_c(keys) + config.example_c(keys)),
        "text.h": c_file("content/text", c_tables.text_h(texts)),
        "text.c": c_file("content/text", c_tables.text_c(texts)),
        "services.c": c_file("content/services.yaml", services.services_c()),
        "protocols.c": c_file("schema/protocols", c_tables.protocols_c(model.read_protocols())),
        "shapes.c": c_file("schema/records.yaml and schema/protocols", c_shape.Shapes(records).text()),
        "zeek.c": c_file("schema/zeek.yaml", zeek.zeek_c(records)),
        "signatures.c": c_file("content/signatures.yaml", signatures.signatures_c(signatures.read_signatures())),
        "buffers.h": c_file("content/rules/buffers.yaml", rules.buffers_h(buffers, frames)),
        "buffers.c": c_file("content/rules/buffers.yaml", rules.buffers_c(messages, buffers, frames)),
        "numbers.c": c_file("content/rules/numbers.yaml", rules.numbers_c(records)),
        "indicators.c": c_file("schema/records.yaml and schema/protocols", indicators.indicators_c(records)),
        "detectors.c": c_file("content/detectors, content/phases.yaml and content/attack", detectors.detectors_c()),
        "events.c": c_file("content/rules/events.yaml", rules.events_c(anomalies)),
        "sigma.c": c_file("content/sigma/logsources.yaml", sigma.sigma_c(records)),
        "findings.h": c_file("schema/findings.yaml", findings.findings_h()),
        "findings.c": c_file("schema/findings.yaml", findings.findings_c()),
        "schema.sql": documents.sql(records) + findings.sql(),
        "records.d.ts": documents.typescript(records) + findings.typescript(),
    }


def manual_files():
    """Those that are committed, because people read them there."""
    keys = config.read_config()
    return {
        "doc/manual/reference-records.md": documents.manual_records(model.read_records()),
        "doc/manual/reference-anomalies.md": documents.manual_anomalies(model.read_anomalies()),
        "doc/manual/reference-metrics.md": documents.manual_metrics(model.read_metrics()),
        "doc/manual/reference-config.md": documents.manual_config(keys),
        "doc/manual/reference-findings.md": findings.manual(),
        "doc/manual/reference-detectors.md": detectors.manual(),
        "doc/manual/reference-rules.md": keywords.manual(),
        "doc/manual/navigator-layer.json": detectors.navigator(),
        "packaging/yagura.yaml": config.example(keys),
    }


def write_if_changed(path, text):
    """Leaves the time of an unchanged file alone, so that nothing is built again for it."""
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def write_build(out):
    files = build_files()
    for name, text in files.items():
        write_if_changed(out / name, text)
    inputs = " ".join(sorted(str(path) for path in model.sources))
    (out / "schema.d").write_text(f"{' '.join(str(out / name) for name in files)}: {inputs}\n")


def stale():
    for name, text in manual_files().items():
        path = model.ROOT / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            yield name


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--out", type=Path, metavar="DIR")
    what.add_argument("--manual", action="store_true")
    what.add_argument("--check", action="store_true")
    parser.add_argument("--root", type=Path, default=model.ROOT)
    arguments = parser.parse_args()
    model.ROOT = arguments.root.resolve()
    try:
        if arguments.out:
            write_build(arguments.out)
        elif arguments.manual:
            for name, text in manual_files().items():
                write_if_changed(model.ROOT / name, text)
        elif names := list(stale()):
            sys.exit(f"schemagen: stale: {', '.join(names)}; run tools/schemagen.py --manual and commit them")
    except model.Mistake as mistake:
        sys.exit(f"schemagen: {mistake}")


if __name__ == "__main__":
    main()
