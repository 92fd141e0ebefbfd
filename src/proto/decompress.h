// SPDX-License-Identifier: Apache-2.0
// Content codings undone as the bytes pass (RFC 9110 section 8.4): gzip, deflate, brotli, lzma,
// stacked.
#pragma once
#include "base/arena.h"

enum {
    DECOMPRESS_LAYERS = 4,                     // codings on top of each other
    DECOMPRESS_WINDOW_BYTES = 9 * 1024 * 1024, // of brotli (2^22 and tables) or lzma (2^23)
};

enum decompress_coding {
    DECOMPRESS_ZLIB,
    DECOMPRESS_BROTLI,
    DECOMPRESS_LZMA
}; // ZLIB: gzip, zlib or bare deflate

enum decompress_result {
    DECOMPRESS_OK,
    DECOMPRESS_NOT_CODED, // gzip was promised, the bytes are something else: passed on as they are
    DECOMPRESS_DAMAGED,   // output ends here
    DECOMPRESS_BOMB,      // output ends here: over the ratio
    DECOMPRESS_LIMIT,     // output ends here: most_bytes were made
    DECOMPRESS_NO_MEMORY, // output ends here: over a budget
};

struct decompress_limits {
    uint64_t most_bytes; // of output
    uint64_t free_bytes; // output before the ratio counts
    uint64_t ratio;      // output bytes for one input byte, over all layers
};

struct decompress;

typedef void decompress_sink(void *ctx, struct bytes out);

// codings[0] is undone first. Memory is the arena's; that of brotli and lzma is charged to the
// arena's pool. NULL: no memory.
[[nodiscard]] struct decompress *decompress_create(struct arena *arena,
    const struct decompress_limits *limits, const enum decompress_coding *codings, size_t count,
    decompress_sink *sink, void *ctx);
void decompress_destroy(struct decompress *d);

// Undo what can be undone of `in`; output goes to the sink in pieces. A result other than OK and
// NOT_CODED comes again at every later call, which does nothing.
enum decompress_result decompress_feed(struct decompress *d, struct bytes in);

// The body is over: bytes held back for a look at the magic number go out.
void decompress_end(struct decompress *d);
