// SPDX-License-Identifier: Apache-2.0
#include "intel/stix_known.h"

enum { KNOWN_OBJECTS = 1 << 24, KNOWN_BYTES = 1 << 30, VAIN_MOST = 4096 };

void stix_known_init(struct stix_known *known)
{
    map_init(&known->objects, sizeof(struct stix_object), KNOWN_OBJECTS, KNOWN_BYTES);
    pool_init(&known->pool, 0);
    arena_init(&known->arena, &known->pool, KNOWN_BYTES);
    known->vain = 0;
    known->trying = known->late = known->full = false;
}

void stix_known_finish(struct stix_known *known)
{
    map_finish(&known->objects);
    arena_reset(&known->arena);
    pool_finish(&known->pool);
}

const struct stix_object *stix_known_find(const struct stix_known *known, struct bytes id)
{
    return id.len ? map_find(&known->objects, id) : NULL;
}

int64_t stix_modified_us(const struct json_node *object)
{
    int64_t us;
    if (pattern_time(json_bytes(object, "modified"), &us) ||
        pattern_time(json_bytes(object, "created"), &us))
        return us;
    return 0;
}

struct bytes stix_technique(const struct json_node *object)
{
    const struct json_node *reference = json_list(object, "external_references");
    for (; reference; reference = reference->next) {
        struct bytes source = json_bytes(reference, "source_name");
        struct bytes id = technique_in(json_bytes(reference, "external_id"));
        if (id.len && bytes_start_with_nocase(source, BYTES("mitre")))
            return id;
    }
    return (struct bytes){NULL, 0};
}

enum phase stix_phase(const struct json_node *object)
{
    const struct json_node *link = json_list(object, "kill_chain_phases");
    for (; link; link = link->next) {
        enum phase phase = phase_of_word(json_bytes(link, "phase_name"));
        if (phase != PHASE_NONE)
            return phase;
    }
    return PHASE_NONE;
}

// STIX 2.1 names TLP 1.0 as definition.tlp, TLP 2.0 in an extension and in the marking's name.
static enum intel_tlp tlp_of(const struct json_node *marking)
{
    enum intel_tlp tlp = intel_word_tlp(json_bytes(json_member(marking, "definition"), "tlp"));
    const struct json_node *extensions = json_member(marking, "extensions");
    const struct json_node *extension = extensions ? extensions->first : NULL;
    for (; extension && tlp == INTEL_TLP_NONE; extension = extension->next)
        tlp = intel_word_tlp(json_bytes(extension, "tlp_2_0"));
    return tlp == INTEL_TLP_NONE ? intel_word_tlp(json_bytes(marking, "name")) : tlp;
}

static bool is_named(struct bytes type)
{
    static const char *const types[] = {"identity", "malware", "threat-actor", "intrusion-set",
        "campaign", "tool", "attack-pattern", "infrastructure", "marking-definition"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (bytes_equal(type, bytes_from_text(types[i])))
            return true;
    return false;
}

static struct bytes kept(struct stix_known *known, struct bytes text)
{
    struct bytes copy = {NULL, 0};
    if (text.len)
        copy = arena_copy(&known->arena, bytes_sub(text, 0, INTEL_TEXT_BYTES));
    known->full |= text.len && !copy.data;
    return copy;
}

static const struct stix_named *named_of(
    struct stix_known *known, const struct json_node *object, struct bytes type)
{
    struct stix_named *named = arena_zalloc(&known->arena, sizeof *named);
    if (!named) {
        known->full = true;
        return NULL;
    }
    named->type = kept(known, type);
    named->name = kept(known, json_bytes(object, "name"));
    if (bytes_equal(type, BYTES("attack-pattern"))) {
        named->technique = kept(known, stix_technique(object));
        named->phase = stix_phase(object);
    } else if (bytes_equal(type, BYTES("marking-definition"))) {
        named->tlp = tlp_of(object);
    }
    return named;
}

static struct stix_object *object_of(struct stix_known *known, struct bytes id)
{
    struct stix_object *object =
        id.len && id.len <= INTEL_TEXT_BYTES ? map_add(&known->objects, id) : NULL;
    known->full |= known->objects.refused > 0;
    return object;
}

const struct stix_object *stix_known_ask(struct stix_known *known, struct bytes id)
{
    if (!known->trying)
        return stix_known_find(known, id);
    struct stix_object *object = object_of(known, id);
    if (!object)
        return NULL;
    known->vain += !object->named && !object->asked;
    known->late |= known->vain > VAIN_MOST; // too many to remember
    object->asked = true;
    return object;
}

static void see_link(struct stix_known *known, const struct json_node *link)
{
    struct bytes source = json_bytes(link, "source_ref"), target = json_bytes(link, "target_ref");
    if (!bytes_start_with(source, BYTES("indicator--")) || target.len == 0 ||
        json_yes(link, "revoked") ||
        bytes_equal(json_bytes(link, "relationship_type"), BYTES("based-on")))
        return;
    struct stix_object *object = object_of(known, source);
    struct stix_target *to = object ? arena_zalloc(&known->arena, sizeof *to) : NULL;
    if (!to) {
        known->full |= object != NULL;
        return;
    }
    known->late |= known->trying;
    to->id = kept(known, target);
    to->next = object->targets;
    object->targets = to;
}

void stix_known_see(struct stix_known *known, const struct json_node *json)
{
    struct bytes type = json_bytes(json, "type");
    if (bytes_equal(type, BYTES("relationship")))
        see_link(known, json);
    if (!is_named(type))
        return;
    struct stix_object *object = object_of(known, json_bytes(json, "id"));
    int64_t modified_us = stix_modified_us(json);
    if (!object || (object->named && modified_us < object->modified_us))
        return;
    known->late |= object->asked;
    object->modified_us = modified_us;
    object->revoked = json_yes(json, "revoked");
    object->named = named_of(known, json, type);
}

enum intel_tlp stix_known_tlp(struct stix_known *known, struct bytes id)
{
    static const struct {
        const char *id;
        enum intel_tlp tlp;
    } fixed[] = {
        {"613f2e26-407d-48c7-9eca-b8e91df99dc9", INTEL_TLP_CLEAR},
        {"34098fce-860f-48ae-8e50-ebd3cc5e41da", INTEL_TLP_GREEN},
        {"f88d31f6-486f-44da-b317-01333bde0b82", INTEL_TLP_AMBER},
        {"5e57c739-391a-4eb3-b6be-7d15ca92d5ed", INTEL_TLP_RED},
        {"94868c89-83c2-464b-929b-a1a8aa3c8487", INTEL_TLP_CLEAR},
        {"bab4a63c-aed9-4cf5-a766-dfca5abac2bb", INTEL_TLP_GREEN},
        {"55d920b0-5e8b-4f79-9ee9-91f868d9b421", INTEL_TLP_AMBER},
        {"939a9414-2ddd-4d32-a0cd-375ea402b003", INTEL_TLP_AMBER_STRICT},
        {"e828b379-4e03-4974-9ac4-e53a884c97c1", INTEL_TLP_RED},
    };
    struct bytes prefix = BYTES("marking-definition--");
    const struct stix_object *object = stix_known_ask(known, id);
    if (object && object->named && object->named->tlp != INTEL_TLP_NONE)
        return object->named->tlp;
    for (size_t i = 0; bytes_start_with(id, prefix) && i < sizeof fixed / sizeof *fixed; i++)
        if (bytes_equal(bytes_from(id, prefix.len), bytes_from_text(fixed[i].id)))
            return fixed[i].tlp;
    return INTEL_TLP_NONE;
}
