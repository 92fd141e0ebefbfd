// SPDX-License-Identifier: Apache-2.0
// GSS-API and SPNEGO tokens; see gss.h. Depth is bounded: GSS around SPNEGO around GSS around a
// mechanism's message, nothing deeper.
#include "proto/gss.h"
#include "proto/der.h"
#include "proto/krb_message.h"
#include "proto/mime_codec.h"

enum {
    GSS_INITIAL = 0x60,    // [APPLICATION 0], RFC 2743
    NEG_INIT = 0xa0,       // NegotiationToken: negTokenInit
    NEG_RESPONSE = 0xa1,   // negTokenResp
    DER_ENUMERATED = 0x0a, // negState
    KRB_TAG = 0x60,        // of a Kerberos message, beside its type
    TOKEN_BYTES = 64 * 1024,
};

static const struct {
    const char *name;
    struct bytes oid;
} mechs[] = {
    [GSS_MECH_OTHER] = {"other", {NULL, 0}},
    [GSS_MECH_SPNEGO] = {"SPNEGO", BYTES("\x2b\x06\x01\x05\x05\x02")},
    [GSS_MECH_NTLM] = {"NTLMSSP", BYTES("\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a")},
    [GSS_MECH_KERBEROS] = {"KRB5", BYTES("\x2a\x86\x48\x86\xf7\x12\x01\x02\x02")},
    [GSS_MECH_MS_KERBEROS] = {"MS-KRB5", BYTES("\x2a\x86\x48\x82\xf7\x12\x01\x02\x02")},
    [GSS_MECH_USER_TO_USER] = {"KRB5-U2U", BYTES("\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x03")},
    [GSS_MECH_IAKERB] = {"IAKERB", BYTES("\x2b\x06\x01\x05\x02\x05")},
    [GSS_MECH_NEGOEX] = {"NEGOEX", BYTES("\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x1e")},
};

const char *gss_mech_name(uint8_t mech)
{
    return mech < sizeof mechs / sizeof *mechs ? mechs[mech].name : mechs[0].name;
}

static uint8_t mech_find(struct bytes oid)
{
    for (uint8_t i = 1; i < sizeof mechs / sizeof *mechs; i++)
        if (bytes_equal(oid, mechs[i].oid))
            return i;
    return GSS_MECH_OTHER;
}

static bool is_kerberos(struct bytes b)
{
    uint8_t tag = bytes_at(b, 0);
    struct cursor c = cursor_make(b);
    if (tag != (KRB_TAG | KRB_AP_REQ) && tag != (KRB_TAG | KRB_AP_REP) &&
        tag != (KRB_TAG | KRB_ERROR))
        return false;
    struct cursor inner = der_enter(&c, tag);
    return der_next_is(&inner, DER_SEQUENCE);
}

// The token of a mechanism, with the head of RFC 2743 or without.
static void mechanism_read(struct gss_token *t, struct bytes token)
{
    if (bytes_at(token, 0) == GSS_INITIAL) {
        struct cursor c = cursor_make(token);
        struct cursor inner = der_enter(&c, GSS_INITIAL);
        uint8_t mech = mech_find(der_take(&inner, DER_OID));
        if (!cursor_ok(&inner)) {
            t->malformed = true;
            return;
        }
        t->mech = mech;
        token = cursor_rest(&inner);
        if (is_kerberos(bytes_from(token, 2)))
            token = bytes_from(token, 2); // the identifier of the token, RFC 4121 section 4.1
    }
    t->inner = token;
    if (ntlm_is(token)) {
        t->kind = GSS_NTLM;
        t->mech = GSS_MECH_NTLM;
    } else if (is_kerberos(token)) {
        t->kind = GSS_KERBEROS;
        if (t->mech == GSS_MECH_OTHER)
            t->mech = GSS_MECH_KERBEROS;
    } else if (bytes_start_with(token, BYTES("NEGOEXTS"))) {
        t->kind = GSS_OTHER;
        t->mech = GSS_MECH_NEGOEX;
    } else if (t->mech != GSS_MECH_OTHER && token.len) {
        t->kind = GSS_OTHER;
    }
}

static void mech_add(struct gss_token *t, struct bytes oid)
{
    if (t->mech_count < GSS_MECHS)
        t->mechs[t->mech_count++] = mech_find(oid);
    else
        t->more_mechs = true;
}

static void mech_list_read(struct gss_token *t, struct cursor c)
{
    struct cursor list = der_enter(&c, DER_SEQUENCE);
    while (cursor_left(&list) > 0 && !t->more_mechs) {
        struct bytes oid = der_take(&list, DER_OID);
        if (cursor_ok(&list))
            mech_add(t, oid);
    }
    t->malformed |= !cursor_ok(&list);
}

// One member of NegTokenInit or NegTokenResp: they differ in what [0] and [1] are.
static void member_read(struct gss_token *t, uint8_t tag, struct bytes value)
{
    struct cursor c = cursor_make(value);
    struct bytes token = {NULL, 0};
    switch (tag) {
    case DER_CONTEXT_STRUCTURED:
        if (t->response)
            t->state = bytes_at(der_take(&c, DER_ENUMERATED), 0);
        else
            mech_list_read(t, c);
        break;
    case DER_CONTEXT_STRUCTURED + 1:
        if (t->response)
            mech_add(t, der_take(&c, DER_OID));
        break;
    case DER_CONTEXT_STRUCTURED + 2: token = der_take(&c, DER_OCTET_STRING); break;
    default: break; // hints and checksums
    }
    t->malformed |= !cursor_ok(&c);
    if (token.len)
        mechanism_read(t, token);
}

// NegTokenInit or NegTokenResp, from its tag.
static void negotiation_read(struct gss_token *t, struct bytes token)
{
    struct cursor c = cursor_make(token);
    t->spnego = true;
    t->response = bytes_at(token, 0) == NEG_RESPONSE;
    struct cursor outer = der_enter(&c, t->response ? NEG_RESPONSE : NEG_INIT);
    struct cursor members = der_enter(&outer, DER_SEQUENCE);
    if (!cursor_ok(&members))
        t->malformed = true;
    for (uint8_t tag; cursor_left(&members) > 0;) {
        struct bytes value = der_any(&members, &tag);
        if (cursor_ok(&members))
            member_read(t, tag, value);
    }
    t->malformed |= !cursor_ok(&members);
    if (t->mech == GSS_MECH_OTHER && t->mech_count)
        t->mech = t->mechs[0];
}

// The inside of a SPNEGO InitialContextToken; {NULL, 0}: it is another mechanism's.
static struct bytes spnego_inside(struct bytes token)
{
    struct cursor c = cursor_make(token);
    struct cursor inner = der_enter(&c, GSS_INITIAL);
    if (mech_find(der_take(&inner, DER_OID)) != GSS_MECH_SPNEGO)
        return (struct bytes){NULL, 0};
    return cursor_rest(&inner);
}

bool gss_read(struct gss_token *t, struct bytes token)
{
    *t = (struct gss_token){.state = GSS_NO_STATE};
    struct bytes negotiation = token;
    if (bytes_at(token, 0) == GSS_INITIAL)
        negotiation = spnego_inside(token);
    uint8_t tag = bytes_at(negotiation, 0);
    if (tag == NEG_INIT || tag == NEG_RESPONSE) {
        negotiation_read(t, negotiation);
        return t->mech_count || t->inner.len || t->state != GSS_NO_STATE;
    }
    mechanism_read(t, token);
    return t->kind != GSS_NEGOTIATION;
}

bool gss_feed(struct ntlm_session **session, struct proto_flow *pf, uint64_t tx_id,
    struct bytes token, struct gss_token *t)
{
    bool known = gss_read(t, token);
    if (t->malformed)
        proto_anomaly(pf, ANOMALY_GSS_MALFORMED);
    if (t->more_mechs)
        proto_anomaly(pf, ANOMALY_GSS_TOO_MANY_MECHS);
    if (known && t->kind == GSS_NTLM)
        ntlm_feed(session, pf, tx_id, t->inner);
    return known;
}

void gss_feed_text(
    struct ntlm_session **session, struct proto_flow *pf, uint64_t tx_id, struct bytes base64)
{
    struct gss_token gss;
    struct base64 state = {0};
    struct arena arena;
    base64 = bytes_sub(bytes_trim(base64), 0, TOKEN_BYTES);
    arena_init(&arena, pf->arena.pool, 2 * TOKEN_BYTES);
    uint8_t *room = arena_alloc(&arena, base64_room(base64.len));
    if (!room) {
        proto_anomaly(pf, ANOMALY_NTLM_OUT_OF_BUDGET);
    } else {
        struct bytes token = bytes_make(room, base64_decode(&state, base64, room));
        if (gss_feed(session, pf, tx_id, token, &gss) && gss.kind == GSS_KERBEROS)
            krb_emit_carried(pf, tx_id, gss.inner);
    }
    arena_reset(&arena);
}

bool gss_is_sasl(struct bytes mechanism)
{
    static const char *const names[] = {"NTLM", "GSSAPI", "GSS-SPNEGO"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (bytes_equal_nocase(mechanism, bytes_from_text(names[i])))
            return true;
    return false;
}
