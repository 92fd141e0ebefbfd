// SPDX-License-Identifier: Apache-2.0
// FTP: RFC 959, 1123 section 4.1.2, 2228 and 4217 (AUTH TLS), 2389 (FEAT), 2428 (EPRT, EPSV), 3659
// (SIZE, MLSD). One ftp record a command with all its replies, one for the greeting. Announces the
// data channels, which ftp_data.c reads. Never kept: passwords and accounts; of an anonymous user
// the address given for one (RFC 1635). After AUTH TLS was accepted TLS goes on. Limits: lines of
// FTP_LINE_BYTES, FTP_WAITING commands without reply, FTP_REPLY_LINES of one. Where bytes are
// missing the commands that wait are written without what they wait for, and pairing begins again
// with the next command: clients wait for replies; where one did not, the parser lets go.
#include "proto/ftp.h"

// Commands that no other protocol of lines has as its first ones.
static const char *const telling[] = {"SYST", "PASV", "EPSV", "PORT ", "EPRT ", "TYPE ", "CWD ",
    "PWD", "FEAT", "OPTS ", "AUTH TLS", "AUTH SSL", "NLST", "MLSD", "STOR ", "APPE ", "SIZE ",
    "PBSZ ", "PROT ", "MDTM ", "REST "};
static const char *const likely[] = {
    "USER ", "PASS", "ACCT ", "NOOP", "QUIT", "LIST", "RETR ", "CLNT ", "HOST "};

static bool starts_with_any(struct bytes line, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct bytes word = bytes_from_text(words[i]);
        uint8_t after = bytes_at(line, word.len);
        bool whole =
            word.data[word.len - 1] == ' ' || after == ' ' || after == '\r' || after == '\n';
        if (whole && bytes_start_with_nocase(line, word))
            return true;
    }
    return false;
}

static enum proto_probe probe_client(struct bytes data)
{
    while (data.len) {
        size_t lf = bytes_find_byte(data, '\n');
        if (lf == BYTES_NOT_FOUND)
            return data.len < 64 ? PROBE_MORE : PROBE_NO;
        struct bytes line = bytes_sub(data, 0, lf + 1);
        if (starts_with_any(line, telling, sizeof telling / sizeof *telling))
            return PROBE_CLIENT;
        if (!starts_with_any(line, likely, sizeof likely / sizeof *likely))
            return PROBE_NO;
        data = bytes_from(data, lf + 1);
    }
    return PROBE_MORE;
}

static bool has_ftp(struct bytes line)
{
    for (size_t i = 0; i + 3 <= line.len; i++)
        if (bytes_equal_nocase(bytes_sub(line, i, 3), BYTES("ftp")))
            return true;
    return false;
}

// Replies that SMTP, which greets with 220 as well, does not have.
static bool is_ftp_reply(struct bytes line)
{
    static const char *const codes[] = {"331 ", "230 ", "230-", "227 ", "229 ", "257 ", "215 "};
    return starts_with_any(line, codes, sizeof codes / sizeof *codes);
}

static enum proto_probe probe_server(struct bytes data)
{
    bool first = true;
    while (data.len) {
        size_t lf = bytes_find_byte(data, '\n');
        struct bytes line = bytes_sub(data, 0, lf);
        if ((first || bytes_start_with(line, BYTES("220"))) && has_ftp(line))
            return PROBE_SERVER;
        if (!first && is_ftp_reply(line))
            return PROBE_SERVER;
        if (lf == BYTES_NOT_FOUND)
            break;
        first = false;
        data = bytes_from(data, lf + 1);
    }
    return PROBE_MORE;
}

// A word of three or four letters, as far as it goes.
static bool may_be_command(struct bytes data)
{
    size_t n = 0;
    while (n < 4 && ((bytes_at(data, n) | 0x20) >= 'a' && (bytes_at(data, n) | 0x20) <= 'z'))
        n++;
    uint8_t after = bytes_at(data, n);
    return n == data.len || (n >= 3 && (after == ' ' || after == '\r' || after == '\n'));
}

static enum proto_probe ftp_probe(const struct proto_first *first)
{
    struct bytes data = first->data;
    uint8_t begin = bytes_at(data, 0);
    if (begin == '2' || begin == '1') {
        struct bytes seen = bytes_sub(data, 0, 3);
        bool greeting =
            bytes_start_with(BYTES("220"), seen) || bytes_start_with(BYTES("120"), seen);
        uint8_t mark = bytes_at(data, 3);
        if (!greeting || (data.len > 3 && mark != ' ' && mark != '-'))
            return PROBE_NO;
        return data.len < 4 ? PROBE_MORE : probe_server(data);
    }
    return may_be_command(data) ? probe_client(data) : PROBE_NO;
}

// Behind AUTH TLS, before its answer. Clear text here is what the server might take for commands
// of the protected session.
static void tls_wait(struct proto_flow *pf, struct cursor *in)
{
    struct ftp_flow *ftp = ftp_flow(pf);
    ftp->tls = cursor_rest(in).data[0] == 0x16; // a handshake; the answer was not captured
    if (!ftp->tls)
        proto_anomaly(pf, ANOMALY_FTP_DATA_AFTER_AUTH);
}

// False: no line is complete, or TLS begins.
static bool ftp_step(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct ftp_flow *ftp = ftp_flow(pf);
    struct bytes line;
    if (side == FLOW_CLIENT && ftp->tls_waits && cursor_left(in))
        tls_wait(pf, in);
    if (ftp->tls)
        return false;
    enum line_result found =
        line_take_last(&ftp->lines[side], in, FTP_LINE_BYTES, pf->ended[side], &line);
    if (found == LINE_NONE)
        return false;
    if (side == FLOW_CLIENT)
        ftp_command_line(pf, line, found == LINE_CUT);
    else
        ftp_reply_line(pf, line, found == LINE_CUT);
    return true;
}

static enum proto_verdict ftp_parse(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    while (ftp_step(pf, side, in))
        ;
    if (!ftp_flow(pf)->tls)
        return PROTO_MORE;
    proto_switch(pf, &proto_tls);
    return PROTO_DONE;
}

static enum proto_verdict ftp_gap(struct proto_flow *pf, enum flow_side side, size_t lost)
{
    (void)lost;
    struct ftp_flow *ftp = ftp_flow(pf);
    ftp_finish_waiting(pf, true);
    if (side == FLOW_CLIENT && ftp->pipelined == FTP_PIPELINED)
        return PROTO_DONE;
    if (side == FLOW_CLIENT)
        ftp->gap_us = pf->time_us;
    else
        ftp_finish_alone(pf, true);
    line_lost(&ftp->lines[side]);
    return PROTO_MORE;
}

static void ftp_finish(struct proto_flow *pf)
{
    ftp_finish_alone(pf, false);
    ftp_finish_waiting(pf, false);
}

const struct proto proto_ftp = {
    .name = "ftp",
    .carriers = OVER_TCP,
    .state_bytes = sizeof(struct ftp_flow),
    .budget_bytes = 4096,
    .buffer_bytes = 2 * FTP_LINE_BYTES,
    .probe = ftp_probe,
    .parse = ftp_parse,
    .gap = ftp_gap,
    .finish = ftp_finish,
};
