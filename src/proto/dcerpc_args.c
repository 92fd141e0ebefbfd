// SPDX-License-Identifier: Apache-2.0
// Parameters of well-known operations, read from their stubs by the rules of dcerpc_args.def. Stubs
// are NDR (C706 chapter 14) or NDR64 (MS-RPCE section 2.2.5): numbers aligned to their size from
// the start of the stub; counts and pointers of 4 or 8 bytes. What cannot be read ends the reading;
// what was read before stays. Limits: DCERPC_ARGS_MAX parameters of ARG_BYTES each, XML of
// ARG_XML_BYTES.
#include "proto/dcerpc_args.h"
#include "proto/dcerpc_tower.h"
#include "proto/text_out.h"
#include "proto/utf16.h"

enum { DCERPC_ARGS_MAX = 12, ARG_BYTES = 2048, ARG_XML_BYTES = 8192, HANDLE_BYTES = 20 };

static const struct rule {
    const char *interface;
    uint16_t opnum;
    const char *parameters;
} rules[] = {
#define ARGS(interface, opnum, parameters) {interface, opnum, parameters},
#include "proto/dcerpc_args.def"
#undef ARGS
};

struct ndr {
    struct cursor in;
    bool little, wide;
    struct arena *arena;
    struct record_dcerpc_arg args[DCERPC_ARGS_MAX];
    size_t count;
};

static const struct rule *rule_for(const struct dcerpc_interface *interface, uint16_t opnum)
{
    for (size_t i = 0; interface && i < sizeof rules / sizeof *rules; i++)
        if (rules[i].opnum == opnum && strcmp(rules[i].interface, interface->name) == 0)
            return &rules[i];
    return NULL;
}

bool dcerpc_args_wanted(const uint8_t uuid[16], uint16_t opnum, enum flow_side side)
{
    const struct dcerpc_interface *interface = dcerpc_interface_find(uuid);
    return dcerpc_tower_wanted(uuid, opnum) ||
           (side == FLOW_CLIENT && rule_for(interface, opnum) != NULL);
}

static void align(struct ndr *n, size_t size)
{
    cursor_skip(&n->in, (size - cursor_pos(&n->in) % size) % size);
}

static uint64_t number(struct ndr *n, size_t size)
{
    align(n, size);
    switch (size) {
    case 1: return cursor_u8(&n->in);
    case 2: return dcerpc_u16(&n->in, n->little);
    case 4: return dcerpc_u32(&n->in, n->little);
    default: return n->little ? cursor_u64le(&n->in) : cursor_u64(&n->in);
    }
}

// Counts and pointers.
static uint64_t size_of(struct ndr *n)
{
    return number(n, n->wide ? 8 : 4);
}

static void keep(struct ndr *n, struct bytes name, struct bytes value)
{
    if (name.len == 0 || value.len == 0 || n->count == DCERPC_ARGS_MAX)
        return;
    n->args[n->count++] = (struct record_dcerpc_arg){name, value};
}

static void keep_number(struct ndr *n, struct bytes name, uint64_t value)
{
    char text[20];
    struct text_out out = TEXT_OUT(text);
    text_out_u64(&out, value);
    if (cursor_ok(&n->in) && name.len)
        keep(n, name, text_out_keep(&out, n->arena));
}

static struct bytes wide_text(struct ndr *n, struct bytes raw)
{
    if (n->little)
        return utf16le_text_until_nul(n->arena, raw);
    uint8_t *turned = arena_alloc(n->arena, raw.len + 1);
    for (size_t i = 0; turned && i + 1 < raw.len; i += 2) {
        turned[i] = raw.data[i + 1];
        turned[i + 1] = raw.data[i];
    }
    return utf16le_text_until_nul(n->arena, bytes_make(turned, turned ? raw.len & ~1UL : 0));
}

// Text of `unit` bytes a character; conformant and varying: room, offset, count.
static struct bytes counted_chars(struct ndr *n, size_t unit, size_t most)
{
    uint64_t room = size_of(n), offset = size_of(n), count = size_of(n);
    if (offset != 0 || count > room || count > cursor_left(&n->in) / unit) {
        cursor_fail(&n->in);
        return (struct bytes){NULL, 0};
    }
    struct bytes raw = cursor_take(&n->in, (size_t)count * unit);
    raw = bytes_sub(raw, 0, most * unit);
    if (unit == 2)
        return wide_text(n, raw);
    return arena_copy(n->arena, bytes_sub(raw, 0, bytes_find_byte(raw, 0)));
}

// RPC_UNICODE_STRING and its like: length, room, pointer, and then the text.
static void counted_text(struct ndr *n, struct bytes name)
{
    align(n, n->wide ? 8 : 4);
    number(n, 2);
    number(n, 2);
    if (size_of(n) != 0)
        keep(n, name, counted_chars(n, 2, ARG_BYTES));
}

// FLAGGED_WORD_BLOB (MS-OAUT section 2.2.23.1): room, bytes, characters.
static void bstr(struct ndr *n, struct bytes name)
{
    if (size_of(n) == 0)
        return;
    size_of(n);
    number(n, 4);
    uint64_t count = number(n, 4);
    struct bytes raw = cursor_take(&n->in, count > SIZE_MAX / 2 ? SIZE_MAX : (size_t)count * 2);
    keep(n, name, wide_text(n, bytes_sub(raw, 0, 2 * ARG_BYTES)));
}

// ORPCTHIS (MS-DCOM section 2.2.13.3); its extensions are a pointer, which nobody uses.
static void orpcthis(struct ndr *n)
{
    align(n, n->wide ? 8 : 4);
    cursor_skip(&n->in, 28);
    if (size_of(n) != 0)
        cursor_fail(&n->in);
}

static void guid(struct ndr *n, struct bytes name)
{
    uint8_t raw[16];
    align(n, 4);
    dcerpc_uuid(&n->in, n->little, raw);
    if (cursor_ok(&n->in))
        keep(n, name, dcerpc_uuid_text(n->arena, raw));
}

static void skip_bytes(struct ndr *n)
{
    uint64_t room = size_of(n);
    if (room > cursor_left(&n->in))
        cursor_fail(&n->in);
    else
        cursor_skip(&n->in, (size_t)room);
}

// What stands between <tag> and </tag>; the first of them.
static struct bytes element(struct bytes xml, struct bytes open, struct bytes close)
{
    size_t at = bytes_find(xml, open);
    if (at == BYTES_NOT_FOUND)
        return (struct bytes){NULL, 0};
    struct bytes rest = bytes_from(xml, at + open.len);
    size_t end = bytes_find(rest, close);
    return end == BYTES_NOT_FOUND ? (struct bytes){NULL, 0} : bytes_sub(rest, 0, end);
}

static void task(struct ndr *n, struct bytes name)
{
    struct bytes xml = counted_chars(n, 2, ARG_XML_BYTES);
    keep(n, name, xml);
    keep(n, BYTES("command"), element(xml, BYTES("<Command>"), BYTES("</Command>")));
    keep(n, BYTES("arguments"), element(xml, BYTES("<Arguments>"), BYTES("</Arguments>")));
}

static void parameter(struct ndr *n, struct bytes name, char kind, bool maybe_null)
{
    if (maybe_null && size_of(n) == 0)
        return;
    switch (kind) {
    case 'h':
        align(n, 4);
        cursor_skip(&n->in, HANDLE_BYTES);
        break;
    case '1':
    case '2':
    case '4': keep_number(n, name, number(n, (size_t)(kind - '0'))); break;
    case 'u':
        if (size_of(n) != 0)
            keep(n, name, counted_chars(n, 2, ARG_BYTES));
        break;
    case 's': keep(n, name, counted_chars(n, 2, ARG_BYTES)); break;
    case 'a':
        if (size_of(n) != 0)
            keep(n, name, counted_chars(n, 1, ARG_BYTES));
        break;
    case 'x': task(n, name); break;
    case 'r': counted_text(n, name); break;
    case 'b': skip_bytes(n); break;
    case 'w': bstr(n, name); break;
    case 'o': orpcthis(n); break;
    case 'g': guid(n, name); break;
    default: cursor_fail(&n->in); break;
    }
}

static void read_parameters(struct ndr *n, struct bytes rule)
{
    while (rule.len > 0 && cursor_ok(&n->in)) {
        size_t space = bytes_find_byte(rule, ' ');
        struct bytes word = bytes_sub(rule, 0, space);
        size_t colon = bytes_find_byte(word, ':');
        struct bytes name =
            colon == BYTES_NOT_FOUND ? bytes_sub(word, 0, 0) : bytes_sub(word, 0, colon);
        size_t at = colon == BYTES_NOT_FOUND ? 0 : colon + 1;
        parameter(n, name, (char)bytes_at(word, at), bytes_at(word, at + 1) == '?');
        rule = space == BYTES_NOT_FOUND ? bytes_sub(rule, 0, 0) : bytes_from(rule, space + 1);
    }
}

void dcerpc_args_fill(
    const struct dcerpc *rpc, struct dcerpc_call *call, struct record_dcerpc *record)
{
    const struct dcerpc_context *called = dcerpc_called(rpc, call);
    const struct dcerpc_half *request = &call->half[FLOW_CLIENT];
    if (!called || !request->seen || request->lost || call->sealed)
        return;
    if (dcerpc_tower_wanted(called->uuid, call->opnum))
        dcerpc_tower_fill(call, called->wide, record);
    const struct rule *rule = rule_for(dcerpc_interface_find(called->uuid), call->opnum);
    if (!rule || request->stub.len == 0)
        return;
    struct ndr *n = arena_zalloc(&call->arena, sizeof *n);
    if (!n)
        return;
    n->in = cursor_make(request->stub);
    n->little = call->little;
    n->wide = called->wide;
    n->arena = &call->arena;
    read_parameters(n, bytes_from_text(rule->parameters));
    record->args = n->args;
    record->args_count = n->count;
}
