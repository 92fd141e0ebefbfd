# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# ICMP and ICMPv6: ping, traceroute, and what an address without a service answers.

versions() { ping -V; traceroute -V 2>&1 | head -n 1; }

case_ping() { client ping -q -c 3 -i 0.2 "$server_ip" >/dev/null; }
case_ping6() { client ping -q -c 3 -i 0.2 "$server_ip6" >/dev/null; }
case_ping_pattern() { client ping -q -c 1 -s 400 -p 79616775 "$server_ip" >/dev/null; }
case_port_unreachable() { echo x | client timeout 1 nc -u -q 0 "$server_ip" 9 || true; }
case_port_unreachable6() { echo x | client timeout 1 nc -u -q 0 "$server_ip6" 9 || true; }
case_traceroute() { client traceroute -n -q 1 -m 2 "$server_ip" >/dev/null || true; }
case_unanswered() { client ping -q -c 1 -W 1 10.30.1.99 >/dev/null || true; }
case_fragmented() { client ping -q -c 1 -s 4000 "$server_ip" >/dev/null; }
case_fragmented6() { client ping -q -c 1 -s 4000 "$server_ip6" >/dev/null; }
