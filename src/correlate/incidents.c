// SPDX-License-Identifier: Apache-2.0
#include "base/alloc.h"
#include "base/hash.h"
#include "correlate/internal.h"
#include <stdlib.h>

struct incidents *incidents_create(const struct config *config)
{
    struct incidents *in = base_calloc(1, sizeof *in);
    if (!in)
        return NULL;
    in->config = config;
    in->excepted = base_calloc(config->exceptions_count + 1, sizeof *in->excepted);
    pool_init(&in->pool, 0);
    arena_init(&in->memory, &in->pool, SIZE_MAX);
    if (in->excepted)
        return in;
    incidents_destroy(in);
    return NULL;
}

void incidents_destroy(struct incidents *incidents)
{
    if (!incidents)
        return;
    arena_reset(&incidents->memory);
    pool_finish(&incidents->pool);
    base_free(incidents->statements);
    base_free(incidents->order);
    base_free(incidents->clusters);
    base_free(incidents->excepted);
    base_free(incidents);
}

static bool grow(struct incidents *in)
{
    if (in->count < in->room)
        return true;
    size_t room = in->room ? 2 * in->room : 64;
    struct statement *list = base_realloc(in->statements, room * sizeof *list);
    if (!list)
        return false;
    in->statements = list;
    in->room = room;
    return true;
}

// Whether an exception judges it harmless.
static bool is_excepted(struct incidents *in, const struct finding *finding)
{
    struct exception_fit fit = exception_of(in->config, finding);
    if (fit.holds)
        in->excepted[fit.holds - 1].harmless++;
    else if (fit.ended)
        in->excepted[fit.ended - 1].ended++;
    return fit.holds > 0;
}

bool incidents_add(struct incidents *incidents, const struct finding *finding)
{
    if (is_excepted(incidents, finding))
        return true;
    if (incidents->count >= incidents->config->incidents.max_findings) {
        incidents->demoted.late++;
        return true;
    }
    if (!grow(incidents) ||
        !statement_fill(&incidents->memory, finding, &incidents->statements[incidents->count]))
        return false;
    incidents->count++;
    return true;
}

static int by_group(const void *a, const void *b, void *context)
{
    const struct statement *list = context;
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    if (list[x].group != list[y].group)
        return list[x].group < list[y].group ? -1 : 1;
    return x < y ? -1 : x > y; // statements are in the order of time
}

static int by_score(const void *a, const void *b)
{
    const struct cluster *x = a, *y = b;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    if (x->first_us != y->first_us)
        return x->first_us < y->first_us ? -1 : 1;
    return x->from < y->from ? -1 : x->from > y->from;
}

static void count_demoted(struct incidents *in, const struct cluster *cluster)
{
    for (size_t i = 0; i < cluster->count; i++) {
        bool common = cluster_at(in, cluster, i)->common;
        in->demoted.common += common;
        in->demoted.weak += !common;
    }
}

// The group that begins at a place of the order; kept when it scores enough.
static uint32_t take_group(struct incidents *in, uint32_t from)
{
    uint32_t group = in->statements[in->order[from]].group, to = from;
    while (to < in->count && in->statements[in->order[to]].group == group)
        to++;
    struct cluster cluster = {.from = from, .count = to - from};
    struct score score;
    score_of(in, &cluster, &score);
    uint32_t sum = score.points + score.others + score.phases + score.hosts + score.sources;
    cluster.score = (uint8_t)(sum < 100 ? sum : 100);
    cluster.first_us = cluster_at(in, &cluster, 0)->first_us;
    cluster.id = cluster_at(in, &cluster, 0)->id;
    if (cluster.score >= in->config->incidents.min_score)
        in->clusters[in->clusters_count++] = cluster;
    else
        count_demoted(in, &cluster);
    return to;
}

bool incidents_settle(struct incidents *incidents)
{
    size_t room = incidents->count + 1;
    incidents->order = base_calloc(room, sizeof *incidents->order);
    incidents->clusters = base_calloc(room, sizeof *incidents->clusters);
    if (!incidents->order || !incidents->clusters || !statements_group(incidents))
        return false;
    for (uint32_t i = 0; i < incidents->count; i++)
        incidents->order[i] = i;
    qsort_r(incidents->order, incidents->count, sizeof *incidents->order, by_group,
        incidents->statements);
    for (uint32_t i = 0; i < incidents->count;)
        i = take_group(incidents, i);
    qsort(incidents->clusters, incidents->clusters_count, sizeof *incidents->clusters, by_score);
    return true;
}

bool incidents_each(struct incidents *incidents, incident_sink *sink, void *context)
{
    struct pool pool;
    struct arena arena;
    bool good = true;
    pool_init(&pool, 0);
    arena_init(&arena, &pool, SIZE_MAX);
    for (size_t i = 0; i < incidents->clusters_count && good; i++) {
        struct incident incident;
        incident_fill(incidents, &incidents->clusters[i], &arena, &incident);
        good = !arena.exhausted;
        if (good)
            sink(context, &incident);
        arena_reset(&arena);
    }
    pool_finish(&pool);
    return good;
}

size_t incidents_count(const struct incidents *incidents)
{
    return incidents->clusters_count;
}

struct incidents_demoted incidents_demoted(const struct incidents *incidents)
{
    return incidents->demoted;
}

struct incidents_excepted incidents_excepted(const struct incidents *incidents, size_t exception)
{
    return incidents->excepted[exception];
}
