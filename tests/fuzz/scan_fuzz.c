// SPDX-License-Identifier: Apache-2.0
// libFuzzer target: any bytes as a file that YARA rules are held against, whole and as the part of
// a longer one; what matched lies within what was looked at.
#include "file/scan_rules.h"
#include "fuzz.h"
#include "path_content.h"

static struct yara_scanner *scanner;

// libyara packs matches without regard to alignment: they are copied out.
static void check_matches(const void *at, uint64_t size)
{
    for (YR_MATCH match; at; at = match.next) {
        memcpy(&match, at, sizeof match);
        assert((uint64_t)(match.base + match.offset) + (uint64_t)match.match_length <= size);
    }
}

static void found(
    void *user, YR_SCAN_CONTEXT *context, YR_RULE *rule, const struct yara_rule_info *)
{
    const struct bytes *data = user;
    YR_STRING *string;
    if (!rule)
        return;
    yr_rule_strings_foreach(rule, string)
        check_matches(context->matches[string->idx].head, data->len);
}

static void load(void)
{
    struct file_rules_report report = {.tell = NULL};
    const char *name = path_file(path_yara, ".yar");
    struct file_rules *rules = file_rules_load(&name, 1, &report);
    unlink(name);
    assert(rules && file_rules_count(rules) == 2);
    scanner = yara_scanner_create(
        rules, &(struct yara_scan_limits){.timeout_us = 1'000'000, .match_bytes = 1 << 20});
    assert(scanner);
}

void fuzz_scan(const uint8_t *data, size_t size)
{
    if (!scanner)
        load();
    struct bytes whole = bytes_make(data, size);
    for (size_t part = 0; part < 2; part++) {
        struct yara_result result;
        struct yara_subject subject = {.data = bytes_sub(whole, 0, part ? size / 2 : size),
            .size = size,
            .filename = "",
            .filepath = "",
            .extension = "",
            .filetype = ""};
        yara_scanner_scan(scanner, &subject, found, &subject.data, &result);
        assert(result.off_count == 0);
    }
}
