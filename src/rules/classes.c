// SPDX-License-Identifier: Apache-2.0
// Classes and kinds of references: those everybody knows, and what classification.config and
// reference.config say.
#include "rules/parse.h"
#include <stdio.h>

enum { CONFIG_LINE_BYTES = 4096, CLASSES_MOST = 4096, CLASSES_BYTES = 1 << 20 };

static const struct {
    const char *name, *words;
    uint8_t priority;
} classes[] = {
#define CLASS(name, words, priority) {name, words, priority},
#include "rules/classes.def"
#undef CLASS
};

static const char *const references[][2] = {
    {"url", "http://"},
    {"cve", "http://cve.mitre.org/cgi-bin/cvename.cgi?name="},
    {"bugtraq", "http://www.securityfocus.com/bid/"},
    {"bid", "http://www.securityfocus.com/bid/"},
    {"nessus", "http://cgi.nessus.org/plugins/dump.php3?id="},
    {"md5", "http://www.threatexpert.com/report.aspx?md5="},
    {"exploitdb", "http://www.exploit-db.com/exploits/"},
    {"et", "http://doc.emergingthreats.net/"},
    {"osvdb", "http://osvdb.org/show/osvdb/"},
    {"secunia", "http://www.secunia.com/advisories/"},
    {"xforce", "http://xforce.iss.net/xforce/xfdb/"},
    {"msft", "http://technet.microsoft.com/security/bulletin/"},
};

static bool lower_name(struct bytes name, char out[64])
{
    if (name.len == 0 || name.len > 63)
        return false;
    for (size_t i = 0; i < name.len; i++)
        out[i] =
            (char)(name.data[i] >= 'A' && name.data[i] <= 'Z' ? name.data[i] | 0x20 : name.data[i]);
    return true;
}

static bool add_class(
    struct loader *loader, struct bytes name, struct bytes words, uint8_t priority)
{
    char lower[64];
    if (!lower_name(name, lower))
        return false;
    struct rule_class *class = map_add(&loader->classes, bytes_make(lower, name.len));
    struct arena *memory = &loader->memory->arena;
    if (!class)
        return false;
    *class = (struct rule_class){
        arena_copy(memory, bytes_make(lower, name.len)), arena_copy(memory, words), priority};
    return class->name.data != NULL;
}

static bool add_reference(struct loader *loader, struct bytes name, struct bytes prefix)
{
    char lower[64];
    if (!lower_name(name, lower))
        return false;
    struct bytes *kept = map_add(&loader->references, bytes_make(lower, name.len));
    if (kept)
        *kept = arena_copy(&loader->memory->arena, prefix);
    return kept && kept->data;
}

bool loader_classes(struct loader *loader)
{
    bool good = true;
    map_init(&loader->classes, sizeof(struct rule_class), CLASSES_MOST, CLASSES_BYTES);
    map_init(&loader->references, sizeof(struct bytes), CLASSES_MOST, CLASSES_BYTES);
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        good = good && add_class(loader, bytes_from_text(classes[i].name),
                           bytes_from_text(classes[i].words), classes[i].priority);
    for (size_t i = 0; i < sizeof references / sizeof *references; i++)
        good = good && add_reference(loader, bytes_from_text(references[i][0]),
                           bytes_from_text(references[i][1]));
    return good;
}

const struct rule_class *loader_class(const struct loader *loader, struct bytes name)
{
    char lower[64];
    return lower_name(name, lower) ? map_find(&loader->classes, bytes_make(lower, name.len)) : NULL;
}

struct bytes loader_reference(const struct loader *loader, struct bytes name)
{
    char lower[64];
    const struct bytes *prefix =
        lower_name(name, lower) ? map_find(&loader->references, bytes_make(lower, name.len)) : NULL;
    return prefix ? *prefix : (struct bytes){0};
}

static bool class_line(struct loader *loader, struct bytes text)
{
    struct bytes name, words, number;
    uint64_t priority;
    return text_next(&text, ',', &name) && text_next(&text, ',', &words) &&
           text_next(&text, ',', &number) && bytes_to_u64(number, &priority) && priority >= 1 &&
           priority <= UINT8_MAX && add_class(loader, name, words, (uint8_t)priority);
}

static bool reference_line(struct loader *loader, struct bytes text)
{
    struct bytes name;
    if (!text_next(&text, ' ', &name) || !text.data)
        return false;
    return add_reference(loader, name, text_trim(text));
}

static void tell(struct loader *loader, const char *path, uint32_t line, const char *what)
{
    struct rule_note note = {.trouble = RULE_WARNING, .file = path, .line = line, .what = what};
    loader->report->warnings++;
    if (loader->report->tell)
        loader->report->tell(loader->report->context, &note);
}

// Lines "config WORD: …". One that is wrong is told and passed over.
static void read_config(struct loader *loader, const char *path, struct bytes word,
    bool (*take)(struct loader *, struct bytes), const char *what)
{
    char line[CONFIG_LINE_BYTES];
    uint32_t number = 0;
    FILE *file = fopen(path, "re");
    while (file && fgets(line, sizeof line, file)) {
        struct bytes text = text_trim(bytes_from_text(line));
        number++;
        if (!text.len || text.data[0] == '#')
            continue;
        bool good = bytes_start_with(text, BYTES("config "));
        text = text_trim(bytes_from(text, good ? 7 : 0));
        good = good && bytes_start_with(text, word);
        if (!good || !take(loader, text_trim(bytes_from(text, word.len))))
            tell(loader, path, number, what);
    }
    if (file)
        fclose(file);
}

void loader_read_classes(struct loader *loader, const char *path)
{
    read_config(loader, path, BYTES("classification:"), class_line,
        "is no line config classification: NAME,WORDS,PRIORITY");
}

void loader_read_references(struct loader *loader, const char *path)
{
    read_config(loader, path, BYTES("reference:"), reference_line,
        "is no line config reference: NAME PREFIX");
}
