// SPDX-License-Identifier: Apache-2.0
// LDAP answers: RFC 4511 sections 4.1.9 (LDAPResult), 4.5.2 (entries and references) and 4.13.
#include "proto/ldap.h"

enum { DER_ENUMERATED = 0x0a, REFERRAL = 0xa3, SASL_CREDENTIALS = 0x87 };

static void check(struct ldap_message *m, const struct cursor *c)
{
    if (!cursor_ok(c))
        m->problems |= LDAP_MALFORMED;
}

static const struct bytes *read_urls(struct ldap_message *m, struct cursor list, size_t *count)
{
    struct bytes *urls = arena_alloc(m->arena, LDAP_REFERRALS * sizeof *urls);
    *count = 0;
    while (urls && cursor_left(&list) > 0) {
        struct bytes url = der_take(&list, DER_OCTET_STRING);
        if (!cursor_ok(&list))
            break;
        if (*count == LDAP_REFERRALS) {
            m->problems |= LDAP_TOO_MANY;
            break;
        }
        urls[(*count)++] = ldap_name(m, url);
    }
    check(m, &list);
    return urls;
}

// What may stand behind the fields every LDAPResult has.
static void read_more(struct ldap_message *m, struct cursor *c, struct record_ldap_result *out)
{
    while (cursor_left(c) > 0) {
        uint8_t tag;
        struct bytes value = der_any(c, &tag);
        bool extended = m->op == LDAP_EXTENDED_RESPONSE;
        if (!cursor_ok(c))
            break;
        if (tag == REFERRAL) {
            out->referrals = read_urls(m, cursor_make(value), &out->referrals_count);
        } else if (tag == SASL_CREDENTIALS && m->op == LDAP_BIND_RESPONSE) {
            m->credentials = value;
            out->server_sasl_creds_length = (uint32_t)value.len;
            out->has_server_sasl_creds_length = true;
        } else if (tag == DER_CONTEXT + 10 && extended) {
            out->name = ldap_name(m, value);
        } else if (tag == DER_CONTEXT + 11 && extended) {
            out->value = ldap_value(m, (struct bytes){NULL, 0}, value);
        }
    }
    check(m, c);
}

static void read_result(struct ldap_message *m, struct cursor c, struct record_ldap_result *out)
{
    uint32_t code = ldap_integer(m, &c, DER_ENUMERATED);
    struct bytes matched = der_take(&c, DER_OCTET_STRING), text = der_take(&c, DER_OCTET_STRING);
    check(m, &c);
    m->result_code = code < LDAP_NO_CODE ? (uint16_t)code : LDAP_NO_CODE;
    out->result_code = ldap_result_name(m->result_code);
    if (!out->result_code.data)
        out->result_code = ldap_result_words(m->result_code, m->arena);
    if (ntlm_is(matched)) // Sicily: the challenge takes the place of the name
        m->credentials = matched;
    out->matched_dn = ldap_name(m, ntlm_is(matched) ? BYTES("") : matched);
    out->message = ldap_name(m, text);
    read_more(m, &c, out);
}

static void note_netlogon(struct ldap_message *m, struct bytes type, struct cursor values)
{
    if (m->has_netlogon || !bytes_equal_nocase(type, BYTES("netlogon")))
        return;
    struct bytes value = der_take(&values, DER_OCTET_STRING);
    m->has_netlogon = ldap_netlogon_read(&m->netlogon, value, m->arena);
}

static void read_entry(struct ldap_message *m, struct cursor c)
{
    struct record_ldap_attribute found[LDAP_ATTRIBUTES];
    size_t count = 0;
    m->response.has_search_result_entry = true;
    m->response.search_result_entry.base_object = ldap_name(m, der_take(&c, DER_OCTET_STRING));
    struct cursor list = der_enter(&c, DER_SEQUENCE);
    while (cursor_left(&list) > 0) {
        struct cursor attribute = der_enter(&list, DER_SEQUENCE);
        struct bytes type = der_take(&attribute, DER_OCTET_STRING);
        struct cursor set = der_enter(&attribute, DER_SET);
        if (count == LDAP_ATTRIBUTES) {
            m->problems |= LDAP_TOO_MANY;
            break;
        }
        note_netlogon(m, type, set);
        struct ldap_values values = ldap_values_read(m, type, set);
        found[count++] = (struct record_ldap_attribute){.type = ldap_name(m, type),
            .values = values.list,
            .values_count = values.count,
            .values_omitted = values.omitted,
            .has_values_omitted = values.omitted > 0};
    }
    check(m, &list);
    struct record_ldap_attribute *kept = arena_alloc(m->arena, (count + 1) * sizeof *kept);
    if (kept)
        memcpy(kept, found, count * sizeof *kept);
    m->response.search_result_entry.attributes = kept;
    m->response.search_result_entry.attributes_count = kept ? count : 0;
}

static void read_intermediate(struct ldap_message *m, struct cursor c)
{
    m->response.has_intermediate_response = true;
    if (der_next_is(&c, DER_CONTEXT))
        m->response.intermediate_response.name = ldap_name(m, der_take(&c, DER_CONTEXT));
    if (der_next_is(&c, DER_CONTEXT + 1))
        m->response.intermediate_response.value =
            ldap_value(m, (struct bytes){NULL, 0}, der_take(&c, DER_CONTEXT + 1));
    check(m, &c);
}

// Where the answer's LDAPResult goes, and what the answer is called; NULL: it has none.
static struct record_ldap_result *result_of(struct ldap_message *m, const char **operation)
{
    struct record_ldap_response *r = &m->response;
    switch ((enum ldap_op)m->op) {
    case LDAP_BIND_RESPONSE: *operation = "bind_response"; return &r->bind_response;
    case LDAP_SEARCH_DONE: *operation = "search_result_done"; return &r->search_result_done;
    case LDAP_MODIFY_RESPONSE: *operation = "modify_response"; return &r->modify_response;
    case LDAP_ADD_RESPONSE: *operation = "add_response"; return &r->add_response;
    case LDAP_DEL_RESPONSE: *operation = "del_response"; return &r->del_response;
    case LDAP_MOD_DN_RESPONSE: *operation = "mod_dn_response"; return &r->mod_dn_response;
    case LDAP_COMPARE_RESPONSE: *operation = "compare_response"; return &r->compare_response;
    case LDAP_EXTENDED_RESPONSE: *operation = "extended_response"; return &r->extended_response;
    default: return NULL;
    }
}

void ldap_response_read(struct ldap_message *m, struct cursor c)
{
    const char *operation = "unknown";
    struct record_ldap_result *result = result_of(m, &operation);
    if (result) {
        read_result(m, c, result);
    } else if (m->op == LDAP_SEARCH_ENTRY) {
        operation = "search_result_entry";
        read_entry(m, c);
    } else if (m->op == LDAP_SEARCH_REFERENCE) {
        operation = "search_result_reference";
        m->response.has_search_result_reference = true;
        m->response.search_result_reference.urls =
            read_urls(m, c, &m->response.search_result_reference.urls_count);
    } else if (m->op == LDAP_INTERMEDIATE_RESPONSE) {
        operation = "intermediate_response";
        read_intermediate(m, c);
    }
    m->response.operation = bytes_from_text(operation);
}
