// SPDX-License-Identifier: Apache-2.0
// What a configuration file may say, and what it is told when it says something else.
#include "base/alloc.h"
#include "base/test.h"
#include "schema/config.h"
#include <stdlib.h>
#include <unistd.h>

static char path[64]; // of a file of ours
static char error[4096];

// Writes `content` to the file and loads it.
static bool load(struct config *out, struct bytes content)
{
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(content.data, 1, content.len, file) != content.len || fclose(file) != 0)
        abort();
    return config_load(out, path, LANG_EN, error, sizeof error);
}

// The error without "FILE:".
static struct bytes said(void)
{
    struct bytes all = bytes_from_text(error), name = bytes_from_text(path);
    return bytes_start_with(all, name) ? bytes_from(all, name.len + 1) : all;
}

TEST(nothing_gives_the_defaults)
{
    static const char *const files[] = {"", "# only a comment\n", "---\n", "flow:\n", "{}"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct config c;
        CHECK(load(&c, bytes_from_text(files[i])));
        CHECK_EQ(c.flow.timeout_udp_us, 60000000);
        CHECK_EQ(c.segments_count, 1);
        CHECK_TEXT(bytes_from_text(c.segments[0].name), "inside");
        CHECK(c.memory == NULL);
        config_finish(&c);
    }
}

TEST(reads_every_type)
{
    struct config c;
    CHECK(load(&c, BYTES("\xef\xbb\xbfworkers: 2\r\n"
                         "flow: {max_flows: 64k, memory: 64M, timeout_udp: 1500ms}\n"
                         "stream:\n  overlap: last\n"
                         "ndpi:\n  enabled: false\n"
                         "app_layer: {http: {body_limit: 10}}\n"
                         "segments:\n"
                         "  - {name: 庁内, networks: [10.1.0.0/16, 'fd00::/8', 192.0.2.7]}\n"
                         "  - name: dmz\n    networks:\n    - 203.0.113.0/24\n"
                         "  - {name: lab, networks: [198.51.100.0/24]}\n"
                         "exceptions: [{reason: ours, until: 2028-02-29, rule: '1:7'}]\n")));
    CHECK_EQ(c.workers, 2);
    CHECK_EQ(c.flow.max_flows, 64000);
    CHECK_EQ(c.flow.memory_bytes, 64 << 20);
    CHECK_EQ(c.flow.timeout_udp_us, 1500000);
    CHECK_EQ(c.flow.timeout_icmp_us, 30000000);
    CHECK_EQ(c.stream.overlap, CONFIG_STREAM_OVERLAP_LAST);
    CHECK(!c.ndpi.enabled);
    CHECK_EQ(c.app_layer.http.body_limit_bytes, 10);
    CHECK_EQ(c.segments_count, 3);
    CHECK_TEXT(bytes_from_text(c.segments[0].name), "庁内");
    CHECK_EQ(c.segments[0].networks_count, 3);
    CHECK_EQ(c.segments[0].networks[1].base.version, 6);
    CHECK_EQ(c.segments[0].networks[2].bits, 32);
    CHECK_TEXT(bytes_from_text(c.segments[2].name), "lab");
    CHECK_EQ(c.exceptions[0].until_us, INT64_C(1835481600000000)); // 2028-03-01
    CHECK(c.exceptions[0].detector == NULL && c.exceptions[0].subject_count == 0);
    config_finish(&c);
}

struct refused {
    const char *content;
    const char *said; // beginning of the message, after FILE:
};

static const struct refused refused[] = {
    {"workers: many", "1: workers: \"many\" does not fit; allowed: a number from 0 to 64, as"},
    {"\n\nworkers: 65\n", "3: workers: \"65\" does not fit; allowed: a number from 0 to 64"},
    {"workers: -1\n", "1: workers: \"-1\" does not fit"},
    {"workers: 1.5\n", "1: workers: \"1.5\" does not fit"},
    {"workers: 99999999999999999999\n", "1: workers: \"99999999999999999999\" does not fit"},
    {"workers: 18446744073709G\n", "1: workers: \"18446744073709G\" does not fit"},
    {"workers: [1]\n", "1: workers: is a list; allowed: a number from"},
    {"workers:\n", "1: workers: \"\" does not fit"},
    {"wrokers: 1\n", "1: wrokers: there is no such key, did you mean workers? allowed: the keys"},
    {"flow:\n  timeout_upd: 3s\n", "2: flow.timeout_upd: there is no such key, did you mean "
                                   "timeout_udp? allowed: the keys max_flows, memory,"},
    {"flow: {shape: round}", "1: flow.shape: there is no such key; allowed: the keys max_flows"},
    {"timeout_udp: 30s\n", "1: timeout_udp: there is no such key, did you mean flow.timeout_udp? "},
    {"segments:\n- {name: a, networks: [10.0.0.0/8]}\n- {name: a, networks: [192.0.2.1]}\n",
        "3: segments[1].name: \"a\" is the name of another one; allowed: names that differ"},
    {"separation:\n  may_cross:\n  - {from: inside, to: nowhere}\n",
        "3: separation.may_cross[0].to: there is no segment \"nowhere\"; allowed: names under "
        "segments, and outside"},
    {"flow: 7\n", "1: flow: is a single value; allowed: the keys max_flows,"},
    {"flow: {timeout_udp: 30}\n", "1: flow.timeout_udp: \"30\" does not fit; allowed: a time "
                                  "from 1s to 1d, as 500ms, 30s, 5m or 2h"},
    {"flow: {timeout_udp: 2d}\n", "1: flow.timeout_udp: \"2d\" does not fit"},
    {"flow: {memory: 4T}\n", "1: flow.memory: \"4T\" does not fit; allowed: bytes from 1M to 64G"},
    {"ndpi: {enabled: maybe}\n", "1: ndpi.enabled: \"maybe\" does not fit; allowed: true, false"},
    {"stream: {overlap: both}\n", "1: stream.overlap: \"both\" does not fit; allowed: first, last"},
    {"workers: 1\nndpi: {}\nworkers: 2\n", "3: workers: stands twice; allowed: once"},
    {"segments: []\n", "1: segments: has 0 elements; allowed: a list of 1 to 64 elements"},
    {"segments: inside\n", "1: segments: is a single value; allowed: a list of 1 to 64"},
    {"segments:\n- name: a\n", "3: segments[0].networks: is missing; allowed: a list of 1 to"},
    {"segments:\n- {name: a, networks: [10.0.0.0/8, 10.0.0.0/33]}\n",
        "2: segments[0].networks[1]: \"10.0.0.0/33\" does not fit; allowed: a network as"},
    {"segments:\n- {name: '', networks: [10.0.0.0/8]}\n",
        "2: segments[0].name: \"\" does not fit; allowed: text of 1 to 64 bytes"},
    {"segments:\n- {name: a, networks: [[10.0.0.0/8]]}\n",
        "2: segments[0].networks[0]: is a list; allowed: a network"},
    {"segments:\n- {name: \"a\\0b\", networks: [10.0.0.0/8]}\n",
        "2: segments[0].name: \"a?b\" does not fit"},
    {"exceptions: [{reason: a, detector: b, until: 2027-02-29}]\n",
        "1: exceptions[0].until: \"2027-02-29\" does not fit; allowed: a day as 2027-03-31"},
    {"exceptions: [{reason: a, detector: b, until: 2027-2-1}]\n",
        "1: exceptions[0].until: \"2027-2-1\" does not fit"},
    {"exceptions: [{reason: a, until: 2027-03-31}]\n",
        "1: exceptions[0]: does not say what it is for; allowed: at least one of detector, rule,"},
    {"exceptions: [{detector: b}]\n", "1: exceptions[0].reason: is missing"},
    {"- workers\n", "1: the file: is a list; allowed: the keys workers, segments,"},
    {"just text\n", "1: the file: is a single value; allowed: the keys"},
    {"? [a]\n: b\n", "1: the file: is a list; allowed: the keys"},
    {"workers: 1\n---\nworkers: 2\n", "2: a second document begins; allowed: one"},
    {"workers: 'open\n", "2: not valid YAML: found unexpected end of stream"},
    {"workers: 1\n}\n", "2: not valid YAML: did not find expected key"},
    {"\t- x\n", "1: not valid YAML: found character that cannot start any token"},
    {"workers: 1\nflow: \x01\n", "2: not valid YAML: control characters are not allowed"},
    {"workers: 1\nflow: \xff\n", "2: not valid YAML: invalid leading UTF-8 octet"},
    {"workers: &a 1\n", "1: workers: anchors, aliases and tags have no meaning here; allowed:"},
    {"flow: *a\n", "1: flow: anchors, aliases and tags have no meaning here"},
    {"workers: !!int 1\n", "1: workers: anchors, aliases and tags have no meaning here"},
    {"a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n", "1: a: there is no such key"},
};

TEST(refuses_with_line_key_and_what_is_allowed)
{
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct config c;
        if (load(&c, bytes_from_text(refused[i].content)))
            TEST_SAY("taken: %s", refused[i].content);
        if (!bytes_start_with(said(), bytes_from_text(refused[i].said)))
            TEST_SAY("%s: said \"%s\", not \"%s\"", refused[i].content, error, refused[i].said);
        CHECK(strchr(error, '\n') == NULL);
        CHECK(c.memory == NULL && c.segments == config_defaults.segments);
    }
}

TEST(refuses_nul_bytes)
{
    struct config c;
    CHECK(!load(&c, BYTES("workers: 1\nflow: a\0b\n")));
    CHECK_TEXT(bytes_sub(said(), 0, 37), "2: not valid YAML: control characters");
}

TEST(refuses_what_cannot_be_read)
{
    struct config c;
    CHECK(!config_load(&c, "/nowhere/yagura.yaml", LANG_EN, error, sizeof error));
    CHECK_TEXT(
        bytes_from_text(error), "/nowhere/yagura.yaml: cannot be read: No such file or directory");
    CHECK(!config_load(&c, "/tmp", LANG_EN, error, sizeof error));
    CHECK_TEXT(bytes_from_text(error), "/tmp: cannot be read: Is a directory");
    CHECK(!config_load(&c, "/dev/zero", LANG_EN, error, sizeof error));
    CHECK_TEXT(bytes_from_text(error),
        "/dev/zero: is larger than a configuration can be; allowed: 1048576 bytes");
}

TEST(speaks_japanese)
{
    struct config c;
    CHECK(!config_load(&c, "/nowhere/yagura.yaml", LANG_JA, error, sizeof error));
    CHECK_TEXT(bytes_from_text(error),
        "/nowhere/yagura.yaml: 読み取れません: ファイルまたはフォルダがありません");
    CHECK(!load(&c, BYTES("flow: {memory: 4T}\n")));
    CHECK(!config_load(&c, path, LANG_JA, error, sizeof error));
    CHECK_TEXT(said(), "1: flow.memory: 「4T」は指定できません。指定できるもの: 1M から 64G までの"
                       "バイト数(例: 4096、64k、16M、2G)");
    CHECK(!load(&c, BYTES("workers: 1\n}\n")));
    CHECK(!config_load(&c, path, LANG_JA, error, sizeof error));
    CHECK_TEXT(said(), "2: YAML として正しくありません: キーがありません(字下げと括弧を確認して"
                       "ください)");
}

// The same bytes over and over, up to the limit: must end in a message, and soon.
TEST(refuses_a_megabyte_of_anything)
{
    static const char *const pieces[] = {"[", "{", "- ", "a: ", "? ", "{a: [", "\"", "'", "|\n ",
        "a\n", "#\n", "&a ", "*a ", "!a ", "%YAML 1.1\n", "---\n", "a: 1\n", " ", "\n", "flow: {",
        "segments: [", "\\", ",", ":", "é", "- - ", "...\n"};
    static uint8_t content[1 << 20];
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        struct bytes piece = bytes_from_text(pieces[i]);
        size_t len = 0;
        for (; len + piece.len <= sizeof content; len += piece.len)
            memcpy(&content[len], piece.data, piece.len);
        struct config c;
        bool blank = bytes_find(BYTES(" \n#\n...\n---\n"), piece) != BYTES_NOT_FOUND;
        bool taken = load(&c, bytes_make(content, len));
        if (taken && !blank)
            TEST_SAY("taken: a megabyte of %s", pieces[i]);
        config_finish(&c);
    }
}

TEST(long_lists_end_at_their_limit)
{
    static char content[1 << 20];
    size_t len = 0;
    len += (size_t)sprintf(content, "segments: [{name: a, networks: [");
    for (int i = 0; i < 257; i++)
        len += (size_t)sprintf(&content[len], "10.0.%d.0/24,", i & 255);
    len += (size_t)sprintf(&content[len], "]}]");
    struct config c;
    CHECK(!load(&c, bytes_make(content, len)));
    CHECK_TEXT(
        said(), "1: segments[0].networks: has >256 elements; allowed: a list of 1 to 256 elements");
}

TEST(small_error_buffers_are_respected)
{
    char small[8];
    struct config c;
    CHECK(!config_load(&c, "/nowhere", LANG_EN, small, sizeof small));
    CHECK_TEXT(bytes_from_text(small), "/nowher");
}

TEST(survives_any_failing_allocation)
{
    struct bytes content =
        BYTES("segments:\n- {name: a, networks: [10.0.0.0/8, 10.0.0.0/9, 10.0.0.0/10]}\n");
    struct config c;
    for (uint64_t n = 1; n < 100; n++) {
        alloc_fail_at(n);
        bool taken = load(&c, content);
        bool failed = alloc_has_failed();
        alloc_fail_at(0);
        CHECK(taken == !failed);
        config_finish(&c);
        if (!failed)
            return;
        CHECK(bytes_find(bytes_from_text(error), BYTES("not enough memory")) != BYTES_NOT_FOUND);
    }
    CHECK(false);
}

// The committed example, as it is and with every "# " taken away, says the defaults.
TEST(example_says_the_defaults)
{
    static char content[1 << 16];
    FILE *file = fopen(EXAMPLE, "rb");
    size_t len = file ? fread(content, 1, sizeof content, file) : 0;
    CHECK(len > 0);
    if (file)
        (void)fclose(file);
    struct config c;
    CHECK(load(&c, bytes_make(content, len)));
    config_finish(&c);
    static char active[1 << 16];
    size_t active_len = 0;
    for (struct bytes rest = bytes_make(content, len); rest.len > 0;) {
        size_t end = bytes_find_byte(rest, '\n') + 1;
        struct bytes line = bytes_sub(rest, 0, end);
        if (bytes_start_with(line, BYTES("# ")))
            line = bytes_from(line, 2);
        memcpy(&active[active_len], line.data, line.len);
        active_len += line.len;
        rest = bytes_from(rest, end);
    }
    if (!load(&c, bytes_make(active, active_len)))
        TEST_SAY("%s", error);
    CHECK(memcmp(&c.flow, &config_defaults.flow, sizeof c.flow) == 0);
    CHECK(memcmp(&c.stream, &config_defaults.stream, sizeof c.stream) == 0);
    CHECK_EQ(c.segments[0].networks_count, config_defaults.segments[0].networks_count);
    CHECK(memcmp(c.segments[0].networks, config_defaults.segments[0].networks,
              c.segments[0].networks_count * sizeof *c.segments[0].networks) == 0);
    config_finish(&c);
}

static const struct test_case cases[] = {T(nothing_gives_the_defaults), T(reads_every_type),
    T(refuses_with_line_key_and_what_is_allowed), T(refuses_nul_bytes),
    T(refuses_what_cannot_be_read), T(speaks_japanese), T(refuses_a_megabyte_of_anything),
    T(long_lists_end_at_their_limit), T(small_error_buffers_are_respected),
    T(survives_any_failing_allocation), T(example_says_the_defaults)};

int main(void)
{
    (void)snprintf(path, sizeof path, "/tmp/config_load_test_%d", getpid());
    int status = test_run(cases, (int)(sizeof cases / sizeof *cases));
    (void)unlink(path);
    return status;
}
