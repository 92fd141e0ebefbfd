// SPDX-License-Identifier: Apache-2.0
// Commands to control systems from hosts that never gave any. In most plants few hosts write to a
// controller and do so all day: who writes within ics.learning after the controller was seen first
// is one of them, unless its first word is a command while another had long been talking. Stops,
// restarts and programs are told at any time, of known masters lightly. ics_command.def names the
// commands.
#include "base/alloc.h"
#include "behaviour/ledger.h"
#include "behaviour/seat.h"
#include "behaviour/words.h"

enum {
    ACQUAINTED = 20,    // requests after which two know each other
    ABSOLUTE_TIME = 50, // object groups of DNP3 that every master writes: time, and the
    INDICATIONS = 80,   // restart's mark, which it clears
    NEWCOMER_CERTAINTY = 50,
};

enum kind { NONE, WRITE, RESTART, STOP, PROGRAM };

static const char *const kinds[] = {"", "write", "restart", "stop", "program"};

static const struct command {
    enum record_type type;
    const char *name;
    enum kind kind;
} commands[] = {
#define COMMAND(record, name, kind) {RECORD_##record, name, kind},
#include "behaviour/ics_command.def"
#undef COMMAND
};

struct operation {
    struct bytes name;
    enum kind kind;
};

struct controller {
    int64_t first_us;
    uint64_t requests;
};

struct pair_key {
    struct addr client, controller;
};

struct pair {
    uint64_t requests;
    bool is_master;
    uint8_t told; // a bit for each kind
};

struct ics {
    const struct seat *seat;
    struct ledger *controllers, *pairs;
};

static void destroy(void *state)
{
    struct ics *ics = state;
    ledger_destroy(ics->controllers);
    ledger_destroy(ics->pairs);
    base_free(ics);
}

static void *create(const struct seat *seat)
{
    struct ics *ics = base_calloc(1, sizeof *ics);
    size_t most = seat->config->behaviours.max_hosts;
    if (!ics)
        return NULL;
    ics->seat = seat;
    ics->controllers =
        ledger_create(sizeof(struct addr), sizeof(struct controller), most, seat->metrics);
    ics->pairs = ledger_create(sizeof(struct pair_key), sizeof(struct pair), most, seat->metrics);
    if (ics->controllers && ics->pairs)
        return ics;
    destroy(ics);
    return NULL;
}

// ---- what was asked

// The gravest of what one request asks for.
static void consider(struct operation *out, enum record_type type, struct bytes name)
{
    for (size_t i = 0; name.len && i < sizeof commands / sizeof *commands; i++)
        if (commands[i].type == type && commands[i].kind > out->kind &&
            bytes_equal(name, bytes_from_text(commands[i].name)))
            *out = (struct operation){name, commands[i].kind};
}

static void ask_modbus(struct operation *out, const struct record_modbus *modbus)
{
    const struct record_modbus_message *m = &modbus->request;
    consider(out, RECORD_MODBUS, m->func);
    if (m->has_diagnostic)
        consider(out, RECORD_MODBUS, m->diagnostic.code);
    if (m->has_umas)
        consider(out, RECORD_MODBUS, m->umas.function);
}

static void ask_dnp3(struct operation *out, const struct record_dnp3 *dnp3)
{
    bool routine = dnp3->application.objects_count > 0;
    for (size_t i = 0; i < dnp3->application.objects_count; i++) {
        uint8_t group = dnp3->application.objects[i].group;
        routine &= group == ABSOLUTE_TIME || group == INDICATIONS;
    }
    if (!routine)
        consider(out, RECORD_DNP3, dnp3->application.function);
}

static void ask_s7comm(struct operation *out, const struct record_s7comm *s7comm)
{
    consider(out, RECORD_S7COMM, s7comm->func_name);
    consider(out, RECORD_S7COMM, s7comm->request.pi_service);
}

// Reset, start and stop are for whole devices or connections alike: of the device is grave.
static void ask_cip(struct operation *out, struct bytes service, struct bytes class)
{
    bool of_all = bytes_equal(service, BYTES("Reset")) || bytes_equal(service, BYTES("Restore"));
    if (!of_all || bytes_equal(class, BYTES("Identity")))
        consider(out, RECORD_ENIP, service);
}

static void ask_enip(struct operation *out, const struct record_enip *enip)
{
    const struct record_cip_request *cip = &enip->request.cip;
    ask_cip(out, cip->service, cip->class_name);
    consider(out, RECORD_ENIP, cip->pccc);
    for (size_t i = 0; i < cip->multiple_count; i++)
        ask_cip(out, cip->multiple[i].service, cip->multiple[i].class_name);
}

// Communication may be enabled again; a device that is reinitialized may only begin or end a
// backup.
static void ask_bacnet(struct operation *out, const struct record_bacnet *bacnet)
{
    struct bytes state = bacnet->request.state;
    if (!bytes_equal(state, BYTES("enable")) && !words_hold(state, "backup") &&
        !words_hold(state, "restore"))
        consider(out, RECORD_BACNET, bacnet->pdu_service);
}

static struct operation operation_of(const struct record *record)
{
    const struct record_iec104 *iec104 = record->body;
    const struct record_opcua *opcua = record->body;
    const struct record_mms *mms = record->body;
    struct operation out = {.kind = NONE};
    switch (record->type) {
    case RECORD_MODBUS: ask_modbus(&out, record->body); break;
    case RECORD_DNP3: ask_dnp3(&out, record->body); break;
    case RECORD_S7COMM: ask_s7comm(&out, record->body); break;
    case RECORD_ENIP: ask_enip(&out, record->body); break;
    case RECORD_BACNET: ask_bacnet(&out, record->body); break;
    case RECORD_OPCUA: consider(&out, RECORD_OPCUA, opcua->service); break;
    case RECORD_MMS: consider(&out, RECORD_MMS, mms->service); break;
    default:
        if (!iec104->select && bytes_equal(iec104->cause, BYTES("act")))
            consider(&out, RECORD_IEC104, iec104->type_name);
    }
    return out;
}

static bool wants(const struct config *, const struct record *record)
{
    const struct record_dnp3 *dnp3 = record->body;
    const struct record_modbus *modbus = record->body;
    const struct record_s7comm *s7comm = record->body;
    const struct record_enip *enip = record->body;
    const struct record_bacnet *bacnet = record->body;
    const struct record_mms *mms = record->body;
    switch (record->type) {
    case RECORD_MODBUS: return modbus->has_request;
    case RECORD_DNP3: return bytes_equal(dnp3->type, BYTES("request"));
    case RECORD_S7COMM: return s7comm->has_request;
    case RECORD_ENIP: return enip->has_request && enip->request.has_cip;
    case RECORD_BACNET: return bacnet->has_request;
    case RECORD_MMS: return bytes_equal(mms->pdu, BYTES("confirmed_request"));
    default: return true;
    }
}

// ---- who asked

static void tell(struct ics *ics, const struct record *record, const struct operation *operation,
    struct pair *pair, bool newcomer)
{
    struct telling telling;
    uint8_t bit = (uint8_t)(1U << operation->kind);
    if (pair->told & bit)
        return;
    pair->told |= bit;
    telling_begin(&telling, "ics.command", record, bytes_from_text(kinds[operation->kind]));
    telling.hit.rule = telling.hit.kind;
    if (pair->is_master) {
        telling.hit.as_detector = false;
        telling.hit.severity = SEVERITY_LOW;
    }
    if (newcomer)
        telling.hit.certainty = NEWCOMER_CERTAINTY;
    telling_text(&telling, "operation", operation->name);
    telling_match(&telling, "operation", operation->name);
    telling_end(&telling, ics->seat);
}

static void record(void *state, const struct record *record)
{
    struct ics *ics = state;
    const struct record_head *head = &record->head;
    struct operation operation = operation_of(record);
    struct pair_key key;
    memset(&key, 0, sizeof key);
    key.client = head->src_ip;
    key.controller = head->dest_ip;
    struct controller *controller = ledger_entry(ics->controllers, &head->dest_ip);
    struct pair *pair = ledger_entry(ics->pairs, &key);
    if (!controller || !pair)
        return;
    if (controller->requests++ == 0)
        controller->first_us = head->timestamp;
    bool stranger = pair->requests++ == 0 && controller->requests > ACQUAINTED;
    int64_t learning_us = (int64_t)ics->seat->config->behaviours.ics.learning_us;
    bool learning = head->timestamp - controller->first_us <= learning_us;
    if (operation.kind == NONE)
        return;
    if (operation.kind == WRITE && learning && !stranger)
        pair->is_master = true;
    pair->is_master |= operation.kind != WRITE && pair->requests > ACQUAINTED;
    if (operation.kind != WRITE || !pair->is_master)
        tell(ics, record, &operation, pair, operation.kind == WRITE && learning);
}

const struct watch ics_command_watch = {
    .types = (const enum record_type[]){RECORD_MODBUS, RECORD_DNP3, RECORD_S7COMM, RECORD_IEC104,
        RECORD_ENIP, RECORD_BACNET, RECORD_OPCUA, RECORD_MMS, RECORD_NONE},
    .wants = wants,
    .create = create,
    .record = record,
    .destroy = destroy,
};
