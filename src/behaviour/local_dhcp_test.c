// SPDX-License-Identifier: Apache-2.0
#include "behaviour/trial.h"

static void offer(struct trial *t, uint8_t server, uint32_t id, uint8_t gateway, uint8_t client)
{
    struct addr router = trial_addr(10, 0, 0, gateway), resolver = trial_addr(10, 0, 0, 53);
    struct record_dhcp dhcp = {.dhcp_type = BYTES("offer"),
        .id = id,
        .client_mac = BYTES("\2\0\0\0\0\7"),
        .assigned_ip = trial_addr(10, 0, 0, client),
        .subnet_mask = trial_addr(255, 255, 255, 0),
        .server_id = trial_addr(10, 0, 0, server),
        .routers = &router,
        .routers_count = 1,
        .dns_servers = &resolver,
        .dns_servers_count = 1};
    struct record record = {.type = RECORD_DHCP, .body = &dhcp};
    record.head = (struct record_head){.timestamp = 1'000'000, .src_ip = dhcp.server_id};
    trial_record(t, &record);
}

TEST(second_server_with_another_gateway)
{
    struct trial t;
    trial_begin(&t);
    offer(&t, 1, 1, 1, 100);
    offer(&t, 66, 2, 66, 101);
    offer(&t, 66, 3, 66, 102);
    CHECK_EQ(t.count, 1);
    CHECK_EQ(trial_hits(&t, "local.dhcp", "second"), 1);
    CHECK(bytes_equal(trial_fact(&t, "gateway"), BYTES("10.0.0.66")));
    CHECK_EQ(t.hits[0]->head->src_ip.bytes[3], 66);
    trial_end(&t);
}

TEST(pair_that_says_the_same)
{
    struct trial t;
    trial_begin(&t);
    offer(&t, 1, 1, 1, 100);
    offer(&t, 2, 1, 1, 200);
    offer(&t, 1, 2, 3, 100); // its own settings changed
    CHECK_EQ(t.count, 0);
    trial_end(&t);
}

TEST_MAIN(T(second_server_with_another_gateway), T(pair_that_says_the_same))
