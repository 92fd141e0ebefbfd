// SPDX-License-Identifier: Apache-2.0
#include "base/folder.h"
#include "base/test.h"
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

struct seen {
    char names[256];
    size_t files, most;
    int errors[4], errors_count;
};

static bool is_text(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot && strcmp(dot, ".txt") == 0;
}

static bool take(void *context, const char *path, const struct stat *)
{
    struct seen *seen = context;
    size_t len = strlen(seen->names);
    snprintf(&seen->names[len], sizeof seen->names - len, "%s ", &strrchr(path, '/')[1]);
    return ++seen->files < seen->most;
}

static void tell(void *context, const char *, int error)
{
    struct seen *seen = context;
    if (seen->errors_count < 4)
        seen->errors[seen->errors_count++] = error;
}

static char folder[] = "/tmp/folder_test_XXXXXX";

static const char *in(const char *name)
{
    static char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void make(const char *name)
{
    FILE *file = fopen(in(name), "w");
    CHECK(file != NULL);
    if (file)
        fclose(file);
}

static struct seen walk(const char *path, size_t most)
{
    struct seen seen = {.most = most};
    struct folder_walk how = {is_text, take, tell, &seen};
    CHECK(folder_walk(&how, path) == (seen.files < most));
    return seen;
}

TEST(order)
{
    static const char *const names[] = {
        "b.txt", "B.txt", "a/2.txt", "a/1.txt", "c.bin", ".hidden.txt", "a/.x.txt"};
    CHECK(mkdtemp(folder) != NULL);
    CHECK(mkdir(in("a"), 0700) == 0);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        make(names[i]);
    CHECK(symlink(folder, in("a/loop")) == 0);
    struct seen seen = walk(folder, 100);
    CHECK_TEXT(bytes_from_text(seen.names), "B.txt 1.txt 2.txt b.txt ");
    CHECK_EQ(seen.errors_count, 0);
    seen = walk(folder, 2);
    CHECK_TEXT(bytes_from_text(seen.names), "B.txt 1.txt ");
    seen = walk(in("c.bin"), 100); // asked for by its name
    CHECK_TEXT(bytes_from_text(seen.names), "c.bin ");
    CHECK(symlink("nowhere", in("gone.txt")) == 0);
    seen = walk(folder, 100);
    CHECK_EQ(seen.errors[0], ENOENT);
    unlink(in("gone.txt"));
    unlink(in("a/loop"));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unlink(in(names[i]));
    rmdir(in("a"));
}

TEST(trouble)
{
    struct seen seen = walk(in("missing"), 100);
    CHECK_EQ(seen.errors[0], ENOENT);
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s", folder);
    size_t len = strlen(path);
    for (size_t deep = 0; deep <= FOLDER_DEEP; deep++) {
        len += (size_t)snprintf(&path[len], sizeof path - len, "/d");
        CHECK(mkdir(path, 0700) == 0);
    }
    seen = walk(folder, 100);
    CHECK_EQ(seen.errors[0], ELOOP);
    for (size_t deep = 0; deep <= FOLDER_DEEP + 1; deep++) {
        rmdir(path);
        *strrchr(path, '/') = '\0';
    }
}

TEST_MAIN(T(order), T(trouble))
