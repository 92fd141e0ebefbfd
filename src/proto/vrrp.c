// SPDX-License-Identifier: Apache-2.0
// VRRP version 2 (RFC 3768) and 3 (RFC 9568), IP protocol 112. Only the master advertises, every
// second: a vrrp record for its first one and when what it says changes. CARP, which took the same
// number, is told apart by its length and left alone. Limit: NEWS_MAX records a flow.
#include "proto/news.h"
#include "proto/proto.h"
#include "proto/text_out.h"

enum { VRRP_PROTOCOL = 112, VRRP_ADDRESSES_MAX = 255, HEADER_BYTES = 8, AUTH_BYTES = 8 };

static bool fits(struct bytes data)
{
    uint8_t version = bytes_at(data, 0) >> 4, count = bytes_at(data, 3);
    size_t addresses = data.len >= HEADER_BYTES ? data.len - HEADER_BYTES : 0;
    if ((bytes_at(data, 0) & 15) != 1 || data.len < HEADER_BYTES)
        return false;
    if (version == 2)
        return addresses >= 4U * count + AUTH_BYTES;
    return version == 3 && (addresses >= 4U * count);
}

static enum proto_probe vrrp_probe(const struct proto_first *first)
{
    return first->ip_proto == VRRP_PROTOCOL && fits(first->data) ? PROBE_EITHER : PROBE_NO;
}

static void addresses(
    struct record_vrrp *r, struct addr *list, struct cursor *in, uint8_t count, bool six)
{
    for (uint8_t i = 0; i < count; i++) {
        struct bytes raw = cursor_take(in, six ? 16 : 4);
        if (cursor_ok(in))
            list[r->addresses_count++] = six ? addr_v6(raw.data) : addr_v4(raw.data);
    }
    r->addresses = list;
}

static enum proto_verdict vrrp_parse(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    static const char *const auths[] = {"none", "password", "ip_auth_header"};
    char buffer[8];
    struct text_out auth = TEXT_OUT(buffer);
    struct addr list[VRRP_ADDRESSES_MAX];
    struct record_vrrp r = {0};
    struct bytes whole = cursor_rest(in);
    if (!fits(whole)) {
        proto_anomaly(pf, ANOMALY_VRRP_MALFORMED);
        return PROTO_MORE;
    }
    r.version = cursor_u8(in) >> 4;
    r.virtual_router_id = cursor_u8(in);
    r.priority = cursor_u8(in);
    uint8_t count = cursor_u8(in);
    if (r.version == 2) {
        uint8_t type = cursor_u8(in);
        text_out_u64(&auth, type);
        r.auth_type = type < 3 ? bytes_from_text(auths[type]) : text_out_bytes(&auth);
        r.interval = cursor_u8(in);
    } else {
        r.interval = (cursor_u16(in) & 0xfff) / 100.0;
    }
    cursor_skip(in, 2); // checksum
    addresses(&r, list, in, count, r.version == 3 && pf->flow->ip_version == 6);
    if (!cursor_ok(in))
        proto_anomaly(pf, ANOMALY_VRRP_MALFORMED);
    enum news_answer news = news_check(pf->state, side, r.virtual_router_id, whole);
    r.changed = news == NEWS_CHANGED;
    pf->speaker = side;
    if (news == NEWS_TOO_MANY)
        proto_anomaly(pf, ANOMALY_VRRP_FLOODED);
    else if (news != NEWS_OLD)
        proto_emit(pf, RECORD_VRRP, &r, pf->tx_count++);
    return PROTO_MORE;
}

const struct proto proto_vrrp = {
    .name = "vrrp",
    .carriers = OVER_IP,
    .state_bytes = sizeof(struct news),
    .probe = vrrp_probe,
    .parse = vrrp_parse,
};
