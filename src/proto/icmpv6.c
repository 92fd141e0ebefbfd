// SPDX-License-Identifier: Apache-2.0
// ICMPv6 (RFC 4443) and what runs over it: neighbour and router discovery (RFC 4861), multicast
// listeners (RFC 2710, 3810). The same records as ICMP's, by the same code (icmp.c); a name of its
// own, as other tools give it.
#include "proto/icmp_message.h"

static enum proto_probe icmpv6_probe(const struct proto_first *first)
{
    return first->ip_proto == PROTO_ICMPV6 ? PROBE_EITHER : PROBE_NO;
}

const struct proto proto_icmpv6 = {
    .name = "icmpv6",
    .carriers = OVER_ICMP,
    .state_bytes = ICMP_STATE_BYTES,
    .probe = icmpv6_probe,
    .parse = icmp_parse,
    .finish = icmp_finish,
};
