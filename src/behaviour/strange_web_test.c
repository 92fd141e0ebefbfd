// SPDX-License-Identifier: Apache-2.0
#include "behaviour/trial.h"

static void take(struct trial *t, enum record_type type, const void *body, uint16_t port)
{
    struct record record = {.type = type, .body = body};
    record.head = (struct record_head){.timestamp = 1,
        .src_ip = trial_addr(10, 0, 0, 1),
        .dest_ip = trial_addr(203, 0, 113, 1),
        .has_dest_port = true,
        .dest_port = port};
    trial_record(t, &record);
}

TEST(requests)
{
    struct trial t;
    trial_begin(&t);
    struct record_http http = {.hostname = BYTES("www.example.com"),
        .http_method = BYTES("GET"),
        .url = BYTES("/"),
        .http_user_agent = BYTES("WindowsUpdateAgent"),
        .status = 200};
    take(&t, RECORD_HTTP, &http, 80);
    CHECK_EQ(t.count, 0);
    http.http_user_agent = BYTES("qVzKtbXwjRfdHnplGxcM");
    take(&t, RECORD_HTTP, &http, 80);
    CHECK_EQ(trial_hits(&t, "web.strange", "agent"), 1);
    http.http_user_agent = BYTES("curl/8.0");
    http.hostname = BYTES("203.0.113.1");
    http.http_content_type = BYTES("application/octet-stream");
    http.length = 70'000;
    take(&t, RECORD_HTTP, &http, 8888);
    CHECK_EQ(trial_hits(&t, "web.strange", "fetched"), 1);
    http = (struct record_http){.hostname = BYTES("pc7.ddns.net"), .http_method = BYTES("POST")};
    take(&t, RECORD_HTTP, &http, 80);
    CHECK_EQ(trial_hits(&t, "web.strange", "posted"), 1);
    trial_end(&t);
}

TEST(mail_and_names)
{
    struct trial t;
    trial_begin(&t);
    struct record_smtp smtp = {
        .helo = BYTES("DESKTOP-7Q2"), .email = {.subject = BYTES("PW_taro/DESKTOP-7Q2")}};
    take(&t, RECORD_SMTP, &smtp, 587);
    CHECK_EQ(trial_hits(&t, "web.strange", "mail"), 1);
    smtp.email.subject = BYTES("Minutes of Tuesday");
    take(&t, RECORD_SMTP, &smtp, 587);
    struct record_dns_query query = {.rrname = BYTES("pc7.ddns.net")};
    struct record_dns dns = {.type = BYTES("request"), .queries = &query, .queries_count = 1};
    take(&t, RECORD_DNS, &dns, 53);
    CHECK_EQ(trial_hits(&t, "web.strange", "dynamic"), 1);
    query.rrname = BYTES("expyuzz4wqqyqhjn.onion");
    take(&t, RECORD_DNS, &dns, 53);
    CHECK_EQ(trial_hits(&t, "web.strange", "onion"), 1);
    CHECK_EQ(trial_hits(&t, "web.strange", NULL), 3);
    trial_end(&t);
}

TEST_MAIN(T(requests), T(mail_and_names))
