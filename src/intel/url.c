// SPDX-License-Identifier: Apache-2.0
// URLs as they are compared (RFC 3986, 6.2.2): host without case, percent signs only where they are
// needed, no dots in the path. The scheme is no part of it: what is on the wire may be seen
// without.
#include "base/addr.h"
#include "intel/internal.h"
#include <stdio.h>

enum { PORT_BYTES = 8, SCHEME_BYTES = 16, NO_ESCAPE = -1 };

static uint16_t scheme_port(struct bytes scheme)
{
    static const struct {
        struct bytes name;
        uint16_t port;
    } ports[] = {{BYTES("http"), 80}, {BYTES("https"), 443}, {BYTES("ws"), 80}, {BYTES("wss"), 443},
        {BYTES("ftp"), 21}, {BYTES("ftps"), 990}};
    for (size_t i = 0; i < sizeof ports / sizeof *ports; i++) {
        if (bytes_equal_nocase(scheme, ports[i].name))
            return ports[i].port;
    }
    return 0;
}

static bool take_scheme(struct bytes *rest, struct url *url)
{
    size_t at = bytes_find(bytes_sub(*rest, 0, SCHEME_BYTES), BYTES("://"));
    if (at == BYTES_NOT_FOUND)
        return true;
    url->scheme = bytes_sub(*rest, 0, at);
    *rest = bytes_from(*rest, at + 3);
    return at > 0;
}

static bool take_port(struct bytes text, struct url *url)
{
    uint64_t port = 0;
    if (text.len > 0 && (!bytes_to_u64(text, &port) || port > UINT16_MAX))
        return false;
    uint16_t usual = scheme_port(url->scheme);
    url->port = port == usual ? 0 : (uint16_t)port;
    return true;
}

// Where the authority ends: at the path, a query or a fragment.
static size_t authority_end(struct bytes rest)
{
    size_t at = 0;
    while (at < rest.len && rest.data[at] != '/' && rest.data[at] != '?' && rest.data[at] != '#')
        at++;
    return at;
}

static bool take_authority(struct bytes authority, struct url *url)
{
    for (size_t i = authority.len; i > 0; i--) { // user:password@
        if (authority.data[i - 1] == '@') {
            authority = bytes_from(authority, i);
            break;
        }
    }
    url->bracket = bytes_at(authority, 0) == '[';
    size_t end = url->bracket ? bytes_find_byte(authority, ']') : bytes_find_byte(authority, ':');
    if (url->bracket && end == BYTES_NOT_FOUND)
        return false;
    url->host = bytes_sub(authority, 0, end);
    struct bytes port = end == BYTES_NOT_FOUND ? bytes_make(NULL, 0) : bytes_from(authority, end);
    if (url->bracket) {
        url->host = bytes_from(url->host, 1);
        port = bytes_from(port, 1);
        if (port.len > 0 && port.data[0] != ':')
            return false;
    }
    return url->host.len > 0 && take_port(bytes_from(port, 1), url);
}

bool url_split(struct bytes text, struct url *url)
{
    *url = (struct url){.scheme = {NULL, 0}};
    struct bytes rest = text;
    if (!take_scheme(&rest, url))
        return false;
    size_t end = authority_end(rest);
    if (!take_authority(bytes_sub(rest, 0, end), url))
        return false;
    url->path = bytes_from(rest, end);
    url->path = bytes_sub(url->path, 0, bytes_find_byte(url->path, '#'));
    return true;
}

// ---- Folding.

struct url_out {
    uint8_t *data;
    size_t room, len;
    bool full;
};

static void put(struct url_out *out, uint8_t c)
{
    if (out->len < out->room)
        out->data[out->len++] = c;
    else
        out->full = true;
}

static void put_escaped(struct url_out *out, uint8_t c)
{
    static const char digits[] = "0123456789ABCDEF";
    put(out, '%');
    put(out, (uint8_t)digits[c >> 4]);
    put(out, (uint8_t)digits[c & 15]);
}

static bool unreserved(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

static int escape_at(struct bytes text, size_t i)
{
    uint64_t value;
    if (i + 2 >= text.len || text.data[i] != '%' ||
        !bytes_hex_to_u64(bytes_sub(text, i + 1, 2), &value))
        return NO_ESCAPE;
    return (int)value;
}

static void put_character(struct url_out *out, struct bytes text, size_t *i)
{
    uint8_t c = text.data[*i];
    if (c > 0x20 && c < 0x7f && c != '%') {
        put(out, c);
        ++*i;
        return;
    }
    int escape = escape_at(text, *i);
    *i += escape == NO_ESCAPE ? 1 : 3;
    if (escape != NO_ESCAPE && unreserved((uint8_t)escape))
        put(out, (uint8_t)escape);
    else if (escape != NO_ESCAPE)
        put_escaped(out, (uint8_t)escape);
    else if (c == '%')
        put(out, c);
    else
        put_escaped(out, c);
}

// Back to behind the last "/" but one: what "/../" means.
static void up(struct url_out *out, size_t root)
{
    if (out->len > root + 1)
        out->len--;
    while (out->len > root + 1 && out->data[out->len - 1] != '/')
        out->len--;
}

// The segment just written, behind the last "/": "." and ".." are taken off.
static void segment_end(struct url_out *out, size_t root, size_t segment)
{
    struct bytes last = bytes_make(&out->data[segment], out->len - segment);
    bool here = bytes_equal(last, BYTES("."));
    bool above = bytes_equal(last, BYTES(".."));
    if (here || above)
        out->len = segment;
    if (above)
        up(out, root);
}

static void put_path(struct url_out *out, struct bytes path)
{
    size_t root = out->len, segment = root + 1;
    put(out, '/');
    for (size_t i = bytes_at(path, 0) == '/'; i < path.len && !out->full;) {
        if (path.data[i] != '/') {
            put_character(out, path, &i);
            continue;
        }
        size_t before = out->len;
        segment_end(out, root, segment);
        if (out->len == before) // else the "/" stands there
            put(out, '/');
        segment = out->len;
        i++;
    }
    if (!out->full)
        segment_end(out, root, segment);
}

static void put_host(struct url_out *out, const struct url *url)
{
    struct addr addr;
    char text[ADDR_TEXT_BYTES];
    size_t len;
    if (addr_parse(url->host, &addr)) {
        len = addr_write(&addr, text);
        if (addr.version == 6)
            put(out, '[');
        for (size_t i = 0; i < len; i++)
            put(out, (uint8_t)text[i]);
        if (addr.version == 6)
            put(out, ']');
        return;
    }
    len = url->bracket ? 0 : name_fold(url->host, out->data, out->room);
    out->len = len;
    out->full = len == 0;
}

static void put_port(struct url_out *out, uint16_t port)
{
    char text[PORT_BYTES];
    int len = port ? snprintf(text, sizeof text, ":%u", (unsigned)port) : 0;
    for (int i = 0; i < len; i++)
        put(out, (uint8_t)text[i]);
}

size_t url_key(const struct url *url, uint8_t *data, size_t room, size_t *query_at)
{
    struct url_out out = {.data = data, .room = room};
    put_host(&out, url);
    put_port(&out, url->port);
    size_t query = bytes_find_byte(url->path, '?');
    if (!out.full)
        put_path(&out, bytes_sub(url->path, 0, query));
    *query_at = out.len;
    struct bytes rest =
        query == BYTES_NOT_FOUND ? bytes_make(NULL, 0) : bytes_from(url->path, query);
    for (size_t i = 0; i < rest.len && !out.full;)
        put_character(&out, rest, &i);
    if (out.len == *query_at + 1) // "?" with nothing behind it
        out.len = *query_at;
    return out.full ? 0 : out.len;
}
