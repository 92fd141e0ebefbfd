// SPDX-License-Identifier: Apache-2.0
// threshold.config: how often rules may speak, over what they say themselves, and of whom not at
// all.
//   suppress gen_id 1, sig_id 2, track by_src, ip 192.0.2.0/24
//   threshold gen_id 1, sig_id 2, type limit, track by_src, count 1, seconds 60
#include "base/alloc.h"
#include "rules/parse.h"
#include <stdio.h>

enum { LINE_BYTES = 65'536, LINES_MOST = 1'000'000 };

struct line {
    struct loader *loader;
    struct draft *draft;
    struct rule_limit limit;
    struct rule_threshold threshold;
    struct rate_seen seen;
    struct rule_suppress suppress;
    bool has_gid, has_sid, has_ip;
};

static bool id_word(
    struct line *l, struct bytes word, struct bytes value, bool *seen, uint32_t *out)
{
    uint64_t number;
    if (*seen || !bytes_to_u64(value, &number) || number > UINT32_MAX)
        return draft_fail_at(l->draft, word, "is no number, or stands twice");
    *seen = true;
    *out = (uint32_t)number;
    return true;
}

static bool suppress_word(struct line *l, struct bytes word, struct bytes name, struct bytes value)
{
    static const struct keyword_word tracks[] = {{"by_src", TRACK_BY_SRC}, {"by_dst", TRACK_BY_DST},
        {"by_either", TRACK_BY_BOTH}, {NULL, 0}};
    int64_t track;
    if (bytes_equal_nocase(name, BYTES("track")) && text_to_word(tracks, value, &track)) {
        l->suppress.track = (enum rule_track)track;
        return true;
    }
    if (!bytes_equal_nocase(name, BYTES("ip")))
        return draft_fail_at(
            l->draft, word, "is track by_src, by_dst or by_either, or ip ADDRESSES");
    l->has_ip = true;
    return parse_addresses(l->draft, value, &l->suppress.addresses);
}

static bool one_word(struct line *l, struct bytes word, bool suppress)
{
    size_t space = bytes_find_byte(word, ' ');
    struct bytes name = bytes_sub(word, 0, space);
    struct bytes value =
        space == BYTES_NOT_FOUND ? (struct bytes){0} : text_trim(bytes_from(word, space));
    if (bytes_equal_nocase(name, BYTES("gen_id")))
        return id_word(l, word, value, &l->has_gid, &l->limit.gid);
    if (bytes_equal_nocase(name, BYTES("sig_id")))
        return id_word(l, word, value, &l->has_sid, &l->limit.sid);
    return suppress ? suppress_word(l, word, name, value)
                    : parse_rate_word(l->draft, word, &l->threshold, &l->seen);
}

static bool keep_limit(struct line *l)
{
    struct loader *loader = l->loader;
    bool backoff = l->threshold.kind == THRESHOLD_BACKOFF;
    if (!l->seen.type || !l->seen.track || !l->seen.count || l->seen.seconds == backoff)
        return draft_fail(l->draft, "needs type, track, count and seconds");
    struct rule_threshold *kept = draft_alloc(l->draft, sizeof *kept);
    if (loader->limits_count == loader->limits_room) {
        size_t room = loader->limits_room ? loader->limits_room * 2 : 64;
        struct rule_limit *grown =
            room <= LINES_MOST ? base_realloc(loader->limits, room * sizeof *grown) : NULL;
        if (!grown)
            return draft_fail(l->draft, "there are too many lines");
        loader->limits = grown;
        loader->limits_room = room;
    }
    if (!kept)
        return false;
    *kept = l->threshold;
    l->limit.threshold = kept;
    loader->limits[loader->limits_count++] = l->limit;
    return true;
}

static bool keep_suppress(struct line *l)
{
    struct rule_memory *memory = l->loader->memory;
    struct rule_set *set = l->loader->set;
    if ((l->suppress.track != TRACK_NONE) != l->has_ip)
        return draft_fail(l->draft, "needs both track and ip, or none of them");
    if (set->suppress_count == memory->suppress_room) {
        size_t room = memory->suppress_room ? memory->suppress_room * 2 : 64;
        struct rule_suppress *grown =
            room <= LINES_MOST ? base_realloc(memory->suppress, room * sizeof *grown) : NULL;
        if (!grown)
            return draft_fail(l->draft, "there are too many lines");
        memory->suppress = grown;
        memory->suppress_room = room;
        set->suppress = grown;
    }
    l->suppress.gid = l->limit.gid;
    l->suppress.sid = l->limit.sid;
    memory->suppress[set->suppress_count++] = l->suppress;
    return true;
}

static bool one_line(struct line *l, struct bytes text)
{
    bool suppress = bytes_start_with_nocase(text, BYTES("suppress "));
    struct bytes word, rest = bytes_from(text, 0);
    if (!suppress && !bytes_start_with_nocase(text, BYTES("threshold ")) &&
        !bytes_start_with_nocase(text, BYTES("event_filter ")))
        return draft_fail(l->draft, bytes_start_with_nocase(text, BYTES("rate_filter "))
                                        ? "rate_filter is not supported: actions are not changed"
                                        : "is no line suppress or threshold");
    rest = text_trim(bytes_from(rest, bytes_find_byte(rest, ' ')));
    while (text_next_element(&rest, &word))
        if (!one_word(l, word, suppress))
            return false;
    if (!l->has_gid || !l->has_sid)
        return draft_fail(l->draft, "needs gen_id and sig_id");
    return suppress ? keep_suppress(l) : keep_limit(l);
}

static void tell(struct loader *loader, const char *path, uint32_t line, const struct draft *draft)
{
    struct rule_note note = {.trouble = RULE_WARNING,
        .file = path,
        .line = line,
        .keyword = draft->blame,
        .what = draft->what};
    loader->report->warnings++;
    if (loader->report->tell)
        loader->report->tell(loader->report->context, &note);
}

void loader_read_thresholds(struct loader *loader, const char *path)
{
    struct draft *draft = base_malloc(sizeof *draft);
    char *text = base_malloc(LINE_BYTES);
    FILE *file = fopen(path, "re");
    uint32_t number = 0;
    while (draft && text && file && fgets(text, LINE_BYTES, file)) {
        struct bytes line = text_trim(bytes_from_text(text));
        number++;
        if (!line.len || line.data[0] == '#')
            continue;
        memset(draft, 0, offsetof(struct draft, conditions));
        draft->loader = loader;
        draft->blame = draft->text = line;
        struct line l = {.loader = loader, .draft = draft};
        if (!one_line(&l, line))
            tell(loader, path, number, draft);
        arena_reset(&loader->scratch);
    }
    if (!file) {
        struct draft none = {.what = "cannot be read"};
        tell(loader, path, 0, &none);
    }
    if (file)
        fclose(file);
    base_free(text);
    base_free(draft);
}

// The last line for a rule counts; one for all rules is for those that have none.
void loader_apply_thresholds(struct loader *loader)
{
    for (uint32_t i = 0; loader->limits_count && i < loader->set->rules_count; i++) {
        struct rule *rule = &loader->memory->rules[i];
        const struct rule_limit *exact = NULL, *general = NULL;
        for (size_t k = 0; k < loader->limits_count; k++) {
            const struct rule_limit *limit = &loader->limits[k];
            bool gid = limit->gid == 0 || limit->gid == rule->gid;
            if (gid && limit->sid == rule->sid)
                exact = limit;
            else if (gid && limit->sid == 0)
                general = limit;
        }
        if (exact)
            rule->threshold = exact->threshold;
        else if (general && !rule->threshold && !rule->filter)
            rule->threshold = general->threshold;
    }
}
