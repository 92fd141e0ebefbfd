// SPDX-License-Identifier: Apache-2.0
// Text of YARA rules: taken apart, tried, blanked, described. Includes lead nowhere.
#include "base/alloc.h"
#include "file/scan_rules.h"
#include "fuzz.h"
#include <stdlib.h>

enum { FUZZ_BYTES = 16 * 1024 };

static void tell(void *context, const struct file_rules_note *note)
{
    size_t *said = context;
    *said += strlen(note->what) + note->rule.len + note->line;
}

static struct yara_source *source_make(const uint8_t *data, size_t size)
{
    struct yara_source *source = base_calloc(1, sizeof *source);
    source->path = strcpy(base_malloc(8), "own.yar");
    source->real = strcpy(base_malloc(16), "/no/such/dir");
    source->base = strcpy(base_malloc(16), "/no/such/dir");
    source->text = base_malloc(size + 1);
    memcpy(source->text, data, size);
    source->text[size] = '\0';
    source->len = size;
    return source;
}

void fuzz_yara(const uint8_t *data, size_t size)
{
    static bool ready;
    size_t said = 0;
    struct file_rules_report report = {.tell = tell, .context = &said};
    if (size > FUZZ_BYTES || memchr(data, 0, size))
        return;
    if (!ready && yr_initialize() != ERROR_SUCCESS)
        abort();
    ready = true;
    struct yara_sources sources = {0};
    struct yara_source *source = source_make(data, size);
    sources.list = base_malloc(sizeof *sources.list);
    sources.list[0] = source;
    sources.count = sources.room = sources.roots = 1;
    if (yara_items_find(bytes_make(source->text, size), &source->items))
        (void)yara_probe(&sources, source, &report);
    yara_sources_destroy(&sources);
}
