// SPDX-License-Identifier: Apache-2.0
// Remote desktops as attackers use them. A person looks at the screen for minutes; a tool that
// types one command for an attacker is gone after seconds, and comes again. And who sits at a
// remote desktop and opens another one from there goes from host to host.
#include "base/alloc.h"
#include "behaviour/ledger.h"
#include "behaviour/seat.h"

enum {
    SHORT_US = 60'000'000,
    LOGGED_ON_BYTES = 5'000, // a client that was refused has said less
};

struct pair_key {
    struct addr client, server;
};

struct pair {
    int64_t short_us; // end of the last short session; 0: none
};

// Of a host: the last session it was reached by, and the last it opened.
struct hop {
    int64_t in_start_us, in_end_us, out_start_us;
};

struct rdp_session {
    const struct seat *seat;
    struct ledger *pairs, *hops; // hops: of struct addr
};

static void destroy(void *state)
{
    struct rdp_session *r = state;
    ledger_destroy(r->pairs);
    ledger_destroy(r->hops);
    base_free(r);
}

static void *create(const struct seat *seat)
{
    struct rdp_session *r = base_calloc(1, sizeof *r);
    if (!r)
        return NULL;
    size_t most = seat->config->behaviours.max_hosts;
    r->seat = seat;
    r->pairs = ledger_create(sizeof(struct pair_key), sizeof(struct pair), most, seat->metrics);
    r->hops = ledger_create(sizeof(struct addr), sizeof(struct hop), most, seat->metrics);
    if (r->pairs && r->hops)
        return r;
    destroy(r);
    return NULL;
}

static bool wants(const struct config *, const struct record *record)
{
    const struct record_flow *flow = record->body;
    return bytes_equal(record->head.app_proto, BYTES("rdp")) &&
           bytes_equal(record->head.proto, BYTES("TCP")) &&
           flow->payload_toserver >= LOGGED_ON_BYTES;
}

static void tell(struct rdp_session *r, const struct record *record, const char *kind)
{
    struct telling telling;
    telling_begin(&telling, "remote.execution", record, bytes_from_text(kind));
    telling.hit.rule = telling.hit.kind;
    telling_text(&telling, "operation", BYTES("RDP"));
    telling_end(&telling, r->seat);
}

static void see_short(struct rdp_session *r, const struct record *record)
{
    const struct record_flow *flow = record->body;
    struct pair_key key;
    memset(&key, 0, sizeof key);
    key.client = record->head.src_ip;
    key.server = record->head.dest_ip;
    struct pair *pair = ledger_entry(r->pairs, &key);
    if (!pair || flow->end - flow->start > SHORT_US)
        return;
    int64_t window_us = (int64_t)r->seat->config->behaviours.domain.window_us;
    if (pair->short_us && flow->end - pair->short_us < window_us)
        tell(r, record, "rdp_short");
    pair->short_us = flow->end;
}

// Sessions are told when they end: the inner one mostly, not always, before the outer one.
static void see_chain(struct rdp_session *r, const struct record *record)
{
    const struct record_flow *flow = record->body;
    struct hop *middle = ledger_entry(r->hops, &record->head.dest_ip);
    if (middle) {
        middle->in_start_us = flow->start;
        middle->in_end_us = flow->end;
        if (middle->out_start_us > flow->start && middle->out_start_us < flow->end)
            tell(r, record, "rdp_chain");
    }
    middle = ledger_entry(r->hops, &record->head.src_ip);
    if (middle) {
        middle->out_start_us = flow->start;
        if (flow->start > middle->in_start_us && flow->start < middle->in_end_us)
            tell(r, record, "rdp_chain");
    }
}

static void record(void *state, const struct record *record)
{
    see_short(state, record);
    see_chain(state, record);
}

const struct watch rdp_session_watch = {
    .types = (const enum record_type[]){RECORD_FLOW, RECORD_NONE},
    .wants = wants,
    .create = create,
    .record = record,
    .destroy = destroy,
};
