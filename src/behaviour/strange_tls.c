// SPDX-License-Identifier: Apache-2.0
// Encrypted connections as malware makes them: straight to an address, at a port of its own, with a
// certificate somebody made himself. None of these alone is evil; several together are rare. Of
// TLS 1.3 no certificate is to be seen. Names that tools give theirs are framework.c's.
#include "behaviour/seat.h"
#include <stdio.h>

enum {
    POINTS_LOW = 3,
    POINTS_HIGH = 4,
    YOUNG_DAYS = 7,
    LONG_YEARS = 9,
    ONION_BYTES = 8, // of names Tor invents, at least
};

static bool holds_any(struct bytes text, const char *const *words)
{
    for (; text.len && *words; words++)
        if (bytes_find(text, bytes_from_text(*words)) != BYTES_NOT_FOUND)
            return true;
    return false;
}

// Filled in as the tool proposed, by somebody who did not care.
static bool is_filled_in(const struct record_tls *tls)
{
    static const char *const words[] = {"CN=example.com", "Internet Widgits", "O=Global Security",
        "CN=localhost", "Default Company Ltd", "O=Default", "Some-Company", NULL};
    return holds_any(tls->subject, words);
}

static bool is_usual(uint16_t port)
{
    static const uint16_t ports[] = {443, 465, 563, 587, 636, 853, 989, 990, 992, 993, 994, 995,
        1194, 3389, 4433, 5061, 5223, 5228, 5349, 5671, 5986, 6514, 8443, 8883, 9443, 25, 21, 110,
        143, 389, 3306, 5432, 5222, 1433, 0};
    for (const uint16_t *p = ports; *p; p++)
        if (*p == port)
            return true;
    return false;
}

// "2024-06-04T14:27:23", in days, near enough to compare. 0: it cannot be read.
static int64_t day_of(struct bytes time)
{
    unsigned year, month, day;
    char text[11] = "";
    memcpy(text, time.data ? (const void *)time.data : "", time.len < 10 ? time.len : 10);
    if (sscanf(text, "%4u-%2u-%2u", &year, &month, &day) != 3)
        return 0;
    return (int64_t)year * 365 + year / 4 + month * 30 + day;
}

static unsigned points_of_age(const struct record_tls *tls, int64_t now_us)
{
    enum { DAY_S = 86'400, DAYS_BEFORE_1970 = 1970 * 365 + 1970 / 4 };
    int64_t from = day_of(tls->notbefore), until = day_of(tls->notafter);
    int64_t now = now_us / 1'000'000 / DAY_S + DAYS_BEFORE_1970 + 30;
    if (!from || !until)
        return 0;
    bool young = now >= from && now - from < YOUNG_DAYS;
    return (young ? 1u : 0u) + (until - from > LONG_YEARS * 365 ? 1u : 0u);
}

static bool is_own(const struct record_tls *tls)
{
    for (size_t i = 0; i < tls->chain_problems_count; i++)
        if (bytes_equal(tls->chain_problems[i], BYTES("self_signed")))
            return true;
    return tls->subject.len && bytes_equal(tls->subject, tls->issuerdn);
}

static bool is_address(struct bytes name)
{
    return name.len && name.data[name.len - 1] >= '0' && name.data[name.len - 1] <= '9';
}

static unsigned points_of(const struct record *record)
{
    const struct record_tls *tls = record->body;
    bool old =
        bytes_equal(tls->version, BYTES("TLSv1")) || bytes_start_with(tls->version, BYTES("SSL"));
    return (!tls->sni.len || is_address(tls->sni) ? 1u : 0u) + (is_own(tls) ? 1u : 0u) +
           (is_usual(record->head.dest_port) ? 0u : 1u) + (old ? 1u : 0u) +
           points_of_age(tls, record->head.timestamp) + (is_filled_in(tls) ? 1u : 0u);
}

// "CN=www.NAME.net" of letters and digits that no person chose.
static bool is_of_tor(const struct record_tls *tls)
{
    struct bytes subject = tls->subject, issuer = tls->issuerdn, net = BYTES(".net"),
                 com = BYTES(".com");
    return bytes_start_with(subject, BYTES("CN=www.")) &&
           bytes_start_with(issuer, BYTES("CN=www.")) && subject.len > net.len + 7 + ONION_BYTES &&
           !tls->subjectaltname_count &&
           bytes_equal(bytes_from(subject, subject.len - net.len), net) &&
           bytes_equal(bytes_from(issuer, issuer.len - com.len), com);
}

static void tell(
    const struct seat *seat, const struct record *record, struct bytes kind, enum severity severity)
{
    const struct record_tls *tls = record->body;
    struct telling telling;
    telling_begin(&telling, "tls.strange", record, kind);
    telling.hit.as_detector = false;
    telling.hit.severity = severity;
    if (!is_usual(record->head.dest_port)) {
        telling.hit.techniques[0] = BYTES("T1573.002");
        telling.hit.techniques[1] = BYTES("T1571");
        telling.hit.techniques_count = 2;
    }
    if (tls->subject.len)
        telling_text(&telling, "certificate", tls->subject);
    if (tls->issuerdn.len)
        telling_text(&telling, "issuer", tls->issuerdn);
    telling_match(&telling, "tls.subject", tls->subject);
    telling_end(&telling, seat);
}

static void record(const struct seat *seat, const struct record *record)
{
    const struct record_tls *tls = record->body;
    unsigned points = points_of(record);
    if (!tls->subject.len || bytes_equal(record->head.proto, BYTES("UDP")))
        return; // DTLS of calls is self-signed by design (RFC 8827)
    if (is_of_tor(tls))
        tell(seat, record, BYTES("tor"), SEVERITY_MEDIUM);
    else if (points >= POINTS_LOW && is_own(tls) && !seat_inside(seat, &record->head.dest_ip))
        tell(seat, record, BYTES("certificate"),
            points >= POINTS_HIGH ? SEVERITY_HIGH : SEVERITY_MEDIUM);
}

const struct look strange_tls_look = {
    .types = (const enum record_type[]){RECORD_TLS, RECORD_NONE},
    .record = record,
};
