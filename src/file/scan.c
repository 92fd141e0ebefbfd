// SPDX-License-Identifier: Apache-2.0
// What one worker does with a file that ended: ask the cache, YARA, clamd; keep the verdict.
#include "file/scan.h"
#include "base/alloc.h"
#include "base/log.h"
#include "file/scan_bytes.h"
#include "file/scan_clamd.h"
#include "file/scan_rules.h"
#include "schema/segment.h"
#include <stdio.h>

enum {
    VERDICTS_KEPT = 128,
    VERDICT_BYTES = 64 * 1024, // of what one verdict says
    SHOWN_BEFORE = 16,         // bytes told around a match
    SHOWN_MATCH = 64,
    SHOWN_AFTER = 16,
    NAME_BYTES = 256, // of file names rules see
    WHERE_BYTES = 96,
};

struct kept_verdict {
    bool used;
    bool again; // clamd did not answer: ask once more when the file comes again
    uint8_t sha256[SHA256_BYTES];
    uint64_t size, name; // name: a hash of it, where rules look at names
    bool complete;
    struct arena arena;
    struct file_verdict verdict;
};

struct file_scan {
    const struct config *config;
    const struct file_rules *rules;
    struct metrics *metrics;
    struct yara_scanner *yara; // NULL: no rules
    struct clamd *clamd;       // NULL: not asked
    struct pool bytes, texts;
    size_t limit;  // bytes kept of a file
    uint8_t *room; // a file in one piece
    size_t room_bytes;
    struct kept_verdict *kept;
    size_t next;
    const struct file_verdict *last; // not told yet
    struct kept_verdict *now;        // being made
    struct bytes data;               // being scanned
};

static bool create_yara(struct file_scan *scan)
{
    const struct config *config = scan->config;
    struct yara_scan_limits limits = {config->yara.timeout_us, config->yara.match_memory_bytes};
    if (!scan->rules)
        return true;
    scan->limit = config->yara.max_file_bytes;
    scan->yara = yara_scanner_create(scan->rules, &limits);
    return scan->yara != NULL;
}

static bool create_clamd(struct file_scan *scan)
{
    const struct config *config = scan->config;
    if (config->clamd.socket[0] == '\0')
        return true;
    if (scan->limit < config->clamd.max_file_bytes)
        scan->limit = config->clamd.max_file_bytes;
    scan->clamd =
        clamd_create(config->clamd.socket, config->clamd.timeout_us, config->clamd.retry_us);
    return scan->clamd != NULL;
}

struct file_scan *file_scan_create(const struct file_rules *rules, const struct config *config,
    unsigned workers, struct metrics *metrics)
{
    struct file_scan *scan = base_calloc(1, sizeof *scan);
    if (!scan)
        return NULL;
    scan->config = config;
    scan->rules = rules;
    scan->metrics = metrics;
    pool_init(&scan->bytes, config->yara.memory_bytes / workers);
    pool_init(&scan->texts, 0);
    scan->kept = base_calloc(VERDICTS_KEPT, sizeof *scan->kept);
    if (scan->kept && create_yara(scan) && create_clamd(scan))
        return scan;
    file_scan_destroy(scan);
    return NULL;
}

void file_scan_destroy(struct file_scan *scan)
{
    if (!scan)
        return;
    yara_scanner_destroy(scan->yara);
    clamd_destroy(scan->clamd);
    for (size_t i = 0; scan->kept && i < VERDICTS_KEPT; i++)
        if (scan->kept[i].used)
            arena_reset(&scan->kept[i].arena);
    base_free(scan->kept);
    base_free(scan->room);
    pool_finish(&scan->bytes);
    pool_finish(&scan->texts);
    base_free(scan);
}

struct pool *file_scan_pool(struct file_scan *scan)
{
    return &scan->bytes;
}

size_t file_scan_limit(const struct file_scan *scan)
{
    return scan->limit;
}

// ---- what YARA finds

// Where a string matched, as "$name at 1234", and the bytes there.
static void add_string(struct file_scan *scan, struct file_match *match, const YR_STRING *string,
    const YR_MATCH *found)
{
    struct arena *arena = &scan->now->arena;
    uint64_t at = (uint64_t)(found->base + found->offset);
    size_t start = at > SHOWN_BEFORE ? (size_t)at - SHOWN_BEFORE : 0;
    size_t len = found->match_length < SHOWN_MATCH ? (size_t)found->match_length : SHOWN_MATCH;
    struct bytes around = bytes_sub(scan->data, start, (size_t)at - start + len + SHOWN_AFTER);
    char where[WHERE_BYTES];
    snprintf(
        where, sizeof where, "file.data %s at %llu", string->identifier, (unsigned long long)at);
    struct hit_match shown = {
        .where = arena_copy(arena, bytes_from_text(where)),
        .data = arena_copy(arena, around),
        .at = (uint32_t)(at - start),
        .len = (uint32_t)len,
    };
    if (shown.where.data && shown.data.data)
        match->strings[match->strings_count++] = shown;
}

// The first match that is not private. libyara packs them without regard to alignment.
static bool first_match(const void *at, YR_MATCH *out)
{
    while (at) {
        memcpy(out, at, sizeof *out);
        if (!out->is_private)
            return true;
        at = out->next;
    }
    return false;
}

static void add_strings(
    struct file_scan *scan, struct file_match *match, YR_SCAN_CONTEXT *context, YR_RULE *rule)
{
    const YR_STRING *string;
    yr_rule_strings_foreach(rule, string)
    {
        YR_MATCH found;
        bool any = first_match(context->matches[string->idx].head, &found);
        if (any && match->strings_count < HIT_MATCHES)
            add_string(scan, match, string, &found);
    }
}

static struct bytes base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return bytes_from_text(slash ? &slash[1] : path);
}

static void on_found(
    void *user, YR_SCAN_CONTEXT *context, YR_RULE *rule, const struct yara_rule_info *info)
{
    struct file_scan *scan = user;
    struct file_verdict *verdict = &scan->now->verdict;
    if (!rule) {
        verdict->matches_count = 0;
        verdict->left_out = 0;
        return;
    }
    if (verdict->matches_count == VERDICT_HITS || !verdict->matches) {
        verdict->left_out++;
        return;
    }
    struct file_match *match = &verdict->matches[verdict->matches_count++];
    *match = (struct file_match){
        .rule = info->name,
        .title = info->title,
        .severity = info->severity,
        .certainty = info->certainty,
        .techniques_count = info->techniques_count,
        .source = {base_name(info->file), info->says, 0, info->tlp},
    };
    memcpy(match->techniques, info->techniques, sizeof match->techniques);
    add_strings(scan, match, context, rule);
}

static void tell_stopped(struct file_scan *scan, const struct yara_result *result)
{
    struct file_verdict *verdict = &scan->now->verdict;
    for (size_t i = 0; i < result->off_count; i++) {
        struct yara_rule_info *info = &scan->rules->infos[result->off[i]];
        verdict->stopped[verdict->stopped_count++] = info->name;
        if (!shared_first(&info->stopped))
            continue;
        scan->metrics->file_yara_stopped++;
        log_warning("file", "a YARA rule ran away and is switched off",
            LOG_TEXT("rule", info->name), LOG_NAME("file", info->file),
            LOG_NUMBER("line", info->line));
    }
}

// The part of a name behind its last separator, and what is before that.
static void split_name(struct bytes name, char file[NAME_BYTES], char path[NAME_BYTES])
{
    size_t at = name.len;
    while (at > 0 && name.data[at - 1] != '/' && name.data[at - 1] != '\\')
        at--;
    struct bytes first = bytes_sub(name, 0, at ? at - 1 : 0), last = bytes_from(name, at);
    snprintf(file, NAME_BYTES, "%.*s", (int)last.len, last.data ? (const char *)last.data : "");
    snprintf(path, NAME_BYTES, "%.*s", (int)first.len, first.data ? (const char *)first.data : "");
}

// The words rules know for kinds of files.
static const char *filetype_of(const struct scan_end *end)
{
    static const struct {
        const char *magic, *type;
    } kinds[] = {{"PE32", "EXE"}, {"MS-DOS executable", "EXE"}, {"ELF", "ELF"},
        {"Mach-O", "MACH-O"}, {"PDF", "PDF"}, {"GIF", "GIF"}, {"PNG", "PNG"}, {"JPEG", "JPG"},
        {"Zip", "ZIP"}, {"RAR", "RAR"}, {"Rich Text", "RTF"}, {"Composite Document", "OLE"},
        {"PHP", "PHP"}, {"Python", "Python"}, {"Mini DuMP", "MDMP"}, {"MS Windows shortcut", "LNK"},
        {"XML", "XML"}, {"HTML", "HTML"}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (bytes_start_with(end->magic, bytes_from_text(kinds[i].magic)))
            return kinds[i].type;
    return "";
}

static void ask_yara(struct file_scan *scan, const struct scan_end *end)
{
    char file[NAME_BYTES], path[NAME_BYTES];
    struct yara_result result;
    split_name(end->name, file, path);
    const char *dot = strrchr(file, '.');
    struct yara_subject subject = {
        .data = bytes_sub(scan->data, 0, scan->config->yara.max_file_bytes),
        .size = end->size > scan->data.len ? end->size : scan->data.len,
        .filename = file,
        .filepath = path,
        .extension = dot ? dot : "",
        .filetype = filetype_of(end),
    };
    yara_scanner_scan(scan->yara, &subject, on_found, scan, &result);
    tell_stopped(scan, &result);
    scan->metrics->file_yara_failed += result.failed;
    scan->metrics->file_scan_timeout += result.timeout;
    if (result.timeout)
        scan->now->verdict.state = "timeout";
    else if (subject.data.len < scan->data.len)
        scan->now->verdict.state = "partial";
}

// ---- what clamd says

// What ClamAV itself calls less than malware.
static void judge_clamd(struct bytes name, struct file_match *match)
{
    static const struct {
        const char *begins;
        enum severity severity;
        uint8_t certainty;
    } names[] = {{"PUA.", SEVERITY_MEDIUM, 60}, {"Heuristics.", SEVERITY_MEDIUM, 50},
        {"Eicar-", SEVERITY_LOW, 90}, {"Win.Test.EICAR", SEVERITY_LOW, 90}};
    match->severity = SEVERITY_HIGH;
    match->certainty = 85;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!bytes_start_with(name, bytes_from_text(names[i].begins)))
            continue;
        match->severity = names[i].severity;
        match->certainty = names[i].certainty;
    }
}

static void add_clamd_match(struct file_scan *scan, const char *name)
{
    struct file_verdict *verdict = &scan->now->verdict;
    if (!verdict->matches)
        return;
    if (verdict->matches_count == VERDICT_HITS) { // a rule makes room for it
        verdict->matches_count--;
        verdict->left_out++;
    }
    struct bytes signature = arena_copy(&scan->now->arena, bytes_from_text(name));
    for (size_t i = verdict->matches_count++; i > 0; i--)
        verdict->matches[i] = verdict->matches[i - 1];
    verdict->matches[0] = (struct file_match){
        .clamd = true,
        .rule = signature,
        .source = {.name = BYTES("ClamAV")},
    };
    judge_clamd(signature, &verdict->matches[0]);
}

static void ask_clamd(struct file_scan *scan)
{
    static const char *const words[] = {"clean", "found", "failed"};
    char name[CLAMD_NAME_BYTES];
    struct file_verdict *verdict = &scan->now->verdict;
    enum clamd_answer answer =
        clamd_scan(scan->clamd, bytes_sub(scan->data, 0, scan->config->clamd.max_file_bytes), name);
    verdict->clamd = words[answer];
    scan->metrics->file_clamd_scanned += answer != CLAMD_FAILED;
    scan->metrics->file_clamd_unscanned += answer == CLAMD_FAILED;
    if (answer == CLAMD_FOUND)
        add_clamd_match(scan, name);
}

// ---- verdicts

static void digest(
    const struct scan_bytes *bytes, const struct scan_end *end, struct bytes data, uint8_t *out)
{
    bool whole = end->sha256 && !bytes->cut && !bytes->memory;
    if (whole)
        memcpy(out, end->sha256, SHA256_BYTES);
    else
        hash_sha256(data, out);
}

static struct kept_verdict *find_kept(struct file_scan *scan, const struct kept_verdict *wanted)
{
    for (size_t i = 0; i < VERDICTS_KEPT; i++) {
        struct kept_verdict *kept = &scan->kept[i];
        if (kept->used && !kept->again && kept->size == wanted->size &&
            kept->name == wanted->name && kept->complete == wanted->complete &&
            memcmp(kept->sha256, wanted->sha256, SHA256_BYTES) == 0)
            return kept;
    }
    return NULL;
}

// The oldest makes room.
static struct kept_verdict *keep_new(struct file_scan *scan, const struct kept_verdict *wanted)
{
    struct kept_verdict *kept = &scan->kept[scan->next++ % VERDICTS_KEPT];
    if (kept->used)
        arena_reset(&kept->arena);
    *kept = *wanted;
    kept->used = true;
    arena_init(&kept->arena, &scan->texts, VERDICT_BYTES);
    kept->verdict.matches = arena_alloc(&kept->arena, VERDICT_HITS * sizeof *kept->verdict.matches);
    return kept;
}

static bool room_for(struct file_scan *scan, size_t len)
{
    if (scan->room_bytes >= len)
        return true;
    base_free(scan->room);
    scan->room = base_malloc_huge(len);
    scan->room_bytes = scan->room ? len : 0;
    return scan->room != NULL;
}

static void make_verdict(struct file_scan *scan, const struct scan_end *end, bool partial)
{
    struct file_verdict *verdict = &scan->now->verdict;
    verdict->state = partial ? "partial" : "complete";
    if (scan->yara)
        ask_yara(scan, end);
    if (scan->clamd)
        ask_clamd(scan);
    scan->metrics->file_scanned++;
    if (verdict->clamd && strcmp(verdict->clamd, "failed") == 0)
        scan->now->again = true;
}

static const struct file_verdict not_scanned = {.state = "not scanned"};

const struct file_verdict *file_scan_finish(
    struct file_scan *scan, struct scan_bytes *bytes, const struct scan_end *end)
{
    bool partial = bytes->cut || bytes->holes || bytes->memory || !end->complete;
    scan->last = NULL;
    scan->metrics->file_scan_memcap += bytes->memory;
    if (end->size == 0)
        return NULL;
    if (bytes->len == 0 || !room_for(scan, bytes->len)) {
        scan->metrics->file_unscanned++;
        return scan->last = &not_scanned;
    }
    scan->data = scan_bytes_whole(bytes, scan->room);
    struct kept_verdict wanted = {.size = end->size, .complete = !partial};
    digest(bytes, end, scan->data, wanted.sha256);
    if (scan->rules && scan->rules->uses_names)
        wanted.name = hash_bytes(end->name, 0);
    struct kept_verdict *kept = find_kept(scan, &wanted);
    scan->metrics->file_scan_cached += kept != NULL;
    if (!kept) {
        scan->now = kept = keep_new(scan, &wanted);
        make_verdict(scan, end, partial);
    }
    scan->metrics->file_scan_partial += partial;
    return scan->last = &kept->verdict;
}

// ---- hits

static void match_hit(const struct file_match *match, struct hit *out)
{
    *out = (struct hit){
        .detector = match->clamd ? "file.clamd" : "file.yara",
        .rule = match->rule,
        .title = match->title.len || match->clamd ? match->title : match->rule,
        .severity = match->severity,
        .certainty = match->certainty,
        .techniques_count = match->techniques_count,
        .record = RECORD_FILEINFO,
        .matches_count = match->strings_count,
        .sources = {match->source},
        .sources_count = 1,
    };
    memcpy(out->techniques, match->techniques, sizeof out->techniques);
    memcpy(out->matches, match->strings, sizeof out->matches);
}

// The file's name is what people ask for first; it takes the place of the last of many strings.
static void add_name(struct hit *hit, const struct record *record)
{
    const struct record_fileinfo *info = record->body;
    if (!info || info->filename.len == 0)
        return;
    if (hit->matches_count == HIT_MATCHES)
        hit->matches_count--;
    for (size_t i = hit->matches_count++; i > 0; i--)
        hit->matches[i] = hit->matches[i - 1];
    hit->matches[0] = (struct hit_match){.where = BYTES("fileinfo.filename"),
        .data = info->filename,
        .len = (uint32_t)info->filename.len};
}

void file_scan_tell(
    struct file_scan *scan, const struct record *record, hit_sink *sink, void *context)
{
    const struct file_verdict *verdict = scan->last;
    scan->last = NULL;
    if (!verdict || record->type != RECORD_FILEINFO)
        return;
    // Who got the file has it now; where he is outside, who sent it.
    bool receiver = segment_find(scan->config, &record->head.dest_ip) ||
                    !segment_find(scan->config, &record->head.src_ip);
    for (size_t i = 0; i < verdict->matches_count; i++) {
        struct hit hit;
        match_hit(&verdict->matches[i], &hit);
        add_name(&hit, record);
        hit.head = &record->head;
        hit.subject_is_dest = receiver;
        scan->metrics->file_yara_matches += !verdict->matches[i].clamd;
        scan->metrics->file_clamd_matches += verdict->matches[i].clamd;
        sink(context, &hit);
    }
}
