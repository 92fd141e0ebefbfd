// SPDX-License-Identifier: Apache-2.0
// The ntlm record of one log-on: the messages of both sides together; see ntlmssp.h.
#include "proto/ntlmssp.h"

enum { TYPES = 3 };

struct ntlm_session {
    struct arena arena; // of everything here, itself included
    struct ntlm_message message[TYPES];
    bool seen[TYPES];
    uint64_t tx_id; // of the last message
};

static struct ntlm_session *session_create(struct proto_flow *pf)
{
    struct arena arena;
    struct ntlm_session *session =
        arena_hold(&arena, pf->arena.pool, NTLM_SESSION_BYTES, sizeof *session);
    if (!session) {
        proto_anomaly(pf, ANOMALY_NTLM_OUT_OF_BUDGET);
        return NULL;
    }
    session->arena = arena;
    return session;
}

static void problems_report(struct proto_flow *pf, uint8_t problems)
{
    if (problems & NTLM_MALFORMED)
        proto_anomaly(pf, ANOMALY_NTLM_MALFORMED);
    if (problems & NTLM_CUT)
        proto_anomaly(pf, ANOMALY_NTLM_TEXT_CUT);
    if (problems & NTLM_TOO_MANY)
        proto_anomaly(pf, ANOMALY_NTLM_TOO_MANY_PAIRS);
}

static enum ntlm_type type_of(struct bytes token)
{
    uint8_t type = bytes_at(token, 8);
    return type < NTLM_NEGOTIATE || type > NTLM_AUTHENTICATE ? 0 : (enum ntlm_type)type;
}

// A message of a kind that was seen already belongs to the next log-on.
static bool begins_anew(const struct ntlm_session *session, enum ntlm_type type)
{
    for (size_t i = type; i <= TYPES; i++)
        if (session->seen[i - 1])
            return true;
    return false;
}

void ntlm_feed(
    struct ntlm_session **session, struct proto_flow *pf, uint64_t tx_id, struct bytes token)
{
    if (!ntlm_is(token))
        return;
    enum ntlm_type type = type_of(token);
    if (*session && type && begins_anew(*session, type))
        ntlm_result(session, pf, NTLM_UNKNOWN);
    if (!*session)
        *session = session_create(pf);
    struct ntlm_session *s = *session;
    struct ntlm_message m;
    if (!s)
        return;
    if (!ntlm_read(&m, token, &s->arena)) {
        proto_anomaly(pf, ANOMALY_NTLM_MALFORMED);
        return;
    }
    problems_report(pf, m.problems);
    s->message[m.type - 1] = m;
    s->seen[m.type - 1] = true;
    s->tx_id = tx_id;
}

const struct ntlm_message *ntlm_session_message(const struct ntlm_session *s, enum ntlm_type type)
{
    return s && s->seen[type - 1] ? &s->message[type - 1] : NULL;
}

static struct bytes first_of(struct bytes a, struct bytes b)
{
    return a.data ? a : b;
}

// Where the server's challenge was not seen, NTLMv2 clients repeat what it said.
static void fill_server(struct ntlm_session *s, struct record_ntlm *r)
{
    const struct ntlm_message *challenge = ntlm_session_message(s, NTLM_CHALLENGE);
    const struct ntlm_message *answer = ntlm_session_message(s, NTLM_AUTHENTICATE);
    const struct ntlm_av *av = challenge ? &challenge->av : answer ? &answer->av : NULL;
    if (challenge) {
        r->server.target_name = challenge->target_name;
        r->server.version = ntlm_version_text(&challenge->version, &s->arena);
        r->server.challenge = bytes_make(challenge->challenge, sizeof challenge->challenge);
    }
    if (!av)
        return;
    r->server.nb_computer_name = av->nb_computer;
    r->server.nb_domain_name = av->nb_domain;
    r->server.dns_computer_name = av->dns_computer;
    r->server.dns_domain_name = av->dns_domain;
    r->server.dns_tree_name = av->dns_tree;
    r->server.time = av->time_us;
}

static void fill_client(struct ntlm_session *s, struct record_ntlm *r)
{
    const struct ntlm_message *hello = ntlm_session_message(s, NTLM_NEGOTIATE);
    const struct ntlm_message *answer = ntlm_session_message(s, NTLM_AUTHENTICATE);
    if (hello) {
        r->domain = hello->domain;
        r->host = hello->workstation;
        r->version = ntlm_version_text(&hello->version, &s->arena);
    }
    if (!answer)
        return;
    r->user = answer->user;
    r->domain = first_of(answer->domain, r->domain);
    r->host = first_of(answer->workstation, r->host);
    r->version = first_of(ntlm_version_text(&answer->version, &s->arena), r->version);
    r->ntlm_version = bytes_from_text(answer->kind);
    r->target_spn = answer->av.target;
    r->channel_binding = answer->av.channel_binding;
    r->mic = answer->mic;
    r->lm_response_length = answer->lm_bytes;
    r->nt_response_length = answer->nt_bytes;
    r->has_lm_response_length = r->has_nt_response_length = true;
}

// The flags agreed on are those of the last message.
static void fill_flags(const struct ntlm_session *s, struct record_ntlm *r, uint8_t room[4])
{
    uint32_t flags = 0;
    for (size_t i = 0; i < TYPES; i++)
        if (s->seen[i] && s->message[i].flags)
            flags = s->message[i].flags;
    for (size_t i = 0; i < 4; i++)
        room[i] = (uint8_t)(flags >> (24 - 8 * i));
    if (flags)
        r->flags = bytes_make(room, 4);
    r->signing = flags & 0x10;
    r->sealing = flags & 0x20;
}

static struct bytes outcome_text(enum ntlm_outcome outcome)
{
    switch (outcome) {
    case NTLM_SUCCESS: return BYTES("success");
    case NTLM_FAILURE: return BYTES("failure");
    case NTLM_UNKNOWN: break;
    }
    return (struct bytes){NULL, 0};
}

static void session_emit(struct ntlm_session *s, struct proto_flow *pf, enum ntlm_outcome outcome)
{
    uint8_t types[TYPES], flags[4];
    struct record_ntlm r = {.carrier = bytes_from_text(pf->proto ? pf->proto->name : NULL),
        .types = types,
        .result = outcome_text(outcome)};
    for (uint8_t i = 0; i < TYPES; i++)
        if (s->seen[i])
            types[r.types_count++] = (uint8_t)(i + 1);
    if (!r.types_count)
        return;
    fill_server(s, &r);
    fill_client(s, &r);
    fill_flags(s, &r, flags);
    enum flow_side speaker = pf->speaker;
    pf->speaker = FLOW_CLIENT;
    proto_emit(pf, RECORD_NTLM, &r, s->tx_id);
    pf->speaker = speaker;
}

void ntlm_result(struct ntlm_session **session, struct proto_flow *pf, enum ntlm_outcome outcome)
{
    struct ntlm_session *s = *session;
    *session = NULL;
    if (!s)
        return;
    session_emit(s, pf, outcome);
    arena_release(&s->arena); // it holds s
}
