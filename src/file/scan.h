// SPDX-License-Identifier: Apache-2.0
// Looking for known evil in files that cross the wire: YARA rules, and clamd when one is there.
// Rules are compiled once and not changed any more; each worker has a file_scan, which keeps the
// bytes of files as they pass, scans them when the file ends and remembers verdicts, so that a
// flood of one file costs one scan. Bytes of files stay in memory.
#pragma once
#include "base/arena.h"
#include "base/hash.h"
#include "schema/config.h"
#include "schema/hit.h"
#include "schema/metrics.h"

// Compiled YARA rules.
struct file_rules;

enum file_rules_trouble {
    FILE_RULES_FAILED,     // a rule does not compile, and is left out; line 0: the whole file
    FILE_RULES_SLOW,       // it loads, but its author should know
    FILE_RULES_OFF,        // it ran away when tried, and is switched off
    FILE_RULES_UNREADABLE, // the file itself
};

// One thing to tell. `what` is in English, as compilers speak.
struct file_rules_note {
    enum file_rules_trouble trouble;
    const char *file;
    uint32_t line;     // 1 is first; 0: the whole
    struct bytes rule; // may be empty
    const char *what;
};

struct file_rules_report {
    void (*tell)(void *context, const struct file_rules_note *note); // NULL: nobody listens
    void *context;
    bool costs;              // asked for: measure which rules are costly (FILE_RULES_SLOW)
    uint32_t files, rules;   // files read, rules seen
    uint32_t loaded, failed; // rules
    uint32_t off, slow;      // of the loaded: switched off; notes about slowness
    uint32_t unreadable;     // files
};

// Reads files and folders (of a folder, *.yar, *.yara and *.rule, in order of their names, and what
// lies in folders below). Rules that don't compile are left out and told, the rest of their file
// stays. Rules are then tried on made-up files: what runs away is switched off. NULL: out of
// memory, or nothing could be read at all. Main thread.
[[nodiscard]] struct file_rules *file_rules_load(
    const char *const *paths, size_t count, struct file_rules_report *report);
void file_rules_destroy(struct file_rules *rules); // after every file_scan that uses them

uint32_t file_rules_count(const struct file_rules *rules);

// True when the path is a file that file_rules_load would take out of a folder.
bool file_rules_is_name(const char *path);

// One worker's. rules may be NULL: clamd only. NULL: out of memory or threads.
struct file_scan;
[[nodiscard]] struct file_scan *file_scan_create(const struct file_rules *rules,
    const struct config *config, unsigned workers, struct metrics *metrics);
void file_scan_destroy(struct file_scan *scan);

enum { VERDICT_HITS = 32, VERDICT_STOPPED = 8 };

// What was found in a file.
struct file_match {
    bool clamd;         // clamd says so; else a YARA rule
    struct bytes rule;  // "webshells/Name", or the name clamd gives
    struct bytes title; // the rule's own words; may be empty
    enum severity severity;
    uint8_t certainty;
    struct bytes techniques[HIT_TECHNIQUES];
    size_t techniques_count;
    struct hit_match strings[HIT_MATCHES];
    size_t strings_count;
    struct hit_source source;
};

// What scanning a file came to. Lives until the next file ends.
struct file_verdict {
    struct file_match *matches; // clamd's first
    size_t matches_count;
    uint64_t left_out;                     // rules that matched and are not among them
    struct bytes stopped[VERDICT_STOPPED]; // rules that ran away on it, and are off from here on
    size_t stopped_count;
    const char *state; // "complete", "partial", "timeout", "not scanned"
    const char *clamd; // "clean", "found", "failed"; NULL: not asked
};

// The hits of the file whose record this is: the one that ended last.
void file_scan_tell(
    struct file_scan *scan, const struct record *record, hit_sink *sink, void *context);
