# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# NetBIOS over UDP: Samba's nmbd takes its names, announces itself and answers nmblookup.

versions() { dpkg-query -W samba; }

servers()
{
    mkdir -p "$work/s/private" "$work/s/msg.lock"
    cat >"$work/s/smb.conf" <<CONF
[global]
    workgroup = TOWN
    netbios name = FILES
    server string = files of the town
    interfaces = eth0
    bind interfaces only = yes
    private dir = $work/s/private
    lock directory = $work/s
    state directory = $work/s
    cache directory = $work/s
    pid directory = $work/s
    ncalrpc dir = $work/s
    log file = $work/s/log
    local master = yes
    os level = 65
    preferred master = yes
CONF
    for ns in "$ns_client" "$ns_server"; do
        ip netns exec "$ns" ip addr add broadcast 10.30.1.255 dev eth0 2>/dev/null || true
    done
    server ip addr change "$server_ip/24" broadcast 10.30.1.255 dev eth0
    client ip addr change "$client_ip/24" broadcast 10.30.1.255 dev eth0
}

nmbd_start() { server nmbd -D -s "$work/s/smb.conf"; }
nmbd_stop() { kill "$(cat "$work/s/nmbd.pid")" 2>/dev/null || true; sleep 0.5; }
lookup() { client nmblookup -s "$work/s/smb.conf" "$@" >>"$work/servers.log" 2>&1 || true; }

case_start()  # takes its names, looks for a master browser, becomes it, and gives them up
{
    nmbd_start
    sleep 12
    nmbd_stop
}
case_lookup()
{
    nmbd_start
    sleep 3
    lookup files
    lookup -M town
    lookup -U "$server_ip" files
    lookup nobody
    nmbd_stop
}
case_status()
{
    nmbd_start
    sleep 3
    lookup -A "$server_ip"
    nmbd_stop
}
