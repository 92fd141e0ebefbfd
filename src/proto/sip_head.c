// SPDX-License-Identifier: Apache-2.0
// First line and header fields of SIP (RFC 3261 sections 7.1 to 7.3, compact names in 7.3.3).
#include "proto/sip.h"

static bool is_token(struct bytes b)
{
    for (size_t i = 0; i < b.len; i++)
        if (b.data[i] <= ' ' || b.data[i] >= 0x7f || strchr("()<>@,;:\\\"/[]?={}", b.data[i]))
            return false;
    return b.len > 0;
}

static bool is_version(struct bytes b)
{
    return b.len == 7 && bytes_start_with_nocase(b, BYTES("SIP/")) && b.data[5] == '.';
}

static bool response_line(struct bytes line, struct record_sip *record)
{
    uint64_t code;
    struct bytes digits = bytes_sub(line, 8, 3);
    if (line.len < 11 || line.data[7] != ' ' || digits.len != 3 || !bytes_to_u64(digits, &code))
        return false;
    record->version = bytes_sub(line, 0, 7);
    record->code = digits;
    record->reason = bytes_from(line, 12);
    record->response_line = line;
    return line.len == 11 || line.data[11] == ' ';
}

bool sip_first_line(struct bytes line, struct record_sip *record)
{
    if (is_version(bytes_sub(line, 0, 7)))
        return response_line(line, record);
    size_t first = bytes_find_byte(line, ' ');
    struct bytes version = bytes_from(line, line.len > 7 ? line.len - 7 : line.len);
    if (first == BYTES_NOT_FOUND || !is_version(version) || first + 9 > line.len)
        return false;
    record->method = bytes_sub(line, 0, first);
    record->uri = bytes_sub(line, first + 1, line.len - first - 9);
    record->version = version;
    record->request_line = line;
    bool spaced = line.data[line.len - 8] == ' ';
    bool scheme = bytes_find_byte(record->uri, ':') != BYTES_NOT_FOUND;
    return spaced && scheme && is_token(record->method) &&
           bytes_find_byte(record->uri, ' ') == BYTES_NOT_FOUND;
}

// A value that goes on in the next line is put into one.
static struct bytes unfolded(struct sip_message *m, struct bytes value)
{
    value = bytes_trim(value);
    if (bytes_find_byte(value, '\n') == BYTES_NOT_FOUND)
        return value;
    uint8_t *copy = arena_alloc(m->arena, value.len);
    size_t len = 0;
    for (size_t i = 0; copy && i < value.len; i++) {
        bool blank = value.data[i] <= ' ';
        if (!blank || len == 0 || copy[len - 1] != ' ')
            copy[len++] = blank ? ' ' : value.data[i];
    }
    return bytes_make(copy, copy ? len : 0);
}

// username="..." of Digest authentication.
static struct bytes quoted(struct bytes value, struct bytes name)
{
    size_t at = bytes_find(value, name);
    if (at == BYTES_NOT_FOUND)
        return (struct bytes){NULL, 0};
    struct bytes rest = bytes_from(value, at + name.len);
    size_t end = bytes_find_byte(rest, '"');
    return end == BYTES_NOT_FOUND ? (struct bytes){NULL, 0} : bytes_sub(rest, 0, end);
}

static bool is_name(struct bytes name, struct bytes full, char compact)
{
    return bytes_equal_nocase(name, full) ||
           (compact && name.len == 1 && (name.data[0] | 0x20) == (uint8_t)compact);
}

static void credentials(struct sip_message *m, struct bytes value)
{
    m->record.user = quoted(value, BYTES("username=\""));
    m->record.realm = quoted(value, BYTES("realm=\""));
}

static void add_via(struct sip_message *m, struct bytes value)
{
    m->too_many |= m->record.via_count == SIP_VIAS_MAX;
    if (m->record.via_count < SIP_VIAS_MAX)
        m->vias[m->record.via_count++] = value;
    m->record.via = m->vias;
}

// Fields that are one text. NULL: not one of them.
static struct bytes *place(struct record_sip *r, struct bytes name)
{
    const struct {
        struct bytes name;
        char compact;
        struct bytes *to;
    } fields[] = {
        {BYTES("From"), 'f', &r->from},
        {BYTES("To"), 't', &r->to},
        {BYTES("Call-ID"), 'i', &r->call_id},
        {BYTES("CSeq"), 0, &r->seq},
        {BYTES("User-Agent"), 0, &r->user_agent},
        {BYTES("Server"), 0, &r->server},
        {BYTES("Contact"), 'm', &r->contact},
        {BYTES("Date"), 0, &r->date},
        {BYTES("Subject"), 's', &r->subject},
        {BYTES("Reply-To"), 0, &r->reply_to},
        {BYTES("Warning"), 0, &r->warning},
        {BYTES("Expires"), 0, &r->expires},
        {BYTES("Content-Type"), 'c', &r->content_type},
    };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (is_name(name, fields[i].name, fields[i].compact))
            return fields[i].to;
    return NULL;
}

static void field(struct sip_message *m, struct bytes line)
{
    size_t colon = bytes_find_byte(line, ':');
    if (colon == BYTES_NOT_FOUND)
        return;
    struct bytes name = bytes_trim(bytes_sub(line, 0, colon));
    struct bytes value = unfolded(m, bytes_from(line, colon + 1));
    struct bytes *to = place(&m->record, name);
    if (to && !to->data)
        *to = value;
    else if (is_name(name, BYTES("Via"), 'v'))
        add_via(m, value);
    else if (is_name(name, BYTES("Content-Length"), 'l'))
        m->has_length = bytes_to_u64(value, &m->length);
    else if (is_name(name, BYTES("Authorization"), 0) ||
             is_name(name, BYTES("Proxy-Authorization"), 0))
        credentials(m, value);
    else if (is_name(name, BYTES("WWW-Authenticate"), 0) ||
             is_name(name, BYTES("Proxy-Authenticate"), 0))
        m->record.realm = quoted(value, BYTES("realm=\""));
}

// Where the line ends that begins at `from`, with the lines that continue it.
static size_t line_end(struct bytes head, size_t from, size_t *next)
{
    for (size_t at = from;;) {
        size_t lf = bytes_find_byte(bytes_from(head, at), '\n');
        if (lf == BYTES_NOT_FOUND) {
            *next = head.len;
            return head.len;
        }
        at += lf + 1;
        uint8_t after = bytes_at(head, at);
        if (at < head.len && (after == ' ' || after == '\t'))
            continue;
        *next = at;
        return at - 1 > from && head.data[at - 2] == '\r' ? at - 2 : at - 1;
    }
}

void sip_head_read(struct sip_message *m, struct bytes head)
{
    unsigned count = 0;
    for (size_t at = 0, next; at < head.len; at = next) {
        size_t end = line_end(head, at, &next);
        if (++count > SIP_HEADERS_MAX) {
            m->too_many = true;
            return;
        }
        field(m, bytes_sub(head, at, end - at));
    }
}
