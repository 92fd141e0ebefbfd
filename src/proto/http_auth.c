// SPDX-License-Identifier: Apache-2.0
// Log-ons by NTLM and Negotiate in HTTP: RFC 4559, MS-NTHT. The tokens of a request and its
// response go to the connection's NTLM session; a Kerberos ticket becomes a krb5 record. The result
// is told by the status: 401 or 407 without another token means that it failed.
#include "proto/http.h"

// The token behind `scheme` in a list of credentials or challenges; {NULL, 0}: none.
static struct bytes token_of(struct bytes list)
{
    static const char *const schemes[] = {"NTLM ", "Negotiate "};
    while (list.len > 0) {
        size_t comma = bytes_find_byte(list, ',');
        struct bytes item = bytes_trim(bytes_sub(list, 0, comma));
        for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
            struct bytes scheme = bytes_from_text(schemes[i]);
            if (bytes_start_with_nocase(item, scheme))
                return bytes_trim(bytes_from(item, scheme.len));
        }
        list = comma == BYTES_NOT_FOUND ? (struct bytes){NULL, 0} : bytes_from(list, comma + 1);
    }
    return (struct bytes){NULL, 0};
}

static struct bytes token_in(
    const struct http_message *m, enum http_field field, enum http_field proxy_field)
{
    struct bytes token = token_of(m->field[field]);
    return token.len ? token : token_of(m->field[proxy_field]);
}

void http_auth_feed(struct http_tx *tx)
{
    struct ntlm_session **session = &http_flow(tx->pf)->ntlm;
    struct bytes asked =
        token_in(&tx->message[FLOW_CLIENT], HTTP_AUTHORIZATION, HTTP_PROXY_AUTHORIZATION);
    struct bytes answered =
        token_in(&tx->message[FLOW_SERVER], HTTP_WWW_AUTHENTICATE, HTTP_PROXY_AUTHENTICATE);
    if (asked.len)
        gss_feed_text(session, tx->pf, tx->id, asked);
    if (!asked.len && !*session)
        return; // a challenge answers a token
    if (answered.len)
        gss_feed_text(session, tx->pf, tx->id, answered);
    bool refused = tx->status == 401 || tx->status == 407;
    if (!tx->status || (refused && answered.len) ||
        !ntlm_session_message(*session, NTLM_AUTHENTICATE))
        return;
    ntlm_result(session, tx->pf, refused ? NTLM_FAILURE : NTLM_SUCCESS);
}
