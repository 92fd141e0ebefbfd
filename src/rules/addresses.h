// SPDX-License-Identifier: Apache-2.0
// Inside rules/: address and port sets of rule headers. What negation and groups add up to is
// worked out when they are made; asking is a binary search over ranges that do not overlap.
#pragma once
#include "base/addr.h"

struct rule_range4 {
    uint32_t low, high; // host order, inclusive
};

struct rule_range6 {
    uint8_t low[16], high[16]; // inclusive
};

struct rule_addresses {
    const struct rule_range4 *v4;
    const struct rule_range6 *v6;
    uint32_t v4_count, v6_count;
};

struct rule_port_range {
    uint16_t low, high; // inclusive
};

struct rule_ports {
    const struct rule_port_range *ranges;
    uint32_t count;
};

// Is the address in the set? NULL is any.
bool rule_addresses_has(const struct rule_addresses *set, const struct addr *address);
bool rule_ports_has(const struct rule_ports *set, uint16_t port);
