// SPDX-License-Identifier: Apache-2.0
// Times as logs write them.
#include "logs/reader.h"
#include <stdio.h>
#include <time.h>

// "2026-11-21T08:00:00.123456+0900", "…Z", "…+09:00"; a space will
// do for the T.
bool log_time_parse(const char *text, int64_t *out_us)
{
    struct tm tm = {0};
    const char *end = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
    if (!end)
        end = strptime(text, "%Y-%m-%d %H:%M:%S", &tm);
    if (!end)
        return false;
    int64_t us = 0, unit = 100'000;
    if (*end == '.')
        for (end++; *end >= '0' && *end <= '9'; end++, unit /= 10)
            us += (*end - '0') * unit;
    int hours = 0, minutes = 0;
    char sign = *end;
    if ((sign == '+' || sign == '-') && sscanf(&end[1], "%2d:%2d", &hours, &minutes) != 2)
        (void)sscanf(&end[1], "%2d%2d", &hours, &minutes);
    int64_t off = (hours * 60 + minutes) * 60;
    *out_us = ((int64_t)timegm(&tm) - (sign == '-' ? -off : off)) * 1000'000 + us;
    return true;
}
