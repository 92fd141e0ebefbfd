// SPDX-License-Identifier: Apache-2.0
// Inside rules/: what rules are kept apart by of the protocols over IP.
#pragma once
#include "decode/decode.h"
#include "rules/rule.h"

enum carrier { CARRIER_TCP, CARRIER_UDP, CARRIER_ICMP, CARRIER_OTHER, CARRIERS };

static inline enum carrier carrier_of(uint8_t ip_proto)
{
    switch (ip_proto) {
    case PROTO_TCP: return CARRIER_TCP;
    case PROTO_UDP: return CARRIER_UDP;
    case PROTO_ICMP:
    case PROTO_ICMPV6: return CARRIER_ICMP;
    default: return CARRIER_OTHER;
    }
}

// Bits: enum carrier.
static inline uint8_t rule_carriers(const struct rule_header *header)
{
    uint8_t carriers = 0;
    if (!header->protocols)
        return (1U << CARRIERS) - 1;
    for (unsigned p = 0; p < 256; p++)
        if (header->protocols[p / 8] == 0)
            p |= 7;
        else if (rule_has_protocol(header, (uint8_t)p))
            carriers = (uint8_t)(carriers | 1U << carrier_of((uint8_t)p));
    return carriers;
}
