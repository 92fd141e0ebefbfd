// SPDX-License-Identifier: Apache-2.0
// MMS (ISO 9506; IEC 61850-8-1) over ISO transport, session (ISO 8327) and presentation (ISO 8823):
// kind of message, service, the first object named. Emits one mms record for the first message of
// each kind in a flow, and one for each request that changes something (writes, programs, domains,
// files). Values and lists are not read. Limit: KINDS_MAX.
#include "proto/cotp.h"

enum { KINDS_MAX = 64, CONFIRMED_REQUEST = 0, NAME_BYTES = 129, DEPTH_MAX = 8 };

static const struct ics_name pdus[] = {{0, "confirmed_request"}, {1, "confirmed_response"},
    {2, "confirmed_error"}, {3, "unconfirmed"}, {4, "reject"}, {5, "cancel_request"},
    {6, "cancel_response"}, {7, "cancel_error"}, {8, "initiate_request"}, {9, "initiate_response"},
    {10, "initiate_error"}, {11, "conclude_request"}, {12, "conclude_response"},
    {13, "conclude_error"}};

static const struct ics_name services[] = {{0, "status"}, {1, "get_name_list"}, {2, "identify"},
    {3, "rename"}, {4, "read"}, {5, "write"}, {6, "get_variable_access_attributes"},
    {7, "define_named_variable"}, {8, "define_scattered_access"},
    {9, "get_scattered_access_attributes"}, {10, "delete_variable_access"},
    {11, "define_named_variable_list"}, {12, "get_named_variable_list_attributes"},
    {13, "delete_named_variable_list"}, {14, "define_named_type"},
    {15, "get_named_type_attributes"}, {16, "delete_named_type"}, {17, "input"}, {18, "output"},
    {19, "take_control"}, {20, "relinquish_control"}, {21, "define_semaphore"},
    {22, "delete_semaphore"}, {23, "report_semaphore_status"}, {24, "report_pool_semaphore_status"},
    {25, "report_semaphore_entry_status"}, {26, "initiate_download_sequence"},
    {27, "download_segment"}, {28, "terminate_download_sequence"}, {29, "initiate_upload_sequence"},
    {30, "upload_segment"}, {31, "terminate_upload_sequence"}, {32, "request_domain_download"},
    {33, "request_domain_upload"}, {34, "load_domain_content"}, {35, "store_domain_content"},
    {36, "delete_domain"}, {37, "get_domain_attributes"}, {38, "create_program_invocation"},
    {39, "delete_program_invocation"}, {40, "start"}, {41, "stop"}, {42, "resume"}, {43, "reset"},
    {44, "kill"}, {45, "get_program_invocation_attributes"}, {46, "obtain_file"},
    {47, "define_event_condition"}, {48, "delete_event_condition"},
    {49, "get_event_condition_attributes"}, {50, "report_event_condition_status"},
    {51, "alter_event_condition_monitoring"}, {52, "trigger_event"}, {53, "define_event_action"},
    {54, "delete_event_action"}, {55, "get_event_action_attributes"},
    {56, "report_event_action_status"}, {57, "define_event_enrollment"},
    {58, "delete_event_enrollment"}, {59, "alter_event_enrollment"},
    {60, "report_event_enrollment_status"}, {61, "get_event_enrollment_attributes"},
    {62, "acknowledge_event_notification"}, {63, "get_alarm_summary"},
    {64, "get_alarm_enrollment_summary"}, {65, "read_journal"}, {66, "write_journal"},
    {67, "initialize_journal"}, {68, "report_journal_status"}, {69, "create_journal"},
    {70, "delete_journal"}, {71, "get_capability_list"}, {72, "file_open"}, {73, "file_read"},
    {74, "file_close"}, {75, "file_rename"}, {76, "file_delete"}, {77, "file_directory"}};

struct mms_state {
    uint32_t seen[KINDS_MAX];
    size_t count;
    bool dead[2]; // what that side sends is no frames any more
};

struct element {
    uint8_t tag;     // class and form
    uint32_t number; // of the tag
    struct bytes content;
};

static bool read_element(struct cursor *in, struct element *e)
{
    e->tag = cursor_u8(in);
    e->number = e->tag & 31;
    if (e->number == 31)
        e->number = cursor_u8(in); // numbers up to 127 are all there are
    size_t length = cursor_u8(in);
    if (length == 0x81)
        length = cursor_u8(in);
    else if (length == 0x82)
        length = cursor_u16(in);
    else if (length >= 0x80)
        cursor_fail(in);
    e->content = cursor_take(in, length);
    return cursor_ok(in);
}

// MMS abstract syntax, in the session's connect: 1.0.9506.2.1 or its older numbers.
static const struct bytes syntax = {(const uint8_t *)"\x28\xca\x22\x02", 4};

static bool is_mms(struct bytes payload)
{
    uint8_t kind = bytes_at(payload, 0);
    if (kind == 0x0d || kind == 0x0e)
        return bytes_find(bytes_sub(payload, 0, 512), syntax) != BYTES_NOT_FOUND;
    return bytes_start_with(payload, BYTES("\x01\x00\x01\x00\x61"));
}

static enum proto_probe mms_probe(const struct proto_first *first)
{
    struct bytes d = first->data;
    if (!cotp_begins_with(d, 0x01) && !cotp_begins_with(d, 0x0d))
        return PROBE_NO;
    if (!is_mms(bytes_from(d, 7)))
        return PROBE_NO;
    return bytes_at(d, 7) == 0x0d ? PROBE_CLIENT : PROBE_EITHER;
}

// The first names: a domain and an item in it, or an item alone.
static void read_names(struct bytes body, struct record_mms *r, struct arena *arena)
{
    struct cursor in = cursor_make(body);
    for (unsigned depth = 0; depth < DEPTH_MAX; depth++) {
        struct element e, next;
        if (cursor_left(&in) == 0 || !read_element(&in, &e))
            return;
        while (e.tag == 0x80 || e.tag == 0x81) // flags before the names
            if (!read_element(&in, &e))
                return;
        if (e.tag == 0x1a && cursor_left(&in) > 0 && read_element(&in, &next) && next.tag == 0x1a) {
            r->domain = arena_copy(arena, bytes_sub(e.content, 0, NAME_BYTES));
            r->item = arena_copy(arena, bytes_sub(next.content, 0, NAME_BYTES));
            return;
        }
        if (e.tag == 0x1a || (e.tag == 0x80 && depth > 0)) {
            r->item = arena_copy(arena, bytes_sub(e.content, 0, NAME_BYTES));
            return;
        }
        if (!(e.tag & 0x20))
            return;
        in = cursor_make(e.content);
    }
}

static bool is_new(struct mms_state *state, uint32_t kind)
{
    for (size_t i = 0; i < state->count; i++)
        if (state->seen[i] == kind)
            return false;
    if (state->count < KINDS_MAX)
        state->seen[state->count++] = kind;
    return true;
}

static bool changes(uint32_t service)
{
    bool programs = service >= 38 && service <= 44;
    bool domains = service >= 26 && service <= 36 && service != 27 && service != 30;
    return service == 3 || service == 5 || service == 10 || programs || domains || service == 46 ||
           service == 75 || service == 76;
}

static void take_pdu(struct proto_flow *pf, enum flow_side side, const struct element *pdu)
{
    struct cursor in = cursor_make(pdu->content);
    struct record_mms r = {.has_invoke_id = false};
    struct element invoke, service = {.number = 0};
    bool named = false;
    if (pdu->number <= 2 && read_element(&in, &invoke)) {
        for (size_t i = 0; i < invoke.content.len && i < 4; i++)
            r.invoke_id = r.invoke_id << 8 | invoke.content.data[i];
        r.has_invoke_id = true;
        if (cursor_left(&in) > 0 && pdu->number != 2)
            named = read_element(&in, &service);
    }
    bool change = named && pdu->number == CONFIRMED_REQUEST && changes(service.number);
    uint32_t kind = pdu->number << 8 | (named ? service.number + 1 : 0);
    if (!change && !is_new(pf->state, kind))
        return;
    struct arena arena;
    arena_init(&arena, pf->arena.pool, 4096);
    r.pdu = ics_name_or(ICS_NAME(pdus, pdu->number), "unknown-", pdu->number, &arena);
    if (named)
        r.service =
            ics_name_or(ICS_NAME(services, service.number), "unknown-", service.number, &arena);
    if (named && pdu->number == CONFIRMED_REQUEST)
        read_names(service.content, &r, &arena);
    pf->speaker = side;
    proto_emit(pf, RECORD_MMS, &r, pf->tx_count++);
    arena_reset(&arena);
}

// Presentation's user data: a list of contexts, each with one message.
static void take_data(struct proto_flow *pf, enum flow_side side, struct bytes payload)
{
    struct cursor in = cursor_make(payload);
    struct element outer, list, part, pdu;
    cursor_skip(&in, 4); // give tokens, data transfer
    if (!read_element(&in, &outer) || outer.tag != 0x61)
        return;
    in = cursor_make(outer.content);
    if (!read_element(&in, &list))
        return;
    in = cursor_make(list.content);
    while (cursor_left(&in) > 0 && read_element(&in, &part)) {
        struct cursor inner = cursor_make(part.content);
        if (part.tag == 0xa0 && read_element(&inner, &pdu) && (pdu.tag & 0xc0) == 0x80)
            take_pdu(pf, side, &pdu);
    }
}

static void take_message(struct proto_flow *pf, enum flow_side side, struct bytes payload)
{
    uint8_t kind = bytes_at(payload, 0);
    if (kind == 0x01) {
        take_data(pf, side, payload);
    } else if (kind == 0x0d || kind == 0x0e) {
        struct element initiate = {.tag = 0xa0, .number = kind == 0x0d ? 8 : 9};
        take_pdu(pf, side, &initiate);
    }
}

static enum proto_verdict mms_parse(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct mms_state *state = pf->state;
    struct cotp_frame frame;
    size_t need;
    while (cursor_left(in) > 0 && !state->dead[side]) {
        enum cotp_read answer = cotp_frame_read(in, &frame, &need);
        pf->need[side] = answer == COTP_MORE ? need : 0;
        if (answer == COTP_MORE)
            return PROTO_MORE;
        if (answer == COTP_BAD) {
            proto_anomaly(pf, ANOMALY_COTP_MALFORMED);
            state->dead[side] = true;
            break;
        }
        if (frame.type == COTP_DT)
            take_message(pf, side, frame.payload);
    }
    if (state->dead[side])
        cursor_skip(in, cursor_left(in));
    return PROTO_MORE;
}

const struct proto proto_mms = {
    .name = "mms",
    .carriers = OVER_TCP,
    .state_bytes = sizeof(struct mms_state),
    .budget_bytes = 1024,
    .buffer_bytes = ICS_BUFFER_BYTES,
    .probe = mms_probe,
    .parse = mms_parse,
};
