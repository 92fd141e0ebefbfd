// SPDX-License-Identifier: Apache-2.0
// The heaviest finding counts whole; findings of other kinds are further reasons to believe it (as
// independent chances that something is wrong); further phases, hosts and independent engines add
// points of their own.
#include "correlate/internal.h"

enum {
    KINDS_MOST = 32, // kinds of findings that add to each other
    POINTS_A_PHASE = 4,
    POINTS_A_HOST = 2,
    POINTS_OF_HOSTS = 8,
    POINTS_OF_SOURCES = 5,
    SCORE_MOST = 100,
};

static const double counts_from = 0.15;   // what weighs less makes no phase and no host
static const double common_weight = 0.10; // of what is found on many hosts alike

struct kinds {
    const struct statement *best[KINDS_MOST];
    size_t count;
};

static double weight_of(const struct statement *s)
{
    return s->common ? s->weight * common_weight : s->weight;
}

static void add_kind(struct kinds *kinds, const struct statement *s)
{
    for (size_t i = 0; i < kinds->count; i++) {
        const struct statement **best = &kinds->best[i];
        if (!bytes_equal((*best)->detector, s->detector) || !bytes_equal((*best)->kind, s->kind))
            continue;
        if (weight_of(s) > weight_of(*best))
            *best = s;
        return;
    }
    if (kinds->count < KINDS_MOST)
        kinds->best[kinds->count++] = s;
}

// "rules" of "rules.suricata": who speaks. Behaviours are one voice.
static unsigned engine_of(const struct statement *s)
{
    static const char *const engines[] = {"rules.", "intel.", "sigma.", "file."};
    for (unsigned i = 0; i < sizeof engines / sizeof *engines; i++)
        if (bytes_start_with(s->detector, bytes_from_text(engines[i])))
            return 1U << i;
    return 1U << 7;
}

static void add_host(const struct host_key *key, const struct host_key **hosts, uint32_t *count)
{
    for (uint32_t i = 0; i < *count; i++)
        if (host_same(hosts[i], key))
            return;
    if (*count < INCIDENT_HOSTS)
        hosts[(*count)++] = key;
}

static void count_parts(
    const struct incidents *incidents, const struct cluster *cluster, struct score *out)
{
    const struct host_key *hosts[INCIDENT_HOSTS], *actors[INCIDENT_HOSTS];
    unsigned phases = 0, engines = 0;
    for (size_t i = 0; i < cluster->count; i++) {
        const struct statement *s = cluster_at(incidents, cluster, i);
        if (weight_of(s) < counts_from)
            continue;
        phases |= s->phase ? 1U << s->phase : 0;
        engines |= engine_of(s);
        add_host(&s->host, hosts, &out->hosts_count);
        add_host(&s->host, actors, &out->actors_count);
        if (s->peer_inside)
            add_host(&s->other, hosts, &out->hosts_count);
    }
    out->phases_count = (uint32_t)__builtin_popcount(phases);
    if (out->phases_count > 1)
        out->phases = POINTS_A_PHASE * (out->phases_count - 1);
    if (out->hosts_count > 1)
        out->hosts = POINTS_A_HOST * (out->hosts_count - 1);
    out->hosts = out->hosts < POINTS_OF_HOSTS ? out->hosts : POINTS_OF_HOSTS;
    out->sources = __builtin_popcount(engines) > 1 ? POINTS_OF_SOURCES : 0;
}

// What the parts beside the heaviest finding add, none more than is left up to 100.
static void add_up(struct score *out, double heaviest, double together)
{
    out->points = (uint32_t)(100 * heaviest + 0.5);
    out->others = (uint32_t)(100 * together + 0.5) - out->points;
    uint32_t sum = out->points + out->others;
    uint32_t *const parts[] = {&out->phases, &out->hosts, &out->sources};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        uint32_t left = SCORE_MOST - sum;
        *parts[i] = *parts[i] < left ? *parts[i] : left;
        sum += *parts[i];
    }
}

void score_of(const struct incidents *incidents, const struct cluster *cluster, struct score *out)
{
    struct kinds kinds = {.count = 0};
    *out = (struct score){.heaviest = cluster_at(incidents, cluster, 0)};
    for (size_t i = 0; i < cluster->count; i++) {
        const struct statement *s = cluster_at(incidents, cluster, i);
        add_kind(&kinds, s);
        if (weight_of(s) > weight_of(out->heaviest))
            out->heaviest = s;
    }
    double doubt = 1;
    for (size_t i = 0; i < kinds.count; i++)
        doubt *= 1 - weight_of(kinds.best[i]);
    out->kinds = (uint32_t)kinds.count;
    count_parts(incidents, cluster, out);
    add_up(out, weight_of(out->heaviest), 1 - doubt);
}
