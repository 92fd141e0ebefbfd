// SPDX-License-Identifier: Apache-2.0
// BACnet/IP over UDP (ASHRAE 135 annex J, clauses 6 and 20): virtual link, network and application
// layer. Emits one bacnet record a confirmed request with its answer (paired by invoke id), a
// message that wants no answer, a message of the network layer, or a function of the link layer.
// Segmented answers are put together; segments of requests and their acknowledgements are not
// recorded. Either side may ask: src_ip is who did. Limits: BACNET_MESSAGE_BYTES,
// BACNET_PROPERTIES_MAX, BACNET_VALUES_MAX, BACNET_TEXT_BYTES. BACnet/SC is TLS.
#include "proto/bacnet.h"

enum function {
    RESULT = 0,
    FORWARDED = 4,
    REGISTER = 5,
    DISTRIBUTE = 9,
    UNICAST = 10,
    BROADCAST = 11,
    FUNCTION_LAST = 12,
    BACNET_PORTS = 47808 >> 4, // 47808 to 47823, where nothing else is expected
};

enum pdu { CONFIRMED, UNCONFIRMED, SIMPLE_ACK, COMPLEX_ACK, SEGMENT_ACK, ERROR, REJECT, ABORT };

static const struct ics_name functions[] = {{0, "BVLC_Result"},
    {1, "Write_Broadcast_Distribution_Table"}, {2, "Read_Broadcast_Distribution_Table"},
    {3, "Read_Broadcast_Distribution_Table_Ack"}, {4, "Forwarded_NPDU"},
    {5, "Register_Foreign_Device"}, {6, "Read_Foreign_Device_Table"},
    {7, "Read_Foreign_Device_Table_Ack"}, {8, "Delete_Foreign_Device_Table_Entry"},
    {9, "Distribute_Broadcast_To_Network"}, {10, "Original_Unicast_NPDU"},
    {11, "Original_Broadcast_NPDU"}, {12, "Secure_BVLL"}};

static const struct ics_name results[] = {{0, "Successful_Completion"},
    {0x10, "Write_Broadcast_Distribution_Table_NAK"},
    {0x20, "Read_Broadcast_Distribution_Table_NAK"}, {0x30, "Register_Foreign_Device_NAK"},
    {0x40, "Read_Foreign_Device_Table_NAK"}, {0x50, "Delete_Foreign_Device_Table_Entry_NAK"},
    {0x60, "Distribute_Broadcast_To_Network_NAK"}};

static const struct ics_name network_messages[] = {{0, "who_is_router_to_network"},
    {1, "i_am_router_to_network"}, {2, "i_could_be_router_to_network"},
    {3, "reject_message_to_network"}, {4, "router_busy_to_network"},
    {5, "router_available_to_network"}, {6, "initialize_routing_table"},
    {7, "initialize_routing_table_ack"}, {8, "establish_connection_to_network"},
    {9, "disconnect_connection_to_network"}, {0x12, "what_is_network_number"},
    {0x13, "network_number_is"}};

static const struct ics_name reject_reasons[] = {{0, "other"}, {1, "buffer-overflow"},
    {2, "inconsistent-parameters"}, {3, "invalid-parameter-data-type"}, {4, "invalid-tag"},
    {5, "missing-required-parameter"}, {6, "parameter-out-of-range"}, {7, "too-many-arguments"},
    {8, "undefined-enumeration"}, {9, "unrecognized-service"}};

static const struct ics_name abort_reasons[] = {{0, "other"}, {1, "buffer-overflow"},
    {2, "invalid-apdu-in-this-state"}, {3, "preempted-by-higher-priority-task"},
    {4, "segmentation-not-supported"}, {5, "security-error"}, {6, "insufficient-security"},
    {7, "window-size-out-of-range"}, {8, "application-exceeded-reply-time"},
    {9, "out-of-resources"}, {10, "tsm-timeout"}, {11, "apdu-too-long"}};

// A segmented answer that is being put together; one a side at a time.
struct assembly {
    struct arena arena;
    uint8_t *data;
    size_t len;
    uint16_t segments;
    uint8_t invoke, next;
    bool begun;
};

struct bacnet_state {
    struct ics_waits waits;
    struct assembly assemblies[2];
};

static enum proto_probe bacnet_probe(const struct proto_first *first)
{
    struct cursor in = cursor_make(first->data);
    if (cursor_u8(&in) != 0x81)
        return PROBE_NO;
    uint8_t function = cursor_u8(&in);
    uint16_t length = cursor_u16(&in);
    bool port = first->dst_port >> 4 == BACNET_PORTS || first->src_port >> 4 == BACNET_PORTS;
    if (function > FUNCTION_LAST || length < 4 || length > first->data.len ||
        (length != first->data.len && !port))
        return PROBE_NO;
    if (function == FORWARDED)
        cursor_skip(&in, 6);
    if (function == FORWARDED || function >= DISTRIBUTE)
        return cursor_u8(&in) == 1 && cursor_left(&in) > 1 ? PROBE_EITHER : PROBE_NO;
    bool fits = function == RESULT || function == REGISTER ? first->data.len == 6 : true;
    return fits && cursor_left(&in) % 2 == 0 ? PROBE_EITHER : PROBE_NO;
}

static void emit_wait(struct proto_flow *pf, struct ics_wait *wait)
{
    pf->speaker = wait->key >> 8 & 1;
    proto_emit_at(pf, RECORD_BACNET, wait->request, wait->tx_id, wait->time_us);
}

// One PDU of the application layer, and what was read of the layers below.
struct apdu {
    enum flow_side side;
    struct cursor in;
    const struct record_bacnet *lower;
    uint8_t head;
};

static void note(struct proto_flow *pf, bool good)
{
    if (!good)
        proto_anomaly(pf, ANOMALY_BACNET_MALFORMED);
}

static void take_unconfirmed(struct proto_flow *pf, struct apdu *apdu)
{
    struct arena arena;
    arena_init(&arena, pf->arena.pool, BACNET_EXCHANGE_BYTES);
    struct record_bacnet bacnet = *apdu->lower;
    uint8_t service = cursor_u8(&apdu->in);
    struct bacnet_reader r = {.pf = pf, .in = apdu->in, .arena = &arena};
    note(pf, cursor_ok(&apdu->in) && bacnet_request_read(&r, false, service, &bacnet));
    pf->speaker = apdu->side;
    proto_emit(pf, RECORD_BACNET, &bacnet, pf->tx_count++);
    arena_reset(&arena);
}

static void keep_lower(struct record_bacnet *bacnet, struct arena *arena)
{
    if (bacnet->npdu.source_address.len)
        bacnet->npdu.source_address = arena_copy(arena, bacnet->npdu.source_address);
    if (bacnet->npdu.destination_address.len)
        bacnet->npdu.destination_address = arena_copy(arena, bacnet->npdu.destination_address);
}

static void take_confirmed(struct proto_flow *pf, struct apdu *apdu)
{
    struct bacnet_state *state = pf->state;
    cursor_skip(&apdu->in, 1); // what the sender can take
    uint8_t invoke = cursor_u8(&apdu->in);
    bool segmented = apdu->head & 8;
    uint8_t sequence = segmented ? cursor_u8(&apdu->in) : 0;
    cursor_skip(&apdu->in, segmented ? 1 : 0);
    uint8_t service = cursor_u8(&apdu->in);
    note(pf, cursor_ok(&apdu->in));
    if (!cursor_ok(&apdu->in) || sequence > 0)
        return;
    uint64_t key = (uint64_t)apdu->side << 8 | invoke;
    struct ics_wait *wait =
        ics_wait_begin(pf, &state->waits, key, sizeof(struct record_bacnet), BACNET_EXCHANGE_BYTES);
    if (!wait)
        return;
    struct record_bacnet *bacnet = wait->request;
    *bacnet = *apdu->lower;
    keep_lower(bacnet, &wait->arena);
    bacnet->has_invoke_id = true;
    bacnet->invoke_id = invoke;
    struct bacnet_reader r = {.pf = pf, .in = apdu->in, .arena = &wait->arena};
    bool good = bacnet_request_read(&r, true, service, bacnet);
    note(pf, good || segmented);
}

static bool fill_answer(struct proto_flow *pf, const struct apdu *apdu, struct bytes body,
    struct record_bacnet *bacnet, struct arena *arena)
{
    static const char *const types[] = {"CONFIRMED_REQUEST", "UNCONFIRMED_REQUEST", "SIMPLE_ACK",
        "COMPLEX_ACK", "SEGMENT_ACK", "ERROR_PDU", "REJECT_PDU", "ABORT_PDU"};
    struct bacnet_reader r = {.pf = pf, .in = cursor_make(body), .arena = arena};
    enum pdu type = apdu->head >> 4 & 7;
    uint8_t first = cursor_u8(&r.in); // service or reason
    bacnet->has_response = true;
    bacnet->response.pdu_type = bytes_from_text(types[type]);
    if (!cursor_ok(&r.in))
        return false;
    if (type == REJECT || type == ABORT) {
        struct bytes reason =
            type == REJECT ? ICS_NAME(reject_reasons, first) : ICS_NAME(abort_reasons, first);
        bacnet->response.reason = ics_name_or(reason, "unknown-", first, arena);
        return true;
    }
    if (!bacnet->pdu_service.data)
        bacnet->pdu_service = bacnet_service_name(true, first, arena);
    if (type == ERROR)
        return bacnet_error_read(&r, bacnet);
    return type == SIMPLE_ACK || bacnet_answer_read(&r, first, bacnet);
}

static void give_answer(struct proto_flow *pf, const struct apdu *apdu, uint8_t invoke,
    struct bytes body, uint16_t segments)
{
    struct bacnet_state *state = pf->state;
    enum flow_side asker = flow_other(apdu->side);
    struct ics_wait *wait = ics_wait_find(&state->waits, (uint64_t)asker << 8 | invoke);
    struct record_bacnet orphan = *apdu->lower, *bacnet = wait ? wait->request : &orphan;
    struct arena arena;
    arena_init(&arena, pf->arena.pool, BACNET_EXCHANGE_BYTES);
    bacnet->response.has_segments = segments > 0;
    bacnet->response.segments = segments;
    note(pf, fill_answer(pf, apdu, body, bacnet, wait ? &wait->arena : &arena));
    pf->speaker = asker;
    if (wait) {
        bacnet->has_rtt_us = pf->time_us >= wait->time_us;
        bacnet->rtt_us = (uint64_t)(pf->time_us - wait->time_us);
        emit_wait(pf, wait);
        ics_wait_end(wait);
    } else {
        bacnet->has_invoke_id = true;
        bacnet->invoke_id = invoke;
        proto_anomaly(pf, ANOMALY_BACNET_UNSOLICITED_RESPONSE);
        proto_emit(pf, RECORD_BACNET, bacnet, pf->tx_count++);
    }
    arena_reset(&arena);
}

static void assembly_drop(struct assembly *a)
{
    arena_reset(&a->arena);
    *a = (struct assembly){.begun = false};
}

static void assembly_begin(struct proto_flow *pf, struct assembly *a, uint8_t invoke)
{
    assembly_drop(a);
    arena_init(&a->arena, pf->arena.pool, 4 * BACNET_MESSAGE_BYTES);
    a->begun = true;
    a->invoke = invoke;
}

// Append a segment. False: it does not belong here, or there is no room.
static bool assembly_add(
    struct proto_flow *pf, struct assembly *a, uint8_t invoke, uint8_t sequence, struct bytes data)
{
    if (!a->begun || a->invoke != invoke || a->next != sequence) {
        proto_anomaly(pf, ANOMALY_BACNET_SEGMENT_LOST);
        return false;
    }
    if (a->len + data.len > BACNET_MESSAGE_BYTES) {
        proto_anomaly(pf, ANOMALY_BACNET_TOO_LONG);
        return false;
    }
    uint8_t *grown = arena_grow(&a->arena, a->data, a->len, a->len + data.len + 1);
    if (!grown)
        return false;
    if (data.len)
        memcpy(&grown[a->len], data.data, data.len);
    a->data = grown;
    a->len += data.len;
    a->next = (uint8_t)(sequence + 1);
    a->segments++;
    return true;
}

// A segment: its service octet stands in each, of which the first is kept.
static void take_segment(struct proto_flow *pf, struct apdu *apdu, uint8_t invoke)
{
    struct bacnet_state *state = pf->state;
    struct assembly *a = &state->assemblies[apdu->side];
    uint8_t sequence = cursor_u8(&apdu->in);
    cursor_skip(&apdu->in, 1); // window
    struct bytes data = cursor_rest(&apdu->in);
    bool again = a->begun && a->invoke == invoke && (uint8_t)(sequence + 1) == a->next;
    if (!cursor_ok(&apdu->in) || (again && a->len > 0)) // the last one, sent again
        return;
    bool first = sequence == 0 && !(a->begun && a->invoke == invoke && a->next == 0);
    if (first)
        assembly_begin(pf, a, invoke);
    if (!assembly_add(pf, a, invoke, sequence, bytes_from(data, first ? 0 : 1)))
        assembly_drop(a);
    else if (!(apdu->head & 4)) {
        give_answer(pf, apdu, invoke, bytes_make(a->data, a->len), a->segments);
        assembly_drop(a);
    }
}

static void take_apdu(struct proto_flow *pf, struct apdu *apdu)
{
    apdu->head = cursor_u8(&apdu->in);
    enum pdu type = apdu->head >> 4;
    if (type == UNCONFIRMED) {
        take_unconfirmed(pf, apdu);
    } else if (type == CONFIRMED) {
        take_confirmed(pf, apdu);
    } else if (type == SEGMENT_ACK) {
        return;
    } else if (type <= ABORT) {
        uint8_t invoke = cursor_u8(&apdu->in);
        if (type == COMPLEX_ACK && apdu->head & 8)
            take_segment(pf, apdu, invoke);
        else
            give_answer(pf, apdu, invoke, cursor_rest(&apdu->in), 0);
    } else {
        proto_anomaly(pf, ANOMALY_BACNET_MALFORMED);
    }
}

// The network layer's head. False: malformed.
static bool read_network(struct cursor *in, struct record_bacnet *bacnet, bool *network)
{
    bool version = cursor_u8(in) == 1;
    uint8_t control = cursor_u8(in);
    if (control & 0x20) {
        bacnet->npdu.has_destination_network = true;
        bacnet->npdu.destination_network = cursor_u16(in);
        struct bytes address = cursor_take(in, cursor_u8(in));
        bacnet->npdu.destination_address = address.len ? address : (struct bytes){NULL, 0};
    }
    if (control & 8) {
        bacnet->npdu.has_source_network = true;
        bacnet->npdu.source_network = cursor_u16(in);
        bacnet->npdu.source_address = cursor_take(in, cursor_u8(in));
    }
    if (control & 0x20)
        cursor_skip(in, 1); // hops left
    *network = control & 0x80;
    return version && cursor_ok(in);
}

static void take_npdu(
    struct proto_flow *pf, enum flow_side side, struct cursor *in, struct record_bacnet *bacnet)
{
    struct arena arena;
    bool network = false, good = read_network(in, bacnet, &network);
    note(pf, good);
    if (good && !network) {
        struct apdu apdu = {.side = side, .in = *in, .lower = bacnet};
        take_apdu(pf, &apdu);
        return;
    }
    arena_init(&arena, pf->arena.pool, 1024);
    uint8_t type = cursor_u8(in);
    if (good)
        bacnet->npdu.message =
            ics_name_or(ICS_NAME(network_messages, type), "unknown-", type, &arena);
    proto_emit(pf, RECORD_BACNET, bacnet, pf->tx_count++);
    arena_reset(&arena);
}

static enum proto_verdict bacnet_parse(
    struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct bacnet_state *state = pf->state;
    state->waits.emit = emit_wait;
    struct record_bacnet bacnet = {.has_request = false};
    uint8_t type = cursor_u8(in), function = cursor_u8(in);
    uint16_t length = cursor_u16(in);
    note(pf, length == 4 + cursor_left(in)); // a wrong length hides nothing: all bytes are read
    struct cursor body = *in;
    if (type != 0x81 || !cursor_ok(in) || function > FUNCTION_LAST) {
        proto_anomaly(pf, ANOMALY_BACNET_MALFORMED);
        return PROTO_MORE;
    }
    pf->speaker = side;
    bacnet.bvlc_function = ICS_NAME(functions, function);
    if (function == FORWARDED) {
        struct bytes address = cursor_take(&body, 6);
        if (address.len == 6)
            bacnet.forwarded_address = addr_v4(address.data);
    }
    if (function == FORWARDED || (function >= DISTRIBUTE && function <= BROADCAST)) {
        take_npdu(pf, side, &body, &bacnet);
        return PROTO_MORE;
    }
    if (function == RESULT)
        bacnet.result_code = ICS_NAME(results, cursor_u16(&body));
    bacnet.has_time_to_live = function == REGISTER;
    if (function == REGISTER)
        bacnet.time_to_live = cursor_u16(&body);
    note(pf, cursor_ok(&body));
    proto_emit(pf, RECORD_BACNET, &bacnet, pf->tx_count++);
    return PROTO_MORE;
}

static void bacnet_finish(struct proto_flow *pf)
{
    struct bacnet_state *state = pf->state;
    ics_waits_finish(pf, &state->waits);
    assembly_drop(&state->assemblies[0]);
    assembly_drop(&state->assemblies[1]);
}

const struct proto proto_bacnet = {
    .name = "bacnet",
    .carriers = OVER_UDP,
    .state_bytes = sizeof(struct bacnet_state),
    .budget_bytes = 1024,
    .probe = bacnet_probe,
    .parse = bacnet_parse,
    .finish = bacnet_finish,
};
