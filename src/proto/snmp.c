// SPDX-License-Identifier: Apache-2.0
// SNMP over UDP: version 1 (RFC 1157), 2c (RFC 1901, 3416) and 3 with its user-based security
// (RFC 3412 section 6, 3414 section 2.4). One snmp record a message, as EVE's, with the values of
// variables beside their names. What version 3 encrypts is not read; the user and the engine stand
// in the clear. Limits: SNMP_VARIABLES_MAX variables, SNMP_VALUE_BYTES of each value, object
// identifiers of SNMP_OID_PARTS numbers (RFC 2578 section 3.5).
#include "proto/der.h"
#include "proto/proto.h"
#include "proto/text_out.h"

enum {
    SNMP_VARIABLES_MAX = 256,
    SNMP_VALUE_BYTES = 1024,
    SNMP_OID_PARTS = 128,
    SNMP_OID_TEXT_BYTES = SNMP_OID_PARTS * 11,
    SNMP_MESSAGE_BUDGET = 512 * 1024,
    SNMP_V3 = 3,
    SNMP_USM = 3, // the user-based security model
};

enum snmp_flag { SNMP_AUTH = 1, SNMP_PRIVACY = 2, SNMP_REPORTABLE = 4 };

enum snmp_pdu {
    SNMP_GET = 0xa0,
    SNMP_GET_NEXT,
    SNMP_RESPONSE,
    SNMP_SET,
    SNMP_TRAP_V1,
    SNMP_GET_BULK,
    SNMP_INFORM,
    SNMP_TRAP_V2,
    SNMP_REPORT,
};

static const char *const pdu_names[] = {"get_request", "get_next_request", "response",
    "set_request", "trap_v1", "get_bulk_request", "inform_request", "trap_v2", "report"};
static const char *const pdu_types[] = {"GetRequest", "GetNextRequest", "GetResponse", "SetRequest",
    "Trap", "GetBulkRequest", "InformRequest", "SNMPv2-Trap", "Report"};
static const char *const errors[] = {NULL, "TooBig", "NoSuchName", "BadValue", "ReadOnly", "GenErr",
    "NoAccess", "WrongType", "WrongLength", "WrongEncoding", "WrongValue", "NoCreation",
    "InconsistentValue", "ResourceUnavailable", "CommitFailed", "UndoFailed", "AuthorizationError",
    "NotWritable", "InconsistentName"};
static const char *const traps[] = {"ColdStart", "WarmStart", "LinkDown", "LinkUp",
    "AuthenticationFailure", "EgpNeighborLoss", "EnterpriseSpecific"};

// What is read of one message.
struct snmp_message {
    struct record_snmp record;
    struct arena arena;
    struct bytes vars[SNMP_VARIABLES_MAX];
    struct record_snmp_variable variables[SNMP_VARIABLES_MAX];
    bool too_many, odd;
};

static struct bytes name_of(const char *const *names, size_t count, int64_t at)
{
    return bytes_from_text(at >= 0 && (uint64_t)at < count ? names[at] : NULL);
}

// Signed, of 8 bytes at most; longer ones keep their last.
static int64_t integer(struct bytes value)
{
    uint64_t v = value.len > 0 && value.data[0] >> 7 ? UINT64_MAX : 0;
    for (size_t i = 0; i < value.len; i++)
        v = v << 8 | value.data[i];
    return (int64_t)v;
}

static uint64_t unsigned_integer(struct bytes value)
{
    uint64_t v = 0;
    for (size_t i = 0; i < value.len; i++)
        v = v << 8 | value.data[i];
    return v;
}

// X.690 section 8.19. False: it is none.
static bool put_oid(struct text_out *out, struct bytes oid)
{
    uint64_t part = 0;
    size_t parts = 0;
    for (size_t i = 0; i < oid.len; i++) {
        part = part << 7 | (oid.data[i] & 0x7f);
        if (part > UINT32_MAX || parts == SNMP_OID_PARTS)
            return false;
        if (oid.data[i] & 0x80)
            continue;
        if (parts++ == 0) {
            uint64_t first = part < 80 ? part / 40 : 2;
            text_out_u64(out, first);
            part -= first * 40;
        }
        text_out_char(out, '.');
        text_out_u64(out, part);
        part = 0;
    }
    return oid.len > 0 && !(oid.data[oid.len - 1] & 0x80);
}

static struct bytes oid_text(struct snmp_message *m, struct bytes oid)
{
    char buffer[SNMP_OID_TEXT_BYTES];
    struct text_out out = TEXT_OUT(buffer);
    if (put_oid(&out, oid))
        return text_out_keep(&out, &m->arena);
    m->odd = true;
    return (struct bytes){NULL, 0};
}

static struct bytes number_text(struct snmp_message *m, uint64_t v, bool negative)
{
    char buffer[24];
    struct text_out out = TEXT_OUT(buffer);
    if (negative)
        text_out_char(&out, '-');
    text_out_u64(&out, v);
    return text_out_keep(&out, &m->arena);
}

static bool is_plain(struct bytes b)
{
    for (size_t i = 0; i < b.len; i++)
        if (b.data[i] != '\t' && b.data[i] != '\r' && b.data[i] != '\n' &&
            (b.data[i] < 0x20 || b.data[i] == 0x7f))
            return false;
    return true;
}

static struct bytes string_text(struct snmp_message *m, struct bytes value, bool opaque)
{
    char buffer[SNMP_VALUE_BYTES];
    struct text_out out = TEXT_OUT(buffer);
    if (!opaque && is_plain(value))
        return bytes_sub(value, 0, SNMP_VALUE_BYTES / 2);
    text_out_hex(&out, bytes_sub(value, 0, SNMP_VALUE_BYTES / 2));
    return text_out_keep(&out, &m->arena);
}

static struct bytes address_text(struct snmp_message *m, struct bytes value)
{
    char buffer[16];
    struct text_out out = TEXT_OUT(buffer);
    if (value.len != 4)
        return string_text(m, value, true);
    struct addr a = addr_v4(value.data);
    text_out_addr(&out, &a);
    return text_out_keep(&out, &m->arena);
}

// RFC 3416 section 3: type and value of a variable. False: it has none, as in a request.
static bool read_value(
    struct snmp_message *m, uint8_t tag, struct bytes raw, struct record_snmp_variable *out)
{
    int64_t v = integer(raw);
    switch (tag) {
    case DER_INTEGER:
        out->type = BYTES("integer");
        out->value = number_text(m, v < 0 ? -(uint64_t)v : (uint64_t)v, v < 0);
        return true;
    case DER_OCTET_STRING:
        out->type = BYTES("string");
        out->value = string_text(m, raw, false);
        return true;
    case DER_OID:
        out->type = BYTES("oid");
        out->value = oid_text(m, raw);
        return true;
    case 0x40:
        out->type = BYTES("address");
        out->value = address_text(m, raw);
        return true;
    case 0x44:
        out->type = BYTES("opaque");
        out->value = string_text(m, raw, true);
        return true;
    case 0x41: out->type = BYTES("counter"); break;
    case 0x42: out->type = BYTES("gauge"); break;
    case 0x43: out->type = BYTES("timeticks"); break;
    case 0x46: out->type = BYTES("counter64"); break;
    case 0x80: out->type = BYTES("no_such_object"); return true;
    case 0x81: out->type = BYTES("no_such_instance"); return true;
    case 0x82: out->type = BYTES("end_of_mib"); return true;
    default: return false;
    }
    out->value = number_text(m, unsigned_integer(raw), false);
    return true;
}

// Enter a sequence; one that claims to be longer than what is there ends where that ends.
static struct cursor enter(struct snmp_message *m, struct cursor *in)
{
    bool is_sequence = der_next_is(in, DER_SEQUENCE);
    cursor_skip(in, 1);
    size_t length = der_length(in);
    if (!is_sequence)
        cursor_fail(in);
    m->odd |= length > cursor_left(in);
    return cursor_sub(in, length < cursor_left(in) ? length : cursor_left(in));
}

// Two variables tell of more than themselves: which trap it is, and since when the device is up.
static void note_variable(struct snmp_message *m, struct bytes name, uint8_t tag, struct bytes raw,
    const struct record_snmp_variable *v, int64_t now_us)
{
    if (bytes_equal(name, BYTES("1.3.6.1.6.3.1.1.4.1.0")) && tag == DER_OID)
        m->record.trap_oid = v->value;
    if (bytes_equal(name, BYTES("1.3.6.1.2.1.1.3.0")) && tag == 0x43 && raw.len <= 5)
        m->record.up_since = now_us - (int64_t)unsigned_integer(raw) * 10'000;
}

static void read_variables(struct snmp_message *m, struct cursor *pdu, int64_t now_us)
{
    struct cursor list = enter(m, pdu);
    struct record_snmp *r = &m->record;
    while (cursor_left(&list) > 0 && !m->too_many) {
        struct cursor pair = der_enter(&list, DER_SEQUENCE);
        struct bytes oid = der_take(&pair, DER_OID);
        uint8_t tag;
        struct bytes raw = der_any(&pair, &tag);
        m->odd |= !cursor_ok(&pair);
        m->too_many = r->vars_count == SNMP_VARIABLES_MAX;
        if (!cursor_ok(&pair) || m->too_many)
            return;
        struct record_snmp_variable v = {.oid = oid_text(m, oid)};
        if (!v.oid.data)
            return;
        m->vars[r->vars_count++] = v.oid;
        v.truncated = raw.len > SNMP_VALUE_BYTES / 2;
        if (!read_value(m, tag, raw, &v))
            continue;
        note_variable(m, v.oid, tag, raw, &v, now_us);
        m->variables[r->variables_count++] = v;
    }
    m->odd |= !cursor_ok(&list);
}

// RFC 1157 section 4.1.6.
static void read_trap(struct snmp_message *m, struct cursor *pdu)
{
    struct record_snmp *r = &m->record;
    r->trap_oid = oid_text(m, der_take(pdu, DER_OID));
    struct bytes address = der_take(pdu, 0x40);
    if (address.len == 4)
        r->trap_address = addr_v4(address.data);
    int64_t generic = integer(der_take(pdu, DER_INTEGER));
    r->trap_type = name_of(traps, sizeof traps / sizeof *traps, generic);
    r->has_trap_specific = generic == 6;
    r->trap_specific = integer(der_take(pdu, DER_INTEGER));
    der_take(pdu, 0x43);
}

static void read_head(struct snmp_message *m, uint8_t tag, struct cursor *pdu)
{
    struct record_snmp *r = &m->record;
    r->has_request_id = true;
    r->request_id = integer(der_take(pdu, DER_INTEGER));
    int64_t first = integer(der_take(pdu, DER_INTEGER));
    int64_t second = integer(der_take(pdu, DER_INTEGER));
    if (tag == SNMP_GET_BULK) {
        r->has_non_repeaters = r->has_max_repetitions = true;
        r->non_repeaters = first;
        r->max_repetitions = second;
        return;
    }
    r->error = name_of(errors, sizeof errors / sizeof *errors, first);
    r->has_error_index = first > 0;
    r->error_index = second;
}

static bool read_pdu(struct snmp_message *m, struct cursor *in, int64_t now_us)
{
    uint8_t tag;
    struct cursor pdu = cursor_make(der_any(in, &tag));
    if (!cursor_ok(in) || tag < SNMP_GET || tag > SNMP_REPORT)
        return false;
    m->record.pdu_type = bytes_from_text(pdu_names[tag - SNMP_GET]);
    m->record.type = bytes_from_text(pdu_types[tag - SNMP_GET]);
    if (tag == SNMP_TRAP_V1)
        read_trap(m, &pdu);
    else
        read_head(m, tag, &pdu);
    if (cursor_ok(&pdu))
        read_variables(m, &pdu, now_us);
    return cursor_ok(&pdu) && !m->odd;
}

// RFC 3414 section 2.4.
static bool read_user(struct snmp_message *m, struct bytes parameters)
{
    struct cursor outer = cursor_make(parameters);
    struct cursor in = enter(m, &outer);
    struct record_snmp *r = &m->record;
    r->engine_id = der_take(&in, DER_OCTET_STRING);
    r->engine_boots = integer(der_take(&in, DER_INTEGER));
    r->engine_time = integer(der_take(&in, DER_INTEGER));
    r->has_engine_boots = r->has_engine_time = r->engine_id.len > 0;
    r->usm = der_take(&in, DER_OCTET_STRING);
    if (r->engine_id.len == 0)
        r->engine_id = (struct bytes){NULL, 0};
    return cursor_ok(&in);
}

// RFC 3412 section 6.
static bool read_v3(struct snmp_message *m, struct cursor *in, int64_t now_us)
{
    static const char *const levels[] = {"noAuthNoPriv", "authNoPriv", NULL, "authPriv"};
    struct cursor global = der_enter(in, DER_SEQUENCE);
    struct record_snmp *r = &m->record;
    der_take(&global, DER_INTEGER); // the message's own number
    der_take(&global, DER_INTEGER); // longest message
    uint8_t flags = bytes_at(der_take(&global, DER_OCTET_STRING), 0);
    int64_t model = integer(der_take(&global, DER_INTEGER));
    struct bytes parameters = der_take(in, DER_OCTET_STRING);
    if (!cursor_ok(&global) || !cursor_ok(in))
        return false;
    r->security_level = bytes_from_text(levels[flags & (SNMP_AUTH | SNMP_PRIVACY)]);
    if (model == SNMP_USM && !read_user(m, parameters))
        return false;
    if (flags & SNMP_PRIVACY) {
        r->pdu_type = BYTES("encrypted");
        return true;
    }
    struct cursor scoped = enter(m, in);
    der_take(&scoped, DER_OCTET_STRING); // engine of the context
    r->context_name = der_take(&scoped, DER_OCTET_STRING);
    if (r->context_name.len == 0)
        r->context_name = (struct bytes){NULL, 0};
    return cursor_ok(&scoped) && read_pdu(m, &scoped, now_us);
}

static bool read_message(struct snmp_message *m, struct cursor *in, int64_t now_us)
{
    struct cursor message = der_enter(in, DER_SEQUENCE);
    int64_t version = integer(der_take(&message, DER_INTEGER));
    if (!cursor_ok(&message) || version < 0 || version > SNMP_V3 || version == 2)
        return false;
    m->record.version = (uint8_t)(version == SNMP_V3 ? SNMP_V3 : version + 1);
    if (version == SNMP_V3)
        return read_v3(m, &message, now_us);
    m->record.community = der_take(&message, DER_OCTET_STRING);
    return cursor_ok(&message) && read_pdu(m, &message, now_us);
}

static enum proto_probe direction(uint8_t tag, const struct proto_first *first)
{
    if (tag == SNMP_RESPONSE || tag == SNMP_REPORT)
        return PROBE_SERVER;
    if (tag >= SNMP_GET && tag <= SNMP_TRAP_V2)
        return PROBE_CLIENT;
    if (first->src_port == 161 || first->src_port == 162)
        return first->dst_port == first->src_port ? PROBE_EITHER : PROBE_SERVER;
    return first->dst_port == 161 || first->dst_port == 162 ? PROBE_CLIENT : PROBE_EITHER;
}

// The shape of the first elements; lengths must fit into one another.
static enum proto_probe snmp_probe(const struct proto_first *first)
{
    if (bytes_at(first->data, 0) != DER_SEQUENCE)
        return PROBE_NO;
    struct cursor in = cursor_make(first->data);
    struct cursor message = der_enter(&in, DER_SEQUENCE);
    struct bytes version = der_take(&message, DER_INTEGER);
    uint8_t tag;
    if (!cursor_ok(&message) || version.len != 1)
        return PROBE_NO;
    if (version.data[0] == SNMP_V3) {
        struct cursor global = der_enter(&message, DER_SEQUENCE);
        der_take(&global, DER_INTEGER);
        der_take(&global, DER_INTEGER);
        bool fits = der_take(&global, DER_OCTET_STRING).len == 1;
        der_take(&global, DER_INTEGER);
        der_take(&message, DER_OCTET_STRING);
        return fits && cursor_ok(&global) && cursor_ok(&message) ? direction(0, first) : PROBE_NO;
    }
    der_take(&message, DER_OCTET_STRING);
    der_any(&message, &tag);
    if (version.data[0] > 1 || !cursor_ok(&message) || tag < SNMP_GET || tag > SNMP_REPORT)
        return PROBE_NO;
    return direction(tag, first);
}

static enum proto_verdict snmp_parse(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct arena arena;
    arena_init(&arena, pf->arena.pool, SNMP_MESSAGE_BUDGET);
    struct snmp_message *m = arena_zalloc(&arena, sizeof *m);
    if (!m) {
        proto_anomaly(pf, ANOMALY_SNMP_OUT_OF_BUDGET);
        return PROTO_MORE;
    }
    arena_init(&m->arena, pf->arena.pool, SNMP_MESSAGE_BUDGET);
    m->record.vars = m->vars;
    m->record.variables = m->variables;
    if (!read_message(m, in, pf->time_us))
        proto_anomaly(pf, ANOMALY_SNMP_MALFORMED);
    if (m->too_many)
        proto_anomaly(pf, ANOMALY_SNMP_TOO_MANY_VARIABLES);
    if (m->arena.exhausted)
        proto_anomaly(pf, ANOMALY_SNMP_OUT_OF_BUDGET);
    pf->speaker = side;
    if (m->record.version)
        proto_emit(pf, RECORD_SNMP, &m->record, pf->tx_count++);
    arena_reset(&m->arena);
    arena_reset(&arena);
    return PROTO_MORE;
}

const struct proto proto_snmp = {
    .name = "snmp",
    .carriers = OVER_UDP,
    .probe = snmp_probe,
    .parse = snmp_parse,
};
