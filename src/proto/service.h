// SPDX-License-Identifier: Apache-2.0
// Names of services inside encrypted flows, by content/services.yaml: remote control above all.
#pragma once
#include "base/bytes.h"

struct service_entry {
    const char *match; // a domain, or part of a certificate's subject
    const char *name;
};

// Made from content/services.yaml; domains sorted.
extern const struct service_entry service_domains[], service_subjects[];
extern const size_t service_domain_count, service_subject_count;

// By the server name asked for and the certificate's subject, either may be absent. NULL: unknown.
const char *service_name(struct bytes host, struct bytes subject);
