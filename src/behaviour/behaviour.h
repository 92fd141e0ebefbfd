// SPDX-License-Identifier: Apache-2.0
// What no signature knows: behaviours that show in records alone. behaviour.def lists them; each is
// one file here and one in content/detectors. Their hits become findings, never alert records.
#pragma once
#include "schema/config.h"
#include "schema/findings.h"
#include "schema/hit.h"
#include "schema/metrics.h"

// How many there are.
size_t behaviours_known(void);

// ---- workers, any thread

// What looks work in, one a worker. config is borrowed. NULL: out of memory.
struct looks;
[[nodiscard]] struct looks *looks_create(
    const struct config *config, hit_sink *sink, void *context);
void looks_destroy(struct looks *looks);

// Hits that one record is enough for.
void behaviours_look(struct looks *looks, const struct record *record);

// Who wants to see the record in its order, as bits for behaviours_watch(); 0: nobody.
uint64_t behaviours_want(const struct looks *looks, const struct record *record);

// ---- one thread: all that is remembered of hosts

struct behaviours;

// config and metrics are borrowed. NULL: out of memory.
[[nodiscard]] struct behaviours *behaviours_create(
    const struct config *config, struct metrics *metrics, hit_sink *sink, void *context);
void behaviours_destroy(struct behaviours *behaviours);

// Records that are wanted, in the order of packets.
void behaviours_watch(struct behaviours *behaviours, const struct record *record, uint64_t wanting);

// Is there anything to prove: does the configuration say what may cross between segments?
bool behaviours_separate(const struct config *config);

// What crossed between segments, by which line of what may cross; in the order of the segments.
typedef void separation_sink(void *context, const struct separation_line *line);
void behaviours_separation(struct behaviours *behaviours, separation_sink *sink, void *context);

// The input is over: what waits for the end of its time is told.
void behaviours_end(struct behaviours *behaviours);
