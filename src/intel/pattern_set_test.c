// SPDX-License-Identifier: Apache-2.0
// Patterns held against records: each case is a pattern, records in order, and how often it hits.
#include "base/test.h"
#include "intel/pattern_state.h"

// ---- Records the cases speak of

static struct record_head head_of(const char *src, const char *dest, uint16_t dest_port)
{
    struct record_head head = {.timestamp = 1'600'000'000'000'000,
        .has_src_port = true,
        .src_port = 50000,
        .has_dest_port = true,
        .dest_port = dest_port,
        .proto = BYTES("TCP")};
    addr_parse(bytes_from_text(src), &head.src_ip);
    addr_parse(bytes_from_text(dest), &head.dest_ip);
    return head;
}

static const struct record_dns_query query = {.rrname = BYTES("Evil.Example.com")};
static const struct bytes answers[] = {BYTES("203.0.113.9"), BYTES("203.0.113.10")};
static struct record_dns dns = {
    .qr = true, .queries = &query, .queries_count = 1, .grouped = {.a = answers, .a_count = 2}};
static struct record_http http = {.hostname = BYTES("www.example.com"),
    .http_method = BYTES("GET"),
    .url = BYTES("/a/b.php?x=1"),
    .http_user_agent = BYTES("Mozilla/4.0 (evil)")};
static struct record_http http_ip = {.url = BYTES("/"), .http_method = BYTES("POST")};
static struct record_tls tls = {.sni = BYTES("c2.example.net"),
    .subject = BYTES("CN=evil, O=X"),
    .issuerdn = BYTES("CN=LM-68AB71FBD8F5"),
    .serial = BYTES("0E:97:88:1C"),
    .fingerprint = BYTES("00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff:00:11:22:33"),
    .ja3 = {.hash = BYTES("e7d705a3286e19ea42f587b344ee6865")}};
static struct record_flow flow = {.start = 1'600'000'000'000'000, .bytes_toserver = 5000};
static const uint8_t md5[] = {
    0xd4, 0x1d, 0x8c, 0xd9, 0x8f, 0, 0xb2, 4, 0xe9, 0x80, 9, 0x98, 0xec, 0xf8, 0x42, 0x7e};
static struct record_fileinfo file = {.filename = BYTES("/download/Invoice.exe"),
    .size = 4096,
    .md5 = {md5, sizeof md5},
    .mimetype = BYTES("application/x-dosexec")};
static const struct bytes to[] = {BYTES("\"Doe, Jo\" <Jo@Example.com>"), BYTES("b@example.com")};
static const struct bytes attached[] = {BYTES("請求書.doc")};
static struct record_smtp smtp = {.mail_from = BYTES("<bounce@evil.example>"),
    .email = {.from = BYTES("Evil Boss <boss@evil.example>"),
        .to = to,
        .to_count = 2,
        .subject = BYTES("Your invoice"),
        .attachment = attached,
        .attachment_count = 1}};

enum which { DNS, HTTP, HTTP_IP, TLS, FLOW, FLOW6, FILEINFO, SMTP, RECORDS };

static struct record made(enum which which)
{
    switch (which) {
    case DNS:
        return (struct record){
            .head = head_of("192.0.2.53", "10.0.0.5", 53), .type = RECORD_DNS, .body = &dns};
    case HTTP:
        return (struct record){
            .head = head_of("10.0.0.5", "203.0.113.80", 80), .type = RECORD_HTTP, .body = &http};
    case HTTP_IP:
        return (struct record){.head = head_of("10.0.0.5", "203.0.113.81", 8080),
            .type = RECORD_HTTP,
            .body = &http_ip};
    case TLS:
        return (struct record){
            .head = head_of("10.0.0.5", "203.0.113.9", 443), .type = RECORD_TLS, .body = &tls};
    case FLOW6:
        return (struct record){
            .head = head_of("fd00::5", "2001:db8::9", 443), .type = RECORD_FLOW, .body = &flow};
    case FILEINFO:
        return (struct record){.head = head_of("203.0.113.80", "10.0.0.5", 80),
            .type = RECORD_FILEINFO,
            .body = &file};
    case SMTP:
        return (struct record){
            .head = head_of("203.0.113.25", "10.0.0.25", 25), .type = RECORD_SMTP, .body = &smtp};
    default:
        return (struct record){
            .head = head_of("10.0.0.5", "203.0.113.9", 443), .type = RECORD_FLOW, .body = &flow};
    }
}

// ---- One record each

static void count_hit(void *context, const struct hit *hit)
{
    unsigned *count = context;
    *count += hit->settle == NULL && hit->matches_count > 0;
}

static struct pattern_set *set_of(const char *text, enum pattern_added *added)
{
    static const struct pattern_says says = {.source = BYTES("test"),
        .id = BYTES("indicator--1"),
        .confidence = INTEL_CONFIDENCE_UNSAID,
        .severity = INTEL_SEVERITY_UNSAID};
    struct pattern_set *set = pattern_set_create(&config_defaults);
    *added = PATTERN_NO_MEMORY;
    if (set)
        *added = pattern_set_add_text(set, bytes_from_text(text), &says);
    return set;
}

static unsigned hits_of(const char *text, enum which which)
{
    enum pattern_added added;
    struct pattern_set *set = set_of(text, &added);
    struct record record = made(which);
    unsigned count = 0;
    if (added != PATTERN_ADDED)
        TEST_SAY("%s: not added", text);
    else
        pattern_set_record(set, &record, count_hit, &count);
    pattern_set_destroy(set);
    return count;
}

struct single {
    const char *text;
    enum which which;
    bool hit;
};

static const struct single singles[] = {
    {"[domain-name:value = 'evil.example.com']", DNS, true},
    {"[domain-name:value = 'EVIL.example.com.']", DNS, true},
    {"[domain-name:value = 'example.com']", DNS, false},
    {"[domain-name:value LIKE '%.example.com']", DNS, true},
    {"[domain-name:value LIKE 'evil_example_com']", DNS, true},
    {"[domain-name:value LIKE 'evil%com%x']", DNS, false},
    {"[domain-name:value MATCHES '^evil\\\\..*\\\\.com$']", DNS, true},
    {"[domain-name:value MATCHES 'nothing']", DNS, false},
    {"[domain-name:value IN ('a.example', 'evil.example.com')]", DNS, true},
    {"[domain-name:value NOT IN ('a.example', 'evil.example.com')]", DNS, false},
    {"[domain-name:value = 'evil.example.com' AND domain-name:resolves_to_refs[*].value = "
     "'203.0.113.10']",
        DNS, true},
    {"[domain-name:value = 'evil.example.com' AND domain-name:resolves_to_refs[*].value = "
     "'203.0.113.11']",
        DNS, false},
    {"[domain-name:resolves_to_refs[1].value = '203.0.113.10']", DNS, true},
    {"[domain-name:resolves_to_refs[0].value = '203.0.113.10']", DNS, false},
    {"[domain-name:value = 'c2.example.net']", TLS, true},
    {"[domain-name:value = 'www.example.com']", HTTP, true},
    // An address of the head is its flow's to tell, unless something else makes the observation.
    {"[ipv4-addr:value = '203.0.113.9']", FLOW, true},
    {"[ipv4-addr:value = '203.0.113.9']", TLS, false},
    {"[ipv4-addr:value = '203.0.113.9' AND domain-name:value = 'c2.example.net']", TLS, true},
    {"[ipv4-addr:value = '203.0.113.9']", DNS, true},
    {"[ipv4-addr:value = '203.0.113.0/24']", FLOW, true},
    {"[ipv4-addr:value ISSUBSET '203.0.113.128/25']", FLOW, false},
    {"[ipv4-addr:value ISSUBSET '203.0.113.7/24']", FLOW, true},
    {"[ipv4-addr:value ISSUPERSET '203.0.113.9/32']", FLOW, true},
    {"[ipv4-addr:value ISSUPERSET '203.0.113.0/24']", FLOW, false},
    {"[ipv4-addr:value LIKE '203.0.113.%']", FLOW, true},
    {"[ipv4-addr:value = '203.0.113.9']", FLOW6, false},
    {"[ipv6-addr:value = '2001:0db8:0::0009']", FLOW6, true},
    {"[ipv6-addr:value ISSUBSET '2001:db8::/32']", FLOW6, true},
    {"[network-traffic:dst_ref.value = '203.0.113.9' AND network-traffic:dst_port = 443]", FLOW,
        true},
    {"[network-traffic:dst_ref.value = '203.0.113.9' AND network-traffic:dst_port = 80]", FLOW,
        false},
    {"[network-traffic:src_ref.value = '203.0.113.9']", FLOW, false},
    {"[network-traffic:dst_ref.type = 'ipv4-addr' AND network-traffic:dst_ref.value = "
     "'203.0.113.9']",
        FLOW, true},
    {"[network-traffic:dst_port > 442 AND network-traffic:dst_port <= 443]", FLOW, true},
    {"[network-traffic:dst_port NOT = 443]", FLOW, false},
    {"[network-traffic:dst_port != 80]", FLOW, true},
    {"[network-traffic:dst_port IN (80, 443)]", FLOW, true},
    {"[network-traffic:dst_port = '443']", FLOW, true},
    {"[network-traffic:protocols[*] = 'tcp' AND network-traffic:src_byte_count >= 5000]", FLOW,
        true},
    {"[network-traffic:protocols[*] = 'ipv6']", FLOW, false},
    {"[network-traffic:protocols[*] = 'http' AND "
     "network-traffic:extensions.'http-request-ext'.request_method = 'get' AND "
     "network-traffic:extensions.'http-request-ext'.request_header.'User-Agent' LIKE '%evil%']",
        HTTP, true},
    {"[network-traffic:extensions.'http-request-ext'.request_value = '/a/b.php?x=1']", HTTP, true},
    {"[network-traffic:start >= t'2020-09-13T00:00:00Z']", FLOW, true},
    {"[network-traffic:start > t'2021-01-01T00:00:00Z']", FLOW, false},
    {"[url:value = 'http://www.example.com/a/b.php?x=1']", HTTP, true},
    {"[url:value = 'HTTP://WWW.Example.com:80/a/b.php?x=1']", HTTP, true},
    {"[url:value = 'http://www.example.com/a/B.php?x=1']", HTTP, false},
    {"[url:value LIKE 'http://%.example.com/a/%']", HTTP, true},
    {"[url:value = 'http://203.0.113.81:8080']", HTTP_IP, true},
    {"[url:value = 'http://203.0.113.81:8080/']", HTTP_IP, true},
    {"[file:hashes.MD5 = 'D41D8CD98F00B204E9800998ECF8427E']", FILEINFO, true},
    {"[file:hashes.'MD5' = 'd41d8cd98f00b204e9800998ecf8427e' AND file:size = 4096]", FILEINFO,
        true},
    {"[file:hashes.md5 = 'd41d8cd98f00b204e9800998ecf8427e' AND file:size < 4096]", FILEINFO,
        false},
    {"[file:name = 'Invoice.exe']", FILEINFO, true},
    {"[file:name = 'invoice.exe']", FILEINFO, false},
    {"[file:name LIKE '%.exe' AND file:parent_directory_ref.path = '/download']", FILEINFO, true},
    {"[EXISTS file:hashes.MD5]", FILEINFO, true},
    {"[file:name LIKE '%.exe' AND NOT EXISTS file:hashes.MD5]", FILEINFO, false},
    {"[file:name LIKE '%.exe' AND NOT EXISTS file:hashes.'SHA-256']", FILEINFO, true},
    {"[x509-certificate:issuer = 'CN=LM-68AB71FBD8F5' AND x509-certificate:serial_number = "
     "'e:97:88:1c']",
        TLS, true},
    {"[x509-certificate:serial_number = '0e97881c']", TLS, true},
    {"[x509-certificate:hashes.'SHA-1' = '00112233445566778899aabbccddeeff00112233']", TLS, true},
    {"[x509-certificate:subject = 'CN=evil,O=X']", TLS, true},
    {"[network-traffic:extensions.'tls-ext'.ja3 = 'E7D705A3286E19EA42F587B344EE6865']", TLS, true},
    {"[x-ja3:value = 'e7d705a3286e19ea42f587b344ee6865']", TLS, true},
    {"[email-addr:value = 'Boss@Evil.example']", SMTP, true},
    {"[email-addr:value = 'jo@example.com']", SMTP, true},
    {"[email-message:from_ref.value = 'boss@evil.example' AND email-message:subject LIKE "
     "'%invoice%']",
        SMTP, true},
    {"[email-message:from_ref.value = 'bounce@evil.example']", SMTP, false},
    {"[email-message:sender_ref.value = 'bounce@evil.example']", SMTP, true},
    {"[email-message:to_refs[*].value = 'b@example.com']", SMTP, true},
    {"[email-message:from_ref.display_name = 'Evil Boss']", SMTP, true},
    {"[email-message:body_multipart[*].body_raw_ref.name = '請求書.doc']", SMTP, true},
    {"[file:name LIKE '請__.doc']", SMTP, true},
    {"[file:name = 'x' OR email-message:subject = 'Your invoice']", SMTP, true},
    // What cannot be seen falls out of an OR.
    {"[process:name = 'x' OR email-message:subject = 'Your invoice']", SMTP, true},
};

TEST(finds_observations_in_records)
{
    for (size_t i = 0; i < sizeof singles / sizeof *singles; i++) {
        unsigned hits = hits_of(singles[i].text, singles[i].which);
        if (hits != singles[i].hit)
            TEST_SAY("%s: %u hits", singles[i].text, hits);
    }
}

TEST(says_what_no_record_can_show)
{
    static const struct {
        const char *text;
        const char *unseen; // NULL: seen, but never together
    } cases[] = {
        {"[process:name = 'x']", "process:name"},
        {"[file:name = 'x' AND windows-registry-key:key = 'y']", "windows-registry-key:key"},
        {"[file:name = 'x'] FOLLOWEDBY [mutex:name = 'y']", "mutex:name"},
        {"[file:hashes.MD5 = 'd41d8cd98f00b204e9800998ecf8427e' AND url:value = 'http://x/']",
            NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct pattern_set *set = pattern_set_create(&config_defaults);
        struct pattern_error error;
        struct bytes unseen;
        struct arena *arena = pattern_set_arena(set);
        struct pattern_node *root =
            stix_pattern_parse(arena, bytes_from_text(cases[i].text), &error);
        root = pattern_resolve(pattern_set_observables(set), arena, root, &unseen, &error);
        CHECK((root != NULL) == (cases[i].unseen == NULL));
        if (cases[i].unseen)
            CHECK_TEXT(unseen, cases[i].unseen);
        else
            CHECK_EQ(pattern_set_add(set, root, &(struct pattern_says){.confidence = 1}),
                PATTERN_UNSEEN);
        pattern_set_destroy(set);
    }
}

// ---- Several records: "D@0 F@5": a DNS record, five seconds later a flow; + and - choose a host

struct scene {
    struct pattern_state *state;
    unsigned completed;
    size_t matches; // of the last that was complete
};

static void settle(void *context, const struct hit *hit)
{
    struct scene *scene = context;
    struct hit whole = *hit;
    bool complete = hit->settle == NULL || pattern_state_see(scene->state, hit, &whole);
    scene->completed += complete;
    scene->matches = complete ? whole.matches_count : scene->matches;
}

static void play(const struct pattern_set *set, const char *story, struct scene *scene)
{
    static const char letters[] = "DHITFXEM";
    for (const char *at = story; *at; at++) {
        const char *letter = *at != ' ' ? strchr(letters, *at) : NULL;
        if (!letter)
            continue;
        struct record record = made((enum which)(letter - letters));
        int seconds = 0, used = 0;
        sscanf(&at[1], "@%d%n", &seconds, &used);
        record.head.timestamp += (int64_t)seconds * 1'000'000;
        flow.start = record.head.timestamp;
        if (at[1 + used] == '-')
            record.head.src_ip.bytes[3] = record.head.dest_ip.bytes[3] = 77;
        pattern_set_record(set, &record, settle, scene);
        at = &at[used];
    }
}

struct story {
    const char *text, *story;
    unsigned completed;
};

#define DOMAIN  "[domain-name:value = 'evil.example.com']"
#define ADDRESS "[network-traffic:dst_ref.value = '203.0.113.9' AND network-traffic:dst_port = 443]"
#define SUBJECT "[email-message:subject = 'Your invoice']"

static const struct story stories[] = {
    {DOMAIN " AND " ADDRESS, "D@0 F@5", 1},
    {DOMAIN " AND " ADDRESS, "F@0 D@5", 1},
    {DOMAIN " AND " ADDRESS, "D@0 D@5", 0},
    {DOMAIN " AND " ADDRESS, "D@0 F@5-", 0}, // of another host
    {DOMAIN " FOLLOWEDBY " ADDRESS, "D@0 F@5", 1},
    {DOMAIN " FOLLOWEDBY " ADDRESS, "F@0 D@5", 0},
    {DOMAIN " FOLLOWEDBY " ADDRESS, "F@0 D@5 F@6", 1},
    {DOMAIN " FOLLOWEDBY " ADDRESS, "D@0 F@5 F@6", 1}, // begins anew
    {DOMAIN " FOLLOWEDBY " ADDRESS, "D@0 F@5 D@6 F@7", 2},
    {DOMAIN " FOLLOWEDBY " ADDRESS, "D@0 F@5 D@0 F@5", 1}, // told again when the flow ends
    {DOMAIN " FOLLOWEDBY " ADDRESS, "F@5 D@0", 1},         // by time, not by when it is told
    {"(" DOMAIN " FOLLOWEDBY " ADDRESS ") WITHIN 10 SECONDS", "D@0 F@10", 1},
    {"(" DOMAIN " FOLLOWEDBY " ADDRESS ") WITHIN 10 SECONDS", "D@0 F@11", 0},
    {"(" DOMAIN " FOLLOWEDBY " ADDRESS ") WITHIN 10 SECONDS", "D@0 F@11 D@20 F@21", 1},
    // Without brackets it would say nothing; people mean the whole.
    {DOMAIN " FOLLOWEDBY " ADDRESS " WITHIN 10 SECONDS", "D@0 F@500", 0},
    {DOMAIN " FOLLOWEDBY " ADDRESS " WITHIN 10 SECONDS", "D@0 F@5", 1},
    {DOMAIN " WITHIN 10 SECONDS", "D@0 D@500", 2},
    {DOMAIN " REPEATS 3 TIMES", "D@0 D@1", 0},
    {DOMAIN " REPEATS 3 TIMES", "D@0 D@1 D@2", 1},
    {DOMAIN " REPEATS 3 TIMES", "D@0 D@1 D@2 D@3 D@4 D@5", 2},
    {DOMAIN " REPEATS 3 TIMES", "D@0 D@0 D@0", 0}, // the same record told again
    {DOMAIN " REPEATS 3 TIMES WITHIN 5 SECONDS", "D@0 D@3 D@6", 0},
    {DOMAIN " REPEATS 3 TIMES WITHIN 5 SECONDS", "D@0 D@3 D@6 D@8", 1},
    {"(" DOMAIN " AND " ADDRESS ") REPEATS 2 TIMES", "D@0 F@1 D@2", 0},
    {"(" DOMAIN " AND " ADDRESS ") REPEATS 2 TIMES", "D@0 F@1 D@2 F@3", 1},
    {DOMAIN " OR " ADDRESS, "D@0 F@5", 2},
    {"(" DOMAIN " OR " SUBJECT ") FOLLOWEDBY " ADDRESS, "D@0 F@5", 1},
    {"(" DOMAIN " OR [mutex:name = 'x']) FOLLOWEDBY " ADDRESS, "D@0 F@5", 1},
    {DOMAIN " AND [domain-name:value LIKE '%.com']", "D@0", 0}, // two observations, not one twice
    {DOMAIN " AND [domain-name:value LIKE '%.com']", "D@0 D@1", 1},
    {DOMAIN " START t'2020-09-13T12:26:40Z' STOP t'2020-09-13T12:26:45Z'", "D@0 D@4 D@5", 2},
    {DOMAIN " START t'2020-09-13T12:26:42Z' STOP t'2020-09-13T12:26:45Z'", "D@0 D@1", 0},
    {DOMAIN " AND " ADDRESS " AND [network-traffic:dst_port = 443]", "D@0 F@5", 0},
    {DOMAIN " AND " ADDRESS " AND [network-traffic:dst_port = 443]", "D@0 F@5 F@6", 1},
};

TEST(follows_several_observations_of_a_host)
{
    for (size_t i = 0; i < sizeof stories / sizeof *stories; i++) {
        enum pattern_added added;
        struct pattern_set *set = set_of(stories[i].text, &added);
        struct scene scene = {pattern_state_create(32 << 20), 0, 0};
        if (added == PATTERN_ADDED && scene.state)
            play(set, stories[i].story, &scene);
        if (scene.completed != stories[i].completed)
            TEST_SAY("%s with %s: %u", stories[i].text, stories[i].story, scene.completed);
        pattern_state_destroy(scene.state);
        pattern_set_destroy(set);
    }
}

TEST(shows_what_all_observations_showed)
{
    enum pattern_added added;
    struct pattern_set *set = set_of(DOMAIN " FOLLOWEDBY " ADDRESS, &added);
    struct scene scene = {pattern_state_create(1 << 20), 0, 0};
    play(set, "D@0 F@5", &scene);
    CHECK_EQ(scene.matches, 3); // address, port; and the name
    pattern_state_destroy(scene.state);
    pattern_set_destroy(set);
}

TEST(forgets_hosts_when_memory_is_short)
{
    enum pattern_added added;
    struct pattern_set *set = set_of(DOMAIN " REPEATS 3 TIMES", &added);
    struct scene scene = {pattern_state_create(256 << 10), 0, 0};
    for (unsigned i = 0; i < 20'000; i++) {
        struct record record = made(DNS);
        record.head.dest_ip.bytes[1] = (uint8_t)(i >> 8);
        record.head.dest_ip.bytes[2] = (uint8_t)i;
        pattern_set_record(set, &record, settle, &scene);
    }
    CHECK(pattern_state_forgotten(scene.state) > 10'000);
    play(set, "D@1 D@2 D@3", &scene);
    CHECK_EQ(scene.completed, 1);
    pattern_state_destroy(scene.state);
    pattern_set_destroy(set);
}

TEST(keeps_to_the_time_it_is_valid)
{
    struct pattern_set *set = pattern_set_create(&config_defaults);
    struct pattern_says says = {.confidence = 80, .until_us = 1'600'000'000'000'000};
    struct record record = made(DNS);
    unsigned count = 0;
    CHECK_EQ(pattern_set_add_text(set, BYTES(DOMAIN), &says), PATTERN_ADDED);
    pattern_set_record(set, &record, count_hit, &count);
    CHECK_EQ(count, 0);
    record.head.timestamp--;
    pattern_set_record(set, &record, count_hit, &count);
    CHECK_EQ(count, 1);
    pattern_set_take_back(set, 0);
    pattern_set_record(set, &record, count_hit, &count);
    CHECK_EQ(count, 1);
    pattern_set_destroy(set);
}

TEST(finds_every_field_its_table_names)
{
    struct pool pool;
    struct arena arena;
    pool_init(&pool, 0);
    arena_init(&arena, &pool, 1 << 20);
    struct observables all = observables_make(&arena);
    static const char *const names[] = {
#define SEEN(path, how, fields) fields,
#include "intel/observable.def"
#undef SEEN
    };
    for (size_t i = 0; i < all.count; i++) {
        size_t named = 1;
        for (const char *c = names[i]; *c; c++)
            named += *c == ' ';
        if (all.list[i].fields_count != named && !strstr(names[i], "sha1"))
            TEST_SAY("%s: %u of %zu fields", all.list[i].path, all.list[i].fields_count, named);
    }
    arena_reset(&arena);
    pool_finish(&pool);
}

TEST_MAIN(T(finds_observations_in_records), T(says_what_no_record_can_show),
    T(follows_several_observations_of_a_host), T(shows_what_all_observations_showed),
    T(forgets_hosts_when_memory_is_short), T(keeps_to_the_time_it_is_valid),
    T(finds_every_field_its_table_names))
