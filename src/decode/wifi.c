// SPDX-License-Identifier: Apache-2.0
// IEEE 802.11 data frames (802.11-2020, 9.3.2), with the radiotap header (radiotap.org) before
// them. Of an A-MSDU the first subframe is read. Management and control frames are DECODE_OTHER,
// frames whose body is encrypted DECODE_PROTECTED.
#include "decode/internal.h"

enum {
    WIFI_TO_DS = 0x01,
    WIFI_FROM_DS = 0x02,
    WIFI_PROTECTED = 0x40,
    WIFI_ORDER = 0x80,
    WIFI_SUBTYPE_NULL = 0x4, // carries no data
    WIFI_SUBTYPE_QOS = 0x8,
    WIFI_QOS_AMSDU = 0x80,
    RADIOTAP_TSFT = 0x01,
    RADIOTAP_FLAGS = 0x02,
    RADIOTAP_FLAG_PADDED = 0x20, // header padded to four bytes
    RADIOTAP_WORDS = 8,          // of the presence bitmap
};

static uint32_t load32le(const uint8_t *at)
{
    return __builtin_bswap32(load32(at));
}

// Flags of radiotap, 0 where there are none. h holds `size` bytes, eight at least.
static uint8_t radiotap_flags(const uint8_t *h, size_t size)
{
    uint32_t present = load32le(h + 4);
    size_t at = 8;
    uint32_t word = present;
    for (unsigned i = 1; word >> 31 && i < RADIOTAP_WORDS; i++, at += 4) {
        if (at + 4 > size)
            return 0;
        word = load32le(h + at);
    }
    if (!(present & RADIOTAP_FLAGS))
        return 0;
    if (present & RADIOTAP_TSFT)
        at = ((at + 7) & ~(size_t)7) + 8;
    return at < size ? h[at] : 0;
}

enum step decode_radiotap(struct dissect *d)
{
    if (!dissect_need(d, 8, ANOMALY_IEEE80211_PKT_TOO_SMALL))
        return STEP_DONE;
    const uint8_t *h = d->at;
    size_t size = (size_t)(h[2] | h[3] << 8);
    if (h[0] != 0 || size < 8) {
        dissect_raise(d, ANOMALY_IEEE80211_RADIOTAP_INVALID);
        return STEP_DONE;
    }
    if (!dissect_need(d, size, ANOMALY_IEEE80211_PKT_TOO_SMALL))
        return STEP_DONE;
    bool padded = radiotap_flags(h, size) & RADIOTAP_FLAG_PADDED;
    dissect_skip(d, size);
    return decode_ieee80211(d, padded);
}

// Which address is whose depends on the direction through the distribution system (table 9-30).
static void wifi_addresses(struct decoded *out, const uint8_t *h, uint8_t flags)
{
    static const uint8_t dst_at[4] = {4, 16, 4, 16}, src_at[4] = {10, 10, 16, 24};
    out->dst_mac = h + dst_at[flags & 3];
    out->src_mac = h + src_at[flags & 3];
}

static size_t wifi_header_bytes(uint8_t subtype, uint8_t flags, bool padded)
{
    size_t size = (flags & 3) == (WIFI_TO_DS | WIFI_FROM_DS) ? 30 : 24;
    if (subtype & WIFI_SUBTYPE_QOS)
        size += flags & WIFI_ORDER ? 6 : 2; // QoS control; HT control
    return padded ? (size + 3) & ~(size_t)3 : size;
}

enum step decode_ieee80211(struct dissect *d, bool padded)
{
    if (!dissect_need(d, 2, ANOMALY_IEEE80211_PKT_TOO_SMALL))
        return STEP_DONE;
    const uint8_t *h = d->at;
    uint8_t control = h[0], flags = h[1];
    if (d->strict && (control & 0x0f) != 0x08 && (flags & 0x0f) == 0x08) {
        control = h[1]; // Cisco's CAPWAP swaps the two
        flags = h[0];
    }
    uint8_t subtype = control >> 4;
    if ((control & 0x0f) != 0x08 || (subtype & WIFI_SUBTYPE_NULL)) // version 0, type data
        return dissect_nothing(d, DECODE_OTHER);
    size_t size = wifi_header_bytes(subtype, flags, padded);
    if (!dissect_need(d, size, ANOMALY_IEEE80211_PKT_TOO_SMALL))
        return STEP_DONE;
    wifi_addresses(d->out, h, flags);
    size_t qos_at = (flags & 3) == 3 ? 30 : 24;
    bool amsdu = (subtype & WIFI_SUBTYPE_QOS) && (h[qos_at] & WIFI_QOS_AMSDU);
    dissect_skip(d, size);
    if (flags & WIFI_PROTECTED)
        return dissect_nothing(d, DECODE_PROTECTED);
    if (amsdu) { // destination, source and length of the first subframe
        if (!dissect_need(d, 14, ANOMALY_IEEE80211_PKT_TOO_SMALL))
            return STEP_DONE;
        uint16_t length = load16(d->at + 12);
        dissect_skip(d, 14);
        dissect_cut(d, length);
    }
    return decode_llc(d);
}
