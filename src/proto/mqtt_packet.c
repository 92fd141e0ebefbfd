// SPDX-License-Identifier: Apache-2.0
// Control packets of MQTT 3.1, 3.1.1 and 5 (chapter 3 of each) into records. Where neither CONNECT
// nor CONNACK was seen, what properties might stand before is not read.
#include "proto/mqtt.h"
#include "proto/text_keep.h"

#define HEAD(record, head)                                                                         \
    ((record).qos = (head)->qos, (record).retain = (head)->retain, (record).dup = (head)->dup)

enum { USERNAME = 0x80, PASSWORD = 0x40, WILL_RETAIN = 0x20, WILL = 4, CLEAN = 2 };

static struct bytes take_text(struct mqtt_tx *tx, struct cursor *in)
{
    return text_keep(&tx->arena, cursor_take(in, cursor_u16(in)), MQTT_TEXT_BYTES);
}

static struct bytes version_text(uint8_t version)
{
    switch (version & 127) { // the high bit: a bridge between servers
    case 3: return BYTES("3.1");
    case 4: return BYTES("3.1.1");
    case 5: return BYTES("5.0");
    default: return (struct bytes){NULL, 0};
    }
}

static bool read_will(struct proto_flow *pf, struct mqtt_tx *tx, struct cursor *in, uint8_t flags)
{
    struct record_mqtt_connect *out = &tx->record.connect;
    if (!mqtt_read_properties(pf, tx, in, &out->will.properties))
        return false;
    out->will.topic = take_text(tx, in);
    struct cursor message = *in;
    proto_show(pf, BUFFER_MQTT_CONNECT_WILLMESSAGE, FLOW_CLIENT, tx->id,
        cursor_take(&message, cursor_u16(&message)));
    out->will.message = take_text(tx, in);
    out->will.has_qos = true;
    out->will.qos = flags >> 3 & 3;
    return true;
}

static bool read_connect(
    struct proto_flow *pf, struct mqtt_tx *tx, const struct mqtt_head *head, struct cursor *in)
{
    struct record_mqtt_connect *out = &tx->record.connect;
    HEAD(*out, head);
    out->protocol_string = take_text(tx, in);
    out->protocol_version = cursor_u8(in);
    out->version = version_text(out->protocol_version);
    uint8_t flags = cursor_u8(in);
    out->flags.username = flags & USERNAME;
    out->flags.password = flags & PASSWORD;
    out->flags.will_retain = flags & WILL_RETAIN;
    out->flags.will = flags & WILL;
    out->flags.clean_session = flags & CLEAN;
    out->keep_alive = cursor_u16(in);
    mqtt_flow(pf)->version = out->protocol_version & 127;
    if (!mqtt_read_properties(pf, tx, in, &out->properties))
        return false;
    out->client_id = take_text(tx, in);
    if ((flags & WILL) && !read_will(pf, tx, in, flags))
        return false;
    if (flags & USERNAME)
        out->username = take_text(tx, in);
    out->has_password_length = flags & PASSWORD;
    if (flags & PASSWORD) {
        struct bytes password = cursor_take(in, cursor_u16(in));
        out->password_length = (uint32_t)password.len;
        proto_show(pf, BUFFER_MQTT_CONNECT_PASSWORD, FLOW_CLIENT, tx->id, password);
    }
    return cursor_ok(in);
}

static struct bytes status_text(uint8_t code)
{
    static const char *const old[] = {"accepted", "unacceptable protocol version",
        "identifier rejected", "server unavailable", "bad user name or password", "not authorized"};
    switch (code) {
    case 0x84: return BYTES("unacceptable protocol version");
    case 0x85: return BYTES("identifier rejected");
    case 0x86: return BYTES("bad user name or password");
    case 0x87: return BYTES("not authorized");
    case 0x88: return BYTES("server unavailable");
    case 0x89: return BYTES("server busy");
    case 0x8a: return BYTES("banned");
    default: break;
    }
    return code < 6 ? bytes_from_text(old[code]) : BYTES("refused");
}

static bool read_connack(
    struct proto_flow *pf, struct mqtt_tx *tx, const struct mqtt_head *head, struct cursor *in)
{
    struct record_mqtt_connack *out = &tx->record.connack;
    HEAD(*out, head);
    out->session_present = cursor_u8(in) & 1;
    out->return_code = cursor_u8(in);
    out->status = status_text(out->return_code);
    if (mqtt_flow(pf)->version == 0) // CONNECT was not seen; only version 5 has more than these
        mqtt_flow(pf)->version = head->length > 2 ? 5 : 4;
    if (cursor_left(in) > 0 && !mqtt_read_properties(pf, tx, in, &out->properties))
        return false;
    return cursor_ok(in);
}

bool mqtt_read_publish(
    struct proto_flow *pf, struct mqtt_tx *tx, const struct mqtt_head *head, struct cursor *in)
{
    struct record_mqtt_publish *out = &tx->record.publish;
    HEAD(*out, head);
    out->from_client = tx->side == FLOW_CLIENT;
    out->topic = take_text(tx, in);
    out->has_message_id = head->qos > 0;
    if (head->qos > 0)
        tx->message_id = out->message_id = cursor_u16(in);
    if (cursor_ok(in) && head->qos > 0 && out->message_id == 0)
        proto_anomaly(pf, ANOMALY_MQTT_MISSING_MSG_ID);
    return mqtt_read_properties(pf, tx, in, &out->properties) && cursor_ok(in);
}

static struct record_mqtt_ack *ack_of(struct mqtt_tx *tx, uint8_t kind)
{
    struct record_mqtt *r = &tx->record;
    switch (kind) {
    case MQTT_PUBACK: return r->has_puback = true, &r->puback;
    case MQTT_PUBREC: return r->has_pubrec = true, &r->pubrec;
    case MQTT_PUBREL: return r->has_pubrel = true, &r->pubrel;
    case MQTT_PUBCOMP: return r->has_pubcomp = true, &r->pubcomp;
    case MQTT_PINGREQ: return r->has_pingreq = true, &r->pingreq;
    case MQTT_PINGRESP: return r->has_pingresp = true, &r->pingresp;
    case MQTT_AUTH: return r->has_auth = true, &r->auth;
    default: return r->has_disconnect = true, &r->disconnect;
    }
}

static bool read_ack(
    struct proto_flow *pf, struct mqtt_tx *tx, const struct mqtt_head *head, struct cursor *in)
{
    struct record_mqtt_ack *out = ack_of(tx, head->kind);
    HEAD(*out, head);
    out->has_message_id = head->kind >= MQTT_PUBACK && head->kind <= MQTT_PUBCOMP;
    if (out->has_message_id)
        out->message_id = cursor_u16(in);
    bool ping = head->kind == MQTT_PINGREQ || head->kind == MQTT_PINGRESP;
    out->has_reason_code = !ping && mqtt_flow(pf)->version == 5;
    if (!ping && cursor_left(in) > 0) {
        out->has_reason_code = true;
        out->reason_code = cursor_u8(in);
    }
    if (cursor_left(in) > 0 && !mqtt_read_properties(pf, tx, in, &out->properties))
        return false;
    return cursor_ok(in);
}

static uint16_t take_id(struct proto_flow *pf, struct cursor *in)
{
    uint16_t id = cursor_u16(in);
    if (cursor_ok(in) && id == 0)
        proto_anomaly(pf, ANOMALY_MQTT_MISSING_MSG_ID);
    return id;
}

static bool read_subscribe(
    struct proto_flow *pf, struct mqtt_tx *tx, const struct mqtt_head *head, struct cursor *in)
{
    struct record_mqtt_subscribe *out = &tx->record.subscribe;
    HEAD(*out, head);
    out->has_message_id = true;
    tx->message_id = out->message_id = take_id(pf, in);
    if (mqtt_flow(pf)->version == 0)
        return cursor_ok(in);
    if (!mqtt_read_properties(pf, tx, in, &out->properties))
        return false;
    struct record_mqtt_topic *topics = arena_alloc(&tx->arena, MQTT_ENTRIES * sizeof *topics);
    out->topics = topics;
    while (cursor_left(in) > 0) {
        struct record_mqtt_topic topic = {.topic = {NULL, 0}};
        if (!topics || out->topics_count == MQTT_ENTRIES) {
            proto_anomaly(pf, ANOMALY_MQTT_TOO_MANY_ENTRIES);
            return true;
        }
        topic.topic = take_text(tx, in);
        topic.qos = cursor_u8(in) & 3;
        if (topic.qos == 3)
            proto_anomaly(pf, ANOMALY_MQTT_INVALID_QOS_LEVEL);
        if (cursor_ok(in))
            topics[out->topics_count++] = topic;
    }
    return cursor_ok(in);
}

static bool read_unsubscribe(
    struct proto_flow *pf, struct mqtt_tx *tx, const struct mqtt_head *head, struct cursor *in)
{
    struct record_mqtt_unsubscribe *out = &tx->record.unsubscribe;
    HEAD(*out, head);
    out->has_message_id = true;
    tx->message_id = out->message_id = take_id(pf, in);
    if (mqtt_flow(pf)->version == 0)
        return cursor_ok(in);
    if (!mqtt_read_properties(pf, tx, in, &out->properties))
        return false;
    struct bytes *topics = arena_alloc(&tx->arena, MQTT_ENTRIES * sizeof *topics);
    out->topics = topics;
    while (cursor_left(in) > 0) {
        if (!topics || out->topics_count == MQTT_ENTRIES) {
            proto_anomaly(pf, ANOMALY_MQTT_TOO_MANY_ENTRIES);
            return true;
        }
        struct bytes topic = take_text(tx, in);
        if (cursor_ok(in))
            topics[out->topics_count++] = topic;
    }
    return cursor_ok(in);
}

// The codes at the end of SUBACK and UNSUBACK.
static const uint8_t *take_codes(
    struct proto_flow *pf, struct mqtt_tx *tx, struct cursor *in, size_t *count)
{
    struct bytes rest = cursor_take(in, cursor_left(in));
    if (rest.len > MQTT_ENTRIES)
        proto_anomaly(pf, ANOMALY_MQTT_TOO_MANY_ENTRIES);
    struct bytes kept = arena_copy(&tx->arena, bytes_sub(rest, 0, MQTT_ENTRIES));
    *count = kept.data ? kept.len : 0;
    return kept.data;
}

static bool read_suback(
    struct proto_flow *pf, struct mqtt_tx *tx, const struct mqtt_head *head, struct cursor *in)
{
    struct record_mqtt_suback *out = &tx->record.suback;
    HEAD(*out, head);
    out->has_message_id = true;
    out->message_id = cursor_u16(in);
    if (mqtt_flow(pf)->version == 0)
        return cursor_ok(in);
    if (!mqtt_read_properties(pf, tx, in, &out->properties))
        return false;
    out->qos_granted = take_codes(pf, tx, in, &out->qos_granted_count);
    return cursor_ok(in);
}

static bool read_unsuback(
    struct proto_flow *pf, struct mqtt_tx *tx, const struct mqtt_head *head, struct cursor *in)
{
    struct record_mqtt_unsuback *out = &tx->record.unsuback;
    HEAD(*out, head);
    out->has_message_id = true;
    out->message_id = cursor_u16(in);
    if (mqtt_flow(pf)->version == 0)
        return cursor_ok(in);
    if (!mqtt_read_properties(pf, tx, in, &out->properties))
        return false;
    out->reason_codes = take_codes(pf, tx, in, &out->reason_codes_count);
    return cursor_ok(in);
}

bool mqtt_read_packet(
    struct proto_flow *pf, struct mqtt_tx *tx, const struct mqtt_head *head, struct cursor in)
{
    struct record_mqtt *r = &tx->record;
    switch (head->kind) {
    case MQTT_CONNECT: return r->has_connect = true, read_connect(pf, tx, head, &in);
    case MQTT_CONNACK: return r->has_connack = true, read_connack(pf, tx, head, &in);
    case MQTT_SUBSCRIBE: return r->has_subscribe = true, read_subscribe(pf, tx, head, &in);
    case MQTT_SUBACK: return r->has_suback = true, read_suback(pf, tx, head, &in);
    case MQTT_UNSUBSCRIBE: return r->has_unsubscribe = true, read_unsubscribe(pf, tx, head, &in);
    case MQTT_UNSUBACK: return r->has_unsuback = true, read_unsuback(pf, tx, head, &in);
    default: return read_ack(pf, tx, head, &in);
    }
}
