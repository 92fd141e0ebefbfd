// SPDX-License-Identifier: Apache-2.0
// JSON text as RFC 8259 has it. Strings are most of the output: while nothing needs an escape they
// are copied 16 bytes at a time, and room is reserved once for thousands of characters.
#include "base/json.h"
#include "base/alloc.h"
#include "base/hash.h"
#include "base/utf8.h"
#include <math.h>
#include <stdio.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum {
    FIRST_ROOM_BYTES = 4096,
    PIECE_BYTES = 4096,    // input for which room is reserved at once
    ESCAPE_BYTES = 6,      // longest output for one byte of input
    TEXT_SLACK_BYTES = 64, // a character that crosses the end of a piece, a store of 16 bytes
    U64_DIGITS = 20,
};

void json_init(struct json *j)
{
    *j = (struct json){.second = INT64_MIN};
}

void json_finish(struct json *j)
{
    base_free(j->data);
    json_init(j);
}

bool json_grow(struct json *j, size_t more)
{
    size_t room = j->room > SIZE_MAX / 2 ? SIZE_MAX : j->room * 2;
    char *data = NULL;
    if (more <= SIZE_MAX - j->len) {
        if (room < FIRST_ROOM_BYTES)
            room = FIRST_ROOM_BYTES;
        if (room < j->len + more)
            room = j->len + more;
        data = base_realloc(j->data, room);
    }
    if (!data) {
        j->failed = true;
        return false;
    }
    j->data = data;
    j->room = room;
    return true;
}

static char *write_escape(char *out, uint8_t c)
{
    static const char letters[32] = {
        ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
    char letter = c < 0x20 ? letters[c] : (char)c;
    *out++ = '\\';
    if (letter) {
        *out++ = letter;
        return out;
    }
    memcpy(out, "u00", 3);
    hash_hex(bytes_make(&c, 1), out + 3);
    return out + 5;
}

static inline bool is_plain(uint8_t c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

static inline bool is_tail(uint8_t c)
{
    return (c & 0xc0) == 0x80;
}

// Three bytes without the corner cases, E1 to EC, EE and EF: what Japanese text is made of.
static inline bool is_common_character(const uint8_t *at)
{
    return (at[0] & 0xf0) == 0xe0 && at[0] != 0xe0 && at[0] != 0xed && is_tail(at[1]) &&
           is_tail(at[2]);
}

// Everything that may not be copied as it stands, up to the next byte that may. Stores up to 4
// bytes past *out.
static const uint8_t *copy_special(const uint8_t *at, const uint8_t *end, char **out)
{
    size_t bad;
    if (*at < 0x80) {
        *out = write_escape(*out, *at);
        return at + 1;
    }
    if (end - at >= 4 && is_common_character(at)) {
        memcpy(*out, at, 4); // one store; the fourth byte is written again
        *out += 3;
        return at + 3;
    }
    size_t len = utf8_character(at, (size_t)(end - at), &bad);
    if (len == 0) {
        memcpy(*out, "\xef\xbf\xbd", 3);
        *out += 3;
        return at + bad;
    }
    memcpy(*out, at, len);
    *out += len;
    return at + len;
}

// Nonzero when one of eight bytes is not plain.
static inline uint64_t special_in_u64(uint64_t v)
{
    const uint64_t ones = 0x0101'0101'0101'0101U, highs = ones * 0x80;
    uint64_t quote = v ^ ones * '"', backslash = v ^ ones * '\\';
    uint64_t found = (v - ones * 0x20) | (quote - ones) | (backslash - ones) | v;
    return found & highs;
}

// Four to seven bytes as two words that overlap, when all of them are plain.
static inline bool copy_plain_few(const uint8_t *at, const uint8_t *end, char *out)
{
    uint32_t first, last;
    memcpy(&first, at, 4);
    memcpy(&last, end - 4, 4);
    if (special_in_u64((uint64_t)first << 32 | last))
        return false;
    memcpy(out, &first, 4);
    memcpy(out + (end - at) - 4, &last, 4);
    return true;
}

// Plain bytes up to the first that is not, which is returned. Stores up to 16 bytes past *out.
static inline const uint8_t *copy_plain(const uint8_t *at, const uint8_t *end, char **out)
{
#ifdef __SSE2__
    const __m128i space = _mm_set1_epi8(0x20), quote = _mm_set1_epi8('"');
    const __m128i backslash = _mm_set1_epi8('\\');
    for (; end - at >= 16; at += 16, *out += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)at);
        __m128i special = _mm_cmplt_epi8(v, space); // bytes from 0x80 are negative
        special = _mm_or_si128(special, _mm_cmpeq_epi8(v, quote));
        special = _mm_or_si128(special, _mm_cmpeq_epi8(v, backslash));
        unsigned mask = (unsigned)_mm_movemask_epi8(special);
        _mm_storeu_si128((__m128i *)*out, v);
        if (mask) {
            int plain = __builtin_ctz(mask);
            *out += plain;
            return at + plain;
        }
    }
#endif
    for (; end - at >= 8; at += 8, *out += 8) {
        uint64_t v;
        memcpy(&v, at, 8);
        if (special_in_u64(v))
            break;
        memcpy(*out, &v, 8);
    }
    if (end - at >= 4 && end - at < 8 && copy_plain_few(at, end, *out)) {
        *out += end - at;
        return end;
    }
    while (at < end && is_plain(*at))
        *(*out)++ = (char)*at++;
    return at;
}

void json_text(struct json *j, struct bytes text)
{
    const uint8_t *at = text.data;
    const uint8_t *end = text.len ? at + text.len : at;
    if (!json_reserve(j, 2))
        return;
    j->data[j->len++] = '"';
    while (at < end) {
        size_t piece = end - at < PIECE_BYTES ? (size_t)(end - at) : PIECE_BYTES;
        if (!json_reserve(j, piece * ESCAPE_BYTES + TEXT_SLACK_BYTES))
            return;
        const uint8_t *piece_end = at + piece;
        char *out = j->data + j->len;
        while ((at = copy_plain(at, piece_end, &out)) < piece_end)
            do
                at = copy_special(at, end, &out);
            while (at < piece_end && !is_plain(*at));
        j->len = (size_t)(out - j->data);
    }
    json_raw(j, "\"", 1);
}

void json_pairs(struct json *j, const struct json_pair *pairs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        json_next(j);
        json_text(j, pairs[i].name);
        json_raw(j, ":", 1);
        json_text(j, pairs[i].value);
    }
}

static bool named_before(const struct json_pair *pairs, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (bytes_equal(pairs[i].name, pairs[at].name))
            return true;
    return false;
}

void json_pair_lists(struct json *j, const struct json_pair *pairs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (named_before(pairs, i))
            continue;
        json_next(j);
        json_text(j, pairs[i].name);
        json_raw(j, ":", 1);
        json_open(j, '[');
        for (size_t k = i; k < count; k++) {
            if (!bytes_equal(pairs[k].name, pairs[i].name))
                continue;
            json_next(j);
            json_text(j, pairs[k].value);
        }
        json_close(j, ']');
    }
}

void json_hex(struct json *j, struct bytes b)
{
    if (b.len > (SIZE_MAX - 2) / 2 || !json_reserve(j, 2 * b.len + 2)) {
        j->failed = true;
        return;
    }
    j->data[j->len++] = '"';
    hash_hex(b, j->data + j->len);
    j->len += 2 * b.len;
    j->data[j->len++] = '"';
}

void json_base64(struct json *j, struct bytes b)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if (b.len > SIZE_MAX / 2 || !json_reserve(j, (b.len + 2) / 3 * 4 + 2)) {
        j->failed = true;
        return;
    }
    j->data[j->len++] = '"';
    for (size_t i = 0; i < b.len; i += 3) {
        uint32_t three = (uint32_t)b.data[i] << 16 | (uint32_t)bytes_at(b, i + 1) << 8 |
                         (uint32_t)bytes_at(b, i + 2);
        for (size_t digit = 0; digit < 4; digit++)
            j->data[j->len++] = i + digit > b.len ? '=' : digits[three >> (18 - 6 * digit) & 0x3f];
    }
    j->data[j->len++] = '"';
}

void json_printable(struct json *j, struct bytes b)
{
    if (b.len > SIZE_MAX / 4 || !json_reserve(j, 2 * b.len + 2)) {
        j->failed = true;
        return;
    }
    j->data[j->len++] = '"';
    for (size_t i = 0; i < b.len; i++) {
        uint8_t c = b.data[i];
        if (c == '"' || c == '\\' || c == '\r' || c == '\n')
            j->data[j->len++] = '\\';
        j->data[j->len++] = c == '\r'              ? 'r'
                            : c == '\n'            ? 'n'
                            : c >= ' ' && c < 0x7f ? (char)c
                                                   : '.';
    }
    j->data[j->len++] = '"';
}

static const char digit_pairs[] = "00010203040506070809101112131415161718192021222324"
                                  "25262728293031323334353637383940414243444546474849"
                                  "50515253545556575859606162636465666768697071727374"
                                  "75767778798081828384858687888990919293949596979899";

static inline void write_pair(char *out, unsigned v)
{
    memcpy(out, digit_pairs + 2 * v, 2);
}

// Decimal digits of v: 1233 / 4096 is close to log10(2).
static unsigned u64_digits(uint64_t v)
{
    static const uint64_t powers[U64_DIGITS] = {0, 10, 100, 1'000, 10'000, 100'000, 1'000'000,
        10'000'000, 100'000'000, 1'000'000'000, 10'000'000'000, 100'000'000'000, 1'000'000'000'000,
        10'000'000'000'000, 100'000'000'000'000, 1'000'000'000'000'000, 10'000'000'000'000'000,
        100'000'000'000'000'000, 1'000'000'000'000'000'000, 10'000'000'000'000'000'000U};
    unsigned bits = 64 - (unsigned)__builtin_clzll(v | 1);
    unsigned guess = bits * 1233 >> 12;
    return guess + (v >= powers[guess]);
}

// The digits of v, made from the last to the first, in front of `end`.
static void write_u64(char *end, uint64_t v)
{
    while (v >= 100) {
        end -= 2;
        write_pair(end, (unsigned)(v % 100));
        v /= 100;
    }
    if (v < 10)
        end[-1] = (char)('0' + v);
    else
        write_pair(end - 2, (unsigned)v);
}

void json_u64(struct json *j, uint64_t v)
{
    if (!json_reserve(j, U64_DIGITS))
        return;
    if (v < 10) { // most are
        j->data[j->len++] = (char)('0' + v);
        return;
    }
    j->len += u64_digits(v);
    write_u64(j->data + j->len, v);
}

void json_i64(struct json *j, int64_t v)
{
    if (v < 0)
        json_raw(j, "-", 1);
    json_u64(j, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

void json_bool(struct json *j, bool v)
{
    json_raw(j, v ? "true" : "false", v ? 4 : 5);
}

// Six digits with zeros in front.
static void write_micros(char out[6], uint32_t micros)
{
    write_pair(out, micros / 10'000);
    write_pair(out + 2, micros / 100 % 100);
    write_pair(out + 4, micros % 100);
}

static void json_large_double(struct json *j, double v)
{
    char text[32];
    int len = snprintf(text, sizeof text, "%.17g", v);
    json_raw(j, text, (size_t)len);
}

void json_double(struct json *j, double v)
{
    const double micro = 1e6, large = 1e9; // below it, v * micro has its last digit
    char decimals[7] = ".";
    size_t len = sizeof decimals;
    if (!isfinite(v)) {
        json_raw(j, "null", 4);
        return;
    }
    if (fabs(v) >= large) {
        json_large_double(j, v);
        return;
    }
    uint64_t scaled = (uint64_t)(fabs(v) * micro + 0.5);
    if (v < 0 && scaled > 0)
        json_raw(j, "-", 1);
    json_u64(j, scaled / 1'000'000);
    write_micros(decimals + 1, (uint32_t)(scaled % 1'000'000));
    while (len > 1 && decimals[len - 1] == '0')
        len--;
    if (len > 1)
        json_raw(j, decimals, len);
}

void json_addr(struct json *j, const struct addr *a)
{
    if (!json_reserve(j, ADDR_TEXT_BYTES + 2))
        return;
    j->data[j->len++] = '"';
    j->len += addr_write(a, j->data + j->len);
    j->data[j->len++] = '"';
}

void json_mac(struct json *j, struct bytes mac)
{
    json_raw(j, "\"", 1);
    for (size_t i = 0; i < mac.len; i++) {
        char text[3] = ":";
        hash_hex(bytes_sub(mac, i, 1), text + 1);
        json_raw(j, i > 0 ? text : text + 1, i > 0 ? 3 : 2);
    }
    json_raw(j, "\"", 1);
}

struct civil {
    unsigned year, month, day;
};

// Gregorian date of a day counted from 0000-03-01, in years that start in March: the leap day is
// then the last of its year.
static struct civil civil_from_days(uint32_t days)
{
    uint32_t era = days / 146'097, of_era = days % 146'097; // 400 years
    uint32_t year_of_era = (of_era - of_era / 1'460 + of_era / 36'524 - of_era / 146'096) / 365;
    uint32_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    uint32_t from_march = (5 * of_year + 2) / 153;
    struct civil date = {.year = year_of_era + era * 400,
        .month = from_march < 10 ? from_march + 3 : from_march - 9,
        .day = of_year - (153 * from_march + 2) / 5 + 1};
    date.year += date.month <= 2;
    return date;
}

static void write_second(char out[20], int64_t second)
{
    const int64_t day_s = 86'400, march_year_0 = 719'468; // days from 0000-03-01 to 1970
    int64_t days = second / day_s - (second % day_s < 0);
    uint32_t of_day = (uint32_t)(second - days * day_s);
    const uint32_t era_days = 146'097; // one more, so that January of year 0 isn't negative
    struct civil date = civil_from_days((uint32_t)(days + march_year_0 + era_days));
    date.year -= 400;
    memcpy(out, "0000-00-00T00:00:00.", 20);
    write_pair(out, date.year / 100);
    write_pair(out + 2, date.year % 100);
    write_pair(out + 5, date.month);
    write_pair(out + 8, date.day);
    write_pair(out + 11, of_day / 3600);
    write_pair(out + 14, of_day / 60 % 60);
    write_pair(out + 17, of_day % 60);
}

void json_time(struct json *j, int64_t time_us)
{
    const int64_t first_s = -62'167'219'200, last_s = 253'402'300'799; // years 0 to 9999
    int64_t second = time_us / 1'000'000, micros = time_us % 1'000'000;
    if (micros < 0) {
        micros += 1'000'000;
        second--;
    }
    second = second < first_s ? first_s : second > last_s ? last_s : second;
    if (second != j->second) {
        write_second(j->second_text, second);
        j->second = second;
    }
    const size_t len = 1 + sizeof j->second_text + 12;
    if (!json_reserve(j, len))
        return;
    char *out = j->data + j->len;
    out[0] = '"';
    memcpy(out + 1, j->second_text, sizeof j->second_text);
    write_micros(out + 21, (uint32_t)micros);
    memcpy(out + 27, "+0000\"", 6);
    j->len += len;
}
