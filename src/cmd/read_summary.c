// SPDX-License-Identifier: Apache-2.0
// The summary of `yagura read`: what came in, what is missing, who spoke, what about.
#include "cmd/read_summary.h"
#include "base/utf8.h"
#include "cmd/layout.h"
#include "cmd/read_explain.h"
#include "cmd/read_findings.h"
#include "cmd/read_incidents.h"
#include "cmd/read_print.h"
#include <stdlib.h>
#include <unistd.h>

enum {
    NAME = 40,   // of names in tables
    FIGURE = 12, // of numbers in tables
    TOP = 10,    // rows of a table
    BAR = 20,    // columns of the longest bar
    KINDS_BY_BYTES = 12,
};

void print_heading(const struct printer *p, enum text_id id)
{
    printf("\n%s", p->colour ? "\033[1m" : "");
    layout_cell(text(id, p->lang), LABEL);
    printf("%s", p->colour ? "\033[0m" : "");
}

void print_with(const struct printer *p, enum text_id id, const char *name, const char *value)
{
    struct text_arg arg = {name, bytes_from_text(value)};
    cmd_print(stdout, id, p->lang, &arg, 1);
}

void print_count(const struct printer *p, enum text_id id, uint64_t n)
{
    char room[LAYOUT_NUMBER];
    layout_number(n, room);
    print_with(p, id, "count", room);
}

void print_two(const struct printer *p, enum text_id id, const char *a, uint64_t av, const char *b,
    uint64_t bv)
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
        print_with(p, TEXT_READ_SECONDS, "n", room);
    } else if (s < 3600) {
        print_two(p, TEXT_READ_MINUTES, "m", s / 60, "s", s % 60);
    } else if (s < 2 * 86400) {
        print_two(p, TEXT_READ_HOURS, "h", s / 3600, "m", s / 60 % 60);
    } else {
        print_two(p, TEXT_READ_DAYS, "d", s / 86400, "h", s / 3600 % 24);
    }
}

static void print_period(const struct printer *p)
{
    char period[LAYOUT_PERIOD];
    layout_period(p->result->first_us, p->result->last_us, period);
    print_heading(p, TEXT_READ_PERIOD);
    printf("%s (", period);
    print_duration(p, p->result->last_us - p->result->first_us);
    printf(")");
}

static void print_traffic(const struct printer *p)
{
    const struct analysis_result *r = p->result;
    char bytes[LAYOUT_NUMBER];
    layout_bytes(r->metrics.decoder_bytes, bytes);
    print_heading(p, TEXT_READ_TRAFFIC);
    print_count(p, COUNTED(TEXT_READ_PACKETS, r->packets), r->packets);
    cmd_put(stdout, TEXT_READ_COMMA, p->lang);
    fputs(bytes, stdout);
    cmd_put(stdout, TEXT_READ_COMMA, p->lang);
    print_count(p, COUNTED(TEXT_READ_FLOWS, r->summary.flows), r->summary.flows);
    cmd_put(stdout, TEXT_READ_COMMA, p->lang);
    print_count(p, COUNTED(TEXT_READ_RECORDS, r->summary.records), r->summary.records);
}

static void print_hosts(const struct printer *p)
{
    uint64_t counts[SUMMARY_SEGMENTS + 1];
    summary_hosts(&p->result->summary, counts);
    print_heading(p, TEXT_READ_INSIDE);
    bool only = p->config->segments_count == 1;
    for (size_t s = 0; s < p->config->segments_count; s++) {
        char n[LAYOUT_NUMBER];
        layout_number(counts[s + 1], n);
        struct text_arg args[] = {
            {"name", bytes_from_text(p->config->segments[s].name)}, {"count", bytes_from_text(n)}};
        if (s)
            cmd_put(stdout, TEXT_READ_COMMA, p->lang);
        enum text_id id = only ? COUNTED(TEXT_READ_ONLY_SEGMENT, counts[s + 1])
                               : COUNTED(TEXT_READ_SEGMENT_HOSTS, counts[s + 1]);
        cmd_print(stdout, id, p->lang, args, 2);
    }
    print_heading(p, TEXT_READ_OUTSIDE);
    print_count(p, COUNTED(TEXT_READ_HOSTS, counts[0]), counts[0]);
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
    print_heading(p, title);
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
    print_count(p, COUNTED(TEXT_READ_OTHERS, count - shown), count - shown);
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

static void print_named_count(struct bytes name, uint64_t n)
{
    char count[LAYOUT_NUMBER];
    layout_number(n, count);
    printf("\n  ");
    print_name(name);
    layout_cell_right(count, FIGURE);
}

static void print_named_counts(const struct printer *p, const struct map *map)
{
    struct map *sorted = (struct map *)map; // lint: only its order changes, and the run is over
    map_sort(sorted, by_count);
    for (size_t i = 0; i < map->count && i < TOP; i++)
        print_named_count(map->entries[i]->key, *(const uint64_t *)map->entries[i]->value);
    table_others(p, map->count, TOP);
}

struct anomaly_count {
    enum anomaly anomaly;
    uint64_t count;
};

static int by_frequency(const void *a, const void *b)
{
    const struct anomaly_count *x = a, *y = b;
    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    return x->anomaly < y->anomaly ? -1 : 1;
}

// From the metrics, which count every one; not each is written as a record.
static void print_anomalies(const struct printer *p)
{
    const struct metrics *m = &p->result->metrics;
    struct anomaly_count seen[ANOMALIES];
    size_t count = 0;
    for (size_t i = 0; i < ANOMALIES; i++)
        if (m->anomalies[i])
            seen[count++] = (struct anomaly_count){(enum anomaly)i, m->anomalies[i]};
    if (count == 0)
        return;
    qsort(seen, count, sizeof *seen, by_frequency);
    table_head(p, TEXT_READ_ANOMALIES, TEXT_READ_COL_COUNT, false);
    for (size_t i = 0; i < count && i < TOP; i++)
        print_named_count(bytes_from_text(anomaly_name(seen[i].anomaly)), seen[i].count);
    table_others(p, count, TOP);
    if (m->decoder_anomalies_unwritten == 0)
        return;
    printf("\n  ");
    print_count(p, COUNTED(TEXT_READ_UNWRITTEN, m->decoder_anomalies_unwritten),
        m->decoder_anomalies_unwritten);
}

static void print_tables(const struct printer *p)
{
    const struct summary *s = &p->result->summary;
    if (s->protocols.count) {
        table_head(p, TEXT_READ_PROTOCOLS, TEXT_READ_COL_FLOWS, true);
        print_pairs(p, &s->protocols, KINDS_BY_BYTES);
    }
    if (s->names.count) {
        table_head(p, TEXT_READ_NAMES, TEXT_READ_COL_COUNT, false);
        print_named_counts(p, &s->names);
    }
    if (s->files.count) {
        table_head(p, TEXT_READ_FILES, TEXT_READ_COL_COUNT, true);
        print_pairs(p, &s->files, TOP);
    }
    print_anomalies(p);
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
    read_findings_print(&p);
    bool losses = print_losses(&p);
    print_tables(&p);
    print_not_read(&p, losses);
    read_incidents_print(&p);
    if (result->imported.records) {
        printf("\n");
        print_count(&p, TEXT_READ_LOGS, result->imported.records);
    }
    if (events_path) {
        print_heading(&p, TEXT_READ_WRITTEN);
        cmd_safe(stdout, bytes_from_text(events_path));
    }
    printf("\n");
}

bool read_summary_explain(const struct analysis_result *result, const struct config *config,
    enum lang lang, const char *which, FILE *events)
{
    struct printer p = {result, config, lang, isatty(STDOUT_FILENO)};
    return read_explain(&p, which, events);
}
