// SPDX-License-Identifier: Apache-2.0
// Inside file/: YARA rules on their way from files to what workers scan with.
#pragma once
#include "base/shared.h"
#include "file/scan.h"
#include "file/scan_text.h"
#include <yara.h>

enum {
    YARA_FILE_BYTES = 32 * 1024 * 1024, // a longer rule file is not read
    YARA_LINE_BYTES = 1024 * 1024,      // nor one with a longer line
    YARA_FILES_MOST = 100'000,
    YARA_INCLUDES_DEEP = 16,
    YARA_SHOWN_BYTES = 256, // of a message or a name
};

// What is told of a rule that matches; texts lie in the compiled rules or the loader's arena.
struct yara_rule_info {
    struct bytes name; // "file/rule"
    const char *file;
    uint32_t line;
    struct bytes title;
    struct bytes says; // author, reference
    struct bytes tlp;
    enum severity severity;
    uint8_t certainty;
    struct bytes techniques[HIT_TECHNIQUES];
    size_t techniques_count;
    uint32_t strings, first_string; // in libyara's table
    bool support;                   // private or global: others depend on it
    bool off;                       // ran away when tried
    struct shared_once stopped;     // ran away in a worker, which has told it
};

struct file_rules {
    YR_RULES *compiled; // NULL: no rule was loaded
    struct pool pool;
    struct arena memory;          // names, infos
    struct yara_rule_info *infos; // one a rule
    bool uses_names;              // a rule looks at filename and its like
    struct yara_sources *sources;
};

// A file of rules. Text is blanked where it does not compile.
struct yara_source {
    char *path; // as given, or found in a folder
    char *real; // without links; tells whether two are the same
    char *base; // real folder that includes must stay in
    char *text; // zero-terminated
    size_t len;
    struct yara_items items;
    size_t cursor; // where the search for an item begins
    bool included; // by another one: loaded with that
    bool unusable;
};

struct yara_sources {
    struct yara_source **list; // in order; included ones that stand in no folder come last
    size_t count, room;
    size_t roots; // of them found by paths
};

// scan_paths.c: find and read files. False: out of memory.
[[nodiscard]] bool yara_sources_read(struct yara_sources *sources, const char *const *paths,
    size_t count, struct file_rules_report *report);
void yara_sources_forget(struct yara_sources *sources); // the texts; names stay
void yara_sources_destroy(struct yara_sources *sources);

// The source an include of `name` in `from` means; read if it was not yet. NULL: not allowed, not
// there, out of memory.
struct yara_source *yara_source_include(
    struct yara_sources *sources, const struct yara_source *from, struct bytes name);

// scan_probe.c: what does not compile of a file is told and blanked. False: nothing of it is left.
[[nodiscard]] bool yara_probe(
    struct yara_sources *sources, struct yara_source *source, struct file_rules_report *report);

// A compiler with our variables; includes are answered from sources. NULL: out of memory.
struct yara_includes {
    struct yara_sources *sources;
    struct yara_source *root;
    struct yara_include_seen *seen; // names as written, and what they mean
    size_t seen_count, seen_room;
};
YR_COMPILER *yara_compiler(struct yara_includes *includes);
void yara_includes_finish(struct yara_includes *includes);

void yara_tell(struct file_rules_report *report, enum file_rules_trouble trouble, const char *file,
    uint32_t line, struct bytes rule, const char *what);

// scan_meta.c: what a rule says about itself. Memory for texts that are put together comes from
// the arena.
void yara_meta_read(YR_RULE *rule, struct arena *memory, struct yara_rule_info *out);

// scan_yara.c: one worker's scanner.
struct yara_scanner;
struct yara_scan_limits {
    int64_t timeout_us;
    uint64_t match_bytes; // memory for matches of one scan
};
struct yara_scanner *yara_scanner_create(
    const struct file_rules *rules, const struct yara_scan_limits *limits);
void yara_scanner_destroy(struct yara_scanner *scanner);

struct yara_subject {
    struct bytes data;
    uint64_t size; // of the whole file
    const char *filename, *filepath, *extension, *filetype;
};

// Called for each rule that matches, in the order of the rules; context is libyara's. rule NULL:
// what was found so far does not count.
typedef void yara_found(
    void *user, YR_SCAN_CONTEXT *context, YR_RULE *rule, const struct yara_rule_info *info);

struct yara_result {
    bool timeout; // some rules were not done, and it could not be told which are to blame
    bool failed;  // libyara gave up on a rule, which was left out
    uint32_t off[VERDICT_STOPPED]; // rules that ran away and are off from here on
    size_t off_count;
};

void yara_scanner_scan(struct yara_scanner *scanner, const struct yara_subject *subject,
    yara_found *found, void *user, struct yara_result *out);

// Which rules alone take more processor time than that beyond what the file takes without rules.
typedef void yara_costly(void *user, uint32_t rule, int64_t us);
void yara_scanner_costs(struct yara_scanner *scanner, const struct yara_subject *subject,
    int64_t more_than_us, yara_costly *costly, void *user);

// Try the rules on made-up files; those that run away are marked off. False: out of memory.
[[nodiscard]] bool yara_trial(struct file_rules *rules, struct file_rules_report *report);
