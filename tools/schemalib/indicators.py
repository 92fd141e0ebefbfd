# SPDX-License-Identifier: Apache-2.0
"""Fields marked `indicator:` → the tables of src/intel/field.h."""
from schemalib.c_shape import path
from schemalib.c_text import c_text
from schemalib.model import need, upper

USES = ("address", "name", "url", "path", "ja3", "ja3s", "ja4", "hassh", "hassh_server", "cert_sha1", "cert_sha256", "cert_serial",
        "cert_subject", "cert_issuer", "md5", "sha1", "sha256", "file_name", "mail_from", "mail_to", "mail_reply_to",
        "mail_subject", "user_agent")


def marked(model, fields, place, name, listed=False):
    """(place in C, name in JSON, use) of every marked field; what lies in a list within a list is out of reach."""
    for field in fields:
        here = place + field.name
        called = ("" if field.top else name) + field.key
        if field.indicator and not (listed and field.type == "list"):
            yield here, called, field.indicator
        for member, use in field.indicators.items():
            yield f"{here}.{member}", f"{called}.{member}", use
        if field.type == "object" or (field.type == "list" and field.of in model.types and not listed):
            inside = model.types[field.of].fields if field.of else field.fields
            yield from marked(model, inside, here + ".", called + ".", listed or field.type == "list")


def indicators_c(model):
    lines, tables = ['#include "intel/field.h"', "#include <stddef.h>", ""], []
    for name, record in model.records.items():
        fields = []
        for place, called, use in marked(model, record.fields, "", name + "."):
            where = f"{name}.{place}"
            need(use in USES, where, f"unknown indicator {use!r}; allowed: {', '.join(USES)}")
            fields.append(f"    {{{c_text(called)}, {upper('USE_', use)}, {path(model, name, place, where)}}},")
        if fields:
            lines += [f"static const struct intel_field {name}_fields[] = {{", *fields, "};", ""]
            tables.append(f"    [{upper('RECORD_', name)}] = {{{name}_fields, {len(fields)}}},")
    return [*lines, "const struct intel_fields intel_fields_of[RECORD_TYPES] = {", *tables, "};"]
