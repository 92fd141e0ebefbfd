// SPDX-License-Identifier: Apache-2.0
// ACTION PROTOCOL SOURCE PORTS DIRECTION DESTINATION PORTS (OPTIONS)
#include "decode/decode.h"
#include "rules/parse.h"

static const struct keyword_word actions[] = {
    {"alert", RULE_ALERT},
    {"pass", RULE_PASS},
    {"drop", RULE_DROP},
    {"reject", RULE_REJECT},
    {"rejectsrc", RULE_REJECT},
    {"rejectdst", RULE_REJECT},
    {"rejectboth", RULE_REJECT},
    {"config", RULE_CONFIG},
    {"accept", RULE_ACCEPT},
    {NULL, 0},
};

static const struct keyword_word scopes[] = {
    {"packet", SCOPE_PACKET},
    {"flow", SCOPE_FLOW},
    {"tx", SCOPE_TX},
    {"hook", SCOPE_HOOK},
    {NULL, 0},
};

#define APP(name) (UINT64_C(1) << RULE_APP_##name)
static const struct {
    const char *name;
    uint64_t apps;
} apps[] = {
#define RULE_APP(name) {#name, APP(name)},
#include "rules/apps.def"
#undef RULE_APP
    {"http", APP(http1) | APP(http2) | APP(doh2)},
    {"http2", APP(http2) | APP(doh2)},
    {"dns", APP(dns) | APP(doh2)},
    {"dcerpc", APP(dcerpc) | APP(smb)},
    {"ftp-data", APP(ftp_data)},
    {"ftp_data", APP(ftp_data)},
    {"bittorrent-dht", APP(bittorrent_dht)},
    {"krb", APP(krb5)},
    {"ikev2", APP(ike)},
    {"ssl", APP(tls)},
};

// The last of a name counts: dns is more than its own entry.
bool parse_protocol_apps(struct bytes name, uint64_t *out)
{
    bool found = false;
    for (size_t i = 0; i < sizeof apps / sizeof *apps; i++)
        if (bytes_equal(name, bytes_from_text(apps[i].name))) {
            *out = apps[i].apps;
            found = true;
        }
    return found;
}

// Names of IP protocols that rules use (IANA's protocol numbers).
static const struct keyword_word ip_protocols[] = {{"hopopt", 0}, {"icmp", 1}, {"igmp", 2},
    {"ggp", 3}, {"ipencap", 4}, {"ipip", 4}, {"ipv4", 4}, {"st", 5}, {"tcp", 6}, {"egp", 8},
    {"igp", 9}, {"pup", 12}, {"udp", 17}, {"hmp", 20}, {"xns-idp", 22}, {"rdp", 27},
    {"iso-tp4", 29}, {"dccp", 33}, {"xtp", 36}, {"ddp", 37}, {"idpr-cmtp", 38}, {"ipv6", 41},
    {"ipv6-route", 43}, {"ipv6-frag", 44}, {"idrp", 45}, {"rsvp", 46}, {"gre", 47}, {"esp", 50},
    {"ah", 51}, {"skip", 57}, {"ipv6-icmp", 58}, {"icmpv6", 58}, {"ipv6-nonxt", 59},
    {"ipv6-opts", 60}, {"rspf", 73}, {"vmtp", 81}, {"eigrp", 88}, {"ospf", 89}, {"ospfigp", 89},
    {"ax.25", 93}, {"etherip", 97}, {"encap", 98}, {"pim", 103}, {"ipcomp", 108}, {"vrrp", 112},
    {"l2tp", 115}, {"isis", 124}, {"sctp", 132}, {"fc", 133}, {"mobility-header", 135},
    {"udplite", 136}, {"mpls-in-ip", 137}, {"manet", 138}, {"hip", 139}, {"shim6", 140}, {NULL, 0}};

bool parse_ip_protocol(struct bytes name, uint8_t *number)
{
    int64_t value;
    uint64_t plain;
    if (text_to_word(ip_protocols, name, &value)) {
        *number = (uint8_t)value;
        return true;
    }
    if (!text_to_number(name, 255, &plain))
        return false;
    *number = (uint8_t)plain;
    return true;
}

struct transport {
    const char *name;
    uint8_t protocols[2]; // 0: none
    uint16_t layer;
};

static const struct transport transports[] = {
    {"ip", {0}, 0},
    {"any", {0}, 0},
    {"ip4", {0}, RULE_IPV4},
    {"ipv4", {0}, RULE_IPV4},
    {"ip6", {0}, RULE_IPV6},
    {"ipv6", {0}, RULE_IPV6},
    {"tcp", {PROTO_TCP}, 0},
    {"tcp-pkt", {PROTO_TCP}, RULE_TCP_PKT},
    {"tcp-stream", {PROTO_TCP}, RULE_TCP_STREAM},
    {"udp", {PROTO_UDP}, 0},
    {"icmp", {PROTO_ICMP, PROTO_ICMPV6}, 0},
    {"icmpv4", {PROTO_ICMP}, RULE_IPV4},
    {"icmpv6", {PROTO_ICMPV6}, RULE_IPV6},
    {"igmp", {2}, 0},
    {"gre", {47}, 0},
    {"ipv6-icmp", {PROTO_ICMPV6}, RULE_IPV6},
    {"sctp", {PROTO_SCTP}, 0},
    {"pkthdr", {0}, RULE_PKTHDR},
    {"arp", {0}, RULE_ARP},
    {"ether", {0}, RULE_ETHER},
};

static bool set_transport(struct draft *draft, const struct transport *transport)
{
    draft->header.layer = transport->layer;
    if (!transport->protocols[0])
        return true;
    uint8_t *bits = draft_alloc(draft, 32);
    if (!bits)
        return false;
    for (size_t i = 0; i < 2 && transport->protocols[i]; i++)
        bits[transport->protocols[i] / 8] |= (uint8_t)(1 << transport->protocols[i] % 8);
    draft->header.protocols = bits;
    return true;
}

// Protocols that need a flow of an application; their flows run over any transport.
static bool set_protocol(struct draft *draft, struct bytes text)
{
    size_t colon = bytes_find_byte(text, ':');
    struct bytes name = bytes_sub(text, 0, colon);
    struct bytes hook = colon == BYTES_NOT_FOUND ? (struct bytes){0} : bytes_from(text, colon + 1);
    draft->header.protocol = name;
    for (size_t i = 0; i < sizeof transports / sizeof *transports; i++)
        if (bytes_equal(name, bytes_from_text(transports[i].name)))
            return set_transport(draft, &transports[i]) && parse_packet_hook(draft, hook);
    if (parse_protocol_apps(name, &draft->header.apps))
        return parse_app_hook(draft, name, hook);
    return draft_fail_at(draft, name, "there is no such protocol in rules");
}

// One word, or one [...] with what it holds.
static struct bytes next_word(struct bytes *rest)
{
    size_t at = 0, depth = 0;
    *rest = text_trim(*rest);
    for (; at < rest->len; at++) {
        uint8_t c = rest->data[at];
        if (c == '[')
            depth++;
        else if (c == ']' && depth)
            depth--;
        else if (!depth && (c == ' ' || c == '\t'))
            break;
    }
    struct bytes word = bytes_sub(*rest, 0, at);
    *rest = text_trim(bytes_from(*rest, at));
    return word;
}

static bool set_direction(struct draft *draft, struct bytes word)
{
    if (bytes_equal(word, BYTES("->")))
        draft->header.direction = RULE_ONE_WAY;
    else if (bytes_equal(word, BYTES("<>")))
        draft->header.direction = RULE_BOTH_WAYS;
    else if (bytes_equal(word, BYTES("=>")))
        draft->header.direction = RULE_TRANSACTION;
    else
        return draft_fail_at(draft, word, "between the addresses has to be ->, <> or =>");
    return true;
}

// ACTION, ACTION:SCOPE, or one of them with ",alert" behind it.
static bool set_action(struct draft *draft, struct bytes word)
{
    struct rule *rule = &draft->rule;
    struct bytes first, name, second = word;
    int64_t action, scope = SCOPE_NONE;
    text_next(&second, ',', &first);
    size_t colon = bytes_find_byte(first, ':');
    name = bytes_sub(first, 0, colon);
    if (!text_to_word(actions, name, &action))
        return draft_fail_at(draft, word, "there is no such action");
    if (colon != BYTES_NOT_FOUND && !text_to_word(scopes, bytes_from(first, colon + 1), &scope))
        return draft_fail_at(draft, word, "an action reaches packet, flow, tx or hook");
    if (action == RULE_ACCEPT && scope == SCOPE_NONE)
        return draft_fail_at(draft, word, "accept needs to say how far it reaches, as accept:flow");
    if (second.data && !bytes_equal(second, BYTES("alert")))
        return draft_fail_at(draft, word, "the second action can only be alert");
    rule->action = (enum rule_action)action;
    rule->scope = (enum rule_scope)scope;
    rule->alert = second.data != NULL;
    return true;
}

bool parse_header(struct draft *draft, struct bytes *rest)
{
    struct bytes words[7];
    struct bytes text = draft->text;
    for (size_t i = 0; i < 7; i++) {
        words[i] = next_word(&text);
        if (!words[i].len || words[i].data[0] == '(')
            return draft_fail_at(draft, words[0],
                "a rule is ACTION PROTOCOL SOURCE PORTS -> DESTINATION PORTS (OPTIONS)");
    }
    *rest = text;
    struct draft *d = draft;
    struct rule_header *h = &d->header;
    if (!set_action(d, words[0]) || !set_protocol(d, words[1]))
        return false;
    if (d->rule.action == RULE_ACCEPT && h->hook.at == HOOK_NONE)
        return draft_fail_at(d, words[1], "accept needs a hook, as tcp:all or dns:request_started");
    return parse_addresses(d, words[2], &h->src) && parse_ports(d, words[3], &h->sport) &&
           set_direction(d, words[4]) && parse_addresses(d, words[5], &h->dst) &&
           parse_ports(d, words[6], &h->dport);
}
