// SPDX-License-Identifier: Apache-2.0
// Commands and responses of an IMAP session (RFC 9051 sections 6, 7). A tagged response ends the
// command of its tag; untagged ones before it say what there is. Of commands that log on only the
// user is kept.
#include "proto/gss.h"
#include "proto/imap.h"

// The next atom, quoted string or list without its quotes; takes it off the text.
struct bytes imap_token(struct bytes *rest)
{
    struct bytes text = bytes_trim(*rest);
    if (bytes_at(text, 0) == '"') {
        size_t end = 1;
        while (end < text.len && text.data[end] != '"')
            end += text.data[end] == '\\' ? 2 : 1;
        *rest = bytes_from(text, end + 1);
        return bytes_sub(text, 1, end - 1);
    }
    size_t space = bytes_find_byte(text, ' ');
    *rest = bytes_from(text, space);
    return bytes_sub(text, 0, space);
}

static void name_set(struct imap_name *out, struct bytes text)
{
    text = bytes_sub(text, 0, IMAP_NAME_BYTES);
    out->len = (uint16_t)text.len;
    if (text.len > 0)
        memcpy(out->text, text.data, text.len);
}

static struct bytes keep(struct arena *arena, struct bytes text)
{
    return text.len ? arena_copy(arena, text) : (struct bytes){NULL, 0};
}

static struct bytes upper(struct arena *arena, struct bytes text)
{
    uint8_t *out = text.len ? arena_alloc(arena, text.len) : NULL;
    for (size_t i = 0; out && i < text.len; i++)
        out[i] = text.data[i] >= 'a' && text.data[i] <= 'z' ? (uint8_t)(text.data[i] - 32)
                                                            : text.data[i];
    return out ? bytes_make(out, text.len) : (struct bytes){NULL, 0};
}

static void list_add(struct arena *arena, struct mail_list *list, struct bytes item)
{
    if (!list->item)
        list->item = arena_alloc(arena, IMAP_LIST * sizeof *list->item);
    struct bytes copy = keep(arena, item);
    if (list->item && copy.data && list->count < IMAP_LIST)
        list->item[list->count++] = copy;
}

// ID ("name" "Thunderbird" "version" "115"), RFC 2971: "name=Thunderbird"...
static void id_fields(struct arena *arena, struct mail_list *list, struct bytes rest)
{
    char text[2 * 128 + 1];
    rest = bytes_trim(rest);
    if (bytes_at(rest, 0) != '(')
        return;
    rest = bytes_sub(rest, 1, bytes_find_byte(rest, ')') - 1);
    while (bytes_trim(rest).len > 0 && list->count < IMAP_LIST) {
        struct bytes name = bytes_sub(imap_token(&rest), 0, 128);
        struct bytes value = bytes_sub(imap_token(&rest), 0, 128);
        if (name.len > 0)
            memcpy(text, name.data, name.len);
        text[name.len] = '=';
        if (value.len > 0)
            memcpy(&text[name.len + 1], value.data, value.len);
        list_add(arena, list, bytes_make(text, name.len + 1 + value.len));
    }
}

// --- records -----------------------------------------------------------------------------------

struct answer {
    struct bytes status, text;
};

static void lists_clear(struct imap_flow *imap)
{
    imap->capability.count = imap->server_id.count = 0;
    imap->has_exists = false;
    imap->mails = 0;
}

static void fill_told(const struct imap_flow *imap, struct record_imap *r)
{
    r->capability = imap->capability.item;
    r->capability_count = imap->capability.count;
    r->server_id = imap->server_id.item;
    r->server_id_count = imap->server_id.count;
    r->exists = imap->exists;
    r->has_exists = imap->has_exists;
    r->mails = imap->mails;
    r->has_mails = imap->mails > 0;
    r->authenticated = imap->logged_on;
}

static void command_emit(
    struct proto_flow *pf, const struct imap_command *c, const struct answer *answer)
{
    struct record_imap r = {
        .tag = c->tag,
        .command = c->name,
        .args = c->args,
        .mailbox = c->mailbox,
        .user = c->user,
        .mechanism = c->mechanism,
        .password_given = c->password,
        .client_id = c->client_id.item,
        .client_id_count = c->client_id.count,
    };
    if (answer) {
        r.status = answer->status;
        r.response = answer->text;
        r.starttls = imap_flow(pf)->tls;
        fill_told(imap_flow(pf), &r);
    }
    proto_emit_at(pf, RECORD_IMAP, &r, c->id, c->time_us);
}

// The greeting, and BYE in the middle of nothing.
static void greeting_emit(struct proto_flow *pf, struct bytes status, struct bytes text)
{
    struct record_imap r = {.status = status, .response = text};
    fill_told(imap_flow(pf), &r);
    lists_clear(imap_flow(pf));
    proto_emit(pf, RECORD_IMAP, &r, pf->tx_count++);
}

static void command_remove(struct imap_flow *imap, struct imap_command *c)
{
    struct imap_command **link = &imap->first, *before = NULL;
    while (*link != c) {
        before = *link;
        link = &(*link)->next;
    }
    *link = c->next;
    if (imap->last == c)
        imap->last = before;
    imap->waiting--;
    arena_release(&c->arena); // it holds c
}

void imap_finish_commands(struct proto_flow *pf)
{
    struct imap_flow *imap = imap_flow(pf);
    while (imap->first) {
        command_emit(pf, imap->first, NULL);
        command_remove(imap, imap->first);
    }
}

// --- commands ----------------------------------------------------------------------------------

static struct imap_command *command_create(struct proto_flow *pf)
{
    struct imap_flow *imap = imap_flow(pf);
    struct arena arena;
    if (imap->waiting == IMAP_PENDING) { // where the server is not to be seen none is answered
        if (imap->server_seen)
            proto_anomaly(pf, ANOMALY_IMAP_TOO_MANY_COMMANDS);
        command_emit(pf, imap->first, NULL);
        command_remove(imap, imap->first);
    }
    struct imap_command *c = arena_hold(&arena, pf->arena.pool, IMAP_COMMAND_BYTES, sizeof *c);
    if (!c) {
        proto_anomaly(pf, ANOMALY_IMAP_OUT_OF_BUDGET);
        imap->closed = true;
        return NULL;
    }
    c->arena = arena;
    c->id = pf->tx_count++;
    c->time_us = pf->time_us;
    if (imap->last)
        imap->last->next = c;
    else
        imap->first = c;
    imap->last = c;
    imap->waiting++;
    return c;
}

static bool is(const struct imap_command *c, const char *name)
{
    return bytes_equal(c->name, bytes_from_text(name));
}

struct imap_command *imap_sasl_open(struct proto_flow *pf)
{
    struct imap_flow *imap = imap_flow(pf);
    struct imap_command *c = imap->last;
    return c && c->sasl && (imap->server_seen || !c->password) ? c : NULL;
}

void imap_sasl_line(struct proto_flow *pf, struct imap_command *c, struct bytes line)
{
    char user[IMAP_NAME_BYTES];
    struct imap_flow *imap = imap_flow(pf);
    bool first = !c->password;
    c->password = true;
    if (gss_is_sasl(c->mechanism))
        gss_feed_text(&imap->ntlm, pf, UINT64_MAX, line);
    size_t len = sasl_ntlm_user(imap->ntlm, user, sizeof user);
    if (len == 0 && first)
        len = sasl_user(c->mechanism, line, user, sizeof user);
    if (len > 0)
        c->user = keep(&c->arena, bytes_make(user, len));
}

static void authenticate(struct proto_flow *pf, struct imap_command *c, struct bytes rest)
{
    c->mechanism = upper(&c->arena, imap_token(&rest));
    c->sasl = true;
    struct bytes initial = bytes_trim(rest);
    if (initial.len > 0)
        imap_sasl_line(pf, c, initial);
}

static bool has_mailbox(const struct imap_command *c)
{
    static const char *const names[] = {"SELECT", "EXAMINE", "CREATE", "DELETE", "RENAME",
        "SUBSCRIBE", "UNSUBSCRIBE", "STATUS", "APPEND", "GETACL", "GETQUOTAROOT"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (is(c, names[i]))
            return true;
    return false;
}

static void command_args(struct proto_flow *pf, struct imap_command *c, struct bytes rest)
{
    struct imap_flow *imap = imap_flow(pf);
    if (is(c, "LOGIN")) {
        c->user = keep(&c->arena, imap_token(&rest));
        c->password = true;
        return;
    }
    if (is(c, "AUTHENTICATE")) {
        authenticate(pf, c, rest);
        return;
    }
    c->user = keep(&c->arena, imap_name_get(&imap->user));
    c->args = keep(&c->arena, bytes_sub(bytes_trim(rest), 0, IMAP_ARGS_BYTES));
    if (is(c, "ID"))
        id_fields(&c->arena, &c->client_id, rest);
    else if (is(c, "STARTTLS"))
        imap->tls_asked = true;
    else if (has_mailbox(c))
        c->mailbox =
            mime_charset(&c->arena, BYTES("utf-7-imap"), keep(&c->arena, imap_token(&rest)));
    else
        c->mailbox = keep(&c->arena, imap_name_get(&imap->mailbox));
}

// "tag NAME arguments", literals in their place as quoted strings.
void imap_command(struct proto_flow *pf, struct bytes text)
{
    struct bytes rest = text;
    struct bytes tag = imap_token(&rest), name = imap_token(&rest);
    if (name.len == 0) { // DONE ends IDLE (RFC 2177)
        if (tag.len > 0 && !bytes_equal_nocase(tag, BYTES("DONE")))
            proto_anomaly(pf, ANOMALY_IMAP_MALFORMED);
        return;
    }
    struct imap_command *c = command_create(pf);
    if (!c)
        return;
    c->tag = keep(&c->arena, tag);
    if (bytes_equal_nocase(name, BYTES("UID"))) {
        struct bytes after = imap_token(&rest);
        name = bytes_sub(
            text, (size_t)(name.data - text.data), (size_t)(after.data - name.data) + after.len);
    }
    c->name = upper(&c->arena, bytes_sub(name, 0, 64));
    command_args(pf, c, rest);
}

// --- responses ---------------------------------------------------------------------------------

static void capabilities(struct proto_flow *pf, struct bytes rest)
{
    struct imap_flow *imap = imap_flow(pf);
    imap->capability.count = 0;
    while (bytes_trim(rest).len > 0)
        list_add(&pf->arena, &imap->capability, imap_token(&rest));
}

// "[CAPABILITY IMAP4rev1 ...]" within a status.
static void response_code(struct proto_flow *pf, struct bytes text)
{
    if (!bytes_start_with_nocase(text, BYTES("[CAPABILITY ")))
        return;
    capabilities(pf, bytes_sub(text, 12, bytes_find_byte(text, ']') - 12));
}

static bool is_status(struct bytes word)
{
    return bytes_equal_nocase(word, BYTES("OK")) || bytes_equal_nocase(word, BYTES("NO")) ||
           bytes_equal_nocase(word, BYTES("BAD"));
}

static void untagged(struct proto_flow *pf, struct bytes rest)
{
    struct imap_flow *imap = imap_flow(pf);
    struct bytes word = imap_token(&rest);
    uint64_t number;
    bool preauth = bytes_equal_nocase(word, BYTES("PREAUTH"));
    if (!imap->greeted && (is_status(word) || preauth || bytes_equal_nocase(word, BYTES("BYE")))) {
        imap->greeted = true;
        imap->logged_on |= preauth;
        response_code(pf, bytes_trim(rest));
        greeting_emit(pf, word, bytes_sub(bytes_trim(rest), 0, IMAP_ARGS_BYTES));
    } else if (bytes_equal_nocase(word, BYTES("CAPABILITY"))) {
        capabilities(pf, rest);
    } else if (bytes_equal_nocase(word, BYTES("ID"))) {
        imap->server_id.count = 0;
        id_fields(&pf->arena, &imap->server_id, rest);
    } else if (is_status(word)) {
        response_code(pf, bytes_trim(rest));
    } else if (bytes_to_u64(word, &number) &&
               bytes_equal_nocase(bytes_trim(rest), BYTES("EXISTS"))) {
        imap->exists = number;
        imap->has_exists = true;
    }
}

static void answered_ok(struct proto_flow *pf, const struct imap_command *c)
{
    struct imap_flow *imap = imap_flow(pf);
    if (is(c, "LOGIN") || is(c, "AUTHENTICATE")) {
        imap->logged_on = true;
        name_set(&imap->user, c->user);
    } else if (is(c, "SELECT") || is(c, "EXAMINE")) {
        name_set(&imap->mailbox, c->mailbox);
    } else if (is(c, "STARTTLS")) {
        imap->tls = true;
        if (c->next)
            proto_anomaly(pf, ANOMALY_IMAP_COMMAND_AFTER_STARTTLS);
    } else if (is(c, "COMPRESS")) {
        imap->closed = true; // what follows cannot be read (RFC 4978)
    }
}

static void tagged(struct proto_flow *pf, struct bytes tag, struct bytes rest)
{
    struct imap_flow *imap = imap_flow(pf);
    struct imap_command *c = imap->first;
    struct answer answer = {.status = imap_token(&rest)};
    while (c && !bytes_equal(c->tag, tag))
        c = c->next;
    if (!c || !is_status(answer.status)) {
        proto_anomaly(pf, c ? ANOMALY_IMAP_MALFORMED : ANOMALY_IMAP_UNKNOWN_TAG);
        return;
    }
    imap->greeted = true;
    answer.text = bytes_sub(bytes_trim(rest), 0, IMAP_ARGS_BYTES);
    answer.status = upper(&c->arena, answer.status);
    response_code(pf, answer.text);
    bool ok = bytes_equal(answer.status, BYTES("OK"));
    if (ok)
        answered_ok(pf, c);
    if (c->sasl)
        ntlm_result(&imap->ntlm, pf, ok ? NTLM_SUCCESS : NTLM_FAILURE);
    if (is(c, "STARTTLS"))
        imap->tls_asked = false;
    command_emit(pf, c, &answer);
    command_remove(imap, c);
    lists_clear(imap);
}

static void challenge(struct proto_flow *pf, struct bytes text)
{
    struct imap_flow *imap = imap_flow(pf);
    if (gss_is_sasl(imap->last->mechanism))
        gss_feed_text(&imap->ntlm, pf, UINT64_MAX, text);
}

void imap_response(struct proto_flow *pf, struct bytes text)
{
    struct bytes rest = text;
    struct bytes tag = imap_token(&rest);
    if (bytes_equal(tag, BYTES("*")))
        untagged(pf, rest);
    else if (bytes_equal(tag, BYTES("+")) && imap_sasl_open(pf))
        challenge(pf, bytes_trim(rest));
    else if (tag.len > 0 && !bytes_equal(tag, BYTES("+")))
        tagged(pf, tag, rest);
}
