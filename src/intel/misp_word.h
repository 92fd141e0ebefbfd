// SPDX-License-Identifier: Apache-2.0
// What MISP's tags, galaxies and attribute types mean here.
#pragma once
#include "intel/document.h"

// What tags and galaxies say, of an event or of an attribute.
struct misp_tags {
    enum intel_tlp tlp;
    uint8_t confidence; // or INTEL_CONFIDENCE_UNSAID
    enum phase phase;
    struct composing names, techniques; // families, actors; ATT&CK ids between spaces
};

// From the Tag and Galaxy members of an event or attribute.
void misp_tags_take(struct misp_tags *tags, const struct json_node *object);

// What becomes of an attribute's type.
enum misp_use {
    MISP_UNSEEN,  // nothing that crosses the wire in a form we see
    MISP_VALUE,   // its value is an indicator of `kind`
    MISP_FIRST,   // of two values between |, the first is
    MISP_SECOND,  // the second
    MISP_BOTH,    // each, of kinds `kind` and `other`
    MISP_PORT,    // ADDRESS|PORT
    MISP_PATTERN, // a STIX pattern
    MISP_PATH,    // compared at the object path `path`
    MISP_RULE,    // of another rule language
};

struct misp_type {
    const char *name;
    enum misp_use use;
    enum intel_kind kind, other;
    const char *path;
};

// Never NULL; of types unknown MISP_UNSEEN. relation: the attribute's place in an object.
const struct misp_type *misp_type_find(struct bytes name, struct bytes relation);
