// SPDX-License-Identifier: Apache-2.0
// What a TDS server answers: tokens (MS-TDS section 2.2.7) up to the first row or its description,
// and the DONE at the very end, which counts the rows.
#include "proto/tds.h"
#include <stdio.h>

enum {
    DONE_ERROR = 2,
    DONE_COUNT = 0x10,
    DONE_ATTENTION = 0x20,
    TOKENS_MAX = 256, // of a message are gone through
};

static struct bytes take_short(struct tds_flow *tds, struct cursor *in)
{
    return tds_take_text(tds, in, cursor_u8(in));
}

static void read_error(struct tds_flow *tds, struct cursor in)
{
    struct record_tds *out = &tds->record;
    if (out->has_error_number)
        return; // the first says most
    out->has_error_number = out->has_error_state = out->has_error_class = true;
    out->error_number = (int32_t)cursor_u32le(&in);
    out->error_state = cursor_u8(&in);
    out->error_class = cursor_u8(&in);
    out->error_message = tds_take_text(tds, &in, cursor_u16le(&in));
    out->error_server = take_short(tds, &in);
    struct bytes procedure = take_short(tds, &in);
    if (procedure.len > 0)
        out->error_procedure = procedure;
}

static void read_login_ack(struct proto_flow *pf, struct cursor in)
{
    struct tds_flow *tds = tds_flow(pf);
    char text[24];
    cursor_u8(&in);
    tds->version = cursor_u32(&in);
    size_t units = cursor_u8(&in);
    tds->record.server_program = utf16le_text_until_nul(&tds->arena, cursor_take(&in, 2 * units));
    uint8_t major = cursor_u8(&in), minor = cursor_u8(&in);
    int len = snprintf(text, sizeof text, "%u.%u.%u", major, minor, cursor_u16(&in));
    if (cursor_ok(&in))
        tds->record.server_version = arena_copy(&tds->arena, bytes_make(text, (size_t)len));
    tds->record.has_success = tds->record.success = true;
    ntlm_result(&tds->ntlm, pf, NTLM_SUCCESS);
}

static void read_change(struct tds_flow *tds, struct cursor in)
{
    if (cursor_u8(&in) != 1) // the database
        return;
    struct bytes name = take_short(tds, &in);
    if (cursor_ok(&in) && name.len > 0)
        tds_name_set(&tds->database, name);
    if (tds->type == TDS_LOGIN && name.len > 0)
        tds->record.database = name;
}

static void read_sspi(struct proto_flow *pf, struct bytes token)
{
    struct gss_token gss;
    gss_feed(&tds_flow(pf)->ntlm, pf, tds_flow(pf)->tx_id, token, &gss);
}

// One token. False: no more can be gone through.
static bool read_token(struct proto_flow *pf, struct cursor *in)
{
    struct tds_flow *tds = tds_flow(pf);
    uint8_t token = cursor_u8(in);
    bool wide = tds->version == 0 || (tds->version >> 24) >= 0x72 || tds->version >> 24 == 8;
    switch (token) {
    case 0xaa: read_error(tds, cursor_sub(in, cursor_u16le(in))); break;
    case 0xad: read_login_ack(pf, cursor_sub(in, cursor_u16le(in))); break;
    case 0xe3: read_change(tds, cursor_sub(in, cursor_u16le(in))); break;
    case 0xed: read_sspi(pf, cursor_take(in, cursor_u16le(in))); break;
    case 0xab: // INFO
    case 0xa4: // TABNAME
    case 0xa5: // COLINFO
    case 0xa9: // ORDER
        cursor_skip(in, cursor_u16le(in));
        break;
    case 0xe4: // SESSIONSTATE
    case 0xee: // FEDAUTHINFO
        cursor_skip(in, cursor_u32le(in));
        break;
    case 0x79:
        tds->record.return_status = (int32_t)cursor_u32le(in);
        tds->record.has_return_status = cursor_ok(in);
        break;
    case 0xfd:
    case 0xfe:
    case 0xff: cursor_skip(in, wide ? 12 : 8); break;
    default: return false;
    }
    return cursor_ok(in);
}

void tds_server_message(struct proto_flow *pf, struct cursor body)
{
    struct tds_flow *tds = tds_flow(pf);
    if (!tds->active && tds->tls && tds->version == 0) { // the answer to a log-on nobody could read
        tds_begin(pf, TDS_LOGIN);
        tds->record.tls = true;
    }
    if (!tds->active || tds->owed > 0)
        return;
    if (tds->type == TDS_PRELOGIN) {
        if (tds_read_answer_to_prelogin(tds, body))
            tds->record.has_success = tds->record.success = true;
        tds->tls = tds->record.tls;
        return;
    }
    for (size_t i = 0; i < TOKENS_MAX && cursor_left(&body) > 0; i++)
        if (!read_token(pf, &body))
            break;
}

// DONE, DONEPROC or DONEINPROC as the last bytes of a message.
static bool read_done(struct tds_flow *tds, struct bytes tail, size_t size)
{
    struct cursor in = cursor_make(bytes_from(tail, tail.len - size));
    uint8_t token = cursor_u8(&in);
    uint16_t status = cursor_u16le(&in);
    cursor_u16le(&in); // kind of statement
    uint64_t rows = size == TDS_TAIL_BYTES ? cursor_u64le(&in) : cursor_u32le(&in);
    if (token < 0xfd || (status & ~0x137U) || rows > 1ULL << 48)
        return false;
    if (status & DONE_ATTENTION)
        return true; // it was stopped
    tds->record.has_success = true;
    tds->record.success = !(status & DONE_ERROR) && !tds->record.has_error_number;
    tds->record.has_rows = status & DONE_COUNT;
    tds->record.rows = rows;
    return true;
}

void tds_server_over(struct proto_flow *pf)
{
    struct tds_flow *tds = tds_flow(pf);
    const struct tds_side *s = &tds->side[FLOW_SERVER];
    struct bytes tail = bytes_make(s->tail, s->tail_len);
    if (tds->owed > 0) {
        tds->owed--;
        return;
    }
    if (!tds->active)
        return;
    bool old = tds->version && tds->version >> 24 < 0x72 && tds->version >> 24 != 8;
    if (tds->type == TDS_LOGIN && !tds->record.has_success && !tds->record.has_error_number &&
        tds->record.integrated && tail.len > 0 && tail.data[0] < 0xfd)
        return; // a challenge: the log-on goes on
    if (tds->type != TDS_PRELOGIN) {
        bool known = tail.len == TDS_TAIL_BYTES && !old && read_done(tds, tail, TDS_TAIL_BYTES);
        if (!known && tail.len >= 9)
            read_done(tds, tail, 9);
    }
    if (tds->record.has_error_number)
        tds->record.has_success = true, tds->record.success = false;
    if (tds->type == TDS_LOGIN)
        ntlm_result(&tds->ntlm, pf, tds->record.success ? NTLM_SUCCESS : NTLM_FAILURE);
    tds_end(pf, true);
}
