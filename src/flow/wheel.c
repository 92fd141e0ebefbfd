// SPDX-License-Identifier: Apache-2.0
#include "flow/wheel.h"

enum { MICROSECONDS = 1000 * 1000 };

void flow_wheel_init(struct flow_table *table)
{
    for (size_t i = 0; i < FLOW_WHEEL_SECONDS; i++)
        table->wheel[i] = FLOW_NONE;
}

static uint32_t bucket_of(const struct flow_table *table, int64_t due_us)
{
    int64_t second = due_us / MICROSECONDS + 1;
    int64_t first = table->wheel_second;
    if (second < first)
        second = first;
    if (second > first + FLOW_WHEEL_SECONDS - 1)
        second = first + FLOW_WHEEL_SECONDS - 1;
    return (uint32_t)((uint64_t)second % FLOW_WHEEL_SECONDS);
}

void flow_wheel_add(struct flow_table *table, uint32_t index, int64_t due_us)
{
    if (!table->wheel_started) {
        // From the packet's time, not from a due time days ahead: all workers must end a flow after
        // the same packet.
        table->wheel_second =
            flow_at(table, index)->last_us / MICROSECONDS - FLOW_WHEEL_SECONDS / 2;
        table->wheel_started = true;
    }
    uint32_t bucket = bucket_of(table, due_us);
    struct flow_timer *timer = flow_timer_at(table, index);
    *timer = (struct flow_timer){FLOW_NONE, table->wheel[bucket], bucket};
    if (timer->next != FLOW_NONE)
        flow_timer_at(table, timer->next)->prev = index;
    table->wheel[bucket] = index;
}

void flow_wheel_remove(struct flow_table *table, uint32_t index)
{
    const struct flow_timer *timer = flow_timer_at(table, index);
    if (timer->prev != FLOW_NONE)
        flow_timer_at(table, timer->prev)->next = timer->next;
    else
        table->wheel[timer->bucket] = timer->next;
    if (timer->next != FLOW_NONE)
        flow_timer_at(table, timer->next)->prev = timer->prev;
}

uint32_t flow_wheel_take(struct flow_table *table, int64_t now_us)
{
    if (!table->wheel_started)
        return FLOW_NONE;
    int64_t now = now_us / MICROSECONDS;
    // After a leap every bucket is emptied once; more rounds would find nothing.
    if (now - table->wheel_second > FLOW_WHEEL_SECONDS)
        table->wheel_second = now - FLOW_WHEEL_SECONDS;
    for (; table->wheel_second <= now; table->wheel_second++) {
        uint32_t bucket = (uint32_t)((uint64_t)table->wheel_second % FLOW_WHEEL_SECONDS);
        uint32_t index = table->wheel[bucket];
        if (index != FLOW_NONE) {
            flow_wheel_remove(table, index);
            if (table->wheel[bucket] != FLOW_NONE) // the next one to be taken
                __builtin_prefetch(flow_at(table, table->wheel[bucket]));
            return index;
        }
    }
    return FLOW_NONE;
}
