// SPDX-License-Identifier: Apache-2.0
#include "behaviour/domain.h"
#include <ctype.h>
#include <libpsl.h>
#include <math.h>

enum { DNS_PORT = 53 };

bool domain_is_within(struct bytes name, struct bytes domain)
{
    if (!name.data || name.len < domain.len)
        return false;
    size_t at = name.len - domain.len;
    return bytes_equal_nocase(bytes_from(name, at), domain) &&
           (at == 0 || name.data[at - 1] == '.');
}

// RFC 6761, 6762 and 8375, reverse look-up, and suffixes people give to networks of their own.
static bool is_of_no_registry(struct bytes name)
{
    static const char *const ends[] = {".arpa", ".local", ".localdomain", ".lan", ".home",
        ".internal", ".intranet", ".corp", ".localhost", ".invalid", NULL};
    for (const char *const *end = ends; *end; end++) {
        struct bytes suffix = bytes_from_text(*end);
        if (name.len > suffix.len && bytes_equal(bytes_from(name, name.len - suffix.len), suffix))
            return true;
    }
    return false;
}

// Service discovery, keys of mail, proofs of ownership: _ldap._tcp, s1._domainkey.
static bool has_underscore(struct bytes name)
{
    return name.data[0] == '_' || bytes_find(name, BYTES("._")) != BYTES_NOT_FOUND;
}

bool domain_split(struct domain *domain, struct bytes name)
{
    if (name.len == 0 || name.len >= DOMAIN_BYTES)
        return false;
    for (size_t i = 0; i < name.len; i++)
        domain->text[i] = (char)tolower(name.data[i]);
    domain->text[name.len] = '\0';
    domain->name = domain->below = bytes_make(domain->text, name.len);
    domain->registered = bytes_sub(domain->name, name.len, 0);
    if (is_of_no_registry(domain->name) || has_underscore(domain->name))
        return false;
    const char *registered = psl_registrable_domain(psl_builtin(), domain->text);
    const char *top = strrchr(domain->text, '.');
    if (!registered || !top ||
        !psl_is_public_suffix2(psl_builtin(), &top[1], PSL_TYPE_ICANN | PSL_TYPE_NO_STAR_RULE))
        return true;
    size_t len = strlen(registered);
    domain->registered = bytes_from(domain->name, name.len - len);
    domain->below = bytes_sub(domain->name, 0, name.len > len ? name.len - len - 1 : 0);
    return true;
}

double domain_entropy(struct bytes text)
{
    unsigned counts[256] = {0};
    double bits = 0;
    for (size_t i = 0; i < text.len; i++)
        counts[text.data[i]]++;
    for (size_t i = 0; i < 256; i++)
        if (counts[i])
            bits -= counts[i] * log2((double)counts[i] / (double)text.len);
    return text.len ? bits / (double)text.len : 0;
}

const struct addr *domain_asker(const struct record *record)
{
    const struct record_head *head = &record->head;
    const struct record_dns *dns = record->body;
    bool answer = bytes_start_with(dns->type, BYTES("response")) ||
                  bytes_start_with(dns->type, BYTES("answer"));
    return answer && head->dest_port != DNS_PORT ? &head->dest_ip : &head->src_ip;
}
