// SPDX-License-Identifier: Apache-2.0
// Conditions of the flow: bits, numbers, ages, sizes, protocols. Those of a packet's header and of
// a record stand in files of their own; those across hosts (xbits) are settled later, in the order
// of packets, and hold here for the time being.
#include "rules/inspect.h"

bool rule_number_is(const struct rule_number *number, int64_t value)
{
    switch (number->compare) {
    case RULE_EQ: return value == number->low;
    case RULE_NE: return value != number->low;
    case RULE_LT: return value < number->low;
    case RULE_LE: return value <= number->low;
    case RULE_GT: return value > number->low;
    case RULE_GE: return value >= number->low;
    case RULE_RANGE: return value > number->low && value < number->high;
    case RULE_NOT_RANGE: return value <= number->low || value >= number->high;
    case RULE_BITS: return (value & number->low) == number->high;
    default: return (value & number->low) != number->high; // none of these bits
    }
}

int64_t rule_number_most(const struct rule_number *number)
{
    switch (number->compare) {
    case RULE_EQ:
    case RULE_LE: return number->low;
    case RULE_LT: return number->low - 1;
    case RULE_RANGE: return number->high - 1;
    default: return INT64_MAX;
    }
}

bool rule_mask_holds(const struct rule_mask *mask, uint32_t value)
{
    value &= ~mask->ignore;
    if (value & mask->unset)
        return false;
    switch (mask->how) {
    case MASK_EXACT: return value == mask->bits;
    case MASK_ALL: return (value & mask->bits) == mask->bits;
    case MASK_ANY: return (value & mask->bits) != 0;
    case MASK_NOT: return (value & mask->bits) != mask->bits;
    }
    return false;
}

static bool flowbits_hold(const struct inspection *in, const struct rule_bits *bits)
{
    if (bits->command != BIT_ISSET && bits->command != BIT_ISNOTSET)
        return true;
    bool any = false;
    for (uint8_t i = 0; i < bits->names_count; i++)
        any |= rule_flow_bit(in->state, in->worker->plan->bit_ids[bits->names[i]]);
    return any == (bits->command == BIT_ISSET);
}

static bool txbits_hold(const struct inspection *in, const struct rule_bits *bits)
{
    if (bits->command != BIT_ISSET && bits->command != BIT_ISNOTSET)
        return true;
    bool any = false;
    const struct rule_tx *tx = inspect_bits_of(in);
    for (uint8_t i = 0; tx && i < bits->names_count; i++)
        any |= rule_flow_noted(tx->bits, tx->bits_count, in->worker->plan->bit_ids[bits->names[i]]);
    return any == (bits->command == BIT_ISSET);
}

static bool int_compares(const char *op, int64_t left, int64_t right)
{
    if (strcmp(op, "==") == 0)
        return left == right;
    if (strcmp(op, "!=") == 0)
        return left != right;
    if (op[0] == '<')
        return op[1] == '=' ? left <= right : left < right;
    return op[1] == '=' ? left >= right : left > right;
}

static bool flowint_holds(const struct inspection *in, const struct rule_int *i)
{
    if (strchr("=+-", i->op[0]) && i->op[1] == 0)
        return true;
    const uint64_t *ids = in->worker->plan->int_ids;
    const struct rule_flow_int *number = rule_flow_int(in->state, ids[i->name], false);
    if (strstr(i->op, "set") || strncmp(i->op, "not", 3) == 0 || i->op[0] == 'i')
        return (number != NULL) == (strncmp(i->op, "not", 3) != 0);
    int64_t value = i->number;
    if (i->other) {
        const struct rule_flow_int *other = rule_flow_int(in->state, ids[i->other - 1], false);
        if (!other)
            return false;
        value = other->value;
    }
    return number && int_compares(i->op, number->value, value);
}

static bool flow_counts(const struct flow *flow, const struct rule_number_of *of, bool bytes)
{
    const uint64_t client = bytes ? flow->bytes[FLOW_CLIENT] : flow->packets[FLOW_CLIENT];
    const uint64_t server = bytes ? flow->bytes[FLOW_SERVER] : flow->packets[FLOW_SERVER];
    switch ((enum rule_side)of->at) {
    case SIDE_TO_SERVER: return rule_number_is(&of->number, (int64_t)client);
    case SIDE_TO_CLIENT: return rule_number_is(&of->number, (int64_t)server);
    case SIDE_BOTH: return rule_number_is(&of->number, (int64_t)(client + server));
    case SIDE_EITHER: break;
    }
    return rule_number_is(&of->number, (int64_t)client) ||
           rule_number_is(&of->number, (int64_t)server);
}

static const uint64_t unknown = 1ULL << RULE_APP_unknown, failed = 1ULL << RULE_APP_failed;

// What that side is known to speak; where packets are held, not before it has spoken.
static uint64_t apps_of(const struct inspection *in, enum flow_side side)
{
    const struct flow *flow = in->flow;
    if (!flow || !in->worker->plan->holds || in->world == WORLD_TX)
        return in->apps ? in->apps : unknown;
    if (!flow->app_proto)
        return flow->flags & FLOW_UNWANTED ? failed : unknown;
    bool now = side == in->side && in->packet && in->packet->payload_len;
    return now || (in->state && in->state->spoke[side]) ? in->apps : unknown;
}

static uint64_t apps_before(const struct inspection *in)
{
    const struct flow_handler *engine = in->worker->inner;
    bool changed = in->flow && in->flow->app_before && engine->before;
    return changed ? rule_apps_of(engine->before(engine->context, in->flow)) : in->apps;
}

static bool app_protocol_holds(
    const struct inspection *in, const struct rule_app_protocol *app, bool negated)
{
    uint64_t client = apps_of(in, FLOW_CLIENT), server = apps_of(in, FLOW_SERVER);
    uint64_t spoken = in->side == FLOW_CLIENT ? client : server;
    switch (app->which) {
    case APP_TO_SERVER: spoken = client; break;
    case APP_TO_CLIENT: spoken = server; break;
    case APP_ORIGINAL: spoken = apps_before(in); break;
    case APP_FINAL: spoken = in->apps; break;
    case APP_EITHER: spoken = client | server; break;
    case APP_DIRECTION: break;
    }
    if (negated)
        return !(spoken & (app->apps | unknown));
    return (spoken & app->apps) != 0;
}

static uint32_t stream_bytes(const struct flow *flow, enum flow_side side)
{
    return (uint32_t)flow->bytes[side];
}

static bool stream_size_holds(const struct flow *flow, const struct rule_stream_size *size)
{
    bool client = rule_number_is(&size->number, stream_bytes(flow, FLOW_CLIENT));
    bool server = rule_number_is(&size->number, stream_bytes(flow, FLOW_SERVER));
    switch (size->side) {
    case STREAM_CLIENT: return client;
    case STREAM_SERVER: return server;
    case STREAM_BOTH: return client && server;
    case STREAM_EITHER: return client || server;
    }
    return false;
}

static bool flow_condition(struct inspection *in, const struct rule_condition *c)
{
    const struct flow *flow = in->flow;
    switch (c->on) {
    case RULE_ON_flowbits: return flowbits_hold(in, &c->is.bits);
    case RULE_ON_flowint: return flowint_holds(in, &c->is.flowint);
    case RULE_ON_flow_age:
        return flow &&
               rule_number_is(&c->is.number.number, (flow->last_us - flow->first_us) / 1'000'000);
    case RULE_ON_flow_packets: return flow && flow_counts(flow, &c->is.number, false);
    case RULE_ON_flow_bytes: return flow && flow_counts(flow, &c->is.number, true);
    case RULE_ON_flow_elephant: return false;
    case RULE_ON_stream_size: return flow && stream_size_holds(flow, &c->is.stream_size);
    case RULE_ON_app_layer_protocol: return app_protocol_holds(in, &c->is.app, c->negated);
    default: return false;
    }
}

bool rule_condition_holds(
    struct inspection *in, const struct rule *rule, const struct rule_condition *condition)
{
    (void)rule;
    switch (condition->on) {
    case RULE_ON_flowbits:
    case RULE_ON_flowint:
    case RULE_ON_flow_age:
    case RULE_ON_flow_packets:
    case RULE_ON_flow_bytes:
    case RULE_ON_flow_elephant:
    case RULE_ON_stream_size:
    case RULE_ON_app_layer_protocol: return flow_condition(in, condition);
    case RULE_ON_xbits:
    case RULE_ON_hostbits: // others than a transaction's are settled in order
        return !rule_is_tx_bit(condition) || txbits_hold(in, &condition->is.bits);
    case RULE_ON_decode_event:
    case RULE_ON_stream_event:
    case RULE_ON_engine_event:
    case RULE_ON_app_layer_event:
        return in->is_event && rule_event_is(condition->is.event.name, in->anomaly);
    case RULE_ON_geoip:
    case RULE_ON_iprep: return false; // no data base of places or reputations is loaded
    case RULE_ON_sameip: return memcmp(&in->src, &in->dst, sizeof in->src) == 0;
    default: break;
    }
    if (in->world == WORLD_TX)
        return rule_record_condition(in, condition);
    return in->packet && rule_packet_condition(in, condition);
}
