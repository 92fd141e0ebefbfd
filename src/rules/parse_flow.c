// SPDX-License-Identifier: Apache-2.0
// What a rule asks of a flow: flow, flowbits, xbits, hostbits, flowint, sizes, protocol, events.
#include "rules/keywords.h"
#include "rules/record_number.h"

static const struct keyword_word flow_words[] = {
    {"to_server", RULE_FLOW_TOSERVER},
    {"from_client", RULE_FLOW_TOSERVER},
    {"to_client", RULE_FLOW_TOCLIENT},
    {"from_server", RULE_FLOW_TOCLIENT},
    {"established", RULE_FLOW_ESTABLISHED},
    {"not_established", RULE_FLOW_NOT_ESTABLISHED},
    {"stateless", RULE_FLOW_STATELESS},
    {"only_stream", RULE_FLOW_ONLY_STREAM},
    {"no_stream", RULE_FLOW_NO_STREAM},
    {"no_frag", RULE_FLOW_NO_FRAG},
    {"only_frag", RULE_FLOW_ONLY_FRAG},
    {NULL, 0},
};

// Words of which a rule has one at most.
static const uint16_t flow_excluding[] = {
    RULE_FLOW_TOSERVER | RULE_FLOW_TOCLIENT,
    RULE_FLOW_ESTABLISHED | RULE_FLOW_NOT_ESTABLISHED | RULE_FLOW_STATELESS,
    RULE_FLOW_ONLY_STREAM | RULE_FLOW_NO_STREAM,
    RULE_FLOW_NO_FRAG | RULE_FLOW_ONLY_FRAG,
};

static bool add_flow(struct draft *draft, struct bytes word)
{
    int64_t flag;
    if (!text_to_word(flow_words, word, &flag))
        return draft_fail_at(draft, word, "flow does not know this word");
    if (draft->rule.flow & flag)
        return draft_fail_at(draft, word, "stands twice");
    draft->rule.flow |= (uint16_t)flag;
    for (size_t i = 0; i < sizeof flow_excluding / sizeof *flow_excluding; i++)
        if (__builtin_popcount(draft->rule.flow & flow_excluding[i]) > 1)
            return draft_fail_at(draft, word, "contradicts another word of flow");
    return true;
}

bool keyword_flow(struct draft *draft, struct bytes value, bool)
{
    struct bytes word, rest = value;
    if (draft->has_flow)
        return draft_fail(draft, "stands twice");
    draft->has_flow = true;
    while (text_next(&rest, ',', &word))
        if (!add_flow(draft, word))
            return false;
    if (draft->rule.flow & RULE_FLOW_TOSERVER)
        return draft_side(draft, BUFFER_TO_SERVER);
    if (draft->rule.flow & RULE_FLOW_TOCLIENT)
        return draft_side(draft, BUFFER_TO_CLIENT);
    return true;
}

static const struct keyword_word bit_commands[] = {
    {"set", BIT_SET},
    {"unset", BIT_UNSET},
    {"toggle", BIT_TOGGLE},
    {"isset", BIT_ISSET},
    {"isnotset", BIT_ISNOTSET},
    {NULL, 0},
};

static bool is_bare(struct bytes name)
{
    return bytes_find_byte(name, ' ') == BYTES_NOT_FOUND &&
           bytes_find_byte(name, '\t') == BYTES_NOT_FOUND;
}

enum { BIT_NAMES = 64 };

static bool bit_names(struct draft *draft, struct bytes text, struct rule_bits *bits)
{
    uint16_t names[BIT_NAMES];
    struct bytes name;
    while (text_next(&text, '|', &name)) {
        if (!name.len || !is_bare(name))
            return draft_fail(draft, "a name is one word");
        if (bits->names_count == BIT_NAMES)
            return draft_fail(draft, "has too many names");
        if (!draft_name(draft, RULE_NAMES_BITS, name, &names[bits->names_count++]))
            return false;
    }
    if (bits->names_count > 1 && bits->command != BIT_ISSET && bits->command != BIT_ISNOTSET)
        return draft_fail(draft, "only isset and isnotset take several names");
    uint16_t *kept = draft_alloc(draft, bits->names_count * sizeof *kept);
    if (!kept)
        return false;
    memcpy(kept, names, bits->names_count * sizeof *kept);
    bits->names = kept;
    return true;
}

static bool bit_command(struct draft *draft, struct bytes word, struct rule_bits *bits)
{
    int64_t command;
    if (!text_to_word(bit_commands, word, &command))
        return draft_fail_at(draft, word, "is set, unset, toggle, isset or isnotset");
    bits->command = (enum rule_bit_command)command;
    return true;
}

static bool add_bits(struct draft *draft, enum rule_on on, const struct rule_bits *bits)
{
    struct rule_condition *c = draft_condition(draft, on);
    if (!c)
        return false;
    c->is.bits = *bits;
    return true;
}

bool keyword_flowbits(struct draft *draft, struct bytes value, bool)
{
    struct rule_bits bits = {0};
    struct bytes command, rest = value;
    if (!text_next(&rest, ',', &command))
        return draft_fail(draft, "has no value");
    if (bytes_equal_nocase(command, BYTES("noalert"))) {
        draft->rule.noalert = true;
        return !rest.data || draft_fail(draft, "noalert takes no name");
    }
    if (!rest.data)
        return draft_fail(draft, "has no name");
    return bit_command(draft, command, &bits) && bit_names(draft, text_trim(rest), &bits) &&
           add_bits(draft, RULE_ON_flowbits, &bits);
}

static const struct keyword_word xbit_tracks[] = {
    {"ip_src", TRACK_BY_SRC},
    {"ip_dst", TRACK_BY_DST},
    {"ip_pair", TRACK_BY_IP_PAIR},
    {"tx", TRACK_BY_TX},
    {NULL, 0},
};

// "track ip_src", "expire 60"
static bool xbit_word(struct draft *draft, struct bytes word, struct rule_bits *bits)
{
    size_t space = bytes_find_byte(word, ' ');
    struct bytes name = bytes_sub(word, 0, space);
    struct bytes value =
        space == BYTES_NOT_FOUND ? (struct bytes){0} : text_trim(bytes_from(word, space));
    int64_t track;
    uint64_t seconds;
    if (bytes_equal_nocase(name, BYTES("track")) && text_to_word(xbit_tracks, value, &track)) {
        bits->track = (uint8_t)track;
        return true;
    }
    if (!bytes_equal_nocase(name, BYTES("expire")) ||
        !text_to_number(value, UINT32_MAX, &seconds) || seconds == 0)
        return draft_fail_at(
            draft, word, "is track ip_src, ip_dst, ip_pair or tx; or expire SECONDS");
    bits->expire_s = (uint32_t)seconds;
    return true;
}

enum { XBITS_EXPIRE_S = 30 };

bool keyword_xbits(struct draft *draft, struct bytes value, bool)
{
    struct rule_bits bits = {.expire_s = 0};
    struct bytes command, name, word, rest = value;
    if (!text_next(&rest, ',', &command))
        return draft_fail(draft, "has no value");
    if (bytes_equal_nocase(command, BYTES("noalert"))) {
        draft->rule.noalert = true;
        return !rest.data || draft_fail(draft, "noalert takes no name");
    }
    if (!text_next(&rest, ',', &name) || !bit_command(draft, command, &bits) ||
        !bit_names(draft, name, &bits))
        return draft_fail(draft, "has no name");
    while (text_next(&rest, ',', &word))
        if (!xbit_word(draft, word, &bits))
            return false;
    if (bits.track == TRACK_NONE)
        return draft_fail(draft, "says not what it tracks by: ip_src, ip_dst, ip_pair or tx");
    if (bits.expire_s && bits.command != BIT_SET && bits.command != BIT_TOGGLE)
        draft_warn(draft, "expire means something to set only");
    if (!bits.expire_s)
        bits.expire_s = XBITS_EXPIRE_S;
    return add_bits(draft, RULE_ON_xbits, &bits);
}

static const struct keyword_word host_tracks[] = {
    {"src", TRACK_BY_SRC},
    {"dst", TRACK_BY_DST},
    {"both", TRACK_BY_BOTH},
    {NULL, 0},
};

bool keyword_hostbits(struct draft *draft, struct bytes value, bool)
{
    struct rule_bits bits = {.track = TRACK_BY_SRC, .expire_s = 300};
    struct bytes command, name, word, rest = value;
    int64_t track;
    uint64_t seconds;
    if (!text_next(&rest, ',', &command) || !text_next(&rest, ',', &name))
        return draft_fail(draft, "is COMMAND,NAME");
    if (!bit_command(draft, command, &bits) || !bit_names(draft, name, &bits))
        return false;
    if (text_next(&rest, ',', &word)) {
        if (!text_to_word(host_tracks, word, &track))
            return draft_fail_at(draft, word, "is src, dst or both");
        bits.track = (uint8_t)track;
    }
    if (text_next(&rest, ',', &word)) {
        if (!text_to_number(word, UINT32_MAX, &seconds))
            return draft_fail_at(draft, word, "is a number of seconds");
        bits.expire_s = (uint32_t)seconds;
    }
    return add_bits(draft, RULE_ON_hostbits, &bits);
}

bool keyword_flowint(struct draft *draft, struct bytes value, bool)
{
    static const char *const operators[] = {"+", "-", "=", ">", "<", ">=", "<=", "==", "!="};
    static const char *const states[] = {"isset", "notset", "isnotset"};
    struct bytes name, op, operand, rest = value;
    struct rule_int number = {0};
    if (!text_next(&rest, ',', &name) || !text_next(&rest, ',', &op) || !name.len || !is_bare(name))
        return draft_fail(draft, "is NAME,OPERATOR,VALUE or NAME,isset or NAME,notset");
    if (!draft_name(draft, RULE_NAMES_INTS, name, &number.name))
        return false;
    struct rule_condition *c = draft_condition(draft, RULE_ON_flowint);
    if (!c)
        return false;
    for (size_t i = 0; i < 3; i++)
        if (bytes_equal_nocase(op, bytes_from_text(states[i]))) {
            memcpy(number.op, i ? "not" : "set", 4);
            c->is.flowint = number;
            return true;
        }
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++)
        if (bytes_equal(op, bytes_from_text(operators[i])))
            memcpy(number.op, operators[i], strlen(operators[i]));
    if (!number.op[0] || !text_next(&rest, ',', &operand) || !operand.len)
        return draft_fail(draft, "has no operator and value it may have");
    uint64_t plain;
    if (text_to_number(operand, UINT32_MAX, &plain))
        number.number = (int64_t)plain;
    else {
        uint16_t other;
        if (!is_bare(operand) || (operand.data[0] >= '0' && operand.data[0] <= '9') ||
            operand.data[0] == '-' || !draft_name(draft, RULE_NAMES_INTS, operand, &other))
            return draft_fail(draft, "has no number or name as its value");
        number.other = (uint16_t)(other + 1);
    }
    c->is.flowint = number;
    return true;
}

static const struct keyword_word stream_sides[] = {
    {"server", STREAM_SERVER},
    {"client", STREAM_CLIENT},
    {"both", STREAM_BOTH},
    {"either", STREAM_EITHER},
    {NULL, 0},
};

bool keyword_stream_size(struct draft *draft, struct bytes value, bool)
{
    struct bytes side, sign, rest = value;
    int64_t which;
    char joined[64];
    if (!text_next(&rest, ',', &side) || !text_to_word(stream_sides, side, &which) ||
        !text_next(&rest, ',', &sign))
        return draft_fail(draft, "is server, client, both or either, OPERATOR, NUMBER");
    struct bytes number = text_trim(rest);
    struct rule_condition *c = draft_condition(draft, RULE_ON_stream_size);
    if (!c || sign.len + number.len > sizeof joined)
        return draft_fail(draft, "is server, client, both or either, OPERATOR, NUMBER");
    memcpy(joined, sign.data, sign.len);
    if (number.len)
        memcpy(joined + sign.len, number.data, number.len);
    c->is.stream_size.side = (enum rule_stream_side)which;
    return parse_number(draft, bytes_make(joined, sign.len + number.len), UINT32_MAX, NULL,
        &c->is.stream_size.number);
}

static const struct keyword_word flow_sides[] = {
    {"toserver", SIDE_TO_SERVER},
    {"toclient", SIDE_TO_CLIENT},
    {"either", SIDE_EITHER},
    {"both", SIDE_BOTH},
    {NULL, 0},
};

// flow.pkts:toclient,>5 and flow.pkts_toclient:>5
bool keyword_flow_counter(struct draft *draft, struct bytes value, bool)
{
    struct bytes name = bytes_from_text(draft->keyword->name), word, rest = value;
    int64_t side =
        bytes_find(name, BYTES("_toserver")) != BYTES_NOT_FOUND ? SIDE_TO_SERVER : SIDE_TO_CLIENT;
    if (bytes_find_byte(name, '_') == BYTES_NOT_FOUND) {
        if (!text_next(&rest, ',', &word) || !text_to_word(flow_sides, word, &side))
            return draft_fail(draft, "is toserver, toclient, either or both, and a number");
        rest = text_trim(rest);
    }
    struct rule_condition *c = draft_condition(draft, draft->keyword->on);
    if (!c)
        return false;
    c->is.number.at = (int32_t)side;
    return parse_number(draft, rest, INT64_MAX, NULL, &c->is.number.number);
}

bool keyword_flow_elephant(struct draft *draft, struct bytes value, bool)
{
    int64_t side;
    if (!text_to_word(flow_sides, value, &side))
        return draft_fail(draft, "is toserver, toclient, either or both");
    struct rule_condition *c = draft_condition(draft, RULE_ON_flow_elephant);
    if (!c)
        return false;
    c->is.number.at = (int32_t)side;
    return true;
}

static const struct keyword_word app_sides[] = {
    {"either", APP_EITHER},
    {"to_server", APP_TO_SERVER},
    {"toserver", APP_TO_SERVER},
    {"to_client", APP_TO_CLIENT},
    {"toclient", APP_TO_CLIENT},
    {"final", APP_FINAL},
    {"original", APP_ORIGINAL},
    {NULL, 0},
};

bool keyword_app_layer_protocol(struct draft *draft, struct bytes value, bool negated)
{
    struct bytes name, side, rest = value;
    uint64_t apps;
    int64_t which = APP_DIRECTION;
    if (!text_next(&rest, ',', &name) || !parse_protocol_apps(name, &apps))
        return draft_fail(draft, "is no protocol that rules know");
    if (text_next(&rest, ',', &side) && !text_to_word(app_sides, side, &which))
        return draft_fail_at(draft, side, "is to_server, to_client, either, final or original");
    if (draft->header.apps)
        return draft_fail(draft, "the rule is about one protocol already");
    for (size_t i = 0; i < draft->conditions_count; i++)
        if (draft->conditions[i].on == RULE_ON_app_layer_protocol &&
            (int64_t)draft->conditions[i].is.app.which == which &&
            !(draft->conditions[i].negated && negated))
            return draft_fail(draft, "stands twice");
    struct rule_condition *c = draft_condition(draft, RULE_ON_app_layer_protocol);
    if (!c)
        return false;
    c->negated = negated;
    c->is.app.apps = apps;
    c->is.app.which = (typeof(c->is.app.which))which;
    return true;
}

// app-layer-event, decode-event, stream-event, engine-event. "http.name": the rule is about http.
bool keyword_event(struct draft *draft, struct bytes value, bool)
{
    struct bytes name = text_trim(value);
    size_t dot = bytes_find_byte(name, '.');
    uint64_t apps;
    if (draft->keyword->on == RULE_ON_app_layer_event && dot != BYTES_NOT_FOUND &&
        (!parse_protocol_apps(bytes_sub(name, 0, dot), &apps) || !draft_app_bits(draft, apps)))
        return draft_fail(draft, "there is no such protocol's event");
    if (!is_bare(name))
        return draft_fail(draft, "is one word");
    struct rule_condition *c = draft_condition(draft, draft->keyword->on);
    if (!c)
        return false;
    c->is.event.name = name;
    draft->blame = name;
    if (!rule_event_known(name))
        draft_warn(draft, "is an event that is never seen here: the rule never matches");
    return true;
}

// The condition before is what the rule should be looked for by.
bool keyword_prefilter(struct draft *draft, struct bytes, bool)
{
    if (!draft->conditions_count && !draft->tests_count)
        return draft_fail(draft, "stands behind nothing");
    draft->rule.prefilter_on_condition = draft->conditions_count > 0;
    return true;
}
