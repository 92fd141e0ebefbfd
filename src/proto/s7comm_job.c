// SPDX-License-Identifier: Apache-2.0
// One S7comm job, answer or user data message into fields: variables, blocks, program invocations,
// status lists and the device's identity in them.
#include "proto/s7comm.h"

enum function {
    SERVICES = 0,
    READ = 4,
    WRITE = 5,
    DOWNLOAD = 0x1a,
    DOWNLOAD_BLOCK = 0x1b,
    DOWNLOAD_END = 0x1c,
    UPLOAD_START = 0x1d,
    UPLOAD = 0x1e,
    CONTROL = 0x28,
    STOP = 0x29,
    SETUP = 0xf0,
    SYNTAX_ADDRESS = 0x10,
    AREA_DB = 0x84,
    GROUP_CPU = 4,
    TEXT_BYTES = 64,
};

static const struct ics_name functions[] = {{0x00, "CPU services"}, {0x04, "Read Var"},
    {0x05, "Write Var"}, {0x1a, "Request download"}, {0x1b, "Download block"},
    {0x1c, "Download ended"}, {0x1d, "Start upload"}, {0x1e, "Upload"}, {0x1f, "End upload"},
    {0x28, "PLC Control"}, {0x29, "PLC Stop"}, {0xf0, "Setup communication"}};

static const struct ics_name areas[] = {{0x03, "system"}, {0x05, "system_flags"},
    {0x06, "analog_inputs"}, {0x07, "analog_outputs"}, {0x1c, "C"}, {0x1d, "T"},
    {0x1e, "IEC_counters"}, {0x1f, "IEC_timers"}, {0x80, "P"}, {0x81, "I"}, {0x82, "Q"},
    {0x83, "M"}, {0x84, "DB"}, {0x85, "DI"}, {0x86, "L"}, {0x87, "V"}};

static const struct ics_name types[] = {{1, "BIT"}, {2, "BYTE"}, {3, "CHAR"}, {4, "WORD"},
    {5, "INT"}, {6, "DWORD"}, {7, "DINT"}, {8, "REAL"}, {9, "DATE"}, {10, "TOD"}, {11, "TIME"},
    {12, "S5TIME"}, {15, "DATE_AND_TIME"}, {28, "COUNTER"}, {29, "TIMER"}};

static const struct ics_name results[] = {{0, "reserved"}, {1, "hardware error"},
    {3, "access denied"}, {5, "invalid address"}, {6, "data type not supported"},
    {7, "data type inconsistent"}, {10, "object does not exist"}, {255, "success"}};

static const struct ics_name groups[] = {{0, "mode"}, {1, "programmer"}, {2, "cyclic"},
    {3, "block"}, {4, "cpu"}, {5, "security"}, {6, "pbc"}, {7, "time"}};

// Group in the high octet.
static const struct ics_name subfunctions[] = {{0x0101, "request_diagnostics"},
    {0x0102, "variable_table"}, {0x010c, "erase"}, {0x010e, "read_diagnostics"},
    {0x010f, "remove_diagnostics"}, {0x0110, "forces"}, {0x0201, "cyclic_read"},
    {0x0204, "cyclic_stop"}, {0x0301, "list_blocks"}, {0x0302, "list_blocks_of_type"},
    {0x0303, "block_info"}, {0x0401, "read_szl"}, {0x0402, "message_service"},
    {0x0403, "diagnostic_message"}, {0x0405, "alarm_8"}, {0x0413, "alarm_query"},
    {0x0501, "plc_password"}, {0x0502, "plc_password_clear"}, {0x0701, "read_clock"},
    {0x0702, "set_clock"}, {0x0703, "read_clock_following"}, {0x0704, "set_clock_following"}};

static const struct ics_name block_types[] = {{0x3038, "OB"}, {0x3039, "CMod"}, {0x3041, "DB"},
    {0x3042, "SDB"}, {0x3043, "FC"}, {0x3044, "SFC"}, {0x3045, "FB"}, {0x3046, "SFB"}};

static struct bytes keep(struct arena *arena, struct bytes b, size_t most)
{
    return b.len ? arena_copy(arena, bytes_sub(b, 0, most)) : (struct bytes){NULL, 0};
}

static void name_function(struct record_s7comm *r, uint8_t function, struct arena *arena)
{
    r->has_func = true;
    r->func = function;
    r->func_name = ics_name_or(ICS_NAME(functions, function), "unknown-", function, arena);
}

// Byte and, of single bits, which: "12.3".
static struct bytes address_text(uint32_t address, bool bit, struct arena *arena)
{
    char buffer[24];
    struct text_out out = TEXT_OUT(buffer);
    text_out_u64(&out, address >> 3);
    if (bit || address & 7) {
        text_out_char(&out, '.');
        text_out_u64(&out, address & 7);
    }
    return text_out_keep(&out, arena);
}

static void read_item(struct cursor *in, struct record_s7comm_item *item, struct arena *arena)
{
    cursor_skip(in, 1); // 0x12
    struct cursor body = cursor_sub(in, cursor_u8(in));
    uint8_t syntax = cursor_u8(&body);
    if (syntax != SYNTAX_ADDRESS) {
        item->has_syntax = true;
        item->syntax = syntax;
        return;
    }
    uint8_t type = cursor_u8(&body);
    item->count = cursor_u16(&body);
    item->db = cursor_u16(&body);
    uint8_t area = cursor_u8(&body);
    uint32_t address = cursor_u24(&body);
    if (!cursor_ok(&body)) {
        cursor_fail(in);
        return;
    }
    item->has_count = true;
    item->has_db = area == AREA_DB || area == AREA_DB + 1;
    item->area = ics_name_or(ICS_NAME(areas, area), "unknown-", area, arena);
    item->type = ics_name_or(ICS_NAME(types, type), "unknown-", type, arena);
    bool numbered = area == 0x1c || area == 0x1d; // timers and counters have numbers
    item->address = address_text(numbered ? address << 3 : address, type == 1, arena);
}

// One value with its head. Lengths of some types are in bits.
static struct bytes read_value(struct cursor *in, uint8_t *result)
{
    *result = cursor_u8(in);
    uint8_t type = cursor_u8(in);
    size_t length = cursor_u16(in);
    if (type >= 3 && type <= 5)
        length = (length + 7) / 8;
    if (*result != 0xff && *result != 0 && type == 0)
        length = 0;
    struct bytes value = cursor_take(in, length);
    if (length & 1 && cursor_left(in) > 0)
        cursor_skip(in, 1);
    return value;
}

static bool read_items(struct proto_flow *pf, const struct s7comm_message *m, struct cursor *in,
    struct record_s7comm *r, struct arena *arena)
{
    size_t count = cursor_u8(in), kept = count < S7COMM_ITEMS_MAX ? count : S7COMM_ITEMS_MAX;
    struct cursor data = cursor_make(m->data);
    if (count > S7COMM_ITEMS_MAX)
        proto_anomaly(pf, ANOMALY_S7COMM_TOO_MANY_ITEMS);
    struct record_s7comm_item *items = kept ? arena_zalloc(arena, kept * sizeof *items) : NULL;
    size_t done = 0;
    for (; items && done < kept && cursor_left(in) > 0; done++) {
        uint8_t result;
        read_item(in, &items[done], arena);
        if (r->func == WRITE)
            items[done].data = keep(arena, read_value(&data, &result), S7COMM_DATA_BYTES);
    }
    r->request.items = items;
    r->request.items_count = done;
    return cursor_ok(in) && cursor_ok(&data);
}

// A file name of a block: "_", two letters of its type, five digits, where it is.
static void read_block(struct bytes name, struct record_s7comm *r, struct arena *arena)
{
    uint64_t number;
    if (name.len < 8 || name.data[0] != '_')
        return;
    uint32_t type = (uint32_t)name.data[1] << 8 | name.data[2];
    struct bytes known = ICS_NAME(block_types, type);
    r->request.block_type = known.data ? known : arena_copy(arena, bytes_sub(name, 1, 2));
    if (bytes_to_u64(bytes_sub(name, 3, 5), &number)) {
        r->request.has_block_number = true;
        r->request.block_number = (uint32_t)number;
    }
    r->request.file_system = keep(arena, bytes_sub(name, 8, 1), 1);
}

static bool read_invocation(
    struct cursor *in, bool argument, struct record_s7comm *r, struct arena *arena)
{
    cursor_skip(in, argument ? 7 : 5);
    if (argument)
        r->request.pi_argument = keep(arena, cursor_take(in, cursor_u16(in)), TEXT_BYTES);
    r->request.pi_service = keep(arena, cursor_take(in, cursor_u8(in)), TEXT_BYTES);
    return cursor_ok(in);
}

static bool read_job(struct proto_flow *pf, const struct s7comm_message *m, struct cursor *in,
    struct record_s7comm *r, struct arena *arena)
{
    switch (r->func) {
    case SETUP:
        cursor_skip(in, 5);
        r->request.pdu_length = cursor_u16(in);
        r->request.has_pdu_length = cursor_ok(in);
        return cursor_ok(in);
    case READ:
    case WRITE: return read_items(pf, m, in, r, arena);
    case DOWNLOAD:
    case DOWNLOAD_BLOCK:
    case DOWNLOAD_END:
    case UPLOAD_START:
        cursor_skip(in, 7);
        read_block(cursor_take(in, cursor_u8(in)), r, arena);
        return cursor_ok(in);
    case CONTROL: return read_invocation(in, true, r, arena);
    case STOP: return read_invocation(in, false, r, arena);
    default: return true;
    }
}

// Strings of a status list that say who the device is.
static void read_identity(struct cursor *in, struct record_s7comm *r, struct arena *arena)
{
    uint16_t id = r->userdata.szl_id;
    size_t length = cursor_u16(in), count = cursor_u16(in);
    for (size_t i = 0; i < count && length > 2 && cursor_left(in) >= length; i++) {
        struct cursor element = cursor_sub(in, length);
        uint16_t index = cursor_u16(&element);
        struct bytes text = cursor_rest(&element);
        text = bytes_trim(bytes_sub(text, 0, bytes_find_byte(text, 0)));
        struct bytes *field = NULL;
        if ((id & 0xff) == 0x11 && index == 1) {
            field = &r->device.order_number;
            text = bytes_trim(bytes_sub(text, 0, 20));
        } else if ((id & 0xff) == 0x1c) {
            field = index == 1   ? &r->device.name
                    : index == 2 ? &r->device.module
                    : index == 3 ? &r->device.plant
                    : index == 5 ? &r->device.serial
                    : index == 7 ? &r->device.module_type
                                 : NULL;
        }
        if (field && text.len)
            *field = keep(arena, text, TEXT_BYTES);
    }
}

static bool read_userdata(
    const struct s7comm_message *m, bool request, struct record_s7comm *r, struct arena *arena)
{
    struct cursor in = cursor_make(m->parameters);
    cursor_skip(&in, 5); // mark, length, method
    uint8_t kind = cursor_u8(&in), group = kind & 15, sub = cursor_u8(&in);
    if (!cursor_ok(&in))
        return false;
    r->userdata.group = ics_name_or(ICS_NAME(groups, group), "unknown-", group, arena);
    r->userdata.has_subfunction = true;
    r->userdata.subfunction = sub;
    r->userdata.subfunction_name = ICS_NAME(subfunctions, (uint32_t)group << 8 | sub);
    cursor_skip(&in, 3); // sequence, reference, last
    uint16_t error = cursor_u16(&in);
    r->userdata.has_error_code = cursor_ok(&in) && error != 0;
    r->userdata.error_code = error;
    if (group != GROUP_CPU || sub != 1)
        return true;
    struct cursor data = cursor_make(m->data);
    cursor_skip(&data, 4);
    uint16_t id = cursor_u16(&data), index = cursor_u16(&data);
    if (!cursor_ok(&data))
        return true; // nothing in it: a refusal, or an acknowledgement of a part
    r->userdata.has_szl_id = r->userdata.has_szl_index = true;
    r->userdata.szl_id = id;
    r->userdata.szl_index = index;
    if (!request)
        read_identity(&data, r, arena);
    return true;
}

bool s7comm_request_read(struct proto_flow *pf, const struct s7comm_message *m,
    struct record_s7comm *r, struct arena *arena)
{
    struct cursor in = cursor_make(m->parameters);
    r->has_request = true;
    r->request.rosctr = m->rosctr;
    name_function(r, cursor_u8(&in), arena);
    if (m->rosctr == S7COMM_USERDATA)
        return read_userdata(m, true, r, arena);
    return cursor_ok(&in) && read_job(pf, m, &in, r, arena);
}

// Outcome of each item of a read or a write.
static bool read_results(struct proto_flow *pf, const struct s7comm_message *m, size_t count,
    struct record_s7comm *r, struct arena *arena)
{
    size_t kept = count < S7COMM_ITEMS_MAX ? count : S7COMM_ITEMS_MAX, done = 0;
    struct cursor data = cursor_make(m->data);
    struct bytes *list = kept ? arena_zalloc(arena, kept * sizeof *list) : NULL;
    uint32_t octets = 0;
    if (count > S7COMM_ITEMS_MAX)
        proto_anomaly(pf, ANOMALY_S7COMM_TOO_MANY_ITEMS);
    for (; list && done < kept && cursor_left(&data) > 0; done++) {
        uint8_t result = 0;
        if (r->func == WRITE)
            result = cursor_u8(&data);
        else
            octets += (uint32_t)read_value(&data, &result).len;
        list[done] = ics_name_or(ICS_NAME(results, result), "unknown-", result, arena);
    }
    r->response.results = list;
    r->response.results_count = done;
    r->response.has_data_bytes = r->func == READ;
    r->response.data_bytes = octets;
    return cursor_ok(&data);
}

bool s7comm_answer_read(struct proto_flow *pf, const struct s7comm_message *m,
    struct record_s7comm *r, struct arena *arena)
{
    struct cursor in = cursor_make(m->parameters);
    uint8_t function = cursor_u8(&in);
    r->has_response = true;
    r->response.rosctr = m->rosctr;
    r->response.has_error_class = r->response.has_error_code = m->has_error;
    r->response.error_class = m->error_class;
    r->response.error_code = m->error_code;
    if (!r->has_request && cursor_ok(&in))
        name_function(r, function, arena);
    if (m->rosctr == S7COMM_USERDATA)
        return read_userdata(m, false, r, arena);
    if (!cursor_ok(&in)) // a refusal has no parameters
        return m->error_class != 0 || m->rosctr == S7COMM_ACK;
    if (function == SETUP) {
        cursor_skip(&in, 5);
        r->response.pdu_length = cursor_u16(&in);
        r->response.has_pdu_length = cursor_ok(&in);
    } else if (function == READ || function == WRITE) {
        return read_results(pf, m, cursor_u8(&in), r, arena);
    } else if (function == UPLOAD || function == DOWNLOAD_BLOCK) {
        r->response.has_data_bytes = true;
        r->response.data_bytes = (uint32_t)m->data.len;
    }
    return cursor_ok(&in);
}
