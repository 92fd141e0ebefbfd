// SPDX-License-Identifier: Apache-2.0
// Attacks on web applications: a request is read as a server reads it (web_text.c), then held
// against the patterns of content/web_attacks.yaml. Each pattern found adds its score; the kind
// with most of it names the attack. What the server answered tells how far it came.
#include "base/alloc.h"
#include "base/hash.h"
#include "behaviour/seat.h"
#include "behaviour/web_match.h"
#include "behaviour/web_text.h"

enum { FOUND = 16, URL_BYTES = 8192, PLAIN = 16 * 1024 };

struct web {
    struct web_matcher *matcher;
    struct web_text text;
    struct web_found found[FOUND]; // in this request
    size_t count;
    uint64_t seed, plain[PLAIN]; // hashes of lines in which nothing was found
};

static void destroy(void *state)
{
    struct web *web = state;
    web_matcher_destroy(web->matcher);
    base_free(web);
}

static void *create(void)
{
    struct web *web = base_calloc(1, sizeof *web);
    if (!web)
        return NULL;
    web->seed = hash_seed();
    web->matcher = web_matcher_create();
    if (web->matcher)
        return web;
    base_free(web);
    return NULL;
}

// ---- the request as lines

static void match(struct web *web, uint8_t place, struct bytes line)
{
    web->count += web_match(web->matcher, place, line, &web->found[web->count], FOUND - web->count);
}

// Most lines were seen before, in other requests: what held nothing then is not read again.
static void add(
    struct web *web, uint8_t place, struct bytes name, struct bytes value, enum web_writing writing)
{
    struct web_text *text = &web->text;
    size_t before = text->len;
    if (!web_text_take(text, name, &value))
        return;
    uint64_t hash = hash_bytes(value, web->seed ^ (place | name.len << 8 | (size_t)writing << 16));
    uint64_t *plain = &web->plain[hash % PLAIN];
    if (*plain == hash)
        return;
    struct bytes line = web_text_add(text, name, value, writing);
    struct bytes shell = web_text_for_shell(text, line);
    match(web, place, line);
    if (shell.len)
        match(web, place | WEB_SHELL, shell);
    if (web->count)
        return; // matches point into the text; patterns found once are not looked for again
    text->len = before;
    *plain = hash;
}

// NAME=VALUE&NAME=VALUE: a line each. A character reference is no border.
static void add_parameters(struct web *web, uint8_t place, struct bytes list)
{
    size_t at = 0;
    while (at < list.len) {
        size_t end = at;
        while (end < list.len && (list.data[end] != '&' || bytes_at(list, end + 1) == '#'))
            end++;
        struct bytes none = {NULL, 0}, one = bytes_sub(list, at, end - at);
        add(web, place, none, one, WEB_FORM);
        at = end + 1;
    }
}

static void add_url(struct web *web, struct bytes url)
{
    url = bytes_sub(url, 0, URL_BYTES);
    size_t query = bytes_find_byte(url, '?');
    struct bytes none = {NULL, 0};
    add(web, WEB_PATH, none, bytes_sub(url, 0, query), WEB_AS_IS);
    if (query != BYTES_NOT_FOUND)
        add_parameters(web, WEB_QUERY, bytes_from(url, query + 1));
}

static void add_field(struct web *web, struct bytes line)
{
    bool cookie = bytes_start_with_nocase(line, BYTES("cookie:"));
    struct bytes none = {NULL, 0};
    add(web, cookie ? WEB_COOKIE : WEB_HEADER, none, line, cookie ? WEB_FORM : WEB_AS_IS);
}

static bool is_form(const struct record_http *http, struct bytes body)
{
    struct bytes type = http->request_content_type;
    if (type.len == 0)
        return bytes_at(body, 0) != '{' && bytes_at(body, 0) != '<' && bytes_at(body, 0) != '[';
    return bytes_equal_nocase(type, BYTES("application/x-www-form-urlencoded")) ||
           bytes_equal_nocase(type, BYTES("text/plain"));
}

// Lines of files and of sealed messages are not text; of those the first bytes tell.
static struct bytes text_of(struct bytes line)
{
    enum { MAGIC_BYTES = 8 };
    for (size_t i = 0; i < line.len; i++)
        if (line.data[i] < ' ' && !memchr("\t\r\v\f", line.data[i], 4))
            return bytes_sub(line, 0, MAGIC_BYTES);
    return line;
}

static bool is_json(const struct record_http *http, struct bytes body)
{
    struct bytes type = http->request_content_type;
    bool said = type.len > 4 && bytes_equal_nocase(bytes_from(type, type.len - 4), BYTES("json"));
    uint8_t first = bytes_at(body, 0);
    return (said || (type.len == 0 && (first == '{' || first == '['))) &&
           bytes_find_byte(body, '"') != BYTES_NOT_FOUND;
}

// Where a string of JSON ends: its quotation mark, or the end of the body.
static size_t string_end(struct bytes body, size_t at)
{
    while (at < body.len && body.data[at] != '"')
        at += body.data[at] == '\\' ? 2 : 1;
    return at < body.len ? at : body.len;
}

// Each string, name or value, is a line; what no string holds carries no attack.
static void add_json(struct web *web, struct bytes body)
{
    struct bytes none = {NULL, 0};
    for (size_t at = bytes_find_byte(body, '"'); at < body.len;) {
        size_t end = string_end(body, at + 1);
        add(web, WEB_BODY, none, bytes_sub(body, at + 1, end - at - 1), WEB_JSON);
        size_t next = bytes_find_byte(bytes_from(body, end + 1), '"');
        at = next == BYTES_NOT_FOUND ? body.len : end + 1 + next;
    }
}

static void add_body(struct web *web, const struct record_http *http, struct bytes body)
{
    struct bytes none = {NULL, 0};
    if (is_form(http, body)) {
        add_parameters(web, WEB_BODY, body);
        return;
    }
    if (is_json(http, body)) {
        add_json(web, body);
        return;
    }
    while (body.len > 0) {
        struct bytes line = bytes_sub(body, 0, bytes_find_byte(body, '\n'));
        body = bytes_from(body, line.len + 1);
        if (line.len > 0 && line.data[line.len - 1] == '\r')
            line.len--;
        add(web, WEB_BODY, none, text_of(line), WEB_AS_IS);
    }
}

// What lies beside the record: fields, an empty line, the body.
static void add_aside(struct web *web, const struct record_http *http, struct bytes aside)
{
    while (aside.len > 0 && aside.data[0] != '\n') {
        struct bytes line = bytes_sub(aside, 0, bytes_find_byte(aside, '\n'));
        add_field(web, line);
        aside = bytes_from(aside, line.len + 1);
    }
    if (aside.len > 0)
        add_body(web, http, bytes_from(aside, 1));
}

static void read_request(struct web *web, const struct record *record)
{
    const struct record_http *http = record->body;
    web_text_clear(&web->text);
    web_match_begin(web->matcher);
    web->count = 0;
    add_url(web, http->url);
    if (http->http_user_agent.len)
        add(web, WEB_AGENT, BYTES("user-agent: "), http->http_user_agent, WEB_AS_IS);
    if (http->http_refer.len)
        add(web, WEB_REFERER, BYTES("referer: "), http->http_refer, WEB_FORM);
    if (http->xff.len)
        add(web, WEB_HEADER, BYTES("x-forwarded-for: "), http->xff, WEB_AS_IS);
    add_aside(web, http, record->aside);
}

// ---- what it comes to

// Is it a text that somebody wrote? Those tell of commands, files and code without being attacks.
// A word is of letters and ends with a blank; what is not ASCII has no blanks in Japanese.
static bool is_prose(struct bytes line)
{
    enum { WORDS = 20, WORD_BYTES = 6 };
    size_t words = 0, strange = 0, letters = 0;
    for (size_t i = 0; i < line.len; i++) {
        uint8_t c = line.data[i], low = c | 0x20;
        words += (c == ' ' || c == '\r') && letters > 1;
        letters = low >= 'a' && low <= 'z' ? letters + 1 : strchr(".,\'", c) ? letters : 0;
        strange += c >= 0x80;
    }
    return words + strange / WORD_BYTES > WORDS;
}

static unsigned score_of(const struct web_found *found)
{
    unsigned score = found->pattern->score;
    return is_prose(found->line) ? (score + 1) / 2 : score;
}

// The kind with the highest score; all scores together in *total.
static const char *worst_kind(const struct web *web, unsigned *total)
{
    const char *worst = NULL;
    unsigned most = 0;
    *total = 0;
    for (size_t k = 0; web->count && k < web_kind_count; k++) {
        unsigned score = 0;
        for (size_t i = 0; i < web->count; i++) {
            bool own = strcmp(web->found[i].pattern->kind, web_kinds[k]) == 0;
            score += own ? score_of(&web->found[i]) : 0;
        }
        *total += score;
        if (score > most) {
            most = score;
            worst = web_kinds[k];
        }
    }
    return worst;
}

static const char *place_name(uint8_t place)
{
    static const char *const names[] = {"http.path", "http.query", "http.body", "http.user_agent",
        "http.referer", "http.cookie", "http.header"};
    size_t i = 0;
    while (i + 1 < sizeof names / sizeof *names && !(place >> i & 1))
        i++;
    return names[i];
}

// Where the match stands in its line, with what is around it.
static void add_match(struct hit *hit, const struct web_found *found)
{
    if (hit->matches_count < HIT_MATCHES)
        hit->matches[hit->matches_count++] =
            (struct hit_match){.where = bytes_from_text(place_name(found->place)),
                .data = found->line,
                .at = found->at,
                .len = found->len};
}

// Refused, or not there: it did not come through.
static bool is_refused(const struct record_http *http)
{
    return http->has_status && http->status >= 400 && http->status < 500;
}

static void tell(
    const struct seat *seat, const struct record *record, const struct web *web, const char *kind)
{
    const struct record_http *http = record->body;
    struct telling telling;
    telling_begin(&telling, "web.attack", record, bytes_from_text(kind));
    telling.hit.rule = telling.hit.kind; // a finding for each kind
    for (int own = 1; own >= 0; own--)
        for (size_t i = 0; i < web->count; i++)
            if ((strcmp(web->found[i].pattern->kind, kind) == 0) == own)
                add_match(&telling.hit, &web->found[i]);
    if (http->has_status) {
        telling_number(&telling, "answer", http->status);
        telling_number(&telling, "answer_bytes", http->length);
    }
    if (is_refused(http)) {
        telling.hit.as_detector = false;
        telling.hit.severity = SEVERITY_LOW;
    }
    telling_text(&telling, "url", http->url);
    telling_end(&telling, seat);
}

// Programs of one host that give each other addresses of it.
static bool is_among_themselves(const struct record *record, const char *kind)
{
    return addr_is_loopback(&record->head.dest_ip) && strcmp(kind, "file_inclusion") == 0;
}

static void record(const struct seat *seat, const struct record *record)
{
    struct web *web = seat->room;
    const struct record_http *http = record->body;
    unsigned total;
    bool of_windows = bytes_start_with_nocase(http->url, BYTES("/wsman")); // commands are its duty
    if (of_windows || (http->url.len == 0 && record->aside.len == 0))
        return;
    read_request(web, record);
    const char *kind = worst_kind(web, &total);
    if (kind && total >= seat->config->behaviours.web.score && !is_among_themselves(record, kind))
        tell(seat, record, web, kind);
}

const struct look web_look = {
    .types = (const enum record_type[]){RECORD_HTTP, RECORD_NONE},
    .create = create,
    .record = record,
    .destroy = destroy,
};
