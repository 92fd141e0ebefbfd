# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# HTTP/1.x: nginx for documents, lab/web.py for what nginx does not do by itself.

versions() { curl --version | head -n 1; nginx -v 2>&1; /usr/bin/python3 --version; }

servers()
{
    mkdir -p "$work/www"
    /usr/bin/python3 "$here/content.py" "$work/www"
    cat >"$work/nginx.conf" <<CONF
worker_processes 1; daemon off; pid $work/nginx.pid; error_log $work/error.log;
events { worker_connections 64; }
http {
    access_log off; include /etc/nginx/mime.types; client_body_temp_path $work/body;
    proxy_temp_path $work/p; fastcgi_temp_path $work/f; uwsgi_temp_path $work/u; scgi_temp_path $work/s;
    gzip on; gzip_types text/html text/plain application/json; gzip_min_length 100;
    server { listen 80; listen [::]:80; root $work/www; location /old { return 301 /index.html; } }
}
CONF
    cat >"$work/proxy.conf" <<CONF
Port 8888
Listen $server_ip
Timeout 10
ViaProxyName "proxy.city.example"
XTinyproxy No
BasicAuth taro secret
CONF
    server_bg nginx -c "$work/nginx.conf"
    server_bg tinyproxy -d -c "$work/proxy.conf"
    server_bg /usr/bin/python3 "$here/web.py" 8080
    wait_tcp 80
    wait_tcp 8080
}

get() { client curl -sS -o /dev/null "$@"; }

case_get() { get http://www.city.example/index.html; }
case_get_ipv6() { get http://www6.city.example/index.html; }
case_gzip() { get --compressed http://www.city.example/index.html; }
case_keep_alive() { get http://www.city.example/index.html -o /dev/null http://www.city.example/logo.png -o /dev/null http://www.city.example/old; }
case_head() { client curl -sS -I http://www.city.example/form.pdf >/dev/null; }
case_not_found() { get http://www.city.example/%E5%B8%82%E6%B0%91%E7%A8%8E.html; }
case_range() { get -r 100-299 http://www.city.example/form.pdf; }
case_download() { get http://files.city.example/form.pdf -o /dev/null http://files.city.example/tool.zip; }
case_chunked() { get http://www.city.example:8080/chunked; }
case_trailer() { get http://www.city.example:8080/trailer; }
case_brotli() { get -H 'Accept-Encoding: br' http://www.city.example:8080/brotli; }
case_deflate() { get -H 'Accept-Encoding: deflate' http://www.city.example:8080/deflate; }
case_until_close() { get -0 http://www.city.example:8080/close; }
case_upload() { get -F 'note=窓口' -F "file=@$work/www/form.pdf;filename=申請書.pdf" http://www.city.example:8080/upload; }
case_put() { get -T "$work/www/logo.png" http://www.city.example:8080/upload/logo.png; }
case_post_chunked() { get -H 'Transfer-Encoding: chunked' -d '{"name":"山田太郎"}' http://www.city.example:8080/upload; }
case_continue() { get -H 'Expect: 100-continue' -d name=value http://www.city.example:8080/upload; }
case_basic_auth() { get -u clerk:secret http://www.city.example:8080/private; }
case_proxy_connect() { client curl -sS -o /dev/null -p -x http://www.city.example:8080 http://www.city.example/index.html || true; }
case_websocket() { client curl -sS -m 1 -o /dev/null -H 'Connection: Upgrade' -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13' -H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' http://www.city.example:8080/socket || true; }
case_pipelining()
{
    { printf 'GET /index.html HTTP/1.1\r\nHost: www.city.example\r\n\r\nGET /old HTTP/1.1\r\nHost: www.city.example\r\n\r\n'
      printf 'HEAD /form.pdf HTTP/1.1\r\nHost: www.city.example\r\n\r\nGET /none HTTP/1.1\r\nHost: www.city.example\r\nConnection: close\r\n\r\n'
      sleep 0.5; } | client nc -q 1 "$server_ip" 80 >/dev/null
}
case_proxy() { get -x "http://taro:secret@$server_ip:8888" http://www.city.example/index.html; get -x "http://$server_ip:8888" http://www.city.example/ || true; }
case_proxy_tunnel() { get -px "http://taro:secret@$server_ip:8888" http://www.city.example/index.html; get -px "http://taro:secret@$server_ip:8888" http://www.city.example:9/ || true; }
