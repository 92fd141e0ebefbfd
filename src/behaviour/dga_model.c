// SPDX-License-Identifier: Apache-2.0
// The same sums as score() of tools/dgatrain.py: weights of the pieces of ^label$ of two to four
// characters, and of a few measures of the whole.
#include "behaviour/dga_model.h"
#include <math.h>

enum {
    LABEL_BYTES = 63,
    PIECE_MIN = 2,
    PIECE_MAX = 4,
    EIGHTHS = 8,
    TURNS_MOST = 7,
    RUN_MOST = 9,
    LENGTH_MOST = 30,
    HEX_LEAST = 6
};

static const uint32_t fnv_begin = 2166136261u, fnv_prime = 16777619u;

static uint32_t fnv(uint32_t value, struct bytes text)
{
    for (size_t i = 0; i < text.len; i++)
        value = (value ^ text.data[i]) * fnv_prime;
    return value;
}

static double weight(uint32_t value)
{
    return dga_weights[(value ^ value >> 16) & ((1u << DGA_BITS) - 1)];
}

static double weight_of_measure(char name, size_t value)
{
    uint8_t text[4] = {'#', (uint8_t)name};
    size_t len = 2;
    if (value >= 10)
        text[len++] = (uint8_t)('0' + value / 10);
    text[len++] = (uint8_t)('0' + value % 10);
    return weight(fnv(fnv_begin, bytes_make(text, len)));
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_consonant(uint8_t c)
{
    return c >= 'a' && c <= 'z' && !memchr("aeiouy", c, 6);
}

static size_t most(size_t value, size_t limit)
{
    return value < limit ? value : limit;
}

static double score_pieces(struct bytes label)
{
    uint8_t text[LABEL_BYTES + 2] = {'^'};
    double sum = 0;
    size_t pieces = 0;
    memcpy(&text[1], label.data, label.len);
    text[label.len + 1] = '$';
    struct bytes whole = bytes_make(text, label.len + 2);
    for (size_t size = PIECE_MIN; size <= PIECE_MAX; size++)
        for (size_t i = 0; i + size <= whole.len; i++, pieces++)
            sum += weight(fnv(fnv_begin, bytes_sub(whole, i, size)));
    return sum / sqrt((double)pieces);
}

static double score_whole(struct bytes label)
{
    size_t n = label.len, digits = 0, vowels = 0, turns = 0, kinds = 0, run = 0, longest = 0;
    bool hyphen = false, hex = n >= HEX_LEAST, seen[256] = {false};
    for (size_t i = 0; i < n; i++) {
        uint8_t c = label.data[i];
        digits += is_digit(c);
        vowels += memchr("aeiouy", c, 6) != NULL;
        turns += i > 0 && is_digit(c) != is_digit(label.data[i - 1]);
        kinds += !seen[c];
        seen[c] = true;
        run = is_consonant(c) ? run + 1 : 0;
        longest = run > longest ? run : longest;
        hyphen = hyphen || c == '-';
        hex = hex && bytes_hex_digit(c) >= 0;
    }
    return weight_of_measure('L', most(n, LENGTH_MOST)) +
           weight_of_measure('D', digits * EIGHTHS / n) +
           weight_of_measure('V', vowels * EIGHTHS / n) +
           weight_of_measure('T', most(turns, TURNS_MOST)) +
           weight_of_measure('K', kinds * EIGHTHS / n) +
           weight_of_measure('C', most(longest, RUN_MOST)) + weight_of_measure('H', hyphen) +
           weight_of_measure('X', hex);
}

double dga_score(struct bytes label, struct bytes top)
{
    if (label.len == 0 || label.len > LABEL_BYTES)
        return -dga_limit;
    double of_top = weight(fnv(fnv(fnv_begin, BYTES("#Z")), top));
    return score_pieces(label) + score_whole(label) + of_top - dga_limit;
}
