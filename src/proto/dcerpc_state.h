// SPDX-License-Identifier: Apache-2.0
// What the files of DCE/RPC share.
#pragma once
#include "proto/dcerpc_names.h"
#include "proto/dcerpc_pdu.h"
#include "proto/gss.h"

enum {
    DCERPC_CALLS_MAX = 32,     // of one association that wait for their answer
    DCERPC_CONTEXTS_MAX = 256, // interfaces bound by one association
    DCERPC_MESSAGES_MAX = 8,   // types of messages noted of a call
    DCERPC_STUB_KEPT = 32'768, // bytes of parameters that are looked at
    DCERPC_CALL_BUDGET = 96 * 1024,
    DCERPC_ARENA_BUDGET = 64 * 1024,
};

enum dcerpc_type {
    DCERPC_REQUEST,
    DCERPC_PING,
    DCERPC_RESPONSE,
    DCERPC_FAULT,
    DCERPC_WORKING,
    DCERPC_NOCALL,
    DCERPC_REJECT,
    DCERPC_ACK,
    DCERPC_CL_CANCEL,
    DCERPC_FACK,
    DCERPC_CANCEL_ACK,
    DCERPC_BIND,
    DCERPC_BINDACK,
    DCERPC_BINDNAK,
    DCERPC_ALTER_CONTEXT,
    DCERPC_ALTER_CONTEXT_RESP,
    DCERPC_AUTH3,
    DCERPC_SHUTDOWN,
    DCERPC_CO_CANCEL,
    DCERPC_ORPHANED,
    DCERPC_RTS,
    DCERPC_TYPES,
    DCERPC_NONE = 255,
};

// One fragment. Numbers are in the order of the sender's machine.
struct dcerpc_pdu {
    uint8_t minor, type, flags;
    bool little;
    uint16_t length, auth_length;
    uint32_t call_id;
    struct cursor body;    // behind the common header, without the authentication verifier
    struct bytes raw_body; // with it
    uint8_t auth_type, auth_level;
    struct bytes auth; // credentials
};

// A presentation context: an interface, under the number that requests use.
struct dcerpc_context {
    uint16_t id, major, minor, result, reason;
    bool acked, wide; // wide: in NDR64
    uint8_t uuid[16]; // in the order of its text
};

// What one side said in a call.
struct dcerpc_half {
    bool seen, done, lost;
    uint8_t type; // enum dcerpc_type
    uint32_t fragments;
    uint64_t stub_bytes;
    bool shown;        // to rules
    struct bytes stub; // the first of them that are parameters, where wanted
    size_t stub_room;
};

struct dcerpc_call {
    struct dcerpc_call *next; // younger
    struct arena arena;       // holds this
    uint32_t id;
    uint64_t tx_id; // PROTO_TX_NEXT: that of who carries the call
    uint16_t opnum, context;
    bool has_context, has_object, sealed, little, unknown_answer;
    uint8_t messages[DCERPC_MESSAGES_MAX];
    size_t message_count;
    struct dcerpc_half half[2];
    int64_t start_us, end_us;
    struct dcerpc_context *contexts; // BIND: asked for
    size_t context_count;
    uint8_t object[16];
    uint8_t auth_type, auth_level;
    bool has_auth, has_status, has_group;
    uint32_t status, group;
    struct bytes sec_addr;
    bool connectionless;
    uint8_t activity[16];            // connectionless: whose `id` is the sequence number
    struct dcerpc_context interface; // connectionless: the one called
    enum flow_side asker;
};

struct dcerpc {
    struct arena arena; // holds this
    struct dcerpc_setup setup;
    struct dcerpc_context *contexts;
    size_t context_count, context_room;
    struct dcerpc_call *calls; // oldest first
    size_t call_count;
    bool lost[2]; // bytes are missing: look for the next PDU
    bool ignored; // what was fed is no DCE/RPC
    bool shows;   // rules want to see the parameters of every call
    uint8_t minor;
    uint8_t auth_type, auth_level;
    uint8_t
        done_activity[16]; // connectionless: the call answered last, whose answer may come again
    uint32_t done_seqnum;
    struct ntlm_session *ntlm;
    const char *mechanism;
    struct bytes user, domain, host;
    struct dcerpc_part {
        struct arena arena;
        uint8_t *data;
        size_t len, room;
    } parts[2]; // of a PDU that is not complete
};

static inline uint16_t dcerpc_u16(struct cursor *c, bool little)
{
    return little ? cursor_u16le(c) : cursor_u16(c);
}

static inline uint32_t dcerpc_u32(struct cursor *c, bool little)
{
    return little ? cursor_u32le(c) : cursor_u32(c);
}

// A UUID, put into the order of its text.
void dcerpc_uuid(struct cursor *c, bool little, uint8_t out[16]);

// "367abb81-9844-35f1-ad32-98f038001003" in the arena.
struct bytes dcerpc_uuid_text(struct arena *arena, const uint8_t uuid[16]);

// Fill the record of a call; texts go into the call's arena.
void dcerpc_fill(const struct dcerpc *rpc, struct dcerpc_call *call, struct record_dcerpc *record);

// The context a request names, or NULL.
const struct dcerpc_context *dcerpc_context_of(const struct dcerpc *rpc, uint16_t id);

// The interface a request calls, or NULL.
const struct dcerpc_context *dcerpc_called(
    const struct dcerpc *rpc, const struct dcerpc_call *call);

// Connectionless (C706 section 12.5): a datagram of either side. dcerpc_cl.c
bool dcerpc_cl_likely(struct bytes datagram);
enum proto_verdict dcerpc_cl_read(
    struct dcerpc *rpc, struct proto_flow *pf, enum flow_side side, struct cursor *in);
