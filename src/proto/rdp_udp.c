// SPDX-License-Identifier: Apache-2.0
// Remote Desktop over UDP (MS-RDPEUDP section 2.2): the handshake. SYN and SYN+ACK datagrams name
// the largest datagrams and the versions spoken; what follows is DTLS or TLS inside and is only
// counted.
#include "proto/rdp.h"
#include "proto/text_out.h"

enum {
    FLAG_SYN = 1,
    FLAG_ACK = 4,
    FLAG_SYNLOSSY = 0x200,
    FLAG_CORRELATION = 0x800,
    FLAG_SYNEX = 0x1000,
    FLAGS_KNOWN = 0x1fff,
    MTU_LEAST = 1132,
    MTU_MOST = 1232,
};

struct hello {
    uint16_t flags, up, down;
};

static bool read_hello(struct cursor *in, struct hello *hello)
{
    uint32_t acknowledged = cursor_u32(in);
    cursor_skip(in, 2); // window
    hello->flags = cursor_u16(in);
    cursor_skip(in, 4); // sequence number
    hello->up = cursor_u16(in);
    hello->down = cursor_u16(in);
    bool answer = hello->flags & FLAG_ACK;
    return cursor_ok(in) && (hello->flags & FLAG_SYN) && !(hello->flags & ~FLAGS_KNOWN) &&
           (answer || acknowledged == 0xffff'ffff) && hello->up >= MTU_LEAST &&
           hello->up <= MTU_MOST && hello->down >= MTU_LEAST && hello->down <= MTU_MOST;
}

// The handshake was not seen: acknowledgement and data, whose sequence numbers are still the same,
// with a handshake of TLS or DTLS in it.
static bool is_first_data(struct cursor in)
{
    enum { ACK_AND_DATA = 0xc, VECTOR_MOST = 2048, HANDSHAKE = 0x16 };
    cursor_skip(&in, 6);
    if (cursor_u16(&in) != ACK_AND_DATA)
        return false;
    size_t vector = cursor_u16(&in);
    cursor_skip(&in, vector > VECTOR_MOST ? SIZE_MAX : vector + (4 - (vector + 2) % 4) % 4);
    uint32_t coded = cursor_u32(&in), start = cursor_u32(&in);
    uint8_t type = cursor_u8(&in), major = cursor_u8(&in);
    uint8_t minor = cursor_u8(&in);
    bool tls = major == 3 && minor <= 4, dtls = major == 0xfe && minor >= 0xfd;
    return cursor_ok(&in) && coded == start && type == HANDSHAKE && (tls || dtls);
}

enum proto_probe rdp_udp_probe(struct bytes datagram)
{
    struct hello hello;
    struct cursor in = cursor_make(datagram);
    if (is_first_data(in))
        return PROBE_EITHER;
    if (datagram.len < MTU_LEAST || !read_hello(&in, &hello)) // a SYN is filled up
        return PROBE_NO;
    return hello.flags & FLAG_ACK ? PROBE_SERVER : PROBE_CLIENT;
}

static struct bytes version_name(uint16_t version, struct text_out *out)
{
    uint8_t raw[2] = {(uint8_t)(version >> 8), (uint8_t)version};
    if (version == 1 || version == 2)
        text_out_u64(out, version);
    else if (version == 0x101)
        text_out_char(out, '3');
    else
        text_out_hex(out, bytes_make(raw, 2));
    return text_out_bytes(out);
}

enum proto_verdict rdp_udp_parse(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    char text[8];
    struct text_out out = TEXT_OUT(text);
    struct hello hello;
    (void)side;
    if (!read_hello(in, &hello))
        return PROTO_MORE;
    bool answer = hello.flags & FLAG_ACK;
    struct record_rdp record = {
        .tx_id = pf->tx_count,
        .event_type = answer ? BYTES("udp_response") : BYTES("udp_request"),
        .udp_lossy = hello.flags & FLAG_SYNLOSSY,
        .has_upstream_mtu = true,
        .upstream_mtu = hello.up,
        .has_downstream_mtu = true,
        .downstream_mtu = hello.down,
    };
    if (hello.flags & FLAG_CORRELATION)
        cursor_skip(in, 32);
    if (hello.flags & FLAG_SYNEX) {
        uint16_t valid = cursor_u16(in), version = cursor_u16(in);
        if (cursor_ok(in) && (valid & 1))
            record.udp_version = version_name(version, &out);
    }
    proto_emit(pf, RECORD_RDP, &record, pf->tx_count++);
    return answer ? PROTO_DONE : PROTO_MORE;
}
