# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# SOCKS: Dante (4, 5) and microsocks (5 with a password) before nginx; curl asks.

versions() { danted -v; dpkg-query -W microsocks; curl --version | sed -n 1p; }

servers()
{
    mkdir -p "$work/www"
    echo 'the page of the city hall' >"$work/www/index.html"
    openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/www.key" -out "$work/www.pem" -subj '/O=Sample City/CN=www.city.example' -days 365 2>/dev/null
    cat >"$work/nginx.conf" <<EOF
pid $work/nginx.pid; error_log $work/error.log; daemon off;
events {}
http { access_log off; server { listen 127.0.0.1:80; listen 127.0.0.1:443 ssl; root $work/www;
    ssl_certificate $work/www.pem; ssl_certificate_key $work/www.key; } }
EOF
    cat >"$work/danted.conf" <<EOF
logoutput: $work/danted.log
internal: eth0 port = 1080
external: lo
socksmethod: none
clientmethod: none
user.privileged: root
user.unprivileged: nobody
client pass { from: 0.0.0.0/0 to: 0.0.0.0/0 }
socks block { from: 0.0.0.0/0 to: 127.0.0.99/32 }
socks pass { from: 0.0.0.0/0 to: 0.0.0.0/0 }
EOF
    server_bg nginx -c "$work/nginx.conf"
    server_bg danted -f "$work/danted.conf"
    server_bg microsocks -i "$server_ip" -p 1081 -u taro -P secret
    wait_tcp 80; wait_tcp 1080; wait_tcp 1081
}

ask() { client curl -sk -m 5 -o /dev/null "$@" || true; }

case_v4() { ask -x "socks4://taro@$server_ip:1080" http://127.0.0.1/; ask -x "socks4a://$server_ip:1080" http://localhost/; ask -x "socks4://$server_ip:1080" http://127.0.0.99/; }
case_v5() { ask -x "socks5://$server_ip:1080" http://127.0.0.1/; ask -x "socks5h://$server_ip:1080" https://localhost/; ask -x "socks5://$server_ip:1080" http://127.0.0.1:81/; }
case_password() { ask -x "socks5h://taro:secret@$server_ip:1081" http://localhost/; ask -x "socks5h://taro:wrong@$server_ip:1081" http://localhost/; ask -x "socks5://$server_ip:1081" http://127.0.0.1/; }
