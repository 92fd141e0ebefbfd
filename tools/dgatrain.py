#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""dgatrain.py [--measure] LISTS [OUT.yaml]: the model that tells names made by an algorithm from names made by people.

LISTS holds dga/*.csv (family,domain,…) and misp-warninglists/*.json of popular names, universities and banks. The model is
logistic regression over the two- to four-letter pieces of a name's own label, hashed into 2**BITS weights, and a few
measures of the whole label; what goes into content/dga/model.yaml are its weights in one byte each, and no name.
--measure prints what it comes to on names and on families it was not shown, and writes nothing.
src/behaviour/dga_model.c computes the same. tools/dgagen.py makes its table of the model.
"""
import csv
import json
import math
import random
import sys
from collections import defaultdict
from pathlib import Path

BITS = 14
MASK = (1 << BITS) - 1
ROUNDS = 6
FAMILY_MOST = 900  # names of one family that are shown
POPULAR = ("tranco10k", "cisco_top10k", "majestic_million", "cloudflare-top20k", "alexa", "university_domains", "bank-website")
SECOND = ("co", "com", "net", "org", "ac", "ne", "go", "or", "gov", "edu", "gr", "lg", "ed", "ad", "in", "gob", "gouv", "k12", "mil",
          "nom", "web", "info", "biz", "dyndns", "ddns", "yi", "mooo", "dynserv", "duckdns", "no-ip", "hopto", "zapto", "sytes")
VOWELS = set("aeiouy")
FALSE_ALARMS = 0.007  # of popular names; the threshold is set for it


def name_of(domain):
    """The label its owner chose, left of the public suffix or of a provider of dynamic names; and the top-level domain."""
    parts = domain.lower().strip(".").split(".")
    at = len(parts) - 2
    while at > 0 and parts[at] in SECOND:
        at -= 1
    return (parts[at], parts[-1]) if len(parts) > 1 and parts[at] else None


def fnv(text):
    value = 2166136261
    for byte in text.encode():
        value = ((value ^ byte) * 16777619) & 0xFFFFFFFF
    return (value ^ value >> 16) & MASK


def longest_run(label, wanted):
    best = run = 0
    for c in label:
        run = run + 1 if wanted(c) else 0
        best = max(best, run)
    return best


def measures(label):
    """What is said of the whole label: numbers of a few steps each."""
    n = len(label)
    digits = sum(c.isdigit() for c in label)
    vowels = sum(c in VOWELS for c in label)
    turns = sum(a.isdigit() != b.isdigit() for a, b in zip(label, label[1:]))
    kinds = len(set(label))
    return (("L", min(n, 30)), ("D", digits * 8 // n), ("V", vowels * 8 // n), ("T", min(turns, 7)), ("K", kinds * 8 // n),
            ("C", min(longest_run(label, lambda c: c.isalpha() and c not in VOWELS), 9)), ("H", int("-" in label)),
            ("X", int(n >= 6 and all(c in "0123456789abcdef" for c in label))))


def features(name):
    label, top = name
    text = f"^{label}$"
    pieces = [fnv(text[i:i + size]) for size in (2, 3, 4) for i in range(len(text) - size + 1)]
    return pieces, [fnv(f"#{key}{value}") for key, value in (*measures(label), ("Z", top))]


def score(weights, pieces, whole):
    return sum(weights[p] for p in pieces) / math.sqrt(len(pieces)) + sum(weights[w] for w in whole)


def train(rows, seed=1):
    """rows: (pieces, whole, is made, how much it counts)."""
    weights, squares, order = [0.0] * (1 << BITS), [1e-2] * (1 << BITS), list(rows)
    rng = random.Random(seed)
    for _ in range(ROUNDS):
        rng.shuffle(order)
        for pieces, whole, made, counts in order:
            guess = 1 / (1 + math.exp(-max(-30, min(30, score(weights, pieces, whole)))))
            error = (made - guess) * counts
            step = error / math.sqrt(len(pieces))
            for places, slope in ((pieces, step), (whole, error)):
                for place in places:
                    pull = slope - 2e-5 * weights[place]
                    squares[place] += pull * pull
                    weights[place] += 0.15 * pull / math.sqrt(squares[place])
    return weights


def read(lists):
    made, real = defaultdict(set), set()
    for path in sorted((lists / "dga").glob("*.csv")):
        for row in csv.DictReader(open(path, encoding="utf-8")):
            made[row["family"]].add(name_of(row["domain"]))
    for name in POPULAR:
        table = json.load(open(lists / "misp-warninglists" / f"{name}.json", encoding="utf-8"))
        real |= {name_of(n) for n in (table["list"] if isinstance(table, dict) else table)}
    rng = random.Random(7)
    for names in (*made.values(), real):
        names.discard(None)
    made = {f: rng.sample(sorted(names), len(names)) for f, names in sorted(made.items())}
    return made, rng.sample(sorted(real), len(real))


def invented(real, count=700):
    """Shapes that algorithms of families not listed take: letters, letters and digits, hexadecimal, syllables."""
    rng = random.Random(11)
    consonants, vowels, hexa = "bcdfghjklmnpqrstvwxz", "aeiouy", "0123456789abcdef"
    any_letter, both = "abcdefghijklmnopqrstuvwxyz", "abcdefghijklmnopqrstuvwxyz0123456789"
    shapes = (lambda n: "".join(rng.choices(any_letter, k=n)), lambda n: "".join(rng.choices(both, k=n)),
              lambda n: "".join(rng.choices(hexa, k=n)),
              lambda n: "".join(rng.choice(vowels if i % 2 else consonants) for i in range(n)),
              lambda n: "".join(rng.choice(consonants) + rng.choice(vowels) * rng.choice((1, 1, 2)) for _ in range(n // 2)))
    tops = [top for _, top in real]
    return {f"invented {i}": [(shape(rng.randint(8, 18)), rng.choice(tops)) for _ in range(count)] for i, shape in enumerate(shapes)}


def rows_of(made, real):
    rows = [(*features(n), 0, 1.0) for n in real]
    made = made | invented(real)
    for names in made.values():
        shown = names[:FAMILY_MOST]
        rows += [(*features(n), 1, max(1.0, min(4.0, 200 / len(shown)))) for n in shown]
    return rows


def threshold_for(weights, real):
    scores = sorted((score(weights, *features(n)) for n in real), reverse=True)
    return scores[int(len(scores) * FALSE_ALARMS)]


def measure(made, real):
    """Five times: a fifth of the families, of each other's names and of the real names are kept from the model."""
    families = sorted(made)
    random.Random(3).shuffle(families)
    unseen_hit = unseen = hit = names = alarms = legitimate = 0
    for fold in range(5):
        away = set(families[fold::5])
        rest = {f: made[f] for f in made if f not in away}
        known = [n for i, n in enumerate(real) if i % 5 != fold]
        weights = train(rows_of({f: n[len(n) // 5:] for f, n in rest.items()}, known))
        # half of the names kept away set the threshold, the other half is judged by it
        kept = real[fold::5]
        limit = threshold_for(weights, kept[::2])
        judge = lambda label: score(weights, *features(label)) > limit
        alarms += sum(map(judge, kept[1::2]))
        legitimate += len(kept[1::2])
        for family, labels in sorted(made.items()):
            tried = labels[:300] if family in away else labels[:len(labels) // 5][:300]
            found = sum(map(judge, tried))
            print(f"  {'unseen family' if family in away else 'seen family'} {family}: {found}/{len(tried)}")
            if family in away:
                unseen, unseen_hit = unseen + len(tried), unseen_hit + found
            else:
                names, hit = names + len(tried), hit + found
    print(f"names of known families {hit}/{names} = {hit / names:.4f}; of unknown families {unseen_hit}/{unseen} = "
          f"{unseen_hit / unseen:.4f}; false alarms {alarms}/{legitimate} = {alarms / legitimate:.4f}")


def write(path, weights, limit):
    """One byte a weight, so that the greatest is 127."""
    scale = max(map(abs, weights)) / 127
    small = [round(w / scale) for w in weights]
    text = bytes(s & 255 for s in small).hex()
    lines = [text[i:i + 128] for i in range(0, len(text), 128)]
    path.write_text("# SPDX-License-Identifier: Apache-2.0\n# Written by tools/dgatrain.py: names made by an algorithm, told by their letters.\n"
                    f"limit: {limit / scale:.2f} # a name that scores more is one\nweights: # int8, in hexadecimal\n"
                    + "".join(f"  - \"{line}\"\n" for line in lines), encoding="utf-8")


def main(arguments):
    made, real = read(Path(arguments[-1 if "--measure" in arguments else 0]))
    print(sum(map(len, made.values())), "made up,", len(real), "real")
    if "--measure" in arguments:
        return measure(made, real)
    known, kept = real[len(real) // 10:], real[:len(real) // 10]
    weights = train(rows_of(made, known))
    return write(Path(arguments[1]), weights, threshold_for(weights, kept))


if __name__ == "__main__":
    main(sys.argv[1:])
