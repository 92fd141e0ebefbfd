// SPDX-License-Identifier: Apache-2.0
// What one host does to another, in several steps that mean more together:
// - a program put on a share for administrators, and a service, task or WMI method called: it runs;
// - the handshake of Netlogon's secure channel tried again and again, until a key of zeroes is
// taken
//   for right (CVE-2020-1472): whoever guesses needs 256 tries in the mean, machines need one;
// - a server that logs on by its own account, by NTLM, to the very host that just logged on to it:
//   it was made to.
#include "base/alloc.h"
#include "behaviour/ledger.h"
#include "behaviour/rpc_call.h"
#include "behaviour/seat.h"
#include "behaviour/share_file.h"

enum { ANSWER_US = 60'000'000 }; // how soon a forced log-on comes

struct pair_key {
    struct addr client, server;
};

struct pair {
    int64_t program_us, execution_us; // 0: not seen
    int64_t log_on_us;
    int64_t handshake_us; // the last one
    uint32_t handshakes;
};

struct intrusion {
    const struct seat *seat;
    struct ledger *pairs;
};

static void *create(const struct seat *seat)
{
    struct intrusion *in = base_calloc(1, sizeof *in);
    if (!in)
        return NULL;
    in->seat = seat;
    in->pairs = ledger_create(sizeof(struct pair_key), sizeof(struct pair),
        seat->config->behaviours.max_hosts, seat->metrics);
    if (in->pairs)
        return in;
    base_free(in);
    return NULL;
}

static void destroy(void *state)
{
    struct intrusion *in = state;
    ledger_destroy(in->pairs);
    base_free(in);
}

static bool is_program_put(const struct record *record)
{
    const char *kind = record->type == RECORD_SMB_FILE ? share_file_kind(record->body) : NULL;
    return kind && strcmp(kind, "admin_share") == 0;
}

static bool is_execution(const struct record *record)
{
    static const char *const kinds[] = {
        "service", "service_command", "service_control", "task", "wmi", NULL};
    const char *kind = rpc_call_kind(record, "remote.execution");
    const char *const *at = kinds;
    while (kind && *at && strcmp(*at, kind) != 0)
        at++;
    return kind && *at;
}

static bool is_handshake(const struct record *record)
{
    struct rpc_view view;
    return rpc_view_of(record, &view) &&
           bytes_start_with(view.operation, BYTES("NetrServerAuthenticate"));
}

static bool wants(const struct config *, const struct record *record)
{
    if (record->type == RECORD_NTLM)
        return true;
    return is_program_put(record) || is_execution(record) || is_handshake(record);
}

static struct pair *pair_of(
    struct intrusion *in, const struct addr *client, const struct addr *server)
{
    struct pair_key key;
    memset(&key, 0, sizeof key);
    key.client = *client;
    key.server = *server;
    return ledger_entry(in->pairs, &key);
}

static void tell(struct intrusion *in, const struct record *record, const char *detector,
    const char *kind, struct bytes operation)
{
    struct telling telling;
    telling_begin(&telling, detector, record, bytes_from_text(kind));
    telling.hit.rule = telling.hit.kind;
    telling_text(&telling, "operation", operation);
    telling.hit.subject_is_dest = record->type == RECORD_NTLM;
    telling_match(&telling, "operation", operation);
    telling_end(&telling, in->seat);
}

static int64_t window_of(const struct intrusion *in)
{
    return (int64_t)in->seat->config->behaviours.domain.window_us;
}

// Either may be told first: a file is told when it is closed.
static void see_step(struct intrusion *in, const struct record *record, struct pair *pair)
{
    int64_t now_us = record->head.timestamp;
    bool is_program = record->type == RECORD_SMB_FILE;
    *(is_program ? &pair->program_us : &pair->execution_us) = now_us;
    int64_t other_us = is_program ? pair->execution_us : pair->program_us;
    if (other_us == 0 || now_us - other_us > window_of(in))
        return;
    struct rpc_view view;
    const struct record_smb_file *file = record->body;
    bool is_call = rpc_view_of(record, &view);
    tell(in, record, "remote.execution", "copied_and_run", is_call ? view.operation : file->name);
    pair->program_us = pair->execution_us = 0;
}

static void see_handshake(struct intrusion *in, const struct record *record, struct pair *pair)
{
    int64_t now_us = record->head.timestamp;
    if (now_us - pair->handshake_us > window_of(in))
        pair->handshakes = 0;
    pair->handshake_us = now_us;
    struct rpc_view view;
    if (++pair->handshakes == in->seat->config->behaviours.domain.handshakes &&
        rpc_view_of(record, &view))
        tell(in, record, "domain.exploit", "zerologon", view.operation);
}

static bool is_machine(struct bytes user)
{
    return user.len > 1 && user.data[user.len - 1] == '$';
}

static void see_log_on(struct intrusion *in, const struct record *record)
{
    const struct record_head *head = &record->head;
    const struct record_ntlm *ntlm = record->body;
    struct pair_key back;
    memset(&back, 0, sizeof back);
    back.client = head->dest_ip;
    back.server = head->src_ip;
    const struct pair *before = ledger_find(in->pairs, &back);
    if (is_machine(ntlm->user) && before && before->log_on_us &&
        head->timestamp - before->log_on_us < ANSWER_US)
        tell(in, record, "domain.exploit", "forced_log_on", ntlm->user);
    struct pair *pair = pair_of(in, &head->src_ip, &head->dest_ip);
    if (pair)
        pair->log_on_us = head->timestamp;
}

static void record(void *state, const struct record *record)
{
    if (record->type == RECORD_NTLM) {
        see_log_on(state, record);
        return;
    }
    struct pair *pair = pair_of(state, &record->head.src_ip, &record->head.dest_ip);
    if (!pair)
        return;
    if (is_handshake(record))
        see_handshake(state, record, pair);
    else
        see_step(state, record, pair);
}

const struct watch intrusion_watch = {
    .types = (const enum record_type[]){RECORD_DCERPC, RECORD_SMB, RECORD_SMB_FILE, RECORD_NTLM,
        RECORD_NONE},
    .wants = wants,
    .create = create,
    .record = record,
    .destroy = destroy,
};
