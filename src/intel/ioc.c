// SPDX-License-Identifier: Apache-2.0
// OpenIOC's terms as object paths. Items of one document (FileItem, Network ...) joined by AND must
// be seen in one record; those of different documents each in their own.
#include "intel/ioc.h"

static const struct {
    const char *search, *type, *keys; // keys between dots
} terms[] = {
    {"FileItem/Md5sum", "file", "hashes.MD5"},
    {"FileItem/Sha1sum", "file", "hashes.SHA-1"},
    {"FileItem/Sha256sum", "file", "hashes.SHA-256"},
    {"FileItem/FileName", "file", "name"},
    {"FileItem/SizeInBytes", "file", "size"},
    {"FileDownloadHistoryItem/SourceURL", "url", "value"},
    {"FileDownloadHistoryItem/FileName", "file", "name"},
    {"UrlHistoryItem/URL", "url", "value"},
    {"UrlHistoryItem/HostName", "domain-name", "value"},
    {"DnsEntryItem/Host", "domain-name", "value"},
    {"DnsEntryItem/RecordName", "domain-name", "value"},
    {"Network/DNS", "domain-name", "value"},
    {"Network/URI", "network-traffic", "extensions.http-request-ext.request_value"},
    {"Network/UserAgent", "network-traffic",
        "extensions.http-request-ext.request_header.User-Agent"},
    {"Network/HTTP_Referr", "network-traffic",
        "extensions.http-request-ext.request_header.Referer"},
    {"PortItem/remoteIP", "ipv4-addr", "value"},
    {"PortItem/localIP", "network-traffic", "src_ref.value"},
    {"PortItem/remotePort", "network-traffic", "dst_port"},
    {"PortItem/localPort", "network-traffic", "src_port"},
    {"PortItem/protocol", "network-traffic", "protocols"},
    {"DnsEntryItem/RecordData/IPv4Address", "ipv4-addr", "value"},
    {"RouteEntryItem/Destination", "ipv4-addr", "value"},
    {"ArpEntryItem/PhysicalAddress", "mac-addr", "value"},
    {"Email/From", "email-message", "from_ref.value"},
    {"Email/To", "email-message", "to_refs.value"},
    {"Email/CC", "email-message", "cc_refs.value"},
    {"Email/BCC", "email-message", "bcc_refs.value"},
    {"Email/Subject", "email-message", "subject"},
    {"Email/ReplyTo", "email-message", "additional_header_fields.Reply-To"},
    {"Email/Attachment/Name", "file", "name"},
    {"Email/Attachment/MD5", "file", "hashes.MD5"},
    {"Email/AttachmentMD5", "file", "hashes.MD5"},
};

static const struct {
    const char *word;
    enum pattern_op op;
    bool negated;
    const char *before, *after; // a regular expression made of the text
} conditions[] = {
    {"is", OP_EQUAL, false, NULL, NULL},
    {"isnot", OP_EQUAL, true, NULL, NULL},
    {"contains", OP_CONTAINS, false, NULL, NULL},
    {"containsnot", OP_CONTAINS, true, NULL, NULL},
    {"matches", OP_MATCHES, false, NULL, NULL},
    {"matchesnot", OP_MATCHES, true, NULL, NULL},
    {"starts-with", OP_MATCHES, false, "^\\Q", "\\E"},
    {"ends-with", OP_MATCHES, false, "\\Q", "\\E$"},
    {"greater-than", OP_GREATER, false, NULL, NULL},
    {"less-than", OP_LESS, false, NULL, NULL},
};

struct maker {
    struct arena *arena;
    struct pattern_error *error;
};

static void *fail(struct maker *m, enum text_id why, struct bytes what)
{
    if (m->error->why == TEXTS)
        *m->error = (struct pattern_error){.why = why, .what = what};
    return NULL;
}

static void *allocate(struct maker *m, size_t size)
{
    void *memory = arena_zalloc(m->arena, size);
    return memory ? memory : fail(m, TEXT_STIX_NO_MEMORY, BYTES(""));
}

// The reader's memory does not live as long as the pattern.
static struct bytes copied(struct maker *m, struct bytes text)
{
    struct bytes copy = text.len ? arena_copy(m->arena, text) : BYTES("");
    if (!copy.data)
        fail(m, TEXT_STIX_NO_MEMORY, BYTES(""));
    return copy;
}

static bool set_path(struct maker *m, struct pattern_path *path, const char *type, const char *keys)
{
    struct bytes rest = bytes_from_text(keys);
    path->type = bytes_from_text(type);
    path->steps = allocate(m, PATTERN_STEPS * sizeof *path->steps);
    while (path->steps && rest.len && path->count < PATTERN_STEPS) {
        size_t dot = bytes_find_byte(rest, '.');
        path->steps[path->count++] = (struct path_step){.key = bytes_sub(rest, 0, dot)};
        rest = dot == BYTES_NOT_FOUND ? BYTES("") : bytes_from(rest, dot + 1);
    }
    return path->steps != NULL;
}

// What no record shows gets a path nothing is found at, and is told as the file has it.
static bool take_path(struct maker *m, const struct ioc_node *item, struct pattern_path *path)
{
    const char *type = "openioc", *keys = "unseen";
    for (size_t i = 0; i < sizeof terms / sizeof *terms; i++)
        if (bytes_equal_nocase(item->search, bytes_from_text(terms[i].search))) {
            type = terms[i].type;
            keys = terms[i].keys;
        }
    bool six =
        strcmp(type, "ipv4-addr") == 0 && bytes_find_byte(item->content, ':') != BYTES_NOT_FOUND;
    path->text = copied(m, item->search);
    return set_path(m, path, six ? "ipv6-addr" : type, keys);
}

static struct bytes wrapped(
    struct maker *m, struct bytes text, const char *before, const char *after)
{
    size_t head = strlen(before), tail = strlen(after);
    uint8_t *room = allocate(m, head + text.len + tail);
    if (!room)
        return (struct bytes){NULL, 0};
    memcpy(room, before, head);
    if (text.len)
        memcpy(&room[head], text.data, text.len);
    memcpy(&room[head + text.len], after, tail);
    return bytes_make(room, head + text.len + tail);
}

static bool take_condition(struct maker *m, const struct ioc_node *item, struct pattern_test *test)
{
    struct literal *literal = allocate(m, sizeof *literal);
    if (!literal)
        return false;
    *literal = (struct literal){.kind = LITERAL_TEXT, .text = copied(m, item->content)};
    test->literals = literal;
    test->literals_count = 1;
    for (size_t i = 0; i < sizeof conditions / sizeof *conditions; i++) {
        if (!bytes_equal_nocase(item->condition, bytes_from_text(conditions[i].word)))
            continue;
        test->op = conditions[i].op;
        test->negated = conditions[i].negated != item->negate;
        if (conditions[i].before)
            literal->text = wrapped(m, item->content, conditions[i].before, conditions[i].after);
        return literal->text.data;
    }
    return fail(m, TEXT_STIX_IOC_CONDITION, item->condition), false;
}

static struct pattern_node *test_of(struct maker *m, const struct ioc_node *item)
{
    struct pattern_node *node = allocate(m, sizeof *node);
    struct pattern_test *test = allocate(m, sizeof *test);
    if (!node || !test)
        return NULL;
    test->nocase = !item->mind_case;
    test->index = STEP_ANY;
    node->test = test;
    return take_path(m, item, &test->path) && take_condition(m, item, test) ? node : NULL;
}

// The document all items below are of; {NULL, 0}: of several.
static struct bytes document_of(const struct ioc_node *node)
{
    struct bytes first = {NULL, 0};
    if (node->item)
        return bytes_sub(node->search, 0, bytes_find_byte(node->search, '/'));
    for (const struct ioc_node *child = node->child; child; child = child->next) {
        struct bytes one = document_of(child);
        if (!one.data || (first.data && !bytes_equal_nocase(first, one)))
            return (struct bytes){NULL, 0};
        first = one;
    }
    return first;
}

static bool says_what_it_is(const struct ioc_node *node)
{
    bool negative = bytes_equal_nocase(node->condition, BYTES("isnot")) ||
                    bytes_equal_nocase(node->condition, BYTES("containsnot")) ||
                    bytes_equal_nocase(node->condition, BYTES("matchesnot"));
    if (node->item)
        return negative == node->negate;
    for (const struct ioc_node *child = node->child; child; child = child->next)
        if (says_what_it_is(child))
            return true;
    return false;
}

static struct pattern_node *tests_of(struct maker *m, const struct ioc_node *node)
{
    if (node->item)
        return test_of(m, node);
    struct pattern_node *made = allocate(m, sizeof *made), **end = made ? &made->child : NULL;
    if (!made)
        return NULL;
    made->kind = node->all ? NODE_BOTH : NODE_EITHER;
    for (const struct ioc_node *child = node->child; child; child = child->next) {
        *end = tests_of(m, child);
        if (!*end)
            return NULL;
        end = &(*end)->next;
    }
    return made;
}

static struct pattern_node *observe(struct maker *m, struct pattern_node *tests)
{
    struct pattern_node *made = tests ? allocate(m, sizeof *made) : NULL;
    if (made)
        *made = (struct pattern_node){.kind = NODE_OBSERVE, .child = tests};
    return made;
}

static bool seen_before(const struct ioc_node *first, const struct ioc_node *until)
{
    struct bytes document = document_of(until);
    for (const struct ioc_node *n = first; n != until; n = n->next)
        if (bytes_equal_nocase(document_of(n), document))
            return true;
    return false;
}

// All children of the same document, ANDed in one observation.
static struct pattern_node *observe_group(struct maker *m, const struct ioc_node *first)
{
    struct bytes document = document_of(first);
    struct pattern_node *both = allocate(m, sizeof *both), **end = both ? &both->child : NULL;
    if (!both)
        return NULL;
    both->kind = NODE_BOTH;
    for (const struct ioc_node *n = first; n; n = n->next) {
        if (!bytes_equal_nocase(document_of(n), document))
            continue;
        *end = tests_of(m, n);
        if (!*end)
            return NULL;
        end = &(*end)->next;
    }
    return observe(m, both);
}

static struct pattern_node *observations_of(struct maker *m, const struct ioc_node *node)
{
    if (document_of(node).data)
        return observe(m, tests_of(m, node));
    struct pattern_node *made = allocate(m, sizeof *made), **end = made ? &made->child : NULL;
    if (!made)
        return NULL;
    made->kind = node->all ? NODE_ALL : NODE_ANY;
    for (const struct ioc_node *child = node->child; child; child = child->next) {
        bool single = document_of(child).data;
        if (node->all && single && seen_before(node->child, child))
            continue;
        *end = node->all && single ? observe_group(m, child) : observations_of(m, child);
        if (!*end)
            return NULL;
        end = &(*end)->next;
    }
    return made->child ? made : fail(m, TEXT_STIX_IOC_EMPTY, BYTES(""));
}

struct pattern_node *ioc_make(void *node, struct arena *arena, struct pattern_error *error)
{
    struct maker m = {arena, error};
    error->why = TEXTS;
    if (!says_what_it_is(node))
        return fail(&m, TEXT_STIX_IOC_EMPTY, BYTES(""));
    return observations_of(&m, node);
}
