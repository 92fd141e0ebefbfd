// SPDX-License-Identifier: Apache-2.0
// RESP2 and RESP3 as a stream of tokens (Redis serialization protocol specification).
#include "proto/redis.h"

static bool to_number(struct bytes text, int64_t *out)
{
    bool minus = bytes_at(text, 0) == '-';
    uint64_t value;
    if (!bytes_to_u64(bytes_from(text, minus), &value) || value > INT64_MAX)
        return false;
    *out = minus ? -(int64_t)value : (int64_t)value;
    return true;
}

// A value is complete: so may be the lists it ends.
static bool value_over(struct redis_reader *r)
{
    while (r->depth > 0 && --r->remaining[r->depth - 1] == 0)
        r->depth--;
    return r->depth == 0;
}

static enum redis_step read_list(struct redis_reader *r, struct redis_token *token, bool *whole)
{
    token->aggregate = true;
    if (!to_number(token->text, &token->count) || token->count < -1)
        return REDIS_BROKEN;
    uint64_t values = token->count > 0 ? (uint64_t)token->count : 0;
    if (token->type == '%' || token->type == '|')
        values *= 2;
    if (token->type == '|' && r->depth > 0) // said of the value that follows, it is none itself
        r->remaining[r->depth - 1]++;
    if (values == 0) {
        *whole = value_over(r);
        return REDIS_TOKEN;
    }
    if (r->depth == REDIS_DEPTH)
        return REDIS_DEEP;
    r->remaining[r->depth++] = values;
    return REDIS_TOKEN;
}

static enum redis_step read_bulk(
    struct redis_reader *r, struct cursor *in, struct redis_token *token, bool *whole)
{
    if (!to_number(token->text, &token->count) || token->count < -1 || token->count > UINT32_MAX)
        return REDIS_BROKEN;
    if (token->count == -1) {
        *whole = value_over(r);
        return REDIS_TOKEN;
    }
    token->length = (uint64_t)token->count;
    size_t look = token->length < REDIS_LOOK_BYTES ? (size_t)token->length : REDIS_LOOK_BYTES;
    if (cursor_left(in) < look)
        return REDIS_WAIT;
    token->text = cursor_take(in, look);
    r->left = token->length - look + 2;
    r->close = true;
    return REDIS_TOKEN;
}

// What of a bulk is not looked at. True: all of it has gone by.
static bool skip_left(struct redis_reader *r, struct cursor *in)
{
    size_t here = cursor_left(in) < r->left ? cursor_left(in) : (size_t)r->left;
    cursor_skip(in, here);
    r->left -= here;
    return r->left == 0;
}

static enum redis_step read_line(struct redis_reader *r, struct cursor *in, bool commands,
    struct redis_token *token, bool *whole)
{
    struct bytes line;
    if (!cursor_line(in, &line))
        return cursor_left(in) > REDIS_LINE_BYTES ? REDIS_BROKEN : REDIS_WAIT;
    token->depth = r->depth;
    token->type = (char)bytes_at(line, 0);
    token->text = bytes_from(line, 1);
    if (commands && r->depth == 0 && token->type != '*') {
        token->type = 'l';
        token->text = line;
        *whole = true;
        return line.len == 0 || proto_is_text(line) ? REDIS_TOKEN : REDIS_BROKEN;
    }
    switch (token->type) {
    case '+':
    case '-':
    case ':':
    case '_':
    case ',':
    case '#':
    case '(': *whole = value_over(r); return REDIS_TOKEN;
    case '$':
    case '!':
    case '=': return read_bulk(r, in, token, whole);
    case '*':
    case '%':
    case '~':
    case '>':
    case '|': return read_list(r, token, whole);
    default: return REDIS_BROKEN;
    }
}

enum redis_step redis_read(struct redis_reader *r, struct cursor *in, bool commands,
    struct redis_token *token, bool *whole)
{
    *token = (struct redis_token){.type = 0};
    *whole = false;
    if (r->left > 0 && !skip_left(r, in))
        return REDIS_WAIT;
    if (r->close) { // a bulk has ended: no token, but maybe a whole value
        r->close = false;
        *whole = value_over(r);
        return REDIS_TOKEN;
    }
    struct cursor mark = *in;
    enum redis_step step = read_line(r, in, commands, token, whole);
    if (step == REDIS_WAIT)
        *in = mark;
    return step;
}
