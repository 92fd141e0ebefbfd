// SPDX-License-Identifier: Apache-2.0
// Values nobody can mean: our own networks and those that are nobody's (RFC 6890), names of no
// domain (RFC 6761, 6762, 8375), whole registries, ranges as wide as a continent. Addresses and
// names kept for documentation (RFC 5737, 3849, "example") are left alone: they harm nobody.
#include "intel/internal.h"
#include <libpsl.h>
#include <stdio.h>

enum { WIDE_BITS4 = 8, WIDE_BITS6 = 16, NAME_BYTES = 254 };

static const struct addr_range reserved[] = {
    {{{0}, 4}, 8},
    {{{10}, 4}, 8},
    {{{100, 64}, 4}, 10},
    {{{127}, 4}, 8},
    {{{169, 254}, 4}, 16},
    {{{172, 16}, 4}, 12},
    {{{192, 0, 0}, 4}, 24},
    {{{192, 168}, 4}, 16},
    {{{224}, 4}, 4},
    {{{240}, 4}, 4},
    {{{0}, 6}, 127}, // :: and ::1
    {{{0xfc}, 6}, 7},
    {{{0xfe, 0x80}, 6}, 10},
    {{{0xff}, 6}, 8},
};

static struct addr addr_of(const uint8_t *raw, size_t len)
{
    return len == 4 ? addr_v4(raw) : addr_v6(raw);
}

static bool in_segments(
    const struct config *config, const struct addr *first, const struct addr *last)
{
    for (size_t s = 0; s < config->segments_count; s++) {
        const struct config_segment *segment = &config->segments[s];
        for (size_t n = 0; n < segment->networks_count; n++) {
            if (addr_range_has(&segment->networks[n], first) &&
                addr_range_has(&segment->networks[n], last))
                return true;
        }
    }
    return false;
}

static bool in_reserved(const struct addr *first, const struct addr *last)
{
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++) {
        if (addr_range_has(&reserved[i], first) && addr_range_has(&reserved[i], last))
            return true;
    }
    return false;
}

// Wider than any one owner's network: first and last differ in their upper bits.
static bool is_wide(const struct addr *first, const struct addr *last)
{
    size_t bits = first->version == 4 ? WIDE_BITS4 : WIDE_BITS6;
    return memcmp(first->bytes, last->bytes, bits / 8) != 0;
}

static enum sanity span_sanity(
    const struct config *config, const struct addr *first, const struct addr *last)
{
    if (!config->intel.match_own && in_segments(config, first, last))
        return SANE_OWN;
    if (!config->intel.match_own && in_reserved(first, last))
        return SANE_RESERVED;
    return is_wide(first, last) ? SANE_WIDE : SANE;
}

static bool below(struct bytes name, struct bytes domain)
{
    if (name.len < domain.len || !bytes_equal(bytes_from(name, name.len - domain.len), domain))
        return false;
    return name.len == domain.len || name.data[name.len - domain.len - 1] == '.';
}

static bool name_reserved(struct bytes name)
{
    static const struct bytes tops[] = {BYTES("localhost"), BYTES("localdomain"), BYTES("local"),
        BYTES("invalid"), BYTES("arpa"), BYTES("internal"), BYTES("lan"), BYTES("home"),
        BYTES("corp"), BYTES("example.com"), BYTES("example.net"), BYTES("example.org")};
    for (size_t i = 0; i < sizeof tops / sizeof *tops; i++) {
        if (below(name, tops[i]))
            return true;
    }
    return false;
}

// "co.jp", "com": names under which anybody may register.
static bool is_suffix(struct bytes name)
{
    char text[NAME_BYTES];
    if (name.len >= sizeof text)
        return false;
    memcpy(text, name.data, name.len);
    text[name.len] = '\0';
    return psl_is_public_suffix2(psl_builtin(), text, PSL_TYPE_ICANN | PSL_TYPE_NO_STAR_RULE);
}

enum sanity sanity_of(const struct config *config, const struct key *key)
{
    struct bytes name = bytes_make(key->data, key->len);
    struct addr first, last;
    switch (key->kind) {
    case INTEL_ADDRESS:
        first = addr_of(key->data, key->len);
        return span_sanity(config, &first, &first);
    case INTEL_ADDRESS_PORT:
        first = addr_of(key->data, key->len - 2);
        return span_sanity(config, &first, &first);
    case INTEL_RANGE:
        first = addr_of(key->data, key->len / 2);
        last = addr_of(&key->data[key->len / 2], key->len / 2);
        return span_sanity(config, &first, &last);
    case INTEL_DOMAIN:
    case INTEL_HOST:
        if (!config->intel.match_own && name_reserved(name))
            return SANE_RESERVED;
        return is_suffix(name) ? SANE_SUFFIX : SANE;
    default: return SANE;
    }
}
