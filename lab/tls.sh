# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# TLS 1.0 to 1.3: openssl s_server and nginx against openssl s_client and curl, with a chain of our own.

versions() { openssl version; curl --version | head -n 1; nginx -v 2>&1; }

certificate()  # NAME SUBJECT DAYS SAN
{
    openssl req -utf8 -newkey rsa:2048 -nodes -keyout "$work/$1.key" -subj "$2" -out "$work/$1.csr" 2>/dev/null
    openssl x509 -req -in "$work/$1.csr" -CA "$work/ca.pem" -CAkey "$work/ca.key" -days "$3" -set_serial "0x$RANDOM$RANDOM" \
        -extfile <(printf 'subjectAltName=%s\nextendedKeyUsage=serverAuth,clientAuth\n' "$4") -out "$work/$1.pem" 2>/dev/null
}

servers()
{
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/ca.key" -out "$work/ca.pem" \
        -subj '/C=JP/O=Sample City/CN=Sample City CA' -days 3650 2>/dev/null
    certificate www '/C=JP/ST=Tokyo/O=見本市/CN=www.city.example' 365 'DNS:www.city.example,DNS:*.city.example,IP:10.30.1.80'
    certificate clerk '/C=JP/O=Sample City/CN=clerk 01' 365 'email:clerk@city.example'
    cat "$work/ca.pem" >>"$work/www.pem"
    openssl req -newkey rsa:2048 -nodes -keyout "$work/self.key" -out "$work/self.csr" -subj /CN=localhost 2>/dev/null
    printf '[ca]\ndefault_ca=old\n[old]\ndatabase=%s/index\nnew_certs_dir=%s\nrand_serial=yes\ndefault_md=sha256\npolicy=any\n[any]\ncommonName=supplied\n' \
        "$work" "$work" >"$work/ca.conf"
    : >"$work/index"
    openssl ca -config "$work/ca.conf" -selfsign -batch -keyfile "$work/self.key" -in "$work/self.csr" -out "$work/self.pem" \
        -startdate 20200101000000Z -enddate 20210101000000Z 2>/dev/null
    cat >"$work/nginx.conf" <<CONF
worker_processes 1; daemon off; pid $work/nginx.pid; error_log $work/error.log; events { worker_connections 64; }
http { access_log off; client_body_temp_path $work/b; proxy_temp_path $work/p; fastcgi_temp_path $work/f; uwsgi_temp_path $work/u; scgi_temp_path $work/s;
  server { listen 443 ssl http2; listen [::]:443 ssl http2; ssl_certificate $work/www.pem; ssl_certificate_key $work/www.key;
    ssl_protocols TLSv1.2 TLSv1.3; root $work; location / { return 200 "ok\n"; } } }
CONF
    server_bg nginx -c "$work/nginx.conf"
    server_bg openssl s_server -accept 4433 -www -cert "$work/www.pem" -key "$work/www.key" -cert_chain "$work/ca.pem" \
        -cipher DEFAULT@SECLEVEL=0 -min_protocol TLSv1
    server_bg openssl s_server -accept 4434 -www -cert "$work/www.pem" -key "$work/www.key" -Verify 1 -CAfile "$work/ca.pem"
    server_bg openssl s_server -accept 4435 -www -cert "$work/self.pem" -key "$work/self.key"
    server_bg openssl s_server -accept 4436 -www -cert "$work/www.pem" -key "$work/www.key" -max_send_frag 512 -split_send_frag 512
    server_bg openssl s_server -accept 4437 -www -cert "$work/www.pem" -key "$work/www.key" -groups P-256
    wait_tcp 4436; wait_tcp 4437; wait_tcp 443; wait_tcp 4433; wait_tcp 4434; wait_tcp 4435
}

hello()  # PORT OPTIONS...: one connection, a request, the answer
{
    local port=$1
    shift
    printf 'GET / HTTP/1.0\r\n\r\n' | client timeout 3 openssl s_client -quiet -no_ign_eof -connect "$server_ip:$port" "$@" >/dev/null 2>&1 || true
}

case_v10() { hello 4433 -tls1 -cipher DEFAULT@SECLEVEL=0 -servername old.city.example; }
case_v11() { hello 4433 -tls1_1 -cipher DEFAULT@SECLEVEL=0 -servername old.city.example; }
case_v12() { hello 4433 -tls1_2 -servername www.city.example; }
case_v12_rsa() { hello 4433 -tls1_2 -cipher AES128-SHA256 -servername www.city.example; }
case_v13() { hello 443 -tls1_3 -servername www.city.example -alpn h2,http/1.1; }
case_v13_ipv6() { printf '' | client timeout 3 openssl s_client -quiet -connect "[$server_ip6]:443" -servername www6.city.example >/dev/null 2>&1 || true; }
case_no_sni() { hello 4433 -tls1_2 -noservername; }
case_hello_retry() { hello 4437 -tls1_3 -servername www.city.example -groups X448:P-256; }
case_client_certificate() { hello 4434 -tls1_2 -cert "$work/clerk.pem" -key "$work/clerk.key" -servername www.city.example; }
case_self_signed_expired() { hello 4435 -tls1_2 -servername odd.city.example; }
case_alert() { hello 4434 -tls1_2 -servername www.city.example; }
case_version_refused() { hello 443 -tls1_1 -cipher DEFAULT@SECLEVEL=0 -servername www.city.example; }
case_resumption()
{
    hello 4433 -tls1_2 -servername www.city.example -sess_out "$work/session"
    hello 4433 -tls1_2 -servername www.city.example -sess_in "$work/session"
}
case_small_records() { hello 4436 -tls1_2 -servername www.city.example; }
case_curl_h2() { client curl -sS -k -o /dev/null --resolve "www.city.example:443:$server_ip" https://www.city.example/; }

# Connections that can be decrypted: what opens them lies beside the capture, and `args` names it.
key_log_kept() { sort "$work/keys" >"$folder/key.log"; rm -f "$work/keys"; printf -- '--key-log\nkey.log\n' >"$folder/args"; }
private_key_kept() { cp "$work/www.key" "$folder/server.key"; printf -- '--private-key\nserver.key\n' >"$folder/args"; }
case_decrypted_12_rsa() { hello 4433 -tls1_2 -cipher AES128-SHA256 -servername www.city.example; private_key_kept; }
case_decrypted_10_rsa() { hello 4433 -tls1 -cipher AES256-SHA:@SECLEVEL=0 -no_etm -servername old.city.example; private_key_kept; }
case_decrypted_11_rsa() { hello 4433 -tls1_1 -cipher AES128-SHA:@SECLEVEL=0 -servername old.city.example; private_key_kept; }
case_decrypted_12_cbc()
{
    hello 4433 -tls1_2 -cipher ECDHE-RSA-AES256-SHA384 -no_etm -servername www.city.example -keylogfile "$work/keys"
    key_log_kept
}
case_decrypted_12_key_log()
{
    client env SSLKEYLOGFILE="$work/keys" curl -sS -k --http1.1 --tls-max 1.2 -A browser -o /dev/null --resolve "www.city.example:443:$server_ip" https://www.city.example/form
    hello 4433 -tls1_2 -cipher ECDHE-RSA-CHACHA20-POLY1305 -servername www.city.example -keylogfile "$work/keys"
    key_log_kept
}
case_decrypted_13_key_log()
{
    client env SSLKEYLOGFILE="$work/keys" curl -sS -k -A browser -o /dev/null --resolve "www.city.example:443:$server_ip" https://www.city.example/
    hello 4433 -tls1_3 -ciphersuites TLS_CHACHA20_POLY1305_SHA256 -servername www.city.example -keylogfile "$work/keys"
    key_log_kept
}
case_decrypted_13_key_update()
{
    { printf 'K\n'; sleep 0.4; printf 'GET / HTTP/1.0\r\n\r\n'; sleep 0.5; } | client timeout 3 openssl s_client -connect "$server_ip:4433" \
        -tls1_3 -ciphersuites TLS_AES_128_GCM_SHA256 -servername www.city.example -keylogfile "$work/keys" >/dev/null 2>&1 || true
    key_log_kept
}
case_decrypted_wrong()  # the last byte of each traffic secret was changed
{
    hello 4433 -tls1_3 -servername www.city.example -keylogfile "$work/keys"
    sed -i '/TRAFFIC_SECRET_0/s/..$/00/' "$work/keys"
    key_log_kept
}
case_decrypted_12_old_master()  # without RFC 7627; the session is taken up again, which the key does not open
{
    printf 'openssl_conf=a\n[a]\nssl_conf=b\n[b]\nsystem_default=c\n[c]\nOptions=-ExtendedMasterSecret\n' >"$work/old.conf"
    OPENSSL_CONF=$work/old.conf hello 4433 -tls1_2 -cipher AES128-GCM-SHA256 -servername www.city.example -sess_out "$work/session"
    OPENSSL_CONF=$work/old.conf hello 4433 -tls1_2 -cipher AES128-GCM-SHA256 -servername www.city.example -sess_in "$work/session"
    private_key_kept
}
