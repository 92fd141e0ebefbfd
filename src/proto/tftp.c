// SPDX-License-Identifier: Apache-2.0
// TFTP: RFC 1350, options of RFC 2347 to 2349 and 7440. One tftp record a request, one for options
// the server agrees to, one for an error; what travels is a file. A request announces its transfer,
// which the server answers from a port of its own (proto_expect). Blocks sent again are passed
// over; blocks that are skipped are a gap. netascii is kept as it travels. Limits: TFTP_OPTIONS of
// a packet. Transfers whose request was not seen are not recognised.
#include "proto/proto.h"
#include "proto/text_out.h"

enum {
    TFTP_OPTIONS = 16,
    TFTP_PORT = 69,
    TFTP_BLOCK = 512,
    TFTP_BLOCK_MAX = 65464, // RFC 2348
    TFTP_NAME_BYTES = 480,  // that a note has room for
};

enum opcode { RRQ = 1, WRQ, DATA, ACK, ERROR, OACK };

struct tftp_flow {
    struct proto_file *file;
    bool known;    // a request was seen, here or by the announcing flow
    bool write;    // the client sends
    bool over;     // the last block was seen
    uint16_t next; // block
    uint32_t block_bytes;
    size_t name_len;
    char name[TFTP_NAME_BYTES];
};

struct request {
    struct bytes file, mode;
    struct record_tftp_option options[TFTP_OPTIONS];
    size_t count;
    bool more; // options than are kept
};

// Text up to a zero byte.
static struct bytes zero_text(struct cursor *in)
{
    struct bytes rest = cursor_rest(in);
    size_t zero = bytes_find_byte(rest, 0);
    if (zero == BYTES_NOT_FOUND) {
        cursor_fail(in);
        return (struct bytes){NULL, 0};
    }
    cursor_skip(in, zero + 1);
    return bytes_sub(rest, 0, zero);
}

static void options_read(struct cursor *in, struct request *r)
{
    while (cursor_left(in) > 0 && bytes_at(cursor_rest(in), 0) != 0) { // some pad with zeros
        struct bytes name = zero_text(in), value = zero_text(in);
        if (!cursor_ok(in))
            return;
        r->more |= r->count == TFTP_OPTIONS;
        if (r->count < TFTP_OPTIONS)
            r->options[r->count++] = (struct record_tftp_option){name, value};
    }
}

static bool mode_known(struct bytes mode)
{
    return bytes_equal_nocase(mode, BYTES("octet")) ||
           bytes_equal_nocase(mode, BYTES("netascii")) || bytes_equal_nocase(mode, BYTES("mail"));
}

static bool request_read(struct cursor *in, struct request *r)
{
    *r = (struct request){.file = zero_text(in), .mode = zero_text(in)};
    if (!cursor_ok(in) || !mode_known(r->mode))
        return false;
    options_read(in, r);
    return cursor_ok(in);
}

static enum proto_probe tftp_probe(const struct proto_first *first)
{
    struct cursor in = cursor_make(first->data);
    struct request r;
    uint16_t opcode = cursor_u16(&in);
    if (opcode != RRQ && opcode != WRQ)
        return PROBE_NO;
    if (!request_read(&in, &r) || (r.file.len == 0 && first->dst_port != TFTP_PORT))
        return PROBE_NO;
    return proto_is_text(r.file) || first->dst_port == TFTP_PORT ? PROBE_CLIENT : PROBE_NO;
}

static void say(struct proto_flow *pf, enum flow_side side, const struct record_tftp *record)
{
    pf->speaker = side;
    proto_emit(pf, RECORD_TFTP, record, pf->tx_count++);
}

static void transfer_know(struct tftp_flow *t, bool write, struct bytes name)
{
    name = bytes_sub(name, 0, TFTP_NAME_BYTES);
    t->known = true;
    t->write = write;
    t->next = 1;
    t->block_bytes = TFTP_BLOCK;
    t->name_len = name.len;
    if (name.len)
        memcpy(t->name, name.data, name.len);
}

// The transfer comes from another port of the server to the one the request came from.
static void transfer_announce(
    struct proto_flow *pf, enum flow_side side, bool write, struct bytes name)
{
    char room[PROTO_NOTE_BYTES];
    struct text_out note = TEXT_OUT(room);
    text_out_char(&note, write ? 'w' : 'r');
    text_out_put(&note, bytes_sub(name, 0, TFTP_NAME_BYTES));
    struct proto_expected expected = {
        .carrier = OVER_UDP,
        .listener = side,
        .port = flow_port(pf->flow, side),
        .listener_is_client = true,
        .proto = pf->proto,
        .note = text_out_bytes(&note),
    };
    proto_expect(pf, &expected);
}

static void request(struct proto_flow *pf, enum flow_side side, bool write, struct cursor *in)
{
    struct request r;
    if (!request_read(in, &r)) {
        proto_anomaly(pf, ANOMALY_TFTP_MALFORMED);
        return;
    }
    if (r.more)
        proto_anomaly(pf, ANOMALY_TFTP_TOO_MANY_OPTIONS);
    struct record_tftp record = {
        .packet = write ? BYTES("write") : BYTES("read"),
        .opcode = write ? BYTES("wrq") : BYTES("rrq"),
        .file = r.file,
        .mode = r.mode,
        .options = r.options,
        .options_count = r.count,
    };
    say(pf, side, &record);
    struct tftp_flow *t = pf->state;
    if (!t->file)
        transfer_know(t, write, r.file);
    transfer_announce(pf, side, write, r.file);
}

static void options_agreed(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct tftp_flow *t = pf->state;
    struct request r = {.count = 0};
    uint64_t bytes;
    options_read(in, &r);
    if (!cursor_ok(in)) {
        proto_anomaly(pf, ANOMALY_TFTP_MALFORMED);
        return;
    }
    for (size_t i = 0; i < r.count; i++)
        if (bytes_equal_nocase(r.options[i].name, BYTES("blksize")) &&
            bytes_to_u64(r.options[i].value, &bytes) && bytes >= 8 && bytes <= TFTP_BLOCK_MAX)
            t->block_bytes = (uint32_t)bytes;
    struct record_tftp record = {
        .packet = BYTES("oack"),
        .opcode = BYTES("oack"),
        .file = bytes_make(t->name, t->name_len),
        .options = r.options,
        .options_count = r.count,
    };
    say(pf, side, &record);
}

static void data(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct tftp_flow *t = pf->state;
    uint16_t block = cursor_u16(in);
    struct bytes bytes = cursor_rest(in);
    uint16_t ahead = (uint16_t)(block - t->next);
    if (!cursor_ok(in)) {
        proto_anomaly(pf, ANOMALY_TFTP_MALFORMED);
        return;
    }
    // Sent again; or by the wrong side.
    if (t->over || ahead >= 0x8000 || (side == FLOW_CLIENT) != t->write)
        return;
    if (!t->file)
        t->file = proto_file_open(pf, side, bytes_make(t->name, t->name_len), pf->tx_count);
    if (ahead)
        proto_file_gap(pf, t->file, (size_t)ahead * t->block_bytes);
    proto_file_data(pf, t->file, bytes);
    t->next = (uint16_t)(block + 1);
    t->over = bytes.len < t->block_bytes;
    if (t->over) {
        proto_file_close(pf, t->file, true);
        t->file = NULL;
    }
}

static void error(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct tftp_flow *t = pf->state;
    uint16_t code = cursor_u16(in);
    struct bytes rest = cursor_rest(in);
    if (!cursor_ok(in)) {
        proto_anomaly(pf, ANOMALY_TFTP_MALFORMED);
        return;
    }
    struct record_tftp record = {
        .packet = BYTES("error"),
        .opcode = BYTES("error"),
        .file = bytes_make(t->name, t->name_len),
        .has_error_code = true,
        .error_code = code,
        .error_message = bytes_sub(rest, 0, bytes_find_byte(rest, 0)),
    };
    say(pf, side, &record);
}

static enum proto_verdict tftp_parse(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct tftp_flow *t = pf->state;
    if (!t->known && pf->note.len)
        transfer_know(t, pf->note.data[0] == 'w', bytes_from(pf->note, 1));
    switch (cursor_u16(in)) {
    case RRQ: request(pf, side, false, in); break;
    case WRQ: request(pf, side, true, in); break;
    case DATA: data(pf, side, in); break;
    case ACK: break;
    case ERROR: error(pf, side, in); break;
    case OACK: options_agreed(pf, side, in); break;
    default: proto_anomaly(pf, ANOMALY_TFTP_MALFORMED); break;
    }
    return PROTO_MORE;
}

static void tftp_finish(struct proto_flow *pf)
{
    struct tftp_flow *t = pf->state;
    proto_file_close(pf, t->file, false);
}

const struct proto proto_tftp = {
    .name = "tftp",
    .carriers = OVER_UDP,
    .state_bytes = sizeof(struct tftp_flow),
    .budget_bytes = 4096,
    .probe = tftp_probe,
    .parse = tftp_parse,
    .finish = tftp_finish,
};
