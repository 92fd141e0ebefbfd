// SPDX-License-Identifier: Apache-2.0
// Inside the room: how readers fill the set. One thread.
//
// A reader is a line of intel_format.def. It is shown a file, calls intel_add() for each indicator,
// and says of what it cannot take where and why. All it added is taken back when it answers false.
#pragma once
#include "intel/intel.h"

enum {
    INTEL_CONFIDENCE_UNSAID = 255,
    INTEL_SEVERITY_UNSAID = 255,
    INTEL_VALUE_BYTES = 2048, // longer values are refused
    INTEL_TEXT_BYTES = 256,   // labels, names, descriptions are cut there
    INTEL_SOURCES = 65'535,
};

// Who says it. Texts are copied; equal sources are one.
struct intel_source {
    struct bytes name; // of the list or bundle, for people: "MISP event 12: …", "feed.csv"
    struct bytes organisation; // may be empty, as may be the description
    struct bytes description;
};

// A statement about a value. Slices are copied; values are normalised by intel_add().
struct indicator {
    enum intel_kind kind;
    struct bytes value; // as written, defanged or not
    uint32_t source;    // from intel_source_add()
    uint8_t confidence; // 0 to 100, or INTEL_CONFIDENCE_UNSAID
    uint8_t severity;   // enum severity, or INTEL_SEVERITY_UNSAID
    uint8_t phase;      // enum phase
    enum intel_tlp tlp;
    int64_t from_us, until_us; // valid from, valid before; 0: it does not say
    int64_t modified_us;       // the version of `id` that says it: see intel_version()
    int64_t seen_us;           // last seen by the source: what default validity counts from; 0
    bool silent;               // not for detection (MISP to_ids false): kept, never a hit
    struct bytes label;        // what it is: family, campaign, the indicator's name
    struct bytes common;       // what many have in common, told behind it: its kind, tags
    struct bytes id;           // its own id there: STIX id, MISP UUID
    struct bytes techniques;   // ATT&CK ids between spaces
};

// An indicator with nothing said.
#define INDICATOR_UNSAID                                                                           \
    {                                                                                              \
        .confidence = INTEL_CONFIDENCE_UNSAID, .severity = INTEL_SEVERITY_UNSAID                   \
    }

enum intel_added {
    INTEL_ADDED,
    INTEL_DUPLICATE, // this source said the same before
    INTEL_REFUSED,   // no value of its kind: reported with its line
    INTEL_NOT_SEEN,  // of a kind that does not cross the wire: counted
    INTEL_FULL,      // out of memory or past the limit: the reader answers false
};

struct intel_builder;

// What its source has taken back: nothing said under this id holds, in whatever file it stands.
// False: memory.
[[nodiscard]] bool intel_revoke(struct intel_builder *builder, struct bytes id);

// A version of what has this id is about to be said, or is taken back: older ones, in whatever file
// they stand, hold no more. False: memory.
[[nodiscard]] bool intel_version(
    struct intel_builder *builder, struct bytes id, int64_t modified_us, bool revoked);

uint32_t intel_source_add(struct intel_builder *builder, const struct intel_source *source);

// line: where it stands, for what is refused.
enum intel_added intel_add(
    struct intel_builder *builder, const struct indicator *indicator, uint64_t line);

// What kind a bare value is by its shape: INTEL_KINDS when it is nothing known. Takes off what
// makes it harmless to click: hxxp, [.], (dot), [at]. `room` holds INTEL_VALUE_BYTES and the
// result.
enum intel_kind intel_guess(
    struct bytes text, uint8_t room[INTEL_VALUE_BYTES], struct bytes *value);

// Something of the file is left out (whole_file false), or all of it. `what` and `allowed` fill
// the blanks {what} and {allowed} of the text; {value} is shown shortened.
struct intel_trouble {
    uint64_t line;
    struct bytes value;
    enum text_id why;
    struct bytes what, allowed;
    struct bytes what_ja; // `what` in Japanese, where it is more than a reason schema/reason.h has
    bool whole_file;
};
void intel_trouble(struct intel_builder *builder, const struct intel_trouble *trouble);

// What a reader may ask of the configuration.
const struct config *intel_config(const struct intel_builder *builder);

// Texts as lists and other formats write them. "TLP:AMBER"; "high", "75 %", "0.75" (unsaid where it
// is nothing known); RFC 3339 and what is made of it, seconds since 1970: whole_day when no time
// stands there; kinds by name: "ip-dst", "sha256" (INTEL_KINDS: unknown).
enum intel_tlp intel_word_tlp(struct bytes word);
uint8_t intel_word_confidence(struct bytes word);
uint8_t intel_word_severity(struct bytes word);
bool intel_word_time(struct bytes word, int64_t *out_us, bool *whole_day);
enum intel_kind intel_word_kind(struct bytes word);

// Days since 1970 of a day of the Gregorian calendar.
int64_t intel_days(int64_t year, int64_t month, int64_t day);

// A file to be read. Its first bytes are there (unpacked) for telling formats apart.
struct intel_file {
    const char *path;
    struct bytes base; // its name without folders
    struct bytes head; // up to INTEL_HEAD_BYTES
    uint64_t bytes;    // on disk; 0: not known
};

enum { INTEL_HEAD_BYTES = 4096 };

// `likely`: by its name and first bytes this is mine. `read`: false when nothing of it may be kept;
// the reason has been told.
struct intel_format {
    const char *name;
    bool (*likely)(const struct intel_file *file);
    bool (*read)(struct intel_builder *builder, const struct intel_file *file);
};

// ---- Composed patterns: their reader keeps them, and this table says how they are asked.

struct intel_pattern_table {
    // Every record.
    void (*record)(
        const void *patterns, const struct record *record, hit_sink *sink, void *context);
    uint64_t (*count)(const void *patterns);
    void (*take_back)(void *patterns, uint64_t count); // those of a file that failed: keep `count`
    // Those of which the source says so by now.
    void (*revoke)(void *patterns,
        bool (*ended)(void *context, struct bytes id, int64_t modified_us), void *context);
    void (*destroy)(void *patterns);
    // Behind intel_state_create(), intel_settle(), intel_state_destroy().
    void *(*state_create)(const void *patterns);
    bool (*settle)(void *state, const struct hit *hit, hit_sink *sink, void *context);
    void (*state_destroy)(void *state);
};

// The set owns `patterns` from here on. Once a set.
void intel_patterns_set(
    struct intel_builder *builder, void *patterns, const struct intel_pattern_table *table);

// Made by the reader of patterns when it meets the first: NULL before intel_patterns_set().
void *intel_patterns(struct intel_builder *builder);
