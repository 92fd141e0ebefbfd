// SPDX-License-Identifier: Apache-2.0
// Columns that are no field as it stands: identifiers, states, names that differ.
#include "base/hash.h"
#include "logs/zeek.h"
#include <stdio.h>

enum { UID_CHARACTERS = 17, TCP_FIN = 0x01, TCP_SYN = 0x02, TCP_RST = 0x04 };

static void put_text(struct json *out, const char *text)
{
    json_raw(out, text, strlen(text));
}

// Base 62 as Zeek's; of two rounds, so that it is as long as Zeek's.
static void put_uid(struct json *out, char first, uint64_t id)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    char text[UID_CHARACTERS + 1] = {first};
    uint64_t left = hash_mix(id);
    for (int i = 1; i <= UID_CHARACTERS; i++) {
        if (i == 10)
            left = hash_mix(id ^ 0x9e37'79b9'7f4a'7c15);
        text[i] = digits[left % 62];
        left /= 62;
    }
    json_raw(out, text, sizeof text);
}

static void uid_put(struct json *out, const struct record *r, const struct zeek_column *column)
{
    (void)column;
    if (r->head.has_flow_id)
        put_uid(out, 'C', r->head.flow_id);
}

// 53 bits of a hash: what JSON programs keep whole.
static void uid_take(struct log_draft *draft, struct bytes value, const struct zeek_column *column)
{
    (void)column;
    draft->head.flow_id = hash_bytes(value, 0) >> 11;
    draft->head.has_flow_id = true;
}

// Records of one message stand with its sender first; Zeek's connections with their client.
static bool from_server(const struct record *r)
{
    const struct record_dns *dns = r->body;
    const struct record_fileinfo *file = r->body;
    if (r->type == RECORD_DNS)
        return bytes_equal(dns->type, BYTES("response"));
    return r->type == RECORD_FILEINFO && bytes_equal(file->direction, BYTES("to_client"));
}

static void put_addr(struct json *out, const struct addr *addr)
{
    char text[ADDR_TEXT_BYTES];
    if (addr->version)
        json_raw(out, text, addr_write(addr, text));
}

static void put_number(struct json *out, uint64_t value)
{
    char text[32];
    json_raw(out, text, (size_t)snprintf(text, sizeof text, "%llu", (unsigned long long)value));
}

static void orig_h_put(struct json *out, const struct record *r, const struct zeek_column *column)
{
    (void)column;
    put_addr(out, from_server(r) ? &r->head.dest_ip : &r->head.src_ip);
}

static void resp_h_put(struct json *out, const struct record *r, const struct zeek_column *column)
{
    (void)column;
    put_addr(out, from_server(r) ? &r->head.src_ip : &r->head.dest_ip);
}

// ICMP: type and code stand for ports; other protocols without ports have 0.
static void orig_p_put(struct json *out, const struct record *r, const struct zeek_column *column)
{
    (void)column;
    uint16_t port = from_server(r) ? r->head.dest_port : r->head.src_port;
    put_number(out, r->head.has_icmp_type ? r->head.icmp_type : port);
}

static void resp_p_put(struct json *out, const struct record *r, const struct zeek_column *column)
{
    (void)column;
    uint16_t port = from_server(r) ? r->head.src_port : r->head.dest_port;
    put_number(out, r->head.has_icmp_code ? r->head.icmp_code : port);
}

bool zeek_wants(const struct record *r)
{
    const struct record_dns *dns = r->body;
    return r->type != RECORD_DNS || !bytes_equal(dns->type, BYTES("request"));
}

static void fuid_put(struct json *out, const struct record *r, const struct zeek_column *column)
{
    (void)column;
    const struct record_fileinfo *file = r->body;
    put_uid(out, 'F', r->head.flow_id ^ hash_mix(file->tx_id + 1) ^ file->size << 20);
}

static void proto_put(struct json *out, const struct record *r, const struct zeek_column *column)
{
    (void)column;
    struct bytes proto = r->head.proto;
    if (bytes_equal(proto, BYTES("TCP")))
        put_text(out, "tcp");
    else if (bytes_equal(proto, BYTES("UDP")))
        put_text(out, "udp");
    else if (bytes_find(proto, BYTES("ICMP")) != BYTES_NOT_FOUND)
        put_text(out, "icmp");
    else
        put_text(out, "unknown_transport");
}

static void proto_take(
    struct log_draft *draft, struct bytes value, const struct zeek_column *column)
{
    (void)column;
    static const struct {
        const char *zeek, *ours;
    } names[] = {{"tcp", "TCP"}, {"udp", "UDP"}, {"icmp", "ICMP"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (bytes_equal(value, bytes_from_text(names[i].zeek)))
            draft->head.proto = bytes_from_text(names[i].ours);
}

// Zeek's names of protocols that have others here.
static const struct {
    const char *zeek, *ours;
} services[] = {{"ssl", "tls"}, {"krb_tcp", "krb5"}, {"krb", "krb5"}, {"dce_rpc", "dcerpc"},
    {"ftp-data", "ftp_data"}, {"postgresql", "pgsql"}, {"ldap_tcp", "ldap"}, {"ldap_udp", "ldap"},
    {"dnp3_tcp", "dnp3"}, {"spicy_ipsec_udp", "ike"}};

static void service_put(struct json *out, const struct record *r, const struct zeek_column *column)
{
    (void)column;
    struct bytes name = r->head.app_proto;
    if (!name.data || bytes_equal(name, BYTES("failed")))
        return;
    for (size_t i = 0; i < sizeof services / sizeof *services; i++)
        if (bytes_equal(name, bytes_from_text(services[i].ours)))
            name = bytes_from_text(services[i].zeek);
    json_raw(out, (const char *)name.data, name.len); // our own names: no escapes needed
}

// Of several ("ssl,smtp") the first.
static void service_take(
    struct log_draft *draft, struct bytes value, const struct zeek_column *column)
{
    (void)column;
    size_t comma = bytes_find_byte(value, ',');
    struct bytes first = comma == BYTES_NOT_FOUND ? value : bytes_sub(value, 0, comma);
    for (size_t i = 0; i < sizeof services / sizeof *services; i++)
        if (bytes_equal(first, bytes_from_text(services[i].zeek))) {
            draft->head.app_proto = bytes_from_text(services[i].ours);
            return;
        }
    draft->head.app_proto = arena_copy(draft->arena, first);
}

static void duration_put(struct json *out, const struct record *r, const struct zeek_column *column)
{
    (void)column;
    const struct record_flow *flow = r->body;
    char text[40];
    int64_t us = flow->end - flow->start;
    if (flow->pkts_toserver + flow->pkts_toclient > 1)
        json_raw(out, text,
            (size_t)snprintf(text, sizeof text, "%lld.%06lld", (long long)(us / 1000'000),
                (long long)(us % 1000'000)));
}

// `start` is a column before this one.
static void duration_take(
    struct log_draft *draft, struct bytes value, const struct zeek_column *column)
{
    (void)column;
    struct record_flow *flow = draft->body;
    uint64_t us = 0;
    (void)log_take_scalar(&us, SHAPE_U64, value, 1000'000, draft->arena);
    flow->end = flow->start + (int64_t)us;
    flow->age = us / 1000'000;
    draft->head.timestamp = flow->end;
}

// Who did what, by the flags seen of each side; names as Zeek's documentation of conn.log has them.
static const char *tcp_state(const struct record_flow *flow)
{
    unsigned orig = flow->tcp.tcp_flags_ts, resp = flow->tcp.tcp_flags_tc;
    if (!(orig & TCP_SYN))
        return resp & TCP_SYN ? resp & TCP_RST ? "RSTRH" : resp & TCP_FIN ? "SHR" : "OTH" : "OTH";
    if (!(resp & TCP_SYN)) {
        if (resp & TCP_RST)
            return "REJ";
        return orig & TCP_RST ? "RSTOS0" : orig & TCP_FIN ? "SH" : "S0";
    }
    if (orig & TCP_RST)
        return "RSTO";
    if (resp & TCP_RST)
        return "RSTR";
    if (orig & TCP_FIN)
        return resp & TCP_FIN ? "SF" : "S2";
    return resp & TCP_FIN ? "S3" : "S1";
}

static void conn_state_put(
    struct json *out, const struct record *r, const struct zeek_column *column)
{
    (void)column;
    const struct record_flow *flow = r->body;
    if (bytes_equal(r->head.proto, BYTES("TCP")))
        put_text(out, tcp_state(flow));
    else if (flow->pkts_toserver == 0)
        put_text(out, "SHR");
    else
        put_text(out, flow->pkts_toclient ? "SF" : "S0");
}

static void conn_state_take(
    struct log_draft *draft, struct bytes value, const struct zeek_column *column)
{
    (void)column;
    struct record_flow *flow = draft->body;
    bool started = bytes_equal(value, BYTES("S0")) || bytes_equal(value, BYTES("OTH"));
    bool open = bytes_equal(value, BYTES("S1")) || bytes_equal(value, BYTES("S2")) ||
                bytes_equal(value, BYTES("S3"));
    flow->state = started ? BYTES("new") : open ? BYTES("established") : BYTES("closed");
    flow->reason = BYTES("timeout");
}

enum { ETHERNET_BYTES = 14 };

// Bytes of IP packets: those of frames without their Ethernet headers.
static void put_ip_bytes(struct json *out, uint64_t bytes, uint64_t packets)
{
    uint64_t link = packets * ETHERNET_BYTES;
    put_number(out, bytes > link ? bytes - link : 0);
}

static void ip_bytes_orig_put(
    struct json *out, const struct record *r, const struct zeek_column *column)
{
    (void)column;
    const struct record_flow *flow = r->body;
    put_ip_bytes(out, flow->bytes_toserver, flow->pkts_toserver);
}

static void ip_bytes_resp_put(
    struct json *out, const struct record *r, const struct zeek_column *column)
{
    (void)column;
    const struct record_flow *flow = r->body;
    put_ip_bytes(out, flow->bytes_toclient, flow->pkts_toclient);
}

static void ip_bytes_orig_take(
    struct log_draft *draft, struct bytes value, const struct zeek_column *column)
{
    (void)column;
    struct record_flow *flow = draft->body;
    (void)bytes_to_u64(value, &flow->bytes_toserver);
}

static void ip_bytes_resp_take(
    struct log_draft *draft, struct bytes value, const struct zeek_column *column)
{
    (void)column;
    struct record_flow *flow = draft->body;
    (void)bytes_to_u64(value, &flow->bytes_toclient);
}

static void qclass_put(struct json *out, const struct record *r, const struct zeek_column *column)
{
    (void)column;
    const struct record_dns *dns = r->body;
    if (dns->queries_count == 0)
        return;
    struct bytes name = dns->queries[0].rrclass;
    if (!name.data || bytes_equal(name, BYTES("IN")))
        put_text(out, "C_INTERNET");
    else
        json_raw(out, (const char *)name.data, name.len);
}

static void depth_put(struct json *out, const struct record *r, const struct zeek_column *column)
{
    (void)column;
    if (r->head.has_tx_id)
        put_number(out, r->head.tx_id + 1);
}

static void depth_take(
    struct log_draft *draft, struct bytes value, const struct zeek_column *column)
{
    (void)column;
    uint64_t depth;
    if (!bytes_to_u64(value, &depth) || depth == 0)
        return;
    draft->head.tx_id = depth - 1;
    draft->head.has_tx_id = true;
}

// "HTTP/1.1" here, "1.1" there.
static void http_version_put(
    struct json *out, const struct record *r, const struct zeek_column *column)
{
    (void)column;
    const struct record_http *http = r->body;
    struct bytes version = http->protocol;
    if (bytes_start_with(version, BYTES("HTTP/")))
        version = bytes_from(version, 5);
    for (size_t i = 0; i < version.len && version.data[i] > 0x20 && version.data[i] < 0x7f; i++)
        json_raw(out, (const char *)&version.data[i], 1);
}

static void http_version_take(
    struct log_draft *draft, struct bytes value, const struct zeek_column *column)
{
    (void)column;
    struct record_http *http = draft->body;
    uint8_t *text = arena_alloc(draft->arena, value.len + 5);
    if (!text)
        return;
    memcpy(text, "HTTP/", 5);
    memcpy(&text[5], value.data, value.len);
    http->protocol = bytes_make(text, value.len + 5);
}

static const struct {
    const char *zeek, *ours;
} tls_versions[] = {{"SSLv2", "SSLv2"}, {"SSLv3", "SSLv3"}, {"TLSv10", "TLSv1"},
    {"TLSv10", "TLS 1.0"}, {"TLSv11", "TLS 1.1"}, {"TLSv12", "TLS 1.2"}, {"TLSv13", "TLS 1.3"}};

static void tls_version_put(
    struct json *out, const struct record *r, const struct zeek_column *column)
{
    (void)column;
    const struct record_tls *tls = r->body;
    for (size_t i = 0; i < sizeof tls_versions / sizeof *tls_versions; i++)
        if (bytes_equal(tls->version, bytes_from_text(tls_versions[i].ours))) {
            put_text(out, tls_versions[i].zeek);
            return;
        }
}

static void tls_version_take(
    struct log_draft *draft, struct bytes value, const struct zeek_column *column)
{
    (void)column;
    struct record_tls *tls = draft->body;
    for (size_t i = 0; i < sizeof tls_versions / sizeof *tls_versions; i++)
        if (bytes_equal(value, bytes_from_text(tls_versions[i].zeek)))
            tls->version = bytes_from_text(tls_versions[i].ours);
}

static void is_orig_put(struct json *out, const struct record *r, const struct zeek_column *column)
{
    (void)column;
    const struct record_fileinfo *file = r->body;
    put_text(out, bytes_equal(file->direction, BYTES("to_server")) ? "T" : "F");
}

static void is_orig_take(
    struct log_draft *draft, struct bytes value, const struct zeek_column *column)
{
    (void)column;
    struct record_fileinfo *file = draft->body;
    file->direction = bytes_equal(value, BYTES("T")) || bytes_equal(value, BYTES("true"))
                          ? BYTES("to_server")
                          : BYTES("to_client");
    file->state = BYTES("CLOSED");
}

static void smb_action_put(
    struct json *out, const struct record *r, const struct zeek_column *column)
{
    const struct record_smb_file *file = r->body;
    if (file->action_count == 0)
        return;
    put_text(out, "SMB::");
    zeek_put_text(out, file->action[0], column);
}

// "SMB::FILE_OPEN"
static void smb_action_take(
    struct log_draft *draft, struct bytes value, const struct zeek_column *column)
{
    struct bytes *action = shape_place(&column->path, draft, 1);
    if (action)
        *action = arena_copy(
            draft->arena, bytes_start_with(value, BYTES("SMB::")) ? bytes_from(value, 5) : value);
}

static bool is_rename(const struct record_smb_file *file)
{
    return file->action_count && bytes_equal(file->action[0], BYTES("FILE_RENAME"));
}

static void smb_name_put(struct json *out, const struct record *r, const struct zeek_column *column)
{
    const struct record_smb_file *file = r->body;
    zeek_put_text(out, is_rename(file) ? file->new_name : file->name, column);
}

static void smb_prev_name_put(
    struct json *out, const struct record *r, const struct zeek_column *column)
{
    const struct record_smb_file *file = r->body;
    if (is_rename(file))
        zeek_put_text(out, file->name, column);
}

// "Yagura::rules_suricata"
static void note_put(struct json *out, const struct record *r, const struct zeek_column *column)
{
    const struct record_alert *alert = r->body;
    (void)column;
    put_text(out, "Yagura::");
    for (size_t i = 0; i < alert->finding.detector.len; i++) {
        char c = (char)alert->finding.detector.data[i];
        c = c == '.' ? '_' : c;
        json_raw(out, &c, 1);
    }
    if (alert->finding.detector.len == 0)
        put_text(out, "Alert");
}

// Another's notice: its type is the rule, and what it is of.
static void note_take(struct log_draft *draft, struct bytes value, const struct zeek_column *column)
{
    struct record_alert *alert = draft->body;
    (void)column;
    alert->category = arena_copy(draft->arena, value);
    alert->finding.rule = alert->category;
    alert->action = BYTES("allowed");
    alert->severity = 3;
}

static void actions_put(struct json *out, const struct record *r, const struct zeek_column *column)
{
    (void)r;
    (void)column;
    put_text(out, "Notice::ACTION_LOG");
}

const struct zeek_special zeek_special_note = {note_put, note_take};
const struct zeek_special zeek_special_actions = {actions_put, NULL};
const struct zeek_special zeek_special_uid = {uid_put, uid_take};
const struct zeek_special zeek_special_orig_h = {orig_h_put, NULL};
const struct zeek_special zeek_special_orig_p = {orig_p_put, NULL};
const struct zeek_special zeek_special_resp_h = {resp_h_put, NULL};
const struct zeek_special zeek_special_resp_p = {resp_p_put, NULL};
const struct zeek_special zeek_special_fuid = {fuid_put, NULL};
const struct zeek_special zeek_special_proto = {proto_put, proto_take};
const struct zeek_special zeek_special_service = {service_put, service_take};
const struct zeek_special zeek_special_duration = {duration_put, duration_take};
const struct zeek_special zeek_special_conn_state = {conn_state_put, conn_state_take};
const struct zeek_special zeek_special_ip_bytes_orig = {ip_bytes_orig_put, ip_bytes_orig_take};
const struct zeek_special zeek_special_ip_bytes_resp = {ip_bytes_resp_put, ip_bytes_resp_take};
const struct zeek_special zeek_special_qclass = {qclass_put, NULL};
const struct zeek_special zeek_special_depth = {depth_put, depth_take};
const struct zeek_special zeek_special_http_version = {http_version_put, http_version_take};
const struct zeek_special zeek_special_tls_version = {tls_version_put, tls_version_take};
const struct zeek_special zeek_special_is_orig = {is_orig_put, is_orig_take};
const struct zeek_special zeek_special_smb_action = {smb_action_put, smb_action_take};
const struct zeek_special zeek_special_smb_name = {smb_name_put, NULL};
const struct zeek_special zeek_special_smb_prev_name = {smb_prev_name_put, NULL};
