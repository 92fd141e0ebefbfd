// SPDX-License-Identifier: Apache-2.0
// ONC RPC messages (RFC 5531): heads, record marking (section 11), calls and the answers they wait
// for.
#include "proto/rpc.h"
#include "proto/text_out.h"

enum { AUTH_UNIX = 1, AUTH_GSS = 6, AUTH_BYTES = 400 };

struct bytes rpc_opaque(struct cursor *in)
{
    uint32_t len = cursor_u32(in);
    struct bytes data = cursor_take(in, len);
    size_t pad = (4 - len % 4) % 4;
    cursor_skip(in, pad < cursor_left(in) ? pad : cursor_left(in));
    return data;
}

static void creds_read(struct bytes body, struct rpc_head *head)
{
    struct cursor in = cursor_make(body);
    if (head->flavor == AUTH_GSS) {
        cursor_skip(&in, 12); // version, procedure, sequence
        head->gss_service = cursor_u32(&in);
        return;
    }
    if (head->flavor != AUTH_UNIX)
        return;
    cursor_skip(&in, 4); // stamp
    head->creds.machine_name = bytes_sub(rpc_opaque(&in), 0, RPC_NAME_BYTES);
    head->creds.uid = cursor_u32(&in);
    head->creds.gid = cursor_u32(&in);
    head->has_creds = cursor_ok(&in);
}

static struct bytes auth_read(struct cursor *in, uint32_t *flavor)
{
    *flavor = cursor_u32(in);
    struct bytes body = rpc_opaque(in);
    if (body.len > AUTH_BYTES)
        cursor_fail(in);
    return body;
}

bool rpc_head_read(struct cursor *in, struct rpc_head *head)
{
    uint32_t flavor;
    *head = (struct rpc_head){.xid = cursor_u32(in)};
    uint32_t type = cursor_u32(in);
    head->reply = type == 1;
    if (type > 1)
        return false;
    if (head->reply) {
        uint32_t denied = cursor_u32(in);
        head->denied = denied == 1;
        if (denied == 0) {
            auth_read(in, &flavor);
            head->accept = cursor_u32(in);
        }
        return cursor_ok(in) && denied <= 1;
    }
    if (cursor_u32(in) != 2)
        return false;
    head->program = cursor_u32(in);
    head->version = cursor_u32(in);
    head->procedure = cursor_u32(in);
    struct bytes body = auth_read(in, &head->flavor);
    auth_read(in, &flavor);
    if (cursor_ok(in))
        creds_read(body, head);
    return cursor_ok(in);
}

struct bytes rpc_auth_name(struct arena *arena, uint32_t flavor)
{
    static const char *const names[] = {"NULL", "UNIX", "SHORT", "DES"};
    char room[12];
    struct text_out out = TEXT_OUT(room);
    if (flavor < 4)
        return bytes_from_text(names[flavor]);
    if (flavor == AUTH_GSS)
        return BYTES("RPCSEC_GSS");
    text_out_u64(&out, flavor);
    return text_out_keep(&out, arena);
}

const char *rpc_status_name(uint32_t status, uint32_t version)
{
    static const struct {
        uint32_t status;
        const char *name;
    } names[] = {{0, "OK"}, {1, "ERR_PERM"}, {2, "ERR_NOENT"}, {5, "ERR_IO"}, {6, "ERR_NXIO"},
        {13, "ERR_ACCES"}, {17, "ERR_EXIST"}, {18, "ERR_XDEV"}, {19, "ERR_NODEV"},
        {20, "ERR_NOTDIR"}, {21, "ERR_ISDIR"}, {22, "ERR_INVAL"}, {27, "ERR_FBIG"},
        {28, "ERR_NOSPC"}, {30, "ERR_ROFS"}, {31, "ERR_MLINK"}, {63, "ERR_NAMETOOLONG"},
        {66, "ERR_NOTEMPTY"}, {69, "ERR_DQUOT"}, {70, "ERR_STALE"}, {71, "ERR_REMOTE"},
        {99, "ERR_WFLUSH"}, {10001, "ERR_BADHANDLE"}, {10002, "ERR_NOT_SYNC"},
        {10003, "ERR_BAD_COOKIE"}, {10004, "ERR_NOTSUPP"}, {10005, "ERR_TOOSMALL"},
        {10006, "ERR_SERVERFAULT"}, {10007, "ERR_BADTYPE"}, {10008, "ERR_JUKEBOX"},
        {10011, "ERR_EXPIRED"}, {10012, "ERR_LOCKED"}, {10013, "ERR_GRACE"},
        {10016, "ERR_WRONGSEC"}, {10020, "ERR_NOFILEHANDLE"}, {10022, "ERR_STALE_CLIENTID"},
        {10023, "ERR_STALE_STATEID"}, {10024, "ERR_OLD_STATEID"}, {10025, "ERR_BAD_STATEID"},
        {10033, "ERR_NO_GRACE"}, {10036, "ERR_BADXDR"}, {10052, "ERR_BADSESSION"},
        {10063, "ERR_SEQ_MISORDERED"}};
    if (status == 10008 && version == 4)
        return "ERR_DELAY";
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].status == status)
            return names[i].name;
    return NULL;
}

enum proto_probe rpc_probe_program(const struct proto_first *first, bool nfs)
{
    struct cursor in = cursor_make(first->data);
    struct rpc_head head;
    if (first->carrier == OVER_TCP) {
        uint32_t mark = cursor_u32(&in);
        uint32_t len = mark & 0x7fffffff;
        if (first->data.len >= 4 && (len < 40 || len > RPC_RECORD_BYTES || mark == len))
            return PROBE_NO;
    }
    struct cursor look = in;
    cursor_skip(&look, 4);
    uint64_t fixed = cursor_u64(&look); // type 0: call, RPC version 2
    uint32_t program = cursor_u32(&look);
    uint32_t version = cursor_u32(&look), procedure = cursor_u32(&look);
    if (!cursor_ok(&look))
        return first->carrier == OVER_TCP && (first->data.len < 12 || fixed == 2) ? PROBE_MORE
                                                                                  : PROBE_NO;
    bool mine = program >= RPC_PORTMAP && program < 0x60000000 && version < 32 && procedure < 256;
    if (fixed != 2 || !mine || (program == RPC_NFS) != nfs)
        return PROBE_NO;
    if (rpc_head_read(&in, &head) && (head.flavor <= 3 || head.flavor == AUTH_GSS || nfs))
        return PROBE_CLIENT;
    return first->carrier == OVER_TCP && first->data.len < 900 && cursor_left(&look) < 900
               ? PROBE_MORE
               : PROBE_NO;
}

static void call_free(struct rpc_call *call)
{
    struct arena arena = call->arena;
    arena_reset(&arena);
}

static void call_end(struct proto_flow *pf, struct rpc_call *call, const struct rpc_head *reply)
{
    if (call->head.program == RPC_NFS)
        nfs_emit(pf, call, reply);
    else
        rpc_program_emit(pf, call, reply);
    call_free(call);
}

static struct rpc_call *call_begin(struct proto_flow *pf, const struct rpc_head *head)
{
    struct arena arena;
    struct rpc_call *call = arena_hold(&arena, pf->arena.pool, RPC_CALL_BYTES, sizeof *call);
    if (!call)
        return NULL;
    call->arena = arena;
    call->head = *head;
    call->head.creds.machine_name = arena_copy(&call->arena, head->creds.machine_name);
    call->tx = pf->tx_count++;
    call->time_us = pf->time_us;
    return call;
}

static void call_wait(struct proto_flow *pf, struct rpc_call *call)
{
    struct rpc_flow *rpc = rpc_flow(pf);
    if (rpc->waiting == RPC_CALLS) {
        struct rpc_call *oldest = rpc->first;
        proto_anomaly(pf, ANOMALY_RPC_TOO_MANY_CALLS);
        rpc->first = oldest->next;
        rpc->waiting--;
        call_end(pf, oldest, NULL);
    }
    if (rpc->first)
        rpc->last->next = call;
    else
        rpc->first = call;
    rpc->last = call;
    rpc->waiting++;
}

static struct rpc_call *call_answered(struct rpc_flow *rpc, uint32_t xid)
{
    struct rpc_call *before = NULL, *call = rpc->first;
    while (call && call->head.xid != xid) {
        before = call;
        call = call->next;
    }
    if (!call)
        return NULL;
    if (before)
        before->next = call->next;
    else
        rpc->first = call->next;
    if (rpc->last == call)
        rpc->last = before;
    rpc->waiting--;
    call->next = NULL;
    return call;
}

// Behind RPCSEC_GSS the body may be wrapped (RFC 2203 section 5.3). False: it is encrypted.
static bool gss_open(const struct rpc_head *call, struct cursor *in)
{
    if (call->gss_service == 2)
        cursor_skip(in, 8);
    return call->gss_service != 3;
}

static bool body_read(struct proto_flow *pf, struct rpc_call *call, bool reply, struct cursor *in)
{
    if (!gss_open(&call->head, in))
        return true;
    if (call->head.program != RPC_NFS) {
        if (reply)
            rpc_program_reply(pf, call, in);
        else
            rpc_program_call(pf, call, in);
        return cursor_ok(in);
    }
    if (call->head.version == 4)
        return reply ? nfs4_reply_read(pf, call, in) : nfs4_call_read(pf, call, in);
    return reply ? nfs_reply_read(pf, call, in) : nfs_call_read(pf, call, in);
}

// `in` stands behind the head of the message that begins at `data`; `length`: of the message, as
// far as it is not split.
static void tell_frames(struct proto_flow *pf, enum flow_side side, struct bytes data,
    const struct rpc_call *call, bool reply, const struct cursor *in, int64_t length)
{
    struct bytes body = cursor_rest(in);
    size_t head = cursor_pos(in);
    int64_t rest = length - (int64_t)head;
    bool nfs4 = call->head.version == 4;
    if (!proto_wants(pf, BUFFER_FRAME) || pf->proto != &proto_nfs)
        return;
    proto_frames(pf, FRAME_NFS_RPC_PDU, side, data, head, length, UINT64_MAX);
    if (!reply)
        proto_frame(pf, FRAME_NFS_RPC_CREDS, side, bytes_from(data, RPC_CREDS_AT),
            (int64_t)(head - RPC_CREDS_AT), UINT64_MAX);
    if (call->head.program != RPC_NFS || rest <= 0)
        return;
    if (reply)
        proto_frame(
            pf, nfs4 ? FRAME_NFS_NFS4_STATUS : FRAME_NFS_NFS_STATUS, side, body, 4, UINT64_MAX);
    if (nfs4)
        proto_frames(pf, FRAME_NFS_NFS4_PDU, side, body, 8, rest, UINT64_MAX);
    else
        proto_frame(pf, FRAME_NFS_NFS_PDU, side, body, rest, UINT64_MAX);
}

// A message, or the first RPC_HEAD_BYTES of a longer one.
static void message(
    struct proto_flow *pf, enum flow_side side, struct bytes data, int64_t length, bool whole)
{
    struct cursor in = cursor_make(data);
    struct rpc_head head;
    if (!rpc_head_read(&in, &head)) {
        proto_anomaly(pf, ANOMALY_RPC_MALFORMED);
        return;
    }
    bool nfs_flow = pf->proto == &proto_nfs;
    struct rpc_call *call =
        head.reply ? call_answered(rpc_flow(pf), head.xid) : call_begin(pf, &head);
    if (!call)
        return;
    tell_frames(pf, side, data, call, head.reply, &in, length);
    if (!head.reply && side == FLOW_SERVER) { // the server calls back
        call_free(call);
        return;
    }
    bool read = head.denied || head.accept || body_read(pf, call, head.reply, &in);
    if (!read && whole)
        proto_anomaly(pf, nfs_flow ? ANOMALY_NFS_MALFORMED : ANOMALY_RPC_MALFORMED);
    if (head.reply) {
        call_end(pf, call, &head);
    } else {
        nfs_show(pf, call);
        call_wait(pf, call);
    }
}

// Data behind what was parsed.
static void pass(struct proto_flow *pf, struct rpc_side *s, struct cursor *in)
{
    size_t n = cursor_left(in) < s->left ? cursor_left(in) : s->left;
    nfs_file_more(pf, s, cursor_take(in, n));
    s->left -= (uint32_t)n;
}

static enum proto_verdict fragment(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct rpc_side *s = &rpc_flow(pf)->side[side];
    struct cursor mark = *in;
    uint32_t word = cursor_u32(in);
    uint32_t len = word & 0x7fffffff;
    uint32_t head = len < RPC_HEAD_BYTES ? len : RPC_HEAD_BYTES;
    if (cursor_ok(in) && len > RPC_RECORD_BYTES) {
        proto_anomaly(pf, ANOMALY_RPC_MESSAGE_TOO_LONG);
        return PROTO_DONE;
    }
    if (cursor_ok(in) && s->more)
        head = 0;
    if (!cursor_ok(in) || cursor_left(in) < head) {
        pf->need[side] = cursor_ok(in) ? 4U + head : 4;
        *in = mark;
        return PROTO_MORE;
    }
    struct bytes data = cursor_take(in, head);
    bool last = word >> 31;
    s->left = len - head;
    if (!s->more) {
        s->sink = NULL;
        message(pf, side, data, len, last && s->left == 0);
    }
    s->more = !last;
    return PROTO_MORE;
}

enum proto_verdict rpc_parse(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct rpc_side *s = &rpc_flow(pf)->side[side];
    if (pf->carrier == OVER_UDP) {
        message(pf, side, cursor_rest(in), (int64_t)cursor_left(in), true);
        s->sink = NULL;
        return PROTO_MORE;
    }
    enum proto_verdict verdict = PROTO_MORE;
    while (cursor_left(in) > 0 && verdict == PROTO_MORE) {
        const uint8_t *at = in->at;
        if (s->left)
            pass(pf, s, in);
        else
            verdict = fragment(pf, side, in);
        if (in->at == at)
            break;
    }
    return verdict;
}

// In what passes the place of the next message is known.
enum proto_verdict rpc_gap(struct proto_flow *pf, enum flow_side side, size_t lost)
{
    struct rpc_side *s = &rpc_flow(pf)->side[side];
    if (lost > s->left)
        return PROTO_DONE;
    if (s->sink)
        proto_file_gap(pf, s->sink->file, lost < s->data_left ? lost : s->data_left);
    s->data_left -= lost < s->data_left ? (uint32_t)lost : s->data_left;
    s->left -= (uint32_t)lost;
    return PROTO_MORE;
}

void rpc_finish(struct proto_flow *pf)
{
    struct rpc_flow *rpc = rpc_flow(pf);
    for (struct rpc_call *call = rpc->first, *next; call; call = next) {
        next = call->next;
        call_end(pf, call, NULL);
    }
    for (size_t i = 0; i < NFS_FILES; i++)
        if (rpc->files[i].used)
            nfs_file_close(pf, &rpc->files[i], rpc->files[i].stable);
    rpc->first = NULL;
}
