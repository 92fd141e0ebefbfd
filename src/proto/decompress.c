// SPDX-License-Identifier: Apache-2.0
// Content codings through zlib (RFC 1950, 1951, 1952), brotli (RFC 7932), liblzma (.lzma files).
// Servers send bare deflate where zlib is meant, gzip for deflate and plain bytes for gzip, so the
// first bytes decide, not the header. Output is bounded by a ratio: work stays linear in input.
#include "proto/decompress.h"
#include "base/alloc.h"
#include <brotli/decode.h>
#include <lzma.h>
#include <zlib.h>

enum { OUT_BYTES = 8192, MAGIC_BYTES = 4 };

struct layer {
    enum decompress_coding coding;
    bool started, ended, plain;
    bool checked; // behind the header of gzip, from where on checksums count
    uint8_t held[MAGIC_BYTES];
    uint8_t held_len;
    z_stream zlib;
    BrotliDecoderState *brotli;
    lzma_stream lzma;
    lzma_allocator lzma_memory;
    struct pool *pool;   // charged with
    size_t window_bytes; // what brotli or lzma holds
    bool refused;        // it was refused some
};

struct decompress {
    struct arena *arena;
    decompress_sink *sink;
    void *ctx;
    struct decompress_limits limits;
    uint64_t in_bytes, out_bytes;
    enum decompress_result result;
    size_t count;
    struct layer layers[DECOMPRESS_LAYERS];
};

static void layer_feed(struct decompress *d, size_t at, struct bytes in);

static bool usable(const struct decompress *d)
{
    return d->result == DECOMPRESS_OK || d->result == DECOMPRESS_NOT_CODED;
}

// What layer `at - 1` produced: input of layer `at`, or output. The ratio is asked for everywhere,
// so that an inner layer cannot inflate what an outer one would have shown too late.
static void layer_pass(struct decompress *d, size_t at, struct bytes out)
{
    if (out.len == 0 || !usable(d))
        return;
    if (at < d->count) {
        layer_feed(d, at, out);
        return;
    }
    const struct decompress_limits *limits = &d->limits;
    uint64_t room = limits->most_bytes - d->out_bytes;
    d->out_bytes += out.len < room ? out.len : room;
    if (d->out_bytes > limits->free_bytes && d->out_bytes / limits->ratio > d->in_bytes) {
        d->result = DECOMPRESS_BOMB;
        return;
    }
    d->sink(d->ctx, bytes_sub(out, 0, room));
    if (out.len > room)
        d->result = DECOMPRESS_LIMIT;
}

static void *zlib_alloc(void *opaque, unsigned items, unsigned size)
{
    return arena_alloc(opaque, (size_t)items * size);
}

static void zlib_free(void *opaque, void *memory) {}

// What stands before each block brotli and lzma get: its size, so that giving it back is counted
// too.
struct counted {
    _Alignas(16) size_t size;
};

static void *window_alloc(void *opaque, size_t size)
{
    struct layer *layer = opaque;
    if (size > DECOMPRESS_WINDOW_BYTES - layer->window_bytes || !pool_charge(layer->pool, size)) {
        layer->refused = true;
        return NULL;
    }
    struct counted *block = base_malloc(sizeof *block + size);
    if (!block) {
        layer->refused = true;
        pool_discharge(layer->pool, size);
        return NULL;
    }
    block->size = size;
    layer->window_bytes += size;
    return &block[1];
}

static void window_free(void *opaque, void *memory)
{
    struct layer *layer = opaque;
    struct counted *behind = memory;
    if (!memory)
        return;
    struct counted *block = &behind[-1];
    layer->window_bytes -= block->size;
    pool_discharge(layer->pool, block->size);
    base_free(block);
}

static bool is_gzip(const uint8_t head[MAGIC_BYTES])
{
    return head[0] == 0x1f && head[1] == 0x8b;
}

static bool is_zlib(const uint8_t head[MAGIC_BYTES])
{
    return (head[0] & 0x0f) == 8 && head[0] >> 4 <= 7 && (head[0] << 8 | head[1]) % 31 == 0;
}

// Bare deflate: the first block is dynamic, fixed or stored, never the reserved type 3, and text
// does not look like it: printable first bytes are taken for an uncompressed body.
static bool is_deflate(const uint8_t head[MAGIC_BYTES])
{
    bool text = head[0] >= 0x20 && head[0] < 0x7f && head[1] >= 0x09 && head[1] < 0x7f;
    return (head[0] >> 1 & 3) != 3 && !text;
}

static void zlib_start(struct decompress *d, struct layer *layer)
{
    int bits = is_gzip(layer->held) ? 15 + 16 : is_zlib(layer->held) ? 15 : -15;
    layer->started = true;
    if (bits < 0 && !is_deflate(layer->held)) {
        layer->plain = true;
        d->result = DECOMPRESS_NOT_CODED;
        return;
    }
    if (bits > 15) // reserved flags (RFC 1952 section 2.3.1.2): zlib refuses them, browsers don't
        layer->held[3] &= 0x1f;
    layer->zlib = (z_stream){.zalloc = zlib_alloc, .zfree = zlib_free, .opaque = d->arena};
    if (inflateInit2(&layer->zlib, bits) != Z_OK)
        d->result = DECOMPRESS_NO_MEMORY;
    else
        inflateValidate(&layer->zlib, 0);
}

// The next output. A wrong checksum of gzip's header (RFC 1952 section 2.3.1) is nothing to
// browsers: zlib is told to look from behind it on.
static int zlib_step(struct layer *layer)
{
    enum { BEHIND_BLOCK = 128 };
    z_stream *z = &layer->zlib;
    if (layer->checked)
        return inflate(z, Z_SYNC_FLUSH);
    int status = inflate(z, Z_BLOCK);
    layer->checked = z->data_type & BEHIND_BLOCK;
    if (layer->checked)
        inflateValidate(z, 1);
    return status;
}

// After the end of a gzip member another may follow (RFC 1952 section 2.2); else: padding.
static bool zlib_next_member(struct layer *layer)
{
    z_stream *z = &layer->zlib;
    if (z->avail_in == 0)
        return false;
    layer->ended = *z->next_in != 0x1f || inflateReset(z) != Z_OK;
    return !layer->ended;
}

static void zlib_feed(struct decompress *d, size_t at, struct bytes in)
{
    struct layer *layer = &d->layers[at];
    z_stream *z = &layer->zlib;
    uint8_t out[OUT_BYTES];
    z->next_in = (Bytef *)(uintptr_t)in.data;
    z->avail_in = (uInt)in.len;
    int status = Z_OK;
    while (usable(d) && !layer->ended) {
        if (status == Z_STREAM_END && !zlib_next_member(layer))
            break;
        z->next_out = out;
        z->avail_out = sizeof out;
        status = zlib_step(layer);
        size_t made = sizeof out - z->avail_out;
        layer_pass(d, at + 1, bytes_make(out, made));
        if (status != Z_OK && status != Z_STREAM_END) {
            if (status != Z_BUF_ERROR && usable(d))
                d->result = status == Z_MEM_ERROR ? DECOMPRESS_NO_MEMORY : DECOMPRESS_DAMAGED;
            break;
        }
        if (status == Z_OK && z->avail_in == 0 && made < sizeof out)
            break;
    }
}

static void zlib_hold(struct decompress *d, size_t at, struct bytes in)
{
    struct layer *layer = &d->layers[at];
    size_t i = 0;
    while (layer->held_len < MAGIC_BYTES && i < in.len)
        layer->held[layer->held_len++] = in.data[i++];
    if (layer->held_len < MAGIC_BYTES)
        return;
    zlib_start(d, layer);
    layer_feed(d, at, bytes_make(layer->held, MAGIC_BYTES));
    layer_feed(d, at, bytes_from(in, i));
}

static void brotli_feed(struct decompress *d, size_t at, struct bytes in)
{
    struct layer *layer = &d->layers[at];
    if (!layer->brotli)
        layer->brotli = BrotliDecoderCreateInstance(window_alloc, window_free, layer);
    BrotliDecoderResult status =
        layer->brotli ? BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT : BROTLI_DECODER_RESULT_ERROR;
    const uint8_t *next = in.data;
    size_t left = in.len;
    while (status == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT && usable(d)) {
        uint8_t buffer[OUT_BYTES];
        uint8_t *out = buffer;
        size_t room = sizeof buffer;
        status = BrotliDecoderDecompressStream(layer->brotli, &left, &next, &room, &out, NULL);
        layer_pass(d, at + 1, bytes_make(buffer, sizeof buffer - room));
    }
    layer->ended = status == BROTLI_DECODER_RESULT_SUCCESS;
    if (status == BROTLI_DECODER_RESULT_ERROR && usable(d))
        d->result = layer->refused ? DECOMPRESS_NO_MEMORY : DECOMPRESS_DAMAGED;
}

static void *lzma_window_alloc(void *opaque, size_t count, size_t size)
{
    return size && count > SIZE_MAX / size ? NULL : window_alloc(opaque, count * size);
}

static lzma_ret lzma_start(struct layer *layer)
{
    layer->started = true;
    layer->lzma_memory = (lzma_allocator){lzma_window_alloc, window_free, layer};
    layer->lzma = (lzma_stream)LZMA_STREAM_INIT;
    layer->lzma.allocator = &layer->lzma_memory;
    return lzma_alone_decoder(&layer->lzma, DECOMPRESS_WINDOW_BYTES);
}

static void lzma_feed(struct decompress *d, size_t at, struct bytes in)
{
    struct layer *layer = &d->layers[at];
    lzma_stream *z = &layer->lzma;
    lzma_ret status = layer->started ? LZMA_OK : lzma_start(layer);
    uint8_t out[OUT_BYTES];
    z->next_in = in.data;
    z->avail_in = in.len;
    z->avail_out = 0;
    while (status == LZMA_OK && usable(d) && (z->avail_in > 0 || z->avail_out == 0)) {
        z->next_out = out;
        z->avail_out = sizeof out;
        status = lzma_code(z, LZMA_RUN);
        layer_pass(d, at + 1, bytes_make(out, sizeof out - z->avail_out));
    }
    layer->ended = status == LZMA_STREAM_END;
    bool memory = status == LZMA_MEM_ERROR || status == LZMA_MEMLIMIT_ERROR;
    if (status != LZMA_OK && status != LZMA_BUF_ERROR && !layer->ended && usable(d))
        d->result = memory ? DECOMPRESS_NO_MEMORY : DECOMPRESS_DAMAGED;
}

// Depth is bounded by DECOMPRESS_LAYERS.
static void layer_feed(struct decompress *d, size_t at, struct bytes in)
{
    struct layer *layer = &d->layers[at];
    if (in.len == 0 || layer->ended || !usable(d))
        return;
    if (layer->coding == DECOMPRESS_BROTLI)
        brotli_feed(d, at, in);
    else if (layer->coding == DECOMPRESS_LZMA)
        lzma_feed(d, at, in);
    else if (!layer->started)
        zlib_hold(d, at, in);
    else if (layer->plain)
        layer_pass(d, at + 1, in);
    else
        zlib_feed(d, at, in);
}

struct decompress *decompress_create(struct arena *arena, const struct decompress_limits *limits,
    const enum decompress_coding *codings, size_t count, decompress_sink *sink, void *ctx)
{
    if (count > DECOMPRESS_LAYERS)
        return NULL;
    struct decompress *d = arena_zalloc(arena, sizeof *d);
    if (!d)
        return NULL;
    d->arena = arena;
    d->limits = *limits;
    d->sink = sink;
    d->ctx = ctx;
    d->count = count;
    for (size_t i = 0; i < count; i++) {
        d->layers[i].coding = codings[i];
        d->layers[i].pool = arena->pool;
    }
    return d;
}

void decompress_destroy(struct decompress *d)
{
    for (size_t i = 0; d && i < d->count; i++) {
        BrotliDecoderDestroyInstance(d->layers[i].brotli);
        d->layers[i].brotli = NULL;
        if (d->layers[i].coding == DECOMPRESS_LZMA && d->layers[i].started)
            lzma_end(&d->layers[i].lzma);
    }
}

enum decompress_result decompress_feed(struct decompress *d, struct bytes in)
{
    d->in_bytes += in.len;
    // zlib counts input in 32 bits
    for (size_t at = 0; at < in.len && usable(d); at += UINT32_MAX)
        layer_feed(d, 0, bytes_sub(in, at, UINT32_MAX));
    if (!usable(d)) // nothing more comes of it, its windows need not wait for the body's end
        decompress_destroy(d);
    return d->result;
}

void decompress_end(struct decompress *d)
{
    for (size_t i = 0; i < d->count && usable(d); i++) {
        struct layer *layer = &d->layers[i];
        if (layer->coding == DECOMPRESS_ZLIB && !layer->started)
            layer_pass(d, i + 1, bytes_make(layer->held, layer->held_len));
    }
}
