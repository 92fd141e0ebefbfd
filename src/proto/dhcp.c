// SPDX-License-Identifier: Apache-2.0
// DHCP for IPv4 (RFC 2131) with its options (RFC 2132; 3004 user class, 3046 relay agent, 3442
// routes, 4702 full name) and BOOTP. Emits one dhcp record a message, as EVE's extended ones.
// Options that come in parts are read part by part; overloaded fields (option 52) are read after
// the others. `params` names what EVE names; `fingerprint` has every number in order. Limits:
// DHCP_ADDRESSES_MAX addresses and DHCP_ROUTES_MAX routes of an option. DHCPv6 is another protocol:
// left to nDPI.
#include "proto/proto.h"
#include "proto/text_out.h"

enum {
    DHCP_OPTIONS_AT = 240, // fixed part and magic cookie
    DHCP_MAGIC = 0x63825363,
    DHCP_ADDRESSES_MAX = 16,
    DHCP_ROUTES_MAX = 32,
    DHCP_ROUTE_TEXT_BYTES = 20,
    DHCP_PARAMS_MAX = 255,
};

struct addresses {
    struct addr list[DHCP_ADDRESSES_MAX];
    size_t count;
};

// One message while it is read: the record, and room for what it points to.
struct message {
    struct proto_flow *pf;
    struct record_dhcp record;
    uint8_t overload;
    struct addresses routers, dns, ntp;
    struct record_dhcp_route routes[DHCP_ROUTES_MAX];
    char route_text[DHCP_ROUTES_MAX][DHCP_ROUTE_TEXT_BYTES];
    size_t route_count;
    struct bytes params[DHCP_PARAMS_MAX];
    char client_id[3 * 255], fingerprint[4 * 255], circuit_id[2 * 255], remote_id[2 * 255];
    char fqdn[255];
};

static enum proto_probe dhcp_probe(const struct proto_first *first)
{
    struct cursor in = cursor_make(first->data);
    uint8_t op = cursor_u8(&in), hardware = cursor_u8(&in), length = cursor_u8(&in);
    uint8_t hops = cursor_u8(&in);
    if ((op != 1 && op != 2) || length > 16 || hops > 16 || first->data.len < DHCP_OPTIONS_AT - 4)
        return PROBE_NO;
    cursor_seek(&in, DHCP_OPTIONS_AT - 4);
    bool magic = cursor_u32(&in) == DHCP_MAGIC;
    bool ports = (first->src_port == 67 || first->src_port == 68) &&
                 (first->dst_port == 67 || first->dst_port == 68);
    if (!magic && (!ports || hardware != 1 || length != 6)) // BOOTP may lack the cookie
        return PROBE_NO;
    return op == 1 ? PROBE_CLIENT : PROBE_SERVER;
}

static struct addr take_address(struct cursor *in)
{
    struct bytes raw = cursor_take(in, 4);
    return raw.len ? addr_v4(raw.data) : (struct addr){.version = 0};
}

static void malformed(struct message *m)
{
    proto_anomaly(m->pf, ANOMALY_DHCP_MALFORMED_OPTIONS);
}

static void too_many(struct message *m)
{
    proto_anomaly(m->pf, ANOMALY_DHCP_TOO_MANY_OPTIONS);
}

static struct addr one_address(struct message *m, struct cursor value)
{
    struct addr a = take_address(&value);
    if (!cursor_ok(&value))
        malformed(m);
    return a;
}

static void read_addresses(struct message *m, struct cursor value, struct addresses *to)
{
    if (cursor_left(&value) % 4)
        malformed(m);
    while (cursor_left(&value) >= 4) {
        if (to->count == DHCP_ADDRESSES_MAX) {
            too_many(m);
            return;
        }
        to->list[to->count++] = take_address(&value);
    }
}

// Some senders count a terminator in (RFC 2132 section 2 says not to).
static struct bytes option_text(struct cursor value)
{
    struct bytes text = cursor_rest(&value);
    while (text.len && text.data[text.len - 1] == 0)
        text.len--;
    return text;
}

static uint32_t option_u32(struct message *m, struct cursor value, bool *has)
{
    uint32_t v = cursor_u32(&value);
    *has = cursor_ok(&value);
    if (!*has)
        malformed(m);
    return v;
}

static void read_kind(struct message *m, struct cursor value)
{
    static const char *const kinds[] = {[1] = "discover",
        "offer",
        "request",
        "decline",
        "ack",
        "nak",
        "release",
        "inform",
        "force_renew",
        "lease_query",
        "lease_unassigned",
        "lease_unknown",
        "lease_active",
        "bulk_lease_query",
        "lease_query_done"};
    uint8_t kind = cursor_u8(&value);
    if (kind < sizeof kinds / sizeof *kinds && kinds[kind])
        m->record.dhcp_type = bytes_from_text(kinds[kind]);
    else
        malformed(m);
}

static const char *param_name(uint8_t code)
{
    switch (code) {
    case 1: return "subnet_mask";
    case 3: return "router";
    case 6: return "dns_server";
    case 15: return "domain";
    case 35: return "arp_timeout";
    case 42: return "ntp_server";
    case 66: return "tftp_server_name";
    case 150: return "tftp_server_ip";
    default: return NULL;
    }
}

static void read_params(struct message *m, struct cursor value)
{
    struct text_out out = TEXT_OUT(m->fingerprint);
    m->record.params_count = 0;
    for (bool first = true; cursor_left(&value); first = false) {
        uint8_t code = cursor_u8(&value);
        const char *name = param_name(code);
        if (!first)
            text_out_char(&out, ',');
        text_out_u64(&out, code);
        if (name && m->record.params_count < DHCP_PARAMS_MAX)
            m->params[m->record.params_count++] = bytes_from_text(name);
    }
    m->record.params = m->params;
    m->record.fingerprint = text_out_bytes(&out);
}

static void read_client_id(struct message *m, struct cursor value)
{
    struct text_out out = TEXT_OUT(m->client_id);
    struct bytes id = cursor_rest(&value);
    if (bytes_at(id, 0) == 1 && id.len == 7) // hardware type Ethernet
        text_out_mac(&out, bytes_from(id, 1));
    else if (bytes_at(id, 0) == 0 && proto_is_text(bytes_from(id, 1)))
        text_out_put(&out, bytes_from(id, 1));
    else
        text_out_mac(&out, id);
    m->record.client_id = text_out_bytes(&out);
}

// Full name (RFC 4702): flags, two old codes, then plain or DNS-encoded text.
static void read_fqdn(struct message *m, struct cursor value)
{
    uint8_t flags = cursor_u8(&value);
    cursor_skip(&value, 2);
    struct text_out out = TEXT_OUT(m->fqdn);
    if (!cursor_ok(&value)) {
        malformed(m);
    } else if (!(flags & 4)) {
        m->record.client_fqdn = option_text(value);
    } else {
        while (cursor_left(&value)) {
            struct bytes label = cursor_take(&value, cursor_u8(&value));
            if (label.len && out.len)
                text_out_char(&out, '.');
            text_out_put(&out, label);
        }
        m->record.client_fqdn = text_out_bytes(&out);
    }
}

// Routes (RFC 3442): prefix length, as many bytes of the prefix as count, router.
static void read_routes(struct message *m, struct cursor value)
{
    while (cursor_left(&value)) {
        uint8_t bits = cursor_u8(&value);
        struct bytes prefix = cursor_take(&value, (bits + 7U) / 8);
        struct addr net = {.version = 4}, router = take_address(&value);
        if (!cursor_ok(&value) || bits > 32) {
            malformed(m);
            return;
        }
        if (m->route_count == DHCP_ROUTES_MAX) {
            too_many(m);
            return;
        }
        if (prefix.len)
            memcpy(net.bytes, prefix.data, prefix.len);
        struct text_out out = TEXT_OUT(m->route_text[m->route_count]);
        text_out_addr(&out, &net);
        text_out_char(&out, '/');
        text_out_u64(&out, bits);
        m->routes[m->route_count++] = (struct record_dhcp_route){text_out_bytes(&out), router};
    }
}

static struct bytes text_or_hex(struct bytes b, struct text_out out)
{
    if (proto_is_text(b))
        text_out_put(&out, b);
    else
        text_out_hex(&out, b);
    return text_out_bytes(&out);
}

static void read_relay(struct message *m, struct cursor value)
{
    while (cursor_left(&value)) {
        uint8_t code = cursor_u8(&value);
        struct bytes b = cursor_take(&value, cursor_u8(&value));
        if (code == 1)
            m->record.circuit_id = text_or_hex(b, TEXT_OUT(m->circuit_id));
        else if (code == 2)
            m->record.remote_id = text_or_hex(b, TEXT_OUT(m->remote_id));
    }
    if (!cursor_ok(&value))
        malformed(m);
}

// Where the text of an option goes; NULL: it is none of those that are text.
static struct bytes *text_field(struct record_dhcp *r, uint8_t code)
{
    switch (code) {
    case 12: return &r->hostname;
    case 15: return &r->domain;
    case 56: return &r->message;
    case 60: return &r->vendor_class_identifier;
    case 66: return &r->server_name;
    case 67: return &r->boot_file;
    case 77: return &r->user_class;
    case 252: return &r->proxy_url;
    default: return NULL;
    }
}

typedef void option_reader(struct message *m, struct cursor value);

// Options that need a function of their own.
static option_reader *reader_of(uint8_t code)
{
    switch (code) {
    case 53: return read_kind;
    case 55: return read_params;
    case 61: return read_client_id;
    case 81: return read_fqdn;
    case 82: return read_relay;
    case 121:
    case 249: return read_routes; // 249: Microsoft's number for it
    default: return NULL;
    }
}

static void read_numbers(struct message *m, uint8_t code, struct cursor value)
{
    struct record_dhcp *r = &m->record;
    switch (code) {
    case 1: r->subnet_mask = one_address(m, value); break;
    case 3: read_addresses(m, value, &m->routers); break;
    case 6: read_addresses(m, value, &m->dns); break;
    case 42: read_addresses(m, value, &m->ntp); break;
    case 50: r->requested_ip = one_address(m, value); break;
    case 51: r->lease_time = option_u32(m, value, &r->has_lease_time); break;
    case 52: m->overload = cursor_u8(&value); break;
    case 54: r->server_id = one_address(m, value); break;
    case 58: r->renewal_time = option_u32(m, value, &r->has_renewal_time); break;
    case 59: r->rebinding_time = option_u32(m, value, &r->has_rebinding_time); break;
    default: break;
    }
}

static void read_option(struct message *m, uint8_t code, struct cursor value)
{
    struct bytes *text = text_field(&m->record, code);
    option_reader *reader = reader_of(code);
    if (text)
        *text = option_text(value);
    else if (reader)
        reader(m, value);
    else
        read_numbers(m, code, value);
}

static void read_options(struct message *m, struct cursor in)
{
    while (cursor_left(&in)) {
        uint8_t code = cursor_u8(&in);
        if (code == 0)
            continue;
        if (code == 255)
            return;
        struct cursor value = cursor_sub(&in, cursor_u8(&in));
        if (!cursor_ok(&value)) {
            malformed(m);
            return;
        }
        read_option(m, code, value);
    }
}

// The fields sname and file: names, or more options where option 52 says so.
static void read_fields(struct message *m, struct bytes server_name, struct bytes boot_file)
{
    size_t end = bytes_find_byte(server_name, 0);
    if (m->overload & 2)
        read_options(m, cursor_make(server_name));
    else if (end && !m->record.server_name.data)
        m->record.server_name = bytes_sub(server_name, 0, end);
    end = bytes_find_byte(boot_file, 0);
    if (m->overload & 1)
        read_options(m, cursor_make(boot_file));
    else if (end && !m->record.boot_file.data)
        m->record.boot_file = bytes_sub(boot_file, 0, end);
}

static void emit(struct message *m, enum flow_side side)
{
    struct record_dhcp *r = &m->record;
    r->routers = m->routers.list, r->routers_count = m->routers.count;
    r->dns_servers = m->dns.list, r->dns_servers_count = m->dns.count;
    r->ntp_servers = m->ntp.list, r->ntp_servers_count = m->ntp.count;
    r->routes = m->routes, r->routes_count = m->route_count;
    m->pf->speaker = side;
    proto_emit(m->pf, RECORD_DHCP, r, m->pf->tx_count++);
}

static enum proto_verdict dhcp_parse(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct message m;
    m.pf = pf;
    m.record = (struct record_dhcp){0};
    m.overload = 0;
    m.routers.count = m.dns.count = m.ntp.count = m.route_count = 0;
    uint8_t op = cursor_u8(in);
    cursor_skip(in, 1);
    uint8_t length = cursor_u8(in);
    cursor_skip(in, 1);
    m.record.type = op == 2 ? BYTES("reply") : BYTES("request");
    m.record.id = cursor_u32(in);
    cursor_skip(in, 4); // seconds, flags
    m.record.client_ip = take_address(in);
    m.record.assigned_ip = take_address(in);
    struct addr next = take_address(in), relay = take_address(in);
    m.record.client_mac = bytes_sub(cursor_take(in, 16), 0, 6);
    struct bytes server_name = cursor_take(in, 64), boot_file = cursor_take(in, 128);
    if (!cursor_ok(in) || op < 1 || op > 2) {
        malformed(&m);
        return PROTO_MORE;
    }
    if (length != 6)
        m.record.client_mac = (struct bytes){NULL, 0};
    if (op == 2) {
        m.record.next_server_ip = next;
        m.record.relay_ip = relay;
    } else if (memcmp(relay.bytes, "\0\0\0\0", 4) != 0) {
        m.record.relay_ip = relay;
    }
    if (cursor_left(in) >= 4 && cursor_u32(in) == DHCP_MAGIC)
        read_options(&m, *in);
    read_fields(&m, server_name, boot_file);
    emit(&m, side);
    return PROTO_MORE;
}

const struct proto proto_dhcp = {
    .name = "dhcp",
    .carriers = OVER_UDP,
    .probe = dhcp_probe,
    .parse = dhcp_parse,
};
