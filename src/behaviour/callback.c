// SPDX-License-Identifier: Apache-2.0
// A host that does what a lookup sent to it says ("${jndi:ldap://PLACE/a}", Log4Shell): soon it
// calls PLACE. Lookups of Java show by themselves as well: a search of LDAP below a name that is
// none (RFC 4514), an answer that carries Java objects (RFC 2713), a class that Java fetches.
// What was asked of the host is told when it was answered, so calls may be told before it.
#include "base/alloc.h"
#include "behaviour/ledger.h"
#include "behaviour/seat.h"
#include "behaviour/web_text.h"
#include "behaviour/words.h"

enum { SOON_US = 600'000'000 };

enum kind { CALLED, OBJECT, CLASS, KINDS };

static const char *const kinds[KINDS] = {"called", "object", "class"};

struct target {
    int64_t ordered_us, looked_up_us; // 0: never
    struct addr by, place;            // who sent the lookup; where it leads, if that is an address
    struct addr looked_up;            // whom the host asked for a name that is none
    int64_t told_us[KINDS];
};

struct callbacks {
    const struct seat *seat;
    struct ledger *targets; // by host
    struct web_text text;
};

static void destroy(void *state)
{
    struct callbacks *c = state;
    ledger_destroy(c->targets);
    base_free(c);
}

static void *create(const struct seat *seat)
{
    struct callbacks *c = base_calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->seat = seat;
    c->targets = ledger_create(sizeof(struct addr), sizeof(struct target),
        seat->config->behaviours.max_hosts, seat->metrics);
    if (c->targets)
        return c;
    base_free(c);
    return NULL;
}

// ---- what records show

static bool may_hold_lookup(struct bytes text)
{
    static const char *const opens[] = {"${", "$%7", "%24%7", "%24{", NULL};
    for (const char *const *open = opens; *open; open++)
        if (bytes_find(text, bytes_from_text(*open)) != BYTES_NOT_FOUND)
            return true;
    return false;
}

static bool holds_lookup(const struct record *record)
{
    const struct record_http *http = record->body;
    return may_hold_lookup(http->url) || may_hold_lookup(http->http_user_agent) ||
           may_hold_lookup(http->http_refer) || may_hold_lookup(http->xff) ||
           (may_hold_lookup(record->aside) && words_hold(record->aside, "ndi"));
}

static bool is_class_fetched(const struct record_http *http)
{
    struct bytes path = bytes_sub(http->url, 0, bytes_find_byte(http->url, '?'));
    return http->status == 200 && bytes_start_with(http->http_user_agent, BYTES("Java/")) &&
           words_end_with(path, ".class");
}

// "a", "Basic/Command/…": no distinguished name.
static bool is_lookup(const struct record_ldap *ldap)
{
    struct bytes base = ldap->request.search_request.base_object;
    return ldap->has_request && ldap->request.has_search_request && base.len > 0 &&
           bytes_find_byte(base, '=') == BYTES_NOT_FOUND;
}

static bool is_object(const struct record_ldap *ldap)
{
    for (size_t i = 0; i < ldap->responses_count; i++) {
        const struct record_ldap_response *answer = &ldap->responses[i];
        for (size_t k = 0; k < answer->search_result_entry.attributes_count; k++)
            if (bytes_start_with_nocase(
                    answer->search_result_entry.attributes[k].type, BYTES("java")))
                return true;
    }
    return false;
}

static bool wants(const struct config *, const struct record *record)
{
    if (record->type == RECORD_HTTP)
        return is_class_fetched(record->body) || holds_lookup(record);
    if (record->type == RECORD_LDAP)
        return is_lookup(record->body) || is_object(record->body);
    return bytes_equal(record->head.proto, BYTES("TCP"));
}

// ---- what it comes to

static bool is_soon(int64_t then_us, int64_t now_us)
{
    int64_t gap_us = now_us > then_us ? now_us - then_us : then_us - now_us;
    return then_us != 0 && gap_us <= SOON_US;
}

static void tell(struct callbacks *c, const struct record *record, const struct addr *host,
    const struct addr *place, struct target *target, enum kind kind)
{
    struct telling telling;
    char by[ADDR_TEXT_BYTES];
    if (is_soon(target->told_us[kind], record->head.timestamp))
        return;
    target->told_us[kind] = record->head.timestamp;
    telling_begin(&telling, "web.callback", record, bytes_from_text(kinds[kind]));
    telling.hit.rule = telling.hit.kind;
    telling.head.src_ip = *host;
    telling.head.dest_ip = *place;
    telling.head.has_src_port = telling.head.has_dest_port = false;
    if (is_soon(target->ordered_us, record->head.timestamp))
        telling_text(&telling, "sender", bytes_make(by, addr_write(&target->by, by)));
    telling_end(&telling, c->seat);
}

// PLACE of "jndi:PROTOCOL://PLACE:PORT/NAME", read as Log4j reads it.
static bool find_place(struct callbacks *c, struct bytes text, struct addr *place)
{
    struct bytes none = {NULL, 0};
    web_text_clear(&c->text);
    if (!may_hold_lookup(text) || !web_text_take(&c->text, none, &text))
        return false;
    struct bytes line = web_text_add(&c->text, none, text, WEB_AS_IS);
    size_t at = 0;
    while (at < line.len && !bytes_start_with_nocase(bytes_from(line, at), BYTES("jndi:")))
        at++;
    line = bytes_from(line, at);
    size_t slashes = bytes_find(line, BYTES("//"));
    line = slashes == BYTES_NOT_FOUND ? none : bytes_from(line, slashes + 2);
    size_t end = 0;
    while (end < line.len && !memchr(":/}?# ", line.data[end], 6))
        end++;
    return addr_parse(bytes_sub(line, 0, end), place);
}

static void see_order(struct callbacks *c, const struct record *record)
{
    const struct record_http *http = record->body;
    const struct bytes texts[] = {http->url, http->http_user_agent, http->http_refer, http->xff};
    struct target *target = ledger_entry(c->targets, &record->head.dest_ip);
    if (!target)
        return;
    target->ordered_us = record->head.timestamp;
    target->by = record->head.src_ip;
    target->place = (struct addr){.version = 0};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (find_place(c, texts[i], &target->place))
            break;
    bool known = target->place.version != 0;
    if (is_soon(target->looked_up_us, target->ordered_us) &&
        (!known || addr_same(&target->looked_up, &target->place)))
        tell(c, record, &record->head.dest_ip, &target->looked_up, target, CALLED);
}

static void see_ldap(struct callbacks *c, const struct record *record)
{
    const struct record_head *head = &record->head;
    struct target *target = ledger_entry(c->targets, &head->src_ip);
    if (!target)
        return;
    if (is_object(record->body))
        tell(c, record, &head->src_ip, &head->dest_ip, target, OBJECT);
    target->looked_up_us = head->timestamp;
    target->looked_up = head->dest_ip;
    if (is_soon(target->ordered_us, head->timestamp))
        tell(c, record, &head->src_ip, &head->dest_ip, target, CALLED);
}

static void see_class(struct callbacks *c, const struct record *record)
{
    const struct record_head *head = &record->head;
    struct target *target = ledger_find(c->targets, &head->src_ip);
    if (target && (is_soon(target->ordered_us, head->timestamp) ||
                      is_soon(target->looked_up_us, head->timestamp)))
        tell(c, record, &head->src_ip, &head->dest_ip, target, CLASS);
}

static void see_flow(struct callbacks *c, const struct record *record)
{
    const struct record_head *head = &record->head;
    struct target *target =
        ledger_count(c->targets) ? ledger_find(c->targets, &head->src_ip) : NULL;
    if (target && target->place.version && addr_same(&target->place, &head->dest_ip) &&
        is_soon(target->ordered_us, head->timestamp))
        tell(c, record, &head->src_ip, &head->dest_ip, target, CALLED);
}

static void record(void *state, const struct record *record)
{
    if (record->type == RECORD_FLOW)
        see_flow(state, record);
    else if (record->type == RECORD_LDAP)
        see_ldap(state, record);
    else if (is_class_fetched(record->body))
        see_class(state, record);
    else
        see_order(state, record);
}

const struct watch callback_watch = {
    .types = (const enum record_type[]){RECORD_HTTP, RECORD_LDAP, RECORD_FLOW, RECORD_NONE},
    .wants = wants,
    .create = create,
    .record = record,
    .destroy = destroy,
};
