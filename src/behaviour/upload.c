// SPDX-License-Identifier: Apache-2.0
// Much data from one host to one place outside within a day, and far more than came back. Bytes are
// counted when flows end. Mail servers and backups outside are told once and want an exception.
// Less is told where a host never sent as much on a day, or sends when nobody works and did not do
// so before.
#include "base/alloc.h"
#include "behaviour/ledger.h"
#include "behaviour/seat.h"

enum {
    DAY_S = 86'400,
    PLACE_BYTES = 64,
    SMALL = 4096, // bytes of a flow that are not counted
    SECOND_US = 1'000'000,
    KNOWN_DAYS = 3, // after which a host's past tells what is usual
    THURSDAY = 4,   // 1970-01-01
};

struct upload_key {
    struct addr source, place;
};

struct upload_tally {
    uint64_t up, down, told;
    int64_t first_us;
    uint32_t flows;
};

// What a host sends outside, day by day.
struct habit {
    int64_t day;
    uint64_t today, odd_today; // odd: out of working hours
    uint64_t fullest;          // day before today
    uint32_t days, odd_days;   // before today
    bool told_more, told_odd;  // today
};

struct uploads {
    const struct seat *seat;
    struct ledger *tallies, *habits;
};

static void destroy(void *state)
{
    struct uploads *u = state;
    ledger_destroy(u->tallies);
    ledger_destroy(u->habits);
    base_free(u);
}

static void *create(const struct seat *seat)
{
    struct uploads *u = base_calloc(1, sizeof *u);
    if (!u)
        return NULL;
    u->seat = seat;
    u->tallies = ledger_create(sizeof(struct upload_key), sizeof(struct upload_tally),
        seat->config->behaviours.max_hosts, seat->metrics);
    u->habits = ledger_create(sizeof(struct addr), sizeof(struct habit),
        seat->config->behaviours.max_hosts, seat->metrics);
    if (u->tallies && u->habits)
        return u;
    destroy(u);
    return NULL;
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

// ---- against the host's own past, and the hours

static int64_t local_second(const struct uploads *u, int64_t time_us)
{
    return (time_us + (int64_t)u->seat->config->behaviours.hours.time_zone_us) / SECOND_US;
}

static bool is_odd(const struct uploads *u, int64_t second)
{
    int64_t begin = (int64_t)u->seat->config->behaviours.hours.begin_us / SECOND_US;
    int64_t end = (int64_t)u->seat->config->behaviours.hours.end_us / SECOND_US;
    int64_t weekday = (second / DAY_S + THURSDAY) % 7, time = second % DAY_S;
    return end - begin < DAY_S && (weekday == 0 || weekday == 6 || time < begin || time >= end);
}

static void begin_day(struct habit *habit, int64_t day, uint64_t least)
{
    if (habit->today > 0) {
        habit->fullest = habit->today > habit->fullest ? habit->today : habit->fullest;
        habit->days++;
        habit->odd_days += habit->odd_today >= least;
    }
    habit->today = habit->odd_today = 0;
    habit->told_more = habit->told_odd = false;
    habit->day = day;
}

static void tell_habit(struct uploads *u, const struct record *record, const struct habit *habit,
    const char *kind, uint64_t bytes)
{
    const struct record_flow *flow = record->body;
    struct telling telling;
    telling_begin(&telling, "exfil.volume", record, bytes_from_text(kind));
    telling.hit.rule = telling.hit.kind;
    telling.head.has_src_port = telling.head.has_dest_port = false;
    telling_number(&telling, "megabytes", bytes / 1'000'000);
    if (habit->days >= KNOWN_DAYS) {
        telling_number(&telling, "days", habit->days);
        telling_number(&telling, "fullest", habit->fullest / 1'000'000);
    }
    if (flow->tls.sni.len)
        telling_text(&telling, "place", flow->tls.sni);
    telling_end(&telling, u->seat);
}

static void hold_against_past(struct uploads *u, const struct record *record, int64_t start_us)
{
    const struct record_flow *flow = record->body;
    uint64_t least = u->seat->config->behaviours.upload.least_bytes;
    uint64_t times = u->seat->config->behaviours.upload.times;
    struct habit *habit = ledger_entry(u->habits, &record->head.src_ip);
    if (!habit)
        return;
    int64_t second = local_second(u, start_us);
    if (habit->day != second / DAY_S)
        begin_day(habit, second / DAY_S, least);
    habit->today += flow->bytes_toserver;
    habit->odd_today += is_odd(u, second) ? flow->bytes_toserver : 0;
    if (!habit->told_more && habit->days >= KNOWN_DAYS && habit->today >= least &&
        habit->today / times >= habit->fullest) {
        habit->told_more = true;
        tell_habit(u, record, habit, "more", habit->today);
    }
    if (!habit->told_odd && habit->odd_days == 0 && habit->odd_today >= least &&
        habit->days >= KNOWN_DAYS) {
        habit->told_odd = true;
        tell_habit(u, record, habit, "odd_hours", habit->odd_today);
    }
}

static void record(void *state, const struct record *record)
{
    struct uploads *u = state;
    const struct record_flow *flow = record->body;
    const struct record_head *head = &record->head;
    if (!seat_inside(u->seat, &head->src_ip) || seat_inside(u->seat, &head->dest_ip))
        return;
    int64_t start_us = flow->start ? flow->start : head->timestamp;
    if (flow->bytes_toserver > flow->bytes_toclient)
        hold_against_past(u, record, start_us);
    struct upload_key key;
    memset(&key, 0, sizeof key);
    key.source = head->src_ip;
    key.place = head->dest_ip;
    struct upload_tally *tally = ledger_entry(u->tallies, &key);
    if (!tally)
        return;
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
