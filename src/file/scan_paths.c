// SPDX-License-Identifier: Apache-2.0
// Finding and reading files of rules. What an include names must lie in the folder that was given,
// or in that of the file that was. Files somebody includes are loaded with him and not once more.
#include "base/alloc.h"
#include "base/folder.h"
#include "file/scan_rules.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct walk {
    struct yara_sources *sources;
    struct file_rules_report *report;
    const char *base; // real folder that includes must stay in
    bool failed;      // out of memory
};

void yara_tell(struct file_rules_report *report, enum file_rules_trouble trouble, const char *file,
    uint32_t line, struct bytes rule, const char *what)
{
    report->unreadable += trouble == FILE_RULES_UNREADABLE;
    report->failed += trouble == FILE_RULES_FAILED;
    report->slow += trouble == FILE_RULES_SLOW;
    report->off += trouble == FILE_RULES_OFF;
    struct file_rules_note note = {
        .trouble = trouble, .file = file, .line = line, .rule = rule, .what = what};
    if (report->tell)
        report->tell(report->context, &note);
}

static void unreadable(struct walk *walk, const char *path, uint32_t line, const char *what)
{
    yara_tell(walk->report, FILE_RULES_UNREADABLE, path, line, (struct bytes){NULL, 0}, what);
}

static char *copy_text(const char *text)
{
    size_t len = strlen(text) + 1;
    char *copy = base_malloc(len);
    if (copy)
        memcpy(copy, text, len);
    return copy;
}

static void source_free(struct yara_source *source)
{
    base_free(source->path);
    base_free(source->real);
    base_free(source->base);
    base_free(source->text);
    yara_items_finish(&source->items);
    base_free(source);
}

void yara_sources_forget(struct yara_sources *sources)
{
    for (size_t i = 0; i < sources->count; i++) {
        base_free(sources->list[i]->text);
        sources->list[i]->text = NULL;
        yara_items_finish(&sources->list[i]->items);
    }
}

void yara_sources_destroy(struct yara_sources *sources)
{
    for (size_t i = 0; i < sources->count; i++)
        source_free(sources->list[i]);
    base_free(sources->list);
    *sources = (struct yara_sources){0};
}

static bool sources_add(struct yara_sources *sources, struct yara_source *source)
{
    if (sources->count == sources->room) {
        size_t room = sources->room ? sources->room * 2 : 64;
        struct yara_source **more = base_realloc(sources->list, room * sizeof *more);
        if (!more)
            return false;
        sources->list = more;
        sources->room = room;
    }
    sources->list[sources->count++] = source;
    return true;
}

// What is wrong with a text, and where; NULL: nothing.
static const char *text_trouble(struct bytes text, uint32_t *line)
{
    *line = 0;
    if (bytes_start_with(text, BYTES("YARA")) && bytes_find_byte(bytes_sub(text, 0, 64), 0) < 64)
        return "these are compiled rules; give their source";
    *line = 1;
    while (text.len > 0) {
        size_t end = bytes_find_byte(text, '\n');
        struct bytes one = end == BYTES_NOT_FOUND ? text : bytes_sub(text, 0, end);
        if (one.len > YARA_LINE_BYTES)
            return "a line of more than 1 MiB";
        if (bytes_find_byte(one, 0) != BYTES_NOT_FOUND)
            return "a zero byte; rules are plain text, ASCII or UTF-8";
        if (end == BYTES_NOT_FOUND)
            break;
        text = bytes_from(text, end + 1);
        (*line)++;
    }
    return NULL;
}

static bool read_whole(int fd, struct yara_source *source, size_t size)
{
    source->text = base_malloc(size + 1);
    if (!source->text)
        return false;
    while (source->len < size) {
        ssize_t n = read(fd, &source->text[source->len], size - source->len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        if (n == 0)
            break;
        source->len += (size_t)n;
    }
    source->text[source->len] = '\0';
    if (source->len >= 3 && memcmp(source->text, "\xef\xbb\xbf", 3) == 0)
        memset(source->text, ' ', 3);
    return true;
}

// Reads the text. NULL: it is there; else what is wrong, and on which line.
static const char *source_read(struct yara_source *source, uint32_t *line)
{
    *line = 0;
    int fd = open(source->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return strerror(errno);
    struct stat st;
    const char *what = NULL;
    if (fstat(fd, &st) != 0)
        what = strerror(errno);
    else if (!S_ISREG(st.st_mode))
        what = "it is not a regular file";
    else if (st.st_size > YARA_FILE_BYTES)
        what = "it is longer than 32 MiB";
    else if (!read_whole(fd, source, (size_t)st.st_size))
        what = source->text ? strerror(errno) : "out of memory";
    else
        what = text_trouble(bytes_make(source->text, source->len), line);
    close(fd);
    if (!what && !yara_items_find(bytes_make(source->text, source->len), &source->items))
        what = "out of memory, or more than a million rules";
    return what;
}

static struct yara_source *source_find(const struct yara_sources *sources, const char *real)
{
    for (size_t i = 0; i < sources->count; i++)
        if (strcmp(sources->list[i]->real, real) == 0)
            return sources->list[i];
    return NULL;
}

// A source with its names, its text not read yet. Takes `real`, which comes from realpath().
static struct yara_source *source_make(const char *path, const char *real, const char *base)
{
    struct yara_source *source = base_calloc(1, sizeof *source);
    if (!source)
        return NULL;
    source->path = copy_text(path);
    source->real = copy_text(real);
    source->base = copy_text(base);
    if (source->path && source->real && source->base)
        return source;
    source_free(source);
    return NULL;
}

static bool walk_file(void *context, const char *path, const struct stat *)
{
    struct walk *walk = context;
    char real[PATH_MAX];
    uint32_t line = 0;
    if (walk->sources->count >= YARA_FILES_MOST) {
        unreadable(walk, path, 0, "more than 100000 files of rules");
        return false;
    }
    if (!realpath(path, real)) {
        unreadable(walk, path, 0, strerror(errno));
        return true;
    }
    struct yara_source *source = source_make(path, real, walk->base);
    if (!source || !sources_add(walk->sources, source)) {
        walk->failed = true;
        if (source)
            source_free(source);
        return false;
    }
    const char *what = source_read(source, &line);
    source->unusable = what != NULL;
    if (what)
        unreadable(walk, source->path, line, what);
    else
        walk->report->files++;
    return true;
}

bool file_rules_is_name(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot &&
           (strcmp(dot, ".yar") == 0 || strcmp(dot, ".yara") == 0 || strcmp(dot, ".rule") == 0);
}

// The folder a real path stands in.
static void folder_of(char *real)
{
    char *slash = strrchr(real, '/');
    if (slash)
        *(slash == real ? &slash[1] : slash) = '\0';
}

static void tell_path(void *context, const char *path, int error)
{
    struct walk *walk = context;
    unreadable(walk, path, 0, error == ELOOP ? "folders too deep in each other" : strerror(error));
}

static void walk_path(struct walk *walk, const char *path)
{
    char base[PATH_MAX];
    struct stat st;
    struct folder_walk folder = {file_rules_is_name, walk_file, tell_path, walk};
    if (stat(path, &st) != 0 || !realpath(path, base)) {
        unreadable(walk, path, 0, strerror(errno));
        return;
    }
    if (!S_ISDIR(st.st_mode))
        folder_of(base);
    walk->base = base;
    folder_walk(&folder, path);
}

struct yara_source *yara_source_include(
    struct yara_sources *sources, const struct yara_source *from, struct bytes name)
{
    char path[PATH_MAX], real[PATH_MAX], folder[PATH_MAX];
    size_t base_len = strlen(from->base);
    uint32_t line;
    snprintf(folder, sizeof folder, "%s", from->real);
    folder_of(folder);
    int len = snprintf(path, sizeof path, "%s/%.*s", folder, (int)name.len, name.data);
    if (name.len == 0 || name.len >= PATH_MAX || name.data[0] == '/' || len < 0 ||
        (size_t)len >= sizeof path || !realpath(path, real))
        return NULL;
    bool inside = strncmp(real, from->base, base_len) == 0 &&
                  (real[base_len] == '/' || strcmp(from->base, "/") == 0);
    if (!inside)
        return NULL;
    struct yara_source *known = source_find(sources, real);
    if (known || sources->count >= YARA_FILES_MOST)
        return known && !known->unusable ? known : NULL;
    struct yara_source *source = source_make(path, real, from->base);
    if (!source || !sources_add(sources, source)) {
        if (source)
            source_free(source);
        return NULL;
    }
    source->included = true;
    source->unusable = source_read(source, &line) != NULL;
    return source->unusable ? NULL : source;
}

// Marks what a source includes, and what that includes.
static void mark_included(
    struct yara_sources *sources, struct yara_source *start, struct yara_source *at, unsigned depth)
{
    if (depth > YARA_INCLUDES_DEEP)
        return;
    for (size_t i = 0; i < at->items.count; i++) {
        const struct yara_item *item = &at->items.items[i];
        if (item->kind != YARA_INCLUDE)
            continue;
        struct yara_source *other = yara_source_include(sources, at, item->name);
        if (!other || other == start)
            continue;
        other->included = true;
        mark_included(sources, start, other, depth + 1);
    }
}

bool yara_sources_read(struct yara_sources *sources, const char *const *paths, size_t count,
    struct file_rules_report *report)
{
    struct walk walk = {.sources = sources, .report = report};
    for (size_t i = 0; i < count && !walk.failed; i++)
        walk_path(&walk, paths[i]);
    sources->roots = sources->count;
    for (size_t i = 0; i < sources->roots && !walk.failed; i++)
        if (!sources->list[i]->included && !sources->list[i]->unusable)
            mark_included(sources, sources->list[i], sources->list[i], 0);
    return !walk.failed;
}
