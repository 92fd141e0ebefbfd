// SPDX-License-Identifier: Apache-2.0
// Commands and replies of MongoDB as BSON documents (bsonspec.org; MongoDB manual, "Database
// Commands").
#include "proto/mongodb.h"

enum { ELEMENTS_MAX = 512, RETURNED_MAX = 1 << 20 };

struct cursor bson_document(struct cursor *in)
{
    size_t left = cursor_left(in);
    uint32_t length = cursor_u32le(in);
    if (!cursor_ok(in) || length < 5) {
        cursor_fail(in);
        return *in;
    }
    size_t here = length <= left ? length - 4 : left - 4;
    return cursor_sub(in, here);
}

static struct bytes take_name(struct cursor *in)
{
    struct bytes rest = cursor_rest(in);
    size_t zero = bytes_find_byte(rest, 0);
    if (zero == BYTES_NOT_FOUND) {
        cursor_fail(in);
        return (struct bytes){NULL, 0};
    }
    cursor_skip(in, zero + 1);
    return bytes_sub(rest, 0, zero);
}

// A document or array with its length; what of it is there.
static struct bytes take_whole(struct cursor *in)
{
    struct cursor look = *in;
    uint32_t length = cursor_u32le(&look);
    if (length < 5)
        cursor_fail(in);
    size_t left = cursor_left(in);
    return cursor_take(in, length < left ? length : left);
}

static struct bytes take_value(struct cursor *in, uint8_t type)
{
    struct bytes text;
    switch (type) {
    case BSON_DOUBLE:
    case 9:  // date
    case 17: // timestamp
    case BSON_INT64: return cursor_take(in, 8);
    case BSON_STRING:
    case 13: // code
    case 14: // symbol
        text = cursor_take(in, cursor_u32le(in));
        return bytes_sub(text, 0, text.len > 0 ? text.len - 1 : 0);
    case BSON_DOCUMENT:
    case BSON_ARRAY: return take_whole(in);
    case BSON_BINARY: {
        uint32_t length = cursor_u32le(in);
        cursor_u8(in);
        return cursor_take(in, length);
    }
    case 7: return cursor_take(in, 12); // object id
    case BSON_BOOL: return cursor_take(in, 1);
    case 11: // regular expression
        take_name(in);
        return take_name(in);
    case BSON_INT32: return cursor_take(in, 4);
    case 19: return cursor_take(in, 16); // decimal
    case 6:                              // undefined, null, the least and the greatest
    case 10:
    case 127:
    case 255: return cursor_take(in, 0);
    default: cursor_fail(in); return (struct bytes){NULL, 0};
    }
}

bool bson_next(struct cursor *document, struct bson_element *element)
{
    element->type = cursor_u8(document);
    if (!cursor_ok(document) || element->type == 0)
        return false;
    element->name = take_name(document);
    element->value = take_value(document, element->type);
    return cursor_ok(document);
}

int64_t bson_number(const struct bson_element *element)
{
    struct cursor in = cursor_make(element->value);
    double value = 0;
    switch (element->type) {
    case BSON_INT32: return (int32_t)cursor_u32le(&in);
    case BSON_INT64: return (int64_t)cursor_u64le(&in);
    case BSON_BOOL: return cursor_u8(&in);
    case BSON_DOUBLE:
        if (element->value.len == sizeof value)
            memcpy(&value, element->value.data, sizeof value);
        return value > -1e15 && value < 1e15 ? (int64_t)value : 0;
    default: return 0;
    }
}

static struct bytes keep(struct mongodb_tx *tx, struct bytes text)
{
    return text_keep_start(&tx->arena, text, MONGODB_TEXT_BYTES);
}

static struct cursor inside(const struct bson_element *element)
{
    struct cursor whole = cursor_make(element->value);
    return bson_document(&whole);
}

static bool is(const struct bson_element *element, const char *name)
{
    return bytes_equal(element->name, bytes_from_text(name));
}

// client: {application: {name}, driver: {name, version}, os: {type, name}}
static void read_client(struct mongodb_tx *tx, struct cursor document)
{
    struct record_mongodb *out = &tx->record;
    struct bson_element part, e;
    for (size_t i = 0; i < ELEMENTS_MAX && bson_next(&document, &part); i++) {
        if (part.type != BSON_DOCUMENT)
            continue;
        struct cursor fields = inside(&part);
        for (size_t k = 0; k < ELEMENTS_MAX && bson_next(&fields, &e); k++) {
            if (e.type != BSON_STRING)
                continue;
            if (is(&part, "application") && is(&e, "name"))
                out->application = keep(tx, e.value);
            if (is(&part, "driver") && is(&e, "name"))
                out->driver = keep(tx, e.value);
            if (is(&part, "driver") && is(&e, "version"))
                out->driver_version = keep(tx, e.value);
            if (is(&part, "os") && (is(&e, "name") || (is(&e, "type") && !out->client_os.data)))
                out->client_os = keep(tx, e.value);
        }
    }
}

// SCRAM: n,,n=user,r=...; PLAIN: authorization, user, password with zeros between.
static void read_payload(struct mongodb_tx *tx, struct bytes payload)
{
    size_t at = bytes_find(payload, BYTES("n="));
    if (bytes_equal(tx->record.mechanism, BYTES("PLAIN"))) {
        struct bytes rest = bytes_from(payload, bytes_find_byte(payload, 0) + 1);
        tx->record.user = keep(tx, bytes_sub(rest, 0, bytes_find_byte(rest, 0)));
    } else if (at != BYTES_NOT_FOUND && at < 64 && payload.data[0] >= 'n') {
        struct bytes name = bytes_from(payload, at + 2);
        tx->record.user = keep(tx, bytes_sub(name, 0, bytes_find_byte(name, ',')));
    }
}

static void read_log_on(struct mongodb_tx *tx, struct cursor document)
{
    struct bson_element e;
    for (size_t i = 0; i < ELEMENTS_MAX && bson_next(&document, &e); i++) {
        if (e.type == BSON_STRING && is(&e, "mechanism"))
            tx->record.mechanism = keep(tx, e.value);
        else if ((e.type == BSON_STRING || e.type == BSON_BINARY) && is(&e, "payload"))
            read_payload(tx, e.value);
        else if (e.type == BSON_STRING && is(&e, "user"))
            tx->record.user = keep(tx, e.value);
    }
}

void mongodb_request(struct mongodb_tx *tx, struct cursor document)
{
    struct record_mongodb *out = &tx->record;
    struct cursor again = document;
    struct bson_element e;
    if (!bson_next(&document, &e))
        return;
    if (e.type == BSON_DOCUMENT && (is(&e, "$query") || is(&e, "query"))) {
        again = document = inside(&e); // the command is inside
        if (!bson_next(&document, &e))
            return;
    }
    out->command = keep(tx, e.name);
    if (e.type == BSON_STRING)
        out->collection = keep(tx, e.value);
    bool log_on = is(&e, "saslStart") || is(&e, "authenticate");
    bool hello = is(&e, "hello") || is(&e, "isMaster") || is(&e, "ismaster");
    for (size_t i = 0; i < ELEMENTS_MAX && bson_next(&document, &e); i++) {
        if (e.type == BSON_STRING && is(&e, "$db"))
            out->database = keep(tx, e.value);
        else if (e.type == BSON_DOCUMENT && hello && is(&e, "client"))
            read_client(tx, inside(&e));
        else if (e.type == BSON_DOCUMENT && hello && is(&e, "speculativeAuthenticate"))
            read_log_on(tx, inside(&e));
        else if (e.type == BSON_STRING && is(&e, "collection") && !out->collection.data)
            out->collection = keep(tx, e.value);
    }
    if (log_on)
        read_log_on(tx, again);
}

// cursor: {firstBatch or nextBatch: [...]}; counted when all of it is there.
static void count_batch(struct mongodb_tx *tx, struct cursor document)
{
    struct bson_element e, item;
    for (size_t i = 0; i < ELEMENTS_MAX && bson_next(&document, &e); i++) {
        if (e.type != BSON_ARRAY || (!is(&e, "firstBatch") && !is(&e, "nextBatch")))
            continue;
        struct cursor look = cursor_make(e.value);
        if (cursor_u32le(&look) != e.value.len)
            return;
        struct cursor list = inside(&e);
        uint32_t count = 0;
        while (count < RETURNED_MAX && bson_next(&list, &item))
            count++;
        tx->record.has_returned = true;
        tx->record.returned = count;
    }
}

static void read_error(struct mongodb_tx *tx, const struct bson_element *e)
{
    struct record_mongodb *out = &tx->record;
    if (is(e, "code")) {
        out->has_error_code = true;
        out->error_code = bson_number(e);
    } else if (e->type == BSON_STRING && is(e, "codeName")) {
        out->error_name = keep(tx, e->value);
    } else if (e->type == BSON_STRING && (is(e, "errmsg") || is(e, "$err"))) {
        out->error_message = keep(tx, e->value);
    }
}

// writeErrors: [{code, errmsg}, ...]: the first.
static void read_write_errors(struct mongodb_tx *tx, struct cursor list)
{
    struct bson_element first, e;
    if (!bson_next(&list, &first) || first.type != BSON_DOCUMENT)
        return;
    struct cursor document = inside(&first);
    for (size_t i = 0; i < ELEMENTS_MAX && bson_next(&document, &e); i++)
        read_error(tx, &e);
}

void mongodb_reply(struct mongodb_tx *tx, struct cursor document)
{
    struct record_mongodb *out = &tx->record;
    struct bson_element e;
    for (size_t i = 0; i < ELEMENTS_MAX && bson_next(&document, &e); i++) {
        if (is(&e, "ok")) {
            out->has_success = true;
            out->success = bson_number(&e) == 1;
        } else if (is(&e, "n")) {
            out->has_affected = true;
            out->affected = (uint64_t)bson_number(&e);
        } else if (is(&e, "nModified")) {
            out->has_modified = true;
            out->modified = (uint64_t)bson_number(&e);
        } else if (e.type == BSON_DOCUMENT && is(&e, "cursor")) {
            count_batch(tx, inside(&e));
        } else if (e.type == BSON_ARRAY && is(&e, "writeErrors")) {
            read_write_errors(tx, inside(&e));
        } else if (e.type == BSON_STRING && is(&e, "version")) {
            out->server_version = keep(tx, e.value);
        } else {
            read_error(tx, &e);
        }
    }
}
