// SPDX-License-Identifier: Apache-2.0
// libFuzzer target: a rule's options up to the first newline, then the bytes they are held against.
// Whatever both are: the rule loads or is told of, matching ends soon, and what it says it saw lies
// within what it looked at.
#include "fuzz.h"
#include "rules/match.h"
#include "rules/rules.h"
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static struct metrics metrics;

static struct rule_set *load(struct bytes options)
{
    char path[32];
    int fd = memfd_create("rules", 0);
    assert(fd >= 0);
    dprintf(fd, "alert ip any any -> any any (sid:1; ");
    if (write(fd, options.data, options.len) < 0)
        assert(false);
    dprintf(fd, ")\n");
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    const char *paths[] = {path};
    struct rule_report report = {.tell = NULL};
    struct rule_set *set =
        rules_load(paths, 1, &(struct rule_options){.for_check = false}, &report);
    close(fd);
    return set;
}

static void check_said(const struct rule_scratch *scratch)
{
    struct hit_match said[HIT_MATCHES];
    size_t count = rule_match_said(scratch, said, HIT_MATCHES);
    for (size_t i = 0; i < count; i++)
        assert(said[i].at + said[i].len <= said[i].data.len);
}

static void match(const struct rule_set *set, struct rule_scratch *scratch, struct bytes data)
{
    for (uint32_t r = 0; r < set->rules_count; r++) {
        const struct rule *rule = &set->rules[r];
        rule_match_begin(scratch, rule);
        for (uint16_t g = 0; g < rule->groups_count; g++) {
            struct rule_where where = {.buffer = rule->groups[g].buffer, .ip_proto = 6};
            struct rule_view view = {.data = data, .ends = data.len % 2, .fresh = data.len / 3};
            rule_prefilter_scan(scratch, &where, &view);
            rule_match_group(scratch, &rule->groups[g], &view);
            check_said(scratch);
        }
        rule_candidates_take(scratch);
    }
}

void fuzz_match(const uint8_t *data, size_t size)
{
    struct bytes input = bytes_make(data, size);
    size_t end = bytes_find_byte(input, '\n');
    struct rule_set *set = load(bytes_sub(input, 0, end));
    struct rule_scratch *scratch =
        set ? rule_scratch_create(set, &config_defaults, &metrics) : NULL;
    if (scratch)
        match(set, scratch, bytes_from(input, end == BYTES_NOT_FOUND ? size : end + 1));
    rule_scratch_destroy(scratch);
    if (set)
        rules_release(set);
}
