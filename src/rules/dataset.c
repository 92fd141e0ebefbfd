// SPDX-License-Identifier: Apache-2.0
#include "rules/dataset.h"
#include "base/addr.h"
#include "base/alloc.h"
#include "base/hash.h"
#include "rules/dataset_set.h"
#include "rules/match_run.h"
#include <stdio.h>
#include <unistd.h>

enum {
    SETS_MOST = 4096,
    VALUES_MOST = 1 << 24,
    BEGINNING_BYTES = DATASET_KEY_BYTES - SHA256_BYTES
};

struct rule_datasets {
    struct dataset_set **sets;
    uint32_t count;
};

struct rule_datasets *rule_datasets_create(void)
{
    struct rule_datasets *all = base_calloc(1, sizeof *all);
    if (all)
        all->sets = base_calloc(SETS_MOST, sizeof *all->sets);
    if (all && all->sets)
        return all;
    rule_datasets_destroy(all);
    return NULL;
}

static void set_destroy(struct dataset_set *set)
{
    if (set)
        map_finish(&set->values);
    base_free(set);
}

void rule_datasets_destroy(struct rule_datasets *all)
{
    if (!all)
        return;
    for (uint32_t i = 0; all->sets && i < all->count; i++)
        set_destroy(all->sets[i]);
    base_free(all->sets);
    base_free(all);
}

static void key_set(struct dataset_key *key, const void *data, size_t len)
{
    key->len = len;
    if (len)
        memcpy(key->bytes, data, len);
}

static bool string_key(struct bytes value, struct dataset_key *key)
{
    if (value.len <= DATASET_KEY_BYTES) {
        key_set(key, value.data, value.len);
        return value.len > 0;
    }
    key_set(key, value.data, BEGINNING_BYTES);
    hash_sha256(value, &key->bytes[BEGINNING_BYTES]);
    key->len = DATASET_KEY_BYTES;
    return true;
}

// Raw, as the transforms give it, or as text.
static bool hash_key(struct bytes value, size_t len, struct dataset_key *key)
{
    if (value.len == len) {
        key_set(key, value.data, len);
        return true;
    }
    if (value.len != 2 * len)
        return false;
    for (size_t i = 0; i < len; i++) {
        uint64_t byte;
        if (!bytes_hex_to_u64(bytes_sub(value, 2 * i, 2), &byte))
            return false;
        key->bytes[i] = (uint8_t)byte;
    }
    key->len = len;
    return true;
}

static bool addr_key(struct bytes value, bool four_only, struct dataset_key *key)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    struct addr addr;
    if (value.len == 4) {
        key_set(key, value.data, 4);
    } else if (value.len == 16 && !four_only) {
        bool four = memcmp(value.data, mapped, sizeof mapped) == 0;
        struct bytes part = bytes_from(value, four ? sizeof mapped : 0);
        key_set(key, part.data, part.len);
    } else if (addr_parse(bytes_trim(value), &addr) && (addr.version == 4 || !four_only)) {
        return addr_key(bytes_make(addr.bytes, addr.version == 4 ? 4 : 16), four_only, key);
    } else {
        return false;
    }
    return true;
}

bool dataset_key_of(enum rule_dataset_type type, struct bytes value, struct dataset_key *key)
{
    switch (type) {
    case DATASET_MD5: return hash_key(value, MD5_BYTES, key);
    case DATASET_SHA256: return hash_key(value, SHA256_BYTES, key);
    case DATASET_IPV4: return addr_key(value, true, key);
    case DATASET_IP: return addr_key(value, false, key);
    default: return string_key(value, key);
    }
}

struct dataset_value *dataset_add(struct dataset_set *set, const struct dataset_key *key)
{
    struct dataset_value *value = map_add(&set->values, bytes_make(key->bytes, key->len));
    if (value)
        value->there = true;
    return value;
}

static struct dataset_set *find(const struct rule_datasets *all, struct bytes name, uint32_t *at)
{
    for (*at = 0; *at < all->count; ++*at)
        if (bytes_equal(bytes_from_text(all->sets[*at]->name), name))
            return all->sets[*at];
    return NULL;
}

static bool say(char *why, const char *what)
{
    snprintf(why, DATASET_WHY_BYTES, "%s", what);
    return false;
}

static struct dataset_set *set_create(const struct rule_dataset *use)
{
    struct dataset_set *set = base_calloc(1, sizeof *set);
    if (!set)
        return NULL;
    memcpy(set->name, use->name.data, use->name.len);
    set->type = use->type;
    set->reputation = use->command == DATASET_REPUTATION;
    map_init(&set->values, sizeof(struct dataset_value), VALUES_MOST,
        use->memory_bytes ? use->memory_bytes : DATASET_MEMORY_BYTES);
    return set;
}

// `load` has to be there; `state` may come to be.
static bool set_fill(struct dataset_set *set, const struct rule_dataset *use, char *why)
{
    if (use->load)
        return dataset_read(set, use, use->load, why);
    if (use->state && access(use->state, F_OK) == 0)
        return dataset_read(set, use, use->state, why);
    return true;
}

static bool set_new(struct rule_datasets *all, struct rule_dataset *use, char *why)
{
    if (use->name.len == 0 || use->name.len > DATASET_NAME_BYTES)
        return say(why, "the set's name is empty or longer than 63 characters");
    if (use->type == DATASET_UNTYPED)
        return say(why, "no rule before says the set's type");
    if (all->count == SETS_MOST)
        return say(why, "more than 4096 sets");
    struct dataset_set *set = set_create(use);
    if (!set)
        return say(why, "out of memory");
    if (!set_fill(set, use, why)) {
        set_destroy(set);
        return false;
    }
    use->set = all->count;
    all->sets[all->count++] = set;
    return true;
}

bool rule_datasets_open(
    struct rule_datasets *all, struct rule_dataset *use, char why[DATASET_WHY_BYTES])
{
    struct dataset_set *set = find(all, use->name, &use->set);
    if (!set && !set_new(all, use, why))
        return false;
    set = all->sets[use->set];
    if (use->type != DATASET_UNTYPED && use->type != set->type)
        return say(why, "another rule says another type for this set");
    if (use->command == DATASET_REPUTATION && !set->reputation)
        return say(why, "the set has no reputations");
    set->changes |= use->command == DATASET_SET || use->command == DATASET_UNSET;
    return true;
}

static bool reputation_fits(const struct rule_dataset *use, const struct dataset_value *value)
{
    struct rule_number number = {.compare = use->compare, .low = use->reputation};
    return value && value->there && rule_number_is(&number, value->reputation);
}

static bool has(const struct dataset_value *value)
{
    return value && value->there;
}

static struct dataset_value *look_up(const struct dataset_set *set, struct bytes key)
{
    return map_find(&set->values, key);
}

enum rule_dataset_answer rule_dataset_ask(
    const struct rule_datasets *all, const struct rule_dataset *use, struct bytes value)
{
    const struct dataset_set *set = all->sets[use->set];
    struct dataset_key key;
    if (!dataset_key_of(set->type, value, &key))
        return DATASET_NO;
    if (set->changes)
        return DATASET_LATER;
    const struct dataset_value *found = look_up(set, bytes_make(key.bytes, key.len));
    bool yes = use->command == DATASET_REPUTATION ? reputation_fits(use, found)
                                                  : has(found) == (use->command == DATASET_ISSET);
    return yes ? DATASET_YES : DATASET_NO;
}

struct rule_deferred rule_dataset_question(
    const struct rule_datasets *all, const struct rule_dataset *use, struct bytes value)
{
    struct rule_deferred question = {.use = use};
    struct dataset_key key = {.len = 0};
    if (dataset_key_of(all->sets[use->set]->type, value, &key))
        memcpy(question.value, key.bytes, key.len);
    question.len = (uint16_t)key.len;
    return question;
}

void rule_dataset_changes_init(struct map *changes, uint64_t limit_bytes)
{
    map_init(changes, sizeof(bool), VALUES_MOST, limit_bytes);
}

static bool change(struct map *changes, struct bytes key, bool there)
{
    bool *now = map_add(changes, key);
    if (now)
        *now = there;
    return now != NULL;
}

bool rule_dataset_settle(
    const struct rule_datasets *all, struct map *changes, const struct rule_deferred *question)
{
    const struct rule_dataset *use = question->use;
    const struct dataset_set *set = all->sets[use->set];
    uint8_t room[sizeof set->name + DATASET_KEY_BYTES];
    size_t name = strlen(set->name) + 1;
    memcpy(room, set->name, name);
    memcpy(&room[name], question->value, question->len);
    struct bytes key = bytes_make(room, name + question->len);
    const struct dataset_value *value = look_up(set, bytes_from(key, name));
    const bool *changed = map_find(changes, key);
    bool there = changed ? *changed : has(value);
    switch (use->command) {
    case DATASET_SET: return !there && change(changes, key, true);
    case DATASET_UNSET: return there && change(changes, key, false);
    case DATASET_ISSET: return there;
    case DATASET_ISNOTSET: return !there;
    case DATASET_REPUTATION: return there && reputation_fits(use, value);
    }
    return false;
}
