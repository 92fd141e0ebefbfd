// SPDX-License-Identifier: Apache-2.0
#include "behaviour/trial.h"
#include <stdio.h>

static void ask(struct trial *t, const char *name, const char *type, const char *rcode)
{
    struct record_dns_query query = {
        .rrname = bytes_from_text(name), .rrtype = bytes_from_text(type)};
    struct record_dns dns = {.type = BYTES("response"),
        .qr = true,
        .rcode = bytes_from_text(rcode),
        .queries = &query,
        .queries_count = 1};
    struct record record = {.type = RECORD_DNS,
        .body = &dns,
        .head = {.timestamp = 1,
            .src_ip = trial_addr(10, 0, 0, 53),
            .src_port = 53,
            .has_src_port = true,
            .dest_ip = trial_addr(10, 0, 0, 1),
            .dest_port = 5000,
            .has_dest_port = true}};
    trial_record(t, &record);
}

TEST(guessed_names)
{
    struct trial t;
    char name[64];
    trial_begin(&t);
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "word%d.example.org", i);
        ask(&t, name, "A", "NXDOMAIN");
        snprintf(name, sizeof name, "%d.2.0.192.list.example.net", i); // a list of addresses
        ask(&t, name, "A", "NXDOMAIN");
    }
    CHECK_EQ(trial_hits(&t, "scan.names", "names"), 1);
    CHECK(bytes_equal(trial_fact(&t, "asked_for"), BYTES("example.org")));
    trial_end(&t);
}

TEST(whole_zone)
{
    struct trial t;
    trial_begin(&t);
    ask(&t, "example.org", "AXFR", "NOERROR");
    CHECK_EQ(trial_hits(&t, "scan.names", "zone_transfer"), 1);
    CHECK_EQ(t.hits[0]->head->src_ip.bytes[3], 1);
    trial_end(&t);
}

TEST(one_address_after_another)
{
    struct trial t;
    trial_begin(&t);
    for (uint8_t i = 0; i < 5; i++) {
        struct record_dhcp dhcp = {.dhcp_type = BYTES("request"),
            .client_mac = BYTES("\2\0\0\0\0\1"),
            .client_ip = trial_addr(10, 0, 0, 7),
            .requested_ip = trial_addr(10, 0, 0, i)};
        struct record record = {.type = RECORD_DHCP, .body = &dhcp, .head = {.timestamp = 1}};
        trial_record(&t, &record);
    }
    CHECK_EQ(trial_hits(&t, "scan.names", "leases"), 1);
    CHECK_EQ(t.hits[0]->head->src_ip.bytes[3], 7);
    trial_end(&t);
}

TEST_MAIN(T(guessed_names), T(whole_zone), T(one_address_after_another))
