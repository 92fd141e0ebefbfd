// SPDX-License-Identifier: Apache-2.0
// Performatives of AMQP 1.0 (OASIS 2012, parts 1, 2 and 5): open, attach, close, and SASL's.
#include "proto/amqp.h"

enum { OPEN = 0x10, ATTACH = 0x12, CLOSE = 0x18, SASL_INIT = 0x41, SASL_OUTCOME = 0x44 };
enum { SASL_MECHANISMS = 0x40, FIELDS_MAX = 32 };

struct value {
    bool described;
    uint8_t code;       // of the type
    uint64_t describes; // the descriptor's number
    struct bytes data;  // of a text, symbol, binary or list
    uint64_t number;
};

static bool take_width(struct cursor *in, struct value *v)
{
    size_t widths[] = {0, 1, 2, 4, 8, 16};
    switch (v->code >> 4) {
    case 4: v->number = v->code == 0x41; return true; // null, true, false, 0, an empty list
    case 5:
    case 6:
    case 7:
    case 8:
    case 9: v->data = cursor_take(in, widths[(v->code >> 4) - 4]); break;
    case 10:
    case 12:
    case 14: v->data = cursor_take(in, cursor_u8(in)); break;
    case 11:
    case 13:
    case 15: v->data = cursor_take(in, cursor_u32(in)); break;
    default: cursor_fail(in);
    }
    for (size_t i = 0; v->code >> 4 <= 8 && i < v->data.len; i++)
        v->number = v->number << 8 | v->data.data[i];
    return cursor_ok(in);
}

// One value. A descriptor before it is a number (anything else is passed by).
static bool take_value(struct cursor *in, struct value *v)
{
    *v = (struct value){.code = cursor_u8(in)};
    if (v->code == 0) {
        struct value descriptor = {.code = cursor_u8(in)};
        if (descriptor.code == 0 || !take_width(in, &descriptor))
            return false;
        v->described = true;
        v->describes = descriptor.number;
        v->code = cursor_u8(in);
    }
    return cursor_ok(in) && v->code != 0 && take_width(in, v);
}

// The fields of a list; the count stands at its front.
static size_t take_fields(const struct value *list, struct value fields[FIELDS_MAX])
{
    struct cursor in = cursor_make(list->data);
    size_t count = 0;
    if (list->code == 0xc0)
        cursor_u8(&in);
    else if (list->code == 0xd0)
        cursor_u32(&in);
    else
        return 0;
    while (count < FIELDS_MAX && cursor_left(&in) > 0 && take_value(&in, &fields[count]))
        count++;
    return count;
}

static struct bytes text_of(struct amqp_tx *tx, const struct value *v)
{
    bool text = v->code == 0xa1 || v->code == 0xb1 || v->code == 0xa3 || v->code == 0xb3;
    return text ? amqp_keep(tx, v->data) : (struct bytes){NULL, 0};
}

// source and target of a link, whose first field is the address.
static struct bytes address_of(struct amqp_tx *tx, const struct value *v)
{
    struct value fields[FIELDS_MAX];
    return v->described && take_fields(v, fields) > 0 ? text_of(tx, &fields[0])
                                                      : (struct bytes){NULL, 0};
}

static void read_attach(struct amqp_tx *tx, const struct value *fields, size_t count)
{
    struct bytes source = {NULL, 0}, target = {NULL, 0};
    if (count > 0)
        tx->record.link = text_of(tx, &fields[0]);
    if (count > 5)
        source = address_of(tx, &fields[5]);
    if (count > 6)
        target = address_of(tx, &fields[6]);
    bool receives = count > 2 && fields[2].number; // role: the one who attaches receives
    tx->record.address = (receives ? source : target).data ? receives ? source : target
                         : source.data                     ? source
                                                           : target;
}

static void read_close(struct amqp_tx *tx, const struct value *fields, size_t count)
{
    struct value error[FIELDS_MAX];
    size_t parts = count > 0 && fields[0].described ? take_fields(&fields[0], error) : 0;
    if (parts > 0)
        tx->record.text = text_of(tx, &error[0]);
}

static struct bytes method_name(uint64_t code)
{
    switch (code) {
    case OPEN: return BYTES("open");
    case ATTACH: return BYTES("attach");
    case CLOSE: return BYTES("close");
    case SASL_MECHANISMS: return BYTES("sasl-mechanisms");
    case SASL_INIT: return BYTES("sasl-init");
    case SASL_OUTCOME: return BYTES("sasl-outcome");
    default: return (struct bytes){NULL, 0};
    }
}

void amqp_performative(
    struct proto_flow *pf, enum flow_side side, uint16_t channel, struct cursor in)
{
    struct value list, fields[FIELDS_MAX];
    if (cursor_left(&in) == 0 || !take_value(&in, &list) || !list.described)
        return; // an empty frame keeps the connection alive
    struct bytes name = method_name(list.describes);
    struct amqp_tx *tx = name.data ? amqp_begin(pf, side, name) : NULL;
    if (!tx)
        return;
    struct record_amqp *out = &tx->record;
    size_t count = take_fields(&list, fields);
    bool sasl = list.describes >= SASL_MECHANISMS;
    out->has_channel = !sasl;
    out->channel = channel;
    if (list.describes == OPEN && count > 0) {
        out->container_id = text_of(tx, &fields[0]);
        out->hostname = count > 1 ? text_of(tx, &fields[1]) : out->hostname;
    } else if (list.describes == ATTACH) {
        read_attach(tx, fields, count);
    } else if (list.describes == CLOSE) {
        read_close(tx, fields, count);
    } else if (list.describes == SASL_MECHANISMS && count > 0) {
        out->mechanisms = text_of(tx, &fields[0]);
    } else if (list.describes == SASL_INIT && count > 0) {
        out->mechanism = text_of(tx, &fields[0]);
        if (count > 1 && bytes_equal(out->mechanism, BYTES("PLAIN")))
            amqp_take_plain(tx, fields[1].data);
        out->hostname = count > 2 ? text_of(tx, &fields[2]) : out->hostname;
    } else if (list.describes == SASL_OUTCOME && count > 0) {
        out->has_code = out->has_success = true;
        out->code = (uint16_t)fields[0].number;
        out->success = out->code == 0;
    }
    amqp_end(pf, tx);
}
