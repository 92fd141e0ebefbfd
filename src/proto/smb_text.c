// SPDX-License-Identifier: Apache-2.0
// Texts of SMB: GUIDs as EVE writes them, numbers, names in UTF-16 or in the server's code page.
#include "proto/smb.h"
#include "proto/text_out.h"
#include "proto/utf16.h"
#include <inttypes.h>
#include <stdio.h>

static void put_le(struct text_out *out, struct bytes b)
{
    for (size_t i = b.len; i > 0; i--)
        text_out_hex(out, bytes_sub(b, i - 1, 1));
}

// Little-endian throughout, the last six bytes as 16 and 32 bits: how EVE has them.
struct bytes smb_text_guid(struct arena *arena, struct bytes guid)
{
    static const struct {
        uint8_t at, len;
        bool dash;
    } parts[] = {
        {0, 4, false}, {4, 2, true}, {6, 2, true}, {8, 2, true}, {10, 2, true}, {12, 4, false}};
    if (guid.len < SMB_FID_BYTES)
        return (struct bytes){NULL, 0};
    char room[40];
    struct text_out out = TEXT_OUT(room);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (parts[i].dash)
            text_out_char(&out, '-');
        put_le(&out, bytes_sub(guid, parts[i].at, parts[i].len));
    }
    return text_out_keep(&out, arena);
}

struct bytes smb_text_hex(struct arena *arena, const char *prefix, uint64_t v, int digits)
{
    char room[40];
    int len = snprintf(room, sizeof room, "%s%0*" PRIx64, prefix, digits, v);
    return arena_copy(arena, bytes_make(room, len > 0 ? (size_t)len : 0));
}

static struct bytes cut(struct proto_flow *pf, struct bytes text)
{
    if (text.len > SMB_NAME_BYTES)
        proto_anomaly(pf, ANOMALY_SMB_NAME_TOO_LONG);
    return bytes_sub(text, 0, SMB_NAME_BYTES);
}

struct bytes smb_text_utf16(struct proto_flow *pf, struct arena *arena, struct bytes text)
{
    struct bytes out = utf16le_text_until_nul(arena, cut(pf, text));
    if (!out.data)
        proto_anomaly(pf, ANOMALY_SMB_OUT_OF_BUDGET);
    return out;
}

struct bytes smb_text_oem(struct proto_flow *pf, struct arena *arena, struct bytes text)
{
    text = bytes_sub(text, 0, bytes_find_byte(text, 0));
    return smb_keep(pf, arena, cut(pf, text));
}

int64_t smb_time(uint64_t filetime)
{
    enum { EPOCH_S = 11'644'473'600 / 100 }; // of 100 s: fits an int
    const uint64_t epoch_us = (uint64_t)EPOCH_S * 100 * 1'000'000;
    uint64_t us = filetime / 10;
    return us > epoch_us && us < (uint64_t)INT64_MAX / 4 ? (int64_t)(us - epoch_us) : 0;
}
