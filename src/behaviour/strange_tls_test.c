// SPDX-License-Identifier: Apache-2.0
#include "behaviour/trial.h"

static void shake(struct trial *t, uint16_t port, struct record_tls tls, struct bytes proto)
{
    struct record record = {.type = RECORD_TLS, .body = &tls};
    record.head = (struct record_head){.timestamp = 1'700'000'000'000'000, // November 2023
        .src_ip = trial_addr(10, 0, 0, 1),
        .dest_ip = trial_addr(203, 0, 113, 1),
        .has_dest_port = true,
        .dest_port = port,
        .proto = proto};
    trial_record(t, &record);
}

TEST(several_traits_together)
{
    struct trial t;
    trial_begin(&t);
    struct record_tls own = {.subject = BYTES("CN=box"),
        .issuerdn = BYTES("CN=box"),
        .notbefore = BYTES("2023-11-12T08:00:00"),
        .notafter = BYTES("2024-11-12T08:00:00")};
    shake(&t, 4782, own, BYTES("TCP")); // no name, a port of its own, self-signed, two days old
    CHECK_EQ(trial_hits(&t, "tls.strange", "certificate"), 1);
    CHECK_EQ(t.hits[0]->severity, SEVERITY_HIGH);
    shake(&t, 4782, own, BYTES("UDP"));
    own.sni = BYTES("box.example.com");
    own.notbefore = BYTES("2023-01-12T08:00:00");
    shake(&t, 443, own, BYTES("TCP")); // self-signed, and nothing beside
    own.issuerdn = BYTES("CN=An Authority");
    shake(&t, 4782, own, BYTES("TCP"));
    CHECK_EQ(t.count, 1);
    trial_end(&t);
}

TEST(names_of_tor)
{
    struct trial t;
    trial_begin(&t);
    struct record_tls relay = {
        .subject = BYTES("CN=www.q7dkx2uamzb4.net"), .issuerdn = BYTES("CN=www.hw3ktjv5p.com")};
    shake(&t, 9001, relay, BYTES("TCP"));
    CHECK_EQ(trial_hits(&t, "tls.strange", "tor"), 1);
    trial_end(&t);
}

TEST_MAIN(T(several_traits_together), T(names_of_tor))
