# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# X11: Xvfb over TCP and xdpyinfo, with the right cookie, with a wrong one and with none.

versions() { dpkg-query -W xvfb x11-utils; }

servers()
{
    xauth -f "$work/auth" add "$server_ip:7" . 00112233445566778899aabbccddeeff 2>/dev/null
    xauth -f "$work/server" add ":7" . 00112233445566778899aabbccddeeff 2>/dev/null
    xauth -f "$work/wrong" add "$server_ip:7" . ffeeddccbbaa99887766554433221100 2>/dev/null
    server_bg Xvfb :7 -screen 0 64x64x24 -listen tcp -nolisten unix -auth "$work/server"
    wait_tcp 6007
}

look() { client env XAUTHORITY="$1" timeout 5 xdpyinfo -display "$server_ip:7" >/dev/null 2>&1 || true; }

case_cookie() { look "$work/auth"; }
case_wrong_cookie() { look "$work/wrong"; }
case_no_cookie() { look "$work/none"; }
