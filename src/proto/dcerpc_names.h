// SPDX-License-Identifier: Apache-2.0
// Names of DCE/RPC's interfaces and their operations; content/dcerpc/interfaces.yaml has them.
#pragma once
#include "base/bytes.h"

struct dcerpc_interface {
    uint8_t uuid[16];     // in the order of its text
    const char *name;     // as the document that publishes it calls it
    const char *endpoint; // where other tools call it otherwise; NULL: the same
    const char *const *operations;
    uint16_t operation_count;
};

// NULL: not published, or not in the table.
const struct dcerpc_interface *dcerpc_interface_find(const uint8_t uuid[16]);

// NULL: not known. `interface` may be NULL.
const char *dcerpc_operation_name(const struct dcerpc_interface *interface, uint16_t opnum);

// What a status of FAULT and REJECT means (C706 appendix E, MS-ERREF); NULL: not known.
const char *dcerpc_status_name(uint32_t status);
