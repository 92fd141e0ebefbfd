// SPDX-License-Identifier: Apache-2.0
// The order in which phase, techniques, severity and certainty are decided: the hit itself, what
// the rule's author wrote into its metadata, the case of its class or kind, the detector.
// Suricata's rules say priority and class; how bad that is, is ours to say (content/detectors).
#include "detect/assess.h"
#include "schema/segment.h"

enum { SUREST = 99 };

static struct bytes metadata_find(const struct hit *hit, struct bytes name)
{
    for (size_t i = 0; hit->alert && i < hit->alert->metadata_count; i++)
        if (bytes_equal_nocase(hit->alert->metadata[i].name, name))
            return hit->alert->metadata[i].value;
    return (struct bytes){NULL, 0};
}

static enum severity at_least(enum severity a, enum severity b)
{
    return a > b ? a : b;
}

static enum severity at_most(enum severity a, enum severity b)
{
    return a < b ? a : b;
}

static enum severity severity_of_priority(uint8_t priority)
{
    static const enum severity by[] = {SEVERITY_INFO, SEVERITY_HIGH, SEVERITY_MEDIUM, SEVERITY_LOW};
    return priority < sizeof by / sizeof *by ? by[priority] : SEVERITY_INFO;
}

// signature_severity as the publishers of rules use it.
static enum severity with_metadata(enum severity severity, const struct hit *hit)
{
    struct bytes said = metadata_find(hit, BYTES("signature_severity"));
    if (bytes_equal_nocase(said, BYTES("critical")))
        return SEVERITY_HIGH;
    if (bytes_equal_nocase(said, BYTES("major")))
        return at_least(severity, SEVERITY_MEDIUM);
    if (bytes_equal_nocase(said, BYTES("minor")))
        return at_most(severity, SEVERITY_MEDIUM);
    if (bytes_equal_nocase(said, BYTES("informational")))
        return at_most(severity, SEVERITY_LOW);
    return bytes_equal_nocase(said, BYTES("audit")) ? SEVERITY_INFO : severity;
}

// What an alert that is not ours, or a rule, calls severity is its priority.
static enum severity severity_of(const struct hit *hit, const struct assessment *a)
{
    if (hit->as_detector && a->detector)
        return a->its && a->its->has_severity ? a->its->severity : a->detector->severity;
    if (!hit->alert)
        return hit->severity;
    bool ours = a->its && a->its->has_severity;
    return with_metadata(ours ? a->its->severity : severity_of_priority(hit->alert->priority), hit);
}

static uint8_t certainty_of(const struct hit *hit, const struct assessment *a)
{
    struct bytes said = metadata_find(hit, BYTES("confidence"));
    if (hit->certainty &&
        !hit->alert) // a rule's publisher and its class know better than the engine
        return hit->certainty < SUREST ? hit->certainty : SUREST;
    if (bytes_equal_nocase(said, BYTES("high")))
        return 85;
    if (bytes_equal_nocase(said, BYTES("medium")))
        return 60;
    if (bytes_equal_nocase(said, BYTES("low")))
        return 35;
    if (a->its && a->its->certainty)
        return a->its->certainty;
    if (hit->certainty)
        return hit->certainty < SUREST ? hit->certainty : SUREST;
    return a->detector ? a->detector->certainty : 40;
}

static void add_technique(struct assessment *a, struct bytes id)
{
    if (id.len == 0 || a->techniques_count == HIT_TECHNIQUES)
        return;
    const struct attack_technique *known = attack_find(id);
    if (known)
        id = bytes_from_text(known->id);
    for (size_t i = 0; i < a->techniques_count; i++)
        if (bytes_equal(a->techniques[i], id))
            return;
    a->techniques[a->techniques_count++] = id;
}

static void add_techniques(struct assessment *a, const char *const *ids)
{
    for (; ids && *ids && a->techniques_count < HIT_TECHNIQUES; ids++)
        add_technique(a, bytes_from_text(*ids));
}

static void find_techniques(const struct hit *hit, struct assessment *a)
{
    for (size_t i = 0; i < hit->techniques_count; i++)
        add_technique(a, hit->techniques[i]);
    for (size_t i = 0; hit->alert && i < hit->alert->metadata_count; i++)
        if (bytes_equal_nocase(hit->alert->metadata[i].name, BYTES("mitre_technique_id")))
            add_technique(a, hit->alert->metadata[i].value);
    if (a->techniques_count == 0 && a->its)
        add_techniques(a, a->its->techniques);
    if (a->techniques_count == 0 && a->detector)
        add_techniques(a, a->detector->techniques);
}

// "Command_And_Control", "command-and-control"
static enum phase phase_of_tactic(struct bytes name)
{
    for (size_t i = 0; i < attack_tactics_count; i++) {
        const char *tactic = attack_tactics[i].name;
        size_t k = 0;
        while (k < name.len && tactic[k] &&
               ((name.data[k] | 0x20) == tactic[k] || (name.data[k] == '_' && tactic[k] == '-') ||
                   name.data[k] == tactic[k]))
            k++;
        if (k == name.len && !tactic[k])
            return attack_tactics[i].phase;
    }
    return PHASE_NONE;
}

static enum phase phase_of_techniques(const struct assessment *a)
{
    for (size_t i = 0; i < a->techniques_count; i++) {
        const struct attack_technique *known = attack_find(a->techniques[i]);
        if (known && known->phase)
            return known->phase;
    }
    return PHASE_NONE;
}

// Between two hosts inside, an attack is no entry any more, nor is a search one for ways in.
static enum phase phase_inside(enum phase phase)
{
    if (phase == PHASE_POINT_OF_ENTRY)
        return PHASE_LATERAL_MOVEMENT;
    return phase == PHASE_INTELLIGENCE_GATHERING ? PHASE_ASSET_DISCOVERY : phase;
}

static enum phase phase_of(const struct hit *hit, const struct assessment *a, bool both_inside)
{
    if (hit->phase)
        return hit->phase;
    enum phase phase = phase_of_tactic(metadata_find(hit, BYTES("mitre_tactic_name")));
    if (phase)
        return phase;
    if (a->its)
        phase = a->its->phase;
    if (!phase && a->detector)
        phase = a->detector->phase;
    if (!phase)
        phase = phase_of_techniques(a);
    return both_inside ? phase_inside(phase) : phase;
}

void assess(const struct config *config, const struct hit *hit, struct assessment *out)
{
    *out = (struct assessment){.kind = hit->kind};
    bool src = hit->head->src_ip.version && segment_find(config, &hit->head->src_ip);
    bool dest = hit->head->dest_ip.version && segment_find(config, &hit->head->dest_ip);
    if (out->kind.len == 0 && hit->alert)
        out->kind = hit->alert->category;
    out->detector = detector_find(bytes_from_text(hit->detector));
    if (out->detector && out->kind.len)
        out->its = detector_case_find(out->detector, out->kind);
    find_techniques(hit, out);
    out->severity = severity_of(hit, out);
    out->certainty = certainty_of(hit, out);
    out->phase = phase_of(hit, out, src && dest);
    out->swapped = src != dest ? dest : hit->subject_is_dest;
}

uint8_t assess_together(uint8_t a, uint8_t b)
{
    unsigned doubt = (100U - a) * (100U - b) / 100U;
    return doubt < 100U - SUREST ? SUREST : (uint8_t)(100U - doubt);
}
