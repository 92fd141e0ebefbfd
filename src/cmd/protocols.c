// SPDX-License-Identifier: Apache-2.0
// yagura protocols: what is parsed, with record types and limits; what is named, and by what.
#include "base/alloc.h"
#include "base/json.h"
#include "cmd/cmd.h"
#include "cmd/layout.h"
#include "proto/proto.h"
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 100, RECORDS = 30 };

// What somebody may want to know of one protocol.
struct known {
    const char *name, *title; // title NULL: the name is all there is
};

struct listing {
    enum lang lang;
    struct known *list; // that are only named, sorted
    size_t count, room;
};

static void carriers_text(unsigned carriers, char out[64])
{
    static const struct {
        unsigned bit;
        const char *name;
    } names[] = {{OVER_TCP, "TCP"}, {OVER_UDP, "UDP"}, {OVER_ICMP, "ICMP"}, {OVER_LINK, "Ethernet"},
        {OVER_SCTP, "SCTP"}, {OVER_IP, "IP"}};
    out[0] = '\0';
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (carriers & names[i].bit) {
            strcat(out, out[0] ? ", " : "");
            strcat(out, names[i].name);
        }
}

static void print_size(size_t bytes)
{
    char room[LAYOUT_NUMBER];
    layout_bytes(bytes, room);
    layout_cell_right(bytes ? room : "-", 12);
}

static void print_parsed(enum lang lang)
{
    struct proto_list all = proto_all();
    printf("%s\n", text(TEXT_CMD_PROTOCOLS_PARSED, lang));
    layout_cell(text(TEXT_CMD_COL_PROTOCOL, lang), 18);
    layout_cell(text(TEXT_CMD_COL_CARRIERS, lang), 10);
    layout_cell(text(TEXT_CMD_COL_RECORDS, lang), RECORDS);
    layout_cell_right(text(TEXT_CMD_COL_MEMORY, lang), 12);
    layout_cell_right(text(TEXT_CMD_COL_UNREAD, lang), 12);
    putchar('\n');
    for (size_t i = 0; i < all.count; i++) {
        char carriers[64];
        carriers_text(all.protos[i]->carriers, carriers);
        layout_cell(all.protos[i]->name, 18);
        layout_cell(carriers, 10);
        layout_cell(proto_records(all.protos[i]->name), RECORDS);
        print_size(all.protos[i]->budget_bytes + all.protos[i]->state_bytes);
        print_size(all.protos[i]->buffer_bytes);
        putchar('\n');
    }
}

static bool is_parsed(const char *name)
{
    struct proto_list all = proto_all();
    for (size_t i = 0; i < all.count; i++)
        if (strcmp(all.protos[i]->name, name) == 0)
            return true;
    return false;
}

static void listing_add(void *context, const char *name, const char *title)
{
    struct listing *l = context;
    for (size_t i = 0; i < l->count; i++)
        if (strcmp(l->list[i].name, name) == 0)
            return;
    if (is_parsed(name))
        return;
    if (l->count == l->room) {
        size_t room = l->room ? l->room * 2 : 256;
        struct known *list = base_realloc(l->list, room * sizeof *list);
        if (!list)
            return;
        l->list = list;
        l->room = room;
    }
    l->list[l->count++] = (struct known){name, title};
}

static int by_name(const void *a, const void *b)
{
    const struct known *left = a, *right = b;
    return strcmp(left->name, right->name);
}

// Names one after another, as many as fit a line.
static void print_named(const struct listing *l, size_t from, enum text_id heading)
{
    size_t column = WIDTH;
    printf("\n%s\n", text(heading, l->lang));
    for (size_t i = from; i < l->count; i++) {
        const struct known *k = &l->list[i];
        size_t len = strlen(k->name) + (k->title ? strlen(k->title) + 3 : 0) + 2;
        bool fits = column + len <= WIDTH;
        printf(fits ? "" : column == WIDTH && i == from ? "  " : "\n  ");
        column = (fits ? column : 2) + len;
        printf("%s%s%s%s%s", k->name, k->title ? " (" : "", k->title ? k->title : "",
            k->title ? ")" : "", i + 1 < l->count ? ", " : "\n");
    }
}

static void print_total(const struct listing *signatures, const struct listing *ndpi)
{
    char room[4][LAYOUT_NUMBER];
    size_t parsed = proto_all().count;
    layout_number(parsed + signatures->count + ndpi->count, room[0]);
    layout_number(parsed, room[1]);
    layout_number(signatures->count, room[2]);
    layout_number(ndpi->count, room[3]);
    struct text_arg args[] = {{"all", bytes_from_text(room[0])},
        {"parsed", bytes_from_text(room[1])}, {"signatures", bytes_from_text(room[2])},
        {"ndpi", bytes_from_text(room[3])}};
    putchar('\n');
    cmd_print(stdout, TEXT_CMD_PROTOCOLS_TOTAL, signatures->lang, args, 4);
    putchar('\n');
}

static void json_named(struct json *j, const struct listing *l, const char *how)
{
    for (size_t i = 0; i < l->count; i++) {
        json_next(j);
        json_open(j, '{');
        JSON_KEY(j, "name");
        json_text(j, bytes_from_text(l->list[i].name));
        JSON_KEY(j, "how");
        json_text(j, bytes_from_text(how));
        if (l->list[i].title) {
            JSON_KEY(j, "title");
            json_text(j, bytes_from_text(l->list[i].title));
        }
        json_close(j, '}');
    }
}

static void json_parsed(struct json *j)
{
    struct proto_list all = proto_all();
    for (size_t i = 0; i < all.count; i++) {
        const struct proto *p = all.protos[i];
        char carriers[64];
        carriers_text(p->carriers, carriers);
        json_next(j);
        json_open(j, '{');
        JSON_KEY(j, "name");
        json_text(j, bytes_from_text(p->name));
        JSON_KEY(j, "how");
        json_text(j, BYTES("parsed"));
        JSON_KEY(j, "over");
        json_text(j, bytes_from_text(carriers));
        JSON_KEY(j, "records");
        json_text(j, bytes_from_text(proto_records(p->name)));
        JSON_KEY(j, "flow_bytes");
        json_u64(j, p->budget_bytes + p->state_bytes);
        JSON_KEY(j, "unread_bytes");
        json_u64(j, p->buffer_bytes);
        json_close(j, '}');
    }
}

static void print_json(const struct listing *signatures, const struct listing *ndpi)
{
    struct json j;
    json_init(&j);
    json_open(&j, '[');
    json_parsed(&j);
    json_named(&j, signatures, "signature");
    json_named(&j, ndpi, "ndpi");
    json_close(&j, ']');
    fwrite(j.data, 1, j.len, stdout);
    putchar('\n');
    json_finish(&j);
}

// Names of both lists are told apart: what a signature names is not nDPI's as well.
static void split(struct listing *ndpi, const struct listing *signatures)
{
    size_t kept = 0;
    for (size_t i = 0; i < ndpi->count; i++) {
        bool twice = false;
        for (size_t k = 0; k < signatures->count && !twice; k++)
            twice = strcmp(signatures->list[k].name, ndpi->list[i].name) == 0;
        if (!twice)
            ndpi->list[kept++] = ndpi->list[i];
    }
    ndpi->count = kept;
}

static void list_all(enum lang lang, bool json)
{
    struct listing signatures = {.lang = lang}, ndpi = {.lang = lang};
    proto_signatures(listing_add, &signatures);
    struct proto_names *names = proto_ndpi_names(listing_add, &ndpi);
    split(&ndpi, &signatures);
    if (signatures.count)
        qsort(signatures.list, signatures.count, sizeof *signatures.list, by_name);
    if (ndpi.count)
        qsort(ndpi.list, ndpi.count, sizeof *ndpi.list, by_name);
    if (json) {
        print_json(&signatures, &ndpi);
    } else {
        print_parsed(lang);
        print_named(&signatures, 0, TEXT_CMD_PROTOCOLS_SIGNATURES);
        print_named(&ndpi, 0, TEXT_CMD_PROTOCOLS_NDPI);
        print_total(&signatures, &ndpi);
    }
    base_free(signatures.list);
    base_free(ndpi.list);
    proto_names_free(names);
}

enum cmd_exit cmd_protocols(int argc, char **argv)
{
    enum lang lang = cmd_lang(CONFIG_OUTPUT_LANG_AUTO);
    bool json = argc > 1 && strcmp(argv[1], "--json") == 0;
    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        cmd_put(stdout, TEXT_CMD_PROTOCOLS_HELP, lang);
        putchar('\n');
        return CMD_DONE;
    }
    if (argc > 1 + json)
        return cmd_usage("protocols",
            argv[1 + json][0] == '-' ? TEXT_CMD_UNKNOWN_OPTION : TEXT_CMD_UNEXPECTED, lang,
            argv[1 + json]);
    list_all(lang, json);
    return CMD_DONE;
}
