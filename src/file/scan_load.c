// SPDX-License-Identifier: Apache-2.0
// From files to compiled rules: each file is a namespace, all end up in one automaton.
#include "base/alloc.h"
#include "file/scan_rules.h"
#include <stdio.h>
#include <stdlib.h>

enum {
    MATCH_DATA_BYTES = 1, // libyara's copy of a match; ours comes from the file
};

struct builder {
    struct file_rules *rules;
    struct file_rules_report *report;
    struct yara_includes includes;
    YR_COMPILER *compiler;
    struct yara_source *broken; // compiled alone but not with the others
};

static bool is_name_variable(struct bytes word)
{
    return bytes_equal(word, BYTES("filename")) || bytes_equal(word, BYTES("filepath")) ||
           bytes_equal(word, BYTES("extension")) || bytes_equal(word, BYTES("filetype"));
}

// Verdicts on one content may then differ by the file's name.
static bool looks_at_names(const struct yara_source *source)
{
    struct yara_reader reader = {.text = bytes_make(source->text, source->len), .line = 1};
    for (;;) {
        struct yara_token token = yara_token_next(&reader);
        if (token.kind == YARA_END)
            return false;
        if (token.kind == YARA_WORD && is_name_variable(token.text))
            return true;
    }
}

// One file into the compiler; its number is its namespace. False: libyara will not have it.
static bool compile_source(struct builder *b, size_t index)
{
    struct yara_source *source = b->rules->sources->list[index];
    char name[24];
    snprintf(name, sizeof name, "%zu", index);
    b->includes.root = source;
    b->includes.seen_count = 0;
    if (yr_compiler_add_string(b->compiler, source->text, name) == 0)
        return true;
    b->broken = source;
    return false;
}

// All sources that are neither included by others nor unusable.
static bool compile_all(struct builder *b)
{
    struct yara_sources *sources = b->rules->sources;
    b->compiler = yara_compiler(&b->includes);
    bool ok = b->compiler != NULL;
    for (size_t i = 0; ok && i < sources->roots; i++)
        if (!sources->list[i]->included && !sources->list[i]->unusable)
            ok = compile_source(b, i);
    ok = ok && yr_compiler_get_rules(b->compiler, &b->rules->compiled) == ERROR_SUCCESS;
    if (b->compiler)
        yr_compiler_destroy(b->compiler);
    b->compiler = NULL;
    return ok;
}

// A file that compiles alone and not with the others is left out; that should not happen.
static bool compile_until_done(struct builder *b)
{
    while (!compile_all(b)) {
        if (!b->broken)
            return false;
        yara_tell(b->report, FILE_RULES_FAILED, b->broken->path, 0, (struct bytes){NULL, 0},
            "it compiles alone but not with the other files");
        b->broken->unusable = true;
        b->broken = NULL;
    }
    return true;
}

// The rule of that name in a source. Rules come in order, so the search begins at the last one.
static const struct yara_item *item_in(struct yara_source *source, const char *name)
{
    const struct yara_items *items = &source->items;
    for (size_t n = 0; n < items->count; n++) {
        size_t i = (source->cursor + n) % items->count;
        const struct yara_item *item = &items->items[i];
        if (item->kind == YARA_RULE && !item->out &&
            bytes_equal(item->name, bytes_from_text(name))) {
            source->cursor = i + 1;
            return item;
        }
    }
    return NULL;
}

// The same in what it may include.
static const struct yara_item *item_of(
    const struct file_rules *rules, struct yara_source **source, const char *name)
{
    const struct yara_item *item = item_in(*source, name);
    for (size_t i = 0; !item && i < rules->sources->count; i++) {
        struct yara_source *other = rules->sources->list[i];
        item = other->included ? item_in(other, name) : NULL;
        if (item)
            *source = other;
    }
    return item;
}

// "folder/webshells.yar" and "Name" are "webshells/Name".
static struct bytes full_name(struct arena *memory, const char *path, const char *rule)
{
    struct bytes file = bytes_from_text(path);
    const char *slash = strrchr(path, '/');
    if (slash)
        file = bytes_from_text(&slash[1]);
    if (file_rules_is_name(path))
        file.len = (size_t)(strrchr((const char *)file.data, '.') -
                            (const char *)file.data); // lint: its stem
    size_t len = file.len + 1 + strlen(rule);
    char *name = arena_alloc(memory, len + 1);
    if (!name)
        return bytes_from_text(rule);
    snprintf(name, len + 1, "%.*s/%s", (int)file.len, (const char *)file.data, rule);
    return bytes_make(name, len);
}

static void describe_rule(struct file_rules *rules, uint32_t index)
{
    YR_RULE *rule = &rules->compiled->rules_table[index];
    struct yara_rule_info *info = &rules->infos[index];
    struct yara_source *source = rules->sources->list[strtoul(rule->ns->name, NULL, 10)];
    const struct yara_item *item = item_of(rules, &source, rule->identifier);
    info->file = source->path;
    info->line = item ? item->line : 0;
    info->name = full_name(&rules->memory, source->path, rule->identifier);
    info->support = RULE_IS_PRIVATE(rule) || RULE_IS_GLOBAL(rule);
    yara_meta_read(rule, &rules->memory, info);
}

static void count_strings(struct file_rules *rules)
{
    const YR_RULES *compiled = rules->compiled;
    for (uint32_t i = 0; i < compiled->num_strings; i++) {
        struct yara_rule_info *info = &rules->infos[compiled->strings_table[i].rule_idx];
        if (info->strings++ == 0)
            info->first_string = i;
    }
}

// What is known of each rule, ready to be told when it matches.
static bool describe(struct file_rules *rules)
{
    uint32_t count = rules->compiled->num_rules;
    rules->infos = arena_zalloc(&rules->memory, (count + 1) * sizeof *rules->infos);
    if (!rules->infos)
        return false;
    for (uint32_t i = 0; i < count; i++)
        describe_rule(rules, i);
    count_strings(rules);
    yara_sources_forget(rules->sources);
    return !rules->memory.exhausted;
}

static void count_rules(struct builder *b)
{
    struct yara_sources *sources = b->rules->sources;
    for (size_t s = 0; s < sources->count; s++) {
        const struct yara_items *items = &sources->list[s]->items;
        for (size_t i = 0; i < items->count; i++)
            b->report->rules += items->items[i].kind == YARA_RULE;
    }
}

static bool build(struct file_rules *rules, struct file_rules_report *report)
{
    struct builder b = {.rules = rules, .report = report};
    struct yara_sources *sources = rules->sources;
    b.includes.sources = sources;
    count_rules(&b);
    for (size_t i = 0; i < sources->roots; i++)
        if (!sources->list[i]->included && !sources->list[i]->unusable)
            (void)yara_probe(sources, sources->list[i], report);
    for (size_t i = 0; i < sources->count; i++)
        if (!sources->list[i]->unusable)
            rules->uses_names |= looks_at_names(sources->list[i]);
    bool ok = compile_until_done(&b) && describe(rules);
    report->loaded = ok ? rules->compiled->num_rules : 0;
    yara_includes_finish(&b.includes);
    return ok;
}

struct file_rules *file_rules_load(
    const char *const *paths, size_t count, struct file_rules_report *report)
{
    if (yr_initialize() != ERROR_SUCCESS)
        return NULL;
    yr_set_configuration_uint32(YR_CONFIG_MAX_MATCH_DATA, MATCH_DATA_BYTES);
    struct file_rules *rules = base_calloc(1, sizeof *rules);
    if (!rules) {
        yr_finalize();
        return NULL;
    }
    pool_init(&rules->pool, 0);
    arena_init(&rules->memory, &rules->pool, SIZE_MAX);
    rules->sources = base_calloc(1, sizeof *rules->sources);
    bool ok = rules->sources && yara_sources_read(rules->sources, paths, count, report) &&
              report->files > 0 && build(rules, report) && yara_trial(rules, report);
    if (ok)
        return rules;
    file_rules_destroy(rules);
    return NULL;
}

void file_rules_destroy(struct file_rules *rules)
{
    if (!rules)
        return;
    if (rules->compiled)
        yr_rules_destroy(rules->compiled);
    if (rules->sources)
        yara_sources_destroy(rules->sources);
    base_free(rules->sources);
    arena_reset(&rules->memory);
    pool_finish(&rules->pool);
    base_free(rules);
    yr_finalize();
}

uint32_t file_rules_count(const struct file_rules *rules)
{
    return rules->compiled->num_rules;
}
