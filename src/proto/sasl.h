// SPDX-License-Identifier: Apache-2.0
// Who logs on by SASL (RFC 4422), as SMTP, POP3 and IMAP carry it: base64 responses.
#pragma once
#include "proto/ntlmssp.h"

enum { SASL_BYTES = 512 }; // of a response are looked at

// User named by the first response of a mechanism, copied to `out` (`room` bytes): its length, 0
// when it names none. What else the response holds (a password, a token) is not kept.
size_t sasl_user(struct bytes mechanism, struct bytes response, char *out, size_t room);

// User of a session's NTLM, DOMAIN\user: its length, 0 when it is not known yet.
size_t sasl_ntlm_user(const struct ntlm_session *session, char *out, size_t room);
