// SPDX-License-Identifier: Apache-2.0
// Inside correlate/: findings as they are kept, and the incidents made of them.
#pragma once
#include "base/arena.h"
#include "base/map.h"
#include "correlate/correlate.h"
#include "schema/hit.h"

enum {
    PHASES = PHASE_DATA_EXFILTRATION + 1,
    STATEMENT_ID = 20,
    STATEMENT_TECHNIQUES = HIT_TECHNIQUES,
    INCIDENT_HOSTS = 64,
    INCIDENT_FINDINGS = 64,
    INCIDENT_STEPS = 32,
    INCIDENT_TECHNIQUES = 32,
    INCIDENT_REASONS = 8,
};

// A host, by address or name.
struct host_key {
    struct addr address; // version 0: by name
    uint64_t name;       // its hash; 0: by address
};

// What is kept of a finding. Texts live as long as the incidents.
struct statement {
    int64_t first_us, last_us;
    double weight; // 0 to 1: how much it says that something is wrong
    enum severity severity;
    enum phase phase;
    uint8_t certainty;
    bool common; // found on many hosts alike
    bool peer_inside;
    struct finding_entity subject, peer;
    struct host_key host, other; // of subject and peer
    struct bytes id, detector, rule, kind, phase_id;
    struct finding_words title, advice, phase_name;
    struct bytes techniques[STATEMENT_TECHNIQUES];
    size_t techniques_count;
    uint32_t group; // index of a statement of its group; its own: it stands for the group
};

// One incident: statements[from .. from + count) of the order in struct incidents.
struct cluster {
    uint32_t from, count;
    uint8_t score;
    int64_t first_us;
    struct bytes id;
};

struct incidents {
    const struct config *config;
    struct pool pool;
    struct arena memory;
    struct statement *statements;
    size_t count, room;
    uint32_t *order; // statements by group, in each by time
    struct cluster *clusters;
    size_t clusters_count;
    struct incidents_demoted demoted;
    struct incidents_excepted *excepted; // one for each of config->exceptions
};

// A copy of a finding. False: out of memory.
bool statement_fill(struct arena *memory, const struct finding *finding, struct statement *out);

// Put statements that belong together into one group. False: out of memory.
bool statements_group(struct incidents *incidents);

// How much statements of a group say together, 0 to 100.
struct score {
    const struct statement *heaviest;
    uint32_t points, others, phases, hosts, sources; // parts that others than the heaviest add
    uint32_t kinds, phases_count, hosts_count;
    uint32_t actors_count; // hosts that findings are about, without those things were done to
};
void score_of(const struct incidents *incidents, const struct cluster *cluster, struct score *out);

// Everything an incident says; texts live in the arena.
void incident_fill(const struct incidents *incidents, const struct cluster *cluster,
    struct arena *arena, struct incident *out);

static inline const struct statement *cluster_at(
    const struct incidents *incidents, const struct cluster *cluster, size_t i)
{
    return &incidents->statements[incidents->order[cluster->from + i]];
}

static inline bool host_same(const struct host_key *a, const struct host_key *b)
{
    return memcmp(&a->address, &b->address, sizeof a->address) == 0 && a->name == b->name;
}
