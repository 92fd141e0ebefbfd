// SPDX-License-Identifier: Apache-2.0
// Exploits of Windows services by the shape of one message:
// - SMB1's TRANS2 subcommand SESSION_SETUP, which MS-CIFS 2.2.6.15 reserves and no server has. The
//   exploits of MS17-010 send it, and the back door they leave is talked to by it.
// - SIG records in an answer of DNS (RFC 2535, obsolete since RFC 3755), long enough to overflow
// the
//   server's cache: CVE-2020-1350.
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

static void record(const struct seat *seat, const struct record *record)
{
    const struct record_smb *smb = record->body;
    if (record->type == RECORD_DNS)
        see_dns(seat, record);
    else if (bytes_equal(smb->function, BYTES("TRANS2_SESSION_SETUP")))
        tell(seat, record, "smb1", smb->function, smb->status);
}

const struct look weakness_look = {
    .types = (const enum record_type[]){RECORD_SMB, RECORD_DNS, RECORD_NONE},
    .record = record,
};
