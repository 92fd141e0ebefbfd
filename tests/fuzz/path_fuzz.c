// SPDX-License-Identifier: Apache-2.0
// Fuzzes the whole path with everything loaded that knows what evil looks like: packets as in
// fuzz_packet go through fragments, flows, rules, parsers, indicators, Sigma, YARA and behaviours;
// hits are copied, settled and become findings, alerts and incidents in JSON, as the main thread
// makes them. What is loaded is ours and fixed: a rule for each kind of test.
#include "base/json.h"
#include "behaviour/behaviour.h"
#include "correlate/correlate.h"
#include "detect/detect.h"
#include "file/file.h"
#include "fuzz.h"
#include "intel/intel.h"
#include "packet_list.h"
#include "path_content.h"
#include "proto/proto.h"
#include "rules/rules.h"
#include "sigma/sigma.h"

// Loaded once.
static struct config config;
static struct rule_set *rules;
static struct intel *intel;
static struct sigma *sigma;
static struct file_rules *yara;
static struct file_scan *scan; // its thread outlives the runs
static struct json line;
static struct pool pool;
static struct metrics metrics;

// One run.
static struct path {
    struct proto_engine *engine;
    struct flow_table *flows;
    struct fragments *fragments;
    struct rules_worker *rules;
    struct sigma_worker *sigma;
    struct rules_ordered *ordered;
    struct intel_state *intel_state;
    struct sigma_state *sigma_state;
    struct looks *looks;
    struct behaviours *behaviours;
    struct findings *findings;
    struct incidents *incidents;
    struct pool hits_pool;
    struct arena hits;
} path;

static void check_line(void)
{
    assert(!line.failed);
    for (size_t i = 0; i < line.len; i++)
        assert((unsigned char)line.data[i] >= 0x20);
}

static void accept(void *, const struct hit *hit)
{
    const struct record_alert *body = findings_add(path.findings, hit);
    assert(body);
    if (hit->quiet)
        return;
    struct record record = {.head = *hit->head, .type = RECORD_ALERT, .body = body};
    json_clear(&line);
    record_write_json(&line, &record);
    check_line();
}

// As the main thread does, at once: there is one worker.
static void take_hit(void *context, const struct hit *hit)
{
    for (size_t i = 0; i < hit->matches_count; i++)
        assert(hit->matches[i].at + (size_t)hit->matches[i].len <= hit->matches[i].data.len);
    struct hit *copy = hit_copy(&path.hits, hit);
    assert(copy);
    struct bytes detector = bytes_from_text(hit->detector);
    if (copy->settle && bytes_start_with(detector, BYTES("rules.")))
        rules_settle(path.ordered, copy, accept, context);
    else if (copy->settle && bytes_start_with(detector, BYTES("sigma.")))
        sigma_settle(path.sigma_state, copy, accept, context);
    else if (!copy->settle || intel_settle(path.intel_state, copy, accept, context))
        accept(context, copy);
}

static void take_record(void *, const struct record *record)
{
    intel_record(intel, record, &metrics, take_hit, NULL);
    sigma_record(path.sigma, record, take_hit, NULL);
    if (record->type == RECORD_FILEINFO)
        file_scan_tell(scan, record, take_hit, NULL);
    behaviours_look(path.looks, record);
    behaviours_watch(path.behaviours, record, behaviours_want(path.looks, record));
    json_clear(&line);
    record_write_json(&line, record);
    check_line();
}

static void take_finding(void *, const struct finding *finding)
{
    assert(incidents_add(path.incidents, finding));
    json_clear(&line);
    finding_write_json(&line, finding);
    check_line();
}

static void take_incident(void *, const struct incident *incident)
{
    json_clear(&line);
    incident_write_json(&line, incident);
    check_line();
}

static void one_packet(void *, const struct packet *packet, uint64_t order)
{
    struct decoded decoded, whole;
    decode_packet(packet, &decoded);
    const struct decoded *one = &decoded;
    if (decoded.anomaly_count)
        rules_worker_packet(path.rules, &decoded);
    if (decoded.kind == DECODE_FRAGMENT) {
        if (!decode_fragment(path.fragments, &decoded, &whole))
            return;
        one = &whole;
    }
    if (one->kind == DECODE_ARP)
        proto_engine_packet(path.engine, one);
    else if (one->kind != DECODE_NOTHING && one->kind != DECODE_FRAGMENT)
        flow_table_packets(path.flows, &one, &order, 1);
    arena_reset(&path.hits);
}

static void no_note(void *, const struct rule_note *note)
{
    fprintf(stderr, "path_content.h:%u: %s\n", note->line, note->what);
    assert(note->trouble == RULE_WARNING);
}

static void load(void)
{
    struct rule_report rule_report = {.tell = no_note};
    struct intel_report intel_report;
    struct sigma_report sigma_report;
    struct file_rules_report yara_report = {.tell = NULL};
    const char *name = path_file(path_indicators, ".txt");
    config = config_defaults;
    config.ndpi.enabled = false;
    config.behaviours.max_hosts = 1'000;
    json_init(&line);
    pool_init(&pool, 0);
    rules = rules_load_text("path_content.h", bytes_from_text(path_rules),
        &(struct rule_options){.config = &config}, &rule_report);
    intel = intel_load(&(struct intel_options){.config = &config, .paths = &name, .paths_count = 1},
        &intel_report);
    unlink(name);
    name = path_file(path_sigma, ".yml");
    sigma = sigma_load(&(struct sigma_options){.config = &config, .paths = &name, .paths_count = 1},
        &sigma_report);
    unlink(name);
    name = path_file(path_yara, ".yar");
    yara = file_rules_load(&name, 1, &yara_report);
    unlink(name);
    scan = yara ? file_scan_create(yara, &config, 1, &metrics) : NULL;
    assert(scan && rules && rules_count(rules) && intel && intel_count(intel) && sigma);
    assert(sigma_count(sigma) && file_rules_count(yara));
    intel_report_finish(&intel_report);
    sigma_report_finish(&sigma_report);
}

static void begin(void)
{
    path =
        (struct path){.engine = proto_engine_create(&config, &pool, &metrics, take_record, NULL)};
    path.flows = flow_table_create(&config, proto_engine_handler(path.engine), &pool, &metrics);
    path.fragments =
        fragments_create(1 << 20, config.defrag.timeout_us * 1000, config.defrag.overlap);
    path.rules = rules_worker_create(&(struct rules_seat){.config = &config,
                                         .pool = &pool,
                                         .metrics = &metrics,
                                         .engine = path.engine,
                                         .sink = take_hit},
        rules);
    path.sigma = sigma_worker_create(sigma);
    path.ordered = rules_ordered_create(&config);
    path.intel_state = intel_state_create(intel);
    path.sigma_state = sigma_state_create(sigma, &config);
    path.looks = looks_create(&config, take_hit, NULL);
    path.behaviours = behaviours_create(&config, &metrics, take_hit, NULL);
    path.findings = findings_create(&config, &metrics, take_finding, NULL);
    path.incidents = incidents_create(&config);
    pool_init(&path.hits_pool, 0);
    arena_init(&path.hits, &path.hits_pool, SIZE_MAX);
    assert(path.engine && path.flows && path.fragments && path.rules && path.sigma);
    assert(path.ordered && path.intel_state && path.sigma_state && path.findings);
    assert(path.looks && path.behaviours && path.incidents);
    flow_table_consumer(path.flows, rules_worker_handler(path.rules));
    proto_engine_scan_files(path.engine, scan);
}

static void end(void)
{
    flow_table_flush(path.flows);
    sigma_settle_end(path.sigma_state, accept, NULL);
    behaviours_end(path.behaviours);
    assert(findings_each(path.findings, FINDINGS_BY_TIME, take_finding, NULL));
    assert(incidents_settle(path.incidents));
    assert(incidents_each(path.incidents, take_incident, NULL));
    rules_worker_destroy(path.rules);
    flow_table_destroy(path.flows);
    proto_engine_destroy(path.engine);
    fragments_destroy(path.fragments);
    sigma_worker_destroy(path.sigma);
    rules_ordered_destroy(path.ordered);
    intel_state_destroy(path.intel_state);
    sigma_state_destroy(path.sigma_state);
    looks_destroy(path.looks);
    behaviours_destroy(path.behaviours);
    findings_destroy(path.findings);
    incidents_destroy(path.incidents);
    arena_reset(&path.hits);
    pool_finish(&path.hits_pool);
    assert(pool.used_bytes == 0);
}

void fuzz_path(const uint8_t *data, size_t size)
{
    if (!rules)
        load();
    begin();
    packet_list_each(bytes_make(data, size), one_packet, NULL);
    end();
}
