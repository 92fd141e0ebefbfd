// SPDX-License-Identifier: Apache-2.0
// The parts of bytes.h that are too long to be inline.
#include "base/bytes.h"

enum { DECIMAL_DIGITS = 19, HEX_DIGITS = 16 }; // what always fits 64 bits

size_t bytes_find(struct bytes b, struct bytes needle)
{
    if (needle.len == 0)
        return 0;
    // memchr() is many times as fast as memmem(), and mostly enough: the first byte is nowhere.
    size_t first = bytes_find_byte(b, needle.data[0]);
    struct bytes rest = bytes_from(b, first);
    const uint8_t *hit = rest.len ? memmem(rest.data, rest.len, needle.data, needle.len) : NULL;
    return hit ? (size_t)(hit - b.data) : BYTES_NOT_FOUND;
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

struct bytes bytes_trim(struct bytes b)
{
    while (b.len > 0 && is_blank(b.data[b.len - 1]))
        b.len--;
    while (b.len > 0 && is_blank(b.data[0]))
        b = bytes_from(b, 1);
    return b;
}

bool bytes_to_u64(struct bytes b, uint64_t *out)
{
    uint64_t value = 0;
    if (b.len == 0 || b.len > DECIMAL_DIGITS)
        return false;
    for (size_t i = 0; i < b.len; i++) {
        if (b.data[i] < '0' || b.data[i] > '9')
            return false;
        value = value * 10 + (uint64_t)(b.data[i] - '0');
    }
    *out = value;
    return true;
}

int bytes_hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool bytes_hex_to_u64(struct bytes b, uint64_t *out)
{
    uint64_t value = 0;
    if (b.len == 0 || b.len > HEX_DIGITS)
        return false;
    for (size_t i = 0; i < b.len; i++) {
        int digit = bytes_hex_digit(b.data[i]);
        if (digit < 0)
            return false;
        value = value << 4 | (uint64_t)digit;
    }
    *out = value;
    return true;
}
