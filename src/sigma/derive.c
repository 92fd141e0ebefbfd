// SPDX-License-Identifier: Apache-2.0
// What Sigma's taxonomy names and our records hold in another form. Proxies and web servers write
// W3C's extended log format; its cs-uri-query often holds the path as well, so rules for web
// servers look for paths there and are given both.
#include "base/json.h"
#include "sigma/source.h"
#include "sigma/value.h"
#include <stdio.h>

// Records of one message stand with its sender first; rules mean client and server.
static bool from_server(const struct record *r)
{
    const struct record_dns *dns = r->body;
    return r->type == RECORD_DNS && bytes_equal(dns->type, BYTES("response"));
}

void sigma_derive_client_ip(struct sigma_values *values, const struct record *r)
{
    sigma_value_addr(values, from_server(r) ? &r->head.dest_ip : &r->head.src_ip);
}

void sigma_derive_server_ip(struct sigma_values *values, const struct record *r)
{
    sigma_value_addr(values, from_server(r) ? &r->head.src_ip : &r->head.dest_ip);
}

void sigma_derive_client_port(struct sigma_values *values, const struct record *r)
{
    bool server = from_server(r);
    if (server ? r->head.has_dest_port : r->head.has_src_port)
        sigma_value_number(values, server ? r->head.dest_port : r->head.src_port);
}

void sigma_derive_server_port(struct sigma_values *values, const struct record *r)
{
    bool server = from_server(r);
    if (server ? r->head.has_src_port : r->head.has_dest_port)
        sigma_value_number(values, server ? r->head.src_port : r->head.dest_port);
}

void sigma_derive_network_type(struct sigma_values *values, const struct record *r)
{
    if (r->head.src_ip.version)
        sigma_value_add(values, r->head.src_ip.version == 6 ? BYTES("ipv6") : BYTES("ipv4"));
}

static const struct bytes nothing = {NULL, 0};

// scheme://host:port and a path behind each other.
static struct bytes join_uri(struct arena *arena, struct bytes scheme, struct bytes host,
    struct bytes port, struct bytes path)
{
    const struct bytes parts[] = {scheme, host, port.len ? BYTES(":") : nothing, port, path};
    size_t len = 0, at = 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        len += parts[i].len;
    uint8_t *out = arena_alloc(arena, len + 1);
    for (size_t i = 0; out && i < sizeof parts / sizeof *parts; i++) {
        if (parts[i].len)
            memcpy(&out[at], parts[i].data, parts[i].len);
        at += parts[i].len;
    }
    return bytes_make(out, out ? len : 0);
}

static bool is_absolute(struct bytes url)
{
    size_t colon = bytes_find(url, BYTES("://"));
    size_t slash = bytes_find_byte(url, '/');
    return colon != BYTES_NOT_FOUND && colon < slash;
}

// The URL as the client asked for it.
void sigma_derive_http_uri(struct sigma_values *values, const struct record *r)
{
    const struct record_http *http = r->body;
    char port[8];
    int len = http->has_http_port ? snprintf(port, sizeof port, "%u", http->http_port) : 0;
    if (!http->url.data)
        return;
    bool bare = is_absolute(http->url) || bytes_equal(http->http_method, BYTES("CONNECT"));
    sigma_value_add(values, bare || !http->hostname.len
                                ? http->url
                                : join_uri(values->arena, BYTES("http://"), http->hostname,
                                      bytes_make(port, (size_t)len), http->url));
}

// What stands behind scheme and host.
static struct bytes path_of(struct bytes url)
{
    if (!is_absolute(url))
        return url;
    struct bytes rest = bytes_from(url, bytes_find(url, BYTES("://")) + 3);
    size_t slash = bytes_find_byte(rest, '/');
    return slash == BYTES_NOT_FOUND ? BYTES("/") : bytes_from(rest, slash);
}

static struct bytes stem_of(struct bytes url)
{
    struct bytes path = path_of(url);
    size_t question = bytes_find_byte(path, '?');
    return question == BYTES_NOT_FOUND ? path : bytes_sub(path, 0, question);
}

static struct bytes query_of(struct bytes url)
{
    size_t question = bytes_find_byte(url, '?');
    return question == BYTES_NOT_FOUND ? nothing : bytes_from(url, question + 1);
}

void sigma_derive_http_stem(struct sigma_values *values, const struct record *r)
{
    const struct record_http *http = r->body;
    if (http->url.data)
        sigma_value_add(values, stem_of(http->url));
}

void sigma_derive_http_query(struct sigma_values *values, const struct record *r)
{
    const struct record_http *http = r->body;
    sigma_value_add(values, query_of(http->url));
}

void sigma_derive_http_path_query(struct sigma_values *values, const struct record *r)
{
    const struct record_http *http = r->body;
    struct bytes query = query_of(http->url);
    if (http->url.data)
        sigma_value_add(values, path_of(http->url));
    sigma_value_add(values, query);
}

void sigma_derive_http_extension(struct sigma_values *values, const struct record *r)
{
    const struct record_http *http = r->body;
    struct bytes stem = http->url.data ? stem_of(http->url) : nothing;
    size_t dot = stem.len;
    while (dot && stem.data[dot - 1] != '.' && stem.data[dot - 1] != '/')
        dot--;
    if (dot && stem.data[dot - 1] == '.')
        sigma_value_add(values, bytes_from(stem, dot));
}

void sigma_derive_tls_uri(struct sigma_values *values, const struct record *r)
{
    const struct record_tls *tls = r->body;
    if (tls->sni.len)
        sigma_value_add(
            values, join_uri(values->arena, BYTES("https://"), tls->sni, nothing, BYTES("/")));
}

// As Zeek writes it: hexadecimal without colons.
void sigma_derive_tls_serial(struct sigma_values *values, const struct record *r)
{
    const struct record_tls *tls = r->body;
    uint8_t *out = tls->serial.data ? arena_alloc(values->arena, tls->serial.len + 1) : NULL;
    size_t len = 0;
    for (size_t i = 0; out && i < tls->serial.len; i++)
        if (tls->serial.data[i] != ':')
            out[len++] = tls->serial.data[i];
    struct bytes serial = bytes_make(out, len);
    sigma_value_add(values, serial);
    if (len && out[0] == '0') // and as a number, without its first zero
        sigma_value_add(values, bytes_from(serial, 1));
}

// The last two labels of each name asked for.
void sigma_derive_parent_domain(struct sigma_values *values, const struct record *r)
{
    const struct record_dns *dns = r->body;
    for (size_t i = 0; i < dns->queries_count && i < SIGMA_VALUES_MOST; i++) {
        struct bytes name = dns->queries[i].rrname;
        size_t at = name.len, dots = 0;
        for (; at && dots < 2; at--)
            dots += name.data[at - 1] == '.';
        if (name.data)
            sigma_value_add(values, bytes_from(name, dots == 2 ? at + 1 : 0));
    }
}
