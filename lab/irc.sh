# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# IRC: ngircd and clients that type.

versions() { dpkg-query -W ngircd; }

servers()
{
    cat >"$work/ngircd.conf" <<CONF
[Global]
Name = irc.city.example
Info = City
Listen = $server_ip
Ports = 6667
ServerUID = nobody
ServerGID = nogroup
MotdPhrase = hello
[Options]
Ident = no
DNS = no
PAM = no
ChrootDir =
SyslogFacility = local1
CONF
    server_bg ngircd -n -f "$work/ngircd.conf"
    wait_tcp 6667
}

type_lines()
{
    { for line in "$@"; do
          printf '%s\r\n' "$line"
          sleep 0.2
      done; } | client timeout 10 nc -q 1 "$server_ip" 6667 >/dev/null || true
}

case_channel()
{
    type_lines 'NICK hanako' 'USER hanako 0 * :Yamada Hanako' 'JOIN #council,#waterworks' 'TOPIC #council :Today' 'PRIVMSG #council :Good morning' \
        'PRIVMSG hanako :Me' 'NAMES #council' 'PART #council :Bye' 'QUIT :Gone' &
    sleep 0.4
    type_lines 'PASS secret' 'NICK taro' 'USER taro 0 * :Taro' 'JOIN #council' 'NOTICE #council :Here' 'PRIVMSG hanako :'$'\001''DCC SEND plan.zip 169738506 5000 1234'$'\001' 'QUIT'
    wait "$!"
}
case_errors() { type_lines 'NICK hanako' 'USER hanako 0 * :Y' 'JOIN council' 'NOSUCH x' 'OPER root secret' 'PRIVMSG nobody :x' 'QUIT'; }
