// SPDX-License-Identifier: Apache-2.0
// Objects of a DNP3 message (IEEE 1815 annex A): headers with their ranges, and the points of the
// groups in the table below. A request that only names points (READ, freezes, classes) holds none.
#include "proto/dnp3.h"

// What a point consists of, one letter a part:
//   b binary flags   o output flags   k counter flags   a analog flags   d double-bit flags
//   t 48-bit time    T the same as time of creation      r 16-bit relative time
//   l 32-bit value   s 16-bit value   L S unsigned      f float   g double
//   C 32-bit count   D 16-bit count   x commanded state and status   y status   z control status
//   w command        i interval       u units (skipped)              m delay ms   n delay s
//   1..8 see file_part()
static const struct layout {
    uint8_t group, variation;
    const char *parts;
} layouts[] = {
    {2, 1, "b"},
    {2, 2, "bt"},
    {2, 3, "br"},
    {1, 2, "b"},
    {3, 2, "d"},
    {4, 1, "d"},
    {4, 2, "dt"},
    {4, 3, "dr"},
    {10, 2, "o"},
    {11, 1, "o"},
    {11, 2, "ot"},
    {12, 1, "w"},
    {12, 2, "w"},
    {13, 1, "x"},
    {13, 2, "xt"},
    {20, 1, "kC"},
    {20, 2, "kD"},
    {20, 3, "kC"},
    {20, 4, "kD"},
    {20, 5, "C"},
    {20, 6, "D"},
    {20, 7, "C"},
    {20, 8, "D"},
    {21, 1, "kC"},
    {21, 2, "kD"},
    {21, 3, "kC"},
    {21, 4, "kD"},
    {21, 5, "kCt"},
    {21, 6, "kDt"},
    {21, 7, "kCt"},
    {21, 8, "kDt"},
    {21, 9, "C"},
    {21, 10, "D"},
    {21, 11, "C"},
    {21, 12, "D"},
    {22, 1, "kC"},
    {22, 2, "kD"},
    {22, 3, "kC"},
    {22, 4, "kD"},
    {22, 5, "kCt"},
    {22, 6, "kDt"},
    {22, 7, "kCt"},
    {22, 8, "kDt"},
    {23, 1, "kC"},
    {23, 2, "kD"},
    {23, 3, "kC"},
    {23, 4, "kD"},
    {23, 5, "kCt"},
    {23, 6, "kDt"},
    {23, 7, "kCt"},
    {23, 8, "kDt"},
    {30, 1, "al"},
    {30, 2, "as"},
    {30, 3, "l"},
    {30, 4, "s"},
    {30, 5, "af"},
    {30, 6, "ag"},
    {31, 1, "al"},
    {31, 2, "as"},
    {31, 3, "alt"},
    {31, 4, "ast"},
    {31, 5, "l"},
    {31, 6, "s"},
    {31, 7, "af"},
    {31, 8, "ag"},
    {32, 1, "al"},
    {32, 2, "as"},
    {32, 3, "alt"},
    {32, 4, "ast"},
    {32, 5, "af"},
    {32, 6, "ag"},
    {32, 7, "aft"},
    {32, 8, "agt"},
    {33, 1, "al"},
    {33, 2, "as"},
    {33, 3, "alt"},
    {33, 4, "ast"},
    {33, 5, "af"},
    {33, 6, "ag"},
    {33, 7, "aft"},
    {33, 8, "agt"},
    {34, 1, "S"},
    {34, 2, "L"},
    {34, 3, "f"},
    {40, 1, "al"},
    {40, 2, "as"},
    {40, 3, "af"},
    {40, 4, "ag"},
    {41, 1, "lz"},
    {41, 2, "sz"},
    {41, 3, "fz"},
    {41, 4, "gz"},
    {42, 1, "al"},
    {42, 2, "as"},
    {42, 3, "alt"},
    {42, 4, "ast"},
    {42, 5, "af"},
    {42, 6, "ag"},
    {42, 7, "aft"},
    {42, 8, "agt"},
    {43, 1, "yl"},
    {43, 2, "ys"},
    {43, 3, "ylt"},
    {43, 4, "yst"},
    {43, 5, "yf"},
    {43, 6, "yg"},
    {43, 7, "yft"},
    {43, 8, "ygt"},
    {50, 1, "t"},
    {50, 2, "ti"},
    {50, 3, "t"},
    {50, 4, "tiu"},
    {51, 1, "t"},
    {51, 2, "t"},
    {52, 1, "n"},
    {52, 2, "m"},
    {70, 2, "1"},
    {70, 3, "2"},
    {70, 4, "3"},
    {70, 5, "4"},
    {70, 6, "5"},
    {70, 7, "6"},
    {70, 8, "7"},
};

enum { GROUP_ATTRIBUTES = 0, GROUP_AUTHENTICATION = 120 };

struct objects {
    struct proto_flow *pf;
    struct cursor *in;
    struct record_dnp3 *record;
    struct arena *arena;
    size_t points; // of the message so far
    bool bare;     // points are named, not given
};

static uint64_t read_u48(struct cursor *in)
{
    uint64_t low = cursor_u32le(in);
    return (uint64_t)cursor_u16le(in) << 32 | low;
}

static struct bytes keep_text(struct objects *o, struct bytes text)
{
    if (text.len == 0)
        return BYTES("");
    return arena_copy(o->arena, bytes_sub(text, 0, DNP3_TEXT_BYTES));
}

#define SET(point, field, what) ((point)->has_##field = true, (point)->field = (what))

static void read_flags(char part, uint8_t f, struct record_dnp3_point *p)
{
    SET(p, online, f & 1);
    SET(p, restart, f >> 1 & 1);
    SET(p, comm_lost, f >> 2 & 1);
    SET(p, remote_forced, f >> 3 & 1);
    SET(p, local_forced, f >> 4 & 1);
    if (part == 'b' || part == 'd')
        SET(p, chatter_filter, f >> 5 & 1);
    if (part == 'b')
        SET(p, reserved, f >> 6 & 1);
    if (part == 'b' || part == 'o')
        SET(p, state, f >> 7);
    if (part == 'd')
        SET(p, state, f >> 6);
    if (part == 'o')
        SET(p, reserved0, f >> 5 & 1), SET(p, reserved1, f >> 6 & 1);
    if (part == 'k')
        SET(p, rollover, f >> 5 & 1), SET(p, discontinuity, f >> 6 & 1), SET(p, reserved0, f >> 7);
    if (part == 'a')
        SET(p, over_range, f >> 5 & 1), SET(p, reference_err, f >> 6 & 1),
            SET(p, reserved0, f >> 7);
}

static void read_command(struct cursor *in, struct record_dnp3_point *p)
{
    uint8_t code = cursor_u8(in);
    SET(p, op_type, code & 15);
    SET(p, qu, code >> 4 & 1);
    SET(p, cr, code >> 5 & 1);
    SET(p, tcc, code >> 6);
    SET(p, count, cursor_u8(in));
    SET(p, ontime, cursor_u32le(in));
    SET(p, offtime, cursor_u32le(in));
    uint8_t status = cursor_u8(in);
    SET(p, status_code, status & 127);
    SET(p, reserved, status >> 7);
}

static void read_value(char part, struct cursor *in, struct record_dnp3_point *p)
{
    uint32_t bits32;
    uint64_t bits64;
    float single;
    p->has_value = true;
    switch (part) {
    case 'l': p->value = (int32_t)cursor_u32le(in); break;
    case 's': p->value = (int16_t)cursor_u16le(in); break;
    case 'L': p->value = cursor_u32le(in); break;
    case 'S': p->value = cursor_u16le(in); break;
    case 'f':
        bits32 = cursor_u32le(in);
        memcpy(&single, &bits32, sizeof single);
        p->value = single;
        break;
    default: bits64 = cursor_u64le(in); memcpy(&p->value, &bits64, sizeof p->value);
    }
}

static void read_small(char part, struct cursor *in, struct record_dnp3_point *p)
{
    uint8_t octet;
    switch (part) {
    case 't': SET(p, timestamp, read_u48(in)); break;
    case 'r': SET(p, relative_time_ms, cursor_u16le(in)); break;
    case 'C': SET(p, count, cursor_u32le(in)); break;
    case 'D': SET(p, count, cursor_u16le(in)); break;
    case 'x':
        octet = cursor_u8(in);
        SET(p, status_code, octet & 127);
        SET(p, commanded_state, octet >> 7);
        break;
    case 'y': SET(p, status_code, cursor_u8(in) & 127); break;
    case 'z': SET(p, control_status, cursor_u8(in)); break;
    case 'w': read_command(in, p); break;
    case 'i': SET(p, interval, cursor_u32le(in)); break;
    case 'm': SET(p, delay_ms, cursor_u16le(in)); break;
    case 'n': SET(p, delay_secs, cursor_u16le(in)); break;
    default: cursor_skip(in, 1);
    }
}

static void read_file_name(struct cursor *in, struct record_dnp3_point *p)
{
    SET(p, filename_offset, cursor_u16le(in));
    SET(p, filename_size, cursor_u16le(in));
}

// Group 70; `in` holds the object alone, for its size is always given.
static void file_part(struct objects *o, char part, struct cursor *in, struct record_dnp3_point *p)
{
    switch (part) {
    case '1': // authentication: the user's name, offsets, lengths, key
        cursor_skip(in, 2);
        uint16_t length = cursor_u16le(in);
        cursor_skip(in, 4);
        SET(p, authentication_key, cursor_u32le(in));
        p->username = keep_text(o, cursor_take(in, length));
        return;
    case '2':
        read_file_name(in, p);
        SET(p, created, read_u48(in));
        SET(p, permissions, cursor_u16le(in));
        SET(p, authentication_key, cursor_u32le(in));
        SET(p, file_size, cursor_u32le(in));
        SET(p, operational_mode, cursor_u16le(in));
        SET(p, maximum_block_size, cursor_u16le(in));
        SET(p, request_id, cursor_u16le(in));
        p->filename = keep_text(o, cursor_take(in, p->filename_size));
        return;
    case '3':
        SET(p, file_handle, cursor_u32le(in));
        SET(p, file_size, cursor_u32le(in));
        SET(p, maximum_block_size, cursor_u16le(in));
        SET(p, request_id, cursor_u16le(in));
        SET(p, status_code, cursor_u8(in));
        p->optional_text = keep_text(o, cursor_rest(in));
        return;
    case '4':
        SET(p, file_handle, cursor_u32le(in));
        SET(p, block_number, cursor_u32le(in));
        p->file_data = keep_text(o, cursor_rest(in));
        return;
    case '5':
        SET(p, file_handle, cursor_u32le(in));
        SET(p, block_number, cursor_u32le(in));
        SET(p, status_code, cursor_u8(in));
        p->optional_text = keep_text(o, cursor_rest(in));
        return;
    case '6':
        read_file_name(in, p);
        SET(p, file_type, cursor_u16le(in));
        SET(p, file_size, cursor_u32le(in));
        SET(p, created, read_u48(in));
        SET(p, permissions, cursor_u16le(in));
        SET(p, request_id, cursor_u16le(in));
        p->filename = keep_text(o, cursor_take(in, p->filename_size));
        return;
    default: p->file_specification = keep_text(o, cursor_rest(in));
    }
}

static void read_parts(
    struct objects *o, const char *parts, struct cursor *in, struct record_dnp3_point *p)
{
    for (size_t i = 0; parts[i]; i++) {
        if (strchr("bokad", parts[i]))
            read_flags(parts[i], cursor_u8(in), p);
        else if (strchr("lsLSfg", parts[i]))
            read_value(parts[i], in, p);
        else if (parts[i] >= '1' && parts[i] <= '8')
            file_part(o, parts[i], in, p);
        else
            read_small(parts[i], in, p);
    }
}

// Group 0: type, length, value. Those that name the device are kept apart, too.
static void read_attribute(
    struct objects *o, uint8_t variation, struct cursor *in, struct record_dnp3_point *p)
{
    struct record_dnp3 *r = o->record;
    cursor_skip(in, 1);
    p->data = keep_text(o, cursor_take(in, cursor_u8(in)));
    if (!cursor_ok(in))
        return;
    switch (variation) {
    case 242: r->device.firmware = p->data; break;
    case 243: r->device.hardware = p->data; break;
    case 245: r->device.location = p->data; break;
    case 247: r->device.name = p->data; break;
    case 248: r->device.serial = p->data; break;
    case 250: r->device.product = p->data; break;
    case 252: r->device.vendor = p->data; break;
    default: break;
    }
}

static const char *layout_of(uint8_t group, uint8_t variation)
{
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++)
        if (layouts[i].group == group && layouts[i].variation == variation)
            return layouts[i].parts;
    return NULL;
}

static uint32_t read_sized(struct cursor *in, unsigned octets)
{
    if (octets == 0)
        return 0;
    return octets == 1 ? cursor_u8(in) : octets == 2 ? cursor_u16le(in) : cursor_u32le(in);
}

// The body of one point. False: what it looks like is not known.
static bool read_point(
    struct objects *o, const struct record_dnp3_object *object, struct record_dnp3_point *p)
{
    uint8_t group = object->group, variation = object->variation;
    const char *parts = layout_of(group, variation);
    struct cursor part, *in = o->in;
    if (p->has_size) {
        part = cursor_sub(o->in, p->size);
        in = &part;
    }
    bool octets = (group >= 110 && group <= 113);
    if (group == GROUP_ATTRIBUTES)
        read_attribute(o, variation, in, p);
    else if (octets && !p->has_size)
        p->data = keep_text(o, cursor_take(in, variation));
    else if (p->has_size && !parts)
        p->data = keep_text(o, cursor_rest(in));
    else if (parts && (p->has_size || parts[0] > '9'))
        read_parts(o, parts, in, p);
    else
        return false;
    if (!cursor_ok(in))
        cursor_fail(o->in);
    return true;
}

// Points of one or two bits each, packed into octets.
static void read_packed(struct objects *o, struct record_dnp3_object *object,
    struct record_dnp3_point *points, size_t room, unsigned bits)
{
    uint32_t per_octet = 8 / bits;
    struct bytes octets = cursor_take(o->in, (object->count + (uint64_t)per_octet - 1) / per_octet);
    if (!cursor_ok(o->in))
        return;
    for (uint32_t i = 0; i < object->count && i < room; i++) {
        unsigned shift = i % per_octet * bits;
        points[i].index = object->start + i;
        SET(&points[i], state, (uint8_t)(octets.data[i / per_octet] >> shift & ((1U << bits) - 1)));
    }
}

// Points one by one. What lies past the limit is read all the same, for the sake of what follows.
static bool read_listed(struct objects *o, struct record_dnp3_object *object,
    struct record_dnp3_point *points, size_t room)
{
    static const uint8_t prefix_octets[] = {0, 1, 2, 4, 1, 2, 4, 0};
    for (uint32_t i = 0; i < object->count && cursor_left(o->in) > 0; i++) {
        struct record_dnp3_point scratch = {0}, *p = i < room ? &points[i] : &scratch;
        p->prefix = read_sized(o->in, prefix_octets[object->prefix_code & 7]);
        bool sized = object->prefix_code >= 4 && object->prefix_code <= 6;
        p->index = object->prefix_code >= 1 && object->prefix_code <= 3 ? p->prefix
                   : sized                                              ? i
                                                                        : object->start + i;
        if (sized)
            SET(p, size, p->prefix);
        bool bare = o->bare && !sized;
        if (!bare && !read_point(o, object, p))
            return false;
        if (!cursor_ok(o->in))
            return true;
        object->points_count = i < room ? i + 1 : room;
    }
    return true;
}

static unsigned packed_bits(const struct record_dnp3_object *object)
{
    uint8_t g = object->group, v = object->variation;
    if (v != 1 || object->prefix_code)
        return 0;
    return g == 1 || g == 10 || g == 80 ? 1 : g == 3 ? 2 : 0;
}

static bool read_points(struct objects *o, struct record_dnp3_object *object)
{
    size_t room = DNP3_POINTS_MAX - o->points;
    size_t wanted = object->count < room ? object->count : room;
    // A point takes a bit at least; of what a count merely claims nothing is kept.
    if (wanted > cursor_left(o->in) * 8)
        wanted = cursor_left(o->in) * 8;
    struct record_dnp3_point *points =
        wanted ? arena_zalloc(o->arena, wanted * sizeof *points) : NULL;
    room = points ? wanted : 0;
    if (object->count > DNP3_POINTS_MAX - o->points)
        proto_anomaly(o->pf, ANOMALY_DNP3_TOO_MANY_POINTS);
    bool known = true;
    unsigned bits = packed_bits(object);
    if (bits) {
        read_packed(o, object, points, room, bits);
        object->points_count = cursor_ok(o->in) ? room : 0;
    } else {
        known = read_listed(o, object, points, room);
    }
    object->points = points;
    o->points += object->points_count;
    return known;
}

// The range field: which points, or how many.
static bool read_range(struct cursor *in, struct record_dnp3_object *object)
{
    static const uint8_t octets[16] = {1, 2, 4, 1, 2, 4, 0, 1, 2, 4, 0, 1, 0, 0, 0, 0};
    uint8_t code = object->range_code;
    if (code <= 5) {
        object->start = read_sized(in, octets[code]);
        object->stop = read_sized(in, octets[code]);
        object->count = object->stop - object->start + 1;
        return object->stop >= object->start && object->count > 0;
    }
    object->count = read_sized(in, octets[code]);
    return code <= 9 || code == 11;
}

// One object. False: it can't be read, and so nothing after it.
static bool read_object(struct objects *o, struct record_dnp3_object *object)
{
    object->group = cursor_u8(o->in);
    object->variation = cursor_u8(o->in);
    object->qualifier = cursor_u8(o->in);
    object->prefix_code = object->qualifier >> 4 & 7;
    object->range_code = object->qualifier & 15;
    if (!read_range(o->in, object))
        return false;
    bool sized = object->prefix_code >= 4 && object->prefix_code <= 6;
    if (object->count == 0 || (o->bare && object->prefix_code == 0) ||
        (object->variation == 0 && !sized))
        return true;
    return cursor_left(o->in) == 0 || read_points(o, object);
}

// Which requests bring points, and not only their names?
static bool brings_points(uint8_t function)
{
    return (function >= DNP3_WRITE && function <= DNP3_DIRECT_OPERATE_NR) ||
           function >= DNP3_OPEN_FILE;
}

void dnp3_objects_read(
    struct proto_flow *pf, struct cursor *in, struct record_dnp3 *record, struct arena *arena)
{
    struct objects o = {.pf = pf, .in = in, .record = record, .arena = arena};
    o.bare = !brings_points(record->application.function_code);
    struct record_dnp3_object *objects = NULL;
    size_t count = 0;
    bool good = true;
    while (good && cursor_left(in) > 0) {
        if (count == DNP3_OBJECTS_MAX) {
            proto_anomaly(pf, ANOMALY_DNP3_TOO_MANY_OBJECTS);
            good = false;
            break;
        }
        struct record_dnp3_object *grown =
            arena_grow(arena, objects, count * sizeof *objects, (count + 1) * sizeof *objects);
        if (!grown)
            break;
        objects = grown;
        objects[count] = (struct record_dnp3_object){.group = 0};
        good = read_object(&o, &objects[count]);
        if (!good && cursor_ok(in))
            proto_anomaly(pf, ANOMALY_DNP3_UNKNOWN_OBJECT);
        count++;
    }
    record->application.objects = objects;
    record->application.objects_count = count;
    record->application.complete = good && cursor_ok(in);
}
