// SPDX-License-Identifier: Apache-2.0
// The head of an HTTP/1.x message: request line (RFC 9112 section 3), status line (section 4) and
// header fields (section 5). Lenient as servers are; every leniency somebody could hide behind has
// an anomaly. Kept fields are copied into the transaction; no value is kept beyond a line's limit.
#include "proto/http.h"

static const struct {
    struct bytes name;
    bool join;
} fields[] = {
#define HTTP_FIELD(symbol, text, join) {{(const uint8_t *)(text), sizeof(text) - 1}, join},
#include "proto/http_field.def"
#undef HTTP_FIELD
};

static struct bytes keep(struct http_tx *tx, struct bytes value)
{
    struct bytes copy = arena_copy(&tx->arena, value);
    if (!copy.data && value.len > 0)
        proto_anomaly(tx->pf, ANOMALY_HTTP_OUT_OF_BUDGET);
    return copy;
}

static bool is_version(struct bytes b)
{
    return bytes_start_with_nocase(b, BYTES("HTTP/"));
}

static uint8_t version_of(struct bytes b)
{
    uint8_t major = bytes_at(b, 5), minor = bytes_at(b, 7);
    return major == '1' && minor == '0' ? 10 : major == '0' ? 9 : 11;
}

// Index of the last blank of b, or BYTES_NOT_FOUND.
static size_t last_blank(struct bytes b)
{
    const uint8_t *space = b.data ? memrchr(b.data, ' ', b.len) : NULL;
    const uint8_t *tab = b.data ? memrchr(b.data, '\t', b.len) : NULL;
    const uint8_t *at = space > tab ? space : tab;
    return at ? (size_t)(at - b.data) : BYTES_NOT_FOUND;
}

static size_t first_blank(struct bytes b)
{
    size_t space = bytes_find_byte(b, ' ');
    size_t tab = bytes_find_byte(bytes_sub(b, 0, space), '\t');
    return tab < space ? tab : space;
}

// Takes the version off the end of `rest` when one stands there.
static void take_version(struct http_tx *tx, struct bytes *rest)
{
    size_t at = last_blank(*rest);
    struct bytes tail = at == BYTES_NOT_FOUND ? *rest : bytes_from(*rest, at + 1);
    if (!is_version(tail)) {
        tx->message[FLOW_CLIENT].version = 9;
        proto_anomaly(tx->pf, ANOMALY_HTTP_REQUEST_LINE_MISSING_PROTOCOL);
        return;
    }
    tx->protocol = keep(tx, tail);
    tx->message[FLOW_CLIENT].version = version_of(tail);
    struct bytes target = bytes_sub(*rest, 0, rest->len - tail.len);
    *rest = bytes_trim(target);
    if (target.len > rest->len + 1 || bytes_find_byte(*rest, ' ') != BYTES_NOT_FOUND ||
        bytes_find_byte(target, '\t') != BYTES_NOT_FOUND)
        proto_anomaly(tx->pf, ANOMALY_HTTP_URI_DELIM_NON_COMPLIANT);
}

bool http_request_line(struct http_tx *tx, struct bytes line)
{
    struct bytes trimmed = bytes_trim(line);
    if (line.len > 0 && (line.data[0] == ' ' || line.data[0] == '\t'))
        proto_anomaly(tx->pf, ANOMALY_HTTP_REQUEST_LINE_LEADING_WHITESPACE);
    size_t at = first_blank(trimmed);
    tx->method = keep(tx, bytes_sub(trimmed, 0, at));
    tx->message[FLOW_CLIENT].begun = true;
    if (at == BYTES_NOT_FOUND) {
        tx->message[FLOW_CLIENT].version = 9;
        proto_anomaly(tx->pf, ANOMALY_HTTP_REQUEST_LINE_INVALID);
        return false;
    }
    struct bytes rest = bytes_from(trimmed, at);
    if (rest.data[0] != ' ' || bytes_at(rest, 1) == ' ' || bytes_at(rest, 1) == '\t')
        proto_anomaly(tx->pf, ANOMALY_HTTP_METHOD_DELIM_NON_COMPLIANT);
    rest = bytes_trim(rest);
    take_version(tx, &rest);
    tx->target = keep(tx, rest);
    return true;
}

// "HTTP/1.1 200 OK"; SHOUTcast servers say "ICY 200 OK".
bool http_status_line(struct http_tx *tx, struct bytes line)
{
    struct http_message *m = &tx->message[FLOW_SERVER];
    bool icy = bytes_start_with(line, BYTES("ICY "));
    if (!icy && !is_version(line))
        return false;
    m->begun = true;
    m->version = icy ? 10 : version_of(line);
    size_t at = first_blank(line);
    struct bytes rest = at == BYTES_NOT_FOUND ? (struct bytes){NULL, 0} : bytes_from(line, at);
    rest = bytes_trim(rest);
    uint64_t status = 0;
    size_t digits = rest.len < 3 ? rest.len : 3;
    bool delimited = rest.len == digits || rest.data[digits] == ' ' || rest.data[digits] == '\t';
    if (!delimited || !bytes_to_u64(bytes_sub(rest, 0, digits), &status) || status < 100) {
        proto_anomaly(tx->pf, ANOMALY_HTTP_RESPONSE_INVALID_STATUS);
        status = 0;
    }
    tx->status = (uint16_t)status;
    return true;
}

static enum http_field find_field(struct bytes name)
{
    for (size_t i = 0; i < HTTP_FIELD_COUNT; i++)
        if (fields[i].name.len == name.len && bytes_equal_nocase(fields[i].name, name))
            return (enum http_field)i;
    return HTTP_FIELD_OTHER;
}

// `more` behind what the field has, with `glue` between.
static void field_add(struct http_tx *tx, struct bytes *field, struct bytes glue, struct bytes more)
{
    size_t len = field->len + glue.len + more.len;
    if (len > HTTP_LINE_BYTES) {
        proto_anomaly(tx->pf, ANOMALY_HTTP_REQUEST_FIELD_TOO_LONG);
        return;
    }
    void *home = arena_grow(&tx->arena, (void *)(uintptr_t)field->data, field->len, len);
    if (!home) {
        proto_anomaly(tx->pf, ANOMALY_HTTP_OUT_OF_BUDGET);
        return;
    }
    struct bytes parts[] = {glue, more};
    uint8_t *out = home;
    size_t at = field->len;
    for (size_t i = 0; i < 2; i++) {
        if (parts[i].len > 0)
            memcpy(&out[at], parts[i].data, parts[i].len);
        at += parts[i].len;
    }
    *field = bytes_make(home, len);
}

// A line that begins with a blank continues the field before it (obs-fold, RFC 9112 section 5.2).
static void folded_line(struct http_tx *tx, enum flow_side side, struct bytes line)
{
    struct http_message *m = &tx->message[side];
    if (m->field_count == 0)
        http_anomaly(tx->pf, side, ANOMALY_HTTP_INVALID_REQUEST_FIELD_FOLDING,
            ANOMALY_HTTP_INVALID_RESPONSE_FIELD_FOLDING);
    else if (m->last != HTTP_FIELD_OTHER)
        field_add(tx, &m->field[m->last], BYTES(" "), bytes_trim(line));
}

static struct bytes checked_name(struct http_tx *tx, enum flow_side side, struct bytes name)
{
    struct bytes trimmed = bytes_trim(name);
    if (trimmed.len != name.len)
        proto_anomaly(tx->pf, ANOMALY_HTTP_SPACE_BEFORE_COLON);
    if (trimmed.len == 0 || first_blank(trimmed) != BYTES_NOT_FOUND)
        http_anomaly(tx->pf, side, ANOMALY_HTTP_REQUEST_HEADER_INVALID,
            ANOMALY_HTTP_RESPONSE_HEADER_INVALID);
    return trimmed;
}

static void hidden_characters(struct http_tx *tx, struct bytes line)
{
    if (bytes_find_byte(line, '\r') != BYTES_NOT_FOUND)
        proto_anomaly(tx->pf, ANOMALY_HTTP_BARE_CR_IN_HEADER);
    if (bytes_find_byte(line, 0) != BYTES_NOT_FOUND)
        proto_anomaly(tx->pf, ANOMALY_HTTP_NUL_IN_HEADER);
}

void http_field_keep(struct http_tx *tx, enum flow_side side, struct bytes name, struct bytes value)
{
    struct http_message *m = &tx->message[side];
    enum http_field field = find_field(name);
    m->last = (uint8_t)field;
    if (field == HTTP_FIELD_OTHER)
        return;
    m->repeats[field]++;
    if (m->repeats[field] == 1) {
        m->field[field] = keep(tx, value);
        if (value.len == 0)
            m->field[field] = BYTES("");
    } else if (fields[field].join) {
        field_add(tx, &m->field[field], BYTES(", "), value);
    } else {
        m->last = HTTP_FIELD_OTHER;
    }
}

void http_field_line(struct http_tx *tx, enum flow_side side, struct bytes line)
{
    struct http_message *m = &tx->message[side];
    hidden_characters(tx, line);
    if (line.data[0] == ' ' || line.data[0] == '\t') {
        folded_line(tx, side, line);
        return;
    }
    if (m->field_count >= HTTP_FIELDS_MAX) {
        http_anomaly(tx->pf, side, ANOMALY_HTTP_REQUEST_TOO_MANY_HEADERS,
            ANOMALY_HTTP_RESPONSE_TOO_MANY_HEADERS);
        return;
    }
    m->field_count++;
    size_t colon = bytes_find_byte(line, ':');
    if (colon == BYTES_NOT_FOUND) {
        m->last = HTTP_FIELD_OTHER;
        http_anomaly(tx->pf, side, ANOMALY_HTTP_REQUEST_FIELD_MISSING_COLON,
            ANOMALY_HTTP_RESPONSE_FIELD_MISSING_COLON);
        return;
    }
    struct bytes name = checked_name(tx, side, bytes_sub(line, 0, colon));
    struct bytes value = bytes_trim(bytes_from(line, colon + 1));
    http_field_keep(tx, side, name, value);
    http_show_field(tx, side, line, name, value);
}
