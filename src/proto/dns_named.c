// SPDX-License-Identifier: Apache-2.0
// DNS messages as EVE writes them for mDNS and LLMNR: type names in lower case, the values people
// look for under their type's name.
#include "proto/dns_message.h"
#include <ctype.h>

static struct bytes lower(struct arena *arena, struct bytes name)
{
    uint8_t *copy = name.len ? arena_alloc(arena, name.len) : NULL;
    for (size_t i = 0; copy && i < name.len; i++)
        copy[i] = (uint8_t)tolower(name.data[i]);
    return (struct bytes){copy, copy ? name.len : 0};
}

// A record's value under its type's name, where it has a field of its own.
static void put_value(struct record_mdns_rr *to, const struct record_dns_rr *from, uint16_t type)
{
    switch (type) {
    case DNS_A: to->a = from->rdata; break;
    case DNS_AAAA: to->aaaa = from->rdata; break;
    case DNS_PTR: to->ptr = from->rdata; break;
    case DNS_TXT:
        to->txt = from->txt;
        to->txt_count = from->txt_count;
        break;
    case DNS_SRV:
        to->has_srv = from->has_srv;
        to->srv = from->srv;
        break;
    default: to->rdata = from->rdata; break;
    }
}

size_t dns_named_values(struct dns_message *m, size_t number, const struct record_mdns_rr **list)
{
    const struct dns_section *section = &m->sections[number];
    size_t count = section->count;
    struct record_mdns_rr *out = count ? arena_zalloc(m->arena, count * sizeof *out) : NULL;
    for (size_t i = 0; out && i < count; i++) {
        const struct record_dns_rr *rr = &section->records[i];
        out[i].rrname = rr->rrname;
        out[i].rrtype = lower(m->arena, rr->rrtype);
        out[i].ttl = rr->ttl;
        out[i].cache_flush = rr->cache_flush;
        put_value(&out[i], rr, section->types[i]);
    }
    *list = out;
    return out ? count : 0;
}

void dns_lower_questions(struct dns_message *m)
{
    for (size_t i = 0; i < m->query_count; i++)
        m->queries[i].rrtype = lower(m->arena, m->queries[i].rrtype);
}
