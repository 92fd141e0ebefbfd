// SPDX-License-Identifier: Apache-2.0
// Files and folders, documents, and the order in which they become rules: correlations and filters
// name rules, so they come last. Limit: a file of LOAD_FILE_BYTES.
#include "sigma/load.h"
#include "base/folder.h"
#include "base/hash.h"
#include "schema/reason.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    LOAD_FILE_BYTES = 16 << 20,
    LOAD_IDS = 1'000'000,
    LOAD_ID_BYTES = 256 << 20,
};

struct loader {
    struct sigma_builder *b;
    const struct sigma_options *options;
    struct path_list {
        char **paths;
        size_t count, room;
    } files;
};

static void tell(struct sigma_builder *b, const char *path, enum text_id why, struct bytes what)
{
    struct sigma_problem problem = {.why = why, .what = what};
    sigma_report_problem(b->report, &problem, bytes_from_text(path));
}

static void unreadable(struct sigma_builder *b, const char *path, int error)
{
    b->report->unreadable = true;
    tell(b, path, TEXT_SIGMA_CANNOT_READ, bytes_from_text(reason_of_errno(error, LANG_EN)));
}

static bool list_add(struct path_list *list, const char *path)
{
    if (list->count == list->room) {
        size_t room = list->room ? 2 * list->room : 64;
        char **paths = base_realloc(list->paths, room * sizeof *paths);
        if (!paths)
            return false;
        list->paths = paths;
        list->room = room;
    }
    char *copy = base_malloc(strlen(path) + 1);
    if (!copy)
        return false;
    memcpy(copy, path, strlen(path) + 1);
    list->paths[list->count++] = copy;
    return true;
}

static void list_free(struct path_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        base_free(list->paths[i]);
    base_free(list->paths);
    *list = (struct path_list){0};
}

static bool is_rule_file(const char *name)
{
    size_t len = strlen(name);
    return (len > 4 && strcmp(&name[len - 4], ".yml") == 0) ||
           (len > 5 && strcmp(&name[len - 5], ".yaml") == 0);
}

static bool collect(void *context, const char *path, const struct stat *)
{
    struct loader *l = context;
    return list_add(&l->files, path);
}

static void tell_path(void *context, const char *path, int error)
{
    struct loader *l = context;
    unreadable(l->b, path, error);
}

// ---- documents

static void keep_later(struct sigma_builder *b, const struct yaml_node *root, struct bytes file,
    struct sigma_later ***end)
{
    struct sigma_later *later = arena_zalloc(&b->sigma->arena, sizeof *later);
    if (!later) {
        b->report->no_memory = true;
        return;
    }
    *later = (struct sigma_later){root, file, NULL};
    **end = later;
    *end = &later->next;
}

static void refuse(
    struct sigma_builder *b, struct bytes file, uint64_t line, enum text_id why, struct bytes what)
{
    struct sigma_problem problem = {.line = line, .why = why, .what = what};
    b->report->refused++;
    sigma_report_problem(b->report, &problem, file);
}

static void take_document(struct sigma_builder *b, const struct yaml_node *root, struct bytes file)
{
    if (!root || yaml_is_null(root))
        return;
    b->report->documents++;
    const struct yaml_node *action = yaml_get(root, "action");
    if (root->kind != YAML_MAP)
        refuse(b, file, root->line, TEXT_SIGMA_NOT_A_RULE, BYTES(""));
    else if (action && !yaml_get(root, "detection"))
        refuse(b, file, action->line, TEXT_SIGMA_ACTION, yaml_text(action));
    else if (yaml_get(root, "correlation"))
        keep_later(b, root, file, &b->correlations_end);
    else if (yaml_get(root, "filter"))
        keep_later(b, root, file, &b->filters_end);
    else
        sigma_rule_load(b, root, file);
}

static void take_content(struct sigma_builder *b, struct bytes content, struct bytes file)
{
    struct yaml_node *root = NULL;
    struct yaml_trouble trouble = {0};
    struct yaml_reader *reader = yaml_reader_create(content);
    enum yaml_result result = reader ? YAML_DOCUMENT : YAML_END;
    b->report->no_memory |= !reader;
    while (result == YAML_DOCUMENT && !b->report->no_memory) {
        result = yaml_next(reader, &b->sigma->arena, &root, &trouble);
        if (result == YAML_DOCUMENT)
            take_document(b, root, file);
    }
    if (result == YAML_BROKEN) {
        b->report->documents++;
        refuse(b, file, trouble.line, trouble.why, trouble.what);
    }
    yaml_reader_destroy(reader);
}

// The whole file. {NULL, 0}: told.
static struct bytes read_file(struct sigma_builder *b, const char *path)
{
    const struct bytes none = {NULL, 0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    uint8_t *content = fd >= 0 ? base_malloc(LOAD_FILE_BYTES + 1) : NULL;
    size_t len = 0;
    ssize_t got = content ? 1 : -1;
    while (got > 0 && len <= LOAD_FILE_BYTES) {
        got = read(fd, &content[len], LOAD_FILE_BYTES + 1 - len);
        len += got > 0 ? (size_t)got : 0;
    }
    int error = errno;
    if (fd >= 0)
        close(fd);
    if (got >= 0 && len <= LOAD_FILE_BYTES)
        return bytes_make(content, len);
    base_free(content);
    if (got < 0)
        unreadable(b, path, error);
    else
        tell(b, path, TEXT_SIGMA_FILE_TOO_LONG, BYTES("16 MiB"));
    b->report->refused += got >= 0;
    return none;
}

static void take_file(struct sigma_builder *b, const char *path)
{
    struct bytes content = read_file(b, path);
    if (!content.data)
        return;
    struct bytes file = arena_copy(&b->sigma->arena, bytes_from_text(path));
    b->report->files++;
    take_content(b, content, file);
    base_free((void *)(uintptr_t)content.data);
}

// ---- all of it

static bool collect_all(struct loader *l)
{
    const struct config *config = l->options->config;
    struct folder_walk walk = {is_rule_file, collect, tell_path, l};
    bool ok = true;
    for (size_t i = 0; ok && config && i < config->sigma.files_count; i++)
        ok = folder_walk(&walk, config->sigma.files[i]);
    for (size_t i = 0; ok && i < l->options->paths_count; i++)
        ok = folder_walk(&walk, l->options->paths[i]);
    return ok;
}

static bool add_to_tables(struct sigma *sigma)
{
    for (struct sigma_rule *rule = sigma->rules; rule; rule = rule->next)
        for (struct sigma_variant *v = rule->active ? rule->variants : NULL; v; v = v->next)
            if (!sigma_table_add(sigma, v->table, v))
                return false;
    return true;
}

static bool finish(struct sigma_builder *b)
{
    for (struct sigma_later *l = b->filters; l; l = l->next)
        sigma_filter_load(b, l);
    for (struct sigma_later *l = b->correlations; l; l = l->next)
        sigma_correlation_load(b, l);
    sigma_correlations_link(b);
    sigma_report_lists(b);
    return !b->report->no_memory && add_to_tables(b->sigma) && sigma_tables_finish(b->sigma);
}

static bool load_all(struct sigma_builder *b, const struct sigma_options *options)
{
    struct loader l = {.b = b, .options = options};
    bool ok = collect_all(&l);
    for (size_t i = 0; ok && i < l.files.count && !b->report->no_memory; i++) {
        take_file(b, l.files.paths[i]);
        if (options->progress)
            options->progress(options->progress_context, (double)(i + 1) / (double)l.files.count,
                l.files.paths[i]);
    }
    list_free(&l.files);
    return ok && finish(b);
}

static struct sigma *sigma_create(void)
{
    struct sigma *sigma = base_calloc(1, sizeof *sigma);
    if (!sigma)
        return NULL;
    pool_init(&sigma->pool, 0);
    arena_init(&sigma->arena, &sigma->pool, SIZE_MAX);
    sigma->rules_end = &sigma->rules;
    sigma->seed = hash_seed();
    return sigma;
}

struct sigma *sigma_load(const struct sigma_options *options, struct sigma_report *report)
{
    struct sigma_builder b = {.config = options->config, .report = report};
    if (!sigma_report_begin(report))
        return NULL;
    b.sigma = sigma_create();
    b.correlations_end = &b.correlations;
    b.filters_end = &b.filters;
    map_init(&b.ids, sizeof(struct sigma_target), LOAD_IDS, LOAD_ID_BYTES);
    map_init(&b.waiting, sizeof(uint64_t), LOAD_IDS, LOAD_ID_BYTES);
    map_init(&b.unknown, sizeof(uint64_t), LOAD_IDS, LOAD_ID_BYTES);
    if (!b.sigma || !load_all(&b, options)) {
        report->no_memory = true;
        sigma_destroy(b.sigma);
        b.sigma = NULL;
    }
    map_finish(&b.ids);
    map_finish(&b.waiting);
    map_finish(&b.unknown);
    return b.sigma;
}

void sigma_destroy(struct sigma *sigma)
{
    if (!sigma)
        return;
    sigma_tables_destroy(sigma);
    sigma_regexes_free(sigma);
    arena_reset(&sigma->arena);
    pool_finish(&sigma->pool);
    base_free(sigma);
}

uint64_t sigma_count(const struct sigma *sigma)
{
    return sigma->count + sigma->correlations_count;
}
