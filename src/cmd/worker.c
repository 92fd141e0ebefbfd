// SPDX-License-Identifier: Apache-2.0
#include "cmd/worker.h"
#include "base/alloc.h"
#include "file/file.h"
#include "schema/config.h"
#include <stdio.h>

enum {
    FLUSH_BYTES = 256 * 1024,
    PART_BYTES = 4 * 1024 * 1024, // a batch seldom gives as much
};

static void emit(void *context, const struct record *record);

bool worker_init(struct worker *worker, const struct config *config, unsigned index, unsigned count,
    uint64_t seed)
{
    memset(worker, 0, sizeof *worker);
    worker->index = index;
    worker->count = count;
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
    return worker->engine && worker->fragments && worker->flows;
}

bool worker_keep_files(struct worker *worker, int folder, uint64_t limit_bytes)
{
    worker->keep = file_keep_create(folder, worker->index, limit_bytes);
    proto_engine_keep_files(worker->engine, worker->keep);
    return worker->keep != NULL;
}

void worker_finish(struct worker *worker)
{
    flow_table_destroy(worker->flows);
    proto_engine_destroy(worker->engine);
    file_keep_destroy(worker->keep);
    fragments_destroy(worker->fragments);
    summary_finish(&worker->summary);
    pool_finish(&worker->pool);
}

static void mark(struct worker *worker, struct output *out, uint64_t order)
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
    out->marks[out->marks_count++] = (struct output_mark){order, out->text.len};
}

// Every record of this worker passes here.
static void emit(void *context, const struct record *record)
{
    struct worker *worker = context;
    if (worker->summarise)
        summary_record(&worker->summary, record);
    if (!worker->write_records)
        return;
    struct output *out = worker->output;
    uint64_t order = worker->order != UINT64_MAX ? worker->order : flow_table_order(worker->flows);
    struct record whole = *record;
    whole.head.has_pcap_cnt = order < FLOW_ORDER_EXPIRY && record->type != RECORD_FLOW;
    whole.head.pcap_cnt = order + 1;
    whole.head.segment =
        segment_name(&worker->segments, &record->head.src_ip, &record->head.dest_ip);
    worker->write(&out->text, &whole);
    if (worker->keep_marks)
        mark(worker, out, order);
    if (out->text.len >= (worker->keep_marks ? PART_BYTES : FLUSH_BYTES))
        worker->flush(worker->flush_context, out);
}

void worker_record(struct worker *worker, const struct record *record)
{
    struct output *out = worker->output;
    if (worker->summarise)
        summary_record(&worker->summary, record);
    if (!worker->write_records)
        return;
    struct record whole = *record;
    whole.head.segment =
        segment_name(&worker->segments, &record->head.src_ip, &record->head.dest_ip);
    worker->write(&out->text, &whole);
    if (out->text.len >= FLUSH_BYTES)
        worker->flush(worker->flush_context, out);
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

// Keep the first anomalies of each kind in a batch; a flood of them is only counted. Batches are
// the same for any number of workers, and so is what is kept.
static void thin_anomalies(struct metrics *m, struct decoded *p, uint8_t written[ANOMALIES])
{
    uint8_t kept = 0;
    for (uint8_t i = 0; i < p->anomaly_count; i++) {
        uint16_t anomaly = p->anomalies[i];
        m->decoder_anomalies++;
        m->anomalies[anomaly]++;
        if (written[anomaly] >= ANOMALIES_A_BATCH) {
            m->decoder_anomalies_unwritten++;
            continue;
        }
        written[anomaly]++;
        p->anomalies[kept++] = anomaly;
    }
    p->anomaly_count = kept;
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
    for (uint8_t i = 0; i < p->anomaly_count; i++) {
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

static void handle_fragment(
    struct worker *worker, struct pack *pack, const struct decoded *p, uint64_t order)
{
    struct decoded whole;
    whole.anomaly_count = 0;
    bool complete = decode_fragment(worker->fragments, p, &whole);
    worker->order = order;
    worker->metrics.decoder_anomalies += whole.anomaly_count;
    for (uint8_t i = 0; i < whole.anomaly_count; i++)
        worker->metrics.anomalies[whole.anomalies[i]]++;
    emit_anomalies(worker, &whole);
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
    pack_flush(worker, pack);
    worker->order = order;
    if (p->anomaly_count)
        emit_anomalies(worker, p);
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
        bool plain = p->kind >= DECODE_TCP && p->anomaly_count == 0;
        if (plain)
            pack_add(worker, &pack, p, order);
        else
            handle_special(worker, &pack, p, order);
    }
    pack_flush(worker, &pack);
}

void worker_handle(struct worker *worker, struct slot *slot)
{
    worker->output = &slot->outputs[worker->index];
    handle_packets(worker, slot);
    worker->order = UINT64_MAX;
    if (slot->flush_below) {
        flow_table_flush_before(worker->flows, slot->flush_below);
        if (slot->last)
            flow_table_flush(worker->flows);
        return;
    }
    flow_table_expire(worker->flows, slot->now_us);
    worker->metrics.defrag_timeouts += fragments_expire(worker->fragments, slot->now_us * 1000);
}
