// SPDX-License-Identifier: Apache-2.0
// Keywords of plants' protocols: modbus, dnp3_ind, dnp3_obj, cip_service.
#include "rules/keywords.h"

static struct bytes word_and_rest(struct bytes text, struct bytes *rest)
{
    size_t at = 0;
    while (at < text.len && text.data[at] != ' ')
        at++;
    *rest = text_trim(bytes_from(text, at));
    return bytes_sub(text, 0, at);
}

enum { MODBUS_PUBLIC = 1, MODBUS_UNASSIGNED = 2, MODBUS_USER = 4, MODBUS_RESERVED = 8 };

static bool modbus_function(struct draft *draft, struct bytes what, struct rule_modbus *out)
{
    static const struct keyword_word categories[] = {{"assigned", MODBUS_PUBLIC},
        {"unassigned", MODBUS_UNASSIGNED}, {"public", MODBUS_PUBLIC | MODBUS_UNASSIGNED},
        {"user", MODBUS_USER}, {"reserved", MODBUS_RESERVED}, {"all", 15}, {NULL, 0}};
    uint64_t number;
    int64_t category;
    if (text_to_number(what, 255, &number)) {
        out->has_function = true;
        out->function = (uint8_t)number;
        return true;
    }
    out->category_negated = what.len && what.data[0] == '!';
    if (!text_to_word(categories, bytes_from(what, out->category_negated), &category))
        return draft_fail_at(draft, what, "is no function of Modbus");
    out->has_category = true;
    out->category = (uint8_t)category;
    return true;
}

static bool modbus_access(struct draft *draft, struct bytes what, struct rule_modbus *out)
{
    static const struct keyword_word tables[] = {{"discretes", MODBUS_DISCRETES},
        {"coils", MODBUS_COILS}, {"input", MODBUS_INPUT}, {"holding", MODBUS_HOLDING}, {NULL, 0}};
    struct bytes table;
    struct bytes how = word_and_rest(what, &table);
    int64_t which = MODBUS_TABLE_ANY;
    out->write = bytes_equal_nocase(how, BYTES("write"));
    if (!out->write && !bytes_equal_nocase(how, BYTES("read")))
        return draft_fail_at(draft, what, "is read or write");
    if (table.len && !text_to_word(tables, table, &which))
        return draft_fail_at(draft, table, "is discretes, coils, input or holding");
    if (out->write && (which == MODBUS_DISCRETES || which == MODBUS_INPUT))
        return draft_fail_at(draft, table, "cannot be written");
    out->has_access = true;
    out->table = (typeof(out->table))which;
    return true;
}

static bool modbus_part(struct draft *draft, struct bytes part, struct rule_modbus *out)
{
    struct bytes what;
    struct bytes name = word_and_rest(part, &what);
    uint64_t number;
    if (bytes_equal_nocase(name, BYTES("function")))
        return modbus_function(draft, what, out);
    if (bytes_equal_nocase(name, BYTES("access")))
        return modbus_access(draft, what, out);
    if (bytes_equal_nocase(name, BYTES("subfunction")) && out->has_function &&
        text_to_number(what, UINT16_MAX, &number)) {
        out->has_subfunction = true;
        out->subfunction = (uint16_t)number;
        return true;
    }
    if (bytes_equal_nocase(name, BYTES("unit"))) {
        out->has_unit = true;
        return parse_number(draft, what, 255, NULL, &out->unit);
    }
    if (bytes_equal_nocase(name, BYTES("address")) && out->has_access) {
        out->has_address = true;
        return parse_number(draft, what, UINT16_MAX, NULL, &out->address);
    }
    if (bytes_equal_nocase(name, BYTES("value")) && out->has_address) {
        out->has_value = true;
        return parse_number(draft, what, UINT16_MAX, NULL, &out->value);
    }
    return draft_fail_at(draft, part, "is unit, function, subfunction, access, address or value");
}

bool keyword_modbus(struct draft *draft, struct bytes value, bool)
{
    struct bytes part, rest = value;
    struct rule_condition *c = draft_condition(draft, RULE_ON_modbus);
    struct rule_modbus *modbus = draft_alloc(draft, sizeof *modbus);
    if (!c || !modbus)
        return false;
    while (text_next(&rest, ',', &part))
        if (!modbus_part(draft, part, modbus))
            return false;
    if ((modbus->has_function || modbus->has_category) && modbus->has_access)
        return draft_fail(draft, "function and access exclude each other");
    c->is.modbus = modbus;
    return true;
}

// IEEE 1815-2012, 4.2.2.6: internal indications.
bool keyword_dnp3_ind(struct draft *draft, struct bytes value, bool)
{
    static const struct keyword_word bits[] = {{"device_restart", 0x8000},
        {"device_trouble", 0x4000}, {"local_control", 0x2000}, {"need_time", 0x1000},
        {"class_3_events", 0x0800}, {"class_2_events", 0x0400}, {"class_1_events", 0x0200},
        {"all_stations", 0x0100}, {"reserved_1", 0x0080}, {"reserved_2", 0x0040},
        {"config_corrupt", 0x0020}, {"already_executing", 0x0010},
        {"event_buffer_overflow", 0x0008}, {"parameter_error", 0x0004}, {"object_unknown", 0x0002},
        {"no_func_code_support", 0x0001}, {NULL, 0}};
    struct rule_condition *c = draft_condition(draft, RULE_ON_dnp3_ind);
    struct bytes word, rest = value;
    int64_t bit;
    uint64_t number;
    if (!c)
        return false;
    c->is.mask.how = MASK_ANY;
    uint8_t by = bytes_find_byte(value, '|') == BYTES_NOT_FOUND ? ',' : '|';
    while (text_next(&rest, by, &word)) {
        if (text_to_number(word, UINT16_MAX, &number))
            bit = (int64_t)number;
        else if (!text_to_word(bits, word, &bit))
            return draft_fail_at(draft, word, "is no internal indication of DNP3");
        c->is.mask.bits |= (uint32_t)bit;
    }
    return true;
}

bool keyword_dnp3_obj(struct draft *draft, struct bytes value, bool)
{
    struct bytes group, rest = value;
    uint64_t first, second;
    struct rule_condition *c = draft_condition(draft, RULE_ON_dnp3_obj);
    if (!c || !text_next(&rest, ',', &group) || !text_to_number(group, 255, &first) ||
        !text_to_number(text_trim(rest), 255, &second))
        return draft_fail(draft, "is GROUP,VARIATION");
    c->is.pair.first = (int32_t)first;
    c->is.pair.second = (int32_t)second;
    return true;
}

bool keyword_cip_service(struct draft *draft, struct bytes value, bool)
{
    static const uint64_t most[3] = {255, UINT16_MAX, UINT16_MAX};
    int64_t parts[3] = {-1, -1, -1};
    bool negated = false;
    struct bytes word, rest = value;
    struct rule_condition *c = draft_condition(draft, RULE_ON_cip_service);
    for (int i = 0; c && i < 3 && text_next(&rest, ',', &word); i++) {
        uint64_t number;
        if (i == 1 && word.len && word.data[0] == '!') {
            negated = true;
            word = bytes_from(word, 1);
        }
        if (!text_to_number(word, most[i], &number))
            return draft_fail(draft, "is SERVICE, or SERVICE,CLASS, or SERVICE,CLASS,ATTRIBUTE");
        parts[i] = (int64_t)number;
    }
    if (!c || rest.data)
        return draft_fail(draft, "is SERVICE, or SERVICE,CLASS, or SERVICE,CLASS,ATTRIBUTE");
    c->is.cip = (struct rule_cip){parts[0], parts[1], parts[2], negated};
    return true;
}
