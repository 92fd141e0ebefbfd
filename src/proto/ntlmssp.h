// SPDX-License-Identifier: Apache-2.0
// NTLM messages (MS-NLMP section 2.2) wherever they travel, and the ntlm record of one log-on.
//
// A carrier (SMB, HTTP, LDAP, DCE/RPC, RDP, TDS, AUTH of the mail protocols) keeps one pointer in
// its state, NULL at first, hands over every token of either side, and says how it ended:
//
//     struct ntlm_session *ntlm;                          // in the state
//     gss_feed(&state->ntlm, pf, tx, token, &gss);        // gss.h; finds NTLM in SPNEGO or bare
//     ntlm_result(&state->ntlm, pf, NTLM_SUCCESS);        // emits the record
//     ntlm_result(&state->ntlm, pf, NTLM_UNKNOWN);        // in finish: emits what there is, frees
//
// ntlm_session_user() and its like tell the carrier who logged on, for its own record. Carriers
// that need no record parse alone with ntlm_read(). Never kept: responses and session keys.
#pragma once
#include "proto/proto.h"

enum {
    NTLM_TEXT_BYTES = 1024,          // of a name on the wire; the rest is cut
    NTLM_AV_PAIRS = 32,              // looked at in a message
    NTLM_SESSION_BYTES = 128 * 1024, // memory of one log-on
};

enum ntlm_type { NTLM_NEGOTIATE = 1, NTLM_CHALLENGE = 2, NTLM_AUTHENTICATE = 3 };

enum ntlm_outcome { NTLM_UNKNOWN, NTLM_SUCCESS, NTLM_FAILURE };

enum ntlm_problem { NTLM_MALFORMED = 1, NTLM_CUT = 2, NTLM_TOO_MANY = 4 };

struct ntlm_version { // of the operating system
    bool present;
    uint8_t major, minor, revision;
    uint16_t build;
};

// Attribute-value pairs (section 2.2.2.1). In an AUTHENTICATE they are the server's, completed by
// the client: `target` is the name of the service it meant to talk to.
struct ntlm_av {
    struct bytes nb_computer, nb_domain, dns_computer, dns_domain, dns_tree, target;
    int64_t time_us; // 0: none
    uint32_t flags;
    bool channel_binding; // bound to a TLS channel
};

// A message. Texts are UTF-8 in the arena of ntlm_read(); {NULL, 0}: not there.
struct ntlm_message {
    uint8_t type; // enum ntlm_type
    uint8_t problems;
    uint32_t flags;
    struct ntlm_version version;
    struct bytes domain, workstation, user; // NEGOTIATE (no user) and AUTHENTICATE
    struct bytes target_name;               // CHALLENGE
    uint8_t challenge[8];
    struct ntlm_av av;
    uint16_t lm_bytes, nt_bytes; // lengths of the responses
    bool mic;
    const char *kind; // AUTHENTICATE: "NTLMv1", "NTLMv1-ESS", "NTLMv2", "LM" or "anonymous"
};

static inline bool ntlm_is(struct bytes token)
{
    return bytes_start_with(token, BYTES("NTLMSSP\0"));
}

// False: no NTLM message. What is damaged in one is noted in problems and left out.
bool ntlm_read(struct ntlm_message *m, struct bytes token, struct arena *arena);

// "10.0.19041", and as EVE has it: "10.0 build 19041 rev 15". {NULL, 0}: it does not say.
struct bytes ntlm_version_text(const struct ntlm_version *v, struct arena *arena);
struct bytes ntlm_version_eve(const struct ntlm_version *v, struct arena *arena);

struct ntlm_session;

// One token of either side; what is no NTLM message is passed over. A NEGOTIATE behind an
// AUTHENTICATE ends the log-on before and emits it. tx_id: as for proto_emit.
void ntlm_feed(
    struct ntlm_session **session, struct proto_flow *pf, uint64_t tx_id, struct bytes token);

// The log-on is over: emits its record, gives its memory back, sets *session to NULL. Nothing
// happens when it is NULL.
void ntlm_result(struct ntlm_session **session, struct proto_flow *pf, enum ntlm_outcome outcome);

// The messages seen so far; NULL: not seen. They live until ntlm_result().
const struct ntlm_message *ntlm_session_message(
    const struct ntlm_session *session, enum ntlm_type type);
