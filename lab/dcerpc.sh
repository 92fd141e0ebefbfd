# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# DCE/RPC over TCP: Samba's RPC server with its endpoint mapper; rpcclient and impacket ask it.

versions() { smbd --version; dpkg-query -W -f '${Package} ${Version}\n' python3-impacket smbclient; }

servers()
{
    mkdir -p "$work"/{lock,private,state,cache,pid,ncalrpc,share}
    cat >"$work/smb.conf" <<CONF
[global]
workgroup = CITY
netbios name = FILES
server role = standalone server
rpc start on demand helpers = false
bind interfaces only = yes
interfaces = eth0
lock directory = $work/lock
private dir = $work/private
state directory = $work/state
cache directory = $work/cache
pid directory = $work/pid
ncalrpc dir = $work/ncalrpc
log file = $work/log
passdb backend = tdbsam:$work/private/passdb.tdb
registry shares = no
allow dcerpc auth level connect = yes
load printers = no
[share]
path = $work/share
CONF
    printf 'lab-secret\nlab-secret\n' | server smbpasswd -c "$work/smb.conf" -s -a root >/dev/null
    server_bg /usr/sbin/smbd --foreground --no-process-group -s "$work/smb.conf"
    server_bg /usr/libexec/samba/samba-dcerpcd --foreground --no-process-group --libexec-rpcds -s "$work/smb.conf"
    wait_tcp 135
    sleep 1
}

ask() { client timeout 20 rpcclient -s /dev/null "$@" >/dev/null 2>&1 || true; }

case_epmapper() { client timeout 20 /usr/bin/python3 "$here/dcerpc_ask.py" "$server_ip" map >/dev/null; }
case_samr() { ask -U 'CITY\root%lab-secret' "ncacn_ip_tcp:$server_ip[connect]" -c 'enumdomusers; lookupnames root'; }
case_sealed() { ask -U 'CITY\root%lab-secret' "ncacn_ip_tcp:$server_ip[seal]" -c 'lookupnames root'; }
case_spnego() { ask -U 'CITY\root%lab-secret' "ncacn_ip_tcp:$server_ip[sign,spnego]" -c 'lookupnames root'; }
case_refused() { ask -U 'CITY\root%wrong' "ncacn_ip_tcp:$server_ip[sign]" -c 'lookupnames root'; }
case_tools() { client timeout 60 /usr/bin/python3 "$here/dcerpc_ask.py" "$server_ip" tools >/dev/null; }
