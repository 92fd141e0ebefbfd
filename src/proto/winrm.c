// SPDX-License-Identifier: Apache-2.0
// Windows Remote Management: WS-Management (DSP0226, MS-WSMV) over HTTP, known by its path and
// content type. Emits a winrm record beside the http record: action, resource, shell, command,
// fault, and who logged on to the connection. Elements are found by their local names in the first
// WINRM_BYTES of a message in UTF-8; a whole XML reader it is not. Encrypted messages (MS-WSMV
// section 2.2.9.1) are only named so. Limits: WINRM_BYTES, ARGUMENTS_MAX arguments, VALUE_BYTES of
// a value.
#include "proto/winrm.h"
#include "proto/gss.h"
#include "proto/text_out.h"

enum {
    WINRM_BYTES = 16 * 1024,
    ARGUMENTS_MAX = 32,
    VALUE_BYTES = 4096,
    TOKEN_BYTES = 8 * 1024,
};

struct winrm {
    bool encrypted;
    uint8_t *text[2];
    size_t len[2];
    bool lost[2];
};

struct winrm *winrm_begin(struct http_tx *tx)
{
    struct bytes type = tx->message[FLOW_CLIENT].field[HTTP_CONTENT_TYPE];
    bool sealed = bytes_find(type, BYTES("session-encrypted")) != BYTES_NOT_FOUND;
    bool soap = bytes_start_with_nocase(type, BYTES("application/soap+xml"));
    size_t path = bytes_find(bytes_sub(tx->target, 0, 64), BYTES("/wsman"));
    if (path == BYTES_NOT_FOUND || !(sealed || soap))
        return NULL;
    struct winrm *w = arena_zalloc(&tx->arena, sizeof *w);
    if (w)
        w->encrypted = sealed;
    return w;
}

void winrm_data(struct http_tx *tx, enum flow_side side, struct bytes data)
{
    struct winrm *w = tx->winrm;
    if (w->encrypted || w->lost[side])
        return;
    if (!w->text[side])
        w->text[side] = arena_alloc(&tx->arena, WINRM_BYTES);
    if (!w->text[side])
        return;
    size_t room = WINRM_BYTES - w->len[side];
    if (data.len > room)
        proto_anomaly(tx->pf, ANOMALY_WINRM_TOO_LONG);
    data = bytes_sub(data, 0, room);
    if (data.len)
        memcpy(&w->text[side][w->len[side]], data.data, data.len);
    w->len[side] += data.len;
}

void winrm_gap(struct http_tx *tx, enum flow_side side)
{
    tx->winrm->lost[side] = true; // what was read before it stays
}

// The next start tag of an element with this local name; *rest goes behind the name.
static bool find_tag(struct bytes *rest, struct bytes name)
{
    for (;;) {
        size_t at = bytes_find(*rest, name);
        if (at == BYTES_NOT_FOUND)
            return false;
        uint8_t before = at ? rest->data[at - 1] : 0, after = bytes_at(*rest, at + name.len);
        struct bytes lead = bytes_sub(*rest, at > 16 ? at - 16 : 0, at > 16 ? 16 : at);
        const uint8_t *open = lead.data && lead.len ? memrchr(lead.data, '<', lead.len) : NULL;
        struct bytes prefix = bytes_from(lead, open ? (size_t)(open - lead.data) + 1 : lead.len);
        bool prefixed = before == ':' && open && bytes_find_byte(prefix, '/') == BYTES_NOT_FOUND;
        *rest = bytes_from(*rest, at + name.len);
        if ((before == '<' || prefixed) && (after == '>' || after == ' '))
            return true;
    }
}

static void put_entity(struct text_out *out, struct bytes *text)
{
    static const struct {
        struct bytes name;
        char is;
    } entities[] = {{BYTES("&lt;"), '<'}, {BYTES("&gt;"), '>'}, {BYTES("&amp;"), '&'},
        {BYTES("&quot;"), '"'}, {BYTES("&apos;"), '\''}};
    for (size_t i = 0; i < sizeof entities / sizeof *entities; i++)
        if (bytes_start_with(*text, entities[i].name)) {
            text_out_char(out, entities[i].is);
            *text = bytes_from(*text, entities[i].name.len);
            return;
        }
    text_out_char(out, '&');
    *text = bytes_from(*text, 1);
}

static struct bytes unescape(struct arena *arena, struct bytes text)
{
    char buffer[VALUE_BYTES];
    struct text_out out = TEXT_OUT(buffer);
    text = bytes_sub(bytes_trim(text), 0, VALUE_BYTES);
    while (text.len > 0) {
        size_t plain = bytes_find_byte(text, '&');
        text_out_put(&out, bytes_sub(text, 0, plain));
        text = bytes_from(text, plain == BYTES_NOT_FOUND ? text.len : plain);
        if (text.len > 0)
            put_entity(&out, &text);
    }
    return out.len ? text_out_keep(&out, arena) : (struct bytes){NULL, 0};
}

// Content of the tag that was found: text up to the next tag.
static struct bytes content(struct bytes *rest, struct arena *arena)
{
    size_t begin = bytes_find_byte(*rest, '>');
    if (begin == BYTES_NOT_FOUND || (begin > 0 && rest->data[begin - 1] == '/'))
        return (struct bytes){NULL, 0};
    *rest = bytes_from(*rest, begin + 1);
    size_t end = bytes_find_byte(*rest, '<');
    return end == BYTES_NOT_FOUND ? (struct bytes){NULL, 0}
                                  : unescape(arena, bytes_sub(*rest, 0, end));
}

static struct bytes element(struct bytes xml, struct bytes name, struct arena *arena)
{
    return find_tag(&xml, name) ? content(&xml, arena) : (struct bytes){NULL, 0};
}

// Value of the first attribute of that name; `name` includes =".
static struct bytes attribute(struct bytes xml, struct bytes name, struct arena *arena)
{
    size_t at = bytes_find(xml, name);
    struct bytes rest =
        at == BYTES_NOT_FOUND ? bytes_sub(xml, 0, 0) : bytes_from(xml, at + name.len);
    size_t end = bytes_find_byte(rest, '"');
    return end == BYTES_NOT_FOUND ? (struct bytes){NULL, 0}
                                  : unescape(arena, bytes_sub(rest, 0, end));
}

static struct bytes selector(struct bytes xml, struct arena *arena)
{
    size_t at = bytes_find(xml, BYTES("\"ShellId\""));
    struct bytes rest = at == BYTES_NOT_FOUND ? bytes_sub(xml, 0, 0) : bytes_from(xml, at);
    return content(&rest, arena);
}

static void fill_arguments(struct bytes xml, struct arena *arena, struct record_winrm *r)
{
    struct bytes *list = arena_alloc(arena, ARGUMENTS_MAX * sizeof *list);
    while (list && r->arguments_count < ARGUMENTS_MAX && find_tag(&xml, BYTES("Arguments"))) {
        struct bytes value = content(&xml, arena);
        if (value.len)
            list[r->arguments_count++] = value;
    }
    r->arguments = list;
}

static void fill_request(struct bytes xml, struct arena *arena, struct record_winrm *r)
{
    r->action = element(xml, BYTES("Action"), arena);
    r->resource_uri = element(xml, BYTES("ResourceURI"), arena);
    r->to = element(xml, BYTES("To"), arena);
    r->message_id = element(xml, BYTES("MessageID"), arena);
    r->shell_id = selector(xml, arena);
    r->command_id = attribute(xml, BYTES("CommandId=\""), arena);
    r->command = element(xml, BYTES("Command"), arena);
    if (!r->command.len)
        r->command = element(xml, BYTES("CommandLine"), arena); // Create of Win32_Process
    fill_arguments(xml, arena, r);
    const uint8_t *slash = r->action.len ? memrchr(r->action.data, '/', r->action.len) : NULL;
    if (slash)
        r->operation = bytes_from(r->action, (size_t)(slash - r->action.data) + 1);
}

static void fill_response(struct bytes xml, struct arena *arena, struct record_winrm *r)
{
    r->response_action = element(xml, BYTES("Action"), arena);
    if (!r->shell_id.len)
        r->shell_id = element(xml, BYTES("ShellId"), arena);
    if (!r->shell_id.len)
        r->shell_id = selector(xml, arena);
    if (!r->command_id.len)
        r->command_id = element(xml, BYTES("CommandId"), arena);
    r->exit_code = element(xml, BYTES("ExitCode"), arena);
    if (bytes_find(xml, BYTES("Fault")) == BYTES_NOT_FOUND)
        return;
    r->fault_code = attribute(xml, BYTES("Code=\""), arena);
    r->fault = element(xml, BYTES("Text"), arena);
}

static uint8_t sextet(uint8_t c)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr(alphabet, c) : NULL;
    return at ? (uint8_t)(at - alphabet) : 0xff;
}

// RFC 4648 section 4, up to what is no digit.
static struct bytes base64(struct bytes text, struct arena *arena)
{
    text = bytes_sub(text, 0, TOKEN_BYTES);
    uint8_t *out = arena_alloc(arena, text.len);
    uint32_t bits = 0;
    size_t have = 0, len = 0;
    for (size_t i = 0; out && i < text.len && sextet(text.data[i]) != 0xff; i++) {
        bits = bits << 6 | sextet(text.data[i]);
        have += 6;
        if (have >= 8)
            out[len++] = (uint8_t)(bits >> (have -= 8));
    }
    return bytes_make(out, len);
}

static void read_token(struct http_tx *tx, struct http_flow *http, struct bytes token)
{
    struct gss_token gss;
    struct ntlm_message m;
    if (!gss_read(&gss, token) || gss.kind != GSS_NTLM || !ntlm_read(&m, gss.inner, &tx->arena) ||
        m.type != NTLM_AUTHENTICATE)
        return;
    struct arena *arena = &tx->pf->arena;
    http->user = m.user.len ? arena_copy(arena, m.user) : m.user;
    http->domain = m.domain.len ? arena_copy(arena, m.domain) : m.domain;
    http->workstation = m.workstation.len ? arena_copy(arena, m.workstation) : m.workstation;
}

// Who logs on: kept for the connection, whose later requests do not say it again.
static void fill_user(struct http_tx *tx, struct record_winrm *r)
{
    struct http_flow *http = http_flow(tx->pf);
    struct bytes value = tx->message[FLOW_CLIENT].field[HTTP_AUTHORIZATION];
    size_t space = bytes_find_byte(value, ' ');
    if (space != BYTES_NOT_FOUND) {
        struct bytes token = base64(bytes_trim(bytes_from(value, space)), &tx->arena);
        r->auth = bytes_sub(value, 0, space);
        size_t colon = bytes_find_byte(token, ':');
        if (!bytes_equal_nocase(r->auth, BYTES("Basic")))
            read_token(tx, http, token);
        else if (colon != BYTES_NOT_FOUND)
            http->user = arena_copy(&tx->pf->arena, bytes_sub(token, 0, colon));
    }
    r->user = http->user;
    r->domain = http->domain;
    r->host = http->workstation;
}

void winrm_end(struct http_tx *tx)
{
    struct winrm *w = tx->winrm;
    struct record_winrm r = {.encrypted = w->encrypted};
    fill_user(tx, &r);
    fill_request(bytes_make(w->text[0], w->len[0]), &tx->arena, &r);
    fill_response(bytes_make(w->text[1], w->len[1]), &tx->arena, &r);
    proto_emit_at(tx->pf, RECORD_WINRM, &r, tx->id, tx->time_us);
}
