// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"
#include "correlate/correlate.h"
#include <stdio.h>

enum { MOST = 8, HOUR = 3600 };

struct trial {
    struct config config;
    struct incidents *incidents;
    struct incident list[MOST]; // what they point to is gone
    uint8_t worst_host[MOST];
    char title[MOST][128], story[MOST][256];
    size_t count;
    unsigned ids;
};

static void begin(struct trial *t)
{
    memset(t, 0, sizeof *t);
    t->config = config_defaults;
    t->incidents = incidents_create(&t->config);
}

static void take(void *context, const struct incident *incident)
{
    struct trial *t = context;
    if (t->count == MOST)
        return;
    snprintf(t->title[t->count], sizeof t->title[0], "%.*s", (int)incident->title.en.len,
        (const char *)incident->title.en.data);
    snprintf(t->story[t->count], sizeof t->story[0], "%.*s", (int)incident->story.en.len,
        (const char *)incident->story.en.data);
    t->worst_host[t->count] = incident->hosts_count ? incident->hosts[0].severity : 0;
    t->list[t->count++] = *incident;
}

static void settle(struct trial *t)
{
    CHECK(incidents_settle(t->incidents));
    CHECK(incidents_each(t->incidents, take, t));
}

static struct finding_entity host(uint8_t n)
{
    return (struct finding_entity){
        .address = addr_v4((const uint8_t[]){10, 0, 0, n}), .segment = BYTES("inside")};
}

static struct finding_entity outside(uint8_t n)
{
    return (struct finding_entity){.address = addr_v4((const uint8_t[]){203, 0, 113, n})};
}

static void add(struct trial *t, const char *detector, const char *phase, const char *severity,
    int64_t hour, struct finding_entity subject, struct finding_entity peer)
{
    char id[24];
    snprintf(id, sizeof id, "%016u", ++t->ids);
    struct finding finding = {.id = bytes_from_text(id),
        .detector = bytes_from_text(detector),
        .phase = bytes_from_text(phase),
        .phase_name = {.ja = bytes_from_text(phase), .en = bytes_from_text(phase)},
        .severity = bytes_from_text(severity),
        .certainty = 80,
        .first = hour * HOUR * 1'000'000,
        .last = (hour * HOUR + 60) * 1'000'000,
        .title = {.ja = bytes_from_text(detector), .en = bytes_from_text(detector)},
        .subject = subject,
        .peer = peer};
    CHECK(incidents_add(t->incidents, &finding));
}

// Entry on one host, from there to another, which talks outside: one incident, over hours.
TEST(one_compromise_is_one)
{
    struct trial t;
    begin(&t);
    add(&t, "x.c2", "command_and_control", "high", 9, host(2), outside(7));
    add(&t, "x.entry", "point_of_entry", "medium", 1, host(1), outside(9));
    add(&t, "x.service", "lateral_movement", "high", 5, host(1), host(2));
    settle(&t);
    CHECK_EQ(t.count, 1);
    CHECK(t.list[0].score >= 90);
    CHECK_EQ(t.list[0].phases_count, 3);
    CHECK_EQ(t.list[0].hosts_count, 2);
    CHECK_EQ(t.list[0].findings_total, 3);
    CHECK(t.worst_host[0] >= 8);
    CHECK(strstr(t.story[0], "10.0.0.") && strstr(t.story[0], " and "));
    incidents_destroy(t.incidents);
}

TEST(two_unrelated_are_two)
{
    struct trial t;
    begin(&t);
    add(&t, "x.c2", "command_and_control", "high", 1, host(1), outside(7));
    add(&t, "x.c2", "command_and_control", "high", 1, host(2), outside(8));
    add(&t, "x.low", "asset_discovery", "low", 1, host(1), host(2)); // too little to join them
    settle(&t);
    CHECK_EQ(t.count, 2);
    incidents_destroy(t.incidents);
}

TEST(the_same_peer_joins)
{
    struct trial t;
    begin(&t);
    for (uint8_t i = 1; i <= 4; i++)
        add(&t, "x.c2", "command_and_control", "high", i, host(i), outside(7));
    settle(&t);
    CHECK_EQ(t.count, 1);
    CHECK_EQ(t.list[0].hosts_count, 4);
    incidents_destroy(t.incidents);
}

TEST(silence_parts)
{
    struct trial t;
    begin(&t);
    add(&t, "x.c2", "command_and_control", "high", 1, host(1), outside(7));
    add(&t, "x.c2", "command_and_control", "high", 1 + 26, host(1), outside(8));
    settle(&t);
    CHECK_EQ(t.count, 2);
    incidents_destroy(t.incidents);
}

// What is alone and weak, and what is everywhere, is no incident.
TEST(the_weak_and_the_usual_are_none)
{
    struct trial t;
    begin(&t);
    add(&t, "x.odd", "asset_discovery", "info", 1, host(200), outside(7));
    for (uint8_t i = 1; i <= 30; i++)
        add(&t, "x.usual", "asset_discovery", "medium", 1, host(i), outside(i));
    settle(&t);
    CHECK_EQ(t.count, 0);
    CHECK_EQ(incidents_demoted(t.incidents).weak, 1);
    CHECK_EQ(incidents_demoted(t.incidents).common, 30);
    incidents_destroy(t.incidents);
}

TEST(too_many_are_counted)
{
    struct trial t;
    begin(&t);
    t.config.incidents.max_findings = 2;
    for (uint8_t i = 1; i <= 5; i++)
        add(&t, "x.c2", "command_and_control", "high", 1, host(1), outside(i));
    settle(&t);
    CHECK_EQ(t.count, 1);
    CHECK_EQ(incidents_demoted(t.incidents).late, 3);
    incidents_destroy(t.incidents);
}

// What an exception fits is no part of an incident until the exception ends; all that it names must
// fit.
TEST(exceptions_are_left_out)
{
    struct trial t;
    begin(&t);
    const struct addr_range networks[] = {{.base = host(1).address, .bits = 32}};
    const struct config_exception list[] = {
        {.reason = "ours", .until_us = INT64_C(4) * HOUR * 1'000'000, .detector = "x.c2"},
        {.reason = "scanner", .detector = "x.scan", .subject = networks, .subject_count = 1}};
    t.config.exceptions = list;
    t.config.exceptions_count = 2;
    incidents_destroy(t.incidents);
    t.incidents = incidents_create(&t.config);
    add(&t, "x.c2", "command_and_control", "high", 1, host(2), outside(7));
    add(&t, "x.scan", "asset_discovery", "high", 1, host(1), host(3));
    settle(&t);
    CHECK_EQ(t.count, 0);
    incidents_destroy(t.incidents);
    t.incidents = incidents_create(&t.config);
    add(&t, "x.c2", "command_and_control", "high", 4, host(2), outside(7));
    add(&t, "x.scan", "asset_discovery", "high", 1, host(4), host(3));
    add(&t, "x.scan", "asset_discovery", "high", 1, host(1), host(3));
    settle(&t);
    CHECK_EQ(t.count, 2);
    CHECK_EQ(incidents_excepted(t.incidents, 0).ended, 1);
    CHECK_EQ(incidents_excepted(t.incidents, 0).harmless, 0);
    CHECK_EQ(incidents_excepted(t.incidents, 1).harmless, 1);
    incidents_destroy(t.incidents);
}

TEST_MAIN(T(one_compromise_is_one), T(two_unrelated_are_two), T(the_same_peer_joins),
    T(silence_parts), T(the_weak_and_the_usual_are_none), T(too_many_are_counted),
    T(exceptions_are_left_out))
