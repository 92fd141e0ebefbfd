// SPDX-License-Identifier: Apache-2.0
// Looking values up, and telling of what was found. What a record shows is looked up together: the
// keys of all its values are made and their buckets fetched, then all are asked, so that a record
// waits for memory once.
#pragma once
#include "intel/field.h"
#include "intel/internal.h"

enum {
    FOUND_PROBES = 96,
    FOUND_MOST = 64,
    FOUND_VALUES = 32,                                // looked up together
    FOUND_VALUE_BYTES = 2 * INTEL_VALUE_BYTES + 1024, // keys of one value at most
    FOUND_BYTES = FOUND_VALUE_BYTES + 4096,
};

// A key in a form in which a list may have it.
struct probe {
    struct bytes key;
    uint64_t hash;
    uint8_t kind; // enum intel_kind
    uint8_t value;
};

// An entry that a value leads to, if it is the key's: see store_is().
struct candidate {
    struct bytes key;
    uint32_t ref;
    uint8_t kind;
    uint8_t value;
};

struct found {
    const struct store *store;
    uint64_t lookups;
    uint8_t value; // which one keys are made of
    size_t probes_count, count, bytes_len;
    struct probe probes[FOUND_PROBES];
    struct candidate list[FOUND_MOST]; // of each value the most telling first
    uint8_t bytes[FOUND_BYTES];        // keys
};

void found_begin(struct found *found, const struct store *store);

// Keys of another value go in. The former ones stay until found_begin().
static inline bool found_has_room(const struct found *found)
{
    return found->bytes_len + FOUND_VALUE_BYTES <= FOUND_BYTES && found->value + 1 < FOUND_VALUES;
}

// Ask for all that was added.
void found_run(struct found *found);

// `port` 0: not known.
void find_address(struct found *found, const struct addr *a, uint16_t port);

// A host's name, with a port behind it or not; or its address.
void find_host(struct found *found, struct bytes text, uint16_t port);

// Path and host of a URL, in the forms a list may have it; `port`: that of the connection, or 0.
void find_url(struct found *found, const struct url *url, uint16_t port);

// A value of one kind; text, or the bytes of a digest (raw).
void find_value(struct found *found, enum intel_kind kind, struct bytes text);
void find_digest(struct found *found, enum intel_kind kind, struct bytes digest, bool raw);

// A mail address: as one of any place and as one of this kind, and its host.
void find_mail(struct found *found, enum intel_kind kind, struct bytes text);

// ---- tell.c

// Where a value was found, and by whom this is asked.
struct asking {
    const struct intel *intel;
    const struct record *record;
    struct metrics *metrics;
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

// Of one value's candidates those that are what was looked for. True: a hit was told.
bool tell(const struct asking *asking, const struct candidate *list, size_t count,
    const struct where *where);
