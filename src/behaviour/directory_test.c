// SPDX-License-Identifier: Apache-2.0
#include "behaviour/trial.h"

static void search(struct trial *t, const char *filter)
{
    struct record_ldap ldap = {.has_request = true};
    ldap.request.has_search_request = true;
    ldap.request.search_request.filter = bytes_from_text(filter);
    struct record record = {.type = RECORD_LDAP, .body = &ldap};
    trial_record(t, &record);
}

static void change(struct trial *t, const char *operation, const char *attribute, const char *value)
{
    struct bytes values = bytes_from_text(value);
    struct record_ldap_change one = {.operation = bytes_from_text(operation),
        .modification = {.attribute_type = bytes_from_text(attribute),
            .attribute_values = &values,
            .attribute_values_count = 1}};
    struct record_ldap ldap = {.has_request = true};
    ldap.request.has_modify_request = true;
    ldap.request.modify_request.changes = &one;
    ldap.request.modify_request.changes_count = 1;
    struct record record = {.type = RECORD_LDAP, .body = &ldap};
    trial_record(t, &record);
}

// What log-ons, group policy and address books ask.
TEST(everyday_questions)
{
    struct trial t;
    trial_begin(&t);
    search(&t, "(&(DnsDomain=city.example)(Host=PC7)(NtVer=\\16\\00\\00\\20))");
    search(&t, "(&(objectClass=user)(objectCategory=person)(sAMAccountName=clerk))");
    search(&t, "(&(objectCategory=person)(objectClass=user)(mail=clerk@city.example))");
    search(&t, "(&(objectClass=computer)(dNSHostName=pc7.city.example))");
    search(&t, "(&(objectClass=group)(member=CN=Clerk,DC=city,DC=example))");
    CHECK_EQ(t.count, 0);
    trial_end(&t);
}

TEST(questions)
{
    struct trial t;
    trial_begin(&t);
    search(&t, "(&(objectCategory=group)(|(samAccountName=Domain Admins)))");
    CHECK_EQ(trial_hits(&t, "domain.enumeration", "privileged_groups"), 1);
    search(&t, "(samAccountType=805306368)");
    CHECK_EQ(trial_hits(&t, "domain.enumeration", "users"), 1);
    search(&t, "(&(samAccountType=805306368)(servicePrincipalName=*)(!(samAccountName=krbtgt)))");
    CHECK_EQ(trial_hits(&t, "domain.credentials", "service_accounts"), 1);
    search(&t, "(userAccountControl:1.2.840.113556.1.4.803:=4194304)");
    CHECK_EQ(trial_hits(&t, "domain.credentials", "no_preauthentication"), 1);
    CHECK_EQ(trial_hits(&t, "domain.enumeration", "sweep"), 1); // the fourth kind
    trial_end(&t);
}

TEST(rights)
{
    struct trial t;
    trial_begin(&t);
    struct bytes attribute = BYTES("ntsecuritydescriptor");
    struct record_ldap ldap = {.has_request = true};
    ldap.request.has_search_request = true;
    ldap.request.search_request.attributes = &attribute;
    ldap.request.search_request.attributes_count = 1;
    struct record record = {.type = RECORD_LDAP, .body = &ldap};
    ldap.request.search_request.scope = 1;
    trial_record(&t, &record); // as a console shows one folder
    CHECK_EQ(t.count, 0);
    ldap.request.search_request.scope = 2;
    trial_record(&t, &record);
    CHECK_EQ(trial_hits(&t, "domain.enumeration", "rights"), 1);
    trial_end(&t);
}

TEST(changes)
{
    struct trial t;
    trial_begin(&t);
    change(&t, "add", "servicePrincipalName", "HTTP/intranet");
    change(&t, "delete", "servicePrincipalName", "E3514235-4B06-11D1-AB04-00C04FC2DCD2/a/b");
    CHECK_EQ(t.count, 0);
    change(&t, "add", "serviceprincipalname", "e3514235-4b06-11d1-ab04-00c04fc2dcd2/a/b");
    CHECK_EQ(trial_hits(&t, "domain.credentials", "false_dc"), 1);
    change(&t, "replace", "msDS-AllowedToActOnBehalfOfOtherIdentity", "x");
    CHECK_EQ(trial_hits(&t, "domain.tampering", "delegation"), 1);
    struct record_ldap ldap = {.has_request = true};
    ldap.request.has_add_request = true;
    ldap.request.add_request.entry =
        BYTES("CN=PC7,CN=Servers,CN=Site,CN=Sites,CN=Configuration,DC=city,DC=example");
    trial_record(&t, &(struct record){.type = RECORD_LDAP, .body = &ldap});
    CHECK_EQ(trial_hits(&t, "domain.credentials", "false_dc"), 2);
    trial_end(&t);
}

TEST_MAIN(T(everyday_questions), T(questions), T(rights), T(changes))
