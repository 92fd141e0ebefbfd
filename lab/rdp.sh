# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Remote Desktop: xrdp with three kinds of security, FreeRDP's client on a display of its own.

versions() { dpkg-query -W -f '${Package} ${Version}\n' xrdp freerdp2-x11; }

xrdp_at()  # PORT SECURITY LEVEL TLS_VERSIONS
{
    sed -e "s/^port=3389/port=$1/; s/^security_layer=.*/security_layer=$2/; s/^crypt_level=.*/crypt_level=$3/" \
        -e "s#^certificate=.*#certificate=$work/cert.pem#; s#^key_file=.*#key_file=$work/key.pem#" \
        -e "s#^ssl_protocols=.*#ssl_protocols=${4:-TLSv1.2, TLSv1.3}#" -e "s#^LogFile=.*#LogFile=$work/xrdp$1.log#" /etc/xrdp/xrdp.ini >"$work/xrdp$1.ini"
    server_bg unshare -m sh -c "mount --bind $work/run$1 /run/xrdp && exec xrdp --nodaemon --config $work/xrdp$1.ini"
    wait_tcp "$1"
}

servers()
{
    openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=files.city.example \
        -keyout "$work/key.pem" -out "$work/cert.pem" 2>/dev/null
    mkdir -p /run/xrdp "$work"/run{3389,3390,3391}
    chmod 644 "$work/key.pem"
    xrdp_at 3389 negotiate high
    xrdp_at 3390 rdp high
    xrdp_at 3391 tls high TLSv1.2
    server_bg Xvfb :77 -screen 0 800x600x16 -nolisten tcp
    sleep 1
}

desktop()  # PORT OPTIONS...
{
    local port=$1
    shift
    client env DISPLAY=:77 HOME="$work" timeout 4 xfreerdp "/v:$server_ip:$port" /u:clerk /p:lab-secret /cert:ignore /client-hostname:pc10 \
        /log-level:off "$@" >/dev/null 2>&1 || true
}

case_tls() { desktop 3389 /sec:tls /kbd:0x407; }
case_tls12() { desktop 3391 /sec:tls; }
case_rdp() { desktop 3390 /sec:rdp /w:1024 /h:768 /bpp:16 /kbd:0x411 +clipboard /drive:share,/tmp; }
case_refused() { desktop 3390 /sec:nla; desktop 3391 /sec:rdp; }
