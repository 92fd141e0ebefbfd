# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# MQTT: the Mosquitto broker and its clients, in all three versions of the protocol.

versions() { dpkg-query -W mosquitto mosquitto-clients; }

servers()
{
    touch "$work/passwords"
    mosquitto_passwd -b "$work/passwords" clerk secret
    cat >"$work/mosquitto.conf" <<CONF
listener 1883
password_file $work/passwords
allow_anonymous false
user nobody
CONF
    chmod 644 "$work/passwords" "$work/mosquitto.conf"
    server_bg mosquitto -c "$work/mosquitto.conf"
    wait_tcp 1883
}

publish() { client mosquitto_pub -h "$server_ip" -u clerk -P secret -i pump7 -t city/water/pump7 "$@" || true; }

case_qos0() { publish -m 'level 4.2' -V 31; }
case_qos1() { publish -m 'level 4.3' -q 1; }
case_qos2() { publish -m '水位 4.4' -q 2 -r -V 5 -D publish content-type text/plain -D publish user-property room 7; }
case_will() { publish -m on --will-topic city/water/lost --will-payload pump7 --will-qos 1 -V 5 -D will content-type text/plain; }
case_refused() { publish -m x -P wrong 2>/dev/null; }
case_refused5() { publish -m x -P wrong -V 5 2>/dev/null; }
case_large() { head -c 3000 /usr/share/common-licenses/GPL-3 | publish -s -q 1; }
case_subscribe()
{
    client timeout 3 mosquitto_sub -h "$server_ip" -u clerk -P secret -i panel -V 5 -t 'city/water/#' -t city/gas/+ -q 2 -U city/old -C 2 -W 2 >/dev/null &
    local sub=$!
    sleep 0.5
    publish -m one -q 2
    publish -m two
    wait "$sub" || true
}
