// SPDX-License-Identifier: Apache-2.0
// Warning lists: names and networks that stand in lists of evil by mistake again and again. They
// are asked once, when all indicators are there, and given back.
#define PCRE2_CODE_UNIT_WIDTH 8
#include "base/alloc.h"
#include "intel/internal.h"
#include <hs/hs.h>
#include <pcre2.h>
#include <stdio.h>

enum { LISTS_FIRST = 64, MATCH_LIMIT = 100'000, SUBSTRINGS_MOST = 200'000 };

struct list {
    uint32_t name;
    uint64_t kinds;
    bool identifies;
};

// A substring or an expression, and whose it is.
struct pattern {
    uint32_t list, text;
    pcre2_code *code; // NULL: a substring
};

struct warnings {
    struct store store;
    struct list *lists;
    struct pattern *patterns;
    size_t lists_count, lists_room, patterns_count, patterns_room;
    hs_database_t *substrings;
    hs_scratch_t *scratch;
    pcre2_match_data *match;
    pcre2_match_context *limits;
};

struct warnings *warnings_create(void)
{
    struct warnings *w = base_calloc(1, sizeof *w);
    if (!w)
        return NULL;
    w->match = pcre2_match_data_create(1, NULL);
    w->limits = pcre2_match_context_create(NULL);
    if (!store_init(&w->store) || !w->match || !w->limits) {
        warnings_destroy(w);
        return NULL;
    }
    pcre2_set_match_limit(w->limits, MATCH_LIMIT);
    return w;
}

static void patterns_cut(struct warnings *w, size_t count)
{
    while (w->patterns_count > count)
        pcre2_code_free(w->patterns[--w->patterns_count].code);
}

void warnings_destroy(struct warnings *w)
{
    if (!w)
        return;
    patterns_cut(w, 0);
    hs_free_scratch(w->scratch);
    hs_free_database(w->substrings);
    pcre2_match_data_free(w->match);
    pcre2_match_context_free(w->limits);
    store_finish(&w->store);
    base_free(w->lists);
    base_free(w->patterns);
    base_free(w);
}

// ---- Adding.

uint32_t warnings_begin(struct warnings *w, const struct warning_list *list)
{
    if (w->lists_count == w->lists_room) {
        size_t room = w->lists_room ? w->lists_room * 2 : LISTS_FIRST;
        struct list *more =
            room <= WARNING_LISTS ? base_realloc(w->lists, room * sizeof *more) : NULL;
        if (!more)
            return STORE_NONE;
        w->lists = more;
        w->lists_room = room;
    }
    uint32_t name = texts_add(&w->store.texts, bytes_sub(list->name, 0, INTEL_TEXT_BYTES));
    if (name == STORE_NONE)
        return STORE_NONE;
    w->lists[w->lists_count] = (struct list){name, list->kinds, list->identifies};
    return (uint32_t)w->lists_count++;
}

static enum warning_added put(struct warnings *w, uint32_t list, const struct key *key)
{
    struct statement s;
    memset(&s, 0, sizeof s);
    s.source = (uint16_t)list;
    uint32_t ref, statement = store_statement(&w->store, &s);
    if (statement == STORE_NONE)
        return WARNING_FULL;
    enum store_put done = store_put(&w->store, key, statement, &ref);
    if (done != STORE_OLD)
        return done == STORE_NEW ? WARNING_ADDED : WARNING_FULL;
    uint32_t link = store_link(&w->store, store_entry(&w->store, ref).statement, statement);
    if (link == STORE_NONE)
        return WARNING_FULL;
    store_say(&w->store, ref, link);
    return WARNING_ADDED;
}

// Text as it is compared with the whole of a value: letters without case.
static bool text_key(struct key *key, struct bytes text)
{
    key->kind = INTEL_UNSEEN; // stands for texts here
    key->len = text.len;
    if (text.len == 0 || text.len > sizeof key->data)
        return false;
    for (size_t i = 0; i < text.len; i++)
        key->data[i] =
            text.data[i] >= 'A' && text.data[i] <= 'Z' ? text.data[i] | 0x20 : text.data[i];
    return true;
}

static bool name_key(struct key *key, struct bytes text)
{
    key->kind = INTEL_DOMAIN;
    while (text.len > 0 && (text.data[0] == '.' || text.data[0] == '*'))
        text = bytes_from(text, 1);
    key->len = name_fold(text, key->data, sizeof key->data);
    return key->len > 0;
}

// "/EXPRESSION/FLAGS" or the expression alone.
static pcre2_code *compile(struct bytes text)
{
    uint32_t flags = 0;
    if (bytes_at(text, 0) == '/') {
        size_t end = text.len;
        while (end > 1 && text.data[end - 1] != '/')
            flags |= text.data[--end] == 'i' ? PCRE2_CASELESS : 0;
        text = bytes_sub(text, 1, end > 1 ? end - 2 : text.len);
    }
    int error;
    PCRE2_SIZE at;
    return pcre2_compile(text.data, text.len, flags, &error, &at, NULL);
}

static enum warning_added add_pattern(
    struct warnings *w, uint32_t list, struct bytes text, bool regex)
{
    if (text.len == 0 || text.len > WARNING_PATTERN_BYTES || w->patterns_count == SUBSTRINGS_MOST)
        return WARNING_REFUSED;
    if (w->patterns_count == w->patterns_room) {
        size_t room = w->patterns_room ? w->patterns_room * 2 : LISTS_FIRST;
        struct pattern *more = base_realloc(w->patterns, room * sizeof *more);
        if (!more)
            return WARNING_FULL;
        w->patterns = more;
        w->patterns_room = room;
    }
    pcre2_code *code = regex ? compile(text) : NULL;
    if (regex && !code)
        return WARNING_REFUSED;
    uint32_t kept = texts_add(&w->store.texts, text);
    w->patterns[w->patterns_count++] = (struct pattern){list, kept, code};
    return kept == STORE_NONE ? WARNING_FULL : WARNING_ADDED;
}

enum warning_added warnings_add(
    struct warnings *w, uint32_t list, enum warning_type type, struct bytes value)
{
    struct key key;
    value = bytes_trim(value);
    bool fits = false;
    switch (type) {
    case WARNING_STRING: // ".example.org" is the domain
        fits = bytes_at(value, 0) == '.' ? name_key(&key, value) : text_key(&key, value);
        break;
    case WARNING_HOSTNAME: fits = name_key(&key, value); break;
    case WARNING_CIDR: fits = key_make(&key, INTEL_RANGE, value); break;
    case WARNING_SUBSTRING:
    case WARNING_REGEX: return add_pattern(w, list, value, type == WARNING_REGEX);
    }
    return fits ? put(w, list, &key) : WARNING_REFUSED;
}

// A list whose file failed speaks of no kind any more.
void warnings_drop(struct warnings *w, uint32_t list)
{
    w->lists[list].kinds = 0;
}

// ---- Making it ready.

// The expression that finds a text: every byte as \xNN.
static char *literal(struct bytes text)
{
    size_t room = text.len * 4 + 1;
    char *out = base_malloc(room);
    for (size_t i = 0; out && i < text.len; i++)
        snprintf(&out[i * 4], room - i * 4, "\\x%02x", text.data[i]);
    return out;
}

static bool compile_literals(struct warnings *w, char **texts, unsigned *flags, unsigned *ids)
{
    unsigned count = 0;
    bool good = true;
    for (size_t i = 0; i < w->patterns_count && good; i++) {
        if (w->patterns[i].code)
            continue;
        texts[count] = literal(texts_of(&w->store.texts, w->patterns[i].text));
        flags[count] = HS_FLAG_CASELESS | HS_FLAG_SINGLEMATCH;
        ids[count] = (unsigned)i;
        good = texts[count] != NULL;
        count += good;
    }
    hs_compile_error_t *error = NULL;
    good = good && (count == 0 || hs_compile_multi((const char *const *)texts, flags, ids, count,
                                      HS_MODE_BLOCK, NULL, &w->substrings, &error) == HS_SUCCESS);
    hs_free_compile_error(error);
    for (unsigned i = 0; i < count; i++)
        base_free(texts[i]);
    return good && (!w->substrings || hs_alloc_scratch(w->substrings, &w->scratch) == HS_SUCCESS);
}

bool warnings_freeze(struct warnings *w)
{
    size_t count = w->patterns_count + 1;
    char **texts = base_calloc(count, sizeof *texts);
    unsigned *flags = base_calloc(count, sizeof *flags), *ids = base_calloc(count, sizeof *ids);
    bool good = texts && flags && ids && compile_literals(w, texts, flags, ids);
    base_free(texts);
    base_free(flags);
    base_free(ids);
    return good && store_freeze(&w->store);
}

// ---- Asking.

struct asked {
    const struct warnings *w;
    enum intel_kind kind;
    uint32_t list; // found, the first of them; STORE_NONE
};

static void found(struct asked *asked, uint32_t list)
{
    if (asked->w->lists[list].kinds >> asked->kind & 1 && list < asked->list)
        asked->list = list;
}

static void found_ref(struct asked *asked, uint32_t ref)
{
    if (ref == STORE_NONE)
        return;
    const struct store *store = &asked->w->store;
    uint32_t at = store_entry(store, ref).statement, statement;
    while (store_statements(store, &at, &statement))
        found(asked, store_said(store, statement).source);
}

static void ask_text(struct asked *asked, struct bytes text)
{
    struct key key;
    if (text_key(&key, text))
        found_ref(asked, store_find(&asked->w->store, INTEL_UNSEEN, bytes_make(key.data, key.len)));
}

static void ask_name(struct asked *asked, struct bytes name)
{
    while (name.len > 0) {
        found_ref(asked, store_find(&asked->w->store, INTEL_DOMAIN, name));
        size_t dot = bytes_find_byte(name, '.');
        name = bytes_from(name, dot == BYTES_NOT_FOUND ? name.len : dot + 1);
    }
}

// From first to last: in one warned network whole.
static void ask_span(struct asked *asked, struct bytes first, struct bytes last)
{
    const struct store *store = &asked->w->store;
    struct addr a = first.len == 4 ? addr_v4(first.data) : addr_v6(first.data);
    if (bytes_equal(first, last))
        found_ref(asked, store_find(store, INTEL_ADDRESS, first));
    for (uint32_t piece = ranges_find(store->ranges, &a); piece != STORE_NONE;
         piece = ranges_wider(store->ranges, &a, piece)) {
        uint32_t ref = ranges_ref(store->ranges, &a, piece);
        struct bytes end = bytes_from(store_entry(store, ref).key, first.len);
        if (memcmp(last.data, end.data, last.len) <= 0)
            found_ref(asked, ref);
    }
}

static void ask_host(struct asked *asked, struct bytes host)
{
    struct addr a;
    if (addr_parse(host, &a)) {
        struct bytes raw = bytes_make(a.bytes, a.version == 4 ? 4 : 16);
        ask_span(asked, raw, raw);
    } else {
        ask_text(asked, host);
        ask_name(asked, host);
    }
}

static void ask_parts(struct asked *asked, struct bytes key)
{
    struct url url;
    switch (asked->kind) {
    case INTEL_DOMAIN:
    case INTEL_HOST: ask_name(asked, key); break;
    case INTEL_URL:
        if (url_split(key, &url))
            ask_host(asked, url.host);
        break;
    case INTEL_ADDRESS: ask_span(asked, key, key); break;
    case INTEL_ADDRESS_PORT:
        ask_span(asked, bytes_sub(key, 0, key.len - 2), bytes_sub(key, 0, key.len - 2));
        break;
    case INTEL_RANGE:
        ask_span(asked, bytes_sub(key, 0, key.len / 2), bytes_from(key, key.len / 2));
        break;
    case INTEL_MAIL:
    case INTEL_MAIL_FROM:
    case INTEL_MAIL_TO:
    case INTEL_MAIL_REPLY_TO:
        ask_host(asked, bytes_from(key, bytes_find_byte(key, '@') + 1));
        break;
    default: break;
    }
}

static int on_substring(
    unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *context)
{
    (void)from, (void)to, (void)flags;
    struct asked *asked = context;
    found(asked, asked->w->patterns[id].list);
    return 0;
}

static void ask_patterns(struct asked *asked, struct bytes text)
{
    const struct warnings *w = asked->w;
    if (w->substrings)
        (void)hs_scan(w->substrings, (const char *)text.data, (unsigned)text.len, 0, w->scratch,
            on_substring, asked);
    for (size_t i = 0; i < w->patterns_count; i++) {
        const struct pattern *p = &w->patterns[i];
        if (p->code && pcre2_match(p->code, text.data, text.len, 0, 0, w->match, w->limits) >= 0)
            found(asked, p->list);
    }
}

uint32_t warnings_find(const struct warnings *w, enum intel_kind kind, struct bytes key)
{
    char room[KEY_TEXT_BYTES];
    struct asked asked = {.w = w, .kind = kind, .list = STORE_NONE};
    struct bytes text = key_text(kind, key, room);
    ask_text(&asked, text);
    ask_parts(&asked, key);
    if (w->patterns_count)
        ask_patterns(&asked, text);
    return asked.list;
}

struct bytes warnings_name(const struct warnings *w, uint32_t list)
{
    return texts_of(&w->store.texts, w->lists[list].name);
}

bool warnings_identifies(const struct warnings *w, uint32_t list)
{
    return w->lists[list].identifies;
}

size_t warnings_count(const struct warnings *w)
{
    return w->lists_count;
}
