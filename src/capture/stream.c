// SPDX-License-Identifier: Apache-2.0
// The bytes of one input: a file, standard input or memory; gzip and zstd are told by their first
// bytes, never by the name. Plain bytes go from the kernel straight to where they are wanted.
#include "base/alloc.h"
#include "base/stop.h"
#include "capture/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

void stream_fail(struct stream *s, struct note why)
{
    if (s->failed)
        return;
    s->failed = true;
    s->why = why;
}

static void stream_fail_errno(struct stream *s, enum text_id id)
{
    stream_fail(s, (struct note){.id = id, .error = errno, .at = s->raw_read});
}

static void stream_refuse(struct stream *s, enum text_id id)
{
    stream_fail(s, (struct note){.id = id});
}

static size_t stream_read_memory(struct stream *s, uint8_t *to, size_t room)
{
    size_t len = s->memory.len < room ? s->memory.len : room;
    if (s->memory_step && len > s->memory_step)
        len = s->memory_step;
    if (len)
        memcpy(to, s->memory.data, len);
    s->memory = bytes_from(s->memory, len);
    return len;
}

static size_t stream_read_fd(struct stream *s, uint8_t *to, size_t room)
{
    ssize_t got;
    if (s->raw_size == 0 && !stop_or_readable(s->fd)) // a pipe may keep silent for ever
        return 0;
    do
        got = read(s->fd, to, room);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        stream_fail_errno(s, TEXT_CAPTURE_READING_FAILED);
    return got < 0 ? 0 : (size_t)got;
}

static size_t stream_read_raw(struct stream *s, uint8_t *to, size_t room)
{
    if (s->raw_ended || room == 0)
        return 0;
    size_t got = s->fd < 0 ? stream_read_memory(s, to, room) : stream_read_fd(s, to, room);
    s->raw_read += got;
    s->raw_ended = got == 0;
    return got;
}

bool stream_refill(struct stream *s)
{
    if (s->in_at < s->in_end)
        return true;
    s->in_at = 0;
    s->in_end = stream_read_raw(s, s->in, STREAM_IN_BYTES);
    return s->in_end > 0;
}

static enum stream_kind stream_kind_of(const uint8_t head[4])
{
    uint32_t magic =
        (uint32_t)head[3] << 24 | (uint32_t)head[2] << 16 | (uint32_t)head[1] << 8 | head[0];
    if ((magic & 0xff'ffff) == 0x08'8b1f) // RFC 1952 section 2.3.1, deflate the only method
        return STREAM_GZIP;
    // RFC 8878 sections 3.1.1 and 3.1.2: a frame, a skippable frame.
    if (magic == 0xfd2f'b528 || (magic & 0xffff'fff0) == 0x184d'2a50)
        return STREAM_ZSTD;
    return STREAM_PLAIN;
}

// Read enough to tell what it is; a plain stream hands these bytes out first.
static bool stream_sniff(struct stream *s)
{
    s->in = base_malloc(STREAM_IN_BYTES);
    if (!s->in) {
        stream_refuse(s, TEXT_CAPTURE_NO_MEMORY);
        return false;
    }
    size_t got = 1;
    while (s->in_end < 4 && got) {
        got = stream_read_raw(s, s->in + s->in_end, SNIFF_BYTES - s->in_end);
        s->in_end += got;
    }
    if (s->in_end == 0)
        stream_refuse(s, TEXT_CAPTURE_EMPTY);
    if (s->in_end >= 4)
        s->kind = stream_kind_of(s->in);
    if (!s->failed && s->kind != STREAM_PLAIN && !unpack_init(s))
        stream_refuse(s, TEXT_CAPTURE_NO_MEMORY);
    return !s->failed;
}

static bool stream_check_fd(struct stream *s)
{
    struct stat st;
    if (fstat(s->fd, &st) != 0)
        stream_fail_errno(s, TEXT_CAPTURE_CANNOT_READ);
    else if (S_ISDIR(st.st_mode))
        stream_refuse(s, TEXT_CAPTURE_DIRECTORY);
    else if (isatty(s->fd))
        stream_refuse(s, TEXT_CAPTURE_TERMINAL);
    else if (S_ISREG(st.st_mode)) {
        s->raw_size = (uint64_t)st.st_size;
        (void)posix_fadvise(s->fd, 0, 0, POSIX_FADV_SEQUENTIAL); // only a hint
    }
    return !s->failed;
}

bool stream_open_path(struct stream *s, const char *path)
{
    *s = (struct stream){.fd = STDIN_FILENO};
    if (strcmp(path, "-") != 0) {
        s->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        s->fd_owned = s->fd >= 0;
    }
    if (s->fd < 0) {
        stream_fail_errno(s, TEXT_CAPTURE_CANNOT_OPEN);
        return false;
    }
    return stream_check_fd(s) && stream_sniff(s);
}

bool stream_open_memory(struct stream *s, struct bytes memory, size_t step)
{
    *s = (struct stream){.fd = -1, .memory = memory, .memory_step = step, .raw_size = memory.len};
    return stream_sniff(s);
}

void stream_close(struct stream *s)
{
    unpack_finish(s);
    if (s->fd_owned)
        close(s->fd);
    s->fd_owned = false;
    base_free(s->in);
    s->in = NULL;
    s->in_at = s->in_end = 0;
}

size_t stream_read(struct stream *s, uint8_t *to, size_t room)
{
    if (s->failed)
        return 0;
    if (s->kind == STREAM_GZIP)
        return unpack_gzip(s, to, room);
    if (s->kind == STREAM_ZSTD)
        return unpack_zstd(s, to, room);
    size_t sniffed = s->in_end - s->in_at;
    if (sniffed == 0)
        return stream_read_raw(s, to, room);
    if (sniffed > room)
        sniffed = room;
    memcpy(to, s->in + s->in_at, sniffed);
    s->in_at += sniffed;
    return sniffed;
}
