// SPDX-License-Identifier: Apache-2.0
// Payloads of IKE version 1 in the clear: security association with its proposals and transforms
// (RFC 2408 sections 3.4 to 3.6, attributes RFC 2409 appendix A), key exchange, nonce, vendor id,
// identification (RFC 2407 section 4.6.2). Names are spelled as EVE spells them.
#include "proto/ike.h"
#include "proto/text_out.h"

enum { DOI_IPSEC = 1, LAST_NONE = 0 };

#define NAME_OF(names, v) ((v) < sizeof(names) / sizeof *(names) ? (names)[v] : NULL)

static const char *const payload_names[] = {"None", "SecurityAssociation", "Proposal", "Transform",
    "KeyExchange", "Identification", "Certificate", "CertificateRequest", "Hash", "Signature",
    "Nonce", "Notification", "Delete", "VendorID", NULL, "SaKekPayload", "SaTekPayload",
    "KeyDownload", "SequenceNumber", "ProofOfPossession", "NatDiscovery", "NatOriginalAddress",
    "GroupAssociatedPolicy"};
static const char *const encryptions[] = {NULL, "EncDesCbc", "EncIdeaCbc", "EncBlowfishCbc",
    "EncRc5R16B64Cbc", "EncTripleDesCbc", "EncCastCbc", "EncAesCbc", "EncCamelliaCbc"};
static const char *const hashes[] = {
    NULL, "HashMd5", "HashSha", "HashTiger", "HashSha2_256", "HashSha2_384", "HashSha2_512"};
static const char *const auths[] = {NULL, "AuthPreSharedKey", "AuthDssSignatures",
    "AuthRsaSignatures", "AuthEncryptionWithRsa", "AuthRevisedEncryptionWithRsa", "AuthReserved",
    "AuthReserved", "AuthReserved", "AuthEcdsaSha256", "AuthEcdsaSha384", "AuthEcdsaSha512"};
static const char *const groups[] = {NULL, "GroupDefault768BitModp",
    "GroupAlternate1024BitModpGroup", "GroupEc2nOnGp2p155", "GroupEc2nOnGp2p185",
    "GroupModp1536Bit", "GroupEc2nOverGf2p163", "GroupEc2nOverGf2p163", "GroupEc2nOverGf2p283",
    "GroupEc2nOverGf2p283", "GroupEc2nOverGf2p409", "GroupEc2nOverGf2p409", "GroupEc2nOverGf2p571",
    "GroupEc2nOverGf2p571", "GroupModp2048Bit", "GroupModp3072Bit", "GroupModp4096Bit",
    "GroupModp6144Bit", "GroupModp8192Bit", "GroupRandomEcp256", "GroupRandomEcp384",
    "GroupRandomEcp521", "GroupModp1024With160BitPrime", "GroupModp2048With224BitPrime",
    "GroupModp2048With256BitPrime", "GroupRandomEcp192", "GroupRandomEcp224",
    "GroupBrainpoolEcp224", "GroupBrainpoolEcp256", "GroupBrainpoolEcp384", "GroupBrainpoolEcp512"};
static const char *const lifes[] = {NULL, "LifeTypeSeconds", "LifeTypeKilobytes"};

static struct bytes known(const char *name)
{
    return bytes_from_text(name ? name : "Unknown");
}

static void note(struct ike_message *m, const char *key, struct bytes value, uint32_t raw)
{
    if (m->transform_count > 0)
        return; // the first transform is the one that counts
    if (m->attribute_count < IKE_ATTRIBUTES_MAX)
        m->attributes[m->attribute_count++] =
            (struct record_ike_attribute){bytes_from_text(key), value, raw};
    else
        m->too_many = true;
}

static void algorithm(
    struct ike_message *m, struct record_ike_proposal *t, uint16_t type, uint16_t v)
{
    bool first = m->transform_count == 0;
    switch (type) {
    case 1:
        t->alg_enc = known(NAME_OF(encryptions, v));
        t->has_alg_enc_raw = true, t->alg_enc_raw = v;
        ike_names_add(&m->encryption, ike_short_encryption(v == 7   ? 12
                                                           : v == 8 ? 23
                                                           : v == 5 ? 3
                                                           : v == 1 ? 2
                                                                    : 0));
        note(m, "alg_enc", t->alg_enc, v);
        ike_weak_note(m, IKE_WEAK_ENCRYPTION, first && v == 1);
        break;
    case 2:
        t->alg_hash = known(NAME_OF(hashes, v));
        t->has_alg_hash_raw = true, t->alg_hash_raw = v;
        ike_names_add(&m->hash, ike_short_hash(v));
        note(m, "alg_hash", t->alg_hash, v);
        ike_weak_note(m, IKE_WEAK_INTEGRITY, first && v == 1);
        break;
    case 3:
        t->alg_auth = known(NAME_OF(auths, v));
        t->has_alg_auth_raw = true, t->alg_auth_raw = v;
        ike_names_add(&m->auth_method, ike_short_auth(v));
        note(m, "alg_auth", t->alg_auth, v);
        break;
    case 4:
        t->alg_dh = known(NAME_OF(groups, v));
        t->has_alg_dh_raw = true, t->alg_dh_raw = v;
        ike_names_add(&m->dh_group, ike_short_group(v));
        note(m, "alg_dh", t->alg_dh, v);
        ike_weak_note(m, IKE_WEAK_GROUP, first && (v == 1 || v == 2 || v == 5));
        break;
    default: break;
    }
}

static void attribute(
    struct ike_message *m, struct record_ike_proposal *t, uint16_t type, uint32_t v)
{
    switch (type) {
    case 11:
        t->sa_life_type = known(NAME_OF(lifes, v));
        t->has_sa_life_type_raw = true, t->sa_life_type_raw = v;
        note(m, "sa_life_type", t->sa_life_type, v);
        break;
    case 12:
        t->sa_life_duration = BYTES("Unknown");
        t->has_sa_life_duration_raw = true, t->sa_life_duration_raw = v;
        note(m, "sa_life_duration", t->sa_life_duration, v);
        break;
    case 14:
        t->sa_key_length = BYTES("Unknown");
        t->has_sa_key_length_raw = true, t->sa_key_length_raw = v;
        note(m, "sa_key_length", t->sa_key_length, v);
        break;
    default: algorithm(m, t, type, (uint16_t)v); break;
    }
}

// RFC 2408 section 3.3: the top bit says that the value stands in place of the length.
static void transform(struct ike_message *m, struct cursor *in)
{
    struct record_ike_proposal t = {0};
    cursor_skip(in, 4); // number, id, reserved
    while (cursor_left(in) > 0) {
        uint16_t type = cursor_u16(in), value = cursor_u16(in);
        struct cursor rest = cursor_make((struct bytes){NULL, 0});
        if (!(type & 0x8000))
            rest = cursor_sub(in, value);
        bool whole = cursor_left(&rest) == 4;
        if (cursor_ok(in) && (type & 0x8000 || whole))
            attribute(m, &t, type & 0x7fff, type & 0x8000 ? value : cursor_u32(&rest));
    }
    m->malformed |= !cursor_ok(in);
    if (m->transform_count < IKE_TRANSFORMS_MAX)
        m->transforms[m->transform_count++] = t;
    else
        m->too_many = true;
}

static void proposal(struct ike_message *m, struct cursor *in)
{
    struct cursor body;
    uint8_t type = 3;
    cursor_skip(in, 2); // number, protocol
    uint8_t spi = cursor_u8(in);
    cursor_skip(in, 1U + spi); // number of transforms
    while (type != LAST_NONE && cursor_left(in) > 0 && ike_payload_next(m, in, &type, &body))
        transform(m, &body);
    m->malformed |= !cursor_ok(in);
}

static void association(struct ike_message *m, struct cursor *in)
{
    struct cursor body;
    uint8_t type = 2;
    m->doi = cursor_u32(in);
    m->has_doi = cursor_ok(in);
    if (m->doi != DOI_IPSEC)
        return;
    cursor_skip(in, 4); // situation
    while (type != LAST_NONE && cursor_left(in) > 0 && ike_payload_next(m, in, &type, &body))
        proposal(m, &body);
}

// Kinds that are text: a name, a user's name, a distinguished name is not read.
static void identification(struct ike_message *m, struct cursor *in)
{
    uint8_t kind = cursor_u8(in);
    cursor_skip(in, 3); // protocol and port
    struct bytes value = cursor_rest(in);
    char buffer[ADDR_TEXT_BYTES];
    struct text_out out = TEXT_OUT(buffer);
    if (kind == 1 && value.len == 4) {
        struct addr a = addr_v4(value.data);
        text_out_addr(&out, &a);
        m->record.identity = text_out_keep(&out, m->arena);
    } else if (kind == 2 || kind == 3 || kind == 11) {
        m->record.identity = value;
    }
}

void ike_v1_read(struct ike_message *m, struct cursor *in, uint8_t type)
{
    struct cursor body;
    for (uint8_t next = type; type != 0; type = next) {
        if (!ike_payload_next(m, in, &next, &body))
            return;
        const char *name = NAME_OF(payload_names, type);
        ike_payload_name(m, bytes_from_text(name ? name : "Unknown"));
        switch (type) {
        case 1: association(m, &body); break;
        case 4: m->key_exchange = cursor_rest(&body); break;
        case 5: identification(m, &body); break;
        case 10: m->nonce = cursor_rest(&body); break;
        case 13: ike_vendor_add(m, cursor_rest(&body)); break;
        default: break;
        }
    }
}
