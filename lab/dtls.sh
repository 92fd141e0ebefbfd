# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# DTLS 1.0 and 1.2: openssl s_server against openssl s_client, with cookies and in fragments.

versions() { openssl version; }

servers()
{
    openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/self.key" -out "$work/self.pem" -days 3650 \
        -subj '/C=JP/O=Sample City/CN=vpn.city.example' -addext 'subjectAltName=DNS:vpn.city.example' 2>/dev/null
    local own=(-cert "$work/self.pem" -key "$work/self.key" -quiet)
    server_bg openssl s_server -accept 4443 -dtls -cipher DEFAULT@SECLEVEL=0 -min_protocol DTLSv1 "${own[@]}"
    server_bg openssl s_server -accept 4444 -dtls -listen -mtu 400 "${own[@]}"
    sleep 1
}

hello()  # PORT OPTIONS...: one connection, a line, the end
{
    local port=$1
    shift
    { sleep 1; echo hello; sleep 0.3; } | client timeout 4 openssl s_client -quiet -connect "$server_ip:$port" "$@" >/dev/null 2>&1 || true
}

case_v12() { hello 4443 -dtls1_2 -servername vpn.city.example -alpn webrtc,c-webrtc; }
case_v10() { hello 4443 -dtls1 -cipher DEFAULT@SECLEVEL=0 -servername old.city.example; }
case_cookie_fragments() { hello 4444 -dtls1_2 -mtu 400 -servername vpn.city.example; }
