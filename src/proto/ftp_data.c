// SPDX-License-Identifier: Apache-2.0
// A data channel of FTP (RFC 959 section 3.3), as its control connection announced it: one ftp_data
// record, and what RETR, STOR, STOU and APPE carry as a file. Listings are no files. Stream mode
// only: what block and compressed mode carry is kept as it is.
#include "proto/proto.h"

struct ftp_data_flow {
    struct proto_file *file;
    enum flow_side sender;
    bool begun, lost;
    uint64_t size;
};

// Nothing in the bytes tells: only proto_expect() brings flows here.
static enum proto_probe ftp_data_probe(const struct proto_first *first)
{
    (void)first;
    return PROBE_NO;
}

static void split_note(struct bytes note, struct bytes *command, struct bytes *name)
{
    size_t space = bytes_find_byte(note, ' ');
    *command = bytes_sub(note, 0, space);
    *name = space == BYTES_NOT_FOUND ? (struct bytes){NULL, 0} : bytes_from(note, space + 1);
}

static void data_begin(struct proto_flow *pf, enum flow_side side)
{
    struct ftp_data_flow *data = pf->state;
    struct bytes command, name;
    if (data->begun)
        return;
    data->begun = true;
    data->sender = side;
    split_note(pf->note, &command, &name);
    if (name.data)
        data->file = proto_file_open(pf, side, name, pf->tx_count);
}

static enum proto_verdict ftp_data_parse(
    struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct ftp_data_flow *data = pf->state;
    size_t left = cursor_left(in);
    if (left == 0)
        return PROTO_MORE;
    data_begin(pf, side);
    struct bytes bytes = cursor_take(in, left);
    if (side != data->sender)
        return PROTO_MORE;
    data->size += bytes.len;
    proto_file_data(pf, data->file, bytes);
    return PROTO_MORE;
}

static enum proto_verdict ftp_data_gap(struct proto_flow *pf, enum flow_side side, size_t lost)
{
    struct ftp_data_flow *data = pf->state;
    if (data->begun && side == data->sender) {
        proto_file_gap(pf, data->file, lost);
        data->lost = true;
    }
    return PROTO_MORE;
}

static struct record_ftp_data data_record(struct proto_flow *pf)
{
    const struct ftp_data_flow *data = pf->state;
    struct record_ftp_data record = {.size = data->size};
    split_note(pf->note, &record.command, &record.filename);
    record.complete = pf->ended[data->sender] && !data->lost;
    return record;
}

static const void *ftp_data_draft(struct proto_flow *pf, uint64_t tx_id, enum record_type *type)
{
    (void)tx_id; // there is but one
    struct record_ftp_data *record = pf->note.len ? arena_alloc(&pf->arena, sizeof *record) : NULL;
    *type = RECORD_FTP_DATA;
    if (record)
        *record = data_record(pf);
    return record;
}

static void ftp_data_finish(struct proto_flow *pf)
{
    struct ftp_data_flow *data = pf->state;
    struct record_ftp_data record = data_record(pf);
    if (!data->begun)
        return;
    bool complete = pf->ended[data->sender];
    pf->speaker = data->sender;
    if (record.command.len)
        proto_emit(pf, RECORD_FTP_DATA, &record, pf->tx_count);
    proto_file_close(pf, data->file, complete);
    pf->tx_count++;
}

const struct proto proto_ftp_data = {
    .name = "ftp-data",
    .carriers = OVER_TCP,
    .state_bytes = sizeof(struct ftp_data_flow),
    .budget_bytes = 4096,
    .probe = ftp_data_probe,
    .parse = ftp_data_parse,
    .gap = ftp_data_gap,
    .finish = ftp_data_finish,
    .draft = ftp_data_draft,
};
