// SPDX-License-Identifier: Apache-2.0
#include "cmd/rules_print.h"
#include "base/json.h"
#include "cmd/layout.h"
#include "schema/reason.h"
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
    {RULE_COST_COMMON, "common", TEXT_RULES_WHY_COMMON},
    {RULE_COST_PCRE, "pcre", TEXT_RULES_WHY_PCRE},
    {RULE_COST_PCRE_NESTED, "pcre_nested", TEXT_RULES_WHY_NESTED},
    {RULE_COST_PCRE_WIDE, "pcre_wide", TEXT_RULES_WHY_WIDE},
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
    cmd_safe(stdout, reason_in(note->what, check->lang));
    putchar('\n');
}

static void print_more(const struct rules_check *check, size_t count, enum text_id text)
{
    char number[LAYOUT_NUMBER];
    if (count == 0)
        return;
    layout_number(count, number);
    struct text_arg arg = {"count", bytes_from_text(number)};
    fputs("  ", stdout);
    cmd_print(stdout, text, check->lang, &arg, 1);
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
    print_more(check, left, TEXT_RULES_MORE);
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

// "file:line: rule SID: its message"
static void print_rule(const struct rules_check *check, const struct rule_told *told)
{
    char sid[24];
    snprintf(sid, sizeof sid, "%u", told->sid);
    struct text_arg arg = {"sid", bytes_from_text(sid)};
    cmd_safe(stdout, bytes_from_text(told->file));
    printf(":%u: ", told->line);
    cmd_print(stdout, TEXT_RULES_RULE, check->lang, &arg, 1);
    fputs(": ", stdout);
    cmd_safe(stdout, bytes_sub(told->msg, 0, layout_fit(told->msg, MSG_WIDTH)));
    putchar('\n');
}

static void print_cost(
    const struct rules_check *check, const struct rule_set *set, const struct rules_ranked *ranked)
{
    struct rule_told told;
    const struct rule_estimate *cost = &ranked->cost;
    const char *between = "";
    if (!rules_told(set, ranked->index, &told))
        return;
    fputs("  ", stdout);
    print_rule(check, &told);
    printf("      %u × %u = %llu: ", cost->candidates, cost->work, (unsigned long long)cost->cost);
    for (size_t i = 0; i < WHYS; i++)
        if (cost->why & whys[i].why) {
            fputs(between, stdout);
            cmd_put(stdout, whys[i].text, check->lang);
            between = "; ";
        }
    putchar('\n');
}

// How many of the ranked rules are told: by default the first few that are worth somebody's while.
static size_t told_of(
    const struct rules_check *check, const struct rules_ranked *costs, size_t count, size_t *costly)
{
    *costly = 0;
    for (size_t i = 0; i < count; i++)
        *costly += costs[i].cost.costly;
    size_t most = check->costly || *costly < SHOWN_MOST ? *costly : SHOWN_MOST;
    return check->all ? count : most;
}

static void print_costs(const struct rules_check *check, const struct rule_set *set,
    const struct rules_ranked *costs, size_t count)
{
    char numbers[2][LAYOUT_NUMBER];
    size_t costly, left = told_of(check, costs, count, &costly);
    layout_number(costly, numbers[0]);
    layout_number(count, numbers[1]);
    struct text_arg args[] = {
        {"count", bytes_from_text(numbers[0])}, {"rules", bytes_from_text(numbers[1])}};
    putchar('\n');
    cmd_print(stdout, TEXT_RULES_COST_TITLE, check->lang, args, 2);
    putchar('\n');
    size_t hidden = check->all || left == costly ? 0 : costly - left;
    for (size_t i = 0; i < count && left; i++)
        if (check->all || costs[i].cost.costly) {
            print_cost(check, set, &costs[i]);
            left--;
        }
    print_more(check, hidden, TEXT_RULES_MORE_COSTLY);
}

static void print_measured_rule(
    const struct rules_check *check, const struct rule_set *set, uint32_t index)
{
    const struct rules_measured *m = &check->measured;
    const struct rule_cost *cost = &m->costs[index];
    char numbers[2][LAYOUT_NUMBER];
    struct rule_told told;
    if (!rules_told(set, index, &told))
        return;
    layout_number(cost->candidates, numbers[0]);
    layout_number(cost->matches, numbers[1]);
    printf("  %10.3f %5.1f %12s %12s  ", (double)cost->ns / 1e6,
        m->sum.ns ? 100.0 * (double)cost->ns / (double)m->sum.ns : 0, numbers[0], numbers[1]);
    print_rule(check, &told);
}

static void print_measured(const struct rules_check *check, const struct rule_set *set,
    const uint32_t *order, size_t count)
{
    const struct rules_measured *m = &check->measured;
    char numbers[4][LAYOUT_NUMBER], time[LAYOUT_NUMBER];
    size_t most = check->costly || check->all || count < SHOWN_MOST ? count : SHOWN_MOST;
    layout_number(m->packets, numbers[0]);
    layout_number(count, numbers[1]);
    layout_number(m->sum.candidates, numbers[2]);
    layout_number(m->sum.matches, numbers[3]);
    snprintf(time, sizeof time, "%.3f", (double)m->sum.ns / 1e9);
    struct text_arg args[] = {{"packets", bytes_from_text(numbers[0])},
        {"rules", bytes_from_text(numbers[1])}, {"tried", bytes_from_text(numbers[2])},
        {"matched", bytes_from_text(numbers[3])}, {"seconds", bytes_from_text(time)}};
    putchar('\n');
    cmd_print(stdout, TEXT_RULES_MEASURED_TITLE, check->lang, args, 5);
    putchar('\n');
    for (size_t i = 0; i < most; i++)
        print_measured_rule(check, set, order[i]);
    print_more(check, count - most, TEXT_RULES_MORE_COSTLY);
}

void rules_print(const struct rules_check *check, const struct rule_report *report,
    const struct rule_set *set, const struct rules_rank *rank)
{
    print_notes(check, RULE_FAILED, TEXT_RULES_FAILED_TITLE);
    print_notes(check, RULE_WARNING, TEXT_RULES_WARNED_TITLE);
    print_totals(check, report);
    if (rank->count)
        print_costs(check, set, rank->costs, rank->count);
    if (check->measured.costs)
        print_measured(check, set, rank->tried, rank->tried_count);
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

static void json_rule(struct json *j, const struct rule_told *told)
{
    JSON_KEY(j, "gid"), json_u64(j, told->gid);
    JSON_KEY(j, "sid"), json_u64(j, told->sid);
    JSON_KEY(j, "rev"), json_u64(j, told->rev);
    JSON_KEY(j, "msg"), json_text(j, told->msg);
    JSON_KEY(j, "file"), json_text(j, bytes_from_text(told->file));
    JSON_KEY(j, "line"), json_u64(j, told->line);
}

static void json_cost(struct json *j, const struct rule_set *set, const struct rules_ranked *ranked)
{
    struct rule_told told;
    if (!rules_told(set, ranked->index, &told))
        return;
    json_next(j);
    json_open(j, '{');
    json_rule(j, &told);
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

static void json_numbers(struct json *j, const struct rule_cost *cost)
{
    JSON_KEY(j, "tried"), json_u64(j, cost->candidates);
    JSON_KEY(j, "matched"), json_u64(j, cost->matches);
    JSON_KEY(j, "ns"), json_u64(j, cost->ns);
}

static void json_measured(struct json *j, const struct rules_check *check,
    const struct rule_set *set, const struct rules_rank *rank)
{
    struct rule_told told;
    json_open(j, '{');
    JSON_KEY(j, "packets"), json_u64(j, check->measured.packets);
    json_numbers(j, &check->measured.sum);
    JSON_KEY(j, "rules"), json_open(j, '[');
    for (size_t i = 0; i < rank->tried_count; i++) {
        if (!rules_told(set, rank->tried[i], &told))
            continue;
        json_next(j);
        json_open(j, '{');
        json_rule(j, &told);
        json_numbers(j, &check->measured.costs[rank->tried[i]]);
        json_close(j, '}');
    }
    json_close(j, ']');
    json_close(j, '}');
}

bool rules_print_json(const struct rules_check *check, const struct rule_report *report,
    const struct rule_set *set, const struct rules_rank *rank)
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
    for (size_t i = 0; i < rank->count; i++)
        if (check->all || rank->costs[i].cost.costly)
            json_cost(&j, set, &rank->costs[i]);
    json_close(&j, ']');
    if (check->measured.costs)
        JSON_KEY(&j, "measured"), json_measured(&j, check, set, rank);
    json_close(&j, '}');
    json_raw(&j, "\n", 1);
    bool good = !j.failed && fwrite(j.data, 1, j.len, stdout) == j.len;
    json_finish(&j);
    return good;
}
