// SPDX-License-Identifier: Apache-2.0
// What a mail says while it crosses SMTP, POP3 or IMAP: header fields, attachments as files, links.
// Fed in any pieces; filled into the email object of the protocol's record at the end.
#pragma once
#include "proto/mime.h"
#include "proto/proto.h"

enum {
    MAIL_BYTES = 1 << 20, // memory of one mail
    MAIL_LIST = 64,       // entries of a list: attachments, links, addresses
};

// Strings of a mail's record.
struct mail_list {
    struct bytes *item;
    size_t count, room;
};

struct mail {
    struct proto_flow *pf;
    struct arena *arena; // the owner's; everything here lives in it
    enum flow_side sender;
    uint64_t tx;
    bool header_only; // no content comes: no files
    bool broken;      // its parts cannot be told apart
    bool lost;        // some of it
    uint64_t length;
    struct mime *mime; // NULL: no content yet
    struct proto_file *file;
    bool file_text; // the part that passes is text
    struct bytes from, subject, date, message_id, mailer, reply_to;
    struct mail_list to, cc, received, attachment, url;
    struct mail_urls *urls;
};

// The mail of transaction `tx`, sent by `sender`.
void mail_init(struct mail *mail, struct proto_flow *pf, struct arena *arena, enum flow_side sender,
    uint64_t tx);
void mail_feed(struct mail *mail, struct bytes data); // data may be empty: a mail may be
void mail_gap(struct mail *mail);                     // bytes are missing here
// No more comes; ended: its last byte was seen. Closes its files.
void mail_end(struct mail *mail, bool ended);
void mail_fill(const struct mail *mail, bool ended, struct record_email *out);
void mail_list_add(struct mail *mail, struct mail_list *list, struct bytes item, size_t limit);

// mail_url.c: links in text, whatever pieces it comes in.
void mail_urls_feed(struct mail *mail, struct bytes text);
void mail_urls_end(struct mail *mail);
