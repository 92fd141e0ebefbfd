# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# POP3: Dovecot; curl and a client that types.
# shellcheck source=lab/mailbox.sh
. "$here/mailbox.sh"

case_mailbox() { talk 110 CAPA 'USER yamada' 'PASS secret' STAT LIST UIDL 'LIST 1' 'TOP 1 0' 'RETR 1' 'RETR 2' 'RETR 3' 'RETR 9' NOOP QUIT; }
case_log_on()
{
    client curl -s "pop3://$server_ip/" --user yamada:secret --login-options AUTH=PLAIN >/dev/null || true
    client curl -s "pop3://$server_ip/" --user yamada:wrong --login-options AUTH=LOGIN >/dev/null || true
    client curl -s "pop3://$server_ip/" --user yamada:secret --login-options AUTH=CRAM-MD5 >/dev/null || true
    talk 110 AUTH 'AUTH NTLM' 'USER suzuki' 'PASS wrong' QUIT
}
case_stls() { client curl -sk --ssl-reqd "pop3://$server_ip/1" --user yamada:secret >/dev/null || true; }
