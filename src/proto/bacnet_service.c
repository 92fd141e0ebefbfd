// SPDX-License-Identifier: Apache-2.0
// Services of BACnet (ASHRAE 135 clauses 13 to 17): what a request is about and what an answer
// brings. Services not named in read_confirmed() and read_unconfirmed() are only named.
#include "proto/bacnet.h"

#define N(value, name) {value, name},

static const struct ics_name vendors[] = {
#include "proto/bacnet_vendors.def"
};

static const struct ics_name error_codes[] = {
#include "proto/bacnet_errors.def"
};

static const struct ics_name error_classes[] = {{0, "device"}, {1, "object"}, {2, "property"},
    {3, "resources"}, {4, "security"}, {5, "services"}, {6, "vt"}, {7, "communication"}};

static const struct ics_name confirmed_services[] = {{0, "acknowledge_alarm"},
    {1, "confirmed_cov_notification"}, {2, "confirmed_event_notification"},
    {3, "get_alarm_summary"}, {4, "get_enrollment_summary"}, {5, "subscribe_cov"},
    {6, "atomic_read_file"}, {7, "atomic_write_file"}, {8, "add_list_element"},
    {9, "remove_list_element"}, {10, "create_object"}, {11, "delete_object"}, {12, "read_property"},
    {13, "read_property_conditional"}, {14, "read_property_multiple"}, {15, "write_property"},
    {16, "write_property_multiple"}, {17, "device_communication_control"},
    {18, "confirmed_private_transfer"}, {19, "confirmed_text_message"}, {20, "reinitialize_device"},
    {21, "vt_open"}, {22, "vt_close"}, {23, "vt_data"}, {24, "authenticate"}, {25, "request_key"},
    {26, "read_range"}, {27, "life_safety_operation"}, {28, "subscribe_cov_property"},
    {29, "get_event_information"}, {30, "subscribe_cov_property_multiple"},
    {31, "confirmed_cov_notification_multiple"}, {32, "confirmed_audit_notification"},
    {33, "audit_log_query"}};

static const struct ics_name unconfirmed_services[] = {{0, "i_am"}, {1, "i_have"},
    {2, "unconfirmed_cov_notification"}, {3, "unconfirmed_event_notification"},
    {4, "unconfirmed_private_transfer"}, {5, "unconfirmed_text_message"},
    {6, "time_synchronization"}, {7, "who_has"}, {8, "who_is"}, {9, "utc_time_synchronization"},
    {10, "write_group"}, {11, "unconfirmed_cov_notification_multiple"},
    {12, "unconfirmed_audit_notification"}, {13, "who_am_i"}, {14, "you_are"}};

static const struct ics_name restarts[] = {{0, "coldstart"}, {1, "warmstart"}, {2, "start-backup"},
    {3, "end-backup"}, {4, "start-restore"}, {5, "end-restore"}, {6, "abort-restore"},
    {7, "activate-changes"}};

static const struct ics_name communications[] = {
    {0, "enable"}, {1, "disable"}, {2, "disable-initiation"}};

static const struct ics_name segmentations[] = {{0, "segmented-both"}, {1, "segmented-transmit"},
    {2, "segmented-receive"}, {3, "no-segmentation"}};

enum service {
    COV_CONFIRMED = 1,
    COV_SUBSCRIBE = 5,
    FILE_READ = 6,
    FILE_WRITE = 7,
    LIST_ADD = 8,
    LIST_REMOVE = 9,
    OBJECT_DELETE = 11,
    READ = 12,
    READ_MULTIPLE = 14,
    WRITE = 15,
    WRITE_MULTIPLE = 16,
    COMMUNICATION = 17,
    PRIVATE = 18,
    TEXT = 19,
    RESTART = 20,
    RANGE = 26,
    I_AM = 0,
    I_HAVE = 1,
    COV = 2,
    PRIVATE_UNCONFIRMED = 4,
    TEXT_UNCONFIRMED = 5,
    TIME = 6,
    WHO_HAS = 7,
    WHO_IS = 8,
    TIME_UTC = 9,
};

struct bytes bacnet_service_name(bool confirmed, uint8_t service, struct arena *arena)
{
    struct bytes name =
        confirmed ? ICS_NAME(confirmed_services, service) : ICS_NAME(unconfirmed_services, service);
    return ics_name_or(name, "unknown-", service, arena);
}

// "read_property" and a suffix as "read-property-request".
static struct bytes operation_of(struct bytes service, const char *suffix, struct arena *arena)
{
    char buffer[64];
    struct text_out out = TEXT_OUT(buffer);
    for (size_t i = 0; i < service.len; i++)
        text_out_char(&out, service.data[i] == '_' ? '-' : (char)service.data[i]);
    text_out_text(&out, suffix);
    return text_out_keep(&out, arena);
}

struct object {
    uint32_t type, instance;
};

static struct object object_of(const struct bacnet_tag *tag)
{
    uint32_t both = bacnet_tag_unsigned(tag);
    return (struct object){both >> 22, both & 0x3fffff};
}

static void set_object(
    struct bacnet_reader *r, const struct bacnet_tag *tag, struct record_bacnet_message *m)
{
    struct object object = object_of(tag);
    m->object_type = bacnet_object_name(object.type, r->arena);
    m->has_instance_number = true;
    m->instance_number = object.instance;
}

static void set_device(
    struct bacnet_reader *r, const struct bacnet_tag *tag, struct record_bacnet_message *m)
{
    struct object object = object_of(tag);
    m->device_id_type = bacnet_object_name(object.type, r->arena);
    m->has_device_id_number = true;
    m->device_id_number = object.instance;
}

// A new property of the message; NULL: no more are kept.
static struct record_bacnet_property *property_add(
    struct bacnet_reader *r, const struct object *object)
{
    if (!r->properties)
        r->properties = arena_zalloc(r->arena, BACNET_PROPERTIES_MAX * sizeof *r->properties);
    if (!r->properties || r->properties_count == BACNET_PROPERTIES_MAX) {
        proto_anomaly(r->pf, ANOMALY_BACNET_TOO_MANY_VALUES);
        return NULL;
    }
    struct record_bacnet_property *p = &r->properties[r->properties_count++];
    if (object) {
        p->object_type = bacnet_object_name(object->type, r->arena);
        p->has_instance_number = true;
        p->instance_number = object->instance;
    }
    return p;
}

// Property (context tag `number`) and, in the next tag, the index; NULL: not there.
static struct record_bacnet_property *read_reference(
    struct bacnet_reader *r, const struct object *object, uint8_t number)
{
    struct bacnet_tag tag;
    if (!bacnet_tag_context(&r->in, number, &tag))
        return NULL;
    struct record_bacnet_property *p = property_add(r, object);
    if (!p)
        return NULL;
    p->property = bacnet_property_name(bacnet_tag_unsigned(&tag), r->arena);
    if (bacnet_tag_context(&r->in, (uint8_t)(number + 1), &tag)) {
        p->has_array_index = true;
        p->array_index = bacnet_tag_unsigned(&tag);
    }
    return p;
}

static void read_value(struct bacnet_reader *r, struct record_bacnet_property *p, uint8_t number)
{
    char name[64] = "";
    size_t length = p->property.len < sizeof name - 1 ? p->property.len : sizeof name - 1;
    if (length)
        memcpy(name, p->property.data, length);
    if (bacnet_tag_open(&r->in, number))
        bacnet_values_read(r, number, name, p);
}

static void read_priority(struct bacnet_reader *r, struct record_bacnet_property *p, uint8_t number)
{
    struct bacnet_tag tag;
    if (!bacnet_tag_context(&r->in, number, &tag))
        return;
    p->has_priority = true;
    p->priority = (uint8_t)bacnet_tag_unsigned(&tag);
}

// One property: object 0, property 1, index 2, value 3, priority 4.
static bool read_one(struct bacnet_reader *r)
{
    struct bacnet_tag tag;
    if (!bacnet_tag_context(&r->in, 0, &tag))
        return false;
    struct object object = object_of(&tag);
    struct record_bacnet_property *p = read_reference(r, &object, 1);
    if (!p)
        return false;
    read_value(r, p, 3);
    read_priority(r, p, 4);
    return true;
}

// What Read Property Multiple says of one property: its value, or why there is none.
static bool read_result(struct bacnet_reader *r, const struct object *object)
{
    struct record_bacnet_property *p = read_reference(r, object, 2);
    if (!p)
        return false;
    read_value(r, p, 4);
    if (!bacnet_tag_open(&r->in, 5))
        return true;
    bacnet_tag_read(&r->in); // class
    struct bacnet_tag code = bacnet_tag_read(&r->in);
    uint32_t number = bacnet_tag_unsigned(&code);
    p->error = ics_name_or(ICS_NAME(error_codes, number), "unknown-", number, r->arena);
    return bacnet_tag_close(&r->in, 5);
}

enum several { ASKED, ANSWERED, WRITTEN, CHANGED };

static bool read_part(struct bacnet_reader *r, const struct object *object, enum several what)
{
    if (what == ANSWERED)
        return read_result(r, object);
    struct record_bacnet_property *p = read_reference(r, object, 0);
    if (p && what != ASKED) {
        read_value(r, p, 2);
        read_priority(r, p, 3);
    }
    return p != NULL;
}

// Parts in brackets `number` until they close.
static bool read_parts(
    struct bacnet_reader *r, const struct object *object, uint8_t number, enum several what)
{
    if (!bacnet_tag_open(&r->in, number))
        return false;
    while (!bacnet_tag_close(&r->in, number))
        if (!read_part(r, object, what))
            return false;
    return true;
}

// Objects, each with its properties.
static bool read_several(struct bacnet_reader *r, enum several what)
{
    while (cursor_left(&r->in) > 0) {
        struct bacnet_tag tag;
        if (!bacnet_tag_context(&r->in, 0, &tag))
            return false;
        struct object object = object_of(&tag);
        if (!read_parts(r, &object, 1, what))
            return false;
    }
    return true;
}

// A change of value: process, device, object, time left, properties.
static bool read_change(struct bacnet_reader *r, struct record_bacnet_message *m)
{
    struct bacnet_tag tag;
    bacnet_tag_context(&r->in, 0, &tag);
    if (!bacnet_tag_context(&r->in, 1, &tag))
        return false;
    set_device(r, &tag, m);
    if (!bacnet_tag_context(&r->in, 2, &tag))
        return false;
    struct object object = object_of(&tag);
    bacnet_tag_context(&r->in, 3, &tag);
    return read_parts(r, &object, 4, CHANGED);
}

static bool read_subscription(struct bacnet_reader *r, struct record_bacnet_message *m)
{
    struct bacnet_tag tag;
    bacnet_tag_context(&r->in, 0, &tag);
    if (!bacnet_tag_context(&r->in, 1, &tag))
        return false;
    set_object(r, &tag, m);
    if (bacnet_tag_context(&r->in, 2, &tag))
        m->confirmed = bacnet_tag_unsigned(&tag) != 0;
    if (bacnet_tag_context(&r->in, 3, &tag)) {
        m->has_duration = true;
        m->duration = bacnet_tag_unsigned(&tag);
    }
    return true;
}

static bool read_communication(struct bacnet_reader *r, struct record_bacnet_message *m)
{
    struct bacnet_tag tag;
    if (bacnet_tag_context(&r->in, 0, &tag)) {
        m->has_duration = true;
        m->duration = bacnet_tag_unsigned(&tag);
    }
    if (!bacnet_tag_context(&r->in, 1, &tag))
        return false;
    uint32_t state = bacnet_tag_unsigned(&tag);
    m->state = ics_name_or(ICS_NAME(communications, state), "unknown-", state, r->arena);
    m->password_given = bacnet_tag_context(&r->in, 2, &tag);
    return true;
}

static bool read_restart(struct bacnet_reader *r, struct record_bacnet_message *m)
{
    struct bacnet_tag tag;
    if (!bacnet_tag_context(&r->in, 0, &tag))
        return false;
    uint32_t state = bacnet_tag_unsigned(&tag);
    m->state = ics_name_or(ICS_NAME(restarts, state), "unknown-", state, r->arena);
    m->password_given = bacnet_tag_context(&r->in, 1, &tag);
    return true;
}

static bool read_private(struct bacnet_reader *r, struct record_bacnet_message *m)
{
    struct bacnet_tag tag;
    if (!bacnet_tag_context(&r->in, 0, &tag))
        return false;
    m->has_vendor_id = true;
    m->vendor_id = (uint16_t)bacnet_tag_unsigned(&tag);
    m->vendor = ics_name_or(ICS_NAME(vendors, m->vendor_id), "unknown-", m->vendor_id, r->arena);
    m->has_service_number = bacnet_tag_context(&r->in, 1, &tag);
    m->service_number = bacnet_tag_unsigned(&tag);
    return m->has_service_number;
}

// A text message: device, class of the message, priority, text.
static bool read_text(struct bacnet_reader *r, struct record_bacnet_message *m)
{
    struct bacnet_tag tag;
    if (!bacnet_tag_context(&r->in, 0, &tag))
        return false;
    set_device(r, &tag, m);
    if (bacnet_tag_open(&r->in, 1)) {
        bacnet_tag_read(&r->in);
        bacnet_tag_close(&r->in, 1);
    }
    bacnet_tag_context(&r->in, 2, &tag);
    if (!bacnet_tag_context(&r->in, 3, &tag))
        return false;
    m->text = bacnet_text(tag.content, r->arena);
    return true;
}

// The first application tag is an object (files, deletion).
static bool read_object(struct bacnet_reader *r, struct record_bacnet_message *m)
{
    struct bacnet_tag tag = bacnet_tag_read(&r->in);
    if (tag.context || tag.number != 12 || tag.content.len != 4)
        return false;
    set_object(r, &tag, m);
    return true;
}

static bool read_confirmed(
    struct bacnet_reader *r, uint8_t service, struct record_bacnet_message *m)
{
    switch (service) {
    case READ:
    case WRITE:
    case RANGE:
    case LIST_ADD:
    case LIST_REMOVE: return read_one(r);
    case READ_MULTIPLE: return read_several(r, ASKED);
    case WRITE_MULTIPLE: return read_several(r, WRITTEN);
    case COV_CONFIRMED: return read_change(r, m);
    case COV_SUBSCRIBE: return read_subscription(r, m);
    case FILE_READ:
    case FILE_WRITE:
    case OBJECT_DELETE: return read_object(r, m);
    case COMMUNICATION: return read_communication(r, m);
    case RESTART: return read_restart(r, m);
    case PRIVATE: return read_private(r, m);
    case TEXT: return read_text(r, m);
    default: return true;
    }
}

static bool read_i_am(struct bacnet_reader *r, struct record_bacnet_message *m)
{
    if (!read_object(r, m))
        return false;
    struct bacnet_tag longest = bacnet_tag_read(&r->in), segments = bacnet_tag_read(&r->in);
    struct bacnet_tag vendor = bacnet_tag_read(&r->in);
    uint32_t number = bacnet_tag_unsigned(&segments);
    m->has_max_apdu = m->has_vendor_id = true;
    m->max_apdu = bacnet_tag_unsigned(&longest);
    m->segmentation = ics_name_or(ICS_NAME(segmentations, number), "unknown-", number, r->arena);
    m->vendor_id = (uint16_t)bacnet_tag_unsigned(&vendor);
    m->vendor = ics_name_or(ICS_NAME(vendors, m->vendor_id), "unknown-", m->vendor_id, r->arena);
    return cursor_ok(&r->in);
}

static bool read_i_have(struct bacnet_reader *r, struct record_bacnet_message *m)
{
    struct bacnet_tag device = bacnet_tag_read(&r->in);
    set_device(r, &device, m);
    if (!read_object(r, m))
        return false;
    struct bacnet_tag name = bacnet_tag_read(&r->in);
    m->object_name = bacnet_text(name.content, r->arena);
    return cursor_ok(&r->in);
}

static bool read_who(struct bacnet_reader *r, struct record_bacnet_message *m)
{
    struct bacnet_tag low, high, tag;
    char buffer[32];
    struct text_out out = TEXT_OUT(buffer);
    m->range = BYTES("All");
    if (bacnet_tag_context(&r->in, 0, &low) && bacnet_tag_context(&r->in, 1, &high)) {
        text_out_u64(&out, bacnet_tag_unsigned(&low));
        text_out_char(&out, '-');
        text_out_u64(&out, bacnet_tag_unsigned(&high));
        m->range = text_out_keep(&out, r->arena);
    }
    if (bacnet_tag_context(&r->in, 2, &tag))
        set_object(r, &tag, m);
    if (bacnet_tag_context(&r->in, 3, &tag))
        m->object_name = bacnet_text(tag.content, r->arena);
    return cursor_left(&r->in) == 0;
}

static void put_two(struct text_out *out, char before, uint8_t value)
{
    text_out_char(out, before);
    if (value < 10)
        text_out_char(out, '0');
    text_out_u64(out, value);
}

static bool read_time(struct bacnet_reader *r, struct record_bacnet_message *m)
{
    struct bacnet_tag date = bacnet_tag_read(&r->in), clock = bacnet_tag_read(&r->in);
    char buffer[32];
    struct text_out out = TEXT_OUT(buffer);
    text_out_u64(&out, 1900U + bytes_at(date.content, 0));
    put_two(&out, '-', bytes_at(date.content, 1));
    put_two(&out, '-', bytes_at(date.content, 2));
    put_two(&out, ' ', bytes_at(clock.content, 0));
    put_two(&out, ':', bytes_at(clock.content, 1));
    put_two(&out, ':', bytes_at(clock.content, 2));
    m->time = text_out_keep(&out, r->arena);
    return cursor_ok(&r->in);
}

static bool read_unconfirmed(
    struct bacnet_reader *r, uint8_t service, struct record_bacnet_message *m)
{
    switch (service) {
    case I_AM: return read_i_am(r, m);
    case I_HAVE: return read_i_have(r, m);
    case COV: return read_change(r, m);
    case PRIVATE_UNCONFIRMED: return read_private(r, m);
    case TEXT_UNCONFIRMED: return read_text(r, m);
    case TIME:
    case TIME_UTC: return read_time(r, m);
    case WHO_IS:
    case WHO_HAS: return read_who(r, m);
    default: return true;
    }
}

bool bacnet_request_read(
    struct bacnet_reader *r, bool confirmed, uint8_t service, struct record_bacnet *bacnet)
{
    struct record_bacnet_message *m = &bacnet->request;
    bacnet->has_request = true;
    bacnet->pdu_service = bacnet_service_name(confirmed, service, r->arena);
    m->pdu_type = confirmed ? BYTES("CONFIRMED_REQUEST") : BYTES("UNCONFIRMED_REQUEST");
    m->operation = operation_of(bacnet->pdu_service, confirmed ? "-request" : "", r->arena);
    bool good = confirmed ? read_confirmed(r, service, m) : read_unconfirmed(r, service, m);
    m->properties = r->properties;
    m->properties_count = r->properties_count;
    return good && cursor_ok(&r->in);
}

bool bacnet_answer_read(struct bacnet_reader *r, uint8_t service, struct record_bacnet *bacnet)
{
    struct bytes name = bacnet_service_name(true, service, r->arena);
    bacnet->response.operation = operation_of(name, "-ack", r->arena);
    bool good = true;
    if (service == READ)
        good = read_one(r);
    else if (service == READ_MULTIPLE)
        good = read_several(r, ANSWERED);
    bacnet->response.properties = r->properties;
    bacnet->response.properties_count = r->properties_count;
    return good && cursor_ok(&r->in);
}

bool bacnet_error_read(struct bacnet_reader *r, struct record_bacnet *bacnet)
{
    bacnet_tag_open(&r->in, 0); // some services put the error in brackets
    struct bacnet_tag class = bacnet_tag_read(&r->in), code = bacnet_tag_read(&r->in);
    uint32_t number = bacnet_tag_unsigned(&class);
    bacnet->response.error_class =
        ics_name_or(ICS_NAME(error_classes, number), "unknown-", number, r->arena);
    number = bacnet_tag_unsigned(&code);
    bacnet->response.error_code =
        ics_name_or(ICS_NAME(error_codes, number), "unknown-", number, r->arena);
    return cursor_ok(&r->in);
}
