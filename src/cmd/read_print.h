// SPDX-License-Identifier: Apache-2.0
// Inside the summary of `yagura read`: headings, lines under them, what is missing.
#pragma once
#include "cmd/analysis.h"
#include "cmd/cmd.h"

enum { LABEL = 20 }; // columns of the labels at the left

// English has two forms: each of these texts has a twin for one.
#define COUNTED(id, n) ((n) == 1 ? id##_ONE : id)
#define BOTH(id)       id, id##_ONE

struct printer {
    const struct analysis_result *result;
    const struct config *config;
    enum lang lang;
    bool colour;
};

void print_heading(const struct printer *p, enum text_id id);

// A text whose only blank is {name}, or {count}.
void print_with(const struct printer *p, enum text_id id, const char *name, const char *value);
void print_count(const struct printer *p, enum text_id id, uint64_t n);
void print_two(const struct printer *p, enum text_id id, const char *a, uint64_t av, const char *b,
    uint64_t bv);

// "Losses and damage". Returns whether there are any.
bool print_losses(const struct printer *p);

// "Could not be read"
void print_not_read(const struct printer *p, bool losses);
