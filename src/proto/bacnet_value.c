// SPDX-License-Identifier: Apache-2.0
// BACnet's tagged elements and their values as text (ASHRAE 135 clauses 20.2 and 21).
#include "proto/bacnet.h"
#include "proto/utf16.h"
#include <stdio.h>

#define N(value, name) {value, name},

static const struct ics_name properties[] = {
#include "proto/bacnet_properties.def"
};

static const struct ics_name object_types[] = {
#include "proto/bacnet_objects.def"
};

static const struct ics_name units[] = {
#include "proto/bacnet_units.def"
};

static const struct ics_name event_states[] = {{0, "normal"}, {1, "fault"}, {2, "offnormal"},
    {3, "high-limit"}, {4, "low-limit"}, {5, "life-safety-alarm"}};
static const struct ics_name binary_values[] = {{0, "inactive"}, {1, "active"}};
static const struct ics_name polarities[] = {{0, "normal"}, {1, "reverse"}};
static const struct ics_name system_states[] = {{0, "operational"}, {1, "operational-read-only"},
    {2, "download-required"}, {3, "download-in-progress"}, {4, "non-operational"},
    {5, "backup-in-progress"}};
static const struct ics_name segmentations[] = {{0, "segmented-both"}, {1, "segmented-transmit"},
    {2, "segmented-receive"}, {3, "no-segmentation"}};
static const struct ics_name reliabilities[] = {{0, "no-fault-detected"}, {1, "no-sensor"},
    {2, "over-range"}, {3, "under-range"}, {4, "open-loop"}, {5, "shorted-loop"}, {6, "no-output"},
    {7, "unreliable-other"}, {8, "process-error"}, {9, "multi-state-fault"},
    {10, "configuration-error"}, {12, "communication-failure"}};

// Enumerations by the property that has them.
static const struct {
    const char *property;
    const struct ics_name *names;
    size_t count;
} enumerations[] = {
#define ENUMERATION(property, table)                                                               \
    {                                                                                              \
        property, table, sizeof(table) / sizeof *(table)                                           \
    }
    ENUMERATION("units", units), ENUMERATION("event-state", event_states),
    ENUMERATION("polarity", polarities), ENUMERATION("system-status", system_states),
    ENUMERATION("segmentation-supported", segmentations), ENUMERATION("reliability", reliabilities),
    ENUMERATION("object-type", object_types)};

enum application {
    TAG_NULL,
    TAG_BOOLEAN,
    TAG_UNSIGNED,
    TAG_SIGNED,
    TAG_REAL,
    TAG_DOUBLE,
    TAG_OCTETS,
    TAG_TEXT,
    TAG_BITS,
    TAG_ENUMERATED,
    TAG_DATE,
    TAG_TIME,
    TAG_OBJECT,
};

struct bacnet_tag bacnet_tag_read(struct cursor *in)
{
    uint8_t head = cursor_u8(in);
    struct bacnet_tag tag = {
        .number = head >> 4, .context = head & 8, .small = (uint8_t)(head & 7)};
    if (tag.number == 15)
        tag.number = cursor_u8(in);
    tag.opening = tag.context && tag.small == 6;
    tag.closing = tag.context && tag.small == 7;
    if (tag.opening || tag.closing || (!tag.context && tag.number == TAG_BOOLEAN))
        return tag;
    uint32_t length = tag.small;
    if (length == 5)
        length = cursor_u8(in);
    if (tag.small == 5 && length == 254)
        length = cursor_u16(in);
    else if (tag.small == 5 && length == 255)
        length = cursor_u32(in);
    tag.content = cursor_take(in, length);
    return tag;
}

bool bacnet_tag_context(struct cursor *in, uint8_t number, struct bacnet_tag *tag)
{
    struct cursor ahead = *in;
    *tag = bacnet_tag_read(&ahead);
    if (!cursor_ok(&ahead) || !tag->context || tag->opening || tag->closing ||
        tag->number != number)
        return false;
    *in = ahead;
    return true;
}

static bool take_bracket(struct cursor *in, uint8_t number, bool opening)
{
    struct cursor ahead = *in;
    struct bacnet_tag tag = bacnet_tag_read(&ahead);
    if (!cursor_ok(&ahead) || tag.number != number || !(opening ? tag.opening : tag.closing))
        return false;
    *in = ahead;
    return true;
}

bool bacnet_tag_open(struct cursor *in, uint8_t number)
{
    return take_bracket(in, number, true);
}

bool bacnet_tag_close(struct cursor *in, uint8_t number)
{
    return take_bracket(in, number, false);
}

static uint64_t number_of(struct bytes content)
{
    uint64_t value = 0;
    for (size_t i = 0; i < content.len && i < 8; i++)
        value = value << 8 | content.data[i];
    return value;
}

uint32_t bacnet_tag_unsigned(const struct bacnet_tag *tag)
{
    return (uint32_t)number_of(tag->content);
}

struct bytes bacnet_object_name(uint32_t type, struct arena *arena)
{
    return ics_name_or(ICS_NAME(object_types, type), "unknown-", type, arena);
}

struct bytes bacnet_property_name(uint32_t property, struct arena *arena)
{
    return ics_name_or(ICS_NAME(properties, property), "unknown-", property, arena);
}

// The first octet names the character set: 0 UTF-8, 4 UTF-16; others are left as they are.
struct bytes bacnet_text(struct bytes content, struct arena *arena)
{
    struct bytes text = bytes_sub(content, 1, BACNET_TEXT_BYTES);
    if (text.len == 0)
        return BYTES("");
    if (bytes_at(content, 0) != 4)
        return arena_copy(arena, text);
    char buffer[BACNET_TEXT_BYTES * 2];
    struct text_out out = TEXT_OUT(buffer);
    for (size_t i = 0; i + 1 < text.len; i += 2) {
        uint8_t octets[4];
        uint32_t unit = (uint32_t)text.data[i] << 8 | text.data[i + 1];
        size_t length = utf8_write(unit >> 11 == 27 ? 0xfffd : unit, octets);
        text_out_put(&out, bytes_make(octets, length));
    }
    return text_out_keep(&out, arena);
}

static void put_printed(struct text_out *out, const char *format, double value)
{
    char buffer[48];
    int length = snprintf(buffer, sizeof buffer, format, value);
    if (length > 0 && (size_t)length < sizeof buffer)
        text_out_put(out, bytes_make(buffer, (size_t)length));
}

static void put_two(struct text_out *out, unsigned value)
{
    if (value < 10)
        text_out_char(out, '0');
    text_out_u64(out, value);
}

static void put_date(struct text_out *out, struct bytes b)
{
    text_out_u64(out, 1900U + bytes_at(b, 0));
    text_out_char(out, '-');
    put_two(out, bytes_at(b, 1));
    text_out_char(out, '-');
    put_two(out, bytes_at(b, 2));
}

static void put_time(struct text_out *out, struct bytes b)
{
    put_two(out, bytes_at(b, 0));
    text_out_char(out, ':');
    put_two(out, bytes_at(b, 1));
    text_out_char(out, ':');
    put_two(out, bytes_at(b, 2));
}

static void put_bits(struct text_out *out, struct bytes b)
{
    size_t count = b.len > 1 ? (b.len - 1) * 8 - (bytes_at(b, 0) & 7) : 0;
    for (size_t i = 0; i < count && i < 64; i++)
        text_out_char(out, bytes_at(b, 1 + i / 8) & 0x80 >> i % 8 ? '1' : '0');
}

static void put_signed(struct text_out *out, struct bytes b)
{
    uint64_t value = number_of(b);
    if (b.len > 0 && b.len <= 8 && b.data[0] & 0x80) {
        text_out_char(out, '-');
        value = (b.len == 8 ? 0 : (uint64_t)1 << b.len * 8) - value;
    }
    text_out_u64(out, value);
}

static void put_enumerated(
    struct text_out *out, struct bytes b, const char *property, struct bytes object)
{
    uint32_t value = (uint32_t)number_of(b);
    struct bytes name = {NULL, 0}, wanted = bytes_from_text(property);
    for (size_t i = 0; i < sizeof enumerations / sizeof *enumerations && !name.data; i++)
        if (bytes_equal(wanted, bytes_from_text(enumerations[i].property)))
            name = ics_name_find(enumerations[i].names, enumerations[i].count, value);
    if (!name.data && bytes_equal(wanted, BYTES("present-value")) &&
        bytes_start_with(object, BYTES("binary-")))
        name = ICS_NAME(binary_values, value);
    if (name.data)
        text_out_put(out, name);
    else
        text_out_u64(out, value);
}

static void put_float(struct text_out *out, struct bytes b)
{
    uint32_t bits = (uint32_t)number_of(b);
    uint64_t bits64 = number_of(b);
    float single;
    double value;
    memcpy(&single, &bits, sizeof single);
    memcpy(&value, &bits64, sizeof value);
    put_printed(out, "%f", b.len == 8 ? value : (double)single);
}

static struct bytes value_text(struct bacnet_reader *r, const struct bacnet_tag *tag,
    const char *property, const struct record_bacnet_property *owner)
{
    char buffer[BACNET_TEXT_BYTES];
    struct text_out out = TEXT_OUT(buffer);
    struct bytes b = tag->content;
    switch (tag->context ? TAG_OCTETS : tag->number) {
    case TAG_NULL: return BYTES("null");
    case TAG_BOOLEAN: return tag->small ? BYTES("true") : BYTES("false");
    case TAG_UNSIGNED: text_out_u64(&out, number_of(b)); break;
    case TAG_SIGNED: put_signed(&out, b); break;
    case TAG_REAL:
    case TAG_DOUBLE: put_float(&out, b); break;
    case TAG_TEXT: return bacnet_text(b, r->arena);
    case TAG_BITS: put_bits(&out, b); break;
    case TAG_ENUMERATED: put_enumerated(&out, b, property, owner->object_type); break;
    case TAG_DATE: put_date(&out, b); break;
    case TAG_TIME: put_time(&out, b); break;
    case TAG_OBJECT:
        text_out_put(&out, bacnet_object_name((uint32_t)number_of(b) >> 22, r->arena));
        text_out_text(&out, ": ");
        text_out_u64(&out, number_of(b) & 0x3fffff);
        break;
    default: text_out_hex(&out, b);
    }
    return out.len ? text_out_keep(&out, r->arena) : BYTES("");
}

void bacnet_values_read(struct bacnet_reader *r, uint8_t number, const char *property,
    struct record_bacnet_property *out)
{
    struct bytes *values = NULL;
    size_t count = 0, room = 0;
    unsigned depth = 0; // of constructed values, whose parts follow each other in the list
    while (cursor_left(&r->in) > 0) {
        struct bacnet_tag tag = bacnet_tag_read(&r->in);
        if (tag.closing && depth == 0 && tag.number == number)
            break;
        depth += tag.opening;
        depth -= tag.closing && depth > 0;
        if (tag.opening || tag.closing || !cursor_ok(&r->in))
            continue;
        if (r->values == BACNET_VALUES_MAX) {
            proto_anomaly(r->pf, ANOMALY_BACNET_TOO_MANY_VALUES);
            continue;
        }
        if (count == room) {
            size_t more = room ? room * 2 : 1;
            struct bytes *grown =
                arena_grow(r->arena, values, room * sizeof *values, more * sizeof *values);
            if (!grown)
                continue;
            values = grown;
            room = more;
        }
        values[count++] = value_text(r, &tag, property, out);
        r->values++;
    }
    out->values = values;
    out->values_count = count;
}
