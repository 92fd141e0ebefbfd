// SPDX-License-Identifier: Apache-2.0
// UTF-8 as RFC 3629, section 4 says: no overlong forms, no surrogates, nothing past U+10FFFF.
#pragma once
#include "base/bytes.h"

// Length of the character (2 to 4 bytes) at `at`, whose first byte is 0x80 or more; 0 when it is
// not valid, then *bad is how many bytes one U+FFFD stands for: the longest start of a character
// (Unicode 15, 3.9), at least 1. `left` is at least 1.
size_t utf8_character(const uint8_t *at, size_t left, size_t *bad);

// Code point of a character utf8_character() found valid, or of an ASCII byte (len 1).
uint32_t utf8_code_point(const uint8_t *at, size_t len);

// Whether a program that prints b shows what stands there: a control character (C0, DEL, C1), a
// line or paragraph separator or a direction override (U+202A to U+202E, U+2066 to U+2069) may
// forge lines or drive a terminal.
bool utf8_is_printable(uint32_t code_point);

// Text for a terminal: printable characters as they stand, others as \n, \t, \r, \xNN or \uNNNN,
// invalid bytes as \xNN, a backslash doubled. What doesn't fit `room` is cut at a character and
// ends in "...". Returns the length, at most `room`; no terminator. 4 times text.len always fits.
size_t utf8_print(struct bytes text, char *out, size_t room);
