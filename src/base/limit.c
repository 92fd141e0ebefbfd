// SPDX-License-Identifier: Apache-2.0
#include "base/limit.h"
#include <assert.h>

static struct limit_entry *limit_find(struct limit *limit, uint64_t id, int64_t now_us)
{
    struct limit_entry *oldest = limit->entries;
    for (struct limit_entry *e = limit->entries; e < limit->entries + LIMIT_IDS; e++) {
        if (e->id == id)
            return e;
        if (oldest->id != 0 && (e->id == 0 || e->last_us < oldest->last_us))
            oldest = e;
    }
    limit->forgotten += oldest->suppressed;
    *oldest = (struct limit_entry){.id = id, .start_us = now_us};
    return oldest;
}

bool limit_allow(struct limit *limit, uint64_t id, int64_t now_us, uint64_t *suppressed)
{
    assert(id != 0);
    struct limit_entry *e = limit_find(limit, id, now_us);
    e->last_us = now_us;
    if (now_us - e->start_us >= LIMIT_WINDOW_US) {
        e->start_us = now_us;
        e->said = 0;
    }
    if (e->said >= LIMIT_BURST) {
        e->suppressed++;
        return false;
    }
    e->said++;
    *suppressed = e->suppressed;
    e->suppressed = 0;
    return true;
}

uint64_t limit_untold(const struct limit *limit)
{
    uint64_t untold = limit->forgotten;
    for (int i = 0; i < LIMIT_IDS; i++)
        untold += limit->entries[i].suppressed;
    return untold;
}
