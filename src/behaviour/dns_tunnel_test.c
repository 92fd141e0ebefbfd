// SPDX-License-Identifier: Apache-2.0
#include "behaviour/trial.h"
#include <stdio.h>

static void ask(struct trial *t, int64_t second, const char *name, const char *type, size_t back)
{
    static const uint8_t answer[200];
    struct record_dns_query query = {
        .rrname = bytes_from_text(name), .rrtype = bytes_from_text(type)};
    struct record_dns_rr rr = {.rrtype = query.rrtype, .rdata = bytes_make(answer, back)};
    struct record_dns dns = {.type = BYTES("response"), .queries = &query, .queries_count = 1};
    dns.answers = &rr;
    dns.answers_count = back != 0;
    struct record record = {.type = RECORD_DNS, .body = &dns};
    record.head = (struct record_head){.timestamp = second * 1'000'000 + 1,
        .src_ip = trial_addr(192, 0, 2, 53),
        .dest_ip = trial_addr(10, 0, 0, 1)};
    trial_record(t, &record);
}

static void ask_many(struct trial *t, unsigned count, int64_t apart, const char *form, size_t back)
{
    char name[256];
    for (unsigned i = 0; i < count; i++) {
        snprintf(name, sizeof name, form, i * 2'654'435'761u, i * 40'503u);
        ask(t, (int64_t)i * apart, name, "TXT", back);
    }
}

TEST(two_ways)
{
    struct trial t;
    trial_begin(&t);
    ask_many(&t, 14, 1, "a%08xq%08xb91kq2z7x0.t.example.com", 80);
    CHECK_EQ(t.count, 0);
    ask_many(&t, 15, 1, "a%08xq%08xb91kq2z7x0.t.example.com", 80);
    CHECK_EQ(trial_hits(&t, "dns.tunnel", "tunnel"), 1);
    CHECK(bytes_equal(trial_fact(&t, "domain"), BYTES("example.com")));
    CHECK_EQ(t.hits[0]->head->src_ip.bytes[0], 10);
    trial_end(&t);
}

// An hour apart, and nothing comes back.
TEST(slow_and_outward)
{
    struct trial t;
    trial_begin(&t);
    ask_many(&t, 20, 3'600, "%08x%08x9e37c0ffee12.example.net", 0);
    CHECK_EQ(trial_hits(&t, "dns.tunnel", "outward"), 1);
    trial_end(&t);
}

TEST(without_a_registered_domain)
{
    struct trial t;
    trial_begin(&t);
    ask_many(&t, 20, 1, "dnscat.%08x%08x00a6023ed4df184d", 60);
    CHECK_EQ(trial_hits(&t, "dns.tunnel", "tunnel"), 1);
    trial_end(&t);
}

TEST(one_name_of_base64)
{
    struct trial t;
    trial_begin(&t);
    ask(&t, 1, "UGVvcGxlIGhhdmUgbmFtZXMgbGlrZSB0aGF0IG5vdA==.example.org", "A", 4);
    CHECK_EQ(trial_hits(&t, "dns.tunnel", "name"), 1);
    trial_end(&t);
}

TEST(others_have_such_names_as_well)
{
    struct trial t;
    trial_begin(&t);
    ask_many(&t, 200, 1, "%08x%08x9e37c0ffee12.avqs.mcafee.com", 0);       // anti-virus
    ask_many(&t, 200, 1, "%u.%u.2.0.192.in-addr.arpa", 30);                // reverse names
    ask_many(&t, 200, 1, "%08x%08x-9e37-c0ff._msdcs.city.example.jp", 30); // a directory
    for (int i = 0; i < 200; i++) {
        char name[64];
        snprintf(name, sizeof name, "meeting-room-printer-%d.example.com", i); // words
        ask(&t, i, name, "A", 4);
    }
    CHECK_EQ(t.count, 0);
    trial_end(&t);
}

TEST_MAIN(T(two_ways), T(slow_and_outward), T(without_a_registered_domain), T(one_name_of_base64),
    T(others_have_such_names_as_well))
