// SPDX-License-Identifier: Apache-2.0
// Our walk over a certificate against OpenSSL's reading of the same bytes.
#include "base/test.h"
#include "proto/x509.h"
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

static struct pool pool;
static struct arena arena;

static X509 *certificate(EVP_PKEY *key)
{
    X509 *c = X509_new();
    X509_set_version(c, 2);
    ASN1_INTEGER_set_uint64(X509_get_serialNumber(c), 0x8364'66c3);
    ASN1_TIME_set_string(X509_getm_notBefore(c), "691231000000Z");
    ASN1_TIME_set_string(X509_getm_notAfter(c), "20991231235959Z");
    X509_set_pubkey(c, key);
    return c;
}

static void name_add(
    X509 *c, bool subject, const char *type, int string, struct bytes value, int set)
{
    X509_NAME *name = subject ? X509_get_subject_name(c) : X509_get_issuer_name(c);
    CHECK(X509_NAME_add_entry_by_txt(name, type, string, value.data, (int)value.len, -1, set));
}

static void extension_add(X509 *c, int nid, const char *value)
{
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    CHECK(e && X509_add_ext(c, e, -1));
    X509_EXTENSION_free(e);
}

// Signed and in DER; OpenSSL's memory goes with the test's arena.
static struct bytes der_of(X509 *c, EVP_PKEY *key, const EVP_MD *digest)
{
    unsigned char *der = NULL;
    CHECK(X509_sign(c, key, digest) > 0);
    int len = i2d_X509(c, &der);
    struct bytes copy = arena_copy(&arena, bytes_make(der, (size_t)len));
    OPENSSL_free(der);
    X509_free(c);
    return copy;
}

static int64_t seconds_of(const ASN1_TIME *t)
{
    struct tm tm;
    CHECK(ASN1_TIME_to_tm(t, &tm));
    return timegm(&tm);
}

// What OpenSSL reads out of the same bytes.
static void compare(struct bytes der, const struct x509 *ours)
{
    const unsigned char *at = der.data;
    X509 *theirs = d2i_X509(NULL, &at, (long)der.len);
    CHECK(theirs != NULL);
    CHECK_EQ(ours->not_before_s, seconds_of(X509_get0_notBefore(theirs)));
    CHECK_EQ(ours->not_after_s, seconds_of(X509_get0_notAfter(theirs)));
    CHECK_EQ(ours->key_bits, EVP_PKEY_get_bits(X509_get0_pubkey(theirs)));
    CHECK_TEXT(ours->signature, OBJ_nid2ln(X509_get_signature_nid(theirs)));
    CHECK_EQ(ours->ca, X509_check_ca(theirs) == 1);
    X509_free(theirs);
}

static void begin(void)
{
    pool_init(&pool, 0);
    arena_init(&arena, &pool, 1024 * 1024);
}

static void end(void)
{
    arena_reset(&arena);
    pool_finish(&pool);
}

TEST(as_openssl_reads_it)
{
    begin();
    static const char *const kinds[] = {"RSA", "P-256", "P-521", "ED25519"};
    for (size_t i = 0; i < 4; i++) {
        EVP_PKEY *key = i == 0   ? EVP_RSA_gen(2048)
                        : i == 3 ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")
                                 : EVP_EC_gen(kinds[i]);
        X509 *c = certificate(key);
        name_add(c, true, "CN", MBSTRING_UTF8, BYTES("host"), 0);
        extension_add(c, NID_basic_constraints, "critical,CA:TRUE");
        struct bytes der = der_of(c, key, i == 3 ? NULL : EVP_sha256());
        struct x509 ours;
        CHECK(x509_parse(der, &ours));
        compare(der, &ours);
        EVP_PKEY_free(key);
    }
    end();
}

// Every string type there is, two values in one RDN, an attribute without a name.
TEST(names)
{
    begin();
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *c = certificate(key);
    name_add(c, true, "C", V_ASN1_PRINTABLESTRING, BYTES("JP"), 0);
    name_add(c, true, "O", V_ASN1_UTF8STRING, BYTES("\xe6\xab\x93"), 0);
    name_add(c, true, "L", V_ASN1_BMPSTRING, BYTES("\x6a\xd3"), 0);
    name_add(c, true, "ST", V_ASN1_T61STRING, BYTES("M\xfcnchen"), 0);
    name_add(c, true, "OU", V_ASN1_UNIVERSALSTRING, BYTES("\0\0\0A\0\x01\xf3\xef"), 0);
    name_add(c, true, "emailAddress", V_ASN1_IA5STRING, BYTES("a@b.example"), 0);
    name_add(c, true, "CN", V_ASN1_UTF8STRING, BYTES("host"), 0);
    name_add(c, true, "UID", V_ASN1_UTF8STRING, BYTES("7"), -1);
    name_add(c, true, "1.2.840.99999.1", V_ASN1_UTF8STRING, BYTES("x"), 0);
    struct bytes der = der_of(c, key, EVP_sha256());
    struct x509 ours;
    CHECK(x509_parse(der, &ours));
    CHECK_TEXT(x509_name_text(ours.subject, &arena),
        "C=JP, O=\xe6\xab\x93, L=\xe6\xab\x93, ST=M\xc3\xbcnchen, "
        "OU=A\xf0\x9f\x8f\xaf, emailAddress=a@b.example, CN=host + UID=7, 1.2.840.99999.1=x");
    EVP_PKEY_free(key);
    end();
}

// OpenSSL makes no BMPString with a character past U+FFFF; others do.
TEST(texts)
{
    begin();
    struct bytes name = BYTES("\x31\x0d\x30\x0b\x06\x03\x55\x04\x03\x1e\x04\xd8\x3c\xdf\xef");
    CHECK_TEXT(x509_name_text(name, &arena), "CN=\xf0\x9f\x8f\xaf");
    CHECK_TEXT(x509_name_text(BYTES("\x31\x7f\x30"), &arena), "");
    char text[X509_TIME_TEXT_BYTES];
    CHECK_TEXT(bytes_make(text, x509_time_text(-86'400, text)), "1969-12-31T00:00:00");
    CHECK_TEXT(bytes_make(text, x509_time_text(4'102'444'799, text)), "2099-12-31T23:59:59");
    CHECK_TEXT(x509_serial_text(BYTES("\x00\x8a\xff"), &arena), "00:8A:FF");
    CHECK(x509_serial_text(BYTES(""), &arena).data == NULL);
    end();
}

TEST(alternative_names)
{
    begin();
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *c = certificate(key);
    name_add(c, true, "CN", MBSTRING_UTF8, BYTES("cn.example"), 0);
    extension_add(c, NID_subject_alt_name,
        "DNS:www.city.example,DNS:*.city.example,IP:192.0.2.1,IP:2001:db8::1,email:a@b.example,"
        "URI:https://x.example/");
    struct x509 ours;
    CHECK(x509_parse(der_of(c, key, EVP_sha256()), &ours));
    struct bytes names[8];
    bool cut;
    CHECK_EQ(x509_sans_list(&ours, names, 8, &arena, &cut), 6);
    CHECK(!cut);
    CHECK_TEXT(names[0], "www.city.example");
    CHECK_TEXT(names[2], "192.0.2.1");
    CHECK_TEXT(names[3], "2001:db8::1");
    CHECK_TEXT(names[5], "https://x.example/");
    CHECK_EQ(x509_sans_list(&ours, names, 2, &arena, &cut), 2);
    CHECK(cut);
    CHECK(x509_names_host(&ours, BYTES("WWW.city.example")));
    CHECK(x509_names_host(&ours, BYTES("a.city.example")));
    CHECK(!x509_names_host(&ours, BYTES("a.b.city.example")));
    CHECK(!x509_names_host(&ours, BYTES("city.example")));
    CHECK(!x509_names_host(&ours, BYTES(".city.example")));
    CHECK(!x509_names_host(&ours, BYTES("cn.example"))); // there are DNS names: CN does not count
    EVP_PKEY_free(key);
    end();
}

TEST(weak)
{
    begin();
    EVP_PKEY *key = EVP_RSA_gen(1024);
    struct x509 ours;
    X509 *c = certificate(key);
    name_add(c, true, "CN", MBSTRING_UTF8, BYTES("cn.example"), 0);
    CHECK(x509_parse(der_of(c, key, EVP_sha1()), &ours));
    CHECK(ours.key_weak && ours.signature_weak);
    CHECK(x509_names_host(&ours, BYTES("cn.example")));
    EVP_PKEY_free(key);
    end();
}

// Cut or bent anywhere it is read or refused, never read past.
TEST(damaged)
{
    begin();
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *c = certificate(key);
    name_add(c, true, "CN", MBSTRING_UTF8, BYTES("host"), 0);
    extension_add(c, NID_subject_alt_name, "DNS:a.example,IP:192.0.2.1");
    struct bytes der = der_of(c, key, EVP_sha256());
    struct x509 ours;
    struct bytes names[4];
    bool cut;
    for (size_t len = 0; len < der.len; len++)
        CHECK(!x509_parse(bytes_sub(der, 0, len), &ours));
    for (size_t at = 0; at < der.len * 8; at++) {
        uint8_t copy[2048];
        memcpy(copy, der.data, der.len);
        copy[at / 8] ^= (uint8_t)(1U << at % 8);
        if (!x509_parse(bytes_make(copy, der.len), &ours))
            continue;
        CHECK(x509_sans_list(&ours, names, 4, &arena, &cut) <= 4);
        x509_name_text(ours.subject, &arena);
        x509_names_host(&ours, BYTES("a.example"));
    }
    EVP_PKEY_free(key);
    end();
}

TEST_MAIN(T(as_openssl_reads_it), T(names), T(texts), T(alternative_names), T(weak), T(damaged))
