// SPDX-License-Identifier: Apache-2.0
// The handshake of BitTorrent's peer protocol (BEP 3): one bittorrent record a connection, with the
// torrent and both peers' ids (Azureus style: BEP 20). What follows is not read; encrypted
// connections have no mark.
#include "proto/proto.h"
#include "proto/text_out.h"

enum { HANDSHAKE_BYTES = 68, NAME_BYTES = 20, ID_BYTES = 20 };

struct bittorrent_flow {
    bool seen[2];
    bool emitted;
    struct record_bittorrent record;
};

static enum proto_probe bittorrent_probe(const struct proto_first *first)
{
    struct bytes name = BYTES("\x13"
                              "BitTorrent protocol");
    struct bytes data = bytes_sub(first->data, 0, NAME_BYTES);
    if (data.len == 0 || !bytes_start_with(name, data))
        return PROBE_NO;
    return data.len < NAME_BYTES ? PROBE_MORE : PROBE_EITHER;
}

// "-UT3450-": two letters and four digits.
static struct bytes software(struct arena *arena, struct bytes id)
{
    char room[16];
    struct text_out out = TEXT_OUT(room);
    if (bytes_at(id, 0) != '-' || bytes_at(id, 7) != '-' || !proto_is_text(bytes_sub(id, 0, 8)))
        return (struct bytes){NULL, 0};
    text_out_put(&out, bytes_sub(id, 1, 2));
    for (size_t i = 3; i < 7; i++) {
        text_out_char(&out, i == 3 ? ' ' : '.');
        text_out_char(&out, (char)id.data[i]);
    }
    return text_out_keep(&out, arena);
}

// Bytes that do not print as %xx, as trackers have them.
static struct bytes id_text(struct arena *arena, struct bytes id)
{
    char room[3 * ID_BYTES];
    struct text_out out = TEXT_OUT(room);
    for (size_t i = 0; i < id.len; i++) {
        if (id.data[i] > 32 && id.data[i] < 127 && id.data[i] != '%') {
            text_out_char(&out, (char)id.data[i]);
            continue;
        }
        text_out_char(&out, '%');
        text_out_hex(&out, bytes_sub(id, i, 1));
    }
    return text_out_keep(&out, arena);
}

static void emit(struct proto_flow *pf)
{
    struct bittorrent_flow *bt = pf->state;
    if (!bt->emitted && (bt->seen[0] || bt->seen[1]))
        proto_emit(pf, RECORD_BITTORRENT, &bt->record, pf->tx_count++);
    bt->emitted = true;
}

static enum proto_verdict bittorrent_parse(
    struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct bittorrent_flow *bt = pf->state;
    struct record_bittorrent *r = &bt->record;
    if (bt->seen[side]) {
        cursor_skip(in, cursor_left(in));
        return PROTO_MORE;
    }
    if (cursor_left(in) < HANDSHAKE_BYTES) {
        pf->need[side] = HANDSHAKE_BYTES;
        return PROTO_MORE;
    }
    cursor_skip(in, NAME_BYTES);
    struct bytes extensions = cursor_take(in, 8);
    r->info_hash = arena_copy(&pf->arena, cursor_take(in, 20));
    struct bytes id = cursor_take(in, ID_BYTES);
    bt->seen[side] = true;
    if (side == FLOW_CLIENT) {
        r->extensions = arena_copy(&pf->arena, extensions);
        r->client_peer_id = id_text(&pf->arena, id);
        r->client_software = software(&pf->arena, id);
    } else {
        r->server_peer_id = id_text(&pf->arena, id);
        r->server_software = software(&pf->arena, id);
    }
    if (!bt->seen[flow_other(side)])
        return PROTO_MORE;
    emit(pf);
    return PROTO_DONE;
}

static void bittorrent_finish(struct proto_flow *pf)
{
    emit(pf);
}

const struct proto proto_bittorrent = {
    .name = "bittorrent",
    .carriers = OVER_TCP,
    .state_bytes = sizeof(struct bittorrent_flow),
    .budget_bytes = 4096,
    .buffer_bytes = 4096,
    .probe = bittorrent_probe,
    .parse = bittorrent_parse,
    .finish = bittorrent_finish,
};
