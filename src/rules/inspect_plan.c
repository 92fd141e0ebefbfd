// SPDX-License-Identifier: Apache-2.0
// What a rule set asks of packets, streams and transactions, worked out once when it is loaded: in
// which world each rule is tested, in which order matches take effect, and which rules have no
// pattern by which the prefilter could find them.
#include "base/alloc.h"
#include "base/hash.h"
#include "rules/inspect.h"
#include <stdlib.h>

// Conditions of a transaction, and those that only a packet can answer.
static uint8_t world_of(enum rule_on on)
{
    switch (on) {
    case RULE_ON_ttl:
    case RULE_ON_tos:
    case RULE_ON_id:
    case RULE_ON_ip_proto:
    case RULE_ON_fragbits:
    case RULE_ON_fragoffset:
    case RULE_ON_ipopts:
    case RULE_ON_tcp_flags:
    case RULE_ON_tcp_seq:
    case RULE_ON_tcp_ack:
    case RULE_ON_tcp_window:
    case RULE_ON_tcp_mss:
    case RULE_ON_tcp_wscale:
    case RULE_ON_icmp_type:
    case RULE_ON_icmp_code:
    case RULE_ON_icmp_id:
    case RULE_ON_icmp_seq:
    case RULE_ON_icmpv6_mtu:
    case RULE_ON_igmp_type:
    case RULE_ON_vlan_id:
    case RULE_ON_vlan_layers:
    case RULE_ON_vxlan_vni:
    case RULE_ON_checksum:
    case RULE_ON_dsize:
    case RULE_ON_stream_size:
    case RULE_ON_decode_event:
    case RULE_ON_stream_event:
    case RULE_ON_rpc: return WORLD_PACKET;
    case RULE_ON_sameip:
    case RULE_ON_geoip:
    case RULE_ON_iprep:
    case RULE_ON_flow_age:
    case RULE_ON_flow_packets:
    case RULE_ON_flow_bytes:
    case RULE_ON_flow_elephant:
    case RULE_ON_flowbits:
    case RULE_ON_flowint:
    case RULE_ON_xbits:
    case RULE_ON_hostbits:
    case RULE_ON_app_layer_protocol:
    case RULE_ON_engine_event: return 0;
    default: return WORLD_TX;
    }
}

static bool has_place(const struct rule_group *group)
{
    for (uint16_t i = 0; i < group->tests_count; i++) {
        const struct rule_test *test = &group->tests[i];
        if (test->kind == TEST_CONTENT &&
            (test->is.content.has_offset || test->is.content.has_depth))
            return true;
    }
    return false;
}

// What the rule's groups add up to.
struct asked {
    uint8_t worlds;
    uint8_t sides;
    bool payload, place, record, file, frame;
    unsigned files; // groups on them
};

static void ask_group(struct asked *asked, const struct rule_group *group)
{
    const struct rule_buffer_info *info = &rule_buffer_infos[group->buffer];
    if (group->buffer == BUFFER_PAYLOAD) {
        asked->payload = true;
        asked->place |= has_place(group);
    } else if (info->source == BUFFER_OF_PACKET) {
        asked->worlds |= WORLD_PACKET;
    } else if (info->source != BUFFER_OF_TESTS) {
        asked->worlds |= WORLD_TX;
        asked->sides &= info->to;
        asked->record |= info->source == BUFFER_OF_RECORD;
        asked->file |= info->source == BUFFER_OF_FILE;
        asked->files += info->source == BUFFER_OF_FILE;
        asked->frame |= group->buffer == BUFFER_FRAME;
    }
}

static void ask_condition(struct asked *asked, const struct rule_condition *condition)
{
    uint8_t world = world_of(condition->on);
    asked->worlds |= world;
    asked->file |= condition->on == RULE_ON_filesize || condition->on == RULE_ON_file_hash;
    if (world == WORLD_TX && rule_number_sources[condition->on].protos)
        asked->sides &= rule_number_sources[condition->on].to;
    asked->record |= world == WORLD_TX && !asked->file;
}

static void ask_hook(struct asked *asked, const struct rule_hook *hook)
{
    if (hook->at >= HOOK_REQUEST) {
        asked->worlds |= WORLD_TX;
        asked->sides &= hook->at == HOOK_REQUEST ? BUFFER_TO_SERVER : BUFFER_TO_CLIENT;
    } else if (hook->at != HOOK_NONE) {
        asked->worlds |= WORLD_PACKET;
    }
}

// TCP content is looked for in the stream; where it has a fixed place, in each packet as well.
static uint8_t payload_worlds(const struct rule *rule, const struct asked *asked)
{
    const struct rule_header *header = rule->header;
    if (!rule_has_protocol(header, PROTO_TCP) || (asked->worlds & WORLD_PACKET) ||
        (header->layer & RULE_TCP_PKT) || (rule->flow & RULE_FLOW_NO_STREAM))
        return WORLD_PACKET;
    if ((header->layer & RULE_TCP_STREAM) || (rule->flow & RULE_FLOW_ONLY_STREAM))
        return WORLD_STREAM;
    bool others = asked->place || rule_carriers(header) != 1U << CARRIER_TCP;
    return others ? WORLD_PACKET | WORLD_STREAM : WORLD_STREAM;
}

static bool asks_addresses_alone(const struct rule *rule)
{
    const struct rule_header *header = rule->header;
    for (uint16_t i = 0; i < rule->conditions_count; i++) {
        enum rule_on on = rule->conditions[i].on;
        if (on != RULE_ON_geoip && on != RULE_ON_iprep && on != RULE_ON_sameip)
            return false;
    }
    return rule->groups_count == 0 && rule->flow == 0 && !header->apps && !header->hook.at &&
           !header->sport && !header->dport &&
           !(header->layer & (RULE_TCP_PKT | RULE_PKTHDR | RULE_ARP | RULE_ETHER));
}

static bool asks_protocols_alone(const struct rule *rule)
{
    for (uint16_t i = 0; i < rule->conditions_count; i++)
        if (rule->conditions[i].on != RULE_ON_app_layer_protocol)
            return false;
    return rule->conditions_count && rule->groups_count == 0 && !rule->header->apps &&
           !(rule->flow & ~(RULE_FLOW_TOSERVER | RULE_FLOW_TOCLIENT));
}

// Suricata's choice: packets alone for rules on packets' headers and conditions, unless they ask
// for addresses, ports or protocols only.
static bool is_of_flow(const struct rule *rule, const struct rule_role *role)
{
    if (rule->scope != SCOPE_NONE)
        return rule->scope == SCOPE_FLOW;
    bool bare = rule->groups_count == 0 && rule->conditions_count == 0;
    return (bare && (rule->flow == 0 || rule->header->apps)) || role->on_detection ||
           role->worlds != WORLD_PACKET;
}

static void ports_hull(const struct rule_ports *ports, uint16_t *low, uint16_t *high)
{
    *low = ports && ports->count ? ports->ranges[0].low : 0;
    *high = ports && ports->count ? ports->ranges[ports->count - 1].high : UINT16_MAX;
}

static void role_header(struct rule_role *role, const struct rule_header *header)
{
    role->apps = header->apps;
    role->carriers = rule_carriers(header);
    role->sport_high = role->dport_high = UINT16_MAX;
    if (header->direction != RULE_ONE_WAY)
        return;
    role->src = header->src;
    role->dst = header->dst;
    ports_hull(header->sport, &role->sport_low, &role->sport_high);
    ports_hull(header->dport, &role->dport_low, &role->dport_high);
}

static struct rule_role role_of(const struct rule *rule)
{
    struct asked asked = {.sides = BUFFER_TO_SERVER | BUFFER_TO_CLIENT};
    struct rule_role role = {0};
    for (uint16_t i = 0; i < rule->groups_count; i++)
        ask_group(&asked, &rule->groups[i]);
    for (uint16_t i = 0; i < rule->conditions_count; i++) {
        ask_condition(&asked, &rule->conditions[i]);
        enum rule_on on = rule->conditions[i].on;
        role.settles |= on == RULE_ON_hostbits ||
                        (on == RULE_ON_xbits && !rule_is_tx_bit(&rule->conditions[i]));
        asked.worlds |= rule_is_tx_bit(&rule->conditions[i]) ? WORLD_TX : 0;
    }
    role.settles |= rule->threshold || rule->filter;
    if (rule->filestore) {
        asked.worlds |= WORLD_TX;
        asked.file = true;
    }
    ask_hook(&asked, &rule->header->hook);
    role_header(&role, rule->header);
    role.file = asked.file;
    role.files = asked.files > 1;
    role.frame = asked.frame;
    role.sides = asked.sides;
    role.record = asked.record;
    role.has_payload = asked.payload;
    role.once = asks_addresses_alone(rule);
    uint8_t payload = asked.payload ? payload_worlds(rule, &asked) : 0;
    if (asked.worlds & WORLD_TX)
        role.worlds = (uint8_t)(WORLD_TX | payload);
    else
        role.worlds = payload ? payload : WORLD_PACKET;
    role.mixed = (asked.worlds & WORLD_TX) && asked.payload;
    role.on_detection = role.worlds == WORLD_PACKET && asks_protocols_alone(rule);
    role.whole_flow = is_of_flow(rule, &role);
    if (rule->firewall) // found by its table, not by a pattern
        role.worlds = 0;
    return role;
}

// Pass before drop before reject before alert; then those that set flow bits before those that ask
// for them; then by priority; then as read.
struct order {
    uint8_t action, bits, ints;
    uint8_t priority;
    uint32_t index;
};

static uint8_t bits_class(const struct rule *rule)
{
    bool sets = false, asks = false;
    for (uint16_t i = 0; i < rule->conditions_count; i++) {
        const struct rule_condition *c = &rule->conditions[i];
        if (c->on != RULE_ON_flowbits)
            continue;
        bool ask = c->is.bits.command == BIT_ISSET || c->is.bits.command == BIT_ISNOTSET;
        asks |= ask;
        sets |= !ask;
    }
    return sets ? (asks ? 1 : 0) : asks ? 2 : 3;
}

static uint8_t ints_class(const struct rule *rule)
{
    for (uint16_t i = 0; i < rule->conditions_count; i++)
        if (rule->conditions[i].on == RULE_ON_flowint)
            return strchr("=+-", rule->conditions[i].is.flowint.op[0]) &&
                           !rule->conditions[i].is.flowint.op[1]
                       ? 0
                       : 1;
    return 2;
}

static int by_order(const void *a, const void *b)
{
    const struct order *x = a, *y = b;
    if (x->action != y->action)
        return x->action - y->action;
    if (x->bits != y->bits)
        return x->bits - y->bits;
    if (x->ints != y->ints)
        return x->ints - y->ints;
    if (x->priority != y->priority)
        return x->priority - y->priority;
    return x->index < y->index ? -1 : x->index > y->index;
}

static bool rank_all(struct rule_plan *plan)
{
    static const uint8_t actions[] = {
        [RULE_PASS] = 0, [RULE_DROP] = 1, [RULE_REJECT] = 2, [RULE_ALERT] = 3};
    const struct rule_set *set = plan->set;
    struct order *orders = base_calloc(set->rules_count + 1U, sizeof *orders);
    if (!orders)
        return false;
    for (uint32_t i = 0; i < set->rules_count; i++) {
        const struct rule *rule = &set->rules[i];
        size_t action = (size_t)rule->action;
        orders[i] = (struct order){
            .action = action < sizeof actions ? actions[action] : 3,
            .bits = bits_class(rule),
            .ints = ints_class(rule),
            .priority = rule->priority,
            .index = i,
        };
    }
    qsort(orders, set->rules_count, sizeof *orders, by_order);
    for (uint32_t i = 0; i < set->rules_count; i++)
        plan->ranks[orders[i].index] = i;
    base_free(orders);
    return true;
}

bool rule_list_add(struct rule_list *list, uint32_t index)
{
    if (list->count == list->room) {
        uint32_t room = list->room ? list->room * 2 : 16;
        uint32_t *indexes = base_realloc(list->indexes, room * sizeof *indexes);
        if (!indexes)
            return false;
        list->indexes = indexes;
        list->room = room;
    }
    list->indexes[list->count++] = index;
    return true;
}

static bool place_event(struct rule_plan *plan, const struct rule *rule)
{
    for (uint16_t i = 0; i < rule->conditions_count; i++) {
        enum rule_on on = rule->conditions[i].on;
        int which = on == RULE_ON_decode_event      ? EVENTS_DECODE
                    : on == RULE_ON_stream_event    ? EVENTS_STREAM
                    : on == RULE_ON_app_layer_event ? EVENTS_APP
                                                    : -1;
        if (which >= 0)
            return rule_list_add(&plan->events[which], rule->index);
    }
    return true;
}

static bool is_event(const struct rule *rule)
{
    for (uint16_t i = 0; i < rule->conditions_count; i++) {
        enum rule_on on = rule->conditions[i].on;
        if (on == RULE_ON_decode_event || on == RULE_ON_stream_event ||
            on == RULE_ON_app_layer_event)
            return true;
    }
    return false;
}

static bool place_packet(struct rule_plan *plan, const struct rule *rule, bool pattern)
{
    uint8_t carriers = plan->roles[rule->index].carriers;
    for (enum carrier k = 0; k < CARRIERS; k++) {
        if (!(carriers >> k & 1))
            continue;
        plan->packets[k] = true;
        plan->payload[k] |= pattern;
        if (!pattern && !rule_quick_packet(plan, rule, k))
            return false;
    }
    return true;
}

static bool place_tx(struct rule_plan *plan, const struct rule *rule)
{
    const struct rule_role *role = &plan->roles[rule->index];
    enum rule_buffer buffer = rule_prefilter_of(plan->set, rule->index, false);
    if (buffer != RULE_BUFFERS) {
        plan->file_patterns[buffer] |= role->file;
        plan->record_patterns[buffer] |= role->record;
        return true;
    }
    if (role->frame)
        return rule_list_add(&plan->frame, rule->index);
    plan->tx_always = true;
    if (role->mixed) // tried where its payload was found
        return true;
    if (!rule->header->apps)
        return rule_list_add(&plan->tx_any, rule->index);
    for (unsigned app = 0; app < RULE_APP_COUNT; app++)
        if ((rule->header->apps >> app & 1) && !rule_list_add(&plan->tx[app], rule->index))
            return false;
    return true;
}

// Which protocol a packet's flow speaks is only known when its parser had the packet.
static bool asks_protocol(const struct rule *rule)
{
    for (uint16_t i = 0; i < rule->conditions_count; i++)
        if (rule->conditions[i].on == RULE_ON_app_layer_protocol)
            return true;
    return rule->header->apps != 0;
}

static bool place(struct rule_plan *plan, const struct rule *rule)
{
    struct rule_role *role = &plan->roles[rule->index];
    if (rule->firewall)
        return true;
    plan->holds |= (role->worlds & WORLD_PACKET) && !role->has_payload && asks_protocol(rule);
    if (is_event(rule))
        return place_event(plan, rule);
    role->once |= rule_prefilter_by_address(plan->set, rule->index);
    plan->addresses |= role->once;
    if (role->once)
        return rule_prefilter_by_address(plan->set, rule->index) ||
               rule_list_add(&plan->once, rule->index);
    bool pattern =
        role->has_payload && rule_prefilter_of(plan->set, rule->index, true) != RULE_BUFFERS;
    if ((role->worlds & WORLD_PACKET) && !place_packet(plan, rule, pattern))
        return false;
    if (role->worlds & WORLD_STREAM) {
        plan->streams = true;
        if (!pattern && !rule_quick_stream(plan, rule))
            return false;
    }
    return !(role->worlds & WORLD_TX) || place_tx(plan, rule);
}

static void want(struct rule_plan *plan, const struct rule *rule)
{
    for (uint16_t i = 0; i < rule->groups_count; i++) {
        enum rule_buffer buffer = rule->groups[i].buffer;
        plan->wants[buffer / 64] |= 1ULL << (buffer % 64);
        if (buffer == BUFFER_FRAME) {
            plan->frames[rule->groups[i].frame] = true;
            plan->frame_apps |= rule->header->apps ? rule->header->apps : UINT64_MAX;
        }
        plan->files |= rule_buffer_infos[buffer].source == BUFFER_OF_FILE;
        plan->headers |=
            buffer != BUFFER_PAYLOAD && rule_buffer_infos[buffer].source == BUFFER_OF_PACKET;
    }
    for (uint16_t i = 0; i < rule->conditions_count; i++) {
        enum rule_on on = rule->conditions[i].on;
        plan->files |= on == RULE_ON_filesize || on == RULE_ON_file_hash;
        if (rule_number_sources[on].shown)
            plan->wants[BUFFER_NUMBERS / 64] |= 1ULL << (BUFFER_NUMBERS % 64);
    }
    plan->files |= rule->filestore != NULL;
    plan->records |= plan->roles[rule->index].record;
    plan->files_together |= plan->roles[rule->index].files;
    plan->transactions |= rule->header->direction == RULE_TRANSACTION;
}

// Which records are worth a look: those of the fields asked for, and all of the protocols of rules
// that ask for nothing in particular.
static bool want_records(struct rule_plan *plan)
{
    for (unsigned b = 0; b < RULE_BUFFERS; b++) {
        const struct rule_buffer_info *info = &rule_buffer_infos[b];
        if (!(plan->wants[b / 64] >> (b % 64) & 1))
            continue;
        for (uint8_t p = 0; p < info->paths_count; p++) {
            unsigned type = info->paths[p].record;
            bool again = p > 0 && info->paths[p - 1].record == type;
            plan->record_types[type] = true;
            if (!again && !rule_list_add(&plan->record_buffers[type], b))
                return false;
        }
    }
    for (unsigned type = 0; (plan->tx_always || plan->firewall) && type < RECORD_TYPES; type++)
        plan->record_types[type] = true;
    return true;
}

// Names of flow bits keep their numbers over reloads: a hash of the name is the number.
static uint64_t *ids_of(const struct rule_set *set, int which)
{
    uint32_t count = set->names_count[which];
    uint64_t *ids = base_calloc(count + 1U, sizeof *ids);
    for (uint32_t i = 0; ids && i < count; i++)
        ids[i] = hash_bytes(set->names[which][i], 0x52554c45);
    return ids;
}

static bool fill(struct rule_plan *plan)
{
    const struct rule_set *set = plan->set;
    for (uint32_t i = 0; i < set->rules_count; i++) {
        plan->roles[i] = role_of(&set->rules[i]);
        plan->settled[i] = (struct rule_settled){set, &set->rules[i], plan->bit_ids};
    }
    if (!rank_all(plan) || (set->firewall && !rule_firewall_create(plan)))
        return false;
    for (uint32_t i = 0; i < set->rules_count; i++) {
        if (!place(plan, &set->rules[i]))
            return false;
        want(plan, &set->rules[i]);
    }
    return want_records(plan);
}

struct rule_plan *rule_plan_create(const struct rule_set *set)
{
    struct rule_plan *plan = base_calloc(1, sizeof *plan);
    if (!plan)
        return NULL;
    plan->set = set;
    plan->holds = set->firewall;
    plan->suppresses = set->suppress_count > 0;
    plan->roles = base_calloc(set->rules_count + 1U, sizeof *plan->roles);
    plan->ranks = base_calloc(set->rules_count + 1U, sizeof *plan->ranks);
    plan->settled = base_calloc(set->rules_count + 1U, sizeof *plan->settled);
    plan->bit_ids = ids_of(set, RULE_NAMES_BITS);
    plan->int_ids = ids_of(set, RULE_NAMES_INTS);
    if (!plan->roles || !plan->ranks || !plan->settled || !plan->bit_ids || !plan->int_ids ||
        !fill(plan)) {
        rule_plan_destroy(plan);
        return NULL;
    }
    return plan;
}

void rule_plan_destroy(struct rule_plan *plan)
{
    if (!plan)
        return;
    rule_quick_free(plan);
    rule_firewall_destroy(plan);
    for (size_t i = 0; i < RULE_APP_COUNT; i++)
        base_free(plan->tx[i].indexes);
    for (size_t i = 0; i < 3; i++)
        base_free(plan->events[i].indexes);
    for (size_t i = 0; i < RECORD_TYPES; i++)
        base_free(plan->record_buffers[i].indexes);
    base_free(plan->tx_any.indexes);
    base_free(plan->once.indexes);
    base_free(plan->frame.indexes);
    base_free(plan->roles);
    base_free(plan->ranks);
    base_free(plan->settled);
    base_free(plan->bit_ids);
    base_free(plan->int_ids);
    base_free(plan);
}
