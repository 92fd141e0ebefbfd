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

void layout_time(int64_t time_us, char out[LAYOUT_NUMBER])
{
    time_t seconds = (time_t)(time_us / 1000'000);
    struct tm tm;
    if (!localtime_r(&seconds, &tm) || !strftime(out, LAYOUT_NUMBER, "%Y-%m-%d %H:%M:%S", &tm))
        snprintf(out, LAYOUT_NUMBER, "%lld", (long long)seconds);
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

size_t layout_width(struct bytes text)
{
    size_t width = 0;
    for (size_t i = 0; i < text.len;) {
        size_t bad = 1, n = 1;
        if (text.data[i] >= 0x80)
            n = utf8_character(&text.data[i], text.len - i, &bad);
        width += n && is_wide(utf8_code_point(&text.data[i], n)) ? 2 : 1;
        i += n ? n : bad;
    }
    return width;
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
