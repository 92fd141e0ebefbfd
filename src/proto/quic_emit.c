// SPDX-License-Identifier: Apache-2.0
// Writes the quic record. Names follow Suricata's EVE; one record stands for a whole connection.
#include "proto/ja.h"
#include "proto/quic_flow.h"
#include "proto/tls.h"
#include "proto/tls_names.h"

enum { USER_AGENT_PARAMETER = 0x3129, GOOGLE_TAGS_MAX = 128 };

struct parts {
    struct ja3 ja3, ja3s;
    char ja4[JA4_TEXT_BYTES];
    struct bytes alpns[TLS_ALPN_MAX];
    char version[QUIC_VERSION_TEXT_BYTES];
    struct bytes offered[QUIC_OFFERED_MAX];
    char offered_text[QUIC_OFFERED_MAX][QUIC_VERSION_TEXT_BYTES];
};

static struct record_tls_ja3 ja3_record(const struct ja3 *ja3)
{
    return (struct record_tls_ja3){
        .hash = bytes_make(ja3->hash, JA_HASH_TEXT_BYTES),
        .string = bytes_make(ja3->text, ja3->len),
    };
}

// Google's transport parameter that names the client.
static struct bytes user_agent(struct bytes parameters)
{
    struct cursor c = cursor_make(parameters);
    while (cursor_left(&c) > 0) {
        uint64_t id = quic_varint(&c);
        struct bytes value = cursor_take(&c, quic_varint(&c));
        if (cursor_ok(&c) && id == USER_AGENT_PARAMETER)
            return value;
    }
    return (struct bytes){NULL, 0};
}

static void client_fill(
    struct proto_flow *pf, struct bytes body, struct parts *p, struct record_quic *r)
{
    struct tls_hello hello;
    if (!tls_hello_client(body, HELLO_TLS, &hello))
        return;
    r->sni = hello.sni;
    r->ech = hello.ech;
    r->ua = user_agent(hello.quic_parameters);
    r->client_alpns = p->alpns;
    r->client_alpns_count = tls_alpn_list(hello.alpn, p->alpns, TLS_ALPN_MAX);
    r->early_data = hello.early_data;
    if (hello.too_long)
        proto_anomaly(pf, ANOMALY_TLS_HELLO_TOO_LONG);
    if (ja3_client(&hello, &p->ja3))
        r->ja3 = ja3_record(&p->ja3);
    if (ja4_client(&hello, JA4_QUIC, p->ja4))
        r->ja4 = bytes_make(p->ja4, sizeof p->ja4);
}

static void server_fill(struct bytes body, struct parts *p, struct record_quic *r)
{
    struct tls_hello hello;
    if (!tls_hello_server(body, &hello))
        return;
    r->cipher = tls_cipher_name(hello.cipher);
    r->group = hello.selected_group ? tls_group_name(hello.selected_group) : r->group;
    r->session_resumed = hello.psk;
    if (ja3_server(&hello, &p->ja3s))
        r->ja3s = ja3_record(&p->ja3s);
}

// Tags and where their values end, counted from behind the tags; then the values.
static void google_fill(struct bytes block, struct record_quic *r)
{
    struct cursor c = cursor_make(block);
    cursor_skip(&c, 4); // "CHLO"
    uint16_t count = cursor_u16le(&c);
    cursor_skip(&c, 2);
    struct bytes values = bytes_from(cursor_rest(&c), (size_t)count * 8);
    uint32_t start = 0;
    for (unsigned i = 0; i < count && i < GOOGLE_TAGS_MAX; i++) {
        struct bytes tag = cursor_take(&c, 4);
        uint32_t end = cursor_u32le(&c);
        if (!cursor_ok(&c) || end < start || end > values.len)
            return;
        struct bytes value = bytes_sub(values, start, end - start);
        if (bytes_equal(tag, BYTES("SNI\0")) && value.len > 0)
            r->sni = value;
        else if (bytes_equal(tag, BYTES("UAID")) && value.len > 0)
            r->ua = value;
        start = end;
    }
}

static struct bytes cid_bytes(const struct quic_cid *cid)
{
    return cid->len ? bytes_make(cid->bytes, cid->len) : (struct bytes){NULL, 0};
}

static void offered_fill(const struct quic_state *s, struct parts *p, struct record_quic *r)
{
    for (size_t i = 0; i < s->offered_count; i++)
        p->offered[i] = quic_version_text(s->offered[i], p->offered_text[i]);
    r->versions_offered = p->offered;
    r->versions_offered_count = s->offered_count;
}

void quic_emit(struct proto_flow *pf, struct quic_state *s)
{
    if (s->emitted || (s->version == 0 && s->offered_count == 0))
        return;
    struct parts p;
    struct record_quic r;
    memset(&r, 0, sizeof r);
    if (s->version)
        r.version = quic_version_text(s->version, p.version);
    if (s->client_hello.data)
        client_fill(pf, s->client_hello, &p, &r);
    if (s->server_hello.data)
        server_fill(s->server_hello, &p, &r);
    if (s->google_hello.data)
        google_fill(s->google_hello, &r);
    r.client_cid = cid_bytes(&s->client_cid);
    r.server_cid = cid_bytes(&s->server_cid);
    r.early_data = r.early_data || s->early_data;
    r.retry = s->retry;
    r.hello_retry = s->hello_retry;
    offered_fill(s, &p, &r);
    if (pf->arena.exhausted)
        proto_anomaly(pf, ANOMALY_QUIC_OUT_OF_BUDGET);
    s->emitted = true;
    proto_emit(pf, RECORD_QUIC, &r, 0);
}
