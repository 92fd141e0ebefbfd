# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# OpenVPN without tunnels (dev null): over UDP and TCP, with a static key for control packets and
# with encrypted ones.

versions() { openvpn --version | head -n 1; }

servers()
{
    openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/ca.key" -out "$work/ca.pem" -subj '/C=JP/O=Sample City/CN=Sample City VPN CA' -days 30 2>/dev/null
    local who
    for who in gw pc10; do
        openssl req -newkey rsa:2048 -nodes -keyout "$work/$who.key" -out "$work/$who.csr" -subj "/CN=$who.city.example" 2>/dev/null
        openssl x509 -req -in "$work/$who.csr" -CA "$work/ca.pem" -CAkey "$work/ca.key" -set_serial "0x$RANDOM" -days 30 -out "$work/$who.pem" 2>/dev/null
    done
    openvpn --genkey secret "$work/static.key" 2>/dev/null
}

common=(--dev null --ifconfig-noexec --route-noexec --verb 1 --tls-version-max 1.2)
both()  # PORT PROTOCOL OPTIONS
{
    local port=$1 proto=$2
    shift 2
    server timeout 5 openvpn "${common[@]}" --tls-server --dh none --ca "$work/ca.pem" --cert "$work/gw.pem" --key "$work/gw.key" --port "$port" \
        --proto "${proto/tcp/tcp-server}" --local "$server_ip" "$@" >>"$work/servers.log" 2>&1 &
    sleep 0.7
    client timeout 3 openvpn "${common[@]}" --tls-client --ca "$work/ca.pem" --cert "$work/pc10.pem" --key "$work/pc10.key" --remote "$server_ip" "$port" \
        --proto "${proto/tcp/tcp-client}" --nobind "$@" >/dev/null 2>&1 || true
    wait $! || true
}

case_udp() { both 1194 udp; }
case_tcp() { both 1194 tcp; }
case_tls_auth() { both 1195 udp --tls-auth "$work/static.key"; }
case_tls_crypt() { both 1196 udp --tls-crypt "$work/static.key"; }
