// SPDX-License-Identifier: Apache-2.0
// Sticky buffers that are more than their name, transformations, datasets.
#include "rules/keywords.h"

bool keyword_pkt_data(struct draft *draft, struct bytes, bool)
{
    if (draft->group >= 0 && draft->group_is_fresh)
        return draft_fail(draft, "nothing asks for the bytes of the buffer before");
    draft->group = -1;
    draft->group_is_fresh = false;
    return true;
}

static struct rule_transform *transform(struct draft *draft)
{
    if (draft->group < 0) {
        draft_fail(draft, "a transformation has to stand behind a sticky buffer");
        return NULL;
    }
    struct draft_group *group = &draft->groups[draft->group];
    if (group->transforms_count == RULE_TRANSFORMS) {
        draft_fail(draft, "has too many transformations before it");
        return NULL;
    }
    // A buffer that was asked for as it is, too, is another one now.
    for (size_t i = 0; i < draft->tests_count; i++) {
        if (draft->tests[i].group != draft->group)
            continue;
        uint16_t fresh;
        group->instance_of_many = true; // so that no other keyword finds it
        if (!draft_group_of(draft, group->buffer, &fresh))
            return NULL;
        draft->groups[draft->group].instance_of_many = false;
        draft->groups[fresh].frame = draft->groups[draft->group].frame;
        draft->group = fresh;
        draft->group_is_fresh = true;
        group = &draft->groups[fresh];
        break;
    }
    return &group->transforms[group->transforms_count++];
}

static const struct keyword_word transforms[] = {
    {"to_md5", TRANSFORM_MD5},
    {"to_sha1", TRANSFORM_SHA1},
    {"to_sha256", TRANSFORM_SHA256},
    {"compress_whitespace", TRANSFORM_COMPRESS_WHITESPACE},
    {"strip_whitespace", TRANSFORM_STRIP_WHITESPACE},
    {"dotprefix", TRANSFORM_DOTPREFIX},
    {"url_decode", TRANSFORM_URL_DECODE},
    {"header_lowercase", TRANSFORM_HEADER_LOWERCASE},
    {"strip_pseudo_headers", TRANSFORM_STRIP_PSEUDO_HEADERS},
    {"to_lowercase", TRANSFORM_TO_LOWERCASE},
    {"to_uppercase", TRANSFORM_TO_UPPERCASE},
    {"domain", TRANSFORM_DOMAIN},
    {"tld", TRANSFORM_TLD},
    {"gunzip", TRANSFORM_GUNZIP},
    {"zlib_deflate", TRANSFORM_ZLIB_DEFLATE},
    {NULL, 0},
};

bool keyword_transform(struct draft *draft, struct bytes value, bool)
{
    struct bytes word, rest = value;
    int64_t kind;
    struct rule_transform *t = transform(draft);
    if (!t || !text_to_word(transforms, bytes_from_text(draft->keyword->name), &kind))
        return false;
    t->kind = (enum rule_transform_kind)kind;
    while (value.len && text_next(&rest, ',', &word)) { // gunzip: max-size 1024
        if (!bytes_start_with(word, BYTES("max-size ")) ||
            !text_to_signed(text_trim(bytes_from(word, 9)), 1, 16 << 20, &t->count))
            return draft_fail_at(draft, word, "is max-size NUMBER");
    }
    return true;
}

bool keyword_pcrexform(struct draft *draft, struct bytes value, bool)
{
    struct rule_transform *t = transform(draft);
    if (!t)
        return false;
    t->kind = TRANSFORM_PCREXFORM;
    t->argument = value;
    t->code = draft_compile(draft, value, 0);
    return t->code != NULL;
}

bool keyword_xor(struct draft *draft, struct bytes value, bool)
{
    uint8_t key[32];
    size_t len = value.len / 2;
    struct rule_transform *t = transform(draft);
    if (!t)
        return false;
    if (value.len % 2 || len == 0 || len > sizeof key)
        return draft_fail(draft, "is a key of 1 to 32 bytes in hexadecimal digits");
    for (size_t i = 0; i < len; i++) {
        int high = bytes_hex_digit(value.data[2 * i]), low = bytes_hex_digit(value.data[2 * i + 1]);
        if (high < 0 || low < 0)
            return draft_fail(draft, "is a key of 1 to 32 bytes in hexadecimal digits");
        key[i] = (uint8_t)(high << 4 | low);
    }
    t->kind = TRANSFORM_XOR;
    t->argument = draft_copy(draft, bytes_make(key, len));
    return t->argument.data != NULL;
}

// from_base64: bytes N, offset N, mode rfc4648|rfc2045|strict
bool keyword_from_base64(struct draft *draft, struct bytes value, bool)
{
    static const struct keyword_word modes[] = {{"rfc4648", BASE64_RFC4648},
        {"rfc2045", BASE64_RFC2045}, {"strict", BASE64_STRICT}, {NULL, 0}};
    int64_t mode;
    struct bytes word, rest = value;
    struct rule_transform *t = transform(draft);
    if (!t)
        return false;
    t->kind = TRANSFORM_FROM_BASE64;
    t->mode = BASE64_RFC4648;
    while (value.len && text_next(&rest, ',', &word)) {
        size_t space = bytes_find_byte(word, ' ');
        struct bytes name = bytes_sub(word, 0, space);
        struct bytes what =
            space == BYTES_NOT_FOUND ? (struct bytes){0} : text_trim(bytes_from(word, space));
        bool good = false;
        if (bytes_equal_nocase(name, BYTES("bytes")))
            good = text_to_signed(what, 1, UINT16_MAX, &t->count);
        else if (bytes_equal_nocase(name, BYTES("offset")))
            good = text_to_signed(what, 0, UINT16_MAX, &t->offset);
        else if (bytes_equal_nocase(name, BYTES("mode")) && text_to_word(modes, what, &mode)) {
            t->mode = (enum rule_base64_mode)mode;
            good = true;
        }
        if (!good)
            return draft_fail_at(
                draft, word, "is bytes N, offset N, or mode rfc4648, rfc2045 or strict");
    }
    return true;
}

// A content in a buffer of its own, without disturbing the sticky one.
static struct rule_content *content_in(struct draft *draft, enum rule_buffer buffer)
{
    uint16_t group;
    int before = draft->group;
    bool fresh = draft->group_is_fresh;
    const struct rule_buffer_info *info = &rule_buffer_infos[buffer];
    if (!draft_buffer_apps(draft, info) || !draft_side(draft, info->to) ||
        !draft_group_of(draft, buffer, &group))
        return NULL;
    draft->group = group;
    struct draft_test *test = draft_test(draft, TEST_CONTENT);
    draft->group = before;
    draft->group_is_fresh = fresh;
    return test ? &test->test.is.content : NULL;
}

// tls.subject:"…", ssh.softwareversion:… and the like: the text stands somewhere in the buffer.
bool keyword_text(struct draft *draft, struct bytes value, bool negated)
{
    struct rule_content *c = content_in(draft, draft->keyword->buffer);
    if (!c)
        return false;
    *c = (struct rule_content){.pattern = value, .negated = negated};
    return true;
}

// filename:"…", filemagic:"…": anywhere, in any case.
bool keyword_filename(struct draft *draft, struct bytes value, bool negated)
{
    struct bytes pattern;
    struct rule_content *c = content_in(draft, draft->keyword->buffer);
    if (!c || !parse_pattern(draft, value, &pattern))
        return false;
    *c = (struct rule_content){.pattern = pattern, .negated = negated, .nocase = true};
    return true;
}

// The whole of the buffer, in any case: fileext, ftpdata_command.
bool keyword_exact(struct draft *draft, struct bytes value, bool negated)
{
    struct rule_content *c = content_in(draft, draft->keyword->buffer);
    if (!c)
        return false;
    *c = (struct rule_content){
        .pattern = value, .negated = negated, .nocase = true, .starts = true, .ends = true};
    return true;
}

static enum rule_frame frame_named(struct bytes app, struct bytes name)
{
    if (bytes_equal_nocase(name, BYTES("stream")))
        return FRAME_ANY_STREAM;
    for (unsigned i = 0; i < RULE_FRAMES; i++) {
        struct bytes frame = bytes_from_text(rule_frame_names[i]);
        if (bytes_start_with_nocase(frame, app) && bytes_at(frame, app.len) == '.' &&
            bytes_equal_nocase(bytes_from(frame, app.len + 1), name))
            return (enum rule_frame)i;
    }
    return RULE_FRAMES;
}

// frame:NAME or frame:PROTOCOL.NAME. NAME alone means the protocol of the header.
bool keyword_frame(struct draft *draft, struct bytes value, bool)
{
    struct bytes app = draft->header.protocol;
    if (bytes_equal(app, BYTES("http")))
        app = BYTES("http1");
    enum rule_frame frame = draft->header.apps ? frame_named(app, value) : RULE_FRAMES;
    if (frame == RULE_FRAMES) {
        size_t dot = bytes_find_byte(value, '.');
        app = bytes_sub(value, 0, dot);
        frame = dot == BYTES_NOT_FOUND ? RULE_FRAMES : frame_named(app, bytes_from(value, dot + 1));
    }
    uint64_t apps;
    if (frame == RULE_FRAMES || !parse_protocol_apps(app, &apps))
        return draft_fail(draft, "there is no such frame");
    if (!draft_app_bits(draft, apps) || !draft_sticky(draft, &rule_buffer_infos[BUFFER_FRAME]))
        return false;
    draft->groups[draft->group].frame = frame;
    return true;
}
