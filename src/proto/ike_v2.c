// SPDX-License-Identifier: Apache-2.0
// Payloads of IKE version 2 (RFC 7296 sections 3.2 to 3.12): proposals with their transforms,
// notifications, vendor ids. Names are spelled as EVE spells them. The encrypted payload is the
// last one that is looked at.
#include "proto/ike.h"

#define NAME_OF(names, v) ((v) < sizeof(names) / sizeof *(names) ? (names)[v] : NULL)

enum { FIRST_PAYLOAD = 33, SA = 33, NOTIFY = 41, VENDOR = 43, ENCRYPTED = 46, FRAGMENT = 53 };

static const char *const payload_names[] = {"SecurityAssociation", "KeyExchange", "IdentInitiator",
    "IdentResponder", "Certificate", "CertificateRequest", "Authentication", "Nonce", "Notify",
    "Delete", "VendorID", "TrafficSelectorInitiator", "TrafficSelectorResponder",
    "EncryptedAndAuthenticated", "Configuration", "ExtensibleAuthentication", "GSPM"};
static const char *const encryptions[] = {[1] = "ENCR_DES_IV64",
    "ENCR_DES",
    "ENCR_3DES",
    "ENCR_RC5",
    "ENCR_IDEA",
    "ENCR_CAST",
    "ENCR_BLOWFISH",
    "ENCR_3IDEA",
    "ENCR_DES_IV32",
    [11] = "ENCR_NULL",
    "ENCR_AES_CBC",
    "ENCR_AES_CTR",
    "ENCR_AES_CCM_8",
    "ENCR_AES_CCM_12",
    "ENCR_AES_CCM_16",
    [18] = "ENCR_AES_GCM_8",
    "ENCR_AES_GCM_12",
    "ENCR_AES_GCM_16",
    "ENCR_NULL_AUTH_AES_GMAC",
    [23] = "ENCR_CAMELLIA_CBC",
    "ENCR_CAMELLIA_CTR",
    "ENCR_CAMELLIA_CCM_8",
    "ENCR_CAMELLIA_CCM_12",
    "ENCR_CAMELLIA_CCM_16",
    "ENCR_CHACHA20_POLY1305"};
static const char *const prfs[] = {"PRF_NULL", "PRF_HMAC_MD5", "PRF_HMAC_SHA1", "PRF_HMAC_TIGER",
    "PRF_AES128_XCBC", "PRF_HMAC_SHA2_256", "PRF_HMAC_SHA2_384", "PRF_HMAC_SHA2_512",
    "PRF_AES128_CMAC"};
static const char *const auths[] = {"NONE", "AUTH_HMAC_MD5_96", "AUTH_HMAC_SHA1_96", "AUTH_DES_MAC",
    "AUTH_KPDK_MD5", "AUTH_AES_XCBC_96", "AUTH_HMAC_MD5_128", "AUTH_HMAC_SHA1_160",
    "AUTH_AES_CMAC_96", "AUTH_AES_128_GMAC", "AUTH_AES_192_GMAC", "AUTH_AES_256_GMAC",
    "AUTH_HMAC_SHA2_256_128", "AUTH_HMAC_SHA2_384_192", "AUTH_HMAC_SHA2_512_256"};
static const char *const groups[] = {[0] = "None",
    "Modp768",
    "Modp1024",
    [5] = "Modp1536",
    [14] = "Modp2048",
    "Modp3072",
    "Modp4096",
    "Modp6144",
    "Modp8192",
    "Ecp256",
    "Ecp384",
    "Ecp521",
    "Modp1024s160",
    "Modp2048s224",
    "Modp2048s256",
    "Ecp192",
    "Ecp224",
    "BrainpoolP224r1",
    "BrainpoolP256r1",
    "BrainpoolP384r1",
    "BrainpoolP512r1",
    "Curve25519",
    "Curve448"};
static const char *const errors[] = {[1] = "UNSUPPORTED_CRITICAL_PAYLOAD",
    [4] = "INVALID_IKE_SPI",
    [5] = "INVALID_MAJOR_VERSION",
    [7] = "INVALID_SYNTAX",
    [9] = "INVALID_MESSAGE_ID",
    [11] = "INVALID_SPI",
    [14] = "NO_PROPOSAL_CHOSEN",
    [17] = "INVALID_KE_PAYLOAD",
    [24] = "AUTHENTICATION_FAILED",
    [34] = "SINGLE_PAIR_REQUIRED",
    [35] = "NO_ADDITIONAL_SAS",
    [36] = "INTERNAL_ADDRESS_FAILURE",
    [37] = "FAILED_CP_REQUIRED",
    [38] = "TS_UNACCEPTABLE",
    [39] = "INVALID_SELECTORS",
    [43] = "TEMPORARY_FAILURE",
    [44] = "CHILD_SA_NOT_FOUND"};
static const char *const statuses[] = {"INITIAL_CONTACT", "SET_WINDOW_SIZE",
    "ADDITIONAL_TS_POSSIBLE", "IPCOMP_SUPPORTED", "NAT_DETECTION_SOURCE_IP",
    "NAT_DETECTION_DESTINATION_IP", "COOKIE", "USE_TRANSPORT_MODE", "HTTP_CERT_LOOKUP_SUPPORTED",
    "REKEY_SA", "ESP_TFC_PADDING_NOT_SUPPORTED",
    "NON_FIRST_FRAGMENTS_ALSO", [17] = "REDIRECT_SUPPORTED", [46] = "IKEV2_FRAGMENTATION_SUPPORTED",
    "SIGNATURE_HASH_ALGORITHMS"};

static void encryption(struct ike_message *m, struct record_ike_proposal *t, uint16_t id)
{
    const char *name = NAME_OF(encryptions, id);
    t->alg_enc = bytes_from_text(name ? name : "Unknown");
    t->has_alg_enc_raw = true, t->alg_enc_raw = id;
    ike_names_add(&m->encryption, ike_short_encryption(id));
    ike_weak_note(m, IKE_WEAK_ENCRYPTION, id < 12);
    ike_weak_note(m, IKE_NO_ENCRYPTION, id == 11);
}

static void transform(struct ike_message *m, struct cursor *in)
{
    struct record_ike_proposal t = {0};
    uint8_t type = cursor_u8(in);
    cursor_skip(in, 1);
    uint16_t id = cursor_u16(in);
    const char *name = NULL;
    switch (type) {
    case 1: encryption(m, &t, id); break;
    case 2:
        name = NAME_OF(prfs, id);
        t.alg_prf = bytes_from_text(name ? name : "Unknown");
        ike_names_add(&m->hash, ike_short_prf(id));
        ike_weak_note(m, IKE_WEAK_PRF, id <= 1);
        break;
    case 3:
        name = NAME_OF(auths, id);
        t.alg_auth = bytes_from_text(name ? name : "Unknown");
        t.has_alg_auth_raw = true, t.alg_auth_raw = id;
        ike_weak_note(m, IKE_WEAK_INTEGRITY, id == 1);
        break;
    case 4:
        name = NAME_OF(groups, id);
        t.alg_dh = bytes_from_text(name ? name : "Unknown");
        t.has_alg_dh_raw = true, t.alg_dh_raw = id;
        ike_names_add(&m->dh_group, ike_short_group(id));
        ike_weak_note(m, IKE_WEAK_GROUP, id < 14 || id == 22);
        break;
    case 5: t.alg_esn = id ? BYTES("ESN") : BYTES("NoESN"); break;
    default: break;
    }
    if (cursor_left(in) >= 4 && cursor_u16(in) == 0x800e) // key length, the only attribute
        t.has_sa_key_length_raw = true, t.sa_key_length_raw = cursor_u16(in);
    m->malformed |= !cursor_ok(in);
    if (m->transform_count < IKE_TRANSFORMS_MAX)
        m->transforms[m->transform_count++] = t;
    else
        m->too_many = true;
}

static void proposal(struct ike_message *m, struct cursor *in)
{
    struct cursor body;
    uint8_t more = 3;
    cursor_skip(in, 2); // number, protocol
    uint8_t spi = cursor_u8(in);
    cursor_skip(in, 1U + spi); // number of transforms
    while (more && cursor_left(in) > 0 && ike_payload_next(m, in, &more, &body))
        transform(m, &body);
    m->malformed |= !cursor_ok(in);
}

static void association(struct ike_message *m, struct cursor *in)
{
    struct cursor body;
    uint8_t more = 2;
    while (more && cursor_left(in) > 0 && ike_payload_next(m, in, &more, &body))
        proposal(m, &body);
}

static void notification(struct ike_message *m, struct cursor *in)
{
    cursor_skip(in, 2); // protocol, length of the SPI
    uint16_t type = cursor_u16(in);
    const char *name = NAME_OF(errors, type);
    if (!cursor_ok(in)) {
        m->malformed = true;
        return;
    }
    if (type >= 16384)
        name = NAME_OF(statuses, type - 16384U);
    m->record.ikev2.errors += type < 16384;
    m->too_many |= m->notify_count == IKE_PAYLOADS_MAX;
    if (m->notify_count < IKE_PAYLOADS_MAX)
        m->notifies[m->notify_count++] = bytes_from_text(name ? name : "Unknown");
}

static struct bytes name_of(uint8_t type)
{
    if (type == 0)
        return BYTES("NoNextPayload");
    if (type == FRAGMENT)
        return BYTES("EncryptedAndAuthenticatedFragment");
    const char *name =
        type < FIRST_PAYLOAD ? NULL : NAME_OF(payload_names, (unsigned)type - FIRST_PAYLOAD);
    return bytes_from_text(name ? name : "Unknown");
}

void ike_v2_read(struct ike_message *m, struct cursor *in, uint8_t type)
{
    struct cursor body;
    ike_payload_name(m, name_of(type));
    for (uint8_t next = type; type != 0 && type != ENCRYPTED && type != FRAGMENT; type = next) {
        if (!ike_payload_next(m, in, &next, &body))
            return;
        ike_payload_name(m, name_of(next));
        if (type == SA)
            association(m, &body);
        else if (type == NOTIFY)
            notification(m, &body);
        else if (type == VENDOR)
            ike_vendor_add(m, cursor_rest(&body));
    }
}
