// SPDX-License-Identifier: Apache-2.0
// A page, a script or an applet, and a program from one server to one host within minutes: visiting
// was enough. Whoever fetches a program himself clicks on a page, which his browser then names as
// the referrer; an exploit does not, or asks as another client than the one that read the page, or
// gives the program another name. Servers the host has known for longer are none.
#include "base/alloc.h"
#include "base/hash.h"
#include "behaviour/ledger.h"
#include "behaviour/program.h"
#include "behaviour/seat.h"

enum { SOON_US = 300'000'000 };

struct visit_key {
    struct addr client, server;
};

struct visit {
    int64_t first_us, page_us, script_us; // 0: not seen
    uint64_t agent;                       // of the page: hash
    bool told;
};

struct visits {
    const struct seat *seat;
    struct ledger *visits;
};

static void destroy(void *state)
{
    struct visits *v = state;
    ledger_destroy(v->visits);
    base_free(v);
}

static void *create(const struct seat *seat)
{
    struct visits *v = base_calloc(1, sizeof *v);
    if (!v)
        return NULL;
    v->seat = seat;
    v->visits = ledger_create(sizeof(struct visit_key), sizeof(struct visit),
        seat->config->behaviours.max_hosts, seat->metrics);
    if (v->visits)
        return v;
    base_free(v);
    return NULL;
}

static bool is_page(const struct record_http *http)
{
    return bytes_equal_nocase(http->http_content_type, BYTES("text/html"));
}

// What runs in a browser, or in what a browser starts.
static bool is_script(const struct record_http *http)
{
    static const char *const types[] = {"application/javascript", "text/javascript",
        "application/x-javascript", "application/java-archive", "application/x-java-archive",
        "application/x-shockwave-flash", "application/x-silverlight-app", "application/hta",
        "text/vbscript", NULL};
    static const char *const names[] = {"js", "jar", "swf", "xap", "hta", "vbs", "wasm", NULL};
    return program_is_in(types, http->http_content_type) ||
           program_is_in(names, program_extension(http->url));
}

static bool wants(const struct config *, const struct record *record)
{
    const struct record_http *http = record->body;
    if (record->type == RECORD_FILEINFO)
        return bytes_equal(record->head.app_proto, BYTES("http")) && program_is_file(record->body);
    return http->status == 200 && bytes_equal(http->http_method, BYTES("GET")) &&
           (is_page(http) || is_script(http) || program_is_given(http));
}

// The client of an http record is its source, of a file the one it went to.
static struct visit *visit_of(struct visits *v, const struct record *record)
{
    struct visit_key key;
    memset(&key, 0, sizeof key);
    bool is_file = record->type == RECORD_FILEINFO;
    key.client = is_file ? record->head.dest_ip : record->head.src_ip;
    key.server = is_file ? record->head.src_ip : record->head.dest_ip;
    if (!seat_inside(v->seat, &key.client) || seat_inside(v->seat, &key.server))
        return NULL;
    return is_file ? ledger_find(v->visits, &key) : ledger_entry(v->visits, &key);
}

static void tell(
    struct visits *v, const struct record *record, struct visit *visit, struct bytes name)
{
    struct telling telling;
    if (visit->told)
        return;
    visit->told = true;
    telling_begin(&telling, "web.driveby", record, BYTES("chain"));
    telling.hit.began_us = visit->first_us;
    telling.hit.subject_is_dest = record->type == RECORD_FILEINFO;
    telling_text(&telling, "file", name);
    telling_number(&telling, "seconds",
        (uint64_t)(record->head.timestamp - visit->first_us + 999'999) / 1'000'000);
    telling_match(&telling, "http.url", name);
    telling_end(&telling, v->seat);
}

static bool is_chain(const struct visit *visit, int64_t now_us)
{
    return visit->page_us && visit->script_us && now_us - visit->first_us <= SOON_US;
}

static void see_file(struct visits *v, const struct record *record, struct visit *visit)
{
    const struct record_fileinfo *file = record->body;
    bool is_named = program_is_in(program_extensions, program_extension(file->filename));
    if (!is_named && is_chain(visit, record->head.timestamp))
        tell(v, record, visit, file->filename);
}

static void see_answer(struct visits *v, const struct record *record, struct visit *visit)
{
    const struct record_http *http = record->body;
    int64_t now_us = record->head.timestamp;
    uint64_t agent = hash_bytes(http->http_user_agent, 0);
    if (visit->first_us == 0)
        visit->first_us = now_us;
    if (is_page(http)) {
        visit->page_us = now_us;
        visit->agent = agent;
    } else if (is_script(http))
        visit->script_us = now_us;
    else if (is_chain(visit, now_us) && (http->http_refer.len == 0 || agent != visit->agent))
        tell(v, record, visit, http->url);
}

static void record(void *state, const struct record *record)
{
    struct visits *v = state;
    struct visit *visit = visit_of(v, record);
    if (visit && record->type == RECORD_FILEINFO)
        see_file(v, record, visit);
    else if (visit)
        see_answer(v, record, visit);
}

const struct watch driveby_watch = {
    .types = (const enum record_type[]){RECORD_HTTP, RECORD_FILEINFO, RECORD_NONE},
    .wants = wants,
    .create = create,
    .record = record,
    .destroy = destroy,
};
