// SPDX-License-Identifier: Apache-2.0
#include "intel/document.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { REASON_BYTES = 600, NUMBER_BYTES = 32 };

static size_t read_more(void *context, uint8_t *to, size_t room)
{
    struct document *d = context;
    size_t got = lines_read(d->lines, to, room);
    builder_progress(d->builder, lines_progress(d->lines));
    return got;
}

bool document_open(struct document *d, struct intel_builder *builder, const struct intel_file *file)
{
    *d = (struct document){.builder = builder, .file = file};
    d->lines = lines_open(file->path);
    d->feed = d->lines ? feed_create(read_more, d) : NULL;
    if (d->feed)
        return true;
    lines_close(d->lines);
    return document_fail(builder, 0, TEXT_INTEL_NO_MEMORY, BYTES(""), BYTES(""));
}

bool document_fail(struct intel_builder *builder, uint64_t line, enum text_id why,
    struct bytes what, struct bytes allowed)
{
    struct intel_trouble trouble = {
        .line = line, .why = why, .what = what, .allowed = allowed, .whole_file = true};
    intel_trouble(builder, &trouble);
    return false;
}

static bool tell_trouble(const struct document *d)
{
    const struct feed *feed = d->feed;
    struct bytes error = bytes_from_text(feed->error);
    uint64_t line = feed->trouble_line;
    switch (feed->trouble) {
    case FEED_FINE: return true;
    case FEED_CUT: return document_fail(d->builder, line, TEXT_STIX_CUT_JSON, error, error);
    case FEED_SYNTAX: return document_fail(d->builder, line, TEXT_STIX_BAD_JSON, error, error);
    case FEED_DEEP: return document_fail(d->builder, line, TEXT_STIX_DEEP_JSON, error, BYTES("64"));
    case FEED_LARGE:
        return document_fail(d->builder, line, TEXT_STIX_LARGE_OBJECT, error, BYTES("64 MiB"));
    default: return document_fail(d->builder, line, TEXT_INTEL_NO_MEMORY, error, error);
    }
}

void document_abandon(struct document *d)
{
    feed_destroy(d->feed);
    lines_close(d->lines);
}

bool document_close(struct document *d)
{
    char reason[REASON_BYTES];
    bool whole = feed_end(d->feed);
    if (lines_trouble(d->lines, LANG_EN, reason, sizeof reason) > 0)
        whole =
            document_fail(d->builder, 0, TEXT_INTEL_UNREADABLE, bytes_from_text(reason), BYTES(""));
    else
        whole = tell_trouble(d) && whole;
    document_abandon(d);
    return whole;
}

struct bytes json_bytes(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return bytes_make(json_string_value(value), json_string_length(value));
}

double json_double_of(const json_t *object, const char *key, double otherwise)
{
    char room[NUMBER_BYTES], *end;
    const json_t *value = json_object_get(object, key);
    struct bytes text = json_bytes(object, key);
    if (json_is_number(value))
        return json_number_value(value);
    if (text.len == 0 || text.len >= sizeof room)
        return otherwise;
    memcpy(room, text.data, text.len);
    room[text.len] = '\0';
    double number = strtod(room, &end);
    return *end == '\0' && isfinite(number) ? number : otherwise;
}

bool json_yes(const json_t *object, const char *key)
{
    struct bytes text = json_bytes(object, key);
    return json_is_true(json_object_get(object, key)) || json_double_of(object, key, 0) == 1 ||
           bytes_equal_nocase(text, BYTES("true"));
}

void composing_add(struct composing *to, const char *before, struct bytes text)
{
    struct bytes parts[] = {bytes_from_text(to->len ? before : ""), text};
    for (size_t i = 0; i < 2 && text.len; i++) {
        size_t room = sizeof to->text - to->len;
        size_t len = parts[i].len < room ? parts[i].len : room;
        while (len < parts[i].len && len > 0 && (parts[i].data[len] & 0xc0) == 0x80)
            len--; // not within a UTF-8 character
        if (len)
            memcpy(&to->text[to->len], parts[i].data, len);
        to->len += len;
    }
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

struct bytes technique_in(struct bytes text)
{
    for (size_t at = 0; at + 5 <= text.len; at++) {
        size_t len = 1;
        bool begins = at == 0 || (!is_digit(text.data[at - 1]) && (text.data[at - 1] | 0x20) < 'a');
        if (!begins || text.data[at] != 'T')
            continue;
        while (is_digit(bytes_at(text, at + len)) && len < 5)
            len++;
        if (len < 5 || is_digit(bytes_at(text, at + 5)))
            continue;
        bool sub = bytes_at(text, at + 5) == '.' && is_digit(bytes_at(text, at + 6)) &&
                   is_digit(bytes_at(text, at + 7)) && is_digit(bytes_at(text, at + 8));
        return bytes_sub(text, at, sub ? 9 : 5);
    }
    return (struct bytes){NULL, 0};
}

enum phase phase_of_word(struct bytes word)
{
    static const struct {
        const char *word;
        enum phase phase;
    } words[] = {{"reconnaissance", PHASE_INTELLIGENCE_GATHERING},
        {"resource-development", PHASE_INTELLIGENCE_GATHERING},
        {"weaponization", PHASE_POINT_OF_ENTRY}, {"delivery", PHASE_POINT_OF_ENTRY},
        {"exploitation", PHASE_POINT_OF_ENTRY}, {"installation", PHASE_POINT_OF_ENTRY},
        {"initial-access", PHASE_POINT_OF_ENTRY}, {"execution", PHASE_POINT_OF_ENTRY},
        {"persistence", PHASE_POINT_OF_ENTRY}, {"privilege-escalation", PHASE_LATERAL_MOVEMENT},
        {"defense-evasion", PHASE_POINT_OF_ENTRY}, {"credential-access", PHASE_LATERAL_MOVEMENT},
        {"lateral-movement", PHASE_LATERAL_MOVEMENT}, {"discovery", PHASE_ASSET_DISCOVERY},
        {"collection", PHASE_ASSET_DISCOVERY}, {"command-and-control", PHASE_COMMAND_AND_CONTROL},
        {"command-control", PHASE_COMMAND_AND_CONTROL}, {"c2", PHASE_COMMAND_AND_CONTROL},
        {"exfiltration", PHASE_DATA_EXFILTRATION},
        {"actions-on-objectives", PHASE_DATA_EXFILTRATION}};
    char folded[32];
    if (word.len >= sizeof folded)
        return PHASE_NONE;
    for (size_t i = 0; i < word.len; i++)
        folded[i] = word.data[i] == ' ' || word.data[i] == '_' ? '-' : (char)word.data[i];
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (bytes_equal_nocase(bytes_from_text(words[i].word), bytes_make(folded, word.len)))
            return words[i].phase;
    return PHASE_NONE;
}
