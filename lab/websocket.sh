# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# WebSocket: python3-websockets, server and client (lab/ws.py).

versions() { dpkg-query -W python3-websockets; }

servers()
{
    server_bg /usr/bin/python3 "$here/ws.py" serve "$server_ip" 8080
    wait_tcp 8080
}

say() { client /usr/bin/python3 "$here/ws.py" "$@" >/dev/null 2>&1 || true; }

case_text() { say plain "ws://$server_ip:8080/desk"; }
case_deflate() { say deflate "ws://$server_ip:8080/desk"; }
case_fragments() { say fragments "ws://$server_ip:8080/desk"; }
case_many() { say many "ws://$server_ip:8080/desk"; }
