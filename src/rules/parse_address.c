// SPDX-License-Identifier: Apache-2.0
// Addresses and ports of headers: any, 192.0.2.0/24, 10.0.0.1-10.0.0.9, [list, !but, [nested]],
// $VARIABLE, 80:90. A list is everything it names (all, when it only says what not) without what it
// negates. What comes out is sorted ranges that neither overlap nor touch.
#include "base/alloc.h"
#include "rules/parse.h"
#include <stdlib.h>

typedef unsigned __int128 wide;

struct span {
    wide low, high; // inclusive
};

enum { FAMILY_V4, FAMILY_V6, FAMILIES, FAMILY_PORT = 0 };

struct spans {
    struct span *list[FAMILIES]; // ports: the first
    size_t count[FAMILIES], room[FAMILIES];
};

struct walk {
    struct draft *draft;
    bool ports;
    size_t steps;
    unsigned depth;
};

static const wide most[FAMILIES] = {UINT32_MAX, ~(wide)0};

static wide most_of(const struct walk *w, int family)
{
    return w->ports ? UINT16_MAX : most[family];
}

static bool add_span(struct walk *w, struct spans *to, int family, struct span span)
{
    if (++w->steps > RULE_RANGES)
        return draft_fail(w->draft, "names too many ranges");
    size_t count = to->count[family], room = to->room[family];
    if (count == room) {
        size_t more = room ? room * 2 : 8;
        struct span *grown = arena_grow(
            &w->draft->loader->scratch, to->list[family], room * sizeof span, more * sizeof span);
        if (!grown)
            return draft_fail(w->draft, "there is not enough memory for it");
        to->list[family] = grown;
        to->room[family] = more;
    }
    to->list[family][to->count[family]++] = span;
    return true;
}

static int compare_spans(const void *a, const void *b)
{
    const struct span *x = a, *y = b;
    return x->low < y->low ? -1 : x->low > y->low;
}

static void merge(struct spans *s, int family)
{
    struct span *list = s->list[family];
    size_t count = s->count[family], kept = 0;
    if (count == 0)
        return;
    qsort(list, count, sizeof *list, compare_spans);
    for (size_t i = 1; i < count; i++) {
        if (list[i].low <= list[kept].high || list[i].low == list[kept].high + 1) {
            if (list[i].high > list[kept].high)
                list[kept].high = list[i].high;
        } else
            list[++kept] = list[i];
    }
    s->count[family] = kept + 1;
}

// from without what, both merged, into out.
static bool subtract(struct walk *w, const struct spans *from, const struct spans *what, int family,
    struct spans *out)
{
    size_t at = 0;
    for (size_t i = 0; i < from->count[family]; i++) {
        struct span left = from->list[family][i];
        bool any = true;
        while (at < what->count[family] && what->list[family][at].high < left.low)
            at++;
        for (size_t k = at; any && k < what->count[family]; k++) {
            struct span cut = what->list[family][k];
            if (cut.low > left.high)
                break;
            if (cut.low > left.low &&
                !add_span(w, out, family, (struct span){left.low, cut.low - 1}))
                return false;
            any = cut.high < left.high;
            if (any)
                left.low = cut.high + 1;
        }
        if (any && !add_span(w, out, family, left))
            return false;
    }
    return true;
}

static wide wide_of(const struct addr *a)
{
    wide value = 0;
    for (int i = 0; i < (a->version == 4 ? 4 : 16); i++)
        value = value << 8 | a->bytes[i];
    return value;
}

static wide mask_of(int bits, int width)
{
    return bits == 0 ? 0 : ~(wide)0 << (width - bits);
}

// "/24", "/255.255.255.0": length of the prefix.
static bool prefix_length(struct bytes text, const struct addr *of, uint64_t *bits)
{
    struct addr mask;
    if (bytes_to_u64(text, bits))
        return *bits <= (of->version == 4 ? 32 : 128);
    if (of->version != 4 || !addr_parse(text, &mask) || mask.version != 4)
        return false;
    uint32_t value = (uint32_t)wide_of(&mask);
    *bits = (uint64_t)__builtin_popcount(value);
    return value == (uint32_t)mask_of((int)*bits, 32);
}

static bool add_network(
    struct walk *w, struct bytes text, size_t slash, struct addr base, struct spans *out)
{
    uint64_t bits;
    int family = base.version == 4 ? FAMILY_V4 : FAMILY_V6, width = base.version == 4 ? 32 : 128;
    if (!prefix_length(bytes_from(text, slash + 1), &base, &bits))
        return draft_fail_at(w->draft, text, "is no network");
    wide mask = mask_of((int)bits, width) & most[family];
    wide low = wide_of(&base) & mask;
    return add_span(w, out, family, (struct span){low, low | (most[family] & ~mask)});
}

static bool add_address(struct walk *w, struct bytes text, struct spans *out)
{
    struct addr low, high;
    size_t slash = bytes_find_byte(text, '/'), dash = bytes_find_byte(text, '-');
    if (slash != BYTES_NOT_FOUND && addr_parse(bytes_sub(text, 0, slash), &low))
        return add_network(w, text, slash, low, out);
    if (dash == BYTES_NOT_FOUND) {
        if (!addr_parse(text, &low))
            return draft_fail_at(w->draft, text, "is no address");
        high = low;
    } else if (!addr_parse(text_trim(bytes_sub(text, 0, dash)), &low) ||
               !addr_parse(text_trim(bytes_from(text, dash + 1)), &high) ||
               low.version != high.version || wide_of(&low) > wide_of(&high))
        return draft_fail_at(w->draft, text, "is no range of addresses");
    int family = low.version == 4 ? FAMILY_V4 : FAMILY_V6;
    return add_span(w, out, family, (struct span){wide_of(&low), wide_of(&high)});
}

static bool add_port(struct walk *w, struct bytes text, struct spans *out)
{
    uint64_t low = 0, high = UINT16_MAX;
    size_t colon = bytes_find_byte(text, ':');
    struct bytes left = text_trim(bytes_sub(text, 0, colon));
    struct bytes right = colon == BYTES_NOT_FOUND ? left : text_trim(bytes_from(text, colon + 1));
    bool good = (left.len || (colon != BYTES_NOT_FOUND && right.len)) &&
                (!left.len || bytes_to_u64(left, &low)) &&
                (!right.len || bytes_to_u64(right, &high));
    if (!good || low > high || high > UINT16_MAX)
        return draft_fail_at(w->draft, text, "is no port");
    return add_span(w, out, FAMILY_PORT, (struct span){low, high});
}

static bool add_all(struct walk *w, struct spans *out)
{
    for (int family = 0; family < (w->ports ? 1 : FAMILIES); family++)
        if (!add_span(w, out, family, (struct span){0, most_of(w, family)}))
            return false;
    return true;
}

static bool add_list(struct walk *w, struct bytes text, struct spans *out);

static bool add_variable(struct walk *w, struct bytes text, struct spans *out)
{
    struct bytes value;
    if (!loader_variable(w->draft->loader, bytes_from(text, 1), &value))
        return draft_fail_at(w->draft, text, "there is no such variable");
    return add_list(w, value, out);
}

static bool add_one(struct walk *w, struct bytes text, struct spans *out)
{
    if (bytes_equal_nocase(text, BYTES("any")))
        return add_all(w, out);
    if (text.len && text.data[0] == '$')
        return add_variable(w, text, out);
    if (text.len && text.data[0] == '[') {
        if (text.data[text.len - 1] != ']')
            return draft_fail_at(w->draft, text, "the '[' has no ']'");
        return add_list(w, bytes_sub(text, 1, text.len - 2), out);
    }
    return w->ports ? add_port(w, text, out) : add_address(w, text, out);
}

// *named: something is named that is not negated, whatever it comes to.
static bool add_elements(
    struct walk *w, struct bytes text, struct spans *positive, struct spans *negative, bool *named)
{
    struct bytes element;
    while (text_next_element(&text, &element)) {
        bool negated = element.len && element.data[0] == '!';
        if (negated)
            element = text_trim(bytes_from(element, 1));
        if (!element.len)
            return draft_fail(w->draft, "a list has an empty element");
        if (++w->steps > RULE_RANGES)
            return draft_fail(w->draft, "names too many ranges");
        *named = *named || !negated;
        if (!add_one(w, element, negated ? negative : positive))
            return false;
    }
    return true;
}

static bool add_list(struct walk *w, struct bytes text, struct spans *out)
{
    struct spans positive = {0}, negative = {0};
    if (++w->depth > RULE_DEPTH)
        return draft_fail(w->draft, "lists or variables are nested too deep");
    bool named = false;
    if (!add_elements(w, text, &positive, &negative, &named))
        return false;
    w->depth--;
    if (!named && !add_all(w, &positive))
        return false;
    for (int family = 0; family < FAMILIES; family++) {
        merge(&positive, family);
        merge(&negative, family);
        if (!subtract(w, &positive, &negative, family, out))
            return false;
    }
    return true;
}

// False with nothing left over; *all: it leaves nothing out.
static bool evaluate(struct walk *w, struct bytes text, struct spans *out, bool *all)
{
    struct bytes whole = text;
    w->draft->blame = whole;
    if (!add_list(w, text, out))
        return false;
    *all = true;
    size_t left = 0;
    for (int family = 0; family < (w->ports ? 1 : FAMILIES); family++) {
        merge(out, family);
        left += out->count[family];
        *all = *all && out->count[family] == 1 && out->list[family][0].low == 0 &&
               out->list[family][0].high == most_of(w, family);
    }
    w->draft->blame = whole;
    return left > 0 || draft_fail(w->draft, "leaves nothing to match");
}

static void wide_write(wide value, uint8_t out[16])
{
    for (int i = 16; i-- > 0; value >>= 8)
        out[i] = (uint8_t)value;
}

static const struct rule_addresses *keep_addresses(struct draft *draft, const struct spans *spans)
{
    struct rule_addresses *set = draft_alloc(draft, sizeof *set);
    struct rule_range4 *v4 = draft_alloc(draft, spans->count[FAMILY_V4] * sizeof *v4);
    struct rule_range6 *v6 = draft_alloc(draft, spans->count[FAMILY_V6] * sizeof *v6);
    if (!set || !v4 || !v6)
        return NULL;
    for (size_t i = 0; i < spans->count[FAMILY_V4]; i++)
        v4[i] = (struct rule_range4){
            (uint32_t)spans->list[FAMILY_V4][i].low, (uint32_t)spans->list[FAMILY_V4][i].high};
    for (size_t i = 0; i < spans->count[FAMILY_V6]; i++) {
        wide_write(spans->list[FAMILY_V6][i].low, v6[i].low);
        wide_write(spans->list[FAMILY_V6][i].high, v6[i].high);
    }
    *set = (struct rule_addresses){
        v4, v6, (uint32_t)spans->count[FAMILY_V4], (uint32_t)spans->count[FAMILY_V6]};
    return set;
}

static const struct rule_ports *keep_ports(struct draft *draft, const struct spans *spans)
{
    size_t count = spans->count[FAMILY_PORT];
    struct rule_ports *set = draft_alloc(draft, sizeof *set);
    struct rule_port_range *ranges = draft_alloc(draft, count * sizeof *ranges);
    if (!set || !ranges)
        return NULL;
    for (size_t i = 0; i < count; i++)
        ranges[i] = (struct rule_port_range){
            (uint16_t)spans->list[FAMILY_PORT][i].low, (uint16_t)spans->list[FAMILY_PORT][i].high};
    *set = (struct rule_ports){ranges, (uint32_t)count};
    return set;
}

// Rules share what reads the same. *known: it was read before.
static const void **same_text(struct map *map, struct bytes text, bool *known)
{
    const void **kept = map_find(map, text);
    *known = kept != NULL;
    return kept;
}

static bool parse_set(struct draft *draft, struct bytes text, bool ports, const void **out)
{
    struct map *map = ports ? &draft->loader->ports : &draft->loader->addresses;
    bool known, all;
    const void **kept = same_text(map, text, &known);
    if (known) {
        *out = *kept;
        return true;
    }
    struct walk walk = {.draft = draft, .ports = ports};
    struct spans spans = {0};
    if (!evaluate(&walk, text, &spans, &all))
        return false;
    *out = NULL;
    if (!all)
        *out = ports ? (const void *)keep_ports(draft, &spans)
                     : (const void *)keep_addresses(draft, &spans);
    if (!all && !*out)
        return false;
    kept = map_add(map, text);
    if (kept)
        *kept = *out;
    return true;
}

bool parse_addresses(struct draft *draft, struct bytes text, const struct rule_addresses **out)
{
    const void *set;
    if (!parse_set(draft, text, false, &set))
        return false;
    *out = set;
    return true;
}

bool parse_ports(struct draft *draft, struct bytes text, const struct rule_ports **out)
{
    const void *set;
    if (!parse_set(draft, text, true, &set))
        return false;
    *out = set;
    return true;
}
