// SPDX-License-Identifier: Apache-2.0
// X11's connection set-up (X Window System Protocol, section 8 and its appendix B): one x11 record
// a connection. The authorisation data and everything after the set-up are not read.
#include "proto/proto.h"
#include "proto/text_out.h"

enum { SETUP_BYTES = 12, ANSWER_BYTES = 8, VENDOR_AT = 40, TEXT_BYTES = 256 };

struct x11_flow {
    bool big, asked, answered;
    struct record_x11 record;
};

static uint16_t word(const struct x11_flow *x11, struct cursor *in)
{
    return x11->big ? cursor_u16(in) : cursor_u16le(in);
}

static enum proto_probe x11_probe(const struct proto_first *first)
{
    struct cursor in = cursor_make(first->data);
    uint8_t order = cursor_u8(&in);
    if (order != 'B' && order != 'l')
        return PROBE_NO;
    struct x11_flow x11 = {.big = order == 'B'};
    if (cursor_left(&in) >= 1 && cursor_u8(&in) != 0)
        return PROBE_NO;
    uint16_t major = word(&x11, &in), minor = word(&x11, &in);
    uint16_t name = word(&x11, &in), data = word(&x11, &in);
    bool fits = major == 11 && minor == 0 && name <= 64 && data <= 1024;
    if (!cursor_ok(&in))
        return first->data.len < 10 ? PROBE_MORE : PROBE_NO;
    if (!fits)
        return PROBE_NO;
    if (name == 0 && data == 0)
        return cursor_left(&in) == 2 ? PROBE_CLIENT : PROBE_NO;
    cursor_skip(&in, 2);
    return proto_is_text(cursor_take(&in, name < cursor_left(&in) ? name : cursor_left(&in)))
               ? PROBE_CLIENT
               : PROBE_NO;
}

static struct bytes version_text(struct proto_flow *pf, uint16_t major, uint16_t minor)
{
    char room[16];
    struct text_out out = TEXT_OUT(room);
    text_out_u64(&out, major);
    text_out_char(&out, '.');
    text_out_u64(&out, minor);
    return text_out_keep(&out, &pf->arena);
}

static bool setup_read(struct proto_flow *pf, struct cursor *in)
{
    struct x11_flow *x11 = pf->state;
    struct record_x11 *r = &x11->record;
    x11->big = cursor_u8(in) == 'B';
    cursor_skip(in, 1);
    uint16_t major = word(x11, in), minor = word(x11, in);
    uint16_t name = word(x11, in), data = word(x11, in);
    cursor_skip(in, 2);
    struct bytes text = cursor_take(in, name);
    cursor_skip(in, (4U - name % 4U) % 4U + data);
    if (!cursor_ok(in))
        return false;
    r->byte_order = x11->big ? BYTES("big") : BYTES("little");
    r->client_version = version_text(pf, major, minor);
    r->auth_protocol = name ? arena_copy(&pf->arena, text) : (struct bytes){NULL, 0};
    r->auth_length = data;
    x11->asked = true;
    return true;
}

static void success_read(struct proto_flow *pf, struct cursor in)
{
    struct x11_flow *x11 = pf->state;
    struct record_x11 *r = &x11->record;
    r->release = x11->big ? cursor_u32(&in) : cursor_u32le(&in);
    cursor_skip(&in, 12);
    uint16_t vendor = word(x11, &in);
    cursor_skip(&in, 2);
    r->screens = cursor_u8(&in);
    cursor_skip(&in, 11);
    r->has_release = r->has_screens = cursor_ok(&in);
    if (vendor < cursor_left(&in))
        r->vendor = arena_copy(&pf->arena, bytes_sub(cursor_take(&in, vendor), 0, TEXT_BYTES));
}

// Without line feeds and padding at its end.
static struct bytes reason_text(struct bytes text)
{
    while (text.len && text.data[text.len - 1] <= 32)
        text.len--;
    return text;
}

static bool answer_read(struct proto_flow *pf, struct cursor *in)
{
    static const char *const results[] = {"failed", "success", "authenticate"};
    struct x11_flow *x11 = pf->state;
    struct record_x11 *r = &x11->record;
    uint8_t result = cursor_u8(in), length = cursor_u8(in);
    uint16_t major = word(x11, in), minor = word(x11, in);
    size_t more = 4U * (size_t)word(x11, in);
    size_t head = result == 1 && more > VENDOR_AT + TEXT_BYTES ? VENDOR_AT + TEXT_BYTES : more;
    struct cursor body = cursor_sub(in, head);
    if (!cursor_ok(in))
        return false;
    x11->answered = true;
    if (result > 2)
        return true;
    r->result = bytes_from_text(results[result]);
    if (result != 2)
        r->server_version = version_text(pf, major, minor);
    if (result == 1)
        success_read(pf, body);
    else
        r->reason = arena_copy(
            &pf->arena, reason_text(bytes_sub(cursor_rest(&body), 0, result ? head : length)));
    return true;
}

static enum proto_verdict x11_parse(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct x11_flow *x11 = pf->state;
    struct cursor mark = *in;
    if (side == FLOW_SERVER && !x11->asked)
        return PROTO_DONE; // the byte order is not known
    bool read = side == FLOW_CLIENT ? x11->asked || setup_read(pf, in) : answer_read(pf, in);
    if (!read)
        *in = mark;
    else if (side == FLOW_CLIENT)
        cursor_skip(in, cursor_left(in));
    return x11->answered ? PROTO_DONE : PROTO_MORE;
}

static void x11_finish(struct proto_flow *pf)
{
    struct x11_flow *x11 = pf->state;
    if (x11->asked)
        proto_emit(pf, RECORD_X11, &x11->record, pf->tx_count++);
}

const struct proto proto_x11 = {
    .name = "x11",
    .carriers = OVER_TCP,
    .state_bytes = sizeof(struct x11_flow),
    .budget_bytes = 4096,
    .buffer_bytes = 70 << 10,
    .probe = x11_probe,
    .parse = x11_parse,
    .finish = x11_finish,
};
