// SPDX-License-Identifier: Apache-2.0
// Inside rules/: the fields of records that hold a number rules ask for, from
// content/rules/numbers.yaml (the table is generated).
#pragma once
#include "rules/rule.h"
#include "schema/anomalies.h"
#include "schema/buffer_path.h"

struct rule_word {
    const char *word;
    int32_t number;
};

struct rule_number_source {
    const char *const *protos; // app_proto of flows that have it, NULL-ended; NULL: none of these
    const struct record_path *paths;
    const struct rule_word *words; // of fields that hold a word
    uint16_t words_count;
    uint8_t paths_count;
    uint8_t shown; // enum rule_shown: a parser shows it, and paths are NULL
    uint8_t to;    // enum buffer_side, or-ed
};

extern const struct rule_number_source rule_number_sources[RULE_ON_COUNT];

// What a rule may write for a number of this condition, in any case; '-' and '_' are the same.
bool rule_number_word(enum rule_on on, struct bytes word, int64_t *number);

// Events whose names are not those of our anomalies; ends with a NULL name.
struct rule_event_name {
    const char *name;
    enum anomaly anomaly;
};
extern const struct rule_event_name rule_event_names[];

// Is there an anomaly that the event of a rule means?
bool rule_event_known(struct bytes name);
