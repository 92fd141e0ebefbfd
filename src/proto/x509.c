// SPDX-License-Identifier: Apache-2.0
// X.509 certificates (RFC 5280, algorithms of RFC 3279, 4055, 5480, 8410, 9881) seen in handshakes.
// A walk over the DER in one pass: no copies, no recursion, nothing verified. OpenSSL would build
// a tree of some hundred allocations for the same answer; x509_test.c holds both against each
// other.
#include "proto/x509.h"
#include "proto/der.h"

struct algorithm {
    struct bytes oid;
    struct bytes name;
    bool weak;
};

#define ALGORITHM(oid, name, weak)                                                                 \
    {                                                                                              \
        BYTES(oid), BYTES(name), weak                                                              \
    }

static const struct algorithm signatures[] = {
    ALGORITHM("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b", "sha256WithRSAEncryption", false),
    ALGORITHM("\x2a\x86\x48\xce\x3d\x04\x03\x02", "ecdsa-with-SHA256", false),
    ALGORITHM("\x2a\x86\x48\xce\x3d\x04\x03\x03", "ecdsa-with-SHA384", false),
    ALGORITHM("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c", "sha384WithRSAEncryption", false),
    ALGORITHM("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05", "sha1WithRSAEncryption", true),
    ALGORITHM("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d", "sha512WithRSAEncryption", false),
    ALGORITHM("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a", "rsassaPss", false),
    ALGORITHM("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0e", "sha224WithRSAEncryption", false),
    ALGORITHM("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x02", "md2WithRSAEncryption", true),
    ALGORITHM("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x03", "md4WithRSAEncryption", true),
    ALGORITHM("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x04", "md5WithRSAEncryption", true),
    ALGORITHM("\x2b\x0e\x03\x02\x1d", "sha1WithRSA", true),
    ALGORITHM("\x2a\x86\x48\xce\x3d\x04\x01", "ecdsa-with-SHA1", true),
    ALGORITHM("\x2a\x86\x48\xce\x3d\x04\x03\x01", "ecdsa-with-SHA224", false),
    ALGORITHM("\x2a\x86\x48\xce\x3d\x04\x03\x04", "ecdsa-with-SHA512", false),
    ALGORITHM("\x2a\x86\x48\xce\x38\x04\x03", "dsaWithSHA1", true),
    ALGORITHM("\x60\x86\x48\x01\x65\x03\x04\x03\x01", "dsa_with_SHA224", false),
    ALGORITHM("\x60\x86\x48\x01\x65\x03\x04\x03\x02", "dsa_with_SHA256", false),
    ALGORITHM("\x2b\x65\x70", "ED25519", false),
    ALGORITHM("\x2b\x65\x71", "ED448", false),
    ALGORITHM("\x60\x86\x48\x01\x65\x03\x04\x03\x11", "ML-DSA-44", false),
    ALGORITHM("\x60\x86\x48\x01\x65\x03\x04\x03\x12", "ML-DSA-65", false),
    ALGORITHM("\x60\x86\x48\x01\x65\x03\x04\x03\x13", "ML-DSA-87", false),
};

enum key_size { SIZE_FIXED, SIZE_RSA, SIZE_DSA, SIZE_CURVE };

static const struct key_kind {
    struct bytes oid;
    struct bytes name;
    enum key_size size;
    uint32_t bits; // SIZE_FIXED only
} keys[] = {
    {BYTES("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"), BYTES("rsa"), SIZE_RSA, 0},
    {BYTES("\x2a\x86\x48\xce\x3d\x02\x01"), BYTES("ec"), SIZE_CURVE, 0},
    {BYTES("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a"), BYTES("rsa-pss"), SIZE_RSA, 0},
    {BYTES("\x2a\x86\x48\xce\x38\x04\x01"), BYTES("dsa"), SIZE_DSA, 0},
    {BYTES("\x2b\x65\x70"), BYTES("ed25519"), SIZE_FIXED, 256},
    {BYTES("\x2b\x65\x71"), BYTES("ed448"), SIZE_FIXED, 456},
    {BYTES("\x60\x86\x48\x01\x65\x03\x04\x03\x11"), BYTES("ml-dsa-44"), SIZE_FIXED, 10'496},
    {BYTES("\x60\x86\x48\x01\x65\x03\x04\x03\x12"), BYTES("ml-dsa-65"), SIZE_FIXED, 15'616},
    {BYTES("\x60\x86\x48\x01\x65\x03\x04\x03\x13"), BYTES("ml-dsa-87"), SIZE_FIXED, 20'736},
};

// Named curves (RFC 5480 2.1.1.1, RFC 5639).
static const struct curve {
    struct bytes oid;
    uint32_t bits;
} curves[] = {
    {BYTES("\x2a\x86\x48\xce\x3d\x03\x01\x07"), 256},
    {BYTES("\x2b\x81\x04\x00\x22"), 384},
    {BYTES("\x2b\x81\x04\x00\x23"), 521},
    {BYTES("\x2b\x81\x04\x00\x0a"), 256},
    {BYTES("\x2b\x81\x04\x00\x21"), 224},
    {BYTES("\x2a\x86\x48\xce\x3d\x03\x01\x01"), 192},
    {BYTES("\x2b\x24\x03\x03\x02\x08\x01\x01\x07"), 256},
    {BYTES("\x2b\x24\x03\x03\x02\x08\x01\x01\x0b"), 384},
    {BYTES("\x2b\x24\x03\x03\x02\x08\x01\x01\x0d"), 512},
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct algorithm *signature_find(struct bytes oid)
{
    for (size_t i = 0; i < COUNT(signatures); i++)
        if (bytes_equal(signatures[i].oid, oid))
            return &signatures[i];
    return NULL;
}

static const struct key_kind *key_find(struct bytes oid)
{
    for (size_t i = 0; i < COUNT(keys); i++)
        if (bytes_equal(keys[i].oid, oid))
            return &keys[i];
    return NULL;
}

static bool digits(struct cursor *c, unsigned count, int *out)
{
    int value = 0;
    for (unsigned i = 0; i < count; i++) {
        uint8_t d = cursor_u8(c);
        if (d < '0' || d > '9')
            return false;
        value = value * 10 + (d - '0');
    }
    *out = value;
    return true;
}

// Days from 1970-01-01 in the Gregorian calendar, counted in years that begin in March.
static int64_t days_of(int year, int month, int day)
{
    year -= month <= 2;
    int era = year / 400;
    int year_of_era = year - era * 400;
    int day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return (int64_t)era * 146'097 + day_of_era - 719'468;
}

// Seconds that "+hhmm" or "-hhmm" says local time is ahead; "Z" and nothing are zero.
static bool zone_read(struct cursor *c, int64_t *ahead_s)
{
    int hours, minutes;
    uint8_t sign = cursor_left(c) > 0 ? cursor_u8(c) : 'Z';
    *ahead_s = 0;
    if (sign == 'Z')
        return true;
    if ((sign != '+' && sign != '-') || !digits(c, 2, &hours) || !digits(c, 2, &minutes))
        return false;
    *ahead_s = (sign == '+' ? 1 : -1) * (hours * 3600 + minutes * 60);
    return true;
}

// UTCTime and GeneralizedTime (RFC 5280 4.1.2.5), with the offsets older issuers wrote.
static bool time_read(struct cursor *c, int64_t *time_s)
{
    uint8_t tag;
    struct cursor t = cursor_make(der_any(c, &tag));
    int year, month, day, hour, minute, second = 0;
    int64_t ahead_s;
    if (!cursor_ok(c) || (tag != DER_UTC_TIME && tag != DER_GENERALIZED_TIME))
        return false;
    if (!digits(&t, tag == DER_UTC_TIME ? 2 : 4, &year) || !digits(&t, 2, &month) ||
        !digits(&t, 2, &day) || !digits(&t, 2, &hour) || !digits(&t, 2, &minute))
        return false;
    uint8_t next = bytes_at(cursor_rest(&t), 0);
    if (next >= '0' && next <= '9' && !digits(&t, 2, &second))
        return false;
    if (tag == DER_UTC_TIME)
        year += year < 50 ? 2000 : 1900;
    if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 24 || minute > 59 || second > 60)
        return false;
    if (!zone_read(&t, &ahead_s))
        return false;
    *time_s = days_of(year, month, day) * 86'400 + hour * 3600 + minute * 60 + second - ahead_s;
    return true;
}

static uint32_t integer_bits(struct bytes integer)
{
    size_t zeros = 0;
    while (zeros < integer.len && integer.data[zeros] == 0)
        zeros++;
    if (zeros == integer.len)
        return 0;
    unsigned top = 32U - (unsigned)__builtin_clz(integer.data[zeros]);
    return (uint32_t)((integer.len - zeros - 1) * 8 + top);
}

static uint32_t curve_bits(struct cursor *parameters)
{
    struct bytes oid = der_take(parameters, DER_OID);
    for (size_t i = 0; cursor_ok(parameters) && i < COUNT(curves); i++)
        if (bytes_equal(curves[i].oid, oid))
            return curves[i].bits;
    return 0;
}

// RSAPublicKey's modulus, inside the BIT STRING (RFC 3279 2.3.1).
static uint32_t rsa_bits(struct bytes key)
{
    struct cursor c = cursor_make(bytes_from(key, 1));
    struct cursor rsa = der_enter(&c, DER_SEQUENCE);
    return integer_bits(der_take(&rsa, DER_INTEGER));
}

static uint32_t dsa_bits(struct cursor *parameters)
{
    struct cursor dsa = der_enter(parameters, DER_SEQUENCE);
    return integer_bits(der_take(&dsa, DER_INTEGER));
}

// SubjectPublicKeyInfo (RFC 5280 4.1.2.7). Weak: below the 112 bits of NIST SP 800-57.
static void key_read(struct cursor spki, struct x509 *out)
{
    struct cursor algorithm = der_enter(&spki, DER_SEQUENCE);
    const struct key_kind *kind = key_find(der_take(&algorithm, DER_OID));
    struct bytes key = der_take(&spki, DER_BIT_STRING);
    if (!cursor_ok(&spki) || !kind)
        return;
    uint32_t least = kind->size == SIZE_CURVE ? 224 : 2048;
    out->key_type = kind->name;
    out->key_bits = kind->bits;
    if (kind->size == SIZE_CURVE)
        out->key_bits = curve_bits(&algorithm);
    else if (kind->size == SIZE_RSA)
        out->key_bits = rsa_bits(key);
    else if (kind->size == SIZE_DSA)
        out->key_bits = dsa_bits(&algorithm);
    out->key_weak = kind->size != SIZE_FIXED && out->key_bits > 0 && out->key_bits < least;
}

static void extension_read(struct cursor extension, struct x509 *out)
{
    struct bytes oid = der_take(&extension, DER_OID);
    if (der_next_is(&extension, DER_BOOLEAN))
        der_take(&extension, DER_BOOLEAN);
    struct cursor value = der_enter(&extension, DER_OCTET_STRING);
    struct cursor inner = der_enter(&value, DER_SEQUENCE);
    if (!cursor_ok(&inner))
        return;
    if (bytes_equal(oid, BYTES("\x55\x1d\x11")))
        out->sans = cursor_rest(&inner);
    else if (bytes_equal(oid, BYTES("\x55\x1d\x13")) && der_next_is(&inner, DER_BOOLEAN))
        out->ca = bytes_at(der_take(&inner, DER_BOOLEAN), 0) != 0;
}

// Extensions stand last in the TBSCertificate, after the unique ids nobody uses. What is broken
// here costs the alternative names, not the certificate.
static void extensions_read(struct cursor *tbs, struct x509 *out)
{
    while (cursor_left(tbs) > 0 && !der_next_is(tbs, DER_CONTEXT_STRUCTURED + 3)) {
        uint8_t tag;
        der_any(tbs, &tag);
    }
    struct cursor outer = der_enter(tbs, DER_CONTEXT_STRUCTURED + 3);
    struct cursor list = der_enter(&outer, DER_SEQUENCE);
    while (cursor_left(&list) > 0)
        extension_read(der_enter(&list, DER_SEQUENCE), out);
}

bool x509_parse(struct bytes der, struct x509 *out)
{
    memset(out, 0, sizeof *out);
    struct cursor c = cursor_make(der);
    struct cursor certificate = der_enter(&c, DER_SEQUENCE);
    struct cursor tbs = der_enter(&certificate, DER_SEQUENCE);
    struct cursor signature = der_enter(&certificate, DER_SEQUENCE);
    if (der_next_is(&tbs, DER_CONTEXT_STRUCTURED))
        der_take(&tbs, DER_CONTEXT_STRUCTURED);
    out->serial = der_take(&tbs, DER_INTEGER);
    der_take(&tbs, DER_SEQUENCE);
    out->issuer = der_take(&tbs, DER_SEQUENCE);
    struct cursor validity = der_enter(&tbs, DER_SEQUENCE);
    out->subject = der_take(&tbs, DER_SEQUENCE);
    struct cursor spki = der_enter(&tbs, DER_SEQUENCE);
    struct bytes oid = der_take(&signature, DER_OID);
    if (!cursor_ok(&tbs) || !cursor_ok(&signature) || !time_read(&validity, &out->not_before_s) ||
        !time_read(&validity, &out->not_after_s))
        return false;
    const struct algorithm *known = signature_find(oid);
    out->signature = known ? known->name : (struct bytes){NULL, 0};
    out->signature_weak = known && known->weak;
    key_read(spki, out);
    extensions_read(&tbs, out);
    return true;
}
