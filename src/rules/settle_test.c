// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"
#include "rules/rule.h"
#include "rules/rules.h"

static unsigned accepted;

static void accept(void *context, const struct hit *hit)
{
    (void)context;
    (void)hit;
    accepted++;
}

static struct record_head head_at(uint8_t host, int64_t seconds)
{
    struct record_head head = {.timestamp = 1'700'000'000'000'000 + seconds * 1'000'000};
    head.src_ip = addr_v4((const uint8_t[4]){10, 0, 0, host});
    head.dest_ip = addr_v4((const uint8_t[4]){10, 0, 1, 1});
    return head;
}

// How many of `hits` hold, one a second, of `hosts` hosts in turn.
static unsigned settled(const struct rule *rule, unsigned hits, unsigned hosts)
{
    static const uint64_t names[] = {77, 78};
    struct rule_set set = {.rules = rule, .rules_count = 1};
    struct rule_settled settle = {&set, rule, names};
    struct rules_ordered *ordered = rules_ordered_create(&config_defaults);
    accepted = 0;
    for (unsigned i = 0; i < hits; i++) {
        struct record_head head = head_at((uint8_t)(i % hosts), i);
        struct hit hit = {.detector = "rules.suricata", .head = &head, .settle = &settle};
        rules_settle(ordered, &hit, accept, NULL);
    }
    rules_ordered_destroy(ordered);
    return accepted;
}

TEST(thresholds)
{
    struct rule_threshold t = {THRESHOLD_LIMIT, TRACK_BY_SRC, .count = 2, .seconds = 60};
    struct rule rule = {.gid = 1, .sid = 1, .threshold = &t};
    CHECK(settled(&rule, 10, 1) == 2);
    CHECK(settled(&rule, 10, 5) == 10);
    t.seconds = 5; // two of each five seconds
    CHECK(settled(&rule, 10, 1) == 4);
    t = (struct rule_threshold){THRESHOLD_THRESHOLD, TRACK_BY_SRC, .count = 3, .seconds = 60};
    CHECK(settled(&rule, 10, 1) == 3);
    t.kind = THRESHOLD_BOTH;
    CHECK(settled(&rule, 10, 1) == 1);
    t.kind = THRESHOLD_BACKOFF;
    t.count = 1;
    t.multiplier = 2;
    CHECK(settled(&rule, 10, 1) == 4); // the first, second, fourth, eighth
}

TEST(filter)
{
    struct rule_threshold t = {THRESHOLD_DETECTION_FILTER, TRACK_BY_DST, .count = 4, .seconds = 60};
    struct rule rule = {.gid = 1, .sid = 2, .filter = &t};
    CHECK(settled(&rule, 10, 3) == 6); // of the destination, whoever asks
    rule.noalert = true;
    CHECK(settled(&rule, 10, 3) == 0);
}

// A rule that asks for a bit and sets it holds from the second time on.
TEST(bits)
{
    const uint16_t name = 0;
    struct rule_condition conditions[] = {
        {.on = RULE_ON_xbits,
            .is.bits =
                {.command = BIT_ISSET, .names = &name, .names_count = 1, .track = TRACK_BY_SRC}},
        {.on = RULE_ON_xbits,
            .is.bits =
                {.command = BIT_ISNOTSET, .names = &name, .names_count = 1, .track = TRACK_BY_DST}},
    };
    struct rule asks = {.gid = 1, .sid = 3, .conditions = conditions, .conditions_count = 1};
    CHECK(settled(&asks, 5, 1) == 0);
    asks.conditions = &conditions[1];
    CHECK(settled(&asks, 5, 1) == 5);
    conditions[0].is.bits.command = BIT_TOGGLE;
    conditions[1].is.bits.track = TRACK_BY_SRC;
    asks.conditions = conditions;
    asks.conditions_count = 2; // set by the first, which makes the second one's question fail
    CHECK(settled(&asks, 5, 1) == 1);
    CHECK(settled(&asks, 6, 3) == 3);
}

TEST(suppress)
{
    struct rule_suppress none = {.gid = 1, .sid = 4, .track = TRACK_NONE};
    struct rule rule = {.gid = 1, .sid = 4};
    struct rule_set set = {
        .rules = &rule, .rules_count = 1, .suppress = &none, .suppress_count = 1};
    struct rule_settled settle = {&set, &rule, NULL};
    struct rules_ordered *ordered = rules_ordered_create(&config_defaults);
    struct record_head head = head_at(1, 0);
    struct hit hit = {.detector = "rules.suricata", .head = &head, .settle = &settle};
    accepted = 0;
    rules_settle(ordered, &hit, accept, NULL);
    CHECK(accepted == 0);
    none.sid = 5;
    rules_settle(ordered, &hit, accept, NULL);
    CHECK(accepted == 1);
    rules_ordered_destroy(ordered);
}

TEST_MAIN(T(thresholds), T(filter), T(bits), T(suppress))
