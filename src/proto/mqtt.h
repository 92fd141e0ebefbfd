// SPDX-License-Identifier: Apache-2.0
// What the files of the MQTT parser share. Nobody else's.
#pragma once
#include "proto/proto.h"

enum {
    MQTT_TEXT_BYTES = 1024, // of a text or message are kept, as EVE does
    MQTT_KEEP_BYTES = MQTT_TEXT_BYTES + 4,
    MQTT_HEAD_BYTES = 66 << 10, // of a packet, or of what stands before a message, are read
    MQTT_ENTRIES = 64,          // topics or properties of a packet
    MQTT_PENDING = 64,          // packets that wait for their answers
    MQTT_TX_BYTES = 48 << 10,   // memory of one packet and its answers
};

enum mqtt_kind {
    MQTT_CONNECT = 1,
    MQTT_CONNACK,
    MQTT_PUBLISH,
    MQTT_PUBACK,
    MQTT_PUBREC,
    MQTT_PUBREL,
    MQTT_PUBCOMP,
    MQTT_SUBSCRIBE,
    MQTT_SUBACK,
    MQTT_UNSUBSCRIBE,
    MQTT_UNSUBACK,
    MQTT_PINGREQ,
    MQTT_PINGRESP,
    MQTT_DISCONNECT,
    MQTT_AUTH,
};

// A packet and what answers it.
struct mqtt_tx {
    struct arena arena; // everything of it, itself included
    struct record_mqtt record;
    struct bytes types[8];
    uint64_t id;
    int64_t time_us;
    enum mqtt_kind kind; // of the first packet
    enum flow_side side; // who sent it
    uint16_t message_id;
};

// The fixed header (section 2.1).
struct mqtt_head {
    uint8_t kind, qos;
    bool dup, retain;
    uint32_t length;
};

struct mqtt_side {
    uint32_t left;      // bytes of a message, or of a packet that is not read
    bool in_message;    // they are a message
    struct mqtt_tx *tx; // of that message
    struct proto_file *file;
    uint8_t *text; // its beginning
    size_t text_len;
    bool message_cut; // bytes were lost
};

struct mqtt_flow {
    struct mqtt_side side[2];
    struct mqtt_tx *pending[MQTT_PENDING];
    size_t count;
    uint8_t version; // 3, 4 or 5; 0: not known
    bool connected;  // CONNECT was seen
};

static inline struct mqtt_flow *mqtt_flow(struct proto_flow *pf)
{
    return pf->state;
}

// mqtt_packet.c: what a packet says, into the record of tx. False: it cannot be read.
bool mqtt_read_packet(
    struct proto_flow *pf, struct mqtt_tx *tx, const struct mqtt_head *head, struct cursor in);
// The same of a message, up to the message itself.
bool mqtt_read_publish(
    struct proto_flow *pf, struct mqtt_tx *tx, const struct mqtt_head *head, struct cursor *in);

// mqtt_property.c: properties where the version has them. False: they cannot be read.
bool mqtt_read_properties(struct proto_flow *pf, struct mqtt_tx *tx, struct cursor *in,
    struct record_mqtt_properties *out);
// A number of one to four bytes (section 1.5.5 of version 5).
uint32_t mqtt_number(struct cursor *in);
