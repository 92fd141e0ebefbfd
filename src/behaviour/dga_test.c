// SPDX-License-Identifier: Apache-2.0
// With DGA_NAMES=FILE in the environment each name of the file, one a line, is printed with its
// score instead: above 0 is made up.
#include "behaviour/dga_model.h"
#include "behaviour/domain.h"
#include "behaviour/trial.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static struct domains domains;

static double score_of(const char *name)
{
    struct domain domain;
    if (!domain_split(&domains, &domain, bytes_from_text(name)) || !domain.label.len)
        return -1000;
    return dga_score(domain.label, domain.top);
}

// The same numbers as tools/dgatrain.py has for them.
TEST(scores_are_those_of_the_training)
{
    CHECK(fabs(score_of("qzxkvjwplrtb.net") - 123.197) < 0.01);
    CHECK(fabs(score_of("kanagawa-bunka.jp") + 78.862) < 0.01);
    CHECK(fabs(score_of("db54a845.top") - 26.431) < 0.01);
}

TEST(names_people_think_of)
{
    static const char *const names[] = {"www.city.kobe.lg.jp", "mail.example.co.jp", "asahi.com",
        "library.kyoto-u.ac.jp", "d3a1b2c4.cloudfront.net", "e11290.dscb.akamaiedge.net",
        "printer-3.city.example", "tokyo.jp", "localhost", NULL};
    for (const char *const *name = names; *name; name++)
        CHECK(score_of(*name) < 0);
}

TEST(the_label_is_what_its_owner_chose)
{
    struct domain domain;
    CHECK(domain_split(&domains, &domain, BYTES("a.B.Chiyoda.Tokyo.JP")));
    CHECK(bytes_equal(domain.label, BYTES("b")));
    CHECK(domain_split(&domains, &domain, BYTES("pc7.ddns.net")));
    CHECK(bytes_equal(domain.label, BYTES("pc7")) && domain.dynamic);
    CHECK(domain_split(&domains, &domain, BYTES("xyz.cloudfront.net")));
    CHECK(bytes_equal(domain.label, BYTES("cloudfront")) && !domain.dynamic);
    CHECK(!domain_split(&domains, &domain, BYTES("1.0.0.127.in-addr.arpa")));
}

static void ask(struct trial *t, int64_t second, const char *name, struct bytes rcode)
{
    struct record_dns_query query = {.rrname = bytes_from_text(name), .rrtype = BYTES("A")};
    struct record_dns dns = {
        .type = BYTES("response"), .rcode = rcode, .queries = &query, .queries_count = 1};
    struct record record = {.type = RECORD_DNS, .body = &dns};
    record.head = (struct record_head){.timestamp = second * 1'000'000 + 1,
        .src_ip = trial_addr(192, 0, 2, 53),
        .dest_ip = trial_addr(10, 0, 0, 1)};
    trial_record(t, &record);
}

static const char *const made[] = {"qzxkvjwplrtb.net", "xkqjhzvbwmt.com", "wpvtzqkxrjl.ru",
    "hgzkqxwvptd.org", "zvkxqwjrbmp.info", "tqxzkwvhjrl.biz", "kxzqvwtjphm.net", "vzqkxjwtrbn.com",
    "jqzxwvkptlr.org", "rxkzqvwjtmh.info"};

TEST(many_that_do_not_exist)
{
    struct trial t;
    trial_begin(&t);
    for (int i = 0; i < 4; i++)
        ask(&t, i, made[i], BYTES("NXDOMAIN"));
    CHECK_EQ(trial_hits(&t, "dga.names", "one"), 1);
    CHECK_EQ(t.count, 1);
    ask(&t, 4, made[4], BYTES("NXDOMAIN"));
    CHECK_EQ(trial_hits(&t, "dga.names", "missing"), 1);
    CHECK(bytes_equal(trial_fact(&t, "names"), BYTES("5")));
    CHECK_EQ(t.hits[1]->head->src_ip.bytes[0], 10);
    trial_end(&t);
}

TEST(those_that_exist_have_to_be_most)
{
    struct trial t;
    trial_begin(&t);
    for (int i = 0; i < 10; i++) {
        char plain[64];
        snprintf(plain, sizeof plain, "village-%c-news.example-%c.com", 'a' + i, 'k' + i);
        ask(&t, i, plain, BYTES("NOERROR"));
        ask(&t, i, made[i], BYTES("NOERROR"));
    }
    CHECK_EQ(t.count, 1);
    CHECK_EQ(trial_hits(&t, "dga.names", "existing"), 1);
    for (int i = 0; i < 10; i++)
        ask(&t, 100'000 + i, i ? "www.example.com" : made[0], BYTES("NOERROR"));
    CHECK_EQ(t.count, 1);
    trial_end(&t);
}

static void print_scores(const char *path)
{
    char line[DOMAIN_BYTES];
    FILE *names = fopen(path, "r");
    while (names && fgets(line, sizeof line, names)) {
        line[strcspn(line, "\r\n")] = '\0';
        printf("%.2f %s\n", score_of(line), line);
    }
    if (names)
        fclose(names);
}

TEST(names_of_a_file)
{
    const char *path = getenv("DGA_NAMES");
    if (path)
        print_scores(path);
}

TEST_MAIN(T(scores_are_those_of_the_training), T(names_people_think_of),
    T(the_label_is_what_its_owner_chose), T(many_that_do_not_exist),
    T(those_that_exist_have_to_be_most), T(names_of_a_file))
