// SPDX-License-Identifier: Apache-2.0
// NTP (RFC 5905; versions 1 to 4), control messages (RFC 9327) and ntpd's private mode 7. A client
// polls for years: one ntp record for the first message of each side, then only when version, mode,
// leap, stratum or reference change, or another operation is asked for; the flow counts the rest.
// At most NTP_RECORDS_MAX records a flow. Mode 6 and 7 answers far larger than their requests are
// how servers are abused for floods: operation and request names are given, sizes are the flow's.
#include "proto/proto.h"
#include "proto/text_out.h"

enum {
    NTP_BYTES = 48,
    NTP_CONTROL_BYTES = 12,
    NTP_PRIVATE_BYTES = 8,
    NTP_RECORDS_MAX = 64,
    NTP_CONTROL = 6,
    NTP_PRIVATE = 7,
};

static const int64_t ntp_epoch_s = 2'208'988'800; // 1970 counted from 1900

struct ntp_state {
    uint64_t last[2]; // what the last record of each side said, folded
    uint8_t records;
};

static const char *const modes[] = {"reserved", "symmetric_active", "symmetric_passive", "client",
    "server", "broadcast", "control", "private"};

static enum proto_probe ntp_probe(const struct proto_first *first)
{
    struct cursor in = cursor_make(first->data);
    bool port = first->src_port == 123 || first->dst_port == 123;
    uint8_t head = cursor_u8(&in), second = cursor_u8(&in);
    uint8_t version = head >> 3 & 7, mode = head & 7;
    if (!cursor_ok(&in) || version < 1 || version > 4)
        return PROBE_NO;
    bool answer = mode == 4 || mode == 5 || mode == 2;
    if (mode == NTP_CONTROL || mode == NTP_PRIVATE) {
        size_t least = mode == NTP_CONTROL ? NTP_CONTROL_BYTES : NTP_PRIVATE_BYTES;
        answer = mode == NTP_CONTROL ? second >> 7 : head >> 7;
        if (!port || first->data.len < least)
            return PROBE_NO;
        return answer ? PROBE_SERVER : PROBE_CLIENT;
    }
    // Away from its port a shape of 48 bytes alone says little: stratum and precision must fit too.
    int8_t precision = (int8_t)bytes_at(first->data, 3);
    if (mode == 0 || first->data.len < NTP_BYTES || second > 16)
        return PROBE_NO;
    if (!port && (version < 3 || first->data.len != NTP_BYTES || precision > 0 || precision < -32))
        return PROBE_NO;
    if (!port && mode != 3 && mode != 4)
        return PROBE_NO;
    return answer ? PROBE_SERVER : PROBE_CLIENT;
}

// 32.32 seconds since 1900 (RFC 5905 section 6) to µs since 1970; 0: not set.
static int64_t timestamp_us(uint64_t raw)
{
    int64_t seconds = (int64_t)(raw >> 32);
    if (!raw)
        return 0;
    if (seconds < 0x8000'0000) // the next era, from 2036 on
        seconds += 0x1'0000'0000;
    return (seconds - ntp_epoch_s) * 1'000'000 + (int64_t)(((raw & 0xffff'ffff) * 1'000'000) >> 32);
}

// 16.16 seconds.
static double short_seconds(uint32_t raw)
{
    return raw / 65536.0;
}

// Stratum 0 and 1: four letters of a clock or kiss code; from 2 on an IPv4 address (RFC 5905
// section 7.3). For an IPv6 server it is part of a digest: shown the same way.
static void put_reference(struct text_out *out, uint8_t stratum, struct bytes id)
{
    bool text = stratum < 2;
    for (size_t i = 0; i < id.len; i++)
        text &= id.data[i] == 0 || (id.data[i] > 0x20 && id.data[i] < 0x7f);
    if (text) {
        for (size_t i = 0; i < id.len && id.data[i]; i++)
            text_out_char(out, (char)id.data[i]);
    } else if (id.len) {
        struct addr a = addr_v4(id.data);
        text_out_addr(out, &a);
    }
}

// Emit unless the last record of this side said the same.
static void emit_news(
    struct proto_flow *pf, enum flow_side side, const struct record_ntp *ntp, uint64_t said)
{
    struct ntp_state *state = pf->state;
    said |= 1ULL << 63; // 0: nothing yet
    if (state->last[side] == said)
        return;
    state->last[side] = said;
    if (state->records == NTP_RECORDS_MAX) {
        proto_anomaly(pf, ANOMALY_NTP_FLOODED);
        return;
    }
    state->records++;
    pf->speaker = side;
    if (ntp->has_stratum) {
        uint8_t id[] = {
            (uint8_t)(said >> 24), (uint8_t)(said >> 16), (uint8_t)(said >> 8), (uint8_t)said};
        proto_show(pf, BUFFER_NTP_REFERENCE_ID, side, pf->tx_count, bytes_make(id, sizeof id));
    }
    proto_emit(pf, RECORD_NTP, ntp, pf->tx_count++);
}

static bool read_time(struct proto_flow *pf, enum flow_side side, struct cursor *in, uint8_t head)
{
    char buffer[16];
    struct text_out reference = TEXT_OUT(buffer);
    struct record_ntp ntp = {.version = head >> 3 & 7, .mode = bytes_from_text(modes[head & 7])};
    ntp.leap = head >> 6;
    ntp.stratum = cursor_u8(in);
    ntp.poll = (int8_t)cursor_u8(in);
    ntp.precision = (int8_t)cursor_u8(in);
    ntp.root_delay = short_seconds(cursor_u32(in));
    ntp.root_dispersion = short_seconds(cursor_u32(in));
    struct bytes id = cursor_take(in, 4);
    ntp.reference_time = timestamp_us(cursor_u64(in));
    cursor_skip(in, 16); // origin and receive: of use only to the two clocks
    ntp.transmit_time = timestamp_us(cursor_u64(in));
    if (!cursor_ok(in))
        return false;
    put_reference(&reference, ntp.stratum, id);
    ntp.reference_id = text_out_bytes(&reference);
    ntp.has_leap = ntp.has_stratum = ntp.has_poll = ntp.has_precision = true;
    ntp.has_root_delay = ntp.has_root_dispersion = true;
    uint64_t said = (uint64_t)head << 40 | (uint64_t)ntp.stratum << 32 |
                    (uint64_t)id.data[0] << 24 | (uint64_t)id.data[1] << 16 |
                    (uint64_t)id.data[2] << 8 | id.data[3];
    emit_news(pf, side, &ntp, said);
    return true;
}

static bool read_control(
    struct proto_flow *pf, enum flow_side side, struct cursor *in, uint8_t head)
{
    static const char *const operations[] = {[1] = "read_status",
        "read_variables",
        "write_variables",
        "read_clock_variables",
        "write_clock_variables",
        "set_trap",
        "asynchronous_message",
        "configure",
        "save_configuration",
        "read_mru",
        "read_ordlist",
        "request_nonce",
        [31] = "unset_trap"};
    uint8_t byte = cursor_u8(in);
    cursor_skip(in, NTP_CONTROL_BYTES - 2);
    struct record_ntp ntp = {.version = head >> 3 & 7, .mode = bytes_from_text(modes[NTP_CONTROL])};
    ntp.response = byte >> 7;
    ntp.has_opcode = true;
    ntp.opcode = byte & 31;
    ntp.request = bytes_from_text(operations[ntp.opcode]);
    if (!cursor_ok(in))
        return false;
    emit_news(pf, side, &ntp, (uint64_t)head << 40 | (byte & 0x9fU));
    return true;
}

static bool read_private(
    struct proto_flow *pf, enum flow_side side, struct cursor *in, uint8_t head)
{
    static const char *const requests[] = {[0] = "peer_list",
        "peer_list_sum",
        "peer_info",
        "peer_stats",
        "sys_info",
        "sys_stats",
        "io_stats",
        "mem_stats",
        "loop_info",
        "timer_stats",
        "config",
        "unconfig",
        "set_sys_flag",
        "clr_sys_flag",
        "monitor",
        "nomonitor",
        "get_restrict",
        [20] = "mon_getlist",
        [42] = "mon_getlist_1"};
    cursor_skip(in, 1); // authentication and sequence
    cursor_skip(in, 1); // implementation
    uint8_t code = cursor_u8(in);
    uint16_t items = cursor_u16(in) & 0xfff; // the upper four bits: error
    cursor_skip(in, 2);
    struct record_ntp ntp = {.version = head >> 3 & 7, .mode = bytes_from_text(modes[NTP_PRIVATE])};
    ntp.response = head >> 7;
    ntp.has_request_code = true;
    ntp.request_code = code;
    if (code < sizeof requests / sizeof *requests)
        ntp.request = bytes_from_text(requests[code]);
    ntp.has_items = true;
    ntp.items = items;
    if (!cursor_ok(in))
        return false;
    emit_news(pf, side, &ntp, (uint64_t)(head & 0xbf) << 40 | code); // 0x40: more to come
    return true;
}

static enum proto_verdict ntp_parse(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    uint8_t head = cursor_u8(in);
    bool good;
    if ((head & 7) == NTP_CONTROL)
        good = read_control(pf, side, in, head);
    else if ((head & 7) == NTP_PRIVATE)
        good = read_private(pf, side, in, head);
    else
        good = read_time(pf, side, in, head);
    if (!good)
        proto_anomaly(pf, ANOMALY_NTP_MALFORMED_DATA);
    return PROTO_MORE;
}

const struct proto proto_ntp = {
    .name = "ntp",
    .carriers = OVER_UDP,
    .state_bytes = sizeof(struct ntp_state),
    .probe = ntp_probe,
    .parse = ntp_parse,
};
