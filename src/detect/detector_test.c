// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"
#include "detect/detector.h"

TEST(found_by_id)
{
    const struct detector *d = detector_find(BYTES("rules.suricata"));
    CHECK(d && strcmp(d->id, "rules.suricata") == 0);
    CHECK(detector_find(BYTES("rules")) == NULL);
    CHECK(detector_find(BYTES("")) == NULL);
}

TEST(case_by_either_name)
{
    const struct detector *d = detector_find(BYTES("rules.suricata"));
    const struct detector_case *c = detector_case_find(d, BYTES("trojan-activity"));
    CHECK(c && c->phase == PHASE_COMMAND_AND_CONTROL);
    CHECK(detector_case_find(d, BYTES("a network trojan was Detected")) == c);
    CHECK(detector_case_find(d, BYTES("no such class")) == NULL);
    CHECK(detector_text(d, c, DETECTOR_MEANS, LANG_JA) != d->texts[DETECTOR_MEANS][LANG_JA]);
    CHECK(detector_text(d, c, DETECTOR_SEEN, LANG_JA) == d->texts[DETECTOR_SEEN][LANG_JA]);
}

TEST(every_text_is_there)
{
    for (size_t i = 0; i < detectors_count; i++)
        for (int t = 0; t < DETECTOR_TEXTS; t++)
            for (int lang = 0; lang < LANGS; lang++)
                CHECK(detectors[i].texts[t][lang] && detectors[i].texts[t][lang][0]);
}

TEST(techniques)
{
    const struct attack_technique *t = attack_find(BYTES("t1071.004"));
    CHECK(t && strcmp(t->id, "T1071.004") == 0 && t->phase == PHASE_COMMAND_AND_CONTROL);
    CHECK(attack_find(BYTES("T1071")) && attack_find(BYTES("T1071"))->phase != PHASE_NONE);
    CHECK(attack_find(BYTES("T9999")) == NULL);
    CHECK(attack_find(BYTES("")) == NULL);
    const struct attack_technique *many = attack_find(BYTES("T1078"));
    CHECK(many && many->phase == PHASE_NONE);
    for (size_t i = 0; i < attack_techniques_count; i++)
        CHECK(attack_find(bytes_from_text(attack_techniques[i].id)) == &attack_techniques[i]);
}

TEST_MAIN(T(found_by_id), T(case_by_either_name), T(every_text_is_there), T(techniques))
