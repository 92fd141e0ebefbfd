// SPDX-License-Identifier: Apache-2.0
// NTLM messages: MS-NLMP sections 2.2.1 (messages), 2.2.2.1 (AV pairs), 2.2.2.8 (NTLMv2 client
// challenge), 2.2.2.10 (version). See ntlmssp.h.
#include "proto/ntlmssp.h"
#include "proto/text_out.h"
#include "proto/utf16.h"

// Flags of section 2.2.2.5.
enum {
    FLAG_UNICODE = 1,
    FLAG_ANONYMOUS = 0x800,
    FLAG_SESSION_SECURITY = 0x80000, // "extended": NTLMv1 with a client challenge
    FLAG_VERSION = 0x2000000,
};

// Attributes.
enum {
    AV_EOL,
    AV_NB_COMPUTER,
    AV_NB_DOMAIN,
    AV_DNS_COMPUTER,
    AV_DNS_DOMAIN,
    AV_DNS_TREE,
    AV_FLAGS,
    AV_TIME,
    AV_SINGLE_HOST,
    AV_TARGET,
    AV_CHANNEL_BINDING,
};

struct reader {
    struct ntlm_message *m;
    struct bytes token;
    struct arena *arena;
    size_t payload; // where the first field's bytes begin: fixed fields end there
};

static const struct bytes nothing = {NULL, 0};

static struct bytes text_make(struct reader *r, struct bytes raw, bool unicode)
{
    if (raw.len > NTLM_TEXT_BYTES) {
        r->m->problems |= NTLM_CUT;
        raw = bytes_sub(raw, 0, NTLM_TEXT_BYTES);
    }
    if (raw.len == 0)
        return nothing;
    return unicode ? utf16le_text(r->arena, raw) : arena_copy(r->arena, raw);
}

// Length, room, offset (section 2.2.1): a part of the payload.
static struct bytes field_take(struct reader *r, struct cursor *c)
{
    uint16_t len = cursor_u16le(c);
    cursor_skip(c, 2);
    uint32_t at = cursor_u32le(c);
    if (!cursor_ok(c) || len == 0)
        return nothing;
    if (at > r->token.len || len > r->token.len - at) {
        r->m->problems |= NTLM_MALFORMED;
        return nothing;
    }
    if (at < r->payload)
        r->payload = at;
    return bytes_sub(r->token, at, len);
}

static void version_read(struct reader *r, struct cursor *c)
{
    struct ntlm_version v = {.major = cursor_u8(c), .minor = cursor_u8(c)};
    v.build = cursor_u16le(c);
    cursor_skip(c, 3);
    v.revision = cursor_u8(c);
    v.present = cursor_ok(c) && cursor_pos(c) <= r->payload && (r->m->flags & FLAG_VERSION) &&
                (v.major || v.minor || v.build);
    if (v.present)
        r->m->version = v;
}

// 100 ns since 1601 as µs since 1970; 0: none, or before.
static int64_t filetime(struct bytes raw)
{
    struct cursor c = cursor_make(raw);
    int64_t us = (int64_t)(cursor_u64le(&c) / 10) - 11'644'473'600'000'000;
    return us > 0 ? us : 0;
}

static void pair_read(struct reader *r, uint16_t id, struct bytes raw)
{
    struct ntlm_av *av = &r->m->av;
    struct cursor c = cursor_make(raw);
    switch (id) {
    case AV_NB_COMPUTER: av->nb_computer = text_make(r, raw, true); break;
    case AV_NB_DOMAIN: av->nb_domain = text_make(r, raw, true); break;
    case AV_DNS_COMPUTER: av->dns_computer = text_make(r, raw, true); break;
    case AV_DNS_DOMAIN: av->dns_domain = text_make(r, raw, true); break;
    case AV_DNS_TREE: av->dns_tree = text_make(r, raw, true); break;
    case AV_TARGET: av->target = text_make(r, raw, true); break;
    case AV_TIME: av->time_us = filetime(raw); break;
    case AV_FLAGS: av->flags = cursor_u32le(&c); break;
    case AV_CHANNEL_BINDING: // all zero says: none
        while (cursor_left(&c) > 0)
            av->channel_binding |= cursor_u8(&c) != 0;
        break;
    default: break;
    }
}

static void pairs_read(struct reader *r, struct bytes list)
{
    struct cursor c = cursor_make(list);
    for (size_t n = 0; cursor_left(&c) > 0; n++) {
        uint16_t id = cursor_u16le(&c);
        struct bytes raw = cursor_take(&c, cursor_u16le(&c));
        if (id == AV_EOL && cursor_ok(&c))
            return;
        if (n == NTLM_AV_PAIRS) {
            r->m->problems |= NTLM_TOO_MANY;
            return;
        }
        if (cursor_ok(&c))
            pair_read(r, id, raw);
    }
    if (!cursor_ok(&c))
        r->m->problems |= NTLM_MALFORMED;
}

static void negotiate_read(struct reader *r, struct cursor *c)
{
    r->m->flags = cursor_u32le(c);
    if (!cursor_ok(c))
        r->m->problems |= NTLM_MALFORMED;
    if (cursor_left(c) < 16) // old clients end here
        return;
    r->m->domain = text_make(r, field_take(r, c), false);
    r->m->workstation = text_make(r, field_take(r, c), false);
    if (cursor_left(c) >= 8)
        version_read(r, c);
}

static void challenge_read(struct reader *r, struct cursor *c)
{
    struct bytes target = field_take(r, c);
    r->m->flags = cursor_u32le(c);
    struct bytes challenge = cursor_take(c, sizeof r->m->challenge);
    if (!cursor_ok(c)) {
        r->m->problems |= NTLM_MALFORMED;
        return;
    }
    memcpy(r->m->challenge, challenge.data, challenge.len);
    r->m->target_name = text_make(r, target, r->m->flags & FLAG_UNICODE);
    if (cursor_left(c) < 16 || cursor_pos(c) >= r->payload)
        return;
    cursor_skip(c, 8);
    pairs_read(r, field_take(r, c));
    if (cursor_left(c) >= 8)
        version_read(r, c);
}

static bool all_zero(struct bytes b)
{
    for (size_t i = 0; i < b.len; i++)
        if (b.data[i])
            return false;
    return true;
}

static const char *response_kind(const struct ntlm_message *m, struct bytes lm, struct bytes nt)
{
    if (nt.len > 24)
        return "NTLMv2";
    if (nt.len == 24 && (m->flags & FLAG_SESSION_SECURITY) && all_zero(bytes_from(lm, 8)))
        return "NTLMv1-ESS";
    if (nt.len == 24)
        return "NTLMv1";
    if (lm.len == 24)
        return "LM";
    return "anonymous";
}

// NTLMv2: proof, client challenge and the pairs behind it.
static void response_read(struct reader *r, struct bytes nt)
{
    enum { PAIRS_AT = 16 + 28 };
    if (nt.len > PAIRS_AT)
        pairs_read(r, bytes_from(nt, PAIRS_AT));
}

static void authenticate_read(struct reader *r, struct cursor *c)
{
    struct ntlm_message *m = r->m;
    struct bytes lm = field_take(r, c), nt = field_take(r, c);
    struct bytes domain = field_take(r, c), user = field_take(r, c), host = field_take(r, c);
    if (!cursor_ok(c)) {
        m->problems |= NTLM_MALFORMED;
        return;
    }
    field_take(r, c); // session key
    // The oldest clients send neither key nor flags, and OEM text.
    bool flags = cursor_left(c) >= 4 && cursor_pos(c) + 4 <= r->payload;
    m->flags = flags ? cursor_u32le(c) : 0;
    if (cursor_left(c) >= 8)
        version_read(r, c);
    if (cursor_left(c) >= 16 && cursor_pos(c) + 16 <= r->payload)
        m->mic = !all_zero(cursor_take(c, 16));
    bool unicode = !flags || (m->flags & FLAG_UNICODE);
    m->domain = text_make(r, domain, unicode);
    m->user = text_make(r, user, unicode);
    m->workstation = text_make(r, host, unicode);
    m->lm_bytes = (uint16_t)lm.len;
    m->nt_bytes = (uint16_t)nt.len;
    m->kind = response_kind(m, lm, nt);
    response_read(r, nt);
}

bool ntlm_read(struct ntlm_message *m, struct bytes token, struct arena *arena)
{
    *m = (struct ntlm_message){0};
    struct reader r = {.m = m, .token = token, .arena = arena, .payload = token.len};
    struct cursor c = cursor_make(token);
    if (!ntlm_is(token))
        return false;
    cursor_skip(&c, 8);
    uint32_t type = cursor_u32le(&c);
    if (type < NTLM_NEGOTIATE || type > NTLM_AUTHENTICATE)
        return false;
    m->type = (uint8_t)type;
    if (type == NTLM_NEGOTIATE)
        negotiate_read(&r, &c);
    else if (type == NTLM_CHALLENGE)
        challenge_read(&r, &c);
    else
        authenticate_read(&r, &c);
    return true;
}

static void version_put(struct text_out *out, const struct ntlm_version *v, const char *glue)
{
    text_out_u64(out, v->major);
    text_out_char(out, '.');
    text_out_u64(out, v->minor);
    text_out_text(out, glue);
    text_out_u64(out, v->build);
}

struct bytes ntlm_version_text(const struct ntlm_version *v, struct arena *arena)
{
    char room[32];
    struct text_out out = TEXT_OUT(room);
    if (!v->present)
        return nothing;
    version_put(&out, v, ".");
    return text_out_keep(&out, arena);
}

struct bytes ntlm_version_eve(const struct ntlm_version *v, struct arena *arena)
{
    char room[48];
    struct text_out out = TEXT_OUT(room);
    if (!v->present)
        return nothing;
    version_put(&out, v, " build ");
    text_out_text(&out, " rev ");
    text_out_u64(&out, v->revision);
    return text_out_keep(&out, arena);
}
