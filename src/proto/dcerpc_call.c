// SPDX-License-Identifier: Apache-2.0
// Calls of a DCE/RPC association that wait for their answers, and the records made of them.
#include "proto/dcerpc_call.h"
#include "proto/dcerpc_args.h"
#include "proto/text_out.h"

// As EVE has them, and as others do.
static const struct {
    const char *eve, *plain;
} types[DCERPC_TYPES] = {
    {"REQUEST", "request"},
    {"PING", "ping"},
    {"RESPONSE", "response"},
    {"FAULT", "fault"},
    {"WORKING", "working"},
    {"NOCALL", "nocall"},
    {"REJECT", "reject"},
    {"ACK", "ack"},
    {"CL_CANCEL", "cl-cancel"},
    {"FACK", "fack"},
    {"CANCEL_ACK", "cancel-ack"},
    {"BIND", "bind"},
    {"BINDACK", "bind-ack"},
    {"BINDNAK", "bind-nak"},
    {"ALTER_CONTEXT", "alter-context"},
    {"ALTER_CONTEXT_RESP", "alter-context-resp"},
    {"AUTH3", "auth3"},
    {"SHUTDOWN", "shutdown"},
    {"CO_CANCEL", "co-cancel"},
    {"ORPHANED", "orphaned"},
    {"RTS", "rts"},
};

// C706 section 12.6.3.1 and MS-RPCE section 2.2.1.1.7
static const struct {
    uint8_t type;
    const char *name;
} auth_types[] = {
    {1, "dce_private"},
    {2, "dce_public"},
    {9, "spnego"},
    {10, "ntlm"},
    {14, "schannel"},
    {16, "kerberos"},
    {17, "dpa"},
    {18, "msn"},
    {20, "kernel"},
    {21, "digest"},
    {30, "negotiate_extended"},
    {68, "netlogon"},
};

static const char *const auth_levels[] = {
    "default", "none", "connect", "call", "pkt", "pkt_integrity", "pkt_privacy"};

static const char *const nak_reasons[] = {"reason_not_specified", "temporary_congestion",
    "local_limit_exceeded", "called_paddr_unknown", "protocol_version_not_supported",
    "default_context_not_supported", "user_data_not_readable", "no_psap_available",
    "authentication_type_not_recognized", "invalid_checksum"};

enum {
    NAK_REASONS = sizeof nak_reasons / sizeof *nak_reasons,
    AUTH_LEVELS = sizeof auth_levels / sizeof *auth_levels,
};

void dcerpc_uuid(struct cursor *c, bool little, uint8_t out[16])
{
    struct bytes raw = cursor_take(c, 16);
    static const uint8_t order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
    for (size_t i = 0; i < 16; i++)
        out[i] = bytes_at(raw, little ? order[i] : i);
}

struct bytes dcerpc_uuid_text(struct arena *arena, const uint8_t uuid[16])
{
    static const uint8_t ends[] = {4, 6, 8, 10, 16};
    char text[36];
    struct text_out out = TEXT_OUT(text);
    for (size_t i = 0, at = 0; i < 5; at = ends[i++]) {
        if (i)
            text_out_char(&out, '-');
        text_out_hex(&out, bytes_make(&uuid[at], ends[i] - at));
    }
    return text_out_keep(&out, arena);
}

struct dcerpc_call *dcerpc_call_find(const struct dcerpc *rpc, uint32_t id)
{
    struct dcerpc_call *call = rpc->calls;
    while (call && call->id != id)
        call = call->next;
    return call;
}

struct dcerpc_call *dcerpc_call_begin(struct dcerpc *rpc, struct proto_flow *pf, uint32_t id)
{
    struct arena arena;
    if (rpc->call_count == DCERPC_CALLS_MAX) {
        proto_anomaly(pf, ANOMALY_DCERPC_TOO_MANY_CALLS);
        dcerpc_call_finish(rpc, pf, rpc->calls);
    }
    struct dcerpc_call *call =
        arena_hold(&arena, rpc->arena.pool, DCERPC_CALL_BUDGET, sizeof *call);
    if (!call)
        return NULL;
    call->arena = arena;
    call->id = id;
    call->tx_id = rpc->setup.emit ? PROTO_TX_NEXT : pf->tx_count++;
    call->start_us = call->end_us = pf->time_us;
    struct dcerpc_call **last = &rpc->calls;
    while (*last)
        last = &(*last)->next;
    *last = call;
    rpc->call_count++;
    return call;
}

void dcerpc_call_message(struct dcerpc_call *call, uint8_t type)
{
    for (size_t i = 0; i < call->message_count; i++)
        if (call->messages[i] == type)
            return;
    if (call->message_count < DCERPC_MESSAGES_MAX)
        call->messages[call->message_count++] = type;
}

static void fill_interface(const struct dcerpc_call *call, const struct dcerpc_context *context,
    struct arena *arena, struct record_dcerpc_interface *out)
{
    char text[16];
    struct text_out version = TEXT_OUT(text);
    const struct dcerpc_interface *interface = dcerpc_interface_find(context->uuid);
    text_out_u64(&version, context->major);
    text_out_char(&version, '.');
    text_out_u64(&version, context->minor);
    *out = (struct record_dcerpc_interface){
        .uuid = dcerpc_uuid_text(arena, context->uuid),
        .version = text_out_keep(&version, arena),
        .has_ack_result = context->acked,
        .ack_result = context->result,
        .has_ack_reason = context->acked,
        .ack_reason = context->reason,
        .service = bytes_from_text(interface ? interface->name : NULL),
    };
    if (call->half[FLOW_CLIENT].type == DCERPC_REQUEST && call->half[FLOW_CLIENT].seen)
        out->procedure = bytes_from_text(dcerpc_operation_name(interface, call->opnum));
}

const struct dcerpc_context *dcerpc_called(const struct dcerpc *rpc, const struct dcerpc_call *call)
{
    if (call->connectionless)
        return &call->interface;
    return call->has_context ? dcerpc_context_of(rpc, call->context) : NULL;
}

static void fill_interfaces(
    const struct dcerpc *rpc, struct dcerpc_call *call, struct record_dcerpc *record)
{
    const struct dcerpc_context *called = dcerpc_called(rpc, call);
    const struct dcerpc_context *contexts = called ? called : call->contexts;
    size_t count = called ? 1 : call->context_count;
    struct record_dcerpc_interface *out = arena_alloc(&call->arena, (count + 1) * sizeof *out);
    for (size_t i = 0; out && i < count; i++)
        fill_interface(call, &contexts[i], &call->arena, &out[i]);
    if (!out || count == 0)
        return;
    record->interfaces = out;
    record->interfaces_count = count;
    if (!called)
        return;
    const struct dcerpc_interface *interface = dcerpc_interface_find(called->uuid);
    if (interface && interface->endpoint)
        record->endpoint = bytes_from_text(interface->endpoint);
    record->operation = out->procedure;
}

static void fill_auth(
    const struct dcerpc *rpc, const struct dcerpc_call *call, struct record_dcerpc *record)
{
    uint8_t type = call->has_auth ? call->auth_type : rpc->auth_type;
    uint8_t level = call->has_auth ? call->auth_level : rpc->auth_level;
    if (!type && !level)
        return;
    for (size_t i = 0; i < sizeof auth_types / sizeof *auth_types; i++)
        if (auth_types[i].type == type)
            record->auth.type = bytes_from_text(auth_types[i].name);
    record->auth.level = bytes_from_text(level < AUTH_LEVELS ? auth_levels[level] : NULL);
    record->auth.mechanism = bytes_from_text(rpc->mechanism);
    if (call->half[FLOW_CLIENT].type != DCERPC_REQUEST && !call->half[FLOW_SERVER].seen)
        return; // who logged on was not known yet
    record->auth.user = rpc->user;
    record->auth.domain = rpc->domain;
    record->auth.host = rpc->host;
}

static void fill_fault(struct dcerpc_call *call, struct record_dcerpc *record)
{
    char text[10];
    struct text_out out = TEXT_OUT(text);
    uint8_t raw[4] = {(uint8_t)(call->status >> 24), (uint8_t)(call->status >> 16),
        (uint8_t)(call->status >> 8), (uint8_t)call->status};
    if (!call->has_status)
        return;
    text_out_text(&out, "0x");
    text_out_hex(&out, bytes_make(raw, 4));
    record->fault.status = text_out_keep(&out, &call->arena);
    bool nak = call->half[FLOW_SERVER].type == DCERPC_BINDNAK;
    const char *reason = call->status < NAK_REASONS ? nak_reasons[call->status] : NULL;
    record->fault.name = bytes_from_text(nak ? reason : dcerpc_status_name(call->status));
}

static void fill_messages(struct dcerpc_call *call, struct record_dcerpc *record)
{
    struct bytes *out = arena_alloc(&call->arena, sizeof *out * DCERPC_MESSAGES_MAX);
    for (size_t i = 0; out && i < call->message_count; i++)
        out[i] = bytes_from_text(types[call->messages[i]].plain);
    record->messages = out;
    record->messages_count = out ? call->message_count : 0;
}

static void fill_request(const struct dcerpc_call *call, bool one_way, struct record_dcerpc *record)
{
    const struct dcerpc_half *half = &call->half[FLOW_CLIENT];
    bool whole = half->seen && half->done && !half->lost;
    record->request = whole ? bytes_from_text(types[half->type].eve) : BYTES("REQUEST_LOST");
    if (!half->seen && (call->half[FLOW_SERVER].type == DCERPC_SHUTDOWN || one_way))
        record->request = (struct bytes){NULL, 0}; // nobody asked
    if (!whole || half->type != DCERPC_REQUEST)
        return;
    record->has_req = true;
    record->req.opnum = call->opnum;
    record->req.frag_cnt = half->fragments;
    record->req.stub_data_size = half->stub_bytes;
}

static void fill_response(
    const struct dcerpc_call *call, bool one_way, struct record_dcerpc *record)
{
    const struct dcerpc_half *half = &call->half[FLOW_SERVER];
    if (!half->seen && !call->unknown_answer && !one_way)
        record->response = BYTES("UNREPLIED");
    if (!half->seen)
        return;
    record->response = bytes_from_text(types[half->type].eve);
    if (half->type != DCERPC_RESPONSE || half->lost || !half->done)
        return;
    record->has_res = true;
    record->res.frag_cnt = half->fragments;
    record->res.stub_data_size = half->stub_bytes;
}

static void fill_identity(
    const struct dcerpc *rpc, struct dcerpc_call *call, struct record_dcerpc *record)
{
    record->rpc_version = rpc->minor ? BYTES("5.1") : BYTES("5.0");
    record->has_call_id = !call->connectionless;
    record->call_id = call->id;
    if (!call->connectionless)
        return;
    record->rpc_version = BYTES("4.0");
    record->activityuuid = dcerpc_uuid_text(&call->arena, call->activity);
    record->has_seqnum = true;
    record->seqnum = call->id;
}

void dcerpc_fill(const struct dcerpc *rpc, struct dcerpc_call *call, struct record_dcerpc *record)
{
    const double micro = 1e6;
    fill_identity(rpc, call, record);
    fill_request(call, rpc->setup.one_way, record);
    fill_response(call, rpc->setup.one_way, record);
    fill_interfaces(rpc, call, record);
    fill_auth(rpc, call, record);
    fill_fault(call, record);
    fill_messages(call, record);
    record->named_pipe = rpc->setup.named_pipe;
    record->transport = bytes_from_text(rpc->setup.transport);
    record->has_rtt = call->half[0].seen && call->half[1].seen;
    record->rtt = (double)(call->end_us - call->start_us) / micro;
    if (call->has_object)
        record->object = dcerpc_uuid_text(&call->arena, call->object);
    if (call->sec_addr.len)
        record->sec_addr = call->sec_addr;
    record->has_assoc_group = call->has_group;
    record->assoc_group = call->group;
    dcerpc_args_fill(rpc, call, record);
}

static void show_stub(struct proto_flow *pf, struct dcerpc_call *call, enum flow_side half)
{
    struct dcerpc_half *h = &call->half[half];
    enum flow_side side = half == FLOW_CLIENT ? call->asker : flow_other(call->asker);
    if (h->stub.len && !h->shown)
        proto_show(pf, BUFFER_DCERPC_STUB_DATA, side, call->tx_id, h->stub);
    h->shown = true;
    pf->big_endian = !call->little;
}

void dcerpc_call_show(struct proto_flow *pf, struct dcerpc_call *call, enum flow_side half)
{
    if (call->tx_id == PROTO_TX_NEXT || !call->half[half].done)
        return;
    show_stub(pf, call, half);
    proto_show_done(pf, half == FLOW_CLIENT ? call->asker : flow_other(call->asker), call->tx_id);
}

static void call_emit(const struct dcerpc *rpc, struct proto_flow *pf, struct dcerpc_call *call)
{
    struct record_dcerpc record = {0};
    dcerpc_fill(rpc, call, &record);
    pf->speaker = call->asker;
    show_stub(pf, call, FLOW_CLIENT);
    show_stub(pf, call, FLOW_SERVER);
    if (rpc->setup.emit)
        rpc->setup.emit(pf, rpc->setup.context, &record, call->start_us);
    else
        proto_emit_at(pf, RECORD_DCERPC, &record, call->tx_id, call->start_us);
}

void dcerpc_call_finish(struct dcerpc *rpc, struct proto_flow *pf, struct dcerpc_call *call)
{
    struct dcerpc_call **link = &rpc->calls;
    while (*link != call)
        link = &(*link)->next;
    *link = call->next;
    rpc->call_count--;
    call->end_us = pf->time_us;
    call_emit(rpc, pf, call);
    arena_release(&call->arena); // it holds call
}

void dcerpc_for_smb(const struct record_dcerpc *call, struct record_dcerpc_call *out)
{
    *out = (struct record_dcerpc_call){
        .request = call->request,
        .response = call->response,
        .has_opnum = call->has_req,
        .opnum = call->req.opnum,
        .has_req = call->has_req,
        .req = {call->req.frag_cnt, call->req.stub_data_size},
        .has_res = call->has_res,
        .res = call->res,
        .interfaces = call->interfaces,
        .interfaces_count = call->interfaces_count,
        .has_call_id = call->has_call_id,
        .call_id = call->call_id,
        .rpc_version = call->rpc_version,
        .endpoint = call->endpoint,
        .operation = call->operation,
        .named_pipe = call->named_pipe,
        .has_rtt = call->has_rtt,
        .rtt = call->rtt,
        .messages = call->messages,
        .messages_count = call->messages_count,
        .object = call->object,
        .sec_addr = call->sec_addr,
        .has_assoc_group = call->has_assoc_group,
        .assoc_group = call->assoc_group,
        .fault = call->fault,
        .auth = call->auth,
        .args = call->args,
        .args_count = call->args_count,
        .towers = call->towers,
        .towers_count = call->towers_count,
    };
}
