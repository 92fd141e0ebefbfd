# SPDX-License-Identifier: Apache-2.0
"""rfb_client.py HOST PORT MINOR [PASSWORD]: log on to an RFB server as RFC 6143 has it, and leave."""
import socket
import subprocess
import sys

host, port, minor, password = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), (sys.argv[4:] or [""])[0]
sock = socket.create_connection((host, port), 5)


def take(size):
    data = b""
    while len(data) < size:
        more = sock.recv(size - len(data))
        if not more:
            sys.exit(0)
        data += more
    return data


def response(challenge):
    """DES with the bits of each byte of the password the other way round (RFC 6143 section 7.2.2)."""
    key = bytes(int(f"{b:08b}"[::-1], 2) for b in password.encode()[:8].ljust(8, b"\0"))
    return subprocess.run(["openssl", "enc", "-des-ede3", "-K", (key * 3).hex(), "-nopad"], input=challenge,
                          capture_output=True, check=True).stdout


take(12)
sock.sendall(b"RFB 003.%03d\n" % minor)
if minor < 7:
    kind = int.from_bytes(take(4), "big")
else:
    kinds = take(take(1)[0])
    kind = kinds[0]
    sock.sendall(bytes([kind]))
if kind == 2:
    sock.sendall(response(take(16)))
if (kind == 2 or minor >= 8) and int.from_bytes(take(4), "big"):
    take(int.from_bytes(take(4), "big"))
    sys.exit(0)
sock.sendall(b"\1")
take(20)
take(int.from_bytes(take(4), "big"))
