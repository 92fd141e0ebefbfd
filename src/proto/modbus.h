// SPDX-License-Identifier: Apache-2.0
// Inside the Modbus parser: modbus.c pairs messages, modbus_message.c reads one.
#pragma once
#include "proto/ics.h"

enum {
    MODBUS_PORT = 502,
    MODBUS_ADU_BYTES = 6 + 254 + 256, // the specification's limit is 260; some devices send more
    MODBUS_EXCHANGE_BYTES = 16 * 1024,
    MODBUS_REGISTERS_MAX = 125,
};

// One message as it stands on the wire.
struct modbus_adu {
    uint16_t transaction, protocol;
    uint8_t unit;
    struct bytes pdu; // function and what follows; at least one byte
};

struct modbus_state {
    struct ics_waits waits;
    bool lost[2]; // bytes are missing: messages begin again with a packet, if at all
};

// Fill the record's request or response; what it points to is copied into the arena.
void modbus_message_read(struct proto_flow *pf, const struct modbus_adu *adu, bool response,
    struct record_modbus *modbus, struct arena *arena);
