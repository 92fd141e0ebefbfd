// SPDX-License-Identifier: Apache-2.0
// Mails within IMAP: the literal of APPEND, and of FETCH what is a whole mail or its header
// (RFC 9051 section 6.4.5). A mail fetched in consecutive pieces is one mail. Single parts
// (BODY[2]) are passed over: how they are encoded is told elsewhere, if at all.
#include "proto/imap.h"

// The last word before a literal, which may have brackets with blanks in it.
static struct bytes last_item(struct bytes text)
{
    struct bytes trimmed = bytes_trim(text);
    size_t at = trimmed.len, depth = 0;
    while (at > 0 && (depth > 0 || (trimmed.data[at - 1] != ' ' && trimmed.data[at - 1] != '('))) {
        depth += trimmed.data[at - 1] == ']';
        depth -= trimmed.data[at - 1] == '[' && depth > 0;
        at--;
    }
    return bytes_from(trimmed, at);
}

// "BODY[]<1000>": the section without the origin, and where in the mail it begins.
static struct bytes section_of(struct bytes item, uint64_t *origin)
{
    const uint8_t *open = item.data ? memrchr(item.data, '<', item.len) : NULL;
    size_t at = open ? (size_t)(open - item.data) : item.len;
    *origin = 0;
    if (open && bytes_at(item, item.len - 1) == '>')
        bytes_to_u64(bytes_sub(item, at + 1, item.len - at - 2), origin);
    return bytes_sub(item, 0, at);
}

static bool is_whole(struct bytes section)
{
    return bytes_equal_nocase(section, BYTES("BODY[]")) ||
           bytes_equal_nocase(section, BYTES("RFC822"));
}

static bool is_header(struct bytes section)
{
    return bytes_start_with_nocase(section, BYTES("BODY[HEADER")) ||
           bytes_equal_nocase(section, BYTES("RFC822.HEADER"));
}

static struct imap_mail *mail_create(struct proto_flow *pf, enum flow_side side)
{
    struct imap_flow *imap = imap_flow(pf);
    struct arena arena;
    struct imap_mail *mail = arena_hold(&arena, pf->arena.pool, MAIL_BYTES, sizeof *mail);
    if (!mail) {
        proto_anomaly(pf, ANOMALY_IMAP_OUT_OF_BUDGET);
        return NULL;
    }
    mail->arena = arena;
    mail->id = pf->tx_count++;
    mail->time_us = pf->time_us;
    mail->side = side;
    mail_init(&mail->mail, pf, &mail->arena, side, mail->id);
    mail->user = arena_copy(&mail->arena, imap_name_get(&imap->user));
    imap->mail[side] = mail;
    return mail;
}

// "a5 APPEND Sent (\Seen) {300}": the mailbox may be a literal itself, and comes first.
static bool append_begin(struct proto_flow *pf, struct bytes text)
{
    struct bytes rest = text;
    struct bytes tag = imap_token(&rest), name = imap_token(&rest), mailbox = imap_token(&rest);
    if (!bytes_equal_nocase(name, BYTES("APPEND")) || mailbox.len == 0)
        return false;
    imap_mail_finish(pf, FLOW_CLIENT);
    struct imap_mail *mail = mail_create(pf, FLOW_CLIENT);
    if (!mail)
        return false;
    mail->tag = arena_copy(&mail->arena, tag);
    mail->name = BYTES("APPEND");
    mail->mailbox =
        mime_charset(&mail->arena, BYTES("utf-7-imap"), arena_copy(&mail->arena, mailbox));
    return true;
}

// "* 12 FETCH (UID 5 BODY[] {300}".
static bool fetch_begin(struct proto_flow *pf, struct bytes text)
{
    struct imap_flow *imap = imap_flow(pf);
    struct bytes rest = text;
    struct bytes star = imap_token(&rest), number = imap_token(&rest), name = imap_token(&rest);
    uint64_t sequence, origin;
    if (!bytes_equal(star, BYTES("*")) || !bytes_equal_nocase(name, BYTES("FETCH")) ||
        !bytes_to_u64(number, &sequence) || sequence > UINT32_MAX)
        return false;
    struct bytes item = last_item(text);
    struct bytes section = section_of(item, &origin);
    struct imap_mail *mail = imap->mail[FLOW_SERVER];
    if (mail && mail->partial && mail->sequence == sequence && is_whole(section) &&
        origin == mail->mail.length)
        return true;
    imap_mail_finish(pf, FLOW_SERVER);
    if ((!is_whole(section) && !is_header(section)) || origin != 0)
        return false;
    mail = mail_create(pf, FLOW_SERVER);
    if (!mail)
        return false;
    mail->name = BYTES("FETCH");
    mail->mailbox = arena_copy(&mail->arena, imap_name_get(&imap->mailbox));
    mail->section = arena_copy(&mail->arena, section);
    mail->sequence = (uint32_t)sequence;
    mail->partial = item.len != section.len;
    mail->mail.header_only = !is_whole(section);
    return true;
}

bool imap_mail_begin(struct proto_flow *pf, enum flow_side side, struct bytes text)
{
    bool mine = side == FLOW_CLIENT ? append_begin(pf, text) : fetch_begin(pf, text);
    if (mine)
        imap_flow(pf)->mail[side]->ended = false;
    return mine;
}

void imap_mail_data(struct proto_flow *pf, enum flow_side side, struct bytes data)
{
    mail_feed(&imap_flow(pf)->mail[side]->mail, data);
}

// Whether a piece was the last one is known only when no other follows.
void imap_mail_literal_end(struct proto_flow *pf, enum flow_side side)
{
    struct imap_flow *imap = imap_flow(pf);
    mail_feed(&imap->mail[side]->mail, (struct bytes){NULL, 0}); // a mail may be empty
    imap->mail[side]->ended = true;
    imap->mails += side == FLOW_SERVER;
    if (!imap->mail[side]->partial)
        imap_mail_finish(pf, side);
}

void imap_mail_finish(struct proto_flow *pf, enum flow_side side)
{
    struct imap_flow *imap = imap_flow(pf);
    struct imap_mail *mail = imap->mail[side];
    if (!mail)
        return;
    imap->mail[side] = NULL;
    mail_end(&mail->mail, mail->ended);
    struct record_imap r = {
        .tag = mail->tag,
        .command = mail->name,
        .mailbox = mail->mailbox,
        .user = mail->user,
        .section = mail->section,
        .has_sequence = mail->sequence > 0,
        .sequence = mail->sequence,
        .has_message_length = true,
        .message_length = mail->mail.length,
    };
    mail_fill(&mail->mail, mail->ended, &r.email);
    proto_emit_at(pf, RECORD_IMAP, &r, mail->id, mail->time_us);
    arena_release(&mail->arena); // it holds the mail
}
