// SPDX-License-Identifier: Apache-2.0
// libFuzzer target: any bytes as a file of rules end in a set of those that are good and one
// message for each that is not.
#include "fuzz.h"
#include "rules/rules.h"
#include <assert.h>
#include <string.h>

static void tell(void *context, const struct rule_note *note)
{
    uint32_t *failed = context;
    assert(note->what && note->what[0] && !strchr(note->what, '\n'));
    assert(note->trouble == RULE_WARNING || note->line > 0);
    *failed += note->trouble == RULE_FAILED;
}

void fuzz_rules(const uint8_t *data, size_t size)
{
    uint32_t failed = 0;
    struct rule_report report = {.tell = tell, .context = &failed};
    struct rule_options options = {.disabled_too = size % 2, .for_check = true};
    struct rule_set *set = rules_load_text("fuzz.rules", bytes_make(data, size), &options, &report);
    assert(set && failed == report.failed);
    assert(report.rules == report.loaded + report.failed + report.skipped || report.warnings);
    assert(rules_count(set) == report.loaded);
    for (uint32_t i = 0; i < rules_count(set); i++) {
        struct rule_estimate estimate;
        bool there = rules_estimate(set, i, &estimate);
        assert(there);
    }
    rules_release(set);
}
