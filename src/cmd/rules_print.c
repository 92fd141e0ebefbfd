// SPDX-License-Identifier: Apache-2.0
#include "cmd/rules_print.h"
#include "base/json.h"
#include "cmd/layout.h"
#include "cmd/rules_reason.h"
#include <stdio.h>

enum { SHOWN_MOST = 20, MSG_WIDTH = 60 };

static const struct {
    uint32_t why;
    const char *name;
    enum text_id text;
} whys[] = {
    {RULE_COST_NO_PATTERN, "no_pattern", TEXT_RULES_WHY_NO_PATTERN},
    {RULE_COST_SHORT_PATTERN, "short_pattern", TEXT_RULES_WHY_SHORT},
    {RULE_COST_PADDING, "padding", TEXT_RULES_WHY_PADDING},
    {RULE_COST_PCRE, "pcre", TEXT_RULES_WHY_PCRE},
    {RULE_COST_EVERYWHERE, "everywhere", TEXT_RULES_WHY_EVERYWHERE},
    {RULE_COST_EVERY_PACKET, "every_packet", TEXT_RULES_WHY_PACKETS},
};

enum { WHYS = sizeof whys / sizeof *whys };

static void print_note(const struct rules_check *check, const struct rules_noted *note)
{
    char sid[24];
    fputs("  ", stdout);
    cmd_safe(stdout, note->file);
    if (note->line)
        printf(":%u", note->line);
    if (note->column)
        printf(":%u", note->column);
    fputs(": ", stdout);
    if (note->sid) {
        snprintf(sid, sizeof sid, "%u", note->sid);
        struct text_arg arg = {"sid", bytes_from_text(sid)};
        cmd_print(stdout, TEXT_RULES_RULE, check->lang, &arg, 1);
        fputs(": ", stdout);
    }
    if (note->keyword.len) {
        cmd_safe(stdout, note->keyword);
        fputs(": ", stdout);
    }
    cmd_safe(stdout, rules_reason(note->what, check->lang));
    putchar('\n');
}

static void print_more(const struct rules_check *check, size_t count)
{
    char number[LAYOUT_NUMBER];
    if (count == 0)
        return;
    layout_number(count, number);
    struct text_arg arg = {"count", bytes_from_text(number)};
    fputs("  ", stdout);
    cmd_print(stdout, TEXT_RULES_MORE, check->lang, &arg, 1);
    putchar('\n');
}

static void print_notes(
    const struct rules_check *check, enum rule_trouble trouble, enum text_id title)
{
    size_t shown = 0, left = 0;
    bool all = check->all || trouble == RULE_FAILED;
    for (size_t i = 0; i < check->count; i++) {
        if (check->notes[i].trouble != trouble)
            continue;
        if (shown == SHOWN_MOST && !all) {
            left++;
            continue;
        }
        if (shown++ == 0) {
            cmd_put(stdout, title, check->lang);
            putchar('\n');
        }
        print_note(check, &check->notes[i]);
    }
    print_more(check, left);
    if (shown)
        putchar('\n');
}

static void print_totals(const struct rules_check *check, const struct rule_report *report)
{
    static const char *const names[] = {
        "files", "rules", "loaded", "failed", "skipped", "disabled", "warnings"};
    const uint32_t numbers[] = {report->files, report->rules, report->loaded, report->failed,
        report->skipped, report->disabled, report->warnings};
    char rooms[7][LAYOUT_NUMBER];
    struct text_arg args[7];
    for (size_t i = 0; i < 7; i++) {
        layout_number(numbers[i], rooms[i]);
        args[i] = (struct text_arg){names[i], bytes_from_text(rooms[i])};
    }
    cmd_print(stdout, TEXT_RULES_TOTALS, check->lang, args, 7);
    putchar('\n');
}

static void print_cost(
    const struct rules_check *check, const struct rule_set *set, const struct rules_ranked *ranked)
{
    struct rule_told told;
    bool first = true;
    if (!rules_told(set, ranked->index, &told))
        return;
    printf("  %8llu = %u × %u  %u ", (unsigned long long)ranked->cost.cost, ranked->cost.candidates,
        ranked->cost.work, told.sid);
    cmd_safe(stdout, bytes_sub(told.msg, 0, layout_fit(told.msg, MSG_WIDTH)));
    fputs("\n             ", stdout);
    for (size_t i = 0; i < WHYS; i++)
        if (ranked->cost.why & whys[i].why) {
            fputs(first ? "" : "; ", stdout);
            cmd_put(stdout, whys[i].text, check->lang);
            first = false;
        }
    putchar('\n');
}

void rules_print(const struct rules_check *check, const struct rule_report *report,
    const struct rule_set *set, const struct rules_ranked *costs, size_t costs_count)
{
    print_notes(check, RULE_FAILED, TEXT_RULES_FAILED_TITLE);
    print_notes(check, RULE_WARNING, TEXT_RULES_WARNED_TITLE);
    print_totals(check, report);
    size_t most = check->all || costs_count < SHOWN_MOST ? costs_count : SHOWN_MOST;
    if (most == 0)
        return;
    putchar('\n');
    cmd_put(stdout, TEXT_RULES_COST_TITLE, check->lang);
    putchar('\n');
    for (size_t i = 0; i < most; i++)
        print_cost(check, set, &costs[i]);
}

static void json_notes(struct json *j, const struct rules_check *check, enum rule_trouble trouble)
{
    json_open(j, '[');
    for (size_t i = 0; i < check->count; i++) {
        const struct rules_noted *note = &check->notes[i];
        if (note->trouble != trouble)
            continue;
        json_next(j);
        json_open(j, '{');
        JSON_KEY(j, "file"), json_text(j, note->file);
        JSON_KEY(j, "line"), json_u64(j, note->line);
        JSON_KEY(j, "column"), json_u64(j, note->column);
        JSON_KEY(j, "gid"), json_u64(j, note->gid);
        JSON_KEY(j, "sid"), json_u64(j, note->sid);
        JSON_KEY(j, "keyword"), json_text(j, note->keyword);
        JSON_KEY(j, "reason"), json_text(j, note->what);
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void json_cost(struct json *j, const struct rule_set *set, const struct rules_ranked *ranked)
{
    struct rule_told told;
    if (!rules_told(set, ranked->index, &told))
        return;
    json_next(j);
    json_open(j, '{');
    JSON_KEY(j, "gid"), json_u64(j, told.gid);
    JSON_KEY(j, "sid"), json_u64(j, told.sid);
    JSON_KEY(j, "rev"), json_u64(j, told.rev);
    JSON_KEY(j, "msg"), json_text(j, told.msg);
    JSON_KEY(j, "file"), json_text(j, bytes_from_text(told.file));
    JSON_KEY(j, "line"), json_u64(j, told.line);
    JSON_KEY(j, "cost"), json_u64(j, ranked->cost.cost);
    JSON_KEY(j, "candidates"), json_u64(j, ranked->cost.candidates);
    JSON_KEY(j, "work"), json_u64(j, ranked->cost.work);
    JSON_KEY(j, "why"), json_open(j, '[');
    for (size_t i = 0; i < WHYS; i++)
        if (ranked->cost.why & whys[i].why) {
            json_next(j);
            json_text(j, bytes_from_text(whys[i].name));
        }
    json_close(j, ']');
    json_close(j, '}');
}

bool rules_print_json(const struct rules_check *check, const struct rule_report *report,
    const struct rule_set *set, const struct rules_ranked *costs, size_t costs_count)
{
    struct json j;
    json_init(&j);
    json_open(&j, '{');
    JSON_KEY(&j, "files"), json_u64(&j, report->files);
    JSON_KEY(&j, "rules"), json_u64(&j, report->rules);
    JSON_KEY(&j, "loaded"), json_u64(&j, report->loaded);
    JSON_KEY(&j, "failed"), json_u64(&j, report->failed);
    JSON_KEY(&j, "skipped"), json_u64(&j, report->skipped);
    JSON_KEY(&j, "disabled"), json_u64(&j, report->disabled);
    JSON_KEY(&j, "failures"), json_notes(&j, check, RULE_FAILED);
    JSON_KEY(&j, "warnings"), json_notes(&j, check, RULE_WARNING);
    JSON_KEY(&j, "unreadable"), json_notes(&j, check, RULE_UNREADABLE);
    JSON_KEY(&j, "costly"), json_open(&j, '[');
    size_t most = check->all || costs_count < SHOWN_MOST ? costs_count : SHOWN_MOST;
    for (size_t i = 0; i < most; i++)
        json_cost(&j, set, &costs[i]);
    json_close(&j, ']');
    json_close(&j, '}');
    json_raw(&j, "\n", 1);
    bool good = !j.failed && fwrite(j.data, 1, j.len, stdout) == j.len;
    json_finish(&j);
    return good;
}
