// SPDX-License-Identifier: Apache-2.0
// Rules in Suricata's language (8.0): reading them, and later finding what they describe. A rule
// set is read once, whole, and not changed any more: reloading makes a new one and lets the old one
// go when its last user does. Nothing here prints; what does not load is told through a report.
#pragma once
#include "schema/config.h"
#include "schema/hit.h"

struct rule_set;

enum rule_trouble { RULE_FAILED, RULE_WARNING, RULE_UNREADABLE /* the file itself */ };

// One thing to tell about a rule or a file. `what` is in English, as compilers speak.
struct rule_note {
    enum rule_trouble trouble;
    const char *file;
    uint32_t line, column; // 1 is first; 0: the whole
    uint32_t gid, sid;     // 0: not known
    struct bytes keyword;  // that it is about; may be empty
    const char *what;      // "unknown keyword", "offset is larger than depth"…
};

struct rule_report {
    void (*tell)(void *context, const struct rule_note *note); // NULL: nobody listens
    void *context;
    uint32_t files, rules;   // files read, rules seen
    uint32_t loaded, failed; // rules
    uint32_t skipped;        // `requires` not met, or commented out and not wanted
    uint32_t warnings;
    uint32_t unreadable; // files
};

struct rule_options {
    const struct config *config; // segments and section `rules`; NULL: the defaults
    const char *threshold_file;  // threshold.config; NULL: none
    bool disabled_too;           // rules that stand behind a '#' as well
    bool for_check;              // keep texts, and do not compile for matching
};

// Reads files and folders (of a folder, *.rules, in order of their names, and what lies in folders
// below). NULL: out of memory, or nothing could be read at all. Rules that don't load are left out
// whole and told. The caller owns one reference.
[[nodiscard]] struct rule_set *rules_load(const char *const *paths, size_t count,
    const struct rule_options *options, struct rule_report *report);

// Any thread.
struct rule_set *rules_hold(struct rule_set *set);
void rules_release(struct rule_set *set);

uint32_t rules_count(const struct rule_set *set);
