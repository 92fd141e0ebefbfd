// SPDX-License-Identifier: Apache-2.0
// What a TDS client says (MS-TDS sections 2.2.6.4 PRELOGIN, 2.2.6.3 LOGIN7, 2.2.6.7 SQLBatch,
// 2.2.6.6 RPC).
#include "proto/tds.h"
#include <stdio.h>

enum { INTN = 0x26, NVARCHAR = 0xe7, NTEXT = 0x63, PARAMETERS_MAX = 8, OPTIONS_MAX = 16 };

struct bytes tds_take_text(struct tds_flow *tds, struct cursor *in, size_t units)
{
    struct bytes raw = cursor_take(in, 2 * units);
    return utf16le_text(&tds->arena, bytes_sub(raw, 0, TDS_TEXT_BYTES));
}

static struct bytes encryption_name(uint8_t value)
{
    switch (value) {
    case 0: return BYTES("off");
    case 1: return BYTES("on");
    case 2: return BYTES("not_supported");
    case 3: return BYTES("required");
    default: return BYTES("certificate");
    }
}

static struct bytes version_text(struct tds_flow *tds, struct cursor in)
{
    char text[40];
    uint8_t major = cursor_u8(&in), minor = cursor_u8(&in);
    int len = snprintf(text, sizeof text, "%u.%u.%u", major, minor, cursor_u16(&in));
    if (!cursor_ok(&in))
        return (struct bytes){NULL, 0};
    return arena_copy(&tds->arena, bytes_make(text, (size_t)len));
}

static void read_option(struct tds_flow *tds, bool client, uint8_t token, struct cursor value)
{
    struct record_tds *out = &tds->record;
    uint8_t encryption;
    switch (token) {
    case 0:
        *(client ? &out->client_version : &out->server_version) = version_text(tds, value);
        break;
    case 1:
        encryption = cursor_u8(&value);
        *(client ? &out->encryption : &out->server_encryption) = encryption_name(encryption);
        if (client)
            tds->encryption = encryption;
        else // not when both can't, or one of them
            out->tls = encryption != 2 && tds->encryption != 2;
        break;
    case 2: {
        struct bytes name = cursor_rest(&value);
        name = bytes_sub(name, 0, bytes_find_byte(name, 0));
        if (client && name.len > 0)
            out->instance = text_keep_start(&tds->arena, name, TDS_TEXT_BYTES);
        break;
    }
    default: break;
    }
}

// PRELOGIN of the client, and its answer, which has the same form.
static bool read_prelogin(struct tds_flow *tds, struct cursor body, bool client)
{
    struct cursor list = body;
    for (size_t i = 0; i < OPTIONS_MAX; i++) {
        uint8_t token = cursor_u8(&list);
        if (token == 0xff || !cursor_ok(&list))
            break;
        uint16_t offset = cursor_u16(&list), length = cursor_u16(&list);
        struct cursor value = body;
        cursor_seek(&value, cursor_pos(&body) + offset);
        struct cursor window = cursor_sub(&value, length);
        if (cursor_ok(&window))
            read_option(tds, client, token, window);
    }
    return cursor_ok(&list);
}

static struct bytes tds_version_name(uint32_t version)
{
    switch (version >> 24) {
    case 0x07: return BYTES("7.0");
    case 0x70: return BYTES("7.0");
    case 0x71: return BYTES("7.1");
    case 0x72: return BYTES("7.2");
    case 0x73: return BYTES("7.3");
    case 0x74: return BYTES("7.4");
    case 0x08: return BYTES("8.0");
    default: return BYTES("unknown");
    }
}

// A text of LOGIN7: where it stands and its length in units follow in `fixed`.
static struct bytes login_text(struct tds_flow *tds, struct cursor body, struct cursor *fixed)
{
    uint16_t offset = cursor_u16le(fixed), units = cursor_u16le(fixed);
    cursor_seek(&body, cursor_pos(&body) + offset);
    if (units == 0 || !cursor_ok(fixed))
        return (struct bytes){NULL, 0};
    return tds_take_text(tds, &body, units);
}

static void feed_sspi(struct proto_flow *pf, struct bytes token)
{
    struct tds_flow *tds = tds_flow(pf);
    struct gss_token gss;
    if (token.len == 0 || !gss_feed(&tds->ntlm, pf, tds->tx_id, token, &gss))
        return;
    const struct ntlm_message *m = ntlm_session_message(tds->ntlm, NTLM_AUTHENTICATE);
    if (!m || m->user.len == 0)
        return;
    tds_name_set(&tds->user, m->user);
    tds->record.user = arena_copy(&tds->arena, m->user);
    if (m->domain.len > 0)
        tds->record.domain = arena_copy(&tds->arena, m->domain);
}

static bool read_login(struct proto_flow *pf, struct cursor body)
{
    struct tds_flow *tds = tds_flow(pf);
    struct record_tds *out = &tds->record;
    struct cursor fixed = body;
    cursor_u32le(&fixed); // length
    tds->version = cursor_u32le(&fixed);
    cursor_skip(&fixed, 8); // packet size, version of the client
    out->has_client_pid = true;
    out->client_pid = cursor_u32le(&fixed);
    cursor_skip(&fixed, 4); // connection
    cursor_u8(&fixed);
    out->integrated = cursor_u8(&fixed) & 0x80;
    cursor_skip(&fixed, 10); // other options, time zone, locale
    out->tds_version = tds_version_name(tds->version);
    out->host = login_text(tds, body, &fixed);
    out->user = login_text(tds, body, &fixed);
    struct cursor password = fixed;
    cursor_u16le(&password);
    out->password = cursor_u16le(&password) > 0;
    cursor_skip(&fixed, 4);
    out->application = login_text(tds, body, &fixed);
    out->server = login_text(tds, body, &fixed);
    cursor_skip(&fixed, 4); // extensions
    out->library = login_text(tds, body, &fixed);
    cursor_skip(&fixed, 4); // language
    out->database = login_text(tds, body, &fixed);
    cursor_skip(&fixed, 6); // the client's MAC, or what it says it is
    uint16_t offset = cursor_u16le(&fixed), length = cursor_u16le(&fixed);
    if (!cursor_ok(&fixed))
        return false;
    tds_name_set(&tds->user, out->user);
    tds_name_set(&tds->database, out->database);
    cursor_seek(&body, cursor_pos(&body) + offset);
    feed_sspi(pf, cursor_take(&body, length));
    return true;
}

// ALL_HEADERS, from version 7.2 on.
static void skip_headers(const struct tds_flow *tds, struct cursor *body)
{
    struct cursor look = *body;
    uint32_t total = cursor_u32le(&look), first = cursor_u32le(&look);
    uint16_t type = cursor_u16le(&look);
    bool have = tds->version ? tds->version >> 24 >= 0x72 || tds->version >> 24 == 8
                             : total < 512 && first <= total && type >= 1 && type <= 3;
    if (have && total <= cursor_left(body))
        cursor_skip(body, total);
}

static void take_statement(struct tds_flow *tds, struct bytes raw, uint64_t length)
{
    struct record_tds *out = &tds->record;
    out->statement = utf16le_text(&tds->arena, bytes_sub(raw, 0, 2U * STATEMENT_BYTES));
    out->has_statement_length = true;
    out->statement_length = length;
    out->statement_truncated = length > 2U * STATEMENT_BYTES;
}

static const char *const procedures[] = {NULL, "sp_cursor", "sp_cursoropen", "sp_cursorprepare",
    "sp_cursorexecute", "sp_cursorprepexec", "sp_cursorunprepare", "sp_cursorfetch",
    "sp_cursoroption", "sp_cursorclose", "sp_executesql", "sp_prepare", "sp_execute", "sp_prepexec",
    "sp_prepexecrpc", "sp_unprepare"};

// Which parameter of a procedure is a statement.
static int statement_parameter(struct bytes procedure)
{
    if (bytes_equal_nocase(procedure, BYTES("sp_executesql")))
        return 0;
    if (bytes_equal_nocase(procedure, BYTES("sp_cursoropen")))
        return 1;
    if (bytes_equal_nocase(procedure, BYTES("sp_prepare")) ||
        bytes_equal_nocase(procedure, BYTES("sp_prepexec")))
        return 2;
    return -1;
}

// NVARCHAR; a length of 0xffff: in chunks.
static struct bytes take_nvarchar(struct cursor *in, uint64_t *length)
{
    uint16_t most = cursor_u16le(in);
    cursor_skip(in, 5); // collation
    if (most != 0xffff) {
        *length = cursor_u16le(in);
        return cursor_take(in, *length == 0xffff ? 0 : (size_t)*length);
    }
    uint64_t whole = cursor_u64le(in);
    uint32_t chunk = cursor_u32le(in);
    struct bytes text = cursor_take(in, chunk < cursor_left(in) ? chunk : cursor_left(in));
    *length = whole < UINT64_MAX - 1 ? whole : chunk;
    uint32_t next = cursor_u32le(in); // the end of the chunks
    if (next != 0)
        cursor_fail(in);
    return text;
}

// A parameter; text of those that are NVARCHAR or NTEXT. False: another type, which ends the list.
static bool take_parameter(struct cursor *in, struct bytes *text, uint64_t *length)
{
    cursor_skip(in, 2U * cursor_u8(in)); // name
    cursor_u8(in);
    uint8_t type = cursor_u8(in);
    *text = (struct bytes){NULL, 0};
    switch (type) {
    case INTN:
        cursor_u8(in);
        cursor_skip(in, cursor_u8(in));
        return cursor_ok(in);
    case NVARCHAR: *text = take_nvarchar(in, length); return text->data;
    case NTEXT:
        cursor_skip(in, 4 + 5);
        *length = cursor_u32le(in);
        *text = cursor_take(in, *length < cursor_left(in) ? (size_t)*length : cursor_left(in));
        return cursor_ok(in);
    default: return false;
    }
}

static void read_rpc(struct tds_flow *tds, struct cursor body)
{
    struct record_tds *out = &tds->record;
    skip_headers(tds, &body);
    uint16_t units = cursor_u16le(&body);
    if (units == 0xffff) {
        uint16_t id = cursor_u16le(&body);
        out->procedure = id > 0 && id < sizeof procedures / sizeof *procedures
                             ? bytes_from_text(procedures[id])
                             : BYTES("unknown");
    } else {
        out->procedure = tds_take_text(tds, &body, units);
    }
    cursor_u16le(&body); // options
    int wanted = cursor_ok(&body) ? statement_parameter(out->procedure) : -1;
    struct bytes text;
    uint64_t length = 0;
    for (int i = 0; i <= wanted && i < PARAMETERS_MAX; i++) {
        if (!take_parameter(&body, &text, &length) && i < wanted)
            return;
        if (i == wanted && text.data)
            take_statement(tds, text, length);
    }
}

static void read_batch(struct tds_flow *tds, struct cursor body)
{
    size_t before = cursor_pos(&body);
    skip_headers(tds, &body);
    take_statement(tds, cursor_rest(&body), 0);
    // The length is that of the message without what stands before the text; see tds_end.
    tds->record.statement_length = cursor_pos(&body) - before;
}

bool tds_client_message(struct proto_flow *pf, uint8_t type, struct cursor body)
{
    struct tds_flow *tds = tds_flow(pf);
    if (type == TDS_SSPI) { // goes on with the log-on
        if (tds->active)
            feed_sspi(pf, cursor_rest(&body));
        return true;
    }
    if (type == TDS_PRELOGIN && bytes_at(cursor_rest(&body), 0) >= 0x14) {
        tds->side[FLOW_CLIENT].tls = true; // a handshake wrapped in packets
        return true;
    }
    tds_begin(pf, type);
    switch (type) {
    case TDS_PRELOGIN: return read_prelogin(tds, body, true);
    case TDS_LOGIN: return read_login(pf, body);
    case TDS_BATCH: read_batch(tds, body); return true;
    case TDS_RPC: read_rpc(tds, body); return true;
    default: return true;
    }
}

bool tds_read_answer_to_prelogin(struct tds_flow *tds, struct cursor body)
{
    return read_prelogin(tds, body, false);
}
