// SPDX-License-Identifier: Apache-2.0
#include "cmd/rules_measure.h"
#include "base/alloc.h"
#include "base/stop.h"
#include "cmd/analysis.h"
#include "cmd/detection.h"
#include "cmd/read_summary.h"

static void add_up(const struct rule_set *set, struct rules_measured *out)
{
    for (uint32_t i = 0; i < rules_count(set); i++) {
        out->sum.candidates += out->costs[i].candidates;
        out->sum.matches += out->costs[i].matches;
        out->sum.ns += out->costs[i].ns;
    }
}

// One worker, so that a rule's numbers are in one place.
static bool run(const struct config *config, struct detection *detection,
    const char *const *captures, size_t count, struct analysis_result *result)
{
    struct config plain = *config; // nothing but rules
    plain.behaviours.enabled = false;
    stop_on_signals();
    return analysis_run(&(struct analysis_options){.config = &plain,
                            .paths = captures,
                            .paths_count = count,
                            .workers = 1,
                            .events_fd = -1,
                            .findings_fd = -1,
                            .incidents_fd = -1,
                            .separation_fd = -1,
                            .files_folder = -1,
                            .detection = detection},
        result);
}

enum cmd_exit rules_measure(struct rule_set *set, const struct config *config,
    const char *const *captures, size_t count, enum lang lang, struct rules_measured *out)
{
    struct voice voice = {.lang = lang};
    struct analysis_result result;
    *out = (struct rules_measured){.costs = base_calloc(rules_count(set) + 1u, sizeof *out->costs)};
    struct detection *detection = out->costs ? detection_of_rules(config, set, out->costs) : NULL;
    bool good = detection && run(config, detection, captures, count, &result);
    if (good) {
        read_warn_of_inputs(&result, false, voice);
        out->packets = result.packets;
        add_up(set, out);
    } else {
        voice_tell(voice, LOG_LEVEL_ERROR, TEXT_RULES_CANNOT, NULL, NULL, 0);
    }
    if (detection)
        analysis_finish(&result);
    detection_destroy(detection);
    if (!good)
        return CMD_FAILED;
    return out->packets ? CMD_DONE : CMD_FAILED;
}
