// SPDX-License-Identifier: Apache-2.0
// Methods and content headers of AMQP 0-9-1 (amqp0-9-1.xml).
#include "proto/amqp.h"

#define METHOD(class, method) ((uint32_t)(class) << 16 | (method))

enum {
    CONNECTION = 10,
    CHANNEL = 20,
    EXCHANGE = 40,
    QUEUE = 50,
    BASIC = 60,
};

static struct bytes take_short(struct amqp_tx *tx, struct cursor *in)
{
    struct bytes text = cursor_take(in, cursor_u8(in));
    return text.len > 0 ? amqp_keep(tx, text) : (struct bytes){NULL, 0};
}

// A value in a table; of a text what it says.
static struct bytes take_value(struct cursor *in)
{
    switch (cursor_u8(in)) {
    case 't':
    case 'b':
    case 'B': cursor_skip(in, 1); break;
    case 'U':
    case 's':
    case 'u': cursor_skip(in, 2); break;
    case 'I':
    case 'i':
    case 'f': cursor_skip(in, 4); break;
    case 'D': cursor_skip(in, 5); break;
    case 'L':
    case 'l':
    case 'd':
    case 'T': cursor_skip(in, 8); break;
    case 'V': break;
    case 'S':
    case 'x': return cursor_take(in, cursor_u32(in));
    case 'A':
    case 'F': cursor_skip(in, cursor_u32(in)); break;
    default: cursor_fail(in);
    }
    return (struct bytes){NULL, 0};
}

static void read_properties(struct amqp_tx *tx, struct cursor table, bool client)
{
    struct record_amqp *out = &tx->record;
    for (size_t i = 0; i < AMQP_TABLE_ENTRIES && cursor_left(&table) > 0; i++) {
        struct bytes name = cursor_take(&table, cursor_u8(&table));
        struct bytes value = take_value(&table);
        if (!cursor_ok(&table))
            return;
        if (!value.data)
            continue;
        if (bytes_equal(name, BYTES("product")))
            *(client ? &out->client_product : &out->server_product) = amqp_keep(tx, value);
        else if (bytes_equal(name, BYTES("version")))
            *(client ? &out->client_version : &out->server_version) = amqp_keep(tx, value);
        else if (bytes_equal(name, BYTES("platform")) && client)
            out->client_platform = amqp_keep(tx, value);
        else if (bytes_equal(name, BYTES("cluster_name")))
            out->cluster = amqp_keep(tx, value);
        else if (bytes_equal(name, BYTES("LOGIN")))
            out->user = amqp_keep(tx, value);
    }
}

static void read_start_ok(struct amqp_tx *tx, struct cursor *in)
{
    read_properties(tx, cursor_sub(in, cursor_u32(in)), true);
    tx->record.mechanism = take_short(tx, in);
    struct bytes response = cursor_take(in, cursor_u32(in));
    if (bytes_equal(tx->record.mechanism, BYTES("PLAIN")))
        amqp_take_plain(tx, response);
    else if (bytes_equal(tx->record.mechanism, BYTES("AMQPLAIN")))
        read_properties(tx, cursor_make(response), true);
}

static void take_reason(struct amqp_tx *tx, struct cursor *in)
{
    tx->record.has_code = true;
    tx->record.code = cursor_u16(in);
    tx->record.text = take_short(tx, in);
}

static void connection_closed(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct amqp_flow *amqp = amqp_flow(pf);
    struct amqp_tx *tx = amqp->connection;
    if (tx) { // while the log-on goes on
        take_reason(tx, in);
        tx->record.has_success = true;
        tx->record.success = false;
        amqp_connection_over(pf);
        return;
    }
    tx = amqp_begin(pf, side, BYTES("connection.close"));
    if (!tx)
        return;
    take_reason(tx, in);
    amqp_end(pf, tx);
}

static void read_connection(
    struct proto_flow *pf, enum flow_side side, uint16_t method, struct cursor *in)
{
    if (method == 50) {
        connection_closed(pf, side, in);
        return;
    }
    if (method > 41)
        return;
    struct amqp_tx *tx = amqp_connection(pf);
    if (!tx)
        return;
    switch (method) {
    case 10: { // start
        cursor_skip(in, 2);
        read_properties(tx, cursor_sub(in, cursor_u32(in)), false);
        struct bytes mechanisms = cursor_take(in, cursor_u32(in));
        if (cursor_ok(in))
            tx->record.mechanisms = amqp_keep(tx, mechanisms);
        break;
    }
    case 11: read_start_ok(tx, in); break;
    case 31: // tune-ok
        cursor_u16(in);
        tx->record.frame_max = cursor_u32(in);
        tx->record.heartbeat = cursor_u16(in);
        tx->record.has_frame_max = tx->record.has_heartbeat = cursor_ok(in);
        break;
    case 40: tx->record.virtual_host = take_short(tx, in); break;
    case 41: // open-ok
        tx->record.has_success = tx->record.success = true;
        amqp_connection_over(pf);
        break;
    default: break; // secure: steps of the log-on
    }
}

static const struct {
    uint32_t id;
    const char *name;
} names[] = {{METHOD(CHANNEL, 40), "channel.close"}, {METHOD(EXCHANGE, 10), "exchange.declare"},
    {METHOD(EXCHANGE, 20), "exchange.delete"}, {METHOD(EXCHANGE, 30), "exchange.bind"},
    {METHOD(QUEUE, 10), "queue.declare"}, {METHOD(QUEUE, 20), "queue.bind"},
    {METHOD(QUEUE, 30), "queue.purge"}, {METHOD(QUEUE, 40), "queue.delete"},
    {METHOD(QUEUE, 50), "queue.unbind"}, {METHOD(BASIC, 20), "basic.consume"},
    {METHOD(BASIC, 30), "basic.cancel"}, {METHOD(BASIC, 40), "basic.publish"},
    {METHOD(BASIC, 50), "basic.return"}, {METHOD(BASIC, 60), "basic.deliver"},
    {METHOD(BASIC, 70), "basic.get"}, {METHOD(BASIC, 71), "basic.get-ok"}};

static struct bytes method_name(uint32_t id)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].id == id)
            return bytes_from_text(names[i].name);
    return (struct bytes){NULL, 0};
}

// What answers a method; 0: a message follows it, or nothing.
static uint32_t answer_to(uint32_t id)
{
    switch (id) {
    case METHOD(CHANNEL, 40):
    case METHOD(BASIC, 40):
    case METHOD(BASIC, 50):
    case METHOD(BASIC, 60):
    case METHOD(BASIC, 71): return 0;
    default: return id + 1;
    }
}

static void read_queue(struct amqp_tx *tx, uint16_t method, struct cursor *in)
{
    cursor_u16(in);
    tx->record.queue = take_short(tx, in);
    if (method != 20 && method != 50)
        return;
    tx->record.exchange = take_short(tx, in);
    if (method == 20 || method == 50)
        tx->record.routing_key = take_short(tx, in);
}

static void read_exchange(struct amqp_tx *tx, uint16_t method, struct cursor *in)
{
    cursor_u16(in);
    tx->record.exchange = take_short(tx, in);
    if (method == 10)
        tx->record.exchange_type = take_short(tx, in);
}

static void read_basic(struct amqp_tx *tx, uint16_t method, struct cursor *in)
{
    struct record_amqp *out = &tx->record;
    switch (method) {
    case 20:
        cursor_u16(in);
        out->queue = take_short(tx, in);
        out->consumer_tag = take_short(tx, in);
        break;
    case 30: out->consumer_tag = take_short(tx, in); break;
    case 40:
        cursor_u16(in);
        out->exchange = take_short(tx, in);
        out->routing_key = take_short(tx, in);
        break;
    case 50:
        take_reason(tx, in);
        out->exchange = take_short(tx, in);
        out->routing_key = take_short(tx, in);
        break;
    case 60:
    case 71:
        if (method == 60)
            out->consumer_tag = take_short(tx, in);
        cursor_skip(in, 9); // delivery tag, redelivered
        out->exchange = take_short(tx, in);
        out->routing_key = take_short(tx, in);
        break;
    case 70:
        cursor_u16(in);
        out->queue = take_short(tx, in);
        break;
    default: break;
    }
}

static void read_answer(struct amqp_tx *tx, uint32_t id, struct cursor *in)
{
    struct record_amqp *out = &tx->record;
    out->has_success = out->success = true;
    if (id == METHOD(QUEUE, 11)) {
        out->queue = take_short(tx, in); // the server may choose
        out->message_count = cursor_u32(in);
        out->consumer_count = cursor_u32(in);
        out->has_message_count = out->has_consumer_count = cursor_ok(in);
    } else if (id == METHOD(BASIC, 21)) {
        out->consumer_tag = take_short(tx, in);
    }
}

// Is it what a method waits for on this channel? channel.close answers all of them, with no.
static bool take_answer(
    struct proto_flow *pf, enum flow_side side, uint16_t channel, uint32_t id, struct cursor *in)
{
    struct amqp_flow *amqp = amqp_flow(pf);
    for (size_t i = 0; i < amqp->count; i++) {
        struct amqp_tx *tx = amqp->pending[i];
        bool here = tx->record.channel == channel && tx->side != side && tx->answer != 0;
        bool got = tx->answer == METHOD(BASIC, 71) && id == METHOD(BASIC, 72); // the queue is empty
        if (!here || (tx->answer != id && id != METHOD(CHANNEL, 40) && !got))
            continue;
        amqp_take(amqp, i);
        if (id == METHOD(CHANNEL, 40)) {
            tx->record.has_success = true;
            tx->record.success = false;
            take_reason(tx, in);
        } else {
            read_answer(tx, id, in);
        }
        amqp_end(pf, tx);
        return id != METHOD(BASIC, 71);
    }
    return false;
}

bool amqp_method(struct proto_flow *pf, enum flow_side side, uint16_t channel, struct cursor in)
{
    uint16_t class = cursor_u16(&in), method = cursor_u16(&in);
    uint32_t id = METHOD(class, method);
    if (!cursor_ok(&in))
        return false;
    if (class == CONNECTION) {
        read_connection(pf, side, method, &in);
        return true;
    }
    if (take_answer(pf, side, channel, id, &in))
        return true;
    struct bytes name = method_name(id);
    struct amqp_tx *tx = name.data ? amqp_begin(pf, side, name) : NULL;
    if (!tx)
        return true;
    tx->record.has_channel = true;
    tx->record.channel = channel;
    tx->answer = answer_to(id);
    if (class == QUEUE)
        read_queue(tx, method, &in);
    else if (class == EXCHANGE)
        read_exchange(tx, method, &in);
    else if (class == BASIC)
        read_basic(tx, method, &in);
    else
        take_reason(tx, &in);
    if (class == CHANNEL)
        amqp_end(pf, tx);
    else
        amqp_wait(pf, tx);
    return true;
}

void amqp_content(struct proto_flow *pf, enum flow_side side, uint16_t channel, struct cursor in)
{
    struct amqp_flow *amqp = amqp_flow(pf);
    cursor_skip(&in, 4);
    uint64_t size = cursor_u64(&in);
    uint16_t flags = cursor_u16(&in);
    for (size_t i = 0; i < amqp->count; i++) {
        struct amqp_tx *tx = amqp->pending[i];
        if (tx->record.channel != channel || tx->side != side || tx->answer != 0)
            continue;
        amqp_take(amqp, i);
        tx->record.has_body_size = cursor_ok(&in);
        tx->record.body_size = size;
        if (flags & 0x8000)
            tx->record.content_type = take_short(tx, &in);
        amqp_end(pf, tx);
        return;
    }
}
