// SPDX-License-Identifier: Apache-2.0
// What the files of the FTP parser share. Nobody else's.
#pragma once
#include "proto/line.h"
#include "proto/proto.h"

enum {
    FTP_LINE_BYTES = 4096,
    FTP_WAITING = 64,        // commands that wait for their reply
    FTP_REPLY_LINES = 256,   // of one command
    FTP_TX_BYTES = 64 << 10, // memory of one command
    FTP_USER_BYTES = 128,
    FTP_PATH_BYTES = 1024,
    FTP_COMMAND_BYTES = 8, // of a command word
    FTP_PIPELINED = 3,     // so often: the client does not wait for replies
};

enum ftp_command {
    FTP_NONE, // a reply nobody asked for
    FTP_GREETING,
    FTP_OTHER,
    FTP_USER,
    FTP_PASS,
    FTP_ACCT,
    FTP_AUTH,
    FTP_PORT,
    FTP_EPRT,
    FTP_PASV,
    FTP_EPSV,
    FTP_CWD,
    FTP_CDUP,
    FTP_PWD,
    FTP_SIZE,
    FTP_REIN,
    FTP_PATH,     // DELE, MKD...: names a path
    FTP_RETRIEVE, // opens a data channel to the client
    FTP_STORE,    // to the server
    FTP_STOU,     // likewise, the server says the name
    FTP_LIST,     // to the client, no file
};

struct ftp_text {
    uint16_t len;
    char text[FTP_PATH_BYTES];
};

// A command and its replies; lives in an arena of its own.
struct ftp_tx {
    struct arena arena;
    struct ftp_tx *next;
    uint64_t id;
    int64_t time_us;
    enum ftp_command kind;
    unsigned lines, codes;
    struct bytes *reply, *code; // FTP_REPLY_LINES of each, once there is one
    struct record_ftp record;
};

struct ftp_flow {
    struct line_reader lines[2];
    struct ftp_tx *first, *last; // commands that wait, oldest first
    struct ftp_tx *alone;        // replies nobody asked for, until the last line of one
    unsigned waiting;
    bool greeted;      // a reply was seen
    bool reply_open;   // in a reply of several lines
    uint16_t code;     // of that reply
    uint8_t pipelined; // how often a command was sent before the last one's reply
    int64_t gap_us;    // when bytes of the client went missing; 0: never
    bool tls_waits;    // AUTH TLS was sent
    bool tls;          // and accepted
    bool password_given, logged_in;
    uint16_t data_port; // announced, for the next transfer; 0: none
    bool data_passive;
    char user[FTP_USER_BYTES];
    uint8_t user_len;
    char ident[FTP_USER_BYTES];
    uint8_t ident_len;
    struct ftp_text cwd;
    bool cwd_lost; // it changed among bytes that are missing
};

static inline struct ftp_flow *ftp_flow(struct proto_flow *pf)
{
    return pf->state;
}

// ftp_session.c: commands and replies.
void ftp_command_line(struct proto_flow *pf, struct bytes line, bool cut);
void ftp_reply_line(struct proto_flow *pf, struct bytes line, bool cut);
void ftp_finish_alone(struct proto_flow *pf, bool lost);   // likewise the reply to nobody
void ftp_finish_waiting(struct proto_flow *pf, bool lost); // emit what waits for an answer

// ftp_path.c: where the session is.
void ftp_path_set(struct ftp_flow *ftp, struct bytes path);
void ftp_path_up(struct ftp_flow *ftp);
bool ftp_path_quoted(struct bytes line, struct bytes *path); // of a 257 reply (RFC 959 appendix II)
struct bytes ftp_path_url(struct proto_flow *pf, struct arena *arena, struct bytes path);

// ftp_channel.c: data channels.
struct ftp_endpoint {
    struct addr addr; // version 0: not said
    uint16_t port;
};
bool ftp_port_read(struct bytes text, struct ftp_endpoint *out);           // h1,h2,h3,h4,p1,p2
bool ftp_eprt_read(struct bytes text, struct ftp_endpoint *out);           // |1|address|port|
bool ftp_reply_port_read(struct bytes text, struct ftp_endpoint *out);     // 227: somewhere in it
bool ftp_reply_extended_read(struct bytes text, struct ftp_endpoint *out); // 229: (|||port|)
void ftp_channel_announced(
    struct proto_flow *pf, struct ftp_tx *tx, const struct ftp_endpoint *to, bool passive);
// The command of this transfer is known: tell the data channel.
void ftp_channel_named(struct proto_flow *pf, const struct ftp_tx *tx, struct bytes name);
