// SPDX-License-Identifier: Apache-2.0
// OpenIOC 1.0 (<ioc>) and 1.1 (<OpenIOC>): XML by expat, entities refused. Read: Indicator trees
// with AND and OR, IndicatorItem with its condition, Context and Content, negate, preserve-case;
// of the head what it is called, who wrote it, its links.
#include "base/alloc.h"
#include "intel/ioc.h"
#include "intel/readers.h"
#include <expat.h>

enum {
    IOC_DEPTH = 64,
    IOC_TEXT_BYTES = 65'536,
    IOC_BYTES = 256 << 20, // all of one file
    CHUNK_BYTES = 64 << 10,
};

struct ioc_reader {
    struct intel_builder *builder;
    const struct intel_file *file;
    XML_Parser parser;
    struct pool pool;
    struct arena arena;
    size_t depth;
    bool failed, full;
    bool inside, any; // an IOC; one was there
    struct ioc_node *root, *now;
    struct bytes id, title, author, links;
    int64_t seen_us;
    bool link_family; // the link being read says what family or group it is
    uint8_t text[IOC_TEXT_BYTES];
    size_t text_len;
};

static bool likely(const struct intel_file *file)
{
    return bytes_find_byte(file->head, '<') < 8 &&
           (bytes_find(file->head, BYTES("<ioc")) != BYTES_NOT_FOUND ||
               bytes_find(file->head, BYTES("<OpenIOC")) != BYTES_NOT_FOUND ||
               bytes_find(file->head, BYTES("mandiant.com/20")) != BYTES_NOT_FOUND ||
               bytes_find(file->head, BYTES("openioc.org")) != BYTES_NOT_FOUND);
}

static void stop(struct ioc_reader *r, enum text_id why, struct bytes what)
{
    if (!r->failed)
        (void)document_fail(
            r->builder, XML_GetCurrentLineNumber(r->parser), why, what, BYTES("64"));
    r->failed = true;
    XML_StopParser(r->parser, XML_FALSE);
}

static struct bytes kept(struct ioc_reader *r, struct bytes text)
{
    struct bytes copy = text.len ? arena_copy(&r->arena, text) : BYTES("");
    if (!copy.data)
        stop(r, TEXT_INTEL_NO_MEMORY, BYTES(""));
    return copy;
}

static struct bytes attribute(const XML_Char **attributes, const char *name)
{
    for (size_t i = 0; attributes[i]; i += 2)
        if (strcasecmp(attributes[i], name) == 0)
            return bytes_from_text(attributes[i + 1]);
    return BYTES("");
}

static bool is(const XML_Char *name, const char *wanted)
{
    const char *colon = strchr(name, ':'); // a namespace's prefix
    return strcmp(colon ? &colon[1] : name, wanted) == 0;
}

// ---- Beginnings

static void begin_ioc(struct ioc_reader *r, const XML_Char **attributes)
{
    bool whole_day;
    r->inside = r->any = true;
    r->root = r->now = NULL;
    r->title = r->author = r->links = (struct bytes){NULL, 0};
    r->id = kept(r, attribute(attributes, "id"));
    if (!intel_word_time(attribute(attributes, "last-modified"), &r->seen_us, &whole_day))
        r->seen_us = 0;
}

static void begin_node(struct ioc_reader *r, bool item, const XML_Char **attributes)
{
    struct ioc_node *node = arena_zalloc(&r->arena, sizeof *node);
    if (!node) {
        stop(r, TEXT_INTEL_NO_MEMORY, BYTES(""));
        return;
    }
    node->item = item;
    node->line = XML_GetCurrentLineNumber(r->parser);
    node->all = bytes_equal_nocase(attribute(attributes, "operator"), BYTES("AND"));
    node->condition = kept(r, attribute(attributes, "condition"));
    node->negate = bytes_equal_nocase(attribute(attributes, "negate"), BYTES("true"));
    node->mind_case = bytes_equal_nocase(attribute(attributes, "preserve-case"), BYTES("true"));
    node->parent = r->now;
    if (r->now && r->now->last)
        r->now->last->next = node;
    else if (r->now)
        r->now->child = node;
    if (r->now)
        r->now->last = node;
    else if (!r->root)
        r->root = node;
    r->now = node;
}

static void XMLCALL begin(void *context, const XML_Char *name, const XML_Char **attributes)
{
    struct ioc_reader *r = context;
    r->text_len = 0;
    if (r->failed)
        return;
    if (++r->depth > IOC_DEPTH)
        stop(r, TEXT_STIX_XML_LIMIT, BYTES(""));
    else if (is(name, "ioc") || is(name, "OpenIOC"))
        begin_ioc(r, attributes);
    else if (!r->inside)
        return;
    else if (is(name, "Indicator") || is(name, "IndicatorItem"))
        begin_node(r, is(name, "IndicatorItem"), attributes);
    else if (is(name, "Context") && r->now)
        r->now->search = kept(r, attribute(attributes, "search"));
    else if (is(name, "link"))
        r->link_family = bytes_equal_nocase(attribute(attributes, "rel"), BYTES("family")) ||
                         bytes_equal_nocase(attribute(attributes, "rel"), BYTES("threatgroup")) ||
                         bytes_equal_nocase(attribute(attributes, "rel"), BYTES("malware"));
}

static void XMLCALL characters(void *context, const XML_Char *text, int len)
{
    struct ioc_reader *r = context;
    if (r->failed || len < 0)
        return;
    if ((size_t)len > sizeof r->text - r->text_len) {
        stop(r, TEXT_STIX_XML_LIMIT, BYTES(""));
        return;
    }
    memcpy(&r->text[r->text_len], text, (size_t)len);
    r->text_len += (size_t)len;
}

// ---- Ends

static struct bytes white_off(struct bytes text)
{
    while (text.len && strchr(" \t\r\n", text.data[0]))
        text = bytes_from(text, 1);
    while (text.len && strchr(" \t\r\n", text.data[text.len - 1]))
        text.len--;
    return text;
}

static void add_node(
    struct ioc_reader *r, struct ioc_node *node, const struct composed_says *common)
{
    struct composed_says says = *common;
    says.line = node->line;
    r->full |= composed_add(r->builder, ioc_make, node, node->item ? node->content : r->id,
                   &says) == COMPOSED_FULL;
}

// The branches of the uppermost OR stand alone.
static void end_ioc(struct ioc_reader *r)
{
    struct composed_says says = {.indicator = INDICATOR_UNSAID, .title = r->title};
    struct composing source = {.len = 0}, label = {.len = 0};
    r->inside = false;
    composing_add(&source, "", r->author);
    composing_add(&source, " (", r->file->base);
    composing_add(&source, "", r->author.len ? BYTES(")") : BYTES(""));
    composing_add(&label, "", r->title);
    composing_add(&label, "; ", r->links);
    says.source = composing_bytes(&source);
    says.indicator.source =
        intel_source_add(r->builder, &(struct intel_source){.name = says.source});
    says.indicator.label = composing_bytes(&label);
    says.indicator.id = r->id;
    says.indicator.seen_us = r->seen_us;
    struct ioc_node *root = r->root;
    if (!root || (!root->item && !root->child))
        composed_trouble(
            r->builder, XML_GetCurrentLineNumber(r->parser), r->id, TEXT_STIX_IOC_EMPTY, r->id);
    else if (root->item || root->all)
        add_node(r, root, &says);
    else
        for (struct ioc_node *child = root->child; child && !r->full; child = child->next)
            add_node(r, child, &says);
    if (r->full)
        stop(r, TEXT_INTEL_NO_MEMORY, BYTES(""));
}

static void end_node(struct ioc_reader *r)
{
    if (r->now)
        r->now = r->now->parent;
}

static void take_link(struct ioc_reader *r, struct bytes text)
{
    struct composing links = {.len = 0};
    if (!r->link_family || text.len == 0)
        return;
    composing_add(&links, "", r->links);
    composing_add(&links, ", ", text);
    r->links = kept(r, composing_bytes(&links));
}

static void XMLCALL end(void *context, const XML_Char *name)
{
    struct ioc_reader *r = context;
    struct bytes text = white_off(bytes_make(r->text, r->text_len));
    if (r->failed)
        return;
    r->depth--;
    r->text_len = 0;
    if (!r->inside)
        return;
    if (is(name, "ioc") || is(name, "OpenIOC"))
        end_ioc(r);
    else if (is(name, "Indicator") || is(name, "IndicatorItem"))
        end_node(r);
    else if (is(name, "Content") && r->now)
        r->now->content = kept(r, text);
    else if (is(name, "short_description"))
        r->title = kept(r, text);
    else if (is(name, "authored_by"))
        r->author = kept(r, text);
    else if (is(name, "link"))
        take_link(r, text);
}

static void XMLCALL entity(void *context, const XML_Char *name, int, const XML_Char *, int,
    const XML_Char *, const XML_Char *, const XML_Char *, const XML_Char *)
{
    stop(context, TEXT_STIX_XML_ENTITY, bytes_from_text(name));
}

// ---- The file

static bool parse(struct ioc_reader *r, struct lines *lines)
{
    size_t got = 1;
    while (got > 0 && !r->failed) {
        void *room = XML_GetBuffer(r->parser, CHUNK_BYTES);
        if (!room)
            return document_fail(r->builder, 0, TEXT_INTEL_NO_MEMORY, BYTES(""), BYTES(""));
        got = lines_read(lines, room, CHUNK_BYTES);
        if (XML_ParseBuffer(r->parser, (int)got, got == 0) == XML_STATUS_OK)
            continue;
        if (!r->failed)
            (void)document_fail(r->builder, XML_GetCurrentLineNumber(r->parser), TEXT_STIX_BAD_XML,
                bytes_from_text(XML_ErrorString(XML_GetErrorCode(r->parser))), BYTES(""));
        return false;
    }
    return !r->failed;
}

static bool read_with(struct ioc_reader *r, struct lines *lines)
{
    XML_SetUserData(r->parser, r);
    XML_SetElementHandler(r->parser, begin, end);
    XML_SetCharacterDataHandler(r->parser, characters);
    XML_SetEntityDeclHandler(r->parser, entity);
    if (!parse(r, lines) || reader_trouble(r->builder, lines))
        return false;
    return r->any || document_fail(r->builder, 0, TEXT_STIX_NO_IOC, BYTES(""), BYTES(""));
}

static bool read_openioc(struct intel_builder *builder, const struct intel_file *file)
{
    struct ioc_reader *r = base_calloc(1, sizeof *r);
    struct lines *lines = lines_open(file->path);
    XML_Parser parser = XML_ParserCreate(NULL);
    bool read = false;
    if (r && lines && parser) {
        r->builder = builder;
        r->file = file;
        r->parser = parser;
        pool_init(&r->pool, 0);
        arena_init(&r->arena, &r->pool, IOC_BYTES);
        read = read_with(r, lines);
        arena_reset(&r->arena);
        pool_finish(&r->pool);
    } else {
        (void)document_fail(builder, 0, TEXT_INTEL_NO_MEMORY, BYTES(""), BYTES(""));
    }
    if (parser)
        XML_ParserFree(parser);
    lines_close(lines);
    base_free(r);
    return read;
}

const struct intel_format intel_format_openioc = {"openioc", likely, read_openioc};
