# SPDX-License-Identifier: Apache-2.0
"""content/services.yaml → the tables of src/proto/service.h, domains sorted for a binary search."""
import re

from schemalib import model
from schemalib.c_text import c_text
from schemalib.model import need, take


def services_c():
    path = model.ROOT / "content/services.yaml"
    table = take(model.load(path), path.name, ("services",))["services"]
    domains, subjects = {}, []
    for name, entry in table.items():
        where = f"{path.name}: {name}"
        need(re.fullmatch(r"[a-z0-9_]+", name), where, "names are lower-case")
        take(entry, where, ("title",), ("domains", "subjects"))
        for domain in entry.get("domains", []):
            need(re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", domain), where, f"{domain!r} is no domain in lower case")
            need(domain not in domains, where, f"{domain} stands twice")
            domains[domain] = name
        subjects += [(subject, name) for subject in entry.get("subjects", [])]
    return ['#include "proto/service.h"', "", "const struct service_entry service_domains[] = {",
            *(f"    {{{c_text(d)}, {c_text(domains[d])}}}," for d in sorted(domains)), "};", "",
            "const size_t service_domain_count = sizeof service_domains / sizeof *service_domains;", "",
            "const struct service_entry service_subjects[] = {",
            *(f"    {{{c_text(s)}, {c_text(n)}}}," for s, n in subjects), "};", "",
            "const size_t service_subject_count = sizeof service_subjects / sizeof *service_subjects;"]
