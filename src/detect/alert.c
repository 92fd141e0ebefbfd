// SPDX-License-Identifier: Apache-2.0
// A hit as EVE's alert. What is no rule of Suricata's language gets numbers and words of its own,
// so that whoever counts by signature_id or category finds them.
#include "base/hash.h"
#include "detect/internal.h"
#include "detect/words.h"
#include <stdio.h>

enum { OWN_GID = 200 };

static const uint8_t priorities[] = {4, 3, 2, 1}; // by enum severity

// The same number for the same rule of the same detector, ever.
static uint32_t own_id(const struct hit *hit)
{
    uint64_t hash = hash_bytes(bytes_from_text(hit->detector), 0);
    uint32_t id = (uint32_t)(hash_bytes(hit->rule, hash) & 0x7fff'ffff);
    return id ? id : 1;
}

static void fill_lists(const struct hit *hit, struct alert_room *out)
{
    for (size_t i = 0; i < hit->matches_count; i++) {
        const struct hit_match *m = &hit->matches[i];
        bool text = words_is_text(m->data);
        out->matches[i] = (struct record_alert_match){.where = m->where,
            .text = text ? m->data : (struct bytes){NULL, 0},
            .hex = text ? (struct bytes){NULL, 0} : m->data,
            .offset = m->at,
            .length = m->len};
    }
    for (size_t i = 0; i < hit->sources_count; i++) {
        const struct hit_source *s = &hit->sources[i];
        out->sources[i] = (struct record_alert_source){.name = s->name,
            .says = s->says,
            .has_confidence = s->confidence > 0,
            .confidence = s->confidence,
            .tlp = s->tlp.len ? s->tlp : (struct bytes){NULL, 0}};
    }
}

// The title of a detector that is no rule, in English.
static struct bytes title_of(const struct config *config, const struct hit *hit,
    const struct assessment *a, struct arena *arena)
{
    struct kept k = {.detector = detector_of(a),
        .its = a->its,
        .detector_id = hit->detector,
        .rule = hit->rule,
        .title = hit->title,
        .kind = a->kind,
        .host = hit->host};
    struct finding whole;
    k.app_proto = hit->head->app_proto;
    k.subject = a->swapped ? hit->head->dest_ip : hit->head->src_ip;
    k.peer = a->swapped ? hit->head->src_ip : hit->head->dest_ip;
    k.first_us = k.last_us = hit->head->timestamp;
    k.count = 1;
    k.severity = a->severity;
    k.phase = a->phase;
    for (size_t i = 0; i < hit->matches_count && i < FINDING_MATCHES; i++)
        k.matches[k.matches_count++] = hit->matches[i];
    for (size_t i = 0; i < hit->sources_count; i++)
        k.sources[k.sources_count++] = hit->sources[i];
    finding_fill(config, &k, arena, &whole);
    return whole.title.en;
}

// Source and destination of the alert are those of what matched; of the flow, client and server.
static void fill_flow(
    const struct hit *hit, const struct hit_alert *said, struct record_alert *body)
{
    const struct record_head *h = hit->head;
    if (!said->has_flow)
        return;
    body->direction = said->to_client ? BYTES("to_client") : BYTES("to_server");
    body->has_flow = true;
    body->flow.pkts_toserver = said->packets[0];
    body->flow.pkts_toclient = said->packets[1];
    body->flow.bytes_toserver = said->bytes[0];
    body->flow.bytes_toclient = said->bytes[1];
    body->flow.start = said->start_us;
    body->flow.src_ip = said->to_client ? h->dest_ip : h->src_ip;
    body->flow.dest_ip = said->to_client ? h->src_ip : h->dest_ip;
    body->flow.has_src_port = body->flow.has_dest_port = h->has_src_port;
    body->flow.src_port = said->to_client ? h->dest_port : h->src_port;
    body->flow.dest_port = said->to_client ? h->src_port : h->dest_port;
}

enum bits_kind { BITS_PLAIN, BITS_ID, BITS_LABEL };

// Flow bits speak for themselves, or say what the flow is: traffic/id/NAME, traffic/label/NAME.
static void fill_bits(const struct hit_alert *said, struct alert_room *out)
{
    static const struct bytes prefix[] = {
        [BITS_ID] = BYTES("traffic/id/"), [BITS_LABEL] = BYTES("traffic/label/")};
    size_t count[3] = {0};
    for (size_t i = 0; i < said->bits_count; i++) {
        enum bits_kind kind = BITS_LABEL;
        while (kind > BITS_PLAIN && !bytes_start_with(said->bits[i], prefix[kind]))
            kind--;
        out->bits[kind][count[kind]++] = bytes_from(said->bits[i], prefix[kind].len);
    }
    struct record_alert *body = &out->body;
    body->flow_bits.flowbits = out->bits[BITS_PLAIN];
    body->flow_bits.flowbits_count = count[BITS_PLAIN];
    body->traffic.id = out->bits[BITS_ID];
    body->traffic.id_count = count[BITS_ID];
    body->traffic.label = out->bits[BITS_LABEL];
    body->traffic.label_count = count[BITS_LABEL];
}

static void fill_variables(const struct hit_alert *said, struct alert_room *out)
{
    for (int of = 0; of < 2; of++)
        for (size_t i = 0; i < said->variables_count[of]; i++)
            out->variables[of][i] = (struct record_alert_variable){&said->variables[of][i], 1};
    out->body.flow_bits.flowvars = out->variables[0];
    out->body.flow_bits.flowvars_count = said->variables_count[0];
    out->body.flow_bits.pktvars = out->variables[1];
    out->body.flow_bits.pktvars_count = said->variables_count[1];
}

// The proxy nearest to the server wrote the last one.
static struct bytes last_address(struct bytes list)
{
    const uint8_t *comma = list.len ? memrchr(list.data, ',', list.len) : NULL;
    struct bytes last = comma ? bytes_from(list, (size_t)(comma - list.data) + 1) : list;
    return bytes_trim(last);
}

static void fill_said(
    const struct hit *hit, const struct hit_alert *said, struct record_alert *body)
{
    body->gid = said->gid;
    body->signature_id = said->signature_id;
    body->rev = said->rev;
    body->severity = said->priority;
    body->action = said->action.len ? said->action : BYTES("allowed");
    body->engine = said->engine;
    if (said->verdict.len)
        body->verdict.action = said->verdict;
    struct bytes title = said->signature.data ? said->signature : hit->title;
    body->signature = title.data ? title : BYTES("");
    body->category = said->category.data ? said->category : BYTES("");
    body->xff = last_address(said->xff);
    body->metadata.pairs = said->metadata;
    body->metadata.pairs_count = said->metadata_count;
    fill_flow(hit, said, body);
}

void alert_fill(const struct config *config, const struct hit *hit, const struct assessment *a,
    const char *finding, struct arena *arena, struct alert_room *out)
{
    struct record_alert *body = &out->body;
    memcpy(out->techniques, a->techniques, sizeof out->techniques);
    *body = (struct record_alert){
        .finding = {.id = bytes_from_text(finding),
            .detector = bytes_from_text(hit->detector),
            .rule = hit->rule,
            .phase = a->phase ? bytes_from_text(phase_words[a->phase].id) : (struct bytes){NULL, 0},
            .techniques = out->techniques,
            .techniques_count = a->techniques_count,
            .has_certainty = true,
            .certainty = a->certainty,
            .matches = out->matches,
            .matches_count = hit->matches_count,
            .sources = out->sources,
            .sources_count = hit->sources_count},
        .verdict.action = BYTES("alert"),
    };
    fill_lists(hit, out);
    alert_fill_packet(hit, arena, body);
    if (hit->alert) {
        fill_said(hit, hit->alert, body);
        fill_bits(hit->alert, out);
        fill_variables(hit->alert, out);
        return;
    }
    body->action = BYTES("allowed");
    body->gid = OWN_GID;
    body->signature_id = own_id(hit);
    body->rev = 1;
    body->severity = priorities[a->severity];
    body->signature = title_of(config, hit, a, arena);
    body->category = bytes_from_text(detector_of(a)->texts[DETECTOR_NAME][LANG_EN]);
}

static enum phase phase_named(struct bytes id)
{
    for (int phase = PHASE_INTELLIGENCE_GATHERING; phase <= PHASE_DATA_EXFILTRATION; phase++)
        if (bytes_equal(id, bytes_from_text(phase_words[phase].id)))
            return (enum phase)phase;
    return PHASE_NONE;
}

static enum severity severity_named(uint8_t priority)
{
    for (int severity = SEVERITY_HIGH; severity > SEVERITY_INFO; severity--)
        if (priority == priorities[severity])
            return (enum severity)severity;
    return SEVERITY_INFO;
}

static void read_lists(const struct record_alert *body, struct hit *hit)
{
    for (size_t i = 0; i < body->finding.techniques_count && i < HIT_TECHNIQUES; i++)
        hit->techniques[hit->techniques_count++] = body->finding.techniques[i];
    for (size_t i = 0; i < body->finding.matches_count && i < HIT_MATCHES; i++) {
        const struct record_alert_match *m = &body->finding.matches[i];
        hit->matches[hit->matches_count++] =
            (struct hit_match){m->where, m->hex.data ? m->hex : m->text, m->offset, m->length};
    }
    for (size_t i = 0; i < body->finding.sources_count && i < HIT_SOURCES; i++) {
        const struct record_alert_source *s = &body->finding.sources[i];
        hit->sources[hit->sources_count++] =
            (struct hit_source){s->name, s->says, s->has_confidence ? s->confidence : 0, s->tlp};
    }
}

// One of Suricata's, or of a rule of ours.
static void read_said(const struct record_alert *body, struct hit_alert *said)
{
    *said = (struct hit_alert){.gid = body->gid,
        .signature_id = body->signature_id,
        .rev = body->rev,
        .priority = body->severity,
        .action = body->action,
        .signature = body->signature,
        .category = body->category,
        .metadata = body->metadata.pairs,
        .metadata_count = body->metadata.pairs_count};
}

void findings_hit_of_alert(
    const struct record *record, struct hit *hit, struct hit_alert *said, char rule[FINDINGS_RULE])
{
    const struct record_alert *body = record->body;
    const struct detector *detector = detector_find(body->finding.detector);
    bool own = detector && body->gid == OWN_GID;
    snprintf(rule, FINDINGS_RULE, "%u:%u", body->gid, body->signature_id);
    *hit = (struct hit){.detector = detector ? detector->id : "rules.suricata",
        .rule = body->finding.rule.len ? body->finding.rule : bytes_from_text(rule),
        .title = body->signature,
        .severity = severity_named(body->severity),
        .certainty = body->finding.has_certainty ? body->finding.certainty : 0,
        .phase = phase_named(body->finding.phase),
        .head = &record->head,
        .record = RECORD_ALERT};
    read_lists(body, hit);
    read_said(body, said);
    hit->alert = own ? NULL : said;
}
