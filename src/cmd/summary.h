// SPDX-License-Identifier: Apache-2.0
// What a run adds up to, for people: hosts, protocols, names, files. One a worker, added together
// at the end. Every table is bounded; what no longer fits is counted.
#pragma once
#include "base/map.h"
#include "schema/config.h"
#include "schema/records.h"

enum { SUMMARY_SEGMENTS = 64 }; // most that a configuration names

// Hosts told apart by a keyed hash of their address, so that a set of many is small. Each entry
// holds the host's segment in its low bits: its index in config->segments plus 1; 0: outside.
struct host_set {
    uint64_t *slots; // 0: empty
    size_t room;     // a power of two
    size_t count;
    uint64_t refused; // sightings of hosts beyond the limit
    uint64_t seed;
};

struct summary {
    const struct config *config;
    struct map protocols; // name → struct summary_pair
    struct host_set hosts;
    struct map names; // name looked up → uint64_t
    struct map files; // type → struct summary_pair
    uint64_t records;
    uint64_t flows;
};

struct summary_pair {
    uint64_t count, bytes; // flows or files, and their bytes
};

// Summaries that are to be added together have one seed.
void summary_init(struct summary *summary, const struct config *config, uint64_t seed);
void summary_finish(struct summary *summary);
void summary_record(struct summary *summary, const struct record *record);

// Add what `from` counted.
void summary_add(struct summary *to, const struct summary *from);

// How many hosts of each segment: counts[0] outside, counts[i + 1] in config->segments[i].
void summary_hosts(const struct summary *summary, uint64_t counts[SUMMARY_SEGMENTS + 1]);
