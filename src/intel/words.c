// SPDX-License-Identifier: Apache-2.0
// How sure, how bad, how secret, until when: as lists and other formats write it.
#include "intel/internal.h"
#include <stdio.h>
#include <stdlib.h>

enum {
    TIME_BYTES = 40,
    DAY_S = 86'400,
    CONFIDENT_HIGH = 85, // as STIX 2.1, appendix A, has the words
    CONFIDENT_MEDIUM = 50,
    CONFIDENT_LOW = 15,
    EPOCH_MS_LEAST = 100'000'000'000, // a larger number counts milliseconds
};

enum intel_tlp intel_word_tlp(struct bytes word)
{
    static const struct {
        struct bytes word;
        enum intel_tlp tlp;
    } words[] = {{BYTES("white"), INTEL_TLP_CLEAR}, {BYTES("clear"), INTEL_TLP_CLEAR},
        {BYTES("green"), INTEL_TLP_GREEN}, {BYTES("amber"), INTEL_TLP_AMBER},
        {BYTES("amber+strict"), INTEL_TLP_AMBER_STRICT},
        {BYTES("amber-strict"), INTEL_TLP_AMBER_STRICT}, {BYTES("red"), INTEL_TLP_RED}};
    word = bytes_trim(word);
    if (bytes_start_with_nocase(word, BYTES("tlp:")) ||
        bytes_start_with_nocase(word, BYTES("tlp-")))
        word = bytes_trim(bytes_from(word, 4));
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (bytes_equal_nocase(word, words[i].word))
            return words[i].tlp;
    }
    return INTEL_TLP_NONE;
}

uint8_t intel_word_severity(struct bytes word)
{
    static const struct {
        struct bytes word;
        enum severity severity;
    } words[] = {{BYTES("info"), SEVERITY_INFO}, {BYTES("informational"), SEVERITY_INFO},
        {BYTES("low"), SEVERITY_LOW}, {BYTES("medium"), SEVERITY_MEDIUM},
        {BYTES("moderate"), SEVERITY_MEDIUM}, {BYTES("high"), SEVERITY_HIGH},
        {BYTES("critical"), SEVERITY_HIGH}, {BYTES("severe"), SEVERITY_HIGH},
        {BYTES("低"), SEVERITY_LOW}, {BYTES("中"), SEVERITY_MEDIUM}, {BYTES("高"), SEVERITY_HIGH},
        {BYTES("重大"), SEVERITY_HIGH}, {BYTES("緊急"), SEVERITY_HIGH},
        {BYTES("情報"), SEVERITY_INFO}};
    word = bytes_trim(word);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (bytes_equal_nocase(word, words[i].word))
            return (uint8_t)words[i].severity;
    }
    return INTEL_SEVERITY_UNSAID;
}

uint8_t intel_word_confidence(struct bytes word)
{
    char room[16], *end;
    word = bytes_trim(word);
    if (word.len == 0 || word.len >= sizeof room)
        return INTEL_CONFIDENCE_UNSAID;
    switch (intel_word_severity(word)) {
    case SEVERITY_HIGH: return CONFIDENT_HIGH;
    case SEVERITY_MEDIUM: return CONFIDENT_MEDIUM;
    case SEVERITY_LOW: return CONFIDENT_LOW;
    default: break;
    }
    memcpy(room, word.data, word.len);
    room[word.len] = '\0';
    double value = strtod(room, &end);
    bool share = bytes_find_byte(word, '.') != BYTES_NOT_FOUND && value <= 1;
    bool whole = *end == '\0' || (end[0] == '%' && end[1] == '\0');
    value = share ? value * 100 : value;
    return end != room && whole && value >= 0 && value <= 100 ? (uint8_t)(value + 0.5)
                                                              : INTEL_CONFIDENCE_UNSAID;
}

// ---- Times, RFC 3339 and what lists make of it: "2026-11-22", "2026/11/22 08:00",
// "2026-11-22T08:00:00.5+09:00", seconds since 1970.

struct time_text {
    struct bytes text;
    size_t at;
    bool bad;
};

static int64_t digits(struct time_text *t, size_t count)
{
    uint64_t value = 0;
    struct bytes piece = bytes_sub(t->text, t->at, count);
    t->bad = t->bad || piece.len < count || !bytes_to_u64(piece, &value);
    t->at += count;
    return (int64_t)value;
}

// Of a month or a day: spreadsheets leave the zero out.
static int64_t one_or_two(struct time_text *t)
{
    uint8_t second = bytes_at(bytes_sub(t->text, t->at, 2), 1);
    return digits(t, second >= '0' && second <= '9' ? 2 : 1);
}

static bool one_of(struct time_text *t, const char *set)
{
    uint8_t c = bytes_at(t->text, t->at);
    bool is = c && strchr(set, c);
    t->at += is;
    return is;
}

// By counting from the first of March.
int64_t intel_days(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2;
    int64_t era = year / 400, of_era = year - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146'097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719'468;
}

static int64_t fraction_us(struct time_text *t)
{
    int64_t us = 0, unit = 100'000;
    if (!one_of(t, ".,"))
        return 0;
    while (bytes_at(t->text, t->at) >= '0' && bytes_at(t->text, t->at) <= '9') {
        us += (bytes_at(t->text, t->at++) - '0') * unit;
        unit /= 10;
    }
    return us;
}

// "Z", "+09:00", "+0900", " UTC" or nothing.
static int64_t zone_s(struct time_text *t)
{
    while (one_of(t, " "))
        continue;
    struct bytes rest = bytes_from(t->text, t->at);
    if (rest.len == 0 || bytes_equal_nocase(rest, BYTES("z")) ||
        bytes_equal_nocase(rest, BYTES("utc")) || bytes_equal_nocase(rest, BYTES("gmt")))
        return 0;
    int64_t sign = bytes_at(t->text, t->at) == '-' ? -1 : 1;
    t->bad = t->bad || !one_of(t, "+-");
    int64_t hours = digits(t, 2);
    (void)one_of(t, ":");
    int64_t minutes = t->at < t->text.len ? digits(t, 2) : 0;
    t->bad = t->bad || t->at != t->text.len || hours > 23 || minutes > 59;
    return sign * (hours * 3600 + minutes * 60);
}

static bool seconds_since(struct bytes word, int64_t *out_us)
{
    uint64_t value;
    size_t dot = bytes_find_byte(word, '.');
    if (!bytes_to_u64(bytes_sub(word, 0, dot), &value) || value > INT64_MAX / 1'000'000)
        return false;
    *out_us = (int64_t)value * (value >= EPOCH_MS_LEAST ? 1000 : 1'000'000);
    return word.len >= 9;
}

// "2026年11月22日" with signs between its numbers.
static struct bytes plain_date(struct bytes word, uint8_t room[TIME_BYTES])
{
    size_t len = 0;
    for (size_t i = 0; i < word.len && len < TIME_BYTES; i++) {
        struct bytes rest = bytes_from(word, i);
        bool between = bytes_start_with(rest, BYTES("年")) || bytes_start_with(rest, BYTES("月"));
        if (between)
            room[len++] = '-';
        else if (!bytes_start_with(rest, BYTES("日")))
            room[len++] = word.data[i];
        i += between || bytes_start_with(rest, BYTES("日")) ? strlen("年") - 1 : 0;
    }
    return bytes_make(room, len);
}

bool intel_word_time(struct bytes word, int64_t *out_us, bool *whole_day)
{
    uint8_t room[TIME_BYTES];
    word = bytes_trim(word);
    if (bytes_find(word, BYTES("年")) != BYTES_NOT_FOUND)
        word = plain_date(word, room);
    *whole_day = false;
    if (word.len > TIME_BYTES)
        return false;
    if (seconds_since(word, out_us))
        return true;
    struct time_text t = {.text = word};
    int64_t year = digits(&t, 4);
    t.bad = t.bad || !one_of(&t, "-/.");
    int64_t month = one_or_two(&t);
    t.bad = t.bad || !one_of(&t, "-/.");
    int64_t day = one_or_two(&t), of_day = 0, us = 0;
    *whole_day = t.at == word.len;
    if (!*whole_day) {
        t.bad = t.bad || !one_of(&t, "Tt ");
        int64_t hour = digits(&t, 2);
        t.bad = t.bad || !one_of(&t, ":") || hour > 24;
        of_day = hour * 3600 + digits(&t, 2) * 60;
        of_day += one_of(&t, ":") ? digits(&t, 2) : 0;
        us = fraction_us(&t);
        of_day -= zone_s(&t);
    }
    t.bad = t.bad || year < 1970 || month < 1 || month > 12 || day < 1 || day > 31;
    *out_us = (intel_days(year, month, day) * DAY_S + of_day) * 1'000'000 + us;
    return !t.bad;
}
