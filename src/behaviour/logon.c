// SPDX-License-Identifier: Apache-2.0
// Guessing of passwords. logon.def tells what a log-on is in each kind of record; of SSH and Remote
// Desktop, which hide it, the shape of the flow tells. Failures are counted for each pair of hosts,
// and for each source over all its targets: many failures of few accounts are guessing, many
// accounts with few failures each are spraying. A log-on that succeeds afterwards is told at once.
#include "behaviour/logon.h"
#include "base/alloc.h"
#include "behaviour/distinct.h"
#include "behaviour/ledger.h"
#include "behaviour/seat.h"
#include <stdio.h>

enum {
    RULE_BYTES = 48,
    FEW = 3,          // passwords an account is tried with in spraying
    HOSTS = 3,        // targets of a source that are more than one by one
    FORM_WEIGHT = 3,  // an answer of 200 to a form may be a success: so many more are needed
    SSH_SMALL = 120,  // bytes of a message of SSH's log-on; those of the key exchange are longer
    SSH_BEFORE = 4,   // packets of the client before the key exchange is over, at most
    SSH_ANSWERS = 14, // answers to log-ons in one connection, at most
    RDP_LEAST = 500,  // bytes of a server up to where it refuses
    RDP_MOST = 8'000,
    KDC_FAILED = 4771,
    NTLM_CHECKED = 4776,
    LOGON_FAILED = 4625,
    LOGON_DONE = 4624,
};

// ---- what the table asks

#define NOBODY ((struct bytes){NULL, 0})

static bool has_word(struct bytes text, const char *word)
{
    return bytes_find(text, bytes_from_text(word)) != BYTES_NOT_FOUND;
}

static bool is_basic(const struct record_http *http)
{
    return bytes_equal_nocase(http->auth_scheme, BYTES("Basic")) ||
           bytes_equal_nocase(http->auth_scheme, BYTES("Digest"));
}

// A page whose name says that people log on there.
static bool is_form(const struct record_http *http)
{
    struct bytes path = bytes_sub(http->url, 0, bytes_find_byte(http->url, '?'));
    return bytes_equal(http->http_method, BYTES("POST")) && !is_basic(http) &&
           (has_word(path, "login") || has_word(path, "signin") || has_word(path, "logon") ||
               has_word(path, "Login"));
}

static struct bytes pair_of(const struct record_log_event *event, const char *name)
{
    for (size_t i = 0; i < event->event_data.pairs_count; i++)
        if (bytes_equal(event->event_data.pairs[i].name, bytes_from_text(name)))
            return event->event_data.pairs[i].value;
    return NOBODY;
}

static bool is_event(const struct record_log_event *event)
{
    struct bytes status = pair_of(event, "Status");
    switch (event->event_id) {
    case LOGON_DONE:
    case LOGON_FAILED: return true;
    case KDC_FAILED:
    case NTLM_CHECKED: return status.len && !bytes_equal(status, BYTES("0x0"));
    default: return false;
    }
}

static bool is_app(const struct record_head *head, const char *name)
{
    return bytes_equal(head->app_proto, bytes_from_text(name)) ||
           bytes_equal(head->app_proto_orig, bytes_from_text(name));
}

static bool is_rdp(const struct record_head *head)
{
    return is_app(head, "rdp");
}

static bool is_hidden(const struct record_head *head)
{
    return is_rdp(head) || is_app(head, "ssh");
}

// SSH: behind the last long message of the server, which ends the key exchange, it says only what
// is as short as a refusal. The first answer accepts the service (RFC 4253 section 10).
static unsigned ssh_failures(const struct record_flow *flow)
{
    unsigned before = 0, asked = 0, answers = 0;
    for (size_t i = 0; i < flow->packet_lengths_count; i++) {
        int64_t length = flow->packet_lengths[i];
        asked += length > 0;
        answers += length < 0;
        if (length < -SSH_SMALL) {
            before = asked;
            answers = 0;
        }
    }
    bool known = before > 0 && before <= SSH_BEFORE && answers <= SSH_ANSWERS;
    return known && answers > 1 ? answers - 1 : 0;
}

static unsigned hidden_failures(const struct record_flow *flow, bool rdp)
{
    if (!rdp)
        return ssh_failures(flow);
    return flow->payload_toclient >= RDP_LEAST && flow->payload_toclient <= RDP_MOST;
}

static bool hidden_success(const struct record_flow *flow)
{
    return flow->payload_toclient > 2 * RDP_MOST;
}

#define IS(field, word)     bytes_equal(r->field, BYTES(word))
#define STARTS(field, word) bytes_start_with(r->field, BYTES(word))

bool logon_read(const struct record *record, struct logon_attempt *a)
{
    switch (record->type) {
#define LOGON(name, TYPE, called, when, who, failed, succeeded)                                    \
    case RECORD_##TYPE: {                                                                          \
        const struct record_##name *r = record->body;                                              \
        if (!(when))                                                                               \
            return false;                                                                          \
        *a = (struct logon_attempt){called, who, (unsigned)(failed), succeeded};                   \
        return true;                                                                               \
    }
#include "behaviour/logon.def"
#undef LOGON
    default: return false;
    }
}

const enum record_type logon_types[] = {
#define LOGON(name, TYPE, called, when, who, failed, succeeded) RECORD_##TYPE,
#include "behaviour/logon.def"
#undef LOGON
    RECORD_NONE};

// ---- what is counted

struct logon_key {
    struct addr source, target; // target: none when all of the source's are meant
    char service[12];
};

struct logon_tally {
    struct distinct accounts, targets; // of failures, or of what has no answer
    uint32_t failures, successes;
    uint32_t told; // failures, or accounts, at the last hit
    bool opened;   // a success behind them was told
    int64_t first_us, last_us;
};

struct logon {
    const struct seat *seat;
    struct ledger *tallies;
};

static void *create(const struct seat *seat)
{
    struct logon *l = base_calloc(1, sizeof *l);
    if (!l)
        return NULL;
    l->seat = seat;
    l->tallies = ledger_create_of_sets(sizeof(struct logon_key), sizeof(struct logon_tally), 2,
        seat->config->behaviours.max_hosts, seat->metrics);
    if (l->tallies)
        return l;
    base_free(l);
    return NULL;
}

static void destroy(void *state)
{
    struct logon *l = state;
    ledger_destroy(l->tallies);
    base_free(l);
}

static bool wants(const struct config *, const struct record *record)
{
    struct logon_attempt attempt;
    return logon_read(record, &attempt);
}

static struct logon_tally *tally_of(struct logon *l, const struct logon_key *key, int64_t now_us)
{
    struct logon_tally *tally = ledger_entry(l->tallies, key);
    if (!tally)
        return NULL;
    int64_t window_us = (int64_t)l->seat->config->behaviours.logon.window_us;
    if (tally->last_us && now_us - tally->last_us > window_us)
        ledger_clear(l->tallies, tally);
    if (tally->last_us == 0)
        tally->first_us = now_us;
    tally->last_us = now_us;
    return tally;
}

// Its kind, and what grew since it was told last; NULL: it is nothing yet, or nothing new.
static const char *judge(
    const struct logon *l, const struct logon_tally *t, const char *service, uint32_t *size)
{
    uint32_t most = (uint32_t)l->seat->config->behaviours.logon.failures;
    uint32_t accounts = distinct_count(&t->accounts);
    bool http = strcmp(service, "HTTP") == 0;
    const char *kind = NULL;
    if (t->successes * 2 > t->failures && t->failures > 0)
        return NULL; // a gateway for many people
    *size = t->failures;
    if (accounts >= l->seat->config->behaviours.logon.accounts && t->failures <= FEW * accounts)
        kind = http ? "stuffing" : "spraying";
    else if (t->failures >= most * (http ? FORM_WEIGHT : 1))
        kind = "guessing";
    if (kind && accounts > *size)
        *size = accounts; // without answers
    return kind && *size >= 2 * t->told ? kind : NULL;
}

static void tell(struct logon *l, const struct record *record, const struct logon_key *key,
    const struct logon_tally *tally, const char *kind, struct bytes opened)
{
    struct telling telling;
    char rule[RULE_BYTES];
    telling_begin(&telling, "logon.guessing", record, bytes_from_text(kind));
    telling.head.src_ip = key->source;
    if (key->target.version == 0)
        telling_of_source(&telling);
    int len = snprintf(rule, sizeof rule, "%s %s", kind, key->service);
    telling.hit.rule = bytes_make(rule, (size_t)len);
    telling.hit.began_us = tally->first_us;
    telling_text(&telling, "service", bytes_from_text(key->service));
    telling_number(&telling, "failures", tally->failures);
    telling_number(&telling, "accounts", distinct_count(&tally->accounts));
    telling_number(&telling, "targets", distinct_count(&tally->targets));
    telling_number(&telling, "minutes",
        (uint64_t)(tally->last_us - tally->first_us + 59'999'999) / 60'000'000);
    if (opened.data) {
        telling_text(&telling, "opened", opened);
        telling.hit.as_detector = false;
        telling.hit.severity = SEVERITY_HIGH;
    }
    telling_end(&telling, l->seat);
}

static void count(struct logon *l, const struct record *record, const struct logon_attempt *a,
    const struct logon_key *key)
{
    struct logon_tally *t = tally_of(l, key, record->head.timestamp);
    if (!t)
        return;
    t->failures += a->failures;
    t->successes += a->success;
    if (!a->success && a->account.len)
        distinct_add(&t->accounts, a->account);
    if (a->failures)
        distinct_add(&t->targets, bytes_make(&record->head.dest_ip, sizeof record->head.dest_ip));
    if (key->target.version == 0 && distinct_count(&t->targets) < HOSTS)
        return;
    uint32_t size = 0;
    const char *kind = judge(l, t, key->service, &size);
    bool opens = a->success && t->told && !t->opened;
    if (!kind && !opens)
        return;
    if (kind)
        t->told = size;
    t->opened |= opens;
    struct bytes account = a->account.len ? a->account : BYTES("?");
    tell(l, record, key, t, kind ? kind : "guessing", opens ? account : NOBODY);
}

static void record(void *state, const struct record *record)
{
    struct logon *l = state;
    struct logon_attempt attempt;
    struct logon_key key;
    if (!logon_read(record, &attempt))
        return;
    memset(&key, 0, sizeof key);
    key.source = record->head.src_ip;
    key.target = record->head.dest_ip;
    if (record->type == RECORD_LOG_EVENT &&
        !addr_parse(pair_of(record->body, "IpAddress"), &key.source))
        return;
    snprintf(key.service, sizeof key.service, "%s", attempt.service);
    if (key.target.version)
        count(l, record, &attempt, &key);
    key.target = (struct addr){.version = 0};
    count(l, record, &attempt, &key);
}

const struct watch logon_watch = {
    .types = logon_types,
    .wants = wants,
    .create = create,
    .record = record,
    .destroy = destroy,
};
