// SPDX-License-Identifier: Apache-2.0
#include "behaviour/trial.h"

static const uint8_t gateway[6] = {2, 0, 0, 0, 0, 1}, liar[6] = {2, 0, 0, 0, 0, 66},
                     virtual[6] = {0, 0, 0x5e, 0, 1, 1};

static void say(struct trial *t, int64_t second, const char *opcode, const uint8_t mac[6],
    uint8_t of, uint8_t to)
{
    struct record_arp arp = {.opcode = bytes_from_text(opcode),
        .src_mac = bytes_make(mac, 6),
        .src_ip = trial_addr(10, 0, 0, of),
        .dest_ip = trial_addr(10, 0, 0, to),
        .gratuitous = of == to};
    struct record record = {.type = RECORD_ARP, .body = &arp};
    record.head = (struct record_head){
        .timestamp = second * 1'000'000 + 1, .src_ip = arp.src_ip, .dest_ip = arp.dest_ip};
    trial_record(t, &record);
}

TEST(goes_back_and_forth)
{
    struct trial t;
    trial_begin(&t);
    say(&t, 0, "request", liar, 66, 7);
    say(&t, 1, "request", gateway, 1, 7);
    say(&t, 2, "reply", liar, 1, 7);
    say(&t, 3, "request", gateway, 1, 7);
    CHECK_EQ(t.count, 0);
    say(&t, 4, "reply", liar, 1, 7);
    CHECK_EQ(trial_hits(&t, "local.arp", "moved"), 1);
    CHECK(bytes_equal(trial_fact(&t, "address"), BYTES("10.0.0.1")));
    CHECK(bytes_equal(trial_fact(&t, "mac"), BYTES("02:00:00:00:00:42")));
    CHECK_EQ(t.hits[0]->head->src_ip.bytes[3], 66);
    trial_end(&t);
}

TEST(replies_nobody_asked_for)
{
    struct trial t;
    trial_begin(&t);
    for (uint8_t i = 0; i < 5; i++) {
        say(&t, 2 * i, "reply", liar, 1, 7);
        say(&t, 2 * i, "reply", liar, 7, 1);
    }
    CHECK_EQ(t.count, 0);
    say(&t, 10, "reply", liar, 1, 7);
    CHECK_EQ(trial_hits(&t, "local.arp", "unasked"), 1);
    trial_end(&t);
}

TEST(honest_ones)
{
    struct trial t;
    trial_begin(&t);
    for (uint8_t i = 0; i < 20; i++) {
        say(&t, i, "request", gateway, 7, 1);
        say(&t, i, "reply", gateway, 1, 7); // asked for
        say(&t, i, "reply", gateway, 1, 1); // to all
        say(&t, i, "reply", i % 2 ? virtual : gateway, 2, 9);
    }
    CHECK_EQ(trial_hits(&t, "local.arp", "moved"), 0);
    trial_end(&t);
    trial_begin(&t);
    say(&t, 1, "reply", gateway, 3, 3);
    say(&t, 2, "reply", liar, 3, 3); // takes over
    CHECK_EQ(t.count, 0);
    trial_end(&t);
}

TEST_MAIN(T(goes_back_and_forth), T(replies_nobody_asked_for), T(honest_ones))
