// SPDX-License-Identifier: Apache-2.0
// SSH up to its encryption: banners (RFC 4253 section 4.2) and key exchange offers (section 7.1).
// Emits one ssh record a connection, when both sides have switched to encryption or the flow ends:
// banners, HASSH (MD5 of the key exchange, cipher, MAC and compression lists joined by ";", the
// client's to the server, the server's to the client) and what is agreed on. SSH-1 is recognised by
// its banner only. Limits: SSH_PACKET_BYTES, SSH_LINES_MAX lines before a banner, SSH_NAMES_MAX
// names looked at in a list. The host key and key exchange methods' own messages are not read.
#include "base/hash.h"
#include "proto/proto.h"

enum {
    SSH_BANNER_BYTES = 255,
    SSH_PACKET_BYTES = 35000, // RFC 4253 section 6.1
    SSH_HEAD_BYTES = 6,       // length, padding's length, type of message
    SSH_LINES_MAX = 1024,     // as many as OpenSSH bears
    SSH_NAMES_MAX = 256,
    SSH_KEXINIT = 20,
    SSH_NEWKEYS = 21,
};

// The name lists of a key exchange offer, in their order.
enum list { KEX, HOST_KEY, CIPHER_TS, CIPHER_TC, MAC_TS, MAC_TC, COMP_TS, COMP_TC, LISTS };

enum phase { BANNER, PACKETS, ENCRYPTED };

struct peer {
    enum phase phase;
    uint16_t lines; // before the banner
    bool offered;   // lists are filled
    struct bytes banner;
    struct bytes lists[LISTS];
};

struct ssh_state {
    struct peer peers[2];
    bool old; // one side speaks SSH-1, whose packets have another form
};

static enum proto_probe ssh_probe(const struct proto_first *first)
{
    static const struct bytes tag = {(const uint8_t *)"SSH-", 4};
    static const struct bytes later = {(const uint8_t *)"\nSSH-", 5};
    if (first->data.len < tag.len)
        return bytes_start_with(tag, first->data) ? PROBE_MORE : PROBE_NO;
    if (bytes_start_with(first->data, tag))
        return PROBE_EITHER;
    // Only a server may say something before.
    struct bytes begin = bytes_sub(first->data, 0, 1024);
    return proto_is_text(begin) && bytes_find(begin, later) != BYTES_NOT_FOUND ? PROBE_SERVER
                                                                               : PROBE_NO;
}

// SSH-protoversion-softwareversion SP comments
static bool banner_split(struct bytes banner, struct record_ssh_peer *peer)
{
    struct bytes rest = bytes_from(banner, 4);
    size_t dash = bytes_find_byte(rest, '-');
    if (dash == BYTES_NOT_FOUND)
        return false;
    peer->proto_version = bytes_sub(rest, 0, dash);
    rest = bytes_from(rest, dash + 1);
    size_t space = bytes_find_byte(rest, ' ');
    if (space != BYTES_NOT_FOUND)
        peer->comments = bytes_from(rest, space + 1);
    peer->software_version = bytes_sub(rest, 0, space);
    return dash > 0 && peer->software_version.len > 0;
}

static enum flow_side peer_side(const struct ssh_state *state, const struct peer *peer)
{
    return peer == &state->peers[FLOW_CLIENT] ? FLOW_CLIENT : FLOW_SERVER;
}

static enum proto_verdict take_banner(struct proto_flow *pf, struct peer *peer, struct bytes line)
{
    struct ssh_state *state = pf->state;
    struct record_ssh_peer parts = {0};
    size_t zero = bytes_find_byte(line, 0); // "MUST NOT contain the null character"
    if (zero != BYTES_NOT_FOUND)
        proto_anomaly(pf, ANOMALY_SSH_INVALID_BANNER);
    line = bytes_sub(line, 0, zero);
    if (line.len > SSH_BANNER_BYTES - 2)
        proto_anomaly(pf, ANOMALY_SSH_LONG_BANNER);
    peer->banner = arena_copy(&pf->arena, bytes_sub(line, 0, SSH_BANNER_BYTES));
    peer->phase = PACKETS;
    if (!banner_split(peer->banner, &parts)) {
        proto_anomaly(pf, ANOMALY_SSH_INVALID_BANNER);
        return PROTO_DONE;
    }
    proto_show(pf, BUFFER_SSH_PROTO, peer_side(state, peer), 0, parts.proto_version);
    proto_show(pf, BUFFER_SSH_SOFTWARE, peer_side(state, peer), 0, parts.software_version);
    state->old |= bytes_start_with(parts.proto_version, BYTES("1.")) &&
                  !bytes_equal(parts.proto_version, BYTES("1.99"));
    return PROTO_MORE;
}

// Lines until the one that starts with "SSH-".
static enum proto_verdict read_banner(struct proto_flow *pf, struct peer *peer, struct cursor *in)
{
    struct bytes line;
    while (cursor_line(in, &line)) {
        if (bytes_start_with(line, BYTES("SSH-")))
            return take_banner(pf, peer, line);
        if (++peer->lines > SSH_LINES_MAX) {
            proto_anomaly(pf, ANOMALY_SSH_INVALID_BANNER);
            return PROTO_DONE;
        }
    }
    struct bytes rest = cursor_rest(in);
    if (rest.len <= SSH_BANNER_BYTES)
        return PROTO_MORE;
    // A line this long is no banner any more; or the banner was missed and these are packets.
    proto_anomaly(pf, ANOMALY_SSH_LONG_BANNER);
    if (!bytes_start_with(rest, BYTES("SSH-")))
        return PROTO_DONE;
    peer->banner = arena_copy(&pf->arena, bytes_sub(rest, 0, SSH_BANNER_BYTES));
    return PROTO_DONE;
}

static struct bytes hassh_string(
    struct proto_flow *pf, const struct peer *peer, enum flow_side side);

static void show_offer(struct proto_flow *pf, const struct peer *peer)
{
    static const char digits[] = "0123456789abcdef";
    enum flow_side side = peer_side(pf->state, peer);
    bool client = side == FLOW_CLIENT;
    uint8_t digest[MD5_BYTES];
    char text[2 * MD5_BYTES];
    if (!pf->watch)
        return;
    struct bytes string = hassh_string(pf, peer, side);
    hash_md5(string, digest);
    for (size_t i = 0; i < MD5_BYTES; i++) {
        text[2 * i] = digits[digest[i] >> 4];
        text[2 * i + 1] = digits[digest[i] & 15];
    }
    proto_show(pf, client ? BUFFER_SSH_HASSH : BUFFER_SSH_HASSH_SERVER, side, 0,
        bytes_make(text, sizeof text));
    proto_show(
        pf, client ? BUFFER_SSH_HASSH_STRING : BUFFER_SSH_HASSH_SERVER_STRING, side, 0, string);
    proto_show_done(pf, side, 0);
}

static void read_offer(struct proto_flow *pf, struct peer *peer, struct cursor packet)
{
    struct bytes lists[LISTS];
    cursor_skip(&packet, 16); // cookie
    for (size_t i = 0; i < LISTS; i++)
        lists[i] = cursor_take(&packet, cursor_u32(&packet));
    if (!cursor_ok(&packet)) {
        proto_anomaly(pf, ANOMALY_SSH_BAD_NAME_LIST);
        return;
    }
    peer->offered = true;
    for (size_t i = 0; i < LISTS; i++)
        peer->lists[i] = arena_copy(&pf->arena, lists[i]);
    show_offer(pf, peer);
}

static enum proto_verdict read_packets(
    struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct ssh_state *state = pf->state;
    struct peer *peer = &state->peers[side];
    while (cursor_left(in) >= SSH_HEAD_BYTES && peer->phase == PACKETS) {
        struct cursor ahead = *in;
        uint32_t length = cursor_u32(&ahead);
        if (length < 2 || length > SSH_PACKET_BYTES) {
            proto_anomaly(
                pf, peer->offered ? ANOMALY_SSH_INVALID_RECORD : ANOMALY_SSH_LONG_KEX_RECORD);
            return PROTO_DONE;
        }
        if (cursor_left(&ahead) < length) {
            pf->need[side] = 4U + length;
            return PROTO_MORE;
        }
        struct cursor packet = cursor_sub(&ahead, length);
        proto_frames(pf, FRAME_SSH_RECORD_PDU, side, cursor_rest(in), SSH_HEAD_BYTES,
            4 + (int64_t)length, 0);
        cursor_skip(&packet, 1); // length of the padding at the end
        uint8_t type = cursor_u8(&packet);
        if (type == SSH_KEXINIT && !peer->offered)
            read_offer(pf, peer, packet);
        else if (!peer->offered && bytes_start_with(peer->banner, BYTES("SSH-1.99-")))
            state->old = true, peer->phase = ENCRYPTED; // could speak both and spoke SSH-1
        else if (type == SSH_NEWKEYS)
            peer->phase = ENCRYPTED;
        *in = ahead;
    }
    return PROTO_MORE;
}

static enum proto_verdict ssh_parse(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct ssh_state *state = pf->state;
    struct peer *peer = &state->peers[side];
    enum proto_verdict verdict = PROTO_MORE;
    if (peer->phase == BANNER)
        verdict = read_banner(pf, peer, in);
    if (state->old && peer->phase == PACKETS)
        peer->phase = ENCRYPTED; // as good as
    if (verdict == PROTO_MORE && peer->phase == PACKETS)
        verdict = read_packets(pf, side, in);
    if (peer->phase == ENCRYPTED)
        cursor_skip(in, cursor_left(in));
    bool both = state->peers[0].phase == ENCRYPTED && state->peers[1].phase == ENCRYPTED;
    return both ? PROTO_DONE : verdict;
}

// What is missing can't be found again: packets have no mark. The offer may be known already.
static enum proto_verdict ssh_gap(struct proto_flow *pf, enum flow_side side, size_t lost)
{
    struct ssh_state *state = pf->state;
    (void)lost;
    if (!state->peers[side].offered)
        return PROTO_DONE;
    state->peers[side].phase = ENCRYPTED;
    return PROTO_MORE;
}

static struct bytes next_name(struct bytes *list)
{
    size_t comma = bytes_find_byte(*list, ',');
    struct bytes name = bytes_sub(*list, 0, comma);
    *list = comma == BYTES_NOT_FOUND ? (struct bytes){NULL, 0} : bytes_from(*list, comma + 1);
    return name;
}

static bool list_has(struct bytes list, struct bytes name)
{
    for (size_t i = 0; list.len && i < SSH_NAMES_MAX; i++)
        if (bytes_equal(next_name(&list), name))
            return true;
    return false;
}

// The client's first choice that the server has, too (RFC 4253 section 7.1).
static struct bytes agreed(const struct ssh_state *state, enum list which)
{
    struct bytes wanted = state->peers[FLOW_CLIENT].lists[which];
    for (size_t i = 0; wanted.len && i < SSH_NAMES_MAX; i++) {
        struct bytes name = next_name(&wanted);
        if (name.len && list_has(state->peers[FLOW_SERVER].lists[which], name))
            return name;
    }
    return (struct bytes){NULL, 0};
}

static bool cipher_has_mac(struct bytes cipher)
{
    return bytes_find(cipher, BYTES("-gcm")) != BYTES_NOT_FOUND ||
           bytes_find(cipher, BYTES("poly1305")) != BYTES_NOT_FOUND;
}

static void fill_agreed(const struct ssh_state *state, struct record_ssh *ssh)
{
    if (!state->peers[0].offered || !state->peers[1].offered)
        return;
    ssh->kex_alg = agreed(state, KEX);
    ssh->host_key_alg = agreed(state, HOST_KEY);
    ssh->cipher_ts = agreed(state, CIPHER_TS);
    ssh->cipher_tc = agreed(state, CIPHER_TC);
    if (!cipher_has_mac(ssh->cipher_ts))
        ssh->mac_ts = agreed(state, MAC_TS);
    if (!cipher_has_mac(ssh->cipher_tc))
        ssh->mac_tc = agreed(state, MAC_TC);
    ssh->compression_ts = agreed(state, COMP_TS);
    ssh->compression_tc = agreed(state, COMP_TC);
}

// Join the four lists of one direction by ";" in the arena.
static struct bytes hassh_string(
    struct proto_flow *pf, const struct peer *peer, enum flow_side side)
{
    size_t parts[] = {KEX, CIPHER_TS + (size_t)side, MAC_TS + (size_t)side, COMP_TS + (size_t)side};
    size_t len = 3, at = 0;
    for (size_t i = 0; i < 4; i++)
        len += peer->lists[parts[i]].len;
    uint8_t *text = arena_alloc(&pf->arena, len);
    if (!text)
        return (struct bytes){NULL, 0};
    for (size_t i = 0; i < 4; i++) {
        struct bytes list = peer->lists[parts[i]];
        if (i)
            text[at++] = ';';
        if (list.len)
            memcpy(&text[at], list.data, list.len);
        at += list.len;
    }
    return (struct bytes){text, len};
}

static void fill_peer(struct proto_flow *pf, enum flow_side side, struct record_ssh_peer *out)
{
    const struct ssh_state *state = pf->state;
    const struct peer *peer = &state->peers[side];
    if (peer->banner.data)
        banner_split(peer->banner, out);
    if (!peer->offered)
        return;
    struct bytes string = hassh_string(pf, peer, side);
    uint8_t *digest = arena_alloc(&pf->arena, MD5_BYTES);
    if (!string.data || !digest)
        return;
    hash_md5(string, digest);
    out->hassh.string = string;
    out->hassh.hash = bytes_make(digest, MD5_BYTES);
}

// False: nothing is known.
static bool fill(struct proto_flow *pf, struct record_ssh *ssh)
{
    const struct ssh_state *state = pf->state;
    if (!state->peers[0].banner.data && !state->peers[1].banner.data)
        return false;
    fill_peer(pf, FLOW_CLIENT, &ssh->client);
    fill_peer(pf, FLOW_SERVER, &ssh->server);
    fill_agreed(state, ssh);
    ssh->encrypted = state->peers[0].phase == ENCRYPTED && state->peers[1].phase == ENCRYPTED;
    return true;
}

static const void *ssh_draft(struct proto_flow *pf, uint64_t tx_id, enum record_type *type)
{
    struct record_ssh *ssh = tx_id == 0 ? arena_zalloc(&pf->arena, sizeof *ssh) : NULL;
    *type = RECORD_SSH;
    return ssh && fill(pf, ssh) ? ssh : NULL;
}

static void ssh_finish(struct proto_flow *pf)
{
    struct record_ssh ssh = {0};
    if (fill(pf, &ssh))
        proto_emit(pf, RECORD_SSH, &ssh, pf->tx_count++);
}

const struct proto proto_ssh = {
    .name = "ssh",
    .carriers = OVER_TCP,
    .state_bytes = sizeof(struct ssh_state),
    .budget_bytes = 192 * 1024,
    .buffer_bytes = SSH_PACKET_BYTES + 4,
    .probe = ssh_probe,
    .parse = ssh_parse,
    .gap = ssh_gap,
    .finish = ssh_finish,
    .draft = ssh_draft,
};
