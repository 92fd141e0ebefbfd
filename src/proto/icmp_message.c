// SPDX-License-Identifier: Apache-2.0
// ICMP bodies: errors with the packet they quote (RFC 792, 1191, 4443), redirects, neighbour
// discovery (RFC 4861) with prefixes and DNS servers (RFC 8106), multicast listeners (RFC 2710,
// 3810). Extensions after a quoted packet (RFC 4884) are left alone. Lists keep their first 16
// elements.
#include "proto/icmp_message.h"
#include "proto/text_out.h"

static const char *const names4[] = {[0] = "echo_reply",
    [3] = "destination_unreachable",
    [4] = "source_quench",
    [5] = "redirect",
    [8] = "echo",
    [9] = "router_advertisement",
    [10] = "router_solicitation",
    [11] = "time_exceeded",
    [12] = "parameter_problem",
    [13] = "timestamp",
    [14] = "timestamp_reply",
    [15] = "information_request",
    [16] = "information_reply",
    [17] = "address_mask_request",
    [18] = "address_mask_reply",
    [30] = "traceroute",
    [40] = "photuris",
    [42] = "extended_echo",
    [43] = "extended_echo_reply"};

static const char *const names6[] = {[1] = "destination_unreachable",
    [2] = "packet_too_big",
    [3] = "time_exceeded",
    [4] = "parameter_problem",
    [128] = "echo",
    [129] = "echo_reply",
    [130] = "multicast_listener_query",
    [131] = "multicast_listener_report",
    [132] = "multicast_listener_done",
    [133] = "router_solicitation",
    [134] = "router_advertisement",
    [135] = "neighbor_solicitation",
    [136] = "neighbor_advertisement",
    [137] = "redirect",
    [138] = "router_renumbering",
    [139] = "node_information_query",
    [140] = "node_information_response",
    [143] = "multicast_listener_report_v2",
    [151] = "multicast_router_advertisement",
    [152] = "multicast_router_solicitation",
    [153] = "multicast_router_termination"};

static const char *const unreachable4[] = {"net_unreachable", "host_unreachable",
    "protocol_unreachable", "port_unreachable", "fragmentation_needed", "source_route_failed",
    "net_unknown", "host_unknown", "source_host_isolated", "net_prohibited", "host_prohibited",
    "net_tos_unreachable", "host_tos_unreachable", "communication_prohibited",
    "host_precedence_violation", "precedence_cutoff"};

static const char *const unreachable6[] = {"no_route", "communication_prohibited", "beyond_scope",
    "address_unreachable", "port_unreachable", "source_address_failed_policy", "route_rejected"};

static const char *const exceeded[] = {"ttl_exceeded", "reassembly_time_exceeded"};
static const char *const redirects[] = {
    "redirect_net", "redirect_host", "redirect_tos_net", "redirect_tos_host"};

#define PICK(table, i) ((i) < sizeof(table) / sizeof *(table) ? (table)[i] : NULL)

void icmp_name(struct record_icmp *icmp, uint8_t ip_version)
{
    bool six = ip_version == 6;
    uint8_t type = icmp->type, code = icmp->code;
    const char *code_name = NULL;
    icmp->name = bytes_from_text(six ? PICK(names6, type) : PICK(names4, type));
    if (type == (six ? 1 : 3))
        code_name = six ? PICK(unreachable6, code) : PICK(unreachable4, code);
    else if (type == (six ? 3 : 11))
        code_name = PICK(exceeded, code);
    else if (!six && type == 5)
        code_name = PICK(redirects, code);
    icmp->code_name = bytes_from_text(code_name);
}

static struct addr take_address(struct cursor *in, uint8_t ip_version)
{
    struct bytes raw = cursor_take(in, ip_version == 6 ? 16 : 4);
    if (!raw.len)
        return (struct addr){.version = 0};
    return ip_version == 6 ? addr_v6(raw.data) : addr_v4(raw.data);
}

// The beginning of the packet an error is about, as far as it is there.
static void read_original(struct record_icmp *icmp, struct cursor *in)
{
    struct cursor start = *in;
    uint8_t first = cursor_u8(in), version = first >> 4;
    bool later_fragment = false;
    cursor_skip(in, 5); // to the fragment offset, or to the next header
    if (version == 4) {
        later_fragment = cursor_u16(in) & 0x1fff;
        cursor_skip(in, 1);
        icmp->original.protocol = cursor_u8(in);
        cursor_skip(in, 2);
    } else if (version == 6) {
        icmp->original.protocol = cursor_u8(in);
        cursor_skip(in, 1);
    } else {
        return;
    }
    icmp->original.src_ip = take_address(in, version);
    icmp->original.dest_ip = take_address(in, version);
    icmp->original.has_protocol = cursor_ok(in);
    if (version == 4) {
        *in = start;
        cursor_skip(in, (first & 15) * 4U);
    }
    uint8_t protocol = icmp->original.protocol;
    uint16_t src = cursor_u16(in), dst = cursor_u16(in);
    if (!cursor_ok(in) || later_fragment || (protocol != 6 && protocol != 17 && protocol != 132))
        return;
    icmp->original.has_src_port = icmp->original.has_dest_port = true;
    icmp->original.src_port = src;
    icmp->original.dest_port = dst;
}

static void read_prefix(struct record_icmp *icmp, struct cursor *in, struct icmp_room *room)
{
    size_t i = icmp->prefixes_count;
    uint8_t bits = cursor_u8(in), flags = cursor_u8(in);
    struct record_icmp_prefix prefix = {.on_link = flags >> 7, .autonomous = flags >> 6 & 1};
    prefix.valid = cursor_u32(in);
    prefix.preferred = cursor_u32(in);
    cursor_skip(in, 4);
    struct addr a = take_address(in, 6);
    if (!cursor_ok(in) || i == ICMP_PREFIXES_MAX)
        return;
    struct text_out out = TEXT_OUT(room->prefix_text[i]);
    text_out_addr(&out, &a);
    text_out_char(&out, '/');
    text_out_u64(&out, bits);
    prefix.prefix = text_out_bytes(&out);
    room->prefixes[i] = prefix;
    icmp->prefixes = room->prefixes;
    icmp->prefixes_count = i + 1;
}

static void read_dns_servers(struct record_icmp *icmp, struct cursor *in, struct icmp_room *room)
{
    cursor_skip(in, 6); // reserved, lifetime
    while (cursor_left(in) >= 16 && icmp->dns_servers_count < ICMP_ADDRESSES_MAX)
        room->dns[icmp->dns_servers_count++] = take_address(in, 6);
    icmp->dns_servers = room->dns;
}

// Options (RFC 4861 section 4.6): type, length in units of eight bytes, zero being invalid.
static bool read_options(struct record_icmp *icmp, struct cursor *in, struct icmp_room *room)
{
    while (cursor_left(in)) {
        uint8_t type = cursor_u8(in), units = cursor_u8(in);
        if (units == 0)
            return false;
        struct cursor option = cursor_sub(in, units * 8U - 2);
        if (!cursor_ok(&option))
            return false;
        if (type == 1 && units == 1)
            icmp->source_mac = cursor_take(&option, 6);
        else if (type == 2 && units == 1)
            icmp->target_mac = cursor_take(&option, 6);
        else if (type == 3)
            read_prefix(icmp, &option, room);
        else if (type == 5)
            cursor_skip(&option, 2), icmp->mtu = cursor_u32(&option), icmp->has_mtu = true;
        else if (type == 25)
            read_dns_servers(icmp, &option, room);
    }
    return true;
}

static void read_router(struct record_icmp *icmp, struct cursor *in)
{
    icmp->hop_limit = cursor_u8(in);
    icmp->has_hop_limit = true;
    uint8_t flags = cursor_u8(in);
    icmp->managed = flags >> 7;
    icmp->other_config = flags >> 6 & 1;
    icmp->lifetime = cursor_u16(in);
    icmp->has_lifetime = true;
    cursor_skip(in, 8); // reachable time, retransmission timer
}

// Listener report, version 2 (RFC 3810 section 5.2).
static void read_groups(struct record_icmp *icmp, struct cursor *in, struct icmp_room *room)
{
    cursor_skip(in, 2);
    uint16_t count = cursor_u16(in);
    for (uint16_t i = 0; i < count && cursor_ok(in); i++) {
        cursor_skip(in, 1);
        uint8_t extra = cursor_u8(in);
        uint16_t sources = cursor_u16(in);
        struct addr group = take_address(in, 6);
        cursor_skip(in, sources * 16U + extra * 4U);
        if (cursor_ok(in) && icmp->groups_count < ICMP_ADDRESSES_MAX)
            room->groups[icmp->groups_count++] = group;
    }
    icmp->groups = room->groups;
}

static bool read_body6(struct record_icmp *icmp, struct cursor *in, struct icmp_room *room)
{
    uint8_t flags;
    switch (icmp->type) {
    case 1:
    case 3: cursor_skip(in, 4); break;
    case 2: icmp->mtu = cursor_u32(in), icmp->has_mtu = true; break;
    case 4: icmp->pointer = cursor_u32(in), icmp->has_pointer = true; break;
    case 130:
    case 131:
    case 132:
        cursor_skip(in, 4);
        room->groups[0] = take_address(in, 6);
        icmp->groups = room->groups, icmp->groups_count = 1;
        return cursor_ok(in);
    case 133: cursor_skip(in, 4); return cursor_ok(in) && read_options(icmp, in, room);
    case 134: read_router(icmp, in); return cursor_ok(in) && read_options(icmp, in, room);
    case 135:
    case 136:
        flags = cursor_u8(in);
        cursor_skip(in, 3);
        icmp->router = icmp->type == 136 && flags >> 7;
        icmp->solicited = icmp->type == 136 && flags >> 6 & 1;
        icmp->override = icmp->type == 136 && flags >> 5 & 1;
        icmp->target = take_address(in, 6);
        return cursor_ok(in) && read_options(icmp, in, room);
    case 137:
        cursor_skip(in, 4);
        icmp->gateway = take_address(in, 6);
        icmp->destination = take_address(in, 6);
        return cursor_ok(in) && read_options(icmp, in, room);
    case 143: read_groups(icmp, in, room); return cursor_ok(in);
    default: return true;
    }
    bool whole = cursor_ok(in);
    read_original(icmp, in);
    return whole;
}

static bool read_body4(struct record_icmp *icmp, struct cursor *in)
{
    switch (icmp->type) {
    case 3:
        cursor_skip(in, 2);
        icmp->mtu = cursor_u16(in);
        icmp->has_mtu = icmp->code == 4;
        break;
    case 5: icmp->gateway = take_address(in, 4); break;
    case 12: icmp->pointer = cursor_u32(in) >> 24, icmp->has_pointer = true; break;
    case 4:
    case 11: cursor_skip(in, 4); break;
    default: return true;
    }
    bool whole = cursor_ok(in);
    read_original(icmp, in);
    if (icmp->type == 5)
        icmp->destination = icmp->original.dest_ip;
    return whole;
}

bool icmp_body_read(
    struct record_icmp *icmp, uint8_t ip_version, struct cursor *in, struct icmp_room *room)
{
    return ip_version == 6 ? read_body6(icmp, in, room) : read_body4(icmp, in);
}
