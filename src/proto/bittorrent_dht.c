// SPDX-License-Identifier: Apache-2.0
// BitTorrent's distributed hash table: BEP 5 and 32 (IPv6). One bittorrent_dht record a message.
// Bencoded values (BEP 3) are walked once, without recursion; what is not known is passed over.
// Limits: DHT_NODES nodes and peers of a message, DHT_DEPTH levels.
#include "proto/proto.h"

enum { DHT_NODES = 64, DHT_DEPTH = 8, DHT_MEMORY = 32 << 10, ID_BYTES = 20 };

struct dht {
    struct arena arena;
    struct record_bittorrent_dht record;
    struct bytes kind; // of y
    bool has_request, has_response, has_error;
    bool more;
};

// One byte string: "4:spam".
static struct bytes string_take(struct cursor *in)
{
    size_t len = 0, digits = 0;
    for (uint8_t c; (c = cursor_u8(in)) >= '0' && c <= '9'; digits++)
        len = len * 10 + (size_t)(c - '0');
    if (!cursor_ok(in) || digits == 0 || digits > 5 || in->at[-1] != ':')
        cursor_fail(in);
    return cursor_take(in, len);
}

// One integer: "i42e".
static uint64_t number_take(struct cursor *in)
{
    uint64_t value = 0;
    size_t digits = 0;
    uint8_t c = cursor_u8(in);
    if (c != 'i')
        cursor_fail(in);
    c = cursor_u8(in);
    bool minus = c == '-';
    if (minus)
        c = cursor_u8(in);
    for (; c >= '0' && c <= '9' && digits < 18; digits++, c = cursor_u8(in))
        value = value * 10 + (uint64_t)(c - '0');
    if (c != 'e' || digits == 0)
        cursor_fail(in);
    return minus ? 0 : value;
}

static uint8_t peek(const struct cursor *in)
{
    return bytes_at(cursor_rest(in), 0);
}

// Pass over one value of any kind.
static void value_skip(struct cursor *in)
{
    unsigned depth = 0;
    do {
        uint8_t c = peek(in);
        if (c == 'd' || c == 'l')
            cursor_skip(in, 1), depth++;
        else if (c == 'e' && depth > 0)
            cursor_skip(in, 1), depth--;
        else if (c == 'i')
            number_take(in);
        else
            string_take(in);
        if (depth > DHT_DEPTH)
            cursor_fail(in);
    } while (depth > 0 && cursor_ok(in));
}

static struct addr address(struct bytes b)
{
    return b.len == 16 ? addr_v6(b.data) : addr_v4(b.data);
}

// Nodes: 20 bytes of id, address, port each.
static void nodes_read(struct dht *dht, struct bytes data, size_t address_bytes,
    const struct record_bittorrent_dht_node **out, size_t *count)
{
    struct cursor in = cursor_make(data);
    size_t n = data.len / (ID_BYTES + address_bytes + 2);
    dht->more |= n > DHT_NODES;
    n = n > DHT_NODES ? DHT_NODES : n;
    struct record_bittorrent_dht_node *nodes = arena_zalloc(&dht->arena, (n + 1) * sizeof *nodes);
    for (size_t i = 0; nodes && i < n; i++) {
        nodes[i].id = cursor_take(&in, ID_BYTES);
        nodes[i].ip = address(cursor_take(&in, address_bytes));
        nodes[i].port = cursor_u16(&in);
    }
    *out = nodes;
    *count = nodes ? n : 0;
}

static void values_read(struct dht *dht, struct cursor *in)
{
    struct record_bittorrent_dht_peer *peers = arena_zalloc(&dht->arena, DHT_NODES * sizeof *peers);
    size_t count = 0;
    if (cursor_u8(in) != 'l' || !peers)
        cursor_fail(in);
    while (cursor_ok(in) && peek(in) != 'e') {
        struct bytes b = string_take(in);
        struct cursor peer = cursor_make(b);
        if (b.len != 6 && b.len != 18)
            cursor_fail(in);
        dht->more |= count == DHT_NODES;
        if (!cursor_ok(in) || count == DHT_NODES)
            continue;
        peers[count].ip = address(cursor_take(&peer, b.len - 2));
        peers[count++].port = cursor_u16(&peer);
    }
    cursor_skip(in, 1);
    dht->record.response.values = peers;
    dht->record.response.values_count = count;
}

static void request_field(struct dht *dht, struct bytes key, struct cursor *in)
{
    struct record_bittorrent_dht *r = &dht->record;
    if (bytes_equal(key, BYTES("id")))
        r->request.id = string_take(in);
    else if (bytes_equal(key, BYTES("target")))
        r->request.target = string_take(in);
    else if (bytes_equal(key, BYTES("info_hash")))
        r->request.info_hash = string_take(in);
    else if (bytes_equal(key, BYTES("token")))
        r->request.token = string_take(in);
    else if (bytes_equal(key, BYTES("implied_port")))
        r->request.has_implied_port = true, r->request.implied_port = (uint8_t)number_take(in);
    else if (bytes_equal(key, BYTES("port")))
        r->request.has_port = true, r->request.port = (uint16_t)number_take(in);
    else
        value_skip(in);
}

static void response_field(struct dht *dht, struct bytes key, struct cursor *in)
{
    struct record_bittorrent_dht *r = &dht->record;
    if (bytes_equal(key, BYTES("id")))
        r->response.id = string_take(in);
    else if (bytes_equal(key, BYTES("token")))
        r->response.token = string_take(in);
    else if (bytes_equal(key, BYTES("nodes")))
        nodes_read(dht, string_take(in), 4, &r->response.nodes, &r->response.nodes_count);
    else if (bytes_equal(key, BYTES("nodes6")))
        nodes_read(dht, string_take(in), 16, &r->response.nodes6, &r->response.nodes6_count);
    else if (bytes_equal(key, BYTES("values")))
        values_read(dht, in);
    else
        value_skip(in);
}

static void error_read(struct dht *dht, struct cursor *in)
{
    if (cursor_u8(in) != 'l')
        cursor_fail(in);
    dht->record.error.num = (uint16_t)number_take(in);
    dht->record.error.msg = string_take(in);
    if (cursor_u8(in) != 'e')
        cursor_fail(in);
    dht->record.has_error = dht->has_error = cursor_ok(in);
}

static void members_read(struct dht *dht, bool request, struct cursor *in)
{
    if (cursor_u8(in) != 'd')
        cursor_fail(in);
    while (cursor_ok(in) && peek(in) != 'e') {
        struct bytes key = string_take(in);
        if (request)
            request_field(dht, key, in);
        else
            response_field(dht, key, in);
    }
    cursor_skip(in, 1);
}

static void field_read(struct dht *dht, struct bytes key, struct cursor *in)
{
    struct record_bittorrent_dht *r = &dht->record;
    if (bytes_equal(key, BYTES("t")))
        r->transaction_id = string_take(in);
    else if (bytes_equal(key, BYTES("v")))
        r->client_version = string_take(in);
    else if (bytes_equal(key, BYTES("q")))
        r->request_type = string_take(in);
    else if (bytes_equal(key, BYTES("y")))
        dht->kind = string_take(in);
    else if (bytes_equal(key, BYTES("a")))
        members_read(dht, true, in), dht->has_request = true;
    else if (bytes_equal(key, BYTES("r")))
        members_read(dht, false, in), dht->has_response = true;
    else if (bytes_equal(key, BYTES("e")))
        error_read(dht, in);
    else
        value_skip(in);
}

// The outer dictionary. False: it is not one to its end; what was read stays.
static bool message_read(struct dht *dht, struct cursor *in)
{
    if (cursor_u8(in) != 'd')
        return false;
    while (cursor_ok(in) && cursor_left(in) && peek(in) != 'e') {
        struct bytes key = string_take(in);
        if (cursor_ok(in))
            field_read(dht, key, in);
    }
    return cursor_u8(in) == 'e' && cursor_ok(in) && dht->kind.len == 1 &&
           dht->record.transaction_id.len > 0;
}

static enum proto_probe dht_probe(const struct proto_first *first)
{
    static const char *const begins[] = {"d1:ad2:id20:", "d1:rd2:id20:", "d2:ip", "d1:el",
        "d1:rd6:nodes", "d1:q", "d1:t", "d1:y1:", "d1:v"};
    bool begun = false;
    for (size_t i = 0; i < sizeof begins / sizeof *begins; i++)
        begun |= bytes_start_with(first->data, bytes_from_text(begins[i]));
    if (!begun)
        return PROBE_NO;
    bool kind = bytes_find(first->data, BYTES("1:y1:")) != BYTES_NOT_FOUND;
    return kind ? PROBE_EITHER : PROBE_NO;
}

static enum proto_verdict dht_parse(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct dht dht = {.record.transaction_id = BYTES("")};
    arena_init(&dht.arena, pf->arena.pool, DHT_MEMORY);
    bool whole = message_read(&dht, in);
    if (!whole)
        proto_anomaly(pf, ANOMALY_BITTORRENT_DHT_MALFORMED_PACKET);
    if (dht.more)
        proto_anomaly(pf, ANOMALY_BITTORRENT_DHT_TOO_MANY_NODES);
    pf->speaker = side;
    if (dht.has_request || dht.has_response || dht.has_error)
        proto_emit(pf, RECORD_BITTORRENT_DHT, &dht.record, pf->tx_count++);
    arena_reset(&dht.arena);
    return PROTO_MORE;
}

const struct proto proto_bittorrent_dht = {
    .name = "bittorrent-dht",
    .carriers = OVER_UDP,
    .probe = dht_probe,
    .parse = dht_parse,
};
