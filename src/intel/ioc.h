// SPDX-License-Identifier: Apache-2.0
// An OpenIOC's definition as it stands in the file, and as a pattern.
#pragma once
#include "intel/document.h"

struct ioc_node {
    bool item;              // else Indicator, an operator over its children
    bool all;               // of Indicator: AND
    bool negate, mind_case; // of items
    struct bytes search;    // "FileItem/Md5sum"
    struct bytes condition; // "is", "contains"...
    struct bytes content;
    uint64_t line;
    struct ioc_node *parent, *child, *last, *next;
};

// The pattern of one node, in the arena; a composed_make.
struct pattern_node *ioc_make(void *node, struct arena *arena, struct pattern_error *error);
