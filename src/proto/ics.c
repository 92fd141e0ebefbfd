// SPDX-License-Identifier: Apache-2.0
// Tables of assigned numbers, and requests that wait for their answer.
#include "proto/ics.h"

struct bytes ics_name_find(const struct ics_name *names, size_t count, uint32_t value)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (names[middle].value == value)
            return bytes_from_text(names[middle].name);
        if (names[middle].value < value)
            low = middle + 1;
        else
            high = middle;
    }
    return (struct bytes){NULL, 0};
}

struct bytes ics_name_or(struct bytes name, const char *prefix, uint32_t value, struct arena *arena)
{
    if (name.data)
        return name;
    char buffer[64];
    struct text_out out = TEXT_OUT(buffer);
    text_out_text(&out, prefix);
    text_out_u64(&out, value);
    return text_out_keep(&out, arena);
}

struct ics_wait *ics_wait_find(struct ics_waits *waits, uint64_t key)
{
    for (size_t i = 0; i < ICS_WAITS_MAX; i++)
        if (waits->slots[i].used && waits->slots[i].key == key)
            return &waits->slots[i];
    return NULL;
}

void ics_wait_end(struct ics_wait *wait)
{
    arena_reset(&wait->arena);
    wait->used = false;
}

static struct ics_wait *oldest(struct ics_waits *waits)
{
    struct ics_wait *first = NULL;
    for (size_t i = 0; i < ICS_WAITS_MAX; i++) {
        struct ics_wait *wait = &waits->slots[i];
        if (wait->used && (!first || wait->tx_id < first->tx_id))
            first = wait;
    }
    return first;
}

static void give_up(struct proto_flow *pf, struct ics_waits *waits, struct ics_wait *wait)
{
    waits->emit(pf, wait);
    ics_wait_end(wait);
}

struct ics_wait *ics_wait_begin(struct proto_flow *pf, struct ics_waits *waits, uint64_t key,
    size_t request_bytes, size_t budget)
{
    struct ics_wait *wait = ics_wait_find(waits, key);
    for (size_t i = 0; i < ICS_WAITS_MAX && !wait; i++)
        if (!waits->slots[i].used)
            wait = &waits->slots[i];
    if (!wait)
        wait = oldest(waits);
    if (wait->used)
        give_up(pf, waits, wait);
    arena_init(&wait->arena, pf->arena.pool, budget);
    wait->request = arena_zalloc(&wait->arena, request_bytes);
    if (!wait->request) {
        arena_reset(&wait->arena);
        return NULL;
    }
    wait->used = true;
    wait->key = key;
    wait->tx_id = pf->tx_count++;
    wait->time_us = pf->time_us;
    return wait;
}

void ics_waits_finish(struct proto_flow *pf, struct ics_waits *waits)
{
    struct ics_wait *wait;
    while ((wait = oldest(waits)))
        give_up(pf, waits, wait);
}
