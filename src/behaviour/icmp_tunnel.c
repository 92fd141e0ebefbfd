// SPDX-License-Identifier: Apache-2.0
// Data within pings: an honest reply brings back what was asked with, and one program asks with
// one size. Tunnels (ptunnel, icmpsh, hans…) answer with something else, in many sizes.
#include "base/alloc.h"
#include "behaviour/distinct.h"
#include "behaviour/ledger.h"
#include "behaviour/seat.h"

enum {
    DIFFERING = 4, // replies that bring something else
    SIZES = 8,     // different ones, together with
    LARGE = 128,   // bytes in one of them
};

struct ping_key {
    struct addr source, target;
};

struct ping_tally {
    struct distinct sizes;
    uint64_t up, down;
    uint32_t differing, largest, told;
    int64_t last_us;
};

struct pings {
    const struct seat *seat;
    struct ledger *tallies;
};

static void *create(const struct seat *seat)
{
    struct pings *p = base_calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->seat = seat;
    p->tallies = ledger_create_of_sets(sizeof(struct ping_key), sizeof(struct ping_tally), 1,
        seat->config->behaviours.max_hosts, seat->metrics);
    if (p->tallies)
        return p;
    base_free(p);
    return NULL;
}

static void destroy(void *state)
{
    struct pings *p = state;
    ledger_destroy(p->tallies);
    base_free(p);
}

static bool wants(const struct config *, const struct record *record)
{
    const struct record_icmp *icmp = record->body;
    return icmp->has_payload_bytes && (icmp->type == 8 || icmp->type == 128 || icmp->type == 0);
}

static void tell(struct pings *p, const struct record *record, const struct ping_tally *tally)
{
    struct telling telling;
    telling_begin(&telling, "icmp.tunnel", record, BYTES("tunnel"));
    telling_number(&telling, "differing", tally->differing);
    telling_number(&telling, "sizes", distinct_count(&tally->sizes));
    telling_number(&telling, "up", tally->up);
    telling_number(&telling, "down", tally->down);
    telling_end(&telling, p->seat);
}

static void record(void *state, const struct record *record)
{
    struct pings *p = state;
    const struct record_icmp *icmp = record->body;
    int64_t now_us = record->head.timestamp;
    struct ping_key key;
    memset(&key, 0, sizeof key);
    key.source = record->head.src_ip;
    key.target = record->head.dest_ip;
    struct ping_tally *tally = ledger_entry(p->tallies, &key);
    if (!tally)
        return;
    if (now_us - tally->last_us > p->seat->config->behaviours.tunnel.window_us)
        ledger_clear(p->tallies, tally);
    tally->last_us = now_us;
    tally->up += icmp->payload_bytes;
    tally->down += icmp->reply_bytes;
    tally->differing += icmp->reply_differs;
    tally->largest = icmp->payload_bytes > tally->largest ? icmp->payload_bytes : tally->largest;
    distinct_add(&tally->sizes, bytes_make(&icmp->payload_bytes, sizeof icmp->payload_bytes));
    bool sizes = distinct_count(&tally->sizes) >= SIZES && tally->largest >= LARGE;
    if ((tally->differing < DIFFERING && !sizes) || tally->told)
        return;
    tally->told = 1;
    tell(p, record, tally);
}

const struct watch icmp_tunnel_watch = {
    .types = (const enum record_type[]){RECORD_ICMP, RECORD_NONE},
    .wants = wants,
    .create = create,
    .record = record,
    .destroy = destroy,
};
