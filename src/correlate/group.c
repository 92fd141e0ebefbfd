// SPDX-License-Identifier: Apache-2.0
// What belongs together. Findings about one host do while no long silence lies between them. From
// host to host only what weighs something leads: one inside that attacks another whose own findings
// come later, and hosts that have to do with the same one outside.
#include "base/alloc.h"
#include "correlate/internal.h"
#include <stdlib.h>

struct grouping {
    struct incidents *incidents;
    struct map hosts; // host → struct seen_host
    struct map peers; // host outside → uint32_t, index + 1 of the last statement that weighs
    int64_t quiet_us;
};

struct seen_host {
    uint32_t last;    // index + 1 of the statement about it that ended last
    uint32_t reached; // index + 1 of the statement that last reached for it
};

static uint32_t group_of(struct incidents *in, uint32_t i)
{
    while (in->statements[i].group != i) {
        uint32_t up = in->statements[i].group;
        in->statements[i].group = in->statements[up].group;
        i = in->statements[i].group;
    }
    return i;
}

static void join(struct incidents *in, uint32_t a, uint32_t b)
{
    a = group_of(in, a);
    b = group_of(in, b);
    in->statements[a < b ? b : a].group = a < b ? a : b;
}

static bool near(const struct grouping *g, uint32_t before, const struct statement *now)
{
    return now->first_us - g->incidents->statements[before].last_us <= g->quiet_us;
}

static bool weighs(const struct statement *s)
{
    return s->severity >= SEVERITY_MEDIUM && !s->common;
}

// Attacks on others: what a host does to its peer.
static bool reaches(const struct statement *s)
{
    return s->peer_inside && weighs(s) &&
           (s->phase == PHASE_LATERAL_MOVEMENT || s->phase == PHASE_POINT_OF_ENTRY ||
               s->phase == PHASE_ASSET_DISCOVERY);
}

static struct seen_host *host_of(struct grouping *g, const struct host_key *key)
{
    return map_add(&g->hosts, bytes_make(key, sizeof *key));
}

static bool join_by_peer(struct grouping *g, uint32_t i)
{
    const struct statement *s = &g->incidents->statements[i];
    if (s->peer_inside || s->other.address.version == 0 || !weighs(s) || s->phase == PHASE_NONE)
        return true;
    uint32_t *last = map_add(&g->peers, bytes_make(&s->other, sizeof s->other));
    if (!last)
        return false;
    if (*last && near(g, *last - 1, s))
        join(g->incidents, *last - 1, i);
    *last = i + 1;
    return true;
}

static bool take(struct grouping *g, uint32_t i)
{
    struct incidents *in = g->incidents;
    const struct statement *s = &in->statements[i];
    struct seen_host *host = host_of(g, &s->host);
    if (!host)
        return false;
    if (host->last && near(g, host->last - 1, s))
        join(in, host->last - 1, i);
    if (host->reached && near(g, host->reached - 1, s) && weighs(s))
        join(in, host->reached - 1, i);
    if (!host->last || in->statements[host->last - 1].last_us <= s->last_us)
        host->last = i + 1;
    if (reaches(s)) {
        struct seen_host *other = host_of(g, &s->other);
        if (!other)
            return false;
        other->reached = i + 1;
    }
    return join_by_peer(g, i);
}

static int compare(struct bytes a, struct bytes b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len ? memcmp(a.data, b.data, len) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

static int by_time(const void *a, const void *b)
{
    const struct statement *x = a, *y = b;
    if (x->first_us != y->first_us)
        return x->first_us < y->first_us ? -1 : 1;
    return compare(x->id, y->id);
}

// What is found on very many hosts alike is usual there, unless it is grave.
struct spread {
    struct map rules; // detector and rule → uint64_t hosts
    struct map seen;  // and host
};

enum { SPREAD_KEY = 256 };

static struct bytes spread_key(const struct statement *s, bool host, uint8_t room[SPREAD_KEY])
{
    size_t len = 0;
    struct bytes parts[] = {
        s->detector, s->rule, host ? bytes_make(&s->host, sizeof s->host) : BYTES("")};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        struct bytes part = bytes_sub(parts[i], 0, SPREAD_KEY / 3 - 1);
        if (part.len)
            memcpy(&room[len], part.data, part.len);
        len += part.len;
        room[len++] = '\n';
    }
    return bytes_make(room, len);
}

static void mark_common(struct incidents *in)
{
    struct spread spread;
    uint8_t room[SPREAD_KEY];
    map_init(&spread.rules, sizeof(uint64_t), in->count + 1, SIZE_MAX);
    map_init(&spread.seen, sizeof(bool), in->count + 1, SIZE_MAX);
    for (size_t i = 0; i < in->count; i++) {
        bool *seen = map_add(&spread.seen, spread_key(&in->statements[i], true, room));
        uint64_t *hosts = map_add(&spread.rules, spread_key(&in->statements[i], false, room));
        if (seen && hosts && !*seen)
            *hosts += *seen = true;
    }
    for (size_t i = 0; i < in->count; i++) {
        struct statement *s = &in->statements[i];
        const uint64_t *hosts = map_find(&spread.rules, spread_key(s, false, room));
        s->common =
            hosts && *hosts >= in->config->incidents.common_hosts && s->severity < SEVERITY_HIGH;
    }
    map_finish(&spread.rules);
    map_finish(&spread.seen);
}

bool statements_group(struct incidents *incidents)
{
    struct grouping g = {.incidents = incidents, .quiet_us = incidents->config->incidents.quiet_us};
    bool good = true;
    if (incidents->count == 0)
        return true;
    qsort(incidents->statements, incidents->count, sizeof *incidents->statements, by_time);
    mark_common(incidents);
    map_init(&g.hosts, sizeof(struct seen_host), 2 * incidents->count + 1, SIZE_MAX);
    map_init(&g.peers, sizeof(uint32_t), incidents->count + 1, SIZE_MAX);
    for (uint32_t i = 0; i < incidents->count; i++)
        incidents->statements[i].group = i;
    for (uint32_t i = 0; i < incidents->count && good; i++)
        good = take(&g, i);
    for (uint32_t i = 0; i < incidents->count; i++)
        incidents->statements[i].group = group_of(incidents, i);
    map_finish(&g.hosts);
    map_finish(&g.peers);
    return good;
}
