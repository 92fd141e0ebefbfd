// SPDX-License-Identifier: Apache-2.0
// Reads a configuration file by the table generated from schema/config.yaml, event by event: there
// is no tree of the file in memory, and nothing of it is kept that the table does not name. The
// first thing that is wrong ends the reading with one line of text. Anchors and aliases are refused
// (they make small files huge), as is a file over CONFIG_FILE_BYTES. Depth is that of the table.
#include "base/alloc.h"
#include "schema/config_key.h"
#include "schema/reason.h"
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <yaml.h>

enum {
    CONFIG_FILE_BYTES = 1 << 20,
    PATH_BYTES = 256,
    SHOWN_BYTES = 60,
    WHERE_BYTES = 4200,
    ALLOWED_BYTES = 2048
};

struct config_block {
    struct config_block *next;
    max_align_t data[];
};

// The name of a segment somewhere in the file: the segments may stand below it.
struct named {
    struct named *next;
    const char *value;
    size_t line;
    char key[PATH_BYTES + 1];
};

struct loader {
    yaml_parser_t parser;
    yaml_event_t event; // the one being looked at
    bool has_event;
    const char *file;
    struct bytes content;
    struct config *out;
    char key[PATH_BYTES]; // dotted, of what is being read
    size_t key_len;
    struct named *segments; // named by other keys, the last one first
    enum lang lang;
    char *error;
    size_t error_size;
};

// What one refusal says beside where and which key.
struct refusal {
    enum text_id id;
    size_t line; // 1 and up
    struct bytes value;
    const char *allowed, *reason, *near;
};

// A value as it may be shown within one line: no control characters, not too long.
static struct bytes shown(struct bytes value, char out[SHOWN_BYTES + 3])
{
    size_t len = value.len < SHOWN_BYTES ? value.len : SHOWN_BYTES;
    while (len < value.len && len > 0 && (value.data[len] & 0xc0) == 0x80)
        len--; // not within a UTF-8 character
    for (size_t i = 0; i < len; i++)
        out[i] = value.data[i] < 0x20 || value.data[i] == 0x7f ? '?' : (char)value.data[i];
    if (len == value.len)
        return bytes_make(out, len);
    memcpy(&out[len], "...", 3);
    return bytes_make(out, len + 3);
}

static bool refuse(struct loader *l, struct refusal why)
{
    char where[WHERE_BYTES], value[SHOWN_BYTES + 3];
    (void)snprintf(where, sizeof where, "%s:%zu", l->file, why.line);
    const struct text_arg args[] = {
        {"where", bytes_from_text(where)},
        {"file", bytes_from_text(l->file)},
        {"key", l->key_len ? bytes_make(l->key, l->key_len)
                           : bytes_from_text(text(TEXT_CONFIG_WHOLE_FILE, l->lang))},
        {"value", shown(why.value, value)},
        {"allowed", bytes_from_text(why.allowed)},
        {"reason", bytes_from_text(why.reason)},
        {"near", bytes_from_text(why.near)},
    };
    size_t len =
        text_format(l->error, l->error_size, why.id, l->lang, args, sizeof args / sizeof *args);
    for (size_t i = 0; i < len; i++) { // a file's name or a key may hold anything
        if ((unsigned char)l->error[i] < 0x20)
            l->error[i] = '?';
    }
    return false;
}

static size_t line_here(const struct loader *l)
{
    return l->event.start_mark.line + 1;
}

static bool refuse_memory(struct loader *l)
{
    return refuse(l, (struct refusal){.id = TEXT_CONFIG_NO_MEMORY, .line = line_here(l)});
}

// Something that is not of the shape the key wants.
static bool refuse_shape(struct loader *l, const struct config_key *key, enum config_type type)
{
    char allowed[ALLOWED_BYTES];
    config_allowed_write(key, type, l->lang, allowed, sizeof allowed);
    enum text_id shape = l->event.type == YAML_SEQUENCE_START_EVENT  ? TEXT_CONFIG_SHAPE_LIST
                         : l->event.type == YAML_MAPPING_START_EVENT ? TEXT_CONFIG_SHAPE_SECTION
                                                                     : TEXT_CONFIG_SHAPE_VALUE;
    return refuse(l, (struct refusal){.id = TEXT_CONFIG_WRONG_SHAPE,
                         .line = line_here(l),
                         .value = bytes_from_text(text(shape, l->lang)),
                         .allowed = allowed});
}

static bool refuse_value(
    struct loader *l, const struct config_key *key, enum config_type type, struct bytes value)
{
    char allowed[ALLOWED_BYTES];
    config_allowed_write(key, type, l->lang, allowed, sizeof allowed);
    return refuse(l, (struct refusal){.id = TEXT_CONFIG_WRONG_VALUE,
                         .line = line_here(l),
                         .value = value,
                         .allowed = allowed});
}

// Lines are not counted yet when bytes are refused that YAML cannot hold: count up to them.
static size_t line_of_offset(struct bytes content, size_t offset)
{
    size_t line = 1;
    for (size_t i = 0; i < content.len && i < offset; i++)
        line += content.data[i] == '\n';
    return line;
}

static bool refuse_yaml(struct loader *l)
{
    const yaml_parser_t *p = &l->parser;
    if (p->error == YAML_MEMORY_ERROR)
        return refuse(l, (struct refusal){.id = TEXT_CONFIG_NO_MEMORY, .line = p->mark.line + 1});
    bool unreadable = p->error == YAML_READER_ERROR;
    size_t line =
        unreadable ? line_of_offset(l->content, p->problem_offset) : p->problem_mark.line + 1;
    const char *reason = reason_of_yaml(p->problem, l->lang);
    return refuse(l, (struct refusal){.id = TEXT_CONFIG_NOT_YAML, .line = line, .reason = reason});
}

static bool has_anchor_or_tag(const yaml_event_t *e)
{
    switch (e->type) {
    case YAML_ALIAS_EVENT: return true;
    case YAML_SCALAR_EVENT: return e->data.scalar.anchor || e->data.scalar.tag;
    case YAML_SEQUENCE_START_EVENT:
        return e->data.sequence_start.anchor || e->data.sequence_start.tag;
    case YAML_MAPPING_START_EVENT: return e->data.mapping_start.anchor || e->data.mapping_start.tag;
    default: return false;
    }
}

[[nodiscard]] static bool next(struct loader *l)
{
    if (l->has_event)
        yaml_event_delete(&l->event);
    l->has_event = yaml_parser_parse(&l->parser, &l->event);
    if (!l->has_event)
        return refuse_yaml(l);
    if (!has_anchor_or_tag(&l->event))
        return true;
    return refuse(l, (struct refusal){.id = TEXT_CONFIG_ALIAS,
                         .line = line_here(l),
                         .allowed = text(TEXT_CONFIG_ALLOWED_PLAIN, l->lang)});
}

static struct bytes scalar(const struct loader *l)
{
    return bytes_make(l->event.data.scalar.value, l->event.data.scalar.length);
}

// "key:" with nothing after it.
static bool is_nothing(const struct loader *l)
{
    return l->event.type == YAML_SCALAR_EVENT && l->event.data.scalar.length == 0 &&
           l->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

// Memory that lives as long as the configuration.
static void *keep(struct loader *l, size_t size)
{
    struct config_block *block = base_calloc(1, sizeof *block + size);
    if (!block)
        return NULL;
    block->next = l->out->memory;
    l->out->memory = block;
    return block->data;
}

static void *member(void *owner, size_t offset)
{
    return &((unsigned char *)owner)[offset];
}

static void path_add(struct loader *l, struct bytes piece)
{
    struct bytes fits = bytes_sub(piece, 0, PATH_BYTES - l->key_len);
    if (fits.len > 0)
        memcpy(&l->key[l->key_len], fits.data, fits.len);
    l->key_len += fits.len;
}

// flow → flow.memory
static void path_add_key(struct loader *l, struct bytes name)
{
    char piece[SHOWN_BYTES + 3];
    if (l->key_len > 0)
        path_add(l, BYTES("."));
    path_add(l, shown(name, piece));
}

// segments → segments[2]
static void path_add_index(struct loader *l, size_t index)
{
    char piece[32];
    (void)snprintf(piece, sizeof piece, "[%zu]", index);
    path_add(l, bytes_from_text(piece));
}

[[nodiscard]] static bool name_segment(struct loader *l, const char *value)
{
    struct named *named = keep(l, sizeof *named);
    if (!named)
        return refuse_memory(l);
    *named = (struct named){.next = l->segments, .value = value, .line = line_here(l)};
    memcpy(named->key, l->key, l->key_len); // the rest is zero
    l->segments = named;
    return true;
}

[[nodiscard]] static bool read_text(struct loader *l, const struct config_key *key, void *out)
{
    struct bytes value = scalar(l);
    // An element of a list has no limits of its own: key->max counts elements there.
    bool fits = key->type == CONFIG_LIST || (value.len >= key->min && value.len <= key->max);
    for (size_t i = 0; fits && i < value.len; i++)
        fits = value.data[i] >= 0x20 && value.data[i] != 0x7f;
    if (!fits)
        return refuse_value(l, key, CONFIG_TEXT, value);
    char *copy = keep(l, value.len + 1);
    if (!copy)
        return refuse_memory(l);
    memcpy(copy, value.data, value.len); // keep() gives zeros: the terminator stands
    memcpy(out, &copy, sizeof copy);
    return !key->segment || name_segment(l, copy);
}

[[nodiscard]] static bool read_section(
    struct loader *l, const struct config_key *section, void *owner);
[[nodiscard]] static bool read_list(struct loader *l, const struct config_key *key, void *owner);

// What stands at a key, or one element of a list; `out` is its member or its place in the array.
[[nodiscard]] static bool read_value(
    struct loader *l, const struct config_key *key, enum config_type type, void *out)
{
    if (type == CONFIG_SECTION)
        return l->event.type == YAML_MAPPING_START_EVENT ? read_section(l, key, out)
                                                         : refuse_shape(l, key, type);
    if (l->event.type != YAML_SCALAR_EVENT)
        return refuse_shape(l, key, type);
    if (type == CONFIG_TEXT)
        return read_text(l, key, out);
    return config_value_read(key, type, scalar(l), out) || refuse_value(l, key, type, scalar(l));
}

// Room for one more element; the array doubles, and what it leaves behind is freed with the rest.
static void *array_grow(struct loader *l, void *array, size_t count, size_t element_bytes)
{
    if (count > 0 && (count & (count - 1)) != 0)
        return array; // room is a power of two
    void *larger = keep(l, (count > 0 ? 2 * count : 1) * element_bytes);
    if (larger && count > 0)
        memcpy(larger, array, count * element_bytes);
    return larger;
}

static bool refuse_count(struct loader *l, const struct config_key *key, size_t count)
{
    char allowed[256], value[32];
    config_allowed_write(key, CONFIG_LIST, l->lang, allowed, sizeof allowed);
    int len = snprintf(value, sizeof value, "%s%zu", count > key->max ? ">" : "",
        count > key->max ? (size_t)key->max : count);
    return refuse(l, (struct refusal){.id = TEXT_CONFIG_WRONG_COUNT,
                         .line = line_here(l),
                         .value = bytes_make(value, (size_t)len),
                         .allowed = allowed});
}

// In elements of a list: may the texts of this key's fields that are `unique` stand there?
[[nodiscard]] static bool check_unique(
    struct loader *l, const struct config_key *list, void *array, size_t last)
{
    for (size_t k = 0; k < list->keys_count; k++) {
        const struct config_key *key = &list->keys[k];
        if (!key->unique)
            continue;
        const char *mine, *other;
        memcpy(&mine, member(array, last * list->element_bytes + key->offset), sizeof mine);
        for (size_t i = 0; i < last; i++) {
            memcpy(&other, member(array, i * list->element_bytes + key->offset), sizeof other);
            if (strcmp(mine, other) != 0)
                continue;
            path_add_key(l, bytes_from_text(key->name));
            return refuse(l, (struct refusal){.id = TEXT_CONFIG_VALUE_TWICE,
                                 .line = line_here(l),
                                 .value = bytes_from_text(mine)});
        }
    }
    return true;
}

static bool read_list(struct loader *l, const struct config_key *key, void *owner)
{
    if (l->event.type != YAML_SEQUENCE_START_EVENT)
        return refuse_shape(l, key, CONFIG_LIST);
    void *array = NULL;
    size_t count = 0, path = l->key_len;
    for (;;) {
        if (!next(l))
            return false;
        if (l->event.type == YAML_SEQUENCE_END_EVENT)
            break;
        if (count == key->max)
            return refuse_count(l, key, count + 1);
        array = array_grow(l, array, count, key->element_bytes);
        if (!array)
            return refuse_memory(l);
        path_add_index(l, count);
        if (!read_value(l, key, key->of, member(array, count * key->element_bytes)) ||
            !check_unique(l, key, array, count))
            return false;
        l->key_len = path;
        count++;
    }
    if (count < key->min)
        return refuse_count(l, key, count);
    memcpy(member(owner, key->offset), &array, sizeof array);
    memcpy(member(owner, key->count_offset), &count, sizeof count);
    return true;
}

static bool refuse_key(struct loader *l, const struct config_key *section, struct bytes name)
{
    char allowed[ALLOWED_BYTES];
    config_allowed_write(section, CONFIG_SECTION, l->lang, allowed, sizeof allowed);
    const char *near = config_key_near(section, name);
    enum text_id id = near ? TEXT_CONFIG_UNKNOWN_KEY_NEAR : TEXT_CONFIG_UNKNOWN_KEY;
    return refuse(
        l, (struct refusal){.id = id, .line = line_here(l), .allowed = allowed, .near = near});
}

// Index of a key; keys_count when there is none of that name.
static size_t key_find(const struct config_key *section, struct bytes name)
{
    size_t i = 0;
    while (i < section->keys_count && !bytes_equal(bytes_from_text(section->keys[i].name), name))
        i++;
    return i;
}

// One key with its value. The offsets of a section's keys count from the struct the section is
// in, so that `owner` is the same for both; only a list's elements are owners of their own.
[[nodiscard]] static bool read_key(
    struct loader *l, const struct config_key *section, uint64_t *seen, void *owner)
{
    if (l->event.type != YAML_SCALAR_EVENT)
        return refuse_shape(l, section, CONFIG_SECTION);
    size_t i = key_find(section, scalar(l)), path = l->key_len;
    path_add_key(l, scalar(l));
    if (i == section->keys_count)
        return refuse_key(l, section, scalar(l));
    const struct config_key *key = &section->keys[i];
    if (*seen & UINT64_C(1) << i)
        return refuse(l, (struct refusal){.id = TEXT_CONFIG_KEY_TWICE, .line = line_here(l)});
    *seen |= UINT64_C(1) << i;
    if (!next(l))
        return false;
    bool ok = true;
    if (key->type == CONFIG_LIST)
        ok = read_list(l, key, owner);
    else if (key->type != CONFIG_SECTION)
        ok = read_value(l, key, key->type, member(owner, key->offset));
    else if (!is_nothing(l)) // all its keys may be commented out
        ok = read_value(l, key, CONFIG_SECTION, owner);
    l->key_len = path;
    return ok;
}

// Of the keys marked one_of, when there are any, one must have been seen.
[[nodiscard]] static bool require_one(
    struct loader *l, const struct config_key *section, uint64_t seen)
{
    char names[ALLOWED_BYTES] = "";
    size_t len = 0;
    for (size_t i = 0; i < section->keys_count && len < sizeof names; i++) {
        if (!section->keys[i].one_of)
            continue;
        if (seen & UINT64_C(1) << i)
            return true;
        int more = snprintf(
            &names[len], sizeof names - len, "%s%s", len ? ", " : "", section->keys[i].name);
        len += more > 0 ? (size_t)more : 0;
    }
    return len == 0 ||
           refuse(l, (struct refusal){
                         .id = TEXT_CONFIG_ONE_MISSING, .line = line_here(l), .allowed = names});
}

static bool require_keys(struct loader *l, const struct config_key *section, uint64_t seen)
{
    for (size_t i = 0; i < section->keys_count; i++) {
        const struct config_key *key = &section->keys[i];
        if (!key->required || (seen & UINT64_C(1) << i))
            continue;
        char allowed[ALLOWED_BYTES];
        config_allowed_write(key, key->type, l->lang, allowed, sizeof allowed);
        path_add_key(l, bytes_from_text(key->name));
        return refuse(
            l, (struct refusal){
                   .id = TEXT_CONFIG_KEY_MISSING, .line = line_here(l), .allowed = allowed});
    }
    return require_one(l, section, seen);
}

static bool read_section(struct loader *l, const struct config_key *section, void *owner)
{
    assert(section->keys_count <= 64);
    uint64_t seen = 0;
    for (;;) {
        if (!next(l))
            return false;
        if (l->event.type == YAML_MAPPING_END_EVENT)
            return require_keys(l, section, seen);
        if (!read_key(l, section, &seen, owner))
            return false;
    }
}

static bool is_segment(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->segments_count; i++)
        if (strcmp(config->segments[i].name, name) == 0)
            return true;
    return strcmp(name, "outside") == 0;
}

// The file is read: are there segments of all the names used?
[[nodiscard]] static bool check_segments(struct loader *l)
{
    for (const struct named *named = l->segments; named; named = named->next) {
        if (is_segment(l->out, named->value))
            continue;
        l->key_len = strlen(named->key);
        memcpy(l->key, named->key, l->key_len);
        return refuse(l, (struct refusal){.id = TEXT_CONFIG_NO_SEGMENT,
                             .line = named->line,
                             .value = bytes_from_text(named->value)});
    }
    return true;
}

[[nodiscard]] static bool read_document(struct loader *l)
{
    if (!next(l) || !next(l)) // the stream starts, the document starts
        return false;
    if (l->event.type == YAML_STREAM_END_EVENT)
        return true; // nothing but comments
    if (!next(l))
        return false;
    if (!is_nothing(l) && !read_value(l, &config_root, CONFIG_SECTION, l->out))
        return false;
    if (!next(l) || !next(l)) // the document ends, the stream ends
        return false;
    if (l->event.type == YAML_STREAM_END_EVENT)
        return check_segments(l);
    return refuse(l, (struct refusal){.id = TEXT_CONFIG_SECOND_DOCUMENT, .line = line_here(l)});
}

[[nodiscard]] static bool parse(struct loader *l)
{
    if (!yaml_parser_initialize(&l->parser))
        return refuse_memory(l);
    if (bytes_start_with(l->content, BYTES("\xef\xbb\xbf"))) // as Windows editors begin a file
        l->content = bytes_from(l->content, 3);
    yaml_parser_set_encoding(&l->parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&l->parser, l->content.data, l->content.len);
    bool ok = read_document(l);
    if (l->has_event)
        yaml_event_delete(&l->event);
    yaml_parser_delete(&l->parser);
    return ok;
}

// Reads at most one byte more than is allowed, so that a device or a pipe ends as well.
[[nodiscard]] static bool read_file(struct loader *l, uint8_t *room)
{
    FILE *file = fopen(l->file, "rb");
    size_t len = file ? fread(room, 1, CONFIG_FILE_BYTES + 1, file) : 0;
    int error = !file ? errno : ferror(file) ? errno : 0;
    if (file)
        (void)fclose(file);
    if (error)
        return refuse(l, (struct refusal){.id = TEXT_CONFIG_CANNOT_READ,
                             .reason = reason_of_errno(error, l->lang)});
    l->content = bytes_make(room, len);
    if (len <= CONFIG_FILE_BYTES)
        return true;
    char allowed[32];
    (void)snprintf(allowed, sizeof allowed, "%d", CONFIG_FILE_BYTES);
    return refuse(l, (struct refusal){.id = TEXT_CONFIG_TOO_LARGE, .allowed = allowed});
}

static bool end(struct config *out, bool ok)
{
    if (!ok)
        config_finish(out);
    return ok;
}

bool config_read(struct config *out, const char *name, struct bytes content, enum lang lang,
    char *error, size_t error_size)
{
    *out = config_defaults;
    struct loader l = {.file = name,
        .content = content,
        .out = out,
        .lang = lang,
        .error = error,
        .error_size = error_size};
    return end(out, parse(&l));
}

bool config_load(
    struct config *out, const char *path, enum lang lang, char *error, size_t error_size)
{
    *out = config_defaults;
    struct loader l = {
        .file = path, .out = out, .lang = lang, .error = error, .error_size = error_size};
    uint8_t *room = base_malloc(CONFIG_FILE_BYTES + 1);
    bool ok = room ? read_file(&l, room) && parse(&l) : refuse_memory(&l);
    base_free(room);
    return end(out, ok);
}

void config_finish(struct config *config)
{
    while (config->memory) {
        struct config_block *block = config->memory;
        config->memory = block->next;
        base_free(block);
    }
    *config = config_defaults;
}
