// SPDX-License-Identifier: Apache-2.0
// Hooks: at which state of a packet's way or of a transaction's side a rule is tested. Every
// protocol has request_started, request_complete and their counterparts; some have more between.
#include "rules/parse.h"

struct hooks {
    const char *app;
    const char *request[HOOK_STEPS], *response[HOOK_STEPS]; // in the order they are reached
};

static const struct hooks hooks[] = {
    {"http1",
        {"request_started", "request_line", "request_headers", "request_body", "request_trailer",
            "request_complete"},
        {"response_started", "response_line", "response_headers", "response_body",
            "response_trailer", "response_complete"}},
    {"smtp", {"request_started", "request_data", "request_complete"},
        {"response_started", "response_data", "response_complete"}},
    {"ssh",
        {"request_started", "request_in_progress", "request_banner_wait_eol", "request_banner_done",
            "request_finished", "request_complete"},
        {"response_started", "response_in_progress", "response_banner_wait_eol",
            "response_banner_done", "response_finished", "response_complete"}},
    {"tls",
        {"client_in_progress", "client_hello_done", "client_cert_done", "client_handshake_done",
            "client_finished"},
        {"server_in_progress", "server_hello", "server_cert_done", "server_hello_done",
            "server_handshake_done", "server_finished"}},
};

static const struct hooks every = {
    NULL, {"request_started", "request_complete"}, {"response_started", "response_complete"}};

static bool find_step(const char *const *names, struct bytes name, uint8_t *step)
{
    for (uint8_t i = 0; i < HOOK_STEPS && names[i]; i++)
        if (bytes_equal(name, bytes_from_text(names[i]))) {
            *step = i;
            return true;
        }
    return false;
}

bool parse_packet_hook(struct draft *draft, struct bytes name)
{
    struct rule_hook *hook = &draft->header.hook;
    hook->name = name;
    if (!name.data)
        return true;
    hook->at = HOOK_PACKET;
    if (bytes_equal(name, BYTES("flow_start")))
        draft->rule.flow |= RULE_FLOW_FIRST;
    else if (bytes_equal(name, BYTES("pre_flow")))
        hook->at = HOOK_PRE_FLOW;
    else if (bytes_equal(name, BYTES("pre_stream")))
        hook->at = HOOK_PRE_STREAM;
    else if (!bytes_equal(name, BYTES("all")))
        return draft_fail_at(draft, name, "packets have no such hook");
    return true;
}

// "<request_complete": the states before it need no rule of their own.
bool parse_app_hook(struct draft *draft, struct bytes app, struct bytes name)
{
    struct rule_hook *hook = &draft->header.hook;
    const struct hooks *known = &every;
    hook->name = name;
    if (!name.data)
        return true;
    for (size_t i = 0; i < sizeof hooks / sizeof *hooks; i++)
        if (bytes_equal(app, bytes_from_text(hooks[i].app)))
            known = &hooks[i];
    struct bytes state = bytes_from(name, bytes_start_with(name, BYTES("<")));
    hook->at = HOOK_REQUEST;
    if (find_step(known->request, state, &hook->step))
        return true;
    hook->at = HOOK_RESPONSE;
    if (find_step(known->response, state, &hook->step))
        return true;
    return draft_fail_at(draft, name, "the protocol has no such hook");
}
