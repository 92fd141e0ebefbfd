// SPDX-License-Identifier: Apache-2.0
#include "cmd/worker.h"
#include "base/alloc.h"
#include "behaviour/behaviour.h"
#include "cmd/hit_packet.h"
#include "detect/detect.h"
#include "file/file.h"
#include "schema/config.h"
#include "schema/record_copy.h"
#include <stdio.h>

enum {
    FLUSH_BYTES = 256 * 1024,
    PART_BYTES = 4 * 1024 * 1024, // a batch seldom gives as much
};

static void emit(void *context, const struct record *record);
static void take_hit(void *context, const struct hit *hit);

bool worker_init(struct worker *worker, const struct config *config, unsigned index, unsigned count,
    uint64_t seed)
{
    memset(worker, 0, sizeof *worker);
    worker->index = index;
    worker->count = count;
    worker->config = config;
    json_init(&worker->shown);
    pool_init(&worker->pool, config->app_layer.memory_bytes / count);
    summary_init(&worker->summary, config, seed);
    segment_cache_init(&worker->segments, config);
    worker->engine = proto_engine_create(config, &worker->pool, &worker->metrics, emit, worker);
    worker->fragments = fragments_create(config->defrag.memory_bytes / count,
        config->defrag.timeout_us * 1000, config->defrag.overlap);
    if (worker->engine)
        worker->flows = flow_table_create(
            config, proto_engine_handler(worker->engine), &worker->pool, &worker->metrics);
    if (worker->flows)
        flow_table_share(worker->flows, count);
    worker->looks = looks_create(config, take_hit, worker);
    return worker->engine && worker->fragments && worker->flows && worker->looks;
}

bool worker_keep_files(struct worker *worker, int folder, uint64_t limit_bytes)
{
    worker->keep = file_keep_create(folder, worker->index, limit_bytes);
    proto_engine_keep_files(worker->engine, worker->keep);
    return worker->keep != NULL;
}

bool worker_detect(struct worker *worker, struct detection *detection)
{
    if (!detection)
        return true;
    worker->detection = detection_worker_create(detection, &(struct detection_seat){
                                                               .index = worker->index,
                                                               .config = worker->config,
                                                               .pool = &worker->pool,
                                                               .metrics = &worker->metrics,
                                                               .engine = worker->engine,
                                                               .flows = worker->flows,
                                                               .sink = take_hit,
                                                               .context = worker,
                                                           });
    if (!worker->detection ||
        !detection_scan(detection, worker->count, &worker->metrics, &worker->scan))
        return false;
    proto_engine_scan_files(worker->engine, worker->scan);
    return true;
}

void worker_finish(struct worker *worker)
{
    looks_destroy(worker->looks);
    detection_worker_destroy(worker->detection);
    json_finish(&worker->shown);
    flow_table_destroy(worker->flows);
    proto_engine_destroy(worker->engine);
    file_keep_destroy(worker->keep);
    file_scan_destroy(worker->scan);
    fragments_destroy(worker->fragments);
    summary_finish(&worker->summary);
    pool_finish(&worker->pool);
}

void output_init(struct output *out)
{
    json_init(&out->text);
    pool_init(&out->pool, 0);
    arena_init(&out->hits, &out->pool, SIZE_MAX);
    gate_init(&out->given);
    gate_init(&out->taken);
}

void output_finish(struct output *out)
{
    json_finish(&out->text);
    base_free(out->marks);
    arena_reset(&out->hits);
    pool_finish(&out->pool);
}

void output_empty(struct output *out)
{
    json_clear(&out->text);
    out->marks_count = 0;
    arena_reset(&out->hits);
}

static void mark(struct output *out, struct output_mark mark)
{
    if (out->marks_count == out->marks_room) {
        size_t room = out->marks_room ? out->marks_room * 2 : 1024;
        struct output_mark *marks = base_realloc(out->marks, room * sizeof *marks);
        if (!marks) {
            out->failed = true;
            return;
        }
        out->marks = marks;
        out->marks_room = room;
    }
    mark.end = out->text.len;
    out->marks[out->marks_count++] = mark;
}

static uint64_t order_now(const struct worker *worker)
{
    return worker->order != UINT64_MAX ? worker->order : flow_table_order(worker->flows);
}

static void flush_full(struct worker *worker, size_t limit)
{
    struct output *out = worker->output;
    if (out->text.len >= limit || out->hits.used_bytes >= PART_BYTES)
        worker->flush(worker->flush_context, out);
}

// What only the place knows of a head: which packet, whose network.
static void head_place(struct worker *worker, struct record_head *head, bool packet, uint64_t order)
{
    head->has_pcap_cnt = packet && order < FLOW_ORDER_EXPIRY;
    head->pcap_cnt = order + 1;
    head->segment = segment_name(&worker->segments, &head->src_ip, &head->dest_ip);
}

// Members of the record a hit is about, written when the first hit asks.
static struct bytes shown_of(struct worker *worker, const struct hit *hit)
{
    if (hit->shown.data)
        return hit->shown;
    if (!worker->current || worker->current->type != hit->record)
        return (struct bytes){NULL, 0};
    if (worker->shown.len == 0)
        record_write_body(&worker->shown, worker->current);
    if (worker->shown.failed)
        return (struct bytes){NULL, 0};
    return bytes_make(worker->shown.data, worker->shown.len);
}

// Every hit of this worker's detectors passes here. It is settled later, in the order of packets.
static void take_hit(void *context, const struct hit *hit)
{
    struct worker *worker = context;
    struct output *out = worker->output;
    struct record_head head = *hit->head;
    struct hit whole = *hit;
    uint64_t order = order_now(worker);
    if (!worker->current)
        head_place(worker, &head, true, order);
    whole.head = &head;
    whole.shown = shown_of(worker, hit);
    struct hit_packet_room room;
    struct hit_packet packet;
    if (worker->slot) {
        size_t most = worker->config->findings.evidence_bytes;
        hit_packet_fill(worker->slot, order, most, &room, &packet);
        whole.packet = &packet;
    }
    const struct hit *copy = hit_copy(&out->hits, &whole);
    worker->metrics.detect_hits++;
    if (copy)
        mark(out, (struct output_mark){.order = order, .kind = MARK_HIT, .hit = copy});
    else
        out->failed = true;
    if (!worker->current) // else after the record
        flush_full(worker, PART_BYTES);
}

static void detect(struct worker *worker, const struct record *record)
{
    worker->current = record;
    json_clear(&worker->shown);
    detection_record(worker->detection, record);
    if (worker->scan && record->type == RECORD_FILEINFO)
        file_scan_tell(worker->scan, record, take_hit, worker);
    worker->current = NULL;
}

static void behave(struct worker *worker, const struct record *record, uint64_t order)
{
    struct output *out = worker->output;
    worker->current = record;
    json_clear(&worker->shown);
    behaviours_look(worker->looks, record);
    worker->current = NULL;
    uint64_t wanting = behaviours_want(worker->looks, record);
    if (!wanting)
        return;
    const struct record *copy = record_copy(&out->hits, record);
    if (copy)
        mark(out, (struct output_mark){
                      .order = order, .kind = MARK_WATCHED, .watched = copy, .wanting = wanting});
    else
        out->failed = true;
}

// A record whose head is whole. Its hits stand before it, so that a flow's own can still mark it.
static void put_record(struct worker *worker, const struct record *record, uint64_t order)
{
    struct output *out = worker->output;
    if (worker->detection)
        detect(worker, record);
    if (worker->config->behaviours.enabled)
        behave(worker, record, order);
    if (!worker->write_records)
        return;
    worker->write(&out->text, record);
    bool flow = worker->detection && record->type == RECORD_FLOW && record->head.has_flow_id;
    if (worker->keep_marks || flow)
        mark(out, (struct output_mark){.order = order,
                      .kind = flow ? MARK_FLOW : MARK_RECORD,
                      .flow_id = record->head.flow_id});
}

// Every record of this worker passes here.
static void emit(void *context, const struct record *record)
{
    struct worker *worker = context;
    if (worker->summarise)
        summary_record(&worker->summary, record);
    if (!worker->write_records && !worker->detection && !worker->config->behaviours.enabled)
        return;
    uint64_t order = order_now(worker);
    struct record whole = *record;
    head_place(worker, &whole.head, record->type != RECORD_FLOW, order);
    put_record(worker, &whole, order);
    flush_full(worker, worker->keep_marks ? PART_BYTES : FLUSH_BYTES);
}

// An alert in a log is part of a finding like one of ours.
static void take_alert(struct worker *worker, const struct record *record)
{
    struct hit hit;
    struct hit_alert said;
    char rule[FINDINGS_RULE];
    findings_hit_of_alert(record, &hit, &said, rule);
    worker->current = record;
    json_clear(&worker->shown);
    take_hit(worker, &hit);
    worker->current = NULL;
}

void worker_record(struct worker *worker, const struct record *record)
{
    if (worker->summarise)
        summary_record(&worker->summary, record);
    struct record whole = *record;
    whole.head.segment =
        segment_name(&worker->segments, &record->head.src_ip, &record->head.dest_ip);
    if (record->type == RECORD_ALERT)
        take_alert(worker, &whole);
    put_record(worker, &whole, 0);
    flush_full(worker, FLUSH_BYTES);
}

static void count_kind(struct metrics *m, const struct decoded *p)
{
    switch ((enum decode_kind)p->kind) {
    case DECODE_NOTHING:
        if (p->reason == DECODE_DAMAGED)
            m->decoder_invalid++;
        else
            m->decoder_not_ip++;
        m->decoder_unknown_link += p->reason == DECODE_LINK;
        m->decoder_protected += p->reason == DECODE_PROTECTED;
        break;
    case DECODE_ARP: m->decoder_arp++; break;
    case DECODE_FRAGMENT: m->defrag_fragments++; break;
    case DECODE_TCP: m->decoder_tcp++; break;
    case DECODE_UDP: m->decoder_udp++; break;
    case DECODE_SCTP: m->decoder_sctp++; break;
    case DECODE_ICMP:
    case DECODE_ICMPV6: m->decoder_icmp++; break;
    case DECODE_IP: m->decoder_other++; break;
    }
}

static void count_packet(struct metrics *m, const struct decoded *p)
{
    m->decoder_pkts++;
    m->decoder_bytes += p->frame_len;
    count_kind(m, p);
    if (p->kind != DECODE_ARP) {
        m->decoder_ipv4 += p->ip_version == 4;
        m->decoder_ipv6 += p->ip_version == 6;
    }
    m->decoder_vlan += p->vlan[0] != 0;
    m->decoder_tunnel += p->tunnels > 0;
}

// The first anomalies of each kind in a batch become records; a flood of them is only counted, and
// seen by rules. Batches are the same for any number of workers, and so is what is told.
static void thin_anomalies(struct metrics *m, struct decoded *p, uint8_t written[ANOMALIES])
{
    uint8_t told = 0;
    for (uint8_t i = 0; i < p->anomaly_count; i++) {
        uint16_t anomaly = p->anomalies[i];
        m->decoder_anomalies++;
        m->anomalies[anomaly]++;
        if (written[anomaly] >= ANOMALIES_A_BATCH) {
            m->decoder_anomalies_unwritten++;
            continue;
        }
        written[anomaly]++;
        p->anomalies[i] = p->anomalies[told];
        p->anomalies[told++] = anomaly;
    }
    p->anomalies_told = told;
}

void worker_decode(struct worker *worker, struct slot *slot)
{
    uint8_t written[ANOMALIES] = {0};
    for (uint32_t i = 0; i < slot->batch.count; i++) {
        struct decoded *p = &slot->decoded[i];
        decode_packet(&slot->batch.packets[i], p);
        count_packet(&worker->metrics, p);
        if (p->anomaly_count)
            thin_anomalies(&worker->metrics, p, written);
    }
}

static void emit_anomalies(struct worker *worker, const struct decoded *p)
{
    for (uint8_t i = 0; i < p->anomalies_told; i++) {
        struct flow_head_room room;
        char event[96]; // EVE's name: "decoder.ipv4.trunc_pkt"
        snprintf(event, sizeof event, "decoder.%s", anomaly_name(p->anomalies[i]));
        struct record_anomaly body = {
            .type = bytes_from_text(anomaly_layer(p->anomalies[i])),
            .event = bytes_from_text(event),
        };
        struct record record = {.type = RECORD_ANOMALY, .body = &body};
        flow_packet_head(p, &room, &record.head);
        emit(worker, &record);
    }
}

// Packets of flows that wait to be looked up together.
struct pack {
    const struct decoded *packets[DECODE_BATCH];
    uint64_t orders[DECODE_BATCH];
    size_t count;
};

static void pack_flush(struct worker *worker, struct pack *pack)
{
    worker->order = UINT64_MAX;
    if (pack->count)
        flow_table_packets(worker->flows, pack->packets, pack->orders, pack->count);
    pack->count = 0;
}

static void pack_add(
    struct worker *worker, struct pack *pack, const struct decoded *p, uint64_t order)
{
    pack->packets[pack->count] = p;
    pack->orders[pack->count++] = order;
    if (pack->count == DECODE_BATCH)
        pack_flush(worker, pack);
}

// One that completes nothing leaves the packets before it waiting for more.
static void handle_fragment(
    struct worker *worker, struct pack *pack, const struct decoded *p, uint64_t order)
{
    struct decoded whole;
    whole.anomaly_count = 0;
    bool complete = decode_fragment(worker->fragments, p, &whole);
    if (whole.anomaly_count)
        pack_flush(worker, pack);
    worker->order = order;
    worker->metrics.decoder_anomalies += whole.anomaly_count;
    for (uint8_t i = 0; i < whole.anomaly_count; i++)
        worker->metrics.anomalies[whole.anomalies[i]]++;
    whole.anomalies_told = whole.anomaly_count;
    emit_anomalies(worker, &whole);
    if (worker->detection && whole.anomaly_count)
        detection_packet(worker->detection, &whole);
    if (!complete)
        return;
    worker->metrics.defrag_reassembled++;
    if (whole.kind != DECODE_NOTHING && whole.kind != DECODE_ARP) {
        pack_add(worker, pack, &whole, order);
        pack_flush(worker, pack);
    }
}

// Packets that are not simply one of a flow: their turn comes after those before them.
static void handle_special(
    struct worker *worker, struct pack *pack, const struct decoded *p, uint64_t order)
{
    if (p->anomaly_count || p->kind != DECODE_FRAGMENT)
        pack_flush(worker, pack);
    worker->order = order;
    if (p->anomaly_count) {
        emit_anomalies(worker, p);
        if (worker->detection)
            detection_packet(worker->detection, p);
    }
    if (p->kind == DECODE_ARP)
        proto_engine_packet(worker->engine, p);
    else if (p->kind == DECODE_FRAGMENT)
        handle_fragment(worker, pack, p, order);
    else if (p->kind != DECODE_NOTHING)
        pack_add(worker, pack, p, order);
}

static void handle_packets(struct worker *worker, const struct slot *slot)
{
    struct pack pack;
    pack.count = 0;
    for (uint32_t i = 0; i < slot->batch.count; i++) {
        const struct decoded *p = &slot->decoded[i];
        if (worker->count > 1 && p->pair_hash % worker->count != worker->index)
            continue;
        uint64_t order = slot->first_order + i;
        bool odd = worker->detection ? p->anomaly_count : p->anomalies_told;
        if (p->kind >= DECODE_TCP && !odd)
            pack_add(worker, &pack, p, order);
        else
            handle_special(worker, &pack, p, order);
    }
    pack_flush(worker, &pack);
}

static void handle_end(struct worker *worker, const struct slot *slot)
{
    if (slot->flush_below) {
        flow_table_flush_before(worker->flows, slot->flush_below);
        if (slot->last)
            flow_table_flush(worker->flows);
        return;
    }
    flow_table_expire(worker->flows, slot->now_us);
    worker->metrics.defrag_timeouts += fragments_expire(worker->fragments, slot->now_us * 1000);
}

void worker_handle(struct worker *worker, struct slot *slot)
{
    worker->slot = slot;
    worker->output = &slot->outputs[worker->index];
    if (worker->detection && !detection_take(worker->detection, slot->content))
        worker->output->failed = true;
    handle_packets(worker, slot);
    worker->order = UINT64_MAX;
    handle_end(worker, slot);
    worker->slot = NULL;
}
