// SPDX-License-Identifier: Apache-2.0
// Kerberos messages: RFC 4120 section 5, RFC 4556 (PKINIT), MS-SFU 2.2.1 (S4U2Self), MS-KILE 2.2.1
// (extended errors). See krb_message.h. Members are read by their tags in any order; unknown ones
// are passed over. Depth is that of the grammar.
#include "proto/krb_message.h"
#include "base/hash.h"
#include "proto/der.h"
#include "proto/text_out.h"
#include <time.h>

enum {
    APPLICATION = 0x60, // structured
    TICKET = APPLICATION + 1,
    PA_TGS_REQ = 1,
    PA_PW_SALT = 3,
    PA_PK_AS_REQ_OLD = 14,
    PA_PK_AS_REP_OLD = 15,
    PA_PK_AS_REQ = 16,
    PA_PK_AS_REP = 17,
    PA_FOR_USER = 129,
    ADDRESS_IP4 = 2,
    ADDRESS_NETBIOS = 20,
    ADDRESS_IP6 = 24,
};

// The members of a SEQUENCE, each behind a context tag: number and what stands inside.
struct members {
    struct cursor list;
    uint8_t number;
    struct cursor value;
};

static struct members members_of(struct cursor *c)
{
    return (struct members){.list = der_enter(c, DER_SEQUENCE)};
}

// False: the end, or damage; the list's cursor tells.
static bool members_next(struct members *m)
{
    uint8_t tag;
    if (cursor_left(&m->list) == 0)
        return false;
    m->value = cursor_make(der_any(&m->list, &tag));
    m->number = tag & 0x1f;
    return cursor_ok(&m->list);
}

static void members_end(struct krb_message *m, const struct members *members)
{
    if (!cursor_ok(&members->list))
        m->problems |= KRB_MALFORMED;
}

static void check(struct krb_message *m, const struct cursor *c)
{
    if (!cursor_ok(c))
        m->problems |= KRB_MALFORMED;
}

static int32_t read_int(struct krb_message *m, struct cursor *c)
{
    struct bytes raw = der_take(c, DER_INTEGER);
    uint32_t v = bytes_at(raw, 0) & 0x80 ? UINT32_MAX : 0;
    check(m, c);
    for (size_t i = 0; i < raw.len && i < 5; i++)
        v = v << 8 | raw.data[i];
    return (int32_t)v;
}

static uint32_t read_bits(struct krb_message *m, struct cursor *c)
{
    struct bytes raw = bytes_from(der_take(c, DER_BIT_STRING), 1);
    uint32_t v = 0;
    check(m, c);
    for (size_t i = 0; i < 4; i++)
        v = v << 8 | bytes_at(raw, i);
    return v;
}

static struct bytes read_string(struct krb_message *m, struct cursor *c)
{
    uint8_t tag;
    struct bytes text = der_any(c, &tag); // GeneralString, or what some write instead
    check(m, c);
    if (text.len > KRB_NAME_BYTES)
        m->problems |= KRB_CUT;
    if (!text.len)
        return cursor_ok(c) ? BYTES("") : (struct bytes){NULL, 0};
    return bytes_sub(text, 0, KRB_NAME_BYTES);
}

static int64_t digits(struct bytes text, size_t at, size_t count)
{
    uint64_t v = 0;
    return bytes_to_u64(bytes_sub(text, at, count), &v) ? (int64_t)v : -1;
}

// KerberosTime: "20150119225459Z". The epoch itself (no limit) stays 0.
static int64_t read_time(struct krb_message *m, struct cursor *c)
{
    struct bytes text = der_take(c, DER_GENERALIZED_TIME);
    check(m, c);
    int64_t year = digits(text, 0, 4), month = digits(text, 4, 2), day = digits(text, 6, 2);
    int64_t hour = digits(text, 8, 2), minute = digits(text, 10, 2), second = digits(text, 12, 2);
    if (text.len < 15 || year < 0 || month < 1 || day < 1 || hour < 0 || minute < 0 || second < 0) {
        m->problems |= KRB_MALFORMED;
        return 0;
    }
    struct tm t = {.tm_year = (int)year - 1900,
        .tm_mon = (int)month - 1,
        .tm_mday = (int)day,
        .tm_hour = (int)hour,
        .tm_min = (int)minute,
        .tm_sec = (int)second};
    return (int64_t)timegm(&t) * 1'000'000;
}

// PrincipalName: components joined by "/".
static struct bytes read_name(struct krb_message *m, struct cursor *c)
{
    char room[KRB_NAME_BYTES];
    struct text_out out = TEXT_OUT(room);
    struct members members = members_of(c);
    while (members_next(&members)) {
        if (members.number != 1)
            continue;
        struct cursor list = der_enter(&members.value, DER_SEQUENCE);
        for (size_t n = 0; cursor_left(&list) > 0; n++) {
            if (n == KRB_COMPONENTS) {
                m->problems |= KRB_TOO_MANY;
                break;
            }
            if (n)
                text_out_char(&out, '/');
            text_out_put(&out, read_string(m, &list));
        }
        check(m, &list);
    }
    members_end(m, &members);
    if (out.cut)
        m->problems |= KRB_CUT;
    return text_out_keep(&out, m->arena);
}

static void read_encrypted(
    struct krb_message *m, struct cursor *c, int32_t *etype, uint32_t *kvno, struct bytes *cipher)
{
    struct members members = members_of(c);
    while (members_next(&members))
        switch (members.number) {
        case 0: *etype = read_int(m, &members.value); break;
        case 1: *kvno = (uint32_t)read_int(m, &members.value); break;
        case 2: *cipher = der_take(&members.value, DER_OCTET_STRING); break;
        default: break;
        }
    members_end(m, &members);
}

static struct bytes sha256_of(struct krb_message *m, struct bytes cipher)
{
    uint8_t *digest = arena_alloc(m->arena, SHA256_BYTES);
    if (!digest || !cipher.len)
        return (struct bytes){NULL, 0};
    hash_sha256(cipher, digest);
    return bytes_make(digest, SHA256_BYTES);
}

static void read_ticket(struct krb_message *m, struct cursor *c, struct krb_ticket *ticket)
{
    struct bytes cipher = {NULL, 0};
    struct cursor inner = der_enter(c, TICKET);
    struct members members = members_of(&inner);
    ticket->present = cursor_ok(&members.list);
    while (members_next(&members))
        switch (members.number) {
        case 1: ticket->realm = read_string(m, &members.value); break;
        case 2: ticket->sname = read_name(m, &members.value); break;
        case 3: read_encrypted(m, &members.value, &ticket->etype, &ticket->kvno, &cipher); break;
        default: break;
        }
    members_end(m, &members);
    ticket->sha256 = sha256_of(m, cipher);
}

// Contents of AP-REQ, whose ticket goes where the caller says.
static void read_ap_req(struct krb_message *m, struct cursor c, struct krb_ticket *ticket, bool own)
{
    uint32_t kvno;
    struct bytes cipher;
    int32_t etype = 0;
    uint32_t options = 0;
    struct members members = members_of(&c);
    while (members_next(&members))
        switch (members.number) {
        case 2: options = read_bits(m, &members.value); break;
        case 3: read_ticket(m, &members.value, ticket); break;
        case 4: read_encrypted(m, &members.value, &etype, &kvno, &cipher); break;
        default: break;
        }
    members_end(m, &members);
    if (!own)
        return;
    m->options = options;
    m->etype = etype;
    m->has_etype = etype != 0;
}

// The first certificate of CMS signed data (RFC 5652 section 5.1), from its ContentInfo.
static struct bytes cms_certificate(struct bytes cms)
{
    uint8_t tag;
    struct cursor c = cursor_make(cms);
    struct cursor info = der_enter(&c, DER_SEQUENCE);
    der_take(&info, DER_OID);
    struct cursor content = der_enter(&info, DER_CONTEXT_STRUCTURED);
    struct cursor data = der_enter(&content, DER_SEQUENCE);
    der_take(&data, DER_INTEGER);
    der_take(&data, DER_SET);
    der_take(&data, DER_SEQUENCE);
    struct cursor certificates = der_enter(&data, DER_CONTEXT_STRUCTURED);
    size_t begin = cursor_pos(&certificates);
    struct bytes all = cursor_rest(&certificates);
    der_any(&certificates, &tag);
    return cursor_ok(&certificates) && tag == DER_SEQUENCE
               ? bytes_sub(all, 0, cursor_pos(&certificates) - begin)
               : (struct bytes){NULL, 0};
}

// PA-PK-AS-REQ (RFC 4556 section 3.2.1): [0] the signed data as octets; drafts before: itself.
// PA-PK-AS-REP (3.2.3): [0] a sequence with the same in it, or [1] octets of enveloped data.
static struct bytes pkinit_certificate(int32_t type, struct bytes value)
{
    struct cursor c = cursor_make(value);
    uint8_t tag;
    bool reply = type == PA_PK_AS_REP || type == PA_PK_AS_REP_OLD;
    if (!reply)
        c = der_enter(&c, DER_SEQUENCE);
    struct bytes inner = der_any(&c, &tag);
    struct cursor i = cursor_make(inner);
    if (reply && tag == DER_CONTEXT_STRUCTURED && type == PA_PK_AS_REP) {
        i = der_enter(&i, DER_SEQUENCE);
        inner = der_any(&i, &tag);
    }
    return cms_certificate(inner);
}

// PA-FOR-USER: userName [0], userRealm [1].
static void read_for_user(struct krb_message *m, struct bytes value)
{
    struct cursor c = cursor_make(value);
    struct bytes name = {NULL, 0}, realm = {NULL, 0};
    struct members members = members_of(&c);
    while (members_next(&members))
        if (members.number == 0)
            name = read_name(m, &members.value);
        else if (members.number == 1)
            realm = read_string(m, &members.value);
    members_end(m, &members);
    m->for_user = krb_client(name, realm, m->arena);
}

// KERB-ERROR-DATA or PA-PW-SALT of an error: NTSTATUS first, little-endian.
static void read_nt_status(struct krb_message *m, struct bytes value)
{
    struct cursor c = cursor_make(value);
    uint32_t status = cursor_u32le(&c);
    if (value.len != 12)
        return; // a salt
    m->has_nt_status = true;
    m->nt_status = status;
}

static void preauth_act(struct krb_message *m, int32_t type, struct bytes value)
{
    struct cursor c = cursor_make(value);
    switch (type) {
    case PA_TGS_REQ:
        if (m->type == KRB_TGS_REQ && !m->auth.present)
            read_ap_req(m, der_enter(&c, APPLICATION + KRB_AP_REQ), &m->auth, false);
        break;
    case PA_PW_SALT:
        if (m->type == KRB_ERROR)
            read_nt_status(m, value);
        break;
    case PA_PK_AS_REQ:
    case PA_PK_AS_REP:
    case PA_PK_AS_REQ_OLD:
    case PA_PK_AS_REP_OLD:
        if (value.len && !m->certificate.len)
            m->certificate = pkinit_certificate(type, value);
        break;
    case PA_FOR_USER:
        if (!m->for_user.data)
            read_for_user(m, value);
        break;
    default: break;
    }
}

// One PA-DATA: padata-type [1], padata-value [2].
static void read_preauth(struct krb_message *m, struct cursor *c)
{
    int32_t type = 0;
    struct bytes value = {NULL, 0};
    struct members members = members_of(c);
    while (members_next(&members))
        if (members.number == 1)
            type = read_int(m, &members.value);
        else if (members.number == 2)
            value = der_take(&members.value, DER_OCTET_STRING);
    members_end(m, &members);
    if (!cursor_ok(&members.list))
        return;
    if (m->preauth_count < KRB_PREAUTH)
        m->preauth[m->preauth_count++] = type;
    preauth_act(m, type, value);
}

static void read_preauth_list(struct krb_message *m, struct cursor c)
{
    struct cursor list = der_enter(&c, DER_SEQUENCE);
    while (cursor_left(&list) > 0) {
        if (m->preauth_count == KRB_PREAUTH) {
            m->problems |= KRB_TOO_MANY;
            return;
        }
        read_preauth(m, &list);
    }
    check(m, &list);
}

static void read_etypes(struct krb_message *m, struct cursor c)
{
    struct cursor list = der_enter(&c, DER_SEQUENCE);
    while (cursor_left(&list) > 0) {
        if (m->etype_count == KRB_ETYPES) {
            m->problems |= KRB_TOO_MANY;
            return;
        }
        int32_t etype = read_int(m, &list);
        if (cursor_ok(&list))
            m->etypes[m->etype_count++] = etype;
    }
    check(m, &list);
}

static struct bytes address_text(struct krb_message *m, int32_t type, struct bytes raw)
{
    char room[ADDR_TEXT_BYTES];
    struct text_out out = TEXT_OUT(room);
    if ((type == ADDRESS_IP4 && raw.len == 4) || (type == ADDRESS_IP6 && raw.len == 16)) {
        struct addr a = raw.len == 4 ? addr_v4(raw.data) : addr_v6(raw.data);
        text_out_addr(&out, &a);
    } else if (type == ADDRESS_NETBIOS) {
        return bytes_trim(bytes_sub(raw, 0, 15)); // filled up with blanks; the 16th is its type
    } else {
        text_out_hex(&out, bytes_sub(raw, 0, 16));
    }
    return text_out_keep(&out, m->arena);
}

static void read_addresses(struct krb_message *m, struct cursor c)
{
    struct cursor list = der_enter(&c, DER_SEQUENCE);
    while (cursor_left(&list) > 0) {
        int32_t type = 0;
        struct bytes raw = {NULL, 0};
        struct members members = members_of(&list);
        while (members_next(&members))
            if (members.number == 0)
                type = read_int(m, &members.value);
            else
                raw = der_take(&members.value, DER_OCTET_STRING);
        members_end(m, &members);
        if (m->address_count == KRB_ADDRESSES) {
            m->problems |= KRB_TOO_MANY;
            return;
        }
        if (raw.data)
            m->addresses[m->address_count++] = address_text(m, type, raw);
    }
    check(m, &list);
}

static void read_evidence(struct krb_message *m, struct cursor c)
{
    struct cursor list = der_enter(&c, DER_SEQUENCE);
    if (cursor_left(&list) > 0)
        read_ticket(m, &list, &m->evidence);
    check(m, &list);
}

static void read_request_body(struct krb_message *m, struct cursor c)
{
    struct members members = members_of(&c);
    while (members_next(&members))
        switch (members.number) {
        case 0: m->options = read_bits(m, &members.value); break;
        case 1: m->cname = read_name(m, &members.value); break;
        case 2: m->realm = read_string(m, &members.value); break;
        case 3: m->sname = read_name(m, &members.value); break;
        case 4: m->from_us = read_time(m, &members.value); break;
        case 5: m->till_us = read_time(m, &members.value); break;
        case 6: m->renew_us = read_time(m, &members.value); break;
        case 8: read_etypes(m, members.value); break;
        case 9: read_addresses(m, members.value); break;
        case 11: read_evidence(m, members.value); break;
        default: break;
        }
    members_end(m, &members);
}

static void read_request(struct krb_message *m, struct cursor c)
{
    struct members members = members_of(&c);
    while (members_next(&members))
        if (members.number == 3)
            read_preauth_list(m, members.value);
        else if (members.number == 4)
            read_request_body(m, members.value);
    members_end(m, &members);
}

static void read_own_encrypted(struct krb_message *m, struct cursor *c)
{
    uint32_t kvno;
    struct bytes cipher;
    read_encrypted(m, c, &m->etype, &kvno, &cipher);
    m->has_etype = cursor_ok(c);
}

static void read_reply(struct krb_message *m, struct cursor c)
{
    struct members members = members_of(&c);
    while (members_next(&members))
        switch (members.number) {
        case 2: read_preauth_list(m, members.value); break;
        case 3: m->crealm = read_string(m, &members.value); break;
        case 4: m->cname = read_name(m, &members.value); break;
        case 5: read_ticket(m, &members.value, &m->ticket); break;
        case 6: read_own_encrypted(m, &members.value); break;
        default: break;
        }
    members_end(m, &members);
}

// METHOD-DATA, or the one KERB-ERROR-DATA of Windows.
static void read_error_data(struct krb_message *m, struct bytes data)
{
    struct cursor c = cursor_make(data), look = c;
    struct cursor inner = der_enter(&look, DER_SEQUENCE);
    if (der_next_is(&inner, DER_SEQUENCE)) {
        read_preauth_list(m, c);
        return;
    }
    struct members members = members_of(&c);
    while (members_next(&members))
        if (members.number == 2)
            read_nt_status(m, der_take(&members.value, DER_OCTET_STRING));
}

static void read_error(struct krb_message *m, struct cursor c)
{
    struct members members = members_of(&c);
    while (members_next(&members))
        switch (members.number) {
        case 2: m->client_us = read_time(m, &members.value); break;
        case 4: m->server_us = read_time(m, &members.value); break;
        case 6: m->error_code = read_int(m, &members.value); break;
        case 7: m->crealm = read_string(m, &members.value); break;
        case 8: m->cname = read_name(m, &members.value); break;
        case 9: m->realm = read_string(m, &members.value); break;
        case 10: m->sname = read_name(m, &members.value); break;
        case 11: m->error_text = read_string(m, &members.value); break;
        case 12: read_error_data(m, der_take(&members.value, DER_OCTET_STRING)); break;
        default: break;
        }
    members_end(m, &members);
}

static void read_ap_rep(struct krb_message *m, struct cursor c)
{
    struct members members = members_of(&c);
    while (members_next(&members))
        if (members.number == 2)
            read_own_encrypted(m, &members.value);
    members_end(m, &members);
}

bool krb_read(struct krb_message *m, struct bytes message, struct arena *arena)
{
    uint8_t tag = bytes_at(message, 0);
    *m = (struct krb_message){.arena = arena, .type = tag & 0x1f};
    struct cursor c = cursor_make(message);
    if ((tag & 0xe0) != APPLICATION || !krb_type_name(m->type))
        return false;
    struct cursor inner = der_enter(&c, tag);
    if (!cursor_ok(&c) || !der_next_is(&inner, DER_SEQUENCE))
        return false;
    switch ((enum krb_type)m->type) {
    case KRB_AS_REQ:
    case KRB_TGS_REQ: read_request(m, inner); break;
    case KRB_AS_REP:
    case KRB_TGS_REP: read_reply(m, inner); break;
    case KRB_AP_REQ: read_ap_req(m, inner, &m->ticket, true); break;
    case KRB_AP_REP: read_ap_rep(m, inner); break;
    case KRB_ERROR: read_error(m, inner); break;
    default: break;
    }
    return true;
}

struct bytes krb_client(struct bytes cname, struct bytes realm, struct arena *arena)
{
    char room[2 * KRB_NAME_BYTES + 1];
    struct text_out out = TEXT_OUT(room);
    if (!cname.data && !realm.data)
        return (struct bytes){NULL, 0};
    text_out_put(&out, cname);
    text_out_char(&out, '/');
    text_out_put(&out, realm);
    return text_out_keep(&out, arena);
}

static void own(struct krb_message *m, struct bytes *text)
{
    if (text->data && text->len)
        *text = arena_copy(m->arena, *text);
}

void krb_own(struct krb_message *m)
{
    struct bytes *texts[] = {&m->cname, &m->crealm, &m->realm, &m->sname, &m->for_user,
        &m->error_text, &m->ticket.realm, &m->ticket.sname, &m->auth.realm, &m->auth.sname,
        &m->evidence.realm, &m->evidence.sname, &m->certificate};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        own(m, texts[i]);
    for (size_t i = 0; i < m->address_count; i++)
        own(m, &m->addresses[i]);
}
