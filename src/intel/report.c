// SPDX-License-Identifier: Apache-2.0
// What became of each file, kept so that it can be told in any language.
#include "base/alloc.h"
#include "base/arena.h"
#include "base/utf8.h"
#include "intel/internal.h"
#include "schema/reason.h"
#include <stdio.h>

enum { REPORT_BYTES = 64 << 20, SHOWN_BYTES = 120, WHERE_BYTES = 4200, NUMBER_BYTES = 24 };

struct report_memory {
    struct pool pool;
    struct arena arena;
};

struct bytes report_copy(struct intel_report *report, struct bytes text)
{
    if (!report->memory) {
        report->memory = base_malloc(sizeof *report->memory);
        if (!report->memory)
            return (struct bytes){NULL, 0};
        pool_init(&report->memory->pool, 0);
        arena_init(&report->memory->arena, &report->memory->pool, REPORT_BYTES);
    }
    return text.len ? arena_copy(&report->memory->arena, text) : (struct bytes){NULL, 0};
}

void intel_report_finish(struct intel_report *report)
{
    base_free(report->files);
    base_free(report->problems);
    if (report->memory) {
        arena_reset(&report->memory->arena);
        pool_finish(&report->memory->pool);
        base_free(report->memory);
    }
    memset(report, 0, sizeof *report);
}

static struct intel_problem *problem_push(struct intel_builder *b)
{
    struct intel_report *report = b->report;
    if (report->problems_count == INTEL_PROBLEMS)
        return NULL;
    if (report->problems_count == b->problems_room) {
        size_t room = b->problems_room ? b->problems_room * 2 : 16;
        struct intel_problem *more = base_realloc(report->problems, room * sizeof *more);
        if (!more)
            return NULL;
        report->problems = more;
        b->problems_room = room;
    }
    return &report->problems[report->problems_count++];
}

void intel_trouble(struct intel_builder *b, const struct intel_trouble *trouble)
{
    struct intel_report *report = b->report;
    struct intel_problem *problem = problem_push(b);
    if (!problem) {
        report->problems_more++;
        return;
    }
    *problem = (struct intel_problem){
        .file = b->file ? b->file->path : report_copy(report, bytes_from_text(b->path)),
        .line = trouble->line,
        .value = report_copy(report, bytes_sub(trouble->value, 0, SHOWN_BYTES)),
        .why = trouble->why,
        .what = report_copy(report, trouble->what),
        .what_ja = report_copy(report, trouble->what_ja),
        .allowed = report_copy(report, trouble->allowed),
        .whole_file = trouble->whole_file,
    };
}

// "FILE:LINE", or the file alone.
static struct bytes where_text(const struct intel_problem *problem, char room[WHERE_BYTES])
{
    size_t len = utf8_print(problem->file, room, WHERE_BYTES - NUMBER_BYTES);
    if (problem->line)
        len +=
            (size_t)snprintf(&room[len], NUMBER_BYTES, ":%llu", (unsigned long long)problem->line);
    return bytes_make(room, len);
}

static struct bytes shown(struct bytes text, char room[SHOWN_BYTES * 2])
{
    return bytes_make(room, utf8_print(text, room, SHOWN_BYTES * 2));
}

size_t intel_problem_text(
    const struct intel_problem *problem, enum lang lang, char *out, size_t room)
{
    bool own = lang == LANG_JA && problem->what_ja.len > 0;
    struct bytes reason = own ? problem->what_ja : reason_in(problem->what, lang);
    char where[WHERE_BYTES], value[SHOWN_BYTES * 2], what[SHOWN_BYTES * 2],
        allowed[SHOWN_BYTES * 2];
    const struct text_arg args[] = {
        {"where", where_text(problem, where)},
        {"value", shown(problem->value, value)},
        {"what", shown(reason, what)},
        {"allowed", shown(reason_in(problem->allowed, lang), allowed)},
    };
    return text_format(out, room, problem->why, lang, args, sizeof args / sizeof *args);
}
