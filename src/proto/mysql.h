// SPDX-License-Identifier: Apache-2.0
// What the files of the MySQL parser share. Nobody else's.
#pragma once
#include "proto/proto.h"
#include "proto/text_keep.h"

enum {
    MYSQL_LOOK_BYTES = 8192,  // of a packet are looked at
    MYSQL_TEXT_BYTES = 512,   // of names and messages are kept
    MYSQL_STATEMENTS = 32,    // prepared ones that are remembered
    MYSQL_ATTRIBUTES = 32,    // of a client
    MYSQL_NAME_BYTES = 80,    // of user, database, version across commands
    MYSQL_TX_BYTES = 1 << 15, // memory of one command
};

// Capabilities (both sides must have them).
enum {
    MYSQL_CAP_MYSQL = 1,
    MYSQL_CAP_DATABASE = 8,
    MYSQL_CAP_COMPRESS = 0x20,
    MYSQL_CAP_41 = 0x200,
    MYSQL_CAP_SSL = 0x800,
    MYSQL_CAP_SECURE = 0x8000,
    MYSQL_CAP_PLUGIN = 0x80000,
    MYSQL_CAP_ATTRIBUTES = 0x100000,
    MYSQL_CAP_LENGTH = 0x200000,
    MYSQL_CAP_TRACK = 0x800000,
    MYSQL_CAP_NO_EOF = 0x1000000,
    MYSQL_CAP_ZSTD = 0x4000000,
    MYSQL_CAP_QUERY_ATTRIBUTES = 0x8000000,
};

enum mysql_command {
    MYSQL_QUIT = 1,
    MYSQL_INIT_DB = 2,
    MYSQL_QUERY = 3,
    MYSQL_FIELD_LIST = 4,
    MYSQL_CREATE_DB = 5,
    MYSQL_DROP_DB = 6,
    MYSQL_STATISTICS = 9,
    MYSQL_PROCESS_KILL = 12,
    MYSQL_CHANGE_USER = 17,
    MYSQL_BINLOG_DUMP = 18,
    MYSQL_STMT_PREPARE = 22,
    MYSQL_STMT_EXECUTE = 23,
    MYSQL_STMT_LONG_DATA = 24,
    MYSQL_STMT_CLOSE = 25,
    MYSQL_STMT_RESET = 26,
    MYSQL_STMT_FETCH = 28,
    MYSQL_BINLOG_DUMP_GTID = 30,
    MYSQL_COMMANDS = 32,
    MYSQL_LOGIN = 255, // ours
};

// What the server's next packet is.
enum mysql_expect {
    MYSQL_EXPECT_GREETING,
    MYSQL_EXPECT_AUTH,
    MYSQL_EXPECT_NOTHING,
    MYSQL_EXPECT_ANSWER,
    MYSQL_EXPECT_COLUMNS,
    MYSQL_EXPECT_COLUMNS_EOF,
    MYSQL_EXPECT_ROWS,
    MYSQL_EXPECT_FIELDS,
    MYSQL_EXPECT_PREPARED, // definitions behind the answer to stmt_prepare
};

struct mysql_name {
    uint8_t len;
    char text[MYSQL_NAME_BYTES];
};

struct mysql_statement {
    uint32_t id;
    uint64_t length;
    uint16_t kept;
    char *text; // STATEMENT_BYTES, from the flow's arena
};

struct mysql_side {
    uint64_t left;  // bytes of a packet that are not looked at
    bool continued; // the next packet goes on with this one
};

struct mysql_flow {
    struct mysql_side side[2];
    enum mysql_expect expect;
    uint32_t server_caps, client_caps;
    struct mysql_name version, user, database, plugin, asked_user, asked_database;
    uint32_t connection_id;
    bool greeted, emitted, logged_on, tls, infile, dump, compressed;
    struct proto_file *file;
    uint64_t columns_left, definitions_left;
    struct mysql_statement statements[MYSQL_STATEMENTS];
    unsigned statement_next;
    bool unpaired; // a command came before the answer to another: answers can be told no more
    // the command under way
    bool active;
    uint8_t command;
    uint64_t tx_id;
    int64_t time_us;
    struct arena arena;
    struct record_mysql record;
    struct json_pair pairs[MYSQL_ATTRIBUTES];
};

// A packet as far as it is looked at.
struct mysql_packet {
    struct cursor body;
    uint32_t length; // of the whole
    uint8_t sequence;
};

static inline struct mysql_flow *mysql_flow(struct proto_flow *pf)
{
    return pf->state;
}

static inline struct bytes mysql_name_get(const struct mysql_name *name)
{
    return name->len ? bytes_make(name->text, name->len) : (struct bytes){NULL, 0};
}

static inline void mysql_name_set(struct mysql_name *name, struct bytes text)
{
    name->len = (uint8_t)(text.len < MYSQL_NAME_BYTES ? text.len : MYSQL_NAME_BYTES);
    if (name->len > 0)
        memcpy(name->text, text.data, name->len);
}

static inline bool mysql_caps(const struct mysql_flow *mysql, uint32_t caps)
{
    return (mysql->client_caps & mysql->server_caps & caps) == caps;
}

// mysql.c
void mysql_begin(struct proto_flow *pf, uint8_t command);
void mysql_end(struct proto_flow *pf, bool answered); // write the record
// Text up to a zero, or to the end of the packet.
struct bytes mysql_take_text(struct cursor *in);
uint64_t mysql_take_number(struct cursor *in); // length-encoded
struct bytes mysql_keep(struct mysql_flow *mysql, struct bytes text);

// What the sides say; false: it cannot be read.
bool mysql_client_packet(struct proto_flow *pf, struct mysql_packet *packet);
bool mysql_server_packet(struct proto_flow *pf, struct mysql_packet *packet);
