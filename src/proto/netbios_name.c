// SPDX-License-Identifier: Apache-2.0
// NetBIOS names; see netbios_name.h. At most one pointer is followed: none stands behind one.
#include "proto/netbios_name.h"
#include "proto/text_keep.h"
#include "proto/text_out.h"

bool netbios_label_is(struct bytes label)
{
    if (label.len != NETBIOS_LABEL_BYTES)
        return false;
    for (size_t i = 0; i < label.len; i++)
        if (label.data[i] < 'A' || label.data[i] > 'P')
            return false;
    return true;
}

static const char *service_of(uint8_t suffix)
{
    static const struct {
        uint8_t suffix;
        const char *name;
    } known[] = {
        {0x00, "workstation"},
        {0x01, "messenger"},
        {0x03, "messenger"},
        {0x06, "ras_server"},
        {0x1b, "domain_master_browser"},
        {0x1c, "domain_controllers"},
        {0x1d, "master_browser"},
        {0x1e, "browser_elections"},
        {0x1f, "netdde"},
        {0x20, "file_server"},
        {0x21, "ras_client"},
        {0xbe, "network_monitor_agent"},
        {0xbf, "network_monitor"},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].suffix == suffix)
            return known[i].name;
    return NULL;
}

void netbios_name_take(struct netbios_name *out, struct bytes raw, struct arena *arena)
{
    size_t len = raw.len < NETBIOS_NAME_BYTES - 1 ? raw.len : NETBIOS_NAME_BYTES - 1;
    while (len > 0 && (raw.data[len - 1] == ' ' || raw.data[len - 1] == 0))
        len--;
    out->name = text_keep(arena, bytes_make(raw.data, len), NETBIOS_NAME_BYTES);
    out->suffix = bytes_at(raw, NETBIOS_NAME_BYTES - 1);
    out->service = service_of(out->suffix);
}

static void scope_read(struct netbios_name *out, struct cursor *in, struct arena *arena)
{
    char room[NETBIOS_SCOPE_BYTES];
    struct text_out scope = TEXT_OUT(room);
    for (uint8_t n = cursor_u8(in); n; n = cursor_u8(in)) {
        if (n > 63)
            cursor_fail(in);
        if (scope.len)
            text_out_char(&scope, '.');
        text_out_put(&scope, cursor_take(in, n));
        if (scope.cut)
            cursor_fail(in);
    }
    if (scope.len && cursor_ok(in))
        out->scope = text_out_keep(&scope, arena);
}

bool netbios_name_read(struct netbios_name *out, struct cursor *in, struct arena *arena)
{
    uint8_t raw[NETBIOS_NAME_BYTES];
    struct cursor *at = in, pointed = *in;
    uint8_t n = cursor_u8(in);
    *out = (struct netbios_name){0};
    if (n >= 0xc0) {
        cursor_seek(&pointed, (size_t)(n & 0x3f) << 8 | cursor_u8(in));
        at = &pointed;
        n = cursor_u8(at);
    }
    struct bytes label = cursor_take(at, n);
    if (!netbios_label_is(label)) {
        cursor_fail(in);
        return false;
    }
    for (size_t i = 0; i < sizeof raw; i++)
        raw[i] = (uint8_t)((label.data[2 * i] - 'A') << 4 | (label.data[2 * i + 1] - 'A'));
    netbios_name_take(out, bytes_make(raw, sizeof raw), arena);
    scope_read(out, at, arena);
    if (!cursor_ok(at))
        cursor_fail(in);
    return cursor_ok(in);
}
