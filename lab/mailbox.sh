# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# For pop3.sh and imap.sh: Dovecot with one mailbox of the mails of lab/mail.py.

versions() { dovecot --version; curl --version | sed -n 1p; }

servers()
{
    mkdir -p "$work/www" "$work/run" "$work/state"
    /usr/bin/python3 "$here/content.py" "$work/www"
    openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/mail.key" -out "$work/mail.pem" -subj '/O=Sample City/CN=mail.city.example' \
        -addext 'subjectAltName=DNS:mail.city.example' -days 365 2>/dev/null
    sed "s|WORK|$work|g" "$here/dovecot.conf" >"$work/dovecot.conf"
    mailbox_fill
    server_bg dovecot -F -c "$work/dovecot.conf"
    wait_tcp 110
    wait_tcp 143
}

mailbox_fill()
{
    local folder=$work/mail/yamada/new kind
    mkdir -p "$work/mail/yamada/cur" "$work/mail/yamada/tmp" "$folder"
    for kind in plain jis attachment; do
        /usr/bin/python3 "$here/mail.py" "$kind" "$work/www/form.pdf" | sed 's/\r*$/\r/' >"$folder/1795248000.$kind.city"
    done
    chown -R mail:mail "$work/mail"
    chmod 755 "$work"
}

talk()  # PORT LINE...: a client that types
{
    local port=$1 line
    shift
    { sleep 0.3
      for line in "$@"; do
          printf '%b\r\n' "$line"
          sleep 0.2
      done; } | client nc -q 1 "$server_ip" "$port" >/dev/null
}
