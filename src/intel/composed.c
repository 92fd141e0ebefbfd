// SPDX-License-Identifier: Apache-2.0
#include "intel/composed.h"
#include "intel/internal.h"
#include "intel/observe_value.h"
#include "intel/pattern_state.h"

enum { COMPOSED_SCRATCH_BYTES = 8 << 20 };

// ---- The set, made when the first pattern comes

static void *state_create(const void *set)
{
    return pattern_state_create(pattern_set_config(set)->intel.pattern_memory_bytes);
}

static void state_destroy(void *state)
{
    pattern_state_destroy(state);
}

static void set_destroy(void *set)
{
    pattern_set_destroy(set);
}

static const struct intel_pattern_table table = {
    .record = pattern_set_record,
    .count = pattern_set_count,
    .take_back = pattern_set_take_back,
    .revoke = pattern_set_revoke,
    .destroy = set_destroy,
    .state_create = state_create,
    .settle = pattern_state_settle,
    .state_destroy = state_destroy,
};

static struct pattern_set *set_of(struct intel_builder *builder)
{
    struct pattern_set *set = intel_patterns(builder);
    if (set)
        return set;
    set = pattern_set_create(intel_config(builder));
    if (set)
        intel_patterns_set(builder, set, &table);
    return set;
}

// ---- Single values

static const struct {
    const char *path;
    enum intel_kind kind;
} kinds[] = {
    {"ipv4-addr:value", INTEL_ADDRESS},
    {"ipv6-addr:value", INTEL_ADDRESS},
    {"domain-name:value", INTEL_HOST},
    {"url:value", INTEL_URL},
    {"file:hashes.md5", INTEL_MD5},
    {"file:hashes.sha1", INTEL_SHA1},
    {"file:hashes.sha256", INTEL_SHA256},
    {"file:name", INTEL_FILE_NAME},
    {"artifact:hashes.md5", INTEL_MD5},
    {"artifact:hashes.sha1", INTEL_SHA1},
    {"artifact:hashes.sha256", INTEL_SHA256},
    {"email-addr:value", INTEL_MAIL},
    {"email-message:from_ref.value", INTEL_MAIL_FROM},
    {"email-message:to_refs.value", INTEL_MAIL_TO},
    {"email-message:subject", INTEL_MAIL_SUBJECT},
    {"email-message:additional_header_fields.reply-to", INTEL_MAIL_REPLY_TO},
    {"network-traffic:extensions.http-request-ext.request_header.user-agent", INTEL_USER_AGENT},
    {"x509-certificate:hashes.sha1", INTEL_CERT_SHA1},
    {"x509-certificate:hashes.sha256", INTEL_CERT_SHA256},
    {"x509-certificate:serial_number", INTEL_CERT_SERIAL},
    {"x509-certificate:subject", INTEL_CERT_SUBJECT},
    {"x509-certificate:issuer", INTEL_CERT_ISSUER},
    {"x:ja3", INTEL_JA3},
    {"x:ja3s", INTEL_JA3S},
    {"x:ja4", INTEL_JA4},
    {"x:hassh", INTEL_HASSH},
    {"x:hasshserver", INTEL_HASSH_SERVER},
};

static enum intel_kind kind_of(const struct pattern_test *test, const struct literal *literal)
{
    enum intel_kind kind = INTEL_KINDS;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds && literal->kind == LITERAL_TEXT; i++)
        if (strcmp(kinds[i].path, test->seen->path) == 0)
            kind = kinds[i].kind;
    bool network = bytes_find_byte(literal->text, '/') != BYTES_NOT_FOUND;
    return kind == INTEL_ADDRESS && network ? INTEL_RANGE : kind;
}

struct taking {
    struct intel_builder *builder;
    const struct composed_says *says;
    bool storable, full;
};

static void check_simple(void *context, const struct pattern_test *test)
{
    struct taking *taking = context;
    for (size_t i = 0; i < test->literals_count; i++)
        taking->storable &= kind_of(test, &test->literals[i]) != INTEL_KINDS;
}

static struct bytes network_text(const struct literal *literal, char room[ADDR_TEXT_BYTES + 4])
{
    size_t len = addr_write(&literal->range.base, room);
    uint8_t bits = literal->range.bits;
    room[len++] = '/';
    if (bits >= 100)
        room[len++] = (char)('0' + bits / 100);
    if (bits >= 10)
        room[len++] = (char)('0' + bits / 10 % 10);
    room[len++] = (char)('0' + bits % 10);
    return bytes_make(room, len);
}

static void take_simple(void *context, const struct pattern_test *test)
{
    struct taking *taking = context;
    char room[ADDR_TEXT_BYTES + 4];
    for (size_t i = 0; i < test->literals_count && !taking->full; i++) {
        struct indicator indicator = taking->says->indicator;
        const struct literal *literal = &test->literals[i];
        indicator.kind = kind_of(test, literal);
        indicator.value =
            indicator.kind == INTEL_RANGE ? network_text(literal, room) : literal->text;
        taking->full = intel_add(taking->builder, &indicator, taking->says->line) == INTEL_FULL;
    }
}

// ---- [path = 'value'], as nearly all are: once a path is known, no tree is made for it.

static const struct plain_path *find_plain(const struct intel_builder *builder, struct bytes text)
{
    for (size_t i = 0; i < builder->plain_count; i++)
        if (bytes_equal(bytes_make(builder->plain[i].text, builder->plain[i].len), text))
            return &builder->plain[i];
    return NULL;
}

static void learn_plain(struct intel_builder *builder, const struct pattern_node *root)
{
    const struct pattern_test *test = root->kind == NODE_OBSERVE ? root->child->test : NULL;
    if (!test || test->op != OP_EQUAL || test->negated || test->nocase || test->index != STEP_ANY)
        return;
    struct bytes text = test->path.text;
    enum intel_kind kind = kind_of(test, &test->literals[0]);
    if (kind == INTEL_KINDS || kind == INTEL_RANGE || text.len > PLAIN_PATH_BYTES ||
        builder->plain_count == PLAIN_PATHS || find_plain(builder, text))
        return;
    struct plain_path *path = &builder->plain[builder->plain_count++];
    *path = (struct plain_path){.len = text.len, .kind = kind, .how = (int)test->seen->how};
    memcpy(path->text, text.data, text.len);
}

// What stands before the character that `text` must end in; empty: it does not.
static struct bytes before_last(struct bytes text, char last)
{
    text = bytes_trim(text);
    return bytes_sub(text, 0, text.len && text.data[text.len - 1] == last ? text.len - 1 : 0);
}

// NULL: it is more than that, or of a path that has not come yet.
static const struct plain_path *plain_of(
    const struct intel_builder *builder, struct bytes pattern, struct bytes *value)
{
    struct bytes open = before_last(before_last(pattern, ']'), '\'');
    size_t quote = open.len;
    while (quote > 0 && open.data[quote - 1] != '\'' && open.data[quote - 1] != '\\')
        quote--;
    struct bytes path = before_last(before_last(bytes_sub(open, 0, quote), '\''), '=');
    *value = bytes_from(open, quote);
    if (bytes_at(path, 0) != '[' || value->len == 0 || value->len > INTEL_VALUE_BYTES)
        return NULL;
    const struct plain_path *plain = find_plain(builder, bytes_trim(bytes_from(path, 1)));
    struct addr addr;
    return plain && (plain->kind != INTEL_ADDRESS || addr_parse(*value, &addr)) ? plain : NULL;
}

static enum composed add_plain(struct intel_builder *builder, const struct plain_path *plain,
    struct bytes value, const struct composed_says *says)
{
    uint8_t room[OBSERVE_TEXT_BYTES];
    struct indicator indicator = says->indicator;
    indicator.kind = plain->kind;
    indicator.value = observable_canonical((enum observable_how)plain->how, value, room);
    bool full = intel_add(builder, &indicator, says->line) == INTEL_FULL;
    return full ? COMPOSED_FULL : COMPOSED_ADDED;
}

// ---- Patterns

void composed_trouble(struct intel_builder *builder, uint64_t line, struct bytes value,
    enum text_id why, struct bytes what)
{
    struct intel_trouble trouble = {.line = line, .value = value, .why = why, .what = what};
    intel_trouble(builder, &trouble);
    if (why == TEXT_STIX_UNSEEN || why == TEXT_STIX_NEVER_TOGETHER)
        builder->file->unseen++;
    else
        builder->file->refused++;
}

static enum composed left_out(struct intel_builder *builder, const struct composed_says *says,
    struct bytes shown, enum text_id why, struct bytes what)
{
    if (why == TEXT_STIX_NO_MEMORY)
        return COMPOSED_FULL;
    composed_trouble(builder, says->line, shown, why, what);
    return COMPOSED_LEFT_OUT;
}

static struct pattern_says pattern_says_of(
    const struct composed_says *says, struct composing *label)
{
    const struct indicator *i = &says->indicator;
    composing_add(label, "", i->label);
    composing_add(label, "; ", i->common);
    return (struct pattern_says){.source = says->source,
        .label = composing_bytes(label),
        .id = i->id,
        .title = says->title,
        .techniques = i->techniques,
        .confidence = i->confidence,
        .severity = i->severity,
        .phase = i->phase,
        .tlp = i->tlp,
        .from_us = i->from_us,
        .until_us = i->until_us,
        .modified_us = i->modified_us};
}

// Once more in the set's own memory, and kept.
static enum composed keep(struct intel_builder *builder, struct pattern_set *set,
    composed_make *make, void *context, struct bytes shown, const struct composed_says *says)
{
    struct pattern_error error;
    struct bytes unseen;
    struct composing label = {.len = 0};
    struct pattern_says said = pattern_says_of(says, &label);
    struct arena *arena = pattern_set_arena(set);
    if (says->indicator.silent)
        return COMPOSED_ADDED; // not for detection
    struct pattern_node *root = make(context, arena, &error);
    if (root)
        root = pattern_resolve(pattern_set_observables(set), arena, root, &unseen, &error);
    switch (root ? pattern_set_add(set, root, &said) : PATTERN_NO_MEMORY) {
    case PATTERN_ADDED:
        builder->file->added++;
        builder->file->expired +=
            builder->options->now_us && said.until_us && said.until_us <= builder->options->now_us;
        return COMPOSED_ADDED;
    case PATTERN_UNSEEN: return left_out(builder, says, shown, TEXT_STIX_NEVER_TOGETHER, shown);
    case PATTERN_TOO_MANY:
        return left_out(builder, says, shown, TEXT_STIX_TOO_MANY_OBSERVATIONS, shown);
    default: return COMPOSED_FULL;
    }
}

static enum composed add_resolved(struct intel_builder *builder, struct pattern_set *set,
    const struct pattern_node *root, struct taking *taking, bool *composed)
{
    taking->storable = true;
    *composed = !pattern_simple(root, check_simple, taking) || !taking->storable;
    if (*composed)
        return COMPOSED_ADDED;
    pattern_simple(root, take_simple, taking);
    return taking->full ? COMPOSED_FULL : COMPOSED_ADDED;
}

enum composed composed_add(struct intel_builder *builder, composed_make *make, void *context,
    struct bytes shown, const struct composed_says *says)
{
    struct pattern_set *set = set_of(builder);
    struct pool pool;
    struct arena scratch;
    struct pattern_error error = {.why = TEXT_STIX_NO_MEMORY};
    struct bytes unseen = {NULL, 0};
    bool composed = true;
    if (!set)
        return COMPOSED_FULL;
    pool_init(&pool, 0);
    arena_init(&scratch, &pool, COMPOSED_SCRATCH_BYTES);
    struct pattern_node *root = make(context, &scratch, &error), *left = NULL;
    enum composed done = COMPOSED_ADDED;
    if (root)
        left = pattern_resolve(pattern_set_observables(set), &scratch, root, &unseen, &error);
    if (!root || (!left && error.why != TEXTS))
        done = left_out(builder, says, shown, error.why, error.what);
    else if (!left)
        done = left_out(builder, says, shown, TEXT_STIX_UNSEEN, unseen);
    struct taking taking = {.builder = builder, .says = says};
    if (left) {
        learn_plain(builder, left);
        done = add_resolved(builder, set, left, &taking, &composed);
        pattern_free_regexes(left);
    }
    if (left && composed)
        done = keep(builder, set, make, context, shown, says);
    arena_reset(&scratch);
    pool_finish(&pool);
    return done;
}

static struct pattern_node *make_text(
    void *context, struct arena *arena, struct pattern_error *error)
{
    const struct bytes *pattern = context;
    struct bytes copy = {NULL, 0};
    error->why = TEXT_STIX_TOO_LONG;
    error->what = (struct bytes){NULL, 0};
    if (pattern->len > PATTERN_BYTES)
        return NULL;
    error->why = TEXT_STIX_NO_MEMORY;
    copy = pattern->len ? arena_copy(arena, *pattern) : BYTES("");
    struct pattern_node *root = copy.data ? stix_pattern_parse(arena, copy, error) : NULL;
    if (!root && error->what.data && error->why != TEXT_STIX_NO_MEMORY) {
        // What stands there is told after the arena is gone.
        error->what = bytes_sub(*pattern, error->at, error->what.len);
        if (error->what.len == 0)
            error->what = bytes_sub(*pattern, pattern->len, 0);
    }
    return root;
}

enum composed composed_add_text(
    struct intel_builder *builder, struct bytes pattern, const struct composed_says *says)
{
    struct bytes value;
    const struct plain_path *plain = plain_of(builder, pattern, &value);
    return plain ? add_plain(builder, plain, value, says)
                 : composed_add(builder, make_text, &pattern, pattern, says);
}
