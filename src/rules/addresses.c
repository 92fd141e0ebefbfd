// SPDX-License-Identifier: Apache-2.0
#include "rules/addresses.h"

static bool has4(const struct rule_addresses *set, const uint8_t *raw)
{
    uint32_t value =
        (uint32_t)raw[0] << 24 | (uint32_t)raw[1] << 16 | (uint32_t)raw[2] << 8 | raw[3];
    size_t low = 0, high = set->v4_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (set->v4[middle].high < value)
            low = middle + 1;
        else
            high = middle;
    }
    return low < set->v4_count && set->v4[low].low <= value;
}

static bool has6(const struct rule_addresses *set, const uint8_t *raw)
{
    size_t low = 0, high = set->v6_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (memcmp(set->v6[middle].high, raw, 16) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < set->v6_count && memcmp(set->v6[low].low, raw, 16) <= 0;
}

bool rule_addresses_has(const struct rule_addresses *set, const struct addr *address)
{
    if (!set)
        return true;
    if (address->version == 4)
        return has4(set, address->bytes);
    return address->version == 6 && has6(set, address->bytes);
}

bool rule_ports_has(const struct rule_ports *set, uint16_t port)
{
    if (!set)
        return true;
    size_t low = 0, high = set->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (set->ranges[middle].high < port)
            low = middle + 1;
        else
            high = middle;
    }
    return low < set->count && set->ranges[low].low <= port;
}
