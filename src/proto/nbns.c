// SPDX-License-Identifier: Apache-2.0
// NetBIOS name service: RFC 1002 section 4.2, over UDP port 137. Emits one nbns record a message:
// names asked for, registered, released, and what a host's node status says. Broadcast questions
// and their answers are different flows and so not paired. Ignored: statistics of a node status,
// redirects. Limits: NBNS_RECORDS of each section, NBNS_NAMES, NBNS_ADDRESSES.
#include "proto/netbios_name.h"
#include "proto/text_out.h"

enum {
    NBNS_HEADER = 12,
    NBNS_RECORDS = 8,
    NBNS_NAMES = 64,
    NBNS_ADDRESSES = 32,
    NBNS_BUDGET = 32 * 1024,
    TYPE_NB = 0x20,
    TYPE_NBSTAT = 0x21,
};

struct message {
    struct arena arena;
    struct cursor in;
    uint16_t flags, counts[4];
    bool too_many;
    struct record_nbns record;
};

static const char *opcode_name(uint16_t flags)
{
    switch (flags >> 11 & 15) {
    case 0: return "query";
    case 5: return "registration";
    case 6: return "release";
    case 7: return "wack";
    case 8:
    case 9: return "refresh";
    case 15: return "multihomed_registration";
    default: return NULL;
    }
}

static const char *rcode_name(uint16_t flags)
{
    static const char *const names[] = {
        "NOERROR", "FMT_ERR", "SRV_ERR", "NAM_ERR", "IMP_ERR", "RFS_ERR", "ACT_ERR", "CFT_ERR"};
    return (flags & 15) < 8 ? names[flags & 15] : "UNKNOWN";
}

static struct bytes type_name(uint16_t type)
{
    switch (type) {
    case TYPE_NB: return BYTES("NB");
    case TYPE_NBSTAT: return BYTES("NBSTAT");
    case 10: return BYTES("NULL");
    case 1: return BYTES("A");
    case 2: return BYTES("NS");
    default: return BYTES("other");
    }
}

// A first name that is one, in a header whose codes exist: nothing else looks so.
static enum proto_probe nbns_probe(const struct proto_first *first)
{
    struct cursor in = cursor_make(first->data);
    cursor_skip(&in, 2);
    uint16_t flags = cursor_u16(&in), questions = cursor_u16(&in), answers = cursor_u16(&in);
    uint16_t authorities = cursor_u16(&in), additionals = cursor_u16(&in);
    if (cursor_u8(&in) != NETBIOS_LABEL_BYTES || !opcode_name(flags) || (flags & 0x60) ||
        questions > 1 || answers > 1 || authorities > 1 || additionals > 1)
        return PROBE_NO;
    struct bytes label = cursor_take(&in, NETBIOS_LABEL_BYTES);
    if (!cursor_ok(&in) || !netbios_label_is(label))
        return PROBE_NO;
    if ((flags & 0x8000) && questions)
        return PROBE_NO;
    return flags & 0x8000 ? PROBE_SERVER : PROBE_CLIENT;
}

static void read_queries(struct message *m)
{
    struct record_nbns_query *list = arena_zalloc(&m->arena, NBNS_RECORDS * sizeof *list);
    m->record.queries = list;
    for (uint16_t i = 0; list && i < m->counts[0] && cursor_ok(&m->in); i++) {
        struct netbios_name name;
        if (i == NBNS_RECORDS) {
            m->too_many = true;
            cursor_fail(&m->in);
            return;
        }
        if (!netbios_name_read(&name, &m->in, &m->arena))
            return;
        list[i] = (struct record_nbns_query){.rrname = name.name,
            .suffix = name.suffix,
            .service = bytes_from_text(name.service),
            .scope = name.scope,
            .rrtype = type_name(cursor_u16(&m->in))};
        cursor_skip(&m->in, 2);
        m->record.queries_count++;
    }
}

static struct bytes node_type(uint16_t flags)
{
    static const char *const names[] = {"B", "P", "M", "H"};
    return bytes_from_text(names[flags >> 13 & 3]);
}

// NB: flags and an address, again and again.
static void read_addresses(struct message *m, struct cursor data, struct record_nbns_rr *rr)
{
    struct bytes *list = arena_alloc(&m->arena, NBNS_ADDRESSES * sizeof *list);
    rr->addresses = list;
    while (list && cursor_left(&data) >= 6) {
        char room[ADDR_TEXT_BYTES];
        struct text_out out = TEXT_OUT(room);
        uint16_t flags = cursor_u16(&data);
        struct addr a = addr_v4(cursor_take(&data, 4).data);
        if (rr->addresses_count == NBNS_ADDRESSES) {
            m->too_many = true;
            return;
        }
        text_out_addr(&out, &a);
        list[rr->addresses_count++] = text_out_keep(&out, &m->arena);
        rr->group = flags >> 15;
        rr->node_type = node_type(flags);
    }
}

// NBSTAT: the names a host has, then its hardware address.
static void read_status(struct message *m, struct cursor data)
{
    uint8_t count = cursor_u8(&data);
    struct record_nbns_status_name *list = arena_zalloc(&m->arena, NBNS_NAMES * sizeof *list);
    m->record.names = list;
    for (uint8_t i = 0; list && i < count; i++) {
        struct netbios_name name;
        struct bytes raw = cursor_take(&data, NETBIOS_NAME_BYTES);
        uint16_t flags = cursor_u16(&data);
        if (!cursor_ok(&data))
            break;
        if (i >= NBNS_NAMES) {
            m->too_many = true;
            continue;
        }
        netbios_name_take(&name, raw, &m->arena);
        list[m->record.names_count++] = (struct record_nbns_status_name){.rrname = name.name,
            .suffix = name.suffix,
            .service = bytes_from_text(name.service),
            .group = flags >> 15,
            .node_type = node_type(flags),
            .conflict = flags >> 11 & 1,
            .active = flags >> 10 & 1,
            .permanent = flags >> 9 & 1};
    }
    struct bytes mac = cursor_take(&data, 6);
    if (cursor_ok(&data))
        m->record.mac = arena_copy(&m->arena, mac);
    else
        cursor_fail(&m->in);
}

static bool read_record(struct message *m, struct record_nbns_rr *rr)
{
    struct netbios_name name;
    if (!netbios_name_read(&name, &m->in, &m->arena))
        return false;
    uint16_t type = cursor_u16(&m->in);
    cursor_skip(&m->in, 2);
    *rr = (struct record_nbns_rr){.rrname = name.name,
        .suffix = name.suffix,
        .service = bytes_from_text(name.service),
        .scope = name.scope,
        .rrtype = type_name(type),
        .ttl = cursor_u32(&m->in)};
    struct cursor data = cursor_sub(&m->in, cursor_u16(&m->in));
    if (!cursor_ok(&m->in))
        return false;
    if (type == TYPE_NB)
        read_addresses(m, data, rr);
    else if (type == TYPE_NBSTAT)
        read_status(m, data);
    return true;
}

static const struct record_nbns_rr *read_section(struct message *m, uint16_t count, size_t *out)
{
    struct record_nbns_rr *list =
        count ? arena_zalloc(&m->arena, NBNS_RECORDS * sizeof *list) : NULL;
    for (*out = 0; list && *out < count; (*out)++) {
        if (*out == NBNS_RECORDS) {
            m->too_many = true;
            break;
        }
        if (!read_record(m, &list[*out]))
            break;
    }
    return list;
}

static void read_message(struct message *m)
{
    struct record_nbns *r = &m->record;
    size_t authorities;
    r->id = cursor_u16(&m->in);
    r->flags = m->flags = cursor_u16(&m->in);
    for (size_t i = 0; i < 4; i++)
        m->counts[i] = cursor_u16(&m->in);
    bool response = m->flags >> 15;
    r->type = response ? BYTES("response") : BYTES("request");
    r->opcode = bytes_from_text(opcode_name(m->flags));
    r->broadcast = m->flags >> 4 & 1;
    r->authoritative = m->flags >> 10 & 1;
    r->rcode = bytes_from_text(response ? rcode_name(m->flags) : NULL);
    read_queries(m);
    r->answers = read_section(m, m->counts[1], &r->answers_count);
    read_section(m, m->counts[2], &authorities); // redirects name a server: nobody sends them
    r->additionals = read_section(m, m->counts[3], &r->additionals_count);
}

static enum proto_verdict nbns_parse(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct message m = {.in = cursor_make(cursor_rest(in))};
    arena_init(&m.arena, pf->arena.pool, NBNS_BUDGET);
    read_message(&m);
    if (m.too_many)
        proto_anomaly(pf, ANOMALY_NBNS_TOO_MANY_RECORDS);
    else if (!cursor_ok(&m.in))
        proto_anomaly(pf, ANOMALY_NBNS_MALFORMED_DATA);
    pf->speaker = side;
    if (m.record.opcode.data && (m.record.queries_count || m.record.answers_count))
        proto_emit(pf, RECORD_NBNS, &m.record, pf->tx_count++);
    arena_reset(&m.arena);
    return PROTO_MORE;
}

const struct proto proto_nbns = {
    .name = "nbns",
    .carriers = OVER_UDP,
    .probe = nbns_probe,
    .parse = nbns_parse,
};
