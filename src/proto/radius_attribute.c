// SPDX-License-Identifier: Apache-2.0
// What attributes of RADIUS packets mean (RFC 2865 section 5, 2866 section 5, 2868, 2869, 3162,
// 3579 section 3) and the first bytes of the EAP messages they carry (RFC 3748 section 4).
#include "proto/radius.h"
#include "proto/text_out.h"
#include <ctype.h>

enum attribute {
    USER_NAME = 1,
    USER_PASSWORD = 2,
    CHAP_PASSWORD = 3,
    NAS_IP = 4,
    NAS_PORT = 5,
    SERVICE_TYPE = 6,
    FRAMED_IP = 8,
    FILTER_ID = 11,
    REPLY_MESSAGE = 18,
    STATE = 24,
    VENDOR = 26,
    SESSION_TIMEOUT = 27,
    CALLED_STATION = 30,
    CALLING_STATION = 31,
    NAS_IDENTIFIER = 32,
    ACCT_STATUS = 40,
    ACCT_INPUT_OCTETS = 42,
    ACCT_OUTPUT_OCTETS = 43,
    ACCT_SESSION_ID = 44,
    ACCT_SESSION_TIME = 46,
    ACCT_INPUT_PACKETS = 47,
    ACCT_OUTPUT_PACKETS = 48,
    ACCT_TERMINATE_CAUSE = 49,
    ACCT_INPUT_GIGAWORDS = 52,
    ACCT_OUTPUT_GIGAWORDS = 53,
    NAS_PORT_TYPE = 61,
    TUNNEL_CLIENT = 66,
    TUNNEL_SERVER = 67,
    CONNECT_INFO = 77,
    EAP_MESSAGE = 79,
    MESSAGE_AUTHENTICATOR = 80,
    TUNNEL_GROUP = 81,
    NAS_PORT_ID = 87,
    NAS_IPV6 = 95,
    FRAMED_IPV6_PREFIX = 97,
    ERROR_CAUSE = 101,
    DIGEST_RESPONSE = 103,
    DELEGATED_PREFIX = 123,
    FRAMED_IPV6 = 168,
};

enum { VENDOR_MICROSOFT = 311, MS_CHAP_RESPONSE = 1, MS_CHAP2_RESPONSE = 25 };

static uint32_t number(struct bytes value)
{
    struct cursor c = cursor_make(value);
    return cursor_u32(&c);
}

static struct bytes keep(struct radius_exchange *x, struct bytes value)
{
    return arena_copy(x->arena, value);
}

static struct bytes keep_number(struct radius_exchange *x, uint32_t v)
{
    char buffer[12];
    struct text_out out = TEXT_OUT(buffer);
    text_out_u64(&out, v);
    return text_out_keep(&out, x->arena);
}

static struct bytes named(
    struct radius_exchange *x, const char *const *names, size_t count, uint32_t v)
{
    return v < count && names[v] ? bytes_from_text(names[v]) : keep_number(x, v);
}

#define NAMED(x, names, v) named(x, names, sizeof(names) / sizeof *(names), v)

static struct addr address(struct bytes value)
{
    if (value.len == 4)
        return addr_v4(value.data);
    return value.len == 16 ? addr_v6(value.data) : (struct addr){.version = 0};
}

// "00-14-22-E9-54-5E", "0014.22e9.545e", "001422e9545e": twelve digits and what separates them.
static struct bytes mac_text(struct radius_exchange *x, struct bytes value)
{
    uint8_t mac[6] = {0};
    size_t digits = 0;
    char buffer[18];
    struct text_out out = TEXT_OUT(buffer);
    for (size_t i = 0; i < value.len && value.len <= 17; i++) {
        int digit = bytes_hex_digit(value.data[i]);
        if (digit >= 0 && digits < 12)
            mac[digits / 2] = (uint8_t)(mac[digits / 2] << 4 | digit), digits++;
        else if (digit >= 0 || !strchr("-:. ", value.data[i]))
            return (struct bytes){NULL, 0};
    }
    if (digits != 12)
        return (struct bytes){NULL, 0};
    text_out_mac(&out, bytes_make(mac, sizeof mac));
    return text_out_keep(&out, x->arena);
}

// RFC 3162 section 2.3: a reserved byte, bits, as many bytes as are needed.
static struct bytes prefix_text(struct radius_exchange *x, struct bytes value)
{
    uint8_t raw[16] = {0};
    char buffer[ADDR_TEXT_BYTES + 4];
    struct text_out out = TEXT_OUT(buffer);
    if (value.len < 2 || value.len > 18 || value.data[1] > 128)
        return (struct bytes){NULL, 0};
    memcpy(raw, &value.data[2], value.len - 2);
    struct addr a = addr_v6(raw);
    text_out_addr(&out, &a);
    text_out_char(&out, '/');
    text_out_u64(&out, value.data[1]);
    return text_out_keep(&out, x->arena);
}

// RFC 2868 section 3.3: the first byte may be a tag.
static struct bytes tagged(struct radius_exchange *x, struct bytes value)
{
    return keep(x, bytes_from(value, value.len > 0 && value.data[0] <= 0x1f ? 1 : 0));
}

static void add_reply(struct radius_exchange *x, struct bytes value)
{
    struct bytes old = x->record.reply_msg;
    size_t len = old.len + value.len;
    if (len > RADIUS_REPLY_BYTES)
        return;
    uint8_t *text = arena_grow(x->arena, x->reply, old.len, len);
    if (!text)
        return;
    memcpy(&text[old.len], value.data, value.len);
    x->reply = text;
    x->record.reply_msg = bytes_make(text, len);
}

static void add_vendor(struct radius_exchange *x, struct bytes value)
{
    struct record_radius *r = &x->record;
    uint32_t vendor = number(value);
    uint8_t type = bytes_at(value, 4);
    if (vendor == VENDOR_MICROSOFT && type == MS_CHAP_RESPONSE)
        r->auth = BYTES("mschap");
    if (vendor == VENDOR_MICROSOFT && type == MS_CHAP2_RESPONSE)
        r->auth = BYTES("mschapv2");
    for (size_t i = 0; i < r->vendors_count; i++)
        if (x->vendors[i] == vendor)
            return;
    x->too_many_vendors |= r->vendors_count == RADIUS_VENDORS_MAX;
    if (r->vendors_count == RADIUS_VENDORS_MAX)
        return;
    x->vendors[r->vendors_count++] = vendor;
    r->vendors = x->vendors;
}

static void accounting(struct radius_exchange *x, uint8_t type, struct bytes value)
{
    static const char *const statuses[] = {[1] = "start",
        [2] = "stop",
        [3] = "interim_update",
        [7] = "accounting_on",
        [8] = "accounting_off",
        [15] = "failed"};
    struct record_radius *r = &x->record;
    uint32_t v = number(value);
    switch (type) {
    case ACCT_STATUS: r->accounting.status = NAMED(x, statuses, v); break;
    case ACCT_SESSION_ID: r->accounting.session_id = keep(x, value); break;
    case ACCT_SESSION_TIME:
        r->accounting.has_session_time = true;
        r->accounting.session_time = v;
        break;
    case ACCT_INPUT_OCTETS:
        r->accounting.has_input_bytes = true;
        r->accounting.input_bytes = v;
        break;
    case ACCT_OUTPUT_OCTETS:
        r->accounting.has_output_bytes = true;
        r->accounting.output_bytes = v;
        break;
    case ACCT_INPUT_PACKETS:
        r->accounting.has_input_packets = true;
        r->accounting.input_packets = v;
        break;
    case ACCT_OUTPUT_PACKETS:
        r->accounting.has_output_packets = true;
        r->accounting.output_packets = v;
        break;
    case ACCT_TERMINATE_CAUSE:
        r->accounting.has_terminate_cause = true;
        r->accounting.terminate_cause = v;
        break;
    case ACCT_INPUT_GIGAWORDS: x->gigawords[0] = v; break;
    case ACCT_OUTPUT_GIGAWORDS: x->gigawords[1] = v; break;
    default: break;
    }
}

// Where the user comes in.
static void access_point(struct radius_exchange *x, uint8_t type, struct bytes value)
{
    static const char *const ports[] = {
        [0] = "async", [5] = "virtual", [15] = "ethernet", [19] = "wireless"};
    static const char *const services[] = {[1] = "login",
        "framed",
        "callback_login",
        "callback_framed",
        "outbound",
        "administrative",
        "nas_prompt",
        "authenticate_only",
        "callback_nas_prompt",
        "call_check",
        "callback_administrative",
        [17] = "authorize_only"};
    struct record_radius *r = &x->record;
    switch (type) {
    case NAS_IP:
    case NAS_IPV6: r->nas_ip = address(value); break;
    case NAS_PORT:
        r->has_nas_port = true;
        r->nas_port = number(value);
        break;
    case NAS_PORT_TYPE: r->nas_port_type = NAMED(x, ports, number(value)); break;
    case NAS_PORT_ID: r->nas_port_id = keep(x, value); break;
    case NAS_IDENTIFIER: r->nas_identifier = keep(x, value); break;
    case SERVICE_TYPE: r->service_type = NAMED(x, services, number(value)); break;
    case CALLED_STATION: r->called_station = keep(x, value); break;
    case CALLING_STATION:
        r->calling_station = keep(x, value);
        r->mac = mac_text(x, value);
        break;
    default: accounting(x, type, value); break;
    }
}

// What the user gets.
static void granted(struct radius_exchange *x, uint8_t type, struct bytes value)
{
    struct record_radius *r = &x->record;
    switch (type) {
    case FRAMED_IP: r->framed_addr = address(value); break;
    case FRAMED_IPV6: r->framed_ipv6 = address(value); break;
    case FRAMED_IPV6_PREFIX:
    case DELEGATED_PREFIX: r->framed_ipv6_prefix = prefix_text(x, value); break;
    case FILTER_ID: r->filter_id = keep(x, value); break;
    case REPLY_MESSAGE: add_reply(x, value); break;
    case SESSION_TIMEOUT:
        r->has_session_timeout = true;
        r->session_timeout = number(value);
        break;
    case ERROR_CAUSE:
        r->has_error_cause = true;
        r->error_cause = number(value);
        break;
    case TUNNEL_CLIENT: r->tunnel_client = tagged(x, value); break;
    case TUNNEL_SERVER: r->tunnel_server = tagged(x, value); break;
    case TUNNEL_GROUP: r->tunnel_group = tagged(x, value); break;
    case CONNECT_INFO: r->connect_info = keep(x, value); break;
    default: access_point(x, type, value); break;
    }
}

static void proof(struct radius_exchange *x, uint8_t type, struct bytes value, bool answer)
{
    struct record_radius *r = &x->record;
    switch (type) {
    case USER_NAME: r->username = keep(x, value); break;
    case USER_PASSWORD:
        r->auth = BYTES("pap");
        r->has_password_length = true;
        r->password_length = (uint16_t)value.len;
        break;
    case CHAP_PASSWORD: r->auth = BYTES("chap"); break;
    case DIGEST_RESPONSE: r->auth = BYTES("digest"); break;
    case STATE: r->state = keep(x, value); break;
    case VENDOR: add_vendor(x, value); break;
    case MESSAGE_AUTHENTICATOR:
        *(answer ? &r->response_authenticator : &r->message_authenticator) = true;
        break;
    case EAP_MESSAGE: {
        size_t room = sizeof x->eap - x->eap_len;
        size_t len = value.len < room ? value.len : room;
        memcpy(&x->eap[x->eap_len], value.data, len);
        x->eap_len += len;
        break;
    }
    default: granted(x, type, value); break;
    }
}

static struct bytes eap_method(struct radius_exchange *x, uint8_t type)
{
    static const char *const methods[] = {[1] = "identity",
        [2] = "notification",
        [3] = "nak",
        [4] = "md5",
        [5] = "otp",
        [6] = "gtc",
        [13] = "tls",
        [17] = "leap",
        [18] = "sim",
        [21] = "ttls",
        [23] = "aka",
        [25] = "peap",
        [26] = "mschapv2",
        [43] = "fast",
        [50] = "aka_prime",
        [52] = "pwd",
        [55] = "teap"};
    return NAMED(x, methods, type);
}

// RFC 3748 section 4: code (1 request, 2 response, 3 success, 4 failure), identifier, length.
static void read_eap(struct radius_exchange *x, bool answer)
{
    struct cursor in = cursor_make(bytes_make(x->eap, x->eap_len));
    struct record_radius *r = &x->record;
    uint8_t code = cursor_u8(&in);
    cursor_skip(&in, 1);
    uint16_t length = cursor_u16(&in);
    if (!cursor_ok(&in))
        return;
    if (!answer)
        r->auth = BYTES("eap");
    if (code >= 3) {
        r->eap.result = code == 3 ? BYTES("success") : code == 4 ? BYTES("failure") : r->eap.result;
        return;
    }
    uint8_t type = cursor_u8(&in);
    if (!cursor_ok(&in))
        return;
    *(answer ? &r->eap.response_type : &r->eap.type) = eap_method(x, type);
    if (code == 2 && type == 1 && length >= 5)
        r->eap.identity = keep(x, bytes_sub(cursor_rest(&in), 0, length - 5U));
}

bool radius_attributes_read(struct radius_exchange *x, struct cursor *in, bool answer)
{
    x->eap_len = 0;
    while (cursor_left(in) > 0) {
        uint8_t type = cursor_u8(in), length = cursor_u8(in);
        struct bytes value = cursor_take(in, length < 2 ? SIZE_MAX : length - 2U);
        if (!cursor_ok(in))
            return false;
        if (value.len > 0)
            proof(x, type, value, answer);
    }
    if (x->eap_len > 0)
        read_eap(x, answer);
    return true;
}

void radius_exchange_close(struct radius_exchange *x)
{
    struct record_radius *r = &x->record;
    r->accounting.input_bytes += (uint64_t)x->gigawords[0] << 32;
    r->accounting.output_bytes += (uint64_t)x->gigawords[1] << 32;
    switch (r->response_code) {
    case 0: r->result = BYTES("unanswered"); break;
    case RADIUS_ACCESS_ACCEPT:
    case RADIUS_ACCOUNTING_RESPONSE:
    case RADIUS_DISCONNECT_ACK:
    case RADIUS_COA_ACK: r->result = BYTES("success"); break;
    case RADIUS_ACCESS_CHALLENGE: r->result = BYTES("challenge"); break;
    default: r->result = BYTES("failed"); break;
    }
}
