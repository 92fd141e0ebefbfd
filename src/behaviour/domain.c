// SPDX-License-Identifier: Apache-2.0
#include "behaviour/domain.h"
#include "base/hash.h"
#include <ctype.h>
#include <libpsl.h>

enum {
    DNS_PORT = 53,
    CODED_BYTES = 12, // a label shorter than this carries next to nothing
    WORD_BYTES = 30,  // longer labels are no words
    WORDLESS_RUN = 6, // letters without a vowel among them
};

bool domain_is_within(struct bytes name, struct bytes domain)
{
    if (!name.data || name.len < domain.len)
        return false;
    size_t at = name.len - domain.len;
    return bytes_equal_nocase(bytes_from(name, at), domain) &&
           (at == 0 || name.data[at - 1] == '.');
}

bool domain_is_one_of(struct bytes domain, const struct bytes *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (bytes_equal(domain, list[i]))
            return true;
    return false;
}

// RFC 6761, 6762 and 8375, reverse look-up, and suffixes people give to networks of their own.
static bool is_of_no_registry(struct bytes name)
{
    static const struct bytes ends[] = {BYTES(".arpa"), BYTES(".local"), BYTES(".localdomain"),
        BYTES(".lan"), BYTES(".home"), BYTES(".internal"), BYTES(".intranet"), BYTES(".corp"),
        BYTES(".localhost"), BYTES(".invalid")};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (name.len > ends[i].len &&
            bytes_equal(bytes_from(name, name.len - ends[i].len), ends[i]))
            return true;
    return false;
}

// Service discovery, keys of mail, proofs of ownership: _ldap._tcp, s1._domainkey.
static bool has_underscore(struct bytes name)
{
    return name.data[0] == '_' || bytes_find(name, BYTES("._")) != BYTES_NOT_FOUND;
}

// Services that give a name to anybody at once, for an address that may change.
static bool is_dynamic(struct bytes domain)
{
    static const struct bytes services[] = {BYTES("3322.org"), BYTES("8866.org"),
        BYTES("accesscam.org"), BYTES("afraid.org"), BYTES("bounceme.net"), BYTES("camdvr.org"),
        BYTES("casacam.net"), BYTES("changeip.com"), BYTES("chickenkiller.com"),
        BYTES("crabdance.com"), BYTES("ddns.net"), BYTES("ddnsfree.com"), BYTES("dns.army"),
        BYTES("dnsdynamic.org"), BYTES("duckdns.org"), BYTES("dynamic-dns.net"),
        BYTES("dyndns.biz"), BYTES("dyndns.info"), BYTES("dyndns.org"), BYTES("dyndns.tv"),
        BYTES("dynserv.com"), BYTES("dynu.net"), BYTES("dynv6.net"), BYTES("f3322.net"),
        BYTES("f3322.org"), BYTES("freeddns.org"), BYTES("freedynamicdns.net"),
        BYTES("freedynamicdns.org"), BYTES("giize.com"), BYTES("gleeze.com"), BYTES("hopto.org"),
        BYTES("ignorelist.com"), BYTES("kozow.com"), BYTES("linkpc.net"), BYTES("loseyourip.com"),
        BYTES("mooo.com"), BYTES("my-ip.biz"), BYTES("myddns.me"), BYTES("myftp.biz"),
        BYTES("myftp.org"), BYTES("mynetav.com"), BYTES("mywire.org"), BYTES("no-ip.biz"),
        BYTES("no-ip.info"), BYTES("no-ip.org"), BYTES("noip.me"), BYTES("nsupdate.info"),
        BYTES("ooguy.com"), BYTES("publicvm.com"), BYTES("redirectme.net"), BYTES("servebeer.com"),
        BYTES("serveblog.net"), BYTES("servecounterstrike.com"), BYTES("serveftp.com"),
        BYTES("servegame.com"), BYTES("servehttp.com"), BYTES("servequake.com"), BYTES("spdns.de"),
        BYTES("strangled.net"), BYTES("sytes.net"), BYTES("theworkpc.com"), BYTES("us.to"),
        BYTES("webredirect.org"), BYTES("ydns.eu"), BYTES("yi.org"), BYTES("zapto.org")};
    return domain_is_one_of(domain, services, sizeof services / sizeof *services);
}

// Where the label before `at` begins; 0: it is the first one.
static size_t label_before(struct bytes name, size_t at)
{
    size_t from = at > 0 ? at - 1 : 0;
    while (from > 0 && name.data[from - 1] != '.')
        from--;
    return from;
}

// psl's ICANN part; what providers register besides are their own names.
static bool is_of_registry(const char *suffix)
{
    return psl_is_public_suffix2(psl_builtin(), suffix, PSL_TYPE_ICANN | PSL_TYPE_NO_STAR_RULE);
}

// The label left of the registry's suffix, or of a service of dynamic names.
static void find_label(struct domain_parts *parts, const char *text, struct bytes name)
{
    size_t suffix = parts->top, next = label_before(name, suffix);
    while (next > 0 && is_of_registry(&text[next])) {
        suffix = next;
        next = label_before(name, suffix);
    }
    parts->dynamic = next > 0 && is_dynamic(bytes_from(name, next));
    if (parts->dynamic) {
        suffix = next;
        next = label_before(name, suffix);
    }
    parts->label = (uint16_t)next;
    parts->label_len = (uint16_t)(suffix - next - 1);
}

// text: the name, with NUL behind it.
static void find_parts(struct domain_parts *parts, const char *text, struct bytes name)
{
    uint16_t none = (uint16_t)name.len;
    *parts =
        (struct domain_parts){.hash = parts->hash, .registered = none, .label = none, .top = none};
    parts->host = !is_of_no_registry(name) && !has_underscore(name);
    size_t top = label_before(name, name.len + 1);
    if (!parts->host || top == 0 || !is_of_registry(&text[top]))
        return;
    const char *registered = psl_registrable_domain(psl_builtin(), text);
    if (!registered)
        return;
    parts->registered = (uint16_t)(name.len - strlen(registered));
    parts->top = (uint16_t)top;
    find_label(parts, text, name);
}

bool domain_split(struct domains *domains, struct domain *domain, struct bytes name)
{
    if (name.len == 0 || name.len >= DOMAIN_BYTES)
        return false;
    for (size_t i = 0; i < name.len; i++)
        domain->text[i] = (char)tolower(name.data[i]);
    domain->text[name.len] = '\0';
    domain->name = name = bytes_make(domain->text, name.len);
    domains->seed = domains->seed ? domains->seed : hash_seed();
    uint64_t hash = hash_bytes(name, domains->seed);
    struct domain_parts *parts = &domains->known[hash % DOMAINS_KNOWN];
    if (parts->hash != hash) {
        parts->hash = hash;
        find_parts(parts, domain->text, name);
    }
    bool dot = parts->registered > 0 && parts->registered < name.len;
    domain->registered = bytes_from(name, parts->registered);
    domain->below = bytes_sub(name, 0, parts->registered - (size_t)dot);
    domain->label = bytes_sub(name, parts->label, parts->label_len);
    domain->top = bytes_from(name, parts->top);
    domain->dynamic = parts->dynamic;
    return parts->host;
}

const struct addr *domain_asker(const struct record *record)
{
    const struct record_head *head = &record->head;
    const struct record_dns *dns = record->body;
    bool answer = bytes_start_with(dns->type, BYTES("response")) ||
                  bytes_start_with(dns->type, BYTES("answer"));
    return answer && head->dest_port != DNS_PORT ? &head->dest_ip : &head->src_ip;
}

static bool is_vowel(uint8_t c)
{
    return c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u' || c == 'y';
}

// Letters and digits in no order that words have.
static bool is_wordless(struct bytes label)
{
    size_t digits = 0, runs = 0, run = 0;
    for (size_t i = 0; i < label.len; i++) {
        uint8_t c = label.data[i];
        digits += c >= '0' && c <= '9';
        run = c >= 'a' && c <= 'z' && !is_vowel(c) ? run + 1 : 0;
        runs += run == WORDLESS_RUN;
    }
    return label.len >= CODED_BYTES &&
           (digits * 8 >= label.len || runs > 0 || label.len > WORD_BYTES);
}

bool domain_is_coded(struct bytes name)
{
    while (name.len) {
        size_t len = bytes_find_byte(name, '.');
        if (is_wordless(bytes_sub(name, 0, len)))
            return true;
        name = len < name.len ? bytes_from(name, len + 1) : bytes_sub(name, 0, 0);
    }
    return false;
}
