// SPDX-License-Identifier: Apache-2.0
// Towers of the endpoint mapper (C706 appendices I, L and O): ept_map's answer, else its question.
// A tower's floors are the interface, its transfer syntax, RPC, and the addresses under it. Limits:
// TOWERS_MAX towers, FLOORS_MAX floors of each. Stubs in NDR64 are not read.
#include "proto/dcerpc_tower.h"

enum {
    TOWERS_MAX = 16,
    FLOORS_MAX = 8,
    EPT_MAP = 3,
    HANDLE_BYTES = 20,
    TEXT_BYTES = 256,
};

// Protocol identifiers of floors
enum floor {
    FLOOR_TCP = 0x07,
    FLOOR_UDP = 0x08,
    FLOOR_IP = 0x09,
    FLOOR_CL = 0x0a,
    FLOOR_CO = 0x0b,
    FLOOR_LOCAL = 0x0c,
    FLOOR_UUID = 0x0d,
    FLOOR_PIPE = 0x0f,
    FLOOR_LOCAL_NAME = 0x10,
    FLOOR_NETBIOS = 0x11,
    FLOOR_HTTP = 0x1f,
};

bool dcerpc_tower_wanted(const uint8_t uuid[16], uint16_t opnum)
{
    static const uint8_t epmapper[16] = {0xe1, 0xaf, 0x83, 0x08, 0x5d, 0x1f, 0x11, 0xc9, 0x91, 0xa4,
        0x08, 0x00, 0x2b, 0x14, 0xa0, 0xfa};
    return opnum == EPT_MAP && memcmp(uuid, epmapper, 16) == 0;
}

static struct bytes address_text(struct arena *arena, struct bytes raw)
{
    size_t zero = bytes_find_byte(raw, 0);
    return arena_copy(arena, bytes_sub(bytes_sub(raw, 0, zero), 0, TEXT_BYTES));
}

static void read_interface(
    struct arena *arena, struct cursor *left, struct record_dcerpc_tower *tower)
{
    uint8_t uuid[16];
    dcerpc_uuid(left, true, uuid);
    if (!cursor_ok(left))
        return;
    const struct dcerpc_interface *interface = dcerpc_interface_find(uuid);
    tower->uuid = dcerpc_uuid_text(arena, uuid);
    tower->service = bytes_from_text(interface ? interface->name : NULL);
}

static void read_address(
    struct arena *arena, uint8_t kind, struct bytes right, struct record_dcerpc_tower *tower)
{
    struct cursor in = cursor_make(right);
    switch (kind) {
    case FLOOR_TCP: tower->protocol = BYTES("ncacn_ip_tcp"); break;
    case FLOOR_UDP: tower->protocol = BYTES("ncadg_ip_udp"); break;
    case FLOOR_HTTP: tower->protocol = BYTES("ncacn_http"); break;
    case FLOOR_LOCAL: tower->protocol = BYTES("ncalrpc"); return;
    case FLOOR_PIPE:
    case FLOOR_LOCAL_NAME:
        tower->endpoint = address_text(arena, right);
        if (kind == FLOOR_PIPE)
            tower->protocol = BYTES("ncacn_np");
        return;
    case FLOOR_NETBIOS: tower->host = address_text(arena, right); return;
    case FLOOR_IP:
        if (right.len == 4 && (right.data[0] | right.data[1] | right.data[2] | right.data[3]))
            tower->ip = addr_v4(right.data);
        return;
    default: return;
    }
    tower->port = cursor_u16(&in);                        // always big-endian
    tower->has_port = cursor_ok(&in) && tower->port != 0; // a question has none
}

static bool read_tower(struct arena *arena, struct bytes octets, struct record_dcerpc_tower *tower)
{
    struct cursor in = cursor_make(octets);
    size_t floors = cursor_u16le(&in);
    for (size_t i = 0; i < floors && i < FLOORS_MAX; i++) {
        struct cursor left = cursor_sub(&in, cursor_u16le(&in));
        struct bytes right = cursor_take(&in, cursor_u16le(&in));
        uint8_t kind = cursor_u8(&left);
        if (!cursor_ok(&in) || !cursor_ok(&left))
            return i > 0;
        if (kind == FLOOR_UUID && i == 0)
            read_interface(arena, &left, tower);
        else if (kind != FLOOR_UUID)
            read_address(arena, kind, right, tower);
    }
    return floors > 0 && cursor_ok(&in);
}

static void align4(struct cursor *in)
{
    cursor_skip(in, (4 - cursor_pos(in) % 4) % 4);
}

// twr_t: room, length, octets
static struct bytes next_tower(struct cursor *in, bool little)
{
    align4(in);
    uint32_t room = dcerpc_u32(in, little);
    uint32_t length = dcerpc_u32(in, little);
    struct bytes octets = cursor_take(in, length);
    if (room != length)
        cursor_fail(in);
    return cursor_ok(in) ? octets : (struct bytes){NULL, 0};
}

static size_t read_answer(
    struct dcerpc_call *call, struct cursor in, struct record_dcerpc_tower *towers)
{
    bool little = call->little;
    cursor_skip(&in, HANDLE_BYTES + 4 + 4 + 4); // handle, count, room, offset
    uint32_t count = dcerpc_u32(&in, little);
    if (count > cursor_left(&in) / 4)
        return 0;
    cursor_skip(&in, (size_t)count * 4); // pointers
    size_t kept = 0;
    for (size_t i = 0; i < count && kept < TOWERS_MAX; i++) {
        struct bytes octets = next_tower(&in, little);
        if (!octets.data)
            break;
        kept += read_tower(&call->arena, octets, &towers[kept]);
    }
    return kept;
}

static size_t read_question(
    struct dcerpc_call *call, struct cursor in, struct record_dcerpc_tower *towers)
{
    bool little = call->little;
    if (dcerpc_u32(&in, little) != 0) // pointer to an object
        cursor_skip(&in, 16);
    if (dcerpc_u32(&in, little) == 0) // pointer to the tower
        return 0;
    struct bytes octets = next_tower(&in, little);
    return octets.data ? read_tower(&call->arena, octets, &towers[0]) : 0;
}

void dcerpc_tower_fill(struct dcerpc_call *call, bool wide, struct record_dcerpc *record)
{
    if (wide)
        return;
    struct record_dcerpc_tower *towers = arena_zalloc(&call->arena, TOWERS_MAX * sizeof *towers);
    if (!towers)
        return;
    size_t count = 0;
    if (!call->half[FLOW_SERVER].lost)
        count = read_answer(call, cursor_make(call->half[FLOW_SERVER].stub), towers);
    if (count == 0)
        count = read_question(call, cursor_make(call->half[FLOW_CLIENT].stub), towers);
    record->towers = towers;
    record->towers_count = count;
}
