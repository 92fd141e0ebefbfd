# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# DNS: BIND serves city.example and its reverse zone; dig asks over UDP, TCP, IPv6, with EDNS.

versions() { dig -v 2>&1; named -v; }

servers()
{
    cat >"$work/city.zone" <<'ZONE'
$TTL 300
@       SOA   ns.city.example. hostmaster.city.example. 2026112101 3600 600 86400 300
        NS    ns.city.example.
        MX    10 mail.city.example.
        MX    20 backup.city.example.
        TXT   "v=spf1 ip4:10.30.1.0/24 -all" "second string"
        CAA   0 issue "ca.city.example"
ns      A     10.30.1.80
        AAAA  2001:db8:30::80
mail    A     10.30.1.81
www     A     10.30.1.80
        AAAA  2001:db8:30::80
portal  CNAME www.city.example.
_ldap._tcp SRV 0 100 389 mail.city.example.
sip     NAPTR 100 10 "S" "SIP+D2U" "" _sip._udp.city.example.
host    SSHFP 4 2 123456789abcdef67890123456789abcdef67890123456789abcdef123456789
        HINFO "PC" "Linux"
        LOC   35 41 22.0 N 139 41 30.0 E 40m
_443._tcp.www TLSA 3 1 1 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
svc     SVCB  1 www.city.example. alpn="h2,h3" port=443
web     HTTPS 1 . alpn="h2" ipv4hint=10.30.1.80
many    A 10.30.2.1
        A 10.30.2.2
        A 10.30.2.3
        A 10.30.2.4
big     TXT "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
        TXT "a123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
        TXT "b123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
        TXT "c123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
        TXT "d123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
        TXT "e123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
        TXT "f123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
xn--p8j9a0d9c9a A 10.30.1.90
*.wild  A 10.30.3.1
ZONE
    cat >"$work/reverse.zone" <<'ZONE'
$TTL 300
@  SOA ns.city.example. hostmaster.city.example. 1 3600 600 86400 300
   NS  ns.city.example.
80 PTR www.city.example.
ZONE
    cat >"$work/named.conf" <<CONF
options { directory "$work"; pid-file none; session-keyfile "$work/key"; listen-on { any; }; listen-on-v6 { any; };
    recursion no; dnssec-validation no; allow-transfer { any; }; max-udp-size 512; };
controls { };
zone "city.example" { type primary; file "$work/city.zone"; };
zone "1.30.10.in-addr.arpa" { type primary; file "$work/reverse.zone"; };
CONF
    server_bg named -g -c "$work/named.conf"
    wait_tcp 53
    client dig +tries=1 @"$server_ip" www.city.example >/dev/null
}

ask() { client dig +tries=1 +timeout=2 @"$server_ip" "$@" >/dev/null || true; }

case_a() { ask www.city.example A; }
case_aaaa() { ask www.city.example AAAA; }
case_cname() { ask portal.city.example A; }
case_mx() { ask city.example MX; }
case_ns() { ask city.example NS; }
case_soa() { ask city.example SOA; }
case_txt() { ask city.example TXT; }
case_srv() { ask _ldap._tcp.city.example SRV; }
case_ptr() { ask -x 10.30.1.80; }
case_caa() { ask city.example CAA; }
case_naptr() { ask sip.city.example NAPTR; }
case_sshfp() { ask host.city.example SSHFP; }
case_hinfo_loc() { ask host.city.example HINFO; ask host.city.example LOC; }
case_tlsa() { ask _443._tcp.www.city.example TLSA; }
case_svcb_https() { ask svc.city.example SVCB; ask web.city.example HTTPS; }
case_many() { ask many.city.example A; }
case_nxdomain() { ask none.city.example A; }
case_refused() { ask www.example.org A; }
case_nodata() { ask mail.city.example AAAA; }
case_idn() { ask xn--p8j9a0d9c9a.city.example A; }
case_upper_case() { ask WwW.CiTy.ExAmPlE A; }
case_edns() { ask +dnssec +nsid +subnet=10.30.1.0/24 +bufsize=4096 www.city.example A; }
case_no_edns() { ask +noedns +nocookie www.city.example A; }
case_truncated_then_tcp() { ask +bufsize=512 big.city.example TXT; }
case_tcp() { ask +tcp www.city.example A; }
case_tcp_two() { ask +tcp +keepopen www.city.example A +tcp +keepopen mail.city.example A; }
case_transfer() { ask city.example AXFR; }
case_ipv6() { client dig +tries=1 @"$server_ip6" www.city.example AAAA >/dev/null; }
case_chaos() { ask version.bind CH TXT; }
case_no_answer() { client dig +tries=1 +timeout=1 @10.30.1.99 www.city.example A >/dev/null || true; client dig +tries=1 +timeout=1 -p 5353 @"$server_ip" www.city.example A >/dev/null || true; }
