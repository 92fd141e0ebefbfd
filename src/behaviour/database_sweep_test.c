// SPDX-License-Identifier: Apache-2.0
#include "behaviour/trial.h"
#include <stdio.h>

static void hand_in(struct trial *t, enum record_type type, const void *body)
{
    struct record record = {.type = type, .body = body};
    record.head = (struct record_head){.timestamp = 1'000'000,
        .src_ip = trial_addr(10, 0, 0, 7),
        .dest_ip = trial_addr(10, 0, 1, 1)};
    trial_record(t, &record);
}

static void ask(struct trial *t, unsigned count, const char *form)
{
    char text[128];
    for (unsigned i = 0; i < count; i++) {
        snprintf(text, sizeof text, form, i);
        struct record_mysql mysql = {.command = BYTES("query"), .statement = bytes_from_text(text)};
        hand_in(t, RECORD_MYSQL, &mysql);
    }
}

TEST(table_by_table)
{
    struct trial t;
    trial_begin(&t);
    ask(&t, 19, "SELECT /*!40001 SQL_NO_CACHE */ * FROM `table%u`");
    CHECK_EQ(t.count, 0);
    ask(&t, 20, "select * from `table%u`;");
    CHECK_EQ(t.count, 1);
    CHECK(bytes_equal(trial_fact(&t, "table"), BYTES("`table19`")));
    trial_end(&t);
}

TEST(copied_out)
{
    struct trial t;
    trial_begin(&t);
    ask(&t, 20, "COPY public.table%u (a, b) TO stdout;");
    CHECK_EQ(trial_hits(&t, "database.sweep", "tables"), 1);
    CHECK(bytes_equal(trial_fact(&t, "table"), BYTES("public.table19")));
    trial_end(&t);
}

TEST(everyday_work)
{
    struct trial t;
    trial_begin(&t);
    ask(&t, 100, "SELECT name FROM table%u WHERE id = 7");
    ask(&t, 100, "SELECT * FROM accounts ORDER BY name -- %u");
    ask(&t, 100, "INSERT INTO log%u VALUES (1)");
    CHECK_EQ(t.count, 0);
    trial_end(&t);
}

static void find(struct trial *t, unsigned count)
{
    char name[32];
    for (unsigned i = 0; i < count; i++) {
        snprintf(name, sizeof name, "things%u", i);
        struct record_mongodb mongodb = {
            .command = BYTES("find"), .collection = bytes_from_text(name)};
        hand_in(t, RECORD_MONGODB, &mongodb);
    }
}

// Programs know their collections.
TEST(collection_by_collection)
{
    struct trial t;
    trial_begin(&t);
    find(&t, 50);
    CHECK_EQ(t.count, 0);
    struct record_mongodb list = {.command = BYTES("listCollections")};
    hand_in(&t, RECORD_MONGODB, &list);
    find(&t, 20);
    CHECK_EQ(trial_hits(&t, "database.sweep", "tables"), 1);
    trial_end(&t);
}

TEST_MAIN(T(table_by_table), T(copied_out), T(everyday_work), T(collection_by_collection))
