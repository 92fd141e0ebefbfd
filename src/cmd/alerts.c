// SPDX-License-Identifier: Apache-2.0
#include "cmd/alerts.h"
#include "base/alloc.h"
#include "base/hash.h"
#include "schema/metrics.h"

enum {
    FLOWS_FIRST = 1024,
    FLOWS_MOST = 1024 * 1024, // alerted flows remembered until they end
};

// Flows that have alerted and not ended: open addressing, no id is 0.
struct flow_set {
    uint64_t *ids;
    size_t room, count; // room: a power of two
};

struct alerts {
    struct detection *detection;
    void (*write)(struct json *out, const struct record *record);
    struct metrics *metrics;
    struct flow_set flows;
    struct json *out; // of the hit being settled
    uint64_t written;
};

static size_t set_home(const struct flow_set *set, uint64_t id)
{
    return hash_mix(id) & (set->room - 1);
}

// Where an id is, or the empty place where it would be.
static size_t set_find(const struct flow_set *set, uint64_t id)
{
    size_t at = set_home(set, id);
    while (set->ids[at] && set->ids[at] != id)
        at = (at + 1) & (set->room - 1);
    return at;
}

static bool set_grow(struct flow_set *set)
{
    if (set->count < set->room / 2)
        return true;
    struct flow_set old = *set;
    set->room = old.room ? 2 * old.room : FLOWS_FIRST;
    set->ids = set->room <= 2 * FLOWS_MOST ? base_calloc(set->room, sizeof *set->ids) : NULL;
    if (!set->ids) {
        *set = old;
        return false;
    }
    for (size_t i = 0; i < old.room; i++)
        if (old.ids[i])
            set->ids[set_find(set, old.ids[i])] = old.ids[i];
    base_free(old.ids);
    return true;
}

// False: there is no room.
static bool set_add(struct flow_set *set, uint64_t id)
{
    if (id == 0 || !set_grow(set))
        return false;
    size_t at = set_find(set, id);
    set->count += set->ids[at] == 0;
    set->ids[at] = id;
    return true;
}

// Take an id out; those behind it that came past its place move up. False: it was not there.
static bool set_take(struct flow_set *set, uint64_t id)
{
    if (id == 0 || set->count == 0)
        return false;
    size_t mask = set->room - 1, hole = set_find(set, id);
    if (set->ids[hole] == 0)
        return false;
    for (size_t at = (hole + 1) & mask; set->ids[at]; at = (at + 1) & mask) {
        size_t way = (at - set_home(set, set->ids[at])) & mask;
        if (way < ((at - hole) & mask))
            continue;
        set->ids[hole] = set->ids[at];
        hole = at;
    }
    set->ids[hole] = 0;
    set->count--;
    return true;
}

struct alerts *alerts_create(struct detection *detection,
    void (*write)(struct json *out, const struct record *record), struct metrics *metrics)
{
    struct alerts *a = base_calloc(1, sizeof *a);
    if (!a)
        return NULL;
    a->detection = detection;
    a->write = write;
    a->metrics = metrics;
    return a;
}

void alerts_destroy(struct alerts *alerts)
{
    if (!alerts)
        return;
    base_free(alerts->flows.ids);
    base_free(alerts);
}

uint64_t alerts_written(const struct alerts *alerts)
{
    return alerts ? alerts->written : 0;
}

static void fill_lists(
    const struct hit *hit, struct record_alert_match *matches, struct record_alert_source *sources)
{
    for (size_t i = 0; i < hit->matches_count; i++) {
        const struct hit_match *m = &hit->matches[i];
        matches[i] = (struct record_alert_match){
            .where = m->where, .text = m->data, .offset = m->at, .length = m->len};
    }
    for (size_t i = 0; i < hit->sources_count; i++) {
        const struct hit_source *s = &hit->sources[i];
        sources[i] = (struct record_alert_source){.name = s->name,
            .says = s->says,
            .has_confidence = s->confidence > 0,
            .confidence = s->confidence,
            .tlp = s->tlp};
    }
}

static void fill_alert(const struct hit *hit, struct record_alert *body)
{
    static const uint8_t priorities[] = {4, 3, 2, 1};
    const struct hit_alert *said = hit->alert;
    body->action = said && said->action.data ? said->action : BYTES("allowed");
    body->severity = said ? said->priority : priorities[hit->severity];
    body->signature = said && said->signature.data ? said->signature : hit->title;
    body->detector = bytes_from_text(hit->detector);
    body->rule = hit->rule;
    body->has_certainty = true;
    body->certainty = hit->certainty;
    body->techniques = hit->techniques;
    body->techniques_count = hit->techniques_count;
    if (!said)
        return;
    body->gid = said->gid;
    body->signature_id = said->signature_id;
    body->rev = said->rev;
    body->category = said->category;
    body->metadata.pairs = said->metadata;
    body->metadata.pairs_count = said->metadata_count;
}

static void write_alert(struct alerts *a, const struct hit *hit)
{
    struct record_alert_match matches[HIT_MATCHES];
    struct record_alert_source sources[HIT_SOURCES];
    struct record_alert body = {.matches = matches,
        .matches_count = hit->matches_count,
        .sources = sources,
        .sources_count = hit->sources_count};
    struct record record = {.head = *hit->head, .type = RECORD_ALERT, .body = &body};
    fill_lists(hit, matches, sources);
    fill_alert(hit, &body);
    a->write(a->out, &record);
    a->written++;
}

// A hit that holds.
static void accept(void *context, const struct hit *hit)
{
    struct alerts *a = context;
    a->metrics->detect_alert++;
    if (hit->head->has_flow_id && !set_add(&a->flows, hit->head->flow_id))
        a->metrics->detect_flows_unmarked++;
    if (a->write)
        write_alert(a, hit);
}

void alerts_take(struct alerts *alerts, const struct hit *hit, struct json *out)
{
    alerts->out = out;
    if (hit->settle)
        detection_settle(alerts->detection, hit, accept, alerts);
    else
        accept(alerts, hit);
}

// A member's name cannot stand within a text: its quotes would be escaped there.
void alerts_flow(struct alerts *alerts, uint64_t flow_id, struct bytes lines, struct json *out)
{
    static const struct bytes no = BYTES("\"alerted\":false");
    static const struct bytes yes = BYTES("\"alerted\":true");
    size_t line = lines.len;
    while (line > 1 && lines.data[line - 2] != '\n')
        line--;
    line -= line > 0;
    size_t at = set_take(&alerts->flows, flow_id) ? bytes_find(bytes_from(lines, line), no)
                                                  : BYTES_NOT_FOUND;
    if (at == BYTES_NOT_FOUND) {
        json_raw(out, (const char *)lines.data, lines.len);
        return;
    }
    struct bytes rest = bytes_from(lines, line + at + no.len);
    json_raw(out, (const char *)lines.data, line + at);
    json_raw(out, (const char *)yes.data, yes.len);
    json_raw(out, (const char *)rest.data, rest.len);
}
