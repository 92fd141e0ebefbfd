// SPDX-License-Identifier: Apache-2.0
// Memcached's binary protocol (BinaryProtocolRevamped of Memcached): header, extras, key; no
// values.
#include "proto/memcached.h"

enum { REQUEST = 0x80, RESPONSE = 0x81, SASL_AUTH = 0x21, STAT = 0x10 };

static const char *const commands[] = {"get", "set", "add", "replace", "delete", "increment",
    "decrement", "quit", "flush", "getq", "no-op", "version", "getk", "getkq", "append", "prepend",
    "stat", "setq", "addq", "replaceq", "deleteq", "incrementq", "decrementq", "quitq", "flushq",
    "appendq", "prependq", "verbosity", "touch", "gat", "gatq", NULL, "sasl_list_mechs",
    "sasl_auth", "sasl_step"};

static struct bytes command_name(uint8_t opcode)
{
    bool known = opcode < sizeof commands / sizeof *commands && commands[opcode];
    return known ? bytes_from_text(commands[opcode]) : BYTES("unknown");
}

static struct bytes status_name(uint16_t status)
{
    switch (status) {
    case 0: return BYTES("ok");
    case 1: return BYTES("not_found");
    case 2: return BYTES("exists");
    case 3: return BYTES("too_large");
    case 4: return BYTES("invalid_arguments");
    case 5: return BYTES("not_stored");
    case 6: return BYTES("not_a_number");
    case 0x20: return BYTES("auth_error");
    case 0x21: return BYTES("auth_continue");
    case 0x81: return BYTES("unknown_command");
    case 0x82: return BYTES("out_of_memory");
    default: return BYTES("error");
    }
}

struct header {
    uint8_t magic, opcode, extras;
    uint16_t key, status;
    uint32_t body, opaque;
};

static struct header take_header(struct cursor *in)
{
    struct header h = {.magic = cursor_u8(in), .opcode = cursor_u8(in), .key = cursor_u16(in)};
    h.extras = cursor_u8(in);
    cursor_u8(in); // data type
    h.status = cursor_u16(in);
    h.body = cursor_u32(in);
    h.opaque = cursor_u32(in);
    cursor_skip(in, 8); // CAS
    return h;
}

// PLAIN: authorization, user and password, with zeros between.
static void read_plain(struct memcached_tx *tx, struct bytes value)
{
    size_t first = bytes_find_byte(value, 0);
    struct bytes rest = bytes_from(value, first == BYTES_NOT_FOUND ? value.len : first + 1);
    tx->record.user = memcached_keep(tx, bytes_sub(rest, 0, bytes_find_byte(rest, 0)));
}

static void read_request(struct proto_flow *pf, const struct header *h, struct cursor body)
{
    struct memcached_tx *tx = memcached_begin(pf);
    if (!tx)
        return;
    struct record_memcached *out = &tx->record;
    struct cursor extras = cursor_sub(&body, h->extras);
    struct bytes key = cursor_take(&body, h->key);
    out->binary = true;
    out->command = command_name(h->opcode);
    bool sasl = h->opcode == SASL_AUTH || h->opcode == SASL_AUTH + 1;
    if (sasl)
        out->mechanism = memcached_keep(tx, key);
    else if (key.len > 0)
        memcached_key(tx, key);
    if (h->opcode == SASL_AUTH && bytes_equal(key, BYTES("PLAIN")))
        read_plain(tx, cursor_rest(&body));
    if (h->extras == 8) {
        out->has_flags = out->has_expires = out->has_value_length = true;
        out->flags = cursor_u32(&extras);
        out->expires = cursor_u32(&extras);
        out->value_length = h->body - h->extras - h->key;
    }
    bool quiet = h->opcode == 9 || h->opcode == 13 || (h->opcode >= 0x11 && h->opcode <= 0x1a) ||
                 h->opcode == 0x1e;
    tx->opcode = h->opcode;
    tx->opaque = h->opaque;
    if (quiet)
        memcached_write(pf, tx); // an answer comes only sometimes
    else
        memcached_wait(pf, tx);
}

static void read_response(struct proto_flow *pf, const struct header *h)
{
    struct memcached_flow *flow = memcached_flow(pf);
    for (size_t i = 0; i < flow->count; i++) {
        struct memcached_tx *tx = flow->pending[i];
        if (tx->opcode != h->opcode || tx->opaque != h->opaque)
            continue;
        struct record_memcached *out = &tx->record;
        out->has_response_bytes = out->has_status_code = true;
        out->response_bytes += MEMCACHED_HEADER_BYTES + h->body;
        out->status = status_name(h->status);
        out->status_code = h->status;
        if (h->opcode == STAT && h->status == 0 && h->key > 0) {
            out->has_hits = true;
            out->hits++;
            return; // more follow, up to one without a key
        }
        memcached_end(pf, i);
        return;
    }
}

enum memcached_step memcached_binary(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct memcached_flow *flow = memcached_flow(pf);
    struct cursor look = *in;
    struct header h = take_header(&look);
    if (!cursor_ok(&look))
        return MEMCACHED_WAIT;
    uint32_t head = (uint32_t)h.extras + h.key;
    if (h.magic != (side == FLOW_CLIENT ? REQUEST : RESPONSE) || head > h.body || h.body > 1U << 30)
        return MEMCACHED_BROKEN;
    bool sasl = h.opcode == SASL_AUTH && h.body <= 1024;
    uint32_t wanted = side == FLOW_SERVER ? 0 : sasl ? h.body : head;
    if (cursor_left(&look) < wanted)
        return MEMCACHED_WAIT;
    struct cursor body = cursor_sub(&look, wanted);
    flow->left[side] = h.body - wanted;
    *in = look;
    if (side == FLOW_CLIENT)
        read_request(pf, &h, body);
    else
        read_response(pf, &h);
    return MEMCACHED_ON;
}
