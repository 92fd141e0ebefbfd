// SPDX-License-Identifier: Apache-2.0
// Implicit messages of CIP over UDP (CIP Networks Library volume 2, section 3-2): input and output
// in cyclic messages, each with a connection identifier and a sequence number.
// Emits one cip_io record a flow, when it ends. Values are not read: only the application knows
// their layout. Limit: CIP_IO_CONNECTIONS.
#include "proto/ics.h"

enum {
    CIP_IO_CONNECTIONS = 16,
    ITEM_SEQUENCED = 0x8002,
    ITEM_CONNECTED = 0xb1,
};

struct cip_io_state {
    uint32_t ids[CIP_IO_CONNECTIONS];
    uint32_t sequences[CIP_IO_CONNECTIONS];
    size_t count;
    uint64_t messages[2], lost;
    uint16_t data_bytes;
};

struct message {
    uint32_t id, sequence;
    struct bytes data;
};

static bool read_message(struct bytes bytes, struct message *m)
{
    struct cursor in = cursor_make(bytes);
    bool good = cursor_u16le(&in) == 2 && cursor_u16le(&in) == ITEM_SEQUENCED;
    good &= cursor_u16le(&in) == 8;
    m->id = cursor_u32le(&in);
    m->sequence = cursor_u32le(&in);
    good &= cursor_u16le(&in) == ITEM_CONNECTED;
    m->data = cursor_take(&in, cursor_u16le(&in));
    return good && cursor_ok(&in) && cursor_left(&in) == 0;
}

static enum proto_probe cip_io_probe(const struct proto_first *first)
{
    struct message m;
    return bytes_at(first->data, 0) == 2 && read_message(first->data, &m) ? PROBE_EITHER : PROBE_NO;
}

static void take_message(struct proto_flow *pf, struct cip_io_state *state, const struct message *m)
{
    size_t i = 0;
    while (i < state->count && state->ids[i] != m->id)
        i++;
    if (i == CIP_IO_CONNECTIONS) {
        proto_anomaly(pf, ANOMALY_CIP_IO_TOO_MANY_CONNECTIONS);
        return;
    }
    if (i == state->count) {
        state->ids[state->count++] = m->id;
        if (i == 0)
            state->data_bytes = (uint16_t)m->data.len;
    } else if (m->sequence != state->sequences[i] + 1) {
        state->lost++;
    }
    state->sequences[i] = m->sequence;
}

static enum proto_verdict cip_io_parse(
    struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct cip_io_state *state = pf->state;
    struct message m;
    state->messages[side]++;
    if (read_message(cursor_rest(in), &m))
        take_message(pf, state, &m);
    else
        proto_anomaly(pf, ANOMALY_CIP_IO_MALFORMED);
    return PROTO_MORE;
}

static void cip_io_finish(struct proto_flow *pf)
{
    const struct cip_io_state *state = pf->state;
    struct record_cip_io io = {
        .connections = state->ids,
        .connections_count = state->count,
        .data_bytes = state->data_bytes,
        .messages_toserver = state->messages[FLOW_CLIENT],
        .messages_toclient = state->messages[FLOW_SERVER],
        .lost = state->lost,
    };
    if (state->count)
        proto_emit(pf, RECORD_CIP_IO, &io, pf->tx_count++);
}

const struct proto proto_cip_io = {
    .name = "cip",
    .carriers = OVER_UDP,
    .state_bytes = sizeof(struct cip_io_state),
    .budget_bytes = 1024,
    .probe = cip_io_probe,
    .parse = cip_io_parse,
    .finish = cip_io_finish,
};
