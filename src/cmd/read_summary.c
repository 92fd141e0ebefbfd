// SPDX-License-Identifier: Apache-2.0
// The summary of `yagura read`: what came in, what is missing, who spoke, what about.
#include "cmd/read_summary.h"
#include "base/utf8.h"
#include "cmd/cmd.h"
#include "cmd/layout.h"
#include <unistd.h>

enum {
    LABEL = 20,  // columns of the labels at the left
    NAME = 40,   // of names in tables
    FIGURE = 12, // of numbers in tables
    TOP = 10,    // rows of a table
    BAR = 20,    // columns of the longest bar
    KINDS_BY_BYTES = 12,
};

// English has two forms: each of these texts has a twin for one.
#define COUNTED(id, n) ((n) == 1 ? id##_ONE : id)
#define BOTH(id)       id, id##_ONE

struct printer {
    const struct analysis_result *result;
    const struct config *config;
    enum lang lang;
    bool colour;
};

static void heading(const struct printer *p, enum text_id id)
{
    printf("\n%s", p->colour ? "\033[1m" : "");
    layout_cell(text(id, p->lang), LABEL);
    printf("%s", p->colour ? "\033[0m" : "");
}

static void say(const struct printer *p, enum text_id id, const char *name, const char *value)
{
    struct text_arg arg = {name, bytes_from_text(value)};
    cmd_print(stdout, id, p->lang, &arg, 1);
}

static void say_count(const struct printer *p, enum text_id id, uint64_t n)
{
    char room[LAYOUT_NUMBER];
    layout_number(n, room);
    say(p, id, "count", room);
}

static void say_two(const struct printer *p, enum text_id id, const char *a, uint64_t av,
    const char *b, uint64_t bv)
{
    char x[LAYOUT_NUMBER], y[LAYOUT_NUMBER];
    layout_number(av, x);
    layout_number(bv, y);
    struct text_arg args[] = {{a, bytes_from_text(x)}, {b, bytes_from_text(y)}};
    cmd_print(stdout, id, p->lang, args, 2);
}

static void print_duration(const struct printer *p, int64_t us)
{
    uint64_t s = (uint64_t)us / 1000'000;
    if (s < 60) {
        char room[LAYOUT_NUMBER];
        snprintf(room, sizeof room, "%.1f", (double)us / 1e6);
        say(p, TEXT_READ_SECONDS, "n", room);
    } else if (s < 3600) {
        say_two(p, TEXT_READ_MINUTES, "m", s / 60, "s", s % 60);
    } else if (s < 2 * 86400) {
        say_two(p, TEXT_READ_HOURS, "h", s / 3600, "m", s / 60 % 60);
    } else {
        say_two(p, TEXT_READ_DAYS, "d", s / 86400, "h", s / 3600 % 24);
    }
}

static void print_period(const struct printer *p)
{
    char from[LAYOUT_NUMBER], to[LAYOUT_NUMBER];
    layout_time(p->result->first_us, from);
    layout_time(p->result->last_us, to);
    heading(p, TEXT_READ_PERIOD);
    printf("%s – %s  (", from, to);
    print_duration(p, p->result->last_us - p->result->first_us);
    printf(")");
}

static void print_traffic(const struct printer *p)
{
    const struct analysis_result *r = p->result;
    char bytes[LAYOUT_NUMBER];
    layout_bytes(r->metrics.decoder_bytes, bytes);
    heading(p, TEXT_READ_TRAFFIC);
    say_count(p, COUNTED(TEXT_READ_PACKETS, r->packets), r->packets);
    cmd_put(stdout, TEXT_READ_COMMA, p->lang);
    fputs(bytes, stdout);
    cmd_put(stdout, TEXT_READ_COMMA, p->lang);
    say_count(p, COUNTED(TEXT_READ_FLOWS, r->summary.flows), r->summary.flows);
    cmd_put(stdout, TEXT_READ_COMMA, p->lang);
    say_count(p, COUNTED(TEXT_READ_RECORDS, r->summary.records), r->summary.records);
}

static void print_hosts(const struct printer *p)
{
    uint64_t counts[SUMMARY_SEGMENTS + 1];
    summary_hosts(&p->result->summary, counts);
    heading(p, TEXT_READ_INSIDE);
    for (size_t s = 0; s < p->config->segments_count; s++) {
        char n[LAYOUT_NUMBER];
        layout_number(counts[s + 1], n);
        struct text_arg args[] = {
            {"name", bytes_from_text(p->config->segments[s].name)}, {"count", bytes_from_text(n)}};
        if (s)
            cmd_put(stdout, TEXT_READ_COMMA, p->lang);
        cmd_print(stdout, COUNTED(TEXT_READ_SEGMENT_HOSTS, counts[s + 1]), p->lang, args, 2);
    }
    heading(p, TEXT_READ_OUTSIDE);
    say_count(p, COUNTED(TEXT_READ_HOSTS, counts[0]), counts[0]);
}

// A further line under a label.
static void next_line(bool *first)
{
    if (!*first)
        printf("\n%*s", LABEL, "");
    *first = false;
}

static void line_count(
    const struct printer *p, bool *first, enum text_id id, enum text_id one, uint64_t n)
{
    if (n == 0)
        return;
    next_line(first);
    say_count(p, n == 1 ? one : id, n);
}

static uint64_t memory_refusals(const struct metrics *m)
{
    return m->flow_memcap + m->flow_evicted + m->tcp_memcap + m->tcp_segment_memcap_drop +
           m->app_layer_memcap + m->file_memcap;
}

static void print_damage(const struct printer *p, bool *first)
{
    struct capture_report report;
    char damage[CAPTURE_TEXT_BYTES];
    for (size_t i = 0; i < capture_sources(p->result->capture); i++) {
        capture_report(p->result->capture, i, &report);
        if (!capture_damage_text(p->result->capture, i, p->lang, damage, sizeof damage))
            continue;
        next_line(first);
        cmd_safe(stdout, bytes_from_text(report.path));
        printf(": ");
        cmd_safe(stdout, bytes_from_text(damage));
    }
}

static void print_complete(const struct printer *p)
{
    const struct metrics *m = &p->result->metrics;
    uint64_t cut = 0, dropped = 0, bad = 0;
    size_t sources = capture_sources(p->result->capture);
    for (size_t i = 0; i < sources; i++) {
        struct capture_report report;
        capture_report(p->result->capture, i, &report);
        cut += report.cut_packets;
        dropped += report.dropped;
        bad += report.damages > 0;
    }
    bool first = true;
    heading(p, TEXT_READ_COMPLETE);
    if (bad) {
        next_line(&first);
        say_two(p, TEXT_READ_DAMAGED_FILES, "count", bad, "total", sources);
    }
    line_count(p, &first, BOTH(TEXT_READ_CUT_PACKETS), cut);
    line_count(p, &first, BOTH(TEXT_READ_DROPPED_PACKETS), dropped);
    if (m->tcp_reassembly_gap) {
        char count[LAYOUT_NUMBER], bytes[LAYOUT_NUMBER];
        layout_number(m->tcp_reassembly_gap, count);
        layout_bytes(m->tcp_gap_bytes, bytes);
        struct text_arg args[] = {
            {"count", bytes_from_text(count)}, {"bytes", bytes_from_text(bytes)}};
        next_line(&first);
        cmd_print(stdout, COUNTED(TEXT_READ_GAPS, m->tcp_reassembly_gap), p->lang, args, 2);
    }
    line_count(p, &first, BOTH(TEXT_READ_INVALID_PACKETS), m->decoder_invalid);
    line_count(p, &first, BOTH(TEXT_READ_MEMORY_LIMITS), memory_refusals(m));
    if (first)
        cmd_put(stdout, TEXT_READ_COMPLETE_NONE, p->lang);
}

static int by_bytes(const struct map_entry *a, const struct map_entry *b)
{
    const struct summary_pair *x = a->value, *y = b->value;
    return x->bytes > y->bytes ? -1 : x->bytes < y->bytes;
}

static int by_count(const struct map_entry *a, const struct map_entry *b)
{
    uint64_t x = *(const uint64_t *)a->value, y = *(const uint64_t *)b->value;
    return x > y ? -1 : x < y;
}

static void print_bar(uint64_t value, uint64_t most)
{
    int n = most ? (int)((double)value / (double)most * BAR + 0.5) : 0;
    printf("  ");
    for (int i = 0; i < n; i++)
        printf("█");
}

// A name from the wire, cut to its column.
static void print_name(struct bytes name)
{
    char room[NAME * 4 + 1];
    size_t len = utf8_print(name, room, NAME - 2);
    room[len] = '\0';
    layout_cell(room, NAME);
}

static void table_head(const struct printer *p, enum text_id title, enum text_id figure, bool bytes)
{
    printf("\n");
    heading(p, title);
    printf("%*s", NAME + 2 - LABEL, "");
    layout_cell_right(text(figure, p->lang), FIGURE);
    if (bytes)
        layout_cell_right(text(TEXT_READ_COL_BYTES, p->lang), FIGURE);
}

static void table_others(const struct printer *p, size_t count, size_t shown)
{
    if (count <= shown)
        return;
    printf("\n  ");
    say_count(p, COUNTED(TEXT_READ_OTHERS, count - shown), count - shown);
}

// Rows of name, count, bytes. The map is sorted in place.
static void print_pairs(const struct printer *p, const struct map *map, size_t rows)
{
    struct map *sorted = (struct map *)map; // lint: only its order changes, and the run is over
    map_sort(sorted, by_bytes);
    for (size_t i = 0; i < map->count && i < rows; i++) {
        const struct summary_pair *pair = map->entries[i]->value;
        const struct summary_pair *most = map->entries[0]->value;
        struct bytes name = map->entries[i]->key;
        char count[LAYOUT_NUMBER], bytes[LAYOUT_NUMBER];
        layout_number(pair->count, count);
        layout_bytes(pair->bytes, bytes);
        printf("\n  ");
        if (bytes_equal(name, BYTES("failed")))
            name = bytes_from_text(text(TEXT_READ_UNNAMED, p->lang));
        else if (bytes_equal(name, BYTES("-")))
            name = bytes_from_text(text(TEXT_READ_NO_PAYLOAD, p->lang));
        print_name(name);
        layout_cell_right(count, FIGURE);
        layout_cell_right(bytes, FIGURE);
        print_bar(pair->bytes, most->bytes);
    }
    table_others(p, map->count, rows);
}

static void print_counts(const struct printer *p, const struct map *map)
{
    struct map *sorted = (struct map *)map; // lint: only its order changes, and the run is over
    map_sort(sorted, by_count);
    for (size_t i = 0; i < map->count && i < TOP; i++) {
        char count[LAYOUT_NUMBER];
        layout_number(*(const uint64_t *)map->entries[i]->value, count);
        printf("\n  ");
        print_name(map->entries[i]->key);
        layout_cell_right(count, FIGURE);
    }
    table_others(p, map->count, TOP);
}

static void print_tables(const struct printer *p)
{
    const struct summary *s = &p->result->summary;
    table_head(p, TEXT_READ_PROTOCOLS, TEXT_READ_COL_FLOWS, true);
    print_pairs(p, &s->protocols, KINDS_BY_BYTES);
    if (s->names.count) {
        table_head(p, TEXT_READ_NAMES, TEXT_READ_COL_COUNT, false);
        print_counts(p, &s->names);
    }
    if (s->files.count) {
        table_head(p, TEXT_READ_FILES, TEXT_READ_COL_COUNT, true);
        print_pairs(p, &s->files, TOP);
    }
    if (s->anomalies.count) {
        table_head(p, TEXT_READ_ANOMALIES, TEXT_READ_COL_COUNT, false);
        print_counts(p, &s->anomalies);
    }
}

static void print_not_read(const struct printer *p)
{
    const struct summary *s = &p->result->summary;
    const struct metrics *m = &p->result->metrics;
    const struct summary_pair *unnamed = map_find(&s->protocols, BYTES("failed"));
    bool first = true;
    printf("\n");
    heading(p, TEXT_READ_NOT_READ);
    print_damage(p, &first);
    line_count(p, &first, BOTH(TEXT_READ_NOT_DECODED), m->decoder_not_ip);
    line_count(p, &first, BOTH(TEXT_READ_NOT_NAMED), unnamed ? unnamed->count : 0);
    line_count(p, &first, BOTH(TEXT_READ_BROKEN), m->app_layer_broken);
    line_count(p, &first, BOTH(TEXT_READ_REFUSED), s->hosts.refused + s->names.refused);
    if (first)
        cmd_put(stdout, TEXT_READ_READ_ALL, p->lang);
}

void read_summary_print(const struct analysis_result *result, const struct config *config,
    enum lang lang, const char *events_path)
{
    struct printer p = {result, config, lang, isatty(STDOUT_FILENO)};
    printf("%s%s%s\n", p.colour ? "\033[1m" : "", text(TEXT_READ_TITLE, lang),
        p.colour ? "\033[0m" : "");
    print_period(&p);
    print_traffic(&p);
    print_hosts(&p);
    print_complete(&p);
    print_tables(&p);
    print_not_read(&p);
    if (events_path) {
        heading(&p, TEXT_READ_WRITTEN);
        cmd_safe(stdout, bytes_from_text(events_path));
    }
    printf("\n");
}
