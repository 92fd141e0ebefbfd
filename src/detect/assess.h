// SPDX-License-Identifier: Apache-2.0
// Inside detect/: what a hit amounts to: who it is about, how bad, how sure, which phase.
#pragma once
#include "detect/detector.h"
#include "schema/config.h"

struct assessment {
    const struct detector *detector; // NULL: content/ has none of that id
    const struct detector_case *its; // NULL: none for this kind
    struct bytes kind;               // the hit's, or its alert's category
    enum severity severity;
    uint8_t certainty;
    enum phase phase;
    struct bytes techniques[HIT_TECHNIQUES];
    size_t techniques_count;
    bool swapped; // the subject is dest_ip's host
};

// Slices point into the hit and into tables.
void assess(const struct config *config, const struct hit *hit, struct assessment *out);

// Two independent statements of the same thing are surer than one; never quite sure.
uint8_t assess_together(uint8_t a, uint8_t b);
