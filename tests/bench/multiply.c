// SPDX-License-Identifier: Apache-2.0
// multiply OUT BYTES FILE...: one Ethernet capture of about BYTES from many small ones, each copied
// as often as needed with other addresses, packets of all of them interleaved. Checksums are kept
// right by the incremental update of RFC 1624. For make bench where no larger mix is at hand.
#include <pcap/pcap.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TALKS = 64, PACKET_MOST = 65535, START_S = 1'795'248'000 };

struct one {
    uint32_t size;
    uint8_t *data;
};

struct file {
    struct one *packets;
    size_t count;
};

static uint16_t read16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static void write16(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

// RFC 1624, equation 3: HC' = ~(~HC + ~m + m').
static void adjust(uint8_t *sum, uint16_t before, uint16_t after)
{
    uint32_t total = (uint32_t)(uint16_t)~read16(sum) + (uint16_t)~before + after;
    total = (total & 0xffff) + (total >> 16);
    total = (total & 0xffff) + (total >> 16);
    write16(sum, (uint16_t)~total);
}

static void change_word(uint8_t *word, uint16_t mask, uint8_t *ip_sum, uint8_t *transport_sum)
{
    uint16_t before = read16(word), after = before ^ mask;
    write16(word, after);
    if (ip_sum)
        adjust(ip_sum, before, after);
    if (transport_sum)
        adjust(transport_sum, before, after);
}

static uint8_t *transport_sum(uint8_t *at, uint8_t *end, uint8_t proto)
{
    size_t offset = proto == 6 ? 16 : proto == 17 ? 6 : proto == 58 ? 2 : 0;
    if (!offset || at + offset + 2 > end || (proto == 17 && read16(at + 6) == 0))
        return NULL;
    return at + offset;
}

static void change_ip4(uint8_t *ip, uint8_t *end, uint16_t mask)
{
    size_t head = (size_t)(ip[0] & 15) * 4;
    if (head < 20 || ip + head > end)
        return;
    bool first = (read16(ip + 6) & 0x1fff) == 0;
    uint8_t *sum = first ? transport_sum(ip + head, end, ip[9]) : NULL;
    for (size_t at = 12; at <= 16; at += 4)
        if (ip[at] > 0 && ip[at] < 224) // group addresses and 0.0.0.0 stay what they are
            change_word(ip + at + 2, mask, ip + 10, sum);
}

static void change_ip6(uint8_t *ip, uint8_t *end, uint16_t mask)
{
    uint8_t *sum = transport_sum(ip + 40, end, ip[6]);
    for (size_t at = 8; at <= 24; at += 16)
        if (ip[at] != 0xff && ip[at] != 0)
            change_word(ip + at + 6, mask, NULL, sum);
}

static void change_addresses(uint8_t *data, size_t size, uint16_t mask)
{
    size_t at = 12;
    while (at + 4 <= size && (read16(data + at) == 0x8100 || read16(data + at) == 0x88a8))
        at += 4;
    if (at + 2 + 40 > size)
        return;
    uint16_t kind = read16(data + at);
    if (kind == 0x0800)
        change_ip4(data + at + 2, data + size, mask);
    else if (kind == 0x86dd)
        change_ip6(data + at + 2, data + size, mask);
}

static bool load(const char *path, struct file *file)
{
    char error[PCAP_ERRBUF_SIZE];
    pcap_t *in = pcap_open_offline(path, error);
    if (!in || pcap_datalink(in) != DLT_EN10MB)
        return false;
    struct pcap_pkthdr *head;
    const u_char *data;
    while (pcap_next_ex(in, &head, &data) == 1) {
        if (head->caplen < 14 || head->caplen > PACKET_MOST)
            continue;
        file->packets = realloc(file->packets, (file->count + 1) * sizeof *file->packets);
        struct one one = {head->caplen, malloc(head->caplen)};
        if (!file->packets || !one.data)
            exit(1);
        memcpy(one.data, data, head->caplen);
        file->packets[file->count++] = one;
    }
    pcap_close(in);
    return file->count > 0;
}

// The next packet of one talk: file `talk.file` with the addresses of its copy.
struct talk {
    size_t file, at;
    uint16_t mask;
};

int main(int argc, char **argv)
{
    if (argc < 4)
        return fprintf(stderr, "usage: multiply OUT BYTES FILE...\n"), 2;
    struct file *files = calloc((size_t)argc, sizeof *files);
    size_t count = 0;
    for (int i = 3; i < argc; i++)
        count += load(argv[i], &files[count]);
    pcap_t *dead = pcap_open_dead(DLT_EN10MB, PACKET_MOST);
    pcap_dumper_t *out = count ? pcap_dump_open(dead, argv[1]) : NULL;
    if (!out)
        return fprintf(stderr, "multiply: no Ethernet capture, or %s cannot be written\n", argv[1]),
               1;
    uint64_t want = strtoull(argv[2], NULL, 10), bytes = 0, packets = 0, begun = TALKS;
    struct talk talks[TALKS];
    for (size_t i = 0; i < TALKS; i++)
        talks[i] = (struct talk){i % count, 0, (uint16_t)(i / count * 0x9e37)};
    static uint8_t copy[PACKET_MOST];
    while (bytes < want) {
        struct talk *talk = &talks[packets % TALKS];
        const struct one *one = &files[talk->file].packets[talk->at];
        memcpy(copy, one->data, one->size);
        change_addresses(copy, one->size, talk->mask);
        struct pcap_pkthdr head = {
            {START_S + (long)(packets / 5000), (long)(packets % 5000) * 200}, one->size, one->size};
        pcap_dump((u_char *)out, &head, copy);
        bytes += one->size + 16;
        packets++;
        if (++talk->at == files[talk->file].count) {
            *talk = (struct talk){begun % count, 0, (uint16_t)(begun / count * 0x9e37)};
            begun++;
        }
    }
    pcap_dump_close(out);
    fprintf(stderr, "%llu packets, %llu bytes from %zu captures\n", (unsigned long long)packets,
        (unsigned long long)bytes, count);
    return 0;
}
