// SPDX-License-Identifier: Apache-2.0
// The shapes of content/frameworks.yaml, as tools/frameworkgen.py writes them.
#pragma once
#include "base/bytes.h"

// A record's field that patterns are held against.
enum framework_field {
    FRAMEWORK_HTTP_URL,
    FRAMEWORK_HTTP_AGENT,
    FRAMEWORK_HTTP_METHOD,
    FRAMEWORK_HTTP_SERVER,
    FRAMEWORK_HTTP_TYPE,
    FRAMEWORK_HTTP_REQUEST_TYPE,
    FRAMEWORK_HTTP_WEBSOCKET,
    FRAMEWORK_TCP_CLIENT,
    FRAMEWORK_TCP_SERVER,
    FRAMEWORK_MAIL_SUBJECT,
    FRAMEWORK_FTP_STORED,
    FRAMEWORK_CERTIFICATE_SUBJECT,
    FRAMEWORK_CERTIFICATE_ISSUER,
    FRAMEWORK_FIELDS,
};

enum { FRAMEWORK_CONDITIONS = 6 };

struct framework_condition {
    enum framework_field field;
    const struct bytes *patterns; // one of them fits
    size_t count;
};

struct framework_shape {
    const char *tool, *kind;                                     // a case of c2.framework
    struct framework_condition conditions[FRAMEWORK_CONDITIONS]; // all of them hold
    size_t count;
};

extern const struct framework_shape framework_shapes[];
extern const size_t framework_shape_count;
