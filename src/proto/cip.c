// SPDX-License-Identifier: Apache-2.0
// One CIP message (CIP Networks Library volume 1, chapters 2, 3 and appendix C): service, path,
// status, the services inside a Multiple Service Packet or an Unconnected Send (one level), PCCC
// commands of older controllers, what is written, the Identity object's attributes.
// Limits: CIP_SEGMENTS_MAX, CIP_MULTIPLE_MAX, CIP_DATA_BYTES, CIP_TAG_BYTES.
#include "proto/enip.h"

#define N(value, name) {value, name},

static const struct ics_name vendors[] = {
#include "proto/enip_vendors.def"
};

static const struct ics_name devices[] = {{0, "Generic Device (deprecated)"},
    {1, "Control Station (deprecated)"}, {2, "AC Drive Device"}, {3, "Motor Overload"},
    {4, "Limit Switch"}, {5, "Inductive Proximity Switch"}, {6, "Photoelectric Sensor"},
    {7, "General Purpose Discrete I/O"}, {8, "Encoder (deprecated)"}, {9, "Resolver"},
    {10, "General Purpose Analog I/O (deprecated)"}, {12, "Communications Adapter"},
    {13, "Barcode Scanner (deprecated)"}, {14, "Programmable Logic Controller"},
    {16, "Position Controller"}, {17, "Weigh Scale (deprecated)"},
    {18, "Message Display (deprecated)"}, {19, "DC Drive"}, {20, "Servo Drives (deprecated)"},
    {21, "Contactor"}, {22, "Motor Starter"}, {23, "Softstart Starter"},
    {24, "Human-Machine Interface"}, {25, "Pneumatic Valve(s) (deprecated)"},
    {26, "Mass Flow Controller"}, {27, "Pneumatic Valve(s)"}, {28, "Vacuum Pressure Gauge"},
    {29, "Process Control Value"}, {30, "Residual Gas Analyzer"}, {31, "DC Power Generator"},
    {32, "RF Power Generator"}, {33, "Turbomolecular Vacuum Pump"}, {34, "Encoder"},
    {35, "Safety Discrete I/O Device"}, {36, "Fluid Flow Controller"}, {37, "CIP Motion Drive"},
    {38, "CompoNet Repeater"}, {39, "Mass Flow Controller Enhanced"}, {40, "CIP Modbus Device"},
    {41, "CIP Modbus Translator"}, {42, "Safety Analog I/O Device"},
    {43, "Generic Device (keyable)"}, {44, "Managed Ethernet Switch"},
    {45, "CIP Motion Safety Drive Device"}, {46, "Safety Drive Device"}, {47, "CIP Motion Encoder"},
    {48, "CIP Motion Converter"}, {49, "CIP Motion I/O"},
    {50, "ControlNet Physical Layer Component"}, {51, "Circuit Breaker"}, {52, "HART Device"},
    {53, "CIP-HART Translator"}, {100, "In-Sight 2000 Series"}, {150, "PowerFlex 525"},
    {200, "Embedded Component"}, {773, "DataMan Series Reader"}};

static const struct ics_name services[] = {{0x01, "Get Attributes All"},
    {0x02, "Set Attributes All"}, {0x03, "Get Attribute List"}, {0x04, "Set Attribute List"},
    {0x05, "Reset"}, {0x06, "Start"}, {0x07, "Stop"}, {0x08, "Create"}, {0x09, "Delete"},
    {0x0a, "Multiple Service Packet"}, {0x0d, "Apply Attributes"}, {0x0e, "Get Attributes Single"},
    {0x10, "Set Attributes Single"}, {0x11, "Find Next Object Instance"}, {0x15, "Restore"},
    {0x16, "Save"}, {0x17, "No Forward Open"}, {0x18, "Get Member"}, {0x19, "Set Member"},
    {0x1a, "Insert Member"}, {0x1b, "Remove Member"}, {0x1c, "Group Sync"},
    {0x1d, "Get Connection Point Member List"}, {0x4b, "Execute PCCC Service"}, {0x4c, "Read Data"},
    {0x4d, "Write Data"}, {0x4e, "Read Write Modify Data"}, {0x52, "Read Data Fragmented"},
    {0x53, "Write Data Fragmented"}, {0x54, "Forward Open"}, {0x55, "Get Instance Attribute List"}};

// The connection manager gives other meanings to some codes.
static const struct ics_name manager_services[] = {{0x4e, "Forward Close"},
    {0x52, "Unconnected Send"}, {0x54, "Forward Open"}, {0x56, "Get Connection Data"},
    {0x57, "Search Connection Data"}, {0x5a, "Get Connection Owner"}, {0x5b, "Large Forward Open"}};

static const struct ics_name statuses[] = {{0x00, "Success"}, {0x01, "Connection Failure"},
    {0x02, "Resource Unavailable"}, {0x03, "Invalid Parameter Value"}, {0x04, "Path Segment Error"},
    {0x05, "Path Destination Unknown"}, {0x06, "Partial Transfer"}, {0x07, "Connection Lost"},
    {0x08, "Service Not Supported"}, {0x09, "Invalid Attribute Value"},
    {0x0a, "Attribute List Error"}, {0x0b, "Already In Requested Mode/State"},
    {0x0c, "Object State Conflict"}, {0x0d, "Object Already Exists"},
    {0x0e, "Attribute Not Settable"}, {0x0f, "Privilege Violation"},
    {0x10, "Device State Conflict"}, {0x11, "Reply Data Too Large"},
    {0x12, "Fragmentation Of A Primitive Value"}, {0x13, "Not Enough Data"},
    {0x14, "Attribute Not Supported"}, {0x15, "Too Much Data"}, {0x16, "Object Does Not Exist"},
    {0x17, "Service Fragmentation Sequence Not In Progress"}, {0x18, "No Stored Attribute Data"},
    {0x19, "Store Operation Failure"}, {0x1a, "Routing Failure, Request Packet Too Large"},
    {0x1b, "Routing Failure, Response Packet Too Large"},
    {0x1c, "Missing Attribute List Entry Data"}, {0x1d, "Invalid Attribute Value List"},
    {0x1e, "Embedded Service Error"}, {0x1f, "Vendor Specific Error"}, {0x20, "Invalid Parameter"},
    {0x21, "Write-Once Value Or Medium Already Written"}, {0x22, "Invalid Reply Received"},
    {0x23, "Buffer Overflow"}, {0x24, "Invalid Message Format"}, {0x25, "Key Failure In Path"},
    {0x26, "Path Size Invalid"}, {0x27, "Unexpected Attribute In List"},
    {0x28, "Invalid Member ID"}, {0x29, "Member Not Settable"},
    {0x2a, "Group 2 Only Server General Failure"}, {0x2b, "Unknown Modbus Error"},
    {0x2c, "Attribute Not Gettable"}, {0xff, "Still Processing"}};

static const struct ics_name extended_statuses[] = {
#include "proto/cip_statuses.def"
};

static const struct ics_name classes[] = {
#include "proto/cip_classes.def"
};

// Functions of PCCC command 0x0f (0x06: diagnostics, 0x0f with others: by their number).
static const struct ics_name pccc_functions[] = {
#include "proto/pccc_functions.def"
};

enum {
    SERVICE_ALL = 0x01,
    SERVICE_SET_ALL = 0x02,
    SERVICE_SET_LIST = 0x04,
    SERVICE_MULTIPLE = 0x0a,
    SERVICE_SET_SINGLE = 0x10,
    SERVICE_PCCC = 0x4b,
    SERVICE_WRITE = 0x4d,
    SERVICE_CLOSE = 0x4e,
    SERVICE_UNCONNECTED = 0x52,
    SERVICE_WRITE_FRAGMENTED = 0x53,
    SERVICE_OPEN = 0x54,
    SERVICE_LARGE_OPEN = 0x5b,
    CLASS_MANAGER = 6,
    CLASS_NONE = -1,
};

struct path {
    struct record_cip_segment *segments;
    size_t count;
    int64_t class; // CLASS_NONE: none
    struct bytes tag;
};

struct bytes cip_vendor_name(uint16_t vendor, struct arena *arena)
{
    return ics_name_or(ICS_NAME(vendors, vendor), "unknown-", vendor, arena);
}

struct bytes cip_device_name(uint16_t type, struct arena *arena)
{
    return ics_name_or(ICS_NAME(devices, type), "unknown-", type, arena);
}

struct bytes cip_revision_text(uint8_t major, uint8_t minor, struct arena *arena)
{
    char buffer[16];
    struct text_out out = TEXT_OUT(buffer);
    text_out_u64(&out, major);
    text_out_char(&out, '.');
    text_out_u64(&out, minor);
    return text_out_keep(&out, arena);
}

static struct bytes service_name(uint8_t service, int64_t class, struct arena *arena)
{
    struct bytes name = {NULL, 0};
    if (class == CLASS_MANAGER)
        name = ICS_NAME(manager_services, service);
    if (!name.data)
        name = ICS_NAME(services, service);
    if (!name.data && class == CLASS_NONE) // an answer has no path
        name = ICS_NAME(manager_services, service);
    return ics_name_or(name, "unknown-", service, arena);
}

// A logical segment: its value has 8, 16 or 32 bits, the longer ones after a pad octet.
static void read_logical(struct cursor *in, uint8_t type, struct record_cip_segment *segment)
{
    static const char *const names[] = {"class", "instance", "member", "connection_point",
        "attribute", "electronic_key", "service_id", "extended"};
    unsigned kind = type >> 2 & 7, format = type & 3;
    segment->segment_type = bytes_from_text(names[kind]);
    if (kind == 5) { // key format 4: vendor, type, product, revision
        cursor_skip(in, 1);
        segment->value = cursor_u16le(in);
        cursor_skip(in, 6);
        return;
    }
    if (format == 0) {
        segment->value = cursor_u8(in);
        return;
    }
    cursor_skip(in, 1);
    segment->value = format == 1 ? cursor_u16le(in) : cursor_u32le(in);
}

static void read_port(struct cursor *in, uint8_t type, struct record_cip_segment *segment)
{
    segment->segment_type = BYTES("port");
    uint8_t size = type & 0x10 ? cursor_u8(in) : 1;
    if ((type & 15) == 15)
        cursor_skip(in, 2); // extended port number
    struct bytes link = cursor_take(in, size);
    segment->value = bytes_at(link, 0);
    if (size > 1)
        segment->name = link;
    if (size > 1 && size & 1)
        cursor_skip(in, 1);
}

static void read_segment(struct cursor *in, struct record_cip_segment *segment, struct arena *arena)
{
    uint8_t type = cursor_u8(in);
    if (type >> 5 == 1)
        read_logical(in, type, segment);
    else if (type >> 5 == 0)
        read_port(in, type, segment);
    else if (type == 0x91) {
        uint8_t length = cursor_u8(in);
        segment->segment_type = BYTES("symbol");
        segment->name = cursor_take(in, length);
        cursor_skip(in, length & 1);
    } else if (type == 0x80) {
        segment->segment_type = BYTES("data");
        cursor_skip(in, (size_t)cursor_u8(in) * 2);
    } else {
        segment->segment_type = ics_name_or((struct bytes){NULL, 0}, "unknown-", type, arena);
        cursor_skip(in, cursor_left(in)); // its length is not known
    }
    if (segment->name.data)
        segment->name = arena_copy(arena, segment->name);
}

static struct bytes tag_of(const struct path *path, struct arena *arena)
{
    char buffer[CIP_TAG_BYTES];
    struct text_out out = TEXT_OUT(buffer);
    for (size_t i = 0; i < path->count; i++) {
        const struct record_cip_segment *s = &path->segments[i];
        if (bytes_equal(s->segment_type, BYTES("symbol"))) {
            text_out_text(&out, out.len ? "." : "");
            text_out_put(&out, s->name);
        } else if (out.len && bytes_equal(s->segment_type, BYTES("member"))) {
            text_out_char(&out, '[');
            text_out_u64(&out, s->value);
            text_out_char(&out, ']');
        }
    }
    return out.len ? text_out_keep(&out, arena) : (struct bytes){NULL, 0};
}

static bool read_path(
    struct proto_flow *pf, struct cursor *in, struct path *path, struct arena *arena)
{
    struct cursor bytes = cursor_sub(in, (size_t)cursor_u8(in) * 2);
    *path = (struct path){.class = CLASS_NONE};
    size_t room = cursor_left(&bytes) < CIP_SEGMENTS_MAX ? cursor_left(&bytes) : CIP_SEGMENTS_MAX;
    path->segments = room ? arena_zalloc(arena, room * sizeof *path->segments) : NULL;
    if (!path->segments)
        return cursor_ok(in);
    while (cursor_left(&bytes) > 0 && path->count < room) {
        struct record_cip_segment *segment = &path->segments[path->count++];
        read_segment(&bytes, segment, arena);
        if (bytes_equal(segment->segment_type, BYTES("class")))
            path->class = segment->value;
    }
    if (cursor_left(&bytes) > 0)
        proto_anomaly(pf, ANOMALY_ENIP_TOO_MANY_PARTS);
    path->tag = tag_of(path, arena);
    return cursor_ok(in) && cursor_ok(&bytes);
}

static struct bytes class_name(const struct path *path, struct arena *arena)
{
    if (path->class == CLASS_NONE)
        return (struct bytes){NULL, 0};
    uint32_t class = (uint32_t)path->class;
    return ics_name_or(ICS_NAME(classes, class), "unknown-", class, arena);
}

// What a service that writes brings.
static struct bytes data_of(uint8_t service, const struct cursor *in, struct arena *arena)
{
    bool writes = service == SERVICE_SET_ALL || service == SERVICE_SET_LIST ||
                  service == SERVICE_SET_SINGLE || service == SERVICE_WRITE ||
                  service == SERVICE_WRITE_FRAGMENTED;
    struct bytes rest = cursor_rest(in);
    if (!writes || rest.len == 0)
        return (struct bytes){NULL, 0};
    return arena_copy(arena, bytes_sub(rest, 0, CIP_DATA_BYTES));
}

// One service inside another.
static bool read_inner(
    struct proto_flow *pf, struct bytes message, struct record_cip_inner *out, struct arena *arena)
{
    struct cursor in = cursor_make(message);
    uint8_t service = cursor_u8(&in);
    struct path path;
    bool good = read_path(pf, &in, &path, arena);
    out->service = service_name(service, path.class, arena);
    out->path = path.segments;
    out->path_count = path.count;
    out->class_name = class_name(&path, arena);
    out->tag = path.tag;
    out->data = data_of(service, &in, arena);
    return good;
}

struct parts {
    struct bytes parts[CIP_MULTIPLE_MAX];
    size_t count;
};

// The messages of a Multiple Service Packet: a count, offsets counted from there, messages.
static bool split_multiple(struct proto_flow *pf, struct bytes body, struct parts *out)
{
    struct cursor in = cursor_make(body);
    size_t count = cursor_u16le(&in), kept = count < CIP_MULTIPLE_MAX ? count : CIP_MULTIPLE_MAX;
    out->count = 0;
    if (count > CIP_MULTIPLE_MAX)
        proto_anomaly(pf, ANOMALY_ENIP_TOO_MANY_PARTS);
    uint16_t at = cursor_u16le(&in);
    for (size_t i = 0; i < kept && cursor_ok(&in); i++) {
        uint16_t next = i + 1 < count ? cursor_u16le(&in) : UINT16_MAX;
        if (at >= body.len || next <= at)
            return false;
        out->parts[out->count++] = bytes_sub(body, at, next - at);
        at = next;
    }
    return cursor_ok(&in);
}

static bool read_multiple(
    struct proto_flow *pf, struct bytes body, struct record_cip_request *out, struct arena *arena)
{
    struct parts parts;
    bool good = split_multiple(pf, body, &parts);
    struct record_cip_inner *inner =
        parts.count ? arena_zalloc(arena, parts.count * sizeof *inner) : NULL;
    if (!inner)
        return good;
    for (size_t i = 0; i < parts.count; i++)
        good &= read_inner(pf, parts.parts[i], &inner[i], arena);
    out->multiple = inner;
    out->multiple_count = parts.count;
    return good;
}

static bool read_outcomes(
    struct proto_flow *pf, struct bytes body, struct record_cip_response *out, struct arena *arena)
{
    struct parts parts;
    bool good = split_multiple(pf, body, &parts);
    struct record_cip_outcome *outcomes =
        parts.count ? arena_zalloc(arena, parts.count * sizeof *outcomes) : NULL;
    if (!outcomes)
        return good;
    for (size_t i = 0; i < parts.count; i++) {
        uint8_t service = bytes_at(parts.parts[i], 0) & 0x7f, status = bytes_at(parts.parts[i], 2);
        good &= parts.parts[i].len >= 4;
        outcomes[i].service = service_name(service, CLASS_NONE, arena);
        outcomes[i].status = ics_name_or(ICS_NAME(statuses, status), "unknown-", status, arena);
    }
    out->multiple = outcomes;
    out->multiple_count = parts.count;
    return good;
}

static struct bytes read_pccc(struct cursor *in, struct arena *arena)
{
    cursor_skip(in, cursor_u8(in) - 1U); // requestor, whose length counts itself
    uint8_t command = cursor_u8(in);
    cursor_skip(in, 3); // status, transaction
    uint8_t function = cursor_u8(in);
    if (!cursor_ok(in))
        return (struct bytes){NULL, 0};
    if (command == 6)
        return BYTES("Diagnostic");
    if (command != 15)
        return ics_name_or((struct bytes){NULL, 0}, "command-", command, arena);
    return ics_name_or(ICS_NAME(pccc_functions, function), "function-", function, arena);
}

// Unconnected Send: a message for somebody behind the route that follows it.
static bool read_unconnected(
    struct proto_flow *pf, struct cursor *in, struct record_cip_request *out, struct arena *arena)
{
    cursor_skip(in, 2); // time-out
    struct bytes message = cursor_take(in, cursor_u16le(in));
    struct record_cip_inner *inner = arena_zalloc(arena, sizeof *inner);
    if (!inner)
        return true;
    out->multiple = inner;
    out->multiple_count = 1;
    if (bytes_at(message, 0) == SERVICE_PCCC) {
        struct cursor pccc = cursor_make(message);
        cursor_skip(&pccc, 1);
        cursor_skip(&pccc, (size_t)cursor_u8(&pccc) * 2);
        out->pccc = read_pccc(&pccc, arena);
    }
    return cursor_ok(in) && read_inner(pf, message, inner, arena);
}

bool cip_request_read(struct proto_flow *pf, struct bytes message, struct record_cip_request *out,
    struct arena *arena)
{
    struct cursor in = cursor_make(message);
    uint8_t service = cursor_u8(&in);
    struct path path;
    bool good = read_path(pf, &in, &path, arena);
    bool manager = path.class == CLASS_MANAGER;
    out->service = service_name(service, path.class, arena);
    out->path = path.segments;
    out->path_count = path.count;
    out->class_name = class_name(&path, arena);
    out->tag = path.tag;
    out->data = data_of(service, &in, arena);
    if (!good)
        return false;
    if (service == SERVICE_MULTIPLE)
        return read_multiple(pf, cursor_rest(&in), out, arena);
    if (service == SERVICE_UNCONNECTED && manager)
        return read_unconnected(pf, &in, out, arena);
    if (service == SERVICE_PCCC)
        out->pccc = read_pccc(&in, arena);
    if (manager && (service == SERVICE_OPEN || service == SERVICE_LARGE_OPEN))
        cursor_skip(&in, 10);
    if (manager && service == SERVICE_CLOSE)
        cursor_skip(&in, 2);
    if (manager && service >= SERVICE_CLOSE && service != SERVICE_UNCONNECTED) {
        out->connection_serial = cursor_u16le(&in);
        out->has_connection_serial = cursor_ok(&in);
    }
    return cursor_ok(&in);
}

// All attributes of the Identity object; of which object they are, only the request tells, but the
// shape is unmistakable: a name that fills the rest, a vendor and a type that are known.
static void read_identity(struct cursor in, struct record_cip_response *out, struct arena *arena)
{
    uint16_t vendor = cursor_u16le(&in), type = cursor_u16le(&in), product = cursor_u16le(&in);
    uint8_t major = cursor_u8(&in), minor = cursor_u8(&in);
    cursor_skip(&in, 2);
    uint32_t serial = cursor_u32le(&in);
    struct bytes name = cursor_take(&in, cursor_u8(&in));
    if (!cursor_ok(&in) || name.len == 0 || cursor_left(&in) > 1 || !proto_is_text(name) ||
        !ICS_NAME(vendors, vendor).data || !ICS_NAME(devices, type).data)
        return;
    out->has_identity = true;
    out->identity.vendor_id = cip_vendor_name(vendor, arena);
    out->identity.device_type = cip_device_name(type, arena);
    out->identity.product_code = product;
    out->identity.revision = cip_revision_text(major, minor, arena);
    out->identity.serial = serial;
    out->identity.product_name = arena_copy(arena, name);
}

bool cip_response_read(struct proto_flow *pf, struct bytes message, struct record_cip_response *out,
    struct arena *arena)
{
    struct cursor in = cursor_make(message);
    uint8_t service = cursor_u8(&in) & 0x7f;
    cursor_skip(&in, 1);
    uint8_t status = cursor_u8(&in);
    struct bytes extended = cursor_take(&in, (size_t)cursor_u8(&in) * 2);
    if (!cursor_ok(&in))
        return false;
    out->service = service_name(service, CLASS_NONE, arena);
    out->status = ics_name_or(ICS_NAME(statuses, status), "unknown-", status, arena);
    if (extended.len) {
        out->status_extended = arena_copy(arena, extended);
        uint32_t code = bytes_at(extended, 0) | (uint32_t)bytes_at(extended, 1) << 8;
        if (extended.len == 2)
            out->status_extended_meaning = ICS_NAME(extended_statuses, code);
    }
    if (service == SERVICE_MULTIPLE && cursor_left(&in) > 0)
        return read_outcomes(pf, cursor_rest(&in), out, arena);
    if (service == SERVICE_ALL && status == 0)
        read_identity(in, out, arena);
    return true;
}
