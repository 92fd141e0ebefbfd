// SPDX-License-Identifier: Apache-2.0
// Records against indicators: the fields marked in schema/, and of a flow its addresses, once.
#include "base/alloc.h"
#include "intel/find.h"

enum { ADDRESSES_MOST = 16 };

// ---- One value.

// "192.0.2.7, 198.51.100.9"
static void find_addresses(struct found *found, struct bytes text)
{
    for (size_t i = 0; text.len > 0 && i < ADDRESSES_MOST; i++) {
        size_t comma = bytes_find_byte(text, ',');
        struct addr a;
        if (addr_parse(bytes_trim(bytes_sub(text, 0, comma)), &a))
            find_address(found, &a, 0);
        text = bytes_from(text, comma == BYTES_NOT_FOUND ? text.len : comma + 1);
    }
}

static void find_whole_url(struct found *found, struct bytes text)
{
    struct url url;
    if (!url_split(text, &url) || url.scheme.len == 0)
        return;
    find_url(found, &url, 0);
    find_host(found, url.host, url.port);
}

// The request's target: with a host of its own when it goes through a proxy.
static void find_target(struct found *found, const struct record *record, struct bytes target)
{
    const struct record_http *http = record->body;
    char room[ADDR_TEXT_BYTES];
    struct url url = {.host = http->hostname, .path = target, .port = http->http_port};
    if (bytes_at(target, 0) != '/') {
        if (url_split(target, &url) && url.scheme.len > 0)
            find_url(found, &url, 0);
        return;
    }
    if (url.host.len == 0)
        url.host = bytes_make(room, addr_write(&record->head.dest_ip, room));
    url.path = bytes_sub(url.path, 0, bytes_find_byte(url.path, '#'));
    url.port = url.port == 80 || url.port == 443 ? 0 : url.port;
    find_url(found, &url, record->head.dest_port);
}

static void find_text(struct found *found, const struct record *record,
    const struct intel_field *field, struct bytes text)
{
    bool raw = field->path.kind == SHAPE_HEX;
    switch ((enum intel_use)field->use) {
    case USE_ADDRESS: find_addresses(found, text); break;
    case USE_NAME: find_host(found, text, 0); break;
    case USE_URL: find_whole_url(found, text); break;
    case USE_PATH: find_target(found, record, text); break;
    case USE_JA3: find_digest(found, INTEL_JA3, text, raw); break;
    case USE_JA3S: find_digest(found, INTEL_JA3S, text, raw); break;
    case USE_JA4: find_value(found, INTEL_JA4, text); break;
    case USE_HASSH: find_digest(found, INTEL_HASSH, text, raw); break;
    case USE_HASSH_SERVER: find_digest(found, INTEL_HASSH_SERVER, text, raw); break;
    case USE_CERT_SHA1: find_digest(found, INTEL_CERT_SHA1, text, raw); break;
    case USE_CERT_SHA256: find_digest(found, INTEL_CERT_SHA256, text, raw); break;
    case USE_CERT_SERIAL: find_value(found, INTEL_CERT_SERIAL, text); break;
    case USE_CERT_SUBJECT: find_value(found, INTEL_CERT_SUBJECT, text); break;
    case USE_CERT_ISSUER: find_value(found, INTEL_CERT_ISSUER, text); break;
    case USE_MD5: find_digest(found, INTEL_MD5, text, raw); break;
    case USE_SHA1: find_digest(found, INTEL_SHA1, text, raw); break;
    case USE_SHA256: find_digest(found, INTEL_SHA256, text, raw); break;
    case USE_FILE_NAME: find_value(found, INTEL_FILE_NAME, text); break;
    case USE_MAIL_FROM: find_mail(found, INTEL_MAIL_FROM, text); break;
    case USE_MAIL_TO: find_mail(found, INTEL_MAIL_TO, text); break;
    case USE_MAIL_REPLY_TO: find_mail(found, INTEL_MAIL_REPLY_TO, text); break;
    case USE_MAIL_SUBJECT: find_value(found, INTEL_MAIL_SUBJECT, text); break;
    case USE_USER_AGENT: find_value(found, INTEL_USER_AGENT, text); break;
    }
}

// ---- The values of a record: looked up together, then told of in their order.

struct shown_value {
    const void *at; // struct addr or struct bytes
    uint8_t kind;   // enum shape_kind
    bool instead;   // told only when nothing before it was
    struct where where;
};

struct looking {
    struct asking asking;
    struct found found;
    struct shown_value values[FOUND_VALUES];
};

// As people write it.
static struct bytes shown(const struct shown_value *v, char room[KEY_TEXT_BYTES])
{
    struct bytes text;
    struct addr a;
    if (v->kind == SHAPE_ADDR) {
        memcpy(&a, v->at, sizeof a);
        return bytes_make(room, addr_write(&a, room));
    }
    memcpy(&text, v->at, sizeof text);
    bool digest = v->kind == SHAPE_HEX && text.len <= 64;
    return digest ? key_text(INTEL_SHA256, text, room) : text;
}

static void look_begin(struct looking *look)
{
    found_begin(&look->found, &look->asking.intel->store);
}

static void look_end(struct looking *look)
{
    struct found *found = &look->found;
    char room[KEY_TEXT_BYTES];
    bool told = false;
    found_run(found);
    look->asking.metrics->intel_lookups += found->lookups;
    for (size_t begin = 0, end; begin < found->count; begin = end) {
        struct shown_value *v = &look->values[found->list[begin].value];
        for (end = begin; end < found->count && found->list[end].value == found->list[begin].value;)
            end++;
        if (told && v->instead)
            continue;
        v->where.value = shown(v, room);
        told |= tell(&look->asking, &found->list[begin], end - begin, &v->where);
    }
}

// Place for the next value; its keys are made after this.
static struct shown_value *look_at(
    struct looking *look, const char *field, uint8_t kind, const void *at)
{
    if (!found_has_room(&look->found)) {
        look_end(look);
        look_begin(look);
    }
    struct shown_value *v = &look->values[++look->found.value];
    *v = (struct shown_value){.at = at, .kind = kind, .where = {.field = field}};
    return v;
}

static void value_look(struct looking *look, const struct intel_field *field, const void *at)
{
    struct bytes text = {NULL, 0};
    struct addr a;
    (void)look_at(look, field->name, field->path.kind, at);
    if (field->path.kind == SHAPE_ADDR) {
        memcpy(&a, at, sizeof a);
        find_address(&look->found, &a, 0);
        return;
    }
    if (field->path.kind == SHAPE_TEXT || field->path.kind == SHAPE_HEX)
        memcpy(&text, at, sizeof text);
    if (text.len > 0)
        find_text(&look->found, look->asking.record, field, text);
}

static void field_look(struct looking *look, const struct intel_field *field)
{
    size_t count;
    const struct record *record = look->asking.record;
    const char *values = shape_values(&field->path, &record->head, record->body, &count);
    for (size_t i = 0; values && i < count; i++)
        value_look(look, field, &values[i * field->path.element]);
}

// ---- Flows.

// An address on either side. The other side is ours, whichever way the connection was opened.
static void side_look(struct looking *look, bool dest)
{
    const struct record_head *head = &look->asking.record->head;
    const struct record_flow *flow = look->asking.record->body;
    const struct addr *a = dest ? &head->dest_ip : &head->src_ip;
    struct shown_value *v = look_at(look, dest ? "flow.dest_ip" : "flow.src_ip", SHAPE_ADDR, a);
    v->instead = !dest;
    v->where.subject_known = true;
    v->where.subject_is_dest = v->where.inbound = !dest;
    v->where.answered =
        flow->pkts_toclient > 0 && (flow->payload_toclient > 0 || !flow->has_payload_toclient);
    find_address(&look->found, a, dest ? head->dest_port : head->src_port);
}

// Its addresses, once: whom it went to, else who came. Through a proxy the destination asked of it.
static void flow_look(struct looking *look)
{
    const struct record_head *head = &look->asking.record->head;
    side_look(look, true);
    side_look(look, false);
    if (head->proxy_dest.len == 0)
        return;
    (void)look_at(look, "flow.proxy_dest", SHAPE_TEXT, &head->proxy_dest);
    find_host(&look->found, head->proxy_dest, 0);
}

static void values_look(const struct asking *asking)
{
    struct looking look; // much of it is never written
    const struct intel_fields *fields = &intel_fields_of[asking->record->type];
    look.asking = *asking;
    look_begin(&look);
    if (asking->record->type == RECORD_FLOW)
        flow_look(&look);
    for (size_t i = 0; i < fields->count; i++)
        field_look(&look, &fields->fields[i]);
    look_end(&look);
}

void intel_record(const struct intel *intel, const struct record *record, struct metrics *metrics,
    hit_sink *sink, void *context)
{
    uint32_t told[TOLD_MOST];
    size_t told_count = 0;
    struct asking asking = {intel, record, metrics, sink, context, told, &told_count};
    if (intel->store.count > 0)
        values_look(&asking);
    if (intel->patterns && intel->pattern_table->record)
        intel->pattern_table->record(intel->patterns, record, sink, context);
}

// ---- Patterns of several records.

struct intel_state {
    const struct intel_pattern_table *table; // NULL: there are none
    void *state;
};

struct intel_state *intel_state_create(const struct intel *intel)
{
    struct intel_state *state = base_calloc(1, sizeof *state);
    bool wanted = intel->patterns && intel->pattern_table->state_create;
    if (!state || !wanted)
        return state;
    state->table = intel->pattern_table;
    state->state = state->table->state_create(intel->patterns);
    if (state->state)
        return state;
    base_free(state);
    return NULL;
}

void intel_state_destroy(struct intel_state *state)
{
    if (state && state->table)
        state->table->state_destroy(state->state);
    base_free(state);
}

bool intel_settle(struct intel_state *state, const struct hit *hit, hit_sink *sink, void *context)
{
    return !state->table || state->table->settle(state->state, hit, sink, context);
}
