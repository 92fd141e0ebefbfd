// SPDX-License-Identifier: Apache-2.0
// Names, values and result codes of LDAP as text: RFC 4511 sections 4.1.9 and A.1; objectSid and
// objectGUID as MS-DTYP sections 2.4.2.1 and 2.3.4.3 write them.
#include "proto/ldap.h"
#include "proto/text_keep.h"
#include "proto/text_out.h"

static struct bytes keep(struct ldap_message *m, struct bytes raw, size_t most)
{
    return text_keep(m->arena, raw.data ? raw : BYTES(""), most);
}

struct bytes ldap_name(struct ldap_message *m, struct bytes raw)
{
    if (raw.len > LDAP_NAME_BYTES)
        m->problems |= LDAP_CUT;
    return keep(m, raw, LDAP_NAME_BYTES);
}

// S-1-5-21-...
static bool sid_put(struct text_out *out, struct bytes raw)
{
    struct cursor c = cursor_make(raw);
    uint8_t revision = cursor_u8(&c), count = cursor_u8(&c);
    if (raw.len != 8 + 4U * count || revision != 1 || count > 15)
        return false;
    text_out_text(out, "S-1-");
    text_out_u64(out, (uint64_t)cursor_u16(&c) << 32 | cursor_u32(&c));
    for (uint8_t i = 0; i < count; i++) {
        text_out_char(out, '-');
        text_out_u64(out, cursor_u32le(&c));
    }
    return true;
}

static bool guid_put(struct text_out *out, struct bytes raw)
{
    static const uint8_t order[] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
    if (raw.len != 16)
        return false;
    for (size_t i = 0; i < sizeof order; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            text_out_char(out, '-');
        text_out_hex(out, bytes_sub(raw, order[i], 1));
    }
    return true;
}

static bool is_secret(struct bytes attribute)
{
    static const char *const secret[] = {"userPassword", "unicodePwd", "sambaNTPassword",
        "sambaLMPassword", "clearPassword", "krbPrincipalKey", "supplementalCredentials", "dBCSPwd",
        "ms-Mcs-AdmPwd", "msLAPS-Password"};
    for (size_t i = 0; i < sizeof secret / sizeof *secret; i++)
        if (bytes_equal_nocase(attribute, bytes_from_text(secret[i])))
            return true;
    return false;
}

struct bytes ldap_value(struct ldap_message *m, struct bytes attribute, struct bytes raw)
{
    char room[192];
    struct text_out out = TEXT_OUT(room);
    if (is_secret(attribute))
        return BYTES("(not kept)");
    if ((bytes_equal_nocase(attribute, BYTES("objectSid")) && sid_put(&out, raw)) ||
        (bytes_equal_nocase(attribute, BYTES("objectGUID")) && guid_put(&out, raw)))
        return text_out_keep(&out, m->arena);
    return keep(m, raw, LDAP_VALUE_BYTES);
}

struct ldap_values ldap_values_read(struct ldap_message *m, struct bytes attribute, struct cursor c)
{
    struct ldap_values values = {0};
    struct bytes found[LDAP_VALUES];
    while (cursor_left(&c) > 0) {
        struct bytes raw = der_take(&c, DER_OCTET_STRING);
        if (!cursor_ok(&c))
            break;
        if (values.count == LDAP_VALUES)
            values.omitted++;
        else
            found[values.count++] = ldap_value(m, attribute, raw);
    }
    if (!cursor_ok(&c))
        m->problems |= LDAP_MALFORMED;
    struct bytes *list = values.count ? arena_alloc(m->arena, values.count * sizeof *list) : NULL;
    if (list)
        memcpy(list, found, values.count * sizeof *list);
    values.count = list ? values.count : 0;
    values.list = list;
    return values;
}

uint32_t ldap_integer(struct ldap_message *m, struct cursor *c, uint8_t tag)
{
    struct bytes raw = der_take(c, tag);
    uint32_t v = 0;
    if (!cursor_ok(c) || raw.len == 0 || raw.len > 5)
        m->problems |= LDAP_MALFORMED;
    for (size_t i = 0; i < raw.len && i < 5; i++)
        v = v << 8 | raw.data[i];
    return v;
}

static const struct {
    uint16_t code;
    const char *name;
} results[] = {
#define LDAP_RESULT(code, name) {code, name},
#include "proto/ldap_result.def"
#undef LDAP_RESULT
};

struct bytes ldap_result_name(uint16_t code)
{
    for (size_t i = 0; i < sizeof results / sizeof *results; i++)
        if (results[i].code == code)
            return bytes_from_text(results[i].name);
    return (struct bytes){NULL, 0};
}

struct bytes ldap_result_words(uint16_t code, struct arena *arena)
{
    char room[64];
    struct text_out out = TEXT_OUT(room);
    struct bytes name = ldap_result_name(code);
    for (size_t i = 0; i < name.len; i++)
        text_out_char(&out, name.data[i] == '_' ? ' ' : (char)name.data[i]);
    if (!name.data)
        text_out_u64(&out, code);
    return text_out_keep(&out, arena);
}
