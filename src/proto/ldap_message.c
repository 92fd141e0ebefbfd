// SPDX-License-Identifier: Apache-2.0
// The envelope of an LDAP message: RFC 4511 section 4.1.1. Controls are named, not read.
#include "proto/ldap.h"

bool ldap_op_asks(uint8_t op)
{
    switch (op) {
    case LDAP_BIND_REQUEST:
    case LDAP_UNBIND_REQUEST:
    case LDAP_SEARCH_REQUEST:
    case LDAP_MODIFY_REQUEST:
    case LDAP_ADD_REQUEST:
    case LDAP_DEL_REQUEST:
    case LDAP_MOD_DN_REQUEST:
    case LDAP_COMPARE_REQUEST:
    case LDAP_ABANDON_REQUEST:
    case LDAP_EXTENDED_REQUEST: return true;
    default: return false;
    }
}

static bool op_answers(uint8_t op)
{
    switch (op) {
    case LDAP_BIND_RESPONSE:
    case LDAP_SEARCH_ENTRY:
    case LDAP_SEARCH_DONE:
    case LDAP_SEARCH_REFERENCE:
    case LDAP_MODIFY_RESPONSE:
    case LDAP_ADD_RESPONSE:
    case LDAP_DEL_RESPONSE:
    case LDAP_MOD_DN_RESPONSE:
    case LDAP_COMPARE_RESPONSE:
    case LDAP_EXTENDED_RESPONSE:
    case LDAP_INTERMEDIATE_RESPONSE: return true;
    default: return false;
    }
}

// Controls [0]: SEQUENCE OF SEQUENCE { controlType, criticality, controlValue }.
static void controls_read(struct ldap_message *m, struct cursor *c)
{
    if (!der_next_is(c, DER_CONTEXT_STRUCTURED))
        return;
    struct cursor list = der_enter(c, DER_CONTEXT_STRUCTURED);
    struct bytes *found = arena_alloc(m->arena, LDAP_CONTROLS * sizeof *found);
    m->request.controls = found;
    while (found && cursor_left(&list) > 0) {
        struct cursor control = der_enter(&list, DER_SEQUENCE);
        struct bytes type = der_take(&control, DER_OCTET_STRING);
        if (!cursor_ok(&control))
            break;
        if (m->request.controls_count == LDAP_CONTROLS) {
            m->problems |= LDAP_TOO_MANY;
            break;
        }
        found[m->request.controls_count++] = ldap_name(m, type);
    }
    if (!cursor_ok(&list))
        m->problems |= LDAP_MALFORMED;
}

bool ldap_message_read(struct ldap_message *m, struct bytes message, struct arena *arena)
{
    *m = (struct ldap_message){.arena = arena, .result_code = LDAP_NO_CODE};
    struct cursor c = cursor_make(message);
    struct cursor inner = der_enter(&c, DER_SEQUENCE);
    m->id = ldap_integer(m, &inner, DER_INTEGER);
    struct bytes body = der_any(&inner, &m->op);
    if (!cursor_ok(&inner) || m->problems)
        return false;
    if (ldap_op_asks(m->op)) {
        m->request.message_id = m->id;
        ldap_request_read(m, cursor_make(body));
        controls_read(m, &inner);
        return true;
    }
    if (!op_answers(m->op))
        return false;
    ldap_response_read(m, cursor_make(body));
    return true;
}
