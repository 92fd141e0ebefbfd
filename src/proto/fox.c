// SPDX-License-Identifier: Apache-2.0
// Fox of the Niagara framework: named; one ics record of the first hello of a flow, whose lines say
// who calls or answers. Limit: HELLO_BYTES.
#include "proto/ics.h"

enum { HELLO_BYTES = 4096 };

static enum proto_probe fox_probe(const struct proto_first *first)
{
    struct bytes d = first->data;
    static const struct bytes mark = {(const uint8_t *)"fox ", 4};
    if (d.len < 8)
        return bytes_start_with(mark, bytes_sub(d, 0, 4)) && d.len ? PROBE_MORE : PROBE_NO;
    bool hello = bytes_find(bytes_sub(d, 0, 24), BYTES(" fox hello")) != BYTES_NOT_FOUND;
    return bytes_start_with(d, mark) && (bytes_at(d, 4) == 'a' || bytes_at(d, 4) == 's') && hello
               ? PROBE_EITHER
               : PROBE_NO;
}

// name=type:value
static struct bytes value_of(struct bytes line, struct bytes name)
{
    if (!bytes_start_with(line, name) || bytes_at(line, name.len) != '=')
        return (struct bytes){NULL, 0};
    struct bytes rest = bytes_from(line, name.len + 1);
    size_t colon = bytes_find_byte(rest, ':');
    return colon == BYTES_NOT_FOUND ? rest : bytes_from(rest, colon + 1);
}

static enum proto_verdict fox_parse(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct bytes rest = cursor_rest(in), line;
    bool whole = bytes_find(rest, BYTES(";;")) != BYTES_NOT_FOUND;
    if (!whole && rest.len < HELLO_BYTES && !pf->ended[side])
        return PROTO_MORE;
    struct cursor lines = cursor_make(bytes_sub(rest, 0, HELLO_BYTES));
    struct record_ics r = {.protocol = BYTES("fox"), .function = BYTES("hello")};
    while (cursor_line(&lines, &line) && !bytes_equal(line, BYTES(";;"))) {
        struct bytes value;
        if ((value = value_of(line, BYTES("app.name"))).data)
            r.application = value;
        else if ((value = value_of(line, BYTES("app.version"))).data)
            r.version = value;
        else if ((value = value_of(line, BYTES("hostName"))).data)
            r.host = value;
        else if ((value = value_of(line, BYTES("station.name"))).data)
            r.station = value;
    }
    pf->speaker = side;
    proto_emit(pf, RECORD_ICS, &r, pf->tx_count++);
    return PROTO_DONE;
}

const struct proto proto_fox = {
    .name = "fox",
    .carriers = OVER_TCP,
    .budget_bytes = 1024,
    .buffer_bytes = ICS_BUFFER_BYTES,
    .probe = fox_probe,
    .parse = fox_parse,
};
