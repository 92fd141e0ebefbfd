// SPDX-License-Identifier: Apache-2.0
// Inside the DNP3 parser: dnp3.c reads frames and messages, dnp3_objects.c the objects of one.
#pragma once
#include "proto/ics.h"

enum {
    DNP3_MESSAGE_BYTES = 16 * 1024,
    DNP3_RECORD_BYTES = 512 * 1024, // arena of one record
    DNP3_OBJECTS_MAX = 64,
    DNP3_POINTS_MAX = 256,
    DNP3_TEXT_BYTES = 256,
};

enum dnp3_function {
    DNP3_CONFIRM = 0,
    DNP3_READ = 1,
    DNP3_WRITE = 2,
    DNP3_DIRECT_OPERATE_NR = 6,
    DNP3_OPEN_FILE = 25,
    DNP3_RESPONSE = 129,
    DNP3_UNSOLICITED = 130,
};

// Read all objects of a message into record->application and record->device.
void dnp3_objects_read(
    struct proto_flow *pf, struct cursor *in, struct record_dnp3 *record, struct arena *arena);
