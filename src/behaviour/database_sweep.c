// SPDX-License-Identifier: Apache-2.0
// Databases read table by table: one client reads many different tables of a
// server whole (SELECT ... FROM without WHERE, COPY ... TO), or, after it asked
// which collections there are, collection by collection. Programs ask for the
// rows they need, of the tables they know.
#include "base/alloc.h"
#include "behaviour/distinct.h"
#include "behaviour/ledger.h"
#include "behaviour/seat.h"
#include "behaviour/words.h"
#include <ctype.h>

enum { NAME_BYTES = 128 };

struct pair_key {
    struct addr client, server;
};

struct reading {
    struct distinct tables;
    uint32_t told;
    bool listed; // it asked which collections there are
    int64_t first_us, last_us;
};

struct database_sweep {
    const struct seat *seat;
    struct ledger *readings;
};

static void *create(const struct seat *seat)
{
    struct database_sweep *s = base_calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->seat = seat;
    s->readings = ledger_create_of_sets(sizeof(struct pair_key), sizeof(struct reading), 1,
        seat->config->behaviours.max_hosts, seat->metrics);
    if (s->readings)
        return s;
    base_free(s);
    return NULL;
}

static void destroy(void *state)
{
    struct database_sweep *s = state;
    ledger_destroy(s->readings);
    base_free(s);
}

// ---- which table is read whole

static size_t find_word(struct bytes text, const char *word)
{
    struct bytes part = bytes_from_text(word);
    for (size_t at = 0; at + part.len <= text.len; at++)
        if (bytes_start_with_nocase(bytes_from(text, at), part))
            return at;
    return BYTES_NOT_FOUND;
}

// The name text begins with: letters of any kind, points, quotation marks.
static struct bytes name_at(struct bytes text)
{
    size_t begin = 0;
    while (begin < text.len && isspace(text.data[begin]))
        begin++;
    size_t end = begin;
    while (end < text.len && !isspace(text.data[end]) && !strchr("(),;", text.data[end]))
        end++;
    return bytes_sub(text, begin, end - begin < NAME_BYTES ? end - begin : NAME_BYTES);
}

// Empty: none, or only some of its rows.
static struct bytes table_of(struct bytes statement)
{
    struct bytes none = bytes_sub(statement, 0, 0);
    statement = bytes_trim(statement);
    if (bytes_start_with_nocase(statement, BYTES("COPY ")))
        return words_hold(statement, " TO ") ? name_at(bytes_from(statement, 5)) : none;
    size_t from = find_word(statement, " FROM ");
    if (!bytes_start_with_nocase(statement, BYTES("SELECT ")) || from == BYTES_NOT_FOUND ||
        words_hold(statement, " WHERE ") || words_hold(statement, " LIMIT 1"))
        return none;
    return name_at(bytes_from(statement, from + 6));
}

static bool is_list(struct bytes command)
{
    return bytes_equal(command, BYTES("listCollections")) ||
           bytes_equal(command, BYTES("listDatabases"));
}

static bool reads_documents(struct bytes command)
{
    return bytes_equal(command, BYTES("find")) || bytes_equal(command, BYTES("aggregate"));
}

// The table, or collection, that a record shows being read.
static struct bytes thing_of(const struct record *record)
{
    const struct record_mysql *mysql = record->body;
    const struct record_pgsql *pgsql = record->body;
    const struct record_tds *tds = record->body;
    const struct record_tns *tns = record->body;
    const struct record_mongodb *mongodb = record->body;
    switch (record->type) {
    case RECORD_MYSQL: return table_of(mysql->statement);
    case RECORD_PGSQL:
        return table_of(pgsql->request.simple_query.len ? pgsql->request.simple_query
                                                        : pgsql->request.statement);
    case RECORD_TDS: return table_of(tds->statement);
    case RECORD_TNS: return table_of(tns->statement);
    default:
        return reads_documents(mongodb->command) ? mongodb->collection
                                                 : bytes_sub(mongodb->command, 0, 0);
    }
}

static bool wants(const struct config *, const struct record *record)
{
    const struct record_mongodb *mongodb = record->body;
    return thing_of(record).len > 0 ||
           (record->type == RECORD_MONGODB && is_list(mongodb->command));
}

static void tell(struct database_sweep *s, const struct record *record,
    const struct reading *reading, struct bytes thing)
{
    struct telling telling;
    telling_begin(&telling, "database.sweep", record, BYTES("tables"));
    telling.hit.rule = telling.hit.kind;
    telling.hit.began_us = reading->first_us;
    telling_number(&telling, "tables", reading->told);
    telling_text(&telling, "table", thing);
    telling_number(&telling, "minutes",
        (uint64_t)(reading->last_us - reading->first_us + 59'999'999) / 60'000'000);
    telling_match(&telling, "table", thing);
    telling_end(&telling, s->seat);
}

static struct reading *reading_of(struct database_sweep *s, const struct record_head *head)
{
    struct pair_key key;
    memset(&key, 0, sizeof key);
    key.client = head->src_ip;
    key.server = head->dest_ip;
    struct reading *reading = ledger_entry(s->readings, &key);
    if (!reading)
        return NULL;
    int64_t window_us = (int64_t)s->seat->config->behaviours.database.window_us;
    if (!reading->last_us || head->timestamp - reading->last_us > window_us) {
        ledger_clear(s->readings, reading);
        reading->first_us = head->timestamp;
    }
    reading->last_us = head->timestamp;
    return reading;
}

static void record(void *state, const struct record *record)
{
    struct database_sweep *s = state;
    const struct record_mongodb *mongodb = record->body;
    struct reading *reading = reading_of(s, &record->head);
    struct bytes thing = thing_of(record);
    if (!reading)
        return;
    if (record->type == RECORD_MONGODB)
        reading->listed |= is_list(mongodb->command);
    bool counts = record->type != RECORD_MONGODB || reading->listed;
    if (!thing.len || !counts || !distinct_add(&reading->tables, thing))
        return;
    uint32_t count = distinct_count(&reading->tables);
    if (count < s->seat->config->behaviours.database.tables || count < 2 * reading->told)
        return;
    reading->told = count;
    tell(s, record, reading, thing);
}

const struct watch database_sweep_watch = {
    .types = (const enum record_type[]){RECORD_MYSQL, RECORD_PGSQL, RECORD_TDS, RECORD_TNS,
        RECORD_MONGODB, RECORD_NONE},
    .wants = wants,
    .create = create,
    .record = record,
    .destroy = destroy,
};
