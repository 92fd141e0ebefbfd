// SPDX-License-Identifier: Apache-2.0
// What the files of the TDS parser share. Nobody else's.
#pragma once
#include "proto/gss.h"
#include "proto/proto.h"
#include "proto/text_keep.h"
#include "proto/utf16.h"

enum {
    TDS_LOOK_BYTES = 4096,   // of a message's first packet are looked at
    TDS_TEXT_BYTES = 512,    // of names and messages, on the wire
    TDS_TX_BYTES = 16 << 10, // memory of one exchange
    TDS_TAIL_BYTES = 13,     // of a message: its last DONE
    TDS_NAME_BYTES = 128,    // of user and database across exchanges
};

enum tds_type {
    TDS_BATCH = 1,
    TDS_RPC = 3,
    TDS_RESULT = 4,
    TDS_ATTENTION = 6,
    TDS_BULK = 7,
    TDS_TRANSACTION = 14,
    TDS_LOGIN = 16,
    TDS_SSPI = 17,
    TDS_PRELOGIN = 18,
};

struct tds_name {
    uint8_t len;
    char text[TDS_NAME_BYTES];
};

struct tds_side {
    uint32_t left;   // bytes of a packet, or of a TLS record, that are not looked at
    bool tls;        // they are TLS
    bool inside;     // the packet goes on with a message
    uint8_t status;  // of the packet under way
    uint64_t length; // of the message so far
    uint8_t tail[TDS_TAIL_BYTES];
    size_t tail_len;
};

struct tds_flow {
    struct tds_side side[2];
    uint32_t version;   // TDS version, 0x74000004 and the like; 0: not known
    uint8_t encryption; // what the client offered
    struct ntlm_session *ntlm;
    struct tds_name user, database;
    bool active, measured;
    unsigned owed; // answers of exchanges that ended without them
    bool tls;      // the log-on is encrypted
    uint8_t type;  // of the client's message
    uint64_t tx_id;
    int64_t time_us;
    struct arena arena;
    struct record_tds record;
};

static inline struct tds_flow *tds_flow(struct proto_flow *pf)
{
    return pf->state;
}

static inline void tds_name_set(struct tds_name *name, struct bytes text)
{
    name->len = (uint8_t)(text.len < TDS_NAME_BYTES ? text.len : TDS_NAME_BYTES);
    if (name->len > 0)
        memcpy(name->text, text.data, name->len);
}

// UTF-16 of the wire, `units` long.
struct bytes tds_take_text(struct tds_flow *tds, struct cursor *in, size_t units);
void tds_begin(struct proto_flow *pf, uint8_t type);
void tds_end(struct proto_flow *pf, bool answered);

bool tds_read_answer_to_prelogin(struct tds_flow *tds, struct cursor body);
// The start of a message. False: it cannot be read.
bool tds_client_message(struct proto_flow *pf, uint8_t type, struct cursor body);
void tds_server_message(struct proto_flow *pf, struct cursor body);
// The server's message is over; its last bytes are known.
void tds_server_over(struct proto_flow *pf);
