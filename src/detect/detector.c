// SPDX-License-Identifier: Apache-2.0
#include "detect/detector.h"

const struct detector *detector_find(struct bytes id)
{
    for (size_t i = 0; i < detectors_count; i++)
        if (bytes_equal(id, bytes_from_text(detectors[i].id)))
            return &detectors[i];
    return NULL;
}

static bool is_case(const struct detector_case *c, struct bytes kind)
{
    if (bytes_equal_nocase(kind, bytes_from_text(c->key)))
        return true;
    for (const char *const *also = c->also; *also; also++)
        if (bytes_equal_nocase(kind, bytes_from_text(*also)))
            return true;
    return false;
}

const struct detector_case *detector_case_find(const struct detector *detector, struct bytes kind)
{
    for (size_t i = 0; i < detector->cases_count; i++)
        if (is_case(&detector->cases[i], kind))
            return &detector->cases[i];
    return NULL;
}

const char *detector_text(const struct detector *detector, const struct detector_case *its,
    enum detector_text which, enum lang lang)
{
    const char *own = its ? its->texts[which][lang] : NULL;
    return own ? own : detector->texts[which][lang];
}

// Ids are "T1071" or "T1071.004", in any case.
const struct attack_technique *attack_find(struct bytes id)
{
    size_t low = 0, high = attack_techniques_count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        const char *name = attack_techniques[mid].id;
        size_t len = strlen(name), both = len < id.len ? len : id.len;
        int order = strncasecmp(name, (const char *)id.data, both);
        if (order == 0 && len == id.len)
            return &attack_techniques[mid];
        if (order < 0 || (order == 0 && len < id.len))
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}
