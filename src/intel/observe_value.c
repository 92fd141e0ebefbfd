// SPDX-License-Identifier: Apache-2.0
#include "intel/observe_value.h"
#include "base/hash.h"
#include <stdio.h>

bool observable_nocase(enum observable_how how)
{
    return how != HOW_TEXT && how != HOW_URL && how != HOW_FILE_NAME && how != HOW_FOLDER &&
           how != HOW_MAIL_NAME && how != HOW_DN;
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

static struct bytes lower_copy(struct bytes text, uint8_t room[OBSERVE_TEXT_BYTES])
{
    size_t len = text.len < OBSERVE_TEXT_BYTES ? text.len : OBSERVE_TEXT_BYTES;
    for (size_t i = 0; i < len; i++)
        room[i] = lower(text.data[i]);
    return bytes_make(room, len);
}

static struct bytes host_name(struct bytes text, uint8_t room[OBSERVE_TEXT_BYTES])
{
    struct bytes name = lower_copy(text, room);
    return name.len > 1 && name.data[name.len - 1] == '.' ? bytes_sub(name, 0, name.len - 1) : name;
}

// Hexadecimal without what stands between bytes. Serial numbers begin with 00 or not.
static struct bytes plain_hex(struct bytes text, uint8_t room[OBSERVE_TEXT_BYTES])
{
    size_t len = 0;
    for (size_t i = 0; i < text.len && len < OBSERVE_TEXT_BYTES; i++) {
        uint8_t c = text.data[i];
        if (c != ':' && c != '-' && c != ' ')
            room[len++] = lower(c);
    }
    struct bytes hex = bytes_make(room, len);
    bool padded = hex.len > 2 && hex.len != 2 * MD5_BYTES && hex.len != 2 * SHA1_BYTES &&
                  hex.len != 2 * SHA256_BYTES;
    while (padded && hex.len > 1 && hex.data[0] == '0')
        hex = bytes_from(hex, 1);
    return hex;
}

static struct bytes tight_commas(struct bytes text, uint8_t room[OBSERVE_TEXT_BYTES])
{
    size_t len = 0;
    for (size_t i = 0; i < text.len && len < OBSERVE_TEXT_BYTES; i++) {
        bool space = text.data[i] == ' ';
        if (!space || (len && room[len - 1] != ','))
            room[len++] = text.data[i];
    }
    return bytes_make(room, len);
}

// Scheme and host without case, no default port, no fragment, no lone slash behind the host
// (RFC 3986, section 6.2).
static struct bytes plain_url(struct bytes text, uint8_t room[OBSERVE_TEXT_BYTES])
{
    size_t scheme = bytes_find(text, BYTES("://"));
    size_t host_at = scheme == BYTES_NOT_FOUND ? 0 : scheme + 3, len = 0, i;
    size_t fragment = bytes_find_byte(text, '#');
    text = bytes_sub(text, 0, fragment);
    struct bytes rest = bytes_from(text, host_at);
    size_t host_len = 0;
    while (host_len < rest.len && !strchr("/?", rest.data[host_len]))
        host_len++;
    struct bytes host = bytes_sub(rest, 0, host_len);
    bool https = bytes_start_with_nocase(text, BYTES("https:"));
    struct bytes port = https ? BYTES(":443") : BYTES(":80");
    bool drop = host.len > port.len && bytes_equal(bytes_from(host, host.len - port.len), port);
    size_t kept = drop ? host.len - port.len : host.len;
    for (i = 0; i < host_at + kept && len < OBSERVE_TEXT_BYTES; i++)
        room[len++] = lower(text.data[i]);
    struct bytes path = bytes_from(rest, host_len);
    if (bytes_equal(path, BYTES("/")))
        path = BYTES("");
    for (i = 0; i < path.len && len < OBSERVE_TEXT_BYTES; i++)
        room[len++] = path.data[i];
    return bytes_make(room, len);
}

struct bytes observable_canonical(
    enum observable_how how, struct bytes text, uint8_t room[OBSERVE_TEXT_BYTES])
{
    switch (how) {
    case HOW_NAME:
    case HOW_NAME_OR_ADDR: return host_name(text, room);
    case HOW_MAC:
    case HOW_HASH: return plain_hex(text, room);
    case HOW_URL: return plain_url(text, room);
    case HOW_DN: return tight_commas(text, room);
    case HOW_TEXT:
    case HOW_FILE_NAME:
    case HOW_FOLDER:
    case HOW_MAIL_NAME: return bytes_sub(text, 0, OBSERVE_TEXT_BYTES);
    default: return lower_copy(text, room);
    }
}

static bool tell(const struct value_place *p, struct seen_value value)
{
    return p->sink(p->context, p->field, &value);
}

static bool tell_text(const struct value_place *p, struct bytes text, struct bytes raw)
{
    return tell(p, (struct seen_value){.kind = VALUE_TEXT, .text = text, .raw = raw});
}

static bool tell_addr(const struct value_place *p, const struct addr *addr)
{
    char text[ADDR_TEXT_BYTES];
    struct bytes shown = bytes_make(text, addr_write(addr, text));
    enum observable_how how = p->observable->how;
    bool wanted = addr->version == 4 ? how != HOW_ADDR6 : addr->version && how != HOW_ADDR4;
    if (!wanted)
        return true;
    if (how == HOW_REF_TYPE)
        return tell_text(p, addr->version == 4 ? BYTES("ipv4-addr") : BYTES("ipv6-addr"), shown);
    return tell(
        p, (struct seen_value){.kind = VALUE_ADDR, .text = shown, .raw = shown, .addr = *addr});
}

// "Name <address>", several of them between commas, or addresses alone.
static bool tell_mails(const struct value_place *p, struct bytes text, bool names)
{
    uint8_t room[OBSERVE_TEXT_BYTES];
    while (text.len) {
        size_t open = bytes_find_byte(text, '<'), comma = bytes_find_byte(text, ',');
        bool angle = open != BYTES_NOT_FOUND && (names || comma == BYTES_NOT_FOUND ||
                                                    open < comma || bytes_at(text, 0) == '"');
        size_t close = angle ? bytes_find_byte(text, '>') : BYTES_NOT_FOUND;
        if (angle && close != BYTES_NOT_FOUND && close < open)
            close = BYTES_NOT_FOUND;
        struct bytes mail =
            angle ? bytes_sub(text, open + 1, close - open - 1) : bytes_sub(text, 0, comma);
        struct bytes name = bytes_trim(bytes_sub(text, 0, angle ? open : 0));
        if (name.len > 1 && name.data[0] == '"' && name.data[name.len - 1] == '"')
            name = bytes_sub(name, 1, name.len - 2);
        struct bytes shown = names ? name : lower_copy(bytes_trim(mail), room);
        if (shown.len && !tell_text(p, shown, bytes_trim(mail)))
            return false;
        if (angle)
            comma = close == BYTES_NOT_FOUND ? close : close + 1;
        text = comma == BYTES_NOT_FOUND ? BYTES("") : bytes_from(text, comma);
        while (text.len && strchr(", ;", text.data[0]))
            text = bytes_from(text, 1);
    }
    return true;
}

// Behind the last / or \; *folder is what stands before it.
static struct bytes base_name(struct bytes path, struct bytes *folder)
{
    size_t at = path.len;
    while (at > 0 && path.data[at - 1] != '/' && path.data[at - 1] != '\\')
        at--;
    *folder = bytes_sub(path, 0, at ? at - 1 : 0);
    return bytes_from(path, at);
}

static bool tell_file(const struct value_place *p, struct bytes path)
{
    struct bytes folder, base = base_name(path, &folder);
    if (p->observable->how == HOW_FOLDER)
        return folder.len == 0 || tell_text(p, folder, path);
    if (base.len && base.len < path.len && !tell_text(p, base, path))
        return false;
    return tell_text(p, bytes_sub(path, 0, OBSERVE_TEXT_BYTES), path);
}

static bool tell_url(const struct value_place *p, struct bytes url)
{
    uint8_t room[OBSERVE_TEXT_BYTES];
    struct bytes plain = plain_url(url, room);
    return tell_text(p, plain, bytes_sub(url, 0, OBSERVE_TEXT_BYTES));
}

static struct bytes host_text(
    const struct record_http *http, const struct record_head *head, char room[ADDR_TEXT_BYTES + 2])
{
    if (http->hostname.len)
        return http->hostname;
    bool six = head->dest_ip.version == 6;
    char addr[ADDR_TEXT_BYTES];
    size_t len = addr_write(&head->dest_ip, addr);
    int n = snprintf(room, ADDR_TEXT_BYTES + 2, six ? "[%.*s]" : "%.*s", (int)len, addr);
    return bytes_make(room, n > 0 ? (size_t)n : 0);
}

static bool tell_request(
    const struct value_place *p, const char *scheme, struct bytes host, uint16_t port)
{
    const struct record_http *http = p->record->body;
    char url[OBSERVE_TEXT_BYTES];
    char port_text[8] = "";
    if (port)
        snprintf(port_text, sizeof port_text, ":%u", (unsigned)port);
    int host_len = host.len > 512 ? 512 : (int)host.len;
    int path_len = http->url.len > 3000 ? 3000 : (int)http->url.len;
    int n = snprintf(url, sizeof url, "%s://%.*s%s%.*s", scheme, host_len, (const char *)host.data,
        port_text, path_len, (const char *)http->url.data);
    return n <= 0 || tell_url(p, bytes_make(url, (size_t)n));
}

// What the client asked for, as it would stand in a browser. The host with the port it names, or
// that of the connection; over TLS that was opened also as https.
static bool tell_http_url(const struct value_place *p)
{
    const struct record_http *http = p->record->body;
    const struct record_head *head = &p->record->head;
    char room[ADDR_TEXT_BYTES + 2];
    if (bytes_find(http->url, BYTES("://")) != BYTES_NOT_FOUND && bytes_at(http->url, 0) != '/')
        return tell_url(p, http->url);
    struct bytes host = host_text(http, head, room);
    uint16_t port = http->has_http_port ? http->http_port : 0;
    if (head->has_dest_port && head->dest_port == 443 && !tell_request(p, "https", host, port))
        return false;
    if (!tell_request(p, "http", host, port))
        return false;
    bool other = head->has_dest_port && head->dest_port != 80 && head->dest_port != 443;
    return port || !other || tell_request(p, "http", host, head->dest_port);
}

// "tcp", "http"; beside the transport the network's "ipv4" or "ipv6", and what the record is of.
static bool tell_protocol(const struct value_place *p, struct bytes text)
{
    uint8_t room[OBSERVE_TEXT_BYTES];
    if (text.len && !tell_text(p, lower_copy(text, room), text))
        return false;
    if (!bytes_equal(p->field->name, BYTES("proto")))
        return true;
    struct bytes net = p->record->head.src_ip.version == 4 ? BYTES("ipv4") : BYTES("ipv6");
    struct bytes app = bytes_from_text(record_type_name(p->record->type));
    if (p->record->type != RECORD_FLOW && !tell_text(p, app, app))
        return false;
    return p->record->head.src_ip.version == 0 || tell_text(p, net, net);
}

static bool tell_any_text(const struct value_place *p, struct bytes text)
{
    uint8_t room[OBSERVE_TEXT_BYTES];
    struct addr addr;
    if (!text.data)
        return true;
    switch (p->observable->how) {
    case HOW_ADDR4:
    case HOW_ADDR6: return !addr_parse(text, &addr) || tell_addr(p, &addr);
    case HOW_NAME_OR_ADDR:
    case HOW_REF_TYPE:
        if (addr_parse(text, &addr))
            return tell_addr(p, &addr);
        if (p->observable->how == HOW_REF_TYPE)
            return tell_text(p, BYTES("domain-name"), text);
        return tell_text(p, host_name(text, room), text);
    case HOW_URL: return p->record->type == RECORD_HTTP ? tell_http_url(p) : tell_url(p, text);
    case HOW_MAIL:
    case HOW_MAIL_NAME: return tell_mails(p, text, p->observable->how == HOW_MAIL_NAME);
    case HOW_FILE_NAME:
    case HOW_FOLDER: return tell_file(p, text);
    case HOW_PROTOCOL: return tell_protocol(p, text);
    default: return tell_text(p, observable_canonical(p->observable->how, text, room), text);
    }
}

static bool tell_hex(const struct value_place *p, struct bytes raw)
{
    char hex[OBSERVE_TEXT_BYTES];
    if (!raw.data)
        return true;
    raw = bytes_sub(raw, 0, sizeof hex / 2);
    hash_hex(raw, hex);
    return tell_any_text(p, bytes_make(hex, 2 * raw.len));
}

static bool tell_number(const struct value_place *p, int64_t number)
{
    char text[24];
    bool hex = p->observable->how == HOW_HEX_NUMBER;
    int n = snprintf(text, sizeof text, hex ? "%02llx" : "%lld", (long long)number);
    struct bytes shown = bytes_make(text, n > 0 ? (size_t)n : 0);
    return tell(p, (struct seen_value){.kind = hex                              ? VALUE_TEXT
                                               : p->observable->how == HOW_TIME ? VALUE_TIME
                                                                                : VALUE_NUMBER,
                       .text = shown,
                       .raw = shown,
                       .number = number});
}

static int64_t number_at(const struct value_place *p)
{
    uint8_t u8;
    uint16_t u16;
    uint32_t u32;
    int64_t i64;
    switch (p->kind) {
    case SHAPE_U8:
    case SHAPE_U8_HEX: memcpy(&u8, p->place, sizeof u8); return u8;
    case SHAPE_U16:
    case SHAPE_U16_HEX: memcpy(&u16, p->place, sizeof u16); return u16;
    case SHAPE_U32: memcpy(&u32, p->place, sizeof u32); return u32;
    default: memcpy(&i64, p->place, sizeof i64); return i64;
    }
}

bool value_tell(const struct value_place *p)
{
    struct bytes text;
    struct addr addr;
    switch (p->kind) {
    case SHAPE_TEXT: memcpy(&text, p->place, sizeof text); return tell_any_text(p, text);
    case SHAPE_HEX:
    case SHAPE_MAC: memcpy(&text, p->place, sizeof text); return tell_hex(p, text);
    case SHAPE_ADDR: memcpy(&addr, p->place, sizeof addr); return tell_addr(p, &addr);
    case SHAPE_TIME:
    case SHAPE_U8:
    case SHAPE_U8_HEX:
    case SHAPE_U16:
    case SHAPE_U16_HEX:
    case SHAPE_U32:
    case SHAPE_U64:
    case SHAPE_I64: return tell_number(p, number_at(p));
    default: return true;
    }
}
