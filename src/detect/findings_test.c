// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"
#include "base/test_alloc.h"
#include "detect/detect.h"

struct seen {
    size_t count;
    char ids[64][17];
    char lines[8][16384];
};

static void see(void *context, const struct finding *finding)
{
    struct seen *seen = context;
    struct json line;
    json_init(&line);
    finding_write_json(&line, finding);
    if (seen->count < 64)
        snprintf(seen->ids[seen->count], 17, "%.*s", (int)finding->id.len, finding->id.data);
    if (seen->count < 8)
        snprintf(seen->lines[seen->count], sizeof seen->lines[0], "%.*s", (int)line.len, line.data);
    seen->count++;
    json_finish(&line);
}

static struct seen seen;
static struct metrics metrics;

static struct findings *begin(struct config *config)
{
    memset(&metrics, 0, sizeof metrics);
    memset(&seen, 0, sizeof seen);
    *config = config_defaults;
    return findings_create(config, &metrics, see, &seen);
}

static struct record_head head_of(const char *src, const char *dest, int64_t time_us)
{
    struct record_head head = {.timestamp = time_us, .has_flow_id = true, .flow_id = 7};
    CHECK(addr_parse(bytes_from_text(src), &head.src_ip));
    CHECK(addr_parse(bytes_from_text(dest), &head.dest_ip));
    head.has_dest_port = true;
    head.dest_port = 443;
    head.has_src_port = true;
    head.src_port = 50'000;
    return head;
}

static struct hit_alert trojan = {.gid = 1,
    .signature_id = 2000001,
    .rev = 3,
    .priority = 1,
    .signature = BYTES("ET TROJAN Sample"),
    .category = BYTES("A Network Trojan was detected")};

static struct hit hit_of(const struct record_head *head)
{
    return (struct hit){.detector = "rules.suricata",
        .rule = BYTES("1:2000001"),
        .title = BYTES("ET TROJAN Sample"),
        .head = head,
        .alert = &trojan};
}

static bool has(const char *line, const char *part)
{
    bool there = strstr(line, part) != NULL;
    if (!there)
        printf("# no %s in %s\n", part, line);
    return there;
}

TEST(same_thing_is_one_finding)
{
    struct config config;
    struct findings *f = begin(&config);
    struct record_head out = head_of("10.0.0.1", "203.0.113.9", 1'000'000);
    struct record_head in = head_of("203.0.113.9", "10.0.0.1", 2'000'000);
    in.src_port = 443;
    in.dest_port = 50'000;
    struct hit hit = hit_of(&out), back = hit_of(&in);
    const struct record_alert *alert = findings_add(f, &hit);
    CHECK(alert && alert->signature_id == 2000001 && alert->gid == 1 && alert->severity == 1);
    CHECK_TEXT(alert->finding.phase, "command_and_control");
    CHECK(alert->finding.techniques_count == 1);
    CHECK(findings_add(f, &back) != NULL);
    CHECK_EQ(findings_count(f), 1);
    CHECK(findings_each(f, FINDINGS_BY_TIME, see, &seen));
    CHECK_EQ(seen.count, 1);
    CHECK(has(seen.lines[0], "\"count\":2"));
    CHECK(has(seen.lines[0], "\"severity\":\"high\",\"certainty\":70"));
    CHECK(has(seen.lines[0], "\"phase_name\":{\"ja\":\"C&C通信\",\"en\":\"C&C Communication\"}"));
    CHECK(has(seen.lines[0], "\"tactics\":[\"command-and-control\"]"));
    CHECK(has(seen.lines[0], "\"subject\":{\"address\":\"10.0.0.1\",\"segment\":\"inside\"}"));
    CHECK(has(seen.lines[0], "\"peer\":{\"address\":\"203.0.113.9\",\"port\":443}"));
    CHECK(has(seen.lines[0], "\"title\":{\"ja\":\"マルウェアの通信の疑い: ET TROJAN Sample\""));
    CHECK(has(seen.lines[0], "\"event_type\":\"alert\""));
    findings_destroy(f);
}

TEST(ids_are_the_same_again)
{
    struct config config;
    char first[17];
    struct record_head head = head_of("10.0.0.1", "203.0.113.9", 1'000'000);
    for (int i = 0; i < 2; i++) {
        struct findings *f = begin(&config);
        struct hit hit = hit_of(&head);
        CHECK(findings_add(f, &hit) != NULL);
        CHECK(findings_each(f, FINDINGS_BY_TIME, see, &seen));
        if (i == 0)
            memcpy(first, seen.ids[0], sizeof first);
        CHECK(strlen(first) == 16 && strcmp(first, seen.ids[0]) == 0);
        findings_destroy(f);
    }
}

TEST(window_ends_a_finding)
{
    struct config config;
    struct findings *f = begin(&config);
    config.findings.window_us = 60'000'000;
    const int64_t times[] = {0, 60'000'000, 61'000'000};
    for (int i = 0; i < 3; i++) {
        struct record_head head = head_of("10.0.0.1", "203.0.113.9", times[i]);
        struct hit hit = hit_of(&head);
        CHECK(findings_add(f, &hit) != NULL);
    }
    CHECK_EQ(findings_count(f), 2);
    findings_destroy(f);
}

// Nothing is lost when too many are open: the one touched longest ago is given away.
TEST(early)
{
    struct config config;
    struct findings *f = begin(&config);
    config.findings.max_open = 2;
    const char *const hosts[] = {"10.0.0.1", "10.0.0.2", "10.0.0.1", "10.0.0.3"};
    for (int i = 0; i < 4; i++) {
        struct record_head head = head_of(hosts[i], "203.0.113.9", i);
        struct hit hit = hit_of(&head);
        CHECK(findings_add(f, &hit) != NULL);
    }
    CHECK_EQ(seen.count, 1);
    CHECK(has(seen.lines[0], "10.0.0.2"));
    CHECK_EQ(metrics.detect_findings_early, 1);
    CHECK_EQ(metrics.detect_findings, 3);
    CHECK_EQ(findings_count(f), 2);
    findings_destroy(f);
}

TEST(memory_is_bounded)
{
    struct config config;
    struct findings *f = begin(&config);
    config.findings.memory_bytes = 1 << 20;
    findings_destroy(f);
    f = findings_create(&config, &metrics, see, &seen);
    static char text[900];
    memset(text, 'x', sizeof text);
    for (uint32_t i = 0; i < 3000; i++) {
        struct record_head head = head_of("10.0.0.1", "203.0.113.9", i);
        struct hit hit = hit_of(&head);
        char rule[16];
        snprintf(rule, sizeof rule, "1:%u", i);
        hit.rule = bytes_from_text(rule);
        hit.title = bytes_make(text, sizeof text);
        CHECK(findings_add(f, &hit) != NULL);
    }
    CHECK(metrics.detect_findings_early > 0);
    CHECK_EQ(findings_count(f) + metrics.detect_findings_early, 3000);
    findings_destroy(f);
}

// Two lists that name the same address are surer than one; one that says it twice is not.
TEST(sources_raise_certainty)
{
    struct config config;
    struct findings *f = begin(&config);
    struct record_head head = head_of("10.0.0.1", "203.0.113.9", 0);
    struct hit hit = hit_of(&head);
    hit.certainty = 60;
    hit.alert = NULL;
    hit.sources_count = 1;
    hit.sources[0] = (struct hit_source){.name = BYTES("a.csv"), .says = BYTES("bad")};
    CHECK(findings_add(f, &hit) && findings_add(f, &hit));
    hit.sources[0].name = BYTES("b.csv");
    CHECK(findings_add(f, &hit) != NULL);
    CHECK(findings_each(f, FINDINGS_BY_TIME, see, &seen));
    CHECK(has(seen.lines[0], "\"certainty\":84"));
    findings_destroy(f);
}

TEST(metadata_decides)
{
    static const struct json_pair pairs[] = {{BYTES("mitre_technique_id"), BYTES("T1041")},
        {BYTES("mitre_tactic_name"), BYTES("Exfiltration")},
        {BYTES("signature_severity"), BYTES("Informational")}, {BYTES("confidence"), BYTES("Low")}};
    struct config config;
    struct findings *f = begin(&config);
    struct record_head head = head_of("10.0.0.1", "203.0.113.9", 0);
    struct hit hit = hit_of(&head);
    struct hit_alert alert = trojan;
    alert.metadata = pairs;
    alert.metadata_count = 4;
    hit.alert = &alert;
    CHECK(findings_add(f, &hit) != NULL);
    CHECK(findings_each(f, FINDINGS_BY_TIME, see, &seen));
    CHECK(has(
        seen.lines[0], "\"severity\":\"low\",\"certainty\":35,\"phase\":\"data_exfiltration\""));
    CHECK(has(seen.lines[0], "\"techniques\":[\"T1041\"],\"tactics\":[\"exfiltration\"]"));
    findings_destroy(f);
}

TEST(inside_is_another_phase)
{
    struct config config;
    struct findings *f = begin(&config);
    struct record_head head = head_of("10.0.0.1", "10.0.0.2", 0);
    struct hit hit = hit_of(&head);
    struct hit_alert alert = trojan;
    alert.category = BYTES("Attempted Administrator Privilege Gain");
    hit.alert = &alert;
    CHECK(findings_add(f, &hit) != NULL);
    CHECK(findings_each(f, FINDINGS_BY_TIME, see, &seen));
    CHECK(has(seen.lines[0], "\"phase\":\"lateral_movement\""));
    findings_destroy(f);
}

TEST(worst_first)
{
    struct config config;
    struct findings *f = begin(&config);
    struct record_head head = head_of("10.0.0.1", "203.0.113.9", 0);
    struct hit hit = hit_of(&head);
    struct hit_alert mild = trojan;
    mild.category = BYTES("Misc activity");
    hit.alert = &mild;
    CHECK(findings_add(f, &hit) != NULL);
    hit.alert = &trojan;
    hit.rule = BYTES("1:2");
    CHECK(findings_add(f, &hit) != NULL);
    CHECK(findings_each(f, FINDINGS_BY_WEIGHT, see, &seen));
    CHECK(has(seen.lines[0], "\"severity\":\"high\""));
    CHECK(has(seen.lines[1], "\"severity\":\"info\""));
    findings_destroy(f);
}

TEST(out_of_memory)
{
    struct config config = config_defaults;
    for (uint64_t at = 1; at < 12; at++) {
        alloc_fail_at(at);
        struct findings *f = findings_create(&config, &metrics, see, &seen);
        struct record_head head = head_of("10.0.0.1", "203.0.113.9", 0);
        struct hit hit = hit_of(&head);
        if (f)
            (void)findings_add(f, &hit);
        alloc_fail_at(0);
        findings_destroy(f);
    }
}

TEST_MAIN(T(same_thing_is_one_finding), T(ids_are_the_same_again), T(window_ends_a_finding),
    T(early), T(memory_is_bounded), T(sources_raise_certainty), T(metadata_decides),
    T(inside_is_another_phase), T(worst_first), T(out_of_memory))
