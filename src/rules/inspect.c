// SPDX-License-Identifier: Apache-2.0
// One worker's rules: stands between the flow table and the protocols' engine, sees what passes,
// and lets flows go when neither of them wants more.
#include "rules/inspect.h"
#include "base/alloc.h"

// Ciphertext holds nothing rules could find.
static bool is_ciphertext(const struct flow *flow)
{
    const char *app = flow->app_proto;
    return app && (strcmp(app, "tls") == 0 || strcmp(app, "ssh") == 0 || strcmp(app, "quic") == 0);
}

static bool parser_wants(const struct rules_worker *w, const struct flow *flow)
{
    const struct rule_flow *state = flow->index < w->flows_room ? w->flows[flow->index] : NULL;
    return !state || !state->parser_done;
}

static void parser_let_go(struct rules_worker *w, const struct flow *flow)
{
    struct rule_flow *state = rule_flow_of(w, flow);
    if (state)
        state->parser_done = true;
}

// The stream goes on for rules alone: remembered, so that the engine does not begin anew.
static bool goes_on(struct rules_worker *w, struct flow *flow, bool rules, bool parser)
{
    if (parser)
        return true;
    if (!rules || is_ciphertext(flow))
        return false;
    parser_let_go(w, flow);
    return true;
}

static bool on_payload(void *context, struct flow *flow, enum flow_side side, struct bytes data,
    const struct decoded *packet)
{
    struct rules_worker *w = context;
    uint8_t before = flow->flags;
    bool whole = packet && flow->ip_proto != PROTO_TCP && !w->plan->holds;
    w->unnamed = whole && !flow->app_proto ? packet : NULL;
    bool parser =
        parser_wants(w, flow) && w->inner->payload(w->inner->context, flow, side, data, packet);
    if ((before ^ flow->flags) & FLOW_REVERSED) // the parser knows better who is the client
        side = flow_other(side);
    if (w->plan->holds && !inspect_packet_behind(w, flow, side, packet))
        return parser;
    inspect_packet_named(w, flow, NULL);
    w->unnamed = NULL;
    bool rules = inspect_stream_payload(w, flow, side, data, packet);
    return goes_on(w, flow, rules, parser);
}

static bool on_gap(void *context, struct flow *flow, enum flow_side side, size_t lost,
    const struct decoded *packet)
{
    struct rules_worker *w = context;
    inspect_stream_gap(w, flow, side, lost);
    bool parser =
        parser_wants(w, flow) && w->inner->gap(w->inner->context, flow, side, lost, packet);
    inspect_events_left(w, flow, side, packet);
    return goes_on(w, flow, w->plan->streams, parser);
}

static void on_side_end(
    void *context, struct flow *flow, enum flow_side side, const struct decoded *packet)
{
    struct rules_worker *w = context;
    if (!parser_wants(w, flow))
        return;
    w->inner->side_end(w->inner->context, flow, side, packet);
    inspect_events_left(w, flow, side, packet);
    if ((flow->flags & FLOW_UNWANTED) && goes_on(w, flow, w->plan->streams, false))
        flow->flags &= (uint8_t)~FLOW_UNWANTED;
}

static void on_end(void *context, struct flow *flow)
{
    struct rules_worker *w = context;
    w->inner->end(w->inner->context, flow);
    inspect_events_left(w, flow, FLOW_CLIENT, NULL);
    inspect_gate_end(w, flow);
    rule_flow_end(w, flow);
}

static void on_emit(void *context, const struct record *record)
{
    struct rules_worker *w = context;
    w->inner->emit(w->inner->context, record);
}

static const char *on_before(void *context, const struct flow *flow)
{
    struct rules_worker *w = context;
    return w->inner->before ? w->inner->before(w->inner->context, flow) : NULL;
}

static void on_packet(
    void *context, struct flow *flow, enum flow_side side, const struct decoded *packet)
{
    inspect_packet(context, flow, side, packet);
}

static void on_stream_anomaly(
    void *context, struct flow *flow, const struct decoded *packet, enum anomaly anomaly)
{
    inspect_stream_event(context, flow, packet, anomaly);
}

static bool seat_set(struct rules_worker *w, struct rule_set *set)
{
    struct rule_scratch *scratch =
        set->plan ? rule_scratch_create(set, w->config, w->metrics) : NULL;
    if (!scratch)
        return false;
    rule_scratch_destroy(w->scratch);
    rules_release(w->set);
    w->set = rules_hold(set);
    w->plan = set->plan;
    w->scratch = scratch;
    w->generation++;
    w->costs = NULL; // they were of the other set
    w->metrics->rules_loaded = set->rules_count;
    inspect_watch_fill(w);
    return true;
}

struct rules_worker *rules_worker_create(const struct rules_seat *seat, struct rule_set *set)
{
    struct rules_worker *w = base_calloc(1, sizeof *w);
    if (!w)
        return NULL;
    json_init(&w->shown);
    w->config = seat->config;
    w->pool = seat->pool;
    w->metrics = seat->metrics;
    w->engine = seat->engine;
    w->inner = proto_engine_handler(seat->engine);
    w->sink = seat->sink;
    w->sink_context = seat->sink_context;
    w->handler = (struct flow_handler){
        .context = w,
        .payload = on_payload,
        .gap = on_gap,
        .side_end = on_side_end,
        .end = on_end,
        .emit = on_emit,
        .before = on_before,
        .packet = on_packet,
        .anomaly = on_stream_anomaly,
    };
    if (!seat_set(w, set)) {
        base_free(w);
        return NULL;
    }
    w->costs = seat->costs;
    proto_engine_watch(w->engine, &w->watch);
    return w;
}

void rules_worker_destroy(struct rules_worker *worker)
{
    if (!worker)
        return;
    proto_engine_watch(worker->engine, NULL);
    for (uint32_t i = 0; i < worker->flows_room; i++)
        if (worker->flows[i]) {
            struct flow flow = {.index = i};
            rule_flow_end(worker, &flow);
        }
    rule_scratch_destroy(worker->scratch);
    rules_release(worker->set);
    base_free(worker->flows);
    base_free(worker->joined);
    json_finish(&worker->shown);
    base_free(worker);
}

const struct flow_handler *rules_worker_handler(struct rules_worker *worker)
{
    return &worker->handler;
}

bool rules_worker_swap(struct rules_worker *worker, struct rule_set *set)
{
    return seat_set(worker, set);
}

void rules_worker_packet(struct rules_worker *worker, const struct decoded *packet)
{
    const struct rule_plan *plan = worker->plan;
    if (packet->anomaly_count == 0 || plan->events[EVENTS_DECODE].count == 0)
        return;
    struct inspection in = {.worker = worker, .world = WORLD_PACKET, .packet = packet};
    struct rule_view view = {
        .data = bytes_make(packet->payload, packet->payload_len), .ends = true};
    in.payload = &view;
    in.is_event = true;
    in.ip_proto = packet->ip_proto;
    in.src = packet->ip_version == 4 ? addr_v4(packet->src) : addr_v6(packet->src);
    in.dst = packet->ip_version == 4 ? addr_v4(packet->dst) : addr_v6(packet->dst);
    in.src_port = packet->src_port;
    in.dst_port = packet->dst_port;
    in.time_us = packet->time_ns / 1000;
    for (uint8_t i = 0; i < packet->anomaly_count; i++) {
        in.anomaly = packet->anomalies[i];
        inspect_add(&in, &plan->events[EVENTS_DECODE]);
        inspect_candidates(&in);
    }
}
