// SPDX-License-Identifier: Apache-2.0
// Header compression of HTTP/2 (RFC 7541) by libnghttp2. Its memory is taken from the heap, as its
// table comes and goes, and charged to the worker's pool within a budget.
#include "base/alloc.h"
#include "proto/http2.h"
#include <nghttp2/nghttp2.h>

enum { HPACK_BYTES = 1024 * 1024 }; // of one side

struct hpack {
    nghttp2_hd_inflater *inflater;
    nghttp2_mem memory;
    struct pool *pool;
    size_t used_bytes;
    uint32_t table_bytes;
};

// What stands before each block: its size, so that giving it back is counted too.
struct counted {
    _Alignas(16) size_t size;
};

static void *hpack_malloc(size_t size, void *ctx)
{
    struct hpack *hpack = ctx;
    if (size > HPACK_BYTES - hpack->used_bytes || !pool_charge(hpack->pool, size))
        return NULL;
    struct counted *block = base_malloc(sizeof *block + size);
    if (!block) {
        pool_discharge(hpack->pool, size);
        return NULL;
    }
    block->size = size;
    hpack->used_bytes += size;
    return &block[1];
}

static void hpack_free(void *memory, void *ctx)
{
    struct hpack *hpack = ctx;
    struct counted *behind = memory;
    if (!memory)
        return;
    struct counted *block = &behind[-1];
    hpack->used_bytes -= block->size;
    pool_discharge(hpack->pool, block->size);
    base_free(block);
}

static void *hpack_calloc(size_t count, size_t size, void *ctx)
{
    if (size > 0 && count > HPACK_BYTES / size)
        return NULL;
    void *memory = hpack_malloc(count * size, ctx);
    if (memory)
        memset(memory, 0, count * size);
    return memory;
}

static void *hpack_realloc(void *old, size_t size, void *ctx)
{
    const struct counted *behind = old;
    void *memory = hpack_malloc(size, ctx);
    if (!memory || !old)
        return memory;
    size_t had = behind[-1].size;
    memcpy(memory, old, had < size ? had : size);
    hpack_free(old, ctx);
    return memory;
}

struct hpack *hpack_create(struct arena *arena)
{
    struct hpack *hpack = arena_zalloc(arena, sizeof *hpack);
    if (!hpack)
        return NULL;
    hpack->pool = arena->pool;
    hpack->memory = (nghttp2_mem){
        .mem_user_data = hpack,
        .malloc = hpack_malloc,
        .free = hpack_free,
        .calloc = hpack_calloc,
        .realloc = hpack_realloc,
    };
    hpack->table_bytes = 4096; // RFC 9113 section 6.5.2
    return nghttp2_hd_inflate_new2(&hpack->inflater, &hpack->memory) == 0 ? hpack : NULL;
}

void hpack_destroy(struct hpack *hpack)
{
    if (hpack)
        nghttp2_hd_inflate_del(hpack->inflater);
}

// A smaller table is announced by the encoder itself, when it has heard of it.
void hpack_table_size(struct hpack *hpack, uint32_t size)
{
    if (size > HTTP2_TABLE_BYTES)
        size = HTTP2_TABLE_BYTES;
    if (!hpack || size <= hpack->table_bytes)
        return;
    hpack->table_bytes = size;
    nghttp2_hd_inflate_change_table_size(hpack->inflater, size);
}

bool hpack_feed(struct hpack *hpack, struct bytes in, bool last, hpack_sink *sink, void *ctx)
{
    size_t at = 0;
    for (;;) {
        nghttp2_nv nv;
        int flags = 0;
        struct bytes rest = bytes_from(in, at);
        ssize_t used =
            nghttp2_hd_inflate_hd2(hpack->inflater, &nv, &flags, rest.data, rest.len, last);
        if (used < 0)
            return false;
        at += (size_t)used;
        if (flags & NGHTTP2_HD_INFLATE_EMIT)
            sink(ctx, bytes_make(nv.name, nv.namelen), bytes_make(nv.value, nv.valuelen));
        if (flags & NGHTTP2_HD_INFLATE_FINAL)
            return nghttp2_hd_inflate_end_headers(hpack->inflater) == 0;
        if (!(flags & NGHTTP2_HD_INFLATE_EMIT) && at >= in.len)
            return !last;
    }
}
