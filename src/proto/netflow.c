// SPDX-License-Identifier: Apache-2.0
// Flow records on their way to a collector, seen as traffic: NetFlow 1, 5 and 7, 9 (RFC 3954),
// IPFIX (RFC 7011) over UDP, sFlow 4 and 5. A flow_export record for each exporter of a flow, at
// its end, with counts; the flows reported are not taken over. Limit: NETFLOW_EXPORTERS_MAX.
#include "proto/proto.h"

enum { NETFLOW_EXPORTERS_MAX = 16, SETS_MAX = 1024, SFLOW_SAMPLES_MAX = 4096 };

struct netflow_state {
    struct record_flow_export exporters[NETFLOW_EXPORTERS_MAX];
    size_t count;
};

// One packet: what it is and what it holds.
struct export
{
    struct record_flow_export r;
    uint32_t sequence;
    bool whole; // lengths fit
};

static void read_fixed(struct export *e, uint16_t version, struct bytes data)
{
    struct cursor in = cursor_make(data);
    size_t header = version == 1 ? 16 : 24, record = version == 5 ? 48 : 52;
    cursor_skip(&in, 2);
    uint16_t count = cursor_u16(&in);
    e->r.protocol = BYTES("netflow");
    e->r.has_uptime = true;
    e->r.uptime = cursor_u32(&in) / 1000;
    cursor_skip(&in, 8); // the time
    e->sequence = version == 1 ? 0 : cursor_u32(&in);
    e->r.domain = version == 5 ? cursor_u16(&in) : 0;
    e->r.records = count;
    e->whole = count > 0 && count <= 30 && data.len == header + record * count;
}

// Sets: id, length, content. Templates have the lowest ids.
static void read_sets(struct export *e, struct cursor *in, uint16_t templates)
{
    for (unsigned i = 0; i < SETS_MAX && cursor_left(in) >= 4; i++) {
        uint16_t id = cursor_u16(in), length = cursor_u16(in);
        if (length < 4 || (id > templates + 1 && id < 256))
            cursor_fail(in);
        cursor_skip(in, length < 4 ? 0 : length - 4U);
        e->r.templates += cursor_ok(in) && id < 256;
        e->r.records += cursor_ok(in) && id >= 256;
    }
    e->whole = cursor_ok(in) && cursor_left(in) == 0 && e->r.templates + e->r.records > 0;
}

static void read_v9(struct export *e, struct bytes data)
{
    struct cursor in = cursor_make(data);
    cursor_skip(&in, 4); // version, count of records and templates together
    e->r.protocol = BYTES("netflow");
    e->r.has_uptime = true;
    e->r.uptime = cursor_u32(&in) / 1000;
    cursor_skip(&in, 4);
    e->sequence = cursor_u32(&in);
    e->r.domain = cursor_u32(&in);
    read_sets(e, &in, 0);
}

static void read_ipfix(struct export *e, struct bytes data)
{
    struct cursor in = cursor_make(data);
    cursor_skip(&in, 2);
    uint16_t length = cursor_u16(&in);
    cursor_skip(&in, 4);
    e->r.protocol = BYTES("ipfix");
    e->sequence = cursor_u32(&in);
    e->r.domain = cursor_u32(&in);
    read_sets(e, &in, 2);
    e->whole = e->whole && length == data.len;
}

// sFlow 5: version, address, sub-agent, number, uptime, samples; 4 has no sub-agent.
static void read_sflow(struct export *e, uint32_t version, struct bytes data)
{
    struct cursor in = cursor_make(data);
    cursor_skip(&in, 4);
    uint32_t family = cursor_u32(&in);
    struct bytes agent = cursor_take(&in, family == 2 ? 16 : 4);
    e->r.protocol = BYTES("sflow");
    e->r.domain = version == 5 ? cursor_u32(&in) : 0;
    e->sequence = cursor_u32(&in);
    e->r.has_uptime = true;
    e->r.uptime = cursor_u32(&in) / 1000;
    uint32_t count = cursor_u32(&in);
    e->r.records = count;
    e->whole =
        cursor_ok(&in) && (family == 1 || family == 2) && count > 0 && count < SFLOW_SAMPLES_MAX;
    if (cursor_ok(&in) && agent.len)
        e->r.agent = family == 2 ? addr_v6(agent.data) : addr_v4(agent.data);
    if (version == 5) // samples: kind and length
        for (uint32_t i = 0; i < count && e->whole; i++) {
            cursor_skip(&in, 4);
            cursor_skip(&in, cursor_u32(&in));
            e->whole = cursor_ok(&in);
        }
    e->whole = e->whole && (version == 4 || cursor_left(&in) == 0);
}

static bool export_read(struct bytes data, struct export *e)
{
    struct cursor in = cursor_make(data);
    uint16_t version = cursor_u16(&in), second = cursor_u16(&in);
    *e = (struct export){.r = {.version = version}};
    if (version == 0 && (second == 4 || second == 5)) {
        e->r.version = second;
        read_sflow(e, second, data);
    } else if (version == 1 || version == 5 || version == 7) {
        read_fixed(e, version, data);
    } else if (version == 9) {
        read_v9(e, data);
    } else if (version == 10) {
        read_ipfix(e, data);
    } else {
        return false;
    }
    return true;
}

static enum proto_probe netflow_probe(const struct proto_first *first)
{
    struct export e;
    if (bytes_at(first->data, 0) != 0 || first->data.len < 20)
        return PROBE_NO;
    return export_read(first->data, &e) && e.whole ? PROBE_CLIENT : PROBE_NO;
}

static struct record_flow_export *exporter(struct proto_flow *pf, const struct export *e)
{
    struct netflow_state *s = pf->state;
    for (size_t i = 0; i < s->count; i++) {
        struct record_flow_export *r = &s->exporters[i];
        if (r->domain == e->r.domain && r->version == e->r.version &&
            bytes_equal(r->protocol, e->r.protocol))
            return r;
    }
    if (s->count == NETFLOW_EXPORTERS_MAX) {
        proto_anomaly(pf, ANOMALY_NETFLOW_MANY_DOMAINS);
        return &s->exporters[s->count - 1];
    }
    struct record_flow_export *r = &s->exporters[s->count++];
    *r = e->r;
    r->records = r->templates = 0;
    r->first_sequence = e->sequence;
    return r;
}

static enum proto_verdict netflow_parse(
    struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct export e;
    (void)side;
    if (!export_read(cursor_rest(in), &e) || !e.whole) {
        proto_anomaly(pf, ANOMALY_NETFLOW_MALFORMED);
        return PROTO_MORE;
    }
    struct record_flow_export *r = exporter(pf, &e);
    r->packets++;
    r->records += e.r.records;
    r->templates += e.r.templates;
    r->last_sequence = e.sequence;
    r->uptime = e.r.uptime;
    return PROTO_MORE;
}

static void netflow_finish(struct proto_flow *pf)
{
    const struct netflow_state *s = pf->state;
    for (size_t i = 0; i < s->count; i++)
        proto_emit(pf, RECORD_FLOW_EXPORT, &s->exporters[i], pf->tx_count++);
}

const struct proto proto_netflow = {
    .name = "netflow",
    .carriers = OVER_UDP,
    .state_bytes = sizeof(struct netflow_state),
    .probe = netflow_probe,
    .parse = netflow_parse,
    .finish = netflow_finish,
};
