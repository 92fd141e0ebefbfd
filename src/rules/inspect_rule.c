// SPDX-License-Identifier: Apache-2.0
// One rule at a place: does its header fit, do its conditions hold, do its groups match; and what a
// match does to the flow. Rules are tried in the order in which they take effect.
#include "base/alloc.h"
#include "base/clock.h"
#include "rules/inspect.h"
#include <stdlib.h>

uint64_t inspect_apps(struct rules_worker *w, const char *name)
{
    size_t at = ((uintptr_t)name ^ (uintptr_t)name >> 6) % INSPECT_APPS;
    if (name != w->known_apps[at].name) {
        w->known_apps[at].name = name;
        w->known_apps[at].apps = rule_apps_of(name);
    }
    return w->known_apps[at].apps;
}

void inspect_begin(struct inspection *in, struct rules_worker *w, struct flow *flow,
    enum flow_side side, enum rule_world world)
{
    *in = (struct inspection){.worker = w, .flow = flow, .side = side, .world = world};
    in->state = rule_flow_find(w, flow);
    in->src = flow_addr(flow, side);
    in->dst = flow_addr(flow, flow_other(side));
    in->src_port = flow->port[side];
    in->dst_port = flow->port[flow_other(side)];
    in->ip_proto = flow->ip_proto;
    in->apps = inspect_apps(w, flow->app_proto);
    in->time_us = flow->last_us;
}

static bool endpoints_fit(const struct rule_header *h, const struct inspection *in, bool turned)
{
    const struct addr *src = turned ? &in->dst : &in->src, *dst = turned ? &in->src : &in->dst;
    uint16_t sport = turned ? in->dst_port : in->src_port;
    uint16_t dport = turned ? in->src_port : in->dst_port;
    return rule_ports_has(h->dport, dport) && rule_ports_has(h->sport, sport) &&
           rule_addresses_has(h->src, src) && rule_addresses_has(h->dst, dst);
}

static bool header_fits(const struct rule_header *h, const struct inspection *in)
{
    if (h->protocols && !(h->protocols[in->ip_proto / 8] >> (in->ip_proto % 8) & 1))
        return false;
    if ((h->layer & (RULE_IPV4 | RULE_IPV6)) &&
        !(h->layer & (in->src.version == 4 ? RULE_IPV4 : RULE_IPV6)))
        return false;
    if (h->apps && !(h->apps & in->apps))
        return false;
    if (h->direction == RULE_TRANSACTION)
        return endpoints_fit(h, in, in->side == FLOW_SERVER);
    return endpoints_fit(h, in, false) ||
           (h->direction == RULE_BOTH_WAYS && endpoints_fit(h, in, true));
}

// The capture has one side alone, which goes on behind its SYN: the other one answered.
static bool is_half_seen(const struct flow *flow)
{
    uint8_t client = flow->tcp_flags[FLOW_CLIENT];
    return !(flow->flags & FLOW_BOTH_SIDES) && (client & TCP_SYN) && (client & TCP_ACK);
}

// TCP: the handshake is over, or was over before the capture began. Else: both sides have spoken.
static bool is_established(const struct flow *flow)
{
    if (flow->ip_proto != PROTO_TCP)
        return (flow->flags & FLOW_BOTH_SIDES) != 0;
    if (flow->state != FLOW_CLOSED)
        return flow->state == FLOW_ESTABLISHED || (flow->flags & FLOW_MIDSTREAM) ||
               is_half_seen(flow);
    return (flow->flags & FLOW_BOTH_SIDES) && (flow->tcp_flags[FLOW_CLIENT] & TCP_ACK) &&
           (flow->tcp_flags[FLOW_SERVER] & TCP_ACK);
}

// The packet that ends the handshake still belongs to it.
static bool ends_handshake(const struct inspection *in)
{
    const struct flow *flow = in->flow;
    const struct decoded *packet = in->packet;
    return in->world == WORLD_PACKET && flow->ip_proto == PROTO_TCP && packet &&
           !packet->payload_len && !(packet->tcp_flags & (TCP_FIN | TCP_RST)) &&
           !flow->first_payload && !(flow->flags & FLOW_MIDSTREAM);
}

static bool flow_fits(const struct rule *rule, const struct inspection *in)
{
    unsigned f = rule->flow;
    if (f == 0)
        return true;
    if ((f & RULE_FLOW_NO_FRAG) && in->packet && in->packet->frames > 1)
        return false;
    if ((f & RULE_FLOW_ONLY_FRAG) && (!in->packet || in->packet->frames <= 1))
        return false;
    if (!in->flow)
        return !(f & (RULE_FLOW_TOSERVER | RULE_FLOW_TOCLIENT | RULE_FLOW_ESTABLISHED));
    bool any_side = rule->header->direction == RULE_TRANSACTION;
    if ((f & RULE_FLOW_FIRST) && in->packet && in->flow->packets[in->side] > in->packet->frames)
        return false;
    if ((f & RULE_FLOW_TOSERVER) && in->side != FLOW_CLIENT && !any_side)
        return false;
    if ((f & RULE_FLOW_TOCLIENT) && in->side != FLOW_SERVER && !any_side)
        return false;
    if (!(f & (RULE_FLOW_ESTABLISHED | RULE_FLOW_NOT_ESTABLISHED)))
        return true;
    bool established = is_established(in->flow) && !ends_handshake(in);
    return established == ((f & RULE_FLOW_ESTABLISHED) != 0);
}

static bool conditions_hold(struct inspection *in, const struct rule *rule)
{
    for (uint16_t i = 0; i < rule->conditions_count; i++)
        if (!rule_condition_holds(in, rule, &rule->conditions[i]))
            return false;
    return true;
}

struct group_at {
    struct rule_scratch *scratch;
    const struct rule_group *group;
    bool there; // an instance was seen
};

static bool instance_matches(struct group_at *at, const struct rule_view *view)
{
    at->there = true;
    bool may_match = !at->group->absent || at->group->absent_or_else;
    return may_match && rule_match_group(at->scratch, at->group, view);
}

static bool field_matches(void *context, const void *value, enum shape_kind kind)
{
    char room[64];
    struct bytes data = record_value_bytes(value, kind, room);
    struct rule_view view = {.data = data, .ends = true};
    return data.data && instance_matches(context, &view);
}

static bool record_matches(struct inspection *in, struct group_at *at)
{
    const struct rule_buffer_info *info = &rule_buffer_infos[at->group->buffer];
    for (uint8_t i = 0; in->record && i < info->paths_count; i++)
        if (record_path_here(in, &info->paths[i]) &&
            record_path_each(&info->paths[i], in->record->body, field_matches, at))
            return true;
    return false;
}

static struct rule_view shown_view(const struct shown *shown)
{
    return (struct rule_view){
        .data = bytes_make(shown->data, shown->len),
        .fresh = shown->fresh,
        .start = shown->start,
        .ends = !shown->cut,
    };
}

static bool shown_matches(struct inspection *in, const struct rule_tx *tx, struct group_at *at)
{
    for (const struct shown *s = tx ? tx->first : NULL; s; s = s->next) {
        if (s->buffer != at->group->buffer || (s->side != in->side && !in->both_sides))
            continue;
        struct rule_view view = shown_view(s);
        if (instance_matches(at, &view))
            return true;
    }
    return false;
}

// A rule may ask for the name of one file and the content of another, of one transaction.
static bool file_matches(struct inspection *in, const struct rule *rule, struct group_at *at)
{
    if (shown_matches(in, in->tx, at)) {
        in->file_found = true;
        return true;
    }
    if (!in->file || !in->beside || !in->worker->plan->roles[rule->index].files)
        return shown_matches(in, in->beside, at);
    for (const struct rule_tx *tx = in->state->txs; tx; tx = tx->next)
        if (tx->carrier == in->beside && shown_matches(in, tx, at))
            return true;
    return false;
}

static bool payload_matches(struct inspection *in, const struct rule *rule, struct group_at *at)
{
    if (in->world == WORLD_TX) // its payload matched before, in the other world
        return in->state && rule_flow_noted(in->state->payload, in->state->payload_count,
                                (uint64_t)rule->index << 1 | (uint64_t)in->side);
    return in->payload && instance_matches(at, in->payload);
}

static bool packet_matches(struct inspection *in, struct group_at *at)
{
    struct rule_view view = {.ends = true};
    return in->packet && rule_packet_header(in->packet, at->group->buffer, &view.data) &&
           instance_matches(at, &view);
}

static bool frame_matches(struct inspection *in, struct group_at *at)
{
    return in->frame && in->frame->is.frame == at->group->frame &&
           instance_matches(at, &in->frame->view);
}

static bool group_matches(
    struct inspection *in, const struct rule *rule, const struct rule_group *group)
{
    struct group_at at = {in->worker->scratch, group, false};
    bool matched = false;
    if (group->buffer == BUFFER_PAYLOAD)
        return payload_matches(in, rule, &at);
    if (group->buffer == BUFFER_FRAME)
        return frame_matches(in, &at);
    switch ((enum buffer_source)rule_buffer_infos[group->buffer].source) {
    case BUFFER_OF_PACKET: matched = packet_matches(in, &at); break;
    case BUFFER_OF_RECORD: matched = record_matches(in, &at); break;
    case BUFFER_OF_FILE: matched = file_matches(in, rule, &at); break;
    case BUFFER_SHOWN:
        matched = shown_matches(in, in->tx, &at) || shown_matches(in, in->beside, &at);
        break;
    case BUFFER_OF_NUMBERS:
    case BUFFER_OF_TESTS: return true;
    }
    return matched || (group->absent && !at.there);
}

// In the payload's world a rule of two worlds is only half tested.
static bool groups_match(struct inspection *in, const struct rule *rule)
{
    bool half = in->world != WORLD_TX && in->worker->plan->roles[rule->index].mixed;
    rule_match_begin(in->worker->scratch, rule);
    in->file_found = false;
    for (uint16_t i = 0; i < rule->groups_count; i++) {
        const struct rule_group *group = &rule->groups[i];
        if (half && group->buffer != BUFFER_PAYLOAD)
            continue;
        if (!group_matches(in, rule, group))
            return false;
    }
    return !in->file || in->file_found || !in->worker->plan->roles[rule->index].files;
}

static struct rule_flow *state_of(struct inspection *in)
{
    if (!in->state && in->flow)
        in->state = rule_flow_of(in->worker, in->flow);
    return in->state;
}

// A stream's window shows old bytes again: what ended in them was told before. What has no place
// is told once for each side.
static bool told_before(struct inspection *in, const struct rule *rule)
{
    if (in->world != WORLD_STREAM)
        return false;
    if (in->apps_new && rule->header->apps)
        return false;
    uint64_t end = rule_match_end(in->worker->scratch);
    if (end != UINT64_MAX)
        return in->payload->fresh && end <= in->payload->start + in->payload->fresh;
    struct rule_flow *state = state_of(in);
    uint64_t key = (uint64_t)rule->index << 1 | (uint64_t)in->side;
    if (!state || rule_flow_noted(state->told, state->told_count, key))
        return true;
    rule_flow_note(state, &state->told, &state->told_count, key);
    return false;
}

static void flowint_do(
    struct rule_flow *state, const struct rule_plan *plan, const struct rule_int *i)
{
    int64_t value = i->number;
    if (i->other) {
        const struct rule_flow_int *other =
            rule_flow_int(state, plan->int_ids[i->other - 1], false);
        value = other ? other->value : 0;
    }
    struct rule_flow_int *number = rule_flow_int(state, plan->int_ids[i->name], true);
    if (!number)
        return;
    if (i->op[0] == '=')
        number->value = value;
    else if (i->op[0] == '+')
        number->value = (int64_t)((uint64_t)number->value + (uint64_t)value);
    else
        number->value = (int64_t)((uint64_t)number->value - (uint64_t)value);
}

static void flowbits_do(
    struct rule_flow *state, const struct rule_plan *plan, const struct rule_bits *b)
{
    for (uint8_t i = 0; i < b->names_count; i++) {
        uint64_t id = plan->bit_ids[b->names[i]];
        if (b->command == BIT_SET || b->command == BIT_UNSET)
            rule_flow_bit_set(state, id, b->command == BIT_SET);
        else if (b->command == BIT_TOGGLE)
            rule_flow_bit_set(state, id, !rule_flow_bit(state, id));
    }
}

// xbits of a transaction: a list of those set, which takes no memory before the first.
static void txbits_do(struct rule_tx *tx, const struct rule_plan *plan, const struct rule_bits *b)
{
    uint64_t id = plan->bit_ids[b->names[0]];
    bool on = rule_flow_noted(tx->bits, tx->bits_count, id);
    bool set = b->command == BIT_SET || (b->command == BIT_TOGGLE && !on);
    if (set == on || b->command == BIT_ISSET || b->command == BIT_ISNOTSET)
        return;
    for (size_t i = 0; !set && i < tx->bits_count; i++)
        if (tx->bits[i] == id)
            tx->bits[i] = 0;
    uint64_t *grown = set ? arena_grow(&tx->arena, tx->bits, tx->bits_count * sizeof id,
                                (tx->bits_count + 1) * sizeof id)
                          : NULL;
    if (!grown)
        return;
    tx->bits = grown;
    grown[tx->bits_count++] = id;
}

static bool flowint_sets(const struct rule_int *i)
{
    return strchr("=+-", i->op[0]) && i->op[1] == 0;
}

// We forward nothing: what a rule would drop is not looked at further, but for what else matches in
// the same packet. Where thresholds have a say, the worker cannot know.
static void pass_or_drop(struct inspection *in, const struct rule *rule)
{
    const struct rule_role *role = &in->worker->plan->roles[rule->index];
    if ((rule->action != RULE_PASS && rule->action != RULE_DROP) || rule->firewall)
        return;
    in->passed |= rule->action == RULE_PASS;
    if (!role->whole_flow || role->settles || !state_of(in))
        return;
    in->state->passed = true;
    if (rule->action == RULE_DROP && in->packet)
        in->state->dropped_ns = in->packet->time_ns;
}

// What a match changes in the flow.
static void take_effect(struct inspection *in, const struct rule *rule)
{
    for (uint16_t i = 0; i < rule->conditions_count; i++) {
        const struct rule_condition *c = &rule->conditions[i];
        bool bits = c->on == RULE_ON_flowbits && c->is.bits.command <= BIT_TOGGLE;
        bool number = c->on == RULE_ON_flowint && flowint_sets(&c->is.flowint);
        struct rule_tx *tx = inspect_bits_of(in);
        if (rule_is_tx_bit(c) && tx)
            txbits_do(tx, in->worker->plan, &c->is.bits);
        struct rule_flow *state = bits || number ? state_of(in) : NULL;
        if (state && bits)
            flowbits_do(state, in->worker->plan, &c->is.bits);
        else if (state)
            flowint_do(state, in->worker->plan, &c->is.flowint);
    }
    pass_or_drop(in, rule);
}

static bool tx_told(struct rule_tx *tx, uint32_t index)
{
    for (size_t i = 0; i < tx->told_count; i++)
        if (tx->told[i] == index)
            return true;
    if (tx->told_count && (tx->told_count & (tx->told_count - 1)) == 0) {
        uint32_t *told = arena_grow(
            &tx->arena, tx->told, tx->told_count * sizeof *told, tx->told_count * 2 * sizeof *told);
        if (!told)
            return true;
        tx->told = told;
    }
    if (!tx->told && !(tx->told = arena_alloc(&tx->arena, sizeof *tx->told)))
        return false;
    tx->told[tx->told_count++] = index;
    return false;
}

bool inspect_rule_matches(struct inspection *in, const struct rule *rule)
{
    return flow_fits(rule, in) && header_fits(rule->header, in) && conditions_hold(in, rule) &&
           groups_match(in, rule);
}

void inspect_rule_matched(struct inspection *in, const struct rule *rule)
{
    bool settles = in->worker->plan->roles[rule->index].settles ||
                   rule_match_deferred(in->worker->scratch).len;
    take_effect(in, rule);
    if (!rule->noalert || settles)
        inspect_hit(in, rule);
}

// This packet is the one by which it was known what its side speaks.
static bool is_detection(const struct inspection *in)
{
    const char *known = in->state ? in->state->spoke[in->side] : NULL;
    return in->flow && in->flow->app_proto && in->flow->app_proto != known && in->packet &&
           in->packet->payload_len;
}

// The first match ended in old bytes; maybe there is another one behind it.
static bool matches_anew(struct inspection *in, const struct rule *rule)
{
    const struct rule_view *whole = in->payload;
    size_t from = whole->fresh > INSPECT_AGAIN ? whole->fresh - INSPECT_AGAIN : 0;
    if (in->world != WORLD_STREAM || from == 0 || rule_match_end(in->worker->scratch) == UINT64_MAX)
        return false;
    struct rule_view end = {.data = bytes_from(whole->data, from),
        .fresh = INSPECT_AGAIN,
        .start = whole->start + from,
        .ends = whole->ends};
    in->payload = &end;
    bool matches = inspect_rule_matches(in, rule) && !told_before(in, rule);
    in->payload = whole;
    return matches;
}

// Did it match, before thresholds?
static bool try_rule(struct inspection *in, const struct rule *rule)
{
    const struct rule_role *role = &in->worker->plan->roles[rule->index];
    if (!(role->worlds & in->world) && !in->is_event)
        return false;
    if (in->world == WORLD_PACKET && in->apps_new && !rule->header->apps)
        return false;
    if (!inspect_role_fits(in, rule) || (role->on_detection && !is_detection(in)))
        return false;
    if (!inspect_rule_matches(in, rule) || (told_before(in, rule) && !matches_anew(in, rule)))
        return false;
    if (in->world != WORLD_TX && role->mixed) {
        struct rule_flow *state = state_of(in);
        size_t before = state ? state->payload_count : 0;
        if (state)
            rule_flow_note(state, &state->payload, &state->payload_count,
                (uint64_t)rule->index << 1 | (uint64_t)in->side);
        in->half_found |= state && state->payload_count > before;
        return false;
    }
    if (in->tx_told && tx_told(in->tx_told, rule->index << 1 | (uint32_t)in->side))
        return false;
    inspect_rule_matched(in, rule);
    return true;
}

static bool try_candidate(struct inspection *in, const struct rule *rule)
{
    if (!in->worker->costs)
        return try_rule(in, rule);
    struct rule_cost *cost = &in->worker->costs[rule->index];
    int64_t began = clock_monotonic_ns();
    bool matched = try_rule(in, rule);
    cost->matches += matched;
    cost->candidates++;
    cost->ns += (uint64_t)(clock_monotonic_ns() - began);
    return matched;
}

void inspect_add(struct inspection *in, const struct rule_list *always)
{
    for (uint32_t i = 0; i < always->count; i++)
        rule_candidate_add(in->worker->scratch, always->indexes[i]);
}

// What the header alone says against most candidates.
static bool may_match(const struct inspection *in, const struct rule_role *role, unsigned worlds,
    enum carrier carrier)
{
    return ((role->worlds & worlds) || in->is_event) && (role->carriers >> carrier & 1) &&
           (!role->apps || (role->apps & in->apps)) && in->dst_port >= role->dport_low &&
           in->dst_port <= role->dport_high && in->src_port >= role->sport_low &&
           in->src_port <= role->sport_high && rule_addresses_has(role->src, &in->src) &&
           rule_addresses_has(role->dst, &in->dst);
}

static int by_rank(const void *left, const void *right, void *context)
{
    const uint32_t *ranks = context;
    uint32_t a = ranks[*(const uint32_t *)left], b = ranks[*(const uint32_t *)right];
    return a < b ? -1 : a > b;
}

// Those that may match in one of the worlds, in the order in which they take effect.
static struct rule_candidates candidates_take(const struct inspection *in, unsigned worlds)
{
    struct rules_worker *w = in->worker;
    struct rule_candidates found = rule_candidates_take(w->scratch);
    enum carrier carrier = carrier_of(in->ip_proto);
    size_t kept = 0;
    for (size_t i = 0; i < found.count; i++)
        if (may_match(in, &w->plan->roles[found.indexes[i]], worlds, carrier))
            found.indexes[kept++] = found.indexes[i];
    found.count = kept;
    w->metrics->rules_candidates += kept;
    if (kept > 1)
        qsort_r(found.indexes, kept, sizeof *found.indexes, by_rank, w->plan->ranks);
    return found;
}

void inspect_candidates(struct inspection *in)
{
    struct rules_worker *w = in->worker;
    struct rule_candidates found = candidates_take(in, in->world);
    for (size_t i = 0; i < found.count && !in->passed; i++)
        try_candidate(in, &w->set->rules[found.indexes[i]]);
}

void inspect_candidates_of_segment(struct inspection *packet, struct inspection *stream)
{
    struct rules_worker *w = stream->worker;
    rule_quick_pick_stream(stream);
    struct rule_candidates found =
        candidates_take(stream, packet ? WORLD_PACKET | WORLD_STREAM : WORLD_STREAM);
    for (size_t i = 0; i < found.count; i++) {
        const struct rule *rule = &w->set->rules[found.indexes[i]];
        bool told = packet && !packet->passed && try_candidate(packet, rule);
        if (!told && !stream->passed) // once for the segment, however it was found
            try_candidate(stream, rule);
    }
}

void inspect_scan(struct inspection *in, enum rule_buffer buffer, const struct rule_view *view)
{
    if (view->data.len == 0)
        return;
    struct rule_where where = {
        .buffer = buffer,
        .ip_proto = in->ip_proto,
        .to_client = in->side == FLOW_SERVER,
        .src_port = in->src_port,
        .dst_port = in->dst_port,
        .apps = in->apps,
    };
    rule_prefilter_scan(in->worker->scratch, &where, view);
}
