// SPDX-License-Identifier: Apache-2.0
// Domain controllers copy the directory from each other, passwords included (MS-DRSR 4.1.10). A
// host nobody asks anything a controller answers, and that copies nevertheless, is stealing
// (DCSync). Tools ask for the controllers first, which controllers do not.
#include "base/alloc.h"
#include "behaviour/ledger.h"
#include "behaviour/rpc.h"
#include "behaviour/seat.h"

struct replica {
    bool is_controller; // it was asked what controllers are asked
    int64_t asked_us;   // when it asked for controllers
};

struct replication {
    const struct seat *seat;
    struct ledger *hosts; // of struct addr: struct replica
};

static void *create(const struct seat *seat)
{
    struct replication *r = base_calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->seat = seat;
    r->hosts = ledger_create(sizeof(struct addr), sizeof(struct replica),
        seat->config->behaviours.max_hosts, seat->metrics);
    if (r->hosts)
        return r;
    base_free(r);
    return NULL;
}

static void destroy(void *state)
{
    struct replication *r = state;
    ledger_destroy(r->hosts);
    base_free(r);
}

static bool wants(const struct config *, const struct record *record)
{
    struct rpc_view view;
    return rpc_view_of(record, &view) && (bytes_start_with(view.operation, BYTES("DRS")) ||
                                             bytes_start_with(view.operation, BYTES("NetrLogon")));
}

static void tell(struct replication *r, const struct record *record, const struct rpc_view *view,
    const char *kind)
{
    struct telling telling;
    telling_begin(&telling, "domain.credentials", record, bytes_from_text(kind));
    telling.hit.rule = telling.hit.kind;
    telling_text(&telling, "operation", view->operation);
    telling_match(&telling, "dcerpc.operation", view->operation);
    telling_end(&telling, r->seat);
}

static void see_copy(struct replication *r, const struct record *record,
    const struct rpc_view *view, const struct replica *source)
{
    int64_t window_us = (int64_t)r->seat->config->behaviours.domain.window_us;
    bool asked = source->asked_us && record->head.timestamp - source->asked_us < window_us;
    if (!source->is_controller)
        tell(r, record, view, asked ? "dcsync" : "replication");
}

static void record(void *state, const struct record *record)
{
    struct replication *r = state;
    const struct record_head *head = &record->head;
    struct rpc_view view;
    struct replica *dest = ledger_entry(r->hosts, &head->dest_ip);
    if (!dest || !rpc_view_of(record, &view))
        return;
    dest->is_controller = true;
    struct replica *source = ledger_entry(r->hosts, &head->src_ip);
    if (!source)
        return;
    if (bytes_equal(view.operation, BYTES("DRSDomainControllerInfo")))
        source->asked_us = head->timestamp;
    else if (bytes_equal(view.operation, BYTES("DRSGetNCChanges")))
        see_copy(r, record, &view, source);
}

const struct watch replication_watch = {
    .types = (const enum record_type[]){RECORD_DCERPC, RECORD_NONE},
    .wants = wants,
    .create = create,
    .record = record,
    .destroy = destroy,
};
