// SPDX-License-Identifier: Apache-2.0
// Passwords that cross the network in clear text, where everybody on the way can read them. Only
// log-ons that carry the password itself: challenges and digests don't, anonymous users have none.
// Ports of services that are wrapped in TLS are left out: there the text was only opened for us.
#include "behaviour/seat.h"

static bool is_wrapped(uint16_t port)
{
    static const uint16_t ports[] = {
        443, 465, 563, 636, 853, 989, 990, 992, 993, 994, 995, 3269, 5061, 6679, 6697, 8443};
    for (size_t i = 0; i < sizeof ports / sizeof *ports; i++)
        if (ports[i] == port)
            return true;
    return false;
}

// Mechanisms of SASL that send the password.
static bool is_plain(struct bytes mechanism)
{
    return bytes_equal_nocase(mechanism, BYTES("PLAIN")) ||
           bytes_equal_nocase(mechanism, BYTES("LOGIN"));
}

static bool is_anybody(struct bytes user)
{
    return bytes_equal_nocase(user, BYTES("anonymous")) || bytes_equal_nocase(user, BYTES("ftp"));
}

struct log_on {
    const char *service; // NULL: none
    struct bytes user;
};

static struct log_on of_pop3(const struct record_pop3 *pop3)
{
    bool plain = pop3->request.args_count && is_plain(pop3->request.args[0]);
    bool pass = bytes_equal(pop3->request.command, BYTES("PASS"));
    return (struct log_on){pop3->password_given && (pass || plain) ? "POP3" : NULL, pop3->user};
}

static struct log_on of_imap(const struct record_imap *imap)
{
    bool login = bytes_equal(imap->command, BYTES("LOGIN"));
    bool given = imap->password_given && (login || is_plain(imap->mechanism));
    return (struct log_on){given ? "IMAP" : NULL, imap->user};
}

static struct log_on of_ftp(const struct record_ftp *ftp)
{
    bool given = bytes_equal(ftp->command, BYTES("PASS")) && ftp->password_given;
    return (struct log_on){given && !is_anybody(ftp->user) ? "FTP" : NULL, ftp->user};
}

static struct log_on log_on_of(const struct record *record)
{
    const struct record_telnet *telnet = record->body;
    const struct record_smtp *smtp = record->body;
    const struct record_http *http = record->body;
    const struct record_socks *socks = record->body;
    const struct record_ldap *ldap = record->body;
    switch (record->type) {
    case RECORD_FTP: return of_ftp(record->body);
    case RECORD_POP3: return of_pop3(record->body);
    case RECORD_IMAP: return of_imap(record->body);
    case RECORD_TELNET:
        return (struct log_on){telnet->password_given ? "Telnet" : NULL, telnet->user};
    case RECORD_SMTP:
        return (struct log_on){is_plain(smtp->auth.mechanism) ? "SMTP" : NULL, smtp->auth.user};
    case RECORD_HTTP: {
        bool basic = bytes_equal_nocase(http->auth_scheme, BYTES("Basic"));
        return (struct log_on){basic && http->auth_user.len ? "HTTP" : NULL, http->auth_user};
    }
    case RECORD_SOCKS: return (struct log_on){socks->password_given ? "SOCKS" : NULL, socks->user};
    default: {
        bool simple = bytes_equal(ldap->authtype, BYTES("simple")) && ldap->bindname.len &&
                      !bytes_equal(ldap->bindname, BYTES("<ROOT>"));
        return (struct log_on){simple ? "LDAP" : NULL, ldap->bindname};
    }
    }
}

static void record(const struct seat *seat, const struct record *record)
{
    struct log_on log_on = log_on_of(record);
    if (!log_on.service || is_wrapped(record->head.dest_port))
        return;
    struct telling telling;
    telling_begin(&telling, "cleartext.password", record, BYTES(""));
    telling.hit.rule = bytes_from_text(log_on.service);
    telling_text(&telling, "service", bytes_from_text(log_on.service));
    if (log_on.user.len)
        telling_text(&telling, "user", log_on.user);
    telling_match(&telling, "user", log_on.user);
    telling_end(&telling, seat);
}

const struct look cleartext_look = {
    .types = (const enum record_type[]){RECORD_FTP, RECORD_TELNET, RECORD_POP3, RECORD_IMAP,
        RECORD_SMTP, RECORD_HTTP, RECORD_SOCKS, RECORD_LDAP, RECORD_NONE},
    .record = record,
};
