// SPDX-License-Identifier: Apache-2.0
// A finding as it is written: its texts in both languages, its phase by name, tactics from
// techniques.
#include "detect/internal.h"
#include "detect/words.h"
#include "schema/segment.h"
#include <stdio.h>

enum { TACTICS_MOST = 14, REFERENCES_MOST = 8, ARGS_MOST = 24 + HIT_FACTS };

static const char *const severity_words[][LANGS] = {
    {"info", "情報"}, {"low", "低"}, {"medium", "中"}, {"high", "高"}};

const struct detector *detector_of(const struct assessment *a)
{
    return a->detector ? a->detector : detector_find(BYTES("rules.suricata")); // general words
}

// What the blanks of one finding hold.
struct blanks {
    struct text_arg args[ARGS_MOST];
    size_t count;
    struct arena *arena;
};

static void set(struct blanks *b, const char *name, struct bytes value)
{
    b->args[b->count++] = (struct text_arg){name, value};
}

static struct bytes finish_text(struct arena *arena, struct json *text)
{
    struct bytes copy = arena_copy(arena, bytes_make(text->data, text->len));
    json_finish(text);
    return copy;
}

static void set_number(struct blanks *b, const char *name, uint64_t n)
{
    char room[24];
    int len = snprintf(room, sizeof room, "%llu", (unsigned long long)n);
    set(b, name, arena_copy(b->arena, bytes_make(room, (size_t)len)));
}

static void set_time(struct blanks *b, const char *name, int64_t time_us)
{
    char room[WORDS_TIME];
    words_time(time_us, room);
    set(b, name, arena_copy(b->arena, bytes_from_text(room)));
}

// "first", or "first – last" when they are told apart.
static void set_when(struct blanks *b, const struct kept *k)
{
    char first[WORDS_TIME], last[WORDS_TIME], room[2 * WORDS_TIME + 8];
    words_time(k->first_us, first);
    words_time(k->last_us, last);
    bool same = strcmp(first, last) == 0;
    int len = snprintf(room, sizeof room, "%s%s%s", first, same ? "" : " – ", same ? "" : last);
    set(b, "when", arena_copy(b->arena, bytes_make(room, (size_t)len)));
}

// "a", "b" and what it says of it; none is empty.
static void set_joined(struct blanks *b, const char *name, const struct bytes *parts, size_t count)
{
    struct json text;
    json_init(&text);
    for (size_t i = 0; i < count; i++) {
        if (parts[i].len == 0)
            continue;
        if (text.len)
            json_raw(&text, ", ", 2);
        words_show(&text, parts[i]);
    }
    set(b, name, finish_text(b->arena, &text));
}

static struct bytes addr_text(struct arena *arena, const struct addr *addr)
{
    char room[ADDR_TEXT_BYTES];
    if (addr->version == 0)
        return (struct bytes){NULL, 0};
    return arena_copy(arena, bytes_make(room, addr_write(addr, room)));
}

static struct bytes upper(struct arena *arena, struct bytes name)
{
    char room[32];
    size_t len = name.len < sizeof room ? name.len : sizeof room;
    for (size_t i = 0; i < len; i++)
        room[i] =
            (char)(name.data[i] >= 'a' && name.data[i] <= 'z' ? name.data[i] - 32 : name.data[i]);
    return arena_copy(arena, bytes_make(room, len));
}

static struct bytes segment_of(const struct config *config, const struct addr *addr)
{
    uint16_t segment = addr->version ? segment_find(config, addr) : 0;
    if (segment == 0)
        return (struct bytes){NULL, 0};
    return bytes_from_text(config->segments[segment - 1].name);
}

static void set_shown(struct blanks *b, const char *name, struct bytes value)
{
    set_joined(b, name, &value, 1);
}

// The part of a match that is meant; the whole when it does not say.
static struct bytes meant(const struct hit_match *m)
{
    return m->len ? bytes_sub(m->data, m->at, m->len) : m->data;
}

static void set_lists(struct blanks *b, const struct kept *k)
{
    struct bytes names[HIT_SOURCES], says[HIT_SOURCES];
    for (size_t i = 0; i < k->sources_count; i++) {
        names[i] = k->sources[i].name;
        says[i] = k->sources[i].says;
    }
    set_joined(b, "source", names, k->sources_count);
    set_joined(b, "says", says, k->sources_count);
    set_joined(b, "techniques", k->techniques, k->techniques_count);
}

static struct bytes fact_value(const struct kept_fact *fact)
{
    return bytes_make(fact->text, fact->len);
}

static void blanks_init(struct blanks *b, const struct config *config, const struct kept *k)
{
    static const struct bytes nothing = {NULL, 0};
    const struct addr *acted = k->turned ? &k->peer : &k->subject;
    struct bytes subject = addr_text(b->arena, acted);
    uint16_t port = k->peer_port ? k->peer_port : k->subject_port;
    set_shown(b, "subject", subject.len ? subject : k->host);
    set(b, "segment", segment_of(config, acted));
    set(b, "peer", addr_text(b->arena, k->turned ? &k->subject : &k->peer));
    set(b, "app", upper(b->arena, k->app_proto));
    set_shown(b, "rule", k->rule);
    set_shown(b, "rule_title", k->title.len ? k->title : k->rule);
    set_shown(b, "class", k->kind);
    set(b, "where", k->matches_count ? k->matches[0].where : nothing);
    set_shown(b, "value", k->matches_count ? meant(&k->matches[0]) : nothing);
    set_lists(b, k);
    set_number(b, "count", k->count);
    set_number(b, "certainty", k->certainty);
    set_time(b, "first", k->first_us);
    set_time(b, "last", k->last_us);
    set_when(b, k);
    if (port)
        set_number(b, "port", port);
    for (size_t i = 0; i < k->facts_count; i++)
        set_shown(b, k->facts[i].name, fact_value(&k->facts[i]));
}

// Words that differ by language stand last, so that they can be set anew.
static struct bytes fill(
    struct blanks *b, const struct kept *k, enum detector_text which, enum lang lang)
{
    struct json text;
    size_t common = b->count;
    json_init(&text);
    set(b, "severity", bytes_from_text(severity_words[k->severity][lang]));
    set(b, "phase", bytes_from_text(phase_words[k->phase].name[lang]));
    words_fill(&text, detector_text(k->detector, k->its, which, lang), b->args, b->count);
    b->count = common;
    return finish_text(b->arena, &text);
}

static struct finding_words both(struct blanks *b, const struct kept *k, enum detector_text which)
{
    return (struct finding_words){
        .ja = fill(b, k, which, LANG_JA), .en = fill(b, k, which, LANG_EN)};
}

static void fill_texts(struct blanks *b, const struct kept *k, struct finding *out)
{
    struct finding_words seen = both(b, k, DETECTOR_SEEN), means = both(b, k, DETECTOR_MEANS);
    struct finding_words sure = both(b, k, DETECTOR_SURE), innocent = both(b, k, DETECTOR_INNOCENT);
    out->title = both(b, k, DETECTOR_TITLE);
    out->advice = both(b, k, DETECTOR_DO);
    out->text.ja = (struct finding_story){seen.ja, means.ja, sure.ja, innocent.ja};
    out->text.en = (struct finding_story){seen.en, means.en, sure.en, innocent.en};
}

static void fill_records(const struct kept *k, struct arena *arena, struct finding *out)
{
    struct finding_reference *list = arena_zalloc(arena, FINDING_RECORDS * sizeof *list);
    for (size_t i = 0; list && i < k->references_count; i++) {
        const struct reference *r = &k->references[i];
        bool packets = r->type == RECORD_NONE;
        list[i] = (struct finding_reference){
            .event_type = bytes_from_text(packets ? "alert" : record_type_name(r->type)),
            .timestamp = r->time_us,
            .has_flow_id = r->has_flow,
            .flow_id = r->flow,
            .has_tx_id = r->has_tx,
            .tx_id = r->tx,
            .has_pcap_cnt = r->has_packet,
            .pcap_cnt = r->packet};
    }
    out->records = list;
    out->records_count = list ? k->references_count : 0;
    out->records_more = k->count - k->references_count;
}

static void fill_matches(const struct kept *k, struct arena *arena, struct finding *out)
{
    struct finding_match *list = arena_zalloc(arena, FINDING_MATCHES * sizeof *list);
    for (size_t i = 0; list && i < k->matches_count; i++) {
        const struct hit_match *m = &k->matches[i];
        bool text = words_is_text(m->data);
        list[i] = (struct finding_match){.where = m->where,
            .text = text ? m->data : (struct bytes){NULL, 0},
            .hex = text ? (struct bytes){NULL, 0} : m->data,
            .offset = m->at,
            .length = m->len};
    }
    out->matches = list;
    out->matches_count = list ? k->matches_count : 0;
}

static void fill_sources(const struct kept *k, struct arena *arena, struct finding *out)
{
    struct finding_source *list = arena_zalloc(arena, HIT_SOURCES * sizeof *list);
    for (size_t i = 0; list && i < k->sources_count; i++) {
        const struct hit_source *s = &k->sources[i];
        list[i] = (struct finding_source){.name = s->name,
            .says = s->says,
            .has_confidence = s->confidence > 0,
            .confidence = s->confidence,
            .tlp = s->tlp.len ? s->tlp : (struct bytes){NULL, 0}};
    }
    out->sources = list;
    out->sources_count = list ? k->sources_count : 0;
}

static void fill_facts(const struct kept *k, struct arena *arena, struct finding *out)
{
    struct json_pair *list = arena_zalloc(arena, HIT_FACTS * sizeof *list);
    for (size_t i = 0; list && i < k->facts_count; i++)
        list[i] = (struct json_pair){bytes_from_text(k->facts[i].name), fact_value(&k->facts[i])};
    out->facts.named = list;
    out->facts.named_count = list ? k->facts_count : 0;
}

static void add_tactic(struct finding *out, struct bytes *list, const char *name)
{
    for (size_t i = 0; i < out->tactics_count; i++)
        if (bytes_equal(list[i], bytes_from_text(name)))
            return;
    if (out->tactics_count < TACTICS_MOST)
        list[out->tactics_count++] = bytes_from_text(name);
}

static void fill_tactics(const struct kept *k, struct arena *arena, struct finding *out)
{
    struct bytes *list = arena_zalloc(arena, TACTICS_MOST * sizeof *list);
    out->tactics = list;
    for (size_t i = 0; list && i < k->techniques_count; i++) {
        const struct attack_technique *known = attack_find(k->techniques[i]);
        for (const char *const *t = known ? known->tactics : NULL; t && *t; t++)
            add_tactic(out, list, *t);
    }
}

static void fill_references(const struct kept *k, struct arena *arena, struct finding *out)
{
    struct bytes *list = arena_zalloc(arena, REFERENCES_MOST * sizeof *list);
    for (const char *const *r = k->detector->references;
         list && *r && out->references_count < REFERENCES_MOST; r++)
        list[out->references_count++] = bytes_from_text(*r);
    out->references = list;
}

static void fill_entities(const struct config *config, const struct kept *k, struct finding *out)
{
    out->subject = (struct finding_entity){.address = k->subject,
        .name = k->host,
        .segment = segment_of(config, &k->subject),
        .has_port = k->subject_port != 0,
        .port = k->subject_port};
    out->peer = (struct finding_entity){.address = k->peer,
        .segment = segment_of(config, &k->peer),
        .has_port = k->peer_port != 0,
        .port = k->peer_port};
}

static void fill_exception(const struct config *config, struct finding *out)
{
    size_t holds = exception_of(config, out).holds;
    if (holds)
        out->exception = bytes_from_text(config->exceptions[holds - 1].reason);
}

void finding_fill(
    const struct config *config, const struct kept *k, struct arena *arena, struct finding *out)
{
    struct blanks blanks = {.count = 0, .arena = arena};
    *out = (struct finding){.id = bytes_from_text(k->id),
        .detector = bytes_from_text(k->detector_id),
        .rule = k->rule,
        .signature = k->title,
        .class = k->kind.len ? k->kind : (struct bytes){NULL, 0},
        .time = k->first_us,
        .first = k->first_us,
        .last = k->last_us,
        .count = k->count,
        .severity = bytes_from_text(severity_ids[k->severity]),
        .certainty = k->certainty,
        .techniques = k->techniques,
        .techniques_count = k->techniques_count,
        .app_proto = k->app_proto};
    if (k->phase) {
        const struct phase_words *phase = &phase_words[k->phase];
        out->phase = bytes_from_text(phase->id);
        out->phase_name.ja = bytes_from_text(phase->name[LANG_JA]);
        out->phase_name.en = bytes_from_text(phase->name[LANG_EN]);
    }
    fill_entities(config, k, out);
    fill_exception(config, out);
    fill_records(k, arena, out);
    fill_matches(k, arena, out);
    fill_sources(k, arena, out);
    fill_facts(k, arena, out);
    fill_tactics(k, arena, out);
    fill_references(k, arena, out);
    blanks_init(&blanks, config, k);
    fill_texts(&blanks, k, out);
}
