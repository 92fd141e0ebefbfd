// SPDX-License-Identifier: Apache-2.0
// Each rule is found by its pattern where it can match, and nowhere else.
#include "base/test.h"
#include "rules/match_run.h"
#include "rules/prefilter.h"
#include "rules/rules.h"
#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>

static const char rule_lines[] =
    "alert tcp any any -> any any (content:\"everywhere\"; sid:1;)\n"
    "alert tcp any any -> any 445 (content:\"on445\"; flow:to_server; sid:2;)\n"
    "alert tcp any 8080 -> any any (content:\"from8080\"; sid:3;)\n"
    "alert udp any any -> any any (content:\"overudp\"; sid:4;)\n"
    "alert http any any -> any any (http.uri; content:\"/path\"; nocase; sid:5;)\n"
    "alert http any any -> any any (content:\"httpbody\"; flow:to_client; sid:6;)\n"
    "alert dns any any -> any any (dns.query; dotprefix; content:\".evil.test\"; endswith; "
    "sid:7;)\n"
    "alert dns any any -> any any (dns.query; content:\"evil.test\"; nocase; sid:8;)\n"
    "alert http any any -> any any (http.uri; url_decode; content:\"a b\"; sid:9;)\n"
    "alert tcp any any -> any any (content:\"abcdefgh\"; fast_pattern:4,4; sid:10;)\n"
    "alert tcp any any -> any any (content:\"long pattern indeed\"; content:\"q#\"; fast_pattern; "
    "sid:11;)\n"
    "alert tcp any any <> any 99 (content:\"bothways\"; sid:12;)\n"
    "alert icmp any any -> any any (content:\"echoed\"; sid:13;)\n"
    "alert ip [192.0.2.1,192.0.2.8/29,2001:db8::/32] any -> any any (sid:14;)\n"
    "alert ip any any -> [198.51.100.0/24,!198.51.100.7] any (flowbits:set,x; sid:15;)\n"
    "alert ip [192.0.2.1] any <> [203.0.113.1] any (sid:16;)\n"
    "alert ip ![10.0.0.0/8] any -> any any (sid:17;)\n"
    "alert tcp [192.0.2.1] any -> any any (flags:S; sid:18;)\n"
    "alert tcp any any -> any 80 (content:\"to80\"; flow:to_server; sid:19;)\n"
    "alert tcp any any -> any 7 (content:\"early\"; offset:2; depth:8; sid:20;)\n"
    "alert tcp any any -> any 7 (content:\"late\"; startswith; sid:21;)\n";

static struct metrics metrics;

struct loaded {
    struct rule_set *set;
    struct rule_scratch *scratch;
    char path[40];
};

static struct loaded load(void)
{
    struct loaded l = {.path = "/tmp/prefilter_test_XXXXXX"};
    int fd = mkstemp(l.path);
    if (fd < 0 || write(fd, rule_lines, sizeof rule_lines - 1) < 0)
        return l;
    close(fd);
    const char *paths[] = {l.path};
    struct rule_report report = {.tell = NULL};
    l.set = rules_load(paths, 1, &(struct rule_options){.for_check = false}, &report);
    l.scratch = l.set ? rule_scratch_create(l.set, &config_defaults, &metrics) : NULL;
    CHECK_EQ(report.failed, 0);
    CHECK(l.scratch != NULL);
    return l;
}

static void unload(struct loaded *l)
{
    rule_scratch_destroy(l->scratch);
    if (l->set)
        rules_release(l->set);
    unlink(l->path);
}

static int by_number(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return a < b ? -1 : a > b;
}

// The candidates' sids as "1 5".
static const char *taken(const struct loaded *l)
{
    static char out[256];
    size_t len = 0;
    struct rule_candidates c = rule_candidates_take(l->scratch);
    if (c.count)
        qsort(c.indexes, c.count, sizeof *c.indexes, by_number);
    out[0] = 0;
    for (size_t i = 0; i < c.count && len < sizeof out - 12; i++)
        len += (size_t)sprintf(&out[len], "%s%u", i ? " " : "", l->set->rules[c.indexes[i]].sid);
    return out;
}

static const char *scan(const struct loaded *l, struct rule_where where, struct bytes data)
{
    struct rule_view view = {.data = data, .ends = true};
    rule_prefilter_scan(l->scratch, &where, &view);
    return taken(l);
}

#define SAYS(got, want) CHECK_TEXT(bytes_from_text(got), want)

TEST(payload)
{
    struct loaded l = load();
    struct bytes all = BYTES("everywhere on445 from8080 overudp httpbody echoed bothways");
    struct rule_where tcp = {.buffer = BUFFER_PAYLOAD, .ip_proto = IPPROTO_TCP, .dst_port = 1};
    struct rule_where to_445 = {
        .buffer = BUFFER_PAYLOAD, .ip_proto = IPPROTO_TCP, .src_port = 8080, .dst_port = 445};
    struct rule_where http = {.buffer = BUFFER_PAYLOAD,
        .ip_proto = IPPROTO_TCP,
        .to_client = true,
        .apps = 1ULL << RULE_APP_http1};
    if (l.scratch) {
        SAYS(scan(&l, tcp, all), "1");
        SAYS(scan(&l, to_445, all), "1 2 3");
        to_445.to_client = true; // a rule for the way to the server
        SAYS(scan(&l, to_445, all), "1 3");
        SAYS(scan(&l, http, all), "1 6");
        http.src_port = 99;
        SAYS(scan(&l, http, all), "1 6 12");
        http.dst_port = 99;
        http.to_client = false;
        SAYS(scan(&l, http, all), "1 12");
        tcp.ip_proto = IPPROTO_UDP;
        SAYS(scan(&l, tcp, all), "4");
        tcp.ip_proto = IPPROTO_ICMPV6;
        SAYS(scan(&l, tcp, all), "13");
        SAYS(scan(&l, tcp, BYTES("")), "");
    }
    unload(&l);
}

// An application's own port is looked at with it, and by itself where it is not known.
TEST(home)
{
    struct loaded l = load();
    struct rule_where to_80 = {.buffer = BUFFER_PAYLOAD, .ip_proto = IPPROTO_TCP, .dst_port = 80};
    if (l.scratch) {
        SAYS(scan(&l, to_80, BYTES("everywhere to80")), "1 19");
        to_80.apps = 1ULL << RULE_APP_http1;
        SAYS(scan(&l, to_80, BYTES("everywhere to80")), "1 19");
        to_80.apps = 1ULL << RULE_APP_tls;
        SAYS(scan(&l, to_80, BYTES("everywhere to80")), "1 19");
    }
    unload(&l);
}

// What has to stand near the beginning, of the stream or of the packet, is found there alone.
TEST(places)
{
    struct loaded l = load();
    struct rule_where tcp = {.buffer = BUFFER_PAYLOAD, .ip_proto = IPPROTO_TCP, .dst_port = 7};
    struct rule_view view = {.data = BYTES("...xxxxxearly")};
    if (l.scratch) {
        SAYS(scan(&l, tcp, BYTES("12345early late")), "20");
        SAYS(scan(&l, tcp, BYTES("late 6early")), "21");
        SAYS(scan(&l, tcp, BYTES("early early")), "20");
        view.fresh = 3;
        rule_prefilter_scan(l.scratch, &tcp, &view);
        SAYS(taken(&l), "20");
        view.fresh = 2;
        rule_prefilter_scan(l.scratch, &tcp, &view);
        SAYS(taken(&l), "");
        view.fresh = 0;
        view.start = 1000; // behind a gap: packets begin anywhere
        rule_prefilter_scan(l.scratch, &tcp, &view);
        SAYS(taken(&l), "20");
    }
    unload(&l);
}

TEST(buffers)
{
    struct loaded l = load();
    struct rule_where uri = {.buffer = BUFFER_HTTP_URI}, query = {.buffer = BUFFER_DNS_QUERY};
    if (l.scratch) {
        SAYS(scan(&l, uri, BYTES("/PATH")), "5");
        SAYS(scan(&l, uri, BYTES("/path?a%20b")), "5 9");
        SAYS(scan(&l, query, BYTES("evil.test")), "7 8");
        SAYS(scan(&l, query, BYTES("www.EVIL.test")), "7 8");
        SAYS(scan(&l, query, BYTES("/path")), "");
        CHECK(rule_prefilter_has(l.set, BUFFER_HTTP_URI));
        CHECK(rule_prefilter_has(l.set, BUFFER_PAYLOAD));
        CHECK(!rule_prefilter_has(l.set, BUFFER_HTTP_COOKIE));
    }
    unload(&l);
}

TEST(choices)
{
    struct loaded l = load();
    if (l.scratch) {
        CHECK_TEXT(rule_fast_pattern(l.set, 9, true).bytes, "efgh");
        CHECK_TEXT(rule_fast_pattern(l.set, 10, true).bytes, "g pattern indeed"); // not "q#"
        CHECK_EQ(rule_prefilter_of(l.set, 4, false), BUFFER_HTTP_URI);
        CHECK_EQ(rule_prefilter_of(l.set, 4, true), RULE_BUFFERS);
        CHECK_EQ(rule_prefilter_of(l.set, 13, true), RULE_BUFFERS);
    }
    unload(&l);
}

// What ends in bytes seen before is not found again; what only begins there is.
TEST(fresh)
{
    struct loaded l = load();
    struct rule_where tcp = {.buffer = BUFFER_PAYLOAD, .ip_proto = IPPROTO_TCP};
    struct rule_view view = {.data = BYTES("xeverywherey"), .fresh = 11};
    if (l.scratch) {
        rule_prefilter_scan(l.scratch, &tcp, &view);
        SAYS(taken(&l), "");
        view.fresh = 10;
        rule_prefilter_scan(l.scratch, &tcp, &view);
        SAYS(taken(&l), "1");
        view.data = BYTES("abcdefgh");
        view.fresh = 7;
        rule_prefilter_scan(l.scratch, &tcp, &view);
        SAYS(taken(&l), "10");
    }
    unload(&l);
}

static const char *between(const struct loaded *l, const char *src, const char *dst)
{
    struct addr from, to;
    CHECK(addr_parse(bytes_from_text(src), &from) && addr_parse(bytes_from_text(dst), &to));
    rule_prefilter_addresses(l->scratch, &from, &to);
    return taken(l);
}

TEST(addresses)
{
    struct loaded l = load();
    if (l.scratch) {
        SAYS(between(&l, "10.0.0.1", "10.0.0.2"), "");
        SAYS(between(&l, "192.0.2.1", "10.0.0.2"), "14 17");
        SAYS(between(&l, "192.0.2.2", "10.0.0.2"), "17");
        SAYS(between(&l, "192.0.2.7", "10.0.0.2"), "17");
        SAYS(between(&l, "192.0.2.8", "10.0.0.2"), "14 17");
        SAYS(between(&l, "192.0.2.15", "10.0.0.2"), "14 17");
        SAYS(between(&l, "192.0.2.16", "10.0.0.2"), "17");
        SAYS(between(&l, "2001:db8:ffff::1", "2001:db8::1"), "14 17");
        SAYS(between(&l, "2001:db9::1", "2001:db8::1"), "17");
        SAYS(between(&l, "10.0.0.1", "198.51.100.6"), "15");
        SAYS(between(&l, "10.0.0.1", "198.51.100.7"), "");
        SAYS(between(&l, "10.0.0.1", "198.51.101.0"), "");
        SAYS(between(&l, "192.0.2.1", "203.0.113.1"), "14 16 17");
        SAYS(between(&l, "203.0.113.1", "192.0.2.1"), "16 17");
        CHECK(rule_prefilter_by_address(l.set, 13));
        CHECK(!rule_prefilter_by_address(l.set, 17)); // asks for flags
    }
    unload(&l);
}

TEST_MAIN(T(payload), T(home), T(places), T(buffers), T(choices), T(fresh), T(addresses))
