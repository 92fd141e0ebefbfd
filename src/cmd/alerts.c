// SPDX-License-Identifier: Apache-2.0
#include "cmd/alerts.h"
#include "base/alloc.h"
#include "base/hash.h"
#include "behaviour/behaviour.h"
#include <errno.h>
#include <unistd.h>

enum {
    FLOWS_FIRST = 1024,
    FLOWS_MOST = 1024 * 1024, // alerted flows remembered until they end
    LINES_BYTES = 256 * 1024, // of findings, written at a time
};

// Flows that have alerted and not ended: open addressing, no id is 0.
struct flow_set {
    uint64_t *ids;
    size_t room, count; // room: a power of two
};

struct alerts {
    struct alerts_options options;
    struct flow_set flows;
    struct findings *findings;
    struct incidents *incidents;
    struct behaviours *behaviours; // NULL: they are switched off
    struct json lines;             // of findings, not yet written
    int error;                     // errno of the first that could not be written
    struct json *out;              // of the hit being settled
    uint64_t written;
};

static size_t set_home(const struct flow_set *set, uint64_t id)
{
    return hash_mix(id) & (set->room - 1);
}

// Where an id is, or the empty place where it would be.
static size_t set_find(const struct flow_set *set, uint64_t id)
{
    size_t at = set_home(set, id);
    while (set->ids[at] && set->ids[at] != id)
        at = (at + 1) & (set->room - 1);
    return at;
}

static bool set_grow(struct flow_set *set)
{
    if (set->count < set->room / 2)
        return true;
    struct flow_set old = *set;
    set->room = old.room ? 2 * old.room : FLOWS_FIRST;
    set->ids = set->room <= 2 * FLOWS_MOST ? base_calloc(set->room, sizeof *set->ids) : NULL;
    if (!set->ids) {
        *set = old;
        return false;
    }
    for (size_t i = 0; i < old.room; i++)
        if (old.ids[i])
            set->ids[set_find(set, old.ids[i])] = old.ids[i];
    base_free(old.ids);
    return true;
}

// False: there is no room.
static bool set_add(struct flow_set *set, uint64_t id)
{
    if (id == 0 || !set_grow(set))
        return false;
    size_t at = set_find(set, id);
    set->count += set->ids[at] == 0;
    set->ids[at] = id;
    return true;
}

// Take an id out; those behind it that came past its place move up. False: it was not there.
static bool set_take(struct flow_set *set, uint64_t id)
{
    if (id == 0 || set->count == 0)
        return false;
    size_t mask = set->room - 1, hole = set_find(set, id);
    if (set->ids[hole] == 0)
        return false;
    for (size_t at = (hole + 1) & mask; set->ids[at]; at = (at + 1) & mask) {
        size_t way = (at - set_home(set, set->ids[at])) & mask;
        if (way < ((at - hole) & mask))
            continue;
        set->ids[hole] = set->ids[at];
        hole = at;
    }
    set->ids[hole] = 0;
    set->count--;
    return true;
}

static void write_lines(struct alerts *a, int fd)
{
    if (a->lines.failed && !a->error)
        a->error = ENOMEM;
    for (size_t done = 0; done < a->lines.len && !a->error;) {
        ssize_t n = write(fd, &a->lines.data[done], a->lines.len - done);
        if (n >= 0)
            done += (size_t)n;
        else if (errno != EINTR)
            a->error = errno;
    }
    json_clear(&a->lines);
}

static void end_line(struct alerts *a, int fd)
{
    json_raw(&a->lines, "\n", 1);
    if (a->lines.len >= LINES_BYTES)
        write_lines(a, fd);
}

static void take_finding(void *context, const struct finding *finding)
{
    struct alerts *a = context;
    if (!incidents_add(a->incidents, finding) && !a->error)
        a->error = ENOMEM;
    if (a->options.findings_fd < 0)
        return;
    finding_write_json(&a->lines, finding);
    end_line(a, a->options.findings_fd);
}

static void take_incident(void *context, const struct incident *incident)
{
    struct alerts *a = context;
    if (a->options.incidents_fd < 0)
        return;
    incident_write_json(&a->lines, incident);
    end_line(a, a->options.incidents_fd);
}

static void accept(void *context, const struct hit *hit);

struct alerts *alerts_create(const struct alerts_options *options)
{
    struct alerts *a = base_calloc(1, sizeof *a);
    if (!a)
        return NULL;
    a->options = *options;
    json_init(&a->lines);
    a->findings = findings_create(options->config, options->metrics, take_finding, a);
    a->incidents = incidents_create(options->config);
    bool wanted = options->config->behaviours.enabled;
    if (wanted)
        a->behaviours = behaviours_create(options->config, options->metrics, accept, a);
    if (a->findings && a->incidents && (a->behaviours || !wanted))
        return a;
    alerts_destroy(a);
    return NULL;
}

void alerts_destroy(struct alerts *alerts)
{
    if (!alerts)
        return;
    findings_destroy(alerts->findings);
    incidents_destroy(alerts->incidents);
    behaviours_destroy(alerts->behaviours);
    json_finish(&alerts->lines);
    base_free(alerts->flows.ids);
    base_free(alerts);
}

static void take_separation(void *context, const struct separation_line *line)
{
    struct alerts *a = context;
    separation_line_write_json(&a->lines, line);
    end_line(a, a->options.separation_fd);
}

int alerts_end(struct alerts *alerts)
{
    bool all = findings_each(alerts->findings, FINDINGS_BY_TIME, take_finding, alerts);
    write_lines(alerts, alerts->options.findings_fd);
    all = all && incidents_settle(alerts->incidents) &&
          incidents_each(alerts->incidents, take_incident, alerts);
    write_lines(alerts, alerts->options.incidents_fd);
    if (alerts->options.separation_fd >= 0)
        behaviours_separation(alerts->behaviours, take_separation, alerts);
    write_lines(alerts, alerts->options.separation_fd);
    return alerts->error ? alerts->error : all ? 0 : ENOMEM;
}

uint64_t alerts_written(const struct alerts *alerts)
{
    return alerts->written;
}

struct findings *alerts_findings(struct alerts *alerts)
{
    struct findings *findings = alerts->findings;
    alerts->findings = NULL;
    return findings;
}

struct incidents *alerts_incidents(struct alerts *alerts)
{
    struct incidents *incidents = alerts->incidents;
    alerts->incidents = NULL;
    return incidents;
}

struct behaviours *alerts_behaviours(struct alerts *alerts)
{
    struct behaviours *behaviours = alerts->behaviours;
    alerts->behaviours = NULL;
    return behaviours;
}

// As EVE has it, with the members of the record that shows it, as Suricata writes them.
static void write_alert(struct alerts *a, const struct hit *hit, const struct record_alert *body)
{
    struct record record = {.head = *hit->head, .type = RECORD_ALERT, .body = body};
    size_t before = a->out->len;
    a->options.write(a->out, &record);
    a->written++;
    if (hit->shown.len == 0 || a->options.zeek || a->out->len < before + 2)
        return;
    a->out->len -= 2; // the closing brace and the line's end
    json_raw(a->out, ",", 1);
    json_raw(a->out, (const char *)hit->shown.data, hit->shown.len);
    json_raw(a->out, "}\n", 2);
}

// A hit that holds.
static void accept(void *context, const struct hit *hit)
{
    struct alerts *a = context;
    struct metrics *m = a->options.metrics;
    const struct record_alert *body = findings_add(a->findings, hit);
    bool new = hit->record != RECORD_ALERT && !hit->quiet; // else it stands in the output already
    if (!body && !a->error)
        a->error = ENOMEM;
    m->detect_alert += new;
    m->behaviour_hits += hit->quiet;
    if (new && hit->head->has_flow_id && !set_add(&a->flows, hit->head->flow_id))
        m->detect_flows_unmarked++;
    if (new &&body && a->options.write)
        write_alert(a, hit, body);
}

void alerts_take(struct alerts *alerts, const struct hit *hit, struct json *out)
{
    alerts->out = out;
    if (hit->settle)
        detection_settle(alerts->options.detection, hit, accept, alerts);
    else
        accept(alerts, hit);
}

void alerts_watch(struct alerts *alerts, const struct record *record, uint64_t wanting)
{
    if (alerts->behaviours)
        behaviours_watch(alerts->behaviours, record, wanting);
}

void alerts_settle(struct alerts *alerts, struct json *out)
{
    alerts->out = out;
    if (alerts->behaviours)
        behaviours_end(alerts->behaviours);
    detection_end(alerts->options.detection, alerts->options.metrics, accept, alerts);
}

bool alerts_flow_ends(struct alerts *alerts, uint64_t flow_id)
{
    return set_take(&alerts->flows, flow_id);
}

// A member's name cannot stand within a text: its quotes would be escaped there.
void alerts_flow_mark(struct bytes lines, struct json *out)
{
    static const struct bytes no = BYTES("\"alerted\":false");
    static const struct bytes yes = BYTES("\"alerted\":true");
    size_t line = lines.len;
    while (line > 1 && lines.data[line - 2] != '\n')
        line--;
    line -= line > 0;
    size_t at = bytes_find(bytes_from(lines, line), no);
    if (at == BYTES_NOT_FOUND) {
        json_raw(out, (const char *)lines.data, lines.len);
        return;
    }
    struct bytes rest = bytes_from(lines, line + at + no.len);
    json_raw(out, (const char *)lines.data, line + at);
    json_raw(out, (const char *)yes.data, yes.len);
    json_raw(out, (const char *)rest.data, rest.len);
}
