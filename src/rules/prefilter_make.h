// SPDX-License-Identifier: Apache-2.0
// Inside rules/: what the files of the prefilter share.
#pragma once
#include "rules/carrier.h"
#include "rules/match_run.h"
#include "rules/prefilter.h"

enum {
    FAST_BYTES = 16,       // of a pattern: its end. The matcher looks at the rest
    FAST_LEAST = 4,        // and not so much shorter that it is found everywhere
    PORTS_NAMED = 12,      // a rule with more ports is looked for at all of them
    ANYWHERE = UINT16_MAX, // no content behind this has to end before a certain place
    APP_SETS = 64,
    NO_BASE = UINT16_MAX,
    AUTOMATON_LEAST = 100, // patterns of a database for which Vectorscan makes one for short blocks
    AUTOMATON_MOST = 1000,
    BASES_MOST = 16 * 1024,
};

// Where a payload's pattern is looked for.
enum slot { SLOT_ANY, SLOT_APP, SLOT_DST_PORT, SLOT_SRC_PORT };

// A rule's pattern in one of its two worlds: packets and their payload, or transactions.
struct choice {
    const struct rule_group *group;          // NULL: none
    const struct rule_transform *transforms; // what the buffer has to go through to be scanned
    uint8_t transforms_count;
    struct bytes pattern; // at most FAST_BYTES
    uint16_t tail;        // bytes of the content behind the pattern
    uint16_t latest;      // where in the buffer the content ends at the latest; ANYWHERE
    bool nocase;
};

// One database: the patterns of one place, and whose they are.
struct base {
    uint64_t key;
    hs_database_t *hs;
    const struct choice *transformed; // one that has the transforms of this place; NULL: none
    uint32_t *first;                  // of each pattern, and one more: into rules
    uint32_t *rules;
    uint16_t *latest; // of each of `rules`
    uint16_t *tails;  // of each pattern
    uint32_t patterns;
    uint32_t stamps; // number of its first pattern among all bases'
    uint16_t shortest, longest;
    unsigned mode;             // HS_MODE_BLOCK, HS_MODE_VECTORED
    bool packed;               // hs lies there
    const struct base *lender; // whose all of it is: the same rules on the other side; NULL: own
};

// Rules on payload of the same applications ("http" is both versions). Their database holds all
// that may be in such a flow over TCP: rules for any port, and those for the application's own.
struct app_set {
    uint64_t apps;    // bits: enum rule_app
    uint16_t base[2]; // [to_client]
};

// The ports that have a database, in their order: that of ports[i] is bases[first + i].
struct port_bases {
    uint16_t *ports;
    uint16_t first, count;
};

struct base_span {
    uint16_t first, count;
};

struct address_table;

struct rule_prefilter {
    const struct rule_set *set;
    struct choice (*choices)[2]; // of each rule: [0] transactions, [1] payload
    struct base *bases;
    uint32_t bases_count, patterns;
    struct base_span of_buffer[RULE_BUFFERS][2]; // [to_client]; of the payload: with transforms
    uint16_t any[CARRIERS][2];
    struct app_set app_sets[APP_SETS];
    unsigned app_sets_count;
    struct port_bases ports[CARRIERS][2][2]; // [carrier][to_client][0 dst, 1 src]
    struct address_table *addresses;
    hs_scratch_t *prototype;
    char *packed; // all databases in one piece
    struct rule_prefilter_figures figures;
};

static inline bool is_payload_world(enum rule_buffer buffer)
{
    return rule_buffer_infos[buffer].source == BUFFER_OF_PACKET;
}

// Fills choices[...][2] of all rules. False: out of memory.
bool prefilter_choose(struct rule_prefilter *prefilter);

#define BASE_TO_CLIENT (1ULL << 47)

// Key of a place: bases are sorted by it.
static inline uint64_t base_key(enum rule_buffer buffer, bool to_client, uint16_t transforms,
    unsigned carrier, unsigned slot, unsigned value)
{
    return (uint64_t)buffer << 48 | (to_client ? BASE_TO_CLIENT : 0) | (uint64_t)transforms << 32 |
           (uint64_t)carrier << 24 | (uint64_t)slot << 16 | value;
}

// Are rules for that port in the database of these applications?
bool prefilter_is_home(uint64_t apps, uint16_t port);

bool prefilter_bases_make(struct rule_prefilter *prefilter);
void prefilter_bases_free(struct rule_prefilter *prefilter);

[[nodiscard]] struct address_table *address_table_create(const struct rule_set *set);
void address_table_destroy(struct address_table *table);
size_t address_table_bytes(const struct address_table *table);
uint32_t address_table_rules(const struct address_table *table);
bool address_table_has(const struct address_table *table, uint32_t rule);
void address_table_ask(const struct address_table *table, const struct addr *src,
    const struct addr *dst, void (*found)(void *context, uint32_t rule), void *context);
