// SPDX-License-Identifier: Apache-2.0
// A rule whose work grows faster than the file shows it on a small file already: before the first
// packet, all rules are tried on a few made-up ones.
#include "base/alloc.h"
#include "file/scan_rules.h"
#include <stdio.h>

enum {
    TRIAL_BYTES = 64 * 1024, // of each made-up file
    TRIAL_TIMEOUT_US = 1'000'000,
    TRIAL_MATCH_BYTES = 64 * 1024 * 1024,
    COSTLY_US = 20'000, // of one rule on one of them
    TRIAL_ROUNDS = 64,  // of each; a round switches a few rules off
};

enum made_up { MADE_EMPTY, MADE_LETTERS, MADE_NOISE, MADE_TEXT, MADE_PROGRAM, MADE_KINDS };

static void make_up(uint8_t *data, enum made_up kind)
{
    static const char words[] =
        "GET /index.php?id=1 HTTP/1.1\r\nfunction eval(base64) { return; }\n";
    uint64_t noise = 1;
    for (size_t i = 0; i < TRIAL_BYTES; i++) {
        noise = hash_mix(noise + 0x9e37'79b9'7f4a'7c15U);
        switch (kind) {
        case MADE_LETTERS: data[i] = 'a'; break;
        case MADE_NOISE: data[i] = (uint8_t)noise; break;
        case MADE_TEXT: data[i] = (uint8_t)words[i % (sizeof words - 1)]; break;
        case MADE_PROGRAM: data[i] = (uint8_t)(noise & 3); break;
        default: data[i] = 0; break;
        }
    }
    if (kind == MADE_PROGRAM)
        memcpy(data, "MZ", 2);
}

static void ignore(void *, YR_SCAN_CONTEXT *, YR_RULE *, const struct yara_rule_info *) {}

static void switch_off(
    struct file_rules *rules, const struct yara_result *result, struct file_rules_report *report)
{
    for (size_t i = 0; i < result->off_count; i++) {
        struct yara_rule_info *info = &rules->infos[result->off[i]];
        info->off = true;
        yara_tell(report, FILE_RULES_OFF, info->file, info->line, info->name,
            "it ran away on a made-up file of 64 KiB, and is switched off");
    }
}

struct costs {
    struct file_rules *rules;
    struct file_rules_report *report;
};

static void costly(void *user, uint32_t rule, int64_t us)
{
    const struct costs *costs = user;
    const struct yara_rule_info *info = &costs->rules->infos[rule];
    char what[YARA_SHOWN_BYTES];
    snprintf(what, sizeof what, "costly: it takes %lld ms on a made-up file of 64 KiB",
        (long long)us / 1000);
    yara_tell(costs->report, FILE_RULES_SLOW, info->file, info->line, info->name, what);
}

bool yara_trial(struct file_rules *rules, struct file_rules_report *report)
{
    struct yara_scan_limits limits = {TRIAL_TIMEOUT_US, TRIAL_MATCH_BYTES};
    struct yara_scanner *s = yara_scanner_create(rules, &limits);
    uint8_t *data = base_malloc(TRIAL_BYTES);
    for (enum made_up kind = 0; s && data && kind < MADE_KINDS; kind++) {
        struct yara_result result = {.timeout = true};
        struct yara_subject subject = {.data = bytes_make(data, TRIAL_BYTES),
            .size = TRIAL_BYTES,
            .filename = "",
            .filepath = "",
            .extension = "",
            .filetype = ""};
        make_up(data, kind);
        for (unsigned round = 0; round < TRIAL_ROUNDS && result.timeout; round++) {
            yara_scanner_scan(s, &subject, ignore, NULL, &result);
            switch_off(rules, &result, report);
            if (result.off_count == 0)
                break;
        }
        if (report->costs)
            yara_scanner_costs(s, &subject, COSTLY_US, costly, &(struct costs){rules, report});
    }
    bool ok = s && data;
    yara_scanner_destroy(s);
    base_free(data);
    return ok;
}
