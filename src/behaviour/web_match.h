// SPDX-License-Identifier: Apache-2.0
// Patterns of web attacks held against the lines of a request: a pass for literals, then the few
// expressions one of whose literals is there. Belongs to one thread.
#pragma once
#include "behaviour/web_patterns.h"

struct web_found {
    const struct web_pattern *pattern;
    struct bytes line; // that holds the match
    uint8_t place;
    uint32_t at, len; // of the match in the line
};

struct web_matcher;

[[nodiscard]] struct web_matcher *web_matcher_create(void); // NULL: out of memory
void web_matcher_destroy(struct web_matcher *matcher);

// A request begins: the first match of each pattern in it counts.
void web_match_begin(struct web_matcher *matcher);

// Matches in one line, `most` at most; how many. place: enum web_place.
size_t web_match(struct web_matcher *matcher, uint8_t place, struct bytes line,
    struct web_found *found, size_t most);
