// SPDX-License-Identifier: Apache-2.0
// What is kept of a bundle's other objects: the names that indicators refer to.
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
    bool asked;                     // by stix_known_ask()
    const struct stix_named *named; // by its latest version; NULL: not in this file
    struct stix_target *targets;    // what it indicates
};

struct stix_known {
    struct map objects;
    struct pool pool;
    struct arena arena;
    size_t vain; // ids asked for before they came
    bool trying; // indicators are taken as they come
    bool late;   // something has come that those taken should have known
    bool full;
};

void stix_known_init(struct stix_known *known);
void stix_known_finish(struct stix_known *known);

// An object of the bundle. Indicators, and what has no type, are left alone.
void stix_known_see(struct stix_known *known, const struct json_node *object);

// NULL: neither in this file nor an indicator that refers to something.
const struct stix_object *stix_known_find(const struct stix_known *known, struct bytes id);

// The same of what an indicator refers to. What comes or changes after that is late.
const struct stix_object *stix_known_ask(struct stix_known *known, struct bytes id);

// TLP that a marking stands for, by its id: the ones every product knows, or one of the file.
enum intel_tlp stix_known_tlp(struct stix_known *known, struct bytes id);

// When this version of an object was made; 0: it does not say.
int64_t stix_modified_us(const struct json_node *object);

// The technique of ATT&CK among an object's external references; {NULL, 0}: none.
struct bytes stix_technique(const struct json_node *object);

// The first kill chain phase that is one of ours.
enum phase stix_phase(const struct json_node *object);
