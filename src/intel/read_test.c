// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"
#include "base/test_alloc.h"
#include "intel/internal.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { PATH_BYTES = 256, MESSAGE_BYTES = 2000 };

static char folder[] = "/tmp/yagura-intel-XXXXXX";

static const char *path_of(const char *name)
{
    static char paths[8][PATH_BYTES];
    static unsigned next;
    char *path = paths[next++ % 8];
    snprintf(path, PATH_BYTES, "%s/%s", folder, name);
    return path;
}

static const char *file_with(const char *name, const char *content)
{
    const char *path = path_of(name);
    FILE *f = fopen(path, "w");
    if (f) {
        fputs(content, f);
        fclose(f);
    }
    return path;
}

struct loaded {
    struct intel *intel;
    struct intel_report report;
    struct config config;
};

static void load(struct loaded *l, const char *const *paths, size_t count)
{
    l->config = config_defaults;
    struct intel_options options = {.config = &l->config, .paths = paths, .paths_count = count};
    l->intel = intel_load(&options, &l->report);
}

static void load_one(struct loaded *l, const char *name, const char *content)
{
    const char *path = file_with(name, content);
    load(l, &path, 1);
}

static void unload(struct loaded *l)
{
    intel_destroy(l->intel);
    intel_report_finish(&l->report);
}

static uint32_t ref_of(const struct loaded *l, enum intel_kind kind, const char *value)
{
    struct key key;
    if (!key_make(&key, kind, bytes_from_text(value)))
        return STORE_NONE;
    return store_find(&l->intel->store, key.kind, bytes_make(key.data, key.len));
}

// The n-th statement about a value, the newest first, until the third such call after it; NULL.
static const struct statement *said(
    const struct loaded *l, enum intel_kind kind, const char *value, unsigned n)
{
    static struct statement kept[3];
    static size_t next;
    uint32_t ref = ref_of(l, kind, value), at, got;
    if (ref == STORE_NONE)
        return NULL;
    at = store_entry(&l->intel->store, ref).statement;
    while (store_statements(&l->intel->store, &at, &got)) {
        if (n-- > 0)
            continue;
        next = (next + 1) % 3;
        kept[next] = store_said(&l->intel->store, got);
        return &kept[next];
    }
    return NULL;
}

// Of the n-th statement.
static struct bytes label_said(
    const struct loaded *l, enum intel_kind kind, const char *value, unsigned n)
{
    static struct composing label;
    const struct statement *s = said(l, kind, value, n);
    if (!s)
        return BYTES("no such value");
    struct entry entry = store_entry(&l->intel->store, ref_of(l, kind, value));
    statement_label(&l->intel->store, s, &entry, &label);
    return composing_bytes(&label);
}

static struct bytes label_of(const struct loaded *l, enum intel_kind kind, const char *value)
{
    return label_said(l, kind, value, 0);
}

static bool problem_at(const struct loaded *l, uint64_t line, enum text_id why)
{
    for (size_t i = 0; i < l->report.problems_count; i++) {
        if (l->report.problems[i].line == line && l->report.problems[i].why == why)
            return true;
    }
    return false;
}

TEST(a_plain_list)
{
    struct loaded l;
    load_one(&l, "list.txt",
        "\xef\xbb\xbf# a list\n; of\n// things\n! too\n\n"
        "evil.example # Emotet\r\n"
        "203.0.113.7 ; seen twice\n"
        "hxxp://evil[.]example/gate.php?a=1#b\n"
        "203.0.113.7 ; seen twice\n"
        "0.0.0.0 one.bad.test two.bad.test localhost\n"
        "||wrapped.bad.test^\n"
        "address=/dnsmasq.bad.test/0.0.0.0\n"
        "Some name:203.0.113.20-203.0.113.29\n"
        "split.bad.test,Qakbot\n"
        "this is no indicator\n"
        "co.jp\n"
        "1.0.0.0/3\n");
    const struct intel_file_report *f = &l.report.files[0];
    CHECK_EQ(f->added, 9);
    CHECK_EQ(f->duplicates, 1);
    CHECK_EQ(f->refused, 3);
    CHECK_TEXT(f->format, "list");
    CHECK_TEXT(label_of(&l, INTEL_DOMAIN, "evil.example"), "Emotet");
    CHECK_TEXT(label_of(&l, INTEL_ADDRESS, "203.0.113.7"), "seen twice");
    CHECK_TEXT(label_of(&l, INTEL_DOMAIN, "split.bad.test"), "Qakbot");
    CHECK_TEXT(label_of(&l, INTEL_RANGE, "203.0.113.20-203.0.113.29"), "Some name");
    CHECK(said(&l, INTEL_URL, "http://evil.example/gate.php?a=1", 0));
    CHECK(said(&l, INTEL_HOST, "two.bad.test", 0));
    CHECK(said(&l, INTEL_DOMAIN, "wrapped.bad.test", 0));
    CHECK(said(&l, INTEL_DOMAIN, "dnsmasq.bad.test", 0));
    CHECK(problem_at(&l, 15, TEXT_INTEL_NO_KIND));
    CHECK(problem_at(&l, 16, TEXT_INTEL_SUFFIX));
    CHECK(problem_at(&l, 17, TEXT_INTEL_WIDE));
    unload(&l);
}

TEST(what_is_ours_is_kept_but_silent)
{
    struct loaded l;
    load_one(&l, "own.txt",
        "192.168.1.5\n10.0.0.0/24\nlocalhost.localdomain\nevil.example\n224.0.0.1\n");
    CHECK_EQ(l.report.files[0].added, 5);
    CHECK_EQ(l.report.own, 4);
    CHECK(problem_at(&l, 1, TEXT_INTEL_OWN));
    CHECK(problem_at(&l, 3, TEXT_INTEL_RESERVED));
    CHECK(problem_at(&l, 5, TEXT_INTEL_RESERVED));
    unload(&l);
}

TEST(csv_with_names)
{
    struct loaded l;
    load_one(&l, "feed.csv",
        "indicator,type,source,confidence,first_seen,valid_until,tlp,description\n"
        "evil.example,domain,Feed A,90,2024-01-01,2026-12-31,TLP:AMBER,\"Emotet, \"\"epoch "
        "5\"\"\"\n"
        "203.0.113.9,ip,Feed B,high,,2026-12-31T10:00:00Z,green,\"two\nlines\"\n"
        "evil.example,domain,Feed B,20,,,,again\n"
        "203.0.113.9:8080,ip:port,,,,,,\n"
        "HKLM\\\\x,registry,,,,,,\n"
        "notadomain,domain,,,,,,\n");
    CHECK_TEXT(l.report.files[0].format, "csv");
    CHECK_EQ(l.report.files[0].added, 4);
    CHECK_EQ(l.report.files[0].unseen, 1);
    CHECK_EQ(l.report.files[0].refused, 1);
    CHECK(problem_at(&l, 8, TEXT_INTEL_NO_VALUE));
    const struct statement *newer = said(&l, INTEL_DOMAIN, "evil.example", 0);
    const struct statement *older = said(&l, INTEL_DOMAIN, "evil.example", 1);
    CHECK(newer && older);
    CHECK_EQ(newer ? newer->confidence : 0, 20);
    CHECK_EQ(older ? older->confidence : 0, 90);
    CHECK_EQ(older ? older->tlp : 0, INTEL_TLP_AMBER);
    CHECK_EQ(older ? older->until_s : 0, 1'798'761'600); // the day itself belongs to it
    CHECK_TEXT(label_said(&l, INTEL_DOMAIN, "evil.example", 1), "Emotet, \"epoch 5\"");
    const struct statement *ip = said(&l, INTEL_ADDRESS, "203.0.113.9", 0);
    CHECK_EQ(ip ? ip->confidence : 0, 85);
    CHECK_EQ(ip ? ip->until_s : 0, 1'798'711'200);
    CHECK(said(&l, INTEL_ADDRESS_PORT, "203.0.113.9:8080", 0));
    unload(&l);
}

TEST(csv_of_other_shapes)
{
    struct loaded l;
    load_one(&l, "ja3_fingerprints.csv",
        "# comment\n# ja3_md5,Firstseen,Lastseen,Listingreason\n"
        "0123456789abcdef0123456789abcdef,2020-01-01 00:00:00,2021-01-01 00:00:00,Dridex\n");
    CHECK_TEXT(label_of(&l, INTEL_JA3, "0123456789abcdef0123456789abcdef"), "Dridex");
    unload(&l);
    load_one(&l, "c2.csv",
        "first_seen_utc;dst_ip;dst_port;malware\n2024-01-01;203.0.113.3;447;TrickBot\n");
    CHECK_TEXT(label_of(&l, INTEL_ADDRESS_PORT, "203.0.113.3:447"), "TrickBot");
    unload(&l);
    load_one(&l, "three.tsv",
        "md5\tsha256\n0123456789abcdef0123456789abcdef\t"
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n");
    CHECK_EQ(l.report.files[0].added, 2);
    unload(&l);
    load_one(&l, "bare.csv", "61d50e7771aee7f2f4b89a7200b4d45e,\"Some program\"\nnothing,here\n");
    CHECK_TEXT(label_of(&l, INTEL_MD5, "61d50e7771aee7f2f4b89a7200b4d45e"), "Some program");
    CHECK_EQ(l.report.files[0].refused, 1);
    unload(&l);
}

TEST(csv_in_japanese)
{
    struct loaded l;
    load_one(&l, "ja.csv",
        "種別,値,確度,有効期限,備考\r\nドメイン,evil[.]bad[.]test,高,2027年12月31日,偽サイト\r\n"
        "IPアドレス,203.0.113.77,中,2027/1/5,C2\r\n");
    CHECK_TEXT(label_of(&l, INTEL_DOMAIN, "evil.bad.test"), "偽サイト");
    const struct statement *s = said(&l, INTEL_DOMAIN, "evil.bad.test", 0);
    CHECK(s && s->confidence == 85 && s->until_s == 1'830'297'600); // the day's end
    s = said(&l, INTEL_ADDRESS, "203.0.113.77", 0);
    CHECK(s && s->confidence == 50 && s->until_s == 1'799'193'600);
    CHECK_EQ(l.report.problems_count, 0);
    unload(&l);
    load_one(&l, "ja2.csv", "備考,IPアドレス,ドメイン名\n不審,203.0.113.78,b.bad.test\n");
    CHECK_EQ(intel_count(l.intel), 2);
    unload(&l);
}

TEST(rows_of_json)
{
    struct loaded l;
    load_one(&l, "drop.json",
        "{\"cidr\":\"203.0.113.0/25\",\"sblid\":\"SBL1\"}\n{\"cidr\":\"203.0.113.128/26\"}\n"
        "{\"type\":\"metadata\",\"records\":2}\n");
    CHECK(said(&l, INTEL_RANGE, "203.0.113.0/25", 0) != NULL);
    CHECK_EQ(intel_count(l.intel), 2);
    unload(&l);
    load_one(&l, "threats.json",
        "{\"7\":[{\"ioc_value\":\"203.0.113.56:8080\",\"ioc_type\":\"ip:port\","
        "\"malware_printable\":\"RAT\",\"confidence_level\":100,\"tags\":null}],"
        "\"8\":[{\"ioc_value\":\"bad.test\"}]}");
    CHECK_TEXT(label_of(&l, INTEL_ADDRESS_PORT, "203.0.113.56:8080"), "RAT");
    const struct statement *s = said(&l, INTEL_ADDRESS_PORT, "203.0.113.56:8080", 0);
    CHECK(s && s->confidence == 100);
    CHECK(said(&l, INTEL_DOMAIN, "bad.test", 0) != NULL);
    unload(&l);
    load_one(&l, "c2.json", "[{\"ip_address\":\"203.0.113.57\",\"port\":443}]");
    CHECK(said(&l, INTEL_ADDRESS_PORT, "203.0.113.57:443", 0) != NULL);
    unload(&l);
    load_one(&l, "values.json", "{\"tags\":[\"x.test\"],\"domains\":[\"a.test\",\"b.test\"]}");
    CHECK_EQ(intel_count(l.intel), 2);
    unload(&l);
    load_one(&l, "asn.json", "{\"asn\":64496,\"domain\":\"carrier.test\"}\n");
    CHECK_EQ(intel_count(l.intel), 0);
    CHECK_EQ(l.report.files[0].unseen, 1);
    unload(&l);
    load_one(&l, "broken.json", "{\"cidr\":\"203.0.113.0/25\"}\n{\"cidr\":\n");
    CHECK(l.report.files[0].failed && problem_at(&l, 3, TEXT_STIX_CUT_JSON));
    CHECK_EQ(intel_count(l.intel), 0);
    unload(&l);
}

TEST(a_file_that_fails_leaves_nothing)
{
    struct loaded l;
    const char *paths[] = {file_with("a.txt", "evil.example # first\n"),
        file_with("b.csv",
            "domain,description\nother.bad.test,x\nevil.example,also\nthird.bad.test,\"open\n")};
    load(&l, paths, 2);
    CHECK_EQ(l.report.files[1].failed, true);
    CHECK_EQ(l.report.files[1].added, 0);
    CHECK(problem_at(&l, 4, TEXT_INTEL_CSV_QUOTE));
    CHECK_EQ(intel_count(l.intel), 1);
    CHECK(!said(&l, INTEL_DOMAIN, "other.bad.test", 0));
    CHECK(said(&l, INTEL_DOMAIN, "evil.example", 0));
    CHECK(!said(&l, INTEL_DOMAIN, "evil.example", 1));
    unload(&l);
}

TEST(packed_and_damaged)
{
    struct loaded l;
    const char *path = path_of("list.txt.gz");
    gzFile z = gzopen(path, "wb");
    for (int i = 0; i < 5000; i++)
        gzprintf(z, "host%d-%d.bad.test\n", i * 7919 % 100'003, i);
    gzclose(z);
    load(&l, &path, 1);
    CHECK_EQ(intel_count(l.intel), 5000);
    unload(&l);
    struct stat status;
    CHECK(stat(path, &status) == 0 && truncate(path, status.st_size / 2) == 0);
    load(&l, &path, 1);
    CHECK_EQ(intel_count(l.intel), 0);
    CHECK(l.report.files[0].failed);
    unload(&l);
}

TEST(paths_that_cannot_be_read)
{
    struct loaded l;
    const char *paths[] = {"/nowhere/at/all", file_with("ok.txt", "evil.example\n")};
    load(&l, paths, 2);
    CHECK(l.report.unreadable);
    CHECK_EQ(intel_count(l.intel), 1);
    unload(&l);
    FILE *f = fopen(path_of("binary.txt"), "w");
    fwrite("a\0b\n", 1, 4, f);
    fclose(f);
    const char *binary = path_of("binary.txt");
    load(&l, &binary, 1);
    CHECK(l.report.files[0].failed && problem_at(&l, 0, TEXT_INTEL_NOT_TEXT));
    unload(&l);
    unlink(binary);
}

static struct intel_problem *warned(struct loaded *l, const char *value)
{
    for (size_t i = 0; i < l->report.problems_count; i++) {
        if (bytes_equal(l->report.problems[i].value, bytes_from_text(value)))
            return &l->report.problems[i];
    }
    return NULL;
}

TEST(warning_lists)
{
    struct loaded l;
    const char *paths[] = {
        file_with("w1.json",
            "{\"name\":\"top "
            "sites\",\"type\":\"hostname\",\"matching_attributes\":[\"domain\",\"url\"],"
            "\"list\":[\".good.test\",\"fine.test\"]}"),
        file_with("w2.json",
            "{\"name\":\"resolvers\",\"type\":\"cidr\",\"list\":[\"203.0.113.0/24\",\"rubbish\"]}"),
        file_with("w3.json", "{\"name\":\"words\",\"type\":\"substring\",\"matching_attributes\":["
                             "\"domain\"],\"list\":[\"CDN-\"]}"),
        file_with("w4.json",
            "{\"name\":\"contacts\",\"type\":\"regex\",\"matching_attributes\":[\"email-src\"],"
            "\"list\":[\"/^abuse@.*/i\",\"/(/\"]}"),
        file_with("w5.json",
            "{\"name\":\"hashes\",\"type\":\"string\",\"category\":\"known_identifier\","
            "\"list\":[\"D41D8CD98F00B204E9800998ECF8427E\"]}"),
        file_with("ind.txt",
            "a.good.test\nhttp://fine.test/x\n203.0.113.5\n203.0.113.0/25\n203.0.112.0/22\n"
            "cdn-7.evil.test\nabuse@x.evil.test\nd41d8cd98f00b204e9800998ecf8427e\nbad.test\n"),
    };
    load(&l, paths, 6);
    CHECK_EQ(l.report.warned, 7);
    const char *on[] = {"a.good.test", "fine.test/x", "203.0.113.5", "203.0.113.0/25",
        "cdn-7.evil.test", "abuse@x.evil.test", "d41d8cd98f00b204e9800998ecf8427e"};
    const char *lists[] = {
        "top sites", "top sites", "resolvers", "resolvers", "words", "contacts", "hashes"};
    for (size_t i = 0; i < 7; i++) {
        struct intel_problem *p = warned(&l, on[i]);
        CHECK_TEXT(p ? p->what : BYTES("not warned"), lists[i]);
    }
    uint32_t ref = ref_of(&l, INTEL_DOMAIN, "a.good.test"), hash = ref_of(&l, INTEL_MD5, on[6]);
    CHECK_EQ(store_entry(&l.intel->store, ref).flags, ENTRY_WARNED);
    CHECK_EQ(store_entry(&l.intel->store, hash).flags, ENTRY_KNOWN);
    CHECK_EQ(l.report.files[1].refused, 1);
    CHECK_EQ(l.report.files[3].refused, 1);
    unload(&l);
}

TEST(warning_lists_that_are_none)
{
    struct loaded l;
    char message[MESSAGE_BYTES];
    load_one(&l, "bad.json", "{\"name\":\"x\",\n\"type\":\"hostname\",\n\"list\":[\"a.test\",}");
    CHECK(l.report.files[0].failed && problem_at(&l, 3, TEXT_STIX_BAD_JSON));
    for (enum lang lang = LANG_EN; lang < LANGS; lang++)
        CHECK(intel_problem_text(&l.report.problems[0], lang, message, sizeof message) > 20);
    unload(&l);
    load_one(&l, "bad2.json", "{\"name\":\"x\",\"type\":\"odd\",\"list\":[\"a.test\"]}");
    CHECK(l.report.files[0].failed && problem_at(&l, 0, TEXT_INTEL_WARNING_SHAPE));
    unload(&l);
}

TEST(long_lines_are_left_out)
{
    struct loaded l;
    const char *path = path_of("long.txt");
    FILE *f = fopen(path, "w");
    fputs("evil.example\n", f);
    for (int i = 0; i < 5 << 20; i++)
        fputc('a', f);
    fputs("\nother.bad.test\n", f);
    fclose(f);
    load(&l, &path, 1);
    CHECK_EQ(intel_count(l.intel), 2);
    CHECK(problem_at(&l, 2, TEXT_INTEL_LINE_LONG));
    unload(&l);
    unlink(path);
}

TEST(memory_may_fail)
{
    const char *paths[] = {
        file_with(
            "m.csv", "domain,source,description\na.bad.test,s,x\nb.bad.test,t,y\na.bad.test,t,z\n"),
        file_with("m.json", "{\"name\":\"w\",\"type\":\"substring\",\"list\":[\"b.bad\"]}")};
    for (uint64_t n = 1; n < 4000; n++) {
        struct loaded l;
        alloc_fail_at(n);
        load(&l, paths, 2);
        bool failed = alloc_has_failed();
        alloc_fail_at(0);
        unload(&l);
        if (!failed)
            break;
    }
}

TEST(a_folder)
{
    struct loaded l;
    const char *path = path_of("tree");
    mkdir(path, 0700);
    mkdir(path_of("tree/inner"), 0700);
    file_with("tree/one.txt", "one.bad.test\n");
    file_with("tree/inner/two.csv", "domain,tlp\ntwo.bad.test,red\n");
    file_with("tree/readme.md", "three.bad.test\n");
    file_with("tree/.hidden.txt", "four.bad.test\n");
    load(&l, &path, 1);
    CHECK_EQ(l.report.files_count, 2);
    CHECK_EQ(intel_count(l.intel), 2);
    unload(&l);
    char command[PATH_BYTES];
    snprintf(command, sizeof command, "rm -r %s", folder);
    CHECK_EQ(system(command), 0); // the last test takes everything away
}

static void begin(void)
{
    if (!mkdtemp(folder))
        exit(1);
}

int main(void)
{
    static const struct test_case cases[] = {T(a_plain_list), T(what_is_ours_is_kept_but_silent),
        T(csv_with_names), T(csv_of_other_shapes), T(csv_in_japanese), T(rows_of_json),
        T(a_file_that_fails_leaves_nothing), T(packed_and_damaged), T(paths_that_cannot_be_read),
        T(warning_lists), T(warning_lists_that_are_none), T(long_lines_are_left_out),
        T(memory_may_fail), T(a_folder)};
    begin();
    return test_run(cases, (int)(sizeof cases / sizeof *cases));
}
