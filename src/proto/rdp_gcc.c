// SPDX-License-Identifier: Apache-2.0
// MCS Connect-Initial and Connect-Response (T.125, BER) with the GCC conference data in them
// (T.124, PER) and Microsoft's settings in that (MS-RDPBCGR sections 2.2.1.3 and 2.2.1.4): core,
// network and security data. Other settings (cluster, monitors, multitransport) are passed over.
#include "proto/rdp.h"
#include "proto/text_out.h"
#include "proto/utf16.h"
#include "proto/x509.h"

enum {
    CS_CORE = 0xc001,
    CS_NET = 0xc003,
    SC_SECURITY = 0x0c02,
    BLOCKS_MAX = 32,
    CHANNEL_NAME_BYTES = 8,
    CERTIFICATES_MAX = 64,
};

// BER length (X.690 section 8.1.3), definite.
static size_t ber_length(struct cursor *in)
{
    uint8_t first = cursor_u8(in);
    if (first < 0x80)
        return first;
    size_t length = 0;
    if ((first & 0x7f) == 0 || (first & 0x7f) > 3)
        cursor_fail(in);
    for (int i = 0; i < (first & 0x7f) && cursor_ok(in); i++)
        length = length << 8 | cursor_u8(in);
    return length;
}

static struct cursor ber_value(struct cursor *in, uint8_t tag)
{
    if (cursor_u8(in) != tag)
        cursor_fail(in);
    return cursor_sub(in, ber_length(in));
}

// PER length determinant (X.691 section 11.9), one or two bytes.
static size_t per_length(struct cursor *in)
{
    uint8_t first = cursor_u8(in);
    return first & 0x80 ? (size_t)(first & 0x7f) << 8 | cursor_u8(in) : first;
}

// The settings behind the GCC header, which ends with its owner's key and their length.
static struct cursor gcc_settings(struct cursor *data, struct bytes key)
{
    enum { KEY_WITHIN_BYTES = 64 };
    struct bytes rest = cursor_rest(data);
    size_t at = bytes_find(bytes_sub(rest, 0, KEY_WITHIN_BYTES), key);
    if (!bytes_start_with(rest, BYTES("\0\5\0\x14\x7c\0\1")) || at == BYTES_NOT_FOUND) {
        cursor_fail(data);
        return *data;
    }
    cursor_skip(data, at + key.len);
    size_t length = per_length(data);
    // Some implementations count what follows wrongly; the octet string around it ends it.
    return length < cursor_left(data) ? cursor_sub(data, length)
                                      : cursor_sub(data, cursor_left(data));
}

static struct bytes hint_name(uint8_t hint)
{
    static const char *const names[] = {
        NULL, "modem", "low_broadband", "satellite", "high_broadband", "wan", "lan", "autodetect"};
    return bytes_from_text(hint < sizeof names / sizeof *names ? names[hint] : NULL);
}

static struct bytes keyboard_name(uint32_t type)
{
    static const char *const names[] = {NULL, "xt", "ico", "at", "enhanced", "1050", "9140", "jp"};
    return bytes_from_text(type < sizeof names / sizeof *names ? names[type] : NULL);
}

// 0x00080004 is 5.0 to 8.1, 0x00080005 10.0, and so on.
static struct bytes version_name(uint32_t version, struct arena *arena)
{
    char text[8];
    struct text_out out = TEXT_OUT(text);
    uint32_t minor = version & 0xffff;
    if (version >> 16 != 8)
        return BYTES("unknown");
    if (minor == 1)
        return BYTES("v4");
    if (minor == 4)
        return BYTES("v5");
    if (minor < 5 || minor > 0x11)
        return BYTES("unknown");
    text_out_text(&out, "v10.");
    text_out_u64(&out, minor - 5);
    return text_out_keep(&out, arena);
}

static uint16_t color_depth(uint16_t basic, uint16_t second, uint16_t high)
{
    static const uint16_t known[] = {4, 8, 15, 16, 24};
    static const uint16_t basics[] = {4, 8, 15, 16, 24}; // 0xCA00 and on
    for (size_t i = 0; i < 5; i++)
        if (high == known[i])
            return high;
    uint16_t pick = second >= 0xca00 && second <= 0xca04 ? second : basic;
    return pick >= 0xca00 && pick <= 0xca04 ? basics[pick - 0xca00] : 0;
}

struct core {
    uint32_t version, layout, build, keyboard, subtype, keys;
    uint16_t width, height, depth, second_depth, high_depth, depths, early;
};

static struct bytes zeek_depth(const struct core *core, struct arena *arena)
{
    enum { WANT_32 = 2, CAN_32 = 8 };
    char text[8];
    struct text_out out = TEXT_OUT(text);
    uint16_t depth = color_depth(core->depth, core->second_depth, core->high_depth);
    if ((core->early & WANT_32) && (core->depths & CAN_32))
        depth = 32;
    text_out_u64(&out, depth);
    text_out_text(&out, "bit");
    return depth ? text_out_keep(&out, arena) : (struct bytes){NULL, 0};
}

static const char *const capabilities[] = {"support_errinfo_pdf", "want_32bpp_session",
    "support_statusinfo_pdu", "strong_asymmetric_keys", NULL, "valid_connection_type",
    "support_monitor_layout_pdu", "support_netchar_autodetect", "support_dynvc_gfx_protocol",
    "support_dynamic_time_zone", "support_heartbeat_pdu"};

// What every client sends: to the end of the input method's name.
static void core_first(
    struct cursor *in, struct arena *arena, struct core *core, struct record_rdp *record)
{
    core->version = cursor_u32le(in);
    core->width = cursor_u16le(in);
    core->height = cursor_u16le(in);
    core->depth = cursor_u16le(in);
    cursor_skip(in, 2); // SAS sequence
    core->layout = cursor_u32le(in);
    core->build = cursor_u32le(in);
    record->client.client_name = utf16le_text_until_nul(arena, cursor_take(in, 32));
    core->keyboard = cursor_u32le(in);
    core->subtype = cursor_u32le(in);
    core->keys = cursor_u32le(in);
    record->client.ime = utf16le_text_until_nul(arena, cursor_take(in, 64));
}

// What later ones added. It may end anywhere.
static void core_later(
    struct cursor *in, struct arena *arena, struct core *core, struct record_rdp *record)
{
    core->second_depth = cursor_u16le(in);
    record->client.product_id = cursor_u16le(in);
    record->client.has_product_id = cursor_ok(in);
    record->client.serial_number = cursor_u32le(in);
    record->client.has_serial_number = cursor_ok(in) && record->client.serial_number != 0;
    core->high_depth = cursor_u16le(in);
    core->depths = cursor_u16le(in);
    core->early = cursor_u16le(in);
    struct bytes id = cursor_take(in, 64);
    if (cursor_ok(in))
        record->client.id = utf16le_text_until_nul(arena, id);
    uint8_t hint = cursor_u8(in);
    cursor_skip(in, 1 + 4); // padding, the protocol chosen
    record->client.connection_hint = cursor_ok(in) ? hint_name(hint) : (struct bytes){NULL, 0};
    record->client.physical_width = cursor_u32le(in);
    record->client.has_physical_width = cursor_ok(in);
    record->client.physical_height = cursor_u32le(in);
    record->client.has_physical_height = cursor_ok(in);
    record->client.orientation = cursor_u16le(in);
    record->client.has_orientation = cursor_ok(in);
    record->client.scale_factor = cursor_u32le(in);
    record->client.has_scale_factor = cursor_ok(in);
    record->client.device_scale_factor = cursor_u32le(in);
    record->client.has_device_scale_factor = cursor_ok(in);
}

static struct bytes not_empty(struct bytes text)
{
    return text.len ? text : (struct bytes){NULL, 0};
}

static void core_fill(const struct core *core, struct arena *arena, struct record_rdp *record)
{
    record->client.version = version_name(core->version, arena);
    record->client.has_desktop_width = record->client.has_desktop_height = true;
    record->client.desktop_width = core->width;
    record->client.desktop_height = core->height;
    record->client.color_depth = color_depth(core->depth, core->second_depth, core->high_depth);
    record->client.has_color_depth = record->client.color_depth != 0;
    record->client.keyboard_layout = rdp_layout_tag(core->layout);
    record->client.build = rdp_build_system(core->build);
    record->client.has_build_number = true;
    record->client.build_number = core->build;
    record->client.client_name = not_empty(record->client.client_name);
    record->client.ime = not_empty(record->client.ime);
    record->client.id = not_empty(record->client.id);
    record->client.keyboard_type = keyboard_name(core->keyboard);
    record->client.has_keyboard_subtype = core->subtype != 0;
    record->client.keyboard_subtype = core->subtype;
    record->client.has_function_keys = core->keys != 0;
    record->client.function_keys = core->keys;
    struct bytes *flags = arena_alloc(arena, RDP_FLAGS_MAX * sizeof *flags);
    record->client.capabilities = flags;
    record->client.capabilities_count = flags ? rdp_flags(core->early, capabilities, 11, flags) : 0;
    record->client.keyboard = rdp_layout_name(core->layout, arena);
    record->client.rdp_version = rdp_build_version(core->build, arena);
    record->client.requested_color_depth = zeek_depth(core, arena);
}

static bool read_core(struct cursor *in, struct arena *arena, struct record_rdp *record)
{
    struct core core = {0};
    core_first(in, arena, &core, record);
    if (!cursor_ok(in))
        return false;
    core_later(in, arena, &core, record);
    core_fill(&core, arena, record);
    return true;
}

static bool read_channels(
    struct proto_flow *pf, struct cursor *in, struct arena *arena, struct record_rdp *record)
{
    uint32_t count = cursor_u32le(in);
    if (count > RDP_CHANNELS_MAX) {
        proto_anomaly(pf, ANOMALY_RDP_TOO_MANY_CHANNELS);
        count = RDP_CHANNELS_MAX;
    }
    struct bytes *names = arena_zalloc(arena, RDP_CHANNELS_MAX * sizeof *names);
    for (uint32_t i = 0; names && i < count; i++) {
        struct bytes name = cursor_take(in, CHANNEL_NAME_BYTES);
        cursor_skip(in, 4); // options
        if (!cursor_ok(in))
            return false;
        names[i] = bytes_sub(name, 0, bytes_find_byte(name, 0));
        record->channels = names;
        record->channels_count = i + 1;
    }
    return cursor_ok(in);
}

// X.509 chain (MS-RDPBCGR section 2.2.1.4.3.1.2)
static void read_chain(struct cursor *in, struct arena *arena, struct record_rdp *record)
{
    uint32_t count = cursor_u32le(in);
    if (!cursor_ok(in) || count > CERTIFICATES_MAX)
        return;
    record->has_cert_count = true;
    record->cert_count = count;
    struct bytes *serials = arena_zalloc(arena, (count + 1) * sizeof *serials);
    struct x509 x509;
    for (uint32_t i = 0; serials && i < count && cursor_ok(in); i++) {
        struct bytes der = cursor_take(in, cursor_u32le(in));
        if (!cursor_ok(in) || !x509_parse(der, &x509))
            continue;
        serials[record->x509_serials_count++] = rdp_serial(arena, x509.serial);
        record->cert_subject = x509_name_text(x509.subject, arena); // the server's own comes last
        record->cert_issuer = x509_name_text(x509.issuer, arena);
    }
    record->x509_serials = serials;
}

static void read_security(struct cursor *in, struct arena *arena, struct record_rdp *record)
{
    enum { TEMPORARY = 0x8000'0000, PROPRIETARY = 1, X509_CHAIN = 2 };
    static const char *const levels[] = {"None", "Low", "Client compatible", "High", "FIPS"};
    static const char *const methods[] = {"40bit", "128bit", NULL, "56bit", "FIPS"};
    uint32_t method = cursor_u32le(in), level = cursor_u32le(in);
    if (!cursor_ok(in))
        return;
    record->encryption_level = bytes_from_text(level < 5 ? levels[level] : NULL);
    record->encryption_method = method == 0 ? BYTES("None") : (struct bytes){NULL, 0};
    for (size_t i = 0; i < 5; i++)
        if (methods[i] && method == 1U << i)
            record->encryption_method = bytes_from_text(methods[i]);
    uint32_t random = cursor_u32le(in), length = cursor_u32le(in);
    if (!cursor_ok(in) || length == 0)
        return;
    cursor_skip(in, random);
    struct cursor cert = cursor_sub(in, length);
    uint32_t version = cursor_u32le(&cert);
    if (!cursor_ok(&cert))
        return;
    record->has_cert_permanent = true;
    record->cert_permanent = !(version & TEMPORARY);
    uint32_t kind = version & ~(uint32_t)TEMPORARY;
    record->cert_type = bytes_from_text(kind == PROPRIETARY  ? "RSA"
                                        : kind == X509_CHAIN ? "X.509"
                                                             : NULL);
    if (kind == X509_CHAIN)
        read_chain(&cert, arena, record);
}

static bool read_blocks(
    struct proto_flow *pf, struct arena *arena, struct cursor *in, struct record_rdp *record)
{
    bool ok = true;
    for (size_t i = 0; i < BLOCKS_MAX && cursor_left(in) >= 4; i++) {
        uint16_t type = cursor_u16le(in), length = cursor_u16le(in);
        struct cursor block = cursor_sub(in, length < 4 ? SIZE_MAX : length - 4U);
        if (!cursor_ok(&block))
            return false;
        switch (type) {
        case CS_CORE: ok &= read_core(&block, arena, record); break;
        case CS_NET: ok &= read_channels(pf, &block, arena, record); break;
        case SC_SECURITY: read_security(&block, arena, record); break;
        default: break;
        }
    }
    return ok && cursor_ok(in);
}

bool rdp_connect_request(
    struct proto_flow *pf, struct arena *arena, struct cursor in, struct record_rdp *record)
{
    enum { OCTETS = 4, BOOLEAN = 1, SEQUENCE = 0x30 };
    cursor_skip(&in, 2); // Connect-Initial
    ber_length(&in);
    ber_value(&in, OCTETS); // calling and called domain
    ber_value(&in, OCTETS);
    ber_value(&in, BOOLEAN);
    for (size_t i = 0; i < 3; i++) // parameters of the domain: wanted, least, most
        ber_value(&in, SEQUENCE);
    struct cursor data = ber_value(&in, OCTETS);
    struct cursor settings = gcc_settings(&data, BYTES("Duca"));
    return cursor_ok(&settings) && read_blocks(pf, arena, &settings, record);
}

bool rdp_connect_response(
    struct proto_flow *pf, struct arena *arena, struct cursor in, struct record_rdp *record)
{
    enum { OCTETS = 4, INTEGER = 2, ENUMERATED = 10, SEQUENCE = 0x30 };
    static const char *const results[] = {"Success", "User rejected", "Resources not available",
        "Rejected for symmetry breaking", "Locked conference"};
    cursor_skip(&in, 2); // Connect-Response
    ber_length(&in);
    ber_value(&in, ENUMERATED); // MCS's result; GCC's says the same and more
    ber_value(&in, INTEGER);
    ber_value(&in, SEQUENCE);
    struct cursor data = ber_value(&in, OCTETS);
    enum { RESULT_AT = 7 + 1 + 1 + 2 + 2 }; // behind key, length, choice, node and tag
    struct bytes gcc = cursor_rest(&data);
    size_t longer = bytes_at(gcc, 7) & 0x80 ? 1 : 0;
    uint8_t result = bytes_at(gcc, RESULT_AT + longer) >> 4;
    struct cursor settings = gcc_settings(&data, BYTES("McDn"));
    if (!cursor_ok(&settings))
        return false;
    record->result = bytes_from_text(result < 5 ? results[result] : NULL);
    return read_blocks(pf, arena, &settings, record);
}
