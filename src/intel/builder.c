// SPDX-License-Identifier: Apache-2.0
// Fills the set: values in their place, what is said of them beside them; and takes back what a
// file said when the file fails.
#include "base/alloc.h"
#include "base/hash.h"
#include "intel/internal.h"
#include <limits.h>
#include <stdlib.h>

enum { MICROSECONDS = 1'000'000, SECONDS_MOST = UINT32_MAX, IDS_SEEN_BYTES = IDS_SEEN_BITS / 8 };

// ---- Sources.

uint32_t intel_source_add(struct intel_builder *b, const struct intel_source *source)
{
    struct store *store = &b->intel->store;
    struct source_texts texts = {
        .name = texts_add(&store->texts, bytes_sub(source->name, 0, INTEL_TEXT_BYTES)),
        .organisation =
            texts_add(&store->texts, bytes_sub(source->organisation, 0, INTEL_TEXT_BYTES)),
        .description =
            texts_add(&store->texts, bytes_sub(source->description, 0, INTEL_TEXT_BYTES)),
    };
    for (size_t i = store->sources_len; i > 0; i--) {
        if (memcmp(&store->sources[i - 1], &texts, sizeof texts) == 0)
            return (uint32_t)i - 1;
    }
    if (store->sources_len == INTEL_SOURCES)
        return INTEL_SOURCES - 1; // the last stands for all beyond
    if (store->sources_len == store->sources_room) {
        size_t room = store->sources_room ? store->sources_room * 2 : 64;
        struct source_texts *more = base_realloc(store->sources, room * sizeof *more);
        if (!more)
            return 0;
        store->sources = more;
        store->sources_room = room;
    }
    store->sources[store->sources_len++] = texts;
    return (uint32_t)store->sources_len - 1;
}

// ---- Statements.

static uint32_t to_seconds(int64_t us)
{
    if (us <= 0)
        return 0;
    return us / MICROSECONDS >= SECONDS_MOST ? SECONDS_MOST : (uint32_t)(us / MICROSECONDS);
}

// How long a value of this kind is believed when nobody says until when.
static int64_t validity_us(const struct config *config, enum intel_kind kind)
{
    switch (kind) {
    case INTEL_ADDRESS:
    case INTEL_RANGE:
    case INTEL_ADDRESS_PORT: return config->intel.validity.addresses_us;
    case INTEL_DOMAIN:
    case INTEL_HOST: return config->intel.validity.domains_us;
    case INTEL_URL:
    case INTEL_USER_AGENT: return config->intel.validity.urls_us;
    case INTEL_MD5:
    case INTEL_SHA1:
    case INTEL_SHA256:
    case INTEL_FILE_NAME: return config->intel.validity.files_us;
    case INTEL_MAIL:
    case INTEL_MAIL_FROM:
    case INTEL_MAIL_TO:
    case INTEL_MAIL_REPLY_TO:
    case INTEL_MAIL_SUBJECT: return config->intel.validity.mail_us;
    default: return config->intel.validity.fingerprints_us;
    }
}

static int64_t until_of(const struct intel_builder *b, const struct indicator *indicator)
{
    int64_t lasts = validity_us(b->options->config, indicator->kind);
    if (indicator->until_us || lasts == 0)
        return indicator->until_us;
    int64_t since = indicator->seen_us ? indicator->seen_us : indicator->from_us;
    since = since ? since : b->mtime_us;
    return since ? since + lasts : 0;
}

// Not within a UTF-8 character.
static struct bytes text_cut(struct bytes text, size_t most)
{
    size_t len = text.len < most ? text.len : most;
    while (len < text.len && len > 0 && (text.data[len] & 0xc0) == 0x80)
        len--;
    return bytes_sub(text, 0, len);
}

static uint32_t text_number(struct intel_builder *b, struct bytes text)
{
    return texts_add(&b->intel->store.texts, text_cut(text, INTEL_TEXT_BYTES));
}

// 0: none.
static uint64_t id_hash(const struct intel_builder *b, struct bytes id)
{
    return id.len ? hash_bytes(id, b->intel->store.seed) : 0;
}

static struct origin origin_of(const struct intel_builder *b, size_t statement)
{
    return statement < b->origins_len ? b->origins[statement] : (struct origin){.modified_s = 0};
}

static uint64_t id_of(const struct intel_builder *b, size_t statement)
{
    struct origin origin = origin_of(b, statement);
    return origin.id[0] | (uint64_t)origin.id[1] << 32;
}

static bool same_origin(const struct intel_builder *b, size_t statement, struct origin origin)
{
    struct origin other = origin_of(b, statement);
    return memcmp(&other, &origin, sizeof origin) == 0;
}

static bool origin_set(struct intel_builder *b, uint32_t statement, struct origin origin)
{
    if (same_origin(b, statement, origin))
        return true;
    if (statement >= b->origins_room) {
        size_t room = statement + statement / 2 + 64;
        struct origin *more = base_realloc(b->origins, room * sizeof *more);
        if (!more)
            return false;
        b->origins = more;
        b->origins_room = room;
    }
    while (b->origins_len <= statement)
        b->origins[b->origins_len++] = (struct origin){.modified_s = 0};
    b->origins[statement] = origin;
    return true;
}

enum { VALUE_SHORT = 4 }; // may stand in a label by chance

// The label, with a hole where the value stands in it.
static uint32_t label_put(
    struct intel_builder *b, const struct key *key, struct bytes label, bool *valued)
{
    uint8_t holed[LABEL_BYTES];
    char room[KEY_TEXT_BYTES];
    struct bytes value = {NULL, 0};
    label = text_cut(label, LABEL_BYTES);
    if (label.len > 0)
        value = key_text(key->kind, bytes_make(key->data, key->len), room);
    size_t at = value.len >= VALUE_SHORT ? bytes_find(label, value) : BYTES_NOT_FOUND;
    *valued = at != BYTES_NOT_FOUND && bytes_find_byte(label, LABEL_VALUE) == BYTES_NOT_FOUND;
    if (!*valued)
        return labels_add(&b->intel->store.labels, label);
    struct bytes rest = bytes_from(label, at + value.len);
    memcpy(holed, label.data, at);
    holed[at] = LABEL_VALUE;
    memcpy(&holed[at + 1], rest.data, rest.len);
    return labels_add(&b->intel->store.labels, bytes_make(holed, at + 1 + rest.len));
}

// STORE_NONE: memory.
static uint32_t statement_of(
    struct intel_builder *b, const struct key *key, const struct indicator *indicator)
{
    struct store *store = &b->intel->store;
    bool described = store->sources_len && store->sources[indicator->source].description;
    bool by_id = indicator->label.len == 0 && indicator->common.len == 0 && !described;
    struct statement s = {.from_s = to_seconds(indicator->from_us),
        .until_s = to_seconds(until_of(b, indicator)),
        .common = text_number(b, indicator->common),
        .techniques = text_number(b, indicator->techniques),
        .source = (uint16_t)indicator->source,
        .confidence = indicator->confidence <= 100 ? indicator->confidence : CONFIDENCE_UNSAID,
        .tlp = (uint8_t)indicator->tlp,
        .severity = indicator->severity <= SEVERITY_HIGH ? indicator->severity : SEVERITY_UNSAID,
        .phase = indicator->phase,
        .silent = indicator->silent};
    s.label = label_put(b, key, by_id ? indicator->id : indicator->label, &s.valued);
    if (s.label == STORE_NONE || s.common == STORE_NONE || s.techniques == STORE_NONE)
        return STORE_NONE;
    uint64_t id = id_hash(b, indicator->id);
    struct origin origin = {
        {(uint32_t)id, (uint32_t)(id >> 32)}, to_seconds(indicator->modified_us)};
    size_t before = store->said_len;
    uint32_t number = store_statement(store, &s);
    if (number < before && !same_origin(b, number, origin))
        number = store_statement_apart(store, &s);
    return number == STORE_NONE || origin_set(b, number, origin) ? number : STORE_NONE;
}

// ---- Values.

static bool undo_push(struct intel_builder *b, uint32_t ref, uint32_t statement)
{
    if (ref >= b->mark.values)
        return true; // goes with the file
    if (b->undo_len == b->undo_room) {
        size_t room = b->undo_room ? b->undo_room * 2 : 64;
        struct undo *more = base_realloc(b->undo, room * sizeof *more);
        if (!more)
            return false;
        b->undo = more;
        b->undo_room = room;
    }
    b->undo[b->undo_len++] = (struct undo){ref, statement};
    return true;
}

static bool says_already(const struct intel_builder *b, uint32_t at, uint32_t statement)
{
    const struct store *store = &b->intel->store;
    uint32_t other;
    while (store_statements(store, &at, &other)) {
        if (other == statement ||
            (store_same(store, other, statement) && same_origin(b, other, origin_of(b, statement))))
            return true;
    }
    return false;
}

static enum intel_added say_also(struct intel_builder *b, uint32_t ref, uint32_t statement)
{
    struct store *store = &b->intel->store;
    uint32_t before = store_entry(store, ref).statement;
    if (says_already(b, before, statement))
        return INTEL_DUPLICATE;
    uint32_t link = store_link(store, before, statement);
    if (link == STORE_NONE || !undo_push(b, ref, before))
        return INTEL_FULL;
    store_say(store, ref, link);
    return INTEL_ADDED;
}

static enum intel_added put(
    struct intel_builder *b, const struct key *key, const struct indicator *indicator, bool own)
{
    struct indicator said = *indicator;
    said.kind = key->kind;
    uint32_t ref, statement = statement_of(b, key, &said);
    if (statement == STORE_NONE)
        return INTEL_FULL;
    enum store_put done = store_put(&b->intel->store, key, statement, &ref);
    if (done == STORE_FULL)
        return INTEL_FULL;
    if (own && done == STORE_NEW)
        store_flag(&b->intel->store, ref, ENTRY_OWN);
    return done == STORE_OLD ? say_also(b, ref, statement) : INTEL_ADDED;
}

static void refuse(
    struct intel_builder *b, const struct indicator *indicator, uint64_t line, enum text_id why)
{
    struct intel_trouble trouble = {.line = line,
        .value = indicator->value,
        .why = why,
        .what = bytes_from_text(intel_kind_name(indicator->kind))};
    intel_trouble(b, &trouble);
}

// True: it may go in, perhaps as one that never matches.
static bool sane(struct intel_builder *b, const struct key *key, const struct indicator *indicator,
    uint64_t line, bool *own)
{
    enum sanity sanity = sanity_of(b->options->config, key);
    *own = sanity == SANE_OWN || sanity == SANE_RESERVED;
    static const enum text_id why[] = {[SANE_OWN] = TEXT_INTEL_OWN,
        [SANE_RESERVED] = TEXT_INTEL_RESERVED,
        [SANE_WIDE] = TEXT_INTEL_WIDE,
        [SANE_SUFFIX] = TEXT_INTEL_SUFFIX};
    if (sanity != SANE)
        refuse(b, indicator, line, why[sanity]);
    return sanity == SANE || *own;
}

static void count(
    struct intel_builder *b, enum intel_added added, const struct indicator *indicator)
{
    struct intel_file_report *file = b->file;
    file->added += added == INTEL_ADDED;
    file->duplicates += added == INTEL_DUPLICATE;
    file->unseen += added == INTEL_NOT_SEEN;
    file->refused += added == INTEL_REFUSED;
    int64_t now = b->options->now_us, until = until_of(b, indicator);
    file->expired += added == INTEL_ADDED && now && until && until <= now;
}

enum intel_added intel_add(
    struct intel_builder *b, const struct indicator *indicator, uint64_t line)
{
    uint8_t room[INTEL_VALUE_BYTES];
    struct key key;
    bool own = false;
    enum intel_added added = INTEL_REFUSED;
    if (indicator->kind >= INTEL_UNSEEN) {
        added = INTEL_NOT_SEEN;
    } else if (!key_make(&key, indicator->kind, value_refang(indicator->value, room))) {
        refuse(b, indicator, line, TEXT_INTEL_NO_VALUE);
    } else if (sane(b, &key, indicator, line, &own)) {
        added = put(b, &key, indicator, own);
    }
    count(b, added, indicator);
    return added;
}

// ---- What is taken back, or said anew.

static bool id_bit(const struct intel_builder *b, uint64_t id)
{
    uint64_t bit = id % IDS_SEEN_BITS;
    return b->ids_seen[bit / 64] >> bit % 64 & 1;
}

static void id_bit_set(struct intel_builder *b, uint64_t id)
{
    uint64_t bit = id % IDS_SEEN_BITS;
    b->ids_seen[bit / 64] |= 1ULL << bit % 64;
}

static bool ended_push(struct intel_builder *b, uint64_t id, uint32_t before_s)
{
    if (b->ended_len == b->ended_room) {
        size_t room = b->ended_room ? b->ended_room * 2 : 64;
        struct ended *more = base_realloc(b->ended, room * sizeof *more);
        if (!more)
            return false;
        b->ended = more;
        b->ended_room = room;
    }
    b->ended[b->ended_len++] = (struct ended){id, before_s};
    return true;
}

bool intel_revoke(struct intel_builder *b, struct bytes id)
{
    return intel_version(b, id, INT64_MAX, true);
}

bool intel_version(struct intel_builder *b, struct bytes id, int64_t modified_us, bool revoked)
{
    uint64_t hash = id_hash(b, id);
    uint32_t modified_s = to_seconds(modified_us);
    if (!b->ids_seen) {
        b->ids_seen = base_malloc_huge(IDS_SEEN_BYTES);
        if (b->ids_seen)
            memset(b->ids_seen, 0, IDS_SEEN_BYTES);
    }
    if (!b->ids_seen || hash == 0)
        return b->ids_seen != NULL;
    bool again = id_bit(b, hash);
    id_bit_set(b, hash);
    return (!again && !revoked) ||
           ended_push(b, hash, modified_s + (revoked && modified_s < SECONDS_MOST));
}

static int compare_ended(const void *left, const void *right)
{
    const struct ended *a = left, *b = right;
    return (a->id > b->id) - (a->id < b->id);
}

static struct ended *ended_find(const struct intel_builder *b, uint64_t id)
{
    struct ended wanted = {.id = id};
    if (id == 0 || !id_bit(b, id))
        return NULL;
    return bsearch(&wanted, b->ended, b->ended_len, sizeof *b->ended, compare_ended);
}

static void raise(struct ended *ended, uint32_t modified_s)
{
    if (ended && ended->before_s < modified_s)
        ended->before_s = modified_s;
}

// Sorted, each id once.
static void ended_sort(struct intel_builder *b)
{
    size_t kept = 0;
    qsort(b->ended, b->ended_len, sizeof *b->ended, compare_ended);
    for (size_t i = 1; i < b->ended_len; i++) {
        if (b->ended[i].id == b->ended[kept].id)
            raise(&b->ended[kept], b->ended[i].before_s);
        else
            b->ended[++kept] = b->ended[i];
    }
    b->ended_len = kept + 1;
    memset(b->ids_seen, 0, IDS_SEEN_BYTES); // from here on: those that ended
    for (size_t i = 0; i < b->ended_len; i++)
        id_bit_set(b, b->ended[i].id);
}

static bool raise_pattern(void *context, struct bytes id, int64_t modified_us)
{
    const struct intel_builder *b = context;
    raise(ended_find(b, id_hash(b, id)), to_seconds(modified_us));
    return false;
}

static bool pattern_ended(void *context, struct bytes id, int64_t modified_us)
{
    const struct intel_builder *b = context;
    const struct ended *ended = ended_find(b, id_hash(b, id));
    return ended && to_seconds(modified_us) < ended->before_s;
}

void builder_apply_ended(struct intel_builder *b)
{
    struct store *store = &b->intel->store;
    const struct intel_pattern_table *table = b->intel->pattern_table;
    if (b->ended_len == 0)
        return;
    ended_sort(b);
    for (size_t i = 0; i < b->origins_len; i++)
        raise(ended_find(b, id_of(b, i)), b->origins[i].modified_s);
    if (b->intel->patterns)
        table->revoke(b->intel->patterns, raise_pattern, b);
    for (size_t i = 0; i < b->origins_len; i++) {
        const struct ended *ended = ended_find(b, id_of(b, i));
        if (ended && b->origins[i].modified_s < ended->before_s)
            store->said[i].silent = 1;
    }
    if (b->intel->patterns)
        table->revoke(b->intel->patterns, pattern_ended, b);
}

void builder_forget(struct intel_builder *b)
{
    base_free(b->undo);
    base_free(b->ids_seen);
    base_free(b->ended);
    base_free(b->origins);
    b->undo = NULL;
    b->ids_seen = NULL;
    b->ended = NULL;
    b->origins = NULL;
}

// ---- A file, from beginning to end.

static struct intel_file_report *file_push(struct intel_builder *b)
{
    struct intel_report *report = b->report;
    if (report->files_count == b->files_room) {
        size_t room = b->files_room ? b->files_room * 2 : 64;
        struct intel_file_report *more = base_realloc(report->files, room * sizeof *more);
        if (!more)
            return NULL;
        report->files = more;
        b->files_room = room;
    }
    struct intel_file_report *file = &report->files[report->files_count++];
    memset(file, 0, sizeof *file);
    return file;
}

bool builder_file_begin(struct intel_builder *b, const char *path, const char *format)
{
    b->path = path;
    b->mark = store_mark(&b->intel->store);
    b->patterns_before =
        b->intel->patterns ? b->intel->pattern_table->count(b->intel->patterns) : 0;
    b->undo_len = 0;
    b->ended_before = b->ended_len;
    b->problems_before = b->report->problems_count;
    b->problems_more_before = b->report->problems_more;
    b->file = file_push(b);
    if (!b->file)
        return false;
    b->file->path = report_copy(b->report, bytes_from_text(path));
    b->file->format = bytes_from_text(format);
    return true;
}

static bool take_back(struct intel_builder *b)
{
    b->ended_len = b->ended_before;
    if (b->origins_len > b->mark.said)
        b->origins_len = b->mark.said;
    for (size_t i = b->undo_len; i > 0; i--)
        store_say(&b->intel->store, b->undo[i - 1].ref, b->undo[i - 1].statement);
    b->undo_len = 0;
    if (b->intel->patterns)
        b->intel->pattern_table->take_back(b->intel->patterns, b->patterns_before);
    return store_back(&b->intel->store, &b->mark);
}

enum { TRIED_BYTES = 4 << 20 };

bool builder_try(struct intel_builder *b)
{
    if (b->bytes_file < TRIED_BYTES)
        return false;
    b->ids_before = base_malloc_huge(IDS_SEEN_BYTES);
    if (b->ids_before && b->ids_seen)
        memcpy(b->ids_before, b->ids_seen, IDS_SEEN_BYTES);
    else if (b->ids_before)
        memset(b->ids_before, 0, IDS_SEEN_BYTES);
    return b->ids_before != NULL;
}

bool builder_tried(struct intel_builder *b, bool good)
{
    uint64_t *dropped = good ? b->ids_before : b->ids_seen;
    b->ids_seen = good ? b->ids_seen : b->ids_before;
    b->ids_before = NULL;
    base_free(dropped);
    if (good)
        return true;
    struct intel_file_report *file = b->file;
    file->added = file->duplicates = file->expired = file->unseen = file->refused = 0;
    b->report->problems_count = b->problems_before;
    b->report->problems_more = b->problems_more_before;
    return take_back(b);
}

bool builder_file_end(struct intel_builder *b, bool keep)
{
    struct intel_file_report *file = b->file;
    b->bytes_done += b->bytes_file;
    b->file = NULL;
    if (keep)
        return true;
    file->failed = true;
    file->added = file->duplicates = file->expired = file->unseen = 0;
    return take_back(b);
}

// ---- What readers ask.

const struct config *intel_config(const struct intel_builder *b)
{
    return b->options->config;
}

void intel_patterns_set(
    struct intel_builder *b, void *patterns, const struct intel_pattern_table *table)
{
    b->intel->patterns = patterns;
    b->intel->pattern_table = table;
}

void *intel_patterns(struct intel_builder *b)
{
    return b->intel->patterns;
}

void builder_progress(struct intel_builder *b, double share)
{
    if (!b->options->progress)
        return;
    double bytes = (double)b->bytes_done + (share > 0 ? share : 0) * (double)b->bytes_file;
    double all = b->bytes_all ? (double)b->bytes_all : 1;
    b->options->progress(b->options->progress_context, bytes < all ? bytes / all : 1, b->path);
}
