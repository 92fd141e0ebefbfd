// SPDX-License-Identifier: Apache-2.0
// NetBIOS datagram service (RFC 1002 section 4.4, UDP port 138) and what Windows sends by it: SMB
// transactions to mailslots (MS-CIFS 2.2.4.33, MS-MAIL), among them the browser's announcements
// (MS-BRWS 2.2) and old domain log-ons (MS-ADTS 6.3.1.3). Emits one nbdgm record a datagram.
// Ignored: fragments behind the first.
#include "proto/netbios_name.h"
#include "proto/text_keep.h"
#include "proto/text_out.h"
#include "proto/utf16.h"

enum {
    NBDGM_PORT = 138,
    NBDGM_BUDGET = 16 * 1024,
    NBDGM_HEADER = 14,
    FIRST_TYPE = 0x10,
    LAST_TYPE = 0x16,
    TYPE_ERROR = 0x13,
    SMB_TRANSACTION = 0x25,
    SMB_HEADER = 32,
};

static const char *type_name(uint8_t type)
{
    static const char *const names[] = {"direct_unique", "direct_group", "broadcast", "error",
        "query_request", "positive_response", "negative_response"};
    return names[type - FIRST_TYPE];
}

static enum proto_probe nbdgm_probe(const struct proto_first *first)
{
    struct cursor c = cursor_make(first->data);
    uint8_t type = cursor_u8(&c), flags = cursor_u8(&c);
    if (type < FIRST_TYPE || type > LAST_TYPE || (flags & 0xf0) ||
        (first->src_port != NBDGM_PORT && first->dst_port != NBDGM_PORT))
        return PROBE_NO;
    if (type == TYPE_ERROR)
        return first->data.len == 11 ? PROBE_EITHER : PROBE_NO;
    bool query = type > TYPE_ERROR;
    cursor_skip(&c, query ? 8 : NBDGM_HEADER - 2);
    if (cursor_u8(&c) != NETBIOS_LABEL_BYTES)
        return PROBE_NO;
    return netbios_label_is(cursor_take(&c, NETBIOS_LABEL_BYTES)) ? PROBE_EITHER : PROBE_NO;
}

static struct record_nbns_query name_record(const struct netbios_name *name)
{
    return (struct record_nbns_query){.rrname = name->name,
        .suffix = name->suffix,
        .service = bytes_from_text(name->service),
        .scope = name->scope};
}

static struct bytes until_nul(struct bytes text)
{
    return bytes_sub(text, 0, bytes_find_byte(text, 0));
}

// Bits of MS-BRWS 2.2.1, ServerType.
static void server_types(struct record_nbdgm *r, uint32_t bits, struct arena *arena)
{
    static const char *const names[32] = {"workstation", "server", "sql_server",
        "domain_controller", "backup_domain_controller", "time_source", "apple_server",
        "novell_server", "domain_member", "print_queue", "dialin_server", "xenix_server",
        "nt_workstation", "windows_for_workgroups", NULL, "nt_server", "potential_browser",
        "backup_browser", "master_browser", "domain_master_browser", "osf", "vms", "windows_95",
        "dfs", [24] = "cluster", [25] = "terminal_server", [31] = "domain"};
    struct bytes *list = arena_alloc(arena, 32 * sizeof *list);
    r->server_type = list;
    for (unsigned i = 0; list && i < 32; i++)
        if ((bits >> i & 1) && names[i])
            list[r->server_type_count++] = bytes_from_text(names[i]);
}

// Announcements share a form.
static void read_announcement(struct record_nbdgm *r, struct cursor *c, struct arena *arena)
{
    char room[16];
    struct text_out version = TEXT_OUT(room);
    cursor_skip(c, 5); // count of updates, period
    struct bytes name = until_nul(cursor_take(c, NETBIOS_NAME_BYTES));
    uint8_t major = cursor_u8(c), minor = cursor_u8(c);
    uint32_t types = cursor_u32le(c);
    cursor_skip(c, 4); // browser's version, signature
    if (!cursor_ok(c))
        return;
    r->server_name = text_keep(arena, name, NETBIOS_NAME_BYTES);
    text_out_u64(&version, major);
    text_out_char(&version, '.');
    text_out_u64(&version, minor);
    r->os_version = text_out_keep(&version, arena);
    server_types(r, types, arena);
    struct bytes comment = until_nul(cursor_rest(c));
    if (comment.len)
        r->comment = text_keep(arena, comment, 64);
}

static void read_browse(struct record_nbdgm *r, struct cursor c, struct arena *arena)
{
    uint8_t command = cursor_u8(&c);
    const char *name = NULL;
    switch (command) {
    case 1: name = "host_announcement"; break;
    case 2: name = "announcement_request"; break;
    case 8: name = "election"; break;
    case 9: name = "backup_list_request"; break;
    case 10: name = "backup_list_response"; break;
    case 11: name = "become_backup"; break;
    case 12: name = "domain_announcement"; break;
    case 13: name = "master_announcement"; break;
    case 14: name = "reset_state"; break;
    case 15: name = "local_master_announcement"; break;
    default: break;
    }
    r->command = bytes_from_text(name);
    if (command == 1 || command == 12 || command == 15) {
        read_announcement(r, &c, arena);
    } else if (command == 8) {
        cursor_skip(&c, 13); // version, criteria, uptime
        r->server_name = text_keep(arena, until_nul(cursor_rest(&c)), NETBIOS_NAME_BYTES);
    } else if (command == 13 || command == 2) {
        cursor_skip(&c, command == 2 ? 1 : 0);
        r->server_name = text_keep(arena, until_nul(cursor_rest(&c)), NETBIOS_NAME_BYTES);
    }
}

static void read_netlogon(struct record_nbdgm *r, struct cursor c, struct arena *arena)
{
    uint16_t operation = cursor_u16le(&c);
    if (operation == 7) {
        r->command = BYTES("primary_query");
        r->server_name = text_keep(arena, until_nul(cursor_rest(&c)), NETBIOS_NAME_BYTES);
    } else if (operation == 18) {
        r->command = BYTES("sam_logon_request");
        cursor_skip(&c, 2); // requests made
        struct bytes host = utf16le_text_until_nul(arena, bytes_sub(cursor_rest(&c), 0, 64));
        while (cursor_left(&c) >= 2 && cursor_u16le(&c))
            continue;
        struct bytes user = utf16le_text_until_nul(arena, bytes_sub(cursor_rest(&c), 0, 512));
        r->server_name = host.len ? host : (struct bytes){NULL, 0};
        r->user = user.len ? user : (struct bytes){NULL, 0};
    }
}

// SMB_COM_TRANSACTION to a mailslot: where its data stand, and the mailslot's name.
static void read_smb(struct record_nbdgm *r, struct bytes data, struct arena *arena)
{
    struct cursor c = cursor_make(data);
    if (!bytes_start_with(data, BYTES("\xffSMB\x25")))
        return;
    cursor_skip(&c, SMB_HEADER + 1);
    cursor_skip(&c, 22); // counts, flags, timeout, parameters
    uint16_t size = cursor_u16le(&c), at = cursor_u16le(&c);
    uint8_t setup = cursor_u8(&c);
    cursor_skip(&c, 1 + 2U * setup);
    cursor_skip(&c, 2); // count of bytes
    struct bytes name = bytes_sub(cursor_rest(&c), 0, 64);
    if (!cursor_ok(&c) || at > data.len)
        return;
    name = until_nul(name);
    r->mailslot = text_keep(arena, name, 64);
    struct cursor inner = cursor_make(bytes_sub(data, at, size));
    if (bytes_equal_nocase(name, BYTES("\\MAILSLOT\\BROWSE")) ||
        bytes_equal_nocase(name, BYTES("\\MAILSLOT\\LANMAN")))
        read_browse(r, inner, arena);
    else if (bytes_start_with_nocase(name, BYTES("\\MAILSLOT\\NET\\N")))
        read_netlogon(r, inner, arena);
}

static void read_names(struct record_nbdgm *r, struct cursor *c, uint8_t type, struct arena *arena)
{
    struct netbios_name name;
    if (type < TYPE_ERROR) {
        cursor_skip(c, 4); // length, offset of a fragment
        if (netbios_name_read(&name, c, arena))
            r->source = name_record(&name), r->has_source = true;
    }
    if (netbios_name_read(&name, c, arena))
        r->destination = name_record(&name), r->has_destination = true;
}

static enum proto_verdict nbdgm_parse(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct arena arena;
    struct cursor c = *in;
    uint8_t type = cursor_u8(&c);
    cursor_skip(&c, 1); // flags
    if (type < FIRST_TYPE || type > LAST_TYPE) {
        proto_anomaly(pf, ANOMALY_NBDGM_MALFORMED_DATA);
        return PROTO_MORE;
    }
    arena_init(&arena, pf->arena.pool, NBDGM_BUDGET);
    struct record_nbdgm r = {.type = bytes_from_text(type_name(type)), .id = cursor_u16(&c)};
    struct bytes from = cursor_take(&c, 4);
    cursor_skip(&c, 2); // port
    if (from.data)
        r.source_ip = addr_v4(from.data);
    if (type == TYPE_ERROR) {
        r.error = cursor_u8(&c);
        r.has_error = true;
    } else {
        read_names(&r, &c, type, &arena);
    }
    if (!cursor_ok(&c))
        proto_anomaly(pf, ANOMALY_NBDGM_MALFORMED_DATA);
    else if (type < TYPE_ERROR)
        read_smb(&r, cursor_rest(&c), &arena);
    pf->speaker = side;
    if (cursor_ok(&c))
        proto_emit(pf, RECORD_NBDGM, &r, pf->tx_count++);
    arena_reset(&arena);
    return PROTO_MORE;
}

const struct proto proto_nbdgm = {
    .name = "nbdgm",
    .carriers = OVER_UDP,
    .probe = nbdgm_probe,
    .parse = nbdgm_parse,
};
