// SPDX-License-Identifier: Apache-2.0
// Searching a network: one host tries many others at one port, or one other at many ports, and
// mostly nothing is said. A client that talks to many servers has answers; a scanner has silence,
// resets and connections that carry nothing. Slow scans are found by the same counts, which are
// kept for scan.window after they were touched last.
#include "base/alloc.h"
#include "behaviour/distinct.h"
#include "behaviour/ledger.h"
#include "behaviour/seat.h"
#include <stdio.h>

enum {
    OUTSIDE_PORTS = 1024, // outside, ports from here on are mostly programs that share files
    RULE_BYTES = 32,
};

// Who tries: many hosts at a port, or many ports of a host.
struct scan_key {
    struct addr source, target; // target: none when hosts are counted
    uint16_t port;              // 0 when ports are
    uint8_t proto;              // 'T', 'U', 'P'ing, 'A'RP
};

struct scan_tally {
    struct distinct silent; // hosts or ports that said nothing
    uint32_t talked;        // flows in which something was said
    uint32_t told;          // count of the last hit
    int64_t first_us, last_us;
};

struct scan {
    const struct seat *seat;
    struct ledger *tallies;
};

static void *create(const struct seat *seat)
{
    struct scan *s = base_calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->seat = seat;
    s->tallies = ledger_create_of_sets(sizeof(struct scan_key), sizeof(struct scan_tally), 1,
        seat->config->behaviours.max_hosts, seat->metrics);
    if (s->tallies)
        return s;
    base_free(s);
    return NULL;
}

static void destroy(void *state)
{
    struct scan *s = state;
    ledger_destroy(s->tallies);
    base_free(s);
}

static bool is_proto(const struct record *record, const char *name)
{
    return bytes_equal(record->head.proto, bytes_from_text(name));
}

// Did anybody say anything? ICMP is judged by being asked alone.
static bool is_silent(const struct record *record)
{
    const struct record_flow *flow = record->body;
    if (is_proto(record, "TCP"))
        return flow->payload_toserver == 0 && flow->payload_toclient == 0;
    return flow->pkts_toclient == 0;
}

static bool wants(const struct config *, const struct record *record)
{
    const struct record_arp *arp = record->body;
    if (record->type == RECORD_ARP)
        return bytes_equal(arp->opcode, BYTES("request")) && !arp->gratuitous && !arp->probe;
    const struct record_flow *flow = record->body;
    const struct record_head *head = &record->head;
    if (flow->midstream || addr_is_group(&head->dest_ip) || addr_is_group(&head->src_ip))
        return false;
    bool ping = head->has_icmp_type && (head->icmp_type == 8 || head->icmp_type == 128);
    return ping || (head->has_dest_port && (is_proto(record, "TCP") || is_proto(record, "UDP")));
}

static bool forgets(const struct scan *s, const struct scan_tally *tally, int64_t now_us)
{
    return now_us - tally->last_us > (int64_t)s->seat->config->behaviours.scan.window_us;
}

// Answers count only where something was silent before: most hosts never need a tally.
static struct scan_tally *tally_of(
    struct scan *s, const struct scan_key *key, int64_t now_us, bool silent)
{
    struct scan_tally *tally =
        silent ? ledger_entry(s->tallies, key) : ledger_touch(s->tallies, key);
    if (!tally)
        return NULL;
    if (tally->last_us && forgets(s, tally, now_us))
        ledger_clear(s->tallies, tally);
    if (tally->last_us == 0)
        tally->first_us = now_us;
    tally->last_us = now_us;
    return tally;
}

// At the threshold, and each time there are twice as many.
static bool is_due(struct scan_tally *tally, uint32_t threshold)
{
    uint32_t count = distinct_count(&tally->silent);
    if (count < threshold || count < 2 * tally->told || tally->talked > count / 2)
        return false;
    tally->told = count;
    return true;
}

static void tell(struct scan *s, const struct record *record, const struct scan_key *key,
    const struct scan_tally *tally, const char *kind)
{
    struct telling telling;
    char rule[RULE_BYTES];
    telling_begin(&telling, "scan.network", record, bytes_from_text(kind));
    if (key->target.version == 0)
        telling_of_source(&telling);
    int len = key->port ? snprintf(rule, sizeof rule, "%s %u/%s", kind, key->port,
                              key->proto == 'T' ? "tcp" : "udp")
                        : snprintf(rule, sizeof rule, "%s", kind);
    telling.hit.rule = bytes_make(rule, (size_t)len);
    telling.hit.began_us = tally->first_us;
    telling_number(&telling, "tried", distinct_count(&tally->silent));
    if (key->port)
        telling_number(&telling, "at_port", key->port);
    telling_number(&telling, "minutes",
        (uint64_t)(tally->last_us - tally->first_us + 59'999'999) / 60'000'000);
    telling_end(&telling, s->seat);
}

static void count_hosts(
    struct scan *s, const struct record *record, const struct addr *target, bool silent, uint8_t as)
{
    const struct record_head *head = &record->head;
    uint32_t threshold = (uint32_t)s->seat->config->behaviours.scan.hosts;
    struct scan_key key;
    memset(&key, 0, sizeof key);
    key.source = head->src_ip;
    key.proto = as;
    key.port = as == 'T' || as == 'U' ? head->dest_port : 0;
    struct scan_tally *tally = tally_of(s, &key, head->timestamp, silent);
    if (!tally)
        return;
    if (!silent)
        tally->talked++;
    else if (distinct_add(&tally->silent, bytes_make(target, sizeof *target)) &&
             is_due(tally, as == 'A' ? 2 * threshold : threshold))
        tell(s, record, &key, tally, as == 'A' ? "arp" : as == 'P' ? "ping" : "hosts");
}

static void count_ports(struct scan *s, const struct record *record, bool silent, uint8_t as)
{
    const struct record_head *head = &record->head;
    struct scan_key key;
    memset(&key, 0, sizeof key);
    key.source = head->src_ip;
    key.target = head->dest_ip;
    key.proto = as;
    struct scan_tally *tally = tally_of(s, &key, head->timestamp, silent);
    if (!tally)
        return;
    if (!silent)
        tally->talked++;
    else if (distinct_add(&tally->silent, bytes_make(&head->dest_port, sizeof head->dest_port)) &&
             is_due(tally, (uint32_t)s->seat->config->behaviours.scan.ports))
        tell(s, record, &key, tally, "ports");
}

static void take_flow(struct scan *s, const struct record *record)
{
    const struct record_head *head = &record->head;
    if (head->has_icmp_type) {
        count_hosts(s, record, &head->dest_ip, true, 'P');
        return;
    }
    uint8_t as = is_proto(record, "TCP") ? 'T' : 'U';
    bool silent = is_silent(record);
    if (head->dest_port < OUTSIDE_PORTS || seat_inside(s->seat, &head->dest_ip))
        count_hosts(s, record, &head->dest_ip, silent, as);
    count_ports(s, record, silent, as);
}

static void record(void *state, const struct record *record)
{
    const struct record_arp *arp = record->body;
    if (record->type == RECORD_ARP)
        count_hosts(state, record, &arp->dest_ip, true, 'A');
    else
        take_flow(state, record);
}

const struct watch scan_watch = {
    .types = (const enum record_type[]){RECORD_FLOW, RECORD_ARP, RECORD_NONE},
    .wants = wants,
    .create = create,
    .record = record,
    .destroy = destroy,
};
