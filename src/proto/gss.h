// SPDX-License-Identifier: Apache-2.0
// Tokens of GSS-API (RFC 2743 section 3.1), SPNEGO (RFC 4178, MS-SPNG) and what they carry: NTLM
// (ntlmssp.h) and Kerberos (RFC 4121; krb_message.h). For every protocol that authenticates by
// them.
//
// Usual call, once for each token of either side; base64 (HTTP, AUTH of mail) is the carrier's to
// undo. The session pointer lives in the carrier's state, see ntlmssp.h:
//
//     struct gss_token gss;
//     if (gss_feed(&state->ntlm, pf, tx_id, token, &gss)) {
//         if (gss.kind == GSS_KERBEROS) ...                     gss.inner: the Kerberos message
//         if (gss.state == GSS_REJECT) ntlm_result(&state->ntlm, pf, NTLM_FAILURE);
//     }
//
// Without a record: gss_read() alone. Slices point into the token.
#pragma once
#include "proto/ntlmssp.h"

enum { GSS_MECHS = 8 }; // kept of a list

enum gss_kind {
    GSS_NEGOTIATION, // SPNEGO without a token inside, or with one of another mechanism
    GSS_NTLM,        // inner: an NTLM message
    GSS_KERBEROS,    // inner: AP-REQ, AP-REP or KRB-ERROR, from its ASN.1 tag
    GSS_OTHER,       // another mechanism's token
};

enum gss_mech {
    GSS_MECH_OTHER,
    GSS_MECH_SPNEGO,
    GSS_MECH_NTLM,
    GSS_MECH_KERBEROS,
    GSS_MECH_MS_KERBEROS, // with the OID an old Windows wrote wrongly
    GSS_MECH_USER_TO_USER,
    GSS_MECH_IAKERB,
    GSS_MECH_NEGOEX,
};

// negState, RFC 4178 section 4.2.2
enum gss_state {
    GSS_COMPLETED,
    GSS_INCOMPLETE,
    GSS_REJECT,
    GSS_REQUEST_MIC,
    GSS_NO_STATE = 255,
};

struct gss_token {
    enum gss_kind kind;
    bool spnego, response;                // response: NegTokenResp
    bool malformed;                       // its DER ends early; what stands before is here
    bool more_mechs;                      // the list was longer
    uint8_t mechs[GSS_MECHS], mech_count; // enum gss_mech, as offered; of a response: chosen
    uint8_t mech;                         // enum gss_mech of what is inside, as far as known
    uint8_t state;                        // enum gss_state
    struct bytes inner;
};

// False: nothing known stands there.
bool gss_read(struct gss_token *t, struct bytes token);

// gss_read, and NTLM inside goes to the session. Reports anomalies.
bool gss_feed(struct ntlm_session **session, struct proto_flow *pf, uint64_t tx_id,
    struct bytes token, struct gss_token *t);

// The same for base64, as HTTP and the mail protocols carry tokens; what Kerberos shows becomes a
// krb5 record. Nothing happens when it is no token.
void gss_feed_text(
    struct ntlm_session **session, struct proto_flow *pf, uint64_t tx_id, struct bytes base64);

// Is this SASL mechanism (RFC 4422) one whose responses are such tokens?
bool gss_is_sasl(struct bytes mechanism);

// "NTLMSSP", "KRB5", ...
const char *gss_mech_name(uint8_t mech);
