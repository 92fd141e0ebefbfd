// SPDX-License-Identifier: Apache-2.0
// MQTT 3.1, 3.1.1 (OASIS 2014) and 5.0 (OASIS 2019) over TCP. One mqtt record for a packet and what
// answers it: CONNECT and CONNACK, PUBLISH and its PUBACK or PUBREC, PUBREL, PUBCOMP, SUBSCRIBE and
// SUBACK, …; what is never answered is written at the end. Of a message the beginning is kept; one
// longer than that is a file named by its topic. Passwords and data of extended log-ons are not
// kept. Limits: mqtt.h. After a gap outside a message: let go, packets have no mark.
#include "proto/mqtt.h"
#include "proto/text_keep.h"

enum { MQTT_PORT = 1883 };

// A packet that can only be this one's, where the port says so too: the connection's beginning was
// not seen.
static enum proto_probe look_at_packet(struct bytes data)
{
    struct cursor in = cursor_make(data);
    uint8_t first = cursor_u8(&in), flags = first & 15;
    uint32_t length = mqtt_number(&in);
    if (!cursor_ok(&in))
        return data.len < 5 ? PROBE_MORE : PROBE_NO;
    bool likely = false;
    struct cursor body = cursor_make(bytes_sub(cursor_rest(&in), 0, length));
    struct bytes topic;
    switch (first >> 4) {
    case MQTT_CONNACK: likely = flags == 0 && length >= 2 && cursor_u8(&body) < 2; break;
    case MQTT_PUBLISH:
        topic = cursor_take(&body, cursor_u16(&body));
        likely = (flags & 6) != 6 && topic.len > 0 && proto_is_text(topic);
        break;
    case MQTT_PINGREQ:
    case MQTT_PINGRESP: likely = flags == 0 && length == 0; break;
    default: return PROBE_NO;
    }
    if (!likely && !cursor_ok(&body) && cursor_left(&in) < length)
        return PROBE_MORE;
    return likely ? PROBE_CLIENT : PROBE_NO;
}

static enum proto_probe mqtt_probe(const struct proto_first *first)
{
    struct bytes data = first->data;
    if (data.data[0] != MQTT_CONNECT << 4) {
        if (first->dst_port != MQTT_PORT && first->src_port != MQTT_PORT)
            return PROBE_NO;
        enum proto_probe likely = look_at_packet(data);
        return likely == PROBE_CLIENT && first->src_port == MQTT_PORT ? PROBE_SERVER : likely;
    }
    struct cursor in = cursor_make(data);
    cursor_u8(&in);
    uint32_t length = mqtt_number(&in);
    struct bytes name = cursor_take(&in, 6);
    if (cursor_ok(&in))
        return length >= 10 && (bytes_equal(name, BYTES("\0\4MQTT")) ||
                                   bytes_equal(name, BYTES("\0\6MQIs")))
                   ? PROBE_CLIENT
                   : PROBE_NO;
    return data.len < 11 ? PROBE_MORE : PROBE_NO;
}

static struct mqtt_tx *tx_begin(struct proto_flow *pf, enum mqtt_kind kind, enum flow_side side)
{
    struct arena arena;
    struct mqtt_tx *tx = arena_hold(&arena, pf->arena.pool, MQTT_TX_BYTES, sizeof *tx);
    if (!tx)
        return NULL;
    tx->arena = arena;
    tx->kind = kind;
    tx->side = side;
    tx->id = pf->tx_count++;
    tx->time_us = pf->time_us;
    return tx;
}

static void tx_free(struct mqtt_tx *tx)
{
    arena_release(&tx->arena); // it holds tx
}

static void tx_end(struct proto_flow *pf, struct mqtt_tx *tx)
{
    tx->record.types = tx->types;
    proto_emit_at(pf, RECORD_MQTT, &tx->record, tx->id, tx->time_us);
    tx_free(tx);
}

static void tx_note(struct mqtt_tx *tx, uint8_t kind)
{
    static const char *const names[] = {"", "connect", "connack", "publish", "puback", "pubrec",
        "pubrel", "pubcomp", "subscribe", "suback", "unsubscribe", "unsuback", "pingreq",
        "pingresp", "disconnect", "auth"};
    if (tx->record.types_count < sizeof tx->types / sizeof *tx->types)
        tx->types[tx->record.types_count++] = bytes_from_text(names[kind]);
}

static void tx_remove(struct mqtt_flow *mqtt, size_t i)
{
    mqtt->count--;
    memmove(&mqtt->pending[i], &mqtt->pending[i + 1], (mqtt->count - i) * sizeof *mqtt->pending);
}

// It waits for an answer. The one that waits longest gives way where there is no room.
static void tx_wait(struct proto_flow *pf, struct mqtt_tx *tx)
{
    struct mqtt_flow *mqtt = mqtt_flow(pf);
    if (mqtt->count == MQTT_PENDING) {
        proto_anomaly(pf, ANOMALY_MQTT_TOO_MANY_TRANSACTIONS);
        struct mqtt_tx *oldest = mqtt->pending[0];
        tx_remove(mqtt, 0);
        tx_end(pf, oldest);
    }
    mqtt->pending[mqtt->count++] = tx;
}

static void tx_wait_or_end(struct proto_flow *pf, struct mqtt_tx *tx, bool wait)
{
    if (wait)
        tx_wait(pf, tx);
    else
        tx_end(pf, tx);
}

// What the packet answers, in pending; BYTES_NOT_FOUND: nothing.
static size_t find_asked(
    const struct mqtt_flow *mqtt, enum mqtt_kind asked, enum flow_side side, uint16_t id)
{
    for (size_t i = 0; i < mqtt->count; i++) {
        const struct mqtt_tx *tx = mqtt->pending[i];
        if (tx->kind == asked && tx->side == side && tx->message_id == id)
            return i;
    }
    return BYTES_NOT_FOUND;
}

struct answer {
    enum mqtt_kind asked;
    bool own;  // the asker sends it too
    bool last; // nothing comes after it
    enum anomaly missing;
};

static bool is_answer(uint8_t kind, struct answer *answer)
{
    switch (kind) {
    case MQTT_CONNACK:
        *answer = (struct answer){MQTT_CONNECT, false, true, ANOMALY_MQTT_MISSING_CONNECT};
        return true;
    case MQTT_PUBACK:
    case MQTT_PUBREC:
    case MQTT_PUBREL:
    case MQTT_PUBCOMP:
        *answer = (struct answer){MQTT_PUBLISH, kind == MQTT_PUBREL,
            kind == MQTT_PUBACK || kind == MQTT_PUBCOMP, ANOMALY_MQTT_MISSING_PUBLISH};
        return true;
    case MQTT_SUBACK:
        *answer = (struct answer){MQTT_SUBSCRIBE, false, true, ANOMALY_MQTT_MISSING_SUBSCRIBE};
        return true;
    case MQTT_UNSUBACK:
        *answer = (struct answer){MQTT_UNSUBSCRIBE, false, true, ANOMALY_MQTT_MISSING_UNSUBSCRIBE};
        return true;
    default: return false;
    }
}

// PUBREC of version 5 with a reason of failure ends the exchange (section 4.3.3).
static bool is_refusal(const struct mqtt_tx *tx, uint8_t kind)
{
    return kind == MQTT_PUBREC && tx->record.pubrec.reason_code >= 0x80;
}

static bool take_answer(struct proto_flow *pf, enum flow_side side, const struct mqtt_head *head,
    struct cursor body, const struct answer *answer)
{
    struct mqtt_flow *mqtt = mqtt_flow(pf);
    struct cursor look = body;
    uint16_t id = head->kind == MQTT_CONNACK ? 0 : cursor_u16(&look);
    enum flow_side asker = answer->own ? side : flow_other(side);
    size_t at = find_asked(mqtt, answer->asked, asker, id);
    struct mqtt_tx *tx = NULL;
    if (at == BYTES_NOT_FOUND) {
        proto_anomaly(pf, answer->missing);
        tx = tx_begin(pf, (enum mqtt_kind)head->kind, side);
    } else {
        tx = mqtt->pending[at];
    }
    if (!tx)
        return true;
    tx_note(tx, head->kind);
    bool good = mqtt_read_packet(pf, tx, head, body);
    if (at != BYTES_NOT_FOUND && good && !answer->last && !is_refusal(tx, head->kind))
        return true;
    if (at != BYTES_NOT_FOUND)
        tx_remove(mqtt, at);
    tx_end(pf, tx);
    return good;
}

static bool take_packet(
    struct proto_flow *pf, enum flow_side side, const struct mqtt_head *head, struct cursor body)
{
    struct mqtt_flow *mqtt = mqtt_flow(pf);
    struct answer answer;
    if (is_answer(head->kind, &answer))
        return take_answer(pf, side, head, body, &answer);
    struct mqtt_tx *tx = tx_begin(pf, (enum mqtt_kind)head->kind, side);
    if (!tx)
        return true;
    tx_note(tx, head->kind);
    if (head->kind == MQTT_CONNECT && mqtt->connected)
        proto_anomaly(pf, ANOMALY_MQTT_DOUBLE_CONNECT);
    if (head->kind == MQTT_CONNECT)
        mqtt->connected = true;
    bool good = mqtt_read_packet(pf, tx, head, body);
    bool waits = head->kind == MQTT_CONNECT || head->kind == MQTT_SUBSCRIBE ||
                 head->kind == MQTT_UNSUBSCRIBE;
    tx_wait_or_end(pf, tx, good && waits);
    return good;
}

// A packet longer than is read: its head only.
static bool skip_packet(struct proto_flow *pf, enum flow_side side, const struct mqtt_head *head)
{
    struct mqtt_tx *tx = tx_begin(pf, (enum mqtt_kind)head->kind, side);
    proto_anomaly(pf, ANOMALY_MQTT_PACKET_TOO_LONG);
    mqtt_flow(pf)->side[side].left = head->length;
    if (!tx)
        return true;
    tx_note(tx, head->kind);
#define SKIP(part)                                                                                 \
    tx->record.has_##part = tx->record.part.truncated = tx->record.part.has_skipped_length = true; \
    tx->record.part.skipped_length = head->length;                                                 \
    tx->record.part.qos = head->qos;                                                               \
    tx->record.part.dup = head->dup;                                                               \
    tx->record.part.retain = head->retain;                                                         \
    break
    switch (head->kind) {
    case MQTT_CONNECT: SKIP(connect);
    case MQTT_PUBLISH: SKIP(publish);
    case MQTT_SUBSCRIBE: SKIP(subscribe);
    case MQTT_UNSUBSCRIBE: SKIP(unsubscribe);
    default: tx_free(tx); return false; // none of the others has reason to
    }
#undef SKIP
    tx_end(pf, tx);
    return true;
}

static void message_end(struct proto_flow *pf, enum flow_side side, bool complete)
{
    struct mqtt_side *s = &mqtt_flow(pf)->side[side];
    struct mqtt_tx *tx = s->tx;
    struct record_mqtt_publish *out = &tx->record.publish;
    proto_file_close(pf, s->file, complete);
    bool whole = s->text_len == MQTT_KEEP_BYTES || s->text_len == out->message_length;
    if (whole && out->has_message_length) // else it would say what nobody sent
        out->message = text_keep_long(
            &tx->arena, bytes_make(s->text, s->text_len), out->message_length, MQTT_TEXT_BYTES);
    out->gaps = !complete || s->message_cut;
    *s = (struct mqtt_side){.tx = NULL};
    tx_wait_or_end(pf, tx, out->qos > 0 && complete);
}

static void message_begin(
    struct proto_flow *pf, enum flow_side side, struct mqtt_tx *tx, uint32_t length)
{
    struct mqtt_side *s = &mqtt_flow(pf)->side[side];
    struct record_mqtt_publish *out = &tx->record.publish;
    *s = (struct mqtt_side){.left = length, .in_message = true, .tx = tx};
    s->text = arena_alloc(&tx->arena, MQTT_KEEP_BYTES);
    out->has_message_length = mqtt_flow(pf)->version != 0; // else properties may stand before it
    out->message_length = length;
    if (length > MQTT_TEXT_BYTES && out->has_message_length)
        s->file = proto_file_open(pf, side, out->topic, tx->id);
    if (length == 0)
        message_end(pf, side, true);
}

static void message_bytes(struct proto_flow *pf, enum flow_side side, struct bytes data)
{
    struct mqtt_side *s = &mqtt_flow(pf)->side[side];
    size_t room = s->text && !s->message_cut ? MQTT_KEEP_BYTES - s->text_len : 0;
    struct bytes start = bytes_sub(data, 0, room);
    if (start.len > 0)
        memcpy(&s->text[s->text_len], start.data, start.len);
    s->text_len += start.len;
    proto_show_more(pf, BUFFER_MQTT_PUBLISH_MESSAGE, side, s->tx->id, data);
    proto_file_data(pf, s->file, data);
}

// What is left of a message, or of a packet that is skipped.
static void take_left(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct mqtt_side *s = &mqtt_flow(pf)->side[side];
    size_t left = cursor_left(in);
    struct bytes data = cursor_take(in, s->left < left ? s->left : left);
    s->left -= (uint32_t)data.len;
    if (!s->in_message)
        return;
    message_bytes(pf, side, data);
    if (s->left == 0)
        message_end(pf, side, true);
}

// How long what stands before the message is. 0: not told by the bytes there are.
static size_t measure_publish(
    const struct mqtt_flow *mqtt, const struct mqtt_head *head, struct cursor in)
{
    size_t start = cursor_pos(&in), topic = 2U + cursor_u16(&in), properties = 0;
    cursor_skip(&in, topic - 2);
    cursor_skip(&in, head->qos > 0 ? 2 : 0);
    if (mqtt->version == 5)
        properties = mqtt_number(&in);
    return cursor_ok(&in) ? cursor_pos(&in) - start + properties : 0;
}

enum step { STEP_ON, STEP_WAIT, STEP_BROKEN };

static enum step take_publish(
    struct proto_flow *pf, enum flow_side side, const struct mqtt_head *head, struct cursor *in)
{
    struct mqtt_flow *mqtt = mqtt_flow(pf);
    size_t left = cursor_left(in), seen = left < head->length ? left : head->length;
    size_t before = measure_publish(mqtt, head, cursor_window(in, seen));
    if (before > head->length || (before == 0 && seen == head->length))
        return STEP_BROKEN;
    if (before > MQTT_HEAD_BYTES || (before == 0 && seen > MQTT_HEAD_BYTES))
        return skip_packet(pf, side, head) ? STEP_ON : STEP_BROKEN;
    if (before == 0 || before > seen)
        return STEP_WAIT;
    struct cursor body = cursor_sub(in, before);
    struct mqtt_tx *tx = tx_begin(pf, MQTT_PUBLISH, side);
    if (!tx) {
        mqtt->side[side].left = head->length - (uint32_t)before;
        return STEP_ON;
    }
    tx_note(tx, MQTT_PUBLISH);
    tx->record.has_publish = true;
    bool good = mqtt_read_publish(pf, tx, head, &body);
    if (good)
        message_begin(pf, side, tx, head->length - (uint32_t)before);
    else
        tx_end(pf, tx);
    return good ? STEP_ON : STEP_BROKEN;
}

// Flags that must stand in the head (section 2.1.3); version 3.1 says less.
static bool head_is_valid(struct proto_flow *pf, const struct mqtt_head *head)
{
    if (head->kind < MQTT_CONNECT || head->kind > MQTT_AUTH) {
        proto_anomaly(pf, ANOMALY_MQTT_UNASSIGNED_MSG_TYPE);
        return false;
    }
    if (head->qos == 3) {
        proto_anomaly(pf, ANOMALY_MQTT_INVALID_QOS_LEVEL);
        return false;
    }
    return true;
}

static enum step take_head(
    struct proto_flow *pf, enum flow_side side, struct cursor *in, struct mqtt_head *head)
{
    struct bytes start = bytes_sub(cursor_rest(in), 0, 5);
    uint8_t first = cursor_u8(in);
    *head = (struct mqtt_head){.kind = first >> 4,
        .qos = first >> 1 & 3,
        .dup = first & 8,
        .retain = first & 1,
        .length = mqtt_number(in)};
    if (!cursor_ok(in))
        return start.len < 5 && !pf->ended[side] ? STEP_WAIT : STEP_BROKEN;
    return head_is_valid(pf, head) ? STEP_ON : STEP_BROKEN;
}

static enum step take_body(
    struct proto_flow *pf, enum flow_side side, const struct mqtt_head *head, struct cursor *in)
{
    if (head->kind == MQTT_PUBLISH)
        return take_publish(pf, side, head, in);
    if (head->length > MQTT_HEAD_BYTES)
        return skip_packet(pf, side, head) ? STEP_ON : STEP_BROKEN;
    if (cursor_left(in) < head->length)
        return STEP_WAIT;
    return take_packet(pf, side, head, cursor_sub(in, head->length)) ? STEP_ON : STEP_BROKEN;
}

static enum step take_one(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct mqtt_flow *mqtt = mqtt_flow(pf);
    struct mqtt_head head;
    if (mqtt->side[side].left > 0) {
        take_left(pf, side, in);
        return STEP_ON;
    }
    struct bytes from = cursor_rest(in);
    enum step step = take_head(pf, side, in, &head);
    if (step != STEP_ON)
        return step;
    size_t head_len = from.len - cursor_left(in);
    if (side == FLOW_CLIENT && head.kind != MQTT_CONNECT && !mqtt->connected)
        proto_anomaly(pf, ANOMALY_MQTT_UNINTRODUCED_MESSAGE);
    step = take_body(pf, side, &head, in);
    if (step == STEP_ON)
        proto_frames(pf, FRAME_MQTT_PDU, side, from, head_len, (int64_t)(head_len + head.length),
            UINT64_MAX);
    return step;
}

static enum proto_verdict mqtt_parse(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    while (cursor_left(in) > 0) {
        struct cursor mark = *in;
        enum step step = take_one(pf, side, in);
        if (step == STEP_ON)
            continue;
        *in = mark;
        if (step == STEP_WAIT)
            return PROTO_MORE;
        proto_anomaly(pf, ANOMALY_MQTT_MALFORMED_TRAFFIC);
        return PROTO_DONE;
    }
    return PROTO_MORE;
}

static enum proto_verdict mqtt_gap(struct proto_flow *pf, enum flow_side side, size_t lost)
{
    struct mqtt_side *s = &mqtt_flow(pf)->side[side];
    if (lost > s->left)
        return PROTO_DONE;
    s->left -= (uint32_t)lost;
    s->message_cut = s->in_message;
    proto_file_gap(pf, s->file, lost);
    if (s->in_message && s->left == 0)
        message_end(pf, side, true);
    return PROTO_MORE;
}

static void mqtt_finish(struct proto_flow *pf)
{
    struct mqtt_flow *mqtt = mqtt_flow(pf);
    for (int side = 0; side < 2; side++)
        if (mqtt->side[side].in_message)
            message_end(pf, (enum flow_side)side, false);
    for (size_t i = 0; i < mqtt->count; i++)
        tx_end(pf, mqtt->pending[i]);
    mqtt->count = 0;
}

const struct proto proto_mqtt = {
    .name = "mqtt",
    .carriers = OVER_TCP,
    .state_bytes = sizeof(struct mqtt_flow),
    .budget_bytes = 1024,
    .buffer_bytes = MQTT_HEAD_BYTES + 8,
    .probe = mqtt_probe,
    .parse = mqtt_parse,
    .gap = mqtt_gap,
    .finish = mqtt_finish,
};
