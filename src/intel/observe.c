// SPDX-License-Identifier: Apache-2.0
// From object paths to fields of records: names become offsets by the tables of schema/shape.h.
#include "intel/observe.h"
#include "intel/observe_value.h"

static const struct {
    const char *path;
    enum observable_how how;
    const char *fields;
} table[] = {
#define SEEN(path, how, fields) {path, HOW_##how, fields},
#include "intel/observable.def"
#undef SEEN
};

enum { OBSERVABLES = sizeof table / sizeof *table, PATH_TEXT_BYTES = 256 };

static const struct shape_field *key_of(const struct shape *shape, struct bytes key)
{
    for (size_t i = 0; shape && i < shape->count; i++)
        if (bytes_equal(bytes_from_text(shape->fields[i].key), key))
            return &shape->fields[i];
    return NULL;
}

static size_t size_of_kind(const struct shape_field *f)
{
    switch (f->of) {
    case SHAPE_OBJECT: return f->inside->size;
    case SHAPE_TEXT:
    case SHAPE_HEX:
    case SHAPE_MAC: return sizeof(struct bytes);
    case SHAPE_ADDR: return sizeof(struct addr);
    case SHAPE_U16: return sizeof(uint16_t);
    case SHAPE_U32: return sizeof(uint32_t);
    default: return 0; // not among those asked for
    }
}

static struct field_step step_of(const struct shape_field *f)
{
    struct field_step step = {f->offset, f->present, SHAPE_NONE, 0, f->kind};
    if (f->kind == SHAPE_LIST) {
        step.count = f->count;
        step.kind = f->of;
        step.size = (uint16_t)size_of_kind(f);
    }
    return step;
}

static bool resolve_in(const struct shape *shape, struct bytes keys, struct field *field)
{
    while (keys.len) {
        size_t dot = bytes_find_byte(keys, '.');
        const struct shape_field *f = key_of(shape, bytes_sub(keys, 0, dot));
        if (!f || field->steps_count == FIELD_STEPS)
            return false;
        field->steps[field->steps_count++] = step_of(f);
        shape = f->inside;
        keys = dot == BYTES_NOT_FOUND ? BYTES("") : bytes_from(keys, dot + 1);
    }
    return field->steps_count > 0;
}

static enum record_type type_named(struct bytes name)
{
    for (int i = RECORD_NONE + 1; i < RECORD_TYPES; i++)
        if (bytes_equal(bytes_from_text(record_type_name((enum record_type)i)), name))
            return (enum record_type)i;
    return RECORD_NONE;
}

// "tls.sni", "@src_ip"
static bool resolve(struct bytes text, struct field *field)
{
    size_t dot = bytes_find_byte(text, '.');
    *field = (struct field){.name = text};
    if (bytes_at(text, 0) == '@') {
        field->name = bytes_from(text, 1);
        return resolve_in(&shape_head, field->name, field);
    }
    field->type = type_named(bytes_sub(text, 0, dot));
    return field->type != RECORD_NONE &&
           resolve_in(shape_of_record[field->type], bytes_from(text, dot + 1), field);
}

static void resolve_all(struct observable *o, struct bytes fields)
{
    while (fields.len && o->fields_count < OBSERVABLE_FIELDS) {
        size_t space = bytes_find_byte(fields, ' ');
        struct bytes one = bytes_sub(fields, 0, space);
        fields = space == BYTES_NOT_FOUND ? BYTES("") : bytes_from(fields, space + 1);
        if (resolve(one, &o->fields[o->fields_count]))
            o->fields_count++;
    }
}

struct observables observables_make(struct arena *arena)
{
    struct observable *list = arena_zalloc(arena, OBSERVABLES * sizeof *list);
    for (size_t i = 0; list && i < OBSERVABLES; i++) {
        list[i].path = table[i].path;
        list[i].how = table[i].how;
        resolve_all(&list[i], bytes_from_text(table[i].fields));
    }
    return (struct observables){list, list ? OBSERVABLES : 0};
}

// ---- From a pattern's path to a line of the table

struct path_text {
    char text[PATH_TEXT_BYTES];
    size_t len;
    bool cut;
};

static void put(struct path_text *out, struct bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        if (out->len == sizeof out->text) {
            out->cut = true;
            return;
        }
        out->text[out->len++] = (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
    }
}

// Names of hashes come with and without hyphens: 'SHA-256', SHA256, sha_256.
static void put_hash(struct path_text *out, struct bytes name)
{
    for (size_t i = 0; i < name.len; i++)
        if (name.data[i] != '-' && name.data[i] != '_')
            put(out, bytes_sub(name, i, 1));
}

static void path_text(const struct pattern_path *path, struct path_text *out, int32_t *index)
{
    bool hash = false;
    put(out, path->type);
    for (size_t i = 0; i < path->count; i++) {
        const struct path_step *step = &path->steps[i];
        if (!step->key.data) {
            *index = step->index;
            continue;
        }
        put(out, i ? BYTES(".") : BYTES(":"));
        if (hash)
            put_hash(out, step->key);
        else
            put(out, step->key);
        hash = bytes_equal_nocase(step->key, BYTES("hashes"));
    }
}

static const struct observable *find_text(const struct observables *all, struct bytes path)
{
    for (size_t i = 0; i < all->count; i++)
        if (bytes_equal(bytes_from_text(all->list[i].path), path))
            return all->list[i].fields_count ? &all->list[i] : NULL;
    return NULL;
}

static bool ends_in(struct bytes text, struct bytes end)
{
    return text.len >= end.len && bytes_equal(bytes_from(text, text.len - end.len), end);
}

// Fingerprints have no place in STIX 2.1: whoever writes them invents one, but its end tells.
static const struct observable *find_custom(const struct observables *all, struct bytes path)
{
    static const struct {
        const char *end, *path;
    } ends[] = {{"ja3s", "x:ja3s"}, {"ja3s_hash", "x:ja3s"}, {"ja3s-hash", "x:ja3s"},
        {"ja3s:value", "x:ja3s"}, {"ja3", "x:ja3"}, {"ja3_hash", "x:ja3"}, {"ja3-hash", "x:ja3"},
        {"ja3:value", "x:ja3"}, {"ja3:hash", "x:ja3"}, {"ja3s:hash", "x:ja3s"},
        {"ja3_fingerprint", "x:ja3"}, {"ja3-fingerprint:value", "x:ja3"}, {"ja4", "x:ja4"},
        {"ja4:value", "x:ja4"}, {"ja4_fingerprint", "x:ja4"}, {"hassh", "x:hassh"},
        {"hassh:value", "x:hassh"}, {"hasshserver", "x:hasshserver"},
        {"hassh_server", "x:hasshserver"}, {"tls-ext.server_name", "x:sni"}, {"sni", "x:sni"},
        {"ja3.md5", "x:ja3"}, {"ja3s.md5", "x:ja3s"}};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (ends_in(path, bytes_from_text(ends[i].end)))
            return find_text(all, bytes_from_text(ends[i].path));
    return NULL;
}

const struct observable *observable_find(
    const struct observables *all, const struct pattern_path *path, int32_t *index)
{
    struct path_text name = {.len = 0};
    *index = STEP_ANY;
    path_text(path, &name, index);
    if (name.cut)
        return NULL;
    struct bytes text = bytes_make(name.text, name.len);
    // STIX 2.0's drafts called the extension http-ext.
    const struct observable *found = find_text(all, text);
    bool custom = bytes_start_with(text, BYTES("x-")) ||
                  bytes_start_with(text, BYTES("network-traffic:")) ||
                  bytes_start_with(text, BYTES("tls"));
    return !found && custom ? find_custom(all, text) : found;
}

// ---- Values

static const void *at_offset(const void *base, size_t offset)
{
    return (const char *)base + offset; // lint: offsets are offsetof() of generated tables
}

struct walk {
    const struct field *field;
    const struct observable *observable;
    const struct record *record;
    value_sink *sink;
    void *context;
};

static bool walk_from(const struct walk *w, size_t step, const void *base);

// The element or value at `place`.
static bool walk_at(const struct walk *w, size_t step, const void *place)
{
    if (step + 1u < w->field->steps_count)
        return walk_from(w, step + 1, place);
    struct value_place leaf = {.observable = w->observable,
        .field = w->field,
        .record = w->record,
        .place = place,
        .kind = w->field->steps[step].kind,
        .sink = w->sink,
        .context = w->context};
    return value_tell(&leaf);
}

static bool walk_from(const struct walk *w, size_t step, const void *base)
{
    const struct field_step *s = &w->field->steps[step];
    const void *place = at_offset(base, s->offset);
    size_t count;
    bool has = true;
    if (s->present != SHAPE_NONE)
        memcpy(&has, at_offset(base, s->present), sizeof has);
    if (!has)
        return true;
    if (s->count == SHAPE_NONE)
        return walk_at(w, step, place);
    memcpy(&count, at_offset(base, s->count), sizeof count);
    memcpy(&place, place, sizeof place);
    for (size_t i = 0; place && i < count; i++)
        if (!walk_at(w, step, at_offset(place, i * s->size)))
            return false;
    return true;
}

void observable_values(const struct observable *observable, const struct record *record,
    value_sink *sink, void *context)
{
    for (size_t i = 0; i < observable->fields_count; i++) {
        const struct field *field = &observable->fields[i];
        bool head = field->type == RECORD_NONE;
        if (!head && field->type != record->type)
            continue;
        struct walk walk = {field, observable, record, sink, context};
        if (!walk_from(&walk, 0, head ? (const void *)&record->head : record->body))
            return;
    }
}
