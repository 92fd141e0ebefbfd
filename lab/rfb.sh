# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# RFB: TigerVNC's Xvnc, with the client of lab/rfb_client.py.

versions() { dpkg-query -W tigervnc-standalone-server; }

servers()
{
    # A password file is the password under a key everybody knows.
    key=e84ad660c4721ae0
    printf 'secret\0\0' | openssl enc -des-ede3 -K "$key$key$key" -nopad >"$work/passwd"
    export HOME=$work
    server_bg Xvnc :91 -rfbport 5901 -SecurityTypes None -desktop 'desk 1' -geometry 320x200 -depth 16
    server_bg Xvnc :92 -rfbport 5902 -SecurityTypes VncAuth -PasswordFile "$work/passwd" -desktop 'desk 2' -geometry 320x200 -BlacklistThreshold 1000
    wait_tcp 5901
    wait_tcp 5902
}

vnc() { client timeout 10 /usr/bin/python3 "$here/rfb_client.py" "$@" || true; }

case_none() { vnc "$server_ip" 5901 8; }
case_version_3_3() { vnc "$server_ip" 5901 3; }
case_vnc() { vnc "$server_ip" 5902 8 secret; }
case_vnc_3_7() { vnc "$server_ip" 5902 7 secret; }
case_wrong_password() { vnc "$server_ip" 5902 8 wrong; }
case_ipv6() { vnc "$server_ip6" 5901 8; }
