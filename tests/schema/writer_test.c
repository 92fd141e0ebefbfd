// SPDX-License-Identifier: Apache-2.0
// The generated JSON writers on a schema that has one field of each type (schema/ beside this).
#include "base/test.h"
#include "schema/records.h"

static struct json j;

static struct bytes written(enum record_type type, const void *body, bool with_head)
{
    struct record r = {.type = type, .body = body};
    if (with_head)
        r.head = (struct record_head){.timestamp = 1795248000123456,
            .flow_id = 7,
            .src_ip = addr_v4((const uint8_t[]){192, 0, 2, 1}),
            .has_src_port = true,
            .src_port = 53};
    json_clear(&j);
    record_write_json(&j, &r);
    CHECK(!j.failed);
    return bytes_make(j.data, j.len);
}

TEST(writes_the_head)
{
    struct record_empty body = {.words = BYTES("x")};
    CHECK_TEXT(written(RECORD_EMPTY, &body, true),
        "{\"timestamp\":\"2026-11-21T08:00:00.123456+0000\",\"flow_id\":7,\"event_type\":\"empty\","
        "\"src_ip\":\"192.0.2.1\",\"src_port\":53,\"empty\":{\"words\":\"x\"}}");
}

TEST(leaves_out_what_is_not_there)
{
    struct record_empty nothing = {0};
    CHECK_TEXT(written(RECORD_EMPTY, &nothing, false), "{\"flow_id\":0,\"event_type\":\"empty\"}");
    struct record_empty there = {.words = BYTES(""), .nest.label = BYTES("")};
    CHECK_TEXT(written(RECORD_EMPTY, &there, false),
        "{\"flow_id\":0,\"event_type\":\"empty\",\"empty\":{"
        "\"words\":\"\",\"nest\":{\"label\":\"\"}}}");
    struct record_all zero = {0};
    CHECK_TEXT(written(RECORD_ALL, &zero, false),
        "{\"flow_id\":0,\"event_type\":\"all\",\"all\":{\"n8\":0,\"n32\":0,\"n64\":0,\"i64\":0,"
        "\"bits8\":\"00\",\"either\":false}}");
}

TEST(writes_numbers_at_their_limits)
{
    struct record_all all = {.n8 = UINT8_MAX,
        .has_n16 = true,
        .n16 = UINT16_MAX,
        .n32 = UINT32_MAX,
        .n64 = UINT64_MAX,
        .i64 = INT64_MIN,
        .has_ratio = true,
        .ratio = 0.25,
        .bits8 = 0x0b,
        .has_bits16 = true,
        .bits16 = 0x8180,
        .has_beside = true,
        .beside.n = 1};
    CHECK_TEXT(written(RECORD_ALL, &all, false),
        "{\"flow_id\":0,\"event_type\":\"all\",\"all\":{\"n8\":255,\"n16\":65535,\"n32\":"
        "4294967295,"
        "\"n64\":18446744073709551615,\"i64\":-9223372036854775808,\"ratio\":0.25,\"bits8\":\"0b\","
        "\"bits16\":\"8180\",\"either\":false},\"beside\":{\"n\":1}}");
}

TEST(writes_every_other_type)
{
    const uint8_t raw[] = {0xca, 0xfe}, mac[] = {2, 0, 0, 0, 0xab, 1};
    struct record_all all = {.words = BYTES("a\"b"),
        .raw = bytes_make(raw, 2),
        .station = bytes_make(mac, 6),
        .yes = true,
        .either = true,
        .at = 1000000,
        .address = addr_v6((const uint8_t[16]){0x20, 1, 0xd, 0xb8, [15] = 1}),
        .nest.deep.label = BYTES("d")};
    CHECK_TEXT(written(RECORD_ALL, &all, false),
        "{\"flow_id\":0,\"event_type\":\"all\",\"all\":{\"words\":\"a\\\"b\",\"raw\":\"cafe\","
        "\"station\":\"02:00:00:00:ab:01\",\"n8\":0,\"n32\":0,\"n64\":0,\"i64\":0,\"bits8\":\"00\","
        "\"yes\":true,\"either\":true,\"at\":\"1970-01-01T00:00:01.000000+0000\","
        "\"address\":\"2001:db8::1\",\"nest\":{\"deep\":{\"label\":\"d\"}}}}");
}

TEST(writes_lists)
{
    const struct bytes texts[] = {BYTES("a"), BYTES("")};
    const int64_t numbers[] = {1, -2};
    const struct addr addresses[] = {addr_v4((const uint8_t[]){10, 0, 0, 1})};
    const struct record_inner inners[] = {
        {.label = BYTES("i")}, {.has_default_ = true, .default_ = 3}};
    const struct record_outer outers[] = {
        {0}, {.inner.label = BYTES("o"), .inners = inners, .inners_count = 2}};
    struct record_all all = {.texts = texts,
        .texts_count = 2,
        .numbers = numbers,
        .numbers_count = 2,
        .addresses = addresses,
        .addresses_count = 1,
        .outers = outers,
        .outers_count = 2};
    CHECK_TEXT(written(RECORD_ALL, &all, false),
        "{\"flow_id\":0,\"event_type\":\"all\",\"all\":{\"n8\":0,\"n32\":0,\"n64\":0,\"i64\":0,"
        "\"bits8\":\"00\",\"either\":false,\"texts\":[\"a\",\"\"],\"numbers\":[1,-2],"
        "\"addresses\":[\"10.0.0.1\"],\"outers\":[{},{\"inner\":{\"label\":\"o\"},"
        "\"inners\":[{\"label\":\"i\"},{\"default\":3}]}]}}");
}

TEST(writes_metrics_nested_by_their_dots)
{
    struct metrics m = {.capture_packets = 1,
        .tcp_memory = 2,
        .capture_queue_full = 3,
        .anomalies[ANOMALY_STREAM_GAP] = 4,
        .anomalies[ANOMALY_IPV4_OPT_BAD_LEN] = 5};
    struct record_stats body = {.uptime = 9, .metrics = &m};
    CHECK_TEXT(written(RECORD_STATS, &body, false),
        "{\"flow_id\":0,\"event_type\":\"stats\",\"stats\":{\"uptime\":9,\"capture\":{\"packets\":"
        "1,"
        "\"queue\":{\"full\":3}},\"tcp\":{\"memory\":2},"
        "\"event\":{\"ipv4\":{\"opt\":{\"bad_len\":5}},\"stream\":{\"gap\":4}}}}");
}

TEST(adds_metrics)
{
    struct metrics a = {.capture_packets = UINT64_MAX - 1, .tcp_memory = 5, .anomalies[1] = 1};
    struct metrics b = {
        .capture_packets = 2, .tcp_memory = 3, .capture_queue_full = 1, .anomalies[1] = 2};
    metrics_add(&a, &b);
    CHECK(a.capture_packets == UINT64_MAX);
    CHECK_EQ(a.tcp_memory, 5);
    CHECK_EQ(a.capture_queue_full, 1);
    CHECK_EQ(a.anomalies[1], 3);
    CHECK_TEXT(bytes_from_text(metric_name(2)), "capture.queue.full");
    CHECK_EQ(metric_value(&a, 2), 1);
}

TEST(knows_names)
{
    CHECK_TEXT(bytes_from_text(record_type_name(RECORD_EMPTY)), "empty");
    CHECK_TEXT(bytes_from_text(anomaly_name(ANOMALY_IPV4_OPT_BAD_LEN)), "ipv4.opt.bad_len");
    CHECK_TEXT(bytes_from_text(anomaly_layer(ANOMALY_STREAM_GAP)), "stream");
}

static const struct test_case cases[] = {T(writes_the_head), T(leaves_out_what_is_not_there),
    T(writes_numbers_at_their_limits), T(writes_every_other_type), T(writes_lists),
    T(writes_metrics_nested_by_their_dots), T(adds_metrics), T(knows_names)};

int main(void)
{
    json_init(&j);
    int status = test_run(cases, (int)(sizeof cases / sizeof *cases));
    json_finish(&j);
    return status;
}
