// SPDX-License-Identifier: Apache-2.0
// An incident whole: why it scores what it does, hosts, what happened in order, what to do first,
// then the findings behind it.
#include "cmd/finding_groups.h"
#include "cmd/layout.h"
#include "cmd/pretty.h"
#include "cmd/read_explain.h"

enum {
    WIDTH = 78,
    INDENT = 2,
    POINTS = 4,          // columns of a reason's points
    FINDINGS_SHOWN = 10, // with all their words
    HOST_TEXT = ADDR_TEXT_BYTES + 64,
};

struct incident_wanted {
    const struct printer *p;
    struct bytes id;
    FILE *events;
    bool found;
};

static struct bytes in_lang(const struct printer *p, struct finding_words words)
{
    return p->lang == LANG_JA ? words.ja : words.en;
}

static void print_facts(const struct printer *p, const struct incident *i)
{
    char score[16], period[LAYOUT_PERIOD];
    int len = snprintf(score, sizeof score, "%u", i->score);
    layout_when(i->first, i->last, period);
    explain_line(text(TEXT_INCIDENT_SCORE, p->lang), bytes_make(score, (size_t)len));
    explain_line(text(TEXT_READ_PERIOD, p->lang), bytes_from_text(period));
    explain_list(p, TEXT_DETECT_TECHNIQUES, i->techniques, i->techniques_count);
    explain_line(text(TEXT_DETECT_ID, p->lang), i->id);
}

static void print_reasons(const struct printer *p, const struct incident *i)
{
    explain_section(p, TEXT_INCIDENT_WHY);
    for (size_t r = 0; r < i->reasons_count; r++) {
        printf("\n%*s+%-*u", INDENT, "", POINTS, i->reasons[r].points);
        cmd_safe(stdout, in_lang(p, i->reasons[r].text));
    }
}

static void print_hosts(const struct printer *p, const struct incident *i)
{
    char host[HOST_TEXT];
    explain_section(p, TEXT_INCIDENT_HOSTS);
    for (size_t h = 0; h < i->hosts_count; h++) {
        const struct finding_entity entity = {
            .address = i->hosts[h].address, .name = i->hosts[h].name};
        finding_entity_text(&entity, host, sizeof host);
        printf("\n%*s%s", INDENT, "", host);
        if (i->hosts[h].segment.len) {
            printf(" (");
            cmd_safe(stdout, i->hosts[h].segment);
            printf(")");
        }
        printf(" %u/10", i->hosts[h].severity);
    }
    if (i->hosts_more) {
        printf("\n%*s", INDENT, "");
        print_count(p, COUNTED(TEXT_INCIDENT_MORE_HOSTS, i->hosts_more), i->hosts_more);
    }
}

static void print_steps(const struct printer *p, const struct incident *i)
{
    char host[HOST_TEXT], when[LAYOUT_PERIOD];
    explain_paragraph(p, TEXT_INCIDENT_HAPPENED, in_lang(p, i->story));
    for (size_t s = 0; s < i->steps_count; s++) {
        const struct incident_step *step = &i->steps[s];
        finding_entity_text(&step->subject, host, sizeof host);
        layout_when(step->time, step->time, when);
        printf("\n%*s%s  %s  ", INDENT, "", when, host);
        cmd_safe(stdout, in_lang(p, step->title));
    }
}

static void print_findings(const struct incident_wanted *w, const struct incident *i)
{
    char number[LAYOUT_NUMBER], all[LAYOUT_NUMBER];
    layout_number(i->findings_total, all);
    for (size_t f = 0; f < i->findings_count && f < FINDINGS_SHOWN; f++) {
        layout_number(f + 1, number);
        struct text_arg args[] = {{"n", bytes_from_text(number)}, {"count", bytes_from_text(all)}};
        printf("\n── ");
        cmd_print(stdout, TEXT_INCIDENT_FINDING_OF, w->p->lang, args, 2);
        printf(" ──\n");
        (void)explain_finding(w->p, i->findings[f], w->events); // written out early: not there
    }
    if (i->findings_total > FINDINGS_SHOWN) {
        uint64_t more = i->findings_total - FINDINGS_SHOWN;
        printf("\n");
        print_count(w->p, COUNTED(TEXT_INCIDENT_MORE_FINDINGS, more), more);
        printf("\n");
    }
}

static void show(void *context, const struct incident *i)
{
    struct incident_wanted *w = context;
    if (w->found || !bytes_equal(i->id, w->id))
        return;
    w->found = true;
    explain_title(w->p, in_lang(w->p, i->title));
    print_facts(w->p, i);
    print_reasons(w->p, i);
    print_hosts(w->p, i);
    print_steps(w->p, i);
    explain_paragraph(w->p, TEXT_DETECT_DO, in_lang(w->p, i->advice));
    printf("\n");
    print_findings(w, i);
}

bool explain_incident(const struct printer *p, struct bytes id, FILE *events)
{
    struct incident_wanted wanted = {.p = p, .id = id, .events = events};
    return incidents_each(p->result->incidents, show, &wanted) && wanted.found;
}
