// SPDX-License-Identifier: Apache-2.0
// Rules of a firewall, in Suricata's manner: tables of rules in the order of the file, one for
// packets before they find their flow, before their stream, and after both, and one for each state
// of each side of a transaction. The first that matches decides. Where a table has rules that
// accept, what none of them accepts is dropped: the packet of a packets' table, else the flow. We
// forward nothing: dropped means that no other rule is tested. Tables without such a rule let
// everything through, since the policy the firewall was given for them is not told in rules.
#include "base/alloc.h"
#include "rules/inspect.h"

struct table {
    struct rule_list rules;
    bool accepts;
};

struct rule_firewall {
    struct table packet[HOOK_PACKET + 1];
    struct table tx[RULE_APP_COUNT][2][HOOK_STEPS];
};

static bool table_add(struct table *table, const struct rule *rule)
{
    table->accepts |= rule->action == RULE_ACCEPT;
    return rule_list_add(&table->rules, rule->index);
}

static bool place(struct rule_firewall *firewall, const struct rule *rule)
{
    const struct rule_hook *hook = &rule->header->hook;
    if (hook->at < HOOK_REQUEST)
        return table_add(&firewall->packet[hook->at], rule);
    enum flow_side side = hook->at == HOOK_REQUEST ? FLOW_CLIENT : FLOW_SERVER;
    for (unsigned app = 0; app < RULE_APP_COUNT; app++)
        if ((rule->header->apps >> app & 1) &&
            !table_add(&firewall->tx[app][side][hook->step], rule))
            return false;
    return true;
}

bool rule_firewall_create(struct rule_plan *plan)
{
    plan->firewall = base_calloc(1, sizeof *plan->firewall);
    for (uint32_t i = 0; plan->firewall && i < plan->set->rules_count; i++) {
        const struct rule *rule = &plan->set->rules[i];
        if (rule->firewall && !place(plan->firewall, rule))
            return false;
    }
    return plan->firewall != NULL;
}

void rule_firewall_destroy(struct rule_plan *plan)
{
    struct rule_firewall *firewall = plan->firewall;
    if (!firewall)
        return;
    for (size_t at = 0; at <= HOOK_PACKET; at++)
        base_free(firewall->packet[at].rules.indexes);
    for (size_t app = 0; app < RULE_APP_COUNT; app++)
        for (size_t step = 0; step < HOOK_STEPS; step++) {
            base_free(firewall->tx[app][FLOW_CLIENT][step].rules.indexes);
            base_free(firewall->tx[app][FLOW_SERVER][step].rules.indexes);
        }
    base_free(firewall);
}

static struct rule_flow *state_of(struct inspection *in)
{
    if (!in->state && in->flow)
        in->state = rule_flow_of(in->worker, in->flow);
    return in->state;
}

static void drop(struct inspection *in, enum rule_scope scope)
{
    in->worker->dropped = in->packet;
    if (scope != SCOPE_PACKET && state_of(in))
        in->state->passed = true;
}

static void accept(struct inspection *in, enum rule_scope scope)
{
    if (scope == SCOPE_PACKET)
        in->worker->accepted = in->packet;
    else if (scope == SCOPE_TX && in->tx_told)
        in->tx_told->accepted = true;
    else if (scope == SCOPE_FLOW && state_of(in))
        in->state->accepted = true;
}

// The rule that decides; NULL: none does. Rules of other actions are told and go by.
static const struct rule *decide(
    struct inspection *in, const struct table *table, const struct rule *behind)
{
    const struct rule *rules = in->worker->set->rules;
    for (uint32_t i = 0; i < table->rules.count; i++) {
        const struct rule *rule = &rules[table->rules.indexes[i]];
        if ((behind && rule->index <= behind->index) || !inspect_rule_matches(in, rule))
            continue;
        inspect_rule_matched(in, rule);
        if (rule->action == RULE_ACCEPT || rule->action == RULE_DROP)
            return rule;
    }
    return NULL;
}

// What was decided, or the table's policy. False: dropped.
static bool carry_out(struct inspection *in, const struct table *table, const struct rule *rule,
    enum rule_scope policy)
{
    if (rule && rule->action == RULE_ACCEPT)
        accept(in, rule->scope);
    else if (rule || table->accepts)
        drop(in, rule ? rule->scope : policy);
    return rule ? rule->action == RULE_ACCEPT : !table->accepts;
}

static bool pass_table(struct inspection *in, const struct table *table, enum rule_scope policy)
{
    return carry_out(in, table, decide(in, table, NULL), policy);
}

static enum rule_gate packet_tables(struct inspection *in)
{
    const struct rule_firewall *firewall = in->worker->plan->firewall;
    in->worker->waiting = NULL;
    for (size_t at = HOOK_PRE_FLOW; at <= HOOK_PACKET; at++)
        if (!pass_table(in, &firewall->packet[at], SCOPE_PACKET))
            return GATE_CLOSED;
    return GATE_OPEN;
}

// Rules may ask which protocol the flow speaks, which its parser says with the packet's payload:
// the tables wait for it where the parser is to see the payload now.
static bool parser_is_next(const struct inspection *in)
{
    const struct decoded *packet = in->packet;
    if (!packet->payload_len || (in->flow->flags & FLOW_UNWANTED))
        return false;
    return in->ip_proto != PROTO_TCP ||
           (in->flow->tcp_sync[in->side] && packet->tcp_seq == in->flow->tcp_next[in->side]);
}

static bool is_guarded(const struct inspection *in)
{
    return in->worker->plan->firewall && !(in->state && in->state->accepted);
}

enum rule_gate inspect_gate_before(struct inspection *in)
{
    struct rules_worker *w = in->worker;
    bool guarded = is_guarded(in);
    w->held = w->waiting = w->dropped = w->accepted = NULL;
    if (!parser_is_next(in))
        return guarded ? packet_tables(in) : GATE_OPEN;
    w->held = in->packet;
    w->waiting = guarded ? in->packet : NULL;
    return GATE_HELD;
}

enum rule_gate inspect_gate_behind(struct inspection *in)
{
    struct rules_worker *w = in->worker;
    bool held = w->held && w->held == in->packet;
    w->held = NULL;
    if (w->waiting && w->waiting == in->packet)
        packet_tables(in);
    if (w->dropped && w->dropped == in->packet)
        return GATE_CLOSED;
    return held ? GATE_HELD : GATE_OPEN;
}

// Mail is taken in piece by piece, and its first state lasts until the text: each of its rules may
// decide about another piece.
static bool pass_pieces(struct inspection *in, const struct table *table)
{
    const struct rule *rule = decide(in, table, NULL);
    while (rule && rule->action == RULE_ACCEPT && rule->scope == SCOPE_HOOK &&
           (rule->groups_count || rule->conditions_count)) {
        const struct rule *next = decide(in, table, rule);
        if (!next)
            return true;
        rule = next;
    }
    return carry_out(in, table, rule, SCOPE_FLOW);
}

static bool pass_steps(struct inspection *in, unsigned app)
{
    const struct table *steps = in->worker->plan->firewall->tx[app][in->side];
    for (size_t step = 0; step < HOOK_STEPS; step++) {
        if ((in->state && in->state->accepted) || in->tx_told->accepted)
            return true;
        bool pieces = app == RULE_APP_smtp && step == 0 && in->side == FLOW_CLIENT;
        if (steps[step].rules.count &&
            !(pieces ? pass_pieces(in, &steps[step]) : pass_table(in, &steps[step], SCOPE_FLOW)))
            return false;
    }
    return true;
}

// A transaction is told of before its packet's turn came.
static void packet_first(struct inspection *in)
{
    struct rule_view view = {
        .data = bytes_make(in->packet->payload, in->packet->payload_len), .ends = true};
    struct inspection packet;
    inspect_begin(
        &packet, in->worker, in->flow, inspect_sender(in->flow, in->packet), WORLD_PACKET);
    packet.packet = in->packet;
    packet.payload = &view;
    packet_tables(&packet);
    in->state = packet.state;
}

bool inspect_gate_tx(struct inspection *in)
{
    struct rules_worker *w = in->worker;
    if (in->packet && w->waiting == in->packet)
        packet_first(in);
    if (in->packet && w->dropped == in->packet)
        return false;
    bool spoke = in->flow->first_count[in->side] > 0;
    if (!spoke || in->file || in->both_sides || !in->tx_told ||
        in->tx_told->firewall_done[in->side] || (in->packet && w->accepted == in->packet) ||
        (in->state && in->state->accepted))
        return true;
    in->tx_told->firewall_done[in->side] = true;
    for (unsigned app = 0; app < RULE_APP_COUNT; app++)
        if ((in->apps >> app & 1) && !pass_steps(in, app))
            return false;
    return true;
}

// A connection that is still open, and of which bytes were left unread, Suricata ends by a packet
// of its own for each side, which passes the tables like any other.
void inspect_gate_end(struct rules_worker *w, struct flow *flow)
{
    if (!w->plan->firewall || flow->ip_proto != PROTO_TCP || flow->state != FLOW_ESTABLISHED ||
        !(flow->flags & FLOW_UNWANTED))
        return;
    for (enum flow_side side = FLOW_CLIENT; side <= FLOW_SERVER; side++) {
        struct decoded last = {
            .kind = DECODE_TCP, .ip_proto = PROTO_TCP, .tcp_flags = TCP_ACK, .frames = 1};
        struct rule_view view = {.ends = true};
        struct inspection in;
        inspect_begin(&in, w, flow, side, WORLD_PACKET);
        last.time_ns = flow->last_us * 1000;
        last.ip_version = flow->ip_version;
        in.packet = &last;
        in.payload = &view;
        if (is_guarded(&in) && !(in.state && in.state->passed))
            packet_tables(&in);
    }
}
