// SPDX-License-Identifier: Apache-2.0
// What only shows when the whole rule was read: parts that are missing or exclude each other.
#include "rules/keywords.h"

enum { PRIORITY_DEFAULT = 3 };

// The bytes a group's contents need at least, going from one to the next.
static bool fits(struct draft *draft, size_t group, int64_t most, const char *what)
{
    int64_t end = 0;
    for (size_t i = 0; i < draft->tests_count; i++) {
        const struct draft_test *t = &draft->tests[i];
        const struct rule_content *c = &t->test.is.content;
        if (t->group != group)
            continue;
        if (t->test.kind != TEST_CONTENT) {
            end = INT64_MIN / 2; // where a relative one goes on is not known
            continue;
        }
        if (c->negated)
            continue;
        if (c->relative)
            end += c->has_distance && !c->distance.var ? c->distance.number : 0;
        else
            end = c->has_offset && !c->offset.var ? c->offset.number : 0;
        end += (int64_t)c->pattern.len;
        if (c->distance.var)
            end = INT64_MIN / 2;
        if (end > most || (int64_t)c->pattern.len > most)
            return draft_fail_at(draft, t->keyword, what);
    }
    return true;
}

static bool check_sizes(struct draft *draft)
{
    for (size_t i = 0; i < draft->tests_count; i++) {
        const struct draft_test *t = &draft->tests[i];
        if (t->test.kind == TEST_BSIZE && !draft->groups[t->group].transforms_count &&
            !fits(draft, t->group, rule_number_most(&t->test.is.number),
                "needs more bytes than bsize or urilen allows: it can never match"))
            return false;
    }
    for (size_t i = 0; i < draft->conditions_count; i++) {
        const struct rule_condition *c = &draft->conditions[i];
        for (size_t g = 0; c->on == RULE_ON_dsize && g < draft->groups_count; g++)
            if (draft->groups[g].buffer == BUFFER_PAYLOAD &&
                !fits(draft, g, rule_number_most(&c->is.number.number),
                    "needs more bytes than dsize allows: it can never match"))
                return false;
    }
    return true;
}

static bool has_tests(const struct draft *draft, size_t group)
{
    for (size_t i = 0; i < draft->tests_count; i++)
        if (draft->tests[i].group == group)
            return true;
    return false;
}

static bool check_groups(struct draft *draft)
{
    for (size_t i = 0; i < draft->groups_count; i++) {
        const struct draft_group *g = &draft->groups[i];
        bool tests = has_tests(draft, i);
        bool modified = g->buffer == BUFFER_PAYLOAD; // its contents may all have been moved away
        if (!tests && !g->absent && !modified)
            return draft_fail_at(draft, g->keyword, "nothing asks for these bytes");
        if (g->absent && !g->absent_or_else && tests)
            return draft_fail_at(draft, g->keyword,
                "a buffer that is absent has no bytes to ask for; or_else is meant");
        if (g->absent_or_else && !tests)
            return draft_fail_at(draft, g->keyword, "absent: or_else needs something else");
    }
    return true;
}

#define APP(name) (UINT64_C(1) << RULE_APP_##name)

static bool wants_files(const struct draft *draft)
{
    for (size_t i = 0; i < draft->groups_count; i++)
        if (rule_buffer_infos[draft->groups[i].buffer].source == BUFFER_OF_FILE &&
            draft->groups[i].buffer != BUFFER_FILE_DATA)
            return true;
    for (size_t i = 0; i < draft->conditions_count; i++)
        if (draft->conditions[i].on == RULE_ON_filesize ||
            draft->conditions[i].on == RULE_ON_file_hash)
            return true;
    return draft->filestore.asked;
}

static bool check_files(struct draft *draft)
{
    uint64_t with_files = APP(http1) | APP(http2) | APP(smtp) | APP(ftp) | APP(ftp_data) |
                          APP(smb) | APP(dcerpc) | APP(nfs) | APP(pop3) | APP(imap) | APP(tftp);
    if (!wants_files(draft))
        return true;
    if (draft->header.apps && !(draft->header.apps & with_files))
        return draft_fail(draft, "the rule's protocol carries no files");
    return true;
}

static bool check_once(struct draft *draft, enum rule_on on, const char *what)
{
    size_t count = 0;
    for (size_t i = 0; i < draft->conditions_count; i++)
        count += draft->conditions[i].on == on;
    return count < 2 || draft_fail(draft, what);
}

// Transports of applications: one that the header's transport never carries is a mistake.
static bool check_transport(struct draft *draft)
{
    if (draft->header.layer & (RULE_ARP | RULE_PKTHDR | RULE_ETHER) && draft->header.apps)
        return draft_fail(draft, "packets without a flow have no application");
    if (draft->filter.unique_on && !draft->header.apps) {
        const uint8_t *p = draft->header.protocols;
        bool ports = p && ((p[0] & 1 << 6) || (p[2] & 1 << 1) || (p[16] & 1 << 4));
        if (!ports)
            return draft_fail(draft, "unique_on needs a protocol with ports");
    }
    return true;
}

// Never both: a bit that has to be set and not set.
static void warn_bits(struct draft *draft)
{
    for (size_t i = 0; i < draft->conditions_count; i++) {
        const struct rule_condition *a = &draft->conditions[i];
        for (size_t k = 0; a->on == RULE_ON_flowbits && k < draft->conditions_count; k++) {
            const struct rule_condition *b = &draft->conditions[k];
            if (b->on == RULE_ON_flowbits && a->is.bits.command == BIT_ISSET &&
                b->is.bits.command == BIT_ISNOTSET && a->is.bits.names_count == 1 &&
                b->is.bits.names_count == 1 && a->is.bits.names[0] == b->is.bits.names[0])
                draft_warn(draft, "flowbits: one bit has to be set and not set: it never matches");
        }
    }
}

static bool fail_whole(struct draft *draft, const char *what)
{
    return draft_fail_at(draft, (struct bytes){0}, what);
}

bool draft_check(struct draft *draft)
{
    struct rule *rule = &draft->rule;
    if (rule->sid == 0)
        return fail_whole(draft, "the rule has no sid");
    if (!draft->has_gid)
        rule->gid = 1;
    if (rule->priority == 0 || !draft->has_priority)
        rule->priority = draft->has_classtype ? draft->class_priority : PRIORITY_DEFAULT;
    if (rule->action == RULE_PASS || rule->action == RULE_CONFIG || rule->action == RULE_ACCEPT)
        rule->noalert = true;
    rule->noalert = rule->noalert && !rule->alert;
    draft->blame = (struct bytes){0};
    if (!check_groups(draft) || !check_sizes(draft) || !check_files(draft) ||
        !check_transport(draft) ||
        !check_once(draft, RULE_ON_smb_version, "smb.version stands twice"))
        return false;
    if (draft->loader->options->for_check)
        warn_bits(draft);
    return true;
}
