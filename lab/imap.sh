# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# IMAP: Dovecot; Python's imaplib, curl and a client that types.
# shellcheck source=lab/mailbox.sh
. "$here/mailbox.sh"

case_mailbox() { client /usr/bin/python3 "$here/imapclient.py" "$server_ip" "$work/www/form.pdf" >/dev/null || true; }
case_typed()
{
    talk 143 'a1 ID ("name" "Desk Mail" "version" "2.1")' 'a2 LOGIN "yamada" {6}' 'secret' 'a3 SELECT INBOX' 'a4 FETCH 1 (UID BODY[]<0.2000>)' \
        'a5 FETCH 1 (UID BODY[]<2000.9000>)' 'a6 UID FETCH 1:* (FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT FROM)])' 'a7 IDLE' 'DONE' 'a8 NOSUCH' 'a9 LOGOUT'
}
case_log_on()
{
    client curl -s "imap://$server_ip/" --user yamada:secret --login-options AUTH=PLAIN >/dev/null || true
    client curl -s "imap://$server_ip/" --user yamada:wrong --login-options AUTH=CRAM-MD5 >/dev/null || true
    client curl -s "imap://$server_ip/" --user yamada:secret --sasl-ir --login-options AUTH=PLAIN >/dev/null || true
}
case_starttls() { client curl -sk --ssl-reqd "imap://$server_ip/INBOX;UID=1" --user yamada:secret >/dev/null || true; }
