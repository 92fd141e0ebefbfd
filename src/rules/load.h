// SPDX-License-Identifier: Apache-2.0
// Inside rules/: reading one file of rules (load.c) for those who find the files (rules.c).
#pragma once
#include "rules/parse.h"
#include <stdio.h>

// Where in the text of a rule a line of its file begins.
struct rule_join {
    uint32_t at, line;
};

struct reader {
    struct loader *loader;
    struct draft *draft;
    const char *path;
    FILE *file;
    uint8_t *text; // of the rule: RULE_TEXT_BYTES
    size_t len;
    bool too_long;
    uint32_t line;  // being read
    uint32_t first; // where the rule began
    struct rule_join joins[RULE_JOINS];
    size_t joins_count;
};

// Reads all of r->file. False: it could not be read to its end.
[[nodiscard]] bool reader_run(struct reader *reader);
