// SPDX-License-Identifier: Apache-2.0
// Inside logs/: Zeek's logs as tables, made from schema/zeek.yaml, and the values that are not
// simply a field of ours.
#pragma once
#include "base/arena.h"
#include "schema/shape.h"

enum zeek_type {
    ZEEK_TIME,
    ZEEK_INTERVAL,
    ZEEK_ADDR,
    ZEEK_PORT,
    ZEEK_COUNT,
    ZEEK_INT,
    ZEEK_DOUBLE,
    ZEEK_BOOL,
    ZEEK_STRING,
    ZEEK_ENUM,
};

enum zeek_fold { ZEEK_AS_IS, ZEEK_LOWER, ZEEK_UPPER };

// A record being put together from a log's line. Its texts live in the arena.
struct log_draft {
    struct record_head head;
    enum record_type type;
    void *body; // zeroed, as large as the record's struct
    struct arena *arena;
};

struct zeek_column;

// What a column holds that is no field as it stands. Either may be NULL.
struct zeek_special {
    // Writes the value; nothing: unset. {start, end} of what is written is escaped by the caller.
    void (*put)(struct json *out, const struct record *record, const struct zeek_column *column);
    void (*take)(struct log_draft *draft, struct bytes value, const struct zeek_column *column);
};

struct zeek_column {
    const char *name, *type_name;
    uint8_t type; // enum zeek_type, of an element when there are many
    uint8_t fold; // enum zeek_fold, when it is written
    bool many;    // set or vector
    bool has_path;
    struct shape_path path;
    const struct zeek_special *special;
};

struct zeek_log {
    const char *name; // "conn"
    enum record_type record;
    const struct zeek_column *columns;
    size_t count;
    bool has_when; // records without this text have no line
    struct shape_path when;
};

extern const struct zeek_log zeek_logs[];
extern const size_t zeek_log_count;

extern const struct zeek_special zeek_special_uid, zeek_special_orig_h, zeek_special_orig_p,
    zeek_special_resp_h, zeek_special_resp_p, zeek_special_fuid, zeek_special_proto,
    zeek_special_service, zeek_special_duration, zeek_special_conn_state,
    zeek_special_ip_bytes_orig, zeek_special_ip_bytes_resp, zeek_special_qclass, zeek_special_depth,
    zeek_special_http_version, zeek_special_tls_version, zeek_special_is_orig, zeek_special_note,
    zeek_special_actions, zeek_special_smb_action, zeek_special_smb_name,
    zeek_special_smb_prev_name;

// Whether Zeek has a line for this record: of DNS it has one for a question with its answer, so
// that the question's own record has none.
bool zeek_wants(const struct record *record);

// Text of a column's kind, escaped; for specials.
void zeek_put_text(struct json *out, struct bytes text, const struct zeek_column *column);

// Where a path leads (shape_values), to be filled: lists get as many elements as are wanted. NULL:
// out of memory.
void *shape_place(const struct shape_path *path, struct log_draft *draft, size_t count);

// Say that the value at the path is there (has_NAME).
void shape_mark(const struct shape_path *path, struct log_draft *draft);

// Text into a field of a kind; what is no such value is left out. a_second: see struct shape_path.
bool log_take_scalar(
    void *place, uint8_t kind, struct bytes text, uint32_t a_second, struct arena *arena);
