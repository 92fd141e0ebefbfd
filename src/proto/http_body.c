// SPDX-License-Identifier: Apache-2.0
// Bodies of HTTP/1.x messages after chunked was undone: content codings (RFC 9110 section 8.4),
// then form uploads part by part (RFC 7578) or the whole body as one file. Nothing is kept: bytes
// are decoded, hashed and gone.
#include "proto/http.h"
#include "proto/http_inside.h"
#include "schema/config.h"

// How a sink knows which body it serves.
struct body {
    struct http_tx *tx;
    enum flow_side side;
};

static const struct {
    struct bytes name;
    enum decompress_coding coding;
} codings[] = {
    {{(const uint8_t *)"gzip", 4}, DECOMPRESS_ZLIB},
    {{(const uint8_t *)"x-gzip", 6}, DECOMPRESS_ZLIB},
    {{(const uint8_t *)"deflate", 7}, DECOMPRESS_ZLIB},
    {{(const uint8_t *)"br", 2}, DECOMPRESS_BROTLI},
    {{(const uint8_t *)"lzma", 4}, DECOMPRESS_LZMA},
};

// Fields that name a coding we don't undo leave the body as it is.
static bool is_opaque(struct bytes name)
{
    return bytes_equal_nocase(name, BYTES("compress")) ||
           bytes_equal_nocase(name, BYTES("x-compress")) ||
           bytes_equal_nocase(name, BYTES("zstd")) || bytes_equal_nocase(name, BYTES("dcb")) ||
           bytes_equal_nocase(name, BYTES("aes128gcm"));
}

// A coding by its name; clients see gzip and deflate in other words, too ("x-deflate", "gzip;").
static bool find_coding(struct http_tx *tx, struct bytes name, enum decompress_coding *out)
{
    for (size_t i = 0; i < sizeof codings / sizeof *codings; i++)
        if (bytes_equal_nocase(codings[i].name, name)) {
            *out = codings[i].coding;
            return true;
        }
    if (!is_opaque(name))
        proto_anomaly(tx->pf, ANOMALY_HTTP_ABNORMAL_CE_HEADER);
    *out = DECOMPRESS_ZLIB;
    return http_contains(name, BYTES("gzip")) || http_contains(name, BYTES("deflate"));
}

// Content-Encoding, last applied first: the order in which they are undone. False: leave it.
static bool read_codings(struct http_tx *tx, struct bytes list,
    enum decompress_coding out[DECOMPRESS_LAYERS], size_t *count)
{
    enum decompress_coding coding;
    while (list.len > 0) {
        const uint8_t *comma = !list.data ? NULL : memrchr(list.data, ',', list.len);
        size_t at = comma ? (size_t)(comma - list.data) : 0;
        struct bytes name = bytes_trim(comma ? bytes_from(list, at + 1) : list);
        list = bytes_sub(list, 0, at);
        if (name.len == 0 || bytes_equal_nocase(name, BYTES("identity")))
            continue;
        if (!find_coding(tx, name, &coding))
            return false;
        if (*count == DECOMPRESS_LAYERS) {
            proto_anomaly(tx->pf, ANOMALY_HTTP_TOO_MANY_ENCODING_LAYERS);
            return false;
        }
        out[(*count)++] = coding;
    }
    return *count > 0;
}

// Path of the request target, without scheme, authority, query and fragment; as EVE has it.
static struct bytes target_path(const struct http_tx *tx)
{
    struct bytes path = tx->target;
    size_t scheme = bytes_find(bytes_sub(path, 0, 16), BYTES("://"));
    if (bytes_at(path, 0) != '/' && scheme != BYTES_NOT_FOUND) {
        path = bytes_from(path, scheme + 3);
        size_t slash = bytes_find_byte(path, '/');
        path = slash == BYTES_NOT_FOUND ? BYTES("/") : bytes_from(path, slash);
    }
    path = bytes_sub(path, 0, bytes_find_byte(path, '?'));
    return bytes_sub(path, 0, bytes_find_byte(path, '#'));
}

static struct bytes file_name(struct http_tx *tx, enum flow_side side)
{
    struct bytes disposition = tx->message[side].field[HTTP_CONTENT_DISPOSITION];
    struct bytes name = {NULL, 0};
    if (disposition.len > 0)
        name = mime_parameter(&tx->arena, disposition, BYTES("filename"));
    return name.len > 0 ? name : target_path(tx);
}

// Decoded bytes of a body.
static void body_decoded(struct http_tx *tx, enum flow_side side, struct bytes data)
{
    struct http_message *m = &tx->message[side];
    m->decoded_bytes += data.len;
    http_show_body(tx, side, data);
    if (side == FLOW_CLIENT)
        http_aside_body(tx, data);
    http_inside_data(tx, side, data);
    if (m->form) {
        mime_feed(m->form, data);
        return;
    }
    if (!m->file && !m->no_file && data.len > 0) {
        m->file = proto_file_open(tx->pf, side, file_name(tx, side), tx->id);
        m->no_file = !m->file;
    }
    proto_file_data(tx->pf, m->file, data);
}

static void decompressed(void *ctx, struct bytes out)
{
    const struct body *body = ctx;
    body_decoded(body->tx, body->side, out);
}

static void form_part(void *ctx, const struct mime_part *part)
{
    const struct body *body = ctx;
    struct http_message *m = &body->tx->message[body->side];
    if (part->filename.len > 0)
        m->file = proto_file_open(body->tx->pf, body->side, part->filename, body->tx->id);
}

static void form_data(void *ctx, struct bytes data)
{
    const struct body *body = ctx;
    proto_file_data(body->tx->pf, body->tx->message[body->side].file, data);
}

static void form_end(void *ctx, bool complete)
{
    const struct body *body = ctx;
    struct http_message *m = &body->tx->message[body->side];
    proto_file_close(body->tx->pf, m->file, complete);
    m->file = NULL;
}

static void form_problem(void *ctx, enum mime_problem problem)
{
    const struct body *body = ctx;
    if (problem == MIME_OUT_OF_BUDGET)
        proto_anomaly(body->tx->pf, ANOMALY_HTTP_OUT_OF_BUDGET);
    else if (problem != MIME_LONG_LINE && problem != MIME_LONG_ENC_LINE)
        proto_anomaly(body->tx->pf, ANOMALY_HTTP_MULTIPART_GENERIC_ERROR);
}

static const struct mime_sink form_sink = {
    .part = form_part, .data = form_data, .end = form_end, .problem = form_problem};

static struct mime *form_create(struct http_tx *tx, struct body *body)
{
    struct bytes type = tx->message[body->side].field[HTTP_CONTENT_TYPE];
    if (body->side != FLOW_CLIENT || !bytes_start_with_nocase(type, BYTES("multipart/form-data")))
        return NULL;
    struct bytes boundary = mime_parameter(&tx->arena, type, BYTES("boundary"));
    if (boundary.len == 0) {
        proto_anomaly(tx->pf, ANOMALY_HTTP_MULTIPART_GENERIC_ERROR);
        return NULL;
    }
    return mime_create(&tx->arena, boundary, &form_sink, body);
}

void http_body_begin(struct http_tx *tx, enum flow_side side)
{
    struct http_message *m = &tx->message[side];
    struct bytes encoding = m->field[HTTP_CONTENT_ENCODING];
    http_inside_begin(tx);
    bool form = side == FLOW_CLIENT && m->field[HTTP_CONTENT_TYPE].len > 0;
    if (encoding.len == 0 && !form)
        return;
    struct body *body = arena_alloc(&tx->arena, sizeof *body);
    if (!body) {
        proto_anomaly(tx->pf, ANOMALY_HTTP_OUT_OF_BUDGET);
        return;
    }
    *body = (struct body){tx, side};
    enum decompress_coding layers[DECOMPRESS_LAYERS];
    size_t count = 0;
    if (read_codings(tx, encoding, layers, &count)) {
        struct decompress_limits limits = {
            .most_bytes = proto_config(tx->pf)->app_layer.http.decompress_limit_bytes,
            .free_bytes = proto_config(tx->pf)->app_layer.http.decompress_free_bytes,
            .ratio = proto_config(tx->pf)->app_layer.http.decompress_ratio,
        };
        m->decompress = decompress_create(&tx->arena, &limits, layers, count, decompressed, body);
        if (!m->decompress)
            proto_anomaly(tx->pf, ANOMALY_HTTP_OUT_OF_BUDGET);
    }
    m->form = form_create(tx, body);
}

static void coding_anomaly(struct http_tx *tx, enum decompress_result result)
{
    if (result == DECOMPRESS_NOT_CODED)
        proto_anomaly(tx->pf, ANOMALY_HTTP_CONTENT_NOT_CODED);
    else if (result == DECOMPRESS_DAMAGED)
        proto_anomaly(tx->pf, ANOMALY_HTTP_GZIP_DECOMPRESSION_FAILED);
    else if (result == DECOMPRESS_BOMB)
        proto_anomaly(tx->pf, ANOMALY_HTTP_COMPRESSION_BOMB);
    else if (result == DECOMPRESS_LIMIT)
        proto_anomaly(tx->pf, ANOMALY_HTTP_DECOMPRESS_LIMIT);
    else if (result == DECOMPRESS_NO_MEMORY)
        proto_anomaly(tx->pf, ANOMALY_HTTP_OUT_OF_BUDGET);
}

static bool coding_failed(enum decompress_result result)
{
    return result != DECOMPRESS_OK && result != DECOMPRESS_NOT_CODED;
}

static void body_give_up(struct http_tx *tx, struct http_message *m)
{
    if (m->form)
        mime_finish(m->form, false);
    m->form = NULL;
    proto_file_close(tx->pf, m->file, false);
    m->file = NULL;
    m->no_file = true;
    m->coding_failed = true;
}

static void body_coded(struct http_tx *tx, enum flow_side side, struct bytes data)
{
    struct http_message *m = &tx->message[side];
    if (!m->decompress) {
        body_decoded(tx, side, data);
        return;
    }
    enum decompress_result result = decompress_feed(m->decompress, data);
    coding_anomaly(tx, result);
    if (coding_failed(result) && !m->coding_failed)
        body_give_up(tx, m);
}

void http_body_data(struct http_tx *tx, enum flow_side side, struct bytes data)
{
    struct http_message *m = &tx->message[side];
    uint64_t limit = proto_config(tx->pf)->app_layer.http.body_limit_bytes;
    uint64_t room = limit == 0 ? UINT64_MAX : limit > m->body_bytes ? limit - m->body_bytes : 0;
    m->body_bytes += data.len;
    if (room > 0)
        body_coded(tx, side, bytes_sub(data, 0, room));
    if (data.len <= room)
        return;
    proto_anomaly(tx->pf, ANOMALY_HTTP_BODY_LIMIT);
    if (!m->coding_failed)
        body_give_up(tx, m);
}

// Behind a gap nothing compressed can be read, and the parts of a form cannot be told apart.
void http_body_gap(struct http_tx *tx, enum flow_side side, size_t lost)
{
    struct http_message *m = &tx->message[side];
    m->body_bytes += lost;
    http_inside_gap(tx, side);
    if (m->decompress || m->form)
        body_give_up(tx, m);
    decompress_destroy(m->decompress);
    m->decoded |= m->decompress != NULL;
    m->decompress = NULL;
    if (!m->no_file && !m->file)
        m->file = proto_file_open(tx->pf, side, file_name(tx, side), tx->id);
    proto_file_gap(tx->pf, m->file, lost);
}

void http_body_end(struct http_tx *tx, enum flow_side side, bool complete)
{
    struct http_message *m = &tx->message[side];
    if (m->decompress)
        decompress_end(m->decompress);
    if (tx->doh && complete)
        http_doh_end(tx, side);
    if (m->form)
        mime_finish(m->form, complete);
    proto_file_close(tx->pf, m->file, complete && !m->coding_failed);
    m->file = NULL;
    m->form = NULL;
    decompress_destroy(m->decompress);
    m->decoded |= m->decompress != NULL;
    m->decompress = NULL;
}
