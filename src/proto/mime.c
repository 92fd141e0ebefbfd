// SPDX-License-Identifier: Apache-2.0
// MIME entities as they pass: RFC 5322 header, RFC 2045, 2046 parts, nested messages. Line by line;
// only header fields and lines that may be a boundary are held, everything else goes on at once.
// The line end before a boundary belongs to the boundary (RFC 2046 section 5.1.1), so each line's
// end waits for the next line. Depth, parts, fields and lengths are bounded (mime.h).
#include "proto/mime.h"
#include "proto/mime_codec.h"

enum state {
    IN_HEAD, // header fields of an entity
    IN_LEAF, // content of a part
    IN_SKIP, // before the first and after the last part of a multipart
};

enum { HOLD_BYTES = MIME_BOUNDARY_BYTES + 8, DECODE_BYTES = 4096 };

enum encoding { ENCODING_NONE, ENCODING_BASE64, ENCODING_QUOTED };

struct mime {
    struct arena *arena;
    const struct mime_sink *sink;
    void *ctx;
    enum state state;
    struct bytes boundary[MIME_DEPTH]; // of the multiparts around, outermost first
    size_t depth, nested;              // nested: messages within messages
    bool outer;                        // in the header of the mail itself
    size_t parts, fields;

    uint8_t hold[HOLD_BYTES]; // beginning of a line that may be a boundary
    size_t hold_len;
    bool line_start; // the next byte begins a line
    uint8_t eol[2];  // line end not passed on yet
    size_t eol_len;
    size_t line_len; // of the line that passes

    uint8_t *field; // one header field with its folded lines
    size_t field_len, field_room;
    bool field_cut, field_open, field_line; // field_line: within a line of it

    struct bytes type, disposition, transfer, type_field; // of the entity
    enum encoding encoding;
    struct base64 base64;
    struct quoted quoted;
    bool part_open, told_line;
};

static void problem(struct mime *m, enum mime_problem what)
{
    if (m->sink->problem)
        m->sink->problem(m->ctx, what);
}

static void decoded(struct mime *m, struct bytes data)
{
    uint8_t out[DECODE_BYTES + 8];
    for (size_t at = 0; at < data.len; at += DECODE_BYTES) {
        struct bytes piece = bytes_sub(data, at, DECODE_BYTES);
        size_t len = m->encoding == ENCODING_BASE64 ? base64_decode(&m->base64, piece, out)
                                                    : quoted_decode(&m->quoted, piece, out, false);
        if (len > 0)
            m->sink->data(m->ctx, bytes_make(out, len));
    }
}

static void content(struct mime *m, struct bytes data)
{
    if (data.len == 0 || m->state != IN_LEAF || !m->part_open)
        return;
    if (m->encoding == ENCODING_NONE)
        m->sink->data(m->ctx, data);
    else
        decoded(m, data);
}

static void part_end(struct mime *m, bool complete)
{
    if (!m->part_open)
        return;
    m->part_open = false;
    if (m->base64.invalid)
        problem(m, MIME_INVALID_BASE64);
    if (m->quoted.invalid)
        problem(m, MIME_INVALID_QP);
    m->sink->end(m->ctx, complete);
}

static enum encoding find_encoding(struct bytes name)
{
    if (bytes_equal_nocase(name, BYTES("base64")))
        return ENCODING_BASE64;
    return bytes_equal_nocase(name, BYTES("quoted-printable")) ? ENCODING_QUOTED : ENCODING_NONE;
}

static struct bytes cut_name(struct bytes name)
{
    return bytes_sub(name, 0, MIME_NAME_BYTES);
}

static void part_begin(struct mime *m)
{
    m->state = IN_LEAF;
    if (m->parts >= MIME_PARTS) {
        problem(m, MIME_TOO_MANY_PARTS);
        m->state = IN_SKIP;
        return;
    }
    m->parts++;
    struct mime_part part = {.type = m->type};
    part.text = m->type.len == 0 || bytes_start_with_nocase(m->type, BYTES("text/"));
    part.attachment = bytes_start_with_nocase(m->disposition, BYTES("attachment"));
    if (m->disposition.len > 0) {
        part.filename = cut_name(mime_parameter(m->arena, m->disposition, BYTES("filename")));
        part.name = cut_name(mime_parameter(m->arena, m->disposition, BYTES("name")));
    }
    if (part.filename.len == 0 && m->type_field.len > 0)
        part.filename = cut_name(mime_parameter(m->arena, m->type_field, BYTES("name")));
    m->encoding = find_encoding(m->transfer);
    m->base64 = (struct base64){0};
    m->quoted = (struct quoted){0};
    m->part_open = true;
    m->sink->part(m->ctx, &part);
}

static void head_begin(struct mime *m)
{
    m->state = IN_HEAD;
    m->fields = 0;
    m->field_open = m->field_line = m->field_cut = false;
    m->field_len = 0;
    m->type = m->type_field = m->disposition = m->transfer = (struct bytes){NULL, 0};
    m->line_start = true;
    m->eol_len = m->hold_len = 0;
}

static bool push_boundary(struct mime *m)
{
    struct bytes boundary = mime_parameter(m->arena, m->type_field, BYTES("boundary"));
    if (boundary.len == 0) {
        problem(m, MIME_PARSE_FAILED);
        return false;
    }
    if (boundary.len > 70)
        problem(m, MIME_LONG_BOUNDARY);
    if (boundary.len > MIME_BOUNDARY_BYTES) {
        problem(m, MIME_PARSE_FAILED);
        return false;
    }
    if (m->depth + m->nested >= MIME_DEPTH) {
        problem(m, MIME_TOO_DEEP);
        return false;
    }
    boundary = arena_copy(m->arena, boundary);
    if (!boundary.data) {
        problem(m, MIME_OUT_OF_BUDGET);
        return false;
    }
    m->boundary[m->depth++] = boundary;
    return true;
}

// The empty line behind a header: what follows is parts, a message, or content.
static void head_end(struct mime *m)
{
    m->outer = false;
    m->line_start = true;
    m->eol_len = 0;
    if (bytes_start_with_nocase(m->type, BYTES("multipart/")) && push_boundary(m)) {
        m->state = IN_SKIP;
        return;
    }
    if (bytes_equal_nocase(m->type, BYTES("message/rfc822"))) {
        // It must not be encoded (RFC 2046 section 5.2.1), and readers ignore who says it is.
        if (find_encoding(m->transfer) != ENCODING_NONE)
            problem(m, MIME_PARSE_FAILED);
        if (m->depth + m->nested < MIME_DEPTH) {
            m->nested++;
            head_begin(m);
            return;
        }
        problem(m, MIME_TOO_DEEP);
    }
    part_begin(m);
}

static struct bytes keep(struct mime *m, struct bytes value)
{
    struct bytes copy = arena_copy(m->arena, value);
    if (!copy.data && value.len > 0)
        problem(m, MIME_OUT_OF_BUDGET);
    return copy;
}

static void field_known(struct mime *m, struct bytes name, struct bytes value)
{
    if (bytes_equal_nocase(name, BYTES("content-type")) && m->type_field.len == 0) {
        m->type_field = keep(m, value);
        m->type = bytes_trim(bytes_sub(m->type_field, 0, bytes_find_byte(m->type_field, ';')));
    } else if (bytes_equal_nocase(name, BYTES("content-disposition")) && m->disposition.len == 0) {
        m->disposition = keep(m, value);
    } else if (bytes_equal_nocase(name, BYTES("content-transfer-encoding"))) {
        m->transfer = keep(m, value);
    }
}

// Line ends left CRs behind; where they stood must not depend on how the stream was cut.
static struct bytes without_cr(uint8_t *field, size_t field_len)
{
    size_t first = bytes_find_byte(bytes_make(field, field_len), '\r');
    size_t len = first == BYTES_NOT_FOUND ? field_len : first;
    for (size_t i = len; i < field_len; i++)
        if (field[i] != '\r')
            field[len++] = field[i];
    return bytes_make(field, len);
}

// A header field is whole.
static void field_end(struct mime *m)
{
    if (!m->field_open)
        return;
    m->field_open = false;
    struct bytes field = without_cr(m->field, m->field_len);
    m->field_len = 0;
    if (m->field_cut)
        problem(m, MIME_LONG_HEADER);
    m->field_cut = false;
    size_t colon = bytes_find_byte(field, ':');
    if (colon == BYTES_NOT_FOUND || ++m->fields > MIME_HEAD_FIELDS)
        return;
    struct bytes name = bytes_trim(bytes_sub(field, 0, colon));
    struct bytes value = bytes_trim(bytes_from(field, colon + 1));
    if (bytes_start_with_nocase(name, BYTES("content-")))
        field_known(m, name, value);
    if (m->outer && m->sink->field)
        m->sink->field(m->ctx, name, value);
}

static void field_add(struct mime *m, struct bytes more)
{
    if (m->field_len + more.len > MIME_FIELD_BYTES) {
        more = bytes_sub(more, 0, MIME_FIELD_BYTES - m->field_len);
        m->field_cut = true;
    }
    size_t need = m->field_len + more.len;
    if (need > m->field_room) {
        size_t room = need < 256 ? 256 : need * 2;
        uint8_t *grown = arena_grow(m->arena, m->field, m->field_room, room);
        if (!grown) {
            problem(m, MIME_OUT_OF_BUDGET);
            return;
        }
        m->field = grown;
        m->field_room = room;
    }
    if (more.len > 0)
        memcpy(&m->field[m->field_len], more.data, more.len);
    m->field_len = need;
}

static struct bytes without_eol(struct bytes line)
{
    size_t len = line.len;
    len -= len > 0 && line.data[len - 1] == '\n';
    while (len > 0 && line.data[len - 1] == '\r')
        len--;
    return bytes_sub(line, 0, len);
}

static size_t without_blanks(struct bytes line)
{
    size_t len = line.len;
    while (len > 0 && strchr(" \t\r\n", line.data[len - 1]) && line.data[len - 1])
        len--;
    return len;
}

// Which boundary a line is: its index, or depth when none. *last: it closes the multipart.
static size_t boundary_find(const struct mime *m, struct bytes line, bool *last)
{
    line = bytes_from(bytes_sub(line, 0, without_blanks(line)), 2);
    for (size_t i = m->depth; i-- > 0;) {
        struct bytes rest = bytes_from(line, m->boundary[i].len);
        *last = bytes_equal(rest, BYTES("--"));
        if ((rest.len == 0 || *last) && bytes_start_with(line, m->boundary[i]))
            return i;
    }
    return m->depth;
}

// Is this line a boundary? Then what it separates is ended and begun.
static bool boundary_line(struct mime *m, struct bytes line)
{
    bool last;
    size_t i = line.len > HOLD_BYTES ? m->depth : boundary_find(m, line, &last);
    if (i == m->depth)
        return false;
    part_end(m, true);
    field_end(m);
    m->depth = last ? i : i + 1;
    m->nested = 0;
    m->line_start = true;
    m->eol_len = 0;
    if (last)
        m->state = IN_SKIP;
    else
        head_begin(m);
    return true;
}

// The end of a line: note it instead of passing it on. Returns the length of the line without it.
static size_t take_eol(struct mime *m, struct bytes line)
{
    size_t len = line.len;
    if (len > 0 && line.data[len - 1] == '\n') {
        len--;
        len -= len > 0 && line.data[len - 1] == '\r';
    } else if (len > 0 && line.data[len - 1] == '\r') {
        len--; // LF may follow
    }
    m->eol_len = line.len - len;
    memcpy(m->eol, &line.data[len], m->eol_len);
    return len;
}

static void pass_eol(struct mime *m)
{
    if (m->encoding != ENCODING_BASE64)
        content(m, bytes_make(m->eol, m->eol_len));
    m->eol_len = 0;
}

static void note_line(struct mime *m, size_t len, bool ended)
{
    m->line_len += len;
    if (m->line_len > MIME_LINE_BYTES + 2 && !m->told_line) {
        problem(m, MIME_LONG_LINE);
        if (m->encoding != ENCODING_NONE)
            problem(m, MIME_LONG_ENC_LINE);
        m->told_line = true;
    }
    if (ended)
        m->line_len = 0;
}

// Content that is no boundary: a whole line or a piece of one.
static void pass_line(struct mime *m, struct bytes piece)
{
    bool cr = m->eol_len == 1 && m->eol[0] == '\r';
    if (cr && bytes_at(piece, 0) == '\n') { // CR LF cut in two
        m->eol[m->eol_len++] = '\n';
        piece = bytes_from(piece, 1);
        m->line_start = true;
        note_line(m, 1, true);
        if (piece.len == 0)
            return;
    }
    pass_eol(m);
    bool ended = piece.data[piece.len - 1] == '\n';
    note_line(m, piece.len, ended);
    size_t len = take_eol(m, piece);
    content(m, bytes_sub(piece, 0, len));
    m->line_start = ended;
}

static bool may_be_boundary(const struct mime *m, struct bytes piece)
{
    return m->depth > 0 && bytes_at(piece, 0) == '-' && (piece.len == 1 || piece.data[1] == '-');
}

// Hold what may be a boundary until its line is whole. Returns how much of `rest` was used.
static size_t hold_line(struct mime *m, struct bytes rest)
{
    size_t lf = bytes_find_byte(rest, '\n');
    size_t take = lf == BYTES_NOT_FOUND ? rest.len : lf + 1;
    if (take > HOLD_BYTES - m->hold_len)
        take = HOLD_BYTES - m->hold_len;
    memcpy(&m->hold[m->hold_len], rest.data, take);
    m->hold_len += take;
    struct bytes line = bytes_make(m->hold, m->hold_len);
    bool whole = line.data[line.len - 1] == '\n';
    bool never = line.len == HOLD_BYTES || !may_be_boundary(m, line);
    if (!whole && !never)
        return take;
    m->hold_len = 0;
    if (!whole || !may_be_boundary(m, line) || !boundary_line(m, line))
        pass_line(m, line);
    return take;
}

// One piece of content or of what is skipped; returns how much was used.
static size_t feed_content(struct mime *m, struct bytes rest)
{
    if (m->eol_len == 1 && m->eol[0] == '\r' && rest.data[0] == '\n') {
        pass_line(m, bytes_sub(rest, 0, 1));
        return 1;
    }
    if (m->hold_len > 0 || (m->line_start && may_be_boundary(m, rest)))
        return hold_line(m, rest);
    size_t lf = bytes_find_byte(rest, '\n');
    struct bytes piece = bytes_sub(rest, 0, lf == BYTES_NOT_FOUND ? lf : lf + 1);
    pass_line(m, piece);
    return piece.len;
}

// A header line begins: with a blank it continues the field before it, else it begins another.
static void head_line_begin(struct mime *m, struct bytes line)
{
    bool blank = line.data[0] == ' ' || line.data[0] == '\t';
    if (!blank)
        field_end(m);
    m->field_open |= !blank;
}

// One piece of a header; returns how much was used. The first bytes of a line are held until it
// is clear that it is neither empty nor a boundary.
static size_t feed_head(struct mime *m, struct bytes rest)
{
    size_t lf = bytes_find_byte(rest, '\n');
    size_t take = lf == BYTES_NOT_FOUND ? rest.len : lf + 1;
    struct bytes piece = bytes_sub(rest, 0, take);
    if (m->field_line) { // further in a line that has begun
        field_add(m, bytes_sub(piece, 0, lf));
        m->field_line = lf == BYTES_NOT_FOUND;
        return take;
    }
    if (lf == BYTES_NOT_FOUND || m->hold_len > 0) {
        size_t room = HOLD_BYTES - m->hold_len;
        take = take < room ? take : room;
        memcpy(&m->hold[m->hold_len], rest.data, take);
        m->hold_len += take;
        piece = bytes_make(m->hold, m->hold_len);
        if (piece.data[piece.len - 1] != '\n' && m->hold_len < HOLD_BYTES)
            return take;
        m->hold_len = 0;
    }
    bool whole = piece.data[piece.len - 1] == '\n';
    struct bytes line = whole ? without_eol(piece) : piece;
    if (whole && line.len == 0) {
        field_end(m);
        head_end(m);
    } else if (!whole || !may_be_boundary(m, line) || !boundary_line(m, line)) {
        head_line_begin(m, piece);
        field_add(m, line);
        m->field_line = !whole;
    }
    return take;
}

void mime_feed(struct mime *m, struct bytes data)
{
    for (size_t at = 0; at < data.len;) {
        struct bytes rest = bytes_from(data, at);
        at += m->state == IN_HEAD ? feed_head(m, rest) : feed_content(m, rest);
    }
}

struct mime *mime_create(
    struct arena *arena, struct bytes boundary, const struct mime_sink *sink, void *ctx)
{
    struct mime *m = arena_zalloc(arena, sizeof *m);
    if (!m)
        return NULL;
    m->arena = arena;
    m->sink = sink;
    m->ctx = ctx;
    if (boundary.len == 0) {
        m->outer = true;
        head_begin(m);
        return m;
    }
    m->boundary[m->depth++] = boundary;
    m->state = IN_SKIP;
    m->line_start = true;
    return m;
}

bool mime_finish(struct mime *m, bool complete)
{
    struct bytes held = bytes_make(m->hold, m->hold_len);
    m->hold_len = 0;
    if (m->state == IN_HEAD && !complete) {
        m->field_open = false; // more of it may be missing: half a subject is a wrong one
    } else if (m->state == IN_HEAD) {
        if (held.len > 0) {
            head_line_begin(m, held);
            field_add(m, held);
        }
        field_end(m);
    } else if (held.len > 0 && !(may_be_boundary(m, held) && boundary_line(m, held))) {
        pass_line(m, held);
    }
    bool whole = m->depth == 0;
    if (m->state == IN_LEAF)
        pass_eol(m);
    part_end(m, complete);
    return whole;
}
