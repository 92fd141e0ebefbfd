// SPDX-License-Identifier: Apache-2.0
// Inside detect/: what content/ says of detectors, phases and ATT&CK's techniques. The tables are
// written by tools/schemagen.py.
#pragma once
#include "schema/hit.h"
#include "schema/text.h"

enum detector_text {
    DETECTOR_NAME,
    DETECTOR_TITLE,
    DETECTOR_SEEN,
    DETECTOR_MEANS,
    DETECTOR_SURE,
    DETECTOR_DO,
    DETECTOR_INNOCENT,
    DETECTOR_TEXTS
};

_Static_assert(LANG_EN == 0 && LANG_JA == 1, "the order in which the tables have the languages");

// What differs for hits of one kind: a rule's class, an indicator's kind.
struct detector_case {
    const char *key;
    const char *const *also; // other spellings, up to NULL
    enum phase phase;        // PHASE_NONE: the detector's
    bool has_severity;
    enum severity severity;
    uint8_t certainty;                        // 0: the detector's
    const char *const *techniques;            // up to NULL; none: the detector's
    const char *texts[DETECTOR_TEXTS][LANGS]; // NULL: the detector's
};

struct detector {
    const char *id, *since, *engine;
    enum phase phase;
    enum severity severity;
    uint8_t certainty;
    const char *const *techniques, *const *references; // up to NULL
    const char *texts[DETECTOR_TEXTS][LANGS];
    const struct detector_case *cases;
    size_t cases_count;
};

extern const struct detector detectors[];
extern const size_t detectors_count;

struct phase_words {
    const char *id;
    const char *name[LANGS];
    const char *means[LANGS];
};

extern const struct phase_words phase_words[]; // by enum phase

struct attack_technique {
    const char *id, *name;
    const char *const *tactics; // up to NULL
    enum phase phase;           // PHASE_NONE: its tactics are of several
};

struct attack_tactic {
    const char *name;
    enum phase phase;
};

extern const char attack_version[];
extern const char attack_layer[]; // for ATT&CK Navigator, JSON
extern const struct attack_technique attack_techniques[];
extern const size_t attack_techniques_count;
extern const struct attack_tactic attack_tactics[];
extern const size_t attack_tactics_count;

// NULL: no such detector.
const struct detector *detector_find(struct bytes id);

// What its texts say of hits of a kind; NULL: nothing of its own. Letters compare without case.
const struct detector_case *detector_case_find(const struct detector *detector, struct bytes kind);

// A text with its blanks; its: may be NULL.
const char *detector_text(const struct detector *detector, const struct detector_case *its,
    enum detector_text which, enum lang lang);

// NULL: not in the table. Letters compare without case.
const struct attack_technique *attack_find(struct bytes id);
