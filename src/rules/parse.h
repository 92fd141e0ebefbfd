// SPDX-License-Identifier: Apache-2.0
// Inside rules/: how the parts of the parser work together. A loader reads files for one rule set;
// a draft is the rule being read. Every function that answers bool answers false with
// draft_fail()'s reason set, and the rule is then left out whole.
#pragma once
#include "base/map.h"
#include "rules/rule.h"
#include "rules/rules.h"

enum {
    RULE_TEXT_BYTES = 65'536, // the longest rule, with its continuation lines
    RULE_JOINS = 256,         // lines of one rule
    RULE_TESTS = 2048,        // contents, pcres… of one rule
    RULE_GROUPS = 64,         // buffers of one rule
    RULE_CONDITIONS = 256,
    RULE_TRANSFORMS = 16, // of one buffer
    RULE_WARNINGS = 8,    // told of one rule
    RULE_PATTERN_BYTES = 4096,
    RULE_DEPTH = 32,      // [[…]] and variables in variables
    RULE_RANGES = 65'536, // ranges of one address or port list
    RULES_MOST = 2'000'000,
};
#define RULES_BYTES ((size_t)4 << 30) // memory of one rule set

struct rule_memory {
    struct pool pool;
    struct arena arena; // all that lives as long as the set
    void **codes;       // pcre2_code
    size_t codes_count, codes_room;
    struct rule *rules;
    size_t rules_room;
    struct rule_suppress *suppress;
    size_t suppress_room;
};

struct rule_class {
    struct bytes name, words;
    uint8_t priority;
};

struct rule_variable {
    struct bytes name;  // without $
    struct bytes value; // as it would stand in a rule
    bool is_port;
};

// A line "threshold" of threshold.config.
struct rule_limit {
    uint32_t gid, sid; // 0: all
    const struct rule_threshold *threshold;
};

struct draft_test {
    struct rule_test test;
    uint16_t group;
    bool rawbytes;
    struct bytes keyword;
};

struct draft_group {
    enum rule_buffer buffer;
    enum rule_frame frame; // of BUFFER_FRAME
    bool absent, absent_or_else;
    bool instance_of_many;
    struct rule_transform transforms[RULE_TRANSFORMS];
    uint8_t transforms_count;
    struct bytes keyword;
};

struct rule_warning {
    struct bytes keyword;
    const char *what;
};

struct draft {
    struct loader *loader;
    struct bytes text; // in the set's memory once the header was good
    const char *file;
    uint32_t line;
    struct rule_header header;
    struct rule_said said;
    struct rule rule;
    struct draft_test *tests;
    size_t tests_count, tests_room;
    struct draft_group *groups;
    size_t groups_count, groups_room;
    size_t conditions_count;
    int group;           // the sticky buffer in force, index of groups; -1: none
    bool group_is_fresh; // nothing stands behind its name yet: transforms may
    struct bytes vars[RULE_VARS];
    uint8_t vars_count;
    uint8_t class_priority;
    bool base64_decoded;
    bool has_priority, has_rev, has_gid, has_classtype, has_flow, has_fast_pattern;
    bool has_dsize, has_only_packet;
    uint8_t sides; // BUFFER_TO_…, all that buffers so far leave over; 0: they exclude each other
    struct rule_threshold threshold, filter;
    struct rule_tag tag;
    struct rule_filestore filestore;
    const struct keyword *keyword; // being read
    const struct rule_buffer_info *buffer;
    struct rule_warning warnings[RULE_WARNINGS];
    size_t warnings_count;
    struct bytes blame;                                // where in the text the trouble is
    const char *what;                                  // NULL: none so far
    bool skipped;                                      // `requires` is not met
    struct rule_condition conditions[RULE_CONDITIONS]; // last: not cleared for each rule
};

struct loader {
    struct rule_set *set;
    struct rule_memory *memory;
    const struct rule_options *options;
    struct rule_report *report;
    struct pool scratch_pool;
    struct arena scratch; // emptied after each rule
    struct map classes, references, variables, addresses, ports, ids, files;
    struct map names[3];
    struct rule_limit *limits; // of threshold.config
    size_t limits_count, limits_room;
    struct map keywords; // name → struct keyword or buffer
    bool out_of_memory;
};

// --- parse.c
[[gnu::cold]] bool draft_fail(struct draft *draft, const char *what);
[[gnu::cold]] bool draft_fail_at(struct draft *draft, struct bytes where, const char *what);
void draft_warn(struct draft *draft, const char *what);
void *draft_alloc(
    struct draft *draft, size_t size); // lives with the set; NULL: draft_fail was called
struct bytes draft_copy(struct draft *draft, struct bytes b);

// One rule. False: it does not load, draft->what says why, or it is skipped.
[[nodiscard]] bool draft_parse(struct draft *draft, struct bytes text);
// Into the set.
[[nodiscard]] bool draft_commit(struct draft *draft);

// --- parse_header.c
[[nodiscard]] bool parse_header(struct draft *draft, struct bytes *rest);
bool parse_protocol_apps(struct bytes name, uint64_t *apps);
bool parse_ip_protocol(struct bytes name, uint8_t *number);

// --- parse_hook.c: what stands behind the colon of PROTOCOL:HOOK; nothing is no hook.
[[nodiscard]] bool parse_packet_hook(struct draft *draft, struct bytes name);
[[nodiscard]] bool parse_app_hook(struct draft *draft, struct bytes app, struct bytes name);

void rule_code_free(void *code); // parse_pcre.c

// --- parse_address.c
[[nodiscard]] bool parse_addresses(
    struct draft *draft, struct bytes text, const struct rule_addresses **out);
[[nodiscard]] bool parse_ports(
    struct draft *draft, struct bytes text, const struct rule_ports **out);

// --- variables.c
[[nodiscard]] bool loader_variables(struct loader *loader);
// Its value; false: there is no such variable.
bool loader_variable(const struct loader *loader, struct bytes name, struct bytes *value);

// --- classes.c
[[nodiscard]] bool loader_classes(struct loader *loader);
void loader_read_classes(struct loader *loader, const char *path);
void loader_read_references(struct loader *loader, const char *path);
const struct rule_class *loader_class(const struct loader *loader, struct bytes name);
struct bytes loader_reference(const struct loader *loader, struct bytes name);

// --- parse_options.c
enum keyword_flag {
    KEYWORD_NO_VALUE = 1,
    KEYWORD_MAY_VALUE = 2, // with or without
    KEYWORD_QUOTED = 4,    // has to be
    KEYWORD_MAY_QUOTE = 8,
    KEYWORD_NEGATE = 16, // ! before the value
};

struct keyword_word {
    const char *name;
    int64_t value;
};

struct keyword {
    const char *name;
    bool (*set)(struct draft *draft, struct bytes value, bool negated);
    uint8_t flags;
    enum rule_on on;
    uint32_t max; // of a number
    enum rule_buffer buffer;
    const char *apps;                 // "dns"; NULL: any
    const struct keyword_word *words; // of a number; NULL-ended
    const char *why;                  // it is not supported
    const char *help;
};

[[nodiscard]] bool parse_requirements(struct draft *draft, struct bytes text);
[[nodiscard]] bool parse_options(struct draft *draft, struct bytes text);
bool loader_has_keyword(const struct loader *loader, struct bytes name);
[[nodiscard]] bool loader_name_keywords(struct loader *loader);
extern const struct keyword rule_keywords[];
extern const size_t rule_keywords_count;

// --- parse_number.c
// "5", "<5", "1-4", "!3", "&0x40=0x40", "1kb"… up to max; words may be NULL.
[[nodiscard]] bool parse_number(struct draft *draft, struct bytes text, uint64_t max,
    const struct keyword_word *words, struct rule_number *out);
bool text_to_number(struct bytes text, uint64_t max, uint64_t *out); // decimal, 0x…, kb, mb, gb
bool text_to_real(struct bytes text, double *out);                   // 7.25
bool text_to_signed(struct bytes text, int64_t min, int64_t max, int64_t *out); // decimal
bool text_to_word(const struct keyword_word *words, struct bytes text, int64_t *out);

// --- draft.c: what keywords add
struct rule_condition *draft_condition(struct draft *draft, enum rule_on on);
struct draft_test *draft_test(struct draft *draft, enum rule_test_kind kind);
struct draft_test *draft_test_behind(struct draft *draft, enum rule_test_kind kind, bool relative);
struct draft_test *draft_last_content(struct draft *draft);
[[nodiscard]] bool draft_sticky(struct draft *draft, const struct rule_buffer_info *buffer);
[[nodiscard]] bool draft_apps(struct draft *draft, const char *name); // the rule is about that
[[nodiscard]] bool draft_app_bits(struct draft *draft, uint64_t apps);
[[nodiscard]] bool draft_buffer_apps(struct draft *draft, const struct rule_buffer_info *buffer);
[[nodiscard]] bool draft_modifier(struct draft *draft, enum rule_buffer buffer);
[[nodiscard]] bool draft_side(struct draft *draft, uint8_t to);
[[nodiscard]] bool draft_move(
    struct draft *draft, struct draft_test *test, enum rule_buffer buffer);
[[nodiscard]] bool draft_group_of(struct draft *draft, enum rule_buffer buffer, uint16_t *out);
// A variable of byte_extract or byte_math, or a number between min and max.
[[nodiscard]] bool draft_value(
    struct draft *draft, struct bytes text, int64_t min, int64_t max, struct rule_value *out);
[[nodiscard]] bool draft_name(struct draft *draft, int list, struct bytes name, uint16_t *out);
[[nodiscard]] bool draft_variable(struct draft *draft, struct bytes name, uint8_t *out);

// --- parse_check.c: what only shows when all options are there
[[nodiscard]] bool draft_check(struct draft *draft);

// --- parse_rate.c: words of threshold, of threshold.config too
struct rate_seen {
    bool type, track, count, seconds, multiplier;
};
[[nodiscard]] bool parse_rate_word(
    struct draft *draft, struct bytes word, struct rule_threshold *out, struct rate_seen *seen);

// --- threshold_file.c
void loader_read_thresholds(struct loader *loader, const char *path);
void loader_apply_thresholds(struct loader *loader);

// --- slices
// Takes what stands before the next `by` outside of quotes from *rest, trimmed; false: nothing
// left.
bool text_next(struct bytes *rest, uint8_t by, struct bytes *out);
// The same of a list: up to a comma outside of brackets.
bool text_next_element(struct bytes *rest, struct bytes *out);
struct bytes text_trim(struct bytes b); // spaces, tabs, line ends
struct bytes text_unquote(struct bytes b);
