// SPDX-License-Identifier: Apache-2.0
// A match as a hit: what EVE's alert says of it, and what findings need.
#include "rules/inspect.h"
#include <stdio.h>

static enum severity severity_of(uint8_t priority)
{
    return priority <= 1   ? SEVERITY_HIGH
           : priority == 2 ? SEVERITY_MEDIUM
           : priority == 3 ? SEVERITY_LOW
                           : SEVERITY_INFO;
}

static void techniques_fill(const struct rule_said *said, struct hit *hit)
{
    for (uint16_t i = 0; i < said->metadata_count; i++) {
        const struct json_pair *pair = &said->metadata[i];
        bool technique = bytes_equal(pair->name, BYTES("mitre_technique_id"));
        if (technique && hit->techniques_count < HIT_TECHNIQUES)
            hit->techniques[hit->techniques_count++] = pair->value;
    }
}

// Its transaction's number; UINT64_MAX: it is about none.
static uint64_t tx_of(const struct inspection *in)
{
    if (in->world != WORLD_TX)
        return UINT64_MAX;
    if (in->file)
        return in->file->tx_id;
    if (in->record && in->record->head.has_tx_id)
        return in->record->head.tx_id;
    if (in->tx)
        return in->tx->id;
    return in->frame ? in->frame->is.tx_id : UINT64_MAX;
}

static void head_of(struct inspection *in, struct flow_head_room *room, struct record_head *head)
{
    if (!in->flow) {
        flow_packet_head(in->packet, room, head);
        return;
    }
    flow_head(in->flow, in->time_us, room, head);
    if (in->side == FLOW_SERVER)
        flow_head_turn(head);
    head->app_proto = bytes_from_text(in->flow->app_proto);
    if (in->packet && (in->packet->kind == DECODE_ICMP || in->packet->kind == DECODE_ICMPV6)) {
        head->icmp_type = (uint8_t)in->packet->src_port; // its own, not the flow's first
        head->icmp_code = (uint8_t)in->packet->dst_port;
    }
    head->tx_id = tx_of(in);
    head->has_tx_id = head->tx_id < PROTO_TX_NEXT;
}

// Of the side's stream what is still there, as much of its end as an alert takes.
static struct bytes window_end(const struct inspection *in)
{
    const struct rule_window *window = &in->state->window[in->side];
    size_t most = in->worker->config->findings.evidence_bytes;
    size_t len = window->len < most ? window->len : most;
    return len ? bytes_make(&window->data[window->len - len], len) : (struct bytes){NULL, 0};
}

// Names of the flow's bits, as far as this rule set knows them.
static void bits_fill(const struct inspection *in, struct hit_alert *alert)
{
    const struct rule_set *set = in->worker->set;
    const uint64_t *ids = in->worker->plan->bit_ids;
    if (!in->state || in->state->bits_count == 0)
        return;
    for (uint32_t i = 0; i < set->names_count[RULE_NAMES_BITS]; i++)
        if (alert->bits_count < HIT_BITS && rule_flow_bit(in->state, ids[i]))
            alert->bits[alert->bits_count++] = set->names[RULE_NAMES_BITS][i];
}

_Static_assert((int)HIT_VARIABLES >= (int)RULE_PCRE_CAPTURES, "a rule's captures fit");

// Texts that the rule's pcre captured.
static void variables_fill(const struct inspection *in, struct hit_alert *alert)
{
    const struct rule_captured *captured;
    size_t count = rule_match_captured(in->worker->scratch, &captured);
    for (size_t i = 0; i < count; i++) {
        int of = captured[i].of_packet;
        alert->variables[of][alert->variables_count[of]++] = (struct json_pair){
            in->worker->set->names[RULE_NAMES_VARS][captured[i].name], captured[i].value};
    }
}

static void flow_fill(const struct inspection *in, struct hit_alert *alert)
{
    const struct flow *flow = in->flow;
    if (!flow)
        return;
    alert->has_flow = true;
    alert->has_stream = in->world != WORLD_PACKET && flow->ip_proto == PROTO_TCP;
    if (alert->has_stream && in->state)
        alert->stream = window_end(in);
    alert->to_client = in->side == FLOW_SERVER;
    for (int side = 0; side < 2; side++) {
        alert->packets[side] = flow->packets[side];
        alert->bytes[side] = flow->bytes[side];
    }
    alert->start_us = flow->first_us;
    bits_fill(in, alert);
}

// EVE's "files": the record of the file that is looked at, as far as it came.
static void files_write(const struct proto_file_news *file, bool storing, struct json *out)
{
    static const struct bytes key = BYTES("\"fileinfo\":");
    struct record_fileinfo told = {
        .filename = file->name, .state = BYTES("UNKNOWN"), .tx_id = file->tx_id};
    struct record record = {.type = RECORD_FILEINFO, .body = &told};
    if (file->info)
        told = *file->info;
    told.storing = storing;
    struct json whole;
    json_init(&whole);
    record_write_body(&whole, &record);
    if (!whole.failed && whole.len > key.len) {
        JSON_KEY(out, "files");
        json_open(out, '[');
        json_raw(out, &whole.data[key.len], whole.len - key.len);
        json_close(out, ']');
    }
    json_finish(&whole);
}

static void show_record(struct inspection *in, const struct record *record)
{
    const struct record_http *http = record->type == RECORD_HTTP ? record->body : NULL;
    record_write_body(&in->worker->shown, record);
    if (http)
        in->xff = http->xff;
}

// Members of the record, or of what it would say now, for who reads the alert alone. Written when
// the first rule matches here.
static struct bytes shown_of(struct inspection *in, const struct rule *rule)
{
    struct json *out = &in->worker->shown;
    const struct proto *proto = in->pf ? in->pf->proto : NULL;
    struct record draft = {.type = RECORD_NONE};
    if (rule->filestore && !in->storing) {
        in->storing = true;
        in->shown = false;
    }
    if (in->shown)
        return bytes_make(out->data, out->len);
    in->shown = true;
    json_clear(out);
    if (in->frame)
        inspect_frame_write(out, in);
    if (in->record)
        show_record(in, in->record);
    if (proto && proto->draft)
        draft.body = proto->draft(in->pf, tx_of(in), &draft.type);
    if (draft.body && (!in->record || in->record->type != draft.type)) // DNS in HTTP/2: both
        show_record(in, &draft);
    if (in->file)
        files_write(in->file, in->storing, out);
    return out->failed ? (struct bytes){NULL, 0} : bytes_make(out->data, out->len);
}

// We forward nothing: what would have blocked, had it been asked.
static bool is_blocking(const struct rule *rule)
{
    return rule->action == RULE_REJECT || rule->action == RULE_DROP;
}

static struct bytes verdict_of(const struct rule *rule)
{
    if (is_blocking(rule))
        return BYTES("drop");
    return rule->action == RULE_PASS ? BYTES("pass") : BYTES("alert");
}

void inspect_hit(struct inspection *in, const struct rule *rule)
{
    struct rules_worker *w = in->worker;
    struct flow_head_room room;
    struct record_head head = {0};
    char name[32];
    struct bytes questions = rule_match_deferred(w->scratch);
    bool settles = w->plan->roles[rule->index].settles || w->plan->suppresses || questions.len > 0;
    const struct rule_said *said = rule->said;
    int n = snprintf(name, sizeof name, "%u:%u", rule->gid, rule->sid);
    struct hit_alert alert = {
        .gid = rule->gid,
        .signature_id = rule->sid,
        .rev = rule->rev,
        .priority = rule->priority,
        .action = is_blocking(rule) ? BYTES("blocked") : BYTES("allowed"),
        .verdict = verdict_of(rule),
        .engine = rule->firewall ? BYTES("fw") : (struct bytes){NULL, 0},
        .signature = said->msg,
        .category = said->category,
        .metadata = said->metadata,
        .metadata_count = said->metadata_count,
    };
    struct hit hit = {
        .detector = "rules.suricata",
        .rule = bytes_make(name, (size_t)n),
        .title = said->msg,
        .severity = severity_of(rule->priority),
        .certainty = 60,
        .head = &head,
        .record = in->record ? in->record->type : RECORD_NONE,
        .subject_is_dest = rule->target == TARGET_DEST,
        .alert = &alert,
        .settle = settles ? &w->plan->settled[rule->index] : NULL,
        .settle_more = questions,
    };
    head_of(in, &room, &head);
    flow_fill(in, &alert);
    variables_fill(in, &alert);
    hit.shown = shown_of(in, rule);
    alert.xff = in->xff;
    techniques_fill(said, &hit);
    hit.matches_count = rule_match_said(w->scratch, hit.matches, HIT_MATCHES);
    w->metrics->rules_hits++;
    w->sink(w->sink_context, &hit);
}
