// SPDX-License-Identifier: Apache-2.0
// What the files of the PostgreSQL parser share. Nobody else's.
#pragma once
#include "proto/proto.h"
#include "proto/text_keep.h"

enum {
    PGSQL_LOOK_BYTES = 4096,                  // of a message are looked at
    PGSQL_QUERY_BYTES = PGSQL_LOOK_BYTES - 4, // of a query are kept: a character may end behind
    PGSQL_TEXT_BYTES = 1024,                  // of names and values are kept
    PGSQL_PARAMETERS = 64,     // of a connection's beginning, and of the server's settings
    PGSQL_PENDING = 32,        // requests that wait for their answers
    PGSQL_STATEMENTS = 16,     // prepared ones that are remembered
    PGSQL_NAME_BYTES = 64,     // of user, database and statement names across requests
    PGSQL_TX_BYTES = 64 << 10, // memory of one request
};

enum pgsql_auth {
    PGSQL_AUTH_UNKNOWN,
    PGSQL_AUTH_PASSWORD,
    PGSQL_AUTH_SASL,
    PGSQL_AUTH_SASL_ON,
    PGSQL_AUTH_OTHER
};

// What kind of request, as far as its end depends on it.
enum pgsql_kind { PGSQL_ENCRYPT, PGSQL_LOG_ON, PGSQL_SIMPLE, PGSQL_EXTENDED };

struct pgsql_list {
    struct record_pgsql_parameter items[PGSQL_PARAMETERS];
    struct json_pair pairs[PGSQL_PARAMETERS];
    size_t count;
};

struct pgsql_tx {
    struct arena arena; // everything of it, itself included
    struct record_pgsql record;
    struct pgsql_list *startup, *status;
    enum pgsql_kind kind;
    bool gssenc, sealed; // sealed: Sync was sent, the next message is of another request
    int64_t time_us;
};

struct pgsql_name {
    uint8_t len;
    char text[PGSQL_NAME_BYTES];
};

struct pgsql_statement {
    struct pgsql_name name;
    uint64_t length;
    uint16_t kept;
    char *text; // STATEMENT_BYTES, from the flow's arena
};

struct pgsql_side {
    uint64_t left; // bytes of a message that are not looked at
};

struct pgsql_flow {
    struct pgsql_side side[2];
    bool started;   // the client's messages have types
    bool encrypted; // hand over to TLS
    bool over;
    enum pgsql_auth auth;
    struct pgsql_tx *pending[PGSQL_PENDING];
    size_t count;
    struct pgsql_name user, database;
    struct pgsql_statement statements[PGSQL_STATEMENTS];
    unsigned statement_next;
};

// A message as far as it is looked at.
struct pgsql_message {
    uint8_t type;
    uint32_t length; // of what follows the length
    struct cursor body;
};

static inline struct pgsql_flow *pgsql_flow(struct proto_flow *pf)
{
    return pf->state;
}

// pgsql.c
struct pgsql_tx *pgsql_begin(struct proto_flow *pf, enum pgsql_kind kind); // NULL: no memory
void pgsql_name_users(const struct pgsql_flow *pgsql, struct pgsql_tx *tx);
void pgsql_forget(struct pgsql_tx *tx);
void pgsql_end(struct proto_flow *pf); // write the request that waits longest
struct bytes pgsql_take_text(struct cursor *in);
struct bytes pgsql_keep(struct pgsql_tx *tx, struct bytes text);
void pgsql_add(struct proto_flow *pf, struct pgsql_tx *tx, struct pgsql_list **list,
    struct bytes name, struct bytes value);

// What the sides say; false: it cannot be read.
bool pgsql_startup(struct proto_flow *pf, struct cursor *body);
bool pgsql_client_message(struct proto_flow *pf, struct pgsql_message *m);
bool pgsql_server_message(struct proto_flow *pf, struct pgsql_message *m);
void pgsql_server_byte(struct proto_flow *pf, uint8_t byte);
