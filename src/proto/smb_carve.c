// SPDX-License-Identifier: Apache-2.0
// Files that cross in reads and writes, which may come in any order: put in order within a window,
// and handed on. What is moved once more is not looked at again; where a file that is being
// written changes so, what was carved is not the file, and it is not called complete.
#include "proto/smb.h"

static void begin(struct proto_flow *pf, struct smb_handle *h, enum flow_side side)
{
    struct smb_carve *c = &h->carve[side];
    c->begun = true;
    c->tx_id = pf->tx_count++;
    c->id = c->tx_id + 1;
    c->time_us = pf->time_us;
    c->file = proto_file_open(pf, side, h->name, c->tx_id);
}

static void piece_free(struct smb_flow *smb, struct smb_carve *c, struct smb_piece *p)
{
    c->pieces = p->next;
    c->piece_count--;
    smb->waiting -= p->room;
    struct arena arena = p->arena; // it lies in what it gives back
    arena_reset(&arena);
}

// Bytes at c->next.
static void pass(struct proto_flow *pf, struct smb_carve *c, struct bytes data)
{
    proto_file_data(pf, c->file, data);
    c->next += data.len;
}

static void pass_gap(struct proto_flow *pf, struct smb_carve *c, uint64_t until)
{
    c->holes = true;
    proto_file_gap(pf, c->file, until - c->next);
    c->next = until;
}

// Pass on the pieces whose turn it is.
static void drain(struct proto_flow *pf, struct smb_carve *c)
{
    while (c->pieces && c->pieces->offset <= c->next) {
        struct smb_piece *p = c->pieces;
        uint64_t known = c->next - p->offset;
        if (known < p->len)
            pass(pf, c, bytes_from(bytes_make(p->data, p->len), known));
        piece_free(smb_flow(pf), c, p);
    }
}

static struct smb_piece *piece_new(struct proto_flow *pf, size_t room)
{
    struct arena arena;
    arena_init(&arena, pf->arena.pool, room + 4 * sizeof(struct smb_piece) + 1024);
    struct smb_piece *p = arena_zalloc(&arena, sizeof *p);
    uint8_t *data = p ? arena_alloc(&arena, room) : NULL;
    if (!data) {
        arena_reset(&arena);
        proto_anomaly(pf, ANOMALY_SMB_OUT_OF_BUDGET);
        return NULL;
    }
    p->arena = arena;
    p->data = data;
    p->room = room;
    return p;
}

// Keep bytes that come before their turn; `more` bytes behind them are on their way. False: the
// window is full.
static bool wait(
    struct proto_flow *pf, struct smb_carve *c, uint64_t offset, struct bytes data, size_t more)
{
    struct smb_piece **at = &c->pieces, *last = NULL;
    while (*at && (*at)->offset <= offset) {
        last = *at;
        at = &last->next;
    }
    if (last && last->offset + last->len == offset && data.len <= last->room - last->len) {
        memcpy(&last->data[last->len], data.data, data.len);
        last->len += data.len;
        return true;
    }
    struct smb_flow *smb = smb_flow(pf);
    size_t room = data.len + more;
    if (c->piece_count == SMB_WINDOW_PIECES || room > SMB_WINDOW_BYTES - smb->waiting)
        return false;
    struct smb_piece *p = piece_new(pf, room);
    if (!p)
        return false;
    memcpy(p->data, data.data, data.len);
    p->offset = offset;
    p->len = data.len;
    p->next = *at;
    *at = p;
    c->piece_count++;
    smb->waiting += room;
    return true;
}

// The last byte that was there to be read was. What is written meanwhile changes where that is.
static bool read_whole(const struct smb_handle *h)
{
    return h->size_known && h->size > 0 && !h->carve[FLOW_CLIENT].begun &&
           h->carve[FLOW_SERVER].next >= h->size;
}

// The file's direction is over: what waits goes out with gaps, and the records.
static void finish(struct proto_flow *pf, struct smb_handle *h, enum flow_side side, bool closed)
{
    struct smb_carve *c = &h->carve[side];
    while (c->pieces) {
        if (c->pieces->offset > c->next)
            pass_gap(pf, c, c->pieces->offset);
        drain(pf, c);
    }
    bool whole = side == FLOW_CLIENT ? closed : read_whole(h);
    c->over = true;
    smb_record_carve(pf, h, side);
    proto_file_close(pf, c->file, whole && !c->holes && !c->repeated);
    c->file = NULL;
}

void smb_carve_data(struct proto_flow *pf, struct smb_handle *h, enum flow_side side,
    uint64_t offset, struct bytes data, size_t more)
{
    struct smb_carve *c = &h->carve[side];
    if (!c->begun)
        begin(pf, h, side);
    c->bytes += data.len;
    if (c->over || data.len == 0 || offset > UINT64_MAX / 2)
        return;
    if (offset < c->next) {
        c->repeated |= side == FLOW_CLIENT;
        uint64_t known = c->next - offset;
        if (known >= data.len)
            return;
        data = bytes_from(data, known);
        offset = c->next;
    }
    while (offset > c->next) {
        if (wait(pf, c, offset, data, more))
            return;
        proto_anomaly(pf, ANOMALY_SMB_WRITE_QUEUE_EXCEEDED);
        pass_gap(pf, c, c->pieces && c->pieces->offset < offset ? c->pieces->offset : offset);
        drain(pf, c);
    }
    if (offset < c->next) { // what was drained ends inside
        uint64_t known = c->next - offset;
        data = known < data.len ? bytes_from(data, known) : (struct bytes){NULL, 0};
    }
    pass(pf, c, data);
    drain(pf, c);
    if (side == FLOW_SERVER && read_whole(h))
        finish(pf, h, side, false);
}

void smb_carve_gap(
    struct proto_flow *pf, struct smb_handle *h, enum flow_side side, uint64_t offset, size_t lost)
{
    struct smb_carve *c = &h->carve[side];
    if (!c->begun)
        begin(pf, h, side);
    if (c->over || offset > UINT64_MAX / 2)
        return;
    if (offset <= c->next && offset + lost > c->next) {
        pass_gap(pf, c, offset + lost);
        drain(pf, c);
    }
    c->holes = true;
}

void smb_carve_end(struct proto_flow *pf, struct smb_handle *h, enum flow_side side, bool closed)
{
    if (h->carve[side].begun && !h->carve[side].over)
        finish(pf, h, side, closed);
}
