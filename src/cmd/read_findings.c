// SPDX-License-Identifier: Apache-2.0
#include "cmd/read_findings.h"
#include "cmd/finding_groups.h"
#include "cmd/layout.h"

enum {
    SHOWN = 10, // entries of the list
    NUMBER = 4, // columns of an entry's number
    LEVEL = 8,  // of its severity
    SURE = 5,   // of its certainty
    TITLE = 96, // columns of a title at most
};

// Worst first.
static const enum text_id severity_texts[SEVERITIES] = {TEXT_DETECT_SEVERITY_HIGH,
    TEXT_DETECT_SEVERITY_MEDIUM, TEXT_DETECT_SEVERITY_LOW, TEXT_DETECT_SEVERITY_INFO};

static size_t severity_at(struct bytes name)
{
    for (size_t i = 0; i < SEVERITIES; i++)
        if (bytes_equal(name, bytes_from_text(severity_ids[SEVERITIES - 1 - i])))
            return i;
    return SEVERITIES - 1;
}

enum text_id read_severity_text(struct bytes severity)
{
    return severity_texts[severity_at(severity)];
}

static void comma(const struct printer *p, bool *first)
{
    if (!*first)
        cmd_put(stdout, TEXT_READ_COMMA, p->lang);
    *first = false;
}

static void one_loaded(
    const struct printer *p, bool *first, enum text_id many, enum text_id one, uint64_t n)
{
    if (n == 0)
        return;
    comma(p, first);
    print_count(p, n == 1 ? one : many, n);
}

static bool known_evil(const struct detection_loaded *l)
{
    return l->rules + l->indicators + l->sigma + l->yara > 0;
}

// What was looked for: "24,012 rules, 3 indicators"
static void print_loaded(const struct printer *p)
{
    const struct detection_loaded *l = &p->result->loaded;
    bool first = true;
    one_loaded(p, &first, BOTH(TEXT_DETECT_LOADED_BEHAVIOURS), l->behaviours);
    one_loaded(p, &first, BOTH(TEXT_DETECT_LOADED_RULES), l->rules);
    one_loaded(p, &first, BOTH(TEXT_DETECT_LOADED_INDICATORS), l->indicators);
    one_loaded(p, &first, BOTH(TEXT_DETECT_LOADED_SIGMA), l->sigma);
    one_loaded(p, &first, BOTH(TEXT_DETECT_LOADED_YARA), l->yara);
    if (l->refused) {
        cmd_put(stdout, TEXT_DETECT_SEMICOLON, p->lang);
        print_count(p, COUNTED(TEXT_DETECT_REFUSED, l->refused), l->refused);
    }
    if (!known_evil(l)) {
        cmd_put(stdout, TEXT_DETECT_SEMICOLON, p->lang);
        cmd_put(stdout, TEXT_DETECT_NOT_LOOKED, p->lang);
    }
}

static bool anything_loaded(const struct printer *p)
{
    const struct detection_loaded *l = &p->result->loaded;
    return known_evil(l) || l->behaviours > 0;
}

// "3 (high 1, low 2), put together from 7": entries, and the findings they stand for.
static void print_total(const struct printer *p, const struct finding_groups *groups)
{
    uint64_t counts[SEVERITIES] = {0};
    char number[LAYOUT_NUMBER];
    bool first = true;
    for (size_t i = 0; i < groups->count; i++)
        counts[severity_at(bytes_from_text(groups->list[i].severity))]++;
    layout_number(groups->count, number);
    printf("%s (", number);
    for (size_t i = 0; i < SEVERITIES; i++) {
        if (counts[i] == 0)
            continue;
        comma(p, &first);
        layout_number(counts[i], number);
        printf("%s %s", text(severity_texts[i], p->lang), number);
    }
    printf(")");
    if (p->result->metrics.detect_findings > groups->count)
        print_count(p, TEXT_DETECT_PUT_TOGETHER, p->result->metrics.detect_findings);
}

static void print_cut(const char *whole, size_t width)
{
    struct bytes all = bytes_from_text(whole);
    if (layout_width(all) <= width) {
        fputs(whole, stdout);
        return;
    }
    size_t fits = layout_fit(all, width - 1);
    printf("%.*s…", (int)fits, whole);
}

static void print_hosts(const struct printer *p, const struct finding_group *g)
{
    char more[LAYOUT_NUMBER];
    for (size_t i = 0; i < g->hosts_count && i < GROUP_HOSTS; i++)
        printf("%s%s", i ? ", " : "", g->hosts[i]);
    if (g->hosts_count <= GROUP_HOSTS)
        return;
    layout_number(g->hosts_count - GROUP_HOSTS, more);
    uint64_t n = g->hosts_count - GROUP_HOSTS;
    print_with(p, COUNTED(TEXT_DETECT_MORE_HOSTS, n), "count", more);
}

// Where, which phase, how often, when: the second line of an entry.
static void print_particulars(const struct printer *p, const struct finding_group *g)
{
    char period[LAYOUT_PERIOD];
    printf("\n  %*s", NUMBER + LEVEL + SURE, "");
    print_hosts(p, g);
    if (g->phase[p->lang][0])
        printf(" · %s", g->phase[p->lang]);
    printf(" · ");
    print_count(p, COUNTED(TEXT_DETECT_TIMES, g->count), g->count);
    layout_when(g->first_us, g->last_us, period);
    printf(" · %s", period);
}

static void print_entry(const struct printer *p, const struct finding_group *g, size_t number)
{
    char room[LAYOUT_NUMBER];
    size_t severity = severity_at(bytes_from_text(g->severity));
    printf("\n  ");
    layout_number(number, room);
    layout_cell_right(room, NUMBER - 2);
    printf("  %s", p->colour && severity == 0 ? "\033[1;31m" : "");
    layout_cell(text(severity_texts[severity], p->lang), LEVEL);
    printf("%s", p->colour && severity == 0 ? "\033[0m" : "");
    snprintf(room, sizeof room, "%u%%", g->certainty);
    layout_cell(room, SURE);
    print_cut(g->title[p->lang], TITLE);
    print_particulars(p, g);
}

static void print_list(const struct printer *p, const struct finding_groups *groups)
{
    for (size_t i = 0; i < groups->count && i < SHOWN; i++)
        print_entry(p, &groups->list[i], i + 1);
    uint64_t more = groups->count > SHOWN ? groups->count - SHOWN : 0;
    if (more) {
        printf("\n  ");
        print_count(p, COUNTED(TEXT_DETECT_MORE, more), more);
    }
    uint64_t early = p->result->metrics.detect_findings_early + groups->refused;
    if (early) {
        printf("\n  ");
        print_count(p, COUNTED(TEXT_DETECT_EARLY, early), early);
    }
    printf("\n  ");
    cmd_put(stdout, TEXT_DETECT_HOW_TO_EXPLAIN, p->lang);
}

// Values of records that indicators name, and why they are no findings.
static void print_silent(const struct printer *p)
{
    const struct metrics *m = &p->result->metrics;
    const struct {
        enum text_id text;
        uint64_t count;
    } silent[] = {{TEXT_DETECT_SILENT_EXPIRED, m->intel_expired + m->intel_early},
        {TEXT_DETECT_SILENT_WARNED, m->intel_warned},
        {TEXT_DETECT_SILENT_LOW, m->intel_low_confidence},
        {TEXT_DETECT_SILENT_WITHHELD, m->intel_withheld}, {TEXT_DETECT_SILENT_OWN, m->intel_own}};
    bool first = true;
    for (size_t i = 0; i < sizeof silent / sizeof *silent; i++) {
        if (silent[i].count && first)
            print_heading(p, TEXT_DETECT_SILENT);
        one_loaded(p, &first, silent[i].text, silent[i].text, silent[i].count);
    }
}

void read_findings_print(const struct printer *p)
{
    struct finding_groups groups;
    bool made = finding_groups_make(&groups, p->result->findings);
    print_heading(p, TEXT_DETECT_FINDINGS);
    if (!made) {
        cmd_put(stdout, TEXT_DETECT_NO_MEMORY, p->lang);
    } else if (groups.count == 0) {
        cmd_put(stdout, anything_loaded(p) ? TEXT_DETECT_NONE : TEXT_DETECT_NOT_LOOKED, p->lang);
    } else {
        print_total(p, &groups);
        print_list(p, &groups);
    }
    print_silent(p);
    if (anything_loaded(p)) {
        print_heading(p, TEXT_DETECT_LOOKED_FOR);
        print_loaded(p);
    } else if (groups.count) {
        print_heading(p, TEXT_DETECT_LOOKED_FOR);
        cmd_put(stdout, TEXT_DETECT_LOOKED_FOR_NOTHING, p->lang);
    }
    finding_groups_finish(&groups);
}
