// SPDX-License-Identifier: Apache-2.0
// A second DHCP server (RFC 2131) that says otherwise than the first: it offers other gateways or
// other DNS servers, in the same network or to the same question. Two servers that say the same
// are a pair. Answers are compared with those of the same transaction, and with those that gave
// addresses of the same subnet.
#include "base/alloc.h"
#include "behaviour/ledger.h"
#include "behaviour/seat.h"

// To whom, or into which network, an answer went.
struct answer_key {
    uint32_t vlan;
    uint32_t transaction; // 0 where the network counts
    uint8_t place[8];     // the client's hardware address, or the subnet and its mask
};

struct answer {
    struct addr server, gateway, resolver;
    uint8_t told;
    int64_t last_us;
};

struct local_dhcp {
    const struct seat *seat;
    struct ledger *answers;
};

static void *create(const struct seat *seat)
{
    struct local_dhcp *l = base_calloc(1, sizeof *l);
    if (!l)
        return NULL;
    l->seat = seat;
    l->answers = ledger_create(sizeof(struct answer_key), sizeof(struct answer),
        seat->config->behaviours.max_hosts, seat->metrics);
    if (l->answers)
        return l;
    base_free(l);
    return NULL;
}

static void destroy(void *state)
{
    struct local_dhcp *l = state;
    ledger_destroy(l->answers);
    base_free(l);
}

static bool wants(const struct config *, const struct record *record)
{
    const struct record_dhcp *dhcp = record->body;
    return (bytes_equal(dhcp->dhcp_type, BYTES("offer")) ||
               bytes_equal(dhcp->dhcp_type, BYTES("ack"))) &&
           (dhcp->server_id.version == 4 || record->head.src_ip.version == 4);
}

static bool same(const struct addr *a, const struct addr *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

// Both say something, and not the same.
static bool contradict(const struct addr *a, const struct addr *b)
{
    return a->version && b->version && !same(a, b);
}

static struct answer answer_of(const struct record *record)
{
    const struct record_dhcp *dhcp = record->body;
    struct answer answer = {.last_us = record->head.timestamp};
    answer.server = dhcp->server_id.version ? dhcp->server_id : record->head.src_ip;
    if (dhcp->routers_count)
        answer.gateway = dhcp->routers[0];
    if (dhcp->dns_servers_count)
        answer.resolver = dhcp->dns_servers[0];
    return answer;
}

static void tell(struct local_dhcp *l, const struct record *record, const struct answer *first,
    const struct answer *second)
{
    char texts[4][ADDR_TEXT_BYTES];
    struct telling telling;
    telling_begin(&telling, "local.dhcp", record, BYTES("second"));
    telling.head.src_ip = second->server;
    telling_of_source(&telling);
    telling.hit.rule = telling.hit.kind;
    telling_text(&telling, "server", bytes_make(texts[0], addr_write(&first->server, texts[0])));
    if (contradict(&first->gateway, &second->gateway))
        telling_text(
            &telling, "gateway", bytes_make(texts[1], addr_write(&second->gateway, texts[1])));
    if (contradict(&first->resolver, &second->resolver))
        telling_text(
            &telling, "resolver", bytes_make(texts[2], addr_write(&second->resolver, texts[2])));
    telling_match(
        &telling, "dhcp.server_id", bytes_make(texts[3], addr_write(&second->server, texts[3])));
    telling_end(&telling, l->seat);
}

// The server that was there first is the one that is believed. True: told.
static bool compare(struct local_dhcp *l, const struct record *record, const struct answer_key *key)
{
    struct answer now = answer_of(record);
    struct answer *first = ledger_entry(l->answers, key);
    if (!first)
        return false;
    int64_t window_us = (int64_t)l->seat->config->behaviours.local.window_us;
    if (!first->last_us || now.last_us - first->last_us > window_us) {
        *first = now;
        return false;
    }
    if (same(&first->server, &now.server)) {
        uint8_t told = first->told;
        *first = now;
        first->told = told;
        return false;
    }
    if (first->told || (!contradict(&first->gateway, &now.gateway) &&
                           !contradict(&first->resolver, &now.resolver)))
        return false;
    first->told = 1;
    tell(l, record, first, &now);
    return true;
}

static void record(void *state, const struct record *record)
{
    struct local_dhcp *l = state;
    const struct record_dhcp *dhcp = record->body;
    struct answer_key key = {.vlan = record->head.vlan_count ? record->head.vlan[0] : 0};
    struct answer_key network = key;
    key.transaction = dhcp->id;
    memcpy(key.place, dhcp->client_mac.data,
        dhcp->client_mac.len < sizeof key.place ? dhcp->client_mac.len : sizeof key.place);
    if (compare(l, record, &key) || !dhcp->assigned_ip.version || !dhcp->subnet_mask.version)
        return;
    for (size_t i = 0; i < 4; i++) {
        network.place[i] = dhcp->assigned_ip.bytes[i] & dhcp->subnet_mask.bytes[i];
        network.place[i + 4] = dhcp->subnet_mask.bytes[i];
    }
    compare(l, record, &network);
}

const struct watch local_dhcp_watch = {
    .types = (const enum record_type[]){RECORD_DHCP, RECORD_NONE},
    .wants = wants,
    .create = create,
    .record = record,
    .destroy = destroy,
};
