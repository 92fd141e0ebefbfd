// SPDX-License-Identifier: Apache-2.0
// IPsec ESP (RFC 4303), as IP protocol 50 and in UDP (RFC 3948), and AH (RFC 4302) are named; there
// is nothing in them to read. In UDP port 4500 must be one end and the sequence number young.
#include "proto/proto.h"

enum { ESP_PORT = 4500, ESP_BYTES = 24, ESP_RESERVED = 255 };

static enum proto_probe esp_probe(const struct proto_first *first)
{
    if (first->carrier == OVER_IP)
        return first->ip_proto == PROTO_ESP || first->ip_proto == PROTO_AH ? PROBE_EITHER
                                                                           : PROBE_NO;
    struct cursor in = cursor_make(first->data);
    uint32_t spi = cursor_u32(&in), sequence = cursor_u32(&in);
    bool port = first->src_port == ESP_PORT || first->dst_port == ESP_PORT;
    return port && first->data.len >= ESP_BYTES && first->data.len % 4 == 0 && spi > ESP_RESERVED &&
                   sequence > 0 && sequence < 1U << 24
               ? PROBE_EITHER
               : PROBE_NO;
}

static enum proto_verdict esp_parse(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    (void)pf, (void)side, (void)in;
    return PROTO_DONE;
}

const struct proto proto_esp = {
    .name = "esp",
    .carriers = OVER_IP | OVER_UDP,
    .probe = esp_probe,
    .parse = esp_parse,
};
