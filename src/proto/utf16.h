// SPDX-License-Identifier: Apache-2.0
// UTF-16 (RFC 2781) as UTF-8. Units that are no character become U+FFFD; text ends at its length,
// NULs inside stay. Windows protocols carry most of their names so.
#pragma once
#include "base/arena.h"

// A code point as UTF-8; returns how many of the 4 bytes were written. Surrogates and numbers past
// U+10FFFF become U+FFFD.
size_t utf8_write(uint32_t code_point, uint8_t out[4]);

// Little-endian UTF-16 as UTF-8 in the arena; an odd byte at the end is dropped. Empty text gives
// data that is not NULL; {NULL, 0}: out of memory.
struct bytes utf16le_text(struct arena *arena, struct bytes text);

// The same up to the first NUL, for fields of fixed size.
struct bytes utf16le_text_until_nul(struct arena *arena, struct bytes text);
