// SPDX-License-Identifier: Apache-2.0
// A file of rules, line by line. A line that ends in a backslash goes on in the next one.
#include "rules/load.h"
#include "base/alloc.h"

enum { READ_BYTES = 65'536 };

static void tell(struct reader *r, enum rule_trouble trouble, uint32_t line, uint32_t column,
    struct bytes keyword, const char *what)
{
    struct rule_report *report = r->loader->report;
    struct rule_note note = {.trouble = trouble,
        .file = r->path,
        .line = line,
        .column = column,
        .gid = r->draft->rule.gid,
        .sid = r->draft->rule.sid,
        .keyword = keyword,
        .what = what};
    if (report->tell)
        report->tell(report->context, &note);
}

// Where in the file a slice of the rule's text stands.
static void place_of(const struct reader *r, struct bytes where, uint32_t *line, uint32_t *column)
{
    struct bytes text = r->draft->text;
    *line = r->first;
    *column = 0;
    if (!where.data || where.data < text.data ||
        where.data > text.data + text.len) // lint: which line
        return;
    size_t at = (size_t)(where.data - text.data), start = 0;
    for (size_t i = 0; i < r->joins_count && r->joins[i].at <= at; i++) {
        *line = r->joins[i].line;
        start = r->joins[i].at;
    }
    *column = (uint32_t)(at - start + 1);
}

// A rule that failed has no sid yet where the trouble stands before it: look ahead.
static void find_sid(struct draft *draft)
{
    struct bytes rest = draft->text;
    size_t at;
    while (draft->rule.sid == 0 && (at = bytes_find(rest, BYTES("sid:"))) != BYTES_NOT_FOUND) {
        uint64_t sid;
        rest = bytes_from(rest, at + 4);
        if (bytes_to_u64(text_trim(bytes_sub(rest, 0, bytes_find_byte(rest, ';'))), &sid) &&
            sid < UINT32_MAX)
            draft->rule.sid = (uint32_t)sid;
    }
}

// What the rule's text says there, up to the end of the word or value.
static struct bytes keyword_at(struct bytes blame)
{
    return blame.len <= 128 ? blame : bytes_sub(blame, 0, 128);
}

static void tell_warnings(struct reader *r)
{
    const struct draft *draft = r->draft;
    for (size_t i = 0; i < draft->warnings_count; i++) {
        uint32_t line, column;
        place_of(r, draft->warnings[i].keyword, &line, &column);
        r->loader->report->warnings++;
        tell(r, RULE_WARNING, line, column, keyword_at(draft->warnings[i].keyword),
            draft->warnings[i].what);
    }
}

static void forget_codes(struct rule_memory *memory, size_t count)
{
    while (memory->codes_count > count)
        rule_code_free(memory->codes[--memory->codes_count]);
}

static void one_rule(struct reader *r, struct bytes text)
{
    struct loader *loader = r->loader;
    struct draft *draft = r->draft;
    uint32_t line, column;
    size_t codes = loader->memory->codes_count;
    draft->file = r->path;
    draft->line = r->first;
    loader->report->rules++;
    bool good = draft_parse(draft, text);
    if (good && draft->skipped)
        loader->report->skipped++;
    else if (good && draft_commit(draft)) {
        loader->report->loaded++;
        tell_warnings(r);
    } else {
        forget_codes(loader->memory, codes);
        find_sid(draft);
        if (draft->rule.sid && !draft->rule.gid)
            draft->rule.gid = 1;
        loader->report->failed++;
        place_of(r, draft->blame, &line, &column);
        tell(r, RULE_FAILED, line, column, keyword_at(draft->blame), draft->what);
    }
    arena_reset(&loader->scratch);
}

static void too_long(struct reader *r)
{
    r->draft->rule = (struct rule){0};
    r->loader->report->rules++;
    r->loader->report->failed++;
    tell(r, RULE_FAILED, r->first, 0, (struct bytes){0}, "the rule is longer than 65536 bytes");
}

static bool starts_rule(struct bytes text)
{
    static const char *const actions[] = {
        "alert ", "pass ", "drop ", "reject", "config ", "accept:"};
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
        if (bytes_start_with(text, bytes_from_text(actions[i])))
            return true;
    return false;
}

// Without the '#' that switch it off; *disabled: there were some.
static struct bytes without_marks(struct bytes text, bool *disabled)
{
    text = text_trim(text);
    *disabled = text.len && text.data[0] == '#';
    while (text.len && (text.data[0] == '#' || text.data[0] == ' ' || text.data[0] == '\t'))
        text = bytes_from(text, 1);
    return text;
}

// A whole line, with those it went on in.
static void whole_line(struct reader *r)
{
    bool disabled;
    struct bytes text = without_marks(bytes_make(r->text, r->len), &disabled);
    if (!disabled && r->too_long)
        too_long(r);
    else if (text.len && !disabled && text.data[0] != ';')
        one_rule(r, text);
    else if (disabled && starts_rule(text)) {
        if (r->loader->options->disabled_too && !r->too_long)
            one_rule(r, text);
        else
            r->loader->report->disabled++;
    }
}

// Does the rule go on in the next line? A remark does not.
static bool goes_on(struct reader *r)
{
    size_t end = r->len;
    while (end > 0 &&
           (r->text[end - 1] == '\r' || r->text[end - 1] == ' ' || r->text[end - 1] == '\t'))
        end--;
    if (end == 0 || r->text[end - 1] != '\\' || r->joins_count >= RULE_JOINS)
        return false;
    bool disabled;
    struct bytes text = without_marks(bytes_make(r->text, end), &disabled);
    if (disabled && !starts_rule(text))
        return false;
    r->len = end - 1;
    return true;
}

static void begin_rule(struct reader *r)
{
    r->len = 0;
    r->too_long = false;
    r->first = r->line;
    r->joins_count = 0;
}

static void join(struct reader *r)
{
    if (r->joins_count < RULE_JOINS)
        r->joins[r->joins_count++] = (struct rule_join){(uint32_t)r->len, r->line};
}

static void end_of_line(struct reader *r)
{
    if (goes_on(r)) {
        r->line++;
        join(r);
        return;
    }
    whole_line(r);
    r->line++;
    begin_rule(r);
}

static void take(struct reader *r, const uint8_t *data, size_t count)
{
    for (size_t i = 0; i < count && !r->loader->out_of_memory; i++) {
        if (data[i] == '\n')
            end_of_line(r);
        else if (r->len < RULE_TEXT_BYTES)
            r->text[r->len++] = data[i];
        else
            r->too_long = true;
    }
}

static const uint8_t mark[] = {0xef, 0xbb, 0xbf}; // of UTF-8

bool reader_run(struct reader *r)
{
    uint8_t *room = base_malloc(READ_BYTES);
    r->text = base_malloc(RULE_TEXT_BYTES);
    bool first = true;
    r->line = 1;
    begin_rule(r);
    while (room && r->text && !r->loader->out_of_memory) {
        size_t count = fread(room, 1, READ_BYTES, r->file), skip = 0;
        if (count == 0)
            break;
        if (first && count >= sizeof mark && memcmp(room, mark, sizeof mark) == 0)
            skip = sizeof mark;
        first = false;
        take(r, room + skip, count - skip);
    }
    bool good = room && r->text && !ferror(r->file);
    if (good && (r->len || r->too_long))
        whole_line(r);
    base_free(room);
    base_free(r->text);
    return good;
}
