# SPDX-License-Identifier: Apache-2.0
"""content/detectors, content/phases.yaml, content/attack → the tables of src/detect, the manual, Navigator's layer.

A detector's file is NAME.yaml, NAME its id, with
  id since engine       engine: rules, intel, sigma, file, detect or log: who makes its hits
  phase                 a phase's id, or none: the hit says, or its techniques
  techniques            ATT&CK ids (may be left out)
  severity certainty    of a finding whose hit says nothing better; info low medium high, 0 to 100
  name title            each {en, ja}: what it is called; one line of a list
  seen means sure do innocent
                        each {en, ja}: what was seen, what it means, how sure that is, what to do first, known
                        innocent causes
  facts                 NAME → what it tells: what its hits bring beside the common blanks; a blank of its texts each
  settings              keys of schema/config.yaml it obeys
  references            addresses of pages that say more
  cases                 KIND → {also: [other spellings], and of the above what differs for hits of that kind:
                        a rule's class, an indicator's kind}
Texts hold blanks, {subject} (see BLANKS). [[Between double brackets]] stands only when its blanks are known.
"""
import json
import re
from dataclasses import dataclass, field as member_default

from schemalib import model
from schemalib.c_text import c_text
from schemalib.model import need, take, upper

BLANKS = ("subject", "segment", "peer", "port", "app", "rule", "rule_title", "class", "where", "value", "source", "says",
          "count", "first", "last", "when", "certainty", "severity", "phase", "techniques")
TEXTS = ("name", "title", "seen", "means", "sure", "do", "innocent")
SEVERITIES = ("info", "low", "medium", "high")
ENGINES = ("rules", "intel", "sigma", "file", "detect", "log")
LANGS = ("en", "ja")


def both(table, where, facts=()):
    """Both languages of a text, with blanks that are known, the same ones."""
    take(table, where, LANGS)
    for lang in LANGS:
        text = table[lang]
        need(isinstance(text, str), f"{where}.{lang}", "should be a text")
        need(text.count("[[") == text.count("]]"), f"{where}.{lang}", "[[ without ]]")
        for blank in model.blanks(text, f"{where}.{lang}"):
            known = (*BLANKS, *facts)
            need(blank in known, f"{where}.{lang}", f"unknown blank {{{blank}}}; known: {', '.join(known)}")
    need(model.blanks(table["en"], where) == model.blanks(table["ja"], where), where, "the languages have different blanks")
    return {lang: table[lang].strip() for lang in LANGS}


@dataclass
class Case:
    key: str
    also: list
    phase: str
    severity: str
    certainty: int
    techniques: list
    texts: dict


@dataclass
class Detector:
    id: str
    since: str
    engine: str
    phase: str
    severity: str
    certainty: int
    techniques: list
    texts: dict
    facts: dict
    settings: list
    references: list
    cases: list = member_default(default_factory=list)

    def all_techniques(self):
        return sorted({*self.techniques, *(t for c in self.cases for t in c.techniques)})

    def all_phases(self):
        return [p for p in dict.fromkeys([self.phase, *(c.phase for c in self.cases)]) if p not in ("none", "")]


def read_phases():
    path = model.ROOT / "content/phases.yaml"
    phases = take(model.load(path), path.name, ("phases",))["phases"]
    for name, phase in phases.items():
        where = f"{path.name}: {name}"
        model.identifier(name, where)
        take(phase, where, ("en", "ja", "means", "tactics"))
        take(phase["means"], f"{where}.means", LANGS)
    return phases


def read_techniques():
    path = model.ROOT / "content/attack/techniques.yaml"
    return take(model.load(path), path.name, ("version", "techniques"))


def check_common(table, where, phases, techniques):
    need(table.get("phase", "none") in ("none", *phases), where, f"unknown phase {table.get('phase')!r}")
    need(table.get("severity", "low") in SEVERITIES, where, f"severity is one of {', '.join(SEVERITIES)}")
    certainty = table.get("certainty", 0)
    need(isinstance(certainty, int) and 0 <= certainty <= 100, where, "certainty is 0 to 100")
    for technique in table.get("techniques", []):
        need(technique in techniques, where, f"no technique {technique!r} in content/attack")


def read_case(key, table, where, phases, techniques, facts):
    where = f"{where}: cases.{key}"
    take(table, where, (), ("also", "phase", "severity", "certainty", "techniques", *TEXTS))
    check_common(table, where, phases, techniques)
    texts = {name: both(table[name], f"{where}.{name}", facts) for name in TEXTS if name in table}
    return Case(str(key), [str(a) for a in table.get("also", [])], table.get("phase", ""), table.get("severity", ""),
                table.get("certainty", 0), table.get("techniques", []), texts)


def read_detector(path, phases, techniques):
    table = take(model.load(path), path.name, ("id", "since", "engine", "phase", "severity", "certainty", *TEXTS),
                 ("techniques", "facts", "settings", "references", "cases"))
    need(table["id"] == path.stem, path.name, f"the id {table['id']!r} is not the file's name")
    need(re.fullmatch(r"[a-z0-9_]+(\.[a-z0-9_]+)+", table["id"]), path.name, "ids are dotted and lower-case")
    need(table["engine"] in ENGINES, path.name, f"engine is one of {', '.join(ENGINES)}")
    check_common(table, path.name, phases, techniques)
    facts = table.get("facts", {})
    for name in facts:
        model.identifier(name, f"{path.name}: facts")
        need(name not in BLANKS, path.name, f"the fact {name!r} is a blank of every detector")
    texts = {name: both(table[name], f"{path.name}: {name}", facts) for name in TEXTS}
    cases = [read_case(key, case, path.name, phases, techniques, facts) for key, case in table.get("cases", {}).items()]
    spelt = [word.lower() for case in cases for word in (case.key, *case.also)]
    for word in spelt:
        need(spelt.count(word) == 1, path.name, f"two cases are called {word!r}")
    return Detector(table["id"], str(table["since"]), table["engine"], table["phase"], table["severity"], table["certainty"],
                    table.get("techniques", []), texts, facts, table.get("settings", []), table.get("references", []), cases)


def read_detectors():
    folder = model.ROOT / "content/detectors"
    model.sources.add(folder)
    phases, techniques = read_phases(), read_techniques()["techniques"]
    return [read_detector(path, phases, techniques) for path in sorted(folder.glob("*.yaml"))]


# ---------------------------------------------------------------- C

def c_texts(texts):
    parts = []
    for name in TEXTS:
        if name in texts:
            parts.append(f"[DETECTOR_{name.upper()}] = {{{c_text(texts[name]['en'])}, {c_text(texts[name]['ja'])}}}")
    return "{" + ", ".join(parts) + "}"


def c_list(values):
    return "(const char *const[]){" + ", ".join([*(c_text(v) for v in values), "NULL"]) + "}"


def c_phase(phase):
    return "PHASE_" + phase.upper() if phase else "PHASE_NONE"


def c_case(case):
    severity = f"SEVERITY_{case.severity.upper()}" if case.severity else "SEVERITY_INFO"
    return (f"    {{.key = {c_text(case.key)}, .also = {c_list(case.also)}, .phase = {c_phase(case.phase)}, "
            f".has_severity = {'true' if case.severity else 'false'}, .severity = {severity}, .certainty = {case.certainty}, "
            f".techniques = {c_list(case.techniques)},\n     .texts = {c_texts(case.texts)}}},")


def c_detector(detector, name):
    cases = f".cases = {name}_cases, .cases_count = {len(detector.cases)}, " if detector.cases else ""
    return [f"    {{.id = {c_text(detector.id)}, .since = {c_text(detector.since)}, .engine = {c_text(detector.engine)}, "
            f".phase = {c_phase(detector.phase)}, .severity = SEVERITY_{detector.severity.upper()}, "
            f".certainty = {detector.certainty}, {cases}",
            f"     .techniques = {c_list(detector.techniques)}, .references = {c_list(detector.references)},",
            f"     .texts = {c_texts(detector.texts)}}},"]


def single_phase(tactics, phases):
    """The phase all these tactics are of; "" when they are of several."""
    found = {name for name, phase in phases.items() if set(tactics) & set(phase["tactics"])}
    return found.pop() if len(found) == 1 else ""


def detectors_c():
    phases, attack, detectors = read_phases(), read_techniques(), read_detectors()
    lines = ['#include "detect/detector.h"', ""]
    rows = []
    for detector in detectors:
        name = re.sub(r"\W", "_", detector.id)
        if detector.cases:
            lines += [f"static const struct detector_case {name}_cases[] = {{", *map(c_case, detector.cases), "};", ""]
        rows += c_detector(detector, name)
    lines += ["const struct detector detectors[] = {", *rows, "};", f"const size_t detectors_count = {len(detectors)};", ""]
    lines += ["const struct phase_words phase_words[] = {", '    {"none", {"", ""}, {"", ""}},']
    for name, phase in phases.items():
        words = ", ".join(c_text(phase[lang]) for lang in LANGS)
        means = ", ".join(c_text(phase["means"][lang]) for lang in LANGS)
        lines.append(f"    {{{c_text(name)}, {{{words}}}, {{{means}}}}},")
    lines += ["};", "", f"const char attack_version[] = {c_text(attack['version'])};", "",
              "// In the order of their ids.", "const struct attack_technique attack_techniques[] = {"]
    for id_ in sorted(attack["techniques"]):
        technique = attack["techniques"][id_]
        phase = single_phase(technique["tactics"], phases)
        lines.append(f"    {{{c_text(id_)}, {c_text(technique['name'])}, {c_list(technique['tactics'])}, {c_phase(phase)}}},")
    layer = [f"    {c_text(line + chr(10))}" for line in navigator().splitlines()]
    lines += ["};", "", "const char attack_layer[] =", *layer, "    ;", ""]
    return [*lines, f"const size_t attack_techniques_count = {len(attack['techniques'])};", "",
            "const struct attack_tactic attack_tactics[] = {",
            *(f"    {{{c_text(tactic)}, {c_phase(name)}}}," for name, phase in phases.items() for tactic in phase["tactics"]),
            "};", f"const size_t attack_tactics_count = {sum(len(p['tactics']) for p in phases.values())};"]


# ---------------------------------------------------------------- for people

def manual():
    from schemalib.documents import STAMP, table  # late: documents knows records, not detectors
    phases, attack, detectors = read_phases(), read_techniques(), read_detectors()
    lines = [STAMP.format("detectors", "").replace("schema/detectors.yaml", "content/detectors"), "", "# Detectors", "",
             "What each of them finds. The attack phase of a finding is the hit's own, else the detector's (or of its case), else that of its first technique",
             f"whose tactics are of one phase. Techniques are those of MITRE ATT&CK Enterprise {attack['version']}.", ""]
    lines += ["## Attack phases", "", *table(["phase", "English", "日本語", "ATT&CK tactics"], [
        [f"`{n}`", p["en"], p["ja"], ", ".join(p["tactics"])] for n, p in phases.items()])]
    for d in detectors:
        lines += [f"## {d.id}", "", f"{d.texts['name']['en']} · {d.texts['name']['ja']}. Since {d.since}.", ""]
        lines += [f"**{label}** {plain(d.texts[name]['en'])}\n" for name, label in
                  (("means", "It means:"), ("sure", "How sure:"), ("do", "What to do first:"), ("innocent", "Known innocent causes:"))]
        rows = [["(every other)", d.phase, d.severity, d.certainty or "", ", ".join(d.techniques)]]
        rows += [[f"`{c.key}`", c.phase or d.phase, c.severity or d.severity, c.certainty or d.certainty or "",
                  ", ".join(c.techniques or d.techniques)] for c in d.cases]
        lines += table(["kind", "phase", "severity", "certainty", "techniques"], rows)
        lines += [f"Facts: {'; '.join(f'`{n}`: {help_}' for n, help_ in d.facts.items())}.\n"] if d.facts else []
        lines += [f"Settings: {', '.join(f'`{s}`' for s in d.settings)}.\n"] if d.settings else []
    return "\n".join(lines).rstrip("\n") + "\n"


def plain(text):
    return text.replace("[[", "").replace("]]", "").replace("\n", " ")


def navigator():
    """A layer for MITRE's ATT&CK Navigator, as `yagura detectors --navigator` prints it."""
    attack, detectors = read_techniques(), read_detectors()
    by = {}
    for d in detectors:
        for technique in d.all_techniques():
            by.setdefault(technique, []).append(d.id)
    layer = {"name": "Yagura", "versions": {"attack": attack["version"], "navigator": "5.1.0", "layer": "4.5"},
             "domain": "enterprise-attack", "description": "Techniques that Yagura's detectors find by themselves. Rules, Sigma rules and indicators that are loaded add their own.",
             "techniques": [{"techniqueID": t, "score": len(ids), "comment": ", ".join(ids), "enabled": True}
                            for t, ids in sorted(by.items())],
             "gradient": {"colors": ["#ffffff", "#66b1ff"], "minValue": 0, "maxValue": max([1, *map(len, by.values())])},
             "legendItems": [], "metadata": [], "hideDisabled": False}
    return json.dumps(layer, ensure_ascii=False, indent=1) + "\n"
