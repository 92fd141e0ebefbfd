// SPDX-License-Identifier: Apache-2.0
#include "behaviour/trial.h"

struct visit {
    uint8_t from, to;
    uint64_t seconds, bytes;
    const char *name, *client, *notbefore;
    bool own;
};

// 2023-11-14
static void go(struct trial *t, struct visit v)
{
    struct record_flow flow = {.age = v.seconds,
        .payload_toserver = v.bytes,
        .payload_toclient = v.bytes,
        .tls = {.sni = bytes_from_text(v.name),
            .ja4 = bytes_from_text(v.client),
            .notbefore = bytes_from_text(v.notbefore),
            .self_signed = v.own}};
    struct record record = {.type = RECORD_FLOW,
        .body = &flow,
        .head = {.timestamp = 1'700'000'000'000'000,
            .proto = BYTES("TCP"),
            .src_ip = trial_addr(10, 0, 0, v.from),
            .dest_ip = trial_addr(203, 0, 113, v.to)}};
    trial_record(t, &record);
}

// Five hosts that all visit one place with one browser, and whatever else one of them does.
static size_t told(const char *kind, struct visit v, uint8_t again)
{
    struct trial t;
    trial_begin(&t);
    for (uint8_t host = 1; host <= 5; host++)
        go(&t, (struct visit){host, 1, 10, 1000, "www.example.jp", "t13d1516h2", "", false});
    go(&t, v);
    if (again)
        go(&t, (struct visit){again, v.to, 10, 1000, v.name, "t13d1516h2", "", false});
    behaviours_end(t.behaviours);
    size_t hits = trial_hits(&t, "flow.rare", kind);
    trial_end(&t);
    return hits;
}

TEST(long_and_idle)
{
    CHECK_EQ(told("long", (struct visit){2, 9, 7200, 3000, "", "", "", false}, 0), 1);
    CHECK_EQ(told("long", (struct visit){2, 9, 7200, 3000, "", "", "", false}, 3), 0); // not alone
    CHECK_EQ(told("long", (struct visit){2, 9, 600, 3000, "", "", "", false}, 0), 0);
    CHECK_EQ(told("long", (struct visit){2, 9, 7200, 900'000, "", "", "", false}, 0), 0);
}

TEST(odd_certificates)
{
    static const char *const known = "t13d1516h2", *const odd = "t12d190800";
    CHECK_EQ(told("certificate", (struct visit){2, 9, 9, 99, "a.b", odd, "", true}, 0), 1);
    CHECK_EQ(told("certificate", (struct visit){2, 9, 9, 99, "", odd, "", false}, 0), 1);
    CHECK_EQ(
        told("certificate", (struct visit){2, 9, 9, 99, "a.b", odd, "2023-11-12T00", false}, 0), 1);
    CHECK_EQ(
        told("certificate", (struct visit){2, 9, 9, 99, "a.b", odd, "2023-10-12T00", false}, 0), 0);
    CHECK_EQ(told("certificate", (struct visit){2, 9, 9, 99, "a.b", known, "", true}, 0), 0);
    CHECK_EQ(told("certificate", (struct visit){2, 9, 9, 99, "a.b", odd, "", true}, 3), 0);
}

TEST(alone_everything_is_rare)
{
    struct trial t;
    trial_begin(&t);
    go(&t, (struct visit){1, 9, 7200, 3000, "", "t12d190800", "", true});
    behaviours_end(t.behaviours);
    CHECK_EQ(trial_hits(&t, "flow.rare", NULL), 0);
    trial_end(&t);
}

TEST_MAIN(T(long_and_idle), T(odd_certificates), T(alone_everything_is_rare))
