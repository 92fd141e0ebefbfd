// SPDX-License-Identifier: Apache-2.0
// Rules on packets that have no pattern by which they could be found: scans for ports, flags,
// sizes. Most name a port, and most of the others ask for a SYN, so a look at both spares all but a
// few of them the rest.
#include "base/alloc.h"
#include "rules/inspect.h"

static bool quick_add(struct rule_quick_list *list, struct rule_quick quick)
{
    if (list->count == list->room) {
        uint32_t room = list->room ? list->room * 2 : 16;
        struct rule_quick *rules = base_realloc(list->rules, room * sizeof *rules);
        if (!rules)
            return false;
        list->rules = rules;
        list->room = room;
    }
    list->rules[list->count++] = quick;
    return true;
}

// Flags without which the rule cannot match.
static uint8_t flags_needed(const struct rule *rule)
{
    for (uint16_t i = 0; i < rule->conditions_count; i++) {
        const struct rule_condition *c = &rule->conditions[i];
        bool all = c->is.mask.how == MASK_EXACT || c->is.mask.how == MASK_ALL;
        if (c->on == RULE_ON_tcp_flags && !c->negated && all)
            return (uint8_t)(c->is.mask.bits & ~c->is.mask.ignore);
    }
    return 0;
}

static bool needs_payload(const struct rule *rule)
{
    for (uint16_t g = 0; g < rule->groups_count; g++)
        if (rule->groups[g].buffer == BUFFER_PAYLOAD)
            return true;
    return false;
}

// One entry for each range of ports it is for, on the sides it is for.
static bool place(struct rule_quick_list lists[2], const struct rule *rule, uint8_t flags)
{
    static const struct rule_port_range any = {0, UINT16_MAX};
    const struct rule_header *h = rule->header;
    bool one_way = h->direction == RULE_ONE_WAY && h->dport;
    for (unsigned i = 0; i < (one_way ? h->dport->count : 1) * 2U; i++) {
        const struct rule_port_range *range = one_way ? &h->dport->ranges[i / 2] : &any;
        bool to_client = i % 2;
        struct rule_quick quick = {
            .apps = h->apps,
            .index = rule->index,
            .low = range->low,
            .high = range->high,
            .flags = flags,
        };
        if (rule_is_on_side(rule, to_client) &&
            !quick_add(&lists[to_client ? FLOW_SERVER : FLOW_CLIENT], quick))
            return false;
    }
    return true;
}

bool rule_quick_packet(struct rule_plan *plan, const struct rule *rule, size_t kind)
{
    uint8_t flags = kind == 0 ? flags_needed(rule) : 0;
    size_t needs = needs_payload(rule) ? QUICK_PAYLOAD
                   : flags & TCP_SYN   ? QUICK_SYN
                                       : QUICK_NOTHING;
    return place(plan->packet[kind][needs], rule, flags);
}

bool rule_quick_stream(struct rule_plan *plan, const struct rule *rule)
{
    return place(plan->stream, rule, 0);
}

void rule_quick_free(struct rule_plan *plan)
{
    for (size_t side = 0; side < 2; side++) {
        for (size_t i = 0; i < CARRIERS * QUICK_NEEDS; i++)
            base_free(plan->packet[i / QUICK_NEEDS][i % QUICK_NEEDS][side].rules);
        base_free(plan->stream[side].rules);
    }
}

static bool pick(struct rules_worker *w, const struct rule_quick_list *list, uint16_t port,
    uint8_t flags, uint64_t apps)
{
    bool any = false;
    for (uint32_t i = 0; i < list->count; i++) {
        const struct rule_quick *quick = &list->rules[i];
        if (port < quick->low || port > quick->high || (flags & quick->flags) != quick->flags ||
            (quick->apps && !(quick->apps & apps)))
            continue;
        rule_candidate_add(w->scratch, quick->index);
        any = true;
    }
    return any;
}

bool rule_quick_pick_packet(struct rules_worker *w, const struct flow *flow, enum flow_side side,
    const struct decoded *packet)
{
    size_t kind = carrier_of(flow->ip_proto);
    const struct rule_quick_list(*lists)[2] = w->plan->packet[kind];
    uint8_t flags = kind == 0 ? packet->tcp_flags : 0;
    uint16_t port = flow->port[flow_other(side)];
    uint64_t apps = inspect_apps(w, flow->app_proto);
    bool any = pick(w, &lists[QUICK_NOTHING][side], port, flags, apps);
    if (flags & TCP_SYN)
        any |= pick(w, &lists[QUICK_SYN][side], port, flags, apps);
    if (packet->payload_len)
        any |= pick(w, &lists[QUICK_PAYLOAD][side], port, flags, apps);
    return any;
}

void rule_quick_pick_stream(const struct inspection *in)
{
    pick(in->worker, &in->worker->plan->stream[in->side], in->dst_port, 0, in->apps);
}
