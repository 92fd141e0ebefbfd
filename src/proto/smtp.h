// SPDX-License-Identifier: Apache-2.0
// What the files of the SMTP parser share: session, envelope, the mail that passes. Nobody else's.
#pragma once
#include "proto/gss.h"
#include "proto/line.h"
#include "proto/mail.h"
#include "proto/proto.h"

enum {
    SMTP_LINE_BYTES = 4096, // of a command or reply; RFC 5321 section 4.5.3.1 asks for 512
    SMTP_COMMANDS = 128,    // that wait for their reply
    SMTP_RCPTS = 256,       // recipients of a mail
    SMTP_TEXT_BYTES = 200,  // of a session's names
};

enum smtp_command {
    SMTP_OTHER,
    SMTP_HELLO,
    SMTP_MAIL,
    SMTP_RCPT,
    SMTP_DATA,
    SMTP_BDAT,
    SMTP_CONTENT, // not a command: the end of a mail's content, which is answered too
    SMTP_RSET,
    SMTP_AUTH,
    SMTP_STARTTLS,
    SMTP_QUIT,
};

enum smtp_phase {
    SMTP_COMMAND,
    SMTP_DATA_WAIT, // DATA was sent: content follows once it is accepted
    SMTP_DATA_BYTES,
    SMTP_BDAT_BYTES,
    SMTP_AUTH_LINE, // the next line answers a challenge
    SMTP_TLS_WAIT,
};

struct smtp_text {
    uint8_t len;
    char text[SMTP_TEXT_BYTES];
};

struct smtp_mail {
    struct arena arena; // everything of this mail, itself included
    struct proto_flow *pf;
    uint64_t id;
    int64_t time_us;
    bool has_from;
    bool ended;  // its last byte was seen
    bool failed; // the server refused it, or the client took it back
    struct bytes from;
    struct mail_list rcpt, rejected;
    uint16_t reply_code;
    struct bytes reply;
    struct mail mail; // its content
};

struct smtp_waiting {
    uint8_t command; // enum smtp_command
    uint16_t rcpt;   // which recipient
    uint32_t mail;   // low bits of the id of the mail it belongs to, plus 1; 0: none
};

struct smtp_flow {
    struct ntlm_session *ntlm; // AUTH by NTLM, or NULL
    struct line_reader side[2];
    enum smtp_phase phase;
    struct smtp_mail *mail; // the one that is being sent or waits for its last reply
    struct smtp_waiting waiting[SMTP_COMMANDS]; // ring
    unsigned first, count;
    uint64_t mails; // emitted
    uint64_t left;  // bytes of the BDAT chunk
    bool bdat_last;
    bool line_start, line_crlf; // in DATA: the last byte ended a line, with CR LF
    uint8_t last_byte;
    bool server_seen, banner_seen, data_accepted, closed, starttls;
    bool reply_open; // in a reply of several lines
    uint16_t reply_code;
    struct smtp_text hello; // not yet accepted
    struct smtp_text helo, banner, mechanism, user, reply;
    uint8_t auth_step;
    bool auth_success;
    uint16_t auth_failures;
};

static inline struct smtp_flow *smtp_flow(struct proto_flow *pf)
{
    return pf->state;
}

void smtp_text_set(struct smtp_text *out, struct bytes text);
static inline struct bytes smtp_text_get(const struct smtp_text *t)
{
    return t->len ? bytes_make(t->text, t->len) : (struct bytes){NULL, 0};
}

// smtp_session.c: commands and replies.
void smtp_command_line(struct proto_flow *pf, struct bytes line);
void smtp_auth_line(struct proto_flow *pf, struct bytes line);
void smtp_reply_line(struct proto_flow *pf, struct bytes line);
void smtp_wait_for(struct proto_flow *pf, enum smtp_command command);

// smtp_mail.c: the mail's life.
struct smtp_mail *smtp_mail_get(struct proto_flow *pf); // the current one, or a new one
void smtp_mail_finish(struct proto_flow *pf);           // emit the current one, if there is one

// smtp_record.c
void smtp_emit(struct proto_flow *pf, struct smtp_mail *mail); // mail NULL: of the session alone
const void *smtp_draft(struct proto_flow *pf, uint64_t tx_id, enum record_type *type);
