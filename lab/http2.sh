# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# HTTP/2 in clear: nghttpd with nghttp and curl.

versions() { nghttpd --version; curl --version | sed -n 1p; }

servers()
{
    mkdir -p "$work/www"
    /usr/bin/python3 "$here/content.py" "$work/www"
    server_bg nghttpd --no-tls -a "$server_ip" -d "$work/www" --echo-upload --push=/index.html=/logo.png --trailer 'checked: yes' 80
    server_bg nghttpd --no-tls -a "$server_ip" -d "$work/www" -b 40 8080
    wait_tcp 80; wait_tcp 8080
    head -c 3000 /dev/urandom | base64 >"$work/upload"
}

get() { client nghttp -n "$@" >/dev/null 2>&1 || true; }

case_get() { get http://www.city.example/form.pdf http://www.city.example/index.html http://www.city.example/none.html; }
case_push() { get http://www.city.example/index.html; }
case_continuation() { get --continuation --no-dep -p 200 http://www.city.example/logo.png; }
case_padding() { get -b 100 http://www.city.example:8080/form.pdf; }
case_post() { client curl -s --http2-prior-knowledge -H 'Content-Type: text/plain' -H 'Authorization: Basic dGFybzpzZWNyZXQ=' -b 'session=1' --data-binary "@$work/upload" -o /dev/null http://www.city.example/echo; }
