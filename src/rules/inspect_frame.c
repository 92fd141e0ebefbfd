// SPDX-License-Identifier: Apache-2.0
// Frames: what a parser says of its protocol's framing is looked at at once; of a frame that is
// longer than what has come, the bytes are kept in a window, and each packet that brings more is
// looked at together with them.
#include "rules/inspect.h"

static void look(struct rules_worker *w, struct proto_flow *pf, struct seen_frame *frame)
{
    struct inspection in;
    const struct decoded *packet = pf->packet;
    inspect_begin(&in, w, pf->flow, frame->is.side, WORLD_TX);
    if (inspect_is_over(in.state, packet))
        return;
    in.pf = pf;
    in.packet = packet;
    in.time_us = packet ? packet->time_ns / 1000 : pf->flow->last_us;
    in.frame = frame;
    in.tx_told = &frame->told;
    inspect_scan(&in, BUFFER_FRAME, &frame->view);
    inspect_add(&in, &w->plan->frame);
    inspect_candidates(&in);
}

static bool is_whole(const struct proto_frame *is, uint64_t seen)
{
    return is->length >= 0 && seen >= (uint64_t)is->length;
}

static uint64_t seen_of(const struct seen_frame *frame)
{
    return frame->view.start + frame->view.data.len;
}

// The window is full: go on with its end.
static void turn(struct seen_frame *frame)
{
    struct rule_view *view = &frame->view;
    size_t kept = view->data.len < INSPECT_OVERLAP ? view->data.len : INSPECT_OVERLAP;
    memmove(frame->data, &frame->data[view->data.len - kept], kept);
    view->start += view->data.len - kept;
    view->data.len = kept;
}

static bool grow(struct seen_frame *frame, size_t len)
{
    size_t room = frame->room ? frame->room : 512;
    while (room < len)
        room *= 2;
    if (room == frame->room)
        return true;
    uint8_t *data = arena_grow(&frame->arena, frame->data, frame->room, room);
    if (!data)
        return false;
    frame->data = data;
    frame->room = room;
    return true;
}

static bool add(struct rules_worker *w, struct seen_frame *frame, struct bytes data)
{
    struct rule_view *view = &frame->view;
    size_t most = w->config->rules.body_bytes;
    if (view->data.len + data.len > most)
        turn(frame);
    data = bytes_sub(data, 0, view->data.len < most ? most - view->data.len : 0);
    size_t before = view->data.len;
    if (!grow(frame, before + data.len)) {
        w->metrics->rules_memcap++;
        return false;
    }
    if (data.len)
        memcpy(&frame->data[before], data.data, data.len);
    view->data = bytes_make(frame->data, before + data.len);
    view->fresh = before;
    view->ends = is_whole(&frame->is, seen_of(frame));
    return true;
}

static void frame_free(struct rule_flow *state, struct seen_frame **link)
{
    struct seen_frame *frame = *link;
    *link = frame->next;
    state->frames_count--;
    arena_reset(&frame->told.arena);
    arena_release(&frame->arena);
}

void inspect_frames_end(struct rule_flow *state, int side)
{
    struct seen_frame **link = &state->frames;
    while (*link)
        if (side < 0 || (int)(*link)->is.side == side)
            frame_free(state, link);
        else
            link = &(*link)->next;
}

// A frame that waits for the rest of its bytes. False: there is no room for it.
static bool keep(struct rules_worker *w, struct rule_flow *state, const struct seen_frame *frame)
{
    struct arena arena;
    struct seen_frame *kept = NULL;
    if (state->frames_count < INSPECT_FRAMES)
        kept = arena_hold(&arena, w->pool, w->config->rules.tx_memory_bytes, sizeof *kept);
    if (!kept) {
        w->metrics->rules_memcap++;
        return false;
    }
    *kept = *frame;
    kept->arena = arena;
    kept->view.data = (struct bytes){NULL, 0};
    arena_init(&kept->told.arena, w->pool, w->config->rules.flow_memory_bytes);
    struct seen_frame **link = &state->frames;
    while (*link)
        link = &(*link)->next;
    *link = kept;
    state->frames_count++;
    kept->fresh = add(w, kept, frame->view.data);
    if (!kept->fresh)
        frame_free(state, link);
    return kept->fresh;
}

static void on_frame(void *context, struct proto_flow *pf, const struct proto_frame *news)
{
    struct rules_worker *w = context;
    bool wanted = w->plan->frame_apps & inspect_apps(w, pf->proto->name);
    struct rule_flow *state = wanted ? rule_flow_of(w, pf->flow) : NULL;
    if (!state || inspect_is_over(state, pf->packet))
        return;
    struct seen_frame frame = {
        .flow = pf->flow,
        .is = *news,
        .number = ++state->frames_seen[news->side],
        .view.data = news->data,
    };
    if (!w->plan->frames[news->frame])
        return;
    frame.view.ends = is_whole(news, news->data.len) || pf->carrier != OVER_TCP;
    if (!frame.view.ends && keep(w, state, &frame)) // the parser may tell more of it
        return;
    arena_init(&frame.told.arena, w->pool, w->config->rules.flow_memory_bytes);
    look(w, pf, &frame);
    arena_reset(&frame.told.arena);
}

static void on_frame_end(void *context, struct proto_flow *pf, enum rule_frame frame,
    enum flow_side side, uint64_t offset)
{
    const struct rule_flow *state = rule_flow_find(context, pf->flow);
    for (struct seen_frame *f = state ? state->frames : NULL; f; f = f->next) {
        if (f->flow != pf->flow || f->is.frame != frame || f->is.side != side || f->is.length >= 0)
            continue;
        f->is.length = (int64_t)(offset - f->is.offset);
        if (seen_of(f) >= (uint64_t)f->is.length) {
            f->view.data.len -= (size_t)(seen_of(f) - (uint64_t)f->is.length);
            f->view.fresh = 0; // what asks for the end has not had it
            f->view.ends = f->fresh = true;
        }
    }
}

// More of a frame. False: there is no more, or not all of it could be kept.
static bool go_on(struct rules_worker *w, struct seen_frame *frame, struct proto_flow *pf,
    enum flow_side side, struct bytes data)
{
    uint64_t at = frame->is.offset + seen_of(frame), begins = pf->received[side] - data.len;
    uint64_t left = (uint64_t)frame->is.length - seen_of(frame); // of an open one: more than any
    if (at < pf->received[side] && left > 0) {
        if (at < begins || !add(w, frame, bytes_sub(data, (size_t)(at - begins), left)))
            return false;
        frame->fresh = true;
    }
    if (frame->fresh)
        look(w, pf, frame);
    frame->fresh = false;
    return !frame->view.ends;
}

static void on_payload(void *context, struct proto_flow *pf, enum flow_side side, struct bytes data)
{
    struct rule_flow *state = rule_flow_find(context, pf->flow);
    struct seen_frame **link = state ? &state->frames : NULL;
    while (link && *link) {
        bool its = (*link)->flow == pf->flow && (*link)->is.side == side;
        if (its && !go_on(context, *link, pf, side, data))
            frame_free(state, link);
        else
            link = &(*link)->next;
    }
}

void inspect_frames_watch(struct proto_watch *watch)
{
    watch->frame = on_frame;
    watch->frame_ends = on_frame_end;
    watch->frames_go_on = on_payload;
}

void inspect_frame_write(struct json *out, const struct inspection *in)
{
    const struct seen_frame *frame = in->frame;
    struct bytes shown = bytes_sub(frame->view.data, 0, INSPECT_FRAME_SHOWN);
    const char *name = rule_frame_names[frame->is.frame];
    JSON_KEY(out, "frame");
    json_open(out, '{');
    JSON_KEY(out, "type");
    json_text(out, bytes_from_text(strchr(name, '.') + 1));
    JSON_KEY(out, "id");
    json_u64(out, frame->number);
    JSON_KEY(out, "direction");
    json_text(out, frame->is.side == FLOW_CLIENT ? BYTES("toserver") : BYTES("toclient"));
    if (in->ip_proto == PROTO_TCP) {
        JSON_KEY(out, "stream_offset");
        json_u64(out, frame->is.offset);
    }
    JSON_KEY(out, "length");
    json_u64(out, frame->is.length < 0 ? seen_of(frame) : (uint64_t)frame->is.length);
    JSON_KEY(out, "complete");
    json_bool(out, frame->is.length < 0 || frame->view.ends);
    JSON_KEY(out, "payload");
    json_base64(out, shown);
    JSON_KEY(out, "payload_printable");
    json_printable(out, shown);
    if (frame->is.tx_id != UINT64_MAX) {
        JSON_KEY(out, "tx_id");
        json_u64(out, frame->is.tx_id);
    }
    json_close(out, '}');
}
