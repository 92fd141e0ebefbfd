// SPDX-License-Identifier: Apache-2.0
// The head of an HTTP/1.x message: request line (RFC 9112 section 3), status line (section 4) and
// header fields (section 5). Lenient as servers are; every leniency somebody could hide behind has
// an anomaly. Kept fields are copied into the transaction; no value is kept beyond a line's limit.
// The lines of a field are put together before it is read (obs-fold, section 5.2).
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

// "%2527" in a path: what is there once it was decoded is encoded again.
static bool is_double_encoded(struct bytes target)
{
    struct bytes rest = bytes_sub(target, 0, bytes_find_byte(target, '?'));
    for (size_t at; (at = bytes_find(rest, BYTES("%25"))) != BYTES_NOT_FOUND;) {
        rest = bytes_from(rest, at + 3);
        if (bytes_hex_digit(bytes_at(rest, 0)) >= 0 && bytes_hex_digit(bytes_at(rest, 1)) >= 0)
            return true;
    }
    return false;
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
    if (is_double_encoded(rest))
        proto_anomaly(tx->pf, ANOMALY_HTTP_DOUBLE_ENCODED_URI);
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

static void field_too_long(struct http_tx *tx, enum flow_side side)
{
    http_anomaly(
        tx->pf, side, ANOMALY_HTTP_REQUEST_FIELD_TOO_LONG, ANOMALY_HTTP_RESPONSE_FIELD_TOO_LONG);
}

// `more` behind what the field has, after a comma.
static void field_join(
    struct http_tx *tx, enum flow_side side, struct bytes *field, struct bytes more)
{
    size_t len = field->len + 2 + more.len;
    if (len > HTTP_LINE_BYTES) {
        field_too_long(tx, side);
        return;
    }
    uint8_t *home = arena_grow(&tx->arena, (void *)(uintptr_t)field->data, field->len, len);
    if (!home) {
        proto_anomaly(tx->pf, ANOMALY_HTTP_OUT_OF_BUDGET);
        return;
    }
    memcpy(&home[field->len], ", ", 2);
    if (more.len > 0)
        memcpy(&home[field->len + 2], more.data, more.len);
    *field = bytes_make(home, len);
}

static bool is_space(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

// A name as clients compare it: NUL bytes and all white space around it are not part of it.
static struct bytes bare_name(struct http_tx *tx, struct bytes name)
{
    if (bytes_find_byte(name, 0) != BYTES_NOT_FOUND) {
        uint8_t *plain = arena_alloc(&tx->arena, name.len);
        size_t len = 0;
        for (size_t i = 0; plain && i < name.len; i++)
            if (name.data[i])
                plain[len++] = name.data[i];
        name = bytes_make(plain, len);
    }
    while (name.len > 0 && is_space(name.data[0]))
        name = bytes_from(name, 1);
    while (name.len > 0 && is_space(name.data[name.len - 1]))
        name.len--;
    return name;
}

static struct bytes checked_name(struct http_tx *tx, enum flow_side side, struct bytes name)
{
    struct bytes bare = bare_name(tx, name);
    if (bare.len != name.len)
        proto_anomaly(tx->pf, ANOMALY_HTTP_SPACE_BEFORE_COLON);
    if (bare.len == 0 || first_blank(bare) != BYTES_NOT_FOUND)
        http_anomaly(tx->pf, side, ANOMALY_HTTP_REQUEST_HEADER_INVALID,
            ANOMALY_HTTP_RESPONSE_HEADER_INVALID);
    return bare;
}

bool http_contains(struct bytes text, struct bytes word)
{
    for (size_t i = 0; i < text.len; i++) {
        size_t at = i, same = 0;
        while (text.data[i] && at < text.len && same < word.len &&
               (!text.data[at] || (text.data[at] | 0x20) == word.data[same]))
            same += text.data[at++] != 0;
        if (same == word.len)
            return true;
    }
    return false;
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
    if (field == HTTP_FIELD_OTHER)
        return;
    m->repeats[field]++;
    if (m->repeats[field] == 1) {
        m->field[field] = keep(tx, value);
        if (value.len == 0)
            m->field[field] = BYTES("");
    } else if (fields[field].join) {
        field_join(tx, side, &m->field[field], value);
    }
}

static void field_read(struct http_tx *tx, enum flow_side side, struct bytes line)
{
    struct http_message *m = &tx->message[side];
    if (m->field_count >= HTTP_FIELDS_MAX) {
        http_anomaly(tx->pf, side, ANOMALY_HTTP_REQUEST_TOO_MANY_HEADERS,
            ANOMALY_HTTP_RESPONSE_TOO_MANY_HEADERS);
        return;
    }
    m->field_count++;
    size_t colon = bytes_find_byte(line, ':');
    if (colon == BYTES_NOT_FOUND) {
        http_anomaly(tx->pf, side, ANOMALY_HTTP_REQUEST_FIELD_MISSING_COLON,
            ANOMALY_HTTP_RESPONSE_FIELD_MISSING_COLON);
        return;
    }
    struct bytes name = checked_name(tx, side, bytes_sub(line, 0, colon));
    struct bytes value = bytes_trim(bytes_from(line, colon + 1));
    http_field_keep(tx, side, name, value);
    if (side == FLOW_CLIENT)
        http_aside_field(tx, name, value);
    http_show_field(tx, side, name, value);
}

void http_head_flush(struct http_tx *tx, enum flow_side side)
{
    struct bytes *line = &tx->message[side].line;
    if (line->len > 0)
        field_read(tx, side, *line);
    line->len = 0;
}

// `piece` behind what waits to be read.
static void line_add(struct http_tx *tx, enum flow_side side, struct bytes piece)
{
    enum { LEAST = 256 };
    struct http_message *m = &tx->message[side];
    size_t len = m->line.len, glue = len > 0, room = m->line_room ? m->line_room : LEAST;
    if (len + glue + piece.len > HTTP_LINE_BYTES) {
        field_too_long(tx, side);
        return;
    }
    while (room < len + glue + piece.len)
        room *= 2;
    uint8_t *home = (uint8_t *)(uintptr_t)m->line.data;
    if (room > m->line_room)
        home = arena_grow(&tx->arena, home, m->line_room, room);
    if (!home) {
        proto_anomaly(tx->pf, ANOMALY_HTTP_OUT_OF_BUDGET);
        return;
    }
    if (glue)
        home[len] = ' ';
    memcpy(&home[len + glue], piece.data, piece.len);
    m->line = bytes_make(home, len + glue + piece.len);
    m->line_room = room;
}

// "name: " at the front of a line that looks like a continuation.
static bool has_name(struct bytes line)
{
    size_t colon = bytes_find_byte(line, ':');
    struct bytes name = bytes_sub(line, 0, colon);
    return colon != BYTES_NOT_FOUND && name.len > 0 && first_blank(name) == BYTES_NOT_FOUND;
}

// One line of a head. One that begins with a blank, in a response also with NUL, continues the
// field before it; but what has the form of a field is one to clients, unless the name still lacks
// its colon.
void http_head_line(struct http_tx *tx, enum flow_side side, struct bytes line)
{
    const struct http_message *m = &tx->message[side];
    bool folded = bytes_at(line, 0) == ' ' || bytes_at(line, 0) == '\t' ||
                  (side == FLOW_SERVER && bytes_at(line, 0) == 0);
    struct bytes text = folded ? bytes_trim(line) : line;
    hidden_characters(tx, line);
    http_show_line(tx, side, line);
    bool field =
        side == FLOW_SERVER && has_name(text) && bytes_find_byte(m->line, ':') != BYTES_NOT_FOUND;
    if (folded && (field || m->line.len == 0))
        http_anomaly(tx->pf, side, ANOMALY_HTTP_INVALID_REQUEST_FIELD_FOLDING,
            ANOMALY_HTTP_INVALID_RESPONSE_FIELD_FOLDING);
    if (!folded || field)
        http_head_flush(tx, side);
    if (text.len > 0)
        line_add(tx, side, text);
}
