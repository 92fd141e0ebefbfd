// SPDX-License-Identifier: Apache-2.0
// From values found to a hit: which statements hold at the time of the record, how sure they are
// together, and about whom the hit is.
#include "intel/find.h"
#include "schema/segment.h"

enum {
    SAYING_MOST = 64, // statements looked at, of one value
    CERTAIN_MOST = 99,
    MICROSECONDS = 1'000'000,
};

static const char *const detectors[INTEL_KINDS] = {
#define KIND(constant, name, detector) [INTEL_##constant] = detector,
#include "intel/kind.def"
#undef KIND
};

// Statements that hold, of entries in their order.
struct saying {
    struct statement list[SAYING_MOST];
    uint32_t refs[SAYING_MOST]; // of what
    size_t count;
    uint32_t shown; // the entry the hit is named after
    bool known;     // on a list that says whose it is
};

static uint8_t confidence_of(const struct intel *intel, const struct statement *s)
{
    return s->confidence == CONFIDENCE_UNSAID ? intel->default_confidence : s->confidence;
}

// The counter of what keeps a statement from holding for this record; NULL: it holds.
static uint64_t *silent_for(const struct asking *asking, const struct statement *s)
{
    struct metrics *m = asking->metrics;
    int64_t time_us = asking->record->head.timestamp;
    uint32_t now = time_us > 0 ? (uint32_t)(time_us / MICROSECONDS) : 0;
    if (s->silent || s->tlp > asking->intel->max_tlp)
        return &m->intel_withheld;
    if (confidence_of(asking->intel, s) < asking->intel->min_confidence)
        return &m->intel_low_confidence;
    if (now && s->until_s && now >= s->until_s)
        return &m->intel_expired;
    return now && s->from_s && now < s->from_s ? &m->intel_early : NULL;
}

// Statements of an entry, in the order in which they were made; those that hold join the saying.
// The counter of what silences all of them; NULL: not all.
static uint64_t *entry_says(const struct asking *asking, uint32_t ref, struct saying *saying)
{
    const struct store *store = &asking->intel->store;
    struct entry entry = store_entry(store, ref);
    uint32_t all[SAYING_MOST], at = entry.statement, statement;
    size_t count = 0, before = saying->count;
    uint64_t *silent = NULL;
    if (entry.flags & (ENTRY_OWN | ENTRY_WARNED))
        return entry.flags & ENTRY_OWN ? &asking->metrics->intel_own
                                       : &asking->metrics->intel_warned;
    while (count < SAYING_MOST && store_statements(store, &at, &statement))
        all[count++] = statement;
    while (count > 0 && saying->count < SAYING_MOST) {
        struct statement *s = &saying->list[saying->count];
        *s = store_said(store, all[--count]);
        uint64_t *why = silent_for(asking, s);
        silent = why ? why : silent;
        saying->refs[saying->count] = ref;
        saying->count += !why;
    }
    return saying->count > before ? NULL : silent;
}

// ---- What they say together.

// The surest, and what others add: independent sources make each other surer.
static uint8_t certainty_of(const struct intel *intel, const struct saying *saying)
{
    uint64_t doubt = 100 * 100;
    uint8_t best = 0;
    for (size_t i = 0; i < saying->count; i++) {
        const struct statement *s = &saying->list[i];
        bool first = true;
        for (size_t before = 0; before < i; before++)
            first = first && saying->list[before].source != s->source;
        uint8_t confidence = confidence_of(intel, s);
        doubt = first ? doubt * (100U - confidence) / 100 : doubt;
        best = confidence > best ? confidence : best;
    }
    uint64_t together = 100 - doubt / 100;
    together = together > CERTAIN_MOST ? CERTAIN_MOST : together;
    return best > together ? best : (uint8_t)together;
}

// Values that many hosts have in common with evil ones prove less.
static bool weak(enum intel_kind kind)
{
    return kind == INTEL_FILE_NAME || kind == INTEL_URL_PATH || kind == INTEL_USER_AGENT ||
           kind == INTEL_MAIL_SUBJECT || kind == INTEL_JA3 || kind == INTEL_JA3S ||
           kind == INTEL_JA4 || kind == INTEL_HASSH || kind == INTEL_HASSH_SERVER;
}

static enum severity usual_severity(enum intel_kind kind, const struct where *where)
{
    if (where->inbound)
        return where->answered ? SEVERITY_LOW : SEVERITY_INFO;
    if (weak(kind))
        return SEVERITY_LOW;
    bool hash = kind == INTEL_MD5 || kind == INTEL_SHA1 || kind == INTEL_SHA256;
    return hash ? SEVERITY_HIGH : SEVERITY_MEDIUM;
}

static enum severity severity_of(
    const struct saying *saying, enum intel_kind kind, const struct where *where)
{
    int worst = -1;
    for (size_t i = 0; i < saying->count; i++) {
        if (saying->list[i].severity != SEVERITY_UNSAID && saying->list[i].severity > worst)
            worst = saying->list[i].severity;
    }
    return worst >= 0 ? (enum severity)worst : usual_severity(kind, where);
}

static bool is_technique(struct bytes word)
{
    uint64_t number;
    return word.len >= 5 && word.data[0] == 'T' && bytes_to_u64(bytes_sub(word, 1, 4), &number) &&
           (word.len == 5 || (word.len == 9 && word.data[5] == '.' &&
                                 bytes_to_u64(bytes_from(word, 6), &number)));
}

static void add_technique(struct hit *hit, struct bytes word)
{
    for (size_t i = 0; i < hit->techniques_count; i++) {
        if (bytes_equal(hit->techniques[i], word))
            return;
    }
    if (hit->techniques_count < HIT_TECHNIQUES && is_technique(word))
        hit->techniques[hit->techniques_count++] = word;
}

static void add_techniques(struct hit *hit, struct bytes words)
{
    size_t begin = 0;
    for (size_t i = 0; i <= words.len; i++) {
        uint8_t c = bytes_at(words, i);
        if (c && c != ' ' && c != ',' && c != ';' && c != '|')
            continue;
        add_technique(hit, bytes_sub(words, begin, i - begin));
        begin = i + 1;
    }
}

static void add_source(struct hit *hit, const struct asking *asking, const struct statement *s,
    uint32_t ref, struct composing labels[HIT_SOURCES])
{
    const struct store *store = &asking->intel->store;
    struct entry entry = store_entry(store, ref);
    const struct source_texts *source = &store->sources[s->source];
    add_techniques(hit, texts_of(&store->texts, s->techniques));
    if (s->phase && hit->phase == PHASE_NONE)
        hit->phase = (enum phase)s->phase;
    if (hit->sources_count == HIT_SOURCES)
        return;
    struct composing *label = &labels[hit->sources_count];
    statement_label(store, s, &entry, label);
    struct bytes says = composing_bytes(label);
    if (says.len == 0)
        says = texts_of(&store->texts, source->description);
    hit->sources[hit->sources_count++] =
        (struct hit_source){.name = texts_of(&store->texts, source->name),
            .says = says,
            .confidence = s->confidence == CONFIDENCE_UNSAID ? 0 : s->confidence,
            .tlp = bytes_from_text(intel_tlp_name(s->tlp))};
}

// ---- About whom.

bool subject_is_dest(const struct config *config, const struct record *record)
{
    bool src = segment_find(config, &record->head.src_ip),
         dest = segment_find(config, &record->head.dest_ip);
    if (src != dest)
        return dest;
    if (record->type == RECORD_FILEINFO)
        return true;
    const struct record_dns *dns = record->body;
    return record->type == RECORD_DNS && dns->qr;
}

static void put_hit(
    const struct asking *asking, const struct saying *saying, const struct where *where)
{
    char room[KEY_TEXT_BYTES];
    struct composing labels[HIT_SOURCES];
    struct entry entry = store_entry(&asking->intel->store, saying->shown);
    struct hit hit = {.detector = where->inbound ? "intel.inbound" : detectors[entry.kind],
        .rule = key_text(entry.kind, entry.key, room),
        .severity = severity_of(saying, entry.kind, where),
        .certainty = certainty_of(asking->intel, saying),
        .head = &asking->record->head,
        .record = asking->record->type,
        .subject_is_dest = where->subject_is_dest,
        .matches_count = 1};
    hit.matches[0] = (struct hit_match){
        bytes_from_text(where->field), where->value, 0, (uint32_t)where->value.len};
    if (where->inbound)
        hit.phase = where->answered ? PHASE_POINT_OF_ENTRY : PHASE_INTELLIGENCE_GATHERING;
    for (size_t i = 0; i < saying->count; i++)
        add_source(&hit, asking, &saying->list[i], saying->refs[i], labels);
    hit.certainty = weak(entry.kind) ? hit.certainty / 2 : hit.certainty;
    if (saying->known) {
        hit.certainty /= 2;
        hit.severity = SEVERITY_INFO;
    }
    if (asking->record->type == RECORD_FLOW) {
        const struct record_flow *flow = asking->record->body;
        hit.began_us = flow->start;
    }
    asking->metrics->intel_hits++;
    asking->sink(asking->context, &hit);
}

// A name stands in a question and again in its answer: one hit of the record is enough.
static bool told_first(const struct asking *asking, uint32_t ref)
{
    for (size_t i = 0; i < *asking->told_count; i++) {
        if (asking->told[i] == ref)
            return false;
    }
    if (*asking->told_count < TOLD_MOST)
        asking->told[(*asking->told_count)++] = ref;
    return true;
}

// A range is found by its place, anything else by a fingerprint.
static bool is_meant(const struct store *store, const struct candidate *c)
{
    return c->kind == INTEL_RANGE || store_is(store, c->ref, (enum intel_kind)c->kind, c->key);
}

bool tell(const struct asking *asking, const struct candidate *list, size_t count,
    const struct where *where)
{
    struct saying saying; // much of it is never written
    saying.count = 0;
    saying.shown = STORE_NONE;
    saying.known = false;
    const struct store *store = &asking->intel->store;
    struct where known = *where;
    if (!known.subject_known)
        known.subject_is_dest = subject_is_dest(asking->intel->config, asking->record);
    for (size_t i = 0; i < count; i++) {
        struct entry entry = store_entry(store, list[i].ref);
        if (!is_meant(store, &list[i]))
            continue;
        uint64_t *silent = entry_says(asking, list[i].ref, &saying);
        if (silent)
            *silent += told_first(asking, list[i].ref);
        else if (saying.shown == STORE_NONE)
            saying.shown = list[i].ref;
        saying.known = saying.known || (!silent && entry.flags & ENTRY_KNOWN);
    }
    if (saying.count == 0 || !told_first(asking, saying.shown))
        return false;
    put_hit(asking, &saying, &known);
    return true;
}
