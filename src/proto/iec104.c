// SPDX-License-Identifier: Apache-2.0
// IEC 60870-5-104 over TCP: frames of the formats I, S and U, the head of each ASDU, commands.
// Emits iec104 records so that a flood of values is no flood of records: one a command, with its
// confirmation; one a start or stop of transfer; one for the first ASDU of each type, cause and
// station that reports values, and one with their counts when the flow ends. Tests of the link and
// S frames are not recorded, values that are reported are not read.
// Limits: IEC104_GROUPS_MAX, IEC104_ADDRESSES_MAX.
#include "proto/ics.h"

enum {
    IEC104_PORT = 2404,
    IEC104_GROUPS_MAX = 64,
    IEC104_ADDRESSES_MAX = 8,
    START = 0x68,
    HEAD_BYTES = 6, // start, length, control
    ASDU_BYTES = 6, // type, qualifier, cause, originator, common address
    COMMAND_FIRST = 45,
    COMMAND_LAST = 127,
    EXCHANGE_BYTES = 2048,
};

static const struct ics_name types[] = {{1, "M_SP_NA_1"}, {2, "M_SP_TA_1"}, {3, "M_DP_NA_1"},
    {4, "M_DP_TA_1"}, {5, "M_ST_NA_1"}, {6, "M_ST_TA_1"}, {7, "M_BO_NA_1"}, {8, "M_BO_TA_1"},
    {9, "M_ME_NA_1"}, {10, "M_ME_TA_1"}, {11, "M_ME_NB_1"}, {12, "M_ME_TB_1"}, {13, "M_ME_NC_1"},
    {14, "M_ME_TC_1"}, {15, "M_IT_NA_1"}, {16, "M_IT_TA_1"}, {17, "M_EP_TA_1"}, {18, "M_EP_TB_1"},
    {19, "M_EP_TC_1"}, {20, "M_PS_NA_1"}, {21, "M_ME_ND_1"}, {30, "M_SP_TB_1"}, {31, "M_DP_TB_1"},
    {32, "M_ST_TB_1"}, {33, "M_BO_TB_1"}, {34, "M_ME_TD_1"}, {35, "M_ME_TE_1"}, {36, "M_ME_TF_1"},
    {37, "M_IT_TB_1"}, {38, "M_EP_TD_1"}, {39, "M_EP_TE_1"}, {40, "M_EP_TF_1"}, {41, "S_IT_TC_1"},
    {45, "C_SC_NA_1"}, {46, "C_DC_NA_1"}, {47, "C_RC_NA_1"}, {48, "C_SE_NA_1"}, {49, "C_SE_NB_1"},
    {50, "C_SE_NC_1"}, {51, "C_BO_NA_1"}, {58, "C_SC_TA_1"}, {59, "C_DC_TA_1"}, {60, "C_RC_TA_1"},
    {61, "C_SE_TA_1"}, {62, "C_SE_TB_1"}, {63, "C_SE_TC_1"}, {64, "C_BO_TA_1"}, {70, "M_EI_NA_1"},
    {81, "S_CH_NA_1"}, {82, "S_RP_NA_1"}, {83, "S_AR_NA_1"}, {84, "S_KR_NA_1"}, {85, "S_KS_NA_1"},
    {86, "S_KC_NA_1"}, {87, "S_ER_NA_1"}, {90, "S_US_NA_1"}, {91, "S_UQ_NA_1"}, {92, "S_UR_NA_1"},
    {93, "S_UK_NA_1"}, {94, "S_UA_NA_1"}, {95, "S_UC_NA_1"}, {100, "C_IC_NA_1"}, {101, "C_CI_NA_1"},
    {102, "C_RD_NA_1"}, {103, "C_CS_NA_1"}, {104, "C_TS_NA_1"}, {105, "C_RP_NA_1"},
    {106, "C_CD_NA_1"}, {107, "C_TS_TA_1"}, {110, "P_ME_NA_1"}, {111, "P_ME_NB_1"},
    {112, "P_ME_NC_1"}, {113, "P_AC_NA_1"}, {120, "F_FR_NA_1"}, {121, "F_SR_NA_1"},
    {122, "F_SC_NA_1"}, {123, "F_LS_NA_1"}, {124, "F_AF_NA_1"}, {125, "F_SG_NA_1"},
    {126, "F_DR_TA_1"}, {127, "F_SC_NB_1"}};

static const struct ics_name causes[] = {{1, "per"}, {2, "back"}, {3, "spont"}, {4, "init"},
    {5, "req"}, {6, "act"}, {7, "actcon"}, {8, "deact"}, {9, "deactcon"}, {10, "actterm"},
    {11, "retrem"}, {12, "retloc"}, {13, "file"}, {14, "auth"}, {15, "seskey"}, {16, "usrkey"},
    {20, "inrogen"}, {21, "inro1"}, {22, "inro2"}, {23, "inro3"}, {24, "inro4"}, {25, "inro5"},
    {26, "inro6"}, {27, "inro7"}, {28, "inro8"}, {29, "inro9"}, {30, "inro10"}, {31, "inro11"},
    {32, "inro12"}, {33, "inro13"}, {34, "inro14"}, {35, "inro15"}, {36, "inro16"},
    {37, "reqcogen"}, {38, "reqco1"}, {39, "reqco2"}, {40, "reqco3"}, {41, "reqco4"},
    {44, "unknown_type"}, {45, "unknown_cause"}, {46, "unknown_common_address"},
    {47, "unknown_ioa"}};

enum cause { ACT = 6, ACTCON = 7, DEACT = 8, DEACTCON = 9, ACTTERM = 10, UNKNOWN_FIRST = 44 };
enum control { STARTDT = 0x07, STARTDT_CON = 0x0b, STOPDT = 0x13, STOPDT_CON = 0x23 };

struct asdu {
    uint8_t type, count, cause, originator;
    bool sequence, negative, test;
    uint16_t common;
    struct cursor objects;
};

struct group {
    uint8_t type, cause;
    uint16_t common;
    uint64_t messages, objects;
};

struct iec104_state {
    struct ics_waits waits;
    struct group groups[IEC104_GROUPS_MAX];
    size_t count;
    bool lost[2];
};

static bool control_known(uint8_t octet)
{
    return octet == STARTDT || octet == STARTDT_CON || octet == STOPDT || octet == STOPDT_CON ||
           octet == 0x43 || octet == 0x83;
}

static enum proto_probe iec104_probe(const struct proto_first *first)
{
    struct bytes d = first->data;
    bool to = first->dst_port == IEC104_PORT, from = first->src_port == IEC104_PORT;
    if (d.len == 0 || d.data[0] != START)
        return PROBE_NO;
    if (d.len < HEAD_BYTES)
        return to || from ? PROBE_MORE : PROBE_NO;
    uint8_t length = d.data[1], c = d.data[2];
    if (length < 4 || length > 253)
        return PROBE_NO;
    if ((c & 3) == 3) {
        bool plain = length == 4 && !d.data[3] && !d.data[4] && !d.data[5] && control_known(c);
        if (!plain || (d.len > HEAD_BYTES && d.data[6] != START))
            return PROBE_NO;
        return c == STARTDT || c == STOPDT           ? PROBE_CLIENT
               : c == STARTDT_CON || c == STOPDT_CON ? PROBE_SERVER
                                                     : PROBE_EITHER;
    }
    if (c & 1)
        return length == 4 && c == 1 && !d.data[3] && to != from ? PROBE_EITHER : PROBE_NO;
    if (length < 4 + ASDU_BYTES + 3 || d.len < HEAD_BYTES + ASDU_BYTES || d.data[4] & 1)
        return PROBE_NO;
    uint8_t type = d.data[6], cause = d.data[8] & 63;
    if (!ICS_NAME(types, type).data || !ICS_NAME(causes, cause).data || !(d.data[7] & 127) ||
        (to == from && d.len != 2U + length))
        return PROBE_NO;
    return to != from ? (to ? PROBE_CLIENT : PROBE_SERVER)
                      : (type >= COMMAND_FIRST && cause == ACT ? PROBE_CLIENT : PROBE_SERVER);
}

static void emit_wait(struct proto_flow *pf, struct ics_wait *wait)
{
    proto_emit_at(pf, RECORD_IEC104, wait->request, wait->tx_id, wait->time_us);
}

static bool read_asdu(struct cursor *in, struct asdu *a)
{
    a->type = cursor_u8(in);
    uint8_t qualifier = cursor_u8(in), cause = cursor_u8(in);
    a->originator = cursor_u8(in);
    a->common = cursor_u16le(in);
    a->sequence = qualifier & 0x80;
    a->count = qualifier & 127;
    a->cause = cause & 63;
    a->negative = cause & 64;
    a->test = cause & 128;
    a->objects = *in;
    return cursor_ok(in);
}

static uint32_t read_address(struct cursor *in)
{
    uint32_t low = cursor_u16le(in);
    return low | (uint32_t)cursor_u8(in) << 16;
}

// Octets of one information element of a type that may stand several times; 0: only one does.
static size_t element_size(uint8_t type)
{
    static const uint8_t sizes[] = {0, 1, 4, 1, 4, 2, 5, 5, 8, 3, 6, 3, 6, 5, 8, 5, 8, 6, 7, 7, 5,
        2, 0, 0, 0, 0, 0, 0, 0, 0, 8, 8, 9, 12, 10, 10, 12, 12, 10, 11, 11};
    return type < sizeof sizes ? sizes[type] : 0;
}

static void read_addresses(const struct asdu *a, struct record_iec104 *r, struct arena *arena)
{
    uint32_t *list = arena_alloc(arena, IEC104_ADDRESSES_MAX * sizeof *list);
    struct cursor in = a->objects;
    size_t kept = 0, size = element_size(a->type);
    while (list && kept < IEC104_ADDRESSES_MAX && kept < a->count) {
        if (kept > 0 && a->sequence) {
            list[kept] = list[kept - 1] + 1;
        } else {
            list[kept] = read_address(&in);
            cursor_skip(&in, size);
        }
        if (!cursor_ok(&in))
            break;
        kept++;
        if (size == 0)
            break;
    }
    r->addresses = list;
    r->addresses_count = kept;
}

// The value of a command's object; its select bit and qualifier.
static void read_command(const struct asdu *a, struct record_iec104 *r)
{
    struct cursor in = a->objects;
    float single;
    uint32_t bits;
    uint8_t last = 0;
    cursor_skip(&in, 3);
    r->has_value = true;
    switch (a->type < 58 ? a->type : a->type <= 64 ? a->type - 13 : a->type) {
    case 45: r->value = (last = cursor_u8(&in)) & 1; break;
    case 46:
    case 47: r->value = (last = cursor_u8(&in)) & 3; break;
    case 48: r->value = (int16_t)cursor_u16le(&in) / 32768.0; break;
    case 49: r->value = (int16_t)cursor_u16le(&in); break;
    case 50:
        bits = cursor_u32le(&in);
        memcpy(&single, &bits, sizeof single);
        r->value = single;
        break;
    case 51: r->value = cursor_u32le(&in); break;
    default: r->has_value = false;
    }
    bool set_point = r->has_value && last == 0 && a->type != 45 && a->type != 58;
    if (set_point && a->type != 51 && a->type != 64 && cursor_left(&in) > 0)
        last = cursor_u8(&in);
    if (a->type == 100 || a->type == 101 || a->type == 105) {
        r->has_qualifier = true;
        r->qualifier = cursor_u8(&in);
    } else if (r->has_value && a->type != 51 && a->type != 64) {
        r->select = last & 0x80;
        r->has_qualifier = true;
        r->qualifier = set_point ? last & 127 : last >> 2 & 31;
    }
    r->has_value &= cursor_ok(&in);
    r->has_qualifier &= cursor_ok(&in);
}

static void fill(const struct asdu *a, struct record_iec104 *r, struct arena *arena)
{
    r->format = BYTES("I");
    r->has_type_id = r->has_common_address = r->has_objects = true;
    r->type_id = a->type;
    r->type_name = ics_name_or(ICS_NAME(types, a->type), "unknown-", a->type, arena);
    r->cause = ics_name_or(ICS_NAME(causes, a->cause), "unknown-", a->cause, arena);
    r->has_originator = a->originator != 0;
    r->originator = a->originator;
    r->common_address = a->common;
    r->objects = a->count;
    r->test = a->test;
    read_addresses(a, r, arena);
}

static uint64_t key_of(const struct asdu *a)
{
    struct cursor in = a->objects;
    return (uint64_t)a->type << 40 | (uint64_t)a->common << 24 | read_address(&in);
}

static void take_single(struct proto_flow *pf, enum flow_side side, const struct asdu *a)
{
    struct arena arena;
    struct record_iec104 r = {.negative = a->negative};
    arena_init(&arena, pf->arena.pool, EXCHANGE_BYTES);
    fill(a, &r, &arena);
    pf->speaker = side;
    proto_emit(pf, RECORD_IEC104, &r, pf->tx_count++);
    pf->speaker = FLOW_CLIENT;
    arena_reset(&arena);
}

static void take_command(struct proto_flow *pf, const struct asdu *a)
{
    struct iec104_state *state = pf->state;
    struct ics_wait *wait =
        ics_wait_begin(pf, &state->waits, key_of(a), sizeof(struct record_iec104), EXCHANGE_BYTES);
    if (!wait)
        return;
    fill(a, wait->request, &wait->arena);
    read_command(a, wait->request);
}

// A confirmation alone, as the command's record would tell of it.
static void take_orphan(struct proto_flow *pf, const struct asdu *a)
{
    struct arena arena;
    struct record_iec104 r = {.negative = a->negative};
    arena_init(&arena, pf->arena.pool, EXCHANGE_BYTES);
    fill(a, &r, &arena);
    r.response_cause = r.cause;
    r.cause = (struct bytes){NULL, 0};
    r.confirmed = a->cause < UNKNOWN_FIRST;
    proto_emit(pf, RECORD_IEC104, &r, pf->tx_count++);
    arena_reset(&arena);
}

static void take_confirmation(struct proto_flow *pf, const struct asdu *a)
{
    struct iec104_state *state = pf->state;
    struct ics_wait *wait = ics_wait_find(&state->waits, key_of(a));
    if (!wait) {
        proto_anomaly(pf, ANOMALY_IEC104_UNSOLICITED_RESPONSE);
        take_orphan(pf, a);
        return;
    }
    struct record_iec104 *r = wait->request;
    r->confirmed = a->cause < UNKNOWN_FIRST;
    r->negative = a->negative;
    r->response_cause = ICS_NAME(causes, a->cause);
    r->has_rtt_us = pf->time_us >= wait->time_us;
    r->rtt_us = (uint64_t)(pf->time_us - wait->time_us);
    emit_wait(pf, wait);
    ics_wait_end(wait);
}

// A value that is reported: counted, and recorded when it is the first of its kind.
static void take_report(struct proto_flow *pf, enum flow_side side, const struct asdu *a)
{
    struct iec104_state *state = pf->state;
    size_t i = 0;
    while (i < state->count &&
           (state->groups[i].type != a->type || state->groups[i].cause != a->cause ||
               state->groups[i].common != a->common))
        i++;
    if (i == IEC104_GROUPS_MAX) {
        proto_anomaly(pf, ANOMALY_IEC104_TOO_MANY_GROUPS);
        return;
    }
    if (i == state->count) {
        state->groups[state->count++] =
            (struct group){.type = a->type, .cause = a->cause, .common = a->common};
        take_single(pf, side, a);
    }
    state->groups[i].messages++;
    state->groups[i].objects += a->count;
}

static void take_asdu(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct asdu a;
    if (!read_asdu(in, &a) || cursor_left(in) < 3) {
        proto_anomaly(pf, ANOMALY_IEC104_MALFORMED);
        return;
    }
    bool command = a.type >= COMMAND_FIRST && a.type <= COMMAND_LAST && a.type != 70;
    bool answer = a.cause == ACTCON || a.cause == DEACTCON || a.cause >= UNKNOWN_FIRST;
    if (command && side == FLOW_CLIENT && !answer)
        take_command(pf, &a);
    else if (command && answer)
        take_confirmation(pf, &a);
    else if (!command || a.cause != ACTTERM)
        take_report(pf, side, &a);
}

// Start and stop are paired by their own key; tests of the link are not recorded.
static void take_control(struct proto_flow *pf, uint8_t control)
{
    struct iec104_state *state = pf->state;
    bool start = control == STARTDT || control == STARTDT_CON;
    uint64_t key = (uint64_t)1 << 63 | start;
    if (control == STARTDT || control == STOPDT) {
        struct ics_wait *wait =
            ics_wait_begin(pf, &state->waits, key, sizeof(struct record_iec104), EXCHANGE_BYTES);
        if (!wait)
            return;
        struct record_iec104 *r = wait->request;
        r->format = BYTES("U");
        r->function = start ? BYTES("startdt") : BYTES("stopdt");
    } else if (control == STARTDT_CON || control == STOPDT_CON) {
        struct ics_wait *wait = ics_wait_find(&state->waits, key);
        if (!wait)
            return;
        struct record_iec104 *r = wait->request;
        r->confirmed = true;
        r->has_rtt_us = pf->time_us >= wait->time_us;
        r->rtt_us = (uint64_t)(pf->time_us - wait->time_us);
        emit_wait(pf, wait);
        ics_wait_end(wait);
    }
}

// One frame. False: not whole, or none (then *bad).
static bool read_frame(
    struct cursor *in, uint8_t *control, struct cursor *asdu, size_t *need, bool *bad)
{
    struct cursor ahead = *in;
    *need = 2;
    uint8_t start = cursor_u8(&ahead), length = cursor_u8(&ahead);
    if (!cursor_ok(&ahead))
        return false;
    *bad = start != START || length < 4 || length > 253;
    *need = 2U + length;
    struct cursor body = cursor_sub(&ahead, length);
    if (*bad || !cursor_ok(&ahead))
        return false;
    *control = cursor_u8(&body);
    cursor_skip(&body, 3);
    *asdu = body;
    *in = ahead;
    return true;
}

static bool whole_frames(struct cursor in)
{
    uint8_t control;
    struct cursor asdu;
    size_t need;
    bool bad = false;
    while (cursor_left(&in) > 0)
        if (!read_frame(&in, &control, &asdu, &need, &bad))
            return false;
    return true;
}

static enum proto_verdict iec104_parse(
    struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct iec104_state *state = pf->state;
    uint8_t control;
    struct cursor asdu;
    size_t need = 0;
    bool bad = false;
    state->waits.emit = emit_wait;
    if (state->lost[side] && !whole_frames(*in)) {
        cursor_skip(in, cursor_left(in));
        return PROTO_MORE;
    }
    state->lost[side] = false;
    while (cursor_left(in) > 0 && read_frame(in, &control, &asdu, &need, &bad)) {
        if ((control & 1) == 0)
            take_asdu(pf, side, &asdu);
        else if ((control & 3) == 3)
            take_control(pf, control);
    }
    if (bad) {
        proto_anomaly(pf, ANOMALY_IEC104_MALFORMED);
        return PROTO_BROKEN;
    }
    pf->need[side] = cursor_left(in) > 0 ? need : 0;
    return PROTO_MORE;
}

static enum proto_verdict iec104_gap(struct proto_flow *pf, enum flow_side side, size_t lost)
{
    struct iec104_state *state = pf->state;
    (void)lost;
    state->lost[side] = true;
    return PROTO_MORE;
}

static void emit_summary(struct proto_flow *pf)
{
    const struct iec104_state *state = pf->state;
    struct arena arena;
    arena_init(&arena, pf->arena.pool, 32 * 1024);
    struct record_iec104_group *groups = arena_zalloc(&arena, state->count * sizeof *groups);
    for (size_t i = 0; groups && i < state->count; i++) {
        const struct group *g = &state->groups[i];
        groups[i].type_id = g->type;
        groups[i].type_name = ics_name_or(ICS_NAME(types, g->type), "unknown-", g->type, &arena);
        groups[i].cause = ics_name_or(ICS_NAME(causes, g->cause), "unknown-", g->cause, &arena);
        groups[i].common_address = g->common;
        groups[i].messages = g->messages;
        groups[i].objects = g->objects;
    }
    struct record_iec104 r = {.format = BYTES("summary"), .groups = groups};
    r.groups_count = groups ? state->count : 0;
    proto_emit(pf, RECORD_IEC104, &r, pf->tx_count++);
    arena_reset(&arena);
}

static void iec104_finish(struct proto_flow *pf)
{
    struct iec104_state *state = pf->state;
    state->waits.emit = emit_wait;
    ics_waits_finish(pf, &state->waits);
    if (state->count)
        emit_summary(pf);
}

const struct proto proto_iec104 = {
    .name = "iec104",
    .carriers = OVER_TCP,
    .state_bytes = sizeof(struct iec104_state),
    .budget_bytes = 1024,
    .buffer_bytes = ICS_BUFFER_BYTES,
    .probe = iec104_probe,
    .parse = iec104_parse,
    .gap = iec104_gap,
    .finish = iec104_finish,
};
