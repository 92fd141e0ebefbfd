// SPDX-License-Identifier: Apache-2.0
#include "base/alloc.h"
#include "base/gate.h"
#include "base/limit.h"
#include "base/log.h"
#include "base/test.h"
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static int fd = -1;
static char output[65536];

// Log into a file of our own from here on.
static void start(bool json, enum log_level least)
{
    if (fd >= 0)
        close(fd);
    fd = memfd_create("log", 0);
    log_setup(&(struct log_options){.least = least, .json = json, .fd = fd});
}

static struct bytes logged(void)
{
    ssize_t len = pread(fd, output, sizeof output, 0);
    return bytes_make(output, len > 0 ? (size_t)len : 0);
}

TEST(lines_for_people)
{
    start(false, LOG_LEVEL_INFO);
    log_info("cmd", "ready");
    log_warning("capture", "the file ends inside a packet", LOG_NAME("file", "cut.pcap"),
        LOG_NUMBER("packet", 17));
    log_error("capture", "cannot open the file", LOG_TEXT("file", BYTES("x")), LOG_ERRNO(2));
    CHECK_TEXT(logged(),
        "yagura: info: ready\n"
        "yagura: warning: the file ends inside a packet (file cut.pcap, packet 17)\n"
        "yagura: error: cannot open the file (file x, cause No such file or "
        "directory)\n");
}

TEST(levels)
{
    start(false, LOG_LEVEL_WARNING);
    log_debug("cmd", "a");
    log_info("cmd", "b");
    CHECK_TEXT(logged(), "");
    start(false, LOG_LEVEL_DEBUG);
    log_debug("cmd", "a");
    CHECK_TEXT(logged(), "yagura: debug: a\n");
}

TEST(names_cannot_forge_lines)
{
    start(false, LOG_LEVEL_INFO);
    log_warning("proto", "odd name", LOG_NAME("name", "x\nyagura: error: \x1b[31mfire\xc2\x9b"));
    CHECK_TEXT(
        logged(), "yagura: warning: odd name (name x\\nyagura: error: \\x1b[31mfire\\u009b)\n");
}

TEST(long_values_are_cut)
{
    static char name[5000];
    memset(name, 'n', sizeof name - 1);
    start(false, LOG_LEVEL_INFO);
    log_warning("proto", "long", LOG_NAME("name", name), LOG_NUMBER("packet", -3));
    struct bytes line = logged();
    CHECK(line.len < 320);
    CHECK(bytes_find(line, BYTES("nnn..., packet -3)\n")) != BYTES_NOT_FOUND);
    start(false, LOG_LEVEL_INFO);
    log_warning("proto", "many", LOG_NAME("a", name), LOG_NAME("b", name), LOG_NAME("c", name),
        LOG_NAME("d", name), LOG_NAME("e", name), LOG_NAME("f", name), LOG_NAME("g", name),
        LOG_NAME("h", name), LOG_NAME("i", name), LOG_NAME("j", name));
    line = logged();
    CHECK_EQ(line.len, 2048);
    CHECK_EQ(bytes_at(line, line.len - 1), '\n');
}

TEST(lines_for_machines)
{
    start(true, LOG_LEVEL_INFO);
    log_warning("proto", "odd \"name\"", LOG_NAME("name", "a\nb\"\xff"), LOG_NUMBER("count", -2));
    struct bytes line = logged();
    CHECK(bytes_start_with(line, BYTES("{\"time\":\"20")));
    CHECK_TEXT(bytes_from(line, bytes_find(line, BYTES(",\"level\""))),
        ",\"level\":\"warning\",\"room\":\"proto\",\"message\":\"odd \\\"name\\\"\","
        "\"name\":\"a\\\\nb\\\"\\\\xff\",\"count\":-2}\n");
}

TEST(out_of_memory_is_still_said)
{
    start(true, LOG_LEVEL_INFO);
    alloc_fail_at(1);
    log_error("cmd", "out of memory");
    alloc_fail_at(0);
    CHECK_TEXT(logged(), "yagura: error: out of memory\n");
}

static size_t lines(struct bytes b)
{
    size_t count = 0;
    for (size_t i = 0; i < b.len; i++)
        count += b.data[i] == '\n';
    return count;
}

TEST(repetition_is_limited)
{
    start(false, LOG_LEVEL_INFO);
    for (int i = 0; i < 500; i++)
        log_warning("proto", "again", LOG_NUMBER("packet", i)); // pairs make no difference
    CHECK_EQ(lines(logged()), LIMIT_BURST);
    log_error("proto", "again"); // another level is another message
    CHECK_EQ(lines(logged()), LIMIT_BURST + 1);
    log_finish();
    struct bytes all = logged();
    CHECK_EQ(lines(all), LIMIT_BURST + 2);
    CHECK(
        bytes_find(all, BYTES("repeated messages were not shown (count 480)")) != BYTES_NOT_FOUND);
    log_finish();
    CHECK_EQ(lines(logged()), LIMIT_BURST + 2);
}

static void log_some(void *context)
{
    const char *message = context;
    for (int i = 0; i < 15; i++)
        log_info("base", message, LOG_NUMBER("n", i));
}

TEST(threads_do_not_mix_lines)
{
    struct thread threads[3];
    static char messages[3][8] = {"first", "second", "third"};
    start(false, LOG_LEVEL_INFO);
    for (int i = 0; i < 3; i++)
        CHECK(thread_start(&threads[i], "logger", log_some, messages[i]));
    for (int i = 0; i < 3; i++)
        thread_join(&threads[i]);
    struct bytes all = logged();
    CHECK_EQ(lines(all), 45);
    for (size_t at = 0; at < all.len; at += bytes_find_byte(bytes_from(all, at), '\n') + 1)
        CHECK(bytes_start_with(bytes_from(all, at), BYTES("yagura: info: ")));
}

TEST(a_closed_output_is_no_error)
{
    log_setup(&(struct log_options){.least = LOG_LEVEL_INFO, .fd = -1});
    log_error("cmd", "nobody hears");
    start(false, LOG_LEVEL_INFO);
    CHECK_TEXT(logged(), "");
}

TEST_MAIN(T(lines_for_people), T(levels), T(names_cannot_forge_lines), T(long_values_are_cut),
    T(lines_for_machines), T(out_of_memory_is_still_said), T(repetition_is_limited),
    T(threads_do_not_mix_lines), T(a_closed_output_is_no_error))
