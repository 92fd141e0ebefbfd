# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# SSH: OpenSSH's server and client, with several key exchanges.

versions() { ssh -V 2>&1; }

servers()
{
    mkdir -p /run/sshd
    ssh-keygen -q -t ed25519 -N '' -f "$work/host"
    ssh-keygen -q -t ed25519 -N '' -f "$work/user"
    chmod 700 "$work" && cp "$work/user.pub" "$work/authorized" && chmod 600 "$work/authorized"
    cat >"$work/sshd_config" <<CONF
Port 22
HostKey $work/host
AuthorizedKeysFile $work/authorized
PermitRootLogin yes
StrictModes no
UsePAM no
KexAlgorithms +diffie-hellman-group14-sha1
Subsystem sftp internal-sftp
CONF
    server_bg /usr/sbin/sshd -D -e -f "$work/sshd_config"
    wait_tcp 22
}

login() { client timeout 10 ssh -F none -i "$work/user" -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR "$@" || true; }

case_command() { login "root@$server_ip" true; }
case_ipv6() { login "root@$server_ip6" true; }
case_old_kex() { login -o KexAlgorithms=diffie-hellman-group14-sha1 -o Ciphers=aes128-ctr "root@$server_ip" true; }
case_refused() { login -o PubkeyAuthentication=no "nobody@$server_ip" true 2>/dev/null; }
case_no_common_kex() { login -o KexAlgorithms=curve25519-sha256 -o Ciphers=aes128-cbc "root@$server_ip" true 2>/dev/null; }
case_banner_only() { printf 'SSH-2.0-yagura_lab comment here\r\n' | client timeout 1 nc -q 0 "$server_ip" 22 >/dev/null || true; }
