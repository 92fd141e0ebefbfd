// SPDX-License-Identifier: Apache-2.0
// Which fields of records are held against indicators, and as what: `indicator:` in schema/.
#pragma once
#include "schema/shape.h"

enum intel_use {
    USE_ADDRESS, // one, or several between commas
    USE_NAME,    // of a host, or its address; a port may follow
    USE_URL,
    USE_PATH, // target of an HTTP request, whose host is beside it
    USE_JA3,
    USE_JA3S,
    USE_JA4,
    USE_HASSH,
    USE_HASSH_SERVER,
    USE_CERT_SHA1,
    USE_CERT_SHA256,
    USE_CERT_SERIAL,
    USE_CERT_SUBJECT,
    USE_CERT_ISSUER,
    USE_MD5,
    USE_SHA1,
    USE_SHA256,
    USE_FILE_NAME,
    USE_MAIL_FROM,
    USE_MAIL_TO,
    USE_MAIL_REPLY_TO,
    USE_MAIL_SUBJECT,
    USE_USER_AGENT,
};

struct intel_field {
    const char *name; // "dns.queries.rrname"
    uint8_t use;      // enum intel_use
    struct shape_path path;
};

struct intel_fields {
    const struct intel_field *fields;
    size_t count;
};

extern const struct intel_fields intel_fields_of[RECORD_TYPES];
