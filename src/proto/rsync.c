// SPDX-License-Identifier: Apache-2.0
// The greeting of the rsync daemon (as rsync's own clientserver.c and its manual page describe it):
// lines of text until the transfer begins. One rsync record a connection. The answer to the
// challenge is not kept; the transfer itself is not read. Limits: RSYNC_LINE_BYTES, RSYNC_LINES.
#include "proto/line.h"
#include "proto/proto.h"

enum { RSYNC_LINE_BYTES = 1024, RSYNC_LINES = 64 };

struct rsync_flow {
    struct line_reader lines[2];
    unsigned said[2]; // lines
    bool asked, over, authenticates;
    struct bytes modules[RSYNC_LINES];
    struct record_rsync record;
};

static enum proto_probe rsync_probe(const struct proto_first *first)
{
    struct bytes tag = BYTES("@RSYNCD: ");
    struct bytes data = bytes_sub(first->data, 0, tag.len);
    if (data.len == 0 || !bytes_start_with(tag, data))
        return PROBE_NO;
    return data.len < tag.len ? PROBE_MORE : PROBE_EITHER;
}

static struct bytes keep(struct proto_flow *pf, struct bytes text)
{
    return arena_copy(&pf->arena, bytes_sub(text, 0, 255));
}

static void client_line(struct proto_flow *pf, struct bytes line)
{
    struct rsync_flow *rsync = pf->state;
    struct record_rsync *r = &rsync->record;
    unsigned number = rsync->said[FLOW_CLIENT]++;
    if (number == 0 && bytes_start_with(line, BYTES("@RSYNCD: "))) {
        struct bytes rest = bytes_from(line, 9);
        r->client_version = keep(pf, line_word(&rest));
    } else if (number == 1) {
        r->listing = line.len == 0 || bytes_equal(line, BYTES("#list"));
        r->module = r->listing ? (struct bytes){NULL, 0} : keep(pf, line);
    } else if (number == 2) {
        r->user = keep(pf, line_word(&line)); // behind it: the answer to the challenge
    }
}

static void text_line(struct proto_flow *pf, struct bytes line)
{
    struct rsync_flow *rsync = pf->state;
    if (rsync->record.modules_count == RSYNC_LINES) {
        proto_anomaly(pf, ANOMALY_RSYNC_TOO_MANY_LINES);
        return;
    }
    struct bytes copy = keep(pf, line);
    if (copy.data)
        rsync->modules[rsync->record.modules_count++] = copy;
}

static void server_line(struct proto_flow *pf, struct bytes line)
{
    struct rsync_flow *rsync = pf->state;
    struct record_rsync *r = &rsync->record;
    struct bytes rest = bytes_from(line, 9);
    bool tagged = bytes_start_with(line, BYTES("@RSYNCD: "));
    unsigned number = rsync->said[FLOW_SERVER]++;
    if (number == 0 && tagged) {
        r->server_version = keep(pf, line_word(&rest));
        r->digests = rest.len ? keep(pf, rest) : (struct bytes){NULL, 0};
    } else if (tagged && bytes_start_with(rest, BYTES("AUTHREQD"))) {
        rsync->authenticates = true;
        r->auth = BYTES("unanswered");
    } else if (tagged) {
        rsync->over = true; // OK, EXIT
        if (bytes_start_with(rest, BYTES("OK")))
            r->auth = rsync->authenticates ? BYTES("ok") : BYTES("none");
    } else if (bytes_start_with(line, BYTES("@ERROR"))) {
        r->error = keep(
            pf, bytes_trim(bytes_from(line, bytes_start_with(line, BYTES("@ERROR:")) ? 7 : 6)));
        r->auth = rsync->authenticates ? BYTES("denied") : r->auth;
        rsync->over = true;
    } else if (line.len) {
        text_line(pf, line);
    }
}

static enum proto_verdict rsync_parse(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct rsync_flow *rsync = pf->state;
    struct bytes line;
    enum line_result found;
    // The client's third line is its last; what follows is the transfer.
    while (!rsync->over && (side == FLOW_SERVER || rsync->said[FLOW_CLIENT] < 3) &&
           (found = line_take_last(
                &rsync->lines[side], in, RSYNC_LINE_BYTES, pf->ended[side], &line)) != LINE_NONE) {
        if (found == LINE_CUT)
            proto_anomaly(pf, ANOMALY_RSYNC_LINE_TOO_LONG);
        if (side == FLOW_CLIENT)
            client_line(pf, line);
        else
            server_line(pf, line);
    }
    if (side == FLOW_CLIENT && rsync->said[FLOW_CLIENT] >= 3)
        cursor_skip(in, cursor_left(in));
    return rsync->over ? PROTO_DONE : PROTO_MORE;
}

static void rsync_finish(struct proto_flow *pf)
{
    struct rsync_flow *rsync = pf->state;
    rsync->record.modules = rsync->modules;
    if (rsync->said[FLOW_CLIENT] || rsync->said[FLOW_SERVER])
        proto_emit(pf, RECORD_RSYNC, &rsync->record, pf->tx_count++);
}

const struct proto proto_rsync = {
    .name = "rsync",
    .carriers = OVER_TCP,
    .state_bytes = sizeof(struct rsync_flow),
    .budget_bytes = 32 << 10,
    .buffer_bytes = 70 << 10,
    .probe = rsync_probe,
    .parse = rsync_parse,
    .finish = rsync_finish,
};
