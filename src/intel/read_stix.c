// SPDX-License-Identifier: Apache-2.0
// STIX 2.1 and 2.0: a bundle, TAXII's envelope, a list of objects, or one object. Read twice: once
// for versions, names and relationships, then for the indicators themselves, so that no tree of
// the whole is ever held. Read: indicator, and of what it refers to identity, malware,
// threat-actor, intrusion-set, campaign, tool, infrastructure, attack-pattern, marking-definition.
// Observables that no indicator calls evil are not evil.
#include "intel/stix_known.h"
#include <stdio.h>

struct stix {
    struct intel_builder *builder;
    const struct intel_file *file;
    struct stix_known known;
    bool second; // reading
    uint32_t number;
    uint64_t objects; // with type and id, as STIX has them
    bool not_bundle, full;
};

static bool starts_json(struct bytes head)
{
    size_t at = bytes_start_with(head, BYTES("\xef\xbb\xbf")) ? 3 : 0;
    while (at < head.len && strchr(" \t\r\n", head.data[at]))
        at++;
    uint8_t next = bytes_at(head, at + 1);
    return bytes_at(head, at) == '{' || (bytes_at(head, at) == '[' && strchr(" \t\r\n{\"]", next));
}

static bool has(const struct intel_file *file, const char *text)
{
    return bytes_find(file->head, bytes_from_text(text)) != BYTES_NOT_FOUND;
}

static bool likely(const struct intel_file *file)
{
    return starts_json(file->head) &&
           (has(file, "bundle--") || has(file, "indicator--") || has(file, "\"spec_version\"") ||
               has(file, "\"bundle\"") || (has(file, "\"objects\"") && !has(file, "\"Event\"")) ||
               (has(file, "\"pattern\"") && has(file, "\"indicator\"")) ||
               has(file, "\"created_by_ref\"") || has(file, "\"object_marking_refs\""));
}

// ---- One indicator

static void trouble(struct stix *stix, const struct composed_says *says, const json_t *o,
    enum text_id why, const char *what, const char *allowed)
{
    struct intel_trouble t = {.line = says->line,
        .value = json_bytes(o, "id"),
        .why = why,
        .what = bytes_from_text(what),
        .allowed = bytes_from_text(allowed)};
    intel_trouble(stix->builder, &t);
    stix->builder->file->refused++;
}

// A member that may be missing but must not be of another type.
static bool is_type(struct stix *stix, const struct composed_says *says, const json_t *o,
    const char *key, json_type type, const char *allowed)
{
    const json_t *value = json_object_get(o, key);
    if (!value || json_typeof(value) == type)
        return true;
    trouble(stix, says, o, TEXT_STIX_WRONG_TYPE, key, allowed);
    return false;
}

static bool take_time(struct stix *stix, const struct composed_says *says, const json_t *o,
    const char *key, int64_t *out_us)
{
    struct bytes text = json_bytes(o, key);
    if (!is_type(stix, says, o, key, JSON_STRING, "a time"))
        return false;
    if (text.len == 0 || pattern_time(text, out_us))
        return true;
    char shown[64];
    snprintf(
        shown, sizeof shown, "%.*s", (int)(text.len < 60 ? text.len : 60), (const char *)text.data);
    trouble(stix, says, o, TEXT_STIX_BAD_TIME, shown, "");
    return false;
}

static bool take_validity(struct stix *stix, struct composed_says *says, const json_t *o)
{
    struct indicator *i = &says->indicator;
    if (!take_time(stix, says, o, "valid_from", &i->from_us) ||
        !take_time(stix, says, o, "valid_until", &i->until_us))
        return false;
    if (i->until_us == 0 || i->from_us < i->until_us)
        return true;
    trouble(stix, says, o, TEXT_STIX_WRONG_TYPE, "valid_until", "a time after valid_from");
    return false;
}

static bool take_confidence(struct stix *stix, struct composed_says *says, const json_t *o)
{
    double confidence = json_number_value(json_object_get(o, "confidence"));
    if (!json_object_get(o, "confidence"))
        return true;
    if (!json_is_number(json_object_get(o, "confidence")) || confidence < 0 || confidence > 100) {
        trouble(stix, says, o, TEXT_STIX_WRONG_TYPE, "confidence", "0 to 100");
        return false;
    }
    says->indicator.confidence = (uint8_t)confidence;
    return true;
}

// STIX 2.0 has the types of an indicator as its labels.
static void add_words(struct composing *label, const json_t *words, struct indicator *indicator)
{
    size_t i;
    json_t *word;
    json_array_foreach(words, i, word)
    {
        struct bytes text = bytes_make(json_string_value(word), json_string_length(word));
        indicator->silent |= bytes_equal_nocase(text, BYTES("benign"));
        enum intel_tlp tlp = intel_word_tlp(text);
        if (bytes_start_with_nocase(text, BYTES("tlp:")) && tlp > indicator->tlp)
            indicator->tlp = tlp;
        composing_add(label, ", ", text);
    }
}

struct said {
    struct composing label, techniques, source;
};

static void add_technique(struct said *said, struct bytes technique)
{
    if (technique.len &&
        bytes_find(composing_bytes(&said->techniques), technique) == BYTES_NOT_FOUND)
        composing_add(&said->techniques, " ", technique);
}

// "IP address of a C2 channel; Poison Ivy, APT1; malicious-activity"
static void take_label(
    struct stix *stix, struct composed_says *says, const json_t *o, struct said *said)
{
    const struct stix_object *self = stix_known_find(&stix->known, json_bytes(o, "id"));
    const struct stix_target *to = self ? self->targets : NULL;
    struct composing words = {.len = 0}, names = {.len = 0};
    add_words(&words, json_object_get(o, "indicator_types"), &says->indicator);
    add_words(&words, json_object_get(o, "labels"), &says->indicator);
    for (; to; to = to->next) {
        const struct stix_object *target = stix_known_find(&stix->known, to->id);
        if (!target || !target->named || target->revoked)
            continue;
        composing_add(&names, ", ", target->named->name);
        add_technique(said, target->named->technique);
        if (says->indicator.phase == PHASE_NONE)
            says->indicator.phase = (uint8_t)target->named->phase;
    }
    add_technique(said, stix_technique(o));
    composing_add(&said->label, "", json_bytes(o, "name"));
    composing_add(&said->label, "; ", composing_bytes(&names));
    composing_add(&said->label, "; ", composing_bytes(&words));
    if (said->label.len == 0)
        composing_add(&said->label, "", json_bytes(o, "description"));
}

// "Some Organisation (feed.json)"
static void take_source(
    struct stix *stix, struct composed_says *says, const json_t *o, struct said *said)
{
    const struct stix_object *by = stix_known_find(&stix->known, json_bytes(o, "created_by_ref"));
    if (by && by->named && by->named->name.len) {
        composing_add(&said->source, "", by->named->name);
        composing_add(&said->source, " (", stix->file->base);
        composing_add(&said->source, "", BYTES(")"));
    } else {
        composing_add(&said->source, "", stix->file->base);
    }
    says->source = composing_bytes(&said->source);
    struct intel_source source = {.name = says->source};
    says->indicator.source = intel_source_add(stix->builder, &source);
}

static void take_markings(struct stix *stix, struct indicator *indicator, const json_t *o)
{
    size_t i;
    json_t *ref;
    json_array_foreach(json_object_get(o, "object_marking_refs"), i, ref)
    {
        struct bytes id = bytes_make(json_string_value(ref), json_string_length(ref));
        enum intel_tlp tlp = stix_known_tlp(&stix->known, id);
        indicator->tlp = tlp > indicator->tlp ? tlp : indicator->tlp; // the strictest
    }
}

static bool types_are_right(struct stix *stix, const struct composed_says *says, const json_t *o)
{
    return is_type(stix, says, o, "name", JSON_STRING, "a text") &&
           is_type(stix, says, o, "pattern_type", JSON_STRING, "a text") &&
           is_type(stix, says, o, "labels", JSON_ARRAY, "a list") &&
           is_type(stix, says, o, "indicator_types", JSON_ARRAY, "a list") &&
           is_type(stix, says, o, "kill_chain_phases", JSON_ARRAY, "a list") &&
           is_type(stix, says, o, "object_marking_refs", JSON_ARRAY, "a list") &&
           is_type(stix, says, o, "external_references", JSON_ARRAY, "a list");
}

static bool has_pattern(struct stix *stix, const struct composed_says *says, const json_t *o)
{
    struct bytes type = json_bytes(o, "pattern_type");
    char shown[40];
    if (json_bytes(o, "pattern").len == 0) {
        trouble(stix, says, o, TEXT_STIX_NO_PATTERN, "pattern", "");
        return false;
    }
    if (type.len == 0 || bytes_equal_nocase(type, BYTES("stix")))
        return true;
    snprintf(
        shown, sizeof shown, "%.*s", (int)(type.len < 32 ? type.len : 32), (const char *)type.data);
    trouble(stix, says, o, TEXT_STIX_PATTERN_TYPE, shown, "");
    return false;
}

static void take_indicator(struct stix *stix, const json_t *o, uint64_t line)
{
    struct composed_says says = {.indicator = INDICATOR_UNSAID, .line = line};
    struct said said = {.label = {.len = 0}};
    if (!types_are_right(stix, &says, o) || !has_pattern(stix, &says, o) ||
        !take_validity(stix, &says, o) || !take_confidence(stix, &says, o))
        return;
    says.indicator.phase = (uint8_t)stix_phase(o);
    says.indicator.seen_us = says.indicator.from_us;
    take_markings(stix, &says.indicator, o);
    take_label(stix, &says, o, &said);
    take_source(stix, &says, o, &said);
    says.indicator.label = composing_bytes(&said.label);
    says.indicator.techniques = composing_bytes(&said.techniques);
    says.indicator.id = json_bytes(o, "id");
    says.title = json_bytes(o, "name");
    stix->full |=
        composed_add_text(stix->builder, json_bytes(o, "pattern"), &says) == COMPOSED_FULL;
}

// ---- Objects

static void take_object(struct stix *stix, const json_t *o, uint64_t line)
{
    uint32_t number = stix->number++;
    struct composed_says where = {.line = line};
    struct bytes id = json_bytes(o, "id");
    stix->objects += json_bytes(o, "type").len && bytes_find(id, BYTES("--")) != BYTES_NOT_FOUND;
    if (!stix->second) {
        stix_known_see(&stix->known, o, number);
        return;
    }
    if (!json_is_object(o) || json_bytes(o, "type").len == 0) {
        trouble(stix, &where, o, TEXT_STIX_WRONG_TYPE, "type", "an object with a type");
        return;
    }
    const struct stix_object *self = stix_known_find(&stix->known, json_bytes(o, "id"));
    if (!bytes_equal(json_bytes(o, "type"), BYTES("indicator")))
        return;
    if (!self) // without an id there is one version of it
        take_indicator(stix, o, line);
    else if (self->number == number && !self->revoked)
        take_indicator(stix, o, line);
    else if (self->number == number) {
        stix->builder->file->expired++;
        stix->full |= !intel_revoke(stix->builder, json_bytes(o, "id"));
    }
}

static void take_list(struct stix *stix, struct feed *feed)
{
    while (!stix->full && feed_element(feed)) {
        json_t *object = feed_json(feed);
        if (!object)
            return;
        take_object(stix, object, feed->value_line);
        json_decref(object);
    }
}

// A bundle's members; those of a lone object are put together again.
static void take_outermost(struct stix *stix, struct feed *feed)
{
    char name[FEED_TEXT_BYTES];
    json_t *alone = json_object();
    bool bundle = false;
    while (!stix->full && feed_member(feed, name)) {
        bool objects = strcmp(name, "objects") == 0;
        if (objects && feed_open(feed, '[')) {
            bundle = true;
            take_list(stix, feed);
            continue;
        }
        json_t *value = feed_json(feed);
        if (!value || json_object_set_new(alone, name, value) != 0)
            break;
    }
    struct bytes type = json_bytes(alone, "type"), id = json_bytes(alone, "id");
    bool is_object = type.len && bytes_find(id, BYTES("--")) != BYTES_NOT_FOUND;
    bool empty = bytes_equal(type, BYTES("bundle")); // without objects, as the standard allows
    if (!bundle && !empty && !is_object)
        stix->not_bundle = true;
    else if (!bundle && !empty && feed->trouble == FEED_FINE)
        take_object(stix, alone, 1);
    json_decref(alone);
}

static bool read_once(struct stix *stix, bool second)
{
    struct document d;
    stix->second = second;
    stix->number = 0;
    if (!document_open(&d, stix->builder, stix->file))
        return false;
    if (feed_open(d.feed, '['))
        take_list(stix, d.feed);
    else if (feed_open(d.feed, '{'))
        take_outermost(stix, d.feed);
    else
        stix->not_bundle = true;
    if (!stix->full && !stix->known.full)
        return document_close(&d);
    (void)document_close(&d);
    return document_fail(stix->builder, 0, TEXT_INTEL_NO_MEMORY, BYTES(""), BYTES(""));
}

static bool read_stix(struct intel_builder *builder, const struct intel_file *file)
{
    struct stix stix = {.builder = builder, .file = file};
    stix_known_init(&stix.known);
    bool read = read_once(&stix, false);
    if (read && (stix.not_bundle || (stix.number && !stix.objects)))
        read = document_fail(builder, 0, TEXT_STIX_NOT_BUNDLE, BYTES(""), BYTES(""));
    read = read && read_once(&stix, true);
    stix_known_finish(&stix.known);
    return read;
}

const struct intel_format intel_format_stix = {"stix", likely, read_stix};
