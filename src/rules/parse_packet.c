// SPDX-License-Identifier: Apache-2.0
// What a rule asks of one packet: fields of IP, TCP, ICMP and the link, and numbers in general.
#include "rules/keywords.h"

static struct rule_condition *number_condition(struct draft *draft, struct bytes value)
{
    const struct keyword *k = draft->keyword;
    struct rule_condition *c = draft_condition(draft, k->on);
    uint64_t max = k->max == UINT32_MAX ? UINT32_MAX : k->max;
    if (!c || !parse_number(draft, value, max, k->words, &c->is.number.number))
        return NULL;
    return c;
}

bool keyword_number(struct draft *draft, struct bytes value, bool)
{
    return number_condition(draft, value) != NULL;
}

// VALUE[,any|all|INDEX], or count OPERATOR NUMBER: of a field that stands several times.
bool keyword_multi_number(struct draft *draft, struct bytes value, bool)
{
    struct bytes number, word, rest = value;
    int64_t at;
    if (bytes_start_with_nocase(value, BYTES("count"))) {
        struct rule_condition *c = draft_condition(draft, draft->keyword->on);
        if (!c)
            return false;
        c->is.number.index = INDEX_COUNT;
        return parse_number(draft, bytes_from(value, 5), UINT32_MAX, NULL, &c->is.number.number);
    }
    if (!text_next(&rest, ',', &number))
        return draft_fail(draft, "has no value");
    struct rule_condition *c = number_condition(draft, number);
    if (!c)
        return false;
    if (!text_next(&rest, ',', &word) || bytes_equal_nocase(word, BYTES("any")))
        return true;
    if (bytes_equal_nocase(word, BYTES("all")))
        c->is.number.index = INDEX_ALL;
    else if (text_to_signed(word, INT32_MIN, INT32_MAX, &at)) {
        c->is.number.index = INDEX_AT;
        c->is.number.at = (int32_t)at;
    } else
        return draft_fail_at(draft, word, "is any, all or the place of an element");
    return true;
}

bool keyword_flag(struct draft *draft, struct bytes, bool)
{
    return draft_condition(draft, draft->keyword->on) != NULL;
}

// x1f is hexadecimal here.
bool keyword_tos(struct draft *draft, struct bytes value, bool)
{
    size_t sign = bytes_at(value, 0) == '!';
    uint64_t number;
    if (bytes_at(value, sign) != 'x')
        return keyword_number(draft, value, false);
    if (!bytes_hex_to_u64(bytes_from(value, sign + 1), &number) || number > UINT8_MAX)
        return draft_fail(draft, "is no number it may have");
    struct rule_condition *c = draft_condition(draft, RULE_ON_tos);
    if (!c)
        return false;
    c->is.number.number = (struct rule_number){
        .compare = sign ? RULE_NE : RULE_EQ, .low = (int64_t)number, .high = (int64_t)number};
    return true;
}

// The header's protocols without, or only, what it says.
bool keyword_ip_proto(struct draft *draft, struct bytes value, bool)
{
    struct rule_number n = {.compare = RULE_EQ};
    uint8_t number;
    size_t sign = 0;
    if (draft->header.apps)
        return draft_fail(draft, "the rule is about an application's protocol already");
    if (value.len && bytes_find_byte(BYTES("!<>"), value.data[0]) != BYTES_NOT_FOUND) {
        n.compare = value.data[0] == '!' ? RULE_NE : value.data[0] == '<' ? RULE_LT : RULE_GT;
        sign = 1;
    }
    if (!parse_ip_protocol(text_trim(bytes_from(value, sign)), &number))
        return draft_fail(draft, "is no protocol of IP");
    struct rule_condition *c = draft_condition(draft, RULE_ON_ip_proto);
    if (!c)
        return false;
    n.low = n.high = number;
    c->is.number.number = n;
    return true;
}

// A sign before or behind letters: + all of them and maybe others, * any of them, ! none of them.
static enum rule_mask_how mask_how(struct bytes *text)
{
    static const char signs[] = "+*!";
    static const enum rule_mask_how hows[] = {MASK_ALL, MASK_ANY, MASK_NOT};
    for (size_t i = 0; i < 3; i++) {
        if (text->len && text->data[0] == signs[i]) {
            *text = text_trim(bytes_from(*text, 1));
            return hows[i];
        }
        if (text->len && text->data[text->len - 1] == signs[i]) {
            *text = text_trim(bytes_sub(*text, 0, text->len - 1));
            return hows[i];
        }
    }
    return MASK_EXACT;
}

static bool letters(
    struct draft *draft, struct bytes text, const char *known, const uint8_t *bits, uint32_t *out)
{
    for (size_t i = 0; i < text.len; i++) {
        const char *at = text.data[i] ? strchr(known, (char)text.data[i]) : NULL;
        if (!at)
            return draft_fail(draft, "has a letter that is no flag");
        *out |= bits[at - known];
    }
    return true;
}

bool keyword_fragbits(struct draft *draft, struct bytes value, bool)
{
    static const uint8_t bits[] = {1, 2, 4, 1, 2, 4};
    struct rule_condition *c = draft_condition(draft, RULE_ON_fragbits);
    if (!c)
        return false;
    c->is.mask.how = mask_how(&value);
    return letters(draft, value, "MDRmdr", bits, &c->is.mask.bits);
}

bool keyword_tcp_flags(struct draft *draft, struct bytes value, bool)
{
    // C and E are CWR and ECN; 1 and 2 are older names of the same.
    static const char names[] = "FSRPAUEC21fsrpauec0";
    static const uint8_t bits[] = {
        1, 2, 4, 8, 16, 32, 64, 128, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128, 0};
    struct bytes which, ignored, rest = value;
    struct rule_condition *c = draft_condition(draft, RULE_ON_tcp_flags);
    if (!c || !text_next(&rest, ',', &which) || !which.len)
        return draft_fail(draft, "has no flags");
    if (text_next(&rest, ',', &ignored) &&
        !letters(draft, ignored, names, bits, &c->is.mask.ignore))
        return false;
    c->is.mask.how = mask_how(&which);
    return letters(draft, which, names, bits, &c->is.mask.bits);
}

static const struct keyword_word ip_options[] = {
    {"rr", IPOPT_RR},
    {"lsrr", IPOPT_LSRR},
    {"eol", IPOPT_EOL},
    {"nop", IPOPT_NOP},
    {"ts", IPOPT_TS},
    {"sec", IPOPT_SEC},
    {"esec", IPOPT_ESEC},
    {"ssrr", IPOPT_SSRR},
    {"satid", IPOPT_SATID},
    {"cipso", IPOPT_CIPSO},
    {"qs", IPOPT_QS},
    {"rtralt", IPOPT_RTRALT},
    {"any", IPOPT_ANY},
    {NULL, 0},
};

bool keyword_ipopts(struct draft *draft, struct bytes value, bool)
{
    int64_t option;
    if (!text_to_word(ip_options, value, &option))
        return draft_fail(draft, "is no option of IP that rules know");
    struct rule_condition *c = draft_condition(draft, RULE_ON_ipopts);
    if (!c)
        return false;
    c->is.set.bits = UINT32_C(1) << option;
    return true;
}

bool keyword_dsize(struct draft *draft, struct bytes value, bool)
{
    if (draft->has_dsize)
        return draft_fail(draft, "stands twice");
    draft->has_dsize = true;
    return keyword_number(draft, value, false);
}

static const struct keyword_word checksums[] = {
    {"ipv4-csum", CSUM_IPV4},
    {"tcpv4-csum", CSUM_TCPV4},
    {"tcpv6-csum", CSUM_TCPV6},
    {"udpv4-csum", CSUM_UDPV4},
    {"udpv6-csum", CSUM_UDPV6},
    {"icmpv4-csum", CSUM_ICMPV4},
    {"icmpv6-csum", CSUM_ICMPV6},
    {"igmp-csum", CSUM_IGMP},
    {NULL, 0},
};

bool keyword_checksum(struct draft *draft, struct bytes value, bool)
{
    int64_t of;
    bool valid = bytes_equal_nocase(value, BYTES("valid"));
    if (!valid && !bytes_equal_nocase(value, BYTES("invalid")))
        return draft_fail(draft, "is valid or invalid");
    struct rule_condition *c = draft_condition(draft, RULE_ON_checksum);
    if (!c || !text_to_word(checksums, bytes_from_text(draft->keyword->name), &of))
        return false;
    c->is.checksum.of = (typeof(c->is.checksum.of))of;
    c->is.checksum.valid = valid;
    return true;
}

// vlan.id:NUMBER[,LAYER]
bool keyword_vlan_id(struct draft *draft, struct bytes value, bool)
{
    return keyword_multi_number(draft, value, false);
}

bool keyword_geoip(struct draft *draft, struct bytes value, bool)
{
    static const struct keyword_word sides[] = {{"src", GEO_SRC}, {"dst", GEO_DST},
        {"dest", GEO_DST}, {"any", GEO_SRC | GEO_DST}, {"both", GEO_BOTH}, {NULL, 0}};
    struct bytes word, rest = value, codes[64];
    struct rule_condition *c = draft_condition(draft, RULE_ON_geoip);
    uint16_t count = 0;
    bool first = true;
    if (!c)
        return false;
    int64_t side = GEO_SRC | GEO_DST;
    while (text_next(&rest, ',', &word)) {
        bool is_side = first && text_to_word(sides, word, &side);
        first = false;
        if (is_side)
            continue;
        if (word.len && word.data[0] == '!') {
            c->negated = true;
            word = bytes_from(word, 1);
        }
        if (word.len != 2 || count == 64)
            return draft_fail_at(draft, word, "is no country's code of two letters");
        codes[count++] = word;
    }
    struct bytes *kept = draft_alloc(draft, count * sizeof *kept);
    if (!kept || !count)
        return draft_fail(draft, "names no country");
    memcpy(kept, codes, count * sizeof *kept);
    c->is.geoip.side = (typeof(c->is.geoip.side))side;
    c->is.geoip.countries = kept;
    c->is.geoip.countries_count = count;
    return true;
}

bool keyword_iprep(struct draft *draft, struct bytes value, bool)
{
    static const struct keyword_word sides[] = {{"any", IPREP_ANY}, {"src", IPREP_SRC},
        {"dst", IPREP_DST}, {"both", IPREP_BOTH}, {NULL, 0}};
    struct bytes side, category, sign, rest = value;
    int64_t which;
    char joined[32];
    struct rule_condition *c = draft_condition(draft, RULE_ON_iprep);
    if (!c)
        return false;
    if (!text_next(&rest, ',', &side) || !text_to_word(sides, side, &which) ||
        !text_next(&rest, ',', &category) || !category.len || !text_next(&rest, ',', &sign))
        return draft_fail(draft, "is any, src, dst or both, CATEGORY, OPERATOR, NUMBER");
    struct bytes number = text_trim(rest);
    if (sign.len + number.len > sizeof joined)
        return draft_fail(draft, "has no number");
    memcpy(joined, sign.data, sign.len);
    if (number.len)
        memcpy(joined + sign.len, number.data, number.len);
    c->is.iprep.side = (typeof(c->is.iprep.side))which;
    c->is.iprep.category = category;
    return parse_number(
        draft, bytes_make(joined, sign.len + number.len), 127, NULL, &c->is.iprep.number);
}
