// SPDX-License-Identifier: Apache-2.0
// Session descriptions (RFC 8866) in SIP bodies, alone or as a part of several (RFC 5621). Lines
// are taken as they stand; those of a stream follow its m= line. A k= line holds a key: it is said
// that there is one.
#include "proto/sip.h"

// The part of a body that is a session description: it begins with its version.
static struct bytes find_sdp(const struct sip_message *m, struct bytes body)
{
    struct bytes type = m->record.content_type;
    if (bytes_start_with_nocase(type, BYTES("application/sdp")))
        return body;
    if (!bytes_start_with_nocase(type, BYTES("multipart/")))
        return (struct bytes){NULL, 0};
    size_t at = bytes_find(body, BYTES("\nv=0"));
    if (at == BYTES_NOT_FOUND)
        return (struct bytes){NULL, 0};
    body = bytes_from(body, at + 1);
    return bytes_sub(body, 0, bytes_find(body, BYTES("\n--")));
}

static bool add(struct sip_message *m, struct bytes *pool, size_t *count, struct bytes value)
{
    if (*count == SDP_LINES_MAX) {
        m->sdp_too_long = true;
        return false;
    }
    pool[(*count)++] = value;
    return true;
}

static void add_attribute(
    struct sip_message *m, const struct bytes **list, size_t *count, struct bytes value)
{
    if (*count == 0)
        *list = &m->attributes[m->attribute_count < SDP_LINES_MAX ? m->attribute_count : 0];
    *count += add(m, m->attributes, &m->attribute_count, value);
}

static void add_bandwidth(
    struct sip_message *m, const struct bytes **list, size_t *count, struct bytes value)
{
    if (*count == 0)
        *list = &m->bandwidths[m->bandwidth_count < SDP_LINES_MAX ? m->bandwidth_count : 0];
    *count += add(m, m->bandwidths, &m->bandwidth_count, value);
}

static void media_line(
    struct sip_message *m, struct record_sdp_media *media, uint8_t kind, struct bytes value)
{
    switch (kind) {
    case 'i': media->media_info = value; break;
    case 'c': media->connection_data = value; break;
    case 'a': add_attribute(m, &media->attributes, &media->attributes_count, value); break;
    case 'b': add_bandwidth(m, &media->bandwidths, &media->bandwidths_count, value); break;
    default: break;
    }
}

static void begin_media(struct sip_message *m, struct record_sdp *sdp, struct bytes value)
{
    if (sdp->media_descriptions_count == SDP_MEDIA_MAX) {
        m->sdp_too_long = true;
        return;
    }
    m->media[sdp->media_descriptions_count++].media = value;
    sdp->media_descriptions = m->media;
}

static void begin_time(struct sip_message *m, struct record_sdp *sdp, struct bytes value)
{
    if (sdp->time_descriptions_count == SDP_TIMES_MAX) {
        m->sdp_too_long = true;
        return;
    }
    m->times[sdp->time_descriptions_count++].time = value;
    sdp->time_descriptions = m->times;
}

static void session_line(
    struct sip_message *m, struct record_sdp *sdp, uint8_t kind, struct bytes value)
{
    switch (kind) {
    case 'o': sdp->origin = value; break;
    case 's': sdp->session_name = value; break;
    case 'i': sdp->session_info = value; break;
    case 'u': sdp->uri = value; break;
    case 'e': sdp->email = value; break;
    case 'p': sdp->phone_number = value; break;
    case 'c': sdp->connection_data = value; break;
    case 'z': sdp->timezone = value; break;
    case 'k': sdp->encryption_key_given = true; break;
    case 'a': add_attribute(m, &sdp->attributes, &sdp->attributes_count, value); break;
    case 'b': add_bandwidth(m, &sdp->bandwidths, &sdp->bandwidths_count, value); break;
    case 't': begin_time(m, sdp, value); break;
    case 'r':
        if (sdp->time_descriptions_count > 0)
            m->times[sdp->time_descriptions_count - 1].repeat_time = value;
        break;
    default: break;
    }
}

static void sdp_line(struct sip_message *m, struct bytes line)
{
    struct record_sdp *sdp = &m->record.sdp;
    struct bytes value = bytes_from(line, 2);
    if (line.len < 2 || line.data[1] != '=')
        return;
    if (line.data[0] == 'm')
        begin_media(m, sdp, value);
    else if (sdp->media_descriptions_count > 0)
        media_line(m, &m->media[sdp->media_descriptions_count - 1], line.data[0], value);
    else
        session_line(m, sdp, line.data[0], value);
}

void sip_sdp_read(struct sip_message *m, struct bytes body)
{
    struct cursor in = cursor_make(find_sdp(m, body));
    struct bytes line;
    while (cursor_line(&in, &line))
        sdp_line(m, line);
    if (cursor_left(&in) > 0)
        sdp_line(m, cursor_rest(&in));
}

// "IN IP4 192.0.2.1", of the same host that speaks?
static bool is_here(struct proto_flow *pf, enum flow_side side, struct bytes connection)
{
    struct addr addr, speaker = flow_addr(pf->flow, side);
    size_t space = bytes_find_byte(bytes_from(connection, 3), ' ');
    if (!bytes_start_with(connection, BYTES("IN ")) || space == BYTES_NOT_FOUND)
        return false;
    struct bytes text = bytes_from(connection, 3 + space + 1);
    return addr_parse(bytes_sub(text, 0, bytes_find_byte(text, '/')), &addr) &&
           addr.version == speaker.version && memcmp(addr.bytes, speaker.bytes, 16) == 0;
}

// "audio 49170 RTP/AVP 0": 49170; 0: no RTP, or the stream is refused.
static uint16_t rtp_port(struct bytes media)
{
    size_t space = bytes_find_byte(media, ' ');
    struct bytes rest = bytes_from(media, space == BYTES_NOT_FOUND ? media.len : space + 1);
    size_t end = bytes_find_byte(rest, ' ');
    struct bytes port = bytes_sub(rest, 0, end);
    uint64_t v;
    if (end == BYTES_NOT_FOUND ||
        bytes_find(bytes_from(rest, end), BYTES("RTP/")) == BYTES_NOT_FOUND)
        return 0;
    port = bytes_sub(port, 0, bytes_find_byte(port, '/'));
    return bytes_to_u64(port, &v) && v <= UINT16_MAX ? (uint16_t)v : 0;
}

void sip_sdp_expect(struct proto_flow *pf, enum flow_side side, const struct sip_message *m)
{
    const struct record_sdp *sdp = &m->record.sdp;
    for (size_t i = 0; i < sdp->media_descriptions_count; i++) {
        const struct record_sdp_media *media = &sdp->media_descriptions[i];
        struct bytes where =
            media->connection_data.data ? media->connection_data : sdp->connection_data;
        struct proto_expected expected = {
            .carrier = OVER_UDP,
            .listener = side,
            .port = rtp_port(media->media),
            .proto = &proto_rtp,
            .note = m->record.call_id,
        };
        if (expected.port && is_here(pf, side, where))
            proto_expect(pf, &expected);
    }
}
