// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"
#include "proto/gss.h"
#include "proto/tokens_test.h"

TEST(spnego_with_ntlm)
{
    struct gss_token t;
    CHECK(gss_read(&t, BYTES(TOKEN_INIT)));
    CHECK_EQ(t.kind, GSS_NTLM);
    CHECK(t.spnego && !t.response && !t.malformed && !t.more_mechs);
    CHECK_EQ(t.mech_count, 4);
    CHECK_EQ(t.mechs[0], GSS_MECH_MS_KERBEROS);
    CHECK_EQ(t.mechs[3], GSS_MECH_NTLM);
    CHECK_EQ(t.mech, GSS_MECH_NTLM);
    CHECK_EQ(t.state, GSS_NO_STATE);
    CHECK(ntlm_is(t.inner));
}

TEST(answers)
{
    struct gss_token t;
    CHECK(gss_read(&t, BYTES(TOKEN_RESP)));
    CHECK_EQ(t.kind, GSS_NTLM);
    CHECK(t.response);
    CHECK_EQ(t.state, GSS_INCOMPLETE);
    CHECK_EQ(t.mech_count, 1);
    CHECK(gss_read(&t, BYTES(TOKEN_REJECT)));
    CHECK_EQ(t.state, GSS_REJECT);
    CHECK_EQ(t.kind, GSS_NEGOTIATION);
}

TEST(kerberos_inside)
{
    struct gss_token t;
    CHECK(gss_read(&t, BYTES(TOKEN_KRBINIT)));
    CHECK_EQ(t.kind, GSS_KERBEROS);
    CHECK_EQ(t.mech, GSS_MECH_KERBEROS);
    CHECK_EQ(bytes_at(t.inner, 0), 0x6e);
}

TEST(bare)
{
    struct gss_token t;
    CHECK(gss_read(&t, BYTES(TOKEN_NEGOTIATE)));
    CHECK_EQ(t.kind, GSS_NTLM);
    CHECK(!gss_read(&t, BYTES("GET / HTTP")));
    CHECK(!gss_read(&t, (struct bytes){NULL, 0}));
    CHECK_TEXT(bytes_from_text(gss_mech_name(GSS_MECH_NEGOEX)), "NEGOEX");
    CHECK_TEXT(bytes_from_text(gss_mech_name(200)), "other");
}

TEST(cut_anywhere)
{
    struct bytes whole = BYTES(TOKEN_INIT);
    for (size_t len = 0; len < whole.len; len++) {
        struct gss_token t;
        if (gss_read(&t, bytes_sub(whole, 0, len)))
            CHECK(t.malformed);
    }
}

TEST(long_list)
{
    uint8_t room[2 + 2 + 2 + 2 + 12 * 3];
    memcpy(room, "\xa0\x2a\x30\x28\xa0\x26\x30\x24", 8);
    for (size_t i = 8; i < sizeof room; i += 3)
        memcpy(&room[i], "\x06\x01\x2a", 3);
    struct gss_token t;
    CHECK(gss_read(&t, bytes_make(room, sizeof room)));
    CHECK_EQ(t.mech_count, GSS_MECHS);
    CHECK(t.more_mechs);
}

TEST_MAIN(
    T(spnego_with_ntlm), T(answers), T(kerberos_inside), T(bare), T(cut_anywhere), T(long_list))
