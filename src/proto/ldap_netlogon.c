// SPDX-License-Identifier: Apache-2.0
// What a domain controller answers to an LDAP ping: NETLOGON_SAM_LOGON_RESPONSE_EX, MS-ADTS section
// 6.3.1.9. Its names are compressed as in DNS. The older forms without DNS names are left.
#include "proto/dns_message.h"
#include "proto/ldap.h"
#include "proto/text_out.h"

static struct bytes take_name(struct dns_message *dns, struct cursor *c)
{
    char room[1024];
    struct text_out out = TEXT_OUT(room);
    bool truncated = false;
    dns_name_read(dns, c, &out, &truncated);
    return out.len && cursor_ok(c) ? text_out_keep(&out, dns->arena) : (struct bytes){NULL, 0};
}

static struct bytes guid_text(struct bytes raw, struct arena *arena)
{
    static const uint8_t order[] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
    char room[40];
    struct text_out out = TEXT_OUT(room);
    for (size_t i = 0; i < sizeof order; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            text_out_char(&out, '-');
        text_out_hex(&out, bytes_sub(raw, order[i], 1));
    }
    return text_out_keep(&out, arena);
}

bool ldap_netlogon_read(struct record_ldap_netlogon *out, struct bytes value, struct arena *arena)
{
    enum { LOGON_EX = 23, PAUSE_EX = 24, USER_UNKNOWN_EX = 25, GUID_BYTES = 16 };
    struct dns_message dns = {.arena = arena, .utf8 = true};
    struct cursor c = cursor_make(value);
    *out = (struct record_ldap_netlogon){.opcode = cursor_u16le(&c)};
    cursor_skip(&c, 2);
    out->flags = cursor_u32le(&c);
    struct bytes guid = cursor_take(&c, GUID_BYTES);
    if (!cursor_ok(&c) || out->opcode < LOGON_EX || out->opcode > USER_UNKNOWN_EX)
        return false;
    out->domain_guid = guid_text(guid, arena);
    struct bytes *names[] = {&out->forest, &out->domain, &out->host, &out->nb_domain, &out->nb_host,
        &out->user, &out->server_site, &out->client_site};
    for (size_t i = 0; i < sizeof names / sizeof *names && cursor_ok(&c) && !dns.problems; i++)
        *names[i] = take_name(&dns, &c);
    return true;
}
