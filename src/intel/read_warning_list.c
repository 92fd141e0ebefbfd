// SPDX-License-Identifier: Apache-2.0
// MISP's warning lists: {"name": "...", "type": "hostname", "matching_attributes": ["domain"],
// "list": ["..."]}. A list is taken whole or not at all. Read twice: the type may stand behind.
#include "intel/document.h"

struct warning_file {
    struct intel_builder *builder;
    bool second; // reading
    bool list, bad_type, full;
    enum warning_type type;
    const char *word;
    struct warning_list says;
    char name[INTEL_TEXT_BYTES];
    uint32_t number;
};

static bool likely(const struct intel_file *file)
{
    return bytes_find_byte(file->head, '{') < 8 && document_has(file, "\"list\"") &&
           !document_has(file, "\"Event\"") && !document_has(file, "\"spec_version\"");
}

static bool fail(struct intel_builder *b, enum text_id why, const char *what)
{
    return document_fail(b, 0, why, bytes_from_text(what),
        BYTES("name, type (string, hostname, substring, cidr, regex), list"));
}

static void take_type(struct warning_file *f, struct bytes word)
{
    static const char *const words[] = {[WARNING_STRING] = "string",
        [WARNING_HOSTNAME] = "hostname",
        [WARNING_SUBSTRING] = "substring",
        [WARNING_CIDR] = "cidr",
        [WARNING_REGEX] = "regex"};
    f->bad_type = true;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (!bytes_equal(word, bytes_from_text(words[i])))
            continue;
        f->type = (enum warning_type)i;
        f->word = words[i];
        f->bad_type = false;
    }
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

static uint64_t kinds_listed(const struct json_node *attributes)
{
    uint64_t kinds = 0;
    const struct json_node *attribute = attributes->kind == JSON_LIST ? attributes->first : NULL;
    if (!attribute)
        return UINT64_MAX; // it speaks of everything
    for (; attribute; attribute = attribute->next)
        kinds |= kinds_of(attribute->text);
    return kinds;
}

enum { MEMBERS = 1, VALUES };

static int begin(void *context, int mode, struct bytes name, char bracket)
{
    struct warning_file *f = context;
    if (mode == FEED_OUTERMOST)
        return bracket == '{' ? MEMBERS : FEED_SKIP;
    if (mode != MEMBERS || !bytes_equal(name, BYTES("list")) || bracket != '[')
        return FEED_COLLECT;
    f->list = true;
    return f->second ? VALUES : FEED_SKIP;
}

// What it says of itself.
static void see_member(struct warning_file *f, const struct json_node *member)
{
    if (bytes_equal(member->name, BYTES("name")) && member->text.len) {
        struct bytes name = bytes_sub(member->text, 0, sizeof f->name);
        memcpy(f->name, name.data, name.len);
        f->says.name = bytes_make(f->name, name.len);
    } else if (bytes_equal(member->name, BYTES("type"))) {
        take_type(f, member->text);
    } else if (bytes_equal(member->name, BYTES("category"))) {
        f->says.identifies = bytes_equal(member->text, BYTES("known_identifier"));
    } else if (bytes_equal(member->name, BYTES("matching_attributes"))) {
        f->says.kinds = kinds_listed(member);
    }
}

static void take_value(struct warning_file *f, const struct json_node *value)
{
    struct intel_builder *b = f->builder;
    enum warning_added added = warnings_add(b->warnings, f->number, f->type, value->text);
    b->file->added += added == WARNING_ADDED;
    f->full |= added == WARNING_FULL;
    if (added != WARNING_REFUSED)
        return;
    b->file->refused++;
    struct intel_trouble trouble = {.line = value->line,
        .value = value->text,
        .why = TEXT_INTEL_WARNING_VALUE,
        .what = bytes_from_text(f->word)};
    intel_trouble(b, &trouble);
}

static bool take(void *context, int mode, const struct json_node *value)
{
    struct warning_file *f = context;
    if (mode == VALUES)
        take_value(f, value);
    else if (mode == MEMBERS && !f->second)
        see_member(f, value);
    return !f->full;
}

static const struct feed_reader reader = {.begin = begin, .value = take};

static bool read_values(struct warning_file *f, const struct intel_file *file)
{
    f->second = true;
    f->number = warnings_begin(f->builder->warnings, &f->says);
    f->full = f->number == STORE_NONE;
    if (!f->full && document_read(f->builder, file, &reader, f))
        return true;
    if (f->number != STORE_NONE)
        warnings_drop(f->builder->warnings, f->number);
    return f->full && fail(f->builder, TEXT_INTEL_NO_MEMORY, "");
}

static bool read_list(struct intel_builder *b, const struct intel_file *file)
{
    struct warning_file f = {.builder = b,
        .type = WARNING_STRING,
        .word = "string",
        .says = {.name = file->base, .kinds = UINT64_MAX}};
    if (!document_read(b, file, &reader, &f))
        return false;
    if (!f.list || f.bad_type)
        return fail(b, TEXT_INTEL_WARNING_SHAPE, f.list ? "type" : "list");
    return read_values(&f, file);
}

const struct intel_format intel_format_warning_list = {"warning-list", likely, read_list};
