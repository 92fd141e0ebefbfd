// SPDX-License-Identifier: Apache-2.0
// Which of the configured segments an address belongs to. Records ask often about few addresses,
// and a configuration may name thousands of networks: answers are kept.
#pragma once
#include "schema/config.h"

enum { SEGMENT_ANSWERS = 1024 }; // a power of two; 20 KiB, so that they stay in the cache

struct segment_answer {
    struct addr addr; // version 0: none yet
    uint16_t segment;
};

struct segment_cache {
    const struct config *config; // borrowed
    struct segment_answer answers[SEGMENT_ANSWERS];
};

// Index in config->segments plus 1; 0: outside.
uint16_t segment_find(const struct config *config, const struct addr *addr);

void segment_cache_init(struct segment_cache *cache, const struct config *config);

// Name of the segment of the first address, else of the second. .data NULL: both are outside.
struct bytes segment_name(
    struct segment_cache *cache, const struct addr *first, const struct addr *second);
