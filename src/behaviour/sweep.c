// SPDX-License-Identifier: Apache-2.0
// One question about the domain is everyday; a host that asks questions of many kinds within a
// short time, or one question of many hosts, gathers a map of the domain.
#include "base/alloc.h"
#include "behaviour/directory.h"
#include "behaviour/distinct.h"
#include "behaviour/ledger.h"
#include "behaviour/rpc_call.h"
#include "behaviour/seat.h"

struct sweeper {
    struct distinct kinds, hosts; // hosts that were asked for shares or sessions
    int64_t first_us, last_us;
};

struct sweep {
    const struct seat *seat;
    struct ledger *sweepers; // of struct addr: struct sweeper
};

static void *create(const struct seat *seat)
{
    struct sweep *s = base_calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->seat = seat;
    s->sweepers = ledger_create_of_sets(sizeof(struct addr), sizeof(struct sweeper), 2,
        seat->config->behaviours.max_hosts, seat->metrics);
    if (s->sweepers)
        return s;
    base_free(s);
    return NULL;
}

static void destroy(void *state)
{
    struct sweep *s = state;
    ledger_destroy(s->sweepers);
    base_free(s);
}

static const char *kind_of(const struct record *record)
{
    return record->type == RECORD_LDAP ? directory_kind(record->body)
                                       : rpc_call_kind(record, "domain.enumeration");
}

static bool wants(const struct config *, const struct record *record)
{
    return kind_of(record) != NULL;
}

static struct sweeper *sweeper_of(struct sweep *s, const struct record_head *head)
{
    struct sweeper *sweeper = ledger_entry(s->sweepers, &head->src_ip);
    if (!sweeper)
        return NULL;
    int64_t window_us = (int64_t)s->seat->config->behaviours.domain.window_us;
    if (sweeper->last_us && head->timestamp - sweeper->last_us > window_us)
        ledger_clear(s->sweepers, sweeper);
    if (sweeper->last_us == 0)
        sweeper->first_us = head->timestamp;
    sweeper->last_us = head->timestamp;
    return sweeper;
}

static void tell(struct sweep *s, const struct record *record, const struct sweeper *sweeper,
    const char *kind, uint32_t count)
{
    struct telling telling;
    telling_begin(&telling, "domain.enumeration", record, bytes_from_text(kind));
    telling_of_source(&telling);
    telling.hit.rule = telling.hit.kind;
    telling.hit.began_us = sweeper->first_us;
    telling_number(&telling, "asked", count);
    telling_end(&telling, s->seat);
}

static bool is_of_host(const char *kind)
{
    return strcmp(kind, "shares") == 0 || strcmp(kind, "sessions") == 0 ||
           strcmp(kind, "logged_on") == 0;
}

static void record(void *state, const struct record *record)
{
    struct sweep *s = state;
    const struct record_head *head = &record->head;
    const char *kind = kind_of(record);
    struct sweeper *sweeper = sweeper_of(s, head);
    if (!sweeper || !kind)
        return;
    if (distinct_add(&sweeper->kinds, bytes_from_text(kind)) &&
        distinct_count(&sweeper->kinds) == s->seat->config->behaviours.domain.questions)
        tell(s, record, sweeper, "sweep", distinct_count(&sweeper->kinds));
    struct bytes host = bytes_make(&head->dest_ip, sizeof head->dest_ip);
    if (is_of_host(kind) && distinct_add(&sweeper->hosts, host) &&
        distinct_count(&sweeper->hosts) == s->seat->config->behaviours.domain.hosts)
        tell(s, record, sweeper, "sweep_hosts", distinct_count(&sweeper->hosts));
}

const struct watch sweep_watch = {
    .types = (const enum record_type[]){RECORD_DCERPC, RECORD_SMB, RECORD_LDAP, RECORD_NONE},
    .wants = wants,
    .create = create,
    .record = record,
    .destroy = destroy,
};
