// SPDX-License-Identifier: Apache-2.0
// Events of MISP: {"Event": {...}}, collections {"response": [...]}, lists of events, bare events,
// attributes of a search, and the files of a feed (manifest.json and hashes.csv have no values and
// are passed over). Read twice: first what an event says of all its attributes, then those. Only
// attributes with to_ids are evil; what was deleted, and proposals (ShadowAttribute), are not read.
#include "intel/misp_word.h"
#include <stdio.h>

enum { EVENTS_BYTES = 512 << 20, SHOWN = 40 };

struct misp_event {
    struct bytes info, name; // name: "MISP event 12: …"
    struct bytes organisation;
    struct bytes id;
    struct misp_tags tags;
    uint8_t severity;
    int64_t seen_us;
    struct misp_event *next;
};

struct misp {
    struct intel_builder *builder;
    const struct intel_file *file;
    bool second, full, known; // known: something of MISP is in it
    struct misp_event *first, *last, *now;
    uint32_t source; // of the event `now`
    struct pool pool;
    struct arena arena;
};

static bool has(const struct intel_file *file, const char *text)
{
    return bytes_find(file->head, bytes_from_text(text)) != BYTES_NOT_FOUND;
}

static bool is_uuid(struct bytes text)
{
    bool good = text.len == 36;
    for (size_t i = 0; good && i < text.len; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        uint8_t c = text.data[i], lower = c | 0x20;
        good = dash ? c == '-' : (c >= '0' && c <= '9') || (lower >= 'a' && lower <= 'f');
    }
    return good;
}

// A feed's manifest: events by their UUID.
static bool begins_with_uuid(struct bytes head)
{
    size_t quote = bytes_find_byte(head, '"');
    return quote < 16 && is_uuid(bytes_sub(head, quote + 1, 36));
}

static bool likely(const struct intel_file *file)
{
    size_t brace = bytes_find_byte(file->head, '{');
    bool array = bytes_find_byte(file->head, '[') < 8;
    return (brace < 8 || array) &&
           (has(file, "\"Event\"") || has(file, "\"Attribute\"") || has(file, "\"Orgc\"") ||
               has(file, "\"ShadowAttribute\"") || has(file, "\"object_relation\"") ||
               has(file, "\"to_ids\"") || begins_with_uuid(file->head));
}

// ---- What an event says

static struct bytes kept(struct misp *misp, struct bytes text)
{
    struct bytes copy = {NULL, 0};
    if (text.len)
        copy = arena_copy(&misp->arena, bytes_sub(text, 0, INTEL_TEXT_BYTES));
    misp->full |= text.len && !copy.data;
    return copy;
}

static void begin_event(struct misp *misp)
{
    misp->known = true;
    if (misp->second) {
        misp->now = misp->now ? misp->now->next : misp->first;
        return;
    }
    struct misp_event *event = arena_zalloc(&misp->arena, sizeof *event);
    if (!event) {
        misp->full = true;
        return;
    }
    event->severity = INTEL_SEVERITY_UNSAID;
    event->tags.confidence = INTEL_CONFIDENCE_UNSAID;
    if (misp->last)
        misp->last->next = event;
    else
        misp->first = event;
    misp->last = misp->now = event;
}

// Seconds since 1970 as numbers or texts, and times; 0: neither.
static int64_t time_of(const json_t *object, const char *key)
{
    int64_t us;
    bool whole_day;
    double number = json_double_of(object, key, 0);
    if (number > 0 && number < 1e11)
        return (int64_t)(number * 1e6);
    return intel_word_time(json_bytes(object, key), &us, &whole_day) ? us : 0;
}

static uint8_t severity_of_level(double level)
{
    if (level == 1)
        return SEVERITY_HIGH;
    if (level == 2)
        return SEVERITY_MEDIUM;
    return level == 3 ? SEVERITY_LOW : INTEL_SEVERITY_UNSAID;
}

// One member of an event but for its attributes and objects.
static void see_member(struct misp *misp, const char *name, json_t *value)
{
    struct misp_event *event = misp->now;
    json_t *wrapped = json_object();
    json_object_set(wrapped, name, value);
    if (strcmp(name, "info") == 0)
        event->info = kept(misp, json_bytes(wrapped, name));
    else if (strcmp(name, "id") == 0 || (strcmp(name, "uuid") == 0 && event->id.len == 0))
        event->id = kept(misp, json_bytes(wrapped, name));
    else if (strcmp(name, "Orgc") == 0 || (strcmp(name, "Org") == 0 && !event->organisation.len))
        event->organisation = kept(misp, json_bytes(value, "name"));
    else if (strcmp(name, "Tag") == 0 || strcmp(name, "Galaxy") == 0)
        misp_tags_take(&event->tags, wrapped);
    else if (strcmp(name, "threat_level_id") == 0)
        event->severity = severity_of_level(json_double_of(wrapped, name, 0));
    else if (strcmp(name, "timestamp") == 0)
        event->seen_us = time_of(wrapped, name);
    else if (strcmp(name, "date") == 0 && event->seen_us == 0)
        event->seen_us = time_of(wrapped, name);
    json_decref(wrapped);
}

static struct bytes name_of(struct misp *misp, const struct misp_event *event)
{
    struct composing name = {.len = 0};
    composing_add(&name, "", BYTES("MISP event"));
    composing_add(&name, " ", event->id);
    composing_add(&name, ": ", event->info.len ? event->info : misp->file->base);
    composing_add(&name, " (", event->organisation);
    composing_add(&name, "", event->organisation.len ? BYTES(")") : BYTES(""));
    return kept(misp, composing_bytes(&name));
}

static void use_event(struct misp *misp)
{
    struct misp_event *event = misp->now;
    if (event->name.len == 0)
        event->name = name_of(misp, event);
    struct intel_source source = {.name = event->name, .organisation = event->organisation};
    misp->source = intel_source_add(misp->builder, &source);
}

// ---- Attributes

struct attribute {
    const json_t *json;
    uint64_t line;
    struct composed_says says;
    struct misp_tags tags;
    struct composing label;
};

static void trouble(struct misp *misp, uint64_t line, struct bytes value, enum text_id why,
    const char *what, const char *allowed)
{
    struct intel_trouble t = {.line = line,
        .value = value,
        .why = why,
        .what = bytes_from_text(what),
        .allowed = bytes_from_text(allowed)};
    intel_trouble(misp->builder, &t);
    misp->builder->file->refused++;
}

static void add(struct misp *misp, struct attribute *a, enum intel_kind kind, struct bytes value)
{
    struct indicator indicator = a->says.indicator;
    bool network = bytes_find_byte(value, '/') != BYTES_NOT_FOUND;
    indicator.kind = kind == INTEL_ADDRESS && network ? INTEL_RANGE : kind;
    indicator.value = bytes_trim(value);
    misp->full |= intel_add(misp->builder, &indicator, a->line) == INTEL_FULL;
}

static void add_composed(struct misp *misp, struct attribute *a, struct bytes pattern)
{
    a->says.line = a->line;
    misp->full |= composed_add_text(misp->builder, pattern, &a->says) == COMPOSED_FULL;
}

enum { PATH_BYTES = 128 };

// [path = 'value']
static void add_at_path(
    struct misp *misp, struct attribute *a, const char *path, struct bytes value)
{
    char pattern[INTEL_VALUE_BYTES * 2 + PATH_BYTES];
    int start = snprintf(pattern, PATH_BYTES, "[%s = '", path);
    size_t len = start > 0 ? (size_t)start : 0;
    for (size_t i = 0; i < value.len && i < INTEL_VALUE_BYTES; i++) {
        if (value.data[i] == '\'' || value.data[i] == '\\')
            pattern[len++] = '\\';
        pattern[len++] = (char)value.data[i];
    }
    pattern[len++] = '\'';
    pattern[len++] = ']';
    add_composed(misp, a, bytes_make(pattern, len));
}

// ADDRESS|PORT as ADDRESS:PORT, [ADDRESS]:PORT.
static void add_port(struct misp *misp, struct attribute *a, struct bytes host, struct bytes port)
{
    char room[96];
    bool six = bytes_find_byte(host, ':') != BYTES_NOT_FOUND;
    int n = host.len < 64 && port.len < 8
                ? snprintf(room, sizeof room, six ? "[%.*s]:%.*s" : "%.*s:%.*s", (int)host.len,
                      (const char *)host.data, (int)port.len, (const char *)port.data)
                : 0;
    if (n > 0)
        add(misp, a, INTEL_ADDRESS_PORT, bytes_make(room, (size_t)n));
    else
        trouble(misp, a->line, host, TEXT_STIX_MISP_SHAPE, "value", "address|port");
}

static void add_typed(
    struct misp *misp, struct attribute *a, const struct misp_type *type, struct bytes value)
{
    size_t bar = value.len;
    while (bar > 0 && value.data[bar - 1] != '|')
        bar--;
    struct bytes first = bytes_sub(value, 0, bar ? bar - 1 : value.len);
    struct bytes second = bytes_from(value, bar);
    bool url = bytes_find(value, BYTES("://")) != BYTES_NOT_FOUND;
    switch (type->use) {
    case MISP_VALUE: add(misp, a, type->kind, value); break;
    case MISP_FIRST: add(misp, a, type->kind, first); break;
    case MISP_SECOND: add(misp, a, type->kind, second); break;
    case MISP_BOTH:
        add(misp, a, type->kind, first);
        add(misp, a, type->other, second);
        break;
    case MISP_PORT: add_port(misp, a, first, second); break;
    case MISP_PATTERN: add_composed(misp, a, value); break;
    case MISP_PATH:
        if (url)
            add(misp, a, INTEL_URL, value);
        else
            add_at_path(misp, a, type->path, value);
        break;
    case MISP_RULE: trouble(misp, a->line, value, TEXT_STIX_PATTERN_TYPE, type->name, ""); break;
    case MISP_UNSEEN: add(misp, a, INTEL_UNSEEN, value); break;
    }
}

static enum phase phase_of_category(struct bytes category)
{
    if (bytes_equal(category, BYTES("Payload delivery")) ||
        bytes_equal(category, BYTES("Payload installation")))
        return PHASE_POINT_OF_ENTRY;
    bool network = bytes_equal(category, BYTES("Network activity"));
    return network ? PHASE_COMMAND_AND_CONTROL : PHASE_NONE;
}

// Somebody has seen that it is over (a sighting of type 2).
static int64_t expired_of(const json_t *attribute)
{
    size_t i;
    json_t *sighting;
    int64_t last_us = 0;
    json_array_foreach(json_object_get(attribute, "Sighting"), i, sighting)
    {
        int64_t us = time_of(sighting, "date_sighting");
        if (json_double_of(sighting, "type", 0) == 2 && us > last_us)
            last_us = us;
    }
    return last_us;
}

static int64_t seen_of(const struct misp_event *event, const json_t *attribute)
{
    static const char *const keys[] = {"last_seen", "first_seen", "timestamp"};
    int64_t us = 0;
    for (size_t i = 0; us == 0 && i < sizeof keys / sizeof *keys; i++)
        us = time_of(attribute, keys[i]);
    return us ? us : event->seen_us;
}

static void fill_says(struct misp *misp, struct attribute *a, const json_t *object)
{
    const struct misp_event *event = misp->now;
    struct indicator *i = &a->says.indicator;
    bool own = a->tags.confidence != INTEL_CONFIDENCE_UNSAID;
    composing_add(&a->label, "", json_bytes(a->json, "comment"));
    composing_add(&a->label, "; ", json_bytes(object, "comment"));
    composing_add(&a->label, "; ", composing_bytes(&a->tags.names));
    composing_add(&a->label, "; ", composing_bytes(&event->tags.names));
    if (a->label.len == 0)
        composing_add(&a->label, "", event->info);
    composing_add(&a->tags.techniques, " ", composing_bytes(&event->tags.techniques));
    i->source = misp->source;
    i->confidence = own ? a->tags.confidence : event->tags.confidence;
    i->severity = event->severity;
    i->phase = (uint8_t)(a->tags.phase != PHASE_NONE ? a->tags.phase : event->tags.phase);
    if (i->phase == PHASE_NONE)
        i->phase = (uint8_t)phase_of_category(json_bytes(a->json, "category"));
    i->tlp = a->tags.tlp != INTEL_TLP_NONE ? a->tags.tlp : event->tags.tlp;
    i->seen_us = seen_of(event, a->json);
    i->until_us = expired_of(a->json);
    i->silent = !json_yes(a->json, "to_ids");
    i->label = composing_bytes(&a->label);
    i->techniques = composing_bytes(&a->tags.techniques);
    i->id = json_bytes(a->json, "uuid");
    a->says.source = event->name;
    a->says.title = event->info;
}

// object: the MISP object the attribute belongs to, or NULL.
static void take_attribute(
    struct misp *misp, const json_t *json, uint64_t line, const json_t *object)
{
    struct attribute a = {.json = json,
        .line = line,
        .says = {.indicator = INDICATOR_UNSAID},
        .tags = {.confidence = INTEL_CONFIDENCE_UNSAID}};
    struct bytes type = json_bytes(json, "type"), value = json_bytes(json, "value");
    if (!json_is_object(json) || type.len == 0 || !json_is_string(json_object_get(json, "value"))) {
        trouble(
            misp, line, type, TEXT_STIX_MISP_SHAPE, "Attribute", "an object with type and value");
        return;
    }
    if (json_yes(json, "deleted"))
        misp->full |= !intel_revoke(misp->builder, json_bytes(json, "uuid"));
    if (json_yes(json, "deleted") || value.len == 0)
        return;
    const struct misp_type *use = misp_type_find(type, json_bytes(json, "object_relation"));
    bool evil = json_yes(json, "to_ids");
    if (!evil && use->use != MISP_VALUE && use->use != MISP_SECOND)
        return; // nothing to remember it by
    misp_tags_take(&a.tags, json);
    fill_says(misp, &a, object);
    add_typed(misp, &a, use, value);
}

static void take_object(struct misp *misp, const json_t *object, uint64_t line)
{
    size_t i;
    json_t *attribute;
    const json_t *attributes = json_object_get(object, "Attribute");
    if (!json_is_object(object) || (attributes && !json_is_array(attributes))) {
        trouble(misp, line, json_bytes(object, "name"), TEXT_STIX_MISP_SHAPE, "Object",
            "an object with a list Attribute");
        return;
    }
    if (json_yes(object, "deleted"))
        return;
    json_array_foreach(attributes, i, attribute)
    {
        if (!misp->full)
            take_attribute(misp, attribute, line, object);
    }
}

// ---- The walk, the same in both readings

typedef void take_one(struct misp *misp, const json_t *json, uint64_t line);

static void take_lone_attribute(struct misp *misp, const json_t *json, uint64_t line)
{
    take_attribute(misp, json, line, NULL);
}

static void take_list(struct misp *misp, struct feed *feed, take_one *one)
{
    if (misp->second)
        use_event(misp);
    while (!misp->full && feed_element(feed)) {
        json_t *json = feed_json(feed);
        if (!json)
            return;
        if (misp->second)
            one(misp, json, feed->value_line);
        json_decref(json);
    }
}

static void walk_members(struct misp *misp, struct feed *feed);

static void walk_any(struct misp *misp, struct feed *feed)
{
    if (feed_open(feed, '{')) {
        walk_members(misp, feed);
    } else if (feed_open(feed, '[')) {
        while (!misp->full && feed_element(feed))
            walk_any(misp, feed);
    } else {
        json_decref(feed_json(feed)); // nothing of MISP
    }
}

static bool belongs_to_event(const char *name)
{
    static const char *const names[] = {"Attribute", "Object", "info", "Orgc", "Org", "Tag",
        "Galaxy", "threat_level_id", "timestamp", "date", "uuid", "id"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

static void walk_member(struct misp *misp, struct feed *feed, const char *name)
{
    bool attributes = strcmp(name, "Attribute") == 0, objects = strcmp(name, "Object") == 0;
    if ((attributes || objects) && feed_open(feed, '[')) {
        take_list(misp, feed, attributes ? take_lone_attribute : take_object);
        return;
    }
    json_t *value = feed_json(feed);
    if (value && (attributes || objects) && misp->second)
        trouble(
            misp, feed->value_line, bytes_from_text(name), TEXT_STIX_MISP_SHAPE, name, "a list");
    else if (value && !misp->second && misp->now)
        see_member(misp, name, value);
    json_decref(value);
}

// An event, or what is wrapped around events.
static void walk_members(struct misp *misp, struct feed *feed)
{
    char name[FEED_TEXT_BYTES];
    bool begun = false;
    while (!misp->full && feed_member(feed, name)) {
        bool wrapper = strcmp(name, "Event") == 0 || strcmp(name, "response") == 0;
        if (wrapper && (feed_peek(feed) == '{' || feed_peek(feed) == '[')) {
            walk_any(misp, feed);
            continue;
        }
        misp->known |= is_uuid(bytes_from_text(name)); // a manifest
        if (!begun && belongs_to_event(name)) {
            begin_event(misp);
            begun = true;
        }
        if (misp->full)
            return;
        if (begun)
            walk_member(misp, feed, name);
        else
            json_decref(feed_json(feed));
    }
}

static bool read_once(struct misp *misp, bool second)
{
    struct document d;
    misp->second = second;
    misp->now = NULL;
    if (!document_open(&d, misp->builder, misp->file))
        return false;
    walk_any(misp, d.feed);
    if (!misp->full)
        return document_close(&d);
    (void)document_close(&d);
    return document_fail(misp->builder, 0, TEXT_INTEL_NO_MEMORY, BYTES(""), BYTES(""));
}

static bool read_misp(struct intel_builder *builder, const struct intel_file *file)
{
    struct misp misp = {.builder = builder, .file = file};
    pool_init(&misp.pool, 0);
    arena_init(&misp.arena, &misp.pool, EVENTS_BYTES);
    bool read = read_once(&misp, false);
    if (read && !misp.known)
        read = document_fail(builder, 0, TEXT_STIX_NOT_MISP, BYTES(""), BYTES(""));
    read = read && read_once(&misp, true);
    arena_reset(&misp.arena);
    pool_finish(&misp.pool);
    return read;
}

const struct intel_format intel_format_misp = {"misp", likely, read_misp};

// ---- hashes.csv of a feed: MD5 of each value, and its event. Nothing can be matched by it.

static bool likely_hashes(const struct intel_file *file)
{
    struct bytes line = bytes_sub(file->head, 0, 32 + 1 + 36);
    uint64_t half;
    return bytes_at(line, 32) == ',' && bytes_hex_to_u64(bytes_sub(line, 0, 16), &half) &&
           bytes_hex_to_u64(bytes_sub(line, 16, 16), &half) && is_uuid(bytes_from(line, 33));
}

static bool read_hashes(struct intel_builder *builder, const struct intel_file *)
{
    struct intel_trouble trouble = {.why = TEXT_STIX_MISP_HASHES};
    intel_trouble(builder, &trouble);
    return true;
}

const struct intel_format intel_format_misp_hashes = {"misp-hashes", likely_hashes, read_hashes};
