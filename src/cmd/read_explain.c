// SPDX-License-Identifier: Apache-2.0
#include "cmd/read_explain.h"
#include "base/alloc.h"
#include "base/utf8.h"
#include "cmd/finding_groups.h"
#include "cmd/layout.h"
#include "cmd/pretty.h"
#include "cmd/read_findings.h"
#include <stdlib.h>

enum {
    WHO_SHOWN = 10,     // hosts of an entry
    RECORDS_SHOWN = 12, // records printed
    WANTED = 64,        // references looked for
    WIDTH = 78,
    INDENT = 2,
    ID_DIGITS = 16,
};

// A record to be found among the run's.
struct wanted {
    char type[32], time[64], finding[32];
    bool has_flow, has_tx;
    uint64_t flow, tx;
};

struct explain {
    const struct printer *p;
    struct finding_groups *groups; // NULL: the finding of that id
    size_t group;                  // which is shown
    struct bytes id;
    uint64_t shown, more;
    struct wanted wanted[WANTED];
    size_t wanted_count;
};

void explain_title(const struct printer *p, struct bytes title)
{
    fputs(p->colour ? "\033[1m" : "", stdout);
    cmd_safe(stdout, title);
    fputs(p->colour ? "\033[0m" : "", stdout);
}

void explain_section(const struct printer *p, enum text_id id)
{
    printf("\n\n%s%s%s", p->colour ? "\033[1m" : "", text(id, p->lang), p->colour ? "\033[0m" : "");
}

void explain_paragraph(const struct printer *p, enum text_id id, struct bytes words)
{
    if (words.len == 0)
        return;
    explain_section(p, id);
    pretty_paragraph(words, INDENT, WIDTH);
}

void explain_line(const char *label, struct bytes value)
{
    if (value.len == 0)
        return;
    printf("\n%*s", INDENT, "");
    layout_cell(label, LABEL - INDENT);
    cmd_safe(stdout, value);
}

void explain_list(
    const struct printer *p, enum text_id label, const struct bytes *values, size_t count)
{
    if (count == 0)
        return;
    printf("\n%*s", INDENT, "");
    layout_cell(text(label, p->lang), LABEL - INDENT);
    for (size_t i = 0; i < count; i++) {
        fputs(i ? ", " : "", stdout);
        cmd_safe(stdout, values[i]);
    }
}

static void print_facts(const struct printer *p, const struct finding *f)
{
    bool ja = p->lang == LANG_JA;
    char sure[16];
    int len = snprintf(sure, sizeof sure, "%u%%", f->certainty);
    explain_line(text(TEXT_DETECT_SEVERITY, p->lang),
        bytes_from_text(text(read_severity_text(f->severity), p->lang)));
    explain_line(text(TEXT_DETECT_CERTAINTY, p->lang), bytes_make(sure, (size_t)len));
    explain_line(text(TEXT_DETECT_PHASE, p->lang), ja ? f->phase_name.ja : f->phase_name.en);
    explain_list(p, TEXT_DETECT_TECHNIQUES, f->techniques, f->techniques_count);
    explain_list(p, TEXT_DETECT_TACTICS, f->tactics, f->tactics_count);
    explain_line(text(TEXT_DETECT_DETECTOR, p->lang), f->detector);
    explain_line(text(TEXT_DETECT_RULE, p->lang), f->rule);
    explain_line(text(TEXT_DETECT_SIGNATURE, p->lang), f->signature);
    explain_line(text(TEXT_DETECT_ID, p->lang), f->id);
    explain_line(text(TEXT_DETECT_EXCEPTION, p->lang), f->exception);
}

static void print_sources(const struct printer *p, const struct finding *f)
{
    if (f->sources_count == 0)
        return;
    explain_section(p, TEXT_DETECT_SOURCES);
    for (size_t i = 0; i < f->sources_count; i++) {
        const struct finding_source *s = &f->sources[i];
        printf("\n%*s", INDENT, "");
        cmd_safe(stdout, s->name);
        fputs(s->says.len ? ": " : "", stdout);
        cmd_safe(stdout, s->says);
        if (s->has_confidence)
            print_count(p, TEXT_DETECT_CONFIDENCE, s->confidence);
        if (s->tlp.len) {
            printf(" · ");
            cmd_safe(stdout, s->tlp);
        }
    }
}

static void print_matches(const struct printer *p, const struct finding *f)
{
    if (f->matches_count == 0)
        return;
    explain_section(p, TEXT_DETECT_MATCHES);
    for (size_t i = 0; i < f->matches_count; i++) {
        const struct finding_match *m = &f->matches[i];
        printf("\n%*s", INDENT, "");
        cmd_safe(stdout, m->where);
        pretty_dump(m->hex.len ? m->hex : m->text, m->offset, m->length, 2 * INDENT);
    }
}

static void print_words(const struct printer *p, const struct finding *f)
{
    const struct finding_story *story = p->lang == LANG_JA ? &f->text.ja : &f->text.en;
    explain_paragraph(p, TEXT_DETECT_SEEN, story->seen);
    explain_paragraph(p, TEXT_DETECT_MEANS, story->means);
    explain_paragraph(p, TEXT_DETECT_SURE, story->sure);
    explain_paragraph(p, TEXT_DETECT_DO, p->lang == LANG_JA ? f->advice.ja : f->advice.en);
    explain_paragraph(p, TEXT_DETECT_INNOCENT, story->innocent);
}

static void want(struct explain *e, const struct finding *f)
{
    for (size_t i = 0; i < f->records_count && e->wanted_count < WANTED; i++) {
        const struct finding_reference *r = &f->records[i];
        struct wanted *w = &e->wanted[e->wanted_count++];
        struct json time;
        json_init(&time);
        json_time(&time, r->timestamp);
        snprintf(w->type, sizeof w->type, "%.*s", (int)r->event_type.len, r->event_type.data);
        snprintf(w->time, sizeof w->time, "%.*s", (int)time.len, time.data);
        snprintf(w->finding, sizeof w->finding, "{\"id\":\"%.*s\"", (int)f->id.len, f->id.data);
        json_finish(&time);
        w->has_flow = r->has_flow_id;
        w->flow = r->flow_id;
        w->has_tx = r->has_tx_id;
        w->tx = r->tx_id;
    }
}

static void print_who(const struct printer *p, const struct finding *f)
{
    char subject[ADDR_TEXT_BYTES + 64], peer[sizeof subject], period[LAYOUT_PERIOD];
    finding_entity_text(&f->subject, subject, sizeof subject);
    finding_entity_text(&f->peer, peer, sizeof peer);
    printf("\n%*s%s%s%s", INDENT, "", subject, peer[0] ? " ↔ " : "", peer);
    if (f->peer.has_port)
        printf(" :%u", f->peer.port);
    printf(" · ");
    print_count(p, COUNTED(TEXT_DETECT_TIMES, f->count), f->count);
    layout_when(f->first, f->last, period);
    printf(" · %s", period);
}

static bool is_meant(const struct explain *e, const struct finding *f)
{
    if (!e->groups)
        return bytes_equal(f->id, e->id);
    return !f->exception.len && finding_group_of(e->groups, f) == e->group;
}

// The worst of the entry with all its words; of the others who and when.
static void show(void *context, const struct finding *f)
{
    struct explain *e = context;
    if (!is_meant(e, f))
        return;
    if (e->shown++ == 0) {
        explain_title(e->p, e->p->lang == LANG_JA ? f->title.ja : f->title.en);
        print_facts(e->p, f);
        print_words(e->p, f);
        print_sources(e->p, f);
        print_matches(e->p, f);
        explain_section(e->p, TEXT_DETECT_WHO);
    }
    if (e->shown <= WHO_SHOWN)
        print_who(e->p, f);
    want(e, f);
}

// Whether a line of EVE has a member of this value. Names cannot stand within a text: its quotes
// would be escaped there.
static bool has_number(struct bytes json, const char *name, uint64_t value)
{
    char member[64];
    int len = snprintf(member, sizeof member, "\"%s\":%llu", name, (unsigned long long)value);
    size_t at = bytes_find(json, bytes_make(member, (size_t)len));
    if (at == BYTES_NOT_FOUND)
        return false;
    struct bytes rest = bytes_from(json, at + (size_t)len);
    return rest.len && (rest.data[0] == ',' || rest.data[0] == '}');
}

static bool has_text(struct bytes json, const char *name, const char *quoted)
{
    char member[128];
    int len = snprintf(member, sizeof member, "\"%s\":%s", name, quoted);
    return bytes_find(json, bytes_make(member, (size_t)len)) != BYTES_NOT_FOUND;
}

// The record itself; the alerts of the finding; the flow's end; of packets all that the flow told.
static bool is_wanted(const struct wanted *w, struct bytes json)
{
    char type[40];
    snprintf(type, sizeof type, "\"%s\"", w->type);
    bool flow = w->has_flow && has_number(json, "flow_id", w->flow);
    if (has_text(json, "event_type", "\"alert\""))
        return has_text(json, "finding", w->finding) ||
               (flow && has_text(json, "timestamp", w->time));
    if (!w->has_flow || !flow)
        return !w->has_flow && has_text(json, "event_type", type) &&
               has_text(json, "timestamp", w->time);
    if (has_text(json, "event_type", "\"flow\""))
        return true;
    if (w->has_tx && has_number(json, "tx_id", w->tx))
        return true;
    return strcmp(w->type, "alert") == 0 && !w->has_tx;
}

static bool any_wanted(const struct explain *e, struct bytes json)
{
    for (size_t i = 0; i < e->wanted_count; i++)
        if (is_wanted(&e->wanted[i], json))
            return true;
    return false;
}

static void print_records(struct explain *e, FILE *events)
{
    char *text = NULL;
    size_t room = 0, shown = 0, more = 0;
    explain_section(e->p, TEXT_DETECT_RECORDS);
    rewind(events);
    for (ssize_t len; (len = getline(&text, &room, events)) > 0;) {
        struct bytes json = bytes_make(text, (size_t)len - (text[len - 1] == '\n'));
        if (!any_wanted(e, json))
            continue;
        if (shown < RECORDS_SHOWN) {
            putchar('\n');
            pretty_json(json, INDENT);
            shown++;
        } else {
            more++;
        }
    }
    free(text);
    if (more) {
        printf("\n%*s", INDENT, "");
        print_count(e->p, COUNTED(TEXT_DETECT_MORE_RECORDS, more), more);
    }
}

static bool no_such(const struct printer *p, uint64_t number, size_t count)
{
    char n[LAYOUT_NUMBER], all[LAYOUT_NUMBER];
    layout_number(number, n);
    layout_number(count, all);
    struct text_arg args[] = {{"n", bytes_from_text(n)}, {"count", bytes_from_text(all)}};
    fputs("yagura: ", stderr);
    cmd_print(stderr, TEXT_DETECT_NO_SUCH, p->lang, args, 2);
    fputs("\n", stderr);
    return false;
}

// All that is meant, with its records. False: out of memory, or nothing is.
static bool show_meant(struct explain *e, FILE *events)
{
    if (!findings_each(e->p->result->findings, FINDINGS_BY_WEIGHT, show, e) || e->shown == 0)
        return false;
    uint64_t more = e->shown > WHO_SHOWN ? e->shown - WHO_SHOWN : 0;
    if (more) {
        printf("\n%*s", INDENT, "");
        print_count(e->p, COUNTED(TEXT_DETECT_MORE_PAIRS, more), more);
    }
    print_records(e, events);
    printf("\n");
    return true;
}

static bool explain_entry(const struct printer *p, uint64_t number, FILE *events)
{
    struct finding_groups groups;
    struct explain *e = base_calloc(1, sizeof *e);
    bool ok = finding_groups_make(&groups, p->result->findings) && e;
    if (ok && number > groups.count)
        ok = no_such(p, number, groups.count);
    if (ok) {
        *e = (struct explain){.p = p, .groups = &groups, .group = (size_t)number - 1};
        ok = show_meant(e, events);
    }
    base_free(e);
    finding_groups_finish(&groups);
    return ok;
}

bool explain_finding(const struct printer *p, struct bytes id, FILE *events)
{
    struct explain *e = base_calloc(1, sizeof *e);
    if (!e)
        return false;
    *e = (struct explain){.p = p, .id = id};
    bool ok = show_meant(e, events);
    base_free(e);
    return ok;
}

static bool is_id(const char *which)
{
    return strlen(which) == ID_DIGITS && strspn(which, "0123456789abcdef") == ID_DIGITS;
}

bool read_explain_is_one(const char *which)
{
    uint64_t number;
    return is_id(which) || (bytes_to_u64(bytes_from_text(which), &number) && number > 0);
}

bool read_explain(const struct printer *p, const char *which, FILE *events)
{
    uint64_t number = 0;
    struct bytes id = bytes_from_text(which);
    if (!is_id(which) && bytes_to_u64(id, &number))
        return explain_entry(p, number, events);
    if (explain_incident(p, id, events) || explain_finding(p, id, events))
        return true;
    fputs("yagura: ", stderr);
    struct text_arg arg = {"id", id};
    cmd_print(stderr, TEXT_DETECT_NO_SUCH_ID, p->lang, &arg, 1);
    fputs("\n", stderr);
    return false;
}
