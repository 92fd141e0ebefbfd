// SPDX-License-Identifier: Apache-2.0
// Transactions: what parsers show is kept until the transaction is inspected, side by side where a
// parser says that a side is over, else when its record is there. Bodies and files are looked at in
// windows as they pass. Everything is bounded; what does not fit is left out and counted.
#include "rules/inspect.h"

static void in_of(
    struct inspection *in, struct rules_worker *w, struct proto_flow *pf, enum flow_side side)
{
    inspect_begin(in, w, pf->flow, side, WORLD_TX);
    in->pf = pf;
    in->packet = pf->packet;
    in->time_us = pf->time_us;
    in->apps = inspect_apps(w, pf->flow->app_proto ? pf->flow->app_proto : pf->proto->name);
}

// ---- what was shown

// Where a buffer's last instance is likely to be remembered.
static struct shown **recent(struct rule_tx *tx, enum rule_buffer buffer, enum flow_side side)
{
    return &tx->recent[((unsigned)buffer * 2 + side) % INSPECT_RECENT];
}

static struct shown *shown_new(
    struct rules_worker *w, struct rule_tx *tx, enum rule_buffer buffer, enum flow_side side)
{
    struct shown *s = tx->count < INSPECT_SHOWN ? arena_zalloc(&tx->arena, sizeof *s) : NULL;
    if (!s) {
        w->metrics->rules_memcap++;
        return NULL;
    }
    s->buffer = buffer;
    s->side = side;
    *recent(tx, buffer, side) = s;
    *tx->last = s;
    tx->last = &s->next;
    tx->count++;
    return s;
}

static struct shown *shown_last(struct rule_tx *tx, enum rule_buffer buffer, enum flow_side side)
{
    struct shown *found = *recent(tx, buffer, side);
    if (found && found->buffer == buffer && found->side == side)
        return found;
    found = NULL;
    for (struct shown *s = tx->first; s; s = s->next)
        if (s->buffer == buffer && s->side == side)
            found = s;
    return found;
}

// What a buffer that grows takes: with its chunk's header a power of two.
static size_t shown_room(size_t len)
{
    size_t room = 64 - INSPECT_CHUNK;
    while (room < len)
        room = room * 2 + INSPECT_CHUNK;
    return room;
}

// Bytes kept of a buffer: as many as configured, but for the header of the chunk they lie in.
static size_t shown_most(const struct rules_worker *w)
{
    return w->config->rules.body_bytes - INSPECT_CHUNK;
}

static bool shown_add(
    struct rules_worker *w, struct rule_tx *tx, struct shown *s, struct bytes data)
{
    size_t len = s->len + data.len;
    if (len > s->room) {
        size_t room = s->room ? shown_room(len) : len;
        uint8_t *grown = arena_grow(&tx->arena, s->data, s->room, room);
        if (!grown) {
            w->metrics->rules_memcap++;
            s->cut = true;
            return false;
        }
        s->data = grown;
        s->room = room;
    }
    if (data.len)
        memcpy(&s->data[s->len], data.data, data.len);
    s->len = len;
    return true;
}

static void shown_fill(
    struct rules_worker *w, struct rule_tx *tx, struct shown *s, struct bytes data)
{
    size_t most = shown_most(w), room = s->len < most ? most - s->len : 0;
    w->metrics->rules_buffers_cut += data.len > room && !s->cut;
    s->cut |= data.len > room;
    shown_add(w, tx, s, bytes_sub(data, 0, room));
}

static struct rule_tx *tx_for(struct rules_worker *w, struct proto_flow *pf, uint64_t id)
{
    struct rule_flow *state = pf->flow ? rule_flow_of(w, pf->flow) : NULL;
    return state && !inspect_is_over(state, pf->packet) ? rule_tx_of(w, state, pf->proto, id)
                                                        : NULL;
}

static void on_show(void *context, struct proto_flow *pf, enum rule_buffer buffer,
    enum flow_side side, uint64_t tx_id, struct bytes data, bool more)
{
    struct rules_worker *w = context;
    struct rule_tx *tx = tx_for(w, pf, tx_id);
    if (!tx)
        return;
    struct shown *s = more ? shown_last(tx, buffer, side) : NULL;
    tx->done[side] = false; // there is something to look at again
    if (!s)
        s = shown_new(w, tx, buffer, side);
    if (s)
        shown_fill(w, tx, s, data);
}

// ---- inspection

// Is a pattern of a rule that may be tried now looked for in it?
static bool has_patterns(const struct inspection *in, enum rule_buffer buffer)
{
    const struct rule_plan *plan = in->worker->plan;
    if (in->file)
        return plan->file_patterns[buffer];
    if (in->records_only)
        return plan->record_patterns[buffer];
    return rule_prefilter_has(in->worker->set, buffer);
}

// Rules with => find their patterns on either side.
static void scan_sides(struct inspection *in, enum rule_buffer buffer, const struct rule_view *view)
{
    inspect_scan(in, buffer, view);
    if (!in->both_sides)
        return;
    in->side = flow_other(in->side);
    inspect_scan(in, buffer, view);
    in->side = flow_other(in->side);
}

static void scan_shown(struct inspection *in, const struct rule_tx *tx)
{
    for (const struct shown *s = tx ? tx->first : NULL; s; s = s->next) {
        if ((s->side != in->side && !in->both_sides) || !has_patterns(in, s->buffer))
            continue;
        struct rule_view view = {.data = bytes_make(s->data, s->len),
            .fresh = s->fresh,
            .start = s->start,
            .ends = !s->cut};
        scan_sides(in, s->buffer, &view);
    }
}

struct scanning {
    struct inspection *in;
    enum rule_buffer buffer;
};

static bool scan_value(void *context, const void *value, enum shape_kind kind)
{
    const struct scanning *scanning = context;
    char room[64];
    struct rule_view view = {.data = record_value_bytes(value, kind, room), .ends = true};
    scan_sides(scanning->in, scanning->buffer, &view);
    return false;
}

static void scan_record(struct inspection *in)
{
    const struct rule_plan *plan = in->worker->plan;
    const struct rule_list *buffers = &plan->record_buffers[in->record->type];
    unsigned to = in->side == FLOW_CLIENT ? BUFFER_TO_SERVER : BUFFER_TO_CLIENT;
    for (uint32_t i = 0; i < buffers->count; i++) {
        struct scanning scanning = {in, (enum rule_buffer)buffers->indexes[i]};
        const struct rule_buffer_info *info = &rule_buffer_infos[scanning.buffer];
        for (uint8_t p = 0; p < info->paths_count; p++)
            if (((info->to & to) || in->both_sides) && record_path_here(in, &info->paths[p]))
                record_path_each(&info->paths[p], in->record->body, scan_value, &scanning);
    }
}

// Rules on payload and transaction whose payload was found.
static void add_found(struct inspection *in)
{
    for (size_t i = 0; in->state && i < in->state->payload_count; i++)
        if ((in->state->payload[i] & 1) == in->side)
            rule_candidate_add(in->worker->scratch, (uint32_t)(in->state->payload[i] >> 1));
}

// Rules without a pattern in transactions: those of the application, and those half found.
static void add_always(struct inspection *in)
{
    const struct rule_plan *plan = in->worker->plan;
    inspect_add(in, &plan->tx_any);
    for (uint64_t apps = in->apps; apps; apps &= apps - 1)
        inspect_add(in, &plan->tx[__builtin_ctzll(apps)]);
    add_found(in);
}

// Files of the same transaction that are over stand among the flow's transactions.
static struct rule_tx *files_before(const struct inspection *in)
{
    return in->file && in->beside && in->beside->files ? in->state->txs : NULL;
}

static void inspect_now(struct inspection *in)
{
    if (in->worker->plan->firewall && !inspect_gate_tx(in))
        return;
    if (in->apps & (1ULL << RULE_APP_dcerpc))
        rule_match_dce(in->worker->scratch, !in->pf->big_endian);
    scan_shown(in, in->tx);
    scan_shown(in, in->beside);
    for (struct rule_tx *t = files_before(in); t; t = t->next)
        if (t->carrier == in->beside)
            scan_shown(in, t);
    if (in->record)
        scan_record(in);
    add_always(in);
    inspect_candidates(in);
}

void inspect_tx_again(
    struct rules_worker *w, struct flow *flow, enum flow_side side, const struct decoded *packet)
{
    struct rule_flow *state = rule_flow_find(w, flow);
    for (struct rule_tx *tx = state ? state->txs : NULL; tx; tx = tx->next) {
        struct inspection in;
        if (!tx->done[side])
            continue;
        inspect_begin(&in, w, flow, side, WORLD_TX);
        in.packet = packet;
        in.apps = inspect_apps(w, tx->proto->name);
        in.tx = in.tx_told = tx;
        add_found(&in);
        inspect_candidates(&in);
    }
}

static bool side_fits(const struct inspection *in, uint8_t sides)
{
    return in->both_sides ||
           sides & (in->side == FLOW_CLIENT ? BUFFER_TO_SERVER : BUFFER_TO_CLIENT);
}

bool inspect_role_fits(const struct inspection *in, const struct rule *rule)
{
    const struct rule_role *role = &in->worker->plan->roles[rule->index];
    bool transaction = rule->header->direction == RULE_TRANSACTION;
    if (in->is_event)
        return true;
    if (in->world == WORLD_TX && in->both_sides != transaction)
        return false;
    if ((in->records_only && !role->record) || (in->file && !role->file) ||
        (in->frame != NULL) != role->frame)
        return false;
    if (in->world == WORLD_TX && rule->filestore && !in->file)
        return false; // it asks for a file, whatever else it asks
    return in->world != WORLD_TX || side_fits(in, role->sides);
}

// What that side showed, and the record so far where its fields are asked for.
static void on_side_done(void *context, struct proto_flow *pf, enum flow_side side, uint64_t tx_id,
    enum record_type type, const void *body)
{
    struct rules_worker *w = context;
    struct record known = {.type = type, .body = body};
    bool fields = body && w->plan->record_types[type];
    struct rule_tx *tx = fields || !body
                             ? tx_for(w, pf, tx_id)
                             : rule_tx_find(rule_flow_find(w, pf->flow), pf->proto, tx_id);
    if (!tx || (tx->done[side] && !fields))
        return;
    struct inspection in;
    in_of(&in, w, pf, side);
    in.records_only = tx->done[side]; // it said something before
    in.tx = tx;
    in.tx_told = tx;
    known.head.has_tx_id = true;
    known.head.tx_id = tx_id;
    in.record = fields ? &known : NULL;
    tx->done[side] = true;
    inspect_now(&in);
    if (tx_id == PROTO_TX_NEXT)
        rule_tx_end(in.state, tx);
}

// Each side of the exchange, then rules that ask for both.
static void inspect_record(
    struct rules_worker *w, struct proto_flow *pf, struct rule_tx *tx, const struct record *record)
{
    bool message = record_is_message[record->type];
    enum flow_side first = message ? (pf->answers ? FLOW_SERVER : pf->speaker) : FLOW_CLIENT;
    struct rule_tx local = {.told = NULL};
    struct inspection in;
    arena_init(&local.arena, w->pool, w->config->rules.flow_memory_bytes);
    for (int i = 0; i < (message ? 1 : 3); i++) {
        enum flow_side side = i == 1 ? flow_other(first) : first;
        bool done = tx && i < 2 && tx->done[side];
        if ((done && !w->plan->records) || (i == 2 && !w->plan->transactions))
            continue;
        in_of(&in, w, pf, side);
        if (inspect_is_over(in.state, pf->packet))
            break;
        in.tx = tx;
        in.tx_told = tx ? tx : &local;
        in.record = record;
        in.records_only = done;
        in.both_sides = i == 2;
        if (record->type == RECORD_DNS) // whatever carries it
            in.apps |= rule_apps_of("dns");
        inspect_now(&in);
    }
    arena_reset(&local.arena);
}

// Events that wait, at the record of their transaction or without one.
static void events_inspect(const struct inspection *where, struct flow *flow);

// Written for a request that was written before, as no answer came.
static bool is_repeat(const struct record *record)
{
    const struct record_dns *dns = record->type == RECORD_DNS ? record->body : NULL;
    return dns && bytes_equal(dns->type, BYTES("unanswered"));
}

static void on_record(void *context, struct proto_flow *pf, const struct record *record)
{
    struct rules_worker *w = context;
    if (!pf->flow || record->type == RECORD_ANOMALY || is_repeat(record))
        return;
    if (pf->packet == w->unnamed)
        inspect_packet_named(w, pf->flow, record);
    uint64_t id = record->head.has_tx_id ? record->head.tx_id : UINT64_MAX;
    struct rule_flow *state = rule_flow_find(w, pf->flow);
    struct rule_tx *tx = rule_tx_find(state, pf->proto, id);
    if (!tx)
        tx = rule_tx_find(state, pf->proto, PROTO_TX_NEXT);
    if (state && state->events_count) {
        struct inspection in;
        in_of(&in, w, pf, pf->speaker);
        in.tx = tx;
        in.record = record;
        events_inspect(&in, pf->flow);
    }
    if (!tx && !w->plan->record_types[record->type])
        return;
    inspect_record(w, pf, tx, record);
    state = rule_flow_find(w, pf->flow);
    if (state && tx && !pf->goes_on)
        rule_tx_end(state, tx);
}

// An event waits for the next record of its flow, which tells of the same transaction mostly.
static void on_anomaly(void *context, struct proto_flow *pf, enum anomaly anomaly)
{
    struct rules_worker *w = context;
    struct rule_flow *state =
        pf->flow && w->plan->events[EVENTS_APP].count ? rule_flow_of(w, pf->flow) : NULL;
    if (!state)
        return;
    for (size_t i = 0; i < state->events_count; i++)
        if (state->events[i].anomaly == anomaly)
            return;
    if (state->events_count < INSPECT_EVENTS)
        state->events[state->events_count++] = (struct rule_flow_event){anomaly, pf->parsing};
}

static void events_inspect(const struct inspection *where, struct flow *flow)
{
    struct rules_worker *w = where->worker;
    struct rule_flow *state = where->state;
    for (size_t i = 0; i < state->events_count; i++) {
        struct inspection in;
        inspect_begin(&in, w, flow, state->events[i].side, WORLD_TX);
        in.pf = where->pf;
        in.packet = where->packet;
        in.time_us = where->time_us;
        in.apps = where->apps;
        in.tx = where->tx;
        in.record = where->record;
        in.is_event = true;
        in.anomaly = state->events[i].anomaly;
        inspect_add(&in, &w->plan->events[EVENTS_APP]);
        inspect_candidates(&in);
    }
    state->events_count = 0;
}

void inspect_events_left(
    struct rules_worker *w, struct flow *flow, enum flow_side side, const struct decoded *packet)
{
    struct rule_flow *state = rule_flow_find(w, flow);
    struct inspection in;
    if (!state || state->events_count == 0)
        return;
    inspect_begin(&in, w, flow, side, WORLD_TX);
    in.packet = packet;
    in.time_us = packet ? packet->time_ns / 1000 : flow->last_us;
    in.tx = state->txs; // the newest
    events_inspect(&in, flow);
}

// ---- files

const struct proto inspect_file_proto = {.name = "file"};

static struct bytes extension_of(struct bytes name)
{
    const uint8_t *dot = name.len ? memrchr(name.data, '.', name.len) : NULL;
    return dot ? bytes_from(name, (size_t)(dot - name.data) + 1) : (struct bytes){NULL, 0};
}

static void file_inspect(struct rules_worker *w, struct proto_flow *pf, struct rule_tx *tx,
    const struct proto_file_news *news)
{
    struct inspection in;
    in_of(&in, w, pf, news->side);
    in.tx = tx;
    in.beside = rule_tx_find(in.state, pf->proto, news->tx_id);
    in.tx_told = tx; // once for each file
    in.file = news;
    inspect_now(&in);
}

static struct shown *file_shown(struct rules_worker *w, struct rule_tx *tx,
    const struct proto_file_news *news, enum rule_buffer buffer)
{
    struct shown *s = shown_last(tx, buffer, news->side);
    return s ? s : shown_new(w, tx, buffer, news->side);
}

static void file_said(struct rules_worker *w, struct rule_tx *tx,
    const struct proto_file_news *news, enum rule_buffer buffer, struct bytes data)
{
    if (!(w->plan->wants[buffer / 64] >> (buffer % 64) & 1) || !data.data)
        return;
    struct shown *s = file_shown(w, tx, news, buffer);
    if (s)
        shown_fill(w, tx, s, data);
}

// The window is full: look, and go on with its end.
static void window_turn(struct shown *s)
{
    size_t kept = s->len < INSPECT_OVERLAP ? s->len : INSPECT_OVERLAP;
    memmove(s->data, &s->data[s->len - kept], kept);
    s->start += s->len - kept;
    s->len = s->fresh = kept;
}

// A file that is not looked at any further stays cut.
static bool file_goes_on(struct rules_worker *w, struct shown *s)
{
    if (s->start + s->len < w->config->rules.file_bytes)
        return true;
    w->metrics->rules_files_cut += !s->cut;
    s->cut = true;
    return false;
}

static void file_data(struct rules_worker *w, struct proto_flow *pf, struct rule_tx *tx,
    const struct proto_file_news *news)
{
    struct shown *s = file_shown(w, tx, news, BUFFER_FILE_DATA);
    struct bytes data = news->data;
    size_t whole = shown_most(w);
    while (s && data.len > 0 && file_goes_on(w, s)) {
        struct bytes part = bytes_sub(data, 0, whole - s->len);
        if (!shown_add(w, tx, s, part))
            return;
        data = bytes_from(data, part.len);
        if (s->len < whole)
            break;
        s->cut = true;
        file_inspect(w, pf, tx, news);
        window_turn(s);
        s->cut = false;
    }
}

static void on_file(void *context, struct proto_flow *pf, const struct proto_file_news *news)
{
    struct rules_worker *w = context;
    if (!w->plan->files || !pf->flow)
        return;
    struct rule_flow *state = rule_flow_of(w, pf->flow);
    // A file may outlive its transaction's record: it has a place of its own.
    struct rule_tx *tx = state && !inspect_is_over(state, pf->packet)
                             ? rule_tx_of(w, state, &inspect_file_proto, news->number)
                             : NULL;
    if (!tx)
        return;
    bool wants_data = w->plan->wants[BUFFER_FILE_DATA / 64] >> (BUFFER_FILE_DATA % 64) & 1;
    if (news->event == FILE_DATA && wants_data)
        file_data(w, pf, tx, news);
    if (news->event != FILE_CLOSED)
        return;
    file_said(w, tx, news, BUFFER_FILE_NAME, news->name);
    file_said(w, tx, news, BUFFER_FILEEXT, extension_of(news->name));
    file_said(w, tx, news, BUFFER_FILE_MAGIC, news->info->magic);
    file_inspect(w, pf, tx, news);
    struct rule_tx *carrier =
        w->plan->files_together ? rule_tx_of(w, state, pf->proto, news->tx_id) : NULL;
    if (rule_tx_find(state, &inspect_file_proto, news->number) != tx)
        return; // it made room for the other
    if (!carrier) {
        rule_tx_end(state, tx);
        return;
    }
    tx->carrier = carrier;
    carrier->files++;
}

void inspect_watch_fill(struct rules_worker *w)
{
    w->watch = (struct proto_watch){
        .context = w,
        .show = on_show,
        .side_done = on_side_done,
        .record = on_record,
        .file = on_file,
        .anomaly = on_anomaly,
        .records = w->plan->record_types,
    };
    inspect_frames_watch(&w->watch);
    memcpy(w->watch.wants, w->plan->wants, sizeof w->watch.wants);
}
