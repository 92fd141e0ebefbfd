// SPDX-License-Identifier: Apache-2.0
// First responses of SASL mechanisms: PLAIN (RFC 4616) authzid NUL user NUL password; LOGIN the
// user alone; CRAM-MD5 (RFC 2195) user SP digest; SCRAM (RFC 5802) and OAUTHBEARER (RFC 7628)
// attributes n=user, a=user behind the GS2 header; XOAUTH2 user=... up to a separator.
#include "proto/sasl.h"
#include "proto/mime_codec.h"
#include "proto/text_out.h"

static struct bytes up_to(struct bytes text, uint8_t end)
{
    return bytes_sub(text, 0, bytes_find_byte(text, end));
}

// "n,,n=user,r=..." or "n,a=user,\1..."
static struct bytes gs2_user(struct bytes plain)
{
    size_t at = bytes_find(plain, BYTES(",n="));
    if (at == BYTES_NOT_FOUND)
        at = bytes_find(plain, BYTES(",a="));
    return at == BYTES_NOT_FOUND ? (struct bytes){NULL, 0} : up_to(bytes_from(plain, at + 3), ',');
}

static struct bytes plain_user(struct bytes mechanism, struct bytes plain)
{
    if (bytes_equal_nocase(mechanism, BYTES("PLAIN"))) {
        size_t nul = bytes_find_byte(plain, 0);
        return nul == BYTES_NOT_FOUND ? (struct bytes){NULL, 0}
                                      : up_to(bytes_from(plain, nul + 1), 0);
    }
    if (bytes_equal_nocase(mechanism, BYTES("LOGIN")))
        return plain;
    if (bytes_equal_nocase(mechanism, BYTES("CRAM-MD5")))
        return up_to(plain, ' ');
    if (bytes_start_with(plain, BYTES("user=")))
        return up_to(bytes_from(plain, 5), 1);
    if (bytes_start_with_nocase(mechanism, BYTES("SCRAM-")) ||
        bytes_equal_nocase(mechanism, BYTES("OAUTHBEARER")))
        return gs2_user(plain);
    return (struct bytes){NULL, 0};
}

size_t sasl_user(struct bytes mechanism, struct bytes response, char *out, size_t room)
{
    uint8_t buffer[SASL_BYTES];
    struct base64 state = {0};
    response = bytes_sub(response, 0, SASL_BYTES);
    struct bytes plain = bytes_make(buffer, base64_decode(&state, response, buffer));
    struct bytes user = bytes_sub(plain_user(mechanism, plain), 0, room);
    if (user.len > 0)
        memcpy(out, user.data, user.len);
    explicit_bzero(buffer, sizeof buffer);
    return user.len;
}

size_t sasl_ntlm_user(const struct ntlm_session *session, char *out, size_t room)
{
    const struct ntlm_message *m =
        session ? ntlm_session_message(session, NTLM_AUTHENTICATE) : NULL;
    struct text_out text = {.data = out, .room = room};
    if (!m || m->user.len == 0)
        return 0;
    if (m->domain.len > 0) {
        text_out_put(&text, m->domain);
        text_out_char(&text, '\\');
    }
    text_out_put(&text, m->user);
    return text.len;
}
