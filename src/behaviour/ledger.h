// SPDX-License-Identifier: Apache-2.0
// What is remembered of hosts, pairs of them, names: entries of one size under a key, so many at
// most. When it is full the entry touched longest ago goes. Keys are structs without padding that
// were cleared before they were filled. Belongs to one thread.
#pragma once
#include "base/bytes.h"
#include "schema/metrics.h"

struct ledger;

// A key's and an entry's bytes; most: entries. metrics: counts what goes early. NULL: out of
// memory.
[[nodiscard]] struct ledger *ledger_create(
    size_t key_bytes, size_t entry_bytes, size_t most, struct metrics *metrics);

// Of entries that begin with so many of struct distinct, and hold no other ones.
[[nodiscard]] struct ledger *ledger_create_of_sets(
    size_t key_bytes, size_t entry_bytes, size_t sets, size_t most, struct metrics *metrics);
void ledger_destroy(struct ledger *ledger);

// The entry of a key, touched; all zero when it is new. Stays where it is until another one is new.
// NULL: out of memory.
[[nodiscard]] void *ledger_entry(struct ledger *ledger, const void *key);

// The same of a key that is known. NULL: there is none.
[[nodiscard]] void *ledger_touch(struct ledger *ledger, const void *key);

// NULL: there is none. Does not touch it.
[[nodiscard]] void *ledger_find(const struct ledger *ledger, const void *key);

// All zero again, as when it was new.
void ledger_clear(const struct ledger *ledger, void *entry);

void ledger_forget(struct ledger *ledger, const void *key);

// Each entry, the one touched longest ago first; it may not be forgotten meanwhile.
typedef void ledger_visit(void *context, const void *key, void *entry);
void ledger_each(struct ledger *ledger, ledger_visit *visit, void *context);

size_t ledger_count(const struct ledger *ledger);
