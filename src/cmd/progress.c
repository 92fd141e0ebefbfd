// SPDX-License-Identifier: Apache-2.0
// [██████░░░░░░] 42 %  1,234,567 packets  980,000/s  0:12 left
// Never wider than the terminal: the bar gives way first, then the end of the text.
#include "cmd/progress.h"
#include "base/clock.h"
#include "cmd/layout.h"
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
    QUIET_US = 2'000'000, // what is done sooner needs no line
    REFRESH_US = 200'000,
    BAR_MAX = 40, // columns
    BAR_MIN = 6,
    COLUMNS = 80, // of a terminal that does not tell
    FRAME = 3,    // brackets and a space
    LINE = 512,
    LEFT_MAX_S = 99 * 3600,
};

static size_t columns(void)
{
    struct winsize size;
    bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    return (known ? size.ws_col : COLUMNS) - 1; // a full line would wrap on some
}

static void write_left(char *out, size_t room, double share, double seconds)
{
    double left = share > 0 ? seconds / share - seconds : LEFT_MAX_S;
    int s = left < LEFT_MAX_S ? (int)left : LEFT_MAX_S;
    if (s >= 3600)
        snprintf(out, room, "%d:%02d:%02d", s / 3600, s / 60 % 60, s % 60);
    else
        snprintf(out, room, "%d:%02d", s / 60, s % 60);
}

static void print_bar(double share, size_t width)
{
    size_t full = (size_t)(share * (double)width + 0.5);
    fputc('[', stderr);
    for (size_t i = 0; i < width; i++)
        fputs(i < full ? "█" : "░", stderr);
    fputs("] ", stderr);
}

static void draw(const struct progress *p, double share, uint64_t packets, double seconds)
{
    char line[LINE], percent[16], count[LAYOUT_NUMBER], rate[LAYOUT_NUMBER], left[32];
    snprintf(percent, sizeof percent, "%.0f", share < 0 ? 0 : share * 100);
    layout_number(packets, count);
    layout_number((uint64_t)((double)packets / seconds), rate);
    write_left(left, sizeof left, share, seconds);
    struct text_arg args[] = {{"percent", bytes_from_text(percent)},
        {"packets", bytes_from_text(count)}, {"rate", bytes_from_text(rate)},
        {"left", bytes_from_text(left)}};
    enum text_id id = share < 0 ? TEXT_READ_PROGRESS_PIPE : TEXT_READ_PROGRESS;
    size_t len = text_format(line, sizeof line, id, p->lang, args, 4);
    size_t width = columns(), used = layout_width(bytes_make(line, len)) + FRAME;
    fputs("\r\033[K", stderr);
    if (share >= 0 && width >= used + BAR_MIN)
        print_bar(share, width - used < BAR_MAX ? width - used : BAR_MAX);
    fwrite(line, 1, layout_fit(bytes_make(line, len), width), stderr);
    fflush(stderr);
}

void progress_start(struct progress *progress, enum lang lang)
{
    *progress = (struct progress){.started_us = clock_monotonic_us(), .lang = lang};
}

void progress_tell(void *progress, double share, uint64_t packets)
{
    struct progress *p = progress;
    int64_t now = clock_monotonic_us();
    p->unbounded |= share < 0;
    if (now - p->started_us < QUIET_US || now - p->shown_us < REFRESH_US)
        return;
    p->shown_us = now;
    p->shown = true;
    draw(p, p->unbounded ? -1 : share, packets, (double)(now - p->started_us) / 1e6);
}

void progress_end(const struct progress *progress)
{
    if (progress->shown)
        fputs("\r\033[K", stderr);
}
