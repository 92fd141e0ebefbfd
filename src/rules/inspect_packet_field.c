// SPDX-License-Identifier: Apache-2.0
// What rules ask of a packet's headers: RFC 791, 8200, 9293, 768, 792, 4443, 3376.
#include "rules/inspect.h"

// Headers of one packet, found anew for each rule that asks: few do.
struct headers {
    struct bytes ip, transport; // transport: from its header to the packet's end
    uint8_t transport_proto;
};

static void skip_extensions(struct headers *h, struct cursor *c, uint8_t next)
{
    for (int i = 0; i < 8; i++) {
        bool known = next == PROTO_HOPOPTS || next == PROTO_ROUTING || next == PROTO_DSTOPTS ||
                     next == PROTO_FRAGMENT || next == PROTO_MOBILITY;
        if (!known)
            break;
        bool fragment = next == PROTO_FRAGMENT;
        next = cursor_u8(c);
        uint8_t length = cursor_u8(c);
        cursor_skip(c, fragment ? 6U : length * 8U + 6U);
    }
    h->transport_proto = next;
    h->transport = cursor_ok(c) ? cursor_rest(c) : (struct bytes){NULL, 0};
}

static struct headers headers_of(const struct decoded *p)
{
    struct headers h = {.ip = bytes_make(p->l3, p->l3_len), .transport_proto = p->ip_proto};
    struct cursor c = cursor_make(h.ip);
    if (p->kind == DECODE_ARP || p->kind == DECODE_NOTHING || h.ip.len == 0)
        return h;
    if (p->ip_version == 4) {
        cursor_skip(&c, (h.ip.data[0] & 0x0fU) * 4U);
        h.transport = cursor_ok(&c) ? cursor_rest(&c) : (struct bytes){NULL, 0};
        return h;
    }
    cursor_skip(&c, 6);
    uint8_t next = cursor_u8(&c);
    cursor_skip(&c, 33);
    skip_extensions(&h, &c, next);
    return h;
}

// With what belongs to the type: RFC 1256 (addresses of routers), RFC 792 and 950 (times, mask).
static size_t icmp_length(struct bytes header)
{
    switch (bytes_at(header, 0)) {
    case 9: return 8 + bytes_at(header, 4) * bytes_at(header, 5) * 4U;
    case 13:
    case 14: return 20;
    case 17:
    case 18: return 12;
    default: return 8;
    }
}

static size_t transport_length(const struct headers *h)
{
    switch (h->transport_proto) {
    case PROTO_TCP: return (bytes_at(h->transport, 12) >> 4) * 4U;
    case PROTO_ICMP: return icmp_length(h->transport);
    case PROTO_UDP:
    case PROTO_IGMP:
    case PROTO_ICMPV6: return 8;
    case PROTO_SCTP: return 12;
    default: return 0;
    }
}

static bool has_ip(const struct decoded *p)
{
    return p->ip_version != 0 && p->kind != DECODE_ARP;
}

bool rule_packet_header(const struct decoded *p, enum rule_buffer buffer, struct bytes *out)
{
    struct headers h = headers_of(p);
    struct bytes transport = bytes_sub(h.transport, 0, transport_length(&h));
    bool transport_there = h.transport.len > 0;
    switch (buffer) {
    case BUFFER_IPV4_HDR:
        *out = bytes_sub(h.ip, 0, h.ip.len - h.transport.len);
        return p->ip_version == 4 && h.ip.len > 0 && p->kind != DECODE_ARP;
    case BUFFER_IPV6_HDR:
        *out = bytes_sub(h.ip, 0, h.ip.len - h.transport.len);
        return p->ip_version == 6 && h.ip.len > 0;
    case BUFFER_TCP_HDR: *out = transport; return transport_there && p->ip_proto == PROTO_TCP;
    case BUFFER_UDP_HDR: *out = transport; return transport_there && p->ip_proto == PROTO_UDP;
    case BUFFER_SCTP_HDR: *out = transport; return transport_there && p->ip_proto == PROTO_SCTP;
    case BUFFER_ICMPV4_HDR: *out = transport; return transport_there && p->ip_proto == PROTO_ICMP;
    case BUFFER_ICMPV6_HDR: *out = transport; return transport_there && p->ip_proto == PROTO_ICMPV6;
    case BUFFER_IGMP_HDR: *out = h.transport; return transport_there && p->ip_proto == PROTO_IGMP;
    case BUFFER_ARP_HDR: *out = h.ip; return p->kind == DECODE_ARP;
    case BUFFER_IP_SRC: *out = bytes_make(p->src, p->ip_version == 4 ? 4 : 16); return has_ip(p);
    case BUFFER_IP_DST: *out = bytes_make(p->dst, p->ip_version == 4 ? 4 : 16); return has_ip(p);
    case BUFFER_ETHER_HDR:
        *out = bytes_make(p->dst_mac, 14);
        return p->dst_mac && p->src_mac == &p->dst_mac[6];
    default: return false;
    }
}

static const struct {
    uint8_t type;
    uint8_t bit;
} ip_options[] = {{7, IPOPT_RR}, {131, IPOPT_LSRR}, {0, IPOPT_EOL}, {1, IPOPT_NOP}, {68, IPOPT_TS},
    {130, IPOPT_SEC}, {137, IPOPT_SSRR}, {136, IPOPT_SATID}, {133, IPOPT_ESEC}, {134, IPOPT_CIPSO},
    {25, IPOPT_QS}};

static uint32_t ip_option_bits(const struct headers *h)
{
    struct cursor c = cursor_make(bytes_sub(h->ip, 0, h->ip.len - h->transport.len));
    uint32_t bits = 0;
    cursor_skip(&c, 20);
    while (cursor_left(&c) > 0) {
        uint8_t type = cursor_u8(&c);
        bits |= 1U << IPOPT_ANY;
        for (size_t i = 0; i < sizeof ip_options / sizeof *ip_options; i++)
            if (ip_options[i].type == type)
                bits |= 1U << ip_options[i].bit;
        if (type == 0)
            break;
        uint8_t length = type == 1 ? 1 : cursor_u8(&c);
        if (length > 2)
            cursor_skip(&c, length - 2U);
    }
    return bits;
}

static bool number_holds(const struct rule_condition *c, int64_t value)
{
    return rule_number_is(&c->is.number.number, value) != c->negated;
}

static bool ip_condition(
    const struct decoded *p, const struct headers *h, const struct rule_condition *c)
{
    bool v4 = p->ip_version == 4;
    switch (c->on) {
    case RULE_ON_ttl: return number_holds(c, p->ttl);
    case RULE_ON_tos: return v4 && number_holds(c, bytes_at(h->ip, 1));
    case RULE_ON_id: return v4 && number_holds(c, bytes_at(h->ip, 4) << 8 | bytes_at(h->ip, 5));
    case RULE_ON_ip_proto: return number_holds(c, p->ip_proto);
    case RULE_ON_fragbits:
        return v4 && rule_mask_holds(&c->is.mask, bytes_at(h->ip, 6) >> 5) != c->negated;
    case RULE_ON_fragoffset:
        return v4 && number_holds(c, (bytes_at(h->ip, 6) << 8 | bytes_at(h->ip, 7)) & 0x1fff);
    case RULE_ON_ipopts: {
        uint32_t bits = v4 ? ip_option_bits(h) : 0;
        return (bits & c->is.set.bits) && !(bits & c->is.set.not_bits);
    }
    default: return false;
    }
}

static bool tcp_condition(const struct decoded *p, const struct rule_condition *c)
{
    if (p->kind != DECODE_TCP)
        return false;
    switch (c->on) {
    case RULE_ON_tcp_flags: return rule_mask_holds(&c->is.mask, p->tcp_flags) != c->negated;
    case RULE_ON_tcp_seq: return number_holds(c, p->tcp_seq);
    case RULE_ON_tcp_ack: return number_holds(c, p->tcp_ack);
    case RULE_ON_tcp_window: return number_holds(c, p->tcp_window);
    case RULE_ON_tcp_mss: return p->tcp_mss && number_holds(c, p->tcp_mss);
    case RULE_ON_tcp_wscale: return p->tcp_wscale && number_holds(c, p->tcp_wscale - 1);
    default: return false;
    }
}

static bool has_echo(uint8_t type, bool v4)
{
    if (!v4)
        return type == 128 || type == 129;
    return type == 0 || type == 8 || (type >= 13 && type <= 18);
}

static bool icmp_condition(
    const struct decoded *p, const struct headers *h, const struct rule_condition *c)
{
    bool v4 = p->kind == DECODE_ICMP;
    if (!v4 && p->kind != DECODE_ICMPV6)
        return false;
    uint8_t type = bytes_at(h->transport, 0);
    unsigned id = (unsigned)bytes_at(h->transport, 4) << 8 | bytes_at(h->transport, 5);
    unsigned seq = (unsigned)bytes_at(h->transport, 6) << 8 | bytes_at(h->transport, 7);
    switch (c->on) {
    case RULE_ON_icmp_type: return number_holds(c, type);
    case RULE_ON_icmp_code: return number_holds(c, bytes_at(h->transport, 1));
    case RULE_ON_icmp_id: return has_echo(type, v4) && number_holds(c, id);
    case RULE_ON_icmp_seq: return has_echo(type, v4) && number_holds(c, seq);
    case RULE_ON_icmpv6_mtu:
        return !v4 && type == 2 && number_holds(c, (int64_t)id << 16 | (int64_t)seq);
    default: return false;
    }
}

static uint32_t sum_of(struct bytes b, uint32_t sum)
{
    struct cursor c = cursor_make(b);
    while (cursor_left(&c) >= 2)
        sum += cursor_u16(&c);
    if (cursor_left(&c))
        sum += (uint32_t)cursor_u8(&c) << 8;
    return sum;
}

static bool sum_is_right(uint32_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum == 0xffff;
}

// Of a transport header: with the pseudo header of its addresses (RFC 9293 section 3.1).
static uint32_t pseudo_sum(const struct decoded *p, const struct headers *h, uint8_t proto)
{
    size_t size = p->ip_version == 4 ? 4 : 16;
    uint32_t sum = sum_of(bytes_make(p->src, size), 0);
    sum = sum_of(bytes_make(p->dst, size), sum);
    return sum + proto + (uint32_t)h->transport.len;
}

static bool checksum_condition(
    const struct decoded *p, const struct headers *h, const struct rule_checksum *c)
{
    static const struct {
        uint8_t version, proto;
        bool pseudo;
    } of[] = {[CSUM_IPV4] = {4, 0, false},
        [CSUM_TCPV4] = {4, PROTO_TCP, true},
        [CSUM_TCPV6] = {6, PROTO_TCP, true},
        [CSUM_UDPV4] = {4, PROTO_UDP, true},
        [CSUM_UDPV6] = {6, PROTO_UDP, true},
        [CSUM_ICMPV4] = {4, PROTO_ICMP, false},
        [CSUM_ICMPV6] = {6, PROTO_ICMPV6, true},
        [CSUM_IGMP] = {4, PROTO_IGMP, false}};
    if (p->ip_version != of[c->of].version || (of[c->of].proto && p->ip_proto != of[c->of].proto))
        return false;
    if (c->of == CSUM_IPV4)
        return sum_is_right(sum_of(bytes_sub(h->ip, 0, h->ip.len - h->transport.len), 0)) ==
               c->valid;
    if (h->transport.len == 0)
        return false;
    bool unused = of[c->of].proto == PROTO_UDP && !bytes_at(h->transport, 6) &&
                  !bytes_at(h->transport, 7); // RFC 768: no checksum was made
    uint32_t pseudo = of[c->of].pseudo ? pseudo_sum(p, h, of[c->of].proto) : 0;
    return (unused || sum_is_right(sum_of(h->transport, pseudo))) == c->valid;
}

static bool vlan_condition(const struct decoded *p, const struct rule_condition *c)
{
    unsigned layers = 0;
    bool any = false, all = true;
    for (size_t i = 0; i < DECODE_VLANS && p->vlan[i]; i++) {
        bool holds = number_holds(c, p->vlan[i]);
        any |= holds;
        all &= holds;
        layers++;
    }
    if (c->on == RULE_ON_vlan_layers || c->is.number.index == INDEX_COUNT)
        return number_holds(c, layers);
    if (c->is.number.index == INDEX_AT) {
        int64_t at = c->is.number.at < 0 ? (int64_t)layers + c->is.number.at : c->is.number.at;
        return at >= 0 && at < (int64_t)layers && number_holds(c, p->vlan[at]);
    }
    return layers && (c->is.number.index == INDEX_ALL ? all : any);
}

// A call of ONC RPC (RFC 5531): program, version, procedure.
static bool rpc_condition(const struct decoded *p, const struct rule_rpc *rpc)
{
    struct cursor c = cursor_make(bytes_make(p->payload, p->payload_len));
    if (p->kind == DECODE_TCP)
        cursor_skip(&c, 4);
    cursor_skip(&c, 4);
    bool call = cursor_u32(&c) == 0 && cursor_u32(&c) == 2;
    uint32_t program = cursor_u32(&c), version = cursor_u32(&c), procedure = cursor_u32(&c);
    return call && cursor_ok(&c) && rpc->program == program &&
           (rpc->version < 0 || rpc->version == version) &&
           (rpc->procedure < 0 || rpc->procedure == procedure);
}

bool rule_packet_condition(const struct inspection *in, const struct rule_condition *c)
{
    const struct decoded *p = in->packet;
    struct headers h = headers_of(p);
    switch (c->on) {
    case RULE_ON_ttl:
    case RULE_ON_tos:
    case RULE_ON_id:
    case RULE_ON_ip_proto:
    case RULE_ON_fragbits:
    case RULE_ON_fragoffset:
    case RULE_ON_ipopts: return ip_condition(p, &h, c);
    case RULE_ON_icmp_type:
    case RULE_ON_icmp_code:
    case RULE_ON_icmp_id:
    case RULE_ON_icmp_seq:
    case RULE_ON_icmpv6_mtu: return icmp_condition(p, &h, c);
    case RULE_ON_igmp_type:
        return p->ip_proto == PROTO_IGMP && number_holds(c, bytes_at(h.transport, 0));
    case RULE_ON_vlan_id:
    case RULE_ON_vlan_layers: return vlan_condition(p, c);
    case RULE_ON_checksum: return checksum_condition(p, &h, &c->is.checksum);
    case RULE_ON_dsize: // != wants a payload, too
        return (p->payload_wire_len || c->is.number.number.compare != RULE_NE) &&
               number_holds(c, p->payload_wire_len);
    case RULE_ON_rpc: return rpc_condition(p, &c->is.rpc);
    default: return tcp_condition(p, c);
    }
}
