// SPDX-License-Identifier: Apache-2.0
// Web requests and names as malware uses them: programs that post again and again to a bare
// address, programs fetched from one, a user agent nobody wrote, services that give names to
// anybody, mail that reports on the host it comes from.
#include "behaviour/dga_model.h"
#include "behaviour/seat.h"
#include <ctype.h>

enum { AGENT_LEAST = 12, AGENT_MOST = 63, HOST_LEAST = 6 };

static void tell(const struct seat *seat, const struct record *record, const char *kind,
    const char *where, struct bytes what)
{
    struct telling telling;
    telling_begin(&telling, "web.strange", record, bytes_from_text(kind));
    telling_text(&telling, "what", what);
    telling_match(&telling, where, what);
    telling_end(&telling, seat);
}

static bool begins_with_any(struct bytes text, const char *const *words)
{
    for (; *words; words++)
        if (bytes_start_with_nocase(text, bytes_from_text(*words)))
            return true;
    return false;
}

// Letters alone, mixed as no name of a program is.
static bool is_invented(struct bytes agent)
{
    char lower[AGENT_MOST];
    if (agent.len < AGENT_LEAST || agent.len > AGENT_MOST)
        return false;
    for (size_t i = 0; i < agent.len; i++) {
        if (!isalpha(agent.data[i]))
            return false;
        lower[i] = (char)tolower(agent.data[i]);
    }
    return dga_score(bytes_make(lower, agent.len), BYTES("com")) > 0;
}

static bool is_address(struct bytes host)
{
    size_t dots = 0;
    for (size_t i = 0; i < host.len; i++) {
        if (host.data[i] != '.' && !isdigit(host.data[i]))
            return false;
        dots += host.data[i] == '.';
    }
    return dots == 3;
}

static bool is_program(struct bytes type)
{
    static const char *const types[] = {"application/x-msdownload", "application/x-dosexec",
        "application/vnd.microsoft.portable-executable", "application/x-executable",
        "application/x-msdos-program", "application/octet-stream", NULL};
    return begins_with_any(type, types);
}

// By programs rather than by people.
static bool is_of_script(struct bytes agent)
{
    static const char *const agents[] = {"python", "curl/", "Wget", "Go-http-client",
        "Mozilla/5.0 (Windows NT; Windows NT", "WinHttp", "Microsoft BITS", "certutil", NULL};
    return agent.len == 0 || begins_with_any(agent, agents);
}

// Not where posting to an address is everyday work: the web, WinRM.
static bool is_odd(uint16_t port)
{
    return port != 80 && port != 5985;
}

static void look_at_http(const struct seat *seat, const struct record *record)
{
    const struct record_http *http = record->body;
    struct domain domain;
    bool post = bytes_equal(http->http_method, BYTES("POST"));
    bool script = is_of_script(http->http_user_agent), address = is_address(http->hostname);
    if (is_invented(http->http_user_agent))
        tell(seat, record, "agent", "http.http_user_agent", http->http_user_agent);
    if (post && domain_split(seat->domains, &domain, http->hostname) && domain.dynamic)
        tell(seat, record, "posted", "http.hostname", http->hostname);
    if (address && script && http->status == 200 && http->length &&
        is_program(http->http_content_type))
        tell(seat, record, "fetched", "http.url", http->url);
    else if (address && script && post && is_odd(record->head.dest_port) && http->request_length)
        tell(seat, record, "address", "http.url", http->url);
}

// A host's name within the subject of the mail it sends, as programs that steal report.
static void look_at_mail(const struct seat *seat, const struct record *record)
{
    const struct record_smtp *smtp = record->body;
    struct bytes host = smtp->helo, subject = smtp->email.subject;
    if (host.len >= HOST_LEAST && bytes_find_byte(host, '.') == BYTES_NOT_FOUND &&
        bytes_find(subject, host) != BYTES_NOT_FOUND && !seat_inside(seat, &record->head.dest_ip))
        tell(seat, record, "mail", "email.subject", subject);
}

static void look_at_dns(const struct seat *seat, const struct record *record)
{
    const struct record_dns *dns = record->body;
    struct domain domain;
    if (!dns->queries_count || bytes_start_with(dns->type, BYTES("response")))
        return;
    struct bytes name = dns->queries[0].rrname;
    if (domain_is_within(name, BYTES("onion")))
        tell(seat, record, "onion", "dns.queries.rrname", name);
    else if (domain_split(seat->domains, &domain, name) && domain.dynamic)
        tell(seat, record, "dynamic", "dns.queries.rrname", name);
}

static void record(const struct seat *seat, const struct record *record)
{
    if (record->type == RECORD_HTTP)
        look_at_http(seat, record);
    else if (record->type == RECORD_SMTP)
        look_at_mail(seat, record);
    else
        look_at_dns(seat, record);
}

const struct look strange_web_look = {
    .types = (const enum record_type[]){RECORD_HTTP, RECORD_SMTP, RECORD_DNS, RECORD_NONE},
    .record = record,
};
