// SPDX-License-Identifier: Apache-2.0
// libyara gives a compiler up at its first error, and all rules with it. So each file is first
// compiled alone: the rule an error stands in is blanked, with its lines kept, and the rest tried
// again until it compiles.
#include "base/alloc.h"
#include "file/scan_rules.h"
#include <stdio.h>

enum {
    PROBE_ERRORS = 64,     // of one try that are kept
    PROBE_ONE_BY_ONE = 32, // tries that believe the first error only: later ones may follow from it
    PROBE_TRIES = 256,
    PROBE_BYTES = 512 * 1024 * 1024, // of one file, over all tries
    INCLUDES_SEEN = 1024,
};

struct yara_include_seen {
    char name[YARA_SHOWN_BYTES];
    struct yara_source *source;
};

struct probe_error {
    struct yara_source *source;
    uint32_t line;
    char rule[128];
    char what[YARA_SHOWN_BYTES];
};

struct probe {
    struct yara_includes includes;
    struct yara_source *root;
    struct probe_error errors[PROBE_ERRORS], slow[PROBE_ERRORS];
    size_t errors_count, slow_count;
};

static struct yara_source *seen_source(const struct yara_includes *includes, const char *name)
{
    for (size_t i = includes->seen_count; name && i-- > 0;)
        if (strcmp(includes->seen[i].name, name) == 0)
            return includes->seen[i].source;
    return includes->root;
}

static bool seen_add(struct yara_includes *includes, const char *name, struct yara_source *source)
{
    if (includes->seen_count >= INCLUDES_SEEN || strlen(name) >= YARA_SHOWN_BYTES)
        return false;
    if (includes->seen_count == includes->seen_room) {
        size_t room = includes->seen_room ? includes->seen_room * 2 : 16;
        struct yara_include_seen *more = base_realloc(includes->seen, room * sizeof *more);
        if (!more)
            return false;
        includes->seen = more;
        includes->seen_room = room;
    }
    struct yara_include_seen *seen = &includes->seen[includes->seen_count++];
    snprintf(seen->name, sizeof seen->name, "%s", name);
    seen->source = source;
    return true;
}

static const char *include_text(
    const char *name, const char *calling_file, const char *, void *context)
{
    struct yara_includes *includes = context;
    struct yara_source *from = seen_source(includes, calling_file);
    struct yara_source *source =
        yara_source_include(includes->sources, from, bytes_from_text(name));
    if (!source || !seen_add(includes, name, source))
        return NULL;
    return source->text;
}

static void include_done(const char *, void *) {}

void yara_includes_finish(struct yara_includes *includes)
{
    base_free(includes->seen);
    includes->seen = NULL;
    includes->seen_count = includes->seen_room = 0;
}

YR_COMPILER *yara_compiler(struct yara_includes *includes)
{
    static const char *const names[] = {"filename", "filepath", "extension", "filetype", "owner"};
    YR_COMPILER *compiler = NULL;
    if (yr_compiler_create(&compiler) != ERROR_SUCCESS)
        return NULL;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (yr_compiler_define_string_variable(compiler, names[i], "") != ERROR_SUCCESS) {
            yr_compiler_destroy(compiler);
            return NULL;
        }
    }
    yr_compiler_set_include_callback(compiler, include_text, include_done, includes);
    return compiler;
}

static void note_message(
    int level, const char *file, int line, const YR_RULE *rule, const char *message, void *context)
{
    struct probe *p = context;
    bool error = level == YARA_ERROR_LEVEL_ERROR;
    size_t *count = error ? &p->errors_count : &p->slow_count;
    if (*count >= PROBE_ERRORS)
        return;
    struct probe_error *e = &(error ? p->errors : p->slow)[(*count)++];
    e->source = seen_source(&p->includes, file);
    e->line = line > 0 ? (uint32_t)line : 0;
    snprintf(e->rule, sizeof e->rule, "%s", rule && rule->identifier ? rule->identifier : "");
    bool include = bytes_start_with(bytes_from_text(message), BYTES("callback failed"));
    snprintf(e->what, sizeof e->what, "%s",
        include ? "it is not there, not readable, or outside the folder of these rules" : message);
}

// True: the file compiles as it stands.
static bool try_once(struct probe *p)
{
    p->errors_count = p->slow_count = 0;
    p->includes.seen_count = 0;
    YR_COMPILER *compiler = yara_compiler(&p->includes);
    if (!compiler) {
        note_message(YARA_ERROR_LEVEL_ERROR, NULL, 0, NULL, "out of memory", p);
        return false;
    }
    yr_compiler_set_callback(compiler, note_message, p);
    int errors = yr_compiler_add_string(compiler, p->root->text, "probe");
    if (errors > 0 && p->errors_count == 0)
        note_message(YARA_ERROR_LEVEL_ERROR, NULL, 0, NULL, "it does not compile", p);
    yr_compiler_destroy(compiler);
    return errors == 0;
}

static void blank(struct yara_source *source, struct yara_item *item)
{
    for (size_t i = 0; i < item->text.len; i++) {
        char *one = &source->text[i + item->at];
        *one = *one == '\n' ? '\n' : ' ';
    }
    item->out = true;
}

// Whose the error is: text that is no rule, from there upwards, is to blame before any rule.
static struct yara_item *item_to_blame(const struct probe_error *error)
{
    struct yara_items *items = &error->source->items;
    struct yara_item *found = NULL;
    for (size_t i = 0; i < items->count; i++) {
        struct yara_item *item = &items->items[i];
        if (item->out || item->line > error->line)
            continue;
        if (item->kind == YARA_BROKEN)
            return item;
        bool named = error->rule[0] && bytes_equal(item->name, bytes_from_text(error->rule));
        if (item->last_line >= error->line && (!found || named))
            found = item;
    }
    return found;
}

// Blank what the error stands in, and tell. The name is copied: blanking takes it.
static bool blame(const struct probe_error *error, struct file_rules_report *report)
{
    struct yara_item *item = error->source ? item_to_blame(error) : NULL;
    char name[128] = "";
    if (!item)
        return false;
    snprintf(name, sizeof name, "%.*s", (int)item->name.len, item->name.data);
    bool last_line = error->line >= item->line && error->line <= item->last_line;
    blank(error->source, item);
    item->name = (struct bytes){NULL, 0};
    yara_tell(report, FILE_RULES_FAILED, error->source->path, last_line ? error->line : item->line,
        bytes_from_text(name), error->what);
    return true;
}

// Something was blanked, so that another try is worth it.
static bool blame_all(struct probe *p, unsigned tries, struct file_rules_report *report)
{
    size_t believed = tries < PROBE_ONE_BY_ONE ? 1 : p->errors_count;
    bool blanked = false;
    for (size_t i = 0; i < p->errors_count && (i < believed || !blanked); i++)
        blanked |= blame(&p->errors[i], report);
    return blanked;
}

static void tell_slow(const struct probe *p, struct file_rules_report *report)
{
    for (size_t i = 0; i < p->slow_count; i++) {
        const struct probe_error *e = &p->slow[i];
        yara_tell(
            report, FILE_RULES_SLOW, e->source->path, e->line, bytes_from_text(e->rule), e->what);
    }
}

static void tell_whole(const struct probe *p, struct file_rules_report *report)
{
    const struct probe_error *e = &p->errors[0];
    yara_tell(report, FILE_RULES_FAILED, p->root->path, e->source == p->root ? e->line : 0,
        (struct bytes){NULL, 0}, e->what);
    p->root->unusable = true;
}

bool yara_probe(
    struct yara_sources *sources, struct yara_source *source, struct file_rules_report *report)
{
    struct probe *p = base_calloc(1, sizeof *p);
    if (!p)
        return false;
    p->root = source;
    p->includes = (struct yara_includes){.sources = sources, .root = source};
    unsigned tries = 0;
    bool ok = try_once(p), hope = true;
    while (!ok && hope) {
        hope =
            tries < PROBE_TRIES && tries * source->len < PROBE_BYTES && blame_all(p, tries, report);
        ok = hope && try_once(p);
        tries++;
    }
    if (ok)
        tell_slow(p, report);
    else
        tell_whole(p, report);
    yara_includes_finish(&p->includes);
    base_free(p);
    return ok;
}
