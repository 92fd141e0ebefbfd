// SPDX-License-Identifier: Apache-2.0
// What a first reading of a bundle keeps of its objects: the names that indicators refer to.
#pragma once
#include "base/map.h"
#include "intel/document.h"

struct stix_named {
    struct bytes type, name;
    struct bytes technique; // of an attack pattern
    enum phase phase;       // likewise
    enum intel_tlp tlp;     // of a marking
};

struct stix_target {
    struct bytes id;
    struct stix_target *next;
};

struct stix_object {
    int64_t modified_us; // of `named`
    bool revoked;
    const struct stix_named *named; // by its latest version; NULL: not in this file
    struct stix_target *targets;    // what it indicates
};

struct stix_known {
    struct map objects;
    struct pool pool;
    struct arena arena;
    bool full;
};

void stix_known_init(struct stix_known *known);
void stix_known_finish(struct stix_known *known);

// An object of the bundle. Indicators, and what has no type, are left to the second reading.
void stix_known_see(struct stix_known *known, const struct json_node *object);

// NULL: neither in this file nor an indicator that refers to something.
const struct stix_object *stix_known_find(const struct stix_known *known, struct bytes id);

// TLP that a marking stands for, by its id: the ones every product knows, or one of the file.
enum intel_tlp stix_known_tlp(const struct stix_known *known, struct bytes id);

// When this version of an object was made; 0: it does not say.
int64_t stix_modified_us(const struct json_node *object);

// The technique of ATT&CK among an object's external references; {NULL, 0}: none.
struct bytes stix_technique(const struct json_node *object);

// The first kill chain phase that is one of ours.
enum phase stix_phase(const struct json_node *object);
