// SPDX-License-Identifier: Apache-2.0
// SMB over TCP (MS-SMB2, MS-CIFS, MS-SMB) in the frames of the NetBIOS session service (RFC 1002
// section 4.3). Emits smb for exchanges and files that cross, smb_file for files that were open,
// smb_session for sessions, fileinfo; pipes go to DCE/RPC, tokens to NTLM and Kerberos.
// Encrypted messages are counted, compressed ones noted; neither is looked into.
// Limits: smb.h.
#include "proto/smb.h"
#include <stdio.h>

enum {
    FRAME_BYTES = 4,
    NBSS_REQUEST_BYTES = 256, // two names
    NBSS_NAME_BYTES = 32,
    BUFFER_BYTES = 160 * 1024,
    FLOW_BYTES = 64 * 1024,
    SMB1_HEADER_BYTES = 32,
    SMB2_HEADER_BYTES = 64,
    TRANSFORM_BYTES = 52, // MS-SMB2 2.2.41
    FIND_BYTES = 10,      // tell a message in the middle of others: frame, signature, size
};

enum nbss_type {
    NBSS_MESSAGE = 0x00,
    NBSS_REQUEST = 0x81,
    NBSS_ACCEPT = 0x82,
    NBSS_REFUSE = 0x83,
    NBSS_RETARGET = 0x84,
    NBSS_KEEPALIVE = 0x85,
};

enum step { STEP_ON, STEP_MORE };

enum signature {
    SIGNATURE_NONE,
    SIGNATURE_SMB1,
    SIGNATURE_SMB2,
    SIGNATURE_CRYPT,
    SIGNATURE_PACKED
};

static enum signature signature_of(struct bytes message)
{
    if (!bytes_equal(bytes_sub(message, 1, 3), BYTES("SMB")))
        return SIGNATURE_NONE;
    switch (message.data[0]) {
    case 0xff: return SIGNATURE_SMB1;
    case 0xfe: return SIGNATURE_SMB2;
    case 0xfd: return SIGNATURE_CRYPT;
    case 0xfc: return SIGNATURE_PACKED;
    default: return SIGNATURE_NONE;
    }
}

// RFC 1001 section 14.1: each half byte as a letter from A on.
static bool netbios_name(struct bytes name, uint8_t out[NBSS_NAME_BYTES / 2])
{
    if (name.len < 1 + NBSS_NAME_BYTES || name.data[0] != NBSS_NAME_BYTES)
        return false;
    for (size_t i = 0; i < NBSS_NAME_BYTES; i++) {
        uint8_t c = (uint8_t)(name.data[i + 1] - 'A');
        if (c > 15)
            return false;
        out[i / 2] = (uint8_t)(out[i / 2] << 4 | c);
    }
    return true;
}

static enum proto_probe probe_session(struct bytes data)
{
    uint8_t name[NBSS_NAME_BYTES / 2];
    if (data.len < 4 + 1 + NBSS_NAME_BYTES)
        return data.len > 1 && data.data[1] > 1 ? PROBE_NO : PROBE_MORE;
    return netbios_name(bytes_from(data, 4), name) ? PROBE_CLIENT : PROBE_NO;
}

static enum proto_probe probe_message(struct bytes data)
{
    if (data.len < 8)
        return PROBE_MORE;
    enum signature signature = signature_of(bytes_from(data, 4));
    if (signature == SIGNATURE_NONE)
        return PROBE_NO;
    if (signature == SIGNATURE_CRYPT || signature == SIGNATURE_PACKED)
        return PROBE_EITHER;
    size_t flags = signature == SIGNATURE_SMB1 ? 4 + 9 : 4 + 16;
    uint8_t answer = signature == SIGNATURE_SMB1 ? 0x80 : 1;
    if (data.len <= flags)
        return PROBE_MORE;
    return data.data[flags] & answer ? PROBE_SERVER : PROBE_CLIENT;
}

static enum proto_probe smb_probe(const struct proto_first *first)
{
    struct bytes data = first->data;
    bool port = first->src_port == 139 || first->dst_port == 139;
    if (data.len == 0)
        return PROBE_MORE;
    switch (data.data[0]) {
    case NBSS_MESSAGE: return probe_message(data);
    case NBSS_REQUEST: return probe_session(data);
    case NBSS_ACCEPT:
        if (!port || bytes_at(data, 1) || bytes_at(data, 2) || bytes_at(data, 3))
            return PROBE_NO;
        return data.len < 4 + 8 ? PROBE_MORE : probe_message(bytes_from(data, 4));
    case NBSS_REFUSE:
        if (data.len < 5)
            return port ? PROBE_MORE : PROBE_NO;
        return port && data.data[1] == 0 && data.data[2] == 0 && data.data[3] == 1 &&
                       data.data[4] >= 0x80
                   ? PROBE_SERVER
                   : PROBE_NO;
    default: return PROBE_NO;
    }
}

// "SERVER<20>": the name without its padding, and the service.
static struct bytes keep_name(struct proto_flow *pf, struct bytes encoded)
{
    uint8_t name[NBSS_NAME_BYTES / 2] = {0};
    if (!netbios_name(encoded, name))
        return (struct bytes){NULL, 0};
    size_t len = sizeof name - 1;
    while (len > 0 && (name[len - 1] == ' ' || name[len - 1] == 0))
        len--;
    char room[NBSS_NAME_BYTES];
    int n = snprintf(room, sizeof room, "%.*s<%02x>", (int)len, (const char *)name, name[15]);
    return smb_keep(pf, &pf->arena, bytes_make(room, n > 0 ? (size_t)n : 0));
}

static void session_request(struct proto_flow *pf, struct bytes names)
{
    struct smb_flow *smb = smb_flow(pf);
    if (smb->nbss_seen)
        return;
    smb->nbss_seen = true;
    smb->called = keep_name(pf, names);
    smb->calling = keep_name(pf, bytes_from(names, NBSS_NAME_BYTES + 2));
}

static void session_refused(struct proto_flow *pf, uint8_t code)
{
    static const struct {
        uint8_t code;
        const char *text;
    } reasons[] = {
        {0x80, "not listening on called name"},
        {0x81, "not listening for calling name"},
        {0x82, "called name not present"},
        {0x83, "called name present, but insufficient resources"},
    };
    struct smb_flow *smb = smb_flow(pf);
    proto_anomaly(pf, ANOMALY_SMB_SESSION_REQUEST_REFUSED);
    smb->nbss_error = BYTES("unspecified error");
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (reasons[i].code == code)
            smb->nbss_error = bytes_from_text(reasons[i].text);
}

static enum step lose(struct proto_flow *pf, struct smb_side *s)
{
    if (s->seen) // else the capture may have begun in the middle
        proto_anomaly(pf, ANOMALY_SMB_MALFORMED_DATA);
    s->phase = SMB_LOST;
    return STEP_ON;
}

// Pass over the rest of the message.
static enum step skip_message(struct smb_side *s)
{
    smb_stream_begin(s, s->message, s->message, 0, NULL, 0);
    s->phase = SMB_DATA;
    return STEP_ON;
}

static enum step take_frame(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct smb_side *s = &smb_flow(pf)->side[side];
    struct cursor mark = *in;
    uint8_t type = cursor_u8(in);
    uint32_t length = cursor_u24(in);
    bool whole = type != NBSS_MESSAGE; // to be looked at here
    if (whole && length <= NBSS_REQUEST_BYTES)
        cursor_take(in, length);
    if (!cursor_ok(in)) {
        *in = mark;
        pf->need[side] = cursor_left(&mark) < FRAME_BYTES ? FRAME_BYTES : FRAME_BYTES + length;
        return STEP_MORE;
    }
    if (!whole) {
        s->seen = true;
        s->message = length;
        proto_frames(pf, FRAME_SMB_NBSS_PDU, side, cursor_rest(&mark), FRAME_BYTES,
            FRAME_BYTES + (int64_t)length, UINT64_MAX);
        s->phase = length > 0 ? SMB_MESSAGE : SMB_FRAME;
        s->compound = (struct smb_compound){0};
        return STEP_ON;
    }
    if ((type != NBSS_KEEPALIVE && type > NBSS_RETARGET) || type < NBSS_REQUEST ||
        length > NBSS_REQUEST_BYTES)
        return lose(pf, s);
    cursor_skip(&mark, FRAME_BYTES);
    struct bytes body = cursor_take(&mark, length);
    if (type == NBSS_REQUEST)
        session_request(pf, body);
    else if (type == NBSS_REFUSE)
        session_refused(pf, bytes_at(body, 0));
    return STEP_ON;
}

void smb_stream_begin(struct smb_side *s, uint32_t whole, uint32_t at, uint32_t len,
    struct smb_handle *handle, uint64_t offset)
{
    s->pdu = whole;
    s->before = at < whole ? at : whole;
    s->data = len < whole - s->before ? len : whole - s->before;
    s->stream = (struct smb_stream){.handle = handle, .offset = offset};
}

static enum step encrypted_message(
    struct proto_flow *pf, struct smb_side *s, const struct cursor *in, enum flow_side side)
{
    uint32_t needed = s->message < TRANSFORM_BYTES ? s->message : TRANSFORM_BYTES;
    struct cursor c = *in;
    if (cursor_left(&c) < needed) {
        pf->need[side] = needed;
        return STEP_MORE;
    }
    cursor_skip(&c, TRANSFORM_BYTES - 8);
    uint64_t id = cursor_u64le(&c);
    struct smb_session *session = cursor_ok(&c) ? smb_session_get(pf, id) : NULL;
    if (session) {
        session->encrypted_messages++;
        session->encrypted_bytes += s->message;
    }
    return skip_message(s);
}

// SMB2 messages of a compound are chained by the offset of the next one.
static uint32_t pdu_length(struct proto_flow *pf, const struct smb_side *s, struct bytes head)
{
    struct cursor c = cursor_make(head);
    cursor_skip(&c, 20);
    uint32_t next = cursor_u32le(&c);
    if (!cursor_ok(&c) || next == 0)
        return s->message;
    if (next >= 64 && next <= s->message)
        return next;
    proto_anomaly(pf, ANOMALY_SMB_MALFORMED_DATA);
    return s->message;
}

static enum step take_message(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    enum { HEAD_BYTES = 64 };
    struct smb_side *s = &smb_flow(pf)->side[side];
    uint32_t needed = s->message < HEAD_BYTES ? s->message : HEAD_BYTES;
    struct bytes head = bytes_sub(cursor_rest(in), 0, s->message);
    if (head.len < needed) {
        pf->need[side] = needed;
        return STEP_MORE;
    }
    enum signature signature = signature_of(head);
    if (signature == SIGNATURE_CRYPT) {
        proto_frames(pf, FRAME_SMB_SMB3_PDU, side, head, TRANSFORM_BYTES, s->message, UINT64_MAX);
        return encrypted_message(pf, s, in, side);
    }
    if (signature == SIGNATURE_PACKED)
        proto_anomaly(pf, ANOMALY_SMB_COMPRESSED);
    else if (signature == SIGNATURE_NONE)
        proto_anomaly(pf, ANOMALY_SMB_MALFORMED_DATA);
    if (signature == SIGNATURE_PACKED || signature == SIGNATURE_NONE)
        return skip_message(s);
    bool smb2 = signature == SIGNATURE_SMB2;
    uint32_t whole = smb2 ? pdu_length(pf, s, head) : s->message;
    needed = smb2 ? smb2_message_needs(pf, head, whole) : smb1_message_needs(pf, head, whole);
    if (head.len < needed) {
        pf->need[side] = needed;
        return STEP_MORE;
    }
    smb_stream_begin(s, whole, whole, 0, NULL, 0);
    s->phase = SMB_DATA;
    proto_frames(pf, smb2 ? FRAME_SMB_SMB2_PDU : FRAME_SMB_SMB1_PDU, side, head,
        smb2 ? SMB2_HEADER_BYTES : SMB1_HEADER_BYTES, whole, UINT64_MAX);
    struct bytes pdu = bytes_sub(head, 0, needed);
    if (smb2)
        smb2_message(pf, side, pdu, whole);
    else
        smb1_message(pf, side, pdu, whole);
    return STEP_ON;
}

static void pass_data(struct proto_flow *pf, enum flow_side side, struct bytes data)
{
    struct smb_side *s = &smb_flow(pf)->side[side];
    struct smb_handle *h = s->stream.handle;
    s->data -= (uint32_t)data.len;
    if (h && h->pipe)
        smb_pipe_data(pf, h, side, data);
    else if (h)
        smb_carve_data(pf, h, side, s->stream.offset, data, s->data);
    s->stream.offset += data.len;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

// What stands before the data, the data, what stands behind it.
static enum step take_data(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct smb_side *s = &smb_flow(pf)->side[side];
    size_t left = cursor_left(in);
    if (left == 0 && s->pdu > 0)
        return STEP_MORE;
    uint32_t n;
    if (s->before > 0) {
        n = (uint32_t)least(s->before, left);
        s->before -= n;
        cursor_skip(in, n);
    } else if (s->data > 0) {
        n = (uint32_t)least(s->data, left);
        pass_data(pf, side, cursor_take(in, n));
    } else {
        n = (uint32_t)least(s->pdu, left);
        cursor_skip(in, n);
    }
    s->pdu -= n;
    s->message -= n;
    if (s->pdu == 0)
        s->phase = s->message > 0 ? SMB_MESSAGE : SMB_FRAME;
    return STEP_ON;
}

// Does a whole frame with an SMB message begin at `at`?
static bool message_at(struct bytes data, size_t at)
{
    struct bytes b = bytes_from(data, at);
    enum signature signature = signature_of(bytes_from(b, 4));
    if (b.data[0] != 0 || signature == SIGNATURE_NONE)
        return false;
    return signature != SIGNATURE_SMB2 || (b.data[8] == 64 && b.data[9] == 0);
}

static enum step find_message(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct smb_side *s = &smb_flow(pf)->side[side];
    struct bytes rest = cursor_rest(in);
    size_t at = 0;
    while (at + FIND_BYTES <= rest.len) {
        size_t zero = bytes_find_byte(bytes_from(rest, at), 0);
        at = zero == BYTES_NOT_FOUND ? rest.len : at + zero;
        if (at + FIND_BYTES > rest.len)
            break;
        if (message_at(rest, at)) {
            cursor_skip(in, at);
            s->phase = SMB_FRAME;
            return STEP_ON;
        }
        at++;
    }
    cursor_skip(in, at);
    return STEP_MORE;
}

static enum proto_verdict smb_parse(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    const struct smb_side *s = &smb_flow(pf)->side[side];
    enum step step = STEP_ON;
    while (step == STEP_ON)
        switch (s->phase) {
        case SMB_FRAME: step = take_frame(pf, side, in); break;
        case SMB_MESSAGE: step = take_message(pf, side, in); break;
        case SMB_DATA: step = take_data(pf, side, in); break;
        case SMB_LOST: step = find_message(pf, side, in); break;
        }
    return PROTO_MORE;
}

// Bytes are missing of what is read or written.
static void data_gap(struct proto_flow *pf, enum flow_side side, size_t lost)
{
    struct smb_side *s = &smb_flow(pf)->side[side];
    struct smb_handle *h = s->stream.handle;
    lost = least(lost, s->data);
    if (lost == 0)
        return;
    if (h && h->pipe)
        smb_pipe_gap(pf, h, side);
    else if (h)
        smb_carve_gap(pf, h, side, s->stream.offset, lost);
    s->stream.offset += lost;
    s->data -= (uint32_t)lost;
}

// Within what is only passed on or over, a gap does no harm; else look for the next message.
static enum proto_verdict smb_gap(struct proto_flow *pf, enum flow_side side, size_t lost)
{
    struct smb_side *s = &smb_flow(pf)->side[side];
    if (s->phase != SMB_DATA || lost > s->pdu) {
        if (s->phase == SMB_DATA)
            data_gap(pf, side, s->data);
        s->phase = SMB_LOST;
        return PROTO_MORE;
    }
    size_t before = least(lost, s->before);
    s->before -= (uint32_t)before;
    data_gap(pf, side, lost - before);
    s->pdu -= (uint32_t)lost;
    s->message -= (uint32_t)lost;
    if (s->pdu == 0)
        s->phase = s->message > 0 ? SMB_MESSAGE : SMB_FRAME;
    return PROTO_MORE;
}

static void smb_finish(struct proto_flow *pf)
{
    struct smb_flow *smb = smb_flow(pf);
    while (smb->tx_oldest)
        smb_tx_end(pf, smb->tx_oldest);
    while (smb->handle_oldest)
        smb_handle_close(pf, smb->handle_oldest, false);
    while (smb->sessions)
        smb_session_end(pf, smb->sessions->session_id, false);
    while (smb->trees)
        smb_tree_drop(smb, smb->trees->session_id, smb->trees->tree_id);
    if (pf->tx_count == 0 && (smb->called.data || smb->nbss_error.data)) { // nothing followed
        struct record_smb r = {.id = pf->tx_count + 1,
            .called_name = smb->called,
            .calling_name = smb->calling,
            .nbss_error = smb->nbss_error};
        proto_emit(pf, RECORD_SMB, &r, pf->tx_count++);
    }
}

const struct proto proto_smb = {
    .name = "smb",
    .carriers = OVER_TCP,
    .state_bytes = sizeof(struct smb_flow),
    .budget_bytes = FLOW_BYTES,
    .buffer_bytes = BUFFER_BYTES,
    .probe = smb_probe,
    .parse = smb_parse,
    .gap = smb_gap,
    .finish = smb_finish,
};
