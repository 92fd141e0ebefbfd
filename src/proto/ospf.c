// SPDX-License-Identifier: Apache-2.0
// OSPF version 2 (RFC 2328 appendix A.3) and 3 (RFC 5340 appendix A.3), IP protocol 89. A router
// says hello every ten seconds: an ospf record for the first of each side, and when what it says
// changes; for the other kinds of messages the first one. Link states are not read. Limits:
// OSPF_NEIGHBORS_MAX listed, NEWS_MAX records a flow.
#include "proto/news.h"
#include "proto/proto.h"
#include "proto/text_out.h"

enum { OSPF_PROTOCOL = 89, OSPF_NEIGHBORS_MAX = 64, HELLO = 1 };

struct ospf_message {
    struct record_ospf record;
    struct addr neighbors[OSPF_NEIGHBORS_MAX];
    char auth[8];
    bool too_many;
};

static enum proto_probe ospf_probe(const struct proto_first *first)
{
    struct cursor in = cursor_make(first->data);
    uint8_t version = cursor_u8(&in), type = cursor_u8(&in);
    bool fits = (version == 2 || version == 3) && type >= 1 && type <= 5;
    return first->ip_proto == OSPF_PROTOCOL && fits ? PROBE_EITHER : PROBE_NO;
}

static struct addr number(struct cursor *in)
{
    struct bytes raw = cursor_take(in, 4);
    return raw.len == 4 ? addr_v4(raw.data) : (struct addr){.version = 0};
}

static void neighbors(struct ospf_message *m, struct cursor *in)
{
    while (cursor_left(in) >= 4) {
        m->too_many = m->record.neighbors_count == OSPF_NEIGHBORS_MAX;
        if (m->too_many)
            return;
        m->neighbors[m->record.neighbors_count++] = number(in);
    }
}

static void hello(struct ospf_message *m, struct cursor *in)
{
    struct record_ospf *r = &m->record;
    r->has_hello_interval = r->has_dead_interval = r->has_priority = true;
    if (r->version == 2) {
        r->network_mask = number(in);
        r->hello_interval = cursor_u16(in);
        cursor_skip(in, 1); // options
        r->priority = cursor_u8(in);
        r->dead_interval = cursor_u32(in);
    } else {
        cursor_skip(in, 4); // interface
        r->priority = cursor_u8(in);
        cursor_skip(in, 3); // options
        r->hello_interval = cursor_u16(in);
        r->dead_interval = cursor_u16(in);
    }
    r->designated_router = number(in);
    r->backup_designated_router = number(in);
    neighbors(m, in);
    r->neighbors = m->neighbors;
}

static void head(struct ospf_message *m, struct cursor *in)
{
    static const char *const auths[] = {"none", "password", "cryptographic"};
    struct record_ospf *r = &m->record;
    struct text_out auth = TEXT_OUT(m->auth);
    r->router_id = number(in);
    r->area_id = number(in);
    cursor_skip(in, 2); // checksum
    if (r->version == 3) {
        r->has_instance = true;
        r->instance = cursor_u8(in);
        cursor_skip(in, 1);
        return;
    }
    uint16_t type = cursor_u16(in);
    cursor_skip(in, 8); // a password, or how the digest behind the message is made
    text_out_u64(&auth, type);
    r->auth_type = type < 3 ? bytes_from_text(auths[type]) : text_out_bytes(&auth);
}

// What a hello says besides its checksum and digest; of the others only who says it.
static struct bytes saying(
    struct bytes whole, uint8_t version, uint8_t type, uint8_t *copy, size_t room)
{
    size_t len = type == HELLO ? whole.len : 12;
    len = len < room ? len : room;
    len = len < whole.len ? len : whole.len;
    memcpy(copy, whole.data, len);
    for (size_t i = 12; i < (version == 2 ? 24U : 14U) && i < len; i++)
        if (i < 14 || i >= 16)
            copy[i] = 0;
    return bytes_make(copy, len);
}

static enum proto_verdict ospf_parse(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    static const char *const types[] = {"hello", "dbdesc", "lsreq", "lsupdate", "lsack"};
    uint8_t copy[512];
    struct ospf_message m = {0};
    struct bytes whole = cursor_rest(in);
    m.record.version = cursor_u8(in);
    uint8_t type = cursor_u8(in);
    uint16_t length = cursor_u16(in);
    bool known = (m.record.version == 2 || m.record.version == 3) && type >= 1 && type <= 5;
    if (!known || length < 16 || length > whole.len) {
        proto_anomaly(pf, ANOMALY_OSPF_MALFORMED);
        return PROTO_MORE;
    }
    struct cursor body = cursor_sub(in, length - 4U);
    m.record.type = bytes_from_text(types[type - 1]);
    head(&m, &body);
    if (type == HELLO)
        hello(&m, &body);
    if (!cursor_ok(&body)) {
        proto_anomaly(pf, ANOMALY_OSPF_MALFORMED);
        return PROTO_MORE;
    }
    if (m.too_many)
        proto_anomaly(pf, ANOMALY_OSPF_TOO_MANY_NEIGHBORS);
    struct bytes said =
        saying(bytes_sub(whole, 0, length), m.record.version, type, copy, sizeof copy);
    enum news_answer news = news_check(pf->state, side, type, said);
    m.record.changed = news == NEWS_CHANGED;
    pf->speaker = side;
    if (news == NEWS_TOO_MANY)
        proto_anomaly(pf, ANOMALY_OSPF_FLOODED);
    else if (news != NEWS_OLD)
        proto_emit(pf, RECORD_OSPF, &m.record, pf->tx_count++);
    return PROTO_MORE;
}

const struct proto proto_ospf = {
    .name = "ospf",
    .carriers = OVER_IP,
    .state_bytes = sizeof(struct news),
    .probe = ospf_probe,
    .parse = ospf_parse,
};
