// SPDX-License-Identifier: Apache-2.0
// ARP spoofing (RFC 826, 5227): a hardware address says it has an IP address that is another's. It
// shows when the address goes back and forth between two hardware addresses, both of which say it
// is theirs, and when replies that nobody asked for go on and on to one host while their sender has
// another address as well. A host that takes over an address once, and announces that to all, is
// a spare or a new lease. Virtual routers' addresses (VRRP, HSRP, GLBP, CARP) wander by design.
#include "base/alloc.h"
#include "behaviour/ledger.h"
#include "behaviour/seat.h"
#include <stdio.h>

enum {
    MAC_BYTES = 6,
    MAC_TEXT_BYTES = 18,
    RETURNS = 2,               // of an address to who had it before; one of them has others too
    LONE_RETURNS = 5,          // the same where neither has
    ASKED_US = 30 * 1'000'000, // how long a request waits for its reply
};

struct mac {
    uint8_t bytes[MAC_BYTES];
};

// Who says that it has an address.
struct holder {
    struct mac now, before;
    uint32_t returns, told;
    int64_t first_us, last_us;
};

// What a hardware address says it has: first of all its own.
struct home {
    struct addr own;
    bool has_others;
    int64_t last_us;
};

struct claim_key {
    struct mac mac;
    uint8_t to[4], of[4]; // who is told whose address; `of` alone: asked by `to`
};

struct claim {
    uint32_t unasked, told;
    int64_t first_us, last_us;
};

struct local_arp {
    const struct seat *seat;
    struct ledger *holders, *homes, *claims, *asked;
};

static void destroy(void *state)
{
    struct local_arp *l = state;
    ledger_destroy(l->holders);
    ledger_destroy(l->homes);
    ledger_destroy(l->claims);
    ledger_destroy(l->asked);
    base_free(l);
}

static void *create(const struct seat *seat)
{
    struct local_arp *l = base_calloc(1, sizeof *l);
    size_t most = seat->config->behaviours.max_hosts;
    if (!l)
        return NULL;
    l->seat = seat;
    l->holders = ledger_create(sizeof(struct addr), sizeof(struct holder), most, seat->metrics);
    l->homes = ledger_create(sizeof(struct mac), sizeof(struct home), most, seat->metrics);
    l->claims = ledger_create(sizeof(struct claim_key), sizeof(struct claim), most, seat->metrics);
    l->asked = ledger_create(sizeof(struct claim_key), sizeof(int64_t), most, seat->metrics);
    if (l->holders && l->homes && l->claims && l->asked)
        return l;
    destroy(l);
    return NULL;
}

static bool mac_is(const struct mac *a, const struct mac *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

// Those of virtual routers: VRRP and CARP, HSRP 1 and 2, GLBP, NLB's unicast.
static bool is_virtual(const uint8_t *mac)
{
    static const uint8_t prefixes[][4] = {{0x00, 0x00, 0x5e, 0x00}, {0x00, 0x00, 0x0c, 0x07},
        {0x00, 0x00, 0x0c, 0x9f}, {0x00, 0x07, 0xb4, 0x00}};
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (memcmp(mac, prefixes[i], sizeof *prefixes) == 0)
            return true;
    return mac[0] == 0x02 && mac[1] == 0xbf;
}

static bool wants(const struct config *, const struct record *record)
{
    const struct record_arp *arp = record->body;
    static const uint8_t nobody[4];
    return arp->src_mac.len == MAC_BYTES && arp->src_ip.version == 4 && arp->dest_ip.version == 4 &&
           memcmp(arp->src_ip.bytes, nobody, sizeof nobody) != 0 && !is_virtual(arp->src_mac.data);
}

static struct bytes mac_text(const struct mac *mac, char out[MAC_TEXT_BYTES])
{
    const uint8_t *b = mac->bytes;
    int len = snprintf(
        out, MAC_TEXT_BYTES, "%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3], b[4], b[5]);
    return bytes_make(out, (size_t)len);
}

// The finding is about the address the liar had first, where that is another one than it claims.
static void tell(struct local_arp *l, const struct record *record, const char *kind,
    const struct mac *liar, const struct mac *other, int64_t began_us, uint32_t times)
{
    const struct record_arp *arp = record->body;
    char macs[2][MAC_TEXT_BYTES], address[ADDR_TEXT_BYTES];
    const struct home *home = ledger_find(l->homes, liar);
    struct telling telling;
    telling_begin(&telling, "local.arp", record, bytes_from_text(kind));
    if (home)
        telling.head.src_ip = home->own;
    telling_of_source(&telling);
    telling.hit.began_us = began_us;
    telling.hit.rule = telling.hit.kind;
    telling_text(&telling, "address", bytes_make(address, addr_write(&arp->src_ip, address)));
    telling_text(&telling, "mac", mac_text(liar, macs[0]));
    if (other)
        telling_text(&telling, "owner", mac_text(other, macs[1]));
    telling_number(&telling, "times", times);
    telling_match(&telling, "arp.src_mac", mac_text(liar, macs[0]));
    telling_end(&telling, l->seat);
}

// Also what was never seen.
static bool is_old(const struct local_arp *l, int64_t now_us, int64_t last_us)
{
    return !last_us || now_us - last_us > (int64_t)l->seat->config->behaviours.local.window_us;
}

// Does the sender have other addresses than this one?
static bool has_others(struct local_arp *l, const struct mac *mac, const struct record *record)
{
    const struct record_arp *arp = record->body;
    int64_t now_us = record->head.timestamp;
    struct home *home = ledger_entry(l->homes, mac);
    if (!home)
        return false;
    if (is_old(l, now_us, home->last_us))
        *home = (struct home){.own = arp->src_ip};
    home->last_us = now_us;
    home->has_others |= memcmp(&home->own, &arp->src_ip, sizeof home->own) != 0;
    return home->has_others;
}

// The one of two that lies is the one that has other addresses too.
static void hold(struct local_arp *l, const struct record *record, const struct mac *mac)
{
    const struct record_arp *arp = record->body;
    int64_t now_us = record->head.timestamp;
    struct holder *holder = ledger_entry(l->holders, &arp->src_ip);
    if (!holder)
        return;
    if (is_old(l, now_us, holder->last_us))
        *holder = (struct holder){.now = *mac, .first_us = now_us};
    holder->last_us = now_us;
    if (mac_is(&holder->now, mac))
        return;
    holder->returns += mac_is(&holder->before, mac);
    holder->before = holder->now;
    holder->now = *mac;
    const struct home *homes[] = {
        ledger_find(l->homes, &holder->before), ledger_find(l->homes, mac)};
    bool before = homes[0] && homes[0]->has_others;
    bool now = homes[1] && homes[1]->has_others;
    uint32_t enough = before || now ? RETURNS : LONE_RETURNS;
    if (holder->returns < enough || holder->returns < 2 * holder->told)
        return;
    holder->told = holder->returns;
    tell(l, record, "moved", before ? &holder->before : mac, before ? mac : &holder->before,
        holder->first_us, holder->returns);
}

static struct claim_key key_of(const struct mac *mac, const struct addr *to, const struct addr *of)
{
    struct claim_key key = {.mac = *mac};
    memcpy(key.to, to->bytes, sizeof key.to);
    memcpy(key.of, of->bytes, sizeof key.of);
    return key;
}

static void ask(struct local_arp *l, const struct record *record)
{
    const struct record_arp *arp = record->body;
    struct claim_key key = key_of(&(struct mac){{0}}, &arp->src_ip, &arp->dest_ip);
    int64_t *asked = ledger_entry(l->asked, &key);
    if (asked)
        *asked = record->head.timestamp;
}

static bool was_asked(const struct local_arp *l, const struct record *record)
{
    const struct record_arp *arp = record->body;
    struct claim_key key = key_of(&(struct mac){{0}}, &arp->dest_ip, &arp->src_ip);
    const int64_t *asked = ledger_find(l->asked, &key);
    return asked && record->head.timestamp - *asked <= ASKED_US;
}

static void reply(
    struct local_arp *l, const struct record *record, const struct mac *mac, bool others)
{
    const struct record_arp *arp = record->body;
    int64_t now_us = record->head.timestamp;
    if (arp->gratuitous || was_asked(l, record))
        return;
    struct claim_key key = key_of(mac, &arp->dest_ip, &arp->src_ip);
    struct claim *claim = ledger_entry(l->claims, &key);
    if (!claim)
        return;
    if (is_old(l, now_us, claim->last_us))
        *claim = (struct claim){.first_us = now_us};
    claim->last_us = now_us;
    claim->unasked++;
    uint64_t threshold = l->seat->config->behaviours.local.replies;
    if (!others || claim->unasked < threshold || claim->unasked < 2 * claim->told)
        return;
    claim->told = claim->unasked;
    tell(l, record, "unasked", mac, NULL, claim->first_us, claim->unasked);
}

static void record(void *state, const struct record *record)
{
    struct local_arp *l = state;
    const struct record_arp *arp = record->body;
    struct mac mac;
    memcpy(mac.bytes, arp->src_mac.data, sizeof mac.bytes);
    bool others = has_others(l, &mac, record);
    hold(l, record, &mac);
    if (bytes_equal(arp->opcode, BYTES("request")))
        ask(l, record);
    else if (bytes_equal(arp->opcode, BYTES("reply")))
        reply(l, record, &mac, others);
}

const struct watch local_arp_watch = {
    .types = (const enum record_type[]){RECORD_ARP, RECORD_NONE},
    .wants = wants,
    .create = create,
    .record = record,
    .destroy = destroy,
};
