// SPDX-License-Identifier: Apache-2.0
#include "behaviour/trial.h"

enum { HMI = 5, STRANGER = 66 };

static void ask(struct trial *t, int64_t second, uint8_t client, const char *function)
{
    struct record_modbus modbus = {
        .has_request = true, .request = {.func = bytes_from_text(function)}};
    struct record record = {.type = RECORD_MODBUS, .body = &modbus};
    record.head = (struct record_head){.timestamp = second * 1'000'000 + 1,
        .src_ip = trial_addr(10, 0, 0, client),
        .dest_ip = trial_addr(10, 0, 9, 1)};
    trial_record(t, &record);
}

static void run_plant(struct trial *t, int64_t from, int64_t to)
{
    for (int64_t second = from; second < to; second++)
        ask(t, second, HMI, second % 10 ? "READ_COILS" : "WRITE_SINGLE_COIL");
}

static void stop(struct trial *t, int64_t second, uint8_t client)
{
    struct record_s7comm s7comm = {.has_request = true, .func_name = BYTES("PLC Stop")};
    struct record record = {.type = RECORD_S7COMM, .body = &s7comm};
    record.head = (struct record_head){.timestamp = second * 1'000'000 + 1,
        .src_ip = trial_addr(10, 0, 0, client),
        .dest_ip = trial_addr(10, 0, 9, 1)};
    trial_record(t, &record);
}

TEST(stranger_after_the_time_of_learning)
{
    struct trial t;
    trial_begin(&t);
    run_plant(&t, 0, 400);
    ask(&t, 401, STRANGER, "READ_COILS");
    CHECK_EQ(t.count, 0);
    ask(&t, 402, STRANGER, "WRITE_SINGLE_COIL");
    ask(&t, 403, STRANGER, "WRITE_SINGLE_COIL");
    CHECK_EQ(trial_hits(&t, "ics.command", "write"), 1);
    CHECK_EQ(t.count, 1);
    CHECK_EQ(t.hits[0]->certainty, 0);
    CHECK(bytes_equal(trial_fact(&t, "operation"), BYTES("WRITE_SINGLE_COIL")));
    trial_end(&t);
}

// Its first word is a command, while another had long been talking.
TEST(stranger_within_it)
{
    struct trial t;
    trial_begin(&t);
    run_plant(&t, 0, 30);
    ask(&t, 31, STRANGER, "WRITE_SINGLE_COIL");
    CHECK_EQ(trial_hits(&t, "ics.command", "write"), 1);
    CHECK_EQ(t.hits[0]->certainty, 50);
    trial_end(&t);
}

TEST(masters_stay_quiet)
{
    struct trial t;
    trial_begin(&t);
    ask(&t, 0, STRANGER, "WRITE_SINGLE_COIL");
    run_plant(&t, 1, 2'000);
    ask(&t, 2'000, STRANGER, "WRITE_SINGLE_COIL");
    CHECK_EQ(t.count, 0);
    trial_end(&t);
}

TEST(stops_at_any_time)
{
    struct trial t;
    trial_begin(&t);
    stop(&t, 0, STRANGER);
    CHECK_EQ(trial_hits(&t, "ics.command", "stop"), 1);
    CHECK(t.hits[0]->as_detector);
    run_plant(&t, 1, 50);
    stop(&t, 51, HMI);
    stop(&t, 52, HMI);
    CHECK_EQ(t.count, 2);
    CHECK(!t.hits[1]->as_detector && t.hits[1]->severity == SEVERITY_LOW);
    trial_end(&t);
}

// What every master of DNP3 writes: the time, and that it saw the restart.
TEST(routine)
{
    struct trial t;
    trial_begin(&t);
    run_plant(&t, 0, 400);
    struct record_dnp3_object object = {.group = 80};
    struct record_dnp3 dnp3 = {.type = BYTES("request")};
    dnp3.application.function = BYTES("WRITE");
    dnp3.application.objects = &object;
    dnp3.application.objects_count = 1;
    struct record record = {.type = RECORD_DNP3, .body = &dnp3};
    record.head = (struct record_head){.timestamp = 500'000'000,
        .src_ip = trial_addr(10, 0, 0, STRANGER),
        .dest_ip = trial_addr(10, 0, 9, 1)};
    trial_record(&t, &record);
    CHECK_EQ(t.count, 0);
    object.group = 10;
    trial_record(&t, &record);
    CHECK_EQ(t.count, 1);
    trial_end(&t);
}

TEST_MAIN(T(stranger_after_the_time_of_learning), T(stranger_within_it), T(masters_stay_quiet),
    T(stops_at_any_time), T(routine))
