// SPDX-License-Identifier: Apache-2.0
// A slice: bytes somebody else owns. Passed by value; {NULL, 0} means "not there".
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

struct bytes {
    const uint8_t *data;
    size_t len;
};

// Bytes of a string constant, without its terminator.
#define BYTES(literal) ((struct bytes){(const uint8_t *)(literal), sizeof(literal) - 1})

static inline struct bytes bytes_make(const void *data, size_t len)
{
    return (struct bytes){(const uint8_t *)data, len};
}

static inline struct bytes bytes_from_text(const char *text)
{
    return (struct bytes){(const uint8_t *)text, text ? strlen(text) : 0};
}

// The part of b from `at`, at most `len` long; empty when `at` lies past the end.
static inline struct bytes bytes_sub(struct bytes b, size_t at, size_t len)
{
    if (at > b.len)
        at = b.len;
    if (len > b.len - at)
        len = b.len - at;
    return (struct bytes){b.data ? b.data + at : NULL, len};
}

static inline struct bytes bytes_from(struct bytes b, size_t at)
{
    return bytes_sub(b, at, SIZE_MAX);
}

static inline bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

// ASCII letters compare without case, as protocol keywords do.
static inline bool bytes_equal_nocase(struct bytes a, struct bytes b)
{
    return a.len == b.len &&
           (a.len == 0 || strncasecmp((const char *)a.data, (const char *)b.data, a.len) == 0);
}

static inline bool bytes_start_with(struct bytes b, struct bytes prefix)
{
    return b.len >= prefix.len && bytes_equal(bytes_sub(b, 0, prefix.len), prefix);
}

static inline bool bytes_start_with_nocase(struct bytes b, struct bytes prefix)
{
    return b.len >= prefix.len && bytes_equal_nocase(bytes_sub(b, 0, prefix.len), prefix);
}

#define BYTES_NOT_FOUND SIZE_MAX

// Index of the first `byte`, or BYTES_NOT_FOUND.
static inline size_t bytes_find_byte(struct bytes b, uint8_t byte)
{
    const uint8_t *hit = b.len ? memchr(b.data, byte, b.len) : NULL;
    return hit ? (size_t)(hit - b.data) : BYTES_NOT_FOUND;
}

// Where `part` begins within `whole`; BYTES_NOT_FOUND: it does not lie there.
static inline size_t bytes_place(struct bytes whole, struct bytes part)
{
    uintptr_t from = (uintptr_t)whole.data, at = (uintptr_t)part.data;
    return part.data && at >= from && at - from <= whole.len ? at - from : BYTES_NOT_FOUND;
}

// Index of the first `needle`, or BYTES_NOT_FOUND. An empty needle is found at 0.
size_t bytes_find(struct bytes b, struct bytes needle);

// b without spaces and tabs at either end.
struct bytes bytes_trim(struct bytes b);

// Decimal number filling all of b (1 to 19 digits). False: not one, *out untouched.
bool bytes_to_u64(struct bytes b, uint64_t *out);

// Value of a hexadecimal digit of either case; -1: it is none.
int bytes_hex_digit(uint8_t c);

// Hexadecimal number filling all of b (1 to 16 digits). False: not one, *out untouched.
bool bytes_hex_to_u64(struct bytes b, uint64_t *out);

static inline uint8_t bytes_at(struct bytes b, size_t i)
{
    return i < b.len ? b.data[i] : 0;
}
