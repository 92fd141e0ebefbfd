// SPDX-License-Identifier: Apache-2.0
// Which records a log source means.
#include "sigma/load.h"

// A rule that does not say means all; a source that does not say is any.
static bool fits(const char *source, struct bytes rule, bool strict)
{
    if (!source || rule.len == 0)
        return !strict || (!source && rule.len == 0);
    return bytes_equal_nocase(rule, bytes_from_text(source));
}

static size_t add(const struct sigma_source *source, uint16_t *out, size_t count)
{
    for (size_t i = 0; i < source->maps_count; i++) {
        bool there = false;
        for (size_t j = 0; j < count; j++)
            there |= out[j] == source->maps[i];
        if (!there && count < SIGMA_MAPS_MOST)
            out[count++] = source->maps[i];
    }
    return count;
}

size_t sigma_maps_of(
    struct bytes category, struct bytes product, struct bytes service, uint16_t *out)
{
    size_t count = 0;
    if (category.len + product.len + service.len == 0)
        return 0;
    for (size_t i = 0; i < sigma_sources_count; i++) {
        const struct sigma_source *s = &sigma_sources[i];
        if (fits(s->category, category, true) && fits(s->service, service, true) &&
            fits(s->product, product, false))
            count = add(s, out, count);
    }
    // A category together with a service nobody lists is the category.
    if (count == 0 && category.len && service.len)
        return sigma_maps_of(category, product, (struct bytes){NULL, 0}, out);
    return count;
}
