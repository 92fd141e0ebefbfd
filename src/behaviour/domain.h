// SPDX-License-Identifier: Apache-2.0
// Names of the DNS, split where ownership begins.
#pragma once
#include "schema/records.h"

enum { DOMAIN_BYTES = 1024 }; // bytes that are not text count four each;

struct domain {
    char text[DOMAIN_BYTES]; // the whole name, lower case; what follows points into it
    struct bytes name;
    struct bytes registered; // "example.co.jp"; empty: no registry is known for the name
    struct bytes below;      // what its owner put before that, without the dot: "www"
    struct bytes label;      // what its owner chose: "example", "pc7" of "pc7.ddns.net"; or empty
    struct bytes top;        // "jp"
    bool dynamic;            // it belongs to a service that gives names to anybody at once
};

// Names that were split before: hosts ask for few, and the registry's list is long. Belongs to one
// thread; all zero: none yet.
enum { DOMAINS_KNOWN = 4096 };

struct domain_parts {
    uint64_t hash;
    uint16_t registered, label, label_len, top; // places in the name; its length: none
    bool host, dynamic;
};

struct domains {
    uint64_t seed;
    struct domain_parts known[DOMAINS_KNOWN];
};

// False: too long, empty, or no host name of the DNS (a name of reverse look-up, of service
// discovery or of a local network).
bool domain_split(struct domains *domains, struct domain *domain, struct bytes name);

// Is it the domain, or below it?
bool domain_is_within(struct bytes name, struct bytes domain);

bool domain_is_one_of(struct bytes domain, const struct bytes *list, size_t count);

// Has it a label of letters and digits without any word, that may carry data?
bool domain_is_coded(struct bytes name);

// Who asked, of a dns record: a client, or a resolver.
const struct addr *domain_asker(const struct record *record);
