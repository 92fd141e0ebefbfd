// SPDX-License-Identifier: Apache-2.0
// Rules that ask for nothing but addresses: lists of exit nodes, of controllers, of bad networks,
// thousands of addresses in a thousand rules. All of them together are one sorted list of borders;
// between two of them the same rules hold. IPv4 addresses stand among IPv6's, as ::ffff:0:0/96.
#include "base/alloc.h"
#include "rules/prefilter_make.h"
#include <stdlib.h>

typedef unsigned __int128 place; // an address

enum {
    NETS = 1 << 16,
    ACTIVE_MOST = 256, // rules that hold for one address; further ones are tried always
    WIDE_BITS = 26,    // a rule for more IPv4 addresses than this says is tried always
    MAPPED_BITS = 32,
};

struct role { // the rules that are looked for by source, or by destination
    place *borders;
    uint32_t *first; // of each border: into rules; one more
    uint32_t *rules;
    size_t borders_count, rules_count, rules_room;
    uint32_t *nets;           // of each /16 of IPv4, and one more: its first border
    uint64_t held[NETS / 64]; // a bit for each /16 of IPv4: rules hold somewhere in it
};

struct address_table {
    const struct rule_set *set;
    struct role roles[2]; // [0] source, [1] destination
    uint32_t *wide;
    uint32_t wide_count, count;
    uint64_t *marked;  // a bit for each rule in the table
    uint64_t *is_wide; // and for each in `wide`
};

// A range of a rule begins, or the first address behind it.
struct border {
    place at;
    uint32_t rule;
    bool begins;
};

struct borders {
    struct border *list;
    size_t count, room;
};

static place place4(uint32_t v4)
{
    return (place)0xffff << MAPPED_BITS | v4;
}

static place place6(const uint8_t raw[16])
{
    place value = 0;
    for (int i = 0; i < 16; i++)
        value = value << 8 | raw[i];
    return value;
}

static place place_of(const struct addr *a)
{
    if (a->version == 6)
        return place6(a->bytes);
    return place4((uint32_t)a->bytes[0] << 24 | (uint32_t)a->bytes[1] << 16 |
                  (uint32_t)a->bytes[2] << 8 | a->bytes[3]);
}

static bool only_writes(const struct rule_condition *condition)
{
    switch (condition->on) {
    case RULE_ON_flowbits:
    case RULE_ON_xbits:
    case RULE_ON_hostbits:
        return condition->is.bits.command == BIT_SET || condition->is.bits.command == BIT_UNSET ||
               condition->is.bits.command == BIT_TOGGLE;
    default: return false;
    }
}

static bool by_address(const struct rule *rule)
{
    const struct rule_header *h = rule->header;
    if (rule->groups_count || rule->flow || h->apps || h->sport || h->dport || h->layer ||
        h->hook.at || (!h->src && !h->dst) || h->direction == RULE_TRANSACTION)
        return false;
    for (uint16_t i = 0; i < rule->conditions_count; i++)
        if (!only_writes(&rule->conditions[i]))
            return false;
    return true;
}

// How many addresses, IPv6 networks counted by their upper half.
static double size_of(const struct rule_addresses *set)
{
    if (!set)
        return 1e30;
    double sum = 0;
    for (uint32_t i = 0; i < set->v4_count; i++)
        sum += (double)(set->v4[i].high - set->v4[i].low) + 1;
    for (uint32_t i = 0; i < set->v6_count; i++)
        sum += (double)((place6(set->v6[i].high) - place6(set->v6[i].low)) >> 64) + 1;
    return sum;
}

static bool border_add(struct borders *b, place low, place high, uint32_t rule)
{
    if (b->room - b->count < 2) {
        size_t room = b->room ? b->room * 2 : 1024;
        struct border *list = base_realloc(b->list, room * sizeof *list);
        if (!list)
            return false;
        b->list = list;
        b->room = room;
    }
    b->list[b->count++] = (struct border){low, rule, true};
    if (high != ~(place)0)
        b->list[b->count++] = (struct border){high + 1, rule, false};
    return true;
}

static bool borders_of(struct borders *b, const struct rule_addresses *set, uint32_t rule)
{
    for (uint32_t i = 0; i < set->v4_count; i++)
        if (!border_add(b, place4(set->v4[i].low), place4(set->v4[i].high), rule))
            return false;
    for (uint32_t i = 0; i < set->v6_count; i++)
        if (!border_add(b, place6(set->v6[i].low), place6(set->v6[i].high), rule))
            return false;
    return true;
}

static int border_compare(const void *left, const void *right)
{
    const struct border *a = left, *b = right;
    if (a->at != b->at)
        return a->at < b->at ? -1 : 1;
    return (a->begins > b->begins) - (a->begins < b->begins); // ends first
}

static bool role_room(struct role *role, size_t more)
{
    if (role->rules_room - role->rules_count >= more)
        return true;
    size_t room = role->rules_room * 2 + more + 1024;
    uint32_t *rules = base_realloc(role->rules, room * sizeof *rules);
    if (!rules)
        return false;
    role->rules = rules;
    role->rules_room = room;
    return true;
}

struct active {
    uint32_t rules[ACTIVE_MOST];
    size_t count;
};

static void active_drop(struct active *active, uint32_t rule)
{
    for (size_t i = 0; i < active->count; i++)
        if (active->rules[i] == rule) {
            active->rules[i] = active->rules[--active->count];
            return;
        }
}

static void wide_add(struct address_table *t, uint32_t rule)
{
    uint64_t bit = 1ULL << rule % 64;
    if (!(t->is_wide[rule / 64] & bit))
        t->wide[t->wide_count++] = rule;
    t->is_wide[rule / 64] |= bit;
}

static void apply(struct address_table *t, struct active *active, const struct border *border)
{
    if (!border->begins)
        active_drop(active, border->rule);
    else if (active->count < ACTIVE_MOST)
        active->rules[active->count++] = border->rule;
    else
        wide_add(t, border->rule);
}

// Borders at or before an address, of those from `low` on.
static size_t borders_to(const struct role *role, place at, size_t low, size_t high)
{
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (role->borders[middle] <= at)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

// So that nearly every address of IPv4 is found among a few borders.
static bool nets_make(struct role *role)
{
    role->nets = base_calloc(NETS + 1, sizeof *role->nets);
    for (uint32_t net = 0, at = 0; role->nets && net <= NETS; net++) {
        place start = place4(0) + ((place)net << 16);
        while (at < role->borders_count && role->borders[at] < start)
            at++;
        role->nets[net] = at;
    }
    for (uint32_t net = 0; role->nets && net < NETS; net++) {
        uint32_t at = role->nets[net];
        bool goes_on = at > 0 && role->first[at - 1] < role->first[at];
        if (goes_on || at < role->nets[net + 1])
            role->held[net / 64] |= 1ULL << net % 64;
    }
    return role->nets != NULL;
}

static bool may_hold(const struct role *role, const struct addr *address)
{
    uint32_t net = (uint32_t)address->bytes[0] << 8 | address->bytes[1];
    return address->version != 4 || (role->held[net / 64] >> net % 64 & 1);
}

static size_t borders_before(const struct role *role, const struct addr *address)
{
    place at = place_of(address);
    if (address->version != 4)
        return borders_to(role, at, 0, role->borders_count);
    uint32_t net = (uint32_t)address->bytes[0] << 8 | address->bytes[1];
    return borders_to(role, at, role->nets[net], role->nets[net + 1]);
}

// From one border to the next, with what holds between them.
static bool role_make(struct address_table *t, struct role *role, struct borders *b)
{
    struct active active = {.count = 0};
    if (b->count)
        qsort(b->list, b->count, sizeof *b->list, border_compare);
    role->borders = base_calloc(b->count + 1, sizeof *role->borders);
    role->first = base_calloc(b->count + 2, sizeof *role->first);
    if (!role->borders || !role->first)
        return false;
    for (size_t i = 0; i < b->count;) {
        place at = b->list[i].at;
        for (; i < b->count && b->list[i].at == at; i++)
            apply(t, &active, &b->list[i]);
        if (!role_room(role, active.count))
            return false;
        role->borders[role->borders_count] = at;
        role->first[role->borders_count++] = (uint32_t)role->rules_count;
        memcpy(&role->rules[role->rules_count], active.rules, active.count * sizeof(uint32_t));
        role->rules_count += active.count;
    }
    role->first[role->borders_count] = (uint32_t)role->rules_count;
    return nets_make(role);
}

static bool rule_add(struct address_table *t, struct borders borders[2], const struct rule *rule)
{
    const struct rule_header *h = rule->header;
    double src = size_of(h->src), dst = size_of(h->dst);
    bool to_dst = dst < src;
    t->marked[rule->index / 64] |= 1ULL << rule->index % 64;
    t->count++;
    if ((to_dst ? dst : src) > (double)(1ULL << WIDE_BITS)) {
        wide_add(t, rule->index);
        return true;
    }
    const struct rule_addresses *set = to_dst ? h->dst : h->src;
    if (!borders_of(&borders[to_dst], set, rule->index))
        return false;
    return h->direction != RULE_BOTH_WAYS || borders_of(&borders[!to_dst], set, rule->index);
}

struct address_table *address_table_create(const struct rule_set *set)
{
    struct address_table *t = base_calloc(1, sizeof *t);
    if (!t)
        return NULL;
    struct borders borders[2] = {{.list = NULL}};
    t->set = set;
    t->marked = base_calloc(set->rules_count / 64 + 1, sizeof *t->marked);
    t->is_wide = base_calloc(set->rules_count / 64 + 1, sizeof *t->is_wide);
    t->wide = base_calloc(set->rules_count + 1, sizeof *t->wide);
    bool ok = t->marked && t->is_wide && t->wide;
    for (uint32_t i = 0; ok && i < set->rules_count; i++)
        if (by_address(&set->rules[i]))
            ok = rule_add(t, borders, &set->rules[i]);
    for (int i = 0; ok && i < 2; i++)
        ok = role_make(t, &t->roles[i], &borders[i]);
    base_free(borders[0].list);
    base_free(borders[1].list);
    if (ok)
        return t;
    address_table_destroy(t);
    return NULL;
}

void address_table_destroy(struct address_table *t)
{
    if (!t)
        return;
    for (int i = 0; i < 2; i++) {
        base_free(t->roles[i].borders);
        base_free(t->roles[i].first);
        base_free(t->roles[i].nets);
        base_free(t->roles[i].rules);
    }
    base_free(t->wide);
    base_free(t->marked);
    base_free(t->is_wide);
    base_free(t);
}

size_t address_table_bytes(const struct address_table *t)
{
    size_t sum = sizeof *t + (size_t)t->set->rules_count * sizeof *t->wide;
    for (int i = 0; i < 2; i++)
        sum += NETS * sizeof(uint32_t) +
               t->roles[i].borders_count * (sizeof(place) + sizeof(uint32_t)) +
               t->roles[i].rules_room * sizeof(uint32_t);
    return sum;
}

uint32_t address_table_rules(const struct address_table *t)
{
    return t->count;
}

bool address_table_has(const struct address_table *t, uint32_t rule)
{
    return t->marked[rule / 64] >> rule % 64 & 1;
}

// The other address of the header, and in a rule for both ways either order.
static bool fits(const struct rule *rule, const struct addr *src, const struct addr *dst)
{
    const struct rule_header *h = rule->header;
    if (rule_addresses_has(h->src, src) && rule_addresses_has(h->dst, dst))
        return true;
    return h->direction == RULE_BOTH_WAYS && rule_addresses_has(h->src, dst) &&
           rule_addresses_has(h->dst, src);
}

void address_table_ask(const struct address_table *t, const struct addr *src,
    const struct addr *dst, void (*found)(void *context, uint32_t rule), void *context)
{
    for (int i = 0; i < 2; i++) {
        const struct role *role = &t->roles[i];
        size_t low = may_hold(role, i ? dst : src) ? borders_before(role, i ? dst : src) : 0;
        if (low == 0)
            continue;
        for (uint32_t r = role->first[low - 1]; r < role->first[low]; r++)
            if (fits(&t->set->rules[role->rules[r]], src, dst))
                found(context, role->rules[r]);
    }
    for (uint32_t i = 0; i < t->wide_count; i++)
        if (fits(&t->set->rules[t->wide[i]], src, dst))
            found(context, t->wide[i]);
}
