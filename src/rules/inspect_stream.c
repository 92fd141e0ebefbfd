// SPDX-License-Identifier: Apache-2.0
// Packets and streams. A stream is looked at in order, each segment together with a window of what
// came before it, so that a match may begin in one segment and end in another. The window is
// bounded, and so is how much of a stream is looked at once no parser wants it.
#include "base/alloc.h"
#include "rules/inspect.h"

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

// The window and the new bytes behind it, in one piece.
static struct rule_view view_of(
    struct rules_worker *w, const struct rule_window *window, struct bytes data)
{
    struct rule_view view = {.data = data, .start = window ? window->next : 0};
    if (!window || window->len == 0 || !joined_room(w, window->len + data.len))
        return view;
    memcpy(w->joined, window->data, window->len);
    memcpy(&w->joined[window->len], data.data, data.len);
    view.data = bytes_make(w->joined, window->len + data.len);
    view.fresh = window->len;
    view.start = window->next - window->len;
    return view;
}

// A window is only worth its memory while there is plenty of it.
static bool memory_is_short(const struct pool *pool)
{
    return pool->limit_bytes && pool->used_bytes > pool->limit_bytes / 16 * 10;
}

static void window_keep(struct rules_worker *w, struct rule_flow *state, struct rule_window *window,
    const struct rule_view *view)
{
    struct bytes tail = view->data;
    window->next = view->start + view->data.len;
    if (tail.len > INSPECT_WINDOW)
        tail = bytes_from(tail, tail.len - INSPECT_WINDOW);
    if (tail.len > window->room) {
        uint32_t room = window->room ? window->room : 512;
        while (room < tail.len)
            room *= 2;
        void *grown = memory_is_short(w->pool)
                          ? NULL
                          : arena_grow(&state->arena, window->data, window->len, room);
        if (!grown) {
            w->metrics->rules_memcap++;
            tail = bytes_from(tail, tail.len - window->room);
        } else {
            window->data = grown;
            window->room = room;
        }
    }
    if (tail.len)
        memmove(window->data, tail.data, tail.len);
    window->len = (uint32_t)tail.len;
}

bool inspect_stream_payload(struct rules_worker *w, struct flow *flow, enum flow_side side,
    struct bytes data, const struct decoded *packet)
{
    if (!w->plan->streams || flow->ip_proto != PROTO_TCP)
        return false;
    struct inspection in;
    inspect_begin(&in, w, flow, side, WORLD_STREAM);
    if (!in.state)
        in.state = rule_flow_of(w, flow);
    if (in.state && in.state->passed)
        return false;
    struct rule_window *window = in.state ? &in.state->window[side] : NULL;
    struct rule_view view = view_of(w, window, data);
    in.packet = packet;
    in.payload = &view;
    inspect_scan(&in, BUFFER_PAYLOAD, &view);
    const struct rule_list *always[] = {&w->plan->stream};
    inspect_candidates(&in, always, 1);
    if (!window)
        return false;
    window_keep(w, in.state, window, &view);
    return window->next < INSPECT_STREAM && !in.state->passed;
}

void inspect_stream_gap(
    struct rules_worker *w, const struct flow *flow, enum flow_side side, size_t lost)
{
    struct rule_flow *state = rule_flow_find(w, flow);
    if (!state)
        return;
    state->window[side].len = 0;
    state->window[side].next += lost;
}

// Rules that ask for addresses alone: once for each side of a flow.
static void inspect_addresses(struct inspection *in)
{
    struct rule_flow *state = in->state ? in->state : rule_flow_of(in->worker, in->flow);
    if (!state || state->once[in->side])
        return;
    in->state = state;
    state->once[in->side] = true;
    rule_prefilter_addresses(in->worker->scratch, &in->src, &in->dst);
    const struct rule_list *always[] = {&in->worker->plan->once};
    inspect_candidates(in, always, 1);
}

void inspect_packet(
    struct rules_worker *w, struct flow *flow, enum flow_side side, const struct decoded *packet)
{
    const struct rule_plan *plan = w->plan;
    size_t kind = rule_plan_ip_kind(flow->ip_proto);
    if (!plan->packets[kind] && !plan->addresses)
        return;
    struct inspection in;
    struct rule_view view = {
        .data = bytes_make(packet->payload, packet->payload_len), .ends = true};
    inspect_begin(&in, w, flow, side, WORLD_PACKET);
    if (in.state && in.state->passed)
        return;
    in.packet = packet;
    in.payload = &view;
    in.time_us = packet->time_ns / 1000;
    if (plan->addresses && flow->packets[side] <= packet->frames)
        inspect_addresses(&in);
    if (!plan->packets[kind] || in.passed)
        return;
    if (plan->payload[kind])
        inspect_scan(&in, BUFFER_PAYLOAD, &view);
    if (plan->headers)
        inspect_scan_headers(&in);
    const struct rule_list *always[] = {&plan->packet[kind]};
    inspect_candidates(&in, always, 1);
}

void inspect_scan_headers(struct inspection *in)
{
    static const enum rule_buffer headers[] = {BUFFER_ETHER_HDR, BUFFER_IPV4_HDR, BUFFER_IPV6_HDR,
        BUFFER_TCP_HDR, BUFFER_UDP_HDR, BUFFER_ICMPV4_HDR, BUFFER_ICMPV6_HDR, BUFFER_IGMP_HDR,
        BUFFER_SCTP_HDR, BUFFER_ARP_HDR};
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        struct rule_view view = {.ends = true};
        if (rule_prefilter_has(in->worker->set, headers[i]) &&
            rule_packet_header(in->packet, headers[i], &view.data))
            inspect_scan(in, headers[i], &view);
    }
}
