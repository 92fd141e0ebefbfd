// SPDX-License-Identifier: Apache-2.0
#include "cmd/layout.h"
#include "base/utf8.h"
#include <stdio.h>
#include <time.h>

void layout_number(uint64_t n, char out[LAYOUT_NUMBER])
{
    char digits[LAYOUT_NUMBER];
    int len = snprintf(digits, sizeof digits, "%llu", (unsigned long long)n), o = 0;
    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0)
            out[o++] = ',';
        out[o++] = digits[i];
    }
    out[o] = '\0';
}

void layout_bytes(uint64_t n, char out[LAYOUT_NUMBER])
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
    double value = (double)n;
    size_t unit = 0;
    while (value >= 999.95 && unit + 1 < sizeof units / sizeof *units) {
        value /= 1000;
        unit++;
    }
    snprintf(out, LAYOUT_NUMBER, unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
}

// False: a time no calendar holds.
static bool local_time(int64_t time_us, struct tm *tm)
{
    time_t seconds = (time_t)(time_us / 1000'000);
    return localtime_r(&seconds, tm) != NULL && tm->tm_year < 9999 - 1900;
}

static bool same_day(const struct tm *a, const struct tm *b)
{
    return a->tm_yday == b->tm_yday && a->tm_year == b->tm_year && a->tm_gmtoff == b->tm_gmtoff;
}

void layout_period(int64_t from_us, int64_t to_us, char out[LAYOUT_PERIOD])
{
    struct tm from, to;
    char a[LAYOUT_NUMBER] = "", b[LAYOUT_NUMBER] = "", zone[LAYOUT_NUMBER] = "";
    if (!local_time(from_us, &from) || !local_time(to_us, &to)) {
        snprintf(out, LAYOUT_PERIOD, "%lld – %lld", (long long)(from_us / 1000'000),
            (long long)(to_us / 1000'000));
        return;
    }
    bool moved = from.tm_gmtoff != to.tm_gmtoff; // summer time began or ended
    (void)strftime(a, sizeof a, moved ? "%Y-%m-%d %H:%M:%S %Z" : "%Y-%m-%d %H:%M:%S", &from);
    (void)strftime(b, sizeof b, same_day(&from, &to) ? "%H:%M:%S" : "%Y-%m-%d %H:%M:%S", &to);
    (void)strftime(zone, sizeof zone, "%Z", &to);
    snprintf(out, LAYOUT_PERIOD, "%s – %s %s", a, b, zone);
}

void layout_when(int64_t from_us, int64_t to_us, char out[LAYOUT_PERIOD])
{
    struct tm tm;
    if (from_us / 1000'000 != to_us / 1000'000 || !local_time(from_us, &tm))
        layout_period(from_us, to_us, out);
    else
        (void)strftime(out, LAYOUT_PERIOD, "%Y-%m-%d %H:%M:%S %Z", &tm);
}

// East Asian Width W and F, as far as this program's texts and common names use them.
static bool is_wide(uint32_t c)
{
    return (c >= 0x1100 && c <= 0x115f) || (c >= 0x2e80 && c <= 0x303e) ||
           (c >= 0x3041 && c <= 0xa4cf) || (c >= 0xac00 && c <= 0xd7a3) ||
           (c >= 0xf900 && c <= 0xfaff) || (c >= 0xfe30 && c <= 0xfe6f) ||
           (c >= 0xff00 && c <= 0xff60) || (c >= 0xffe0 && c <= 0xffe6) ||
           (c >= 0x1f300 && c <= 0x1faff) || (c >= 0x20000 && c <= 0x3fffd);
}

// The character at text.data[*at], which is stepped over; returns the columns it takes.
static size_t next_width(struct bytes text, size_t *at)
{
    const uint8_t *c = &text.data[*at];
    size_t bad = 1, n = 1;
    if (*c >= 0x80)
        n = utf8_character(c, text.len - *at, &bad);
    *at += n ? n : bad;
    return n && is_wide(utf8_code_point(c, n)) ? 2 : 1;
}

size_t layout_width(struct bytes text)
{
    size_t width = 0;
    for (size_t i = 0; i < text.len;)
        width += next_width(text, &i);
    return width;
}

size_t layout_fit(struct bytes text, size_t width)
{
    size_t fits = 0;
    for (size_t i = 0, used = 0; i < text.len;) {
        used += next_width(text, &i);
        if (used > width)
            break;
        fits = i;
    }
    return fits;
}

static int padding(const char *text, size_t width)
{
    size_t used = layout_width(bytes_from_text(text));
    return used < width ? (int)(width - used) : 0;
}

void layout_cell(const char *text, size_t width)
{
    printf("%s%*s", text, padding(text, width), "");
}

void layout_cell_right(const char *text, size_t width)
{
    printf("%*s%s", padding(text, width), "", text);
}
