// SPDX-License-Identifier: Apache-2.0
// The only state of the process that any thread may touch; hence the mutex. Lines for people are
// made in a buffer on the stack, so that "out of memory" can be said when it is so.
#include "base/log.h"
#include "base/clock.h"
#include "base/gate.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/limit.h"
#include "base/utf8.h"
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

enum { LINE_BYTES = 2048, VALUE_BYTES = 256 };

static struct mutex log_mutex = MUTEX_STATIC;
static struct log_options log_options = {.least = LOG_LEVEL_INFO, .fd = STDERR_FILENO};
static struct limit log_limit;

static const char *const level_names[] = {
    [LOG_LEVEL_DEBUG] = "debug",
    [LOG_LEVEL_INFO] = "info",
    [LOG_LEVEL_WARNING] = "warning",
    [LOG_LEVEL_ERROR] = "error",
};

struct message {
    enum log_level level;
    const char *room, *text;
    const struct log_pair *pairs;
    uint64_t suppressed;
};

// Nothing can be done when nobody reads what we say.
static void log_send(const char *line, size_t len)
{
    while (len > 0) {
        ssize_t sent = write(log_options.fd, line, len);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return;
        line += sent;
        len -= (size_t)sent;
    }
}

struct line {
    char text[LINE_BYTES];
    size_t len;
};

// Room for the line feed is always left.
static void line_add(struct line *line, const char *text)
{
    size_t room = sizeof line->text - 1 - line->len, len = strlen(text);
    if (len > room)
        len = room;
    memcpy(line->text + line->len, text, len);
    line->len += len;
}

static void line_add_printed(struct line *line, struct bytes value)
{
    size_t room = sizeof line->text - 1 - line->len;
    line->len += utf8_print(value, line->text + line->len, room < VALUE_BYTES ? room : VALUE_BYTES);
}

static void line_add_number(struct line *line, int64_t number)
{
    char text[24];
    (void)snprintf(text, sizeof text, "%lld", (long long)number);
    line_add(line, text);
}

static void line_add_pairs(struct line *line, const struct log_pair *pair)
{
    const char *before = " (";
    for (; pair->kind != LOG_KIND_END; pair++) {
        line_add(line, before);
        line_add(line, pair->key);
        line_add(line, " ");
        if (pair->kind == LOG_KIND_NUMBER)
            line_add_number(line, pair->number);
        else
            line_add_printed(line, pair->text);
        before = ", ";
    }
    if (*before == ',')
        line_add(line, ")");
}

static void log_for_people(const struct message *m)
{
    struct line line = {.len = 0};
    line_add(&line, "yagura: ");
    line_add(&line, level_names[m->level]);
    line_add(&line, ": ");
    line_add(&line, m->text);
    line_add_pairs(&line, m->pairs);
    if (m->suppressed > 0) {
        line_add(&line, " [");
        line_add_number(&line, (int64_t)m->suppressed);
        line_add(&line, " more like this were not shown]");
    }
    line.text[line.len++] = '\n';
    log_send(line.text, line.len);
}

static void json_add_pair(struct json *j, const struct log_pair *pair)
{
    char printed[VALUE_BYTES];
    json_next(j);
    json_text(j, bytes_from_text(pair->key));
    json_raw(j, ":", 1);
    if (pair->kind == LOG_KIND_NUMBER) {
        json_i64(j, pair->number);
        return;
    }
    // Machines' lines are looked at on terminals too.
    json_text(j, bytes_make(printed, utf8_print(pair->text, printed, sizeof printed)));
}

static void log_for_machines(const struct message *m)
{
    struct json j;
    json_init(&j);
    json_open(&j, '{');
    JSON_KEY(&j, "time");
    json_time(&j, clock_wall_us());
    JSON_KEY(&j, "level");
    json_text(&j, bytes_from_text(level_names[m->level]));
    JSON_KEY(&j, "room");
    json_text(&j, bytes_from_text(m->room));
    JSON_KEY(&j, "message");
    json_text(&j, bytes_from_text(m->text));
    for (const struct log_pair *pair = m->pairs; pair->kind != LOG_KIND_END; pair++)
        json_add_pair(&j, pair);
    if (m->suppressed > 0) {
        JSON_KEY(&j, "suppressed");
        json_u64(&j, m->suppressed);
    }
    json_close(&j, '}');
    json_raw(&j, "\n", 1);
    if (j.failed)
        log_for_people(m); // better another form than silence
    else
        log_send(j.data, j.len);
    json_finish(&j);
}

static void log_one(const struct message *m)
{
    if (log_options.json)
        log_for_machines(m);
    else
        log_for_people(m);
}

void log_setup(const struct log_options *options)
{
    mutex_lock(&log_mutex);
    log_options = *options;
    log_limit = (struct limit){.forgotten = 0};
    mutex_unlock(&log_mutex);
}

void log_write(
    enum log_level level, const char *room, const char *message, const struct log_pair *pairs)
{
    struct message m = {.level = level, .room = room, .text = message, .pairs = pairs};
    if (level < log_options.least)
        return;
    uint64_t id = hash_bytes(bytes_from_text(message), hash_bytes(bytes_from_text(room), level));
    mutex_lock(&log_mutex);
    if (limit_allow(&log_limit, id | 1, clock_monotonic_us(), &m.suppressed))
        log_one(&m);
    mutex_unlock(&log_mutex);
}

void log_finish(void)
{
    mutex_lock(&log_mutex);
    uint64_t untold = limit_untold(&log_limit);
    if (untold > 0) {
        const struct log_pair pairs[] = {LOG_NUMBER("count", untold), {.kind = LOG_KIND_END}};
        const struct message m = {.level = LOG_LEVEL_WARNING,
            .room = "base",
            .text = "repeated messages were not shown",
            .pairs = pairs};
        log_one(&m);
    }
    log_limit = (struct limit){.forgotten = 0};
    mutex_unlock(&log_mutex);
}
