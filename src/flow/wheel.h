// SPDX-License-Identifier: Apache-2.0
// A wheel of one-second buckets: each flow stands in the bucket of the second it may end in.
// Packets do not touch it; a flow found alive in its bucket is put into the right one.
#pragma once
#include "flow/internal.h"

void flow_wheel_init(struct flow_table *table);
void flow_wheel_add(struct flow_table *table, uint32_t index, int64_t due_us);
void flow_wheel_remove(struct flow_table *table, uint32_t index);

// Take every flow whose second has come out of the wheel, one at a time. FLOW_NONE: no more.
uint32_t flow_wheel_take(struct flow_table *table, int64_t now_us);
