// SPDX-License-Identifier: Apache-2.0
// Certificate chains (RFC 5246 7.4.2, RFC 5280 6.1 as far as it goes without keys): validity at
// the packet's time, names, order, strength. Signatures are not verified: the sensor holds no
// trust store, and what it reports is what anyone can see on the wire.
#include "proto/tls_certificate.h"
#include "base/hash.h"
#include "proto/der.h"

static struct bytes hex_colons(struct bytes raw, struct arena *arena)
{
    static const char hex[] = "0123456789abcdef";
    char *out = arena_alloc(arena, raw.len * 3);
    if (!out)
        return (struct bytes){NULL, 0};
    for (size_t i = 0; i < raw.len; i++) {
        out[i * 3] = hex[raw.data[i] >> 4];
        out[i * 3 + 1] = hex[raw.data[i] & 15];
        out[i * 3 + 2] = ':';
    }
    return bytes_make(out, raw.len * 3 - 1);
}

static struct bytes time_copy(int64_t time_s, struct arena *arena)
{
    char text[X509_TIME_TEXT_BYTES];
    return arena_copy(arena, bytes_make(text, x509_time_text(time_s, text)));
}

static void digests_fill(struct record_tls_certificate *r, struct bytes der, struct arena *arena)
{
    uint8_t sha1[SHA1_BYTES], sha256[SHA256_BYTES];
    hash_sha1(der, sha1);
    hash_sha256(der, sha256);
    r->fingerprint = hex_colons(bytes_make(sha1, sizeof sha1), arena);
    r->sha256 = arena_copy(arena, bytes_make(sha256, sizeof sha256));
}

static void sans_fill(
    struct proto_flow *pf, struct record_tls_certificate *r, const struct x509 *cert)
{
    struct bytes names[X509_SANS_MAX];
    bool cut;
    size_t count = x509_sans_list(cert, names, X509_SANS_MAX, &pf->arena, &cut);
    if (cut)
        proto_anomaly(pf, ANOMALY_TLS_TOO_MANY_CERTIFICATES);
    if (count == 0)
        return;
    struct bytes *kept = arena_alloc(&pf->arena, count * sizeof *kept);
    if (!kept)
        return;
    memcpy(kept, names, count * sizeof *kept);
    r->subjectaltname = kept;
    r->subjectaltname_count = count;
}

static void certificate_fill(
    struct proto_flow *pf, struct record_tls_certificate *r, const struct x509 *cert)
{
    struct arena *arena = &pf->arena;
    r->subject = x509_name_text(cert->subject, arena);
    r->issuerdn =
        bytes_equal(cert->subject, cert->issuer) ? r->subject : x509_name_text(cert->issuer, arena);
    r->serial = x509_serial_text(cert->serial, arena);
    r->notbefore = time_copy(cert->not_before_s, arena);
    r->notafter = time_copy(cert->not_after_s, arena);
    r->key_type = cert->key_type;
    r->key_bits = cert->key_bits;
    r->has_key_bits = cert->key_bits > 0;
    r->signature = cert->signature;
    sans_fill(pf, r, cert);
}

static unsigned flag(enum tls_chain_problem problem, bool set)
{
    return set ? 1U << problem : 0;
}

static struct bytes host_trim(struct bytes host)
{
    return host.len > 0 && host.data[host.len - 1] == '.' ? bytes_sub(host, 0, host.len - 1) : host;
}

// What is wrong with one certificate; first: the peer's own.
static unsigned problems_of(const struct x509 *cert, bool first, struct bytes host, int64_t now_s)
{
    bool self = bytes_equal(cert->subject, cert->issuer);
    unsigned problems =
        flag(CHAIN_NOT_YET_VALID, now_s < cert->not_before_s) |
        flag(first ? CHAIN_EXPIRED : CHAIN_ISSUER_EXPIRED, now_s > cert->not_after_s) |
        flag(CHAIN_WEAK_KEY, cert->key_weak);
    // The signature of a root on itself protects nothing and may be as old as it likes.
    problems |= flag(CHAIN_WEAK_SIGNATURE, cert->signature_weak && (first || !self));
    problems |= flag(CHAIN_SELF_SIGNED, first && self);
    if (first && host.len > 0)
        problems |= flag(CHAIN_NAME_MISMATCH, !x509_names_host(cert, host_trim(host)));
    return problems;
}

static const struct bytes problem_names[CHAIN_PROBLEMS] = {
    [CHAIN_EXPIRED] = BYTES("expired"),
    [CHAIN_ISSUER_EXPIRED] = BYTES("issuer_expired"),
    [CHAIN_NOT_YET_VALID] = BYTES("not_yet_valid"),
    [CHAIN_NAME_MISMATCH] = BYTES("name_mismatch"),
    [CHAIN_SELF_SIGNED] = BYTES("self_signed"),
    [CHAIN_ISSUER_MISMATCH] = BYTES("issuer_mismatch"),
    [CHAIN_WEAK_KEY] = BYTES("weak_key"),
    [CHAIN_WEAK_SIGNATURE] = BYTES("weak_signature"),
    [CHAIN_BROKEN_CERTIFICATE] = BYTES("broken_certificate"),
    [CHAIN_TOO_MANY_CERTIFICATES] = BYTES("too_many_certificates"),
};

static void problems_name(struct proto_flow *pf, unsigned problems, struct tls_chain *out)
{
    if (problems & flag(CHAIN_TOO_MANY_CERTIFICATES, true))
        proto_anomaly(pf, ANOMALY_TLS_TOO_MANY_CERTIFICATES);
    for (unsigned i = 0; i < CHAIN_PROBLEMS; i++)
        if (problems & 1U << i)
            out->problems[out->problem_count++] = problem_names[i];
}

// Does it end before its end, or within the length of what is signed?
static bool is_cut(struct bytes der)
{
    struct cursor whole = cursor_make(der);
    struct cursor inside = der_enter(&whole, DER_SEQUENCE);
    cursor_u8(&inside);
    uint8_t length = cursor_u8(&inside);
    cursor_skip(&inside, length & 0x80 ? length & 0x7f : 0);
    return bytes_at(der, 0) == DER_SEQUENCE && !cursor_ok(&inside);
}

static unsigned broken(struct proto_flow *pf, struct bytes der)
{
    proto_anomaly(pf,
        is_cut(der) ? ANOMALY_TLS_CERTIFICATE_INVALID_LENGTH : ANOMALY_TLS_CERTIFICATE_INVALID_DER);
    return flag(CHAIN_BROKEN_CERTIFICATE, true);
}

void tls_chain_read(
    struct proto_flow *pf, struct bytes certificates, struct bytes host, struct tls_chain *out)
{
    struct cursor c = cursor_make(certificates);
    struct bytes issuer = {NULL, 0}; // the one before names it
    unsigned problems = 0;
    out->count = out->problem_count = 0;
    while (cursor_left(&c) > 0 && out->count < TLS_CERTIFICATES_MAX) {
        struct bytes der = cursor_take(&c, cursor_u24(&c));
        if (!cursor_ok(&c) || der.len == 0) {
            problems |= broken(pf, der);
            break;
        }
        bool first = out->count == 0;
        struct record_tls_certificate *r = &out->list[out->count++];
        struct x509 cert;
        memset(r, 0, sizeof *r);
        digests_fill(r, der, &pf->arena);
        if (!x509_parse(der, &cert)) {
            problems |= broken(pf, der);
            issuer = (struct bytes){NULL, 0};
            continue;
        }
        certificate_fill(pf, r, &cert);
        problems |= problems_of(&cert, first, host, pf->time_us / 1'000'000);
        problems |= flag(CHAIN_ISSUER_MISMATCH, issuer.data && !bytes_equal(issuer, cert.subject));
        issuer = cert.issuer;
    }
    problems |= flag(CHAIN_TOO_MANY_CERTIFICATES, cursor_left(&c) > 0);
    problems_name(pf, problems, out);
}
