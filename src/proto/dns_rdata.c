// SPDX-License-Identifier: Apache-2.0
// Resource data as text, in the presentation form of each type's RFC: RFC 1035, 1183 (RP, AFSDB),
// 2782 (SRV), 3403 (NAPTR), 4034 (DNSSEC), 4255 (SSHFP), 5155 (NSEC3), 6698 (TLSA), 8659 (CAA),
// 9460 (SVCB, HTTPS). A type is one line of a table: its name and a letter a field. Types without a
// line, and data that does not fit its line, come out as hex. At most DNS_RDATA_TEXT_BYTES a value.
#include "proto/dns_message.h"

struct type {
    const char *name;
    const char *fields;
};

// dns_types.def says what the letters mean.
static const struct type types[] = {
#define DNS_TYPE(number, name, fields) [number] = {name, fields},
#include "proto/dns_types.def"
#undef DNS_TYPE
};

enum { TYPES = sizeof types / sizeof *types };

// A name of a table, or `prefix` and the number.
static struct bytes name_or_number(
    struct arena *arena, const char *name, const char *prefix, uint64_t number)
{
    char buffer[24];
    struct text_out out = TEXT_OUT(buffer);
    if (name)
        return bytes_from_text(name);
    text_out_text(&out, prefix);
    text_out_u64(&out, number);
    return text_out_keep(&out, arena);
}

struct bytes dns_type_name(struct arena *arena, uint16_t type)
{
    return name_or_number(arena, type < TYPES ? types[type].name : NULL, "TYPE", type);
}

struct bytes dns_class_name(struct arena *arena, uint16_t class)
{
    static const char *const names[] = {
        [1] = "IN", [3] = "CH", [4] = "HS", [254] = "NONE", [255] = "ANY"};
    if (class == 1) // IN goes without saying
        return (struct bytes){NULL, 0};
    return name_or_number(arena, class < 256 ? names[class] : NULL, "CLASS", class);
}

struct bytes dns_rcode_name(struct arena *arena, uint16_t rcode)
{
    static const char *const names[] = {"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP",
        "REFUSED", "YXDOMAIN", "YXRRSET", "NXRRSET", "NOTAUTH", "NOTZONE",
        "DSOTYPENI", [16] = "BADVERS", "BADKEY", "BADTIME", "BADMODE", "BADNAME", "BADALG",
        "BADTRUNC", "BADCOOKIE"};
    return name_or_number(
        arena, rcode < sizeof names / sizeof *names ? names[rcode] : NULL, "", rcode);
}

// Text between quotes: what would end or blur them is escaped.
static void put_quoted(struct text_out *out, struct bytes text)
{
    text_out_char(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '"' || text.data[i] == '\\')
            text_out_char(out, '\\');
        text_out_char(out, (char)text.data[i]);
    }
    text_out_char(out, '"');
}

// Type bit maps (RFC 4034 section 4.1.2): windows of 256 types, up to 32 bytes each.
static void put_type_map(struct dns_message *m, struct cursor *in, struct text_out *out)
{
    bool first = true;
    while (cursor_left(in)) {
        unsigned window = cursor_u8(in) * 256U;
        struct bytes map = cursor_take(in, cursor_u8(in));
        for (size_t i = 0; i < map.len * 8 && i < 256; i++) {
            if (!(map.data[i / 8] & 0x80 >> i % 8))
                continue;
            if (!first)
                text_out_char(out, ' ');
            first = false;
            text_out_put(out, dns_type_name(m->arena, (uint16_t)(window + i)));
        }
    }
}

static void put_comma(struct text_out *out, bool *first)
{
    if (!*first)
        text_out_char(out, ',');
    *first = false;
}

static const char *const service_keys[] = {"mandatory", "alpn", "no-default-alpn", "port",
    "ipv4hint", "ech", "ipv6hint", "dohpath", "ohttp"};

static void put_service_key(struct text_out *out, uint16_t key)
{
    if (key < sizeof service_keys / sizeof *service_keys) {
        text_out_text(out, service_keys[key]);
    } else {
        text_out_text(out, "key");
        text_out_u64(out, key);
    }
}

static void put_service_value(struct cursor *value, uint16_t key, struct text_out *out)
{
    bool first = true;
    while (cursor_left(value)) {
        put_comma(out, &first);
        if (key == 0) {
            put_service_key(out, cursor_u16(value));
        } else if (key == 1) {
            text_out_put(out, cursor_take(value, cursor_u8(value)));
        } else if (key == 3) {
            text_out_u64(out, cursor_u16(value));
        } else if (key == 4 || key == 6) {
            struct bytes raw = cursor_take(value, key == 4 ? 4 : 16);
            struct addr a = {.version = key == 4 ? 4 : 6};
            if (raw.len)
                memcpy(a.bytes, raw.data, raw.len);
            text_out_addr(out, &a);
        } else {
            struct bytes rest = cursor_take(value, cursor_left(value));
            (key == 5 ? text_out_base64 : key == 7 ? text_out_put : text_out_hex)(out, rest);
        }
    }
}

static void put_service(struct cursor *in, struct text_out *out)
{
    for (bool first = true; cursor_left(in); first = false) {
        uint16_t key = cursor_u16(in);
        struct cursor value = cursor_sub(in, cursor_u16(in));
        if (!first)
            text_out_char(out, ' ');
        put_service_key(out, key);
        if (cursor_left(&value)) {
            text_out_char(out, '=');
            put_service_value(&value, key, out);
        }
        if (!cursor_ok(&value))
            cursor_fail(in);
    }
}

// TXT: its strings one after the other, and apart from each other where there are several.
static void put_strings(
    struct dns_message *m, struct cursor *in, struct text_out *out, struct record_dns_rr *rr)
{
    struct bytes strings[DNS_STRINGS_MAX];
    size_t count = 0;
    while (cursor_left(in)) {
        struct bytes text = cursor_take(in, cursor_u8(in));
        text_out_put(out, text);
        if (count < DNS_STRINGS_MAX)
            strings[count++] = text;
        else
            m->problems |= DNS_TEXT_CUT;
    }
    if (count < 2 && !m->utf8)
        return;
    struct bytes *kept = count ? arena_alloc(m->arena, count * sizeof *kept) : NULL;
    for (size_t i = 0; kept && i < count; i++)
        kept[i] = arena_copy(m->arena, strings[i]);
    rr->txt = kept;
    rr->txt_count = kept ? count : 0;
}

static void put_address(struct cursor *in, struct text_out *out, uint8_t version)
{
    struct bytes raw = cursor_take(in, version == 4 ? 4 : 16);
    struct addr a = {.version = version};
    if (!raw.len)
        return;
    memcpy(a.bytes, raw.data, raw.len);
    text_out_addr(out, &a);
}

static void put_name(struct dns_message *m, struct cursor *in, struct text_out *out)
{
    size_t before = out->len;
    bool cut = false;
    dns_name_read(m, in, out, &cut);
    if (out->len == before)
        text_out_char(out, '.'); // the root, which among other fields must be seen
}

static void put_number(struct cursor *in, struct text_out *out, char field)
{
    text_out_u64(out, field == '1'   ? cursor_u8(in)
                      : field == '2' ? cursor_u16(in)
                                     : cursor_u32(in));
}

// Counted bytes; "-" where there are none (RFC 5155 section 3.3).
static void put_counted(struct cursor *in, struct text_out *out, char field)
{
    struct bytes b = cursor_take(in, cursor_u8(in));
    if (field == 'g')
        text_out_put(out, b);
    else if (!b.len)
        text_out_char(out, '-');
    else
        (field == 'h' ? text_out_hex : text_out_base32hex)(out, b);
}

static void put_field(struct dns_message *m, struct cursor *in, struct text_out *out, char field,
    struct record_dns_rr *rr)
{
    switch (field) {
    case '1':
    case '2':
    case '4':
    case 't': put_number(in, out, field); break;
    case 'n': put_name(m, in, out); break;
    case 's': put_quoted(out, cursor_take(in, cursor_u8(in))); break;
    case 'v': put_quoted(out, cursor_take(in, cursor_left(in))); break;
    case 'T': text_out_put(out, dns_type_name(m->arena, cursor_u16(in))); break;
    case 'a': put_address(in, out, 4); break;
    case 'A': put_address(in, out, 6); break;
    case 'S': put_strings(m, in, out, rr); break;
    case 'x': text_out_hex(out, cursor_take(in, cursor_left(in))); break;
    case 'b': text_out_base64(out, cursor_take(in, cursor_left(in))); break;
    case 'm': put_type_map(m, in, out); break;
    case 'p': put_service(in, out); break;
    default: put_counted(in, out, field); break;
    }
}

static struct bytes next_name(struct dns_message *m, struct cursor *in)
{
    char buffer[DNS_NAME_TEXT_BYTES];
    struct text_out out = TEXT_OUT(buffer);
    bool cut = false;
    dns_name_read(m, in, &out, &cut);
    return text_out_keep(&out, m->arena);
}

static struct bytes fingerprint_text(struct dns_message *m, struct bytes digest)
{
    char buffer[256];
    struct text_out out = TEXT_OUT(buffer);
    text_out_mac(&out, digest);
    return text_out_keep(&out, m->arena);
}

// The types EVE gives as objects, too. `in` is at the data's beginning.
static void read_parts(
    struct dns_message *m, struct cursor in, uint16_t type, struct record_dns_rr *rr)
{
    if (type == DNS_SOA) {
        rr->has_soa = true;
        rr->soa.mname = next_name(m, &in);
        rr->soa.rname = next_name(m, &in);
        rr->soa.serial = cursor_u32(&in);
        rr->soa.refresh = cursor_u32(&in);
        rr->soa.retry = cursor_u32(&in);
        rr->soa.expire = cursor_u32(&in);
        rr->soa.minimum = cursor_u32(&in);
    } else if (type == DNS_SRV) {
        rr->has_srv = true;
        rr->srv.priority = cursor_u16(&in);
        rr->srv.weight = cursor_u16(&in);
        rr->srv.port = cursor_u16(&in);
        rr->srv.name = next_name(m, &in);
    } else if (type == DNS_SSHFP) {
        rr->has_sshfp = true;
        rr->sshfp.algo = cursor_u8(&in);
        rr->sshfp.type = cursor_u8(&in);
        rr->sshfp.fingerprint = fingerprint_text(m, cursor_rest(&in));
    } else if (type == DNS_MX) {
        rr->has_preference = true;
        rr->preference = cursor_u16(&in);
    }
}

void dns_rdata_read(struct dns_message *m, struct cursor *in, uint16_t type, uint16_t length,
    struct record_dns_rr *rr)
{
    char buffer[DNS_RDATA_TEXT_BYTES];
    struct text_out out = TEXT_OUT(buffer);
    struct bytes whole = cursor_rest(in);
    struct cursor data = cursor_window(in, length); // names may point back before it
    struct cursor start = data;
    const char *fields = type < TYPES && types[type].fields ? types[type].fields : "x";
    if (type == DNS_MX)
        cursor_skip(&data, 2), fields = "n"; // EVE has the name alone
    for (const char *field = fields; *field && cursor_ok(&data); field++) {
        if (field != fields)
            text_out_char(&out, ' ');
        put_field(m, &data, &out, *field, rr);
    }
    if (!cursor_ok(&data) || cursor_left(&data)) {
        m->problems |= DNS_MALFORMED;
        out.len = 0;
        text_out_hex(&out, bytes_sub(whole, 0, length));
    } else {
        read_parts(m, start, type, rr);
    }
    if (out.cut)
        m->problems |= DNS_TEXT_CUT;
    rr->rdata_truncated = out.cut;
    rr->rdata = text_out_keep(&out, m->arena);
}
