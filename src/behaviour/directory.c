// SPDX-License-Identifier: Apache-2.0
// What a directory (LDAP) is asked for and what is changed in it. Programs look for one account or
// their own computer; who wants all of them, the privileged ones, or those whose tickets can be
// broken, prepares something. Of filters the parts are compared that tools cannot do without
// (MS-ADTS: attributes and the bits of userAccountControl).
#include "behaviour/directory.h"
#include "behaviour/seat.h"
#include "behaviour/words.h"

static const struct question {
    const char *part, *kind;
    bool of_all; // unless the filter names one of them
} questions[] = {
    {"serviceprincipalname=*", "service_accounts", false},
    {"1.2.840.113556.1.4.803:=4194304", "no_preauthentication", false}, // DONT_REQUIRE_PREAUTH
    {"1.2.840.113556.1.4.803:=524288", "delegation", false},            // TRUSTED_FOR_DELEGATION
    {"msds-allowedtodelegateto=*", "delegation", false},
    {"ms-mcs-admpwd=*", "local_passwords", false},
    {"mslaps-password=*", "local_passwords", false},
    {"=domain admins", "privileged_groups", false},
    {"=enterprise admins", "privileged_groups", false},
    {"=schema admins", "privileged_groups", false},
    {"=administrators)", "privileged_groups", false},
    {"admincount=1", "privileged_groups", false},
    {"objectclass=trusteddomain", "trusts", false},
    {"objectclass=grouppolicycontainer", "policies", true},
    {"samaccounttype=805306368", "users", true},
    {"objectcategory=person)(objectclass=user", "users", true},
    {"objectclass=user)(objectcategory=person", "users", true},
    {"samaccounttype=805306369", "computers", true},
    {"objectclass=computer", "computers", true},
    {"objectcategory=computer", "computers", true},
    {"objectclass=group)", "groups", true},
    {"objectcategory=group)", "groups", true},
};

// Parts of filters that look for one account or object.
static const char *const names[] = {
    "name=", "(cn=", "mail=", "proxyaddresses=", "sid=", "guid=", "member", "id=", NULL};

static const struct change {
    const char *attribute, *value; // value: one of the new ones holds it; NULL: any
    const char *detector, *kind;
} changes[] = {
    // The service by which domain controllers find each other to replicate (MS-DRSR 2.2.3.2)
    {"servicePrincipalName", "E3514235-4B06-11D1-AB04-00C04FC2DCD2", "domain.credentials",
        "false_dc"},
    {"msDS-KeyCredentialLink", NULL, "domain.tampering", "key_credential"},
    {"msDS-AllowedToActOnBehalfOfOtherIdentity", NULL, "domain.tampering", "delegation"},
};

// Those that lead to passwords are told as such.
static const char *detector_of(const char *kind)
{
    static const char *const credentials[] = {
        "service_accounts", "no_preauthentication", "local_passwords", NULL};
    const char *const *at = credentials;
    while (*at && strcmp(*at, kind) != 0)
        at++;
    return *at ? "domain.credentials" : "domain.enumeration";
}

static void tell(const struct seat *seat, const struct record *record, const char *detector,
    const char *kind, struct bytes operation, struct bytes what)
{
    struct telling telling;
    telling_begin(&telling, detector, record, bytes_from_text(kind));
    telling.hit.rule = telling.hit.kind;
    telling_text(&telling, "operation", operation);
    if (what.len)
        telling_text(&telling, "what", what);
    telling_match(&telling, "ldap", what);
    telling_end(&telling, seat);
}

static bool names_one(struct bytes filter)
{
    const char *const *name = names;
    while (*name && !words_hold(filter, *name))
        name++;
    return *name != NULL;
}

// Who may do what, of the whole tree: the way to more rights is looked for
// (MS-ADTS 3.1.1.3.4.1.11).
static bool asks_rights(const struct record_ldap *ldap)
{
    if (ldap->request.search_request.scope != 2 || names_one(ldap->request.search_request.filter))
        return false;
    for (size_t i = 0; i < ldap->request.search_request.attributes_count; i++)
        if (bytes_equal_nocase(
                ldap->request.search_request.attributes[i], BYTES("nTSecurityDescriptor")))
            return true;
    return false;
}

const char *directory_kind(const struct record_ldap *ldap)
{
    struct bytes filter = ldap->request.search_request.filter;
    for (size_t i = 0; ldap->has_request && i < sizeof questions / sizeof *questions; i++)
        if (words_hold(filter, questions[i].part) && !(questions[i].of_all && names_one(filter)))
            return questions[i].kind;
    return ldap->has_request && asks_rights(ldap) ? "rights" : NULL;
}

static void see_search(const struct seat *seat, const struct record *record)
{
    const struct record_ldap *ldap = record->body;
    const char *kind = directory_kind(ldap);
    if (kind)
        tell(seat, record, detector_of(kind), kind, BYTES("LDAP search"),
            ldap->request.search_request.filter);
}

static bool is_new_value(const struct record_ldap_change *change, const char *value)
{
    if (bytes_equal(change->operation, BYTES("delete")))
        return false;
    for (size_t i = 0; value && i < change->modification.attribute_values_count; i++)
        if (words_hold(change->modification.attribute_values[i], value))
            return true;
    return value == NULL;
}

static void see_change(const struct seat *seat, const struct record *record,
    const struct record_ldap_change *change, struct bytes object)
{
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++)
        if (bytes_equal_nocase(
                change->modification.attribute_type, bytes_from_text(changes[i].attribute)) &&
            is_new_value(change, changes[i].value))
            tell(seat, record, changes[i].detector, changes[i].kind,
                change->modification.attribute_type, object);
}

// A server below a site in the configuration: what is replicated with.
static bool is_new_dc(struct bytes entry)
{
    return words_hold(entry, ",cn=servers,") && words_hold(entry, ",cn=configuration,");
}

static void record(const struct seat *seat, const struct record *record)
{
    const struct record_ldap *ldap = record->body;
    const struct record_ldap_request *request = &ldap->request;
    if (!ldap->has_request)
        return;
    if (request->has_search_request)
        see_search(seat, record);
    for (size_t i = 0; request->has_modify_request && i < request->modify_request.changes_count;
         i++)
        see_change(
            seat, record, &request->modify_request.changes[i], request->modify_request.object);
    if (request->has_add_request && is_new_dc(request->add_request.entry))
        tell(seat, record, "domain.credentials", "false_dc", BYTES("LDAP add"),
            request->add_request.entry);
}

const struct look directory_look = {
    .types = (const enum record_type[]){RECORD_LDAP, RECORD_NONE},
    .record = record,
};
