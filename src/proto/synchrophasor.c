// SPDX-License-Identifier: Apache-2.0
// Phasor measurement (IEEE C37.118.2-2011) over TCP and UDP: frames with their checksums, commands,
// configurations 1 to 3 (stations, rate), headers. Emits one synchrophasor record a frame that is
// no data, and one for the first data frame of each side. Measurements are not read.
// Limits: SYNCHROPHASOR_STATIONS_MAX, TEXT_BYTES.
#include "proto/ics.h"

enum {
    SYNCHROPHASOR_STATIONS_MAX = 32,
    TEXT_BYTES = 256,
    HEAD_BYTES = 14,
    NAME_BYTES = 16,
};

enum frame_type { DATA, HEADER, CFG1, CFG2, COMMAND, CFG3, FRAME_TYPES };

static const struct ics_name commands[] = {{1, "data_off"}, {2, "data_on"}, {3, "send_header"},
    {4, "send_cfg1"}, {5, "send_cfg2"}, {6, "send_cfg3"}, {8, "extended"}};

struct phasor_state {
    bool data_seen[2];
    bool dead[2]; // what that side sends is no frames any more
};

static bool crc_good(struct bytes b)
{
    uint16_t crc = 0xffff;
    for (size_t i = 0; i + 2 < b.len; i++) {
        crc ^= (uint16_t)(b.data[i] << 8);
        for (int bit = 0; bit < 8; bit++)
            crc = (uint16_t)(crc << 1 ^ (crc & 0x8000 ? 0x1021 : 0));
    }
    return b.len > 2 && crc == (uint16_t)(b.data[b.len - 2] << 8 | b.data[b.len - 1]);
}

static bool head_good(struct bytes d)
{
    uint8_t kind = bytes_at(d, 1);
    size_t size = bytes_at(d, 2) * 256U + bytes_at(d, 3);
    return bytes_at(d, 0) == 0xaa && kind >> 4 < FRAME_TYPES && (kind & 15) >= 1 &&
           (kind & 15) <= 3 && size >= HEAD_BYTES + 2 && (kind >> 4 != COMMAND || size >= 18);
}

static enum proto_probe phasor_probe(const struct proto_first *first)
{
    struct bytes d = first->data;
    if (bytes_at(d, 0) != 0xaa)
        return PROBE_NO;
    if (d.len < HEAD_BYTES)
        return first->dst_port == 4712 || first->src_port == 4712 ? PROBE_MORE : PROBE_NO;
    size_t size = bytes_at(d, 2) * 256U + bytes_at(d, 3);
    if (!head_good(d))
        return PROBE_NO;
    if (d.len < size)
        return size <= 4096 ? PROBE_MORE : PROBE_NO;
    if (!crc_good(bytes_sub(d, 0, size)))
        return PROBE_NO;
    return bytes_at(d, 1) >> 4 == COMMAND ? PROBE_CLIENT : PROBE_SERVER;
}

static struct bytes station_name(struct cursor *in, bool third, struct arena *arena)
{
    struct bytes name = cursor_take(in, third ? cursor_u8(in) : NAME_BYTES);
    name = bytes_trim(bytes_sub(name, 0, bytes_find_byte(name, 0)));
    return name.len ? arena_copy(arena, name) : BYTES("");
}

// Past the channels of a unit: how many there are of each kind, their names and units.
static void skip_channels(struct cursor *in, bool third)
{
    cursor_skip(in, third ? 20 : 4); // number, in the third form a longer one, format
    size_t phasors = cursor_u16(in), analogs = cursor_u16(in), digitals = cursor_u16(in);
    size_t names = phasors + analogs + 16 * digitals;
    for (size_t i = 0; third && i < names && cursor_ok(in); i++)
        cursor_skip(in, cursor_u8(in));
    if (third)
        cursor_skip(in, 12 * phasors + 8 * analogs + 4 * digitals + 21 + 4);
    else
        cursor_skip(in, NAME_BYTES * names + 4 * (phasors + analogs + digitals) + 4);
}

static void read_configuration(
    struct bytes frame, bool third, struct record_synchrophasor *r, struct arena *arena)
{
    struct cursor in = cursor_make(bytes_sub(frame, 0, frame.len - 4));
    struct cursor end = cursor_make(bytes_from(frame, frame.len - 4));
    cursor_skip(&in, HEAD_BYTES + 4U + (third ? 2U : 0U)); // part of a whole, time base
    r->num_pmu = cursor_u16(&in);
    r->has_num_pmu = r->has_data_rate = cursor_ok(&in);
    r->data_rate = (int16_t)cursor_u16(&end);
    struct bytes *list = arena_alloc(arena, SYNCHROPHASOR_STATIONS_MAX * sizeof *list);
    size_t count = 0;
    while (list && count < r->num_pmu && count < SYNCHROPHASOR_STATIONS_MAX) {
        list[count] = station_name(&in, third, arena);
        if (!cursor_ok(&in))
            break;
        count++;
        skip_channels(&in, third);
    }
    r->stations = list;
    r->stations_count = count;
}

static void take_frame(struct proto_flow *pf, enum flow_side side, struct bytes frame)
{
    static const char *const names[] = {"data", "header", "cfg1", "cfg2", "command", "cfg3"};
    struct phasor_state *state = pf->state;
    enum frame_type type = frame.data[1] >> 4;
    if (type == DATA && state->data_seen[side])
        return;
    state->data_seen[side] |= type == DATA;
    struct arena arena;
    arena_init(&arena, pf->arena.pool, 8192);
    struct record_synchrophasor r = {.frame_type = bytes_from_text(names[type])};
    struct cursor in = cursor_make(frame);
    cursor_skip(&in, 4);
    r.version = frame.data[1] & 15;
    r.idcode = cursor_u16(&in);
    cursor_skip(&in, 8); // time
    if (type == COMMAND) {
        r.cmd = cursor_u16(&in);
        r.has_cmd = true;
        r.cmd_name = ics_name_or(ICS_NAME(commands, r.cmd), "unknown-", r.cmd, &arena);
    } else if (type == HEADER) {
        struct bytes text = bytes_sub(frame, HEAD_BYTES, frame.len - HEAD_BYTES - 2);
        r.text = bytes_sub(text, 0, TEXT_BYTES);
    } else if (type != DATA && frame.len > HEAD_BYTES + 8) {
        read_configuration(frame, type == CFG3, &r, &arena);
    }
    pf->speaker = side;
    proto_emit(pf, RECORD_SYNCHROPHASOR, &r, pf->tx_count++);
    arena_reset(&arena);
}

static enum proto_verdict phasor_parse(
    struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct phasor_state *state = pf->state;
    while (cursor_left(in) > 0 && !state->dead[side]) {
        struct bytes rest = cursor_rest(in);
        if (rest.len < 4 && pf->carrier == OVER_TCP)
            return PROTO_MORE;
        size_t size = bytes_at(rest, 2) * 256U + bytes_at(rest, 3);
        if (!head_good(rest) || (pf->carrier == OVER_UDP && size > rest.len)) {
            proto_anomaly(pf, ANOMALY_SYNCHROPHASOR_MALFORMED);
            state->dead[side] = pf->carrier == OVER_TCP;
            break;
        }
        if (size > rest.len) {
            pf->need[side] = size;
            return PROTO_MORE;
        }
        struct bytes frame = cursor_take(in, size);
        if (crc_good(frame))
            take_frame(pf, side, frame);
        else
            proto_anomaly(pf, ANOMALY_SYNCHROPHASOR_MALFORMED);
    }
    if (state->dead[side] || pf->carrier == OVER_UDP)
        cursor_skip(in, cursor_left(in));
    return PROTO_MORE;
}

const struct proto proto_synchrophasor = {
    .name = "synchrophasor",
    .carriers = OVER_TCP | OVER_UDP,
    .state_bytes = sizeof(struct phasor_state),
    .budget_bytes = 1024,
    .buffer_bytes = ICS_BUFFER_BYTES,
    .probe = phasor_probe,
    .parse = phasor_parse,
};
