// SPDX-License-Identifier: Apache-2.0
#include "intel/find.h"
#include "intel/pattern_set.h"

static void put_techniques(struct hit *hit, struct bytes words)
{
    while (words.len && hit->techniques_count < HIT_TECHNIQUES) {
        size_t space = bytes_find_byte(words, ' ');
        struct bytes one = bytes_sub(words, 0, space);
        if (one.len)
            hit->techniques[hit->techniques_count++] = one;
        words = space == BYTES_NOT_FOUND ? BYTES("") : bytes_from(words, space + 1);
    }
}

enum { WHERE_BYTES = 96 };

// "http.url", "flow.src_ip"
static struct bytes where(const struct evaluation *e, size_t i, char room[WHERE_BYTES])
{
    const struct field *field = e->matches[i].field;
    if (field->type != RECORD_NONE)
        return field->name;
    struct bytes type = bytes_from_text(record_type_name(e->record->type));
    size_t len = type.len + 1 + field->name.len;
    if (len > WHERE_BYTES)
        return field->name;
    memcpy(room, type.data, type.len);
    room[type.len] = '.';
    memcpy(&room[type.len + 1], field->name.data, field->name.len);
    return bytes_make(room, len);
}

static struct bytes tlp_text(enum intel_tlp tlp)
{
    if (tlp == INTEL_TLP_NONE)
        return (struct bytes){NULL, 0};
    return bytes_from_text(intel_tlp_name(tlp));
}

static void put_says(struct hit *hit, const struct pattern_says *says, const struct config *config)
{
    bool said = says->confidence != INTEL_CONFIDENCE_UNSAID;
    hit->rule = says->id.len ? says->id : says->title;
    hit->title = says->title.len ? says->title : says->label;
    hit->severity =
        says->severity == INTEL_SEVERITY_UNSAID ? SEVERITY_MEDIUM : (enum severity)says->severity;
    hit->certainty = said ? says->confidence : (uint8_t)config->intel.default_confidence;
    hit->phase = (enum phase)says->phase;
    put_techniques(hit, says->techniques);
    hit->sources[0] = (struct hit_source){.name = says->source,
        .says = says->label,
        .confidence = said ? says->confidence : 0,
        .tlp = tlp_text(says->tlp)};
    hit->sources_count = 1;
}

void pattern_hit(const struct config *config, const struct pattern_leaf *leaf,
    const struct evaluation *e, hit_sink *sink, void *context)
{
    char room[HIT_MATCHES][WHERE_BYTES];
    struct hit hit = {
        .detector = "intel.pattern", .head = &e->record->head, .record = e->record->type};
    put_says(&hit, &leaf->pattern->says, config);
    hit.subject_is_dest = subject_is_dest(config, e->record);
    hit.settle = leaf->pattern->alone ? NULL : leaf;
    if (e->record->type == RECORD_FLOW) {
        const struct record_flow *flow = e->record->body;
        hit.began_us = flow->start;
    }
    for (size_t i = 0; i < e->matches_count; i++) {
        struct bytes data = bytes_make(e->matches[i].data, e->matches[i].len);
        hit.matches[i] = (struct hit_match){where(e, i, room[i]), data, 0, (uint32_t)data.len};
    }
    hit.matches_count = e->matches_count;
    sink(context, &hit);
}
