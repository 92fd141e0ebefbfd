// SPDX-License-Identifier: Apache-2.0
// An incident as it is written: title, the story in one sentence, hosts with how bad it stands with
// each, steps in order, and what made the score.
#include "base/hash.h"
#include "correlate/internal.h"
#include "schema/text.h"
#include <stdio.h>
#include <stdlib.h>

enum { TEXT_ROOM = 2048, HOST_ROOM = ADDR_TEXT_BYTES + 256, ID_BYTES = 8 };

static const enum text_id did[PHASES] = {TEXT_INCIDENT_DID_NONE,
    TEXT_INCIDENT_DID_INTELLIGENCE_GATHERING, TEXT_INCIDENT_DID_POINT_OF_ENTRY,
    TEXT_INCIDENT_DID_COMMAND_AND_CONTROL, TEXT_INCIDENT_DID_LATERAL_MOVEMENT,
    TEXT_INCIDENT_DID_ASSET_DISCOVERY, TEXT_INCIDENT_DID_DATA_EXFILTRATION};
static const enum text_id did_end[PHASES] = {TEXT_INCIDENT_DID_NONE_END,
    TEXT_INCIDENT_DID_INTELLIGENCE_GATHERING_END, TEXT_INCIDENT_DID_POINT_OF_ENTRY_END,
    TEXT_INCIDENT_DID_COMMAND_AND_CONTROL_END, TEXT_INCIDENT_DID_LATERAL_MOVEMENT_END,
    TEXT_INCIDENT_DID_ASSET_DISCOVERY_END, TEXT_INCIDENT_DID_DATA_EXFILTRATION_END};
static const enum text_id severity_words[SEVERITIES] = {TEXT_DETECT_SEVERITY_INFO,
    TEXT_DETECT_SEVERITY_LOW, TEXT_DETECT_SEVERITY_MEDIUM, TEXT_DETECT_SEVERITY_HIGH};

// What is being written.
struct making {
    const struct incidents *incidents;
    const struct cluster *cluster;
    struct arena *arena;
    struct score score;
    enum phase phases[PHASES]; // reached, in the order in which they were
    size_t phases_count;
};

static const struct statement *at(const struct making *m, size_t i)
{
    return cluster_at(m->incidents, m->cluster, i);
}

static struct bytes finish(const struct making *m, struct json *text)
{
    struct bytes copy = arena_copy(m->arena, bytes_make(text->data, text->len));
    json_finish(text);
    return copy;
}

static void put(struct json *out, struct bytes text)
{
    json_raw(out, (const char *)text.data, text.len);
}

static void put_text(
    struct json *out, enum text_id id, enum lang lang, const struct text_arg *args, size_t count)
{
    char room[TEXT_ROOM];
    json_raw(out, room, text_format(room, sizeof room, id, lang, args, count));
}

static struct bytes number(char room[24], uint64_t n)
{
    return bytes_make(room, (size_t)snprintf(room, 24, "%llu", (unsigned long long)n));
}

static struct bytes host_text(const struct finding_entity *host, char room[HOST_ROOM])
{
    if (host->address.version)
        return bytes_make(room, addr_write(&host->address, room));
    return bytes_sub(host->name, 0, HOST_ROOM);
}

static bool weighs(const struct statement *s)
{
    return s->severity >= SEVERITY_LOW && !s->common;
}

// Phases of what weighs something; of all when nothing does.
static void find_phases(struct making *m)
{
    bool seen[PHASES] = {false};
    for (size_t pass = 0; pass < 2 && m->phases_count == 0; pass++)
        for (size_t i = 0; i < m->cluster->count; i++) {
            const struct statement *s = at(m, i);
            if (s->phase == PHASE_NONE || seen[s->phase] || (pass == 0 && !weighs(s)))
                continue;
            seen[s->phase] = true;
            m->phases[m->phases_count++] = s->phase;
        }
}

// ---- words

static struct bytes phase_name(const struct making *m, enum phase phase, enum lang lang)
{
    for (size_t i = 0; i < m->cluster->count; i++)
        if (at(m, i)->phase == phase)
            return lang == LANG_JA ? at(m, i)->phase_name.ja : at(m, i)->phase_name.en;
    return (struct bytes){NULL, 0};
}

// "10.0.0.5 and 2 more hosts"
static struct bytes hosts_text(const struct making *m, size_t hosts, enum lang lang)
{
    char host[HOST_ROOM], count[24];
    struct json text;
    struct bytes first = host_text(&m->score.heaviest->subject, host);
    json_init(&text);
    if (hosts < 2) {
        put(&text, first);
        return finish(m, &text);
    }
    const struct text_arg args[] = {{"host", first}, {"count", number(count, hosts - 1)}};
    put_text(
        &text, hosts == 2 ? TEXT_INCIDENT_HOST_MORE_ONE : TEXT_INCIDENT_HOST_MORE, lang, args, 2);
    return finish(m, &text);
}

static struct bytes title(const struct making *m, size_t hosts, enum lang lang)
{
    const struct statement *heaviest = m->score.heaviest;
    if (m->score.kinds < 2 || m->phases_count < 2)
        return lang == LANG_JA ? heaviest->title.ja : heaviest->title.en;
    struct json phases, text;
    json_init(&phases);
    json_init(&text);
    for (size_t i = 0; i < m->phases_count; i++) {
        if (i)
            put_text(&phases, TEXT_INCIDENT_LIST_NEXT, lang, NULL, 0);
        put(&phases, phase_name(m, m->phases[i], lang));
    }
    const struct text_arg args[] = {
        {"host", hosts_text(m, hosts, lang)}, {"phases", bytes_make(phases.data, phases.len)}};
    put_text(&text, TEXT_INCIDENT_TITLE_HOSTS, lang, args, 2);
    json_finish(&phases);
    return finish(m, &text);
}

static struct bytes story(const struct making *m, size_t hosts, enum lang lang)
{
    static const enum phase nothing[] = {PHASE_NONE};
    const enum phase *phases = m->phases_count ? m->phases : nothing;
    size_t count = m->phases_count ? m->phases_count : 1;
    const struct text_arg host = {"host", hosts_text(m, hosts, lang)};
    struct json text;
    json_init(&text);
    put_text(&text, TEXT_INCIDENT_DID_BEGIN, lang, &host, 1);
    for (size_t i = 0; i < count; i++) {
        bool last = i + 1 == count;
        if (i)
            put_text(&text, last ? TEXT_INCIDENT_DID_LAST : TEXT_INCIDENT_DID_NEXT, lang, NULL, 0);
        put_text(&text, last ? did_end[phases[i]] : did[phases[i]], lang, NULL, 0);
    }
    put_text(&text, TEXT_INCIDENT_DID_END, lang, NULL, 0);
    return finish(m, &text);
}

// ---- hosts

static struct incident_host *host_find(
    struct incident_host *hosts, size_t count, const struct finding_entity *entity)
{
    for (size_t i = 0; i < count; i++)
        if (memcmp(&hosts[i].address, &entity->address, sizeof entity->address) == 0 &&
            bytes_equal(hosts[i].name, entity->name))
            return &hosts[i];
    return NULL;
}

// How bad it stands with a host, by what is said about it and what was done to it.
struct standing {
    double doubt; // that anything is wrong with it
    bool acts;    // as hosts in somebody else's hands do
    bool attacked;
};

static uint8_t severity_of(const struct standing *s)
{
    double sure = 1 - s->doubt;
    if (s->acts && sure >= 0.6)
        return sure >= 0.95 ? 10 : sure >= 0.8 ? 9 : 8;
    if (sure >= 0.4 || s->attacked)
        return sure >= 0.8 ? 7 : sure >= 0.6 ? 6 : sure >= 0.4 ? 5 : 4;
    return sure >= 0.2 ? 3 : sure >= 0.1 ? 2 : 1;
}

static bool is_act(const struct statement *s)
{
    return s->severity >= SEVERITY_MEDIUM && s->phase >= PHASE_COMMAND_AND_CONTROL;
}

static struct incident_host *host_add(
    struct incident *out, struct incident_host *hosts, const struct finding_entity *entity)
{
    struct incident_host *host = host_find(hosts, out->hosts_count, entity);
    if (host || (entity->address.version == 0 && entity->name.len == 0))
        return host;
    if (out->hosts_count == INCIDENT_HOSTS) {
        out->hosts_more++;
        return NULL;
    }
    host = &hosts[out->hosts_count++];
    *host = (struct incident_host){
        .address = entity->address, .name = entity->name, .segment = entity->segment};
    return host;
}

static int by_severity(const void *a, const void *b)
{
    const struct incident_host *x = a, *y = b;
    if (x->severity != y->severity)
        return x->severity > y->severity ? -1 : 1;
    return memcmp(&x->address, &y->address, sizeof x->address);
}

static void fill_hosts(const struct making *m, struct incident *out)
{
    struct incident_host *hosts = arena_zalloc(m->arena, INCIDENT_HOSTS * sizeof *hosts);
    struct standing standing[INCIDENT_HOSTS];
    for (size_t i = 0; i < INCIDENT_HOSTS; i++)
        standing[i] = (struct standing){.doubt = 1};
    for (size_t i = 0; hosts && i < m->cluster->count; i++) {
        const struct statement *s = at(m, i);
        struct incident_host *own = host_add(out, hosts, &s->subject);
        struct incident_host *peer = s->peer_inside ? host_add(out, hosts, &s->peer) : NULL;
        if (own) {
            struct standing *of = &standing[own - hosts]; // lint: an index
            of->doubt *= 1 - s->weight;
            of->acts |= is_act(s);
            own->findings++;
        }
        if (peer && s->severity >= SEVERITY_MEDIUM)
            standing[peer - hosts].attacked = true; // lint: an index
    }
    for (size_t i = 0; i < out->hosts_count; i++)
        hosts[i].severity = severity_of(&standing[i]);
    if (out->hosts_count)
        qsort(hosts, out->hosts_count, sizeof *hosts, by_severity);
    out->hosts = hosts;
}

// ---- lists

static void fill_phases(const struct making *m, struct incident *out)
{
    struct bytes *list = arena_alloc(m->arena, PHASES * sizeof *list);
    out->phases = list;
    for (size_t p = 0; list && p < m->phases_count; p++)
        for (size_t i = 0; i < m->cluster->count && out->phases_count == p; i++)
            if (at(m, i)->phase == m->phases[p])
                list[out->phases_count++] = at(m, i)->phase_id;
}

static void add_technique(struct incident *out, struct bytes *list, struct bytes id)
{
    for (size_t i = 0; i < out->techniques_count; i++)
        if (bytes_equal(list[i], id))
            return;
    if (out->techniques_count < INCIDENT_TECHNIQUES)
        list[out->techniques_count++] = id;
}

static void fill_techniques(const struct making *m, struct incident *out)
{
    struct bytes *list = arena_alloc(m->arena, INCIDENT_TECHNIQUES * sizeof *list);
    for (size_t i = 0; list && i < m->cluster->count; i++)
        for (size_t k = 0; k < at(m, i)->techniques_count; k++)
            add_technique(out, list, at(m, i)->techniques[k]);
    out->techniques = list;
}

static int by_weight(const void *a, const void *b)
{
    const struct statement *x = *(const struct statement *const *)a;
    const struct statement *y = *(const struct statement *const *)b;
    if (x->weight != y->weight)
        return x->weight > y->weight ? -1 : 1;
    return x < y ? -1 : x > y; // in the order of time
}

static void fill_findings(const struct making *m, struct incident *out)
{
    size_t count = m->cluster->count;
    const struct statement **all = arena_alloc(m->arena, count * sizeof(struct statement *));
    struct bytes *list = arena_alloc(m->arena, INCIDENT_FINDINGS * sizeof *list);
    if (!all || !list)
        return;
    for (size_t i = 0; i < count; i++)
        all[i] = at(m, i);
    qsort(all, count, sizeof(struct statement *), by_weight);
    for (size_t i = 0; i < count && i < INCIDENT_FINDINGS; i++)
        list[out->findings_count++] = all[i]->id;
    out->findings = list;
    out->findings_total = count;
}

// Of findings alike (detector, rule, subject) the first.
static bool is_told(const struct making *m, const struct statement *s, size_t before)
{
    for (size_t i = 0; i < before; i++) {
        const struct statement *o = at(m, i);
        if (bytes_equal(o->detector, s->detector) && bytes_equal(o->rule, s->rule) &&
            host_same(&o->host, &s->host))
            return true;
    }
    return false;
}

static void fill_steps(const struct making *m, struct incident *out)
{
    struct incident_step *list = arena_zalloc(m->arena, INCIDENT_STEPS * sizeof *list);
    for (size_t i = 0; list && i < m->cluster->count && out->steps_count < INCIDENT_STEPS; i++) {
        const struct statement *s = at(m, i);
        if (i > 4 * INCIDENT_FINDINGS || is_told(m, s, i))
            continue;
        list[out->steps_count++] = (struct incident_step){.time = s->first_us,
            .phase = s->phase_id,
            .finding = s->id,
            .subject = s->subject,
            .title = s->title};
    }
    out->steps = list;
}

// ---- why

static struct finding_words both(
    const struct making *m, enum text_id id, const struct text_arg args[LANGS][4], size_t count)
{
    struct finding_words words;
    for (enum lang lang = 0; lang < LANGS; lang++) {
        struct json text;
        json_init(&text);
        put_text(&text, id, lang, args ? args[lang] : NULL, count);
        *(lang == LANG_JA ? &words.ja : &words.en) = finish(m, &text);
    }
    return words;
}

static struct finding_words counted(
    const struct making *m, enum text_id many, enum text_id one, uint64_t n)
{
    char room[24];
    struct text_arg args[LANGS][4];
    for (size_t i = 0; i < LANGS; i++)
        args[i][0] = (struct text_arg){"count", number(room, n)};
    return both(m, n == 1 ? one : many, args, 1);
}

static struct finding_words heaviest_words(const struct making *m)
{
    const struct statement *s = m->score.heaviest;
    char room[24];
    struct text_arg args[LANGS][4];
    for (enum lang lang = 0; lang < LANGS; lang++) {
        args[lang][0] = (struct text_arg){"title", lang == LANG_JA ? s->title.ja : s->title.en};
        args[lang][1] =
            (struct text_arg){"severity", bytes_from_text(text(severity_words[s->severity], lang))};
        args[lang][2] = (struct text_arg){"certainty", number(room, s->certainty)};
    }
    return both(m, TEXT_INCIDENT_REASON_HEAVIEST, args, 3);
}

static void add_reason(
    struct incident *out, struct incident_reason *list, uint32_t points, struct finding_words words)
{
    list[out->reasons_count++] = (struct incident_reason){.points = points, .text = words};
}

static void fill_reasons(const struct making *m, struct incident *out)
{
    const struct score *s = &m->score;
    struct incident_reason *list = arena_zalloc(m->arena, INCIDENT_REASONS * sizeof *list);
    out->reasons = list;
    if (!list)
        return;
    add_reason(out, list, s->points, heaviest_words(m));
    if (s->others)
        add_reason(out, list, s->others,
            counted(m, TEXT_INCIDENT_REASON_OTHERS, TEXT_INCIDENT_REASON_OTHERS_ONE, s->kinds - 1));
    if (s->phases)
        add_reason(out, list, s->phases,
            counted(m, TEXT_INCIDENT_REASON_PHASES, TEXT_INCIDENT_REASON_PHASES, s->phases_count));
    if (s->hosts)
        add_reason(out, list, s->hosts,
            counted(m, TEXT_INCIDENT_REASON_HOSTS, TEXT_INCIDENT_REASON_HOSTS, s->hosts_count));
    if (s->sources)
        add_reason(out, list, s->sources, both(m, TEXT_INCIDENT_REASON_SOURCES, NULL, 0));
}

static struct bytes make_id(const struct making *m)
{
    uint8_t digest[SHA256_BYTES];
    char text[2 * ID_BYTES];
    hash_sha256(m->cluster->id, digest);
    hash_hex(bytes_make(digest, ID_BYTES), text);
    return arena_copy(m->arena, bytes_make(text, sizeof text));
}

static void fill_times(const struct making *m, struct incident *out)
{
    enum severity worst = SEVERITY_INFO;
    out->first = at(m, 0)->first_us;
    for (size_t i = 0; i < m->cluster->count; i++) {
        const struct statement *s = at(m, i);
        out->last = s->last_us > out->last ? s->last_us : out->last;
        worst = s->severity > worst && !s->common ? s->severity : worst;
    }
    out->severity = bytes_from_text(severity_ids[worst]);
}

void incident_fill(const struct incidents *incidents, const struct cluster *cluster,
    struct arena *arena, struct incident *out)
{
    struct making m = {.incidents = incidents, .cluster = cluster, .arena = arena};
    score_of(incidents, cluster, &m.score);
    find_phases(&m);
    *out = (struct incident){.id = make_id(&m), .score = cluster->score, .state = BYTES("open")};
    fill_times(&m, out);
    fill_hosts(&m, out);
    fill_phases(&m, out);
    fill_techniques(&m, out);
    fill_findings(&m, out);
    fill_steps(&m, out);
    fill_reasons(&m, out);
    size_t hosts = m.score.hosts_count, actors = m.score.actors_count;
    out->title =
        (struct finding_words){.ja = title(&m, hosts, LANG_JA), .en = title(&m, hosts, LANG_EN)};
    out->story =
        (struct finding_words){.ja = story(&m, actors, LANG_JA), .en = story(&m, actors, LANG_EN)};
    out->advice = m.score.heaviest->advice;
}
