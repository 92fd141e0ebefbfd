# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Memcached over TCP and UDP, spoken to by hand.

versions() { dpkg-query -W memcached; }

servers()
{
    server_bg memcached -u nobody -l "$server_ip" -p 11211 -U 11211 -m 8
    wait_tcp 11211
}

case_text() { printf 'set mayor 5 60 6\r\nHanako\r\nget mayor nobody\r\nincr visits 1\r\nadd visits 0 0 1\r\n7\r\nincr visits 3\r\nset x 0 0 1 noreply\r\nx\r\ndelete nobody\r\nversion\r\nstats\r\nget x\r\nnonsense\r\nmg mayor v\r\nms city 5 F7\r\nhello\r\nmn\r\nquit\r\n' | client nc -q 1 "$server_ip" 11211 >/dev/null || true; }
case_udp()
{
    client /usr/bin/python3 - "$server_ip" <<'PYTHON'
import socket, sys, time
link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
link.connect((sys.argv[1], 11211))
link.settimeout(0.5)
for number, text in enumerate((b"set city 0 0 5\r\nhello\r\n", b"get city\r\n", b"stats\r\n", b"version\r\n")):
    link.send(number.to_bytes(2, "big") + b"\0\0\0\1\0\0" + text)
    try:
        while True:
            link.recv(2000)
    except TimeoutError:
        pass
PYTHON
}
