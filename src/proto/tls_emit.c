// SPDX-License-Identifier: Apache-2.0
// Writes the tls record from the messages kept of a handshake. Field names are Suricata's EVE.
#include "proto/ja.h"
#include "proto/tls_certificate.h"
#include "proto/tls_names.h"

// What the record points to while it is written.
struct parts {
    struct tls_hello client, server;
    struct ja3 ja3, ja3s;
    char ja4[JA4_TEXT_BYTES];
    struct bytes client_alpns[TLS_ALPN_MAX], server_alpns[TLS_ALPN_MAX];
    struct tls_chain chain, client_chain;
    struct record_tls_alert alerts[TLS_ALERTS_MAX];
    char alert_numbers[TLS_ALERTS_MAX][4];
    char version[TLS_VERSION_TEXT_BYTES], client_version[TLS_VERSION_TEXT_BYTES];
};

size_t tls_alpn_list(struct bytes alpn, struct bytes *out, size_t room)
{
    struct cursor c = cursor_make(alpn);
    size_t count = 0;
    while (cursor_left(&c) > 0 && count < room) {
        struct bytes name = cursor_take(&c, cursor_u8(&c));
        if (cursor_ok(&c) && name.len > 0)
            out[count++] = name;
    }
    return count;
}

static struct record_tls_ja3 ja3_record(const struct ja3 *ja3)
{
    return (struct record_tls_ja3){
        .hash = bytes_make(ja3->hash, JA_HASH_TEXT_BYTES),
        .string = bytes_make(ja3->text, ja3->len),
    };
}

static void client_fill(
    struct proto_flow *pf, const struct tls_handshake *h, struct parts *p, struct record_tls *r)
{
    const struct tls_hello *hello = &p->client;
    if (!tls_hello_client(h->client_hello, h->form, &p->client))
        return;
    r->sni = hello->sni;
    r->client_version = tls_version_text(tls_hello_version(hello), p->client_version);
    r->client_alpns = p->client_alpns;
    r->client_alpns_count = tls_alpn_list(hello->alpn, p->client_alpns, TLS_ALPN_MAX);
    r->ech = hello->ech;
    r->early_data = hello->early_data;
    if (hello->too_long)
        proto_anomaly(pf, ANOMALY_TLS_HELLO_TOO_LONG);
    if (ja3_client(hello, &p->ja3))
        r->ja3 = ja3_record(&p->ja3);
    if (ja4_client(hello, h->form == HELLO_DTLS ? JA4_DTLS : JA4_TLS, p->ja4))
        r->ja4 = bytes_make(p->ja4, sizeof p->ja4);
}

// Before TLS 1.3 a server that goes over to encryption straight after its hello has resumed a
// session; since then it says so by taking a pre-shared key.
static bool is_resumed(const struct tls_handshake *h, const struct tls_hello *server)
{
    if (tls_is_13(h->version))
        return server->psk;
    return h->changed[FLOW_SERVER] && !h->server_certificate && !h->server_done;
}

static void server_fill(const struct tls_handshake *h, struct parts *p, struct record_tls *r)
{
    const struct tls_hello *hello = &p->server;
    if (!tls_hello_server(h->server_hello, &p->server))
        return;
    uint16_t group = hello->selected_group ? hello->selected_group : h->group;
    r->cipher = tls_cipher_name(hello->cipher);
    r->group = group ? tls_group_name(group) : (struct bytes){NULL, 0};
    r->server_alpns = p->server_alpns;
    r->server_alpns_count = tls_alpn_list(
        h->encrypted_alpn.data ? h->encrypted_alpn : hello->alpn, p->server_alpns, TLS_ALPN_MAX);
    r->session_resumed = is_resumed(h, hello);
    if (ja3_server(hello, &p->ja3s))
        r->ja3s = ja3_record(&p->ja3s);
}

static void leaf_fill(const struct record_tls_certificate *leaf, struct record_tls *r)
{
    r->subject = leaf->subject;
    r->issuerdn = leaf->issuerdn;
    r->serial = leaf->serial;
    r->fingerprint = leaf->fingerprint;
    r->sha256 = leaf->sha256;
    r->notbefore = leaf->notbefore;
    r->notafter = leaf->notafter;
    r->key_type = leaf->key_type;
    r->has_key_bits = leaf->has_key_bits;
    r->key_bits = leaf->key_bits;
    r->signature = leaf->signature;
    r->subjectaltname = leaf->subjectaltname;
    r->subjectaltname_count = leaf->subjectaltname_count;
}

static void chains_fill(
    struct proto_flow *pf, const struct tls_handshake *h, struct parts *p, struct record_tls *r)
{
    if (h->certificates[FLOW_SERVER].data) {
        tls_chain_read(pf, h->certificates[FLOW_SERVER], r->sni, &p->chain);
        if (p->chain.count > 0) {
            leaf_fill(&p->chain.list[0], r);
            r->chain = p->chain.list + 1;
            r->chain_count = p->chain.count - 1;
        }
        r->chain_problems = p->chain.problems;
        r->chain_problems_count = p->chain.problem_count;
    }
    if (h->certificates[FLOW_CLIENT].data) {
        tls_chain_read(pf, h->certificates[FLOW_CLIENT], (struct bytes){NULL, 0}, &p->client_chain);
        if (p->client_chain.count > 0)
            r->client = p->client_chain.list[0];
    }
}

static struct bytes alert_text(uint8_t description, char room[4])
{
    struct bytes name = tls_alert_name(description);
    if (name.data)
        return name;
    room[0] = (char)('0' + description / 100);
    room[1] = (char)('0' + description / 10 % 10);
    room[2] = (char)('0' + description % 10);
    return bytes_make(room, 3);
}

static void alerts_fill(const struct tls_handshake *h, struct parts *p, struct record_tls *r)
{
    for (size_t i = 0; i < h->alert_count; i++)
        p->alerts[i] = (struct record_tls_alert){
            .direction = h->alerts[i].side == FLOW_CLIENT ? BYTES("to_server") : BYTES("to_client"),
            .level = h->alerts[i].level == 1 ? BYTES("warning") : BYTES("fatal"),
            .description = alert_text(h->alerts[i].description, p->alert_numbers[i]),
        };
    r->alerts = p->alerts;
    r->alerts_count = h->alert_count;
}

void tls_handshake_show(struct proto_flow *pf, const struct tls_handshake *h)
{
    struct parts p;
    struct record_tls r;
    if (!h->client_hello.data || !proto_wants_record(pf, RECORD_TLS))
        return;
    memset(&r, 0, sizeof r);
    client_fill(pf, h, &p, &r);
    proto_show_known(pf, FLOW_CLIENT, 0, RECORD_TLS, &r);
}

void tls_handshake_emit(struct proto_flow *pf, struct tls_handshake *h)
{
    if (h->emitted || (!h->client_hello.data && !h->server_hello.data && !h->version))
        return;
    struct parts p;
    struct record_tls r;
    memset(&r, 0, sizeof r);
    if (h->client_hello.data)
        client_fill(pf, h, &p, &r);
    if (h->server_hello.data)
        server_fill(h, &p, &r);
    if (h->version)
        r.version = tls_version_text(h->version, p.version);
    r.dh_bits = h->dh_bits;
    r.has_dh_bits = h->dh_bits > 0;
    r.established = h->established;
    r.decrypted = h->decrypted;
    r.hello_retry = h->hello_retry;
    r.ocsp_stapled = h->ocsp_stapled;
    r.certificate_requested = h->certificate_requested;
    chains_fill(pf, h, &p, &r);
    alerts_fill(h, &p, &r);
    if (pf->arena.exhausted)
        proto_anomaly(pf, ANOMALY_TLS_OUT_OF_BUDGET);
    h->emitted = true;
    proto_emit(pf, RECORD_TLS, &r, 0);
}
