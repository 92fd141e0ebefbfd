// SPDX-License-Identifier: Apache-2.0
// Inside detect/: a finding while it is open.
#pragma once
#include "base/arena.h"
#include "detect/assess.h"
#include "detect/detect.h"

enum {
    FINDING_RECORDS = 10,
    FINDING_MATCHES = 4,
    FINDING_ID = 17,                // hexadecimal, with its end
    FINDING_TEXT_BYTES = 16 * 1024, // texts kept of one finding
};

struct reference {
    enum record_type type; // RECORD_NONE: the alert itself
    bool has_flow, has_tx, has_packet;
    int64_t time_us;
    uint64_t flow, tx, packet;
};

struct kept_fact {
    const char *name;
    uint8_t len;
    char text[HIT_FACT_BYTES];
};

struct kept {
    struct kept *in_bucket, *newer, *older; // older: touched before this one
    uint64_t hash;
    bool found; // by its key; one whose time is over is only kept
    char id[FINDING_ID];
    const struct detector *detector;
    const struct detector_case *its;
    const char *detector_id;
    struct bytes rule, title, kind, host, app_proto;
    struct addr subject, peer;
    bool turned;                      // it was the peer who acted: texts tell of it first
    uint16_t subject_port, peer_port; // 0: not the server, or none
    int64_t first_us, last_us;
    uint64_t count;
    enum severity severity;
    uint8_t certainty;
    enum phase phase;
    struct bytes techniques[HIT_TECHNIQUES];
    struct reference references[FINDING_RECORDS];
    struct hit_match matches[FINDING_MATCHES];
    struct hit_source sources[HIT_SOURCES];
    struct kept_fact *facts; // NULL: none
    uint8_t techniques_count, references_count, matches_count, sources_count, facts_count;
    struct arena memory; // of the texts
};

// Fill a finding and its texts, which live in the arena.
void finding_fill(
    const struct config *config, const struct kept *kept, struct arena *arena, struct finding *out);

// EVE's alert of a hit; texts live in the arena.
struct alert_room {
    struct record_alert body;
    struct record_alert_match matches[HIT_MATCHES];
    struct record_alert_source sources[HIT_SOURCES];
    struct bytes techniques[HIT_TECHNIQUES];
    struct bytes bits[3][HIT_BITS]; // enum bits_kind
    struct record_alert_variable variables[2][HIT_VARIABLES];
};
void alert_fill(const struct config *config, const struct hit *hit, const struct assessment *a,
    const char *finding, struct arena *arena, struct alert_room *out);

// Where it was seen, and the bytes: what EVE has beside the alert itself.
void alert_fill_packet(const struct hit *hit, struct arena *arena, struct record_alert *body);

// The detector whose texts stand for it.
const struct detector *detector_of(const struct assessment *a);
