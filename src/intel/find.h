// SPDX-License-Identifier: Apache-2.0
// Looking values up, and telling of what was found.
#pragma once
#include "intel/field.h"
#include "intel/internal.h"

enum { FOUND_MOST = 16 };

// Entries that a value leads to, the most telling first, each once.
struct found {
    const struct store *store;
    uint32_t refs[FOUND_MOST];
    size_t count;
    uint64_t lookups;
};

// `port` 0: not known.
void find_address(struct found *found, const struct addr *a, uint16_t port);

// A host's name, with a port behind it or not; or its address.
void find_host(struct found *found, struct bytes text, uint16_t port);

// Path and host of a URL, in the forms a list may have it; `port`: that of the connection, or 0.
void find_url(struct found *found, const struct url *url, uint16_t port);

// A value of one kind; text, or the bytes of a digest (raw).
void find_value(struct found *found, enum intel_kind kind, struct bytes text);
void find_digest(struct found *found, enum intel_kind kind, struct bytes digest, bool raw);

// ---- tell.c

// Where a value was found, and by whom this is asked.
struct asking {
    const struct intel *intel;
    const struct record *record;
    struct intel_counts *counts;
    hit_sink *sink;
    void *context;
    uint32_t *told; // values this record was told to show: not again
    size_t *told_count;
};

enum { TOLD_MOST = 32 };

struct where {
    const char *field;
    struct bytes value; // as it stands there
    bool subject_known; // subject_is_dest is set: of an address the other side
    bool subject_is_dest;
    bool inbound;  // the listed side began the connection
    bool answered; // and was answered
};

// Whose host a hit of a record is about: ours; of two of ours, or none, the client: an answer's
// receiver, a file's too.
bool subject_is_dest(const struct config *config, const struct record *record);

void tell(const struct asking *asking, const struct found *found, const struct where *where);
