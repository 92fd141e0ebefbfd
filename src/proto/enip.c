// SPDX-License-Identifier: Apache-2.0
// EtherNet/IP over TCP and UDP (CIP Networks Library volume 2, chapter 2): the encapsulation and
// its items; the CIP services inside are read by cip.c.
// Emits one enip record an exchange: paired by session, command and sender context, or the sequence
// count of a connection. An exchange that stays one-sided is written when the flow ends or a newer
// one needs its place. Implicit messages are cip_io.c's.
#include "proto/enip.h"

enum command {
    NOP = 0,
    LIST_SERVICES = 4,
    LIST_IDENTITY = 0x63,
    LIST_INTERFACES = 0x64,
    REGISTER = 0x65,
    UNREGISTER = 0x66,
    SEND_RR_DATA = 0x6f,
    SEND_UNIT_DATA = 0x70,
};

enum {
    ENIP_PORT = 44818,
    HEADER_BYTES = 24,
    ITEMS_MAX = 16,
    CIP_MULTIPLE_SERVICE = 0x0a,
    ITEM_CONNECTED = 0xb1,
    ITEM_UNCONNECTED = 0xb2,
};

static const struct ics_name commands[] = {{0, "nop"}, {4, "list_services"},
    {0x63, "list_identity"}, {0x64, "list_interfaces"}, {0x65, "register_session"},
    {0x66, "unregister_session"}, {0x6f, "send_r_r_data"}, {0x70, "send_unit_data"},
    {0x72, "indicate_status"}, {0x73, "cancel"}};

static const struct ics_name statuses[] = {{0, "success"}, {1, "invalid_cmd"}, {2, "no_resources"},
    {3, "incorrect_data"}, {0x64, "invalid_session"}, {0x65, "invalid_length"},
    {0x69, "unsupported_prot_rev"}, {0x6a, "encap_header_error"}};

struct pdu {
    uint16_t command;
    uint32_t session, status, options;
    uint64_t context;
    struct bytes data;
    struct bytes cip; // of the item that holds one
    bool has_cip, bad;
    uint16_t sequence; // of a connected item
    uint64_t tx_id;
};

struct enip_state {
    struct ics_waits waits;
    bool lost[2];
};

// The shape of what follows the header, by command.
static bool length_fits(uint16_t command, struct bytes data, size_t len)
{
    switch (command) {
    case LIST_SERVICES:
    case LIST_IDENTITY:
    case LIST_INTERFACES: return len == 0 || (len > 5 && bytes_at(data, HEADER_BYTES + 1) == 0);
    case REGISTER: return len == 4 || len == 0;
    case UNREGISTER: return len == 0;
    case SEND_RR_DATA:
    case SEND_UNIT_DATA: {
        bool handle = !(bytes_at(data, 24) | bytes_at(data, 25) | bytes_at(data, 26));
        uint8_t items = bytes_at(data, 30);
        return len == 0 || (len >= 12 && handle && items > 0 && items <= ITEMS_MAX);
    }
    default: return false;
    }
}

static enum proto_probe enip_probe(const struct proto_first *first)
{
    struct bytes d = first->data;
    if (d.len > 1 && (bytes_at(d, 1) != 0 || !ICS_NAME(commands, bytes_at(d, 0)).data))
        return PROBE_NO;
    bool to = first->dst_port == ENIP_PORT, from = first->src_port == ENIP_PORT;
    if (d.len < HEADER_BYTES)
        return to || from ? PROBE_MORE : PROBE_NO;
    struct cursor in = cursor_make(d);
    uint16_t command = cursor_u16le(&in);
    size_t len = cursor_u16le(&in);
    uint32_t session = cursor_u32le(&in);
    uint32_t status = cursor_u32le(&in);
    cursor_skip(&in, 8);
    if (cursor_u32le(&in) != 0 || !ICS_NAME(statuses, status).data)
        return PROBE_NO;
    if (d.len < HEADER_BYTES + 23 && d.len < HEADER_BYTES + len && first->carrier == OVER_TCP)
        return PROBE_MORE;
    if (!length_fits(command, d, len) && !((to || from) && command == NOP))
        return PROBE_NO;
    if (first->carrier == OVER_UDP && d.len != HEADER_BYTES + len)
        return PROBE_NO;
    if (from != to)
        return from ? PROBE_SERVER : PROBE_CLIENT;
    bool list = command == LIST_IDENTITY || command == LIST_SERVICES || command == LIST_INTERFACES;
    if (list || (command == REGISTER && session == 0))
        return list && len > 0 ? PROBE_SERVER : PROBE_CLIENT;
    // The service stands behind the items' heads; its highest bit marks an answer.
    uint8_t service = bytes_at(d, command == SEND_UNIT_DATA ? 46 : 40);
    if (!session || len == 0)
        return PROBE_NO;
    return command == REGISTER ? PROBE_EITHER : service & 0x80 ? PROBE_SERVER : PROBE_CLIENT;
}

static void emit_wait(struct proto_flow *pf, struct ics_wait *wait)
{
    proto_emit_at(pf, RECORD_ENIP, wait->request, wait->tx_id, wait->time_us);
}

// Items of a send command: find the one with a CIP message.
static void read_items(struct pdu *pdu)
{
    struct cursor in = cursor_make(pdu->data);
    cursor_skip(&in, 6); // interface handle, timeout
    uint16_t count = cursor_u16le(&in);
    for (uint16_t i = 0; i < count && i < ITEMS_MAX && cursor_ok(&in); i++) {
        uint16_t type = cursor_u16le(&in);
        struct cursor item = cursor_sub(&in, cursor_u16le(&in));
        if (type != ITEM_CONNECTED && type != ITEM_UNCONNECTED)
            continue;
        if (type == ITEM_CONNECTED)
            pdu->sequence = cursor_u16le(&item);
        pdu->has_cip = cursor_ok(&item) && cursor_left(&item) > 0;
        pdu->cip = cursor_rest(&item);
    }
    pdu->bad = !cursor_ok(&in);
}

static uint64_t key_of(const struct pdu *pdu)
{
    if (pdu->command == SEND_UNIT_DATA)
        return (uint64_t)1 << 63 | (uint64_t)pdu->session << 16 | pdu->sequence;
    return (pdu->context ^ (uint64_t)pdu->command << 48) & ~((uint64_t)1 << 63);
}

static void read_register(const struct pdu *pdu, bool *has, struct record_enip_register *out)
{
    struct cursor in = cursor_make(pdu->data);
    out->protocol_version = cursor_u16le(&in);
    out->options = cursor_u16le(&in);
    *has = cursor_ok(&in);
}

static bool read_request(
    struct proto_flow *pf, const struct pdu *pdu, struct record_enip *enip, struct arena *arena)
{
    enip->has_request = true;
    enip->request.command =
        ics_name_or(ICS_NAME(commands, pdu->command), "unknown-", pdu->command, arena);
    enip->request.status =
        ics_name_or(ICS_NAME(statuses, pdu->status), "unknown-", pdu->status, arena);
    enip->request.has_options = pdu->options != 0;
    enip->request.options = pdu->options;
    enip->request.length = (uint16_t)pdu->data.len;
    enip->request.session = pdu->session;
    if (pdu->command == REGISTER)
        read_register(pdu, &enip->request.has_register_session, &enip->request.register_session);
    enip->request.has_cip = pdu->has_cip;
    return !pdu->has_cip || cip_request_read(pf, pdu->cip, &enip->request.cip, arena);
}

// The first item of an answer to a list command.
static struct cursor first_item(const struct pdu *pdu)
{
    struct cursor in = cursor_make(pdu->data);
    uint16_t count = cursor_u16le(&in);
    cursor_skip(&in, 2); // type
    struct cursor item = cursor_sub(&in, cursor_u16le(&in));
    if (count == 0)
        cursor_fail(&item);
    return item;
}

static bool read_services(const struct pdu *pdu, struct record_enip *enip, struct arena *arena)
{
    struct cursor in = first_item(pdu);
    enip->response.list_services.protocol_version = cursor_u16le(&in);
    enip->response.list_services.capabilities = cursor_u16le(&in);
    struct bytes name = cursor_take(&in, cursor_left(&in) < 16 ? cursor_left(&in) : 16);
    name = bytes_sub(name, 0, bytes_find_byte(name, 0));
    enip->response.list_services.service_name = arena_copy(arena, name);
    enip->response.has_list_services = cursor_ok(&in);
    return cursor_ok(&in);
}

static bool read_identity(
    struct proto_flow *pf, const struct pdu *pdu, struct record_enip *enip, struct arena *arena)
{
    struct cursor in = first_item(pdu);
    uint16_t version = cursor_u16le(&in);
    cursor_skip(&in, 4); // family and port
    struct bytes address = cursor_take(&in, 4);
    cursor_skip(&in, 8);
    uint16_t vendor = cursor_u16le(&in), type = cursor_u16le(&in), product = cursor_u16le(&in);
    uint8_t major = cursor_u8(&in), minor = cursor_u8(&in);
    uint16_t status = cursor_u16le(&in);
    uint32_t serial = cursor_u32le(&in);
    struct bytes name = cursor_take(&in, cursor_u8(&in));
    uint8_t state = cursor_u8(&in);
    if (!cursor_ok(&in))
        return false;
    enip_show_identity(pf, pdu->tx_id, type, (uint16_t)(major << 8 | minor));
    enip->response.has_identity = true;
    enip->response.identity.protocol_version = version;
    enip->response.identity.address.version = 4;
    memcpy(enip->response.identity.address.bytes, address.data, 4);
    enip->response.identity.revision = cip_revision_text(major, minor, arena);
    enip->response.identity.vendor_id = cip_vendor_name(vendor, arena);
    enip->response.identity.vendor_number = vendor;
    enip->response.identity.device_type = cip_device_name(type, arena);
    enip->response.identity.product_code = product;
    enip->response.identity.status = status;
    enip->response.identity.serial = serial;
    enip->response.identity.product_name = arena_copy(arena, name);
    enip->response.identity.state = state;
    return true;
}

static bool read_response(
    struct proto_flow *pf, const struct pdu *pdu, struct record_enip *enip, struct arena *arena)
{
    enip->has_response = true;
    enip->response.command =
        ics_name_or(ICS_NAME(commands, pdu->command), "unknown-", pdu->command, arena);
    enip->response.status =
        ics_name_or(ICS_NAME(statuses, pdu->status), "unknown-", pdu->status, arena);
    enip->response.has_options = pdu->options != 0;
    enip->response.options = pdu->options;
    enip->response.length = (uint16_t)pdu->data.len;
    enip->response.session = pdu->session;
    if (pdu->command == REGISTER)
        read_register(pdu, &enip->response.has_register_session, &enip->response.register_session);
    if (pdu->command == LIST_SERVICES && pdu->data.len > 2)
        return read_services(pdu, enip, arena);
    if (pdu->command == LIST_IDENTITY && pdu->data.len > 2)
        return read_identity(pf, pdu, enip, arena);
    enip->response.has_cip = pdu->has_cip;
    return !pdu->has_cip || cip_response_read(pf, pdu->cip, &enip->response.cip, arena);
}

// A CIP message, or each of those that one of several holds (CIP Volume 1, section ).
static void tell_cip(struct proto_flow *pf, enum flow_side side, struct bytes cip, uint64_t tx_id)
{
    struct cursor in = cursor_make(cip);
    uint8_t service = cursor_u8(&in), words = cursor_u8(&in);
    cursor_skip(&in, service & 0x80 ? 2 : 2U * words); // an answer's status, a request's path
    struct bytes body = cursor_rest(&in);
    uint16_t count = (service & 0x7f) == CIP_MULTIPLE_SERVICE ? cursor_u16le(&in) : 0;
    if (count == 0)
        proto_frame(pf, FRAME_ENIP_CIP, side, cip, (int64_t)cip.len, tx_id);
    for (size_t at = cursor_u16le(&in), next; count > 0 && cursor_ok(&in); count--, at = next) {
        next = count > 1 ? cursor_u16le(&in) : body.len;
        if (at < next && next <= body.len)
            proto_frame(
                pf, FRAME_ENIP_CIP, side, bytes_from(body, at), (int64_t)(next - at), tx_id);
    }
}

static void tell_frames(
    struct proto_flow *pf, enum flow_side side, struct bytes from, const struct pdu *pdu)
{
    bool send = pdu->command == SEND_RR_DATA || pdu->command == SEND_UNIT_DATA;
    bool list = pdu->command == LIST_IDENTITY || pdu->command == LIST_SERVICES;
    if (!proto_wants(pf, BUFFER_FRAME))
        return;
    proto_frames(pf, FRAME_ENIP_PDU, side, from, HEADER_BYTES,
        HEADER_BYTES + (int64_t)pdu->data.len, pdu->tx_id);
    if (pdu->has_cip)
        tell_cip(pf, side, pdu->cip, pdu->tx_id);
    struct cursor in = cursor_make(pdu->data);
    cursor_skip(&in, send ? 6 : 0); // interface handle, timeout
    for (uint16_t count = send || list ? cursor_u16le(&in) : 0; count > 0 && cursor_ok(&in);
         count--) {
        struct cursor item = in;
        cursor_skip(&in, 2);
        cursor_skip(&in, cursor_u16le(&in));
        if (cursor_ok(&in))
            proto_frame(pf, FRAME_ENIP_ENIP_ITEM, side, cursor_rest(&item),
                (int64_t)(cursor_pos(&in) - cursor_pos(&item)), pdu->tx_id);
    }
}

static void take_request(struct proto_flow *pf, struct bytes from, struct pdu *pdu)
{
    struct enip_state *state = pf->state;
    pdu->tx_id = UINT64_MAX;
    struct ics_wait *wait = ics_wait_begin(
        pf, &state->waits, key_of(pdu), sizeof(struct record_enip), ENIP_EXCHANGE_BYTES);
    if (wait) {
        pdu->tx_id = wait->tx_id;
        pdu->bad |= !read_request(pf, pdu, wait->request, &wait->arena);
        cip_show(pf, FLOW_CLIENT, wait->tx_id, pdu->cip);
    }
    tell_frames(pf, FLOW_CLIENT, from, pdu);
    bool silent = pdu->command == NOP || pdu->command == UNREGISTER; // no answer will come
    if (wait && silent) {
        emit_wait(pf, wait);
        ics_wait_end(wait);
    }
}

static void take_response(struct proto_flow *pf, struct bytes from, struct pdu *pdu)
{
    struct enip_state *state = pf->state;
    struct ics_wait *wait = ics_wait_find(&state->waits, key_of(pdu));
    pdu->tx_id = wait ? wait->tx_id : pf->tx_count;
    tell_frames(pf, FLOW_SERVER, from, pdu);
    cip_show(pf, FLOW_SERVER, pdu->tx_id, pdu->cip);
    if (wait) {
        struct record_enip *enip = wait->request;
        pdu->bad |= !read_response(pf, pdu, enip, &wait->arena);
        enip->has_rtt_us = pf->time_us >= wait->time_us;
        enip->rtt_us = (uint64_t)(pf->time_us - wait->time_us);
        emit_wait(pf, wait);
        ics_wait_end(wait);
        return;
    }
    struct arena arena;
    arena_init(&arena, pf->arena.pool, ENIP_EXCHANGE_BYTES);
    struct record_enip enip = {.has_request = false};
    pdu->bad |= !read_response(pf, pdu, &enip, &arena);
    if (pdu->command != LIST_IDENTITY && pdu->command != LIST_SERVICES) // asked by broadcast
        proto_anomaly(pf, ANOMALY_ENIP_UNSOLICITED_RESPONSE);
    proto_emit(pf, RECORD_ENIP, &enip, pf->tx_count++);
    arena_reset(&arena);
}

// One message. False: not whole yet, or no header (then *bad).
static bool read_pdu(struct cursor *in, struct pdu *pdu, size_t *need, bool *bad)
{
    struct cursor ahead = *in;
    *pdu = (struct pdu){.command = cursor_u16le(&ahead)};
    size_t len = cursor_u16le(&ahead);
    pdu->session = cursor_u32le(&ahead);
    pdu->status = cursor_u32le(&ahead);
    pdu->context = cursor_u64le(&ahead);
    pdu->options = cursor_u32le(&ahead);
    if (!cursor_ok(&ahead))
        return false;
    *bad = pdu->command > 0xff;
    *need = HEADER_BYTES + len;
    pdu->data = cursor_take(&ahead, len);
    if (*bad || !cursor_ok(&ahead))
        return false;
    if ((pdu->command == SEND_RR_DATA || pdu->command == SEND_UNIT_DATA) && len > 0)
        read_items(pdu);
    *in = ahead;
    return true;
}

static bool whole_messages(struct cursor in)
{
    struct pdu pdu;
    size_t need;
    bool bad = false;
    while (cursor_left(&in) > 0)
        if (!read_pdu(&in, &pdu, &need, &bad) || !ICS_NAME(commands, pdu.command).data || pdu.bad)
            return false;
    return true;
}

static enum proto_verdict enip_parse(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct enip_state *state = pf->state;
    state->waits.emit = emit_wait;
    struct pdu pdu;
    size_t need = 0;
    bool bad = false;
    if (state->lost[side] && !whole_messages(*in)) {
        cursor_skip(in, cursor_left(in));
        return PROTO_MORE;
    }
    state->lost[side] = false;
    for (struct bytes from = cursor_rest(in); from.len > 0 && read_pdu(in, &pdu, &need, &bad);
         from = cursor_rest(in)) {
        if (side == FLOW_CLIENT)
            take_request(pf, from, &pdu);
        else
            take_response(pf, from, &pdu);
        if (pdu.bad)
            proto_anomaly(pf, ANOMALY_ENIP_INVALID_PDU);
    }
    if (bad || (pf->carrier == OVER_UDP && cursor_left(in) > 0)) {
        proto_anomaly(pf, ANOMALY_ENIP_MALFORMED);
        return pf->carrier == OVER_UDP ? PROTO_MORE : PROTO_BROKEN;
    }
    pf->need[side] = cursor_left(in) >= HEADER_BYTES ? need : 0;
    return PROTO_MORE;
}

static const void *enip_draft(struct proto_flow *pf, uint64_t tx_id, enum record_type *type)
{
    struct enip_state *state = pf->state;
    *type = RECORD_ENIP;
    for (size_t i = 0; i < ICS_WAITS_MAX; i++)
        if (state->waits.slots[i].used && state->waits.slots[i].tx_id == tx_id)
            return state->waits.slots[i].request;
    return NULL;
}

static enum proto_verdict enip_gap(struct proto_flow *pf, enum flow_side side, size_t lost)
{
    struct enip_state *state = pf->state;
    (void)lost;
    state->lost[side] = true;
    return PROTO_MORE;
}

static void enip_finish(struct proto_flow *pf)
{
    struct enip_state *state = pf->state;
    ics_waits_finish(pf, &state->waits);
}

const struct proto proto_enip = {
    .name = "enip",
    .carriers = OVER_TCP | OVER_UDP,
    .state_bytes = sizeof(struct enip_state),
    .budget_bytes = 1024,
    .buffer_bytes = ICS_BUFFER_BYTES,
    .probe = enip_probe,
    .parse = enip_parse,
    .gap = enip_gap,
    .finish = enip_finish,
    .draft = enip_draft,
};
