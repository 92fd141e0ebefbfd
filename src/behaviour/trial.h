// SPDX-License-Identifier: Apache-2.0
// For the tests of behaviours: all of them over made-up records, and what they say.
#pragma once
#include "base/arena.h"
#include "base/test.h"
#include "behaviour/behaviour.h"

enum { TRIAL_HITS = 256 };

struct trial {
    struct config config;
    struct metrics metrics;
    struct looks *looks;
    struct behaviours *behaviours;
    struct pool pool;
    struct arena arena;
    const struct hit *hits[TRIAL_HITS];
    size_t count;
};

static inline void trial_take(void *context, const struct hit *hit)
{
    struct trial *trial = context;
    if (trial->count < TRIAL_HITS)
        trial->hits[trial->count++] = hit_copy(&trial->arena, hit);
}

static inline void trial_begin(struct trial *trial)
{
    memset(trial, 0, sizeof *trial);
    trial->config = config_defaults;
    pool_init(&trial->pool, 0);
    arena_init(&trial->arena, &trial->pool, SIZE_MAX);
    trial->looks = looks_create(&trial->config, trial_take, trial);
    trial->behaviours = behaviours_create(&trial->config, &trial->metrics, trial_take, trial);
}

static inline void trial_record(struct trial *trial, const struct record *record)
{
    behaviours_look(trial->looks, record);
    behaviours_watch(trial->behaviours, record, behaviours_want(trial->looks, record));
}

static inline void trial_end(struct trial *trial)
{
    looks_destroy(trial->looks);
    behaviours_destroy(trial->behaviours);
    arena_reset(&trial->arena);
    pool_finish(&trial->pool);
}

// Hits of a detector and kind (NULL: any).
static inline size_t trial_hits(const struct trial *trial, const char *detector, const char *kind)
{
    size_t count = 0;
    for (size_t i = 0; i < trial->count; i++)
        count += strcmp(trial->hits[i]->detector, detector) == 0 &&
                 (!kind || bytes_equal(trial->hits[i]->kind, bytes_from_text(kind)));
    return count;
}

// A fact of the last hit; empty: it has none of that name.
static inline struct bytes trial_fact(const struct trial *trial, const char *name)
{
    const struct hit *hit = trial->count ? trial->hits[trial->count - 1] : NULL;
    for (size_t i = 0; hit && i < hit->facts_count; i++)
        if (strcmp(hit->facts[i].name, name) == 0)
            return hit->facts[i].value;
    return (struct bytes){NULL, 0};
}

static inline struct addr trial_addr(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
    return addr_v4((const uint8_t[]){a, b, c, d});
}
