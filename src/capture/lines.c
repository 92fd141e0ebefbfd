// SPDX-License-Identifier: Apache-2.0
// Lines of what are not captures: other products' logs.
#include "base/alloc.h"
#include "capture/internal.h"

enum { LINES_ROOM = LINES_LONGEST + READ_BYTES };

struct lines {
    struct stream stream;
    uint8_t *data; // data[at .. end) was read and not given yet
    size_t at, end;
    bool over, opened;
    bool skipping; // the rest of a line that was cut
    uint64_t cut;
};

struct lines *lines_open(const char *path)
{
    struct lines *lines = base_calloc(1, sizeof *lines);
    if (!lines)
        return NULL;
    lines->data = base_malloc(LINES_ROOM);
    if (!lines->data) {
        base_free(lines);
        return NULL;
    }
    lines->opened = stream_open_path(&lines->stream, path);
    lines->over = !lines->opened;
    return lines;
}

void lines_close(struct lines *lines)
{
    if (!lines)
        return;
    stream_close(&lines->stream);
    base_free(lines->data);
    base_free(lines);
}

// More bytes behind those that wait. False: there are none, or no room.
static bool lines_fill(struct lines *lines)
{
    if (lines->over)
        return false;
    if (lines->at > 0 && LINES_ROOM - lines->end < READ_BYTES) {
        memmove(lines->data, &lines->data[lines->at], lines->end - lines->at);
        lines->end -= lines->at;
        lines->at = 0;
    }
    size_t room = LINES_ROOM - lines->end;
    if (room == 0)
        return false;
    size_t got = stream_read(
        &lines->stream, &lines->data[lines->end], room < READ_BYTES ? room : READ_BYTES);
    lines->end += got;
    lines->over = got == 0;
    return got > 0;
}

struct bytes lines_peek(struct lines *lines)
{
    while (lines->end - lines->at < SNIFF_BYTES && lines_fill(lines))
        continue;
    return bytes_sub(bytes_make(&lines->data[lines->at], lines->end - lines->at), 0, SNIFF_BYTES);
}

bool lines_next(struct lines *lines, struct bytes *line)
{
    size_t searched = 0;
    for (;;) {
        struct bytes have = bytes_make(&lines->data[lines->at], lines->end - lines->at);
        size_t at = bytes_find_byte(bytes_from(have, searched), '\n');
        if (at != BYTES_NOT_FOUND) {
            *line = bytes_sub(have, 0, searched + at);
            lines->at += searched + at + 1;
            if (!lines->skipping)
                return true;
            lines->skipping = false;
            searched = 0;
            continue;
        }
        searched = have.len;
        if (have.len >= LINES_LONGEST) {
            lines->cut += !lines->skipping;
            bool first = !lines->skipping;
            lines->skipping = true;
            lines->at = lines->end;
            searched = 0;
            *line = have;
            if (first)
                return true;
            continue;
        }
        if (lines_fill(lines))
            continue;
        lines->at = lines->end;
        *line = have;
        return have.len > 0 && !lines->skipping;
    }
}

size_t lines_read(struct lines *lines, uint8_t *to, size_t room)
{
    if (lines->at == lines->end) {
        lines->at = lines->end = 0;
        (void)lines_fill(lines);
    }
    struct bytes have =
        bytes_sub(bytes_make(&lines->data[lines->at], lines->end - lines->at), 0, room);
    if (have.len > 0)
        memcpy(to, have.data, have.len);
    lines->at += have.len;
    return have.len;
}

uint64_t lines_cut(const struct lines *lines)
{
    return lines->cut;
}

double lines_progress(const struct lines *lines)
{
    const struct stream *s = &lines->stream;
    return s->raw_size ? (double)s->raw_read / (double)s->raw_size : -1;
}

size_t lines_trouble(const struct lines *lines, enum lang lang, char *out, size_t room)
{
    if (!lines->stream.failed) {
        if (room)
            out[0] = '\0';
        return 0;
    }
    return note_format(out, room, &lines->stream.why, lang);
}
