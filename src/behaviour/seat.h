// SPDX-License-Identifier: Apache-2.0
// Inside behaviour/: what a behaviour is made of, and how it says what it saw.
#pragma once
#include "behaviour/behaviour.h"
#include "behaviour/domain.h"
#include "schema/segment.h"

// Where a behaviour sits; outlives its state.
struct seat {
    const struct config *config;
    struct metrics *metrics; // NULL in a look
    hit_sink *sink;
    void *context;
    void *room; // of a look: what its create() made
    struct domains *domains;
};

struct look {
    const enum record_type *types; // up to RECORD_NONE
    // Room to work in, one a worker; nothing there changes what is found. NULL: it needs none.
    void *(*create)(void); // NULL: out of memory
    void (*record)(const struct seat *seat, const struct record *record);
    void (*destroy)(void *room);
};

struct watch {
    const enum record_type *types; // up to RECORD_NONE
    // Is the record worth a place in the order? Asked in the workers. NULL: all of the types are.
    bool (*wants)(const struct config *config, const struct record *record);
    void *(*create)(const struct seat *seat); // NULL: out of memory
    void (*record)(void *state, const struct record *record);
    void (*end)(void *state); // NULL: nothing waits for the end
    // What it can prove of segments. NULL: nothing.
    void (*prove)(void *state, separation_sink *sink, void *context);
    void (*destroy)(void *state);
};

// ---- saying what was seen

enum { TELLING_NUMBER = 24 };

// A hit in the making, on the stack.
struct telling {
    struct hit hit;
    struct record_head head;
    char numbers[HIT_FACTS][TELLING_NUMBER];
};

// detector: its id in content/detectors. Until telling_end() the hit's members may be set as well:
// kind, certainty, severity, techniques, matches, subject_is_dest. Severity is the detector's
// until then.
void telling_begin(
    struct telling *telling, const char *detector, const struct record *record, struct bytes kind);
// It is about the source alone, or the destination alone: nobody else takes part.
void telling_of_source(struct telling *telling);
void telling_of_dest(struct telling *telling);
// Facts for the detector's texts; name and value live until telling_end().
void telling_text(struct telling *telling, const char *name, struct bytes value);
void telling_number(struct telling *telling, const char *name, uint64_t value);
// What matched, as evidence: the field's name and its value.
void telling_match(struct telling *telling, const char *where, struct bytes value);
void telling_end(const struct telling *telling, const struct seat *seat);

// ---- which side is inside

static inline bool seat_inside(const struct seat *seat, const struct addr *addr)
{
    return addr->version && segment_find(seat->config, addr) != 0;
}

// ---- what is spoken

// Of a flow's head: a protocol that nobody knows.
static inline bool head_is_nameless(const struct record_head *head)
{
    return head->app_proto.len == 0 || bytes_equal(head->app_proto, BYTES("failed")) ||
           bytes_equal(head->app_proto, BYTES("unknown"));
}
