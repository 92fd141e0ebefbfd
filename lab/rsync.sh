# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# rsync's daemon and client.

versions() { rsync --version | sed -n 1p; }

servers()
{
    mkdir -p "$work/docs"
    echo minutes >"$work/docs/minutes.txt"
    echo 'clerk:secret' >"$work/secrets"
    chmod 600 "$work/secrets"
    cat >"$work/rsyncd.conf" <<CONF
use chroot = no
motd file = $work/motd
[docs]
  path = $work/docs
  comment = documents of the city
[private]
  path = $work/docs
  auth users = clerk
  secrets file = $work/secrets
CONF
    echo 'Welcome to the city' >"$work/motd"
    server_bg rsync --daemon --no-detach --config="$work/rsyncd.conf" --port=873
    wait_tcp 873
}

get() { client timeout 10 rsync "$@" >/dev/null 2>&1 || true; }

case_listing() { get "rsync://$server_ip/"; }
case_module() { get "rsync://$server_ip/docs/"; }
case_unknown() { get "rsync://$server_ip/none/"; }
case_auth() { RSYNC_PASSWORD=secret get "rsync://clerk@$server_ip/private/"; }
case_denied() { RSYNC_PASSWORD=wrong get "rsync://clerk@$server_ip/private/"; }
