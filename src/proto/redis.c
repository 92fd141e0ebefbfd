// SPDX-License-Identifier: Apache-2.0
// Redis over TCP: RESP2, RESP3 and commands as lines (Redis serialization protocol specification).
// One redis record a command with its reply, in order, however many are sent at once; CLIENT REPLY
// OFF and SKIP are heeded; messages of subscriptions are records of their own. Kept: the first
// bytes of arguments and replies. Passwords are not. Limits: redis.h. After a gap outside a long
// text: let go, replies could not be told to whom they belong.
#include "proto/redis.h"

enum { REDIS_PORT = 6379 };

struct redis_flow {
    struct redis_reader reader[2];
    struct redis_tx *asking; // the command that is being sent
    uint64_t argument;       // its next one
    struct redis_tx *pending[REDIS_PENDING];
    size_t first, count;
    uint64_t skip_replies; // of commands written already
    bool silent, silent_next;
    bool unpaired;         // a reply came that no command asked for: they can be paired no more
    struct redis_tx *said; // what the server says unasked
    bool in_reply, first_inside, extra; // extra: RESP3 attributes before a reply
};

static struct redis_flow *redis_flow(struct proto_flow *pf)
{
    return pf->state;
}

static enum proto_probe probe_array(struct bytes data)
{
    struct cursor in = cursor_make(data);
    struct bytes line;
    uint64_t count, length;
    if (!cursor_line(&in, &line))
        return data.len < 8 ? PROBE_MORE : PROBE_NO;
    if (!bytes_to_u64(bytes_from(line, 1), &count) || count == 0 || count > 1U << 20)
        return PROBE_NO;
    if (!cursor_line(&in, &line))
        return cursor_left(&in) < 8 ? PROBE_MORE : PROBE_NO;
    if (bytes_at(line, 0) != '$' || !bytes_to_u64(bytes_from(line, 1), &length) || length == 0 ||
        length > 64)
        return PROBE_NO;
    struct bytes name = bytes_sub(cursor_rest(&in), 0, length);
    return name.len == 0 ? PROBE_MORE : proto_is_text(name) ? PROBE_CLIENT : PROBE_NO;
}

static bool starts(struct bytes data, const char *const *texts, size_t count, bool *more)
{
    for (size_t i = 0; i < count; i++) {
        struct bytes text = bytes_from_text(texts[i]);
        if (bytes_start_with_nocase(data, text))
            return true;
        *more |= bytes_start_with_nocase(text, data);
    }
    return false;
}

static enum proto_probe redis_probe(const struct proto_first *first)
{
    static const char *const lines[] = {"PING\r\n"};
    static const char *const ported[] = {"INFO", "CONFIG ", "SET ", "GET ", "KEYS ", "CLIENT ",
        "SLAVEOF ", "REPLICAOF ", "COMMAND", "FLUSHALL", "AUTH ", "SAVE", "EVAL ", "HELLO "};
    static const char *const answers[] = {"+PONG\r\n", "-NOAUTH Authentication", "-DENIED Redis",
        "-WRONGPASS ", "-ERR unknown command"};
    struct bytes data = first->data;
    bool more = false;
    if (data.data[0] == '*') { // a server sends lists, too
        enum proto_probe answer = probe_array(data);
        return answer == PROBE_CLIENT && first->src_port == REDIS_PORT ? PROBE_SERVER : answer;
    }
    if (starts(data, lines, sizeof lines / sizeof *lines, &more))
        return PROBE_CLIENT;
    if (first->dst_port == REDIS_PORT &&
        starts(data, ported, sizeof ported / sizeof *ported, &more))
        return PROBE_CLIENT;
    if (starts(data, answers, sizeof answers / sizeof *answers, &more))
        return PROBE_SERVER;
    return more ? PROBE_MORE : PROBE_NO;
}

static struct redis_tx *tx_begin(struct proto_flow *pf)
{
    struct arena arena;
    struct redis_tx *tx = arena_hold(&arena, pf->arena.pool, REDIS_TX_BYTES, sizeof *tx);
    if (!tx)
        return NULL;
    tx->arena = arena;
    tx->id = pf->tx_count++;
    tx->time_us = pf->time_us;
    return tx;
}

static void tx_end(struct proto_flow *pf, struct redis_tx *tx, bool emit)
{
    if (emit)
        proto_emit_at(pf, RECORD_REDIS, &tx->record, tx->id, tx->time_us);
    arena_release(&tx->arena); // it holds tx
}

static struct redis_tx *waiting_take(struct redis_flow *redis)
{
    struct redis_tx *tx = redis->pending[redis->first];
    redis->first = (redis->first + 1) % REDIS_PENDING;
    redis->count--;
    return tx;
}

static void wait_for_reply(struct proto_flow *pf, struct redis_tx *tx)
{
    struct redis_flow *redis = redis_flow(pf);
    if (redis->count == REDIS_PENDING) {
        proto_anomaly(pf, ANOMALY_REDIS_TOO_MANY_COMMANDS);
        struct redis_tx *oldest = waiting_take(redis);
        redis->skip_replies += oldest->replies;
        tx_end(pf, oldest, true);
    }
    redis->pending[(redis->first + redis->count++) % REDIS_PENDING] = tx;
}

static bool says(const struct redis_tx *tx, size_t index, const char *word)
{
    return index < tx->record.arguments_count &&
           bytes_equal_nocase(tx->arguments[index], bytes_from_text(word));
}

// CLIENT REPLY: whether a reply to this command comes, and to those that follow.
static bool is_silent(struct redis_flow *redis, const struct redis_tx *tx)
{
    bool silent = redis->silent || redis->silent_next;
    redis->silent_next = false;
    if (!bytes_equal(tx->record.command, BYTES("CLIENT")) || !says(tx, 0, "REPLY"))
        return silent;
    if (says(tx, 1, "ON"))
        redis->silent = silent = false;
    else if (says(tx, 1, "OFF"))
        redis->silent = silent = true;
    else if (says(tx, 1, "SKIP"))
        redis->silent_next = silent = true;
    return silent;
}

static void command_over(struct proto_flow *pf)
{
    struct redis_flow *redis = redis_flow(pf);
    struct redis_tx *tx = redis->asking;
    redis->asking = NULL;
    redis->argument = 0;
    if (!tx)
        return;
    redis_command_over(tx);
    if (!tx->record.command.data)
        tx_end(pf, tx, false); // an empty line
    else if (is_silent(redis, tx) || redis->unpaired)
        tx_end(pf, tx, true);
    else
        wait_for_reply(pf, tx);
}

static void client_token(struct proto_flow *pf, const struct redis_token *token)
{
    struct redis_flow *redis = redis_flow(pf);
    if (token->type && !redis->asking && token->depth == 0 &&
        (token->type != 'l' || bytes_trim(token->text).len > 0))
        redis->asking = tx_begin(pf);
    struct redis_tx *tx = redis->asking;
    if (!tx || !token->type)
        return;
    if (token->type == 'l') {
        redis_line(tx, token->text);
    } else if (token->aggregate && token->depth == 0) {
        tx->record.has_argument_count = true;
        tx->record.argument_count = token->count > 1 ? (uint64_t)token->count - 1 : 0;
    } else if (!token->aggregate) {
        redis_argument(tx, redis->argument++, token->text);
    }
}

static struct bytes type_name(char type)
{
    switch (type) {
    case '+': return BYTES("simple");
    case '-':
    case '!': return BYTES("error");
    case ':': return BYTES("integer");
    case '$': return BYTES("bulk");
    case '_': return BYTES("null");
    case '#': return BYTES("boolean");
    case ',': return BYTES("double");
    case '(': return BYTES("big");
    case '=': return BYTES("verbatim");
    case '%': return BYTES("map");
    case '~': return BYTES("set");
    case '>': return BYTES("push");
    default: return BYTES("array");
    }
}

static void take_reply(struct redis_tx *tx, const struct redis_token *token)
{
    struct record_redis *out = &tx->record;
    bool error = token->type == '-' || token->type == '!';
    out->has_success = true;
    out->success = !error;
    out->response_type = token->count == -1 ? BYTES("null") : type_name(token->type);
    if (token->aggregate) {
        out->has_elements = true;
        out->elements = token->count > 0 ? (uint64_t)token->count : 0;
        return;
    }
    struct bytes text = text_keep_start(&tx->arena, token->text, REDIS_KEEP_BYTES);
    if (error)
        out->error = text;
    else if (token->count != -1 && token->type != '_')
        out->response = text;
    bool bulk = token->type == '$' || token->type == '=';
    out->has_response_length = bulk && token->count >= 0;
    out->response_length = token->length;
}

// The first text of a list tells a message of a subscription (RESP2).
static bool is_message(struct bytes text)
{
    return bytes_equal(text, BYTES("message")) || bytes_equal(text, BYTES("pmessage")) ||
           bytes_equal(text, BYTES("smessage"));
}

static struct redis_tx *answered(struct redis_flow *redis)
{
    return redis->count > 0 && redis->skip_replies == 0 ? redis->pending[redis->first] : NULL;
}

// The first text in a list may tell that it is no reply, but a message of a subscription.
static void look_inside(struct proto_flow *pf, const struct redis_token *token)
{
    struct redis_flow *redis = redis_flow(pf);
    struct redis_tx *tx = answered(redis);
    bool first = redis->first_inside;
    redis->first_inside = false;
    if (!first || token->depth != 1 || !is_message(token->text))
        return;
    if (tx) {
        tx->record.has_success = tx->record.has_elements = false;
        tx->record.response_type.data = NULL;
    }
    redis->said = tx_begin(pf);
    if (redis->said)
        redis_argument(redis->said, 0, token->text);
}

static void server_token(struct proto_flow *pf, const struct redis_token *token)
{
    struct redis_flow *redis = redis_flow(pf);
    if (token->type == '|' && token->depth == 0)
        redis->extra = true;
    if (!token->type || redis->extra)
        return;
    if (redis->said) {
        redis_argument(redis->said, redis->said->record.command.data != NULL, token->text);
        return;
    }
    if (redis->in_reply) {
        look_inside(pf, token);
        return;
    }
    redis->in_reply = redis->first_inside = true;
    if (token->type == '>')
        redis->said = tx_begin(pf);
    if (token->type == '>' || redis->count == 0)
        return;
    struct redis_tx *tx = answered(redis);
    if (tx)
        take_reply(tx, token);
}

static void reply_over(struct proto_flow *pf)
{
    struct redis_flow *redis = redis_flow(pf);
    if (redis->extra) {
        redis->extra = false;
        return;
    }
    redis->in_reply = false;
    if (redis->said) {
        redis->said->record.push = true;
        redis->said->record.arguments = redis->said->arguments;
        tx_end(pf, redis->said, true);
        redis->said = NULL;
        return;
    }
    if (redis->skip_replies > 0) {
        redis->skip_replies--;
        return;
    }
    struct redis_tx *tx = answered(redis);
    redis->unpaired |= redis->count == 0;
    if (!tx || !tx->record.has_success || --tx->replies > 0)
        return;
    waiting_take(redis);
    tx_end(pf, tx, true);
}

static enum proto_verdict redis_parse(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct redis_flow *redis = redis_flow(pf);
    struct redis_reader *reader = &redis->reader[side];
    // Bytes were lost before the first command was seen: whose reply is the next one?
    redis->unpaired |= pf->tx_count == 0 && pf->flow->gaps > 0;
    while (cursor_left(in) > 0) {
        struct redis_token token;
        bool whole;
        enum redis_step step = redis_read(reader, in, side == FLOW_CLIENT, &token, &whole);
        if (step == REDIS_WAIT)
            return PROTO_MORE;
        if (step != REDIS_TOKEN) {
            proto_anomaly(
                pf, step == REDIS_DEEP ? ANOMALY_REDIS_TOO_DEEP : ANOMALY_REDIS_MALFORMED);
            return PROTO_DONE;
        }
        if (side == FLOW_CLIENT)
            client_token(pf, &token);
        else
            server_token(pf, &token);
        if (whole && side == FLOW_CLIENT)
            command_over(pf);
        else if (whole)
            reply_over(pf);
    }
    return PROTO_MORE;
}

static enum proto_verdict redis_gap(struct proto_flow *pf, enum flow_side side, size_t lost)
{
    struct redis_reader *reader = &redis_flow(pf)->reader[side];
    if (lost >= reader->left)
        return PROTO_DONE;
    reader->left -= lost;
    return PROTO_MORE;
}

static void redis_finish(struct proto_flow *pf)
{
    struct redis_flow *redis = redis_flow(pf);
    while (redis->count > 0) {
        struct redis_tx *tx = waiting_take(redis);
        tx_end(pf, tx, true);
    }
    if (redis->asking)
        tx_end(pf, redis->asking, false);
    if (redis->said)
        tx_end(pf, redis->said, false);
}

const struct proto proto_redis = {
    .name = "redis",
    .carriers = OVER_TCP,
    .state_bytes = sizeof(struct redis_flow),
    .budget_bytes = 1024,
    .buffer_bytes = REDIS_LINE_BYTES + 1024,
    .probe = redis_probe,
    .parse = redis_parse,
    .gap = redis_gap,
    .finish = redis_finish,
};
