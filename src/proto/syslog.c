// SPDX-License-Identifier: Apache-2.0
// Syslog over UDP and TCP: messages as RFC 3164 found them and as RFC 5424 wants them, TCP framed
// by counts or by lines (RFC 6587 section 3.4). One syslog record a message with its first
// SYSLOG_MESSAGE_BYTES; structured data is not taken apart. Limit: SYSLOG_LINE_BYTES of one line.
#include "proto/proto.h"
#include "proto/text_out.h"
#include <ctype.h>

enum {
    SYSLOG_PORT = 514,
    SYSLOG_MESSAGE_BYTES = 1024,
    SYSLOG_LINE_BYTES = 64 * 1024,
    SYSLOG_PRIORITY_MAX = 191,
    SYSLOG_NAME_BYTES = 255,
};

static const char *const facilities[] = {"kern", "user", "mail", "daemon", "auth", "syslog", "lpr",
    "news", "uucp", "cron", "authpriv", "ftp", "ntp", "audit", "alert", "clock", "local0", "local1",
    "local2", "local3", "local4", "local5", "local6", "local7"};
static const char *const severities[] = {
    "emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"};

// "<13>": its length; 0: it is not there.
static size_t priority(struct bytes b, unsigned *value)
{
    size_t at = 1;
    *value = 0;
    while (at < 4 && isdigit(bytes_at(b, at)))
        *value = *value * 10 + bytes_at(b, at++) - '0';
    return bytes_at(b, 0) == '<' && at > 1 && bytes_at(b, at) == '>' &&
                   *value <= SYSLOG_PRIORITY_MAX
               ? at + 1
               : 0;
}

// "Nov 21 08:00:00 ": how BSD's begin.
static bool is_bsd_time(struct bytes b)
{
    static const char shape[] = "Aaa 00 00:00:00 ";
    if (b.len < sizeof shape - 1)
        return false;
    for (size_t i = 0; i < sizeof shape - 1; i++) {
        uint8_t c = b.data[i];
        bool fits = shape[i] == 'A'   ? isupper(c)
                    : shape[i] == 'a' ? islower(c)
                    : shape[i] == '0' ? isdigit(c) || (i == 4 && c == ' ')
                                      : c == (uint8_t)shape[i];
        if (!fits)
            return false;
    }
    return true;
}

// Digits and a space before the priority.
static bool counted(struct bytes b, size_t *digits)
{
    *digits = 0;
    while (*digits < 6 && isdigit(bytes_at(b, *digits)))
        ++*digits;
    return *digits > 0 && bytes_at(b, *digits) == ' ' && bytes_at(b, 0) != '0';
}

static enum proto_probe stream_probe(const struct proto_first *first)
{
    struct bytes data = first->data;
    size_t digits;
    unsigned value;
    if (isdigit(bytes_at(data, 0))) {
        if (counted(data, &digits))
            data = bytes_from(data, digits + 1);
        else
            return data.len <= digits && data.len > 0 ? PROBE_MORE : PROBE_NO;
        if (data.len == 0)
            return PROBE_MORE;
    }
    if (bytes_at(data, 0) != '<')
        return PROBE_NO;
    size_t skip = priority(data, &value);
    if (!skip)
        return data.len < 5 && proto_is_text(data) ? PROBE_MORE : PROBE_NO;
    data = bytes_from(data, skip);
    if (data.len < 16)
        return proto_is_text(data) || data.len == 0 ? PROBE_MORE : PROBE_NO;
    bool modern = data.data[0] == '1' && data.data[1] == ' ';
    return is_bsd_time(data) || modern ? PROBE_CLIENT : PROBE_NO;
}

static enum proto_probe syslog_probe(const struct proto_first *first)
{
    unsigned value;
    uint8_t c = bytes_at(first->data, 0);
    if (first->carrier == OVER_TCP)
        return c == '<' || isdigit(c) ? stream_probe(first) : PROBE_NO;
    bool port = first->dst_port == SYSLOG_PORT;
    if (c != '<' && !port)
        return PROBE_NO;
    size_t skip = priority(first->data, &value);
    struct bytes rest = bytes_from(first->data, skip);
    if (!proto_is_text(bytes_sub(rest, 0, 64)))
        return PROBE_NO;
    return skip || port ? PROBE_CLIENT : PROBE_NO;
}

static struct bytes word(struct bytes *rest)
{
    size_t space = bytes_find_byte(*rest, ' ');
    struct bytes w = bytes_sub(*rest, 0, space);
    *rest = space == BYTES_NOT_FOUND ? (struct bytes){NULL, 0} : bytes_from(*rest, space + 1);
    w = bytes_sub(w, 0, SYSLOG_NAME_BYTES);
    return w.len == 0 || bytes_equal(w, BYTES("-")) ? (struct bytes){NULL, 0} : w;
}

// RFC 5424 section 6.2.
static void read_modern(struct record_syslog *r, struct bytes rest)
{
    uint64_t version = 0;
    bytes_to_u64(word(&rest), &version);
    r->has_version = true;
    r->version = (uint16_t)version;
    r->time = word(&rest);
    r->hostname = word(&rest);
    r->program = word(&rest);
    r->process = word(&rest);
    r->message_id = word(&rest);
}

// "program[123]: "
static void read_tag(struct record_syslog *r, struct bytes rest)
{
    size_t at = 0;
    while (at < rest.len && at < SYSLOG_NAME_BYTES && !strchr(" :[", rest.data[at]))
        at++;
    uint8_t stop = bytes_at(rest, at);
    if (at == 0 || (stop != ':' && stop != '['))
        return;
    r->program = bytes_sub(rest, 0, at);
    if (stop == '[') {
        struct bytes inside = bytes_sub(rest, at + 1, 16);
        size_t end = bytes_find_byte(inside, ']');
        if (end != BYTES_NOT_FOUND)
            r->process = bytes_sub(inside, 0, end);
    }
}

// RFC 3164 section 4.1: a time, a host, a tag; many leave the host out.
static void read_bsd(struct record_syslog *r, struct bytes rest)
{
    if (!is_bsd_time(rest)) {
        read_tag(r, rest);
        return;
    }
    r->time = bytes_sub(rest, 0, 15);
    rest = bytes_from(rest, 16);
    struct bytes before = rest;
    struct bytes host = word(&rest);
    uint8_t last = host.len ? host.data[host.len - 1] : 0;
    if (last == ':' || last == ']') {
        rest = before;
    } else {
        r->hostname = host;
    }
    read_tag(r, rest);
}

static void message(struct proto_flow *pf, enum flow_side side, struct bytes data)
{
    unsigned value;
    size_t skip = priority(data, &value);
    while (data.len > skip && (data.data[data.len - 1] == '\n' || data.data[data.len - 1] == '\r' ||
                                  data.data[data.len - 1] == 0))
        data.len--;
    struct bytes rest = bytes_from(data, skip);
    struct record_syslog r = {
        .facility = skip ? bytes_from_text(facilities[value / 8]) : BYTES("unspecified"),
        .severity = skip ? bytes_from_text(severities[value % 8]) : BYTES("unspecified"),
        .has_priority = skip > 0,
        .priority = (uint8_t)value,
        .message = bytes_sub(rest, 0, SYSLOG_MESSAGE_BYTES),
        .length = (uint32_t)rest.len,
    };
    if (skip && bytes_at(rest, 0) == '1' && bytes_at(rest, 1) == ' ')
        read_modern(&r, rest);
    else if (skip)
        read_bsd(&r, rest);
    pf->speaker = side;
    proto_emit(pf, RECORD_SYSLOG, &r, pf->tx_count++);
}

// One counted message. False: it is not whole yet.
static bool take_counted(
    struct proto_flow *pf, enum flow_side side, struct cursor *in, size_t digits)
{
    struct cursor at = *in;
    uint64_t length = 0;
    bytes_to_u64(cursor_take(&at, digits), &length);
    cursor_skip(&at, 1);
    if (cursor_left(&at) < length && !pf->ended[side]) {
        pf->need[side] = digits + 1 + length;
        return false;
    }
    size_t left = cursor_left(&at);
    if (left < length)
        proto_anomaly(pf, ANOMALY_SYSLOG_MALFORMED);
    message(pf, side, cursor_take(&at, length < left ? length : left));
    *in = at;
    return true;
}

static enum proto_verdict parse_stream(
    struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    for (struct bytes line; cursor_left(in) > 0;) {
        struct bytes rest = cursor_rest(in);
        size_t digits;
        bool number = isdigit(rest.data[0]);
        if (number && counted(rest, &digits)) {
            if (!take_counted(pf, side, in, digits))
                return PROTO_MORE;
        } else if (number && rest.len <= 6 && !pf->ended[side] &&
                   bytes_find_byte(rest, '\n') == BYTES_NOT_FOUND) {
            return PROTO_MORE;
        } else if (cursor_line(in, &line)) {
            if (line.len > 0)
                message(pf, side, line);
        } else if (rest.len > SYSLOG_LINE_BYTES) {
            proto_anomaly(pf, ANOMALY_SYSLOG_TOO_LONG);
            return PROTO_DONE;
        } else {
            if (pf->ended[side]) // the last line needs no end
                message(pf, side, cursor_take(in, rest.len));
            return PROTO_MORE;
        }
    }
    return PROTO_MORE;
}

static enum proto_verdict syslog_parse(
    struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    if (pf->carrier == OVER_TCP)
        return parse_stream(pf, side, in);
    if (cursor_left(in) > 0)
        message(pf, side, cursor_rest(in));
    return PROTO_MORE;
}

const struct proto proto_syslog = {
    .name = "syslog",
    .carriers = OVER_UDP | OVER_TCP,
    .buffer_bytes = 1024 * 1024, // a counted message is at most 999,999 bytes
    .probe = syslog_probe,
    .parse = syslog_parse,
};
