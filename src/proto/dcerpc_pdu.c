// SPDX-License-Identifier: Apache-2.0
// The PDUs of a connection-oriented DCE/RPC association (C706 chapter 12, MS-RPCE section 2.2.2).
// Binds give the presentation contexts; fragments of requests and responses are counted, their
// parameters kept up to DCERPC_STUB_KEPT where dcerpc_args.c can read them; calls wait in a list
// for their answers (DCERPC_CALLS_MAX). Not kept: RTS (HTTP's own), encrypted parameters. After
// lost bytes the next header is searched; what was not seen whole is not counted.
#include "proto/dcerpc_args.h"
#include "proto/dcerpc_call.h"
#include "proto/dcerpc_state.h"

enum {
    FLAG_FIRST = 1,
    FLAG_LAST = 2,
    FLAG_MAYBE = 0x40, // no answer is wanted
    FLAG_OBJECT = 0x80,
    AUTH_HEAD_BYTES = 8,
    LEVEL_PRIVACY = 6,
};

enum header { HEADER_OK, HEADER_SHORT, HEADER_WRONG };

bool dcerpc_likely(struct bytes data)
{
    static const uint8_t most_minor = 1;
    bool order = bytes_at(data, 4) == 0x10 || bytes_at(data, 4) == 0; // ASCII, either integers
    return data.len >= 8 && data.data[0] == 5 && data.data[1] <= most_minor &&
           data.data[2] < DCERPC_TYPES && order && bytes_at(data, 5) == 0 &&
           bytes_at(data, 6) == 0 && bytes_at(data, 7) == 0;
}

// MS-RPCE section 2.2.4.12
static const uint8_t ndr64[16] = {
    0x71, 0x71, 0x05, 0x33, 0xbe, 0xba, 0x49, 0x37, 0x83, 0x19, 0xb5, 0xdb, 0xef, 0x9c, 0xcc, 0x36};

static enum header read_header(struct cursor in, struct dcerpc_pdu *pdu)
{
    struct bytes all = cursor_rest(&in);
    if (all.len < DCERPC_HEADER_BYTES)
        return HEADER_SHORT;
    if (!dcerpc_likely(all))
        return HEADER_WRONG;
    cursor_skip(&in, 1);
    pdu->minor = cursor_u8(&in);
    pdu->type = cursor_u8(&in);
    pdu->flags = cursor_u8(&in);
    pdu->little = cursor_u8(&in) == 0x10;
    cursor_skip(&in, 3);
    pdu->length = dcerpc_u16(&in, pdu->little);
    pdu->auth_length = dcerpc_u16(&in, pdu->little);
    pdu->call_id = dcerpc_u32(&in, pdu->little);
    size_t least = DCERPC_HEADER_BYTES + (pdu->auth_length ? AUTH_HEAD_BYTES : 0U);
    return pdu->length >= least + pdu->auth_length ? HEADER_OK : HEADER_WRONG;
}

// The body without the verifier at its end, and the verifier.
static void split_auth(struct dcerpc_pdu *pdu, struct bytes body)
{
    pdu->raw_body = body;
    pdu->body = cursor_make(body);
    if (pdu->auth_length == 0)
        return;
    size_t at = body.len - pdu->auth_length - AUTH_HEAD_BYTES;
    struct cursor auth = cursor_make(bytes_from(body, at));
    pdu->auth_type = cursor_u8(&auth);
    pdu->auth_level = cursor_u8(&auth);
    size_t pad = cursor_u8(&auth);
    cursor_skip(&auth, 5); // reserved, context id
    pdu->auth = cursor_rest(&auth);
    pdu->body = cursor_make(bytes_sub(body, 0, at - (pad <= at ? pad : at)));
}

static enum flow_side side_of(uint8_t type)
{
    switch (type) {
    case DCERPC_RESPONSE:
    case DCERPC_FAULT:
    case DCERPC_BINDACK:
    case DCERPC_BINDNAK:
    case DCERPC_ALTER_CONTEXT_RESP:
    case DCERPC_SHUTDOWN: return FLOW_SERVER;
    default: return FLOW_CLIENT;
    }
}

static struct dcerpc_context *context_slot(struct dcerpc *rpc, uint16_t id)
{
    for (size_t i = 0; i < rpc->context_count; i++)
        if (rpc->contexts[i].id == id)
            return &rpc->contexts[i];
    if (rpc->context_count == DCERPC_CONTEXTS_MAX)
        return NULL;
    if (rpc->context_count == rpc->context_room) {
        size_t room = rpc->context_room ? 2 * rpc->context_room : 4;
        struct dcerpc_context *more = arena_grow(
            &rpc->arena, rpc->contexts, rpc->context_room * sizeof *more, room * sizeof *more);
        if (!more)
            return NULL;
        rpc->contexts = more;
        rpc->context_room = room;
    }
    return &rpc->contexts[rpc->context_count++];
}

const struct dcerpc_context *dcerpc_context_of(const struct dcerpc *rpc, uint16_t id)
{
    for (size_t i = 0; i < rpc->context_count; i++)
        if (rpc->contexts[i].id == id)
            return &rpc->contexts[i];
    return NULL;
}

static void bind_one(struct dcerpc *rpc, struct proto_flow *pf, const struct dcerpc_context *item)
{
    struct dcerpc_context *slot = context_slot(rpc, item->id);
    if (slot)
        *slot = *item;
    else
        proto_anomaly(pf, ANOMALY_DCERPC_TOO_MANY_CONTEXTS);
}

// bind, alter_context: the contexts asked for.
static bool read_bind(
    struct dcerpc *rpc, struct proto_flow *pf, struct dcerpc_pdu *pdu, struct dcerpc_call *call)
{
    struct cursor *in = &pdu->body;
    cursor_skip(in, 8); // sizes of fragments, association group
    size_t count = cursor_u8(in);
    cursor_skip(in, 3);
    struct dcerpc_context *items = arena_zalloc(&call->arena, (count + 1) * sizeof *items);
    for (size_t i = 0; items && i < count; i++) {
        struct dcerpc_context *item = &items[i];
        item->id = dcerpc_u16(in, pdu->little);
        size_t syntaxes = cursor_u8(in);
        cursor_skip(in, 1);
        dcerpc_uuid(in, pdu->little, item->uuid);
        uint32_t version = dcerpc_u32(in, pdu->little); // low half: major
        item->major = (uint16_t)version;
        item->minor = (uint16_t)(version >> 16);
        cursor_skip(in, syntaxes * 20);
        if (!cursor_ok(in))
            return false;
        bind_one(rpc, pf, item);
        call->contexts = items;
        call->context_count = i + 1;
    }
    return cursor_ok(in);
}

// bind_ack, alter_context_resp: what became of them, in their order.
static bool read_bind_ack(struct dcerpc *rpc, struct dcerpc_pdu *pdu, struct dcerpc_call *call)
{
    struct cursor *in = &pdu->body;
    cursor_skip(in, 4);
    call->group = dcerpc_u32(in, pdu->little);
    struct bytes sec_addr = cursor_take(in, dcerpc_u16(in, pdu->little));
    size_t zero = bytes_find_byte(sec_addr, 0);
    call->sec_addr = arena_copy(&call->arena, bytes_sub(sec_addr, 0, zero));
    cursor_skip(in, (4 - cursor_pos(in) % 4) % 4);
    size_t count = cursor_u8(in);
    cursor_skip(in, 3);
    for (size_t i = 0; i < count && cursor_ok(in); i++) {
        uint16_t result = dcerpc_u16(in, pdu->little);
        uint16_t reason = dcerpc_u16(in, pdu->little);
        uint8_t syntax[16];
        dcerpc_uuid(in, pdu->little, syntax);
        cursor_skip(in, 4); // its version
        if (i >= call->context_count || !cursor_ok(in))
            continue;
        struct dcerpc_context *item = &call->contexts[i];
        item->acked = true;
        item->result = result;
        item->reason = reason;
        item->wide = memcmp(syntax, ndr64, 16) == 0;
        struct dcerpc_context *slot = context_slot(rpc, item->id);
        if (slot)
            *slot = *item;
    }
    call->has_group = cursor_ok(in);
    return cursor_ok(in);
}

static void note_auth(struct dcerpc *rpc, struct dcerpc_call *call, const struct dcerpc_pdu *pdu)
{
    if (pdu->auth_length == 0)
        return;
    rpc->auth_type = pdu->auth_type;
    rpc->auth_level = pdu->auth_level;
    if (call) {
        call->has_auth = true;
        call->auth_type = pdu->auth_type;
        call->auth_level = pdu->auth_level;
        call->sealed |= pdu->auth_level == LEVEL_PRIVACY;
    }
}

// What Suricata takes for parameters, with the verifier behind them; it takes the header off
// requests (C706 section 12.6.4.9), not off responses.
static struct bytes raw_stub(const struct dcerpc_pdu *pdu, enum flow_side side)
{
    return bytes_from(pdu->raw_body, side == FLOW_CLIENT ? 8 : 0);
}

// Parameters of a fragment, if anybody can read them; else what rules are to see.
static void keep_stub(
    struct dcerpc *rpc, struct dcerpc_call *call, enum flow_side side, const struct dcerpc_pdu *pdu)
{
    struct dcerpc_half *half = &call->half[side];
    const struct dcerpc_context *context = dcerpc_called(rpc, call);
    bool wanted = context && !call->sealed && dcerpc_args_wanted(context->uuid, call->opnum, side);
    if (!wanted && !rpc->shows)
        return;
    struct bytes data = wanted ? cursor_rest(&pdu->body) : raw_stub(pdu, side);
    data = bytes_sub(data, 0, DCERPC_STUB_KEPT - half->stub.len);
    if (half->stub.len + data.len > half->stub_room) {
        size_t room = half->stub.len + data.len;
        void *more = arena_grow(&call->arena, (void *)half->stub.data, half->stub_room, room);
        if (!more)
            return;
        half->stub.data = more;
        half->stub_room = room;
    }
    if (data.len)
        memcpy((uint8_t *)&half->stub.data[half->stub.len], data.data, data.len);
    half->stub.len += data.len;
}

static void count_fragment(struct dcerpc *rpc, struct proto_flow *pf, struct dcerpc_call *call,
    enum flow_side side, const struct dcerpc_pdu *pdu)
{
    struct dcerpc_half *half = &call->half[side];
    half->seen = true;
    half->type = pdu->type;
    half->fragments++;
    half->stub_bytes += raw_stub(pdu, side).len;
    half->done = pdu->flags & FLAG_LAST;
    call->little = pdu->little;
    keep_stub(rpc, call, side, pdu);
    dcerpc_call_show(pf, call, side);
}

static struct dcerpc_call *call_for(
    struct dcerpc *rpc, struct proto_flow *pf, const struct dcerpc_pdu *pdu, bool begins)
{
    struct dcerpc_call *call = dcerpc_call_find(rpc, pdu->call_id);
    if (call && begins) { // the number is used again
        dcerpc_call_finish(rpc, pf, call);
        call = NULL;
    }
    if (!call)
        call = dcerpc_call_begin(rpc, pf, pdu->call_id);
    return call;
}

static bool take_request(struct dcerpc *rpc, struct proto_flow *pf, struct dcerpc_pdu *pdu)
{
    struct cursor *in = &pdu->body;
    bool first = pdu->flags & FLAG_FIRST;
    struct dcerpc_call *call = call_for(rpc, pf, pdu, first);
    if (!call)
        return true;
    cursor_skip(in, 4); // allocation hint
    uint16_t context = dcerpc_u16(in, pdu->little);
    uint16_t opnum = dcerpc_u16(in, pdu->little);
    if (pdu->flags & FLAG_OBJECT)
        dcerpc_uuid(in, pdu->little, call->object);
    if (!cursor_ok(in))
        return false;
    if (!call->half[FLOW_CLIENT].seen) {
        call->half[FLOW_CLIENT].lost = !first;
        call->has_context = true;
        call->context = context;
        call->opnum = opnum;
        call->has_object = pdu->flags & FLAG_OBJECT;
    }
    note_auth(rpc, call, pdu);
    dcerpc_call_message(call, pdu->type);
    count_fragment(rpc, pf, call, FLOW_CLIENT, pdu);
    if (call->half[FLOW_CLIENT].done && (pdu->flags & FLAG_MAYBE)) {
        call->unknown_answer = true;
        dcerpc_call_finish(rpc, pf, call);
    }
    return true;
}

// response and fault
static bool take_response(struct dcerpc *rpc, struct proto_flow *pf, struct dcerpc_pdu *pdu)
{
    struct cursor *in = &pdu->body;
    struct dcerpc_call *call = dcerpc_call_find(rpc, pdu->call_id);
    bool first = pdu->flags & FLAG_FIRST;
    if (!call && !first)
        return true; // the end of something whose beginning is missing
    cursor_skip(in, 4);
    uint16_t context = dcerpc_u16(in, pdu->little);
    cursor_skip(in, 2); // cancels
    uint32_t status = pdu->type == DCERPC_FAULT ? dcerpc_u32(in, pdu->little) : 0;
    if (!cursor_ok(in))
        return false;
    call = call ? call : dcerpc_call_begin(rpc, pf, pdu->call_id);
    if (!call)
        return true;
    struct dcerpc_half *half = &call->half[FLOW_SERVER];
    half->lost |= !half->seen && !first;
    if (!call->has_context && pdu->type == DCERPC_RESPONSE) { // the request was not seen
        call->context = context;
        call->has_context = true;
    }
    call->has_status = pdu->type == DCERPC_FAULT;
    call->status = status;
    note_auth(rpc, call, pdu);
    dcerpc_call_message(call, pdu->type);
    count_fragment(rpc, pf, call, FLOW_SERVER, pdu);
    if (!half->done && !call->has_status)
        return true;
    dcerpc_auth_result(rpc, pf, call);
    dcerpc_call_finish(rpc, pf, call);
    return true;
}

static bool take_bind(struct dcerpc *rpc, struct proto_flow *pf, struct dcerpc_pdu *pdu)
{
    struct dcerpc_call *call = call_for(rpc, pf, pdu, true);
    if (!call)
        return true;
    call->half[FLOW_CLIENT] = (struct dcerpc_half){.seen = true, .done = true, .type = pdu->type};
    dcerpc_call_message(call, pdu->type);
    note_auth(rpc, call, pdu);
    dcerpc_auth(rpc, pf, pdu);
    return read_bind(rpc, pf, pdu, call);
}

static bool take_bind_answer(struct dcerpc *rpc, struct proto_flow *pf, struct dcerpc_pdu *pdu)
{
    struct dcerpc_call *call = call_for(rpc, pf, pdu, false);
    if (!call)
        return true;
    bool ok = true;
    call->half[FLOW_SERVER] = (struct dcerpc_half){.seen = true, .done = true, .type = pdu->type};
    dcerpc_call_message(call, pdu->type);
    note_auth(rpc, call, pdu);
    dcerpc_auth(rpc, pf, pdu);
    if (pdu->type == DCERPC_BINDNAK) {
        call->status = dcerpc_u16(&pdu->body, pdu->little);
        call->has_status = ok = cursor_ok(&pdu->body);
        dcerpc_auth_result(rpc, pf, call);
    } else {
        ok = read_bind_ack(rpc, pdu, call);
    }
    dcerpc_call_finish(rpc, pf, call);
    return ok;
}

static void take_shutdown(struct dcerpc *rpc, struct proto_flow *pf, struct dcerpc_pdu *pdu)
{
    struct dcerpc_call *call = call_for(rpc, pf, pdu, false);
    if (!call)
        return;
    call->half[FLOW_SERVER] = (struct dcerpc_half){.seen = true, .done = true, .type = pdu->type};
    dcerpc_call_message(call, pdu->type);
    dcerpc_call_finish(rpc, pf, call);
}

static bool take_pdu(struct dcerpc *rpc, struct proto_flow *pf, struct dcerpc_pdu *pdu)
{
    struct dcerpc_call *call;
    switch (pdu->type) {
    case DCERPC_REQUEST: return take_request(rpc, pf, pdu);
    case DCERPC_RESPONSE:
    case DCERPC_FAULT: return take_response(rpc, pf, pdu);
    case DCERPC_BIND:
    case DCERPC_ALTER_CONTEXT: return take_bind(rpc, pf, pdu);
    case DCERPC_BINDACK:
    case DCERPC_BINDNAK:
    case DCERPC_ALTER_CONTEXT_RESP: return take_bind_answer(rpc, pf, pdu);
    case DCERPC_AUTH3:
        note_auth(rpc, NULL, pdu);
        dcerpc_auth(rpc, pf, pdu);
        return true;
    case DCERPC_SHUTDOWN: take_shutdown(rpc, pf, pdu); return true;
    case DCERPC_CO_CANCEL:
    case DCERPC_ORPHANED:
        call = dcerpc_call_find(rpc, pdu->call_id);
        if (call)
            dcerpc_call_message(call, pdu->type);
        return true;
    case DCERPC_RTS: return true;
    default: return false; // connectionless only
    }
}

// After a gap: go to what looks like the next header. Where that is left open the last bytes stay.
static bool find_header(struct cursor *in)
{
    struct bytes rest = cursor_rest(in);
    struct dcerpc_pdu pdu;
    size_t at = 0;
    for (; at + DCERPC_HEADER_BYTES <= rest.len; at++) {
        if (bytes_at(rest, at) != 5)
            continue;
        if (read_header(cursor_make(bytes_from(rest, at)), &pdu) == HEADER_OK)
            break;
    }
    cursor_skip(in, at);
    return at + DCERPC_HEADER_BYTES <= rest.len;
}

// The PDUs that are whole. *need: bytes the next one has, 0 where they are not known.
static enum proto_verdict read_pdus(
    struct dcerpc *rpc, struct proto_flow *pf, enum flow_side side, struct cursor *in, size_t *need)
{
    *need = DCERPC_HEADER_BYTES;
    for (;;) {
        struct dcerpc_pdu pdu = {0};
        if (rpc->lost[side] && !find_header(in))
            return PROTO_MORE;
        enum header header = read_header(*in, &pdu);
        if (header == HEADER_SHORT)
            return PROTO_MORE;
        if (header == HEADER_WRONG) {
            proto_anomaly(pf, dcerpc_likely(cursor_rest(in)) ? ANOMALY_DCERPC_BAD_FRAGMENT_LENGTH
                                                             : ANOMALY_DCERPC_MALFORMED);
            return PROTO_BROKEN;
        }
        if (cursor_left(in) < pdu.length) {
            *need = pdu.length;
            return PROTO_MORE;
        }
        rpc->lost[side] = false;
        rpc->minor = pdu.minor;
        if (pf->proto == &proto_dcerpc)
            proto_frames(pf, FRAME_DCERPC_PDU, side, cursor_rest(in), DCERPC_HEADER_BYTES,
                pdu.length, UINT64_MAX);
        cursor_skip(in, DCERPC_HEADER_BYTES);
        split_auth(&pdu, cursor_take(in, pdu.length - DCERPC_HEADER_BYTES));
        bool wrong_side = side_of(pdu.type) != side && pdu.type != DCERPC_RTS;
        if (wrong_side || !take_pdu(rpc, pf, &pdu))
            proto_anomaly(pf, ANOMALY_DCERPC_MALFORMED);
    }
}

enum proto_verdict dcerpc_read(
    struct dcerpc *rpc, struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    size_t need = 0;
    enum proto_verdict verdict = rpc ? read_pdus(rpc, pf, side, in, &need) : PROTO_DONE;
    pf->need[side] = need;
    return verdict;
}

static bool part_add(struct dcerpc_part *part, struct pool *pool, struct bytes data)
{
    if (part->len + data.len > part->room) {
        size_t room = part->len + data.len < 512 ? 512 : 2 * (part->len + data.len);
        if (!part->data)
            arena_init(&part->arena, pool, 8 * DCERPC_FRAGMENT_BYTES);
        void *more = arena_grow(&part->arena, part->data, part->room, room);
        if (!more)
            return false;
        part->data = more;
        part->room = room;
    }
    if (data.len)
        memcpy(&part->data[part->len], data.data, data.len);
    part->len += data.len;
    return true;
}

static void part_drop(struct dcerpc_part *part)
{
    arena_reset(&part->arena);
    *part = (struct dcerpc_part){.data = NULL};
}

// Feed at most so many bytes that what is kept stays within a fragment.
static bool feed_piece(
    struct dcerpc *rpc, struct proto_flow *pf, enum flow_side side, struct bytes data)
{
    struct dcerpc_part *part = &rpc->parts[side];
    bool waited = part->len > 0;
    size_t need;
    if (waited && !part_add(part, rpc->arena.pool, data))
        return false;
    struct cursor in = cursor_make(waited ? bytes_make(part->data, part->len) : data);
    if (read_pdus(rpc, pf, side, &in, &need) == PROTO_BROKEN)
        return false;
    struct bytes rest = cursor_rest(&in);
    if (!waited)
        return rest.len == 0 || part_add(part, rpc->arena.pool, rest);
    if (rest.len == 0) {
        part_drop(part);
        return true;
    }
    memmove(part->data, rest.data, rest.len);
    part->len = rest.len;
    return true;
}

void dcerpc_feed(struct dcerpc *rpc, struct proto_flow *pf, enum flow_side side, struct bytes data)
{
    while (rpc && !rpc->ignored && data.len > 0) {
        struct bytes piece = bytes_sub(data, 0, DCERPC_FRAGMENT_BYTES);
        rpc->ignored = !feed_piece(rpc, pf, side, piece);
        data = bytes_from(data, piece.len);
    }
}

void dcerpc_gap(struct dcerpc *rpc, struct proto_flow *pf, enum flow_side side)
{
    (void)pf;
    if (!rpc)
        return;
    rpc->lost[side] = true;
    part_drop(&rpc->parts[side]);
    for (struct dcerpc_call *call = rpc->calls; call; call = call->next) {
        struct dcerpc_half *half = &call->half[side];
        half->lost |= half->seen && !half->done;
        call->unknown_answer |= side == FLOW_SERVER; // it may have been among them
    }
}

struct dcerpc *dcerpc_create(struct proto_flow *pf, const struct dcerpc_setup *setup)
{
    struct arena arena;
    struct dcerpc *rpc = arena_hold(&arena, pf->arena.pool, DCERPC_ARENA_BUDGET, sizeof *rpc);
    if (!rpc)
        return NULL;
    rpc->arena = arena;
    rpc->setup = *setup;
    rpc->shows = proto_wants(pf, BUFFER_DCERPC_STUB_DATA);
    rpc->setup.named_pipe = (struct bytes){NULL, 0};
    dcerpc_named(rpc, setup->named_pipe);
    return rpc;
}

void dcerpc_named(struct dcerpc *rpc, struct bytes named_pipe)
{
    if (rpc && named_pipe.len)
        rpc->setup.named_pipe = arena_copy(&rpc->arena, named_pipe);
}

void dcerpc_destroy(struct dcerpc *rpc, struct proto_flow *pf)
{
    if (!rpc)
        return;
    while (rpc->calls)
        dcerpc_call_finish(rpc, pf, rpc->calls);
    ntlm_result(&rpc->ntlm, pf, NTLM_UNKNOWN);
    part_drop(&rpc->parts[0]);
    part_drop(&rpc->parts[1]);
    arena_release(&rpc->arena); // it holds rpc
}
