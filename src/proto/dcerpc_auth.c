// SPDX-License-Identifier: Apache-2.0
// Who is at the ends of a DCE/RPC association (MS-RPCE section 2.2.2.11): NTLM and SPNEGO tokens go
// to gss.h, which writes the ntlm record; netlogon's secure channel names domain and machine
// (MS-NRPC section 2.2.1.3.1). The first answered call says that the log-on was good.
#include "proto/dcerpc_call.h"

enum {
    TYPE_SPNEGO = 9,
    TYPE_NTLM = 10,
    TYPE_KERBEROS = 16,
    TYPE_NETLOGON = 68,
    NAME_BYTES = 256,
    ACCESS_DENIED = 5, // by a wrong password, or with the right one: it does not tell
    SEC_PKG_ERROR = 0x721,
    PROTO_ERROR = 0x1c01'000b,
};

static struct bytes keep(struct dcerpc *rpc, struct bytes text)
{
    return text.len ? arena_copy(&rpc->arena, bytes_sub(text, 0, NAME_BYTES)) : text;
}

static void read_token(struct dcerpc *rpc, struct proto_flow *pf, struct bytes token)
{
    struct gss_token gss;
    if (!gss_feed(&rpc->ntlm, pf, pf->tx_count, token, &gss))
        return;
    if (gss.mech != GSS_MECH_OTHER && gss.mech != GSS_MECH_SPNEGO)
        rpc->mechanism = gss_mech_name(gss.mech);
    if (gss.state == GSS_REJECT)
        ntlm_result(&rpc->ntlm, pf, NTLM_FAILURE);
    const struct ntlm_message *m =
        rpc->ntlm ? ntlm_session_message(rpc->ntlm, NTLM_AUTHENTICATE) : NULL;
    if (!m || gss.kind != GSS_NTLM)
        return;
    rpc->user = keep(rpc, m->user);
    rpc->domain = keep(rpc, m->domain);
    rpc->host = keep(rpc, m->workstation);
}

static void read_netlogon(struct dcerpc *rpc, struct bytes token)
{
    enum { NEGOTIATE = 0, HAS_DOMAIN = 1, HAS_COMPUTER = 2 };
    struct cursor in = cursor_make(token);
    uint32_t type = cursor_u32le(&in);
    uint32_t flags = cursor_u32le(&in);
    if (!cursor_ok(&in) || type != NEGOTIATE)
        return;
    struct bytes *names[] = {&rpc->domain, &rpc->host};
    static const uint32_t bits[] = {HAS_DOMAIN, HAS_COMPUTER};
    for (size_t i = 0; i < 2; i++) {
        struct bytes rest = cursor_rest(&in);
        size_t zero = bytes_find_byte(rest, 0);
        if (!(flags & bits[i]) || zero == BYTES_NOT_FOUND)
            continue;
        *names[i] = keep(rpc, bytes_sub(rest, 0, zero));
        cursor_skip(&in, zero + 1);
    }
}

void dcerpc_auth(struct dcerpc *rpc, struct proto_flow *pf, const struct dcerpc_pdu *pdu)
{
    if (pdu->auth.len == 0)
        return;
    switch (pdu->auth_type) {
    case TYPE_SPNEGO:
    case TYPE_NTLM:
    case TYPE_KERBEROS: read_token(rpc, pf, pdu->auth); break;
    case TYPE_NETLOGON: read_netlogon(rpc, pdu->auth); break;
    default: break;
    }
}

void dcerpc_auth_result(struct dcerpc *rpc, struct proto_flow *pf, const struct dcerpc_call *call)
{
    if (!rpc->ntlm)
        return;
    uint8_t type = call->half[FLOW_SERVER].type;
    bool wrong = call->status == SEC_PKG_ERROR || call->status == PROTO_ERROR;
    if (type == DCERPC_BINDNAK || (type == DCERPC_FAULT && wrong))
        ntlm_result(&rpc->ntlm, pf, NTLM_FAILURE);
    else if (!ntlm_session_message(rpc->ntlm, NTLM_AUTHENTICATE))
        return;
    else if (type == DCERPC_FAULT && call->status == ACCESS_DENIED)
        ntlm_result(&rpc->ntlm, pf, NTLM_UNKNOWN);
    else
        ntlm_result(&rpc->ntlm, pf, NTLM_SUCCESS);
}
