// SPDX-License-Identifier: Apache-2.0
// Reading one DNS message: RFC 1035 section 4 (format), 4.1.4 (compression), RFC 6891 (EDNS),
// RFC 7871 (client subnet), RFC 7873 (cookie), RFC 8914 (extended error), RFC 6895 (codes).
// Work is linear: a name follows at most DNS_POINTERS_MAX pointers and ends after 255 bytes, a
// section keeps at most DNS_RECORDS_MAX records. A pointer may lead anywhere within the message;
// one that leads forward is an anomaly (RFC 1035: "a prior occurrence"), one too many a loop.
#include "proto/dns_message.h"

static void put_label(const struct dns_message *m, struct text_out *out, struct bytes label)
{
    for (size_t i = 0; i < label.len; i++) {
        uint8_t c = label.data[i];
        bool text = m->utf8 ? c >= 0x20 && c != 0x7f : c > 0x20 && c < 0x7f;
        if (c == '.' || c == '\\')
            text_out_char(out, '\\');
        if (text) {
            text_out_char(out, (char)c);
            continue;
        }
        text_out_char(out, '\\');
        text_out_char(out, (char)('0' + c / 100));
        text_out_char(out, (char)('0' + c / 10 % 10));
        text_out_char(out, (char)('0' + c % 10));
    }
}

// Move `label` to where the pointer that starts with `high` leads. False: one too many.
static bool follow_pointer(
    struct dns_message *m, struct cursor *label, struct cursor *in, uint8_t high, unsigned *jumps)
{
    size_t at = cursor_pos(label) - 1;
    size_t target = (size_t)(high & 0x3f) << 8 | cursor_u8(label);
    if ((*jumps)++ == 0)
        *in = *label; // the name ends here, whatever it points to
    if (*jumps > DNS_POINTERS_MAX) {
        m->problems |= DNS_LOOP;
        return false;
    }
    if (target >= at)
        m->problems |= DNS_FORWARD_POINTER;
    cursor_seek(label, target);
    return true;
}

void dns_name_read(struct dns_message *m, struct cursor *in, struct text_out *out, bool *truncated)
{
    struct cursor label = *in;
    unsigned jumps = 0;
    size_t wire = 1, start = out->len;
    for (uint8_t n = cursor_u8(&label); n && cursor_ok(&label); n = cursor_u8(&label)) {
        if (n >= 0xc0) {
            if (!follow_pointer(m, &label, in, n, &jumps))
                return;
            continue;
        }
        if (n > 63) // 01 and 10: never in use (RFC 6891 section 5)
            cursor_fail(&label);
        struct bytes text = cursor_take(&label, n);
        wire += n + 1U;
        if (wire > DNS_NAME_BYTES) {
            m->problems |= DNS_NAME_TOO_LONG;
            *truncated = true;
            if (jumps)
                return;
            continue; // its own bytes must be passed for what follows it
        }
        if (out->len > start)
            text_out_char(out, '.');
        put_label(m, out, text);
    }
    if (!cursor_ok(&label))
        m->problems |= DNS_MALFORMED;
    if (!jumps)
        *in = label;
}

static struct bytes read_name(struct dns_message *m, struct cursor *in, bool *truncated)
{
    char buffer[DNS_NAME_TEXT_BYTES];
    struct text_out out = TEXT_OUT(buffer);
    dns_name_read(m, in, &out, truncated);
    return text_out_keep(&out, m->arena);
}

static void read_query(struct dns_message *m, struct cursor *in, struct record_dns_query *query)
{
    *query = (struct record_dns_query){0};
    query->rrname = read_name(m, in, &query->rrname_truncated);
    query->rrtype = dns_type_name(m->arena, cursor_u16(in));
    uint16_t class = cursor_u16(in);
    if (m->utf8) {
        query->unicast_response = class >> 15; // RFC 6762 section 5.4
        class &= 0x7fff;
    }
    query->rrclass = dns_class_name(m->arena, class);
}

// What of a count in the header can be there at all, and may be kept.
static size_t believable(struct dns_message *m, size_t total, size_t left, size_t least, size_t max)
{
    if (total > max)
        m->problems |= DNS_TOO_MANY;
    size_t fits = left / least;
    if (total > fits)
        total = fits;
    return total < max ? total : max;
}

static void read_queries(struct dns_message *m, struct cursor *in)
{
    size_t room = believable(m, m->totals[0], cursor_left(in), 5, DNS_QUERIES_MAX);
    m->queries = room ? arena_alloc(m->arena, room * sizeof *m->queries) : NULL;
    for (size_t i = 0; i < m->totals[0] && cursor_ok(in); i++) {
        struct record_dns_query query;
        if (i == DNS_QUERIES_MAX) {
            cursor_fail(in); // so many are no question; what follows is not read
            return;
        }
        read_query(m, in, &query);
        if (cursor_ok(in) && m->queries && m->query_count < room)
            m->queries[m->query_count++] = query;
    }
}

static struct bytes read_subnet(struct dns_message *m, struct cursor option)
{
    char buffer[ADDR_TEXT_BYTES + 4];
    struct text_out out = TEXT_OUT(buffer);
    uint16_t family = cursor_u16(&option);
    uint8_t prefix = cursor_u8(&option);
    cursor_u8(&option); // scope
    struct bytes given = cursor_rest(&option);
    struct addr a = {.version = family == 1 ? 4 : 6};
    if (!cursor_ok(&option) || (family != 1 && family != 2) || given.len > (family == 1 ? 4 : 16))
        return (struct bytes){NULL, 0};
    if (given.len)
        memcpy(a.bytes, given.data, given.len);
    text_out_addr(&out, &a);
    text_out_char(&out, '/');
    text_out_u64(&out, prefix);
    return text_out_keep(&out, m->arena);
}

static void read_edns_option(struct dns_message *m, uint16_t code, struct cursor option)
{
    struct record_dns_edns *edns = &m->edns;
    if (code == 8) {
        edns->client_subnet = read_subnet(m, option);
    } else if (code == 10) {
        edns->cookie = arena_copy(m->arena, cursor_rest(&option));
    } else if (code == 15) {
        edns->error = cursor_u16(&option);
        edns->has_error = cursor_ok(&option);
        if (cursor_left(&option))
            edns->error_text = arena_copy(m->arena, cursor_rest(&option));
    }
}

// OPT stands in place of a record: class is the payload size, ttl the rest (RFC 6891
// section 6.1.3).
static void read_edns(struct dns_message *m, uint16_t class, uint32_t ttl, struct cursor rdata)
{
    uint16_t *codes = arena_alloc(m->arena, DNS_OPTIONS_MAX * sizeof *codes);
    size_t count = 0;
    m->edns.has_udp_size = true;
    m->edns.udp_size = class;
    m->edns.version = ttl >> 16 & 0xff;
    m->edns.has_version = true;
    m->edns.dnssec_ok = ttl >> 15 & 1;
    m->rcode = (uint16_t)(m->rcode & 15) | (uint16_t)(ttl >> 24 << 4);
    while (cursor_left(&rdata)) {
        uint16_t code = cursor_u16(&rdata);
        uint16_t length = cursor_u16(&rdata);
        struct cursor option = cursor_sub(&rdata, length);
        if (!cursor_ok(&option)) {
            m->problems |= DNS_MALFORMED;
            break;
        }
        read_edns_option(m, code, option);
        if (codes && count < DNS_OPTIONS_MAX)
            codes[count++] = code;
        else
            m->problems |= DNS_TOO_MANY;
    }
    m->edns.options = codes;
    m->edns.options_count = count;
}

// One record; false when it was an OPT and is not to be kept.
static bool read_record(
    struct dns_message *m, struct cursor *in, struct record_dns_rr *rr, uint16_t *type_out)
{
    *rr = (struct record_dns_rr){0};
    rr->rrname = read_name(m, in, &rr->rrname_truncated);
    uint16_t type = *type_out = cursor_u16(in);
    uint16_t class = cursor_u16(in);
    rr->ttl = cursor_u32(in);
    uint16_t length = cursor_u16(in);
    struct cursor rdata = *in;
    cursor_skip(in, length);
    if (!cursor_ok(in))
        return false;
    if (type == DNS_OPT) {
        read_edns(m, class, rr->ttl, cursor_sub(&rdata, length));
        return false;
    }
    if (m->utf8) {
        rr->cache_flush = class >> 15; // RFC 6762 section 10.2
        class &= 0x7fff;
    }
    rr->rrtype = dns_type_name(m->arena, type);
    rr->rrclass = dns_class_name(m->arena, class);
    if (length) // none in updates that delete (RFC 2136 section 2.5)
        dns_rdata_read(m, &rdata, type, length, rr);
    return true;
}

static void read_section(struct dns_message *m, struct cursor *in, size_t which)
{
    struct dns_section *section = &m->sections[which];
    size_t total = m->totals[which + 1];
    size_t room = believable(m, total, cursor_left(in), 11, DNS_RECORDS_MAX);
    section->records = room ? arena_alloc(m->arena, room * sizeof *section->records) : NULL;
    section->types = section->records ? arena_alloc(m->arena, room * sizeof *section->types) : NULL;
    for (size_t i = 0; i < total && cursor_ok(in); i++) {
        struct record_dns_rr rr;
        uint16_t type;
        if (i == DNS_RECORDS_MAX) {
            cursor_fail(in); // the rest of the message is not read
            return;
        }
        if (!read_record(m, in, &rr, &type) || !section->types || section->count == room)
            continue;
        section->types[section->count] = type;
        section->records[section->count++] = rr;
    }
}

bool dns_message_read(struct dns_message *m, struct cursor *in)
{
    m->id = cursor_u16(in);
    m->flags = cursor_u16(in);
    m->rcode = m->flags & 15;
    for (size_t i = 0; i < 4; i++)
        m->totals[i] = cursor_u16(in);
    if (!cursor_ok(in))
        return false;
    read_queries(m, in);
    for (size_t i = 0; i < 3 && cursor_ok(in); i++)
        read_section(m, in, i);
    if (!cursor_ok(in) && !(m->problems & DNS_TOO_MANY))
        m->problems |= DNS_MALFORMED;
    else if (cursor_left(in))
        m->problems |= DNS_TRAILING_DATA;
    if (m->arena->exhausted)
        m->problems |= DNS_TEXT_CUT;
    return true;
}

void dns_message_report(const struct dns_message *m, struct proto_flow *pf)
{
    static const struct {
        enum dns_problem problem;
        enum anomaly anomaly;
    } known[] = {
        {DNS_MALFORMED, ANOMALY_DNS_MALFORMED_DATA},
        {DNS_LOOP, ANOMALY_DNS_INFINITE_LOOP},
        {DNS_FORWARD_POINTER, ANOMALY_DNS_FORWARD_POINTER},
        {DNS_NAME_TOO_LONG, ANOMALY_DNS_NAME_TOO_LONG},
        {DNS_TOO_MANY, ANOMALY_DNS_TOO_MANY_RECORDS},
        {DNS_TEXT_CUT, ANOMALY_DNS_TEXT_CUT},
        {DNS_TRAILING_DATA, ANOMALY_DNS_TRAILING_DATA},
    };
    if (!m->problems)
        return;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (m->problems & known[i].problem)
            proto_anomaly(pf, known[i].anomaly);
}
