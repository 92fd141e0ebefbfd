// SPDX-License-Identifier: Apache-2.0
#include "behaviour/trial.h"

#define NETWORK(b)                                                                                 \
    {                                                                                              \
        .base = {.bytes = {10, b}, .version = 4}, .bits = 16                                       \
    }

static const struct addr_range networks[] = {NETWORK(10), NETWORK(20), NETWORK(30)};
static const struct config_segment segments[] = {{.name = "A",
                                                     .networks = &networks[0],
                                                     .networks_count = 1,
                                                     .kind = CONFIG_SEGMENTS_KIND_MYNUMBER},
    {.name = "B",
        .networks = &networks[1],
        .networks_count = 1,
        .kind = CONFIG_SEGMENTS_KIND_LGWAN},
    {.name = "C",
        .networks = &networks[2],
        .networks_count = 1,
        .kind = CONFIG_SEGMENTS_KIND_INTERNET}};
static const char *const services[] = {"smtp", "tcp/8443"};
static const struct config_crossing lines[] = {
    {.from = "B", .to = "C", .by = services, .by_count = 2, .why = "mail"}};

static void begin(struct trial *t, enum config_separation_model model)
{
    trial_begin(t);
    t->config.segments = segments;
    t->config.segments_count = 3;
    t->config.separation.model = model;
    t->config.separation.may_cross = lines;
    t->config.separation.may_cross_count = 1;
}

static void flow(struct trial *t, struct addr from, struct addr to, uint16_t port, const char *app,
    const char *sni)
{
    struct record_flow body = {.pkts_toclient = 3, .bytes_toclient = 100, .start = 1, .end = 2};
    if (sni)
        body.tls.sni = bytes_from_text(sni);
    struct record record = {.head = {.timestamp = 1,
                                .src_ip = from,
                                .dest_ip = to,
                                .has_dest_port = true,
                                .dest_port = port,
                                .proto = BYTES("TCP"),
                                .app_proto = bytes_from_text(app)},
        .type = RECORD_FLOW,
        .body = &body};
    trial_record(t, &record);
}

#define IN_A trial_addr(10, 10, 0, 1)
#define IN_B trial_addr(10, 20, 0, 1)
#define IN_C trial_addr(10, 30, 0, 1)
#define OUT  trial_addr(203, 0, 113, 1)

TEST(own_lines)
{
    struct trial t;
    begin(&t, CONFIG_SEPARATION_MODEL_NONE);
    flow(&t, IN_B, IN_C, 25, "smtp", NULL);
    flow(&t, IN_B, IN_C, 8443, "tls", NULL);
    flow(&t, IN_B, trial_addr(10, 20, 0, 9), 80, "http", NULL);
    flow(&t, OUT, trial_addr(203, 0, 113, 9), 80, "http", NULL);
    CHECK_EQ(t.count, 0);
    flow(&t, IN_B, IN_C, 80, "http", NULL);
    CHECK_EQ(trial_hits(&t, "separation.crossing", "crossed_isolated"), 1);
    flow(&t, IN_C, OUT, 80, "http", NULL);
    CHECK_EQ(trial_hits(&t, "separation.crossing", "crossed"), 1);
    trial_end(&t);
}

TEST(models)
{
    struct trial t;
    begin(&t, CONFIG_SEPARATION_MODEL_ALPHA);
    flow(&t, IN_C, OUT, 443, "tls", NULL);
    CHECK_EQ(t.count, 0);
    flow(&t, IN_A, OUT, 443, "tls", NULL);
    flow(&t, IN_B, OUT, 443, "tls", "outlook.office365.com");
    CHECK_EQ(t.count, 2);
    trial_end(&t);
    begin(&t, CONFIG_SEPARATION_MODEL_ALPHA_PRIME);
    flow(&t, IN_B, OUT, 443, "tls", "outlook.office365.com");
    CHECK_EQ(t.count, 0);
    flow(&t, IN_B, OUT, 443, "tls", "notoffice365.com");
    flow(&t, IN_C, IN_B, 3389, "rdp", NULL);
    CHECK_EQ(t.count, 2);
    trial_end(&t);
    begin(&t, CONFIG_SEPARATION_MODEL_BETA);
    flow(&t, IN_C, IN_B, 3389, "rdp", NULL);
    CHECK_EQ(t.count, 0);
    flow(&t, IN_C, IN_B, 445, "smb", NULL);
    CHECK_EQ(t.count, 1);
    trial_end(&t);
}

static void add_up(void *context, const struct separation_line *line)
{
    uint64_t *counts = context;
    counts[line->allowed] += line->flows;
    if (line->line == 1)
        CHECK(bytes_equal(line->why, BYTES("mail")));
}

TEST(proof)
{
    struct trial t;
    uint64_t counts[2] = {0};
    begin(&t, CONFIG_SEPARATION_MODEL_ALPHA);
    for (size_t i = 0; i < 10; i++)
        flow(&t, IN_B, IN_C, 25, "smtp", NULL);
    flow(&t, IN_A, IN_C, 80, "http", NULL);
    flow(&t, IN_C, OUT, 80, "http", NULL);
    behaviours_separation(t.behaviours, add_up, counts);
    CHECK_EQ(counts[true], 11);
    CHECK_EQ(counts[false], 1);
    trial_end(&t);
}

TEST(servers)
{
    static const struct addr_range known[] = {
        {.base = {.bytes = {10, 20, 0, 53}, .version = 4}, .bits = 32}};
    struct trial t;
    begin(&t, CONFIG_SEPARATION_MODEL_NONE);
    t.config.separation.may_cross_count = 0;
    flow(&t, IN_B, trial_addr(10, 20, 0, 7), 53, "dns", NULL);
    CHECK_EQ(t.count, 0); // nobody is registered: nobody is asked
    t.config.separation.servers.dns = known;
    t.config.separation.servers.dns_count = 1;
    flow(&t, IN_B, trial_addr(10, 20, 0, 53), 53, "dns", NULL);
    flow(&t, IN_B, OUT, 53, "dns", NULL);
    CHECK_EQ(t.count, 0);
    flow(&t, IN_B, trial_addr(10, 20, 0, 7), 53, "dns", NULL);
    CHECK_EQ(trial_hits(&t, "separation.server", "dns"), 1);
    CHECK(t.count == 1 && t.hits[0]->subject_is_dest);
    trial_end(&t);
}

TEST_MAIN(T(own_lines), T(models), T(proof), T(servers))
