// SPDX-License-Identifier: Apache-2.0
#include "intel/document.h"
#include "base/alloc.h"
#include "intel/readers.h"

bool document_likely(const struct intel_file *file)
{
    struct bytes head = file->head;
    size_t at = bytes_start_with(head, BYTES("\xef\xbb\xbf")) ? 3 : 0;
    while (at < head.len && strchr(" \t\r\n", head.data[at]))
        at++;
    uint8_t c = bytes_at(head, at), next = bytes_at(head, at + 1);
    return c == '{' || (c == '[' && next && strchr(" \t\r\n{\"]", next));
}

bool document_has(const struct intel_file *file, const char *text)
{
    return bytes_find(file->head, bytes_from_text(text)) != BYTES_NOT_FOUND;
}

bool document_fail(struct intel_builder *builder, uint64_t line, enum text_id why,
    struct bytes what, struct bytes allowed)
{
    struct intel_trouble trouble = {
        .line = line, .why = why, .what = what, .allowed = allowed, .whole_file = true};
    intel_trouble(builder, &trouble);
    return false;
}

static void tell_trouble(struct intel_builder *builder, const struct feed_report *report)
{
    static const struct {
        enum text_id why;
        const char *allowed;
    } told[] = {[FEED_CUT] = {TEXT_STIX_CUT_JSON, ""},
        [FEED_SYNTAX] = {TEXT_STIX_BAD_JSON, ""},
        [FEED_DEEP] = {TEXT_STIX_DEEP_JSON, "64"},
        [FEED_LARGE] = {TEXT_STIX_LARGE_OBJECT, "64 MiB"},
        [FEED_MEMORY] = {TEXT_INTEL_NO_MEMORY, ""}};
    if (report->trouble != FEED_FINE)
        document_fail(builder, report->line, told[report->trouble].why,
            bytes_from_text(report->error), bytes_from_text(told[report->trouble].allowed));
}

struct window {
    uint8_t *data;
    size_t len, room;
};

// False: nothing more comes, or there is no memory.
static bool window_fill(struct window *window, struct lines *lines, size_t wanted)
{
    if (wanted > window->room) {
        base_free(window->data);
        window->data = base_malloc(wanted);
        window->room = window->data ? wanted : 0;
    }
    window->len = 0;
    wanted = wanted < window->room ? wanted : window->room;
    for (size_t got = wanted; got > 0; window->len += got)
        got = lines_read(lines, &window->data[window->len], wanted - window->len);
    return window->len > 0;
}

// False: it cannot be read on; that is told.
static bool read_all(struct intel_builder *builder, struct lines *lines, struct feed *feed)
{
    struct window window = {.data = NULL};
    while (window_fill(&window, lines, feed_appetite(feed)) &&
           feed_take(feed, bytes_make(window.data, window.len)))
        builder_progress(builder, lines_progress(lines));
    bool memory = window.data != NULL;
    base_free(window.data);
    if (!memory)
        return document_fail(builder, 0, TEXT_INTEL_NO_MEMORY, BYTES(""), BYTES(""));
    return !reader_trouble(builder, lines);
}

bool document_read(struct intel_builder *builder, const struct intel_file *file,
    const struct feed_reader *reader, void *context)
{
    struct lines *lines = lines_open(file->path);
    struct feed *feed = feed_create(reader, context);
    bool whole = false;
    if (!lines || !feed) {
        document_fail(builder, 0, TEXT_INTEL_NO_MEMORY, BYTES(""), BYTES(""));
    } else if (read_all(builder, lines, feed)) {
        whole = feed_end(feed);
        struct feed_report report = feed_report(feed);
        tell_trouble(builder, &report);
    }
    feed_destroy(feed);
    lines_close(lines);
    return whole;
}

bool document_read_best(
    struct intel_builder *builder, const struct intel_file *file, document_reader *read)
{
    if (builder_try(builder)) {
        bool done = read(builder, file, true);
        if (!builder_tried(builder, done))
            return document_fail(builder, 0, TEXT_INTEL_NO_MEMORY, BYTES(""), BYTES(""));
        if (done)
            return true;
    }
    return read(builder, file, false);
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
