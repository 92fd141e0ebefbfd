// SPDX-License-Identifier: Apache-2.0
// Numbers of CIP messages that rules ask for and no record holds: services, the path's class,
// instance and attribute, statuses (CIP Volume 1, appendix C; several messages in one: ).
#include "proto/enip.h"

enum {
    ANSWER = 0x80,
    GET_ATTRIBUTE_LIST = 3,
    SET_ATTRIBUTE_LIST = 4,
    MULTIPLE = 10,
    LOGICAL = 1, // type of a segment of the path
    ATTRIBUTES_MOST = 64,
    MESSAGES_MOST = 64,
};

struct shower {
    struct proto_flow *pf;
    enum flow_side side;
    uint64_t tx_id;
    uint16_t message; // numbers of one message have the same id
};

static void show(const struct shower *s, enum rule_shown kind, uint32_t value)
{
    proto_show_number(s->pf, s->side, s->tx_id,
        (struct shown_number){.kind = (uint16_t)kind, .id = s->message, .value = value});
}

// Logical segments: three bits type, three bits what, two bits width.
static void show_path(const struct shower *s, struct cursor path)
{
    static const enum rule_shown kinds[8] = {
        [0] = SHOWN_ENIP_CIP_CLASS, [1] = SHOWN_ENIP_CIP_INSTANCE, [4] = SHOWN_ENIP_CIP_ATTRIBUTE};
    while (cursor_left(&path) >= 2) {
        uint8_t segment = cursor_u8(&path), width = segment & 3;
        if (segment >> 5 != LOGICAL || width == 3)
            return;
        cursor_skip(&path, width ? 1 : 0);
        uint32_t value = width == 0   ? cursor_u8(&path)
                         : width == 1 ? cursor_u16le(&path)
                                      : cursor_u32le(&path);
        enum rule_shown kind = kinds[segment >> 2 & 7];
        if (cursor_ok(&path) && kind != SHOWN_NONE)
            show(s, kind, value);
    }
}

static void show_attributes(const struct shower *s, uint8_t service, struct cursor in)
{
    uint16_t count = cursor_u16le(&in);
    bool list = service == GET_ATTRIBUTE_LIST;
    if (!list && service != SET_ATTRIBUTE_LIST)
        return;
    // What is set stands behind each number, of a length only the object knows.
    for (uint16_t i = 0; i < (list ? count : 1) && i < ATTRIBUTES_MOST; i++) {
        uint16_t attribute = cursor_u16le(&in);
        if (!cursor_ok(&in))
            return;
        show(s, SHOWN_ENIP_CIP_ATTRIBUTE, attribute);
    }
}

// One message; what stands behind its head is left in `in`.
static uint8_t show_message(const struct shower *s, struct cursor *in)
{
    uint8_t service = cursor_u8(in);
    show(s, SHOWN_CIP_SERVICE, service & (ANSWER - 1));
    if (service & ANSWER) {
        cursor_skip(in, 1);
        uint8_t status = cursor_u8(in);
        struct cursor extended = cursor_sub(in, 2U * cursor_u8(in));
        if (cursor_ok(in))
            show(s, SHOWN_ENIP_CIP_STATUS, status);
        if (cursor_ok(in) && cursor_left(&extended) >= 2)
            show(s, SHOWN_ENIP_CIP_EXTENDEDSTATUS, cursor_u16le(&extended));
        return service & (ANSWER - 1);
    }
    show_path(s, cursor_sub(in, 2U * cursor_u8(in)));
    show_attributes(s, service, *in);
    return service;
}

void cip_show(struct proto_flow *pf, enum flow_side side, uint64_t tx_id, struct bytes message)
{
    struct shower s = {.pf = pf, .side = side, .tx_id = tx_id};
    struct cursor in = cursor_make(message);
    if (!proto_wants(pf, BUFFER_NUMBERS) || message.len == 0)
        return;
    uint8_t service = show_message(&s, &in);
    struct bytes body = cursor_rest(&in);
    uint16_t count = service == MULTIPLE ? cursor_u16le(&in) : 0;
    for (uint16_t i = 0; i < count && i < MESSAGES_MOST; i++) {
        uint16_t at = cursor_u16le(&in);
        struct cursor part = cursor_make(bytes_from(body, at));
        if (!cursor_ok(&in) || cursor_left(&part) == 0)
            return;
        s.message++;
        show_message(&s, &part);
    }
}

void enip_show_identity(struct proto_flow *pf, uint64_t tx_id, uint16_t type, uint16_t revision)
{
    const struct shower s = {.pf = pf, .side = FLOW_SERVER, .tx_id = tx_id};
    show(&s, SHOWN_ENIP_DEVICE_TYPE, type);
    show(&s, SHOWN_ENIP_REVISION, revision);
}
