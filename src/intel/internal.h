// SPDX-License-Identifier: Apache-2.0
// Inside the room: the store, keys, loading.
//
// Memory, at five million mixed values: 7 bytes and the value itself in `chunks`, 10 in `buckets`;
// what is said of it (time, label) takes 12 bytes, shared by neighbours that say the same, and a
// manner (source, confidence, marking…) that thousands have in common. A look-up costs one cache
// line, found or not: a bucket holds fingerprints of 16 bits, and all kinds a value may have lie in
// the same one. Of what is not there a filter of ten bits a value mostly says so sooner. Whoever
// tells of what was found reads the entry anyway, and compares all its bytes then.
#pragma once
#include "base/addr.h"
#include "intel/store.h"

// ---- key.c, url.c: values in the form in which they are compared.

struct key {
    enum intel_kind kind;
    size_t len;
    uint8_t data[INTEL_VALUE_BYTES];
};

// False: no value of that kind. The kind may become another one: 192.0.2.1/32 is an address.
[[nodiscard]] bool key_make(struct key *key, enum intel_kind kind, struct bytes text);

// A key as people write it; the result is in `room` or in the key.
enum { KEY_TEXT_BYTES = INTEL_VALUE_BYTES + 128 };
struct bytes key_text(enum intel_kind kind, struct bytes key, char room[KEY_TEXT_BYTES]);

// Lower case, no dot at the end, international names as in the DNS. The length, 0: no name.
size_t name_fold(struct bytes text, uint8_t *out, size_t room);

// A certificate's name, its parts in order whatever the way it is written.
size_t dn_fold(struct bytes text, uint8_t *out, size_t room);

// A URL in its parts; slices into the text.
struct url {
    struct bytes scheme, host, path; // path with the query; host without brackets
    uint16_t port;                   // 0: none, or that of the scheme
    bool bracket;                    // the host is an IPv6 address
};
[[nodiscard]] bool url_split(struct bytes text, struct url *url);

// "host:port/path?query", folded; query_at: where "?" stands, or the length. 0: too long or no URL.
size_t url_key(const struct url *url, uint8_t *out, size_t room, size_t *query_at);

// ---- guess.c

// hxxp, [.], (at): as it was before somebody made it harmless to click. {NULL, 0}: too long.
struct bytes value_refang(struct bytes text, uint8_t room[INTEL_VALUE_BYTES]);

// ---- store.c

enum {
    STORE_CHUNKS = 255,
    BUCKET_SLOTS = 10,
    BUCKET_ALIKE = 4, // of one fingerprint in a bucket: by chance never as many
    STORE_NONE = UINT32_MAX,
    CONFIDENCE_UNSAID = 127,
    SEVERITY_UNSAID = 7
};

struct bucket {
    uint32_t refs[BUCKET_SLOTS];
    uint16_t prints[BUCKET_SLOTS];
    uint16_t used;
    uint16_t spilled; // some that belong here are in the next one
};
_Static_assert(sizeof(struct bucket) == 64, "one cache line");

// What is said of a value. Its label is `label`, then what it has in common with others.
struct statement {
    uint32_t from_s, until_s; // 0: not said
    uint32_t label;
    uint32_t common, techniques; // texts
    uint16_t source;
    uint8_t confidence, tlp, severity, phase;
    bool valued; // within `label`, LABEL_VALUE stands for the value
    bool silent;
};

enum { LABEL_VALUE = 0xff }; // no text in UTF-8 has it

// As it is kept: what is its own, and what many statements have in common.
struct said {
    uint32_t at_s; // valid from; until, where nothing else is said
    uint32_t label : 30, valued : 1, silent : 1;
    uint32_t manner;
};
_Static_assert(sizeof(struct said) == 12, "many of them");

struct manner {
    uint32_t lasts_s; // valid so long; 0: it does not say; MANNER_UNTIL
    uint32_t common, techniques;
    uint16_t source;
    uint16_t confidence : 7, tlp : 3, severity : 3, phase : 3;
};

// Further statements of a value.
struct statement_link {
    uint32_t statement;
    uint32_t next; // the one said before; STORE_NONE
};

// Why a value is silent, or said to be weak: flags of an entry.
enum { ENTRY_WARNED = 1, ENTRY_OWN = 2, ENTRY_KNOWN = 4 };

// A stored value.
struct entry {
    enum intel_kind kind;
    unsigned flags;
    uint32_t statement; // first of its statements, for statements_next()
    struct bytes key;
};

// Texts, each kept once: label, names.
struct texts {
    uint8_t *data;
    size_t len, room;
    uint32_t *slots;
    size_t slot_count, used;
    uint64_t seed;
};

bool texts_init(struct texts *texts);
void texts_finish(struct texts *texts);
uint32_t texts_add(struct texts *texts, struct bytes text); // its number; 0: empty; STORE_NONE
struct bytes texts_of(const struct texts *texts, uint32_t text);
bool texts_back(struct texts *texts, size_t len); // forget what came behind
void texts_freeze(struct texts *texts);           // none is added or sought any more
uint64_t texts_bytes(const struct texts *texts);

// ---- labels.c

enum { LABEL_BYTES = 254, LABELS_MOST = (1 << 30) - 1 };

struct labels {
    uint64_t seed;
    uint8_t *data;
    uint32_t *blocks; // where each of their blocks begins
    uint32_t *recent; // those added lately, by hash
    size_t len, room, blocks_room, last_len;
    uint32_t count;
    uint8_t last[LABEL_BYTES]; // the one added last
};

struct labels_mark {
    uint32_t count;
    size_t len;
};

uint32_t labels_add(struct labels *labels, struct bytes text); // as texts_add(); cut
struct bytes labels_of(const struct labels *labels, uint32_t label, uint8_t room[LABEL_BYTES]);
void labels_back(struct labels *labels, struct labels_mark mark); // forget what came behind
void labels_freeze(struct labels *labels);                        // no more are added
void labels_finish(struct labels *labels);
uint64_t labels_bytes(const struct labels *labels);

struct source_texts {
    uint32_t name, organisation, description;
};

struct ranges; // ranges.c

struct store {
    uint64_t seed;
    uint8_t *chunks[STORE_CHUNKS]; // values; the last reference is no value
    size_t chunk_ends[STORE_CHUNKS];
    size_t values_len; // where the next one goes: chunk and place in it
    struct bucket *buckets;
    uint64_t bucket_count;
    uint64_t *filter; // once frozen: a word without a value's two bits spares its bucket
    uint64_t filter_words;
    uint64_t count;
    uint64_t kinds[INTEL_KINDS];
    struct said *said; // by the numbers of statements
    size_t said_len, said_room;
    struct manner *manners;
    size_t manners_len, manners_room;
    struct statement_link *links;
    size_t links_len, links_room;
    struct source_texts *sources;
    size_t sources_len, sources_room;
    struct texts texts;
    struct labels labels;
    uint32_t recent[1024]; // statements made lately, by hash; number + 1
    uint32_t recent_manners[4096];
    struct ranges *ranges;
};

enum store_put { STORE_NEW, STORE_OLD, STORE_FULL };

[[nodiscard]] bool store_init(struct store *store);
void store_finish(struct store *store);

// Where the value is, or is put with this statement.
enum store_put store_put(
    struct store *store, const struct key *key, uint32_t statement, uint32_t *ref);
uint32_t store_find(const struct store *store, enum intel_kind kind, struct bytes key);

// The same in steps, so that the misses of the cache of several overlap: hash and fetch each, then
// ask for candidates, of which those count that store_is() the value. A hash serves all kinds.
static inline bool store_has(const struct store *store, enum intel_kind kind)
{
    return store->kinds[kind] > 0;
}
uint64_t store_hash(const struct store *store, enum intel_kind kind, struct bytes key);
void store_prefetch(const struct store *store, uint64_t hash);
size_t store_candidates(
    const struct store *store, enum intel_kind kind, uint64_t hash, uint32_t refs[BUCKET_ALIKE]);
void store_prefetch_entry(const struct store *store, uint32_t ref);
bool store_is(const struct store *store, uint32_t ref, enum intel_kind kind, struct bytes key);

struct entry store_entry(const struct store *store, uint32_t ref);
void store_flag(struct store *store, uint32_t ref, unsigned flags);
void store_say(struct store *store, uint32_t ref, uint32_t statement); // sets its statements
uint32_t store_next(const struct store *store, uint32_t ref); // 0 first; STORE_NONE: no more

// ---- statement.c: what is said of values.

// STORE_NONE: memory. The first may answer with one made lately that says the same.
uint32_t store_statement(struct store *store, const struct statement *statement);
uint32_t store_statement_apart(struct store *store, const struct statement *statement);
uint32_t store_link(struct store *store, uint32_t before, uint32_t statement);

struct statement store_said(const struct store *store, uint32_t statement);
bool store_same(const struct store *store, uint32_t statement, uint32_t other); // they say the same

// Walk an entry's statements, the newest first. *at: entry.statement at first. False: no more.
bool store_statements(const struct store *store, uint32_t *at, uint32_t *statement);

// Texts put together, cut at its end.
struct composing {
    char text[INTEL_TEXT_BYTES];
    size_t len;
};
void composing_add(struct composing *to, const char *before, struct bytes text);
static inline struct bytes composing_bytes(const struct composing *c)
{
    return bytes_make(c->text, c->len);
}

// What a statement calls the value.
void statement_label(const struct store *store, const struct statement *statement,
    const struct entry *entry, struct composing *label);

// ---- store.c again.

// What was there at a moment, to go back to.
struct store_mark {
    size_t values, said, manners, links, sources, texts;
    struct labels_mark labels;
    uint64_t count;
    uint64_t kinds[INTEL_KINDS];
};
struct store_mark store_mark(const struct store *store);
[[nodiscard]] bool store_back(struct store *store, const struct store_mark *mark);

// No more is added: give back spare room, make ranges. False: memory.
[[nodiscard]] bool store_freeze(struct store *store);
uint64_t store_bytes(const struct store *store);

// ---- ranges.c: which ranges an address lies in.

// From the store's entries of kind INTEL_RANGE. False: memory.
[[nodiscard]] bool ranges_make(struct store *store);
void ranges_destroy(struct ranges *ranges);
uint64_t ranges_bytes(const struct ranges *ranges);

// Fetch what ranges_find() will read.
void ranges_prefetch(const struct ranges *ranges, const struct addr *a);

// The narrowest piece with this address, STORE_NONE: none; and the next wider one.
uint32_t ranges_find(const struct ranges *ranges, const struct addr *a);
uint32_t ranges_wider(const struct ranges *ranges, const struct addr *a, uint32_t piece);
uint32_t ranges_ref(const struct ranges *ranges, const struct addr *a, uint32_t piece);

// ---- warning.c: what is known to be harmless or shared, and so no ground for a hit.

enum { WARNING_LISTS = 4096, WARNING_PATTERN_BYTES = 4096 };

struct warnings;
[[nodiscard]] struct warnings *warnings_create(void);
void warnings_destroy(struct warnings *warnings);

enum warning_type {
    WARNING_STRING,
    WARNING_HOSTNAME,
    WARNING_SUBSTRING,
    WARNING_CIDR,
    WARNING_REGEX
};

struct warning_list {
    struct bytes name;
    bool identifies; // says what a thing is, not that it is a false hit
    uint64_t kinds;  // bits of enum intel_kind it speaks of
};

// Its number; STORE_NONE: memory, or too many.
uint32_t warnings_begin(struct warnings *warnings, const struct warning_list *list);

enum warning_added { WARNING_ADDED, WARNING_REFUSED, WARNING_FULL };
enum warning_added warnings_add(
    struct warnings *warnings, uint32_t list, enum warning_type type, struct bytes value);

// A list whose file failed says nothing any more.
void warnings_drop(struct warnings *warnings, uint32_t list);

// All are added. False: memory.
[[nodiscard]] bool warnings_freeze(struct warnings *warnings);

// The first list a value is on; STORE_NONE.
uint32_t warnings_find(const struct warnings *warnings, enum intel_kind kind, struct bytes key);
struct bytes warnings_name(const struct warnings *warnings, uint32_t list);
bool warnings_identifies(const struct warnings *warnings, uint32_t list);
size_t warnings_count(const struct warnings *warnings);

// ---- sane.c: values nobody can mean.

enum sanity { SANE, SANE_OWN, SANE_RESERVED, SANE_WIDE, SANE_SUFFIX };
enum sanity sanity_of(const struct config *config, const struct key *key);

// ---- builder.c

struct intel {
    const struct config *config; // lives longer
    struct store store;
    uint8_t min_confidence, default_confidence, max_tlp;
    void *patterns;
    const struct intel_pattern_table *pattern_table;
};

struct undo {
    uint32_t ref, statement;
};

// Under which id a statement was made, and in which version; needed only while files are read.
struct origin {
    uint32_t id[2]; // its hash; 0, 0: none
    uint32_t modified_s;
};

// What is said under an id in versions older than that holds no more.
struct ended {
    uint64_t id; // its hash
    uint32_t before_s;
};

enum { IDS_SEEN_BITS = 1 << 26 }; // one bit an id: of those met again a few were not

// Paths of patterns as they were written where one value was compared with them: see composed.c.
enum { PLAIN_PATHS = 32, PLAIN_PATH_BYTES = 48 };

struct plain_path {
    char text[PLAIN_PATH_BYTES];
    size_t len;
    enum intel_kind kind;
    int how; // enum observable_how
};

struct report_memory; // texts of a report

struct intel_builder {
    struct intel *intel;
    const struct intel_options *options;
    struct intel_report *report;
    struct intel_file_report *file; // being read
    const char *path;
    struct warnings *warnings;
    struct store_mark mark; // where that file began
    uint64_t patterns_before;
    size_t problems_before;
    uint64_t problems_more_before;
    uint64_t *ids_before; // ids_seen, while a file is tried; NULL: none is
    struct undo *undo;    // entries of earlier files it says something of
    size_t undo_len, undo_room;
    uint64_t *ids_seen; // IDS_SEEN_BITS; NULL: no id has come
    struct ended *ended;
    size_t ended_len, ended_room, ended_before;
    struct origin *origins; // of statements; a shorter list: none
    size_t origins_len, origins_room;
    size_t files_room, problems_room;
    struct plain_path plain[PLAIN_PATHS];
    size_t plain_count;
    uint64_t bytes_all, bytes_done, bytes_file; // of the files, for progress
    int64_t mtime_us;                           // of the file: when its values were seen at latest
};

bool builder_file_begin(struct intel_builder *builder, const char *path, const char *format);
// False: memory, and the set is lost.
[[nodiscard]] bool builder_file_end(struct intel_builder *builder, bool keep);

// A large file is tried: what a reader takes between these two holds if `good`, else the file is as
// good as new. False: it is too small to be worth that; memory, and nothing can be read any more.
[[nodiscard]] bool builder_try(struct intel_builder *builder);
[[nodiscard]] bool builder_tried(struct intel_builder *builder, bool good);

void builder_apply_ended(struct intel_builder *builder); // when all files have been read
void builder_forget(struct intel_builder *builder);      // what only reading needs
void builder_progress(struct intel_builder *builder, double share);

// A copy that lives with the report; {NULL, 0}: memory.
struct bytes report_copy(struct intel_report *report, struct bytes text);
