// SPDX-License-Identifier: Apache-2.0
// One Kerberos message (RFC 4120 section 5): from its ASN.1 tag, wherever it came from (port 88,
// GSS-API, kpasswd). No keys, so what is encrypted stays so; its type is told.
#pragma once
#include "proto/gss.h"

enum {
    KRB_NAME_BYTES = 512,           // of a principal
    KRB_COMPONENTS = 16,            // of its name
    KRB_ETYPES = 32,                // of a request
    KRB_PREAUTH = 32,               // elements of pre-authentication data
    KRB_ADDRESSES = 16,             // of a request
    KRB_TICKETS = 4,                // additional ones of a request
    KRB_MESSAGE_BYTES = 256 * 1024, // of one message; a ticket with many groups has 64 KiB
};

enum krb_type {
    KRB_AS_REQ = 10,
    KRB_AS_REP = 11,
    KRB_TGS_REQ = 12,
    KRB_TGS_REP = 13,
    KRB_AP_REQ = 14,
    KRB_AP_REP = 15,
    KRB_SAFE = 20,
    KRB_PRIV = 21,
    KRB_CRED = 22,
    KRB_ERROR = 30,
};

enum krb_problem { KRB_MALFORMED = 1, KRB_CUT = 2, KRB_TOO_MANY = 4 };

struct krb_ticket {
    bool present;
    struct bytes realm, sname;
    int32_t etype;
    uint32_t kvno;
    struct bytes sha256; // of its encrypted part: the same ticket has the same
};

// Slices lie in the message or in the arena.
struct krb_message {
    struct arena *arena;
    uint8_t type;     // enum krb_type
    uint8_t problems; // enum krb_problem, or-ed
    struct bytes cname, crealm, realm,
        sname;             // of requests realm, of replies crealm is the client's
    struct bytes for_user; // S4U2Self (MS-SFU): on whose behalf
    uint32_t options;      // kdc-options or ap-options, first bit on top
    int64_t from_us, till_us, renew_us, server_us, client_us;
    int32_t etypes[KRB_ETYPES];
    size_t etype_count;
    int32_t preauth[KRB_PREAUTH]; // padata types; of an error: those asked for
    size_t preauth_count;
    struct bytes addresses[KRB_ADDRESSES];
    size_t address_count;
    bool has_etype;
    int32_t etype;              // of what is encrypted for the client, or of an authenticator
    struct krb_ticket ticket;   // of a reply, or of an AP-REQ
    struct krb_ticket auth;     // of a TGS-REQ: the one it is authorized by
    struct krb_ticket evidence; // first additional ticket: delegation, user to user
    int32_t error_code;
    bool has_nt_status;
    uint32_t nt_status; // MS-KILE section 2.2.1: why, in Windows' words
    struct bytes error_text;
    struct bytes certificate; // PKINIT (RFC 4556): the sender's, DER
};

// False: not a whole Kerberos message. A damaged one has KRB_MALFORMED in problems.
bool krb_read(struct krb_message *m, struct bytes message, struct arena *arena);

// The names are static. Numbers without a name give NULL.
const char *krb_type_name(uint8_t type); // "KRB_AS_REQ"
const char *krb_etype_name(int32_t etype);
const char *krb_error_name(int32_t code);
const char *krb_preauth_name(int32_t type);
const char *krb_option_name(bool ap, unsigned bit);
bool krb_etype_weak(int32_t etype); // neither AES nor Camellia

// "cname/REALM", as Zeek writes a client; {NULL, 0} without both.
struct bytes krb_client(struct bytes cname, struct bytes realm, struct arena *arena);

// Copy what points into the wire's bytes, so that the message outlives them.
void krb_own(struct krb_message *m);

// A krb5 record of a message that another protocol carried: an AP-REQ or error inside GSS-API.
void krb_emit_carried(struct proto_flow *pf, uint64_t tx_id, struct bytes message);
