// SPDX-License-Identifier: Apache-2.0
// Reads ClientHello and ServerHello: RFC 5246 7.4.1, RFC 8446 4.1, extensions of RFC 6066 (SNI),
// 7301 (ALPN), 8422 (groups, point formats), 5077 (tickets), 9001 (QUIC), 9849 (ECH).
// Broken contents of an extension make that extension absent; a broken frame is no hello.
#include "proto/tls_hello.h"

enum {
    EXT_SERVER_NAME = 0,
    EXT_GROUPS = 10,
    EXT_POINT_FORMATS = 11,
    EXT_SIGNATURE_ALGORITHMS = 13,
    EXT_ALPN = 16,
    EXT_SESSION_TICKET = 35,
    EXT_PRE_SHARED_KEY = 41,
    EXT_EARLY_DATA = 42,
    EXT_SUPPORTED_VERSIONS = 43,
    EXT_KEY_SHARE = 51,
    EXT_QUIC_PARAMETERS = 57,
    EXT_ECH = 0xfe0d,
    EXT_QUIC_PARAMETERS_DRAFT = 0xffa5,
};

static void server_name_read(struct cursor c, struct tls_hello *out)
{
    out->has_sni = true;
    struct cursor list = cursor_sub(&c, cursor_u16(&c));
    while (cursor_left(&list) > 0) {
        uint8_t type = cursor_u8(&list);
        struct bytes name = cursor_take(&list, cursor_u16(&list));
        if (cursor_ok(&list) && type == 0 && !out->sni.data && name.len > 0)
            out->sni = name;
    }
}

static struct bytes list16_read(struct cursor c)
{
    return cursor_take(&c, cursor_u16(&c));
}

static struct bytes list8_read(struct cursor c)
{
    return cursor_take(&c, cursor_u8(&c));
}

static void extension_read(uint16_t type, struct bytes data, bool client, struct tls_hello *out)
{
    struct cursor c = cursor_make(data);
    switch (type) {
    case EXT_SERVER_NAME: server_name_read(c, out); break;
    case EXT_GROUPS: out->groups = list16_read(c); break;
    case EXT_POINT_FORMATS: out->point_formats = list8_read(c); break;
    case EXT_SIGNATURE_ALGORITHMS: out->signature_algorithms = list16_read(c); break;
    case EXT_ALPN: out->alpn = list16_read(c); break;
    case EXT_SESSION_TICKET: out->ticket = data.len > 0; break;
    case EXT_PRE_SHARED_KEY: out->psk = true; break;
    case EXT_EARLY_DATA: out->early_data = true; break;
    case EXT_SUPPORTED_VERSIONS:
        if (client)
            out->versions = list8_read(c);
        else
            out->selected_version = cursor_u16(&c);
        break;
    case EXT_KEY_SHARE: out->selected_group = client ? 0 : cursor_u16(&c); break;
    case EXT_QUIC_PARAMETERS:
    case EXT_QUIC_PARAMETERS_DRAFT: out->quic_parameters = data; break;
    case EXT_ECH: out->ech = true; break;
    default: break;
    }
}

// The list may be missing altogether (SSLv3, TLS 1.0). False: it is there and broken.
static bool extensions_read(struct cursor *c, bool client, struct tls_hello *out)
{
    if (cursor_left(c) == 0)
        return cursor_ok(c);
    out->extensions = cursor_take(c, cursor_u16(c));
    struct cursor list = cursor_make(out->extensions);
    while (cursor_left(&list) > 0) {
        uint16_t type = cursor_u16(&list);
        struct bytes data = cursor_take(&list, cursor_u16(&list));
        if (!cursor_ok(&list))
            return false;
        extension_read(type, data, client, out);
        out->extension_count++;
    }
    return cursor_ok(c);
}

bool tls_hello_client(struct bytes body, enum tls_hello_form form, struct tls_hello *out)
{
    memset(out, 0, sizeof *out);
    struct cursor c = cursor_make(body);
    out->version = cursor_u16(&c);
    out->random = cursor_take(&c, 32);
    out->session_id = cursor_take(&c, cursor_u8(&c));
    if (form == HELLO_DTLS)
        cursor_skip(&c, cursor_u8(&c));
    out->ciphers = cursor_take(&c, cursor_u16(&c));
    cursor_skip(&c, cursor_u8(&c));
    if (!cursor_ok(&c) || out->session_id.len > 32 || out->ciphers.len % 2 != 0)
        return false;
    bool whole = extensions_read(&c, true, out);
    out->too_long = out->ciphers.len > 2 * TLS_HELLO_LIST_MAX ||
                    out->extension_count > TLS_HELLO_LIST_MAX ||
                    out->groups.len > 2 * TLS_HELLO_LIST_MAX ||
                    out->signature_algorithms.len > 2 * TLS_HELLO_LIST_MAX;
    return whole;
}

bool tls_hello_server(struct bytes body, struct tls_hello *out)
{
    memset(out, 0, sizeof *out);
    struct cursor c = cursor_make(body);
    out->version = cursor_u16(&c);
    out->random = cursor_take(&c, 32);
    // Drafts 18 to 21 of TLS 1.3 had neither session id nor compression here.
    bool draft = out->version >> 8 == 0x7f && (out->version & 0xff) <= 21;
    if (!draft)
        out->session_id = cursor_take(&c, cursor_u8(&c));
    out->cipher = cursor_u16(&c);
    if (!draft)
        cursor_skip(&c, 1);
    if (!cursor_ok(&c) || out->session_id.len > 32)
        return false;
    bool whole = extensions_read(&c, false, out);
    out->too_long = out->extension_count > TLS_HELLO_LIST_MAX;
    return whole;
}

static uint16_t highest_offered(struct bytes versions)
{
    struct cursor c = cursor_make(versions);
    uint16_t highest = 0;
    while (cursor_left(&c) >= 2) {
        uint16_t version = cursor_u16(&c);
        // DTLS counts downwards from 0xfeff.
        bool newer =
            highest >> 8 == 0xfe ? version >> 8 == 0xfe && version < highest : version > highest;
        if (!tls_is_grease(version) && newer)
            highest = version;
    }
    return highest;
}

uint16_t tls_hello_version(const struct tls_hello *hello)
{
    if (hello->selected_version)
        return hello->selected_version;
    uint16_t offered = highest_offered(hello->versions);
    return offered ? offered : hello->version;
}

bool tls_hello_is_retry(const struct tls_hello *server)
{
    static const char mark[] = "\xcf\x21\xad\x74\xe5\x9a\x61\x11\xbe\x1d\x8c\x02\x1e\x65\xb8\x91"
                               "\xc2\xa2\x11\x16\x7a\xbb\x8c\x5e\x07\x9e\x09\xe2\xc8\xa8\x33\x9c";
    return bytes_equal(server->random, bytes_make(mark, 32));
}
