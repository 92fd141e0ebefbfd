// SPDX-License-Identifier: Apache-2.0
#include "cmd/analysis.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/gate.h"
#include "base/hash.h"
#include "base/stop.h"
#include "behaviour/behaviour.h"
#include "cmd/alerts.h"
#include "cmd/worker.h"
#include "file/file.h"
#include <errno.h>
#include <unistd.h>

enum {
    SLOTS_MORE = 16,          // slots beside one a worker: room for batches that are mostly of one
    FLUSH_STEPS = 64,         // in which the flows left at the end are ended
    MERGE_BYTES = 256 * 1024, // written at a time
};

struct analysis {
    const struct analysis_options *options;
    struct analysis_result *result;
    struct capture *capture;
    struct worker *workers;
    struct alerts *alerts;
    struct json settled; // lines with alerts in their places
    unsigned count;
    struct slot *slots;
    unsigned slots_count;
    struct gate *decoded; // of each slot: times it was filled and decoded
    struct gate read;     // batches taken from the input
    struct gate written;  // batches written out
    struct mutex reading; // guards what follows
    struct clock clock;
    uint64_t next_batch, next_order;
    unsigned flushed; // steps of the end taken
    bool over;        // the last of them was
    bool clock_started;
    int64_t first_us, last_us;
};

struct worker_thread {
    struct analysis *a;
    struct worker *worker;
    struct thread thread;
    bool started;
};

static struct slot *slot_of(struct analysis *a, uint64_t batch)
{
    return &a->slots[batch % a->slots_count];
}

static uint64_t round_of(const struct analysis *a, uint64_t batch)
{
    return batch / a->slots_count;
}

static void note_times(struct analysis *a, const struct packet_batch *batch)
{
    for (uint32_t i = 0; i < batch->count; i++) {
        int64_t time_us = batch->packets[i].time_ns / 1000;
        clock_see(&a->clock, time_us);
        if (!a->clock_started || time_us < a->first_us)
            a->first_us = time_us;
        if (!a->clock_started || time_us > a->last_us)
            a->last_us = time_us;
        a->clock_started = true;
    }
}

// After the last packet flows end in steps of so many packets, each in a slot of its own.
static void slot_flush(struct analysis *a, struct slot *slot)
{
    a->flushed++;
    slot->last = a->over = a->flushed == FLUSH_STEPS;
    slot->flush_below = slot->last ? UINT64_MAX : a->next_order / FLUSH_STEPS * a->flushed + 1;
}

// Fill a slot with the next batch, or with a step of the end.
static void slot_read(struct analysis *a, struct slot *slot)
{
    slot->batch.count = 0;
    slot->flush_below = 0;
    slot->last = false;
    if (a->flushed || stop_asked() || !capture_read(a->capture, &slot->batch)) {
        slot->batch.count = 0;
        slot_flush(a, slot);
    }
    slot->first_order = a->next_order;
    a->next_order += slot->batch.count;
    note_times(a, &slot->batch);
    slot->now_us = a->clock.now_us;
    slot->content = detection_content(a->options->detection);
}

enum ahead { AHEAD_READ, AHEAD_FULL, AHEAD_OVER };

// Read and decode one batch more, if a slot is free and the input has more.
static enum ahead read_ahead(struct analysis *a, struct worker *worker)
{
    mutex_lock(&a->reading);
    uint64_t batch = a->next_batch;
    bool full = batch >= gate_count(&a->written) + a->slots_count;
    if (a->over || full) {
        enum ahead why = a->over ? AHEAD_OVER : AHEAD_FULL;
        mutex_unlock(&a->reading);
        return why;
    }
    struct slot *slot = slot_of(a, batch);
    slot_read(a, slot);
    a->next_batch++;
    bool over = a->over;
    gate_raise(&a->read, 1);
    mutex_unlock(&a->reading);
    if (over)
        gate_close(&a->read);
    worker_decode(worker, slot);
    gate_raise(&a->decoded[batch % a->slots_count], 1);
    return AHEAD_READ;
}

// Until a batch is decoded, by this worker or another. A worker that waits reads ahead meanwhile.
static bool batch_wait(struct analysis *a, struct worker *worker, uint64_t batch)
{
    struct gate *decoded = &a->decoded[batch % a->slots_count];
    uint64_t need = round_of(a, batch) + 1;
    while (gate_count(decoded) < need) {
        if (read_ahead(a, worker) == AHEAD_READ)
            continue;
        // Either somebody is decoding it, or it is the next to be read and its slot not yet free.
        bool taken = gate_count(&a->read) > batch;
        if (!gate_wait(taken ? decoded : &a->written, taken ? need : batch + 1 - a->slots_count))
            return false;
    }
    return true;
}

static void output_give(struct output *out, bool last)
{
    out->last = last;
    out->parts++;
    gate_raise(&out->given, 1);
}

static void worker_run(void *context)
{
    struct worker_thread *thread = context;
    struct analysis *a = thread->a;
    bool last = false;
    for (uint64_t batch = 0; !last && batch_wait(a, thread->worker, batch); batch++) {
        struct slot *slot = slot_of(a, batch);
        last = slot->last;
        worker_handle(thread->worker, slot);
        output_give(&slot->outputs[thread->worker->index], true);
    }
}

// Take back the beginning of a record that did not fit, where the file allows that.
static void drop_half_record(int fd, const char *data, size_t done)
{
    size_t half = 0;
    while (half < done && data[done - half - 1] != '\n')
        half++;
    off_t end = half ? lseek(fd, 0, SEEK_CUR) : -1;
    if (end >= (off_t)half && ftruncate(fd, end - (off_t)half) != 0)
        return; // a pipe or a device
}

// data: whole records.
static void write_all(struct analysis *a, const char *data, size_t len)
{
    if (a->options->zeek) {
        int error = zeek_folder_write(a->options->zeek, data, len);
        a->result->write_error = a->result->write_error ? a->result->write_error : error;
        return;
    }
    for (size_t done = 0; done < len && a->result->write_error == 0;) {
        ssize_t n = write(a->options->events_fd, &data[done], len - done);
        if (n >= 0) {
            done += (size_t)n;
        } else if (errno != EINTR) {
            a->result->write_error = errno;
            drop_half_record(a->options->events_fd, data, done);
        }
    }
}

static void output_clear(struct analysis *a, struct output *out)
{
    if (out->failed || out->text.failed)
        a->result->write_error = ENOMEM;
    output_empty(out);
}

static void settled_write(struct analysis *a, struct json *lines)
{
    write_all(a, lines->data, lines->len);
    if (lines->failed)
        a->result->write_error = ENOMEM;
    json_clear(lines);
}

// Does the mark change anything in the text before it?
static bool mark_changes(struct analysis *a, const struct output_mark *mark)
{
    return mark->kind == MARK_HIT ||
           (mark->kind == MARK_FLOW && alerts_flow_ends(a->alerts, mark->flow_id));
}

// The text before a mark, and what becomes of the mark's hit.
static void take_mark(struct analysis *a, const struct output *out, size_t start,
    const struct output_mark *mark, bool changes, struct json *lines)
{
    const char *text = out->text.data ? &out->text.data[start] : ""; // hits alone have no text
    if (mark->kind == MARK_FLOW && changes)
        alerts_flow_mark(bytes_make(text, mark->end - start), lines);
    else if (mark->end > start)
        json_raw(lines, text, mark->end - start);
    if (mark->kind == MARK_HIT)
        alerts_take(a->alerts, mark->hit, lines);
    if (mark->kind == MARK_WATCHED)
        alerts_watch(a->alerts, mark->watched, mark->wanting);
}

// The output of the only worker, in its order.
static void output_write(void *context, struct output *out)
{
    struct analysis *a = context;
    size_t start = 0;
    for (size_t i = 0; i < out->marks_count; i++) {
        if (out->marks[i].kind == MARK_WATCHED)
            alerts_watch(a->alerts, out->marks[i].watched, out->marks[i].wanting);
        if (!mark_changes(a, &out->marks[i]))
            continue;
        take_mark(a, out, start, &out->marks[i], true, &a->settled);
        start = out->marks[i].end;
    }
    settled_write(a, &a->settled);
    if (out->text.len > start)
        write_all(a, &out->text.data[start], out->text.len - start);
    output_clear(a, out);
}

// Give a part of a batch's records away and wait until it has been merged.
static void output_part(void *context, struct output *out)
{
    output_give(out, false);
    if (!gate_wait(&out->taken, out->parts)) // nobody merges: the run is given up
        output_clear(context, out);
}

// A worker's output while it is merged.
struct source {
    struct output *out;
    size_t mark; // next record
    bool over;   // there is none
};

static size_t record_start(const struct source *s)
{
    return s->mark ? s->out->marks[s->mark - 1].end : 0;
}

// On to the next part where one is used up.
static void source_fill(struct analysis *a, struct source *s)
{
    struct output *out = s->out;
    while (!s->over && gate_wait(&out->given, out->merged + 1) && s->mark == out->marks_count) {
        s->over = out->last;
        s->mark = 0;
        output_clear(a, out);
        out->merged++;
        gate_raise(&out->taken, 1);
    }
}

static struct source *first_of(struct source *sources, unsigned count)
{
    struct source *first = NULL;
    for (unsigned i = 0; i < count; i++) {
        struct source *s = &sources[i];
        if (s->over)
            continue;
        if (!first || s->out->marks[s->mark].order < first->out->marks[first->mark].order)
            first = s;
    }
    return first;
}

// The workers' records of a slot in one order. Records of equal order come from one worker.
static void slot_write(struct analysis *a, struct slot *slot, struct json *merged)
{
    struct source sources[WORKERS_MAX];
    for (unsigned i = 0; i < a->count; i++) {
        sources[i] = (struct source){.out = &slot->outputs[i]};
        source_fill(a, &sources[i]);
    }
    struct source *s;
    while ((s = first_of(sources, a->count))) {
        const struct output_mark *mark = &s->out->marks[s->mark];
        take_mark(a, s->out, record_start(s), mark, mark_changes(a, mark), merged);
        s->mark++;
        if (s->mark == s->out->marks_count)
            source_fill(a, s);
        if (merged->len >= MERGE_BYTES)
            settled_write(a, merged);
    }
    settled_write(a, merged);
}

static void tell_progress(struct analysis *a, uint64_t packets)
{
    if (a->options->progress)
        a->options->progress(a->options->progress_context, capture_progress(a->capture), packets);
}

// Hits of content that is let go are settled before.
static void slot_read_next(struct analysis *a, struct slot *slot)
{
    struct detection *detection = a->options->detection;
    struct content *before = slot->content;
    slot_read(a, slot);
    if (before != slot->content)
        output_write(a, &slot->outputs[0]);
    detection_settle_as(detection, slot->content);
    detection_let_go(detection, before);
}

static void run_inline(struct analysis *a)
{
    struct slot *slot = &a->slots[0];
    do {
        slot_read_next(a, slot);
        worker_decode(&a->workers[0], slot);
        worker_handle(&a->workers[0], slot);
        tell_progress(a, a->next_order);
    } while (!slot->last);
    output_write(a, &slot->outputs[0]);
    detection_let_go(a->options->detection, slot->content);
    slot->content = NULL;
}

static void write_in_order(struct analysis *a)
{
    struct json merged;
    json_init(&merged);
    for (uint64_t batch = 0; gate_wait(&a->read, batch + 1); batch++) {
        struct slot *slot = slot_of(a, batch);
        uint64_t packets = slot->first_order + slot->batch.count;
        detection_settle_as(a->options->detection, slot->content);
        slot_write(a, slot, &merged);
        detection_let_go(a->options->detection, slot->content);
        slot->content = NULL;
        gate_raise(&a->written, 1);
        tell_progress(a, packets);
    }
    json_finish(&merged);
}

static bool run_threads(struct analysis *a)
{
    struct worker_thread *threads = base_calloc(a->count, sizeof *threads);
    if (!threads)
        return false;
    bool all = true;
    for (unsigned i = 0; i < a->count && all; i++) {
        threads[i].a = a;
        threads[i].worker = &a->workers[i];
        all = threads[i].started =
            thread_start(&threads[i].thread, "worker", worker_run, &threads[i]);
    }
    if (all) {
        write_in_order(a);
    } else {
        mutex_lock(&a->reading);
        a->over = true;
        mutex_unlock(&a->reading);
        for (unsigned i = 0; i < a->slots_count; i++) {
            gate_close(&a->decoded[i]);
            for (unsigned w = 0; w < a->count; w++)
                gate_close(&a->slots[i].outputs[w].taken);
        }
        gate_close(&a->written);
    }
    for (unsigned i = 0; i < a->count; i++)
        if (threads[i].started)
            thread_join(&threads[i].thread);
    base_free(threads);
    return all;
}

static bool slots_create(struct analysis *a)
{
    a->slots = base_calloc(a->slots_count, sizeof *a->slots);
    a->decoded = base_calloc(a->slots_count, sizeof *a->decoded);
    if (!a->slots || !a->decoded)
        return false;
    for (unsigned i = 0; i < a->slots_count; i++) {
        gate_init(&a->decoded[i]);
        a->slots[i].outputs = base_calloc(a->count, sizeof *a->slots[i].outputs);
        if (!a->slots[i].outputs || !packet_batch_init(&a->slots[i].batch))
            return false;
        for (unsigned w = 0; w < a->count; w++)
            output_init(&a->slots[i].outputs[w]);
    }
    return true;
}

static void write_eve(struct json *out, const struct record *record)
{
    record_write_json(out, record);
    json_raw(out, "\n", 1);
}

static bool workers_create(struct analysis *a)
{
    a->workers = base_calloc(a->count, sizeof *a->workers);
    for (unsigned i = 0; a->workers && i < a->count; i++) {
        struct worker *w = &a->workers[i];
        if (!worker_init(w, a->options->config, i, a->count, a->result->summary.hosts.seed))
            return false;
        if (a->options->files_folder >= 0 && !worker_keep_files(w, a->options->files_folder,
                                                 a->options->config->files.keep_limit_bytes))
            return false;
        if (!worker_detect(w, a->options->detection))
            return false;
        proto_engine_decrypt(w->engine, a->options->secrets);
        w->write_records = a->options->events_fd >= 0 || a->options->zeek;
        w->write = a->options->zeek ? zeek_write : write_eve;
        w->summarise = a->options->summarise;
        w->keep_marks = a->count > 1;
        w->flush = w->keep_marks ? output_part : output_write;
        w->flush_context = a;
    }
    return a->workers != NULL;
}

// False: out of memory.
static bool alerts_begin(struct analysis *a)
{
    const struct analysis_options *o = a->options;
    bool written = o->events_fd >= 0 || o->zeek;
    a->alerts = alerts_create(&(struct alerts_options){.config = o->config,
        .detection = o->detection,
        .write = !written  ? NULL
                 : o->zeek ? zeek_write
                           : write_eve,
        .zeek = o->zeek != NULL,
        .findings_fd = o->findings_fd,
        .incidents_fd = o->incidents_fd,
        .separation_fd = o->separation_fd,
        .metrics = &a->result->metrics});
    return a->alerts != NULL;
}

static void alerts_finish(struct analysis *a)
{
    struct analysis_result *r = a->result;
    int error = alerts_end(a->alerts);
    r->write_error = r->write_error ? r->write_error : error;
    r->summary.records += alerts_written(a->alerts);
    r->findings = alerts_findings(a->alerts);
    r->incidents = alerts_incidents(a->alerts);
    r->behaviours = alerts_behaviours(a->alerts);
}

static void slots_destroy(struct analysis *a)
{
    for (unsigned i = 0; a->slots && i < a->slots_count; i++) {
        packet_batch_finish(&a->slots[i].batch);
        for (unsigned w = 0; a->slots[i].outputs && w < a->count; w++)
            output_finish(&a->slots[i].outputs[w]);
        base_free(a->slots[i].outputs);
    }
    base_free(a->slots);
    base_free(a->decoded);
}

// The logs among the inputs go through the first worker, whose packets are over.
static bool read_logs(struct analysis *a)
{
    struct worker *worker = &a->workers[0];
    const struct analysis_options *o = a->options;
    worker->output = &a->slots[0].outputs[0];
    worker->flush = output_write;
    bool ok = import_logs(
        o->logs, o->logs_count, worker, &a->result->imported, o->progress, o->progress_context);
    output_write(a, worker->output);
    if (a->alerts) {
        alerts_settle(a->alerts, &a->settled);
        settled_write(a, &a->settled);
    }
    return ok;
}

// The period of packets and of imported records together.
static void collect_times(struct analysis *a)
{
    struct analysis_result *r = a->result;
    const struct import_totals *imported = &r->imported;
    bool packets = a->next_order > 0, records = imported->records > 0;
    r->first_us = packets ? a->first_us : imported->first_us;
    r->last_us = packets ? a->last_us : imported->last_us;
    if (packets && records) {
        r->first_us = imported->first_us < r->first_us ? imported->first_us : r->first_us;
        r->last_us = imported->last_us > r->last_us ? imported->last_us : r->last_us;
    }
}

static void emit_stats(struct analysis *a)
{
    struct json line;
    json_init(&line);
    struct record_stats body = {
        .uptime = (uint64_t)(a->result->last_us - a->result->first_us) / 1000'000,
        .metrics = &a->result->metrics,
    };
    struct record record = {.type = RECORD_STATS, .body = &body};
    record.head.timestamp = a->result->last_us;
    record_write_json(&line, &record);
    json_raw(&line, "\n", 1);
    if (a->options->events_fd >= 0)
        write_all(a, line.data, line.len);
    json_finish(&line);
}

static void collect(struct analysis *a)
{
    struct analysis_result *r = a->result;
    for (unsigned i = 0; i < a->count; i++) {
        summary_add(&r->summary, &a->workers[i].summary);
        metrics_add(&r->metrics, &a->workers[i].metrics);
        if (a->workers[i].keep && r->keep_error == 0)
            r->keep_error = file_keep_error(a->workers[i].keep);
    }
    for (size_t i = 0; i < capture_sources(a->capture); i++) {
        struct capture_report report;
        capture_report(a->capture, i, &report);
        r->metrics.capture_packets += report.packets;
        r->metrics.capture_bytes += report.bytes;
        r->metrics.capture_dropped += report.dropped;
    }
    alerts_finish(a);
    r->interrupted = stop_asked();
    r->packets = a->next_order;
    collect_times(a);
    emit_stats(a);
}

bool analysis_run(const struct analysis_options *options, struct analysis_result *result)
{
    memset(result, 0, sizeof *result);
    result->loaded = detection_loaded(options->detection);
    if (options->config->behaviours.enabled)
        result->loaded.behaviours = behaviours_known();
    summary_init(&result->summary, options->config, hash_seed());
    struct analysis a = {
        .options = options,
        .result = result,
        .count = options->workers > WORKERS_MAX ? WORKERS_MAX : options->workers,
    };
    a.slots_count = a.count > 1 ? a.count + SLOTS_MORE : 1;
    json_init(&a.settled);
    gate_init(&a.read);
    gate_init(&a.written);
    mutex_init(&a.reading);
    a.capture = result->capture = capture_create(options->paths, options->paths_count);
    bool ok = a.capture && slots_create(&a) && workers_create(&a) && alerts_begin(&a);
    if (ok && a.count == 1)
        run_inline(&a);
    else if (ok)
        ok = run_threads(&a);
    ok = ok && read_logs(&a);
    if (ok)
        collect(&a);
    for (unsigned i = 0; a.workers && i < a.count; i++)
        worker_finish(&a.workers[i]);
    base_free(a.workers);
    alerts_destroy(a.alerts);
    json_finish(&a.settled);
    slots_destroy(&a);
    return ok;
}

void analysis_finish(struct analysis_result *result)
{
    summary_finish(&result->summary);
    findings_destroy(result->findings);
    incidents_destroy(result->incidents);
    behaviours_destroy(result->behaviours);
    import_finish(&result->imported);
    capture_destroy(result->capture);
}
