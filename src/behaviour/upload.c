// SPDX-License-Identifier: Apache-2.0
// Much data from one host to one place outside within a day, and far more than came back. Bytes are
// counted when flows end. Nothing is learnt of what is usual: mail servers and backups outside are
// told once and want an exception.
#include "base/alloc.h"
#include "behaviour/ledger.h"
#include "behaviour/seat.h"

enum {
    DAY_S = 86'400,
    PLACE_BYTES = 64,
    SMALL = 4096, // bytes of a flow that are not counted
};

struct upload_key {
    struct addr source, place;
};

struct upload_tally {
    uint64_t up, down, told;
    int64_t first_us;
    uint32_t flows;
};

struct uploads {
    const struct seat *seat;
    struct ledger *tallies;
};

static void *create(const struct seat *seat)
{
    struct uploads *u = base_calloc(1, sizeof *u);
    if (!u)
        return NULL;
    u->seat = seat;
    u->tallies = ledger_create(sizeof(struct upload_key), sizeof(struct upload_tally),
        seat->config->behaviours.max_hosts, seat->metrics);
    if (u->tallies)
        return u;
    base_free(u);
    return NULL;
}

static void destroy(void *state)
{
    struct uploads *u = state;
    ledger_destroy(u->tallies);
    base_free(u);
}

static bool wants(const struct config *, const struct record *record)
{
    const struct record_flow *flow = record->body;
    return flow->bytes_toserver > SMALL && record->head.dest_ip.version;
}

static void tell(struct uploads *u, const struct record *record, struct upload_tally *tally)
{
    const struct record_flow *flow = record->body;
    struct telling telling;
    telling_begin(&telling, "exfil.volume", record, BYTES("volume"));
    telling.head.has_src_port = telling.head.has_dest_port = false;
    telling.hit.began_us = tally->first_us;
    telling_number(&telling, "megabytes", tally->up / 1'000'000);
    telling_number(&telling, "back", tally->down / 1'000'000);
    telling_number(&telling, "flows", tally->flows);
    if (flow->tls.sni.len)
        telling_text(&telling, "place", flow->tls.sni);
    telling_end(&telling, u->seat);
    tally->told = tally->up;
}

static void record(void *state, const struct record *record)
{
    struct uploads *u = state;
    const struct record_flow *flow = record->body;
    const struct record_head *head = &record->head;
    if (!seat_inside(u->seat, &head->src_ip) || seat_inside(u->seat, &head->dest_ip))
        return;
    struct upload_key key;
    memset(&key, 0, sizeof key);
    key.source = head->src_ip;
    key.place = head->dest_ip;
    struct upload_tally *tally = ledger_entry(u->tallies, &key);
    if (!tally)
        return;
    int64_t start_us = flow->start ? flow->start : head->timestamp;
    if (start_us - tally->first_us > DAY_S * 1'000'000ll)
        *tally = (struct upload_tally){.first_us = start_us};
    tally->up += flow->bytes_toserver;
    tally->down += flow->bytes_toclient;
    tally->flows++;
    if (tally->up >= u->seat->config->behaviours.upload.size_bytes &&
        tally->up >= 2 * tally->told &&
        tally->up / u->seat->config->behaviours.upload.ratio >= tally->down)
        tell(u, record, tally);
}

const struct watch upload_watch = {
    .types = (const enum record_type[]){RECORD_FLOW, RECORD_NONE},
    .wants = wants,
    .create = create,
    .record = record,
    .destroy = destroy,
};
