// SPDX-License-Identifier: Apache-2.0
// From findings to incidents: what belongs together by host, peer and time, how much it weighs,
// and what happened in one sentence. Findings do not alert, incidents do: few and right.
#pragma once
#include "detect/detect.h"

struct incidents;

// config is borrowed. NULL: out of memory.
[[nodiscard]] struct incidents *incidents_create(const struct config *config);
void incidents_destroy(struct incidents *incidents);

// A finding, in any order; copied. False: out of memory, it is left out.
[[nodiscard]] bool incidents_add(struct incidents *incidents, const struct finding *finding);

// All findings are there: put them together. Once. False: out of memory.
[[nodiscard]] bool incidents_settle(struct incidents *incidents);

// Heaviest first, in an order that depends on the findings alone. What an incident points to lives
// until the sink returns.
typedef void incident_sink(void *context, const struct incident *incident);
[[nodiscard]] bool incidents_each(struct incidents *incidents, incident_sink *sink, void *context);

size_t incidents_count(const struct incidents *incidents);

// Findings that are part of no incident, and why.
struct incidents_demoted {
    uint64_t weak;   // they score less than incidents.min_score
    uint64_t common; // found on incidents.common_hosts hosts alike
    uint64_t late;   // more than incidents.max_findings
};
struct incidents_demoted incidents_demoted(const struct incidents *incidents);

// Findings of one of config->exceptions.
struct incidents_excepted {
    uint64_t harmless; // part of no incident
    uint64_t ended;    // they would be, had it not ended before
};
struct incidents_excepted incidents_excepted(const struct incidents *incidents, size_t exception);
