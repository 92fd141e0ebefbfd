// SPDX-License-Identifier: Apache-2.0
// Names of IKE's numbers as configurations spell them (IANA's registry "Internet Key Exchange
// Version 2 Parameters"), vendor ids that are widely known, and what both versions do alike.
#include "proto/ike.h"
#include "proto/text_out.h"

#define NAME_OF(names, v) ((v) < sizeof(names) / sizeof *(names) ? (names)[v] : NULL)

enum { VENDOR_BYTES = 64, VENDOR_PREFIX_BYTES = 8 };

const char *ike_short_encryption(uint16_t v)
{
    static const char *const names[] = {[2] = "des-cbc",
        "3des-cbc",
        "rc5",
        "idea-cbc",
        "cast-cbc",
        "blowfish-cbc",
        [11] = "null",
        "aes-cbc",
        "aes-ctr",
        "aes-ccm-8",
        "aes-ccm-12",
        "aes-ccm-16",
        [18] = "aes-gcm-8",
        "aes-gcm-12",
        "aes-gcm-16",
        [23] = "camellia-cbc",
        [28] = "chacha20-poly1305"};
    return NAME_OF(names, v);
}

const char *ike_short_group(uint16_t v)
{
    static const char *const names[] = {[1] = "modp768",
        "modp1024",
        [5] = "modp1536",
        [14] = "modp2048",
        "modp3072",
        "modp4096",
        "modp6144",
        "modp8192",
        "ecp256",
        "ecp384",
        "ecp521",
        "modp1024s160",
        "modp2048s224",
        "modp2048s256",
        "ecp192",
        "ecp224",
        "brainpoolp224",
        "brainpoolp256",
        "brainpoolp384",
        "brainpoolp512",
        "curve25519",
        "curve448"};
    return NAME_OF(names, v);
}

const char *ike_short_prf(uint16_t v)
{
    static const char *const names[] = {[1] = "prf-hmac-md5",
        "prf-hmac-sha1",
        "prf-hmac-tiger",
        "prf-aes128-xcbc",
        "prf-hmac-sha2-256",
        "prf-hmac-sha2-384",
        "prf-hmac-sha2-512"};
    return NAME_OF(names, v);
}

const char *ike_short_hash(uint16_t v)
{
    static const char *const names[] = {
        [1] = "md5", "sha1", "tiger", "sha2-256", "sha2-384", "sha2-512"};
    return NAME_OF(names, v);
}

const char *ike_short_auth(uint16_t v)
{
    static const char *const names[] = {[1] = "psk", "dss-sig", "rsa-sig", "rsa-enc", "rsa-enc"};
    switch (v) {
    case 64221: return "hybrid-rsa"; // with XAUTH, as vendors number it
    case 65001: return "xauth-psk";
    case 65005: return "xauth-rsa";
    default: return NAME_OF(names, v);
    }
}

const char *ike_short_exchange(uint8_t major, uint8_t v)
{
    static const char *const names[] = {"none", "base", "identity-protection",
        "authentication-only", "aggressive", "informational", "transaction", [32] = "quick-mode",
        "new-group-mode", "ike-sa-init", "ike-auth", "create-child-sa", "informational",
        "session-resume", [43] = "intermediate"};
    (void)major; // their numbers do not overlap
    return NAME_OF(names, v);
}

// Vendors mostly send the MD5 of a text; the first eight bytes tell them apart.
static const char *vendor_name(struct bytes id)
{
    static const struct {
        const char *name;
        uint8_t prefix[VENDOR_PREFIX_BYTES];
    } vendors[] = {
        {"rfc3947-nat-t", {0x4a, 0x13, 0x1c, 0x81, 0x07, 0x03, 0x58, 0x45}},
        {"draft-ietf-nat-t-02", {0x90, 0xcb, 0x80, 0x91, 0x3e, 0xbb, 0x69, 0x6e}},
        {"draft-ietf-nat-t-03", {0x7d, 0x94, 0x19, 0xa6, 0x53, 0x10, 0xca, 0x6f}},
        {"dpd", {0xaf, 0xca, 0xd7, 0x13, 0x68, 0xa1, 0xf1, 0xc9}},
        {"cisco-unity", {0x12, 0xf5, 0xf2, 0x8c, 0x45, 0x71, 0x68, 0xa9}},
        {"xauth", {0x09, 0x00, 0x26, 0x89, 0xdf, 0xd6, 0xb7, 0x12}},
        {"cisco-concentrator", {0x1f, 0x07, 0xf7, 0x0e, 0xaa, 0x65, 0x14, 0xd3}},
        {"ikev2", {0x40, 0x48, 0xb7, 0xd5, 0x6e, 0xbc, 0xe8, 0x85}},
        {"windows", {0x1e, 0x2b, 0x51, 0x69, 0x05, 0x99, 0x1c, 0x7d}},
        {"checkpoint", {0xf4, 0xed, 0x19, 0xe0, 0xc1, 0x14, 0xeb, 0x51}},
    };
    for (size_t i = 0; i < sizeof vendors / sizeof *vendors; i++)
        if (bytes_start_with(id, bytes_make(vendors[i].prefix, VENDOR_PREFIX_BYTES)))
            return vendors[i].name;
    return NULL;
}

struct bytes ike_hex(struct ike_message *m, struct bytes raw)
{
    char buffer[2 * VENDOR_BYTES];
    struct text_out out = TEXT_OUT(buffer);
    text_out_hex(&out, bytes_sub(raw, 0, VENDOR_BYTES));
    return text_out_keep(&out, m->arena);
}

void ike_vendor_add(struct ike_message *m, struct bytes id)
{
    const char *name = vendor_name(id);
    if (m->vendor_count == IKE_VENDORS_MAX) {
        m->too_many = true;
        return;
    }
    m->vendor_hex[m->vendor_count] = ike_hex(m, id);
    m->vendors[m->vendor_count] = name ? bytes_from_text(name) : m->vendor_hex[m->vendor_count];
    m->vendor_count++;
}

void ike_names_add(struct ike_names *names, const char *name)
{
    struct bytes text = bytes_from_text(name);
    for (size_t i = 0; i < names->count; i++)
        if (bytes_equal(names->list[i], text))
            return;
    if (name && names->count < IKE_NAMES_MAX) // there are fewer names than room
        names->list[names->count++] = text;
}

void ike_payload_name(struct ike_message *m, struct bytes name)
{
    m->too_many |= m->payload_count == IKE_PAYLOADS_MAX;
    if (m->payload_count < IKE_PAYLOADS_MAX)
        m->payloads[m->payload_count++] = name;
}

void ike_weak_note(struct ike_message *m, enum ike_weak what, bool is)
{
    m->weak |= is ? (uint8_t)what : 0;
}

// The generic header of RFC 2408 section 3.2 and RFC 7296 section 3.2; *type: of the next one.
bool ike_payload_next(struct ike_message *m, struct cursor *in, uint8_t *type, struct cursor *body)
{
    *type = cursor_u8(in);
    cursor_skip(in, 1);
    uint16_t length = cursor_u16(in);
    if (length < 4)
        cursor_fail(in);
    *body = cursor_sub(in, length < 4 ? 0 : length - 4U);
    m->malformed |= !cursor_ok(in);
    return cursor_ok(in);
}
