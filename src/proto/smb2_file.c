// SPDX-License-Identifier: Apache-2.0
// Commands of SMB2 about files and pipes (MS-SMB2 sections 2.2.13 to 2.2.40): opened, closed, read,
// written, renamed, deleted, listed, control codes. Not looked at: attributes, locks, leases.
#include "proto/smb.h"

enum {
    OPTION_DIRECTORY = 0x0001,
    OPTION_DELETE_ON_CLOSE = 0x1000,
    ATTRIBUTE_DIRECTORY = 0x10,
    FSCTL_PIPE_TRANSCEIVE = 0x0011c017,
    FSCTL_PIPE_WAIT = 0x00110018,
    INFO_FILE = 1,
    FILE_RENAME = 10,
    FILE_DISPOSITION = 13,
    FILE_DISPOSITION_EX = 64,
    FILE_RENAME_EX = 65,
};

// The file a request is about. All ones in a compound: that of the request before.
static void take_fid(
    struct proto_flow *pf, const struct smb2_head *h, struct smb_tx *tx, struct cursor *c)
{
    struct smb_compound *compound = &smb_flow(pf)->side[h->side].compound;
    struct bytes id = cursor_take(c, SMB_FID_BYTES);
    bool before = id.len > 0;
    for (size_t i = 0; i < id.len; i++)
        before &= id.data[i] == 0xff;
    if (before) {
        tx->has_fid = compound->has_fid;
        tx->fid = compound->fid;
        tx->has_create = compound->has_create;
        tx->create_key = compound->create_key;
        return;
    }
    if (id.len == 0)
        return;
    memcpy(tx->fid.bytes, id.data, SMB_FID_BYTES);
    tx->has_fid = compound->has_fid = true;
    compound->fid = tx->fid;
    compound->has_create = false;
}

static struct bytes access_name(bool delete)
{
    return delete ? BYTES("delete on close") : BYTES("normal");
}

static void create_request(struct proto_flow *pf, const struct smb2_head *h, struct smb_tx *tx)
{
    struct cursor c = smb2_body(h);
    cursor_skip(&c, 22);
    tx->access = cursor_u32le(&c);
    cursor_skip(&c, 8);
    uint32_t disposition = cursor_u32le(&c);
    tx->options = cursor_u32le(&c);
    uint16_t at = cursor_u16le(&c), len = cursor_u16le(&c);
    struct bytes name = smb2_buffer(h, at, len);
    if (!cursor_ok(&c) || (len > 0 && !name.data)) {
        proto_anomaly(pf, ANOMALY_SMB_MALFORMED_DATA);
        return;
    }
    struct smb_compound *compound = &smb_flow(pf)->side[h->side].compound;
    compound->has_fid = false;
    compound->has_create = true;
    compound->create_key = h->key;
    tx->name = len > 0 ? smb_text_utf16(pf, &tx->arena, name) : BYTES("<share_root>");
    tx->delete = tx->options & OPTION_DELETE_ON_CLOSE;
    tx->wants_account = true;
    if (!tx->record)
        return;
    tx->record->filename = tx->name;
    tx->record->disposition = smb_disposition_name(disposition);
    tx->record->access = access_name(tx->delete);
    smb_record_about(pf, tx, NULL);
}

static void create_answer(struct proto_flow *pf, const struct smb2_head *h, struct smb_tx *tx)
{
    if (h->status != 0)
        return;
    struct cursor c = smb2_body(h);
    cursor_skip(&c, 2); // lease, flags
    uint32_t action = cursor_u32le(&c);
    int64_t times[4];
    for (int i = 0; i < 4; i++)
        times[i] = smb_time(cursor_u64le(&c));
    cursor_skip(&c, 8); // allocated
    uint64_t size = cursor_u64le(&c);
    uint32_t attributes = cursor_u32le(&c);
    cursor_skip(&c, 4);
    struct bytes id = cursor_take(&c, SMB_FID_BYTES);
    if (!cursor_ok(&c)) {
        proto_anomaly(pf, ANOMALY_SMB_MALFORMED_DATA);
        return;
    }
    if (tx->record) {
        smb_record_times(tx->record, times);
        tx->record->size = size;
        tx->record->has_size = true;
        tx->record->fuid = smb_text_guid(&tx->arena, id);
    }
    struct smb_fid fid;
    memcpy(fid.bytes, id.data, SMB_FID_BYTES);
    struct smb_handle *file = smb_handle_new(pf, tx, &fid);
    if (!file)
        return;
    file->opened = file->size_known = true;
    file->action = action;
    file->size = size;
    file->directory = attributes & ATTRIBUTE_DIRECTORY || tx->options & OPTION_DIRECTORY;
    file->deleted = tx->delete;
    memcpy(file->times, times, sizeof times);
    struct smb_session *session = smb_session_find(smb_flow(pf), tx->session_id);
    if (session)
        session->files_opened++;
}

static void close_request(struct proto_flow *pf, const struct smb2_head *h, struct smb_tx *tx)
{
    struct cursor c = smb2_body(h);
    cursor_skip(&c, 6);
    take_fid(pf, h, tx, &c);
}

static void close_answer(struct proto_flow *pf, const struct smb2_head *h, struct smb_tx *tx)
{
    struct smb_handle *file = h->status == 0 ? smb_handle_of(smb_flow(pf), tx) : NULL;
    if (file)
        smb_handle_close(pf, file, true);
}

// Where its tree connect was not seen, what it is like tells a pipe: it has no times.
static void tell_pipe(struct smb_handle *file, struct bytes first)
{
    bool timeless = file->opened && !file->times[0] && !file->times[1] && !file->times[2];
    if (!file->pipe && !file->share.data)
        file->pipe = timeless || smb_pipe_likely(first);
}

// The file, or, where it was opened before the capture began, a new one without a name.
static struct smb_handle *file_of(struct proto_flow *pf, struct smb_tx *tx, struct bytes first)
{
    struct smb_handle *file = smb_handle_of(smb_flow(pf), tx);
    if (!file && tx->has_fid)
        file = smb_handle_new(pf, tx, &tx->fid);
    if (file)
        tell_pipe(file, first);
    return file;
}

static void read_request(struct proto_flow *pf, const struct smb2_head *h, struct smb_tx *tx)
{
    struct cursor c = smb2_body(h);
    cursor_skip(&c, 6);
    tx->offset = cursor_u64le(&c);
    take_fid(pf, h, tx, &c);
}

static void read_answer(struct proto_flow *pf, const struct smb2_head *h, struct smb_tx *tx)
{
    if (h->status != 0 && h->status != SMB_STATUS_BUFFER_OVERFLOW)
        return;
    struct cursor c = smb2_body(h);
    uint8_t at = cursor_u8(&c);
    cursor_skip(&c, 1);
    uint32_t len = cursor_u32le(&c);
    if (!cursor_ok(&c) || at > h->whole || len > h->whole - at) {
        proto_anomaly(pf, ANOMALY_SMB_MALFORMED_DATA);
        return;
    }
    struct smb_handle *file = file_of(pf, tx, bytes_from(h->pdu, at));
    if (!file || file->directory)
        return;
    struct smb_carve *carve = &file->carve[FLOW_SERVER];
    if (!carve->answered)
        carve->status = h->status;
    carve->answered = true;
    smb_stream_begin(&smb_flow(pf)->side[h->side], h->whole, at, len, file, tx->offset);
}

static void write_request(struct proto_flow *pf, const struct smb2_head *h, struct smb_tx *tx)
{
    struct cursor c = smb2_body(h);
    uint16_t at = cursor_u16le(&c);
    uint32_t len = cursor_u32le(&c);
    tx->offset = cursor_u64le(&c);
    take_fid(pf, h, tx, &c);
    if (!cursor_ok(&c) || at > h->whole || len > h->whole - at) {
        proto_anomaly(pf, ANOMALY_SMB_MALFORMED_DATA);
        return;
    }
    struct bytes first = bytes_from(h->pdu, at);
    struct smb_handle *file = file_of(pf, tx, first);
    if (file && file->pipe)
        smb_pipe_begin(pf, file, h->command, first);
    if (file && !file->directory)
        smb_stream_begin(&smb_flow(pf)->side[h->side], h->whole, at, len, file, tx->offset);
}

static void write_answer(struct proto_flow *pf, const struct smb2_head *h, struct smb_tx *tx)
{
    struct smb_handle *file = smb_handle_of(smb_flow(pf), tx);
    if (!file || file->carve[FLOW_CLIENT].answered)
        return;
    file->carve[FLOW_CLIENT].status = h->status;
    file->carve[FLOW_CLIENT].answered = true;
}

static void ioctl_record(
    struct proto_flow *pf, const struct smb2_head *h, struct smb_tx *tx, uint32_t code)
{
    smb_tx_record(pf, tx);
    if (!tx->record)
        return;
    tx->record->is_signed = h->flags & 8;
    struct bytes name = smb_function_name(code);
    tx->record->function = name.data ? name : smb_text_hex(&tx->arena, "0x", code, 8);
}

// FSCTL_PIPE_WAIT (MS-FSCC 2.3.49) names the pipe it waits for.
static struct bytes pipe_waited_for(struct proto_flow *pf, struct smb_tx *tx, struct bytes input)
{
    struct cursor c = cursor_make(input);
    cursor_skip(&c, 8);
    uint32_t len = cursor_u32le(&c);
    cursor_skip(&c, 2); // is a time given; padding
    struct bytes name = cursor_take(&c, len);
    return name.data ? smb_text_utf16(pf, &tx->arena, name) : name;
}

static void ioctl_request(struct proto_flow *pf, const struct smb2_head *h, struct smb_tx *tx)
{
    struct cursor c = smb2_body(h);
    cursor_skip(&c, 2);
    tx->sub = 0;
    uint32_t code = cursor_u32le(&c);
    take_fid(pf, h, tx, &c);
    uint32_t at = cursor_u32le(&c), len = cursor_u32le(&c);
    struct bytes input = smb2_buffer(h, at, len);
    if (!cursor_ok(&c)) {
        proto_anomaly(pf, ANOMALY_SMB_MALFORMED_DATA);
        return;
    }
    struct smb_handle *file = NULL;
    if (code == FSCTL_PIPE_TRANSCEIVE)
        file = file_of(pf, tx, input);
    if (file && (file->pipe || smb_pipe_likely(input))) {
        file->pipe = tx->transceive = true;
        bool rpc = smb_pipe_begin(pf, file, h->command, input);
        smb_pipe_data(pf, file, h->side, input);
        if (rpc)
            return; // its call makes the record
    }
    ioctl_record(pf, h, tx, code);
    if (tx->record && code == FSCTL_PIPE_WAIT)
        tx->record->named_pipe = pipe_waited_for(pf, tx, input);
    else if (tx->record && file)
        tx->record->named_pipe = smb_keep(pf, &tx->arena, file->name);
}

static void ioctl_answer(struct proto_flow *pf, const struct smb2_head *h, struct smb_tx *tx)
{
    struct smb_handle *file = tx->transceive ? smb_handle_of(smb_flow(pf), tx) : NULL;
    if (!file)
        return;
    file->carve[FLOW_CLIENT].status = h->status;
    file->carve[FLOW_CLIENT].answered = true;
    if (h->status != 0 && h->status != SMB_STATUS_BUFFER_OVERFLOW)
        return;
    struct cursor c = smb2_body(h);
    cursor_skip(&c, 2 + 4 + SMB_FID_BYTES + 8);
    uint32_t at = cursor_u32le(&c), len = cursor_u32le(&c);
    if (cursor_ok(&c) && at <= h->whole && len <= h->whole - at && file->pipe)
        smb_stream_begin(&smb_flow(pf)->side[h->side], h->whole, at, len, file, 0);
    else
        proto_anomaly(pf, ANOMALY_SMB_MALFORMED_DATA);
}

static void find_request(struct proto_flow *pf, const struct smb2_head *h, struct smb_tx *tx)
{
    struct cursor c = smb2_body(h);
    cursor_skip(&c, 6);
    take_fid(pf, h, tx, &c);
    uint16_t at = cursor_u16le(&c), len = cursor_u16le(&c);
    if (!tx->record)
        return;
    tx->record->pattern = smb_text_utf16(pf, &tx->arena, smb2_buffer(h, at, len));
    struct smb_handle *file = smb_handle_of(smb_flow(pf), tx);
    if (file)
        tx->record->directory = smb_keep(pf, &tx->arena, file->name);
}

static void rename_request(struct proto_flow *pf, struct smb_tx *tx, struct bytes buffer)
{
    struct cursor c = cursor_make(buffer);
    cursor_skip(&c, 16); // replace it?, its directory
    struct bytes name = cursor_take(&c, cursor_u32le(&c));
    if (!cursor_ok(&c)) {
        proto_anomaly(pf, ANOMALY_SMB_MALFORMED_DATA);
        return;
    }
    tx->rename = true;
    tx->name = smb_text_utf16(pf, &tx->arena, name);
}

// The name is that of the open file, or of the one that the same compound opens.
static void set_info_about(struct proto_flow *pf, struct smb_tx *tx)
{
    struct smb_flow *smb = smb_flow(pf);
    struct smb_handle *file = smb_handle_of(smb, tx);
    struct smb_tx *create = !file && tx->has_create ? smb_tx_find(smb, tx->create_key) : NULL;
    smb_record_about(pf, tx, file);
    if (create)
        tx->record->filename = smb_keep(pf, &tx->arena, create->name);
    if (tx->has_fid)
        tx->record->fuid = smb_text_guid(&tx->arena, bytes_make(tx->fid.bytes, SMB_FID_BYTES));
}

static void set_info_record(
    struct proto_flow *pf, const struct smb2_head *h, struct smb_tx *tx, uint8_t class)
{
    smb_tx_record(pf, tx);
    struct record_smb *r = tx->record;
    if (!r)
        return;
    r->is_signed = h->flags & 8;
    r->set_info.class = BYTES("FILE_INFO");
    r->set_info.info_level = smb_info_level_name(class);
    set_info_about(pf, tx);
    if (tx->rename) {
        r->rename.from = r->filename;
        r->rename.to = tx->name;
    } else {
        r->access = access_name(tx->delete);
    }
    tx->wants_account = true;
}

static void set_info_request(struct proto_flow *pf, const struct smb2_head *h, struct smb_tx *tx)
{
    struct cursor c = smb2_body(h);
    uint8_t type = cursor_u8(&c), class = cursor_u8(&c);
    uint32_t len = cursor_u32le(&c);
    uint16_t at = cursor_u16le(&c);
    cursor_skip(&c, 6);
    take_fid(pf, h, tx, &c);
    struct bytes buffer = smb2_buffer(h, at, len);
    if (!cursor_ok(&c) || type != INFO_FILE)
        return;
    bool rename = class == FILE_RENAME || class == FILE_RENAME_EX;
    if (!rename && class != FILE_DISPOSITION && class != FILE_DISPOSITION_EX)
        return;
    tx->sub = class;
    if (rename)
        rename_request(pf, tx, buffer);
    else
        tx->delete = bytes_at(buffer, 0) & 1;
    set_info_record(pf, h, tx, class);
}

static void set_info_answer(struct proto_flow *pf, const struct smb2_head *h, struct smb_tx *tx)
{
    struct smb_handle *file = h->status == 0 && tx->sub ? smb_handle_of(smb_flow(pf), tx) : NULL;
    if (!file)
        return;
    if (tx->record && !tx->has_fid)
        tx->record->fuid = smb_text_guid(&tx->arena, bytes_make(file->fid.bytes, SMB_FID_BYTES));
    if (tx->rename)
        file->new_name = smb_keep(pf, &file->arena, tx->name);
    else
        file->deleted = tx->delete;
}

void smb2_file_request(struct proto_flow *pf, const struct smb2_head *h, struct smb_tx *tx)
{
    switch (h->command) {
    case SMB2_CREATE: create_request(pf, h, tx); break;
    case SMB2_CLOSE: close_request(pf, h, tx); break;
    case SMB2_READ: read_request(pf, h, tx); break;
    case SMB2_WRITE: write_request(pf, h, tx); break;
    case SMB2_IOCTL: ioctl_request(pf, h, tx); break;
    case SMB2_FIND: find_request(pf, h, tx); break;
    case SMB2_SET_INFO: set_info_request(pf, h, tx); break;
    default: break;
    }
}

void smb2_file_answer(struct proto_flow *pf, const struct smb2_head *h, struct smb_tx *tx)
{
    switch (h->command) {
    case SMB2_CREATE: create_answer(pf, h, tx); break;
    case SMB2_CLOSE: close_answer(pf, h, tx); break;
    case SMB2_READ: read_answer(pf, h, tx); break;
    case SMB2_WRITE: write_answer(pf, h, tx); break;
    case SMB2_IOCTL: ioctl_answer(pf, h, tx); break;
    case SMB2_SET_INFO: set_info_answer(pf, h, tx); break;
    default: break;
    }
}
