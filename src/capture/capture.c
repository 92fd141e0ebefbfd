// SPDX-License-Identifier: Apache-2.0
// Packets of all inputs in the order of their times. One input: its bytes are read straight into
// the batch's memory and packets point there; what is left over is carried to the next batch. Two
// and more: each has a window of its own, a heap says whose packet is next, and it is copied.
#include "base/alloc.h"
#include "capture/internal.h"

#include <sys/stat.h>

struct capture {
    struct source *sources;
    size_t count;
    struct source **heap; // by time of the packet that comes next, then by index
    size_t heap_count;
    struct source *direct; // the only input that can be read, else NULL
    uint64_t *sizes;       // of the inputs, 0 when not known
};

// ---- batches

bool packet_batch_init(struct packet_batch *batch)
{
    batch->count = 0;
    batch->memory_bytes = BATCH_BYTES + SOURCE_ROOM_MAX;
    batch->memory = base_malloc(batch->memory_bytes);
    return batch->memory != NULL;
}

void packet_batch_finish(struct packet_batch *batch)
{
    base_free(batch->memory);
    batch->memory = NULL;
}

// ---- the heap of sources

static bool comes_before(const struct source *a, const struct source *b)
{
    if (a->head.time_ns != b->head.time_ns)
        return a->head.time_ns < b->head.time_ns;
    return a->index < b->index;
}

static void heap_down(struct capture *c, size_t i)
{
    struct source *moving = c->heap[i];
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= c->heap_count)
            break;
        if (child + 1 < c->heap_count && comes_before(c->heap[child + 1], c->heap[child]))
            child++;
        if (!comes_before(c->heap[child], moving))
            break;
        c->heap[i] = c->heap[child];
        i = child;
    }
    c->heap[i] = moving;
}

static void heap_build(struct capture *c)
{
    for (size_t i = c->heap_count / 2; i-- > 0;)
        heap_down(c, i);
}

static void heap_pop(struct capture *c)
{
    c->heap[0] = c->heap[--c->heap_count];
    if (c->heap_count)
        heap_down(c, 0);
}

// ---- sources

static void source_end(struct source *s)
{
    s->report.file_bytes = s->stream.raw_read - (s->stream.in_end - s->stream.in_at);
    s->done = true;
    source_close(s);
}

// The next packet to `head`. False: there is none, the source is closed.
static bool source_advance(struct source *s)
{
    enum step step = source_next(s, &s->head);
    if (step == STEP_FULL) // only for want of memory: the window is the source's own
        source_damage(s, (struct note){.id = TEXT_CAPTURE_NO_MEMORY_AT});
    if (step == STEP_PACKET)
        return true;
    source_end(s);
    return false;
}

// Close a file until the time of its first packet comes, so that any number can be merged.
static void source_wait(struct source *s)
{
    struct packet head = s->head;
    source_close(s);
    s->head = head;
    s->waiting = true;
}

static bool source_wake(struct source *s)
{
    s->waiting = false;
    if (source_open(s))
        return source_advance(s);
    source_end(s);
    return false;
}

static void capture_open_all(struct capture *c)
{
    size_t open = 0;
    for (size_t i = 0; i < c->count; i++) {
        struct source *s = &c->sources[i];
        if (source_open(s))
            c->heap[c->heap_count++] = s;
        else
            source_end(s);
        if (s->format && c->count > SOURCES_OPEN_MAX && ++open > 1 && s->stream.raw_size &&
            s->stream.fd_owned) {
            if (source_advance(s))
                source_wait(s);
            else
                c->heap_count--;
        }
    }
}

static void capture_start(struct capture *c)
{
    capture_open_all(c);
    if (c->count == 1) {
        c->direct = c->heap_count ? c->heap[0] : NULL;
        c->heap_count = 0;
        return;
    }
    size_t kept = 0;
    for (size_t i = 0; i < c->heap_count; i++)
        if (c->heap[i]->waiting || source_advance(c->heap[i]))
            c->heap[kept++] = c->heap[i];
    c->heap_count = kept;
    heap_build(c);
}

// ---- creating

static uint64_t input_size(const char *path)
{
    struct stat st;
    int rc = strcmp(path, "-") == 0 ? fstat(0, &st) : stat(path, &st);
    return rc == 0 && S_ISREG(st.st_mode) && st.st_size > 0 ? (uint64_t)st.st_size : 0;
}

static struct capture *capture_new(size_t count)
{
    struct capture *c = base_calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->count = count < SOURCES_MAX ? count : SOURCES_MAX;
    c->sources = base_calloc(c->count + 1, sizeof *c->sources);
    c->heap = base_calloc(c->count + 1, sizeof *c->heap);
    c->sizes = base_calloc(c->count + 1, sizeof *c->sizes);
    if (!c->sources || !c->heap || !c->sizes) {
        capture_destroy(c);
        return NULL;
    }
    for (size_t i = 0; i < c->count; i++)
        c->sources[i].index = (uint16_t)i;
    return c;
}

struct capture *capture_create(const char *const *paths, size_t count)
{
    struct capture *c = capture_new(count);
    if (!c)
        return NULL;
    for (size_t i = 0; i < c->count; i++) {
        c->sources[i].path = paths[i];
        c->sizes[i] = input_size(paths[i]);
    }
    capture_start(c);
    return c;
}

struct capture *capture_create_memory(const struct bytes *inputs, size_t count, size_t step)
{
    struct capture *c = capture_new(count);
    if (!c)
        return NULL;
    for (size_t i = 0; i < c->count; i++) {
        struct source *s = &c->sources[i];
        s->path = "memory";
        s->memory = inputs[i];
        s->memory_step = step;
        s->from_memory = true;
        c->sizes[i] = inputs[i].len;
    }
    capture_start(c);
    return c;
}

void capture_destroy(struct capture *c)
{
    if (!c)
        return;
    for (size_t i = 0; c->sources && i < c->count; i++)
        source_close(&c->sources[i]);
    base_free(c->sources);
    base_free(c->heap);
    base_free(c->sizes);
    base_free(c);
}

// ---- reading

static bool batch_full(const struct packet_batch *batch, size_t used)
{
    return batch->count == BATCH_PACKETS || used >= BATCH_BYTES;
}

static bool capture_read_direct(struct capture *c, struct packet_batch *batch)
{
    struct source *s = c->direct;
    source_bind(s, batch->memory, batch->memory_bytes);
    enum step step = STEP_PACKET;
    for (size_t used = 0; !batch_full(batch, used);) {
        struct packet *p = &batch->packets[batch->count];
        step = source_next(s, p);
        if (step == STEP_PACKET) {
            used += RECORD_BYTES + p->data.len;
            batch->count++;
        } else if (step != STEP_FULL || batch->count > 0 || !source_make_room(s)) {
            break;
        }
    }
    bool kept = source_unbind(s);
    if (!kept)
        source_damage(s, (struct note){.id = TEXT_CAPTURE_NO_MEMORY_AT});
    if (step == STEP_END || !kept || batch->count == 0) {
        source_end(s);
        c->direct = NULL;
    }
    return batch->count > 0;
}

static void batch_copy(struct packet_batch *batch, const struct packet *p, size_t *used)
{
    uint8_t *to = batch->memory + *used;
    if (p->data.len)
        memcpy(to, p->data.data, p->data.len);
    struct packet *copy = &batch->packets[batch->count++];
    *copy = *p;
    copy->data.data = to;
    *used += RECORD_BYTES + p->data.len;
}

static bool capture_read_merged(struct capture *c, struct packet_batch *batch)
{
    size_t used = 0;
    while (c->heap_count && !batch_full(batch, used)) {
        struct source *s = c->heap[0];
        bool more = true;
        if (s->waiting) {
            more = source_wake(s);
        } else {
            batch_copy(batch, &s->head, &used);
            more = source_advance(s);
        }
        if (more)
            heap_down(c, 0);
        else
            heap_pop(c);
    }
    return batch->count > 0;
}

bool capture_read(struct capture *c, struct packet_batch *batch)
{
    batch->count = 0;
    if (c->direct)
        return capture_read_direct(c, batch);
    return capture_read_merged(c, batch);
}

// ---- telling

size_t capture_sources(const struct capture *c)
{
    return c->count;
}

void capture_report(const struct capture *c, size_t index, struct capture_report *out)
{
    const struct source *s = &c->sources[index];
    *out = s->report;
    out->path = s->path;
    if (s->done)
        return;
    out->file_bytes = s->stream.raw_read - (s->stream.in_end - s->stream.in_at);
    if (s->format == &format_pcapng)
        out->dropped = pcapng_dropped(&s->pcapng);
}

size_t capture_damage_text(
    const struct capture *c, size_t index, enum lang lang, char *out, size_t room)
{
    return source_damage_text(&c->sources[index], lang, out, room);
}

double capture_progress(const struct capture *c)
{
    double total = 0, used = 0;
    for (size_t i = 0; i < c->count; i++) {
        const struct source *s = &c->sources[i];
        if (c->sizes[i] == 0 && !s->done)
            return -1;
        double size = (double)c->sizes[i];
        double read = (double)s->stream.raw_read;
        total += size;
        used += s->done || read > size ? size : read;
    }
    return total > 0 ? used / total : 1;
}
