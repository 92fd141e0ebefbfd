// SPDX-License-Identifier: Apache-2.0
// Rogue IPv6 routers (router advertisements, RFC 4861, 4.2): a second router that announces another
// prefix or other DNS servers than the one that was there first, or very many routers at once.
// A pair of routers announces the same.
#include "base/alloc.h"
#include "behaviour/distinct.h"
#include "behaviour/ledger.h"
#include "behaviour/seat.h"

enum { ADVERTISEMENT = 134, PREFIX_BYTES = 48, FLOOD_ROUTERS = 12 };

// What one network, known by its VLAN, has heard.
struct network {
    struct distinct routers, rivals;
    struct addr router, resolver;
    uint8_t prefix_bytes;
    char prefix[PREFIX_BYTES];
    bool told_flood;
    int64_t last_us;
};

struct local_router {
    const struct seat *seat;
    struct ledger *networks;
};

static void *create(const struct seat *seat)
{
    struct local_router *l = base_calloc(1, sizeof *l);
    if (!l)
        return NULL;
    l->seat = seat;
    l->networks = ledger_create_of_sets(sizeof(uint32_t), sizeof(struct network), 2,
        seat->config->behaviours.max_hosts, seat->metrics);
    if (l->networks)
        return l;
    base_free(l);
    return NULL;
}

static void destroy(void *state)
{
    struct local_router *l = state;
    ledger_destroy(l->networks);
    base_free(l);
}

// A router that goes (lifetime 0) offers nothing.
static bool wants(const struct config *, const struct record *record)
{
    const struct record_icmp *icmp = record->body;
    return record->head.src_ip.version == 6 && icmp->type == ADVERTISEMENT &&
           (icmp->lifetime || icmp->prefixes_count || icmp->dns_servers_count);
}

static struct bytes prefix_of(const struct record_icmp *icmp)
{
    return icmp->prefixes_count ? bytes_sub(icmp->prefixes[0].prefix, 0, PREFIX_BYTES)
                                : (struct bytes){NULL, 0};
}

static void remember(struct network *network, const struct record *record)
{
    const struct record_icmp *icmp = record->body;
    struct bytes prefix = prefix_of(icmp);
    network->router = record->head.src_ip;
    network->prefix_bytes = (uint8_t)prefix.len;
    if (prefix.len)
        memcpy(network->prefix, prefix.data, prefix.len);
    network->resolver = icmp->dns_servers_count ? icmp->dns_servers[0] : (struct addr){{0}, 0};
}

static void tell(struct local_router *l, const struct record *record, const char *kind,
    const struct network *network)
{
    const struct record_icmp *icmp = record->body;
    char texts[2][ADDR_TEXT_BYTES];
    struct bytes prefix = prefix_of(icmp);
    struct telling telling;
    telling_begin(&telling, "local.router", record, bytes_from_text(kind));
    telling_of_source(&telling);
    telling.hit.rule = telling.hit.kind;
    telling_text(&telling, "router", bytes_make(texts[0], addr_write(&network->router, texts[0])));
    if (prefix.len)
        telling_text(&telling, "prefix", prefix);
    if (icmp->dns_servers_count)
        telling_text(&telling, "resolver",
            bytes_make(texts[1], addr_write(&icmp->dns_servers[0], texts[1])));
    telling_number(&telling, "routers", distinct_count(&network->routers));
    telling_match(&telling, "icmp.prefixes", prefix);
    telling_end(&telling, l->seat);
}

static bool contradicts(const struct network *network, const struct record_icmp *icmp)
{
    struct bytes prefix = prefix_of(icmp);
    struct bytes known = bytes_make(network->prefix, network->prefix_bytes);
    if (prefix.len && known.len && !bytes_equal(prefix, known))
        return true;
    const struct addr *resolver = icmp->dns_servers_count ? &icmp->dns_servers[0] : NULL;
    return resolver && network->resolver.version &&
           memcmp(resolver, &network->resolver, sizeof *resolver) != 0;
}

static void record(void *state, const struct record *record)
{
    struct local_router *l = state;
    const struct record_head *head = &record->head;
    uint32_t key = head->vlan_count ? head->vlan[0] : 0;
    struct network *network = ledger_entry(l->networks, &key);
    if (!network)
        return;
    int64_t window_us = (int64_t)l->seat->config->behaviours.local.window_us;
    if (!network->last_us || head->timestamp - network->last_us > window_us)
        ledger_clear(l->networks, network);
    network->last_us = head->timestamp;
    struct bytes router = bytes_make(&head->src_ip, sizeof head->src_ip);
    distinct_add(&network->routers, router);
    if (!network->router.version ||
        memcmp(&network->router, &head->src_ip, sizeof head->src_ip) == 0) {
        remember(network, record);
    } else if (distinct_count(&network->routers) >= FLOOD_ROUTERS) {
        if (!network->told_flood)
            tell(l, record, "many", network);
        network->told_flood = true;
    } else if (contradicts(network, record->body) && distinct_add(&network->rivals, router)) {
        tell(l, record, "second", network);
    }
}

const struct watch local_router_watch = {
    .types = (const enum record_type[]){RECORD_ICMP, RECORD_NONE},
    .wants = wants,
    .create = create,
    .record = record,
    .destroy = destroy,
};
