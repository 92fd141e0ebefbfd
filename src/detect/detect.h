// SPDX-License-Identifier: Apache-2.0
// From hits to findings: what a detector saw becomes a statement about a host, in words for people.
// Hits that tell of the same thing (detector, rule, subject, peer) within a time are one finding.
// One thread owns the findings of a run; the same hits in the same order give the same findings.
#pragma once
#include "schema/config.h"
#include "schema/findings.h"
#include "schema/hit.h"
#include "schema/metrics.h"
#include "schema/text.h"

struct findings;

enum { FINDINGS_RULE = 32 }; // "gid:sid"

// A finding with its texts; everything it points to lives until the sink returns.
typedef void finding_sink(void *context, const struct finding *finding);

// early: gets findings that are given away before the end because too many are open
// (findings.max_open, findings.memory); counted in metrics. NULL: out of memory.
[[nodiscard]] struct findings *findings_create(
    const struct config *config, struct metrics *metrics, finding_sink *early, void *context);
void findings_destroy(struct findings *findings);

// Make a hit part of a finding. Returns it as EVE's alert (empty where the hit is quiet), until the
// next call; NULL: out of memory.
const struct record_alert *findings_add(struct findings *findings, const struct hit *hit);

// An alert that stands in a log, as a hit: another product's, or one of ours. It is not written
// again. Slices point into the record.
void findings_hit_of_alert(
    const struct record *record, struct hit *hit, struct hit_alert *said, char rule[FINDINGS_RULE]);

enum findings_order {
    FINDINGS_BY_TIME,  // of their first record
    FINDINGS_BY_WEIGHT // worst and surest first
};

// All that are open, in an order that depends on nothing but them. False: out of memory.
[[nodiscard]] bool findings_each(
    struct findings *findings, enum findings_order order, finding_sink *sink, void *context);

// Which of config->exceptions a finding falls under, as index plus 1; 0: none.
struct exception_fit {
    size_t holds;
    size_t ended; // it would, had the finding begun before its end
};
struct exception_fit exception_of(const struct config *config, const struct finding *finding);

size_t findings_count(const struct findings *findings);

// ---- what content/ says, for `yagura detectors`

enum { DETECTOR_PHASES = 7, DETECTOR_TECHNIQUES = 64 };

// A detector with all its cases together.
struct detector_view {
    const char *id, *engine, *since;
    const char *name[LANGS];
    enum severity least, worst;
    const char *phases[DETECTOR_PHASES][LANGS];
    size_t phases_count;
    const char *techniques[DETECTOR_TECHNIQUES]; // sorted
    size_t techniques_count;
};

size_t detectors_known(void);
void detector_view(size_t index, struct detector_view *out);

// Techniques that any of them finds, and tactics those belong to.
struct attack_coverage {
    const char *version; // of ATT&CK Enterprise
    size_t techniques, tactics, all_tactics;
};
struct attack_coverage attack_coverage(void);

// All of them as a list of JSON objects; a layer for ATT&CK Navigator.
void detectors_write_json(struct json *out);
const char *detectors_navigator(void);
