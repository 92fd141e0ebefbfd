// SPDX-License-Identifier: Apache-2.0
// IKE over UDP: version 1 (RFC 2408 section 3, RFC 2409) and 2 (RFC 7296 section 3), on port 4500
// behind the marker that tells it from ESP (RFC 3948 section 2.2). One ike record a message, as
// EVE's, with what both sides proposed and chose. What is encrypted is not read. ESP in UDP after
// it is only counted. Limits: IKE_PAYLOADS_MAX, IKE_TRANSFORMS_MAX, IKE_VENDORS_MAX; keys and
// nonces of version 1 are kept up to IKE_KEEP_BYTES.
#include "proto/ike.h"
#include "proto/text_out.h"

enum {
    IKE_HEADER_BYTES = 28,
    IKE_KEEP_BYTES = 1024,
    IKE_MESSAGE_BUDGET = 256 * 1024,
    IKE_V1_ENCRYPTED = 1, // flags
    IKE_V2_INITIATOR = 8,
    NATT_PORT = 4500,
    PAYLOAD_SKF = 53, // the last one known
};

struct ike_peer_kept {
    struct bytes key_exchange, nonce; // in the flow's arena
};

struct ike_state {
    struct ike_peer_kept peers[2]; // initiator, responder
    struct record_ike_proposal chosen;
    struct record_ike_attribute attributes[IKE_ATTRIBUTES_MAX];
    size_t attribute_count;
    uint32_t doi;
    bool has_doi, has_chosen;
    uint64_t init_spi;
};

struct ike_header {
    uint64_t init_spi, resp_spi;
    uint8_t next, version, exchange, flags;
    uint32_t id, length;
};

static bool header_read(struct cursor *in, struct ike_header *h)
{
    h->init_spi = cursor_u64(in);
    h->resp_spi = cursor_u64(in);
    h->next = cursor_u8(in);
    h->version = cursor_u8(in);
    h->exchange = cursor_u8(in);
    h->flags = cursor_u8(in);
    h->id = cursor_u32(in);
    h->length = cursor_u32(in);
    uint8_t major = h->version >> 4;
    bool exchange = major == 1 ? h->exchange <= 6 || h->exchange == 32 || h->exchange == 33
                               : h->exchange >= 34 && h->exchange <= 44;
    return cursor_ok(in) && h->init_spi != 0 && (major == 1 || major == 2) &&
           (h->version & 15) == 0 && exchange && h->next <= PAYLOAD_SKF &&
           h->length >= IKE_HEADER_BYTES;
}

static bool has_marker(struct bytes data)
{
    struct cursor in = cursor_make(data);
    return cursor_u32(&in) == 0 && cursor_ok(&in) && data.len >= IKE_HEADER_BYTES + 4;
}

static bool is_keepalive(struct bytes data)
{
    return data.len == 1 && data.data[0] == 0xff;
}

static enum proto_probe ike_probe(const struct proto_first *first)
{
    struct ike_header h;
    if (first->data.len < IKE_HEADER_BYTES)
        return PROBE_NO;
    bool marker = has_marker(first->data);
    struct cursor in = cursor_make(bytes_from(first->data, marker ? 4 : 0));
    size_t size = cursor_left(&in);
    if (!header_read(&in, &h) || h.length != size)
        return PROBE_NO;
    if (h.version >> 4 == 1 && h.resp_spi != 0) // the answer to a proposal has one, too
        return h.next == 1 && h.id == 0 ? PROBE_SERVER : PROBE_EITHER;
    if (h.version >> 4 == 1)
        return PROBE_CLIENT;
    return h.resp_spi == 0 && (h.flags & IKE_V2_INITIATOR) ? PROBE_CLIENT : PROBE_EITHER;
}

static struct bytes spi_text(struct ike_message *m, uint64_t spi)
{
    uint8_t raw[8];
    for (size_t i = 0; i < 8; i++)
        raw[i] = (uint8_t)(spi >> (56 - 8 * i));
    return ike_hex(m, bytes_make(raw, sizeof raw));
}

static struct bytes exchange_verbose(uint8_t exchange)
{
    static const char *const names[] = {[1] = "Base",
        [2] = "Identity Protection",
        [3] = "Authentication Only",
        [4] = "Aggressive",
        [5] = "Informational",
        [6] = "Transaction (Config Mode)",
        [32] = "Quick Mode",
        [33] = "New Group Mode"};
    return bytes_from_text(exchange < sizeof names / sizeof *names ? names[exchange] : NULL);
}

static void fill_header(struct ike_message *m, const struct ike_header *h)
{
    struct record_ike *r = &m->record;
    char buffer[8];
    struct text_out version = TEXT_OUT(buffer);
    r->layout = 2;
    r->version_major = h->version >> 4;
    r->version_minor = h->version & 15;
    text_out_u64(&version, r->version_major);
    text_out_char(&version, '.');
    text_out_u64(&version, r->version_minor);
    r->version = text_out_keep(&version, m->arena);
    r->init_spi = spi_text(m, h->init_spi);
    r->resp_spi = spi_text(m, h->resp_spi);
    r->message_id = h->id;
    r->exchange_type = h->exchange;
    r->exchange = bytes_from_text(ike_short_exchange(r->version_major, h->exchange));
}

// What the responder chose is kept for the records after it.
static void keep_choice(struct proto_flow *pf, const struct ike_message *m, bool responder)
{
    struct ike_state *state = pf->state;
    if (!responder || m->transform_count == 0)
        return;
    state->has_chosen = true;
    state->chosen = (struct record_ike_proposal){0};
    for (size_t i = 0; i < (m->record.version_major == 1 ? 1 : m->transform_count); i++) {
        const struct record_ike_proposal *t = &m->transforms[i];
        struct record_ike_proposal *to = &state->chosen;
        if (m->record.version_major == 1)
            *to = *t;
        else if (t->alg_enc.data)
            to->alg_enc = t->alg_enc, to->has_sa_key_length_raw = t->has_sa_key_length_raw,
            to->sa_key_length_raw = t->sa_key_length_raw;
        else if (t->alg_auth.data)
            to->alg_auth = t->alg_auth;
        else if (t->alg_dh.data)
            to->alg_dh = t->alg_dh;
        else if (t->alg_prf.data)
            to->alg_prf = t->alg_prf;
        else if (t->alg_esn.data)
            to->alg_esn = t->alg_esn;
    }
    memcpy(state->attributes, m->attributes, sizeof state->attributes);
    state->attribute_count = m->attribute_count;
    if (m->weak)
        proto_anomaly(pf, ANOMALY_IKE_WEAK_CRYPTO);
}

static void tell_weakness(struct proto_flow *pf, const struct ike_message *m)
{
    static const struct {
        enum ike_weak what;
        enum anomaly anomaly;
    } each[] = {
        {IKE_WEAK_ENCRYPTION, ANOMALY_IKE_WEAK_CRYPTO_ENC},
        {IKE_WEAK_PRF, ANOMALY_IKE_WEAK_CRYPTO_PRF},
        {IKE_WEAK_INTEGRITY, ANOMALY_IKE_WEAK_CRYPTO_AUTH},
        {IKE_WEAK_GROUP, ANOMALY_IKE_WEAK_CRYPTO_DH},
        {IKE_NO_ENCRYPTION, ANOMALY_IKE_NO_ENCRYPTION},
    };
    for (size_t i = 0; i < sizeof each / sizeof *each; i++)
        if (m->weak & each[i].what)
            proto_anomaly(pf, each[i].anomaly);
}

static void fill_choice(const struct ike_state *state, struct record_ike *r)
{
    const struct record_ike_proposal *c = &state->chosen;
    if (!state->has_chosen)
        return;
    r->alg_enc = c->alg_enc, r->has_alg_enc_raw = c->has_alg_enc_raw;
    r->alg_enc_raw = c->alg_enc_raw;
    r->alg_hash = c->alg_hash, r->has_alg_hash_raw = c->has_alg_hash_raw;
    r->alg_hash_raw = c->alg_hash_raw;
    r->alg_auth = c->alg_auth, r->has_alg_auth_raw = c->has_alg_auth_raw;
    r->alg_auth_raw = c->alg_auth_raw;
    r->alg_dh = c->alg_dh, r->has_alg_dh_raw = c->has_alg_dh_raw;
    r->alg_dh_raw = c->alg_dh_raw;
    r->alg_prf = c->alg_prf;
    r->alg_esn = c->alg_esn;
    r->sa_key_length = c->sa_key_length, r->has_sa_key_length_raw = c->has_sa_key_length_raw;
    r->sa_key_length_raw = c->sa_key_length_raw;
    r->sa_life_type = c->sa_life_type, r->has_sa_life_type_raw = c->has_sa_life_type_raw;
    r->sa_life_type_raw = c->sa_life_type_raw;
    r->sa_life_duration = c->sa_life_duration;
    r->has_sa_life_duration_raw = c->has_sa_life_duration_raw;
    r->sa_life_duration_raw = c->sa_life_duration_raw;
    r->attributes = state->attributes;
    r->attributes_count = r->version_major == 1 ? state->attribute_count : 0;
}

static void keep_bytes(struct proto_flow *pf, struct bytes *to, struct bytes from)
{
    if (from.len > 0 && !bytes_equal(*to, bytes_sub(from, 0, IKE_KEEP_BYTES)))
        *to = arena_copy(&pf->arena, bytes_sub(from, 0, IKE_KEEP_BYTES));
}

static void fill_peer(const struct ike_peer_kept *kept, struct record_ike_peer *peer)
{
    peer->key_exchange_payload = kept->key_exchange;
    peer->has_key_exchange_payload_length = kept->key_exchange.len > 0;
    peer->key_exchange_payload_length = (uint32_t)kept->key_exchange.len;
    peer->nonce_payload = kept->nonce;
    peer->has_nonce_payload_length = kept->nonce.len > 0;
    peer->nonce_payload_length = (uint32_t)kept->nonce.len;
}

static void fill_v1(
    struct proto_flow *pf, struct ike_message *m, const struct ike_header *h, bool responder)
{
    struct ike_state *state = pf->state;
    struct record_ike *r = &m->record;
    bool encrypted = h->flags & IKE_V1_ENCRYPTED;
    keep_bytes(pf, &state->peers[responder].key_exchange, m->key_exchange);
    keep_bytes(pf, &state->peers[responder].nonce, m->nonce);
    state->has_doi |= m->has_doi;
    state->doi = m->has_doi ? m->doi : state->doi;
    r->exchange_type_verbose = exchange_verbose(h->exchange);
    r->has_ikev1 = true;
    r->ikev1.encrypted_payloads = encrypted;
    r->ikev1.has_doi = state->has_doi;
    r->ikev1.doi = state->doi;
    if (encrypted)
        return;
    fill_peer(&state->peers[0], &r->ikev1.client);
    fill_peer(&state->peers[1], &r->ikev1.server);
    r->ikev1.vendor_ids = m->vendor_hex;
    r->ikev1.vendor_ids_count = m->vendor_count;
    if (!responder) {
        r->ikev1.client.proposals = m->transforms;
        r->ikev1.client.proposals_count = m->transform_count;
    } else if (m->transform_count > 1) {
        r->server_proposals = m->transforms;
        r->server_proposals_count = m->transform_count;
    }
}

static void fill_lists(struct ike_message *m)
{
    struct record_ike *r = &m->record;
    r->payload = m->payloads, r->payload_count = m->payload_count;
    r->vendors = m->vendors, r->vendors_count = m->vendor_count;
    r->encryption = m->encryption.list, r->encryption_count = m->encryption.count;
    r->hash = m->hash.list, r->hash_count = m->hash.count;
    r->dh_group = m->dh_group.list, r->dh_group_count = m->dh_group.count;
    r->auth_method = m->auth_method.list, r->auth_method_count = m->auth_method.count;
}

static void fill_v2(struct ike_message *m, const struct ike_header *h)
{
    struct record_ike *r = &m->record;
    r->role = h->flags & IKE_V2_INITIATOR ? BYTES("initiator") : BYTES("responder");
    r->has_ikev2 = true;
    r->ikev2.notify = m->notifies, r->ikev2.notify_count = m->notify_count;
    r->proposals = m->transforms, r->proposals_count = m->transform_count;
}

static bool has_payload(const struct ike_message *m, struct bytes name)
{
    for (size_t i = 0; i < m->payload_count; i++)
        if (bytes_equal(m->payloads[i], name))
            return true;
    return false;
}

// What this message brought, not what came before it.
static void show_payloads(struct proto_flow *pf, enum flow_side side, const struct ike_message *m)
{
    const struct record_ike *r = &m->record;
    const struct record_ike_peer *peer = side == FLOW_CLIENT ? &r->ikev1.client : &r->ikev1.server;
    if (!pf->watch || !r->has_ikev1)
        return;
    if (has_payload(m, BYTES("KeyExchange")))
        proto_show(
            pf, BUFFER_IKE_KEY_EXCHANGE_PAYLOAD, side, PROTO_TX_NEXT, peer->key_exchange_payload);
    if (has_payload(m, BYTES("Nonce")))
        proto_show(pf, BUFFER_IKE_NONCE_PAYLOAD, side, PROTO_TX_NEXT, peer->nonce_payload);
}

static void message(struct proto_flow *pf, enum flow_side side, struct ike_message *m,
    const struct ike_header *h, struct cursor *in)
{
    struct ike_state *state = pf->state;
    bool v1 = h->version >> 4 == 1;
    bool responder = v1 ? side == FLOW_SERVER : !(h->flags & IKE_V2_INITIATOR);
    if (state->init_spi && state->init_spi != h->init_spi)
        *state = (struct ike_state){.init_spi = h->init_spi};
    state->init_spi = h->init_spi;
    fill_header(m, h);
    if (!v1)
        ike_v2_read(m, in, h->next);
    else if (!(h->flags & IKE_V1_ENCRYPTED))
        ike_v1_read(m, in, h->next);
    keep_choice(pf, m, responder);
    tell_weakness(pf, m);
    fill_lists(m);
    if (v1)
        fill_v1(pf, m, h, responder);
    else
        fill_v2(m, h);
    if (v1 || responder)
        fill_choice(state, &m->record);
    if (m->malformed)
        proto_anomaly(pf, ANOMALY_IKE_MALFORMED);
    if (m->too_many)
        proto_anomaly(pf, ANOMALY_IKE_TOO_MANY_PAYLOADS);
    pf->speaker = side;
    show_payloads(pf, side, m);
    proto_emit(pf, RECORD_IKE, &m->record, pf->tx_count++);
}

static enum proto_verdict ike_parse(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct ike_header h;
    struct arena arena;
    struct bytes rest = cursor_rest(in);
    bool marker = has_marker(rest);
    bool natt = marker || flow_port(pf->flow, FLOW_CLIENT) == NATT_PORT ||
                flow_port(pf->flow, FLOW_SERVER) == NATT_PORT;
    if (is_keepalive(rest) || (natt && !marker))
        return PROTO_MORE; // ESP in UDP
    cursor_skip(in, marker ? 4 : 0);
    size_t size = cursor_left(in);
    if (!header_read(in, &h) || h.length > size) {
        proto_anomaly(pf, ANOMALY_IKE_MALFORMED);
        return PROTO_MORE;
    }
    arena_init(&arena, pf->arena.pool, IKE_MESSAGE_BUDGET);
    struct ike_message *m = arena_zalloc(&arena, sizeof *m);
    if (m) {
        m->arena = &arena;
        m->record.nat_traversal = marker;
        message(pf, side, m, &h, in);
    }
    arena_reset(&arena);
    return PROTO_MORE;
}

const struct proto proto_ike = {
    .name = "ike",
    .carriers = OVER_UDP,
    .state_bytes = sizeof(struct ike_state),
    .budget_bytes = 64 * 1024,
    .probe = ike_probe,
    .parse = ike_parse,
};
