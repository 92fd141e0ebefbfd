// SPDX-License-Identifier: Apache-2.0
#include "schema/segment.h"
#include "base/hash.h"

uint16_t segment_find(const struct config *config, const struct addr *addr)
{
    for (size_t s = 0; s < config->segments_count; s++)
        for (size_t n = 0; n < config->segments[s].networks_count; n++)
            if (addr_range_has(&config->segments[s].networks[n], addr))
                return (uint16_t)(s + 1);
    return 0;
}

void segment_cache_init(struct segment_cache *cache, const struct config *config)
{
    memset(cache, 0, sizeof *cache);
    cache->config = config;
}

static uint16_t segment_ask(struct segment_cache *cache, const struct addr *addr)
{
    uint64_t half[2];
    memcpy(half, addr->bytes, sizeof half);
    uint64_t hash = hash_mix(half[0] ^ hash_mix(half[1] + addr->version));
    struct segment_answer *answer = &cache->answers[hash % SEGMENT_ANSWERS];
    if (memcmp(&answer->addr, addr, sizeof *addr) != 0) {
        answer->addr = *addr;
        answer->segment = segment_find(cache->config, addr);
    }
    return answer->segment;
}

struct bytes segment_name(
    struct segment_cache *cache, const struct addr *first, const struct addr *second)
{
    uint16_t segment = first->version ? segment_ask(cache, first) : 0;
    if (segment == 0 && second->version)
        segment = segment_ask(cache, second);
    if (segment == 0)
        return (struct bytes){NULL, 0};
    return bytes_from_text(cache->config->segments[segment - 1].name);
}
