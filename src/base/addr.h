// SPDX-License-Identifier: Apache-2.0
// IPv4 and IPv6 addresses. IPv4 is kept in the first four bytes; version says which it is.
#pragma once
#include "base/bytes.h"

struct addr {
    uint8_t bytes[16];
    uint8_t version; // 4, 6; 0: not there
};

struct addr_range {
    struct addr base;
    uint8_t bits; // prefix length
};

enum { ADDR_TEXT_BYTES = 46 };

static inline struct addr addr_v4(const uint8_t raw[4])
{
    struct addr a = {.version = 4};
    memcpy(a.bytes, raw, 4);
    return a;
}

static inline struct addr addr_v6(const uint8_t raw[16])
{
    struct addr a = {.version = 6};
    memcpy(a.bytes, raw, 16);
    return a;
}

static inline bool addr_same(const struct addr *a, const struct addr *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

// For many receivers or all: multicast, and of IPv4 what is reserved behind it and broadcast.
static inline bool addr_is_group(const struct addr *a)
{
    return a->version == 4 ? a->bytes[0] >= 224 : a->bytes[0] == 0xff;
}

// A host that speaks to itself.
static inline bool addr_is_loopback(const struct addr *a)
{
    static const uint8_t one[16] = {[15] = 1};
    return a->version == 4 ? a->bytes[0] == 127 : a->version == 6 && !memcmp(a->bytes, one, 16);
}

// Text form (RFC 5952 for IPv6) without terminator; returns its length, at most 45.
size_t addr_write(const struct addr *a, char out[ADDR_TEXT_BYTES]);

// "192.0.2.1", "2001:db8::1". False: not an address.
bool addr_parse(struct bytes text, struct addr *out);

// "192.0.2.0/24", "fc00::/7", or a single address. False: not a range, or host bits set.
bool addr_range_parse(struct bytes text, struct addr_range *out);
bool addr_range_has(const struct addr_range *range, const struct addr *a);
