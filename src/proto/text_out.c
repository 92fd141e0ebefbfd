// SPDX-License-Identifier: Apache-2.0
// Bounded text for parsers; see text_out.h.
#include "proto/text_out.h"
#include "proto/proto.h"

void text_out_put(struct text_out *out, struct bytes b)
{
    size_t fits = out->room - out->len;
    if (b.len > fits) {
        out->cut = true;
        b.len = fits;
    }
    if (b.len)
        memcpy(&out->data[out->len], b.data, b.len);
    out->len += b.len;
}

void text_out_text(struct text_out *out, const char *text)
{
    text_out_put(out, bytes_from_text(text));
}

void text_out_u64(struct text_out *out, uint64_t v)
{
    char digits[20];
    size_t at = sizeof digits;
    do
        digits[--at] = (char)('0' + v % 10);
    while (v /= 10);
    text_out_put(out, bytes_make(&digits[at], sizeof digits - at));
}

void text_out_addr(struct text_out *out, const struct addr *a)
{
    char text[ADDR_TEXT_BYTES];
    text_out_put(out, bytes_make(text, addr_write(a, text)));
}

static const char hex_digits[16] = "0123456789abcdef";

void text_out_hex(struct text_out *out, struct bytes b)
{
    for (size_t i = 0; i < b.len && !out->cut; i++) {
        text_out_char(out, hex_digits[b.data[i] >> 4]);
        text_out_char(out, hex_digits[b.data[i] & 15]);
    }
}

void text_out_mac(struct text_out *out, struct bytes b)
{
    for (size_t i = 0; i < b.len && !out->cut; i++) {
        if (i)
            text_out_char(out, ':');
        text_out_hex(out, bytes_sub(b, i, 1));
    }
}

// Groups of `bits` bits, most significant first, as characters of `alphabet`.
static size_t put_groups(struct text_out *out, struct bytes b, unsigned bits, const char *alphabet)
{
    uint32_t held = 0;
    unsigned have = 0;
    size_t written = 0;
    for (size_t i = 0; i < b.len && !out->cut; i++) {
        held = held << 8 | b.data[i];
        for (have += 8; have >= bits; written++) {
            have -= bits;
            text_out_char(out, alphabet[held >> have & ((1U << bits) - 1)]);
        }
        held &= (1U << have) - 1;
    }
    if (have) {
        text_out_char(out, alphabet[held << (bits - have) & ((1U << bits) - 1)]);
        written++;
    }
    return written;
}

void text_out_base64(struct text_out *out, struct bytes b)
{
    size_t written =
        put_groups(out, b, 6, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
    for (; written % 4 && !out->cut; written++)
        text_out_char(out, '=');
}

void text_out_base32hex(struct text_out *out, struct bytes b)
{
    put_groups(out, b, 5, "0123456789ABCDEFGHIJKLMNOPQRSTUV");
}

struct bytes text_out_keep(const struct text_out *out, struct arena *arena)
{
    static const uint8_t nothing;
    if (!out->len) // there, and empty: not the same as not there
        return (struct bytes){&nothing, 0};
    return arena_copy(arena, text_out_bytes(out));
}

bool proto_is_text(struct bytes data)
{
    for (size_t i = 0; i < data.len; i++) {
        uint8_t c = data.data[i];
        if (c < 0x20 ? c != '\t' && c != '\r' && c != '\n' : c > 0x7e)
            return false;
    }
    return data.len > 0;
}
