// SPDX-License-Identifier: Apache-2.0
// gzip (RFC 1952, several members) and zstd (RFC 8878, several frames, skippable ones) while
// reading. Memory is bounded by the window, 32 KiB and 128 MiB; what comes out is never kept, so
// a bomb costs time only in proportion to the packets it claims to hold.
#include "base/alloc.h"
#include "capture/internal.h"

#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

bool unpack_init(struct stream *s)
{
    if (s->kind == STREAM_ZSTD) {
        s->zstd = ZSTD_createDCtx();
        return s->zstd && !ZSTD_isError(ZSTD_DCtx_setParameter(
                              s->zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG_MAX));
    }
    s->gzip = base_calloc(1, sizeof *s->gzip);
    if (s->gzip && inflateInit2(s->gzip, MAX_WBITS + 16) == Z_OK)
        return true;
    base_free(s->gzip);
    s->gzip = NULL;
    return false;
}

void unpack_finish(struct stream *s)
{
    if (s->gzip)
        inflateEnd(s->gzip);
    base_free(s->gzip);
    s->gzip = NULL;
    ZSTD_freeDCtx(s->zstd);
    s->zstd = NULL;
}

static void unpack_fail(struct stream *s, enum text_id id)
{
    stream_fail(s, (struct note){.id = id,
                       .at = s->raw_read - (s->in_end - s->in_at),
                       .size = 1 << (ZSTD_WINDOW_LOG_MAX - 20)});
}

// A member ended and bytes follow: another member, or zeros that fill a block of some tape.
static bool unpack_gzip_member(struct stream *s)
{
    while (stream_refill(s) && s->in[s->in_at] == 0)
        s->in_at++;
    if (s->in_at == s->in_end)
        return false;
    if (s->in[s->in_at] != 0x1f) {
        unpack_fail(s, TEXT_CAPTURE_GZIP_TRAILING);
        return false;
    }
    s->in_member = inflateReset(s->gzip) == Z_OK;
    return s->in_member;
}

// One call of inflate. False: no more can come of this input.
static bool unpack_gzip_step(struct stream *s, bool more)
{
    z_stream *z = s->gzip;
    uInt room = z->avail_out;
    z->next_in = s->in + s->in_at;
    z->avail_in = (uInt)(s->in_end - s->in_at);
    int rc = inflate(z, Z_NO_FLUSH);
    s->in_at = s->in_end - z->avail_in;
    if (rc == Z_STREAM_END)
        s->in_member = false;
    else if (rc == Z_MEM_ERROR)
        unpack_fail(s, TEXT_CAPTURE_NO_MEMORY);
    else if (rc != Z_OK && rc != Z_BUF_ERROR)
        unpack_fail(s, z->msg && strcmp(z->msg, "incorrect data check") == 0
                           ? TEXT_CAPTURE_GZIP_SUM
                           : TEXT_CAPTURE_GZIP_DAMAGED);
    else if (!more && z->avail_out == room)
        unpack_fail(s, TEXT_CAPTURE_GZIP_CUT);
    return !s->failed;
}

size_t unpack_gzip(struct stream *s, uint8_t *to, size_t room)
{
    z_stream *z = s->gzip;
    uInt size = room > READ_BYTES ? READ_BYTES : (uInt)room;
    z->next_out = to;
    z->avail_out = size;
    while (z->avail_out == size) {
        bool more = stream_refill(s);
        if (s->failed || (!s->in_member && (!more || !unpack_gzip_member(s))))
            break;
        if (!unpack_gzip_step(s, more))
            break;
    }
    return size - z->avail_out;
}

// Bytes to feed the decoder: one block, or one header, at a time. When it meets damage it does not
// say what it wrote in the same call, so each good block has to come out before the bad one goes
// in.
static size_t unpack_zstd_feed(const struct stream *s)
{
    enum { BLOCK_HEADER_BYTES = 3, FRAME_HEADER_LEAST_BYTES = 5 };
    size_t left = s->in_end - s->in_at;
    size_t want = s->in_member ? s->zstd_want : FRAME_HEADER_LEAST_BYTES;
    if (want > BLOCK_HEADER_BYTES)
        want -= BLOCK_HEADER_BYTES; // the decoder's hint counts in the header that follows a block
    return want < left ? want : left;
}

static enum text_id unpack_zstd_text(size_t rc)
{
    switch (ZSTD_getErrorCode(rc)) {
    case ZSTD_error_frameParameter_windowTooLarge: return TEXT_CAPTURE_ZSTD_WINDOW;
    case ZSTD_error_dictionary_wrong: return TEXT_CAPTURE_ZSTD_DICTIONARY;
    case ZSTD_error_checksum_wrong: return TEXT_CAPTURE_ZSTD_SUM;
    case ZSTD_error_memory_allocation: return TEXT_CAPTURE_NO_MEMORY;
    default: return TEXT_CAPTURE_ZSTD_DAMAGED;
    }
}

// One call of the decoder. False: no more can come of this input.
static bool unpack_zstd_step(struct stream *s, ZSTD_outBuffer *out, bool more)
{
    ZSTD_inBuffer in = {s->in, s->in_at + unpack_zstd_feed(s), s->in_at};
    size_t rc = ZSTD_decompressStream(s->zstd, out, &in);
    s->in_at = in.pos;
    s->in_member = rc != 0;
    s->zstd_want = rc;
    if (ZSTD_isError(rc))
        unpack_fail(s, unpack_zstd_text(rc));
    else if (!more && out->pos == 0 && s->in_member)
        unpack_fail(s, TEXT_CAPTURE_ZSTD_CUT);
    return !s->failed;
}

size_t unpack_zstd(struct stream *s, uint8_t *to, size_t room)
{
    ZSTD_outBuffer out = {to, room > READ_BYTES ? READ_BYTES : room, 0};
    while (out.pos == 0) {
        bool more = stream_refill(s);
        if (s->failed || (!more && !s->in_member))
            break;
        if (!unpack_zstd_step(s, &out, more))
            break;
    }
    return out.pos;
}
