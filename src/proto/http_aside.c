// SPDX-License-Identifier: Apache-2.0
// Of a request, what no record tells but who looks for attacks has to see: header fields the record
// does not have, one a line, then an empty line and the beginning of the body. It lies beside the
// record while that is emitted and is never written: cookies and passwords may be in it.
#include "proto/http.h"

enum { ASIDE_FIELDS = 4096, ASIDE_VALUE = 1024, ASIDE_LEAST = 512 };

// Fields whose values are either in the record or say nothing, unless somebody hides a lookup or a
// function there (Log4Shell, Struts, Shellshock).
static bool is_plain(struct bytes name)
{
    static const char *const plain[] = {"host", "user-agent", "referer", "connection", "accept",
        "accept-encoding", "accept-language", "accept-charset", "content-type", "content-length",
        "cache-control", "pragma", "date", "range", "te", "dnt", "origin", "authorization",
        "proxy-authorization", "upgrade", "upgrade-insecure-requests", "keep-alive", "priority",
        "via", "x-forwarded-for", "proxy-connection", "transfer-encoding", "expect"};
    if (bytes_start_with_nocase(name, BYTES("sec-")) ||
        bytes_start_with_nocase(name, BYTES("if-")) || bytes_at(name, 0) == ':')
        return true;
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (bytes_equal_nocase(name, bytes_from_text(plain[i])))
            return true;
    return false;
}

static bool hides_more(struct bytes value)
{
    return bytes_find(value, BYTES("${")) != BYTES_NOT_FOUND ||
           bytes_find(value, BYTES("%{")) != BYTES_NOT_FOUND ||
           bytes_start_with(value, BYTES("()"));
}

static void put(struct http_tx *tx, struct bytes text)
{
    size_t room = tx->aside_room ? tx->aside_room : ASIDE_LEAST;
    while (room < tx->aside.len + text.len)
        room *= 2;
    uint8_t *home = (uint8_t *)(uintptr_t)tx->aside.data;
    if (room > tx->aside_room)
        home = arena_grow(&tx->arena, home, tx->aside_room, room);
    if (!home || text.len == 0)
        return;
    memcpy(&home[tx->aside.len], text.data, text.len);
    tx->aside = bytes_make(home, tx->aside.len + text.len);
    tx->aside_room = room;
}

static bool is_wanted(const struct http_tx *tx)
{
    return proto_config(tx->pf)->behaviours.enabled;
}

void http_aside_field(struct http_tx *tx, struct bytes name, struct bytes value)
{
    if (!is_wanted(tx) || tx->aside.len > ASIDE_FIELDS || tx->aside_body > 0 ||
        (is_plain(name) && !hides_more(value)))
        return;
    put(tx, bytes_sub(name, 0, ASIDE_VALUE));
    put(tx, BYTES(": "));
    put(tx, bytes_sub(value, 0, ASIDE_VALUE));
    put(tx, BYTES("\n"));
}

void http_aside_body(struct http_tx *tx, struct bytes data)
{
    size_t most = (size_t)proto_config(tx->pf)->behaviours.web.body_bytes;
    if (!is_wanted(tx) || tx->aside_body >= most || data.len == 0)
        return;
    if (tx->aside_body == 0)
        put(tx, BYTES("\n"));
    data = bytes_sub(data, 0, most - tx->aside_body);
    put(tx, data);
    tx->aside_body += data.len;
}
