// SPDX-License-Identifier: Apache-2.0
// Is it DNS? Judged by the header's codes, the counts against the length and the first name
// (RFC 1035 section 4.1, RFC 6895). Used by probes and to find back into a TCP stream after a gap.
#include "proto/dns_message.h"

struct header {
    uint16_t flags, counts[4];
};

static bool codes_usual(const struct header *h)
{
    bool response = dns_is_response(h->flags);
    uint8_t opcode = dns_opcode(h->flags), rcode = h->flags & 15;
    bool opcode_known = opcode == 0 || opcode == 4 || opcode == 5; // QUERY, NOTIFY, UPDATE
    if (!opcode_known || h->flags & 0x40 || rcode > 10 || h->counts[0] != 1)
        return false;
    return response || (rcode == 0 && (opcode || !h->counts[1]) && h->counts[3] <= 4);
}

static bool counts_fit(const struct header *h, size_t left)
{
    size_t least = h->counts[0] * 5U;
    least += (h->counts[1] + (size_t)h->counts[2] + h->counts[3]) * 11U;
    return least <= left;
}

static bool label_is_text(struct bytes label)
{
    for (size_t i = 0; i < label.len; i++)
        if (label.data[i] <= 0x20 || label.data[i] >= 0x7f)
            return false;
    return true;
}

// NetBIOS names are 16 bytes written as 32 letters A to P (RFC 1001 section 14.1).
static bool label_is_netbios(struct bytes label)
{
    if (label.len != 32)
        return false;
    for (size_t i = 0; i < label.len; i++)
        if (label.data[i] < 'A' || label.data[i] > 'P')
            return false;
    return true;
}

static enum dns_likely question_likely(struct cursor *in, bool whole, bool strict)
{
    enum dns_likely out_of_bytes = whole ? DNS_UNLIKELY : DNS_UNDECIDED;
    size_t wire = 1;
    bool netbios = false;
    for (uint8_t n = cursor_u8(in); n; n = cursor_u8(in)) {
        if (n >= 0xc0 && !strict) { // odd in a question, but the reader follows it
            cursor_skip(in, 1);
            break;
        }
        struct bytes label = cursor_take(in, n > 63 ? 0 : n);
        wire += n + 1U;
        if (n > 63 || (strict && (wire > DNS_NAME_BYTES || !label_is_text(label))))
            return DNS_UNLIKELY;
        if (!cursor_ok(in))
            return out_of_bytes;
        netbios |= wire == 34 && label_is_netbios(label);
    }
    uint16_t type = cursor_u16(in);
    uint16_t class = cursor_u16(in);
    if (!cursor_ok(in))
        return out_of_bytes;
    if (!type || (netbios && (type == 0x20 || type == 0x21)))
        return DNS_UNLIKELY;
    bool class_known = class == 1 || class == 3 || class == 4 || class == 254 || class == 255;
    return class_known || !strict ? DNS_LIKELY : DNS_UNLIKELY;
}

enum dns_likely dns_message_likely(struct bytes data, bool whole, bool strict, bool *response)
{
    struct cursor in = cursor_make(data);
    cursor_u16(&in);
    struct header h = {.flags = cursor_u16(&in)};
    for (size_t i = 0; i < 4; i++)
        h.counts[i] = cursor_u16(&in);
    if (!cursor_ok(&in))
        return whole ? DNS_UNLIKELY : DNS_UNDECIDED;
    *response = dns_is_response(h.flags);
    if (strict && !codes_usual(&h))
        return DNS_UNLIKELY;
    if (whole && !(h.flags & 0x200) && !counts_fit(&h, cursor_left(&in)))
        return DNS_UNLIKELY;
    if (h.counts[0])
        return question_likely(&in, whole, strict);
    // Without a question: an error that repeats nothing, answers alone (a transfer continued), or
    // an inverse query, which asks with an answer (RFC 1035 section 6.4).
    bool stands =
        *response ? (h.flags & 15) || h.counts[1] : dns_opcode(h.flags) == 1 && h.counts[1];
    return stands ? DNS_LIKELY : DNS_UNLIKELY;
}
