// SPDX-License-Identifier: Apache-2.0
// LDAP requests: RFC 4511 sections 4.2 to 4.13; the Sicily log-on of MS-ADTS section 5.1.1.1.3.
// Passwords and other secrets are not kept (ldap_text.c says which attributes are such).
#include "proto/ldap.h"

enum {
    DER_ENUMERATED = 0x0a,
    AUTH_SIMPLE = 0x80,
    AUTH_SASL = 0xa3,
    SICILY_DISCOVERY = 0x89,
    SICILY_NEGOTIATE = 0x8a,
    SICILY_RESPONSE = 0x8b,
};

static void check(struct ldap_message *m, const struct cursor *c)
{
    if (!cursor_ok(c))
        m->problems |= LDAP_MALFORMED;
}

static struct bytes take_name(struct ldap_message *m, struct cursor *c)
{
    struct bytes raw = der_take(c, DER_OCTET_STRING);
    check(m, c);
    return ldap_name(m, raw);
}

// PLAIN (RFC 4616): authzid NUL user NUL password. DIGEST-MD5 (RFC 2831): username="...".
static void sasl_user(struct ldap_message *m)
{
    struct bytes user = {NULL, 0};
    size_t at = bytes_find(m->credentials, BYTES("username=\""));
    if (bytes_equal_nocase(m->mechanism, BYTES("PLAIN"))) {
        size_t nul = bytes_find_byte(m->credentials, 0);
        user = nul == BYTES_NOT_FOUND ? user : bytes_from(m->credentials, nul + 1);
        user = bytes_sub(user, 0, bytes_find_byte(user, 0));
    } else if (bytes_start_with_nocase(m->mechanism, BYTES("SCRAM-"))) {
        at = bytes_find(m->credentials, BYTES(",n="));
        user = at == BYTES_NOT_FOUND ? user : bytes_from(m->credentials, at + 3);
        user = bytes_sub(user, 0, bytes_find_byte(user, ','));
    } else if (at != BYTES_NOT_FOUND) {
        user = bytes_from(m->credentials, at + 10);
        user = bytes_sub(user, 0, bytes_find_byte(user, '"'));
    }
    if (user.len)
        m->user = ldap_name(m, user);
}

static void read_sasl(struct ldap_message *m, struct bytes body)
{
    struct cursor c = cursor_make(body);
    m->request.bind_request.has_sasl = true;
    m->mechanism = der_take(&c, DER_OCTET_STRING);
    check(m, &c);
    m->request.bind_request.sasl.mechanism = ldap_name(m, m->mechanism);
    if (!der_next_is(&c, DER_OCTET_STRING))
        return;
    m->credentials = der_take(&c, DER_OCTET_STRING);
    check(m, &c);
    m->request.bind_request.sasl.credentials_length = (uint32_t)m->credentials.len;
    m->request.bind_request.sasl.has_credentials_length = true;
    sasl_user(m);
}

static void read_bind(struct ldap_message *m, struct cursor c)
{
    uint8_t tag;
    m->request.has_bind_request = true;
    m->request.bind_request.version = (uint8_t)ldap_integer(m, &c, DER_INTEGER);
    m->request.bind_request.name = take_name(m, &c);
    m->bindname = m->request.bind_request.name.len ? m->request.bind_request.name : BYTES("<ROOT>");
    struct bytes body = der_any(&c, &tag);
    check(m, &c);
    m->opcode = "bind simple";
    switch (tag) {
    case AUTH_SIMPLE:
        m->authtype = body.len ? "simple" : "none";
        m->request.bind_request.password_length = (uint32_t)body.len;
        m->request.bind_request.has_password_length = true;
        break;
    case AUTH_SASL:
        m->authtype = "sasl";
        m->opcode = "bind SASL";
        read_sasl(m, body);
        break;
    case SICILY_DISCOVERY:
    case SICILY_NEGOTIATE:
    case SICILY_RESPONSE:
        m->authtype = tag == SICILY_RESPONSE ? "ntlmsspAuth" : "ntlmsspNegotiate";
        m->opcode = "bind NTLM";
        m->credentials = body;
        break;
    default: m->opcode = "bind"; break;
    }
}

static const char *const scopes[] = {"base", "single", "tree", "children"};
static const char *const derefs[] = {"never", "searching", "finding", "always"};

// A list of names, at most LDAP_ATTRIBUTES.
static const struct bytes *read_names(struct ldap_message *m, struct cursor c, size_t *count)
{
    struct cursor look = c;
    size_t want = 0;
    for (; cursor_left(&look) > 0 && want < LDAP_ATTRIBUTES; want++)
        der_take(&look, DER_OCTET_STRING);
    if (cursor_left(&look) > 0)
        m->problems |= LDAP_TOO_MANY;
    struct bytes *list = want ? arena_alloc(m->arena, want * sizeof *list) : NULL;
    for (*count = 0; list && *count < want && cursor_left(&c) > 0;)
        list[(*count)++] = take_name(m, &c);
    return list;
}

static void read_search(struct ldap_message *m, struct cursor c)
{
    m->request.has_search_request = true;
    m->request.search_request.base_object = take_name(m, &c);
    uint32_t scope = ldap_integer(m, &c, DER_ENUMERATED);
    uint32_t deref = ldap_integer(m, &c, DER_ENUMERATED);
    m->request.search_request.scope = (uint8_t)scope;
    m->request.search_request.deref_alias = (uint8_t)deref;
    m->request.search_request.scope_name = bytes_from_text(scope < 4 ? scopes[scope] : NULL);
    m->request.search_request.deref_alias_name = bytes_from_text(deref < 4 ? derefs[deref] : NULL);
    m->request.search_request.size_limit = ldap_integer(m, &c, DER_INTEGER);
    m->request.search_request.time_limit = ldap_integer(m, &c, DER_INTEGER);
    m->request.search_request.types_only = bytes_at(der_take(&c, DER_BOOLEAN), 0) != 0;
    check(m, &c);
    m->request.search_request.filter = ldap_filter_text(m, &c);
    struct cursor list = der_enter(&c, DER_SEQUENCE);
    m->request.search_request.attributes =
        read_names(m, list, &m->request.search_request.attributes_count);
    check(m, &list);
}

static const char *change_name(uint32_t operation)
{
    static const char *const names[] = {"add", "delete", "replace", "increment"};
    return operation < 4 ? names[operation] : "unknown";
}

static void read_change(struct ldap_message *m, struct cursor *list, struct record_ldap_change *out)
{
    struct cursor change = der_enter(list, DER_SEQUENCE);
    out->operation = bytes_from_text(change_name(ldap_integer(m, &change, DER_ENUMERATED)));
    struct cursor what = der_enter(&change, DER_SEQUENCE);
    struct bytes type = der_take(&what, DER_OCTET_STRING);
    out->modification.attribute_type = ldap_name(m, type);
    struct ldap_values values = ldap_values_read(m, type, der_enter(&what, DER_SET));
    out->modification.attribute_values = values.list;
    out->modification.attribute_values_count = values.count;
    if (values.omitted)
        m->problems |= LDAP_TOO_MANY;
}

static void read_modify(struct ldap_message *m, struct cursor c)
{
    struct record_ldap_change *changes = arena_alloc(m->arena, LDAP_CHANGES * sizeof *changes);
    size_t count = 0;
    m->request.has_modify_request = true;
    m->request.modify_request.object = take_name(m, &c);
    struct cursor list = der_enter(&c, DER_SEQUENCE);
    while (changes && cursor_left(&list) > 0) {
        if (count == LDAP_CHANGES) {
            m->problems |= LDAP_TOO_MANY;
            break;
        }
        changes[count] = (struct record_ldap_change){0};
        read_change(m, &list, &changes[count++]);
    }
    check(m, &list);
    m->request.modify_request.changes = changes;
    m->request.modify_request.changes_count = count;
}

static void read_add(struct ldap_message *m, struct cursor c)
{
    struct record_ldap_new_attribute found[LDAP_ATTRIBUTES];
    size_t count = 0;
    m->request.has_add_request = true;
    m->request.add_request.entry = take_name(m, &c);
    struct cursor list = der_enter(&c, DER_SEQUENCE);
    while (cursor_left(&list) > 0) {
        struct cursor attribute = der_enter(&list, DER_SEQUENCE);
        struct bytes type = der_take(&attribute, DER_OCTET_STRING);
        struct ldap_values values = ldap_values_read(m, type, der_enter(&attribute, DER_SET));
        if (count == LDAP_ATTRIBUTES || values.omitted) {
            m->problems |= LDAP_TOO_MANY;
            if (count == LDAP_ATTRIBUTES)
                break;
        }
        found[count++] = (struct record_ldap_new_attribute){
            .name = ldap_name(m, type), .values = values.list, .values_count = values.count};
    }
    check(m, &list);
    struct record_ldap_new_attribute *kept = arena_alloc(m->arena, (count + 1) * sizeof *kept);
    if (kept)
        memcpy(kept, found, count * sizeof *kept);
    m->request.add_request.attributes = kept;
    m->request.add_request.attributes_count = kept ? count : 0;
}

static void read_mod_dn(struct ldap_message *m, struct cursor c)
{
    m->request.has_mod_dn_request = true;
    m->request.mod_dn_request.entry = take_name(m, &c);
    m->request.mod_dn_request.new_rdn = take_name(m, &c);
    m->request.mod_dn_request.delete_old_rdn = bytes_at(der_take(&c, DER_BOOLEAN), 0) != 0;
    check(m, &c);
    if (der_next_is(&c, DER_CONTEXT))
        m->request.mod_dn_request.new_superior = ldap_name(m, der_take(&c, DER_CONTEXT));
}

static void read_compare(struct ldap_message *m, struct cursor c)
{
    m->request.has_compare_request = true;
    m->request.compare_request.entry = take_name(m, &c);
    struct cursor what = der_enter(&c, DER_SEQUENCE);
    struct bytes type = der_take(&what, DER_OCTET_STRING);
    struct bytes value = der_take(&what, DER_OCTET_STRING);
    check(m, &what);
    m->request.compare_request.attribute_value_assertion.description = ldap_name(m, type);
    m->request.compare_request.attribute_value_assertion.value = ldap_value(m, type, value);
}

static struct bytes extension_name(struct bytes oid)
{
    static const struct {
        struct bytes oid;
        struct bytes name;
    } known[] = {
        {BYTES("1.3.6.1.4.1.1466.20037"), BYTES("StartTLS")},
        {BYTES("1.3.6.1.4.1.4203.1.11.1"), BYTES("password modify")},
        {BYTES("1.3.6.1.4.1.4203.1.11.3"), BYTES("whoami")},
        {BYTES("1.3.6.1.1.8"), BYTES("cancel")},
        {BYTES("1.2.840.113556.1.4.1781"), BYTES("fast bind")},
        {BYTES("1.3.6.1.4.1.1466.101.119.1"), BYTES("refresh")},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (bytes_equal(oid, known[i].oid))
            return known[i].name;
    return (struct bytes){NULL, 0};
}

static void read_extended(struct ldap_message *m, struct cursor c)
{
    m->request.has_extended_request = true;
    struct bytes oid = der_take(&c, DER_CONTEXT);
    check(m, &c);
    m->request.extended_request.name = ldap_name(m, oid);
    m->request.extended_request.extension = extension_name(oid);
    if (!der_next_is(&c, DER_CONTEXT + 1))
        return;
    m->request.extended_request.value_length = (uint32_t)der_take(&c, DER_CONTEXT + 1).len;
    m->request.extended_request.has_value_length = true;
}

static uint32_t number_of(struct bytes raw)
{
    uint32_t v = 0;
    for (size_t i = 0; i < raw.len && i < 5; i++)
        v = v << 8 | raw.data[i];
    return v;
}

void ldap_request_read(struct ldap_message *m, struct cursor c)
{
    const char *operation = "unknown";
    switch ((enum ldap_op)m->op) {
    case LDAP_BIND_REQUEST: operation = "bind_request", read_bind(m, c); break;
    case LDAP_UNBIND_REQUEST: operation = "unbind_request", m->opcode = "unbind"; break;
    case LDAP_SEARCH_REQUEST:
        operation = "search_request", m->opcode = "search";
        read_search(m, c);
        break;
    case LDAP_MODIFY_REQUEST:
        operation = "modify_request", m->opcode = "modify";
        read_modify(m, c);
        break;
    case LDAP_ADD_REQUEST: operation = "add_request", m->opcode = "add", read_add(m, c); break;
    case LDAP_DEL_REQUEST:
        operation = "del_request", m->opcode = "delete";
        m->request.has_del_request = true;
        m->request.del_request.dn = ldap_name(m, cursor_rest(&c));
        break;
    case LDAP_MOD_DN_REQUEST:
        operation = "mod_dn_request", m->opcode = "modifydn";
        read_mod_dn(m, c);
        break;
    case LDAP_COMPARE_REQUEST:
        operation = "compare_request", m->opcode = "compare";
        read_compare(m, c);
        break;
    case LDAP_ABANDON_REQUEST:
        operation = "abandon_request", m->opcode = "abandon";
        m->request.has_abandon_request = true;
        m->request.abandon_request.message_id = number_of(cursor_rest(&c));
        break;
    case LDAP_EXTENDED_REQUEST:
        operation = "extended_request", m->opcode = "extended";
        read_extended(m, c);
        break;
    default: break;
    }
    m->request.operation = bytes_from_text(operation);
}
