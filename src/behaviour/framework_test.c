// SPDX-License-Identifier: Apache-2.0
#include "behaviour/trial.h"

static void see(struct trial *t, enum record_type type, const void *body)
{
    struct record record = {.type = type, .body = body};
    record.head = (struct record_head){.timestamp = 1'700'000'000'000'000,
        .src_ip = trial_addr(10, 0, 0, 1),
        .dest_ip = trial_addr(203, 0, 113, 1),
        .has_dest_port = true,
        .dest_port = 8080,
        .proto = BYTES("TCP")};
    trial_record(t, &record);
}

static void ask(struct trial *t, const char *method, const char *url, const char *agent)
{
    struct record_http http = {.http_method = bytes_from_text(method),
        .url = bytes_from_text(url),
        .http_user_agent = bytes_from_text(agent),
        .server = BYTES("Microsoft-IIS/7.5"),
        .request_content_type = BYTES("application/octet-stream")};
    see(t, RECORD_HTTP, &http);
}

TEST(requests)
{
    static const char ie[] = "Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko";
    struct trial t;
    trial_begin(&t);
    ask(&t, "POST", "/submit.php?id=31337", "Mozilla/5.0");
    CHECK_EQ(trial_hits(&t, "c2.framework", "http"), 1);
    CHECK_TEXT(trial_fact(&t, "tool"), "Cobalt Strike");
    ask(&t, "GET", "/login/process.php", ie);
    CHECK_TEXT(trial_fact(&t, "tool"), "Empire");
    ask(&t, "GET", "/tot7/DESKTOP-1_W10017134.0123456789ABCDEF0123456789ABCDEF/5/spk/", "");
    CHECK_TEXT(trial_fact(&t, "tool"), "TrickBot");
    CHECK_EQ(trial_hits(&t, "c2.framework", "http"), 3);
    trial_end(&t);
}

TEST(requests_that_look_alike)
{
    struct trial t;
    trial_begin(&t);
    ask(&t, "POST", "/submit.php?id=", "Mozilla/5.0");
    ask(&t, "POST", "/submit.php?id=12a", "Mozilla/5.0");
    ask(&t, "GET", "/submit.php?id=12", "Mozilla/5.0");
    ask(&t, "GET", "/news.php", "Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101");
    ask(&t, "GET", "/images/logo_2x.gif", "Mozilla/5.0");
    ask(&t, "GET", "", "");
    CHECK_EQ(trial_hits(&t, "c2.framework", NULL), 0);
    trial_end(&t);
}

TEST(first_bytes)
{
    struct trial t;
    trial_begin(&t);
    struct record_flow flow = {.first_toserver = BYTES("Microsoft Window")};
    see(&t, RECORD_FLOW, &flow);
    CHECK_EQ(trial_hits(&t, "c2.framework", "shell"), 1);
    flow.first_toserver = BYTES("");
    flow.first_toclient = BYTES("\x4a\xb4\x02\x00MZARUH\x89\xe5");
    see(&t, RECORD_FLOW, &flow);
    CHECK_TEXT(trial_fact(&t, "tool"), "Metasploit");
    flow.first_toclient = BYTES("MZARUH\x89\xe5");
    see(&t, RECORD_FLOW, &flow);
    CHECK_EQ(trial_hits(&t, "c2.framework", NULL), 2);
    trial_end(&t);
}

TEST(stolen_goods)
{
    struct trial t;
    trial_begin(&t);
    struct record_smtp mail = {.email.subject = BYTES("PW_taro/CITY-PC12")};
    see(&t, RECORD_SMTP, &mail);
    CHECK_EQ(trial_hits(&t, "c2.framework", "mail"), 1);
    struct record_ftp ftp = {
        .command = BYTES("RETR"), .command_data = BYTES("PW_taro-CITY-PC12_2026.html")};
    see(&t, RECORD_FTP, &ftp);
    ftp.command = BYTES("STOR");
    see(&t, RECORD_FTP, &ftp);
    CHECK_EQ(trial_hits(&t, "c2.framework", "ftp"), 1);
    struct record_tls tls = {.subject = BYTES("CN=AsyncRAT Server"), .sni = BYTES("a.example")};
    see(&t, RECORD_TLS, &tls);
    CHECK_EQ(trial_hits(&t, "c2.framework", "certificate"), 1);
    trial_end(&t);
}

TEST_MAIN(T(requests), T(requests_that_look_alike), T(first_bytes), T(stolen_goods))
