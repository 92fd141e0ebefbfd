// SPDX-License-Identifier: Apache-2.0
// Flows as CSV: what Argus' ra writes ("binetflow" of public collections) and nfdump -o csv. A head
// names the columns; a line is a flow. Times without a zone are taken as UTC.
#include "logs/reader.h"
#include <stdio.h>
#include <stdlib.h>

enum column {
    NOT_OURS,
    START,
    SECONDS,
    PROTO,
    SOURCE,
    SOURCE_PORT,
    DIRECTION,
    DEST,
    DEST_PORT,
    PACKETS,
    BYTES_BOTH,
    SOURCE_PACKETS,
    SOURCE_BYTES,
    DEST_PACKETS,
    DEST_BYTES,
    COLUMNS,
};

enum {
    HEADERS_LEAST = 54, // Ethernet, IP and TCP
    HEADERS_MOST = 74,  // with the options of a SYN
    TEXT_BYTES = 64,
};

static const struct {
    const char *name;
    enum column column;
} names[] = {{"StartTime", START}, {"Dur", SECONDS}, {"Proto", PROTO}, {"SrcAddr", SOURCE},
    {"Sport", SOURCE_PORT}, {"Dir", DIRECTION}, {"DstAddr", DEST}, {"Dport", DEST_PORT},
    {"TotPkts", PACKETS}, {"TotBytes", BYTES_BOTH}, {"SrcPkts", SOURCE_PACKETS},
    {"SrcBytes", SOURCE_BYTES}, {"DstPkts", DEST_PACKETS}, {"DstBytes", DEST_BYTES}, {"ts", START},
    {"td", SECONDS}, {"pr", PROTO}, {"sa", SOURCE}, {"sp", SOURCE_PORT}, {"da", DEST},
    {"dp", DEST_PORT}, {"ipkt", SOURCE_PACKETS}, {"ibyt", SOURCE_BYTES}, {"opkt", DEST_PACKETS},
    {"obyt", DEST_BYTES}};

static bool next_value(struct bytes *rest, struct bytes *value)
{
    if (!log_next_part(rest, ',', value))
        return false;
    while (value->len && value->data[0] == ' ')
        *value = bytes_from(*value, 1);
    while (value->len && value->data[value->len - 1] == ' ')
        value->len--;
    return true;
}

bool flow_csv_is_head(struct bytes line)
{
    return bytes_start_with(line, BYTES("StartTime,")) ||
           bytes_start_with(line, BYTES("ts,te,td,"));
}

static enum column column_of(struct bytes name)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (bytes_equal(name, bytes_from_text(names[i].name)))
            return names[i].column;
    return NOT_OURS;
}

static void read_head(struct log_reader *r, struct bytes line)
{
    struct bytes name;
    for (r->count = 0; r->count < LOG_COLUMNS && next_value(&line, &name); r->count++)
        r->csv_columns[r->count] = (uint8_t)column_of(name);
}

// Decimal, or hexadecimal with 0x as Argus writes types of ICMP. Nothing is 0.
static bool number_of(struct bytes text, uint64_t *out)
{
    *out = 0;
    if (bytes_start_with(text, BYTES("0x")))
        return bytes_hex_to_u64(bytes_from(text, 2), out);
    return text.len == 0 || bytes_to_u64(text, out);
}

static bool port_of(struct bytes text, uint16_t *port)
{
    uint64_t number;
    bool good = number_of(text, &number) && number <= UINT16_MAX;
    *port = good ? (uint16_t)number : 0;
    return good;
}

// With its end; what is longer is cut, for it is neither a time nor a number.
static void copy_text(struct bytes text, char room[TEXT_BYTES])
{
    size_t len = text.len < TEXT_BYTES ? text.len : TEXT_BYTES - 1;
    if (len)
        memcpy(room, text.data, len);
    room[len] = 0;
}

// "2018/12/18 14:00:00.075359"; "2026-11-21 08:00:00".
static bool time_of(struct bytes text, int64_t *out_us)
{
    char room[TEXT_BYTES];
    copy_text(text, room);
    for (char *slash = room; (slash = strchr(slash, '/'));)
        *slash = '-';
    return log_time_parse(room, out_us);
}

static int64_t duration_of(struct bytes text)
{
    enum { YEAR_S = 31'536'000 };
    char room[TEXT_BYTES];
    copy_text(text, room);
    double seconds = strtod(room, NULL);
    return seconds > 0 && seconds < YEAR_S ? (int64_t)(seconds * 1e6) : 0;
}

static bool proto_of(struct bytes name, struct record_head *head)
{
    static const struct {
        struct bytes name, proto;
    } protos[] = {{{(const uint8_t *)"tcp", 3}, {(const uint8_t *)"TCP", 3}},
        {{(const uint8_t *)"udp", 3}, {(const uint8_t *)"UDP", 3}},
        {{(const uint8_t *)"sctp", 4}, {(const uint8_t *)"SCTP", 4}},
        {{(const uint8_t *)"icmp", 4}, {(const uint8_t *)"ICMP", 4}},
        {{(const uint8_t *)"ipv6-icmp", 9}, {(const uint8_t *)"IPv6-ICMP", 9}}};
    for (size_t i = 0; i < sizeof protos / sizeof *protos; i++)
        if (bytes_equal_nocase(name, protos[i].name))
            head->proto = protos[i].proto;
    return head->proto.len > 0;
}

// What one side sent; a side of which only the sum is known has the rest.
static uint64_t rest_of(uint64_t sum, uint64_t part)
{
    return sum > part ? sum - part : 0;
}

// Packets of a side by its share of the bytes, at least one where it sent any.
static uint64_t share_of(uint64_t packets, uint64_t bytes, uint64_t all)
{
    uint64_t share =
        all ? (uint64_t)((double)packets * (double)bytes / (double)all + 0.5) : packets;
    return bytes && !share ? 1 : share;
}

static uint64_t payload_of(uint64_t bytes, uint64_t packets)
{
    return bytes / HEADERS_MOST >= packets && packets ? bytes - packets * HEADERS_LEAST : 0;
}

static bool fill_counts(struct record_flow *flow, const struct bytes *values)
{
    uint64_t n[COLUMNS];
    for (size_t i = PACKETS; i < COLUMNS; i++)
        if (!number_of(values[i], &n[i]))
            return false;
    flow->bytes_toserver = n[SOURCE_BYTES];
    flow->bytes_toclient =
        values[DEST_BYTES].len ? n[DEST_BYTES] : rest_of(n[BYTES_BOTH], n[SOURCE_BYTES]);
    flow->pkts_toserver = values[SOURCE_PACKETS].len
                              ? n[SOURCE_PACKETS]
                              : share_of(n[PACKETS], flow->bytes_toserver, n[BYTES_BOTH]);
    flow->pkts_toclient =
        values[DEST_PACKETS].len ? n[DEST_PACKETS] : rest_of(n[PACKETS], flow->pkts_toserver);
    // Guessed, so that detectors can tell talk from silence; not told, since nobody has counted it.
    flow->payload_toserver = payload_of(flow->bytes_toserver, flow->pkts_toserver);
    flow->payload_toclient = payload_of(flow->bytes_toclient, flow->pkts_toclient);
    return true;
}

// Ports of ICMP are its type and code.
static bool fill_ports(struct record_head *head, const struct bytes *values)
{
    uint16_t source, dest;
    if (!port_of(values[SOURCE_PORT], &source) || !port_of(values[DEST_PORT], &dest))
        return false;
    if (bytes_find(head->proto, BYTES("ICMP")) != BYTES_NOT_FOUND) {
        head->has_icmp_type = true;
        head->icmp_type = (uint8_t)source;
        return true;
    }
    head->has_src_port = head->has_dest_port = true;
    head->src_port = source;
    head->dest_port = dest;
    return true;
}

static bool fill(struct log_reader *r, const struct bytes *values)
{
    struct record_flow *flow = r->draft.body;
    struct record_head *head = &r->draft.head;
    int64_t start_us, took_us = duration_of(values[SECONDS]);
    if (!time_of(values[START], &start_us) || !addr_parse(values[SOURCE], &head->src_ip) ||
        !addr_parse(values[DEST], &head->dest_ip) || !fill_ports(head, values) ||
        !fill_counts(flow, values))
        return false;
    flow->start = start_us;
    flow->end = head->timestamp = start_us + took_us;
    flow->age = (uint64_t)(took_us / 1'000'000);
    flow->state = flow->pkts_toclient ? BYTES("established") : BYTES("new");
    flow->reason = BYTES("timeout");
    // "<?>": Argus did not see who began.
    flow->midstream = bytes_find_byte(values[DIRECTION], '?') != BYTES_NOT_FOUND;
    return true;
}

enum log_line flow_csv_read(struct log_reader *r, struct bytes line, struct record *record)
{
    struct bytes values[COLUMNS] = {{NULL, 0}}, value;
    size_t column = 0;
    if (line.len == 0 || r->ended)
        return LOG_SILENT;
    if (flow_csv_is_head(line)) {
        read_head(r, line);
        return LOG_SILENT;
    }
    if (bytes_equal(line, BYTES("Summary"))) { // of nfdump, at the end
        r->ended = true;
        return LOG_SILENT;
    }
    for (; column < r->count && next_value(&line, &value); column++)
        values[r->csv_columns[column]] = value;
    if (column < r->count || !log_draft_begin(r, RECORD_FLOW))
        return LOG_DAMAGED;
    if (!proto_of(values[PROTO], &r->draft.head))
        return LOG_OTHER; // ARP, link protocols
    return fill(r, values) && log_draft_end(r, record) ? LOG_RECORD : LOG_DAMAGED;
}
