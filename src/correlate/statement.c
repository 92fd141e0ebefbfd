// SPDX-License-Identifier: Apache-2.0
#include "base/hash.h"
#include "correlate/internal.h"

// What a finding of a severity weighs when it is quite certain.
static const double weights[] = {[SEVERITY_INFO] = 0.03,
    [SEVERITY_LOW] = 0.40,
    [SEVERITY_MEDIUM] = 0.80,
    [SEVERITY_HIGH] = 0.95};

static const char *const phases[PHASES] = {"", "intelligence_gathering", "point_of_entry",
    "command_and_control", "lateral_movement", "asset_discovery", "data_exfiltration"};

static size_t word_at(const char *const *words, size_t count, struct bytes word)
{
    for (size_t i = 0; i < count; i++)
        if (bytes_equal(word, bytes_from_text(words[i])))
            return i;
    return 0;
}

static struct bytes keep(struct arena *memory, struct bytes text)
{
    return text.data ? arena_copy(memory, text) : text;
}

static struct finding_words keep_words(struct arena *memory, struct finding_words words)
{
    return (struct finding_words){.ja = keep(memory, words.ja), .en = keep(memory, words.en)};
}

static struct finding_entity keep_entity(struct arena *memory, struct finding_entity entity)
{
    entity.name = keep(memory, entity.name);
    entity.segment = keep(memory, entity.segment);
    return entity;
}

static struct host_key key_of(const struct finding_entity *entity)
{
    struct host_key key;
    memset(&key, 0, sizeof key);
    key.address = entity->address;
    if (entity->address.version == 0 && entity->name.len)
        key.name = hash_bytes(entity->name, 1) | 1;
    return key;
}

static void fill_techniques(
    struct arena *memory, const struct finding *finding, struct statement *out)
{
    for (size_t i = 0; i < finding->techniques_count && i < STATEMENT_TECHNIQUES; i++)
        out->techniques[out->techniques_count++] = keep(memory, finding->techniques[i]);
}

bool statement_fill(struct arena *memory, const struct finding *finding, struct statement *out)
{
    *out = (struct statement){.first_us = finding->first,
        .last_us = finding->last,
        .certainty = finding->certainty,
        .subject = keep_entity(memory, finding->subject),
        .peer = keep_entity(memory, finding->peer),
        .host = key_of(&finding->subject),
        .other = key_of(&finding->peer),
        .peer_inside = finding->peer.segment.len > 0,
        .id = keep(memory, finding->id),
        .detector = keep(memory, finding->detector),
        .rule = keep(memory, finding->rule),
        .kind = keep(memory, finding->class),
        .phase_id = keep(memory, finding->phase),
        .title = keep_words(memory, finding->title),
        .advice = keep_words(memory, finding->advice),
        .phase_name = keep_words(memory, finding->phase_name)};
    out->severity = (enum severity)word_at(severity_ids, SEVERITIES, finding->severity);
    out->phase = (enum phase)word_at(phases, PHASES, finding->phase);
    out->weight = weights[out->severity] * out->certainty / 100;
    fill_techniques(memory, finding, out);
    return !memory->exhausted;
}
