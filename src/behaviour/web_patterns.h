// SPDX-License-Identifier: Apache-2.0
// The patterns of content/web_attacks.yaml, as tools/webgen.py writes them.
#pragma once
#include "base/bytes.h"

// Where a line of the text stood, as bits.
enum web_place {
    WEB_PATH = 1,
    WEB_QUERY = 2,
    WEB_BODY = 4,
    WEB_AGENT = 8,
    WEB_REFERER = 16,
    WEB_COOKIE = 32,
    WEB_HEADER = 64,
    WEB_SHELL = 128, // the same line without what a shell takes away
};

struct web_pattern {
    const char *kind; // a case of web.attack
    const char *text;
    uint8_t score;
    uint8_t places; // enum web_place
    bool cased;
};

// One of a pattern's literals stands in all it matches.
struct web_literal {
    const char *text;
    uint16_t len, pattern;
    bool cased;
};

extern const struct web_pattern web_patterns[];
extern const size_t web_pattern_count;
extern const struct web_literal web_literals[];
extern const size_t web_literal_count;
extern const char *const web_kinds[]; // in the order of content/web_attacks.yaml
extern const size_t web_kind_count;
