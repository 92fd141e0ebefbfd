// SPDX-License-Identifier: Apache-2.0
// What the files of the LDAP parser share. Nobody else's.
#pragma once
#include "proto/der.h"
#include "proto/gss.h"

enum {
    LDAP_MESSAGE_BYTES = 1024 * 1024, // of one message or SASL buffer; longer ones are passed over
    LDAP_PENDING = 64,                // requests that wait for their answer
    LDAP_TX_BYTES = 512 * 1024,       // memory of one exchange
    LDAP_RESPONSES = 32,              // answers kept of one exchange, beside the last
    LDAP_ATTRIBUTES = 256,            // of an entry or request
    LDAP_VALUES = 64,                 // of an attribute
    LDAP_CHANGES = 64,                // of a modification
    LDAP_CONTROLS = 16,
    LDAP_REFERRALS = 16,
    LDAP_NAME_BYTES = 2048, // of a distinguished name
    LDAP_VALUE_BYTES = 512,
    LDAP_FILTER_BYTES = 4096, // of a filter as text
    LDAP_FILTER_DEPTH = 32,
};

// protocolOp: the tag on the wire.
enum ldap_op {
    LDAP_BIND_REQUEST = 0x60,
    LDAP_BIND_RESPONSE = 0x61,
    LDAP_UNBIND_REQUEST = 0x42,
    LDAP_SEARCH_REQUEST = 0x63,
    LDAP_SEARCH_ENTRY = 0x64,
    LDAP_SEARCH_DONE = 0x65,
    LDAP_SEARCH_REFERENCE = 0x73,
    LDAP_MODIFY_REQUEST = 0x66,
    LDAP_MODIFY_RESPONSE = 0x67,
    LDAP_ADD_REQUEST = 0x68,
    LDAP_ADD_RESPONSE = 0x69,
    LDAP_DEL_REQUEST = 0x4a,
    LDAP_DEL_RESPONSE = 0x6b,
    LDAP_MOD_DN_REQUEST = 0x6c,
    LDAP_MOD_DN_RESPONSE = 0x6d,
    LDAP_COMPARE_REQUEST = 0x6e,
    LDAP_COMPARE_RESPONSE = 0x6f,
    LDAP_ABANDON_REQUEST = 0x50,
    LDAP_EXTENDED_REQUEST = 0x77,
    LDAP_EXTENDED_RESPONSE = 0x78,
    LDAP_INTERMEDIATE_RESPONSE = 0x79,
};

enum ldap_problem { LDAP_MALFORMED = 1, LDAP_CUT = 2, LDAP_TOO_MANY = 4, LDAP_DEEP = 8 };

enum { LDAP_NO_CODE = UINT16_MAX };

// One message in words. Everything lives in the arena, but for the slices of `credentials`.
struct ldap_message {
    struct arena *arena;
    uint32_t id;
    uint8_t op;       // enum ldap_op
    uint8_t problems; // enum ldap_problem, or-ed
    uint16_t result_code;
    struct bytes credentials; // of SASL and Sicily, either way: on the wire
    struct bytes mechanism;   // of SASL, on the wire
    struct record_ldap_request request;
    struct record_ldap_response response;
    const char *opcode, *authtype;
    struct bytes bindname, user;
    struct record_ldap_netlogon netlogon;
    bool has_netlogon;
};

// ldap_message.c. False: no LDAP message. `message` is all of it, from the SEQUENCE.
bool ldap_message_read(struct ldap_message *m, struct bytes message, struct arena *arena);
bool ldap_op_asks(uint8_t op);

// ldap_request.c, ldap_response.c: the operation itself. `c` holds what stands in its tag.
void ldap_request_read(struct ldap_message *m, struct cursor c);
void ldap_response_read(struct ldap_message *m, struct cursor c);

// ldap_text.c: pieces of either.
struct bytes ldap_name(struct ldap_message *m, struct bytes raw);
struct bytes ldap_value(struct ldap_message *m, struct bytes attribute, struct bytes raw);
struct ldap_values {
    const struct bytes *list;
    size_t count;
    uint32_t omitted;
};
struct ldap_values ldap_values_read(
    struct ldap_message *m, struct bytes attribute, struct cursor c);
struct bytes ldap_result_name(uint16_t code); // "invalid_credentials"; {NULL, 0}: none
struct bytes ldap_result_words(uint16_t code, struct arena *arena); // "invalid credentials"
uint32_t ldap_integer(struct ldap_message *m, struct cursor *c, uint8_t tag);

// ldap_filter.c: RFC 4511 section 4.5.1.7 as RFC 4515 writes it.
struct bytes ldap_filter_text(struct ldap_message *m, struct cursor *c);

// ldap_netlogon.c: the value of the attribute Netlogon. False: not the form with DNS names.
bool ldap_netlogon_read(struct record_ldap_netlogon *out, struct bytes value, struct arena *arena);
