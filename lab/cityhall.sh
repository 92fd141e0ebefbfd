# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# A morning in a pretend city hall, as the mirror ports of its three segments show it:
#   10.10.1.0/24 My Number   10.20.1.0/24 LGWAN   10.30.1.0/24 Internet, with a router to the outside
# (198.51.100.0/24, 203.0.113.0/24, 192.0.2.0/24). `make run` reads this capture.

versions() { curl --version | sed -n 1p; nginx -v 2>&1; openssl version; ssh -V 2>&1; dnsmasq --version | sed -n 1p; chronyd --version; }

on() { local space=$1; shift; ip netns exec "yagura-$space-$$" unshare -u sh -c 'hostname "$0"; exec "$@"' "$space" "$@"; }
on_bg() { local space=$1; shift; ip netns exec "yagura-$space-$$" "$@" >>"$work/servers.log" 2>&1 & pids+=($!); }

host()  # NAME SEGMENT ADDRESS: a host with a cable to its segment's switch
{
    local space=yagura-$1-$$ last=${3##*.}
    ip netns add "$space"
    spaces+=("$space")
    ip link add "h$2x$last" type veth peer name eth0 netns "$space"
    ip link set "h$2x$last" netns "yagura-switch-$$"
    on switch ip link set "h$2x$last" master "seg$2" up
    ip -n "$space" link set eth0 address "02:00:0a:${2}:01:$(printf %02x "$last")"
    ip netns exec "$space" sysctl -q net.ipv6.conf.all.disable_ipv6=1
    ip -n "$space" addr add "$3/24" dev eth0
    ip -n "$space" link set lo up
    ip -n "$space" link set eth0 up
    ip -n "$space" route add default via "${3%.*}.1"
    ip netns exec "$space" ethtool -K eth0 tx off tso off gso off gro off sg off >/dev/null 2>&1 || true
    mkdir -p "/etc/netns/$space"
    printf 'nameserver %s.53\nsearch city.example\n' "${3%.*}" >"/etc/netns/$space/resolv.conf"
    printf '127.0.0.1 localhost %s %s.city.example\n' "$1" "$1" >"/etc/netns/$space/hosts"
}

segments()
{
    ip netns add "yagura-switch-$$"
    spaces+=("yagura-switch-$$")
    on switch sysctl -q net.ipv4.ip_forward=1 net.ipv6.conf.all.disable_ipv6=1
    on switch ip link set lo up
    for segment in 10 20 30; do
        on switch ip link add "seg$segment" type bridge
        on switch ip link set "seg$segment" address "02:00:0a:$segment:01:01" up
        on switch ip addr add "10.$segment.1.1/24" dev "seg$segment"
    done
    ip netns add "yagura-out-$$"
    spaces+=("yagura-out-$$")
    ip link add wan netns "yagura-switch-$$" type veth peer name eth0 netns "yagura-out-$$"
    on switch ip addr add 100.64.0.1/30 dev wan
    on switch ip link set wan up
    on switch ip route add default via 100.64.0.2
    for address in 100.64.0.2/30 198.51.100.10/32 198.51.100.25/32 203.0.113.20/32 192.0.2.123/32; do
        on out ip addr add "$address" dev eth0
    done
    on out ip link set lo up
    on out ip link set eth0 up
    on out ip route add default via 100.64.0.1
    for space in switch out; do
        on "$space" ethtool -K wan tx off tso off gso off >/dev/null 2>&1 || on "$space" ethtool -K eth0 tx off tso off gso off >/dev/null 2>&1 || true
    done
}

names()  # SPACE ADDRESS NAME=ADDRESS...: dnsmasq with these names
{
    local space=$1 listen=$2 args=()
    shift 2
    for pair in "$@"; do args+=("--host-record=${pair%=*},${pair#*=}"); done
    on_bg "$space" dnsmasq -d -C /dev/null -h -R --listen-address="$listen" --bind-interfaces "${args[@]}" --local=/example/ --pid-file="$work/dns-$space" \
        --dhcp-range="${listen%.*}.100,${listen%.*}.150,12h" --dhcp-leasefile="$work/leases-$space" --dhcp-option=3,"${listen%.*}.1"
}

web()  # SPACE NAME: nginx on 80 and 443
{
    openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/$2.key" -out "$work/$2.pem" -subj "/C=JP/O=Yagura lab/CN=$2" \
        -addext "subjectAltName=DNS:$2" -days 365 2>/dev/null
    cat >"$work/$2.conf" <<CONF
worker_processes 1; daemon off; pid $work/$2.pid; error_log $work/$2.log; events { worker_connections 64; }
http { access_log off; include /etc/nginx/mime.types; gzip on; client_body_temp_path $work/$2.b; proxy_temp_path $work/$2.p;
  fastcgi_temp_path $work/$2.f; uwsgi_temp_path $work/$2.u; scgi_temp_path $work/$2.s;
  server { listen 80; listen 443 ssl; ssl_certificate $work/$2.pem; ssl_certificate_key $work/$2.key; root $work/www; } }
CONF
    on_bg "$1" nginx -c "$work/$2.conf"
}

servers()
{
    mkdir -p "$work/www" /run/sshd
    /usr/bin/python3 "$here/content.py" "$work/www"
    segments
    host register 10 10.10.1.80; host mn53 10 10.10.1.53; host mnpc 10 10.10.1.11
    host lgmail 20 10.20.1.25; host lg53 20 10.20.1.53; host lgpc 20 10.20.1.21
    host files 30 10.30.1.80; host in53 30 10.30.1.53; host pc31 30 10.30.1.31; host pc32 30 10.30.1.32; host admin 30 10.30.1.9
    names mn53 10.10.1.53 register.city.example=10.10.1.80
    names lg53 10.20.1.53 mail.lgwan.city.example=10.20.1.25 asp.lgwan.example=10.20.1.25
    names in53 10.30.1.53 files.city.example=10.30.1.80 www.news.example=198.51.100.10 office.cloud.example=203.0.113.20 \
        mail.pref.example=198.51.100.25 ntp.example=192.0.2.123 update.vendor.example=198.51.100.10
    web register register.city.example
    web lgmail asp.lgwan.example
    web files files.city.example
    web out office.cloud.example
    on_bg lgmail /usr/bin/python3 "$here/mailserver.py" 25
    on_bg out /usr/bin/python3 "$here/mailserver.py" 25 "$work/office.cloud.example.pem" "$work/office.cloud.example.key"
    printf 'local stratum 2\nallow\ncmdport 0\nbindcmdaddress /\npidfile %s/ntp.pid\n' "$work" >"$work/chrony.conf"
    on_bg out chronyd -x -d -u root -f "$work/chrony.conf"
    ssh-keygen -q -t ed25519 -N '' -f "$work/host"; ssh-keygen -q -t ed25519 -N '' -f "$work/user"; cp "$work/user.pub" "$work/authorized"
    printf 'Port 22\nHostKey %s/host\nAuthorizedKeysFile %s/authorized\nPermitRootLogin yes\nStrictModes no\nUsePAM no\n' "$work" "$work" >"$work/sshd.conf"
    on_bg files /usr/sbin/sshd -D -e -f "$work/sshd.conf"
    for kind in plain attachment html; do /usr/bin/python3 "$here/mail.py" "$kind" "$work/www/form.pdf" >"$work/$kind.eml"; done
    sleep 2
}

net_capture()  # FILE FUNCTION: what three mirror ports see, merged by time
{
    local dumps=()
    for segment in 10 20 30; do
        on switch tcpdump -i "seg$segment" -U --immediate-mode -s 0 -w "$work/$segment.pcap" 2>/dev/null &
        dumps+=($!)
    done
    sleep 1
    "$2"
    sleep 1
    for dump in "${dumps[@]}"; do kill "$(pgrep -P "$dump" tcpdump || echo "$dump")"; done
    wait "${dumps[@]}" || true
    PYTHONPATH="$top/tests" /usr/bin/python3 -c 'import sys, packets
all = sorted((p for f in sys.argv[2:] for p in packets.read_capture(f)[1]), key=lambda p: p.time_ns)
packets.write_capture(sys.argv[1], packets.ETHERNET, all)' "$1" "$work/10.pcap" "$work/20.pcap" "$work/30.pcap"
}

browse() { local space=$1; shift; for url in "$@"; do on "$space" curl -ksS -m 5 -o /dev/null --compressed "$url" || true; done; }
mail() { on "$1" swaks --silent 3 --suppress-data --server "$2" --helo "$1.city.example" --from yamada@city.example --to suzuki@city.example --data "@$work/$3.eml" "${@:4}" >/dev/null 2>&1 || true; }

case_day()
{
    on pc31 timeout 8 dhclient -1 -lf "$work/l31" -pf "$work/p31" -sf /bin/true eth0 2>/dev/null || true
    browse mnpc http://register.city.example/index.html http://register.city.example/form.pdf http://register.city.example/none.html
    browse lgpc http://asp.lgwan.example/index.html https://asp.lgwan.example/form.pdf
    mail lgpc mail.lgwan.city.example attachment
    browse pc31 http://www.news.example/index.html http://www.news.example/logo.png http://update.vendor.example/tool.zip
    browse pc31 https://office.cloud.example/index.html https://office.cloud.example/form.pdf
    browse pc32 https://office.cloud.example/logo.png http://files.city.example/form.pdf http://www.news.example/index.html
    mail pc32 mail.pref.example html
    mail pc32 mail.pref.example attachment --tls
    printf 'server ntp.example iburst\ncmdport 0\nbindcmdaddress /\npidfile %s/c.pid\n' "$work" >"$work/c.conf"
    on pc31 timeout 8 chronyd -Q -t 6 -u root -f "$work/c.conf" >/dev/null 2>&1 || true
    on admin timeout 8 ssh -F none -i "$work/user" -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
        -o LogLevel=ERROR root@files.city.example 'head -c 60000 /dev/urandom | base64' >/dev/null || true
    on admin ping -q -c 3 -i 0.2 198.51.100.10 >/dev/null || true
    on pc32 timeout 1 nc -z 10.30.1.80 445 || true
    on pc32 dig +tries=1 +timeout=1 nowhere.city.example >/dev/null || true
    browse pc32 http://files.city.example/tool.zip
}
