// SPDX-License-Identifier: Apache-2.0
// The models are those of the ministry's guideline for municipal networks: alpha keeps terminals in
// the LGWAN segment, beta in the Internet segment with screen transfer into LGWAN's; the primed
// ones let cloud services in as well.
#include "behaviour/policy.h"

enum {
    ALPHA = 1 << CONFIG_SEPARATION_MODEL_ALPHA,
    ALPHA_PRIME = 1 << CONFIG_SEPARATION_MODEL_ALPHA_PRIME,
    BETA = 1 << CONFIG_SEPARATION_MODEL_BETA,
    BETA_PRIME = 1 << CONFIG_SEPARATION_MODEL_BETA_PRIME,
    ALL = ALPHA | ALPHA_PRIME | BETA | BETA_PRIME,
    OUTSIDE = -1, // instead of a kind
};

static const struct line {
    unsigned models;
    int from, to;
    const char *by; // NULL: any
} model_lines[] = {
    {ALL, CONFIG_SEGMENTS_KIND_INTERNET, OUTSIDE, NULL},
    {ALL, CONFIG_SEGMENTS_KIND_INTERNET, CONFIG_SEGMENTS_KIND_DMZ, NULL},
    {ALL, CONFIG_SEGMENTS_KIND_DMZ, OUTSIDE, NULL},
    {ALL, OUTSIDE, CONFIG_SEGMENTS_KIND_DMZ, "https"},
    {ALL, OUTSIDE, CONFIG_SEGMENTS_KIND_DMZ, "http"},
    {ALL, OUTSIDE, CONFIG_SEGMENTS_KIND_DMZ, "smtp"},
    {ALL, OUTSIDE, CONFIG_SEGMENTS_KIND_DMZ, "dns"},
    {ALPHA_PRIME, CONFIG_SEGMENTS_KIND_LGWAN, OUTSIDE, "microsoft365"},
    {BETA | BETA_PRIME, CONFIG_SEGMENTS_KIND_INTERNET, CONFIG_SEGMENTS_KIND_LGWAN, "rdp"},
    {BETA | BETA_PRIME, CONFIG_SEGMENTS_KIND_INTERNET, CONFIG_SEGMENTS_KIND_LGWAN, "https"},
};

enum { MODEL_LINES = sizeof model_lines / sizeof *model_lines };

// Domains of Microsoft 365's services, as its publisher lists them for break-outs.
static const char *const microsoft365[] = {"office.com", "office365.com", "office.net",
    "outlook.com", "microsoftonline.com", "sharepoint.com", "microsoft.com", "msftauth.net",
    "msauth.net", "teams.cloud.microsoft", "cloud.microsoft", "skype.com", "lync.com",
    "onmicrosoft.com", "live.com", "msedge.net", "azureedge.net", "svc.ms", "microsoftstream.com",
    "onenote.com", "windows.net", "msocdn.com"};

bool policy_is_on(const struct config *config)
{
    return config->separation.model != CONFIG_SEPARATION_MODEL_NONE ||
           config->separation.may_cross_count > 0;
}

static bool is_under(struct bytes name, struct bytes domain)
{
    if (name.len < domain.len ||
        !bytes_equal_nocase(bytes_from(name, name.len - domain.len), domain))
        return false;
    return name.len == domain.len || bytes_at(name, name.len - domain.len - 1) == '.';
}

static bool is_microsoft365(const struct record_flow *flow)
{
    for (size_t i = 0; i < sizeof microsoft365 / sizeof *microsoft365; i++)
        if (is_under(flow->tls.sni, bytes_from_text(microsoft365[i])))
            return true;
    return false;
}

// "tcp/8443"
static bool is_port(const struct record_head *head, struct bytes service)
{
    size_t slash = bytes_find_byte(service, '/');
    uint64_t port;
    return slash != BYTES_NOT_FOUND && head->has_dest_port &&
           bytes_equal_nocase(bytes_sub(service, 0, slash), head->proto) &&
           bytes_to_u64(bytes_from(service, slash + 1), &port) && port == head->dest_port;
}

static bool is_service(const struct record *record, const char *text)
{
    const struct record_head *head = &record->head;
    const struct record_flow *flow = record->body;
    struct bytes service = bytes_from_text(text);
    if (bytes_equal_nocase(service, BYTES("microsoft365")))
        return is_microsoft365(flow);
    if (bytes_equal_nocase(service, BYTES("icmp")))
        return head->has_icmp_type;
    if (bytes_equal_nocase(service, BYTES("https")))
        return head->has_dest_port && head->dest_port == 443 &&
               (head->app_proto.len == 0 || bytes_equal(head->app_proto, BYTES("failed")) ||
                   bytes_equal(head->app_proto, BYTES("tls")) ||
                   bytes_equal(head->app_proto, BYTES("http2")) ||
                   bytes_equal(head->app_proto, BYTES("quic")));
    return bytes_equal_nocase(service, head->app_proto) || is_port(head, service);
}

static bool any_service(const struct record *record, const char *const *services, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (is_service(record, services[i]))
            return true;
    return count == 0;
}

static bool any_host(const struct record_head *head, const struct addr_range *hosts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (addr_range_has(&hosts[i], &head->src_ip) || addr_range_has(&hosts[i], &head->dest_ip))
            return true;
    return count == 0;
}

static bool is_named(const struct config *config, const char *name, uint16_t segment)
{
    return bytes_equal(bytes_from_text(name), policy_segment(config, segment));
}

static bool is_kind(const struct config *config, int kind, uint16_t segment)
{
    if (segment == POLICY_OUTSIDE)
        return kind == OUTSIDE;
    size_t at = segment - 1U;
    return kind == (int)config->segments[at].kind;
}

int policy_line(const struct config *config, const struct record *flow, uint16_t from, uint16_t to)
{
    size_t count = config->separation.may_cross_count;
    for (size_t i = 0; i < count; i++) {
        const struct config_crossing *may_cross = &config->separation.may_cross[i];
        if (is_named(config, may_cross->from, from) && is_named(config, may_cross->to, to) &&
            any_host(&flow->head, may_cross->hosts, may_cross->hosts_count) &&
            any_service(flow, may_cross->by, may_cross->by_count))
            return (int)i;
    }
    for (size_t i = 0; i < MODEL_LINES; i++) {
        const struct line *line = &model_lines[i];
        if ((line->models >> config->separation.model & 1) && is_kind(config, line->from, from) &&
            is_kind(config, line->to, to) && (!line->by || is_service(flow, line->by)))
            return (int)(count + i);
    }
    return POLICY_NONE;
}

struct bytes policy_line_why(const struct config *config, int line)
{
    static const char *const models[] = {"none", "alpha", "alpha_prime", "beta", "beta_prime"};
    size_t count = config->separation.may_cross_count;
    if (line == POLICY_NONE)
        return (struct bytes){NULL, 0};
    if ((size_t)line >= count)
        return bytes_from_text(models[config->separation.model]);
    const char *why = config->separation.may_cross[line].why;
    return why ? bytes_from_text(why) : (struct bytes){NULL, 0};
}

bool policy_is_isolated(const struct config *config, uint16_t segment)
{
    if (segment == POLICY_OUTSIDE)
        return false;
    enum config_segments_kind kind = config->segments[segment - 1].kind;
    return kind == CONFIG_SEGMENTS_KIND_MYNUMBER || kind == CONFIG_SEGMENTS_KIND_LGWAN ||
           kind == CONFIG_SEGMENTS_KIND_OT;
}

struct bytes policy_segment(const struct config *config, uint16_t segment)
{
    return bytes_from_text(
        segment == POLICY_OUTSIDE ? "outside" : config->segments[segment - 1].name);
}
