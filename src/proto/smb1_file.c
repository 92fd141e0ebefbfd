// SPDX-License-Identifier: Apache-2.0
// Commands of SMB1 about files (MS-CIFS sections 2.2.4.1 to 2.2.4.64): opened, closed, read,
// written, renamed, deleted. Not looked at: locks, seeks, raw and multiplexed reads and writes.
#include "proto/smb1.h"

enum {
    OPTION_DIRECTORY = 0x0001,
    OPTION_DELETE_ON_CLOSE = 0x1000,
    ATTRIBUTE_DIRECTORY = 0x10,
    RESOURCE_PIPE_LEAST = 1, // byte mode pipe, message mode pipe
    RESOURCE_PIPE_MOST = 2,
};

static struct bytes access_name(bool delete)
{
    return delete ? BYTES("delete on close") : BYTES("normal");
}

static void name_request(struct proto_flow *pf, struct smb_tx *tx, struct bytes name)
{
    tx->name = name.len > 0 ? name : BYTES("<share_root>");
    tx->wants_account = true;
    if (tx->record)
        tx->record->filename = tx->name;
    smb_record_about(pf, tx, NULL);
}

static bool create_request(struct proto_flow *pf, struct smb1_head *h, struct smb_tx *tx)
{
    struct cursor c = h->words;
    cursor_skip(&c, 5); // AndX, reserved
    uint16_t len = cursor_u16le(&c);
    cursor_skip(&c, 8); // flags, root directory
    tx->access = cursor_u32le(&c);
    cursor_skip(&c, 16);
    uint32_t disposition = cursor_u32le(&c);
    tx->options = cursor_u32le(&c);
    (void)len; // some count its NUL, some do not
    name_request(pf, tx, smb1_string(pf, &tx->arena, h, &h->data));
    tx->delete = tx->options & OPTION_DELETE_ON_CLOSE;
    if (tx->record && cursor_ok(&c)) {
        tx->record->disposition = smb_disposition_name(disposition);
        tx->record->access = access_name(tx->delete);
    }
    return cursor_ok(&c);
}

static bool open_request(struct proto_flow *pf, struct smb1_head *h, struct smb_tx *tx)
{
    struct bytes name = h->command == SMB1_OPEN_ANDX ? smb1_string(pf, &tx->arena, h, &h->data)
                                                     : smb1_path(pf, &tx->arena, h, &h->data);
    name_request(pf, tx, name);
    return cursor_ok(&h->data);
}

static struct smb_handle *opened(
    struct proto_flow *pf, struct smb_tx *tx, uint16_t fid, uint64_t size, bool size_known)
{
    struct smb_fid id = smb1_fid(fid);
    struct smb_handle *file = smb_handle_new(pf, tx, &id);
    struct smb_session *session = smb_session_find(smb_flow(pf), tx->session_id);
    if (session)
        session->files_opened++;
    if (tx->record)
        tx->record->fuid = smb_text_guid(&tx->arena, bytes_make(id.bytes, SMB_FID_BYTES));
    if (tx->record && size_known) {
        tx->record->size = size;
        tx->record->has_size = true;
    }
    if (!file)
        return NULL;
    file->opened = true;
    file->size = size;
    file->size_known = size_known;
    file->deleted = tx->delete;
    return file;
}

static bool create_answer(struct proto_flow *pf, struct smb1_head *h, struct smb_tx *tx)
{
    struct cursor c = h->words;
    cursor_skip(&c, 5); // AndX, oplock
    uint16_t fid = cursor_u16le(&c);
    uint32_t action = cursor_u32le(&c);
    int64_t times[4];
    for (int i = 0; i < 4; i++)
        times[i] = smb_time(cursor_u64le(&c));
    uint32_t attributes = cursor_u32le(&c);
    cursor_skip(&c, 8);
    uint64_t size = cursor_u64le(&c);
    uint16_t resource = cursor_u16le(&c);
    cursor_skip(&c, 2);
    bool directory = cursor_u8(&c) != 0;
    if (!cursor_ok(&c))
        return false;
    if (tx->record)
        smb_record_times(tx->record, times);
    struct smb_handle *file = opened(pf, tx, fid, size, true);
    if (!file)
        return true;
    file->action = action;
    file->directory =
        directory || attributes & ATTRIBUTE_DIRECTORY || tx->options & OPTION_DIRECTORY;
    file->pipe |= resource >= RESOURCE_PIPE_LEAST && resource <= RESOURCE_PIPE_MOST;
    memcpy(file->times, times, sizeof times);
    return true;
}

static bool open_answer(struct proto_flow *pf, struct smb1_head *h, struct smb_tx *tx)
{
    struct cursor c = h->words;
    bool andx = h->command == SMB1_OPEN_ANDX;
    cursor_skip(&c, andx ? 4 : 0);
    uint16_t fid = cursor_u16le(&c);
    if (h->command == SMB1_CREATE || h->command == SMB1_CREATE_NEW) {
        struct smb_handle *file = cursor_ok(&c) ? opened(pf, tx, fid, 0, false) : NULL;
        if (file)
            file->action = 2;
        return cursor_ok(&c);
    }
    uint16_t attributes = cursor_u16le(&c);
    uint32_t modified = cursor_u32le(&c), size = cursor_u32le(&c);
    cursor_skip(&c, 2);
    uint16_t resource = andx ? cursor_u16le(&c) : 0;
    if (!cursor_ok(&c))
        return false;
    struct smb_handle *file = opened(pf, tx, fid, size, true);
    if (!file)
        return true;
    file->action = 1;
    file->directory = attributes & ATTRIBUTE_DIRECTORY;
    file->pipe |= resource >= RESOURCE_PIPE_LEAST && resource <= RESOURCE_PIPE_MOST;
    file->times[2] = modified * 1'000'000LL;
    return true;
}

static struct smb_handle *file_of(struct proto_flow *pf, struct smb_tx *tx, struct bytes first)
{
    struct smb_handle *file = smb_handle_of(smb_flow(pf), tx);
    if (!file && tx->has_fid)
        file = smb_handle_new(pf, tx, &tx->fid);
    if (file && !file->pipe && !file->share.data)
        file->pipe = smb_pipe_likely(first);
    return file;
}

static void stream(
    struct proto_flow *pf, struct smb1_head *h, struct smb_tx *tx, uint32_t at, uint32_t len)
{
    struct bytes first = bytes_from(h->pdu, at);
    struct smb_handle *file = file_of(pf, tx, first);
    if (!file || file->directory)
        return;
    if (!h->answer && file->pipe)
        smb_pipe_begin(pf, file, h->command, first);
    if (h->answer && !file->carve[FLOW_SERVER].answered) {
        file->carve[FLOW_SERVER].answered = true;
        file->carve[FLOW_SERVER].status = h->status;
    }
    smb_stream_begin(&smb_flow(pf)->side[h->side], h->whole, at, len, file, tx->offset);
}

static bool read_request(struct smb1_head *h, struct smb_tx *tx)
{
    struct cursor c = h->words;
    bool andx = h->command == SMB1_READ_ANDX;
    cursor_skip(&c, andx ? 4 : 0);
    smb1_take_fid(tx, &c);
    cursor_skip(&c, andx ? 0 : 2);
    tx->offset = cursor_u32le(&c);
    if (andx && h->word_count >= 12) {
        cursor_skip(&c, 10);
        tx->offset |= (uint64_t)cursor_u32le(&c) << 32;
    }
    return cursor_ok(&c);
}

static bool read_answer(struct proto_flow *pf, struct smb1_head *h, struct smb_tx *tx)
{
    struct cursor c = h->words;
    if (h->command == SMB1_READ) {
        cursor_skip(&h->data, 1);
        uint16_t len = cursor_u16le(&h->data);
        if (cursor_ok(&h->data))
            stream(pf, h, tx, (uint32_t)cursor_pos(&h->data), len);
        return cursor_ok(&h->data);
    }
    cursor_skip(&c, 10);
    uint32_t len = cursor_u16le(&c);
    uint16_t at = cursor_u16le(&c);
    len |= (uint32_t)cursor_u16le(&c) << 16;
    if (!cursor_ok(&c) || at > h->whole || len > h->whole - at)
        return false;
    stream(pf, h, tx, at, len);
    return true;
}

static bool write_andx_request(struct proto_flow *pf, struct smb1_head *h, struct smb_tx *tx)
{
    struct cursor c = h->words;
    cursor_skip(&c, 4);
    smb1_take_fid(tx, &c);
    tx->offset = cursor_u32le(&c);
    cursor_skip(&c, 4); // time out
    uint16_t mode = cursor_u16le(&c);
    cursor_skip(&c, 2);
    uint32_t len = (uint32_t)cursor_u16le(&c) << 16;
    len |= cursor_u16le(&c);
    uint16_t at = cursor_u16le(&c);
    if (h->word_count >= 14)
        tx->offset |= (uint64_t)cursor_u32le(&c) << 32;
    if (!cursor_ok(&c) || at > h->whole || len > h->whole - at)
        return false;
    enum { MODE_PIPE_START = 0x0c }; // MS-CIFS 3.2.4.15: a message of a pipe, its length in front
    if ((mode & MODE_PIPE_START) == MODE_PIPE_START && len >= 2) {
        at += 2;
        len -= 2;
    }
    stream(pf, h, tx, at, len);
    return true;
}

static bool write_request(struct proto_flow *pf, struct smb1_head *h, struct smb_tx *tx)
{
    struct cursor c = h->words;
    smb1_take_fid(tx, &c);
    uint16_t count = cursor_u16le(&c);
    tx->offset = cursor_u32le(&c);
    if (h->command == SMB1_WRITE_AND_CLOSE) {
        cursor_skip(&h->data, 1);
    } else {
        cursor_skip(&h->data, 1);
        count = cursor_u16le(&h->data);
    }
    if (cursor_ok(&c) && cursor_ok(&h->data))
        stream(pf, h, tx, (uint32_t)cursor_pos(&h->data), count);
    return cursor_ok(&c) && cursor_ok(&h->data);
}

static void write_answer(struct proto_flow *pf, struct smb1_head *h, struct smb_tx *tx)
{
    struct smb_handle *file = smb_handle_of(smb_flow(pf), tx);
    if (!file)
        return;
    if (!file->carve[FLOW_CLIENT].answered) {
        file->carve[FLOW_CLIENT].status = h->status;
        file->carve[FLOW_CLIENT].answered = true;
    }
    if (h->command == SMB1_WRITE_AND_CLOSE && !h->failed)
        smb_handle_close(pf, file, true);
}

static bool rename_request(struct proto_flow *pf, struct smb1_head *h, struct smb_tx *tx)
{
    name_request(pf, tx, smb1_path(pf, &tx->arena, h, &h->data));
    struct bytes to = smb1_path(pf, &tx->arena, h, &h->data);
    if (tx->record) {
        tx->record->rename.from = tx->name;
        tx->record->rename.to = to;
    }
    return cursor_ok(&h->data);
}

static bool path_request(struct proto_flow *pf, struct smb1_head *h, struct smb_tx *tx)
{
    struct bytes name = smb1_path(pf, &tx->arena, h, &h->data);
    if (h->command == SMB1_CREATE_DIRECTORY || h->command == SMB1_DELETE_DIRECTORY ||
        h->command == SMB1_CHECK_DIRECTORY) {
        tx->wants_account = true;
        if (tx->record)
            tx->record->directory = name;
        smb_record_about(pf, tx, NULL);
    } else {
        name_request(pf, tx, name);
    }
    return cursor_ok(&h->data);
}

bool smb1_file_request(struct proto_flow *pf, struct smb1_head *h, struct smb_tx *tx)
{
    switch (h->command) {
    case SMB1_NT_CREATE_ANDX: return create_request(pf, h, tx);
    case SMB1_OPEN:
    case SMB1_CREATE:
    case SMB1_CREATE_NEW:
    case SMB1_OPEN_ANDX: return open_request(pf, h, tx);
    case SMB1_CLOSE: smb1_take_fid(tx, &h->words); return true;
    case SMB1_READ:
    case SMB1_READ_ANDX: return read_request(h, tx);
    case SMB1_WRITE_ANDX: return write_andx_request(pf, h, tx);
    case SMB1_WRITE:
    case SMB1_WRITE_AND_CLOSE: return write_request(pf, h, tx);
    case SMB1_RENAME:
    case SMB1_NT_RENAME: return rename_request(pf, h, tx);
    case SMB1_DELETE:
    case SMB1_QUERY_INFORMATION:
    case SMB1_SET_INFORMATION:
    case SMB1_CREATE_DIRECTORY:
    case SMB1_DELETE_DIRECTORY:
    case SMB1_CHECK_DIRECTORY: return path_request(pf, h, tx);
    default: return true;
    }
}

bool smb1_file_answer(struct proto_flow *pf, struct smb1_head *h, struct smb_tx *tx)
{
    struct smb_handle *file;
    if (h->failed)
        return true;
    switch (h->command) {
    case SMB1_NT_CREATE_ANDX: return create_answer(pf, h, tx);
    case SMB1_OPEN:
    case SMB1_CREATE:
    case SMB1_CREATE_NEW:
    case SMB1_OPEN_ANDX: return open_answer(pf, h, tx);
    case SMB1_CLOSE:
        file = smb_handle_of(smb_flow(pf), tx);
        if (file)
            smb_handle_close(pf, file, true);
        return true;
    case SMB1_READ:
    case SMB1_READ_ANDX: return read_answer(pf, h, tx);
    case SMB1_WRITE:
    case SMB1_WRITE_ANDX:
    case SMB1_WRITE_AND_CLOSE: write_answer(pf, h, tx); return true;
    default: return true;
    }
}
