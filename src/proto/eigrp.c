// SPDX-License-Identifier: Apache-2.0
// EIGRP (RFC 7868 section 6), IP protocol 88: an eigrp record for the first hello of a router and
// when what it says changes, and for the first message of each other kind. Routes are not read.
// Limit: NEWS_MAX records a flow.
#include "proto/news.h"
#include "proto/proto.h"
#include "proto/text_out.h"

enum {
    EIGRP_PROTOCOL = 88,
    EIGRP_HEADER_BYTES = 20,
    PARAMETERS = 1,
    AUTHENTICATION = 2,
    HELLO = 5
};

static enum proto_probe eigrp_probe(const struct proto_first *first)
{
    uint8_t opcode = bytes_at(first->data, 1);
    bool fits = bytes_at(first->data, 0) == 2 && opcode >= 1 && opcode <= 11 &&
                first->data.len >= EIGRP_HEADER_BYTES;
    return first->ip_proto == EIGRP_PROTOCOL && fits ? PROBE_EITHER : PROBE_NO;
}

static bool parts(struct record_eigrp *r, struct cursor *in)
{
    while (cursor_left(in) >= 4) {
        uint16_t type = cursor_u16(in), length = cursor_u16(in);
        struct cursor part = cursor_sub(in, length < 4 ? SIZE_MAX : length - 4U);
        if (!cursor_ok(in))
            return false;
        if (type == PARAMETERS) {
            r->k_values = cursor_take(&part, 6);
            r->hold_time = cursor_u16(&part);
            r->has_hold_time = cursor_ok(&part);
        }
        r->authenticated |= type == AUTHENTICATION;
    }
    return cursor_ok(in);
}

static enum proto_verdict eigrp_parse(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    static const char *const types[] = {[1] = "update",
        [2] = "request",
        [3] = "query",
        [4] = "reply",
        [5] = "hello",
        [10] = "siaquery",
        [11] = "siareply"};
    char buffer[8];
    struct text_out type = TEXT_OUT(buffer);
    struct record_eigrp r = {0};
    r.version = cursor_u8(in);
    uint8_t opcode = cursor_u8(in);
    cursor_skip(in, 14); // checksum, flags, sequence, acknowledgement
    cursor_skip(in, 2);  // virtual router
    r.autonomous_system = cursor_u16(in);
    text_out_u64(&type, opcode);
    bool named = opcode < sizeof types / sizeof *types && types[opcode];
    r.type = named ? bytes_from_text(types[opcode]) : text_out_bytes(&type);
    if (!cursor_ok(in) || !parts(&r, in)) {
        proto_anomaly(pf, ANOMALY_EIGRP_MALFORMED);
        return PROTO_MORE;
    }
    uint8_t said[12] = {opcode, (uint8_t)(r.autonomous_system >> 8), (uint8_t)r.autonomous_system,
        (uint8_t)(r.hold_time >> 8), (uint8_t)r.hold_time, r.authenticated};
    for (size_t i = 0; i < r.k_values.len && i < 6; i++)
        said[6 + i] = r.k_values.data[i];
    enum news_answer news =
        opcode == HELLO && !r.has_hold_time
            ? NEWS_OLD // a hello without parameters acknowledges
            : news_check(pf->state, side, opcode, bytes_make(said, sizeof said));
    r.changed = news == NEWS_CHANGED;
    pf->speaker = side;
    if (news == NEWS_TOO_MANY)
        proto_anomaly(pf, ANOMALY_EIGRP_FLOODED);
    else if (news != NEWS_OLD)
        proto_emit(pf, RECORD_EIGRP, &r, pf->tx_count++);
    return PROTO_MORE;
}

const struct proto proto_eigrp = {
    .name = "eigrp",
    .carriers = OVER_IP,
    .state_bytes = sizeof(struct news),
    .probe = eigrp_probe,
    .parse = eigrp_parse,
};
