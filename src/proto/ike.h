// SPDX-License-Identifier: Apache-2.0
// One IKE message and names of its numbers; shared by ike.c, ike_v1.c, ike_v2.c and ike_names.c.
#pragma once
#include "proto/proto.h"

enum {
    IKE_PAYLOADS_MAX = 64,
    IKE_TRANSFORMS_MAX = 64,
    IKE_VENDORS_MAX = 32,
    IKE_NAMES_MAX = 32, // different algorithms of a message
    IKE_ATTRIBUTES_MAX = 16,
};

enum ike_weak {
    IKE_WEAK_ENCRYPTION = 1,
    IKE_WEAK_PRF = 2,
    IKE_WEAK_INTEGRITY = 4,
    IKE_WEAK_GROUP = 8,
    IKE_NO_ENCRYPTION = 16,
};

// Algorithms without repeats.
struct ike_names {
    struct bytes list[IKE_NAMES_MAX];
    size_t count;
};

struct ike_message {
    struct record_ike record;
    struct arena *arena;
    struct bytes payloads[IKE_PAYLOADS_MAX];
    struct bytes vendors[IKE_VENDORS_MAX], vendor_hex[IKE_VENDORS_MAX];
    struct bytes notifies[IKE_PAYLOADS_MAX];
    struct record_ike_proposal transforms[IKE_TRANSFORMS_MAX];
    struct record_ike_attribute attributes[IKE_ATTRIBUTES_MAX]; // of the first transform
    size_t payload_count, vendor_count, notify_count, transform_count, attribute_count;
    struct ike_names encryption, hash, dh_group, auth_method;
    struct bytes key_exchange, nonce; // of this message
    uint32_t doi;
    bool has_doi, too_many, malformed;
    uint8_t weak; // enum ike_weak of the first transform, or of any of them in IKEv2
};

// Payloads from `type` on, until the end of the message.
void ike_v1_read(struct ike_message *m, struct cursor *in, uint8_t type);
void ike_v2_read(struct ike_message *m, struct cursor *in, uint8_t type);

// What both versions do alike.
void ike_weak_note(struct ike_message *m, enum ike_weak what, bool is);
bool ike_payload_next(struct ike_message *m, struct cursor *in, uint8_t *type, struct cursor *body);
void ike_payload_name(struct ike_message *m, struct bytes name);
void ike_vendor_add(struct ike_message *m, struct bytes id);
void ike_names_add(struct ike_names *names, const char *name);
struct bytes ike_hex(struct ike_message *m, struct bytes raw);

// Short names, as they are common in configurations; NULL: unknown.
const char *ike_short_encryption(uint16_t v);
const char *ike_short_group(uint16_t v);
const char *ike_short_prf(uint16_t v);
const char *ike_short_hash(uint16_t v);
const char *ike_short_auth(uint16_t v);
const char *ike_short_exchange(uint8_t major, uint8_t v);
