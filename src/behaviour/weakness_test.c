// SPDX-License-Identifier: Apache-2.0
#include "behaviour/trial.h"

TEST(smb1)
{
    struct trial t;
    trial_begin(&t);
    struct record_smb smb = {.function = BYTES("TRANS2_FIND_FIRST2")};
    struct record record = {.type = RECORD_SMB, .body = &smb};
    trial_record(&t, &record);
    CHECK_EQ(t.count, 0);
    smb.function = BYTES("TRANS2_SESSION_SETUP");
    trial_record(&t, &record);
    CHECK_EQ(trial_hits(&t, "domain.exploit", "smb1"), 1);
    trial_end(&t);
}

TEST(dns_sig)
{
    struct trial t;
    trial_begin(&t);
    static const uint8_t signature[1'000] = {1};
    struct record_dns_rr rr = {.rrtype = BYTES("RRSIG"), .rdata = {signature, sizeof signature}};
    struct record_dns dns = {.answers = &rr, .answers_count = 1};
    struct record record = {.type = RECORD_DNS, .body = &dns};
    trial_record(&t, &record);
    rr.rrtype = BYTES("SIG");
    rr.rdata.len = 200;
    trial_record(&t, &record);
    CHECK_EQ(t.count, 0);
    rr.rdata.len = sizeof signature;
    trial_record(&t, &record);
    CHECK_EQ(trial_hits(&t, "domain.exploit", "dns_sig"), 1);
    trial_end(&t);
}

TEST(rdp_channel)
{
    struct trial t;
    trial_begin(&t);
    struct bytes channels[] = {BYTES("rdpdr"), BYTES("cliprdr")};
    struct record_rdp rdp = {.channels = channels, .channels_count = 2};
    struct record record = {.type = RECORD_RDP, .body = &rdp};
    trial_record(&t, &record);
    CHECK_EQ(t.count, 0);
    channels[1] = BYTES("MS_T120");
    trial_record(&t, &record);
    CHECK_EQ(trial_hits(&t, "domain.exploit", "rdp_channel"), 1);
    trial_end(&t);
}

TEST(heartbeat)
{
    struct trial t;
    trial_begin(&t);
    struct record_anomaly anomaly = {.event = BYTES("tls.bad_record")};
    struct record record = {.type = RECORD_ANOMALY, .body = &anomaly};
    trial_record(&t, &record);
    CHECK_EQ(t.count, 0);
    anomaly.event = BYTES("tls.overflow_heartbeat_message");
    trial_record(&t, &record);
    CHECK_EQ(trial_hits(&t, "domain.exploit", "heartbeat"), 1);
    trial_end(&t);
}

TEST_MAIN(T(smb1), T(dns_sig), T(rdp_channel), T(heartbeat))
