// SPDX-License-Identifier: Apache-2.0
// Text forms of addresses. Writing is our own since every record has two of them; reading, which is
// for configuration, is inet_pton's.
#include "base/addr.h"
#include <arpa/inet.h>

enum { GROUPS = 8 };

static char *write_decimal(char *out, uint8_t v)
{
    if (v >= 100) {
        *out++ = (char)('0' + v / 100);
        *out++ = (char)('0' + v / 10 % 10);
    } else if (v >= 10) {
        *out++ = (char)('0' + v / 10);
    }
    *out++ = (char)('0' + v % 10);
    return out;
}

static char *write_v4(char *out, const uint8_t raw[4])
{
    for (int i = 0; i < 4; i++) {
        if (i > 0)
            *out++ = '.';
        out = write_decimal(out, raw[i]);
    }
    return out;
}

// One group without leading zeros, in lower case (RFC 5952, 4.1 and 4.3).
static char *write_group(char *out, unsigned group)
{
    static const char digits[] = "0123456789abcdef";
    int shift = group >= 0x1000 ? 12 : group >= 0x100 ? 8 : group >= 0x10 ? 4 : 0;
    for (; shift >= 0; shift -= 4)
        *out++ = digits[group >> shift & 15];
    return out;
}

struct zero_run {
    int start, len;
};

// The longest run of two or more zero groups, the first of equals (RFC 5952, 4.2).
static struct zero_run longest_zero_run(const unsigned group[GROUPS])
{
    struct zero_run best = {-1, 1}, run = {0, 0};
    for (int i = 0; i < GROUPS; i++) {
        if (group[i] != 0) {
            run.len = 0;
            continue;
        }
        if (run.len++ == 0)
            run.start = i;
        if (run.len > best.len)
            best = run;
    }
    return best;
}

static char *write_v6(char *out, const uint8_t raw[16])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    if (memcmp(raw, mapped, sizeof mapped) == 0) { // RFC 5952, 5
        memcpy(out, "::ffff:", 7);
        return write_v4(out + 7, raw + 12);
    }
    unsigned group[GROUPS];
    for (int i = 0; i < GROUPS; i++)
        group[i] = (unsigned)raw[2 * i] << 8 | raw[2 * i + 1];
    struct zero_run run = longest_zero_run(group);
    for (int i = 0; i < GROUPS; i++) {
        if (i == run.start) {
            *out++ = ':';
            i += run.len - 1;
            if (i == GROUPS - 1)
                *out++ = ':';
            continue;
        }
        if (i > 0)
            *out++ = ':';
        out = write_group(out, group[i]);
    }
    return out;
}

size_t addr_write(const struct addr *a, char out[ADDR_TEXT_BYTES])
{
    char *end = out;
    if (a->version == 4)
        end = write_v4(out, a->bytes);
    else if (a->version == 6)
        end = write_v6(out, a->bytes);
    return (size_t)(end - out);
}

bool addr_parse(struct bytes text, struct addr *out)
{
    char copy[ADDR_TEXT_BYTES];
    struct addr a = {.version = 4};
    if (text.len == 0 || text.len >= sizeof copy || memchr(text.data, 0, text.len))
        return false;
    memcpy(copy, text.data, text.len);
    copy[text.len] = 0;
    if (inet_pton(AF_INET, copy, a.bytes) != 1) {
        a = (struct addr){.version = 6};
        if (inet_pton(AF_INET6, copy, a.bytes) != 1)
            return false;
    }
    *out = a;
    return true;
}

static unsigned addr_bits(const struct addr *a)
{
    return a->version == 4 ? 32 : 128;
}

// The bits of byte `i` that a prefix of `bits` covers.
static uint8_t prefix_mask(unsigned bits, unsigned i)
{
    if (bits >= 8 * (i + 1))
        return 0xff;
    if (bits <= 8 * i)
        return 0;
    return (uint8_t)(0xff00 >> (bits - 8 * i));
}

static bool host_bits_set(const struct addr_range *range)
{
    for (unsigned i = 0; i < addr_bits(&range->base) / 8; i++)
        if (range->base.bytes[i] & (uint8_t)~prefix_mask(range->bits, i))
            return true;
    return false;
}

bool addr_range_parse(struct bytes text, struct addr_range *out)
{
    struct addr_range range = {.bits = 0};
    size_t slash = bytes_find_byte(text, '/');
    if (!addr_parse(bytes_sub(text, 0, slash), &range.base))
        return false;
    uint64_t bits = addr_bits(&range.base);
    if (slash != BYTES_NOT_FOUND && !bytes_to_u64(bytes_from(text, slash + 1), &bits))
        return false;
    if (bits > addr_bits(&range.base))
        return false;
    range.bits = (uint8_t)bits;
    if (host_bits_set(&range))
        return false;
    *out = range;
    return true;
}

bool addr_range_has(const struct addr_range *range, const struct addr *a)
{
    unsigned whole = range->bits / 8;
    if (a->version != range->base.version || a->version == 0)
        return false;
    if (memcmp(a->bytes, range->base.bytes, whole) != 0)
        return false;
    uint8_t mask = prefix_mask(range->bits, whole);
    return whole == addr_bits(a) / 8 || ((a->bytes[whole] ^ range->base.bytes[whole]) & mask) == 0;
}
