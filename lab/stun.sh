# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# STUN and TURN: coturn serves turnutils over UDP and TCP.

versions() { turnserver --version 2>/dev/null | tail -n 1; }

servers()
{
    server_bg turnserver -n --log-file stdout -L "$server_ip" -p 3478 -r city.example -u clerk:sakura-2026 --lt-cred-mech --no-cli --no-tls --no-dtls --db "$work/turn.db" --pidfile "$work/turn.pid"
    wait_tcp 3478
}

case_binding() { client timeout 5 turnutils_stunclient "$server_ip" >/dev/null 2>&1 || true; }
case_turn() { client timeout 8 turnutils_uclient -u clerk -w sakura-2026 -n 2 -m 1 -y "$server_ip" >/dev/null 2>&1 || true; }
case_turn_tcp() { client timeout 8 turnutils_uclient -t -u clerk -w sakura-2026 -n 2 -m 1 -y "$server_ip" >/dev/null 2>&1 || true; }
case_wrong_password() { client timeout 8 turnutils_uclient -u clerk -w wrong -n 1 -m 1 -y "$server_ip" >/dev/null 2>&1 || true; }
