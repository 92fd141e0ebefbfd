# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# ARP: questions, answers, announcements, a duplicate address.

versions() { arping --help 2>&1 | sed -n 1p; ip -V; }

case_resolve() { client ip neigh flush dev eth0; client ping -q -c 1 "$server_ip" >/dev/null; }
case_arping() { client arping -q -c 2 -w 1 -i eth0 "$server_ip" || client arping -q -c 2 "$server_ip" || true; }
case_gratuitous() { client arping -q -c 1 -U -S "$client_ip" -i eth0 "$client_ip" || true; }
case_nobody() { client ping -q -c 1 -W 1 10.30.1.99 >/dev/null || true; }
