// SPDX-License-Identifier: Apache-2.0
// Inside capture/: a stream yields an input's bytes, unpacked; a source finds packets in them;
// capture.c puts the packets of all sources in order. Nobody outside this room includes this.
#pragma once
#include "capture/capture.h"

enum {
    READ_BYTES = 64 * 1024,         // asked of the kernel at once; carried over: about half
    STREAM_IN_BYTES = 64 * 1024,    // packed bytes read ahead
    SNIFF_BYTES = 4096,             // read to see what an input is
    RECORD_BYTES = 16,              // what a packet adds to its batch beside its bytes
    RESYNC_BYTES = 256 * 1024,      // searched behind damage for the next packet
    RESYNC_AHEAD_BYTES = 64 * 1024, // read beyond that to believe what was found
    BLOCK_WHOLE_BYTES =
        CAPTURE_PACKET_BYTES + 8192,    // pcapng blocks up to this are checked before they count
    BLOCK_BYTES_MAX = 16 * 1024 * 1024, // a longer block is damage
    SOURCE_ROOM_START = 96 * 1024,      // own window of a source, to begin with
    SOURCE_ROOM_MAX = 512 * 1024,       // and at most: any record, any search fits
    LARGE_PACKET_BYTES = 128 << 20,     // of link types that have such packets
    INTERFACES_MAX = 4096,              // of one pcapng section
    SOURCES_MAX = UINT16_MAX,           // struct packet numbers them in 16 bits
    SOURCES_OPEN_MAX = 128,             // more inputs: files wait closed until their time comes
    ZSTD_WINDOW_LOG_MAX = 27,           // 128 MiB, what `zstd --long` makes by default
};

#define CAPTURE_TIME_MAX_NS (8'500'000'000 * 1'000'000'000) // year 2239; sums cannot overflow

static inline uint16_t wire_u16(const uint8_t *at, bool swap)
{
    uint16_t v;
    memcpy(&v, at, sizeof v);
    return swap ? __builtin_bswap16(v) : v;
}

static inline uint32_t wire_u32(const uint8_t *at, bool swap)
{
    uint32_t v;
    memcpy(&v, at, sizeof v);
    return swap ? __builtin_bswap32(v) : v;
}

static inline uint64_t wire_u64(const uint8_t *at, bool swap)
{
    uint64_t v;
    memcpy(&v, at, sizeof v);
    return swap ? __builtin_bswap64(v) : v;
}

// ---- note.c

// A text about an input with what may stand in its blanks, kept so until somebody wants to read it.
struct note {
    enum text_id id;
    enum text_id what, packing; // texts within the text
    int error;                  // {reason}, an errno
    uint64_t at;                // byte of the input
    uint64_t have, size, value; // numbers; {type} is `value` in hexadecimal
};

size_t note_format(char *out, size_t room, const struct note *note, enum lang lang);

// ---- stream.c, unpack.c

enum stream_kind { STREAM_PLAIN, STREAM_GZIP, STREAM_ZSTD };

struct stream {
    int fd;        // -1: the bytes are in `memory`
    bool fd_owned; // standard input is not
    enum stream_kind kind;
    struct bytes memory; // rest of the input when it is not a file
    size_t memory_step;  // at most so many at once, as a pipe would; 0: no limit
    uint8_t *in;         // raw bytes [in_at, in_end) that were read and not used yet
    size_t in_at, in_end;
    uint64_t raw_read; // bytes taken from the input
    uint64_t raw_size; // bytes it has, 0 when that is not known
    bool raw_ended;
    bool in_member;   // inside a gzip member or a zstd frame
    size_t zstd_want; // bytes the zstd decoder hopes for
    bool failed;      // `why` says why; nothing more comes
    struct z_stream_s *gzip;
    struct ZSTD_DCtx_s *zstd;
    struct note why;
};

// False: `why` says why.
[[nodiscard]] bool stream_open_path(struct stream *s, const char *path);
[[nodiscard]] bool stream_open_memory(struct stream *s, struct bytes memory, size_t step);
void stream_close(struct stream *s);

// Some unpacked bytes, at most `room`; 0: end, or failed.
size_t stream_read(struct stream *s, uint8_t *to, size_t room);

// More raw bytes into `in` once it is used up. False: there are none.
[[nodiscard]] bool stream_refill(struct stream *s);

// The first failure is kept.
void stream_fail(struct stream *s, struct note why);

[[nodiscard]] bool unpack_init(struct stream *s);
void unpack_finish(struct stream *s);
size_t unpack_gzip(struct stream *s, uint8_t *to, size_t room);
size_t unpack_zstd(struct stream *s, uint8_t *to, size_t room);

// ---- source.c

enum step {
    STEP_PACKET,
    STEP_AGAIN, // something else than a packet was read
    STEP_FULL,  // the window is too small for what comes next
    STEP_END,
};

enum fill { FILL_OK, FILL_FULL, FILL_END };

struct source;

// A capture format: `next` yields one packet, `resyncs` says whether packets go on at data[at].
struct format {
    const char *name;
    enum step (*next)(struct source *s, struct packet *out);
    bool (*resyncs)(const struct source *s, size_t at);
};

extern const struct format format_pcap, format_pcapng;

// What a pcap file header says.
struct pcap_state {
    uint16_t link;
    uint8_t head_bytes;   // of a record: 16, Kuznetzov's 24, Nokia's 20
    bool swapped_lengths; // before version 2.3 the two lengths stood the other way round
    bool maybe_swapped;   // version 2.3: one cannot know
    uint32_t unit_ns;     // of the fraction
    bool doubtful;        // no record was read yet: the head might be longer
};

struct pcapng_interface {
    uint16_t link;
    uint32_t snaplen;
    uint64_t units;   // ticks in a second
    uint32_t tick_ns; // nanoseconds in a tick when that is a whole number, else 0
    int64_t offset_s;
    uint64_t dropped; // as the last statistics block says
};

struct pcapng_state {
    struct pcapng_interface *interfaces; // of this section
    size_t count, room;
    uint64_t dropped_before;  // interfaces of earlier sections
    uint64_t dropped_packets; // as packets' own options say
    uint32_t long_length;     // of a long block being read over: its end must repeat it; 0: none
};

struct source {
    // The window over the unpacked bytes: data[at .. end) was read and not used.
    uint8_t *data;
    size_t at, end, room;
    uint64_t skip;       // bytes behind data[at] to read over before the next record
    uint64_t offset_end; // unpacked bytes read so far: the offset of data[end]
    bool ended;          // the stream has no more
    bool swap;           // byte order of the format is not this machine's
    bool resyncing;
    bool own_window;             // data is `own`, not a batch's memory
    const struct format *format; // NULL: not open, or nothing that can be read
    int64_t last_ns;
    uint16_t last_link;
    uint16_t index;
    union {
        struct pcap_state pcap;
        struct pcapng_state pcapng;
    };
    struct packet head; // merging: the packet that comes next
    bool waiting;       // merging: closed until the time of `head` has come
    bool done;
    uint8_t *own; // bytes carried from batch to batch, or the window
    size_t own_room;
    struct stream stream;
    const char *path;
    struct bytes memory; // given instead of a path
    size_t memory_step;
    bool from_memory;
    struct capture_report report;
    struct note damage; // the first; report.damages says whether there is one
    struct note after;  // how reading went on behind it
    bool has_after;
    char format_text[24];
};

[[nodiscard]] enum fill source_fill(struct source *s, size_t need);

// Have `need` bytes from data[at] on.
static inline enum fill source_need(struct source *s, size_t need)
{
    return s->end - s->at >= need ? FILL_OK : source_fill(s, need);
}

// Offset in the unpacked input of data[at].
static inline uint64_t source_offset(const struct source *s)
{
    return s->offset_end - (s->end - s->at);
}

// Open, find out the format, read its header. False: the report says why not.
[[nodiscard]] bool source_open(struct source *s);
void source_close(struct source *s);

// The next packet; its bytes lie in the window. STEP_FULL only when the window is a batch's.
enum step source_next(struct source *s, struct packet *out);

// Move the window to other memory; what was read goes along. False: out of memory.
void source_bind(struct source *s, uint8_t *memory, size_t room);
[[nodiscard]] bool source_unbind(struct source *s);
[[nodiscard]] bool source_make_room(struct source *s);

// Note damage at data[at]; the first is kept, the others are counted.
void source_damage(struct source *s, struct note note);

// Note damage here and look for the next packet behind it.
enum step source_lost(struct source *s, struct note note);

// What follows from a fill that failed: nothing is left, or `what` is cut off.
enum step source_stop(struct source *s, enum fill fill, enum text_id what, size_t need);

// See capture_damage_text.
size_t source_damage_text(const struct source *s, enum lang lang, char *out, size_t room);

[[nodiscard]] bool pcap_open(struct source *s);
[[nodiscard]] bool pcapng_open(struct source *s);
void pcapng_close(struct source *s);
uint64_t pcapng_dropped(const struct pcapng_state *p);

// guess.c: what bytes that are no capture look like ("a text file").
enum text_id guess_kind(struct bytes b);

// capture.c: inputs from memory, for tests and fuzzers; see stream.memory_step.
[[nodiscard]] struct capture *capture_create_memory(
    const struct bytes *inputs, size_t count, size_t step);
