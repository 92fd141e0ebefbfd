// SPDX-License-Identifier: Apache-2.0
// Bait: addresses and accounts nobody has a reason to use. Whoever touches one is looking around.
// Accounts are known where records of log-ons name them (logon.def).
#include "behaviour/logon.h"
#include "behaviour/seat.h"

static void tell(
    const struct seat *seat, const struct record *record, const char *kind, struct bytes what)
{
    struct telling telling;
    telling_begin(&telling, "trap.honeytoken", record, bytes_from_text(kind));
    telling.hit.rule = telling.hit.kind;
    telling_text(&telling, "bait", what);
    telling_end(&telling, seat);
}

static bool is_bait_host(const struct config *config, const struct addr *addr)
{
    for (size_t i = 0; i < config->behaviours.honeytoken.hosts_count; i++)
        if (addr_range_has(&config->behaviours.honeytoken.hosts[i], addr))
            return true;
    return false;
}

// Of DOMAIN\name, name@domain and name/REALM the name.
static struct bytes bare(struct bytes account)
{
    size_t at = bytes_find_byte(account, '\\');
    if (at != BYTES_NOT_FOUND)
        account = bytes_from(account, at + 1);
    account = bytes_sub(account, 0, bytes_find_byte(account, '@'));
    return bytes_sub(account, 0, bytes_find_byte(account, '/'));
}

static bool is_bait_account(const struct config *config, struct bytes account)
{
    for (size_t i = 0; i < config->behaviours.honeytoken.accounts_count; i++)
        if (bytes_equal_nocase(
                bytes_from_text(config->behaviours.honeytoken.accounts[i]), bare(account)))
            return true;
    return false;
}

static void record(const struct seat *seat, const struct record *record)
{
    struct logon_attempt attempt;
    if (seat->config->behaviours.honeytoken.hosts_count && record->type == RECORD_FLOW &&
        is_bait_host(seat->config, &record->head.dest_ip))
        tell(seat, record, "host", (struct bytes){NULL, 0});
    if (seat->config->behaviours.honeytoken.accounts_count && logon_read(record, &attempt) &&
        attempt.account.len && is_bait_account(seat->config, attempt.account))
        tell(seat, record, "account", attempt.account);
}

const struct look honeytoken_look = {
    .types = logon_types,
    .record = record,
};
