// SPDX-License-Identifier: Apache-2.0
// What became of a load.
#include "schema/reason.h"
#include "sigma/load.h"
#include <stdio.h>
#include <stdlib.h>

enum { WAITING_MOST = 4096 };

struct sigma_memory {
    struct pool pool;
    struct arena arena;
};

bool sigma_report_begin(struct sigma_report *report)
{
    *report = (struct sigma_report){.memory = base_calloc(1, sizeof(struct sigma_memory))};
    if (!report->memory) {
        report->no_memory = true;
        return false;
    }
    pool_init(&report->memory->pool, 0);
    arena_init(&report->memory->arena, &report->memory->pool, SIZE_MAX);
    report->problems =
        arena_alloc(&report->memory->arena, SIGMA_PROBLEMS * sizeof *report->problems);
    report->no_memory = !report->problems;
    return report->problems;
}

void sigma_report_finish(struct sigma_report *report)
{
    if (report->memory) {
        arena_reset(&report->memory->arena);
        pool_finish(&report->memory->pool);
    }
    base_free(report->memory);
    *report = (struct sigma_report){0};
}

static struct bytes kept(struct sigma_report *report, struct bytes text)
{
    if (!text.data)
        return BYTES("");
    return arena_copy(&report->memory->arena, bytes_sub(text, 0, SIGMA_TEXT_BYTES));
}

void sigma_report_problem(
    struct sigma_report *report, const struct sigma_problem *problem, struct bytes file)
{
    if (report->problems_count == SIGMA_PROBLEMS) {
        report->problems_more++;
        return;
    }
    report->problems[report->problems_count++] = (struct sigma_problem){.file = kept(report, file),
        .line = problem->line,
        .key = kept(report, problem->key),
        .why = problem->why,
        .what = kept(report, problem->what),
        .allowed = kept(report, problem->allowed)};
}

static int by_name(const struct map_entry *a, const struct map_entry *b)
{
    size_t len = a->key.len < b->key.len ? a->key.len : b->key.len;
    int order = memcmp(a->key.data, b->key.data, len);
    return order ? order : (a->key.len > b->key.len) - (a->key.len < b->key.len);
}

static size_t list_make(struct sigma_report *report, struct map *from, struct sigma_waiting **list)
{
    size_t count = 0;
    map_sort(from, by_name);
    *list = arena_alloc(&report->memory->arena, (from->count + 1) * sizeof **list);
    for (; *list && count < from->count && count < WAITING_MOST; count++) {
        const uint64_t *rules = from->entries[count]->value;
        (*list)[count] = (struct sigma_waiting){kept(report, from->entries[count]->key), *rules};
    }
    return count;
}

void sigma_report_lists(struct sigma_builder *b)
{
    struct sigma_report *report = b->report;
    report->waiting_count = list_make(report, &b->waiting, &report->waiting);
    report->unknown_count = list_make(report, &b->unknown, &report->unknown);
}

size_t sigma_problem_text(
    const struct sigma_problem *problem, enum lang lang, char *out, size_t room)
{
    size_t len;
    struct text_arg args[] = {
        {"what", reason_in(problem->what, lang)}, {"allowed", reason_in(problem->allowed, lang)}};
    if (problem->line)
        len = (size_t)snprintf(out, room, "%.*s:%llu: ", (int)problem->file.len,
            (const char *)problem->file.data, (unsigned long long)problem->line);
    else
        len = (size_t)snprintf(
            out, room, "%.*s: ", (int)problem->file.len, (const char *)problem->file.data);
    if (problem->key.len && len < room)
        len += (size_t)snprintf(&out[len], room - len, "%.*s: ", (int)problem->key.len,
            (const char *)problem->key.data);
    if (len >= room)
        return room ? room - 1 : 0;
    return len + text_format(&out[len], room - len, problem->why, lang, args, 2);
}
