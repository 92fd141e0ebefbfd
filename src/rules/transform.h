// SPDX-License-Identifier: Apache-2.0
// Inside rules/: what a rule has done to a buffer before its tests look at it.
#pragma once
#include "base/arena.h"
#include "rules/rule.h"

enum {
    TRANSFORM_BYTES = 1024 * 1024, // longest result; what would be longer is cut
    TRANSFORM_HEX_BYTES = 64,
};

struct rule_scratch;

// One transform after the other; the result lives in `memory` (or is a part of what it was). False:
// one could not be applied, and the rule's group does not match.
bool rule_transform(struct rule_scratch *s, struct arena *memory,
    const struct rule_transform *transforms, size_t count, struct bytes *data);

// Are both lists the same, so that one result serves both?
bool rule_transforms_equal(
    const struct rule_transform *a, size_t a_count, const struct rule_transform *b, size_t b_count);

bool transform_from_base64(
    struct arena *memory, struct bytes in, enum rule_base64_mode mode, struct bytes *out);

// Each in a file of its family. False: could not be applied.
typedef bool transform_apply(struct rule_scratch *s, struct arena *memory,
    const struct rule_transform *transform, struct bytes in, struct bytes *out);
transform_apply transform_md5, transform_sha1, transform_sha256, transform_compress_whitespace,
    transform_strip_whitespace, transform_dotprefix, transform_url_decode, transform_xor,
    transform_header_lowercase, transform_strip_pseudo_headers, transform_base64,
    transform_to_lowercase, transform_to_uppercase, transform_domain, transform_tld,
    transform_pcrexform, transform_gunzip, transform_zlib_deflate;
