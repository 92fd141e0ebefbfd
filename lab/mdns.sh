# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# mDNS and DNS-SD: two Avahi daemons; one publishes a printer and a web page, the other browses.

versions() { avahi-daemon --version; }

avahi_start()  # NAMESPACE HOSTNAME
{
    mkdir -p "$work/$2/services" "$work/$2/run"
    printf '[server]\nhost-name=%s\nuse-ipv4=yes\nuse-ipv6=yes\nenable-dbus=no\nallow-interfaces=eth0\n[wide-area]\nenable-wide-area=no\n[publish]\npublish-hinfo=yes\npublish-workstation=yes\n' "$2" >"$work/$2/avahi.conf"
    ip netns exec "$1" unshare -m sh -c "mkdir -p /run/avahi-daemon && mount --bind '$work/$2/run' /run/avahi-daemon &&
        mount --bind '$work/$2/services' /etc/avahi/services && exec avahi-daemon --no-drop-root --no-chroot --no-rlimits -f '$work/$2/avahi.conf'" >>"$work/servers.log" 2>&1 &
    pids+=($!)
}

service()  # HOST FILE NAME TYPE PORT TXT
{
    printf '<?xml version="1.0"?><!DOCTYPE service-group SYSTEM "avahi-service.dtd"><service-group><name>%s</name><service><type>%s</type><port>%s</port><txt-record>%s</txt-record></service></service-group>\n' \
        "$3" "$4" "$5" "$6" >"$work/$1/services/$2.service"
}

case_announce()
{
    mkdir -p "$work/printer1/services"
    service printer1 printer '窓口プリンター' _ipp._tcp 631 'rp=printers/desk'
    service printer1 web 'Printer setup' _http._tcp 80 'path=/setup'
    avahi_start "$ns_server" printer1
    sleep 4
}
case_query()
{
    avahi_start "$ns_client" pc10
    sleep 1
    client dig +tries=1 +timeout=1 -p 5353 @224.0.0.251 _ipp._tcp.local PTR >/dev/null || true
    client dig +tries=1 +timeout=1 -p 5353 @224.0.0.251 printer1.local A >/dev/null || true
    client dig +tries=1 +timeout=1 -p 5353 @224.0.0.251 _services._dns-sd._udp.local PTR >/dev/null || true
    sleep 2
}
case_goodbye() { ip netns pids "$ns_server" | xargs -I{} sh -c 'grep -q avahi-daemon /proc/{}/comm && kill {}' || true; sleep 1; }
