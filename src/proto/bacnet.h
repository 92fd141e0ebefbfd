// SPDX-License-Identifier: Apache-2.0
// Inside the BACnet parser: bacnet.c reads link, network and transaction, bacnet_service.c the
// services, bacnet_value.c tags and values.
#pragma once
#include "proto/ics.h"

enum {
    BACNET_MESSAGE_BYTES = 64 * 1024,
    BACNET_EXCHANGE_BYTES = 256 * 1024,
    BACNET_PROPERTIES_MAX = 64,
    BACNET_VALUES_MAX = 512,
    BACNET_TEXT_BYTES = 256,
};

// The head of one tagged element (ASHRAE 135 clause 20.2) and its content.
struct bacnet_tag {
    uint8_t number;
    bool context; // else an application tag
    bool opening, closing;
    uint8_t small; // length, value or type in the head
    struct bytes content;
};

// Take the next element; fails the cursor when there is none.
struct bacnet_tag bacnet_tag_read(struct cursor *in);
// Take the element if it has this context tag. False: it has not, nothing moved.
bool bacnet_tag_context(struct cursor *in, uint8_t number, struct bacnet_tag *tag);
// The same for the opening and closing tag of a constructed element.
bool bacnet_tag_open(struct cursor *in, uint8_t number);
bool bacnet_tag_close(struct cursor *in, uint8_t number);
uint32_t bacnet_tag_unsigned(const struct bacnet_tag *tag);

// What the services of a message are read into.
struct bacnet_reader {
    struct proto_flow *pf;
    struct cursor in;
    struct arena *arena;
    struct record_bacnet_property *properties;
    size_t properties_count;
    size_t values; // of the message so far
};

// Values up to the closing tag `number`, which is taken, too.
void bacnet_values_read(struct bacnet_reader *r, uint8_t number, const char *property,
    struct record_bacnet_property *out);
struct bytes bacnet_object_name(uint32_t type, struct arena *arena);
struct bytes bacnet_property_name(uint32_t property, struct arena *arena);
struct bytes bacnet_text(struct bytes content, struct arena *arena); // of a character string

// Services. False: malformed.
bool bacnet_request_read(
    struct bacnet_reader *r, bool confirmed, uint8_t service, struct record_bacnet *bacnet);
bool bacnet_answer_read(struct bacnet_reader *r, uint8_t service, struct record_bacnet *bacnet);
bool bacnet_error_read(struct bacnet_reader *r, struct record_bacnet *bacnet);
struct bytes bacnet_service_name(bool confirmed, uint8_t service, struct arena *arena);
