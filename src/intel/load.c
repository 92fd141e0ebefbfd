// SPDX-License-Identifier: Apache-2.0
// From paths to a set: files and folders are found, each file is given to the reader whose format
// it has, and what fails is taken back.
#include "base/alloc.h"
#include "base/folder.h"
#include "intel/intel.h"
#include "intel/readers.h"
#include "schema/reason.h"
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define FORMAT(name) extern const struct intel_format intel_format_##name;
#include "intel/intel_format.def"
#undef FORMAT

static const struct intel_format *const formats[] = {
#define FORMAT(name) &intel_format_##name,
#include "intel/intel_format.def"
#undef FORMAT
};
enum { FORMATS = sizeof formats / sizeof *formats };

// ---- Finding files.

struct wanted {
    char *path;
    uint64_t bytes;
    int64_t mtime_us;
    bool warning; // asked for as a warning list
};

struct wanted_list {
    struct wanted *files;
    size_t count, room;
    bool no_memory;
};

static void trouble_path(
    struct intel_builder *b, const char *path, enum text_id why, const char *what)
{
    b->path = path;
    struct intel_trouble trouble = {.why = why, .what = bytes_from_text(what), .whole_file = true};
    intel_trouble(b, &trouble);
    b->report->unreadable = true;
}

static void wanted_add(
    struct wanted_list *list, const char *path, const struct stat *status, bool warning)
{
    if (list->count == list->room) {
        size_t room = list->room ? list->room * 2 : 64;
        struct wanted *more = base_realloc(list->files, room * sizeof *more);
        if (!more) {
            list->no_memory = true;
            return;
        }
        list->files = more;
        list->room = room;
    }
    size_t len = strlen(path) + 1;
    char *copy = base_malloc(len);
    if (!copy) {
        list->no_memory = true;
        return;
    }
    memcpy(copy, path, len);
    list->files[list->count++] = (struct wanted){.path = copy,
        .bytes = S_ISREG(status->st_mode) ? (uint64_t)status->st_size : 0,
        .mtime_us = (int64_t)status->st_mtime * 1'000'000,
        .warning = warning};
}

static bool ends_with(struct bytes name, const char *end)
{
    size_t len = strlen(end);
    return name.len > len &&
           bytes_equal_nocase(bytes_from(name, name.len - len), bytes_from_text(end));
}

// In a folder: files whose names say that they hold indicators.
static bool name_wanted(const char *file)
{
    static const char *const packed[] = {".gz", ".zst"};
    static const char *const ends[] = {".txt", ".list", ".lst", ".csv", ".tsv", ".json", ".stix",
        ".stix2", ".ioc", ".xml", ".ipset", ".netset", ".hosts", ".domains", ".ips", ".urls",
        ".misp"};
    struct bytes name = bytes_from_text(file);
    for (size_t i = 0; i < sizeof packed / sizeof *packed; i++) {
        if (ends_with(name, packed[i]))
            name.len -= strlen(packed[i]);
    }
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        if (ends_with(name, ends[i]))
            return true;
    }
    return false;
}

struct collecting {
    struct intel_builder *b;
    struct wanted_list *list;
    bool warning;
};

static bool collect(void *context, const char *path, const struct stat *status)
{
    struct collecting *c = context;
    wanted_add(c->list, path, status, c->warning);
    return true;
}

static void tell_path(void *context, const char *path, int error)
{
    struct collecting *c = context;
    if (error == ELOOP)
        trouble_path(c->b, path, TEXT_INTEL_FOLDER_DEEP, "");
    else
        trouble_path(c->b, path, TEXT_INTEL_UNREADABLE, reason_of_errno(error, LANG_EN));
}

static void wanted_finish(struct wanted_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        base_free(list->files[i].path);
    base_free(list->files);
}

// ---- Reading one.

static struct bytes base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return bytes_from_text(slash ? slash + 1 : path); // lint: in its own string
}

static const struct intel_format *format_of(const struct intel_file *file)
{
    for (size_t i = 0; i + 1 < FORMATS; i++) {
        if (formats[i]->likely(file))
            return formats[i];
    }
    return formats[FORMATS - 1];
}

static bool is_text(struct bytes head)
{
    return bytes_find_byte(head, 0) == BYTES_NOT_FOUND;
}

// By its byte order mark: what spreadsheets call "Unicode text".
static bool is_utf16(struct bytes head)
{
    return bytes_start_with(head, BYTES("\xff\xfe")) || bytes_start_with(head, BYTES("\xfe\xff"));
}

static bool read_opened(
    struct intel_builder *b, const struct wanted *wanted, struct lines *lines, bool *lost)
{
    struct intel_file file = {.path = wanted->path,
        .base = base_name(wanted->path),
        .head = bytes_sub(lines_peek(lines), 0, INTEL_HEAD_BYTES),
        .bytes = wanted->bytes};
    const struct intel_format *format =
        wanted->warning ? &intel_format_warning_list : format_of(&file);
    if (!builder_file_begin(b, wanted->path, format->name)) {
        *lost = true;
        return false;
    }
    bool read = false;
    if (file.head.len == 0 && reader_trouble(b, lines))
        b->report->unreadable = true;
    else if (!is_text(file.head))
        trouble_path(
            b, wanted->path, is_utf16(file.head) ? TEXT_INTEL_UTF16 : TEXT_INTEL_NOT_TEXT, "");
    else
        read = format->read(b, &file);
    *lost = !builder_file_end(b, read);
    return read;
}

static bool read_wanted(struct intel_builder *b, const struct wanted *wanted)
{
    struct lines *lines = lines_open(wanted->path);
    if (!lines)
        return false;
    b->bytes_file = wanted->bytes;
    b->mtime_us = wanted->mtime_us;
    bool lost;
    (void)read_opened(b, wanted, lines, &lost);
    lines_close(lines);
    return !lost;
}

// ---- The whole.

static void collect_all(struct intel_builder *b, struct wanted_list *list)
{
    const struct intel_options *o = b->options;
    struct collecting warnings = {b, list, true}, others = {b, list, false};
    struct folder_walk walk = {name_wanted, collect, tell_path, &warnings};
    for (size_t i = 0; i < o->config->intel.warning_lists_count; i++)
        folder_walk(&walk, o->config->intel.warning_lists[i]);
    walk.context = &others;
    for (size_t i = 0; i < o->config->intel.files_count; i++)
        folder_walk(&walk, o->config->intel.files[i]);
    for (size_t i = 0; i < o->paths_count; i++)
        folder_walk(&walk, o->paths[i]);
    for (size_t i = 0; i < list->count; i++)
        b->bytes_all += list->files[i].bytes;
}

static void tell_warned(
    struct intel_builder *b, const struct entry *entry, uint32_t list, bool known)
{
    char room[KEY_TEXT_BYTES];
    const struct store *store = &b->intel->store;
    uint32_t at = entry->statement, statement;
    if (!store_statements(store, &at, &statement))
        return;
    char source[INTEL_TEXT_BYTES + 1];
    struct bytes name =
        texts_of(&store->texts, store->sources[store_said(store, statement).source].name);
    snprintf(source, sizeof source, "%.*s", (int)name.len, (const char *)name.data);
    b->path = source;
    struct intel_trouble trouble = {.value = key_text(entry->kind, entry->key, room),
        .why = known ? TEXT_INTEL_WARNED_KNOWN : TEXT_INTEL_WARNED,
        .what = warnings_name(b->warnings, list)};
    intel_trouble(b, &trouble);
    b->report->warned++;
}

static bool apply_warnings(struct intel_builder *b)
{
    struct store *store = &b->intel->store;
    if (warnings_count(b->warnings) == 0)
        return true;
    if (!warnings_freeze(b->warnings))
        return false;
    for (uint32_t ref = store_next(store, STORE_NONE); ref != STORE_NONE;
         ref = store_next(store, ref)) {
        struct entry entry = store_entry(store, ref);
        uint32_t list = warnings_find(b->warnings, entry.kind, entry.key);
        if (list == STORE_NONE)
            continue;
        bool known = warnings_identifies(b->warnings, list);
        store_flag(store, ref, known ? ENTRY_KNOWN : ENTRY_WARNED);
        tell_warned(b, &entry, list, known);
    }
    return true;
}

// Whether all that is said of a value is silent today: why, as a counter of the report.
static uint64_t *silent_today(const struct intel_builder *b, const struct entry *entry)
{
    struct intel_report *report = b->report;
    const struct intel *intel = b->intel;
    uint32_t now = (uint32_t)(b->options->now_us / 1'000'000), at = entry->statement, number;
    uint64_t *why = NULL;
    if (entry->flags & ENTRY_OWN)
        return &report->own;
    while (!(entry->flags & ENTRY_WARNED) && store_statements(&intel->store, &at, &number)) {
        struct statement s = store_said(&intel->store, number);
        unsigned confidence =
            s.confidence == CONFIDENCE_UNSAID ? intel->default_confidence : s.confidence;
        if (s.silent || s.tlp > intel->max_tlp || confidence < intel->min_confidence)
            why = &report->low_confidence;
        else if (now && s.until_s && now >= s.until_s)
            why = &report->expired;
        else
            return NULL;
    }
    return why;
}

static void fill_report(struct intel_builder *b)
{
    struct intel_report *report = b->report;
    const struct store *store = &b->intel->store;
    memcpy(report->kinds, store->kinds, sizeof report->kinds);
    report->statements = store->count + store->links_len;
    report->bytes = store_bytes(store);
    for (uint32_t ref = store_next(store, STORE_NONE); ref != STORE_NONE;
         ref = store_next(store, ref)) {
        struct entry entry = store_entry(store, ref);
        uint64_t *why = silent_today(b, &entry);
        if (why)
            ++*why;
    }
    if (b->intel->patterns)
        report->patterns = b->intel->pattern_table->count(b->intel->patterns);
}

static bool load_all(struct intel_builder *b)
{
    struct wanted_list list = {.files = NULL};
    collect_all(b, &list);
    bool good = !list.no_memory;
    for (size_t i = 0; good && i < list.count; i++)
        good = read_wanted(b, &list.files[i]);
    b->path = "";
    builder_apply_ended(b);
    good = good && apply_warnings(b);
    wanted_finish(&list);
    warnings_destroy(b->warnings);
    builder_forget(b);
    good = good && store_freeze(&b->intel->store);
    if (good)
        fill_report(b);
    return good;
}

static struct intel *intel_create(const struct config *config)
{
    struct intel *intel = base_calloc(1, sizeof *intel);
    if (!intel)
        return NULL;
    if (!store_init(&intel->store)) {
        store_finish(&intel->store);
        base_free(intel);
        return NULL;
    }
    intel->config = config;
    intel->min_confidence = (uint8_t)config->intel.min_confidence;
    intel->default_confidence = (uint8_t)config->intel.default_confidence;
    intel->max_tlp = (uint8_t)(config->intel.max_tlp + INTEL_TLP_CLEAR);
    return intel;
}

struct intel *intel_load(const struct intel_options *options, struct intel_report *report)
{
    memset(report, 0, sizeof *report);
    struct intel_builder b = {.options = options, .report = report, .path = ""};
    b.intel = intel_create(options->config);
    b.warnings = b.intel ? warnings_create() : NULL;
    if (b.warnings && load_all(&b))
        return b.intel;
    report->no_memory = true;
    intel_destroy(b.intel);
    return NULL;
}

void intel_destroy(struct intel *intel)
{
    if (!intel)
        return;
    if (intel->patterns)
        intel->pattern_table->destroy(intel->patterns);
    store_finish(&intel->store);
    base_free(intel);
}

uint64_t intel_count(const struct intel *intel)
{
    return intel->store.count;
}
