// SPDX-License-Identifier: Apache-2.0
// What a flow speaks against the port it goes to: something else than TLS at 443, than HTTP at 80,
// remote log-ons where none are expected; hidden DNS; coin mining and Tor by what they say; and
// shells that call home: a nameless protocol of a few bytes at a time, in which the server asks and
// the client answers, for long.
#include "behaviour/seat.h"

enum {
    SHELL_AGE_S = 60,
    SHELL_PACKETS = 16, // payload packets of the sample that have to be there
    SHELL_BYTES = 256,  // more in one packet is no keyboard, nor its echo
    SHELL_ANSWERS = 3,  // of a line the answer is at least that many times as long, some time
    ANSWER_BYTES = 32,
    PAUSE_US = 2'000'000,
    PAUSES = 3,
    STRATUM_PORT = 3333,
    TRANSFERRED = 8, // bytes each way, less says nothing
};

static bool is_app(const struct record *record, const char *const *names)
{
    for (; *names; names++)
        if (bytes_equal(record->head.app_proto, bytes_from_text(*names)))
            return true;
    return false;
}

static bool is_tcp(const struct record *record)
{
    return bytes_equal(record->head.proto, BYTES("TCP"));
}

static void tell(const struct seat *seat, const struct record *record, const char *kind)
{
    const struct record_flow *flow = record->body;
    struct telling telling;
    telling_begin(&telling, "flow.strange", record, bytes_from_text(kind));
    telling.hit.began_us = flow->start;
    if (!head_is_nameless(&record->head))
        telling_text(&telling, "spoken", record->head.app_proto);
    telling_number(&telling, "up", flow->payload_toserver);
    telling_number(&telling, "down", flow->payload_toclient);
    telling_number(&telling, "seconds", flow->age);
    telling_end(&telling, seat);
}

// Nobody knows what it is, or it is a way to steer a host, where everything passes.
static bool is_at_wrong_port(const struct record *record)
{
    static const char *const remote[] = {"ssh", "rdp", "telnet", "rfb", "vnc", "irc", NULL};
    uint16_t port = record->head.dest_port;
    bool web = port == 443 || port == 80;
    return (web && head_is_nameless(&record->head)) ||
           ((web || port == 53 || port == 25 || port == 123 || port == 21) &&
               is_app(record, remote));
}

static bool is_mining(const struct record *record)
{
    static const char *const mining[] = {"mining", NULL};
    const struct record_flow *flow = record->body;
    return is_app(record, mining) ||
           bytes_start_with(flow->first_toserver, BYTES("{\"worker\": \"eth1")) ||
           bytes_start_with(flow->first_toserver, BYTES("{\"method\":\"login\"")) ||
           (record->head.dest_port == STRATUM_PORT &&
               bytes_start_with(flow->first_toserver, BYTES("{\"id\":1,\"method\"")));
}

// The server's few bytes, then the client's many, with pauses: somebody types, a machine answers.
static bool is_shell(const struct record *record)
{
    const struct record_flow *flow = record->body;
    size_t answers = 0, pauses = 0;
    if (!is_tcp(record) || !head_is_nameless(&record->head) || flow->age < SHELL_AGE_S ||
        flow->packet_lengths_count < SHELL_PACKETS ||
        flow->payload_toserver < flow->payload_toclient)
        return false;
    for (size_t i = 1; i < flow->packet_lengths_count; i++) {
        int64_t said = flow->packet_lengths[i - 1], answered = flow->packet_lengths[i];
        if (said > SHELL_BYTES || said < -SHELL_BYTES)
            return false;
        answers += said < 0 && answered >= ANSWER_BYTES && answered > -said / SHELL_ANSWERS;
        pauses += i < flow->packet_times_count &&
                  flow->packet_times[i] - flow->packet_times[i - 1] > PAUSE_US;
    }
    return answers >= 2 && pauses >= PAUSES;
}

// DNS over TLS, HTTPS or QUIC to a resolver that serves everybody: names asked there pass by one's
// own resolver, and so do tunnels through them.
static bool is_hidden_dns(const struct record *record)
{
    static const char *const names[] = {"dns.google", "cloudflare-dns.com", "one.one.one.one",
        "quad9.net", "adguard-dns.com", "dns.adguard.com", "doh.opendns.com", "dns.nextdns.io"};
    static const uint8_t servers[][4] = {{1, 1, 1, 1}, {1, 0, 0, 1}, {8, 8, 8, 8}, {8, 8, 4, 4},
        {9, 9, 9, 9}, {149, 112, 112, 112}, {208, 67, 222, 222}, {208, 67, 220, 220},
        {94, 140, 14, 14}, {94, 140, 15, 15}};
    static const char *const apps[] = {"tls", "http2", "quic", "dtls", NULL};
    const struct record_flow *flow = record->body;
    const struct addr *to = &record->head.dest_ip;
    bool found = false;
    if (!is_app(record, apps) || (record->head.dest_port != 443 && record->head.dest_port != 853))
        return false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        found = found || domain_is_within(flow->tls.sni, bytes_from_text(names[i]));
    for (size_t i = 0; i < sizeof servers / sizeof *servers; i++)
        found = found || (to->version == 4 && memcmp(to->bytes, servers[i], 4) == 0);
    return found;
}

static void record(const struct seat *seat, const struct record *record)
{
    static const char *const tor[] = {"tor", NULL};
    const struct record_flow *flow = record->body;
    bool outside = record->head.dest_ip.version && !seat_inside(seat, &record->head.dest_ip);
    bool talked = flow->payload_toserver + flow->payload_toclient >= TRANSFERRED &&
                  flow->payload_toserver && flow->payload_toclient && !flow->midstream;
    if (!talked || !flow->has_payload_toserver) // of such flows nobody saw what they carry
        return;
    if (is_mining(record))
        tell(seat, record, "mining");
    else if (is_app(record, tor))
        tell(seat, record, "tor");
    else if (is_shell(record))
        tell(seat, record, "shell");
    else if (outside && is_hidden_dns(record))
        tell(seat, record, "hidden_dns");
    else if (outside && is_tcp(record) && is_at_wrong_port(record))
        tell(seat, record, head_is_nameless(&record->head) ? "unknown" : "port");
}

const struct look strange_flow_look = {
    .types = (const enum record_type[]){RECORD_FLOW, RECORD_NONE},
    .record = record,
};
