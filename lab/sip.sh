# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# SIP: sipp calls sipp over UDP and TCP; sipsak asks what a server can do.

versions() { sipp -v | sed -n 2p; sipsak --version | head -n 1; }

servers()
{
    ( cd "$work" && server_bg sipp -sn uas -i "$server_ip" -p 5060 -nostdin && server_bg sipp -sn uas -i "$server_ip" -p 5070 -t t1 -nostdin )
    sleep 1
}

call() { ( cd "$work" && client timeout 10 sipp -sn uac "$@" -i "$client_ip" -m 1 -s 5501 -d 200 -nostdin >/dev/null 2>&1 ) || true; }

case_call() { call "$server_ip:5060" -p 5061; }
case_call_tcp() { call "$server_ip:5070" -t t1 -p 5062; }
case_options() { client timeout 5 sipsak -s "sip:5501@$server_ip" >/dev/null 2>&1 || true; }
