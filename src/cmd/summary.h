// SPDX-License-Identifier: Apache-2.0
// What a run adds up to, for people: hosts, protocols, names, files. One a worker, added together
// at the end. Every table is bounded; what no longer fits is counted.
#pragma once
#include "base/map.h"
#include "schema/config.h"
#include "schema/records.h"

struct summary {
    const struct config *config;
    struct map protocols; // name → struct summary_pair
    struct map hosts;     // 1 byte version + 16 bytes address → struct summary_host
    struct map names;     // name looked up → uint64_t
    struct map files;     // type → struct summary_pair
    struct map anomalies; // name → uint64_t
    uint64_t records;
    uint64_t flows;
    uint64_t bytes; // of flows
};

struct summary_pair {
    uint64_t count, bytes; // flows or files, and their bytes
};

struct summary_host {
    uint16_t segment; // index into config->segments plus 1; 0: outside
    uint64_t flows, bytes;
};

void summary_init(struct summary *summary, const struct config *config);
void summary_finish(struct summary *summary);
void summary_record(struct summary *summary, const struct record *record);

// Add what `from` counted.
void summary_add(struct summary *to, const struct summary *from);
