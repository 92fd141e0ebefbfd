// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"
#include "intel/internal.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { NOON_S = 1'795'262'400 }; // 2026-11-21 12:00:00 UTC
enum { SEEN_MOST = 16, TEXT_BYTES = 200 };

struct seen {
    struct {
        char detector[32], rule[TEXT_BYTES], where[64], value[TEXT_BYTES], sources[TEXT_BYTES],
            techniques[64];
        enum severity severity;
        enum phase phase;
        uint8_t certainty;
        size_t sources_count;
        bool subject_is_dest;
    } hits[SEEN_MOST];
    size_t count;
};

struct setting {
    struct config config;
    struct intel *intel;
    struct metrics counts;
    struct seen seen;
};

static void text_put(char *out, size_t room, struct bytes text)
{
    snprintf(out, room, "%.*s", (int)text.len, text.data ? (const char *)text.data : "");
}

static void on_hit(void *context, const struct hit *hit)
{
    struct seen *seen = context;
    size_t i = seen->count++ % SEEN_MOST, len = 0;
    text_put(seen->hits[i].detector, 32, bytes_from_text(hit->detector));
    text_put(seen->hits[i].rule, TEXT_BYTES, hit->rule);
    text_put(seen->hits[i].where, 64, hit->matches[0].where);
    text_put(seen->hits[i].value, TEXT_BYTES, hit->matches[0].data);
    text_put(seen->hits[i].techniques, 64, hit->techniques_count ? hit->techniques[0] : BYTES(""));
    seen->hits[i].sources[0] = '\0';
    for (size_t s = 0; s < hit->sources_count && len < TEXT_BYTES; s++)
        len += (size_t)snprintf(&seen->hits[i].sources[len], TEXT_BYTES - len, "%.*s=%.*s/%u/%.*s;",
            (int)hit->sources[s].name.len, (const char *)hit->sources[s].name.data,
            (int)hit->sources[s].says.len, (const char *)hit->sources[s].says.data,
            hit->sources[s].confidence, (int)hit->sources[s].tlp.len,
            (const char *)hit->sources[s].tlp.data);
    seen->hits[i].severity = hit->severity;
    seen->hits[i].phase = hit->phase;
    seen->hits[i].certainty = hit->certainty;
    seen->hits[i].sources_count = hit->sources_count;
    seen->hits[i].subject_is_dest = hit->subject_is_dest;
}

static bool set_up(struct setting *s, const char *csv)
{
    char path[] = "/tmp/yagura-intel-XXXXXX.csv";
    int fd = mkstemps(path, 4);
    memset(&s->counts, 0, sizeof s->counts);
    s->seen.count = 0;
    s->intel = NULL;
    if (fd < 0 || write(fd, csv, strlen(csv)) != (ssize_t)strlen(csv) || close(fd) != 0)
        return false;
    const char *paths[] = {path};
    struct intel_report report;
    struct intel_options options = {.config = &s->config, .paths = paths, .paths_count = 1};
    s->intel = intel_load(&options, &report);
    intel_report_finish(&report);
    unlink(path);
    return s->intel != NULL;
}

static void ask(struct setting *s, enum record_type type, const void *body, const char *src,
    const char *dest, uint16_t dest_port)
{
    struct record record = {.type = type, .body = body};
    record.head.timestamp = NOON_S * 1'000'000LL;
    CHECK(addr_parse(bytes_from_text(src), &record.head.src_ip));
    CHECK(addr_parse(bytes_from_text(dest), &record.head.dest_ip));
    record.head.src_port = 50'000;
    record.head.dest_port = dest_port;
    s->seen.count = 0;
    intel_record(s->intel, &record, &s->counts, on_hit, &s->seen);
}

#define US   "10.1.2.3"
#define THEM "203.0.113.5"

TEST(a_flow_with_a_listed_peer_hits_once)
{
    struct setting s = {.config = config_defaults};
    CHECK(set_up(&s, "indicator,source,confidence,tlp,description,techniques\n"
                     "203.0.113.5,A,80,amber,Emotet,T1071.001\n203.0.113.0/24,B,50,,hoster,\n"
                     "203.0.113.5:443,A,90,,panel,\n"));
    struct record_flow flow = {.pkts_toclient = 3};
    ask(&s, RECORD_FLOW, &flow, US, THEM, 443);
    CHECK_EQ(s.seen.count, 1);
    CHECK_TEXT(bytes_from_text(s.seen.hits[0].detector), "intel.address");
    CHECK_TEXT(bytes_from_text(s.seen.hits[0].rule), "203.0.113.5:443");
    CHECK_TEXT(bytes_from_text(s.seen.hits[0].where), "flow.dest_ip");
    CHECK_TEXT(
        bytes_from_text(s.seen.hits[0].sources), "A=panel/90/;A=Emotet/80/amber;B=hoster/50/;");
    CHECK_TEXT(bytes_from_text(s.seen.hits[0].techniques), "T1071.001");
    CHECK_EQ(s.seen.hits[0].certainty, 95); // A's 90, and B's 50 of the rest
    CHECK(!s.seen.hits[0].subject_is_dest);
    ask(&s, RECORD_FLOW, &flow, US, "203.0.113.77", 80);
    CHECK_TEXT(bytes_from_text(s.seen.hits[0].rule), "203.0.113.0/24");
    ask(&s, RECORD_FLOW, &flow, THEM, US, 22);
    CHECK_EQ(s.seen.count, 1);
    CHECK_TEXT(bytes_from_text(s.seen.hits[0].detector), "intel.inbound");
    CHECK(s.seen.hits[0].subject_is_dest);
    CHECK_EQ(s.seen.hits[0].severity, SEVERITY_LOW);
    flow.pkts_toclient = 0;
    ask(&s, RECORD_FLOW, &flow, THEM, US, 22);
    CHECK_EQ(s.seen.hits[0].severity, SEVERITY_INFO);
    ask(&s, RECORD_FLOW, &flow, US, "198.51.100.1", 443);
    CHECK_EQ(s.seen.count, 0);
    intel_destroy(s.intel);
}

TEST(time_confidence_and_marking)
{
    struct setting s = {.config = config_defaults};
    s.config.intel.min_confidence = 40;
    s.config.intel.max_tlp = CONFIG_INTEL_MAX_TLP_AMBER;
    CHECK(set_up(&s, "domain,valid_from,valid_until,confidence,tlp\n"
                     "old.bad.test,,2026-11-21T12:00:00Z,,\n"
                     "today.bad.test,,2026-11-21,,\n"
                     "new.bad.test,2026-11-21T12:00:01Z,,,\n"
                     "now.bad.test,2026-11-21T12:00:00Z,2026-11-21T12:00:01Z,,\n"
                     "unsure.bad.test,,,30,\n"
                     "secret.bad.test,,,90,red\n"));
    static const struct {
        const char *name;
        size_t hits;
    } cases[] = {{"old.bad.test", 0}, {"today.bad.test", 1}, {"new.bad.test", 0},
        {"now.bad.test", 1}, {"unsure.bad.test", 0}, {"secret.bad.test", 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct record_tls tls = {.sni = bytes_from_text(cases[i].name)};
        ask(&s, RECORD_TLS, &tls, US, THEM, 443);
        if (s.seen.count != cases[i].hits)
            TEST_SAY("%s: %zu hits", cases[i].name, s.seen.count);
    }
    CHECK_EQ(s.counts.intel_expired, 1);
    CHECK_EQ(s.counts.intel_early, 1);
    CHECK_EQ(s.counts.intel_low_confidence, 1);
    CHECK_EQ(s.counts.intel_withheld, 1);
    CHECK_EQ(s.counts.intel_hits, 2);
    intel_destroy(s.intel);
}

TEST(names_and_what_lies_below_them)
{
    struct setting s = {.config = config_defaults};
    CHECK(set_up(&s, "indicator,type,source\nbad.test,domain,A\nwww.host.test,hostname,B\nhttps://"
                     "root.test/,url,C\n"));
    static const struct {
        const char *name, *rule;
    } cases[] = {{"a.b.BAD.test", "bad.test"}, {"bad.test", "bad.test"}, {"notbad.test", ""},
        {"test", ""}, {"www.host.test", "www.host.test"}, {"x.www.host.test", ""},
        {"host.test", ""}, {"root.test", "root.test/"}, {"x.root.test", ""},
        {"bad.test:8443", "bad.test"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct record_dns_query query = {.rrname = bytes_from_text(cases[i].name)};
        struct record_dns dns = {.queries = &query, .queries_count = 1};
        ask(&s, RECORD_DNS, &dns, US, "10.1.2.53", 53);
        const char *got = s.seen.count ? s.seen.hits[0].rule : "";
        if (strcmp(got, cases[i].rule) != 0)
            TEST_SAY("%s: \"%s\", not \"%s\"", cases[i].name, got, cases[i].rule);
    }
    intel_destroy(s.intel);
}

TEST(urls_by_their_rules)
{
    struct setting s = {.config = config_defaults};
    CHECK(set_up(&s, "url\nhttp://bad.test/gate.php\nhttp://bad.test/kit/\nbad.test/one?id=7\n"
                     "http://198.51.100.9:8080/x\n/panel/admin.php\n"));
    static const struct {
        const char *host;
        uint16_t port;
        const char *target, *rule;
    } cases[] = {{"bad.test", 80, "/gate.php", "bad.test/gate.php"},
        {"bad.test", 80, "/gate.php?x=1", "bad.test/gate.php"}, {"bad.test", 80, "/gate.phpx", ""},
        {"bad.test", 80, "/kit/a/b.js", "bad.test/kit/"}, {"bad.test", 80, "/kit", ""},
        {"bad.test", 80, "/one?id=7", "bad.test/one?id=7"}, {"bad.test", 80, "/one?id=8", ""},
        {"bad.test", 80, "/one", ""}, {"198.51.100.9", 8080, "/x", "198.51.100.9:8080/x"},
        {"198.51.100.9", 80, "/x", ""}, {"bad.test", 80, "/a/../gate%2Ephp", "bad.test/gate.php"},
        {"other.test", 80, "/panel/admin.php?q", "/panel/admin.php"},
        {"proxy.test", 3128, "http://bad.test/gate.php", "bad.test/gate.php"},
        {"", 80, "/gate.php", ""}, {"bad.test", 8080, "/gate.php", "bad.test/gate.php"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct record_http http = {
            .hostname = bytes_from_text(cases[i].host), .url = bytes_from_text(cases[i].target)};
        ask(&s, RECORD_HTTP, &http, US, THEM, cases[i].port);
        const char *got = s.seen.count ? s.seen.hits[0].rule : "";
        if (strcmp(got, cases[i].rule) != 0)
            TEST_SAY(
                "%s %s: \"%s\", not \"%s\"", cases[i].host, cases[i].target, got, cases[i].rule);
    }
    intel_destroy(s.intel);
}

TEST(fingerprints_certificates_files_and_mails)
{
    struct setting s = {.config = config_defaults};
    CHECK(set_up(&s,
        "indicator,type\n0123456789abcdef0123456789abcdef,"
        "ja3\n00112233445566778899aabbccddeeff00112233,cert-sha1\n"
        "0x172723874,cert-serial\n\"CN=evil, "
        "O=x\",cert-subject\nffffffffffffffffffffffffffffffff,md5\ninvoice.exe,filename\n"
        "boss@bad.test,email-src\nUrgent payment,email-subject\n"));
    struct record_tls tls = {.ja3 = {.hash = BYTES("0123456789abcdef0123456789abcdef")},
        .fingerprint = BYTES("00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff:00:11:22:33"),
        .serial = BYTES("01:72:72:38:74"),
        .subject = BYTES("O=x, CN=evil")};
    ask(&s, RECORD_TLS, &tls, US, THEM, 443);
    CHECK_EQ(s.seen.count, 4);
    uint8_t md5[16];
    memset(md5, 0xff, sizeof md5);
    struct record_fileinfo file = {
        .md5 = bytes_make(md5, 16), .filename = BYTES("C:\\x\\Invoice.exe")};
    ask(&s, RECORD_FILEINFO, &file, THEM, US, 80);
    CHECK_EQ(s.seen.count, 2);
    CHECK(s.seen.hits[0].subject_is_dest);
    CHECK_TEXT(bytes_from_text(s.seen.hits[1].value), "ffffffffffffffffffffffffffffffff");
    struct bytes to[] = {BYTES("a@city.test"), BYTES("Boss <boss@bad.test>")};
    struct record_smtp smtp = {.mail_from = BYTES("<boss@bad.test>"),

        .email = {.subject = BYTES("Urgent payment"), .to = to, .to_count = 2}};
    ask(&s, RECORD_SMTP, &smtp, THEM, US, 25);
    CHECK_EQ(s.seen.count, 2); // a sender's address is none as a receiver's
    CHECK_TEXT(bytes_from_text(s.seen.hits[0].detector), "intel.mail");
    intel_destroy(s.intel);
}

TEST_MAIN(T(a_flow_with_a_listed_peer_hits_once), T(time_confidence_and_marking),
    T(names_and_what_lies_below_them), T(urls_by_their_rules),
    T(fingerprints_certificates_files_and_mails))
