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
    for (uint16_t g = 0; g < rule->groups_count; g++) {
        const struct rule_group *group = &rule->groups[g];
        for (uint16_t t = 0; t < group->tests_count && group->buffer == BUFFER_PAYLOAD; t++) {
            enum rule_test_kind kind = group->tests[t].kind;
            if (kind == TEST_BYTE_TEST || kind == TEST_BYTE_JUMP || kind == TEST_BYTE_EXTRACT)
                return true;
        }
    }
    return false;
}

bool rule_quick_place(struct rule_plan *plan, const struct rule *rule, size_t kind)
{
    static const struct rule_port_range any = {0, UINT16_MAX};
    const struct rule_header *h = rule->header;
    bool one_way = h->direction == RULE_ONE_WAY && h->dport;
    uint32_t count = one_way ? h->dport->count : 1;
    uint8_t flags = kind == 0 ? flags_needed(rule) : 0;
    struct rule_quick_list *list = &plan->quick[kind][(flags & TCP_SYN) != 0];
    for (uint32_t i = 0; i < count; i++) {
        const struct rule_port_range *range = one_way ? &h->dport->ranges[i] : &any;
        struct rule_quick quick = {
            .index = rule->index,
            .low = range->low,
            .high = range->high,
            .flags = flags,
            .payload = needs_payload(rule),
        };
        if (!quick_add(list, quick))
            return false;
    }
    return true;
}

void rule_quick_free(struct rule_plan *plan)
{
    for (size_t k = 0; k < PLAN_IP_KINDS; k++)
        for (size_t syn = 0; syn < 2; syn++)
            base_free(plan->quick[k][syn].rules);
}

static void pick(struct rules_worker *w, const struct rule_quick_list *list,
    const struct decoded *packet, uint16_t port, uint8_t flags)
{
    for (uint32_t i = 0; i < list->count; i++) {
        const struct rule_quick *quick = &list->rules[i];
        if (port >= quick->low && port <= quick->high && (flags & quick->flags) == quick->flags &&
            (packet->payload_len || !quick->payload))
            rule_candidate_add(w->scratch, quick->index);
    }
}

void rule_quick_pick(const struct inspection *in, size_t kind)
{
    const struct rule_quick_list *lists = in->worker->plan->quick[kind];
    uint8_t flags = kind == 0 ? in->packet->tcp_flags : 0;
    pick(in->worker, &lists[0], in->packet, in->dst_port, flags);
    if (flags & TCP_SYN)
        pick(in->worker, &lists[1], in->packet, in->dst_port, flags);
}
