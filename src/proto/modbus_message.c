// SPDX-License-Identifier: Apache-2.0
// One Modbus message into fields (Modbus Application Protocol V1.1b3, section 6).
#include "proto/modbus.h"

enum access {
    READ = 1,
    WRITE = 2,
    DISCRETES = 4,
    COILS = 8,
    INPUT = 16,
    HOLDING = 32,
    SINGLE = 64,
    MULTIPLE = 128
};
enum fault { DATA_VALUE = 1, DATA_LENGTH = 2, EXC_CODE = 4 };

static const struct function {
    const char *code; // as EVE has it
    const char *func; // as Zeek has it
    uint8_t access;
} functions[] = {
    [1] = {"RdCoils", "READ_COILS", READ | COILS},
    [2] = {"RdDiscreteInputs", "READ_DISCRETE_INPUTS", READ | DISCRETES},
    [3] = {"RdHoldRegs", "READ_HOLDING_REGISTERS", READ | HOLDING},
    [4] = {"RdInputRegs", "READ_INPUT_REGISTERS", READ | INPUT},
    [5] = {"WrSingleCoil", "WRITE_SINGLE_COIL", WRITE | COILS | SINGLE},
    [6] = {"WrSingleReg", "WRITE_SINGLE_REGISTER", WRITE | HOLDING | SINGLE},
    [7] = {"RdExcStatus", "READ_EXCEPTION_STATUS", 0},
    [8] = {"Diagnostic", "DIAGNOSTICS", 0},
    [9] = {"Program484", "PROGRAM_484", 0},
    [10] = {"Poll484", "POLL_484", 0},
    [11] = {"GetCommEventCtr", "GET_COMM_EVENT_COUNTER", 0},
    [12] = {"GetCommEventLog", "GET_COMM_EVENT_LOG", 0},
    [13] = {"ProgramController", "PROGRAM_584_984", 0},
    [14] = {"PollController", "POLL_584_984", 0},
    [15] = {"WrMultCoils", "WRITE_MULTIPLE_COILS", WRITE | COILS | MULTIPLE},
    [16] = {"WrMultRegs", "WRITE_MULTIPLE_REGISTERS", WRITE | HOLDING | MULTIPLE},
    [17] = {"ReportServerID", "REPORT_SLAVE_ID", 0},
    [18] = {"Program884", "PROGRAM_884_U84", 0},
    [19] = {"ResetCommLink", "RESET_COMM_LINK_884_U84", 0},
    [20] = {"RdFileRec", "READ_FILE_RECORD", 0},
    [21] = {"WrFileRec", "WRITE_FILE_RECORD", 0},
    [22] = {"MaskWrReg", "MASK_WRITE_REGISTER", WRITE | HOLDING},
    [23] = {"RdWrMultRegs", "READ_WRITE_MULTIPLE_REGISTERS", READ | WRITE | HOLDING | MULTIPLE},
    [24] = {"RdFIFOQueue", "READ_FIFO_QUEUE", 0},
    [43] = {"MEI", "ENCAP_INTERFACE_TRANSPORT", 0},
};

static const struct ics_name exceptions[] = {{1, "IllegalFunction"}, {2, "IllegalDataAddr"},
    {3, "IllegalDataValue"}, {4, "ServerDeviceFail"}, {5, "Ack"}, {6, "ServerDeviceBusy"},
    {7, "NegAck"}, {8, "MemParityErr"}, {10, "GatewayPathUnavailable"},
    {11, "GatewayTargetFailToResp"}};

static const struct ics_name exception_names[] = {{1, "ILLEGAL_FUNCTION"},
    {2, "ILLEGAL_DATA_ADDRESS"}, {3, "ILLEGAL_DATA_VALUE"}, {4, "SLAVE_DEVICE_FAILURE"},
    {5, "ACKNOWLEDGE"}, {6, "SLAVE_DEVICE_BUSY"}, {7, "NEGATIVE_ACKNOWLEDGE"},
    {8, "MEMORY_PARITY_ERROR"}, {10, "GATEWAY_PATH_UNAVAILABLE"},
    {11, "GATEWAY_TARGET_DEVICE_FAILED_TO_RESPOND"}};

static const struct ics_name diagnostics[] = {{0, "RetQueryData"}, {1, "RestartCommOpt"},
    {2, "RetDiagReg"}, {3, "ChangeInputDelimiter"}, {4, "ForceListenOnlyMode"},
    {10, "ClearCtrDiagReg"}, {11, "RetBusMsgCount"}, {12, "RetBusCommErrCount"},
    {13, "RetBusExcErrCount"}, {14, "RetServerMsgCount"}, {15, "RetServerNoRespCount"},
    {16, "RetServerNAKCount"}, {17, "RetServerBusyCount"}, {18, "RetBusCharOverrunCount"},
    {19, "RetOverrunErrCount"}, {20, "ClearOverrunCounterFlag"}, {21, "GetClearPlusStats"}};

static const struct ics_name mei_types[] = {{13, "CANOpenGenRefReqResp"}, {14, "RdDevId"}};

static const struct ics_name umas_functions[] = {{0x01, "init_comm"}, {0x02, "read_id"},
    {0x03, "read_project_info"}, {0x04, "read_plc_info"}, {0x06, "read_card_info"},
    {0x0a, "repeat"}, {0x10, "take_plc_reservation"}, {0x11, "release_plc_reservation"},
    {0x12, "keep_alive"}, {0x20, "read_memory_block"}, {0x21, "write_memory_block"},
    {0x22, "read_variables"}, {0x23, "write_variables"}, {0x24, "read_coils_registers"},
    {0x25, "write_coils_registers"}, {0x30, "initialize_upload"}, {0x31, "upload_block"},
    {0x32, "end_strategy_upload"}, {0x33, "initialize_download"}, {0x34, "download_block"},
    {0x35, "end_strategy_download"}, {0x39, "read_eth_master_data"}, {0x40, "start_plc"},
    {0x41, "stop_plc"}, {0x50, "monitor_plc"}, {0x58, "check_plc"}, {0x70, "read_io_object"},
    {0x71, "write_io_object"}, {0x73, "get_status_module"}, {0xfd, "error"}, {0xfe, "ok"}};

enum { FUNCTION_UMAS = 0x5a, FUNCTION_MEI = 43, FUNCTION_DIAGNOSTIC = 8, FUNCTION_RW = 23 };

struct reader {
    struct cursor in;
    bool response;
    uint8_t function; // without the exception's bit
    uint8_t access;
    uint8_t faults;
    bool reserved; // a sub-function that is not assigned
    struct record_modbus *modbus;
    struct record_modbus_message *m; // its request or response
    struct arena *arena;
};

static struct bytes rest_copy(struct reader *r)
{
    struct bytes rest = cursor_take(&r->in, cursor_left(&r->in));
    return rest.len ? arena_copy(r->arena, rest) : rest;
}

static void read_exception(struct reader *r)
{
    struct record_modbus_message *m = r->m;
    uint8_t f = r->function, raw = cursor_u8(&r->in);
    m->has_exception = cursor_ok(&r->in);
    m->exception.raw = raw;
    m->exception.code = ICS_NAME(exceptions, raw);
    if (!m->exception.code.data)
        m->exception.code = BYTES("Unknown");
    m->exception.name = ICS_NAME(exception_names, raw);
    bool no_address = (f > 6 && f < 15) || (f > 16 && f < 22);
    if ((raw == 3 && f == FUNCTION_DIAGNOSTIC) || (raw == 2 && no_address) ||
        (raw == 8 && f != 20 && f != 21))
        r->faults |= EXC_CODE;
}

static void read_diagnostic(struct reader *r)
{
    struct record_modbus_message *m = r->m;
    uint16_t raw = cursor_u16(&r->in);
    if (!r->response && cursor_left(&r->in) != 2)
        r->faults |= DATA_LENGTH;
    m->has_diagnostic = cursor_ok(&r->in);
    m->diagnostic.raw = raw;
    m->diagnostic.code = ICS_NAME(diagnostics, raw);
    r->reserved = !m->diagnostic.code.data;
    if (r->reserved)
        m->diagnostic.code = BYTES("Reserved");
    m->diagnostic.data = rest_copy(r);
    uint8_t high = bytes_at(m->diagnostic.data, 0), low = bytes_at(m->diagnostic.data, 1);
    bool zero = raw == 2 || raw >= 10;
    if (!r->response && !r->reserved &&
        ((raw == 1 && (low || (high && high != 0xff))) || (raw == 3 && low) ||
            (zero && (high || low))))
        r->faults |= DATA_VALUE;
}

// Objects of a Read Device Identification response (section 6.21).
static void read_device(struct reader *r, struct bytes data)
{
    struct record_modbus *modbus = r->modbus;
    struct bytes *const fields[] = {&modbus->device.vendor, &modbus->device.product_code,
        &modbus->device.revision, &modbus->device.url, &modbus->device.product,
        &modbus->device.model, &modbus->device.application};
    struct cursor in = cursor_make(data);
    cursor_skip(&in, 4); // code, conformity, more follows, next object
    uint8_t count = cursor_u8(&in);
    for (unsigned i = 0; i < count; i++) {
        uint8_t id = cursor_u8(&in);
        struct bytes value = cursor_take(&in, cursor_u8(&in));
        if (!cursor_ok(&in)) {
            r->faults |= DATA_LENGTH;
            return;
        }
        if (id < sizeof fields / sizeof *fields)
            *fields[id] = value;
    }
}

static void read_mei(struct reader *r)
{
    struct record_modbus_message *m = r->m;
    uint8_t raw = cursor_u8(&r->in);
    m->has_mei = cursor_ok(&r->in);
    m->mei.raw = raw;
    m->mei.code = ICS_NAME(mei_types, raw);
    r->reserved = !m->mei.code.data;
    if (r->reserved)
        m->mei.code = BYTES("Unknown");
    m->mei.data = rest_copy(r);
    if (raw == 14 && r->response)
        read_device(r, m->mei.data);
}

static void keep_registers(struct reader *r, struct bytes data)
{
    size_t count = data.len / 2;
    if (count > MODBUS_REGISTERS_MAX)
        count = MODBUS_REGISTERS_MAX;
    uint16_t *values = count ? arena_alloc(r->arena, count * sizeof *values) : NULL;
    if (!values)
        return;
    struct cursor in = cursor_make(data);
    for (size_t i = 0; i < count; i++)
        values[i] = cursor_u16(&in);
    r->m->registers = values;
    r->m->registers_count = count;
}

static void read_read_request(struct reader *r)
{
    struct record_modbus_message *m = r->m;
    m->has_read = m->read.has_address = m->read.has_quantity = true;
    m->read.address = cursor_u16(&r->in);
    m->read.quantity = cursor_u16(&r->in);
    uint16_t most = r->access & (DISCRETES | COILS) ? 2000 : 125;
    if (m->read.quantity == 0 || m->read.quantity > most)
        r->faults |= DATA_VALUE;
    if (r->function != FUNCTION_RW && cursor_left(&r->in) > 0)
        r->faults |= DATA_LENGTH;
}

static void read_read_response(struct reader *r)
{
    struct record_modbus_message *m = r->m;
    uint8_t count = cursor_u8(&r->in);
    m->has_read = cursor_ok(&r->in);
    if (count == 0 || count > 250 || count != cursor_left(&r->in))
        r->faults |= DATA_VALUE;
    m->read.data = rest_copy(r);
    if (r->access & (INPUT | HOLDING))
        keep_registers(r, m->read.data);
}

static void read_write_several(struct reader *r)
{
    struct record_modbus_message *m = r->m;
    bool bits = r->access & COILS;
    m->write.has_quantity = true;
    m->write.quantity = cursor_u16(&r->in);
    uint8_t count = cursor_u8(&r->in);
    unsigned want = bits ? (m->write.quantity + 7U) / 8 : m->write.quantity * 2U;
    if (m->write.quantity == 0 || count != cursor_left(&r->in) || count != want)
        r->faults |= DATA_VALUE;
    m->write.data_bytes = rest_copy(r);
    if (!bits)
        keep_registers(r, m->write.data_bytes);
}

static void read_write(struct reader *r)
{
    struct record_modbus_message *m = r->m;
    m->has_write = true;
    m->write.address = cursor_u16(&r->in);
    if (r->access & MULTIPLE && !r->response) {
        read_write_several(r);
        return;
    }
    if (r->access & (SINGLE | MULTIPLE)) {
        m->write.has_data = true;
        m->write.data = cursor_u16(&r->in);
        bool coil = r->access & COILS && r->access & SINGLE && !r->response;
        if ((coil && m->write.data != 0 && m->write.data != 0xff00) ||
            (r->access & MULTIPLE && m->write.data == 0))
            r->faults |= DATA_VALUE;
    } else {
        m->write.has_and_mask = m->write.has_or_mask = true;
        m->write.and_mask = cursor_u16(&r->in);
        m->write.or_mask = cursor_u16(&r->in);
    }
    if (cursor_left(&r->in) > 0)
        r->faults |= DATA_LENGTH;
}

// Functions with neither address nor value: bytes, whose number is fixed for some.
static void read_plain(struct reader *r)
{
    struct record_modbus_message *m = r->m;
    size_t left = cursor_left(&r->in);
    uint8_t f = r->function;
    bool empty = f == 7 || f == 11 || f == 12 || f == 17;
    if (!r->response &&
        ((empty && left > 0) || (f == 24 && left != 2) || ((f == 20 || f == 21) && left == 0)))
        r->faults |= DATA_LENGTH;
    if (r->response && ((f == 7 && left != 1) || (f == 11 && left != 4)))
        r->faults |= DATA_LENGTH;
    m->data = rest_copy(r);
    if (f == FUNCTION_UMAS && m->data.len >= 2) {
        m->has_umas = true;
        m->umas.function_raw = bytes_at(m->data, 1); // after the reservation's key
        m->umas.function = ICS_NAME(umas_functions, m->umas.function_raw);
    }
}

static void read_body(struct reader *r)
{
    if (r->m->function_raw & 128)
        read_exception(r);
    else if (r->function == FUNCTION_DIAGNOSTIC)
        read_diagnostic(r);
    else if (r->function == FUNCTION_MEI)
        read_mei(r);
    else if (r->access & READ && r->response)
        read_read_response(r);
    else if (r->access & READ) {
        read_read_request(r);
        if (r->access & WRITE)
            read_write(r);
    } else if (r->access & WRITE)
        read_write(r);
    else
        read_plain(r);
}

static struct bytes bit_names(uint8_t bits, const char *const *names, struct arena *arena)
{
    char buffer[80];
    struct text_out out = TEXT_OUT(buffer);
    for (unsigned i = 0; i < 8; i++) {
        if (!(bits & 1U << i))
            continue;
        text_out_text(&out, out.len ? " | " : "");
        text_out_text(&out, names[i]);
    }
    return bits ? text_out_keep(&out, arena) : BYTES("NONE");
}

static struct bytes category_of(const struct reader *r, bool known)
{
    uint8_t raw = r->m->function_raw;
    if (known)
        return r->reserved ? BYTES("RESERVED") : BYTES("PUBLIC_ASSIGNED");
    if (raw == 0 || raw >= 128)
        return BYTES("NONE");
    if ((raw >= 9 && raw < 15) || raw == 41 || raw == 42 || raw == 90 || raw == 91 || raw >= 125)
        return BYTES("RESERVED");
    if ((raw >= 65 && raw < 73) || (raw >= 100 && raw < 111))
        return BYTES("USER_DEFINED");
    return BYTES("PUBLIC_UNASSIGNED");
}

static struct bytes func_name(const struct function *f, uint8_t raw, struct arena *arena)
{
    char buffer[64];
    struct text_out out = TEXT_OUT(buffer);
    if (!f->func || raw < 128)
        return ics_name_or(bytes_from_text(f->func), "unknown-", raw, arena);
    text_out_text(&out, f->func);
    text_out_text(&out, "_EXCEPTION");
    return text_out_keep(&out, arena);
}

void modbus_message_read(struct proto_flow *pf, const struct modbus_adu *adu, bool response,
    struct record_modbus *modbus, struct arena *arena)
{
    struct record_modbus_message *m = response ? &modbus->response : &modbus->request;
    static const char *const access_names[] = {
        "READ", "WRITE", "DISCRETES", "COILS", "INPUT", "HOLDING", "SINGLE", "MULTIPLE"};
    static const char *const fault_names[] = {
        "DATA_VALUE", "DATA_LENGTH", "EXC_CODE", "", "", "", "", ""};
    struct reader r = {.in = cursor_make(adu->pdu),
        .response = response,
        .modbus = modbus,
        .m = m,
        .arena = arena};
    modbus->has_response |= response;
    modbus->has_request |= !response;
    m->transaction_id = adu->transaction;
    m->protocol_id = adu->protocol;
    m->unit_id = adu->unit;
    m->function_raw = cursor_u8(&r.in);
    r.function = m->function_raw & 127;
    const struct function *f =
        r.function < sizeof functions / sizeof *functions ? &functions[r.function] : &functions[0];
    r.access = f->access;
    m->function_code = f->code ? bytes_from_text(f->code) : BYTES("Unknown");
    m->pdu_type = response ? BYTES("RESP") : BYTES("REQ");
    m->func = func_name(f, m->function_raw, arena);
    read_body(&r);
    if (!cursor_ok(&r.in))
        r.faults |= DATA_LENGTH;
    m->access_type = bit_names(r.access, access_names, arena);
    m->category = category_of(&r, f->code != NULL);
    m->error_flags = bit_names(r.faults, fault_names, arena);
    if (r.faults)
        proto_anomaly(pf, ANOMALY_MODBUS_VALUE_MISMATCH);
}
