// SPDX-License-Identifier: Apache-2.0
// Every flow between two segments is held against what may cross. What nothing lets cross is a
// finding; of all the counts are kept as the proof of separation. Servers that nobody registered
// are findings too.
#include "base/alloc.h"
#include "base/map.h"
#include "behaviour/policy.h"
#include "behaviour/seat.h"
#include <stdio.h>

enum { RULE_BYTES = 192, PROOF_LINES = 64 * 1024, PROOF_BYTES = 16 * 1024 * 1024 };

struct separation {
    const struct seat *seat;
    struct map proof; // struct proof_key → struct separation_line
};

struct proof_key {
    uint16_t from, to;
    int32_t line;
};

static void *create(const struct seat *seat)
{
    struct separation *s = base_calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->seat = seat;
    map_init(&s->proof, sizeof(struct separation_line), PROOF_LINES, PROOF_BYTES);
    return s;
}

static void destroy(void *state)
{
    struct separation *s = state;
    map_finish(&s->proof);
    base_free(s);
}

static bool wants(const struct config *config, const struct record *record)
{
    const struct addr *to = &record->head.dest_ip;
    return record->head.src_ip.version && to->version && !addr_is_group(to) &&
           (policy_is_on(config) || config->separation.servers.dns_count ||
               config->separation.servers.dhcp_count || config->separation.servers.mail_count ||
               config->separation.servers.proxy_count ||
               config->separation.servers.directory_count);
}

static bool was_answered(const struct record_flow *flow)
{
    return flow->pkts_toclient > 0;
}

static void tell_crossing(
    struct separation *s, const struct record *record, uint16_t from, uint16_t to)
{
    const struct config *config = s->seat->config;
    bool isolated = policy_is_isolated(config, from) || policy_is_isolated(config, to);
    bool crossed = was_answered(record->body);
    struct bytes a = policy_segment(config, from), b = policy_segment(config, to);
    struct telling telling;
    char rule[RULE_BYTES];
    telling_begin(&telling, "separation.crossing", record,
        isolated ? (crossed ? BYTES("crossed_isolated") : BYTES("tried_isolated"))
                 : (crossed ? BYTES("crossed") : BYTES("tried")));
    int len = snprintf(rule, sizeof rule, "%.*s → %.*s", (int)a.len, (const char *)a.data,
        (int)b.len, (const char *)b.data);
    telling.hit.rule = bytes_make(rule, (size_t)len < sizeof rule ? (size_t)len : sizeof rule - 1);
    telling_text(&telling, "from", a);
    telling_text(&telling, "to", b);
    telling_text(&telling, "service",
        record->head.app_proto.len ? record->head.app_proto : record->head.proto);
    telling_end(&telling, s->seat);
}

static void count(struct separation *s, const struct record *record, const struct proof_key *key)
{
    const struct record_flow *flow = record->body;
    struct separation_line *line = map_add(&s->proof, bytes_make(key, sizeof *key));
    if (!line)
        return; // told by map.refused
    if (line->flows == 0)
        line->first = flow->start;
    line->from = policy_segment(s->seat->config, key->from);
    line->to = policy_segment(s->seat->config, key->to);
    line->allowed = key->line != POLICY_NONE;
    line->line = key->line != POLICY_NONE ? (uint32_t)key->line + 1 : 0;
    line->why = policy_line_why(s->seat->config, key->line);
    line->flows++;
    line->answered += was_answered(flow);
    line->bytes += flow->bytes_toserver + flow->bytes_toclient;
    line->first = flow->start < line->first ? flow->start : line->first;
    line->last = flow->end > line->last ? flow->end : line->last;
}

static void check_crossing(struct separation *s, const struct record *record)
{
    const struct record_head *head = &record->head;
    struct proof_key key;
    memset(&key, 0, sizeof key);
    key.from = segment_find(s->seat->config, &head->src_ip);
    key.to = segment_find(s->seat->config, &head->dest_ip);
    if (key.from == key.to)
        return;
    key.line = policy_line(s->seat->config, record, key.from, key.to);
    count(s, record, &key);
    if (key.line == POLICY_NONE)
        tell_crossing(s, record, key.from, key.to);
}

// ---- servers

struct servers {
    const char *kind;
    const struct addr_range *list;
    size_t count;
};

static struct servers servers_of(const struct config *config, const struct record_head *head)
{
    struct bytes app = head->app_proto;
    if (head->proxy_dest.len || bytes_equal(app, BYTES("socks")))
        return (struct servers){
            "proxy", config->separation.servers.proxy, config->separation.servers.proxy_count};
    if (bytes_equal(app, BYTES("dns")))
        return (struct servers){
            "dns", config->separation.servers.dns, config->separation.servers.dns_count};
    if (bytes_equal(app, BYTES("dhcp")))
        return (struct servers){
            "dhcp", config->separation.servers.dhcp, config->separation.servers.dhcp_count};
    if (bytes_equal(app, BYTES("smtp")))
        return (struct servers){
            "mail", config->separation.servers.mail, config->separation.servers.mail_count};
    if (bytes_equal(app, BYTES("ldap")) || bytes_equal(app, BYTES("krb5")))
        return (struct servers){"directory", config->separation.servers.directory,
            config->separation.servers.directory_count};
    return (struct servers){NULL, NULL, 0};
}

static bool is_registered(const struct servers *servers, const struct addr *addr)
{
    for (size_t i = 0; i < servers->count; i++)
        if (addr_range_has(&servers->list[i], addr))
            return true;
    return servers->count == 0;
}

static void check_server(struct separation *s, const struct record *record)
{
    const struct record_head *head = &record->head;
    struct servers servers = servers_of(s->seat->config, head);
    bool offers = head->has_src_port && head->src_port == 67; // DHCP's servers also speak first
    const struct addr *server = offers ? &head->src_ip : &head->dest_ip;
    if (!servers.kind || is_registered(&servers, server) || !seat_inside(s->seat, server) ||
        (!offers && !was_answered(record->body)))
        return;
    struct telling telling;
    telling_begin(&telling, "separation.server", record, bytes_from_text(servers.kind));
    if (offers)
        telling_of_source(&telling);
    else
        telling_of_dest(&telling);
    telling.hit.rule = bytes_from_text(servers.kind);
    telling_end(&telling, s->seat);
}

static void record(void *state, const struct record *record)
{
    struct separation *s = state;
    if (policy_is_on(s->seat->config))
        check_crossing(s, record);
    check_server(s, record);
}

static int by_names(const struct map_entry *a, const struct map_entry *b)
{
    struct proof_key x, y;
    memcpy(&x, a->key.data, sizeof x);
    memcpy(&y, b->key.data, sizeof y);
    if (x.from != y.from)
        return x.from < y.from ? -1 : 1;
    if (x.to != y.to)
        return x.to < y.to ? -1 : 1;
    return x.line < y.line ? -1 : x.line > y.line;
}

static void prove(void *state, separation_sink *sink, void *context)
{
    struct separation *s = state;
    map_sort(&s->proof, by_names);
    for (size_t i = 0; i < s->proof.count; i++)
        sink(context, s->proof.entries[i]->value);
}

const struct watch separation_watch = {
    .types = (const enum record_type[]){RECORD_FLOW, RECORD_NONE},
    .wants = wants,
    .create = create,
    .record = record,
    .prove = prove,
    .destroy = destroy,
};
