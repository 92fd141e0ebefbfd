// SPDX-License-Identifier: Apache-2.0
// Names from the IANA TLS parameters registry; versions as Suricata's EVE spells them.
#include "proto/tls_names.h"
#include "proto/tls_hello.h"
#include <stdio.h>
#include <stdlib.h>

struct name16 {
    uint16_t number;
    struct bytes name;
};

static const struct name16 ciphers[] = {
#define CIPHER(number, name) {number, BYTES(#name)},
#include "proto/tls_ciphers.def"
#undef CIPHER
};

static const struct name16 groups[] = {
    {1, BYTES("sect163k1")},
    {3, BYTES("sect163r2")},
    {6, BYTES("sect233k1")},
    {7, BYTES("sect233r1")},
    {9, BYTES("sect283k1")},
    {10, BYTES("sect283r1")},
    {11, BYTES("sect409k1")},
    {12, BYTES("sect409r1")},
    {13, BYTES("sect571k1")},
    {14, BYTES("sect571r1")},
    {18, BYTES("secp192k1")},
    {19, BYTES("secp192r1")},
    {20, BYTES("secp224k1")},
    {21, BYTES("secp224r1")},
    {22, BYTES("secp256k1")},
    {23, BYTES("secp256r1")},
    {24, BYTES("secp384r1")},
    {25, BYTES("secp521r1")},
    {26, BYTES("brainpoolP256r1")},
    {27, BYTES("brainpoolP384r1")},
    {28, BYTES("brainpoolP512r1")},
    {29, BYTES("x25519")},
    {30, BYTES("x448")},
    {41, BYTES("curveSM2")},
    {256, BYTES("ffdhe2048")},
    {257, BYTES("ffdhe3072")},
    {258, BYTES("ffdhe4096")},
    {259, BYTES("ffdhe6144")},
    {260, BYTES("ffdhe8192")},
    {512, BYTES("MLKEM512")},
    {513, BYTES("MLKEM768")},
    {514, BYTES("MLKEM1024")},
    {4587, BYTES("SecP256r1MLKEM768")},
    {4588, BYTES("X25519MLKEM768")},
    {4589, BYTES("SecP384r1MLKEM1024")},
    {0x6399, BYTES("X25519Kyber768Draft00")},
    {0x639a, BYTES("SecP256r1Kyber768Draft00")},
};

static const struct name16 alerts[] = {
    {0, BYTES("close_notify")},
    {10, BYTES("unexpected_message")},
    {20, BYTES("bad_record_mac")},
    {21, BYTES("decryption_failed")},
    {22, BYTES("record_overflow")},
    {30, BYTES("decompression_failure")},
    {40, BYTES("handshake_failure")},
    {41, BYTES("no_certificate")},
    {42, BYTES("bad_certificate")},
    {43, BYTES("unsupported_certificate")},
    {44, BYTES("certificate_revoked")},
    {45, BYTES("certificate_expired")},
    {46, BYTES("certificate_unknown")},
    {47, BYTES("illegal_parameter")},
    {48, BYTES("unknown_ca")},
    {49, BYTES("access_denied")},
    {50, BYTES("decode_error")},
    {51, BYTES("decrypt_error")},
    {60, BYTES("export_restriction")},
    {70, BYTES("protocol_version")},
    {71, BYTES("insufficient_security")},
    {80, BYTES("internal_error")},
    {86, BYTES("inappropriate_fallback")},
    {90, BYTES("user_canceled")},
    {100, BYTES("no_renegotiation")},
    {109, BYTES("missing_extension")},
    {110, BYTES("unsupported_extension")},
    {111, BYTES("certificate_unobtainable")},
    {112, BYTES("unrecognized_name")},
    {113, BYTES("bad_certificate_status_response")},
    {114, BYTES("bad_certificate_hash_value")},
    {115, BYTES("unknown_psk_identity")},
    {116, BYTES("certificate_required")},
    {120, BYTES("no_application_protocol")},
    {121, BYTES("ech_required")},
};

static int compare(const void *key, const void *entry)
{
    const struct name16 *a = key, *b = entry;
    return (a->number > b->number) - (a->number < b->number);
}

static struct bytes find(const struct name16 *list, size_t count, uint16_t number)
{
    struct name16 key = {.number = number};
    const struct name16 *hit = bsearch(&key, list, count, sizeof *list, compare);
    return hit ? hit->name : (struct bytes){NULL, 0};
}

struct bytes tls_cipher_name(uint16_t cipher)
{
    return find(ciphers, sizeof ciphers / sizeof *ciphers, cipher);
}

struct bytes tls_group_name(uint16_t group)
{
    return find(groups, sizeof groups / sizeof *groups, group);
}

struct bytes tls_alert_name(uint8_t description)
{
    return find(alerts, sizeof alerts / sizeof *alerts, description);
}

struct bytes tls_version_text(uint16_t version, char room[TLS_VERSION_TEXT_BYTES])
{
    switch (version) {
    case SSL_2: return BYTES("SSLv2");
    case SSL_3: return BYTES("SSLv3");
    case TLS_1_0: return BYTES("TLSv1");
    case TLS_1_1: return BYTES("TLS 1.1");
    case TLS_1_2: return BYTES("TLS 1.2");
    case TLS_1_3: return BYTES("TLS 1.3");
    case DTLS_1_0: return BYTES("DTLS 1.0");
    case DTLS_1_2: return BYTES("DTLS 1.2");
    case DTLS_1_3: return BYTES("DTLS 1.3");
    default: break;
    }
    unsigned draft = version & 0xffU;
    int n;
    if (version >> 8 == 0x7f)
        n = snprintf(room, TLS_VERSION_TEXT_BYTES, "TLS 1.3 draft-%u", draft);
    else if (version >> 8 == 0xfb)
        n = snprintf(room, TLS_VERSION_TEXT_BYTES, "TLS 1.3 draft-%u-fb", draft);
    else
        n = snprintf(room, TLS_VERSION_TEXT_BYTES, "0x%04x", version);
    return bytes_make(room, (size_t)n);
}
