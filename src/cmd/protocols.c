// SPDX-License-Identifier: Apache-2.0
// yagura protocols
#include "cmd/cmd.h"
#include "cmd/layout.h"
#include "proto/proto.h"
#include <string.h>

static void print_carriers(unsigned carriers)
{
    static const struct {
        unsigned bit;
        const char *name;
    } names[] = {{OVER_TCP, "TCP"}, {OVER_UDP, "UDP"}, {OVER_ICMP, "ICMP"}, {OVER_LINK, "Ethernet"},
        {OVER_SCTP, "SCTP"}, {OVER_IP, "IP"}};
    char line[64] = "";
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (carriers & names[i].bit) {
            strcat(line, line[0] ? ", " : "");
            strcat(line, names[i].name);
        }
    printf("%-14s", line);
}

static void print_size(size_t bytes)
{
    char room[LAYOUT_NUMBER];
    layout_bytes(bytes, room);
    printf("%12s", room);
}

enum cmd_exit cmd_protocols(int argc, char **argv)
{
    enum lang lang = cmd_lang(CONFIG_OUTPUT_LANG_AUTO);
    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        cmd_put(stdout, TEXT_CMD_PROTOCOLS_HELP, lang);
        putchar('\n');
        return CMD_DONE;
    }
    if (argc > 1)
        return cmd_usage("protocols",
            argv[1][0] == '-' ? TEXT_CMD_UNKNOWN_OPTION : TEXT_CMD_UNEXPECTED, lang, argv[1]);
    layout_cell(text(TEXT_CMD_COL_PROTOCOL, lang), 12);
    layout_cell(text(TEXT_CMD_COL_CARRIERS, lang), 14);
    layout_cell_right(text(TEXT_CMD_COL_MEMORY, lang), 12);
    layout_cell_right(text(TEXT_CMD_COL_UNREAD, lang), 12);
    putchar('\n');
    struct proto_list all = proto_all();
    for (size_t i = 0; i < all.count; i++) {
        const struct proto *p = all.protos[i];
        printf("%-12s", p->name);
        print_carriers(p->carriers);
        print_size(p->budget_bytes + p->state_bytes);
        print_size(p->buffer_bytes);
        putchar('\n');
    }
    char count[LAYOUT_NUMBER];
    layout_number(proto_named_count(), count);
    struct text_arg arg = {"count", bytes_from_text(count)};
    cmd_print(stdout, TEXT_CMD_PROTOCOLS_NDPI, lang, &arg, 1);
    putchar('\n');
    return CMD_DONE;
}
