// SPDX-License-Identifier: Apache-2.0
// Exploits by the shape of one message:
// - SMB1's TRANS2 subcommand SESSION_SETUP, which MS-CIFS 2.2.6.15 reserves and no server has. The
//   exploits of MS17-010 send it, and the back door they leave is talked to by it.
// - SIG records in an answer of DNS (RFC 2535, obsolete since RFC 3755), long enough to overflow
//   the server's cache: CVE-2020-1350.
// - A client of Remote Desktop that asks for the channel MS_T120, which servers keep for themselves
//   (MS-RDPBCGR 2.2.1.3.4): CVE-2019-0708.
// - A heartbeat of TLS that asks for more than it brought (RFC 6520 section 4): CVE-2014-0160.
#include "behaviour/seat.h"

enum { SIG_LONG_BYTES = 512 }; // a signature of 4096 bits and its names stay below

static void tell(const struct seat *seat, const struct record *record, const char *kind,
    struct bytes operation, struct bytes what)
{
    struct telling telling;
    telling_begin(&telling, "domain.exploit", record, bytes_from_text(kind));
    telling.hit.rule = telling.hit.kind;
    telling_text(&telling, "operation", operation);
    if (what.len)
        telling_text(&telling, "what", what);
    telling_match(&telling, "message", operation);
    telling_end(&telling, seat);
}

static void see_dns(const struct seat *seat, const struct record *record)
{
    const struct record_dns *dns = record->body;
    for (size_t i = 0; i < dns->answers_count; i++) {
        const struct record_dns_rr *rr = &dns->answers[i];
        if (bytes_equal(rr->rrtype, BYTES("SIG")) && rr->rdata.len >= SIG_LONG_BYTES) {
            tell(seat, record, "dns_sig", rr->rrtype, rr->rrname);
            return;
        }
    }
}

static void see_rdp(const struct seat *seat, const struct record *record)
{
    const struct record_rdp *rdp = record->body;
    for (size_t i = 0; i < rdp->channels_count; i++) {
        if (bytes_equal_nocase(rdp->channels[i], BYTES("MS_T120"))) {
            tell(seat, record, "rdp_channel", rdp->channels[i], rdp->client.client_name);
            return;
        }
    }
}

static void see_smb(const struct seat *seat, const struct record *record)
{
    const struct record_smb *smb = record->body;
    if (bytes_equal(smb->function, BYTES("TRANS2_SESSION_SETUP")))
        tell(seat, record, "smb1", smb->function, smb->status);
}

static void see_anomaly(const struct seat *seat, const struct record *record)
{
    const struct record_anomaly *anomaly = record->body;
    if (bytes_equal(anomaly->event, BYTES("tls.overflow_heartbeat_message")))
        tell(seat, record, "heartbeat", BYTES("Heartbeat"), (struct bytes){NULL, 0});
}

static void record(const struct seat *seat, const struct record *record)
{
    switch (record->type) {
    case RECORD_DNS: see_dns(seat, record); break;
    case RECORD_RDP: see_rdp(seat, record); break;
    case RECORD_SMB: see_smb(seat, record); break;
    default: see_anomaly(seat, record); break;
    }
}

const struct look weakness_look = {
    .types =
        (const enum record_type[]){RECORD_SMB, RECORD_DNS, RECORD_RDP, RECORD_ANOMALY, RECORD_NONE},
    .record = record,
};
