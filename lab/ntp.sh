# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# NTP: chronyd serves its own clock, chronyd -Q asks; versions 3 and 4, and a bare SNTP question.

versions() { chronyd --version; }

servers()
{
    printf 'local stratum 3\nallow\ncmdport 0\nbindcmdaddress /\npidfile %s/server.pid\n' "$work" >"$work/server.conf"
    server_bg chronyd -x -d -u root -f "$work/server.conf"
    sleep 1
}

ask()
{
    printf 'server %s iburst %s\ncmdport 0\nbindcmdaddress /\npidfile %s\n' "$1" "${2:-}" "$work/pid" >"$work/client.conf"
    client timeout 12 chronyd -Q -t 8 -u root -f "$work/client.conf" >/dev/null 2>&1 || true
}

case_client_server() { ask "$server_ip"; }
case_ipv6() { ask "$server_ip6"; }
case_version3() { ask "$server_ip" 'version 3'; }
case_sntp() { printf '\x23%47s' '' | tr ' ' '\0' | client timeout 1 nc -u -q 1 "$server_ip" 123 >/dev/null || true; }
case_monlist() { printf '\x17\x00\x03\x2a%4s' '' | tr ' ' '\0' | client timeout 1 nc -u -q 1 "$server_ip" 123 >/dev/null || true; }
