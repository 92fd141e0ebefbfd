// SPDX-License-Identifier: Apache-2.0
// MISP's warning lists: {"name": "...", "type": "hostname", "matching_attributes": ["domain"],
// "list": ["..."]}. A list is taken whole or not at all.
#include "intel/internal.h"
#include <jansson.h>
#include <stdio.h>

static bool likely(const struct intel_file *file)
{
    return bytes_find_byte(file->head, '{') < 8 &&
           bytes_find(file->head, BYTES("\"list\"")) != BYTES_NOT_FOUND &&
           bytes_find(file->head, BYTES("\"Event\"")) == BYTES_NOT_FOUND &&
           bytes_find(file->head, BYTES("\"spec_version\"")) == BYTES_NOT_FOUND;
}

static bool fail(struct intel_builder *b, enum text_id why, uint64_t line, const char *what)
{
    struct intel_trouble trouble = {.line = line,
        .why = why,
        .what = bytes_from_text(what),
        .allowed = BYTES("name, type (string, hostname, substring, cidr, regex), list"),
        .whole_file = true};
    intel_trouble(b, &trouble);
    return false;
}

static bool type_of(const char *word, enum warning_type *out)
{
    static const char *const words[] = {[WARNING_STRING] = "string",
        [WARNING_HOSTNAME] = "hostname",
        [WARNING_SUBSTRING] = "substring",
        [WARNING_CIDR] = "cidr",
        [WARNING_REGEX] = "regex"};
    for (size_t i = 0; word && i < sizeof words / sizeof *words; i++) {
        if (strcmp(word, words[i]) == 0) {
            *out = (enum warning_type)i;
            return true;
        }
    }
    return false;
}

// Kinds that are written in more ways than one, together.
static uint64_t kinds_like(enum intel_kind kind)
{
    static const uint64_t groups[] = {
        1U << INTEL_ADDRESS | 1U << INTEL_RANGE | 1U << INTEL_ADDRESS_PORT,
        1U << INTEL_DOMAIN | 1U << INTEL_HOST,
        1U << INTEL_MAIL | 1U << INTEL_MAIL_FROM | 1U << INTEL_MAIL_TO | 1U << INTEL_MAIL_REPLY_TO,
        1U << INTEL_MD5 | 1U << INTEL_CERT_MD5,
        1U << INTEL_SHA1 | 1U << INTEL_CERT_SHA1,
        1U << INTEL_SHA256 | 1U << INTEL_CERT_SHA256,
    };
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
        if (groups[i] >> kind & 1)
            return groups[i];
    }
    return kind < INTEL_UNSEEN ? 1ULL << kind : 0;
}

// "domain|ip", "filename|md5": each half by itself, the file's name not.
static uint64_t kinds_of(struct bytes word)
{
    uint64_t kinds = 0;
    while (word.len > 0) {
        size_t bar = bytes_find_byte(word, '|');
        enum intel_kind kind = intel_word_kind(bytes_sub(word, 0, bar));
        if (kind != INTEL_KINDS && (kind != INTEL_FILE_NAME || bar == BYTES_NOT_FOUND))
            kinds |= kinds_like(kind);
        word = bytes_from(word, bar == BYTES_NOT_FOUND ? word.len : bar + 1);
    }
    return kinds;
}

static uint64_t kinds_listed(const json_t *attributes)
{
    uint64_t kinds = 0;
    size_t i;
    json_t *attribute;
    if (json_array_size(attributes) == 0)
        return UINT64_MAX; // it speaks of everything
    json_array_foreach(attributes, i, attribute)
    {
        kinds |= kinds_of(bytes_from_text(json_string_value(attribute)));
    }
    return kinds;
}

static struct bytes value_of(const json_t *value)
{
    return bytes_make(json_string_value(value), json_string_length(value));
}

static bool take_values(struct intel_builder *b, const json_t *values, uint32_t list,
    enum warning_type type, const char *word)
{
    size_t i;
    json_t *value;
    json_array_foreach(values, i, value)
    {
        enum warning_added added = warnings_add(b->warnings, list, type, value_of(value));
        b->file->added += added == WARNING_ADDED;
        if (added == WARNING_FULL)
            return fail(b, TEXT_INTEL_NO_MEMORY, 0, "");
        if (added == WARNING_ADDED)
            continue;
        b->file->refused++;
        struct intel_trouble trouble = {.value = value_of(value),
            .why = TEXT_INTEL_WARNING_VALUE,
            .what = bytes_from_text(word)};
        intel_trouble(b, &trouble);
    }
    return true;
}

static bool take(struct intel_builder *b, const json_t *root, const struct intel_file *file)
{
    enum warning_type type;
    const json_t *values = json_object_get(root, "list");
    const char *word = json_string_value(json_object_get(root, "type"));
    const char *name = json_string_value(json_object_get(root, "name"));
    const char *category = json_string_value(json_object_get(root, "category"));
    if (!json_is_array(values))
        return fail(b, TEXT_INTEL_WARNING_SHAPE, 0, "list");
    if (!type_of(word ? word : "string", &type))
        return fail(b, TEXT_INTEL_WARNING_SHAPE, 0, "type");
    struct warning_list list = {.name = name ? bytes_from_text(name) : file->base,
        .identifies = category && strcmp(category, "known_identifier") == 0,
        .kinds = kinds_listed(json_object_get(root, "matching_attributes"))};
    uint32_t number = warnings_begin(b->warnings, &list);
    if (number == STORE_NONE)
        return fail(b, TEXT_INTEL_NO_MEMORY, 0, "");
    if (take_values(b, values, number, type, word))
        return true;
    warnings_drop(b->warnings, number);
    return false;
}

static bool read_list(struct intel_builder *b, const struct intel_file *file)
{
    struct bytes content;
    json_error_t error;
    if (!intel_file_whole(b, file, &content))
        return false;
    json_t *root =
        json_loadb((const char *)content.data, content.len, JSON_REJECT_DUPLICATES, &error);
    intel_file_release(content);
    if (!root)
        return fail(b, TEXT_INTEL_NOT_JSON, error.line > 0 ? (uint64_t)error.line : 0, error.text);
    bool read = take(b, root, file);
    json_decref(root);
    return read;
}

const struct intel_format intel_format_warning_list = {"warning-list", likely, read_list};
