// SPDX-License-Identifier: Apache-2.0
// Inside rules/: one set of a dataset, between its file's reader and its users.
#pragma once
#include "base/map.h"
#include "rules/dataset.h"

// What a value is known by: strings as they are, hashes and addresses as raw bytes.
struct dataset_key {
    uint8_t bytes[DATASET_KEY_BYTES];
    size_t len;
};

struct dataset_value {
    uint16_t reputation;
    bool there; // not taken out by `unset`
};

struct dataset_set {
    char name[DATASET_NAME_BYTES + 1];
    enum rule_dataset_type type;
    bool reputation; // values have numbers
    bool changes;    // some rule writes to it
    struct map values;
};

// False: not a value of the set's type.
bool dataset_key_of(enum rule_dataset_type type, struct bytes value, struct dataset_key *key);

// NULL: the memcap is reached.
struct dataset_value *dataset_add(struct dataset_set *set, const struct dataset_key *key);

// False: `why` says what is wrong.
bool dataset_read(struct dataset_set *set, const struct rule_dataset *use, const char *path,
    char why[DATASET_WHY_BYTES]);
