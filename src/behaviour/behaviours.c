// SPDX-License-Identifier: Apache-2.0
#include "base/alloc.h"
#include "behaviour/policy.h"
#include "behaviour/seat.h"

#define LOOK(name)  extern const struct look name##_look;
#define WATCH(name) extern const struct watch name##_watch;
#include "behaviour/behaviour.def"
#undef LOOK
#undef WATCH

#define LOOK(name) &name##_look,
#define WATCH(name)
static const struct look *const looks[] = {
#include "behaviour/behaviour.def"
    NULL};
#undef LOOK
#undef WATCH

#define LOOK(name)
#define WATCH(name) &name##_watch,
static const struct watch *const watches[] = {
#include "behaviour/behaviour.def"
};

enum { LOOKS = sizeof looks / sizeof *looks - 1, WATCHES = sizeof watches / sizeof *watches };
_Static_assert(LOOKS <= 64 && WATCHES <= 64, "a bit for each");

struct looks {
    struct seat seat;
    struct domains domains;
    void *rooms[LOOKS + 1];
    uint64_t looks_of[RECORD_TYPES], watches_of[RECORD_TYPES]; // bits
};

struct behaviours {
    struct seat seat;
    struct domains domains;
    void *states[WATCHES];
};

size_t behaviours_known(void)
{
    return WATCHES + LOOKS;
}

static void note_types(uint64_t *bits, const enum record_type *types, size_t i)
{
    for (; *types != RECORD_NONE; types++)
        bits[*types] |= 1ull << i;
}

// The number of the lowest bit, which is taken out.
static size_t next_of(uint64_t *bits)
{
    size_t i = (size_t)__builtin_ctzll(*bits);
    *bits &= *bits - 1;
    return i;
}

struct looks *looks_create(const struct config *config, hit_sink *sink, void *context)
{
    struct looks *l = base_calloc(1, sizeof *l);
    if (!l)
        return NULL;
    l->seat =
        (struct seat){.config = config, .sink = sink, .context = context, .domains = &l->domains};
    for (size_t i = 0; i < WATCHES; i++)
        note_types(l->watches_of, watches[i]->types, i);
    for (size_t i = 0; i < LOOKS; i++) {
        note_types(l->looks_of, looks[i]->types, i);
        l->rooms[i] = looks[i]->create ? looks[i]->create() : NULL;
        if (looks[i]->create && !l->rooms[i]) {
            looks_destroy(l);
            return NULL;
        }
    }
    return l;
}

void looks_destroy(struct looks *l)
{
    if (!l)
        return;
    for (size_t i = 0; i < LOOKS; i++)
        if (l->rooms[i])
            looks[i]->destroy(l->rooms[i]);
    base_free(l);
}

void behaviours_look(struct looks *l, const struct record *record)
{
    for (uint64_t bits = l->looks_of[record->type]; bits;) {
        size_t i = next_of(&bits);
        l->seat.room = l->rooms[i];
        looks[i]->record(&l->seat, record);
    }
}

uint64_t behaviours_want(const struct looks *l, const struct record *record)
{
    uint64_t wanting = 0;
    for (uint64_t bits = l->watches_of[record->type]; bits;) {
        size_t i = next_of(&bits);
        if (!watches[i]->wants || watches[i]->wants(l->seat.config, record))
            wanting |= 1ull << i;
    }
    return wanting;
}

struct behaviours *behaviours_create(
    const struct config *config, struct metrics *metrics, hit_sink *sink, void *context)
{
    struct behaviours *b = base_calloc(1, sizeof *b);
    if (!b)
        return NULL;
    b->seat = (struct seat){.config = config,
        .metrics = metrics,
        .sink = sink,
        .context = context,
        .domains = &b->domains};
    for (size_t i = 0; i < WATCHES; i++) {
        b->states[i] = watches[i]->create(&b->seat);
        if (!b->states[i]) {
            behaviours_destroy(b);
            return NULL;
        }
    }
    return b;
}

void behaviours_destroy(struct behaviours *behaviours)
{
    if (!behaviours)
        return;
    for (size_t i = 0; i < WATCHES; i++)
        if (behaviours->states[i])
            watches[i]->destroy(behaviours->states[i]);
    base_free(behaviours);
}

void behaviours_watch(struct behaviours *behaviours, const struct record *record, uint64_t wanting)
{
    while (wanting) {
        size_t i = next_of(&wanting);
        watches[i]->record(behaviours->states[i], record);
    }
}

bool behaviours_separate(const struct config *config)
{
    return config->behaviours.enabled && policy_is_on(config);
}

void behaviours_separation(struct behaviours *behaviours, separation_sink *sink, void *context)
{
    for (size_t i = 0; i < WATCHES; i++)
        if (watches[i]->prove)
            watches[i]->prove(behaviours->states[i], sink, context);
}

void behaviours_end(struct behaviours *behaviours)
{
    for (size_t i = 0; i < WATCHES; i++)
        if (watches[i]->end)
            watches[i]->end(behaviours->states[i]);
}
