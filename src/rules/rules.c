// SPDX-License-Identifier: Apache-2.0
// A rule set from files and folders: found, read, made ready to match, held and let go.
#include "rules/rules.h"
#include "base/alloc.h"
#include "base/folder.h"
#include "rules/dataset.h"
#include "rules/inspect.h"
#include "rules/load.h"
#include "rules/prefilter.h"
#include <errno.h>
#include <sys/stat.h>

enum { PATH_BYTES = 4096, FILES_MOST = 100'000, NAMES_BYTES = 64 << 20 };

struct load {
    struct loader loader;
    struct draft draft;
    struct reader reader;
};

static void unreadable(struct load *load, const char *path, const char *what)
{
    struct rule_note note = {.trouble = RULE_UNREADABLE, .file = path, .what = what};
    load->loader.report->unreadable++;
    if (load->loader.report->tell)
        load->loader.report->tell(load->loader.report->context, &note);
}

// The same file under two names, or given twice, is read once.
static bool is_new(struct load *load, const struct stat *info)
{
    uint64_t id[2] = {(uint64_t)info->st_dev, (uint64_t)info->st_ino};
    bool *seen = map_add(&load->loader.files, bytes_make(id, sizeof id));
    if (!seen || *seen)
        return false;
    *seen = true;
    return true;
}

// What lies beside a file of rules: classes, references, thresholds.
static void read_beside(struct load *load, const char *path)
{
    static const struct {
        const char *name;
        void (*read)(struct loader *, const char *);
    } beside[] = {{"classification.config", loader_read_classes},
        {"reference.config", loader_read_references}, {"threshold.config", loader_read_thresholds}};
    char name[PATH_BYTES];
    struct stat info;
    const char *slash = strrchr(path, '/');
    int folder = slash ? (int)(slash - path) + 1 : 0;
    for (size_t i = 0; i < sizeof beside / sizeof *beside; i++) {
        int len = snprintf(name, sizeof name, "%.*s%s", folder, path, beside[i].name);
        if (len > 0 && len < (int)sizeof name && stat(name, &info) == 0 && S_ISREG(info.st_mode) &&
            is_new(load, &info))
            beside[i].read(&load->loader, name);
    }
}

static void read_file(struct load *load, const char *path, const struct stat *info)
{
    if (!is_new(load, info))
        return;
    read_beside(load, path);
    size_t len = strlen(path) + 1;
    char *kept = arena_alloc(&load->loader.memory->arena, len);
    FILE *file = fopen(path, "re");
    if (!kept || !file) {
        unreadable(load, path, file ? "not enough memory" : strerror(errno));
        if (file)
            fclose(file);
        return;
    }
    memcpy(kept, path, len);
    struct reader *r = &load->reader;
    *r =
        (struct reader){.loader = &load->loader, .draft = &load->draft, .path = kept, .file = file};
    load->loader.report->files++;
    if (!reader_run(r))
        unreadable(load, kept, strerror(errno));
    fclose(file);
}

static bool is_rules(const char *name)
{
    size_t len = strlen(name);
    return len > 6 && strcmp(&name[len - 6], ".rules") == 0;
}

static bool take_file(void *context, const char *path, const struct stat *status)
{
    read_file(context, path, status);
    return true;
}

static void tell_trouble(void *context, const char *path, int error)
{
    unreadable(context, path, strerror(error));
}

static void names_init(struct loader *loader)
{
    for (size_t i = 0; i < 3; i++)
        map_init(&loader->names[i], sizeof(uint16_t), RULE_NAMES, NAMES_BYTES);
    map_init(&loader->addresses, sizeof(void *), 1 << 20, NAMES_BYTES);
    map_init(&loader->ports, sizeof(void *), 1 << 20, NAMES_BYTES);
    map_init(&loader->ids, sizeof(uint32_t), RULES_MOST, (size_t)512 << 20);
    map_init(&loader->files, sizeof(bool), FILES_MOST, NAMES_BYTES);
}

static struct rule_set *set_create(void)
{
    struct rule_set *set = base_calloc(1, sizeof *set);
    struct rule_memory *memory = base_calloc(1, sizeof *memory);
    if (!set || !memory) {
        base_free(set);
        base_free(memory);
        return NULL;
    }
    pool_init(&memory->pool, RULES_BYTES);
    arena_init(&memory->arena, &memory->pool, RULES_BYTES);
    shared_init(&set->shared);
    set->memory = memory;
    return set;
}

static void set_destroy(struct rule_set *set)
{
    struct rule_memory *memory = set->memory;
    rule_plan_destroy(set->plan);
    rule_prefilter_destroy(set->prefilter);
    rule_datasets_destroy(set->datasets);
    for (size_t i = 0; i < memory->codes_count; i++)
        rule_code_free(memory->codes[i]);
    base_free(memory->codes);
    base_free(memory->rules);
    base_free(memory->suppress);
    arena_reset(&memory->arena);
    pool_finish(&memory->pool);
    base_free(memory);
    base_free(set);
}

struct rule_set *rules_hold(struct rule_set *set)
{
    if (set)
        shared_hold(&set->shared);
    return set;
}

void rules_release(struct rule_set *set)
{
    if (set && shared_release(&set->shared))
        set_destroy(set);
}

uint32_t rules_count(const struct rule_set *set)
{
    return set ? set->rules_count : 0;
}

// Without those a newer revision took the place of; numbered anew.
static void number_rules(struct load *load)
{
    struct rule *rules = load->loader.memory->rules;
    struct rule_set *set = load->loader.set;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < set->rules_count; i++)
        if (rules[i].sid) {
            rules[kept] = rules[i];
            rules[kept].index = kept;
            kept++;
        }
    set->rules_count = kept;
}

// Rules with a scope and a hook beside such as accept are those of a firewall: tables in the order
// of the file, of which only what says so is told.
static void find_firewall(struct load *load)
{
    struct rule *rules = load->loader.memory->rules;
    struct rule_set *set = load->loader.set;
    for (uint32_t i = 0; i < set->rules_count; i++)
        set->firewall |= rules[i].action == RULE_ACCEPT;
    for (uint32_t i = 0; set->firewall && i < set->rules_count; i++) {
        struct rule *rule = &rules[i];
        rule->firewall = rule->scope != SCOPE_NONE && rule->header->hook.at != HOOK_NONE;
        rule->noalert |= rule->firewall && !rule->alert;
    }
}

static bool keep_names(struct load *load)
{
    for (size_t i = 0; i < 3; i++) {
        const struct map *names = &load->loader.names[i];
        struct arena *memory = &load->loader.memory->arena;
        struct bytes *list = arena_alloc(memory, (names->count + 1) * sizeof *list);
        for (size_t k = 0; list && k < names->count; k++) // as added: the index is the number
            list[k] = arena_copy(memory, names->entries[k]->key);
        if (!list)
            return false;
        load->loader.set->names[i] = list;
        load->loader.set->names_count[i] = (uint32_t)names->count;
    }
    return true;
}

static bool loader_init(
    struct load *load, const struct rule_options *options, struct rule_report *report)
{
    struct loader *loader = &load->loader;
    loader->options = options;
    loader->report = report;
    pool_init(&loader->scratch_pool, 0);
    arena_init(&loader->scratch, &loader->scratch_pool, SIZE_MAX);
    names_init(loader);
    load->draft.loader = loader;
    loader->set = set_create();
    loader->memory = loader->set ? loader->set->memory : NULL;
    if (loader->set)
        loader->set->datasets = rule_datasets_create();
    return loader->set && loader->set->datasets && loader_classes(loader) &&
           loader_variables(loader) && loader_name_keywords(loader);
}

static void loader_finish(struct loader *loader)
{
    struct map *maps[] = {&loader->classes, &loader->references, &loader->variables,
        &loader->addresses, &loader->ports, &loader->ids, &loader->files, &loader->names[0],
        &loader->names[1], &loader->names[2], &loader->keywords};
    for (size_t i = 0; i < sizeof maps / sizeof *maps; i++)
        map_finish(maps[i]);
    base_free(loader->limits);
    arena_reset(&loader->scratch);
    pool_finish(&loader->scratch_pool);
}

static bool make_ready(struct load *load)
{
    struct loader *loader = &load->loader;
    if (loader->options->threshold_file)
        loader_read_thresholds(loader, loader->options->threshold_file);
    number_rules(load);
    find_firewall(load);
    loader_apply_thresholds(loader);
    if (loader->out_of_memory || !keep_names(load))
        return false;
    if (loader->options->for_check && !loader->options->to_match)
        return true;
    loader->set->prefilter = rule_prefilter_create(loader->set);
    loader->set->plan = loader->set->prefilter ? rule_plan_create(loader->set) : NULL;
    return loader->set->plan != NULL;
}

static struct rule_set *finish(struct load *load, bool good)
{
    good = good && make_ready(load);
    struct rule_set *set = load->loader.set;
    loader_finish(&load->loader);
    base_free(load);
    if (good || !set)
        return set;
    set_destroy(set);
    return NULL;
}

struct rule_set *rules_load(const char *const *paths, size_t count,
    const struct rule_options *options, struct rule_report *report)
{
    struct load *load = base_calloc(1, sizeof *load);
    if (!load)
        return NULL;
    bool good = loader_init(load, options, report);
    struct folder_walk walk = {is_rules, take_file, tell_trouble, load};
    for (size_t i = 0; good && i < count; i++)
        folder_walk(&walk, paths[i]);
    return finish(load, good);
}

struct rule_set *rules_load_text(const char *name, struct bytes text,
    const struct rule_options *options, struct rule_report *report)
{
    struct load *load = base_calloc(1, sizeof *load);
    if (!load)
        return NULL;
    bool good = loader_init(load, options, report);
    FILE *file = text.len ? fmemopen((void *)(uintptr_t)text.data, text.len, "rb") : NULL;
    if (good && file) {
        report->files++;
        load->reader = (struct reader){
            .loader = &load->loader, .draft = &load->draft, .path = name, .file = file};
        good = reader_run(&load->reader);
    }
    if (file)
        fclose(file);
    return finish(load, good);
}
