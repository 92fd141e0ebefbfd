// SPDX-License-Identifier: Apache-2.0
// Events of Windows as JSON. Shapes: the event's XML as evtx readers write it (Event.System,
// Event.EventData or UserData; attributes in #attributes), Winlogbeat (winlog.event_data), and flat
// ones as NXLog and log collectors write (EventID, Channel beside the event's own fields).
// Names of System's fields follow Sigma's specification: Provider_Name, Execution_ProcessID.
// Limits: LOG_VALUES pairs, OBJECTS_DEEP objects within one another; what is beyond is left out.
#include "logs/reader.h"
#include <stdio.h>

enum { OBJECTS_DEEP = 8, NAME_BYTES = 256 };

struct event {
    struct record_log_event *body;
    struct record_head *head;
    struct arena *arena;
    struct json_pair *pairs;
    size_t count;
};

static const json_t *at(const json_t *object, const char *name)
{
    return json_object_get(object, name);
}

bool winlog_is(const json_t *object)
{
    if (json_is_object(at(at(object, "Event"), "System")) || json_is_object(at(object, "winlog")))
        return true;
    bool id = at(object, "EventID") || at(object, "EventId") || at(object, "event_id");
    return id && (at(object, "Channel") || at(object, "SourceName") || at(object, "LogName") ||
                     at(object, "ProviderName") || at(object, "Provider_Name"));
}

// A scalar as text; {NULL, 0}: null, or none.
static struct bytes text_of(const json_t *value, struct arena *arena)
{
    char text[64];
    int len;
    switch (value ? json_typeof(value) : JSON_NULL) {
    case JSON_STRING:
        if (json_string_length(value) == 0)
            return BYTES("");
        return arena_copy(arena, bytes_make(json_string_value(value), json_string_length(value)));
    case JSON_TRUE: return BYTES("true");
    case JSON_FALSE: return BYTES("false");
    case JSON_INTEGER:
        len = snprintf(text, sizeof text, "%lld", (long long)json_integer_value(value));
        break;
    case JSON_REAL: len = snprintf(text, sizeof text, "%.17g", json_real_value(value)); break;
    default: return (struct bytes){NULL, 0};
    }
    return arena_copy(arena, bytes_make(text, (size_t)len));
}

static bool has_name(const struct event *e, struct bytes name)
{
    for (size_t i = 0; i < e->count; i++)
        if (bytes_equal(e->pairs[i].name, name))
            return true;
    return false;
}

// A name that stands there already gets a number: the second value is NAME[1].
static void add_pair(struct event *e, const char *name, struct bytes value)
{
    char room[NAME_BYTES];
    struct bytes full = bytes_from_text(name);
    if (!value.data || full.len == 0 || full.len > NAME_BYTES - 16 || e->count == LOG_VALUES)
        return;
    for (int n = 1; has_name(e, full) && n < LOG_VALUES; n++)
        full = bytes_make(room, (size_t)snprintf(room, sizeof room, "%s[%d]", name, n));
    struct bytes kept = arena_copy(e->arena, full);
    if (kept.data)
        e->pairs[e->count++] = (struct json_pair){kept, value};
}

static bool is_attributes(const char *key)
{
    return strcmp(key, "#attributes") == 0 || strcmp(key, "@attributes") == 0;
}

// A scalar, each element of a list, each member of an object as PREFIX + separator + its name.
static void take_value(
    struct event *e, const char *name, const json_t *value, char separator, int deep)
{
    char room[NAME_BYTES];
    const char *key;
    json_t *member;
    if (deep == OBJECTS_DEEP)
        return;
    for (size_t i = 0; json_is_array(value) && i < json_array_size(value); i++)
        take_value(e, name, json_array_get(value, i), separator, deep + 1);
    if (!json_is_object(value) && !json_is_array(value)) {
        add_pair(e, name, text_of(value, e->arena));
        return;
    }
    json_object_foreach((json_t *)value, key, member)
    {
        bool same = is_attributes(key) || strcmp(key, "#text") == 0;
        if (!same)
            snprintf(room, sizeof room, "%s%c%s", name, separator, key);
        take_value(e, same ? name : room, member, separator, deep + 1);
    }
}

// Data elements as {"Name": N, "#text": V} or {"#attributes": {"Name": N}, "#text": V}.
static bool take_named(struct event *e, const json_t *value)
{
    const json_t *attributes = at(value, "#attributes");
    const json_t *name = at(attributes ? attributes : value, "Name");
    name = name ? name : at(value, "@Name");
    if (!json_is_string(name))
        return false;
    take_value(e, json_string_value(name), at(value, "#text"), '.', 0);
    return true;
}

// EventData, or what stands within UserData's one element.
static void take_data(struct event *e, const json_t *data)
{
    const char *key;
    json_t *member;
    json_object_foreach((json_t *)data, key, member)
    {
        if (is_attributes(key))
            continue;
        bool named = json_is_object(member) && take_named(e, member);
        for (size_t i = 0; json_is_array(member) && i < json_array_size(member); i++)
            named |= take_named(e, json_array_get(member, i));
        if (!named)
            take_value(e, key, member, '.', 0);
    }
}

static void take_id(struct event *e, const json_t *id)
{
    uint64_t number;
    if (json_is_object(id))
        id = at(id, "#text");
    if (bytes_to_u64(text_of(id, e->arena), &number) && number <= UINT32_MAX) {
        e->body->event_id = (uint32_t)number;
        e->body->has_event_id = true;
    }
}

static void take_record_id(struct event *e, const json_t *id)
{
    e->body->has_record_id = bytes_to_u64(text_of(id, e->arena), &e->body->record_id);
}

// The first of these names that holds a scalar.
static struct bytes first_of(
    const struct event *e, const json_t *object, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct bytes text = text_of(at(object, names[i]), e->arena);
        if (text.data)
            return text;
    }
    return (struct bytes){NULL, 0};
}
#define FIRST_OF(e, object, ...)                                                                   \
    first_of(e, object, (const char *const[]){__VA_ARGS__},                                        \
        sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

static void take_time(struct event *e, const json_t *value)
{
    if (e->head->timestamp == 0 && json_is_string(value))
        (void)log_time_parse(json_string_value(value), &e->head->timestamp);
}

// System's elements that have no field of ours: Level, Task, Execution_ProcessID…
static void take_system(struct event *e, const json_t *system)
{
    static const char *const ours[] = {
        "EventID", "Channel", "Computer", "TimeCreated", "EventRecordID"};
    const char *key;
    json_t *member;
    json_object_foreach((json_t *)system, key, member)
    {
        bool known = false;
        for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
            known |= strcmp(key, ours[i]) == 0;
        if (!known)
            take_value(e, key, member, '_', 0);
    }
}

static const json_t *attribute(const json_t *element, const char *name)
{
    const json_t *attributes = at(element, "#attributes");
    attributes = attributes ? attributes : at(element, "@attributes");
    return at(attributes ? attributes : element, name);
}

static void read_xml(struct event *e, const json_t *event)
{
    const json_t *system = at(event, "System"), *user = at(event, "UserData"), *data;
    const char *key;
    e->body->channel = FIRST_OF(e, system, "Channel");
    e->body->computer = FIRST_OF(e, system, "Computer");
    e->body->provider = text_of(attribute(at(system, "Provider"), "Name"), e->arena);
    take_id(e, at(system, "EventID"));
    take_record_id(e, at(system, "EventRecordID"));
    take_time(e, attribute(at(system, "TimeCreated"), "SystemTime"));
    data = at(event, "EventData");
    if (json_is_object(data))
        take_data(e, data);
    else
        take_value(e, "Data", data, '.', 0);
    json_object_foreach((json_t *)user, key, data)
    {
        if (json_is_object(data) && !is_attributes(key))
            take_data(e, data);
    }
    take_system(e, system);
    const json_t *message = at(at(event, "RenderingInfo"), "Message");
    add_pair(e, "Message", text_of(message, e->arena));
}

static void read_beat(struct event *e, const json_t *object)
{
    const json_t *log = at(object, "winlog");
    e->body->channel = FIRST_OF(e, log, "channel", "log_name");
    e->body->computer = FIRST_OF(e, log, "computer_name");
    e->body->provider = FIRST_OF(e, log, "provider_name", "source_name");
    take_id(e, at(log, "event_id"));
    take_record_id(e, at(log, "record_id"));
    take_time(e, at(object, "@timestamp"));
    take_data(e, at(log, "event_data"));
    take_data(e, at(log, "user_data"));
    add_pair(e, "Message", text_of(at(object, "message"), e->arena));
}

// EventTime and its like are the host's local time: only where nothing better stands there.
static void read_flat(struct event *e, const json_t *object)
{
    static const char *const times[] = {"TimeCreated", "SystemTime", "UtcTime", "@timestamp",
        "EventTime", "Timestamp", "timestamp", "EventReceivedTime"};
    e->body->channel = FIRST_OF(e, object, "Channel", "LogName", "log_name");
    e->body->computer =
        FIRST_OF(e, object, "Computer", "Hostname", "ComputerName", "MachineName", "computer_name");
    e->body->provider =
        FIRST_OF(e, object, "Provider_Name", "SourceName", "ProviderName", "source_name");
    const json_t *id = at(object, "EventID");
    id = id ? id : at(object, "EventId");
    take_id(e, id ? id : at(object, "event_id"));
    take_record_id(
        e, at(object, "RecordNumber") ? at(object, "RecordNumber") : at(object, "EventRecordID"));
    for (size_t i = 0; i < sizeof times / sizeof *times; i++)
        take_time(e, at(object, times[i]));
    take_data(e, object);
}

enum log_line winlog_read(struct log_reader *r, const json_t *object, struct record *record)
{
    if (!log_draft_begin(r, RECORD_LOG_EVENT))
        return LOG_DAMAGED;
    struct event e = {.body = r->draft.body, .head = &r->draft.head, .arena = &r->arena};
    e.pairs = arena_alloc(e.arena, LOG_VALUES * sizeof *e.pairs);
    if (!e.pairs)
        return LOG_DAMAGED;
    if (json_is_object(at(at(object, "Event"), "System")))
        read_xml(&e, at(object, "Event"));
    else if (json_is_object(at(object, "winlog")))
        read_beat(&e, object);
    else
        read_flat(&e, object);
    bool linux_sysmon = bytes_start_with(e.body->channel, BYTES("Linux-Sysmon"));
    e.body->product = linux_sysmon ? BYTES("linux") : BYTES("windows");
    e.body->event_data.pairs = e.pairs;
    e.body->event_data.pairs_count = e.count;
    return log_draft_end(r, record) ? LOG_RECORD : LOG_DAMAGED;
}
