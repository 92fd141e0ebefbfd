// SPDX-License-Identifier: Apache-2.0
#include "behaviour/seat.h"
#include <stdio.h>

void telling_begin(
    struct telling *telling, const char *detector, const struct record *record, struct bytes kind)
{
    memset(&telling->hit, 0, sizeof telling->hit);
    telling->head = record->head;
    telling->hit.detector = detector;
    telling->hit.kind = kind;
    telling->hit.record = record->type;
    telling->hit.quiet = true;
    telling->hit.as_detector = true;
}

void telling_of_source(struct telling *telling)
{
    telling->head.dest_ip = (struct addr){.version = 0};
    telling->head.has_dest_port = telling->head.has_src_port = false;
}

void telling_of_dest(struct telling *telling)
{
    telling->head.src_ip = (struct addr){.version = 0};
    telling->head.has_dest_port = telling->head.has_src_port = false;
    telling->hit.subject_is_dest = true;
}

void telling_text(struct telling *telling, const char *name, struct bytes value)
{
    struct hit *hit = &telling->hit;
    if (hit->facts_count < HIT_FACTS)
        hit->facts[hit->facts_count++] = (struct hit_fact){name, value};
}

void telling_number(struct telling *telling, const char *name, uint64_t value)
{
    size_t at = telling->hit.facts_count;
    if (at == HIT_FACTS)
        return;
    char *room = telling->numbers[at];
    int len = snprintf(room, TELLING_NUMBER, "%llu", (unsigned long long)value);
    telling_text(telling, name, bytes_make(room, (size_t)len));
}

void telling_match(struct telling *telling, const char *where, struct bytes value)
{
    struct hit *hit = &telling->hit;
    if (hit->matches_count < HIT_MATCHES && value.data)
        hit->matches[hit->matches_count++] =
            (struct hit_match){.where = bytes_from_text(where), .data = value};
}

void telling_end(const struct telling *telling, const struct seat *seat)
{
    struct hit hit = telling->hit;
    hit.head = &telling->head;
    seat->sink(seat->context, &hit);
}
