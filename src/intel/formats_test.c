// SPDX-License-Identifier: Apache-2.0
// STIX, MISP and OpenIOC from files to hits; and what is broken, which leaves nothing behind.
#include "base/alloc.h"
#include "base/test.h"
#include "intel/intel.h"
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define ID      "\"id\":\"indicator--1\","
#define STIX(x) "{\"type\":\"bundle\",\"id\":\"bundle--1\",\"objects\":[" x "]}"
#define INDICATOR(members, pattern)                                                                \
    "{\"type\":\"indicator\"," members "\"pattern\":\"" pattern "\"}"
#define EVIL       "[domain-name:value='evil.example']"
#define EVENT(x)   "{\"Event\":{\"info\":\"an event\",\"id\":\"7\"," x "}}"
#define ATTRS(x)   "\"Attribute\":[" x "]"
#define ATTR(t, v) "{\"type\":\"" t "\",\"value\":\"" v "\",\"to_ids\":true}"
#define IOC(x)                                                                                     \
    "<ioc id='x'><short_description>s</short_description><definition>" x "</definition></ioc>"
#define ITEM(condition, search, content)                                                           \
    "<IndicatorItem condition='" condition "'><Context search='" search "'/><Content>" content     \
    "</Content></IndicatorItem>"

#define EXPIRED_SIGHTING                                                                           \
    "{\"type\":\"domain\",\"value\":\"evil.example\",\"to_ids\":true,\"Sighting\":[{\"type\":"     \
    "\"2\","                                                                                       \
    "\"date_sighting\":\"1600000000\"}]}"

#define SILENT_PATTERN                                                                             \
    "{\"type\":\"stix2-pattern\",\"value\":\"[domain-name:value LIKE 'evil%']\","                  \
    "\"to_ids\":false}"

// Behind a document: makes its file one of those that are read once, if that does.
enum { BLANKS = 5 << 20 };
static char blanks[BLANKS];

static struct intel *load_with(
    struct bytes first, struct bytes second, size_t blank, struct intel_report *report)
{
    const struct bytes contents[] = {first, second};
    char names[2][64];
    const char *paths[] = {names[0], names[1]};
    int fds[2];
    memset(blanks, ' ', sizeof blanks);
    for (size_t i = 0; i < 2; i++) {
        fds[i] = memfd_create("test", 0);
        ssize_t len = (ssize_t)contents[i].len;
        if (fds[i] < 0 || write(fds[i], contents[i].data, contents[i].len) != len)
            abort();
        if (write(fds[i], blanks, blank) != (ssize_t)blank)
            abort();
        snprintf(names[i], sizeof names[i], "/proc/self/fd/%d", fds[i]);
    }
    struct intel_options options = {
        .config = &config_defaults, .paths = paths, .paths_count = second.len ? 2 : 1};
    struct intel *intel = intel_load(&options, report);
    close(fds[0]);
    close(fds[1]);
    return intel;
}

static struct intel *load_two(struct bytes first, struct bytes second, struct intel_report *report)
{
    return load_with(first, second, 0, report);
}

static struct intel *load(struct bytes content, struct intel_report *report)
{
    return load_two(content, bytes_make("", 0), report);
}

// Large files are not read differently.
static void check_large(struct bytes content)
{
    struct intel_report small, large;
    if (content.data[0] == '<')
        return; // no JSON
    intel_destroy(load(content, &small));
    intel_destroy(load_with(content, bytes_make("", 0), BLANKS, &large));
    const struct intel_file_report *a = &small.files[0], *b = &large.files[0];
    CHECK(a->failed == b->failed && a->added == b->added && a->duplicates == b->duplicates &&
          a->expired == b->expired && a->unseen == b->unseen && a->refused == b->refused);
    CHECK_EQ(small.problems_count, large.problems_count);
    for (size_t i = 0; i < small.problems_count && i < large.problems_count; i++)
        if (small.problems[i].why != large.problems[i].why ||
            small.problems[i].line != large.problems[i].line)
            TEST_SAY("%.*s: line %u, in a large file %u: %s", (int)content.len,
                (const char *)content.data, (unsigned)small.problems[i].line,
                (unsigned)large.problems[i].line, text(large.problems[i].why, LANG_EN));
    intel_report_finish(&small);
    intel_report_finish(&large);
}

struct expected {
    const char *content, *format;
    unsigned added, unseen, refused, patterns;
    enum text_id why; // of the first problem; TEXTS: none
};

static const struct expected good[] = {
    {STIX(INDICATOR(ID, EVIL)), "stix", 1, 0, 0, 0, TEXTS},
    {"{\"more\":false,\"objects\":[" INDICATOR(ID, EVIL) "]}", "stix", 1, 0, 0, 0, TEXTS},
    {"[" INDICATOR(ID, EVIL) "]", "stix", 1, 0, 0, 0, TEXTS},
    {INDICATOR(ID, EVIL), "stix", 1, 0, 0, 0, TEXTS},
    {"{\"type\":\"bundle\",\"id\":\"bundle--1\"}", "stix", 0, 0, 0, 0, TEXTS},
    {"\xef\xbb\xbf" STIX(INDICATOR(ID, EVIL)), "stix", 1, 0, 0, 0, TEXTS},
    {STIX(INDICATOR(ID, EVIL) "," INDICATOR("\"id\":\"indicator--2\",",
         "[url:value='http://e.example/x' OR ipv4-addr:value IN "
         "('203.0.113.1','203.0.113.0/28')]")),
        "stix", 4, 0, 0, 0, TEXTS},
    {STIX(INDICATOR(ID "\"revoked\":true,", EVIL)), "stix", 0, 0, 0, 0, TEXTS},
    {STIX(INDICATOR(ID "\"modified\":\"2024-01-02T00:00:00Z\",\"revoked\":true,",
         EVIL) "," INDICATOR(ID "\"modified\":\"2024-01-01T00:00:00Z\",", EVIL)),
        "stix", 1, 0, 0, 0, TEXTS},
    {STIX(INDICATOR(ID, EVIL " FOLLOWEDBY " EVIL)), "stix", 1, 0, 0, 1, TEXTS},
    {STIX(INDICATOR(
         ID, "[network-traffic:dst_ref.value='203.0.113.1' AND network-traffic:dst_port=443]")),
        "stix", 1, 0, 0, 1, TEXTS},
    {STIX(INDICATOR(ID, "[process:name='x']")), "stix", 0, 1, 0, 0, TEXT_STIX_UNSEEN},
    {STIX(INDICATOR(ID, "[domain-name:value='x.example' AND file:size=3]")), "stix", 0, 1, 0, 0,
        TEXT_STIX_NEVER_TOGETHER},
    {STIX(INDICATOR(ID, "[oops")), "stix", 0, 0, 1, 0, TEXT_STIX_BAD_PATH},
    {STIX(INDICATOR(ID, "[file:name MATCHES '(']")), "stix", 0, 0, 1, 0, TEXT_STIX_BAD_REGEX},
    {STIX(INDICATOR(ID, "[ipv4-addr:value='x']")), "stix", 0, 0, 1, 0, TEXT_STIX_NO_ADDRESS},
    {STIX(INDICATOR(ID, "")), "stix", 0, 0, 1, 0, TEXT_STIX_NO_PATTERN},
    {STIX(INDICATOR(ID "\"pattern_type\":\"yara\",", EVIL)), "stix", 0, 0, 1, 0,
        TEXT_STIX_PATTERN_TYPE},
    {STIX(INDICATOR(ID "\"confidence\":\"high\",", EVIL)), "stix", 0, 0, 1, 0,
        TEXT_STIX_WRONG_TYPE},
    {STIX(INDICATOR(ID "\"confidence\":1e300,", EVIL)), "stix", 0, 0, 1, 0, TEXT_STIX_WRONG_TYPE},
    {STIX(INDICATOR(ID "\"labels\":{},", EVIL)), "stix", 0, 0, 1, 0, TEXT_STIX_WRONG_TYPE},
    {STIX(INDICATOR(ID "\"valid_from\":7,", EVIL)), "stix", 0, 0, 1, 0, TEXT_STIX_WRONG_TYPE},
    {STIX(INDICATOR(ID "\"valid_from\":\"soon\",", EVIL)), "stix", 0, 0, 1, 0, TEXT_STIX_BAD_TIME},
    {STIX("7," INDICATOR(ID, EVIL)), "stix", 1, 0, 1, 0, TEXT_STIX_WRONG_TYPE},
    {EVENT(ATTRS(ATTR("domain", "evil.example"))), "misp", 1, 0, 0, 0, TEXTS},
    {"{\"response\":[" EVENT(ATTRS(ATTR("domain", "a.example"))) "," EVENT(
         ATTRS(ATTR("domain", "b.example"))) "]}",
        "misp", 2, 0, 0, 0, TEXTS},
    {"{\"response\":{\"Attribute\":[" ATTR("domain", "a.example") "]}}", "misp", 1, 0, 0, 0, TEXTS},
    {"[" EVENT(ATTRS(ATTR("domain", "a.example"))) "]", "misp", 1, 0, 0, 0, TEXTS},
    {"{\"info\":\"x\"," ATTRS(ATTR("ip-src|port", "2001:db8::1|80")) "}", "misp", 1, 0, 0, 0,
        TEXTS},
    {EVENT(ATTRS(ATTR("domain|ip", "a.example|203.0.113.4"))), "misp", 2, 0, 0, 0, TEXTS},
    {EVENT(ATTRS(ATTR("uri", "/it's/evil.php"))), "misp", 1, 0, 0, 1, TEXTS},
    {EVENT(ATTRS(ATTR("mutex", "x"))), "misp", 0, 1, 0, 0, TEXTS},
    {EVENT(ATTRS(ATTR("snort", "x"))), "misp", 0, 0, 1, 0, TEXT_STIX_PATTERN_TYPE},
    {EVENT(ATTRS("{\"type\":\"domain\"}")), "misp", 0, 0, 1, 0, TEXT_STIX_MISP_SHAPE},
    {EVENT(ATTRS("7," ATTR("domain", "a.example"))), "misp", 1, 0, 1, 0, TEXT_STIX_MISP_SHAPE},
    {EVENT("\"Attribute\":{}"), "misp", 0, 0, 1, 0, TEXT_STIX_MISP_SHAPE},
    {EVENT("\"Object\":[{\"Attribute\":7}]"), "misp", 0, 0, 1, 0, TEXT_STIX_MISP_SHAPE},
    {"{\"aaaaaaaa-0000-4000-8000-000000000001\":{\"info\":\"x\",\"Orgc\":{}}}", "misp", 0, 0, 0, 0,
        TEXTS},
    {"0123456789abcdef0123456789abcdef,aaaaaaaa-0000-4000-8000-000000000001\n", "misp-hashes", 0, 0,
        0, 0, TEXT_STIX_MISP_HASHES},
    {IOC(ITEM("is", "FileItem/Md5sum", "00112233445566778899aabbccddeeff")), "openioc", 1, 0, 0, 0,
        TEXTS},
    {IOC("<Indicator operator='AND'>" ITEM("is", "PortItem/remoteIP", "2001:db8::1")
             ITEM("is", "PortItem/remotePort", "80") "</Indicator>"),
        "openioc", 1, 0, 0, 1, TEXTS},
    {IOC("<Indicator operator='AND'>" ITEM("is", "FileItem/FileName", "x.exe")
             ITEM("is", "Network/DNS", "x.example") "</Indicator>"),
        "openioc", 1, 0, 0, 1, TEXTS},
    {IOC(ITEM("is", "RegistryItem/Path", "x")), "openioc", 0, 1, 0, 0, TEXT_STIX_UNSEEN},
    {IOC(ITEM("resembles", "FileItem/FileName", "x")), "openioc", 0, 0, 1, 0,
        TEXT_STIX_IOC_CONDITION},
    {IOC(ITEM("isnot", "FileItem/FileName", "x")), "openioc", 0, 0, 1, 0, TEXT_STIX_IOC_EMPTY},
    {IOC(""), "openioc", 0, 0, 1, 0, TEXT_STIX_IOC_EMPTY},
};

TEST(says_what_became_of_everything)
{
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        const struct expected *e = &good[i];
        struct intel_report report;
        struct intel *intel = load(bytes_from_text(e->content), &report);
        const struct intel_file_report *f = &report.files[0];
        enum text_id why = report.problems_count ? report.problems[0].why : TEXTS;
        bool same = bytes_equal(f->format, bytes_from_text(e->format)) && !f->failed &&
                    f->added == e->added && f->unseen == e->unseen && f->refused == e->refused &&
                    report.patterns == e->patterns && why == e->why;
        if (!same)
            TEST_SAY("%s: %.*s %u added, %u unseen, %u refused, %u patterns: %s", e->content,
                (int)f->format.len, (const char *)f->format.data, (unsigned)f->added,
                (unsigned)f->unseen, (unsigned)f->refused, (unsigned)report.patterns,
                why == TEXTS ? "" : text(why, LANG_EN));
        intel_report_finish(&report);
        intel_destroy(intel);
        check_large(bytes_from_text(e->content));
    }
}

static const struct {
    const char *content;
    unsigned line;
    enum text_id why;
} broken[] = {
    {"{\"type\":\"bundle\",\"objects\":[" INDICATOR(ID, EVIL) ",", 1, TEXT_STIX_CUT_JSON},
    {"{\"type\":\"bundle\",\"objects\":[" INDICATOR(ID, EVIL) ",\n\n{]}", 3, TEXT_STIX_BAD_JSON},
    {STIX(INDICATOR(ID, EVIL)) "x", 1, TEXT_STIX_BAD_JSON},
    {STIX(INDICATOR(ID, EVIL) ",{\"a\":1,\"a\":2}"), 1, TEXT_STIX_BAD_JSON},
    {"{\"type\":\"bundle\",\"spec_version\":\"2.0\"", 1, TEXT_STIX_CUT_JSON},
    {"{\"spec_version\":\"2.1\"}", 0, TEXT_STIX_NOT_BUNDLE},
    {EVENT(ATTRS(ATTR("domain", "evil.example") ",\n{")), 2, TEXT_STIX_BAD_JSON},
    {"{\"Event\":{" ATTRS(ATTR("domain", "evil.example")), 1, TEXT_STIX_CUT_JSON},
    {"{\"Event\":7}", 0, TEXT_STIX_NOT_MISP},
    {"{\"anything\": 7}", 0, TEXT_STIX_UNKNOWN_JSON},
    {"{\"anything\": ", 1, TEXT_STIX_CUT_JSON},
    {"<ioc><definition>", 1, TEXT_STIX_BAD_XML},
    {"<!DOCTYPE ioc [<!ENTITY a \"b\">]>\n<ioc/>", 1, TEXT_STIX_XML_ENTITY},
    {"<html><!-- openioc.org --></html>", 0, TEXT_STIX_NO_IOC},
};

TEST(leaves_nothing_of_what_is_broken)
{
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        struct intel_report report;
        struct intel *intel = load(bytes_from_text(broken[i].content), &report);
        bool told = report.problems_count > 0;
        if (!told || report.problems[0].why != broken[i].why ||
            report.problems[0].line != broken[i].line || !report.problems[0].whole_file)
            TEST_SAY("%s: line %u: %s", broken[i].content,
                told ? (unsigned)report.problems[0].line : 0,
                told ? text(report.problems[0].why, LANG_EN) : "nothing");
        CHECK(report.files[0].failed);
        CHECK(intel && intel_count(intel) == 0);
        intel_report_finish(&report);
        intel_destroy(intel);
        check_large(bytes_from_text(broken[i].content));
    }
}

// "{"objects":[[[[[[…"
TEST(bounds_what_is_nested)
{
    static char deep[200'000];
    static const char *const heads[] = {"{\"objects\":", "{\"Event\":", "{\"x\":"};
    for (size_t i = 0; i < 3; i++) {
        memset(deep, '[', sizeof deep);
        memcpy(deep, heads[i], strlen(heads[i]));
        struct intel_report report;
        struct intel *intel = load(bytes_make(deep, sizeof deep), &report);
        CHECK(report.problems_count && report.problems[0].why == TEXT_STIX_DEEP_JSON);
        intel_report_finish(&report);
        intel_destroy(intel);
    }
}

// ---- What hits say

struct told {
    unsigned hits;
    char source[200], says[300], tlp[20], technique[20], rule[100];
    unsigned confidence, severity, phase;
};

static void copy(char *to, size_t room, struct bytes text)
{
    snprintf(to, room, "%.*s", (int)text.len, (const char *)text.data);
}

static void hear(void *context, const struct hit *hit)
{
    struct told *told = context;
    told->hits++;
    copy(told->source, sizeof told->source, hit->sources[0].name);
    copy(told->says, sizeof told->says, hit->sources[0].says);
    copy(told->tlp, sizeof told->tlp, hit->sources[0].tlp);
    copy(told->rule, sizeof told->rule, hit->rule);
    if (hit->techniques_count)
        copy(told->technique, sizeof told->technique, hit->techniques[0]);
    told->confidence = hit->sources[0].confidence;
    told->severity = (unsigned)hit->severity;
    told->phase = (unsigned)hit->phase;
}

static struct told ask_of(struct intel *intel, const char *name)
{
    struct record_dns_query query = {.rrname = bytes_from_text(name)};
    struct record_dns dns = {.queries = &query, .queries_count = 1};
    struct record record = {.type = RECORD_DNS, .body = &dns};
    struct metrics metrics = {0};
    struct told told;
    memset(&told, 0, sizeof told); // compared as bytes
    record.head.timestamp = 1'700'000'000'000'000;
    addr_parse(BYTES("10.0.0.5"), &record.head.src_ip);
    addr_parse(BYTES("10.0.0.53"), &record.head.dest_ip);
    if (intel)
        intel_record(intel, &record, &metrics, hear, &told);
    return told;
}

static struct told ask(const char *content, const char *name)
{
    struct intel_report report;
    struct intel *intel = load(bytes_from_text(content), &report);
    struct told told = ask_of(intel, name), large;
    intel_report_finish(&report);
    intel_destroy(intel);
    intel = load_with(bytes_from_text(content), bytes_make("", 0), BLANKS, &report);
    large = ask_of(intel, name);
    CHECK(memcmp(&told, &large, sizeof told) == 0);
    intel_report_finish(&report);
    intel_destroy(intel);
    return told;
}

#define CHECK_SAYS(got, want) CHECK_TEXT(bytes_from_text(got), want)

#define NAMED                                                                                      \
    "{\"type\":\"identity\",\"id\":\"identity--1\",\"name\":\"CERT\"},"                            \
    "{\"type\":\"malware\",\"id\":\"malware--1\",\"name\":\"RAT\"},"                               \
    "{\"type\":\"attack-pattern\",\"id\":\"attack-pattern--1\",\"name\":\"Web\","                  \
    "\"external_references\":[{\"source_name\":\"mitre-attack\",\"external_id\":\"T1071.001\"}]}"
#define RELATED                                                                                    \
    "{\"type\":\"relationship\",\"source_ref\":\"indicator--1\",\"target_ref\":\"malware--1\"},"   \
    "{\"type\":\"relationship\",\"source_ref\":\"indicator--1\",\"target_ref\":"                   \
    "\"attack-pattern--1\"}"
#define SAID                                                                                       \
    INDICATOR(ID "\"name\":\"N\",\"confidence\":85,\"created_by_ref\":\"identity--1\","            \
                 "\"indicator_types\":[\"malicious-activity\"],\"valid_until\":"                   \
                 "\"2030-01-01T00:00:00Z\",\"kill_chain_phases\":[{\"phase_name\":\"delivery\"}]," \
                 "\"object_marking_refs\":["                                                       \
                 "\"marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003\"],",                 \
        "%s")

TEST(says_what_stix_says)
{
    static const char *const bundles[] = {STIX(NAMED "," RELATED "," SAID),
        STIX(SAID "," RELATED "," NAMED), STIX(RELATED "," SAID "," NAMED),
        STIX(NAMED "," SAID "," RELATED)};
    static const char *const patterns[] = {
        EVIL, "[domain-name:value LIKE 'evil.%' AND NOT EXISTS file:name]"};
    for (size_t i = 0; i < 2 * sizeof bundles / sizeof *bundles; i++) {
        char content[4096];
        snprintf(content, sizeof content, bundles[i / 2], patterns[i % 2]);
        struct told told = ask(content, "evil.example");
        CHECK_EQ(told.hits, 1);
        CHECK(strstr(told.source, "CERT (") == told.source);
        CHECK_SAYS(told.says, "N; Web, RAT; malicious-activity");
        CHECK_SAYS(told.tlp, "amber+strict");
        CHECK_SAYS(told.technique, "T1071.001");
        CHECK_EQ(told.confidence, 85);
        CHECK_EQ(told.phase, PHASE_POINT_OF_ENTRY);
    }
}

TEST(is_silent_outside_its_time_and_when_benign)
{
    CHECK_EQ(ask(STIX(INDICATOR(ID, EVIL)), "evil.example").hits, 1);
    CHECK_EQ(ask(STIX(INDICATOR(ID, EVIL)), "other.example").hits, 0);
    CHECK_EQ(
        ask(STIX(INDICATOR(ID "\"valid_until\":\"2020-01-01T00:00:00Z\",", EVIL)), "evil.example")
            .hits,
        0);
    CHECK_EQ(ask(STIX(INDICATOR(ID "\"valid_until\":\"2020-01-01T00:00:00Z\",",
                     "[domain-name:value LIKE 'evil%']")),
                 "evil.example")
                 .hits,
        0);
    CHECK_EQ(
        ask(STIX(INDICATOR(ID "\"indicator_types\":[\"benign\"],", EVIL)), "evil.example").hits, 0);
}

#define VERSION(day, pattern) INDICATOR(ID "\"modified\":\"2024-01-" day "T00:00:00Z\",", pattern)
#define OTHER                 "[domain-name:value='other.example']"
#define LIKE_EVIL             "[domain-name:value LIKE 'evil%']"
#define REVOKED(day)                                                                               \
    INDICATOR(ID "\"modified\":\"2024-01-" day "T00:00:00Z\",\"revoked\":true,", EVIL)

TEST(believes_the_latest_version_of_what_has_one_id)
{
    static const struct {
        const char *first, *second;
        unsigned evil, other; // hits
    } cases[] = {
        {STIX(VERSION("01", EVIL)), STIX(VERSION("02", OTHER)), 0, 1},
        {STIX(VERSION("02", EVIL)), STIX(VERSION("01", OTHER)), 1, 0},
        {STIX(VERSION("01", EVIL) "," VERSION("02", OTHER)), "", 0, 1},
        {STIX(VERSION("02", EVIL) "," VERSION("01", OTHER)), "", 1, 0},
        {STIX(VERSION("01", EVIL)), STIX(REVOKED("02")), 0, 0},
        {STIX(VERSION("03", EVIL)), STIX(REVOKED("02")), 1, 0},
        {STIX(REVOKED("02")), STIX(VERSION("01", EVIL)), 0, 0},
        {STIX(VERSION("01", LIKE_EVIL)), STIX(VERSION("02", OTHER)), 0, 1},
        {STIX(VERSION("01", OTHER)), STIX(VERSION("02", LIKE_EVIL)), 1, 0},
        {STIX(VERSION("01", EVIL)), STIX(VERSION("02", EVIL)), 1, 0},
        {STIX(VERSION("01", EVIL)), "{broken", 1, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct intel_report report;
        struct intel *intel =
            load_two(bytes_from_text(cases[i].first), bytes_from_text(cases[i].second), &report);
        unsigned evil = ask_of(intel, "evil.example").hits;
        unsigned other = ask_of(intel, "other.example").hits;
        if (evil != cases[i].evil || other != cases[i].other)
            TEST_SAY("case %zu: %u, %u", i, evil, other);
        intel_report_finish(&report);
        intel_destroy(intel);
    }
}

TEST(says_what_misp_says)
{
    struct told told =
        ask(EVENT("\"Attribute\":[{\"type\":\"domain\",\"value\":\"evil.example\",\"to_ids\":\"1\","
                  "\"comment\":\"C2\",\"Tag\":[{\"name\":\"misp-galaxy:malpedia=\\\"RAT\\\"\"},"
                  "{\"name\":\"osint:certainty=\\\"93\\\"\"}]}],\"threat_level_id\":1,"
                  "\"Orgc\":{\"name\":\"CERT\"},\"Tag\":[{\"name\":\"tlp:green\"}],\"Galaxy\":["
                  "{\"GalaxyCluster\":[{\"value\":\"Spearphishing Link - T1566.002\"}]}]"),
            "www.evil.example");
    CHECK_EQ(told.hits, 1);
    CHECK_SAYS(told.source, "MISP event 7: an event (CERT)");
    CHECK_SAYS(told.says, "C2; RAT; Spearphishing Link - T1566.002");
    CHECK_SAYS(told.tlp, "green");
    CHECK_SAYS(told.technique, "T1566.002");
    CHECK_EQ(told.confidence, 93);
    CHECK_EQ(told.severity, SEVERITY_HIGH);
}

TEST(honours_to_ids_deleted_and_sightings_that_expire)
{
    static const char *const silent[] = {
        "{\"type\":\"domain\",\"value\":\"evil.example\",\"to_ids\":false}",
        "{\"type\":\"domain\",\"value\":\"evil.example\"}",
        "{\"type\":\"domain\",\"value\":\"evil.example\",\"to_ids\":true,\"deleted\":true}",
        EXPIRED_SIGHTING, SILENT_PATTERN};
    for (size_t i = 0; i < sizeof silent / sizeof *silent; i++) {
        char content[1000];
        snprintf(content, sizeof content, EVENT(ATTRS("%s")), silent[i]);
        CHECK_EQ(ask(content, "evil.example").hits, 0);
    }
    CHECK_EQ(
        ask(EVENT("\"ShadowAttribute\":[" ATTR("domain", "evil.example") "]"), "evil.example").hits,
        0);
    CHECK_EQ(ask(EVENT("\"Object\":[{\"deleted\":true," ATTRS(ATTR("domain", "evil.example")) "}]"),
                 "evil.example")
                 .hits,
        0);
    CHECK_EQ(
        ask(EVENT("\"Object\":[{" ATTRS(ATTR("domain", "evil.example")) "}]"), "evil.example").hits,
        1);
    CHECK_EQ(
        ask(EVENT(ATTRS(ATTR("stix2-pattern", "[domain-name:value LIKE 'evil%']"))), "evil.example")
            .hits,
        1);
    CHECK_EQ(ask(EVENT(ATTRS(ATTR("hostname", "evil.example"))), "www.evil.example").hits, 0);
}

TEST(says_what_openioc_says)
{
    struct told told =
        ask("<OpenIOC xmlns='http://openioc.org/schemas/OpenIOC_1.1' id='i'><metadata>"
            "<short_description>S</short_description><authored_by>A</authored_by>"
            "<links><link rel='family'>F</link></links></metadata><criteria>"
            "<Indicator operator='OR'>" ITEM(
                "ends-with", "Network/DNS", "EVIL.example") "</Indicator></criteria></OpenIOC>",
            "www.evil.example");
    CHECK_EQ(told.hits, 1);
    CHECK(strstr(told.source, "A (") == told.source);
    CHECK_SAYS(told.says, "S; F");
    CHECK_SAYS(told.rule, "i");
    CHECK_EQ(ask(IOC("<Indicator operator='AND'>" ITEM("contains", "Network/DNS", "evil")
                         ITEM("isnot", "Network/DNS", "www.evil.example") "</Indicator>"),
                 "evil.example")
                 .hits,
        1);
    CHECK_EQ(ask(IOC("<Indicator operator='AND'>" ITEM("contains", "Network/DNS", "evil")
                         ITEM("isnot", "Network/DNS", "www.evil.example") "</Indicator>"),
                 "www.evil.example")
                 .hits,
        0);
}

// ---- Memory that runs out

TEST(survives_any_allocation_that_fails)
{
    static const char *const contents[] = {
        STIX(INDICATOR(ID "\"name\":\"N\",", EVIL " FOLLOWEDBY " EVIL)),
        EVENT(ATTRS(ATTR("domain", "a.example") "," ATTR("uri", "/x"))),
        IOC("<Indicator operator='AND'>" ITEM("is", "FileItem/FileName", "x.exe")
                ITEM("is", "Network/DNS", "x.example") "</Indicator>")};
    for (size_t i = 0; i < 3; i++)
        for (uint64_t n = 1; n < 2000; n++) {
            struct intel_report report;
            alloc_fail_at(n);
            struct intel *intel = load(bytes_from_text(contents[i]), &report);
            bool failed = alloc_has_failed();
            alloc_fail_at(0);
            intel_report_finish(&report);
            intel_destroy(intel);
            if (!failed)
                break;
        }
}

TEST_MAIN(T(says_what_became_of_everything), T(leaves_nothing_of_what_is_broken),
    T(bounds_what_is_nested), T(says_what_stix_says),
    T(believes_the_latest_version_of_what_has_one_id),
    T(is_silent_outside_its_time_and_when_benign), T(says_what_misp_says),
    T(honours_to_ids_deleted_and_sightings_that_expire), T(says_what_openioc_says),
    T(survives_any_allocation_that_fails))
