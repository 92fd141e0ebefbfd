// SPDX-License-Identifier: Apache-2.0
// nDPI names the flows no parser claims, from their first packets (libndpi 4.2).
// Names rest on content: its list of address ranges is emptied, which also saves its look-ups.
// Its caches between flows are emptied after each use: what it says of a flow then depends on that
// flow alone, and so is the same for any number of workers.
#include "base/alloc.h"
#include "proto/engine.h"
#include <ctype.h>
// The caches are fields of the module, which the header shows only to those who say they are nDPI.
#define NDPI_LIB_COMPILATION
#include <ndpi/ndpi_main.h>

enum { NAME_BYTES = 32, PACKET_BYTES = UINT16_MAX };

struct namer {
    struct ndpi_detection_module_struct *ndpi;
    unsigned packets;                                     // shown of one flow at most
    char names[NDPI_MAX_SUPPORTED_PROTOCOLS][NAME_BYTES]; // lower case
};

static void names_fill(struct namer *namer)
{
    for (uint16_t id = 0; id < NDPI_MAX_SUPPORTED_PROTOCOLS; id++) {
        const char *name = ndpi_get_proto_name(namer->ndpi, id);
        for (size_t i = 0; name && name[i] && i < NAME_BYTES - 1; i++)
            namer->names[id][i] = (char)tolower((unsigned char)name[i]);
    }
}

static void addresses_empty(struct ndpi_detection_module_struct *ndpi)
{
    ndpi_patricia_tree_t *none = ndpi_patricia_new(32);
    if (!none)
        return;
    ndpi_patricia_destroy(ndpi->protocols_ptree, free);
    ndpi->protocols_ptree = none;
}

struct namer *namer_create(unsigned packets)
{
    struct namer *namer = base_calloc(1, sizeof *namer);
    if (!namer)
        return NULL;
    namer->packets = packets;
    namer->ndpi = ndpi_init_detection_module(ndpi_dont_load_tor_hosts);
    if (!namer->ndpi) {
        namer_destroy(namer);
        return NULL;
    }
    addresses_empty(namer->ndpi);
    NDPI_PROTOCOL_BITMASK all;
    NDPI_BITMASK_SET_ALL(all);
    ndpi_set_protocol_detection_bitmask2(namer->ndpi, &all);
    ndpi_finalize_initialization(namer->ndpi);
    names_fill(namer);
    return namer;
}

void namer_destroy(struct namer *namer)
{
    if (!namer)
        return;
    if (namer->ndpi)
        ndpi_exit_detection_module(namer->ndpi);
    base_free(namer);
}

static void cache_empty(struct ndpi_lru_cache **cache)
{
    if (*cache)
        ndpi_lru_free_cache(*cache);
    *cache = NULL;
}

static void caches_empty(struct ndpi_detection_module_struct *ndpi)
{
    cache_empty(&ndpi->ookla_cache);
    cache_empty(&ndpi->bittorrent_cache);
    cache_empty(&ndpi->zoom_cache);
    cache_empty(&ndpi->stun_cache);
    cache_empty(&ndpi->tls_cert_cache);
    cache_empty(&ndpi->mining_cache);
    cache_empty(&ndpi->msteams_cache);
}

// Did a side begin with a STUN header (RFC 8489 §5): two zero bits, a length of whole words?
static bool begins_as_stun(const struct flow *flow)
{
    for (int side = FLOW_CLIENT; side <= FLOW_SERVER; side++)
        if (flow->first_count[side] == FLOW_FIRST_BYTES && !(flow->first[side][0] & 0xc0) &&
            flow->first[side][3] % 4 == 0)
            return true;
    return false;
}

// libndpi 4.2 takes these for recognised by content when only the port fits.
static bool rests_on_port(uint16_t id, const struct flow *flow)
{
    switch (id) {
    case NDPI_PROTOCOL_TARGUS_GETDATA: return true;
    case NDPI_PROTOCOL_H323: return flow->ip_proto == PROTO_UDP;
    case NDPI_PROTOCOL_STUN: return !begins_as_stun(flow);
    default: return false;
    }
}

// What nDPI made of the flow, unless it went by port or address alone.
static const char *name_of(
    const struct namer *namer, const struct engine_flow *ef, ndpi_protocol found)
{
    if (ef->ndpi->confidence < NDPI_CONFIDENCE_DPI_CACHE)
        return NULL;
    uint16_t id =
        found.master_protocol != NDPI_PROTOCOL_UNKNOWN ? found.master_protocol : found.app_protocol;
    if (rests_on_port(id, ef->pf.flow))
        return NULL;
    bool known = id != NDPI_PROTOCOL_UNKNOWN && id < NDPI_MAX_SUPPORTED_PROTOCOLS;
    return known && namer->names[id][0] ? namer->names[id] : NULL;
}

static bool ndpi_begin(struct engine_flow *ef)
{
    if (!ef->ndpi)
        ef->ndpi = arena_zalloc(&ef->arena, sizeof *ef->ndpi);
    return ef->ndpi != NULL;
}

bool namer_packet(
    struct namer *namer, struct engine_flow *ef, const struct decoded *packet, const char **name)
{
    *name = NULL;
    if (!ndpi_begin(ef))
        return true;
    uint16_t len = packet->l3_len > PACKET_BYTES ? PACKET_BYTES : (uint16_t)packet->l3_len;
    ndpi_protocol found = ndpi_detection_process_packet(
        namer->ndpi, ef->ndpi, packet->l3, len, (uint64_t)packet->time_ns / 1000'000);
    caches_empty(namer->ndpi);
    *name = name_of(namer, ef, found);
    if (*name || ++ef->named_packets >= namer->packets) {
        if (!*name)
            *name = namer_finish(namer, ef);
        return true;
    }
    return false;
}

const char *namer_finish(struct namer *namer, struct engine_flow *ef)
{
    if (!ef->ndpi)
        return NULL;
    uint8_t guessed = 0;
    ndpi_protocol found = ndpi_detection_giveup(namer->ndpi, ef->ndpi, 0, &guessed);
    const char *name = name_of(namer, ef, found);
    caches_empty(namer->ndpi);
    ndpi_free_flow_data(ef->ndpi);
    ef->ndpi = NULL; // its memory goes with the flow's arena
    return name;
}

struct proto_names {
    struct namer *namer;
};

struct proto_names *proto_ndpi_names(proto_each *each, void *context)
{
    struct proto_names *names = base_calloc(1, sizeof *names);
    if (!names)
        return NULL;
    names->namer = namer_create(1);
    for (size_t id = 1; names->namer && id < NDPI_MAX_SUPPORTED_PROTOCOLS; id++) // 0: unknown
        if (names->namer->names[id][0])
            each(context, names->namer->names[id], NULL);
    return names;
}

void proto_names_free(struct proto_names *names)
{
    if (names)
        namer_destroy(names->namer);
    base_free(names);
}
