// SPDX-License-Identifier: Apache-2.0
// Lexical rules as in YARA's documentation ("Writing YARA rules"): a slash that begins no comment
// begins a regular expression, as division is written \; strings and regular expressions end with
// their line; rule, private, global, import and include are reserved words.
#include "file/scan_text.h"
#include "base/alloc.h"

static int byte_at(const struct yara_reader *r, size_t more)
{
    size_t at = more + r->at;
    return at < r->text.len ? r->text.data[at] : -1;
}

static void pass(struct yara_reader *r)
{
    if (byte_at(r, 0) == '\n')
        r->line++;
    r->at++;
}

static bool is_word(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static bool is_space(int c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static void pass_line_comment(struct yara_reader *r)
{
    while (byte_at(r, 0) >= 0 && byte_at(r, 0) != '\n')
        pass(r);
}

static void pass_block_comment(struct yara_reader *r)
{
    pass(r);
    pass(r);
    while (byte_at(r, 0) >= 0 && !(byte_at(r, 0) == '*' && byte_at(r, 1) == '/'))
        pass(r);
    if (byte_at(r, 0) >= 0) {
        pass(r);
        pass(r);
    }
}

// Up to the closing mark on the same line; what stands between.
static struct bytes pass_quoted(struct yara_reader *r, int mark)
{
    pass(r);
    size_t start = r->at;
    while (byte_at(r, 0) >= 0 && byte_at(r, 0) != '\n' && byte_at(r, 0) != mark) {
        if (byte_at(r, 0) == '\\' && byte_at(r, 1) >= 0 && byte_at(r, 1) != '\n')
            pass(r);
        pass(r);
    }
    struct bytes inside = bytes_sub(r->text, start, r->at - start);
    if (byte_at(r, 0) == mark)
        pass(r);
    return inside;
}

// What a slash begins.
static void pass_slash(struct yara_reader *r)
{
    if (byte_at(r, 1) == '/')
        pass_line_comment(r);
    else if (byte_at(r, 1) == '*')
        pass_block_comment(r);
    else
        (void)pass_quoted(r, '/');
}

static void pass_blank(struct yara_reader *r)
{
    for (;;) {
        if (is_space(byte_at(r, 0)))
            pass(r);
        else if (byte_at(r, 0) == '/')
            pass_slash(r);
        else
            return;
    }
}

struct yara_token yara_token_next(struct yara_reader *r)
{
    pass_blank(r);
    struct yara_token token = {.kind = YARA_END, .line = r->line};
    int c = byte_at(r, 0);
    size_t start = r->at;
    if (c < 0)
        return token;
    if (c == '"') {
        token.kind = YARA_STRING;
        token.text = pass_quoted(r, '"');
        return token;
    }
    token.kind = is_word(c) ? YARA_WORD : YARA_MARK;
    bool name = c == '$' || c == '#' || c == '@' || c == '!'; // a string's, which is no word
    do
        pass(r);
    while ((token.kind == YARA_WORD || name) && is_word(byte_at(r, 0)));
    token.text = bytes_sub(r->text, start, r->at - start);
    return token;
}

// Items in the making.
struct finder {
    struct yara_reader reader;
    struct yara_token token; // the one being looked at
    size_t token_at, token_end;
    struct yara_items *out;
    size_t room;
    bool failed;
};

static void next(struct finder *f)
{
    pass_blank(&f->reader);
    f->token_at = f->reader.at;
    f->token = yara_token_next(&f->reader);
    f->token_end = f->reader.at;
}

static bool is(const struct finder *f, const char *word)
{
    return f->token.kind == YARA_WORD && bytes_equal(f->token.text, bytes_from_text(word));
}

static bool is_mark(const struct finder *f, char mark)
{
    return f->token.kind == YARA_MARK && f->token.text.len == 1 &&
           f->token.text.data[0] == (uint8_t)mark;
}

// Nothing but the beginning of the next item may say one of these.
static bool begins_item(const struct finder *f)
{
    return is(f, "rule") || is(f, "import") || is(f, "include") || is(f, "global");
}

static void item_add(struct finder *f, const struct yara_item *item, size_t from, size_t end)
{
    struct yara_items *out = f->out;
    if (out->count == f->room) {
        size_t room = f->room ? f->room * 2 : 16;
        struct yara_item *more = NULL;
        if (room <= 2 * (size_t)YARA_ITEMS_MOST)
            more = base_realloc(out->items, room * sizeof *more);
        if (!more) {
            f->failed = true;
            return;
        }
        out->items = more;
        f->room = room;
    }
    struct yara_item *made = &out->items[out->count++];
    *made = *item;
    made->at = from;
    made->text = bytes_sub(f->reader.text, from, end - from);
}

// import "module", include "file": word and string.
static void find_named(struct finder *f, enum yara_item_kind kind)
{
    struct yara_item item = {.kind = kind, .line = f->token.line, .last_line = f->token.line};
    size_t from = f->token_at, end = f->token_end;
    next(f);
    if (f->token.kind == YARA_STRING) {
        item.name = f->token.text;
        item.last_line = f->token.line;
        end = f->token_end;
        next(f);
    } else {
        item.kind = YARA_BROKEN;
    }
    item_add(f, &item, from, end);
}

// From an opening brace to its closing one, and past it. False: there is none before the next item.
static bool pass_body(struct finder *f, size_t *end, uint32_t *last_line)
{
    size_t depth = 0;
    do {
        if (is_mark(f, '{'))
            depth++;
        else if (is_mark(f, '}'))
            depth--;
        *end = f->token_end;
        *last_line = f->token.line;
        next(f);
    } while (depth > 0 && f->token.kind != YARA_END && !begins_item(f));
    return depth == 0;
}

// Modifiers, "rule", name, tags, body.
static void find_rule(struct finder *f)
{
    struct yara_item item = {.kind = YARA_BROKEN, .line = f->token.line};
    size_t from = f->token_at, end = f->token_end;
    item.last_line = f->token.line;
    while (is(f, "private") || is(f, "global")) {
        item.global |= is(f, "global");
        end = f->token_end;
        next(f);
    }
    if (is(f, "rule")) {
        end = f->token_end;
        next(f);
        if (f->token.kind == YARA_WORD && !begins_item(f))
            item.name = f->token.text;
        while (f->token.kind != YARA_END && !begins_item(f) && !is_mark(f, '{')) {
            end = f->token_end;
            item.last_line = f->token.line;
            next(f);
        }
        if (is_mark(f, '{') && pass_body(f, &end, &item.last_line) && item.name.data)
            item.kind = YARA_RULE;
    }
    item_add(f, &item, from, end);
}

// Text that is no item: up to the next one.
static void find_broken(struct finder *f)
{
    struct yara_item item = {.kind = YARA_BROKEN, .line = f->token.line};
    size_t from = f->token_at, end = from;
    while (f->token.kind != YARA_END && !begins_item(f) && !is(f, "private")) {
        end = f->token_end;
        item.last_line = f->token.line;
        next(f);
    }
    item_add(f, &item, from, end);
}

bool yara_items_find(struct bytes text, struct yara_items *out)
{
    struct finder f = {.reader = {.text = text, .line = 1}, .out = out};
    *out = (struct yara_items){0};
    next(&f);
    while (f.token.kind != YARA_END && !f.failed) {
        if (is(&f, "import"))
            find_named(&f, YARA_IMPORT);
        else if (is(&f, "include"))
            find_named(&f, YARA_INCLUDE);
        else if (is(&f, "rule") || is(&f, "private") || is(&f, "global"))
            find_rule(&f);
        else
            find_broken(&f);
    }
    if (f.failed)
        yara_items_finish(out);
    return !f.failed;
}

void yara_items_finish(struct yara_items *items)
{
    base_free(items->items);
    *items = (struct yara_items){0};
}
