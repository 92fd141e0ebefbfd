// SPDX-License-Identifier: Apache-2.0
// What depends on several flows: thresholds and detection filters, bits of hosts and of address
// pairs. The main thread takes hits in the order of their packets, so that the outcome is the same
// for any number of workers. Time is the packets'; entries that are over give way to new ones.
#include "base/alloc.h"
#include "base/hash.h"
#include "rules/dataset.h"
#include "rules/rules.h"
#include <stdlib.h>

enum {
    SETTLE_SLOTS = 1 << 16, // entries of all kinds; a power of two
    SETTLE_PROBES = 16,     // places looked at before one gives way
};

struct entry {
    uint64_t key; // 0: free
    int64_t from_us, until_us;
    uint64_t count, next; // next: backoff's
};

struct rules_ordered {
    struct entry slots[SETTLE_SLOTS];
    struct map written; // what rules wrote into data sets
};

struct rules_ordered *rules_ordered_create(const struct config *config)
{
    struct rules_ordered *ordered = base_calloc(1, sizeof *ordered);
    if (ordered)
        rule_dataset_changes_init(&ordered->written, config->rules.dataset_memory_bytes);
    return ordered;
}

void rules_ordered_destroy(struct rules_ordered *ordered)
{
    if (ordered)
        map_finish(&ordered->written);
    base_free(ordered);
}

uint64_t rules_ordered_refused(const struct rules_ordered *ordered)
{
    return ordered->written.refused;
}

// The entry of a key; a fresh one is zero but for the key. What was over first gives way.
static struct entry *entry_of(struct rules_ordered *o, uint64_t key, bool make, int64_t now_us)
{
    struct entry *worst = NULL;
    key |= 1;
    for (size_t i = 0; i < SETTLE_PROBES; i++) {
        struct entry *e = &o->slots[(hash_mix(key) + i) % SETTLE_SLOTS];
        if (e->key == key)
            return e;
        bool over = !e->key || e->until_us < now_us;
        if (over && (!worst || worst->until_us >= now_us))
            worst = e;
        else if (!worst || (worst->key && e->until_us < worst->until_us))
            worst = e;
    }
    if (!make)
        return NULL;
    *worst = (struct entry){.key = key};
    return worst;
}

static uint64_t key_add(uint64_t key, const void *bytes, size_t len)
{
    return hash_bytes(bytes_make(bytes, len), key);
}

static uint64_t track_key(uint64_t key, enum rule_track track, const struct record_head *head)
{
    const struct addr *src = &head->src_ip, *dst = &head->dest_ip;
    bool swap = memcmp(src, dst, sizeof *src) > 0;
    uint8_t what = (uint8_t)track;
    key = key_add(key, &what, 1);
    switch (track) {
    case TRACK_BY_SRC: return key_add(key, src, sizeof *src);
    case TRACK_BY_DST: return key_add(key, dst, sizeof *dst);
    case TRACK_BY_BOTH: return key_add(key_add(key, src, sizeof *src), dst, sizeof *dst);
    case TRACK_BY_IP_PAIR:
        return key_add(key_add(key, swap ? dst : src, sizeof *src), swap ? src : dst, sizeof *src);
    case TRACK_BY_TX: // of a flow, where transactions have no number
    case TRACK_BY_FLOW: return key_add(key, &head->flow_id, sizeof head->flow_id);
    case TRACK_BY_RULE:
    case TRACK_NONE: break;
    }
    return key;
}

static bool limit(struct entry *e, const struct rule_threshold *t, int64_t now)
{
    bool fresh = e->from_us == 0 || now - e->from_us >= (int64_t)t->seconds * 1'000'000;
    if (fresh)
        *e = (struct entry){.key = e->key, .from_us = now};
    e->until_us = e->from_us + (int64_t)t->seconds * 1'000'000;
    e->count++;
    switch (t->kind) {
    case THRESHOLD_LIMIT: return e->count <= t->count;
    case THRESHOLD_THRESHOLD:
        if (e->count < t->count)
            return false;
        e->count = 0;
        return true;
    case THRESHOLD_BOTH: return e->count == t->count;
    case THRESHOLD_DETECTION_FILTER: return e->count > t->count;
    default: return true;
    }
}

// Alerts at count, then at count times the multiplier, and so on.
static bool backoff(struct entry *e, const struct rule_threshold *t)
{
    e->until_us = INT64_MAX;
    e->count++;
    if (e->next == 0)
        e->next = t->count;
    if (e->count != e->next)
        return false;
    e->next *= t->multiplier ? t->multiplier : 1;
    return true;
}

static bool threshold_lets(struct rules_ordered *o, const struct rule *rule,
    const struct rule_threshold *t, const struct record_head *head)
{
    if (!t || t->kind == THRESHOLD_NONE)
        return true;
    uint64_t ids[] = {rule->gid, rule->sid, t->kind};
    uint64_t key = track_key(key_add(1, ids, sizeof ids), t->track, head);
    struct entry *e = entry_of(o, key, true, head->timestamp);
    return t->kind == THRESHOLD_BACKOFF ? backoff(e, t) : limit(e, t, head->timestamp);
}

enum { BIT_SECONDS = 3600 }; // a bit without an expiry

static uint64_t bit_key(uint64_t name, const struct rule_bits *bits, const struct record_head *head)
{
    uint64_t key = key_add(2, &name, sizeof name);
    if (bits->track == TRACK_BY_SRC) // one bit of a host, whichever end it is
        return key_add(key, &head->src_ip, sizeof head->src_ip);
    if (bits->track == TRACK_BY_DST)
        return key_add(key, &head->dest_ip, sizeof head->dest_ip);
    return track_key(key, (enum rule_track)bits->track, head);
}

static bool bit_is_set(struct rules_ordered *o, uint64_t name, const struct rule_bits *bits,
    const struct record_head *head)
{
    const struct entry *e = entry_of(o, bit_key(name, bits, head), false, head->timestamp);
    return e && e->until_us >= head->timestamp && e->count;
}

static bool bits_hold(struct rules_ordered *o, const struct rule_condition *c,
    const uint64_t *names, const struct record_head *head)
{
    const struct rule_bits *bits = &c->is.bits;
    if (bits->command != BIT_ISSET && bits->command != BIT_ISNOTSET)
        return true;
    bool any = false;
    for (uint8_t i = 0; i < bits->names_count; i++)
        any |= bit_is_set(o, names[bits->names[i]], bits, head);
    return any == (bits->command == BIT_ISSET);
}

static void bits_do(struct rules_ordered *o, const struct rule_condition *c, const uint64_t *names,
    const struct record_head *head)
{
    const struct rule_bits *bits = &c->is.bits;
    int64_t lasts = (int64_t)(bits->expire_s ? bits->expire_s : BIT_SECONDS) * 1'000'000;
    for (uint8_t i = 0; i < bits->names_count; i++) {
        uint64_t name = names[bits->names[i]];
        bool set = bits->command == BIT_SET ||
                   (bits->command == BIT_TOGGLE && !bit_is_set(o, name, bits, head));
        if (bits->command == BIT_ISSET || bits->command == BIT_ISNOTSET)
            continue;
        struct entry *e = entry_of(o, bit_key(name, bits, head), set, head->timestamp);
        if (!e)
            continue;
        e->count = set;
        e->until_us = set ? head->timestamp + lasts : 0;
    }
}

static bool is_host_bit(const struct rule_condition *c)
{
    return (c->on == RULE_ON_xbits && !rule_is_tx_bit(c)) || c->on == RULE_ON_hostbits;
}

static bool suppressed(
    const struct rule_set *set, const struct rule *rule, const struct record_head *head)
{
    for (uint32_t i = 0; i < set->suppress_count; i++) {
        const struct rule_suppress *s = &set->suppress[i];
        if ((s->gid && s->gid != rule->gid) || (s->sid && s->sid != rule->sid))
            continue;
        bool src = rule_addresses_has(s->addresses, &head->src_ip);
        bool dst = rule_addresses_has(s->addresses, &head->dest_ip);
        if (s->track == TRACK_NONE || (s->track == TRACK_BY_SRC && src) ||
            (s->track == TRACK_BY_DST && dst) || (s->track == TRACK_BY_BOTH && (src || dst)))
            return true;
    }
    return false;
}

// Each question to a data set that rules write to, in the rule's order.
static bool datasets_hold(
    struct rules_ordered *o, const struct rule_set *set, struct bytes questions)
{
    struct rule_deferred question;
    for (; questions.len >= sizeof question; questions = bytes_from(questions, sizeof question)) {
        memcpy(&question, questions.data, sizeof question);
        if (!rule_dataset_settle(set->datasets, &o->written, &question))
            return false;
    }
    return true;
}

void rules_settle(
    struct rules_ordered *ordered, const struct hit *hit, hit_sink *sink, void *context)
{
    const struct rule_settled *settled = hit->settle;
    const struct rule *rule = settled->rule;
    for (uint16_t i = 0; i < rule->conditions_count; i++)
        if (is_host_bit(&rule->conditions[i]) &&
            !bits_hold(ordered, &rule->conditions[i], settled->bit_ids, hit->head))
            return;
    if (!datasets_hold(ordered, settled->set, hit->settle_more) ||
        !threshold_lets(ordered, rule, rule->filter, hit->head))
        return;
    for (uint16_t i = 0; i < rule->conditions_count; i++)
        if (is_host_bit(&rule->conditions[i]))
            bits_do(ordered, &rule->conditions[i], settled->bit_ids, hit->head);
    if (rule->noalert || suppressed(settled->set, rule, hit->head) ||
        !threshold_lets(ordered, rule, rule->threshold, hit->head))
        return;
    sink(context, hit);
}
