// SPDX-License-Identifier: Apache-2.0
// Where packets come in: captures as pcap or pcapng, plain, gzip or zstd, from files or standard
// input, several at once in the order of their time stamps.
#pragma once
#include "base/bytes.h"
#include "schema/text.h"

// LINKTYPE_ values of the pcap registry that are read (https://www.tcpdump.org/linktypes.html).
enum link_type {
    LINK_NULL = 0,
    LINK_ETHERNET = 1,
    LINK_PPP = 9,
    LINK_PPP_HDLC = 50,
    LINK_RAW_BSD = 12, // DLT_RAW as some systems number it; 14 is OpenBSD's
    LINK_RAW_OPENBSD = 14,
    LINK_RAW = 101,
    LINK_IEEE802_11 = 105,
    LINK_LOOP = 108,
    LINK_LINUX_SLL = 113,
    LINK_RADIOTAP = 127,
    LINK_PPP_ETHER = 51, // PPPoE session frames without Ethernet
    LINK_IPV4 = 228,
    LINK_IPV6 = 229,
    LINK_LINUX_SLL2 = 276,
};

struct packet {
    int64_t time_ns;   // since 1970, as the capture says
    struct bytes data; // captured bytes, valid until the batch is read into again
    uint32_t wire_len; // length on the wire, at least data.len
    uint16_t link;     // enum link_type, or a value nobody decodes
    uint16_t source;   // index of the input it came from
};

enum {
    BATCH_PACKETS = 1024,              // at most, in one batch
    BATCH_BYTES = 512 * 1024,          // a batch ends with the packet that reaches this
    CAPTURE_PACKET_BYTES = 256 * 1024, // a longer captured length is damage, not a packet
    CAPTURE_LINKS = 8,                 // different link types an input's report names
    CAPTURE_TEXT_BYTES = 600,          // any damage text fits
};

// One batch of packets in time order with the memory that holds them.
struct packet_batch {
    struct packet packets[BATCH_PACKETS];
    uint32_t count;
    uint8_t *memory; // owned; allocated by packet_batch_init
    size_t memory_bytes;
};

[[nodiscard]] bool packet_batch_init(struct packet_batch *batch);
void packet_batch_finish(struct packet_batch *batch);

struct capture;

// What became of one input. Its texts live as long as the capture.
struct capture_report {
    const char *path; // as given; "-" is standard input
    uint64_t packets;
    uint64_t bytes;                // captured bytes of those packets
    uint64_t file_bytes;           // of the input consumed
    bool unreadable;               // nothing could be read at all
    const char *format;            // "pcap (ns), gzip"; NULL when unreadable
    uint64_t damages;              // places found damaged, and 1 when unreadable
    uint64_t lost_bytes;           // unpacked bytes read over because of damage
    uint64_t cut_packets;          // captured shorter than they were on the wire
    uint64_t dropped;              // packets the file says were lost while capturing (pcapng only)
    int64_t first_ns, last_ns;     // earliest and latest packet; 0 without packets
    uint16_t links[CAPTURE_LINKS]; // link types seen, in order of appearance
    uint8_t links_count;
};

// Open `count` inputs. Never fails as a whole: what cannot be opened says so in its report.
// At most 65535 inputs are taken: capture_sources() says how many.
// Ownership: destroy with capture_destroy. NULL only when out of memory.
[[nodiscard]] struct capture *capture_create(const char *const *paths, size_t count);
void capture_destroy(struct capture *capture);

// Fill the batch with the next packets. False: no packet is left. Where a batch ends depends on
// the packets alone, never on how the bytes arrived. Any thread may call, with any batch, but one
// at a time. Inputs are merged by time, equal times in the order of the inputs; the packets of one
// input keep their order whatever their times say.
[[nodiscard]] bool capture_read(struct capture *capture, struct packet_batch *batch);

size_t capture_sources(const struct capture *capture);
void capture_report(const struct capture *capture, size_t source, struct capture_report *out);

// What is wrong with an input and where: the first damage and how many more there are; "" when
// nothing is. Returns the length.
size_t capture_damage_text(
    const struct capture *capture, size_t source, enum lang lang, char *out, size_t room);

// Name of a link type for people: "Ethernet"; NULL for one without a name here.
const char *capture_link_name(uint16_t link);

// Number and name libpcap gives its callers for a link type of a file, as other tools write them;
// the name is NULL for one without a name here.
struct capture_dlt {
    uint16_t number;
    const char *name;
};
struct capture_dlt capture_link_dlt(uint16_t link);

// Share of the input that has been consumed, 0 to 1; negative when it cannot be known (a pipe).
// To be asked between calls of capture_read, as that is.
double capture_progress(const struct capture *capture);

// ---- Lines of a text file, plain or packed like captures.

enum { LINES_LONGEST = 4 << 20 }; // a longer line is cut there, and its rest read over

struct lines;

// NULL: out of memory. What cannot be opened has no lines, and a reason.
[[nodiscard]] struct lines *lines_open(const char *path);
void lines_close(struct lines *lines);

// The first bytes, a few thousand; asked before the first lines_next.
struct bytes lines_peek(struct lines *lines);

// The next line without its end; valid until the next call. False: there is none.
[[nodiscard]] bool lines_next(struct lines *lines, struct bytes *line);

// Unpacked bytes as they come, in place of lines, at most `room`; 0: the end.
size_t lines_read(struct lines *lines, uint8_t *to, size_t room);

// Lines cut because they were too long.
uint64_t lines_cut(const struct lines *lines);

// Share of the input that has been read, 0 to 1; negative when it cannot be known.
double lines_progress(const struct lines *lines);

// Why reading ended before the input did; "" when it did not. Returns the length.
size_t lines_trouble(const struct lines *lines, enum lang lang, char *out, size_t room);
