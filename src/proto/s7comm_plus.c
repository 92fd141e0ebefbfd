// SPDX-License-Identifier: Apache-2.0
// S7comm-plus (S7-1200, S7-1500) over the ISO transport service, as far as its published analyses
// go: version, kind of message, function, session. Emits one s7comm_plus record for the first
// message of each kind and function in a flow; from version 3 on contents have digests and are
// not looked at. Limit: KINDS_MAX.
#include "proto/cotp.h"

enum { KINDS_MAX = 64 };

static const struct ics_name functions[] = {{0x04b1, "Error"}, {0x04bb, "Explore"},
    {0x04ca, "CreateObject"}, {0x04d4, "DeleteObject"}, {0x04f2, "SetVariable"},
    {0x04fc, "GetVariable"}, {0x0506, "AddLink"}, {0x051a, "RemoveLink"}, {0x0524, "GetLink"},
    {0x0542, "SetMultiVariables"}, {0x054c, "GetMultiVariables"}, {0x0556, "BeginSequence"},
    {0x0560, "EndSequence"}, {0x056b, "Invoke"}, {0x057c, "SetVarSubStreamed"},
    {0x0586, "GetVarSubStreamed"}, {0x0590, "GetVariablesAddress"}, {0x059a, "Abort"},
    {0x05a9, "Error2"}, {0x05b3, "InitSsl"}};

static const struct ics_name opcodes[] = {
    {0x31, "request"}, {0x32, "response"}, {0x33, "notification"}};

struct s7plus_state {
    uint32_t seen[KINDS_MAX]; // opcode and function of messages recorded
    size_t count;
};

static enum proto_probe s7plus_probe(const struct proto_first *first)
{
    struct bytes d = first->data;
    if (!cotp_begins_with(d, 0x72) || d.len < 12)
        return PROBE_NO;
    uint8_t version = bytes_at(d, 8);
    return version == 1 || version == 2 || version == 3 || version == 0xfe ? PROBE_EITHER
                                                                           : PROBE_NO;
}

static bool is_new(struct s7plus_state *state, uint32_t kind)
{
    for (size_t i = 0; i < state->count; i++)
        if (state->seen[i] == kind)
            return false;
    if (state->count == KINDS_MAX)
        return false;
    state->seen[state->count++] = kind;
    return true;
}

static void take_message(struct proto_flow *pf, enum flow_side side, struct bytes payload)
{
    struct cursor in = cursor_make(payload);
    struct record_s7comm_plus r = {.version = 0};
    bool marked = cursor_u8(&in) == 0x72;
    r.version = cursor_u8(&in);
    uint16_t length = cursor_u16(&in);
    if (r.version == 3 && length > 0)
        cursor_skip(&in, cursor_u8(&in)); // digest
    r.opcode = cursor_u8(&in);
    bool known = ICS_NAME(opcodes, r.opcode).data != NULL;
    if (!marked || !cursor_ok(&in) || length == 0 || !known)
        return; // a fragment of an earlier message, a trailer or a keep-alive
    cursor_skip(&in, 2);
    r.function = cursor_u16(&in);
    cursor_skip(&in, 4);
    r.session = cursor_u32(&in);
    if (r.opcode == 0x33)
        r.function = 0; // notifications have none
    if (!is_new(pf->state, (uint32_t)r.opcode << 16 | r.function))
        return;
    struct arena arena;
    arena_init(&arena, pf->arena.pool, 1024);
    r.opcode_name = ICS_NAME(opcodes, r.opcode);
    if (r.opcode != 0x33)
        r.function_name =
            ics_name_or(ICS_NAME(functions, r.function), "unknown-", r.function, &arena);
    pf->speaker = side;
    proto_emit(pf, RECORD_S7COMM_PLUS, &r, pf->tx_count++);
    arena_reset(&arena);
}

static enum proto_verdict s7plus_parse(
    struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct cotp_frame frame;
    size_t need;
    while (cursor_left(in) > 0) {
        enum cotp_read answer = cotp_frame_read(in, &frame, &need);
        pf->need[side] = answer == COTP_MORE ? need : 0;
        if (answer == COTP_MORE)
            return PROTO_MORE;
        if (answer == COTP_BAD) {
            proto_anomaly(pf, ANOMALY_COTP_MALFORMED);
            return PROTO_BROKEN;
        }
        if (frame.type == COTP_DT)
            take_message(pf, side, frame.payload);
    }
    return PROTO_MORE;
}

const struct proto proto_s7comm_plus = {
    .name = "s7comm_plus",
    .carriers = OVER_TCP,
    .state_bytes = sizeof(struct s7plus_state),
    .budget_bytes = 1024,
    .buffer_bytes = ICS_BUFFER_BYTES,
    .probe = s7plus_probe,
    .parse = s7plus_parse,
};
