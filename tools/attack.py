#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes content/attack/techniques.yaml: id, tactics and name of each technique of MITRE ATT&CK Enterprise.

  attack.py VERSION FILE.csv    a table with the columns id, name, tactics (ids with ; between), and
                                revoked_or_deprecated, as made from MITRE's STIX bundle

Nothing else of ATT&CK is taken over: no descriptions, no relations. Its licence stands in
content/attack/LICENSE.
"""
import csv
import sys

# Tactics in the order of ATT&CK's matrix.
TACTICS = {"TA0043": "reconnaissance", "TA0042": "resource-development", "TA0001": "initial-access", "TA0002": "execution",
           "TA0003": "persistence", "TA0004": "privilege-escalation", "TA0005": "defense-evasion", "TA0006": "credential-access",
           "TA0007": "discovery", "TA0008": "lateral-movement", "TA0009": "collection", "TA0011": "command-and-control",
           "TA0010": "exfiltration", "TA0040": "impact"}

HEAD = """# SPDX-License-Identifier: Apache-2.0
# MITRE ATT&CK Enterprise {version}: id, tactics and name of each technique; written by tools/attack.py.
# © 2025 The MITRE Corporation. This work is reproduced and distributed with the permission of The MITRE
# Corporation. ATT&CK's licence is in LICENSE beside this file. Tactics of findings are derived from here.
version: "{version}"
techniques:
"""


def main():
    version, path = sys.argv[1:]
    order = list(TACTICS)
    print(HEAD.format(version=version), end="")
    with open(path, encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            if row["revoked_or_deprecated"] == "True":
                continue
            tactics = sorted(row["tactics"].split(";"), key=order.index)
            name = '"' + row["name"].replace('"', '\\"') + '"'
            print(f"  {row['id']}: {{name: {name}, tactics: [{', '.join(TACTICS[t] for t in tactics)}]}}")


if __name__ == "__main__":
    main()
