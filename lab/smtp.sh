# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# SMTP: aiosmtpd takes mail from swaks; messages of lab/mail.py with Japanese headers and attachments.

versions() { swaks --version | sed -n 1p; dpkg-query -W python3-aiosmtpd; }

servers()
{
    mkdir -p "$work/www"
    /usr/bin/python3 "$here/content.py" "$work/www"
    openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/mail.key" -out "$work/mail.pem" -subj '/O=Sample City/CN=mail.city.example' \
        -addext 'subjectAltName=DNS:mail.city.example' -days 365 2>/dev/null
    server_bg /usr/bin/python3 "$here/mailserver.py" 25
    server_bg /usr/bin/python3 "$here/mailserver.py" 587 "$work/mail.pem" "$work/mail.key"
    wait_tcp 25
    wait_tcp 587
    for kind in plain jis attachment nested html; do
        /usr/bin/python3 "$here/mail.py" "$kind" "$work/www/form.pdf" >"$work/$kind.eml"
    done
}

send()  # MESSAGE OPTIONS...
{
    local message=$1
    shift
    client swaks --silent 3 --suppress-data --server "$server_ip" --helo pc10.city.example --from yamada@city.example \
        --to suzuki@city.example,tanaka@pref.example --data "@$work/$message.eml" "$@" >/dev/null 2>&1 || true
}

case_plain() { send plain; }
case_jis_subject() { send jis; }
case_attachment() { send attachment; }
case_nested() { send nested; }
case_html() { send html; }
case_pipelined() { send html --pipeline; }
case_rejected() { send plain --to nobody@city.example; }
case_auth() { send plain --auth PLAIN --auth-user clerk --auth-password secret; }
case_starttls() { send attachment --port 587 --tls; }
case_two_mails()
{
    { printf 'EHLO pc10.city.example\r\n'
      for kind in plain html; do
          printf 'MAIL FROM:<yamada@city.example> SIZE=1000\r\nRCPT TO:<suzuki@city.example>\r\nDATA\r\n'
          sleep 0.3
          sed 's/\r*$/\r/; s/^\./../' "$work/$kind.eml"
          printf '.\r\n'
          sleep 0.3
      done
      printf 'RSET\r\nNOOP\r\nVRFY root\r\nQUIT\r\n'
      sleep 0.3; } | client nc -q 1 "$server_ip" 25 >/dev/null
}
