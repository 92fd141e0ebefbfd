// SPDX-License-Identifier: Apache-2.0
// Says what an input is that is not a capture, by its first bytes, so that people see which file
// they took by mistake; and the names of link types.
#include "capture/internal.h"

struct guess {
    struct bytes magic;
    enum text_id kind;
};

static const struct guess guesses[] = {
    {{(const uint8_t *)"\x1f\x8b", 2}, TEXT_KIND_GZIP},
    {{(const uint8_t *)"\x28\xb5\x2f\xfd", 4}, TEXT_KIND_ZSTD},
    {{(const uint8_t *)"\xfd"
                       "7zXZ",
         5},
        TEXT_KIND_XZ},
    {{(const uint8_t *)"BZh", 3}, TEXT_KIND_BZIP2},
    {{(const uint8_t *)"\x04\x22\x4d\x18", 4}, TEXT_KIND_LZ4},
    {{(const uint8_t *)"7z\xbc\xaf", 4}, TEXT_KIND_7Z},
    {{(const uint8_t *)"PK\x03\x04", 4}, TEXT_KIND_ZIP},
    {{(const uint8_t *)"Rar!", 4}, TEXT_KIND_RAR},
    {{(const uint8_t *)"snoop\0\0\0", 8}, TEXT_KIND_SNOOP},
    {{(const uint8_t *)"GMBU", 4}, TEXT_KIND_NETMON},
    {{(const uint8_t *)"RTSS", 4}, TEXT_KIND_NETMON},
    {{(const uint8_t *)"\xac\x01\x00\x1c", 4}, TEXT_KIND_IXIA},
    {{(const uint8_t *)"\xab\x01\x00\x1c", 4}, TEXT_KIND_IXIA},
    {{(const uint8_t *)"TRSNIFF data", 12}, TEXT_KIND_SNIFFER},
    {{(const uint8_t *)"\x7f"
                       "ELF",
         4},
        TEXT_KIND_ELF},
    {{(const uint8_t *)"MZ", 2}, TEXT_KIND_EXE},
    {{(const uint8_t *)"%PDF-", 5}, TEXT_KIND_PDF},
    {{(const uint8_t *)"\x89PNG", 4}, TEXT_KIND_PNG},
    {{(const uint8_t *)"\xff\xd8\xff", 3}, TEXT_KIND_JPEG},
    {{(const uint8_t *)"SQLite format 3", 15}, TEXT_KIND_SQLITE},
    {{(const uint8_t *)"ElfFile", 7}, TEXT_KIND_EVTX},
    {{(const uint8_t *)"\x0a\x0d\x0d\x0a", 4}, TEXT_KIND_PCAPNG_START},
};

static bool guess_capture_start(struct bytes b)
{
    static const char magics[][4] = {"\xd4\xc3\xb2\xa1", "\xa1\xb2\xc3\xd4", "\x4d\x3c\xb2\xa1",
        "\xa1\xb2\x3c\x4d", "\x34\xcd\xb2\xa1", "\xa1\xb2\xcd\x34"};
    for (size_t i = 0; i < sizeof magics / sizeof *magics; i++)
        if (bytes_start_with(b, bytes_make(magics[i], 4)))
            return true;
    return false;
}

// No control characters but those of lines; bytes of 0x80 and up may be any encoding.
static bool guess_text(struct bytes b)
{
    for (size_t i = 0; i < b.len; i++) {
        uint8_t c = bytes_at(b, i);
        if (c == 0x7f || (c < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != '\f'))
            return false;
    }
    return true;
}

static bool guess_zero(struct bytes b)
{
    size_t i = 0;
    while (i < b.len && bytes_at(b, i) == 0)
        i++;
    return i == b.len;
}

enum text_id guess_kind(struct bytes b)
{
    b = bytes_sub(b, 0, SNIFF_BYTES);
    if (b.len == 0)
        return TEXT_KIND_NOTHING;
    if (guess_capture_start(b))
        return TEXT_KIND_PCAP_START;
    for (size_t i = 0; i < sizeof guesses / sizeof *guesses; i++)
        if (bytes_start_with(b, guesses[i].magic))
            return guesses[i].kind;
    if (guess_zero(b))
        return TEXT_KIND_ZEROS;
    bool json = bytes_at(b, 0) == '{' || bytes_at(b, 0) == '[';
    if (guess_text(b))
        return json ? TEXT_KIND_JSON : TEXT_KIND_TEXT;
    return TEXT_KIND_UNKNOWN;
}

// Of links that are seldom what somebody meant to capture (numbers: the pcap registry).
static const char *odd_link_name(uint16_t link)
{
    switch (link) {
    case 6: return "Token Ring";
    case 10: return "FDDI";
    case 104: return "Cisco HDLC";
    case 187:
    case 201: return "Bluetooth";
    case 189:
    case 220:
    case 249: return "USB";
    case 195:
    case 230: return "802.15.4";
    case 227: return "CAN";
    case 239: return "NFLOG";
    case 253: return "Netlink";
    default: return NULL;
    }
}

const char *capture_link_name(uint16_t link)
{
    switch (link) {
    case LINK_NULL:
    case LINK_LOOP: return "BSD loopback";
    case LINK_ETHERNET: return "Ethernet";
    case LINK_PPP:
    case LINK_PPP_HDLC: return "PPP";
    case LINK_PPP_ETHER: return "PPPoE";
    case LINK_RAW_BSD:
    case LINK_RAW_OPENBSD:
    case LINK_RAW: return "raw IP";
    case LINK_IPV4: return "raw IPv4";
    case LINK_IPV6: return "raw IPv6";
    case LINK_IEEE802_11: return "802.11";
    case LINK_RADIOTAP: return "802.11 with radiotap";
    case LINK_LINUX_SLL: return "Linux cooked";
    case LINK_LINUX_SLL2: return "Linux cooked v2";
    default: return odd_link_name(link);
    }
}

enum { DLT_RAW = 12 }; // what libpcap makes of LINKTYPE_RAW on Linux

struct capture_dlt capture_link_dlt(uint16_t link)
{
    switch (link) {
    case LINK_NULL: return (struct capture_dlt){link, "NULL"};
    case LINK_ETHERNET: return (struct capture_dlt){link, "EN10MB"};
    case LINK_PPP: return (struct capture_dlt){link, "PPP"};
    case LINK_PPP_HDLC: return (struct capture_dlt){link, "PPP_SERIAL"};
    case LINK_PPP_ETHER: return (struct capture_dlt){link, "PPP_ETHER"};
    case LINK_RAW_BSD:
    case LINK_RAW_OPENBSD:
    case LINK_RAW: return (struct capture_dlt){DLT_RAW, "RAW"};
    case 104: return (struct capture_dlt){link, "C_HDLC"};
    case LINK_IEEE802_11: return (struct capture_dlt){link, "IEEE802_11"};
    case LINK_LOOP: return (struct capture_dlt){link, "LOOP"};
    case LINK_LINUX_SLL: return (struct capture_dlt){link, "LINUX_SLL"};
    case LINK_RADIOTAP: return (struct capture_dlt){link, "IEEE802_11_RADIO"};
    case LINK_IPV4: return (struct capture_dlt){link, "IPv4"};
    case LINK_IPV6: return (struct capture_dlt){link, "IPv6"};
    case LINK_LINUX_SLL2: return (struct capture_dlt){link, "LINUX_SLL2"};
    default: return (struct capture_dlt){link, NULL};
    }
}
