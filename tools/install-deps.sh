#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# install-deps.sh PURPOSE...: install the Debian packages a purpose needs and that are missing.
# Purposes: build run test lab bench. Asks apt only when something is missing, sudo only when not root.
# This table is the one place that names packages; doc/dependencies.md says why each is there.
set -eu

packages()
{
    case $1 in
    build) echo gcc libc6-dev make meson ninja-build pkg-config python3 python3-yaml \
        libssl-dev zlib1g-dev libzstd-dev libbrotli-dev liblzma-dev libndpi-dev libmagic-dev libyara-dev libyaml-dev libjansson-dev \
        libnghttp2-dev libvectorscan-dev libpcre2-dev libidn2-dev libpsl-dev libexpat1-dev libyajl-dev ;;
    run) echo libmagic-mgc ;;
    test) echo python3-jsonschema clang-14 llvm-14 clang-format-14 libclang-rt-14-dev git clamav-daemon ;;
    lab) echo snmpd snmp freeradius freeradius-utils sip-tester sipsak strongswan charon-cmd coturn rsyslog openvpn
        echo mariadb-server mariadb-client python3-pymysql postgresql-15 redis-server redis-tools memcached mosquitto mosquitto-clients
        echo vsftpd lftp tftpd-hpa tftp-hpa rsync inetutils-telnetd inetutils-telnet inetutils-inetd tigervnc-standalone-server \
        xvfb x11-utils xauth ngircd nfs-ganesha nfs-ganesha-mem libnfs-utils rpcbind
        echo iproute2 ethtool python3-brotli netcat-openbsd tcpdump openssl curl nginx-light bind9 bind9-dnsutils dnsmasq-base \
        openssh-server openssh-client swaks libnet-ssleay-perl isc-dhcp-client chrony arping avahi-daemon \
        avahi-utils krb5-kdc krb5-admin-server krb5-user krb5-pkinit slapd ldap-utils libsasl2-modules libsasl2-modules-gssapi-mit samba smbclient iputils-ping traceroute python3-aiosmtpd libio-socket-ssl-perl dovecot-pop3d dovecot-imapd dante-server microsocks \
        nghttp2-client nghttp2-server python3-websockets tinyproxy ;;
    bench) echo tcpdump tshark argus-server libpcap-dev ;;
    *) echo "install-deps.sh: unknown purpose '$1' (build run test lab bench)" >&2; exit 2 ;;
    esac
}

[ $# -gt 0 ] || { sed -n 3,4p "$0" >&2; exit 2; }
wanted=
for purpose in "$@"; do
    wanted="$wanted $(packages "$purpose")"
done

missing=
for package in $wanted; do
    state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$state" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -eq 0 ]; then
    as_root=
elif command -v sudo >/dev/null; then
    as_root=sudo
else
    echo "These packages are missing; install them as root (sudo is not here):$missing" >&2
    exit 1
fi

apt()
{
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 "$@"
}

echo "Installing what is missing:$missing"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# The package lists may be new enough already, so try without fetching them first.
# shellcheck disable=SC2086
if ! apt install -y --no-install-recommends $missing >"$log" 2>&1; then
    if ! { apt update && apt install -y --no-install-recommends $missing; } >"$log" 2>&1; then
        tail -n 15 "$log" >&2
        echo "Could not install:$missing" >&2
        echo "Is this machine offline? Install them by hand, then run the same command again." >&2
        exit 1
    fi
fi
