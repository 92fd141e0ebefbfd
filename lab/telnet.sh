# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Telnet: inetutils' telnetd with a log-on program of its own, and telnet.

versions() { dpkg-query -W inetutils-telnetd inetutils-telnet; }

servers()
{
    cat >"$work/login" <<'SH'
#!/bin/sh
trap '' INT
for try in 1 2 3; do
    printf 'files login: '; read -r name || exit
    stty -echo; printf 'Password: '; read -r word || exit; stty echo; echo
    if [ "$word" = secret ]; then printf 'Welcome %s\n$ ' "$name"; read -r command; echo "bye"; exit; fi
    echo 'Login incorrect'
done
SH
    chmod 755 "$work/login"
    cat >"$work/inetd.conf" <<CONF
23 stream tcp nowait root $(command -v telnetd || echo /usr/sbin/telnetd) telnetd -E $work/login
CONF
    server_bg inetutils-inetd -d "$work/inetd.conf"
    wait_tcp 23
}

session()
{
    { sleep 1; for line in "$@"; do printf '%s\r' "$line"; sleep 0.6; done; } | client env TERM=xterm USER=clerk timeout 12 telnet "$server_ip" >/dev/null 2>&1 || true
}

case_success() { session clerk secret exit; }
case_failure() { session clerk wrong root toor; }
