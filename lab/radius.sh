# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# RADIUS: freeradius answers radclient: PAP, CHAP, MS-CHAP, EAP identity, accounting, wrong secret.

versions() { freeradius -v | head -n 1; }

servers()
{
    mkdir -p "$work/radius" && cp -rL /etc/freeradius/3.0/. "$work/radius/"
    cat >"$work/radius/mods-config/files/authorize" <<'USERS'
tanaka Cleartext-Password := "sakura-2026"
    Reply-Message = "ようこそ", Framed-IP-Address = 10.30.7.21, Session-Timeout = 3600, Filter-Id = "clerks", Tunnel-Type = VLAN, Tunnel-Medium-Type = IEEE-802, Tunnel-Private-Group-Id = "30"
suzuki Cleartext-Password := "fuji-san-9"
USERS
    printf 'client lab {\n ipaddr = 10.30.1.0/24\n secret = lab-secret\n}\nclient lab6 {\n ipv6addr = 2001:db8:30::/64\n secret = lab-secret\n}\n' >"$work/radius/clients.conf"
    sed -i 's/^\(\s*user = \).*/\1root/; s/^\(\s*group = \).*/\1root/' "$work/radius/radiusd.conf"
    sed -i "s|^run_dir = .*|run_dir = $work|; s|^logdir = .*|logdir = $work|" "$work/radius/radiusd.conf"
    chown -R root:root "$work/radius"
    server_bg freeradius -f -l "$work/radius.log" -d "$work/radius"
    sleep 4
}

ask()  # KIND PORT ATTRIBUTES
{
    printf '%s\n' "$3" | client timeout 8 radclient -t 1 -r "${4:-1}" "${6:-$server_ip}:$2" "$1" "${5:-lab-secret}" >/dev/null 2>&1 || true
}
place='NAS-IP-Address = 10.30.1.10, NAS-Identifier = "ap-3f", NAS-Port = 7, NAS-Port-Type = Wireless-802.11, Calling-Station-Id = "02-00-0A-1E-02-33", Called-Station-Id = "02-00-0A-1E-01-10:city-staff", Service-Type = Framed-User, Connect-Info = "CONNECT 54Mbps 802.11g", NAS-Port-Id = "wlan0"'

case_logon()
{
    ask auth 1812 "User-Name = tanaka, User-Password = sakura-2026, Message-Authenticator = 0x00, $place"
    ask auth 1812 "User-Name = tanaka, User-Password = wrong, $place"
    ask auth 1812 "User-Name = suzuki, CHAP-Password = fuji-san-9, NAS-IPv6-Address = 2001:db8:30::10" 1 lab-secret "[$server_ip6]"
    ask auth 1812 "User-Name = suzuki, MS-CHAP-Password = fuji-san-9, NAS-Port-Type = Virtual"
    ask auth 1812 "User-Name = tanaka, User-Password = sakura-2026" 2 other-secret
    ask auth 1812 'User-Name = tanaka, EAP-Code = Response, EAP-Type-Identity = tanaka, Message-Authenticator = 0x00'
    ask status 1812 'Message-Authenticator = 0x00'
}
case_accounting()
{
    ask acct 1813 "User-Name = tanaka, Acct-Status-Type = Start, Acct-Session-Id = 5F3A01, Framed-IP-Address = 10.30.7.21, $place"
    ask acct 1813 "User-Name = tanaka, Acct-Status-Type = Stop, Acct-Session-Id = 5F3A01, Acct-Session-Time = 1800, Acct-Input-Octets = 5000, Acct-Input-Gigawords = 1, Acct-Output-Octets = 70000, Acct-Input-Packets = 50, Acct-Output-Packets = 90, Acct-Terminate-Cause = User-Request, $place"
    ask acct 1813 "Acct-Status-Type = Accounting-On, NAS-Identifier = ap-3f"
}
