# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Two hosts, client and server, on one wire; the capture is taken on the server's end of it.
#   client 10.30.1.10  2001:db8:30::10     server 10.30.1.80  2001:db8:30::80
# A script gives: servers() (optional, starts what is needed once), case_NAME() (one capture each).
# It may use: client CMD..., server CMD..., server_bg CMD..., wait_tcp PORT, $work (a scratch folder).

client_ip=10.30.1.10 server_ip=10.30.1.80
client_ip6=2001:db8:30::10 server_ip6=2001:db8:30::80

net_possible()
{
    ip netns add yagura-probe 2>/dev/null && ip netns del yagura-probe
}

# With a host name of its own, so that this machine's does not get into a capture.
client() { ip netns exec "$ns_client" unshare -u sh -c 'hostname pc10; exec "$@"' sh "$@"; }
server() { ip netns exec "$ns_server" "$@"; }

server_bg()
{
    ip netns exec "$ns_server" "$@" >>"$work/servers.log" 2>&1 &
    pids+=($!)
}

wait_tcp()
{
    for _ in $(seq 100); do
        server ss -Hltn "sport = :$1" | grep -q . && return 0
        sleep 0.05
    done
    echo "nothing listens on port $1; see the log:" >&2
    tail -n 20 "$work/servers.log" >&2
    return 1
}

net_host()  # NAMESPACE DEVICE MAC ADDRESS ADDRESS6
{
    ip netns exec "$1" ip link set "$2" address "$3" name eth0
    ip netns exec "$1" sysctl -q net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.eth0.accept_dad=0 \
        net.ipv6.conf.eth0.router_solicitations=0 || true
    ip netns exec "$1" ip addr add "$4/24" dev eth0
    ip netns exec "$1" ip addr add "$5/64" dev eth0 nodad
    ip netns exec "$1" ip link set lo up
    ip netns exec "$1" ip link set eth0 up
    ip netns exec "$1" ethtool -K eth0 tx off tso off gso off gro off sg off >/dev/null 2>&1 || true
}

net_up()
{
    ns_client=yagura-c$$ ns_server=yagura-s$$
    ip netns add "$ns_client"
    ip netns add "$ns_server"
    ip link add "yc$$" type veth peer name "ys$$"
    ip link set "yc$$" netns "$ns_client"
    ip link set "ys$$" netns "$ns_server"
    net_host "$ns_client" "yc$$" 02:00:0a:1e:01:10 "$client_ip" "$client_ip6"
    net_host "$ns_server" "ys$$" 02:00:0a:1e:01:80 "$server_ip" "$server_ip6"
    for ns in "$ns_client" "$ns_server"; do
        mkdir -p "/etc/netns/$ns"
        printf '127.0.0.1 localhost pc10 pc10.city.example\n%s www.city.example mail.city.example files.city.example\n%s www6.city.example\n' \
            "$server_ip" "$server_ip6" >"/etc/netns/$ns/hosts"
        printf 'nameserver %s\n' "$server_ip" >"/etc/netns/$ns/resolv.conf"
    done
}

net_down()
{
    [ ${#pids[@]} -eq 0 ] || kill "${pids[@]}" 2>/dev/null || true
    for ns in "${spaces[@]:-}" "$ns_client" "$ns_server"; do
        [ -n "$ns" ] || continue
        ip netns pids "$ns" 2>/dev/null | xargs -r kill 2>/dev/null || true
        ip netns del "$ns" 2>/dev/null || true
        rm -rf "/etc/netns/$ns"
    done
    wait 2>/dev/null || true
    rm -rf "$work"
}

net_capture()  # FILE FUNCTION: record on the server's wire while FUNCTION runs
{
    server tcpdump -i eth0 -U --immediate-mode -s 0 -w "$work/in.pcap" 'not (ip6 multicast and (icmp6 or ip6[6] = 0))' 2>"$work/tcpdump.log" &
    local dump=$!
    for _ in $(seq 100); do
        grep -q listening "$work/tcpdump.log" && break
        sleep 0.05
    done
    "$2"
    sleep 0.3
    kill "$(pgrep -P "$dump" tcpdump || echo "$dump")"
    wait "$dump" || true
    mv "$work/in.pcap" "$1"
}

net_session()  # NAME ONLY
{
    local name=$1 only=$2 folder
    work=$(mktemp -d) pids=() spaces=()
    chmod 755 "$work"
    versions() { echo; }
    # shellcheck source=/dev/null
    . "$here/$name.sh"
    net_up
    trap net_down EXIT
    ! declare -F servers >/dev/null || servers
    for case in $(declare -F | sed -n 's/^declare -f case_//p'); do
        [ -z "$only" ] || [ "$only" = "$case" ] || continue
        folder=$top/tests/pcap/$name/$case
        mkdir -p "$folder"
        net_capture "$folder/in.pcap" "case_$case"
        { echo "lab/run $name:$case"; versions || true; declare -f "case_$case"; } >"$folder/cmd"
        echo "$name/$case: $(stat -c %s "$folder/in.pcap") bytes"
    done
}
