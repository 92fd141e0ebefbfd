// SPDX-License-Identifier: Apache-2.0
// Properties of MQTT 5 (section 2.2.2).
#include "proto/mqtt.h"
#include "proto/text_keep.h"

uint32_t mqtt_number(struct cursor *in)
{
    uint32_t value = 0;
    for (unsigned shift = 0; shift < 28; shift += 7) {
        uint8_t byte = cursor_u8(in);
        value |= (uint32_t)(byte & 127) << shift;
        if (byte < 128)
            return value;
    }
    cursor_fail(in);
    return 0;
}

static struct bytes take_text(struct mqtt_tx *tx, struct cursor *in)
{
    return text_keep(&tx->arena, cursor_take(in, cursor_u16(in)), MQTT_TEXT_BYTES);
}

static const char *const names[] = {"payload_format_indicator", "message_expiry_interval",
    "content_type", "response_topic", "correlation_data", "subscription_identifier",
    "session_expiry_interval", "assigned_client_identifier", "server_keep_alive",
    "authentication_method", "authentication_data_length", "request_problem_information",
    "will_delay_interval", "request_response_information", "response_information",
    "server_reference", "reason_string", "receive_maximum", "topic_alias_maximum", "topic_alias",
    "maximum_qos", "retain_available", "maximum_packet_size", "wildcard_subscription_available",
    "subscription_identifiers_available", "shared_subscription_available"};

struct user {
    struct json_pair *pairs;
    size_t count;
};

static bool name_taken(const struct user *user, struct bytes name)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (bytes_equal(name, bytes_from_text(names[i])))
            return true;
    for (size_t i = 0; i < user->count; i++)
        if (bytes_equal(name, user->pairs[i].name))
            return true;
    return false;
}

static void add_user(
    struct proto_flow *pf, struct mqtt_tx *tx, struct cursor *in, struct user *user)
{
    struct bytes name = take_text(tx, in), value = take_text(tx, in);
    if (!user->pairs)
        user->pairs = arena_alloc(&tx->arena, MQTT_ENTRIES * sizeof *user->pairs);
    if (!user->pairs || !name.data || !value.data)
        return;
    if (user->count == MQTT_ENTRIES)
        proto_anomaly(pf, ANOMALY_MQTT_TOO_MANY_ENTRIES);
    else if (name_taken(user, name))
        proto_anomaly(pf, ANOMALY_MQTT_DUPLICATE_PROPERTY);
    else
        user->pairs[user->count++] = (struct json_pair){name, value};
}

#define NUMBER(field, read)                                                                        \
    out->has_##field = true;                                                                       \
    out->field = read(in);                                                                         \
    break

static void read_text_property(
    uint32_t id, struct mqtt_tx *tx, struct cursor *in, struct record_mqtt_properties *out)
{
    switch (id) {
    case 0x03: out->content_type = take_text(tx, in); break;
    case 0x08: out->response_topic = take_text(tx, in); break;
    case 0x09: out->correlation_data = take_text(tx, in); break;
    case 0x12: out->assigned_client_identifier = take_text(tx, in); break;
    case 0x15: out->authentication_method = take_text(tx, in); break;
    case 0x16: // a secret, maybe
        out->has_authentication_data_length = true;
        out->authentication_data_length = (uint32_t)cursor_take(in, cursor_u16(in)).len;
        break;
    case 0x1a: out->response_information = take_text(tx, in); break;
    case 0x1c: out->server_reference = take_text(tx, in); break;
    case 0x1f: out->reason_string = take_text(tx, in); break;
    default: cursor_fail(in);
    }
}

static void read_property(
    uint32_t id, struct mqtt_tx *tx, struct cursor *in, struct record_mqtt_properties *out)
{
    switch (id) {
    case 0x01: NUMBER(payload_format_indicator, cursor_u8);
    case 0x02: NUMBER(message_expiry_interval, cursor_u32);
    case 0x0b: NUMBER(subscription_identifier, mqtt_number);
    case 0x11: NUMBER(session_expiry_interval, cursor_u32);
    case 0x13: NUMBER(server_keep_alive, cursor_u16);
    case 0x17: NUMBER(request_problem_information, cursor_u8);
    case 0x18: NUMBER(will_delay_interval, cursor_u32);
    case 0x19: NUMBER(request_response_information, cursor_u8);
    case 0x21: NUMBER(receive_maximum, cursor_u16);
    case 0x22: NUMBER(topic_alias_maximum, cursor_u16);
    case 0x23: NUMBER(topic_alias, cursor_u16);
    case 0x24: NUMBER(maximum_qos, cursor_u8);
    case 0x25: NUMBER(retain_available, cursor_u8);
    case 0x27: NUMBER(maximum_packet_size, cursor_u32);
    case 0x28: NUMBER(wildcard_subscription_available, cursor_u8);
    case 0x29: NUMBER(subscription_identifiers_available, cursor_u8);
    case 0x2a: NUMBER(shared_subscription_available, cursor_u8);
    default: read_text_property(id, tx, in, out);
    }
}

bool mqtt_read_properties(struct proto_flow *pf, struct mqtt_tx *tx, struct cursor *in,
    struct record_mqtt_properties *out)
{
    if (mqtt_flow(pf)->version < 5)
        return true;
    struct cursor list = cursor_sub(in, mqtt_number(in));
    struct user user = {0};
    while (cursor_left(&list) > 0) {
        uint32_t id = mqtt_number(&list);
        if (id == 0x26)
            add_user(pf, tx, &list, &user);
        else
            read_property(id, tx, &list, out);
    }
    out->user = user.pairs;
    out->user_count = user.count;
    return cursor_ok(&list) && cursor_ok(in);
}
