// SPDX-License-Identifier: Apache-2.0
// The table made from content/dcerpc/interfaces.yaml, sorted by UUID.
#pragma once
#include "proto/dcerpc_names.h"

extern const struct dcerpc_interface dcerpc_interfaces[];
extern const size_t dcerpc_interface_count;
