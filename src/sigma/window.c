// SPDX-License-Identifier: Apache-2.0
#include "sigma/window.h"
#include "base/alloc.h"
#include <stdlib.h>

// Events that must be kept: past the lower bound another tells nothing new.
static size_t events_most(const struct sigma_correlation *k)
{
    double low = k->bounds.has_low ? k->bounds.low : 0;
    double high = k->bounds.has_high ? k->bounds.high : 0;
    double most = low > high ? low : high;
    bool counts = k->type <= CORRELATE_VALUE_COUNT;
    return counts && most + 2 > CORRELATION_EVENTS && most < 1e7 ? (size_t)most + 2
                                                                 : CORRELATION_EVENTS;
}

static void drop(struct window *w, size_t at, size_t count)
{
    memmove(&w->events[at], &w->events[at + count], (w->count - at - count) * sizeof *w->events);
    w->count -= count;
}

static void expire(struct window *w, int64_t before_us)
{
    size_t old = 0;
    while (old < w->count && w->events[old].time_us < before_us)
        old++;
    if (old)
        drop(w, 0, old);
}

// Of some types only the latest event of a value or rule counts.
static bool replaces(const struct sigma_correlation *k, const struct window_event *old,
    const struct window_event *event)
{
    if (k->type == CORRELATE_VALUE_COUNT)
        return old->hash == event->hash;
    bool temporal = k->type == CORRELATE_TEMPORAL || k->type == CORRELATE_TEMPORAL_ORDERED;
    return temporal && old->member == event->member;
}

static const struct window_event *of_member(const struct window *w, uint32_t member)
{
    for (size_t i = 0; i < w->count; i++)
        if (w->events[i].member == member)
            return &w->events[i];
    return NULL;
}

// When the chain began that this event goes on with. False: none does.
static bool chain(
    const struct window *w, const struct sigma_correlation *k, struct window_event *event)
{
    event->from_us = event->time_us;
    if (k->type != CORRELATE_TEMPORAL_ORDERED || event->member == 0)
        return true;
    const struct window_event *before = of_member(w, event->member - 1);
    if (!before || event->time_us - before->from_us > k->timespan_us)
        return false;
    event->from_us = before->from_us;
    return true;
}

bool window_add(struct window *w, const struct sigma_correlation *k,
    const struct window_event *given, size_t *grown_bytes)
{
    struct window_event event = *given;
    *grown_bytes = 0;
    if (!k->at_end)
        expire(w, event.time_us - k->timespan_us);
    if (!chain(w, k, &event))
        return true;
    for (size_t i = 0; i < w->count; i++)
        if (replaces(k, &w->events[i], &event)) {
            drop(w, i, 1);
            break;
        }
    if (w->count == events_most(k))
        drop(w, 0, 1);
    if (w->count == w->room) {
        size_t room = w->room ? 2 * w->room : 4;
        struct window_event *events = base_realloc(w->events, room * sizeof *events);
        if (!events)
            return false;
        *grown_bytes = (room - w->room) * sizeof *events;
        w->events = events;
        w->room = room;
    }
    w->events[w->count++] = event;
    return true;
}

static int by_number(const void *a, const void *b)
{
    double x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return (x > y) - (x < y);
}

// Nearest rank.
static double percentile(const struct window *w, double percent)
{
    double *numbers = base_malloc((w->count + 1) * sizeof *numbers), value = 0;
    if (!numbers || w->count == 0) {
        base_free(numbers);
        return 0;
    }
    for (size_t i = 0; i < w->count; i++)
        numbers[i] = w->events[i].number;
    qsort(numbers, w->count, sizeof *numbers, by_number);
    double rank = percent / 100 * (double)w->count;
    size_t at = rank > 1 ? (size_t)rank - ((double)(size_t)rank >= rank) : 0;
    value = numbers[at < w->count ? at : w->count - 1];
    base_free(numbers);
    return value;
}

static double value_of(const struct window *w, const struct sigma_correlation *k)
{
    double sum = 0, least = 0, most = 0;
    if (k->type <= CORRELATE_TEMPORAL_ORDERED)
        return (double)w->count;
    if (k->type == CORRELATE_VALUE_PERCENTILE)
        return percentile(w, k->percentile);
    for (size_t i = 0; i < w->count; i++) {
        double number = w->events[i].number;
        sum += number;
        least = i == 0 || number < least ? number : least;
        most = i == 0 || number > most ? number : most;
    }
    switch (k->type) {
    case CORRELATE_VALUE_SUM: return sum;
    case CORRELATE_VALUE_MIN: return least;
    case CORRELATE_VALUE_MAX: return most;
    default: return w->count ? sum / (double)w->count : 0;
    }
}

static bool within(const struct sigma_bounds *b, double value)
{
    if (b->has_low && (value < b->low || (b->low_open && value <= b->low)))
        return false;
    if (b->has_high && (value > b->high || (b->high_open && value >= b->high)))
        return false;
    return !b->has_not || value < b->not_ || value > b->not_;
}

static bool words_hold(const struct window *w, const struct sigma_node *node)
{
    bool all = node->kind == NODE_AND || node->kind == NODE_NOT;
    uint32_t held = 0;
    if (node->kind == NODE_TEST)
        return of_member(w, node->test->slot) != NULL;
    for (size_t i = 0; i < node->count; i++)
        held += words_hold(w, node->children[i]);
    if (node->kind == NODE_NOT)
        return held == 0;
    return all ? held == node->count : held >= (node->kind == NODE_OF ? node->need : 1);
}

bool window_holds(const struct window *w, const struct sigma_correlation *k, double *value)
{
    bool bounded = k->bounds.has_low || k->bounds.has_high || k->bounds.has_not;
    *value = value_of(w, k);
    if (w->count == 0)
        return false;
    if (k->when)
        return words_hold(w, k->when);
    if (bounded)
        return within(&k->bounds, *value);
    if (k->type == CORRELATE_TEMPORAL)
        return w->count == k->members_count;
    // The last rule ends a chain that began with the first.
    return w->events[w->count - 1].member + 1 == k->members_count;
}
