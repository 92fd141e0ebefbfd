// SPDX-License-Identifier: Apache-2.0
// What the files of the IMAP parser share. Nobody else's.
#pragma once
#include "proto/line.h"
#include "proto/mail.h"
#include "proto/sasl.h"

enum {
    IMAP_LINE_BYTES = 8192,    // of a line; what is behind it is dropped
    IMAP_TEXT_BYTES = 2048,    // of a command or response with its literals are looked at
    IMAP_LITERAL_BYTES = 256,  // of a literal that is not a mail are looked at
    IMAP_ARGS_BYTES = 256,     // of a command's arguments are recorded
    IMAP_PENDING = 64,         // commands that wait for their response
    IMAP_COMMAND_BYTES = 8192, // memory of one
    IMAP_LIST = 64,            // capabilities, ID fields
    IMAP_NAME_BYTES = 256,     // of a user or mailbox
};

// A command that waits for its tagged response.
struct imap_command {
    struct arena arena; // everything of this command, itself included
    struct imap_command *next;
    uint64_t id;
    int64_t time_us;
    bool password, sasl;
    struct bytes tag, name, args, mailbox, mechanism, user;
    struct mail_list client_id;
};

// A mail that passes as a literal.
struct imap_mail {
    struct arena arena; // everything of this mail, itself included
    struct mail mail;
    uint64_t id;
    int64_t time_us;
    enum flow_side side;
    bool partial; // one piece of several
    bool ended;
    uint32_t sequence;
    struct bytes tag, name, mailbox, user, section;
};

struct imap_name {
    uint16_t len;
    char text[IMAP_NAME_BYTES];
};

struct imap_side {
    struct line_reader reader;
    uint64_t literal; // bytes of the literal that passes
    uint64_t kept;    // of them in `text`
    bool mail;        // it is a mail
    bool open;        // text holds the beginning of a command or response
    bool cut;
    uint16_t len;
    char text[IMAP_TEXT_BYTES];
};

struct imap_flow {
    struct imap_side side[2];
    struct imap_command *first, *last; // oldest first
    unsigned waiting;
    struct imap_mail *mail[2]; // by who sends it
    struct ntlm_session *ntlm;
    struct imap_name user, mailbox;         // accepted ones
    struct mail_list capability, server_id; // told since the last tagged response, in pf->arena
    uint64_t exists;
    bool has_exists;
    uint32_t mails; // since the last tagged response
    bool server_seen, greeted, logged_on, tls, tls_asked, closed;
};

static inline struct imap_flow *imap_flow(struct proto_flow *pf)
{
    return pf->state;
}

static inline struct bytes imap_name_get(const struct imap_name *name)
{
    return name->len ? bytes_make(name->text, name->len) : (struct bytes){NULL, 0};
}

// imap_session.c: whole commands and responses; the text is that of struct imap_side.
void imap_command(struct proto_flow *pf, struct bytes text);
void imap_sasl_line(struct proto_flow *pf, struct imap_command *command, struct bytes line);
void imap_response(struct proto_flow *pf, struct bytes text);
struct imap_command *imap_sasl_open(struct proto_flow *pf); // log-on whose responses come now
void imap_finish_commands(struct proto_flow *pf);
struct bytes imap_token(struct bytes *rest); // atom or quoted string, without its quotes

// imap_mail.c: literals that are mails.
bool imap_mail_begin(struct proto_flow *pf, enum flow_side side, struct bytes text);
void imap_mail_data(struct proto_flow *pf, enum flow_side side, struct bytes data);
void imap_mail_literal_end(struct proto_flow *pf, enum flow_side side);
void imap_mail_finish(struct proto_flow *pf, enum flow_side side);
