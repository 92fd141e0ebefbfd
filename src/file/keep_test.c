// SPDX-License-Identifier: Apache-2.0
// Files kept under their SHA-256: whole, in pieces, twice, too long, with a gap, nowhere to go.
#include "base/test.h"
#include "file/file.h"
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

// SHA-256 of "hello world" (FIPS 180-4).
static const char HELLO[] = "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9";

static struct pool pool;
static struct arena arena;
static struct file_kinds *kinds;
static char path[32];
static int folder;

static void start(void)
{
    strcpy(path, "/tmp/keep_test.XXXXXX");
    CHECK(mkdtemp(path) != NULL);
    folder = open(path, O_RDONLY | O_DIRECTORY);
    pool_init(&pool, 0);
    arena_init(&arena, &pool, 1 << 20);
    kinds = file_kinds_create();
    CHECK(kinds != NULL);
}

static void stop(void)
{
    file_kinds_destroy(kinds);
    arena_reset(&arena);
    pool_finish(&pool);
    (void)unlinkat(folder, HELLO, 0);
    close(folder);
    CHECK_EQ(rmdir(path), 0); // nothing else was left in it
}

static struct file_result send(struct file_keep *keep, const char *a, size_t lost, const char *b)
{
    struct file_result result;
    struct file *file = file_open(&arena, keep, NULL, BYTES(""));
    file_append(file, bytes_from_text(a));
    if (lost)
        file_gap(file, lost);
    file_append(file, bytes_from_text(b));
    file_close(file, true, kinds, &result);
    return result;
}

TEST(a_whole_file_has_its_name_and_mode)
{
    start();
    struct file_keep *keep = file_keep_create(folder, 0, 1000);
    CHECK(send(keep, "hello ", 0, "world").stored);
    CHECK(send(keep, "hello", 0, " world").stored); // again: the same file
    struct stat st;
    CHECK_EQ(fstatat(folder, HELLO, &st, 0), 0);
    CHECK_EQ(st.st_mode & 07777, 0400);
    CHECK_EQ(st.st_size, 11);
    CHECK_EQ(file_keep_error(keep), 0);
    file_keep_destroy(keep);
    stop();
}

TEST(what_is_long_or_damaged_leaves_nothing)
{
    start();
    struct file_keep *keep = file_keep_create(folder, 0, 10);
    CHECK(!send(keep, "hello ", 0, "world").stored);
    CHECK(!send(keep, "hello", 3, "w").stored);
    CHECK_EQ(file_keep_error(keep), 0);
    file_keep_destroy(keep);
    stop();
}

TEST(a_folder_that_is_gone_is_an_error)
{
    start();
    struct file_keep *keep = file_keep_create(-1, 0, 1000);
    CHECK(!send(keep, "hello ", 0, "world").stored);
    CHECK(file_keep_error(keep) != 0);
    file_keep_destroy(keep);
    stop();
}

TEST_MAIN(T(a_whole_file_has_its_name_and_mode), T(what_is_long_or_damaged_leaves_nothing),
    T(a_folder_that_is_gone_is_an_error))
