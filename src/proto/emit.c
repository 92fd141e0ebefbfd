// SPDX-License-Identifier: Apache-2.0
// What parsers say, as records: their own, anomalies, and the files that travel.
#include "proto/engine.h"
#include "proto/service.h"

static void head_fill(struct proto_flow *pf, int64_t time_us, uint64_t tx_id,
    struct flow_head_room *room, struct record_head *head)
{
    if (!pf->flow) {
        flow_packet_head(pf->packet, room, head);
        return;
    }
    flow_head(pf->flow, time_us, room, head);
    if (pf->speaker == FLOW_SERVER)
        flow_head_turn(head);
    const struct engine_flow *ef = pf->flow->app;
    if (ef)
        head->proxy_dest = ef->proxy_dest;
    head->has_tx_id = tx_id != UINT64_MAX;
    head->tx_id = tx_id;
}

static struct bytes first_text(const struct bytes *list, size_t count)
{
    return count ? list[0] : (struct bytes){NULL, 0};
}

static void note_tls(struct proto_flow *pf, const struct record_tls *r)
{
    struct bytes chosen = first_text(r->server_alpns, r->server_alpns_count);
    struct record_flow_tls tls = {
        .service = bytes_from_text(service_name(r->sni, r->subject)),
        .sni = r->sni,
        .alpn = chosen.data ? chosen : first_text(r->client_alpns, r->client_alpns_count),
        .version = r->version,
        .ja3 = r->ja3.hash,
        .ja3s = r->ja3s.hash,
        .ja4 = r->ja4,
        .subject = r->subject,
        .issuerdn = r->issuerdn,
        .fingerprint = r->fingerprint,
        .notbefore = r->notbefore,
        .notafter = r->notafter,
        .self_signed = r->subject.data && bytes_equal(r->subject, r->issuerdn),
        .resumed = r->session_resumed,
    };
    flow_note_tls(pf->flow, pf->engine->pool, &tls);
}

static void note_quic(struct proto_flow *pf, const struct record_quic *r)
{
    struct record_flow_tls tls = {
        .service = bytes_from_text(service_name(r->sni, (struct bytes){NULL, 0})),
        .sni = r->sni,
        .alpn = first_text(r->client_alpns, r->client_alpns_count),
        .version = r->version,
        .ja3 = r->ja3.hash,
        .ja3s = r->ja3s.hash,
        .ja4 = r->ja4,
    };
    flow_note_tls(pf->flow, pf->engine->pool, &tls);
}

void proto_note_record(struct proto_flow *pf, enum flow_side side, uint16_t length)
{
    flow_note_record(pf->flow, pf->engine->pool, side, length);
}

void proto_emit_at(
    struct proto_flow *pf, enum record_type type, const void *body, uint64_t tx_id, int64_t time_us)
{
    struct flow_head_room room;
    struct record record = {.type = type, .body = body, .aside = pf->aside};
    head_fill(pf, time_us, tx_id, &room, &record.head);
    if (type == RECORD_TLS && pf->flow)
        note_tls(pf, body);
    else if (type == RECORD_QUIC && pf->flow)
        note_quic(pf, body);
    if (pf->watch)
        pf->watch->record(pf->watch->context, pf, &record);
    pf->engine->emit(pf->engine->emit_context, &record);
}

void proto_emit(struct proto_flow *pf, enum record_type type, const void *body, uint64_t tx_id)
{
    proto_emit_at(pf, type, body, tx_id, pf->time_us);
}

// The engine_flow a parser's flow is part of; NULL for packets outside flows.
static struct engine_flow *engine_flow_of(struct proto_flow *pf)
{
    return pf->flow ? pf->flow->app : NULL;
}

void proto_anomaly(struct proto_flow *pf, enum anomaly anomaly)
{
    struct engine_flow *ef = engine_flow_of(pf);
    uint64_t bit = 1ULL << (anomaly % 64);
    pf->engine->metrics->app_layer_anomalies++;
    pf->engine->metrics->anomalies[anomaly]++;
    if (pf->watch)
        pf->watch->anomaly(pf->watch->context, pf, anomaly);
    if (ef && (ef->told[anomaly / 64] & bit))
        return;
    if (ef)
        ef->told[anomaly / 64] |= bit;
    struct record_anomaly body = {
        .app_proto = bytes_from_text(pf->proto ? pf->proto->name : NULL),
        .type = bytes_from_text(anomaly_layer(anomaly)),
        .event = bytes_from_text(anomaly_name(anomaly)),
        .layer = BYTES("proto_parser"),
    };
    enum flow_side speaker = pf->speaker;
    pf->speaker = FLOW_CLIENT; // whose anomaly it is cannot be told from the last record's side
    proto_emit(pf, RECORD_ANOMALY, &body, UINT64_MAX);
    pf->speaker = speaker;
}

const struct config *proto_config(const struct proto_flow *pf)
{
    return pf->engine->config;
}

void proto_tunnel(struct proto_flow *pf, struct bytes dest)
{
    struct engine_flow *ef = engine_flow_of(pf);
    if (ef)
        ef->proxy_dest = arena_copy(&ef->arena, dest);
}

void proto_switch(struct proto_flow *pf, const struct proto *next)
{
    pf->switch_to = next;
}

void proto_expect(struct proto_flow *pf, const struct proto_expected *expected)
{
    struct proto_engine *e = pf->engine;
    if (!e->expected)
        e->expected = expect_create(e->pool);
    if (!pf->flow || !e->expected || !expect_add(e->expected, pf->flow, expected, pf->time_us))
        e->metrics->app_layer_expected_lost++;
}

void proto_switch_note(struct proto_flow *pf, struct bytes note)
{
    struct engine_flow *ef = engine_flow_of(pf);
    if (ef)
        pf->note = arena_copy(&ef->arena, note);
}

static void file_news(struct proto_flow *pf, const struct proto_file *file,
    enum proto_file_event event, struct bytes data, const struct record_fileinfo *info)
{
    if (!pf->watch)
        return;
    struct proto_file_news news = {.event = event,
        .number = file->number,
        .tx_id = file->tx_id,
        .side = file->side,
        .name = file->name,
        .data = data,
        .info = info,
        .file = info ? NULL : file->file};
    pf->watch->file(pf->watch->context, pf, &news);
}

struct proto_file *proto_file_open(
    struct proto_flow *pf, enum flow_side side, struct bytes name, uint64_t tx_id)
{
    struct engine_flow *ef = engine_flow_of(pf);
    struct arena arena;
    arena_init(&arena, pf->engine->pool, FILE_BYTES);
    struct proto_file *pfile =
        ef && ef->files < FLOW_FILES ? arena_zalloc(&arena, sizeof *pfile) : NULL;
    if (!pfile) {
        pf->engine->metrics->file_memcap++;
        return NULL;
    }
    pfile->arena = arena; // from here on pfile's own: the file goes on allocating from it
    pfile->name = arena_copy(&pfile->arena, bytes_sub(name, 0, FILE_NAME_BYTES));
    pfile->tx_id = tx_id;
    pfile->side = side;
    pfile->file = file_open(&pfile->arena, pf->engine->keep, pf->engine->scan, pfile->name);
    if (!pfile->file) {
        arena = pfile->arena;
        arena_reset(&arena);
        pf->engine->metrics->file_memcap++;
        return NULL;
    }
    ef->files++;
    pfile->number = ++ef->files_begun;
    file_news(pf, pfile, FILE_OPENED, (struct bytes){NULL, 0}, NULL);
    return pfile;
}

void proto_file_data(struct proto_flow *pf, struct proto_file *file, struct bytes data)
{
    if (!file)
        return;
    file_append(file->file, data);
    file_news(pf, file, FILE_DATA, data, NULL);
}

void proto_file_gap(struct proto_flow *pf, struct proto_file *file, size_t lost)
{
    if (!file)
        return;
    file_gap(file->file, lost);
    file_news(pf, file, FILE_LOST, (struct bytes){NULL, 0}, NULL);
}

// What scanning came to, as the record has it.
static struct record_file_scan scan_of(
    const struct file_verdict *verdict, struct bytes rules[VERDICT_HITS])
{
    struct record_file_scan scan = {.yara = rules};
    if (!verdict)
        return scan;
    scan.state = bytes_from_text(verdict->state);
    scan.clamd = bytes_from_text(verdict->clamd);
    scan.stopped = verdict->stopped;
    scan.stopped_count = verdict->stopped_count;
    for (size_t i = 0; i < verdict->matches_count; i++) {
        if (verdict->matches[i].clamd)
            scan.signature = verdict->matches[i].rule;
        else
            rules[scan.yara_count++] = verdict->matches[i].rule;
    }
    return scan;
}

void proto_file_close(struct proto_flow *pf, struct proto_file *file, bool complete)
{
    if (!file)
        return;
    struct file_result result;
    struct bytes rules[VERDICT_HITS];
    file_close(file->file, complete, pf->engine->kinds, &result);
    struct record_fileinfo body = {
        .filename = file->name,
        .magic = result.magic,
        .mimetype = result.mime,
        .gaps = result.gaps,
        .state = result.complete ? BYTES("CLOSED") : BYTES("TRUNCATED"),
        .stored = result.stored,
        .size = result.size,
        .tx_id = file->tx_id,
        .direction = file->side == FLOW_CLIENT ? BYTES("to_server") : BYTES("to_client"),
        .scan = scan_of(result.verdict, rules),
    };
    if (result.hashed) {
        body.md5 = bytes_make(result.md5, MD5_BYTES);
        body.sha256 = bytes_make(result.sha256, SHA256_BYTES);
    }
    struct flow_head_room room;
    struct record record = {.type = RECORD_FILEINFO, .body = &body};
    enum flow_side speaker = pf->speaker;
    pf->speaker = file->side; // src_ip is who sent the file, as EVE has it
    head_fill(pf, pf->time_us, UINT64_MAX, &room, &record.head);
    pf->speaker = speaker;
    record.head.app_proto = bytes_from_text(pf->proto ? pf->proto->name : NULL);
    file_news(pf, file, FILE_CLOSED, (struct bytes){NULL, 0}, &body);
    pf->engine->emit(pf->engine->emit_context, &record);
    pf->engine->metrics->file_total++;
    engine_flow_of(pf)->files--;
    arena_release(&file->arena); // it holds the file
}

void proto_engine_keep_files(struct proto_engine *engine, struct file_keep *keep)
{
    engine->keep = keep;
}

void proto_engine_scan_files(struct proto_engine *engine, struct file_scan *scan)
{
    engine->scan = scan;
}
