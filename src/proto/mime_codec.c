// SPDX-License-Identifier: Apache-2.0
// base64 (RFC 4648) and quoted-printable (RFC 2045 section 6.7), lenient as mail readers are:
// foreign characters in base64 are skipped, a stray "=" in quoted-printable stands for itself.
#include "proto/mime_codec.h"

enum { BLANK = 0x40, PAD = 0x41, X = 0x42 }; // X: not of the alphabet

// clang-format off
static const uint8_t base64_values[256] = {
    X, X, X, X, X, X, X, X, X, BLANK, BLANK, X, X, BLANK, X, X,
    X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
    BLANK, X, X, X, X, X, X, X, X, X, X, 62, X, X, X, 63,
    52, 53, 54, 55, 56, 57, 58, 59, 60, 61, X, X, X, PAD, X, X,
    X, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
    15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, X, X, X, X, X,
    X, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
    41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, X, X, X, X, X,
    X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
    X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
    X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
    X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
    X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
    X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
    X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
    X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
};
// clang-format on

// Whole groups of four, as long as nothing else stands between; returns how many.
static size_t base64_groups(struct bytes in, uint8_t *out)
{
    size_t groups = 0;
    for (; 4 * groups + 4 <= in.len; groups++) {
        const uint8_t *at = &in.data[4 * groups];
        uint8_t a = base64_values[at[0]], b = base64_values[at[1]];
        uint8_t c = base64_values[at[2]], d = base64_values[at[3]];
        if ((a | b | c | d) & 0x40)
            break;
        uint32_t bits = (uint32_t)a << 18 | (uint32_t)b << 12 | (uint32_t)c << 6 | d;
        out[3 * groups] = (uint8_t)(bits >> 16);
        out[3 * groups + 1] = (uint8_t)(bits >> 8);
        out[3 * groups + 2] = (uint8_t)bits;
    }
    return groups;
}

// Padding: the group ends with the 1 or 2 bytes it has.
static size_t base64_pad(struct base64 *state, uint8_t *out)
{
    size_t made = state->count == 3 ? 2 : state->count == 2 ? 1 : 0;
    uint32_t bits = state->bits << 6 * (4 - state->count);
    for (size_t i = 0; i < made; i++)
        out[i] = (uint8_t)(bits >> (16 - 8 * i));
    state->bits = state->count = 0;
    state->ended = true;
    return made;
}

size_t base64_decode(struct base64 *state, struct bytes in, uint8_t *out)
{
    size_t len = 0;
    for (size_t i = 0; i < in.len; i++) {
        if (state->count == 0) {
            size_t groups = base64_groups(bytes_from(in, i), &out[len]);
            i += 4 * groups;
            len += 3 * groups;
            state->ended &= groups == 0;
            if (i == in.len)
                break;
        }
        uint8_t value = base64_values[in.data[i]];
        if (value == PAD) {
            len += base64_pad(state, &out[len]);
        } else if (value == X) {
            state->invalid = true;
        } else if (value != BLANK) {
            state->bits = state->bits << 6 | value;
            if (++state->count == 4) {
                out[len++] = (uint8_t)(state->bits >> 16);
                out[len++] = (uint8_t)(state->bits >> 8);
                out[len++] = (uint8_t)state->bits;
                state->bits = state->count = 0;
            }
        }
    }
    return len;
}

enum { QUOTED_PLAIN, QUOTED_ESCAPE, QUOTED_DIGIT, QUOTED_SOFT };

// Not an escape: what was held stands for itself.
static size_t quoted_literal(struct quoted *state, uint8_t c, uint8_t *out)
{
    size_t len = 0;
    out[len++] = '=';
    if (state->stage == QUOTED_DIGIT)
        out[len++] = state->digit;
    out[len++] = c;
    state->invalid = true;
    state->stage = QUOTED_PLAIN;
    return len;
}

// The character after "=", "=X", or "=" and blanks. Returns how many bytes come out of it.
static size_t quoted_escape(struct quoted *state, uint8_t c, uint8_t *out)
{
    bool blank = c == '\r' || c == ' ' || c == '\t';
    if (state->stage != QUOTED_DIGIT && (blank || c == '\n')) { // soft line break
        state->stage = blank ? QUOTED_SOFT : QUOTED_PLAIN;
        return 0;
    }
    if (bytes_hex_digit(c) < 0 || state->stage == QUOTED_SOFT)
        return quoted_literal(state, c, out);
    if (state->stage == QUOTED_ESCAPE) {
        state->digit = c;
        state->stage = QUOTED_DIGIT;
        return 0;
    }
    out[0] = (uint8_t)(bytes_hex_digit(state->digit) << 4 | bytes_hex_digit(c));
    state->stage = QUOTED_PLAIN;
    return 1;
}

size_t quoted_decode(struct quoted *state, struct bytes in, uint8_t *out, bool header)
{
    size_t len = 0;
    for (size_t i = 0; i < in.len; i++) {
        uint8_t c = in.data[i];
        if (state->stage != QUOTED_PLAIN) {
            len += quoted_escape(state, c, &out[len]);
        } else if (c == '=') {
            state->stage = QUOTED_ESCAPE;
        } else if (header && c == '_') {
            out[len++] = ' ';
        } else {
            size_t run = header ? 1 : bytes_find_byte(bytes_from(in, i), '=');
            struct bytes plain = bytes_sub(in, i, run);
            memcpy(&out[len], plain.data, plain.len);
            len += plain.len;
            i += plain.len - 1;
        }
    }
    return len;
}
