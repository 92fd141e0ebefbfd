# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# DHCP: dnsmasq gives addresses, ISC dhclient asks, renews, releases.

versions() { dnsmasq --version | sed -n 1p; dhclient --version 2>&1; }

servers()
{
    server_bg dnsmasq -d -C /dev/null --port=0 --interface=eth0 --dhcp-range=10.30.1.100,10.30.1.150,12h --dhcp-leasefile="$work/leases" \
        --dhcp-option=option:router,10.30.1.1 --dhcp-option=option:dns-server,10.30.1.80 --domain=city.example \
        --dhcp-option=option:ntp-server,10.30.1.80 --dhcp-authoritative --dhcp-host=02:00:0a:1e:01:10,10.30.1.110,pc10
    sleep 0.5
    printf 'send host-name "pc10";\nsend vendor-class-identifier "MSFT 5.0";\nrequest subnet-mask, broadcast-address, routers, domain-name, domain-name-servers, host-name, ntp-servers;\n' >"$work/dhclient.conf"
    printf 'send host-name "pc10";\nsend dhcp-requested-address 192.0.2.7;\n' >"$work/other.conf"
}

lease() { client timeout 12 dhclient -1 -v -cf "$work/dhclient.conf" -lf "$work/client.leases" -pf "$work/dhclient.pid" -sf /bin/true "$@" eth0 >/dev/null 2>&1 || true; }

case_lease() { : >"$work/client.leases"; lease; client dhclient -x -pf "$work/dhclient.pid" -sf /bin/true eth0 >/dev/null 2>&1 || true; }
case_release() { lease; client dhclient -r -cf "$work/dhclient.conf" -lf "$work/client.leases" -pf "$work/dhclient.pid" -sf /bin/true eth0 >/dev/null 2>&1 || true; }
case_reboot() { lease; client dhclient -x -pf "$work/dhclient.pid" -sf /bin/true eth0 >/dev/null 2>&1 || true; lease; client dhclient -x -pf "$work/dhclient.pid" -sf /bin/true eth0 >/dev/null 2>&1 || true; }
case_refused()
{
    printf 'lease {\n  interface "eth0";\n  fixed-address 192.0.2.7;\n  option dhcp-server-identifier 192.0.2.1;\n  renew 6 2036/11/22 00:00:00;\n  rebind 6 2036/11/22 00:00:00;\n  expire 6 2036/11/22 00:00:00;\n}\n' >"$work/client.leases"
    lease
    client dhclient -x -pf "$work/dhclient.pid" -sf /bin/true eth0 >/dev/null 2>&1 || true
}
