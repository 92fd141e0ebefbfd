// SPDX-License-Identifier: Apache-2.0
#include "base/hash.h"
#include "base/test.h"
#include "intel/internal.h"
#include <stdio.h>

enum { RANGES = 400, ASKED = 20'000 };

static uint32_t put(struct store *store, const char *text)
{
    struct key key;
    uint32_t ref = STORE_NONE;
    if (key_make(&key, INTEL_RANGE, bytes_from_text(text)))
        (void)store_put(store, &key, 0, &ref);
    return ref;
}

// Ranges with this address, the narrowest first.
static size_t ask(const struct store *store, const char *text, uint32_t *refs, size_t room)
{
    struct addr a;
    size_t count = 0;
    CHECK(addr_parse(bytes_from_text(text), &a));
    for (uint32_t piece = ranges_find(store->ranges, &a); piece != STORE_NONE && count < room;
         piece = ranges_wider(store->ranges, &a, piece))
        refs[count++] = ranges_ref(store->ranges, &a, piece);
    return count;
}

TEST(the_narrowest_first)
{
    struct store store;
    uint32_t refs[8];
    CHECK(store_init(&store));
    uint32_t wide = put(&store, "198.51.0.0/16"), narrow = put(&store, "198.51.100.0/24");
    uint32_t odd = put(&store, "198.51.100.250-198.51.101.3"),
             last = put(&store, "255.255.255.0/24");
    uint32_t six = put(&store, "2001:db8::/32"), top = put(&store, "ff00::/8");
    CHECK(store_freeze(&store));
    CHECK_EQ(ask(&store, "198.51.100.7", refs, 8), 2);
    CHECK(refs[0] == narrow && refs[1] == wide);
    CHECK_EQ(ask(&store, "198.51.100.251", refs, 8), 3);
    CHECK_EQ(refs[0], odd);
    CHECK_EQ(ask(&store, "198.51.101.3", refs, 8), 2);
    CHECK_EQ(ask(&store, "198.51.101.4", refs, 8), 1);
    CHECK_EQ(ask(&store, "198.52.0.0", refs, 8), 0);
    CHECK_EQ(ask(&store, "0.0.0.0", refs, 8), 0);
    CHECK_EQ(ask(&store, "255.255.255.255", refs, 8), 1);
    CHECK_EQ(refs[0], last);
    CHECK_EQ(ask(&store, "2001:db8:ffff::1", refs, 8), 1);
    CHECK_EQ(refs[0], six);
    CHECK_EQ(ask(&store, "2001:db9::", refs, 8), 0);
    CHECK_EQ(ask(&store, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", refs, 8), 1);
    CHECK_EQ(refs[0], top);
    store_finish(&store);
}

// Against looking at each range in turn.
TEST(as_one_by_one)
{
    struct store store;
    uint32_t low[RANGES], high[RANGES], of[RANGES];
    CHECK(store_init(&store));
    for (size_t i = 0; i < RANGES; i++) {
        char text[64];
        uint64_t h = hash_mix(i + 1);
        low[i] = (uint32_t)(h % 100'000) + 0x0b00'0000;
        high[i] = low[i] + (uint32_t)(h >> 32) % 3000 + 1;
        snprintf(text, sizeof text, "%u.%u.%u.%u-%u.%u.%u.%u", low[i] >> 24, low[i] >> 16 & 255,
            low[i] >> 8 & 255, low[i] & 255, high[i] >> 24, high[i] >> 16 & 255, high[i] >> 8 & 255,
            high[i] & 255);
        of[i] = put(&store, text);
        CHECK(of[i] != STORE_NONE);
    }
    CHECK(store_freeze(&store));
    for (uint32_t n = 0; n < ASKED; n++) {
        char text[32];
        uint32_t a = 0x0b00'0000 + (uint32_t)(hash_mix(n) % 110'000), refs[RANGES], want = 0,
                 missed = 0;
        snprintf(text, sizeof text, "%u.%u.%u.%u", a >> 24, a >> 16 & 255, a >> 8 & 255, a & 255);
        size_t count = ask(&store, text, refs, RANGES);
        for (size_t i = 0; i < RANGES; i++) {
            bool in = low[i] <= a && a <= high[i], found = false;
            for (size_t k = 0; in && k < count; k++)
                found = found || refs[k] == of[i];
            want += in;
            missed += in && !found;
        }
        CHECK_EQ(missed, 0);
        CHECK_EQ(count, want);
    }
    store_finish(&store);
}

TEST_MAIN(T(the_narrowest_first), T(as_one_by_one))
