// SPDX-License-Identifier: Apache-2.0
#include "cmd/read_incidents.h"
#include "behaviour/behaviour.h"
#include "cmd/finding_groups.h"
#include "cmd/layout.h"
#include "cmd/pretty.h"
#include <time.h>

enum {
    SHOWN = 10,      // incidents of the list
    HOSTS_SHOWN = 3, // of each
    INDENT = 9,
    WIDTH = 96,
    DANGER = 60, // score from which on an incident is worth a look at once
    HOST_TEXT = ADDR_TEXT_BYTES + 64,
};

struct printing {
    const struct printer *p;
    uint8_t worst[SUMMARY_SEGMENTS]; // score of an incident that touches the segment
    size_t shown;
};

static struct bytes in_lang(const struct printer *p, struct finding_words words)
{
    return p->lang == LANG_JA ? words.ja : words.en;
}

static void put_cut(struct bytes words)
{
    struct bytes fits = bytes_sub(words, 0, layout_fit(words, WIDTH));
    cmd_safe(stdout, fits);
    if (fits.len < words.len)
        printf("…");
}

static void print_hosts(const struct incident *i)
{
    char host[HOST_TEXT];
    for (size_t h = 0; h < i->hosts_count && h < HOSTS_SHOWN; h++) {
        const struct finding_entity entity = {
            .address = i->hosts[h].address, .name = i->hosts[h].name};
        finding_entity_text(&entity, host, sizeof host);
        printf("%s%s %u/10", h ? ", " : "", host, i->hosts[h].severity);
    }
    if (i->hosts_count > HOSTS_SHOWN)
        printf(", …");
}

// "1. Do this. 2. Do that." → "Do this."
static struct bytes first_step(struct bytes advice)
{
    size_t next = bytes_find(advice, BYTES("2. "));
    struct bytes step = bytes_sub(advice, 0, next == BYTES_NOT_FOUND ? advice.len : next);
    return bytes_start_with(step, BYTES("1. ")) ? bytes_from(step, 3) : step;
}

static void print_advice(const struct printer *p, const struct incident *i)
{
    char room[1024];
    struct text_arg arg = {"advice", first_step(in_lang(p, i->advice))};
    size_t len = text_format(room, sizeof room, TEXT_INCIDENT_FIRST_STEP, p->lang, &arg, 1);
    if (arg.value.len)
        pretty_paragraph(bytes_make(room, len), INDENT, WIDTH);
}

static void print_one(const struct printer *p, const struct incident *i, size_t number)
{
    char period[LAYOUT_PERIOD];
    bool danger = i->score >= DANGER;
    printf("\n  %2zu %s%3u%s  ", number, p->colour && danger ? "\033[1;31m" : "", i->score,
        p->colour && danger ? "\033[0m" : "");
    put_cut(in_lang(p, i->title));
    printf("\n%*s", INDENT, "");
    print_hosts(i);
    printf(" · ");
    print_count(p, COUNTED(TEXT_INCIDENT_BEHIND, i->findings_total), i->findings_total);
    layout_when(i->first, i->last, period);
    printf(" · %s · ", period);
    cmd_safe(stdout, i->id);
    pretty_paragraph(in_lang(p, i->story), INDENT, WIDTH);
    print_advice(p, i);
}

static void note(void *context, const struct incident *i)
{
    struct printing *printing = context;
    const struct config *config = printing->p->config;
    for (size_t h = 0; h < i->hosts_count; h++)
        for (size_t s = 0; s < config->segments_count; s++)
            if (bytes_equal(i->hosts[h].segment, bytes_from_text(config->segments[s].name)) &&
                printing->worst[s] < i->score)
                printing->worst[s] = i->score;
}

static void show(void *context, const struct incident *i)
{
    struct printing *printing = context;
    if (printing->shown < SHOWN)
        print_one(printing->p, i, ++printing->shown);
}

static void print_states(const struct printing *printing)
{
    const struct printer *p = printing->p;
    uint64_t hosts[SUMMARY_SEGMENTS + 1];
    summary_hosts(&p->result->summary, hosts);
    print_heading(p, TEXT_INCIDENT_STATE);
    for (size_t s = 0; s < p->config->segments_count; s++) {
        uint8_t worst = printing->worst[s];
        enum text_id word = worst >= DANGER ? TEXT_INCIDENT_DANGER
                            : worst         ? TEXT_INCIDENT_ATTENTION
                            : hosts[s + 1]  ? TEXT_INCIDENT_SAFE
                                            : TEXT_INCIDENT_UNSEEN;
        printf("%s", s ? ", " : "");
        cmd_safe(stdout, bytes_from_text(p->config->segments[s].name));
        bool red = p->colour && worst >= DANGER;
        printf(": %s%s%s", red ? "\033[1;31m" : "", text(word, p->lang), red ? "\033[0m" : "");
    }
}

static void print_line(void *context, const struct separation_line *line)
{
    const struct printer *p = context;
    char flows[LAYOUT_NUMBER], bytes[LAYOUT_NUMBER];
    layout_number(line->flows, flows);
    layout_bytes(line->bytes, bytes);
    bool red = p->colour && !line->allowed;
    printf("\n  %s", red ? "\033[1;31m" : "");
    cmd_put(stdout, line->allowed ? TEXT_INCIDENT_CROSSED : TEXT_INCIDENT_NOT_ALLOWED, p->lang);
    printf("%s  ", red ? "\033[0m" : "");
    cmd_safe(stdout, line->from);
    printf(" → ");
    cmd_safe(stdout, line->to);
    printf(" · ");
    print_with(p, COUNTED(TEXT_INCIDENT_FLOWS, line->flows), "count", flows);
    printf(" · %s", bytes);
    if (line->why.len) {
        printf(" · ");
        cmd_safe(stdout, line->why);
    }
}

// What crossed between segments, and by which line of what may cross.
static void print_separation(const struct printer *p)
{
    if (!p->result->behaviours || !behaviours_separate(p->config))
        return;
    print_heading(p, TEXT_INCIDENT_SEPARATION);
    cmd_put(stdout, TEXT_INCIDENT_SEPARATION_MEANS, p->lang);
    behaviours_separation(p->result->behaviours, print_line, (void *)p);
}

static void print_demoted(const struct printer *p)
{
    struct incidents_demoted demoted = incidents_demoted(p->result->incidents);
    const struct {
        enum text_id text;
        uint64_t count;
    } parts[] = {{TEXT_INCIDENT_DEMOTED_WEAK, demoted.weak},
        {TEXT_INCIDENT_DEMOTED_COMMON, demoted.common}, {TEXT_INCIDENT_DEMOTED_LATE, demoted.late}};
    bool any = false;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (parts[i].count == 0)
            continue;
        if (!any)
            print_heading(p, TEXT_INCIDENT_DEMOTED);
        else
            cmd_put(stdout, TEXT_READ_COMMA, p->lang);
        any = true;
        print_count(p, parts[i].text, parts[i].count);
    }
}

static void print_exception(const struct printer *p, const struct config_exception *exception,
    enum text_id id, uint64_t findings)
{
    char count[LAYOUT_NUMBER], until[sizeof "2027-03-31"] = "", room[1024];
    time_t last = (time_t)(exception->until_us / 1'000'000 - 1);
    struct tm tm;
    if (exception->until_us && gmtime_r(&last, &tm))
        (void)strftime(until, sizeof until, "%Y-%m-%d", &tm);
    layout_number(findings, count);
    struct text_arg args[] = {{"reason", bytes_from_text(exception->reason)},
        {"count", bytes_from_text(count)}, {"until", bytes_from_text(until)}};
    size_t len = text_format(room, sizeof room, id, p->lang, args, 3);
    cmd_safe(stdout, bytes_make(room, len));
}

// What exceptions judged harmless, and which of them ended before what they would have fitted.
static void print_excepted(const struct printer *p)
{
    bool any = false;
    for (size_t i = 0; i < p->config->exceptions_count; i++) {
        const struct config_exception *exception = &p->config->exceptions[i];
        struct incidents_excepted of = incidents_excepted(p->result->incidents, i);
        const struct {
            enum text_id text;
            uint64_t count;
        } parts[] = {{COUNTED(TEXT_INCIDENT_EXCEPTED, of.harmless), of.harmless},
            {COUNTED(TEXT_INCIDENT_EXCEPTION_ENDED, of.ended), of.ended}};
        for (size_t k = 0; k < sizeof parts / sizeof *parts; k++) {
            if (parts[k].count == 0)
                continue;
            if (any)
                printf("\n%*s", LABEL, "");
            else
                print_heading(p, TEXT_INCIDENT_EXCEPTIONS);
            any = true;
            print_exception(p, exception, parts[k].text, parts[k].count);
        }
    }
}

void read_incidents_print(const struct printer *p)
{
    struct printing printing = {.p = p};
    struct incidents *incidents = p->result->incidents;
    size_t count = incidents_count(incidents);
    if (!incidents_each(incidents, note, &printing))
        return; // told already: the findings could not be kept either
    printf("\n");
    print_separation(p);
    print_states(&printing);
    print_heading(p, TEXT_INCIDENT_HEADING);
    if (count == 0)
        cmd_put(stdout, TEXT_INCIDENT_NONE, p->lang);
    else
        printf("%zu", count);
    (void)incidents_each(incidents, show, &printing);
    if (count > SHOWN) {
        printf("\n  ");
        print_count(p, COUNTED(TEXT_INCIDENT_MORE, count - SHOWN), count - SHOWN);
    }
    print_demoted(p);
    print_excepted(p);
}
