// SPDX-License-Identifier: Apache-2.0
// Events of MISP: {"Event": {...}}, collections {"response": [...]}, lists of events, bare events,
// attributes of a search, and the files of a feed (manifest.json and hashes.csv have no values and
// are passed over). Read twice: first what an event says of all its attributes, then those; a large
// file once, unless something of that comes behind them. Only
// attributes with to_ids are evil; what was deleted, and proposals (ShadowAttribute), are not read.
#include "intel/misp_word.h"
#include <stdio.h>

enum { EVENTS_BYTES = 512 << 20, MISP_LEVELS = 8 };

struct misp_event {
    struct bytes info, name; // name: "MISP event 12: …"
    struct bytes organisation;
    struct bytes id;
    struct misp_tags tags;
    uint8_t severity;
    int64_t seen_us;
    bool used; // its attributes have been taken
    struct misp_event *next;
};

struct misp {
    struct intel_builder *builder;
    const struct intel_file *file;
    bool sees, takes;       // in this reading: what events say, their attributes
    bool full, known, late; // known: something of MISP is in it; late: see misp_event.used
    struct misp_event *first, *last, *now;
    bool begun[MISP_LEVELS]; // an event, at each level of objects inside each other
    size_t level;
    uint32_t source; // of the event `now`
    struct pool pool;
    struct arena arena;
};

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
    static const char *const texts[] = {"\"Event\"", "\"Attribute\"", "\"Orgc\"",
        "\"ShadowAttribute\"", "\"object_relation\"", "\"to_ids\""};
    bool found = begins_with_uuid(file->head);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        found |= document_has(file, texts[i]);
    return found && document_likely(file);
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
    if (!misp->sees) {
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
static int64_t time_of(const struct json_node *object, const char *key)
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
static void see_member(struct misp *misp, const struct json_node *member)
{
    struct misp_event *event = misp->now;
    struct json_node copy = *member, alone = {.kind = JSON_OBJECT, .first = &copy};
    struct bytes name = member->name, text = member->text;
    copy.next = NULL;
    misp_tags_take(&event->tags, &alone);
    if (bytes_equal(name, BYTES("info")))
        event->info = kept(misp, text);
    else if (bytes_equal(name, BYTES("id")) ||
             (bytes_equal(name, BYTES("uuid")) && event->id.len == 0))
        event->id = kept(misp, text);
    else if (bytes_equal(name, BYTES("Orgc")) ||
             (bytes_equal(name, BYTES("Org")) && !event->organisation.len))
        event->organisation = kept(misp, json_bytes(member, "name"));
    else if (bytes_equal(name, BYTES("threat_level_id")))
        event->severity = severity_of_level(json_double_of(&alone, "threat_level_id", 0));
    else if (bytes_equal(name, BYTES("timestamp")))
        event->seen_us = time_of(&alone, "timestamp");
    else if (bytes_equal(name, BYTES("date")) && event->seen_us == 0)
        event->seen_us = time_of(&alone, "date");
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
    event->used = true;
}

// ---- Attributes

struct attribute {
    const struct json_node *json;
    uint64_t line;
    struct composed_says says;
    struct misp_tags tags;
    struct composing common;
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
static int64_t expired_of(const struct json_node *attribute)
{
    int64_t last_us = 0;
    const struct json_node *sighting = json_list(attribute, "Sighting");
    for (; sighting; sighting = sighting->next) {
        int64_t us = time_of(sighting, "date_sighting");
        if (json_double_of(sighting, "type", 0) == 2 && us > last_us)
            last_us = us;
    }
    return last_us;
}

static int64_t seen_of(const struct misp_event *event, const struct json_node *attribute)
{
    static const char *const keys[] = {"last_seen", "first_seen", "timestamp"};
    int64_t us = 0;
    for (size_t i = 0; us == 0 && i < sizeof keys / sizeof *keys; i++)
        us = time_of(attribute, keys[i]);
    return us ? us : event->seen_us;
}

static void fill_says(struct misp *misp, struct attribute *a, const struct json_node *object)
{
    const struct misp_event *event = misp->now;
    struct indicator *i = &a->says.indicator;
    bool own = a->tags.confidence != INTEL_CONFIDENCE_UNSAID;
    i->label = json_bytes(a->json, "comment");
    composing_add(&a->common, "", json_bytes(object, "comment"));
    composing_add(&a->common, "; ", composing_bytes(&a->tags.names));
    composing_add(&a->common, "; ", composing_bytes(&event->tags.names));
    if (i->label.len + a->common.len == 0)
        composing_add(&a->common, "", event->info);
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
    i->modified_us = time_of(a->json, "timestamp");
    i->silent = !json_yes(a->json, "to_ids");
    i->common = composing_bytes(&a->common);
    i->techniques = composing_bytes(&a->tags.techniques);
    i->id = json_bytes(a->json, "uuid");
    a->says.source = event->name;
    a->says.title = event->info;
}

// object: the MISP object the attribute belongs to, or NULL.
static void take_attribute(
    struct misp *misp, const struct json_node *json, const struct json_node *object)
{
    struct attribute a = {.json = json,
        .line = json->line,
        .says = {.indicator = INDICATOR_UNSAID},
        .tags = {.confidence = INTEL_CONFIDENCE_UNSAID}};
    struct bytes type = json_bytes(json, "type"), value = json_bytes(json, "value");
    if (type.len == 0 || !json_is(json_member(json, "value"), JSON_TEXT)) {
        trouble(misp, json->line, type, TEXT_STIX_MISP_SHAPE, "Attribute",
            "an object with type and value");
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
    misp->full |=
        !intel_version(misp->builder, a.says.indicator.id, a.says.indicator.modified_us, false);
    add_typed(misp, &a, use, value);
}

static void take_object(struct misp *misp, const struct json_node *object)
{
    const struct json_node *attributes = json_member(object, "Attribute");
    if (object->kind != JSON_OBJECT || (attributes && attributes->kind != JSON_LIST)) {
        trouble(misp, object->line, json_bytes(object, "name"), TEXT_STIX_MISP_SHAPE, "Object",
            "an object with a list Attribute");
        return;
    }
    if (json_yes(object, "deleted"))
        return;
    const struct json_node *attribute = attributes ? attributes->first : NULL;
    for (; attribute && !misp->full; attribute = attribute->next)
        take_attribute(misp, attribute, object);
}

// ---- The walk, the same in all readings

enum { ANY = 1, MEMBERS, ATTRIBUTES, OBJECTS };

static bool one_of(struct bytes name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (bytes_equal(name, bytes_from_text(names[i])))
            return true;
    return false;
}

static const char *const members[] = {
    "info", "Orgc", "Org", "Tag", "Galaxy", "threat_level_id", "timestamp", "date", "uuid", "id"};
static const char *const lists[] = {"Attribute", "Object"};
enum { MEMBERS_COUNT = sizeof members / sizeof *members };

// A member of an event, or of what is wrapped around events. True: of an event.
static bool meet_member(struct misp *misp, struct bytes name)
{
    bool *begun = &misp->begun[misp->level];
    misp->known |= is_uuid(name); // a manifest
    if (!*begun && (one_of(name, members, MEMBERS_COUNT) || one_of(name, lists, 2))) {
        begin_event(misp);
        *begun = true;
    }
    return *begun && !misp->full;
}

static int begin(void *context, int mode, struct bytes name, char bracket)
{
    static const char *const wrappers[] = {"Event", "response"};
    struct misp *misp = context;
    if (mode == ATTRIBUTES || mode == OBJECTS)
        return FEED_COLLECT;
    if (mode != MEMBERS || one_of(name, wrappers, 2)) {
        if (bracket == '{' && misp->level + 1 < MISP_LEVELS) {
            misp->begun[++misp->level] = false;
            return MEMBERS;
        }
        return bracket == '[' ? ANY : FEED_SKIP;
    }
    bool event = meet_member(misp, name), attributes = bytes_equal(name, BYTES("Attribute"));
    if ((!attributes && !bytes_equal(name, BYTES("Object"))) || bracket != '[')
        return event ? FEED_COLLECT : FEED_SKIP;
    if (!misp->takes || !event)
        return FEED_SKIP;
    use_event(misp);
    return attributes ? ATTRIBUTES : OBJECTS;
}

static void end(void *context, int mode)
{
    struct misp *misp = context;
    misp->level -= mode == MEMBERS;
}

static bool take(void *context, int mode, const struct json_node *value)
{
    struct misp *misp = context;
    if (mode == ATTRIBUTES)
        take_attribute(misp, value, NULL);
    else if (mode == OBJECTS)
        take_object(misp, value);
    else if (mode != MEMBERS || !meet_member(misp, value->name))
        return !misp->full;
    else if (misp->takes && one_of(value->name, lists, 2))
        trouble(misp, value->line, value->name, TEXT_STIX_MISP_SHAPE,
            bytes_equal(value->name, BYTES("Object")) ? "Object" : "Attribute", "a list");
    else if (misp->sees) {
        misp->late |= misp->now->used && one_of(value->name, members, MEMBERS_COUNT);
        see_member(misp, value);
    }
    return !misp->full && !misp->late;
}

static bool read_through(struct misp *misp, bool sees, bool takes)
{
    static const struct feed_reader reader = {.begin = begin, .value = take, .end = end};
    misp->sees = sees;
    misp->takes = takes;
    misp->now = NULL;
    misp->level = 0;
    if (document_read(misp->builder, misp->file, &reader, misp))
        return true;
    return misp->full &&
           document_fail(misp->builder, 0, TEXT_INTEL_NO_MEMORY, BYTES(""), BYTES(""));
}

static bool read_once(struct misp *misp)
{
    return read_through(misp, true, true) && misp->known;
}

static bool read_twice(struct misp *misp)
{
    bool read = read_through(misp, true, false);
    if (read && !misp->known)
        read = document_fail(misp->builder, 0, TEXT_STIX_NOT_MISP, BYTES(""), BYTES(""));
    return read && read_through(misp, false, true);
}

static bool read_file(struct intel_builder *builder, const struct intel_file *file, bool once)
{
    struct misp misp = {.builder = builder, .file = file};
    pool_init(&misp.pool, 0);
    arena_init(&misp.arena, &misp.pool, EVENTS_BYTES);
    bool done = once ? read_once(&misp) : read_twice(&misp);
    arena_reset(&misp.arena);
    pool_finish(&misp.pool);
    return done;
}

static bool read_misp(struct intel_builder *builder, const struct intel_file *file)
{
    return document_read_best(builder, file, read_file);
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
