// SPDX-License-Identifier: Apache-2.0
// HSRP version 1 (RFC 2281 section 5) and 2, whose parts have types and lengths (as routers send
// it; no RFC). Routers speak every three seconds: an hsrp record for the first message of each
// group and kind, and when what it says changes. A password is not written; whether it is the one
// everybody knows is. Limit: NEWS_MAX records a flow.
#include "proto/news.h"
#include "proto/proto.h"
#include "proto/text_out.h"

enum {
    HSRP_PORT = 1985,
    HSRP_PORT6 = 2029,
    V1_BYTES = 20,
    GROUP_STATE = 1,
    TEXT_AUTH = 3,
    MD5_AUTH = 4,
    GROUP_BYTES = 40
};

static enum proto_probe hsrp_probe(const struct proto_first *first)
{
    struct cursor in = cursor_make(first->data);
    bool port = first->dst_port == HSRP_PORT || first->dst_port == HSRP_PORT6;
    uint8_t a = cursor_u8(&in), b = cursor_u8(&in), c = cursor_u8(&in);
    if (!port || !cursor_ok(&in) || first->data.len < V1_BYTES - 4)
        return PROBE_NO;
    bool v1 = a == 0 && b <= 3;
    bool v2 = a == GROUP_STATE && b == GROUP_BYTES && c == 2;
    return v1 || v2 ? PROBE_EITHER : PROBE_NO;
}

static struct bytes named(struct text_out *out, const char *const *names, size_t count, uint8_t v)
{
    if (v < count && names[v])
        return bytes_from_text(names[v]);
    text_out_u64(out, v);
    return text_out_bytes(out);
}

static void password(struct record_hsrp *r, struct bytes text)
{
    bool any = false;
    for (size_t i = 0; i < text.len; i++)
        any |= text.data[i] != 0;
    r->auth_type = any ? BYTES("password") : BYTES("none");
    r->default_password = bytes_start_with(text, BYTES("cisco\0"));
}

// Room for numbers that have no name.
struct names {
    char type[8], state[8];
};

static void kind(struct record_hsrp *r, struct names *room, uint8_t type)
{
    static const char *const types[] = {"hello", "coup", "resign", "advertise"};
    struct text_out out = TEXT_OUT(room->type);
    r->type = named(&out, types, sizeof types / sizeof *types, type);
}

static void read_v1(struct record_hsrp *r, struct names *room, struct cursor *in)
{
    static const char *const states[] = {[0] = "initial",
        [1] = "learn",
        [2] = "listen",
        [4] = "speak",
        [8] = "standby",
        [16] = "active"};
    struct text_out state = TEXT_OUT(room->state);
    r->version = 1;
    cursor_skip(in, 1);
    kind(r, room, cursor_u8(in));
    r->state = named(&state, states, sizeof states / sizeof *states, cursor_u8(in));
    r->hello_interval = cursor_u8(in);
    r->hold_interval = cursor_u8(in);
    r->priority = cursor_u8(in);
    r->group = cursor_u8(in);
    cursor_skip(in, 1);
    password(r, cursor_take(in, 8));
    struct bytes virtual = cursor_take(in, 4);
    if (cursor_ok(in))
        r->virtual_ip = addr_v4(virtual.data);
}

static void group_state(struct record_hsrp *r, struct names *room, struct cursor *in)
{
    static const char *const states[] = {
        "disabled", "initial", "learn", "listen", "speak", "standby", "active"};
    struct text_out state = TEXT_OUT(room->state);
    r->version = cursor_u8(in);
    kind(r, room, cursor_u8(in));
    r->state = named(&state, states, sizeof states / sizeof *states, cursor_u8(in));
    uint8_t ip_version = cursor_u8(in);
    r->group = cursor_u16(in);
    r->identifier = cursor_take(in, 6);
    r->priority = cursor_u32(in);
    r->hello_interval = cursor_u32(in) / 1000.0;
    r->hold_interval = cursor_u32(in) / 1000.0;
    struct bytes virtual = cursor_take(in, 16);
    if (cursor_ok(in))
        r->virtual_ip = ip_version == 6 ? addr_v6(virtual.data) : addr_v4(virtual.data);
    r->auth_type = BYTES("none");
}

// Parts: type, length, content.
static bool read_v2(struct record_hsrp *r, struct names *room, struct cursor *in)
{
    while (cursor_left(in) > 0) {
        uint8_t type = cursor_u8(in), length = cursor_u8(in);
        struct cursor part = cursor_sub(in, length);
        if (!cursor_ok(in))
            return false;
        if (type == GROUP_STATE && r->version == 0)
            group_state(r, room, &part);
        else if (type == TEXT_AUTH)
            password(r, cursor_rest(&part));
        else if (type == MD5_AUTH)
            r->auth_type = BYTES("md5");
        if (!cursor_ok(&part))
            return false;
    }
    return r->version != 0;
}

static enum proto_verdict hsrp_parse(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct names room;
    struct record_hsrp r = {0};
    struct bytes whole = cursor_rest(in);
    bool good = true;
    if (bytes_at(whole, 0) == GROUP_STATE)
        good = read_v2(&r, &room, in);
    else if (bytes_at(whole, 1) == 3)
        r.version = 1, kind(&r, &room, 3); // advertisements are laid out otherwise
    else
        read_v1(&r, &room, in);
    if (!good || !cursor_ok(in)) {
        proto_anomaly(pf, ANOMALY_HSRP_MALFORMED);
        return PROTO_MORE;
    }
    // digests differ each time: only the group's state counts
    struct bytes said = bytes_sub(whole, 0, r.version == 2 ? GROUP_BYTES + 2 : V1_BYTES);
    enum news_answer news = news_check(pf->state, side, r.group, said);
    r.changed = news == NEWS_CHANGED;
    pf->speaker = side;
    if (news == NEWS_TOO_MANY)
        proto_anomaly(pf, ANOMALY_HSRP_FLOODED);
    else if (news != NEWS_OLD)
        proto_emit(pf, RECORD_HSRP, &r, pf->tx_count++);
    return PROTO_MORE;
}

const struct proto proto_hsrp = {
    .name = "hsrp",
    .carriers = OVER_UDP,
    .state_bytes = sizeof(struct news),
    .probe = hsrp_probe,
    .parse = hsrp_parse,
};
