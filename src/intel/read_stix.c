// SPDX-License-Identifier: Apache-2.0
// STIX 2.1 and 2.0: a bundle, TAXII's envelope, a list of objects, or one object. Read twice: once
// for names and relationships, then for the indicators themselves, so that no tree of the whole is
// ever held; large ones once, unless something comes behind the indicators that refer to it. Read:
// indicator, and of what it refers to identity, malware, threat-actor, intrusion-set, campaign,
// tool, infrastructure, attack-pattern, marking-definition. Observables that no indicator calls
// evil are not evil.
#include "intel/stix_known.h"
#include <stdio.h>

struct stix {
    struct intel_builder *builder;
    const struct intel_file *file;
    struct stix_known known;
    uint64_t elements, objects; // objects: with type and id, as STIX has them
    bool bundle, typed, named;  // it has objects, or could; it has a type; an id of STIX
    bool alone;                 // it is one object
    bool full;
};

static bool likely(const struct intel_file *file)
{
    static const char *const texts[] = {"bundle--", "indicator--", "\"spec_version\"", "\"bundle\"",
        "\"created_by_ref\"", "\"object_marking_refs\""};
    bool found = document_has(file, "\"objects\"") && !document_has(file, "\"Event\"");
    found |= document_has(file, "\"pattern\"") && document_has(file, "\"indicator\"");
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        found |= document_has(file, texts[i]);
    return found && document_likely(file);
}

// ---- One indicator

static void trouble(struct stix *stix, const struct composed_says *says, const struct json_node *o,
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
static bool is_type(struct stix *stix, const struct composed_says *says, const struct json_node *o,
    const char *key, enum json_kind kind, const char *allowed)
{
    const struct json_node *value = json_member(o, key);
    if (!value || value->kind == kind)
        return true;
    trouble(stix, says, o, TEXT_STIX_WRONG_TYPE, key, allowed);
    return false;
}

static bool take_time(struct stix *stix, const struct composed_says *says,
    const struct json_node *o, const char *key, int64_t *out_us)
{
    struct bytes text = json_bytes(o, key);
    if (!is_type(stix, says, o, key, JSON_TEXT, "a time"))
        return false;
    if (text.len == 0 || pattern_time(text, out_us))
        return true;
    char shown[64];
    snprintf(
        shown, sizeof shown, "%.*s", (int)(text.len < 60 ? text.len : 60), (const char *)text.data);
    trouble(stix, says, o, TEXT_STIX_BAD_TIME, shown, "");
    return false;
}

static bool take_validity(struct stix *stix, struct composed_says *says, const struct json_node *o)
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

static bool take_confidence(
    struct stix *stix, struct composed_says *says, const struct json_node *o)
{
    const struct json_node *member = json_member(o, "confidence");
    double confidence = json_double_of(o, "confidence", -1);
    if (!member)
        return true;
    if (member->kind != JSON_NUMBER || confidence < 0 || confidence > 100) {
        trouble(stix, says, o, TEXT_STIX_WRONG_TYPE, "confidence", "0 to 100");
        return false;
    }
    says->indicator.confidence = (uint8_t)confidence;
    return true;
}

// STIX 2.0 has the types of an indicator as its labels.
static void add_words(
    struct composing *label, const struct json_node *words, struct indicator *indicator)
{
    for (const struct json_node *word = words; word; word = word->next) {
        struct bytes text = word->kind == JSON_TEXT ? word->text : BYTES("");
        indicator->silent |= bytes_equal_nocase(text, BYTES("benign"));
        enum intel_tlp tlp = intel_word_tlp(text);
        if (bytes_start_with_nocase(text, BYTES("tlp:")) && tlp > indicator->tlp)
            indicator->tlp = tlp;
        composing_add(label, ", ", text);
    }
}

struct texts_said {
    struct composing common, techniques, source;
};

static void add_technique(struct texts_said *said, struct bytes technique)
{
    if (technique.len &&
        bytes_find(composing_bytes(&said->techniques), technique) == BYTES_NOT_FOUND)
        composing_add(&said->techniques, " ", technique);
}

// "IP address of a C2 channel; Poison Ivy, APT1; malicious-activity"
static void take_label(struct stix *stix, struct composed_says *says, const struct json_node *o,
    struct texts_said *said)
{
    const struct stix_object *self = stix_known_find(&stix->known, json_bytes(o, "id"));
    const struct stix_target *to = self ? self->targets : NULL;
    struct composing words = {.len = 0};
    add_words(&words, json_list(o, "indicator_types"), &says->indicator);
    add_words(&words, json_list(o, "labels"), &says->indicator);
    for (; to; to = to->next) {
        const struct stix_object *target = stix_known_ask(&stix->known, to->id);
        if (!target || !target->named || target->revoked)
            continue;
        composing_add(&said->common, ", ", target->named->name);
        add_technique(said, target->named->technique);
        if (says->indicator.phase == PHASE_NONE)
            says->indicator.phase = (uint8_t)target->named->phase;
    }
    add_technique(said, stix_technique(o));
    composing_add(&said->common, "; ", composing_bytes(&words));
    says->indicator.label = json_bytes(o, "name");
    says->indicator.common = composing_bytes(&said->common);
    if (says->indicator.label.len + says->indicator.common.len == 0)
        says->indicator.label = json_bytes(o, "description");
}

// "Some Organisation (feed.json)"
static void take_source(struct stix *stix, struct composed_says *says, const struct json_node *o,
    struct texts_said *said)
{
    const struct stix_object *by = stix_known_ask(&stix->known, json_bytes(o, "created_by_ref"));
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

static void take_markings(struct stix *stix, struct indicator *indicator, const struct json_node *o)
{
    for (const struct json_node *ref = json_list(o, "object_marking_refs"); ref; ref = ref->next) {
        enum intel_tlp tlp = stix_known_tlp(&stix->known, ref->text);
        indicator->tlp = tlp > indicator->tlp ? tlp : indicator->tlp; // the strictest
    }
}

static bool types_are_right(
    struct stix *stix, const struct composed_says *says, const struct json_node *o)
{
    return is_type(stix, says, o, "name", JSON_TEXT, "a text") &&
           is_type(stix, says, o, "pattern_type", JSON_TEXT, "a text") &&
           is_type(stix, says, o, "labels", JSON_LIST, "a list") &&
           is_type(stix, says, o, "indicator_types", JSON_LIST, "a list") &&
           is_type(stix, says, o, "kill_chain_phases", JSON_LIST, "a list") &&
           is_type(stix, says, o, "object_marking_refs", JSON_LIST, "a list") &&
           is_type(stix, says, o, "external_references", JSON_LIST, "a list");
}

static bool has_pattern(
    struct stix *stix, const struct composed_says *says, const struct json_node *o)
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

static void take_indicator(struct stix *stix, const struct json_node *o, int64_t modified_us)
{
    struct composed_says says = {.indicator = INDICATOR_UNSAID, .line = o->line};
    struct texts_said said = {.common = {.len = 0}};
    if (!types_are_right(stix, &says, o) || !has_pattern(stix, &says, o) ||
        !take_validity(stix, &says, o) || !take_confidence(stix, &says, o))
        return;
    says.indicator.phase = (uint8_t)stix_phase(o);
    says.indicator.seen_us = says.indicator.from_us;
    says.indicator.modified_us = modified_us;
    take_markings(stix, &says.indicator, o);
    take_label(stix, &says, o, &said);
    take_source(stix, &says, o, &said);
    says.indicator.techniques = composing_bytes(&said.techniques);
    says.indicator.id = json_bytes(o, "id");
    says.title = json_bytes(o, "name");
    stix->full |=
        composed_add_text(stix->builder, json_bytes(o, "pattern"), &says) == COMPOSED_FULL;
}

// ---- Objects

static bool is_indicator(const struct json_node *object)
{
    return bytes_equal(json_bytes(object, "type"), BYTES("indicator"));
}

static void take_object(struct stix *stix, const struct json_node *o)
{
    struct composed_says where = {.line = o->line};
    struct bytes id = json_bytes(o, "id");
    int64_t modified_us = stix_modified_us(o);
    if (o->kind != JSON_OBJECT || json_bytes(o, "type").len == 0) {
        trouble(stix, &where, o, TEXT_STIX_WRONG_TYPE, "type", "an object with a type");
        return;
    }
    if (!is_indicator(o))
        return;
    stix->full |= !intel_version(stix->builder, id, modified_us, json_yes(o, "revoked"));
    if (json_yes(o, "revoked"))
        stix->builder->file->expired++;
    else
        take_indicator(stix, o, modified_us);
}

// ---- The walk: a bundle's members, and its objects.

enum { BUNDLE = 1, OBJECTS };

static int begin(void *context, int mode, struct bytes name, char bracket)
{
    struct stix *stix = context;
    bool list = mode == FEED_OUTERMOST || bytes_equal(name, BYTES("objects"));
    if (mode == OBJECTS || (mode == FEED_OUTERMOST && stix->alone))
        return FEED_COLLECT;
    if (mode == FEED_OUTERMOST && bracket == '{')
        return BUNDLE;
    if (!list || bracket != '[')
        return FEED_SKIP;
    stix->bundle = true;
    return OBJECTS;
}

// What it is, if it is no bundle: one object, or a bundle without objects, as the standard allows.
static void see_member(struct stix *stix, const struct json_node *member)
{
    bool type = bytes_equal(member->name, BYTES("type"));
    stix->bundle |= type && bytes_equal(member->text, BYTES("bundle"));
    stix->typed |= type && member->kind == JSON_TEXT && member->text.len;
    stix->named |= bytes_equal(member->name, BYTES("id")) &&
                   bytes_find(member->text, BYTES("--")) != BYTES_NOT_FOUND;
}

static bool see(void *context, int mode, const struct json_node *value)
{
    struct stix *stix = context;
    if (mode == BUNDLE) {
        see_member(stix, value);
        return true;
    }
    stix->elements += mode == OBJECTS;
    stix->objects += json_bytes(value, "type").len &&
                     bytes_find(json_bytes(value, "id"), BYTES("--")) != BYTES_NOT_FOUND;
    stix_known_see(&stix->known, value);
    return !stix->known.full;
}

// Indicators are left to the second reading.
static bool wanted(void *context, const struct json_node *member)
{
    struct stix *stix = context;
    bool indicator =
        bytes_equal(member->name, BYTES("type")) && bytes_equal(member->text, BYTES("indicator"));
    stix->objects += indicator;
    return !indicator;
}

static bool take(void *context, int mode, const struct json_node *value)
{
    struct stix *stix = context;
    if (mode != BUNDLE)
        take_object(stix, value);
    return !stix->full;
}

static bool see_and_take(void *context, int mode, const struct json_node *value)
{
    struct stix *stix = context;
    bool good = see(context, mode, value);
    stix->known.trying |= mode == OBJECTS && is_indicator(value);
    if (good && !stix->known.late && mode == OBJECTS)
        take_object(stix, value);
    return good && !stix->full && !stix->known.late;
}

static bool is_bundle(const struct stix *stix)
{
    return stix->bundle && (!stix->elements || stix->objects);
}

static bool read_once(struct stix *stix)
{
    static const struct feed_reader both = {.begin = begin, .value = see_and_take};
    return document_read(stix->builder, stix->file, &both, stix) && is_bundle(stix);
}

static bool read_twice(struct stix *stix)
{
    static const struct feed_reader first = {.begin = begin, .value = see, .wanted = wanted},
                                    second = {.begin = begin, .value = take};
    bool read = document_read(stix->builder, stix->file, &first, stix);
    stix->alone = !stix->bundle && stix->typed && stix->named;
    if (read && !stix->alone && !is_bundle(stix))
        read = document_fail(stix->builder, 0, TEXT_STIX_NOT_BUNDLE, BYTES(""), BYTES(""));
    read = read && document_read(stix->builder, stix->file, &second, stix);
    if (stix->full || stix->known.full)
        read = document_fail(stix->builder, 0, TEXT_INTEL_NO_MEMORY, BYTES(""), BYTES(""));
    return read;
}

static bool read_file(struct intel_builder *builder, const struct intel_file *file, bool once)
{
    struct stix stix = {.builder = builder, .file = file};
    stix_known_init(&stix.known);
    bool done = once ? read_once(&stix) : read_twice(&stix);
    stix_known_finish(&stix.known);
    return done;
}

enum { TAIL_BYTES = 64 << 10 };

// Whether the end of the file has what indicators refer to; what was packed does not say.
static bool ends_in_names(const struct intel_file *file)
{
    static const char *const words[] = {
        "\"relationship\"", "\"identity\"", "\"marking-definition\""};
    uint8_t room[TAIL_BYTES];
    FILE *opened = fopen(file->path, "re");
    if (!opened)
        return false;
    size_t len =
        fseek(opened, -TAIL_BYTES, SEEK_END) == 0 ? fread(room, 1, sizeof room, opened) : 0;
    fclose(opened);
    bool found = false;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        found |= bytes_find(bytes_make(room, len), bytes_from_text(words[i])) != BYTES_NOT_FOUND;
    return found;
}

static bool read_stix(struct intel_builder *builder, const struct intel_file *file)
{
    return ends_in_names(file) ? read_file(builder, file, false)
                               : document_read_best(builder, file, read_file);
}

const struct intel_format intel_format_stix = {"stix", likely, read_stix};
