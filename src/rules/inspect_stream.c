// SPDX-License-Identifier: Apache-2.0
// Packets and streams. A stream is looked at in order, each segment together with a window of what
// came before it, so that a match may begin in one segment and end in another. The window is
// bounded, and so is how much of a stream is looked at once no parser wants it.
#include "base/alloc.h"
#include "rules/inspect.h"
#include <stdio.h>

static bool joined_room(struct rules_worker *w, size_t room)
{
    if (room <= w->joined_room)
        return true;
    uint8_t *joined = base_realloc(w->joined, room);
    if (!joined)
        return false;
    w->joined = joined;
    w->joined_room = room;
    return true;
}

// A window is only worth its memory while there is plenty of it.
static bool memory_is_short(const struct pool *pool)
{
    return pool->limit_bytes && pool->used_bytes > pool->limit_bytes / 16 * 10;
}

static bool window_grow(struct rules_worker *w, struct rule_window *window, size_t len)
{
    uint32_t room = window->room ? window->room : INSPECT_WINDOW_LEAST;
    while (room < len && room < INSPECT_WINDOW_ROOM)
        room = room * 2 + INSPECT_CHUNK;
    if (room == window->room)
        return room >= len;
    if (!window->data)
        arena_init(&window->arena, w->pool, w->config->rules.flow_memory_bytes);
    void *grown = memory_is_short(w->pool)
                      ? NULL
                      : arena_grow(&window->arena, window->data, window->room, room);
    if (!grown) {
        w->metrics->rules_memcap++;
        return false;
    }
    window->data = grown;
    window->room = room;
    return room >= len;
}

// Keep the last bytes of what there is; they are what a match may begin in.
static void window_keep_end(struct rule_window *window, size_t most)
{
    size_t kept = window->len < most ? window->len : most;
    uint32_t gone = window->len - (uint32_t)kept;
    if (kept)
        memmove(window->data, &window->data[gone], kept);
    window->old = window->old > gone ? window->old - gone : 0;
    window->len = (uint32_t)kept;
}

// Of its first `before` bytes those a match may begin in.
static size_t window_carried(const struct rule_window *window, size_t before)
{
    size_t carried = before - window->old;
    return carried < INSPECT_WINDOW ? carried : INSPECT_WINDOW;
}

static struct rule_view window_view(const struct rule_window *window, size_t before, size_t added)
{
    size_t carried = window_carried(window, before);
    return (struct rule_view){
        .data = bytes_make(&window->data[before - carried], carried + added),
        .fresh = carried,
        .start = window->next - added - carried,
    };
}

// A segment larger than the window's room: window and segment in one piece of the worker's.
static struct rule_view window_pass(
    struct rules_worker *w, struct rule_window *window, struct bytes data)
{
    struct rule_view view = {.data = data, .start = window->next};
    size_t before = window_carried(window, window->len);
    if (before && joined_room(w, before + data.len)) {
        memcpy(w->joined, &window->data[window->len - before], before);
        memcpy(&w->joined[before], data.data, data.len);
        view.data = bytes_make(w->joined, before + data.len);
        view.fresh = before;
        view.start = window->next - before;
    }
    window->next += data.len;
    window->len = window->old = 0;
    struct bytes tail = bytes_from(data, data.len > window->room ? data.len - window->room : 0);
    if (tail.len)
        memcpy(window->data, tail.data, tail.len);
    window->len = (uint32_t)tail.len;
    return view;
}

// New bytes go behind the window's, so that both lie in one piece; only a full window is moved.
static struct rule_view window_add(
    struct rules_worker *w, struct rule_window *window, struct bytes data)
{
    size_t before = window->len;
    if (before + data.len > window->room && !window_grow(w, window, before + data.len)) {
        size_t room = window->room > data.len ? window->room - data.len : 0;
        if (data.len > window->room || (room < INSPECT_WINDOW && room < before))
            return window_pass(w, window, data);
        window_keep_end(window, room < INSPECT_WINDOW ? room : INSPECT_WINDOW);
        before = window->len;
    }
    memcpy(&window->data[before], data.data, data.len);
    window->len = (uint32_t)(before + data.len);
    window->next += data.len;
    return window_view(window, before, data.len);
}

// The packet's own payload is what the stream got: one scan serves both.
static bool is_owed(struct rules_worker *w, const struct decoded *packet, struct bytes data)
{
    bool owed = packet && w->owed == packet;
    w->owed = NULL;
    return owed && data.data == packet->payload && data.len == packet->payload_len;
}

static void packet_of(
    struct inspection *in, const struct inspection *stream, const struct rule_view *view)
{
    *in = *stream;
    in->world = WORLD_PACKET;
    in->payload = view;
    in->apps_new = false;
}

// What comes behind a handshake is ciphertext, in which nothing can be found.
static bool is_ciphertext(const struct inspection *in, const struct rule_window *window)
{
    const uint64_t encrypted = 1ULL << RULE_APP_tls | 1ULL << RULE_APP_ssh | 1ULL << RULE_APP_quic;
    return (in->apps & encrypted) && window->next >= INSPECT_HANDSHAKE;
}

bool inspect_stream_payload(struct rules_worker *w, struct flow *flow, enum flow_side side,
    struct bytes data, const struct decoded *packet)
{
    bool owed = is_owed(w, packet, data);
    if ((!w->plan->streams && !owed) || flow->ip_proto != PROTO_TCP)
        return false;
    struct inspection in, of_packet;
    inspect_begin(&in, w, flow, side, WORLD_STREAM);
    if (!in.state)
        in.state = rule_flow_of(w, flow);
    if (!in.state || inspect_is_over(in.state, packet))
        return false;
    struct rule_window *window = &in.state->window[side];
    if (is_ciphertext(&in, window)) {
        window->next += data.len;
        return false;
    }
    struct rule_view view = window_add(w, window, data), scan = view;
    struct rule_view own = {.data = data, .ends = true};
    in.packet = packet;
    in.payload = &view;
    in.apps_new = in.apps != window->apps;
    window->apps = in.apps;
    if (in.apps_new) {
        scan.again = scan.fresh > 0;
        scan.fresh = 0;
    }
    inspect_scan(&in, BUFFER_PAYLOAD, &scan);
    if (owed)
        packet_of(&of_packet, &in, &own);
    inspect_candidates_of_segment(owed ? &of_packet : NULL, &in);
    if (in.half_found || (owed && of_packet.half_found))
        inspect_tx_again(w, flow, side, packet);
    uint64_t most = w->config->rules.stream_bytes;
    w->metrics->rules_streams_cut += window->next >= most && window->next - data.len < most;
    return window->next < most && !in.state->passed;
}

// What alerts show of the stream says where bytes are missing.
static void window_gap(struct rule_window *window, size_t lost)
{
    char text[48];
    int n = snprintf(text, sizeof text, "[%zu bytes missing]", lost);
    window->next += lost;
    if (window->len == 0 || window->room - window->len < (size_t)n) {
        window->len = window->old = 0;
        return;
    }
    memcpy(&window->data[window->len], text, (size_t)n);
    window->len += (uint32_t)n;
    window->old = window->len;
}

void inspect_stream_gap(
    struct rules_worker *w, const struct flow *flow, enum flow_side side, size_t lost)
{
    struct rule_flow *state = rule_flow_find(w, flow);
    if (!state)
        return;
    window_gap(&state->window[side], lost);
    inspect_frames_end(state, (int)side);
}

// Rules that ask for addresses alone.
static void pick_addresses(struct inspection *in)
{
    rule_prefilter_addresses(in->worker->scratch, &in->src, &in->dst);
    inspect_add(in, &in->worker->plan->once);
}

// Payload of TCP that comes in order is looked at once for packet and stream, when the stream gets
// it. Nobody looks at what is only counted any more: ciphertext, the far end of bulk.
static bool is_left_to_stream(struct rules_worker *w, const struct flow *flow, enum flow_side side,
    const struct decoded *packet)
{
    if (flow->ip_proto != PROTO_TCP || packet->kind != DECODE_TCP)
        return false;
    if (flow->flags & FLOW_UNWANTED)
        return true;
    uint32_t seq = packet->tcp_seq + (packet->tcp_flags & TCP_SYN ? 1 : 0);
    if (!flow->tcp_sync[side] || seq != flow->tcp_next[side])
        return false;
    w->owed = packet;
    return true;
}

// A side's addresses are looked at once.
static bool is_first(const struct rule_plan *plan, const struct flow *flow, enum flow_side side,
    const struct decoded *packet)
{
    return plan->addresses && flow->packets[side] <= packet->frames;
}

static bool has_payload(struct rules_worker *w, const struct flow *flow, enum flow_side side,
    const struct decoded *packet)
{
    return packet->payload_len && w->plan->payload[carrier_of(flow->ip_proto)] &&
           !is_left_to_stream(w, flow, side, packet);
}

// Rules are tried in their turn, whatever finds them.
static void packet_rules(struct inspection *in)
{
    const struct rule_plan *plan = in->worker->plan;
    const struct decoded *packet = in->packet;
    size_t kind = carrier_of(in->ip_proto);
    if (is_first(plan, in->flow, in->side, packet))
        pick_addresses(in);
    if (has_payload(in->worker, in->flow, in->side, packet))
        inspect_scan(in, BUFFER_PAYLOAD, in->payload);
    if (plan->headers && plan->packets[kind])
        inspect_scan_headers(in);
    rule_quick_pick_packet(in->worker, in->flow, in->side, packet);
    inspect_candidates(in);
}

void inspect_packet_named(struct rules_worker *w, struct flow *flow, const struct record *record)
{
    struct inspection in;
    const struct decoded *packet = w->unnamed;
    if (!packet || !flow->app_proto)
        return;
    w->unnamed = NULL;
    struct rule_view view = {
        .data = bytes_make(packet->payload, packet->payload_len), .ends = true};
    if (!w->plan->payload[carrier_of(flow->ip_proto)])
        return;
    inspect_begin(&in, w, flow, inspect_sender(flow, packet), WORLD_PACKET);
    if (in.state && in.state->passed)
        return;
    in.packet = packet;
    in.payload = &view;
    in.apps_new = true;
    in.record = record;
    inspect_scan(&in, BUFFER_PAYLOAD, &view);
    inspect_candidates(&in);
}

void inspect_stream_event(
    struct rules_worker *w, struct flow *flow, const struct decoded *packet, enum anomaly anomaly)
{
    struct inspection in;
    if (!packet || w->plan->events[EVENTS_STREAM].count == 0)
        return;
    struct rule_view view = {
        .data = bytes_make(packet->payload, packet->payload_len), .ends = true};
    inspect_begin(&in, w, flow, inspect_sender(flow, packet), WORLD_PACKET);
    if (inspect_is_over(in.state, packet))
        return;
    in.packet = packet;
    in.payload = &view;
    in.time_us = packet->time_ns / 1000;
    in.is_event = true;
    in.anomaly = anomaly;
    inspect_add(&in, &w->plan->events[EVENTS_STREAM]);
    inspect_candidates(&in);
}

// Most packets have nothing to look for: no payload of their own, no rule without a pattern.
void inspect_packet(
    struct rules_worker *w, struct flow *flow, enum flow_side side, const struct decoded *packet)
{
    const struct rule_plan *plan = w->plan;
    if (!plan->holds && !plan->headers && !is_first(plan, flow, side, packet) &&
        !has_payload(w, flow, side, packet) && !rule_quick_pick_packet(w, flow, side, packet))
        return;
    struct inspection in;
    struct rule_view view = {
        .data = bytes_make(packet->payload, packet->payload_len), .ends = true};
    inspect_begin(&in, w, flow, side, WORLD_PACKET);
    in.packet = packet;
    in.payload = &view;
    in.time_us = packet->time_ns / 1000;
    if (in.state && in.state->passed)
        rule_candidates_take(w->scratch);
    else if (!plan->holds || inspect_gate_before(&in) == GATE_OPEN)
        packet_rules(&in);
}

bool inspect_packet_behind(
    struct rules_worker *w, struct flow *flow, enum flow_side side, const struct decoded *packet)
{
    struct inspection in;
    inspect_begin(&in, w, flow, side, WORLD_PACKET);
    if (in.state && in.state->passed)
        return false;
    if (!packet) // what waited behind a hole when the flow ended
        return true;
    struct rule_view view = {
        .data = bytes_make(packet->payload, packet->payload_len), .ends = true};
    in.packet = packet;
    in.payload = &view;
    enum rule_gate gate = inspect_gate_behind(&in);
    if (gate == GATE_HELD)
        packet_rules(&in);
    struct rule_flow *state = flow->app_proto ? rule_flow_of(w, flow) : NULL;
    if (state)
        state->spoke[side] = flow->app_proto;
    return gate != GATE_CLOSED;
}

void inspect_scan_headers(struct inspection *in)
{
    static const enum rule_buffer headers[] = {BUFFER_ETHER_HDR, BUFFER_IPV4_HDR, BUFFER_IPV6_HDR,
        BUFFER_TCP_HDR, BUFFER_UDP_HDR, BUFFER_ICMPV4_HDR, BUFFER_ICMPV6_HDR, BUFFER_IGMP_HDR,
        BUFFER_SCTP_HDR, BUFFER_ARP_HDR, BUFFER_IP_SRC, BUFFER_IP_DST};
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        struct rule_view view = {.ends = true};
        if (rule_prefilter_has(in->worker->set, headers[i]) &&
            rule_packet_header(in->packet, headers[i], &view.data))
            inspect_scan(in, headers[i], &view);
    }
}
