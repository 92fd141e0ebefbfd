// SPDX-License-Identifier: Apache-2.0
// Records against indicators: the fields marked in schema/, and of a flow its addresses, once.
#include "base/alloc.h"
#include "intel/find.h"

enum { ADDRESSES_MOST = 16 };

// ---- One value.

static struct bytes text_at(
    const struct intel_field *field, const void *at, char room[ADDR_TEXT_BYTES])
{
    struct bytes text = {NULL, 0};
    struct addr a;
    if (field->path.kind == SHAPE_TEXT || field->path.kind == SHAPE_HEX)
        memcpy(&text, at, sizeof text);
    if (field->path.kind == SHAPE_ADDR) {
        memcpy(&a, at, sizeof a);
        text = bytes_make(room, a.version ? addr_write(&a, room) : 0);
    }
    return text;
}

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

static void find_mail(struct found *found, enum intel_kind kind, struct bytes text)
{
    struct key key;
    if (!key_make(&key, INTEL_MAIL, text))
        return;
    struct bytes mail = bytes_make(key.data, key.len);
    found->lookups += 2;
    find_value(found, INTEL_MAIL, mail);
    find_value(found, kind, mail);
    find_host(found, bytes_from(mail, bytes_find_byte(mail, '@') + 1), 0);
}

static void find_by_use(struct found *found, const struct record *record,
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

// ---- Fields.

// A digest is shown as people write it.
static struct bytes shown(
    const struct intel_field *field, struct bytes text, char room[KEY_TEXT_BYTES])
{
    return field->path.kind == SHAPE_HEX && text.len <= 64 ? key_text(INTEL_SHA256, text, room)
                                                           : text;
}

static void value_ask(const struct asking *asking, const struct intel_field *field, const void *at)
{
    char address[ADDR_TEXT_BYTES], digest[KEY_TEXT_BYTES];
    struct bytes text = text_at(field, at, address);
    if (text.len == 0)
        return;
    struct found found = {.store = &asking->intel->store};
    find_by_use(&found, asking->record, field, text);
    asking->counts->lookups += found.lookups;
    if (found.count == 0)
        return;
    struct where where = {.field = field->name, .value = shown(field, text, digest)};
    tell(asking, &found, &where);
}

static void field_ask(const struct asking *asking, const struct intel_field *field)
{
    size_t count;
    const char *values =
        shape_values(&field->path, &asking->record->head, asking->record->body, &count);
    for (size_t i = 0; values && i < count; i++)
        value_ask(asking, field, &values[i * field->path.element]);
}

// ---- Flows.

// An address on either side. The other side is ours, whichever way the connection was opened.
static bool side_ask(const struct asking *asking, const struct record_flow *flow, bool dest)
{
    const struct record_head *head = &asking->record->head;
    char room[ADDR_TEXT_BYTES];
    struct found found = {.store = &asking->intel->store};
    const struct addr *a = dest ? &head->dest_ip : &head->src_ip;
    find_address(&found, a, dest ? head->dest_port : head->src_port);
    asking->counts->lookups += found.lookups;
    if (found.count == 0)
        return false;
    struct where where = {.field = dest ? "flow.dest_ip" : "flow.src_ip",
        .value = bytes_make(room, addr_write(a, room)),
        .subject_known = true,
        .subject_is_dest = !dest,
        .inbound = !dest,
        .answered =
            flow->pkts_toclient > 0 && (flow->payload_toclient > 0 || !flow->has_payload_toclient)};
    uint64_t hits = asking->counts->hits;
    tell(asking, &found, &where);
    return asking->counts->hits > hits;
}

// Its addresses, once: whom it went to, else who came. Through a proxy the destination asked of it.
static void flow_ask(const struct asking *asking)
{
    const struct record_head *head = &asking->record->head;
    if (!side_ask(asking, asking->record->body, true))
        (void)side_ask(asking, asking->record->body, false);
    if (head->proxy_dest.len == 0)
        return;
    struct found found = {.store = &asking->intel->store};
    find_host(&found, head->proxy_dest, 0);
    struct where where = {.field = "flow.proxy_dest", .value = head->proxy_dest};
    if (found.count > 0)
        tell(asking, &found, &where);
}

void intel_record(const struct intel *intel, const struct record *record,
    struct intel_counts *counts, hit_sink *sink, void *context)
{
    uint32_t told[TOLD_MOST];
    size_t told_count = 0;
    struct asking asking = {intel, record, counts, sink, context, told, &told_count};
    const struct intel_fields *fields = &intel_fields_of[record->type];
    if (intel->store.count > 0) {
        if (record->type == RECORD_FLOW)
            flow_ask(&asking);
        for (size_t i = 0; i < fields->count; i++)
            field_ask(&asking, &fields->fields[i]);
    }
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
