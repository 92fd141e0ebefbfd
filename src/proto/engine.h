// SPDX-License-Identifier: Apache-2.0
// What the engine's files share. A flow's state here is an engine_flow in an arena of its own; it
// is given back as soon as nobody wants the flow's bytes.
#pragma once
#include "file/file.h"
#include "proto/expect.h"
#include "proto/pending.h"
#include "proto/proto.h"

enum {
    PROBE_BYTES = 4096, // a side is probed over at most so many of its first bytes
    PENDING_PROBE_BYTES = PROBE_BYTES + 65'536, // the segment that ends the probing comes on top
    ANOMALY_WORDS = (ANOMALIES + 63) / 64,
    FLOW_SWITCHES = 8,      // of one flow from one parser to the next; each is a level of recursion
    FLOW_FILES = 64,        // files of one flow open at once
    FILE_BYTES = 8 * 1024,  // memory of one open file
    FILE_NAME_BYTES = 1024, // of its name are kept
};

struct namer; // nDPI

struct proto_engine {
    struct flow_handler handler;
    const struct config *config;
    struct pool *pool;
    struct metrics *metrics;
    void (*emit)(void *context, const struct record *record);
    void *emit_context;
    const struct proto_watch *watch; // NULL: nobody watches
    struct file_kinds *kinds;
    struct file_keep *keep;            // NULL: files are not kept
    struct file_scan *scan;            // NULL: files are not scanned
    const struct tls_secrets *secrets; // NULL: TLS stays encrypted
    uint8_t inner_depth;               // flows within flows being fed; see inner.h
    struct namer *namer;               // NULL: nDPI is switched off
    const struct proto *forced;
    struct expect_table *expected;                        // NULL until a flow is announced
    struct engine_flow *unclaimed_first, *unclaimed_last; // oldest first
};

enum probe_state { PROBING, PROBED };

struct engine_flow {
    struct proto_flow pf; // pf.proto NULL: none has claimed the flow
    struct arena arena;   // this struct and what waits in pending
    struct proto_pending pending[2];
    uint8_t probe[2]; // enum probe_state
    uint8_t named_packets;
    bool naming_over;
    uint8_t files, switches;
    uint32_t files_begun;
    bool stream_told[2];     // as a frame
    bool reversed;           // turned over with each change of sides
    struct bytes proxy_dest; // through which proxy's tunnel the flow runs; see proto_tunnel
    bool unclaimed;          // stands in the engine's list
    struct engine_flow *unclaimed_before, *unclaimed_after;
    struct ndpi_flow_struct *ndpi;
    uint64_t told[ANOMALY_WORDS]; // anomalies already written
};

struct proto_file {
    struct arena arena; // holds this too
    struct file *file;
    struct bytes name;
    uint64_t tx_id, number;
    enum flow_side side;
};

// A side's stream as a frame, once; and its frames, with what came (proto/engine_frame.c).
void engine_frame_stream(struct engine_flow *ef, enum flow_side side);
void engine_frames_go_on(struct engine_flow *ef, enum flow_side side, struct bytes data);

// Before a parser lets go of the flow, or complains of `data` (proto/engine_mismatch.c): the first
// bytes of an answer may be of another protocol.
void engine_mismatch(struct engine_flow *ef, enum flow_side side, struct bytes data);
// Client and server changed places as it was seen what they speak.
void engine_turned(struct engine_flow *ef);

// Flows nobody has claimed yet stand in the engine's list, oldest first (proto/engine_unclaimed.c).
void engine_unclaimed_add(struct proto_engine *e, struct engine_flow *ef);
void engine_unclaimed_remove(struct proto_engine *e, struct engine_flow *ef);

// Protocols nobody parses, known by their first bytes. True: one of them.
bool engine_name_by_signature(struct engine_flow *ef, const struct proto_first *first);

// nDPI: names what no parser claims (proto/ndpi.c).
[[nodiscard]] struct namer *namer_create(unsigned packets);
void namer_destroy(struct namer *namer);

// Show nDPI a packet of the flow. True: it needs no more; *name is then set, or NULL for unknown.
bool namer_packet(
    struct namer *namer, struct engine_flow *ef, const struct decoded *packet, const char **name);

// The flow ends or its packets are enough: what nDPI makes of it, NULL for unknown.
const char *namer_finish(struct namer *namer, struct engine_flow *ef);
