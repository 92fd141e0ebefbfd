// SPDX-License-Identifier: Apache-2.0
// Inside rules/: the sets of values that `dataset` and `datarep` ask for. Values that come from
// files are read once, while rules load. A set that some rule writes to (`set`, `unset`) cannot be
// answered by a worker, who knows only its own flows: the worker defers the question (struct
// rule_deferred), and rule_dataset_settle() answers it in the order of the packets. What rules
// wrote is kept apart from the sets, by name, so that it outlives a reload.
#pragma once
#include "base/map.h"
#include "rules/rule.h"

enum {
    DATASET_WHY_BYTES = 192,
    DATASET_NAME_BYTES = 63,
    DATASET_KEY_BYTES = 256, // longer strings are known by their beginning and their SHA-256
    DATASET_MEMORY_BYTES = 100 * 1024 * 1024, // where the rule says no memcap
};

// NULL: out of memory.
[[nodiscard]] struct rule_datasets *rule_datasets_create(void);
void rule_datasets_destroy(struct rule_datasets *sets);

// Find the set a rule means, reading its file when it is new, and note it in use->set. False: `why`
// says what is wrong, with the file's line; the rule is to be left out.
[[nodiscard]] bool rule_datasets_open(
    struct rule_datasets *sets, struct rule_dataset *use, char why[DATASET_WHY_BYTES]);

// What a use answers while packets pass. DATASET_LATER: some rule writes to the set.
enum rule_dataset_answer { DATASET_NO, DATASET_YES, DATASET_LATER };
enum rule_dataset_answer rule_dataset_ask(
    const struct rule_datasets *sets, const struct rule_dataset *use, struct bytes value);

// A question for later: the rule holds if this does.
struct rule_deferred {
    const struct rule_dataset *use;
    uint16_t len;
    uint8_t value[DATASET_KEY_BYTES];
};

struct rule_deferred rule_dataset_question(
    const struct rule_datasets *sets, const struct rule_dataset *use, struct bytes value);

// What rules wrote: set's name, zero byte, value → is it there?
void rule_dataset_changes_init(struct map *changes, uint64_t limit_bytes);

// The same with the changes made so far. One thread asks, in order; `set` holds when the value was
// not there yet, `unset` when it was. What finds no room in `changes` does not hold.
bool rule_dataset_settle(
    const struct rule_datasets *sets, struct map *changes, const struct rule_deferred *question);
