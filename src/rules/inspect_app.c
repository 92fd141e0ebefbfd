// SPDX-License-Identifier: Apache-2.0
// Names of our protocols (app_proto of flows) and what rules call them. A name of ours may answer
// to several of theirs: DCE/RPC travels in SMB, and DNS in HTTP.
#include "rules/inspect.h"

#define BIT(name) (1ULL << RULE_APP_##name)

static const struct {
    const char *name;
    uint64_t apps;
} names[] = {
    {"http", BIT(http1)},
    {"http2", BIT(http2)},
    {"doh2", BIT(doh2)},
    {"ftp", BIT(ftp)},
    {"ftp-data", BIT(ftp_data)},
    {"smtp", BIT(smtp)},
    {"tls", BIT(tls)},
    {"ssh", BIT(ssh)},
    {"imap", BIT(imap)},
    {"pop3", BIT(pop3)},
    {"smb", BIT(smb) | BIT(dcerpc)},
    {"dcerpc", BIT(dcerpc)},
    {"dcerpc_cl", BIT(dcerpc)},
    {"dns", BIT(dns)},
    {"mdns", BIT(mdns)},
    {"llmnr", BIT(llmnr)},
    {"modbus", BIT(modbus)},
    {"enip", BIT(enip)},
    {"cip_io", BIT(enip)},
    {"dnp3", BIT(dnp3)},
    {"nfs", BIT(nfs)},
    {"ntp", BIT(ntp)},
    {"tftp", BIT(tftp)},
    {"ike", BIT(ike)},
    {"krb5", BIT(krb5)},
    {"quic", BIT(quic)},
    {"dhcp", BIT(dhcp)},
    {"sip", BIT(sip)},
    {"rfb", BIT(rfb)},
    {"mqtt", BIT(mqtt)},
    {"pgsql", BIT(pgsql)},
    {"telnet", BIT(telnet)},
    {"websocket", BIT(websocket)},
    {"ldap", BIT(ldap)},
    {"rdp", BIT(rdp)},
    {"snmp", BIT(snmp)},
    {"bittorrent-dht", BIT(bittorrent_dht)},
    {"bittorrent_dht", BIT(bittorrent_dht)},
    {"irc", BIT(irc)},
    {"jabber", BIT(jabber)},
};

uint64_t rule_apps_of(const char *app_proto)
{
    for (size_t i = 0; app_proto && i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i].name, app_proto) == 0)
            return names[i].apps;
    return 0;
}
