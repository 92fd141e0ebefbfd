// SPDX-License-Identifier: Apache-2.0
// Tools of attackers by the shapes of content/frameworks.yaml: what they say, ask for and show
// unless their masters change it. Field after field of a shape; most records fail the first.
#include "behaviour/framework_shapes.h"
#include "behaviour/seat.h"
#include <ctype.h>

// Digits from a place on.
static size_t digits_at(struct bytes text, size_t at)
{
    size_t end = at;
    while (end < text.len && isdigit(text.data[end]))
        end++;
    return end - at;
}

// The next place at which what stands behind a `*` can begin.
static size_t next_start(struct bytes pattern, size_t behind, struct bytes text, size_t from)
{
    uint8_t first = bytes_at(pattern, behind);
    if (behind == pattern.len || first == '*' || first == '?' || first == '#')
        return from;
    size_t at = bytes_find_byte(bytes_from(text, from), first);
    return at == BYTES_NOT_FOUND ? text.len : from + at;
}

// `*` is anything, `?` one byte, `#` one or more digits. After a mismatch the last `*` takes more;
// those before it need not be asked again.
static bool fits(struct bytes pattern, struct bytes text)
{
    size_t p = 0, t = 0, star = BYTES_NOT_FOUND, resume = 0, digits;
    while (t < text.len || p < pattern.len) {
        uint8_t want = bytes_at(pattern, p);
        if (p < pattern.len && want == '*') {
            star = p++;
            resume = t;
        } else if (p < pattern.len && want == '#' && (digits = digits_at(text, t)) > 0) {
            p++;
            t += digits;
        } else if (p < pattern.len && t < text.len && (want == '?' || want == text.data[t])) {
            p++;
            t++;
        } else if (star != BYTES_NOT_FOUND && resume < text.len) {
            p = star + 1;
            t = resume = next_start(pattern, p, text, resume + 1);
        } else {
            return false;
        }
    }
    return true;
}

static bool holds(const struct framework_condition *condition, const struct bytes *fields)
{
    struct bytes value = fields[condition->field];
    if (!value.len)
        return false;
    for (size_t i = 0; i < condition->count; i++)
        if (fits(condition->patterns[i], value))
            return true;
    return false;
}

static void tell(const struct seat *seat, const struct record *record,
    const struct framework_shape *shape, const struct bytes *fields)
{
    static const char *const names[FRAMEWORK_FIELDS] = {"http.url", "http.http_user_agent",
        "http.http_method", "http.server", "http.http_content_type", "http.request_content_type",
        "http.websocket.client_protocols", "flow.first_toserver", "flow.first_toclient",
        "email.subject", "ftp.command_data", "tls.subject", "tls.issuerdn"};
    struct telling telling;
    telling_begin(&telling, "c2.framework", record, bytes_from_text(shape->kind));
    telling_text(&telling, "tool", bytes_from_text(shape->tool));
    for (size_t i = 0; i < shape->count; i++) {
        enum framework_field field = shape->conditions[i].field;
        telling_match(&telling, names[field], fields[field]);
    }
    telling_end(&telling, seat);
}

static bool fields_of_http(const struct record_http *http, struct bytes *fields)
{
    fields[FRAMEWORK_HTTP_URL] = http->url;
    fields[FRAMEWORK_HTTP_AGENT] = http->http_user_agent;
    fields[FRAMEWORK_HTTP_METHOD] = http->http_method;
    fields[FRAMEWORK_HTTP_SERVER] = http->server;
    fields[FRAMEWORK_HTTP_TYPE] = http->http_content_type;
    fields[FRAMEWORK_HTTP_REQUEST_TYPE] = http->request_content_type;
    fields[FRAMEWORK_HTTP_WEBSOCKET] = http->websocket.client_protocols;
    return true;
}

static bool fields_of_flow(const struct record *record, struct bytes *fields)
{
    const struct record_flow *flow = record->body;
    fields[FRAMEWORK_TCP_CLIENT] = flow->first_toserver;
    fields[FRAMEWORK_TCP_SERVER] = flow->first_toclient;
    return head_is_nameless(&record->head) && bytes_equal(record->head.proto, BYTES("TCP"));
}

static bool fields_of_ftp(const struct record_ftp *ftp, struct bytes *fields)
{
    fields[FRAMEWORK_FTP_STORED] = ftp->command_data;
    return bytes_equal(ftp->command, BYTES("STOR"));
}

static bool fields_of_tls(const struct record_tls *tls, struct bytes *fields)
{
    fields[FRAMEWORK_CERTIFICATE_SUBJECT] = tls->subject;
    fields[FRAMEWORK_CERTIFICATE_ISSUER] = tls->issuerdn;
    return tls->subject.len > 0;
}

static bool fields_of_mail(const struct record_smtp *smtp, struct bytes *fields)
{
    fields[FRAMEWORK_MAIL_SUBJECT] = smtp->email.subject;
    return true;
}

// False: no shape is of such a record.
static bool fields_of(const struct record *record, struct bytes *fields)
{
    switch (record->type) {
    case RECORD_HTTP: return fields_of_http(record->body, fields);
    case RECORD_FLOW: return fields_of_flow(record, fields);
    case RECORD_FTP: return fields_of_ftp(record->body, fields);
    case RECORD_TLS: return fields_of_tls(record->body, fields);
    case RECORD_SMTP: return fields_of_mail(record->body, fields);
    default: return false;
    }
}

static void record(const struct seat *seat, const struct record *record)
{
    struct bytes fields[FRAMEWORK_FIELDS] = {{NULL, 0}};
    if (!fields_of(record, fields))
        return;
    for (size_t i = 0; i < framework_shape_count; i++) {
        const struct framework_shape *shape = &framework_shapes[i];
        size_t held = 0;
        while (held < shape->count && holds(&shape->conditions[held], fields))
            held++;
        if (held < shape->count)
            continue;
        tell(seat, record, shape, fields);
        return;
    }
}

const struct look framework_look = {
    .types = (const enum record_type[]){RECORD_HTTP, RECORD_FLOW, RECORD_SMTP, RECORD_FTP,
        RECORD_TLS, RECORD_NONE},
    .record = record,
};
