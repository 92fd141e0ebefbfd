// SPDX-License-Identifier: Apache-2.0
// Between flows and parsers: asks the probes, keeps unread bytes, acts on verdicts.
#include "proto/engine.h"
#include "base/alloc.h"
#include <assert.h>

static const struct proto *const protos[] = {
#define PROTO(name) &proto_##name,
#include "proto/proto.def"
#undef PROTO
};

enum { PROTOS = sizeof protos / sizeof *protos };

const struct proto proto_any = {.name = "any"};

struct proto_list proto_all(void)
{
    return (struct proto_list){protos, PROTOS};
}

static enum proto_carrier carrier_of(const struct flow *flow)
{
    switch (flow->ip_proto) {
    case PROTO_TCP: return OVER_TCP;
    case PROTO_UDP: return OVER_UDP;
    case PROTO_ICMP:
    case PROTO_ICMPV6: return OVER_ICMP;
    case PROTO_SCTP: return OVER_SCTP;
    default: return OVER_IP;
    }
}

static void flow_release(struct flow *flow);

// A quarter of the memory is for flows whose protocol is known: a flood of unknown ones must not
// leave the parsers without any. The oldest of them stay unnamed.
static void unclaimed_trim(struct proto_engine *e)
{
    size_t most = e->pool->limit_bytes - e->pool->limit_bytes / 4;
    while (e->pool->limit_bytes && e->pool->used_bytes > most && e->unclaimed_first) {
        struct flow *flow = e->unclaimed_first->pf.flow;
        e->metrics->app_layer_unnamed++;
        flow_release(flow);
        flow->flags |= FLOW_UNWANTED;
    }
}

static struct engine_flow *flow_begin(struct proto_engine *e, struct flow *flow)
{
    struct arena arena;
    unclaimed_trim(e);
    struct engine_flow *ef =
        arena_hold(&arena, e->pool, e->config->app_layer.flow_memory_bytes, sizeof *ef);
    if (!ef) {
        e->metrics->app_layer_memcap++;
        return NULL;
    }
    ef->arena = arena;
    ef->pf.flow = flow;
    ef->pf.engine = e;
    ef->pf.carrier = carrier_of(flow);
    ef->pf.watch = e->watch;
    flow->app = ef;
    engine_unclaimed_add(e, ef);
    return ef;
}

// The parser leaves the flow.
static void parser_end(struct engine_flow *ef)
{
    struct proto_flow *pf = &ef->pf;
    if (!pf->proto)
        return;
    pf->packet = NULL;
    if (pf->proto->finish)
        pf->proto->finish(pf);
    arena_reset(&pf->arena);
    pf->proto = NULL;
    pf->state = NULL;
    pf->need[0] = pf->need[1] = 0;
}

// A parser's place in the list, from 1; names are told apart by their address.
static uint8_t proto_number(const char *name)
{
    for (size_t i = 0; i < PROTOS && i < UINT8_MAX; i++)
        if (protos[i]->name == name)
            return (uint8_t)(i + 1);
    return 0;
}

static const char *handle_before(void *context, const struct flow *flow)
{
    (void)context;
    return flow->app_before ? protos[flow->app_before - 1]->name : NULL;
}

void proto_name(struct proto_flow *pf, const char *name)
{
    if (!pf->flow || pf->flow->app_proto == name)
        return;
    if (!pf->flow->app_before)
        pf->flow->app_before = proto_number(pf->flow->app_proto);
    pf->flow->app_proto = name;
}

static bool parser_begin(struct engine_flow *ef, const struct proto *proto)
{
    struct proto_flow *pf = &ef->pf;
    struct proto_engine *e = pf->engine;
    arena_init(&pf->arena, e->pool, proto->budget_bytes + proto->state_bytes + 4096U);
    pf->state = proto->state_bytes ? arena_zalloc(&pf->arena, proto->state_bytes) : NULL;
    if (proto->state_bytes && !pf->state) {
        arena_reset(&pf->arena);
        e->metrics->app_layer_memcap++;
        return false;
    }
    engine_unclaimed_remove(e, ef);
    pf->proto = proto;
    pf->speaker = FLOW_CLIENT;
    proto_name(pf, proto->name);
    pf->flow->app_basis = FLOW_BY_PARSER;
    return true;
}

// Nobody wants this flow any more: give everything back.
static void flow_release(struct flow *flow)
{
    struct engine_flow *ef = flow->app;
    if (!ef)
        return;
    struct proto_engine *e = ef->pf.engine;
    parser_end(ef);
    engine_unclaimed_remove(e, ef);
    if (ef->ndpi) {
        const char *name = namer_finish(e->namer, ef);
        if (!flow->app_proto && name) {
            flow->app_proto = name;
            flow->app_basis = FLOW_BY_NDPI;
        }
    }
    proto_pending_drop(&ef->pending[0]);
    proto_pending_drop(&ef->pending[1]);
    flow->app = NULL;
    arena_release(&ef->arena); // it holds ef
}

#define SWAP(pair)                                                                                 \
    do {                                                                                           \
        __typeof__((pair)[0]) first = (pair)[0];                                                   \
        (pair)[0] = (pair)[1], (pair)[1] = first;                                                  \
    } while (0)

static void swap_sides(struct engine_flow *ef)
{
    SWAP(ef->pending);
    SWAP(ef->probe);
    SWAP(ef->pf.ended);
    SWAP(ef->pf.received);
    ef->reversed = !ef->reversed;
    flow_reverse(ef->pf.flow);
}

// The first protocol that knows these bytes. *more: one wants to see more of them.
static const struct proto *probe_all(
    struct proto_engine *e, const struct proto_first *first, enum proto_probe *answer, bool *more)
{
    *more = false;
    if (e->forced) {
        *answer = PROBE_CLIENT;
        return e->forced;
    }
    for (size_t i = 0; i < PROTOS; i++) {
        if (!(protos[i]->carriers & first->carrier))
            continue;
        *answer = protos[i]->probe(first);
        if (*answer >= PROBE_CLIENT)
            return protos[i];
        *more |= *answer == PROBE_MORE;
    }
    return NULL;
}

// A flow another one announced needs no probe; its sides may turn out to be the other way round.
static void begin_expected(struct engine_flow *ef, enum flow_side *side)
{
    struct proto_engine *e = ef->pf.engine;
    const struct expect_entry *entry = e->expected ? expect_take(e->expected, ef->pf.flow) : NULL;
    if (!entry)
        return;
    ef->pf.note =
        arena_copy(&ef->arena, bytes_make(entry->note, entry->note_len)); // the entry is reused
    const struct flow *flow = ef->pf.flow;
    bool listener_is_client = flow->port[FLOW_CLIENT] == entry->port &&
                              memcmp(flow->addr[FLOW_CLIENT], entry->addr[0], 16) == 0;
    if (entry->listener_is_client != listener_is_client) {
        swap_sides(ef);
        *side = flow_other(*side);
    }
    parser_begin(ef, entry->proto); // without memory for it: the probes are asked
}

// Let nDPI look at the packet. False: nothing more can be learned.
static bool name_packet(struct engine_flow *ef, const struct decoded *packet)
{
    struct proto_engine *e = ef->pf.engine;
    struct flow *flow = ef->pf.flow;
    if (ef->naming_over || !e->namer || flow->app_proto)
        return false;
    if (!packet)
        return true;
    const char *name = NULL;
    if (!namer_packet(e->namer, ef, packet, &name))
        return true;
    ef->naming_over = true;
    if (name) {
        flow->app_proto = name;
        flow->app_basis = FLOW_BY_NDPI;
    }
    return false;
}

static bool feed(struct engine_flow *ef, enum flow_side side, struct bytes data);

static void probe_over(struct engine_flow *ef, enum flow_side side)
{
    proto_pending_drop(&ef->pending[side]);
    ef->probe[side] = PROBED;
}

// The protocol is known by what one side has said, which waited in pending or is the packet's. What
// the other side said and nobody knew is older than that.
static bool feed_first(struct engine_flow *ef, enum flow_side side, struct bytes data, bool waited)
{
    enum flow_side other = flow_other(side);
    struct proto_pending held = {.data = NULL};
    bool wanted = true;
    if (waited) {
        held = ef->pending[side];
        ef->pending[side] = (struct proto_pending){.data = NULL};
    }
    if (ef->pending[other].len > 0)
        wanted = feed(ef, other, (struct bytes){NULL, 0});
    if (wanted && ef->pf.proto)
        wanted = feed(ef, side, data);
    proto_pending_drop(&held);
    return wanted;
}

// Probe one side's first bytes. True: keep sending.
static bool probe_side(struct engine_flow *ef, enum flow_side side, struct bytes data)
{
    struct proto_engine *e = ef->pf.engine;
    const struct flow *flow = ef->pf.flow;
    struct proto_pending *pending = &ef->pending[side];
    bool waited = pending->len > 0;
    if (waited && !proto_pending_add(e->pool, pending, data, PENDING_PROBE_BYTES)) {
        probe_over(ef, side); // probing the rest alone would take the middle for the beginning
        return name_packet(ef, ef->pf.packet) || ef->probe[flow_other(side)] == PROBING;
    }
    if (waited)
        data = proto_pending_bytes(pending);
    struct proto_first first = {
        .data = data,
        .carrier = ef->pf.carrier,
        .src_port = flow->port[side],
        .dst_port = flow->port[flow_other(side)],
        .ip_proto = flow->ip_proto,
    };
    enum proto_probe answer = PROBE_NO;
    bool more;
    const struct proto *proto = probe_all(e, &first, &answer, &more);
    if (proto) {
        bool told = answer != PROBE_EITHER && !e->forced;
        bool turned = told && (answer == PROBE_SERVER) != (side == FLOW_SERVER);
        if (turned) {
            swap_sides(ef);
            side = flow_other(side);
        }
        if (!parser_begin(ef, proto))
            return false;
        if (turned)
            engine_turned(ef);
        return feed_first(ef, side, data, waited);
    }
    bool room = ef->pf.carrier == OVER_TCP && data.len < PROBE_BYTES && !ef->pf.ended[side];
    if (more && room && (waited || proto_pending_add(e->pool, pending, data, PENDING_PROBE_BYTES)))
        return true;
    bool named =
        engine_name_by_signature(ef, &first); // it looks at the bytes that are dropped next
    probe_over(ef, side);
    if (named)
        return false;
    return name_packet(ef, ef->pf.packet) || ef->probe[flow_other(side)] == PROBING;
}

static bool broken(struct engine_flow *ef, enum anomaly anomaly)
{
    proto_anomaly(&ef->pf, anomaly);
    ef->pf.engine->metrics->app_layer_broken++;
    parser_end(ef);
    return false;
}

// A wrong probe: the other protocols are not asked again, nDPI is.
static bool not_mine(struct engine_flow *ef)
{
    const struct decoded *packet = ef->pf.packet;
    parser_end(ef);
    ef->pf.packet = packet;
    engine_unclaimed_add(ef->pf.engine, ef);
    ef->pf.flow->app_proto = NULL;
    ef->pf.flow->app_basis = FLOW_UNNAMED;
    probe_over(ef, FLOW_CLIENT);
    probe_over(ef, FLOW_SERVER);
    return name_packet(ef, ef->pf.packet);
}

// Bytes for whoever has the flow now.
static bool give(struct engine_flow *ef, enum flow_side side, struct bytes data)
{
    if (ef->pf.proto)
        return feed(ef, side, data);
    if (ef->probe[side] == PROBING)
        return probe_side(ef, side, data);
    return name_packet(ef, ef->pf.packet) || ef->probe[flow_other(side)] == PROBING;
}

// After a switch: what the other side had said before, and was left unread, comes first.
static bool give_both(struct engine_flow *ef, enum flow_side side, struct bytes rest)
{
    struct proto_pending held = ef->pending[side];
    bool wanted = true, reversed = ef->reversed;
    ef->pending[side] = (struct proto_pending){.data = NULL};
    if (ef->pending[flow_other(side)].len > 0)
        wanted = give(ef, flow_other(side), (struct bytes){NULL, 0});
    if (ef->reversed != reversed)
        side = flow_other(side);
    if (wanted && rest.len > 0)
        wanted = give(ef, side, rest);
    proto_pending_drop(&held);
    return wanted;
}

static bool switch_parser(struct engine_flow *ef, enum flow_side side, struct bytes rest)
{
    struct proto_flow *pf = &ef->pf;
    const struct proto *next = pf->switch_to;
    const struct decoded *packet = pf->packet;
    pf->switch_to = NULL;
    parser_end(ef);
    pf->packet = packet;
    return parser_begin(ef, next) && give_both(ef, side, rest);
}

// Nobody in particular is next: the probes are asked again, from these bytes on. What nobody
// claims keeps the name it had.
static bool probe_again(struct engine_flow *ef, enum flow_side side, struct bytes rest)
{
    const struct decoded *packet = ef->pf.packet;
    ef->pf.switch_to = NULL;
    parser_end(ef);
    ef->pf.packet = packet;
    ef->probe[0] = ef->probe[1] = PROBING;
    engine_unclaimed_add(ef->pf.engine, ef);
    return give_both(ef, side, rest);
}

// The rest of these bytes may hold the next switch, and so on: a limited number of times.
static bool switch_over(struct engine_flow *ef, enum flow_side side, struct bytes rest)
{
    if (ef->switches == FLOW_SWITCHES)
        return broken(ef, ANOMALY_APPLAYER_TOO_MANY_SWITCHES);
    ef->switches++;
    return ef->pf.switch_to == &proto_any ? probe_again(ef, side, rest)
                                          : switch_parser(ef, side, rest);
}

// Keep what the parser left unread of `view`, which is either the pending bytes or the packet's.
static bool keep_rest(
    struct engine_flow *ef, enum flow_side side, struct bytes view, size_t used, bool from_pending)
{
    struct proto_pending *pending = &ef->pending[side];
    if (ef->pf.carrier != OVER_TCP) // datagrams are not joined
        return true;
    if (from_pending) {
        proto_pending_consume(pending, used);
        return true;
    }
    struct bytes rest = bytes_from(view, used);
    if (rest.len == 0 ||
        proto_pending_add(ef->pf.engine->pool, pending, rest, ef->pf.proto->buffer_bytes))
        return true;
    return broken(ef, ANOMALY_APPLAYER_BUFFER_FULL);
}

static bool act(struct engine_flow *ef, enum flow_side side, enum proto_verdict verdict,
    struct bytes view, size_t used, bool from_pending)
{
    if (ef->pf.switch_to && (verdict == PROTO_MORE || verdict == PROTO_DONE))
        return switch_over(ef, side, bytes_from(view, used));
    if (verdict == PROTO_NOT_MINE || verdict == PROTO_BROKEN)
        engine_mismatch(ef, side, view);
    switch (verdict) {
    case PROTO_MORE: return keep_rest(ef, side, view, used, from_pending);
    case PROTO_DONE: parser_end(ef); return false;
    case PROTO_NOT_MINE: return not_mine(ef);
    case PROTO_BROKEN: return broken(ef, ANOMALY_APPLAYER_PARSER_BROKEN);
    }
    return false;
}

// New bytes of one side for the parser. False: nothing more is wanted.
static bool feed(struct engine_flow *ef, enum flow_side side, struct bytes data)
{
    struct proto_flow *pf = &ef->pf;
    struct proto_pending *pending = &ef->pending[side];
    bool from_pending = pending->len > 0;
    if (from_pending && data.len > 0 &&
        !proto_pending_add(pf->engine->pool, pending, data, pf->proto->buffer_bytes))
        return broken(ef, ANOMALY_APPLAYER_BUFFER_FULL);
    struct bytes view = from_pending ? proto_pending_bytes(pending) : data;
    if (view.len < pf->need[side] && !pf->ended[side])
        return keep_rest(ef, side, view, 0, from_pending);
    pf->need[side] = 0;
    pf->view = view;
    engine_frame_stream(ef, side);
    struct cursor in = cursor_make(view);
    pf->parsing = side;
    enum proto_verdict verdict = pf->proto->parse(pf, side, &in);
    assert(in.at >= view.data && cursor_pos(&in) <= view.len);
    return act(ef, side, verdict, view, cursor_pos(&in), from_pending);
}

static bool handle_payload(void *context, struct flow *flow, enum flow_side side, struct bytes data,
    const struct decoded *packet)
{
    struct proto_engine *e = context;
    bool known = flow->app != NULL;
    struct engine_flow *ef = known ? flow->app : flow_begin(e, flow);
    if (!ef)
        return false;
    if (!known)
        begin_expected(ef, &side);
    ef->pf.received[side] += data.len;
    ef->pf.packet = packet;
    ef->pf.watch = e->watch;
    ef->pf.time_us = packet ? packet->time_ns / 1000 : flow->last_us;
    bool reversed = ef->reversed, wanted = give(ef, side, data);
    ef->pf.packet = packet;
    engine_frames_go_on(ef, ef->reversed == reversed ? side : flow_other(side), data);
    if (!wanted)
        flow_release(flow);
    return wanted;
}

static bool handle_gap(void *context, struct flow *flow, enum flow_side side, size_t lost,
    const struct decoded *packet)
{
    (void)context;
    struct engine_flow *ef = flow->app;
    if (!ef)
        return true; // nothing was seen yet: what follows is probed
    proto_pending_drop(&ef->pending[side]);
    ef->pf.received[side] += lost;
    ef->pf.packet = packet;
    ef->pf.time_us = packet ? packet->time_ns / 1000 : flow->last_us;
    ef->pf.need[side] = 0;
    if (!ef->pf.proto)
        return true;
    bool wanted = false;
    if (ef->pf.proto->gap)
        wanted =
            act(ef, side, ef->pf.proto->gap(&ef->pf, side, lost), (struct bytes){NULL, 0}, 0, true);
    if (!wanted)
        flow_release(flow);
    return wanted;
}

static void handle_side_end(
    void *context, struct flow *flow, enum flow_side side, const struct decoded *packet)
{
    (void)context;
    struct engine_flow *ef = flow->app;
    if (!ef)
        return;
    ef->pf.packet = packet;
    ef->pf.ended[side] = true;
    bool wanted = true;
    if (ef->pf.proto)
        wanted = feed(ef, side, (struct bytes){NULL, 0});
    else if (ef->pending[side].len > 0)
        wanted = probe_side(ef, side, (struct bytes){NULL, 0});
    if (!wanted) {
        flow_release(flow);
        flow->flags |= FLOW_UNWANTED;
    }
}

static void handle_end(void *context, struct flow *flow)
{
    (void)context;
    flow_release(flow);
}

static void handle_emit(void *context, const struct record *record)
{
    struct proto_engine *e = context;
    e->emit(e->emit_context, record);
}

struct proto_engine *proto_engine_create(const struct config *config, struct pool *pool,
    struct metrics *metrics, void (*emit)(void *context, const struct record *record),
    void *context)
{
    struct proto_engine *e = base_calloc(1, sizeof *e);
    if (!e)
        return NULL;
    e->handler = (struct flow_handler){
        .context = e,
        .payload = handle_payload,
        .gap = handle_gap,
        .side_end = handle_side_end,
        .end = handle_end,
        .emit = handle_emit,
        .before = handle_before,
    };
    e->config = config;
    e->pool = pool;
    e->metrics = metrics;
    e->emit = emit;
    e->emit_context = context;
    e->kinds = file_kinds_create();
    if (config->ndpi.enabled)
        e->namer = namer_create((unsigned)config->ndpi.packets);
    if (!e->kinds || (config->ndpi.enabled && !e->namer)) {
        proto_engine_destroy(e);
        return NULL;
    }
    return e;
}

void proto_engine_destroy(struct proto_engine *engine)
{
    if (!engine)
        return;
    file_kinds_destroy(engine->kinds);
    namer_destroy(engine->namer);
    expect_destroy(engine->expected, engine->pool);
    base_free(engine);
}

size_t proto_engine_held_bytes(const struct proto_engine *engine)
{
    return engine->expected ? expect_bytes() : 0;
}

void proto_engine_watch(struct proto_engine *engine, const struct proto_watch *watch)
{
    engine->watch = watch;
}

const struct flow_handler *proto_engine_handler(struct proto_engine *engine)
{
    return &engine->handler;
}

void proto_engine_force(struct proto_engine *engine, const struct proto *proto)
{
    engine->forced = proto;
}

void proto_engine_packet(struct proto_engine *engine, const struct decoded *packet)
{
    for (size_t i = 0; i < PROTOS; i++) {
        if (!(protos[i]->carriers & OVER_LINK))
            continue;
        struct proto_flow pf = {
            .carrier = OVER_LINK,
            .time_us = packet->time_ns / 1000,
            .packet = packet,
            .engine = engine,
            .proto = protos[i],
            .watch = engine->watch,
        };
        struct cursor in = cursor_make(bytes_make(packet->l3, packet->l3_len));
        if (protos[i]->parse(&pf, FLOW_CLIENT, &in) == PROTO_BROKEN)
            proto_anomaly(&pf, ANOMALY_APPLAYER_PARSER_BROKEN);
    }
}
